package casegen

import (
	"math/rand/v2"
	"strings"
)

func others() map[string]maker {
	phone := func(country string, national ...string) maker {
		return maker{value: func(r *rand.Rand) string { return country + " " + form(r, one(r, national...)) }}
	}
	return map[string]maker{
		"DATE_OF_BIRTH": {value: func(r *rand.Rand) string {
			y, m, d := day(r, 1930, 2009)
			name := one(r, []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}[m-1])
			yyyy, mm, dd := pad(y, 4), pad(m, 2), pad(d, 2)
			return one(r, mm+"/"+dd+"/"+yyyy, dd+"/"+mm+"/"+yyyy, yyyy+"-"+mm+"-"+dd, dd+"-"+mm+"-"+yyyy, dd+"."+mm+"."+yyyy,
				name+" "+pad(d, 1)+", "+yyyy, pad(d, 1)+" "+name+" "+yyyy, dd+"-"+name[:3]+"-"+yyyy, yyyy+mm+dd, mm+" "+dd+" "+yyyy)
		}},
		"LATITUDE_LONGITUDE": {value: func(r *rand.Rand) string {
			return one(r, "", "-") + between(r, 0, 89, 1) + "." + num(r, 4+r.IntN(3)) + one(r, ",", ", ", " ") + one(r, "", "-") + between(r, 0, 179, 1) + "." + num(r, 4+r.IntN(3))
		}},
		"BRAZIL_CEP_CODE": {value: func(r *rand.Rand) string {
			s := between(r, 1001, 99999, 5) + num(r, 3)
			return one(r, s, s[:5]+"-"+s[5:], s[:2]+"."+s[2:5]+"-"+s[5:])
		}},
		"VEHICLE_IDENTIFICATION_NUMBER": {value: func(r *rand.Rand) string {
			const set = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
			s := one(r, "1HG", "2T1", "3VW", "4T1", "5YJ", "1FT") + pick(r, set, 14)
			k := vinDigit(s)
			return s[:8] + k + s[9:]
		}, check: func(s string) bool { return s[0] < '1' || s[0] > '5' || vinDigit(s) == s[8:9] }},

		"CANADA_PASSPORT_NUMBER": forms("@@999999", "@999999@@"),
		"FRANCE_PASSPORT_NUMBER": forms("99@@99999"),
		"ITALY_PASSPORT_NUMBER":  forms("YA9999999", "@@9999999"),
		"SPAIN_PASSPORT_NUMBER":  forms("@@@999999", "@@999999"),
		"UK_PASSPORT_NUMBER":     forms("999999999"),
		"USA_PASSPORT_NUMBER":    forms("999999999", "@99999999"),
		"GERMANY_PASSPORT_NUMBER": {value: func(r *rand.Rand) string {
			s := pick(r, "CFGHJK", 1) + num(r, 2) + pick(r, germanSet, 6)
			return s + one(r, "", icaoDigit(s))
		}, check: func(s string) bool { return len(s) == 10 && icaoDigit(s[:9]) == s[9:] }},
		"CANADA_NATIONAL_IDENTIFICATION_NUMBER": forms("RA9999999", "PA99999999", "RA9999999999"),

		"PHONE_NUMBER": {value: func(r *rand.Rand) string {
			area := until(r, func() string { return between(r, 201, 989, 3) }, func(s string) bool { return s[1] != '9' && s[1:] != "11" })
			office := until(r, func() string { return between(r, 200, 999, 3) }, func(s string) bool { return s[1:] != "11" })
			line := num(r, 4)
			return one(r, "+1 ("+area+") "+office+"-"+line, "("+area+") "+office+"-"+line, area+"-"+office+"-"+line, "+1-"+area+"-"+office+"-"+line,
				area+"."+office+"."+line, "+1"+area+office+line, area+office+line)
		}},
		"BRAZIL_PHONE_NUMBER":  phone("+55", "11 !9999-9999", "(21) !9999-9999", "31!99999999", "(51) 3999-9999"),
		"FRANCE_PHONE_NUMBER":  phone("+33", "1 99 99 99 99", "6 99 99 99 99", "7 99 99 99 99", "499999999"),
		"GERMANY_PHONE_NUMBER": phone("+49", "30 999999", "(0)89 9999999", "171 9999999", "40 99999999"),
		"ITALY_PHONE_NUMBER":   phone("+39", "06 9999999", "347 999 9999", "02 99999999"),
		"SPAIN_PHONE_NUMBER":   phone("+34", "699 999 999", "!1 999 99 99", "799999999"),
		"UK_PHONE_NUMBER":      phone("+44", "20 7999 9999", "7999 999999", "(0)161 999 9999", "1632 999999"),
	}
}

// LocalPhone makes a number as written inside the country, which counts near a
// keyword.
func LocalPhone(id string, r *rand.Rand) (string, bool) {
	local := map[string][]string{
		"PHONE_NUMBER":         {"(206) 555-9999", "415-555-9999", "555-9999", "2125559999"},
		"BRAZIL_PHONE_NUMBER":  {"(11) !9999-9999", "21 3999-9999", "31!99999999"},
		"FRANCE_PHONE_NUMBER":  {"01 99 99 99 99", "0699999999", "05.99.99.99.99"},
		"GERMANY_PHONE_NUMBER": {"030 999999", "0171 9999999", "089/9999999"},
		"ITALY_PHONE_NUMBER":   {"06 9999999", "347 9999999", "02 9999 9999"},
		"SPAIN_PHONE_NUMBER":   {"699 999 999", "!1 999 99 99", "699999999"},
		"UK_PHONE_NUMBER":      {"020 7999 9999", "07999 999999", "01632 999999"},
	}
	formats, ok := local[id]
	if !ok {
		return "", false
	}
	return form(r, one(r, formats...)), true
}

// vinDigit is the character at the ninth place of a North American VIN.
func vinDigit(s string) string {
	// Letters count by rows of nine with gaps where I, O, Q and the first of the
	// third row would be.
	value := func(c byte) int {
		for _, row := range []string{"0ABCDEFGH", "0JKLMN.P.R", "..STUVWXYZ"} {
			if i := strings.IndexByte(row, c); i > 0 {
				return i
			}
		}
		return int(c - '0')
	}
	t := 0
	for i, w := range []int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2} {
		t += w * value(s[i])
	}
	return "0123456789X"[t%11:][:1]
}
