// Package connlimit bounds the connections of a server: how many there are, how many of one source,
// and the bytes of request heads that they make it hold.
//
// A [Listener] wraps another one. Connections of trusted proxies say where they come from by the
// PROXY protocol.
package connlimit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/budget"
	"magpie/internal/source"
	"magpie/internal/throttle"
)

const (
	// refusing bounds the connections that are being told no at one moment; those beyond are closed
	// without a word.
	refusing = 64
	// refusalTime is how long a stranger may take to hear a no.
	refusalTime = time.Second
	// refusalLog is how often the log says that connections are refused.
	refusalLog = 10 * time.Second

	// ownHead is how much of a request's line and headers counts as its connection. What is beyond,
	// all requests share: hardly any is longer.
	ownHead   = 4 << 10
	longHeads = 4 << 20
	// headCopies is how often net/http holds what it reads of a head: as it grows, and once more as
	// the value that it makes of it.
	headCopies = 2
	// headGrace is how old a long head is before it gives way to another.
	headGrace = time.Second
	headWait  = time.Second

	// unproven is what the connections may hold of callers who have not proved who they are, in
	// buffers and stacks: each counts as plainBytes, with TLS as secureBytes, and with HTTP/2 as
	// streamBytes more. Beyond it the oldest gives way once it has had unprovenGrace to prove it.
	unproven      = 12 << 20
	plainBytes    = 12 << 10
	secureBytes   = 40 << 10
	streamBytes   = 88 << 10
	unprovenGrace = time.Second
	unprovenWait  = 1500 * time.Millisecond
)

// A connection of HTTP/2 has many requests at once, of which one counts as the connection. Each
// further one counts with its whole head and what else it takes, about ownStream, among
// furtherStreams. Those that find no room are refused without waiting: who waits holds his head.
const (
	ownStream      = 20 << 10
	furtherStreams = 4 << 20
	streamGrace    = time.Second
)

// handshakes bounds how fast a source opens connections with TLS, which take the processor. More
// wait, and those that would for longer than mostHandshakeWait are closed.
var handshakes = throttle.Rate{PerSecond: 100, Burst: 32}

const mostHandshakeWait = time.Second

var errHandshakes = errors.New("a source opens connections with TLS faster than it may")

const tooManyMessage = `{"message":"This node holds as many connections as it may."}`

// tooManyHead, a length and tooManyMessage are what a connection over the limit is told. The SDKs
// try again after a 503.
const tooManyHead = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/json\r\n" +
	"X-Amzn-Errortype: ServiceUnavailableException\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n"

// Listener holds so many connections at most, and so many of one source, so that no source can take
// them all. One more is refused at once, rather than left to wait in a queue in which its caller's
// time runs out.
type Listener struct {
	net.Listener
	max    int
	each   int  // of one source
	secure bool // who speaks TLS could not read a refusal
	log    *slog.Logger

	open, refused atomic.Int64
	telling       chan struct{}
	heads         *budget.Budget
	further       *budget.Budget // of requests of HTTP/2, beyond one of each connection
	handshakes    *throttle.Pacer
	excess        *throttle.Pacer // of bytes beyond what connections have as their own
	unproven      *budget.Budget  // of connections on which nobody has proved who they are
	proxies       source.Proxies  // whose connections may say where they come from

	mu       sync.Mutex
	logged   time.Time
	bySource map[string]int
}

// Options of a Listener.
type Options struct {
	Max, PerSource int
	TLS            bool           // refuses without a word: who speaks TLS could not read it
	Proxies        source.Proxies // whose connections may say where they come from
	Log            *slog.Logger
}

// New returns a Listener for the connections of l.
func New(l net.Listener, o Options) *Listener {
	return &Listener{
		Listener: l, max: o.Max, each: o.PerSource, secure: o.TLS, proxies: o.Proxies, log: o.Log, telling: make(chan struct{}, refusing), bySource: map[string]int{},
		heads:      budget.New(budget.Options{Most: longHeads, Each: longHeads / 2, Grace: headGrace, Wait: headWait}),
		further:    budget.New(budget.Options{Most: furtherStreams, Each: furtherStreams / 2, Grace: streamGrace}),
		handshakes: throttle.NewPacer(handshakes, mostHandshakeWait),
		excess:     throttle.NewPacer(excess, mostExcessWait),
		unproven:   budget.New(budget.Options{Most: unproven, Each: unproven / 2, Grace: unprovenGrace, Wait: unprovenWait}),
	}
}

// Open is how many connections there are.
func (l *Listener) Open() int64 { return l.open.Load() }

// Refused is how many connections were refused.
func (l *Listener) Refused() int64 { return l.refused.Load() }

// Max is how many connections there may be.
func (l *Listener) Max() int { return l.max }

// add counts a connection, if there is room for it.
func (l *Listener) add(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open.Load() >= int64(l.max) || from != "" && l.bySource[from] >= l.each {
		return false
	}
	l.open.Add(1)
	l.bySource[from]++
	return true
}

func (l *Listener) remove(c *limited) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open.Add(-1)
	l.forget(c.source)
}

// forget takes one off a source's count. l.mu is held.
func (l *Listener) forget(from string) {
	if l.bySource[from]--; l.bySource[from] == 0 {
		delete(l.bySource, from)
	}
}

// assign counts a connection for the source that its proxy names, and closes it if that source has
// too many.
func (l *Listener) assign(c *limited, from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from == c.source {
		return
	}
	if l.bySource[from] >= l.each {
		l.refused.Add(1)
		c.Conn.Close()
		return
	}
	l.forget(c.source)
	l.bySource[from]++
	c.source = from
}

func (l *Listener) trusts(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && l.proxies.Trusts(a)
}

// share is the source that a connection counts for.
func (l *Listener) share(c *limited) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.source
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		x := &limited{Conn: c, of: l}
		x.ctx, x.end = context.WithCancel(context.Background())
		if address := source.Address(c.RemoteAddr().String()); l.trusts(address) {
			x.announced = &announced{Conn: c} // counts for no source until the proxy has named one
			x.Conn = x.announced
		} else {
			x.source = source.Share(address)
		}
		if l.add(x.source) {
			return x, nil
		}
		x.end()
		l.refuse(c)
	}
}

func (l *Listener) refuse(c net.Conn) {
	n := l.refused.Add(1)
	l.mu.Lock()
	if time.Since(l.logged) > refusalLog {
		l.logged = time.Now()
		l.log.Warn("connections are refused: there are as many as --max-connections or --max-connections-per-source allows",
			"max", l.max, "per source", l.each, "refused so far", n)
	}
	l.mu.Unlock()
	if l.secure {
		c.Close()
		return
	}
	select {
	case l.telling <- struct{}{}:
	default:
		c.Close()
		return
	}
	go func() {
		defer func() { <-l.telling }()
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(refusalTime))
		// The request is read as far as it has come: closing a connection with unread bytes would
		// take the answer back.
		_, _ = c.Read(make([]byte, 16<<10))
		_, _ = fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", tooManyHead, len(tooManyMessage), tooManyMessage)
	}()
}

// limited is a connection that counts until it is closed.
type limited struct {
	net.Conn
	of        *Listener
	source    string     // of.mu guards it
	announced *announced // nil unless the peer is a trusted proxy
	once      sync.Once
	ctx       context.Context // ends when the connection is closed, or has to give way
	end       context.CancelFunc

	known    atomic.Bool // a caller has proved on it who it is
	admitted sync.Once
	unproven *budget.Claim // of the connection itself, from its first bytes on
	streams  bool          // it speaks HTTP/2
	pace     pace

	mu     sync.Mutex
	within bool // a request, from when its head is read until the next may come
	came   int64
	head   *budget.Claim // of what came outside of requests; nil while that is little
	held   int64         // bytes that head holds
	inWork int           // requests of HTTP/2
}

// RemoteAddr implements net.Conn. Behind a trusted proxy it is where that says that the connection
// comes from, for which it waits.
func (c *limited) RemoteAddr() net.Addr {
	if c.announced == nil {
		return c.Conn.RemoteAddr()
	}
	c.announced.once.Do(func() {
		if from := c.announced.look(); from.IsValid() {
			c.of.assign(c, source.Share(from.Addr().String()))
		}
	})
	return c.announced.address
}

// announced is a connection of a trusted proxy, which may begin with a header of the PROXY
// protocol.
type announced struct {
	net.Conn
	once    sync.Once
	address net.Addr
	rest    []byte // came behind the header
	err     error
}

// announcement is how long a proxy has to say where a connection comes from.
const announcement = 10 * time.Second

// look reads the header, if there is one. A connection that says nothing in time comes from its
// proxy.
func (a *announced) look() (from netip.AddrPort) {
	a.address = a.Conn.RemoteAddr()
	_ = a.Conn.SetReadDeadline(time.Now().Add(announcement))
	defer func() { _ = a.Conn.SetReadDeadline(time.Time{}) }()
	var b []byte
	for {
		from, length, need, err := source.ReadHeader(b)
		if err != nil {
			a.err = err
			return netip.AddrPort{}
		}
		if need == 0 {
			a.rest = b[length:]
			if from.IsValid() {
				a.address = net.TCPAddrFromAddrPort(from)
			}
			return from
		}
		more := make([]byte, need-len(b))
		n, err := a.Conn.Read(more)
		b = append(b, more[:n]...)
		if n == 0 && err != nil {
			a.rest = b
			if len(b) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				a.err = err
			}
			return netip.AddrPort{}
		}
	}
}

// Read implements net.Conn.
func (a *announced) Read(b []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	if len(a.rest) > 0 {
		n := copy(b, a.rest)
		a.rest = a.rest[n:]
		return n, nil
	}
	return a.Conn.Read(b)
}

// CloseWrite shuts down the writing side of the connection.
func (a *announced) CloseWrite() error {
	if half, ok := a.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// drop ends a connection that gives way to another, or whose head does.
func (c *limited) drop() {
	c.end()
	c.Conn.Close()
}

// Read implements net.Conn. It counts what comes outside of requests: lines and headers. Bodies
// count as such.
func (c *limited) Read(b []byte) (int, error) {
	c.RemoteAddr() // what a proxy says comes first
	if err := c.pace.wait(c.ctx); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n == 0 {
		return n, err
	}
	var full error
	if c.admitted.Do(func() { full = c.admit() }); full != nil {
		c.Conn.Close()
		return 0, full
	}
	if paceErr := c.spend(int64(n)); paceErr != nil {
		c.Conn.Close()
		return 0, paceErr
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.within {
		return n, err
	}
	for c.came += int64(n); headCopies*(c.came-ownHead) > c.held; c.held += headCopies * ownHead {
		if c.head == nil {
			c.head = c.of.heads.Claim(c.of.share(c), c.drop)
		}
		if growErr := c.head.Grow(c.ctx, headCopies*ownHead); growErr != nil {
			c.Conn.Close()
			return 0, growErr
		}
	}
	return n, err
}

// admit counts a connection that has begun to speak among those of callers who have not proved yet
// who they are.
func (c *limited) admit() error {
	size := int64(plainBytes)
	if c.of.secure {
		size = secureBytes
	}
	from := c.of.share(c)
	if c.of.secure {
		delay, ok := c.of.handshakes.Reserve(from, 1, time.Now())
		if !ok {
			c.of.refused.Add(1)
			return errHandshakes
		}
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	}
	c.unproven = c.of.unproven.Claim(from, c.drop)
	return c.unproven.Grow(c.ctx, size)
}

// Known says that a request was made by a caller who has proved who it is: its connection need not
// give way to those of strangers any more. ctx is the request's.
func (l *Listener) Known(ctx context.Context) {
	c, ok := ctx.Value(connectionKey{}).(*limited)
	if !ok || c == nil {
		return
	}
	c.pace.accepted()
	if !c.known.Swap(true) {
		c.unproven.Release()
	}
}

// setWithin says that a request begins, or that the next may come.
func (c *limited) setWithin(within bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head.Release()
	c.within, c.came, c.head, c.held = within, 0, nil, 0
}

// Close implements net.Conn.
func (c *limited) Close() error {
	c.once.Do(func() { c.of.remove(c) })
	c.end()
	err := c.Conn.Close()
	c.setWithin(false)
	c.admitted.Do(func() {}) // and it is not going to be counted
	c.unproven.Release()
	return err
}

// CloseWrite shuts down the writing side, as net/http does before it closes a connection whose
// request it has not read to the end.
func (c *limited) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

type connectionKey struct{}

// limitedOf is the connection under another, nil if it is none of a Listener.
func limitedOf(c net.Conn) *limited {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	l, _ := c.(*limited)
	return l
}

// Attach has a server tell l of the requests on its connections. It is called before the server
// serves.
func (l *Listener) Attach(s *http.Server) {
	s.Handler = l.handler(s.Handler)
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, limitedOf(c))
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		x := limitedOf(c)
		if x == nil {
			return
		}
		switch state {
		case http.StateIdle:
			x.setWithin(false)
		case http.StateActive:
			if secure, ok := c.(*tls.Conn); ok && !x.streams && secure.ConnectionState().NegotiatedProtocol == "h2" {
				x.streams = true
				if err := x.unproven.Grow(x.ctx, streamBytes); err != nil {
					x.drop()
				}
			}
		}
	}
}

// handler counts the heads of requests while next answers them.
func (l *Listener) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connectionKey{}).(*limited)
		if c == nil {
			next.ServeHTTP(w, r)
			return
		}
		if l.secure && r.Body != nil && r.Body != http.NoBody {
			r.Body = &taken{r.Body, c}
		}
		if r.ProtoMajor > 1 {
			l.serveStream(c, w, r, next)
			return
		}
		l.serveFirst(c, w, r, next)
	})
}

// serveFirst serves the one request of a connection that counts as the connection.
func (l *Listener) serveFirst(c *limited, w http.ResponseWriter, r *http.Request, next http.Handler) {
	if n := headSize(r); n > ownHead {
		head := l.heads.Claim(l.share(c), c.drop)
		defer head.Release()
		if err := head.Grow(r.Context(), n-ownHead); err != nil {
			awsapi.Busy(w)
			return
		}
	}
	c.setWithin(true)
	next.ServeHTTP(w, r)
}

// headSize is about how many bytes a request's line and headers take.
func headSize(r *http.Request) int64 {
	n := len(r.RequestURI)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return int64(n)
}
