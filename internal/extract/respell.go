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
)

// respellingOf tells how a table is written by its beginning.
func respellingOf(head []byte) respelling {
	lines := bytes.IndexByte(head, '\n') >= 0
	switch {
	case !lines && (bytes.IndexByte(head, 0x1e) >= 0 || bytes.Contains(head, lineSeparator) || bytes.Contains(head, paragraphSeparator)):
		return recordRS
	case bytes.HasPrefix(head, thorn) && bytes.Count(head, thorn) >= 4:
		return thornQuoted
	}
	for _, bar := range boxBars {
		if bytes.Count(head, bar) >= 6 {
			return boxDrawn
		}
	}
	return asWritten
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
		r.err = err
		var rest []byte
		r.buf, rest = r.s.append(r.buf[:0], r.raw[:r.n+n], err != nil)
		r.plain, r.n = r.buf, copy(r.raw[:], rest)
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}
