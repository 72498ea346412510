package detect

import (
	"strings"
	"testing"
)

// TestPartWordsOnce: no name is that of two parts, whose order nobody knows.
func TestPartWordsOnce(t *testing.T) {
	of := map[string]Part{}
	for part, list := range partWords {
		for name := range strings.SplitSeq(list, "|") {
			key := strings.ReplaceAll(strings.TrimSuffix(name, "*"), " ", "")
			if other, ok := of[key]; ok && other != part {
				t.Errorf("%q is of parts %d and %d", name, other, part)
			}
			of[key] = part
		}
	}
}
