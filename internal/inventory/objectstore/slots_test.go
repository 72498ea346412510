package objectstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestSlots(t *testing.T) {
	s := NewSlots(3)
	var at, most atomic.Int64
	var group sync.WaitGroup
	for i := range 200 {
		if i == 100 {
			s.Resize(2)
		}
		group.Go(func() {
			release, err := s.Take(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			n := at.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			at.Add(-1)
			release()
			release()
		})
	}
	group.Wait()
	if most.Load() > 3 || s.taken != 0 || s.waiting.Len() != 0 {
		t.Errorf("%d at once; %d are taken, %d wait", most.Load(), s.taken, s.waiting.Len())
	}
}

// Who gives up waiting takes nobody's turn; who waits when there are more slots gets one.
func TestSlotsThatAreWaitedFor(t *testing.T) {
	s := NewSlots(0)
	first, err := s.Take(t.Context())
	if err != nil || s.Most() != 1 {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Take(ctx); !errors.Is(err, context.Canceled) || s.waiting.Len() != 0 {
		t.Errorf("who gives up: %v", err)
	}
	done := make(chan func())
	go func() {
		release, _ := s.Take(context.Background())
		done <- release
	}()
	s.Resize(2)
	second := <-done
	first()
	second()
	if s.taken != 0 {
		t.Errorf("%d are taken", s.taken)
	}
}
