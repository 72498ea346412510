package detect

import (
	"unicode"
	"unicode/utf8"
)

// prefilter tells from the first bytes of a word whether a keyword or a literal can
// start there. A word of four letters or more is looked up by its first four bytes, a
// shorter one by itself, so that keywords of two and three letters cost nothing where
// longer words merely begin like them. Bytes are folded by |0x20, which also brings
// together many lower and upper case letters outside ASCII; all other spellings of
// a keyword's first bytes are entered one by one.
type prefilter struct {
	bits    [1 << 10]uint64 // one bit per hash
	slots   []slot          // exact keys; a power of two, at most half full
	buckets []bucket
}

type slot struct {
	key    uint32
	bucket int32 // index + 1; 0: empty
}

// bucket is what to look for at a word that starts with a key.
type bucket struct {
	key      uint32
	managed  bool  // keywords of managed identifiers
	customs  []int // custom identifiers, by index, that have keywords here
	literals []literal
}

// literal is a fixed beginning of values that need no keyword.
type literal struct {
	text   string // lower case
	offset int    // from the literal to the start of the value
	rule   *rule
}

const (
	foldMask = 0x20202020
	oneMask  = 0xFFFF // a single letter is looked up together with what follows it
	twoMask  = 0xFFFF
	midMask  = 0xFFFFFF
	fullMask = 0xFFFFFFFF
)

// lenMasks gives the bytes of a key that count, by which of the next three
// positions end the word: bit 0 for the first.
var lenMasks = [8]uint32{fullMask, oneMask, twoMask, oneMask, midMask, oneMask, twoMask, oneMask}

func hash(key uint32) uint32 { return key * 0x9E3779B1 >> 16 }

// find returns the bucket of a key, or nil.
func (p *prefilter) find(key uint32) *bucket {
	if len(p.slots) == 0 {
		return nil
	}
	for i := p.slotOf(key); ; i = (i + 1) & (len(p.slots) - 1) {
		s := &p.slots[i]
		if s.bucket == 0 {
			return nil
		}
		if s.key == key {
			return &p.buckets[s.bucket-1]
		}
	}
}

// bucket returns the bucket of a key, made if need be.
func (p *prefilter) bucket(key uint32) *bucket {
	if b := p.find(key); b != nil {
		return b
	}
	h := hash(key)
	p.bits[h>>6] |= 1 << (h & 63)
	p.buckets = append(p.buckets, bucket{key: key})
	if 2*len(p.buckets) > len(p.slots) {
		p.slots = make([]slot, max(1<<10, 2*len(p.slots)))
		for i := range p.buckets {
			p.place(p.buckets[i].key, i)
		}
	} else {
		p.place(key, len(p.buckets)-1)
	}
	return &p.buckets[len(p.buckets)-1]
}

func (p *prefilter) place(key uint32, index int) {
	i := p.slotOf(key)
	for p.slots[i].bucket != 0 {
		i = (i + 1) & (len(p.slots) - 1)
	}
	p.slots[i] = slot{key, int32(index) + 1}
}

func (p *prefilter) slotOf(key uint32) int { return int(hash(key)) & (len(p.slots) - 1) }

// add enters a keyword's surface form under every key it can be met with.
func (p *prefilter) add(surface string, enter func(*bucket)) {
	p.spell(nil, []rune(surface), enter)
}

// spell enters the spellings of rest after the bytes that are spelt already.
func (p *prefilter) spell(done []byte, rest []rune, enter func(*bucket)) {
	if len(done) >= 4 {
		enter(p.bucket(keyOf(done[:4]) & fullMask))
		return
	}
	if len(rest) > 0 && (rest[0] >= utf8.RuneSelf || isASCIILetter(byte(rest[0]))) {
		for _, r := range spellings(rest[0]) {
			p.spell(utf8.AppendRune(done[:len(done):len(done)], r), rest[1:], enter)
		}
		return
	}
	switch len(done) {
	case 0:
		return // a keyword starts with a letter: newSet refuses others
	case 1:
		if len(rest) == 0 {
			return
		}
		next := []byte{byte(rest[0])}
		switch rest[0] {
		case gapSym:
			next = []byte{' ', '_', '-', '\t', '\n', '\r', 0xC2, 0xE2}
		case '\'':
			next = []byte{'\'', '`', 0xC2, 0xCA, 0xE2}
		case '-':
			next = []byte{'-', 0xE2}
		}
		for _, c := range next {
			enter(p.bucket(keyOf([]byte{done[0], c}) & oneMask))
		}
	default:
		enter(p.bucket(keyOf(done) & lenMasks[1<<(len(done)-1)]))
	}
}

// keyOf folds up to four bytes into a key.
func keyOf(b []byte) uint32 {
	var k uint32
	for i, c := range b {
		k |= uint32(c|0x20) << (8 * i)
	}
	return k
}

// spellings returns the runes that fold to r.
func spellings(r rune) []rune {
	if r == '\'' {
		return []rune{'\'', '`', 0x2018, 0x2019, 0x02BC, 0x00B4, 0x2032}
	}
	out := []rune{r}
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		if fold(o) == r {
			out = append(out, o)
		}
	}
	if r == 'i' || r >= utf8.RuneSelf {
		for _, o := range []rune{unicode.ToUpper(r), unicode.ToTitle(r)} {
			if o != r && fold(o) == r {
				out = append(out, o)
			}
		}
	}
	return out
}
