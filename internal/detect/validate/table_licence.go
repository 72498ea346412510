package validate

func licenceSpecs() []Spec {
	k := func(id string, check func(value) bool, formats ...string) Spec {
		return keyword(id, patterns(check, formats...))
	}
	return []Spec{
		// By state: 6 to 10 digits, alphanumerics in NSW, SA and TAS.
		k("AUSTRALIA_DRIVERS_LICENSE", digitHeavy, "9{6,10}", "999_999_999", "999 999 99", "99999_9999",
			"@9{4,9}", "@@9{4,9}", "9{4,5}@@", "9999@@@@", "9{5}@", "9{7}@", "9@9{6}", "@9{5}@"),
		k("AUSTRIA_DRIVERS_LICENSE", notUniform, "9{8}", "99/9{6}"),
		k("BELGIUM_DRIVERS_LICENSE", notUniform, "9{10}"),
		k("BULGARIA_DRIVERS_LICENSE", notUniform, "9{9}"),
		k("CANADA_DRIVERS_LICENSE", canadaLicence,
			"9{6,9}", "9{6}-999",
			"@@@@@@9{6}", "@@@@@@999@@*", "@@-@@-@@-@999@@", "@*{2}***_999_@@*", "@*@*@*9*@@*@",
			"@9{9}", "@@@@@9{9}", "@9999_9{5}_9{5}", "@9999-9{6}-99", "@9{12}", "@9999 9{6} 99", "9{10,12}", "@9{5,8}"),
		k("CROATIA_DRIVERS_LICENSE", notUniform, "9{8}"),
		k("CYPRUS_DRIVERS_LICENSE", notUniform, "9{12}"),
		keyword("CZECHIA_DRIVERS_LICENSE", patterns(nil, "E@~9{6}").inCapitals()),
		k("DENMARK_DRIVERS_LICENSE", notUniform, "9{8}"),
		k("DRIVERS_LICENSE", digitHeavy3, usLicences...),
		k("ESTONIA_DRIVERS_LICENSE", nil, "ET9{6}"),
		{
			ID: "FINLAND_DRIVERS_LICENSE", Func: finnishCode, MinLen: 11, MaxLen: 13,
			First: setOf("0123456789"), DigitRuns: runs(6, 6), Checked: true,
		},
		k("FRANCE_DRIVERS_LICENSE", frenchLicence, "9{12}", "*{9}9999", "*{11}9999", "99*{7}9999", "99_99_99_9{6}"),
		k("GERMANY_DRIVERS_LICENSE", digitHeavy3, "*99*{6}9*", "*99*{6}X*"),
		k("GREECE_DRIVERS_LICENSE", notUniform, "9{9}"),
		k("HUNGARY_DRIVERS_LICENSE", nil, "@@9{6}"),
		k("INDIA_DRIVERS_LICENSE", indianLicence, "@@99_9999_9{7}", "@@99_9{11}", "@@-99-9999-9{7}", "@@-9{13}", "@@99/9999/9{7}"),
		k("IRELAND_DRIVERS_LICENSE", nil, "9{6}@{4}", "9{9}"),
		k("ITALY_DRIVERS_LICENSE", italianLicence, "@@9{7}@", "U1*{7}@"),
		k("LATVIA_DRIVERS_LICENSE", nil, "@@@9{6}"),
		k("LITHUANIA_DRIVERS_LICENSE", notUniform, "9{8}"),
		k("LUXEMBOURG_DRIVERS_LICENSE", notUniform, "9{6}"),
		keyword("MALTA_DRIVERS_LICENSE", patterns(nil, "**~999~999").inCapitals()),
		k("NETHERLANDS_DRIVERS_LICENSE", notUniform, "9{10}"),
		k("POLAND_DRIVERS_LICENSE", notUniform, "9{5}/99/9{4}", "9{5}/99/9{7}", "9{14}"),
		k("PORTUGAL_DRIVERS_LICENSE", nil, "@@-9{5,6} 9", "@-9{6} 9", "@-9{7} 9", "@-9{8} 9", "@@-9{7}", "@-9{8}"),
		k("ROMANIA_DRIVERS_LICENSE", notUniform, "*9{8}"),
		k("SLOVAKIA_DRIVERS_LICENSE", notUniform, "*9{7}"),
		k("SLOVENIA_DRIVERS_LICENSE", notUniform, "9{9}"),
		checked("SPAIN_DRIVERS_LICENSE", patterns(dniOrNIE, "9{8}_@", "99.999.999_@", "@_9{7}_@", "@9{7}-@", "@9{7} @", "@-9{7}@", "@ 9{7}@")),
		{
			ID: "SWEDEN_DRIVERS_LICENSE", Func: personnummer, MinLen: 11, MaxLen: 15,
			First: setOf("0123456789"), DigitRuns: runs(6, 6) | runs(8, 8), Checked: true,
		},
		k("UK_DRIVERS_LICENSE", ukLicence, "*{5}9{6}*{2}9**", "*{5}9{6}*{2}9** 99", "*{5}9{6}*{2}9**99",
			"*{5} 9{6} *{2}9**", "9{8}"),
		k("UK_ELECTORAL_ROLL_NUMBER", nil, "@{1,3}9{1,4}", "@{2,3}-9{1,4}"),
	}
}

// usLicences is the union of the formats of the states and the District of
// Columbia, less what would take any word or short number: letters alone (an old
// New York format) and fewer than seven digits alone.
var usLicences = []string{
	"9{7,14}", "9{16}",
	"@9{5,14}",        // CA 7, AZ HI KS MA NE VA 8, MI MN MD FL 12, IL 11-12, WI 13, NJ 14 …
	"@@9{5,7}",        // CO, OH, WV, PA
	"@@@9{6}",         // ND
	"@@9{6}@",         // ID
	"9{3}@9{6}",       // MO
	"9{8}@@", "9{9}@", // MO
	"9{7}A",             // VT
	"99@@@9{5}",         // NH
	"@9@9@",             // KS
	"@9{6}R",            // MO
	"X9{8}",             // NV
	"@{5}*@9{3}**",      // WA to 2018
	"WDL*{9}",           // WA since 2018
	"@999-999-99-999-9", // FL
	"@999-9999-9999",    // IL
	"@999-9999-999*",    // IL
	"@999-9999-9999-99", // WI
	"@9999-9{5}-9{5}",   // NJ
	"@9999 9{5} 9{5}",   // NJ
	"@-999-999-999-999", // MD, MI, MN
	"@ 999 999 999 999", // MI
	"99-999-9999",       // CO
	"9999-99-9999",      // IN
	"999-999-999",       // NY
	"999 999 999",       // NY, PA
	"99 999 999",        // PA
	"@99-99-9999",       // KS
	"@99-999-999",       // KY
}

// digitHeavy and digitHeavy3 want at least four or three digits and more than one
// character repeated.
func digitHeavy(v value) bool { return countDigits(&v) >= 4 && !v.uniform() }

func digitHeavy3(v value) bool { return countDigits(&v) >= 3 && !v.uniform() }

func countDigits(v *value) (n int) {
	for _, c := range v.b[:v.n] {
		n += int(class[c] & clsDigit) // its bit is 1
	}
	return n
}

// canadaLicence checks the birth date at the end of an Ontario number, where
// women have 50 added to the month; the others have no public rule.
func canadaLicence(v value) bool {
	if v.n == 15 && v.digits(1, 15) {
		month := v.num(11, 13)
		if month > 50 {
			month -= 50
		}
		return date(0, month, v.num(13, 15))
	}
	return countDigits(&v) >= 3 && !v.uniform()
}

// frenchLicence: twelve digits since 1975 start with year and month of issue.
func frenchLicence(v value) bool {
	if v.n == 12 {
		return v.num(2, 4) >= 1 && v.num(2, 4) <= 12
	}
	return countDigits(&v) >= 6 && !v.uniform()
}

// indianStates are the codes of the states and territories that issue licences.
const indianStates = "AN AP AR AS BH BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS UA UK UP WB"

func indianLicence(v value) bool {
	year := v.num(4, 8)
	return hasCode(indianStates, v.b[0], v.b[1]) && year >= 1950 && year < 2060 && v.num(2, 4) != 0
}

// hasCode says whether the two-letter code ab is in a list separated by spaces.
func hasCode(list string, a, b byte) bool {
	for i := 0; i+1 < len(list); i += 3 {
		if list[i] == a && list[i+1] == b {
			return true
		}
	}
	return false
}

// italianLicence: the second character is A or V since 1987 and a province's
// before; U1 numbers hold three digits at least.
func italianLicence(v value) bool { return countDigits(&v) >= 4 }

// ukLicence checks the birth date in a DVLA number: decade, month (women add 50),
// day, year; the five characters of the surname are letters padded with 9. Eight
// digits are Northern Ireland's.
func ukLicence(v value) bool {
	if v.n == 8 {
		return !v.uniform()
	}
	padded := false
	for i, c := range v.b[:5] {
		if isDigit(c) && (c != '9' || i == 0) || !isDigit(c) && padded {
			return false
		}
		padded = isDigit(c)
	}
	month := v.num(6, 8)
	if month > 50 {
		month -= 50
	}
	for _, c := range v.b[11:13] {
		if isDigit(c) && c != '9' {
			return false
		}
	}
	return date(0, month, v.num(8, 10))
}

// finnishLetters are the check characters of the Finnish identity code.
const finnishLetters = "0123456789ABCDEFHJKLMNPRSTUVWXY"

// finnishCode matches a Finnish personal identity code, which is the number on
// the licence: birth date, century sign, individual number, check character.
func finnishCode(text []byte, start int) int {
	if start < 0 || start+11 > len(text) || !leftOK(text, start, true) {
		return -1
	}
	var s [11]byte
	copy(s[:], text[start:])
	end := start + 11
	if c, width := sepAt(text, start+6); c == '-' && width > 1 && start+10+width <= len(text) {
		s[6], end = '-', start+10+width
		copy(s[7:], text[start+6+width:end])
	}
	if !rightOK(text, end, true) || !contains("-+ABCDEFYXWVU", upper(s[6])) {
		return -1
	}
	n := 0
	for i, c := range s[:10] {
		if i == 6 {
			continue
		}
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	day, month, serial := n/10000000, n/100000%100, n%1000
	if !date(0, month, day) || serial < 2 || upper(s[10]) != finnishLetters[n%31] {
		return -1
	}
	return end
}

// personnummer matches a Swedish personal identity number: YYMMDD or YYYYMMDD, a
// hyphen or plus (which licences carry), three digits and a Luhn check digit. A
// coordination number has 60 added to the day.
func personnummer(text []byte, start int) int {
	if start < 0 || start >= len(text) || !leftOK(text, start, true) {
		return -1
	}
	_, i := number(text, start, 9)
	n := i - start
	if n != 6 && n != 8 {
		return -1
	}
	c, width := sepAt(text, i)
	if at(text, i) == '+' {
		c, width = '-', 1
	}
	if c != '-' {
		return -1
	}
	_, end := number(text, i+width, 5)
	if end-i-width != 4 || !rightOK(text, end, true) {
		return -1
	}
	if n == 8 {
		if c, _ := number(text, start, 2); c < 18 || c > 20 {
			return -1
		}
	}
	var d [10]byte
	copy(d[:], text[i-6:i])
	copy(d[6:], text[i+width:end])
	month := int(d[2]-'0')*10 + int(d[3]-'0')
	day := int(d[4]-'0')*10 + int(d[5]-'0')
	if day > 60 {
		day -= 60
	}
	if !date(0, month, day) || !luhn(d[:]) {
		return -1
	}
	return end
}
