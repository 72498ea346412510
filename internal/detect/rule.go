package detect

import "magpie/internal/detect/managed"

// matcher reports where the longest valid value that starts at text[start] ends, or
// -1.
type matcher func(text []byte, start int) (end int)

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

// rule says how the values of one managed identifier are found.
type rule struct {
	id   int
	info *managed.Identifier
	// near matches a value that has a keyword near it, free one that has none. One
	// of them may be nil.
	near, free           matcher
	nearFirst, freeFirst byteSet
	minLen, maxLen       int
	// unless names the identifier whose keywords must not be near: the card number
	// that is reported without a keyword. Its keywords are owned by this rule too.
	absent bool
	// weight ranks evidence when matches overlap, see beats.
	weight uint8
}

// keywordTable finds the keywords of managed identifiers.
type keywordTable struct {
	trie   *trie
	owners []idSet // by keyword
}

// maxReach is how far a keyword may be from a value, in characters.
const maxReach = 30

// maxKeyword bounds a keyword in the text, in bytes, gaps included.
const maxKeyword = 512

// bind compiles keywords and rules for the identifiers of the set.
func (s *Set) bind() {
	s.keywords.trie = newTrie()
	index := map[string]int{}
	for i, id := range s.ids[:s.managed] {
		for _, k := range id.Managed.Keywords {
			forms := surfaces(k)
			key := forms[len(forms)-1]
			n, ok := index[key]
			if !ok {
				n = len(s.keywords.owners)
				index[key] = n
				s.keywords.owners = append(s.keywords.owners, idSet{})
				for _, f := range forms {
					s.keywords.trie.add(f, n)
				}
			}
			s.keywords.owners[n].add(i)
		}
	}
	longest := MaxCustomMatch
	s.lookbehind = maxKeyword + 4*max(maxReach, MaxMatchDistance) + 64
	s.lookahead = longest + 2048
}
