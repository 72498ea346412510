package admission

import (
	"net/http"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/throttle"
)

// Unsigned paces what anybody may ask for without a signature: each source gets next's answers at
// rate. Who asks faster waits for up to longestRefusal, and beyond that is refused, no sooner than
// then: what is refused at once is asked for again at once. source is where a request comes from.
func Unsigned(rate throttle.Rate, source func(*http.Request) string, next http.Handler) http.Handler {
	pacer := throttle.NewPacer(rate, longestRefusal)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delay, ok := pacer.Reserve(source(r), 1, time.Now())
		if !ok {
			wait(r.Context(), longestRefusal)
			awsapi.TooFast(w)
			return
		}
		wait(r.Context(), delay)
		next.ServeHTTP(w, r)
	})
}
