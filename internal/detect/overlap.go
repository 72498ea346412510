package detect

// candidate is a value that was found and may yet lose to another one.
type candidate struct {
	start, end int
	id         int
	weight     uint8 // evidence of the value itself
	reach      uint8 // distance of the nearest keyword, noKeyword when it needs none
}

const noKeyword = 255

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
