package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// extractMarkup reads XML and HTML: text with lines, without what stands between a keyword and its value only for layout.
//
// In XML the names of elements and attributes say what the values are, so tags are kept but for their brackets:
// `<person id="7"><ssn>…` becomes `person id="7" ssn …`. In HTML they say nothing; attributes that hold content are kept.
func extractMarkup(w *walker, doc *Document, in *input, isHTML bool) error {
	r := decoded(in)
	if r == nil {
		r = in
	}
	if read := flatOffice(in.head()); read != nil {
		return read(w, doc, newXML(r))
	}
	b := newBuilder(w, doc, false)
	defer b.close()
	m := &markup{b: b, x: newXML(r), html: isHTML, line: 1}
	err := m.run()
	doc.Read = max(doc.Size, m.x.base)
	if err != nil {
		return err
	}
	if err := b.finish(); err != nil {
		return err
	}
	return m.x.err
}

type markup struct {
	b         *builder
	x         *xmlReader
	html      bool
	entities  declaredEntities                           // of it
	line, col int64                                      // of the source, where the token begins
	translate func(line, col int64) (source, next int64) // when what is read is a part of a file: see lineFeed.source
	within    bool                                       // the text before ended in a word or number
	later     []aside                                    // comments in the midst of text, to be written at its end
	held      int                                        // bytes of them
	spoken    bool                                       // in HTML, within a note on how a word is spoken
	tables    docTables                                  // of HTML
}

// aside is a comment, and where it begins.
type aside struct {
	text      []byte
	line, col int64
}

const (
	maxAside  = 4 * kib
	maxAsides = 16 * kib // of bytes held
)

func (m *markup) run() error {
	m.tables.b = m.b
	defer m.tables.close()
	for m.x.next() {
		if err := m.b.w.step(8 + int64(len(m.x.raw)/16)); err != nil {
			return err
		}
		if err := m.one(); err != nil {
			return err
		}
		m.line, m.col = lineAfter(m.line, m.col, m.x.raw)
	}
	if err := m.asides(); err != nil {
		return err
	}
	if err := m.unused(); err != nil {
		return err
	}
	return m.tables.finish()
}

// unused writes what entities stand for to which nothing refers, behind their names.
func (m *markup) unused() error {
	for _, e := range m.entities.order {
		if e.used {
			continue
		}
		if err := m.b.write([]byte("\n" + e.name + " ")); err != nil {
			return err
		}
		if err := m.verbatim(e.told(), e.line, e.col); err != nil {
			return err
		}
	}
	return nil
}

// asides writes the comments that stood in the midst of text.
func (m *markup) asides() error {
	m.within = false
	for _, a := range m.later {
		if err := m.b.writeByte('\n'); err != nil {
			return err
		}
		if err := m.verbatim(a.text, a.line, a.col); err != nil {
			return err
		}
	}
	m.later, m.held = m.later[:0], 0
	return nil
}

func (m *markup) one() error {
	x := m.x
	switch x.kind {
	case xmlText:
		n := len(x.text)
		if m.spoken && n <= maxAside && m.held+n <= maxAsides { // it stands above the text
			m.later, m.held = append(m.later, aside{bytes.Clone(x.text), m.line, m.col}), m.held+n+64
			return nil
		}
		if m.html && n > 0 {
			m.within = x.text[n-1] > ' '
		}
		return m.text(x.text, m.line, m.col)
	case xmlComment, xmlCDATA:
		line, col := lineAfter(m.line, m.col, x.raw[:offsetIn(x.raw, x.text)])
		if n := len(x.text); m.within && x.kind == xmlComment && n <= maxAside && m.held+n <= maxAsides {
			// Nobody sees it, so that it parts no number: 527-<!-- -->22-8008.
			m.later, m.held = append(m.later, aside{bytes.Clone(x.text), line, col}), m.held+n+64
			return nil
		}
		if err := m.verbatim(x.text, line, col); err != nil {
			return err
		}
		if x.kind == xmlComment {
			return m.b.writeByte('\n')
		}
		return nil
	case xmlOther:
		return m.other()
	case xmlStart:
		if m.html {
			return m.htmlTag()
		}
		if runIn(x.local()) {
			return nil
		}
		if err := m.b.part(); err != nil {
			return err
		}
		line, col := lineAfter(m.line, m.col, x.raw[:1])
		if err := m.attributes(x.raw[1:], line, col); err != nil {
			return err
		}
		return m.b.writeByte(' ')
	case xmlEnd:
		if m.html {
			return m.separate(x.local())
		}
		if runIn(x.local()) {
			return nil
		}
		return m.b.writeByte('\n')
	}
	return nil
}

// runIn names the elements of XML that only say how words look, or where: those of drawings and books.
func runIn(local string) bool {
	return local == "tspan" || local == "textPath" || local == "emphasis"
}

// other writes what is neither tag nor text: instructions to programs (PHP), declarations, tags that are never closed. Programs leave
// their notes there. The declaration of XML says nothing, and entities are said where they are used.
func (m *markup) other() error {
	x := m.x
	if bytes.HasPrefix(x.raw, []byte("<?xml ")) {
		return nil
	}
	if hasEntities(x.raw) {
		return m.entities.read(x.raw, m.line, m.col, &m.b.holds, func(text []byte, line, col int64) error {
			if err := m.verbatim(text, line, col); err != nil {
				return err
			}
			return m.b.writeByte('\n')
		})
	}
	line, col := lineAfter(m.line, m.col, x.raw[:offsetIn(x.raw, x.text)])
	if n := len(x.text); m.within && n <= maxAside && m.held+n <= maxAsides {
		m.later, m.held = append(m.later, aside{bytes.Clone(x.text), line, col}), m.held+n+64
		return nil
	}
	if err := m.verbatim(x.text, line, col); err != nil {
		return err
	}
	return m.b.writeByte('\n')
}

// hasEntities says whether a piece of markup that is neither tag nor text is a document type, or a part of one, that declares entities.
func hasEntities(raw []byte) bool {
	return (bytes.HasPrefix(raw, []byte("<!DOCTYPE")) && bytes.IndexByte(raw, '[') >= 0 || bytes.HasPrefix(raw, []byte("<!ENTITY"))) &&
		bytes.Contains(raw, []byte("<!ENTITY"))
}

// offsetIn is where part begins in all, of which it is a part.
func offsetIn(all, part []byte) int { return cap(all) - cap(part) }

func (m *markup) verbatim(text []byte, line, col int64) error {
	if m.translate == nil {
		m.b.mark(LineRange, 0, line, col)
		return m.b.write(text)
	}
	for len(text) > 0 {
		source, next := m.translate(line, col)
		n := bytes.IndexByte(text, '\n') + 1
		if n == 0 {
			n = len(text)
		}
		if next > 0 {
			n = min(n, prefix(text, next))
		}
		m.b.mark(LineRange, 0, source, col)
		if err := m.b.write(text[:n]); err != nil {
			return err
		}
		line, col = lineAfter(line, col, text[:n])
		text = text[n:]
	}
	return nil
}

// prefix is the length of the first n characters.
func prefix(text []byte, n int64) int {
	for i := range text {
		if text[i]&0xc0 != 0x80 {
			if n == 0 {
				return i
			}
			n--
		}
	}
	return len(text)
}

// attributes writes the inside of a tag, references undone.
func (m *markup) attributes(raw []byte, line, col int64) error {
	raw = bytes.TrimRight(raw, "/>")
	return m.text(raw, line, col)
}

// text writes text whose references are undone; each one shifts what follows.
func (m *markup) text(raw []byte, line, col int64) error {
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return m.verbatim(raw, line, col)
		}
		n := bytes.IndexByte(raw[i:min(len(raw), i+16)], ';')
		e, length := m.entities.at(raw[i:])
		var is []byte
		var r rune
		ok := length > 0
		if ok {
			e.used, is = true, e.value
		} else {
			if r, ok = entity(raw[i:], n); ok {
				length, is = n+1, utf8.AppendRune(nil, r)
			}
		}
		used := i + length
		out := raw[:i]
		if !ok {
			used = i + 1
			out = raw[:used]
		}
		if err := m.verbatim(out, line, col); err != nil {
			return err
		}
		if ok {
			if err := m.b.write(is); err != nil {
				return err
			}
		}
		line, col = lineAfter(line, col, raw[:used])
		raw = raw[used:]
	}
	return nil
}

// separate writes what a tag of HTML does to the words around it.
func (m *markup) separate(tag string) error {
	tag = strings.ToLower(tag)
	m.spoken = m.x.kind == xmlStart && (tag == "rt" || tag == "rp")
	if m.html {
		if err := m.table(tag); err != nil {
			return err
		}
	}
	switch tag {
	case "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "rb", "rp", "rt", "rtc", "s", "samp", "small", "span", "strong", "sub", "sup", "tt", "u", "var", "wbr":
		return nil
	case "td", "th", "input", "label", "option", "dt", "dd":
		m.within = false
		return m.b.writeByte(' ')
	}
	if err := m.asides(); err != nil {
		return err
	}
	return m.b.writeByte('\n')
}

// table follows the tables of HTML, in which the ends of rows and cells may be left out.
func (m *markup) table(tag string) error {
	start := m.x.kind == xmlStart
	switch tag {
	case "table":
		if start {
			m.tables.start()
			return nil
		}
		return m.tables.end()
	case "tr":
		if start {
			return m.tables.startRow()
		}
		return m.tables.endRow()
	case "td", "th":
		if start {
			m.tables.startCell(attrOf(m.x, "colspan"), attrOf(m.x, "rowspan"), tag == "th")
		} else {
			m.tables.endCell()
		}
	}
	return nil
}

func (m *markup) htmlTag() error {
	x := m.x
	tag := strings.ToLower(x.local())
	if err := m.separate(tag); err != nil {
		return err
	}
	line, col, at := m.line, m.col, 0
	for rest := x.attrs; len(rest) > 0; {
		if err := m.b.w.step(16); err != nil {
			return err
		}
		key, value, after := nextAttr(rest)
		switch name := strings.ToLower(string(key)); {
		case len(value) == 0:
		case m.b.doc.uris != nil && bytes.HasPrefix(value, []byte("data:")) && m.b.doc.uris.take(m.b.w, entities(nil, value)):
			// It is read as a file.
		case telling(name):
			to := offsetIn(x.raw, value)
			line, col = lineAfter(line, col, x.raw[at:to])
			at = to
			if bytes.HasPrefix(key, []byte("data-")) { // whose names are the page's own
				if err := m.b.write(append(bytes.Clone(key), ' ')); err != nil {
					return err
				}
			}
			if err := m.text(value, line, col); err != nil {
				return err
			}
			if err := m.b.writeByte(' '); err != nil {
				return err
			}
		case mayTell(name, value) && m.held+len(key)+len(value) <= maxAsides:
			// It is no text, and stands between texts that may belong together.
			to := offsetIn(x.raw, value)
			line, col = lineAfter(line, col, x.raw[at:to])
			at = to
			said := append(append(bytes.Clone(key), '='), entities(nil, value)...)
			m.later, m.held = append(m.later, aside{said, line, col}), m.held+len(said)+64
		case mayTell(name, value):
			to := offsetIn(x.raw, value)
			line, col = lineAfter(line, col, x.raw[at:to])
			at = to
			if err := m.text(value, line, col); err != nil {
				return err
			}
			if err := m.b.writeByte('\n'); err != nil {
				return err
			}
		}
		rest = after
	}
	if (tag == "script" || tag == "style") && !x.empty {
		m.line, m.col = lineAfter(m.line, m.col, x.raw)
		return m.opaque(tag)
	}
	return nil
}

// telling names the attributes that hold content.
func telling(attr string) bool {
	switch attr {
	case "value", "content", "alt", "title", "href", "placeholder", "name", "label", "aria-label":
		return true
	}
	return strings.HasPrefix(attr, "data-")
}

// mayTell says whether an attribute that holds no content has a value that may be one all the same: scripts for events, and names of
// a page's own. Drawings have numbers in theirs, which say nothing.
func mayTell(attr string, value []byte) bool {
	switch attr {
	case "class", "id", "d", "points", "transform", "viewbox", "src", "srcset", "integrity", "nonce":
		return false
	}
	return len(value) >= 8 && bytes.ContainsAny(value, "0123456789 ")
}

// opaque reads a script or a style sheet as it is, up to its end tag.
func (m *markup) opaque(tag string) error {
	x := m.x
	for {
		if err := m.b.w.step(64); err != nil {
			return err
		}
		if x.pos == x.end && !x.more() {
			x.raw = nil
			return nil
		}
		end := x.find(0, "</")
		start := x.pos // find may have moved the buffer
		if end < 0 {
			end = x.end
		}
		piece := x.buf[start:end]
		if err := m.verbatim(piece, m.line, m.col); err != nil {
			return err
		}
		m.line, m.col = lineAfter(m.line, m.col, piece)
		x.pos = end
		if end == x.end {
			continue
		}
		for x.end-x.pos < len(tag)+2 && x.more() {
		}
		rest := x.buf[x.pos:x.end]
		if len(rest) >= len(tag)+2 && strings.EqualFold(string(rest[2:len(tag)+2]), tag) || len(rest) < len(tag)+2 {
			x.raw = nil
			return nil
		}
		if err := m.verbatim(rest[:2], m.line, m.col); err != nil {
			return err
		}
		m.line, m.col = lineAfter(m.line, m.col, rest[:2])
		x.pos += 2
	}
}
