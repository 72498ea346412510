package validate

import (
	"strconv"
	"strings"
)

// A pattern is a format in a notation small enough to read at a glance:
//
//	9        a digit
//	@        a letter
//	*        a letter or digit
//	{n} {n,m}  repetition of the one before, greedy
//	_        an optional separator, space or hyphen; all of a value's optional
//	         separators are there and the same, or none is
//	~        an optional space
//	other    itself; letters in either case; a space or hyphen is whatever [sepAt]
//	         takes for one
//
// A hyphen before the last one or two characters, which are a check, may have spaces
// around it: 900.123.456 - 7.
//
// Matching is greedy without backtracking: after a repetition must come something
// the repetition does not accept.
type pattern struct {
	ops      []op
	min, max int
	// lead bounds the run of digits, or of letters, that the pattern starts with:
	// most patterns of a rule are refused by it.
	lead             uint8 // clsDigit, clsLetter or 0
	leadMin, leadMax int
	layouts          []layout // nil where they do not tell all, see lay
	spaced           int      // the step whose hyphen may have spaces around it; -1 for none
}

type op struct {
	kind     byte // one of 9 @ * _ ~ or the literal, upper case
	min, max uint8
}

// compile turns the notation into steps. A mistake in it is a mistake in this
// package's tables, found by any test, so it panics.
func compile(s string) pattern {
	var p pattern
	for i := 0; i < len(s); i++ {
		o := op{kind: upper(s[i]), min: 1, max: 1}
		if o.kind == '_' || o.kind == '~' {
			o.min = 0
		}
		if i+1 < len(s) && s[i+1] == '{' {
			end := i + 1 + strings.IndexByte(s[i+1:], '}')
			from, to, varies := strings.Cut(s[i+2:max(end, i+2)], ",")
			if !varies {
				to = from
			}
			lo, err := strconv.ParseUint(from, 10, 8)
			hi, err2 := strconv.ParseUint(to, 10, 8)
			if err != nil || err2 != nil {
				panic("validate: bad repetition in " + s)
			}
			o.min, o.max = uint8(lo), uint8(hi)
			i = end
		}
		p.ops = append(p.ops, o)
		p.min += int(o.min)
		if p.max += int(o.max); o.separator() {
			p.max += maxSep - 1
		}
	}
	p.findSpaced()
	p.findLead()
	p.layouts = p.lay()
	return p
}

// findSpaced computes spaced.
func (p *pattern) findSpaced() {
	p.spaced = -1
	check := 0
	for k := len(p.ops) - 1; k > 0; k-- {
		switch o := &p.ops[k]; {
		case o.kind == '-' || o.kind == '_':
			if check >= 1 && check <= 2 {
				p.spaced = k
				p.max += len("  ")
			}
			return
		case o.separator() || o.min != o.max || o.kind != '9' && o.kind != '@' && o.kind != '*' && !isLetter(o.kind):
			return
		default:
			check += int(o.max)
		}
	}
}

// spacedHyphen returns the end of a hyphen between two spaces at i, or -1.
func spacedHyphen(text []byte, i int) int {
	if at(text, i) != ' ' {
		return -1
	}
	if c, n := sepAt(text, i+1); c == '-' && at(text, i+1+n) == ' ' {
		return i + n + len("  ")
	}
	return -1
}

// separator says whether the step is a space or hyphen, optional or not.
func (o *op) separator() bool {
	return o.kind == '_' || o.kind == '~' || o.kind == ' ' || o.kind == '-'
}

// findLead computes lead, leadMin and leadMax.
func (p *pattern) findLead() {
	kind := p.ops[0].kind
	switch kind {
	case '9':
		p.lead = clsDigit
	case '@':
		p.lead = clsLetter
	default:
		return
	}
	exact := true // no optional separator yet
	for _, o := range p.ops {
		switch {
		case o.kind == kind:
			if exact {
				p.leadMin += int(o.min)
			}
			p.leadMax += int(o.max)
			continue
		case o.kind == '_' || o.kind == '~':
			exact = false
			continue
		case o.kind == '*' || class[o.kind]&p.lead != 0:
			p.leadMax = p.max // it can prolong the run
		}
		return
	}
}

// first adds the bytes the pattern can start with.
func (p *pattern) first(set *ByteSet) {
	switch k := p.ops[0].kind; k {
	case '9':
		set.addRange('0', '9')
	case '@':
		set.addRange('A', 'Z')
		set.addRange('a', 'z')
	case '*':
		set.addRange('0', '9')
		set.addRange('A', 'Z')
		set.addRange('a', 'z')
	default:
		set.add(k)
		if isLetter(k) {
			set.add(k | 0x20)
		}
	}
}

// match returns the end of the pattern at start, or -1, without looking at the
// boundaries. When v is not nil it receives the letters and digits.
func (p *pattern) match(text []byte, start int, v *value) int {
	i := start
	var sep byte // 0 not seen yet, 1 absent, or the separator in use
	var cases uint8
	n := 0
	for k := range p.ops {
		o := &p.ops[k]
		if k == p.spaced && at(text, i) == ' ' {
			if end := spacedHyphen(text, i); end >= 0 {
				i = end
				continue
			}
		}
		switch o.kind {
		case '_':
			c, n := sepAt(text, i)
			switch {
			case sep == 0 && n > 0:
				sep = c
				i += n
			case sep == 0:
				sep = 1
			case sep != 1:
				if c != sep {
					return -1
				}
				i += n
			}
			continue
		case '~':
			if c, n := sepAt(text, i); c == ' ' {
				i += n
			}
			continue
		case ' ', '-':
			c, n := sepAt(text, i)
			if c != o.kind {
				return -1
			}
			i += n
			continue
		}
		var want uint8
		switch o.kind {
		case '9':
			want = clsDigit
		case '@':
			want = clsLetter
		case '*':
			want = clsAlnum
		}
		r := uint8(0)
		for r < o.max && i < len(text) {
			c := text[i]
			if want != 0 {
				if class[c]&want == 0 {
					break
				}
			} else if upper(c) != o.kind {
				break
			}
			cases |= class[c] & clsLetter
			if class[c]&clsAlnum != 0 {
				if v != nil && n < maxValue {
					v.b[n] = upper(c)
				}
				n++
			}
			i++
			r++
		}
		if r < o.min {
			return -1
		}
	}
	if cases == clsLetter { // both cases in one value
		return -1
	}
	if v != nil {
		v.n = n
	}
	return i
}

// runs returns the lengths of the run of digits, and of letters, that the pattern
// can start with.
func (p *pattern) runs() (digit, letter Runs) {
	walk := func(cls uint8) (r Runs) {
		lo, hi := 0, 0
		sure := true // no separator of the kind that is there throughout or nowhere
		for _, o := range p.ops {
			same := o.kind == '9' && cls == clsDigit || o.kind == '@' && cls == clsLetter || class[o.kind]&cls != 0 && o.kind != '9' && o.kind != '@'
			switch {
			case same:
				lo, hi = lo+int(o.min), hi+int(o.max)
			case o.kind == '*': // digits and letters in any mixture
				return r | runs(lo, p.max)
			case o.kind == '_' && sure, o.kind == '~':
				r |= runs(lo, hi)
				sure = sure && o.kind != '_'
			case o.kind == '_':
			default:
				return r | runs(lo, hi)
			}
		}
		return r | runs(lo, hi)
	}
	return walk(clsDigit) &^ 1, walk(clsLetter) &^ 1
}

// A rule is a set of patterns and an optional further check of the letters and
// digits. It becomes the fields of a Spec.
type rule struct {
	patterns []pattern
	check    func(value) bool
	leadMax  int // the greatest of the patterns'
	// capitals refuses letters before a space that may be a word of the sentence,
	// see isWord.
	capitals bool
}

// patterns makes a rule; check may be nil.
func patterns(check func(value) bool, formats ...string) *rule {
	r := &rule{check: check}
	for _, f := range formats {
		p := compile(f)
		r.patterns = append(r.patterns, p)
		r.leadMax = max(r.leadMax, p.leadMax)
	}
	return r
}

// inCapitals makes the rule refuse words in front of a number.
func (r *rule) inCapitals() *rule {
	r.capitals = true
	return r
}

// smallWords are words of two and three letters that precede numbers; in a text in
// capitals they look like the letters of a document's number.
const smallWords = " ID IS NO NR NUM REF "

// isWord says whether the letters at start, with a space and a digit after them,
// are a word rather than part of a number: "no 123456", "is 123456".
func isWord(text []byte, start int) bool {
	var word [5]byte
	word[0] = ' '
	n := 0
	for ; isLetter(at(text, start+n)); n++ {
		c := text[start+n]
		if n == 3 {
			return false
		}
		word[n+1] = upper(c)
		if c != upper(c) && n == 0 { // the letters of a number have one case
			word[0] = 0
		}
	}
	if sep, _ := sepAt(text, start+n); n == 0 || sep != ' ' {
		return false
	}
	if word[0] == 0 {
		return true
	}
	word[n+1] = ' '
	for i := 0; i+n+2 <= len(smallWords); i++ {
		if smallWords[i:i+n+2] == string(word[:n+2]) {
			return true
		}
	}
	return false
}

// match is the rule's Func: the longest pattern with both boundaries that passes
// the check.
func (r *rule) match(text []byte, start int) int {
	best := -1
	if start < 0 || start >= len(text) || !leftOK(text, start, isDigit(text[start])) {
		return -1
	}
	lead := uint8(clsDigit)
	if isLetter(text[start]) {
		if lead = clsLetter; r.capitals && isWord(text, start) {
			return -1
		}
	}
	run := start
	for run < len(text) && run <= start+r.leadMax && class[text[run]]&lead != 0 {
		run++
	}
	run -= start
	for k := range r.patterns {
		p := &r.patterns[k]
		if p.lead != 0 && (p.lead != lead || run < p.leadMin || run > p.leadMax) {
			continue
		}
		best = max(best, r.one(p, text, start, best))
	}
	return best
}

// one matches one of the rule's patterns, where that is longer than the best so far.
func (r *rule) one(p *pattern, text []byte, start, best int) int {
	var v value
	end := p.match(text, start, &v)
	if end <= best || !rightOK(text, end, isDigit(text[end-1])) || r.check != nil && !r.check(v) {
		return -1
	}
	return end
}

// spec fills in what the rule knows of a Spec.
func (r *rule) spec() Spec {
	s := Spec{Func: r.match, Shaped: r.shaped, MinLen: r.patterns[0].min}
	if r.check != nil {
		s.Format = (&rule{patterns: r.patterns, leadMax: r.leadMax, capitals: r.capitals}).match
	}
	for k := range r.patterns {
		p := &r.patterns[k]
		p.first(&s.First)
		digit, letter := p.runs()
		s.DigitRuns |= digit
		s.LetterRuns |= letter
		s.MinLen = min(s.MinLen, p.min)
		s.MaxLen = max(s.MaxLen, p.max)
	}
	return s
}
