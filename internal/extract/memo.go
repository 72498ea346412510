package extract

// memo is the value that a layout was asked for last. A value may be as long as the buffer, and may be asked for at each of
// its characters: it must not be gone through each time.
type memo struct {
	field  Field
	from   int // the place that was asked about
	length int // of the text; 0: nothing is known
}

// at returns the value around off if that is the one.
func (m *memo) at(raw []byte, off int) (Field, bool) {
	if m.length == len(raw) && off >= m.from && off < m.field.Hi {
		return m.field, true
	}
	return Field{}, false
}

// set remembers the answer to a question. The text is the same buffer with the same length until the layout forgets.
func (m *memo) set(raw []byte, off int, f Field, ok bool) {
	if ok {
		*m = memo{field: f, from: off, length: len(raw)}
	}
}

// long says whether the value around off is that one and goes on for longer than values are listed at a time.
func (m *memo) long(raw []byte, off int) bool {
	f, ok := m.at(raw, off)
	return ok && f.Hi > off+listStep
}
