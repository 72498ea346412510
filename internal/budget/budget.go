package budget

import (
	"container/list"
	"context"
	"errors"
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
	claims   *list.List    // of *Claim that hold something and may give way, the oldest first
	freed    chan struct{} // closed when room is made
}

// New returns a Budget with no claims.
func New(o Options) *Budget {
	if o.Each == 0 {
		o.Each = o.Most
	}
	return &Budget{o: o, bySource: map[string]int64{}, claims: list.New(), freed: make(chan struct{})}
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
}

// Claim returns a claim of a source that holds nothing yet. The empty source has no share of its
// own but all of the budget: it stands for this machine. drop is called, once at most and never
// after Release has returned, when the claim is to give way: it makes its owner release it soon,
// and must not wait.
func (b *Budget) Claim(source string, drop func()) *Claim {
	return &Claim{b: b, source: source, drop: drop, since: time.Now()}
}

// Grow adds n bytes to what the claim holds.
func (c *Claim) Grow(ctx context.Context, n int64) error {
	b := c.b
	var timer *time.Timer
	var end time.Time
	b.mu.Lock()
	for {
		switch {
		case c.dropped:
			b.mu.Unlock()
			return ErrDropped
		case b.fits(c.source, n):
			b.held += n
			b.bySource[c.source] += n
			if c.bytes += n; c.place == nil && !c.kept {
				c.place = b.insert(c)
			}
			b.mu.Unlock()
			return nil
		}
		now := time.Now()
		if end.IsZero() {
			end = now.Add(b.o.Wait)
		}
		pause := min(end.Sub(now), b.makeRoom(c, n, now))
		freed := b.freed
		b.mu.Unlock()
		if !now.Before(end) {
			return ErrFull
		}
		if timer == nil {
			timer = time.NewTimer(pause)
			defer timer.Stop()
		} else {
			timer.Reset(pause)
		}
		select {
		case <-freed:
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		b.mu.Lock()
	}
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
			c.drop()
		}
		over -= c.bytes
		if c.source == by.source {
			ofSource -= c.bytes
		}
	}
	return time.Hour
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
	close(b.freed)
	b.freed = make(chan struct{})
}
