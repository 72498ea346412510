package s3

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// talker is a server that is told, connection by connection, what to answer to each request.
func talker(t *testing.T, answers ...[]string) (address string, connections *int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(int)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, list := range answers {
			c, err := l.Accept()
			if err != nil {
				return
			}
			*connections++
			in := bufio.NewReader(c)
			for _, text := range list {
				if _, err := http.ReadRequest(in); err != nil {
					break
				}
				io.WriteString(c, text)
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String(), connections
}

func newTransport() *transport {
	return &transport{dial: (&net.Dialer{}).DialContext, patience: 30 * time.Second, idle: map[place][]*conn{}}
}

func get(t *testing.T, over *transport, ctx context.Context, address string) (string, error) {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := over.RoundTrip(q)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

const short = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// A connection is used again, and one that was ended meanwhile is replaced.
func TestConnections(t *testing.T) {
	address, connections := talker(t, []string{short, "HTTP/1.1 100 Continue\r\n\r\n" + short, short}, []string{short})
	over := newTransport()
	defer over.close(time.Now().Add(time.Hour))
	for i := range 4 {
		if text, err := get(t, over, t.Context(), address); err != nil || text != "ok" {
			t.Fatalf("%d: %q, %v", i, text, err)
		}
	}
	if *connections != 2 {
		t.Errorf("%d connections", *connections)
	}
}

// What is wrong with an answer is an error, and its connection is not used again.
func TestBadAnswers(t *testing.T) {
	for _, text := range []string{
		"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "nonsense\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", mostHead) + "\r\n\r\n",
		strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", mostHead/20),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		address, _ := talker(t, []string{text})
		over := newTransport()
		if body, err := get(t, over, t.Context(), address); err == nil {
			t.Errorf("%.40q: %q", text, body)
		}
		if len(over.idle) > 0 {
			t.Errorf("%.40q: its connection is kept", text)
		}
	}
	// More than was announced.
	address, _ := talker(t, []string{short + "and more"})
	over := newTransport()
	if body, err := get(t, over, t.Context(), address); err != nil || body != "ok" || len(over.idle) > 0 {
		t.Errorf("%q, %v, kept %d", body, err, len(over.idle))
	}
}

// Who gives up does not wait for an answer.
func TestGivingUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
			_, _ = http.ReadRequest(bufio.NewReader(c))
			cancel(errors.New("no more"))
			_, _ = io.Copy(io.Discard, c)
		}
	}()
	over := newTransport()
	if _, err := get(t, over, ctx, l.Addr().String()); err == nil || !strings.Contains(fmt.Sprint(err), "no more") {
		t.Errorf("%v", err)
	}
}
