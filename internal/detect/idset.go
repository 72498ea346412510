package detect

import "math/bits"

// idSet is a set of the identifiers of a Set, by index. Managed identifiers come
// first, so three words hold them all; custom ones keep their keywords apart.
type idSet [3]uint64

func (s *idSet) add(i int)           { s[i>>6] |= 1 << (i & 63) }
func (s *idSet) has(i int) bool      { return s[i>>6]>>(i&63)&1 != 0 }
func (s *idSet) empty() bool         { return s[0]|s[1]|s[2] == 0 }
func (s *idSet) union(o *idSet)      { s[0] |= o[0]; s[1] |= o[1]; s[2] |= o[2] }
func (s *idSet) intersect(o *idSet)  { s[0] &= o[0]; s[1] &= o[1]; s[2] &= o[2] }
func (s *idSet) each(f func(id int)) { s.eachUntil(func(id int) bool { f(id); return true }) }

func (s *idSet) eachUntil(f func(id int) bool) {
	for w, v := range s {
		for ; v != 0; v &= v - 1 {
			if !f(w<<6 + bits.TrailingZeros64(v)) {
				return
			}
		}
	}
}
