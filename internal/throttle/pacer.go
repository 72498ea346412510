package throttle

import (
	"hash/maphash"
	"sync"
	"time"

	"magpie/internal/source"
)

// Pacer spreads out what each source gets wrong. It refuses nothing, so it can lock nobody out: whoever is told later that a signature
// is wrong does no harm meanwhile, and whoever shares the source and gets things right never waits.
type Pacer struct {
	pace pace
	most int64 // nanoseconds
	seed maphash.Seed
	line [shards]pacerShard
}

type pacerShard struct {
	mu   sync.Mutex
	next map[string]int64
}

const sourcesOfShard = 1 << 16 / shards

// NewPacer returns a Pacer by a rate, whose delays are bounded.
func NewPacer(r Rate, most time.Duration) *Pacer {
	p := &Pacer{pace: r.pace(), most: int64(most), seed: maphash.MakeSeed()}
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
	delay := min(max(0, full-at-p.pace.ahead), p.most)
	if !known && len(s.next) >= sourcesOfShard {
		for other, t := range s.next {
			if t <= at || len(s.next) > sourcesOfShard*3/4 {
				delete(s.next, other)
			}
		}
	}
	s.next[from] = min(full+p.pace.each, at+p.pace.ahead+p.most)
	return time.Duration(delay)
}
