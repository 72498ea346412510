package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"magpie/internal/inventory/objectstore"
)

// serve starts a store that answers as a test says, and returns a client of it.
func serve(t *testing.T, answer http.HandlerFunc, edit ...func(*Options)) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	o := Options{Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
	for _, e := range edit {
		e(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// answers answers every request with a text.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func listing(contents string) string {
	return `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated>` + contents + `</ListBucketResult>`
}

func content(key string) string {
	return `<Contents><Key>` + key + `</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;e&quot;</ETag><Size>3</Size></Contents>`
}

// A store that answers everything with 200 and a listing, as some do, is not believed to have settings.
func TestAStoreThatListsForEverything(t *testing.T) {
	c := serve(t, answers(200, listing(content("a"))))
	f, err := c.Facts(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]objectstore.State{
		"policy": f.Policy.State, "list": f.ACL.State, "block": f.Block.State, "encryption": f.Encryption.State, "versioning": f.Versioning.State,
		"replication": f.Replication.State, "tags": f.Tags.State,
	} {
		if state != objectstore.Unknown {
			t.Errorf("%s: %v", name, state)
		}
	}
	if !strings.Contains(f.Encryption.Reason, "ListBucketResult") || f.Encryption.Unsupported {
		t.Errorf("the reason is %q", f.Encryption.Reason)
	}
	if err := c.Buckets(t.Context(), func(objectstore.Bucket) error { return nil }); !errors.Is(err, objectstore.ErrWrongAnswer) {
		t.Errorf("ListBuckets: %v", err)
	}
	if _, err := c.Tags(t.Context(), "b", "k"); !errors.Is(err, objectstore.ErrWrongAnswer) {
		t.Errorf("GetObjectTagging: %v", err)
	}
	page, err := c.List(t.Context(), "b", objectstore.Listing{})
	if err != nil || len(page.Objects) != 1 || page.Objects[0].ETag != "e" || page.Objects[0].StorageClass != "STANDARD" ||
		!page.Objects[0].LastModified.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("List: %+v, %v", page, err)
	}
}

func TestWhatErrorsMean(t *testing.T) {
	body := func(code string) string { return `<Error><Code>` + code + `</Code></Error>` } // as Ceph, without a message
	for _, x := range []struct {
		status int
		body   string
		want   error
		state  objectstore.State // of the encryption, for an error that is about it alone
	}{
		{404, body("ServerSideEncryptionConfigurationNotFoundError"), nil, objectstore.Absent},
		{501, body("NotImplemented"), nil, objectstore.Unknown},
		{405, "", nil, objectstore.Unknown},
		{403, body("AccessDenied"), nil, objectstore.Unknown},
		{404, body("NoSuchBucket"), objectstore.ErrNoBucket, 0},
		{404, "", nil, objectstore.Unknown},
		{403, body("InvalidAccessKeyId"), objectstore.ErrCredentials, 0},
		{403, body("SignatureDoesNotMatch"), objectstore.ErrCredentials, 0},
		{403, body("RequestTimeTooSkewed"), objectstore.ErrClock, 0},
		{400, body("AuthorizationHeaderMalformed"), objectstore.ErrRegion, 0},
		{301, body("PermanentRedirect"), objectstore.ErrRegion, 0},
		{400, "<html>no", nil, objectstore.Unknown},
		{200, "", nil, objectstore.Unknown},
		{200, "<ServerSideEncryptionConfiguration>", nil, objectstore.Unknown},
		{200, "<ServerSideEncryptionConfiguration/>", nil, objectstore.Unknown},
		{200, "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>", nil, objectstore.Known},
		{200, "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>ROT13</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>", nil, objectstore.Unknown},
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !r.URL.Query().Has("encryption") {
				answers(501, body("NotImplemented"))(w, r)
				return
			}
			answers(x.status, x.body)(w, r)
		})
		f, err := c.Facts(t.Context(), "b")
		switch {
		case x.want != nil:
			if !errors.Is(err, x.want) {
				t.Errorf("%d %s: %v, want %v", x.status, x.body, err, x.want)
			}
		case err != nil || f.Encryption.State != x.state:
			t.Errorf("%d %s: %v, %v (%s)", x.status, x.body, err, f.Encryption.State, f.Encryption.Reason)
		}
	}
}

// Ceph answers 200 to what is not there, with roots of its own.
func TestWhatCephAnswers(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Has("publicAccessBlock"):
			answers(200, `<BlockPublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls><RestrictPublicBuckets>true</RestrictPublicBuckets></BlockPublicAccessBlockConfiguration>`)(w, r)
		case q.Has("replication"):
			answers(200, `<ReplicationConfiguration><Role></Role></ReplicationConfiguration>`)(w, r)
		case q.Has("acl"):
			answers(200, `<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="x" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`)(w, r)
		default:
			answers(200, listing(""))(w, r)
		}
	})
	f, err := c.Facts(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if f.Block.State != objectstore.Known || !f.Block.Value.RestrictPublicBuckets || f.Block.Value.BlockPublicAcls {
		t.Errorf("block %+v", f.Block)
	}
	if f.Replication.State != objectstore.Known || len(f.Replication.Value.Rules) != 0 {
		t.Errorf("replication %+v", f.Replication)
	}
	if f.ACL.State != objectstore.Known || f.ACL.Value.Grants[0].Group == "" || f.Owner.ID != "o" {
		t.Errorf("list %+v", f.ACL)
	}
}

func TestListingsThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"half a page":                  listing(content("a") + content("b"))[:200],
		"another root":                 `<ListAllMyBucketsResult></ListAllMyBucketsResult>`,
		"keys that do not ascend":      listing(content("b") + content("a")),
		"a key twice":                  listing(content("a") + content("a")),
		"no key":                       listing(`<Contents><Size>1</Size></Contents>`),
		"no size":                      listing(`<Contents><Key>a</Key></Contents>`),
		"a size that is none":          listing(`<Contents><Key>a</Key><Size>-1</Size></Contents>`),
		"a time that is none":          listing(`<Contents><Key>a</Key><Size>1</Size><LastModified>yesterday</LastModified></Contents>`),
		"more without any":             strings.Replace(listing(""), "false", "true", 1),
		"neither more nor not":         strings.Replace(listing(""), "false", "perhaps", 1),
		"a key that is too long":       listing(content(strings.Repeat("k", maxLongKey+1))),
		"a document type":              `<!DOCTYPE x [<!ENTITY a "b">]>` + listing(content("a")),
		"an entity that is none":       listing(content("&a;")),
		"an encoding that is not kept": listing(`<EncodingType>url</EncodingType>` + content("%zz")),
		"something after the root":     listing("") + "<x/>",
		"ends that do not fit":         `<ListBucketResult><Contents></ListBucketResult></Contents>`,
		"too deep":                     listing(strings.Repeat("<x>", 30) + strings.Repeat("</x>", 30)),
		"1,001 objects": listing(func() string {
			var b strings.Builder
			for i := range 1001 {
				b.WriteString(content(fmt.Sprintf("%05d", i)))
			}
			return b.String()
		}()),
	} {
		c := serve(t, answers(200, body))
		if page, err := c.List(t.Context(), "b", objectstore.Listing{}); !errors.Is(err, objectstore.ErrWrongAnswer) {
			t.Errorf("%s: %d objects, %v", name, len(page.Objects), err)
		}
	}
	// A store that does not know start-after would send the same page for ever.
	c := serve(t, answers(200, listing(content("a")+content("b"))))
	if _, err := c.List(t.Context(), "b", objectstore.Listing{After: "b"}); !errors.Is(err, objectstore.ErrWrongAnswer) {
		t.Errorf("a page from the beginning: %v", err)
	}
	if page, err := c.List(t.Context(), "b", objectstore.Listing{After: "a"}); err != nil || len(page.Objects) != 1 || page.Objects[0].Key != "b" {
		t.Errorf("a page that begins with the key to begin after: %v, %v", page, err)
	}
}

// oddKeys are keys as people and programs make them.
var oddKeys = []string{
	"\x01\x02", "\nnewline\r\n", " blank at both ends ", "%41", "+plus+", "a&b<c>\"d'", "a/./b", "a//b", "back\\slash", "caf\u00e9",
	"q?r#s;t=u", "tab\t", strings.Repeat("k", 1024), "~tilde", "\u65e5\u672c\u8a9e/\U0001F600", "\xff\xfe not text",
}

// Keys come back as they are, whether a store encodes them as forms do, as URLs are, or not at all.
func TestOddKeys(t *testing.T) {
	slices.Sort(oddKeys)
	xml := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;", "\x01", "&#1;", "\x02", "&#x2;", "\r", "&#13;")
	for name, encode := range map[string]func(string) string{
		"not at all":   xml.Replace,
		"as in a form": url.QueryEscape,
		"as in a URL":  func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
		"but slashes":  func(s string) string { return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s)) },
	} {
		body := ""
		if name != "not at all" {
			body = "<EncodingType>url</EncodingType>"
		}
		for _, k := range oddKeys {
			body += content(encode(k))
		}
		var asked atomic.Value
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("list-type") {
				answers(200, listing(body))(w, r)
				return
			}
			asked.Store(strings.TrimPrefix(r.URL.Path, "/b/"))
			w.Header().Set("ETag", `"e"`)
			answers(200, "abc")(w, r)
		})
		page, err := c.List(t.Context(), "b", objectstore.Listing{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, k := range oddKeys {
			if page.Objects[i].Key != k {
				t.Errorf("%s: %q came as %q", name, k, page.Objects[i].Key)
			}
			b, err := c.Get(t.Context(), "b", k, "e", objectstore.Range{})
			if err != nil {
				t.Errorf("%q: %v", k, err)
				continue
			}
			b.Close()
			if asked.Load() != k {
				t.Errorf("%q was asked for as %q", k, asked.Load())
			}
		}
	}
}

// A store that is busy is asked again, more slowly, and after as long as it says.
func TestBusyStore(t *testing.T) {
	var calls atomic.Int64
	pace := objectstore.NewPace(objectstore.PaceOptions{MaxRequests: 1000})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) <= 2 {
			answers(503, `<Error><Code>SlowDown</Code></Error>`)(w, r)
			return
		}
		answers(200, listing(""))(w, r)
	}, func(o *Options) { o.Pace = pace })
	if _, err := c.List(t.Context(), "b", objectstore.Listing{}); err != nil {
		t.Fatal(err)
	}
	if calls.Load() != 3 {
		t.Errorf("asked %d times", calls.Load())
	}
	if s := pace.State(); !s.Slowed || s.Rate > 701 {
		t.Errorf("the pace is %+v", s)
	}
	calls.Store(-100)
	if _, err := c.List(t.Context(), "b", objectstore.Listing{}); !errors.Is(err, objectstore.ErrThrottled) {
		t.Errorf("a store that stays busy: %v", err)
	}
}

// An answer that is cut short is asked for again, and never taken for a whole one.
func TestAnswersThatAreCutShort(t *testing.T) {
	whole := listing(content("a"))
	for _, fails := range []int64{1, 100} {
		var calls atomic.Int64
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
			if calls.Add(1) <= fails {
				_, _ = io.WriteString(w, whole[:100])
				return
			}
			_, _ = io.WriteString(w, whole)
		})
		page, err := c.List(t.Context(), "b", objectstore.Listing{})
		if fails == 1 && (err != nil || len(page.Objects) != 1) || fails == 100 && !errors.Is(err, objectstore.ErrUnavailable) {
			t.Errorf("cut short %d times: %v, %v", fails, page, err)
		}
	}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.Header().Set("ETag", `"e"`)
		_, _ = io.WriteString(w, "abc")
	})
	b, err := c.Get(t.Context(), "b", "k", "", objectstore.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got, err := io.ReadAll(b); !errors.Is(err, objectstore.ErrUnavailable) {
		t.Errorf("content that is cut short reads as %q, %v", got, err)
	}
}

// A store that stops sending is not waited for without end.
func TestStoreThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "<ListBucketResult>")
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}, func(o *Options) { o.Patience = 50 * time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.List(ctx, "b", objectstore.Listing{}); !errors.Is(err, objectstore.ErrUnavailable) {
		t.Errorf("a store that hangs: %v", err)
	}
}

func TestReadingParts(t *testing.T) {
	const whole = "0123456789"
	real := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		http.ServeContent(w, r, "", time.Unix(0, 0), strings.NewReader(whole))
	}
	ignoresRange := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		_, _ = io.WriteString(w, whole)
	}
	lies := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Content-Range", "bytes 5-6/10")
		w.WriteHeader(206)
		_, _ = io.WriteString(w, "56")
	}
	changed := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"other"`)
		_, _ = io.WriteString(w, whole)
	}
	for _, x := range []struct {
		name  string
		serve http.HandlerFunc
		etag  string
		part  objectstore.Range
		want  string
		err   error
	}{
		{"all", real, "e", objectstore.Range{}, whole, nil},
		{"the middle", real, "e", objectstore.Range{Offset: 2, Length: 3}, "234", nil},
		{"the end", real, "e", objectstore.Range{Offset: 8}, "89", nil},
		{"beyond the end", real, "e", objectstore.Range{Offset: 8, Length: 100}, "89", nil},
		{"after the end", real, "e", objectstore.Range{Offset: 10, Length: 1}, "", objectstore.ErrRange},
		{"the beginning, of a store that sends all", ignoresRange, "e", objectstore.Range{Length: 3}, "012", nil},
		{"the middle, of a store that sends all", ignoresRange, "e", objectstore.Range{Offset: 2, Length: 3}, "", objectstore.ErrWrongAnswer},
		{"a part, of a store that sends another", lies, "e", objectstore.Range{Offset: 2, Length: 2}, "", objectstore.ErrWrongAnswer},
		{"all, of a store that sends a part", lies, "e", objectstore.Range{}, "", objectstore.ErrWrongAnswer},
		{"another object, of a store that ignores If-Match", changed, "e", objectstore.Range{}, "", objectstore.ErrChanged},
		{"another object, which is said", answers(412, ""), "e", objectstore.Range{}, "", objectstore.ErrChanged},
		{"one that is archived", answers(403, `<Error><Code>InvalidObjectState</Code></Error>`), "e", objectstore.Range{}, "", objectstore.ErrArchived},
		{"one that needs its owner's key", answers(400, `<Error><Code>InvalidRequest</Code></Error>`), "e", objectstore.Range{}, "", objectstore.ErrCustomerKey},
		{"one whose key is disabled", answers(400, `<Error><Code>KMS.DisabledException</Code></Error>`), "e", objectstore.Range{}, "", objectstore.ErrKMS},
		{"one that is gone", answers(404, `<Error><Code>NoSuchKey</Code></Error>`), "e", objectstore.Range{}, "", objectstore.ErrNoObject},
		{"whatever is there", changed, "", objectstore.Range{}, whole, nil},
	} {
		b, err := serve(t, x.serve).Get(t.Context(), "b", "k", x.etag, x.part)
		if !errors.Is(err, x.err) || (err == nil) != (x.err == nil) {
			t.Errorf("%s: %v, want %v", x.name, err, x.err)
			continue
		}
		if err != nil {
			continue
		}
		got, err := io.ReadAll(b)
		b.Close()
		if string(got) != x.want || err != nil || b.Head.Size != 10 {
			t.Errorf("%s: %q of %d, %v", x.name, got, b.Head.Size, err)
		}
	}
}

// A redirect is an error, wherever it leads: a request goes to the endpoint that was named, or nowhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/b", status) })
		if _, err := c.List(t.Context(), "b", objectstore.Listing{}); err == nil {
			t.Errorf("%d is no error", status)
		}
	}
	if reached.Load() {
		t.Error("another host was asked")
	}
}

func TestAddressesThatAreNoStores(t *testing.T) {
	for _, x := range []struct {
		address string
		allowed bool
	}{
		{"10.1.2.3", true}, {"192.168.0.1", true}, {"203.0.113.9", true}, {"2001:db8::1", true}, {"fd12:3456::1", true},
		{"169.254.169.254", false}, {"169.254.0.1", false}, {"fe80::1", false}, {"::ffff:169.254.169.254", false}, {"64:ff9b::a9fe:a9fe", false},
		{"64:ff9b:1::a9fe:a9fe", false}, {"2002:a9fe:a9fe::1", false}, {"::169.254.169.254", false}, {"fd00:ec2::254", false}, {"fd20:ce::254", false},
		{"100.100.100.200", false}, {"168.63.129.16", false}, {"192.0.0.192", false}, {"0.0.0.0", false}, {"0.1.2.3", false}, {"::", false},
		{"224.0.0.1", false}, {"ff02::1", false}, {"255.255.255.255", false}, {"fec0::1", false}, {"fe80::1%lo", false},
		{"64:ff9b:1::cb00:7109", true}, {"64:ff9b:1:cb00:71:900::", true}, {"64:ff9b:1::", false}, {"fd00:ec2::23", false}, {"fd00:c1::a9fe:a9fe", false}, {"fd00:42::42", false}, {"2001:0:a9fe:a9fe::1", false}, {"::ffff:0:169.254.169.254", false},
		{"::ffff:0:127.0.0.1", false}, {"64:ff9b:1:a9fe:a9:fe00::", false}, {"64:ff9b:1:12a9:fe:a9fe::", false}, {"64:ff9b:1:1234:a9:fea9:fe00:0", false},
		{"2001:db8::5efe:a9fe:a9fe", false}, {"2001:db8::200:5efe:127.0.0.1", false}, {"2001:db8::5efe:203.0.113.9", true},
		{"127.0.0.1", false}, {"127.9.9.9", false}, {"::1", false}, {"::ffff:127.0.0.1", false}, {"64:ff9b::7f00:1", false},
	} {
		a := netip.MustParseAddr(x.address)
		if err := CheckAddress(a, true); (err == nil) != x.allowed {
			t.Errorf("%s: %v", x.address, err)
		}
		if err := CheckAddress(a, false); a.Unmap().IsLoopback() && err != nil {
			t.Errorf("%s, of an operator: %v", x.address, err)
		}
	}
}

// The address is checked when the connection is made: what the name stands for, and not how it is written.
func TestAddressIsCheckedAtTheDial(t *testing.T) {
	server := httptest.NewServer(answers(200, listing("")))
	defer server.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := dialer(true)(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
		c.Close()
		t.Error("this machine is connected to")
	}
	for endpoint, want := range map[string]error{
		"http://127.0.0.1:" + port: nil, "http://[::ffff:127.0.0.1]:" + port: nil,
		"http://169.254.169.254": objectstore.ErrForbidden, "http://[fe80::1]": objectstore.ErrForbidden, "http://0.0.0.0:" + port: objectstore.ErrForbidden,
	} {
		c, err := New(Options{Endpoint: endpoint, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), RefuseLoopback: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.List(t.Context(), "b", objectstore.Listing{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", endpoint, err, want)
		}
		c.Close()
	}
}

func TestEndpointsThatCannotBe(t *testing.T) {
	for _, e := range []string{"", "storage.example.com", "ftp://x", "https://", "https://a:b@x", "https://x?y", "https://x#y", "https://x:99999", "file:///x", "https://x:0", "http:opaque"} {
		if u, err := ParseEndpoint(e); err == nil {
			t.Errorf("%q is %v", e, u)
		}
	}
}

// Certificates that do not fit are told from servers that do not answer.
func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(answers(200, listing("")))
	defer server.Close()
	provider := credentials.NewStaticCredentialsProvider("a", "b", "")
	c, err := New(Options{Endpoint: server.URL, Credentials: provider})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.List(t.Context(), "b", objectstore.Listing{}); !errors.Is(err, objectstore.ErrCertificate) {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
	ca := pemOf(server.Certificate().Raw)
	if c, err = New(Options{Endpoint: server.URL, Credentials: provider, CA: ca}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.List(t.Context(), "b", objectstore.Listing{}); err != nil {
		t.Errorf("with its authority: %v", err)
	}
	if _, err := New(Options{Endpoint: server.URL, CA: []byte("no certificate")}); err == nil {
		t.Error("what is no certificate is taken for one")
	}
}

// Whatever comes, it is read in bounds or refused, and a listing that is read ascends.
func FuzzReadListing(f *testing.F) {
	f.Add(listing(content("a")+content("b")), "")
	f.Add(listing(`<EncodingType>url</EncodingType>`+content("a%20b")), "a")
	f.Add(`<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>`, "")
	f.Fuzz(func(t *testing.T, body, after string) {
		page, _, err := readListing([]byte(body), objectstore.Listing{After: after, Max: 1000})
		if err != nil {
			return
		}
		for _, o := range page.Objects {
			if o.Key <= after || o.Size < 0 {
				t.Fatalf("%q after %q, of %d bytes", o.Key, after, o.Size)
			}
			after = o.Key
		}
	})
}

// FuzzReadSettings is likewise for every other answer.
func FuzzReadSettings(f *testing.F) {
	f.Add(`<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`)
	f.Add(`<Tagging><TagSet><Tag><Key>a</Key><Value>&#x41;</Value></Tag></TagSet></Tagging>`)
	f.Add(`<PublicAccessBlockConfiguration><BlockPublicAcls>TRUE</BlockPublicAcls></PublicAccessBlockConfiguration>`)
	f.Add(`<ReplicationConfiguration><Rule><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::x</Bucket></Destination></Rule></ReplicationConfiguration>`)
	f.Add(`<a><!-- x --><?y z?><b c="d>"/></a>`)
	f.Fuzz(func(t *testing.T, body string) {
		n, err := parseTree([]byte(body), treeLimit)
		if err != nil {
			return
		}
		if n == nil {
			t.Fatal("no root and no error")
		}
		_, _ = readACL(n)
		_, _ = readBlock(n)
		_, _ = readEncryption(n)
		_, _ = readVersioning(n)
		_, _ = readReplication(n)
		_, _ = readTags("x", n)
	})
}

// TestNoOtherPaths: whatever a bucket or a key is called, no request leads anywhere but to an object of a bucket.
func TestNoOtherPaths(t *testing.T) {
	asked := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked <- r.RequestURI }))
	defer server.Close()
	for _, virtual := range []bool{false, true} {
		c, err := New(Options{Endpoint: server.URL, VirtualHost: virtual, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, bucket := range []string{"../../admin", "a/b", "..", ".", "a..b", "a?b", "a#b", "a@b", "a\r\nb", "a%2fb", ""} {
			for _, o := range []struct{ key string }{{"key"}, {""}} {
				if bucket == "" && o.key == "" {
					continue
				}
				if _, err := c.build(t.Context(), request{call: "GetObject", bucket: bucket, key: o.key}, aws.Credentials{}); bucket != "" && !errors.Is(err, objectstore.ErrNoBucket) {
					t.Errorf("bucket %q: %v", bucket, err)
				}
			}
		}
		for _, key := range []string{"../../admin", "a/../../b", "a//../../b", "..", "./../a", "a/.."} {
			if _, err := c.Head(t.Context(), "bucket", key); !errors.Is(err, objectstore.ErrDenied) {
				t.Errorf("HEAD of %q: %v", key, err)
			}
			if _, err := c.Put(t.Context(), "bucket", key, nil, objectstore.PutOptions{}); !errors.Is(err, objectstore.ErrDenied) {
				t.Errorf("PUT of %q: %v", key, err)
			}
		}
		for _, key := range []string{"...", "a..b", "..a/b..", ".hidden", "a/./b", "a/../b"} {
			if _, err := c.build(t.Context(), request{call: "GetObject", bucket: "bucket", key: key}, aws.Credentials{}); err != nil {
				t.Errorf("%q: %v", key, err)
			}
		}
	}
	close(asked)
	for path := range asked {
		t.Errorf("asked for %s", path)
	}
}

// TestTextInPieces: a text that comments and instructions cut into pieces is read in one go, and costs what its length costs.
func TestTextInPieces(t *testing.T) {
	for _, cut := range []string{"<??>", "<!---->", "<!-- a -->"} {
		text := strings.Repeat("x"+cut, 500)
		root, err := parseTree([]byte("<A><B>"+text+"</B></A>"), treeLimit)
		if err != nil || root.child("B").text != strings.Repeat("x", 500) {
			t.Errorf("%s: %v", cut, err)
		}
		if _, err := parseTree([]byte("<A><B>"+strings.Repeat("x"+cut, treeLimit+1)+"</B></A>"), treeLimit); err == nil {
			t.Errorf("%s: any number of pieces is accepted", cut)
		}
		s := scanner{data: []byte("<Key>" + text + "</Key>")}
		if _, _, _, err := s.next(); err != nil {
			t.Fatal(err)
		}
		got := testing.AllocsPerRun(1, func() {
			s := scanner{data: []byte("<Key>" + strings.Repeat("x"+cut, 20_000) + "</Key>")}
			if _, _, _, err := s.next(); err != nil {
				t.Fatal(err)
			}
			if value, err := s.content(); err != nil || len(value) != 20_000 {
				t.Fatal(len(value), err)
			}
		})
		if got > 200 {
			t.Errorf("%s: a key of 20,000 pieces takes %v allocations", cut, got)
		}
	}
}
