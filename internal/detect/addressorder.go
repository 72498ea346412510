package detect

import (
	"strings"
	"unicode/utf8"
)

// The orders in which countries write an address: what stands before and behind the postal code.

// australianEnd says whether what stands before four digits at i ends as a state of Australia does, which few words before years do.
func australianEnd(text []byte, i int) bool {
	k := i - 2
	if k > 0 && text[k] == ',' {
		k--
	}
	return k > 0 && australianEnds[int(text[k-1]&31)<<5|int(text[k]&31)]
}

// australian is City NSW 2000, City, Victoria, 3000.
func australian(text []byte, i int, kind streetKind) (int, int) {
	if !ends(text, i+4) || i < 4 || text[i-1] != ' ' || !australianEnd(text, i) {
		return -1, -1
	}
	end := skipBack(text, i)
	j := wordBack(text, end)
	ranges := australianStates[string(text[j:end])]
	for k, n := j, 0; ranges == nil && n < 3 && k < end && capital(text, k); n++ {
		if ranges = australianStates[australianNames[lowerPlain(text[k:end])]]; ranges != nil {
			j = k
			break
		}
		if k < 2 || text[k-1] != ' ' {
			break
		}
		k = wordBack(text, k-1)
	}
	code := number(text[i : i+4])
	if end != i-1 || end-j > 3 {
		code = -1 // Victoria 3000 has a street
	}
	return withState(text, j, i+4, ranges, code, kind)
}

// canadianNames are the provinces written out, to their codes.
var canadianNames = map[string]string{
	"newfoundlandandlabrador": "NL", "newfoundland": "NL", "labrador": "NL", "novascotia": "NS", "nouvelleecosse": "NS", "princeedwardisland": "PE", "newbrunswick": "NB",
	"nouveaubrunswick": "NB", "quebec": "QC", "ontario": "ON", "manitoba": "MB", "saskatchewan": "SK", "alberta": "AB", "britishcolumbia": "BC",
	"colombiebritannique": "BC", "northwestterritories": "NT", "nunavut": "NU", "yukon": "YT", "ont": "ON", "que": "QC", "alta": "AB", "sask": "SK", "man": "MB",
}

// provinceBack returns where the province of Canada starts that ends before j, and the first letters of its postal codes: ON, Ontario,
// British Columbia; j and nothing when there is none.
func provinceBack(text []byte, j int) (start int, letters string) {
	if j > 1 && text[j-1] == '.' {
		j--
	}
	k := wordBack(text, j)
	if letters := canadianProvinces[string(text[k:j])]; letters != "" {
		return k, letters
	}
	for n := 0; n < 3 && k < j && capital(text, k); n++ {
		if letters := canadianProvinces[canadianNames[lowerPlain(text[k:j])]]; letters != "" {
			return k, letters
		}
		if k < 2 || text[k-1] != ' ' {
			break
		}
		k = wordBack(text, k-1)
	}
	return j, ""
}

// canadian is City, ON K1A 0B1.
func canadian(text []byte, i int, kind streetKind) (int, int) {
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
	p, other, known := j, false, false
	end := j
	if text[end-1] == ')' {
		end--
	}
	if k, letters := provinceBack(text, end); letters != "" {
		if end < j { // Montréal (Québec) H2Y 1C6
			if k < 2 || text[k-1] != '(' {
				return -1, -1
			}
			k--
		}
		known = true
		other = strings.IndexByte(letters, first) < 0 // the code is another province's
		if p = skipBack(text, k); p == k {
			return -1, -1
		}
		if text[p-1] == '(' { // Montréal (QC H2Y 1C6
			p = skipBack(text, p-1)
		}
	}
	start := cityBack(text, p)
	if start < 0 {
		return -1, -1
	}
	from, street := cityStreet(text, start, p, kind)
	if !street {
		from, street = cityStreet(text, start, p, kind|latinStreet)
	}
	if !street && (other || !known && !knownPlace(text[start:p], string(first))) {
		return -1, -1
	}
	return from, i + 3
}

// british is City SW1A 1AA, the city on the same line or the one before, a county
// perhaps between them.
func british(text []byte, i int, kind streetKind) (int, int) {
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
	from, street := cityStreet(text, start, end, kind)
	if !street && !knownPlace(text[start:end], string(outward[:a])) {
		// The city may stand before a county.
		if e := skipBack(text, start); e < start {
			if c := cityBack(text, e); c >= 0 {
				if from, street = cityStreet(text, c, e, kind); street || knownPlace(text[c:e], string(outward[:a])) {
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
func continental(text []byte, i int, kind streetKind) (int, int) {
	if i > 0 && !escaped(text, i-1) && (isAlnum(text[i-1]) || strings.IndexByte("_.-+$/:=", text[i-1]) >= 0 || wordBefore(text, i)) &&
		!(i > 1 && text[i-1] == '-' && isUpper(text[i-2])) {
		return -1, -1
	}
	end := i + 5
	if end < len(text) && text[end] == ',' { // 20121, Milano
		end++
	}
	if end+2 < len(text) && text[end] == ' ' && text[end+1] == ' ' {
		end++
	}
	if end+2 > len(text) || text[end] != ' ' || !capital(text, end+1) {
		return -1, -1
	}
	code := string(text[i : i+5])
	// The city: up to four words.
	first, best, last := end+1, -1, -1
	known := false
	for n := 0; n < 6 && end+1 < len(text) && (text[end] == ' ' || text[end] == '-'); n++ {
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
			last = end
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
	if !known && last > best && cityEnds(text, last) {
		best = last
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
	from, street := streetBack(text, i, kind|latinStreet|germanStreet)
	if !known && (countedAt(text, first-1) || !street || !hasLatinStreet(text[from:i]) && !hasDigit(text[from:i])) {
		return -1, -1
	}
	return from, withProvince(text, best)
}

// cityEnds says whether no further word stands behind a city on its line.
func cityEnds(text []byte, i int) bool {
	if i < len(text) && text[i] == ' ' {
		i++
	}
	return i == len(text) || !isAlnum(text[i]) && text[i] < utf8.RuneSelf && text[i] != '_' && text[i] != '-'
}

// withProvince returns the end of an Italian province behind a city, or the city's own: Roma (RM), Roma RM.
func withProvince(text []byte, end int) int {
	i := end
	if i < len(text) && text[i] == ',' {
		i++
	}
	if i+3 > len(text) || text[i] != ' ' {
		return end
	}
	i++
	parenthesis := text[i] == '('
	if parenthesis {
		i++
	}
	if i+2 > len(text) || !isUpper(text[i]) || !isUpper(text[i+1]) {
		return end
	}
	if i += 2; parenthesis {
		if i < len(text) && text[i] == ')' {
			return i + 1
		}
		return end
	}
	if i < len(text) && (isAlnum(text[i]) || text[i] >= utf8.RuneSelf || text[i] == '_' || text[i] == '-') || !provinces.has(text[i-2:i]) {
		return end
	}
	return i
}

// provinces of Italy.
var provinces = newWordTable(strings.Fields("ag al an ao ap aq ar at av ba bg bi bl bn bo br bs bt bz ca cb ce ch cl cn co cr cs ct cz en fc fe fg fi fm fr ge go gr im is kr lc le li lo lt lu mb mc me mi mn mo ms mt na no nu or pa pc pd pe pg pi pn po pr pt pu pv pz ra rc re rg ri rm rn ro sa si so sp sr ss su sv ta te tn to tp tr ts tv ud va vb vc ve vi vr vt vv"))

// codeAfter is Calle Mayor 3, Madrid 28013, with a comma and a province in parentheses
// perhaps: the code after the city, which is known with such codes. Where it need not be,
// the street has a word of the countries that write so, and a comma before the city.
func codeAfter(text []byte, i int, known bool, kind streetKind) (int, int) {
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
	from, street := cityStreet(text, city, end, kind|latinStreet)
	if !street || !known && !hasLatinStreet(text[from:city]) {
		return -1, -1
	}
	return from, i + 5
}

// brazilian is Rua Augusta, 100 - Consolação, São Paulo - SP, 01305-000, and 01305-000 São Paulo / SP.
func brazilian(text []byte, i int) (int, int) {
	if i > 0 && (isAlnum(text[i-1]) || strings.IndexByte("_.-+$/=", text[i-1]) >= 0) {
		return -1, -1
	}
	start := i
	for n := 0; n < 8 && start > 0 && strings.IndexByte(" ,-:", text[start-1]) >= 0; n++ {
		start--
	}
	if start >= 3 && string(text[start-3:start]) == "CEP" && (start == 3 || !isAlnum(text[start-4])) {
		start -= 3
	}
	if start > 0 && text[start] != 'C' {
		start = i // a separator stands before it
	}
	from, street := streetBack(text, start, latinStreet)
	if !street || !hasLatinStreet(text[from:start]) {
		return -1, -1
	}
	end := i + 9
	if !brazilianState(text, skipBackTo(text, start, " ,-/:")) {
		// The city and the state stand behind the code.
		k := end
		for k < min(len(text), end+50) && (nameByte[text[k]] || text[k] == ' ') && text[k] != '-' {
			k++
		}
		for k < min(len(text), end+60) && strings.IndexByte(" /-,", text[k]) >= 0 {
			k++
		}
		if k+2 <= len(text) && k > end+4 && brazilianState(text, k+2) {
			return from, k + 2
		}
		if k = skipBackTo(text, k, " /-,"); k > end+4 && brazilianState(text, k) {
			return from, k
		}
		return -1, -1
	}
	return from, end
}

// skipBackTo returns the offset after the last character before i that is none of a few.
func skipBackTo(text []byte, i int, chars string) int {
	for n := 0; n < 8 && i > 0 && strings.IndexByte(chars, text[i-1]) >= 0; n++ {
		i--
	}
	return i
}

// brazilianStates are the codes of Brazil's states.
const brazilianStates = " AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO "

// brazilianState says whether the code of a state ends before i.
func brazilianState(text []byte, i int) bool {
	return i >= 3 && i <= len(text) && isUpper(text[i-1]) && isUpper(text[i-2]) && !nameByte[text[i-3]] && (i == len(text) || !isAlnum(text[i])) &&
		strings.Contains(brazilianStates, string(text[i-2:i]))
}

// hasLatinStreet says whether a word of Latin streets is in a text.
func hasLatinStreet(text []byte) bool {
	if len(text) > 2 && (text[0] == 'C' || text[0] == 'V') && (text[1] == '.' || text[1] == '/') {
		return true
	}
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
