package detect

import "unicode/utf8"

// candidate is a value that was found and may yet lose to another one.
type candidate struct {
	start, end int
	furthest   int // the furthest end up to this one in Scanner.kept
	id         int32
	weight     uint8 // evidence of the value itself
	reach      uint8 // characters to the nearest keyword; noKeyword when there is none
	label      bool  // a keyword precedes it with no digit between, as a label does
}

const noKeyword = 255

// Weights of evidence.
const (
	weightWords   = iota // words and place names, numbering plans
	weightFormat         // a keyword and a format; a card number
	weightChecked        // a keyword and a check digit
	weightProof          // the value proves itself
)

// freeWeight is the evidence of a value that has no keyword near.
func (r *rule) freeWeight() uint8 {
	switch {
	case r.strong:
		return weightProof
	case r.absent:
		return weightFormat
	}
	return weightWords
}

// before orders candidates: by start, then identifier; one found near a keyword
// precedes the same found without.
func before(a, b *candidate) bool {
	if a.start != b.start {
		return a.start < b.start
	}
	if a.id != b.id {
		return a.id < b.id
	}
	return a.reach < b.reach
}

// beats says whether a suppresses b where they overlap. Both are matches of
// different managed identifiers. It is a strict partial order, and it looks at the
// two alone, so what it decides does not depend on the order of arrival:
//
//  1. A value that proves itself (an IBAN, a key block, a token with a header that
//     decodes) beats one that does not.
//  2. One that a keyword labels beats one inside it, or of the same extent, that
//     has its keyword after it or before another value: in «Account: 135232784098
//     Licence: B8400142» the first number is no licence.
//  3. A check digit beats a format.
//  4. The longer one beats the shorter: a postcode inside an address, a serial
//     number inside a licence.
//
// What is left has the same extent and the same kind of evidence: then the text
// does fit both, and both are reported.
func beats(a, b *candidate) bool {
	if a.label != b.label && max(a.weight, b.weight) < weightProof {
		outer, inner := a, b
		if b.label {
			outer, inner = b, a
		}
		if outer.start <= inner.start && inner.end <= outer.end {
			return a.label
		}
	}
	if a.weight != b.weight {
		return a.weight > b.weight
	}
	return a.end-a.start > b.end-b.start
}

// labelled says whether a keyword of an identifier labels a value: it is among the
// names of the value's field, or precedes it with no digit between them.
func (s *Scanner) labelled(v *nearValue, hits []hit, names *Names) bool {
	start := v.start
	if names.leads(v.id, v.weak) {
		return true
	}
	for i := range hits {
		h := &hits[i]
		if h.start >= start {
			break
		}
		if h.end <= start && s.set.keywords.owners[h.keyword].has(v.id) && isLabel(s.win.text[h.end:start]) && v.counts(h) {
			return true
		}
	}
	return false
}

// isLabel says whether what stands between a keyword and a value lets the one label
// the other.
func isLabel(gap []byte) bool {
	if len(gap) > utf8.UTFMax*maxReach || utf8.RuneCount(gap) > maxReach {
		return false
	}
	for _, c := range gap {
		if isDigit(c) {
			return false
		}
	}
	return true
}
