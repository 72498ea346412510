// Package detect finds sensitive data in text: the 166 managed data identifiers
// of Amazon Macie, custom data identifiers in Macie's regex subset, and allow
// lists. It is pure: bytes in, matches out; no I/O, no clock, no logs, no globals
// that change. Matched values appear in no error text.
//
// # Use
//
//	set, err := detect.Compile(detect.Config{Managed: managed.Recommended(), Custom: customs, AllowLists: lists})
//	scanner := set.NewScanner()                     // one per goroutine, reused
//	scanner.Scan(&detect.Block{Text: text, Hi: len(text), Start: true, End: true}, func(m detect.Match) {
//		id := set.Identifiers()[m.Identifier].ID    // m.Start, m.End are byte offsets in text
//	})
//
// A document that does not fit in memory is scanned block by block ([Block]), or
// written to a [Stream], which cuts the blocks itself. Values of structured
// documents (a cell, a JSON string, a column of a record) come with [Fields]: the
// bounds of a value and the names that lead to it, compiled once by [Set.Names].
//
// # Promises
//
//   - What is found does not depend on where blocks are cut, as long as a block
//     lends [Set.Lookbehind] bytes before Lo and [Set.Lookahead] after Hi.
//   - Time is linear in the text, whatever the patterns.
//   - Assembly and plain Go find the same matches at the same places.
//   - A Set is immutable and safe for concurrent use; a Scanner is not.
//
// # What counts as a match
//
//   - A managed identifier's value is what its function in detect/validate
//     accepts: format, check digits, ranges, documented exclusions.
//   - Where a keyword is required it stands within 30 characters before or after
//     the value, or among the names of the value's field. In a structured
//     document only the value's own field and names count.
//   - A keyword is complete: it starts and ends where a word does, letter case
//     aside. An edge in camel case, a digit and an underscore end a word, so that
//     customerPassportNumber, passport_no and PassportNo hold "passport no". A
//     space in a keyword may be missing or be an underscore, a hyphen, a full stop or a line
//     break. In names a keyword of seven letters or more may also be a part of a
//     longer word: CUSTOMERPASSPORT. For a value of letters and digits alone that has
//     no check digit it ends the name it stands in, see lastword.go.
//   - Matches of one identifier do not overlap: the one that starts first stays.
//     Overlapping matches of different managed identifiers are resolved by
//     evidence, see beats in overlap.go. Custom identifiers stand beside the
//     managed ones and suppress nothing.
//   - At last, matches that an allow list holds are dropped.
//
// # How it is fast
//
//   - classify*.go turns 64 bytes into bit masks of letters, digits and a few signs, in
//     AVX-512 or AVX2 where there is either;
//     from those come, by arithmetic, the starts and ends of words and the places of
//     numbers that need no keyword: cards, IBANs, phone numbers, postal codes (marks.go).
//   - sift.go looks every word up by its first eight letters (prefilter.go).
//   - Only what stands near a keyword, or in a field under one, is matched (find.go),
//     and only by the identifiers whose values start with such a run of digits or
//     letters.
//   - What can stand in a cell under its names is worked out once per column (names.go);
//     a cell is compared with the formats by its masks (validate.Shape).
//   - finger.go finds where custom patterns may match by three bytes in a row, those that
//     are rare in texts of all sorts (frequency.go), or by what follows a beginning that may
//     stand anywhere (rest.go); automaton.go matches them there.
//
// # Where to start reading
//
// set.go compiles, rule.go says how each identifier is found, scanner.go is the flow of
// a scan, overlap.go decides between matches. keyword.go and boundary.go define what a
// keyword is. name.go and address.go find what has no format; part.go says what the
// members of a record are parts of. custom.go and allow.go are
// what users add. The tests hold the engine against reference_test.go, which does
// everything the slow way, and against package regexp; accuracy_test.go measures it on
// labelled cases (docs/accuracy.md), the command in measure how fast it is.
package detect
