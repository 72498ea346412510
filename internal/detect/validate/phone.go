package validate

const (
	phoneMaxDigits = 15 // ITU E.164
	phoneMaxLen    = 36 // without an extension
	phoneMaxExt    = 18
	phoneBack      = 24 // how far back a number may have begun that goes on here
)

// A phone is what a scan of a number's characters found.
type phone struct {
	d      [phoneMaxDigits + 4]byte  // digits, without an international prefix
	end    [phoneMaxDigits + 4]uint8 // end[i]: after digit i, from the start
	group  [phoneMaxDigits + 4]uint8
	n      int
	groups [10]uint8 // sizes of the groups of digits
	g      int
	intl   bool // written with + or 00 and a country code
	point  pointKind
}

// pointKind says what a full stop after the first group makes of a number.
type pointKind uint8

const (
	noPoint  pointKind = iota
	nearOnly           // a number near a keyword, else a fraction: +44.2079460958
	fraction
)

// parse is scan and what follows from it.
func (p *phone) parse(text []byte, start int) bool {
	if !p.scan(text, start) {
		return false
	}
	p.findPoint(text, start)
	return true
}

// scan reads a phone number's characters from start: an optional + or 00, digits,
// and between them single spaces, dots, hyphens, slashes and parentheses.
func (p *phone) scan(text []byte, start int) bool {
	limit := min(len(text), start+phoneMaxLen)
	i, open := p.begin(text[:limit], start)
	if !digitAt(text[:limit], i) {
		return false
	}
	seps := 0
	var last byte // the separator before
	for i < limit && p.n < len(p.d) {
		c, width := text[i], 1
		if isDigit(c) {
			if seps > 0 {
				if p.g++; p.g == len(p.groups) {
					p.g--
					break
				}
			}
			seps = 0
			p.d[p.n] = c
			p.group[p.n] = uint8(p.g)
			p.groups[p.g]++
			i++
			p.end[p.n] = uint8(i - start)
			p.n++
			continue
		}
		if c >= 0x80 {
			if c, width = sepAt(text[:limit], i); width == 0 {
				return p.n > 0
			}
		}
		switch {
		case c == '(' && !open && p.n > 0 && seps <= 1:
			open = true
		case c == ')' && open && seps == 0:
			open = false
			seps = 0
			i++
			// ") " and ")-" and ")555" all end the group.
			if i < limit && (text[i] == ' ' || text[i] == '-' || text[i] == '.') {
				i++
			}
			if !digitAt(text[:limit], i) && at(text[:limit], i) != '(' {
				return p.n > 0
			}
			seps = 1
			continue
		case (c == ' ' || c == '-' || c == '.' || c == '/') && seps == 0:
		case c == ' ' && seps == 1 && last != ' ' || c == '-' && seps == 1 && last == ' ':
			// "030 - 1234"
		case c == ' ' && seps == 2 && last == '-':
		default:
			return p.n > 0
		}
		last = c
		seps++
		i += width
	}
	return p.n > 0
}

// begin reads what a number has before its first digit: it returns where that has to be, past the
// text for what begins no number, and whether a parenthesis is open.
func (p *phone) begin(text []byte, i int) (first int, open bool) {
	switch c := text[i]; {
	case c == '+':
		p.intl = true
		i++
		if at(text, i) == '(' {
			open = true
			i++
		}
	case c == '(':
		open = true
		i++
		if at(text, i) == '+' {
			p.intl = true
			i++
		}
	case c == '0' && at(text, i+1) == '0' && digitAt(text, i+2):
		// Not "00 39": in a dump of bytes that is one after the other.
		p.intl = true
		i += 2
	case isDigit(c):
	default:
		return len(text), false
	}
	return i, open
}

// without puts the number without its first k digits, a country code or trunk prefix,
// into rest and returns that.
func (p *phone) without(k int, rest *phone) *phone {
	*rest = *p
	rest.drop(k)
	return rest
}

func (p *phone) drop(k int) {
	copy(p.d[:], p.d[k:p.n])
	copy(p.end[:], p.end[k:p.n])
	for i := range k {
		p.groups[p.group[i]]--
	}
	copy(p.group[:], p.group[k:p.n])
	p.n -= k
	// Groups that are empty now do not count.
	for p.g > 0 && p.groups[0] == 0 {
		copy(p.groups[:], p.groups[1:p.g+1])
		p.groups[p.g] = 0
		p.g--
		for i := range p.n {
			p.group[i]--
		}
	}
}

// whole says whether the first n digits are followed by the end of a group.
func (p *phone) whole(n int) bool { return n == p.n || p.group[n] != p.group[n-1] }

// extension returns the end of an extension at i, "x123", " ext. 123", or i.
func extension(text []byte, i int) int {
	if c := at(text, i); c != ' ' && c|0x20 != 'x' && c|0x20 != 'e' {
		return i
	}
	j := i
	if at(text, j) == ' ' {
		j++
	}
	k := -1
	for _, name := range [...]string{"extension", "ext.", "ext", "x"} {
		if k = foldString(text, j, name); k > 0 {
			break
		}
	}
	if k > 0 && at(text, k) == ' ' {
		k++
	}
	if k < 0 || !digitAt(text, k) {
		return i
	}
	_, end := number(text, k, 6)
	if !rightOK(text, end, true) {
		return i
	}
	return end
}

// phoneStart is leftOK for a number that may start with + or a parenthesis.
func phoneStart(text []byte, start int) bool {
	switch p := at(text, start-1); {
	case text[start] == '(':
		return areaCode(text, start) && leftOK(text, start, false)
	case p == '(':
		return !areaCode(text, start-1) // else the number starts with the parenthesis
	case p == '+', p == '/' && digitAt(text, start-2), p == '-' && isAlnum(at(text, start-2)):
		return false
	case text[start] == '+':
		return leftOK(text, start, digitAt(text, start-1))
	}
	return leftOK(text, start, true)
}

// areaCode says whether the parenthesis at i holds an area or country code and the
// rest of a number follows: a whole number in parentheses does not start with them.
func areaCode(text []byte, i int) bool {
	if i++; at(text, i) == '+' {
		i++
	}
	n := i
	for i-n < 6 && digitAt(text, i) {
		i++
	}
	if i == n || at(text, i) != ')' {
		return false
	}
	if c := at(text, i+1); c == ' ' || c == '-' || c == '.' {
		i++
	}
	return digitAt(text, i+1) || at(text, i+1) == '('
}

// A plan is a country's numbering plan.
type plan struct {
	id      string
	country string // calling code
	trunk   bool   // a 0 precedes the national number inside the country
	min     int    // digits of the national number
	max     int
	lead    string  // first digits of a number as dialled inside the country
	leads   ByteSet // the same, and the first of its code
}

// national checks the first n digits of p as a national number without trunk
// prefix; local says that it was written without a country code. It is a switch
// rather than a field because a call through a function value would move p to the
// heap.
func (pl *plan) national(p *phone, n int, local bool) bool {
	switch pl.country {
	case "1":
		return nanp(p, n, local)
	case "55":
		return brazilPhone(p, n)
	case "33":
		return francePhone(p, n)
	case "49":
		return germanyPhone(p, n, local)
	case "39":
		return italyPhone(p, n, local)
	case "34":
		return spainPhone(p, n)
	case "44":
		return ukPhone(p, n)
	}
	return false
}

var plans = []plan{
	newPlan("PHONE_NUMBER", "1", false, 7, 10, "123456789"),
	newPlan("BRAZIL_PHONE_NUMBER", "55", false, 10, 11, "0123456789"),
	newPlan("FRANCE_PHONE_NUMBER", "33", true, 9, 9, "0"),
	newPlan("GERMANY_PHONE_NUMBER", "49", true, 5, 13, "0"),
	newPlan("ITALY_PHONE_NUMBER", "39", false, 6, 11, "038"),
	newPlan("SPAIN_PHONE_NUMBER", "34", false, 9, 9, "6789"),
	newPlan("UK_PHONE_NUMBER", "44", true, 9, 10, "0"),
}

func newPlan(id, country string, trunk bool, min, max int, lead string) plan {
	return plan{id, country, trunk, min, max, lead, setOf(lead + country[:1])}
}

// any matches with or without a country code; free only with one.
func (pl *plan) any(text []byte, start int) int  { return pl.match(text, start, true) }
func (pl *plan) free(text []byte, start int) int { return pl.match(text, start, false) }

func (pl *plan) match(text []byte, start int, local bool) int {
	if start < 0 || start >= len(text) || !phoneFirst.Has(text[start]) || !pl.may(text, start, local) || !phoneStart(text, start) {
		return -1
	}
	var p phone
	if !p.parse(text, start) {
		return -1
	}
	return pl.fit(text, start, local, &p)
}

// A Phone is what the characters of a number say, read once for all plans. It starts
// empty, and is for one place.
type Phone struct {
	phone
	read, none bool
}

// Reset makes it empty.
func (p *Phone) Reset() { *p = Phone{} }

// A PhoneFunc is a [Func] that shares what it reads with those of other plans at the
// same place.
type PhoneFunc func(text []byte, start int, p *Phone) (end int)

// shared is any as a PhoneFunc.
func (pl *plan) shared(text []byte, start int, p *Phone) int {
	if p.none || start < 0 || start >= len(text) || !phoneFirst.Has(text[start]) || !pl.may(text, start, true) {
		return -1
	}
	if !p.read {
		p.read = true
		if p.none = !phoneStart(text, start) || !p.phone.parse(text, start); p.none {
			return -1
		}
	}
	return pl.fit(text, start, true, &p.phone)
}

// fit is match for a number that has been read. It leaves p as it is.
func (pl *plan) fit(text []byte, start int, local bool, p *phone) int {
	if p.point == fraction || p.point == nearOnly && !local {
		return -1
	}
	end := pl.written(text, start, local, p)
	if end < 0 && local && !p.intl {
		end = pl.coded(text, start, p)
	}
	if end < 0 || p.piece(text, start) {
		return -1
	}
	return end
}

// minCoded is the fewest digits a number has after a country code without a plus sign:
// shorter ones are anything.
const minCoded = 8

// coded matches a number that starts with its country code, but with neither a plus sign
// nor zeros before that: 44 20 7946 0958. North American ones are written's.
func (pl *plan) coded(text []byte, start int, p *phone) int {
	k := len(pl.country)
	if k == 1 || p.n < k+minCoded || string(p.d[:k]) != pl.country || p.group[k-1] != 0 {
		return -1
	}
	var rest, trunk phone
	p = p.without(k, &rest)
	if pl.trunk && p.d[0] == '0' {
		p = p.without(1, &trunk)
	}
	if p.n < minCoded {
		return -1
	}
	for n := min(p.n, pl.max); n >= max(pl.min, minCoded); n-- {
		if end := start + int(p.end[n-1]); p.whole(n) && pl.national(p, n, false) && rightOK(text, end, true) {
			return end
		}
	}
	return -1
}

// piece says whether what stands before a number that has been read shows it to be a
// piece of something longer: of a number with another country's code, of a negative one,
// of a date.
func (p *phone) piece(text []byte, start int) bool {
	if p.date(text, start) {
		return true
	}
	switch c := at(text, start-1); {
	case text[start] == '+':
		// The zone after a time of day: 08:14:16 +1245.
		return c == ' ' && digitAt(text, start-2) && digitAt(text, start-3) && at(text, start-4) == ':'
	case text[start] != '(' && (c == '-' || c == 0x92 && at(text, start-2) == 0x88 && at(text, start-3) == 0xE2): // and the minus sign
		return true
	}
	return p.tail(text, start)
}

// tail says whether a number goes on one that began before it: digits and single
// separators lead back to a plus sign, to two zeros, or, between equal separators, to a
// group that is no trunk prefix.
func (p *phone) tail(text []byte, start int) bool {
	i, before, sep := start-1, 0, at(text, start-1)
	if sep != ' ' && sep != '-' && sep != '.' && sep != '/' && sep != ')' {
		return false
	}
	first, chain := start, true
	for lo := max(0, start-phoneBack+1); i >= lo && chain; i-- {
		switch c := text[i]; {
		case isDigit(c):
			before++
			first = i
		case c == '+':
			return before > 0 && (before < minCoded || before+p.n <= phoneMaxDigits)
		case c == '(' || c == ')':
		case c == ' ' || c == '-' || c == '.' || c == '/':
			chain = digitAt(text, i-1) || at(text, i-1) == ')'
		default:
			chain = false
		}
	}
	if before == 0 {
		return false
	}
	if text[first] == '0' && at(text, first+1) == '0' && before > 2 && !isAlnum(at(text, first-1)) {
		return before < minCoded+2 || before+p.n <= phoneMaxDigits+2
	}
	return before <= 3 && text[start] != '0' && text[start] != '(' && p.g > 0 && sep == text[start+int(p.groups[0])] && before+p.n <= phoneMaxDigits
}

// date says whether the first three groups are a date: 30.11.2026, 2026-11-30.
func (p *phone) date(text []byte, start int) bool {
	if p.intl || p.g < 2 || text[start] == '(' {
		return false
	}
	a, b, c := int(p.groups[0]), int(p.groups[1]), int(p.groups[2])
	sep := text[start+a]
	if sep == ' ' || at(text, start+a+1+b) != sep || !isDigit(text[start+a+1]) {
		return false
	}
	switch {
	case a <= 2 && b <= 2 && c == 4:
		x, _ := number(text, start, a)
		y, _ := number(text, start+a+1, b)
		year, _ := number(text, start+a+b+2, c)
		return year >= 1900 && year < 2100 && (date(0, x, y) || date(0, y, x))
	case a == 4 && b == 2 && c == 2:
		year, _ := number(text, start, a)
		month, _ := number(text, start+a+1, b)
		day, _ := number(text, start+a+b+2, c)
		return year >= 1900 && year < 2100 && date(0, month, day)
	}
	return false
}

// findPoint says whether a full stop, the only separator, makes it a number with a
// fraction: 3.1415926535, but not 06.12345678, 555.1234 or, near a keyword, the form
// +44.2079460958 of the registries of domains.
func (p *phone) findPoint(text []byte, start int) {
	first := int(p.groups[0])
	if p.g == 0 || first == 0 {
		return
	}
	i := start + int(p.end[first-1])
	if text[start] == '(' || at(text, i) != '.' || !digitAt(text, i+1) {
		return
	}
	switch {
	case p.intl:
		if p.g == 1 {
			p.point = nearOnly
		}
	case first == 1 && text[start] == '0':
		p.point = fraction
	case p.g == 1 && text[start] != '0' && !(first == 3 && p.groups[1] == 4):
		p.point = fraction
	}
}

// written matches a number as its plan has it, with a plus sign and country code or
// without both.
func (pl *plan) written(text []byte, start int, local bool, p *phone) int {
	var rest phone
	if pl.country != "1" && !p.intl && p.g == 2 && p.groups[0] == 3 && p.groups[1] == 3 && p.groups[2] == 4 &&
		(text[start] == '(' || at(text, start+3) == '-' || at(text, start+3) == '.') {
		return -1 // 321-654-0987 is written the American way
	}
	if !p.intl && p.n == 9 && p.g == 1 && p.groups[0] == 5 && text[start+5] == '-' {
		return -1 // an American postcode, 02110-1301
	}
	if p.intl {
		k := len(pl.country)
		if text[start] == '+' && p.g == 1 && (p.groups[0] == 4 && p.groups[1] == 5 || p.groups[0] == 6 && p.groups[1] == 7) {
			return -1 // a place in ISO 6709, +4953-09709
		}
		if p.n < k || string(p.d[:k]) != pl.country || p.group[k-1] != 0 {
			return -1
		}
		p = p.without(k, &rest)
		// +44 (0)20 7946 0958
		if pl.trunk && p.n > 0 && p.d[0] == '0' {
			p = p.without(1, &rest)
		}
		local = false
	} else if pl.country == "1" && p.n >= 11 && p.d[0] == '1' {
		// 1-NXX-NXX-XXXX has its country code; without punctuation or with spaces
		// alone it needs a keyword, as four numbers in a row look the same.
		if !local && (p.groups[0] != 1 || p.g != 3 || at(text, start+1) == ' ' && at(text, start+2) != '(') {
			return -1
		}
		p = p.without(1, &rest)
	} else if !local {
		return -1
	} else if pl.trunk {
		if p.d[0] != '0' {
			return -1
		}
		p = p.without(1, &rest)
	} else if pl.country == "1" && p.n < 10 && (text[start] == '(' || pieceOfPhone(text, start)) {
		return -1
	}
	if !p.intl && p.pairs() && pl.country != "33" {
		return -1 // 01 23 45 67 89 is written the French way
	}
	if pl.country == "55" && p.n > 0 && p.d[0] == '0' {
		p = p.without(1, &rest) // (011) is an area code with its trunk prefix
	}
	for n := min(p.n, pl.max); n >= pl.min; n-- {
		if !p.whole(n) || !pl.national(p, n, local) {
			continue
		}
		end := start + int(p.end[n-1])
		if pl.country == "1" {
			end = extension(text, end)
		}
		if rightOK(text, end, true) {
			return end
		}
	}
	return -1
}

// may refuses most numbers of other countries by their first digits, before they are
// read in full.
func (pl *plan) may(text []byte, start int, local bool) bool {
	i := start
	if text[i] == '(' {
		i++
	}
	switch c := at(text, i); {
	case c == '+':
		if i++; at(text, i) == '(' {
			i++
		}
	case c == '0' && at(text, i+1) == '0':
		i += 2
	case c == '1' && pl.country == "1":
	default:
		if !local || !pl.leads.Has(c) {
			return false
		}
		if contains(pl.lead, c) {
			return true
		}
	}
	return i+len(pl.country) <= len(text) && string(text[i:i+len(pl.country)]) == pl.country
}

// pieceOfPhone says whether what stands before start makes the digits there the end
// of a longer number: "(911) 418-2439".
func pieceOfPhone(text []byte, start int) bool {
	i := start - 1
	if c := at(text, i); c == ' ' || c == '-' || c == '.' {
		i--
	}
	return at(text, i) == ')' || digitAt(text, i)
}

var phoneFirst = setOf("+(0123456789")

// shape says whether the groups of the first n digits have these sizes, or there
// is one group only.
func (p *phone) shape(n int, shapes ...string) bool {
	last := int(p.group[n-1])
	if last == 0 {
		return true
	}
	for _, s := range shapes {
		if len(s) != last+1 {
			continue
		}
		same := true
		for i := range len(s) {
			same = same && p.groups[i] == s[i]-'0'
		}
		if same {
			return true
		}
	}
	return false
}

// pairs says whether the number is five pairs of digits, the first perhaps without
// its 0.
func (p *phone) pairs() bool {
	if p.g != 4 || p.groups[0] > 2 {
		return false
	}
	for _, n := range p.groups[1:5] {
		if n != 2 {
			return false
		}
	}
	return true
}

// nanp is the North American plan: area code and exchange start with 2 to 9 and do
// not end in 11. Seven digits are a local number, which must have its separator.
func nanp(p *phone, n int, local bool) bool {
	d := p.d[:n]
	if n == 7 {
		return local && p.shape(n, "34") && p.group[6] == 1 && d[0] >= '2' && !(d[1] == '1' && d[2] == '1')
	}
	if n != 10 || d[0] < '2' || d[1] == '1' && d[2] == '1' ||
		d[3] < '2' || d[4] == '1' && d[5] == '1' {
		return false
	}
	return p.shape(n, "334", "37", "64")
}

// brazilAreas are the area codes (DDD) in use.
var brazilAreas = func() (t [100]bool) {
	for _, r := range [...][2]int{{11, 19}, {21, 22}, {24, 24}, {27, 28}, {31, 35}, {37, 38}, {41, 49}, {51, 51}, {53, 55},
		{61, 69}, {71, 71}, {73, 75}, {77, 77}, {79, 79}, {81, 89}, {91, 99}} {
		for a := r[0]; a <= r[1]; a++ {
			t[a] = true
		}
	}
	return t
}()

func brazilPhone(p *phone, n int) bool {
	area := int(p.d[0]-'0')*10 + int(p.d[1]-'0')
	if !brazilAreas[area] || !p.shape(n, "28", "29", "244", "254", "2144", "2333", "64", "74") {
		return false
	}
	if n == 11 {
		return p.d[2] == '9'
	}
	return p.d[2] >= '2' // mobile numbers had eight digits from 6 on until 2016
}

// francePhone: one digit for the region or kind, then four pairs.
func francePhone(p *phone, n int) bool {
	return p.d[0] != '0' && p.shape(n, "12222", "333", "18", "3222")
}

// germanyPhone: mobile numbers start with 15, 16, 17; area codes with 2 to 9.
// Numbers without country code of fewer than seven digits are left alone.
func germanyPhone(p *phone, n int, local bool) bool {
	d := p.d[:n]
	if d[0] == '0' || local && n < 6 || p.group[n-1] == 0 && n < 7 {
		return false
	}
	if d[0] == '1' {
		return n >= 10 && n <= 11 && d[1] >= '5' && d[1] <= '7' || n >= 9 && d[1] == '8' || n >= 9 && d[1] == '3'
	}
	return p.tidy(n)
}

// tidy says whether groups after the first have two digits or more: otherwise
// they are a list of numbers.
func (p *phone) tidy(n int) bool {
	last := int(p.group[n-1])
	if last > 5 {
		return false
	}
	for i := 1; i <= last; i++ {
		if p.groups[i] < 2 && i < last {
			return false
		}
	}
	return true
}

// italyPhone: fixed lines keep their 0, mobiles start with 3; 8 is for services.
func italyPhone(p *phone, n int, local bool) bool {
	d := p.d[:n]
	switch d[0] {
	case '0':
		return d[1] != '0' && p.tidy(n) && (!local || n >= 8 && n <= 10)
	case '3':
		return (n == 9 && d[1] >= '2' || n == 10 && d[1] >= '1') && p.tidy(n)
	case '8':
		return d[1] == '0' && (n == 9 || n == 8) && p.tidy(n)
	}
	return false
}

func spainPhone(p *phone, n int) bool {
	return p.d[0] >= '6' && p.d[0] <= '9' && p.shape(n, "333", "3222", "2322", "2223", "36", "22222", "27")
}

// ukPhone: 1, 2 geographic, 3 and 8 services, 5 corporate, 7 mobile, 9 premium.
func ukPhone(p *phone, n int) bool {
	d := p.d[:n]
	switch d[0] {
	case '1', '8':
		return p.tidy(n)
	case '2', '3', '5', '7', '9':
		return n == 10 && p.tidy(n)
	}
	return false
}

func phoneSpecs() []Spec {
	var specs []Spec
	for i := range plans {
		pl := &plans[i]
		s := Spec{
			ID: pl.id, Func: pl.any, Phone: pl.shared, Free: pl.free, MinLen: pl.min, MaxLen: phoneMaxLen + phoneMaxExt,
			First: phoneFirst, FreeFirst: setOf("+(0"),
			DigitRuns: runs(1, phoneMaxDigits+2), Family: "phone", National: pl.lead,
		}
		if pl.country == "1" {
			s.FreeFirst = setOf("+(01")
		} else {
			s.Code = pl.country
		}
		specs = append(specs, s)
	}
	return specs
}
