package throttle

import (
	"hash/maphash"
	"sync"
	"time"

	"magpie/internal/source"
)

// Pacer spreads out what each source does, so that none takes the turn of another. Delay refuses
// nothing and so locks nobody out: a caller that is told later that its signature is wrong does no
// harm meanwhile, and callers from the same source whose signatures are right never wait. Reserve
// is for what can be refused.
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

// NewPacer returns a Pacer by a rate, in which nothing waits longer than most.
func NewPacer(r Rate, most time.Duration) *Pacer {
	p := &Pacer{spacing: r.spacing(), most: int64(most), seed: maphash.MakeSeed()}
	for i := range p.line {
		p.line[i].next = map[string]int64{}
	}
	return p
}

// Delay is how long the present mistake of an address has to wait for its answer, at most the
// bound.
func (p *Pacer) Delay(from string, now time.Time) time.Duration {
	delay, _ := p.delay(from, 1, now, true)
	return delay
}

// Reserve is how long an address has to wait until so many more of what is paced may begin, and
// false, without any being counted, if that is longer than the bound.
func (p *Pacer) Reserve(from string, n int64, now time.Time) (time.Duration, bool) {
	return p.delay(from, n, now, false)
}

// delay counts n: always, or if the wait is within the bound.
func (p *Pacer) delay(from string, n int64, now time.Time, always bool) (time.Duration, bool) {
	from = source.Network(from)
	at := now.UnixNano()
	s := &p.line[maphash.String(p.seed, from)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	full, known := s.next[from]
	full = max(full, at)
	wait := max(0, full-at-p.spacing.ahead)
	if wait > p.most && !always {
		return 0, false
	}
	if !known && len(s.next) >= sourcesOfShard {
		for other, t := range s.next {
			if t <= at || len(s.next) > sourcesOfShard*3/4 {
				delete(s.next, other)
			}
		}
	}
	next := full + n*p.spacing.each
	if always {
		next = min(next, at+p.spacing.ahead+p.most)
	}
	s.next[from] = next
	return time.Duration(min(wait, p.most)), true
}
