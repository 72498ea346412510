package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFingers holds the marks of both twins against what buckets says place by place.
func TestFingers(t *testing.T) {
	const letters = "EMP-0123/int\xc3\xa9 x\xff"
	random := rand.New(rand.NewPCG(3, 4))
	var customs []*Custom
	for _, regex := range []string{`EMP-\d{6}`, `(?i)internal-[a-z]+`, `\d{3}/\d{4}`, `é\d{4}`, `[A-Z]{3}-\d{4}`, `.\d`, `tok_\w+`, `a|bc`, `\bx\d`} {
		c, err := CompileCustom(CustomConfig{Regex: regex})
		if err != nil {
			t.Fatal(err)
		}
		customs = append(customs, c)
	}
	for _, some := range [][]*Custom{customs, customs[:2], customs[3:5]} {
		f := newFingers(some, true)
		text := make([]byte, 64*chunk+fingerBytes-1)
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		want := make([]uint64, 64)
		for p := range 64 * chunk {
			if f.buckets(text, p) != 0 {
				want[p/chunk] |= 1 << (p % chunk)
			}
		}
		for name, mark := range map[string]func([]byte, *fingers, []uint64){"go": markFingersGeneric, "fast": markFingersFast} {
			got := make([]uint64, 64)
			if mark(text, f, got); !slices.Equal(got, want) {
				t.Fatalf("%s: got %x\nwant %x", name, got, want)
			}
		}
	}
}

// TestHowOften: what is rare in texts of all sorts is preferred, whatever the size of the
// sets.
func TestHowOften(t *testing.T) {
	for regex, offset := range map[string]int{
		`[A-Z]{3}-\d{4}-[A-Z]{2}`:  2, // not the dash and the digits, of which dates are full
		`(?i)internal-[a-z]{3,12}`: 5, // not int
		`\d{3}/\d{4}`:              2,
	} {
		c, err := CompileCustom(CustomConfig{Regex: regex})
		if err != nil {
			t.Fatal(err)
		}
		if got := newFingers([]*Custom{c}, true).members[0][0].offset; got != offset {
			t.Errorf("%s is looked for by its bytes from %d on, want %d", regex, got, offset)
		}
	}
}
