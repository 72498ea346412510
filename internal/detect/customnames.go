package detect

import (
	"slices"
	"strings"
)

// customNames finds the keywords of custom identifiers in names. It holds those of all identifiers together, so that what a name
// costs does not grow with how many there are; and a keyword once, whatever separators it has, since a keyword of twenty words
// may be written in half a million ways.
type customNames struct {
	trie   *trie
	forms  map[string]int
	owners [][]int // by form: identifiers, by index among the custom ones, ascending
}

// newCustomNames returns nil where no identifier has keywords.
func newCustomNames(customs []*Custom) *customNames {
	var n *customNames
	for i, c := range customs {
		for _, k := range c.config.Keywords {
			tokens := keywordTokens(k)
			if len(tokens) == 0 {
				continue // it has no letter, and names have their separators apart
			}
			if n == nil {
				n = &customNames{trie: newTrie(), forms: map[string]int{}}
			}
			n.add(foldString(strings.Join(tokens, string(gapSym))), i)
		}
	}
	return n
}

func (n *customNames) add(form string, custom int) {
	k, known := n.forms[form]
	if !known {
		k = len(n.owners)
		n.forms[form] = k
		n.owners = append(n.owners, nil)
		n.trie.add(form, k)
	}
	if !slices.Contains(n.owners[k], custom) {
		n.owners[k] = append(n.owners[k], custom)
	}
}

// matchLoose calls found for every keyword that text spells from i on, below a node: where the keyword has a separator the text
// may have one or none, where it has none neither may the text. It returns how many nodes it went through.
func (t *trie) matchLoose(at uint32, text []byte, i int, found func(end, keyword int)) (nodes int) {
	for ; at != 0 || nodes == 0; nodes++ {
		if k := t.nodes[at].keyword; k != 0 {
			found(i, int(k)-1)
		}
		if i >= len(text) {
			break
		}
		gap := t.find(at, gapSym)
		g := gapLen(text, i)
		if g == 0 || text[i] == '.' { // a point is a separator, or itself
			if gap != 0 {
				if next, end := t.letter(gap, text, i); next != 0 {
					nodes += t.matchLoose(next, text, end, found)
				}
			}
			next, end := t.letter(at, text, i)
			if g == 0 {
				at, i = next, end
				continue
			}
			if next != 0 {
				nodes += t.matchLoose(next, text, end, found)
			}
		}
		at, i = gap, i+g
	}
	return nodes
}
