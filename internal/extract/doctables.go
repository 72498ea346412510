package extract

import (
	"bytes"
	"slices"
)

// docTables follows the tables of a document that is read as text: a page, a mail, a Word file, a presentation. What stands in the first
// row names the columns, and is too far from the cells of the third to be seen beside them. So the rows below such a row are taken out of
// the text again and handed over as values, each with the names that lead to it: its column's, and a label in the cell to its left. They
// keep their places. Where a table does not look like one of names and values, as those that only arrange a page, it stays text.
type docTables struct {
	b     *builder // of the text
	out   *builder // of the values; nil: there are none yet
	cur   *docTable
	depth int
	taken int64 // rows that were handed over
}

// docTable is the innermost open table.
type docTable struct {
	head    []string   // the cells of the first row
	names   [][]string // for each column, once it is known that they name it
	heading bool       // the document says that the first row names the columns
	decided bool
	flushes int64 // of the builder, when the rows were built
	rows    []docRow
	row     docRow // open
	inRow   bool
	busy    []int // for each column, how many rows from here on a cell of a row above stands in it
	heads   int   // rows that belong to the first, since a cell of it is so high
}

type docRow struct {
	at    place
	cells []docCell
	width int // up to where there are cells
}

// docCell is a cell: up to where in the builder, in which column, and how many columns wide.
type docCell struct {
	hi, column, span int
	heading          bool
}

const (
	docRows     = 24       // rows that are looked at before it is said whether the first names the columns
	docRowBytes = 48 * kib // of them
	docColumns  = 128
	maxDocLabel = 64
)

func (t *docTables) start() {
	if t.depth++; t.b.fields {
		return
	}
	t.cur = &docTable{flushes: t.b.flushes} // a table around it arranges the page
}

func (t *docTables) startRow() error {
	if err := t.endRow(); err != nil || t.cur == nil {
		return err
	}
	c := t.cur
	if c.flushes != t.b.flushes { // what was built is gone
		c.rows, c.flushes = c.rows[:0], t.b.flushes
	}
	c.row, c.inRow = docRow{at: t.b.here()}, true
	return nil
}

// startCell begins a cell, which may be so many columns wide and rows high.
func (t *docTables) startCell(columns, rows []byte, heading bool) {
	t.endCell()
	c := t.cur
	if c == nil || !c.inRow || len(c.row.cells) >= docColumns {
		return
	}
	column := c.row.width
	for column < len(c.busy) && c.busy[column] > 0 {
		column++
	}
	wide := min(max(1, small(columns)), docColumns)
	if c.row.width = column + wide; c.row.width > docColumns {
		t.cur = nil
		return
	}
	high := max(1, small(rows))
	for len(c.busy) < c.row.width {
		c.busy = append(c.busy, 0)
	}
	for i := column; i < column+wide; i++ {
		c.busy[i] = high
	}
	if c.head == nil {
		c.heads = max(c.heads, high)
	}
	c.row.cells = append(c.row.cells, docCell{hi: -1, column: column, span: wide, heading: heading})
}

// small reads a number of one or two digits.
func small(text []byte) (n int) {
	for _, c := range text[:min(len(text), 2)] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func (t *docTables) endCell() {
	if c := t.cur; c != nil && c.inRow {
		if n := len(c.row.cells); n > 0 && c.row.cells[n-1].hi < 0 {
			c.row.cells[n-1].hi = len(t.b.buf)
		}
	}
}

func (t *docTables) endRow() error {
	t.endCell()
	c := t.cur
	if c == nil || !c.inRow {
		return nil
	}
	c.inRow = false
	for i := range c.busy {
		if c.busy[i] > 0 {
			c.row.width = max(c.row.width, i+1)
			c.busy[i]--
		}
	}
	n := len(c.row.cells)
	if n == 0 || c.row.at.flushes != t.b.flushes {
		return nil
	}
	c.row.cells[n-1].hi = len(t.b.buf)               // with what stands behind it
	if err := t.b.w.step(int64(n * n)); err != nil { // names are compared with one another
		return err
	}
	switch {
	case c.head != nil && c.heads > 1: // names below those that several columns have
		c.heads--
		for i, name := range t.texts(c.row) {
			if name != "" && i < len(c.head) {
				c.head[i] = name
			}
		}
		if c.heads == 1 && !c.mayName() {
			t.cur = nil
		}
		return nil
	case c.head == nil:
		c.head, c.heading = t.texts(c.row), !slices.ContainsFunc(c.row.cells, func(x docCell) bool { return !x.heading })
		if c.heads == 1 && !c.mayName() {
			t.cur = nil
		}
		return nil
	case c.decided:
		return t.take([]docRow{c.row})
	}
	c.rows = append(c.rows, c.row)
	if len(c.rows) >= docRows || len(t.b.buf)-c.rows[0].at.text >= docRowBytes {
		return t.decide()
	}
	return nil
}

func (t *docTables) end() error {
	t.depth = max(0, t.depth-1)
	if err := t.endRow(); err != nil {
		return err
	}
	if c := t.cur; c != nil && !c.decided {
		if err := t.decide(); err != nil {
			return err
		}
	}
	t.cur = nil
	return nil
}

// texts are the cells of a row, each once for every column that it is wide; those from above are empty.
func (t *docTables) texts(row docRow) []string {
	out := make([]string, row.width)
	lo := row.at.text
	for _, c := range row.cells {
		text := string(bytes.TrimSpace(t.b.buf[lo:c.hi]))
		for i := range c.span {
			out[c.column+i] = text
		}
		lo = c.hi
	}
	return out
}

// mayName says whether the first row may name columns: it has several different words, and nothing else.
func (c *docTable) mayName() bool {
	filled := 0
	for i, cell := range c.head {
		if cell == "" {
			continue
		}
		if filled++; kindOfCell(cell) != nameCell || len(cell) > maxDocLabel || slices.Contains(c.head[:i], cell) {
			return false
		}
	}
	return filled > 1
}

// decide says whether the first row names the columns, and takes the others out of the text if it does.
func (t *docTables) decide() error {
	c := t.cur
	if c.decided = true; c.flushes != t.b.flushes { // what was built is gone
		c.rows = nil
	}
	var below [][]string
	wide := 0
	for _, row := range c.rows[:min(len(c.rows), 20)] {
		cells := t.texts(row)
		if len(cells) == len(c.head) {
			wide++
		}
		below = append(below, cells)
	}
	if len(below) < 2 || wide*3 < len(below)*2 || !c.heading && !contrast(c.head, below) {
		t.cur = nil
		return nil
	}
	for _, name := range c.head {
		c.names = append(c.names, []string{string(TidyName([]byte(name)))})
	}
	rows := c.rows
	c.rows = nil
	return t.take(rows)
}

// take hands rows over as values, and takes them out of the text.
func (t *docTables) take(rows []docRow) error {
	if t.out == nil {
		t.out = newBuilder(t.b.w, t.b.doc, true)
	}
	for _, row := range rows {
		t.taken++
		lo := row.at.text
		named := row.width == len(t.cur.head)
		var left []byte
		for _, cell := range row.cells {
			text := bytes.TrimSpace(t.b.buf[lo:cell.hi])
			if len(text) > 0 {
				column := cell.column
				if !named { // who knows which it is
					column = docColumns
				}
				if err := t.value(lo+bytes.Index(t.b.buf[lo:cell.hi], text), column, left, text); err != nil {
					return err
				}
			}
			lo, left = cell.hi, text
		}
	}
	m, kept := t.placeOf(len(t.b.buf)), t.between(rows)
	t.b.back(rows[0].at)
	for _, k := range kept {
		t.b.mark(k.kind, 0, k.a, k.b)
		if err := t.b.write(k.text); err != nil {
			return err
		}
	}
	t.b.mark(m.kind, 0, m.a, m.b)
	return nil
}

// besideRows is text that stays where it is, between the rows of a table or behind them.
type besideRows struct {
	mark
	text []byte
}

// between is what stands in the builder since the first of the rows and is in none of them: what a page shows before its table, and what
// nobody sees.
func (t *docTables) between(rows []docRow) (kept []besideRows) {
	for i, row := range rows {
		lo, hi := row.cells[len(row.cells)-1].hi, len(t.b.buf)
		if i+1 < len(rows) {
			hi = rows[i+1].at.text
		}
		if len(bytes.TrimSpace(t.b.buf[lo:hi])) == 0 {
			continue
		}
		for next := t.b.at(lo) + 1; lo < hi; next++ {
			to := hi
			if next < len(t.b.marks) {
				to = min(hi, int(t.b.marks[next].off))
			}
			if to > lo {
				kept = append(kept, besideRows{t.placeOf(lo), bytes.Clone(t.b.buf[lo:to])})
			}
			lo = to
		}
		last := &kept[len(kept)-1]
		last.text = append(last.text, '\n') // in place of the row
	}
	return kept
}

// value hands over the text of a cell, which begins in the builder at lo.
func (t *docTables) value(lo, column int, left, text []byte) error {
	var names []string
	if column < len(t.cur.names) {
		names = t.cur.names[column]
	}
	if t.cur.mayLabel(column, left) {
		names = append([]string{string(TidyName(left))}, names...)
	}
	m := t.placeOf(lo)
	if m.kind == LineRange {
		m.kind = namedLine
	}
	if len(names) == 0 {
		return t.out.value(LineRange, 0, m.a, m.b, text)
	}
	return t.out.value(m.kind, t.out.pass(fieldInfo{names: capNames(names), row: t.taken}, nil), m.a, m.b, text)
}

// mayLabel says whether what stands to the left of a cell may say what it is: in a table of pairs, of which the first was taken for names
// of columns, or with a colon behind it.
func (c *docTable) mayLabel(column int, left []byte) bool {
	if len(left) == 0 || len(left) > maxDocLabel || kindOfCell(string(left)) != nameCell {
		return false
	}
	return !c.heading && len(c.head)%2 == 0 && column%2 == 1 || left[len(left)-1] == ':'
}

// placeOf is a mark for what stands in the builder at off.
func (t *docTables) placeOf(off int) mark {
	m := mark{kind: LineRange, a: 1}
	if i := t.b.at(off); i >= 0 {
		m = t.b.marks[i]
	}
	if m.kind == LineRange {
		m.a, m.b = lineAfter(m.a, m.b, t.b.buf[m.off:off])
	}
	return m
}

// close gives back what is held, where reading ends early.
func (t *docTables) close() {
	if t.out != nil {
		t.out.close()
		t.out = nil
	}
}

// finish hands over what is left. It comes before the text's own end.
func (t *docTables) finish() error {
	if t.out == nil {
		return nil
	}
	err := t.out.finish()
	t.close()
	return err
}
