package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/throttle"
)

// DefaultMaxConnections is how many connections a node holds unless told otherwise.
const DefaultMaxConnections = 10000

const (
	// refusing bounds the connections that are being told no at one moment; those beyond are closed without a word.
	refusing = 64
	// refusalTime is how long a stranger may take to hear a no.
	refusalTime = time.Second
	// refusalLog is how often the log says that connections are refused.
	refusalLog = 10 * time.Second
)

const tooManyMessage = `{"message":"This node holds as many connections as it may."}`

// tooManyHead, a length and tooManyMessage are what a connection over the limit is told. The SDKs try again after a 503.
const tooManyHead = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/json\r\n" +
	"X-Amzn-Errortype: ServiceUnavailableException\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n"

// A limiter is a listener that holds so many connections at most, and so many of one source, so that no source can take them all. One more is refused at once, rather than left to wait in a queue in
// which its caller's time runs out.
type limiter struct {
	net.Listener
	max    int
	each   int  // of one source
	secure bool // who speaks TLS could not read a refusal
	log    *slog.Logger

	open, refused atomic.Int64
	telling       chan struct{}

	mu       sync.Mutex
	logged   time.Time
	bySource map[string]int
}

func limit(l net.Listener, most, each int, secure bool, log *slog.Logger) *limiter {
	return &limiter{Listener: l, max: most, each: each, secure: secure, log: log, telling: make(chan struct{}, refusing), bySource: map[string]int{}}
}

// source is whom a connection counts for; "" is this machine itself, where a proxy may stand for everybody.
func source(c net.Conn) string {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok || a.IP.IsLoopback() {
		return ""
	}
	return throttle.Network(a.IP.String())
}

// add counts a connection, if there is room for it.
func (l *limiter) add(source string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open.Load() >= int64(l.max) || source != "" && l.bySource[source] >= l.each {
		return false
	}
	l.open.Add(1)
	l.bySource[source]++
	return true
}

func (l *limiter) remove(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open.Add(-1)
	if l.bySource[source]--; l.bySource[source] == 0 {
		delete(l.bySource, source)
	}
}

// Accept implements net.Listener.
func (l *limiter) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if from := source(c); l.add(from) {
			return &limited{Conn: c, of: l, source: from}, nil
		}
		l.refuse(c)
	}
}

func (l *limiter) refuse(c net.Conn) {
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
		// The request is read as far as it has come: closing a connection with unread bytes would take the answer back.
		_, _ = c.Read(make([]byte, 16<<10))
		_, _ = fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", tooManyHead, len(tooManyMessage), tooManyMessage)
	}()
}

// limited is a connection that counts until it is closed.
type limited struct {
	net.Conn
	of     *limiter
	source string
	once   sync.Once
}

// Close implements net.Conn.
func (c *limited) Close() error {
	c.once.Do(func() { c.of.remove(c.source) })
	return c.Conn.Close()
}

// CloseWrite ends what is sent and not what is read; net/http does so before it closes a connection whose request it did not read to the end.
func (c *limited) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
