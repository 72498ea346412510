package validate

import "encoding/binary"

// luhnDoubled is what a digit counts in every second place.
const luhnDoubled = "\x00\x02\x04\x06\x08\x01\x03\x05\x07\x09"

// luhn says whether the n digits pass the Luhn check (ISO/IEC 7812-1 annex B).
func luhn(d []byte) bool {
	sum := 0
	i := len(d) - 1
	for ; i > 0; i -= 2 {
		sum += int(d[i]-'0') + int(luhnDoubled[d[i-1]-'0'])
	}
	if i == 0 {
		sum += int(d[0] - '0')
	}
	return sum%10 == 0
}

// gs1 says whether the last digit is the GS1 mod 10 check digit (weights 3 and 1
// from the right).
func gs1(d []byte) bool {
	sum := 0
	for i := len(d) - 1; i >= 0; i-- {
		w := 1
		if (len(d)-1-i)%2 == 1 {
			w = 3
		}
		sum += w * int(d[i]-'0')
	}
	return sum%10 == 0
}

// mod97 is the remainder of a decimal number modulo 97; letters, of either case, count
// as 10 to 35 (ISO 7064).
func mod97(rem int, s []byte) int {
	const large = 1 << 56 // a character more fits on top
	n := uint64(rem)
	for len(s) >= 8 {
		digits, ok := eightDigits(s)
		if !ok {
			break
		}
		n = (n%97*100_000_000 + digits)
		s = s[8:]
	}
	for _, c := range s {
		if n >= large {
			n %= 97
		}
		if isDigit(c) {
			n = n*10 + uint64(c-'0')
		} else {
			n = n*100 + uint64(c|0x20-'a') + 10
		}
	}
	return int(n % 97)
}

// eightDigits reads eight digits as a number, pairs at a time.
func eightDigits(s []byte) (n uint64, ok bool) {
	v := binary.LittleEndian.Uint64(s) ^ 0x3030303030303030
	if (v+0x7676767676767676|v)&0x8080808080808080 != 0 {
		return 0, false
	}
	v = v*10 + v>>8 // two digits in every second byte
	v = (v&0x000000FF000000FF)*(100+1_000_000<<32) + (v>>16&0x000000FF000000FF)*(1+10_000<<32)
	return v >> 32, true
}

// weighted is the sum of digits times weights.
func weighted(d []byte, weights string) int {
	sum := 0
	for i := range len(weights) {
		sum += int(d[i]-'0') * int(weights[i])
	}
	return sum
}

var verhoeffD = [10][10]uint8{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
	{2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
	{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
	{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
	{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
}

var verhoeffP = [8][10]uint8{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
	{5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
	{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
	{2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
}

// verhoeff says whether the digits pass the Verhoeff check (dihedral group D5).
func verhoeff(d []byte) bool {
	c := uint8(0)
	for i := range d {
		c = verhoeffD[c][verhoeffP[i%8][d[len(d)-1-i]-'0']]
	}
	return c == 0
}

// iso7064mod1110 says whether the last digit is the ISO 7064 mod 11,10 check.
func iso7064mod1110(d []byte) bool {
	p := 10
	for _, c := range d[:len(d)-1] {
		s := (p + int(c-'0')) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return (11-p)%10 == int(d[len(d)-1]-'0')
}

// icao731 says whether the last digit is the ICAO 9303 check of what precedes it:
// weights 7, 3, 1 and letters counting 10 to 35.
func icao731(s []byte) bool {
	weights := [3]int{7, 3, 1}
	sum := 0
	last := len(s) - 1
	for i, c := range s[:last] {
		sum += alnumValue(c) * weights[i%3]
	}
	return isDigit(s[last]) && sum%10 == int(s[last]-'0')
}

// alnumValue counts 0-9 as themselves and A-Z as 10 to 35.
func alnumValue(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return int(c-'A') + 10
}

// dniLetters are the control letters of Spanish numbers, by number mod 23.
const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// daysIn returns the days of a month, 29 for February of an unknown (0) or leap
// year.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year != 0 && (year%4 != 0 || year%100 == 0 && year%400 != 0) {
			return 28
		}
		return 29
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// date says whether day and month exist; year 0 means unknown.
func date(year, month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}
