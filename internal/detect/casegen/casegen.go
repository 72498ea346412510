package casegen

import (
	"math/rand/v2"
	"sort"
	"strings"
)

// A maker makes values of one identifier.
type maker struct {
	// value makes a valid value.
	value func(*rand.Rand) string
	// check says whether letters and digits in upper case satisfy the
	// identifier's published rule; nil when the rule has no check digit.
	check func(string) bool
	// wrong replaces the change of any digit, where only some are checked.
	wrong func(*rand.Rand) string
}

var makers = func() map[string]maker {
	all := map[string]maker{}
	for _, part := range []map[string]maker{secrets(), finance(), health(), licences(), nationals(), taxes(), others()} {
		for id, m := range part {
			all[id] = m
		}
	}
	return all
}()

// IDs returns the identifiers that have a maker, sorted.
func IDs() []string {
	var ids []string
	for id := range makers {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// Valid makes a value of the identifier; false when it makes none of this kind.
func Valid(id string, r *rand.Rand) (string, bool) {
	m, ok := makers[id]
	if !ok {
		return "", false
	}
	return m.value(r), true
}

// OneDigitWrong makes a valid value and changes one digit so that the check fails;
// false when the identifier has no check digit. Some checks miss some changes (a
// doubled digit of a DEA number changed by five, for one): such a change makes
// another valid number, not a wrong one, and is not returned.
func OneDigitWrong(id string, r *rand.Rand) (string, bool) {
	m, ok := makers[id]
	if ok && m.wrong != nil {
		return m.wrong(r), true
	}
	if !ok || m.check == nil {
		return "", false
	}
	for {
		v := []byte(m.value(r))
		if !m.check(clean(string(v))) {
			continue // a form of the value without the check digit
		}
		i := r.IntN(len(v))
		if v[i] < '0' || v[i] > '9' {
			continue
		}
		v[i] = '0' + (v[i]-'0'+byte(1+r.IntN(9)))%10
		if !m.check(clean(string(v))) {
			return string(v), true
		}
	}
}

// clean keeps letters and digits, letters in upper case.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 32
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return -1
	}, s)
}

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alnums  = digits + letters
	base64s = letters + "abcdefghijklmnopqrstuvwxyz" + digits + "+/"
	base62s = letters + "abcdefghijklmnopqrstuvwxyz" + digits
)

// pick returns n characters of a set.
func pick(r *rand.Rand, set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[r.IntN(len(set))]
	}
	return string(b)
}

func num(r *rand.Rand, n int) string { return pick(r, digits, n) }
func abc(r *rand.Rand, n int) string { return pick(r, letters, n) }

// one returns one of the strings.
func one(r *rand.Rand, s ...string) string { return s[r.IntN(len(s))] }

// between returns a number from lo to hi with leading zeroes up to width.
func between(r *rand.Rand, lo, hi, width int) string {
	return pad(lo+r.IntN(hi-lo+1), width)
}

func pad(n, width int) string {
	s := ""
	for ; n > 0; n /= 10 {
		s = digits[n%10:n%10+1] + s
	}
	for len(s) < width {
		s = "0" + s
	}
	return s
}

// group cuts a string into groups of the given sizes with sep between them.
func group(s, sep string, sizes ...int) string {
	var parts []string
	for _, n := range sizes {
		parts = append(parts, s[:n])
		s = s[n:]
	}
	if s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, sep)
}

// spaced writes a value solid, or in groups with spaces or hyphens.
func spaced(r *rand.Rand, s string, sizes ...int) string {
	return group(s, one(r, "", " ", "-"), sizes...)
}

// form fills a format: 9 is a digit, ! a nine, @ a letter, * either, the rest
// itself.
func form(r *rand.Rand, format string) string {
	var b strings.Builder
	for _, c := range format {
		switch c {
		case '9':
			b.WriteString(num(r, 1))
		case '@':
			b.WriteString(abc(r, 1))
		case '*':
			b.WriteString(pick(r, alnums, 1))
		case '!':
			b.WriteByte('9')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// forms makes values of one of several formats, never all of one digit.
func forms(formats ...string) maker {
	return maker{value: func(r *rand.Rand) string {
		for {
			if s := form(r, one(r, formats...)); s[1:] != strings.Repeat(s[:1], len(s)-1) {
				return s
			}
		}
	}}
}

// until makes values until ok accepts one.
func until(r *rand.Rand, value func() string, ok func(string) bool) string {
	for {
		if s := value(); ok(s) {
			return s
		}
	}
}

// day returns a date that exists as YYYYMMDD.
func day(r *rand.Rand, from, to int) (year, month, dayOfMonth int) {
	month = 1 + r.IntN(12)
	return from + r.IntN(to-from+1), month, 1 + r.IntN([]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1])
}

func yymmdd(r *rand.Rand) string {
	y, m, d := day(r, 1930, 2009)
	return pad(y%100, 2) + pad(m, 2) + pad(d, 2)
}
