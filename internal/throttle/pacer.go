package throttle

import (
	"hash/maphash"
	"sync"
	"time"

	"magpie/internal/source"
)

// Pacer spreads out what each source gets wrong. It refuses nothing, so it locks nobody out: a
// caller that is told later that its signature is wrong does no harm meanwhile, and callers from
// the same source whose signatures are right never wait.
type Pacer struct {
	spacing spacing
	most    int64 // nanoseconds
	seed    maphash.Seed
	line    [shards]pacerShard
}

type pacerShard struct {
	mu   sync.Mutex
	next map[string]int64
}

const sourcesOfShard = 1 << 16 / shards

// NewPacer returns a Pacer by a rate, whose delays are bounded.
func NewPacer(r Rate, most time.Duration) *Pacer {
	p := &Pacer{spacing: r.spacing(), most: int64(most), seed: maphash.MakeSeed()}
	for i := range p.line {
		p.line[i].next = map[string]int64{}
	}
	return p
}

// Delay is how long the present mistake of an address has to wait for its answer.
func (p *Pacer) Delay(from string, now time.Time) time.Duration {
	from = source.Network(from)
	at := now.UnixNano()
	s := &p.line[maphash.String(p.seed, from)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	full, known := s.next[from]
	full = max(full, at)
	delay := min(max(0, full-at-p.spacing.ahead), p.most)
	if !known && len(s.next) >= sourcesOfShard {
		for other, t := range s.next {
			if t <= at || len(s.next) > sourcesOfShard*3/4 {
				delete(s.next, other)
			}
		}
	}
	s.next[from] = min(full+p.spacing.each, at+p.spacing.ahead+p.most)
	return time.Duration(delay)
}
