package extract

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// tableLines is a way to write a table by which a line means more than its characters: the markup of a wiki, or columns of a fixed
// width. Such a table is rewritten line by line, with bars or marks between its cells.
type tableLines struct {
	form    tableForm
	gutters [][2]int // fixedWidth: the first and last column, in characters, of what is between two cells
}

type tableForm uint8

const (
	mediaWiki  tableForm = iota // {| …, ! of headers, | of cells, |- between rows
	barred                      // | between cells, or ^ beside headers (DokuWiki), with marks of headers behind (Textile, Creole)
	doubleBars                  // the same with || beside headers, or between all cells (Confluence, Trac)
	fixedWidth                  // spaces between columns
	exponents                   // numbers as spreadsheets show long ones: 5.42700999E+08
)

const (
	maxTableLine  = 4*kib - 1 // bytes of a line that is rewritten; a longer one stays as it is
	maxShapeLines = 48        // that are looked at
)

// delim is what is between cells afterwards.
func (t *tableLines) delim() byte {
	if t.form == barred || t.form == doubleBars {
		return '|'
	}
	return cellMark
}

// tableLinesOf tells such a table by its beginning; nil where there is none.
func tableLinesOf(head []byte, whole bool) *tableLines {
	if len(head) > maxHeader {
		head, whole = head[:maxHeader], false
	}
	bar := beginsLine(head, "|")
	if bar && beginsLine(head, "{|") && (beginsLine(head, "|-") || beginsLine(head, "!")) {
		return &tableLines{form: mediaWiki}
	}
	if bar || beginsLine(head, "^") {
		if t := barredOf(head); t != nil {
			return t
		}
	}
	return fixedOf(head, whole)
}

// beginsLine says whether a line begins with what is given. Where its first character is nowhere, no line is looked at.
func beginsLine(head []byte, with string) bool {
	return bytes.IndexByte(head, with[0]) >= 0 && (bytes.HasPrefix(head, []byte(with)) || bytes.Contains(head, []byte("\n"+with)))
}

// barredOf looks for a header that is marked as one, above a row.
func barredOf(head []byte) *tableLines {
	var before []byte
	n := 0
	for line := range bytes.Lines(head) {
		if n++; n > 10*maxShapeLines {
			break
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		row := len(line) > 2 && (line[0] == '|' || line[0] == '^' && bytes.IndexByte(line, '|') > 0) && bytes.ContainsAny(line[1:], "|^")
		if row && len(before) >= 4 {
			switch {
			case before[0] == '^' && before[len(before)-1] == '^' && bytes.Count(before, []byte{'^'}) >= 3:
				return &tableLines{form: barred}
			case bytes.HasPrefix(before, []byte("||")) && before[2] != '|' && bytes.Count(before, []byte("||")) >= 3:
				return &tableLines{form: doubleBars}
			case bytes.Count(before, []byte("|=")) >= 2 && bytes.HasPrefix(before, []byte("|=")) && before[2] != '=' || bytes.Count(before, []byte("|_.")) >= 2,
				bytes.Equal(before, []byte("|===")):
				return &tableLines{form: barred}
			}
		}
		before = line
	}
	return nil
}

// fixedOf looks for a header whose names stand above columns: with a line drawn below each, or with nothing but spaces between the
// columns of all rows.
func fixedOf(head []byte, whole bool) *tableLines {
	lines := make([][]byte, 0, maxShapeLines)
	for len(head) > 0 && len(lines) < maxShapeLines {
		i := bytes.IndexByte(head, '\n')
		if i < 0 {
			if !whole {
				break
			}
			i = len(head) - 1
		}
		line := bytes.TrimRight(head[:i+1], "\r\n ")
		if head = head[i+1:]; len(line) > 1*kib || bytes.IndexByte(line, '\t') >= 0 {
			return nil
		}
		lines = append(lines, line)
	}
	for i := 1; i < len(lines)-1; i++ {
		if isRuler(lines[i]) && len(lines[i-1]) > 0 && len(lines[i+1]) > 0 && !isRuler(lines[i-1]) {
			end := i + 1
			for end < len(lines) && len(lines[end]) > 0 && !isRuler(lines[end]) {
				end++
			}
			// The line may be as long as the name, or as the column.
			gutters := guttersOf(lines[i : i+1])
			if all := guttersOf(lines[i-1 : end]); len(all) == len(gutters) {
				gutters = all
			}
			if namesAbove(lines[i-1], gutters, false) {
				return &tableLines{form: fixedWidth, gutters: gutters}
			}
		}
	}
	for i := 0; i < min(len(lines)-2, 10); i++ {
		if !mayName(lines[i]) {
			continue
		}
		end := i + 1
		for end < len(lines) && len(lines[end]) > 0 && !isRuler(lines[end]) {
			end++
		}
		if end-i < 3 {
			continue
		}
		gutters := named(lines[i], guttersOf(lines[i:end]))
		wide := false
		for _, g := range gutters {
			wide = wide || g[1] > g[0]
		}
		if wide && namesAbove(lines[i], gutters, true) {
			return &tableLines{form: fixedWidth, gutters: gutters}
		}
	}
	return nil
}

// mayName says whether a line has names between wide spaces.
func mayName(line []byte) bool {
	line = bytes.TrimLeft(line, " ")
	if len(line) == 0 || !isName(line[:1]) || !bytes.Contains(line, []byte("  ")) {
		return false
	}
	for _, name := range wideSpace.split(line) {
		if len(name) == 0 || len(name) > 64 || !isName(name) {
			return false
		}
	}
	return true
}

// isRuler says whether a line is drawn in pieces, one below each name.
func isRuler(line []byte) bool {
	return len(bytes.Trim(line, "-= ")) == 0 && bytes.Contains(bytes.TrimSpace(line), []byte{' '})
}

// guttersOf finds the columns that are blank in all lines, between others that are not.
func guttersOf(lines [][]byte) (gutters [][2]int) {
	var filled []bool
	for _, line := range lines {
		col := 0
		for _, c := range line {
			if c&0xc0 == 0x80 {
				continue
			}
			if col == len(filled) {
				filled = append(filled, false)
			}
			filled[col] = filled[col] || c != ' '
			col++
		}
	}
	from := -1
	for col, f := range filled {
		switch {
		case f && from > 0:
			gutters = append(gutters, [2]int{from, col - 1})
			from = -1
		case f:
			from = -1
		case from < 0 && col > 0 && filled[col-1]:
			from = col
		}
	}
	return gutters
}

// named leaves out the gutters behind which no name begins: words of a name, or of values.
func named(header []byte, gutters [][2]int) [][2]int {
	out := gutters[:0]
	for i, g := range gutters {
		to := len(header)
		if i+1 < len(gutters) {
			to = gutters[i+1][0]
		}
		if len(bytes.TrimSpace(columns(header, g[1]+1, to))) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// namesAbove says whether each column has a name, but for the first, which may number the rows.
func namesAbove(header []byte, gutters [][2]int, unnumbered bool) bool {
	from, names := 0, 0
	for i := 0; i <= len(gutters); i++ {
		to := len(header)
		if i < len(gutters) {
			to = gutters[i][0]
		}
		name := bytes.TrimSpace(columns(header, from, to))
		if len(name) == 0 && !(i == 0 && unnumbered) || len(name) > 64 || len(name) > 0 && !isName(name) {
			return false
		}
		if len(name) > 0 {
			names++
		}
		if i < len(gutters) {
			from = gutters[i][1] + 1
		}
	}
	return names >= 2
}

// columns is what a line has from one character on and before another.
func columns(line []byte, from, to int) []byte {
	lo := prefix(line, int64(from))
	if to <= from {
		return nil
	}
	return line[lo : lo+prefix(line[lo:], int64(to-from))]
}

// bytes rewrites the beginning of a table.
func (t *tableLines) bytes(head []byte) []byte {
	w := lineRewriter{t: t}
	out := make([]byte, 0, len(head)+len(head)/8)
	for line := range bytes.Lines(head) {
		out = w.line(out, line)
	}
	return out
}

// lineRewriter rewrites the lines of one table after the other.
type lineRewriter struct {
	t      *tableLines
	inside bool // a table of MediaWiki
	row    bool // a row of it has begun
}

func (w *lineRewriter) line(dst, line []byte) []byte {
	switch w.t.form {
	case mediaWiki:
		return w.wiki(dst, line)
	case fixedWidth:
		return w.fixed(dst, line)
	case exponents:
		return plainNumbers(dst, line)
	}
	return w.bars(dst, line)
}

// bars makes all that stands between cells a bar, and drops the marks of headers.
func (w *lineRewriter) bars(dst, line []byte) []byte {
	if text := bytes.TrimLeft(line, " "); len(text) == 0 || text[0] != '|' && text[0] != '^' || bytes.HasPrefix(text, []byte("|==")) {
		return append(dst, line...)
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c != '|' && c != '^' {
			dst = append(dst, c)
			continue
		}
		if n := len(dst); c == '|' && n > 1 && dst[n-1] == '=' && dst[n-2] == ' ' {
			dst = dst[:n-1]
		}
		if w.t.form == doubleBars && i+1 < len(line) && line[i+1] == c {
			i++
		}
		dst = append(dst, '|')
		switch rest := line[i+1:]; {
		case bytes.HasPrefix(rest, []byte("=")):
			i++
		case bytes.HasPrefix(rest, []byte("_.")):
			i += 2
		}
	}
	return dst
}

// wiki makes a line of each row of MediaWiki's.
func (w *lineRewriter) wiki(dst, line []byte) []byte {
	text := bytes.TrimSpace(line)
	if !w.inside {
		w.inside = bytes.HasPrefix(text, []byte("{|"))
		w.row = false
		return append(dst, line...)
	}
	ends := func() {
		if w.row {
			dst, w.row = append(dst, '\n'), false
		}
	}
	switch {
	case bytes.HasPrefix(text, []byte("|}")):
		ends()
		w.inside = false
		if text = text[2:]; len(text) > 0 {
			dst = append(append(dst, text...), '\n')
		}
	case bytes.HasPrefix(text, []byte("|-")):
		ends()
		if text = bytes.TrimLeft(text[1:], "-"); len(text) > 0 && bytes.IndexByte(text, '=') < 0 { // it says nothing about how the row looks
			dst = append(append(dst, text...), '\n')
		}
	case bytes.HasPrefix(text, []byte("|+")):
		ends()
		dst = append(append(dst, text[2:]...), '\n')
	case len(text) > 0 && (text[0] == '|' || text[0] == '!'):
		header := text[0] == '!'
		for {
			w.row = true
			cell := text[1:]
			n := bytes.Index(cell, []byte("||"))
			if k := bytes.Index(cell, []byte("!!")); header && k >= 0 && (n < 0 || k < n) {
				n = k
			}
			if n < 0 {
				return append(append(dst, cellMark), withoutAttributes(cell)...)
			}
			dst = append(append(dst, cellMark), withoutAttributes(cell[:n])...)
			text = cell[n+1:]
		}
	case w.row:
		dst = append(append(dst, ' '), text...)
	default:
		dst = append(append(dst, text...), '\n')
	}
	return dst
}

// withoutAttributes takes off what says how a cell looks.
func withoutAttributes(cell []byte) []byte {
	i := bytes.IndexByte(cell, '|')
	if i < 0 || bytes.IndexByte(cell[:i], '=') < 0 || bytes.Contains(cell[:i], []byte("[[")) || bytes.Contains(cell[:i], []byte("{{")) {
		return cell
	}
	return cell[i+1:]
}

// fixed puts a mark between the columns of a line that has them.
func (w *lineRewriter) fixed(dst, line []byte) []byte {
	from := len(dst)
	dst = append(dst, line...)
	out := dst[from:]
	text := bytes.TrimRight(line, "\r\n ")
	if len(bytes.Trim(text, "-= ")) == 0 {
		return dst
	}
	col, run, at, g := 0, 0, -1, 0
	gutters := w.t.gutters
	for i, c := range text {
		if c&0xc0 == 0x80 {
			continue
		}
		if g < len(gutters) && col >= gutters[g][0] {
			if c != ' ' {
				run = 0
			} else if run++; run >= min(2, gutters[g][1]-gutters[g][0]+1) {
				at = i
			}
			if col == gutters[g][1] {
				if at < 0 { // the columns are not these
					copy(out, line)
					return dst
				}
				out[at] = cellMark
				g, run, at = g+1, 0, -1
			}
		}
		col++
	}
	return dst
}

// hasExponents says whether the beginning of a table has a whole number that is written with an exponent and all of its digits.
func hasExponents(head []byte) bool {
	for i := 0; ; {
		k := bytes.Index(head[i:], []byte("E+"))
		if k < 0 {
			return false
		}
		i += k
		if _, _, whole := exponentAt(head, i); whole != nil {
			return true
		}
		i += 2
	}
}

// exponentAt reads the number around an E at b[i]. whole are its digits, when they are all there: a spreadsheet that has shown
// 542700999 as 5.43E+08 has lost it.
func exponentAt(b []byte, i int) (lo, hi int, whole []byte) {
	lo = i
	for lo > 0 && i-lo < 20 && (isNumeral(b[lo-1]) || b[lo-1] == '.') {
		lo--
	}
	mantissa := b[lo:i]
	if len(mantissa) < 3 || mantissa[1] != '.' || mantissa[0] == '0' || bytes.IndexByte(mantissa[2:], '.') >= 0 {
		return 0, 0, nil
	}
	exponent := 0
	for hi = i + 2; hi < len(b) && hi < i+5 && isNumeral(b[hi]); hi++ {
		exponent = exponent*10 + int(b[hi]-'0')
	}
	if exponent != len(mantissa)-2 {
		return 0, 0, nil
	}
	return lo, hi, append([]byte{mantissa[0]}, mantissa[2:]...)
}

func isNumeral(c byte) bool { return c >= '0' && c <= '9' }

// plainNumbers writes whole numbers with an exponent as people know them.
func plainNumbers(dst, line []byte) []byte {
	from := 0
	for i := 0; ; i += 2 {
		k := bytes.Index(line[i:], []byte("E+"))
		if k < 0 {
			return append(dst, line[from:]...)
		}
		i += k
		if lo, hi, whole := exponentAt(line, i); whole != nil && lo >= from {
			dst = append(append(dst, line[from:lo]...), whole...)
			from = hi
		}
	}
}

// reader rewrites what r gives.
func (t *tableLines) reader(w *walker, r io.Reader) io.Reader {
	return &relined{r: r, walker: w, w: lineRewriter{t: t}}
}

type relined struct {
	r      io.Reader
	walker *walker
	w      lineRewriter
	raw    [maxTableLine + 1]byte
	n      int  // bytes in raw that begin a line
	long   bool // they go on with one that is too long
	plain  []byte
	buf    []byte
	err    error
}

func (r *relined) Read(p []byte) (int, error) {
	for empty := 0; len(r.plain) == 0; {
		if r.err != nil {
			return 0, r.err
		}
		n, err := readSome(r.r, r.raw[r.n:], &empty)
		if r.err = err; err == nil {
			r.err = r.walker.step(int64(64 + n/4)) // some lines leave nothing
		}
		r.buf = r.buf[:0]
		rest := r.raw[:r.n+n]
		for {
			i := bytes.IndexByte(rest, '\n')
			switch {
			case i >= 0:
			case err != nil && len(rest) > 0:
				i = len(rest) - 1
			case len(rest) == len(r.raw):
				// A character that goes on in the next piece stays whole.
				i = len(rest) - 1
				for k := 0; k < utf8.UTFMax && i > 0 && !utf8.RuneStart(rest[i]); k++ {
					i--
				}
				i--
			default:
				i = -1
			}
			if i < 0 {
				break
			}
			piece := rest[:i+1]
			ended := piece[i] == '\n'
			if r.long || !ended && err == nil {
				r.buf = append(r.buf, piece...)
			} else {
				r.buf = r.w.line(r.buf, piece)
			}
			r.long = !ended
			rest = rest[i+1:]
		}
		r.n = copy(r.raw[:], rest)
		r.plain = r.buf
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}
