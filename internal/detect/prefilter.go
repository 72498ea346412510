package detect

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// prefilter tells from the first bytes of a word whether a keyword or a literal can
// start there. A word is looked up by all its letters, up to eight, so that short
// keywords cost nothing where longer words merely begin like them, and long ones
// are seldom mistaken. Bytes are folded by |0x20, which also brings together many
// lower and upper case letters outside ASCII; all other spellings of a keyword's
// first bytes are entered one by one.
type prefilter struct {
	bits    [1 << (hashBits - 6)]uint64 // one bit per hash
	slots   []slot                      // exact keys; a power of two, at most half full
	buckets []bucket
}

type slot struct {
	key    uint64
	bucket int32 // index + 1; 0: empty
}

// bucket is what to look for at a word that starts with a key.
type bucket struct {
	key   uint64
	bytes int // of the word that count: its letters, at most keyBytes
	// The two bytes that may follow them, by their lowest six bits: where only
	// "google api" is a keyword, google followed by anything else is not looked at.
	after [2]uint64

	managed  bool  // keywords of managed identifiers
	parts    Parts // names of parts, see Scanner.Parts
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
	hashBits = 17
	keyBytes = 8
	foldMask = 0x2020202020202020
)

// lenMasks gives the bytes of a key that count by the length of the word. A single
// letter is looked up together with what follows it.
var lenMasks = [16]uint64{0, 1<<16 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1, 1<<40 - 1, 1<<48 - 1, 1<<56 - 1, 1<<64 - 1}

func hash(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> (64 - hashBits) }

// clone returns a prefilter that can be added to and leaves the first as it is.
func (p *prefilter) clone() prefilter {
	return prefilter{bits: p.bits, slots: slices.Clone(p.slots), buckets: slices.Clone(p.buckets)}
}

// find returns the bucket of a key, or nil.
func (p *prefilter) find(key uint64) *bucket {
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

// bucket returns the bucket of the first letters of a word, made if need be. Of what
// follows, rest is known; nothing when it is empty.
func (p *prefilter) bucket(key uint64, letters int, rest []rune) *bucket {
	b := p.find(key)
	if b == nil {
		h := hash(key)
		p.bits[h>>6] |= 1 << (h & 63)
		p.buckets = append(p.buckets, bucket{key: key, bytes: letters})
		if 2*len(p.buckets) > len(p.slots) {
			p.slots = make([]slot, max(1<<10, 2*len(p.slots)))
			for i := range p.buckets {
				p.place(p.buckets[i].key, i)
			}
		} else {
			p.place(key, len(p.buckets)-1)
		}
		b = &p.buckets[len(p.buckets)-1]
	}
	for i := range b.after {
		for _, c := range following(rest, i) {
			b.after[i] |= 1 << (c & 63)
		}
	}
	return b
}

// following returns the bytes that may stand at place 0 or 1 of the text where the
// keyword goes on with rest: all of them where rest does not tell.
func following(rest []rune, place int) []byte {
	if len(rest) == 0 || place == 1 && rest[0] >= utf8.RuneSelf {
		return everyByte
	}
	var out []byte
	if place == 1 {
		out = following(rest[1:], 0)
		if rest[0] == gapSym { // more white space, or the rest of a rune
			out = append(out[:len(out):len(out)], ' ', '\t', '\n', '\r', 0xA0, 0x80, 0xC2)
		} else if rest[0] == '\'' || rest[0] == '-' {
			out = everyByte
		}
		return out
	}
	switch rest[0] {
	case gapSym:
		return []byte{' ', '_', '-', '.', '\t', '\n', '\r', 0xC2, 0xE2}
	case '\'':
		return []byte{'\'', '`', 0xC2, 0xCA, 0xE2}
	case '-':
		return []byte{'-', 0xE2}
	}
	for _, r := range spellings(rest[0]) {
		out = append(out, string(r)[0])
	}
	return out
}

var everyByte = func() (all []byte) {
	for c := range 256 {
		all = append(all, byte(c))
	}
	return all
}()

// leads says whether the text after a word that has the bucket's key goes on as one of
// its keywords or literals might.
func (b *bucket) leads(text []byte, p int) bool {
	if p += b.bytes; p+1 >= len(text) {
		return true
	}
	return b.after[0]>>(text[p]&63)&(b.after[1]>>(text[p+1]&63))&1 != 0
}

func (p *prefilter) place(key uint64, index int) {
	i := p.slotOf(key)
	for p.slots[i].bucket != 0 {
		i = (i + 1) & (len(p.slots) - 1)
	}
	p.slots[i] = slot{key, int32(index) + 1}
}

func (p *prefilter) slotOf(key uint64) int { return int(hash(key)) & (len(p.slots) - 1) }

// add enters a keyword's surface form under every key it can be met with.
func (p *prefilter) add(surface string, enter func(*bucket)) {
	p.spell(nil, []rune(surface), enter)
}

// spell enters the spellings of rest after the bytes that are spelt already.
func (p *prefilter) spell(done []byte, rest []rune, enter func(*bucket)) {
	if len(done) > keyBytes {
		rest = nil // the key ends inside a rune
	}
	if len(done) >= keyBytes {
		enter(p.bucket(keyOf(done[:keyBytes]), keyBytes, rest))
		return
	}
	if len(rest) > 0 && isWordRune(rest[0]) {
		all := spellings(rest[0])
		if rest[0] < utf8.RuneSelf {
			all = all[:1] // a key is the same in either case
		}
		for _, r := range all {
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
		for _, c := range following(rest, 0) {
			enter(p.bucket(keyOf([]byte{done[0], c}), 1, rest))
		}
	default:
		enter(p.bucket(keyOf(done), len(done), rest))
	}
}

// keyOf folds up to eight bytes into a key.
func keyOf(b []byte) uint64 {
	var k uint64
	for i, c := range b {
		k |= uint64(c|0x20) << (8 * i)
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
