// Package validate holds one matcher of the value for each of Macie's managed
// data identifiers: given text and the offset where a value may start, it says
// where the longest valid value ends. Formats, check digits, issuer ranges,
// impossible dates and the values Macie documents as not reported live here;
// keywords, their distance and overlapping matches are the engine's business
// (package detect). NAME and ADDRESS need name and place data and are the
// engine's too: their Spec has no functions.
//
// # Promises
//
//   - A [Func] is pure, safe for concurrent use, never allocates, never uses a
//     regular expression and never panics, whatever the bytes.
//   - It reads no byte before start-[LookBehind] and none at or after
//     start+MaxLen+[LookAhead]; the value it returns is MinLen to MaxLen bytes.
//     A caller that cuts text into blocks needs that much overlap.
//   - It checks both word boundaries itself. start may be any offset.
//   - Letters in a value may be upper or lower case but not both, unless the
//     format itself is case sensitive (API keys, JSON web tokens) or case
//     insensitive (header names).
//   - Where a format has spaces or hyphens, no-break and thin spaces, no-break
//     hyphens and en dashes serve as well. Full-width digits and letters do not.
//
// # Boundaries
//
// A value is not preceded or followed by an ASCII letter, a digit, an underscore
// or a two-byte letter (Latin, Greek, Cyrillic); an escape such as the n of \n
// just before it is not part of a word. A value that starts with a digit is not
// preceded by a currency sign or a plus sign, nor by a dot or hyphen that itself
// follows a digit; one that ends with a digit is not followed by a dot or hyphen
// and a digit, nor by a hyphen and a single letter: those are pieces of longer
// numbers. See leftOK and rightOK.
//
// # Where to start reading
//
// spec.go has the types and the table's shape, table.go and table_*.go the rules
// by family, pattern.go the small notation most formats are written in,
// checksum.go the arithmetic. Formats with a life of their own have their own
// file: card.go, iban.go, phone.go, date.go, jwt.go, pem.go, header.go, udi.go.
package validate
