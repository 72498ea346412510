// Package casegen makes up values of the managed data identifiers for tests and
// for the accuracy table: valid ones, and ones with a single wrong digit. It is
// written from the published formats alone and shares no code with package
// validate, so that the two check each other; only tests import it.
//
// The same seed gives the same values. Values vary in what the formats leave open:
// separators, older and newer forms, provinces and states.
//
// Start reading at [Valid]; number.go has the arithmetic, the other files the
// formats by family.
package casegen
