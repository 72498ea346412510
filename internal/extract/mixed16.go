package extract

import (
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// mixed16 is UTF-16, with a byte order mark or without one, to which some programs append lines of ASCII. upper is the place of the upper
// byte of each two: 1 where the lower one comes first.
type mixed16 struct{ upper int }

func (m mixed16) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: &mixedDecoder{upper: m.upper}}
}

func (m mixed16) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type mixedDecoder struct {
	upper  int
	narrow bool // in lines of ASCII
	begun  bool // the byte order mark is behind
}

// What so many bytes, all of them of ASCII text, could be as UTF-16 are Chinese characters that nobody would put in a row.
const (
	narrowRun = 32
	narrowEnd = 12 // as many are enough at the end of a file
)

func (d *mixedDecoder) Reset() { d.narrow, d.begun = false, false }

func (d *mixedDecoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		rest := src[nSrc:]
		if d.narrow {
			if rest[0] != 0 {
				dst[nDst] = rest[0]
				nDst++
				nSrc++
				continue
			}
			d.narrow = false
			if d.upper == 1 { // the other half of the character before
				nSrc++
			}
			continue
		}
		if len(rest) < 2 {
			if !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			nSrc++
			if isPlain(rest[0]) {
				dst[nDst] = rest[0]
				nDst++
			}
			continue
		}
		if isPlain(rest[0]) && isPlain(rest[1]) {
			if len(rest) < narrowRun && !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			if d.narrow = allPlain(rest, atEOF); d.narrow {
				continue
			}
		}
		r, n := d.char(rest)
		if n == 0 {
			if !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			r, n = utf8.RuneError, 2
		}
		nSrc += n
		if r == 0xfeff && !d.begun {
			d.begun = true
			continue
		}
		d.begun = true
		nDst += utf8.EncodeRune(dst[nDst:], r)
	}
	return nDst, nSrc, nil
}

// char is the first character and its length; 0 when more bytes are needed.
func (d *mixedDecoder) char(b []byte) (rune, int) {
	unit := func(b []byte) rune { return rune(b[d.upper])<<8 | rune(b[1-d.upper]) }
	r := unit(b)
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(b) < 4 {
		return 0, 0
	}
	if both := utf16.DecodeRune(r, unit(b[2:])); both != utf8.RuneError {
		return both, 4
	}
	return utf8.RuneError, 2
}

func isPlain(c byte) bool { return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' }

func allPlain(b []byte, atEOF bool) bool {
	if len(b) < narrowRun && !(atEOF && len(b) >= narrowEnd) {
		return false
	}
	for _, c := range b[:min(len(b), narrowRun)] {
		if !isPlain(c) {
			return false
		}
	}
	return true
}
