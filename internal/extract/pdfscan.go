package extract

import (
	"bytes"
	"io"
	"sync"
)

// pdfScanner reads a content stream, or a character map, as operators with what stands before them. It allocates nothing for a
// token: operands are kept in args, and the bytes of strings and names in text, until the next operator.
type pdfScanner struct {
	f    *pdfFile
	r    io.Reader
	buf  []byte
	pos  int
	n    int
	eof  bool
	args []pdfArg
	text []byte
	open int    // arrays; a word in one is no operator
	op   uint32 // up to four bytes of the operator, the first one lowest
	word []byte // the operator whole, valid until the next one
}

// pdfArg is an operand, or the beginning or the end of an array or a dictionary.
type pdfArg struct {
	num    float64
	lo, hi int32 // in text
	kind   pdfArgKind
}

type pdfArgKind uint8

const (
	argOther pdfArgKind = iota
	argNumber
	argString
	argName
	argArray
	argArrayEnd
	argDict
	argDictEnd
)

const (
	pdfScanBuffer = 32 * kib
	pdfScanAhead  = 256 // what numbers, names and operators may be long
	maxPDFArgs    = 64 * kib
	maxPDFText    = 1 * mib
)

var pdfScanners = sync.Pool{New: func() any { return &pdfScanner{buf: make([]byte, pdfScanBuffer)} }}

func newPDFScanner(f *pdfFile, r io.Reader) *pdfScanner {
	s := pdfScanners.Get().(*pdfScanner)
	s.f, s.r = f, r
	s.pos, s.n, s.eof = 0, 0, false
	return s
}

func (s *pdfScanner) close() {
	s.f, s.r = nil, nil
	if cap(s.args) > 4*kib || cap(s.text) > 64*kib {
		s.args, s.text = nil, nil
	}
	pdfScanners.Put(s)
}

// pdfClass says what a byte is in the syntax.
var pdfClass = func() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		switch {
		case pdfSpace(c):
			t[i] = pdfIsSpace
		case pdfDelimiter(c):
			t[i] = pdfIsDelimiter
		case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
			t[i] = pdfIsNumber
		}
	}
	return t
}()

const (
	pdfIsWord = iota // and so is what a number consists of, inside a word
	pdfIsNumber
	pdfIsSpace
	pdfIsDelimiter
)

// fill moves what is left to the front and reads more.
func (s *pdfScanner) fill() {
	copy(s.buf, s.buf[s.pos:s.n])
	s.n -= s.pos
	s.pos = 0
	for s.n < len(s.buf)/2 && !s.eof {
		k, err := s.r.Read(s.buf[s.n:])
		s.n += k
		if err != nil || s.f.step(k+1) != nil {
			s.eof = true
		}
	}
}

// next reads up to an operator and through it. It returns false at the end; then the operands mean nothing.
func (s *pdfScanner) next() bool {
	s.args, s.text, s.open = s.args[:0], s.text[:0], 0
	for {
		i, n, buf := s.pos, s.n, s.buf
		for i < n && pdfClass[buf[i]] == pdfIsSpace {
			i++
		}
		s.pos = i
		if n-i < pdfScanAhead && !s.eof {
			s.fill()
			continue
		}
		if i >= n {
			if s.open > 0 {
				s.f.lose(MalformedFile, "an array without an end")
			}
			return false
		}
		switch pdfClass[buf[i]] {
		case pdfIsNumber:
			s.number()
		case pdfIsDelimiter:
			s.delimited()
		default:
			if s.operator() && s.open == 0 {
				return true
			}
		}
		if len(s.args) >= maxPDFArgs || len(s.text) >= maxPDFText {
			s.f.lose(UnableToParseFile, "an operator with too many operands")
			s.args, s.text, s.open = s.args[:0], s.text[:0], 0
		}
	}
}

// operator reads a word. It reports false for those that are operands.
func (s *pdfScanner) operator() bool {
	from := s.pos
	var op uint32
	for s.pos < s.n && pdfClass[s.buf[s.pos]] <= pdfIsNumber && s.pos-from < pdfScanAhead {
		if k := s.pos - from; k < 4 {
			op |= uint32(s.buf[s.pos]) << (8 * k)
		}
		s.pos++
	}
	s.op, s.word = op, s.buf[from:s.pos]
	if len(s.word) >= 4 {
		switch string(s.word) {
		case "true", "false", "null":
			s.args = append(s.args, pdfArg{})
			return false
		}
	}
	return true
}

var pdfTenths = [...]float64{1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15}

// number reads one, with as much forgiveness as other readers have: what follows a second sign or point is dropped.
func (s *pdfScanner) number() {
	i, n, buf := s.pos, s.n, s.buf
	neg := false
	for i < n && (buf[i] == '-' || buf[i] == '+') {
		neg = neg || buf[i] == '-'
		i++
	}
	v, digits := int64(0), 0
	for ; i < n && buf[i]-'0' <= 9; i++ {
		if digits < 15 {
			v = v*10 + int64(buf[i]-'0')
		}
		digits++
	}
	num := float64(v)
	if digits > 15 {
		num = 1e15
	}
	if i < n && buf[i] == '.' {
		frac := 0
		for i++; i < n && buf[i]-'0' <= 9; i++ {
			if digits+frac < 15 {
				v = v*10 + int64(buf[i]-'0')
				frac++
			}
		}
		if digits <= 15 {
			num = float64(v) * pdfTenths[frac]
		}
	}
	for i < n && pdfClass[buf[i]] <= pdfIsNumber && i-s.pos < pdfScanAhead {
		i++
	}
	if neg {
		num = -num
	}
	s.pos = i
	s.args = append(s.args, pdfArg{kind: argNumber, num: num})
}

func (s *pdfScanner) delimited() {
	c := s.buf[s.pos]
	s.pos++
	switch c {
	case '(':
		s.literal()
	case '/':
		s.name()
	case '[':
		s.args = append(s.args, pdfArg{kind: argArray})
		s.open++
	case ']':
		s.args = append(s.args, pdfArg{kind: argArrayEnd})
		s.open = max(0, s.open-1)
	case '<':
		if s.pos < s.n && s.buf[s.pos] == '<' {
			s.pos++
			s.args = append(s.args, pdfArg{kind: argDict})
			return
		}
		s.hex()
	case '>':
		if s.pos < s.n && s.buf[s.pos] == '>' {
			s.pos++
		}
		s.args = append(s.args, pdfArg{kind: argDictEnd})
	case '%':
		for !s.ended() && s.buf[s.pos] != '\n' && s.buf[s.pos] != '\r' {
			s.pos++
		}
	}
}

// ended says whether there is no further byte at pos.
func (s *pdfScanner) ended() bool {
	if s.pos < s.n {
		return false
	}
	if !s.eof {
		s.fill()
	}
	return s.pos >= s.n
}

func (s *pdfScanner) name() {
	lo := len(s.text)
	from := s.pos
	for s.pos < s.n && pdfClass[s.buf[s.pos]] <= pdfIsNumber && s.pos-from < pdfScanAhead {
		s.pos++
	}
	raw := s.buf[from:s.pos]
	if bytes.IndexByte(raw, '#') < 0 {
		s.text = append(s.text, raw...)
	} else {
		s.text = append(s.text, unescapeName(raw)...)
	}
	s.args = append(s.args, pdfArg{kind: argName, lo: int32(lo), hi: int32(len(s.text))})
}

func (s *pdfScanner) literal() {
	lo, depth := len(s.text), 1
	for !s.ended() && len(s.text) < maxPDFText {
		i, n, buf := s.pos, s.n, s.buf
		for i < n && buf[i] != '(' && buf[i] != ')' && buf[i] != '\\' {
			i++
		}
		s.text = append(s.text, buf[s.pos:i]...)
		if s.pos = i; i == n {
			continue
		}
		c := buf[i]
		s.pos++
		if c == '\\' {
			s.escape()
			continue
		}
		if c == '(' {
			depth++
		} else if depth--; depth == 0 {
			break
		}
		s.text = append(s.text, c)
	}
	s.args = append(s.args, pdfArg{kind: argString, lo: int32(lo), hi: int32(len(s.text))})
}

// escape reads what follows a backslash in a string.
func (s *pdfScanner) escape() {
	if s.ended() {
		return
	}
	c := s.buf[s.pos]
	s.pos++
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
	case '\n':
		return
	case '\r':
		if !s.ended() && s.buf[s.pos] == '\n' {
			s.pos++
		}
		return
	default:
		if c >= '0' && c <= '7' {
			c -= '0'
			for k := 0; k < 2 && !s.ended() && s.buf[s.pos] >= '0' && s.buf[s.pos] <= '7'; k++ {
				c = c<<3 | (s.buf[s.pos] - '0')
				s.pos++
			}
		}
	}
	s.text = append(s.text, c)
}

func (s *pdfScanner) hex() {
	lo, half := len(s.text), -1
	for !s.ended() && len(s.text) < maxPDFText {
		c := s.buf[s.pos]
		s.pos++
		if c == '>' {
			break
		}
		v := unhex(c)
		switch {
		case v < 0:
		case half < 0:
			half = v
		default:
			s.text = append(s.text, byte(half<<4|v))
			half = -1
		}
	}
	if half >= 0 {
		s.text = append(s.text, byte(half<<4))
	}
	s.args = append(s.args, pdfArg{kind: argString, lo: int32(lo), hi: int32(len(s.text))})
}

// skipImage passes over the data of an inline image, from after ID to after EI. Two letters may stand in the data by chance, so
// what follows them must look like content.
func (s *pdfScanner) skipImage() {
	const after = 16
	for {
		if s.n-s.pos < after+4 && !s.eof {
			s.fill()
		}
		i := bytes.Index(s.buf[s.pos:s.n], []byte("EI"))
		if i < 0 {
			if s.eof {
				s.f.lose(MalformedFile, "an inline image without an end")
				s.pos = s.n
				return
			}
			s.pos = max(s.pos, s.n-3)
			s.fill()
			continue
		}
		at := s.pos + i
		if s.n-at < after+2 && !s.eof {
			s.pos = max(s.pos, at-1)
			s.fill()
			continue
		}
		s.pos = at + 2
		if at > 0 && pdfSpace(s.buf[at-1]) && looksLikeContent(s.buf[s.pos:min(s.n, s.pos+after)]) {
			return
		}
	}
}

func looksLikeContent(b []byte) bool {
	if len(b) > 0 && !pdfSpace(b[0]) {
		return false
	}
	for _, c := range b {
		if (c < ' ' || c > '~') && !pdfSpace(c) || c == 0 {
			return false
		}
	}
	return true
}

// What operators ask of their operands.

func (s *pdfScanner) num(i int) float64 {
	if i >= 0 && i < len(s.args) {
		return s.args[i].num
	}
	return 0
}

// bytes is the string or name at i.
func (s *pdfScanner) bytes(i int) []byte {
	if i >= 0 && i < len(s.args) {
		return s.text[s.args[i].lo:s.args[i].hi]
	}
	return nil
}

func (s *pdfScanner) is(i int, kind pdfArgKind) bool {
	return i >= 0 && i < len(s.args) && s.args[i].kind == kind
}
