package detect

import (
	"math/rand/v2"
	"testing"
)

// classifySlow says what the bits mean, one byte at a time.
func classifySlow(text []byte, out []masks) {
	for i := range out {
		m := masks{}
		for j, c := range text[i*chunk : i*chunk+chunk] {
			set := func(w *uint64, on bool) {
				if on {
					*w |= 1 << j
				}
			}
			set(&m.letter, 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
			set(&m.upper, 'A' <= c && c <= 'Z')
			set(&m.digit, '0' <= c && c <= '9')
			set(&m.two, c >= 0xC0 && c <= 0xDF && c != 0xC2)
			set(&m.cont, c >= 0x80 && c <= 0xBF)
			set(&m.space, c == ' ')
			set(&m.plus, c == '+')
			set(&m.escape, c == '\\')
			set(&m.zero, c == '0')
			set(&m.dash, c == '-')
		}
		out[i] = m
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
	want := make([]masks, 64)
	classifySlow(text, want)
	for name, f := range map[string]func([]byte, []masks){"go": classifyGeneric, "fast": classifyFast} {
		got := make([]masks, 64)
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
	out := make([]masks, len(text)/chunk)
	for name, f := range map[string]func([]byte, []masks){"go": classifyGeneric, "fast": classifyFast} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				f(text, out)
			}
		})
	}
}
