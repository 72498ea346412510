package extract

import "encoding/binary"

// places says where three bytes that matter to a format are in 64 bytes of text, one bit each, bit 0 for the first.
type places struct{ a, b, c uint64 }

const chunk = 64

// findPlaces fills one element of out for each 64 bytes of text, the last of them for what is left.
func findPlaces(text []byte, a, b, c byte, out []places) {
	whole := len(text) / chunk
	findPlacesFast(text, a, b, c, out[:whole])
	if whole < len(out) {
		var rest [chunk]byte
		n := copy(rest[:], text[whole*chunk:])
		findPlacesGeneric(rest[:], a, b, c, out[whole:whole+1])
		o, own := &out[whole], uint64(1)<<n-1
		o.a, o.b, o.c = o.a&own, o.b&own, o.c&own
	}
}

// findPlacesGeneric is the plain-Go twin of the assembly: eight bytes at a time in a 64-bit word.
func findPlacesGeneric(text []byte, a, b, c byte, out []places) {
	pa, pb, pc := uint64(a)*ones, uint64(b)*ones, uint64(c)*ones
	for i := range out {
		block := text[i*chunk:][:chunk]
		var o places
		for k := 0; k < chunk; k += 8 {
			x := binary.LittleEndian.Uint64(block[k:])
			o.a |= gather(zeros(x^pa)) << k
			o.b |= gather(zeros(x^pb)) << k
			o.c |= gather(zeros(x^pc)) << k
		}
		out[i] = o
	}
}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// zeros sets the top bit of each byte that is zero, and no other.
func zeros(x uint64) uint64 { return ^((x&^tops + ^uint64(tops)) | x | ^uint64(tops)) }

// gather moves the top bits of the eight bytes to the lowest eight bits.
func gather(x uint64) uint64 { return (x >> 7) * 0x0102040810204080 >> 56 }
