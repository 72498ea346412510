package detect

import "strings"

// A keyword may be a word of a longer name: of a variable, a constant, a member. In
// card_cvc it says what the value is; in SCHEMAV_CVC_ELT_4_2 it is a part of something
// else, and in a hash or a token it is no word at all. Values that are hard to mistake
// are reported all the same. Plain ones, such as three digits, are not.

// lastWord says whether a keyword at text[start:end] ends the name that it stands in, but
// for words that say no more of what is named. spaces says that a name may hold spaces, as
// those of columns do.
func lastWord(text []byte, start, end int, spaces bool) bool {
	if start > 0 && isDigit(text[start-1]) && oneWord(text[start:end]) {
		return false // in a hash
	}
	text = text[:min(len(text), end+maxNameTail)]
	for i := end; i < len(text); {
		switch c := text[i]; {
		case isDigit(c):
			for i < len(text) && isDigit(text[i]) {
				i++
			}
			if i < len(text) && isASCIILetter(text[i]) {
				return false // in a hash
			}
			continue
		case c == '_' && escapedRune(text[i:]): // _x000D_, as workbooks write a control character
			i += len("_x000D_")
			continue
		case c == '_', spaces && c == ' ':
			i++
			continue
		case c == '-' && i+1 < len(text) && text[i+1] == '>':
			i++
			continue
		case c == '-' || c == '.' || c == '>':
			if i+1 >= len(text) || !isASCIILetter(text[i+1]) || c == '>' && text[i-1] != '-' {
				return true
			}
			i++
		case !isASCIILetter(c):
			return true
		}
		j := i + 1
		for j < len(text) && isASCIILetter(text[j]) && !camelAt(text, j) {
			j++
		}
		if !addsNothing.has(text[i:j]) {
			return false
		}
		i = j
	}
	return true
}

// escapedRune says whether a text starts with _xHHHH_.
func escapedRune(text []byte) bool {
	if len(text) < len("_x000D_") || text[1] != 'x' || text[6] != '_' {
		return false
	}
	for _, c := range text[2:6] {
		if !isDigit(c) && (c|0x20)-'a' >= 6 {
			return false
		}
	}
	return true
}

// oneWord says whether a keyword is written without a separator.
func oneWord(keyword []byte) bool {
	for i := range keyword {
		if gapLen(keyword, i) > 0 {
			return false
		}
	}
	return true
}

// maxNameTail is how much of a name after a keyword is looked at.
const maxNameTail = 96

// addsNothing has words that may follow a keyword in a name without another meaning: what
// kind of thing the value is, whose it is, and of which country.
var addsNothing = newWordTable(strings.Fields("s number numbers no nos num nums nr nbr code codes id ids value values val digits text txt str string field input raw data " +
	"column col plain full new old current primary secondary main first second other alt alternate " +
	"holder owner customer client user patient employee person member applicant contact account self spouse father mother parent child driver " +
	"us usa uk gb ca au de fr it es br mx ar cl co in eu numero nummer numer"))

// plainValue says whether a value is letters and digits alone.
func plainValue(value []byte) bool {
	for _, c := range value {
		if !isAlnum(c) {
			return false
		}
	}
	return true
}
