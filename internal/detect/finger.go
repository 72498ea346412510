package detect

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// fingers tells where custom patterns may match: for three bytes in a row, somewhere in
// the first bytes of a match, which values they may have. Patterns share eight buckets,
// one bit each. The low and high halves of a byte are looked up apart, sixteen or
// thirty-two bytes at a time in assembly, so the sets are products of halves.
type fingers struct {
	// tables[k] and tables[k+1] are for the low and high half of the k/2-th byte, twice
	// the same sixteen, as the instruction wants it. The assembly expects them first.
	tables  [2 * fingerBytes][32]byte
	bytes   [256]uint32        // by byte: its buckets as the first, second and third, eight bits each
	members [8][]bucketPattern // by bucket
	rests   bool               // some patterns are found by their rest
}

// bucketPattern is a custom pattern in a bucket.
type bucketPattern struct {
	custom int // index among the custom identifiers
	offset int // from the start of a match, or of its rest, to its three bytes
}

const (
	fingerBytes = 3
	fingerReach = 8 // how far into a match the three bytes may be
)

// newFingers computes the fingerprints of patterns, of all or of those that need no
// keyword; nil when there are none.
func newFingers(customs []*Custom, all bool) *fingers {
	f := &fingers{}
	n := 0
	for i, c := range customs {
		if !all && c.trie != nil && !c.odd {
			continue
		}
		sets := &c.possible
		if c.rest != nil {
			sets, f.rests = &c.rest.possible, true
		}
		offset, _ := rarest(sets)
		bucket := n % 8
		n++
		f.members[bucket] = append(f.members[bucket], bucketPattern{i, offset})
		for k := range fingerBytes {
			for b, ok := range sets[offset+k] {
				if !ok {
					continue
				}
				for _, half := range []int{0, 16} {
					f.tables[2*k][half+b&15] |= 1 << bucket
					f.tables[2*k+1][half+b>>4] |= 1 << bucket
				}
			}
		}
	}
	if n == 0 {
		return nil
	}
	for c := range f.bytes {
		for k := range fingerBytes {
			f.bytes[c] |= uint32(f.tables[2*k][c&15]&f.tables[2*k+1][c>>4]) << (8 * k)
		}
	}
	return f
}

// rarest returns which three bytes in a row are the least often met in texts, and how
// often that is.
func rarest(sets *[fingerReach][256]bool) (offset int, often float64) {
	often = math.Inf(1)
	for at := 0; at+fingerBytes <= fingerReach; at++ {
		if o := howOften(sets[at : at+fingerBytes]); o < often {
			offset, often = at, o
		}
	}
	return offset, often
}

// buckets returns the buckets of the patterns whose three bytes may stand at p.
func (f *fingers) buckets(text []byte, p int) byte {
	m := byte(0xFF)
	for k := range fingerBytes {
		if p+k >= len(text) {
			break // the end of the text is no byte: let the pattern decide
		}
		m &= byte(f.bytes[text[p+k]] >> (8 * k))
	}
	return m
}

// markFingersGeneric sets the bits of the places where three bytes of some pattern may
// stand, one word per whole chunk; text goes on for two bytes after them. It is the
// plain-Go twin of the assembly.
func markFingersGeneric(text []byte, f *fingers, out []uint64) {
	for i := range out {
		block := text[i*chunk:][:chunk+fingerBytes-1]
		a, b := f.bytes[block[0]], f.bytes[block[1]]
		var word uint64
		for j := 0; j < chunk; j += 2 {
			c, d := f.bytes[block[j+2]], f.bytes[block[j+3]]
			first, second := a&(b>>8)&(c>>16), b&(c>>8)&(d>>16)
			if (first|second)&0xFF != 0 {
				word |= b2u(first&0xFF != 0)<<j | b2u(second&0xFF != 0)<<(j+1)
			}
			a, b = c, d
		}
		out[i] = word
	}
}

// customMatch is a match of a custom identifier.
type customMatch struct {
	start, end int
	id         int32
}

// findCustom collects what custom identifiers match from lo on and before hi.
func (s *Scanner) findCustom(b *Block, lo, hi int) {
	n := len(s.custom)
	s.unit = Field{}
	f := s.set.freeFingers
	if b.Fields != nil {
		f = s.set.fingers // names may stand for keywords anywhere
	} else {
		s.tryAfterKeywords(b, lo, hi)
	}
	if f != nil {
		s.findFingers(b, f, lo, hi)
	}
	slices.SortFunc(s.custom[n:], func(a, b customMatch) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return int(a.id - b.id)
	})
}

// stretch is where a custom identifier may start after a keyword of its own.
type stretch struct{ custom, from, to int }

// tryAfterKeywords tries patterns that need a keyword after the keywords there are. Where
// many stand close together their stretches overlap, and each place is tried once.
func (s *Scanner) tryAfterKeywords(b *Block, lo, hi int) {
	s.stretches = s.stretches[:0]
	for _, h := range s.win.customHits {
		c := s.set.ids[s.set.managed+h.custom].Custom
		if from, to := max(lo, h.end), min(hi, h.end+4*c.distance); !c.odd && from < to {
			s.stretches = append(s.stretches, stretch{h.custom, from, to})
		}
	}
	slices.SortFunc(s.stretches, func(a, b stretch) int { return cmp.Or(a.custom-b.custom, a.from-b.from) })
	custom, tried := -1, 0
	for _, x := range s.stretches {
		if x.custom != custom {
			custom, tried = x.custom, 0
		}
		s.spend(max(0, x.to-max(x.from, tried)))
		for p := max(x.from, tried); p < x.to && !s.isLate; p++ {
			s.tryCustom(b, custom, p)
		}
		tried = max(tried, x.to)
	}
}

// findFingers tries patterns where their fingerprints are.
func (s *Scanner) findFingers(b *Block, f *fingers, lo, hi int) {
	from := lo
	reach := fingerReach
	if f.rests {
		reach += MaxCustomMatch // the rest may be far from the start
		s.tried = grow(s.tried, len(s.automata))
		clear(s.tried)
	}
	to := min(len(b.Text), hi+reach)
	whole := max(0, min((to-from+chunk-1)/chunk, (len(b.Text)-from-fingerBytes+1)/chunk))
	s.marks = grow(s.marks, whole)
	s.markFingers(b.Text[from:], f, s.marks)
	for i, word := range s.marks {
		if word != 0 { // a place may be tried for as many patterns as share a bucket
			s.spend(bits.OnesCount64(word) * (1 + len(s.automata)/8))
		}
		if s.isLate {
			return
		}
		for ; word != 0; word &= word - 1 {
			s.tryFingers(b, f, from+i*chunk+bits.TrailingZeros64(word), lo, hi)
		}
	}
	for p := from + whole*chunk; p < to; p++ {
		s.tryFingers(b, f, p, lo, hi)
	}
	// Near the end of the text a match may be shorter than its three bytes are far.
	if to == len(b.Text) {
		for p := to; p < to+fingerReach; p++ {
			s.tryFingers(b, f, p, lo, hi)
		}
	}
}

// tryFingers tries the patterns whose three bytes may stand at p.
func (s *Scanner) tryFingers(b *Block, f *fingers, p, lo, hi int) {
	for m := f.buckets(b.Text, p); m != 0; m &= m - 1 {
		for _, member := range f.members[bits.TrailingZeros8(m)] {
			start := p - member.offset
			if r := s.set.ids[s.set.managed+member.custom].Custom.rest; r != nil {
				s.tryBefore(b, r, member.custom, start, lo, hi)
			} else if start >= lo && start < hi {
				s.tryCustom(b, member.custom, start)
			}
		}
	}
}

// tryBefore tries a custom identifier wherever it may start so that its rest is at p. No
// place is tried twice.
func (s *Scanner) tryBefore(b *Block, r *rest, i, p, lo, hi int) {
	p = min(p, len(b.Text))
	floor := max(lo, p-MaxCustomMatch, s.tried[i], s.last[s.set.managed+i])
	start := p
	for start > floor && r.before[b.Text[start-1]] {
		start--
	}
	s.spend(p - start)
	for start = max(start, floor); start <= p && start < hi; start++ {
		s.tryCustom(b, i, start)
	}
	s.tried[i] = max(s.tried[i], p+1)
}

// mayStart says whether the first bytes of the text may be those of a match.
func (c *Custom) mayStart(text []byte) bool {
	for k, b := range text[:min(len(text), fingerReach)] {
		if c.places[b]>>k&1 == 0 {
			return false
		}
	}
	return true
}

// tryCustom matches a custom identifier at a place.
func (s *Scanner) tryCustom(b *Block, i, start int) {
	id := s.set.managed + i
	c := s.set.ids[id].Custom
	if s.isLate || start < s.last[id] || !c.mayStart(b.Text[start:]) || insideRune(b.Text, start) {
		return
	}
	unit := Field{Hi: len(b.Text)}
	if b.Fields != nil {
		if start < s.unit.Lo || start >= s.unit.Hi {
			f, ok := b.Fields.Field(start)
			if !ok {
				return
			}
			if s.unit = f; start < f.Lo || start >= f.Hi {
				return // a quote before a value leads to it, and is none of it
			}
		}
		unit = s.unit
	}
	// A pattern that begins with a repeat of a set matches from the first of a run on, or
	// from none of it.
	if c.lead != nil && c.trie == nil && start > unit.Lo && start > s.last[id] && c.lead[b.Text[start-1]] {
		return
	}
	named := c.trie == nil || unit.Names != nil && unit.Names.custom != nil && unit.Names.custom[i]
	text := b.Text[unit.Lo:unit.Hi]
	if !named && !s.customHitNear(b.Text, c, i, unit.Lo, start) {
		return
	}
	a := s.automata[i]
	end := a.match(text, start-unit.Lo, b.Start && unit.Lo == 0, b.End && unit.Hi == len(b.Text))
	s.spend(a.work)
	a.work = 0
	if end <= start-unit.Lo {
		return
	}
	end += unit.Lo
	if !named && !s.keywordReaches(b.Text, c, i, unit.Lo, start, end) {
		return
	}
	s.last[id] = end
	s.spend(len(c.ignore) * (end - start) / 8)
	if c.ignored(b.Text[start:end]) {
		return
	}
	s.custom = append(s.custom, customMatch{start, end, int32(id)})
}

// insideRune says whether text[i] goes on with a rune that began before it.
func insideRune(text []byte, i int) bool {
	if utf8.RuneStart(text[i]) {
		return false
	}
	for j := i - 1; j >= max(0, i-utf8.UTFMax+1); j-- {
		if utf8.RuneStart(text[j]) {
			_, n := utf8.DecodeRune(text[j:])
			return j+n > i
		}
	}
	return false
}

// customHitNear says whether a keyword of a custom identifier ends at most its distance
// before start, by bytes at most that many characters could have.
func (s *Scanner) customHitNear(text []byte, c *Custom, i, lo, start int) bool {
	return s.eachCustomHit(text, c, i, lo, start, func(customHit) bool { return true })
}

// keywordReaches says whether a keyword before start ends within the distance of the
// end of the match.
func (s *Scanner) keywordReaches(text []byte, c *Custom, i, lo, start, end int) bool {
	return s.eachCustomHit(text, c, i, lo, start, func(h customHit) bool {
		s.spend(min(end-h.end, 4*c.distance) / 8)
		return within(text[h.end:end], c.distance)
	})
}

// eachCustomHit calls f for the keywords of a custom identifier that end in reach before
// start, in the same value, until one is accepted.
func (s *Scanner) eachCustomHit(text []byte, c *Custom, i, lo, start int, f func(customHit) bool) bool {
	far := start - 4*c.distance
	if c.odd {
		found := false
		s.spend(start - max(lo, far-4*MaxKeywordLength))
		for p := max(lo, far-4*MaxKeywordLength); p < start && !found; p++ {
			if wordStart(text, p) {
				c.trie.matchExact(text, p, func(end, _ int) {
					found = found || end <= start && end >= far && f(customHit{p, end, i})
				})
			}
		}
		return found
	}
	hits := s.win.customHits
	k, _ := slices.BinarySearchFunc(hits, start, func(h customHit, p int) int { return h.start - p })
	for k--; k >= 0 && hits[k].start >= far-4*MaxKeywordLength && !s.isLate; k-- {
		s.spend(1)
		if h := hits[k]; h.custom == i && h.end <= start && h.end >= far && h.start >= lo && f(h) {
			return true
		}
	}
	return false
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
