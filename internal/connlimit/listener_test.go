package connlimit

import (
	"io"
	"log/slog"
	"net"
	"slices"
	"testing"
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
