package detect

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"magpie/internal/detect/managed"
	"magpie/internal/detect/validate"
)

// Why says why a candidate is not reported.
type Why uint8

const (
	// WhyKeyword: no keyword of the identifier is near enough.
	WhyKeyword Why = iota + 1
	// WhyPart: the nearest keyword is a part of a longer name, which names something else.
	WhyPart
	// WhyCheck: it is written as a value is, but is none: a check digit, a range or a date
	// is wrong.
	WhyCheck
	// WhyTest: it is a number that is published for tests or as an example.
	WhyTest
	// WhyAllowed: an allow list holds it.
	WhyAllowed
	// WhyIgnored: it holds an ignore word of the custom identifier.
	WhyIgnored
	// WhyNotAsked: the identifier is not looked for.
	WhyNotAsked

	lastWhy = WhyNotAsked
)

// Valid says whether w is one of the reasons.
func (w Why) Valid() bool { return w > 0 && w <= lastWhy }

// Missed is a candidate that is not reported.
type Missed struct {
	Start, End int
	Managed    *managed.Identifier // what it might be; nil for a custom identifier
	Custom     *Custom
	Why        Why
	// Distance is how far the nearest keyword is, in characters, for WhyKeyword; -1 where
	// there is none in what counts as near at all.
	Distance int
}

// Explainer says of a text what is not reported, and why: what the looks of a value speak
// for and something else against. It does everything the slow way, and is not safe for
// concurrent use.
type Explainer struct {
	set     *Set
	bare    *Scanner // custom identifiers without keywords and ignore words; nothing is allowed
	judge   *Scanner // of the set, for what its lists allow
	customs []*Custom
	rest    *Set // the managed identifiers that are not looked for
	others  *Scanner
}

const (
	// explainReach is how far a keyword may be and still be told of as too far, in bytes.
	explainReach = 1 << 10
	// shortValue is what is told of only where a keyword is in that reach: two digits may
	// be anything.
	shortValue = 6
)

// NewExplainer returns an explainer of what the set reports.
func (s *Set) NewExplainer() *Explainer {
	e := &Explainer{set: s.ready(), judge: s.NewScanner()}
	asked := map[string]bool{}
	var ids, others []string
	for _, id := range s.ids[:s.managed] {
		asked[id.ID] = true
		ids = append(ids, id.ID)
	}
	for _, id := range managed.IDs() {
		if !asked[id] {
			others = append(others, id)
		}
	}
	for _, id := range s.ids[s.managed:] {
		bare := *id.Custom
		bare.config.Keywords, bare.config.IgnoreWords, bare.ignore, bare.trie, bare.odd = nil, nil, nil, nil, false
		e.customs = append(e.customs, &bare)
	}
	e.bare = mustCompile(Config{Managed: ids, Custom: e.customs}).NewScanner()
	if len(others) > 0 {
		e.rest = mustCompile(Config{Managed: others})
		e.others = e.rest.NewScanner()
	}
	return e
}

// mustCompile compiles what has been compiled before, or is of package managed.
func mustCompile(c Config) *Set {
	s, err := Compile(c)
	if err != nil {
		panic(err)
	}
	return s
}

// Explain yields what starts in the block and is not reported, in order of starts, until
// yield returns false. reported is what the set's own scanner has found in the block. Where
// that is of a structured document, fields gives its values, with names that a set has
// compiled; else it is nil.
func (e *Explainer) Explain(b *Block, fields func(*Set) Fields, reported []Match, yield func(Missed) bool) {
	x := &explanation{e: e, b: b, reported: reported}
	with := func(s *Set) *Block {
		own := *b
		if fields != nil {
			own.Fields = fields(s)
		}
		return &own
	}
	e.bare.Scan(with(e.bare.set), x.unlisted)
	if e.others != nil {
		e.others.Scan(with(e.rest), func(m Match) {
			if !x.isReported(m.Start, m.End, -1) {
				x.add(Missed{Start: m.Start, End: m.End, Managed: e.rest.ids[m.Identifier].Managed, Why: WhyNotAsked})
			}
		})
	}
	x.b = with(e.set)
	x.findHits()
	for t := b.Lo; t < b.Hi && !x.late(1); t++ {
		if c := b.Text[t]; !isAlnum(c) || t == 0 || !isAlnum(b.Text[t-1]) {
			x.at(t)
		}
	}
	x.tidy()
	for _, m := range x.missed {
		if !yield(m) {
			return
		}
	}
}

// explanation is one call of Explain.
type explanation struct {
	e        *Explainer
	b        *Block
	reported []Match
	hits     []hit
	missed   []Missed
	unit     Field
	hasUnit  bool
	isLate   bool
}

// mostCandidates is how many of them are kept: thousands, where whoever asks shows a thousand.
const mostCandidates = 16 << 10

// late counts work, and says whether there is no more time.
func (x *explanation) late(steps int) bool {
	x.isLate = x.isLate || x.b.Late != nil && x.b.Late(int64(steps))
	return x.isLate
}

// add keeps a candidate, unless there are thousands that are not parts of one another.
func (x *explanation) add(m Missed) {
	if len(x.missed) == mostCandidates {
		x.late(64 * mostCandidates)
		x.tidy()
	}
	if len(x.missed) < mostCandidates {
		x.missed = append(x.missed, m)
	}
}

// isReported says whether something that is reported overlaps text[start:end]: of one
// identifier, or, with -1, of any.
func (x *explanation) isReported(start, end, id int) bool {
	if x.late(len(x.reported)) {
		return true
	}
	return slices.ContainsFunc(x.reported, func(m Match) bool {
		return m.Start < end && m.End > start && (id < 0 || m.Identifier == id)
	})
}

// unlisted takes what the identifiers find without lists and words that hold it back.
func (x *explanation) unlisted(m Match) {
	set := x.e.set
	if x.isReported(m.Start, m.End, m.Identifier) {
		return
	}
	text := x.b.Text[m.Start:m.End]
	id := &set.ids[m.Identifier]
	out := Missed{Start: m.Start, End: m.End, Managed: id.Managed, Custom: id.Custom}
	switch {
	case x.e.judge.Allows(text, x.b.Late):
		out.Why = WhyAllowed
	case id.Custom == nil:
		return // what else there is, another match has more evidence for
	case id.Custom.ignored(text):
		out.Why = WhyIgnored
	case len(id.Custom.config.Keywords) > 0:
		out.Why, out.Distance = WhyKeyword, x.customDistance(id.Custom, m.Start, m.End)
	default:
		return
	}
	x.add(out)
}

// customDistance is how far before the end of a match the nearest keyword of a custom
// identifier ends.
func (x *explanation) customDistance(c *Custom, start, end int) int {
	lo := max(0, start-explainReach)
	if f, ok := x.field(start); ok {
		lo = max(lo, f.Lo)
	} else if x.b.Fields != nil {
		return -1
	}
	best := -1
	x.late(start - lo)
	for p := lo; p < start; p++ {
		if !wordStart(x.b.Text, p) {
			continue
		}
		c.trie.matchExact(x.b.Text, p, func(stop, _ int) {
			if n := utf8.RuneCount(x.b.Text[min(stop, end):end]); stop <= start && (best < 0 || n < best) {
				best = n
			}
		})
	}
	return best
}

// field is the value of a structured document at p.
func (x *explanation) field(p int) (Field, bool) {
	if x.b.Fields == nil {
		return Field{}, false
	}
	if !x.hasUnit || p < x.unit.Lo || p >= x.unit.Hi {
		if x.unit, x.hasUnit = x.b.Fields.Field(p); !x.hasUnit || p < x.unit.Lo || p >= x.unit.Hi {
			x.hasUnit = false
			return Field{}, false
		}
	}
	return x.unit, true
}

// findHits lists every keyword in and around the block.
func (x *explanation) findHits() {
	text := x.b.Text
	for p := max(0, x.b.Lo-explainReach); p < min(len(text), x.b.Hi+explainReach) && !x.late(4); p++ {
		if wordStart(text, p) {
			x.e.set.keywords.trie.match(text, p, false, func(end, k int) {
				x.hits = append(x.hits, hit{start: p, end: end, keyword: k})
			})
		}
	}
}

// at looks at what may start at a place.
func (x *explanation) at(t int) {
	set, text, off := x.e.set, x.b.Text, 0
	var names *Names
	if x.b.Fields != nil {
		f, ok := x.field(t)
		if !ok {
			return
		}
		text, off, names = text[f.Lo:f.Hi], f.Lo, f.Names
	}
	x.late(4 * len(set.rules))
	for _, r := range set.rules {
		match, first := r.near, &r.nearFirst
		if match == nil {
			match, first = r.free, &r.freeFirst
		}
		spec := validate.All[r.info.ID]
		if match == nil || r == set.name || r == set.address || spec == nil || !first.Has(x.b.Text[t]) {
			continue
		}
		end := match(text, t-off)
		if end >= 0 {
			if r.near != nil {
				x.near(r, names, text, off, t, end+off)
			}
			continue
		}
		if spec.Format == nil {
			continue
		}
		if end = spec.Format(text, t-off); end >= 0 {
			x.looks(r, names, text, off, t, end+off)
		}
	}
}

// near judges what is a value near a keyword.
func (x *explanation) near(r *rule, names *Names, text []byte, off, start, end int) {
	if !slices.ContainsFunc(x.b.Text[start:end], isDigit) || x.isReported(start, end, -1) {
		return
	}
	value := &nearValue{id: r.id, start: start, end: end, text: text, off: off, weak: r.weak && plainValue(x.b.Text[start:end])}
	distance, part := x.distance(value, names)
	switch {
	case part:
		x.add(Missed{Start: start, End: end, Managed: r.info, Why: WhyPart})
	case distance >= 0 && distance <= maxReach: // another match has more evidence
	case distance < 0 && end-start < shortValue:
	default:
		x.add(Missed{Start: start, End: end, Managed: r.info, Why: WhyKeyword, Distance: distance})
	}
}

// looks judges what only looks like a value.
func (x *explanation) looks(r *rule, names *Names, text []byte, off, start, end int) {
	if !slices.ContainsFunc(x.b.Text[start:end], isDigit) || x.isReported(start, end, -1) {
		return
	}
	value := &nearValue{id: r.id, start: start, end: end, text: text, off: off}
	distance, _ := x.distance(value, names)
	if r.near != nil && r.free == nil && (distance < 0 || distance > maxReach) {
		return // two things are against it
	}
	if r.absent && distance >= 0 && distance <= maxReach {
		return // then it is the other card's
	}
	out := Missed{Start: start, End: end, Managed: r.info, Why: WhyCheck}
	if isExample(r.info, x.b.Text[start:end]) {
		out.Why = WhyTest
	}
	x.add(out)
}

// isExample says whether a value is one that Macie documents as not reported.
func isExample(m *managed.Identifier, value []byte) bool {
	if (m.ID == idCard || m.ID == idCardNoKeyword) && validate.CardTest(value) {
		return true
	}
	plain := alnums(value)
	return slices.ContainsFunc(m.NotReported, func(s string) bool { return bytes.EqualFold(alnums([]byte(s)), plain) })
}

// alnums are the letters and digits of a text.
func alnums(text []byte) (out []byte) {
	for _, c := range text {
		if isAlnum(c) {
			out = append(out, c)
		}
	}
	return out
}

// distance is how far the nearest keyword of an identifier is from a value, in characters;
// 0 for one among its names, -1 for none. part says that the only near one does not count,
// being a part of a longer name.
func (x *explanation) distance(v *nearValue, names *Names) (distance int, part bool) {
	if names.leads(v.id, v.weak) {
		return 0, false
	}
	part = names.leads(v.id, false)
	lo, hi := 0, len(x.b.Text)
	if x.b.Fields != nil {
		lo, hi = v.off, v.off+len(v.text)
	}
	distance = -1
	x.late(len(x.hits))
	for i := range x.hits {
		h := &x.hits[i]
		if h.start < lo || h.end > hi || h.start > v.end+explainReach || h.end < v.start-explainReach || !x.e.set.keywords.owners[h.keyword].has(v.id) {
			continue
		}
		var gap []byte
		switch {
		case h.end <= v.start:
			gap = x.b.Text[h.end:v.start]
		case h.start >= v.end:
			gap = x.b.Text[v.end:h.start]
		default:
			continue
		}
		n := utf8.RuneCount(gap)
		if !v.counts(h) {
			part = part || n <= maxReach
			continue
		}
		if distance < 0 || n < distance {
			distance = n
		}
	}
	return distance, part && (distance < 0 || distance > maxReach)
}

// tidy puts what was found in order. Of what has the same reason, it drops what is a part
// of something longer, and of one identifier what overlaps an earlier one.
func (x *explanation) tidy() {
	slices.SortStableFunc(x.missed, func(a, b Missed) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	told := map[[2]int]bool{} // texts of which there is more to say than that a keyword is missing
	for _, m := range x.missed {
		if m.Why != WhyKeyword || m.Distance >= 0 {
			told[[2]int{m.Start, m.End}] = true
		}
	}
	var out []Missed
	for _, m := range x.missed {
		drop := m.Why == WhyKeyword && m.Distance < 0 && told[[2]int{m.Start, m.End}]
		for i := len(out) - 1; i >= 0 && i >= len(out)-64 && !drop; i-- {
			o := &out[i]
			same := o.Managed == m.Managed && o.Custom == m.Custom
			inside := o.Start <= m.Start && m.End <= o.End && (o.End-o.Start > m.End-m.Start)
			drop = same && o.End > m.Start || inside && (o.Why == m.Why || m.Why == WhyKeyword)
		}
		if !drop {
			out = append(out, m)
		}
	}
	x.missed = out
}
