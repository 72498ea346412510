package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
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

// condition is one key of one operator. One of its values has to match, or, if it is negated, none.
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

// sameOperator reports whether two conditions have the same operator.
func (c *condition) sameOperator(o *condition) bool {
	return c.operator == o.operator && c.quantifier == o.quantifier && c.ifExists == o.ifExists
}

// take reads one of the policy's values.
func (c *condition) take(value string) error {
	switch c.family {
	case numberFamily:
		n, ok := parseNumber(value)
		if !ok {
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
		p, err := parsePrefix(value)
		if err != nil {
			return err
		}
		c.prefixes = append(c.prefixes, p)
	default:
		c.texts = append(c.texts, value)
	}
	return nil
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?$`)

// parseNumber reads a decimal number. What else can be read as one, such as NaN, is greater and
// less than nothing.
func parseNumber(s string) (n float64, ok bool) {
	if !decimal.MatchString(s) {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// The seconds since 1970 that can be meant: from 1973 to 5138. A smaller number is a year or a day
// without its hyphens, a larger one is milliseconds.
const (
	firstSecond = 100_000_000
	lastSecond  = 100_000_000_000
)

// parseDate reads a date, a time with its zone, or seconds since 1970.
func parseDate(s string) (seconds float64, ok bool) {
	if n, ok := parseNumber(s); ok {
		return n, n >= firstSecond && n < lastSecond
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return float64(t.UnixMilli()) / 1000, true
		}
	}
	return 0, false
}

// parsePrefix reads an address or a range. The addresses of callers are IPv4 where they can be, and
// have no zone: a range of IPv4 inside IPv6, or a zone, would be that of nobody.
func parsePrefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4In6() {
			return netip.Prefix{}, errors.New("must be written as a range of IPv4, such as 203.0.113.0/24")
		}
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Prefix{}, errors.New("must be an IP address or a range such as 203.0.113.0/24")
	case a.Zone() != "":
		return netip.Prefix{}, errors.New("must be an address without a zone")
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// holds reports whether the condition is true of the request.
func (c *condition) holds(e *question) bool {
	values := e.values(c.key)
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
	// Of several values, all must do where that allows something, and one where that denies it,
	// unless the document says which.
	all := c.quantifier == forAll || c.quantifier == single && !e.deny
	for _, v := range values {
		if c.holdsFor(v, e) != all {
			return !all
		}
	}
	return all
}

// holdsFor reports whether the condition is true of one value of the request. A variable without a
// value leaves open what a text stands for: nothing is allowed because of that.
func (c *condition) holdsFor(value string, e *question) bool {
	matched, open := c.matches(value, e)
	if c.negated {
		return !matched && (e.deny || !open)
	}
	return matched
}

// matches reports whether the request's value matches one of the policy's, and whether what one of
// these stands for is open.
func (c *condition) matches(value string, e *question) (matched, open bool) {
	switch c.family {
	case numberFamily, dateFamily:
		n, ok := parseNumber(value)
		if c.family == dateFamily {
			n, ok = parseDate(value)
		}
		return ok && c.matchesNumber(n), false
	case ipFamily:
		a, err := netip.ParseAddr(value)
		if err != nil {
			return false, false
		}
		a = a.Unmap().WithZone("")
		return slices.ContainsFunc(c.prefixes, func(p netip.Prefix) bool { return p.Contains(a) }), false
	case boolFamily:
		return slices.Contains(c.texts, strings.ToLower(value)), false
	case binaryFamily:
		return slices.Contains(c.texts, value), false
	}
	for _, t := range c.texts {
		parts, found := e.expand(t, c.family == textLikeFamily || c.family == arnFamily)
		switch {
		case found == severalValues && e.deny && !c.negated:
			return true, false
		case found != oneValue:
			open = true
		case c.matchesText(parts, value, e):
			return true, false
		}
	}
	return false, open
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

func (c *condition) matchesText(parts []part, value string, e *question) bool {
	switch c.family {
	case arnFamily:
		return e.likeARN(parts, value)
	case textFoldFamily:
		e.steps += len(value)
		return strings.EqualFold(plain(parts), value)
	default:
		return e.like(parts, value)
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
