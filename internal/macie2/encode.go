package macie2

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"

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
	// The error says that s was not UTF-8; what replaces those bytes is the
	// best a client can get, and an object's key may well contain such bytes.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// appendFloat appends f, and null for what JSON has no number for.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

func sortedKeys[V any](m map[string]V) iter.Seq2[int, string] {
	return slices.All(slices.Sorted(maps.Keys(m)))
}
