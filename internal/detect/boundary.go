package detect

import (
	"unicode"
	"unicode/utf8"

	"magpie/internal/detect/validate"
)

// isASCIILetter and friends are written so that the compiler inlines them.
func isASCIILetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isUpper(c byte) bool       { return c-'A' < 26 }
func isLower(c byte) bool       { return c-'a' < 26 }
func isDigit(c byte) bool       { return c-'0' < 10 }

// isWordRune says whether r joins the letters beside it into one word: the letters of
// the alphabets Macie's keywords use, that is ASCII letters and what UTF-8 writes in
// two bytes from U+00C0 on. Three bytes are punctuation, or scripts that are written
// without spaces: an ASCII keyword stands on its own between Chinese characters.
func isWordRune(r rune) bool {
	return r < utf8.RuneSelf && isASCIILetter(byte(r)) || r >= 0xC0 && r < 0x800
}

// twoBytes says whether text[i] and text[i+1] are a rune of a word in two bytes.
func twoBytes(text []byte, i int) bool {
	return text[i]>>5 == 6 && text[i] != 0xC2 && text[i+1]>>6 == 2
}

// escaped says whether text[i] is the last letter or digit of an escape such as \n or \x1b[1m, as it
// stands in JSON and source code: then it is no part of the word that follows.
func escaped(text []byte, i int) bool {
	return i >= 1 && validate.EscapeTail[text[i-1]] && validate.EscapeEnd[text[i]] && validate.Escaped(text, i)
}

// wordBefore says whether the rune before text[i] is part of a word.
func wordBefore(text []byte, i int) bool {
	if i == 0 {
		return false
	}
	if c := text[i-1]; c < utf8.RuneSelf {
		return isASCIILetter(c) && !escaped(text, i-1)
	}
	return i >= 2 && twoBytes(text, i-2)
}

// wordAfter says whether the rune at text[i] is part of a word.
func wordAfter(text []byte, i int) bool {
	if i >= len(text) {
		return false
	}
	if c := text[i]; c < utf8.RuneSelf {
		return isASCIILetter(c)
	}
	return i+1 < len(text) && twoBytes(text, i)
}

// camelAt says whether a word ends and another begins between text[i-1] and
// text[i], both ASCII letters, by their case alone: customer|Passport, SSN|Number.
func camelAt(text []byte, i int) bool {
	if i == 0 || i >= len(text) || !isUpper(text[i]) {
		return false
	}
	return isLower(text[i-1]) || isUpper(text[i-1]) && i+1 < len(text) && isLower(text[i+1])
}

// wordStart says whether a word may start at text[i].
func wordStart(text []byte, i int) bool {
	return (!wordBefore(text, i) || camelAt(text, i)) && !escaped(text, i)
}

// wordEnd says whether a word may end before text[i].
func wordEnd(text []byte, i int) bool { return !wordAfter(text, i) || camelAt(text, i) }

// fold maps a rune to the form in which keywords are compared: lower case, one
// apostrophe, one dash. It never maps a rune outside ASCII to an ASCII letter, so
// that the prefilter, which folds bytes, sees the same words.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 0x20
		}
		if r == '`' {
			return '\''
		}
		return r
	}
	switch r {
	case 0x2018, 0x2019, 0x02BC, 0x00B4, 0x2032:
		return '\''
	case 'ς': // the final form of σ; both have one capital
		return 'σ'
	}
	if l := unicode.ToLower(r); l >= utf8.RuneSelf {
		return l
	}
	return r
}

// maxGap is how many characters of white space may stand where a keyword has a
// space: a line that wraps and is indented.
const maxGap = 4

// gapLen returns how many bytes at text[i:] stand for a space of a keyword: up to
// maxGap white-space characters, or one underscore, dash or full stop between letters. Zero is not a gap.
func gapLen(text []byte, i int) int {
	if i >= len(text) {
		return 0
	}
	switch c := text[i]; {
	case c == '_' || c == '-':
		return 1
	case c == '.': // a name of properties: card.number
		if i > 0 && (isASCIILetter(text[i-1]) || text[i-1] >= utf8.RuneSelf) && wordAfter(text, i+1) {
			return 1
		}
		return 0
	case c == 0xE2: // U+2010 to U+2015, dashes
		if i+2 < len(text) && text[i+1] == 0x80 && text[i+2]-0x90 < 6 {
			return 3
		}
		return 0
	}
	j := i
	for range maxGap {
		n := spaceLen(text, j)
		if n == 0 {
			break
		}
		j += n
	}
	return j - i
}

// spaceLen returns the length of the white-space character at text[i], or 0.
func spaceLen(text []byte, i int) int {
	if i >= len(text) {
		return 0
	}
	switch text[i] {
	case ' ', '\t', '\n', '\r':
		return 1
	case 0xC2:
		if i+1 < len(text) && text[i+1] == 0xA0 { // no-break space
			return 2
		}
	}
	return 0
}

// within says whether there are at most n characters in text. Bytes that are no
// UTF-8 count as one each.
func within(text []byte, n int) bool {
	if len(text) <= n {
		return true
	}
	if len(text) > n*utf8.UTFMax {
		return false
	}
	return utf8.RuneCount(text) <= n
}
