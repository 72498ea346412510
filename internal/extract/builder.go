package extract

import (
	"math"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"
)

// builder makes segments of text that an extractor produces piece by piece, with a mark wherever the position changes: a
// cell, a record's value, a page, a jump in the lines of the source. It is the layout of its own segments.
type builder struct {
	w      *walker
	doc    *Document
	fields bool // marks begin values with names; else they only say where text comes from

	buf      []byte
	marks    []mark
	lo       int
	sent     bool        // a segment has been emitted
	flushes  int64       // how many have been
	kept     []fieldInfo // stays: columns
	holds    holding     // for kept
	elements []pathElement
	keys     int         // bytes of the keys among elements
	passed   []fieldInfo // only for the segments up to the next flush: paths with indexes
}

// What a builder has for one segment beside its text, when it is passed on: about 6 MiB in the worst case.
const (
	maxMarks    = 64 * kib // each of at most a byte of text
	maxElements = 32 * kib
	maxKeys     = 1 * mib
)

// mark says where the text from off on comes from, until the next mark.
type mark struct {
	a    int64 // row, record, page or line
	b    int64 // column, or characters before it in the line
	off  int32
	info int32 // index in kept, or -1-index in passed; with fields only
	kind LocationKind
	open bool // the value began in an earlier segment
}

// namedLine is the kind of a mark whose value has a name, and a place in lines: locate gives a LineRange.
const namedLine LocationKind = 255

// fieldInfo is what the values of one column or path share.
type fieldInfo struct {
	names []string
	path  string // Record
	sheet string // Cell
	row   int64  // of a table in a document, counted through all of them; 0: of none

	// Where a path has indexes, it is written only when it is asked for: from these.
	way      wayTo
	from, to int32 // of elements
}

// wayTo writes the JSONPath to a place whose indexes and keys are elems.
type wayTo interface {
	path(elems []pathElement) string
}

// pathElement is an index or a key on the way to a value.
type pathElement struct {
	index int64
	key   string
	isKey bool
}

// builderRoom is what a builder has beside its text. It is used again, since it grows with every document.
type builderRoom struct {
	marks    []mark
	elements []pathElement
	passed   []fieldInfo
}

var builderRooms = sync.Pool{New: func() any { return new(builderRoom) }}

func newBuilder(w *walker, doc *Document, fields bool) *builder {
	room := builderRooms.Get().(*builderRoom)
	b := &builder{w: w, doc: doc, fields: fields, holds: holding{w: w}, marks: room.marks, elements: room.elements, passed: room.passed}
	b.buf = (*buffers.Get().(*[]byte))[:0]
	return b
}

// close gives back what the builder has; it must follow the last use.
func (b *builder) close() {
	b.holds.drop()
	if b.buf != nil {
		buf := b.buf[:cap(b.buf)]
		b.buf = nil
		if cap(buf) == lookback+blockSize {
			buffers.Put(&buf)
		}
		// Nothing of the document stays.
		clear(b.elements)
		clear(b.passed)
		builderRooms.Put(&builderRoom{b.marks[:0], b.elements[:0], b.passed[:0]})
		b.marks, b.elements, b.passed = nil, nil, nil
	}
}

// keep registers a column or path for the whole document. Its names are capped; the error says that there is no memory for
// more columns.
func (b *builder) keep(f fieldInfo) (int32, error) {
	f.names = capNames(f.names)
	size := int64(2*unsafe.Sizeof(f)) + int64(len(f.path)+len(f.sheet)+16*len(f.names))
	for _, name := range f.names {
		size += int64(len(name))
	}
	if len(b.kept) >= math.MaxInt32 || !b.holds.hold(size) {
		return 0, errColumns
	}
	b.kept = append(b.kept, f)
	return int32(len(b.kept) - 1), nil
}

var errColumns = stop(Partial, UnableToParseFile, "more columns than the memory allowed can hold")

// maxWay is how many bytes of names may lead to a value, and mostNames how many names. Of longer ways the end counts, which is
// the nearest to the value: the work on a value must not grow with how much of the file is above it. A path shows less.
const (
	maxWay    = 512
	mostNames = 64
)

// capNames returns the innermost names that have at most maxWay bytes together, the outermost of them perhaps without its
// beginning.
func capNames(names []string) []string {
	first, left := len(names), maxWay
	for first > 0 && left > 0 && len(names)-first < mostNames {
		first--
		left -= len(names[first])
	}
	if first == 0 && left >= 0 {
		return names
	}
	out := append([]string{}, names[first:]...)
	if left < 0 {
		out[0] = lastOf(out[0], len(out[0])+left)
	}
	return out
}

// lastOf returns the last n bytes of s, or fewer where a character would be cut, in memory of their own.
func lastOf(s string, n int) string {
	from := len(s) - n
	for i := 0; i < utf8.UTFMax && from < len(s) && !utf8.RuneStart(s[from]); i++ {
		from++
	}
	return strings.Clone(s[from:])
}

func (b *builder) info(i int32) *fieldInfo {
	if i >= 0 {
		return &b.kept[i]
	}
	return &b.passed[-1-i]
}

// mark begins a new value or a new stretch. info is what keep returned, or -1 for a path that pass registers next.
func (b *builder) mark(kind LocationKind, info int32, a, col int64) {
	m := mark{off: int32(len(b.buf)), kind: kind, info: info, a: a, b: col}
	if n := len(b.marks) - 1; n >= 0 && b.marks[n].off == m.off && !b.fields {
		b.marks[n] = m // nothing came from there
		return
	}
	b.marks = append(b.marks, m)
}

// pass registers a path that lasts for one value; elems are copied, their keys shared.
func (b *builder) pass(f fieldInfo, elems []pathElement) int32 {
	f.from = int32(len(b.elements))
	b.elements = append(b.elements, elems...)
	last := f.from
	if n := len(b.passed); n > 0 {
		last = b.passed[n-1].from
	}
	for i := range elems { // a key that was there for the value before is there once
		if old := int(last) + i; old >= int(f.from) || unsafe.StringData(b.elements[old].key) != unsafe.StringData(elems[i].key) {
			b.keys += len(elems[i].key)
		}
	}
	f.to = int32(len(b.elements))
	b.passed = append(b.passed, f)
	return -int32(len(b.passed))
}

// value appends a whole value and the separator after it.
func (b *builder) value(kind LocationKind, info int32, row, col int64, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	b.mark(kind, info, row, col)
	if err := b.write(text); err != nil {
		return err
	}
	return b.end()
}

// end closes a value.
func (b *builder) end() error {
	b.buf = append(b.buf, '\n')
	if len(b.buf) >= blockSize-256 || b.crowded() {
		return b.flush(true, false)
	}
	return b.w.step(16)
}

// place is one in what has been built, to go back to.
type place struct {
	flushes                          int64
	text, marks, passed, elems, keys int
}

// here is where the next value begins.
func (b *builder) here() place {
	return place{b.flushes, len(b.buf), len(b.marks), len(b.passed), len(b.elements), b.keys}
}

// back takes back what was built since, as far as it has not been handed over.
func (b *builder) back(to place) {
	if b.flushes == to.flushes {
		clear(b.passed[to.passed:])
		clear(b.elements[to.elems:])
		b.buf, b.marks, b.passed = b.buf[:to.text], b.marks[:to.marks], b.passed[:to.passed]
		b.elements, b.keys = b.elements[:to.elems], to.keys
	}
}

// crowded says whether a segment has more marks and paths than its text is worth.
func (b *builder) crowded() bool {
	return len(b.marks) >= maxMarks || len(b.elements) >= maxElements || b.keys >= maxKeys
}

// write appends text, in the value begun last.
func (b *builder) write(text []byte) error {
	if !b.fields && b.crowded() {
		if err := b.flush(false, false); err != nil {
			return err
		}
	}
	if err := b.w.step(8 + int64(len(text)/16)); err != nil {
		return err
	}
	for len(text) > 0 {
		room := cap(b.buf) - len(b.buf) - utf8.UTFMax
		if room <= 0 {
			if err := b.flush(false, false); err != nil {
				return err
			}
			continue
		}
		n := min(room, len(text))
		b.buf = append(b.buf, text[:n]...)
		text = text[n:]
	}
	return nil
}

func (b *builder) writeByte(c byte) error {
	b.buf = append(b.buf, c)
	if len(b.buf) >= cap(b.buf)-utf8.UTFMax {
		return b.flush(false, false)
	}
	return nil
}

// part parts what follows from the word before.
func (b *builder) part() error {
	if n := len(b.buf); n == 0 || b.buf[n-1] == ' ' || b.buf[n-1] == '\n' {
		return nil
	}
	return b.writeByte(' ')
}

// finish emits what is left.
func (b *builder) finish() error { return b.flush(true, true) }

// flush emits a segment. Between values nothing needs to be repeated: a value's surroundings are itself and its names.
func (b *builder) flush(between, last bool) error {
	if len(b.buf) == 0 && !(last && !b.sent) {
		return nil
	}
	keep, hi := len(b.buf), len(b.buf)
	if !last && !(between && b.fields) {
		hi = cutAt(b.buf, b.lo, max(b.lo, len(b.buf)-margin))
		keep = max(0, hi-lookback)
		for i := 0; i < utf8.UTFMax && keep > 0 && !utf8.RuneStart(b.buf[keep]); i++ {
			keep--
		}
	}
	seg := Segment{Text: b.buf, raw: b.buf, Lo: b.lo, Hi: hi, Start: !b.sent, End: last, layout: b}
	b.sent = true
	b.flushes++
	if err := b.w.emit(b.doc, &seg); err != nil {
		return err
	}
	// Move what is kept to the front, with the mark that it lies under.
	i := sort.Search(len(b.marks), func(i int) bool { return int(b.marks[i].off) > keep }) - 1
	if i >= 0 {
		m := b.marks[i]
		if n := keep - int(m.off); n > 0 {
			m.open = true
			if m.kind == LineRange || m.kind == namedLine {
				m.a, m.b = lineAfter(m.a, m.b, b.buf[m.off:keep])
			}
		}
		m.off = int32(keep)
		rest := b.marks[i+1:]
		b.marks = append(b.marks[:0], m)
		b.marks = append(b.marks, rest...)
		for k := range b.marks {
			b.marks[k].off -= int32(keep)
		}
	}
	b.lo = hi - keep
	b.buf = append(b.buf[:0], b.buf[keep:]...)
	if len(b.buf) == 0 {
		clear(b.passed)
		clear(b.elements)
		b.passed, b.elements, b.keys = b.passed[:0], b.elements[:0], 0
		b.marks = b.marks[:0]
	} else if b.fields {
		// Paths that marks no longer refer to are dropped with the next flush between values.
		b.compact()
	}
	return nil
}

// compact keeps only the paths still referred to.
func (b *builder) compact() {
	var passed []fieldInfo
	var elements []pathElement
	if n := len(b.marks); n > 0 && b.marks[n-1].info < 0 { // nearly always there is one mark, of the value at hand
		passed, elements = make([]fieldInfo, 0, n), make([]pathElement, 0, 16)
	}
	for k := range b.marks {
		if m := &b.marks[k]; m.info < 0 {
			f := *b.info(m.info)
			elems := b.elements[f.from:f.to]
			f.from = int32(len(elements))
			elements = append(elements, elems...)
			f.to = int32(len(elements))
			passed = append(passed, f)
			m.info = -int32(len(passed))
		}
	}
	clear(b.passed)
	clear(b.elements)
	b.passed, b.elements, b.keys = append(b.passed[:0], passed...), append(b.elements[:0], elements...), 0
	for i := range elements {
		b.keys += len(elements[i].key)
	}
}

func (b *builder) structured() bool { return b.fields }

func (b *builder) at(off int) int {
	return sort.Search(len(b.marks), func(i int) bool { return int(b.marks[i].off) > off }) - 1
}

func (b *builder) field(raw []byte, off int) (Field, bool) {
	if !b.fields {
		return Field{}, false
	}
	i := b.at(off)
	if i < 0 {
		return Field{}, false
	}
	f := Field{Lo: int(b.marks[i].off), Hi: len(raw)}
	if b.marks[i].kind != LineRange { // what is beside the cells of a workbook has no names
		f.Names = b.info(b.marks[i].info).names
	}
	if i+1 < len(b.marks) {
		f.Hi = int(b.marks[i+1].off)
	}
	if f.Hi > f.Lo && raw[f.Hi-1] == '\n' {
		f.Hi--
	}
	return f, off < f.Hi
}

func (b *builder) list(raw []byte, off int, dst []Field) ([]Field, int, bool) {
	i := max(b.at(off), 0)
	if !b.fields || len(b.marks) == 0 {
		return dst, off, false
	}
	for ; i < len(b.marks); i++ {
		m := &b.marks[i]
		if int(m.off) > off+listStep {
			return dst, int(m.off), true
		}
		f := Field{Lo: int(m.off), Hi: len(raw)}
		if i+1 < len(b.marks) {
			f.Hi = int(b.marks[i+1].off)
		}
		if f.Hi > f.Lo && raw[f.Hi-1] == '\n' {
			f.Hi--
		}
		if m.kind != LineRange {
			f.Names = b.info(m.info).names
		}
		dst = append(dst, f)
	}
	return dst, len(raw), true
}

func (b *builder) locate(raw []byte, lo, hi int) Location {
	i := b.at(lo)
	if i < 0 {
		line, col := lineAfter(1, 0, raw[:lo])
		return Location{Kind: LineRange, Line: line, EndLine: line, Column: col + 1}
	}
	m := b.marks[i]
	switch m.kind {
	case Page:
		loc := Location{Kind: Page, Page: m.a}
		if b.fields {
			loc.Row = b.info(m.info).row
		}
		return loc
	case Record:
		f := b.info(m.info)
		loc := Location{Kind: Record, Record: m.a, Path: f.path, Names: f.names}
		if f.way != nil {
			loc.Path = f.way.path(b.elements[f.from:f.to])
		}
		return loc
	case Cell:
		f := b.info(m.info)
		loc := Location{Kind: Cell, Row: m.a, Col: m.b, CellReference: columnLetters(m.b) + itoa(m.a)}
		if f.sheet != "" {
			loc.CellReference = f.sheet + "!" + loc.CellReference
		}
		if len(f.names) > 0 {
			loc.Name = f.names[0]
		}
		return loc
	}
	line, col := lineAfter(m.a, m.b, raw[m.off:lo])
	end := line
	if hi > lo {
		j := b.at(hi - 1)
		end, _ = lineAfter(b.marks[j].a, b.marks[j].b, raw[b.marks[j].off:hi-1])
	}
	loc := Location{Kind: LineRange, Line: line, EndLine: max(line, end), Column: col + 1}
	if m.kind == namedLine {
		loc.Row = b.info(m.info).row
	}
	return loc
}
