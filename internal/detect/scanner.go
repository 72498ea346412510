package detect

import "sort"

// Scanner scans text for the identifiers of one Set. It keeps buffers and what one
// block has to know of the block before it, so the blocks of a document go to one
// Scanner in order. It is not safe for concurrent use.
type Scanner struct {
	set     *Set
	last    []int // by identifier: where its last match ended, relative to the next block's Lo
	pending []candidate
	tail    []candidate // matches that reach into the next block, relative to its Lo
}

// NewScanner returns a scanner.
func (s *Set) NewScanner() *Scanner {
	return &Scanner{set: s, last: make([]int, len(s.ids))}
}

// Scan finds the matches that start in the block, from Lo on and before Hi, and
// yields them in order of their starts.
func (s *Scanner) Scan(b *Block, yield func(Match)) {
	if b.Start && b.Lo == 0 {
		clear(s.last)
		s.tail = s.tail[:0]
	}
	s.pending = s.pending[:0]
	s.findCustom(b)
	s.resolve(b, yield)
}

// findCustom collects what custom identifiers match.
func (s *Scanner) findCustom(b *Block) {
	for i, id := range s.set.ids[s.set.managed:] {
		c := id.Custom
		for _, m := range c.rx.FindAllIndex(b.Text, -1) {
			if m[0] < b.Lo || m[0] >= b.Hi {
				continue
			}
			unit, names := Field{Hi: len(b.Text)}, (*Names)(nil)
			if b.Fields != nil {
				f, ok := b.Fields.Field(m[0])
				if !ok || m[1] > f.Hi {
					continue
				}
				unit, names = f, f.Names
			}
			if !c.ignored(b.Text[m[0]:m[1]]) && (c.trie == nil || names != nil && names.custom != nil && names.custom[i] ||
				c.keywordNear(b.Text[unit.Lo:unit.Hi], m[0]-unit.Lo, m[1]-unit.Lo)) {
				s.pending = append(s.pending, candidate{start: m[0], end: m[1], id: s.set.managed + i})
			}
		}
	}
}

// keywordNear says whether a keyword stands before text[start:end], complete, and
// its end within the identifier's distance of the end of the match.
func (c *Custom) keywordNear(text []byte, start, end int) bool {
	near := false
	for i := max(0, start-4*MaxMatchDistance-maxKeyword); i < start && !near; i++ {
		if !wordStart(text, i) {
			continue
		}
		c.trie.matchExact(text, i, func(e, _ int) {
			near = near || e <= start && within(text[e:end], c.config.MaximumMatchDistance)
		})
	}
	return near
}

// resolve decides between overlapping matches, applies the allow lists and yields
// what is left.
func (s *Scanner) resolve(b *Block, yield func(Match)) {
	sort.Slice(s.pending, func(i, j int) bool {
		a, c := &s.pending[i], &s.pending[j]
		if a.start != c.start {
			return a.start < c.start
		}
		return a.id < c.id
	})
	for i := range s.pending {
		c := &s.pending[i]
		if s.allowed(b.Text[c.start:c.end]) {
			continue
		}
		yield(Match{Identifier: c.id, Start: c.start, End: c.end})
	}
}

func (s *Scanner) allowed(match []byte) bool {
	for _, a := range s.set.allow {
		if a.allows(match) {
			return true
		}
	}
	return false
}
