package detect_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"magpie/internal/detect"
	"magpie/internal/detect/casegen"
	"magpie/internal/detect/managed"
)

var update = flag.Bool("update", false, "rewrite docs/accuracy.md and docs/identifiers.md")

// label says what a case holds.
type label int

const (
	valid     label = iota // a valid value with what it needs
	wrong                  // one digit is wrong
	noKeyword              // a valid value without the keyword it requires
)

// labelled is one case: a text, or one cell of a table under a name.
type labelled struct {
	text, name string
	id         string
	value      string
	keyword    string
	label      label
}

// frames hold a keyword %K and a value %V in the manner of sentences, logs, JSON, forms
// and source code; some in the languages of the supported countries.
var frames = map[string][]string{
	"": {
		"Please note that the customer's %K is %V as of today.",
		"We received the form; %K: %V. It was filed the same afternoon.",
		"%K %V", "%K: %V", "%K = %V;", "%K=%V&source=web", "\t%K\t%V\t2026-01-31",
		"level=info msg=\"record stored\" %K=%V took=12ms",
		`{"status":"ok","%K":"%V","items":3}`, `{"%K": "%V"}`,
		"<field><label>%K</label><v>%V</v></field>",
		"The value %V was entered as %K by the clerk.",
		"%K\n%V\n", "Name;City;%K;Amount\n;;%V", "(%K %V)", "%K - %V.", "// %K is %V in the test account",
	},
	"fr": {"Merci d'indiquer le %K %V dans votre dossier.", "Bonjour, mon %K est le %V, cordialement."},
	"de": {"Bitte tragen Sie %K %V in das Formular ein.", "Guten Tag, mein %K lautet %V, danke."},
	"es": {"El cliente presentó su %K %V en la oficina.", "Hola, mi %K es %V, gracias."},
	"it": {"Il cliente ha indicato %K %V nella domanda.", "Buongiorno, il mio %K è %V, grazie."},
	"pt": {"O cliente informou %K %V no cadastro.", "Bom dia, meu %K é %V, obrigado."},
}

// bare frames hold a value alone.
var bare = []string{
	"The batch finished and %V was written to the store.", "%V", "see %V for more", `{"items":["%V"]}`, "row,%V,3", "value=%V", "[%V]\n", "It was %V, as far as anyone remembers.",
}

func language(m *managed.Identifier) string {
	for _, c := range m.Countries {
		switch c {
		case "France", "Belgium", "Luxembourg":
			return "fr"
		case "Germany", "Austria":
			return "de"
		case "Spain", "Argentina", "Chile", "Colombia", "Mexico":
			return "es"
		case "Italy":
			return "it"
		case "Brazil", "Portugal":
			return "pt"
		}
	}
	return ""
}

// spell writes a keyword in one of the ways people and programs write it.
func spell(r *rand.Rand, keyword string) string {
	switch r.IntN(6) {
	case 0:
		return strings.ToUpper(keyword)
	case 1:
		return strings.ReplaceAll(keyword, " ", "_")
	case 2:
		return strings.ReplaceAll(keyword, " ", "-")
	case 3: // camel case
		words := strings.Fields(keyword)
		for i, w := range words[1:] {
			first := []rune(w)
			words[i+1] = strings.ToUpper(string(first[:1])) + string(first[1:])
		}
		return strings.Join(words, "")
	}
	return keyword
}

func fill(frame, keyword, value string) string {
	return strings.Replace(strings.Replace(frame, "%K", keyword, 1), "%V", value, 1)
}

// cases makes the cases of one identifier.
func cases(m *managed.Identifier, n int) []labelled {
	r := rand.New(rand.NewPCG(uint64(len(m.ID))*7919+uint64(m.ID[0]), uint64(m.ID[len(m.ID)/2])+1))
	var out []labelled
	all := append(slices.Clone(frames[""]), frames[language(m)]...)
	free := m.Keyword == managed.KeywordNone
	place := func(value string, l label) {
		c := labelled{id: m.ID, value: value, label: l}
		switch {
		case free || l == noKeyword:
			c.text = fill(bare[r.IntN(len(bare))], "", value)
			if m.Category == "CREDENTIALS" || m.ID == "HTTP_COOKIE" {
				c.text = "\n" + value + "\n"
			}
		case r.IntN(4) == 0: // a cell under the name of its column
			c.keyword = m.Keywords[r.IntN(len(m.Keywords))]
			c.name = []string{"", "customer_", "primary ", "user."}[r.IntN(4)] + spell(r, c.keyword)
			c.text = value
		default:
			c.keyword = m.Keywords[r.IntN(len(m.Keywords))]
			c.text = fill(all[r.IntN(len(all))], spell(r, c.keyword), value)
		}
		out = append(out, c)
	}
	for range n {
		if v, ok := value(m.ID, r); ok {
			place(v, valid)
		}
		if v, ok := casegen.OneDigitWrong(m.ID, r); ok && strings.Contains(m.Check, "optional") == false {
			place(v, wrong)
		}
		if v, ok := value(m.ID, r); ok && m.Keyword == managed.KeywordRequired {
			place(v, noKeyword)
		}
	}
	return out
}

func value(id string, r *rand.Rand) (string, bool) {
	switch id {
	case "NAME":
		return personName(r), true
	case "ADDRESS":
		return postalAddress(r), true
	}
	return casegen.Valid(id, r)
}

// score counts what became of the cases of an identifier.
type score struct {
	valid, found   int // valid values, and those reported
	wrong, false_  int // wrong digits, and those reported
	bare, without  int // values without their keyword, and those reported
	right, foreign int // reports of the identifier on its own valid values, and on anything its keyword and format do not cover
}

func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

type oneCell struct{ f detect.Field }

func (o oneCell) Field(int) (detect.Field, bool) { return o.f, true }

// measure scans every case with all identifiers on.
func measure(t *testing.T, perID int) (map[string]*score, int) {
	set, err := detect.Compile(detect.Config{Managed: managed.IDs()})
	if err != nil {
		t.Fatal(err)
	}
	scanner := set.NewScanner()
	scores := map[string]*score{}
	for _, m := range managed.All() {
		scores[m.ID] = &score{}
	}
	total := 0
	for _, m := range managed.All() {
		for _, c := range cases(m, perID) {
			total++
			b := &detect.Block{Text: []byte(c.text), Hi: len(c.text), Start: true, End: true}
			if c.name != "" {
				b.Fields = oneCell{detect.Field{Hi: len(c.text), Names: set.Names(c.name)}}
			}
			at := strings.Index(c.text, c.value)
			hit := map[string]bool{}
			scanner.Scan(b, func(match detect.Match) {
				id := set.Identifiers()[match.Identifier].ID
				overlaps := match.Start < at+len(c.value) && match.End > at
				if id == c.id && overlaps {
					hit[id] = true
					return
				}
				other := managed.Find(id)
				if overlaps && (c.keyword != "" && slices.ContainsFunc(other.Keywords, func(k string) bool { return strings.Contains(c.keyword, k) || strings.Contains(k, c.keyword) })) {
					return // the text fits the other one as well
				}
				if overlaps && id == "CREDIT_CARD_NUMBER_(NO_KEYWORD)" && c.label == noKeyword &&
					(c.id == "CREDIT_CARD_NUMBER" || c.id == "CREDIT_CARD_MAGNETIC_STRIPE") {
					return // what it is for
				}
				scores[id].foreign++
				if os.Getenv("ACCURACY_SHOW") != "" {
					fmt.Printf("foreign %s on %s case %q %q\n", id, c.id, c.text, c.name)
				}
			})
			s := scores[c.id]
			got := 0
			if hit[c.id] {
				got = 1
			}
			switch c.label {
			case valid:
				s.valid++
				s.found += got
				s.right += got
			case wrong:
				s.wrong++
				s.false_ += got
			case noKeyword:
				s.bare++
				s.without += got
			}
			if os.Getenv("ACCURACY_SHOW") != "" && (got == 1) != (c.label == valid) {
				fmt.Printf("%v %s %q %q\n", []string{"missed", "wrong digit", "no keyword"}[c.label], c.id, c.text, c.name)
			}
		}
	}
	return scores, total
}

// A record holds several values side by side, each with its own keyword.
type record struct {
	text  string
	parts []labelled
	at    []int // where the value of each part is
}

// records puts values of several identifiers into one text, near each other's keywords.
func records(n int) []record {
	r := rand.New(rand.NewPCG(3, 4))
	ids := managed.IDs()
	var out []record
	for range n {
		var rec record
		style := r.IntN(3)
		text := []string{"{", "", "New customer. "}[style]
		for len(rec.parts) < 4 {
			m := managed.Find(ids[r.IntN(len(ids))])
			v, ok := value(m.ID, r)
			if !ok || m.Category == "CREDENTIALS" || m.ID == "HTTP_COOKIE" || m.ID == "CREDIT_CARD_NUMBER_(NO_KEYWORD)" {
				continue
			}
			c := labelled{id: m.ID, value: v}
			k := []string{"iban", "name", "address", "account", "contact details"}[r.IntN(5)]
			if m.ID == "ADDRESS" || m.ID == "NAME" {
				k = strings.ToLower(m.ID)
			}
			if len(m.Keywords) > 0 {
				c.keyword = m.Keywords[r.IntN(len(m.Keywords))]
				k = c.keyword
			}
			switch style {
			case 0:
				text += fmt.Sprintf("%q:", strings.ReplaceAll(k, " ", "_"))
				text += "\""
				rec.at = append(rec.at, len(text))
				text += v + "\","
			case 1:
				text += k + ": "
				rec.at = append(rec.at, len(text))
				text += v + "\n"
			default:
				text += "The " + k + " is "
				rec.at = append(rec.at, len(text))
				text += v + ". "
			}
			rec.parts = append(rec.parts, c)
		}
		rec.text = text
		out = append(out, rec)
	}
	return out
}

// measureRecords returns how many values there are and are found, and how many reports
// are right and wrong.
func measureRecords(t *testing.T, n int) (s score) {
	set, err := detect.Compile(detect.Config{Managed: managed.IDs()})
	if err != nil {
		t.Fatal(err)
	}
	scanner := set.NewScanner()
	for _, rec := range records(n) {
		found := make([]bool, len(rec.parts))
		scanner.Scan(&detect.Block{Text: []byte(rec.text), Hi: len(rec.text), Start: true, End: true}, func(m detect.Match) {
			id := set.Identifiers()[m.Identifier].ID
			for i, c := range rec.parts {
				if m.Start >= rec.at[i]+len(c.value) || m.End <= rec.at[i] {
					continue
				}
				if id == c.id {
					found[i] = true
					return
				}
				if slices.ContainsFunc(managed.Find(id).Keywords, func(k string) bool {
					return c.keyword != "" && (strings.Contains(c.keyword, k) || strings.Contains(k, c.keyword))
				}) {
					return
				}
			}
			s.foreign++
			if os.Getenv("ACCURACY_SHOW") != "" {
				fmt.Printf("record: foreign %s %q in %q\n", id, rec.text[m.Start:m.End], rec.text)
			}
		})
		for i := range rec.parts {
			s.valid++
			if found[i] {
				s.found++
			} else if os.Getenv("ACCURACY_SHOW") != "" {
				fmt.Printf("record: missed %s %q in %q\n", rec.parts[i].id, rec.parts[i].value, rec.text)
			}
		}
	}
	return s
}

// TestAccuracy holds the figures to what is asked of them and docs/accuracy.md to the
// figures.
func TestAccuracy(t *testing.T) {
	scores, total := measure(t, 150)
	var b bytes.Buffer
	fmt.Fprintf(&b, accuracyHead, total)
	ids := managed.IDs()
	var sum score
	for _, id := range ids {
		s, m := scores[id], managed.Find(id)
		if s.valid == 0 {
			t.Errorf("%s has no cases", id)
			continue
		}
		precision := share(s.right, s.right+s.false_+s.without+s.foreign)
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s |\n", id, s.valid+s.wrong+s.bare, share(s.found, s.valid), share(s.false_, s.wrong), share(s.without, s.bare), precision)
		sum.valid += s.valid
		sum.found += s.found
		sum.wrong += s.wrong
		sum.false_ += s.false_
		sum.bare += s.bare
		sum.without += s.without
		sum.foreign += s.foreign
		sum.right += s.right
		if recall := float64(s.found) / float64(s.valid); s.wrong > 0 && recall < 0.98 {
			t.Errorf("%s: recall %.3f of %d", id, recall, s.valid)
		}
		if s.wrong > 0 && float64(s.false_) > 0.02*float64(s.wrong) {
			t.Errorf("%s: %d of %d wrong digits are reported", id, s.false_, s.wrong)
		}
		if s.without > 0 && m.Keyword == managed.KeywordRequired {
			t.Errorf("%s: %d of %d without a keyword are reported", id, s.without, s.bare)
		}
	}
	fmt.Fprintf(&b, "| **all** | %d | %s | %s | %s | %s |\n", total, share(sum.found, sum.valid), share(sum.false_, sum.wrong), share(sum.without, sum.bare), share(sum.right, sum.right+sum.false_+sum.without+sum.foreign))
	side := measureRecords(t, 2000)
	fmt.Fprintf(&b, accuracyTail, side.valid, share(side.found, side.valid), share(side.found, side.found+side.foreign))
	if float64(side.found) < 0.95*float64(side.valid) || float64(side.foreign) > 0.1*float64(side.found) {
		t.Errorf("side by side: %d of %d found, %d wrong reports", side.found, side.valid, side.foreign)
	}
	b.WriteString(habitsTable(t))
	b.WriteString(peopleTable(t))
	golden(t, "../../docs/accuracy.md", b.Bytes())
}

// golden compares a generated document with the one that is checked in.
func golden(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: go test ./internal/detect -run '%s' -update", path, t.Name())
	}
}

const accuracyHead = `# Accuracy of the managed data identifiers

<!-- Generated by go test ./internal/detect -run TestAccuracy -update. -->

Measured on %d labelled cases with all 166 identifiers on. The values come from
generators that know the published formats and share no code with the validators
(package casegen); they stand in sentences, logs, JSON, tables and source code, with
keywords in every spelling Macie documents, some in their own languages. The cases are
made up by those who wrote the rules, so the first table says whether the rules are kept
and no more: 100 %% of it is no promise for anybody's data, where people write numbers and
names in ways that nobody here thought of. The last table has names of other people's
making. How numbers are grouped, joined to headers and surrounded elsewhere is held by
cases beside the code: spelling_test.go, habits_test.go, address_test.go, and
phone_test.go, card_test.go and latlong_test.go of detect/validate.

- **recall**: valid values, with the keyword they need, that are reported.
- **wrong digit**: values with one wrong digit that are reported nevertheless.
- **no keyword**: values whose identifier requires a keyword, reported without one.
- **precision**: of all reports of the identifier on any case, the share that is right. A
  number that fits two identifiers, near a keyword both of them list, is no error.

| identifier | cases | recall | wrong digit | no keyword | precision |
|---|---|---|---|---|---|
`

const accuracyTail = `
## Side by side

Four values of different identifiers in one record, as JSON, as lines and as sentences,
each within 30 characters of its neighbours' keywords: of %d values, recall %s; of all
reports, %s are right.
`

// personName makes a full name, one in four with a family name no lexicon has.
func personName(r *rand.Rand) string {
	pick := func(list string) string { w := strings.Fields(list); return w[r.IntN(len(w))] }
	given := pick("Emma Liam Olivia Noah Sophie Jacques Heinrich Ursula Giulia Matteo Carmen Javier Siobhan Callum Margaret Theodore Ingrid Sven Priya Rahul Camille Thierry Katarzyna Wojciech João Beatriz Ágnes François")
	family := pick("Smith Johnson Murphy Martin Dubois Lefebvre Müller Schneider Rossi Esposito García Fernández Silva Oliveira Andersson Nielsen Kowalski Novák Patel Singh Walker Bennett Richardson O'Connor MacDonald Campbell")
	if r.IntN(4) == 0 {
		family = pick("Abernethy Quillfeather Brzezicki Ostrander Vandermolen Castelnuovo Zubizarreta Thistlewood Hagenbuch Rautiainen Delacroix-Morin Yamaguchi")
	}
	switch r.IntN(6) {
	case 0:
		return strings.ToUpper(given + " Johnson")
	case 1:
		return given + " " + string(rune('A'+r.IntN(26))) + ". " + family
	case 2:
		return pick("Smith Murphy Dubois Müller Rossi García Nielsen Patel") + ", " + given
	}
	return given + " " + family
}

// postalAddress makes an address of one of the supported countries.
func postalAddress(r *rand.Rand) string {
	pick := func(list string) string { w := strings.Split(list, "|"); return w[r.IntN(len(w))] }
	n := 1 + r.IntN(240)
	zip := func(lo, hi int) int { return lo + r.IntN(hi-lo) }
	switch r.IntN(8) {
	case 0:
		return fmt.Sprintf("%d %s, %s", n, pick("Oak Street|Maple Ave|Washington Blvd|Lakeview Drive|W 5th St"), pick("Austin, TX 78701|Denver, CO 80202-1234|Smallville, KS 67524|Brooklyn, NY 11201|Bar Harbor, Maine 04609"))
	case 1:
		return fmt.Sprintf("%d %s, %s", n, pick("King Street West|Rue Sainte-Catherine|Granville St"), pick("Toronto, ON M5H 1A1|Montréal, QC H2X 1Y4|Vancouver, BC V6C 1T2|Moose Jaw, SK S6H 4R3"))
	case 2:
		return fmt.Sprintf("%d %s, %s", n, pick("High Street|Church Lane|Victoria Road|The Crescent"), pick("London N1 9GU|Manchester M1 1AE|Edinburgh EH1 1YZ|Much Wenlock, TF13 6HS"))
	case 3:
		return fmt.Sprintf("%d %s, %s", n, pick("Collins Street|Pitt St|Ocean Parade"), pick("Melbourne VIC 3000|Sydney NSW 2000|Cairns QLD 4870|Hobart TAS 7000"))
	case 4:
		return fmt.Sprintf("%d %s, %s", n, pick("rue de Rivoli|avenue Jean Jaurès|boulevard Voltaire"), pick("75011 Paris|69003 Lyon|33000 Bordeaux|12100 Millau"))
	case 5:
		return fmt.Sprintf("%s %d, %s", pick("Hauptstraße|Goethestr.|Bahnhofstrasse|Lindenweg"), n, pick("10117 Berlin|80331 München|50667 Köln|27283 Verden"))
	case 6:
		return fmt.Sprintf("%s %d, %s", pick("Via Garibaldi|Corso Italia|Piazza Dante"), n, pick("20121 Milano|50123 Firenze|80133 Napoli|53045 Montepulciano"))
	}
	return fmt.Sprintf("%s %d, %05d %s", pick("Calle Mayor|Avenida de la Constitución|Plaza España"), n, zip(28001, 28055), "Madrid")
}

// shown writes an example on one line, the beginning of a long one.
func shown(e managed.Example) string {
	text := []rune(strings.ReplaceAll(strings.NewReplacer("\r", "", "\n", "⏎", "`", "'").Replace(e.Text), "\t", " "))
	if len(text) > 90 {
		text = append(text[:88], '…')
	}
	if e.Name != "" {
		return fmt.Sprintf("`%s` under the name `%s`", string(text), e.Name)
	}
	return "`" + string(text) + "`"
}

func TestIdentifiersDoc(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Managed data identifiers\n\n<!-- Generated by go test ./internal/detect -run TestIdentifiersDoc -update. -->\n\n")
	b.WriteString("What each of the 166 identifiers matches and leaves alone, with the examples that a test holds it to. A keyword stands within 30 characters of the value, or among the names of its column or path; letter case does not matter, and a space in it may be missing, an underscore, a hyphen or, between letters, a full stop. A value of letters and digits alone that no check digit proves needs a keyword that ends the name it stands in: card_cvc, PASSPORT_NO_1, not CVC_TIMEOUT. In tables, JSON, Avro and Parquet a name may be spread over columns or members such as first_name and last_name, an address over address, city, state and zip, and a header may have a column or member of its name; the place is one of them. Completed keywords are documented ones written out where Macie's documentation cuts them short. The severity is that of 1, of 2 to 99 and of 100 or more occurrences in an object (L low, M medium, H high).\n")
	categories := []string{"CREDENTIALS", "FINANCIAL_INFORMATION", "PERSONAL_INFORMATION"}
	for _, category := range categories {
		fmt.Fprintf(&b, "\n## %s\n", category)
		for _, m := range managed.All() {
			if m.Category != category {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s", m.ID, m.What)
			if len(m.Countries) > 0 && m.Countries[0] != "Any" {
				fmt.Fprintf(&b, " (%s)", strings.Join(m.Countries, ", "))
			}
			b.WriteString(". Keyword: " + string(m.Keyword))
			if m.Recommended {
				b.WriteString(". In the recommended set")
			}
			fmt.Fprintf(&b, ". Severity %s.\n\n- **Matched:** %s\n- **Check:** %s\n", m.Severity, m.Format, m.Check)
			if len(m.NotReported) > 0 {
				fmt.Fprintf(&b, "- **Not reported:** %s\n", strings.Join(m.NotReported, ", "))
			}
			if len(m.Keywords) > 0 {
				k := slices.Clone(m.Keywords)
				sort.Strings(k)
				fmt.Fprintf(&b, "- **Keywords:** %s\n", strings.Join(k, ", "))
			}
			if len(m.Completed) > 0 {
				fmt.Fprintf(&b, "- **Completed keywords:** %s\n", strings.Join(m.Completed, ", "))
			}
			for _, e := range m.Positive {
				fmt.Fprintf(&b, "- **Reported:** %s\n", shown(e))
			}
			for _, e := range m.Negative {
				fmt.Fprintf(&b, "- **Left alone:** %s: %s\n", shown(e), e.Why)
			}
			fmt.Fprintf(&b, "- **Source:** %s\n", m.Source)
		}
	}
	golden(t, "../../docs/identifiers.md", b.Bytes())
}
