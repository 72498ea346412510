package s3

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"magpie/internal/inventory/objectstore"
)

// transport sends requests over HTTP/1.1, each on a connection of its own for as long as it takes, and keeps connections for the next ones.
// Jobs read millions of small objects: net/http's own transport hands each request to one goroutine and its answer to another, which
// costs more than all else that is done for a small object. This one writes and reads where it is called.
//
// It knows no proxies and no HTTP/2, which a Client asks for neither.
type transport struct {
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	trust    *tls.Config
	patience time.Duration // for the head of an answer

	mu   sync.Mutex
	idle map[place][]*conn // the one used last comes last
	tidy *time.Timer       // closes what was idle for long; nil: nothing is
}

const (
	mostIdle      = 64 // connections for a host
	idleTime      = 60 * time.Second
	handshakeTime = 10 * time.Second
	mostHead      = 64 << 10 // bytes of an answer before its body
)

// conn is a connection.
type conn struct {
	net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	since time.Time // when it was used last
	left  int64     // of the bytes that may be read; below zero: any
	began bool      // something was read for the request at hand
	due   time.Time // the deadline that Client.Fetch has set
}

var errHead = errors.New("the head of the answer is too long")

// Read implements io.Reader.
func (c *conn) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, errHead
	}
	if c.left > 0 && int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	if c.left > 0 {
		c.left -= int64(n)
	}
	c.began = c.began || n > 0
	return n, err
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(q *http.Request) (*http.Response, error) {
	for {
		c, used, err := t.get(q.Context(), q.URL.Scheme, q.URL.Host)
		if err != nil {
			if q.Body != nil {
				q.Body.Close()
			}
			return nil, err
		}
		response, err := t.exchange(c, q)
		if err == nil {
			return response, nil
		}
		c.Close()
		// A connection that was kept may have been ended by the store meanwhile.
		again := used && !c.began && q.Context().Err() == nil && !isTimeout(err)
		if again && q.Body != nil && q.Body != http.NoBody {
			if again = q.GetBody != nil; again {
				if q.Body, err = q.GetBody(); err != nil {
					return nil, err
				}
			}
		}
		if !again {
			if cause := context.Cause(q.Context()); cause != nil {
				err = cause
			}
			return nil, err
		}
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// exchange sends a request and reads the head of its answer. An error leaves the connection useless.
func (t *transport) exchange(c *conn, q *http.Request) (*http.Response, error) {
	ctx := q.Context()
	_ = c.SetDeadline(time.Now().Add(t.patience))
	c.due = time.Time{}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	c.began, c.left = false, mostHead
	give := objectstore.TakeTurn(ctx)
	err := q.Write(c.out)
	if err == nil {
		err = c.out.Flush()
	}
	give()
	if err == nil {
		_, err = c.in.Peek(1)
	}
	if err != nil {
		stop()
		return nil, err
	}
	give = objectstore.TakeTurn(ctx)
	defer give()
	return t.answer(ctx, c, place{q.URL.Scheme, q.URL.Host}, q, stop)
}

// answer reads the head of an answer. stop ends the watch over the request's context, which is the body's to do where there is one. q may be
// nil for a GET.
func (t *transport) answer(ctx context.Context, c *conn, at place, q *http.Request, stop func() bool) (response *http.Response, err error) {
	for err == nil {
		response, err = http.ReadResponse(c.in, q)
		if err == nil && (response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols) {
			break
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	c.left = -1
	_ = c.SetDeadline(time.Time{})
	c.due = time.Time{}
	if ctx.Err() != nil {
		stop()
		return nil, ctx.Err()
	}
	b := &connBody{body: response.Body, t: t, c: c, stop: stop, key: at, keep: !response.Close && (q == nil || !q.Close) && response.ProtoAtLeast(1, 1)}
	if response.Body == http.NoBody {
		b.end(true)
		return response, nil
	}
	response.Body = b
	return response, nil
}

// connBody is the body of an answer: its connection is kept once all of it was read.
type connBody struct {
	body io.ReadCloser
	t    *transport
	c    *conn
	stop func() bool
	key  place
	keep bool

	mu   sync.Mutex
	over bool
}

// Read implements io.Reader.
func (b *connBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err != nil {
		b.end(err == io.EOF)
	}
	return n, err
}

// end lets go of the connection. whole says that nothing of the answer is left in it.
func (b *connBody) end(whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return
	}
	b.over = true
	if b.stop() && whole && b.keep && b.c.in.Buffered() == 0 {
		b.t.put(b.key, b.c)
		return
	}
	b.c.Close()
}

// Close implements io.Closer. What is left of a small body is read, so that its connection can be kept.
func (b *connBody) Close() error {
	b.mu.Lock()
	over := b.over
	b.mu.Unlock()
	if over {
		return nil
	}
	if b.c.in.Buffered() > 0 { // what has come already costs nothing
		var rest [4 << 10]byte
		if n, err := b.body.Read(rest[:]); n < len(rest) && err == io.EOF {
			b.end(true)
			return nil
		}
	}
	b.end(false)
	return nil
}

// place names where connections lead.
type place struct{ scheme, host string }

// get returns a connection, and whether it was used before.
func (t *transport) get(ctx context.Context, scheme, host string) (c *conn, used bool, err error) {
	k := place{scheme, host}
	t.mu.Lock()
	list := t.idle[k]
	if n := len(list); n > 0 {
		c, t.idle[k] = list[n-1], list[:n-1]
	}
	t.mu.Unlock()
	if c != nil {
		return c, true, nil
	}
	c, err = t.connect(ctx, k)
	return c, false, err
}

func (t *transport) put(k place, c *conn) {
	c.since = time.Now()
	t.mu.Lock()
	keep := len(t.idle[k]) < mostIdle
	if keep {
		t.idle[k] = append(t.idle[k], c)
		if t.tidy == nil {
			t.tidy = time.AfterFunc(idleTime, t.retire)
		}
	}
	t.mu.Unlock()
	if !keep {
		c.Close()
	}
}

// retire closes the connections that were idle for long.
func (t *transport) retire() {
	t.close(time.Now().Add(-idleTime))
}

// close closes the idle connections that were not used since.
func (t *transport) close(since time.Time) {
	var old []*conn
	t.mu.Lock()
	for k, list := range t.idle {
		n := 0
		for n < len(list) && !list[n].since.After(since) {
			n++
		}
		old = append(old, list[:n]...)
		if t.idle[k] = append([]*conn(nil), list[n:]...); n == len(list) {
			delete(t.idle, k)
		}
	}
	if t.tidy != nil {
		t.tidy.Stop()
		t.tidy = nil
	}
	if len(t.idle) > 0 {
		t.tidy = time.AfterFunc(idleTime, t.retire)
	}
	t.mu.Unlock()
	for _, c := range old {
		c.Close()
	}
}

func (t *transport) connect(ctx context.Context, at place) (*conn, error) {
	u := url.URL{Scheme: at.scheme, Host: at.host}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[at.scheme]
	}
	n, err := t.dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	if at.scheme == "https" {
		trust := t.trust.Clone()
		trust.ServerName = host
		secured := tls.Client(n, trust)
		ctx, cancel := context.WithTimeout(ctx, handshakeTime)
		defer cancel()
		if err := secured.HandshakeContext(ctx); err != nil {
			n.Close()
			var plain tls.RecordHeaderError
			if errors.As(err, &plain) && string(plain.RecordHeader[:]) == "HTTP/" {
				return nil, errors.New("http: server gave HTTP response to HTTPS client")
			}
			return nil, err
		}
		n = secured
	}
	c := &conn{Conn: n, out: bufio.NewWriterSize(n, 4<<10)}
	c.in = bufio.NewReaderSize(c, 16<<10)
	return c, nil
}
