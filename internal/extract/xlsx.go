package extract

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// extractXLSX reads a workbook sheet by sheet, each as rows of cells. Strings that cells share are kept in memory while they
// are few and spooled when they are many; everything else streams.
func extractXLSX(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool {
		rest, ok := strings.CutPrefix(name, "xl/")
		return about(name) || embedded(name) || stray(name) || ok && (rest == "styles.xml" || !wordless(rest)) && (strings.HasSuffix(rest, ".xml") || strings.HasSuffix(rest, ".rels") || strings.HasSuffix(rest, ".vml"))
	})
	if err != nil {
		return err
	}
	b := newBuilder(w, doc, true)
	defer b.close()
	k := &workbook{office: o, b: b, shared: sharedStrings{w: w}, seen: map[string]bool{}}
	defer k.close()
	err = k.read()
	if err == nil {
		doc.Read = max(doc.Size, 0)
		if err := b.finish(); err != nil {
			return err
		}
		if err := k.embeddings(doc); err != nil {
			return err
		}
		return k.missed
	}
	return officeError(err, b.finish())
}

type workbook struct {
	*office
	b      *builder
	shared sharedStrings
	styles []*numberFormat // by cell style
	alone  bool            // there is one sheet, so that nobody needs its name
	seen   map[string]bool // parts that were read
	said   []byte          // names of sheets and formulas, to be written after the cells
	shown  int64           // bytes of the shared strings that cells have shown
	fields []string        // the columns of the pivot table at hand
}

// Cells that share a string make much text out of a small file: up to this much, and then as many times the file's size as a
// part may inflate.
const sharedGrace = 32 * mib

const (
	maxCell      = 1 * mib // bytes of a cell, a shared string or a note; a workbook has 32,767 characters
	maxSheetName = 256     // bytes; a workbook has 31 characters
)

var errBook = stop(Partial, MalformedOrFileSizeExceedsLimit, "its directory needs more memory than allowed")

// again says whether a part was read before: one that has several names is read once.
func (k *workbook) again(part string) bool {
	if k.seen[part] {
		k.miss("a part that is named more than once")
		return true
	}
	k.seen[part] = true
	return false
}

// text appends what a text token says, up to maxCell.
func (k *workbook) text(dst []byte, x *xmlReader) []byte {
	if len(dst) >= maxCell {
		k.miss("a cell longer than a workbook may have")
		return dst
	}
	return characters(dst, x)
}

func (k *workbook) close() {
	k.office.close()
	k.shared.close()
}

type sheet struct{ name, part string }

func (k *workbook) read() error {
	sheets, err := k.sheets()
	if err != nil {
		return err
	}
	if err := k.readStyles(); err != nil {
		return err
	}
	if err := k.strings(); err != nil {
		return err
	}
	k.alone = len(sheets) == 1
	for _, s := range sheets {
		if err := k.w.step(64); err != nil {
			return err
		}
		if k.parts[s.part] == nil || k.again(s.part) {
			continue
		}
		if err := k.sheet(s); err != nil {
			return err
		}
		rels, err := k.relations(s.part)
		if err != nil {
			return err
		}
		if err := k.comments(s, sortedValues(rels)); err != nil {
			return err
		}
		if err := k.drawings(sortedValues(rels)); err != nil {
			return err
		}
	}
	// Sheets that the workbook does not list are there all the same.
	for _, name := range k.sorted(func(string) bool { return false }) {
		dir, base := path.Split(name)
		if k.seen[name] || path.Ext(name) != ".xml" || dir != "xl/worksheets/" && dir != "xl/dialogsheets/" && dir != "xl/macrosheets/" {
			continue
		}
		k.alone = false
		k.seen[name] = true
		if err := k.sheet(sheet{strings.TrimSuffix(base, ".xml"), name}); err != nil {
			return err
		}
	}
	return k.rest()
}

// rest writes what a workbook says outside of its cells: the names that it gives to formulas, the titles of its charts, what it
// says about itself.
func (k *workbook) rest() error {
	err := k.b.value(LineRange, 0, 1, 0, k.said)
	for line := range bytes.Lines(k.linked) {
		if err == nil {
			err = k.b.value(LineRange, 0, 1, 0, bytes.TrimSpace(line))
		}
	}
	for _, name := range k.sorted(func(string) bool { return false }) {
		if err != nil {
			return err
		}
		switch {
		case about(name):
			err = k.properties(name, k.b)
		case strings.HasPrefix(name, "xl/charts/chart"):
			err = k.chart(name)
		case strings.HasSuffix(name, ".vml"):
			err = k.vml(name, func(line []byte) error { return k.b.value(LineRange, 0, 1, 0, line) })
		case k.seen[name] || embedded(name) || !strings.HasSuffix(name, ".xml"):
		case name == "xl/workbook.xml" || name == "xl/styles.xml" || name == "xl/sharedStrings.xml":
		case strings.HasPrefix(name, "xl/drawings/drawing"):
			err = k.drawings([]string{name})
		case strings.Contains(path.Base(name), "omment"):
			err = k.comments(sheet{}, []string{name})
		case strings.HasPrefix(name, "xl/pivotCache/"):
			err = k.pivot(name)
		default:
			err = k.remarksTo(name, func(line []byte) error { return k.b.value(LineRange, 0, 1, 0, bytes.TrimSpace(line)) })
		}
	}
	return err
}

// pivot writes the values that a pivot table keeps of cells, which may be gone: each behind the name of its column, which the
// definition that comes before the records gives.
func (k *workbook) pivot(name string) error {
	records := strings.Contains(name, "Records")
	if !records {
		for _, n := range k.fields {
			k.holds.release(int64(len(n)) + 16)
		}
		k.fields = k.fields[:0]
	}
	column := 0
	var line []byte
	return k.each(name, func(x *xmlReader) error {
		if x.kind != xmlStart {
			return nil
		}
		local := x.local()
		switch {
		case local == "r" && records:
			column = 0
			return nil
		case local == "cacheField":
			title := entities(nil, x.attr("name"))
			title = title[:min(len(title), maxLabel)]
			if len(k.fields) < maxColumns && k.holds.hold(int64(len(title))+16) {
				k.fields = append(k.fields, string(title))
			}
			column = len(k.fields) - 1
			return nil
		case len(local) != 1:
			return nil
		}
		at := column
		if records {
			column++
		}
		v := x.attr("v")
		if len(v) == 0 || local == "x" || local == "b" || local == "e" {
			return nil
		}
		line = line[:0]
		if at >= 0 && at < len(k.fields) {
			line = append(append(line, k.fields[at]...), ": "...)
		}
		return k.b.value(LineRange, 0, 1, 0, entities(line, v))
	})
}

// chart writes the words of a chart that are no values of cells.
func (k *workbook) chart(name string) error {
	var text []byte
	in, cells := false, 0
	return k.each(name, func(x *xmlReader) error {
		switch local := x.local(); {
		case local == "strRef" || local == "numRef" || local == "multiLvlStrRef":
			if x.kind == xmlStart && !x.empty {
				cells++
			} else if x.kind == xmlEnd {
				cells--
			}
		case x.kind == xmlStart && (local == "t" || local == "v"):
			text, in = text[:0], !x.empty && cells == 0
		case in && (x.kind == xmlText || x.kind == xmlCDATA):
			text = k.text(text, x)
		case in && x.kind == xmlEnd:
			in = false
			return k.b.value(LineRange, 0, 1, 0, text)
		}
		return nil
	})
}

func (k *workbook) sheets() ([]sheet, error) {
	rels, err := k.relations("xl/workbook.xml")
	if err != nil {
		return nil, err
	}
	var sheets []sheet
	var named []byte
	in := false
	err = k.each("xl/workbook.xml", func(x *xmlReader) error {
		switch {
		case x.kind == xmlStart && x.local() == "definedName":
			named, in = append(entities(named[:0], x.attr("name")), ": "...), !x.empty
		case in && (x.kind == xmlText || x.kind == xmlCDATA):
			named = k.text(named, x)
		case in && x.kind == xmlEnd:
			in = false
			if bytes.IndexByte(named, '"') >= 0 { // else it is a place in a sheet
				k.say(named)
			}
		}
		if x.kind != xmlStart || x.local() != "sheet" {
			return nil
		}
		id := attrOf(x, "id")
		name := entities(nil, x.attr("name"))
		k.say(name)
		if !k.holds.hold(maxSheetName + 64) {
			return errBook
		}
		sheets = append(sheets, sheet{strings.ToValidUTF8(string(name[:min(len(name), maxSheetName)]), ""), rels[string(id)]})
		return nil
	})
	return sheets, err
}

// maxSaid bounds workbook.said, which is part of the fixed buffers of a walker.
const maxSaid = 64 * kib

// say adds a line to what is written after the cells.
func (k *workbook) say(line []byte) {
	if len(k.said)+len(line) >= maxSaid {
		k.miss("more names of sheets and formulas than are read")
		return
	}
	k.said = append(append(k.said, line...), '\n')
}

// readStyles learns how the cells of each style show numbers.
func (k *workbook) readStyles() error {
	custom := map[int]*numberFormat{}
	in := false
	return k.each("xl/styles.xml", func(x *xmlReader) error {
		switch {
		case x.kind == xmlStart && x.local() == "numFmt" && len(custom) < 10_000:
			if id, err := strconv.Atoi(string(x.attr("numFmtId"))); err == nil {
				f := parseFormat(string(entities(nil, x.attr("formatCode"))))
				old, again := custom[id]
				if !k.holds.hold(f.cost() + 64) {
					return errBook
				}
				if again {
					k.holds.release(old.cost() + 64)
				}
				custom[id] = f
			}
		case x.kind == xmlStart && x.local() == "cellXfs":
			in = true
		case x.kind == xmlEnd && x.local() == "cellXfs":
			in = false
		case x.kind == xmlStart && in && x.local() == "xf" && len(k.styles) < 100_000:
			id, _ := strconv.Atoi(string(x.attr("numFmtId")))
			f, ok := custom[id]
			if !ok {
				f = builtinFormat(id)
			}
			if !k.holds.hold(2 * 8) {
				return errBook
			}
			k.styles = append(k.styles, f)
		}
		return nil
	})
}

// strings reads the shared strings.
func (k *workbook) strings() error {
	var one []byte
	inText, phonetic := false, false
	return k.each("xl/sharedStrings.xml", func(x *xmlReader) error {
		switch x.kind {
		case xmlStart:
			switch x.local() {
			case "t":
				inText = !x.empty && !phonetic
			case "rPh":
				phonetic = !x.empty
			case "si":
				one = one[:0]
				if x.empty {
					return k.shared.add(one)
				}
			}
		case xmlEnd:
			switch x.local() {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				one = unescapeX(one)
				return k.shared.add(one)
			}
		case xmlText, xmlCDATA:
			if inText {
				one = k.text(one, x)
			}
		}
		return nil
	})
}

const maxColumns = 16_384

// sheetName is what the cells of a sheet are said to be in.
func (k *workbook) sheetName(s sheet) string {
	if k.alone {
		return ""
	}
	return s.name
}

// sheet reads one sheet.
func (k *workbook) sheet(s sheet) error {
	out, err := newSheet(k.b, k.sheetName(s))
	if err != nil {
		return err
	}
	defer out.close()
	c := &cellReader{k: k, out: out}
	if err := k.each(s.part, c.token); err != nil {
		if ended := out.end(); ended != nil {
			return ended
		}
		return err
	}
	return out.end()
}

// cellReader follows the cells of a sheet.
type cellReader struct {
	k          *workbook
	out        *sheetWriter
	row, col   int64
	typ, style []byte
	value      []byte
	formula    []byte
	in         cellPart
	phonetic   bool
	text       []byte
	open       bool   // a cell
	constants  []byte // of its formula

	// The column and the row that a rule or a filter is about, and the first column of the filter.
	about, aboutRow, filtered int64
}

// cellPart is the element of a cell that is being read.
type cellPart uint8

const (
	noPart cellPart = iota
	valuePart
	formulaPart
	printedPart
)

func (c *cellReader) token(x *xmlReader) error {
	switch x.kind {
	case xmlStart:
		if len(x.name) >= len("cfvo") { // there are few, and very many short ones
			if told, err := c.settings(x); told || err != nil {
				return err
			}
		}
		c.start(x)
	case xmlText, xmlCDATA:
		switch {
		case c.in == valuePart || c.in == printedPart:
			c.value = c.k.text(c.value, x)
		case c.in == formulaPart:
			c.formula = c.k.text(c.formula, x)
		}
	case xmlEnd:
		switch x.local() {
		case "v", "t":
			c.in = noPart
		case "f":
			c.in = noPart
			if c.open { // of a cell
				return nil
			}
			return c.rule(c.formula)
		case "formula", "formula1", "formula2": // of a rule for what may be entered or how it looks, perhaps a list of values
			c.in = noPart
			return c.rule(c.value)
		case "sheetData": // what follows may ask what its columns are called
			return c.out.end()
		case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
			c.in = noPart
			return c.k.b.value(LineRange, 0, 1, 0, printed(c.value))
		case "rPh":
			c.phonetic = false
		case "c":
			c.open = false
			text, err := c.shown()
			if err != nil {
				return err
			}
			if len(c.formula) > 0 {
				c.constants = constants(c.constants[:0], c.formula, text)
				if err := c.out.cell(c.row, c.col, c.constants); err != nil {
					return err
				}
			}
			return c.out.cell(c.row, c.col, text)
		}
	}
	return nil
}

// settings writes what stands in the attributes of elements that are no cells. It returns true where nothing else is in one.
func (c *cellReader) settings(x *xmlReader) (bool, error) {
	switch x.local() {
	case "dataValidation": // what is said to whoever enters something
		return true, c.k.tells(x, "promptTitle", "prompt", "errorTitle", "error")
	case "hyperlink":
		return true, c.k.tells(x, "display", "tooltip", "location")
	case "scenario":
		return true, c.k.tells(x, "name", "user", "comment")
	case "inputCells": // what a cell would have in a scenario
		col, row := cellRef(x.attr("r"))
		return true, c.of(x, col, row, "val")
	case "conditionalFormatting":
		ref, _, _ := bytes.Cut(x.attr("sqref"), []byte{' '})
		ref, _, _ = bytes.Cut(ref, []byte{':'})
		c.about, c.aboutRow = cellRef(ref)
	case "cfRule":
		return true, c.of(x, c.about, c.aboutRow, "text")
	case "cfvo":
		return true, c.of(x, c.about, c.aboutRow, "val")
	case "autoFilter":
		ref, _, _ := bytes.Cut(x.attr("ref"), []byte{':'})
		c.filtered, c.aboutRow = cellRef(ref)
		c.about = c.filtered
	case "filterColumn":
		n, _ := strconv.ParseInt(string(x.attr("colId")), 10, 32)
		c.about = min(c.filtered+max(n, 0), maxColumns)
	case "filter", "customFilter", "dynamicFilter":
		return true, c.of(x, c.about, c.aboutRow, "val", "maxVal")
	case "protectedRange":
		return true, c.k.tells(x, "name")
	case "webPublishItem":
		return true, c.k.tells(x, "title")
	}
	return false, nil
}

// of writes values that stand in attributes and are like those of a cell.
func (c *cellReader) of(x *xmlReader, col, row int64, names ...string) error {
	if col < 1 || row < 1 {
		return c.k.tells(x, names...)
	}
	info, ok := c.out.columns[col]
	if !ok {
		info = c.out.plain
	}
	for _, name := range names {
		if v := x.attr(name); len(v) > 0 {
			if err := c.k.b.value(Cell, info, row, col, unescapeX(entities(nil, v))); err != nil {
				return err
			}
		}
	}
	return nil
}

// rule writes a formula of a rule, if it has more than places in it.
func (c *cellReader) rule(formula []byte) error {
	if bytes.IndexByte(formula, '"') >= 0 {
		return c.k.b.value(LineRange, 0, 1, 0, formula)
	}
	c.constants = constants(c.constants[:0], formula, nil)
	return c.k.b.value(LineRange, 0, 1, 0, c.constants)
}

// shortestConstant is how long a text in a formula is at least that may say something.
const shortestConstant = 6

// constants appends the texts in a formula, and its long numbers, that are not in what the cell shows. Those that & joins are one.
func constants(dst, formula, shown []byte) []byte {
	if bytes.IndexByte(formula, '"') < 0 && !longNumber(formula) {
		return dst
	}
	var one []byte
	said := func() {
		if len(one) >= shortestConstant && !bytes.Contains(shown, one) {
			dst = append(append(dst, one...), ' ')
		}
		one = one[:0]
	}
	for i := 0; i < len(formula); {
		switch ch := formula[i]; {
		case ch == '"':
			for i++; i < len(formula); i++ {
				if formula[i] == '"' {
					if i+1 == len(formula) || formula[i+1] != '"' {
						break
					}
					i++
				}
				one = append(one, formula[i])
			}
			i++
		case ch >= '0' && ch <= '9' && (i == 0 || !wordByte(formula[i-1])):
			from := i
			for i < len(formula) && formula[i] >= '0' && formula[i] <= '9' {
				i++
			}
			if i-from > 7 {
				said()
				one = append(one, formula[from:i]...)
				said()
			}
		default:
			if ch != '&' && ch != ' ' {
				said()
			}
			i++
		}
	}
	said()
	return bytes.TrimRight(dst, " ")
}

// longNumber says whether a formula has more digits in a row than the number of a row has.
func longNumber(formula []byte) bool {
	n := 0
	for _, c := range formula {
		if c < '0' || c > '9' {
			n = 0
		} else if n++; n > 7 {
			return true
		}
	}
	return false
}

// wordByte says whether a byte may be part of a name in a formula.
func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' || c == '.' || c >= 0x80
}

// tells writes texts that stand in attributes, each for itself.
func (k *workbook) tells(x *xmlReader, names ...string) error {
	for _, name := range names {
		if v := x.attr(name); len(v) > 0 {
			if err := k.b.value(LineRange, 0, 1, 0, unescapeX(entities(nil, v))); err != nil {
				return err
			}
		}
	}
	return nil
}

// characters appends what a text token says.
func characters(dst []byte, x *xmlReader) []byte {
	if x.kind == xmlCDATA {
		return append(dst, x.text...)
	}
	return entities(dst, x.text)
}

func (c *cellReader) start(x *xmlReader) {
	switch x.local() {
	case "row":
		c.row++
		c.col = 0
		if n, err := strconv.ParseInt(string(x.attr("r")), 10, 64); err == nil {
			c.row = n
		}
	case "c":
		c.col++
		if col, row := cellRef(x.attr("r")); col > 0 {
			c.col, c.row = col, row
		}
		c.typ = append(c.typ[:0], x.attr("t")...)
		c.style = append(c.style[:0], x.attr("s")...)
		c.value, c.formula, c.open = c.value[:0], c.formula[:0], !x.empty
	case "v", "t":
		if !x.empty && !c.phonetic {
			c.in = valuePart
		}
	case "f":
		if !c.open {
			c.formula = c.formula[:0]
		}
		if !x.empty {
			c.in = formulaPart
		}
	case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter", "formula", "formula1", "formula2":
		if c.value = c.value[:0]; !x.empty {
			c.in = printedPart
		}
	case "rPh":
		c.phonetic = !x.empty
	}
}

// shown returns the text that the cell shows; where no program has worked out a formula, the formula.
func (c *cellReader) shown() ([]byte, error) {
	if len(c.value) == 0 {
		return c.formula, nil
	}
	switch string(c.typ) {
	case "s":
		i, err := strconv.Atoi(string(bytes.TrimSpace(c.value)))
		if err != nil {
			return nil, nil
		}
		text, err := c.k.shared.get(i)
		if err != nil {
			return nil, err
		}
		return text, c.k.repeated(len(text))
	case "inlineStr", "str":
		c.value = unescapeX(c.value)
		return c.value, nil
	case "b", "e":
		return nil, nil
	case "d":
		return c.value, nil
	}
	var f *numberFormat
	if i, err := strconv.Atoi(string(c.style)); err == nil && i >= 0 && i < len(c.k.styles) {
		f = c.k.styles[i]
	}
	c.text = f.show(c.text[:0], c.value)
	return c.text, nil
}

// repeated counts what cells show of the strings that they share.
func (k *workbook) repeated(n int) error {
	k.shown += int64(n)
	if k.total += int64(n); k.total > k.w.opts.MaxOfficeBytes {
		return stop(Partial, OOXMLUncompressedSizeExceedsLimit, "larger than an Office file may be")
	}
	if k.shown > sharedGrace && k.shown/k.w.opts.MaxOOXMLRatio > k.size {
		return stop(Partial, OOXMLUncompressedRatioExceedsLimit, "its cells share far more text than it has bytes")
	}
	return nil
}

// printed is what is printed above or below a sheet, without the codes that say where and how.
func printed(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '&' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		switch c := text[i]; {
		case c == '&':
			out = append(out, c)
			continue
		case c == '"':
			if n := bytes.IndexByte(text[i+1:], '"'); n >= 0 {
				i += n + 1
			}
		case c >= '0' && c <= '9':
			for i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
				i++
			}
		}
		out = append(out, ' ')
	}
	return bytes.TrimSpace(out)
}

// drawings reads the text of what is drawn on a sheet.
func (k *workbook) drawings(parts []string) error {
	for _, part := range parts {
		if !strings.Contains(part, "drawings/drawing") || k.again(part) {
			continue
		}
		var text []byte
		in := false
		err := k.each(part, func(x *xmlReader) error {
			switch local := x.local(); {
			case x.kind == xmlStart && local == "t":
				in = !x.empty
			case x.kind == xmlEnd && local == "t":
				in = false
			case (x.kind == xmlText || x.kind == xmlCDATA) && in:
				text = k.text(text, x)
			case x.kind == xmlEnd && local == "p":
				line := text
				text = text[:0]
				return k.b.value(LineRange, 0, 1, 0, line)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unescapeX undoes _xHHHH_, by which workbooks write what XML cannot hold, in place.
func unescapeX(text []byte) []byte {
	i := bytes.Index(text, []byte("_x"))
	if i < 0 {
		return text
	}
	out := text[:i]
	for i < len(text) {
		if text[i] == '_' && i+6 < len(text) && text[i+1] == 'x' && text[i+6] == '_' {
			if r, ok := hex4(text[i+2:]); ok {
				i += 7
				if utf16.IsSurrogate(r) && i+6 < len(text) && text[i] == '_' && text[i+1] == 'x' && text[i+6] == '_' {
					if low, ok := hex4(text[i+2:]); ok {
						r = utf16.DecodeRune(r, low)
						i += 7
					}
				}
				out = utf8.AppendRune(out, r)
				continue
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}

// comments reads the notes that hang on cells.
func (k *workbook) comments(s sheet, parts []string) error {
	info, err := k.b.keep(fieldInfo{sheet: k.sheetName(s)})
	if err != nil {
		return err
	}
	for _, part := range parts {
		if !strings.Contains(path.Base(part), "omment") || path.Ext(part) == ".vml" || k.again(part) {
			continue
		}
		var row, col int64
		var text []byte
		inText, phonetic := false, false
		err := k.each(part, func(x *xmlReader) error {
			switch {
			case (x.kind == xmlStart || x.kind == xmlEnd) && x.local() == "rPh": // how the text is spoken
				phonetic = x.kind == xmlStart && !x.empty
			case x.kind == xmlStart && (x.local() == "comment" || x.local() == "threadedComment"):
				col, row = cellRef(x.attr("ref"))
				text = text[:0]
			case x.kind == xmlStart && (x.local() == "t" || x.local() == "text"):
				inText = !phonetic
			case x.kind == xmlEnd && (x.local() == "t" || x.local() == "text"):
				inText = false
			case (x.kind == xmlText || x.kind == xmlCDATA) && inText:
				text = k.text(text, x)
			case x.kind == xmlEnd && (x.local() == "comment" || x.local() == "threadedComment"):
				if col == 0 {
					return k.b.value(LineRange, 0, 1, 0, unescapeX(text))
				}
				return k.b.value(Cell, info, row, col, unescapeX(text))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// cellRef reads "AB12".
func cellRef(ref []byte) (col, row int64) {
	i := 0
	for ; i < len(ref) && (ref[i]|0x20) >= 'a' && (ref[i]|0x20) <= 'z' && i < 4; i++ {
		col = col*26 + int64(ref[i]|0x20-'a') + 1
	}
	row, err := strconv.ParseInt(string(ref[i:]), 10, 64)
	if err != nil || row < 1 || col > maxColumns {
		return 0, 0
	}
	return col, row
}

// columnLetters is the other way about.
func columnLetters(col int64) string {
	var b []byte
	for ; col > 0; col = (col - 1) / 26 {
		b = append([]byte{byte('A' + (col-1)%26)}, b...)
	}
	return string(b)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
