package objectstore

import (
	"container/list"
	"context"
	"fmt"
	"sync"
)

// Slots bound how much of something goes on at once. Who waits is served in turn. How many there are can be changed at any time: those
// that are taken stay taken.
type Slots struct {
	mu      sync.Mutex
	most    int
	taken   int
	waiting list.List // of chan struct{}, which is closed when its turn has come
}

// NewSlots returns so many slots.
func NewSlots(most int) *Slots { return &Slots{most: max(1, most)} }

// Resize changes how many slots there are, at least one.
func (s *Slots) Resize(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = max(1, most)
	s.serve()
}

// Most is how many slots there are.
func (s *Slots) Most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// Take waits for a slot. release gives it back; a second call does nothing.
func (s *Slots) Take(ctx context.Context) (release func(), err error) {
	s.mu.Lock()
	if s.taken < s.most && s.waiting.Len() == 0 {
		s.taken++
		s.mu.Unlock()
		return s.releaser(), nil
	}
	turn := make(chan struct{})
	at := s.waiting.PushBack(turn)
	s.serve()
	s.mu.Unlock()
	select {
	case <-turn:
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		select {
		case <-turn: // it came all the same
			s.taken--
			s.serve()
		default:
			s.waiting.Remove(at)
		}
		return nil, fmt.Errorf("wait to read from the store: %w", context.Cause(ctx))
	}
	return s.releaser(), nil
}

// releaser gives a slot back, once.
func (s *Slots) releaser() func() {
	taken := true // mu guards it
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if taken {
			taken = false
			s.taken--
			s.serve()
		}
	}
}

// serve gives free slots to who waits. The caller holds mu.
func (s *Slots) serve() {
	for s.taken < s.most && s.waiting.Len() > 0 {
		close(s.waiting.Remove(s.waiting.Front()).(chan struct{}))
		s.taken++
	}
}
