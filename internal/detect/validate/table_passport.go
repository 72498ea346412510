package validate

func passportSpecs() []Spec {
	return []Spec{
		keyword("CANADA_PASSPORT_NUMBER", patterns(nil, "@@~9{6}", "@9{6}@@").inCapitals()),
		keyword("FRANCE_PASSPORT_NUMBER", patterns(nil, "99~@@~9{5}")),
		keyword("GERMANY_PASSPORT_NUMBER", patterns(germanPassport, "@*{8}", "@*{8}_9")),
		keyword("ITALY_PASSPORT_NUMBER", patterns(someLetter, "**~9{7}").inCapitals()),
		keyword("SPAIN_PASSPORT_NUMBER", patterns(someLetter, "***~9{6}", "**~9{6}").inCapitals()),
		keyword("UK_PASSPORT_NUMBER", patterns(notUniform, "9{9}", "@@9{7}", "999 999 999")),
		keyword("USA_PASSPORT_NUMBER", patterns(notUniform, "9{9}", "@9{8}")),
		keyword("CANADA_NATIONAL_IDENTIFICATION_NUMBER", patterns(notUniform, "@@_9{7,10}", "@@_9999_9999", "@@99_9999_9999").inCapitals()),
	}
}

// someLetter: where letters or digits may stand in front, nine digits alone are
// another country's number.
func someLetter(v value) bool { return countDigits(&v) < v.n }

// germanDocument are the characters of German document numbers: no vowels and no
// letters that look like digits or one another.
var germanDocument = setOf("0123456789CFGHJKLMNPRTVWXYZ")

func germanDocumentChars(v *value) bool {
	for _, c := range v.b[:v.n] {
		if !germanDocument.Has(c) {
			return false
		}
	}
	return countDigits(v) >= 2
}

// germanPassportFirst are the letters that serial numbers of passports start with.
var germanPassportFirst = setOf("CFGHJK")

// germanPassport: serial numbers of passports start with one of six letters; a
// tenth character is the ICAO check digit of the nine.
func germanPassport(v value) bool {
	if !germanPassportFirst.Has(v.b[0]) || !germanDocumentChars(&v) {
		return false
	}
	return v.n == 9 || icao731(v.b[:10])
}
