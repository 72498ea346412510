package throttle

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
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

// Delay is how long the source's present mistake has to wait for its answer.
func (p *Pacer) Delay(source string, now time.Time) time.Duration {
	source = Network(source)
	at := now.UnixNano()
	s := &p.line[maphash.String(p.seed, source)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	full, known := s.next[source]
	full = max(full, at)
	delay := min(max(0, full-at-p.pace.ahead), p.most)
	if !known && len(s.next) >= sourcesOfShard {
		for other, t := range s.next {
			if t <= at || len(s.next) > sourcesOfShard*3/4 {
				delete(s.next, other)
			}
		}
	}
	s.next[source] = min(full+p.pace.each, at+p.pace.ahead+p.most)
	return time.Duration(delay)
}

// Network is what of an address one stranger has: an IPv4 address, or an IPv6 network of 64 bits.
func Network(source string) string {
	a, err := netip.ParseAddr(source)
	if err != nil || a.Unmap().Is4() {
		return source
	}
	prefix, err := a.Prefix(64)
	if err != nil {
		return source
	}
	return prefix.String()
}
