package detect

import (
	"encoding/binary"
	"math/bits"
)

// masks holds one bit per byte of a chunk of 64, bit 0 for the first byte.
type masks struct {
	letter uint64 // A-Z a-z
	upper  uint64 // A-Z
	digit  uint64 // 0-9
	two    uint64 // 0xC0 to 0xDF but 0xC2: leads a rune of two bytes, mostly a letter
	cont   uint64 // 0x80 to 0xBF: goes on with a rune
	space  uint64 // 0x20
	plus   uint64 // +
	escape uint64 // \
	zero   uint64 // 0
	dash   uint64 // -
}

const chunk = 64

// classifyGeneric fills one masks per whole chunk of text. It is the plain-Go twin of
// the assembly and finds the same bits: eight bytes at a time in a 64-bit word.
func classifyGeneric(text []byte, out []masks) {
	for i := range out {
		m := &out[i]
		*m = masks{}
		block := text[i*chunk : i*chunk+chunk : i*chunk+chunk]
		for j := 0; j < chunk; j += 8 {
			v := binary.LittleEndian.Uint64(block[j:])
			high := v & top
			low := v &^ top // each byte below 0x80, so that sums do not carry into the next
			fold := low | 0x20*ones
			letter := ((fold + (0x80-'a')*ones) &^ (fold + (0x80-'z'-1)*ones)) & top &^ high
			digit := ((low + (0x80-'0')*ones) &^ (low + (0x80-'9'-1)*ones)) & top &^ high
			upper := letter &^ (v << 2)
			m.letter |= gather(letter) << j
			m.upper |= gather(upper) << j
			m.digit |= gather(digit) << j
			if high != 0 {
				m.two |= gather(high&(v<<1)&^(v<<2)&^equal(low, 0x42)) << j
				m.cont |= gather(high&^(v<<1)) << j
			}
			m.space |= gather(equal(low, ' ')&^high) << j
			m.plus |= gather(equal(low, '+')&^high) << j
			m.escape |= gather(equal(low, '\\')&^high) << j
			m.zero |= gather(equal(low, '0')&^high) << j
			m.dash |= gather(equal(low, '-')&^high) << j
		}
	}
}

const (
	ones = 0x0101010101010101
	top  = 0x8080808080808080
)

// equal sets the top bit of each byte of v that is c; every byte is below 0x80.
func equal(v uint64, c byte) uint64 {
	x := v ^ ones*uint64(c)
	return top &^ (x + (top - ones))
}

// gather moves the top bits of the eight bytes to the lowest eight bits.
func gather(v uint64) uint64 { return (v >> 7) * 0x0102040810204080 >> 56 }

// classifyTail classifies the last, shorter chunk as if zeros followed.
func classifyTail(text []byte, out *masks) {
	var buf [chunk]byte
	copy(buf[:], text)
	one := [1]masks{}
	classifyGeneric(buf[:], one[:])
	*out = one[0]
}

// nextBit returns the first position at or after i, below n, whose bit is set, or n.
func nextBit(words []uint64, i, n int) int {
	if i >= n {
		return n
	}
	w := i >> 6
	v := words[w] >> (i & 63)
	if v != 0 {
		return min(n, i+bits.TrailingZeros64(v))
	}
	for w++; w<<6 < n; w++ {
		if words[w] != 0 {
			return min(n, w<<6+bits.TrailingZeros64(words[w]))
		}
	}
	return n
}
