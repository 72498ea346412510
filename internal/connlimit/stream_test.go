package connlimit

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Of the requests on a connection of HTTP/2 one counts as the connection. Further ones have a room
// of their own until they are answered, and those that find none are refused without a body.
func TestFurtherStreams(t *testing.T) {
	l := New(&arrivals{}, Options{Max: 10, PerSource: 10, Log: slog.New(slog.DiscardHandler)})
	here, there := net.Pipe()
	defer there.Close()
	ctx, end := context.WithCancel(t.Context())
	c := &limited{Conn: here, of: l, ctx: ctx, end: end}
	begun, finish := make(chan bool), make(chan bool)
	handler := l.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-finish
		_, _ = io.WriteString(w, "done")
	}))
	answered := make(chan *httptest.ResponseRecorder)
	ask := func() {
		r := httptest.NewRequest(http.MethodPost, "/macie", nil).WithContext(context.WithValue(ctx, connectionKey{}, c))
		r.ProtoMajor = 2
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		answered <- w
	}
	const room = furtherStreams / (ownStream + 6) // the path is the head
	inWork := 0
	for range 1 + room {
		go ask()
		<-begun
		inWork++
	}
	if held := l.further.Held(); held <= furtherStreams-2*ownStream || held > furtherStreams {
		t.Errorf("%d requests hold %d bytes", inWork, held)
	}
	go ask()
	if w := <-answered; w.Code != http.StatusServiceUnavailable || w.Body.Len() != 0 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many is answered %d %q", w.Code, w.Body)
	}
	for range inWork {
		finish <- true
		if w := <-answered; w.Code != http.StatusOK || w.Body.String() != "done" {
			t.Errorf("one in work is answered %d %q", w.Code, w.Body)
		}
	}
	if held := l.further.Held(); held != 0 || c.inWork != 0 {
		t.Errorf("%d bytes of %d requests are held by nobody", held, c.inWork)
	}
}
