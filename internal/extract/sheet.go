package extract

import "strings"

// sheetWriter hands over the cells of one sheet of a workbook, in the order of rows. It holds the first rows back until it knows
// which of them name columns: titles, merged cells and blank rows may stand before.
type sheetWriter struct {
	b       *builder
	name    string // of the sheet; empty when the workbook has no other
	plain   int32  // the info of a cell whose column has no name
	columns map[int64]int32
	ahead   []aheadCell
	bytes   int
	rows    int
	decided bool
	next    []sheetHead // rows that name columns, not reached yet
	holds   holding     // for the two
}

type aheadCell struct {
	row, col int64
	text     string
}

type sheetHead struct {
	row   int64
	names map[int64]string
}

const (
	maxAheadRows  = 50
	maxAheadBytes = 512 * kib // of text, and what is beside it
	sizeOfAhead   = 64
	maxAheadCol   = 1024 // columns further right have no names
)

func newSheet(b *builder, name string) (*sheetWriter, error) {
	plain, err := b.keep(fieldInfo{sheet: name})
	if err != nil {
		return nil, err
	}
	return &sheetWriter{b: b, name: name, plain: plain, columns: map[int64]int32{}, holds: holding{w: b.w}}, nil
}

// close gives back what the writer holds.
func (s *sheetWriter) close() { s.holds.drop() }

// cell takes what a cell shows.
func (s *sheetWriter) cell(row, col int64, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if s.decided {
		return s.hand(row, col, text)
	}
	if n := len(s.ahead); n == 0 || s.ahead[n-1].row != row {
		s.rows++
	}
	size := len(text) + sizeOfAhead
	if s.rows > maxAheadRows || s.bytes+size > maxAheadBytes || !s.holds.hold(int64(2*size)) {
		if err := s.decide(); err != nil {
			return err
		}
		return s.hand(row, col, text)
	}
	s.ahead = append(s.ahead, aheadCell{row, col, string(text)})
	s.bytes += size
	return nil
}

// end hands over what is held back.
func (s *sheetWriter) end() error {
	if s.decided {
		return nil
	}
	return s.decide()
}

func (s *sheetWriter) hand(row, col int64, text []byte) error {
	for len(s.next) > 0 && row >= s.next[0].row {
		h := s.next[0]
		if row == h.row { // nothing names the names
			return s.b.value(Cell, s.plain, row, col, text)
		}
		clear(s.columns)
		for col, name := range h.names {
			info, err := s.b.keep(fieldInfo{names: []string{name}, sheet: s.name})
			if err != nil {
				return err
			}
			s.columns[col] = info
		}
		s.next = s.next[1:]
	}
	info, ok := s.columns[col]
	if !ok {
		info = s.plain
	}
	return s.b.value(Cell, info, row, col, text)
}

// decide finds the rows that name columns, and hands over what was held back.
func (s *sheetWriter) decide() error {
	s.decided = true
	var rows headRows
	for _, c := range s.ahead {
		if c.col < 1 || c.col > maxAheadCol {
			continue
		}
		if n := len(rows); n == 0 || rows[n-1].row != c.row {
			if n > 0 && c.row > rows[n-1].row+1 {
				rows = append(rows, headRow{row: c.row - 1, idle: true})
			}
			rows = append(rows, headRow{row: c.row})
		}
		r := &rows[len(rows)-1]
		if n := c.col - int64(len(r.cells)); n > 0 {
			if !s.holds.hold(32 * n) {
				rows = nil // the cells have no names
				break
			}
			r.cells = append(r.cells, make([]string, n)...)
		}
		text := strings.TrimSpace(c.text[:min(len(c.text), maxKey)])
		r.cells[c.col-1] = text
		if text != "" {
			r.width = max(r.width, int(c.col))
		}
	}
	for _, h := range rows.heads() {
		names := map[int64]string{}
		for i, name := range h.names {
			if name != "" {
				names[int64(i)+1] = name
			}
		}
		s.next = append(s.next, sheetHead{h.row, names})
	}
	for _, c := range s.ahead {
		if err := s.hand(c.row, c.col, []byte(c.text)); err != nil {
			return err
		}
	}
	s.ahead = nil
	return nil
}
