package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"magpie/internal/detect/validate"
)

// hit is a keyword of managed identifiers in the text.
type hit struct {
	start, end int
	keyword    int
	// A value near the keyword starts at lo or later and at hi or before.
	lo, hi int
}

// customHit is a keyword of a custom identifier.
type customHit struct {
	start, end int
	custom     int
}

// window is the part of the text that is classified at a time.
type window struct {
	text   []byte // the block's
	fields Fields
	// Values that start from lo on and before hi are looked for; classified is
	// [from, to).
	lo, hi, from, to int

	masks  []masks
	digits []uint64 // masks.digit, for nextBit
	tokens []uint64 // where a letter or digit starts a run of them

	hits       []hit
	customHits []customHit
	free       []candidate // values that need no keyword, by start
	near       []candidate // values near a keyword, by start

	field    Field // the last that was asked for
	hasField bool
}

// grow returns a slice of n elements, of s's memory where it is large enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	return s[:n]
}

// find looks for the values of managed identifiers that start from lo on and before
// hi, leaving them in s.win.free and s.win.near.
func (s *Scanner) find(b *Block, lo, hi int) {
	w, set := &s.win, s.set
	w.text, w.fields, w.lo, w.hi = b.Text, b.Fields, lo, hi
	w.from = max(0, lo-set.lookbehind)
	w.to = min(len(b.Text), hi+set.maxNear+4*maxReach+chunk)
	w.hits, w.customHits = w.hits[:0], w.customHits[:0]
	w.free, w.near = w.free[:0], w.near[:0]
	w.hasField = false
	s.classify()
	s.sift()
	if w.fields != nil {
		s.findInFields()
	} else {
		s.findNear()
	}
}

// classify fills masks, digits and tokens for the window.
func (s *Scanner) classify() {
	w := &s.win
	text := w.text[w.from:w.to]
	n := (len(text) + chunk - 1) / chunk
	w.masks = grow(w.masks, n+1)
	w.digits = grow(w.digits, n)
	w.tokens = grow(w.tokens, n)
	whole := len(text) / chunk
	s.classifier(text, w.masks[:whole])
	if whole < n {
		classifyTail(text[whole*chunk:], &w.masks[whole])
	}
	w.masks[n] = masks{}
	var carry, carryClear uint64 // the last byte is a letter or digit; the same without escapes
	escape := false
	for i := range n {
		m := &w.masks[i]
		alnum := m.letter | m.digit
		clear := alnum
		if m.escape != 0 || escape {
			e := m.escape<<1 | b2u(escape)
			for e &= m.letter; e != 0; e &= e - 1 {
				bit := bits.TrailingZeros64(e)
				if p := w.from + i*chunk + bit; escaped(w.text, p) {
					m.letter &^= 1 << bit
					m.upper &^= 1 << bit
					clear &^= 1 << bit
				}
			}
			escape = m.escape>>63 != 0
		}
		w.digits[i] = m.digit
		w.tokens[i] = alnum&^(alnum<<1|carry) | clear&^(clear<<1|carryClear)
		carry, carryClear = alnum>>63, clear>>63
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// sift goes over the window once and collects the keywords, and the values that
// need none. All it does per position it does for 64 at once.
func (s *Scanner) sift() {
	w, set := &s.win, s.set
	n := len(w.digits)
	bitmap := &set.filter.bits
	var prev masks
	for i := range n {
		m, next := &w.masks[i], &w.masks[i+1]
		base := w.from + i*chunk
		lower, nextLower := m.letter&^m.upper, next.letter&^next.upper

		// Where words start: after what is no letter, and at the edges of camel case.
		letterBefore := m.letter<<1 | prev.letter>>63
		starts := m.letter&^letterBefore |
			m.upper&(lower<<1|(prev.letter&^prev.upper)>>63) |
			m.upper&(m.upper<<1|prev.upper>>63)&(lower>>1|nextLower<<63) |
			m.lead&^letterBefore
		if starts != 0 {
			// Where they end.
			nextBefore := next.letter<<1 | m.letter>>63
			nextStarts := next.letter&^nextBefore |
				next.upper&(nextLower<<1|lower>>63) |
				next.upper&(next.upper<<1|m.upper>>63)&(nextLower>>1) |
				next.lead&^nextBefore
			word, nextWord := m.letter|m.high, next.letter|next.high
			edge, nextEdge := starts|^word, nextStarts|^nextWord
			text := w.text[base:]
			if len(text) >= chunk+keyBytes {
				text = text[:chunk+keyBytes]
				for st := starts; st != 0; st &= st - 1 {
					bit := bits.TrailingZeros64(st)
					ends := (edge>>bit | nextEdge<<1<<(63-bit)) >> 1
					n := bits.TrailingZeros64(ends|1<<(keyBytes-1)) + 1
					key := (binary.LittleEndian.Uint64(text[bit:bit+keyBytes]) | foldMask) & lenMasks[n&15]
					if h := hash(key); bitmap[h>>6&(1<<(hashBits-6)-1)]>>(h&63)&1 != 0 {
						s.lookup(base+bit, key)
					}
				}
				// Words that end at a change of case, or hold runes outside ASCII, may go
				// on: SSN|Number, Do|B, ř|idič.
				for st := split(starts, nextStarts, word, nextWord); st != 0; st &= st - 1 {
					bit := bits.TrailingZeros64(st)
					ends := (edge>>bit | nextEdge<<1<<(63-bit)) >> 1
					s.lookups(base+bit, ends&(ends-1), word>>bit|nextWord<<1<<(63-bit))
				}
			} else {
				for st := starts; st != 0; st &= st - 1 {
					bit := bits.TrailingZeros64(st)
					s.lookups(base+bit, (edge>>bit|nextEdge<<1<<(63-bit))>>1, word>>bit|nextWord<<1<<(63-bit))
				}
			}
		}
		if base+chunk > w.lo && base < w.hi {
			s.siftNumbers(base, &prev, m, next)
		}
		prev = *m
	}
}

// split returns the starts of words that another start follows within keyBytes with
// no other byte between the two.
func split(starts, nextStarts, word, nextWord uint64) uint64 {
	inner, innerNext := starts, nextStarts // starts inside a run of word bytes
	inner &= word << 1
	innerNext &= nextWord<<1 | word>>63
	if inner|innerNext&(1<<keyBytes-1) == 0 {
		return 0
	}
	var out uint64
	run := ^uint64(0)
	for k := 1; k < keyBytes; k++ {
		run &= word>>k | nextWord<<(64-k)
		out |= run & (inner>>k | innerNext<<(64-k))
	}
	return out & starts
}

// loadKey reads eight bytes, zeros after the end of the text.
func loadKey(text []byte, p int) uint64 {
	var b [keyBytes]byte
	copy(b[:], text[p:])
	return binary.LittleEndian.Uint64(b[:]) | foldMask
}

// lookups looks up a word by every length at which it may end: where the bits of
// ends are, up to the end of the run of word bytes, and by all of a long run. Bit 0 of
// ends stands for a length of one; bit 0 of word for the first byte.
func (s *Scanner) lookups(p int, ends, word uint64) {
	run := bits.TrailingZeros64(^word)
	ends &= 1<<min(run, keyBytes) - 1
	if run >= keyBytes {
		ends |= 1 << (keyBytes - 1)
	}
	key := loadKey(s.win.text, p)
	bitmap := &s.set.filter.bits
	for ; ends != 0; ends &= ends - 1 {
		k := key & lenMasks[bits.TrailingZeros64(ends)+1]
		if h := hash(k); bitmap[h>>6]>>(h&63)&1 != 0 {
			s.lookup(p, k)
		}
	}
}

// lookup looks for the keywords and literals of a key at a word start.
func (s *Scanner) lookup(p int, key uint64) {
	b := s.set.filter.find(key)
	w := &s.win
	if b == nil || !b.leads(w.text, p) {
		return
	}
	if (b.managed || len(b.customs) > 0) && wordStart(w.text, p) {
		if b.managed {
			s.set.keywords.trie.match(w.text, p, false, func(end, k int) {
				w.pushHit(hit{
					start: p, end: end, keyword: k,
					lo: back(w.text, p, maxReach) - s.set.keywords.longest[k], hi: forward(w.text, end, maxReach),
				})
			})
		}
		for _, c := range b.customs {
			s.set.ids[s.set.managed+c].Custom.trie.matchExact(w.text, p, func(end, _ int) {
				w.customHits = append(w.customHits, customHit{p, end, c})
			})
		}
	}
	for i := range b.literals {
		l := &b.literals[i]
		if start := p + l.offset; hasFolded(w.text, p, l.text) {
			s.tryFree(l.rule, start)
		}
	}
}

// pushHit keeps the list in order of starts; it arrives nearly so.
func (w *window) pushHit(h hit) {
	w.hits = append(w.hits, h)
	for i := len(w.hits) - 1; i > 0 && w.hits[i].start < w.hits[i-1].start; i-- {
		w.hits[i], w.hits[i-1] = w.hits[i-1], w.hits[i]
	}
}

// hasFolded says whether text continues at p with an ASCII string, letter case aside.
func hasFolded(text []byte, p int, want string) bool {
	if p+len(want) > len(text) {
		return false
	}
	for i := range len(want) {
		if foldedByte[text[p+i]] != want[i] {
			return false
		}
	}
	return true
}

// back returns an offset at or before the one that is n characters before i.
func back(text []byte, i, n int) int {
	lo := max(0, i-n)
	for _, c := range text[lo:i] {
		if c >= utf8.RuneSelf {
			return max(0, i-4*n)
		}
	}
	return lo
}

// forward returns an offset at or after the one that is n characters after i.
func forward(text []byte, i, n int) int {
	hi := min(len(text), i+n)
	for _, c := range text[i:hi] {
		if c >= utf8.RuneSelf {
			return min(len(text), i+4*n)
		}
	}
	return hi
}

// unit returns the text in which a value at p is judged, with its offset: all of a
// plain text, one value of a structured one.
func (w *window) unit(p int) (text []byte, off int, names *Names) {
	if w.fields == nil {
		return w.text, 0, nil
	}
	if w.hasField && p >= w.field.Lo && p < w.field.Hi {
		return w.text[w.field.Lo:w.field.Hi], w.field.Lo, w.field.Names
	}
	f, ok := w.fields.Field(p)
	if !ok || p < f.Lo || p >= f.Hi {
		return nil, 0, nil
	}
	w.field, w.hasField = f, true
	return w.text[f.Lo:f.Hi], f.Lo, f.Names
}

// tryFree matches a rule that needs no keyword at a place it may start at.
func (s *Scanner) tryFree(r *rule, start int) {
	w := &s.win
	if start < w.lo || start >= w.hi {
		return
	}
	text, off, _ := w.unit(start)
	if text == nil {
		return
	}
	if end := r.free(text, start-off); end >= 0 {
		w.pushFree(candidate{start: start, end: end + off, id: r.id, weight: r.freeWeight(), reach: noKeyword})
	}
}

// pushFree keeps the list in order of starts; it arrives nearly so.
func (w *window) pushFree(c candidate) {
	w.free = append(w.free, c)
	for i := len(w.free) - 1; i > 0 && before(&w.free[i], &w.free[i-1]); i-- {
		w.free[i], w.free[i-1] = w.free[i-1], w.free[i]
	}
}

// siftNumbers collects values that need no keyword and start with, or hold, digits
// in a shape that can be told from the masks alone.
func (s *Scanner) siftNumbers(base int, prev, m, next *masks) {
	set := s.set
	d, dn := m.digit, next.digit
	at := func(k int) uint64 { return d>>k | dn<<(64-k) } // digit k places on
	d1 := at(1)
	if d|m.plus != 0 {
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
			for st := runs&^d1&soon | runs&zeros | m.plus; st != 0; st &= st - 1 {
				s.tryPhone(base + bits.TrailingZeros64(st))
			}
		}
		if len(set.iban) > 0 {
			letterOn := m.letter>>1 | next.letter<<63
			before := (m.letter|m.digit)<<1 | (prev.letter|prev.digit)>>63
			for st := m.letter & letterOn & at(2) & at(3) &^ before; st != 0; st &= st - 1 {
				s.tryIBAN(base + bits.TrailingZeros64(st))
			}
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
	if p < w.lo || p >= w.hi || !r.freeFirst.Has(w.text[p]) {
		return
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

func (s *Scanner) tryIBAN(p int) {
	w := &s.win
	if p < w.lo || p >= w.hi {
		return
	}
	text, off, _ := w.unit(p)
	if text == nil {
		return
	}
	id, end := validate.IBAN(text, p-off)
	if end < 0 {
		return
	}
	if r := s.set.iban[id]; r != nil {
		w.pushFree(candidate{start: p, end: end + off, id: r.id, weight: r.freeWeight(), reach: noKeyword})
	}
}

// findNear evaluates what stands near the keywords of a plain text, in stretches
// that no keyword of another stretch reaches.
func (s *Scanner) findNear() {
	w := &s.win
	widest := 4*maxReach + s.set.maxNear
	for i := 0; i < len(w.hits); {
		j, lo, hi := i+1, w.hits[i].lo, w.hits[i].hi
		for ; j < len(w.hits) && w.hits[j].start-widest <= hi; j++ {
			lo, hi = min(lo, w.hits[j].lo), max(hi, w.hits[j].hi)
		}
		s.findAround(w.text, 0, w.hits[i:j], max(lo, w.lo), min(hi+1, w.hi), nil)
		i = j
	}
}

// findInFields evaluates the values of a structured document that hold a digit.
func (s *Scanner) findInFields() {
	w := &s.win
	h := 0
	limit := min(w.to, w.hi+s.set.maxNear)
	for p := w.lo; p < limit; {
		if p = w.from + nextBit(w.digits, p-w.from, limit-w.from); p >= limit {
			return
		}
		text, lo, names := w.unit(p)
		if text == nil {
			p++
			continue
		}
		hi := lo + len(text)
		for h < len(w.hits) && w.hits[h].start < lo {
			h++
		}
		j := h
		for j < len(w.hits) && w.hits[j].end <= hi {
			j++
		}
		if names != nil || j > h {
			s.findAround(text, lo, w.hits[h:j], max(lo, w.lo), min(hi, w.hi), names)
		}
		p = max(hi, p+1)
	}
}

// findAround evaluates every value that starts in [lo, hi) with the rules whose
// keywords are near or among the names. Offsets are the window's; text begins at
// off.
func (s *Scanner) findAround(text []byte, off int, hits []hit, lo, hi int, names *Names) {
	w, set := &s.win, s.set
	if lo >= hi {
		return
	}
	limit := min(w.to, hi+set.maxNear)
	var all idSet
	if names != nil {
		all = names.managed
	}
	for i := range hits {
		all.union(&set.keywords.owners[hits[i].keyword])
	}
	if all.empty() {
		return
	}
	special := all[0]&set.special[0]|all[1]&set.special[1]|all[2]&set.special[2] != 0
	widest := 4*maxReach + set.maxNear
	lead := 0
	for k, word := range all {
		for ; word != 0; word &= word - 1 {
			lead = max(lead, set.rules[k<<6+bits.TrailingZeros64(word)].lead)
		}
	}
	digit := -1
	for t := lo; t < hi; t++ {
		// A value holds a digit: skip to where one is in reach.
		if digit < t {
			if digit = w.from + nextBit(w.digits, t-w.from, limit-w.from); digit >= limit {
				return
			}
			t = max(t, digit-lead)
		}
		if isToken := w.tokens[(t-w.from)>>6]>>((t-w.from)&63)&1 != 0; !isToken {
			if alnum := isAlnum(w.text[t]); alnum && t != off || !alnum && !special {
				if special {
					continue
				}
				if t = w.from + nextBit(w.tokens, t-w.from, hi-w.from); t >= hi {
					return
				}
				if digit < t {
					t--
					continue
				}
			}
		}
		var active idSet
		if names != nil {
			active = names.managed
		}
		for len(hits) > 0 && hits[0].hi < t {
			hits = hits[1:]
		}
		for i := range hits {
			h := &hits[i]
			if h.start-widest > t {
				break
			}
			if h.lo <= t && t <= h.hi {
				active.union(&set.keywords.owners[h.keyword])
			}
		}
		for k, word := range set.first[w.text[t]] {
			for word &= active[k]; word != 0; word &= word - 1 {
				r := set.rules[k<<6+bits.TrailingZeros64(word)]
				if digit-t >= r.lead {
					continue
				}
				end := r.near(text, t-off)
				if end < 0 || end+off <= digit {
					continue
				}
				if reach := s.reach(r.id, t, end+off, hits, names); reach != noKeyword {
					w.near = append(w.near, candidate{start: t, end: end + off, id: r.id, weight: r.weight, reach: reach})
				}
			}
		}
	}
}

func isAlnum(c byte) bool { return isDigit(c) || isASCIILetter(c) }

// reach returns how near the nearest keyword of an identifier is to a value, in
// characters, 0 for one among its names, or noKeyword.
func (s *Scanner) reach(id, start, end int, hits []hit, names *Names) uint8 {
	if names != nil && names.managed.has(id) {
		return 0
	}
	best := noKeyword
	for i := range hits {
		h := &hits[i]
		var gap []byte
		switch {
		case h.end <= start:
			gap = s.win.text[h.end:start]
		case h.start >= end:
			gap = s.win.text[end:h.start]
		default:
			continue
		}
		if len(gap) > utf8.UTFMax*maxReach || !s.set.keywords.owners[h.keyword].has(id) {
			continue
		}
		if n := utf8.RuneCount(gap); n <= maxReach {
			best = min(best, n)
		}
	}
	return uint8(best)
}

// nearAny says whether a keyword of the identifier is near a value, wherever the hits
// are: for values that are found without one.
func (s *Scanner) nearAny(id int, c *candidate) bool {
	w := &s.win
	_, off, names := w.unit(c.start)
	lo, hi := 0, len(w.text)
	if w.fields != nil {
		lo, hi = off, w.field.Hi
	}
	if names != nil && names.managed.has(id) {
		return true
	}
	first, _ := slices.BinarySearchFunc(w.hits, max(lo, c.start-4*maxReach-maxKeyword), func(h hit, p int) int { return h.start - p })
	last := first
	for last < len(w.hits) && w.hits[last].start <= c.end+4*maxReach && w.hits[last].end <= hi {
		last++
	}
	return s.reach(id, c.start, c.end, w.hits[first:last], nil) != noKeyword
}
