package validate

const (
	jwtMaxLen     = 8 << 10
	jwtMaxHeader  = 1 << 10 // decoded
	jwtMaxPayload = 6 << 10 // decoded
)

// JWT matches a JSON web token in JWS compact form: the header decodes to a JSON
// object with an "alg", the payload to a JSON object, and the signature is there
// unless alg is none.
func JWT(text []byte, start int) int {
	if start < 0 || start+20 > len(text) || text[start] != 'e' || !leftOK(text, start, false) ||
		at(text, start-1) == '-' {
		return -1
	}
	limit := min(len(text), start+jwtMaxLen)
	h := base64Run(text, start, limit)
	if h >= limit || text[h] != '.' {
		return -1
	}
	var head [jwtMaxHeader]byte
	n := decode64(head[:], text[start:h])
	if n < 0 {
		return -1
	}
	isNone, ok := jwtHeader(head[:n])
	if !ok {
		return -1
	}
	p := base64Run(text, h+1, limit)
	if p >= limit || text[p] != '.' || !jwtPayload(text[h+1:p]) {
		return -1
	}
	s := base64Run(text, p+1, limit)
	if s == p+1 && !isNone {
		return -1
	}
	// The end must be in sight; a further part would make it something else.
	if at(text, s) == '.' && s+1 < len(text) && base64URL(text[s+1]) && s+1 < limit {
		return -1
	}
	if !rightOK(text, s, false) {
		return -1
	}
	return s
}

// jwtPayload keeps its large buffer out of JWT's frame: most candidates fail at
// the header.
func jwtPayload(s []byte) bool {
	var buf [jwtMaxPayload]byte
	n := decode64(buf[:], s)
	return n > 0 && jsonObject(buf[:n])
}

func base64Run(text []byte, i, limit int) int {
	for i < limit && base64URL(text[i]) {
		i++
	}
	return i
}

// decode64 decodes unpadded base64url into dst and returns the length, or -1 when
// it does not fit or is malformed.
func decode64(dst, src []byte) int {
	if len(src)%4 == 1 || len(src)/4*3+2 > len(dst) {
		return -1
	}
	n, bits, acc := 0, 0, uint32(0)
	for _, c := range src {
		x := base64Value(c)
		if x < 0 {
			return -1
		}
		acc = acc<<6 | uint32(x)
		if bits += 6; bits >= 8 {
			bits -= 8
			dst[n] = byte(acc >> bits)
			n++
		}
	}
	return n
}

// base64Value is the value of a base64 digit in either alphabet, or -1.
func base64Value(c byte) int {
	switch {
	case c-'A' < 26:
		return int(c - 'A')
	case c-'a' < 26:
		return int(c-'a') + 26
	case isDigit(c):
		return int(c-'0') + 52
	case c == '-' || c == '+':
		return 62
	case c == '_' || c == '/':
		return 63
	}
	return -1
}

// jwtHeader says whether b is a JSON object with a top-level "alg" of type string
// and whether that is none.
func jwtHeader(b []byte) (isNone, ok bool) {
	p := jsonParser{b: b}
	if !p.value() || p.rest() || len(b) == 0 || b[p.first] != '{' || p.alg == 0 {
		return false, false
	}
	v := b[p.alg:]
	return len(v) >= 6 && string(v[:6]) == `"none"`, true
}

// jsonObject says whether b is one JSON object.
func jsonObject(b []byte) bool {
	p := jsonParser{b: b}
	return p.value() && !p.rest() && b[p.first] == '{'
}

// jsonParser checks the grammar of RFC 8259 without building anything. Nesting is
// bounded, so that a hostile token cannot exhaust the stack.
type jsonParser struct {
	b     []byte
	i     int
	depth int
	first int // offset of the outermost value
	alg   int // offset of the value of a top-level "alg" when it is a string
}

const jsonMaxDepth = 32

func (p *jsonParser) space() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\n' || p.b[p.i] == '\r' || p.b[p.i] == '\t') {
		p.i++
	}
}

// rest says whether anything but white space is left.
func (p *jsonParser) rest() bool {
	p.space()
	return p.i < len(p.b)
}

func (p *jsonParser) value() bool {
	p.space()
	if p.depth == 0 {
		p.first = p.i
	}
	if p.i >= len(p.b) {
		return false
	}
	switch c := p.b[p.i]; {
	case c == '{' || c == '[':
		return p.container(c + 2)
	case c == '"':
		return p.string()
	case c == '-' || isDigit(c):
		return p.number()
	}
	return p.word("true") || p.word("false") || p.word("null")
}

func (p *jsonParser) word(s string) bool {
	if len(p.b)-p.i < len(s) || string(p.b[p.i:p.i+len(s)]) != s {
		return false
	}
	p.i += len(s)
	return true
}

// container parses an object or array up to its closing byte.
func (p *jsonParser) container(end byte) bool {
	if p.depth++; p.depth > jsonMaxDepth {
		return false
	}
	p.i++
	p.space()
	if p.word(string(rune(end))) {
		p.depth--
		return true
	}
	for {
		alg := false
		if end == '}' {
			p.space()
			key := p.i
			if p.i >= len(p.b) || p.b[p.i] != '"' || !p.string() {
				return false
			}
			alg = p.depth == 1 && string(p.b[key:p.i]) == `"alg"`
			p.space()
			if !p.word(":") {
				return false
			}
			p.space()
			if alg && p.i < len(p.b) && p.b[p.i] == '"' {
				p.alg = p.i
			}
		}
		if !p.value() {
			return false
		}
		p.space()
		if p.i >= len(p.b) {
			return false
		}
		c := p.b[p.i]
		p.i++
		if c == end {
			p.depth--
			return true
		}
		if c != ',' {
			return false
		}
	}
}

func (p *jsonParser) string() bool {
	for p.i++; p.i < len(p.b); p.i++ {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return true
		case c == '\\':
			p.i++
		case c < ' ':
			return false
		}
	}
	return false
}

func (p *jsonParser) number() bool {
	n := p.i
	for p.i < len(p.b) && (isDigit(p.b[p.i]) || contains("+-.eE", p.b[p.i])) {
		p.i++
	}
	return isDigit(p.b[p.i-1]) && p.i > n
}
