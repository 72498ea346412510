package detect

// candidate is a value that was found and may yet lose to another one.
type candidate struct {
	start, end int
	furthest   int // the furthest end up to this one in Scanner.kept
	id         int
	weight     uint8 // evidence of the value itself
	reach      uint8 // characters to the nearest keyword; noKeyword when there is none
}

const noKeyword = 255

// Weights of evidence.
const (
	weightWords   = iota // words and place names, numbering plans
	weightFormat         // a keyword and a format
	weightChecked        // a keyword and a check digit; a card number
	weightProof          // the value proves itself
)

// freeWeight is the evidence of a value that has no keyword near.
func (r *rule) freeWeight() uint8 {
	switch {
	case r.strong:
		return weightProof
	case r.absent:
		return weightChecked
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
//  2. The longer one beats the shorter: a postcode inside an address, a serial
//     number inside a licence.
//
// What is left has the same extent and the same kind of evidence: then the text
// does fit both, and both are reported.
func beats(a, b *candidate) bool {
	if a.weight != b.weight {
		return a.weight > b.weight
	}
	return a.end-a.start > b.end-b.start
}
