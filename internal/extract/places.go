package extract

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// places says where three bytes that matter to a format are in 64 bytes of text, one bit each, bit 0 for the first.
type places struct{ a, b, c uint64 }

const chunk = 64

// placed are the places of a layout's buffer, found when they are first needed.
type placed struct {
	at     []places // pooled
	length int      // of the text that they are of; 0: not known
	from   int      // the first chunk that is known
}

// placeBuffers has room for what is in the other buffers.
var placeBuffers = sync.Pool{New: func() any { p := make([]places, (lookback+blockSize)/chunk); return &p }}

// find finds the places in raw, which is the layout's buffer until forget.
func (p *placed) find(raw []byte, a, b, c byte) { p.findFrom(raw, 0, a, b, c) }

// findFrom is find for those that are not before off.
func (p *placed) findFrom(raw []byte, off int, a, b, c byte) {
	if p.length != len(raw) {
		if p.at == nil {
			p.at = *placeBuffers.Get().(*[]places)
		}
		p.length, p.from = len(raw), (len(raw)+chunk-1)/chunk
	}
	if first := off / chunk; first < p.from {
		findPlaces(raw[first*chunk:min(p.from*chunk, len(raw))], a, b, c, p.at[first:p.from])
		p.from = first
	}
}

func (p *placed) forget() { p.length = 0 }

// close gives the memory back; it must follow the last use.
func (p *placed) close() {
	if at := p.at; at != nil {
		p.at, p.length = nil, 0
		placeBuffers.Put(&at)
	}
}

// nextBOrC returns the first place of b or c from i on, or end when there is none before it.
func (p *placed) nextBOrC(i, end int) int {
	if i >= end {
		return end
	}
	k := i / chunk
	for m := (p.at[k].b | p.at[k].c) &^ (1<<(i%chunk) - 1); ; m = p.at[k].b | p.at[k].c {
		if m != 0 {
			return min(end, k*chunk+bits.TrailingZeros64(m))
		}
		if k++; k*chunk >= end {
			return end
		}
	}
}

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
