package macie2

import (
	"maps"
	"math"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the JSON of out to b. Absent members are left out, empty
// lists are [], maps are in the order of their keys.
func AppendJSON(b []byte, out Output) []byte { return out.appendJSON(b) }

// closeObject ends an object whose members, each with a comma before it, were
// appended from start on.
func closeObject(b []byte, start int) []byte {
	if len(b) == start {
		return append(b, '{', '}')
	}
	b[start] = '{'
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			// The error says that s was not UTF-8; what replaces those bytes is
			// the best a client can get, and an object's key may contain such.
			b, _ = jsontext.AppendQuote(b, s)
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendFloat appends f as ECMAScript writes numbers, and null for what JSON has
// no number for.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	number, err := json.Marshal(f)
	if err != nil { // there is no other float64 that JSON cannot write
		return append(b, "null"...)
	}
	return append(b, number...)
}

func sortedKeys[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}
