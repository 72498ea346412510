package server

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// One connection more than the node holds is told so at once, in words that SDKs understand; when
// one closes, there is room again.
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
	if n := s.connections.Refused(); n != 3 {
		t.Errorf("%d connections count as refused", n)
	}
	first.Close()
	for give := time.After(2 * time.Minute); s.connections.Open() > 1; { // until the server has seen it
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
