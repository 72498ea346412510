package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// randomRequest makes a request as an SDK would send it, with all that is odd
// in places where it may be odd.
func randomRequest(rnd *rand.Rand) (*http.Request, []byte) {
	const odd = " %/?&=+~*'()!;:@$,#[]\"<>\\^`{|}-_.éሴ😀aZ09"
	runes := []rune(odd)
	text := func(most int) string {
		var b strings.Builder
		for range rnd.IntN(most + 1) {
			b.WriteRune(runes[rnd.IntN(len(runes))])
		}
		return b.String()
	}
	method := []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}[rnd.IntN(6)]
	var path strings.Builder
	for range rnd.IntN(5) {
		path.WriteString("/" + httpbinding.EscapePath(text(12), true))
	}
	if path.Len() == 0 || rnd.IntN(6) == 0 {
		path.WriteByte('/')
	}
	query := url.Values{}
	for range rnd.IntN(6) {
		name := text(5)
		for range 1 + rnd.IntN(3) {
			query.Add(name, text(8))
		}
	}
	host := []string{"localhost:8484", "macie2.us-east-1.amazonaws.com", "[::1]:8484", "127.0.0.1"}[rnd.IntN(4)]
	var body []byte
	if method != "GET" && method != "HEAD" && rnd.IntN(3) > 0 {
		body = []byte(text(300))
	}
	r, err := http.NewRequest(method, "http://"+host+path.String()+"?"+strings.ReplaceAll(query.Encode(), "+", "%20"), bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	if rnd.IntN(2) == 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", "not signed")
	for i := range rnd.IntN(4) {
		value := "v  " + strings.Repeat(" ", rnd.IntN(3)) + "w,x;y" + strings.Repeat(" ", rnd.IntN(3))
		r.Header.Set(fmt.Sprintf("X-Test-%d", i), value)
	}
	if rnd.IntN(3) == 0 {
		r.Header.Add("X-Amz-Meta-List", "b")
		r.Header.Add("X-Amz-Meta-List", "a")
	}
	return r, body
}

// onTheWire is what a server reads when r is sent.
func onTheWire(t testing.TB, r *http.Request, body []byte) *http.Request {
	t.Helper()
	r.Body = io.NopCloser(bytes.NewReader(body))
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, _ := received(t, b.String())
	return got
}

func TestSDKSignerIsAccepted(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	signer := v4.NewSigner()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range 3000 {
		creds := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
		if i%3 == 0 {
			creds.SessionToken = "a/session+token=="
		}
		r, body := randomRequest(rnd)
		hash := sha256.Sum256(body)
		if i%2 == 0 {
			r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(hash[:]))
		}
		if err := signer.SignHTTP(context.Background(), creds, r, hex.EncodeToString(hash[:]), "macie2", "eu-west-1", now); err != nil {
			t.Fatal(err)
		}
		got := onTheWire(t, r, body)
		s, err := Parse(got, now.Add(time.Minute))
		if err != nil {
			t.Fatalf("%s %s: %v", got.Method, got.RequestURI, err)
		}
		if s.SecurityToken != creds.SessionToken {
			t.Fatalf("token %q, want %q", s.SecurityToken, creds.SessionToken)
		}
		key := DeriveKey(creds.SecretAccessKey, s.Date, s.Region, s.Service)
		if err := s.Verify(key, got, hash); err != nil {
			b, _ := appendCanonical(nil, got, s.SignedHeaders, &hash)
			t.Fatalf("%s %s: %v\n%s", got.Method, got.RequestURI, err, b)
		}
		changed(t, rnd, got, s, key, hash)
	}
}

// changed asserts that a request which verified no longer does once anything
// that is signed has been changed.
func changed(t *testing.T, rnd *rand.Rand, r *http.Request, s *Signature, key SigningKey, hash [32]byte) {
	t.Helper()
	c := r.Clone(context.Background())
	what := []string{"method", "path", "query", "host", "header", "body", "scope", "time"}[rnd.IntN(8)]
	altered := *s
	switch what {
	case "method":
		c.Method = "X" + c.Method
	case "path":
		c.RequestURI = "/x" + c.RequestURI
	case "query":
		if strings.Contains(c.RequestURI, "?") {
			c.RequestURI += "&x=y"
		} else {
			c.RequestURI += "?x=y"
		}
	case "host":
		c.Host = "example.com"
	case "header":
		names := strings.Split(s.SignedHeaders, ";")
		name := names[rnd.IntN(len(names))]
		if name == "host" {
			return
		}
		c.Header.Set(name, c.Header.Get(name)+"x")
	case "body":
		hash[rnd.IntN(32)] ^= 1
	case "scope":
		altered.Region = "us-east-1"
	case "time":
		altered.stamp = "20261123T120001Z"
	}
	if err := altered.Verify(key, c, hash); err == nil {
		t.Fatalf("accepted with another %s: %s %s", what, r.Method, r.RequestURI)
	}
}

func TestSignAgreesWithSDK(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	signer := v4.NewSigner()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range 1000 {
		creds := Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
		if i%3 == 0 {
			creds.SessionToken = "token"
		}
		r, body := randomRequest(rnd)
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Test-") {
				r.Header.Del(name) // the SDK signs these, we do not
			}
		}
		if err := Sign(r, creds, "eu-west-1", "macie2", body, now); err != nil {
			t.Fatal(err)
		}
		ours := r.Header.Get("Authorization")
		hash := sha256.Sum256(body)
		r.ContentLength = 0 // the SDK signs it if it is known, we do not
		if err := signer.SignHTTP(context.Background(), aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken}, r, hex.EncodeToString(hash[:]), "macie2", "eu-west-1", now); err != nil {
			t.Fatal(err)
		}
		if theirs := r.Header.Get("Authorization"); ours != theirs {
			t.Fatalf("%s %s:\nours   %s\ntheirs %s", r.Method, r.URL, ours, theirs)
		}
	}
}

// The SDK's own clients, over a real connection.
func TestSDKClientsAreAccepted(t *testing.T) {
	now := time.Now
	services := make(chan string, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s, err := Parse(r, now())
		if err == nil {
			err = s.Verify(DeriveKey("secret", s.Date, s.Region, s.Service), r, sha256.Sum256(body))
		}
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.RequestURI, err)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		services <- s.Service
		if s.Service == "sts" {
			_, _ = io.WriteString(w, "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>")
			return
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	provider := credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "token")
	m := macie2.New(macie2.Options{BaseEndpoint: &server.URL, Region: "eu-west-1", Credentials: provider, RetryMaxAttempts: 1})
	ctx := context.Background()
	arn := aws.String("arn:aws:macie2:eu-west-1:111122223333:member/444455556666 é*'()!")
	calls := map[string]func() error{
		"ListTagsForResource": func() error {
			_, err := m.ListTagsForResource(ctx, &macie2.ListTagsForResourceInput{ResourceArn: arn})
			return err
		},
		"UntagResource": func() error {
			_, err := m.UntagResource(ctx, &macie2.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a/b", "a-b", "c d", "é+&="}})
			return err
		},
		"TagResource": func() error {
			_, err := m.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"é": "ü"}})
			return err
		},
		"ListMembers": func() error {
			_, err := m.ListMembers(ctx, &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), NextToken: aws.String("a+b/c=d e&f")})
			return err
		},
		"GetMember": func() error {
			_, err := m.GetMember(ctx, &macie2.GetMemberInput{Id: aws.String("444455556666")})
			return err
		},
		"CreateInvitations": func() error {
			_, err := m.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{"444455556666"}})
			return err
		},
		"GetCallerIdentity": func() error {
			_, err := sts.New(sts.Options{BaseEndpoint: &server.URL, Region: "eu-west-1", Credentials: provider}).GetCallerIdentity(ctx, nil)
			return err
		},
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	sawSTS := false
	for range len(calls) {
		sawSTS = <-services == "sts" || sawSTS
	}
	if !sawSTS {
		t.Error("no request was scoped to sts")
	}
}

func benchmarkRequest(b *testing.B) (*http.Request, []byte, time.Time) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	body := []byte(`{"accountIds":["111122223333"],"disableEmailNotification":true}`)
	r, err := http.NewRequest("POST", "http://127.0.0.1:8484/invitations", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Amz-Sdk-Invocation-Id", "0b9a3d5c-2b5f-4f0c-9c7e-1f1f1f1f1f1f")
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}, r, hex.EncodeToString(hash[:]), "macie2", "us-east-1", now); err != nil {
		b.Fatal(err)
	}
	return onTheWire(b, r, body), body, now
}

// BenchmarkVerify is one ordinary request with its signing key at hand, the hash
// of the body included.
func BenchmarkVerify(b *testing.B) {
	r, body, now := benchmarkRequest(b)
	key := DeriveKey("secret", "20261123", "us-east-1", "macie2")
	b.ReportAllocs()
	for b.Loop() {
		s, err := Parse(r, now)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(key, r, sha256.Sum256(body)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDeriveKey is what a cache of signing keys saves.
func BenchmarkDeriveKey(b *testing.B) {
	for b.Loop() {
		DeriveKey("secret", "20261123", "us-east-1", "macie2")
	}
}
