package connlimit

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"magpie/internal/throttle"
)

// With TLS, every connection may say ownBytes that nobody has asked for: its handshake and the head
// of a request. Each request of a caller who has proved who it is gives as much again, up to
// knownBytes, which is more than a window of HTTP/2, and what is read of a body does not count. All
// that the connections of a source say beyond comes no faster than excess, so that neither small
// frames of HTTP/2, whose work is far more than their bytes, nor heads that are sent for nothing
// take the processor from others.
const (
	ownBytes   = 16 << 10
	knownBytes = 96 << 10
)

// excess is in bytes a second. Who would wait for longer than mostExcessWait is closed.
var excess = throttle.Rate{PerSecond: 128 << 10, Burst: 64 << 10}

const mostExcessWait = 2 * time.Second

var errExcess = errors.New("a source says more outside of accepted requests than it may")

// pace is what a connection may still say, and when it is read again.
type pace struct {
	mu    sync.Mutex
	known bool
	spent int64     // of ownBytes, or of knownBytes
	until time.Time // zero if the connection has not said too much
}

// wait waits until the connection may be read.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	until := p.until
	p.mu.Unlock()
	if until.IsZero() {
		return nil
	}
	delay := time.Until(until)
	if delay <= 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// accepted gives a connection its due for a request of a caller who has proved who it is.
func (p *pace) accepted() {
	p.mu.Lock()
	p.known = true
	p.mu.Unlock()
	p.renew(ownBytes)
}

// renew gives back n of the bytes that the connection has spent.
func (p *pace) renew(n int64) {
	p.mu.Lock()
	p.spent = max(0, p.spent-n)
	p.mu.Unlock()
}

// charge counts n bytes, and returns how many of them are more than the connection may say.
func (p *pace) charge(n int64) (over int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := int64(ownBytes)
	if p.known {
		most = knownBytes
	}
	p.spent += n
	over = max(0, p.spent-most)
	p.spent -= over
	return over
}

// spend counts bytes that a connection with TLS has said.
func (c *limited) spend(n int64) error {
	if !c.of.secure {
		return nil
	}
	over := c.pace.charge(n)
	if over == 0 || c.ofProxy() {
		return nil
	}
	now := time.Now()
	delay, ok := c.of.excess.Reserve(c.of.share(c), over, now)
	if !ok {
		c.of.refused.Add(1)
		return errExcess
	}
	c.pace.mu.Lock()
	c.pace.until = now.Add(delay)
	c.pace.mu.Unlock()
	return nil
}

// ofProxy says whether the connection is a trusted proxy's that has not said whose it is: then it
// stands for many.
func (c *limited) ofProxy() bool { return c.announced != nil && c.of.share(c) == "" }

// taken is the body of a request, whose bytes do not count once somebody has asked for them.
type taken struct {
	io.ReadCloser
	of *limited
}

func (t *taken) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	if n > 0 {
		t.of.pace.renew(int64(n))
	}
	return n, err
}
