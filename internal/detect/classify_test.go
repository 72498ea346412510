package detect

import (
	"math/rand/v2"
	"testing"
)

// classifySlow says what the bits mean, one byte at a time.
func classifySlow(text []byte, out []group) {
	for i := range len(text) / chunk {
		g := &out[i/perGroup]
		for j, c := range text[i*chunk : i*chunk+chunk] {
			set := func(w *uint64, on bool) {
				if on {
					*w |= 1 << j
				}
			}
			set(&g.letter[i%perGroup], 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
			set(&g.upper[i%perGroup], 'A' <= c && c <= 'Z')
			set(&g.digit[i%perGroup], '0' <= c && c <= '9')
			set(&g.two[i%perGroup], c >= 0xC0 && c <= 0xDF && c != 0xC2)
			set(&g.cont[i%perGroup], c >= 0x80 && c <= 0xBF)
			set(&g.space[i%perGroup], c == ' ')
			set(&g.plus[i%perGroup], c == '+')
			set(&g.escape[i%perGroup], c == '\\' || c == '^')
			set(&g.zero[i%perGroup], c == '0')
			set(&g.dash[i%perGroup], c == '-')
		}
	}
}

func TestClassify(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 64*chunk)
	for i := range text {
		if i < 1024 {
			text[i] = byte(i) // every byte, in every lane of four
		} else {
			text[i] = byte(random.Uint32())
		}
	}
	want := make([]group, 8)
	classifySlow(text, want)
	for name, f := range map[string]func([]byte, []group){"go": classifyGeneric, "fast": classifyFast} {
		got := make([]group, 8)
		f(text, got)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: chunk %d\n got %x\nwant %x", name, i, got[i], want[i])
			}
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	text := make([]byte, 1<<16)
	for i := range text {
		text[i] = byte(' ' + i*7%90)
	}
	out := make([]group, len(text)/chunk/perGroup)
	for name, f := range map[string]func([]byte, []group){"go": classifyGeneric, "fast": classifyFast} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				f(text, out)
			}
		})
	}
}
