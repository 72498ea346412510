package extract

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
	"unicode/utf8"
)

// ebcdic is the text of mainframes. Its code pages agree on letters, digits and most signs; what they do not agree on is read as in that
// of the United States. The next line, which ends lines there, ends them here, and other control characters are spaces.
type ebcdic struct{}

func (ebcdic) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: ebcdicDecoder{}}
}

func (ebcdic) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type ebcdicDecoder struct{ transform.NopResetter }

func (ebcdicDecoder) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for ; nSrc < len(src); nSrc++ {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], ebcdicRunes[src[nSrc]])
	}
	return nDst, nSrc, nil
}

// ebcdicRunes are the characters of the bytes, and ebcdicText what the bytes are in text.
var (
	ebcdicRunes [256]rune
	ebcdicText  [256]ebcdicKind
)

type ebcdicKind uint8

const (
	noEBCDIC ebcdicKind = iota
	ebcdicWord
	ebcdicSign
)

func init() {
	for i := range ebcdicRunes {
		r := charmap.CodePage037.DecodeByte(byte(i))
		switch {
		case r == 0x85 || r == '\n':
			r = '\n'
		case r == '\r' || r == '\t' || r == '\f':
		case r < ' ' || r >= 0x7f && r < 0xa0:
			r = ' '
		}
		ebcdicRunes[i] = r
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			ebcdicText[i] = ebcdicWord
		case i == 0x15 || i == 0x25 || i == '\r' || i == 0x05 || i >= 0x40 && r < 0x7f && r >= ' ':
			ebcdicText[i] = ebcdicSign
		}
	}
}

const ebcdicSpace = 0x40

// isEBCDIC says whether bytes are text of a mainframe: next to nothing but its letters, digits and signs, and no ends of lines or spaces as
// others write them.
func isEBCDIC(b []byte) bool {
	b = b[:min(len(b), 4*kib)]
	words, signs, spaces, idle := 0, 0, 0, 0
	for i, c := range b {
		switch {
		case c == 0 || c == ebcdicSpace && i > 0 && b[i-1] == c: // the lengths of records, and what fills them
			idle++
		case c == ' ' || c == '\n':
			spaces++
		case ebcdicText[c] == ebcdicWord:
			words++
		case ebcdicText[c] == ebcdicSign:
			signs++
		}
	}
	n := len(b) - idle
	return n >= 16 && signs*20 >= words && words*10 >= n*3 && (words+signs)*100 >= n*93 && spaces*100 <= n
}
