package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"magpie/internal/inventory/objectstore"
)

// count is a census that is under way: several workers, each at one range. What is counted and the marks of the ranges change together,
// under one lock, so that what is recorded at any moment fits.
type count struct {
	b *Bucket

	mu     sync.Mutex
	change *sync.Cond // a range was finished or added, or has become worth dividing
	state  *censusState
	groups map[groupKey]*[2]int64
	busy   int
	err    error
}

// newCount begins a census, or goes on with one.
func newCount(b *Bucket, state *censusState) (*count, error) {
	c := &count{b: b, state: state, groups: map[groupKey]*[2]int64{}}
	c.change = sync.NewCond(&c.mu)
	for _, r := range state.Ranges {
		var err error
		if r.at, err = DecodeKey(r.At); err != nil {
			return nil, err
		}
		if r.To != "" {
			if r.to, err = DecodeKey(r.To); err != nil {
				return nil, err
			}
		}
	}
	for _, g := range state.Groups {
		var month int32
		if g.Month != otherGroups {
			t, err := time.Parse("2006-01", g.Month)
			if err != nil {
				return nil, fmt.Errorf("census: %w", err)
			}
			month = monthOf(t)
		}
		c.groups[groupKey{g.Prefix, g.Extension, g.Class, month}] = &[2]int64{g.Objects, g.Size}
	}
	return c, nil
}

// run counts until all ranges are done, and records every so often how far it has come.
func (c *count) run(ctx context.Context, every time.Duration, record func(*censusState) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fail(ctx.Err())
	})()
	var w sync.WaitGroup
	workers := censusWorkers
	if _, ok := c.b.store.(walker); ok {
		workers = 1 // a folder is read in order
	}
	for range workers {
		w.Go(func() { c.work(ctx) })
	}
	done := make(chan struct{})
	go func() {
		w.Wait()
		close(done)
	}()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return c.err
		case <-ticker.C:
			if err := record(c.snapshot()); err != nil {
				c.mu.Lock()
				c.fail(err)
				c.mu.Unlock()
				cancel()
			}
		}
	}
}

// fail ends the census with its first error.
func (c *count) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.change.Broadcast()
}

// snapshot is how far it has come.
func (c *count) snapshot() *censusState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *c.state
	s.Groups = sortedGroups(c.groups)
	s.Ranges = make([]*censusRange, len(c.state.Ranges))
	for i, r := range c.state.Ranges {
		x := *r
		x.At, x.To = EncodeKey(r.at), ""
		if r.to != "" {
			x.To = EncodeKey(r.to)
		}
		x.Samples = append([]Split{}, r.Samples...)
		s.Ranges[i] = &x
	}
	return &s
}

// work counts one range after another.
func (c *count) work(ctx context.Context) {
	for {
		r := c.take(ctx)
		if r == nil {
			return
		}
		err := c.b.passOver(ctx, r.at, func(objects []objectstore.Object) error { return c.add(r, objects) })
		c.mu.Lock()
		c.busy--
		if err != nil && !errors.Is(err, errEnough) {
			c.fail(err)
		} else {
			r.Done = true
		}
		c.change.Broadcast()
		c.mu.Unlock()
	}
}

// take finds a range to count, if need be by dividing one that another worker is at. nil: there is nothing to do any more.
func (c *count) take(ctx context.Context) *censusRange {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil {
		left := false
		for _, r := range c.state.Ranges {
			if !r.Done && !r.taken {
				r.taken = true
				c.busy++
				return r
			}
			left = left || !r.Done
		}
		if !left {
			return nil
		}
		if r := c.largest(); r != nil {
			c.divide(ctx, r)
			continue
		}
		c.change.Wait()
	}
	return nil
}

// largest is a range that is worth dividing, or nil.
func (c *count) largest() *censusRange {
	var best *censusRange
	for _, r := range c.state.Ranges {
		if r.taken && !r.Done && !r.stuck && r.Counted >= worthSplitting && (best == nil || r.Counted > best.Counted) {
			best = r
		}
	}
	return best
}

// divide cuts a range that is being counted in two, somewhere after where its worker is. It is called, and returns, with the lock held.
//
// Where the keys are is not known; but those that are still to come begin, for longer or shorter, as the one does that was counted last.
// So a cut is looked for after all that begins with its first character, with its first two, and so on: the first of these places that
// has a key behind it will do.
func (c *count) divide(ctx context.Context, r *censusRange) {
	at := r.at
	r.stuck = true // unless a place is found; nobody else looks meanwhile
	c.mu.Unlock()
	cut, found := c.cut(ctx, at, r)
	c.mu.Lock()
	if !found || r.Done || cut <= r.at || r.to != "" && cut >= r.to {
		return
	}
	c.state.Ranges = append(c.state.Ranges, &censusRange{at: cut, to: r.to})
	r.to, r.stuck, r.Counted = cut, false, 0
	c.change.Broadcast()
}

func (c *count) cut(ctx context.Context, at string, r *censusRange) (string, bool) {
	if !utf8.ValidString(at) {
		return "", false
	}
	probes := 0
	for i, ch := range at {
		end := i + utf8.RuneLen(ch)
		if probes++; probes > maxProbes {
			return "", false
		}
		place := at[:end] + string(utf8.MaxRune)
		page, err := c.b.List(ctx, place, "", 1)
		if err != nil {
			return "", false // whoever lists the range will see why
		}
		if len(page.Objects) == 0 {
			continue
		}
		c.mu.Lock()
		within := r.to == "" || page.Objects[0].Key <= r.to
		c.mu.Unlock()
		if within {
			return place, true
		}
	}
	return "", false
}

// add counts a page of a range. Keys beyond the range's end, which may have come nearer meanwhile, are another's.
func (c *count) add(r *censusRange, objects []objectstore.Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	for i := range objects {
		o := &objects[i]
		if r.to != "" && o.Key > r.to {
			return errEnough
		}
		c.one(r, o)
		r.at = o.Key
		r.sample(o.Key)
	}
	if r.Counted >= worthSplitting && !r.stuck {
		c.change.Broadcast() // whoever has nothing to do may take a part of it
	}
	return nil
}

// kin is what the last object of a range was taken for: the next one is most often of the same group.
type kin struct {
	prefix, extension, class             string
	from, until                          int64 // the seconds of the month
	g                                    *[2]int64
	compressed, byType, byClass, certain bool
}

// fits reports whether an object is of the group.
func (k *kin) fits(o *objectstore.Object, prefix, extension string) bool {
	return k.certain && k.extension == extension && k.prefix == prefix && k.class == o.StorageClass && k.within(o.LastModified)
}

func (k *kin) within(t time.Time) bool {
	at := t.Unix()
	return k.from <= at && at < k.until
}

// one counts an object.
func (c *count) one(r *censusRange, o *objectstore.Object) {
	t := &c.state.Totals
	prefix, extension := "", Extension(o.Key)
	if i := strings.IndexByte(o.Key, '/'); i >= 0 {
		prefix = o.Key[:i+1]
	}
	k := &r.kin
	if !k.fits(o, prefix, extension) {
		*k = kin{prefix: strings.Clone(prefix), extension: strings.Clone(extension), class: o.StorageClass, g: c.group(o, extension),
			compressed: compressed(extension), byType: classifiableExtension(extension), byClass: classes[o.StorageClass], certain: !o.LastModified.IsZero()}
		if k.certain {
			y, m, _ := o.LastModified.Date()
			first := time.Date(y, m, 1, 0, 0, 0, 0, o.LastModified.Location())
			k.from, k.until = first.Unix(), first.AddDate(0, 1, 0).Unix()
		}
	}
	t.Objects++
	t.Size += o.Size
	if k.compressed {
		t.Compressed += o.Size
	}
	if k.byType && k.byClass {
		t.Classifiable++
		t.ClassifiableSize += o.Size
	} else {
		t.Unclassifiable++
		t.UnclassifiableSize += o.Size
	}
	if !k.byType {
		t.BadType++
		t.BadTypeSize += o.Size
	}
	if !k.byClass {
		t.BadClass++
		t.BadClassSize += o.Size
	}
	k.g[0]++
	k.g[1] += o.Size
}

// monthOf numbers the months.
func monthOf(t time.Time) int32 { return int32(t.Year()*12) + int32(t.Month()) - 1 }

// group is the counter of an object's group.
func (c *count) group(o *objectstore.Object, extension string) *[2]int64 {
	k := keyOf(o, extension)
	if g := c.groups[k]; g != nil {
		return g
	}
	k = k.bounded(len(c.groups))
	g := c.groups[k]
	if g == nil {
		g = new([2]int64)
		c.groups[k] = g
	}
	return g
}

// keyOf is what an object's group goes by.
func keyOf(o *objectstore.Object, extension string) groupKey {
	k := groupKey{class: o.StorageClass, extension: extension}
	if i := strings.IndexByte(o.Key, '/'); i >= 0 {
		k.prefix = o.Key[:i+1]
	}
	if !o.LastModified.IsZero() {
		k.month = monthOf(o.LastModified)
	}
	return k
}

// bounded is a key that can be kept beside so many others: text, and bounded.
func (k groupKey) bounded(groups int) groupKey {
	if len(k.prefix) > maxGroupPrefix || storable(k.prefix) != k.prefix || k.prefix == otherGroups || groups >= maxGroups {
		k.prefix = otherGroups
	}
	if len(k.extension) > maxGroupExtension || storable(k.extension) != k.extension {
		k.extension = otherGroups
	}
	if len(k.class) > 40 {
		k.class = otherGroups
	}
	if groups >= maxGroups {
		k.extension, k.month = otherGroups, 0
	}
	return groupKey{strings.Clone(k.prefix), strings.Clone(k.extension), k.class, k.month}
}

func (k groupKey) monthText() string {
	if k.month <= 0 {
		return otherGroups
	}
	return fmt.Sprintf("%04d-%02d", k.month/12, k.month%12+1)
}

// sample remembers every so many keys, fewer the more there are.
func (r *censusRange) sample(key string) {
	if r.Stride == 0 {
		r.Stride = 1000
	}
	r.Counted++
	if r.since++; r.since < r.Stride {
		return
	}
	if len(r.Samples) == maxSamples {
		for i := range maxSamples / 2 {
			r.Samples[i] = Split{r.Samples[2*i+1].Key, r.Samples[2*i].Objects + r.Samples[2*i+1].Objects}
		}
		r.Samples = r.Samples[:maxSamples/2]
		r.Stride *= 2
	}
	r.Samples = append(r.Samples, Split{EncodeKey(key), r.since})
	r.since = 0
}

// result is what a census that was finished has found.
func (c *count) result() *censusResult {
	s := c.snapshot()
	return &censusResult{Totals: s.Totals, Groups: s.Groups, Splits: splitsOf(s.Ranges)}
}

// splitsOf joins the samples of ranges to split points that are not too near each other, and not too many.
func splitsOf(ranges []*censusRange) []Split {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b *censusRange) int {
		switch {
		case a.to == b.to:
			return 0
		case a.to == "":
			return 1
		case b.to == "":
			return -1
		}
		return strings.Compare(a.to, b.to)
	})
	var all int64
	for _, r := range ranges {
		for _, x := range r.Samples {
			all += x.Objects
		}
	}
	each := max(wantedSplit, all/maxSplits)
	var splits []Split
	var since int64
	for _, r := range ranges {
		for _, x := range r.Samples {
			if since += x.Objects; since >= each {
				splits = append(splits, Split{x.Key, since})
				since = 0
			}
		}
	}
	return splits
}
