package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// openersStep is how many bytes openersIn is given at once, and no more.
const openersStep = 2 * kib

// openersIn counts the braces and brackets that open something in at most openersStep bytes.
func openersIn(text []byte) int {
	whole := len(text) &^ (chunk - 1)
	n := 0
	if whole > 0 {
		n = openersFast(text[:whole])
	}
	if len(text)-whole < 16 {
		for _, c := range text[whole:] {
			if c|0x20 == '{' {
				n++
			}
		}
		return n
	}
	return n + openersGeneric(text[whole:])
}

// openersGeneric is the plain-Go twin of the assembly, for any number of bytes. The two differ from each other, and from nothing else
// that is the same, in one bit.
func openersGeneric(text []byte) int {
	if len(text) >= 4*chunk {
		return bytes.Count(text, []byte{'{'}) + bytes.Count(text, []byte{'['})
	}
	n := 0
	for ; len(text) >= 8; text = text[8:] {
		n += bits.OnesCount64(zeros((binary.LittleEndian.Uint64(text) | 0x20*ones) ^ '{'*ones))
	}
	for _, c := range text {
		if c|0x20 == '{' {
			n++
		}
	}
	return n
}
