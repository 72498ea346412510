package objectstore

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// No more compute at once than there are turns; who is not within any is not held up, nor is anybody whose context has ended.
func TestTurns(t *testing.T) {
	turns := newTurns(2)
	ctx := turns.Within(t.Context())
	var now, most atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			give := TakeTurn(ctx)
			defer give()
			n := now.Add(1)
			for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
			}
			now.Add(-1)
		})
	}
	group.Wait()
	if most.Load() > 2 {
		t.Errorf("%d computed at once", most.Load())
	}
	first, second := TakeTurn(ctx), TakeTurn(ctx)
	TakeTurn(t.Context())()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	TakeTurn(ended)()
	first()
	second()
	if len(turns.taken) > 0 {
		t.Errorf("%d turns are taken", len(turns.taken))
	}
	if cap(NewTurns().taken) < 1 {
		t.Error("there is no turn")
	}
}
