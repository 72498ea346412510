package detect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"magpie/internal/detect"
	"magpie/internal/detect/casegen"
	"magpie/internal/detect/managed"
)

const habitsHead = `
## Other people's habits

The tables above spell keywords and values as we would. These do it as settings files, web
pages, source code, letters and logs of other people do: user.tax.number, TaxNumber,
` + "`<td>Tax Number</td><td>…</td>`" + `, a full stop between the words, a hyphen that a word
processor made longer, a comma in another place, a name with the family name first. The
frames were collected from such files before anything was measured with them, and what was
missed at first was mended, so these figures, too, say what is known by now: somebody else's
file has habits that are in no list of ours. They are made by us all the same, and are kept
apart from the cases above (casegen/habits.go).

| habit | cases | found |
|---|---|---|
`

const missesHead = `
What looks like a value and is none, as other tools were reported to take it for one:

| near-miss | cases | reported |
|---|---|---|
`

// habitsTable writes what docs/accuracy.md says of other people's habits, and holds them to what was reached.
func habitsTable(t *testing.T) string {
	t.Helper()
	set, err := detect.Compile(detect.Config{Managed: managed.IDs()})
	if err != nil {
		t.Fatal(err)
	}
	scanner := set.NewScanner()
	scan := func(text string, ids ...string) (found bool) {
		scanner.Scan(&detect.Block{Text: []byte(text), Hi: len(text), Start: true, End: true}, func(m detect.Match) {
			found = found || slices.Contains(ids, set.Identifiers()[m.Identifier].ID)
		})
		return found
	}
	var b strings.Builder
	b.WriteString(habitsHead)
	row := func(name string, n, found int, least float64) {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", name, n, share(found, n))
		if float64(found) < least*float64(n) {
			t.Errorf("%s: %d of %d are found", name, found, n)
		}
	}
	r := rand.New(rand.NewPCG(11, 12))
	var needKeyword []*managed.Identifier
	for _, m := range managed.All() {
		if m.Keyword == managed.KeywordRequired {
			needKeyword = append(needKeyword, m)
		}
	}
	const each = 4
	for i := range casegen.Habits {
		h, n, found := &casegen.Habits[i], 0, 0
		for _, m := range needKeyword {
			for range each {
				v, ok := casegen.Valid(m.ID, r)
				if !ok {
					continue
				}
				n++
				if scan(h.Write(r, m.Keywords[r.IntN(len(m.Keywords))], v), m.ID) {
					found++
				}
			}
		}
		row("keywords and values in "+h.Name, n, found, 0.95)
	}
	n, found := 0, 0
	for _, m := range needKeyword {
		for range each {
			v, _ := casegen.Valid(m.ID, r)
			v, ok := casegen.Typeset(r, v)
			if !ok || m.ID == "GCP_API_KEY" { // where a hyphen is a character of its own
				continue
			}
			n++
			if scan(m.Keywords[r.IntN(len(m.Keywords))]+": "+v, m.ID) {
				found++
			}
		}
	}
	row("spaces and hyphens as word processors write them", n, found, 0.95)
	for _, country := range casegen.Countries() {
		n, found := 60, 0
		for i := range n {
			a := casegen.Address(country, r)
			if i%3 == 0 {
				a = strings.ToUpper(a)
			}
			if scan("Send it to:\n"+a+"\n", "ADDRESS") {
				found++
			}
		}
		row("addresses, "+country, n, found, 0.95)
	}
	for _, o := range nameOrders {
		n, found := 0, 0
		for line := range strings.Lines(peopleList) {
			language, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
			given, family, ok := strings.Cut(name, " ")
			if !ok || language == "company" || strings.Contains(family, " ") || n == 300 {
				continue
			}
			n++
			if scan(o.write(given, family), "NAME") {
				found++
			}
		}
		row("names, "+o.name, n, found, o.least)
	}
	b.WriteString(missesHead)
	for i := range casegen.NearMisses {
		m, n, found := &casegen.NearMisses[i], 200, 0
		for range n {
			if text := m.Make(r); scan(text, m.IDs...) {
				found++
				if testing.Verbose() {
					t.Logf("%s: %q", m.Name, text)
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s |\n", m.Name, n, share(found, n))
		if found > n/50 {
			t.Errorf("%s: %d of %d are reported", m.Name, found, n)
		}
	}
	return b.String()
}

// nameOrders are the ways in which names stand in lists and letters.
var nameOrders = []struct {
	name  string
	write func(given, family string) string
	least float64
}{
	{"Doe, John", func(g, f string) string { return f + ", " + g }, 0.7},
	{"DOE, John A.", func(g, f string) string { return strings.ToUpper(f) + ", " + g + " A." }, 0.85},
	{"John DOE", func(g, f string) string { return g + " " + strings.ToUpper(f) }, 0.7},
	{"John A. Doe", func(g, f string) string { return g + " A. " + f }, 0.7},
	{"Dr. John Doe", func(g, f string) string { return "seen by Dr. " + g + " " + f + "." }, 0.85},
	{"Name: John Doe", func(g, f string) string { return "Name: " + g + " " + f + "; " }, 0.85},
}
