package extract

import (
	"bytes"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// extractXLSX reads a workbook sheet by sheet, each as rows of cells. Strings that cells share are kept in memory while they
// are few and spooled when they are many; everything else streams.
func extractXLSX(w *walker, doc *Document, in *input) error {
	o, err := openOffice(w, in, func(name string) bool {
		return strings.HasPrefix(name, "xl/") && (strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels")) &&
			!strings.HasPrefix(name, "xl/theme/")
	})
	if err != nil {
		return err
	}
	b := newBuilder(w, doc, true)
	defer b.close()
	k := &workbook{office: o, b: b, seen: map[string]bool{}}
	defer k.close()
	err = k.read()
	if err == nil {
		doc.Read = max(doc.Size, 0)
		if err := b.finish(); err != nil {
			return err
		}
		return k.missed
	}
	return officeError(err, b.finish())
}

type workbook struct {
	*office
	b      *builder
	shared *spool
	index  []uint32 // where each shared string ends
	held   int64
	dates  []bool // by cell style: shows a date
	scrap  []byte
	seen   map[string]bool // parts that were read
	shown  int64           // bytes of the shared strings that cells have shown
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
	return entities(dst, x.text)
}

func (k *workbook) close() {
	k.office.close()
	if k.shared != nil {
		k.shared.Close()
	}
	k.w.release(k.held)
}

type sheet struct{ name, part string }

func (k *workbook) read() error {
	sheets, err := k.sheets()
	if err != nil {
		return err
	}
	if err := k.styles(); err != nil {
		return err
	}
	if err := k.strings(); err != nil {
		return err
	}
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
		if err := k.comments(s); err != nil {
			return err
		}
	}
	return nil
}

// each calls f for every token of a part; a part that is not there has none.
func (k *workbook) each(name string, f func(x *xmlReader) error) error {
	e := k.parts[name]
	if e == nil {
		return nil
	}
	r, err := k.part(e)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXML(r)
	for x.next() {
		if err := f(x); err != nil {
			return err
		}
	}
	return x.err
}

// relations maps the ids of a part's relations to the parts they lead to.
func (k *workbook) relations(part string) (map[string]string, error) {
	rels := map[string]string{}
	dir, base := path.Split(part)
	err := k.each(dir+"_rels/"+base+".rels", func(x *xmlReader) error {
		if x.kind != xmlStart || x.local() != "Relationship" {
			return nil
		}
		target := string(entities(nil, x.attr("Target")))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		if target = strings.TrimPrefix(target, "/"); k.parts[target] == nil {
			return nil // a picture, a link to somewhere else
		}
		id := string(x.attr("Id"))
		if !k.holds.hold(int64(len(id)+len(target)) + 96) {
			return errBook
		}
		rels[id] = target
		return nil
	})
	return rels, err
}

func (k *workbook) sheets() ([]sheet, error) {
	rels, err := k.relations("xl/workbook.xml")
	if err != nil {
		return nil, err
	}
	var sheets []sheet
	err = k.each("xl/workbook.xml", func(x *xmlReader) error {
		if x.kind != xmlStart || x.local() != "sheet" {
			return nil
		}
		id := x.attr("r:id")
		if id == nil {
			id = x.attr("id")
		}
		name := entities(nil, x.attr("name"))
		if !k.holds.hold(maxSheetName + 64) {
			return errBook
		}
		sheets = append(sheets, sheet{strings.ToValidUTF8(string(name[:min(len(name), maxSheetName)]), ""), rels[string(id)]})
		return nil
	})
	return sheets, err
}

// styles learns which cell formats show dates.
func (k *workbook) styles() error {
	custom := map[string]bool{}
	in := false
	return k.each("xl/styles.xml", func(x *xmlReader) error {
		switch {
		case x.kind == xmlStart && x.local() == "numFmt" && len(custom) < 10_000 && len(x.attr("numFmtId")) < 16:
			custom[string(x.attr("numFmtId"))] = isDateFormat(string(x.attr("formatCode")))
		case x.kind == xmlStart && x.local() == "cellXfs":
			in = true
		case x.kind == xmlEnd && x.local() == "cellXfs":
			in = false
		case x.kind == xmlStart && in && x.local() == "xf" && len(k.dates) < 100_000:
			id := string(x.attr("numFmtId"))
			n, _ := strconv.Atoi(id)
			k.dates = append(k.dates, custom[id] || n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 36 || n >= 50 && n <= 58)
		}
		return nil
	})
}

// isDateFormat looks for a year or a day in a format, outside what is quoted or in brackets.
func isDateFormat(code string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case c == 'y' || c == 'Y' || c == 'd' || c == 'D':
			return true
		}
	}
	return false
}

// strings reads the shared strings.
func (k *workbook) strings() error {
	k.shared = &spool{w: k.w, limit: math.MaxUint32 - 1}
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
					return k.addString(one)
				}
			}
		case xmlEnd:
			switch x.local() {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				return k.addString(one)
			}
		case xmlText, xmlCDATA:
			if inText {
				one = k.text(one, x)
			}
		}
		return nil
	})
}

func (k *workbook) addString(s []byte) error {
	if len(k.index) == cap(k.index) {
		n := int64(4 * max(1024, 2*cap(k.index)))
		if !k.w.hold(n) {
			return stop(Partial, OOXMLUncompressedSizeExceedsLimit, "too many shared strings for the memory allowed")
		}
		grown := make([]uint32, len(k.index), n/4)
		copy(grown, k.index)
		k.w.release(k.held)
		k.index, k.held = grown, n
	}
	if _, err := k.shared.Write(s); err != nil {
		return err
	}
	k.index = append(k.index, uint32(k.shared.n))
	return nil
}

func (k *workbook) sharedString(i int) ([]byte, error) {
	if i < 0 || i >= len(k.index) {
		return nil, nil
	}
	from, to := uint32(0), k.index[i]
	if i > 0 {
		from = k.index[i-1]
	}
	if k.shared.far == nil {
		return k.shared.mem[from:to], nil
	}
	k.scrap = append(k.scrap[:0], make([]byte, to-from)...)
	if _, err := k.shared.ReadAt(k.scrap, int64(from)); err != nil {
		return nil, err
	}
	return k.scrap, nil
}

const maxColumns = 16_384

// sheet reads one sheet. Its first row gives the columns their names, when it looks like names.
func (k *workbook) sheet(s sheet) error {
	columns := map[int64]int32{}
	holds := holding{w: k.w} // for the header
	defer holds.drop()
	plain, err := k.b.keep(fieldInfo{sheet: s.name})
	if err != nil {
		return err
	}
	var head []string
	var headCols []int64
	header, headRow := true, int64(0)
	endHeader := func() (err error) {
		header = false
		if !namesColumns(head, nil) {
			return nil
		}
		for i, name := range head {
			if columns[headCols[i]], err = k.b.keep(fieldInfo{names: []string{name}, sheet: s.name}); err != nil {
				return err
			}
		}
		return nil
	}
	var row, col int64
	var typ, style, value []byte
	inValue, phonetic := false, false
	return k.each(s.part, func(x *xmlReader) error {
		switch x.kind {
		case xmlStart:
			switch x.local() {
			case "row":
				row++
				col = 0
				if n, err := strconv.ParseInt(string(x.attr("r")), 10, 64); err == nil {
					row = n
				}
				if header && headRow != 0 && row != headRow {
					return endHeader()
				}
			case "c":
				col++
				if c, r := cellRef(x.attr("r")); c > 0 {
					col, row = c, r
				}
				typ = append(typ[:0], x.attr("t")...)
				style = append(style[:0], x.attr("s")...)
				value = value[:0]
			case "v", "t":
				inValue = !x.empty && !phonetic
			case "rPh":
				phonetic = !x.empty
			}
		case xmlText, xmlCDATA:
			if inValue {
				value = k.text(value, x)
			}
		case xmlEnd:
			switch x.local() {
			case "v", "t":
				inValue = false
			case "rPh":
				phonetic = false
			case "c":
				text, isText, err := k.cell(string(typ), style, value)
				if err != nil || len(text) == 0 {
					return err
				}
				if header {
					if headRow == 0 {
						headRow = row
					}
					if name := bytes.TrimSpace(text[:min(len(text), maxWay)]); isText && len(head) < maxColumns {
						if !holds.hold(int64(len(name)) + 128) {
							return errColumns
						}
						head, headCols = append(head, string(name)), append(headCols, col)
					} else {
						head = append(head[:0], "0") // a value: no header
						headCols = append(headCols[:0], col)
					}
				}
				info, ok := columns[col]
				if !ok {
					info = plain
				}
				return k.b.value(Cell, info, row, col, text)
			}
		}
		return nil
	})
}

// cell returns the text that a cell shows.
func (k *workbook) cell(typ string, style, value []byte) (text []byte, isText bool, err error) {
	switch typ {
	case "s":
		i, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil {
			return nil, true, nil
		}
		text, err = k.sharedString(i)
		k.shown += int64(len(text))
		if k.total += int64(len(text)); k.total > k.w.opts.MaxOfficeBytes {
			return nil, true, stop(Partial, OOXMLUncompressedSizeExceedsLimit, "larger than an Office file may be")
		}
		if k.shown > sharedGrace && k.shown/k.w.opts.MaxOOXMLRatio > k.size {
			return nil, true, stop(Partial, OOXMLUncompressedRatioExceedsLimit, "its cells share far more text than it has bytes")
		}
		return text, true, err
	case "inlineStr", "str":
		return value, true, nil
	case "b", "e":
		return nil, false, nil
	case "d":
		return value, false, nil
	}
	i, err := strconv.Atoi(string(style))
	return number(value, err == nil && i >= 0 && i < len(k.dates) && k.dates[i]), false, nil
}

// number writes a number as people know it: all of its digits, or a date.
func number(value []byte, date bool) []byte {
	if !date && !bytes.ContainsAny(value, "eE") {
		return value
	}
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	if err != nil || math.Abs(f) > 1e21 {
		return value
	}
	if date && f >= 1 && f < 2958466 {
		day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(f))
		return day.AppendFormat(nil, "2006-01-02")
	}
	return strconv.AppendFloat(nil, f, 'f', -1, 64)
}

// comments reads the notes that hang on cells.
func (k *workbook) comments(s sheet) error {
	rels, err := k.relations(s.part)
	if err != nil {
		return err
	}
	info, err := k.b.keep(fieldInfo{sheet: s.name})
	if err != nil {
		return err
	}
	for _, part := range slices.Compact(slices.Sorted(maps.Values(rels))) {
		if !strings.Contains(path.Base(part), "omment") || k.again(part) {
			continue
		}
		var row, col int64
		var text []byte
		inText := false
		err := k.each(part, func(x *xmlReader) error {
			switch {
			case x.kind == xmlStart && (x.local() == "comment" || x.local() == "threadedComment"):
				col, row = cellRef(x.attr("ref"))
				text = text[:0]
			case x.kind == xmlStart && (x.local() == "t" || x.local() == "text"):
				inText = true
			case x.kind == xmlEnd && (x.local() == "t" || x.local() == "text"):
				inText = false
			case (x.kind == xmlText || x.kind == xmlCDATA) && inText:
				text = k.text(text, x)
			case x.kind == xmlEnd && (x.local() == "comment" || x.local() == "threadedComment") && col > 0:
				return k.b.value(Cell, info, row, col, text)
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
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && i < 4; i++ {
		col = col*26 + int64(ref[i]-'A') + 1
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
