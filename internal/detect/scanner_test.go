package detect

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"magpie/internal/detect/corpus"
	"magpie/internal/detect/managed"
)

func cardKeywords() []string { return managed.Find(idCard).Keywords }

// compileAll returns a set of every managed identifier.
func compileAll(t testing.TB) *Set {
	t.Helper()
	set, err := Compile(Config{Managed: managed.IDs()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// scanAll scans a plain text at once.
func scanAll(s *Scanner, text []byte) []Match {
	var out []Match
	s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true}, func(m Match) { out = append(out, m) })
	return out
}

// sameMatches fails when a text does not give the same matches by every way of
// scanning it.
func sameMatches(t *testing.T, set *Set, text []byte) {
	t.Helper()
	want := reference(set, text, nil)
	check := func(how string, got []Match) {
		t.Helper()
		got = slices.Clone(got)
		sortMatches(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s differs from the reference on %q\n got %v\n%s\nwant %v\n%s", how, text, got, show(set, text, got), want, show(set, text, want))
		}
	}
	sortMatches(want)
	check("assembly", scanAll(set.NewScanner(), text))
	check("plain Go", scanAll(set.PlainScanner(), text))
	random := rand.New(rand.NewPCG(uint64(len(text)), 1))
	check("in blocks", scanBlocks(set, text, random))
	check("in a stream", scanStream(set, text, random))
}

func sortMatches(m []Match) {
	slices.SortFunc(m, func(a, b Match) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		if a.Identifier != b.Identifier {
			return a.Identifier - b.Identifier
		}
		return a.End - b.End
	})
}

// scanBlocks cuts the text at random.
func scanBlocks(set *Set, text []byte, random *rand.Rand) []Match {
	s := set.NewScanner()
	var out []Match
	for lo := 0; lo < len(text) || lo == 0; {
		hi := min(len(text), lo+1+random.IntN(1+len(text)/3))
		from, to := max(0, lo-set.Lookbehind()), min(len(text), hi+set.Lookahead())
		s.Scan(&Block{Text: text[from:to], Lo: lo - from, Hi: hi - from, Start: from == 0, End: to == len(text)}, func(m Match) {
			m.Start += from
			m.End += from
			out = append(out, m)
		})
		if hi == len(text) {
			break
		}
		lo = hi
	}
	return out
}

func scanStream(set *Set, text []byte, random *rand.Rand) []Match {
	var out []Match
	w := set.NewScanner().Stream(func(m Match) { out = append(out, m) })
	for p := text; ; {
		n := min(len(p), 1+random.IntN(100))
		w.Write(p[:n])
		if p = p[n:]; len(p) == 0 {
			break
		}
	}
	w.Close()
	return out
}

var samples = []string{
	"SSN: 123-45-6789 and passport no 123456789",
	`{"ssn":"536-22-1234","card_number":"4539 1488 0343 6467","customerPassportNumber":"AB1234567","exp":"02/27"}`,
	"IBAN DE89 3704 0044 0532 0130 00 for GB82WEST12345698765432.",
	"Authorization: Basic dXNlcjpwYXNzd29yZA==\r\nCookie: a=b; c=d\r\n",
	"call +44 20 7946 0958 or 1-212-555-0123, phone (212) 555-0199",
	"DoB: 12 March 1980, VISa 4539148803436467, mobile\\n4539148803436467",
	"Führerschein B072RRE2I55 číslo řidičského průkazu EA 123456 ŘIDIČSKÝ PRŮKAZ EJ123456",
	"sk_live_4eC39HqLyjWDarjtT1zdp7dcXX eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
	"c.u.i.t 20-12345678-6 N.I.F. 12345678Z nie X1234567L dni\n12345678Z",
	"national provider 1234567893 npi=1234567893 NPI#1234567893",
	"pan 4539148803436467 4539148803436467 run-12.345.678-5 rut12345678-5",
	"-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n-----END RSA PRIVATE KEY-----\n",
	"aws_secret_access_key = abcDEF123ghiJKL456mnoPQR789stuVWX012yzAB",
	"социальный шофьорска книжка 123456789 άδεια οδήγησης 123456789012",
	"John F. Kennedy, Smith, Mary, MARIA GARCÍA LÓPEZ Élodie Durand\\nÓscar Núñez",
	"123 Main St, Springfield, IL 62704 10 Downing Street, London SW1A 2AA Ottawa, ON K1A 0A9 12 rue de la Paix\n75002 Paris",
	"1 - (212) 555 - 0123 00 44 20 7946 0958 (+49) 30 123456",
	"lat long 41.948614,-87.655311 coordinates -33.8688, 151.2093",
}

func TestSamples(t *testing.T) {
	set := compileAll(t)
	for _, text := range samples {
		sameMatches(t, set, []byte(text))
	}
	sameMatches(t, set, []byte(strings.Join(samples, "\n")))
}

// TestOffsets moves the samples over the edges of chunks: what is found moves along.
func TestOffsets(t *testing.T) {
	set := compileAll(t)
	for _, scanner := range []*Scanner{set.NewScanner(), set.PlainScanner()} {
		for _, text := range samples {
			want := scanAll(scanner, []byte("; "+text))
			for pad := range 2 * chunk {
				got := scanAll(scanner, []byte(strings.Repeat(";", pad)+"; "+text))
				for i := range got {
					got[i].Start -= pad
					got[i].End -= pad
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%q after %d bytes: %v, want %v", text, pad, got, want)
				}
			}
		}
	}
}

// TestMixtures holds the engine against the reference on texts put together at random
// from keywords, values and what stands between them.
func TestMixtures(t *testing.T) {
	set := compileAll(t)
	random := rand.New(rand.NewPCG(7, 8))
	var parts []string
	for _, s := range samples {
		parts = append(parts, strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })...)
	}
	for _, m := range managed.All() {
		parts = append(parts, m.Keywords...)
	}
	joins := []string{" ", "", "\n", ": ", "_", "-", "=", "é", "\u00a0", "\\n", `","`, "  ", ".", "–", "日"}
	rounds := 200
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		var b strings.Builder
		for range 5 + random.IntN(40) {
			p := parts[random.IntN(len(parts))]
			switch random.IntN(8) {
			case 0:
				p = strings.ToUpper(p)
			case 1:
				p = strings.ToLower(p)
			case 2:
				p = strings.ReplaceAll(p, " ", "")
			}
			b.WriteString(p + joins[random.IntN(len(joins))])
		}
		sameMatches(t, set, []byte(b.String()))
	}
}

func TestFields(t *testing.T) {
	set := compileAll(t)
	text := []byte("123-45-6789|4539148803436467|passport 123456789|123456789|ssn|536-22-1234")
	names := []*Names{set.Names("customer", "ssn"), set.Names("n"), nil, set.Names("PassportNo"), nil, nil}
	var fields []Field
	lo := 0
	for i, v := range strings.Split(string(text), "|") {
		fields = append(fields, Field{Lo: lo, Hi: lo + len(v), Names: names[i]})
		lo += len(v) + 1
	}
	var got []Match
	set.NewScanner().Scan(&Block{Text: text, Hi: len(text), Start: true, End: true, Fields: fieldList(fields)}, func(m Match) { got = append(got, m) })
	sortMatches(got)
	want := reference(set, text, fields)
	sortMatches(want)
	if !slices.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", show(set, text, got), show(set, text, want))
	}
	if s := show(set, text, got); !strings.Contains(s, "USA_SOCIAL_SECURITY_NUMBER 123-45-6789") || strings.Contains(s, "536-22-1234") {
		t.Errorf("keywords of another field count, or names do not:\n%s", s)
	}
}

// TestFieldMixtures does as TestMixtures does with cells under names.
func TestFieldMixtures(t *testing.T) {
	set := compileAll(t)
	random := rand.New(rand.NewPCG(9, 10))
	var values, headers []string
	for _, m := range managed.All() {
		for _, e := range m.Positive {
			values = append(values, e.Match, e.Text)
		}
		headers = append(headers, m.Keywords...)
	}
	for range 150 {
		var text []byte
		var fields []Field
		for range 1 + random.IntN(25) {
			text = append(text, []string{"|", ",\"", "\n", "; "}[random.IntN(4)]...)
			lo := len(text)
			for range 1 + random.IntN(3) {
				text = append(text, values[random.IntN(len(values))]...)
				text = append(text, []string{"", " ", ", "}[random.IntN(3)]...)
			}
			f := Field{Lo: lo, Hi: len(text)}
			if random.IntN(3) > 0 {
				f.Names = set.Names("x", headers[random.IntN(len(headers))])
			}
			fields = append(fields, f)
		}
		want := reference(set, text, fields)
		sortMatches(want)
		for name, s := range map[string]*Scanner{"assembly": set.NewScanner(), "plain Go": set.PlainScanner()} {
			for _, known := range []Fields{fieldList(fields), silentList{fields, func(n int) int { return n }}, silentList{fields, func(n int) int { return random.IntN(n + 1) }}} {
				var got []Match
				s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true, Fields: known}, func(m Match) { got = append(got, m) })
				sortMatches(got)
				if !slices.Equal(got, want) {
					t.Fatalf("%s, %T: fields %v of %q\ngot\n%s\nwant\n%s", name, known, fields, text, show(set, text, got), show(set, text, want))
				}
			}
		}
	}
}

// fieldList is Fields over a list in order.
type fieldList []Field

func (l fieldList) Field(off int) (Field, bool) {
	i, ok := slices.BinarySearchFunc(l, off, func(f Field, off int) int {
		if off < f.Lo {
			return 1
		}
		if off >= f.Hi {
			return -1
		}
		return 0
	})
	if !ok {
		return Field{}, false
	}
	return l[i], true
}

// silentList is a fieldList that knows where names say nothing, or a part of it.
type silentList struct {
	fieldList
	part func(n int) int
}

func (l silentList) Silent(off int) int {
	upto := off + 1000
	for _, f := range l.fieldList {
		if f.Lo >= off && f.Names != nil {
			upto = f.Lo
			break
		}
	}
	return off + l.part(upto-off)
}

// TestSays joins names of pieces of keywords: where no name says anything, nor one that others follow begins anything, the
// names together say nothing.
func TestSays(t *testing.T) {
	set := compileAll(t)
	random := rand.New(rand.NewPCG(11, 12))
	var pieces []string
	for _, m := range managed.All() {
		for _, k := range m.Keywords {
			pieces = append(append(pieces, k, strings.ToUpper(k)), keywordTokens(k)...)
		}
	}
	joins := []string{"", " ", "_", "-", "x", "9", "é", "  ", "\\n"}
	silent, saying, beginning := 0, 0, 0
	for range 30_000 {
		var names []string
		quiet := true
		for last := random.IntN(3); last >= 0; last-- {
			var b strings.Builder
			for range 1 + random.IntN(2) {
				b.WriteString(joins[random.IntN(len(joins))])
				p := pieces[random.IntN(len(pieces))]
				lo := random.IntN(len(p) + 1)
				b.WriteString(p[lo : lo+random.IntN(len(p)-lo+1)])
			}
			b.WriteString(joins[random.IntN(len(joins))])
			names = append(names, b.String())
			keyword, begins := set.Says([]byte(b.String()))
			quiet = quiet && !keyword && (!begins || last == 0)
			if own := set.Names(b.String()); own.silent() == keyword {
				t.Fatalf("%q holds a keyword: %v, by itself it says something: %v", b.String(), keyword, !own.silent())
			}
			if begins {
				beginning++
			}
		}
		n := set.Names(names...)
		if quiet && !n.silent() {
			t.Fatalf("%q say something together", names)
		}
		if n.silent() {
			silent++
		} else {
			saying++
		}
	}
	if silent < 1000 || saying < 1000 || beginning < 1000 {
		t.Errorf("%d silent, %d saying, %d beginning: too few to tell", silent, saying, beginning)
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Add([]byte("\\nDoB"))
	set := compileAll(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 500 {
			return
		}
		sameMatches(t, set, text)
	})
}

// TestFieldWindows holds the engine against the reference on a table that takes several
// windows, wherever these cut it.
func TestFieldWindows(t *testing.T) {
	set, err := Compile(Config{Managed: []string{
		"ADDRESS", "CREDIT_CARD_NUMBER", "CREDIT_CARD_NUMBER_(NO_KEYWORD)", "DATE_OF_BIRTH", "GERMANY_BANK_ACCOUNT_NUMBER", "GERMANY_PASSPORT_NUMBER",
		"HTTP_COOKIE", "NAME", "PHONE_NUMBER", "SPAIN_PHONE_NUMBER", "USA_PASSPORT_NUMBER", "USA_SOCIAL_SECURITY_NUMBER",
	}})
	if err != nil {
		t.Fatal(err)
	}
	table, cells := corpus.Table(corpus.Random(5), 2*windowSize)
	for _, pad := range []int{0, 11, 37} {
		text := append(bytes.Repeat([]byte{';'}, pad), table...)
		var fields []Field
		for _, c := range cells {
			f := Field{Lo: c.Lo + pad, Hi: c.Hi + pad}
			if c.Column%5 > 0 {
				f.Names = set.Names(corpus.Columns[c.Column])
			}
			fields = append(fields, f)
		}
		want := reference(set, text, fields)
		sortMatches(want)
		for name, s := range map[string]*Scanner{"assembly": set.NewScanner(), "plain Go": set.PlainScanner()} {
			var got []Match
			s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true, Fields: fieldList(fields)}, func(m Match) { got = append(got, m) })
			sortMatches(got)
			if !slices.Equal(got, want) {
				t.Fatalf("%s after %d bytes: %d matches, want %d", name, pad, len(got), len(want))
			}
		}
	}
}

// FuzzFields cuts a text into cells at each bar and line break and puts them under names,
// the same in each column.
func FuzzFields(f *testing.F) {
	set := compileAll(f)
	var names []*Names
	for _, n := range []string{"x", "ssn", "phone", "passport", "iban", "credit card", "date of birth", "health card", "exp", "tax id", "aws secret key", "drivers license"} {
		names = append(names, set.Names(n))
	}
	for i, s := range samples {
		f.Add([]byte(strings.ReplaceAll(s, " ", "|")), uint8(i))
		f.Add([]byte(strings.ReplaceAll(s, ": ", "|")), uint8(i))
	}
	for i, m := range managed.All() {
		for _, e := range m.Positive {
			f.Add([]byte(e.Match+"|"+e.Text+"\n"+e.Match), uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, first uint8) {
		if len(text) > 500 {
			return
		}
		var fields []Field
		lo, column := 0, int(first)
		for i := 0; i <= len(text); i++ {
			if i < len(text) && text[i] != '|' && text[i] != '\n' {
				continue
			}
			if lo < i {
				fields = append(fields, Field{Lo: lo, Hi: i, Names: names[column%len(names)]})
			}
			lo = i + 1
			if column++; i < len(text) && text[i] == '\n' {
				column = int(first)
			}
		}
		want := reference(set, text, fields)
		sortMatches(want)
		for name, s := range map[string]*Scanner{"assembly": set.NewScanner(), "plain Go": set.PlainScanner()} {
			var got []Match
			s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true, Fields: fieldList(fields)}, func(m Match) { got = append(got, m) })
			sortMatches(got)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: fields %v of %q\ngot\n%s\nwant\n%s", name, fields, text, show(set, text, got), show(set, text, want))
			}
		}
	})
}
