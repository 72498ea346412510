package detect

import (
	"encoding/binary"
	"math/bits"
)

// wordSifter is what siftWordsGeneric is.
type wordSifter func(text []byte, groups []group, n int, bitmap *[1 << (hashBits - 6)]uint64, found, splits []uint32) (nFound, nSplits int)

// siftWordsGeneric looks up every word of n chunks of text in the prefilter, up to its
// first edge. It puts those that are there into found, and into splits those that go on in
// another word: they have to be looked up by other lengths as well. After those stands the
// last word. Both lists are ascending and have room. The chunk after them only tells where
// the last words end; text goes on for keyBytes after them. It is the plain-Go twin of the
// assembly.
func siftWordsGeneric(text []byte, groups []group, n int, bitmap *[1 << (hashBits - 6)]uint64, found, splits []uint32) (nFound, nSplits int) {
	last := uint32(0)
	for i := range uint(n) {
		g, j := &groups[i/perGroup], i%perGroup
		st := g.starts[j]
		if st == 0 {
			continue
		}
		edges, inner, edgesNext := g.edges[j], g.inner[j], groups[(i+1)/perGroup].edges[(i+1)%perGroup]
		block := (*[chunk + keyBytes]byte)(text[i*chunk:])
		for ; st != 0; st &= st - 1 {
			bit := bits.TrailingZeros64(st) & 63
			p := uint32(i*chunk) + uint32(bit)
			if inner>>bit&1 != 0 {
				splits[nSplits] = last
				nSplits++
			}
			last = p
			ends := (edges>>bit | edgesNext<<1<<(63-bit)) >> 1
			n := bits.TrailingZeros64(ends|1<<(keyBytes-1)) + 1
			key := (binary.LittleEndian.Uint64(block[bit:bit+keyBytes]) | foldMask) & lenMasks[n&15]
			if h := hash(key); bitmap[h>>6]>>(h&63)&1 != 0 {
				found[nFound] = p
				nFound++
			}
		}
	}
	splits[nSplits] = last
	return nFound, nSplits
}

// spareWords is the room that siftWords needs beyond what it fills.
const spareWords = 16

// findWords collects the keywords of the window, and the values that start with a
// literal.
func (s *Scanner) findWords() {
	w := &s.win
	n := w.chunks
	// Loads of eight bytes must stay inside the text.
	inside := min(n, max(0, len(w.text)-w.from-keyBytes)/chunk)
	w.starts = grow(w.starts, n*chunk+spareWords)
	w.splits = grow(w.splits, n*chunk+spareWords)
	found, splits := s.siftWords(w.text[w.from:], w.groups, inside, &s.filter.bits, w.starts, w.splits)
	if w.groups[inside/perGroup].inner[inside%perGroup] != 0 {
		splits++ // the last word may go on in what is looked at below
	}
	for i, j := 0, 0; i < found || j < splits; {
		// A word in both lists is looked up by its first edge before the others.
		if i < found && (j == splits || w.starts[i] <= w.splits[j]) {
			p := int(w.starts[i])
			ends, _ := w.wordAt(p)
			n := bits.TrailingZeros64(ends|1<<(keyBytes-1)) + 1
			s.lookup(w.from+p, loadKey(w.text, w.from+p)&lenMasks[n])
			i++
			continue
		}
		p := int(w.splits[j])
		ends, run := w.wordAt(p)
		s.lookups(w.from+p, ends&(ends-1), run)
		j++
	}
	for i := inside; i < n; i++ {
		for st := w.groups[i/perGroup].starts[i%perGroup]; st != 0; st &= st - 1 {
			p := i*chunk + bits.TrailingZeros64(st)
			ends, run := w.wordAt(p)
			s.lookups(w.from+p, ends, run)
		}
	}
}

// wordAt returns the edges after the word start at p, bit 0 for the next byte, and how
// many bytes go on without one that is part of no word, up to 64.
func (w *window) wordAt(p int) (ends uint64, run int) {
	i, bit := p/chunk, p%chunk
	m, next := &w.groups[i/perGroup], &w.groups[(i+1)/perGroup]
	j, k := i%perGroup, (i+1)%perGroup
	ends = (m.edges[j]>>bit | next.edges[k]<<1<<(63-bit)) >> 1
	outside := m.edges[j] &^ m.starts[j]
	outsideNext := next.edges[k] &^ next.starts[k]
	return ends, bits.TrailingZeros64(outside>>bit | outsideNext<<1<<(63-bit))
}

// loadKey reads eight bytes, zeros after the end of the text.
func loadKey(text []byte, p int) uint64 {
	if p+keyBytes <= len(text) {
		return binary.LittleEndian.Uint64(text[p:]) | foldMask
	}
	var b [keyBytes]byte
	copy(b[:], text[p:])
	return binary.LittleEndian.Uint64(b[:]) | foldMask
}

// lookups looks up a word by every length at which it may end: at the edges given, up
// to the end of the run of word bytes, and by all of a long run.
func (s *Scanner) lookups(p int, ends uint64, run int) {
	ends &= 1<<min(run, keyBytes) - 1
	if run >= keyBytes {
		ends |= 1 << (keyBytes - 1)
	}
	key := loadKey(s.win.text, p)
	bitmap := &s.filter.bits
	for ; ends != 0; ends &= ends - 1 {
		k := key & lenMasks[bits.TrailingZeros64(ends)+1]
		if h := hash(k); bitmap[h>>6]>>(h&63)&1 != 0 {
			s.lookup(p, k)
		}
	}
}

func (s *Scanner) tryCard(p int) {
	w, r := &s.win, s.set.card
	if p < w.lo || p >= w.hi || !r.freeFirst.Has(w.text[p]) || w.text[p] == '1' && w.text[p+1] != '8' {
		return // of the prefixes with a 1 there is only 1800
	}
	s.tryFree(r, p)
}

// tryPhone tries a plus sign, two zeros or a lone digit that may start a phone number
// with its country code; a parenthesis may stand before.
func (s *Scanner) tryPhone(p int) {
	text := s.win.text
	i := p + 1
	switch text[p] {
	case '0':
		if i++; i < len(text) && (text[i] == ' ' || text[i] == '-') {
			i++
		}
		if i >= len(text) || !isDigit(text[i]) {
			return
		}
	case '1':
		i = p
	case '+':
		if i < len(text) && text[i] == '(' {
			i++
		}
	default:
		return
	}
	if i >= len(text) || !isDigit(text[i]) {
		return
	}
	// The second digit of the code may stand after separators.
	code := int(text[i]-'0') * 10
	if code != 10 {
		for i++; i < len(text) && i < p+10 && !isDigit(text[i]); i++ {
		}
		if i >= len(text) || !isDigit(text[i]) {
			return
		}
		code += int(text[i] - '0')
	}
	r := s.set.phoneByCode[code]
	if r == nil {
		return
	}
	if p > 0 && text[p-1] == '(' {
		s.tryFree(r, p-1)
	}
	s.tryFree(r, p)
}
