package sampling

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
)

// Why a bucket is looked at.
const (
	whyFirst   = "it was never looked at"
	whyChanged = "objects were added or changed"
	whyMore    = "there is more to learn"
	whyCheck   = "to see whether what was found is still there"
)

// option is a bucket that may be visited.
type option struct {
	name      string
	objects   int64   // that can be analysed
	size      float64 // bytes, of one object that is cheap to read
	groups    int64   // of objects that are alike, as the last census counted them
	analysed  int64
	sensitive int64
	skipped   int64
	groupsIn  int64 // groups of which an object was analysed
	changed   bool  // it has other objects than when it was listed last
	visits    int   // in this cycle
	over      bool  // nothing of it is to be chosen in this cycle any more

	worth float64
	place int
}

// overhead is what a request costs beside the bytes that it brings, in bytes.
const overhead = 64 << 10

// why says what the next visit is for.
func (o *option) why() string {
	switch {
	case o.analysed+o.skipped == 0:
		return whyFirst
	case o.changed && o.visits == 0:
		return whyChanged
	}
	return whyMore
}

// weigh says how much is to be learnt by one more object of a bucket, for what it costs. Buckets of which nothing is known come before all
// others, the cheapest ones first: so as many as possible are looked at. rate is how often something was found in objects of others.
func (o *option) weigh(rate float64) {
	cost := o.size + overhead
	if o.analysed+o.skipped == 0 && o.visits == 0 {
		o.worth = 1e12 / cost
		return
	}
	// How probable it is that the next object tells something new: what was not found in n objects is the less probable in the next, and where
	// something was found, more of it changes little.
	p := rate * 3 / float64(o.analysed+3)
	if o.sensitive > 0 {
		p = 0.1 * rate / float64(o.sensitive+1)
	}
	if o.analysed == 0 {
		p = rate / float64(2*o.skipped+1)
	}
	if o.groups > 0 {
		p *= 0.25 + 0.75*float64(max(0, o.groups-o.groupsIn))/float64(o.groups)
	}
	if o.objects > 0 {
		p *= max(0.01, 1-float64(o.analysed)/float64(o.objects))
	}
	if o.changed {
		p *= 2
	}
	// A bucket that was visited often in this cycle leaves the turn to others.
	o.worth = p / cost * math.Exp2(-float64(o.visits)/4)
}

// options are a heap of buckets: the one that is worth most comes first.
type options []*option

func (h options) Len() int { return len(h) }
func (h options) Less(i, j int) bool {
	if h[i].worth != h[j].worth {
		return h[i].worth > h[j].worth
	}
	return h[i].name < h[j].name
}
func (h options) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *options) Push(x any) {
	o := x.(*option)
	o.place = len(*h)
	*h = append(*h, o)
}

// Pop implements heap.Interface.
func (h *options) Pop() any {
	last := len(*h) - 1
	o := (*h)[last]
	*h = (*h)[:last]
	return o
}

// next is the bucket to visit, or nil. It stays in the heap.
func (h options) next() *option {
	if len(h) == 0 {
		return nil
	}
	return h[0]
}

// again weighs a bucket anew, or takes it out when nothing of it is to be chosen any more.
func (h *options) again(o *option, rate float64) {
	if o.over {
		heap.Remove(h, o.place)
		return
	}
	o.weigh(rate)
	heap.Fix(h, o.place)
}

// hopes are how often sensitive data is to be expected in a file of an extension, before anything was read.
var hopes = func() map[string]float64 {
	m := map[string]float64{}
	for hope, list := range map[float64]string{
		0.4:  "csv tsv parquet avro xls xlsx sql jsonl ndjson eml mbox vcf",
		0.3:  "json txt text pdf doc docx xml log env",
		0.2:  "gz gzip zip tar tgz conf cfg ini properties yaml yml toml",
		0.08: "md markdown rst htm html xhtml ics",
		0.05: "c cc cpp cs css go h hpp java js jsx kt php pl ps1 py r rb rs scala sh swift tf ts tsx vb",
	} {
		for e := range strings.FieldsSeq(list) {
			m[e] = hope
		}
	}
	return m
}()

// rates are how often something was found, by extension.
type rates struct {
	by  map[string]*[2]float64 // found, and all
	all [2]float64
}

func newRates() *rates { return &rates{by: map[string]*[2]float64{}} }

// add counts an object that was analysed.
func (r *rates) add(extension string, found bool) {
	x := r.by[extension]
	if x == nil {
		if len(r.by) >= 1000 { // names of files are strangers' texts
			return
		}
		x = new([2]float64)
		r.by[extension] = x
	}
	for _, c := range []*[2]float64{x, &r.all} {
		c[1]++
		if found {
			c[0]++
		}
	}
}

// of is how often something is found in files of an extension: what was hoped counts like four objects.
func (r *rates) of(extension string) float64 {
	extension = strings.ToLower(extension)
	hope, ok := hopes[extension]
	if !ok {
		hope = 0.1
	}
	x := r.by[extension]
	if x == nil {
		x = new([2]float64)
	}
	return (x[0] + 4*hope) / (x[1] + 4)
}

// overall is how often something is found at all.
func (r *rates) overall() float64 { return (r.all[0] + 1) / (r.all[1] + 4) }

// draw is what can be chosen of a part of a bucket: its objects by groups that are alike, and of each group some at random. Which these are
// depends on the cycle and the key alone, so that every node chooses the same.
type draw struct {
	salt   []byte
	groups map[inventory.Group]*drawGroup
	again  []ticket // objects that could not be read in another cycle, and may be now
	month  string   // the present one
	left   int64    // tickets that were not taken
	more   bool     // there are objects that got no ticket
}

// ticket is an object that may be chosen.
type ticket struct {
	object objectstore.Object
	lot    uint64
}

// drawGroup is objects that are alike.
type drawGroup struct {
	objects, seen, found int64
	tickets              []ticket // the least lots first
	fresh                bool
}

// The bounds of a draw.
const (
	maxDrawGroups  = 5000
	ticketsOfGroup = 16
	maxAgain       = 4
)

func newDraw(salt, month string) *draw {
	return &draw{salt: []byte(salt), groups: map[inventory.Group]*drawGroup{}, month: month}
}

// add puts an object in: known says what came of it, if it was analysed and has not changed.
func (d *draw) add(o *objectstore.Object, known *kind, choosable bool) {
	name := inventory.GroupOf(o)
	g := d.groups[name]
	if g == nil && len(d.groups) >= maxDrawGroups {
		name = inventory.Group{Prefix: "*", Extension: name.Extension}
		g = d.groups[name]
	}
	if g == nil {
		g = &drawGroup{fresh: name.Month == d.month}
		d.groups[name] = g
	}
	g.objects++
	if known != nil {
		if *known == clean || *known == sensitive {
			g.seen++
		}
		if *known == sensitive {
			g.found++
		}
	}
	if !choosable {
		return
	}
	sum := sha256.Sum256(append(append([]byte(nil), d.salt...), o.Key...))
	t := ticket{*o, binary.BigEndian.Uint64(sum[:])}
	if known != nil {
		if known.again() && len(d.again) < maxAgain {
			d.again = append(d.again, t)
			d.left++
		}
		return
	}
	if n := len(g.tickets); n == ticketsOfGroup {
		d.more = true
		if g.tickets[n-1].lot <= t.lot {
			return
		}
		g.tickets = g.tickets[:n-1]
		d.left--
	}
	at, _ := slices.BinarySearchFunc(g.tickets, t.lot, func(x ticket, lot uint64) int { return cmp.Compare(x.lot, lot) })
	g.tickets = slices.Insert(g.tickets, at, t)
	d.left++
}

// numbers are the groups, those of which an object was analysed, and how many objects these have.
func (d *draw) numbers() (groups, seen, in int64) {
	for _, g := range d.groups {
		groups++
		if g.seen > 0 {
			seen++
			in += g.objects
		}
	}
	return groups, seen, in
}

// pick chooses up to k objects, while less than budget bytes are chosen: so the last one may go beyond.
func (d *draw) pick(k int, budget int64, r *rates) (chosen []objectstore.Object) {
	for ; k > 0 && budget > 0; k-- {
		t, ok := d.best(r)
		if !ok && len(d.again) > 0 {
			t, ok = d.again[0], true
			d.again = d.again[1:]
			d.left--
		}
		if !ok {
			break
		}
		chosen = append(chosen, t.object)
		budget -= t.object.Size
	}
	return chosen
}

// best takes the object that promises most for what it costs.
func (d *draw) best(r *rates) (best ticket, ok bool) {
	var from *drawGroup
	var at int
	worth := -1.0
	var name inventory.Group
	for key, g := range d.groups {
		if len(g.tickets) == 0 {
			continue
		}
		i := 0 // of the two that were drawn first, the smaller one
		if len(g.tickets) > 1 && g.tickets[1].object.Size < g.tickets[0].object.Size {
			i = 1
		}
		p := r.of(key.Extension)
		switch {
		case g.found > 0:
			p *= 0.2 / float64(g.found+1)
		case g.seen > 0:
			p *= 2 / float64(2*g.seen+2)
		}
		if g.fresh {
			p *= 1.25
		}
		w := p / (float64(g.tickets[i].object.Size) + overhead)
		if w > worth || w == worth && less(key, name) {
			from, at, worth, name = g, i, w, key
		}
	}
	if from == nil {
		return ticket{}, false
	}
	best = from.tickets[at]
	from.tickets = slices.Delete(from.tickets, at, at+1)
	from.seen++ // until it is known what came of it
	d.left--
	return best, true
}

func less(a, b inventory.Group) bool {
	return cmp.Or(strings.Compare(a.Prefix, b.Prefix), strings.Compare(a.Extension, b.Extension), strings.Compare(a.Class, b.Class),
		strings.Compare(a.Month, b.Month)) < 0
}

// learnt tells what came of an object that was picked.
func (d *draw) learnt(o *objectstore.Object, k kind) {
	name := inventory.GroupOf(o)
	g := d.groups[name]
	if g == nil {
		g = d.groups[inventory.Group{Prefix: "*", Extension: name.Extension}]
	}
	switch {
	case g == nil:
	case k == sensitive:
		g.found++
	case k != clean:
		g.seen = max(0, g.seen-1)
	}
}

// manyObjects is how many objects one visit chooses: one at first, and more each time, so that the buckets that come later have their turn,
// and more where the listing alone took many requests.
func manyObjects(visits int, listed int64) int {
	return min(1<<min(visits, 4)+int(listed/8), 64)
}
