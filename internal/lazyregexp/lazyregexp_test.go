package lazyregexp

import (
	"slices"
	"testing"
)

func TestRegexp(t *testing.T) {
	r := New(`([a-z]+)-([0-9]+)`)
	if !r.MatchString("ab-12") || r.MatchString("ab12") || r.FindString("x ab-12") != "ab-12" || r.String() != `([a-z]+)-([0-9]+)` ||
		!slices.Equal(r.FindStringSubmatch("ab-12"), []string{"ab-12", "ab", "12"}) {
		t.Error("it is not the expression that it was made of")
	}
	defer func() {
		if recover() == nil {
			t.Error("a mistake was not found in a test")
		}
	}()
	New(`(`)
}
