package extract

import (
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// utf7 is the encoding of old mails (RFC 2152): ASCII, and between + and what is no base64 the rest in UTF-16.
type utf7 struct{}

func (utf7) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: &utf7Decoder{}}
}

func (utf7) NewEncoder() *encoding.Encoder {
	return &encoding.Encoder{Transformer: transform.Nop} // nobody asks for it
}

func (utf7) String() string { return "UTF-7" }

type utf7Decoder struct {
	inside bool   // after a +
	fresh  bool   // right after it
	bits   uint32 // of a character that is not whole
	n      uint   // how many
	high   rune   // the first half of a pair
}

func (d *utf7Decoder) Reset() { *d = utf7Decoder{} }

// Transform decodes a byte at a time. What is malformed leaves nothing, or itself.
func (d *utf7Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for ; nSrc < len(src); nSrc++ {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		c := src[nSrc]
		if !d.inside {
			if c == '+' {
				d.inside, d.fresh, d.bits, d.n, d.high = true, true, 0, 0, 0
				continue
			}
			dst[nDst] = c
			nDst++
			continue
		}
		v := base64Value(c)
		if v < 0 {
			plus := d.fresh && c == '-'
			d.inside = false
			if plus {
				dst[nDst] = '+'
				nDst++
			} else if c != '-' {
				dst[nDst] = c
				nDst++
			}
			continue
		}
		d.fresh = false
		d.bits, d.n = d.bits<<6|uint32(v), d.n+6
		if d.n < 16 {
			continue
		}
		d.n -= 16
		r := rune(d.bits >> d.n & 0xffff)
		d.bits &= 1<<d.n - 1
		switch {
		case d.high != 0:
			r, d.high = utf16.DecodeRune(d.high, r), 0
		case r >= 0xd800 && r < 0xdc00:
			d.high = r
			continue
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
	}
	return nDst, nSrc, nil
}

// base64Value is what a character of base64 stands for, or -1.
func base64Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}
