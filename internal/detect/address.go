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

// usStates has the ZIP prefixes of the states, the District of Columbia, Puerto Rico
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

// streetWords are what streets are called in the supported countries.
var streetWords = newWordTable(strings.Fields("street st road rd avenue ave boulevard blvd lane ln drive dr court ct place pl square sq terrace crescent close way parkway pkwy highway hwy circle cir trail mews gardens row walk esplanade parade broadway " +
	"rue avenue boulevard bd place chemin impasse allee allees quai cours route square passage faubourg " +
	"strasse str weg platz allee gasse ring damm ufer chaussee markt am " +
	"via viale piazza corso vicolo largo piazzale strada lungotevere " +
	"calle avenida avda plaza paseo carrer ronda camino carretera travesia glorieta po box"))

// moreStreets are other words of streets in English, which a city may be called as well: they count where the city is known to
// stand behind.
var moreStreets = newWordTable(strings.Fields("alley annex arcade bayou bend bluff bluffs bottom branch brook brooks bypass camp canyon cape causeway centers circles cliff cliffs common commons corner corners courts " +
	"cove coves creek crest crossing crossroad crossroads curve dale dam divide drives estate estates expressway extension extensions fall falls ferry field fields flat flats ford fords forest forge forges fork forks " +
	"fort freeway garden gateway glen glens green greens grove groves harbor harbors haven heights hill hills hollow inlet island islands isle junction junctions key keys knoll knolls lake lakes land landing light lights " +
	"loaf lock locks lodge loop mall manor manors meadow meadows mill mills mission motorway mount mountain mountains neck orchard oval overpass park parks parkways pass passage path pike pine pines plain plains plaza " +
	"point points port ports prairie ramp ranch rapid rapids rest ridge ridges river roads rue run shoal shoals shore shores skyway spring springs spur spurs squares station stravenue stream streets summit throughway trace " +
	"track trafficway trails trailer tunnel turnpike underpass union unions valley valleys viaduct view views village villages ville vista walks wall ways well wells"))

// lowerStreets begin a street's name without a capital.
var lowerStreets = newWordTable([]string{"rue", "via", "calle"})

// isStreet says whether a word is what a street is called, or ends in it as German ones
// do.
func isStreet(w []byte) bool {
	if streetWords.has(w) {
		return true
	}
	switch last := w[len(w)-1]; {
	case isASCIILetter(last) && strings.IndexByte("ergz", last|0x20) < 0:
		return false // none of the ends below
	}
	plain := lowerPlain(w)
	for _, end := range [...]string{"strasse", "str", "platz", "allee", "gasse"} {
		if strings.HasSuffix(plain, end) {
			return true
		}
	}
	return strings.HasSuffix(plain, "weg") && len(plain) > len("xxweg")
}

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
	n := 0
	for i+n < len(text) && n < 6 && isDigit(text[i+n]) {
		n++
	}
	switch n {
	case 5:
		if from, to = american(text, i); from < 0 {
			if from, to = codeAfter(text, i, true); from < 0 {
				if from, to = continental(text, i); from < 0 {
					from, to = codeAfter(text, i, false)
				}
			}
		}
	case 4:
		from, to = australian(text, i)
	case 1:
		if from, to = canadian(text, i); from < 0 {
			from, to = british(text, i)
		}
	default:
		return -1, -1
	}
	if from < 0 || to-from > maxAddress {
		return -1, -1
	}
	return from, to
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
func streetBack(text []byte, city int) (start int, found bool) {
	end := skipBack(text, city)
	if end == city {
		return city, false
	}
	lo := max(0, end-maxStreet)
	breaks := 0
	best := -1
	word := false
	for i := end; i > lo; {
		c := text[i-1]
		switch {
		case isASCIILetter(c) || c >= 0x80:
			j := wordBack(text, i)
			if isStreet(text[j:i]) {
				word = true
				if capital(text, j) || best >= 0 || lowerStreets.has(text[j:i]) {
					best = j
				}
			} else if moreStreets.has(text[j:i]) && (capital(text, j) || j > 1 && text[j-1] == ' ' && capital(text, wordBack(text, j-1))) {
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

// american is City, ST 12345 or City, State 12345-6789.
func american(text []byte, i int) (int, int) {
	to := i + 5
	if to+5 <= len(text) && text[to] == '-' && allDigits(text[to+1:to+5]) && ends(text, to+5) {
		to += 5
	} else if !ends(text, to) {
		return -1, -1
	}
	if i < 4 || text[i-1] != ' ' || !isASCIILetter(text[i-2]) && text[i-2] != '.' { // siftAddresses asks for the same
		return -1, -1
	}
	j, ranges := stateBack(text, i-1)
	return withState(text, j, to, ranges, number(text[i:i+3]))
}

// withState completes an address whose state starts at j. The postal code is one of the state's, or there is a street: then it
// is an address all the same, mistyped or made up.
func withState(text []byte, j, to int, ranges []zipRange, code int) (int, int) {
	if ranges == nil {
		return -1, -1
	}
	from, end, street := withCity(text, j, to)
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
func withCity(text []byte, j, to int) (from, end int, street bool) {
	city := skipBack(text, j)
	if city == j {
		return -1, -1, false
	}
	start := cityBack(text, city)
	if start < 0 {
		return -1, -1, false
	}
	from, street = streetBack(text, start)
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

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// australian is City NSW 2000.
func australian(text []byte, i int) (int, int) {
	if !ends(text, i+4) || i < 4 || text[i-1] != ' ' {
		return -1, -1
	}
	j := wordBack(text, i-1)
	ranges := australianStates[string(text[j:i-1])]
	return withState(text, j, i+4, ranges, number(text[i:i+4]))
}

// canadian is City, ON K1A 0B1.
func canadian(text []byte, i int) (int, int) {
	// i is the digit that starts the second half.
	if i+3 > len(text) || !isUpper(text[i+1]) || !isDigit(text[i+2]) || !ends(text, i+3) || i < 4 {
		return -1, -1
	}
	h := i
	if text[h-1] == ' ' || text[h-1] == '-' {
		h--
	}
	if h < 3 || !isUpper(text[h-1]) || !isDigit(text[h-2]) || !isUpper(text[h-3]) || h > 3 && isAlnum(text[h-4]) {
		return -1, -1
	}
	first := text[h-3]
	if strings.IndexByte("DFIOQUWZ", first) >= 0 || strings.IndexByte("DFIOQU", text[h-1]) >= 0 || strings.IndexByte("DFIOQU", text[i+1]) >= 0 {
		return -1, -1
	}
	j := skipBack(text, h-3)
	if j == h-3 {
		return -1, -1
	}
	p, other := j, false
	k := wordBack(text, j)
	if letters := canadianProvinces[string(text[k:j])]; letters != "" {
		other = strings.IndexByte(letters, first) < 0 // the code is another province's
		if p = skipBack(text, k); p == k {
			return -1, -1
		}
		if text[p-1] == '(' { // Montréal (QC) H2Y 1C6
			p = skipBack(text, p-1)
		}
	}
	start := cityBack(text, p)
	if start < 0 {
		return -1, -1
	}
	from, street := streetBack(text, start)
	if !street && (other || p == j && !knownPlace(text[start:p], string(first))) {
		return -1, -1
	}
	return from, i + 3
}

// british is City SW1A 1AA, the city on the same line or the one before, a county
// perhaps between them.
func british(text []byte, i int) (int, int) {
	if i+3 > len(text) || !isUpper(text[i+1]) || !isUpper(text[i+2]) || !ends(text, i+3) || i < 3 {
		return -1, -1
	}
	if strings.IndexByte("CIKMOV", text[i+1]) >= 0 || strings.IndexByte("CIKMOV", text[i+2]) >= 0 {
		return -1, -1
	}
	h := i
	if text[h-1] == ' ' {
		h--
	}
	j := h
	for j > 0 && h-j < 5 && (isUpper(text[j-1]) || isDigit(text[j-1])) {
		j--
	}
	outward := text[j:h]
	if len(outward) < 2 || len(outward) > 4 || j > 0 && (isAlnum(text[j-1]) || text[j-1] == '_') {
		return -1, -1
	}
	a := 0
	for a < len(outward) && isUpper(outward[a]) {
		a++
	}
	if a == 0 || a > 2 || a == len(outward) || !isDigit(outward[a]) || !strings.Contains(britishAreas, " "+string(outward[:a])+" ") {
		return -1, -1
	}
	end := skipBack(text, j)
	if end == j {
		return -1, -1
	}
	start := cityBack(text, end)
	if start < 0 {
		return -1, -1
	}
	from, street := streetBack(text, start)
	if !street && !knownPlace(text[start:end], string(outward[:a])) {
		// The city may stand before a county.
		if e := skipBack(text, start); e < start {
			if c := cityBack(text, e); c >= 0 {
				if from, street = streetBack(text, c); street || knownPlace(text[c:e], string(outward[:a])) {
					return from, i + 3
				}
			}
		}
		return -1, -1
	}
	return from, i + 3
}

// knownPlace says whether a city is in the list with a code that starts the postal code
// given.
func knownPlace(city []byte, code string) bool {
	for p := placeIndex()[lowerPlain(city)]; p != nil; p = p.next {
		if strings.HasPrefix(code, p.code) {
			return true
		}
	}
	return false
}

// continental is 75008 Paris, with or without the street before it: in France, Germany,
// Italy and Spain the code stands before the city.
func continental(text []byte, i int) (int, int) {
	if i > 0 && !escaped(text, i-1) && (isAlnum(text[i-1]) || strings.IndexByte("_.-+$/:=", text[i-1]) >= 0 || wordBefore(text, i)) &&
		!(i > 1 && text[i-1] == '-' && isUpper(text[i-2])) {
		return -1, -1
	}
	end := i + 5
	if end < len(text) && text[end] == ',' { // 20121, Milano
		end++
	}
	if end+2 > len(text) || text[end] != ' ' || !capital(text, end+1) {
		return -1, -1
	}
	code := string(text[i : i+5])
	// The city: up to four words.
	first, best := end+1, -1
	known := false
	for n := 0; n < 4 && end+1 < len(text) && (text[end] == ' ' || text[end] == '-'); n++ {
		j := end + 1
		k := j
		for k < len(text) && k-j < maxNameWord && (isASCIILetter(text[k]) || text[k] == '\'' || text[k] >= 0xC3 && text[k] <= 0xC5 && k+1 < len(text) && twoBytes(text, k)) {
			if text[k] >= 0x80 {
				k++
			}
			k++
		}
		if k == j {
			break
		}
		end = k
		if capital(text, j) {
			if best < 0 || known == knownPlace(text[first:end], code) || !known {
				if knownPlace(text[first:end], code) {
					known, best = true, end
				} else if best < 0 {
					best = end
				}
			}
		} else if k-j > 4 {
			break
		}
	}
	if best < 0 || best < len(text) && (isDigit(text[best]) || text[best] == '_' || text[best] == '(') {
		return -1, -1
	}
	if i > 1 && text[i-1] == '-' && isUpper(text[i-2]) { // D-80331
		i--
		for i > 0 && isUpper(text[i-1]) {
			i--
		}
	}
	from, street := streetBack(text, i)
	if !street && !known {
		return -1, -1
	}
	return from, best
}

// codeAfter is Calle Mayor 3, Madrid 28013, with a comma and a province in parentheses
// perhaps: the code after the city, which is known with such codes. Where it need not be,
// the street has a word of the countries that write so, and a comma before the city.
func codeAfter(text []byte, i int, known bool) (int, int) {
	if !ends(text, i+5) {
		return -1, -1
	}
	end := skipBack(text, i)
	if end == i || end < 3 {
		return -1, -1
	}
	if text[end-1] == ')' { // (MI)
		open := end - 2
		for open > 0 && end-open < 5 && isUpper(text[open]) {
			open--
		}
		if text[open] != '(' || end-open < 4 {
			return -1, -1
		}
		if end = skipBack(text, open); end == open || end < 3 {
			return -1, -1
		}
	}
	city := cityBack(text, end)
	if city < 0 || known != knownPlace(text[city:end], string(text[i:i+5])) || !known && !parted(text, city) {
		return -1, -1
	}
	from, street := streetBack(text, city)
	if !street || !known && !latinStreet(text[from:city]) {
		return -1, -1
	}
	return from, i + 5
}

// latinStreets are what streets are called in Italy, Spain and France.
var latinStreets = newWordTable(strings.Fields("rue boulevard chemin impasse allee allees quai cours place via viale piazza corso vicolo largo piazzale strada " +
	"calle avenida avda plaza paseo carrer ronda camino carretera travesia glorieta"))

// latinStreet says whether one of them is in a text.
func latinStreet(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if nameByte[text[i]] {
			j := i
			for i < len(text) && nameByte[text[i]] {
				i++
			}
			if latinStreets.has(text[j:min(i, j+maxNameWord)]) {
				return true
			}
		}
	}
	return false
}
