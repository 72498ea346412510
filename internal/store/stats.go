package store

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats are counters since Open, for metrics.
type Stats struct {
	Commits      int64 // COMMITs that succeeded
	Transactions int64 // closures made durable by them
	Conflicts    int64 // closures run again after ErrConflict, a serialization failure or a deadlock
	Reruns       int64 // closures run again because their transaction was lost
	Reconnects   int64 // connections of lanes that had to be replaced
	CommitTime   time.Duration
	// GroupSizes counts commits by the number of closures they held: GroupSizes[i] those with at
	// most 1<<i (1, 2, 4 … 256).
	GroupSizes [9]int64
}

type counters struct {
	commits, transactions, conflicts, reruns, reconnects, commitTime atomic.Int64
	sizes                                                            [9]atomic.Int64
}

func (c *counters) committed(closures int, took time.Duration) {
	c.commits.Add(1)
	c.transactions.Add(int64(closures))
	c.commitTime.Add(int64(took))
	c.sizes[min(bits.Len(uint(closures-1)), len(c.sizes)-1)].Add(1)
}

// Stats returns the counters as they are now.
func (db *DB) Stats() Stats {
	c := db.counters
	s := Stats{
		Commits: c.commits.Load(), Transactions: c.transactions.Load(), Conflicts: c.conflicts.Load(),
		Reruns: c.reruns.Load(), Reconnects: c.reconnects.Load(), CommitTime: time.Duration(c.commitTime.Load()),
	}
	for i := range s.GroupSizes {
		s.GroupSizes[i] = c.sizes[i].Load()
	}
	return s
}
