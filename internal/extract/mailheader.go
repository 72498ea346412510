package extract

import (
	"bytes"
	"errors"
	"mime"
	"strings"
)

// mailHeader is what the headers of a mail, or of a part of it, say of the body.
type mailHeader struct {
	contentType string
	params      map[string]string
	encoding    string
	attachment  bool
	name        string
}

// headerField is a field of a header, whose lines are put behind one another.
type headerField struct {
	text  []byte
	lines []headerLine // where each of them begins
	to    headerPlace  // what has been written
}

type headerLine struct {
	off  int
	line int64
}

// headerPlace is a place in a field: in which of its lines, and how many characters of it stand before.
type headerPlace struct {
	off, line int
	col       int64
}

// maxHeaderLines is how many lines of a field are told apart; those beyond count as the last.
const maxHeaderLines = 16 * kib

// headers reads up to the empty line, hands over the text of what a person reads, and returns what describes the body.
func (m *mailReader) headers() (mailHeader, error) {
	h := mailHeader{contentType: "text/plain"}
	var f headerField
	total, begun := 0, m.line > 0
	for m.body() {
		line := bytes.TrimRight(m.cur, "\r\n")
		if len(line) == 0 && m.whole {
			if begun {
				break
			}
			continue // a file that begins with empty lines
		}
		begun = true
		if total += len(line); total > maxMailHeaders {
			return h, stop(Partial, MalformedFile, "headers without end")
		}
		if m.whole && line[0] != ' ' && line[0] != '\t' {
			if err := m.field(&h, &f); err != nil {
				return h, err
			}
		}
		if m.whole && len(f.lines) < maxHeaderLines || len(f.lines) == 0 {
			f.lines = append(f.lines, headerLine{len(f.text), m.line})
		}
		f.text = append(f.text, line...)
	}
	return h, m.field(&h, &f)
}

// field reads a field, hands it over and empties it.
func (m *mailReader) field(h *mailHeader, f *headerField) error {
	if len(f.text) == 0 {
		return nil
	}
	defer func() { *f = headerField{text: f.text[:0], lines: f.lines[:0]} }()
	if err := m.w.step(int64(len(f.text)) * 4); err != nil {
		return err
	}
	name, value, ok := bytes.Cut(f.text, []byte{':'})
	also := ""
	if ok {
		also = h.read(strings.ToLower(string(bytes.TrimSpace(name))), strings.TrimSpace(string(value)))
	} // else it is no header, but a text all the same
	return m.said(f, also)
}

// read reads the fields that describe the body. It returns what a value stands for that is spelt in pieces.
func (h *mailHeader) read(name, value string) (also string) {
	switch name {
	case "content-type":
		t, params := mediaType(value)
		if strings.Contains(t, "/") { // else it is no type, and the body is text as if nothing were said (RFC 2045, 5.2)
			h.contentType = shortened(t)
		}
		h.params = map[string]string{}
		for _, name := range [...]string{"boundary", "charset", "format", "delsp"} {
			if v := params[name]; v != "" && len(v) <= maxMailParam {
				h.params[name] = strings.Clone(v)
			}
		}
		if h.name == "" {
			h.name = shortened(decodeWords(params["name"]))
		}
	case "content-transfer-encoding":
		h.encoding = shortened(transferEncoding(value))
	case "content-disposition":
		t, params := mediaType(value)
		h.attachment = t == "attachment"
		if n := params["filename"]; n != "" {
			h.name = shortened(decodeWords(n))
			if strings.Contains(value, "filename*") {
				return h.name
			}
		}
	}
	return ""
}

// mediaType reads the value of a header that has parameters. What does not keep to the grammar counts for what it means: programs show such
// mails all the same.
func mediaType(value string) (t string, params map[string]string) {
	t, params, err := mime.ParseMediaType(value)
	if err == nil && (!strings.HasPrefix(t, "multipart/") || params["boundary"] != "") {
		return t, params
	}
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		t, _, _ = strings.Cut(strings.ToLower(value), ";")
		t, _, _ = strings.Cut(t, "(")
		if words := strings.Fields(t); len(words) > 0 {
			t = strings.Trim(words[0], `,"'`)
		}
	}
	loose := map[string]string{}
	for _, name := range [...]string{"boundary", "charset", "format", "delsp", "name", "filename"} {
		if loose[name] = looseParam(value, name); loose[name] == "" {
			loose[name] = params[name]
		}
	}
	return t, loose
}

// looseParam finds a parameter in a header's value that does not keep to the grammar: it has signs that want quotes, or is there twice.
func looseParam(value, name string) string {
	low := strings.ToLower(value)
	for from := 0; ; {
		i := strings.Index(low[from:], name)
		if i < 0 {
			return ""
		}
		i += from
		from = i + len(name)
		if i > 0 && !strings.ContainsRune("; \t,\"", rune(low[i-1])) || from > len(value) { // lower case may be longer
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimLeft(value[from:], " \t"), "=")
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " \t")
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			if quoted, _, ended := strings.Cut(rest[1:], rest[:1]); ended {
				return quoted
			}
		}
		if i := strings.IndexAny(rest, "; \t"); i >= 0 {
			rest = rest[:i]
		}
		return strings.Trim(rest, "\"'")
	}
}

// transferEncoding is the token in a header's value, which people quote, and comment on.
func transferEncoding(value string) string {
	value = strings.TrimLeft(strings.ToLower(value), "\" \t")
	if i := strings.IndexAny(value, "\" \t;("); i >= 0 {
		value = value[:i]
	}
	return value
}

// shortened returns what may be kept of a value, in memory of its own: a header may be long, and mails lie in one another.
func shortened(s string) string { return strings.Clone(s[:min(len(s), maxMailParam)]) }

// said hands over a field as a person reads it, each piece of it in its place.
func (m *mailReader) said(f *headerField, also string) error {
	err := eachWord(f.text, func(from, to int, decoded []byte) error {
		if decoded != nil {
			f.goTo(from)
			m.b.mark(LineRange, 0, f.lines[f.to.line].line, f.to.col)
			return m.b.write(decoded)
		}
		for from < to {
			f.goTo(from)
			n := to - from
			if next := f.to.line + 1; next < len(f.lines) {
				n = min(n, f.lines[next].off-from)
			}
			m.b.mark(LineRange, 0, f.lines[f.to.line].line, f.to.col)
			if err := m.b.write(f.text[from : from+n]); err != nil {
				return err
			}
			from += n
		}
		return nil
	})
	if err == nil && also != "" {
		err = m.b.write([]byte("; " + also))
	}
	if err != nil {
		return err
	}
	return m.b.writeByte('\n')
}

// goTo moves on to a place in a field.
func (f *headerField) goTo(off int) {
	p := &f.to
	for p.line+1 < len(f.lines) && f.lines[p.line+1].off <= off {
		p.line++
		p.off, p.col = f.lines[p.line].off, 0
	}
	p.col += int64(runes(f.text[p.off:off]))
	p.off = off
}

// eachWord gives the pieces of a header's text in order: what stands there as it is, and encoded words (RFC 2047), decoded. White space
// between two of these is none.
func eachWord(text []byte, piece func(from, to int, decoded []byte) error) error {
	done, end := 0, -1 // end is where the first ?= from some place on stands
	word := false      // the piece before was one
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("=?"))
		if i < 0 {
			return piece(done, len(text), nil)
		}
		i += at
		at = i + 2
		charset, encoding, from := wordHead(text, i)
		if from < 0 {
			continue
		}
		if end < from {
			if end = bytes.Index(text[from:], []byte("?=")); end < 0 {
				return piece(done, len(text), nil)
			}
			end += from
		}
		// What is encoded has no =? in it, but for its padding.
		if k := bytes.Index(text[from:end], []byte("=?")); k >= 0 {
			continue
		}
		if before := text[done:i]; !word || len(bytes.TrimSpace(before)) > 0 {
			if err := piece(done, i, nil); err != nil {
				return err
			}
		}
		if err := piece(i, end+2, decodedWord(charset, encoding, text[from:end])); err != nil {
			return err
		}
		done, at, word = end+2, end+2, true
	}
}

// maxCharset is how long the name of a charset may be.
const maxCharset = 64

// wordHead reads the beginning of an encoded word. from is where what is encoded begins; -1: there is none.
func wordHead(text []byte, at int) (charset string, encoding byte, from int) {
	rest := text[at+2 : min(len(text), at+2+maxCharset)]
	n := bytes.IndexByte(rest, '?')
	if n <= 0 || n+2 >= len(rest) || rest[n+2] != '?' || bytes.IndexByte(rest[:n], ' ') >= 0 {
		return "", 0, -1
	}
	encoding = rest[n+1] | 0x20
	if encoding != 'b' && encoding != 'q' {
		return "", 0, -1
	}
	charset, _, _ = strings.Cut(string(rest[:n]), "*") // the language
	return charset, encoding, at + 2 + n + 3
}

// decodedWord decodes what an encoded word holds; it is never nil. What is malformed in it stays as it is.
func decodedWord(charset string, encoding byte, text []byte) []byte {
	out := make([]byte, 0, len(text))
	if encoding == 'b' {
		out = append(out, decodeBase64(text)...)
	} else {
		out, _ = unquoted(out, bytes.ReplaceAll(text, []byte{'_'}, []byte{' '}))
	}
	e := charsetOf(charset)
	if e == nil {
		return out
	}
	if isWide(e) {
		if isAsItSeems(out) {
			return out
		}
		e = trueWidth(e, out)
	}
	if d, err := e.NewDecoder().Bytes(out); err == nil {
		return append(out[:0], d...)
	}
	return out
}

// decodeWords decodes the encoded words in a value.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out []byte
	_ = eachWord([]byte(s), func(from, to int, decoded []byte) error {
		if decoded == nil {
			decoded = []byte(s[from:to])
		}
		out = append(out, decoded...)
		return nil
	})
	return string(out)
}
