package validate

import "bytes"

const (
	basicMaxToken = 1 << 10
	basicMaxLen   = 96 + basicMaxToken
)

// BasicAuth matches a complete Authorization or Proxy-Authorization header of the
// Basic scheme (RFC 7617) whose token decodes to user-id, colon, password. Name and
// value may be a pair of JSON, source code or settings, see join.
func BasicAuth(text []byte, start int) int {
	if start < 0 || start+20 > len(text) || !leftOK(text, start, false) && !fromServer(text, start) {
		return -1
	}
	i := start
	if text[i]|0x20 == 'p' {
		if i = foldString(text, i, "proxy-"); i < 0 {
			return -1
		}
	} else if start >= 6 && foldString(text, start-6, "proxy-") > 0 && leftOK(text, start-6, false) {
		return -1 // the longer header starts six bytes earlier
	}
	if i = foldString(text, i, "authorization"); i < 0 {
		return -1
	}
	j := join(text, i)
	if j.value < 0 {
		return -1
	}
	return basicValue(text, j.value, start+basicMaxLen)
}

// BasicValue matches the value of such a header alone: Basic and the token.
func BasicValue(text []byte, start int) int {
	if start < 0 || start >= len(text) {
		return -1
	}
	return basicValue(text, start, start+basicMaxLen)
}

func basicValue(text []byte, i, limit int) int {
	if i = foldString(text, i, "basic"); i < 0 || at(text, i) != ' ' {
		return -1
	}
	for n := i; i-n < 4 && at(text, i) == ' '; i++ {
	}
	return basicToken(text, i, limit)
}

// basicToken returns the end of base64 that decodes to text with a colon.
func basicToken(text []byte, i, limit int) int {
	limit = min(limit, len(text))
	n, bits, acc := 0, 0, uint32(0)
	hasColon := false
	for ; i < limit; i++ {
		c := text[i]
		x := base64Value(c)
		if x < 0 || c == '-' || c == '_' {
			break
		}
		n++
		acc = acc<<6 | uint32(x)
		if bits += 6; bits >= 8 {
			bits -= 8
			b := byte(acc >> bits)
			if b < ' ' || b == 0x7f {
				return -1 // RFC 7617: no control characters
			}
			hasColon = hasColon || b == ':'
		}
	}
	pad := 0
	for i < limit && text[i] == '=' && pad < 2 {
		i++
		pad++
	}
	if !hasColon || n%4 == 1 || pad > 0 && (n+pad)%4 != 0 || n > basicMaxToken {
		return -1
	}
	if i < limit && (text[i] == '=' || text[i] == '-') || !rightOK(text, i, false) {
		return -1
	}
	return i
}

// foldString returns the offset after s (lower case) at i compared without case,
// or -1.
func foldString(text []byte, i int, s string) int {
	if i < 0 || i+len(s) > len(text) {
		return -1
	}
	for k := range len(s) {
		c := text[i+k]
		if isLetter(c) {
			c |= 0x20
		}
		if c != s[k] {
			return -1
		}
	}
	return i + len(s)
}

// A joint is what stands between a header's name and its value.
type joint struct {
	value int  // where the value begins; -1 where name and value are not joined
	close byte // what ends the value: its quotation mark, the < of an end tag, or 0
	loose bool // an equals sign alone joins them: any variable is written so
	bare  bool // nothing but a blank joins them
}

// join reads what follows a header's name: the colon of a message, or what joins a pair
// of name and value in JSON, source code and settings: "Cookie": "…", ("Cookie", "…"),
// 'Cookie' => '…', headers["Cookie"] = "…", <Cookie>…, {"name": "Cookie", "value": "…"},
// set_header Cookie "…", and what valueAfter reads.
func join(text []byte, i int) joint {
	none := joint{value: -1}
	name := quote(text, i)
	quoted := name > i
	i = name
	if k := valueAfter(text, i, quoted); k > 0 {
		return opened(text, k, joint{})
	}
	if at(text, i) == ']' || at(text, i) == ')' {
		quoted = true
		i++
	}
	gap := i
	i = blanks(text, i, 2)
	out := joint{}
	switch c, next := at(text, i), at(text, i+1); {
	case c == ':' && next == '=', c == '=' && next == '>', c == '-' && next == '>':
		i += 2
	case c == ':':
		i++
	case c == '>':
		out.close = '<'
		i++
	case c == '=':
		out.loose = !quoted
		i++
	case c == ',' && quoted:
		if i = pairValue(text, i+1); i < 0 {
			return none
		}
	case c == '|':
		out.loose = !quoted
		i++
	case i > gap && !quoted && (c == '"' || c == '\'' || at(text, i-1) == '\t'): // set_header Cookie "…"
		out.loose = true
		out.bare = true
	default:
		return none
	}
	i = blanks(text, i, 4)
	if at(text, i) == '[' {
		i = blanks(text, i+1, 4)
	}
	return opened(text, i, out)
}

// opened is a joint whose value begins at i, behind a quotation mark if there is one. The
// mark may have a letter before it that says what kind of text it opens: b"…".
func opened(text []byte, i int, out joint) joint {
	if c := at(text, i) | 0x20; (c == 'b' || c == 'f' || c == 'r' || c == 'u') && (at(text, i+1) == '"' || at(text, i+1) == '\'') {
		i++
	}
	if out.value = quote(text, i); out.value > i {
		out.close = text[out.value-1]
	}
	return out
}

// valueAfter returns what follows the name value in name="Cookie" value="…" and in two lines
// of YAML, name: Cookie and value: …, or -1.
func valueAfter(text []byte, i int, quoted bool) int {
	k := i
	if at(text, k) == '\r' {
		k++
	}
	line := at(text, k) == '\n'
	if line {
		k++
	} else if !quoted {
		return -1
	}
	n := k
	k = blanks(text, k, 24)
	if k == n && !line {
		return -1
	}
	if k = foldString(text, k, "value"); k < 0 {
		return -1
	}
	k = blanks(text, k, 2)
	if c := at(text, k); c != ':' && (c != '=' || line && !quoted) {
		return -1
	}
	return blanks(text, k+1, 4)
}

// setsHeader says whether the word before i sets a header, as in the settings of web
// servers: proxy_set_header, RequestHeader set.
func setsHeader(text []byte, i int) bool {
	for n := i; n-i < 4 && i > 0 && text[i-1] == ' '; {
		i--
	}
	for _, w := range [...]string{"header", " set", " add", " append"} {
		if i >= len(w) && foldString(text, i-len(w), w) > 0 {
			return true
		}
	}
	return false
}

// fromServer says whether HTTP_ stands before i: servers hand headers to programs as
// variables of such names.
func fromServer(text []byte, i int) bool {
	return i >= 5 && foldString(text, i-5, "http_") > 0 && leftOK(text, i-5, false)
}

// pairValue skips the name of the second member in {"name": "Cookie", "value": "…"};
// where there is none, name and value stand side by side in a list.
func pairValue(text []byte, i int) int {
	for n := i; i-n < 24 && (at(text, i) == ' ' || at(text, i) == '\t' || at(text, i) == '\n' || at(text, i) == '\r'); {
		i++
	}
	k := foldString(text, quote(text, i), "value")
	if k < 0 {
		return i
	}
	if k = blanks(text, quote(text, k), 2); at(text, k) != ':' {
		return -1
	}
	return k + 1
}

// blanks skips up to most spaces and tabs.
func blanks(text []byte, i, most int) int {
	for n := i; i-n < most && (at(text, i) == ' ' || at(text, i) == '\t'); {
		i++
	}
	return i
}

// quote skips one quotation mark, escaped or not.
func quote(text []byte, i int) int {
	for n := i; i-n < 3 && at(text, i) == '\\'; {
		if c := at(text, i+1); c != '\\' && c != '"' && c != '\'' {
			break
		}
		i++
	}
	if c := at(text, i); c == '"' || c == '\'' || c == '`' {
		return i + 1
	}
	return i
}

const cookieMaxLen = 8 << 10

// Cookie matches a complete Cookie or Set-Cookie header with at least one
// name=value pair (RFC 6265 section 4). Attributes of Set-Cookie belong to it.
func Cookie(text []byte, start int) int {
	if start < 0 || start+9 > len(text) || !leftOK(text, start, false) && !fromServer(text, start) {
		return -1
	}
	i := start
	set := text[i]|0x20 == 's'
	if set {
		if i = foldString(text, i, "set-"); i < 0 {
			return -1
		}
	} else if start >= 4 && foldString(text, start-4, "set-") > 0 && leftOK(text, start-4, false) {
		return -1
	}
	if i = foldString(text, i, "cookie"); i < 0 {
		return -1
	}
	limit := min(len(text), start+cookieMaxLen)
	j := join(text, i)
	if j.value < 0 || j.value >= limit || j.bare && !setsHeader(text, start) || j.loose && j.close == 0 && !fromServer(text, start) {
		return -1
	}
	if at(text, start-1) == '.' && j.loose { // document.cookie, a variable
		return -1
	}
	if j.close != 0 {
		if n := bytes.IndexByte(text[j.value:limit], j.close); n >= 0 {
			limit = j.value + n
		}
	}
	return cookieValue(text, j.value, limit, set)
}

// CookieValue matches the value of such a header alone, of Set-Cookie where set says so.
func CookieValue(text []byte, start int, set bool) int {
	if start < 0 || start >= len(text) {
		return -1
	}
	return cookieValue(text, start, min(len(text), start+cookieMaxLen), set)
}

func cookieValue(text []byte, i, limit int, set bool) int {
	end, pairs := -1, 0
	for {
		p, hasValue := cookiePair(text, i, limit)
		if p < 0 || end < 0 && !hasValue {
			break
		}
		if !hasValue && !set {
			break
		}
		if set && pairs > 0 {
			p = cookieAttribute(text, i, limit)
		}
		if p < 0 {
			break
		}
		end = p
		pairs++
		if i = p; i+1 >= limit || text[i] != ';' {
			break
		}
		i++
		for n := i; i < limit && i-n < 2 && text[i] == ' '; i++ {
		}
	}
	if end > 0 && text[end-1] == '.' && (end == len(text) || text[end] <= ' ') {
		end-- // the full stop of a sentence
	}
	return end
}

// cookiePair returns the end of name or name=value at i, and whether there is a
// value that is not empty.
func cookiePair(text []byte, i, limit int) (end int, hasValue bool) {
	n := i
	for i < limit && (isAlnum(text[i]) || class[text[i]]&clsToken != 0) {
		i++
	}
	if i == n {
		return -1, false
	}
	if i >= limit || text[i] != '=' {
		return i, false
	}
	i++
	v := i
	quoted := i < limit && text[i] == '"'
	if quoted {
		i++
	}
	for i < limit && cookieOctet(text[i]) {
		i++
	}
	if quoted {
		if i >= limit || text[i] != '"' {
			return -1, false
		}
		i++
	}
	return i, i > v
}

// cookieOctet is RFC 6265's, less the apostrophe that closes a quoted header in
// source code and plus what browsers also let through.
func cookieOctet(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' && c != ';' && c != '\\' && c != '\'' && c != ','
}

// cookieAttributes are the attributes of Set-Cookie that browsers know.
var cookieAttributes = [...]string{
	"comment=", "domain=", "expires=", "httponly", "max-age=", "partitioned", "path=", "priority=", "samesite=", "secure", "version=",
}

// cookieAttribute returns the end of an attribute such as "Expires=Wed, 21 Oct
// 2026 07:28:00 GMT" or "HttpOnly", or -1.
func cookieAttribute(text []byte, i, limit int) int {
	end, _ := cookiePair(text, i, limit)
	known := false
	for _, a := range cookieAttributes {
		known = known || foldString(text[:limit], i, a) > 0
	}
	if end < 0 || !known {
		return -1
	}
	if foldString(text[:limit], i, "expires=") < 0 {
		return end
	}
	i += len("expires=")
	for n := i; i < limit && i-n < 32 && (isAlnum(text[i]) || contains(", :-", text[i])); i++ {
	}
	for at(text, i-1) == ' ' || at(text, i-1) == ',' {
		i--
	}
	return i
}
