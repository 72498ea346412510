package extract

import (
	"bytes"
	"io"
)

// respelling is another way to write a table: its characters stand for the usual ones.
type respelling uint8

const (
	asWritten   respelling = iota
	boxDrawn               // lines of box characters, as shells of databases draw them
	recordRS               // records end in the record separator of ASCII, or in a line end of Unicode, and none in the usual one
	thornQuoted            // cells between þ, as document reviews exchange them (Concordance)
	spaced                 // two spaces and more between cells, as reports have them
	joined                 // several characters between cells: the first of longDelimiters, and so on
)

// longDelimiters are what stands between cells where one character would not do, the longer of two that begin alike first.
var longDelimiters = []string{"~|~", "^|^", "|~|", "|^|", "|;|", "~||~", "#|#", "@|@", "<|>", "|||", "||", "::", ";;", "##", "@@", "\t\t", "~~", "^^", "%%", "$$", "!!", "<>", "=>", "&&"}

// cellMark is what a long delimiter is respelt to.
const cellMark = 0x1f

// respellingOf tells how a table is written by its beginning.
func respellingOf(head []byte) respelling {
	lines := bytes.IndexByte(head, '\n') >= 0
	switch {
	case !lines && (bytes.IndexByte(head, 0x1e) >= 0 || bytes.Contains(head, lineSeparator) || bytes.Contains(head, paragraphSeparator)):
		return recordRS
	case bytes.HasPrefix(head, thorn) && bytes.Count(head, thorn) >= 4:
		return thornQuoted
	}
	if bytes.IndexByte(head, boxBars[0][0]) >= 0 { // all of them begin with it
		for _, bar := range boxBars {
			if bytes.Count(head, bar) >= 6 {
				return boxDrawn
			}
		}
	}
	return wideSpelling(head)
}

// wideSpelling tells a table whose cells have several characters between them: each of its first rows as many, and the first
// nothing but names.
func wideSpelling(head []byte) respelling {
	rows := make([][]byte, 0, 31)
	for i, more := 0, true; more && i < cap(rows); i++ {
		var line []byte
		line, head, more = bytes.Cut(head, newline)
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || isIdle(line):
		case len(line) > 4*kib:
			return asWritten
		default:
			rows = append(rows, line)
		}
	}
	if len(rows) < 3 {
		return asWritten
	}
	if len(rows) > 4 {
		rows = rows[:len(rows)-1] // the head may end in the last
	}
	for i, d := range longDelimiters {
		sep := []byte(d)
		if n := bytes.Count(rows[0], sep); n > 0 && sameCells(rows, func(row []byte) [][]byte { return bytes.Split(row, sep) }) &&
			bytes.Count(rows[0], sep[:1]) == n*bytes.Count(sep, sep[:1]) {
			return joined + respelling(i)
		}
	}
	if sameCells(rows, func(row []byte) [][]byte { return wideSpace.split(row) }) {
		return spaced
	}
	return asWritten
}

// sameCells says whether all rows have as many cells as the first, which are names: three or more.
func sameCells(rows [][]byte, split func([]byte) [][]byte) bool {
	names := split(rows[0])
	if len(names) < 3 {
		return false
	}
	for _, n := range names {
		if n = bytes.TrimSpace(n); len(n) == 0 || len(n) > 64 || !isName(n) {
			return false
		}
	}
	for _, row := range rows[1:] {
		if len(split(row)) != len(names) {
			return false
		}
	}
	return true
}

// isName says whether a cell may name a column: it begins with a letter, and has no colon and no number of three digits or more
// but a year.
func isName(b []byte) bool {
	if c := b[0]; (c|0x20 < 'a' || c|0x20 > 'z') && c < 0x80 && c != '_' && c != '"' {
		return false
	}
	digits := 0
	for _, c := range b {
		if c == ':' {
			return false
		}
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return digits <= 2 || digits == 4
}

// spaces splits where there are at least so many spaces.
type spaces int

const wideSpace spaces = 2

func (s spaces) split(row []byte) (cells [][]byte) {
	from := 0
	for i := 0; i < len(row); {
		n := 0
		for i+n < len(row) && row[i+n] == ' ' {
			n++
		}
		if n >= int(s) {
			cells = append(cells, row[from:i])
			from = i + n
		}
		i += max(n, 1)
	}
	return append(cells, row[from:])
}

// mostSpaces bounds how many spaces are looked at together.
const mostSpaces = 1 * kib

// wide is plain for tables with spaces between their cells: those at the ends of lines are dropped.
func wide(b []byte) (is byte, n int) {
	from := 0
	if b[0] == '\n' {
		from = 1
	}
	for n = from; n < len(b) && n < mostSpaces && b[n] == ' '; n++ {
	}
	switch {
	case n == len(b) && n < mostSpaces:
		return 0, -1
	case from == 1:
		return '\n', n
	case n >= int(wideSpace) && n < len(b) && b[n] == '\n':
		return ' ', n // before the line end there is no cell
	case n >= int(wideSpace):
		return cellMark, n
	}
	return 0, 0
}

var (
	lineSeparator      = []byte("\u2028")
	paragraphSeparator = []byte("\u2029")
	thorn              = []byte("þ")
	boxBars            = [][]byte{[]byte("│"), []byte("┃"), []byte("║"), []byte("┆"), []byte("┊")}
)

// plain is the usual character for the one at the beginning of b, and the length of that; 0: it is one already, and -1: b may end
// within it.
func (s respelling) plain(b []byte) (is byte, n int) {
	switch {
	case s == spaced && (b[0] == ' ' || b[0] == '\n'):
		return wide(b)
	case s == spaced:
		return 0, 0
	case s >= joined:
		d := longDelimiters[s-joined]
		if b[0] != d[0] {
			return 0, 0
		}
		if len(b) < len(d) {
			if string(b) == d[:len(b)] {
				return 0, -1
			}
			return 0, 0
		}
		if string(b[:len(d)]) == d {
			return cellMark, len(d)
		}
		return 0, 0
	case s == thornQuoted && b[0] == thorn[0]:
		if len(b) < 2 {
			return 0, -1
		}
		if b[1] == thorn[1] {
			return '"', 2
		}
	case s == recordRS && b[0] == 0x1e:
		return '\n', 1
	case s != thornQuoted && b[0] == 0xe2:
		if len(b) < 3 {
			return 0, -1
		}
		if s == recordRS {
			if b[1] == 0x80 && (b[2] == 0xa8 || b[2] == 0xa9) {
				return '\n', 3
			}
			return 0, 0
		}
		return boxCharacter(b[1], b[2])
	}
	return 0, 0
}

// boxCharacter is a bar, a line or a corner for a character from U+2500 to U+257F.
func boxCharacter(second, third byte) (is byte, n int) {
	if second != 0x94 && second != 0x95 {
		return 0, 0
	}
	switch c := int(second-0x94)<<6 | int(third-0x80); {
	case c == 0x02 || c == 0x03 || c == 0x06 || c == 0x07 || c == 0x0a || c == 0x0b || c == 0x51:
		return '|', 3
	case c <= 0x0b || c == 0x4c || c == 0x4d || c == 0x50:
		return '-', 3
	}
	return '+', 3
}

// bytes respells the beginning of a table.
func (s respelling) bytes(b []byte) []byte {
	if s == asWritten {
		return b
	}
	out, _ := s.append(make([]byte, 0, len(b)), b, true)
	return out
}

// append respells b, but for the beginning of a character at its end unless it is the last.
func (s respelling) append(dst, b []byte, last bool) (out, rest []byte) {
	for len(b) > 0 {
		is, n := s.plain(b)
		switch {
		case n > 0:
			dst, b = append(dst, is), b[n:]
		case n < 0 && !last:
			return dst, b
		default:
			dst, b = append(dst, b[0]), b[1:]
		}
	}
	return dst, nil
}

// respelt reads a table that is written otherwise.
type respelt struct {
	w     *walker
	r     io.Reader
	s     respelling
	raw   [4 * kib]byte
	n     int // bytes in raw that begin a character
	plain []byte
	buf   []byte
	err   error
}

func (r *respelt) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		n, err := r.r.Read(r.raw[r.n:])
		if r.err = err; err == nil {
			r.err = r.w.step(int64(64 + n/4))
		}
		var rest []byte
		r.buf, rest = r.s.append(r.buf[:0], r.raw[:r.n+n], err != nil)
		r.plain, r.n = r.buf, copy(r.raw[:], rest)
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}
