package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sort"
)

const (
	// blockSize is how much text a segment brings that no segment before it had. It fits the second-level cache.
	blockSize = 256 * kib
	// lookback and margin are the text a segment repeats from before Lo and lends from after Hi, so that a match that
	// belongs to it is seen with its surroundings: a keyword may stand 300 characters before (maximumMatchDistance), a
	// private key is up to 16 KiB long. They are at least what detect.Set asks for by Lookbehind and Lookahead.
	lookback = 4 * kib
	margin   = 20 * kib
)

// Segment is a piece of a document's text.
//
// Text overlaps that of its neighbours. A match belongs to the segment in which it starts at or after Lo and before Hi, and is
// to be ignored in the other: so each match is reported once, and the one that counts was seen with its whole surroundings.
type Segment struct {
	Text   []byte // UTF-8, or bytes of an unknown single-byte charset; valid only until the sink returns
	Lo, Hi int
	Start  bool // Text[0] is the document's first character
	End    bool // Text ends where the document ends

	tidier *tidier
	w      *walker
	layout layout
	spans  []span // nil: an offset in Text is the same offset in raw
	raw    []byte
}

// Field is one value of a structured document: a cell, a JSON string, a column's value in a record.
type Field struct {
	Lo, Hi int      // its bounds in Text
	Names  []string // the names that lead to it, outermost first: the column's name, or the path's elements
}

// layout knows how the raw bytes of a segment are arranged. Offsets are in raw.
type layout interface {
	// field returns the value around off; ok is false where the text has no structure.
	field(raw []byte, off int) (f Field, ok bool)
	locate(raw []byte, lo, hi int) Location
	structured() bool
}

// span says that from out on Text is raw from in on, until the next span.
type span struct{ out, in int32 }

// Late counts n steps of the sink's own work on the segment and says whether the time for the object is over: then the work is
// not worth doing any more. A step is some nanoseconds.
func (s *Segment) Late(n int64) bool { return s.w != nil && s.w.late(n) }

// Structured says whether the document has values with names; then Field tells where they are. Proximity of keywords is
// judged differently there: in the same value, or in the names.
func (s *Segment) Structured() bool { return s.layout.structured() }

// Field returns the value in which off lies. It does its work when asked, and asking in ascending order is cheapest; a segment
// in which nothing interesting is found is never parsed. It returns false where there is no value: in unstructured text,
// between values, in the name of a member, or in a record that is malformed.
func (s *Segment) Field(off int) (Field, bool) {
	f, ok := s.layout.field(s.raw, s.in(off))
	if ok && s.spans != nil {
		f.Lo, f.Hi = s.out(f.Lo), s.out(f.Hi)
	}
	return f, ok
}

// Fields appends the values around and after off to dst, up to some place after it, and returns that place: every value that
// begins before upto is there, in order. It is what Field is for callers that want nearly all values; it returns dst as it was
// and ok false where only Field can tell.
func (s *Segment) Fields(dst []Field, off int) (fields []Field, upto int, ok bool) {
	l, can := s.layout.(lister)
	if !can {
		return dst, off, false
	}
	n := len(dst)
	dst, upto, ok = l.list(s.raw, s.in(off), dst)
	if !ok { // what was found until then is not told: nobody has seen to it that it is right
		return dst[:n], off, false
	}
	if s.spans == nil {
		return dst, upto, true
	}
	first := s.in(off)
	if n < len(dst) {
		first = min(first, dst[n].Lo) // the value around off begins before it
	}
	k := sort.Search(len(s.spans), func(i int) bool { return int(s.spans[i].in) > first })
	for i := n; i < len(dst); i++ {
		dst[i].Lo, k = s.outFrom(dst[i].Lo, k)
		dst[i].Hi, k = s.outFrom(dst[i].Hi, k)
	}
	upto, _ = s.outFrom(upto, k)
	return dst, upto, true
}

// lister is a layout that can give many values at once. It stops after listStep bytes or so.
type lister interface {
	list(raw []byte, off int, dst []Field) (fields []Field, upto int, ok bool)
}

const listStep = 4 * kib

// Says tells what one name, or one column's, adds to the names that lead to a value: whether it matters by itself, and whether
// it may do so together with names that follow it.
type Says func(name []byte) (itself, together bool)

// Silent returns a place after off such that no value that starts from off on and before it has names that matter by says. It
// returns off when that cannot be told without looking at the values. It costs far less than asking for them, since neither
// values nor paths are worked out.
func (s *Segment) Silent(off int, says Says) int {
	l, can := s.layout.(silencer)
	if !can {
		return off
	}
	return max(off, s.out(l.silent(s.raw, s.inBefore(off), says)))
}

// silencer is a layout that can tell where names do not matter. It is given the same says for all of a document.
type silencer interface {
	silent(raw []byte, off int, says Says) int
}

// outFrom is out for ascending places: k is the span after the last one.
func (s *Segment) outFrom(in, k int) (out, next int) {
	for k < len(s.spans) && int(s.spans[k].in) <= in {
		k++
	}
	if k == 0 {
		return min(in, len(s.Text)), k
	}
	out = int(s.spans[k-1].out) + in - int(s.spans[k-1].in)
	if k < len(s.spans) {
		out = min(out, int(s.spans[k].out))
	}
	return min(out, len(s.Text)), k
}

// Locate says where Text[lo:hi] is in the document.
func (s *Segment) Locate(lo, hi int) Location {
	return s.layout.locate(s.raw, s.in(lo), s.in(hi))
}

func (s *Segment) in(off int) int {
	if s.spans == nil {
		return off
	}
	i := sort.Search(len(s.spans), func(i int) bool { return int(s.spans[i].out) > off }) - 1
	if i < 0 {
		return off
	}
	in := int(s.spans[i].in) + off - int(s.spans[i].out)
	if i+1 < len(s.spans) {
		in = min(in, int(s.spans[i+1].in))
	}
	return min(in, len(s.raw))
}

// inBefore is in, but for a place before which something was left out: that may belong to what begins there, and is not passed over.
func (s *Segment) inBefore(off int) int {
	i := sort.Search(len(s.spans), func(i int) bool { return int(s.spans[i].out) >= off }) - 1
	switch {
	case i >= 0:
		return min(s.in(off), int(s.spans[i].in)+off-int(s.spans[i].out))
	case len(s.spans) > 0 && off == 0:
		return 0
	}
	return s.in(off)
}

func (s *Segment) out(in int) int {
	if s.spans == nil {
		return in
	}
	i := sort.Search(len(s.spans), func(i int) bool { return int(s.spans[i].in) > in }) - 1
	if i < 0 {
		return min(in, len(s.Text))
	}
	out := int(s.spans[i].out) + in - int(s.spans[i].in)
	if i+1 < len(s.spans) {
		out = min(out, int(s.spans[i+1].out))
	}
	return min(out, len(s.Text))
}

// Location is one place in a document, as Macie's Occurrences know it: Kind says which fields are its own.
type Location struct {
	Kind LocationKind

	// Line and EndLine are 1-based and inclusive; Column, in characters and 1-based, is where the match starts in the first
	// line. They are set for every format that has lines, tables and JSON too; 0 where there are none.
	Line, EndLine, Column int64

	Row, Col      int64  // Cell: 1-based
	Name          string // Cell: the column's; empty when it has none
	CellReference string // Cell: "C5", or "Sheet2!C5" where there are several sheets; empty for text formats

	Page int64 // Page: 1-based

	Record int64    // Record: 0-based
	Path   string   // Record: JSONPath
	Names  []string // Record: the path's elements, for whoever must leave out a path that is sensitive itself
}

// LocationKind chooses the array of Occurrences that a Location goes to.
type LocationKind uint8

const (
	LineRange LocationKind = iota
	Cell
	Page
	Record
)

// lines is the layout of text that has nothing but lines. Newlines are counted up to a match when one is found, and otherwise
// once per block.
type lines struct {
	line int64 // of raw[0], 1-based
	col  int64 // characters of that line before raw[0]
	cur  lineCursor
}

type lineCursor struct {
	pos  int
	line int64
	col  int64 // characters of the line before pos
}

func newLines() *lines { l := &lines{line: 1}; l.reset(); return l }

func (l *lines) reset() { l.cur = lineCursor{line: l.line, col: l.col} }

func (l *lines) structured() bool                        { return false }
func (l *lines) field(raw []byte, off int) (Field, bool) { return Field{}, false }

func (l *lines) seek(raw []byte, off int) {
	if off < l.cur.pos {
		l.reset()
	}
	l.cur.line, l.cur.col = lineAfter(l.cur.line, l.cur.col, raw[l.cur.pos:off])
	l.cur.pos = off
}

func (l *lines) locate(raw []byte, lo, hi int) Location {
	l.seek(raw, lo)
	loc := Location{Kind: LineRange, Line: l.cur.line, Column: l.cur.col + 1}
	loc.EndLine = loc.Line + int64(bytes.Count(raw[lo:hi], newline))
	if hi > lo && raw[hi-1] == '\n' {
		loc.EndLine--
	}
	return loc
}

// advance drops raw[:n].
func (l *lines) advance(raw []byte, n int) {
	l.seek(raw, n)
	l.line, l.col = l.cur.line, l.cur.col
	l.reset()
}

// lineAfter counts on from a position over text.
func lineAfter(line, col int64, text []byte) (int64, int64) {
	if n := bytes.Count(text, newline); n > 0 {
		line += int64(n)
		col = 0
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	return line, col + int64(runes(text))
}

// runes counts the bytes that begin a character, eight at a time.
func runes(b []byte) int {
	const ones = 0x0101010101010101
	n := len(b)
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		n -= bits.OnesCount64(x >> 7 & ^(x >> 6) & ones)
	}
	for _, c := range b {
		if c&0xc0 == 0x80 {
			n--
		}
	}
	return n
}

var newline = []byte{'\n'}
