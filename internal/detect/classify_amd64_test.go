package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAssembly holds every path of assembly that this processor has against plain Go.
func TestAssembly(t *testing.T) {
	classifiers := map[string]func([]byte, []masks){}
	sifters := map[string]func([]byte, []wordMasks, *[1 << (hashBits - 6)]uint64, []uint32, []uint32) (int, int){}
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
		alphabet := []byte("aB1 _é")
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
		want := make([]masks, n)
		classifyGeneric(text, want)
		s := set.PlainScanner()
		s.win.text, s.win.lo, s.win.hi, s.win.from, s.win.to = text, 0, len(text), 0, len(text)
		s.classify()
		words := s.win.words[:n+1]
		room := len(text) + spareWords
		found, splits := make([]uint32, room), make([]uint32, room)
		nFound, nSplits := siftWordsGeneric(text, words, &set.filter.bits, found, splits)
		for name, f := range classifiers {
			got := make([]masks, n)
			if f(text, got); !slices.Equal(got, want) {
				t.Fatalf("%s: masks of %q differ", name, text)
			}
		}
		for name, f := range sifters {
			gotFound, gotSplits := make([]uint32, room), make([]uint32, room)
			a, b := f(text, words, &set.filter.bits, gotFound, gotSplits)
			if a != nFound || b != nSplits || !slices.Equal(gotFound[:a], found[:a]) || !slices.Equal(gotSplits[:b+1], splits[:b+1]) {
				t.Fatalf("%s: words of %q: found %v, splits %v, want %v, %v", name, text, gotFound[:a], gotSplits[:b+1], found[:nFound], splits[:nSplits+1])
			}
		}
	}
}
