package classify

import (
	"context"
	"path"
	"strings"
	"time"
	"unsafe"

	"magpie/internal/detect"
	"magpie/internal/extract"
	"magpie/internal/macie2"
)

// Options of a Classifier. The zero value is what Macie does.
type Options struct {
	Extract extract.Options
	// MaxOccurrences is how many locations a type lists in one document: 1,000, as in Macie's results.
	MaxOccurrences int
	// MaxMembers is how many files of one archive are listed by themselves; all are counted. 10,000.
	MaxMembers int
	// Samples is how many masked values are kept per type and document, for a person to look at.
	Samples int
	// Progress, when not nil, is told of bytes as they are analysed. It is called from Classify's goroutine.
	Progress func(bytes int64)
}

// Classifier holds what does not change from object to object. It is safe for concurrent use.
type Classifier struct {
	set  *detect.Set
	opts Options
}

// New returns a Classifier for the identifiers of set.
func New(set *detect.Set, opts Options) *Classifier {
	if opts.MaxOccurrences <= 0 {
		opts.MaxOccurrences = 1000
	}
	if opts.MaxMembers <= 0 {
		opts.MaxMembers = 10_000
	}
	return &Classifier{set: set, opts: opts}
}

// Result is what was found in an object, the files inside it included.
type Result struct {
	Document
	Members []Document // the files of an archive that hold something or were not analysed wholly
	// MembersLeftOut counts the files that Members has no room for.
	MembersLeftOut int
}

// Document is what was found in the object or in one file inside it.
type Document struct {
	Path       string // inside the archive; "" for the object itself
	MIME       string
	Size       int64 // -1: not known
	Modified   time.Time
	Status     extract.Status
	Classified int64 // bytes
	Detections []Detection
	More       bool // there are occurrences that Detections do not list
}

// Detection is one identifier's share of a document.
type Detection struct {
	Identifier  *detect.Identifier
	Count       int64
	Occurrences []extract.Location // none for what lies inside an archive, in the archive's own document
	Samples     []string           // masked
}

// Name is what the detection is called: the managed identifier's id, or a custom one's name.
func (d *Detection) Name(names map[*detect.Custom]CustomName) string {
	if d.Identifier.Custom != nil {
		return names[d.Identifier.Custom].Name
	}
	return d.Identifier.ID
}

// Severity is Low, Medium or High; empty for a custom identifier below its lowest threshold.
func (d *Detection) Severity() macie2.SeverityDescription {
	if c := d.Identifier.Custom; c != nil {
		switch c.Severity(d.Count) {
		case "LOW":
			return macie2.SeverityDescriptionLow
		case "MEDIUM":
			return macie2.SeverityDescriptionMedium
		case "HIGH":
			return macie2.SeverityDescriptionHigh
		}
		return ""
	}
	return macie2.SeverityDescription(d.Identifier.Managed.SeverityOf(int(min(d.Count, 1<<30))))
}

// Worker classifies one object after another. It keeps scanners and caches between them and is not safe for concurrent use.
type Worker struct {
	c        *Classifier
	scanners []*detect.Scanner // by depth of nesting
	tallies  []*tally          // the same
	byText   map[string]*detect.Names
	byPlace  map[*string]*detect.Names
	recent   [256]struct {
		place *string
		names *detect.Names
	}
	said   said
	says   extract.Says    // of said
	names  map[string]bool // whether a name is sensitive itself
	prober *detect.Scanner
	fields fields
	result *Result
}

// NewWorker returns a Worker.
func (c *Classifier) NewWorker() *Worker {
	w := &Worker{c: c, byText: map[string]*detect.Names{}, byPlace: map[*string]*detect.Names{}, names: map[string]bool{}}
	w.said.set = c.set
	w.says = w.said.says
	return w
}

// Classify analyses one object. The error is the source's or the context's; the result then holds what was found before.
func (w *Worker) Classify(ctx context.Context, src extract.Source) (*Result, error) {
	w.result = &Result{}
	clear(w.byPlace)
	clear(w.recent[:])
	_, err := extract.Extract(ctx, src, w.c.opts.Extract, (*sink)(w))
	result := w.result
	if err != nil && len(w.tallies) > 0 && w.tallies[0].open {
		for depth := len(w.tallies) - 1; depth >= 0; depth-- {
			if w.tallies[depth].open {
				w.close(depth, extract.Status{Code: extract.Partial, Reason: extract.UnableToParseFile, Detail: "reading failed"})
			}
		}
	}
	w.result = nil
	return result, err
}

// tally counts what is found in one open document.
type tally struct {
	open    bool
	doc     *extract.Document
	counts  []int64
	detail  map[int]*Detection
	more    bool
	members bool // something inside it was counted
	read    int64
}

// level is how many documents are open above doc.
func level(doc *extract.Document) int {
	n := 0
	for p := doc.Parent; p != nil; p = p.Parent {
		n++
	}
	return n
}

// sink makes a Worker what extract reports to, without putting these methods on Worker itself.
type sink Worker

func (s *sink) Begin(doc *extract.Document) error {
	w := (*Worker)(s)
	n := level(doc)
	for len(w.tallies) <= n {
		w.tallies = append(w.tallies, &tally{counts: make([]int64, len(w.c.set.Identifiers()))})
		w.scanners = append(w.scanners, w.c.set.NewScanner())
	}
	t := w.tallies[n]
	clear(t.counts)
	*t = tally{open: true, doc: doc, counts: t.counts}
	return nil
}

func (s *sink) Segment(doc *extract.Document, seg *extract.Segment) error {
	w := (*Worker)(s)
	n := level(doc)
	block := detect.Block{Text: seg.Text, Lo: seg.Lo, Hi: seg.Hi, Start: seg.Start, End: seg.End}
	if seg.Structured() {
		w.fields.reset(w, seg)
		block.Fields = &w.fields
	}
	t := w.tallies[n]
	w.scanners[n].Scan(&block, func(m detect.Match) { w.count(t, seg, m) })
	if p := w.c.opts.Progress; p != nil && doc.Read > t.read {
		if doc.Parent == nil {
			p(doc.Read - t.read)
		}
		t.read = doc.Read
	}
	return nil
}

func (s *sink) End(doc *extract.Document, status extract.Status) error {
	(*Worker)(s).close(level(doc), status)
	return nil
}

// maxNames is where Macie stops counting names and addresses in an object.
const maxNames = 1000

func stopsCounting(id string) bool { return id == "NAME" || id == "ADDRESS" }

func (w *Worker) count(t *tally, seg *extract.Segment, m detect.Match) {
	id := &w.c.set.Identifiers()[m.Identifier]
	if t.counts[m.Identifier] >= maxNames && stopsCounting(id.ID) {
		t.more = true
		return
	}
	t.counts[m.Identifier]++
	if t.detail == nil {
		t.detail = map[int]*Detection{}
	}
	d := t.detail[m.Identifier]
	if d == nil {
		d = &Detection{Identifier: id}
		t.detail[m.Identifier] = d
	}
	d.Count++
	if len(d.Occurrences) >= w.c.opts.MaxOccurrences {
		t.more = true
		return
	}
	loc := seg.Locate(m.Start, m.End)
	w.withhold(&loc)
	d.Occurrences = append(d.Occurrences, loc)
	if len(d.Samples) < w.c.opts.Samples {
		d.Samples = append(d.Samples, mask(seg.Text[m.Start:m.End]))
	}
}

// withhold removes names from a location that are sensitive themselves.
func (w *Worker) withhold(loc *extract.Location) {
	if loc.Name != "" && w.sensitive(loc.Name) {
		loc.Name = ""
	}
	for _, name := range loc.Names {
		if w.sensitive(name) {
			loc.Path = ""
			break
		}
	}
	loc.Names = nil
}

// sensitive scans a name; few documents have many different ones.
func (w *Worker) sensitive(name string) bool {
	is, known := w.names[name]
	if known {
		return is
	}
	if w.prober == nil {
		w.prober = w.c.set.NewScanner()
	}
	w.prober.Scan(&detect.Block{Text: []byte(name), Hi: len(name), Start: true, End: true}, func(detect.Match) { is = true })
	if len(w.names) > 4096 {
		clear(w.names)
	}
	w.names[strings.Clone(name)] = is
	return is
}

// close ends the document at a level and adds it to the one that holds it.
func (w *Worker) close(n int, status extract.Status) {
	t := w.tallies[n]
	t.open = false
	if status.Code == extract.Skipped && len(t.detail) > 0 && !t.members {
		// Macie's word for it is that nothing was analysed.
		clear(t.counts)
		t.detail, t.more = nil, false
	}
	d := Document{Path: t.doc.Path, MIME: t.doc.MIME, Size: t.doc.Size, Modified: t.doc.Modified, Status: status,
		Classified: t.doc.Read, More: t.more}
	if status.Code == extract.Complete && t.doc.Size >= 0 {
		d.Classified = t.doc.Size
	}
	if status.Code == extract.Skipped {
		d.Classified = 0
	}
	for i := range t.counts {
		if own := t.detail[i]; own != nil {
			d.Detections = append(d.Detections, *own)
		}
	}
	if p := w.c.opts.Progress; p != nil && t.doc.Parent == nil && t.doc.Size > t.read {
		p(t.doc.Size - t.read)
	}
	if n == 0 {
		w.result.Document = d
		return
	}
	if len(d.Detections) > 0 || status.Code != extract.Complete {
		if len(w.result.Members) < w.c.opts.MaxMembers && !t.members {
			w.result.Members = append(w.result.Members, d)
		} else if !t.members {
			w.result.MembersLeftOut++
		}
	}
	up := w.tallies[n-1]
	for i := range d.Detections {
		w.addUp(up, &d.Detections[i])
	}
	up.more = up.more || t.more
	up.members = up.members || len(d.Detections) > 0
}

// addUp counts a member's detection for the archive, without its locations.
func (w *Worker) addUp(up *tally, d *Detection) {
	for i := range up.counts {
		id := &w.c.set.Identifiers()[i]
		if id != d.Identifier {
			continue
		}
		n := d.Count
		if stopsCounting(id.ID) {
			n = min(n, maxNames-up.counts[i])
		}
		if n <= 0 {
			return
		}
		up.counts[i] += n
		if up.detail == nil {
			up.detail = map[int]*Detection{}
		}
		own := up.detail[i]
		if own == nil {
			own = &Detection{Identifier: id}
			up.detail[i] = own
		}
		own.Count += n
		for _, s := range d.Samples {
			if len(own.Samples) < w.c.opts.Samples {
				own.Samples = append(own.Samples, s)
			}
		}
		return
	}
}

// fields lets the engine ask a segment for its values. Where the engine asks for one after the other they are taken from the
// segment many at a time.
type fields struct {
	w    *Worker
	seg  *extract.Segment
	list []extract.Field // of [from, upto)
	next int             // in list: where the last answer was
	from int
	upto int
	last int // where the last question was
	near int // how many in a row were soon after the one before
	// Names say nothing between these.
	silentFrom, silentUpto int
}

// When asksMany questions in a row were at most asksOn bytes apart, more are expected to follow.
const (
	asksOn   = 256
	asksMany = 4
)

func (f *fields) reset(w *Worker, seg *extract.Segment) {
	*f = fields{w: w, seg: seg, list: f.list[:0], last: -asksOn - 1}
}

func (f *fields) Field(off int) (detect.Field, bool) {
	if off < f.from || off >= f.upto {
		apart := off - f.last
		f.last = off
		if apart < 0 || apart > asksOn {
			f.near = 0
		}
		if f.near++; f.near < asksMany {
			return f.one(off)
		}
		var ok bool
		if f.list, f.upto, ok = f.seg.Fields(f.list[:0], off); !ok {
			f.from, f.upto, f.list = 0, 0, f.list[:0]
			return f.one(off)
		}
		f.from, f.next = off, 0
		if off >= f.upto {
			f.from, f.upto = 0, 0
			return f.one(off)
		}
	}
	f.last = off
	if f.find(off); f.next == len(f.list) || off < f.list[f.next].Lo {
		return detect.Field{}, false
	}
	x := &f.list[f.next]
	return detect.Field{Lo: x.Lo, Hi: x.Hi, Names: f.w.compiled(x.Names)}, true
}

// find puts next to the first value of the list that ends after off. The engine passes over a stretch of text more than once,
// so that the last answer may have been behind it.
func (f *fields) find(off int) {
	if f.next > 0 && off < f.list[f.next-1].Hi {
		f.next = 0
	}
	for f.next < len(f.list) && off >= f.list[f.next].Hi {
		f.next++
	}
}

// one asks for a single value.
func (f *fields) one(off int) (detect.Field, bool) {
	x, ok := f.seg.Field(off)
	if !ok {
		return detect.Field{}, false
	}
	return detect.Field{Lo: x.Lo, Hi: x.Hi, Names: f.w.compiled(x.Names)}, true
}

func (f *fields) Silent(off int) int {
	if off >= f.from && off < f.upto { // the values are at hand
		f.find(off)
		for i := f.next; i < len(f.list); i++ {
			if x := &f.list[i]; x.Lo >= off && f.w.compiled(x.Names) != nil {
				return x.Lo
			}
		}
		return f.upto
	}
	if off < f.silentFrom || off >= f.silentUpto {
		f.silentFrom, f.silentUpto = off, f.seg.Silent(off, f.w.says)
	}
	return f.silentUpto
}

// compiled returns what the names say, compiled once for each way of names. Ways that extract shares are found by where they
// are; those are as many as a document has columns or paths.
func (w *Worker) compiled(names []string) *detect.Names {
	if len(names) == 0 {
		return nil
	}
	// The last few ways, in a table that costs less than a map.
	slot := &w.recent[uintptr(unsafe.Pointer(&names[0]))>>4%uintptr(len(w.recent))]
	if slot.place == &names[0] {
		return slot.names
	}
	n := w.compile(names)
	slot.place, slot.names = &names[0], n
	return n
}

func (w *Worker) compile(names []string) *detect.Names {
	if n, ok := w.byPlace[&names[0]]; ok {
		return n
	}
	key := strings.Join(names, "\x00")
	n, ok := w.byText[key]
	if !ok {
		n = w.c.set.Names(names...)
		if len(w.byText) > 8192 {
			clear(w.byText)
		}
		w.byText[key] = n
	}
	if len(w.byPlace) > 8192 {
		clear(w.byPlace)
	}
	w.byPlace[&names[0]] = n
	return n
}

// mask keeps the last characters of a value, at most four and at most two fifths of it.
func mask(value []byte) string {
	r := []rune(strings.ToValidUTF8(string(value), "\ufffd"))
	keep := min(4, len(r)*2/5)
	shown := min(len(r), 24) // a private key need not fill the screen
	var b strings.Builder
	for range shown - keep {
		b.WriteRune('•')
	}
	for _, c := range r[len(r)-keep:] {
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Extension is a file's, as Macie's embeddedFileDetails and s3Object have it: without the dot, empty if there is none.
func Extension(name string) string { return strings.TrimPrefix(path.Ext(name), ".") }
