package macie2

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Request is what of an HTTP request an operation is made of.
type Request struct {
	// Path holds the labels of the operation's URI, decoded.
	Path []PathLabel
	// Query is the query string, parsed.
	Query url.Values
	// Body is the whole body. An empty one counts as {}.
	Body []byte
	// SecurityToken is the session token that the request was signed with, for operations of our
	// own. Empty for long-term keys.
	SecurityToken string
}

// PathLabel is the value of one {label} of an operation's URI.
type PathLabel struct{ Name, Value string }

func (r *Request) pathString(name string) (*string, error) {
	for i := range r.Path {
		if r.Path[i].Name != name {
			continue
		}
		if err := checkText(r.Path[i].Value); err != nil {
			return nil, inMember(name, err)
		}
		return &r.Path[i].Value, nil
	}
	return nil, nil
}

func (r *Request) queryString(name string) (*string, error) {
	values := r.Query[name]
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 {
		return nil, inMember(name, problem("is given more than once"))
	}
	if err := checkText(values[0]); err != nil {
		return nil, inMember(name, err)
	}
	return &values[0], nil
}

func (r *Request) queryInt32(name string) (*int32, error) {
	text, err := r.queryString(name)
	if err != nil || text == nil {
		return nil, err
	}
	n, err := parseInteger(*text, 32)
	if err != nil {
		return nil, inMember(name, err)
	}
	return Ptr(int32(n)), nil
}

func (r *Request) queryList(name string) ([]string, error) {
	values, given := r.Query[name]
	if !given {
		return nil, nil
	}
	for i, value := range values {
		if err := checkText(value); err != nil {
			return nil, inMember(name, atIndex(i, err))
		}
	}
	return values, nil
}

// body reads the body into v. An operation without members in its body still
// wants JSON if there is a body at all: what is sent by mistake should be told.
func (r *Request) body(v jsonDecoder) error {
	if len(r.Body) == 0 {
		return nil
	}
	d := decoders.Get().(*decoder)
	d.reset(r.Body)
	err := d.document(v)
	d.reset(nil)
	decoders.Put(d)
	return err
}

// checkText refuses what no text of the contract contains and no store keeps.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return problem("must be valid UTF-8")
	}
	if strings.IndexByte(s, 0) >= 0 {
		return errNull
	}
	return nil
}

// parseInteger reads a whole number of so many bits.
func parseInteger(text string, bits int) (int64, error) {
	n, err := strconv.ParseInt(text, 10, bits)
	if err == nil {
		return n, nil
	}
	if isInteger(text) {
		return 0, problem("is out of range")
	}
	return 0, problem("must be an integer")
}

func isInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
