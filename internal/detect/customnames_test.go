package detect

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// namedBySurfaces is what names say by every way in which a keyword may be written.
func namedBySurfaces(c *Custom, names []byte) bool {
	for _, k := range c.config.Keywords {
		t := newTrie()
		for _, s := range surfaces(k) {
			t.add(s, 0)
		}
		for i := range names {
			hit := false
			word := wordStart(names, i)
			t.match(names, i, true, func(end, _ int) {
				hit = hit || word && keywordEnd(names, end) || end-i >= minInfix
			})
			if hit {
				return true
			}
		}
	}
	return false
}

func customWith(t testing.TB, keywords ...string) *Custom {
	t.Helper()
	c, err := CompileCustom(CustomConfig{Regex: `\d+`, Keywords: keywords})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The keywords of all identifiers are found together as each is by itself.
func TestCustomNamesTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	parts := []string{"a", "b", "ab", "ssn", "no", "élève", "ID", "7", "number", " ", "_", "-", ".", "a.b", "'", "–"}
	word := func(n int) string {
		var b strings.Builder
		for utf8.RuneCountInString(b.String()) < MinKeywordLength || random.IntN(n) > 0 {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		return b.String()
	}
	named := 0
	for range 300 {
		var customs []*Custom
		for range 5 {
			customs = append(customs, customWith(t, word(4), word(4)))
		}
		set, err := Compile(Config{Custom: customs})
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			name := word(9)
			got := set.Names(name)
			for i, c := range customs {
				want := namedBySurfaces(c, []byte(name+" "))
				if is := got != nil && got.custom != nil && got.custom[i]; is != want {
					t.Fatalf("%q has a keyword of %q: %v, want %v", name, c.config.Keywords, is, want)
				}
				if want {
					named++
				}
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d names had a keyword", named)
	}
}

// A keyword of many words may be written in more ways than there is memory for.
func TestKeywordOfManyWords(t *testing.T) {
	keyword := strings.TrimSpace(strings.Repeat("a b c ", 14))
	set, err := Compile(Config{Custom: []*Custom{customWith(t, keyword)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		keyword:                               true,
		strings.ReplaceAll(keyword, " ", ""):  true,
		strings.ReplaceAll(keyword, " ", "_"): true,
		strings.Replace(keyword, " ", "-", 9): true,
		keyword[:len(keyword)-2]:              false,
	} {
		if n := set.Names(name); (n != nil) != want {
			t.Errorf("%q has it: %v", name, n != nil)
		}
	}
}

// What names cost does not grow with how many identifiers have keywords, and ends when there is no more time.
func TestNamesInTime(t *testing.T) {
	work := func(n int) (steps int64) {
		var customs []*Custom
		for i := range n {
			customs = append(customs, customWith(t, "keyword "+strings.Repeat("x", i%60)+" of a name"))
		}
		set, err := Compile(Config{Custom: customs})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := set.NamesInTime(func(n int64) bool { steps += n; return false }, strings.Repeat("some name ", 50)); !ok {
			t.Error("it was late")
		}
		if _, ok := set.NamesInTime(func(int64) bool { return true }, "keyword xx of a name"); ok {
			t.Error("it was not late")
		}
		return steps
	}
	if one, many := work(1), work(60); many > 2*one {
		t.Errorf("%d steps for one identifier, %d for 60", one, many)
	}
}
