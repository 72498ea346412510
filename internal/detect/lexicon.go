package detect

import (
	_ "embed"
	"encoding/binary"
)

// The words of names are in a table that is ready as it lies in the binary: lexicon/names.txt
// lists them, and a test packs them (lexicon_test.go). A word is found by its hash; of two
// that are not in the list, one in some ten thousand is taken for one that is.

//go:embed lexicon/names.table
var lexiconTable string

// What a word can be.
const (
	isGiven        = 1 << iota
	isCommonGiven  // one of those that most people have
	isFamily       // a family name
	isCommonFamily // the same
	isWord         // also a word of some language, or a place
	isStop         // written with a capital, and no family name
	isTitle        // Mr, Dr, …
	isParticle
)

// The table has the tags of all slots, then their flags, then a bit for each hash of the
// first bytes of the words that may start a name.
const (
	lexiconBits   = 18
	lexiconSlots  = 1 << lexiconBits
	startBits     = 19
	lexiconFlags  = 2 * lexiconSlots
	lexiconStarts = lexiconFlags + lexiconSlots
	lexiconSize   = lexiconStarts + 1<<(startBits-3)
)

// lexiconSlot is where a hash is looked for first, lexiconTag what the slot has of it.
func lexiconSlot(h uint64) uint32 { return uint32(h) & (lexiconSlots - 1) }
func lexiconTag(h uint64) uint16  { return uint16(h>>40) | 1 }

// lexiconFlagsOf returns what is known of a word by its hash.
func lexiconFlagsOf(h uint64) uint8 {
	tag := lexiconTag(h)
	for i := lexiconSlot(h); ; i = (i + 1) & (lexiconSlots - 1) {
		t := uint16(lexiconTable[2*i]) | uint16(lexiconTable[2*i+1])<<8
		if t == tag {
			return lexiconTable[lexiconFlags+i]
		}
		if t == 0 {
			return 0
		}
	}
}

// wordFlags returns what is known of a word as it is written. Of the forms that family
// names have for women, those that are made by rule are known by the other form.
func wordFlags(w []byte) uint8 {
	if f := lexiconFlagsOf(plainHash(w)); f != 0 {
		return f
	}
	n := len(w)
	if n < 6 || w[n-1]|0x20 != 'a' || w[n-2]|0x20 != 'k' || n > maxNameWord {
		return 0
	}
	var b [maxNameWord]byte // Kowalska
	plain := plainWord(b[:0], w)
	if n = len(plain); n < 5 || plain[n-3] != 's' && plain[n-3] != 'c' && plain[n-3] != 'z' {
		return 0
	}
	plain[n-1] = 'i'
	return lexiconFlagsOf(wordHash(plain)) & (isFamily | isCommonFamily)
}

// startHash is of the first bytes of a word, as loadKey reads them.
func startHash(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> (64 - startBits) }

// mayStartName says whether a word with these first bytes may start a name.
func mayStartName(key uint64) bool {
	h := startHash(key)
	return lexiconTable[lexiconStarts+h>>3]>>(h&7)&1 != 0
}

// lexiconWriter packs a table.
type lexiconWriter struct {
	table []byte
	words int
}

func newLexiconWriter() *lexiconWriter { return &lexiconWriter{table: make([]byte, lexiconSize)} }

// add says more of a word in plain form.
func (l *lexiconWriter) add(plain []byte, flags uint8) {
	h := wordHash(plain)
	tag := lexiconTag(h)
	for i := lexiconSlot(h); ; i = (i + 1) & (lexiconSlots - 1) {
		switch binary.LittleEndian.Uint16(l.table[2*i:]) {
		case 0:
			binary.LittleEndian.PutUint16(l.table[2*i:], tag)
			l.words++
			fallthrough
		case tag:
			l.table[lexiconFlags+i] |= flags
			return
		}
	}
}

// start enters the first bytes of a word that may start a name.
func (l *lexiconWriter) start(w string) {
	b := []byte(w)
	h := startHash(keyOf(b[:min(len(b), keyBytes)]))
	l.table[lexiconStarts+h>>3] |= 1 << (h & 7)
}
