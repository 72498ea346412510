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
	defer m.x.close()
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
	begun     [64]uint64                                 // in XML, which names of elements have begun, by their hash
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
	name      string // of the attribute whose value it is
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
		say := m.verbatim
		if a.name != "" {
			if err := m.b.write([]byte(a.name + "=")); err != nil {
				return err
			}
			say = m.text
		}
		if err := say(a.text, a.line, a.col); err != nil {
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
			m.later, m.held = append(m.later, aside{text: bytes.Clone(x.text), line: m.line, col: m.col}), m.held+n+64
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
			m.later, m.held = append(m.later, aside{text: bytes.Clone(x.text), line: line, col: col}), m.held+n+64
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
		m.begins(x.name)
		if runIn(x.local()) {
			return m.look(x.attrs)
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
			if err := m.separate(x.local()); err != nil {
				return err
			}
			if isStrange(x.name) {
				return m.strange(x.raw[2:])
			}
			return m.strange(x.attrs)
		}
		if !m.hasBegun(x.name) {
			return m.strange(x.raw[2:])
		}
		if err := m.strange(x.attrs); err != nil || runIn(x.local()) {
			return err
		}
		return m.b.writeByte('\n')
	}
	return nil
}

// begins notes the name of an element, and hasBegun says whether it was noted: what only ends says something of its own.
func (m *markup) begins(name []byte) {
	h := nameHash(name)
	m.begun[h>>6&63] |= 1 << (h & 63)
}

func (m *markup) hasBegun(name []byte) bool {
	h := nameHash(name)
	return m.begun[h>>6&63]>>(h&63)&1 == 1
}

// nameHash is FNV-1a of the beginning and the end of a name, mixed.
func nameHash(name []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range name[:min(len(name), 32)] {
		h = (h ^ uint64(c)) * 1099511628211
	}
	for _, c := range name[max(0, len(name)-32):] {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h ^ h>>29
}

// strange writes what stands in a tag where nothing should.
func (m *markup) strange(part []byte) error {
	if part = bytes.TrimRight(part, "/> \t\r\n"); len(bytes.TrimSpace(part)) == 0 {
		return nil
	}
	line, col := lineAfter(m.line, m.col, m.x.raw[:offsetIn(m.x.raw, part)])
	if err := m.b.part(); err != nil {
		return err
	}
	if err := m.text(part, line, col); err != nil {
		return err
	}
	return m.b.writeByte(' ')
}

// bareNames writes what stands between the attributes of a tag of HTML and has no value, where a name in it is strange.
func (m *markup) bareNames() error {
	raw := m.x.raw
	line, col, at := m.line, m.col, 0
	if err := m.b.part(); err != nil {
		return err
	}
	for rest := m.x.attrs; len(rest) > 0; {
		from, to, strange := 0, 0, false
		for len(rest) > 0 {
			key, value, after := nextAttr(rest)
			if rest = after; len(value) > 0 {
				break
			}
			if len(key) == 0 {
				continue
			}
			if strange = strange || isStrange(key); to == 0 {
				from = offsetIn(raw, key)
			}
			to = offsetIn(raw, key) + len(key)
		}
		if !strange {
			continue
		}
		line, col = lineAfter(line, col, raw[at:from])
		at = from
		if err := m.text(raw[from:to], line, col); err != nil {
			return err
		}
		if err := m.b.writeByte(' '); err != nil {
			return err
		}
	}
	return nil
}

// look takes the attributes of an element that stands in the midst of words: what they say of how these look is nothing, and the rest is
// said at the end.
func (m *markup) look(attrs []byte) error {
	for rest := attrs; len(rest) > 0; {
		var value []byte
		if _, value, rest = nextAttr(rest); len(value) < 8 || isDrawing(value) || digitsIn(value) < 6 && bytes.IndexByte(value, '@') < 0 {
			continue
		}
		if m.held+len(value) > maxAsides {
			return m.strange(attrs)
		}
		line, col := lineAfter(m.line, m.col, m.x.raw[:offsetIn(m.x.raw, value)])
		m.later, m.held = append(m.later, aside{text: bytes.Clone(value), line: line, col: col}), m.held+len(value)+64
	}
	return nil
}

// isStrange says whether a name in HTML is none that anybody gives: it has signs, or is a number. Text in angle brackets looks so.
func isStrange(name []byte) bool {
	digits := 0
	for _, c := range name {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == ':' || c == '_' || c == '.':
		default:
			return true
		}
	}
	return digits >= 4
}

// runIn names the elements of XML that only say how words look, or where: those of drawings and books.
func runIn(local string) bool {
	return local == "tspan" || local == "textPath" || local == "emphasis"
}

// other writes what is neither tag nor text: instructions to programs (PHP), declarations, tags that are never closed. Programs leave
// their notes there. The declaration of XML says nothing, and entities are said where they are used.
func (m *markup) other() error {
	x := m.x
	if isDeclaration(x.raw) {
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
		m.later, m.held = append(m.later, aside{text: bytes.Clone(x.text), line: line, col: col}), m.held+n+64
		return nil
	}
	if err := m.verbatim(x.text, line, col); err != nil {
		return err
	}
	return m.b.writeByte('\n')
}

// isDeclaration says whether an instruction is the declaration of XML, and nothing else.
func isDeclaration(raw []byte) bool {
	rest, begins := bytes.CutPrefix(raw, []byte("<?xml "))
	rest, ends := bytes.CutSuffix(rest, []byte("?>"))
	if !begins || !ends || len(rest) > 128 {
		return false
	}
	ok := true
	for rest = bytes.TrimSpace(rest); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var key, value []byte
		key, value, rest = nextAttr(rest)
		switch string(key) {
		case "version":
			ok = string(value) == "1.0" || string(value) == "1.1"
		case "standalone":
			ok = string(value) == "yes" || string(value) == "no"
		case "encoding":
			ok = len(value) > 0 && isNameStart(value[0]) && value[0] < utf8.RuneSelf && len(value) <= 20 && bytes.IndexByte(value, ' ') < 0
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return true
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
		e, length := m.entities.at(raw[i:])
		var is []byte
		if length > 0 {
			e.used, is = true, e.value
		} else if r, n := reference(raw[i:]); n > 0 {
			length, is = n, utf8.AppendRune(nil, r)
		}
		ok := length > 0
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
	if isStrange(x.name) {
		if err := m.strange(x.name); err != nil {
			return err
		}
	}
	line, col, at := m.line, m.col, 0
	bare := false // names without values that are none
	for rest := x.attrs; len(rest) > 0; {
		if err := m.b.w.step(16); err != nil {
			return err
		}
		key, value, after := nextAttr(rest)
		switch name := strings.ToLower(string(key)); {
		case len(value) == 0:
			bare = bare || isStrange(key)
		case m.b.doc.uris != nil && isDataURI(value) && m.b.doc.uris.take(m.b.w, entities(nil, value)):
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
		default:
			if value = mayTell(name, value); len(value) == 0 {
				break
			}
			to := offsetIn(x.raw, value)
			line, col = lineAfter(line, col, x.raw[at:to])
			at = to
			if m.held+len(key)+len(value) <= maxAsides { // it is no text, and stands between texts that may belong together
				m.later, m.held = append(m.later, aside{bytes.Clone(value), line, col, string(key)}), m.held+len(key)+len(value)+64
				break
			}
			if err := m.text(value, line, col); err != nil {
				return err
			}
			if err := m.b.writeByte('\n'); err != nil {
				return err
			}
		}
		rest = after
	}
	if bare {
		if err := m.bareNames(); err != nil {
			return err
		}
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

// mayTell is what may be content in the value of an attribute that holds none: scripts for events, and values of a page's own. Drawings
// have numbers in theirs, which say nothing, and what elements are called and sealed with says little. Numbers that pages give their
// elements and pictures look like those of cards, so that a name or an address has to have one that is written in groups, as people write
// them, or parameters.
func mayTell(attr string, value []byte) []byte {
	if len(value) < 8 || !bytes.ContainsAny(value, "0123456789 ") {
		return nil
	}
	tells := true
	switch attr {
	case "class", "id":
		tells = bytes.IndexByte(value, '@') >= 0 || hasGroups(value)
	case "src", "srcset":
		if tells = bytes.IndexByte(value, '@') >= 0 || hasGroups(value); !tells {
			_, query, _ := bytes.Cut(value, []byte{'?'})
			if i := bytes.IndexByte(query, '='); i > 0 && !isNumeral(query[0]) {
				return query
			}
		}
	case "d", "points", "viewbox", "transform":
		tells = !isDrawing(value)
	case "nonce", "integrity":
		tells = bytes.IndexByte(value, ' ') >= 0 && !bytes.HasPrefix(value, []byte("sha")) || len(value) < 20
	}
	if !tells {
		return nil
	}
	return value
}

// hasGroups says whether a value has a number of nine digits or more in three groups or more, with the same sign between them.
func hasGroups(value []byte) bool {
	const most = 6 // digits in a group: 3782-822463-10005
	var sign byte
	groups, digits, n := 0, 0, 0 // n is of the group at hand
	for i, c := range value {
		if isNumeral(c) {
			if n++; n == 1 {
				groups++
			}
			digits++
			if n <= most && groups >= 3 && digits >= 9 && (i+1 == len(value) || !isNumeral(value[i+1])) {
				return true
			}
			continue
		}
		goesOn := n > 0 && n <= most && (c == '-' || c == '.' || c == ' ')
		switch {
		case !goesOn:
			groups, digits = 0, 0
		case groups > 1 && c != sign: // the group may begin another number
			groups, digits = 1, n
		}
		sign, n = c, 0
	}
	return false
}

func digitsIn(text []byte) (n int) {
	for _, c := range text {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// isDrawing says whether a value has numbers and the words of drawings alone.
func isDrawing(value []byte) bool {
	for i := 0; i < len(value); {
		n := 0
		for i+n < len(value) && (value[i+n]|0x20 >= 'a' && value[i+n]|0x20 <= 'z') {
			n++
		}
		switch word := value[i : i+n]; {
		case n == 0 && bytes.IndexByte([]byte("0123456789.,+-() \t\r\n"), value[i]) < 0:
			return false
		case n == 0:
			n = 1
		case n <= 2 && len(bytes.Trim(word, "MmLlHhVvCcSsQqTtAaZze")) == 0:
		case string(word) == "matrix", string(word) == "translate", string(word) == "rotate", string(word) == "scale", string(word) == "skewX", string(word) == "skewY":
		default:
			return false
		}
		i += n
	}
	return true
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
			if end = x.end; !x.eof && end-start > 1 && x.buf[end-1] == '<' { // the end tag may begin there
				end--
			}
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
		for x.end-x.pos < 2 && x.more() {
		}
		if x.end-x.pos > 1 && x.buf[x.pos+1] != '/' { // it did not
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
