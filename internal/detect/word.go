package detect

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Words of names and addresses are compared in lower case, without accents and joiners,
// by a hash of that form: plain.

// plainLetters maps U+00C0 to U+024F to letters without accents, 0 where there is none.
var plainLetters = func() (t [0x250 - 0xC0]byte) {
	for plain, accented := range map[byte]string{
		'a': "ÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎ", 'c': "ÇçĆćĈĉĊċČč", 'd': "ÐðĎďĐđ", 'e': "ÈÉÊËèéêëĒēĔĕĖėĘęĚě",
		'g': "ĜĝĞğĠġĢģ", 'h': "ĤĥĦħ", 'i': "ÌÍÎÏìíîïĨĩĪīĬĭĮįİı", 'j': "Ĵĵ", 'k': "Ķķ", 'l': "ĹĺĻļĽľĿŀŁł",
		'n': "ÑñŃńŅņŇň", 'o': "ÒÓÔÕÖØòóôõöøŌōŎŏŐő", 'r': "ŔŕŖŗŘř", 's': "ŚśŜŝŞşŠšȘșß", 't': "ŢţŤťŦŧȚț",
		'u': "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲų", 'w': "Ŵŵ", 'y': "ÝýÿŶŷŸ", 'z': "ŹźŻżŽž",
	} {
		for _, r := range accented {
			t[r-0xC0] = plain
		}
	}
	return t
}()

// plainWord appends a word in lower case without accents and joiners; what does not
// fit is dropped, and no word of the lexicons is that long.
func plainWord(dst, w []byte) []byte {
	for i := 0; i < len(w) && len(dst) < cap(dst); {
		c := w[i]
		if c < utf8.RuneSelf {
			if isASCIILetter(c) {
				dst = append(dst, c|0x20)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(w[i:])
		if r >= 0xC0 && r < 0x250 && plainLetters[r-0xC0] != 0 {
			dst = append(dst, plainLetters[r-0xC0])
			if r == 'ß' && len(dst) < cap(dst) {
				dst = append(dst, 's')
			}
		}
		i += n
	}
	return dst
}

// wordHash hashes a plain word. Up to eight letters no two have the same.
func wordHash(plain []byte) uint64 {
	h := uint64(0)
	for ; len(plain) > 8; plain = plain[8:] {
		h = mixWord(h, binary.LittleEndian.Uint64(plain))
	}
	return mixWord(h, lastBytes(plain))
}

// mixWord goes on with a hash. The shift brings the high bits to where tables look.
func mixWord(h, letters uint64) uint64 {
	h = (h ^ letters) * 0x9E3779B97F4A7C15
	return h ^ h>>32
}

// lastBytes returns up to eight bytes as a number.
func lastBytes(b []byte) uint64 {
	n := len(b)
	switch {
	case n == 8:
		return binary.LittleEndian.Uint64(b)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*n-32)
	}
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return v
}

// plainHash hashes the plain form of a word as it is written.
func plainHash(w []byte) uint64 {
	h := uint64(0)
	rest := w
	for ; len(rest) > 8; rest = rest[8:] {
		v := binary.LittleEndian.Uint64(rest)
		if !allLetters(v, 8) {
			return foldedHash(w)
		}
		h = mixWord(h, v|foldMask)
	}
	v := lastBytes(rest)
	if !allLetters(v, len(rest)) {
		return foldedHash(w)
	}
	return mixWord(h, v|foldMask&(1<<(8*len(rest))-1))
}

// foldedHash is plainHash for any word.
func foldedHash(w []byte) uint64 {
	var b [maxNameWord]byte
	return wordHash(plainWord(b[:0], w))
}

// allLetters says whether the lowest n bytes are ASCII letters.
func allLetters(v uint64, n int) bool {
	fold := v&^top | 0x20*ones
	letters := (fold + (0x80-'a')*ones) &^ (fold + (0x80-'z'-1)*ones) &^ v & top
	return letters<<(64-8*n) == top<<(64-8*n)
}

// wordTable is a set of words by their hashes, in a power of two of slots.
type wordTable struct{ slots []uint64 }

func newWordTable(words []string) *wordTable {
	t := &wordTable{make([]uint64, max(512, 1<<bits.Len(uint(2*len(words)))))}
	for _, w := range words {
		i := t.find(wordHash([]byte(w)))
		t.slots[i] = wordHash([]byte(w))
	}
	return t
}

// find returns the place of a hash, or the free one where it belongs.
func (t *wordTable) find(h uint64) uint64 {
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for t.slots[i&mask] != 0 && t.slots[i&mask] != h {
		i = (i + 1) & mask
	}
	return i
}

// has says whether a word as it is written is in the set.
func (t *wordTable) has(w []byte) bool { return t.hash(plainHash(w)) }

// hash says whether a word with a hash is in the set.
func (t *wordTable) hash(h uint64) bool { return t.slots[t.find(h)] != 0 }
