package casegen

import (
	"math/rand/v2"
	"strings"
)

func licences() map[string]maker {
	finnish := "0123456789ABCDEFHJKLMNPRSTUVWXY"
	finnishOK := func(s string) bool {
		s = strings.Replace(s, "A", "", 1) // the century sign of this century
		return len(s) == 10 && allDigits(s[:9]) && finnish[remainder(s[:9], 31)] == s[9]
	}
	all := map[string]maker{
		"AUSTRALIA_DRIVERS_LICENSE":  forms("99999999", "999999999", "9999@@", "@99999"),
		"AUSTRIA_DRIVERS_LICENSE":    forms("99999999"),
		"BELGIUM_DRIVERS_LICENSE":    forms("9999999999"),
		"BULGARIA_DRIVERS_LICENSE":   forms("999999999"),
		"CROATIA_DRIVERS_LICENSE":    forms("99999999"),
		"CYPRUS_DRIVERS_LICENSE":     forms("999999999999"),
		"CZECHIA_DRIVERS_LICENSE":    forms("E@ 999999", "E@999999"),
		"DENMARK_DRIVERS_LICENSE":    forms("99999999"),
		"DRIVERS_LICENSE":            forms("B9999999", "99999999", "999999999", "B999999999999", "B999-999-99-999-9", "B999-9999-9999", "B999-9999-9999-99", "WDL*****999B", "B99999999999999"),
		"ESTONIA_DRIVERS_LICENSE":    forms("ET999999"),
		"GERMANY_DRIVERS_LICENSE":    forms("B999RRE9I99", "N9999999999", "J999ABC9D19"),
		"GREECE_DRIVERS_LICENSE":     forms("999999999"),
		"HUNGARY_DRIVERS_LICENSE":    forms("@@999999"),
		"IRELAND_DRIVERS_LICENSE":    forms("999999@@@@", "999999999"),
		"ITALY_DRIVERS_LICENSE":      forms("UA9999999@", "MI9999999@", "U1H99A999@"),
		"LATVIA_DRIVERS_LICENSE":     forms("@@@999999"),
		"LITHUANIA_DRIVERS_LICENSE":  forms("99999999"),
		"LUXEMBOURG_DRIVERS_LICENSE": forms("999999"),
		"MALTA_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			// "NO 123 456" reads as a word and a number.
			s := until(r, func() string { return abc(r, 2) }, func(s string) bool { return !strings.Contains("ID IS NO NR", s) })
			return s + one(r, form(r, "999999"), form(r, " 999 999"))
		}},
		"NETHERLANDS_DRIVERS_LICENSE": forms("9999999999"),
		"POLAND_DRIVERS_LICENSE":      forms("99999/99/9999"),
		"PORTUGAL_DRIVERS_LICENSE":    forms("@@-99999 9", "@@-999999 9", "@-999999 9", "@-99999999 9"),
		"ROMANIA_DRIVERS_LICENSE":     forms("@99999999", "999999999"),
		"SLOVAKIA_DRIVERS_LICENSE":    forms("@9999999", "99999999"),
		"SLOVENIA_DRIVERS_LICENSE":    forms("999999999"),
		"UK_ELECTORAL_ROLL_NUMBER":    forms("@@9", "@@99", "@@999", "@@9999"),
		"FRANCE_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			return between(r, 75, 99, 2) + between(r, 1, 12, 2) + num(r, 8)
		}},
		"INDIA_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			return one(r, "MH", "DL", "KA", "TN", "UP", "GJ", "WB") + between(r, 1, 60, 2) + one(r, "", " ", "-") + between(r, 1985, 2024, 4) + num(r, 7)
		}},
		"CANADA_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			if r.IntN(3) == 0 {
				return one(r, num(r, 7), abc(r, 1)+num(r, 9), abc(r, 1)+num(r, 12), form(r, "@9999-999999-99"), abc(r, 5)+num(r, 9), num(r, 8))
			}
			_, m, d := day(r, 1940, 2004)
			return group(abc(r, 1)+num(r, 9)+num(r, 1)+pad(m+50*r.IntN(2), 2)+pad(d, 2), one(r, "", "-"), 5, 5)
		}},
		"FINLAND_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			y, m, d := day(r, 1930, 2006)
			sign := "-"
			if y >= 2000 {
				sign = "A"
			}
			s := pad(d, 2) + pad(m, 2) + pad(y%100, 2)
			n := between(r, 2, 899, 3)
			return s + sign + n + finnish[remainder(s+n, 31):][:1]
		}, check: finnishOK},
		"SPAIN_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			if r.IntN(5) == 0 {
				return nie(r)
			}
			return dni(r)
		}, check: spanishOK},
		"SWEDEN_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			s := yymmdd(r) + num(r, 3)
			return s[:6] + "-" + s[6:] + luhnDigit(s)
		}, check: luhnOK},
		"UK_DRIVERS_LICENSE": {value: func(r *rand.Rand) string {
			name := abc(r, 5)
			if r.IntN(4) == 0 {
				name = abc(r, 3) + "99"
			}
			_, m, d := day(r, 1940, 2004)
			return name + num(r, 1) + pad(m+50*r.IntN(2), 2) + pad(d, 2) + num(r, 1) + abc(r, 1) + one(r, "9", abc(r, 1)) + num(r, 1) + abc(r, 2) + one(r, "", "", " 35")
		}},
	}
	return all
}

// spanishLetter is the control letter of a number.
func spanishLetter(n int) string { return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23:][:1] }

func dni(r *rand.Rand) string {
	s := between(r, 1, 9, 1) + num(r, 7)
	if s == "99999999" {
		s = "12345678"
	}
	l := spanishLetter(remainder(s, 23))
	return one(r, s+l, s+"-"+l, s[:2]+"."+s[2:5]+"."+s[5:]+"-"+l)
}

func nie(r *rand.Rand) string {
	k, s := r.IntN(3), num(r, 6)+"1"
	return "XYZ"[k:k+1] + s + one(r, "", "-") + spanishLetter(remainder(pad(k, 1)+s, 23))
}

// spanishOK checks an identity number or a foreigner's.
func spanishOK(s string) bool {
	if len(s) != 9 {
		return false
	}
	n := strings.NewReplacer("X", "0", "Y", "1", "Z", "2").Replace(s[:8])
	return allDigits(n) && s[:8] != "00000000" && s[:8] != "99999999" && !(s[0] > '9' && s[1:8] == "0000000") &&
		spanishLetter(remainder(n, 23)) == s[8:]
}
