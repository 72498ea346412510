package detect

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var customPatterns = []string{
	`EMP-\d{6}`, `[A-Z]{3}-\d{4,6}`, `\d{5}-\d{3}`, `[a-z]+@[a-z]+\.com`, `(?i)secret[ _-]?key`, `\bID\d+\b`, `^start`, `end$`,
	`(ab|a)(c|bcd)`, `a+b?`, `x(.*y)?`, `[^,;]{3,8};`, `é+\d`, `[à-ü]{2,}`, `\w+\s\w+!`, `(?:foo|foobar)baz?`, `a{2,3}?b`, `k\d`, `(?i)kas\d`,
	`.{2}日`, `\S+@`, `"[^"]*"`, `\bcat\b|dog`, `[0-9]+\.[0-9]+`, `A|AB|ABC`, `(a|aa)+b`,
	`[a-z.]+@example`, `\b[a-z.-]+@example\.com\b`, `\S+@exa`, `.+x*@`, `[a-c]*bar`, `(?i)[k-s]+ks2`, `([a-z]{2,5}[@.])+com$`, `(foo|[a-d])+_key`, `\w+\.com`,
}

// regexpMatches is what package regexp finds.
func regexpMatches(pattern string, text []byte) (out []Match) {
	for _, m := range regexp.MustCompile(pattern).FindAllIndex(text, -1) {
		if m[1] > m[0] {
			out = append(out, Match{0, m[0], m[1]})
		}
	}
	return out
}

func sameCustom(t *testing.T, pattern string, text []byte) {
	t.Helper()
	c, err := CompileCustom(CustomConfig{Regex: pattern})
	if err != nil {
		return
	}
	set, err := Compile(Config{Custom: []*Custom{c}})
	if err != nil {
		t.Fatal(err)
	}
	want := regexpMatches(pattern, text)
	random := rand.New(rand.NewPCG(uint64(len(text)), 5))
	for how, got := range map[string][]Match{
		"assembly": scanAll(set.NewScanner(), text), "plain Go": scanAll(set.PlainScanner(), text),
		"in blocks": scanBlocks(set, text, random), "in a stream": scanStream(set, text, random),
	} {
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %s on %q: %v, package regexp finds %v", how, pattern, text, got, want)
		}
	}
}

func TestCustomAgainstRegexp(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	parts := []string{"EMP-", "123456", "ABC-", "12345", "-678", "joe", "@", "example.com", ".com", "Secret", "_", "key", "ID", "7", "start", "end", "a", "b", "c", "bcd", "x", "y", "\n", ",", ";", " ", "é", "ü", "à", "foo", "bar", "baz", "!", "k1", "Kas2", "\u212A3", "日", "本", "\"", "cat", "dog", "s", ".", "\xff", "\u00a0"}
	for range 300 {
		var b strings.Builder
		for range random.IntN(60) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		for _, p := range customPatterns {
			sameCustom(t, p, []byte(b.String()))
		}
	}
}

func FuzzCustom(f *testing.F) {
	for _, p := range customPatterns {
		f.Add(p, "EMP-123456 abcd foobarbaz 12345-678 ID7 \"x\" joe@example.com")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(text) > 300 || len(pattern) > 60 {
			return
		}
		rx, err := regexp.Compile(pattern)
		if err != nil || slices.ContainsFunc(rx.FindAllStringIndex(text, -1), func(m []int) bool { return m[0] == m[1] }) {
			_, _ = CompileCustom(CustomConfig{Regex: pattern})
			return
		}
		sameCustom(t, pattern, []byte(text))
	})
}

// TestRest: patterns that are found by what follows their beginning, with the one in a
// window and the other in the next.
func TestRest(t *testing.T) {
	for _, pattern := range []string{`[a-z.]+@example\.com`, `\b\w+@example`, `[^ ]+@example`} {
		c, err := CompileCustom(CustomConfig{Regex: pattern})
		if err != nil {
			t.Fatal(err)
		}
		if c.rest == nil {
			t.Errorf("%s is looked for by its beginning", pattern)
		}
		for _, run := range []int{1, 100, 3000} {
			text := []byte(strings.Repeat("some words. ", windowSize/12-run/24) + strings.Repeat("a", run) + "@example.com joe@example.com @example.com")
			sameCustom(t, pattern, text)
			sameCustom(t, pattern, append(text, text...))
		}
	}
	for _, pattern := range []string{`EMP-\d+`, `[A-Z]{2}\d{6}`, `\d{9}`} {
		if c, err := CompileCustom(CustomConfig{Regex: pattern}); err != nil || c.rest != nil {
			t.Errorf("%s is not looked for by its beginning: %v", pattern, err)
		}
	}
}

// TestManyCustoms scans with several patterns, keywords and managed identifiers at once.
func TestManyCustoms(t *testing.T) {
	var customs []*Custom
	for _, p := range customPatterns {
		c, err := CompileCustom(CustomConfig{Regex: p})
		if err != nil {
			continue
		}
		customs = append(customs, c)
	}
	odd, err := CompileCustom(CustomConfig{Regex: `\d{4}`, Keywords: []string{"#ref", "élève", "emp no"}, MaximumMatchDistance: new(6)})
	if err != nil {
		t.Fatal(err)
	}
	customs = append(customs, odd)
	set, err := Compile(Config{Managed: []string{"USA_SOCIAL_SECURITY_NUMBER", "CREDIT_CARD_NUMBER"}, Custom: customs})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("EMP-123456 ssn 536-22-1234 #ref 1234 ÉLÈVE 5678 emp no 9999 joe@example.com end ", 40))
	want := scanAll(set.NewScanner(), text)
	counts := map[int]int{}
	for _, m := range want {
		counts[m.Identifier]++
	}
	if last := counts[len(set.ids)-1]; last != 120 {
		t.Errorf("%d matches near keywords, want 120", last)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		if got := scanBlocks(set, text, random); !slices.Equal(got, want) {
			t.Fatal("cut into blocks, the matches differ")
		}
	}
	if got := scanAll(set.PlainScanner(), text); !slices.Equal(got, want) {
		t.Fatal("in plain Go, the matches differ")
	}
}

// What has been learnt of texts is forgotten before it takes much memory.
func TestAutomatonMemory(t *testing.T) {
	var customs []*Custom
	for range 2 {
		c, err := CompileCustom(CustomConfig{Regex: `[a-z\pL]{1,300}!`})
		if err != nil {
			t.Fatal(err)
		}
		customs = append(customs, c)
	}
	set, err := Compile(Config{Custom: customs})
	if err != nil {
		t.Fatal(err)
	}
	s := set.NewScanner()
	for _, a := range s.automata {
		a.most = leastStateBytes
	}
	var text []byte
	for i := range 2000 {
		text = utf8.AppendRune(text, rune(0x4e00+i*7%20_000))
	}
	s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true}, func(Match) {})
	for i, a := range s.automata {
		// A match may end beyond the bound, by what its own text brings.
		if most := a.most + MaxCustomMatch*(sizeOfState+sizeOfHigh); a.bytes > most {
			t.Errorf("identifier %d: %d bytes of %d", i, a.bytes, most)
		}
	}
}

// A scan that is told that there is no more time ends, and does not go on with the next window.
func TestScanIsLate(t *testing.T) {
	c, err := CompileCustom(CustomConfig{Regex: `\pL+\PL+\pL+`})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(Config{Custom: []*Custom{c}})
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("a"), 1<<20)
	total, looks := int64(0), 0
	s := set.NewScanner()
	block := Block{Text: text, Hi: len(text), Start: true, End: true, Late: func(steps int64) bool {
		total += steps
		looks++
		return total > 1<<20
	}}
	s.Scan(&block, func(Match) {})
	if !s.Stopped() || total > 2<<20 || looks < 10 {
		t.Errorf("it ended after %d steps and %d looks, stopped: %v", total, looks, s.Stopped())
	}
	block.Text, block.Hi = text[:100], 100
	total = 0
	if s.Scan(&block, func(Match) {}); s.Stopped() {
		t.Error("the next scan is late, too")
	}
}

// One match alone may go through more states than there is memory for, each of thousands of instructions and costly to make: it forgets, and
// it ends when there is no more time.
func TestOneMatchIsBounded(t *testing.T) {
	const expression = `(?:[a-z0-9]{1,9} ?-?){1,100}#`
	custom, err := CompileCustom(CustomConfig{Regex: expression})
	if err != nil {
		t.Fatal(err)
	}
	list, err := AllowRegex(expression)
	if err != nil {
		t.Fatal(err)
	}
	digits, err := CompileCustom(CustomConfig{Regex: `[a-z0-9 ]+`})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("abcdefg 1234567 ", 200))
	for name, config := range map[string]Config{
		"an identifier": {Custom: []*Custom{custom}},
		"an allow list": {Custom: []*Custom{digits}, AllowLists: []*AllowList{list}},
	} {
		set, err := Compile(config)
		if err != nil {
			t.Fatal(err)
		}
		s := set.NewScanner()
		automata := s.automata
		if len(config.AllowLists) > 0 {
			automata = s.allowed
		}
		total, most := int64(0), 0
		block := Block{Text: text, Hi: len(text), Start: true, End: true, Late: func(steps int64) bool {
			total += steps
			for _, a := range automata {
				most = max(most, a.bytes-a.most)
			}
			return total > 1<<20
		}}
		found := 0
		s.Scan(&block, func(Match) { found++ })
		if !s.Stopped() || total > 2<<20 || found > 0 {
			t.Errorf("%s: stopped %v after %d steps, with %d matches", name, s.Stopped(), total, found)
		}
		if most > 256<<10 {
			t.Errorf("%s: %d bytes of states beyond the bound", name, most)
		}
	}
}

// An allow list's expression fits what package regexp says that it does.
func TestAllowRegexAgainstRegexp(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	parts := []string{"EMP-", "123456", "joe", "@", "example.com", "a", "b", "bcd", "\n", ";", " ", "é", "foo", "baz", "K", "日", "\xff", "A", "7"}
	fits := 0
	for _, p := range append([]string{`.*`, `(?:a|b)*c?d`, `EMP-\d+|joe@.*`, `^foo(?:baz)?$`}, customPatterns...) {
		list, err := AllowRegex(p)
		if err != nil {
			continue
		}
		set, err := Compile(Config{AllowLists: []*AllowList{list}})
		if err != nil {
			t.Fatal(err)
		}
		s, want := set.NewScanner(), regexp.MustCompile(`\A(?:`+p+`)\z`)
		for range 300 {
			var b strings.Builder
			for range 1 + random.IntN(3) {
				b.WriteString(parts[random.IntN(len(parts))])
			}
			is := want.MatchString(b.String())
			if got := s.Allows([]byte(b.String()), nil); got != is {
				t.Fatalf("%s allows %q: %v", p, b.String(), got)
			}
			if is {
				fits++
			}
		}
	}
	if fits < 40 {
		t.Errorf("only %d fitted", fits)
	}
}

// Thirty identifiers that match at each byte take no more memory at a time than a few.
func TestManyMatches(t *testing.T) {
	var customs []*Custom
	for range 30 {
		c, err := CompileCustom(CustomConfig{Regex: `[0-9]`})
		if err != nil {
			t.Fatal(err)
		}
		customs = append(customs, c)
	}
	set, err := Compile(Config{Custom: customs, Managed: []string{"USA_SOCIAL_SECURITY_NUMBER"}})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("123456789 ", windowSize/4))
	s := set.NewScanner()
	found, last := 0, 0
	s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true}, func(m Match) {
		if found++; m.Start < last {
			t.Fatalf("a match at %d comes after one at %d", m.Start, last)
		}
		last = m.Start
	})
	if want := 30 * len(text) / 10 * 9; found != want {
		t.Errorf("%d matches, want %d", found, want)
	}
	if most := 2 * manyCustom * windowSize; cap(s.custom) > most {
		t.Errorf("there is room for %d matches at a time, at most %d are needed", cap(s.custom), most)
	}
}
