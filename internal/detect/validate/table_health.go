package validate

func healthSpecs() []Spec {
	canada := keyword("CANADA_HEALTH_NUMBER", patterns(canadaHealth,
		"9999_999_999", "9{10}_@@", "9999_999_999_@@", "9999-999-999 @@", "9999-999-999@@", "9999 999 999-@@",
		"9{8}", "99999_9999", "999_999_999", "999_999_999_999", "@@@@_9999_9999", "@@@@9999 9999"))
	canada.Func, canada.Shaped = withoutWord(canada.Func), nil
	return []Spec{
		checked("US_DRUG_ENFORCEMENT_AGENCY_NUMBER", patterns(dea, "@@9{7}", "@99{7}")),
		keyword("USA_HEALTH_INSURANCE_CLAIM_NUMBER", patterns(hicn,
			"999_99_9999_@", "999_99_9999_@*", "999-99-9999@", "999-99-9999@*", "999 99 9999@", "999 99 9999@*", "9{9}-@", "9{9}-@*", "9{9} @", "9{9} @*",
			"@{1,3}9{6}", "@{1,3}9{9}", "@{1,3}-9{6}", "@{1,3}-9{9}", "@{1,3}-999-99-9999", "@{1,3}999-99-9999")),
		canada,
		keyword("EUROPEAN_HEALTH_INSURANCE_CARD_NUMBER", patterns(ehicNumber,
			"809{13,18}", "809{8}_9{10}", "80999_99999_99999_99999", "8099_9999_9999_9999_9999", "80_999_9{5}_9{10}")),
		keyword("FINLAND_EUROPEAN_HEALTH_INSURANCE_NUMBER", patterns(nil, "8024680246_9{10}")),
		keyword("FRANCE_HEALTH_INSURANCE_NUMBER", patterns(notZero, "9{10}~9{10}~9")),
		checked("UK_NHS_NUMBER", patterns(nhs, "999_999_9999")),
		keyword("USA_MEDICARE_BENEFICIARY_IDENTIFIER", patterns(mbi, "9@*9_@*9_@@99")),
		keyword("USA_HEALTHCARE_PROCEDURE_CODE", patterns(hcpcs,
			"@9999", "99999", "9999@", "@9999-**", "99999-**", "9999@-**")),
		keyword("USA_NATIONAL_DRUG_CODE", patterns(notZero,
			"9999-9999-99", "99999-999-99", "99999-9999-9", "99999-9999-99", "9{10,11}")),
		checked("USA_NATIONAL_PROVIDER_IDENTIFIER", patterns(npi, "9{10}", "9999_999_999", "999_999_9999")),
		{
			ID: "MEDICAL_DEVICE_UDI", Func: UDI, MinLen: 8, MaxLen: udiMaxLen,
			First: setOf("(+="), Checked: true,
		},
	}
}

// dea checks the registrant type, the second letter (or the 9 of a business) and
// the check digit.
func dea(v value) bool {
	if !contains("ABCDEFGHJKLMPRSTUX", v.b[0]) || isDigit(v.b[1]) && v.b[1] != '9' {
		return false
	}
	d := v.b[2:9]
	sum := 0
	for i := range 6 {
		w := 1 + i%2
		sum += w * int(d[i]-'0')
	}
	return sum%10 == int(d[6]-'0') && v.num(2, 9) != 0
}

// ssn says whether nine digits are a social security number that was or can be
// issued.
func ssn(d []byte) bool {
	area := int(d[0]-'0')*100 + int(d[1]-'0')*10 + int(d[2]-'0')
	return area != 0 && area != 666 && area < 900 &&
		!(d[3] == '0' && d[4] == '0') &&
		!(d[5] == '0' && d[6] == '0' && d[7] == '0' && d[8] == '0')
}

// hicnCodes are the first letters of beneficiary identification codes; those that
// do not stand alone are in lower case.
const hicnCodes = "ABcDEfhjkMTW"

var hicnRailroad = [...]string{
	"A", "H", "CA", "JA", "MA", "MH", "PA", "PD", "PH", "WA", "WD", "WH", "WCA", "WCD", "WCH",
}

// hicn: a social security number with a beneficiary code, or a railroad
// retirement prefix with six or nine digits.
func hicn(v value) bool {
	if !isDigit(v.b[0]) {
		n := 0
		for !isDigit(v.b[n]) {
			n++
		}
		known := false
		for _, p := range hicnRailroad {
			known = known || string(v.b[:n]) == p
		}
		return known && (v.n-n == 6 && v.num(n, v.n) != 0 || v.n-n == 9 && ssn(v.b[n:v.n]))
	}
	if !ssn(v.b[:9]) {
		return false
	}
	c := v.b[9]
	if v.n == 10 {
		return contains(hicnCodes, c)
	}
	return (contains(hicnCodes, c) || contains(hicnCodes, c|0x20)) && c != 'A'
}

// canadaHealth: ten digits are British Columbia's (first digit 9, mod 11) or
// Ontario's (Luhn, with an optional version code); Quebec's four letters are
// followed by a date of birth. The other provinces publish no check.
func canadaHealth(v value) bool {
	if !isDigit(v.b[0]) {
		month := v.num(6, 8)
		if month > 50 {
			month -= 50
		}
		return date(0, month, v.num(8, 10))
	}
	if v.same('0') {
		return false
	}
	switch v.n {
	case 10:
		if v.b[0] == '9' {
			return bcHealth(v.b[:10])
		}
		return v.b[0] != '0' && luhn(v.b[:10])
	case 12:
		if !isDigit(v.b[10]) {
			return v.b[0] != '0' && v.b[0] != '9' && luhn(v.b[:10])
		}
	}
	return !v.uniform()
}

// withoutWord leaves a word of two letters after an Ontario number, as in "1234 567
// 897 is", out of it: a version code is in capitals.
func withoutWord(f Func) Func {
	return func(text []byte, start int) int {
		end := f(text, start)
		if end >= 0 && end > start+3 && text[end-3] == ' ' && text[end-1]-'a' < 26 {
			end -= len(" is")
		}
		return end
	}
}

func bcHealth(d []byte) bool {
	sum := 0
	for i, w := range [...]int{2, 4, 8, 5, 10, 9, 7, 3} {
		sum += w * int(d[i+1]-'0') % 11
	}
	check := 11 - sum%11
	return check < 10 && check == int(d[9]-'0')
}

// ehicCountries are the ISO 3166 numeric codes of the countries that issue the
// card.
var ehicCountries = [...]int{
	40, 56, 100, 191, 196, 203, 208, 233, 246, 250, 276, 300, 348, 352, 372, 380, 428,
	438, 440, 442, 470, 528, 578, 616, 620, 642, 703, 705, 724, 752, 756, 826,
}

func ehicNumber(v value) bool {
	country := v.num(2, 5)
	for _, c := range ehicCountries {
		if c == country {
			return true
		}
	}
	return false
}

// nhs is the mod 11 check of the National Health Service.
func nhs(v value) bool {
	check := 11 - weighted(v.b[:9], "\x0a\x09\x08\x07\x06\x05\x04\x03\x02")%11
	if check == 11 {
		check = 0
	}
	return check == int(v.b[9]-'0') && !v.uniform()
}

// mbi excludes the letters CMS leaves out and a leading zero.
func mbi(v value) bool {
	for _, c := range v.b[:v.n] {
		if contains("SLOIBZ", c) {
			return false
		}
	}
	return v.b[0] != '0'
}

// hcpcs: level II codes start with A to V, level I (CPT) codes lie in the ranges
// in use or end in F, T, U, A or M.
func hcpcs(v value) bool {
	if !isDigit(v.b[0]) {
		return v.b[0] <= 'V' && v.b[0] != 'I' && v.b[0] != 'N' && v.b[0] != 'O'
	}
	if !isDigit(v.b[4]) {
		return contains("FTUAM", v.b[4])
	}
	n := v.num(0, 5)
	return n >= 100 && n < 2000 || n >= 10004 && n <= 99607
}

// npi is a Luhn check over the constant prefix 80840, which adds 24.
func npi(v value) bool {
	var d [15]byte
	copy(d[:], "80840")
	copy(d[5:], v.b[:10])
	return (v.b[0] == '1' || v.b[0] == '2') && luhn(d[:])
}
