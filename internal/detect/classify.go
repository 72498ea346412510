package detect

import (
	"encoding/binary"
	"math/bits"
)

// group holds, for eight chunks of 64 bytes, one bit per byte, bit 0 for the first byte of a
// chunk. The first fields say what the bytes are, those from starts on what begins there, see
// marks.go. The assembly takes eight chunks at a time.
type group struct {
	letter [perGroup]uint64 // A-Z a-z
	upper  [perGroup]uint64 // A-Z
	digit  [perGroup]uint64 // 0-9
	two    [perGroup]uint64 // 0xC0 to 0xDF but 0xC2: leads a rune of two bytes, mostly a letter
	cont   [perGroup]uint64 // 0x80 to 0xBF: goes on with a rune
	space  [perGroup]uint64 // 0x20
	plus   [perGroup]uint64 // +
	escape [perGroup]uint64 // \ and ^
	zero   [perGroup]uint64 // 0
	dash   [perGroup]uint64 // -

	starts  [perGroup]uint64 // the first byte of a word
	edges   [perGroup]uint64 // the first byte of a word, or a byte of none
	inner   [perGroup]uint64 // starts right after another word
	capital [perGroup]uint64 // starts that are written with a capital and not inner
	follow  [perGroup]uint64 // outside of words: what may stand between those of a name
	marked  [perGroup]uint64 // cards or any of those after; where it is zero they mean nothing
	cards   [perGroup]uint64 // where a card without a keyword may start
	phones  [perGroup]uint64
	ibans   [perGroup]uint64
	apart   [perGroup]uint64 // ibans whose check digits stand apart
	codes   [perGroup]uint64 // postal codes of addresses
}

const (
	chunk    = 64
	perGroup = 8
)

// classifyGeneric fills the first fields of as many whole chunks as text has. It is the
// plain-Go twin of the assembly and finds the same bits: eight bytes at a time in a 64-bit
// word.
func classifyGeneric(text []byte, out []group) {
	for i := range len(text) / chunk {
		classifyChunk(text[i*chunk:i*chunk+chunk:i*chunk+chunk], &out[i/perGroup], i%perGroup)
	}
}

func classifyChunk(block []byte, g *group, i int) {
	// Each step moves the bits of the bytes before one place down, so that the bytes of a
	// sum hold the bits of one column. Two loops need fewer registers each than there are.
	var letter, upper, digit, two, cont, space, plus, escape, zero, dash uint64
	words := (*[chunk]byte)(block)
	for j := 0; j < chunk; j += 8 {
		v := binary.LittleEndian.Uint64(words[j : j+8])
		high := v & top
		low := v &^ top // each byte below 0x80, so that sums do not carry into the next
		fold := low | 0x20*ones
		l := ((fold + (0x80-'a')*ones) &^ (fold + (0x80-'z'-1)*ones)) & top &^ high
		d := ((low + (0x80-'0')*ones) &^ (low + (0x80-'9'-1)*ones)) & top &^ high
		letter = letter>>1 | l
		upper = upper>>1 | l&^(v<<2)
		digit = digit>>1 | d
		two, cont = two>>1, cont>>1
		if high != 0 {
			two |= high & (v << 1) &^ (v << 2) &^ equal(low, 0x42)
			cont |= high &^ (v << 1)
		}
	}
	for j := 0; j < chunk; j += 8 {
		v := binary.LittleEndian.Uint64(words[j : j+8])
		low, ascii := v&^top, ^v&top
		// The bytes that are no such sign, with their top bits set.
		space = space>>1 | ascii&^((low^' '*ones)+(top-ones))
		plus = plus>>1 | ascii&^((low^'+'*ones)+(top-ones))
		escape = escape>>1 | ascii&^(((low|2*ones)^'^'*ones)+(top-ones))
		zero = zero>>1 | ascii&^((low^'0'*ones)+(top-ones))
		dash = dash>>1 | ascii&^((low^'-'*ones)+(top-ones))
	}
	letter, upper, digit, space = turn(letter), turn(upper), turn(digit), turn(space)
	if zero|dash != 0 {
		zero, dash = turn(zero), turn(dash)
	}
	if plus|escape != 0 {
		plus, escape = turn(plus), turn(escape)
	}
	if two|cont != 0 {
		two, cont = turn(two), turn(cont)
	}
	i %= perGroup
	g.letter[i], g.upper[i], g.digit[i], g.two[i], g.cont[i] = letter, upper, digit, two, cont
	g.space[i], g.plus[i], g.escape[i], g.zero[i], g.dash[i] = space, plus, escape, zero, dash
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

// turn makes columns rows: bit 8*i+j becomes bit 8*j+i.
func turn(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00AA00AA00AA00AA
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000CCCC0000CCCC
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000F0F0F0F0
	return x ^ t ^ t<<28
}

// classifyTail classifies the last, shorter chunk as if zeros followed.
func classifyTail(text []byte, g *group, i int) {
	var buf [chunk]byte
	copy(buf[:], text)
	classifyChunk(buf[:], g, i)
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
