package extract

import (
	"bytes"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
)

// Office files in one piece: Word and Excel of 2003, a Word file as one package, and flat OpenDocument. They are XML, but a reader
// of XML in general finds a paragraph's words in different elements, and the cells of a column under no name.

// flatOffice says which reader an XML file of an office program needs, by its beginning.
func flatOffice(head []byte) func(*walker, *Document, *xmlReader) error {
	head = head[:min(len(head), 8*kib)]
	switch {
	case bytes.Contains(head, []byte("urn:schemas-microsoft-com:office:spreadsheet")) && bytes.Contains(head, []byte("Workbook")):
		return flatSheets
	case bytes.Contains(head, []byte("<w:wordDocument")), bytes.Contains(head, []byte("<pkg:package")) && bytes.Contains(head, []byte("Word.Document")):
		return flatWords(false)
	case !bytes.Contains(head, []byte("<office:document ")):
	case bytes.Contains(head, []byte(`office:mimetype="application/vnd.oasis.opendocument.spreadsheet"`)):
		return flatODS
	default:
		return flatWords(true)
	}
	return nil
}

// flatTokens passes over the tokens of a file. It returns the lines in which the file says something about itself.
func flatTokens(w *walker, x *xmlReader, token func(*xmlReader) error) (about []byte, err error) {
	var p flatProperties
	for x.next() {
		if err := w.step(8 + int64(len(x.raw)/16)); err != nil {
			return p.lines, err
		}
		if p.token(x) {
			continue
		}
		if err := token(x); err != nil {
			return p.lines, err
		}
	}
	if x.err == nil && p.more {
		return p.lines, stop(Partial, UnableToParseFile, "it says more about itself than is read")
	}
	return p.lines, x.err
}

// flatProperties collects the lines of names and values in which a file of 2003 says something about itself.
type flatProperties struct {
	in    bool
	label []byte
	lines []byte
	more  bool // than are kept
}

const maxFlatProperties = 64 * kib

// token takes a token that belongs to the properties.
func (p *flatProperties) token(x *xmlReader) bool {
	switch local := x.local(); {
	case local == "DocumentProperties" || local == "CustomDocumentProperties" || string(x.name) == "office:meta":
		p.in = x.kind == xmlStart && !x.empty
		return true
	case !p.in:
		return false
	case x.kind == xmlStart:
		if p.label = append(p.label[:0], local...); string(x.name) == "meta:user-defined" {
			name := attrOf(x, "name")
			p.label = append(p.label[:0], name[:min(len(name), maxLabel)]...)
		}
	case x.kind == xmlText || x.kind == xmlCDATA:
		if text := bytes.TrimSpace(characters(nil, x)); len(p.lines)+len(p.label)+len(text) >= maxFlatProperties {
			p.more = true
		} else if len(text) > 0 {
			p.lines = append(append(append(append(p.lines, p.label...), ": "...), text...), '\n')
		}
	}
	return true
}

// flatWords reads text: a line for each paragraph.
func flatWords(odf bool) func(*walker, *Document, *xmlReader) error {
	return func(w *walker, doc *Document, x *xmlReader) error {
		b := newBuilder(w, doc, false)
		defer b.close()
		b.mark(LineRange, 0, 1, 0)
		p := &paragraphs{b: b, odf: odf}
		p.tables.b = b
		defer p.tables.close()
		macros := false
		f := &flatParts{x: x, p: p, a: newArchive(w, doc)}
		f.a.opened++ // the text of the file itself
		about, err := flatTokens(w, x, func(x *xmlReader) error {
			if x.kind == xmlStart && !odf {
				switch x.local() {
				case "docSuppData": // of Word 2003
					macros = true
				case "part": // of a package
					macros = macros || isProjectPart(path.Base(string(x.attr("pkg:name"))))
				}
			}
			return f.token(x)
		})
		if err == nil {
			err = p.finish()
		}
		if err == nil {
			err = f.a.status()
		}
		if err = flatEnd(doc, b, about, err); err == nil && macros {
			err = stop(Partial, UnsupportedFileType, "macros that are not read")
		}
		return err
	}
}

// flatParts follows a Word file as one package, which has other files in it, in base64.
type flatParts struct {
	x    *xmlReader
	p    *paragraphs
	a    *archive
	name string
}

func (f *flatParts) token(x *xmlReader) error {
	if x.kind == xmlStart {
		switch string(x.name) {
		case "pkg:part":
			name := entities(nil, x.attr("pkg:name"))
			f.name = strings.TrimPrefix(string(name[:min(len(name), maxLabel)]), "/")
		case "pkg:binaryData":
			if x.empty || !embedded(f.name) {
				return nil
			}
			r := &flatBinary{f: f}
			if err := f.a.member(f.name, -1, time.Time{}, r, nil); err != nil {
				return err
			}
			_, err := copyAlive(f.a.w, io.Discard, r) // what its extractor left
			return err
		}
	}
	return f.p.token(x)
}

// flatBinary is the content of a part that is no XML.
type flatBinary struct {
	f       *flatParts
	base64  partText
	pending []byte
	ended   bool
}

func (r *flatBinary) Read(b []byte) (int, error) {
	for len(r.pending) == 0 {
		if r.ended || !r.f.x.next() {
			r.ended = true
			return 0, io.EOF
		}
		x := r.f.x
		if err := r.f.a.w.step(16 + int64(len(x.raw)/4)); err != nil {
			return 0, err
		}
		switch x.kind {
		case xmlText, xmlCDATA:
			r.base64.enc = "base64"
			r.base64.out = r.base64.decode(r.base64.out[:0], x.text)
			r.pending = r.base64.out
		default:
			r.ended = true
		}
	}
	n := copy(b, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

func flatODS(w *walker, doc *Document, x *xmlReader) error {
	b := newBuilder(w, doc, true)
	defer b.close()
	s := &odsReader{b: b}
	about, err := flatTokens(w, x, s.token)
	if ended := s.endSheet(); err == nil {
		err = ended
	}
	return flatEnd(doc, b, about, err)
}

func flatEnd(doc *Document, b *builder, about []byte, err error) error {
	doc.Read = max(doc.Size, 0)
	if written := b.value(LineRange, 0, 1, 0, about); err == nil {
		err = written
	}
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	return err
}

// spreadsheetML follows the cells of a workbook of Excel 2003.
type spreadsheetML struct {
	b        *builder
	out      *sheetWriter // nil outside of sheets
	row, col int64
	text     int // open elements that hold what a cell shows
	value    []byte
	number   bool // what the cell holds
}

func flatSheets(w *walker, doc *Document, x *xmlReader) error {
	b := newBuilder(w, doc, true)
	defer b.close()
	s := &spreadsheetML{b: b}
	about, err := flatTokens(w, x, s.token)
	if ended := s.endSheet(); err == nil {
		err = ended
	}
	return flatEnd(doc, b, about, err)
}

func (s *spreadsheetML) token(x *xmlReader) error {
	switch x.kind {
	case xmlText, xmlCDATA:
		if s.text > 0 && len(s.value) < maxCell {
			s.value = characters(s.value, x)
		}
	case xmlStart:
		return s.start(x)
	case xmlEnd:
		switch x.local() {
		case "Worksheet":
			return s.endSheet()
		case "Data", "Comment":
			s.text = max(0, s.text-1)
			return s.cell()
		}
	}
	return nil
}

func (s *spreadsheetML) start(x *xmlReader) error {
	// An index says where a row or cell is when others before it are left out.
	index := func(now, most int64) int64 {
		n, err := strconv.ParseInt(string(attrOf(x, "Index")), 10, 64)
		if err != nil || n <= now {
			n = now + 1
		}
		return min(n, most)
	}
	switch x.local() {
	case "Worksheet":
		if err := s.endSheet(); err != nil || x.empty {
			return err
		}
		name := string(entities(nil, attrOf(x, "Name")))
		s.row, s.text = 0, 0
		out, err := newSheet(s.b, strings.ToValidUTF8(name[:min(len(name), maxSheetName)], ""))
		s.out = out
		return err
	case "Row":
		s.row, s.col = index(s.row, maxODSRow), 0
	case "Cell":
		s.col = index(s.col, maxODSCol)
	case "Data", "Comment":
		s.value = s.value[:0]
		s.number = string(attrOf(x, "Type")) == "Number"
		if !x.empty {
			s.text++
		}
	}
	return nil
}

// cell hands over what the cell at hand shows.
func (s *spreadsheetML) cell() error {
	text := bytes.TrimSpace(s.value)
	if s.number {
		text = wholeNumber(text)
	}
	s.value = s.value[:0]
	if s.out == nil {
		return nil
	}
	return s.out.cell(max(s.row, 1), max(s.col, 1), text) // it may be outside of any row
}

func (s *spreadsheetML) endSheet() error {
	out := s.out
	if out == nil {
		return nil
	}
	s.out = nil
	defer out.close()
	return out.end()
}
