// Package printable makes text that others wrote safe to show: on a terminal, where control
// characters move the cursor, ask the terminal to answer, or turn the order of what is read; and in
// a spreadsheet, where a cell can be a formula. It is pure.
//
// What is no letter, mark, number, punctuation, symbol or plain space is shown escaped as \u202e is
// here: C0 and C1 control characters, format characters, which those that change the direction of
// text are among, separators, and what Unicode has not assigned.
package printable

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line is text on one line: breaks and tabs become spaces.
func Line(s string) string {
	return escape(s, func(r rune) bool { return false }, true)
}

// Text is text whose lines stay lines.
func Text(s string) string {
	return escape(s, func(r rune) bool { return r == '\n' || r == '\t' }, false)
}

func escape(s string, keep func(rune) bool, space bool) string {
	bad := func(r rune) bool { return !shows(r) && !keep(r) }
	if strings.IndexFunc(s, bad) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // what is no UTF-8 becomes U+FFFD
		switch {
		case !bad(r):
			b.WriteRune(r)
		case space && (r == '\n' || r == '\t' || r == '\r'):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// shows reports whether a character is seen: some letters and marks are not, and a name of them
// looks like none.
func shows(r rune) bool {
	return unicode.IsPrint(r) && (r < 0x34f || !unicode.Is(unseen, r))
}

// unseen are the letters and marks without a shape: the joiner of graphemes, fillers of Hangul, and
// vowels of Khmer that are not written.
var unseen = &unicode.RangeTable{R16: []unicode.Range16{{0x34f, 0x34f, 1}, {0x115f, 0x1160, 1}, {0x17b4, 0x17b5, 1}, {0x3164, 0x3164, 1}, {0xffa0, 0xffa0, 1}}}

var number = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?$`)

// formulaStarts are what a spreadsheet takes for the beginning of a formula, also behind spaces and
// in the wide forms of East Asia.
const formulaStarts = "=+-@＝＋－＠"

// inside is where a formula would begin behind what ends a cell or a row for a spreadsheet that
// does not separate cells by commas. It heeds no quotes but those that begin what it takes for
// a cell.
var inside = regexp.MustCompile(`([;\t\r\n])([ \x{a0}\x{3000}]*[=+\-@＝＋－＠])`)

// Cell is a value for a spreadsheet: what could be taken for a formula begins with an apostrophe,
// also behind a semicolon, a tab or the end of a line.
func Cell(s string) string {
	if s == "" || number.MatchString(s) {
		return s
	}
	s = inside.ReplaceAllString(s, "$1'$2")
	t := strings.TrimLeft(s, " \t\r\n\u00a0\u3000")
	switch {
	case s[0] == '\t', s[0] == '\r', s[0] == '\n', t != "" && strings.ContainsRune(formulaStarts, first(t)):
		s = "'" + s
	}
	return Text(s)
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// JSON is the same JSON with every character that is not printable escaped. Outside of strings
// there is none but white space.
func JSON(text []byte) []byte {
	odd := func(c byte) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' || c >= 0x7f }
	if !slices.ContainsFunc(text, odd) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case unicode.IsPrint(r), r == '\n', r == '\t', r == '\r':
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}
