package finding

import (
	"slices"
	"strconv"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// The column terms holds, between separators, an entry for each value of each field that has no column of its own, and for
// fields that take eqExactMatch one more with all of their values:
//
//	␞ 63=PERSONAL_INFORMATION ␞ 63=CREDENTIALS ␞ 63*CREDENTIALS␟PERSONAL_INFORMATION ␞
//
// so that a condition is a search for a text that is whole. A single scan of a narrow column is cheaper than rows of their
// own for forty values a finding would be to write.
const (
	entrySeparator = "\x1e"
	valueSeparator = "\x1f"
)

// escaper keeps values from containing separators, and U+0000, which PostgreSQL does not store.
var escaper = strings.NewReplacer("\x1b", "\x1b0", entrySeparator, "\x1b1", valueSeparator, "\x1b2", "\x00", "\x1b3")

func escape(value string) string { return escaper.Replace(strings.ToValidUTF8(value, "\ufffd")) }

// term is what stands in terms of a finding that has the value.
func term(code int, value string) string {
	return entrySeparator + strconv.Itoa(code) + "=" + escape(value) + entrySeparator
}

// exactTerm is what stands in terms of a finding that has these values, sorted and without repetition, and no others.
func exactTerm(code int, values []string) string {
	escaped := make([]string, len(values))
	for i, v := range values {
		escaped[i] = escape(v)
	}
	return entrySeparator + strconv.Itoa(code) + "*" + strings.Join(escaped, valueSeparator) + entrySeparator
}

// byCode are the fields that stand in terms, in the order of their codes.
var byCode = func() []*field {
	var all []*field
	for _, f := range fields {
		if f.code != 0 {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *field) int { return a.code - b.code })
	return all
}()

// termsOf is the column terms of a finding.
func termsOf(x *macie2.Finding) string {
	var b strings.Builder
	b.WriteString(entrySeparator)
	for _, f := range byCode {
		values := unique(f.texts(x))
		if len(values) == 0 {
			continue
		}
		for _, v := range values {
			b.WriteString(term(f.code, v)[1:])
		}
		if f.exact {
			b.WriteString(exactTerm(f.code, values)[1:])
		}
	}
	return b.String()
}

func listOf(values []string) store.List {
	list := make(store.List, len(values))
	for i, v := range values {
		list[i] = clean(v)
	}
	return list
}

// clean makes a text one that both engines store: valid UTF-8 without U+0000.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
