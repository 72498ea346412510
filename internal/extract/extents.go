package extract

import "sort"

// extents are the parts of a file that have been read under some name. Formats that name the places of their parts let one part
// have many names; a small file then stands for any amount of text. No format here means that, so each byte is read under the
// first name that it is met by.
type extents struct {
	list  []extent // apart from one another, in order
	slack int64    // parts that are no further apart than that count as one: nothing fits between them
	holds holding
}

type extent struct{ lo, hi int64 }

var errShared = stop(Skipped, MalformedFile, "its bytes are part of something else, too")

// take notes that [lo, hi) is read. The error is errShared when some of it has been read before.
func (e *extents) take(lo, hi int64) error {
	if hi <= lo {
		return nil
	}
	i := sort.Search(len(e.list), func(i int) bool { return e.list[i].hi > lo }) // the first that ends behind lo
	if i < len(e.list) && e.list[i].lo < hi {
		return errShared
	}
	before := i > 0 && lo-e.list[i-1].hi <= e.slack
	after := i < len(e.list) && e.list[i].lo-hi <= e.slack
	switch {
	case before && after:
		e.list[i-1].hi = e.list[i].hi
		e.list = append(e.list[:i], e.list[i+1:]...)
	case before:
		e.list[i-1].hi = hi
	case after:
		e.list[i].lo = lo
	default:
		if len(e.list) == cap(e.list) && !e.grow() {
			return stop(Partial, UnableToParseFile, "more parts in disorder than the memory allowed can hold")
		}
		e.list = append(e.list, extent{})
		copy(e.list[i+1:], e.list[i:])
		e.list[i] = extent{lo, hi}
	}
	return e.holds.w.step(int64(len(e.list)-i) / 16)
}

func (e *extents) grow() bool {
	n := max(64, 2*cap(e.list))
	if !e.holds.hold(int64(n) * 16) {
		return false
	}
	grown := make([]extent, len(e.list), n)
	copy(grown, e.list)
	e.holds.release(int64(cap(e.list)) * 16)
	e.list = grown
	return true
}
