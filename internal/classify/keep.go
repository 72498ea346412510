package classify

import (
	"strings"
	"unsafe"

	"magpie/internal/detect"
	"magpie/internal/extract"
)

// What a Worker keeps is bounded by its size in bytes and held through the account of the object at hand, which extract's
// readers share: both together have Options.Extract.MaxMemory.
const (
	// mostCached is the most that what names say may take, for which a document with thousands of different names is slow
	// without it; of a smaller budget it is an eighth. The other caches have half of that each.
	mostCached  = 8 << 20
	leastCached = 128 << 10
	// leastResult is what the result of one object may always take; with more memory it is a quarter of that.
	leastResult = 1 << 20
	// keptScanners is how many scanners are kept for the next document. A mail and what is attached to it have text at once.
	keptScanners = 2
)

// Sizes of what is kept beside the bytes of strings: rounded up, with what a map needs for an entry.
const (
	sizeOfEntry      = 96
	sizeOfNames      = 2 << 10                                          // a detect.Names of several rules
	sizeOfOccurrence = int64(unsafe.Sizeof(extract.Location{})) * 3 / 2 // a slice that grows has room
	sizeOfDetection  = int64(unsafe.Sizeof(Detection{})) + 64
	sizeOfDocument   = int64(unsafe.Sizeof(Document{}))
)

// cache is a map that is emptied when what it keeps grows too large. What is kept lives on from object to object unless the
// Worker empties it.
type cache[K comparable, V any] struct {
	m     map[K]V
	size  int64
	limit int64
}

func newCache[K comparable, V any](limit int64) cache[K, V] {
	return cache[K, V]{m: map[K]V{}, limit: limit}
}

// put keeps v, which with its key takes n bytes, if there is room.
func (c *cache[K, V]) put(a *extract.Account, k K, v V, n int64) {
	n += sizeOfEntry
	if c.size+n > c.limit {
		c.empty(a)
	}
	if n > c.limit || !a.Hold(n) {
		return
	}
	c.m[k] = v
	c.size += n
}

// empty forgets everything. A map that was large is not kept either.
func (c *cache[K, V]) empty(a *extract.Account) {
	if c.size > 0 {
		c.m = map[K]V{}
		a.Release(c.size)
		c.size = 0
	}
}

// open holds through a new account what is kept from objects before.
func (c *cache[K, V]) open(a *extract.Account) {
	if !a.Hold(c.size) {
		c.m, c.size = map[K]V{}, 0
	}
}

// begin opens the account of an object.
func (w *Worker) begin() {
	w.account = extract.NewAccount(w.limit)
	w.byText.open(w.account)
	w.names.open(w.account)
	w.kept = 0
	w.faults = nil
}

// forget lets go of everything that has to do with the object at hand.
func (w *Worker) forget() {
	w.byPlace.empty(w.account)
	clear(w.recent[:])
	list := w.fields.list[:cap(w.fields.list)]
	clear(list)
	w.fields = fields{list: list[:0]}
	if w.records != nil {
		w.records.forget(w.account)
	}
	for _, t := range w.tallies {
		*t = tally{counts: t.counts}
	}
}

// keep takes n bytes for the result; it returns false when the result is as large as it may be.
func (w *Worker) keep(t *tally, n int64) bool {
	if w.kept+n > max(w.limit/4, leastResult) || !w.account.Hold(n) {
		return false
	}
	w.kept += n
	t.kept += n
	return true
}

// unkeep gives back what a document took that the result has no room for.
func (w *Worker) unkeep(t *tally) {
	w.account.Release(t.kept)
	w.kept -= t.kept
	t.kept = 0
}

// compiled returns what the names say, compiled once for each way of names. Ways that extract shares are found by where they
// are.
func (w *Worker) compiled(names []string) *detect.Names {
	if len(names) == 0 {
		return nil
	}
	// The last few ways, in a table that costs less than a map.
	slot := &w.recent[uintptr(unsafe.Pointer(&names[0]))>>4%uintptr(len(w.recent))]
	if slot.place == &names[0] {
		return slot.names
	}
	n := w.compile(names)
	slot.place, slot.names = &names[0], n
	return n
}

func (w *Worker) compile(names []string) *detect.Names {
	if n, ok := w.byPlace.m[&names[0]]; ok {
		return n
	}
	key := strings.Join(names, "\x00")
	n, ok := w.byText.m[key]
	if !ok {
		if n, ok = w.c.set.NamesInTime(w.late, names...); !ok {
			return nil
		}
		size := int64(len(key))
		if n != nil {
			size += sizeOfNames
		}
		w.byText.put(w.account, key, n, size)
	}
	// A way that is found by where it is stays where it is: its strings are kept with it.
	w.byPlace.put(w.account, &names[0], n, int64(len(key))+int64(len(names))*16)
	return n
}
