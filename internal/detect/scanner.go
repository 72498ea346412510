package detect

import (
	"regexp/syntax"

	"magpie/internal/detect/validate"
)

// Scanner scans text for the identifiers of one Set. It keeps buffers and what one
// block has to know of the block before it, so the blocks of a document go to one
// Scanner in order. It is not safe for concurrent use.
type Scanner struct {
	set         *Set
	classifier  func([]byte, []group)
	mark        marker
	markFingers func([]byte, *fingers, []uint64)
	siftWords   wordSifter
	win         window
	names       bool // names are looked for
	filter      *prefilter

	last      []int          // by identifier: where its last match ended
	ahead     []int          // the same for matches beyond the window
	kept      []candidate    // matches of one identifier do not overlap here
	tail      []candidate    // kept matches that reach beyond the window before
	phone     validate.Phone // at the place that is looked at
	shape     validate.Shape // of the value under a name that is looked at
	done      [maxNamed]int  // by rule of a name: where its last value in the field ended
	custom    []customMatch  // in the window, or a piece of it
	emitted   int            // how many of them have been yielded
	automata  []*automaton
	allowed   []*automaton // by allow list, for those of an expression
	marks     []uint64     // see fingers
	stretches []stretch    // memory for tryAfterKeywords
	unit      Field        // the value that tryCustom has asked for last
	parts     Parts        // see Parts
	members   Parts        // the same of names of JSON's members
	tried     []int        // by custom identifier: the places before are tried, see tryBefore

	late   func(int64) bool // of the block
	work   int64            // steps that it has not been told of
	isLate bool
}

// workPerLook is how many steps of trying custom identifiers pass between two looks at the clock: their expressions may look at thousands of
// bytes from each byte on.
const workPerLook = 16 << 10

// spend counts steps of work.
func (s *Scanner) spend(steps int) {
	if s.work += int64(steps); s.work >= workPerLook {
		s.look()
	}
}

// spent is spend for what can be given up.
func (s *Scanner) spent(steps int) bool {
	s.spend(steps)
	return s.isLate
}

// Stopped says whether the last Scan ended early, since its block was late.
func (s *Scanner) Stopped() bool { return s.isLate }

func (s *Scanner) look() {
	s.isLate = s.isLate || s.late != nil && s.late(s.work)
	s.work = 0
}

// windowSize is how much text is looked at at a time: its masks fit the second-level
// cache, its surroundings cost little beside it.
const windowSize = 64 << 10

// Each of many custom identifiers may match at each byte: then they are tried in smaller pieces, so that what they match takes some
// megabytes at a time.
const (
	manyCustom  = 8
	leastWindow = 2 << 10
)

// NewScanner returns a scanner.
func (s *Set) NewScanner() *Scanner {
	s.ready()
	sc := &Scanner{set: s, classifier: classifyFast, mark: markFast, siftWords: siftWordsFast, markFingers: markFingersFast, last: make([]int, len(s.ids)), ahead: make([]int, len(s.ids))}
	sc.names = s.name != nil
	for _, id := range s.ids[s.managed:] {
		sc.automata = append(sc.automata, sc.newAutomaton(id.Custom.prog, id.Custom.pause))
	}
	for _, list := range s.allow {
		var a *automaton
		if list.prog != nil {
			a = sc.newAutomaton(list.prog, nil)
		}
		sc.allowed = append(sc.allowed, a)
	}
	return sc
}

// newAutomaton makes one of the scanner's, which all together have bounded memory, and which give up when it is late.
func (s *Scanner) newAutomaton(prog *syntax.Prog, pause func()) *automaton {
	a := newAutomaton(prog, pause)
	a.most = max(leastStateBytes, mostStateBytes/(len(s.set.ids)-s.set.managed+len(s.set.allow)))
	a.tick = s.spent
	return a
}

// PlainScanner returns a scanner that uses no assembly: what other processors run, to
// measure and to compare. It finds the same.
func (s *Set) PlainScanner() *Scanner {
	sc := s.NewScanner()
	sc.classifier, sc.mark, sc.siftWords, sc.markFingers = classifyGeneric, markGeneric, siftWordsGeneric, markFingersGeneric
	return sc
}

// Scan finds the matches that start in the block, from Lo on and before Hi, and
// yields them in order of their starts.
func (s *Scanner) Scan(b *Block, yield func(Match)) {
	s.parts, s.members = 0, 0
	if b.Start && b.Lo == 0 {
		clear(s.last)
		s.tail = s.tail[:0]
	}
	// State is kept relative to the place where the blocks meet.
	for i := range s.last {
		s.last[i] += b.Lo
	}
	for i := range s.tail {
		s.tail[i].start += b.Lo
		s.tail[i].end += b.Lo
	}
	s.late, s.isLate = b.Late, b.Late != nil && b.Late(0)
	for lo := b.Lo; lo < b.Hi && !s.isLate; lo += windowSize {
		hi := min(lo+windowSize, b.Hi)
		s.scan(b, lo, hi, yield)
		if hi-lo == windowSize {
			s.work += windowSize
			s.look()
		}
	}
	s.late = nil
	for i := range s.last {
		s.last[i] = max(0, s.last[i]-b.Hi)
	}
	for i := range s.tail {
		s.tail[i].start -= b.Hi
		s.tail[i].end -= b.Hi
	}
}

// Parts says by the words that the last Scan met which kinds of parts the names of a
// record may tell of, see PartOf; members, by those that are names of JSON's members. In a
// document without them none need be looked for.
func (s *Scanner) Parts() (parts, members Parts) { return s.parts, s.members }

// scan handles one window. Values are looked for a little beyond hi as well: they
// may suppress one before it.
func (s *Scanner) scan(b *Block, lo, hi int, yield func(Match)) {
	s.kept = s.kept[:0]
	for i := range s.tail {
		s.keep(&s.tail[i])
	}
	first := len(s.kept)
	if s.set.managed > 0 || s.set.customKeywords {
		s.find(b, lo, min(len(b.Text), hi+s.set.maxNear))
		s.merge(hi)
	}
	step := windowSize
	if n := len(s.automata); n > manyCustom {
		step = max(leastWindow, windowSize*manyCustom/n)
	}
	for ; lo < hi; lo += step {
		s.custom, s.emitted = s.custom[:0], 0
		to := min(lo+step, hi)
		s.findCustom(b, lo, to)
		first = s.resolve(b, first, to, yield)
	}
	s.tail = s.tail[:0]
	for i := range s.kept {
		if c := &s.kept[i]; c.start < hi && c.end > hi {
			s.tail = append(s.tail, *c)
		}
	}
}

// merge brings the two lists of candidates together in order and keeps those that do
// not overlap an earlier one of the same identifier.
func (s *Scanner) merge(hi int) {
	w := &s.win
	copy(s.ahead, s.last)
	near, free := w.near, w.free
	for len(near) > 0 || len(free) > 0 {
		var c *candidate
		if len(free) == 0 || len(near) > 0 && before(&near[0], &free[0]) {
			c, near = &near[0], near[1:]
		} else {
			c, free = &free[0], free[1:]
			if w.fields == nil && s.set.rules[c.id].absent && s.nearAny(int(c.id), c.start, c.end) {
				continue
			}
		}
		ahead := &s.ahead[c.id]
		if c.start < *ahead {
			continue
		}
		*ahead = c.end
		if c.start < hi {
			s.last[c.id] = c.end
		}
		s.keep(c)
	}
}

// keep appends to s.kept.
func (s *Scanner) keep(c *candidate) {
	c.furthest = c.end
	if n := len(s.kept); n > 0 {
		c.furthest = max(c.end, s.kept[n-1].furthest)
	}
	s.kept = append(s.kept, *c)
}

// resolve decides between overlapping matches, applies the allow lists and yields
// what is left of the matches from first on that start before hi, and the custom
// ones among them in order. It returns the first match that starts later.
func (s *Scanner) resolve(b *Block, first, hi int, yield func(Match)) (next int) {
	i := first
	for ; i < len(s.kept); i++ {
		c := &s.kept[i]
		if c.start >= hi {
			break
		}
		if s.emitted < len(s.custom) {
			s.emitCustom(b, c.start, yield)
		}
		// Most overlap none.
		if i+1 < len(s.kept) && s.kept[i+1].start < c.end || i > 0 && s.kept[i-1].furthest > c.start {
			if s.suppressed(i) {
				continue
			}
		}
		s.emit(b, Match{int(c.id), c.start, c.end}, yield)
	}
	s.emitCustom(b, hi, yield)
	return i
}

// suppressed says whether a match that overlaps the i-th beats it.
func (s *Scanner) suppressed(i int) bool {
	c := &s.kept[i]
	for j := i + 1; j < len(s.kept) && s.kept[j].start < c.end; j++ {
		if beats(&s.kept[j], c) {
			return true
		}
	}
	for j := i - 1; j >= 0 && s.kept[j].furthest > c.start; j-- {
		if s.kept[j].end > c.start && beats(&s.kept[j], c) {
			return true
		}
	}
	return false
}

// emitCustom yields the matches of custom identifiers that start before an offset.
func (s *Scanner) emitCustom(b *Block, before int, yield func(Match)) {
	for ; s.emitted < len(s.custom) && s.custom[s.emitted].start < before; s.emitted++ {
		m := &s.custom[s.emitted]
		s.emit(b, Match{int(m.id), m.start, m.end}, yield)
	}
}

func (s *Scanner) emit(b *Block, m Match, yield func(Match)) {
	if len(s.set.allow) > 0 && s.allows(b.Text[m.Start:m.End]) {
		return
	}
	yield(m)
}
