package operation

import (
	"errors"
	"hash/maphash"
)

// mostEmptyPages is how many pages without an item may come one after the other: a service may give
// some where it has looked at much that does not match.
const mostEmptyPages = 100

// Pages follows the pages of one list, and ends where an endpoint would have them followed for ever.
// The zero value stands before the first page.
type Pages struct {
	seed  maphash.Seed
	seen  map[uint64]bool
	empty int
}

// Next takes a page's token, and how many items the page had. It reports whether there is another
// page. An error says that the endpoint gave a token that it gave before, or page after page without
// an item.
func (p *Pages) Next(token string, items int) (more bool, err error) {
	if token == "" {
		return false, nil
	}
	if p.seen == nil {
		p.seed, p.seen = maphash.MakeSeed(), map[uint64]bool{}
	}
	name := maphash.String(p.seed, token)
	if p.seen[name] {
		return false, errors.New("the server answered the same page token twice")
	}
	p.seen[name] = true
	if p.empty++; items > 0 {
		p.empty = 0
	}
	if p.empty >= mostEmptyPages {
		return false, errors.New("the server answers pages without end that have nothing in them")
	}
	return true, nil
}
