package detect

import (
	_ "embed"
	"math/bits"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Names of people are found by lexicons and by how they are written: a known given
// name, then initials, further given names or particles, then a family name. The
// family name may be unknown where nothing speaks against it.

//go:embed lexicon/given.txt
var givenNames string

//go:embed lexicon/family.txt
var familyNames string

//go:embed lexicon/stop.txt
var stopWords string

const (
	maxName     = 72 // bytes
	maxNameWord = 28
	maxMiddle   = 3 // words between the first and the last
)

// What a word can be, see lexicon.
const (
	isGiven  = 1 << iota
	isWeak   // a given name that is also a word or a place
	isFamily // a family name
	isStop   // written with a capital, and no family name
	isTitle  // Mr, Dr, …
	isParticle
)

const (
	titles    = "mr mrs ms miss mx dr prof sir madam herr frau monsieur madame mme mlle signor signora sig dott señor señora sr sra senhor senhora dhr mevrouw"
	particles = "van von de der den del della di da do dos das du la le el al bin ibn ben ten ter zu zur af av e y"
)

// lexicon holds what is known of words, by lower case without accents.
type lexicon struct {
	// words is a hash table of the words' hashes with their flags; a test holds that no
	// two words share a hash.
	words [1 << 13]struct {
		hash  uint64
		flags uint8
	}
	// bits has the first bytes of the words that can start a name, as in prefilter.
	bits [1 << (hashBits - 6)]uint64
}

// nameLexicon reads the lists once.
var nameLexicon = sync.OnceValue(func() *lexicon {
	l := &lexicon{}
	add := func(list string, flag uint8, starts bool) {
		for line := range strings.Lines(list) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for _, w := range strings.Fields(line) {
				f := flag
				if strings.HasSuffix(w, "*") {
					w, f = w[:len(w)-1], flag|isWeak
				}
				var b [maxNameWord]byte
				plain := string(plainWord(b[:0], []byte(w)))
				l.add([]byte(plain), f)
				if starts {
					l.enter(w)
					l.enter(plain)
				}
			}
		}
	}
	add(givenNames, isGiven, true)
	add(familyNames, isFamily, true)
	add(stopWords, isStop, false)
	add(titles, isTitle, true)
	add(particles, isParticle, false)
	return l
})

// add says more of a word.
func (l *lexicon) add(w []byte, flags uint8) {
	h := wordHash(w)
	for i := h; ; i++ {
		s := &l.words[i%uint64(len(l.words))]
		if s.flags == 0 || s.hash == h {
			s.hash = h
			s.flags |= flags
			return
		}
	}
}

// flags returns what is known of a word as it is written.
func (l *lexicon) flags(w []byte) uint8 {
	h := plainHash(w)
	for i := h; ; i++ {
		s := &l.words[i%uint64(len(l.words))]
		if s.flags == 0 || s.hash == h {
			return s.flags
		}
	}
}

// enter puts the spellings of a word in lower case, in capitals and with one capital
// into the bits.
func (l *lexicon) enter(w string) {
	r, n := utf8.DecodeRuneInString(w)
	for _, s := range []string{w, strings.ToUpper(w), string(unicode.ToUpper(r)) + w[n:]} {
		b := []byte(s)
		k := keyOf(b[:min(len(b), keyBytes)])
		h := hash(k)
		l.bits[h>>6] |= 1 << (h & 63)
	}
}

// siftName tries the word that ends before the bit-th byte of the i-th chunk: it is
// written with a capital and followed by what may go on with a name.
func (s *Scanner) siftName(i, bit int) {
	w := &s.win
	m := &w.words[i]
	st := m.starts &^ m.inner & (1<<bit - 1)
	end := i*chunk + bit
	if st == 0 {
		if i == 0 {
			return
		}
		i--
		m = &w.words[i]
		if st = m.starts &^ m.inner; st == 0 {
			return
		}
	}
	start := i*chunk + 63 - bits.LeadingZeros64(st)
	n := end - start
	if n < 2 || w.from+start < w.lo || w.from+start >= w.hi {
		return
	}
	key := loadKey(w.text, w.from+start) & lenMasks[min(n, keyBytes)]
	if h := hash(key); s.names.bits[h>>6]>>(h&63)&1 != 0 {
		s.tryFree(s.set.name, w.from+start)
	}
}

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
		return nameOf(text[i:j], j, upper, j-i-upper, upper-1, nameLexicon().flags(text[i:j]))
	}
	upper, lower, inner := 0, 0, 0
	part := i
	j := i
	var flags uint8
	known := false
	close := func(end int) {
		if f := nameLexicon().flags(text[part:end]); f != 0 {
			if !known {
				flags = f
			} else {
				flags |= f & (isGiven | isFamily)
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
		flags |= nameLexicon().flags(text[i:j])
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
	if start >= len(text) || !isUpper(text[start]) && text[start] < 0xC3 || wordBefore(text, start) {
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
		default:
			if isDigit(c) {
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
		flags = nameLexicon().flags(text[start:part])
	}
	if !first.ok || flags&(isGiven|isFamily|isTitle) == 0 {
		return -1
	}
	end := -1
	switch {
	case first.flags&isTitle != 0 && first.flags&isGiven == 0:
		end = titled(text, first)
	case first.flags&isGiven != 0:
		end = givenFirst(text, first)
	}
	if end < 0 && first.flags&isFamily != 0 {
		end = familyFirst(text, first)
	}
	if end-start > maxName {
		return -1
	}
	return end
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
func givenFirst(text []byte, first nameWord) int {
	end, weak, strong := first.end, first.flags&isWeak != 0, first.flags&isWeak == 0
	particle, best := false, -1
	for range maxMiddle + 1 {
		i := nextWord(text, end)
		if i < 0 {
			break
		}
		if e := initial(text, i); e > 0 && best < 0 {
			end, strong = e, true
			continue
		}
		if e := particleAt(text, i); e > 0 {
			end, particle = e, true
			continue
		}
		w := readName(text, i)
		if !w.ok || w.caps != first.caps {
			break
		}
		family := w.flags&isFamily != 0
		known := family || w.flags&(isGiven|isStop|isTitle|isParticle) != 0
		switch {
		case best > 0:
			// A second family name; an unknown word is something else, and a word of a
			// place or an institution says that all of it is one.
			if w.flags&isStop != 0 && !family {
				return -1
			}
			if !family {
				return best
			}
		case family && (w.flags&isStop == 0 || strong):
		case w.flags&isGiven != 0:
			end = w.end // a middle name, or no full name at all
			strong = strong || w.flags&isWeak == 0
			continue
		case w.flags&isStop != 0:
			return -1
		case known || weak && !strong && !particle:
			return -1
		case w.end-i < 3 || first.caps && !particle:
			return -1
		}
		best, end, particle = w.end, w.end, false
	}
	return best
}

// particleAt returns the end of a particle such as van or de la in lower case.
func particleAt(text []byte, i int) int {
	j := i
	for j < len(text) && j-i < 6 && isLower(text[j]) {
		j++
	}
	if j == i || j >= len(text) || text[j] != ' ' || nameLexicon().flags(text[i:j])&isParticle == 0 {
		return -1
	}
	return j
}

// familyFirst is Smith, John Q.
func familyFirst(text []byte, first nameWord) int {
	i := first.end
	if i+2 >= len(text) || text[i] != ',' || text[i+1] != ' ' {
		return -1
	}
	w := readName(text, i+2)
	if !w.ok || w.caps != first.caps || w.flags&isGiven == 0 || w.flags&(isWeak|isStop) != 0 {
		return -1
	}
	// A list of given names or of families is no name: Scott, Thomas, Kelly.
	if first.flags&isGiven != 0 && w.flags&isFamily != 0 {
		return -1
	}
	if k := nextWord(text, w.end); k > 0 {
		if e := initial(text, k); e > 0 {
			return e
		}
		if next := readName(text, k); next.ok && next.flags&isFamily != 0 && next.flags&isGiven == 0 {
			return -1 // another full name begins with the given name
		}
	}
	return w.end
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
	if !given.ok || given.flags&(isGiven|isStop|isTitle|isFamily) != 0 || given.caps {
		return -1
	}
	j := nextWord(text, given.end)
	if j < 0 {
		return -1
	}
	family := readName(text, j)
	if !family.ok || family.caps || family.flags&isStop != 0 && family.flags&isFamily == 0 {
		return -1
	}
	return family.end
}
