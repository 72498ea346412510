package validate

// ibanFormat is a country's row of the IBAN registry (ISO 13616): the structure
// of the national part after the country code and the two check digits, as
// counts of n digits, a upper-case letters and c of either.
type ibanFormat struct {
	country, id, bban string
}

var ibanFormats = []ibanFormat{
	{"AD", "ANDORRA_BANK_ACCOUNT_NUMBER", "4n4n12c"},
	{"AE", "UNITED_ARAB_EMIRATES_BANK_ACCOUNT_NUMBER", "3n16n"},
	{"AL", "ALBANIA_BANK_ACCOUNT_NUMBER", "8n16c"},
	{"BA", "BOSNIA_AND_HERZEGOVINA_BANK_ACCOUNT_NUMBER", "3n3n8n2n"},
	{"BG", "BULGARIA_BANK_ACCOUNT_NUMBER", "4a4n2n8c"},
	{"BR", "BRAZIL_BANK_ACCOUNT_NUMBER", "8n5n10n1a1c"},
	{"CH", "SWITZERLAND_BANK_ACCOUNT_NUMBER", "5n12c"},
	{"CR", "COSTA_RICA_BANK_ACCOUNT_NUMBER", "4n14n"},
	{"CY", "CYPRUS_BANK_ACCOUNT_NUMBER", "3n5n16c"},
	{"CZ", "CZECH_REPUBLIC_BANK_ACCOUNT_NUMBER", "4n6n10n"},
	{"DE", "GERMANY_BANK_ACCOUNT_NUMBER", "8n10n"},
	{"DK", "DENMARK_BANK_ACCOUNT_NUMBER", "4n9n1n"},
	{"DO", "DOMINICAN_REPUBLIC_BANK_ACCOUNT_NUMBER", "4c20n"},
	{"EE", "ESTONIA_BANK_ACCOUNT_NUMBER", "2n2n11n1n"},
	{"EG", "EGYPT_BANK_ACCOUNT_NUMBER", "4n4n17n"},
	{"ES", "SPAIN_BANK_ACCOUNT_NUMBER", "4n4n1n1n10n"},
	{"FI", "FINLAND_BANK_ACCOUNT_NUMBER", "6n7n1n"},
	{"FO", "FAROE_ISLANDS_BANK_ACCOUNT_NUMBER", "4n9n1n"},
	{"FR", "FRANCE_BANK_ACCOUNT_NUMBER", "5n5n11c2n"},
	{"GB", "UK_BANK_ACCOUNT_NUMBER", "4a6n8n"},
	{"GE", "GEORGIA_BANK_ACCOUNT_NUMBER", "2a16n"},
	{"GL", "GREENLAND_BANK_ACCOUNT_NUMBER", "4n9n1n"},
	{"GR", "GREECE_BANK_ACCOUNT_NUMBER", "3n4n16c"},
	{"HR", "CROATIA_BANK_ACCOUNT_NUMBER", "7n10n"},
	{"HU", "HUNGARY_BANK_ACCOUNT_NUMBER", "3n4n1n15n1n"},
	{"IE", "IRELAND_BANK_ACCOUNT_NUMBER", "4a6n8n"},
	{"IS", "ICELAND_BANK_ACCOUNT_NUMBER", "4n2n6n10n"},
	{"IT", "ITALY_BANK_ACCOUNT_NUMBER", "1a5n5n12c"},
	{"JO", "JORDAN_BANK_ACCOUNT_NUMBER", "4a4n18c"},
	{"LI", "LIECHTENSTEIN_BANK_ACCOUNT_NUMBER", "5n12c"},
	{"LT", "LITHUANIA_BANK_ACCOUNT_NUMBER", "5n11n"},
	{"MC", "MONACO_BANK_ACCOUNT_NUMBER", "5n5n11c2n"},
	{"ME", "MONTENEGRO_BANK_ACCOUNT_NUMBER", "3n13n2n"},
	{"MK", "NORTH_MACEDONIA_BANK_ACCOUNT_NUMBER", "3n10c2n"},
	{"MR", "MAURITANIA_BANK_ACCOUNT_NUMBER", "5n5n11n2n"},
	{"MT", "MALTA_BANK_ACCOUNT_NUMBER", "4a5n18c"},
	{"MU", "MAURITIUS_BANK_ACCOUNT_NUMBER", "4a2n2n12n3n3a"},
	{"NL", "NETHERLANDS_BANK_ACCOUNT_NUMBER", "4a10n"},
	{"PL", "POLAND_BANK_ACCOUNT_NUMBER", "8n16n"},
	{"PT", "PORTUGAL_BANK_ACCOUNT_NUMBER", "4n4n11n2n"},
	{"RS", "SERBIA_BANK_ACCOUNT_NUMBER", "3n13n2n"},
	{"SE", "SWEDEN_BANK_ACCOUNT_NUMBER", "3n16n1n"},
	{"SI", "SLOVENIA_BANK_ACCOUNT_NUMBER", "5n8n2n"},
	{"SK", "SLOVAKIA_BANK_ACCOUNT_NUMBER", "4n6n10n"},
	{"SM", "SAN_MARINO_BANK_ACCOUNT_NUMBER", "1a5n5n12c"},
	{"SN", "SENEGAL_BANK_ACCOUNT_NUMBER", "5c19n"},
	{"TL", "TIMOR_LESTE_BANK_ACCOUNT_NUMBER", "3n14n2n"},
	{"TN", "TUNISIA_BANK_ACCOUNT_NUMBER", "2n3n13n2n"},
	{"TR", "TURKIYE_BANK_ACCOUNT_NUMBER", "5n1n16c"},
	{"UA", "UKRAINE_BANK_ACCOUNT_NUMBER", "6n19c"},
	{"VG", "VIRGIN_ISLANDS_BANK_ACCOUNT_NUMBER", "4a16n"},
	{"XK", "KOSOVO_BANK_ACCOUNT_NUMBER", "4n10n2n"},
}

const (
	ibanMaxChars = 34 // of any IBAN
	ibanMaxSeps  = 12 // spaces or hyphens between its groups
)

// ibanCountry is an ibanFormat unfolded for matching.
type ibanCountry struct {
	id    string
	n     int // letters and digits in all
	class [ibanMaxChars]uint8
}

// ibanIndex leads from a country code to a place in ibanCountries, 0 for none.
var ibanIndex, ibanCountries = func() (index [26 * 26]uint8, list []ibanCountry) {
	list = append(list, ibanCountry{})
	for _, f := range ibanFormats {
		c := ibanCountry{id: f.id, n: 4}
		c.class[0], c.class[1], c.class[2], c.class[3] = clsLetter, clsLetter, clsDigit, clsDigit
		count := 0
		for _, x := range f.bban {
			if x >= '0' && x <= '9' {
				count = count*10 + int(x-'0')
				continue
			}
			cls := uint8(clsDigit)
			switch x {
			case 'a':
				cls = clsLetter
			case 'c':
				cls = clsAlnum
			}
			for ; count > 0; count-- {
				c.class[c.n] = cls
				c.n++
			}
		}
		index[int(f.country[0]-'A')*26+int(f.country[1]-'A')] = uint8(len(list))
		list = append(list, c)
	}
	return index, list
}()

// IBAN finds the international bank account number at start, of whichever of
// the supported countries, and says which by its place in [IBANs]. An engine calls
// it once where it would call 52 functions.
func IBAN(text []byte, start int) (country, end int) {
	if start < 0 || start+15 > len(text) {
		return 0, -1
	}
	a, b := upper(text[start]), upper(text[start+1])
	if a-'A' >= 26 || b-'A' >= 26 {
		return 0, -1
	}
	k := int(ibanIndex[int(a-'A')*26+int(b-'A')])
	if k == 0 || !(isDigit(text[start+2]) && isDigit(text[start+3])) && !checkDigitsAt(text, start+2) {
		return 0, -1
	}
	return k, ibanCountries[k].match(text, start)
}

// checkDigitsAt says whether two digits stand after a separator at i.
func checkDigitsAt(text []byte, i int) bool {
	_, width := sepAt(text, i)
	return width > 0 && digitAt(text, i+width) && digitAt(text, i+width+1)
}

// IBANApart says whether an IBAN may start at start whose country code stands apart from
// its check digits, as in DE 89 3704 …: it compares the country and the first characters
// of its bank code, so that few other words are worth a call of [IBAN].
func IBANApart(text []byte, start int) bool {
	if start < 0 || start+16 > len(text) {
		return false
	}
	a, b := upper(text[start]), upper(text[start+1])
	if a-'A' >= 26 || b-'A' >= 26 {
		return false
	}
	k := int(ibanIndex[int(a-'A')*26+int(b-'A')])
	_, width := sepAt(text, start+2)
	i := start + 2 + width
	if k == 0 || width == 0 || !digitAt(text, i) || !digitAt(text, i+1) {
		return false
	}
	i += 2
	_, n := sepAt(text, i)
	i += n
	c := &ibanCountries[k].class
	if class[at(text, i)]&c[4] == 0 {
		return false
	}
	i++
	_, n = sepAt(text, i) // IT 60 X 05428 …
	i += n
	return class[at(text, i)]&c[5] != 0
}

// IBANs returns the identifiers of the countries that [IBAN] knows; the first is none.
func IBANs() []string {
	ids := make([]string, len(ibanCountries))
	for i := range ibanCountries {
		ids[i] = ibanCountries[i].id
	}
	return ids
}

// match is IBAN for one country. Groups are written solid or with one space or
// hyphen between them, also now this and now that: ES77 1234-1234-16 1234567890. The country
// code may be a group of its own.
func (c *ibanCountry) match(text []byte, start int) int {
	if end := start + c.n; end <= len(text) && c.solid(text[start:end]) {
		if !leftOK(text, start, false) || !rightOK(text, end, isDigit(text[end-1])) || !ibanChecks(text[start:end]) || escapedStart(text, start) {
			return -1
		}
		return end
	}
	var v [ibanMaxChars]byte
	end := c.grouped(text, start, &v)
	if end < 0 || !ibanChecks(v[:c.n]) || escapedStart(text, start) {
		return -1
	}
	return end
}

// escapedStart says whether what starts at i ends an escape.
func escapedStart(text []byte, i int) bool {
	return i > 0 && EscapeTail[text[i-1]] && Escaped(text, i)
}

// looks is match without the check digits.
func (c *ibanCountry) looks(text []byte, start int) int {
	if start < 0 {
		return -1
	}
	var v [ibanMaxChars]byte
	return c.grouped(text, start, &v)
}

// grouped reads the letters and digits of an account number in groups or solid, and says
// where it ends.
func (c *ibanCountry) grouped(text []byte, start int, v *[ibanMaxChars]byte) int {
	var cases uint8
	i, seps, after := start, 0, false
	for n := 0; n < c.n; {
		if i >= len(text) {
			return -1
		}
		x := text[i]
		if class[x]&c.class[n] != 0 {
			cases |= class[x] & clsLetter
			v[n] = upper(x)
			n++
			i++
			after = false
			continue
		}
		_, width := sepAt(text, i)
		if width == 0 || n < 2 || n == 3 || after {
			return -1
		}
		if seps++; seps > ibanMaxSeps {
			return -1
		}
		after = true
		i += width
	}
	if cases == clsLetter || !leftOK(text, start, false) || !rightOK(text, i, isDigit(text[i-1])) {
		return -1
	}
	return i
}

// solid says whether an account number of the country has these characters, its letters
// in one case.
func (c *ibanCountry) solid(s []byte) bool {
	var cases uint8
	for i, x := range s {
		cls := class[x]
		if cls&c.class[i] == 0 {
			return false
		}
		cases |= cls
	}
	return cases&clsLetter != clsLetter
}

// ibanChecks says whether the check digits fit. 02 to 98 are those that the calculation
// can give.
func ibanChecks(v []byte) bool {
	if check := int(v[2]-'0')*10 + int(v[3]-'0'); check < 2 || check > 98 {
		return false
	}
	return mod97(mod97(0, v[4:]), v[:4]) == 1
}

// one is the Func of a single country's IBAN.
func (c *ibanCountry) one(text []byte, start int) int {
	if k, end := IBAN(text, start); &ibanCountries[k] == c {
		return end
	}
	return -1
}

// oneLooks is one without the check digits.
func (c *ibanCountry) oneLooks(text []byte, start int) int {
	if start < 0 || start+c.n > len(text) {
		return -1
	}
	a, b := upper(text[start]), upper(text[start+1])
	if a-'A' >= 26 || b-'A' >= 26 || &ibanCountries[ibanIndex[int(a-'A')*26+int(b-'A')]] != c {
		return -1
	}
	return c.looks(text, start)
}

// bankSpecs has the IBAN countries, with the domestic numbers (BBAN) of the five
// countries where a keyword makes those count, and North American accounts.
func bankSpecs() []Spec {
	var specs []Spec
	for i, f := range ibanFormats {
		c := &ibanCountries[i+1]
		s := Spec{
			ID: f.id, Func: c.one, Free: c.one, Format: c.oneLooks, MinLen: c.n, MaxLen: c.n + ibanMaxSeps*maxSep,
			First:      setOf(f.country[:1] + string(f.country[0]|0x20)),
			LetterRuns: runs(2, 2), Family: "iban", Checked: true,
		}
		if r := bbans[f.country]; r != nil {
			d := r.spec()
			s.FreeFirst = s.First
			s.Local = apart(d.Func)
			s.Func = longest(c.one, s.Local)
			if d.Format != nil {
				s.Format = longest(c.oneLooks, apart(d.Format))
			}
			s.First = s.First.union(d.First)
			s.DigitRuns, s.LetterRuns = d.DigitRuns, s.LetterRuns|d.LetterRuns
			s.MinLen, s.MaxLen = min(s.MinLen, d.MinLen), max(s.MaxLen, d.MaxLen)
		}
		specs = append(specs, s)
	}
	return append(specs, keyword("BANK_ACCOUNT_NUMBER", patterns(notUniform, "9{9,17}")))
}

// apart leaves out what follows a country code and two digits: that is an IBAN in
// groups, and if it did not match as one its check digits are wrong.
func apart(f Func) Func {
	return func(text []byte, start int) int {
		if sep := at(text, start-1); (sep == ' ' || sep == '-') && digitAt(text, start-2) && digitAt(text, start-3) {
			i := start - 4
			if at(text, i) == sep { // the country code stands apart
				i--
			}
			if isLetter(at(text, i)) && isLetter(at(text, i-1)) && !isAlnum(at(text, i-2)) {
				return -1
			}
		}
		return f(text, start)
	}
}

// longest is the longer of two matches.
func longest(a, b Func) Func {
	return func(text []byte, start int) int { return max(a(text, start), b(text, start)) }
}

func notUniform(v value) bool { return !v.uniform() }
func notZero(v value) bool    { return !v.same('0') }

// bbans are the domestic account numbers that count near a keyword.
var bbans = map[string]*rule{
	"DE": patterns(germanBBAN, "9{18}", "9{8} 9{10}", "9{8}-9{10}", "9{8}/9{10}", "999 999 99 9{10}"),
	"ES": patterns(spanishCCC, "9999_9999_99_9{10}", "9999_9999_9999_9999_9999", "9999_9999_99_9999_9999_99", "9999-9999-99 9{10}", "9999 9999 99-9{10}"),
	"FR": patterns(frenchRIB, "9{5}_9{5}_*{11}_99"),
	"IT": patterns(italianCIN, "@_9{5}_9{5}_*{12}"),
	"GB": patterns(notZero, "@@@@_9{6}_9{8}", "@@@@_9999_9999_9999_99", "99-99-99 9{8}", "99 99 99 9{8}",
		"@@@@ 99-99-99 9{8}", "99-99-99-9{8}"),
}

// germanBBAN: a Bankleitzahl's first digit is the clearing area, 1 to 8.
func germanBBAN(v value) bool { return v.b[0] >= '1' && v.b[0] <= '8' && v.num(8, 18) != 0 }

// spanishCCC checks both control digits of the Código Cuenta Cliente.
func spanishCCC(v value) bool {
	control := func(d []byte, weights string) byte {
		switch r := 11 - weighted(d, weights)%11; r {
		case 11:
			return '0'
		case 10:
			return '1'
		default:
			return '0' + byte(r)
		}
	}
	return !v.same('0') && v.b[8] == control(v.b[:8], "\x04\x08\x05\x0a\x09\x07\x03\x06") &&
		v.b[9] == control(v.b[10:20], "\x01\x02\x04\x08\x05\x0a\x09\x07\x03\x06")
}

// frenchRIB checks the clé RIB: 97 - (89 bank + 15 branch + 3 account) mod 97,
// letters of the account counting A=1 … I=9, J=1 … R=9, S=2 … Z=9.
func frenchRIB(v value) bool {
	account := 0
	for _, c := range v.b[10:21] {
		x := int(c - '0')
		if c >= 'S' {
			x = int(c-'S') + 2
		} else if c >= 'A' {
			x = int(c-'A')%9 + 1
		}
		account = (account*10 + x) % 97
	}
	return !v.same('0') && 97-(89*v.num(0, 5)+15*v.num(5, 10)+3*account)%97 == v.num(21, 23)
}

// italianCIN checks the control letter before ABI, CAB and account; its table is
// the codice fiscale's.
func italianCIN(v value) bool {
	return v.b[0] == italianControl(v.b[1:23])
}
