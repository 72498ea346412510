package server

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// One connection more than the node holds is told so at once, in words that SDKs understand; when one closes, there is room again.
func TestMaxConnections(t *testing.T) {
	s := start(t, Config{MaxConnections: 2})
	address := strings.TrimPrefix(s.URL(), "http://")
	ask := func() (net.Conn, *http.Response, string) {
		t.Helper()
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return c, resp, string(body)
	}
	first, resp, body := ask()
	_, resp2, _ := ask()
	if body != "ok\n" || resp.StatusCode != 200 || resp2.StatusCode != 200 {
		t.Fatalf("%v %q, %v", resp.Status, body, resp2.Status)
	}
	for range 3 {
		c, resp, body := ask()
		if resp.StatusCode != 503 || resp.Header.Get("X-Amzn-Errortype") != "ServiceUnavailableException" || !resp.Close ||
			body != `{"message":"This node holds as many connections as it may."}` {
			t.Errorf("over the limit: %v %v %q", resp.Status, resp.Header, body)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Error("the refused connection stays open")
		}
	}
	if n := s.connections.refused.Load(); n != 3 {
		t.Errorf("%d connections count as refused", n)
	}
	first.Close()
	for give := time.After(2 * time.Minute); s.connections.open.Load() > 1; { // until the server has seen it
		select {
		case <-give:
			t.Fatal("a closed connection still counts")
		default:
			runtime.Gosched()
		}
	}
	if _, resp, _ := ask(); resp.StatusCode != 200 {
		t.Errorf("with room again: %v", resp.Status)
	}
}

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

// One source cannot take all connections; an IPv6 network is one source; this machine itself is none.
func TestMaxConnectionsOfOneSource(t *testing.T) {
	const many, net1, net2 = "192.0.2.1", "2001:db8::1", "2001:db8::2"
	a := &arrivals{from: []string{many, many, many, net1, net2, net1, "192.0.2.2", "127.0.0.1", "127.0.0.1", "127.0.0.1", many}}
	l := limit(a, 100, 2, true, slog.New(slog.DiscardHandler))
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
