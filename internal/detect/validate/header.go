package validate

const (
	basicMaxToken = 1 << 10
	basicMaxLen   = 48 + basicMaxToken
)

// BasicAuth matches a complete Authorization or Proxy-Authorization header of the
// Basic scheme (RFC 7617) whose token decodes to user-id, colon, password. Quotes
// around the name and value, as in JSON, may stand between the parts.
func BasicAuth(text []byte, start int) int {
	if start < 0 || start+20 > len(text) || !leftOK(text, start, false) {
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
	if i = colon(text, i); i < 0 {
		return -1
	}
	if i = foldString(text, i, "basic"); i < 0 || at(text, i) != ' ' {
		return -1
	}
	for n := i; i-n < 4 && at(text, i) == ' '; i++ {
	}
	return basicToken(text, i, start+basicMaxLen)
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

// colon skips the colon between a header's name and value with optional white
// space, and the quotes JSON and source code put around both.
func colon(text []byte, i int) int {
	i = quote(text, i)
	for n := i; i-n < 2 && at(text, i) == ' '; i++ {
	}
	if at(text, i) != ':' {
		return -1
	}
	i++
	for n := i; i-n < 4 && (at(text, i) == ' ' || at(text, i) == '\t'); i++ {
	}
	return quote(text, i)
}

// quote skips one quotation mark, escaped or not.
func quote(text []byte, i int) int {
	if at(text, i) == '\\' && at(text, i+1) == '"' {
		return i + 2
	}
	if c := at(text, i); c == '"' || c == '\'' {
		return i + 1
	}
	return i
}

const cookieMaxLen = 8 << 10

// Cookie matches a complete Cookie or Set-Cookie header with at least one
// name=value pair (RFC 6265 section 4). Attributes of Set-Cookie belong to it.
func Cookie(text []byte, start int) int {
	if start < 0 || start+9 > len(text) || !leftOK(text, start, false) {
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
	if i = colon(text, i); i < 0 || i >= limit {
		return -1
	}
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
