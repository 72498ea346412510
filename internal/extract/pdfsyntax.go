package extract

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The values of PDF. Arrays are []any, null is nil.
type (
	pdfNumber float64
	pdfName   string
	pdfString []byte
	pdfDict   map[string]any
	pdfRef    int // generations are of no use to a reader
	pdfWord   string
)

type pdfStream struct {
	dict       pdfDict
	off        int64
	number     int // of the object, for its key
	generation int
}

// pdfLexer parses values from bytes. short is set when they ended before a value did, and when the work or the memory for it
// ended, which over says too.
type pdfLexer struct {
	f     *pdfFile // counts the work; nil for a few bytes
	b     []byte
	pos   int
	short bool
	over  bool
	cost  int64 // what the values occupy, about
	limit int64 // of cost
	paid  int   // bytes that have been counted as work
}

// What values occupy: the interface that holds one, and what it points to.
const (
	pdfValueCost = 24
	pdfArrayCost = 48
	pdfDictCost  = 400
	pdfEntryCost = 64
)

// pay takes n bytes of memory for a value and counts the work so far.
func (l *pdfLexer) pay(n int) {
	if l.cost += int64(n); l.cost > l.limit {
		l.over, l.short = true, true
	}
	if l.f != nil && l.pos-l.paid > 16*kib {
		if l.f.step(l.pos-l.paid) != nil {
			l.over, l.short = true, true
		}
		l.paid = l.pos
	}
}

const maxPDFNesting = 64

func pdfSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0 || c == '\f'
}

func pdfDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *pdfLexer) space() {
	for l.pos < len(l.b) {
		c := l.b[l.pos]
		if c == '%' {
			for l.pos < len(l.b) && l.b[l.pos] != '\n' && l.b[l.pos] != '\r' {
				l.pos++
			}
			continue
		}
		if !pdfSpace(c) {
			return
		}
		l.pos++
	}
}

// keyword reads a regular word.
func (l *pdfLexer) keyword() string {
	l.space()
	from := l.pos
	for l.pos < len(l.b) && !pdfSpace(l.b[l.pos]) && !pdfDelimiter(l.b[l.pos]) {
		l.pos++
	}
	if l.pos == len(l.b) {
		l.short = true
	}
	return string(l.b[from:l.pos])
}

// object reads a value, or an operator as a pdfWord. A closing bracket by itself is a pdfWord too. At the end it is nil, with
// short set.
func (l *pdfLexer) object(depth int) any {
	l.space()
	if l.pos >= len(l.b) || depth > maxPDFNesting {
		l.short = true
		return nil
	}
	switch c := l.b[l.pos]; c {
	case '/':
		return l.name()
	case '(':
		return l.literal()
	case '<':
		if l.pos+1 < len(l.b) && l.b[l.pos+1] == '<' {
			return l.dict(depth)
		}
		return l.hex()
	case '[':
		return l.array(depth)
	case '>':
		l.pos++
		if l.pos < len(l.b) && l.b[l.pos] == '>' {
			l.pos++
		}
		return pdfWord(">>")
	case ']', ')', '{', '}':
		l.pos++
		return pdfWord(c)
	}
	word := l.keyword()
	l.pay(len(word))
	switch word {
	case "true", "false":
		return word == "true"
	case "null":
		return nil
	}
	if c := word[0]; c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
		n, ok := pdfNum(word)
		if !ok {
			return pdfWord(word)
		}
		if c >= '0' && c <= '9' {
			if l.reference() {
				return pdfRef(n)
			}
		}
		return pdfNumber(n)
	}
	return pdfWord(word)
}

func (l *pdfLexer) array(depth int) []any {
	l.pos++
	list := []any{}
	l.pay(pdfArrayCost)
	for {
		l.space()
		if l.pos >= len(l.b) {
			l.short = true
			return list
		}
		if l.b[l.pos] == ']' {
			l.pos++
			return list
		}
		v := l.object(depth + 1)
		if l.short {
			return list
		}
		if w, ok := v.(pdfWord); ok {
			if w == ">>" || w == "endobj" {
				return list
			}
			continue
		}
		list = append(list, v)
		l.pay(pdfValueCost)
	}
}

func pdfNum(s string) (float64, bool) {
	if len(s) < 10 { // most are small whole numbers
		n, neg := 0, false
		for i := range len(s) {
			c := s[i]
			if i == 0 && c == '-' && len(s) > 1 {
				neg = true
				continue
			}
			if c < '0' || c > '9' {
				f, err := strconv.ParseFloat(s, 64)
				return f, err == nil && f == f && f < 1e15 && f > -1e15
			}
			n = n*10 + int(c-'0')
		}
		if neg {
			n = -n
		}
		return float64(n), true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f == f && f < 1e15 && f > -1e15
}

// reference takes " 0 R" if that follows.
func (l *pdfLexer) reference() bool {
	i := l.pos
	skip := func() bool {
		from := i
		for i < len(l.b) && pdfSpace(l.b[i]) {
			i++
		}
		return i > from
	}
	if !skip() {
		return false
	}
	from := i
	for i < len(l.b) && l.b[i] >= '0' && l.b[i] <= '9' {
		i++
	}
	if i == from || i-from > 5 || !skip() || i >= len(l.b) || l.b[i] != 'R' {
		return false
	}
	if i+1 < len(l.b) && !pdfSpace(l.b[i+1]) && !pdfDelimiter(l.b[i+1]) {
		return false
	}
	l.pos = i + 1
	return true
}

func (l *pdfLexer) name() pdfName {
	l.pos++
	from := l.pos
	for l.pos < len(l.b) && !pdfSpace(l.b[l.pos]) && !pdfDelimiter(l.b[l.pos]) {
		l.pos++
	}
	if l.pos == len(l.b) {
		l.short = true
	}
	raw := l.b[from:l.pos]
	l.pay(pdfValueCost + len(raw))
	if bytes.IndexByte(raw, '#') < 0 {
		return pdfName(raw)
	}
	return pdfName(unescapeName(raw))
}

func unescapeName(raw []byte) []byte {
	var out []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) && unhex(raw[i+1]) >= 0 && unhex(raw[i+2]) >= 0 {
			out = append(out, byte(unhex(raw[i+1])<<4|unhex(raw[i+2])))
			i += 2
			continue
		}
		out = append(out, raw[i])
	}
	return out
}

func (l *pdfLexer) dict(depth int) pdfDict {
	l.pos += 2
	d := pdfDict{}
	l.pay(pdfDictCost)
	for {
		key := l.object(depth + 1)
		if l.short {
			return d
		}
		switch k := key.(type) {
		case pdfName:
			v := l.object(depth + 1)
			if w, ok := v.(pdfWord); ok {
				if w == ">>" {
					return d
				}
				continue
			}
			d[string(k)] = v
			l.pay(pdfEntryCost)
		case pdfWord:
			if k == ">>" || k == "endobj" || k == "stream" {
				return d
			}
		}
	}
}

func (l *pdfLexer) literal() pdfString {
	l.pos++
	depth := 1
	out := pdfString{}
	defer func() { l.pay(pdfArrayCost + cap(out)) }()
	for l.pos < len(l.b) {
		c := l.b[l.pos]
		l.pos++
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return out
			}
		case '\\':
			if l.pos >= len(l.b) {
				l.short = true
				return out
			}
			c = l.b[l.pos]
			l.pos++
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case '\r':
				if l.pos < len(l.b) && l.b[l.pos] == '\n' {
					l.pos++
				}
				continue
			case '\n':
				continue
			default:
				if c >= '0' && c <= '7' {
					v := int(c - '0')
					for k := 0; k < 2 && l.pos < len(l.b) && l.b[l.pos] >= '0' && l.b[l.pos] <= '7'; k++ {
						v = v<<3 | int(l.b[l.pos]-'0')
						l.pos++
					}
					c = byte(v)
				}
			}
		}
		out = append(out, c)
	}
	l.short = true
	return out
}

func (l *pdfLexer) hex() pdfString {
	l.pos++
	out := pdfString{}
	defer func() { l.pay(pdfArrayCost + cap(out)) }()
	half := -1
	for l.pos < len(l.b) {
		c := l.b[l.pos]
		l.pos++
		if c == '>' {
			if half >= 0 {
				out = append(out, byte(half<<4))
			}
			return out
		}
		v := unhex(c)
		if v < 0 {
			continue
		}
		if half < 0 {
			half = v
		} else {
			out = append(out, byte(half<<4|v))
			half = -1
		}
	}
	l.short = true
	return out
}

// streamStart says where the data of a stream begins, when the dictionary just read is one's.
func (l *pdfLexer) streamStart() (int, bool) {
	l.space()
	if !bytes.HasPrefix(l.b[l.pos:], []byte("stream")) {
		if len(l.b)-l.pos < 8 {
			l.short = true
		}
		return 0, false
	}
	at := l.pos + 6
	if at+2 > len(l.b) {
		l.short = true
		return 0, false
	}
	if l.b[at] == '\r' {
		at++
	}
	if at < len(l.b) && l.b[at] == '\n' {
		at++
	}
	return at, true
}

// pdfText decodes a string that a person reads: UTF-16 or UTF-8 with a mark, else the standard's own nearly Latin-1.
func pdfText(s pdfString) string {
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case bytes.HasPrefix(s, []byte{0xfe, 0xff}):
	case bytes.HasPrefix(s, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(s, utf8BOM):
		return string(bytes.ToValidUTF8(s[3:], []byte("\ufffd")))
	default:
		out := make([]byte, 0, len(s))
		for _, c := range s {
			out = utf8.AppendRune(out, pdfDocChar(c))
		}
		return string(out)
	}
	out := make([]byte, 0, len(s)/2)
	for i := 2; i+1 < len(s); i += 2 {
		c := order.Uint16(s[i:])
		if c == 0x1b { // a language stands between two of these
			for i += 2; i+1 < len(s) && order.Uint16(s[i:]) != 0x1b; i += 2 {
			}
			continue
		}
		r := rune(c)
		if utf16.IsSurrogate(r) && i+3 < len(s) {
			if r = utf16.DecodeRune(r, rune(order.Uint16(s[i+2:]))); r != utf8.RuneError {
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// pdfDocHigh is the characters of PDFDocEncoding from 0x80 on that are not Latin-1.
var pdfDocHigh = []rune("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\ufffd€")

func pdfDocChar(c byte) rune {
	if c >= 0x80 && c <= 0xa0 {
		return pdfDocHigh[c-0x80]
	}
	return rune(c)
}
