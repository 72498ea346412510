package validate

func miscSpecs() []Spec {
	return []Spec{
		{ID: "NAME"},
		{ID: "ADDRESS"},
		{
			ID: "DATE_OF_BIRTH", Func: BirthDate, MinLen: 6, MaxLen: dateMaxLen,
			First: setOf("0123456789").union(monthFirst), DigitRuns: runs(1, 8), LetterRuns: runs(1, 10),
		},
		{
			ID: "LATITUDE_LONGITUDE", Func: LatLong, MinLen: 9, MaxLen: latLongMaxLen,
			First: setOf("+-0123456789"), DigitRuns: runs(1, 3),
		},
		keyword("BRAZIL_CEP_CODE", patterns(cep, "99999-999", "99.999-999", "9{8}")),
		keyword("VEHICLE_IDENTIFICATION_NUMBER", patterns(vin, "*{17}")),
	}
}

// cep: no postal area starts below 01000.
func cep(v value) bool { return v.num(0, 5) >= 1000 && !v.uniform() }

// vinWeights are the weights of the check at position 9, itself excluded.
const vinWeights = "\x08\x07\x06\x05\x04\x03\x02\x0a\x00\x09\x08\x07\x06\x05\x04\x03\x02"

// vin excludes I, O, Q; the check digit binds manufacturers of North America,
// whose codes start with 1 to 5.
func vin(v value) bool {
	letters, sum := 0, 0
	for i, c := range v.b[:17] {
		x := int(c - '0')
		if !isDigit(c) {
			if c == 'I' || c == 'O' || c == 'Q' {
				return false
			}
			letters++
			x = vinValue(c)
		}
		sum += x * int(vinWeights[i])
	}
	if letters == 0 || letters == 17 {
		return false
	}
	if v.b[0] < '1' || v.b[0] > '5' {
		return true
	}
	if r := sum % 11; r < 10 {
		return v.b[8] == '0'+byte(r)
	}
	return v.b[8] == 'X'
}

// vinValue is the number a letter counts: A-H 1-8, J-N 1-5, P 7, R 9, S-Z 2-9.
func vinValue(c byte) int {
	switch {
	case c <= 'H':
		return int(c-'A') + 1
	case c <= 'N':
		return int(c-'J') + 1
	case c == 'P':
		return 7
	case c == 'R':
		return 9
	}
	return int(c-'S') + 2
}

const latLongMaxLen = 48

// LatLong matches a latitude and longitude in decimal degrees, with a comma,
// semicolon or space between them. Each needs a fraction of two digits or more: a
// pair of plain numbers is anything. So is one out of a longer list of numbers, and two
// shares or probabilities between 0 and 1.
func LatLong(text []byte, start int) int {
	if start < 0 || start+9 > len(text) {
		return -1
	}
	if p := at(text, start-1); p == '.' || p == '-' || !leftOK(text, start, true) {
		return -1
	}
	limit := min(len(text), start+latLongMaxLen)
	i := degrees(text[:limit], start, 90, "NSns")
	if i < 0 {
		return -1
	}
	n, comma := i, false
	for steps := 0; steps < 3 && i < limit; steps++ {
		if c, width := sepAt(text[:limit], i); c == ' ' {
			i += width
		} else if !comma && (text[i] == ',' || text[i] == ';') {
			comma = true
			i++
		} else {
			break
		}
	}
	if i == n {
		return -1
	}
	gap, second := text[n:i], i
	if i = degrees(text[:limit], i, 180, "EWew"); i < 0 || !rightOK(text, i, true) {
		return -1
	}
	if unit(text[start:n]) && unit(text[second:i]) || inList(text, start, i, gap, comma) {
		return -1
	}
	return i
}

// unit says whether a number that degrees has read lies between -1 and 1.
func unit(number []byte) bool {
	i := 0
	for !isDigit(number[i]) { // the sign
		i++
	}
	return number[i+1] == '.' && (number[i] == '0' || number[i] == '1' && allZero(number[i+2:]))
}

func allZero(s []byte) bool {
	for _, c := range s {
		if isDigit(c) && c != '0' {
			return false
		}
	}
	return true
}

// inList says whether a number stands before or after a pair, apart by what is between
// the two, or by a comma where that is a space: pairs of longitude,latitude with spaces
// between them are no pairs across the space.
func inList(text []byte, start, end int, gap []byte, comma bool) bool {
	i := start - 1
	for n := i; n-i < 3 && (at(text, i) == ' ' || comma && (at(text, i) == ',' || at(text, i) == ';')); {
		i--
	}
	if before := text[i+1 : start]; digitAt(text, i) && len(before) > 0 && sameMark(before, gap) || !comma && at(text, start-1) == ',' && digitAt(text, start-2) {
		return true
	}
	j := end
	for j-end < 3 && (at(text, j) == ' ' || comma && (at(text, j) == ',' || at(text, j) == ';')) {
		j++
	}
	after := text[end:j]
	if c, width := sepAt(text, j); c == '-' {
		j += width
	} else if at(text, j) == '+' {
		j++
	}
	return digitAt(text, j) && len(after) > 0 && sameMark(after, gap) || !comma && at(text, end) == ',' && digitAt(text, end+1)
}

// sameMark says whether two gaps have the same comma or semicolon, or neither has one.
func sameMark(a, b []byte) bool {
	mark := func(s []byte) byte {
		for _, c := range s {
			if c == ',' || c == ';' {
				return c
			}
		}
		return ' '
	}
	return mark(a) == mark(b)
}

// degrees returns the end of a signed decimal number up to bound, with an optional
// degree sign and hemisphere, or -1.
func degrees(text []byte, i, bound int, hemispheres string) int {
	if c, width := sepAt(text, i); c == '-' {
		i += width
	} else if at(text, i) == '+' {
		i++
	}
	whole, j := number(text, i, 4)
	if j == i || j-i > 3 || at(text, j) != '.' {
		return -1
	}
	frac := j + 1
	zero := true
	for j = frac; j < frac+17 && digitAt(text, j); j++ {
		zero = zero && text[j] == '0'
	}
	if j-frac < 2 || digitAt(text, j) || whole > bound || whole == bound && !zero {
		return -1
	}
	end := j
	if at(text, j) == 0xC2 && at(text, j+1) == 0xB0 {
		j += 2
		end = j
	}
	if at(text, j) == ' ' {
		j++
	}
	if c := at(text, j); c != 0 && contains(hemispheres, c) && !isAlnum(at(text, j+1)) {
		return j + 1
	}
	return end
}
