package validate

// Years a person alive or on record can be born in. The package has no clock, so
// the upper bound is generous.
const (
	birthYearMin = 1880
	birthYearMax = 2039
)

// months are the names of the months in the languages of the supported countries,
// lower case, with the abbreviations in use. Longer names come first where one
// starts another.
var months = []struct {
	name  string
	month int
}{
	{"january", 1}, {"janvier", 1}, {"januar", 1}, {"janeiro", 1}, {"jan", 1}, {"enero", 1}, {"ene", 1}, {"gennaio", 1}, {"gen", 1},
	{"february", 2}, {"février", 2}, {"fevrier", 2}, {"februar", 2}, {"fevereiro", 2}, {"febrero", 2}, {"febbraio", 2}, {"feb", 2}, {"fev", 2},
	{"march", 3}, {"mars", 3}, {"märz", 3}, {"maerz", 3}, {"março", 3}, {"marco", 3}, {"marzo", 3}, {"mar", 3}, {"mrz", 3},
	{"april", 4}, {"aprile", 4}, {"avril", 4}, {"abril", 4}, {"apr", 4}, {"avr", 4}, {"abr", 4},
	{"may", 5}, {"maggio", 5}, {"mayo", 5}, {"maio", 5}, {"mai", 5}, {"mag", 5},
	{"june", 6}, {"juin", 6}, {"juni", 6}, {"junio", 6}, {"junho", 6}, {"giugno", 6}, {"jun", 6}, {"giu", 6},
	{"july", 7}, {"juillet", 7}, {"juli", 7}, {"julio", 7}, {"julho", 7}, {"luglio", 7}, {"jul", 7}, {"lug", 7},
	{"august", 8}, {"août", 8}, {"aout", 8}, {"agosto", 8}, {"aug", 8}, {"ago", 8},
	{"september", 9}, {"septembre", 9}, {"septiembre", 9}, {"setiembre", 9}, {"setembro", 9}, {"settembre", 9}, {"sept", 9}, {"sep", 9}, {"set", 9},
	{"october", 10}, {"octobre", 10}, {"oktober", 10}, {"octubre", 10}, {"outubro", 10}, {"ottobre", 10}, {"oct", 10}, {"okt", 10}, {"out", 10}, {"ott", 10},
	{"november", 11}, {"novembre", 11}, {"noviembre", 11}, {"novembro", 11}, {"nov", 11},
	{"december", 12}, {"décembre", 12}, {"decembre", 12}, {"dezember", 12}, {"diciembre", 12}, {"dezembro", 12}, {"dicembre", 12}, {"dec", 12}, {"dez", 12}, {"dic", 12}, {"déc", 12},
}

// monthFirst are the bytes a month's name starts with.
var monthFirst = func() (s ByteSet) {
	for _, m := range months {
		s.add(m.name[0])
		s.add(upper(m.name[0]))
	}
	return s
}()

// monthName returns the month named at i and the end of the longest name there,
// with the full stop of an abbreviation, or 0.
func monthName(text []byte, i int) (month, end int) {
	if !monthFirst.Has(at(text, i)) {
		return 0, -1
	}
	for k := range months {
		if e := foldString(text, i, months[k].name); e > end && !isLetter(at(text, e)) && (at(text, e) < 0xC3 || at(text, e) > 0xDF) {
			month, end = months[k].month, e
		}
	}
	if month != 0 && end-i <= 5 && at(text, end) == '.' {
		end++
	}
	return month, end
}

// number reads up to limit digits at i.
func number(text []byte, i, limit int) (n, end int) {
	for end = i; end < i+limit && digitAt(text, end); end++ {
		n = n*10 + int(text[end]-'0')
	}
	return n, end
}

// dateMaxLen fits "Wednesday"-less dates such as "21st of Septiembre, 1980".
const dateMaxLen = 40

// BirthDate matches a date that someone can be born on: numbers with a slash,
// hyphen, dot or space between them in any of the three usual orders, eight digits
// in a row, or with the month's name.
func BirthDate(text []byte, start int) int {
	if start < 0 || start+6 > len(text) || !leftOK(text, start, isDigit(text[start])) {
		return -1
	}
	if at(text, start-1) == '/' && digitAt(text, start-2) {
		return -1
	}
	end := -1
	if isDigit(text[start]) {
		// After the first number there is a number or a name.
		if end = numericDate(text, start); end < 0 {
			end = dayMonthName(text, start)
		}
	} else {
		end = monthNameFirst(text, start)
	}
	if end < 0 || end-start > dateMaxLen || !dateEnd(text, end) {
		return -1
	}
	return end
}

// dateEnd is rightOK, but a time may follow after a T.
func dateEnd(text []byte, end int) bool {
	if c := at(text, end); c == 'T' && digitAt(text, end+1) {
		return true
	} else if c == '/' && digitAt(text, end+1) {
		return false
	}
	return rightOK(text, end, true)
}

// birthYear completes a year: two digits mean either century.
func birthYear(n, digits int) (year int, ok bool) {
	switch digits {
	case 4:
		return n, n >= birthYearMin && n <= birthYearMax
	case 2:
		return 0, true
	}
	return 0, false
}

// numericDate is a date of three numbers, or of eight digits.
func numericDate(text []byte, start int) int {
	a, i := number(text, start, 9)
	switch i - start {
	case 8:
		y, m, d := a/10000, a/100%100, a%100
		if y >= birthYearMin && y <= birthYearMax && date(y, m, d) {
			return i
		}
		y, m, d = a%10000, a/100%100, a/10000
		if y >= birthYearMin && y <= birthYearMax && (date(y, m, d) || date(y, a/1000000, a/10000%100)) {
			return i
		}
		return -1
	case 1, 2, 4:
	default:
		return -1
	}
	sep, width := dateSign(text, i)
	if width == 0 {
		return -1
	}
	b, j := number(text, i+width, 3)
	if n := j - i - width; n < 1 || n > 2 {
		return -1
	}
	if again, w := dateSign(text, j); w != width || again != sep {
		return -1
	}
	c, k := number(text, j+width, 5)
	n := k - j - width
	if i-start == 4 { // year first
		y, ok := birthYear(a, 4)
		if !ok || n < 1 || n > 2 || !date(y, b, c) {
			return -1
		}
		return k
	}
	y, ok := birthYear(c, n)
	if ok && (date(y, b, a) || date(y, a, b)) {
		return k
	}
	if n == 2 && i-start == 2 && sep != ' ' && date(0, b, c) { // YY-MM-DD
		return k
	}
	return -1
}

// dateSign is what stands between the numbers of a date, and its width.
func dateSign(text []byte, i int) (sep byte, width int) {
	switch c := at(text, i); {
	case c == '-' || c == '/' || c == '.' || c == ' ':
		return c, 1
	case c < 0x80:
		return 0, 0
	}
	return sepAt(text, i)
}

// dayMonthName is "21 March 1980", "21st of March, 1980", "21-Mar-80", "1980
// March 21".
func dayMonthName(text []byte, start int) int {
	a, i := number(text, start, 5)
	n := i - start
	if n == 4 {
		y, ok := birthYear(a, 4)
		m, j := monthName(text, dateSep(text, i))
		if !ok || m == 0 {
			return -1
		}
		d, k := number(text, dateSep(text, j), 3)
		if !date(y, m, d) {
			return -1
		}
		return k
	}
	if n > 2 {
		return -1
	}
	i = ordinal(text, i)
	i = dateSep(text, i)
	i = skipOf(text, i)
	m, j := monthName(text, i)
	if m == 0 {
		return -1
	}
	j = skipOf(text, dateSep(text, j))
	y, k := number(text, j, 5)
	year, ok := birthYear(y, k-j)
	if !ok || !date(year, m, a) {
		return -1
	}
	return k
}

// skipOf skips the little word in "21st of March", "21 de marzo del 1980".
func skipOf(text []byte, i int) int {
	for _, of := range [...]string{"of ", "de ", "del ", "di "} {
		if e := foldString(text, i, of); e > 0 {
			return e
		}
	}
	return i
}

// monthNameFirst is "March 21, 1980", "Mar-21-80".
func monthNameFirst(text []byte, start int) int {
	m, i := monthName(text, start)
	if m == 0 || at(text, i) == ',' {
		return -1
	}
	i = dateSep(text, i)
	d, j := number(text, i, 3)
	if j-i < 1 || j-i > 2 {
		return -1
	}
	j = ordinal(text, j)
	j = dateSep(text, j)
	y, k := number(text, j, 5)
	year, ok := birthYear(y, k-j)
	if !ok || !date(year, m, d) {
		return -1
	}
	return k
}

// ordinal skips st, nd, rd, th, er, the ordinal sign or full stop.
func ordinal(text []byte, i int) int {
	for _, s := range [...]string{"st", "nd", "rd", "th", "er", "º", "."} {
		if e := foldString(text, i, s); e > 0 && !isLetter(at(text, e)) {
			return e
		}
	}
	return i
}

// dateSep skips what stands between the parts of a date with a name in it.
func dateSep(text []byte, i int) int {
	for n := range 2 {
		c, width := sepAt(text, i)
		if width == 0 {
			c, width = at(text, i), 1
		}
		if c != ' ' && (n > 0 || c != '-' && c != '/' && c != ',') {
			break
		}
		i += width
	}
	return i
}

// CardExpiration matches the month and year a card is valid to, in the shapes
// Macie documents: 02/26, 02/2026, 02-26, 2026-02, Feb 2026, 26-Feb, and a month
// or year alone right after a name such as expM= or expY=.
func CardExpiration(text []byte, start int) int {
	if start < 0 || start >= len(text) || !leftOK(text, start, isDigit(text[start])) {
		return -1
	}
	if at(text, start-1) == '/' && digitAt(text, start-2) {
		return -1
	}
	end := -1
	if isDigit(text[start]) {
		end = expirationDigits(text, start)
	} else if m, i := monthName(text, start); m > 0 {
		j := dateSep(text, i)
		if y, k := number(text, j, 5); j > i && expirationYear(y, k-j) {
			end = k
		}
	}
	if end < 0 || !rightOK(text, end, true) || at(text, end) == '/' && digitAt(text, end+1) {
		return -1
	}
	return end
}

// expirationYear accepts two digits, or four of this century.
func expirationYear(n, digits int) bool {
	return digits == 2 || digits == 4 && n >= 2000 && n < 2100
}

func expirationDigits(text []byte, start int) int {
	a, i := number(text, start, 5)
	n := i - start
	if n == 0 || n == 3 || n > 4 {
		return -1
	}
	sep, width := at(text, i), 1
	if sep != '/' && sep != '%' {
		sep, width = sepAt(text, i)
	}
	j := i + width
	if sep == ' ' && (at(text, j) == '/' || at(text, j) == '-') && at(text, j+1) == ' ' { // 02 / 26
		sep = text[j]
		j += 2
	}
	if sep == '/' || sep == '-' {
		b, k := number(text, j, 5)
		if n <= 2 && a >= 1 && a <= 12 && expirationYear(b, k-j) {
			return k
		}
		if n == 4 && expirationYear(a, n) && k-j == 2 && b >= 1 && b <= 12 {
			return k
		}
	}
	if sep == '/' || sep == '-' || sep == ' ' { // 26-Feb, 2026 February
		if m, k := monthName(text, i+width); m > 0 && expirationYear(a, n) {
			if text[k-1] == '.' {
				k--
			}
			return k
		}
	}
	switch expirationPart(text, start) {
	case 'm':
		if n <= 2 && a >= 1 && a <= 12 {
			return i
		}
	case 'y':
		if expirationYear(a, n) {
			return i
		}
	}
	return -1
}

// expirationPart looks back for the name right before a lone number and returns
// m for a month (expM, exp_month, expiry month), y for a year, or 0.
func expirationPart(text []byte, start int) byte {
	i := start - 1
	for n := 0; n < 4 && i >= 0 && contains("=: \"'>", text[i]); n++ {
		i--
	}
	end := i + 1
	for i >= 0 && end-i < 6 && isLetter(text[i]) {
		i--
	}
	word := text[i+1 : end]
	part := byte(0)
	for _, w := range [...]string{"month", "mon", "mo", "mm", "m", "year", "yr", "yyyy", "yy", "y"} {
		n := len(word) - len(w)
		if n < 0 || foldString(word, n, w) < 0 {
			continue
		}
		part = w[0]
		i = end - len(w) - 1
		break
	}
	if part == 0 {
		return 0
	}
	if i >= 0 && contains("_- ", text[i]) {
		i--
	}
	for _, w := range [...]string{"expiration", "expiry", "expires", "exp"} {
		if n := i + 1 - len(w); n >= 0 && i+1 > 0 && foldString(text[:i+1], n, w) > 0 {
			return part
		}
	}
	return 0
}
