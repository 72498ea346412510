package validate

// LookBehind and LookAhead bound the bytes a Func reads outside the value: before
// its start and after start+MaxLen.
const (
	LookBehind = 128
	LookAhead  = 24
)

// Byte classes, combined as bits in the table class.
const (
	clsDigit = 1 << iota
	clsUpper
	clsLower
	clsUnder
	clsBase64 // + and /
	clsToken  // RFC 9110 token characters besides letters and digits

	clsLetter = clsUpper | clsLower
	clsAlnum  = clsDigit | clsLetter
	clsWord   = clsAlnum | clsUnder
)

var class = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] |= clsDigit
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] |= clsUpper
		t[c|0x20] |= clsLower
	}
	t['_'] |= clsUnder
	for _, c := range "+/" {
		t[c] |= clsBase64
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] |= clsToken
	}
	return t
}()

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isAlnum(c byte) bool  { return class[c]&clsAlnum != 0 }

// upper folds an ASCII letter; other bytes come back unchanged.
func upper(c byte) byte {
	if c-'a' < 26 {
		return c - 32
	}
	return c
}

// digitAt says whether text[i] exists and is a digit.
func digitAt(text []byte, i int) bool {
	return i >= 0 && i < len(text) && isDigit(text[i])
}

// allDigits says whether n digits stand at i.
func allDigits(text []byte, i, n int) bool {
	for k := range n {
		if !digitAt(text, i+k) {
			return false
		}
	}
	return true
}

// sepAt returns which separator stands at i, a space or a hyphen, and its length in
// bytes; 0 for none. Word processors and typesetters put no-break and thin spaces
// into numbers, and dashes for hyphens.
func sepAt(text []byte, i int) (sep byte, n int) {
	c := at(text, i)
	switch {
	case c == ' ' || c == '-':
		return c, 1
	case c == 0xC2 && at(text, i+1) == 0xA0:
		return ' ', 2
	case c == 0xE2 && at(text, i+1) == 0x80:
		switch at(text, i+2) {
		case 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0xAF: // spaces of every width, narrow no-break space
			return ' ', maxSep
		case 0x90, 0x91, 0x92, 0x93, 0x94, 0x95: // hyphen, no-break hyphen, figure dash, dashes, bar
			return '-', maxSep
		}
	case c == 0xE2 && at(text, i+1) == 0x81 && at(text, i+2) == 0x83, c == 0xE2 && at(text, i+1) == 0x88 && at(text, i+2) == 0x92: // hyphen bullet, minus sign
		return '-', maxSep
	case c == 0xE3 && at(text, i+1) == 0x80 && at(text, i+2) == 0x80: // ideographic space
		return ' ', maxSep
	case c == '%' && at(text, i+1) == '2' && at(text, i+2) == '0': // in a URL
		return ' ', maxSep
	}
	return 0, 0
}

// maxSep is the most bytes a separator takes.
const maxSep = 3

// at returns text[i], or 0 outside the text.
func at(text []byte, i int) byte {
	if i < 0 || i >= len(text) {
		return 0
	}
	return text[i]
}

// leftOK says whether a value may start at i. digit is set when the value starts
// with a digit, which makes more neighbours part of a longer number.
func leftOK(text []byte, i int, digit bool) bool {
	if i == 0 {
		return true
	}
	c := text[i-1]
	if class[c]&clsWord != 0 {
		return i >= 2 && EscapeTail[text[i-2]] && EscapeEnd[c] && Escaped(text, i-1)
	}
	if c >= 0x80 {
		return leftRuneOK(text, i, digit)
	}
	if c-'$' > '.'-'$' {
		return true
	}
	switch c {
	case '-':
		return !(digit && digitAt(text, i-2)) && !hexPiece(text, i-2, -1)
	case '+', '$':
		return !digit
	case '.':
		return !digit || !digitAt(text, i-2)
	}
	return true
}

// hexPiece says whether the letters and digits from i on, in steps of by, are a piece of a
// UUID or hash: four or more hexadecimal digits, some of them letters.
func hexPiece(text []byte, i, by int) bool {
	n := i
	var kinds uint8
	for (i-n)*by < 13 {
		c := at(text, i)
		if class[c]&clsAlnum == 0 {
			break
		}
		if isLetter(c) && c|0x20 > 'f' {
			return false
		}
		kinds |= class[c]
		i += by
	}
	if (i-n)*by == 4 && at(text, i) == '-' && isHex(at(text, i+by)) && isHex(at(text, i+4*by)) && !isHex(at(text, i+5*by)) {
		return true // two groups of four
	}
	return (i-n)*by >= 4 && kinds&clsDigit != 0 && kinds&clsLetter != 0 && class[at(text, i)]&clsWord == 0
}

func isHex(c byte) bool { return isDigit(c) || (c|0x20)-'a' < 6 }

// leftRuneOK is leftOK after a rune outside ASCII. Two-byte runes from U+00C0 are
// letters of the alphabets Macie's keywords use; three-byte ones are taken for
// punctuation and for scripts written without spaces.
func leftRuneOK(text []byte, i int, digit bool) bool {
	c, lead := text[i-1], at(text, i-2)
	if lead == 0xC3 && (c == 0x97 || c == 0xB7) { // × ÷
		return true
	}
	if lead >= 0xC3 && lead <= 0xDF {
		return false
	}
	if digit && lead == 0xC2 && (c == 0xA3 || c == 0xA5) { // £ ¥
		return false
	}
	if digit && c == 0xAC && lead == 0x82 && at(text, i-3) == 0xE2 { // €
		return false
	}
	return true
}

// rightOK says whether a value may end before text[end]. digit is set when its
// last byte is a digit.
func rightOK(text []byte, end int, digit bool) bool {
	if end >= len(text) {
		return true
	}
	c := text[end]
	if class[c]&clsWord != 0 {
		return false
	}
	if c >= 0x80 {
		if c == 0xC3 && (at(text, end+1) == 0x97 || at(text, end+1) == 0xB7) {
			return true
		}
		return c < 0xC3 || c > 0xDF
	}
	if c != '-' && c != '.' {
		return true
	}
	// A hyphen and one letter are a control letter, as in 12345678-Z.
	if digit && (digitAt(text, end+1) || c == '-' && isLetter(at(text, end+1)) && class[at(text, end+2)]&clsWord == 0) {
		return false
	}
	return c == '.' || !hexPiece(text, end+1, 1)
}

// value is what a pattern matched: its letters and digits only, letters in upper
// case. It is passed by value so that calls through function values keep it on
// the stack.
type value struct {
	b [maxValue]byte
	n int
}

// maxValue is the most letters and digits a checked value has.
const maxValue = 40

// digit returns the i-th character as a number; the pattern has made sure that it
// is a digit.
func (v *value) digit(i int) int { return int(v.b[i] - '0') }

// num reads the digits from i to j as a number.
func (v *value) num(i, j int) int {
	n := 0
	for ; i < j; i++ {
		n = n*10 + int(v.b[i]-'0')
	}
	return n
}

// same says whether every character is c.
func (v *value) same(c byte) bool {
	for i := range v.n {
		if v.b[i] != c {
			return false
		}
	}
	return true
}

// uniform says whether one character is repeated throughout.
func (v *value) uniform() bool { return v.same(v.b[0]) }

// digits says whether the characters from i to j are all digits.
func (v *value) digits(i, j int) bool {
	for ; i < j; i++ {
		if !isDigit(v.b[i]) {
			return false
		}
	}
	return true
}

// is compares the value with an upper-case string.
func (v *value) is(s string) bool { return string(v.b[:v.n]) == s }
