package extract

import (
	"bytes"
	"sort"
	"strings"
)

func extractCSV(w *walker, doc *Document, in *input, delim byte) error {
	if r := decoded(in); r != nil {
		// The header must be known before the first segment, and it is in the decoded text.
		in = newMember(w, in.name, r, nil, -1)
		defer in.close()
	}
	c := newCSV(delim, in.head(), in.eof)
	defer c.placed.close()
	return pump(w, doc, in, nil, c)
}

// separated is the layout of CSV and TSV. It is lazy: rows are counted by their newlines, and only a row in which something
// was found is split into cells. A quote opens a cell only as its first character, so a stray one harms nothing.
type separated struct {
	lines      // for what must be given as a line: the header
	delim      byte
	header     []string
	hasHeader  bool
	base, cur  csvState
	plain      bool // the buffer has no quote
	plainKnown bool
	marks      []csvState // on the way, at least markStep apart, to go back to
	placed     placed     // quotes, delimiters and newlines
	judged     bool       // whether telling is known
	telling    bool       // a column's name matters
}

// csvState is where a walk is: before raw[pos].
type csvState struct {
	pos    int
	row    int64 // 1-based
	col    int   // 0-based
	cell   int   // where the cell starts; -1: before raw[0]
	quoted bool
	closed bool // raw[pos-1] is a quote that closed the cell, unless another follows
}

// markStep is how far apart the places are that a layout remembers to go back to.
const markStep = 2 * kib

const maxHeader = 64 * kib

func newCSV(delim byte, head []byte, whole bool) *separated {
	c := &separated{lines: *newLines(), delim: delim}
	c.base = csvState{row: 1}
	c.cur = c.base
	if len(head) > maxHeader {
		head = head[:maxHeader]
	}
	cells, end := splitRow(head, delim)
	if end < 0 && !whole {
		return c
	}
	c.hasHeader = looksLikeHeader(cells)
	if c.hasHeader {
		c.header = cells
	}
	return c
}

// looksLikeHeader says whether a first row names columns: all names, no values.
func looksLikeHeader(cells []string) bool {
	named := 0
	for _, cell := range cells {
		digits := 0
		for i := range len(cell) {
			if cell[i] >= '0' && cell[i] <= '9' {
				digits++
			}
		}
		if digits > 4 || digits*2 > len(cell) || strings.ContainsRune(cell, '@') || len(cell) > 240 {
			return false
		}
		if cell != "" {
			named++
		}
	}
	return named > 0
}

func (c *separated) structured() bool { return true }

// splitRow returns the cells of the first row and where it ends, or -1 when the end is not in b.
func splitRow(b []byte, delim byte) (cells []string, end int) {
	var cell []byte
	fresh, quoted := true, false
	for i := 0; i < len(b); i++ {
		ch := b[i]
		switch {
		case quoted && ch == '"':
			if i+1 < len(b) && b[i+1] == '"' {
				cell = append(cell, '"')
				i++
			} else {
				quoted = false
			}
		case quoted:
			cell = append(cell, ch)
		case ch == '"' && fresh:
			quoted = true
		case ch == delim:
			cells = append(cells, string(bytes.TrimSpace(cell)))
			cell, fresh = cell[:0], true
			continue
		case ch == '\n':
			return append(cells, string(bytes.TrimSpace(cell))), i
		default:
			cell = append(cell, ch)
		}
		fresh = false
	}
	if quoted {
		return cells, -1
	}
	return append(cells, string(bytes.TrimSpace(cell))), -1
}

// walk brings the cursor to off, which is not behind it.
func (c *separated) walk(raw []byte, off int) {
	if !c.plainKnown {
		c.plain, c.plainKnown = bytes.IndexByte(raw, '"') < 0, true
	}
	for c.cur.pos < off {
		if n := len(c.marks); n == 0 || c.cur.pos >= c.marks[n-1].pos+markStep {
			c.marks = append(c.marks, c.cur)
		}
		to := min(off, c.cur.pos+markStep)
		if c.plain && !c.cur.quoted {
			c.walkPlain(raw, to)
		} else {
			c.walkQuoted(raw, to)
		}
	}
}

func (c *separated) walkQuoted(raw []byte, off int) {
	s := &c.cur
	for s.pos < off {
		if s.quoted {
			i := bytes.IndexByte(raw[s.pos:off], '"')
			if i < 0 {
				s.pos = off
				return
			}
			s.pos += i + 1
			s.quoted, s.closed = false, true
			continue
		}
		if raw[s.pos] == '"' {
			s.quoted = s.cell == s.pos || s.closed // the first of a cell, or the second of a pair
			s.closed = false
			s.pos++
			continue
		}
		to := off
		if i := bytes.IndexByte(raw[s.pos:off], '"'); i >= 0 {
			to = s.pos + i
		}
		c.walkPlain(raw, to)
	}
}

func (c *separated) walkPlain(raw []byte, off int) {
	s := &c.cur
	if i := bytes.LastIndexByte(raw[s.pos:off], '\n'); i >= 0 {
		s.row += int64(bytes.Count(raw[s.pos:s.pos+i+1], newline))
		s.pos += i + 1
		s.col, s.cell = 0, s.pos
	}
	for i := s.pos; i < off; i++ {
		if raw[i] == c.delim {
			s.col++
			s.cell = i + 1
		}
	}
	s.pos, s.closed = off, false
}

// seekCell brings the cursor to off. Going back, it starts from the nearest place it remembers.
func (c *separated) seekCell(raw []byte, off int) {
	if off < c.cur.pos {
		if off >= c.cur.cell && c.cur.cell >= 0 {
			return // the same cell
		}
		c.back(off)
	}
	c.walk(raw, off)
}

func (c *separated) back(off int) {
	c.cur = c.base
	if i := sort.Search(len(c.marks), func(i int) bool { return c.marks[i].pos > off }) - 1; i >= 0 {
		c.cur = c.marks[i]
	}
}

func (c *separated) field(raw []byte, off int) (Field, bool) {
	c.seekCell(raw, off)
	s := c.cur
	if off < len(raw) && s.pos == off && !s.quoted && (raw[off] == c.delim || raw[off] == '\n') {
		return Field{}, false
	}
	f := Field{Lo: max(s.cell, 0)}
	end := s.pos // the end of the cell, from where the cursor stands
	for quoted, closed := s.quoted, s.closed; end < len(raw); end++ {
		b := raw[end]
		if quoted {
			i := bytes.IndexByte(raw[end:], '"')
			if i < 0 {
				end = len(raw)
				break
			}
			end += i
			quoted, closed = false, true
			continue
		}
		if b == c.delim || b == '\n' {
			break
		}
		quoted = b == '"' && (end == s.cell || closed)
		closed = false
	}
	f.Hi = end
	for f.Hi > f.Lo && (raw[f.Hi-1] == '\r' || raw[f.Hi-1] == ' ') {
		f.Hi--
	}
	if f.Hi-f.Lo >= 2 && raw[f.Lo] == '"' && s.cell >= 0 {
		f.Lo++
		if raw[f.Hi-1] == '"' {
			f.Hi--
		}
	}
	if c.hasHeader && s.row > 1 && s.col < len(c.header) {
		f.Names = c.header[s.col : s.col+1 : s.col+1]
	}
	return f, off >= f.Lo && off < f.Hi
}

// list splits rows from the cell around off on.
func (c *separated) list(raw []byte, off int, dst []Field) ([]Field, int, bool) {
	c.seekCell(raw, off)
	if c.cur.quoted || c.cur.closed || c.cur.pos > off {
		return dst, off, false // in the middle of what is hard: Field does it
	}
	c.placed.find(raw, '"', c.delim, '\n')
	s := c.cur
	limit := min(off+listStep, len(raw))
	lo, i := max(s.cell, 0), s.pos
	if n := len(c.marks); n == 0 || s.pos >= c.marks[n-1].pos+markStep {
		c.marks = append(c.marks, s)
	}
	for {
		if i == s.cell && i < len(raw) && raw[i] == '"' { // a quoted cell
			j := i + 1
			for {
				k := bytes.IndexByte(raw[j:], '"')
				if k < 0 {
					return dst, s.cell, len(dst) > 0
				}
				if j += k + 1; j >= len(raw) || raw[j] != '"' {
					break
				}
				j++
			}
			i = j
		}
		if i = c.placed.nextBOrC(i, len(raw)); i == len(raw) {
			c.cur = s
			c.cur.pos = max(s.cell, 0)
			return dst, max(s.cell, 0), s.cell > off
		}
		hi := i
		for hi > lo && (raw[hi-1] == '\r' || raw[hi-1] == ' ') {
			hi--
		}
		f := Field{Lo: lo, Hi: hi}
		if hi-lo >= 2 && raw[lo] == '"' && s.cell >= 0 {
			f.Lo++
			if raw[hi-1] == '"' {
				f.Hi--
			}
		}
		if c.hasHeader && s.row > 1 && s.col < len(c.header) {
			f.Names = c.header[s.col : s.col+1 : s.col+1]
		}
		if f.Hi > f.Lo {
			dst = append(dst, f)
		}
		if raw[i] == '\n' {
			s.row++
			s.col = 0
		} else {
			s.col++
		}
		i++
		s.pos, s.cell, lo = i, i, i
		if i >= limit {
			c.cur = s
			return dst, i, true
		}
	}
}

// silent knows but one thing: whether any column's name matters.
func (c *separated) silent(raw []byte, off int, says Says) int {
	if !c.judged {
		c.judged = true
		for _, name := range c.header {
			itself, _ := says([]byte(name))
			c.telling = c.telling || itself
		}
	}
	if c.telling {
		return off
	}
	return len(raw)
}

func (c *separated) locate(raw []byte, lo, hi int) Location {
	c.seekCell(raw, lo)
	loc := c.lines.locate(raw, lo, hi)
	if c.hasHeader && c.cur.row == 1 {
		return loc
	}
	loc.Kind, loc.Row, loc.Col = Cell, c.cur.row, int64(c.cur.col)+1
	if c.hasHeader && c.cur.col < len(c.header) {
		loc.Name = c.header[c.cur.col]
	}
	return loc
}

func (c *separated) advance(raw []byte, n int) {
	c.lines.advance(raw, n)
	if c.cur.pos > n {
		c.back(n)
	}
	c.walk(raw, n)
	c.marks = c.marks[:0]
	c.base = c.cur
	c.base.pos = 0
	c.base.cell = max(c.base.cell-n, -1)
	c.cur = c.base
	c.plainKnown = false
	c.placed.forget()
}

// sniffSeparated tells the delimiter of a table from its first rows, or 0. Without the name's word for it, the rows must agree
// beyond doubt: prose and logs have commas too.
func sniffSeparated(head []byte, whole, named bool) byte {
	if len(head) > maxHeader {
		head, whole = head[:maxHeader], false
	}
	for _, delim := range []byte{',', '\t', ';', '|'} {
		rows, cols, header := 0, 0, false
		rest := head
		agree := true
		for rows < 20 && len(rest) > 0 {
			cells, end := splitRow(rest, delim)
			if end < 0 {
				if !whole {
					break
				}
				end = len(rest) - 1
			}
			if len(cells) == 1 && cells[0] == "" {
				rest = rest[end+1:]
				continue
			}
			if rows == 0 {
				cols, header = len(cells), looksLikeHeader(cells) && distinct(cells)
			} else if len(cells) != cols {
				agree = false
				break
			}
			rows++
			rest = rest[end+1:]
		}
		if cols < 2 || rows == 0 {
			continue
		}
		if named && (agree || rows >= 2) || agree && rows >= 3 && cols >= 3 && header {
			return delim
		}
	}
	return 0
}

func distinct(cells []string) bool {
	seen := make(map[string]bool, len(cells))
	for _, c := range cells {
		if c == "" || len(c) > 64 || seen[c] {
			return false
		}
		seen[c] = true
	}
	return true
}
