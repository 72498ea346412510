package extract

import (
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// extractText is everything that has lines and no other structure that helps: prose, logs, code, YAML.
func extractText(w *walker, doc *Document, in *input) error {
	return pump(w, doc, in, decoded(in), newLines())
}

// decoded returns a reader of UTF-8, or nil when the input is that already: then nothing is copied.
func decoded(in *input) io.Reader {
	enc, skip := charset(in.head(), in.w.opts.DefaultEncoding)
	old := onlyCR(in.head())
	if enc == (ebcdic{}) {
		return transform.NewReader(in, enc.NewDecoder())
	}
	if enc != nil {
		r := io.Reader(transform.NewReader(in, enc.NewDecoder()))
		if old {
			r = crLines{r}
		}
		return r
	}
	if skip > 0 { // a byte order mark is not text
		copy(in.buf, in.buf[skip:in.n])
		in.n -= skip
	}
	if old {
		return crLines{in}
	}
	return nil
}

// onlyCR says whether lines end as they did on old Macs, and as some spreadsheets write them there still.
func onlyCR(head []byte) bool {
	return bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0
}

// crLines makes these ends of lines the usual ones, byte for byte.
type crLines struct{ r io.Reader }

func (c crLines) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

var utf8BOM = []byte("\xef\xbb\xbf")

// charset tells the encoding of text from its first bytes; nil means UTF-8, or so nearly that it is read as it is. skip is the
// length of a byte order mark.
func charset(head []byte, fallback string) (enc encoding.Encoding, skip int) {
	switch {
	case bytes.HasPrefix(head, utf8BOM):
		return nil, len(utf8BOM)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}):
		return utf32.UTF32(utf32.LittleEndian, utf32.ExpectBOM), 0
	case bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}):
		return utf32.UTF32(utf32.BigEndian, utf32.ExpectBOM), 0
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return mixed16{1}, 0
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return mixed16{0}, 0
	}
	if bytes.IndexByte(head, 0) >= 0 {
		if e := utf16Without(head); e != nil {
			return e, 0
		}
	}
	if validUTF8(head) {
		return nil, 0
	}
	if isEBCDIC(head) {
		return ebcdic{}, 0
	}
	sample := head
	if len(sample) > 64*kib {
		sample = sample[:64*kib]
	}
	// The detector is far slower than we are; it needs the unusual bytes, not the usual ones.
	sample = unusual(sample)
	if r := chardet.Detect(sample); r.Confidence > 0.5 {
		if e, err := htmlindex.Get(r.Encoding); err == nil && e != encoding.Nop {
			if name, _ := htmlindex.Name(e); name != "utf-8" && e != encoding.Replacement {
				return e, 0
			}
		}
	}
	if fallback != "" {
		return encodingOf(fallback), 0
	}
	return charmap.Windows1252, 0
}

// encodingOf returns the encoding of a name, or that of western text when it is not known. Some encodings browsers read as nothing at all,
// since what shifts between alphabets may hide a script from a filter. Here such a text is worth a look all the more. In those that are
// meant (ISO-2022-KR and -CN) ASCII stands for itself.
func encodingOf(name string) encoding.Encoding {
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e
	}
	return charmap.Windows1252
}

// validUTF8 forgives a rune that the end cuts in two.
func validUTF8(b []byte) bool {
	if utf8.Valid(b) {
		return true
	}
	for i := 1; i < utf8.UTFMax && i < len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			return c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) && utf8.Valid(b[:len(b)-i])
		}
	}
	return false
}

// utf16Without recognises UTF-16 that has no byte order mark by its zeros: in text most characters are below U+0100 or come
// from one block, so one of the two bytes varies little.
func utf16Without(head []byte) encoding.Encoding {
	n := min(len(head), 4*kib) &^ 1
	if n < 8 {
		return nil
	}
	if e := utf32Without(head); e != nil {
		return e
	}
	var zero [2]int
	for i := range n {
		if head[i] == 0 {
			zero[i&1]++
		}
	}
	switch half := n / 2; {
	case zero[1] > half*6/10 && zero[0]*20 <= zero[1]:
		return mixed16{1}
	case zero[0] > half*6/10 && zero[1]*20 <= zero[0]:
		return mixed16{0}
	case zero[0] == 0 && script16(head[:n], 1):
		return mixed16{1}
	case zero[1] == 0 && script16(head[:n], 0):
		return mixed16{0}
	}
	return nil
}

// utf32Without recognises UTF-32 that has no byte order mark: every four bytes are a character, and one of the first plane.
func utf32Without(head []byte) encoding.Encoding {
	n := min(len(head), 4*kib) &^ 3
	if n < 16 {
		return nil
	}
	little, big := true, true
	for i := 0; i < n && (little || big); i += 4 {
		c := head[i : i+4]
		little = little && c[3] == 0 && c[2] == 0 && (c[0] != 0 || c[1] != 0)
		big = big && c[0] == 0 && c[1] == 0 && (c[2] != 0 || c[3] != 0)
	}
	switch {
	case little:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case big:
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	}
	return nil
}

// script16 says whether pairs of bytes, the upper of which is at odd or even places, are characters of a script other than the
// Latin one: of one block, or Chinese, Japanese or Korean, and between them spaces, signs and ends of lines of ASCII.
func script16(b []byte, upper int) bool {
	var blocks [256]int
	plain, east := 0, 0
	for i := 0; i+1 < len(b); i += 2 {
		u, low := b[i+upper], b[i+1-upper]
		blocks[u]++
		switch {
		case u == 0 && (low >= ' ' && low < 0x7f || low == '\n' || low == '\r' || low == '\t'):
			plain++
		case u == 0x30 || u == 0xff || u >= 0x4e && u <= 0x9f || u >= 0xac && u <= 0xd7:
			east++
		}
	}
	units := len(b) / 2
	if plain == 0 || plain != blocks[0] {
		return false
	}
	one := 0
	for u, n := range blocks {
		if u >= 0x03 && u <= 0x06 || u >= 0x09 && u <= 0x10 || u == 0x30 {
			one = max(one, n)
		}
	}
	return (plain+one)*100 >= units*95 && one > 0 || (plain+east)*100 >= units*97
}

// unusual keeps the neighbourhoods of bytes outside ASCII.
func unusual(b []byte) []byte {
	if len(b) < 4*kib {
		return b
	}
	out := make([]byte, 0, 4*kib)
	for i := 0; i < len(b) && len(out) < 4*kib; i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		lo, hi := max(0, i-8), i+1
		for hi < len(b) && (b[hi] >= utf8.RuneSelf || hi-i < 8) {
			hi++
		}
		out = append(out, b[lo:hi]...)
		i = hi
	}
	return out
}
