package analyse

import (
	"context"
	"sync"
	"time"
)

// clock is the context of one object. It ends when the caller's does, or when the object's time is
// over: the allowance for its size, what Analyse waited for its source, and what this process was
// stopped for, which are not the object's fault. The size of a stream is what has been read of it so far.
type clock struct {
	context.Context // the caller's
	allow           func(bytes int64) time.Duration
	done            chan struct{}
	stopCaller      func() bool

	mu      sync.Mutex
	started time.Time
	size    int64 // bytes the allowance is for
	growing bool  // size is not known
	read    int64 // bytes that the source has given
	waited  time.Duration
	waiting time.Time // since when the source is waited for; zero when it is not
	timer   *time.Timer
	due     time.Time // when the timer should ring
	err     error
	onEnd   func(error) // called once, when the clock ends
}

func newClock(ctx context.Context, size int64, allow func(int64) time.Duration) *clock {
	c := &clock{Context: ctx, allow: allow, done: make(chan struct{}), size: max(size, 0), growing: size < 0}
	c.stopCaller = context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	return c
}

// begin starts the clock, once there is a worker. Doing it again changes nothing.
func (c *clock) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		c.started = time.Now()
		wait := min(c.left(c.started), pulse)
		c.due = c.started.Add(wait)
		c.timer = time.AfterFunc(wait, func() { c.ring(time.Now()) })
	}
}

// pulse is how often a clock rings, at least. One that rings later than it should by more than this shows that the process was stopped
// meanwhile: a person has typed Ctrl-Z, or whatever holds the machine has held it. The system's clock goes on then.
const pulse = time.Second

// left is how much of the allowance there is at now. The caller holds mu.
func (c *clock) left(now time.Time) time.Duration {
	left := c.allow(c.size) + c.waited - now.Sub(c.started)
	if !c.waiting.IsZero() && c.credit() {
		left += now.Sub(c.waiting)
	}
	return left
}

// credit says whether waiting for the source is free. Somebody who asks for the same bytes again and
// again pays for the wait.
func (c *clock) credit() bool { return c.growing || c.read <= 4*c.size+16<<20 }

// ring is called when the time that was left has passed, or a pulse; there may be more by now.
func (c *clock) ring(now time.Time) {
	c.mu.Lock()
	if late := now.Sub(c.due); late > pulse {
		if c.waiting.IsZero() || !c.credit() { // else it counts as waiting
			c.waited += late
		}
	}
	left := c.left(now)
	if left > 0 && c.err == nil {
		wait := min(max(left, time.Millisecond), pulse)
		c.due = now.Add(wait)
		c.timer.Reset(wait)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.end(context.DeadlineExceeded)
}

func (c *clock) end(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	close(c.done)
	f := c.onEnd
	c.mu.Unlock()
	if f != nil {
		f(err)
	}
}

// whenEnded has f called when the clock ends, or at once when it has. A nil f takes the last one back;
// it may be running still.
func (c *clock) whenEnded(f func(error)) {
	c.mu.Lock()
	c.onEnd = f
	err := c.err
	c.mu.Unlock()
	if err != nil && f != nil {
		f(err)
	}
}

// stop releases what the clock holds.
func (c *clock) stop() {
	c.mu.Lock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.stopCaller()
}

// wait notes that the source is asked for bytes; got notes what came.
func (c *clock) wait() {
	c.mu.Lock()
	c.waiting = time.Now()
	c.mu.Unlock()
}

func (c *clock) got(bytes int) {
	c.mu.Lock()
	if c.credit() && !c.waiting.IsZero() {
		now := time.Now()
		c.waited += now.Sub(c.waiting)
		if now.After(c.due) {
			c.due = now // a pause until now was part of the wait
		}
	}
	c.waiting = time.Time{}
	c.read += int64(bytes)
	if c.growing {
		c.size = c.read
	}
	c.mu.Unlock()
}

func (c *clock) Done() <-chan struct{} { return c.done }

func (c *clock) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Deadline is not told, since it moves.
func (c *clock) Deadline() (time.Time, bool) { return time.Time{}, false }

// allowance is how much time the object may take without waiting.
func (c *clock) allowance() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allow(c.size)
}

// bytes is how many bytes the source has given.
func (c *clock) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read
}
