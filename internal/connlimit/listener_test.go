package connlimit

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// arrivals is a listener to which connections come from the addresses given.
type arrivals struct {
	net.Listener
	from []string
}

type arrival struct {
	net.Conn
	from net.Addr
}

func (a arrival) RemoteAddr() net.Addr { return a.from }

func (a *arrivals) Accept() (net.Conn, error) {
	if len(a.from) == 0 {
		return nil, io.EOF
	}
	here, there := net.Pipe()
	there.Close()
	c := arrival{here, &net.TCPAddr{IP: net.ParseIP(a.from[0])}}
	a.from = a.from[1:]
	return c, nil
}

// One source cannot take all connections; an IPv6 network is one source; this machine itself is
// none.
func TestMaxConnectionsOfOneSource(t *testing.T) {
	const many, net1, net2 = "192.0.2.1", "2001:db8::1", "2001:db8::2"
	a := &arrivals{from: []string{many, many, many, net1, net2, net1, "192.0.2.2", "127.0.0.1", "127.0.0.1", "127.0.0.1", many}}
	l := New(a, Options{Max: 100, PerSource: 2, TLS: true, Log: slog.New(slog.DiscardHandler)})
	var got []string
	var open []net.Conn
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		got = append(got, c.RemoteAddr().(*net.TCPAddr).IP.String())
		open = append(open, c)
	}
	want := []string{many, many, net1, net2, "192.0.2.2", "127.0.0.1", "127.0.0.1", "127.0.0.1"}
	if !slices.Equal(got, want) || l.refused.Load() != 3 {
		t.Errorf("%v are let in, %d refused; want %v", got, l.refused.Load(), want)
	}
	for _, c := range open {
		c.Close()
		c.Close() // counts once
	}
	if len(l.bySource) != 0 || l.open.Load() != 0 {
		t.Errorf("%v still count, %d in all", l.bySource, l.open.Load())
	}
	a.from = []string{many}
	if _, err := l.Accept(); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// Connections on which nobody has proved who they are give way, the oldest first, when they hold as
// much as they may; those on which somebody has do not.
func TestStrangersGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(nil, Options{Max: 10_000, PerSource: 10_000, TLS: true, Log: slog.New(slog.DiscardHandler)})
		open := func() (*limited, net.Conn) {
			here, there := net.Pipe()
			c := &limited{Conn: arrival{here, &net.TCPAddr{IP: net.ParseIP("127.0.0.1")}}, of: l}
			c.ctx, c.end = context.WithCancel(t.Context())
			go there.Write([]byte("x"))
			if _, err := c.Read(make([]byte, 1)); err != nil {
				t.Errorf("a new connection: %v", err)
			}
			return c, there
		}
		known, _ := open()
		l.Known(context.WithValue(t.Context(), connectionKey{}, known))
		var all []*limited
		for range unproven / secureBytes {
			time.Sleep(time.Second / 80) // as fast as one source may
			c, _ := open()
			all = append(all, c)
		}
		if n := l.unproven.Held(); n != unproven/secureBytes*secureBytes {
			t.Errorf("strangers hold %d bytes", n)
		}
		go func() { // as net/http does with a connection that ends
			<-all[0].ctx.Done()
			all[0].Close()
		}()
		began := time.Now()
		last, _ := open()
		if time.Since(began) > unprovenGrace {
			t.Errorf("a place is free after %v", time.Since(began))
		}
		if all[0].ctx.Err() == nil || all[1].ctx.Err() != nil || known.ctx.Err() != nil || last.ctx.Err() != nil {
			t.Error("it is not the oldest stranger who gives way")
		}
		for _, c := range append(all, known, last) {
			c.Close()
		}
		if n := l.unproven.Held(); n != 0 {
			t.Errorf("%d bytes are held of connections that are closed", n)
		}
	})
}
