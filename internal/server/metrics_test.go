package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/sigv4"
	"magpie/internal/throttle"
)

// TestMetricsBySignedCall: with --metrics-account the metrics are told to principals of that account that
// may have them, and to nobody else.
func TestMetricsBySignedCall(t *testing.T) {
	s := start(t, Config{Dev: true, MetricsAccount: "111122223333"})
	get := func(path, key string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			c := sigv4.Credentials{AccessKeyID: key, SecretAccessKey: "any"}
			if err := sigv4.Sign(r, c, "eu-west-1", "macie2", nil, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, text := get("/magpie/v1/metrics", "111122223333"); status != 200 || !strings.Contains(text, "go_goroutines") {
		t.Errorf("the account gets %d %.200s", status, text)
	}
	for _, x := range []struct{ path, key string }{
		{"/magpie/v1/metrics", "444455556666"}, {"/magpie/v1/metrics", ""}, {"/metrics", ""},
	} {
		if status, text := get(x.path, x.key); status != 403 || strings.Contains(text, "go_goroutines") {
			t.Errorf("%s by %q gets %d %.200s", x.path, x.key, status, text)
		}
	}
	if _, err := (Config{MetricsAccount: "me"}).withDefaults(); err == nil || !strings.HasPrefix(err.Error(), "--metrics-account ") {
		t.Errorf("an account that is none: %v", err)
	}
}

func TestMetricsTellWhatWasAnswered(t *testing.T) {
	ctx := context.Background()
	s, err := Start(ctx, Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Dev: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	get := func(path string, sign bool) string {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if sign {
			c := sigv4.Credentials{AccessKeyID: "111122223333", SecretAccessKey: "any"}
			if err := sigv4.Sign(r, c, "eu-west-1", "macie2", nil, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	get("/macie", true)
	get("/macie", false)
	get("/no/such/path", true)
	text := get("/metrics", false)
	for _, line := range []string{
		`magpie_requests_total{operation="GetMacieSession",outcome="AccessDeniedException"} 1`,
		`magpie_requests_total{operation="unknown",outcome="UnknownOperationException"} 1`,
		`magpie_request_seconds_count{operation="GetMacieSession"} 1`,
		`magpie_store_transactions_total `,
		`magpie_mails_total{outcome="refused"} 0`,
		`magpie_queue_leases_lost_total 0`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if strings.Contains(text, "111122223333") || strings.Contains(text, "no/such") {
		t.Error("/metrics names an account or what a client sent")
	}
}

// What anybody may ask for is paced, every path of it: the first answers come, the next do not.
func TestUnsignedPathsArePaced(t *testing.T) {
	for _, rate := range []*throttle.Rate{&probeRate, &scrapeRate, &consoleRate} {
		before := *rate
		t.Cleanup(func() { *rate = before })
		*rate = throttle.Rate{PerSecond: 0.001, Burst: 1}
	}
	s := start(t, Config{Dev: true})
	var group sync.WaitGroup
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/console", "/console/"} {
		group.Go(func() {
			for i, want := range []bool{true, false} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
				r.RemoteAddr, r.Host = "192.0.2.1:1", strings.TrimPrefix(s.URL(), "http://")
				w := httptest.NewRecorder()
				s.http.Handler.ServeHTTP(w, r)
				if answered := w.Code < 400; answered != want || !answered && w.Code != http.StatusTooManyRequests {
					t.Errorf("request %d for %s is answered %d %.100s", i+1, path, w.Code, w.Body)
				}
			}
		})
	}
	group.Wait()
	for _, path := range []string{"/console/api/session", "/console/assets/none", "/console/api/call/macie"} { // the console is one source of work
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.RemoteAddr, r.Host = "192.0.2.1:1", strings.TrimPrefix(s.URL(), "http://")
		if s.http.Handler.ServeHTTP(w, r); w.Code != http.StatusTooManyRequests {
			t.Errorf("%s is answered %d", path, w.Code)
		}
	}
}
