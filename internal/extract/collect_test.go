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
	for name, work := range map[string]func(w *walker) error{
		"by steps": func(w *walker) (err error) {
			for range looksPerGarbage {
				err = w.step(stepsPerLook)
			}
			return err
		},
		"by what is held": func(w *walker) error {
			if !w.hold(mib) {
				return errPDFMemory
			}
			w.release(mib)
			return nil
		},
	} {
		runtime.GC()
		w := &walker{ctx: context.Background(), account: NewAccount(mib)}
		w.memory.read()
		limit := w.memory.of(memoryTotal) - w.memory.of(memoryReleased) + 32*mib
		garbage.most = func() int64 { return int64(limit) }
		defer func() { garbage.most = nil }()
		for i := range 400 {
			lately = make([]byte, mib)
			if err := work(w); err != nil {
				t.Fatal(err)
			}
			w.memory.read()
			if heap := w.memory.of(memoryHeap); heap > limit+2*garbageStep+2*mib {
				t.Fatalf("%s: after %d MB %d MB are on the heap; the limit is %d MB", name, i+1, heap>>20, limit>>20)
			}
		}
	}
}

var lately []byte

func BenchmarkLook(b *testing.B) {
	w := &walker{ctx: context.Background()}
	for b.Loop() {
		_ = w.look()
	}
}
