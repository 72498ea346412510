package validate

func nationalSpecs() []Spec {
	nirSpec := checked("FRANCE_NATIONAL_IDENTIFICATION_NUMBER", patterns(nir,
		"9_99_99_9*_999_999_99", "9{5}9*9{6}_99", "9_99_99_9*_999_999", "9{5}9*9{6}", "9 99 99 9* 999 999~99"))
	nirSpec.Func, nirSpec.Shaped = nirFunc(nirSpec.Func), nil
	return []Spec{
		keyword("ARGENTINA_DNI_NUMBER", patterns(argentinaDNI, "9{7,8}", "9.999.999", "99.999.999")),
		keyword("BRAZIL_RG_NUMBER", patterns(notZero,
			"99.999.999-*", "9.999.999-*", "9{8}-9", "9{8}-X", "9{8}X", "9{9}", "9{7}-9", "99.999.999", "9.999.999", "9{10}-9")),
		checked("CHILE_RUT_NUMBER", patterns(rut,
			"99.999.999-9", "9.999.999-9", "9{8}-9", "9{7}-9", "9{8,9}", "99.999.999-K", "9.999.999-K", "9{8}-K", "9{7}-K", "9{8}K", "9{7}K")),
		keyword("COLOMBIA_CITIZENSHIP_CARD_NUMBER", patterns(cedula,
			"9{6,10}", "999.999", "9.999.999", "99.999.999", "999.999.999", "9.999.999.999")),
		nirSpec,
		keyword("GERMANY_NATIONAL_IDENTIFICATION_NUMBER", patterns(germanID, "@*{8}", "@*{8}_9", "9{10}")),
		checked("INDIA_AADHAAR_NUMBER", patterns(aadhaar, "9999_9999_9999")),
		checked("ITALY_NATIONAL_IDENTIFICATION_NUMBER", patterns(italianCode,
			"@{6}**@**@***@", "@{3}_@{3}_**@**_@***@", "9{11}")),
		checked("MEXICO_CURP_NUMBER", patterns(curp, "@{4}9{6}@{6}*9")),
		checked("SPAIN_DNI_NUMBER", patterns(dni, "9{8}_@", "99.999.999_@", "99.999.999@")),
		keyword("UK_NATIONAL_INSURANCE_NUMBER", patterns(nino,
			"@@_99_99_99_@", "@@_99_99_99@", "@@_9{6}_@", "@@_9{6}@", "@@9{6}_@", "@@99_99_99_@", "@@99_99_99@")),
		checked("CANADA_SOCIAL_INSURANCE_NUMBER", patterns(sin, "999_999_999")),
		checked("SPAIN_SOCIAL_SECURITY_NUMBER", patterns(spanishNSS,
			"99_9{8}_99", "99_9{7}_99", "99/9{8}/99", "99/9{7}/99", "99/9{10}", "99/9{9}", "99 9{10}", "99 9{9}")),
		keyword("USA_SOCIAL_SECURITY_NUMBER", patterns(usSSN, "999_99_9999")),
		checked("ARGENTINA_TARJETA_SUBE", patterns(sube, "6061_9999_9999_9999", "60619{12}")),
	}
}

// nirFunc is the rule, less thirteen characters that a key follows: if the longer
// form did not match, its key is wrong.
func nirFunc(f Func) Func {
	return func(text []byte, start int) int {
		end := f(text, start)
		if end < 0 {
			return -1
		}
		if c := at(text, end); (c == ' ' || c == '-') && digitAt(text, end+1) && digitAt(text, end+2) && !isAlnum(at(text, end+3)) {
			if n := alnumCount(text[start:end]); n == 13 {
				return -1
			}
		}
		return end
	}
}

// alnumCount is the number of letters and digits.
func alnumCount(s []byte) (n int) {
	for _, c := range s {
		if isAlnum(c) {
			n++
		}
	}
	return n
}

// argentinaDNI leaves out what Macie documents as not reported.
func argentinaDNI(v value) bool { return !v.same('0') && !(v.n == 8 && v.same('9')) && v.b[0] != '0' }

// cedula: numbers of ten digits have been given out in order from 1,000,000,000.
func cedula(v value) bool { return v.b[0] != '0' && (v.n < 10 || v.b[0] == '1') && !v.uniform() }

// rut is Chile's mod 11 check with weights 2 to 7 from the right.
func rut(v value) bool {
	sum, w, zero := 0, 2, true
	for i := v.n - 2; i >= 0; i-- {
		sum += w * v.digit(i)
		zero = zero && v.b[i] == '0'
		if w++; w > 7 {
			w = 2
		}
	}
	check := byte('K')
	switch r := 11 - sum%11; {
	case r == 11:
		check = '0'
	case r < 10:
		check = '0' + byte(r)
	}
	return !zero && v.b[v.n-1] == check
}

// nir checks the parts of a French social security number and, where the two
// digits of the key are there, the key.
func nir(v value) bool {
	sex := v.b[0]
	if sex != '1' && sex != '2' && sex != '3' && sex != '4' && sex != '7' && sex != '8' {
		return false
	}
	month := v.num(3, 5)
	if month < 1 || month > 12 && month < 20 || month > 42 && month < 50 {
		return false
	}
	// Corsica's departments 2A and 2B count as 19 and 18 in the key.
	department := v.digit(5)*10 + int(v.b[6]-'0')
	switch {
	case v.b[6] == 'A' && v.b[5] == '2':
		department = 19
	case v.b[6] == 'B' && v.b[5] == '2':
		department = 18
	case !isDigit(v.b[6]) || department == 0:
		return false
	}
	if v.num(7, 10) == 0 || v.num(10, 13) == 0 {
		return false
	}
	if v.n == 13 { // without the key the rest must be plain
		return month <= 12 && sex <= '2'
	}
	n := v.num(0, 5)*100000000 + department*1000000 + v.num(7, 13)
	return 97-n%97 == v.num(13, 15)
}

// germanID: since 2010 nine characters of the document alphabet with an optional
// ICAO check digit; before that ten digits of which the last is the check digit.
// Passports share the alphabet and start with other letters.
func germanID(v value) bool {
	if isDigit(v.b[0]) {
		return !v.uniform() && icao731(v.b[:10])
	}
	if v.n == 9 && v.b[0] == 'T' && v.digits(1, 9) {
		return true
	}
	if !contains("LMNPRTVWXYZ", v.b[0]) || !germanDocumentChars(&v) {
		return false
	}
	return v.n == 9 || icao731(v.b[:10])
}

// aadhaar: no leading 0 or 1, not a palindrome, Verhoeff.
func aadhaar(v value) bool {
	if v.b[0] < '2' || !verhoeff(v.b[:12]) {
		return false
	}
	for i := range 6 {
		if v.b[i] != v.b[11-i] {
			return true
		}
	}
	return false
}

// italianOdd are the values of characters at odd positions (counted from one) in
// the codice fiscale and the CIN; digits have the values of A to J.
var italianOdd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// italianControl is the control letter of a string of letters and digits.
func italianControl(s []byte) byte {
	sum := 0
	for i, c := range s {
		x := int(c - '0')
		if !isDigit(c) {
			x = int(c - 'A')
		}
		if i%2 == 0 {
			x = italianOdd[x]
		}
		sum += x
	}
	return 'A' + byte(sum%26)
}

// omocodia gives the digit a character of the codice fiscale stands for: where two
// people would have the same code, digits are replaced by letters.
func omocodia(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return indexByte("LMNPQRSTUV", c)
}

// italianCode is the codice fiscale, or the eleven digits of an organisation's,
// which are its VAT number.
func italianCode(v value) bool {
	if v.n == 11 {
		return v.num(0, 7) != 0 && luhn(v.b[:11])
	}
	for _, i := range [...]int{6, 7, 9, 10, 12, 13, 14} {
		if omocodia(v.b[i]) < 0 {
			return false
		}
	}
	month := indexByte("ABCDEHLMPRST", v.b[8]) + 1
	day := omocodia(v.b[9])*10 + omocodia(v.b[10])
	if day > 40 {
		day -= 40
	}
	return date(0, month, day) && v.b[15] == italianControl(v.b[:15])
}

// mexicanStates are the codes of the federal entities in a CURP; NE is born abroad.
const mexicanStates = "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE"

// curp checks date, sex, state, consonants and the check digit. The seventeenth
// character is a digit for births before 2000 and a letter after.
func curp(v value) bool {
	if !contains("AEIOUX", v.b[1]) || !contains("HMX", v.b[10]) || !hasCode(mexicanStates, v.b[11], v.b[12]) {
		return false
	}
	year := 1900 + v.num(4, 6)
	if !isDigit(v.b[16]) {
		year += 100
	}
	if !date(year, v.num(6, 8), v.num(8, 10)) {
		return false
	}
	for _, c := range v.b[13:16] {
		if contains("AEIOU", c) {
			return false
		}
	}
	sum := 0
	for i, c := range v.b[:17] {
		x := alnumValue(c)
		if c > 'N' { // Ñ stands between N and O
			x++
		}
		sum += x * (18 - i)
	}
	return (10-sum%10)%10 == v.digit(17)
}

// dni is a Spanish identity number with its letter.
func dni(v value) bool {
	n := v.num(0, 8)
	return n != 0 && n != 99999999 && v.b[8] == dniLetters[n%23]
}

// nie is a foreigner's number: X, Y or Z stand for 0, 1, 2.
func nie(v value) bool {
	if v.b[0] < 'X' {
		return false
	}
	n := v.num(1, 8)
	return n != 0 && v.b[8] == dniLetters[(int(v.b[0]-'X')*10000000+n)%23]
}

func dniOrNIE(v value) bool {
	if isDigit(v.b[0]) {
		return dni(v)
	}
	return nie(v)
}

// nino has no check digit: prefixes that are not allocated and the suffix A to D.
func nino(v value) bool {
	a, b := v.b[0], v.b[1]
	return !contains("DFIQUV", a) && !contains("DFIOQUV", b) && !hasCode("BG GB NK KN TN NT ZZ", a, b) &&
		v.b[8] <= 'D'
}

// sin: numbers that start with 0 or 8 are not given to people.
func sin(v value) bool { return v.b[0] != '0' && v.b[0] != '8' && luhn(v.b[:9]) }

// spanishNSS is province, serial number and two control digits mod 97.
func spanishNSS(v value) bool {
	province, serial := v.num(0, 2), v.num(2, v.n-2)
	// 53 provinces with Ceuta and Melilla; 66 was used for workers abroad.
	if province == 0 || province > 53 && province != 66 || serial == 0 {
		return false
	}
	n := province*100000000 + serial
	if serial < 10000000 {
		n = province*10000000 + serial
	}
	return n%97 == v.num(v.n-2, v.n)
}

// usSSN leaves out the two numbers that advertisements made famous, and a digit
// repeated nine times.
func usSSN(v value) bool {
	return ssn(v.b[:9]) && !v.uniform() && !v.is("078051120") && !v.is("219099999")
}

// sube is the Argentine transport card.
func sube(v value) bool { return luhn(v.b[:16]) }
