package extract

import "math"

// sharedStrings are those that the cells of a workbook refer to by number. They are kept in memory while they are few and spooled
// when they are many.
type sharedStrings struct {
	w     *walker
	text  *spool
	ends  []uint32
	held  int64
	scrap []byte
}

func (s *sharedStrings) close() {
	if s.text != nil {
		s.text.Close()
	}
	s.w.release(s.held)
	s.held = 0
}

func (s *sharedStrings) add(one []byte) error {
	if s.text == nil {
		s.text = &spool{w: s.w, limit: math.MaxUint32 - 1}
	}
	if len(s.ends) == cap(s.ends) {
		n := int64(4 * max(1024, 2*cap(s.ends)))
		if !s.w.hold(n) {
			return stop(Partial, OOXMLUncompressedSizeExceedsLimit, "too many shared strings for the memory allowed")
		}
		grown := make([]uint32, len(s.ends), n/4)
		copy(grown, s.ends)
		s.w.release(s.held)
		s.ends, s.held = grown, n
	}
	if _, err := s.text.Write(one); err != nil {
		return err
	}
	s.ends = append(s.ends, uint32(s.text.n))
	return nil
}

// get returns a string, valid until the next call; nil when there is none of that number.
func (s *sharedStrings) get(i int) ([]byte, error) {
	if i < 0 || i >= len(s.ends) {
		return nil, nil
	}
	from, to := uint32(0), s.ends[i]
	if i > 0 {
		from = s.ends[i-1]
	}
	if s.text.far == nil {
		return s.text.mem[from:to], nil
	}
	s.scrap = append(s.scrap[:0], make([]byte, to-from)...)
	if _, err := s.text.ReadAt(s.scrap, int64(from)); err != nil {
		return nil, err
	}
	return s.scrap, nil
}
