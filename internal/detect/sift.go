package detect

import (
	"encoding/binary"
	"math/bits"

	"magpie/internal/detect/validate"
)

// wordMasks says where the words of a chunk are.
type wordMasks struct {
	starts uint64 // the first byte of a word
	edges  uint64 // the first byte of a word, or a byte of none
	inner  uint64 // starts right after another word
}

// siftWordsGeneric looks up every word of text in the prefilter, up to its first edge.
// It puts those that are there into found, and into splits those that go on in another
// word: they have to be looked up by other lengths as well. After those stands the last
// word. Both lists are ascending and have room. The last masks only tell where the last words end; text goes on for
// keyBytes after the chunks before them. It is the plain-Go twin of the assembly.
func siftWordsGeneric(text []byte, words []wordMasks, bitmap *[1 << (hashBits - 6)]uint64, found, splits []uint32) (nFound, nSplits int) {
	last := uint32(0)
	for i := range len(words) - 1 {
		w, next := &words[i], &words[i+1]
		block := text[i*chunk:][:chunk+keyBytes]
		for st := w.starts; st != 0; st &= st - 1 {
			bit := bits.TrailingZeros64(st) & 63
			p := uint32(i*chunk + bit)
			if w.inner>>bit&1 != 0 {
				splits[nSplits] = last
				nSplits++
			}
			last = p
			ends := (w.edges>>bit | next.edges<<1<<(63-bit)) >> 1
			n := bits.TrailingZeros64(ends|1<<(keyBytes-1)) + 1
			key := (binary.LittleEndian.Uint64(block[bit:]) | foldMask) & lenMasks[n&15]
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
	n := len(w.words) - 1
	// Loads of eight bytes must stay inside the text.
	inside := min(n, max(0, len(w.text)-w.from-keyBytes)/chunk)
	w.starts = grow(w.starts, n*chunk+spareWords)
	w.splits = grow(w.splits, n*chunk+spareWords)
	found, splits := s.siftWords(w.text[w.from:], w.words[:inside+1], &s.filter.bits, w.starts, w.splits)
	if w.words[inside].inner != 0 {
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
		for st := w.words[i].starts; st != 0; st &= st - 1 {
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
	m, next := &w.words[i], &w.words[i+1]
	ends = (m.edges>>bit | next.edges<<1<<(63-bit)) >> 1
	outside := m.edges &^ m.starts
	outsideNext := next.edges &^ next.starts
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

// siftNumbers collects values that need no keyword and start with, or hold, digits
// in a shape that can be told from the masks alone.
func (s *Scanner) siftNumbers(base int, prev, m, next *masks) {
	set, text := s.set, s.win.text
	d, dn := m.digit, next.digit
	at := func(k int) uint64 { return d>>k | dn<<(64-k) } // digit k places on
	d1 := at(1)
	if d|m.plus|dn<<62 != 0 {
		runs := d &^ (d<<1 | prev.digit>>63)
		pairs, pairsNext := d&d1, dn&(dn>>1)
		fours := pairs & (pairs>>2 | pairsNext<<62)
		if set.card != nil && runs&fours != 0 {
			s.siftCards(base, runs&fours, d, dn, pairs, pairsNext, fours)
		}
		if len(set.phones) > 0 {
			threes := pairs & at(2)
			threesNext := pairsNext & (dn >> 2)
			soon := threes>>2 | threesNext<<62 | threes>>3 | threesNext<<61 | threes>>4 | threesNext<<60 | threes>>5 | threesNext<<59
			zeros := m.zero & (m.zero>>1 | next.zero<<63)
			// Most zeros are those of a time of day, and most lone digits not 1.
			zeros &= at(2) | (m.space|m.dash)>>2 | (next.space|next.dash)<<62
			lone := runs &^ d1 & soon
			for st := lone | runs&zeros | m.plus; st != 0; st &= st - 1 {
				bit := bits.TrailingZeros64(st)
				if lone>>(bit&63)&1 == 0 || text[base+bit] == '1' {
					s.tryPhone(base + bit)
				}
			}
		}
		if len(set.iban) > 0 {
			letterOn := m.letter>>1 | next.letter<<63
			before := (m.letter|m.digit)<<1 | (prev.letter|prev.digit)>>63
			for st := m.letter & letterOn & at(2) & at(3) &^ before; st != 0; st &= st - 1 {
				s.tryFree(nil, base+bits.TrailingZeros64(st))
			}
			// DE 89 3704 …; most that looks like it is a word before a number.
			apart := (m.space|m.dash)>>2 | (next.space|next.dash)<<62
			st := apart & at(3) & at(4)
			if m.cont|next.cont != 0 { // separators of two and three bytes
				st |= (m.cont>>3 | next.cont<<61) & (at(4)&at(5) | at(5)&at(6))
			}
			for st &= m.letter & letterOn &^ before; st != 0; st &= st - 1 {
				if p := base + bits.TrailingZeros64(st); validate.IBANApart(text, p) {
					s.tryFree(nil, p)
				}
			}
		}
		if set.address != nil {
			s.siftAddresses(base, prev, m, next, runs, runs&fours)
		}
	}
}

// siftCards looks at runs of four digits and more that are long enough for a card, or
// are followed by a separator and a group of three or more. Runs of six may be
// followed by ten.
func (s *Scanner) siftCards(base int, runs, d, dn, pairs, pairsNext, fours uint64) {
	at := func(v, vn uint64, k int) uint64 { return v>>k | vn<<(64-k) }
	foursNext := pairsNext & (pairsNext >> 2)
	eights := fours & at(fours, foursNext, 4)
	eightsNext := foursNext & (foursNext >> 4)
	solid := eights & at(eights, eightsNext, 5)
	threes := pairs & at(d, dn, 2)
	threesNext := pairsNext & (dn >> 2)
	grouped := ^at(d, dn, 4) & at(threes, threesNext, 5)
	sixes := at(d, dn, 4) & at(d, dn, 5) &^ at(d, dn, 6) & at(fours, foursNext, 7)
	for st := runs & (solid | grouped | sixes); st != 0; st &= st - 1 {
		s.tryCard(base + bits.TrailingZeros64(st))
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
