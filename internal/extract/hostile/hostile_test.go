package hostile

import "testing"

// A name is what a file is known by in the tests that take them all.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range append(Files(), More()...) {
		if seen[f.Name] || f.Harm == "" {
			t.Errorf("%s is there twice, or does no harm", f.Name)
		}
		seen[f.Name] = true
	}
}
