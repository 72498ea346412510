package casegen

import (
	"math/rand/v2"
	"strings"
)

// issuer is a card brand's prefixes and the length of its numbers.
type issuer struct {
	length   int
	prefixes []string
}

var issuers = []issuer{
	{15, []string{"34", "37"}}, {16, []string{"5019"}}, {14, []string{"300", "305", "3095", "36", "38", "39"}},
	{16, []string{"6011", "622126", "622925", "644", "649", "65"}}, {16, []string{"4026", "417500", "4508", "4844", "4913", "4917"}},
	{16, []string{"3528", "3589", "3540"}}, {15, []string{"2131", "1800"}},
	{16, []string{"51", "55", "2221", "2720", "2300", "2500"}}, {16, []string{"62", "81"}}, {19, []string{"62"}},
	{16, []string{"4"}}, {13, []string{"4"}}, {19, []string{"4"}},
}

func cardNumber(r *rand.Rand) string {
	k := issuers[r.IntN(len(issuers))]
	s := one(r, k.prefixes...)
	s += num(r, k.length-1-len(s))
	return s + luhnDigit(s)
}

func card(r *rand.Rand) string {
	s := cardNumber(r)
	sep := one(r, "", "", " ", "-")
	switch len(s) {
	case 14:
		return group(s, sep, 4, 6, 4)
	case 15:
		return group(s, sep, 4, 6, 5)
	case 16, 19:
		return group(s, sep, 4, 4, 4, 4)
	}
	return s
}

// loneCard is a number that counts without a keyword: in groups, or of the lengths that
// most cards have.
func loneCard(r *rand.Rand) string {
	return until(r, func() string { return card(r) }, func(s string) bool {
		return strings.ContainsAny(s, " -") || len(s) >= 14 && len(s) <= 16
	})
}

// ibanForms are the country's code and the structure of its BBAN, by the first
// part of the identifier.
func ibanForms() map[string]string {
	return map[string]string{
		"ALBANIA":                "AL99999999****************",
		"ANDORRA":                "AD99999999************",
		"BOSNIA_AND_HERZEGOVINA": "BA9999999999999999",
		"BRAZIL":                 "BR99999999999999999999999@*",
		"BULGARIA":               "BG@@@@999999********",
		"COSTA_RICA":             "CR999999999999999999",
		"CROATIA":                "HR99999999999999999",
		"CYPRUS":                 "CY99999999****************",
		"CZECH_REPUBLIC":         "CZ99999999999999999999",
		"DENMARK":                "DK99999999999999",
		"DOMINICAN_REPUBLIC":     "DO****99999999999999999999",
		"EGYPT":                  "EG9999999999999999999999999",
		"ESTONIA":                "EE9999999999999999",
		"FAROE_ISLANDS":          "FO99999999999999",
		"FINLAND":                "FI99999999999999",
		"FRANCE":                 "FR9999999999***********99",
		"GEORGIA":                "GE@@9999999999999999",
		"GERMANY":                "DE999999999999999999",
		"GREECE":                 "GR9999999****************",
		"GREENLAND":              "GL99999999999999",
		"HUNGARY":                "HU999999999999999999999999",
		"ICELAND":                "IS9999999999999999999999",
		"IRELAND":                "IE@@@@99999999999999",
		"ITALY":                  "IT@9999999999************",
		"JORDAN":                 "JO@@@@9999******************",
		"KOSOVO":                 "XK9999999999999999",
		"LIECHTENSTEIN":          "LI99999************",
		"LITHUANIA":              "LT9999999999999999",
		"MALTA":                  "MT@@@@99999******************",
		"MAURITANIA":             "MR99999999999999999999999",
		"MAURITIUS":              "MU@@@@9999999999999999999@@@",
		"MONACO":                 "MC9999999999***********99",
		"MONTENEGRO":             "ME999999999999999999",
		"NETHERLANDS":            "NL@@@@9999999999",
		"NORTH_MACEDONIA":        "MK999**********99",
		"POLAND":                 "PL999999999999999999999999",
		"PORTUGAL":               "PT999999999999999999999",
		"SAN_MARINO":             "SM@9999999999************",
		"SENEGAL":                "SN*****9999999999999999999",
		"SERBIA":                 "RS999999999999999999",
		"SLOVAKIA":               "SK99999999999999999999",
		"SLOVENIA":               "SI999999999999999",
		"SPAIN":                  "ES99999999999999999999",
		"SWEDEN":                 "SE99999999999999999999",
		"SWITZERLAND":            "CH99999************",
		"TIMOR_LESTE":            "TL9999999999999999999",
		"TUNISIA":                "TN99999999999999999999",
		"TURKIYE":                "TR999999****************",
		"UK":                     "GB@@@@99999999999999",
		"UKRAINE":                "UA999999*******************",
		"UNITED_ARAB_EMIRATES":   "AE9999999999999999999",
		"VIRGIN_ISLANDS":         "VG@@@@9999999999999999",
	}
}

func ibanOK(s string) bool { return len(s) > 4 && remainder(numeric(s[4:]+s[:4]), 97) == 1 }

func ibanFor(r *rand.Rand, format string) string {
	s := form(r, format)
	s = s[:2] + pad(98-remainder(numeric(s[2:]+s[:2]+"00"), 97), 2) + s[2:]
	switch r.IntN(3) {
	case 0:
		sep := one(r, " ", "-")
		var parts []string
		for ; len(s) > 4; s = s[4:] {
			parts = append(parts, s[:4])
		}
		return strings.Join(append(parts, s), sep)
	}
	return s
}

func finance() map[string]maker {
	all := map[string]maker{
		"BANK_ACCOUNT_NUMBER":             {value: func(r *rand.Rand) string { return between(r, 1, 9, 1) + num(r, 8+r.IntN(9)) }},
		"CREDIT_CARD_NUMBER":              {value: card, check: luhnOK},
		"CREDIT_CARD_NUMBER_(NO_KEYWORD)": {value: loneCard, check: luhnOK},
		"CREDIT_CARD_SECURITY_CODE":       forms("999", "9999"),
		"CREDIT_CARD_EXPIRATION": {value: func(r *rand.Rand) string {
			m, y := between(r, 1, 12, 2), between(r, 24, 39, 2)
			name := one(r, "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
			return one(r, m+"/"+y, m+"/20"+y, m+"-"+y, m+"-20"+y, name+" 20"+y, y+"-"+name)
		}},
		"CREDIT_CARD_MAGNETIC_STRIPE": {
			value: func(r *rand.Rand) string { return stripe(r, cardNumber(r)) },
			wrong: func(r *rand.Rand) string {
				b := []byte(cardNumber(r))
				i := r.IntN(len(b))
				b[i] = '0' + (b[i]-'0'+byte(1+r.IntN(9)))%10
				return stripe(r, string(b))
			},
		},
	}
	for country, format := range ibanForms() {
		all[country+"_BANK_ACCOUNT_NUMBER"] = maker{value: func(r *rand.Rand) string { return ibanFor(r, format) }, check: ibanOK}
	}
	return all
}

// BBAN makes a domestic account number of one of the five countries where one
// counts near a keyword; false for other identifiers. Germany's and the United
// Kingdom's have no check digit.
func BBAN(id string, r *rand.Rand) (string, bool) {
	switch id {
	case "FRANCE_BANK_ACCOUNT_NUMBER":
		s := num(r, 10) + pick(r, alnums, 11)
		// The key makes bank, branch, account and key divisible by 97, with
		// letters as on a telephone of old: A J 1, B K S 2, … I R Z 9.
		n := strings.Map(func(c rune) rune {
			if i := strings.IndexRune("ABCDEFGHIJKLMNOPQR", c); i >= 0 {
				return '1' + rune(i%9)
			}
			if i := strings.IndexRune("STUVWXYZ", c); i >= 0 {
				return '2' + rune(i)
			}
			return c
		}, s)
		return group(s+pad(97-remainder(n+"00", 97), 2), one(r, "", " "), 5, 5, 11), true
	case "GERMANY_BANK_ACCOUNT_NUMBER":
		return between(r, 1, 8, 1) + num(r, 7) + one(r, "", " ") + num(r, 10), true
	case "ITALY_BANK_ACCOUNT_NUMBER":
		s := num(r, 10) + pick(r, alnums, 12)
		return group(italianLetter(s)+s, one(r, "", " "), 1, 5, 5), true
	case "SPAIN_BANK_ACCOUNT_NUMBER":
		bank, account := num(r, 8), num(r, 10)
		// Each digit weighs a power of two mod 11; the result is taken mod 11
		// once more, ten being written as one.
		key := func(s string) string {
			t := 0
			for i := range s {
				t += int(s[i]-'0') * (1 << i % 11)
			}
			return map[int]string{10: "1", 11: "0"}[11-t%11] + map[bool]string{true: pad(11-t%11, 1)}[11-t%11 < 10]
		}
		return group(bank+key("00"+bank)+key(account)+account, one(r, "", " ", "-"), 4, 4, 2), true
	case "UK_BANK_ACCOUNT_NUMBER":
		return one(r, abc(r, 4)+num(r, 14), group(num(r, 6), "-", 2, 2)+" "+num(r, 8), group(abc(r, 4)+num(r, 14), " ", 4, 4, 4, 4)), true
	}
	return "", false
}

// stripe makes track 1 or 2 of ISO/IEC 7813.
func stripe(r *rand.Rand, number string) string {
	tail := between(r, 24, 39, 2) + between(r, 1, 12, 2) + "101" + num(r, 8+r.IntN(8)) + "?"
	if r.IntN(2) == 0 {
		return ";" + number + "=" + tail
	}
	return "%B" + number + "^" + one(r, "DOE/JANE", "DOE/JOHN A", "ROE/RICHARD         ") + "^" + tail
}
