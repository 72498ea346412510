package validate

import "bytes"

// EscapeTail has the bytes that the last byte of an escape may stand after, see [Escaped].
// Few other letters and digits do.
var EscapeTail = setOfBytes("\\^[0123456789ab")

// EscapeEnd has the bytes that an escape may end with: the T of a time does not.
var EscapeEnd = setOfBytes("ntrIM0123456789abcdefABCDEF" + terminalEnds)

// terminalEnds are the letters of colours, of deleting, of moves and of modes.
const terminalEnds = "mKJHABCDEFGhlsu"

var terminalEnd = setOfBytes(terminalEnds)

func setOfBytes(s string) (t [256]bool) {
	for i := range len(s) {
		t[s[i]] = true
	}
	return t
}

const maxParameters = 20 // bytes

// Escaped says whether the letter or digit text[i] ends an escape, as it stands in JSON, in
// source code and in what shows control characters: then it is no part of the word or the
// number that follows. There are
//
//   - the letters of \n, \t and \r,
//   - signs by their number, \x1b, \u003e, but no letters and digits, nor signs that numbers
//     have,
//   - what tells a terminal the colour, \033[1;31m, \e[1m, \x1b[1m, \u001b[1m, ^[[1m, or to
//     move,
//   - ^I and ^M before a digit.
func Escaped(text []byte, i int) bool {
	c, before := text[i], at(text, i-1)
	switch {
	case class[c]&clsAlnum == 0:
		return false
	case before == '\\':
		return (c == 'n' || c == 't' || c == 'r') && at(text, i-2) != '\\'
	case before == '^':
		return (c == 'I' || c == 'M') && digitAt(text, i+1)
	case isHex(c) && isHex(before):
		switch {
		case at(text, i-2) == 'x' && at(text, i-3) == '\\':
			return plainSign(unhex(before)<<4 | unhex(c))
		case at(text, i-4) == 'u' && at(text, i-5) == '\\' && isHex(text[i-3]) && isHex(text[i-2]):
			if low := unhex(before)<<4 | unhex(c); text[i-3] == '0' && text[i-2] == '0' {
				return plainSign(low) || low == 0xA0 || low == 0xAB || low == 0xBB // no-break space, « and »
			} else {
				return text[i-3] == '2' && text[i-2] == '0' && low < 0x70 // spaces and quotes of all sorts
			}
		}
	}
	return terminalEnd[c] && toTerminal(text, i)
}

// plainSign says whether an ASCII code is that of a control character or a sign that
// numbers and names do not have.
func plainSign(c byte) bool {
	return c < ' ' || c == 0x7f || contains(" \"'<>&=()[]{},;:|!?*", c)
}

// escapeCharacters are the ways to write the character that control sequences begin with.
var escapeCharacters = [...][]byte{[]byte(`\e`), []byte(`\E`), []byte(`\033`), []byte(`\33`), []byte(`\x1b`), []byte(`\x1B`), []byte(`\u001b`), []byte(`\u001B`),
	[]byte(`\u{1b}`), []byte(`\u{1B}`), []byte(`\U0000001b`), []byte(`\U0000001B`), []byte(`^[`)}

// toTerminal says whether the letter text[i] ends a control sequence.
func toTerminal(text []byte, i int) bool {
	k := i - 1
	for i-k <= maxParameters && (digitAt(text, k) || contains(";:?", at(text, k))) {
		k--
	}
	if at(text, k) != '[' || !digitAt(text, i-1) && (k < i-1 || text[i] != 'm' && text[i] != 'K') {
		return false // without a number there are two that are common
	}
	for _, e := range escapeCharacters {
		if bytes.HasSuffix(text[:k], e) {
			return true
		}
	}
	return false
}

// AfterEscape calls visit for the places where an escape may end that begins with the
// backslash or the caret text[i]: [Escaped] says whether one does.
func AfterEscape(text []byte, i int, visit func(int)) {
	k := 0
	switch at(text, i+1) {
	case 'n', 't', 'r', 'I', 'M':
		visit(i + 1)
		return
	case 'x':
		visit(i + len(`\x1`))
		k = len(`\x1b`)
	case 'u':
		visit(i + len(`\u001`))
		k = len(`\u001b`)
	case 'U':
		k = len(`\U0000001b`)
	case 'e', 'E', '[':
		k = len(`\e`)
	case '0':
		k = len(`\033`)
	case '3':
		k = len(`\33`)
	default:
		return
	}
	if at(text, i+k) != '[' {
		return
	}
	for k++; digitAt(text, i+k) || contains(";:?", at(text, i+k)); k++ {
		if k > len(`\U0000001b[`)+maxParameters {
			return
		}
	}
	visit(i + k)
}

// escapeAt says whether an escape starts at i that cannot be a piece of a path: one with
// more than one letter.
func escapeAt(text []byte, i int) (yes bool) {
	AfterEscape(text, i, func(end int) {
		yes = yes || end > i+1 && end < len(text) && Escaped(text, end)
	})
	return yes
}
