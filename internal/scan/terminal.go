package scan

import (
	"os"
	"strconv"
	"strings"
	"unicode"
)

// terminalWidth is COLUMNS, else 80: a guess that is too small only makes a shorter line.
func terminalWidth() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 20 {
		return n
	}
	return 80
}

// printable makes a name safe to print: names may hold escape sequences.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
}
