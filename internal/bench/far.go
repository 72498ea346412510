package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"magpie/internal/inventory/s3/s3double"
)

// A store that is another machine: it begins to answer after farLatency, and sends no more than farRate bytes a second.
const (
	farLatency = 5 * time.Millisecond
	farRate    = 500e6
	farOwner   = "AKIDFAR"
	farSmall   = 60_000 // objects
	farTimes   = 3      // each large file is there under so many names
	lineSlack  = 5 * time.Millisecond
)

// far serves a store's buckets at the end of a line.
type far struct {
	URL    string
	server http.Server
}

func newFar(of *s3double.Double) (*far, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &far{URL: "http://" + listener.Addr().String()}
	f.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(farLatency)
		of.ServeHTTP(w, r)
	})
	go f.server.Serve(&lineListener{Listener: listener})
	return f, nil
}

func (f *far) Close() { f.server.Close() }

// lineListener's connections share a line.
type lineListener struct {
	net.Listener
	mu   sync.Mutex
	free time.Time // when all that was sent has gone through the line
}

func (l *lineListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lineConn{c, l}, nil
}

type lineConn struct {
	net.Conn
	line *lineListener
}

// Write implements io.Writer.
func (c *lineConn) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		part := p[n:min(len(p), n+64<<10)]
		c.line.wait(len(part))
		var k int
		k, err = c.Conn.Write(part)
		n += k
	}
	return n, err
}

// wait takes the line for so many bytes, and waits for its turn.
func (l *lineListener) wait(n int) {
	l.mu.Lock()
	now := time.Now()
	// Who sleeps wakes up a little late, which must not be the line's loss.
	if late := now.Add(-lineSlack); l.free.Before(late) {
		l.free = late
	}
	l.free = l.free.Add(time.Duration(float64(n) / farRate * 1e9))
	wait := l.free.Sub(now)
	l.mu.Unlock()
	if wait > time.Millisecond { // it cannot be slept more exactly
		time.Sleep(wait)
	}
}

// farStore compares jobs with bare reads where the store is the limit: another machine, and not a process on the same processors.
func (b *jobBench) farStore(ctx context.Context, _ string, n jobSize) error {
	f, err := newFar(b.store)
	if err != nil {
		return err
	}
	defer f.Close()
	large, small := farTimes*n.large, min(n.small, farSmall)
	b.store.Bucket("far-large", farOwner)
	b.store.Bucket("far-small", farOwner)
	for i := range large {
		b.store.Copy("large", nameOf(i%n.large), "far-large", nameOf(i))
	}
	for i := range small {
		b.store.Copy("small", nameOf(i), "far-small", nameOf(i))
	}
	if err := b.rig.stop(); err != nil {
		return err
	}
	if err := b.addStore(ctx, "far", f.URL, farOwner); err != nil {
		return err
	}
	if err := b.start(b.as, b.flags()...); err != nil {
		return err
	}
	if err := b.known("small", "large", "packed", "far-small", "far-large"); err != nil {
		return err
	}
	where := fmt.Sprintf("a store of %.0f MB/s that answers after %v", farRate/1e6, farLatency)
	for _, x := range []struct {
		bucket, unit, goal string
		count              int
		each               float64
	}{
		{"far-large", "MB/s", ">= 0.9", large, float64(n.largeSize) / 1e6},
		{"far-small", "objects/s", ">= 0.8", small, 1},
	} {
		raw, _, err := b.bareReads(ctx, f.URL+"/"+x.bucket, x.count)
		if err != nil {
			return err
		}
		took, _, _, err := b.run(x.bucket)
		if err != nil {
			return err
		}
		all := float64(x.count) * x.each
		b.p.figure(fmt.Sprintf("bare reads of %d objects, %s", x.count, where), b.engine, fmt.Sprintf("%.0f %s", all/raw.Seconds(), x.unit), "")
		b.p.figure("a job over the same", b.engine, fmt.Sprintf("%.0f %s", all/took.Seconds(), x.unit), "")
		b.p.figure("its rate against that of bare reads", b.engine, fmt.Sprintf("%.2f", raw.Seconds()/took.Seconds()), x.goal)
	}
	return b.during(ctx, "far-small", "while a job runs over the small ones", n)
}
