package macie2

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"magpie/internal/lazyregexp"
)

var (
	errRequired = problem("is required")
	errNull     = problem("must not contain the character U+0000")
)

// checkEnum wants v to be one of its type's values.
func checkEnum[T interface {
	~string
	Valid() bool
	Values() []T
}](v T) error {
	if v.Valid() {
		return nil
	}
	values := make([]string, 0, 16)
	for _, value := range v.Values() {
		values = append(values, string(value))
	}
	return problem("has an invalid value. Valid values are: " + strings.Join(values, ", "))
}

// checkString wants v to have least to most characters, where they are not
// negative, and to match pattern, if there is one.
func checkString(v string, least, most int, pattern *lazyregexp.Regexp) error {
	if least >= 0 || most >= 0 {
		n := utf8.RuneCountInString(v)
		switch {
		case n >= least && (most < 0 || n <= most):
		case least == most:
			return problem(fmt.Sprintf("must have %d characters, not %d", most, n))
		case most < 0:
			return problem(fmt.Sprintf("must have at least %d characters, not %d", least, n))
		default:
			return problem(fmt.Sprintf("must have %d to %d characters, not %d", max(least, 0), most, n))
		}
	}
	if pattern != nil && !pattern.MatchString(v) {
		return problem("has an invalid value. It must match the pattern " + pattern.String())
	}
	return nil
}

// checkRange wants v to lie between least and most.
func checkRange(v, least, most int32) error {
	if v < least || v > most {
		return problem(fmt.Sprintf("has an invalid value. It must be between %d and %d", least, most))
	}
	return nil
}
