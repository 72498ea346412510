package detect

import (
	"strings"
	"testing"
)

// What takes long to compile is refused: repeats of sets that have hundreds of ranges.
func TestCustomRanges(t *testing.T) {
	for _, pattern := range []string{`([\p{L}\p{N}]{0,30}){0,30}z`, strings.Repeat(`\pL{0,60}`, 14) + "x", `(([\p{L}]{1,9}){1,9}){1,9}`} {
		_, err := CompileCustom(CustomConfig{Regex: pattern})
		if err == nil || !strings.Contains(err.Error(), "ranges of characters, at most") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	for _, pattern := range []string{`\p{L}{1,100}`, `[\p{L}\p{N}]{3,64}-\d{4}`, `[a-z]{1,512}`, `\w{1,50}@\w{1,50}`} {
		if _, err := CompileCustom(CustomConfig{Regex: pattern}); err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}
