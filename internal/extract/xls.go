package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// extractXLS reads a workbook from before 2007: sheet by sheet, each as rows of cells, as extractXLSX does.
//
// The stream Workbook (Book in Excel 5 and 95) is a sequence of records of a type, a length and up to 8,224 bytes. What does not
// fit goes on in CONTINUE records. First come the records of the whole book: names of the sheets, formats, shared strings; then
// those of each sheet.
func extractXLS(w *walker, doc *Document, in *input) error {
	c, err := openCompound(w, in)
	if err != nil {
		return err
	}
	defer c.close()
	f := c.stream("Workbook", "Book")
	if f == nil {
		return c.carried(doc, errBIFF)
	}
	b := newBuilder(w, doc, true)
	defer b.close()
	x := &biffBook{w: w, b: b, size: max(in.size, 0), holds: holding{w: w}, shared: sharedStrings{w: w}, formats: map[uint16]*numberFormat{},
		records: biffRecords{w: w, r: bufio.NewReaderSize(c.open(f), 32*kib)}}
	defer x.close()
	err = x.read()
	if err == nil {
		err = x.pivots(c)
	}
	unread := ""
	if err == nil {
		unread, err = c.about(func(line []byte) error { return b.value(LineRange, 0, 1, 0, line) })
	}
	doc.Read = max(doc.Size, 0)
	if flushed := b.finish(); flushed != nil {
		return flushed
	}
	if err != nil {
		return decodingOffice(err)
	}
	return c.objects(doc, unread)
}

var errBIFF = stop(Partial, MalformedOrFileSizeExceedsLimit, "damaged or incomplete Excel file")

// Types of records.
const (
	biffFormula    = 0x06
	biffEOF        = 0x0a
	biffHeader     = 0x14
	biffFooter     = 0x15
	biffNote       = 0x1c
	biffFilePass   = 0x2f
	biffContinue   = 0x3c
	biffCodePage   = 0x42
	biffElsewhere  = 0x5a
	biffObject     = 0x5d
	biffBoundSheet = 0x85
	biffMulRK      = 0xbd
	biffRString    = 0xd6
	biffXF         = 0xe0
	biffSST        = 0xfc
	biffLabelSST   = 0xfd
	biffTextObject = 0x1b6
	biffLink       = 0x1b8
	biffValidation = 0x1be
	biffNumber     = 0x203
	biffLabel      = 0x204
	biffString     = 0x207
	biffRK         = 0x27e
	biffFormat     = 0x41e
	biffBOF        = 0x809
	biffWords      = 0x100d
	biffWordsOf    = 0x1051

	biff8 = 0x600
)

// biffBook is what is known of the whole book.
type biffBook struct {
	w       *walker
	b       *builder
	records biffRecords
	size    int64 // of the file
	holds   holding
	shared  sharedStrings
	opened  int               // sheets
	old     bool              // Excel 5 and 95: a character is a byte
	code    encoding.Encoding // of such a byte, where it is not Windows-1252
	sheets  map[int64]string
	formats map[uint16]*numberFormat
	styles  []*numberFormat
	text    []byte
	shown   int64

	// Of the sheet at hand:
	out      *sheetWriter
	depth    int // of substreams: a chart in a sheet is one
	row, col int64
	style    int
	waits    bool              // a formula's text is in a record that follows
	linked   bool              // the words of a chart that follow are those of a cell
	object   uint16            // the drawing whose text follows
	texts    map[uint16]string // of drawings, until a note claims them
}

func (x *biffBook) close() {
	if x.out != nil {
		x.out.close()
	}
	x.shared.close()
	x.holds.drop()
}

func (x *biffBook) read() error {
	for {
		ok, err := x.records.next()
		if err != nil {
			return err
		}
		if !ok {
			if x.depth > 0 || x.opened < len(x.sheets) {
				return errBIFF // cut off
			}
			return nil
		}
		if err := x.record(); err != nil {
			return err
		}
	}
}

// record reads one record. What is shorter than it must be is passed over.
func (x *biffBook) record() error {
	r := &x.records
	switch r.typ {
	case biffBOF:
		r.between = false
		return x.begin()
	case biffEOF:
		x.depth--
		r.between = x.depth <= 0
		if x.depth == 0 && x.out != nil {
			return x.end()
		}
		x.depth = max(x.depth, 0)
		return nil
	case biffFilePass:
		return stop(Skipped, UnableToParseFile, "encrypted")
	}
	if x.depth == 1 && x.out == nil {
		return x.global()
	}
	if x.out == nil {
		return nil
	}
	return x.cells()
}

// begin opens a substream: the book's own, a sheet's, or one within a sheet.
func (x *biffBook) begin() error {
	at := x.records.at
	version, err := x.records.u16()
	if err != nil {
		return errBIFF
	}
	kind, err := x.records.u16()
	if err != nil {
		return errBIFF
	}
	if x.depth++; x.depth > 1 || kind == 5 {
		x.old = x.old || kind == 5 && version != biff8
		return nil
	}
	x.opened++
	name := x.sheets[at]
	if len(x.sheets) == 1 {
		name = ""
	}
	x.out, err = newSheet(x.b, name)
	x.row, x.col = 0, 0
	return err
}

// end closes a sheet.
func (x *biffBook) end() error {
	out := x.out
	x.out = nil
	defer out.close()
	if err := out.end(); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(x.texts)) { // of drawings that are no notes
		if err := x.b.value(LineRange, 0, 1, 0, []byte(x.texts[id])); err != nil {
			return err
		}
	}
	x.texts = nil
	return nil
}

// global reads what is of the whole book.
func (x *biffBook) global() error {
	r := &x.records
	switch r.typ {
	case biffBoundSheet:
		place, err := r.u32()
		if err != nil || r.skip(2) != nil {
			return nil
		}
		if !x.holds.hold(maxSheetName + 64) {
			return errBook
		}
		if x.sheets == nil {
			x.sheets = map[int64]string{}
		}
		name, err := x.string(1)
		x.sheets[int64(place)] = string(name[:min(len(name), maxSheetName)])
		return ignoreShort(err)
	case biffCodePage:
		if n, err := r.u16(); err == nil && n != 0x8001 {
			x.code = codePage(int(n))
		}
	case biffElsewhere:
		return x.elsewhere()
	case biffFormat:
		id, err := r.u16()
		if err != nil {
			return nil
		}
		code, err := x.string(2 - boolInt(x.old))
		if len(x.formats) < 10_000 && x.holds.hold(1*kib) {
			x.formats[id] = parseFormat(string(code))
		}
		return ignoreShort(err)
	case biffXF:
		if r.skip(2) != nil {
			return nil
		}
		id, err := r.u16()
		if err != nil || len(x.styles) >= 100_000 || !x.holds.hold(16) {
			return nil
		}
		f, ok := x.formats[id]
		if !ok {
			f = builtinFormat(int(id))
		}
		x.styles = append(x.styles, f)
	case biffSST:
		if r.skip(8) != nil {
			return errBIFF
		}
		for !r.done() {
			s, err := x.string(2)
			if err != nil {
				return err
			}
			if err := x.shared.add(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// cells reads what is of a sheet.
func (x *biffBook) cells() error {
	r := &x.records
	switch r.typ {
	case biffLabelSST:
		if !x.cell() {
			return nil
		}
		i, err := r.u32()
		if err != nil {
			return nil
		}
		s, err := x.shared.get(int(i))
		if err != nil {
			return err
		}
		if x.shown += int64(len(s)); x.shown > sharedGrace && x.shown/x.w.opts.MaxOOXMLRatio > x.size {
			return stop(Partial, OOXMLUncompressedRatioExceedsLimit, "its cells share far more text than it has bytes")
		}
		return x.out.cell(x.row, x.col, s)
	case biffLabel, biffRString:
		if !x.cell() {
			return nil
		}
		s, err := x.string(2)
		if e := x.out.cell(x.row, x.col, s); e != nil {
			return e
		}
		return ignoreShort(err)
	case biffNumber:
		if !x.cell() {
			return nil
		}
		if v, err := r.u64(); err == nil {
			return x.number(math.Float64frombits(v))
		}
	case biffRK:
		if !x.cell() {
			return nil
		}
		if v, err := r.u32(); err == nil {
			return x.number(rkNumber(v))
		}
	case biffMulRK:
		return x.numbers()
	case biffFormula:
		return x.formula()
	case biffString:
		if !x.waits {
			return nil
		}
		x.waits = false
		s, err := x.string(2)
		if e := x.out.cell(x.row, x.col, s); e != nil {
			return e
		}
		return ignoreShort(err)
	default:
		return x.notes()
	}
	return nil
}

// cell reads the place and the style that records of cells begin with.
func (x *biffBook) cell() bool {
	row, err := x.records.u16()
	if err != nil {
		return false
	}
	col, err := x.records.u16()
	if err != nil {
		return false
	}
	style, err := x.records.u16()
	x.row, x.col, x.style, x.waits = int64(row)+1, int64(col)+1, int(style), false
	return err == nil
}

func (x *biffBook) number(v float64) error {
	var f *numberFormat
	if x.style < len(x.styles) {
		f = x.styles[x.style]
	}
	if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e21 {
		return nil
	}
	var digits [40]byte
	x.text = f.show(x.text[:0], strconv.AppendFloat(digits[:0], v, 'f', -1, 64))
	return x.out.cell(x.row, x.col, x.text)
}

// rkNumber is a number in four bytes: the upper bits of a float or a whole number, perhaps times a hundred.
func rkNumber(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// numbers reads a stretch of cells in one row.
func (x *biffBook) numbers() error {
	r := &x.records
	row, err := r.u16()
	if err != nil {
		return nil
	}
	col, err := r.u16()
	if err != nil {
		return nil
	}
	x.row, x.col = int64(row)+1, int64(col)+1
	for len(r.data) >= 8 { // the last two bytes are the last column
		style, _ := r.u16()
		v, _ := r.u32()
		x.style = int(style)
		if err := x.number(rkNumber(v)); err != nil {
			return err
		}
		x.col++
	}
	return nil
}

// formula reads what a formula came to.
func (x *biffBook) formula() error {
	if !x.cell() {
		return nil
	}
	v, err := x.records.u64()
	if err != nil {
		return nil
	}
	if v>>48 != 0xffff {
		return x.number(math.Float64frombits(v))
	}
	x.waits = v&0xff == 0
	return nil
}

// notes reads text beside the cells: notes, drawings, and what is printed above and below.
func (x *biffBook) notes() error {
	r := &x.records
	switch r.typ {
	case biffHeader, biffFooter:
		if len(r.data) == 0 {
			return nil
		}
		s, err := x.string(2 - boolInt(x.old))
		if e := x.b.value(LineRange, 0, 1, 0, printed(s)); e != nil {
			return e
		}
		return ignoreShort(err)
	case biffLink: // where it leads
		return x.words()
	case biffValidation:
		return x.validation()
	case biffWordsOf:
		if r.skip(1) == nil {
			from, err := r.u8()
			x.linked = err == nil && from == 2
		}
	case biffWords: // of a chart
		if x.linked || r.skip(2) != nil {
			return nil
		}
		s, err := x.string(1)
		if e := x.b.value(LineRange, 0, 1, 0, s); e != nil {
			return e
		}
		return ignoreShort(err)
	case biffObject:
		if r.skip(6) == nil {
			x.object, _ = r.u16()
		}
	case biffTextObject:
		if r.skip(10) != nil {
			return nil
		}
		chars, err := r.u16()
		if err != nil || chars == 0 || r.skip(len(r.data)) != nil {
			return nil
		}
		text, err := r.chars(nil, int(chars), false, true)
		if x.texts == nil {
			x.texts = map[uint16]string{}
		}
		if !x.out.holds.hold(int64(len(text)) + 64) {
			return stop(Partial, UnableToParseFile, "more notes than the memory allowed can hold")
		}
		x.texts[x.object] = string(text)
		return ignoreShort(err)
	case biffNote:
		if x.old {
			return x.oldNote()
		}
		if !x.cell() {
			return nil
		}
		id, err := r.u16()
		if text, ok := x.texts[id]; ok && err == nil {
			delete(x.texts, id)
			return x.b.value(Cell, x.out.plain, x.row, x.col, []byte(text))
		}
	}
	return nil
}

// oldNote writes a note of Excel 5 and 95, which has its text in it. One of more than 2,048 bytes goes on in further notes that belong
// to no row.
func (x *biffBook) oldNote() error {
	r := &x.records
	if len(r.data) >= 6 && binary.LittleEndian.Uint16(r.data) == 0xffff {
		r.data = r.data[6:]
	} else if !x.cell() {
		return nil
	}
	return x.b.value(Cell, x.out.plain, x.row, x.col, x.bytes(len(r.data)))
}

// validation writes what is said to whoever enters something: two titles, two texts, and what may be entered.
func (x *biffBook) validation() error {
	r := &x.records
	if r.skip(4) != nil {
		return nil
	}
	for range 4 {
		s, err := x.string(2)
		if err != nil {
			return ignoreShort(err)
		}
		if err := x.b.value(LineRange, 0, 1, 0, bytes.Trim(s, "\x00")); err != nil { // a zero stands for nothing
			return err
		}
	}
	return x.words()
}

// elsewhere writes the values of cells in other files that this one keeps.
func (x *biffBook) elsewhere() error {
	r := &x.records
	if r.skip(4) != nil { // the last column, the first, the row
		return nil
	}
	for !r.done() {
		kind, err := r.u8()
		if err != nil {
			return ignoreShort(err)
		}
		var s []byte
		switch kind {
		case 1:
			v, e := r.u64()
			s, err = strconv.AppendFloat(x.text[:0], math.Float64frombits(v), 'f', -1, 64), e
			x.text = s
		case 2:
			s, err = x.string(2)
		default: // nothing, a truth, an error
			err = r.skip(8)
		}
		if e := x.b.value(LineRange, 0, 1, 0, s); e != nil {
			return e
		}
		if err != nil {
			return ignoreShort(err)
		}
	}
	return nil
}

// words writes the texts in a record whose other fields say nothing: letters of two bytes or of one, some in a row.
func (x *biffBook) words() error {
	data := x.records.data
	if err := x.w.step(int64(len(data))); err != nil {
		return err
	}
	for i := 0; i < len(data); {
		var text []byte
		k := i
		for k+1 < len(data) && data[k+1] == 0 && data[k] >= ' ' && data[k] < 0x7f {
			text = append(text, data[k])
			k += 2
		}
		if len(text) < 4 {
			text, k = text[:0], i
			for k < len(data) && data[k] >= ' ' && data[k] < 0x7f {
				text = append(text, data[k])
				k++
			}
		}
		if len(text) < 6 {
			i++
			continue
		}
		if err := x.b.value(LineRange, 0, 1, 0, text); err != nil {
			return err
		}
		i = k
	}
	return nil
}

// string reads a string whose length has so many bytes: in Excel 97 with flags that say how wide its characters are and what
// follows them.
func (x *biffBook) string(lengthBytes int) ([]byte, error) {
	r := &x.records
	n, err := r.length(lengthBytes)
	if err != nil {
		return nil, err
	}
	x.text = x.text[:0]
	if x.old {
		return x.bytes(n), nil
	}
	flags, err := r.u8()
	if err != nil {
		return nil, err
	}
	after := 0
	if flags&8 != 0 {
		runs, err := r.u16()
		if err != nil {
			return nil, err
		}
		after = 4 * int(runs)
	}
	if flags&4 != 0 {
		size, err := r.u32()
		if err != nil || size > 64*mib {
			return nil, errBIFF
		}
		after += int(size)
	}
	if x.text, err = r.chars(x.text, n, flags&1 != 0, false); err != nil {
		return x.text, err
	}
	return x.text, r.skip(after)
}

// bytes reads a string of up to n bytes as Excel 5 and 95 have it.
func (x *biffBook) bytes(n int) []byte {
	r := &x.records
	b := r.data[:min(n, len(r.data))]
	r.data = r.data[len(b):]
	if x.code != nil {
		if out, err := x.code.NewDecoder().Bytes(b); err == nil {
			x.text = append(x.text[:0], out...)
			return x.text
		}
	}
	x.text = x.text[:0]
	for _, c := range b {
		x.text = utf8.AppendRune(x.text, charmap.Windows1252.DecodeByte(c))
	}
	return x.text
}

// biffRecords reads records, and what goes on in others.
type biffRecords struct {
	w    *walker
	r    *bufio.Reader
	typ  uint16
	at   int64 // of the record in the stream
	pos  int64 // of what comes after it
	data []byte
	buf  []byte

	between bool // no substream is open
}

// next moves to the next record that is no continuation; false at the end.
func (r *biffRecords) next() (bool, error) {
	for {
		head, err := r.r.Peek(4)
		if len(head) < 4 {
			if err == io.EOF && len(head) > 0 && len(bytes.Trim(head, "\x00")) > 0 {
				err = errBIFF
			}
			if err == io.EOF {
				return false, nil
			}
			return false, err
		}
		// What follows the end of the last sheet may be zeros, and then anything.
		if r.between && binary.LittleEndian.Uint32(head) == 0 {
			return false, nil
		}
		if err := r.load(); err != nil {
			return false, err
		}
		if r.typ != biffContinue {
			return true, nil
		}
	}
}

func (r *biffRecords) load() error {
	var head [4]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return joinBIFF(err)
	}
	r.typ = binary.LittleEndian.Uint16(head[:])
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if err := r.w.step(int64(n) + 16); err != nil {
		return err
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, 64*kib)
	}
	r.data = r.buf[:n]
	if _, err := io.ReadFull(r.r, r.data); err != nil {
		return joinBIFF(err)
	}
	r.at = r.pos
	r.pos += int64(n) + 4
	return nil
}

func joinBIFF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errBIFF
	}
	return err
}

// more goes on in the record that continues this one; errShort when there is none.
func (r *biffRecords) more() error {
	head, _ := r.r.Peek(2)
	if len(head) < 2 || binary.LittleEndian.Uint16(head) != biffContinue {
		return errShort
	}
	typ, at := r.typ, r.at
	err := r.load()
	r.typ, r.at = typ, at
	return err
}

// errShort says that a record ends before what it holds does.
var errShort = stop(Partial, MalformedOrFileSizeExceedsLimit, "a record that is too short")

// ignoreShort passes over a short record: its fellows may be whole.
func ignoreShort(err error) error {
	if err == errShort {
		return nil
	}
	return err
}

// done says whether the record and its continuations are read.
func (r *biffRecords) done() bool {
	for len(r.data) == 0 {
		if r.more() != nil {
			return true
		}
	}
	return false
}

// need waits until n bytes are at hand. What is not text is not parted by a continuation, but for what skip passes over.
func (r *biffRecords) need(n int) error {
	for len(r.data) == 0 {
		if err := r.more(); err != nil {
			return err
		}
	}
	if len(r.data) < n {
		return errShort
	}
	return nil
}

func (r *biffRecords) u8() (byte, error) {
	if err := r.need(1); err != nil {
		return 0, err
	}
	v := r.data[0]
	r.data = r.data[1:]
	return v, nil
}

func (r *biffRecords) u16() (uint16, error) {
	if err := r.need(2); err != nil {
		return 0, err
	}
	v := binary.LittleEndian.Uint16(r.data)
	r.data = r.data[2:]
	return v, nil
}

func (r *biffRecords) u32() (uint32, error) {
	if err := r.need(4); err != nil {
		return 0, err
	}
	v := binary.LittleEndian.Uint32(r.data)
	r.data = r.data[4:]
	return v, nil
}

func (r *biffRecords) u64() (uint64, error) {
	if err := r.need(8); err != nil {
		return 0, err
	}
	v := binary.LittleEndian.Uint64(r.data)
	r.data = r.data[8:]
	return v, nil
}

func (r *biffRecords) length(bytes int) (int, error) {
	if bytes == 1 {
		n, err := r.u8()
		return int(n), err
	}
	n, err := r.u16()
	return int(n), err
}

// skip passes over n bytes, in continuations too.
func (r *biffRecords) skip(n int) error {
	for n > len(r.data) {
		n -= len(r.data)
		r.data = nil
		if err := r.more(); err != nil {
			return err
		}
	}
	r.data = r.data[n:]
	return nil
}

// chars appends n characters. Where a continuation begins, a byte says anew how wide they are; when flagged is set, one stands
// before the first of them as well.
func (r *biffRecords) chars(dst []byte, n int, wide, flagged bool) ([]byte, error) {
	var high rune
	for n > 0 {
		if len(r.data) == 0 {
			if err := r.more(); err != nil {
				return dst, err
			}
			if len(r.data) == 0 {
				continue
			}
			flagged = true
		}
		if flagged {
			wide = r.data[0]&1 != 0
			r.data = r.data[1:]
			flagged = false
			continue
		}
		if !wide {
			k := min(n, len(r.data))
			for _, c := range r.data[:k] {
				dst = utf8.AppendRune(dst, rune(c))
			}
			r.data, n = r.data[k:], n-k
			continue
		}
		if len(r.data) < 2 {
			return dst, errShort
		}
		c := rune(binary.LittleEndian.Uint16(r.data))
		r.data, n = r.data[2:], n-1
		switch {
		case high != 0:
			dst, high = utf8.AppendRune(dst, utf16.DecodeRune(high, c)), 0
		case c >= 0xd800 && c < 0xdc00:
			high = c
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
