package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A seen call is one that reached the server, or was about to.
type seen struct {
	operation string // as "POST /members"
	account   string // whose credentials
	region    string
	ids       []string // of CreateMember and CreateInvitations
}

// A faultyProxy stands between the program and the server, and behaves as networks and busy services do.
type faultyProxy struct {
	url     string
	forward *httputil.ReverseProxy

	// throttle is how many calls of an operation a second there may be in a Region; 0 is any number.
	throttle float64
	// failEvery makes one call in so many fail: in turn before it reaches the server, after it did, and by a broken connection.
	failEvery int
	// before and after are called around the forwarding of call number n, from 1. When after returns true, the answer is lost.
	before func(n int, c seen)
	after  func(n int, c seen) (lost bool)

	mu      sync.Mutex
	calls   []seen
	away    bool
	buckets map[string]*bucket
	faults  int
}

type bucket struct {
	tokens float64
	at     time.Time
}

func proxyTo(t *testing.T, target string) *faultyProxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &faultyProxy{buckets: map[string]*bucket{}, forward: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // the signature has it
		},
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     nil,
	}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

var scope = regexp.MustCompile(`Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/`)

func (p *faultyProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil || m[3] == "sts" {
		p.forward.ServeHTTP(w, r)
		return
	}
	c := seen{operation: r.Method + " " + r.URL.Path, account: m[1], region: m[2], ids: idsIn(body)}

	p.mu.Lock()
	if p.away {
		p.mu.Unlock()
		hangUp(w)
		return
	}
	if p.throttle > 0 && !p.take(c) {
		p.mu.Unlock()
		refuse(w, http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded")
		return
	}
	p.calls = append(p.calls, c)
	n := len(p.calls)
	fault := -1
	if p.failEvery > 0 && n%p.failEvery == 0 {
		fault = p.faults % 3
		p.faults++
	}
	p.mu.Unlock()

	if p.before != nil {
		p.before(n, c)
	}
	if fault == 0 {
		refuse(w, http.StatusInternalServerError, "InternalServerException", "no luck")
		return
	}
	answer := httptest.NewRecorder()
	p.forward.ServeHTTP(answer, r)
	lost := p.after != nil && p.after(n, c)
	switch {
	case lost || fault == 2:
		hangUp(w)
	case fault == 1:
		refuse(w, http.StatusServiceUnavailable, "InternalServerException", "done, and not said")
	default:
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// take takes a token of the call's bucket, which holds a second's worth.
func (p *faultyProxy) take(c seen) bool {
	key := c.region + " " + operationOf(c)
	b := p.buckets[key]
	now := time.Now()
	if b == nil {
		b = &bucket{tokens: p.throttle, at: now}
		p.buckets[key] = b
	}
	b.tokens = min(p.throttle, b.tokens+now.Sub(b.at).Seconds()*p.throttle)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

var digits = regexp.MustCompile(`[0-9]{12}`)

// operationOf is the call's method and path, without an account.
func operationOf(c seen) string { return digits.ReplaceAllString(c.operation, "ID") }

func idsIn(body []byte) []string {
	var in struct {
		AccountIDs []string `json:"accountIds"`
		Account    struct {
			AccountID string `json:"accountId"`
		} `json:"account"`
	}
	if json.Unmarshal(body, &in) != nil {
		return nil
	}
	if in.Account.AccountID != "" {
		return []string{in.Account.AccountID}
	}
	return in.AccountIDs
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func (p *faultyProxy) setAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

func (p *faultyProxy) seen() []seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// countOf is how many calls of an operation reached the server, such as "POST /invitations".
func (p *faultyProxy) countOf(operation string) int {
	n := 0
	for _, c := range p.seen() {
		if strings.HasPrefix(c.operation, operation) {
			n++
		}
	}
	return n
}
