package scan

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/detect/validate"
	"magpie/internal/extract"
)

// unreported is a line of the table of what is not reported.
type unreported struct {
	path, place string
	sample      string
	what        []string // identifiers that it might be a value of
	why         string
	at          extract.Location
}

const (
	// maxUnreported is how many lines are kept of all files.
	maxUnreported = 20_000
	// namedIdentifiers is how many identifiers a line names.
	namedIdentifiers = 3
	// namedKeywords is how many keywords a line gives as examples.
	namedKeywords = 3
)

// checkExplain refuses folders: what is in them would be told of as well, number by number.
func (f *flags) checkExplain(args []string) error {
	if !f.explain {
		return nil
	}
	if f.output == "sarif" {
		return usage("--explain: --output is table or json")
	}
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			return usage("--explain: %s is a folder; say which file is in question", printable(arg))
		}
	}
	return nil
}

// explained adds what a document holds and what is not reported of it.
func (t *tableWriter) explained(path string, d *classify.Document) {
	for i := range d.Detections {
		x := &d.Detections[i]
		if why := tooFew(x); why != "" {
			t.unreport(unreported{path: printable(path), place: place(x), what: []string{printable(x.Name(t.custom))}, why: why})
		}
	}
	for i := range d.Missed {
		m := &d.Missed[i]
		row := unreported{path: printable(path), place: placeOf(&m.Place), sample: m.Sample, at: m.Place, why: whyNot(m, t.custom)}
		if name := printable(missedName(m, t.custom)); !t.joined(&row, name) {
			row.what = []string{name}
			t.unreport(row)
		}
	}
	t.unsaid = t.unsaid || d.MissedMore
}

func (t *tableWriter) unreport(u unreported) {
	if len(t.unreported) >= maxUnreported {
		t.unsaid = true
		return
	}
	t.unreported = append(t.unreported, u)
}

// joined adds a name to the line before, where that is about the same text and has the same reason.
func (t *tableWriter) joined(row *unreported, name string) bool {
	for i := len(t.unreported) - 1; i >= 0 && i >= len(t.unreported)-8; i-- {
		u := &t.unreported[i]
		if u.path == row.path && u.place == row.place && u.sample == row.sample && sameReason(u.why, row.why) && u.at.Line == row.at.Line {
			if !slices.Contains(u.what, name) {
				u.what = append(u.what, name)
			}
			u.why = generalReason(u.why)
			return true
		}
	}
	return false
}

// reasonKinds begin reasons of which several identifiers have one in common; what follows is of one of them.
var reasonKinds = []string{"not looked for", "no keyword within 30 characters", "neither the value nor the names above it have a keyword", "the nearest keyword is"}

func sameReason(a, b string) bool { return generalReason(a) == generalReason(b) }

func generalReason(why string) string {
	for _, kind := range reasonKinds[:3] {
		if strings.HasPrefix(why, kind) {
			if kind == "not looked for" {
				return kind + "; --identifiers names what is"
			}
			return kind
		}
	}
	return why
}

func missedName(m *classify.Missed, custom map[*detect.Custom]classify.CustomName) string {
	if m.Custom != nil {
		return custom[m.Custom].Name
	}
	return m.Managed.ID
}

// tooFew says that a custom identifier has no severity for so few occurrences; empty where it has.
func tooFew(d *classify.Detection) string {
	c := d.Identifier.Custom
	if c == nil || c.Severity(d.Count) != "" {
		return ""
	}
	least := int64(0)
	for _, l := range c.Config().SeverityLevels {
		if least == 0 || l.OccurrencesThreshold < least {
			least = l.OccurrencesThreshold
		}
	}
	return fmt.Sprintf("found, but without a severity: %s, and %s are needed for its lowest level", plural(d.Count, "occurrence"), count(least))
}

// whyNot is the reason in a sentence.
func whyNot(m *classify.Missed, custom map[*detect.Custom]classify.CustomName) string {
	switch m.Why {
	case detect.WhyKeyword:
		return whyKeyword(m)
	case detect.WhyPart:
		return "the keyword near it is a part of a longer name, which names something else"
	case detect.WhyCheck:
		why := "no such value is given out"
		if spec := validate.All[m.Managed.ID]; spec != nil && spec.Checked {
			why = "its check digit, date or range is wrong"
		}
		check, _, _ := strings.Cut(m.Managed.Check, ". ")
		if check = strings.TrimSuffix(check, "."); check != "" && !strings.HasPrefix(strings.ToLower(check), "none") {
			why += " (" + check + ")"
		}
		return why
	case detect.WhyTest:
		return "a number that is published for tests or as an example: never reported"
	case detect.WhyAllowed:
		return "an allow list has it (--allow, --allow-regex)"
	case detect.WhyIgnored:
		return "it holds an ignore word of the identifier"
	case detect.WhyNotAsked:
		return "not looked for; --identifiers " + m.Managed.ID + " or all would"
	}
	return "not known"
}

func whyKeyword(m *classify.Missed) string {
	if c := m.Custom; c != nil {
		most := detect.DefaultMatchDistance
		if d := c.Config().MaximumMatchDistance; d != nil {
			most = *d
		}
		if m.Distance >= 0 {
			return fmt.Sprintf("its nearest keyword ends %d characters before its end; at most %d are allowed", m.Distance, most)
		}
		return fmt.Sprintf("none of its keywords ends within %d characters before its end", most)
	}
	if m.Distance >= 0 {
		return fmt.Sprintf("the nearest keyword is %d characters away; at most 30 are allowed", m.Distance)
	}
	why := "no keyword within 30 characters"
	if m.Place.Kind == extract.Cell || m.Place.Kind == extract.Record {
		why = "neither the value nor the names above it have a keyword"
	}
	if k := m.Managed.Keywords; len(k) > 0 {
		why += ", such as " + strings.Join(k[:min(len(k), namedKeywords)], ", ")
	}
	return why
}

// printUnreported writes the table of what is not reported.
func (t *tableWriter) printUnreported(b *strings.Builder) {
	if len(t.unreported) == 0 {
		b.WriteString("Nothing else in it looks like a value that is looked for, or would be with --identifiers all.\n\n")
		return
	}
	rows := t.unreported
	if t.top > 0 && len(rows) > t.top {
		rows = rows[:t.top]
	}
	head := [3]string{"NOT REPORTED AT", "VALUE", "MIGHT BE"}
	width := [3]int{len(head[0]), len(head[1]), len(head[2])}
	cells := make([][3]string, len(rows))
	for i := range rows {
		u := &rows[i]
		what := strings.Join(u.what[:min(len(u.what), namedIdentifiers)], ", ")
		if more := len(u.what) - namedIdentifiers; more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
		where := u.path
		if t.width > 0 {
			where = shorten(where, max(24, t.width/3))
		}
		cells[i] = [3]string{where + u.place, printable(u.sample), what}
		for k := range cells[i] {
			width[k] = max(width[k], utf8.RuneCountInString(cells[i][k]))
		}
	}
	line := func(c [3]string, why string) {
		for k, text := range c {
			b.WriteString(text)
			b.WriteString(strings.Repeat(" ", width[k]-utf8.RuneCountInString(text)+2))
		}
		b.WriteString(why + "\n")
	}
	line(head, "WHY")
	for i := range rows {
		line(cells[i], rows[i].why)
	}
	switch more := len(t.unreported) - len(rows); {
	case more > 0:
		fmt.Fprintf(b, "… and %s more; --top 0 shows all, --identifiers with one id only what that might be\n", count(int64(more)))
	case t.unsaid:
		fmt.Fprintf(b, "… and more; only the first %d of a file are listed\n", classify.MaxMissed)
	}
	b.WriteByte('\n')
}

// jsonMissed is a candidate that is not reported, in --output json.
type jsonMissed struct {
	Identifier string `json:"identifier"`
	Place      string `json:"place"`
	Line       int64  `json:"line,omitempty"`
	Column     int64  `json:"column,omitempty"`
	Reason     string `json:"reason"`
	Detail     string `json:"detail"`
	Sample     string `json:"maskedSample"`
}

// reasons are the words that scripts compare.
var reasons = map[detect.Why]string{
	detect.WhyKeyword: "KEYWORD_MISSING", detect.WhyPart: "KEYWORD_NOT_LAST", detect.WhyCheck: "CHECK_FAILED", detect.WhyTest: "TEST_NUMBER",
	detect.WhyAllowed: "ALLOW_LIST", detect.WhyIgnored: "IGNORE_WORD", detect.WhyNotAsked: "NOT_LOOKED_FOR",
}

func missedOf(d *classify.Document, custom map[*detect.Custom]classify.CustomName) (out []jsonMissed) {
	for i := range d.Detections {
		x := &d.Detections[i]
		if why := tooFew(x); why != "" {
			out = append(out, jsonMissed{Identifier: x.Name(custom), Place: strings.TrimSpace(place(x)), Reason: "TOO_FEW_OCCURRENCES", Detail: why})
		}
	}
	for i := range d.Missed {
		m := &d.Missed[i]
		out = append(out, jsonMissed{Identifier: missedName(m, custom), Place: strings.TrimSpace(placeOf(&m.Place)), Line: m.Place.Line, Column: m.Place.Column,
			Reason: reasons[m.Why], Detail: whyNot(m, custom), Sample: m.Sample})
	}
	return out
}
