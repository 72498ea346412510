package validate

const udiMaxLen = 160

// UDI matches a unique device identifier of the three agencies the FDA accredits:
// GS1, HIBCC and ICCBBA, in the human-readable form with its delimiters.
func UDI(text []byte, start int) int {
	if start < 0 || start+8 > len(text) || isAlnum(at(text, start-1)) {
		return -1
	}
	limit := min(len(text), start+udiMaxLen)
	switch text[start] {
	case '(':
		return udiGS1(text[:limit], start)
	case '+':
		return udiHIBCC(text[:limit], start)
	case '=':
		return udiICCBBA(text[:limit], start)
	}
	return -1
}

// udiGS1 is (01) and a GTIN-14 with its check digit, then production identifiers:
// (11), (13), (15), (16), (17) with a date, (10) lot, (21) serial number, (240).
func udiGS1(text []byte, i int) int {
	i = skipString(text, i, len(text), "(01)")
	if i >= 0 && at(text, i) == ' ' {
		i++
	}
	if i < 0 || !allDigits(text, i, 14) || !gs1(text[i:i+14]) {
		return -1
	}
	i += 14
	end := i
	for {
		if at(text, i) == ' ' && at(text, i+1) == '(' {
			i++
		}
		if at(text, i) != '(' || !digitAt(text, i+1) || !digitAt(text, i+2) {
			break
		}
		ai, k := number(text, i+1, 4)
		if at(text, k) != ')' {
			break
		}
		k++
		if at(text, k) == ' ' {
			k++
		}
		switch ai {
		case 11, 12, 13, 15, 16, 17:
			d, e := number(text, k, 6)
			// Day 00 stands for the end of the month.
			if e-k != 6 || digitAt(text, e) || !(date(0, d/100%100, d%100) || d%100 == 0 && date(0, d/100%100, 1)) {
				return udiEnd(text, end)
			}
			k = e
		case 10, 21, 22, 240, 241, 30:
			n := k
			for k-n < 20 && (isAlnum(at(text, k)) || contains("-_/.+*%&", at(text, k)) && isAlnum(at(text, k+1))) {
				k++
			}
			if k == n {
				return udiEnd(text, end)
			}
		default:
			return udiEnd(text, end)
		}
		i, end = k, k
	}
	return udiEnd(text, end)
}

func udiEnd(text []byte, end int) int {
	if isAlnum(at(text, end)) {
		return -1
	}
	return end
}

// hibcChars are the characters of HIBC in the order of their mod 43 values.
const hibcChars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"

// udiHIBCC is +, a labeler code (letter, three alphanumerics), a product number of
// 1 to 18 characters and a unit digit; optional secondary data after slashes; the
// last character is the mod 43 sum of all before it.
func udiHIBCC(text []byte, start int) int {
	i := start + 1
	if !isLetter(at(text, i)) {
		return -1
	}
	best := -1
	sum := indexByte(hibcChars, '+')
	primary := 0 // characters before the first slash
	slashed := false
	for ; i < len(text) && i-start < udiMaxLen; i++ {
		c := text[i]
		x := indexByte(hibcChars, c)
		if x < 0 || c == '+' || c-'a' < 26 {
			break
		}
		if c == ' ' && !(i+1 >= len(text) || !isAlnum(text[i+1])) {
			break // a word follows, not a check character
		}
		// Could this be the check character? It needs a whole primary before it.
		if x == sum%43 && (slashed || primary >= 6 && isDigit(text[i-1])) && primary >= 6 && primary <= 23 {
			if e := i + 1; c != ' ' && !isAlnum(at(text, e)) && !contains("-.$/%", at(text, e)) ||
				e >= len(text) || contains(" \n\r\t,;\"')", text[e]) || text[e] == '.' && !isAlnum(at(text, e+1)) {
				best = e
			}
		}
		if c == ' ' {
			break
		}
		switch {
		case c == '/':
			slashed = true
		case !slashed:
			if !isAlnum(c) {
				return best
			}
			primary++
		}
		sum += x
	}
	return best
}

func indexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// udiICCBBA is an ISBT 128 compound: =/ with a 16-character device identifier or
// =) with a blood bag's, then further data structures.
func udiICCBBA(text []byte, start int) int {
	i := start + 2
	switch at(text, start+1) {
	case '/':
		// Facility (5), product code (6), and five of the facility's own.
		i = alnums(text, i, 16)
	case ')':
		// Blood bag: manufacturer and catalogue number.
		i = alnums(text, i, 10)
	default:
		return -1
	}
	if i < 0 {
		return -1
	}
	end := i
	for i < len(text) {
		e := isbtStructure(text, i)
		if e < 0 {
			break
		}
		i, end = e, e
	}
	return udiEnd(text, end)
}

// isbtStructure returns the end of one further data structure at i, or -1.
func isbtStructure(text []byte, i int) int {
	switch at(text, i) {
	case '=':
		switch at(text, i+1) {
		case ',': // divisions or pooled number
			return alnums(text, i+2, 6)
		case '>', '}': // expiry, production date: cyyjjj, with hhmm for &>
			return alnums(text, i+2, 6)
		}
		if isAlnum(at(text, i+1)) { // donation identification number
			return alnums(text, i+1, 15)
		}
	case '&':
		if at(text, i+1) == ',' || at(text, i+1) == ')' || at(text, i+1) == '>' {
			e := i + 2
			for isAlnum(at(text, e)) && e-i < 32 {
				e++
			}
			if e-i > 6 {
				return e
			}
		}
	}
	return -1
}

// alnums returns the offset after n letters and digits at i, or -1.
func alnums(text []byte, i, n int) int {
	for k := range n {
		if !isAlnum(at(text, i+k)) {
			return -1
		}
	}
	return i + n
}
