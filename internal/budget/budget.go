package budget

import (
	"container/list"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrFull says that there is no room, and that no other claim gave way in time.
var ErrFull = errors.New("too many bytes are held at once")

// ErrDropped says that a claim has given way to another.
var ErrDropped = errors.New("the bytes gave way to those of another caller")

// Options are the bounds of a Budget.
type Options struct {
	Most  int64         // bytes of all claims together
	Each  int64         // of one source; 0 means Most
	Grace time.Duration // how old a claim is before it gives way
	Wait  time.Duration // how long a claim waits for room
}

// Budget is safe for concurrent use.
type Budget struct {
	o Options

	mu       sync.Mutex
	held     int64
	bySource map[string]int64
	claims   *list.List // of *Claim that hold something and may give way, the oldest first
	waiting  *list.List // of *growth, in the order in which they came
	sources  map[string]int
	timer    *time.Timer // runs serve when the next claim may give way
	due      time.Time   // when that is; zero if it does not run
}

// growth is a claim that waits for room.
type growth struct {
	c     *Claim
	n     int64
	done  chan error // of one
	place *list.Element
}

// New returns a Budget with no claims.
func New(o Options) *Budget {
	if o.Each == 0 {
		o.Each = o.Most
	}
	return &Budget{o: o, bySource: map[string]int64{}, claims: list.New(), waiting: list.New(), sources: map[string]int{}}
}

// Held is how many bytes are held now.
func (b *Budget) Held() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

// Claim is what one caller holds. Grow and Release are called by its owner, one after the other.
type Claim struct {
	b       *Budget
	source  string
	drop    func()
	since   time.Time
	bytes   int64
	place   *list.Element // nil while it holds nothing, and once it is kept
	kept    bool
	dropped bool
	growth  *growth // nil unless it waits
}

// Claim returns a claim of a source that holds nothing yet. The empty source has no share of its
// own but all of the budget: it stands for this machine. drop is called, once at most and never
// after Release has returned, when the claim is to give way: it makes its owner release it soon,
// and must not wait.
func (b *Budget) Claim(source string, drop func()) *Claim {
	return &Claim{b: b, source: source, drop: drop, since: time.Now()}
}

// Grow adds n bytes to what the claim holds. Those that wait for room get it in the order in which
// they came, but for those whose source has its share.
func (c *Claim) Grow(ctx context.Context, n int64) error {
	b := c.b
	b.mu.Lock()
	if c.dropped {
		b.mu.Unlock()
		return ErrDropped
	}
	if b.fits(c.source, n) {
		b.add(c, n)
		b.mu.Unlock()
		return nil
	}
	g := &growth{c: c, n: n, done: make(chan error, 1)}
	c.growth, g.place = g, b.waiting.PushBack(g)
	if b.sources[c.source]++; b.sources[c.source] == 1 { // else the first of them makes room
		b.wake(time.Now(), b.makeRoom(c, n, time.Now()))
	}
	b.mu.Unlock()

	timer := time.NewTimer(b.o.Wait)
	defer timer.Stop()
	var err error
	select {
	case err := <-g.done:
		return err
	case <-timer.C:
		err = ErrFull
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case err := <-g.done: // it came all the same
		return err
	default:
	}
	b.leave(g)
	b.serve() // another one is the first of its source
	return err
}

// add gives a claim n bytes.
func (b *Budget) add(c *Claim, n int64) {
	b.held += n
	b.bySource[c.source] += n
	if c.bytes += n; c.place == nil && !c.kept {
		c.place = b.insert(c)
	}
}

// leave takes a growth out of those that wait.
func (b *Budget) leave(g *growth) {
	b.waiting.Remove(g.place)
	g.c.growth = nil
	if b.sources[g.c.source]--; b.sources[g.c.source] == 0 {
		delete(b.sources, g.c.source)
	}
}

// serve gives room to those that wait, and has it made for the first of each source that is left.
func (b *Budget) serve() {
	for e := b.waiting.Front(); e != nil; {
		g := e.Value.(*growth)
		e = e.Next()
		if b.fits(g.c.source, g.n) {
			b.leave(g)
			b.add(g.c, g.n)
			g.done <- nil
		}
	}
	if b.waiting.Len() == 0 {
		return
	}
	now := time.Now()
	var first []*growth
	for e := b.waiting.Front(); e != nil && len(first) < min(sourcesServed, len(b.sources)); e = e.Next() {
		g := e.Value.(*growth)
		if !slices.ContainsFunc(first, func(f *growth) bool { return f.c.source == g.c.source }) {
			first = append(first, g)
		}
	}
	for _, g := range first {
		b.wake(now, b.makeRoom(g.c, g.n, now))
	}
}

// sourcesServed is for how many sources room is made at once.
const sourcesServed = 16

// wake has serve run after a pause.
func (b *Budget) wake(now time.Time, pause time.Duration) {
	due := now.Add(pause)
	if !b.due.IsZero() && !due.Before(b.due) {
		return
	}
	b.due = due
	if b.timer != nil {
		b.timer.Stop()
	}
	b.timer = time.AfterFunc(pause, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.due = time.Time{}
		b.serve()
	})
}

// fits reports whether a source may hold n bytes more.
func (b *Budget) fits(source string, n int64) bool {
	return b.held+n <= b.o.Most && (source == "" || b.bySource[source]+n <= b.o.Each)
}

// insert puts a claim where its age says. It is nearly always the youngest.
func (b *Budget) insert(c *Claim) *list.Element {
	for e := b.claims.Back(); e != nil; e = e.Prev() {
		if !e.Value.(*Claim).since.After(c.since) {
			return b.claims.InsertAfter(c, e)
		}
	}
	return b.claims.PushFront(c)
}

// makeRoom drops the oldest claims that are older than the grace, until n bytes fit once they are
// released. It returns how long it is until another one may be dropped.
func (b *Budget) makeRoom(by *Claim, n int64, now time.Time) time.Duration {
	over := b.held + n - b.o.Most
	ofSource := int64(0)
	if by.source != "" {
		ofSource = b.bySource[by.source] + n - b.o.Each
	}
	for e := b.claims.Front(); e != nil && (over > 0 || ofSource > 0); e = e.Next() {
		c := e.Value.(*Claim)
		if c == by || over <= 0 && c.source != by.source {
			continue
		}
		if !c.dropped {
			if age := now.Sub(c.since); age < b.o.Grace {
				return max(b.o.Grace-age, time.Millisecond)
			}
			c.dropped = true
			if c.growth != nil {
				c.growth.done <- ErrDropped
				b.leave(c.growth)
			}
			c.drop()
		}
		over -= c.bytes
		if c.source == by.source {
			ofSource -= c.bytes
		}
	}
	return b.o.Wait
}

// Keep makes the claim one that never gives way. It returns false if the claim was dropped already.
func (c *Claim) Keep() bool {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	if c.dropped {
		return false
	}
	c.kept = true
	if c.place != nil {
		c.b.claims.Remove(c.place)
		c.place = nil
	}
	return true
}

// Release gives back all that the claim holds. It may be used again afterwards. A nil Claim holds
// nothing.
func (c *Claim) Release() {
	if c == nil {
		return
	}
	b := c.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.place != nil {
		b.claims.Remove(c.place)
		c.place = nil
	}
	if c.bytes == 0 {
		return
	}
	b.held -= c.bytes
	if b.bySource[c.source] -= c.bytes; b.bySource[c.source] == 0 {
		delete(b.bySource, c.source)
	}
	c.bytes = 0
	b.serve()
}
