package extract

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestGarbage makes 400 MB of garbage while the runtime's collector never comes, as where other processes have the processor: the
// heap stays within the limit and what is made between two looks.
func TestGarbage(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 60))
	runtime.GC()
	w := &walker{ctx: context.Background(), account: NewAccount(mib)}
	w.memory.read()
	began := w.memory.of(memoryHeap)
	limit := w.memory.of(memoryTotal) - w.memory.of(memoryReleased) + 32*mib
	garbage.most = func() int64 { return int64(limit) }
	defer func() { garbage.most = nil }()
	var made []byte
	for i := range 400 {
		made = make([]byte, mib)
		for range looksPerGarbage {
			if err := w.step(stepsPerLook); err != nil {
				t.Fatal(err)
			}
		}
		w.memory.read()
		if heap := w.memory.of(memoryHeap); heap > limit+garbageStep+2*mib {
			t.Fatalf("after %d MB %d MB are on the heap, of which %d MB began; the limit is %d MB", i+1, heap>>20, began>>20, limit>>20)
		}
	}
	runtime.KeepAlive(made)
}

func BenchmarkLook(b *testing.B) {
	w := &walker{ctx: context.Background()}
	for b.Loop() {
		_ = w.look()
	}
}
