package validate

import "bytes"

// pemMaxLen is the longest block that is recognised: a 16,384-bit RSA key in
// PKCS#8 takes under 13,000 bytes.
const pemMaxLen = 16 << 10

// pemMinBody is the fewest base64 characters that one line of a block must hold for it
// to be a key rather than a placeholder.
const pemMinBody = 16

// block matches -----BEGIN label----- … -----END label----- at start. Line ends
// are real or escaped (\n in JSON and source code), so a block may stand on one
// line; the marks of comments or quotations may begin every line. Header lines
// ("Proc-Type: 4,ENCRYPTED", "Version: …") may precede the base64 body; crc allows the
// =XXXX line of ASCII armour.
func block(text []byte, start int, label string, crc bool) int {
	limit := min(len(text), start+pemMaxLen)
	margin := lineMargin(text, start)
	i := skipString(text, start, limit, "-----BEGIN ")
	i = skipString(text, i, limit, label)
	i = skipString(text, i, limit, "-----")
	if i < 0 {
		return -1
	}
	body, headers := 0, true
	for i < limit {
		j := skipLines(text, i, limit, margin)
		if j == i && body > 0 && text[i] != '-' {
			return -1 // one run of base64 must be followed by an end of line
		}
		if i = j; i >= limit {
			return -1
		}
		if text[i] == '-' {
			if body < pemMinBody {
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

// lineMargin returns what the lines of a block begin with, as far as the first one tells:
// the marks of a comment, of a quotation in mail, of a table or of a difference between
// two files. It is empty where anything else precedes the block on its line.
func lineMargin(text []byte, start int) []byte {
	lo := start
	for lo > 0 && start-lo < LookBehind && (contains("#>;*|%!-+/:.", text[lo-1]) || text[lo-1] == ' ' || text[lo-1] == '\t') {
		lo--
	}
	if lo > 0 && text[lo-1] != '\n' && text[lo-1] != '\r' && !(text[lo-1] == 'n' && at(text, lo-2) == '\\') {
		return nil
	}
	for lo < start && (text[lo] == ' ' || text[lo] == '\t') {
		lo++ // indentation is skipped anyway, and may differ
	}
	return bytes.TrimRight(text[lo:start], " \t")
}

// skipLines is skipBreaks, and after a line break the margin.
func skipLines(text []byte, i, limit int, margin []byte) int {
	j := skipBreaks(text, i, limit)
	for len(margin) > 0 && j > i && j+len(margin) <= limit && string(text[j:j+len(margin)]) == string(margin) && lineBreakIn(text[i:j]) {
		i, j = j, skipBreaks(text, j+len(margin), limit)
	}
	return j
}

// lineBreakIn says whether a line ends in a piece of text, really or by an escape.
func lineBreakIn(s []byte) bool {
	return bytes.IndexByte(s, '\n') >= 0 || bytes.IndexByte(s, '\r') >= 0 || bytes.Contains(s, []byte(`\n`))
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
	switch at(text, start+len("-----BEGIN ")) {
	case 'P':
		return block(text, start, "PRIVATE KEY", false)
	case 'R':
		return block(text, start, "RSA PRIVATE KEY", false)
	case 'D':
		return block(text, start, "DSA PRIVATE KEY", false)
	case 'E':
		if at(text, start+len("-----BEGIN E")) == 'C' {
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
		if i = puttyValue(text, i, limit, h.extra); i < 0 {
			return -1
		}
	}
	return -1
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
