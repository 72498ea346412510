package connlimit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/source"
)

// talker is a connection whose peer says as much as is read.
type talker struct {
	net.Conn
	from net.Addr
}

func (c *talker) Read(b []byte) (int, error) {
	return len(b), nil
}
func (c *talker) RemoteAddr() net.Addr            { return c.from }
func (c *talker) SetReadDeadline(time.Time) error { return nil }
func (c *talker) Close() error                    { return nil }

// talkers are a Listener with a connection from each address.
func talkers(t *testing.T, o Options, from ...string) (*Listener, []*limited) {
	t.Helper()
	o.Max, o.PerSource, o.Log = 100, 100, slog.New(slog.DiscardHandler)
	l := New(nil, o)
	var all []*limited
	for _, address := range from {
		l.Listener = &one{&talker{from: &net.TCPAddr{IP: net.ParseIP(address)}}}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		x := c.(*limited)
		x.setWithin(true) // heads have a bound of their own
		all = append(all, x)
	}
	return l, all
}

type one struct{ net.Conn }

func (o *one) Accept() (net.Conn, error) { return o.Conn, nil }
func (o *one) Close() error              { return nil }
func (o *one) Addr() net.Addr            { return o.LocalAddr() }

// say reads n bytes of a connection, 1,000 at once, and returns for how long it had to wait.
func say(t *testing.T, c *limited, n int) time.Duration {
	t.Helper()
	began := time.Now()
	for ; n > 0; n -= 1000 {
		if _, err := c.Read(make([]byte, min(n, 1000))); err != nil {
			t.Fatalf("%d bytes before the end: %v", n, err)
		}
	}
	return time.Since(began)
}

// What a connection says for nothing, beyond what is its own, comes at the rate of its source, over
// however many connections; other sources, and callers whose requests are accepted, do not wait.
func TestExcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, all := talkers(t, Options{TLS: true}, "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.9", "192.0.2.1")
		flood, again, newcomer, other, known := all[0], all[1], all[2], all[3], all[4]
		if d := say(t, flood, ownBytes+excess.Burst); d != 0 {
			t.Errorf("the first bytes wait %v", d)
		}
		perSecond := int(excess.PerSecond)
		if d := say(t, flood, 10*perSecond); d < 9*time.Second || d > 10*time.Second {
			t.Errorf("ten seconds' excess waits %v", d)
		}
		if d := say(t, again, ownBytes+5*perSecond); d < 4*time.Second || d > 6*time.Second {
			t.Errorf("five seconds' excess over another connection waits %v", d)
		}
		if d := say(t, newcomer, ownBytes); d != 0 {
			t.Errorf("a new connection of the source waits %v with its first request", d)
		}
		if d := say(t, other, ownBytes+excess.Burst); d != 0 {
			t.Errorf("another source waits %v", d)
		}
		for range 1000 {
			if d := say(t, known, 2000); d != 0 {
				t.Fatalf("a caller whose requests are accepted waits %v", d)
			}
			l.Known(context.WithValue(t.Context(), connectionKey{}, known))
		}
		if d := say(t, known, knownBytes+5*perSecond); d < 4*time.Second {
			t.Errorf("who is known and floods waits %v", d)
		}
	})
}

// A source that would have to wait too long is not read any more.
func TestExcessWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := talkers(t, Options{TLS: true}, "192.0.2.1", "192.0.2.1")
		if _, err := all[0].Read(make([]byte, ownBytes+excess.Burst+3*int(excess.PerSecond))); err != nil {
			t.Error(err)
		}
		if _, err := all[1].Read(make([]byte, ownBytes+1)); !errors.Is(err, errExcess) {
			t.Errorf("a source that owes three seconds is told %v", err)
		}
		if n := all[0].of.Refused(); n != 1 {
			t.Errorf("%d are refused", n)
		}
		began := time.Now()
		all[0].end()
		if _, err := all[0].Read(make([]byte, 1)); err == nil || time.Since(began) > 0 {
			t.Errorf("a connection that has to go waits %v, and is told %v", time.Since(began), err)
		}
	})
}

// Bodies that somebody reads do not count; nor does what a trusted proxy says that speaks for many,
// or who speaks without TLS, which a proxy on this machine may do for everybody.
func TestExcessIsOfStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, all := talkers(t, Options{TLS: true}, "192.0.2.1")
		handler := l.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
		for range 100 {
			say(t, all[0], 64<<10) // a window comes before it is read
			r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, 64<<10)))
			r.ProtoMajor = 2
			handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(t.Context(), connectionKey{}, all[0])))
			l.Known(context.WithValue(t.Context(), connectionKey{}, all[0]))
		}
		if all[0].pace.until.After(time.Now()) {
			t.Error("bodies that are read have to wait")
		}
		proxies := source.Proxies{netip.MustParsePrefix("192.0.2.7/32")}
		for _, o := range []Options{{TLS: true, Proxies: proxies}, {}} {
			_, all := talkers(t, o, "192.0.2.7")
			say(t, all[0], 1000)
			if o.TLS {
				all[0].pace.spent = knownBytes
				if err := all[0].spend(1 << 30); err != nil || !all[0].pace.until.IsZero() {
					t.Errorf("a trusted proxy waits: %v", err)
				}
			} else if err := all[0].spend(1 << 30); err != nil || !all[0].pace.until.IsZero() {
				t.Errorf("a connection without TLS waits: %v", err)
			}
		}
	})
}
