package validate

func taxSpecs() []Spec {
	return []Spec{
		checked("ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", patterns(cuil, "99_9{8}_9", "99-99.999.999-9", "99.999.999.999")),
		checked("ARGENTINA_ORGANIZATION_TAX_IDENTIFICATION_NUMBER", patterns(cuit, "99_9{8}_9", "99-99.999.999-9", "99.999.999.999")),
		checked("AUSTRALIA_TAX_FILE_NUMBER", patterns(tfn, "999_999_999", "999_999_99", "99_999_999")),
		checked("BRAZIL_CNPJ_NUMBER", patterns(cnpj, "*{12}99", "**.***.***/****-99", "*{12}-99", "*{8}/****-99")),
		checked("BRAZIL_CPF_NUMBER", patterns(cpf, "9{11}", "999.999.999-99", "9{9}-99", "999.999.999.99", "999 999 999 99", "999 999 999-99")),
		checked("COLOMBIA_INDIVIDUAL_NIT_NUMBER", patterns(nitIndividual,
			"9{7,11}", "9{6}-9", "9{7}-9", "9{8}-9", "9{9}-9", "9{10}-9",
			"999.999-9", "9.999.999-9", "99.999.999-9", "999.999.999-9", "9.999.999.999-9",
			"999.999.9", "9.999.999.9", "99.999.999.9", "999.999.999.9", "9.999.999.999.9")),
		checked("COLOMBIA_ORGANIZATION_NIT_NUMBER", patterns(nitOrganization, "9{10}", "9{9}-9", "9{9} 9", "999.999.999-9", "999.999.999 9", "999 999 999-9",
			"999.999.999.9", "9{9}.9", "999.999.9999", "999 999 999 9", "999-999-999-9")),
		checked("FRANCE_TAX_IDENTIFICATION_NUMBER", patterns(spi, "99_99_999_999_999")),
		checked("GERMANY_TAX_IDENTIFICATION_NUMBER", patterns(steuerID, "99_999_999_999", "99/999/999/999")),
		keyword("INDIA_PERMANENT_ACCOUNT_NUMBER", patterns(pan, "@{5}9{4}@")),
		{
			ID: "MEXICO_INDIVIDUAL_RFC_NUMBER", Func: rfcIndividual, MinLen: 13, MaxLen: 19,
			First: rfcFirst, LetterRuns: runs(1, 4),
		},
		{
			ID: "MEXICO_ORGANIZATION_RFC_NUMBER", Func: rfcOrganization, MinLen: 12, MaxLen: 17,
			First: rfcFirst, LetterRuns: runs(1, 4),
		},
		checked("SPAIN_NIE_NUMBER", patterns(nie, "@_9{7}_@", "@9{7}-@", "@9{7} @", "@-9{7}@", "@ 9{7}@", "@_9.999.999_@", "@_9_999_999_@")),
		checked("SPAIN_NIF_NUMBER", patterns(nif, "9{8}_@", "99.999.999_@", "99.999.999@", "@_9{7}_@", "@9{7}-@", "@9{7} @", "@-9{7}@", "@ 9{7}@")),
		checked("SPAIN_TAX_IDENTIFICATION_NUMBER", patterns(cif, "@_9{7}_*", "@-9{8}", "@ 9{8}", "@9{7}-*", "@-9{7}@", "@ 9{7}@",
			"@_99_999_99*", "@99_999_99*", "@_99.999.99*", "@99.999.99*", "@_9.999.999_*", "@9.999.999_*").inCapitals()),
		checked("UK_TAX_IDENTIFICATION_NUMBER", patterns(utr, "9{10}", "9{10}K", "9{5} 9{5}", "9{5} 9{5}K", "99@9{5}")),
		keyword("USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", patterns(itin, "999_99_9999")),
	}
}

// cuitCheck is Argentina's mod 11; a remainder that would need a check digit of
// ten gets 9 with another prefix and is accepted nowhere else.
func cuitCheck(v *value) bool {
	check := 11 - weighted(v.b[:10], "\x05\x04\x03\x02\x07\x06\x05\x04\x03\x02")%11
	if check == 11 {
		check = 0
	}
	return check == v.digit(10)
}

func cuil(v value) bool {
	switch v.num(0, 2) {
	case 20, 23, 24, 25, 26, 27:
		return v.num(2, 10) != 0 && cuitCheck(&v)
	}
	return false
}

func cuit(v value) bool {
	switch v.num(0, 2) {
	case 30, 33, 34:
		return v.num(2, 10) != 0 && cuitCheck(&v)
	}
	return false
}

// tfn is the weighted sum mod 11 of the Australian Taxation Office, nine digits or
// the older eight.
func tfn(v value) bool {
	if v.same('0') {
		return false
	}
	if v.n == 8 {
		return weighted(v.b[:8], "\x0a\x07\x08\x04\x06\x03\x05\x01")%11 == 0
	}
	return weighted(v.b[:9], "\x01\x04\x03\x07\x05\x08\x06\x09\x0a")%11 == 0
}

// brazilCheck is the mod 11 check digit with the given weights; since July 2026 a
// CNPJ may hold letters, which count their ASCII code less 48, as digits do.
func brazilCheck(s []byte, weights string) byte {
	sum := 0
	for i := range len(weights) {
		sum += int(s[i]-'0') * int(weights[i])
	}
	if r := sum % 11; r >= 2 {
		return '0' + byte(11-r)
	}
	return '0'
}

func cnpj(v value) bool {
	return !v.same('0') && countDigits(&v) >= 4 &&
		v.b[12] == brazilCheck(v.b[:12], "\x05\x04\x03\x02\x09\x08\x07\x06\x05\x04\x03\x02") &&
		v.b[13] == brazilCheck(v.b[:13], "\x06\x05\x04\x03\x02\x09\x08\x07\x06\x05\x04\x03\x02")
}

func cpf(v value) bool {
	return !v.uniform() &&
		v.b[9] == brazilCheck(v.b[:9], "\x0a\x09\x08\x07\x06\x05\x04\x03\x02") &&
		v.b[10] == brazilCheck(v.b[:10], "\x0b\x0a\x09\x08\x07\x06\x05\x04\x03\x02")
}

// nitCheck is Colombia's check digit: prime weights from the right, mod 11.
func nitCheck(v *value) bool {
	weights := [...]int{3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71}
	sum := 0
	for i := range v.n - 1 {
		sum += v.digit(v.n-2-i) * weights[i]
	}
	r := sum % 11
	if r > 1 {
		r = 11 - r
	}
	return r == v.digit(v.n-1)
}

// nitIndividual is a cédula and its check digit.
func nitIndividual(v value) bool {
	return v.b[0] != '0' && (v.n < 11 || v.b[0] == '1') && nitCheck(&v)
}

func nitOrganization(v value) bool {
	return (v.b[0] == '8' || v.b[0] == '9') && nitCheck(&v)
}

// spi: the last three digits are the first ten mod 511.
func spi(v value) bool {
	return v.b[0] <= '3' && !v.same('0') && v.num(0, 10) != 0 && v.num(0, 10)%511 == v.num(10, 13)
}

// steuerID: among the first ten digits exactly one occurs twice or three times,
// never three in a row; then ISO 7064 mod 11,10.
func steuerID(v value) bool {
	if v.b[0] == '0' {
		return false
	}
	var count [10]uint8
	for _, c := range v.b[:10] {
		count[c-'0']++
	}
	repeated := 0
	for _, n := range count {
		switch {
		case n > 3:
			return false
		case n >= 2:
			repeated++
		}
	}
	for i := range 8 {
		if v.b[i] == v.b[i+1] && v.b[i] == v.b[i+2] {
			return false
		}
	}
	return repeated == 1 && iso7064mod1110(v.b[:11])
}

// pan: the fourth letter is the kind of holder.
func pan(v value) bool { return contains("ABCFGHJKLPT", v.b[3]) && v.num(5, 9) != 0 }

// nif is a Spanish tax number of a person: an identity number, or K, L, M and
// seven digits.
func nif(v value) bool {
	if isDigit(v.b[0]) {
		return dni(v)
	}
	n := v.num(1, 8)
	return v.b[0] >= 'K' && v.b[0] <= 'M' && n != 0 && v.b[8] == dniLetters[n%23]
}

// cif is the number of a Spanish entity: the control is a letter for some kinds, a
// digit for others and either for the rest.
func cif(v value) bool {
	kind := v.b[0]
	if !contains("ABCDEFGHJNPQRSUVW", kind) || v.num(1, 8) == 0 {
		return false
	}
	sum := 0
	for i := 1; i < 8; i++ {
		x := v.digit(i)
		if i%2 == 1 {
			x *= 2
			x = x/10 + x%10
		}
		sum += x
	}
	check := (10 - sum%10) % 10
	if isDigit(v.b[8]) {
		return !contains("NPQRSW", kind) && check == v.digit(8)
	}
	return !contains("ABEH", kind) && v.b[8] == "JABCDEFGHI"[check]
}

// utr is a unique taxpayer reference, whose first digit checks the others, or a
// temporary reference number, which has no check.
func utr(v value) bool {
	if v.n == 8 {
		return v.num(3, 8) != 0
	}
	r := weighted(v.b[1:10], "\x06\x07\x08\x09\x0a\x05\x04\x03\x02") % 11
	return v.num(1, 10) != 0 && v.b[0] == "21987654321"[r]
}

// itin checks the groups the Internal Revenue Service issues.
func itin(v value) bool {
	g := v.num(3, 5)
	return v.b[0] == '9' && (g >= 50 && g <= 65 || g >= 70 && g <= 88 || g >= 90 && g <= 92 || g >= 94)
}

var rfcFirst = func() (s ByteSet) {
	s.addRange('A', 'Z')
	s.addRange('a', 'z')
	s.add('&')
	s.add(0xC3) // Ñ, ñ
	return s
}()

func rfcIndividual(text []byte, start int) int   { return rfc(text, start, 4) }
func rfcOrganization(text []byte, start int) int { return rfc(text, start, 3) }

// rfc matches a Mexican taxpayer number: letters (A-Z, Ñ, &), a date and the
// three characters of the homoclave, with optional hyphens or spaces between
// them. The check digit in the homoclave is not enforced: many numbers in use
// fail it.
func rfc(text []byte, start, letters int) int {
	if start < 0 || start+letters+9 > len(text) || !leftOK(text, start, false) {
		return -1
	}
	i := start
	var cases uint8
	for range letters {
		c := at(text, i)
		switch {
		case isLetter(c):
			cases |= class[c] & clsLetter
			i++
		case c == '&':
			i++
		case c == 0xC3 && (at(text, i+1) == 0x91 || at(text, i+1) == 0xB1):
			i += 2
		default:
			return -1
		}
	}
	sep := at(text, i)
	if sep == '-' || sep == ' ' {
		i++
	} else {
		sep = 0
	}
	d, j := number(text, i, 6)
	if j-i != 6 || !date(0, d/100%100, d%100) {
		return -1
	}
	i = j
	if c := at(text, i); c == '-' && sep != ' ' || sep != 0 && c == sep {
		i++
	}
	h := i
	for range 3 {
		c := at(text, i)
		if !isAlnum(c) {
			return -1
		}
		cases |= class[c] & clsLetter
		i++
	}
	last := text[i-1]
	if cases == clsLetter || !rightOK(text, i, isDigit(last)) {
		return -1
	}
	// XAXX010101000 and XEXX010101000 are for the public at large and foreigners.
	if d == 10101 && string(text[h:i]) == "000" &&
		(foldString(text, start, "xaxx") > 0 || foldString(text, start, "xexx") > 0) {
		return -1
	}
	return i
}
