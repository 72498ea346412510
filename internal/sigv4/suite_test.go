package sigv4

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The facts that AWS's published SigV4 test suite shares by all its cases.
const (
	suiteKeyID  = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

// suite are cases of AWS's test suite by name: the request's own lines, the
// headers that are signed beside host and x-amz-date, and the signature that
// AWS publishes for them. Cases that resolve path segments (get-relative,
// get-slashes, …) are not here, since this package signs what is sent.
var suite = []struct{ name, request, headers, body, signed, signature string }{
	{"get-vanilla", "GET /", "", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-query", "GET /?", "", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-empty-query-key", "GET /?Param1=value1", "", "", "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
	{"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1", "", "", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"get-vanilla-query-unreserved", "GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
	{"get-vanilla-utf8-query", "GET /?ሴ=bar", "", "", "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{"get-unreserved", "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{"get-header-key-duplicate", "GET /", "My-Header1:value2\nMy-Header1:value2\nMy-Header1:value1\n", "", "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	{"get-header-value-order", "GET /", "My-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2\n", "", "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
	{"get-header-value-trim", "GET /", "My-Header1: value1\nMy-Header2: \"a   b   c\"\n", "", "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"get-header-value-multiline", "GET /", "My-Header1:value1\nMy-Header1:value2\nMy-Header1:value3\n", "", "host;my-header1;x-amz-date", "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
	{"post-header-key-sort", "POST /", "My-Header1:value1\n", "", "host;my-header1;x-amz-date", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{"post-header-value-case", "POST /", "My-Header1:VALUE1\n", "", "host;my-header1;x-amz-date", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
	{"post-vanilla", "POST /", "", "", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-vanilla-query", "POST /?Param1=value1", "", "", "host;x-amz-date", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	{"post-vanilla-query-nonunreserved", "POST /?%40%23%24%25%5E=&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D", "", "", "host;x-amz-date", "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e"},
	{"post-vanilla-query-space", "POST /?p=", "", "", "host;x-amz-date", "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b"},
	{"post-x-www-form-urlencoded", "POST /", "Content-Type:application/x-www-form-urlencoded\n", "Param1=value1", "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	{"post-x-www-form-urlencoded-parameters", "POST /", "Content-Type:application/x-www-form-urlencoded; charset=utf8\n", "Param1=value1", "content-type;host;x-amz-date", "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
	{"post-sts-header-before", "POST /", "X-Amz-Security-Token:AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==\n", "", "host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
}

// received is the request as net/http hands it to a server.
func received(t testing.TB, text string) (*http.Request, [32]byte) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("read %q: %v", text, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, sha256.Sum256(body)
}

// suiteRequest writes a case out as bytes on the wire.
func suiteRequest(request, headers, body, signed, signature string) string {
	var b strings.Builder
	b.WriteString(request + " HTTP/1.1\r\nHost:example.amazonaws.com\r\n")
	b.WriteString(strings.ReplaceAll(headers, "\n", "\r\n"))
	b.WriteString("X-Amz-Date:20150830T123600Z\r\n")
	if body != "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + signed + ", Signature=" + signature + "\r\n\r\n" + body)
	return b.String()
}

func TestAWSSuite(t *testing.T) {
	key := DeriveKey(suiteSecret, "20150830", "us-east-1", "service")
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			r, hash := received(t, suiteRequest(c.request, c.headers, c.body, c.signed, c.signature))
			s, err := Parse(r, suiteTime)
			if err != nil {
				t.Fatal(err)
			}
			if s.AccessKeyID != suiteKeyID || s.Region != "us-east-1" || s.Service != "service" || !s.Time.Equal(suiteTime) {
				t.Errorf("parsed %+v", s)
			}
			if err := s.Verify(key, r, hash); err != nil {
				t.Error(err)
			}
			if err := s.RequireService("service"); err != nil {
				t.Error(err)
			}
			refused(t, s.RequireService("macie2"), CodeInvalidSignature, "Credential should be scoped to correct service: 'macie2'. ")
			// The same with anything changed is refused.
			refused(t, s.Verify(DeriveKey(suiteSecret+"x", "20150830", "us-east-1", "service"), r, hash), CodeInvalidSignature, mismatch)
			hash[0] ^= 1
			refused(t, s.Verify(key, r, hash), CodeInvalidSignature, mismatch)
		})
	}
}

// A folded header (obs-fold) has been joined by net/http before we see it.
func TestFoldedHeader(t *testing.T) {
	text := suiteRequest("GET /", "My-Header1:value1\n  value2\n     value3\n", "", "host;my-header1;x-amz-date", strings.Repeat("0", 64))
	r, hash := received(t, text)
	b, err := appendCanonical(nil, r, "host;my-header1;x-amz-date", &hash)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "\nmy-header1:value1 value2 value3\n") {
		t.Errorf("canonical request:\n%s", b)
	}
}

// The worked example of AWS's documentation, down to the derived key:
// "Examples of how to derive a signing key for Signature Version 4".
func TestDeriveKey(t *testing.T) {
	key := DeriveKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
	const want = "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
	if got := hexOf(key); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func hexOf(key SigningKey) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range key {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// refused asserts the exception and the start of the message.
func refused(t *testing.T, err error, code, message string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if e.Code != code || !strings.HasPrefix(e.Message, message) {
		t.Errorf("got  %s: %s\nwant %s: %s", e.Code, e.Message, code, message)
	}
	want := http.StatusForbidden
	if code == CodeMalformedQuery {
		want = http.StatusBadRequest
	}
	if e.HTTPStatus() != want {
		t.Errorf("%s has status %d, want %d", e.Code, e.HTTPStatus(), want)
	}
}
