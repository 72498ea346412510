package discovery

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// leastHeap is how large the heap may become before garbage is collected, while shards are worked on. What a job holds is little and what it
// throws away is much: with the usual limit, of twice what is held, the collector takes a tenth of the job's processor time.
const leastHeap = 64 << 20

// heap is the process's, for all services in it.
var heap roomyHeap

// roomyHeap has garbage collected at leastHeap, or at the usual multiple of what is held where that is more.
type roomyHeap struct {
	mu    sync.Mutex
	users int
	usual int // the percentage of the runtime
	on    atomic.Bool
}

// enter begins to use a roomy heap, and leave ends it.
func (h *roomyHeap) enter() {
	if os.Getenv("GOGC") != "" {
		return // whoever started the process has decided
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users++; h.users > 1 {
		return
	}
	h.usual = debug.SetGCPercent(100)
	if h.usual <= 0 {
		debug.SetGCPercent(h.usual)
		return
	}
	h.on.Store(true)
	debug.SetGCPercent(h.percent())
	h.watch()
}

func (h *roomyHeap) leave() {
	if os.Getenv("GOGC") != "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users--; h.users == 0 && h.on.Swap(false) {
		debug.SetGCPercent(h.usual)
	}
}

// percent is of what is held.
func (h *roomyHeap) percent() int {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	live := max(sample[0].Value.Uint64(), 1<<20)
	if live >= leastHeap {
		return h.usual
	}
	return max(h.usual, int(100*(leastHeap-live)/live))
}

// watch has the percentage computed again after each collection.
func (h *roomyHeap) watch() {
	type collected struct{ _ [16]byte }
	runtime.SetFinalizer(new(collected), func(*collected) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.on.Load() {
			debug.SetGCPercent(h.percent())
			h.watch()
		}
	})
}
