package casegen

import (
	"math/rand/v2"
	"strings"
)

func taxes() map[string]maker {
	cuit := func(prefixes ...string) maker {
		return maker{value: func(r *rand.Rand) string {
			s := until(r, func() string { return complete(one(r, prefixes...)+num(r, 8), digits, cuitOK) }, func(s string) bool { return s != "" })
			return spaced(r, s, 2, 8)
		}, check: func(s string) bool { return cuitOK(s) && strings.Contains(strings.Join(prefixes, " "), s[:2]) }}
	}
	rfc := func(n int) maker {
		return maker{value: func(r *rand.Rand) string {
			return abc(r, 1) + pick(r, "AEIOU", 1) + abc(r, n-2) + yymmdd(r) + pick(r, alnums, 3)
		}}
	}
	return map[string]maker{
		"ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER":   cuit("20", "23", "24", "27"),
		"ARGENTINA_ORGANIZATION_TAX_IDENTIFICATION_NUMBER": cuit("30", "33", "34"),
		"AUSTRALIA_TAX_FILE_NUMBER": {value: func(r *rand.Rand) string {
			return spaced(r, until(r, func() string { return complete(between(r, 1, 9, 1)+num(r, 7), digits, tfnOK) }, func(s string) bool { return s != "" }), 3, 3)
		}, check: tfnOK},
		"BRAZIL_CNPJ_NUMBER": {value: func(r *rand.Rand) string {
			s := num(r, 7) + "1" + "000" + between(r, 1, 9, 1)
			if r.IntN(4) == 0 {
				s = pick(r, alnums, 4) + num(r, 4) + pick(r, alnums, 2) + "01"
			}
			s = brazil(brazil(s, 9), 9)
			return one(r, s, s[:2]+"."+s[2:5]+"."+s[5:8]+"/"+s[8:12]+"-"+s[12:])
		}, check: func(s string) bool { return len(s) == 14 && brazil(brazil(s[:12], 9), 9) == s }},
		"BRAZIL_CPF_NUMBER": {value: func(r *rand.Rand) string {
			s := brazil(brazil(num(r, 8)+"7", 99), 99)
			return one(r, s, s[:3]+"."+s[3:6]+"."+s[6:9]+"-"+s[9:])
		}, check: func(s string) bool { return len(s) == 11 && brazil(brazil(s[:9], 99), 99) == s }},
		"COLOMBIA_INDIVIDUAL_NIT_NUMBER": {value: func(r *rand.Rand) string {
			s := one(r, "10"+num(r, 8), between(r, 1, 9, 1)+num(r, 7), between(r, 1, 9, 1)+num(r, 6))
			k := nitDigit(s)
			return one(r, s+k, s+"-"+k, dots(s)+"-"+k)
		}, check: nitOK},
		"COLOMBIA_ORGANIZATION_NIT_NUMBER": {value: func(r *rand.Rand) string {
			s := one(r, "8", "9") + num(r, 8)
			k := nitDigit(s)
			return one(r, s+k, s+"-"+k, dots(s)+"-"+k)
		}, check: func(s string) bool { return s[0] >= '8' && nitOK(s) }},
		"FRANCE_TAX_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			s := between(r, 0, 3, 1) + num(r, 8) + "1"
			return group(s+pad(remainder(s, 511), 3), one(r, "", " "), 2, 2, 3, 3)
		}, check: func(s string) bool { return s[0] < '4' && pad(remainder(s[:10], 511), 3) == s[10:] }},
		"GERMANY_TAX_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			for {
				// Ten different digits, one of them replaced by another.
				p := r.Perm(10)
				i, j := r.IntN(10), r.IntN(10)
				p[i] = p[j]
				s := ""
				for _, d := range p {
					s += pad(d, 1)
				}
				if i != j && s[0] != '0' {
					return group(complete(s, digits, iso1110), one(r, "", " "), 2, 3, 3)
				}
			}
		}, check: iso1110},
		"INDIA_PERMANENT_ACCOUNT_NUMBER": {value: func(r *rand.Rand) string {
			return abc(r, 3) + one(r, "P", "C", "H", "F", "A", "T") + abc(r, 1) + between(r, 1, 9999, 4) + abc(r, 1)
		}},
		"MEXICO_INDIVIDUAL_RFC_NUMBER":   rfc(4),
		"MEXICO_ORGANIZATION_RFC_NUMBER": rfc(3),
		"SPAIN_NIE_NUMBER":               {value: nie, check: spanishOK},
		"SPAIN_NIF_NUMBER": {value: func(r *rand.Rand) string {
			if r.IntN(4) > 0 {
				return dni(r)
			}
			s := num(r, 6) + "1"
			return one(r, "K", "L", "M") + s + spanishLetter(remainder(s, 23))
		}, check: func(s string) bool {
			return s[0] <= '9' && spanishOK(s) || spanishKLM(s)
		}},
		"SPAIN_TAX_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			return complete(pick(r, "ABCDEFGHJNPQRSUVW", 1)+num(r, 6)+"1", digits+"JABCDEFGHI", cifOK)
		}, check: cifOK},
		"UK_TAX_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			s := num(r, 8) + "1"
			s = utrDigit(s) + s
			return one(r, s, s, s[:5]+" "+s[5:], s+"K")
		}, check: func(s string) bool { s = strings.TrimSuffix(s, "K"); return len(s) == 10 && utrDigit(s[1:]) == s[:1] }},
		"USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			return spaced(r, "9"+num(r, 2)+one(r, between(r, 50, 65, 2), between(r, 70, 88, 2), between(r, 90, 92, 2), between(r, 94, 99, 2))+num(r, 4), 3, 2)
		}},
	}
}

// cuitOK: with weight 1 for the check digit the sum is a multiple of 11.
func cuitOK(s string) bool {
	return len(s) == 11 && allDigits(s) && sum(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 && strings.Trim(s[2:10], "0") != ""
}

func tfnOK(s string) bool {
	return len(s) == 9 && strings.Trim(s, "0") != "" && sum(s, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0
}

// brazil appends a mod 11 check digit. Weights rise from 2 on the right and start
// again after top.
func brazil(s string, top int) string {
	t, w := 0, 2
	for _, c := range reverse(s) {
		t += int(c-48) * w
		if w++; w > top {
			w = 2
		}
	}
	if t%11 < 2 {
		return s + "0"
	}
	return s + pad(11-t%11, 1)
}

func nitDigit(s string) string {
	primes := []int{3, 7, 13, 17, 19, 23, 29, 37, 41, 43}
	t := 0
	for i, c := range reverse(s) {
		t += primes[i] * int(c-'0')
	}
	return pad([]int{0, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1}[t%11], 1)
}

func nitOK(s string) bool { return s[0] != '0' && nitDigit(s[:len(s)-1]) == s[len(s)-1:] }

// iso1110 is ISO 7064 mod 11,10 in its recursive form, and the rule on repeated
// digits.
func iso1110(s string) bool {
	if len(s) != 11 || s[0] == '0' {
		return false
	}
	p := 10
	for _, c := range s[:10] {
		p += int(c - '0')
		if p %= 10; p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	if (p+int(s[10]-'0'))%10 != 1 {
		return false
	}
	twice := 0
	for _, d := range digits {
		switch n := strings.Count(s[:10], string(d)); {
		case n > 3 || strings.Contains(s[:10], strings.Repeat(string(d), 3)):
			return false
		case n > 1:
			twice++
		}
	}
	return twice == 1
}

// spanishKLM checks the numbers of Spaniards without an identity card.
func spanishKLM(s string) bool {
	return len(s) == 9 && strings.Contains("KLM", s[:1]) && allDigits(s[1:8]) && strings.Trim(s[1:8], "0") != "" &&
		spanishLetter(remainder(s[1:8], 23)) == s[8:]
}

// cifOK: the control makes a Luhn number of the seven digits; companies write the
// digit, public bodies the letter.
func cifOK(s string) bool {
	if len(s) != 9 || !allDigits(s[1:8]) || strings.Trim(s[1:8], "0") == "" {
		return false
	}
	k := luhnDigit(s[1:8])
	letter := "JABCDEFGHI"[k[0]-'0':][:1]
	switch {
	case strings.Contains("ABEH", s[:1]):
		return s[8:] == k
	case strings.Contains("NPQRSW", s[:1]):
		return s[8:] == letter
	}
	return s[8:] == k || s[8:] == letter
}

// utrDigit is the first digit of a unique taxpayer reference.
func utrDigit(s string) string {
	return []string{"2", "1", "9", "8", "7", "6", "5", "4", "3", "2", "1"}[sum(s, 6, 7, 8, 9, 10, 5, 4, 3, 2)%11]
}
