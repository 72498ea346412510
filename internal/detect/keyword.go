package detect

import (
	"strings"
	"unicode/utf8"
)

// gapSym stands for the space of a keyword in the trie.
const gapSym = ' '

// keywordTokens splits a keyword at spaces, underscores and dashes, each of which
// matches any of the others or nothing.
func keywordTokens(keyword string) []string {
	return strings.FieldsFunc(keyword, func(r rune) bool {
		return r == ' ' || r == '_' || r == '-' || r >= 0x2010 && r <= 0x2015 || r == 0xA0
	})
}

// foldString folds every rune.
func foldString(s string) string {
	return strings.Map(fold, s)
}

// surfaces returns every way in which a keyword of Macie's may be written, with
// gapSym where a separator stands: "credit card" gives "creditcard" and
// "credit card".
func surfaces(keyword string) []string {
	tokens := keywordTokens(keyword)
	if len(tokens) == 0 {
		return nil
	}
	out := []string{foldString(tokens[0])}
	for _, t := range tokens[1:] {
		t = foldString(t)
		n := len(out)
		for i := range n {
			out = append(out, out[i]+string(gapSym)+t)
			out[i] += t
		}
	}
	return out
}

// trie holds the surfaces of keywords, byte by byte. Node 0 is the root.
type trie struct {
	nodes []trieNode
	root  [256]uint32 // the root's children
}

type trieNode struct {
	sym     byte
	child   uint32 // first child, 0: none
	next    uint32 // next sibling, 0: none
	keyword int32  // index of the keyword that ends here + 1; 0: none
}

func newTrie() *trie { return &trie{nodes: make([]trieNode, 1, 1<<12)} }

func (t *trie) add(surface string, keyword int) {
	at := uint32(0)
	for i := range len(surface) {
		at = t.grow(at, surface[i])
	}
	if t.nodes[at].keyword == 0 {
		t.nodes[at].keyword = int32(keyword) + 1
	}
}

// find returns the child of a node by symbol, or 0.
func (t *trie) find(at uint32, sym byte) uint32 {
	if at == 0 {
		return t.root[sym]
	}
	for c := t.nodes[at].child; c != 0; c = t.nodes[c].next {
		if t.nodes[c].sym == sym {
			return c
		}
	}
	return 0
}

func (t *trie) grow(at uint32, sym byte) uint32 {
	if c := t.find(at, sym); c != 0 {
		return c
	}
	t.nodes = append(t.nodes, trieNode{sym: sym, next: t.nodes[at].child})
	n := uint32(len(t.nodes) - 1)
	t.nodes[at].child = n
	if at == 0 {
		t.root[sym] = n
	}
	return n
}

// foldedByte maps ASCII bytes as fold does and leaves the others alone.
var foldedByte = func() (t [256]byte) {
	for c := range 256 {
		t[c] = byte(c)
		if c < utf8.RuneSelf {
			t[c] = byte(fold(rune(c)))
		}
	}
	return t
}()

// match walks the trie along text from start, which must be a word start, and
// calls found for every keyword that is complete where it ends, or for every one
// when parts is set. Where the text has a gap the keyword must have one; that a
// keyword's gap may be missing in the text is in the trie already. It says whether
// the text ended where a keyword goes on.
func (t *trie) match(text []byte, start int, parts bool, found func(end, keyword int)) (open bool) {
	at, i := uint32(0), start
	for i < len(text) {
		if g := gapLen(text, i); g > 0 && !(text[i] == '.' && t.find(at, '.') != 0) {
			if at = t.find(at, gapSym); at == 0 {
				return false
			}
			i += g
			continue
		}
		if at, i = t.letter(at, text, i); at == 0 {
			return false
		}
		if k := t.nodes[at].keyword; k != 0 && (parts || keywordEnd(text, i)) {
			found(i, int(k)-1)
		}
	}
	return start < len(text) && t.nodes[at].child != 0
}

// matchExact is match for keywords whose separators stand for themselves.
func (t *trie) matchExact(text []byte, start int, found func(end, keyword int)) {
	at, i := uint32(0), start
	for i < len(text) {
		if at, i = t.letter(at, text, i); at == 0 {
			return
		}
		if k := t.nodes[at].keyword; k != 0 && keywordEnd(text, i) {
			found(i, int(k)-1)
		}
	}
}

// letter follows one character of the text.
func (t *trie) letter(at uint32, text []byte, i int) (node uint32, next int) {
	c := text[i]
	if c < utf8.RuneSelf {
		return t.find(at, foldedByte[c]), i + 1
	}
	r, n := utf8.DecodeRune(text[i:])
	if r == utf8.RuneError && n <= 1 {
		return 0, i
	}
	var b [utf8.UTFMax]byte
	m := utf8.EncodeRune(b[:], fold(r))
	for _, c := range b[:m] {
		if at = t.find(at, c); at == 0 {
			return 0, i
		}
	}
	return at, i + n
}

// keywordEnd says whether a keyword that ends before text[i] is complete there: a
// letter must be the last of its word, a digit the last of its number.
func keywordEnd(text []byte, i int) bool {
	c := text[i-1]
	if isDigit(c) {
		return i >= len(text) || !isDigit(text[i])
	}
	if c < utf8.RuneSelf && !isASCIILetter(c) {
		return true
	}
	if c >= utf8.RuneSelf && (i < 2 || !twoBytes(text, i-2)) {
		return true
	}
	return wordEnd(text, i)
}
