package sigv4

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const goodAuthorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

func vanilla(authorization string) *http.Request {
	r, err := http.NewRequest("GET", "https://example.amazonaws.com/", nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func TestAuthorizationRefused(t *testing.T) {
	edit := func(old, with string) string {
		if !strings.Contains(goodAuthorization, old) {
			t.Fatalf("%q is not in the header", old)
		}
		return strings.Replace(goodAuthorization, old, with, 1)
	}
	const (
		missing = CodeMissingToken
		half    = CodeIncompleteSignature
		bad     = CodeInvalidSignature
	)
	many := "a"
	for i := range 100 {
		many += fmt.Sprintf(";b%03d", i)
	}
	for _, c := range []struct{ name, authorization, code, message string }{
		{"none", "", missing, "Missing Authentication Token"},
		{"blank", "   ", missing, "Missing Authentication Token"},
		{"bearer", "Bearer eyJhbGciOi", half, "Invalid key=value pair (missing equal-sign) in Authorization header. (Hashed with SHA-256"},
		{"basic", "Basic dXNlcjpwYXNz", half, "Invalid key=value pair"},
		{"scheme alone", "AWS4-HMAC-SHA256", half, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed"},
		{"other algorithm", edit("SHA256", "SHA512"), half, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."},
		{"sigv4a", edit("HMAC-SHA256", "ECDSA-P256-SHA256"), half, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."},
		{"other scheme with our fields", edit("AWS4-HMAC-SHA256", "Digest"), half, "Unsupported AWS 'algorithm': 'Digest'."},
		{"no credential", edit("Credential=", "Cred="), half, "Authorization header requires 'Credential' parameter. (Hashed"},
		{"no signature", edit("Signature=", "Sig="), half, "Authorization header requires 'Signature' parameter."},
		{"empty signature", edit("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", ""), half, "Authorization header requires 'Signature' parameter."},
		{"no signed headers", edit("SignedHeaders=", "Headers="), half, "Authorization header requires 'SignedHeaders' parameter."},
		{"twice", edit("Signature=", "Credential=x, Signature="), half, "Authorization header has more than one 'Credential' parameter."},
		{"no equal sign", edit("Signature=", "Signature"), half, "Invalid key=value pair"},
		{"four parts", edit("/aws4_request", ""), half, "Credential must have exactly 5 slash-delimited elements"},
		{"six parts", edit("/aws4_request", "/aws4_request/x"), half, "Credential must have exactly 5"},
		{"one part", edit("/20150830/us-east-1/service/aws4_request", ""), half, "Credential must have exactly 5"},
		{"empty key", edit("AKIDEXAMPLE", ""), half, "The access key ID of the Credential must have 1 to 128"},
		{"long key", edit("AKIDEXAMPLE", strings.Repeat("A", 129)), half, "The access key ID of the Credential"},
		{"unprintable key", edit("AKIDEXAMPLE", "AKID\x7f"), half, "The access key ID of the Credential"},
		{"terminator", edit("aws4_request", "aws5_request"), bad, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "},
		{"region", edit("us-east-1", "moon"), bad, "Credential should be scoped to a valid region, not 'moon'. "},
		{"region with markup", edit("us-east-1", "\"\x01"), bad, "Credential should be scoped to a valid region, not '…'. "},
		{"empty service", edit("/service/", "//"), bad, "Credential should be scoped to a valid service, not ''. "},
		{"another day", edit("20150830", "20150831"), bad, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != '20150830', from '20150830T123600Z'."},
		{"host not signed", edit("host;", ""), bad, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"upper case", edit("host;x-amz-date", "Host;X-Amz-Date"), half, "'SignedHeaders' must be a list"},
		{"unsorted", edit("host;x-amz-date", "x-amz-date;host"), half, "'SignedHeaders' must be a list"},
		{"doubled", edit("host;x-amz-date", "host;host"), half, "'SignedHeaders' must be a list"},
		{"empty name", edit("host;x-amz-date", "host;"), half, "'SignedHeaders' must be a list"},
		{"space in name", edit("host;x-amz-date", "host;x amz"), half, "'SignedHeaders' must be a list"},
		{"too many", edit("host;x-amz-date", many), half, "'SignedHeaders' names more than 64 headers."},
		{"too long", goodAuthorization + strings.Repeat(" ", 5000), half, "The Authorization header has"},
		{"short signature", edit("5fa00f", "5fa0"), bad, mismatch},
		{"upper-case signature", edit("5fa00f", "5FA00F"), bad, mismatch},
		{"not hexadecimal", edit("5fa00f", "zzzzzz"), bad, mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(vanilla(c.authorization), suiteTime)
			refused(t, err, c.code, c.message)
			if err != nil && strings.Contains(err.Error(), "5fa00fa3") {
				t.Errorf("the message repeats the signature: %v", err)
			}
		})
	}
}

func TestSpacingAndUnknownFieldsAccepted(t *testing.T) {
	for _, a := range []string{
		goodAuthorization,
		strings.ReplaceAll(goodAuthorization, ", ", ","),
		strings.ReplaceAll(goodAuthorization, ", ", " ,  "),
		goodAuthorization + ", Extra=1",
	} {
		r := vanilla(a)
		s, err := Parse(r, suiteTime)
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		if err := s.Verify(DeriveKey(suiteSecret, s.Date, s.Region, s.Service), r, sha256.Sum256(nil)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		off     time.Duration
		message string
	}{
		{0, ""},
		{5 * time.Minute, ""},
		{-5 * time.Minute, ""},
		{5*time.Minute + 999*time.Millisecond, ""}, // a signature has whole seconds only
		{5*time.Minute + time.Second, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
		{-5*time.Minute - time.Second, "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
	} {
		_, err := Parse(vanilla(goodAuthorization), suiteTime.Add(c.off))
		if c.message == "" {
			if err != nil {
				t.Errorf("%v: %v", c.off, err)
			}
			continue
		}
		refused(t, err, CodeInvalidSignature, c.message)
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct{ name, amz, date, message string }{
		{"none", "", "", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed"},
		{"extended", "2015-08-30T12:36:00Z", "", "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'."},
		{"http form in x-amz-date", "Sun, 30 Aug 2015 12:36:00 GMT", "", "Date must be in ISO-8601 'basic format'."},
		{"no such day", "20150230T123600Z", "", "Date must be in ISO-8601"},
		{"signs", "+0150830T123600Z", "", "Date must be in ISO-8601"},
		{"bad date", "", "yesterday", "Date must be in ISO-8601"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := vanilla(goodAuthorization)
			r.Header.Del("X-Amz-Date")
			if c.amz != "" {
				r.Header.Set("X-Amz-Date", c.amz)
			}
			if c.date != "" {
				r.Header.Set("Date", c.date)
			}
			_, err := Parse(r, suiteTime)
			refused(t, err, CodeIncompleteSignature, c.message)
		})
	}
	// Either form of Date stands in for x-amz-date; the string to sign is the same.
	for _, date := range []string{"20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT"} {
		r := vanilla("")
		r.Header.Del("X-Amz-Date")
		r.Header.Set("Date", date)
		r.Header.Set("Authorization", strings.ReplaceAll(goodAuthorization, "host;x-amz-date", "date;host"))
		s, err := Parse(r, suiteTime)
		if err != nil {
			t.Fatal(err)
		}
		if s.stamp != "20150830T123600Z" || !s.Time.Equal(suiteTime) {
			t.Errorf("%s: stamp %s, time %s", date, s.stamp, s.Time)
		}
	}
}

func TestHeadersRefused(t *testing.T) {
	r := vanilla(goodAuthorization)
	r.Header.Add("Authorization", goodAuthorization)
	_, err := Parse(r, suiteTime)
	refused(t, err, CodeIncompleteSignature, "The request has 2 Authorization headers")

	r = vanilla(goodAuthorization)
	r.Header.Add("X-Amz-Date", "20150830T123601Z")
	_, err = Parse(r, suiteTime)
	refused(t, err, CodeIncompleteSignature, "The request has more than one 'X-Amz-Date' header.")

	r = vanilla(goodAuthorization)
	r.Header.Set("X-Amz-Security-Token", "token")
	_, err = Parse(r, suiteTime)
	refused(t, err, CodeInvalidSignature, "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.")

	r = vanilla(strings.Replace(goodAuthorization, "x-amz-date", "x-amz-date;x-amz-security-token", 1))
	r.Header.Set("X-Amz-Security-Token", strings.Repeat("x", maxToken+1))
	_, err = Parse(r, suiteTime)
	refused(t, err, "UnrecognizedClientException", "The security token included in the request is invalid.")

	// A signed header that did not arrive.
	r = vanilla(strings.Replace(goodAuthorization, "host;", "host;my-header;", 1))
	s, err := Parse(r, suiteTime)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, s.Verify(SigningKey{}, r, sha256.Sum256(nil)), CodeInvalidSignature, "The signed header 'my-header' is missing from the request.")

	// Signed headers that are too long together.
	r.Header.Set("My-Header", strings.Repeat("x", maxHeaderBytes+1))
	refused(t, s.Verify(SigningKey{}, r, sha256.Sum256(nil)), CodeIncompleteSignature, "The signed headers together have more than")
}

func TestPresignedRefused(t *testing.T) {
	for _, query := range []string{"X-Amz-Algorithm=AWS4-HMAC-SHA256", "a=b&X-Amz-Credential=c", "X-Amz-Signature"} {
		for _, authorization := range []string{"", goodAuthorization} {
			r := vanilla(authorization)
			r.URL.RawQuery = query
			_, err := Parse(r, suiteTime)
			refused(t, err, CodeIncompleteSignature, "Authentication in the query string (a presigned URL) is not supported.")
		}
	}
}

func TestPayloadHashHeader(t *testing.T) {
	body := []byte("hello")
	for _, c := range []struct{ value, message string }{
		{fmt.Sprintf("%x", sha256.Sum256(body)), ""},
		{fmt.Sprintf("%X", sha256.Sum256(body)), "The value '…' of x-amz-content-sha256 is not supported"},
		{fmt.Sprintf("%x", sha256.Sum256(nil)), "The provided 'x-amz-content-sha256' header does not match what was computed."},
		{"UNSIGNED-PAYLOAD", "The value 'UNSIGNED-PAYLOAD' of x-amz-content-sha256 is not supported"},
		{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "The value 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' of x-amz-content-sha256"},
	} {
		r := vanilla("")
		r.Header.Set("X-Amz-Content-Sha256", c.value)
		if err := Sign(r, Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: suiteSecret}, "us-east-1", "macie2", body, suiteTime); err != nil {
			t.Fatal(err)
		}
		s, err := Parse(r, suiteTime)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Verify(DeriveKey(suiteSecret, s.Date, s.Region, s.Service), r, sha256.Sum256(body))
		if c.message == "" {
			if err != nil {
				t.Errorf("%s: %v", c.value, err)
			}
			continue
		}
		if c.value == fmt.Sprintf("%X", sha256.Sum256(body)) {
			c.message = "The value '" + c.value + "'"
		}
		refused(t, err, CodeInvalidSignature, c.message)
	}
}

func TestTargetRefused(t *testing.T) {
	for _, c := range []struct{ target, message string }{
		{"/" + strings.Repeat("a", maxPath), "The request's path is longer than"},
		{"/?a=%", "The query string contains a malformed percent-encoding."},
		{"/?a=%4", "The query string contains a malformed percent-encoding."},
		{"/?%zz=1", "The query string contains a malformed percent-encoding."},
		{"/?a=" + strings.Repeat("b", maxQuery), "The query string is longer than"},
		{"/?" + strings.Repeat("a=b&", maxQueryParams+1), "The query string has more than 512 parameters."},
	} {
		r := vanilla(goodAuthorization)
		r.RequestURI = c.target
		s, err := Parse(r, suiteTime)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, s.Verify(SigningKey{}, r, sha256.Sum256(nil)), CodeMalformedQuery, c.message)
	}
}

func TestCanonicalQuery(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"&&":                    "",
		"a":                     "a=",
		"a=":                    "a=",
		"b=1&a=2&a=1":           "a=1&a=2&b=1",
		"a=b=c":                 "a=b%3Dc",
		"a=x+y":                 "a=x%20y",
		"a=x%2By":               "a=x%2By",
		"a=%7e%41":              "a=~A",
		"a=%2f":                 "a=%2F",
		"k=a-b&k=a%2Fb":         "k=a%2Fb&k=a-b",
		"a-=1&a=2":              "a=2&a-=1", // by name first: "-" sorts before "="
		"tagKeys=z&tagKeys=é":   "tagKeys=%C3%A9&tagKeys=z",
		"x=%E1%88%B4&%C3%A9=1;": "%C3%A9=1%3B&x=%E1%88%B4",
	} {
		got, err := appendQuery(nil, in)
		if err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestTarget(t *testing.T) {
	for in, want := range map[string][2]string{
		"/":                           {"/", ""},
		"//a//b":                      {"//a//b", ""},
		"/tags/arn%3Aaws%2Fx?a=b?c":   {"/tags/arn%3Aaws%2Fx", "a=b?c"},
		"http://example.com/x?y":      {"/x", "y"},
		"http://example.com":          {"/", ""},
		"http://example.com?y":        {"/", "y"},
		"*":                           {"*", ""},
		"/a/../b/./c":                 {"/a/../b/./c", ""},
		"/%2e%2e/%41":                 {"/%2e%2e/%41", ""},
		"https://example.com//double": {"//double", ""},
	} {
		path, query := target(&http.Request{RequestURI: in})
		if path != want[0] || query != want[1] {
			t.Errorf("%s: got %q %q, want %q", in, path, query, want)
		}
	}
}

func TestIsRegion(t *testing.T) {
	for _, name := range []string{"us-east-1", "eu-central-2", "us-gov-west-1", "us-iso-east-1", "eu-isoe-west-1", "ap-southeast-7", "cn-northwest-1", "mx-central-1"} {
		if !IsRegion(name) {
			t.Errorf("%s is a Region", name)
		}
	}
	for _, name := range []string{"", "us", "us-east", "us-east-1a", "US-EAST-1", "us--1", "us-east-", "-east-1", "us-east-01", "us-east-100", "us-east-1-2", "aws-global", "us_east_1", "us-east-1/x", "a-b-1", "us-east-1 ", strings.Repeat("a", 30) + "-b-1", "aa-bb-cc-dd-ee-1"} {
		if IsRegion(name) {
			t.Errorf("%q is no Region", name)
		}
	}
}

func TestNothingSecretPrints(t *testing.T) {
	key := DeriveKey(suiteSecret, "20150830", "us-east-1", "service")
	creds := Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: suiteSecret, SessionToken: "token"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, key); got != "[redacted]" {
			t.Errorf("%s prints the key as %s", verb, got)
		}
		if got := fmt.Sprintf(verb, creds); got != "AKIDEXAMPLE" {
			t.Errorf("%s prints credentials as %s", verb, got)
		}
	}
	if got := key.LogValue().String() + creds.LogValue().String(); got != "[redacted]AKIDEXAMPLE" {
		t.Errorf("logged as %s", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(goodAuthorization, "20150830T123600Z", "/", "", "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "", "/?a=b", "token", "UNSIGNED-PAYLOAD")
	f.Add("Basic x,=,==", "Sun, 30 Aug 2015 12:36:00 GMT", "http://x", "", "")
	f.Add("AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/macie2/aws4_request,SignedHeaders=content-length;host;x-amz-date,Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "20150830T123600Z", "/tags/%2F?x=%zz", "", "")
	f.Fuzz(func(t *testing.T, authorization, date, target, token, sha string) {
		r := vanilla("")
		r.RequestURI = target
		r.Header = http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}}
		if token != "" {
			r.Header["X-Amz-Security-Token"] = []string{token}
		}
		if sha != "" {
			r.Header["X-Amz-Content-Sha256"] = []string{sha}
		}
		s, err := Parse(r, suiteTime)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code == "" || e.Message == "" || len(e.Message) > 1024 {
				t.Fatalf("not an answer for a client: %v", err)
			}
			return
		}
		if !IsRegion(s.Region) || s.AccessKeyID == "" || len(s.AccessKeyID) > maxAccessKeyID || s.Date != s.Time.Format(basicDate) {
			t.Fatalf("accepted %+v", s)
		}
		key := DeriveKey("nobody's", s.Date, s.Region, s.Service)
		if err := s.Verify(key, r, sha256.Sum256(nil)); err == nil {
			t.Fatalf("a signature made without the key was accepted: %+v", s)
		}
	})
}
