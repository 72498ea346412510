package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/macie2"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// The keys that the tests' Authenticator knows; each is also its own secret.
const (
	keyAlice   = "AKIAALICE00000000000" // may do everything
	keyNone    = "AKIANONE000000000000" // may do nothing
	keyDev     = "AKIADEV0000000000000" // is not checked
	keyExpired = "ASIAEXPIRED000000000" // was a session
	keyBroken  = "AKIABROKEN0000000000" // breaks the store
	keyBarred  = "AKIABARRED0000000000" // of a suspended account
	keyUnknown = "AKIAUNKNOWN000000000"
)

const alice = macie2.AccountID("111122223333")

// keys is an Authenticator of the keys above.
type keys struct{}

func (keys) Authenticate(_ context.Context, sig *sigv4.Signature, _ time.Time) (*Identity, error) {
	identity := &Identity{
		Principal: macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAALICE", KeyID: sig.AccessKeyID, Account: alice},
		Key:       sigv4.DeriveKey(sig.AccessKeyID, sig.Date, sig.Region, sig.Service),
	}
	switch sig.AccessKeyID {
	case keyAlice:
	case keyNone:
		identity.Principal.Policies = []string{"none"}
	case keyDev:
		identity.Unchecked = true
	case keyExpired:
		return nil, macie2.ErrExpiredToken()
	case keyBroken:
		return nil, io.ErrClosedPipe
	case keyBarred:
		identity.Refusal = macie2.ErrSuspended(alice)
	default:
		return nil, macie2.ErrUnrecognizedClient()
	}
	return identity, nil
}

// edge is a Server under test, on a real socket.
type edge struct {
	*Server
	t        *testing.T
	http     *httptest.Server
	registry *macie2.Registry
	log      *logBuffer
}

// newEdge starts a Server; change may put other things into its options.
func newEdge(t *testing.T, change ...func(*Options)) *edge {
	t.Helper()
	e := &edge{t: t, registry: macie2.NewRegistry(), log: &logBuffer{}}
	o := Options{
		Registry: e.registry, Authenticator: keys{},
		Logger: slog.New(slog.NewJSONHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	e.Server = New(o)
	e.http = httptest.NewUnstartedServer(nil)
	e.http.Config = NewHTTPServer(e.Server, o.Logger)
	e.http.Start()
	t.Cleanup(e.http.Close)
	return e
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// client returns the AWS SDK's client of e.
func (e *edge) client(key string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(e.http.URL), HTTPClient: e.http.Client(), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key, key, ""),
	})
}

// request returns a request that is not signed yet. The target goes onto the
// wire as it is.
func (e *edge) request(method, target, body string) *http.Request {
	e.t.Helper()
	r, err := http.NewRequest(method, e.http.URL, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	path, query, hasQuery := strings.Cut(target, "?")
	r.URL.Opaque = "//" + r.URL.Host + path
	r.URL.RawQuery = query
	r.URL.ForceQuery = hasQuery && query == ""
	return r
}

// sign signs r for Macie.
func (e *edge) sign(r *http.Request, key string) *http.Request {
	return e.signFor(r, key, "macie2", "eu-west-1", time.Now())
}

func (e *edge) signFor(r *http.Request, key, service, region string, at time.Time) *http.Request {
	e.t.Helper()
	body, err := r.GetBody()
	if err != nil {
		e.t.Fatal(err)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := sigv4.Sign(r, sigv4.Credentials{AccessKeyID: key, SecretAccessKey: key}, region, service, b, at); err != nil {
		e.t.Fatal(err)
	}
	return r
}

// response is what came back.
type response struct {
	*http.Response
	body string
}

func (r response) exception() string { return r.Header.Get("x-amzn-ErrorType") }

// message returns the message of an error's body.
func (r response) message(t *testing.T) string {
	t.Helper()
	var body map[string]string
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || len(body) != 1 || body["message"] == "" {
		t.Errorf("an error's body is %s", r.body)
	}
	return body["message"]
}

// do sends r and holds the answer against what every answer must be.
func (e *edge) do(r *http.Request) response {
	e.t.Helper()
	resp, err := e.http.Client().Transport.RoundTrip(r) // follows no redirect
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	got := response{resp, string(b)}
	checkShape(e.t, r.Method, got)
	return got
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// checkShape holds what is true of every answer for Macie.
func checkShape(t *testing.T, method string, r response) {
	t.Helper()
	if !uuid4.MatchString(r.Header.Get("x-amzn-RequestId")) {
		t.Errorf("request id %q", r.Header.Get("x-amzn-RequestId"))
	}
	if r.StatusCode >= 300 && r.StatusCode < 400 || r.Header.Get("Location") != "" {
		t.Errorf("a redirect: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if (r.exception() != "") != (r.StatusCode >= 400) {
		t.Errorf("status %d with exception %q", r.StatusCode, r.exception())
	}
	switch {
	case r.StatusCode == http.StatusNoContent:
		if r.body != "" || r.Header.Get("Content-Type") != "" {
			t.Errorf("no content, but %q of type %q", r.body, r.Header.Get("Content-Type"))
		}
		return
	case r.Header.Get("Content-Type") != "application/json":
		t.Errorf("content type %q", r.Header.Get("Content-Type"))
	case method == http.MethodHead:
		return
	case !json.Valid([]byte(r.body)):
		t.Errorf("not JSON: %q", r.body)
	}
	if r.StatusCode >= 400 && r.message(t) == "" {
		t.Errorf("status %d without a message", r.StatusCode)
	}
}

// refused holds that r was refused like this; a message that ends in "…" is the
// beginning of one.
func (e *edge) refused(r response, status int, exception, message string) {
	e.t.Helper()
	if r.StatusCode != status || r.exception() != exception {
		e.t.Errorf("got %d %s %s, want %d %s", r.StatusCode, r.exception(), r.body, status, exception)
		return
	}
	if r.Request != nil && r.Request.Method == http.MethodHead {
		return
	}
	got := r.message(e.t)
	if start, isStart := strings.CutSuffix(message, "…"); got != message && (!isStart || !strings.HasPrefix(got, start)) {
		e.t.Errorf("got the message %q, want %q", got, message)
	}
}
