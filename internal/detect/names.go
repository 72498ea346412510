package detect

// Names is what the names above a value (its column's name, the elements of its
// path) say: the identifiers that have a keyword among them. It is immutable.
type Names struct {
	managed idSet
	rules   []*rule // of managed, that match near a keyword
	lead    int     // the largest of theirs
	signs   bool    // a value of one of them may start with one or two signs
	other   bool    // or with any, or they are too many
	custom  []bool  // by index among the custom identifiers; nil: none
}

// minInfix is the shortest keyword, in bytes, that counts in a name without being a
// word of its own there.
const minInfix = 7

// maxNamed is the most rules of one name that findNamed handles.
const maxNamed = 32

// Names compiles the names that lead to a value, outermost first. It returns nil
// when they hold no keyword. Compile them once per column or path, not per value.
func (s *Set) Names(names ...string) *Names {
	var joined []byte
	for _, n := range names {
		joined = append(append(joined, n...), ' ')
	}
	n := &Names{}
	found := false
	for i := range joined {
		word := wordStart(joined, i)
		s.keywords.trie.match(joined, i, true, func(end, k int) {
			if word && keywordEnd(joined, end) || end-i >= minInfix {
				n.managed.union(&s.keywords.owners[k])
				found = true
			}
		})
	}
	for i, id := range s.ids[s.managed:] {
		if id.Custom.inNames(joined) {
			if n.custom == nil {
				n.custom = make([]bool, len(s.ids)-s.managed)
			}
			n.custom[i] = true
			found = true
		}
	}
	if !found {
		return nil
	}
	n.managed.each(func(id int) {
		if r := s.rules[id]; r.near != nil {
			n.rules = append(n.rules, r)
			n.lead = max(n.lead, r.lead)
			n.signs = n.signs || s.signs.has(id)
			n.other = n.other || s.anywhere.has(id)
		}
	})
	n.other = n.other || len(n.rules) > maxNamed
	return n
}
