package extract

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// tidier takes out of text what its reader does not see and would not miss: characters without width, marks of direction, soft
// hyphens, byte order marks, the colours of a terminal, letters struck over, the zeros of UTF-16 in the midst of other text.
// Spaces, minus signs and forms as wide as Chinese characters become the plain ones. It remembers where each change was.
//
// Its memory is part of the fixed buffers of a walker.
type tidier struct {
	text   []byte
	spans  []span // text to what was there
	joined []span // text to raw
	wide   int    // zeros before this place belong to UTF-16
}

// maxSequence is the longest control sequence of a terminal.
const maxSequence = 64

// Tidy replaces Text by what a reader of it sees, where that is something else. It is for sinks that look at the text.
func (s *Segment) Tidy() {
	if s.tidier == nil {
		return
	}
	t := s.tidier
	at, mask := nextOdd(s.Text, 0)
	if mask == 0 && !oddTail(s.Text[at:]) {
		return
	}
	if !t.run(s.Text, at, mask) {
		return
	}
	s.Lo, s.Hi = spansOut(t.spans, s.Lo, len(t.text)), spansOut(t.spans, s.Hi, len(t.text))
	if s.spans == nil {
		s.spans = t.spans
	} else {
		t.joined = joinSpans(t.joined[:0], t.spans, s.spans)
		s.spans = t.joined
	}
	s.Text = t.text
}

// TidyName is the name of a column or member as its reader sees it.
func TidyName(name []byte) []byte {
	if !oddTail(name) {
		return name
	}
	var t tidier
	if t.run(name, 0, 0) {
		return t.text
	}
	return name
}

func oddTail(text []byte) bool {
	for _, c := range text {
		if oddBytes[c] {
			return true
		}
	}
	return false
}

// run tidies text, whose first odd bytes are in mask, from at on. It returns false when there was nothing to do.
func (t *tidier) run(text []byte, at int, mask uint64) bool {
	t.text, t.spans, t.wide = t.text[:0], t.spans[:0], 0
	done := 0 // what of text is in t.text, or replaced
	for {
		if mask == 0 {
			if at+chunk <= len(text) {
				if at, mask = nextOdd(text, at); mask != 0 {
					continue
				}
			}
			var rest [chunk]byte
			n := copy(rest[:], text[at:])
			for i := n; i < chunk; i++ {
				rest[i] = ' '
			}
			if _, mask = nextOdd(rest[:], 0); mask == 0 {
				break
			}
		}
		i := at + bits.TrailingZeros64(mask)
		mask &= mask - 1
		if i >= done && !usual(text, i) {
			if n, by := t.odd(text, i); n > 0 {
				if len(t.spans) == 0 {
					t.spans = append(t.spans, span{})
				}
				t.text = append(t.text, text[done:i]...)
				if by == erase {
					n = t.erase(text, i)
				} else if by != "" {
					t.text = append(t.text, by...)
				}
				done = i + n
				t.spans = append(t.spans, span{int32(len(t.text)), int32(done)})
			}
		}
		if mask == 0 {
			if at += chunk; at >= len(text) {
				break
			}
			if done > at+chunk {
				at = done &^ (chunk - 1)
			}
		}
	}
	if len(t.spans) == 0 {
		return false
	}
	t.text = append(t.text, text[done:]...)
	return true
}

// usual passes quickly over what is common in some languages: kana, and quotation marks and dashes of print.
func usual(text []byte, i int) bool {
	if i+2 >= len(text) {
		return false
	}
	switch second, third := text[i+1], text[i+2]; text[i] {
	case 0xe3:
		return (second != 0x80 || third != 0x80) && (second != 0x85 || third != 0xa4)
	case 0xe2:
		return second == 0x80 && third-0x90 < 0x18
	case 0xc2:
		return second != 0xad && second != 0x9b && second != 0x9d
	}
	return false
}

// erase, in place of what is written instead, says that the character before goes too.
const erase = "\b"

// odd says how many bytes from text[i] on are to be replaced, and by what; 0: they are as they should be.
func (t *tidier) odd(text []byte, i int) (n int, by string) {
	rest := text[i:]
	second, third := byte(0), byte(0)
	if len(rest) > 1 {
		second = rest[1]
	}
	if len(rest) > 2 {
		third = rest[2]
	}
	switch rest[0] {
	case 0:
		return t.zero(text, i), ""
	case '\b':
		return 1, erase
	case 0x1b:
		return terminal(rest, 1)
	case 0xc2:
		switch second {
		case 0xad: // soft hyphen
			return 2, ""
		case 0x9b, 0x9d: // the control sequence and the command in one character
			return terminal(rest, 2)
		}
	case 0xcd: // grapheme joiner
		return when(second == 0x8f, 2), ""
	case 0xd8: // Arabic letter mark
		return when(second == 0x9c, 2), ""
	case 0xe1: // Ogham space; Mongolian variation selectors and vowel separator
		if second == 0x9a && third == 0x80 {
			return 3, " "
		}
		return when(second == 0xa0 && third >= 0x8b && third <= 0x8f, 3), ""
	case 0xe2:
		return punctuation(second, third)
	case 0xe3: // ideographic space, Hangul filler
		return when(second == 0x80 && third == 0x80 || second == 0x85 && third == 0xa4, 3), " "
	case 0xef:
		return wideForm(second, third)
	case 0xf3: // tags, and more variation selectors
		return when(second == 0xa0 && third >= 0x80 && third <= 0x87 && len(rest) > 3, 4), ""
	}
	return 0, ""
}

func when(is bool, n int) int {
	if is {
		return n
	}
	return 0
}

// punctuation is what U+2000 to U+22FF has.
func punctuation(second, third byte) (n int, by string) {
	switch {
	case second == 0x80 && third >= 0x80 && third <= 0x8a, second == 0x80 && third == 0xaf, second == 0x81 && third == 0x9f,
		second == 0xa0 && third == 0x80: // the last is Braille's
		return 3, " "
	case second == 0x80 && (third >= 0x8b && third <= 0x8f || third >= 0xaa && third <= 0xae), second == 0x81 && third >= 0xa0 && third <= 0xaf:
		return 3, "" // without width; marks of direction
	case second == 0x80 && (third == 0xa8 || third == 0xa9): // ends of lines and paragraphs
		return 3, "\n"
	case second == 0x88 && third == 0x92:
		return 3, "-"
	}
	return 0, ""
}

// ascii is every character from space on.
const ascii = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// wideForm is what U+F000 to U+FFFF has.
func wideForm(second, third byte) (n int, by string) {
	switch {
	case second == 0xbb && third == 0xbf, second == 0xb8 && third >= 0x80 && third <= 0x8f, second == 0xbf && third >= 0xb9 && third <= 0xbb:
		return 3, "" // byte order mark, variation selectors, interlinear notes
	case second == 0xb9 && third == 0xa3:
		return 3, "-"
	case second == 0xbc && third >= 0x81 && third <= 0xbf:
		return 3, ascii[third-0x80:][:1]
	case second == 0xbd && third >= 0x80 && third <= 0x9e:
		return 3, ascii[third-0x80+0x40:][:1]
	}
	return 0, ""
}

// zero says whether the zero at i is half of a character of UTF-16: every second byte is zero, and the others are not, for four
// characters or more.
func (t *tidier) zero(text []byte, i int) int {
	if i < t.wide {
		return 1
	}
	j := i
	for j < len(text) && text[j] == 0 && (j+1 == len(text) || text[j+1] != 0 && text[j+1] < utf8.RuneSelf) {
		j += 2
	}
	if j-i < 8 {
		return 0
	}
	t.wide = j
	return 1
}

// erase takes back the character before a backspace, unless what is written over it is only a line below. It returns how many
// bytes are used up.
func (t *tidier) erase(text []byte, i int) int {
	last := len(t.text)
	if last == 0 || t.text[last-1] == '\n' {
		return 1
	}
	if i+1 < len(text) && text[i+1] == '_' && t.text[last-1] != '_' {
		return 2
	}
	_, size := utf8.DecodeLastRune(t.text)
	t.text = t.text[:last-size]
	for n := len(t.spans); n > 1 && int(t.spans[n-1].out) > len(t.text); n-- {
		t.spans = t.spans[:n-1]
	}
	return 1
}

// terminal is a control sequence of a terminal, whose introduction is b[:lead]. Colours leave nothing, moves of the cursor a space.
// Of what is told to the terminal, titles and links, only the brackets go: they may say something.
func terminal(b []byte, lead int) (n int, by string) {
	kind := byte('[')
	switch {
	case lead == 2 && b[1] == 0x9d:
		kind = ']'
	case lead == 1:
		if len(b) < 2 {
			return 1, ""
		}
		kind = b[1]
		lead = 2
	}
	switch {
	case kind == '[':
		for n = lead; n < min(len(b), maxSequence); n++ {
			if c := b[n]; c >= 0x40 && c <= 0x7e {
				switch c {
				case 'm', 'K', 'h', 'l', 'n', 'q', 's', 'u':
					return n + 1, ""
				}
				return n + 1, " "
			} else if c < 0x20 || c >= 0x7f {
				break
			}
		}
		return lead, " "
	case kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_':
		for n = lead; n < min(len(b), maxSequence) && (b[n] >= '0' && b[n] <= '9' || b[n] == ';'); n++ {
		}
		if n < len(b) && b[n] == 7 {
			return n + 1, ""
		}
		if bytes.HasPrefix(b[n:], []byte("\x1b\\")) {
			return n + 2, ""
		}
		return n, " "
	case kind == '\\': // the end of one
		return 2, " "
	case kind == '$' && len(b) > 2 && b[2] >= '(' && b[2] <= '/': // those of several bytes
		return min(4, len(b)), ""
	case kind == '$':
		return min(3, len(b)), ""
	case kind >= '(' && kind <= '/' || kind == '#' || kind == '%' || kind == ' ': // character sets
		return min(3, len(b)), ""
	case kind >= '0' && kind <= '~':
		return 2, ""
	}
	return 1, ""
}

// spansOut translates a place in what was there to one in the text.
func spansOut(spans []span, in, length int) int {
	lo, hi := 0, len(spans)
	for lo < hi {
		if m := (lo + hi) / 2; int(spans[m].in) > in {
			hi = m
		} else {
			lo = m + 1
		}
	}
	if lo == 0 {
		return min(in, length)
	}
	out := int(spans[lo-1].out) + in - int(spans[lo-1].in)
	if lo < len(spans) {
		out = min(out, int(spans[lo].out))
	}
	return min(out, length)
}

// joinSpans makes one translation of two: outer from the text to what inner translates to raw.
func joinSpans(dst, outer, inner []span) []span {
	k := 0
	for i, o := range outer {
		for k < len(inner) && inner[k].out <= o.in {
			k++
		}
		in := o.in
		if k > 0 {
			in = inner[k-1].in + o.in - inner[k-1].out
			if k < len(inner) {
				in = min(in, inner[k].in)
			}
		}
		dst = append(dst, span{o.out, in})
		for ; k < len(inner) && (i+1 == len(outer) || inner[k].out < outer[i+1].in); k++ {
			out := o.out + inner[k].out - o.in
			if i+1 < len(outer) && out >= outer[i+1].out {
				break
			}
			dst = append(dst, span{out, inner[k].in})
		}
	}
	return dst
}
