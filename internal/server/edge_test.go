package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// signer makes a key of an account with policies, and returns what signs a request with it.
func signer(t *testing.T, s *Server, account macie2.AccountID, policies ...string) func(r *http.Request, region, service string, body []byte) {
	t.Helper()
	ctx := context.Background()
	if _, err := s.Identity().Account(ctx, account); err != nil {
		if _, err := s.Identity().CreateAccount(ctx, account, "owner@example.com", "", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	key, secret, err := s.Identity().CreateKey(ctx, account, "", policies, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request, region, service string, body []byte) {
		c := sigv4.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}
		if err := sigv4.Sign(r, c, region, service, body, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func newRequest(t *testing.T, method, url string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func do(t *testing.T, r *http.Request) (status int, text string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("x-amzn-ErrorType") + " " + string(b)
}

var label = regexp.MustCompile(`\{[^}]*\}`)

// fill puts something into the labels of an operation's path.
func fill(op *macie2.Operation) string {
	return label.ReplaceAllStringFunc(op.URI, func(name string) string {
		if name == "{resourceArn}" {
			return "arn%3Aaws%3Amacie2%3Aeu-west-1%3A111122223333%3Amember%2F444455556666"
		}
		return "444455556666"
	})
}

// enough are bodies of the membership operations that lack nothing.
var enough = map[string]string{
	"CreateMember":                    `{"account":{"accountId":"444455556666","email":"a@example.com"}}`,
	"CreateInvitations":               `{"accountIds":["444455556666"]}`,
	"AcceptInvitation":                `{"administratorAccountId":"444455556666","invitationId":"0123456789abcdef0123456789abcdef"}`,
	"DeclineInvitations":              `{"accountIds":["444455556666"]}`,
	"DeleteInvitations":               `{"accountIds":["444455556666"]}`,
	"UpdateMemberSession":             `{"status":"PAUSED"}`,
	"UpdateMacieSession":              `{"status":"PAUSED"}`,
	"UpdateOrganizationConfiguration": `{"autoEnable":true}`,
	"EnableOrganizationAdminAccount":  `{"adminAccountId":"444455556666"}`,
	"TagResource":                     `{"tags":{"a":"b"}}`,
}

// Every operation, built or not, is decided on in one order: signature, operation, permission,
// session.
func TestOrderOfDecisions(t *testing.T) {
	s := start(t, Config{Rates: []string{"CreateClassificationJob=1000"}})
	nobody, somebody := signer(t, s, "111122223333", "none"), signer(t, s, "111122223333")
	for _, op := range macie2.Operations() {
		ask := func(sign func(*http.Request, string, string, []byte), path string, body []byte) (int, string) {
			r := newRequest(t, op.Method, s.URL()+path, body)
			if sign != nil {
				sign(r, "eu-west-1", "macie2", body)
			}
			return do(t, r)
		}
		path := fill(op)
		if status, text := ask(nil, path, nil); status != 403 || !strings.HasPrefix(text, "MissingAuthenticationTokenException") {
			t.Errorf("%s, not signed: %d %s", op.Name, status, text)
		}
		if status, text := ask(nobody, path+"/no/such/thing", nil); status != 404 || !strings.HasPrefix(text, "UnknownOperationException") {
			t.Errorf("%s, of a path that there is not: %d %s", op.Name, status, text)
		}
		for _, body := range [][]byte{nil, []byte("{"), []byte("[1]")} {
			if status, text := ask(nobody, path+"?maxResults=x", body); status != 403 || !strings.Contains(text, "is not authorized to perform: "+op.Action) {
				t.Errorf("%s with %q, without permission: %d %s", op.Name, body, status, text)
			}
		}
		if op.Name == "EnableMacie" {
			continue // which begins a session
		}
		body := []byte(enough[op.Name])
		switch status, text := ask(somebody, path, body); {
		case len(body) > 0 && status == 400:
			t.Errorf("%s, without a session: %d %s", op.Name, status, text)
		case strings.HasSuffix(op.Name, "OrganizationConfiguration") && strings.Contains(text, "you must be the Macie administrator for an organization"):
			// as observed of Macie where it is not enabled
		case status == 403 && strings.Contains(text, `"Macie is not enabled`):
		case status == 400 && strings.HasPrefix(text, "ValidationException"): // it lacks something
		default:
			t.Errorf("%s, without a session: %d %s", op.Name, status, text)
		}
	}
}

// A Region that is not in the list is refused by every service; those of the list are served, and
// those that are in use where none are given.
func TestRegions(t *testing.T) {
	ask := func(s *Server, sign func(*http.Request, string, string, []byte), region string) (int, string) {
		r := newRequest(t, http.MethodPost, s.URL()+"/macie", nil)
		sign(r, region, "macie2", nil)
		return do(t, r)
	}
	folder := t.TempDir()
	s := start(t, Config{Data: folder, Regions: []string{"eu-west-1", "zz-foo-9"}})
	sign := signer(t, s, "111122223333")
	for region, want := range map[string]int{"eu-west-1": 200, "zz-foo-9": 200, "us-east-1": 403, "cn-north-1": 403} {
		if status, text := ask(s, sign, region); status != want || want == 403 && !strings.Contains(text, "valid region, not '"+region+"'") {
			t.Errorf("%s of a list: %d %s", region, status, text)
		}
	}
	body := []byte("Action=GetCallerIdentity&Version=2011-06-15")
	for region, want := range map[string]int{"us-east-1": 200, "eu-west-1": 200, "zz-foo-8": 403} {
		r := newRequest(t, http.MethodPost, s.URL()+"/", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		sign(r, region, "sts", body)
		if status, text := do(t, r); status != want {
			t.Errorf("STS in %s: %d %s", region, status, text)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, Config{Data: folder})
	sign = signer(t, s, "111122223333")
	for region, want := range map[string]int{"eu-west-1": 409, "zz-foo-9": 409, "us-east-1": 200, "zz-foo-8": 403, "us-gov-west-1": 403} {
		if status, text := ask(s, sign, region); status != want {
			t.Errorf("%s by default: %d %s", region, status, text)
		}
	}
	if _, err := (Config{Regions: []string{"mars"}}).withDefaults(); err == nil {
		t.Error("a Region that is none is taken")
	}
}

// In dev mode a page whose name leads to the loopback address gets nothing.
func TestDevIsForNamesOfThisMachine(t *testing.T) {
	s := start(t, Config{Dev: true})
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "LOCALHOST:8484": 200, "magpie.localhost": 200, "127.0.0.1:1": 200, "127.9.9.9": 200, "[::1]:80": 200,
		"evil.example.com": 421, "evil.example.com:8484": 421, "localhost.evil.example.com": 421, "127.0.0.1.evil.example.com": 421, "10.0.0.1": 421,
		"0.0.0.0": 421, "[::]": 421,
	} {
		r := newRequest(t, http.MethodGet, s.URL()+"/healthz", nil)
		if host != "" {
			r.Host = host
		}
		if status, text := do(t, r); status != want {
			t.Errorf("Host %q: %d %s", host, status, text)
		}
	}
	open := start(t, Config{})
	r := newRequest(t, http.MethodGet, open.URL()+"/healthz", nil)
	r.Host = "macie.example.com"
	if status, _ := do(t, r); status != 200 {
		t.Errorf("without --dev: %d", status)
	}
}

func TestMetricsElsewhere(t *testing.T) {
	s := start(t, Config{MetricsListen: "127.0.0.1:0"})
	if status, _ := do(t, newRequest(t, http.MethodGet, s.URL()+"/metrics", nil)); status != 403 {
		t.Errorf("at the usual address: %d", status)
	}
	status, text := do(t, newRequest(t, http.MethodGet, "http://"+s.metricsListener.Addr().String()+"/metrics", nil))
	if status != 200 || !strings.Contains(text, "magpie_connections ") || !strings.Contains(text, "go_goroutines ") {
		t.Errorf("at its own address: %d %.200s", status, text)
	}
	for _, version := range []string{"go_info", "go1.", "version="} {
		if strings.Contains(text, version) {
			t.Errorf("it tells %q", version)
		}
	}
	if status, _ := do(t, newRequest(t, http.MethodGet, "http://"+s.metricsListener.Addr().String()+"/macie", nil)); status != 404 {
		t.Errorf("something else at its own address: %d", status)
	}
}

// speak sends a request over a connection that begins with something, and returns its status.
func speak(t *testing.T, s *Server, begin string, r *http.Request) int {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(append([]byte(begin), text.Bytes()...)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Policies see the client's address behind a proxy that is trusted, and the proxy's behind any
// other.
func TestTrustedProxies(t *testing.T) {
	onlyFrom := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}`
	v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\xc0\x00\x02\x01\x9c\x40\x01\xbb"
	for _, trusted := range []bool{true, false} {
		c := Config{}
		if trusted {
			c.TrustedProxies = []string{"127.0.0.0/8"}
		}
		s := start(t, c)
		sign := signer(t, s, "111122223333", onlyFrom)
		for _, x := range []struct {
			name, begin, forwarded string
			want                   bool
		}{
			{"nothing said", "", "", false},
			{"forwarded", "", "203.0.113.7", true},
			{"forwarded for another", "", "198.51.100.7", false},
			{"forwarded, and written by the client", "", "203.0.113.7, 198.51.100.7", false},
			{"version 1", "PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n", "", true},
			{"version 1, another", "PROXY TCP4 198.51.100.7 192.0.2.1 40000 443\r\n", "", false},
			{"version 1, and a header that is not the proxy's", "PROXY TCP4 198.51.100.7 192.0.2.1 40000 443\r\n", "203.0.113.7", false},
			{"version 2", v2, "", true},
			{"a probe", "PROXY UNKNOWN\r\n", "", false},
		} {
			r := newRequest(t, http.MethodPost, s.URL()+"/macie", nil)
			if x.forwarded != "" {
				r.Header.Set("X-Forwarded-For", x.forwarded)
			}
			sign(r, "eu-west-1", "macie2", nil)
			status := speak(t, s, x.begin, r)
			switch {
			case !trusted && x.begin != "":
				if status != 400 {
					t.Errorf("%s, not trusted: %d", x.name, status)
				}
			case (status == 403) == (trusted && x.want) || status != 403 && status != 200 && status != 409:
				t.Errorf("%s, trusted %v: %d", x.name, trusted, status)
			}
		}
		if trusted {
			if status := speak(t, s, "PROXY nonsense\r\n", newRequest(t, http.MethodGet, s.URL()+"/healthz", nil)); status == 200 {
				t.Error("a malformed header is passed over")
			}
		}
	}
}

// A source has its connections behind a proxy too: its own, not the proxy's.
func TestConnectionsBehindAProxy(t *testing.T) {
	s := start(t, Config{TrustedProxies: []string{"127.0.0.1"}, MaxPerSource: 2})
	dial := func(from string) net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "PROXY TCP4 %s 192.0.2.1 40000 443\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", from)
		return conn
	}
	served := func(c net.Conn) bool {
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		return err == nil && resp.StatusCode == 200
	}
	for range 2 {
		if !served(dial("203.0.113.7")) {
			t.Fatal("a connection within the bound is not served")
		}
	}
	if served(dial("203.0.113.7")) {
		t.Error("one too many is served")
	}
	for n := range 5 {
		if !served(dial(fmt.Sprintf("203.0.113.%d", 20+n))) {
			t.Error("another source is not served")
		}
	}
}
