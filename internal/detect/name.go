package detect

import (
	"bytes"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names of people are found by lexicons and by how they are written: a known given
// name, then initials, further given names or particles, then a family name. How well
// known both have to be depends on the case, on whether they are words as well, and on
// what stands before and after.

const (
	maxName     = 72 // bytes
	maxNameWord = 28
	maxMiddle   = 3 // words between the first and the last
)

// How much a word says for itself.
const (
	unknown  = iota
	doubtful // a name that is also a word or a place
	known
	common
)

// givenStrength says how much the flags of a word make it a given name.
func givenStrength(flags uint8) int { return strength(flags, isGiven, isCommonGiven) }

// familyStrength says how much they make it a family name.
func familyStrength(flags uint8) int {
	if flags&(isStop|isCommonFamily) == isStop {
		return unknown
	}
	return strength(flags, isFamily, isCommonFamily)
}

func strength(flags, is, often uint8) int {
	switch {
	case flags&is == 0:
		return unknown
	case flags&(isWord|isStop) != 0:
		return doubtful
	case flags&often != 0:
		return common
	}
	return known
}

// siftName tries the word that ends before the bit-th byte of the i-th chunk: it is
// written with a capital and followed by what may go on with a name.
func (s *Scanner) siftName(i, bit int) {
	w := &s.win
	m, j := &w.groups[i/perGroup], i%perGroup
	st := m.starts[j] &^ m.inner[j] & (1<<bit - 1)
	end := i*chunk + bit
	if st == 0 {
		if i == 0 {
			return
		}
		i--
		m, j = &w.groups[i/perGroup], i%perGroup
		if st = m.starts[j] &^ m.inner[j]; st == 0 {
			return
		}
	}
	start := i*chunk + 63 - bits.LeadingZeros64(st)
	n := end - start
	if n < 2 || w.from+start < w.lo || w.from+start >= w.hi {
		return
	}
	if p := w.from + end; p+2 < len(w.text) && w.text[p] == ' ' && !mayFollowName(w.text[p+1], w.text[p+2]) {
		return
	}
	key := loadKey(w.text, w.from+start) & lenMasks[min(n, keyBytes)]
	if p := w.from + end; p+2 < len(w.text) && w.text[p] == ',' && w.text[p+1] == ' ' {
		// Smith, John: the given name stands behind.
		n, upper := asciiWord(w.text[:min(len(w.text), p+2+maxNameWord)], p+2)
		if n -= p + 2; upper > 0 && n >= 2 && mayStartName(loadKey(w.text, p+2)&lenMasks[min(n, keyBytes)]) {
			s.tryFree(s.set.name, w.from+start)
		}
		return
	}
	if mayStartName(key) || key&top != 0 && wordFlags(w.text[w.from+start:w.from+min(end, start+maxNameWord)])&isGiven != 0 {
		s.tryFree(s.set.name, w.from+start)
	}
}

// mayFollowName says whether the word after a name's first may begin with two such bytes: it
// has a capital, or is a particle.
func mayFollowName(first, second byte) bool {
	if isLower(first) {
		return particleStarts[first-'a']>>(second&31)&1 != 0
	}
	return isUpper(first) || first >= 0xC3
}

// particleStarts has, by the first letter of a particle, the lowest five bits of the second
// byte; bit 0 is that of a space.
var particleStarts = func() (t [26]uint32) {
	for _, p := range particles {
		t[p[0]-'a'] |= 1 << ((p + " ")[1] & 31)
	}
	return t
}()

// particles stand between names, in lower case. They are in the lexicon too.
var particles = strings.Fields("van von de der den del della di da do dos das du la le el al bin ibn ben ten ter zu zur af av e y")

// nameWord is a word that may be part of a name.
type nameWord struct {
	end   int
	flags uint8
	caps  bool // all in capitals
	ok    bool
}

// readName reads the word at i: a capital and letters after it, or all capitals, with
// parts joined by hyphens and apostrophes.
func readName(text []byte, i int) (w nameWord) {
	limit := min(len(text), i+maxNameWord)
	if j, upper := asciiWord(text[:limit], i); j < len(text) && text[j] < utf8.RuneSelf && !endsNoName[text[j]] {
		if j == i || !isUpper(text[i]) {
			return nameWord{}
		}
		return nameOf(text[i:j], j, upper, j-i-upper, upper-1, wordFlags(text[i:j]))
	}
	upper, lower, inner := 0, 0, 0
	part := i
	j := i
	var flags uint8
	known := false
	close := func(end int) {
		if f := wordFlags(text[part:end]); f != 0 {
			if !known {
				flags = f
			} else {
				flags = flags&^isWord | f&(isGiven|isCommonGiven|isFamily|isCommonFamily)
			}
			known = true
		}
	}
	for j < limit {
		c := text[j]
		n, up := 1, false
		switch {
		case isUpper(c):
			up = true
		case isLower(c):
		case j+1 < len(text) && twoBytes(text, j):
			r, _ := utf8.DecodeRune(text[j:])
			up = unicode.IsUpper(r)
			n = 2
		case (c == '-' || c == '\'') && j > i && j+1 < limit && (isASCIILetter(text[j+1]) || text[j+1] >= 0xC3):
			close(j)
			part = j + 1
			j++
			continue
		case c == 0xE2 && j > i && j+3 < limit && text[j+1] == 0x80 && text[j+2] == 0x99 && isASCIILetter(text[j+3]):
			close(j)
			part = j + 3
			j += 3
			continue
		default:
			limit = j
			continue
		}
		if up {
			upper++
			if j > part {
				inner++
			}
		} else {
			lower++
			if j == i {
				return nameWord{}
			}
		}
		j += n
	}
	if j == i || wordAfter(text, j) || j < len(text) && (isDigit(text[j]) || text[j] == '_') {
		return nameWord{}
	}
	close(j)
	if part != i { // O'Brien and the like are known as a whole
		flags |= wordFlags(text[i:j])
	}
	return nameOf(text[i:j], j, upper, lower, inner, flags)
}

// nameOf judges a word by its capitals, of which inner do not begin a part.
func nameOf(word []byte, end, upper, lower, inner int, flags uint8) nameWord {
	w := nameWord{end: end, flags: flags, ok: true}
	switch {
	case lower == 0 && upper >= 2:
		w.caps = true
	case lower == 0:
		w.ok = false // an initial
	case inner > 1 || inner == 1 && !prefixed(word):
		w.ok = false // camel case
	}
	return w
}

// asciiWord returns the end of the ASCII letters at i, and how many are capitals.
func asciiWord(text []byte, i int) (end, upper int) {
	for end = i; end < len(text) && isASCIILetter(text[end]); end++ {
		upper += int(^text[end] >> 5 & 1)
	}
	return end, upper
}

// endsNoName has what the letters of a name may go on with, or may not stand before.
var endsNoName = func() (t [256]bool) {
	for c := range t {
		t[c] = isAlnum(byte(c)) || c == '_' || c == '-' || c == '\''
	}
	return t
}()

// prefixed says whether a capital inside a word follows Mc, Mac, De and the like.
func prefixed(w []byte) bool {
	for _, p := range [...]string{"Mc", "Mac", "De", "Di", "La", "Le", "Van", "Fitz", "Du", "Della", "Dal"} {
		if len(w) > len(p) && string(w[:len(p)]) == p && isUpper(w[len(p)]) {
			return true
		}
	}
	return false
}

// fullName matches a person's full name: given name and family name.
func fullName(text []byte, start int) int {
	if start >= len(text) || !isUpper(text[start]) && text[start] < 0xC3 || wordBefore(text, start) || escaped(text, start) {
		return -1
	}
	if start > 0 {
		switch c := text[start-1]; c {
		case '-', '_', '/', '@', '\\', '.', '$', '#', '&', '+':
			return -1
		case '\'':
			if start > 1 && isASCIILetter(text[start-2]) {
				return -1
			}
		case ' ':
			i := wordBack(text, start-1)
			if i > 0 && text[i-1] == ' ' && isLower(text[i]) && particleAt(text, i) == start-1 {
				i = wordBack(text, i-1) // Paseo de Josefina Huerta
				if word := text[i:start]; noNameAfter.has(word[:bytes.IndexByte(word, ' ')]) {
					return -1
				}
			} else if noNameAfter.has(text[i:start-1]) || institutionBefore(text, start) {
				return -1
			}
		default:
			if isDigit(c) && !escaped(text, start-1) {
				return -1
			}
		}
	}
	text = text[:min(len(text), start+maxName+maxNameWord)]
	// The first word, or its first part before a hyphen, is known for itself.
	part := start
	for part < len(text) && (isASCIILetter(text[part]) || part+1 < len(text) && twoBytes(text, part)) {
		if text[part] >= utf8.RuneSelf {
			part++
		}
		part++
	}
	if part >= len(text) || text[part] != ' ' && text[part] != '-' && (part+1 >= len(text) || text[part+1] != ' ') {
		return -1
	}
	if part-start > maxNameWord {
		return -1
	}
	first := readName(text, start)
	flags := first.flags
	if first.end != part {
		flags = wordFlags(text[start:part])
	}
	if !first.ok || flags&(isGiven|isFamily|isTitle) == 0 || flags&isParticle != 0 || noNameAfter.has(text[start:part]) {
		return -1 // De Luca is half a name, San Diego none
	}
	end := -1
	switch {
	case first.flags&isTitle != 0 && first.flags&isCommonGiven == 0:
		end = titled(text, first)
	case first.flags&isGiven != 0:
		end = givenFirst(text, start, first)
	}
	if end < 0 && familyStrength(first.flags) != unknown {
		end = familyFirst(text, start, first)
	}
	if end < 0 || end-start > maxName || company(text, end) || ofCharacter(text, start, end) ||
		familyStrength(first.flags) >= givenStrength(first.flags) && (twoFamilies(text, end) || partnerBefore(text, start)) {
		return -1
	}
	return end
}

// noNameAfter has words after which a name is that of a place, a street or an institution.
var noNameAfter = newWordTable(strings.Fields("san santa santo saint sainte st ste sao sankt los las fort ft port porto mount mt mont monte lake lago cape cabo point punta camp isle island isla ile " +
	"villa hotel glorieta urbanizacion urb pasadizo rambla paseo pasaje camino carretera travesia alameda vial chemin ruelle impasse allee sentier travessa ladeira rodovia largo vicolo piazzale viadotto strasse weg ulitsa aleja osiedle rue avenue av via viale calle avenida rua strada piazza plaza place boulevard bd quai corso largo praca platz ulica ul " +
	"university universite universidad universidade universita universitat college school lycee institute institut academy hospital clinica ospedale church cathedral chateau castle " +
	"clinic foundation library airport museum hospice hopital clinique klinik klinikum krankenhaus hochschule gymnasium grundschule realschule schule bibliothek stiftung kirche flughafen " +
	"ecole bibliotheque fondation eglise aeroport musee escuela colegio instituto biblioteca fundacion iglesia aeropuerto museo liceo escola fundacao igreja aeroporto policlinico scuola istituto fondazione chiesa " +
	"north south east west upper lower new old great little team club fc sc ac city ville commune"))

// organisationsBefore has those of noNameAfter that are institutions, which names of more words may follow.
var organisationsBefore = newWordTable(strings.Fields("universite universidad universidade universita universitat lycee institut hospital clinica ospedale " +
	"hopital clinique klinik klinikum krankenhaus hochschule gymnasium grundschule realschule schule bibliothek stiftung kirche flughafen " +
	"ecole bibliotheque fondation eglise aeroport musee escuela colegio instituto biblioteca fundacion iglesia aeropuerto museo liceo escola fundacao igreja aeroporto policlinico scuola istituto fondazione chiesa"))

// characterWords are what the names of characters are made of, as in Unicode's tables: THAI CHARACTER CHO CHAN.
var characterWords = newWordTable(strings.Fields("character letter sign symbol digit vowel semivowel consonant tone tonal ligature syllable syllabics ideograph hieroglyph cuneiform glyph " +
	"diacritic numeral punctuation radical accent combining capital subjoined superscript subscript codepoint"))

// scripts stand before names of characters without such words.
var scripts = newWordTable(strings.Fields("adlam arabic armenian balinese batak bengali bopomofo brahmi buginese byzantine chakma cham cherokee coptic cyrillic devanagari dogra ethiopic georgian gothic " +
	"grantha greek gujarati gurmukhi hangul hanunoo hebrew hiragana javanese kannada katakana kharoshthi khmer khudawadi lao latin lepcha limbu lisu mahajani malayalam manichaean marchen " +
	"masaram meetei mongolian myanmar nabataean newa nko nushu ogham oriya phags rejang runic samaritan saurashtra sharada sharda siddham sinhala sogdian soyombo sundanese syloti syriac tagalog tai " +
	"takri tamil tangut telugu thaana thai tibetan tifinagh tirhuta ugaritic vai wancho yezidi yi zanabazar"))

// ofCharacter says whether a name stands beside words that are parts of names of characters: up to three before it and two
// behind, with single spaces between them. Names of scripts count in capitals.
func ofCharacter(text []byte, start, end int) bool {
	caps := isUpper(text[start]) && isUpper(text[start+1])
	i := start
	for range 3 {
		if i < 2 || text[i-1] != ' ' {
			break
		}
		j := wordBack(text, i-1)
		if j == i-1 || !capital(text, j) {
			break
		}
		if w := text[j : i-1]; characterWords.has(w) || caps && scripts.has(w) {
			return true
		}
		i = j
	}
	i = end
	for range 2 {
		if i = nextWord(text, i); i < 0 || !capital(text, i) {
			break
		}
		j := i
		for j < len(text) && j-i < maxNameWord && isASCIILetter(text[j]) {
			j++
		}
		if characterWords.has(text[i:j]) {
			return true
		}
		i = j
	}
	return false
}

// company says whether what follows a name makes it a company's: & Sons, and Brown, Inc.
func company(text []byte, end int) bool {
	rest := text[end:min(len(text), end+24)]
	i := 0
	if i < len(rest) && rest[i] == ',' {
		i++
	}
	if i >= len(rest) || rest[i] != ' ' {
		return false
	}
	i++
	if i < len(rest) && rest[i] == '&' {
		return true
	}
	j := i
	for j < len(rest) && (isASCIILetter(rest[j]) || rest[j] == '.') {
		j++
	}
	if j == i {
		return false
	}
	// Without the full stops of S.r.l.; as and se are words.
	if (isUpper(rest[i]) || bytes.IndexByte(rest[i:j-1], '.') > 0) && companyForms.has(rest[i:j]) {
		return true
	}
	if institution(text, end) {
		return true
	}
	// Miller and Sons, Müller und Partner, Puga Correa Prado Hermanos.
	if kinAhead(text, end) {
		return true
	}
	return j-i <= 3 && j+1 < len(rest) && rest[j] == ' ' && andWords.has(rest[i:j]) && companyKin(rest[j+1:])
}

var (
	institutionKinds = newWordTable(strings.Fields("high middle elementary primary secondary junior senior state community memorial international regional municipal medical technical vocational public central national catholic christian performing " +
		"health healthcare general county district veterans deaconess baptist methodist lutheran presbyterian childrens rehabilitation research cancer heart surgery surgical dental university"))
	institutionWords = newWordTable(strings.Fields("school schools college university hospital center centre airport park library institute stadium academy bridge highway field foundation museum gymnasium arena hall church cemetery arts " +
		"system systems services network ctr"))
	// organisations are so called without a word that says of what kind, and people are not.
	organisations = newWordTable(strings.Fields("hospital hospitals clinic clinics hospice infirmary sanatorium university school schools college academy seminary institute foundation library airport museum cemetery cathedral memorial elementary campus stadium " +
		"krankenhaus klinik klinikum universitat hochschule gymnasium schule grundschule realschule gesamtschule bibliothek stiftung kirche flughafen institut"))
	centres  = newWordTable(strings.Fields("center centre"))
	suffixes = newWordTable(strings.Fields("jr sr ii iii iv"))
	// institutionSorts stand between what an institution is and whose name it has.
	institutionSorts = newWordTable(strings.Fields("general generale universitario universitaria universitaire regional regionale central centrale nacional nationale nazionale municipal municipale provincial provinciale civile comunale statale estatal publica publique primaria primaire secundaria superior superiore"))
)

// institution says whether what follows a name makes it an institution's: Abraham Lincoln High School, Robert Bosch
// Krankenhaus. Another name and Jr. may stand between: Martin Luther King Jr. Community Hospital.
func institution(text []byte, end int) bool {
	i, kind, names := end, false, 0
	for range 5 {
		if i = nextWord(text, i); i < 0 || !capital(text, i) {
			return false
		}
		j := i
		for j < len(text) && j-i < maxNameWord && nameByte[text[j]] && (text[j] != '-' || !kind) {
			j++
		}
		word := text[i:j]
		switch {
		case organisations.has(word) || kind && institutionWords.has(word):
			return true
		case institutionKinds.has(word):
			if kind = true; (closes(text, j) || text[j] == ',' || text[j] == '.') && bytes.EqualFold(word, []byte("health")) {
				return true
			}
		case suffixes.has(word):
			if j < len(text) && text[j] == '.' {
				j++
			}
		case names == 0 && wordFlags(word)&(isGiven|isFamily) != 0:
			names++
			kind = false
		default:
			return false
		}
		i = j
	}
	return false
}

// institutionBefore says whether the words before a name, behind further names, make it an institution's: Hospital General
// Juan Pérez, Universidad Juan Carlos García. The name starts at start, and a space stands before it.
func institutionBefore(text []byte, start int) bool {
	for n := range 3 {
		if start < 2 || text[start-1] != ' ' {
			return false
		}
		i := wordBack(text, start-1)
		if i == start-1 {
			return false
		}
		word := text[i : start-1]
		switch {
		case n > 0 && noNameAfter.has(word):
			return organisationsBefore.has(word)
		case n == 0 && centres.has(word):
			j := wordBack(text, max(0, i-1))
			return j < i-1 && institutionKinds.has(text[j:i-1])
		case !capital(text, i) || !institutionSorts.has(word) && wordFlags(word)&(isGiven|isFamily) == 0:
			return false
		}
		start = i
	}
	return false
}

// partnerBefore says whether a lone y or e and a word with a capital stand before: of Olivo Collado y García Polanco the
// second half is no person either.
func partnerBefore(text []byte, start int) bool {
	i := start - 3
	if i < 1 || text[i] != ' ' || text[i+1]|0x20 != 'y' && text[i+1]|0x20 != 'e' || text[i+2] != ' ' {
		return false
	}
	return capital(text, wordBack(text, i))
}

// familyBefore says whether a family name and a comma stand before: Barros, Reis e Pereira is a list.
func familyBefore(text []byte, start int) bool {
	i := start - 2
	if i < 1 || text[i] != ',' || text[i+1] != ' ' {
		return false
	}
	return familyStrength(wordFlags(text[wordBack(text, i):i])) != unknown
}

// twoFamilies says whether a lone letter such as y and two family names follow: Olivera
// Sanabria y Salgado Valles are partners, or what a firm is called.
func twoFamilies(text []byte, end int) bool {
	if end+4 > len(text) || text[end] != ' ' || text[end+1]|0x20 != 'y' && text[end+1]|0x20 != 'e' || text[end+2] != ' ' {
		return false
	}
	w := readName(text, end+3)
	if !w.ok || familyStrength(w.flags) <= givenStrength(w.flags) && familyStrength(w.flags) < common {
		return false
	}
	i := nextWord(text, w.end)
	if i < 0 {
		return false
	}
	w = readName(text, i)
	return w.ok && familyStrength(w.flags) != unknown
}

var (
	companyForms = newWordTable(strings.Fields("sasu scop gie sci scp eirl kft oyj asa inc llc ltd limited plc corp co gmbh ag kg kgaa ohg mbh ug se sa sas sarl eurl snc spa srl sl slu sau ltda eireli bv nv vof ab hb oy as aps spzoo zoo spj pty"))
	andWords     = newWordTable(strings.Fields("and und et y e i en och a"))
	kinWords     = newWordTable(strings.Fields("asociados group gruppe gruppo grupo sons son daughters brothers bros partners partner associates co company sohne soehne fils freres hijos hermanos figli fratelli filhos irmaos zonen soner synowie synowe"))
)

// kinAhead says whether capitalised words, with commas and particles between them, lead to
// a word such as Hermanos.
func kinAhead(text []byte, i int) bool {
	for range 8 {
		if i < len(text) && text[i] == ',' {
			i++
		}
		if i+1 >= len(text) || text[i] != ' ' {
			return false
		}
		i++
		j := i
		for j < len(text) && j-i < maxNameWord && (nameByte[text[j]] || text[j] == '.') {
			j++
		}
		switch {
		case j == i:
			return false
		case capital(text, i):
			if kinWords.has(text[i:j]) || companyForms.has(text[i:j]) {
				return true
			}
		case j-i > 3:
			return false
		}
		i = j
	}
	return false
}

// companyKin says whether a text begins with a word such as sons or partners.
func companyKin(text []byte) bool {
	j := 0
	for j < len(text) && j < maxNameWord && nameByte[text[j]] {
		j++
	}
	return j > 0 && kinWords.has(text[:j])
}

// nextWord returns where the next word starts after one space, or -1.
func nextWord(text []byte, i int) int {
	if i+1 < len(text) && text[i] == ' ' && (isASCIILetter(text[i+1]) || text[i+1] >= 0xC3) {
		return i + 1
	}
	return -1
}

// initial returns the end of an initial at i: a capital with or without a full stop.
func initial(text []byte, i int) int {
	if i+1 >= len(text) || !isUpper(text[i]) {
		return -1
	}
	switch text[i+1] {
	case '.':
		return i + 2
	case ' ':
		return i + 1
	}
	return -1
}

// givenFirst goes on after a given name: Mary Ann O'Brien, John F. Kennedy, Ludwig van
// Beethoven, Ana María García López.
func givenFirst(text []byte, start int, first nameWord) int {
	end, given := first.end, givenStrength(first.flags)
	particle, best := false, -1
	for range maxMiddle + 1 {
		i := nextWord(text, end)
		if i < 0 {
			break
		}
		if e := initial(text, i); e > 0 && best < 0 {
			// In capitals the y and the e between partners look like initials.
			if lone := first.caps && e == i+1 && (text[i] == 'Y' || text[i] == 'E'); lone && (familyBefore(text, start) || text[i] == 'Y' && twoFamilies(text, end)) {
				return -1
			}
			end, given = e, max(given, known)
			continue
		}
		if e := particleAt(text, i); e > 0 {
			if best < 0 && e == i+1 {
				return -1 // Reis e Silva are two
			}
			if e == i+1 && familyStrength(first.flags) >= given && twoFamilies(text, best) {
				return -1
			}
			end, particle = e, true
			continue
		}
		w := readName(text, i)
		if !w.ok || w.caps != first.caps && !capsFamily(w, i, givenStrength(first.flags)) {
			break
		}
		if w.flags&isParticle != 0 && nextWord(text, w.end) > 0 { // VAN DER MOST, De Vries
			end, particle = w.end, true
			continue
		}
		family := familyStrength(w.flags)
		switch {
		case best > 0:
			// A second family name; an unknown word is something else, and a word of a
			// place or an institution says that all of it is one.
			if w.flags&isStop != 0 && w.flags&isCommonFamily == 0 {
				return -1
			}
			if family < known || particle && givenStrength(w.flags) > family {
				return best
			}
		case pair(given, family, first.caps, particle):
		case w.flags&(isGiven|isStop) == isGiven:
			end = w.end // a middle name, or no full name at all
			given = max(given, givenStrength(w.flags))
			continue
		case family != unknown || w.flags != 0 || given < known && !particle || w.end-i < 3:
			return -1 // else nothing speaks against an unknown family name
		case first.caps && !particle && (w.end-i < 4 || !alone(text, start, w.end)):
			return -1
		}
		best, end, particle = w.end, w.end, false
	}
	return best
}

// capsFamily says whether the word at i is a family name in capitals behind a given name that is not: Jean DUPONT.
func capsFamily(w nameWord, i, given int) bool {
	return w.caps && w.end-i >= 3 && given >= known && familyStrength(w.flags) >= known
}

// alone says whether no other word in capitals stands beside text[lo:hi]: it is no part of
// a heading.
func alone(text []byte, lo, hi int) bool {
	if i := nextWord(text, hi); i > 0 && readName(text, i).caps {
		return false
	}
	if lo < 3 || text[lo-1] != ' ' {
		return true
	}
	return !isUpper(text[lo-2]) || !isUpper(text[lo-3])
}

// pair says whether a given and a family name that say so much are a person's together.
// Text in capitals says less: a heading is written so.
func pair(given, family int, caps, particle bool) bool {
	switch {
	case family == unknown || given == unknown:
		return false
	case particle:
		return true
	case caps:
		return given >= known && family >= known || given == common && family == doubtful || given == doubtful && family == common
	}
	return given >= known || family >= known
}

// particleAt returns the end of a particle such as van or de la in lower case.
func particleAt(text []byte, i int) int {
	j := i
	for j < len(text) && j-i < 6 && isLower(text[j]) {
		j++
	}
	if j == i || j >= len(text) || text[j] != ' ' || lexiconFlagsOf(plainHash(text[i:j]))&isParticle == 0 {
		return -1
	}
	return j
}

// familyFirst is Smith, John Q. The family name and the comma also stand in lists of people,
// as in Tom Yan, Tony Asleson, where they end one person and the next one begins.
func familyFirst(text []byte, start int, first nameWord) int {
	i := first.end
	if i+2 >= len(text) || text[i] != ',' || text[i+1] != ' ' {
		return -1
	}
	family := familyStrength(first.flags)
	w := readName(text, i+2)
	given := givenStrength(w.flags)
	if !w.ok || w.caps && !first.caps || family == unknown || given < known {
		return -1
	}
	// What is a word as well, or a name of both kinds, is a person where it is all of a line or
	// a value: Brown, Peter and Johnson, Michael. In a list of given names or of families it
	// is none: Scott, Thomas, Kelly.
	// SMITH, John in both cases is a person's.
	mixed := first.caps && !w.caps && given == common
	if !mixed && (family < known || first.flags&isCommonGiven != 0 && w.flags&isCommonFamily != 0) {
		if first.flags&isCommonFamily == 0 || given < common || !opens(text, start) || !closes(text, w.end) {
			return -1
		}
	}
	if !mixed && first.flags&isCommonGiven != 0 && first.flags&isCommonFamily == 0 || inList(text, w.end) || nameBefore(text, start) {
		return -1
	}
	if languages.has(text[start:first.end]) && languages.has(text[i+2:w.end]) {
		return -1 // translations: German, Dutch
	}
	k := w.end
	if k+1 < len(text) && text[k] == 0xC2 && text[k+1] == 0xA0 {
		k++
	} else if k >= len(text) || text[k] != ' ' {
		return w.end
	}
	k++
	if e := initial(text, k); e > 0 {
		// Kaveh R. Ghazi begins with the given name, and Smith, John Q. ends here.
		j := nextWord(text, e)
		if e+1 < len(text) && text[e] == 0xC2 && text[e+1] == 0xA0 {
			j = e + 2
		}
		if j > 0 {
			if next := readName(text, j); next.ok && next.flags&(isStop|isWord) == 0 {
				return -1
			}
		}
		return e
	}
	if e := particleAt(text, k); e > 0 && readName(text, e+1).ok {
		return -1 // Hans de Goede
	}
	// Another full name begins with the given name, be its family name known or not.
	if next := readName(text, k); next.ok {
		f, g := familyStrength(next.flags), givenStrength(next.flags)
		if f > g || f == g && next.flags&(isStop|isWord|isTitle) == 0 && !(g >= known && (start == 0 || text[start-1] != ' ') && opens(text, start) && closes(text, next.end)) {
			return -1
		}
	}
	return w.end
}

// opens says whether a line or a value starts before i, behind spaces at most.
func opens(text []byte, i int) bool {
	for lo := max(0, i-maxNameWord); i > lo && text[i-1] == ' '; {
		i--
	}
	return i == 0 || strings.IndexByte("\n\r\t\";:|>=", text[i-1]) >= 0
}

// closes says whether a line or a value ends at i.
func closes(text []byte, i int) bool {
	return i >= len(text) || strings.IndexByte("\n\r\t\";|<", text[i]) >= 0
}

// languages has those of which lists are made and which people are called too.
var languages = newWordTable(strings.Fields("chinese czech danish dutch english finnish french german greek irish malay norwegian polish romanian russian serbian slovak spanish swedish turkish welsh"))

// nameBefore says whether the word before start, behind a space or a no-break space, is a
// given name, an initial or a name that no list has, so that what starts there ends a full
// name, or whether a list has come to start. Another family name may stand there, as in
// García López, María.
func nameBefore(text []byte, start int) bool {
	i, nbsp := start-1, false
	switch {
	case i < 1:
		return false
	case text[i] == ' ' && text[i-1] == ',': // Johan, John, Gian
		j := wordBack(text, i-1)
		return j < i-1 && capital(text, j)
	case text[i] == ' ':
	case text[i] == 0xA0 && text[i-1] == 0xC2:
		i--
		nbsp = true
	default:
		return false
	}
	if i >= 2 && text[i-1] == '.' && isUpper(text[i-2]) && !wordBefore(text, i-2) {
		return true
	}
	j := wordBack(text, i)
	if k := bytes.LastIndex(text[j:i], []byte("\u00a0")); k >= 0 {
		j += k + 2
	}
	if j == i || !capital(text, j) {
		return false
	}
	flags := wordFlags(text[j:i])
	family, given := familyStrength(flags), givenStrength(flags)
	// Nobody puts a no-break space but inside of a name.
	return nbsp || given > family || given == family && (given >= known || flags&(isStop|isWord|isTitle) == 0)
}

// inList says whether a list goes on: and Brown, , Kelly and so on.
func inList(text []byte, i int) bool {
	rest := text[i:]
	for _, s := range [...]string{" and ", " & ", " und ", " et ", " y ", " e ", " en ", " och ", " i ", ", and ", ", "} {
		if len(rest) > len(s)+1 && hasFolded(rest, 0, s) && isUpper(rest[len(s)]) {
			if s != ", " {
				return true
			}
			w := readName(text, i+len(s))
			if !w.ok || w.flags&(isGiven|isFamily) == 0 {
				return false
			}
			k := nextWord(text, w.end)
			if k < 0 {
				return w.end >= len(text) || text[w.end] != ' '
			}
			// A full name goes on with the list: Jonathan, Tommi, Stefan Kost.
			return givenStrength(w.flags) >= known && familyStrength(readName(text, k).flags) >= known
		}
	}
	return false
}

// titled is a name whose given name is unknown after a title: Dr. Xiulan Qiu.
func titled(text []byte, title nameWord) int {
	i := title.end
	if i < len(text) && text[i] == '.' {
		i++
	}
	if i = nextWord(text, i); i < 0 {
		return -1
	}
	given := readName(text, i)
	if !given.ok || given.flags&(isGiven|isStop|isTitle|isWord) != 0 || given.caps {
		return -1
	}
	j := nextWord(text, given.end)
	if j < 0 {
		return -1
	}
	family := readName(text, j)
	if !family.ok || family.caps || family.flags&(isStop|isWord) != 0 && familyStrength(family.flags) == unknown {
		return -1
	}
	return family.end
}
