package detect

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"magpie/internal/detect/corpus"
)

// TestSilenceOverWindows: tables of several windows, with values that hold keywords and few names, are told with silences that are
// known in whole, in part, or not at all, and the same is found in them.
func TestSilenceOverWindows(t *testing.T) {
	ids := []string{"ADDRESS", "CREDIT_CARD_NUMBER", "CREDIT_CARD_NUMBER_(NO_KEYWORD)", "DATE_OF_BIRTH", "GERMANY_BANK_ACCOUNT_NUMBER",
		"GERMANY_PASSPORT_NUMBER", "HTTP_COOKIE", "NAME", "PHONE_NUMBER", "SPAIN_PHONE_NUMBER", "USA_PASSPORT_NUMBER",
		"USA_SOCIAL_SECURITY_NUMBER"}
	r := rand.New(rand.NewPCG(77, 1))
	for round := range 12 {
		some := []string{ids[len(ids)-1]} // alone, the keywords that are looked at reach least far beyond a window
		if round%3 > 0 {
			some = slices.DeleteFunc(slices.Clone(ids), func(string) bool { return r.IntN(2) == 0 })
		}
		set, err := Compile(Config{Managed: some})
		if err != nil {
			t.Fatal(err)
		}
		text, fields := wovenTable(r, set, round)
		run := func(s *Scanner, f Fields) (got []Match) {
			s.Scan(&Block{Text: text, Hi: len(text), Start: true, End: true, Fields: f}, func(m Match) { got = append(got, m) })
			return got
		}
		want := run(set.NewScanner(), fields)
		for _, part := range []func(int) int{
			func(n int) int { return n },
			func(n int) int { return r.IntN(n + 1) },
			func(n int) int { return min(n, r.IntN(60)) },
		} {
			for _, s := range []*Scanner{set.NewScanner(), set.PlainScanner()} {
				if got := run(s, silentList{fields, part}); !slices.Equal(got, want) {
					t.Fatalf("round %d, %v: found %d, want %d", round, some, len(got), len(want))
				}
			}
		}
	}
}

// wovenTable is a table of a few windows, of whose cells some are long values, and over which numbers and keywords are strewn.
func wovenTable(r *rand.Rand, set *Set, seed int) ([]byte, fieldList) {
	table, cells := corpus.Table(corpus.Random(uint64(seed)), 2*windowSize)
	pad := r.IntN(60)
	text := append(bytes.Repeat([]byte{';'}, pad), table...)
	var fields fieldList
	for _, c := range cells {
		f := Field{Lo: c.Lo + pad, Hi: c.Hi + pad}
		if n := len(fields); n > 0 && r.IntN(4) == 0 && fields[n-1].Hi < f.Lo {
			fields[n-1].Hi = f.Hi
			continue
		}
		if r.IntN(12) == 0 {
			f.Names = set.Names(corpus.Columns[c.Column])
		}
		fields = append(fields, f)
	}
	for range 3000 {
		words := []string{" ssn ", " passport number ", " 536-90-4399 ", " dob ", " 4539148803436467 "}
		copy(text[r.IntN(len(text)-40):], words[r.IntN(len(words))])
	}
	return text, fields
}
