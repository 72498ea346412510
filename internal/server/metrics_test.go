package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/sigv4"
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
