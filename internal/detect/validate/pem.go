package validate

import (
	"bytes"
	"math/bits"
)

// pemMaxLen is the longest block that is recognised: a 16,384-bit RSA key in
// PKCS#8 takes under 13,000 bytes.
const pemMaxLen = 16 << 10

// pemMinBody is the fewest base64 characters that one line of a block must hold for it
// to be a key rather than a placeholder.
const pemMinBody = 16

// block matches -----BEGIN label----- … -----END label----- at start. Line ends
// are real or escaped (\n in JSON and source code), so a block may stand on one
// line; every line may begin and end with what the first one does, such as the marks of
// comments, the time of a log, the statement that prints it. Header lines
// ("Proc-Type: 4,ENCRYPTED", "Version: …") may precede the base64 body; crc allows the
// =XXXX line of ASCII armour. The whole may be percent-encoded, as in a URL.
func block(text []byte, start int, label string, crc bool) int {
	limit := min(len(text), start+pemMaxLen)
	if c := at(text, start+len("-----BEGIN")); c == '%' || c == '+' {
		plain, ends := percentDecoded(text[start:limit])
		if end := blockIn(plain, 0, len(plain), label, crc, lineFrame{}); end > 0 {
			return start + int(ends[end-1])
		}
		return -1
	}
	return blockIn(text, start, limit, label, crc, frameOf(text, start, limit))
}

func blockIn(text []byte, start, limit int, label string, crc bool, frame lineFrame) int {
	i := skipString(text, start, limit, "-----BEGIN ")
	i = skipString(text, i, limit, label)
	i = skipString(text, i, limit, "-----")
	if i < 0 {
		return -1
	}
	body, headers := 0, true
	var shown variety
	for i < limit {
		j := frame.skip(text, i, limit)
		if j == i && body > 0 && text[i] != '-' {
			return -1 // one run of base64 must be followed by an end of line
		}
		if i = j; i >= limit {
			return -1
		}
		if text[i] == '-' {
			if body < pemMinBody || !shown.ofKey() {
				return -1
			}
			i = skipString(text, i, limit, "-----END ")
			i = skipString(text, i, limit, label)
			return skipString(text, i, limit, "-----")
		}
		if headers {
			if h := pemHeader(text, i, limit); h > 0 {
				i = h
				continue
			}
		}
		if crc && text[i] == '=' {
			i++
		}
		n := i
		for i < limit && class[text[i]]&(clsAlnum|clsBase64) != 0 {
			shown.add(text[i])
			i++
		}
		if i == n {
			return -1
		}
		body = max(body, i-n)
		n = i // the padding is short, the line before it may be long
		for i < limit && text[i] == '=' && i-n < 4 && !(crc && i+1 < limit && class[text[i+1]]&(clsAlnum|clsBase64) != 0) {
			i++
		}
		headers = false
	}
	return -1
}

// variety tells the base64 of a key from what people write in its place: one letter over
// and over, words, the alphabet.
type variety struct {
	seen   [2]uint64 // by ASCII code
	n      int
	steady int // characters that are the one before, or the next of the alphabet
	last   byte
}

// minVariety is the fewest different characters in the base64 of a key: even the first
// sixteen bytes of one have a dozen.
const minVariety = 10

func (v *variety) add(c byte) {
	v.seen[c>>6&1] |= 1 << (c & 63)
	if v.n > 0 && (c == v.last || c == v.last+1) {
		v.steady++
	}
	v.n++
	v.last = c
}

// ofKey says whether the characters may be those of a key: of sixty that are random, all
// kinds are among them, and few stand beside their like. (Zeros do, at the beginning of
// OpenSSH's.)
func (v *variety) ofKey() bool {
	const letters = 1<<26 - 1
	signs := v.seen[0] != 0 // digits, plus and slash
	upper, lower := v.seen[1]>>('A'-64)&letters != 0, v.seen[1]>>('a'-64)&letters != 0
	return signs && upper && lower && v.different() >= minVariety && v.steady*2 < v.n
}

func (v *variety) different() int {
	return bits.OnesCount64(v.seen[0]) + bits.OnesCount64(v.seen[1])
}

// lineFrame is what the lines of a block stand between, as far as the first one tells.
type lineFrame struct{ before, after []byte }

const (
	maxLineBefore = LookBehind - 1
	maxLineAfter  = 40
)

// frameOf returns the frame of the block at start. Indentation is no part of it, since it
// is skipped anyway and may differ.
func frameOf(text []byte, start, limit int) (f lineFrame) {
	lo := start
	for lo > 0 && start-lo < maxLineBefore && text[lo-1] != '\n' && text[lo-1] != '\r' && !(text[lo-1] == 'n' && at(text, lo-2) == '\\') {
		lo--
	}
	if lo == 0 || start-lo < maxLineBefore {
		f.before = bytes.Trim(text[lo:start], " \t")
	}
	// Behind the label, as far as it is short: a block may go on there.
	rest := text[start:min(limit, start+len("-----BEGIN PGP PRIVATE KEY BLOCK-----")+maxLineAfter)]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		if k := bytes.LastIndex(rest[:i], []byte("-----")); k > 0 {
			f.after = bytes.TrimRight(bytes.TrimLeft(rest[k+len("-----"):i], " \t\\nr\"'"), " \t\r")
		}
	}
	return f
}

// skip is skipBreaks, the rest of the line where the frame has one, and after a line break
// what lines begin with.
func (f *lineFrame) skip(text []byte, i, limit int) int {
	j := skipBreaks(text, i, limit)
	if n := len(f.after); n > 0 && j+n <= limit && string(text[j:j+n]) == string(f.after) {
		if k := skipBreaks(text, j+n, limit); lineBreakIn(text[j:k]) {
			j = k
		}
	}
	for len(f.before) > 0 && j > i && lineBreakIn(text[i:j]) {
		k := alike(text, j, limit, f.before)
		if k < 0 {
			break
		}
		i, j = j, skipBreaks(text, k, limit)
	}
	return j
}

// alike returns the end of what stands at i and is like a pattern: the same but for its
// numbers and the width of its spaces, or -1. The time of a log goes on, line numbers rise.
func alike(text []byte, i, limit int, pattern []byte) int {
	for k := 0; k < len(pattern); {
		switch c := pattern[k]; {
		case isDigit(c):
			if i >= limit || !isDigit(text[i]) {
				return -1
			}
			for k < len(pattern) && isDigit(pattern[k]) {
				k++
			}
			for n := i; i < limit && i-n < 20 && isDigit(text[i]); i++ {
			}
		case c == ' ' || c == '\t':
			n := i
			for i < limit && i-n < 20 && (text[i] == ' ' || text[i] == '\t') {
				i++
			}
			if i == n {
				return -1
			}
			for k < len(pattern) && (pattern[k] == ' ' || pattern[k] == '\t') {
				k++
			}
		default:
			if i >= limit || text[i] != c {
				return -1
			}
			i++
			k++
		}
	}
	return i
}

// percentDecoded returns what a percent-encoded text says, up to what no URL holds, and
// where each of its bytes ends there.
func percentDecoded(text []byte) (plain []byte, ends []uint16) {
	for i := 0; i < len(text) && text[i] > ' ' && !contains("\"'<>&", text[i]); i++ {
		c := text[i]
		switch {
		case c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			c = unhex(text[i+1])<<4 | unhex(text[i+2])
			i += 2
		case c == '+':
			c = ' '
		}
		plain, ends = append(plain, c), append(ends, uint16(i+1))
	}
	return plain, ends
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// lineBreakIn says whether a line ends in a piece of text, really or by an escape.
func lineBreakIn(s []byte) bool {
	return bytes.IndexByte(s, '\n') >= 0 || bytes.IndexByte(s, '\r') >= 0 || bytes.Contains(s, []byte(`\n`))
}

// markupBreaks are the ends of lines of HTML and XML, and the no-break space before one.
var markupBreaks = [...]string{"<br>", "<br/>", "<br />", "<BR>", "<BR/>", "<BR />", "&#10;", "&#13;", "&#xA;", "&#xa;", "&#xD;", "&#xd;", "\u00a0"}

// markupBreak returns the length of one at i, or 0.
func markupBreak(text []byte, i, limit int) int {
	for _, s := range markupBreaks {
		if skipString(text, i, limit, s) > 0 {
			return len(s)
		}
	}
	return 0
}

// skipString returns the offset after s at i, or -1 when it is not there or i
// already is -1.
func skipString(text []byte, i, limit int, s string) int {
	if i < 0 || i+len(s) > limit || string(text[i:i+len(s)]) != s {
		return -1
	}
	return i + len(s)
}

// skipBreaks skips white space and what stands for a line break in JSON and
// source code: \n, \r, \t, a backslash at the end of a line, and the quotes and
// commas between the pieces of a string. (The plus sign that joins two of them is
// base64 already.)
func skipBreaks(text []byte, i, limit int) int {
	for i < limit {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"' || c == '\'' || c == ',':
			i++
		case c == '\\' && i+1 < limit && (text[i+1] == 'n' || text[i+1] == 'r' || text[i+1] == 't'):
			i += 2
		case c == '\\' && i+1 < limit && (text[i+1] == '\\' || text[i+1] == '\n' || text[i+1] == '"'):
			i++
		case c == '<' || c == '&' || c == 0xC2:
			n := markupBreak(text, i, limit)
			if n == 0 {
				return i
			}
			i += n
		default:
			return i
		}
	}
	return i
}

// pemHeader returns the end of a "Name: value" line at i, or -1.
func pemHeader(text []byte, i, limit int) int {
	n := i
	for i < limit && i-n < 40 && (isAlnum(text[i]) || text[i] == '-') {
		i++
	}
	if i == n || i+1 >= limit || text[i] != ':' || text[i+1] != ' ' {
		return -1
	}
	for n = i; i < limit && i-n < 200; i++ {
		switch c := text[i]; {
		case c == '\n' || c == '\r', c == '\\' && i+1 < limit && (text[i+1] == 'n' || text[i+1] == 'r'):
			return i
		case c < ' ' && c != '\t':
			return -1
		}
	}
	return -1
}

// OpenSSHKey matches an OpenSSH private key block.
func OpenSSHKey(text []byte, start int) int {
	if !pemStart(text, start) {
		return -1
	}
	return block(text, start, "OPENSSH PRIVATE KEY", false)
}

// PGPKey matches an ASCII-armoured private key block.
func PGPKey(text []byte, start int) int {
	if !pemStart(text, start) {
		return -1
	}
	return block(text, start, "PGP PRIVATE KEY BLOCK", true)
}

// PKCSKey matches a PEM block of PKCS#1, SEC1, DSA or PKCS#8.
func PKCSKey(text []byte, start int) int {
	if !pemStart(text, start) {
		return -1
	}
	label := start + len("-----BEGIN ")
	if at(text, label-1) == '%' {
		label += 2
	}
	switch at(text, label) {
	case 'P':
		return block(text, start, "PRIVATE KEY", false)
	case 'R':
		return block(text, start, "RSA PRIVATE KEY", false)
	case 'D':
		return block(text, start, "DSA PRIVATE KEY", false)
	case 'E':
		if at(text, label+1) == 'C' {
			return block(text, start, "EC PRIVATE KEY", false)
		}
		return block(text, start, "ENCRYPTED PRIVATE KEY", false)
	}
	return -1
}

// pemStart rejects most offsets at the first byte, and a sixth hyphen before the
// five, unless it begins the line: a difference between two files marks a line that is
// gone so.
func pemStart(text []byte, start int) bool {
	if start < 0 || start >= len(text) || text[start] != '-' {
		return false
	}
	return at(text, start-1) != '-' || start == 1 || start > 1 && (text[start-2] == '\n' || text[start-2] == '\r')
}

const puttyMaxLen = 16 << 10

// puttyHeaders are the headers after the first, in the order Macie requires.
var puttyHeaders = [...]struct {
	name  string
	extra string // characters besides letters, digits, hyphens and line ends
}{
	{"Encryption", ""},
	{"Comment", ""},
	{"Public-Lines", "/+="},
	{"Private-Lines", "/+="},
	{"Private-MAC", "+"},
}

// PuTTYKey matches a PuTTY private key. As documented for Macie, only the
// standard headers in their order count, and a header value with other characters
// than letters, digits and hyphens (a space or underscore in the comment) is not
// reported.
func PuTTYKey(text []byte, start int) int {
	if start < 0 || start >= len(text) || text[start] != 'P' || !leftOK(text, start, false) {
		return -1
	}
	limit := min(len(text), start+puttyMaxLen)
	i := skipString(text, start, limit, "PuTTY-User-Key-File")
	if i < 0 {
		return -1
	}
	if at(text[:limit], i) == '-' {
		if c := at(text[:limit], i+1); c < '1' || c > '3' {
			return -1
		}
		i += 2
	}
	if i = puttyValue(text, i, limit, ""); i < 0 {
		return -1
	}
	for k, h := range puttyHeaders {
		i = skipString(text, i, limit, h.name)
		if i < 0 {
			return -1
		}
		if k == len(puttyHeaders)-1 {
			return puttyMAC(text, i, limit)
		}
		from := i
		if i = puttyValue(text, i, limit, h.extra); i < 0 {
			return -1
		}
		if h.name == "Private-Lines" && !puttyKey(text[from:i]) {
			return -1
		}
	}
	return -1
}

// puttyKey says whether the value of Private-Lines, a count and the lines, may be a key's,
// which is a number and may be short.
func puttyKey(value []byte) bool {
	var shown variety
	for _, c := range value {
		if class[c]&(clsAlnum|clsBase64) != 0 {
			shown.add(c)
		}
	}
	return shown.different() >= minVariety-2
}

// puttyValue skips ": value" and the lines of data below it and returns where the
// next header's name starts: the last line start before a colon.
func puttyValue(text []byte, i, limit int, extra string) int {
	if i >= limit || text[i] != ':' {
		return -1
	}
	i++
	line := -1
	for i < limit {
		if j := skipBreaks(text, i, limit); j > i {
			if j-i == 1 && text[i] == ' ' && at(text[:limit], i-1) != ':' {
				return -1 // a space inside the value
			}
			line, i = j, j
			continue
		}
		c := text[i]
		if c == ':' && line > 0 {
			return line
		}
		if !isAlnum(c) && c != '-' && !contains(extra, c) {
			return -1
		}
		i++
	}
	return -1
}

// puttyMAC returns the end of ": hexadecimal digits".
func puttyMAC(text []byte, i, limit int) int {
	i = skipString(text, i, limit, ":")
	if i < 0 {
		return -1
	}
	for i < limit && text[i] == ' ' {
		i++
	}
	n := i
	for i < limit && i-n < 65 && (isAlnum(text[i]) || text[i] == '+') {
		i++
	}
	if i-n < 20 || i-n > 64 || !rightOK(text, i, false) {
		return -1
	}
	return i
}

func contains(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}
