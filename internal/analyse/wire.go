package analyse

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/detect/managed"
	"magpie/internal/extract"
)

// The bounds of a result on its way out of a box.
const (
	maxResult      = 32 << 20
	maxText        = 1 << 20 // a path inside an archive; everything else is far shorter
	maxDetail      = 4 << 10
	maxMembers     = 10_000 + MostCleanMembers
	maxOccurrences = 1_000
	maxSampleRunes = 64
	// The years 1 to 9999, which JSON can write.
	firstSecond, lastSecond = -62135596800, 253402300799
)

// encoder appends numbers as varints and strings with their length before them. It can be used again.
type encoder struct {
	b           []byte
	index       map[*detect.Identifier]int
	ids         []detect.Identifier
	occurrences int // listed for each identifier
}

func newEncoder(set *detect.Set) *encoder {
	e := &encoder{index: map[*detect.Identifier]int{}, ids: set.Identifiers()}
	for i := range e.ids {
		e.index[&e.ids[i]] = i
	}
	return e
}

// encode writes a result. One that would be too large loses occurrences first, then members: what is counted stays. What is returned is
// good until the next call.
func (e *encoder) encode(r *classify.Result) []byte {
	if cap(e.b) > 1<<20 {
		e.b = nil
	}
	for _, e.occurrences = range []int{maxOccurrences, 100, 10, 1, 0} {
		if b, ok := e.result(r, r.Members); ok {
			return b
		}
	}
	for n := len(r.Members) / 2; ; n /= 2 {
		if b, ok := e.result(r, r.Members[:n]); ok || n == 0 {
			return b
		}
	}
}

func (e *encoder) result(r *classify.Result, members []classify.Document) (b []byte, ok bool) {
	e.b = e.b[:0]
	e.document(&r.Document)
	e.number(int64(r.MembersLeftOut + len(r.Members) - len(members)))
	e.number(int64(len(members)))
	for i := range members {
		if e.document(&members[i]); len(e.b) > maxResult {
			return nil, false
		}
	}
	return e.b, len(e.b) <= maxResult
}

func (e *encoder) number(n int64) { e.b = binary.AppendVarint(e.b, n) }

func (e *encoder) text(s string) {
	e.number(int64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) flag(v bool) {
	if v {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) document(d *classify.Document) {
	e.text(cut(d.Path, maxText))
	e.text(cut(d.MIME, maxDetail))
	e.number(d.Size)
	modified := d.Modified.Unix()
	known := !d.Modified.IsZero() && modified >= firstSecond && modified <= lastSecond
	if e.flag(known); known {
		e.number(modified)
		e.number(int64(d.Modified.Nanosecond()))
	}
	e.text(string(d.Status.Code))
	e.text(string(d.Status.Reason))
	e.text(cut(d.Status.Detail, maxDetail))
	e.number(d.Classified)
	more := d.More
	for i := range d.Detections {
		more = more || len(d.Detections[i].Occurrences) > e.occurrences
	}
	e.flag(more)
	e.number(int64(len(d.Detections)))
	for i := range d.Detections {
		e.detection(&d.Detections[i])
	}
	missed := d.Missed[:min(len(d.Missed), e.occurrences)]
	e.flag(d.MissedMore || len(missed) < len(d.Missed))
	e.number(int64(len(missed)))
	for i := range missed {
		e.missed(&missed[i])
	}
}

// missed writes an identifier that is looked for by its place among those, another by its place among all.
func (e *encoder) missed(m *classify.Missed) {
	at := slices.IndexFunc(e.ids, func(id detect.Identifier) bool { return id.Custom == m.Custom && id.Managed == m.Managed })
	if e.flag(at < 0); at < 0 {
		at = slices.Index(managed.All(), m.Managed)
	}
	e.number(int64(at))
	e.b = append(e.b, byte(m.Why))
	e.number(int64(m.Distance))
	e.location(&m.Place)
	e.text(m.Sample)
}

func (e *encoder) detection(d *classify.Detection) {
	e.number(int64(e.index[d.Identifier]))
	e.number(d.Count)
	locations := d.Occurrences[:min(len(d.Occurrences), e.occurrences)]
	e.number(int64(len(locations)))
	for i := range locations {
		e.location(&locations[i])
	}
	e.number(int64(len(d.Samples)))
	for _, s := range d.Samples {
		e.text(s)
	}
}

func (e *encoder) location(l *extract.Location) {
	e.b = append(e.b, byte(l.Kind))
	for _, n := range [...]int64{l.Line, l.EndLine, l.Column, l.Row, l.Col, l.Page, l.Record} {
		e.number(max(n, 0))
	}
	e.text(cut(l.Name, maxText))
	e.text(cut(l.CellReference, maxText))
	e.text(cut(l.Path, maxText))
	e.number(int64(len(l.Names)))
	for _, name := range l.Names {
		e.text(cut(name, maxText))
	}
}

// cut shortens a text to n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// decoder reads what encoder writes, from a box that may have been taken over by what it read: every
// number and text is held against what an honest box can say. The first fault sticks.
type decoder struct {
	b   []byte
	set *detect.Set
	shown
	err error
}

var errResult = errors.New("its result is malformed")

// shown is what a result may show of values.
type shown struct {
	samples int
	reveal  bool // not masked
	explain bool
}

func decodeResult(b []byte, set *detect.Set, may shown, size int64) (*classify.Result, error) {
	d := &decoder{b: b, set: set, shown: may}
	r := &classify.Result{}
	d.document(&r.Document)
	r.MembersLeftOut = int(d.number(0, math.MaxInt32))
	n := d.count(maxMembers, 12)
	r.Members = make([]classify.Document, n)
	for i := range r.Members {
		d.document(&r.Members[i])
	}
	if n == 0 {
		r.Members = nil
	}
	if len(d.b) > 0 {
		d.fail("there are bytes after it")
	}
	if r.Path != "" || r.Size != size && size >= 0 {
		d.fail("it is of another object")
	}
	if d.err != nil {
		return nil, d.err
	}
	return r, nil
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", errResult, what)
	}
	d.b = nil
}

func (d *decoder) number(least, most int64) int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 || v < least || v > most {
		d.fail("a number is out of bounds")
		return max(least, 0)
	}
	d.b = d.b[n:]
	return v
}

// count is a number of things that take at least so many bytes each.
func (d *decoder) count(most, each int) int {
	n := int(d.number(0, int64(most)))
	if n > len(d.b)/each {
		d.fail("it says that there is more than there is")
		return 0
	}
	return n
}

func (d *decoder) byte(most byte) byte {
	if len(d.b) == 0 || d.b[0] > most {
		d.fail("a byte is out of bounds")
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) text(most int) string {
	n := d.count(most, 1)
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) document(doc *classify.Document) {
	doc.Path = d.text(maxText)
	if slices.Contains(strings.Split(doc.Path, "/"), "..") || strings.HasPrefix(doc.Path, "/") {
		d.fail("a path leads out of its archive")
	}
	doc.MIME = d.text(maxDetail)
	doc.Size = d.number(-1, math.MaxInt64)
	if d.byte(1) == 1 {
		sec := d.number(firstSecond, lastSecond)
		doc.Modified = time.Unix(sec, d.number(0, 999_999_999)).UTC()
	}
	doc.Status = extract.Status{Code: extract.Code(d.text(64)), Reason: extract.Reason(d.text(64)), Detail: d.text(maxDetail)}
	switch doc.Status.Code {
	case extract.Complete, extract.Partial, extract.Skipped:
	default:
		d.fail("a status has an unknown code")
	}
	if (doc.Status.Code == extract.Complete) != (doc.Status.Reason == "") || !isWord(string(doc.Status.Reason)) {
		d.fail("a status has no reason, or one that is none")
	}
	doc.Classified = d.number(0, math.MaxInt64)
	doc.More = d.byte(1) == 1
	d.detections(doc)
	doc.MissedMore = d.byte(1) == 1
	most := 0
	if d.explain {
		most = classify.MaxMissed
	}
	if n := d.count(most, 12); n > 0 {
		doc.Missed = make([]classify.Missed, n)
	}
	for i := range doc.Missed {
		d.missed(&doc.Missed[i])
	}
}

func (d *decoder) detections(doc *classify.Document) {
	ids := d.set.Identifiers()
	n := d.count(len(ids), 4)
	if n == 0 {
		return
	}
	doc.Detections = make([]classify.Detection, n)
	before := int64(-1)
	for i := range doc.Detections {
		x := &doc.Detections[i]
		before = d.number(before+1, int64(len(ids)-1))
		if d.err != nil {
			return
		}
		x.Identifier = &ids[before]
		d.detection(x)
	}
}

func (d *decoder) missed(m *classify.Missed) {
	if d.byte(1) == 0 {
		ids := d.set.Identifiers()
		id := &ids[d.number(0, int64(len(ids)-1))]
		m.Managed, m.Custom = id.Managed, id.Custom
	} else {
		all := managed.All()
		m.Managed = all[d.number(0, int64(len(all)-1))]
	}
	if m.Why = detect.Why(d.byte(255)); !m.Why.Valid() {
		d.fail("a reason is unknown")
	}
	m.Distance = int(d.number(-1, 1<<20))
	d.location(&m.Place)
	if m.Sample = d.sample(); d.samples == 0 && strings.Trim(m.Sample, "•") != "" {
		d.fail("a value is not masked")
	}
}

// sample is a value as it may be shown.
func (d *decoder) sample() string {
	s := d.text(maxDetail)
	switch {
	case d.reveal && utf8.RuneCountInString(s) > classify.MaxRevealed:
		d.fail("a value is too long")
	case !d.reveal && !masked(s):
		d.fail("a value is not masked")
	}
	return s
}

// isWord says whether a reason is written as Macie writes them.
func isWord(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '_' })
}

func (d *decoder) detection(x *classify.Detection) {
	x.Count = d.number(1, math.MaxInt64)
	n := d.count(int(min(maxOccurrences, x.Count)), 12)
	if n > 0 {
		x.Occurrences = make([]extract.Location, n)
	}
	for i := range x.Occurrences {
		d.location(&x.Occurrences[i])
	}
	if n = d.count(d.samples, 1); n > 0 {
		x.Samples = make([]string, n)
	}
	for i := range x.Samples {
		x.Samples[i] = d.sample()
	}
}

// masked says whether a sample shows no more than package classify lets it.
func masked(s string) bool {
	shown := []rune(strings.TrimLeft(s, "•"))
	return len(shown) <= 4 && utf8.RuneCountInString(s) <= maxSampleRunes &&
		!slices.ContainsFunc(shown, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func (d *decoder) location(l *extract.Location) {
	l.Kind = extract.LocationKind(d.byte(byte(extract.Record)))
	for _, n := range [...]*int64{&l.Line, &l.EndLine, &l.Column, &l.Row, &l.Col, &l.Page, &l.Record} {
		*n = d.number(0, math.MaxInt64)
	}
	l.Name, l.CellReference, l.Path = d.text(maxText), d.text(maxText), d.text(maxText)
	if n := d.count(256, 1); n > 0 {
		l.Names = make([]string, n)
	}
	for i := range l.Names {
		l.Names[i] = d.text(maxText)
	}
}
