package casegen

import (
	"math/rand/v2"
	"strings"
)

// ssnDigits are nine digits that were or can be issued as a social security
// number.
func ssnDigits(r *rand.Rand) string {
	return until(r, func() string {
		return between(r, 1, 899, 3) + between(r, 1, 99, 2) + between(r, 1, 9999, 4)
	}, func(s string) bool { return s[:3] != "666" && s != "078051120" && s != "219099999" })
}

func health() map[string]maker {
	return map[string]maker{
		"US_DRUG_ENFORCEMENT_AGENCY_NUMBER": {value: func(r *rand.Rand) string {
			return complete(pick(r, "ABCDEFGHJKLMPRSTUX", 1)+pick(r, letters+"9", 1)+num(r, 6), digits, deaOK)
		}, check: deaOK},
		"USA_HEALTH_INSURANCE_CLAIM_NUMBER": {value: func(r *rand.Rand) string {
			s := ssnDigits(r)
			if r.IntN(4) == 0 {
				return one(r, "A", "MA", "WA", "WD", "PA", "WCA", "WCD") + one(r, num(r, 5)+"1", s)
			}
			return group(s, one(r, "", "-"), 3, 2) + one(r, "", "-") + one(r, "A", "B", "B1", "C1", "D", "HA", "T", "M", "W", "E1")
		}},
		"CANADA_HEALTH_NUMBER": {value: func(r *rand.Rand) string {
			switch r.IntN(6) {
			case 0: // Ontario
				s := between(r, 1, 8, 1) + num(r, 8)
				return group(s+luhnDigit(s), one(r, "", " ", "-"), 4, 3) + one(r, "", "", " "+abc(r, 2))
			case 1: // Quebec
				_, m, d := day(r, 1950, 1990)
				return spaced(r, abc(r, 4)+num(r, 2)+pad(m+50*r.IntN(2), 2)+pad(d, 2)+num(r, 2), 4, 4)
			case 2: // Alberta, Saskatchewan, Manitoba
				return "1" + num(r, 8)
			}
			return spaced(r, until(r, func() string {
				return complete("9"+num(r, 8), digits, bcOK)
			}, func(s string) bool { return s != "" }), 4, 3)
		}, check: func(s string) bool {
			if len(s) < 10 || !allDigits(s[:10]) {
				return false
			}
			if s[0] == '9' {
				return bcOK(s)
			}
			return luhnOK(s[:10])
		}},
		"EUROPEAN_HEALTH_INSURANCE_CARD_NUMBER": {value: func(r *rand.Rand) string {
			return "80" + one(r, "040", "056", "250", "276", "380", "724", "528", "752", "246") + num(r, 15)
		}},
		"FINLAND_EUROPEAN_HEALTH_INSURANCE_NUMBER": {value: func(r *rand.Rand) string {
			return "8024680246" + one(r, "", " ", "-") + num(r, 10)
		}},
		"FRANCE_HEALTH_INSURANCE_NUMBER": {value: func(r *rand.Rand) string { return group(num(r, 21), one(r, "", " "), 10, 10) }},
		"UK_NHS_NUMBER": {value: func(r *rand.Rand) string {
			return spaced(r, until(r, func() string { return complete("4"+num(r, 8), digits, nhsOK) }, func(s string) bool { return s != "" }), 3, 3)
		}, check: nhsOK},
		"USA_MEDICARE_BENEFICIARY_IDENTIFIER": {value: func(r *rand.Rand) string {
			const l = "ACDEFGHJKMNPQRTUVWXY"
			x := l + digits
			s := between(r, 1, 9, 1) + pick(r, l, 1) + pick(r, x, 1) + num(r, 1) + pick(r, l, 1) + pick(r, x, 1) + num(r, 1) + pick(r, l, 2) + num(r, 2)
			return group(s, one(r, "", "-"), 4, 3)
		}},
		"USA_HEALTHCARE_PROCEDURE_CODE": {value: func(r *rand.Rand) string {
			return one(r, pick(r, "ABCDEGHJKLMPQRSTUV", 1)+num(r, 4), between(r, 10004, 99499, 5), between(r, 100, 1999, 5), between(r, 1, 999, 4)+one(r, "F", "T", "U")) +
				one(r, "", "", "-25", "-RT")
		}},
		"USA_NATIONAL_DRUG_CODE": {value: func(r *rand.Rand) string {
			return form(r, one(r, "1999-9999-99", "19999-999-99", "19999-9999-9", "09999-9999-99", "1999999999", "09999999999"))
		}},
		"USA_NATIONAL_PROVIDER_IDENTIFIER": {value: func(r *rand.Rand) string {
			s := one(r, "1", "2") + num(r, 8)
			return s + luhnDigit("80840"+s)
		}, check: func(s string) bool { return (s[0] == '1' || s[0] == '2') && luhnOK("80840"+s) }},
		"MEDICAL_DEVICE_UDI": {value: udi, wrong: func(r *rand.Rand) string {
			gtin := []byte(gtin14(r))
			i := r.IntN(14)
			gtin[i] = '0' + (gtin[i]-'0'+byte(1+r.IntN(9)))%10
			return "(01)" + string(gtin) + "(17)" + yymmdd(r) + "(10)" + pick(r, alnums, 6)
		}},
	}
}

func deaOK(s string) bool {
	if len(s) != 9 || !allDigits(s[2:]) || !strings.Contains("ABCDEFGHJKLMPRSTUX", s[:1]) || s[2:] == "0000000" {
		return false
	}
	odd, even := sum(s[2:], 1, 0, 1, 0, 1, 0), sum(s[2:], 0, 1, 0, 1, 0, 1)
	return (odd+2*even)%10 == int(s[8]-'0')
}

// bcOK: British Columbia's weighted products are each taken mod 11 first.
func bcOK(s string) bool {
	t := 0
	for i, w := range []int{2, 4, 8, 5, 10, 9, 7, 3} {
		t += int(s[i+1]-'0') * w % 11
	}
	return 11-t%11 == int(s[9]-'0')
}

func nhsOK(s string) bool {
	if len(s) != 10 || s == strings.Repeat(s[:1], 10) {
		return false
	}
	// Ten digits weighted 10 to 1 are divisible by 11.
	return sum(s, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

func gtin14(r *rand.Rand) string {
	s := num(r, 13)
	return s + pad((10-sum(s, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)%10)%10, 1)
}

func udi(r *rand.Rand) string {
	switch r.IntN(4) {
	case 0:
		s := "+" + abc(r, 1) + pick(r, alnums, 3) + pick(r, alnums, 3+r.IntN(10)) + num(r, 1)
		if r.IntN(2) == 0 {
			s += "/$$" + num(r, 4) + pick(r, alnums, 6)
		}
		const order = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
		t := 0
		for _, c := range s {
			t += strings.IndexRune(order, c)
		}
		if c := order[t%43 : t%43+1]; strings.Contains(alnums, c) {
			return s + c
		}
		return udi(r)
	case 1:
		return "=/A9999" + pick(r, alnums, 6) + "T0" + num(r, 3) + "=,000025=A9999" + num(r, 10) + "=>014032"
	}
	return "(01)" + gtin14(r) + one(r, "", "(11)"+yymmdd(r)) + one(r, "", "(17)"+yymmdd(r)) + one(r, "", "(10)"+pick(r, alnums, 6)) + one(r, "", "(21)"+num(r, 8))
}
