package store

import (
	"hash/fnv"
	"sync"
)

// lines leads the callers to the lanes of a store that has several. Names are hashed to as many
// lines as there are lanes, and at any time a line stands in front of one lane and a lane has one
// line in front of it. Which is decided late, since each lane that is used is a connection: a line
// moves into the first lane when nobody is there, and gets a lane of its own for good when it comes
// while another line is. Callers who come one after the other thus share one connection, whatever
// their names.
type lines struct {
	lanes []*lane

	mu     sync.Mutex
	own    []*lane // of the lines; nil: none yet
	given  int     // lanes that became a line's own; they are those behind the first
	guest  int     // the line that is in the first lane, if there are guests
	guests int     // its callers there
}

func newLines(lanes []*lane) *lines {
	return &lines{lanes: lanes, own: make([]*lane, len(lanes))}
}

// take returns the lane that a name's line stands in front of, and what to call when the caller is
// through with it.
func (s *lines) take(name string) (l *lane, through func()) {
	line := s.line(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own[line] == nil && s.guests > 0 && s.guest != line {
		// There is one: of the lines without a lane of their own, one is in the first lane.
		s.given++
		s.own[line] = s.lanes[s.given]
	}
	if l := s.own[line]; l != nil {
		return l, func() {}
	}
	s.guest = line
	s.guests++
	return s.lanes[0], s.leave
}

func (s *lines) line(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % uint32(len(s.own)))
}

// leave takes a guest out of the first lane.
func (s *lines) leave() {
	s.mu.Lock()
	s.guests--
	s.mu.Unlock()
}

func (s *lines) close() {
	for _, l := range s.lanes {
		l.close()
	}
}
