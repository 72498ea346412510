package extract

import (
	"bytes"
	"html"
	"io"
	"strconv"
	"sync"
	"unicode/utf8"
)

// xmlReader is a forgiving tokenizer of markup that streams and holds only the token at hand. It reads HTML as well as XML,
// and everything that calls itself one of them: nothing is an error but the end.
type xmlReader struct {
	r   io.Reader
	buf []byte
	pos int // next byte
	end int
	eof bool
	err error

	// The token at hand, valid until next.
	kind  xmlKind
	name  []byte // of a tag, as written
	attrs []byte // of a start tag, raw
	text  []byte // of text, comment or CDATA: raw
	raw   []byte // all of it
	empty bool   // <name/>
	from  int64  // of the token in the stream
	base  int64  // of buf[0] in the stream
}

type xmlKind uint8

const (
	xmlText xmlKind = iota
	xmlStart
	xmlEnd
	xmlComment
	xmlCDATA
	xmlOther // processing instructions, declarations
)

const xmlBuffer = 64 * kib

// xmlBuffers are used again: a file of many parts would leave one behind for each.
var xmlBuffers = sync.Pool{New: func() any { return new([xmlBuffer]byte) }}

// newXML reads the markup in r. close gives its buffer back.
func newXML(r io.Reader) *xmlReader {
	return &xmlReader{r: r, buf: xmlBuffers.Get().(*[xmlBuffer]byte)[:]}
}

// close ends the reading: there is no token at hand any longer.
func (x *xmlReader) close() {
	if x.buf == nil {
		return
	}
	xmlBuffers.Put((*[xmlBuffer]byte)(x.buf))
	*x = xmlReader{eof: true, err: x.err, base: x.base}
}

// more reads on, keeping buf[pos:]; false when there is nothing more, or no room.
func (x *xmlReader) more() bool {
	if x.eof {
		return false
	}
	if x.pos > 0 {
		x.base += int64(x.pos)
		copy(x.buf, x.buf[x.pos:x.end])
		x.end -= x.pos
		x.pos = 0
	}
	if x.end == len(x.buf) {
		return false
	}
	for range 100 {
		n, err := x.r.Read(x.buf[x.end:])
		x.end += n
		if err != nil {
			x.eof = true
			if err != io.EOF {
				x.err = err
			}
		}
		if n > 0 {
			return true
		}
		if x.eof {
			return false
		}
	}
	x.eof, x.err = true, io.ErrNoProgress
	return false
}

// find returns where sep is after pos+from, reading on; -1 when the stream ends or the token is longer than the buffer.
func (x *xmlReader) find(from int, sep string) int {
	for {
		if i := bytes.Index(x.buf[min(x.pos+from, x.end):x.end], []byte(sep)); i >= 0 {
			return x.pos + from + i
		}
		from = max(from, x.end-x.pos-len(sep)+1)
		if !x.more() {
			return -1
		}
	}
}

// next moves to the next token; false at the end. Text longer than the buffer comes in pieces.
func (x *xmlReader) next() bool {
	if !x.token() {
		return false
	}
	x.raw = x.buf[x.from-x.base : x.pos]
	return true
}

func (x *xmlReader) token() bool {
	if x.pos == x.end && !x.more() {
		return false
	}
	x.from = x.base + int64(x.pos)
	x.empty, x.attrs = false, nil
	if x.buf[x.pos] != '<' {
		i := bytes.IndexByte(x.buf[x.pos:x.end], '<')
		for i < 0 {
			had := x.end - x.pos
			if !x.more() {
				break
			}
			if i = bytes.IndexByte(x.buf[x.pos+had:x.end], '<'); i >= 0 {
				i += had
			}
		}
		n := i
		if i < 0 {
			n = x.end - x.pos
			if !x.eof { // a piece: do not cut an entity or a rune
				if amp := bytes.LastIndexByte(x.buf[x.pos:x.pos+n], '&'); amp > n-maxNumber && amp > 0 {
					n = amp
				}
				for k := 0; k < utf8.UTFMax && n > 1 && n < x.end-x.pos && !utf8.RuneStart(x.buf[x.pos+n]); k++ {
					n--
				}
			}
		}
		x.from = x.base + int64(x.pos)
		x.kind, x.text = xmlText, x.buf[x.pos:x.pos+n]
		x.pos += n
		return true
	}
	for x.end-x.pos < 9 && x.more() {
	}
	rest := x.buf[x.pos:x.end]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return x.until(xmlComment, 4, "-->")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return x.until(xmlCDATA, 9, "]]>")
	case len(rest) > 1 && (rest[1] == '?' || rest[1] == '!'):
		return x.until(xmlOther, 2, ">")
	case len(rest) < 2 || rest[1] != '/' && !isNameStart(rest[1]):
		x.kind, x.text = xmlText, rest[:1] // a stray <
		x.pos++
		return true
	}
	end := x.tagEnd()
	if end < 0 {
		return x.until(xmlOther, 1, ">")
	}
	tag := x.buf[x.pos+1 : end]
	x.from = x.base + int64(x.pos)
	x.pos = end + 1
	x.kind = xmlStart
	if tag[0] == '/' {
		x.kind, tag = xmlEnd, tag[1:]
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		x.empty, tag = true, tag[:n-1]
	}
	n := 0
	for n < len(tag) && !isXMLSpace(tag[n]) && tag[n] != '/' {
		n++
	}
	x.name, x.attrs = tag[:n], tag[n:]
	return true
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= utf8.RuneSelf
}

// tagEnd finds the > that is not in an attribute's value.
func (x *xmlReader) tagEnd() int {
	var quote byte
	for i := 1; ; {
		for b := x.buf[x.pos:x.end]; i < len(b); i++ {
			switch c := b[i]; {
			case quote != 0:
				n := bytes.IndexByte(b[i:], quote)
				if n < 0 {
					i = len(b) - 1
					continue
				}
				i, quote = i+n, 0
			case c > '>': // nearly all are letters
			case c == '>':
				return x.pos + i
			case (c == '"' || c == '\'') && b[i-1] == '=':
				quote = c
			case c == '<':
				return -1
			}
		}
		if !x.more() {
			return -1
		}
	}
}

// until takes everything up to the terminator, or what the buffer holds of it.
func (x *xmlReader) until(kind xmlKind, skip int, sep string) bool {
	end := x.find(skip, sep)
	x.kind = kind
	x.from = x.base + int64(x.pos)
	if end < 0 {
		from := min(x.pos+skip, x.end)
		x.text = x.buf[from:x.end]
		x.pos = x.end
		return true
	}
	x.text = x.buf[x.pos+skip : end]
	x.pos = end + len(sep)
	return true
}

// local is the name without its namespace.
func (x *xmlReader) local() string {
	if i := bytes.IndexByte(x.name, ':'); i >= 0 {
		return string(x.name[i+1:])
	}
	return string(x.name)
}

// attr returns the raw value of an attribute, by its name as written.
func (x *xmlReader) attr(name string) []byte {
	for rest := x.attrs; len(rest) > 0; {
		key, value, after := nextAttr(rest)
		if string(key) == name {
			return value
		}
		rest = after
	}
	return nil
}

func nextAttr(b []byte) (key, value, rest []byte) {
	n := 0
	for n < len(b) && (isXMLSpace(b[n]) || b[n] == '/') {
		n++
	}
	b = b[n:]
	for n = 0; n < len(b) && b[n] != '=' && !isXMLSpace(b[n]); n++ {
	}
	if n == len(b) {
		return b, nil, nil
	}
	key = b[:n]
	b = withoutXMLSpace(b[n:])
	if len(b) == 0 || b[0] != '=' {
		return key, nil, b
	}
	b = withoutXMLSpace(b[1:])
	if len(b) > 0 && (b[0] == '"' || b[0] == '\'') {
		if end := bytes.IndexByte(b[1:], b[0]); end >= 0 {
			return key, b[1 : 1+end], b[end+2:]
		}
		return key, b[1:], nil
	}
	for n = 0; n < len(b) && !isXMLSpace(b[n]); n++ {
	}
	return key, b[:n], b[n:]
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// withoutXMLSpace is b from its first character that is no space on.
func withoutXMLSpace(b []byte) []byte {
	for len(b) > 0 && isXMLSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// entities undoes references; what is none stays as it is.
func entities(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '&')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		src = src[i:]
		if r, n := reference(src); n > 0 {
			dst = utf8.AppendRune(dst, r)
			src = src[n:]
			continue
		}
		dst = append(dst, '&')
		src = src[1:]
	}
}

// reference reads the reference that src begins with, and returns its length; 0: it is none. One by number may have zeros before it, and
// lack its semicolon: browsers read it.
func reference(src []byte) (r rune, n int) {
	if len(src) < 3 || src[1] != '#' {
		n = bytes.IndexByte(src[:min(len(src), 16)], ';')
		r, ok := entity(src, n)
		if !ok {
			return 0, 0
		}
		return r, n + 1
	}
	n, base := 2, rune(10)
	if src[2]|0x20 == 'x' {
		n, base = 3, 16
	}
	from := n
	for ; n < min(len(src), maxNumber); n++ {
		v := rune(unhex(src[n]))
		if v < 0 || v >= base {
			break
		}
		if r = r*base + v; r > utf8.MaxRune {
			return 0, 0
		}
	}
	if n == from {
		return 0, 0
	}
	if n < len(src) && src[n] == ';' {
		n++
	}
	return r, n
}

// maxNumber is how long a reference by number may be.
const maxNumber = 40

func entity(src []byte, n int) (rune, bool) {
	if n < 2 {
		return 0, false
	}
	name := string(src[1:n])
	if name[0] == '#' {
		base, digits := 10, name[1:]
		if len(digits) > 1 && (digits[0] == 'x' || digits[0] == 'X') {
			base, digits = 16, digits[1:]
		}
		v, err := strconv.ParseUint(digits, base, 21)
		return rune(v), err == nil
	}
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	case "nbsp":
		return ' ', true
	}
	if u := html.UnescapeString(string(src[:n+1])); u != "" && u[0] != '&' {
		r, size := utf8.DecodeRuneInString(u)
		return r, size == len(u)
	}
	return 0, false
}
