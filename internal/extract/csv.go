package extract

import (
	"bytes"
	"math"
	"sort"
)

func extractCSV(w *walker, doc *Document, in *input, k kind) error {
	r := decoded(in)
	if r == nil && (k.respelling != asWritten || k.lines != nil) {
		r = in
	}
	switch {
	case k.lines != nil:
		r = k.lines.reader(w, r)
	case k.respelling != asWritten:
		r = &respelt{w: w, r: r, s: k.respelling}
	}
	if r != nil {
		// The header must be known before the first segment, and it is in the decoded text.
		in = newMember(w, in.name, r, nil, -1)
		defer in.close()
	}
	if bytes.IndexByte(in.head(), '\n') < 0 {
		in.more()
	}
	c := newCSV(k.delim, in.head(), in.eof)
	c.w = w
	defer c.placed.close()
	return pump(w, doc, in, nil, c)
}

// separated is the layout of CSV and TSV. It is lazy: rows are counted by their newlines, and only a row in which something
// was found is split into cells. A quote opens a cell only as its first character, so a stray one harms nothing.
type separated struct {
	lines // for what must be given as a line: the header
	tableShape
	head       []string // of the rows between these two
	headFrom   int64
	headUpto   int64
	base, cur  csvState
	plain      bool // the buffer has no quote
	plainKnown bool
	marks      []csvState // on the way, at least markStep apart, to go back to
	placed     placed     // quotes, delimiters and newlines
	judged     bool       // whether telling is known
	telling    bool       // a column's name matters
	w          *walker    // nil in tests
	around     memo
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

func newCSV(delim byte, head []byte, whole bool) *separated {
	c := &separated{lines: *newLines(), tableShape: shapeOf(delim, head, whole), headUpto: -1}
	c.base = csvState{row: 1}
	c.cur = c.base
	return c
}

// names are those of the columns in a row. Nothing names the cells of a header.
func (c *separated) names(row int64) []string {
	if row <= c.headFrom || row >= c.headUpto {
		c.headFrom, c.headUpto, c.head = -1, math.MaxInt64, nil
		for _, h := range c.heads {
			if h.row >= row {
				c.headUpto = h.row
				break
			}
			c.headFrom, c.head = h.row, h.names
		}
		if row == c.headUpto {
			c.headFrom, c.headUpto = row, row // asked for again, found again
			return nil
		}
	}
	return c.head
}

// isHead says whether a row names columns.
func (c *separated) isHead(row int64) bool {
	for _, h := range c.heads {
		if h.row == row {
			return true
		}
	}
	return false
}

func (c *separated) structured() bool { return true }

// walk brings the cursor to off, which is not behind it.
func (c *separated) walk(raw []byte, off int) {
	if !c.plainKnown {
		c.plain, c.plainKnown = bytes.IndexByte(raw, c.quote) < 0, true
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
			i := bytes.IndexByte(raw[s.pos:off], c.quote)
			if i < 0 {
				s.pos = off
				return
			}
			s.pos += i + 1
			if !c.escape || !c.escaped(raw, s.pos-1) {
				s.quoted, s.closed = false, true
			}
			continue
		}
		if raw[s.pos] == c.quote && !(c.escape && c.escaped(raw, s.pos)) {
			s.quoted = s.closed || s.cell == s.pos || opens(raw, s.cell, s.pos) // the first of a cell, or the second of a pair
			s.closed = false
			s.pos++
			continue
		}
		to := off
		if i := bytes.IndexByte(raw[s.pos:off], c.quote); i > 0 {
			to = s.pos + i
		} else if i == 0 { // an escaped one is like any other character
			to = s.pos + 1
		}
		c.walkPlain(raw, to)
	}
}

// opens says whether a quote at raw[pos] is the first character of the cell, but for spaces.
func opens(raw []byte, cell, pos int) bool {
	if cell < 0 || pos-cell > 4 {
		return false
	}
	for _, c := range raw[cell:pos] {
		if c != ' ' {
			return false
		}
	}
	return true
}

// escaped says whether raw[i] has lost its meaning by a backslash before it; to be asked where backslashes do that.
func (c *separated) escaped(raw []byte, i int) bool {
	n := 0
	for i-n-1 >= 0 && raw[i-n-1] == '\\' && n < maxBackslashes {
		n++
	}
	return n&1 == 1
}

// maxBackslashes is how far escaped looks back: a longer run of them is no table.
const maxBackslashes = 64

func (c *separated) walkPlain(raw []byte, off int) {
	s := &c.cur
	if c.escape {
		c.walkEscaped(raw, off)
		return
	}
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

// walkEscaped is walkPlain where backslashes take the meaning from delimiters and line ends.
func (c *separated) walkEscaped(raw []byte, off int) {
	s := &c.cur
	for i := s.pos; i < off; i++ {
		if b := raw[i]; b != c.delim && b != '\n' || c.escaped(raw, i) {
			continue
		}
		s.col++
		if raw[i] == '\n' {
			s.row++
			s.col = 0
		}
		s.cell = i + 1
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
	if f, ok := c.around.at(raw, off); ok {
		return f, true
	}
	if c.w != nil && c.w.late(16) {
		return Field{}, false
	}
	f, ok := c.fieldAt(raw, off)
	c.around.set(raw, off, f, ok)
	return f, ok
}

func (c *separated) fieldAt(raw []byte, off int) (Field, bool) {
	c.seekCell(raw, off)
	s := c.cur
	if off < len(raw) && s.pos == off && !s.quoted && (raw[off] == c.delim || raw[off] == '\n') && !(c.escape && c.escaped(raw, off)) {
		return Field{}, false
	}
	f := Field{Lo: max(s.cell, 0)}
	end := s.pos // the end of the cell, from where the cursor stands
	for quoted, closed := s.quoted, s.closed; end < len(raw); end++ {
		b := raw[end]
		if quoted {
			i := bytes.IndexByte(raw[end:], c.quote)
			if i < 0 {
				end = len(raw)
				break
			}
			end += i
			if !c.escape || !c.escaped(raw, end) {
				quoted, closed = false, true
			}
			continue
		}
		if (b == c.delim || b == '\n') && !(c.escape && c.escaped(raw, end)) {
			break
		}
		quoted = b == c.quote && (closed || (end == s.cell || opens(raw, s.cell, end)) && !(c.escape && c.escaped(raw, end)))
		closed = false
	}
	f.Hi = end
	f.trim(raw, s.cell >= 0, c.quote)
	if names := c.names(s.row); s.col < len(names) {
		f.Names = names[s.col : s.col+1 : s.col+1]
	}
	return f, off >= f.Lo && off < f.Hi
}

// trim takes off what is not the value of a cell: spaces and a carriage return after it, and the quotes around it. Spaces before
// it stay, unless a quote follows; begins says whether the cell begins in raw.
func (f *Field) trim(raw []byte, begins bool, quote byte) {
	for f.Hi > f.Lo && (raw[f.Hi-1] == '\r' || raw[f.Hi-1] == ' ') {
		f.Hi--
	}
	if !begins || f.Hi-f.Lo < 2 {
		return
	}
	lo := f.Lo
	for lo < f.Hi-1 && raw[lo] == ' ' && lo < f.Lo+4 {
		lo++
	}
	if raw[lo] == quote {
		f.Lo = lo + 1
		if raw[f.Hi-1] == quote && f.Hi > f.Lo {
			f.Hi--
		}
	}
}

// list splits rows from the cell around off on.
func (c *separated) list(raw []byte, off int, dst []Field) ([]Field, int, bool) {
	if c.w != nil && c.w.late(listStep/4) {
		return dst, len(raw), true
	}
	if c.around.long(raw, off) {
		return dst, off, false
	}
	c.seekCell(raw, off)
	if c.cur.quoted || c.cur.closed || c.cur.pos > off || c.escape {
		return dst, off, false // in the middle of what is hard: Field does it
	}
	c.placed.find(raw, c.quote, c.delim, '\n')
	s := c.cur
	limit := min(off+listStep, len(raw))
	lo, i := max(s.cell, 0), s.pos
	names := c.names(s.row)
	if n := len(c.marks); n == 0 || s.pos >= c.marks[n-1].pos+markStep {
		c.marks = append(c.marks, s)
	}
	for {
		if i == s.cell { // it may be a quoted cell
			for i < len(raw) && raw[i] == ' ' && i < s.cell+4 && c.delim != ' ' {
				i++
			}
		}
		if i < len(raw) && raw[i] == c.quote && (i == s.cell || opens(raw, s.cell, i)) {
			j := i + 1
			for {
				k := bytes.IndexByte(raw[j:], c.quote)
				if k < 0 {
					return dst, s.cell, len(dst) > 0
				}
				if j += k + 1; j >= len(raw) || raw[j] != c.quote {
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
		f := Field{Lo: lo, Hi: i}
		if i > lo && (raw[i-1] <= ' ' || raw[lo] == c.quote || raw[lo] == ' ') { // most have nothing to take off
			f.trim(raw, s.cell >= 0, c.quote)
		}
		if s.col < len(names) {
			f.Names = names[s.col : s.col+1 : s.col+1]
		}
		if f.Hi > f.Lo {
			dst = append(dst, f)
		}
		if raw[i] == '\n' {
			s.row++
			s.col = 0
			names = c.names(s.row)
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
		for _, h := range c.heads {
			for _, name := range h.names {
				itself, _ := says([]byte(name))
				c.telling = c.telling || itself
			}
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
	if c.isHead(c.cur.row) {
		return loc
	}
	loc.Kind, loc.Row, loc.Col = Cell, c.cur.row, int64(c.cur.col)+1
	if names := c.names(c.cur.row); c.cur.col < len(names) {
		loc.Name = names[c.cur.col]
	}
	return loc
}

func (c *separated) advance(raw []byte, n int) {
	c.lines.advance(raw, n)
	c.around = memo{}
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
