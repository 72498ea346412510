package validate

import "slices"

// A cardRange is a range of issuer prefixes and the lengths its cards have.
type cardRange struct {
	from, to uint32 // of the first six digits
	lengths  uint32 // bit n: n digits
}

// digitsOf is the set of lengths from lo to hi.
func digitsOf(lo, hi int) (bits uint32) {
	for n := lo; n <= hi; n++ {
		bits |= 1 << n
	}
	return bits
}

// cardRanges are the issuers Macie documents, by ISO/IEC 7812 prefix. A Visa
// Electron or a Visa-branded Dankort is a Visa by prefix.
var cardRanges = []cardRange{
	{180000, 180099, digitsOf(15, 15)},                                       // JCB
	{213100, 213199, digitsOf(15, 15)},                                       // JCB
	{222100, 272099, digitsOf(16, 16)},                                       // Mastercard
	{300000, 305999, digitsOf(14, 19)},                                       // Diners Club
	{309500, 309599, digitsOf(14, 19)},                                       // Diners Club
	{340000, 349999, digitsOf(15, 15)},                                       // American Express
	{352800, 358999, digitsOf(16, 19)},                                       // JCB
	{360000, 369999, digitsOf(14, 19)},                                       // Diners Club
	{370000, 379999, digitsOf(15, 15)},                                       // American Express
	{380000, 399999, digitsOf(14, 19)},                                       // Diners Club
	{400000, 499999, digitsOf(13, 13) | digitsOf(16, 16) | digitsOf(19, 19)}, // Visa
	{501900, 501999, digitsOf(16, 16)},                                       // Dankort
	{510000, 559999, digitsOf(16, 16)},                                       // Mastercard
	{601100, 601199, digitsOf(16, 19)},                                       // Discover
	{620000, 629999, digitsOf(16, 19)},                                       // UnionPay, Discover
	{644000, 659999, digitsOf(16, 19)},                                       // Discover
	{810000, 819999, digitsOf(16, 19)},                                       // UnionPay
}

// cardsNotReported are the issuers' published test numbers, which Macie documents
// as not reported.
var cardsNotReported = [...]uint64{
	122000000000003, 2222405343248877, 2222990905257051, 2223007648726984, 2223577120017656,
	30569309025904, 34343434343434, 3528000700000000, 3530111333300000, 3566002020360505,
	36148900647913, 36700102000000, 371449635398431, 378282246310005, 378734493671000,
	38520000023237, 4012888888881881, 4111111111111111, 4222222222222, 4444333322221111,
	4462030000000000, 4484070000000000, 4911830000000, 4917300800000000, 4917610000000000,
	4917610000000000003, 5019717010103742, 5105105105105100, 5111010030175156, 5185540810000019,
	5200828282828210, 5204230080000017, 5204740009900014, 5420923878724339, 5454545454545454,
	5455330760000018, 5506900490000436, 5506900490000444, 5506900510000234, 5506920809243667,
	5506922400634930, 5506927427317625, 5553042241984105, 5555553753048194, 5555555555554444,
	5610591081018250, 6011000990139424, 6011000400000000, 6011111111111117, 630490017740292441,
	630495060000000000, 6331101999990016, 6759649826438453, 6799990100000000019, 76009244561,
}

// cardsNotReportedBits has a bit for the hash of each of them: hardly any other number
// is compared with the list.
var cardsNotReportedBits = func() (bits [16]uint64) {
	for _, n := range cardsNotReported {
		h := cardHash(n)
		bits[h>>6] |= 1 << (h & 63)
	}
	return bits
}()

// cardHash maps a number to ten bits.
func cardHash(n uint64) uint64 { return n * 0x9E3779B97F4A7C15 >> 54 }

// cardRangeFrom has, by the first two digits, the first range that may hold a number.
var cardRangeFrom = func() (from [100]uint8) {
	for two := range from {
		for from[two] < uint8(len(cardRanges)) && int(cardRanges[from[two]].to/10_000) < two {
			from[two]++
		}
	}
	return from
}()

// cardNumber says whether the digits are a card number that is reported.
func cardNumber(d []byte) bool {
	if len(d) < 13 || len(d) > 19 || !luhn(d) {
		return false
	}
	first, ok := eightDigits(d)
	if !ok {
		return false
	}
	for _, r := range cardRanges[cardRangeFrom[first/1_000_000]:] {
		if prefix := uint32(first / 100); prefix < r.from {
			return false
		} else if prefix <= r.to {
			return r.lengths>>len(d)&1 != 0 && cardReported(first, d[8:])
		}
	}
	return false
}

// cardReported says whether a number is no published test number. Its first eight digits
// are known already.
func cardReported(n uint64, rest []byte) bool {
	if len(rest) >= 8 {
		next, _ := eightDigits(rest)
		n, rest = n*100_000_000+next, rest[8:]
	}
	for _, c := range rest {
		n = n*10 + uint64(c-'0')
	}
	if h := cardHash(n); cardsNotReportedBits[h>>6]>>(h&63)&1 == 0 {
		return true
	}
	return !slices.Contains(cardsNotReported[:], n)
}

// CardTest says whether the digits of a text are a published test number.
func CardTest(text []byte) bool {
	var n uint64
	digits := 0
	for _, c := range text {
		if isDigit(c) {
			n = n*10 + uint64(c-'0')
			digits++
		}
	}
	return digits <= 19 && slices.Contains(cardsNotReported[:], n)
}

const cardMaxLen = 19 + 4*maxSep

// cardLooks is Card for any digits that are written as a card's are.
func cardLooks(text []byte, start int) int {
	if start < 0 || start >= len(text) || text[start] < '1' || text[start] > '8' || !leftOK(text, start, true) {
		return -1
	}
	var groups [6]uint8
	var sep byte
	best, n, g := -1, 0, 0
	for i := start; i < len(text) && n < 20; {
		if isDigit(text[i]) {
			n++
			groups[g]++
			i++
			if !digitAt(text, i) && n >= 13 && n <= 19 && cardGroups(groups[:g+1]) && rightOK(text, i, true) {
				best = i
			}
			continue
		}
		k, width := cardSep(text, i)
		if width == 0 || sep != 0 && k != sep || g == 4 || !digitAt(text, i+width) {
			break
		}
		sep = k
		g++
		i += width
	}
	return best
}

// Card matches a payment card number: solid, or in groups of 4-4-4-4(-3), 4-6-5,
// 4-6-4, 4-3-3-3 or 6-13 with the same separator between them.
func Card(text []byte, start int) int {
	if start < 0 || start+13 > len(text) {
		return -1
	}
	if c := text[start]; c < '1' || c > '8' || !leftOK(text, start, true) {
		return -1
	}
	// Most are solid, or no card at all.
	solid := start + 1
	for limit := min(len(text), start+20); solid < limit && isDigit(text[solid]); {
		solid++
	}
	if _, width := cardSep(text, solid); width == 0 || !digitAt(text, solid+width) {
		if !cardNumber(text[start:solid]) || !rightOK(text, solid, true) {
			return -1
		}
		return solid
	}
	var d [20]byte
	var groups [6]uint8
	var ends [6]int
	var sep byte
	n, g, i := 0, 0, start
	for i < len(text) && n < len(d) {
		c := text[i]
		if isDigit(c) {
			d[n] = c
			n++
			groups[g]++
			i++
			ends[g] = i
			continue
		}
		// A separator counts when a digit follows and there is room for a group.
		k, width := cardSep(text, i)
		if width == 0 || sep != 0 && k != sep || g == 4 || !digitAt(text, i+width) {
			break
		}
		sep = k
		g++
		i += width
	}
	return groupedCard(text, d[:n], groups[:g+1], ends[:g+1])
}

// cardSep is sepAt, and has what people put between the groups of a number that a keyword
// calls a card's: a full stop, a slash, two spaces, a hyphen between spaces.
func cardSep(text []byte, i int) (sep byte, n int) {
	switch sep, n = sepAt(text, i); {
	case sep == ' ' && at(text, i+1) == ' ':
		return '2', 2
	case sep == ' ' && at(text, i+1) == '-' && at(text, i+2) == ' ':
		return '3', 3
	case n > 0:
		return sep, n
	}
	if c := at(text, i); c == '.' || c == '/' {
		return c, 1
	}
	return 0, 0
}

// CardAlone is Card for a number that no keyword supports. Numbers with a Luhn digit are
// common: one in ten has it. So it has to be written as cards are, in groups or as 14 to
// 16 digits on their own, and not in the company of what shows it to be something else: a
// negative number or a fraction, a name, a path, one number out of a row of long ones, or
// hexadecimal.
func CardAlone(text []byte, start int) int {
	switch c := at(text, start-1); c {
	case '-', '/', '.', '#', '\\', '@':
		return -1
	}
	end := Card(text, start)
	if end < 0 {
		return -1
	}
	for i := start; i < end; i++ {
		if !isDigit(text[i]) {
			sep, n := sepAt(text, i)
			if k, _ := cardSep(text, i); n == 0 || k != sep {
				return -1 // written so, it needs a keyword
			}
			break
		}
	}
	if n := end - start; n == 13 || n >= 17 && n <= 19 && allDigits(text, start, n) {
		return -1
	}
	switch c, next := at(text, end), at(text, end+1); {
	case (c == '/' || c == '-' || c == ':' || c == '\\' && !escapeAt(text, end)) && isLetter(next):
		return -1 // a segment of a path, a piece of a name
	case c == '.' && next-'a' < 26 && fileExtension(text, end+1):
		return -1
	}
	if longNumber(text, start-1, -1) || longNumber(text, end, 1) {
		return -1
	}
	if sep, _ := sepAt(text, start+4); sep == ' ' {
		if at(text, start-1) == ' ' && digitAt(text, start-2) || insideIBAN(text, start) ||
			at(text, end) == ' ' && digitAt(text, end+1) && digitAt(text, end+2) && digitAt(text, end+3) {
			return -1
		}
	}
	if hexGroup(text, start-1, -1) || hexGroup(text, end, 1) {
		return -1
	}
	return end
}

// fileExtension says whether the letters at i are those after the dot of a file's name.
func fileExtension(text []byte, i int) bool {
	n := 0
	for n < 6 && at(text, i+n)-'a' < 26 {
		n++
	}
	return n >= 2 && n < 6 && class[at(text, i+n)]&clsWord == 0
}

// longNumber says whether the next number from i on, in steps of by, is one of twelve
// digits or more that is no card: then both are of a row of numbers. Between them stands
// what stands between the numbers of a list.
func longNumber(text []byte, i, by int) bool {
	n := i
	for (i-n)*by < 3 && contains(" ,;\t\r\n|", at(text, i)) && at(text, i) != 0 {
		i += by
	}
	if i == n {
		return false
	}
	first := i
	for (i-first)*by < 20 && digitAt(text, i) {
		i += by
	}
	count := (i - first) * by
	if count < 12 || class[at(text, i)]&clsWord != 0 {
		return false
	}
	lo, hi := min(first, i-by), max(first, i-by)+1
	return count > 19 || count < 14 || count > 16 || !luhn(text[lo:hi])
}

// hexGroup says whether the next group of two, four, eight or twelve characters from i
// on, in steps of by, is hexadecimal and has digits and letters, as in a dump of bytes or
// a UUID; a space, a hyphen or a colon stands before it.
func hexGroup(text []byte, i, by int) bool {
	if c := at(text, i); c != ' ' && c != '-' && c != ':' {
		return false
	}
	digits, letters := 0, 0
	for i += by; digits+letters <= 12; i += by {
		c := at(text, i)
		if isDigit(c) {
			digits++
		} else if c |= 0x20; c >= 'a' && c <= 'f' {
			letters++
		} else {
			break
		}
	}
	n := digits + letters
	return digits > 0 && letters > 0 && (n == 2 || n == 4 || n == 8 || n == 12) && class[at(text, i)]&clsWord == 0
}

// insideIBAN says whether the group before start and the one before that begin an
// IBAN: "GB95 GESN 3026 2180 …". One that is valid is reported as such.
func insideIBAN(text []byte, start int) bool {
	i := start - len("GB95 GESN ")
	if i < 0 || !allDigits(text, i+2, 2) || text[i+4] != ' ' || alnums(text, i+5, 4) <= 0 || text[i+9] != ' ' {
		return false
	}
	if text[i+1] == ' ' && i > 0 { // GB 95 GESN
		i--
	}
	return isLetter(text[i]) && isLetter(text[i+1])
}

// groupedCard finds the number in the leading groups; what follows the last of
// them may be something else, such as an expiry date after a space.
func groupedCard(text []byte, d []byte, groups []uint8, ends []int) int {
	best := -1
	n := 0
	for k, size := range groups {
		n += int(size)
		end := ends[k]
		if n < 13 || n > 19 || !cardGroups(groups[:k+1]) {
			continue
		}
		if cardNumber(d[:n]) && rightOK(text, end, true) {
			best = end
		}
	}
	return best
}

// cardGroups says whether digits are grouped the way cards are printed.
func cardGroups(g []uint8) bool {
	switch len(g) {
	case 1:
		return true
	case 2:
		return g[0] == 6 && g[1] >= 10
	case 3:
		return g[0] == 4 && g[1] == 6 && (g[2] == 4 || g[2] == 5)
	case 4:
		return g[0] == 4 && (g[1] == 4 && g[2] == 4 && g[3] <= 4 || g[1] == 3 && g[2] == 3 && g[3] == 3)
	case 5:
		return g[0] == 4 && g[1] == 4 && g[2] == 4 && g[3] == 4 && g[4] <= 3
	}
	return false
}

const stripeMaxLen = 107

// MagneticStripe matches track 1 (%B) or track 2 (;) of ISO/IEC 7813, with the
// start and end sentinels and a Luhn-valid account number.
func MagneticStripe(text []byte, start int) int {
	if start < 0 || start+17 > len(text) {
		return -1
	}
	i, track1 := start+1, false
	switch text[start] {
	case '%':
		if text[i] != 'B' && text[i] != 'b' {
			return -1
		}
		track1 = true
		i++
	case ';':
	default:
		return -1
	}
	fieldSep := byte('=')
	if track1 {
		fieldSep = '^'
	}
	pan := i
	var d [19]byte
	n := 0
	for ; i < len(text) && n < len(d) && (isDigit(text[i]) || track1 && text[i] == ' ' && i-pan < 23); i++ {
		if text[i] != ' ' {
			d[n] = text[i]
			n++
		}
	}
	if n < 12 || at(text, i) != fieldSep || !luhn(d[:n]) {
		return -1
	}
	i++
	if track1 {
		name := i
		for i < len(text) && i-name <= 26 && text[i] >= ' ' && text[i] < 0x7f && text[i] != '^' && text[i] != '?' {
			i++
		}
		if i-name < 2 || i-name > 26 || at(text, i) != '^' {
			return -1
		}
		i++
	}
	// Expiry and service code; a separator stands for one that is absent.
	if at(text, i) == fieldSep {
		i++
	} else {
		if !allDigits(text, i, 4) {
			return -1
		}
		if m := int(text[i+2]-'0')*10 + int(text[i+3]-'0'); m < 1 || m > 12 {
			return -1
		}
		i += 4
	}
	if at(text, i) == fieldSep {
		i++
	} else {
		if !allDigits(text, i, 3) {
			return -1
		}
		i += 3
	}
	for ; i < len(text) && i-start < stripeMaxLen; i++ {
		c := text[i]
		if c == '?' {
			return i + 1
		}
		if !isDigit(c) && (!track1 || c < ' ' || c >= 0x7f || c == '%' || c == ';') {
			return -1
		}
	}
	return -1
}

var securityCode = patterns(nil, "9{3,4}")

// SecurityCode matches three digits, or the four of American Express, that are no
// part of a date, time or percentage and no year a card may expire in.
func SecurityCode(text []byte, start int) int {
	end := securityCode.match(text, start)
	if end < 0 {
		return -1
	}
	if c := at(text, start-1); (c == '/' || c == ':') && digitAt(text, start-2) {
		return -1
	}
	if c := at(text, end); c == '%' || (c == '/' || c == ':') && digitAt(text, end+1) {
		return -1
	}
	if year, _ := number(text, start, 4); end-start == 4 && year >= 2015 && year < 2046 {
		return -1
	}
	return end
}

func cardSpecs() []Spec {
	card := Spec{
		ID: "CREDIT_CARD_NUMBER", Func: Card, Format: cardLooks, MinLen: 13, MaxLen: cardMaxLen,
		First: setOf("1234568"), DigitRuns: runs(4, 4) | runs(6, 6) | runs(13, 19), Family: "card", Checked: true,
	}
	free := card
	free.ID, free.Func, free.Free = "CREDIT_CARD_NUMBER_(NO_KEYWORD)", CardAlone, CardAlone
	return []Spec{
		card, free,
		{
			ID: "CREDIT_CARD_MAGNETIC_STRIPE", Func: MagneticStripe, MinLen: 17, MaxLen: stripeMaxLen + 1,
			First: setOf("%;"), Checked: true,
		},
		{
			ID: "CREDIT_CARD_EXPIRATION", Func: CardExpiration, MinLen: 1, MaxLen: 20,
			First: setOf("0123456789").union(monthFirst), DigitRuns: runs(1, 4), LetterRuns: runs(1, 10),
		},
		{
			ID: "CREDIT_CARD_SECURITY_CODE", Func: SecurityCode, MinLen: 3, MaxLen: 4,
			First: setOf("0123456789"), DigitRuns: runs(3, 4),
		},
	}
}
