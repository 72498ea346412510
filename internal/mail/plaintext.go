package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// printable makes s fit to be shown in one line: every run of white space,
// control characters and line or paragraph separators becomes one space;
// characters that are invisible or change the direction of their neighbours go;
// bytes that are not UTF-8 become U+FFFD. The zero-width joiners stay, since
// Persian and the scripts of India are misspelt without them. What is left is
// cut after max characters, with an ellipsis as the last.
func printable(s string, max int) string {
	var b strings.Builder
	n, space := 0, false
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			space = n > 0
			continue
		case invisible(r):
			continue
		}
		need := 1
		if space {
			need = 2
		}
		if n+need > max {
			return ellipsis(b.String(), n, max)
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		n += need
	}
	return b.String()
}

// ellipsis ends s, of n characters, with an ellipsis within max characters.
func ellipsis(s string, n, max int) string {
	if n == max && n > 0 {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimRight(s, " ") + "…"
}

// invisible reports characters which show nothing themselves but can hide or
// reorder what stands beside them.
func invisible(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	switch r {
	case zeroWidthNonJoiner, zeroWidthJoiner:
		return false
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800', '\u034f': // fillers that look blank
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || !unicode.IsGraphic(r)
}

// columns is the number of terminal columns that s takes: two for wide
// characters, none for combining ones.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// wrap breaks s at spaces into lines of at most max columns; a word that is
// longer is broken where it must be.
func wrap(s string, max int) []string {
	var lines []string
	line, used := "", 0
	flush := func() {
		if line != "" {
			lines = append(lines, line)
		}
		line, used = "", 0
	}
	for word := range strings.FieldsSeq(s) {
		n := columns(word)
		if used > 0 && used+1+n > max {
			flush()
		}
		if used > 0 {
			line += " "
			used++
		}
		if used+n <= max {
			line += word
			used += n
			continue
		}
		for _, r := range word {
			if c := runeColumns(r); used+c > max {
				flush()
			}
			line += string(r)
			used += runeColumns(r)
		}
	}
	flush()
	return lines
}
