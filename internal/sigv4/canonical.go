package sigv4

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// unreserved are the bytes that SigV4 never escapes (RFC 3986, section 2.3).
var unreserved = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' ||
			c == '-' || c == '.' || c == '_' || c == '~'
	}
	return set
}()

// target is the path and the query as they are on the wire. A request that a
// server received has them in RequestURI; one that is about to be sent, in URL.
func target(r *http.Request) (path, query string) {
	uri := r.RequestURI
	if uri == "" {
		uri = r.URL.RequestURI()
	}
	path, query, _ = strings.Cut(uri, "?")
	if strings.HasPrefix(path, "/") {
		return path, query
	}
	// The absolute form, http://host/path, which clients send to proxies.
	if _, rest, ok := strings.Cut(path, "://"); ok {
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			return rest[slash:], query
		}
		return "/", query
	}
	return path, query
}

// appendCanonical appends the canonical request:
// method, path, query, headers, an empty line, their names, the payload's hash.
func appendCanonical(b []byte, r *http.Request, signedHeaders string, payload *[32]byte) ([]byte, error) {
	path, query := target(r)
	if len(path) > maxPath {
		return nil, &Error{Code: CodeMalformedQuery, Message: "The request's path is longer than " + strconv.Itoa(maxPath) + " bytes."}
	}
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = appendPath(b, path)
	b = append(b, '\n')
	b, err := appendQuery(b, query)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	start := len(b)
	for name := range strings.SplitSeq(signedHeaders, ";") {
		if b, err = appendHeader(b, r, name); err != nil {
			return nil, err
		}
		if len(b)-start > maxHeaderBytes {
			return nil, incomplete("The signed headers together have more than %d bytes.", maxHeaderBytes)
		}
	}
	b = append(b, '\n')
	b = append(b, signedHeaders...)
	b = append(b, '\n')
	return hex.AppendEncode(b, payload[:]), nil
}

// appendPath escapes the path as it was sent, escapes and all, once more: a "%2F"
// becomes "%252F". Every service but S3 signs it so.
func appendPath(b []byte, path string) []byte {
	if path == "" {
		return append(b, '/')
	}
	for i := range len(path) {
		c := path[i]
		if unreserved[c] || c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// appendQuery decodes each name and value, encodes them the one way there is,
// and sorts the pairs by encoded name, then encoded value. A parameter without
// "=" gets one. "+" is a space, as it is for whoever reads the query after us.
func appendQuery(b []byte, query string) ([]byte, error) {
	if query == "" {
		return b, nil
	}
	if len(query) > maxQuery {
		return nil, &Error{Code: CodeMalformedQuery, Message: "The query string is longer than " + strconv.Itoa(maxQuery) + " bytes."}
	}
	type param struct{ name, value string }
	var few [8]param
	params := few[:0]
	ok := true
	for query != "" && ok {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		if len(params) == maxQueryParams {
			return nil, &Error{Code: CodeMalformedQuery, Message: "The query string has more than " + strconv.Itoa(maxQueryParams) + " parameters."}
		}
		var p param
		p.name, p.value, _ = strings.Cut(pair, "=")
		if p.name, ok = reencode(p.name); ok {
			p.value, ok = reencode(p.value)
		}
		params = append(params, p)
	}
	if !ok {
		return nil, &Error{Code: CodeMalformedQuery, Message: "The query string contains a malformed percent-encoding."}
	}
	slices.SortFunc(params, func(x, y param) int {
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return strings.Compare(x.value, y.value)
	})
	for i, p := range params {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b, nil
}

// reencode brings one name or value of a query to its canonical escaping. What
// is canonical already, as all that SDKs send is, comes back without a copy.
func reencode(s string) (string, bool) {
	i := 0
	for i < len(s) {
		c := s[i]
		if unreserved[c] {
			i++
			continue
		}
		if c == '%' && i+2 < len(s) && isUpperHex(s[i+1]) && isUpperHex(s[i+2]) && !unreserved[unhex(s[i+1])<<4|unhex(s[i+2])] {
			i += 3
			continue
		}
		break
	}
	if i == len(s) {
		return s, true
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for i < len(s) {
		c := s[i]
		i++
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			if i+1 >= len(s) || !isHex(s[i]) || !isHex(s[i+1]) {
				return "", false
			}
			c = unhex(s[i])<<4 | unhex(s[i+1])
			i += 2
		}
		if unreserved[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b), true
}

func isUpperHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

func isHex(c byte) bool { return isUpperHex(c) || c >= 'a' && c <= 'f' }

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// appendHeader appends "name:value\n". Several lines of one header are joined
// with a comma, in the order in which they came.
func appendHeader(b []byte, r *http.Request, name string) ([]byte, error) {
	b = append(b, name...)
	b = append(b, ':')
	switch name {
	case "host":
		host := r.Host
		if host == "" && r.RequestURI == "" {
			host = r.URL.Host
		}
		b = appendTrimmed(b, host)
	case "transfer-encoding": // net/http takes it out of the header
		b = appendTrimmed(b, strings.Join(r.TransferEncoding, ","))
	default:
		values := headerValues(r.Header, name)
		if len(values) == 0 {
			if name != "content-length" || r.ContentLength < 0 {
				return nil, invalid("The signed header '%s' is missing from the request.", printable(name))
			}
			b = strconv.AppendInt(b, r.ContentLength, 10)
		}
		for i, v := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendTrimmed(b, v)
		}
	}
	return append(b, '\n'), nil
}

// headerValues looks a lower-case name up without making a string of its
// canonical form.
func headerValues(h http.Header, name string) []string {
	var buf [128]byte
	key := append(buf[:0], name...)
	upper := true
	for i, c := range key {
		if upper && c >= 'a' && c <= 'z' {
			key[i] = c - 'a' + 'A'
		}
		upper = c == '-'
	}
	return h[string(key)]
}

// appendTrimmed drops white space around a value and makes each run of spaces
// inside it one.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	for i := range len(v) {
		if v[i] == ' ' && v[i-1] == ' ' {
			continue
		}
		b = append(b, v[i])
	}
	return b
}
