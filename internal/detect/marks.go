package detect

import (
	"math/bits"

	"magpie/internal/detect/validate"
)

// marker fills the later fields of groups from the first ones, copies the digits and adds
// to tokens where a letter or digit starts a run of them. The first group and the last are
// zeros and stay as they are: they only stand beside the others.
type marker func(groups []group, digits, tokens []uint64)

// markGeneric is the plain-Go twin of the assembly.
func markGeneric(groups []group, digits, tokens []uint64) {
	var letterBefore, upperBefore, digitBefore, twoBefore uint64
	for k := range groups[2:] {
		g := &groups[k+1]
		digits := (*[perGroup]uint64)(digits[k*perGroup:])
		tokens := (*[perGroup]uint64)(tokens[k*perGroup:])
		*digits = g.digit
		for j := range perGroup {
			h, i := g, (j+1)%perGroup // the next chunk
			if i == 0 {
				h = &groups[k+2]
			}
			letter, upper, digit := g.letter[j], g.upper[j], g.digit[j]
			letterNext, digitNext := h.letter[i], h.digit[i]
			alnum := letter | digit
			before := alnum<<1 | (letterBefore|digitBefore)>>63
			tokens[j] |= alnum &^ before

			// A word starts after what is no letter, and at the edges of camel case. Outside
			// ASCII, runes of two bytes are letters.
			lower, lowerNext := letter&^upper, letterNext&^h.upper[i]
			two := g.two[j]
			if two != 0 {
				two &= g.cont[j]>>1 | h.cont[i]<<63
			}
			after := letter<<1 | letterBefore>>63 | two<<2 | twoBefore>>62
			starts := (letter|two)&^after |
				upper&(lower<<1|(letterBefore&^upperBefore)>>63|(upper<<1|upperBefore>>63)&(lower>>1|lowerNext<<63))
			word := letter | two | two<<1 | twoBefore>>63
			inner := starts & after
			g.starts[j], g.edges[j], g.inner[j] = starts, starts|^word, inner
			g.capital[j] = starts &^ inner & (upper | two)
			g.follow[j] = (g.space[j] | g.dash[j] | g.space[j]>>1 | h.space[i]<<63) &^ word
			letterBefore, upperBefore, digitBefore, twoBefore = letter, upper, digit, two

			g.marked[j] = 0
			if digit|g.plus[j]|digitNext<<60 != 0 {
				markNumbers(groups, k+1, j, before)
			}
		}
	}
}

// markNumbers marks where values that need no keyword may be that start with, or hold,
// digits; before has what follows a letter or digit.
func markNumbers(groups []group, k, j int, before uint64) {
	g, h, i := &groups[k], &groups[k], (j+1)%perGroup // the next chunk
	if i == 0 {
		h = &groups[k+1]
	}
	f, e := g, (j+perGroup-1)%perGroup // the one before
	if j == 0 {
		f = &groups[k-1]
	}
	ahead := func(v, vn uint64, k int) uint64 { return v>>k | vn<<(64-k) }
	d, dn := g.digit[j], h.digit[i]
	at := func(k int) uint64 { return d>>k | dn<<(64-k) } // digit k places on
	d1 := at(1)
	runs := d &^ (d<<1 | f.digit[e]>>63)
	pairs, pairsNext := d&d1, dn&(dn>>1)
	fours := pairs & (pairs>>2 | pairsNext<<62)
	threes, threesNext := pairs&at(2), pairsNext&(dn>>2)

	// Cards: runs of four digits and more that are long enough, or are followed by a
	// separator and a group of three or more. Runs of six may be followed by ten.
	var cards, codes uint64
	four := runs & fours
	if four != 0 {
		foursNext := pairsNext & (pairsNext >> 2)
		eights := fours & ahead(fours, foursNext, 4)
		eightsNext := foursNext & (foursNext >> 4)
		solid := eights & ahead(eights, eightsNext, 5)
		grouped := ^at(4) & ahead(threes, threesNext, 5)
		sixes := at(4) & at(5) &^ at(6) & ahead(fours, foursNext, 7)
		cards = four & (solid | grouped | sixes)
	}

	// Phones: a plus, two zeros, or a lone digit, which is to be a 1. Most zeros are those
	// of a time of day.
	soon := threes>>2 | threesNext<<62 | threes>>3 | threesNext<<61 | threes>>4 | threesNext<<60 | threes>>5 | threesNext<<59
	apart := ahead(g.space[j]|g.dash[j], h.space[i]|h.dash[i], 2)
	zeros := g.zero[j] & (g.zero[j]>>1 | h.zero[i]<<63) & (at(2) | apart)
	phones := runs&^d1&soon&^g.zero[j] | runs&zeros | g.plus[j]

	// IBANs: two letters and two digits. DE 89 3704 … as well; most that looks like it is
	// a word before a number. Separators may have two and three bytes.
	letters := g.letter[j] & (g.letter[j]>>1 | h.letter[i]<<63) &^ before
	ibans := letters & at(2) & at(3)
	apart &= at(3) & at(4)
	if g.cont[j]|h.cont[i] != 0 {
		apart |= ahead(g.cont[j], h.cont[i], 3) & (at(4)&at(5) | at(5)&at(6))
	}
	apart &= letters

	// Postal codes: 1AA and 1A1, in small letters behind a digit; five digits after letters or before a
	// city, also with a full stop, a comma or a parenthesis between, or before a hyphen and three more; four after capitals.
	letter, letterNext := g.letter[j], h.letter[i]
	if one := runs & ahead(letter, letterNext, 1); one != 0 {
		codes = one & (ahead(letter, letterNext, 2) | at(2)) &^ ahead(letter|d, letterNext|dn, 3) &
			(ahead(g.upper[j], h.upper[i], 1) | (g.space[j]<<1|f.space[e]>>63)&(d<<2|f.digit[e]>>62|d<<3|f.digit[e]>>61))
	}
	if four != 0 {
		space := g.space[j]<<1 | f.space[e]>>63
		begin, beginNext := letter|g.two[j], letterNext|h.two[i]
		five := four & at(4) &^ at(5)
		codes |= five & (space&(letter<<2|f.letter[e]>>62|letter<<3|f.letter[e]>>61|letter<<4|f.letter[e]>>60) |
			ahead(g.space[j], h.space[i], 5)&ahead(begin, beginNext, 6) |
			ahead(g.space[j], h.space[i], 6)&ahead(begin, beginNext, 7) |
			ahead(g.dash[j], h.dash[i], 5)&at(6)&at(7)&at(8)&^at(9))
		codes |= four &^ at(4) & space & (g.upper[j]<<2 | f.upper[e]>>62 | g.upper[j]<<3 | f.upper[e]>>61)
	}
	g.marked[j] = cards | phones | ibans | apart | codes
	g.cards[j], g.phones[j], g.ibans[j], g.apart[j], g.codes[j] = cards, phones, ibans, apart, codes
}

// tryMarked tries what is marked in a chunk that begins at base.
func (s *Scanner) tryMarked(base int, g *group, j int) {
	set, text := s.set, s.win.text
	j %= perGroup
	if set.card != nil {
		for st := g.cards[j]; st != 0; st &= st - 1 {
			s.tryCard(base + bits.TrailingZeros64(st))
		}
	}
	if len(set.phones) > 0 {
		for st := g.phones[j]; st != 0; st &= st - 1 {
			if p := base + bits.TrailingZeros64(st); text[p] < '2' { // else a lone digit
				s.tryPhone(p)
			}
		}
	}
	if len(set.iban) > 0 {
		for st := g.ibans[j]; st != 0; st &= st - 1 {
			s.tryFree(nil, base+bits.TrailingZeros64(st))
		}
		for st := g.apart[j]; st != 0; st &= st - 1 {
			if p := base + bits.TrailingZeros64(st); validate.IBANApart(text, p) {
				s.tryFree(nil, p)
			}
		}
	}
	if set.address != nil {
		for st := g.codes[j]; st != 0; st &= st - 1 {
			p := base + bits.TrailingZeros64(st)
			if p+4 < len(text) && isDigit(text[p+3]) && !isDigit(text[p+4]) && !australianEnd(text, p) {
				continue // most are years
			}
			s.tryFree(set.address, p)
		}
	}
}
