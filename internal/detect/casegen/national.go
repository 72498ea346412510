package casegen

import (
	"math/rand/v2"
	"strings"
)

func nationals() map[string]maker {
	return map[string]maker{
		"ARGENTINA_DNI_NUMBER": {value: func(r *rand.Rand) string {
			s := between(r, 1, 9, 1) + num(r, 6+r.IntN(2))
			if s == "99999999" {
				return "12.345.678"
			}
			return one(r, s, dots(s))
		}},
		"BRAZIL_RG_NUMBER": {value: func(r *rand.Rand) string {
			s := between(r, 1, 9, 1) + num(r, 7)
			return one(r, dots(s)+"-"+pick(r, digits+"X", 1), s+num(r, 1), s+"-"+num(r, 1), s+"X")
		}},
		"CHILE_RUT_NUMBER": {value: func(r *rand.Rand) string {
			s := between(r, 1, 9, 1) + num(r, 6+r.IntN(2))
			k := complete(s, digits+"K", rutOK)[len(s):]
			return one(r, s+"-"+k, dots(s)+"-"+k, s+k)
		}, check: rutOK},
		"COLOMBIA_CITIZENSHIP_CARD_NUMBER": {value: func(r *rand.Rand) string {
			s := one(r, "10"+num(r, 8), between(r, 1, 9, 1)+num(r, 7), between(r, 1, 9, 1)+num(r, 6))
			return one(r, s, dots(s))
		}},
		"FRANCE_NATIONAL_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			department := one(r, between(r, 1, 19, 2), between(r, 21, 95, 2), "2A", "2B", "99")
			s := one(r, "1", "2") + num(r, 2) + between(r, 1, 12, 2) + department + between(r, 1, 899, 3) + between(r, 1, 999, 3)
			return group(s+pad(nirKey(s), 2), one(r, "", " "), 1, 2, 2, 2, 3, 3)
		}, check: func(s string) bool { return len(s) == 15 && allDigits(s[13:]) && pad(nirKey(s[:13]), 2) == s[13:] }},
		"GERMANY_NATIONAL_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			if r.IntN(4) == 0 {
				s := between(r, 1, 9, 1) + num(r, 8)
				return s + icaoDigit(s)
			}
			s := pick(r, "LMNPRTVWXY", 1) + num(r, 2) + pick(r, germanSet, 5) + num(r, 1)
			return s + one(r, "", icaoDigit(s), icaoDigit(s))
		}, check: func(s string) bool { return len(s) == 10 && icaoDigit(s[:9]) == s[9:] }},
		"INDIA_AADHAAR_NUMBER": {value: func(r *rand.Rand) string {
			return spaced(r, complete(between(r, 2, 9, 1)+num(r, 10), digits, aadhaarOK), 4, 4)
		}, check: aadhaarOK},
		"ITALY_NATIONAL_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			if r.IntN(5) == 0 {
				s := between(r, 1, 8999999, 7) + between(r, 1, 100, 3)
				return s + luhnDigit(s)
			}
			_, _, d := day(r, 1930, 2009)
			s := pick(r, "BCDFGLMNPRSTVZ", 6) + num(r, 2) + pick(r, "ABCDEHLMPRST", 1) + pad(min(d, 28)+40*r.IntN(2), 2) + pick(r, "ABCDEFGHIL", 1) + num(r, 3)
			if r.IntN(6) == 0 {
				// Omocodia replaces digits by letters from the right.
				s = s[:14] + "LMNPQRSTUV"[s[14]-'0':][:1]
			}
			s += italianLetter(s)
			return one(r, s, s, strings.ToLower(s))
		}, check: func(s string) bool {
			if len(s) == 11 {
				return luhnOK(s)
			}
			return len(s) == 16 && italianLetter(s[:15]) == s[15:]
		}},
		"MEXICO_CURP_NUMBER": {value: func(r *rand.Rand) string {
			y, m, d := day(r, 1930, 2009)
			const c = "BCDFGHJKLMNPQRSTVWXYZ"
			s := abc(r, 1) + pick(r, "AEIOU", 1) + abc(r, 2) + pad(y%100, 2) + pad(m, 2) + pad(d, 2) + one(r, "H", "M") +
				one(r, "AS", "BC", "DF", "JC", "MC", "NL", "VZ", "NE", "QR") + pick(r, c, 3)
			if y < 2000 {
				s += num(r, 1)
			} else {
				s += pick(r, letters, 1)
			}
			return complete(s, digits, curpOK)
		}, check: curpOK},
		"SPAIN_DNI_NUMBER": {value: dni, check: spanishOK},
		"UK_NATIONAL_INSURANCE_NUMBER": {value: func(r *rand.Rand) string {
			p := until(r, func() string { return pick(r, "ABCEGHJKLMNOPRSTWXYZ", 1) + pick(r, "ABCEGHJKLMNPRSTWXYZ", 1) },
				func(s string) bool { return !strings.Contains("BG GB NK KN TN NT ZZ", s) })
			s := spaced(r, p+num(r, 6)+pick(r, "ABCD", 1), 2, 2, 2, 2)
			return one(r, s, s, strings.ToLower(s))
		}},
		"CANADA_SOCIAL_INSURANCE_NUMBER": {value: func(r *rand.Rand) string {
			s := one(r, "1", "2", "3", "4", "5", "6", "7", "9") + num(r, 7)
			return spaced(r, s+luhnDigit(s), 3, 3)
		}, check: func(s string) bool { return luhnOK(s) && s[0] != '0' && s[0] != '8' }},
		"SPAIN_SOCIAL_SECURITY_NUMBER": {value: func(r *rand.Rand) string {
			s := between(r, 1, 52, 2) + between(r, 10000000, 99999999, 8)
			return group(s+pad(remainder(s, 97), 2), one(r, "", " ", "-", "/"), 2, 8)
		}, check: func(s string) bool {
			return pad(remainder(s[:len(s)-2], 97), 2) == s[len(s)-2:] && s[2:10] >= "10000000" && s[:2] <= "53" && s[:2] > "00"
		}},
		"USA_SOCIAL_SECURITY_NUMBER": {value: func(r *rand.Rand) string { return spaced(r, ssnDigits(r), 3, 2) }},
		"ARGENTINA_TARJETA_SUBE": {value: func(r *rand.Rand) string {
			s := "6061" + num(r, 11)
			return spaced(r, s+luhnDigit(s), 4, 4, 4)
		}, check: luhnOK},
	}
}

const germanSet = "0123456789CFGHJKLMNPRTVWXYZ"

// dots puts a dot before every third digit from the right.
func dots(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}

// rutOK: weights 2 to 7 from the right and the check digit, K counting ten, add up
// to a multiple of 11.
func rutOK(s string) bool {
	k := strings.IndexByte(digits+"K", s[len(s)-1])
	if k < 0 || !allDigits(s[:len(s)-1]) || strings.Trim(s[:len(s)-1], "0") == "" {
		return false
	}
	t := k
	for i, c := range reverse(s[:len(s)-1]) {
		t += int(c-'0') * (2 + i%6)
	}
	return t%11 == 0
}

func nirKey(s string) int {
	n := strings.Replace(strings.Replace(s, "2A", "19", 1), "2B", "18", 1)
	// Only the department can hold a letter.
	return 97 - remainder(n, 97)
}

func aadhaarOK(s string) bool {
	return len(s) == 12 && allDigits(s) && s[0] > '1' && verhoeffOK(s) && s != reverse(s)
}

// italianLetter adds odd places by the table and even ones by value.
func italianLetter(s string) string {
	odd := map[rune]int{}
	for i, v := range []int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21} {
		odd[rune('0'+i)] = v
	}
	for i, c := range "BAKPLCQDREVOSFTGUHMINJWZYX" {
		odd[c] = i // the letters in the order of their values
	}
	t := 0
	for i, c := range s {
		switch {
		case i%2 == 0:
			t += odd[c]
		case c >= 'A':
			t += int(c - 'A')
		default:
			t += int(c - '0')
		}
	}
	return letters[t%26:][:1]
}

// curpOK weighs 18 down to 2 with the alphabet that has Ñ after N.
func curpOK(s string) bool {
	if len(s) != 18 || !allDigits(s[17:]) || !allDigits(s[4:10]) {
		return false
	}
	t := 0
	for i, c := range s[:17] {
		t += strings.Index("0123456789ABCDEFGHIJKLMN~OPQRSTUVWXYZ", string(c)) * (18 - i)
	}
	return (t+int(s[17]-'0'))%10 == 0
}
