package classify

import (
	"context"
	"path"
	"strings"
	"time"

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
	// CleanMembers is how many more files of an archive are listed in which nothing was found.
	CleanMembers int
	// Samples is how many masked values are kept per type and document, for a person to look at.
	Samples int
	// Reveal has samples show the values as they are, up to MaxRevealed characters of each.
	Reveal bool
	// Explain has each document list what is not reported, and why.
	Explain bool
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
	Members []Document // the files of an archive that hold something or were not analysed wholly; after them, Options.CleanMembers of the others
	// MembersLeftOut counts the files that Members has no room for.
	MembersLeftOut int
	// Faults are the panics of decoders that others wrote, for the log. See Worker.Faulty.
	Faults []*extract.Fault
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
	Missed     []Missed
	MissedMore bool // there are more of them
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
	tallies  []*tally          // by depth of nesting
	scanners []*detect.Scanner // that no open document uses
	byText   cache[string, *detect.Names]
	byPlace  cache[*string, *detect.Names] // of the object at hand
	recent   [256]struct {
		place *string
		names *detect.Names
	}
	said   said
	says   extract.Says        // of said
	names  cache[string, bool] // whether a name is sensitive itself
	missed misser
	prober *detect.Scanner
	fields fields
	// records is nil where nothing that is looked for can be spread over members.
	records *recorder
	result  *Result
	clean   []Document // files of an archive in which nothing was found

	limit   int64            // of memory, for one object
	account *extract.Account // of the object at hand
	kept    int64            // held for the result
	faults  []*extract.Fault
	faulty  bool
	late    func(steps int64) bool // of the segment at hand, see detect.Block
}

// NewWorker returns a Worker.
func (c *Classifier) NewWorker() *Worker {
	w := &Worker{c: c, limit: c.opts.Extract.MaxMemory}
	if w.limit <= 0 {
		w.limit = extract.DefaultMaxMemory
	}
	most := max(min(mostCached, w.limit/8), leastCached)
	w.byText, w.byPlace, w.names = newCache[string, *detect.Names](most), newCache[*string, *detect.Names](most/2), newCache[string, bool](most/2)
	w.records = newRecorder(c.set, most)
	w.account = extract.NewAccount(w.limit)
	w.said.set = c.set
	w.says = w.said.says
	return w
}

// Faulty says whether a decoder that others wrote has panicked, in this object or one before. What it was working on may be in
// pools of its package: the Worker must not be used again, and a process that reads for strangers is best ended with it.
func (w *Worker) Faulty() bool { return w.faulty }

// Classify analyses one object. The error is the source's or the context's; the result then holds what was found before.
//
// A panic of the detector, or of a reader of ours, is not caught: it is a mistake that must be seen. A Worker whose Classify has
// panicked must not be used again.
func (w *Worker) Classify(ctx context.Context, src extract.Source) (*Result, error) {
	w.result, w.clean = &Result{}, nil
	w.begin()
	opts := w.c.opts.Extract
	opts.Account = w.account
	opts.Faulted = func(f *extract.Fault) {
		w.faulty = true
		if len(w.faults) < maxFaults {
			w.faults = append(w.faults, f)
		}
		if told := w.c.opts.Extract.Faulted; told != nil {
			told(f)
		}
	}
	_, err := extract.Extract(ctx, src, opts, (*sink)(w))
	result := w.result
	if err != nil && len(w.tallies) > 0 && w.tallies[0].open {
		for depth := len(w.tallies) - 1; depth >= 0; depth-- {
			if w.tallies[depth].open {
				w.close(depth, extract.Status{Code: extract.Partial, Reason: extract.UnableToParseFile, Detail: "reading failed"})
			}
		}
	}
	result.Faults = w.faults
	w.result, w.clean, w.faults, w.late = nil, nil, nil, nil
	w.forget()
	return result, err
}

// maxFaults is how many panics of one object are worth a log line.
const maxFaults = 10

// tally counts what is found in one open document.
type tally struct {
	open    bool
	doc     *extract.Document
	scanner *detect.Scanner // nil while it has had no text: an archive has none
	counts  []int64
	detail  map[int]*Detection
	more    bool
	missed  []Missed     // see Options.Explain
	unsaid  bool         // and there are more
	members bool         // something inside it was counted
	parts   detect.Parts // that it may have, see recorder
	read    int64
	kept    int64 // held for the result
}

// scanner returns one that no open document uses.
func (w *Worker) scanner() *detect.Scanner {
	n := len(w.scanners) - 1
	if n < 0 {
		return w.c.set.NewScanner()
	}
	s := w.scanners[n]
	w.scanners = w.scanners[:n]
	return s
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
	}
	t := w.tallies[n]
	clear(t.counts)
	*t = tally{open: true, doc: doc, counts: t.counts}
	return nil
}

func (s *sink) Segment(doc *extract.Document, seg *extract.Segment) error {
	w := (*Worker)(s)
	n := level(doc)
	seg.Tidy()
	w.late = seg.Late
	block := detect.Block{Text: seg.Text, Lo: seg.Lo, Hi: seg.Hi, Start: seg.Start, End: seg.End, Late: w.late}
	if seg.Structured() {
		w.fields.reset(w, seg)
		block.Fields = &w.fields
	}
	t := w.tallies[n]
	if t.scanner == nil {
		t.scanner = w.scanner()
	}
	if block.Fields != nil && w.records != nil {
		w.scanRecords(t, seg, &block)
	} else {
		t.scanner.Scan(&block, func(m detect.Match) { w.count(t, seg, m) })
	}
	if w.c.opts.Explain {
		w.explain(t, seg, &block)
	}
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
	if w.c.opts.Explain && len(w.missed.reported) <= maxMatches {
		w.missed.reported = append(w.missed.reported, m)
	}
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
	if len(d.Occurrences) >= w.c.opts.MaxOccurrences || seg.Late(64) {
		t.more = true
		return
	}
	loc := seg.Locate(m.Start, m.End)
	w.withhold(&loc)
	if !w.keep(t, sizeOfOccurrence+int64(len(loc.Name)+len(loc.CellReference)+len(loc.Path))) {
		t.more = true
		return
	}
	d.Occurrences = append(d.Occurrences, loc)
	if len(d.Samples) < w.c.opts.Samples {
		d.Samples = append(d.Samples, w.c.sample(seg.Text[m.Start:m.End]))
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
	is, known := w.names.m[name]
	if known {
		return is
	}
	if w.late != nil && w.late(16) {
		return true
	}
	if w.prober == nil {
		w.prober = w.c.set.NewScanner()
	}
	w.prober.Scan(&detect.Block{Text: []byte(name), Hi: len(name), Start: true, End: true, Late: w.late}, func(detect.Match) { is = true })
	if w.prober.Stopped() {
		return true // nothing is known: it is not shown
	}
	w.names.put(w.account, strings.Clone(name), is, int64(len(name)))
	return is
}

// close ends the document at a level and adds it to the one that holds it.
func (w *Worker) close(n int, status extract.Status) {
	t := w.tallies[n]
	t.open = false
	if t.scanner != nil && len(w.scanners) < keptScanners {
		w.scanners = append(w.scanners, t.scanner)
	}
	t.scanner = nil
	if status.Code == extract.Skipped && !t.members {
		t.missed, t.unsaid = nil, false
	}
	if status.Code == extract.Skipped && len(t.detail) > 0 && !t.members {
		// Macie's word for it is that nothing was analysed.
		clear(t.counts)
		t.detail, t.more = nil, false
		w.unkeep(t)
	}
	d := Document{Path: t.doc.Path, MIME: t.doc.MIME, Size: t.doc.Size, Modified: t.doc.Modified, Status: status,
		Classified: t.doc.Read, More: t.more, Missed: t.missed, MissedMore: t.unsaid}
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
		w.result.Members, w.clean = append(w.result.Members, w.clean...), nil
		return
	}
	if len(d.Detections) > 0 || len(d.Missed) > 0 || status.Code != extract.Complete {
		size := sizeOfDocument + int64(len(d.Path)+len(d.MIME)+len(d.Status.Detail)) + int64(len(d.Detections))*sizeOfDetection
		switch {
		case t.members:
		case len(w.result.Members) < w.c.opts.MaxMembers && w.keep(t, size):
			w.result.Members = append(w.result.Members, d)
		default:
			w.result.MembersLeftOut++
			w.unkeep(t)
		}
	}
	if len(d.Detections) == 0 && len(d.Missed) == 0 && status.Code == extract.Complete && !t.members && len(w.clean) < w.c.opts.CleanMembers {
		// Of the room for the result, those that hold something have at least half.
		if size := sizeOfDocument + int64(len(d.Path)+len(d.MIME)); w.kept+size <= max(w.limit/4, leastResult)/2 && w.keep(t, size) {
			w.clean = append(w.clean, d)
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

// MaxRevealed is how many characters of a value are shown where it is not masked, as in Macie.
const MaxRevealed = 128

// sample is what is shown of a value.
func (c *Classifier) sample(value []byte) string {
	if !c.opts.Reveal {
		return mask(value)
	}
	// A character has up to four bytes; what follows need not be looked at.
	r := []rune(strings.ToValidUTF8(string(value[:min(len(value), 4*MaxRevealed)]), "\ufffd"))
	return string(r[:min(len(r), MaxRevealed)])
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
