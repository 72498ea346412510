package admission

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/throttle"
)

// What needs no signature is answered at a source's rate: at once, then ever later, and then not,
// which is not said sooner than an answer would come. Other sources do not wait.
func TestUnsigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		h := Unsigned(throttle.Rate{PerSecond: 10, Burst: 3}, func(r *http.Request) string { return r.RemoteAddr },
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
		began := time.Now()
		type answer struct {
			status int
			after  time.Duration
		}
		ask := func(from string) answer {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if (w.Code == http.StatusOK) == (w.Header().Get("Retry-After") != "") {
				t.Errorf("%d has Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			return answer{w.Code, time.Since(began)}
		}
		answers := make(chan answer, 100)
		for range cap(answers) {
			go func() { answers <- ask("192.0.2.1") }()
		}
		synctest.Wait()
		if got := ask("192.0.2.2"); got != (answer{http.StatusOK, 0}) {
			t.Errorf("another source: %+v", got)
		}
		count := map[answer]int{}
		for range cap(answers) {
			count[<-answers]++
		}
		if count[answer{http.StatusOK, 0}] != 3 || count[answer{http.StatusTooManyRequests, time.Second}] != cap(answers)-13 || asked != 3+10+1 || len(count) != 12 {
			t.Errorf("%d asked, answers %v", asked, count)
		}
	})
}
