package detect

import (
	"math/bits"
	"slices"
	"strings"
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

	chunks int
	memory []group  // of groups, with one of zeros before
	groups []group  // by eight chunks, with zeros after
	starts []uint32 // words whose first bytes are in the prefilter, from w.from
	splits []uint32 // words that go on in another word, from w.from
	digits []uint64 // group.digit, for nextBit
	tokens []uint64 // where a letter or digit starts a run of them

	hits       []hit
	customHits []customHit
	free       []candidate // values that need no keyword, by start
	near       []candidate // values near a keyword, by start

	tries  []try // in a structured document, in order; those of findWords follow by themselves
	early  int   // how many there are before
	merged []try // memory for both together

	listed []listed // values of the structured document, in order

	freeAt int // where the last value near a keyword was looked up in free

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
	if s.filter = &set.filter; w.fields != nil {
		s.filter = &set.fieldFilter
	}
	w.from = max(0, lo-set.lookbehind)
	w.to = min(len(b.Text), hi+set.maxNear+4*maxReach+chunk)
	w.hits, w.customHits = w.hits[:0], w.customHits[:0]
	w.free, w.near = w.free[:0], w.near[:0]
	w.hasField, w.freeAt = false, 0
	w.tries, w.early = w.tries[:0], 0
	s.classify()
	w.early = len(w.tries)
	s.findWords()
	if w.fields != nil {
		s.findInFields()
	} else {
		s.findNear()
	}
}

// classify fills groups, digits and tokens for the window, and collects on the way the
// values that need no keyword and start with numbers or names.
func (s *Scanner) classify() {
	w := &s.win
	text := w.text[w.from:w.to]
	n := (len(text) + chunk - 1) / chunk
	w.chunks = n
	used := n/perGroup + 1 // the chunk after the last is there too
	w.memory = grow(w.memory, used+2)
	w.groups = w.memory[1:]
	w.digits = grow(w.digits, used*perGroup)
	w.tokens = grow(w.tokens, used*perGroup)
	whole := len(text) / chunk
	s.classifier(text, w.groups)
	if whole < n {
		classifyTail(text[whole*chunk:], &w.groups[whole/perGroup], whole%perGroup)
	}
	for i := n; i < used*perGroup; i++ {
		w.groups[i/perGroup].clear(i % perGroup)
	}
	w.groups[used] = group{}
	s.dropEscapes()
	s.mark(w.memory, w.digits, w.tokens)
	var carry uint64
	for k := range w.groups[:used] {
		g := &w.groups[k]
		for j := range perGroup {
			if s.names {
				// Adding the first bit of a run of ones sets the bit after the run.
				var sum uint64
				sum, carry = bits.Add64(^g.edges[j]|g.starts[j], g.capital[j], carry)
				for e := sum & g.follow[j]; e != 0; e &= e - 1 {
					s.siftName(k*perGroup+j, bits.TrailingZeros64(e))
				}
			}
			if g.marked[j] != 0 {
				s.tryMarked(w.from+(k*perGroup+j)*chunk, g, j)
			}
		}
	}
}

// clear makes a chunk one of zeros.
func (g *group) clear(i int) {
	g.letter[i], g.upper[i], g.digit[i], g.two[i], g.cont[i] = 0, 0, 0, 0, 0
	g.space[i], g.plus[i], g.escape[i], g.zero[i], g.dash[i] = 0, 0, 0, 0, 0
}

// dropEscapes takes the ends of escapes such as \n out of the masks: they are no part
// of the word or value that follows. They may start a value nevertheless.
func (s *Scanner) dropEscapes() {
	w := &s.win
	clear(w.tokens)
	for k := range w.groups[:w.chunks/perGroup+1] {
		g := &w.groups[k]
		if m := &g.escape; m[0]|m[1]|m[2]|m[3]|m[4]|m[5]|m[6]|m[7] == 0 {
			continue
		}
		for j, e := range &g.escape {
			for ; e != 0; e &= e - 1 {
				w.dropEscape(w.from + (k*perGroup+j)*chunk + bits.TrailingZeros64(e))
			}
		}
	}
}

// dropEscape is dropEscapes for the one at p.
func (w *window) dropEscape(p int) {
	if p+1 >= w.to || !escapeNext[w.text[p+1]] {
		return
	}
	validate.AfterEscape(w.text, p, func(end int) {
		if end < w.from || end >= w.to || !escaped(w.text, end) {
			return
		}
		i, bit := (end-w.from)/chunk, uint64(1)<<((end-w.from)%chunk)
		g, j := &w.groups[i/perGroup], i%perGroup
		g.letter[j] &^= bit
		g.upper[j] &^= bit
		g.digit[j] &^= bit
		g.zero[j] &^= bit
		w.tokens[i] |= bit
	})
}

// escapeNext has what goes on with an escape: most backslashes stand before quotes.
var escapeNext = func() (t [256]bool) {
	for _, c := range []byte("ntrxuUeE03[IM") {
		t[c] = true
	}
	return t
}()

// lookup looks for the keywords and literals of a key at a word start.
func (s *Scanner) lookup(p int, key uint64) {
	b := s.filter.find(key)
	w := &s.win
	if b == nil || !b.leads(w.text, p) {
		return
	}
	if b.parts != 0 {
		s.parts |= b.parts
		if quoted, name := quotedName(w.text, p); name {
			s.members |= b.parts
		} else if quoted {
			s.members |= b.parts & HeaderParts // "name": "Cookie"
		}
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

// quotedName says whether the word at p is of a text in quotes, and whether that is a name
// with a colon after it, as members have them in JSON.
func quotedName(text []byte, p int) (quoted, name bool) {
	limit := min(len(text), p+maxPartName)
	for p < limit && (isAlnum(text[p]) || text[p] == '_' || text[p] == '-' || text[p] == ' ' || text[p] >= utf8.RuneSelf) {
		p++
	}
	if p >= limit || text[p] != '"' {
		return false, false
	}
	for p++; p < limit && spaceLen(text, p) == 1; {
		p++
	}
	return true, p < len(text) && text[p] == ':'
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

// try is a place where a value that needs no keyword may be: one of a rule, or, with
// none, an IBAN.
type try struct {
	at   int
	rule *rule
}

// tryFree looks for a value that needs no keyword at a place it may start at, or, for
// an address, where its postal code may. Those in a structured document wait for
// findInFields, so that its values are asked for once and in order.
func (s *Scanner) tryFree(r *rule, at int) {
	w := &s.win
	if at < w.lo || at >= w.hi && (r == nil || r != s.set.address) {
		return
	}
	if w.fields == nil {
		s.matchFree(r, at, w.text, 0, nil)
		return
	}
	tries := append(w.tries, try{at, r})
	for i := len(tries) - 1; i > w.early && tries[i].at < tries[i-1].at; i-- {
		tries[i], tries[i-1] = tries[i-1], tries[i]
	}
	w.tries = tries
}

// matchFree keeps the value of a try, if there is one.
func (s *Scanner) matchFree(r *rule, at int, text []byte, off int, names *Names) {
	w := &s.win
	switch {
	case r == nil:
		country, end := validate.IBAN(text, at-off)
		if end < 0 {
			return
		}
		if r = s.set.iban[country]; r != nil {
			w.pushFree(r, at, end+off)
		}
	case r == s.set.address:
		from, to := addressAt(text, at-off)
		if from < 0 || from+off < w.lo || from+off >= w.hi {
			return
		}
		w.pushFree(r, from+off, to+off)
	default:
		if names != nil && (r.absent && names.managed.has(r.id) || r == s.set.name && names.noPerson(text)) {
			return
		}
		end := r.free(text, at-off)
		if end < 0 || r.absent && w.fields != nil && s.nearAny(r.id, at, end+off) {
			return
		}
		w.pushFree(r, at, end+off)
	}
}

// pushFree keeps the list in order of starts; it arrives nearly so.
func (w *window) pushFree(r *rule, start, end int) {
	w.free = append(w.free, candidate{})
	c := &w.free[len(w.free)-1]
	c.start, c.end, c.id, c.weight, c.reach = start, end, int32(r.id), r.freeWeight(), noKeyword
	for i := len(w.free) - 1; i > 0 && before(&w.free[i], &w.free[i-1]); i-- {
		w.free[i], w.free[i-1] = w.free[i-1], w.free[i]
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

// findInFields evaluates the values of a structured document that hold a digit or a place
// to try. It asks for each once, in order, and looks at them afterwards: first at the
// places to try, then at what stands under names or near keywords.
func (s *Scanner) findInFields() {
	w := &s.win
	limit := min(w.to, w.hi+s.set.maxNear)
	w.mergeTries()
	s.listFields(limit)
	s.tryListed()
	h := 0
	for i := range w.listed {
		f := &w.listed[i]
		if !f.digit {
			continue
		}
		for h < len(w.hits) && w.hits[h].start < f.Lo {
			h++
		}
		j := h
		for j < len(w.hits) && w.hits[j].end <= f.Hi {
			j++
		}
		switch {
		case !f.Names.silent() && j == h:
			s.findNamed(w.text[f.Lo:f.Hi], f.Lo, max(f.Lo, w.lo), min(f.Hi, w.hi), f.Names)
		case j > h:
			s.findAround(w.text[f.Lo:f.Hi], f.Lo, w.hits[h:j], max(f.Lo, w.lo), min(f.Hi, w.hi), f.Names)
		}
	}
}

// listed is a value of the window.
type listed struct {
	Field
	digit bool // one is in it and in the window, and names or a keyword
}

// wholeNumber is the length of a value without the fraction that programs write to numbers which they keep as floating
// point: 543185906.0 under a name is 543185906. Few digits are left as they are, they may be a measure.
func wholeNumber(value []byte) int {
	n := len(value)
	for n > 0 && value[n-1] == '0' {
		n--
	}
	if n == len(value) || n < 8 || value[n-1] != '.' {
		return len(value)
	}
	for _, c := range value[:n-1] {
		if !isDigit(c) {
			return len(value)
		}
	}
	return n - 1
}

// mergeTries brings those of findWords in order with the others.
func (w *window) mergeTries() {
	a, b := w.tries[:w.early], w.tries[w.early:]
	if len(b) == 0 {
		return
	}
	out := w.merged[:0]
	for len(a) > 0 && len(b) > 0 {
		if a[0].at <= b[0].at {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	out = append(append(out, a...), b...)
	w.tries, w.merged = out, w.tries
}

// listFields lists the values with a place to try, and those with a digit before limit
// that have a keyword in them or names.
func (s *Scanner) listFields(limit int) {
	w, h := &s.win, 0
	w.listed = w.listed[:0]
	tries, end := w.tries, len(w.text)
	next := end // the next try
	if len(tries) > 0 {
		next = tries[0].at
	}
	silences, _ := w.fields.(SilentFields)
	p := w.lo              // the values before it are done with
	ask, known := p, false // the next value to ask for that has a digit, once it is known
	for first := true; ; first = false {
		if !known && silences != nil && !first { // the first value may have begun before
			if p, known = s.passSilence(silences, p, min(limit, next+1), &h); known {
				ask = p
			}
		}
		if !known && p <= next { // else what follows is told when it is its turn
			if ask, known = w.from+nextBit(w.digits, p-w.from, limit-w.from), true; ask >= limit {
				ask = end // no digit is left
			}
			if silences != nil && !first {
				// The silence may have ended inside a value that has its digit before p and
				// its keyword behind.
				for h < len(w.hits) && w.hits[h].start < p {
					h++
				}
				if h < len(w.hits) {
					ask = min(ask, w.hits[h].start)
				}
			}
		}
		at := next
		if known {
			at = min(ask, next)
		}
		if at == end {
			return
		}
		f, ok := w.fields.Field(at)
		if !ok || at < f.Lo || at >= f.Hi {
			f.Hi, ok = at+1, false
		}
		digit := known && ask < f.Hi
		if digit {
			p, known = f.Hi, false
			if f.Names.silent() { // as in most tables
				for h < len(w.hits) && w.hits[h].start < f.Lo {
					h++
				}
				digit = h < len(w.hits) && w.hits[h].end <= f.Hi
			}
		}
		if ok && (digit || next < f.Hi) {
			whole := f
			if !f.Names.silent() {
				whole.Hi = f.Lo + wholeNumber(w.text[f.Lo:f.Hi])
			}
			w.listed = append(w.listed, listed{whole, digit})
		}
		for next < f.Hi {
			if tries = tries[1:]; len(tries) == 0 {
				next = end
				break
			}
			next = tries[0].at
		}
	}
}

// passSilence goes over values whose names say nothing and that hold no keyword, from p
// on and while that is before stop. It returns where it came to, and whether a keyword is
// there; h counts those behind.
func (s *Scanner) passSilence(silences SilentFields, p, stop int, h *int) (at int, keyword bool) {
	w := &s.win
	for p < stop {
		silent := silences.Silent(p)
		if silent <= p {
			break // names may say something, or nobody can tell
		}
		for *h < len(w.hits) && w.hits[*h].start < p {
			*h++
		}
		if *h < len(w.hits) && w.hits[*h].start < silent {
			return w.hits[*h].start, true
		}
		p = silent
	}
	return p, false
}

// tryListed makes the tries in the values that are listed.
func (s *Scanner) tryListed() {
	w := &s.win
	list := w.listed
	for _, t := range w.tries {
		for len(list) > 0 && list[0].Hi <= t.at {
			list = list[1:]
		}
		if len(list) == 0 {
			return
		}
		if f := &list[0]; f.Lo <= t.at {
			w.field, w.hasField = f.Field, true
			s.matchFree(t.rule, t.at, w.text[f.Lo:f.Hi], f.Lo, f.Names)
		}
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
	signs := all[0]&set.signs[0]|all[1]&set.signs[1]|all[2]&set.signs[2] != 0
	reach := signReach
	if all[0]&set.accented[0]|all[1]&set.accented[1]|all[2]&set.accented[2] != 0 {
		reach = accentReach
	}
	anywhere := all[0]&set.anywhere[0]|all[1]&set.anywhere[1]|all[2]&set.anywhere[2] != 0
	widest := 4*maxReach + set.maxNear
	lead := 0
	for k, word := range all {
		for ; word != 0; word &= word - 1 {
			lead = max(lead, set.rules[k<<6+bits.TrailingZeros64(word)].lead)
		}
	}
	digit, token := -1, -1
	for t := lo; t < hi; t++ {
		// A value holds a digit: skip to where one is in reach.
		if digit < t {
			if digit = w.from + nextBit(w.digits, t-w.from, limit-w.from); digit >= limit {
				return
			}
			t = max(t, digit-lead)
		}
		// It starts with a letter or digit that another one does not precede, or, a few
		// kinds, with signs before those or anywhere.
		if token < t {
			token = w.from + nextBit(w.tokens, t-w.from, min(hi+reach, w.to)-w.from)
		}
		switch {
		case t == token || t == off:
		case anywhere:
			if isAlnum(w.text[t]) {
				continue
			}
		case signs:
			if t < token-reach {
				if t = token - reach; digit < t {
					t--
					continue
				}
			}
			if t >= hi {
				return
			}
			if isAlnum(w.text[t]) {
				continue
			}
		default:
			if t = token; t >= hi {
				return
			}
			if digit < t {
				t--
				continue
			}
		}
		if t >= hi {
			return
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
		set.keepStarting(&active, text[t-off:])
		if p := &set.phoneIDs; active[0]&p[0]|active[1]&p[1]|active[2]&p[2] != 0 {
			set.phonesAt(&active, text[t-off:])
		}
		for k, word := range active {
			for ; word != 0; word &= word - 1 {
				r := set.rules[k<<6+bits.TrailingZeros64(word)]
				if digit-t >= r.lead {
					continue
				}
				end := s.nearEnd(r, text, off, t)
				if end <= digit {
					continue
				}
				v := nearValue{id: r.id, start: t, end: end, text: text, off: off, weak: r.weak && plainValue(w.text[t:end])}
				if far := s.reach(&v, hits, names); far != noKeyword {
					w.near = append(w.near, candidate{
						start: t, end: end, id: int32(r.id), weight: r.weight, reach: far,
						label: s.labelled(&v, hits, names),
					})
				}
			}
		}
	}
}

// nearEnd returns the end of a rule's value near a keyword at t, or -1. Calls come in
// ascending order of t.
func (s *Scanner) nearEnd(r *rule, text []byte, off, t int) int {
	if !r.shared {
		if end := r.near(text, t-off); end >= 0 {
			return end + off
		}
		return -1
	}
	w := &s.win
	for w.freeAt < len(w.free) && w.free[w.freeAt].start < t {
		w.freeAt++
	}
	end := -1
	for i := w.freeAt; i < len(w.free) && w.free[i].start == t; i++ {
		if w.free[i].id == int32(r.id) {
			end = w.free[i].end
		}
	}
	if r.local != nil {
		if e := r.local(text, t-off); e >= 0 {
			end = max(end, e+off)
		}
	}
	return end
}

// phonesAt drops the phone numbers that cannot start at t: all when there are fewer
// digits than the shortest has, or something between them that cannot be in one; those
// that have more digits; and those in national form that start with another digit.
func (s *Set) phonesAt(ids *idSet, text []byte) {
	digits, first, abroad := phoneDigits(text)
	for i, all := range s.phoneIDs {
		left := s.phoneDigits[digits][i]
		if !abroad {
			left &= s.phoneStart[first][i]
		}
		ids[i] &^= all &^ left
	}
}

// phoneKey numbers the digits that a text starts with: the first two, or, from phoneAlone
// on, the only one.
func phoneKey(text []byte) int {
	if len(text) > 1 && isDigit(text[1]) {
		return int(text[0]-'0')*10 + int(text[1]-'0')
	}
	return phoneAlone + int(text[0]-'0')
}

const (
	phoneAlone  = 100
	phoneStarts = phoneAlone + 10
)

// maxPhoneText is how far the digits of a phone number may reach, and then some.
const maxPhoneText = 40

// phoneDigits reads what a phone number may start with: how many digits there are
// before what cannot be in one, the key of the first, and whether a country code is.
func phoneDigits(text []byte) (digits int, first int, abroad bool) {
	for i, c := range text[:min(len(text), maxPhoneText)] {
		kind := phoneText[c]
		if kind == 0 || c == '+' && digits > 0 {
			break
		}
		if digits <= 1 {
			switch {
			case c == '+' || digits == 1 && c == '0' && (first == 0 || first == phoneAlone):
				abroad = true
			case digits == 0 && isDigit(c):
				first = phoneKey(text[i:])
			}
		}
		digits += int(kind & 1)
	}
	return digits, first, abroad
}

// phoneText has what can be in a phone number: 1 for a digit, 2 for what stands between
// them.
var phoneText = func() (t [256]uint8) {
	for c := range t {
		switch {
		case isDigit(byte(c)):
			t[c] = 1
		case c >= utf8.RuneSelf || strings.IndexByte("+ -./()", byte(c)) >= 0:
			t[c] = 2
		}
	}
	return t
}()

// keepStarting drops the identifiers whose values near a keyword cannot start with
// the first byte of the text, or with as many digits or letters.
func (s *Set) keepStarting(ids *idSet, text []byte) {
	ids.intersect(&s.first[text[0]])
	if ids.empty() {
		return
	}
	runs, same := &s.digitRuns, isDigit
	if isASCIILetter(text[0]) {
		runs, same = &s.letterRuns, isASCIILetter
	} else if !isDigit(text[0]) {
		return
	}
	n := 1
	for n < min(len(text), validate.MaxRun) && same(text[n]) {
		n++
	}
	ids.intersect(&runs[n])
}

func isAlnum(c byte) bool { return isDigit(c) || isASCIILetter(c) }

// nearValue is a value that may have keywords near it.
type nearValue struct {
	id, start, end int
	text           []byte // the unit it is in, which begins at off
	off            int
	weak           bool // only keywords count that end the name they stand in
}

// counts says whether a keyword does for the value.
func (v *nearValue) counts(h *hit) bool {
	return !v.weak || lastWord(v.text, h.start-v.off, h.end-v.off, false)
}

// reach returns how near the nearest keyword of a value's identifier is, in characters, 0
// for one among its names, or noKeyword.
func (s *Scanner) reach(v *nearValue, hits []hit, names *Names) uint8 {
	id, start, end := v.id, v.start, v.end
	if names.leads(id, v.weak) {
		return 0
	}
	best := noKeyword
	for i := range hits {
		h := &hits[i]
		if h.start > end+utf8.UTFMax*maxReach {
			break // and so are all after it
		}
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
		if n := utf8.RuneCount(gap); n <= maxReach && n < best && v.counts(h) {
			best = n
		}
	}
	return uint8(best)
}

// nearAny says whether a keyword of the identifier is near a value, wherever the hits
// are: for values that are found without one.
func (s *Scanner) nearAny(id, start, end int) bool {
	w := &s.win
	_, off, names := w.unit(start)
	lo, hi := 0, len(w.text)
	if w.fields != nil {
		lo, hi = off, w.field.Hi
	}
	if names != nil && names.managed.has(id) {
		return true
	}
	first, _ := slices.BinarySearchFunc(w.hits, max(lo, start-4*maxReach-maxKeyword), func(h hit, p int) int { return h.start - p })
	last := first
	for last < len(w.hits) && w.hits[last].start <= end+4*maxReach && w.hits[last].end <= hi {
		last++
	}
	return s.reach(&nearValue{id: id, start: start, end: end}, w.hits[first:last], nil) != noKeyword
}
