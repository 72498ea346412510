package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAssembly holds every path of assembly that this processor has against plain Go.
func TestAssembly(t *testing.T) {
	classifiers := map[string]func([]byte, []group){}
	sifters := map[string]wordSifter{}
	if hasFast() {
		classifiers["avx2"], sifters["avx2"] = classifyAVX2, siftWordsAVX2
	}
	if hasAVX512() {
		classifiers["avx512"], sifters["avx512"] = classifyAVX512, siftWordsAVX512
	}
	set := compileAll(t)
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		// Texts of few kinds of bytes have words of every length, and of many parts.
		alphabet := []byte("aB1 _é+0-")
		switch round % 4 {
		case 1:
			alphabet = []byte("aBcDeF")
		case 2:
			alphabet = []byte("ssn dobSSN credit card Ñ")
		case 3:
			alphabet = nil
		}
		text := make([]byte, r.IntN(20*chunk)+keyBytes+chunk)
		for i := range text {
			if alphabet == nil {
				text[i] = byte(r.Uint32())
			} else {
				text[i] = alphabet[r.IntN(len(alphabet))]
			}
		}
		n := (len(text) - keyBytes) / chunk
		groups := n/perGroup + 3
		want := make([]group, groups)
		classifyGeneric(text[:n*chunk], want[1:])
		for name, f := range classifiers {
			got := make([]group, groups)
			if f(text[:n*chunk], got[1:]); !slices.Equal(got, want) {
				t.Fatalf("%s: masks of %q differ", name, text)
			}
		}
		digits, tokens := make([]uint64, groups*perGroup), make([]uint64, groups*perGroup)
		tokens[r.IntN(n)] = r.Uint64() // of escapes
		got, gotDigits, gotTokens := slices.Clone(want), slices.Clone(digits), slices.Clone(tokens)
		markGeneric(want, digits, tokens)
		markFast(got, gotDigits, gotTokens)
		for i := range groups * perGroup {
			if g, j := &got[i/perGroup], i%perGroup; g.marked[j] == 0 {
				g.cards[j], g.phones[j], g.ibans[j], g.apart[j], g.codes[j] = 0, 0, 0, 0, 0
			}
		}
		if !slices.Equal(got, want) || !slices.Equal(gotDigits, digits) || !slices.Equal(gotTokens, tokens) {
			t.Fatalf("marks of %q differ", text)
		}
		room := len(text) + spareWords
		found, splits := make([]uint32, room), make([]uint32, room)
		nFound, nSplits := siftWordsGeneric(text, want[1:], n, &set.filter.bits, found, splits)
		for name, f := range sifters {
			gotFound, gotSplits := make([]uint32, room), make([]uint32, room)
			a, b := f(text, want[1:], n, &set.filter.bits, gotFound, gotSplits)
			if a != nFound || b != nSplits || !slices.Equal(gotFound[:a], found[:a]) || !slices.Equal(gotSplits[:b+1], splits[:b+1]) {
				t.Fatalf("%s: words of %q: found %v, splits %v, want %v, %v", name, text, gotFound[:a], gotSplits[:b+1], found[:nFound], splits[:nSplits+1])
			}
		}
	}
}
