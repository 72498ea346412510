package awsapi

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// rawRequest returns a request as net/http's server would: parsed from the wire.
func rawRequest(method, target string, body []byte, key string, now time.Time) (*http.Request, error) {
	wire := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: macie2.example.com\r\nContent-Length: %d\r\n\r\n%s", method, target, len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		return nil, err
	}
	r.RemoteAddr = "192.0.2.1:1234"
	return r, sigv4.Sign(r, sigv4.Credentials{AccessKeyID: key, SecretAccessKey: key}, "eu-west-1", "macie2", body, now)
}

func serve(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// talk sends text on a fresh connection and returns what is answered, and
// whether the connection was closed then.
func (e *edge) talk(text string) (got response, closed bool) {
	e.t.Helper()
	conn, err := net.Dial("tcp", e.http.Listener.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		e.t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	resp.Body.Close()
	got = response{resp, string(b)}
	checkShape(e.t, http.MethodPost, got)
	if resp.Close {
		_, err = reader.ReadByte()
		return got, err == io.EOF
	}
	return got, false
}

// claimed is the head of a request that is signed, for another body than the one that will come.
func claimed(t *testing.T, method, target string) string {
	t.Helper()
	r, err := http.NewRequest(method, "http://localhost"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sigv4.Sign(r, sigv4.Credentials{AccessKeyID: keyAlice, SecretAccessKey: keyAlice}, "eu-west-1", "macie2", nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: " + r.Header.Get("X-Amz-Date") +
		"\r\nAuthorization: " + r.Header.Get("Authorization") + "\r\n"
}

func TestBadBodies(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.BodyTimeout = 50 * time.Millisecond })
	head := claimed(t, "POST", "/invitations")
	for _, c := range []struct {
		name, text         string
		status             int
		exception, message string
	}{
		{"slow", head + "Content-Length: 100\r\n\r\n{", 408, "RequestTimeoutException", "The request body did not arrive in time."},
		{"slow to begin", head + "Content-Length: 100\r\n\r\n", 408, "RequestTimeoutException", "…"},
		{"slow in chunks", head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 408, "RequestTimeoutException", "…"},
		{"too large, said so", head + "Content-Length: 1048577\r\n\r\n", 413, "RequestEntityTooLargeException", "The request body is larger than 1 MiB."},
		{"far too large", head + "Content-Length: 9223372036854775807\r\n\r\n", 413, "RequestEntityTooLargeException", "…"},
		{"too large, waiting to be told", head + "Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", 413, "RequestEntityTooLargeException", "…"},
		{"too large in chunks", head + "Transfer-Encoding: chunked\r\n\r\n100001\r\n" + strings.Repeat("x", 0x100001), 413, "RequestEntityTooLargeException", "…"},
		{"bad chunks", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "MalformedHttpRequestException", "The request body cannot be read: …"},
		{"compressed", head + "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n", 415, "UnsupportedMediaTypeException", "The request body must not be compressed or otherwise encoded."},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &edge{Server: e.Server, t: t, http: e.http}
			got, closed := e.talk(c.text)
			e.refused(got, c.status, c.exception, c.message)
			if !closed {
				t.Error("the connection was left open")
			}
		})
	}
	t.Run("ends early", func(t *testing.T) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "Content-Length: 100\r\n\r\n{")))
		if err != nil {
			t.Fatal(err)
		}
		if w := serve(e.Server, r); w.Code != 400 || !strings.Contains(w.Body.String(), "it ends early") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}

// TestGoodBodies holds that however a body arrives, it is the same body.
func TestGoodBodies(t *testing.T) {
	e := newEdge(t)
	large := strings.Repeat("x", MaxBody-len(`{"accountIds":["1"],"message":""}`))
	var got string
	e.registry.BindCreateInvitations(func(_ context.Context, _ *macie2.Call, in *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error) {
		got = *in.Message
		return nil, nil
	})
	for _, message := range []string{"hello", large} {
		for name, change := range map[string]func(*http.Request){
			"plain":     func(*http.Request) {},
			"chunked":   func(r *http.Request) { r.ContentLength = -1 },
			"continued": func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
			"identity":  func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") },
			"slowly": func(r *http.Request) {
				body := r.Body
				r.Body = struct {
					io.Reader
					io.Closer
				}{oneByteAtFirst{body, new(int)}, body}
			},
		} {
			got = ""
			r := e.sign(e.request("POST", "/invitations", `{"accountIds":["1"],"message":"`+message+`"}`), keyAlice)
			change(r)
			if resp := e.do(r); resp.StatusCode != 200 || got != message {
				t.Errorf("%s: got %d %.200s with a message of %d bytes", name, resp.StatusCode, resp.body, len(got))
			}
		}
	}
}

type oneByteAtFirst struct {
	io.Reader
	n *int
}

func (r oneByteAtFirst) Read(b []byte) (int, error) {
	if *r.n++; *r.n < 20 {
		b = b[:1]
	}
	return r.Reader.Read(b)
}

// TestManyAtOnce holds that requests, which share memory one after the other,
// share none at the same time.
func TestManyAtOnce(t *testing.T) {
	s := New(Options{Registry: macie2.NewRegistry(), Authenticator: keys{}})
	s.o.Registry.BindCreateInvitations(func(_ context.Context, call *macie2.Call, in *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error) {
		if strings.HasPrefix(*in.Message, "no") {
			return nil, macie2.ErrConflict("%s", *in.Message)
		}
		return &macie2.CreateInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{{ErrorMessage: in.Message}}}, nil
	})
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			for i := range 50 {
				message := fmt.Sprintf("%s %d %d %s", [...]string{"yes", "no"}[i%2], worker, i, strings.Repeat("x", i*worker*20))
				r, err := rawRequest("POST", "/invitations", []byte(`{"accountIds":["1"],"message":"`+message+`"}`), keyAlice, time.Now())
				if err != nil {
					t.Error(err)
					return
				}
				want := `{"unprocessedAccounts":[{"errorMessage":"` + message + `"}]}`
				if i%2 == 1 {
					want = `{"message":"` + message + `"}`
				}
				if w := serve(s, r); w.Body.String() != want {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
			}
		})
	}
	group.Wait()
}

// TestHTTP2 holds that what TLS brings with it changes nothing.
func TestHTTP2(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.BodyTimeout = time.Second })
	e.http.Close()
	e.http = httptest.NewUnstartedServer(nil)
	e.http.Config = NewHTTPServer(e.Server, slog.New(slog.DiscardHandler))
	e.http.EnableHTTP2 = true
	e.http.StartTLS()
	t.Cleanup(e.http.Close)
	for _, c := range []struct {
		method, target, body string
		status               int
		exception            string
	}{
		{"GET", "/macie", "", 501, "NotImplementedException"},
		{"POST", "/invitations", "{", 400, "ValidationException"},
		{"POST", "/invitations", strings.Repeat(" ", MaxBody+1), 413, "RequestEntityTooLargeException"},
		{"GET", "//macie", "", 404, "UnknownOperationException"},
	} {
		got := e.do(e.sign(e.request(c.method, c.target, c.body), keyAlice))
		e.refused(got, c.status, c.exception, "…")
		if got.ProtoMajor != 2 {
			t.Errorf("%s", got.Proto)
		}
	}
}

// deadlines is a ResponseWriter that remembers its read deadline.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// TestBodyDeadlineEnds holds that the bound on the body's arrival does not
// outlive it: net/http would cancel the operation when it passes.
func TestBodyDeadlineEnds(t *testing.T) {
	s := New(Options{Registry: macie2.NewRegistry(), Authenticator: keys{}})
	r, err := rawRequest("POST", "/invitations", []byte(`{}`), keyAlice, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	s.ServeHTTP(w, r)
	if len(w.set) != 2 || w.set[0].IsZero() || !w.set[1].IsZero() {
		t.Errorf("deadlines: %v", w.set)
	}
}

// FuzzEdge holds that nothing a client can send is a redirect, HTML, or an error
// of ours.
func FuzzEdge(f *testing.F) {
	f.Add("POST", "/invitations", []byte(`{"accountIds":["111122223333"]}`))
	f.Add("GET", "/members?maxResults=25&nextToken=%00", []byte(``))
	f.Add("GET", "//members/../%2e%2e/macie", []byte(`{`))
	f.Add("DELETE", "/tags/arn%3Aaws%2Fx?tagKeys=a&tagKeys=%ff", []byte(`null`))
	f.Add("HEAD", "http://example.com/macie", []byte(`[]`))
	f.Add("OPTIONS", "*", []byte(``))
	f.Add("PATCH", "/jobs/%zz?;", []byte("\xff"))
	f.Add("GET", "/magpie/v1/x?a=%", []byte(``))
	f.Add("POST", "/", []byte(`Action=GetCallerIdentity`))

	s := New(Options{Registry: macie2.NewRegistry(), Authenticator: keys{}})
	s.HandleSigned("GET", "/magpie/v1/x", "magpie:X", func(context.Context, *macie2.Call, *macie2.Request) (any, error) { return nil, nil })
	f.Fuzz(func(t *testing.T, method, target string, body []byte) {
		for _, key := range []string{keyAlice, keyUnknown} {
			r, err := rawRequest(method, target, body, key, time.Now())
			if err != nil {
				return // not HTTP
			}
			w := serve(s, r)
			resp := w.Result()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			// The recorder keeps the spelling of names that the wire makes equal.
			header := http.Header{}
			for name, values := range w.Header() {
				header[http.CanonicalHeaderKey(name)] = values
			}
			resp.Header = header
			checkShape(t, method, response{resp, string(bytes.TrimSpace(got))})
			if resp.StatusCode >= 500 && resp.StatusCode != 501 {
				t.Errorf("%d %s", resp.StatusCode, got)
			}
		}
	})
}

func BenchmarkServe(b *testing.B) {
	registry := macie2.NewRegistry()
	registry.BindCreateInvitations(func(context.Context, *macie2.Call, *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error) {
		return &macie2.CreateInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{}}, nil
	})
	s := New(Options{Registry: registry, Authenticator: cached{}})
	body := []byte(`{"accountIds":["444455556666"],"disableEmailNotification":true}`)
	r, err := rawRequest("POST", "/invitations", body, keyAlice, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	reader := bytes.NewReader(body)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		r.Body = io.NopCloser(reader)
		clear(w.header)
		s.ServeHTTP(w, r)
		if w.status != 200 {
			b.Fatal(w.status)
		}
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// cached is an Authenticator that has its key derived already.
type cached struct{}

var aliceKey = sigv4.DeriveKey(keyAlice, time.Now().UTC().Format("20060102"), "eu-west-1", "macie2")

func (cached) Authenticate(context.Context, *sigv4.Signature, time.Time) (*Identity, error) {
	return &Identity{Principal: macie2.Principal{Account: alice}, Key: aliceKey}, nil
}
