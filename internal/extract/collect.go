package extract

import (
	"runtime"
	"runtime/metrics"
	"sync"
)

// collector is the last resort against garbage. The runtime's own collector works beside the program: where its thread does not
// get the processor, because others have it, what readers make and drop heaps up far beyond the limit that the process has
// (GOMEMLIMIT, debug.SetMemoryLimit), though what they hold is within their account. So whoever reads looks at that limit when he
// looks at the clock, and beyond it goes on only when there has been a collection.
type collector struct {
	mu   sync.Mutex
	live uint64       // bytes of the heap after the last collection that was waited for
	most func() int64 // for tests: the limit, in place of the runtime's
}

var garbage collector

// garbageStep is how much is made anew before there is another collection, when what lives takes all of the limit.
const garbageStep = 8 * mib

// memorySamples is what a look reads.
type memorySamples [4]metrics.Sample

const (
	memoryLimit = iota
	memoryTotal
	memoryReleased
	memoryHeap
)

func (s *memorySamples) read() {
	if s[0].Name == "" {
		s[memoryLimit].Name = "/gc/gomemlimit:bytes"
		s[memoryTotal].Name = "/memory/classes/total:bytes"
		s[memoryReleased].Name = "/memory/classes/heap/released:bytes"
		s[memoryHeap].Name = "/memory/classes/heap/objects:bytes"
	}
	metrics.Read(s[:])
}

func (s *memorySamples) of(i int) uint64 { return s[i].Value.Uint64() }

// look waits for a collection when the process has more memory than its limit, or will have with the next bytes that are about to be
// allocated, and has made garbage since the last one.
func (c *collector) look(s *memorySamples, next int64) {
	if s.read(); !c.over(s, next) {
		return
	}
	c.mu.Lock() // others wait too: what they would make comes on top
	defer c.mu.Unlock()
	if s.read(); !c.over(s, next) || s.of(memoryHeap) < c.live+garbageStep {
		return
	}
	runtime.GC()
	s.read()
	c.live = s.of(memoryHeap)
}

func (c *collector) over(s *memorySamples, next int64) bool {
	limit := s.of(memoryLimit)
	if c.most != nil {
		limit = uint64(c.most())
	}
	return s.of(memoryTotal)-s.of(memoryReleased)+uint64(next) > limit
}
