package connlimit

import (
	"net/http"
	"sync"
	"time"
)

// serveStream serves a request of HTTP/2. It counts until its answer is sent: net/http keeps a
// small one until the handler has returned, and a client can leave it no window to be sent in.
func (l *Listener) serveStream(c *limited, w http.ResponseWriter, r *http.Request, next http.Handler) {
	c.mu.Lock()
	first := c.inWork == 0
	c.inWork++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.inWork--
		c.mu.Unlock()
	}()
	if first {
		l.serveFirst(c, w, r, next)
		_ = http.NewResponseController(w).Flush()
		return
	}
	s := &stream{ResponseWriter: w}
	claim := l.further.Claim(l.share(c), s.drop)
	defer claim.Release()
	if err := claim.Grow(r.Context(), headSize(r)+ownStream); err != nil {
		// An answer without a body needs no window.
		w.Header()["Retry-After"], w.Header()["x-amzn-ErrorType"] = []string{"1"}, []string{"ServiceUnavailableException"}
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.setWithin(true)
	next.ServeHTTP(s, r)
	s.begin()
	_ = http.NewResponseController(w).Flush()
}

// stream is a further request on a connection of HTTP/2, which gives way when others need its room:
// while its body is awaited that does not come, or while its answer is sent that is not taken. What
// is being worked on is let finish.
type stream struct {
	http.ResponseWriter
	mu        sync.Mutex
	answering bool
	dropped   bool
}

// Unwrap is for http.ResponseController.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write implements http.ResponseWriter.
func (s *stream) Write(b []byte) (int, error) {
	s.begin()
	return s.ResponseWriter.Write(b)
}

// lastAnswer is how long a request that gave way may take to send its answer.
const lastAnswer = time.Second

// begin notes that the answer is being sent.
func (s *stream) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answering {
		return
	}
	if s.answering = true; s.dropped {
		_ = http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now().Add(lastAnswer))
	}
}

// drop makes the request end soon, unless it is being worked on.
func (s *stream) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = true
	control := http.NewResponseController(s.ResponseWriter)
	_ = control.SetReadDeadline(time.Unix(1, 0))
	if s.answering {
		_ = control.SetWriteDeadline(time.Unix(1, 0))
	}
}
