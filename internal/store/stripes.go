package store

import (
	"hash/fnv"
	"sync"
)

// stripes leads the callers to the lanes of a store that has several. Names are hashed to as many
// stripes as there are lanes; all callers of a stripe use one lane at a time, and no lane is used
// by two stripes at a time. Which lane it is is decided late, since each that is used is a
// connection: a stripe uses the first lane when no other does, and gets one of its own for good
// when it comes while another is there. Callers who come one after the other thus share one
// connection, whatever their names.
type stripes struct {
	lanes []*lane

	mu     sync.Mutex
	own    []*lane // of the stripes; nil: none yet
	given  int     // lanes that became a stripe's own; they are those behind the first
	guest  int     // the stripe that is in the first lane, if there are guests
	guests int     // its callers there
}

func newStripes(lanes []*lane) *stripes {
	return &stripes{lanes: lanes, own: make([]*lane, len(lanes))}
}

// take returns the lane of a name's stripe, and what to call when the caller is through with it.
func (s *stripes) take(name string) (l *lane, through func()) {
	stripe := s.stripe(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own[stripe] == nil && s.guests > 0 && s.guest != stripe {
		// There is one: of the stripes without a lane of their own, one is in the first lane.
		s.given++
		s.own[stripe] = s.lanes[s.given]
	}
	if l := s.own[stripe]; l != nil {
		return l, func() {}
	}
	s.guest = stripe
	s.guests++
	return s.lanes[0], s.leave
}

func (s *stripes) stripe(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % uint32(len(s.own)))
}

// leave takes a guest out of the first lane.
func (s *stripes) leave() {
	s.mu.Lock()
	s.guests--
	s.mu.Unlock()
}

func (s *stripes) close() {
	for _, l := range s.lanes {
		l.close()
	}
}
