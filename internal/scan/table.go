package scan

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"magpie/internal/analyse"
	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/extract"
	"magpie/internal/macie2"
)

// tableWriter collects rows and prints them at the end, worst first.
type tableWriter struct {
	w      io.Writer
	custom map[*detect.Custom]classify.CustomName
	top    int    // rows shown; 0: all
	width  int    // characters in a line; 0: any number
	looked string // what was looked for
	listed int    // files shown that could not be read
	rows   []row
	lost   int // rows beyond maxRows
	bad    []problem
	badAll int
	kinds  map[string]int // not opened, by MIME type

	explain    bool
	unreported []unreported
	unsaid     bool // there is more that is not reported
}

type row struct {
	severity macie2.SeverityDescription
	count    int64
	name     string
	path     string
	place    string // in it
	samples  []string
}

type problem struct{ path, why string }

const (
	maxRows = 100_000 // kept while scanning
	// Of files that could not be read, so many are shown, with --verbose so many.
	fewProblems, maxProblems = 5, 100_000
)

func newTableWriter(w io.Writer, f *flags, search *analyse.Search) *tableWriter {
	return &tableWriter{w: w, custom: search.Names(), top: f.top, looked: f.looked(search), listed: f.listed(),
		kinds: map[string]int{}, explain: f.explain}
}

func (t *tableWriter) file(f *FileResult) error {
	t.document(f.Path, &f.Result.Document, f.Result.Members)
	if t.explain {
		t.explained(f.Path, &f.Result.Document)
		for i := range f.Result.Members {
			t.explained(f.Path+"!"+f.Result.Members[i].Path, &f.Result.Members[i])
		}
	}
	if f.Failed() {
		t.badAll++
		if len(t.bad) < t.listed {
			t.bad = append(t.bad, problem{printable(f.Path), why(f)})
		}
	} else if f.Result.Status.Code == extract.Skipped {
		t.kinds[f.Result.MIME]++
	}
	return nil
}

// why says in a line what is wrong with a file.
func why(f *FileResult) string {
	if f.Err != nil {
		return f.Err.Error()
	}
	s := f.Result.Status
	if !failed(s) { // an archive whose files failed: the first says more than that there are some
		n := 0
		text := ""
		for i := range f.Result.Members {
			if m := &f.Result.Members[i]; failed(m.Status) {
				if n++; n == 1 {
					text = printable(m.Path) + ": " + m.Status.Detail
				}
			}
		}
		if n > 1 {
			text += fmt.Sprintf(", and %s in it", plural(int64(n-1), "more file"))
		}
		return text
	}
	text := s.Detail
	if text == "" {
		text = strings.ToLower(strings.ReplaceAll(string(s.Reason), "_", " "))
	}
	if s.Code == extract.Partial {
		text += " (read in part)"
	}
	return text
}

// document adds the rows of a file: its own, and for an archive those of the files inside it.
func (t *tableWriter) document(path string, d *classify.Document, members []classify.Document) {
	found := false
	for i := range members {
		if len(members[i].Detections) > 0 {
			t.detections(path+"!"+members[i].Path, &members[i])
			found = true
		}
	}
	// An archive's own line would only add up what its members say.
	if !found || hasPlaces(d) {
		t.detections(path, d)
	}
}

func hasPlaces(d *classify.Document) bool {
	return slices.ContainsFunc(d.Detections, func(x classify.Detection) bool { return len(x.Occurrences) > 0 })
}

func (t *tableWriter) detections(path string, d *classify.Document) {
	for i := range d.Detections {
		x := &d.Detections[i]
		if len(t.rows) >= maxRows {
			t.lost++
			continue
		}
		t.rows = append(t.rows, row{x.Severity(), x.Count, printable(x.Name(t.custom)), printable(path), place(x), x.Samples})
	}
}

// place is where the first occurrence is, in the form that editors open.
func place(d *classify.Detection) string {
	if len(d.Occurrences) == 0 {
		return ""
	}
	s := placeOf(&d.Occurrences[0])
	if d.Count > 1 {
		s += " …"
	}
	return s
}

// placeOf is a place in the form that editors open.
func placeOf(l *extract.Location) string {
	s := ""
	switch l.Kind {
	case extract.LineRange:
		s = fmt.Sprintf(":%d:%d", l.Line, l.Column)
	case extract.Cell:
		if l.CellReference != "" {
			s = " " + printable(l.CellReference)
		} else {
			s = fmt.Sprintf(":%d:%d", l.Line, l.Column)
		}
		if l.Name != "" {
			s += fmt.Sprintf(" (column %s)", printable(l.Name))
		}
	case extract.Page:
		s = fmt.Sprintf(" page %d", l.Page)
	case extract.Record:
		if l.Line > 0 {
			s = fmt.Sprintf(":%d:%d", l.Line, l.Column)
		} else {
			s = fmt.Sprintf(" record %d", l.Record)
		}
		if l.Path != "" {
			s += " (" + printable(l.Path) + ")"
		}
	}
	return s
}

func (t *tableWriter) finish(sum *Summary) error {
	slices.SortStableFunc(t.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(rank(b.severity), rank(a.severity)), cmp.Compare(b.count, a.count), cmp.Compare(a.path, b.path), cmp.Compare(a.place, b.place))
	})
	shown := t.rows
	if t.top > 0 && len(shown) > t.top {
		shown = shown[:t.top]
	}
	var b strings.Builder
	if len(shown) > 0 {
		t.print(&b, shown)
		if more := len(t.rows) - len(shown) + t.lost; more > 0 {
			fmt.Fprintf(&b, "… and %s more; --top 0 shows all, --output json has every location\n", count(int64(more)))
		}
		b.WriteByte('\n')
	}
	if t.explain {
		t.printUnreported(&b)
	}
	if t.badAll > 0 {
		b.WriteString("Not read, or not wholly:\n")
		for _, p := range t.bad {
			path := p.path
			if t.width > 0 {
				path = shorten(path, t.width-4-utf8.RuneCountInString(p.why))
			}
			fmt.Fprintf(&b, "  %s: %s\n", path, p.why)
		}
		if more := t.badAll - len(t.bad); more > 0 {
			fmt.Fprintf(&b, "  … and %s more; --verbose shows them all\n", count(int64(more)))
		}
		b.WriteByte('\n')
	}
	b.WriteString(t.summary(sum))
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *tableWriter) print(b *strings.Builder, rows []row) {
	head := []string{"SEVERITY", "COUNT", "WHAT", "WHERE"}
	width := []int{len(head[0]), len(head[1]), len(head[2])}
	for _, r := range rows {
		width[0] = max(width[0], len(r.severity))
		width[1] = max(width[1], len(count(r.count)))
		width[2] = max(width[2], utf8.RuneCountInString(r.name))
	}
	line := func(a, c, n, w string) {
		fmt.Fprintf(b, "%-*s  %*s  %s%s  %s\n", width[0], a, width[1], c, n, strings.Repeat(" ", width[2]-utf8.RuneCountInString(n)), w)
	}
	line(head[0], head[1], head[2], head[3])
	for _, r := range rows {
		s := string(r.severity)
		if s == "" {
			s = "-"
		}
		path := r.path
		if t.width > 0 {
			path = shorten(path, t.width-width[0]-width[1]-width[2]-6-utf8.RuneCountInString(r.place))
		}
		line(s, count(r.count), r.name, path+r.place)
		for _, v := range r.samples {
			line("", "", "", "  "+printable(v))
		}
	}
}

// summary is the last lines: what was done, what was found, and what was not looked into.
func (t *tableWriter) summary(sum *Summary) string {
	var b strings.Builder
	if sum.Stopped {
		b.WriteString("Interrupted: this is what was found until then.\n")
	}
	switch {
	case sum.Files == 0:
		b.WriteString("There was no file to scan.\n")
	case sum.Read == 0:
		b.WriteString("Nothing could be scanned.\n")
	case sum.WithData == 0:
		fmt.Fprintf(&b, "No sensitive data found in %s.\n", files(sum.Read))
	default:
		fmt.Fprintf(&b, "Sensitive data in %s of %s, %s.\n", count(int64(sum.WithData)), files(sum.Read), plural(sum.Found, "occurrence"))
	}
	fmt.Fprintf(&b, "Scanned %s in %s", size(sum.Bytes), duration(sum))
	if secs := sum.Elapsed.Seconds(); secs > 0.1 {
		fmt.Fprintf(&b, " (%s/s)", size(int64(float64(sum.Bytes)/secs)))
	}
	b.WriteString(".\n" + t.looked + "\n")
	if sum.NotOpened > 0 {
		fmt.Fprintf(&b, "Not opened, being of kinds that are not read: %s (%s).\n", files(sum.NotOpened), t.commonKinds())
	}
	for _, p := range []struct {
		n         int
		one, what string
	}{
		{sum.TooLarge, "file", "larger than --max-file-size"},
		{sum.Passed.Links, "symbolic link", "not followed"},
		{sum.Passed.Devices, "device, socket or pipe", "not opened"},
		{sum.Passed.Excluded, "file or folder", "left out by --include and --exclude"},
	} {
		if p.n > 0 {
			fmt.Fprintf(&b, "Passed over: %s, %s.\n", plural(int64(p.n), p.one), p.what)
		}
	}
	if sum.Grew > 0 {
		fmt.Fprintf(&b, "Became longer while being read: %s; what was added was not scanned.\n", files(sum.Grew))
	}
	if sum.Bad > 0 {
		fmt.Fprintf(&b, "%s could not be read, or not wholly.\n", files(sum.Bad))
	}
	return b.String()
}

// commonKinds names the types that were most often not opened.
func (t *tableWriter) commonKinds() string {
	type kind struct {
		mime string
		n    int
	}
	var kinds []kind
	for m, n := range t.kinds {
		kinds = append(kinds, kind{m, n})
	}
	slices.SortFunc(kinds, func(a, b kind) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.mime, b.mime)) })
	var parts []string
	for i, k := range kinds {
		if i == 3 {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, count(int64(k.n))+" "+k.mime)
	}
	return strings.Join(parts, ", ")
}

func files(n int) string { return plural(int64(n), "file") }

func plural(n int64, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "more file":
		return count(n) + " more files"
	case what == "file or folder":
		return count(n) + " files or folders"
	case what == "device, socket or pipe":
		return count(n) + " devices, sockets or pipes"
	}
	return count(n) + " " + what + "s"
}

func duration(sum *Summary) string {
	if s := sum.Elapsed.Seconds(); s < 10 {
		return fmt.Sprintf("%.2f s", s)
	} else if s < 100 {
		return fmt.Sprintf("%.0f s", s)
	}
	return sum.Elapsed.Round(1e9).String()
}
