package queue

import (
	"maps"
	"sync"
)

// Stats are counters of this process since Open, for metrics.
type Stats struct {
	// LeasesLost counts how often this process was taken for dead, or learned at the end of a task that somebody else had it.
	LeasesLost int64
	// TakenUp counts tasks of dead workers that this process made ready again.
	TakenUp int64
	// Panics counts handlers, effects and Finishes that panicked.
	Panics int64
	// Attempts counts what became of attempts.
	Attempts map[Attempts]int64
}

// Attempts names a counter: those of a kind that were done, put off (later), refused for good, or given up (failed).
type Attempts struct{ Kind, Outcome string }

type counters struct {
	mu sync.Mutex
	Stats
}

func (c *counters) count(n *int64, by int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n += by
}

func (c *counters) attempts(kind, outcome string, n int64) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Attempts == nil {
		c.Attempts = make(map[Attempts]int64)
	}
	c.Attempts[Attempts{kind, outcome}] += n
}

// Stats returns the counters as they are now.
func (q *Queue) Stats() Stats {
	q.counters.mu.Lock()
	defer q.counters.mu.Unlock()
	s := q.counters.Stats
	s.Attempts = maps.Clone(s.Attempts)
	return s
}
