package casegen

import (
	"math/big"
	"strings"
)

// luhnDigit is the digit that completes a number to pass the Luhn check.
func luhnDigit(s string) string {
	sum := 0
	for i, c := range reverse(s) {
		v := int(c - '0')
		if i%2 == 0 {
			v = []int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}[v] // digit sum of the double
		}
		sum += v
	}
	return pad((10-sum%10)%10, 1)
}

func luhnOK(s string) bool {
	n := len(s) - 1
	return allDigits(s) && n > 0 && luhnDigit(s[:n]) == s[n:]
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func allDigits(s string) bool { return strings.Trim(s, digits) == "" && s != "" }

// remainder is a decimal string modulo m.
func remainder(s string, m int64) int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return -1
	}
	return int(n.Mod(n, big.NewInt(m)).Int64())
}

// numeric replaces letters by 10 to 35.
func numeric(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c >= 'A' {
			b.WriteString(pad(int(c-'A')+10, 2))
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// sum multiplies digits by weights and adds up.
func sum(s string, weights ...int) int {
	t := 0
	for i, w := range weights {
		t += w * strings.IndexByte(alnums, s[i])
	}
	return t
}

// The dihedral group's multiplication, from its definition: rotations 0-4,
// reflections 5-9.
func dihedral(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return (a+b-5)%5 + 5
	case b < 5:
		return (a-5-b+5)%5 + 5
	}
	return (a - b + 5) % 5
}

// verhoeffOK applies the permutation (1 5 8 9 4 2 7 0)(3 6) once more at each
// position from the right.
func verhoeffOK(s string) bool {
	step := map[byte]byte{'1': '5', '5': '8', '8': '9', '9': '4', '4': '2', '2': '7', '7': '0', '0': '1', '3': '6', '6': '3'}
	c := 0
	for i, d := range []byte(reverse(s)) {
		for range i {
			d = step[d]
		}
		c = dihedral(c, int(d-'0'))
	}
	return c == 0
}

// icaoDigit is the ICAO 9303 check digit.
func icaoDigit(s string) string {
	t := 0
	for i := range s {
		t += strings.IndexByte(alnums, s[i]) * []int{7, 3, 1}[i%3]
	}
	return pad(t%10, 1)
}

// complete appends the one character of a set that makes ok true, or nothing when
// none does.
func complete(s, set string, ok func(string) bool) string {
	for _, c := range set {
		if ok(s + string(c)) {
			return s + string(c)
		}
	}
	return ""
}
