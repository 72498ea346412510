package extract

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// paragraphs follows the text of a part of a Word file, a presentation or an OpenDocument text. Each paragraph becomes a line;
// one that stands inside another (a text box, a note) comes before it.
//
// What a reviewer deleted is not glued to what replaces it: the paragraph is written as it is now, and then the words that
// were something else before.
type paragraphs struct {
	b        *builder
	odf      bool
	chart    bool
	extended bool // a chart that has its values in other elements
	open     []*paragraph
	spare    []*paragraph
	text     int    // open elements whose characters are text
	aside    []int  // what that was outside each open note of an OpenDocument text
	deleted  int    // open elements of deleted text
	added    int    // open elements of text that was put in
	choices  []bool // for each open choice between two forms of the same: whether the first had text
	skipped  int    // open elements inside a second form that is passed over
	later    []byte // what was said beside the text
	named    []string
	creator  bool // within the name of who changed something
	tables   docTables
}

type paragraph struct {
	now     []byte
	before  []byte   // when something was changed: as it was
	gone    [][2]int // in before: what was deleted
	changed bool
}

const (
	maxOpenParagraphs = 16
	maxParagraph      = 64 * kib // a longer one is written in pieces
	maxNested         = 1000     // choices and notes in one another
)

// words writes the text of a part.
func (o *office) words(name string, b *builder) error {
	p := &paragraphs{b: b, odf: !strings.Contains(name, "/"), chart: strings.Contains(name, "/charts/"), extended: strings.Contains(name, "/charts/chartEx")}
	p.tables.b = b
	defer p.tables.close()
	if err := o.each(name, p.token); err != nil {
		return err
	}
	return p.finish()
}

// finish writes what is left at the end of a part.
func (p *paragraphs) finish() error {
	for len(p.open) > 0 {
		if err := p.end(); err != nil {
			return err
		}
	}
	if err := p.tell(); err != nil {
		return err
	}
	return p.tables.finish()
}

// tell writes what was said beside the text: who changed it, what places in it are called.
func (p *paragraphs) tell() error {
	if len(p.later) == 0 {
		return nil
	}
	later := p.later
	p.later = p.later[:0]
	return p.b.write(later)
}

const (
	maxLater  = 16 * kib // bytes of what is said beside the text, kept until a paragraph ends
	mostNamed = 64       // names that are known to have been said
)

// beside keeps a name that stands in an attribute, or in an element of its own, each once as far as is remembered.
func (p *paragraphs) beside(name []byte) error {
	if len(name) == 0 || len(name) <= maxLabel && slices.Contains(p.named, string(name)) {
		return nil
	}
	if len(p.named) < mostNamed && len(name) <= maxLabel {
		p.named = append(p.named, string(name))
	}
	if p.later = append(entities(p.later, name), '\n'); len(p.later) > maxLater {
		return p.tell()
	}
	return nil
}

func (p *paragraphs) token(x *xmlReader) error {
	if p.skipped > 0 {
		switch {
		case x.kind == xmlStart && !x.empty:
			p.skipped++
		case x.kind == xmlEnd:
			p.skipped--
		}
		return nil
	}
	switch x.kind {
	case xmlStart:
		return p.start(x)
	case xmlEnd:
		return p.close(x)
	case xmlText, xmlCDATA:
		if p.creator && p.text == 0 {
			return p.beside(x.text)
		}
		if p.text > 0 {
			return p.write(x.text, x.kind == xmlText)
		}
	}
	return nil
}

// holdsText names the elements whose characters are the document's.
func (p *paragraphs) holdsText(local string) bool {
	if p.odf {
		return local == "p" || local == "h"
	}
	return local == "t" || local == "delText" || local == "instrText" || local == "delInstrText" || local == "text" || p.chart && (local == "v" || local == "pt" && p.extended)
}

// table follows the tables of a document.
func (p *paragraphs) table(x *xmlReader, local string) error {
	start := x.kind == xmlStart
	switch local {
	case "tbl", "table":
		if start && !x.empty {
			p.tables.start()
		} else if !start {
			return p.tables.end()
		}
	case "tr", "table-row":
		if start && !x.empty {
			return p.tables.startRow()
		}
		return p.tables.endRow()
	case "tc", "table-cell":
		if start {
			p.tables.startCell(attrOf(x, "number-columns-spanned"), attrOf(x, "number-rows-spanned"), false)
		}
		if !start || x.empty {
			p.tables.endCell()
		}
	}
	return nil
}

func (p *paragraphs) start(x *xmlReader) error {
	local := x.local()
	if err := p.table(x, local); err != nil {
		return err
	}
	if p.holdsText(local) && !x.empty {
		p.text++
	}
	switch local {
	case "p", "h":
		if local == "h" && !p.odf {
			return nil
		}
		p.begin()
		if x.empty {
			return p.end()
		}
	case "tab", "ptab":
		return p.write([]byte{'\t'}, false)
	case "br", "cr", "line-break":
		return p.write([]byte{' '}, false)
	case "s":
		if p.odf {
			n, _ := strconv.Atoi(string(x.attr("text:c")))
			return p.write(bytes.Repeat([]byte{' '}, max(1, min(n, 64))), false)
		}
	case "noBreakHyphen":
		return p.write([]byte{'-'}, false)
	case "sym":
		return p.symbol(string(attrOf(x, "char")))
	case "del", "moveFrom":
		if !x.empty && !p.odf {
			p.deleted++
			p.change()
			return p.beside(attrOf(x, "author"))
		}
	case "ins", "moveTo":
		if !x.empty && !p.odf {
			p.added++
			p.change()
			return p.beside(attrOf(x, "author"))
		}
	case "AlternateContent":
		if !x.empty && len(p.choices) < maxNested {
			p.choices = append(p.choices, false)
		}
	case "Fallback":
		if n := len(p.choices); n > 0 && p.choices[n-1] && !x.empty {
			p.skipped = 1
		}
	case "annotation", "note": // its mark and who wrote it are no part of the text around it
		if p.odf && !x.empty && len(p.aside) < maxNested {
			p.aside, p.text = append(p.aside, p.text), 0
		}
	case "title", "desc": // of a picture, each for itself
		if p.odf && p.text > 0 {
			return p.write([]byte{' '}, false)
		}
	default:
		return p.inAttributes(x, local)
	}
	return nil
}

// inAttributes writes what stands in the attributes of an element.
func (p *paragraphs) inAttributes(x *xmlReader, local string) error {
	switch local {
	case "docPr", "cNvPr": // what a picture shows, in words
		return p.said(x.attr("descr"), x.attr("title"))
	case "default", "listEntry", "alias": // of a field of a form, and what it is called
		if !p.odf {
			return p.said(attrOf(x, "val"))
		}
	case "listItem":
		if !p.odf {
			return p.said(attrOf(x, "displayText"))
		}
	case "comment", "rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "trPrChange", "tcPrChange", "cellIns", "cellDel", "cellMerge", "numberingChange":
		if !p.odf { // who said or did it
			return p.beside(attrOf(x, "author"))
		}
	case "bookmarkStart", "bookmark", "bookmark-start":
		if name := attrOf(x, "name"); len(name) > 0 && name[0] != '_' { // programs' own begin so
			return p.beside(name)
		}
	case "creator":
		p.creator = p.odf && !x.empty
	case "textpath": // words drawn along a line: WordArt, and what is printed across a page
		return p.said(x.attr("string"))
	case "hidden-text", "conditional-text", "variable-set", "user-field-decl", "database-display":
		if p.odf {
			return p.said(attrOf(x, "string-value"), attrOf(x, "string-value-if-true"), attrOf(x, "string-value-if-false"))
		}
	case "a":
		if p.odf {
			return p.said(attrOf(x, "href"))
		}
	case "fldSimple", "hyperlink", "hlinkClick", "hlinkHover": // what a field works out, and what is said of a link
		if !p.odf {
			return p.said(attrOf(x, "instr"), attrOf(x, "tooltip"))
		}
	case "text", "textarea", "formatted-text", "label", "placeholder": // fields of forms, and what is to be filled in
		if p.odf {
			return p.said(attrOf(x, "current-value"), attrOf(x, "value"), attrOf(x, "description"))
		}
	}
	return nil
}

// attrOf is an attribute by its local name, which Word writes with the prefix of the namespace.
func attrOf(x *xmlReader, local string) []byte {
	for rest := x.attrs; len(rest) > 0; {
		key, value, after := nextAttr(rest)
		if i := bytes.IndexByte(key, ':'); string(key[i+1:]) == local {
			return value
		}
		rest = after
	}
	return nil
}

// symbol writes a character of a font of symbols: those fonts have ASCII 0xf000 further up.
func (p *paragraphs) symbol(hex string) error {
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return nil
	}
	r := rune(v)
	if r >= 0xf020 && r < 0xf07f {
		r -= 0xf000
	}
	return p.write(utf8.AppendRune(nil, r), false)
}

// said writes texts that stand in attributes.
func (p *paragraphs) said(texts ...[]byte) error {
	for _, text := range texts {
		if len(text) == 0 {
			continue
		}
		if err := p.write(append(append([]byte{' '}, entities(nil, text)...), ' '), false); err != nil {
			return err
		}
	}
	return nil
}

func (p *paragraphs) close(x *xmlReader) error {
	local := x.local()
	if err := p.table(x, local); err != nil {
		return err
	}
	if p.holdsText(local) && p.text > 0 {
		p.text--
	}
	switch local {
	case "creator":
		p.creator = false
	case "p", "h":
		if local == "p" || p.odf {
			return p.end()
		}
	case "del", "moveFrom":
		if p.deleted > 0 && !p.odf {
			p.deleted--
		}
	case "ins", "moveTo":
		if p.added > 0 && !p.odf {
			p.added--
		}
	case "AlternateContent":
		if n := len(p.choices); n > 0 {
			p.choices = p.choices[:n-1]
		}
	case "annotation", "note":
		if n := len(p.aside); n > 0 {
			p.text, p.aside = p.aside[n-1], p.aside[:n-1]
		}
	case "title", "desc":
		if p.odf && p.text > 0 {
			return p.write([]byte{' '}, false)
		}
	case "pt", "text": // a value of a chart, a comment of a presentation
		if len(p.open) == 0 {
			return p.b.writeByte('\n')
		}
	}
	return nil
}

// begin opens a paragraph.
func (p *paragraphs) begin() {
	if len(p.open) == maxOpenParagraphs {
		return
	}
	if n := len(p.spare); n > 0 {
		p.open, p.spare = append(p.open, p.spare[n-1]), p.spare[:n-1]
		return
	}
	p.open = append(p.open, &paragraph{})
}

// end writes the innermost open paragraph.
func (p *paragraphs) end() error {
	n := len(p.open) - 1
	if n < 0 {
		return nil
	}
	par := p.open[n]
	p.open, p.spare = p.open[:n], append(p.spare, par)
	if err := par.flush(p.b); err != nil {
		return err
	}
	return p.b.writeByte('\n')
}

// change notes that from here on the innermost paragraph is not what it was.
func (p *paragraphs) change() {
	if n := len(p.open); n > 0 && !p.open[n-1].changed {
		par := p.open[n-1]
		par.changed = true
		par.before = append(par.before[:0], par.now...)
	}
}

func (p *paragraphs) write(text []byte, markup bool) error {
	for i := range p.choices {
		p.choices[i] = true
	}
	n := len(p.open)
	if n == 0 {
		if markup {
			text = entities(nil, text)
		}
		return p.b.write(text)
	}
	par := p.open[n-1]
	if (p.deleted > 0 || p.added > 0) && !par.changed { // a paragraph that begins inside a change
		p.change()
	}
	add := func(dst []byte) []byte {
		if markup {
			return entities(dst, text)
		}
		return append(dst, text...)
	}
	if p.deleted == 0 {
		par.now = add(par.now)
	}
	if par.changed && p.added == 0 {
		from := len(par.before)
		par.before = add(par.before)
		if p.deleted > 0 {
			if k := len(par.gone); k > 0 && par.gone[k-1][1] == from {
				par.gone[k-1][1] = len(par.before)
			} else {
				par.gone = append(par.gone, [2]int{from, len(par.before)})
			}
		}
	}
	if len(par.now)+len(par.before) > maxParagraph {
		return par.flush(p.b)
	}
	return nil
}

// flush writes the paragraph as it is, and the words that it had.
func (par *paragraph) flush(b *builder) error {
	if err := b.write(par.now); err != nil {
		return err
	}
	space := func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }
	written := 0
	for _, g := range par.gone {
		lo, hi := g[0], g[1]
		for lo > written && !space(par.before[lo-1]) {
			lo--
		}
		for hi < len(par.before) && !space(par.before[hi]) {
			hi++
		}
		if hi <= written {
			continue
		}
		if err := b.write(append([]byte{' '}, par.before[max(lo, written):hi]...)); err != nil {
			return err
		}
		written = hi
	}
	par.now, par.before, par.gone = par.now[:0], par.before[:0], par.gone[:0]
	par.changed = false
	return nil
}
