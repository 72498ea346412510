package extract

import (
	"bytes"
	"path"
	"strconv"
	"strings"
)

// extractODF reads an OpenDocument file: text as text, a presentation by pages, a spreadsheet as cells. Macie does not open these;
// people have them all the same.
func extractODF(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool {
		return name == "content.xml" || name == "styles.xml" || name == "meta.xml" || name == "META-INF/manifest.xml" || odfObject(name) || embedded(name)
	})
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.sealed(); err != nil {
		return decodingOffice(err)
	}
	if strings.HasPrefix(doc.MIME, "application/vnd.oasis.opendocument.spreadsheet") {
		return o.spreadsheet(doc)
	}
	return o.document(doc, func(b *builder) error {
		kind := LineRange
		if strings.HasPrefix(doc.MIME, "application/vnd.oasis.opendocument.presentation") {
			kind = Page
		}
		if err := o.odfWords("content.xml", b, kind); err != nil {
			return err
		}
		if err := o.odfRest(b); err != nil {
			return err
		}
		return o.properties("meta.xml", b)
	})
}

// odfObject names the contents of charts, formulas and tables that stand in an OpenDocument file.
func odfObject(name string) bool {
	dir, base := path.Split(name)
	return base == "content.xml" && dir != "" && dir != "META-INF/"
}

// odfRest writes what stands beside the content: headers and footers, objects.
func (o *office) odfRest(b *builder) error {
	if err := o.odfWords("styles.xml", b, LineRange); err != nil {
		return err
	}
	for _, name := range o.sorted(func(string) bool { return false }) {
		if odfObject(name) {
			if err := o.odfWords(name, b, LineRange); err != nil {
				return err
			}
		}
	}
	return nil
}

// sealed says whether the parts are encrypted: the manifest has the keys' parameters then.
func (o *office) sealed() error {
	return o.each("META-INF/manifest.xml", func(x *xmlReader) error {
		if x.kind == xmlStart && x.local() == "encryption-data" {
			return stop(Skipped, UnableToParseFile, "encrypted")
		}
		return nil
	})
}

// odfWords writes the text of a part, with the pages of a presentation.
func (o *office) odfWords(name string, b *builder, kind LocationKind) error {
	p := &paragraphs{b: b, odf: true}
	p.tables.b = b
	defer p.tables.close()
	page := int64(0)
	err := o.each(name, func(x *xmlReader) error {
		if kind == Page && x.kind == xmlStart && string(x.name) == "draw:page" {
			page++
			b.mark(Page, 0, page, 0)
		}
		return p.token(x)
	})
	if err != nil {
		return err
	}
	return p.finish()
}

// spreadsheet hands over the cells of all sheets.
func (o *office) spreadsheet(doc *Document) error {
	alone := false
	var about []byte // what the file says about itself, which is written last; a part is read once
	err := o.propertiesTo("meta.xml", func(x *xmlReader) {
		if x.kind == xmlStart && x.local() == "document-statistic" {
			alone = string(x.attr("meta:table-count")) == "1"
		}
	}, func(line []byte) error {
		if len(about)+len(line) > maxSaid {
			o.miss("more about the file than is read")
			return nil
		}
		about = append(about, line...)
		return nil
	})
	if err != nil {
		return decodingOffice(err)
	}
	b := newBuilder(o.w, doc, true)
	defer b.close()
	s := &odsReader{b: b, alone: alone}
	err = o.each("content.xml", s.token)
	if ended := s.endSheet(); err == nil {
		err = ended
	}
	if err != nil {
		return officeError(err, b.finish())
	}
	// What is read of the rest stands in no cell.
	b.mark(LineRange, 0, 1, 0)
	if err = o.odfRest(b); err == nil {
		err = b.write(about)
	}
	if err != nil {
		return officeError(err, b.finish())
	}
	doc.Read = max(doc.Size, 0)
	if err := b.finish(); err != nil {
		return err
	}
	if err := o.embeddings(doc); err != nil {
		return err
	}
	return o.missed
}

// odsReader follows the cells of a spreadsheet.
type odsReader struct {
	b        *builder
	alone    bool
	out      *sheetWriter // nil outside of sheets
	row      int64        // of the row at hand
	col      int64        // of the cell at hand
	rows     int64        // how many the row at hand stands for
	cols     int64        // the same for the cell
	inCell   bool
	note     int // open elements of a note
	text     int // open paragraphs
	value    []byte
	noteText []byte
	stored   []byte // what the cell stores, for when it shows nothing
	number   bool   // that is a number
	formula  []byte
	consts   []byte // of the formula
}

const (
	maxRepeated = 16        // columns for which a cell that stands for many is written
	maxODSRow   = 1_048_576 // rows and columns of a sheet
	maxODSCol   = 16_384
)

func (s *odsReader) token(x *xmlReader) error {
	switch x.kind {
	case xmlStart:
		return s.start(x)
	case xmlText, xmlCDATA:
		switch {
		case s.text == 0:
		case s.note > 0:
			s.noteText = s.append(s.noteText, x)
		default:
			s.value = s.append(s.value, x)
		}
	case xmlEnd:
		return s.end(x.local())
	}
	return nil
}

func (s *odsReader) append(dst []byte, x *xmlReader) []byte {
	if len(dst) >= maxCell {
		return dst
	}
	return characters(dst, x)
}

func (s *odsReader) start(x *xmlReader) error {
	repeated := func(name string, most int64) int64 {
		n, err := strconv.ParseInt(string(x.attr(name)), 10, 64)
		if err != nil || n < 1 {
			return 1
		}
		return min(n, most)
	}
	switch local := x.local(); local {
	case "table":
		if err := s.endSheet(); err != nil || x.empty {
			return err
		}
		name := string(entities(nil, x.attr("table:name")))
		if s.alone {
			name = ""
		}
		s.row, s.rows = 0, 1
		if n := attrOf(x, "name"); len(n) >= shortestConstant {
			if err := s.b.value(LineRange, 0, 1, 0, entities(nil, n)); err != nil {
				return err
			}
		}
		out, err := newSheet(s.b, strings.ToValidUTF8(name[:min(len(name), maxSheetName)], ""))
		s.out = out
		return err
	case "table-row":
		s.row = min(s.row+s.rows, maxODSRow)
		s.rows, s.col, s.cols = repeated("table:number-rows-repeated", maxODSRow), 0, 1
	case "table-cell", "covered-table-cell":
		s.col = min(s.col+s.cols, maxODSCol)
		s.cols = repeated("table:number-columns-repeated", maxODSCol)
		s.value, s.noteText = s.value[:0], s.noteText[:0]
		s.stored, s.number = append(s.stored[:0], x.attr("office:string-value")...), string(x.attr("office:value-type")) == "float"
		if len(s.stored) == 0 {
			s.stored = append(s.stored, x.attr("office:value")...)
		}
		s.formula = append(s.formula[:0], x.attr("table:formula")...)
		s.inCell = !x.empty
		if x.empty {
			return s.cell()
		}
	case "annotation":
		if !x.empty {
			s.note++
		}
	case "a":
		if link := attrOf(x, "href"); s.inCell && len(s.noteText)+len(link) < maxCell {
			s.noteText = append(entities(s.noteText, link), ' ')
		}
	case "named-expression": // perhaps a text
		return s.told(append(append(entities(nil, attrOf(x, "name")), ": "...), entities(nil, attrOf(x, "expression"))...))
	case "content-validation": // perhaps a list of values
		return s.told(entities(nil, attrOf(x, "condition")))
	case "condition", "filter-condition", "filter-set-item": // of how cells look, and of which are shown
		if v := entities(nil, attrOf(x, "value")); local != "condition" {
			return s.b.value(LineRange, 0, 1, 0, v)
		} else if err := s.told(v); err != nil {
			return err
		}
	case "scenario":
		return s.b.value(LineRange, 0, 1, 0, entities(nil, attrOf(x, "comment")))
	case "p", "h":
		if !x.empty {
			s.text++
		}
	case "s", "tab", "line-break":
		if s.text > 0 && s.note == 0 {
			s.value = append(s.value, ' ')
		}
	}
	return nil
}

func (s *odsReader) end(local string) error {
	switch local {
	case "table":
		return s.endSheet()
	case "table-cell", "covered-table-cell":
		s.inCell = false
		return s.cell()
	case "annotation":
		s.note = max(0, s.note-1)
	case "p", "h":
		s.text = max(0, s.text-1)
		if s.note > 0 {
			s.noteText = append(s.noteText, ' ')
			return nil
		}
		if !s.inCell { // a drawing, a header
			text := s.value
			s.value = s.value[:0]
			return s.b.value(LineRange, 0, 1, 0, bytes.TrimSpace(text))
		}
		s.value = append(s.value, ' ')
	}
	return nil
}

// told writes a formula that is of no cell, if it has more than places in it.
func (s *odsReader) told(formula []byte) error {
	if bytes.IndexByte(formula, '"') < 0 && !longNumber(formula) {
		return nil
	}
	return s.b.value(LineRange, 0, 1, 0, formula)
}

// cell hands over the cell at hand.
func (s *odsReader) cell() error {
	text := bytes.TrimSpace(s.value)
	if len(text) == 0 {
		text = entities(nil, s.stored)
	} else if s.number {
		text = inFull(text, s.stored)
	}
	if s.out == nil {
		return nil
	}
	if len(s.formula) > 0 {
		s.consts = constants(s.consts[:0], entities(nil, s.formula), text)
		if err := s.out.cell(s.row, s.col, s.consts); err != nil {
			return err
		}
	}
	for i := range min(s.cols, maxRepeated) {
		if err := s.out.cell(s.row, s.col+i, text); err != nil {
			return err
		}
	}
	note := bytes.TrimSpace(s.noteText)
	s.value, s.noteText, s.stored = s.value[:0], s.noteText[:0], s.stored[:0]
	if len(note) == 0 {
		return nil
	}
	return s.b.value(Cell, s.out.plain, s.row, s.col, note)
}

// inFull is what a cell with a number shows, or the number where some of its digits are not shown: 4.54E+15. Those of few digits name
// nobody.
func inFull(shown, stored []byte) []byte {
	whole := wholeNumber(stored)
	if len(whole) < 8 || !allDigits(string(whole)) {
		return shown
	}
	var b [64]byte
	digits := b[:0]
	for _, c := range shown[:min(len(shown), len(b))] {
		if c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	if bytes.Contains(digits, whole) {
		return shown
	}
	return whole
}

func (s *odsReader) endSheet() error {
	out := s.out
	if out == nil {
		return nil
	}
	s.out = nil
	defer out.close()
	return out.end()
}
