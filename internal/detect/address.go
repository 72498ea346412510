package detect

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Mailing addresses are found from their postal code: it has to fit the state,
// province or city beside it, and the street before it belongs to the address.

//go:embed lexicon/places.txt
var placeNames string

const (
	maxAddress = 200 // bytes
	maxStreet  = 90  // bytes of an address before its city
)

// A zipRange is the first three digits of a state's ZIP codes.
type zipRange struct{ from, to int }

// usStates has the ZIP prefixes of the states, the District of Columbia, the territories
// and the armed forces.
var usStates = map[string][]zipRange{
	"AL": {{350, 369}}, "AK": {{995, 999}}, "AZ": {{850, 865}}, "AR": {{716, 729}}, "CA": {{900, 961}}, "CO": {{800, 816}},
	"CT": {{60, 69}}, "DE": {{197, 199}}, "DC": {{200, 205}, {569, 569}}, "FL": {{320, 349}}, "GA": {{300, 319}, {398, 399}},
	"HI": {{967, 968}}, "ID": {{832, 838}}, "IL": {{600, 629}}, "IN": {{460, 479}}, "IA": {{500, 528}}, "KS": {{660, 679}},
	"KY": {{400, 427}}, "LA": {{700, 715}}, "ME": {{39, 49}}, "MD": {{206, 219}}, "MA": {{10, 27}, {55, 55}}, "MI": {{480, 499}},
	"MN": {{550, 567}}, "MS": {{386, 397}}, "MO": {{630, 658}}, "MT": {{590, 599}}, "NE": {{680, 693}}, "NV": {{889, 898}},
	"NH": {{30, 38}}, "NJ": {{70, 89}}, "NM": {{870, 884}}, "NY": {{5, 5}, {63, 63}, {100, 149}}, "NC": {{270, 289}}, "ND": {{580, 588}},
	"OH": {{430, 459}}, "OK": {{730, 749}}, "OR": {{970, 979}}, "PA": {{150, 196}}, "RI": {{28, 29}}, "SC": {{290, 299}},
	"SD": {{570, 577}}, "TN": {{370, 385}}, "TX": {{733, 733}, {750, 799}, {885, 885}}, "UT": {{840, 847}}, "VT": {{50, 59}},
	"VA": {{201, 201}, {220, 246}}, "WA": {{980, 994}}, "WV": {{247, 268}}, "WI": {{530, 549}}, "WY": {{820, 831}},
	"PR": {{6, 7}, {9, 9}}, "AE": {{90, 98}}, "AA": {{340, 340}}, "AP": {{962, 966}},
	"VI": {{8, 8}}, "GU": {{969, 969}}, "MP": {{969, 969}}, "FM": {{969, 969}}, "MH": {{969, 969}}, "PW": {{969, 969}}, "AS": {{967, 967}},
}

// usStateRanges has them by code, as stateOf numbers it.
var usStateRanges = func() (t [26 * 26][]zipRange) {
	for code, ranges := range usStates {
		t[int(code[0]-'A')*26+int(code[1]-'A')] = ranges
	}
	return t
}()

// stateOf returns the ZIP prefixes of the state with a code; nil when there is none.
func stateOf(code []byte) []zipRange {
	if len(code) != 2 || !isUpper(code[0]) || !isUpper(code[1]) {
		return nil
	}
	return usStateRanges[int(code[0]-'A')*26+int(code[1]-'A')]
}

// stateNames are the states written out, to their codes.
var stateNames = map[string]string{
	"alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO", "connecticut": "CT",
	"delaware": "DE", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA",
	"kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI",
	"minnesota": "MN", "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "ohio": "OH",
	"oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
	"virginia": "VA", "washington": "WA", "wisconsin": "WI", "wyoming": "WY",
	"newhampshire": "NH", "newjersey": "NJ", "newmexico": "NM", "newyork": "NY", "districtofcolumbia": "DC",
	"northcarolina": "NC", "northdakota": "ND", "southcarolina": "SC", "southdakota": "SD", "westvirginia": "WV", "rhodeisland": "RI",
	"puertorico": "PR", "guam": "GU",
	// The traditional abbreviations, with a full stop or without.
	"ala": "AL", "ariz": "AZ", "ark": "AR", "calif": "CA", "cal": "CA", "colo": "CO", "conn": "CT", "del": "DE", "fla": "FL", "ill": "IL", "ind": "IN",
	"kan": "KS", "kans": "KS", "mass": "MA", "mich": "MI", "minn": "MN", "miss": "MS", "mont": "MT", "neb": "NE", "nebr": "NE", "nev": "NV", "okla": "OK",
	"ore": "OR", "oreg": "OR", "penn": "PA", "penna": "PA", "tenn": "TN", "tex": "TX", "wash": "WA", "wis": "WI", "wisc": "WI", "wyo": "WY", "wva": "WV",
}

// canadianProvinces has the first letters of the postal codes of each province.
var canadianProvinces = map[string]string{
	"NL": "A", "NS": "B", "PE": "C", "NB": "E", "QC": "GHJ", "PQ": "GHJ", "ON": "KLMNP", "MB": "R", "SK": "S", "AB": "T", "BC": "V", "NT": "X", "NU": "X", "YT": "Y",
}

// australianStates has the ranges of each state's postcodes.
var australianStates = map[string][]zipRange{
	"NSW": {{1000, 2599}, {2619, 2899}, {2921, 2999}}, "ACT": {{200, 299}, {2600, 2618}, {2900, 2920}}, "VIC": {{3000, 3999}, {8000, 8999}},
	"QLD": {{4000, 4999}, {9000, 9999}}, "SA": {{5000, 5999}}, "WA": {{6000, 6999}}, "TAS": {{7000, 7999}}, "NT": {{800, 999}},
}

// britishAreas are the letters a postcode of the United Kingdom starts with.
const britishAreas = " AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE "

// A place is a city with the beginning of its postal codes.
type place struct {
	code string // prefix of the postal code
	next *place // another with the same name
}

// placeIndex leads from a city's name, lower case without accents and joiners, to its
// codes.
var placeIndex = sync.OnceValue(func() map[string]*place {
	index := map[string]*place{}
	for line := range strings.Lines(placeNames) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, entry := range strings.Fields(line) {
			code, name, ok := strings.Cut(entry, ":")
			if !ok {
				continue
			}
			var b [maxNameWord]byte
			key := string(plainWord(b[:0], []byte(name)))
			index[key] = &place{code: code, next: index[key]}
		}
	}
	return index
})

// mailingAddress matches the address that starts at start: one whose postal code is in
// reach and whose beginning this is.
func mailingAddress(text []byte, start int) int {
	limit := min(len(text), start+maxAddress)
	for i := start; i < limit; i++ {
		if postalStart(text, i) {
			if from, to := addressAt(text, i); from == start {
				return to
			}
		}
	}
	return -1
}

// postalStart says whether the digits by which a postal code is found start at i: the
// first of a run of four or five, or the digit before the last two letters or digits of
// a British or Canadian one.
func postalStart(text []byte, i int) bool {
	return isDigit(text[i]) && (i == 0 || !isDigit(text[i-1]))
}

// addressAt returns the address whose postal code has its first or, in Britain and
// Canada, its third-last character at i, or -1.
func addressAt(text []byte, i int) (from, to int) {
	if i >= len(text) || !isDigit(text[i]) {
		return -1, -1
	}
	if from, to = addressAsWritten(text, i, 0); from < 0 {
		from, to = lowerAddress(text, i)
	}
	if from < 0 || to-from > maxAddress || countedAt(text, to) {
		return -1, -1
	}
	return from, to
}

// addressAsWritten is addressAt for text with capitals where they belong; kind is smallLetters or nothing.
func addressAsWritten(text []byte, i int, kind streetKind) (from, to int) {
	n := 0
	for i+n < len(text) && n < 6 && isDigit(text[i+n]) {
		n++
	}
	switch n {
	case 5:
		if i+9 <= len(text) && text[i+5] == '-' && allDigits(text[i+6:i+9]) && ends(text, i+9) {
			return brazilian(text, i)
		}
		if from, to = american(text, i, kind); from < 0 {
			if from, to = codeAfter(text, i, true, kind); from < 0 {
				if from, to = continental(text, i, kind); from < 0 {
					from, to = codeAfter(text, i, false, kind)
				}
			}
		}
		return from, to
	case 4:
		return australian(text, i, kind)
	case 1:
		if from, to = canadian(text, i, kind); from < 0 {
			from, to = british(text, i, kind)
		}
		return from, to
	}
	return -1, -1
}

const (
	maxLowerBefore = 170 // bytes before a postal code that lowerAddress looks at
	maxLowerAfter  = 50  // and from its start on
)

// lowerAddress finds an address in small letters, as people type and programs normalise it: it is one when it is written in
// capitals, and it has a street with a number.
func lowerAddress(text []byte, i int) (from, to int) {
	if !lowerAround(text, i) || !lowerBefore(text, i) {
		return -1, -1
	}
	lo, hi := max(0, i-maxLowerBefore), min(len(text), i+maxLowerAfter)
	for lo > 0 && lo < i && nameByte[text[lo-1]] {
		lo++ // not in the middle of a word
	}
	for hi < len(text) && hi > i && nameByte[text[hi]] {
		hi--
	}
	var b [maxLowerBefore + maxLowerAfter]byte
	upper := b[:hi-lo]
	digit := false
	code := i // where a British or Canadian code begins
	if i+1 < len(text) && isASCIILetter(text[i+1]) {
		code -= 5
	}
	for k, c := range text[lo:hi] {
		switch {
		case isUpper(c) && lo+k < i-1:
			digit = false // what stands before is no part of it
		case isLower(c) && !(k > 0 && upper[k-1] == '\\'):
			c -= 0x20
		case c >= 0xA0 && c <= 0xBE && c != 0xB7 && k > 0 && upper[k-1] == 0xC3:
			c -= 0x20
		case isDigit(c) && lo+k < code:
			digit = true
		}
		upper[k] = c
	}
	if !digit {
		return -1, -1
	}
	if from, to = addressAsWritten(upper, i-lo, smallLetters); from < 0 {
		return -1, -1
	}
	from, to = from+lo, to+lo
	if hasProseWord(text[from:code]) {
		return -1, -1
	}
	house := false
	for k, c := range text[from:to] {
		if isUpper(c) {
			return -1, -1
		}
		house = house || isDigit(c) && from+k < code
	}
	if !house {
		return -1, -1
	}
	return from, to
}

// proseWords are in sentences, and in no address.
var proseWords = newWordTable(strings.Fields("and is was were are be been it its this that these those with from at by for has have had not no if then than when while took takes took ms sec bytes kb mb items rows lines users error errors warning version page pages line total about after before into over under between"))

// hasProseWord says whether one of them is in a text; in is the code of a state before the postal code alone.
func hasProseWord(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if nameByte[text[i]] {
			j := i
			for i < len(text) && nameByte[text[i]] {
				i++
			}
			if w := text[j:min(i, j+maxNameWord)]; proseWords.has(w) || string(w) == "in" && i+4 < len(text) {
				return true
			}
		}
	}
	return false
}

// lowerBefore says whether an address in small letters may stand before a postal code: the number of a house and, in reach of the
// code, a comma or a line break, with nothing between that is in no address.
func lowerBefore(text []byte, i int) bool {
	parted := false
	for k := i - 1; k >= max(0, i-maxStreet-20); k-- {
		switch c := text[k]; {
		case isLower(c) || c == ' ' || c >= utf8.RuneSelf:
		case c == ',' || c == '\n':
			parted = true
		case isDigit(c):
			if parted {
				return true
			}
		case isUpper(c):
			return false
		case c != '.' && c != '-' && c != '\'' && c != '#' && c != '/' && c != '\r' && c != '(' && c != ')' && c != '\\':
			return false
		}
		if !parted && k < i-40 {
			return false
		}
	}
	return false
}

// lowerAround says whether the words beside a postal code are in small letters.
func lowerAround(text []byte, i int) bool {
	for k := i - 1; k >= max(0, i-6); k-- {
		if isASCIILetter(text[k]) {
			return isLower(text[k])
		}
	}
	for k := i; k < min(len(text), i+8); k++ {
		if isASCIILetter(text[k]) {
			return isLower(text[k])
		}
	}
	return false
}

// ends says whether a postal code may end before text[i].
func ends(text []byte, i int) bool {
	if i >= len(text) {
		return true
	}
	if c := text[i]; isAlnum(c) || c == '_' || c == '-' && i+1 < len(text) && isDigit(text[i+1]) || c == '.' && i+1 < len(text) && isDigit(text[i+1]) {
		return false
	}
	return !wordAfter(text, i)
}

// skipBack returns the offset after the last character before i that is no separator
// between the parts of an address: spaces, one comma, one line break.
func skipBack(text []byte, i int) int {
	commas, breaks := 0, 0
	for n := 0; n < 6 && i > 0; n++ {
		switch c := text[i-1]; {
		case c == ' ' || c == '\t' || c == '\r':
		case c == ',' && commas == 0:
			commas++
		case c == '\n' && breaks == 0:
			breaks++
		case c == 'n' && i >= 2 && text[i-2] == '\\' && breaks == 0: // \n in JSON
			breaks++
			i--
		default:
			return i
		}
		i--
	}
	return i
}

// wordBack returns where the word that ends before i starts.
func wordBack(text []byte, i int) int {
	j := i
	for lo := max(0, i-maxNameWord); j > lo && nameByte[text[j-1]]; {
		j--
	}
	return j
}

// nameByte has the bytes of words in names of cities and streets.
var nameByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isASCIILetter(byte(c)) || c == '\'' || c == '-' || c >= utf8.RuneSelf
	}
	return t
}()

// capital says whether the rune at i is a capital letter.
func capital(text []byte, i int) bool {
	if text[i] < utf8.RuneSelf {
		return isUpper(text[i])
	}
	r, _ := utf8.DecodeRune(text[i:])
	return unicode.IsUpper(r)
}

// cityBack returns where the city's name that ends before i starts: up to three words
// in capitals, with particles between them; or -1. The last may be a street's word, as in
// Federal Way, where a comma or line break parts the city from the street.
func cityBack(text []byte, i int) int {
	start := -1
	end := i
	way := false
	for n := range 4 {
		j := wordBack(text, end)
		if j == end {
			break
		}
		street := streetWords.has(text[j:end])
		if n == 0 && street && capital(text, j) {
			way = true
		} else if capital(text, j) && !street {
			start = j
		} else if way && start < 0 {
			break
		} else if start < 0 || end-j > 4 || !isLower(text[j]) {
			break
		}
		if j == 0 || text[j-1] != ' ' && !(text[j-1] == '.' && end-j > 0) {
			break
		}
		end = j - 1
	}
	if start < 0 && way {
		start = wordBack(text, i) // a town called Broadway or Street
	}
	if start < 0 || i-start < 3 || way && !parted(text, start) {
		return -1
	}
	return start
}

// parted says whether a comma or a line break stands before i, and a word before that.
func parted(text []byte, i int) bool {
	j := skipBack(text, i)
	return j > 0 && bytes.ContainsAny(text[j:i], ",\n")
}

func lowerPlain(w []byte) string {
	var b [maxNameWord]byte
	return string(plainWord(b[:0], w))
}

// streetBack returns where the street before a city starts, or the city's own start
// when there is none: the nearest number with a street's name after it, or a street's
// word with its name and number, on the same line or the one before.
func streetBack(text []byte, city int, kind streetKind) (start int, found bool) {
	end := skipBack(text, city)
	if end == city {
		return city, false
	}
	lo := max(0, end-maxStreet)
	breaks := 0
	best := -1
	word, number := false, false
	for i := end; i > lo; {
		c := text[i-1]
		switch {
		case isASCIILetter(c) || c >= 0x80:
			j := wordBack(text, i)
			german := kind&(germanStreet|smallLetters) == germanStreet
			street, more := false, false
			if i > j {
				street, more = streetOf(text[j:i], kind)
			}
			if street || german && i > j && (germanEnd(text, j, i, end) || number && germanPhrase(text, j, i)) {
				word = true
				if capital(text, j) || best >= 0 || german && germanPhrase(text, j, i) || lowerStreets.has(text[j:i]) || kind&latinStreet != 0 && lowerBegins(text, j, i) {
					best = j
				}
				if kind&^smallLetters != 0 && best >= 0 && best <= j {
					if german && best == j && number {
						best = germanBack(text, j)
					}
					if h := houseBefore(text, j); h < j || number {
						return min(h, best), true
					}
				}
			} else if more && (capital(text, j) || j > 1 && text[j-1] == ' ' && capital(text, wordBack(text, j-1))) {
				word = true // with a number before: Rock Hill, Peter meadow
			}
			i = j
			if i == 0 || j == i && i == end {
				i = max(i-1, lo)
			}
			continue
		case isDigit(c):
			j := i
			for j > lo && isAlnum(text[j-1]) {
				j--
			}
			if j == 0 || !isAlnum(text[j-1]) && text[j-1] != '.' && text[j-1] != '$' {
				if word {
					return j, true
				}
				number = number || i-j <= 5
				if best < 0 && i-j <= 6 {
					i = j
					continue
				}
			}
			i = j
			continue
		case c == '/' && i >= 2 && (text[i-2] == 'C' || text[i-2] == 'c') && (i == 2 || !isAlnum(text[i-3])): // C/ Mayor
			word, best = true, i-2
			i--
		case c == '.' && kind&latinStreet != 0 && i >= 2 && (text[i-2] == 'C' || text[i-2] == 'V') && (i == 2 || !isAlnum(text[i-3])) && number: // C. Mayor 3
			return i - 2, true
		case c == ' ' || c == ',' || c == '.' || c == '\'' || c == '-' || c == '#' || c == '/' || c == '\r':
		case c == '\n':
			if breaks++; breaks > 1 {
				lo = i
			}
		case c == 'n' && i >= 2 && text[i-2] == '\\':
		default:
			lo = i
			continue
		}
		i--
	}
	if best >= 0 {
		return best, true
	}
	return city, false
}

// houseBefore returns where the number of a house starts that stands right before a street's word: 12 bis rue, 12, rue.
func houseBefore(text []byte, j int) int {
	i := j
	for i > 0 && j-i < 3 && (text[i-1] == ' ' || text[i-1] == ',') {
		i--
	}
	for _, more := range [...]string{" bis", " ter", " quater", " BIS", " TER"} {
		if i >= len(more) && string(text[i-len(more):i]) == more {
			i -= len(more)
			break
		}
	}
	h := i
	for h > 0 && i-h < 6 && (isAlnum(text[h-1]) || text[h-1] == '-' || text[h-1] == '/') {
		h--
	}
	if i == j || h == i || !isDigit(text[h]) || h > 0 && (isAlnum(text[h-1]) || text[h-1] == '.' || text[h-1] == '-') {
		return j
	}
	return h
}

// lowerBegins says whether a street's word in small letters begins an address: something parts it from what stands before, and
// the street's name is behind.
func lowerBegins(text []byte, j, end int) bool {
	for k := j; ; k-- {
		if k == 0 || text[k-1] != ' ' {
			if k > 0 && (nameByte[text[k-1]] || text[k-1] == '.') {
				return false
			}
			break
		}
	}
	if end+1 >= len(text) || text[end] != ' ' || !lowerLatin.has(text[j:end]) {
		return false
	}
	k := end + 1
	for n := 0; n < 3 && k < len(text); n++ {
		if capital(text, k) {
			return true
		}
		w := k
		for w < len(text) && w-k < 4 && nameByte[text[w]] && text[w] != '\'' {
			w++
		}
		if w >= len(text) || text[w] != ' ' && text[w] != '\'' {
			return false
		}
		k = w + 1 // de, du, de la, d'
	}
	return false
}

// numberBack returns where a street starts that nothing but its shape tells: a number, up to four words in capitals and a comma or a
// line break before the city.
func numberBack(text []byte, city int) (start int, found bool) {
	i := skipBack(text, city)
	if i == city || !bytes.ContainsAny(text[i:city], ",\n") {
		return city, false
	}
	for n := 0; n < 5; n++ {
		j := wordBack(text, i)
		switch {
		case j < i && n < 4 && j > 1 && text[j-1] == ' ' && (capital(text, j) || n > 0 && i-j <= 3):
			i = j - 1
			continue
		case j < i || n == 0:
			return city, false
		}
		h := i
		for h > 0 && i-h < 7 && (isAlnum(text[h-1]) || text[h-1] == '-' || text[h-1] == '/') {
			h--
		}
		if h == i || !isDigit(text[h]) || !capital(text, i+1) || h > 0 && (isAlnum(text[h-1]) || strings.IndexByte(".-/$:#", text[h-1]) >= 0 || text[h-1] >= utf8.RuneSelf) {
			return city, false
		}
		return h, true
	}
	return city, false
}

// units are what stands with its number before a street: Flat 3, 12 High Street.
var units = newWordTable(strings.Fields("flat studio apartment apt unit suite ste level floor room rm shop office house block building villa lot psc cmr box appartement appt bat batiment"))

// unitBack returns where a flat starts that stands before a street at i, or whose number is there; or i.
func unitBack(text []byte, i int) int {
	if i > 1 && (text[i-1] == '/' || text[i-1] == '-') && isAlnum(text[i-2]) { // 12/43 King Street, 145-147 King Street
		k := i - 1
		for k > 0 && i-k < 6 && isAlnum(text[k-1]) {
			k--
		}
		if isDigit(text[k]) && (k == 0 || !isAlnum(text[k-1]) && strings.IndexByte("-./$+_=", text[k-1]) < 0) {
			i = k
		}
	}
	if i > 2 && text[i-1] == ' ' && isDigit(text[i]) {
		k := i - 1
		if text[k-1] == '.' {
			k--
		}
		if j := wordBack(text, k); j < k && units.has(text[j:k]) {
			return j
		}
	}
	end := skipBack(text, i)
	h := end
	for h > 0 && end-h < 6 && isAlnum(text[h-1]) {
		h--
	}
	if end == i || h == end || h < 2 || text[h-1] != ' ' || !isDigit(text[h]) && !isDigit(text[end-1]) && end-h != 1 {
		return i
	}
	k := h - 1
	if text[k-1] == '.' {
		k--
	}
	if j := wordBack(text, k); j < k && units.has(text[j:k]) {
		return j
	}
	return i
}

// cityStreet returns where the address starts whose city is text[city:end]: at the street before it. Where nothing parts the two, the
// first words of what may be a city are the street's.
func cityStreet(text []byte, city, end int, kind streetKind) (from int, street bool) {
	if from, street = streetBack(text, city, kind); !street && kind&smallLetters == 0 {
		from, street = numberBack(text, city)
	}
	if street {
		return unitBack(text, from), true
	}
	for k := city; k < end && !parted(text, city); k++ {
		if text[k] == ' ' && k+1 < end && capital(text, k+1) {
			if s, ok := streetBack(text, k+1, kind); ok {
				return s, true
			}
		}
	}
	return from, false
}

// american is City, ST 12345 or City, State 12345-6789.
func american(text []byte, i int, kind streetKind) (int, int) {
	to := i + 5
	if to+5 <= len(text) && text[to] == '-' && allDigits(text[to+1:to+5]) && ends(text, to+5) {
		to += 5
	} else if !ends(text, to) {
		return -1, -1
	}
	end := skipBack(text, i)
	if end == i || end < 3 || !isASCIILetter(text[end-1]) && text[end-1] != '.' {
		return -1, -1
	}
	j, ranges := stateBack(text, end)
	if ranges == nil {
		return -1, -1
	}
	if from, ok := military(text, j, end); ok {
		return from, to
	}
	code := number(text[i : i+3])
	if end < i-1 && bytes.ContainsAny(text[end:i], ",\n") {
		code = -1 // IL, 62704 has a street
	}
	return withState(text, j, to, ranges, code, kind)
}

// military returns where an address of the armed forces starts whose state is text[j:end]: FPO AP 96349.
func military(text []byte, j, end int) (from int, ok bool) {
	if end-j != 2 || text[j] != 'A' || strings.IndexByte("AEP", text[j+1]) < 0 {
		return -1, false
	}
	office := skipBack(text, j)
	k := wordBack(text, office)
	if office == j || office-k != 3 || string(text[k+1:office]) != "PO" || strings.IndexByte("AFD", text[k]) < 0 {
		return -1, false
	}
	from, _ = streetBack(text, k, 0)
	return unitBack(text, from), true
}

// withState completes an address whose state starts at j. The postal code is one of the state's, or there is a street: then it
// is an address all the same, mistyped or made up.
func withState(text []byte, j, to int, ranges []zipRange, code int, kind streetKind) (int, int) {
	if ranges == nil {
		return -1, -1
	}
	from, end, street := withCity(text, j, to, kind)
	if !inRanges(ranges, code) && !street {
		return -1, -1
	}
	return from, end
}

// stateBack returns where the state's name that ends before i starts, and its ZIP
// prefixes: IL, Ill., D.C., Illinois, North Carolina.
func stateBack(text []byte, i int) (start int, ranges []zipRange) {
	j := wordBack(text, i)
	if ranges := stateOf(text[j:i]); ranges != nil {
		return j, ranges
	}
	if text[i-1] != '.' {
		if j == i || !capital(text, j) {
			return i, nil
		}
		if ranges := usStates[stateNames[lowerPlain(text[j:i])]]; ranges != nil {
			if k := twoWordState(text, j, i); k >= 0 { // West Virginia
				return k, usStates[stateNames[lowerPlain(text[k:i])]]
			}
			return j, ranges
		}
		if k := twoWordState(text, j, i); k >= 0 {
			return k, usStates[stateNames[lowerPlain(text[k:i])]]
		}
		return i, nil
	}
	// Letters and full stops.
	for j = i; j > 0 && i-j < 7 && (isASCIILetter(text[j-1]) || text[j-1] == '.'); {
		j--
	}
	if !isUpper(text[j]) || j > 0 && text[j-1] != ' ' {
		return i, nil
	}
	plain := lowerPlain(text[j:i])
	if ranges := usStates[strings.ToUpper(plain)]; ranges != nil {
		return j, ranges
	}
	return j, usStates[stateNames[plain]]
}

// twoWordState returns where the state's name starts whose second word is text[j:i], or
// -1.
func twoWordState(text []byte, j, i int) int {
	if j < 2 || text[j-1] != ' ' {
		return -1
	}
	k := wordBack(text, j-1)
	if k == j-1 || !capital(text, k) || stateNames[lowerPlain(text[k:i])] == "" {
		return -1
	}
	return k
}

// withCity completes an address whose state or postal code starts at j.
func withCity(text []byte, j, to int, kind streetKind) (from, end int, street bool) {
	city := skipBack(text, j)
	if city == j {
		return -1, -1, false
	}
	start := cityBack(text, city)
	if start < 0 {
		return -1, -1, false
	}
	from, street = cityStreet(text, start, city, kind)
	return from, to, street
}

func inRanges(ranges []zipRange, n int) bool {
	for _, r := range ranges {
		if n >= r.from && n <= r.to {
			return true
		}
	}
	return false
}

func number(digits []byte) (n int) {
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}

func hasDigit(b []byte) bool { return bytes.ContainsAny(b, "0123456789") }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// australianNames are the states written out, to their codes.
var australianNames = map[string]string{
	"newsouthwales": "NSW", "australiancapitalterritory": "ACT", "victoria": "VIC", "queensland": "QLD", "southaustralia": "SA", "westernaustralia": "WA",
	"tasmania": "TAS", "northernterritory": "NT",
}

// australianEnds are the last two letters of the states, by their low bits.
var australianEnds = func() (t [1 << 10]bool) {
	for _, end := range strings.Fields("sw ct ic ld sa wa as nt ia nd es ry") {
		t[int(end[0]&31)<<5|int(end[1]&31)] = true
	}
	return t
}()
