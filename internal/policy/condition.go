package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// family is what an operator compares.
type family int

const (
	textFamily family = iota + 1
	textFoldFamily
	textLikeFamily
	arnFamily
	numberFamily
	dateFamily
	boolFamily
	binaryFamily
	ipFamily
	nullFamily
)

// text reports whether the values of the family are texts, in which policy variables are expanded.
func (f family) text() bool {
	return f == textFamily || f == textFoldFamily || f == textLikeFamily || f == arnFamily
}

// relationOf is how an ordered operator compares the request's value with the policy's.
type relationOf int

const (
	equal relationOf = iota
	less
	lessEqual
	greater
	greaterEqual
)

// quantifier says what a condition asks of a key with several values.
type quantifier int

const (
	single quantifier = iota
	forAll
	forAny
)

type operator struct {
	family   family
	relation relationOf
	negated  bool
}

var operators = map[string]operator{
	"StringEquals": {family: textFamily}, "StringNotEquals": {family: textFamily, negated: true},
	"StringEqualsIgnoreCase": {family: textFoldFamily}, "StringNotEqualsIgnoreCase": {family: textFoldFamily, negated: true},
	"StringLike": {family: textLikeFamily}, "StringNotLike": {family: textLikeFamily, negated: true},
	"ArnEquals": {family: arnFamily}, "ArnNotEquals": {family: arnFamily, negated: true},
	"ArnLike": {family: arnFamily}, "ArnNotLike": {family: arnFamily, negated: true},
	"NumericEquals": {family: numberFamily}, "NumericNotEquals": {family: numberFamily, negated: true},
	"NumericLessThan": {family: numberFamily, relation: less}, "NumericLessThanEquals": {family: numberFamily, relation: lessEqual},
	"NumericGreaterThan": {family: numberFamily, relation: greater}, "NumericGreaterThanEquals": {family: numberFamily, relation: greaterEqual},
	"DateEquals": {family: dateFamily}, "DateNotEquals": {family: dateFamily, negated: true},
	"DateLessThan": {family: dateFamily, relation: less}, "DateLessThanEquals": {family: dateFamily, relation: lessEqual},
	"DateGreaterThan": {family: dateFamily, relation: greater}, "DateGreaterThanEquals": {family: dateFamily, relation: greaterEqual},
	"Bool": {family: boolFamily}, "BinaryEquals": {family: binaryFamily},
	"IpAddress": {family: ipFamily}, "NotIpAddress": {family: ipFamily, negated: true},
	"Null": {family: nullFamily},
}

// condition is one key of one operator, with the values of which one has to match, or, negated, none.
type condition struct {
	operator
	quantifier quantifier
	ifExists   bool
	key        string // lower case

	texts    []string
	numbers  []float64
	prefixes []netip.Prefix
}

// newOperator reads an operator's name: [ForAllValues:|ForAnyValue:]NAME[IfExists].
func newOperator(place, name string) (condition, error) {
	var c condition
	rest := name
	if r, ok := strings.CutPrefix(rest, "ForAllValues:"); ok {
		c.quantifier, rest = forAll, r
	} else if r, ok := strings.CutPrefix(rest, "ForAnyValue:"); ok {
		c.quantifier, rest = forAny, r
	}
	base, ifExists := strings.CutSuffix(rest, "IfExists")
	o, ok := operators[base]
	switch {
	case !ok:
		return c, wrong(place, "there is no such operator")
	case o.family == nullFamily && (ifExists || c.quantifier != single):
		return c, wrong(place, "Null stands by itself")
	}
	c.operator, c.ifExists = o, ifExists
	return c, nil
}

// take reads one of the policy's values.
func (c *condition) take(value string) error {
	switch c.family {
	case numberFamily:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("must be a number")
		}
		c.numbers = append(c.numbers, n)
	case dateFamily:
		n, ok := parseDate(value)
		if !ok {
			return fmt.Errorf("must be a date such as 2026-01-02T15:04:05Z, or seconds since 1970")
		}
		c.numbers = append(c.numbers, n)
	case boolFamily, nullFamily:
		value = strings.ToLower(value)
		if value != "true" && value != "false" {
			return fmt.Errorf("must be true or false")
		}
		c.texts = append(c.texts, value)
	case ipFamily:
		p, ok := parsePrefix(value)
		if !ok {
			return fmt.Errorf("must be an IP address or a range such as 203.0.113.0/24")
		}
		c.prefixes = append(c.prefixes, p)
	default:
		c.texts = append(c.texts, value)
	}
	return nil
}

func parseDate(s string) (seconds float64, ok bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return float64(t.UnixMilli()) / 1000, true
		}
	}
	return 0, false
}

func parsePrefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}

// holds reports whether the condition is true of the request.
func (c *condition) holds(r *Request) bool {
	values := r.values(c.key)
	if c.family == nullFamily {
		absent := "false"
		if len(values) == 0 {
			absent = "true"
		}
		return slices.Contains(c.texts, absent)
	}
	if len(values) == 0 {
		switch {
		case c.ifExists, c.quantifier == forAll:
			return true
		case c.quantifier == forAny:
			return false
		default:
			return c.negated // a key that is not there is certainly not equal to anything
		}
	}
	for _, v := range values {
		matched := c.matches(v, r) != c.negated
		switch {
		case matched && c.quantifier != forAll:
			return true
		case !matched && c.quantifier == forAll:
			return false
		}
	}
	return c.quantifier == forAll
}

// matches reports whether the request's value matches one of the policy's.
func (c *condition) matches(value string, r *Request) bool {
	switch c.family {
	case numberFamily, dateFamily:
		n, ok := parseDate(value)
		if c.family == numberFamily {
			f, err := strconv.ParseFloat(value, 64)
			n, ok = f, err == nil
		}
		return ok && c.matchesNumber(n)
	case ipFamily:
		a, err := netip.ParseAddr(value)
		if err != nil {
			return false
		}
		for _, p := range c.prefixes {
			if p.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	case boolFamily:
		return slices.Contains(c.texts, strings.ToLower(value))
	case binaryFamily:
		return slices.Contains(c.texts, value)
	}
	for _, t := range c.texts {
		if c.matchesText(t, value, r) {
			return true
		}
	}
	return false
}

func (c *condition) matchesNumber(n float64) bool {
	for _, m := range c.numbers {
		if c.relation == equal && n == m || c.relation == less && n < m || c.relation == lessEqual && n <= m ||
			c.relation == greater && n > m || c.relation == greaterEqual && n >= m {
			return true
		}
	}
	return false
}

func (c *condition) matchesText(text, value string, r *Request) bool {
	parts, ok := expand(text, r, c.family == textLikeFamily || c.family == arnFamily)
	if !ok {
		return false
	}
	switch c.family {
	case arnFamily:
		return likeARN(parts, value)
	case textFoldFamily:
		return strings.EqualFold(plain(parts), value)
	default:
		return like(parts, value)
	}
}

// plain is the text of parts without wildcards.
func plain(parts []part) string {
	b := make([]byte, len(parts))
	for i, p := range parts {
		b[i] = p.char
	}
	return string(b)
}
