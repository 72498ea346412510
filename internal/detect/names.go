package detect

import (
	"math/bits"
	"slices"

	"magpie/internal/detect/validate"
)

// Names is what the names above a value (its column's name, the elements of its
// path) say: the identifiers that have a keyword among them. It is immutable.
type Names struct {
	managed idSet
	last    idSet    // of managed: those with a keyword that ends its name, see lastWord
	rules   []*rule  // of managed, that match near a keyword
	inside  ruleBits // the rules whose plain values need a keyword of last and have none
	lead    int      // the largest of theirs
	minLen  int      // bytes in the shortest value of theirs
	signs   int      // how far before a letter or digit a value of one of them may start
	other   bool     // or with any, or they are too many
	starts  *starts  // of the rules, unless other or none
	custom  []bool   // by index among the custom identifiers; nil: none
	nobody  bool     // the values are called what no person is: cities, teams
	street  bool     // the values are streets: behind a number they are called after people at most
}

// ruleBits is a set of the rules of one name, by index.
type ruleBits uint32

// starts says what the values of the rules of one name start with, as Set does for all
// identifiers.
type starts struct {
	first                 []ruleBits                    // by Set.startKinds
	digitRuns, letterRuns [validate.MaxRun + 1]ruleBits // all without such a run
	fits                  [chunk + 1]ruleBits           // by length: rules with values no longer
	phones                ruleBits                      // phone numbers
	phoneStart            [phoneStarts]ruleBits
	phoneDigits           [maxPhoneText + 1]ruleBits
}

// minInfix is the shortest keyword, in bytes, that counts in a name without being a
// word of its own there.
const minInfix = 7

// maxNamed is the most rules of one name that findNamed handles.
const maxNamed = 32

// Names compiles the names that lead to a value, outermost first. It returns nil
// when they hold no keyword and do not say that no value is a person's name. Compile them once per column or path, not per value.
func (s *Set) Names(names ...string) *Names {
	n, _ := s.NamesInTime(nil, names...)
	return n
}

// NamesInTime is Names for who has not all the time in the world: late is told of steps of work, each about a byte's, and says whether there
// is no more time. Then ok is false, and what the names say is not known.
func (s *Set) NamesInTime(late func(steps int64) bool, names ...string) (n *Names, ok bool) {
	s.ready()
	size := 0
	for _, n := range names {
		size += len(n) + 1
	}
	joined := make([]byte, 0, size)
	ends := make([]int, 0, len(names)) // of the names in joined
	for _, n := range names {
		joined = append(append(joined, n...), ' ')
		ends = append(ends, len(joined)-1)
	}
	n = &Names{}
	found := false
	for i := range joined {
		if late != nil && late(8) {
			return nil, false
		}
		word := wordStart(joined, i)
		s.keywords.trie.match(joined, i, true, func(end, k int) {
			if word && keywordEnd(joined, end) || end-i >= minInfix {
				n.managed.union(&s.keywords.owners[k])
				found = true
				at, _ := slices.BinarySearch(ends, end)
				if lastWord(joined[:ends[min(at, len(ends)-1)]], i, end, true) {
					n.last.union(&s.keywords.owners[k])
				}
			}
		})
	}
	if n.custom, ok = s.customsNamed(joined, late); !ok {
		return nil, false
	}
	found = found || n.custom != nil
	n.nobody = s.name != nil && nobodyNamed(names)
	n.street = s.name != nil && PartOf(names).Part == Street
	if !found {
		if n.nobody || n.street {
			return &Names{nobody: n.nobody, street: n.street, minLen: s.maxNear}, true
		}
		return nil, true
	}
	n.minLen = s.maxNear
	n.managed.each(func(id int) {
		if r := s.rules[id]; r.near != nil {
			n.minLen = min(n.minLen, r.minLen)
			if r.weak && !n.last.has(id) && len(n.rules) < maxNamed {
				n.inside |= 1 << len(n.rules)
			}
			n.rules = append(n.rules, r)
			n.lead = max(n.lead, r.lead)
			if s.accented.has(id) {
				n.signs = accentReach
			} else if s.signs.has(id) {
				n.signs = max(n.signs, signReach)
			}
			n.other = n.other || s.anywhere.has(id)
		}
	})
	n.other = n.other || len(n.rules) > maxNamed
	if !n.other && len(n.rules) > 0 {
		n.starts = s.startsOf(n.rules)
	}
	return n, true
}

// customsNamed tells which custom identifiers have a keyword that is a word of names, separators aside; nil: none has.
func (s *Set) customsNamed(names []byte, late func(steps int64) bool) (custom []bool, ok bool) {
	c := s.customNames
	if c == nil {
		return nil, true
	}
	for i := range names {
		word := wordStart(names, i)
		nodes := c.trie.matchLoose(0, names, i, func(end, k int) {
			if word && keywordEnd(names, end) || end-i >= minInfix {
				if custom == nil {
					custom = make([]bool, len(s.ids)-s.managed)
				}
				for _, i := range c.owners[k] {
					custom[i] = true
				}
			}
		})
		if late != nil && late(int64(8*nodes)) {
			return nil, false
		}
	}
	return custom, true
}

// silent says whether the names hold no keyword.
func (n *Names) silent() bool { return n == nil || len(n.rules) == 0 && n.custom == nil }

// noPerson says whether nothing in a value with such names is a person's: it is a city or a team, or a street behind its number or its word.
func (n *Names) noPerson(value []byte) bool {
	if n == nil || !n.street || len(value) == 0 {
		return n != nil && n.nobody
	}
	if n.nobody || isDigit(value[0]) {
		return true
	}
	i := 0
	for i < min(len(value), maxNameWord) && nameByte[value[i]] {
		i++
	}
	return i > 0 && (latinStreets.has(value[:i]) || isStreet(value[:i])) // Calle de Juan Pérez 3
}

// leads says whether an identifier has a keyword among the names; for a weak value, one
// that ends its name. There may be no names.
func (n *Names) leads(id int, weak bool) bool {
	if n == nil {
		return false
	}
	if weak {
		return n.last.has(id)
	}
	return n.managed.has(id)
}

// bindStarts numbers the bytes by what may start with them.
func (s *Set) bindStarts() {
	for c := range s.first {
		kind := slices.IndexFunc(s.startBytes, func(b byte) bool { return s.first[b] == s.first[c] })
		if kind < 0 {
			kind = len(s.startBytes)
			s.startBytes = append(s.startBytes, byte(c))
		}
		s.startKinds[c] = uint8(kind)
	}
}

func (s *Set) startsOf(rules []*rule) *starts {
	out := &starts{first: make([]ruleBits, len(s.startBytes))}
	for i, r := range rules {
		bit := ruleBits(1) << i
		mark := func(b *ruleBits, may bool) {
			if may {
				*b |= bit
			}
		}
		for kind, c := range s.startBytes {
			mark(&out.first[kind], s.first[c].has(r.id))
		}
		for k := min(r.minLen, len(out.fits)); k < len(out.fits); k++ {
			out.fits[k] |= bit
		}
		mark(&out.digitRuns[0], true)
		mark(&out.letterRuns[0], true)
		for n := 1; n <= validate.MaxRun; n++ {
			mark(&out.digitRuns[n], s.digitRuns[n].has(r.id))
			mark(&out.letterRuns[n], s.letterRuns[n].has(r.id))
		}
		mark(&out.phones, s.phoneIDs.has(r.id))
		for d := range out.phoneStart {
			mark(&out.phoneStart[d], s.phoneStart[d].has(r.id))
		}
		for k := range out.phoneDigits {
			mark(&out.phoneDigits[k], s.phoneDigits[k].has(r.id))
		}
	}
	return out
}

// findNamed is findAround for a value whose names hold keywords and which holds none
// itself, as most cells of a table do. Values of one identifier do not overlap, so it
// goes on after each.
func (s *Scanner) findNamed(text []byte, off, lo, hi int, names *Names) {
	w := &s.win
	if names.other {
		s.findAround(text, off, nil, lo, hi, names)
		return
	}
	if names.starts == nil || len(text) < names.minLen || lo >= hi {
		return
	}
	if n := len(text); n <= chunk && lo == off && hi == off+n {
		s.findShort(text, off, names)
		return
	}
	limit := min(w.to, hi+s.set.maxNear)
	digit, found := -1, ruleBits(0)
	for t := lo; t < hi; t++ {
		if digit < t {
			if digit = w.from + nextBit(w.digits, t-w.from, limit-w.from); digit >= limit {
				return
			}
			t = max(t, digit-names.lead)
		}
		first := t
		if t != off || !isAlnum(w.text[t]) {
			if t = w.from + nextBit(w.tokens, t-w.from, min(hi+names.signs, w.to)-w.from); t < hi && digit < t {
				digit = w.from + nextBit(w.digits, t-w.from, limit-w.from)
			}
		}
		if names.signs > 0 {
			for p := max(first, t-names.signs); p < min(t, hi); p++ {
				if !isAlnum(w.text[p]) {
					found = s.tryNamed(text, off, p, digit, names, found, false)
				}
			}
		}
		if t >= hi || digit >= limit {
			return
		}
		found = s.tryNamed(text, off, t, digit, names, found, false)
	}
}

// findShort is findNamed for a value whose masks fit one word.
func (s *Scanner) findShort(text []byte, off int, names *Names) {
	w := &s.win
	inside := ^uint64(0) >> ((chunk - len(text)) & 63)
	at := wordOf(w.tokens, off-w.from) & inside
	if isAlnum(text[0]) {
		at |= 1
	}
	if names.signs > 0 {
		before := at>>1 | at>>2
		if names.signs > signReach {
			before |= before>>2 | before>>4 | before>>6
		}
		for signs := before &^ at; signs != 0; signs &= signs - 1 {
			if t := bits.TrailingZeros64(signs); !isAlnum(text[t]) {
				at |= 1 << t
			}
		}
	}
	known := w.shape(&s.shape, off, inside)
	// After the last of these places there is no room for a value.
	at &= inside >> ((names.minLen - 1) & 63)
	found := ruleBits(0)
	for last := 0; at != 0; at &= at - 1 {
		t := bits.TrailingZeros64(at)
		s.shape.Advance(t - last)
		last = t
		if s.shape.Digits == 0 {
			return
		}
		found = s.tryNamed(text, off, off+t, off+t+bits.TrailingZeros64(s.shape.Digits), names, found, known)
	}
}

// shape reads the shape of the text at off, as far as inside has bits; its digits only
// where there may be separators outside ASCII or escapes, whose letters are not in the
// masks.
func (w *window) shape(shape *validate.Shape, off int, inside uint64) (known bool) {
	k, bit := uint(off-w.from)/chunk, uint(off-w.from)%chunk
	m, next := &w.groups[k/perGroup], &w.groups[(k+1)/perGroup]
	i, j := k%perGroup, (k+1)%perGroup
	shape.Digits = from(m.digit[i], next.digit[j], bit) & inside
	if (m.cont[i]|m.escape[i])|(next.cont[j]|next.escape[j]) != 0 || off > 0 && w.text[off-1] == '\\' {
		return false
	}
	shape.Letters = from(m.letter[i], next.letter[j], bit) & inside
	shape.Capitals = from(m.upper[i], next.upper[j], bit) & inside
	shape.Spaces = from(m.space[i], next.space[j], bit) & inside
	shape.Hyphens = from(m.dash[i], next.dash[j], bit) & inside
	return true
}

// tryNamed matches the rules of a value's names at t; digit is where the next digit is.
// Of the rules in found, s.done says where their last value ended; it returns them with
// those that match here. shaped says that s.shape is of the text from t on.
func (s *Scanner) tryNamed(text []byte, off, t, digit int, names *Names, found ruleBits, shaped bool) ruleBits {
	starts, rest := names.starts, text[t-off:]
	active := starts.first[s.set.startKinds[rest[0]]] & starts.fits[min(len(rest), chunk)]
	if found != 0 {
		for left := active & found; left != 0; left &= left - 1 {
			if i := bits.TrailingZeros32(uint32(left)); t < s.done[i] {
				active &^= 1 << i
			}
		}
	}
	if active == 0 {
		return found
	}
	switch c := rest[0]; {
	case shaped:
		active &= starts.digitRuns[min(bits.TrailingZeros64(^s.shape.Digits), validate.MaxRun)]
		active &= starts.letterRuns[min(bits.TrailingZeros64(^s.shape.Letters), validate.MaxRun)]
	case isDigit(c):
		active &= starts.digitRuns[runLength(rest, isDigit)]
	case isASCIILetter(c):
		active &= starts.letterRuns[runLength(rest, isASCIILetter)]
	}
	if d := rest[0] - '0'; d > 0 && d < 10 { // without a plus sign
		active &= starts.phoneStart[phoneKey(rest)] | ^starts.phones
	}
	if active&starts.phones != 0 {
		digits, first, abroad := phoneDigits(rest)
		left := starts.phoneDigits[digits]
		if !abroad {
			left &= starts.phoneStart[first]
		}
		active &= left | ^starts.phones
		s.phone.Reset()
	}
	for ; active != 0; active &= active - 1 {
		i := bits.TrailingZeros32(uint32(active))
		r := names.rules[i]
		if digit-t >= r.lead {
			continue
		}
		end := -1
		switch {
		case shaped && r.shaped != nil:
			if end = r.shaped(text, t-off, &s.shape); end >= 0 {
				end += off
			}
		case r.phone != nil:
			if end = r.phone(text, t-off, &s.phone); end >= 0 {
				end += off
			}
		default:
			end = s.nearEnd(r, text, off, t)
		}
		if end > digit {
			w := &s.win
			if names.inside>>i&1 != 0 && plainValue(w.text[t:end]) {
				continue
			}
			w.near = append(w.near, candidate{})
			// Field by field: a copy of what was just written in parts would wait for it.
			c := &w.near[len(w.near)-1]
			c.start, c.end, c.id, c.weight, c.label = t, end, int32(r.id), r.weight, true
			s.done[i] = end
			found |= 1 << i
		}
	}
	return found
}

// runLength is how many bytes of a kind the text starts with, up to validate.MaxRun; it
// starts with one.
func runLength(text []byte, same func(byte) bool) int {
	n := 1
	for n < min(len(text), validate.MaxRun) && same(text[n]) {
		n++
	}
	return n
}

// wordOf returns the bits from the i-th on.
func wordOf(words []uint64, i int) uint64 {
	k, next := uint(i)/chunk, uint64(0)
	if k+1 < uint(len(words)) {
		next = words[k+1]
	}
	return from(words[k], next, uint(i)%chunk)
}

// from returns the bits from a place in the first of two words on.
func from(word, next uint64, bit uint) uint64 {
	return word>>(bit&63) | next<<1<<(^bit&63)
}

// Says tells what one name adds to the names that lead to a value: whether it holds a
// keyword of a managed identifier, and whether one may begin in it that names further
// down complete. Names of which none does either are nothing to Names but for custom
// identifiers.
func (s *Set) Says(name []byte) (keyword, begins bool) {
	s.ready()
	joined := append(append(make([]byte, 0, 64), name...), ' ')
	for i := range joined {
		word := wordStart(joined, i)
		open := s.keywords.trie.match(joined, i, true, func(end, k int) {
			keyword = keyword || word && keywordEnd(joined, end) || end-i >= minInfix
		})
		begins = begins || open
	}
	return keyword, begins
}
