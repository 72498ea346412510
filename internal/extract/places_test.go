package extract

import (
	"math/rand/v2"
	"testing"
)

func TestPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 5 * chunk {
		text := make([]byte, n)
		for i := range text {
			text[i] = []byte{'"', ':', '\\', '#', '!', 0, 0x80, 0xa2, byte(r.Uint32())}[r.IntN(9)]
		}
		want := make([]places, (n+chunk-1)/chunk)
		for i, c := range text {
			o, bit := &want[i/chunk], uint64(1)<<(i%chunk)
			switch c {
			case '"':
				o.a |= bit
			case ':':
				o.b |= bit
			case '\\':
				o.c |= bit
			}
		}
		for name, find := range map[string]func([]byte, byte, byte, byte, []places){"fast": findPlaces, "go": func(text []byte, a, b, c byte, out []places) {
			findPlaces(text, a, b, c, out)
			findPlacesGeneric(text, a, b, c, out[:n/chunk])
		}} {
			got := make([]places, len(want))
			find(text, '"', ':', '\\', got)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s: chunk %d of %d bytes: %x, want %x", name, i, n, got[i], want[i])
				}
			}
		}
	}
}
