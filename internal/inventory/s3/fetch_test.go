package s3

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"magpie/internal/inventory/objectstore"
)

// What Fetch sends is signed as the requests of the other calls are.
func TestFetchIsSignedAlike(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("east", 3600))
	for _, o := range []Options{
		{Endpoint: "http://store.example.com"}, {Endpoint: "https://store.example.com:443/a b/c"}, {Endpoint: "http://127.0.0.1:9000", Region: "eu-west-1"},
		{Endpoint: "http://store.example.com:8080", VirtualHost: true},
	} {
		for _, token := range []string{"", "a token/+="} {
			as := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "a secret", SessionToken: token}
			o.Now = func() time.Time { return now }
			c, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"k", "a/b c+d%2F&?=é\xff\x00~", "a//b/../c/.", "/lead"} {
				for _, etag := range []string{"", "0123abc-2", "a,b;c"} {
					r := request{call: getObject, bucket: "bu.ck-et", key: key, header: http.Header{}}
					if etag != "" {
						r.header.Set("If-Match", `"`+etag+`"`)
					}
					want, err := c.build(t.Context(), r, as)
					if err != nil {
						t.Fatal(err)
					}
					host := c.host
					if o.VirtualHost {
						host = "bu.ck-et." + host
					}
					var w scratch
					c.appendRequest(&w, host, as, "bu.ck-et", key, etag)
					got, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(w.request)))
					if err != nil {
						t.Fatalf("%q: %v", w.request, err)
					}
					var sent bytes.Buffer
					if err := want.Write(&sent); err != nil {
						t.Fatal(err)
					}
					if want, err = http.ReadRequest(bufio.NewReader(&sent)); err != nil {
						t.Fatal(err)
					}
					if got.Host != want.Host || got.RequestURI != want.RequestURI || fmt.Sprint(got.Header) != fmt.Sprint(want.Header) {
						t.Errorf("%s, %q, %q:\n got %s %s %v\nwant %s %s %v", o.Endpoint, key, etag, got.Host, got.RequestURI, got.Header, want.Host, want.RequestURI, want.Header)
					}
				}
			}
		}
	}
}

// rawStore answers each request with a text and, where it says so, ends the connection.
func rawStore(t *testing.T, answer string, end bool) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			n, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer n.Close()
				in := bufio.NewReader(n)
				for {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					if _, err := io.WriteString(n, answer); err != nil || end {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	c, err := New(Options{Endpoint: "http://" + l.Addr().String(), Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// getOnce is Get, without trying again.
func getOnce(ctx context.Context, c *Client) (*objectstore.Body, error) {
	response, err := c.send(ctx, request{call: getObject, bucket: "b", key: "k", header: http.Header{"If-Match": {`"e"`}},
		ok: []int{http.StatusOK, http.StatusPartialContent}})
	if err != nil {
		return nil, err
	}
	return c.received(ctx, response, "k", "e", objectstore.Range{})
}

// Fetch comes to the same as Get, whatever a store answers.
func TestFetchIsLikeGet(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\n"
	long := strings.Repeat("x", 20<<10)
	for name, x := range map[string]struct {
		answer string
		end    bool
		size   int
		plain  bool
	}{
		"plain": {head + "Content-Length: 5\r\nContent-Type: text/plain\r\nx-amz-version-id: v1\r\nX-Amz-Storage-Class: GLACIER_IR\r\n" +
			"x-amz-server-side-encryption: aws:kms\r\nx-amz-server-side-encryption-aws-kms-key-id: arn:k\r\n\r\nhello", false, 5, true},
		"long":             {head + "Content-Length: 20480\r\n\r\n" + long, false, 20480, true},
		"empty":            {head + "Content-Length: 0\r\n\r\n", false, 0, true},
		"kept":             {head + "connection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", false, 5, true},
		"customer's key":   {head + "X-Amz-Server-Side-Encryption-Customer-Algorithm: AES256\r\nContent-Length: 5\r\n\r\nhello", false, 5, true},
		"control":          {head + "X-Odd: a\x01b\r\nContent-Length: 5\r\n\r\nhello", false, 5, false},
		"chunks":           {head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false, 5, false},
		"closes":           {head + "Connection: close\r\nContent-Length: 5\r\n\r\nhello", true, 5, false},
		"old":              {strings.Replace(head, "1.1", "1.0", 1) + "Content-Length: 5\r\n\r\nhello", true, 5, false},
		"continue":         {"HTTP/1.1 100 Continue\r\n\r\n" + head + "Content-Length: 5\r\n\r\nhello", false, 5, false},
		"folded":           {head + "X-Odd: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", false, 5, false},
		"bare line feeds":  {strings.ReplaceAll(head, "\r", "") + "Content-Length: 5\n\nhello", false, 5, false},
		"two lengths":      {head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", false, 5, false},
		"two ETags":        {head + "ETag: \"f\"\r\nContent-Length: 5\r\n\r\nhello", false, 5, false},
		"signed length":    {head + "Content-Length: +5\r\n\r\nhello", false, 5, false},
		"another ETag":     {strings.Replace(head, `"e"`, `"f"`, 1) + "Content-Length: 5\r\n\r\nhello", false, 5, true},
		"no time":          {strings.Replace(head, "Mon, 02", "some day", 1) + "Content-Length: 5\r\n\r\nhello", false, 5, true},
		"a part":           {strings.Replace(head, "200 OK", "206 Partial Content", 1) + "Content-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello", false, 5, false},
		"a range":          {head + "Content-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello", false, 5, false},
		"changed":          {"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n", false, 5, false},
		"gone":             {"HTTP/1.1 404 Not Found\r\nContent-Length: 44\r\n\r\n<Error><Code>NoSuchKey</Code></Error>        ", false, 5, false},
		"no bucket":        {"HTTP/1.1 404 Not Found\r\nContent-Length: 40\r\n\r\n<Error><Code>NoSuchBucket</Code></Error>", false, 5, false},
		"denied":           {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false, 5, false},
		"moved":            {"HTTP/1.1 301 Moved\r\nLocation: http://other.example.com/\r\nContent-Length: 0\r\n\r\n", false, 5, false},
		"switches":         {"HTTP/1.1 101 Switching Protocols\r\n\r\n", true, 5, false},
		"length as status": {"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello", true, 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := rawStore(t, x.answer, x.end)
			if _, _, plain := plainHead([]byte(x.answer), int64(x.size)); plain != x.plain {
				t.Errorf("its head is plain: %v", plain)
			}
			for range 2 { // the second time perhaps on the connection that was used before
				var want []byte
				body, wanted := getOnce(t.Context(), c)
				if wanted == nil {
					want, wanted = io.ReadAll(body)
					body.Close()
				}
				got := make([]byte, x.size)
				head, err := c.fetch(t.Context(), "b", "k", "e", got)
				if wanted == nil && len(want) != x.size {
					t.Fatalf("Get has read %d bytes", len(want))
				}
				if fmt.Sprint(err) != fmt.Sprint(wanted) {
					t.Fatalf("%v, and by Get: %v", err, wanted)
				}
				if err == nil && (!bytes.Equal(got, want) || head != body.Head) {
					t.Errorf("%.20q %+v, and by Get: %.20q %+v", got, head, want, body.Head)
				}
			}
		})
	}
}

// Content that is not as long as it was listed, or stops coming, is no content.
func TestFetchOfOtherLengths(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n"
	for name, answer := range map[string]string{
		"shorter": head + "Content-Length: 5\r\n\r\nhello", "stops": head + "Content-Length: 9\r\n\r\nhello", "stops in chunks": head + "Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := rawStore(t, answer, true)
			as := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
			c.o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return as, nil })
			if _, err := c.fetch(t.Context(), "b", "k", "e", make([]byte, 9)); err == nil || !objectstore.Passing(err) && !errors.Is(err, objectstore.ErrWrongAnswer) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		c := rawStore(t, head+"Content-Length: 9\r\n\r\nhello", false)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		c.o.Patience = time.Hour
		time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		if _, err := c.Fetch(ctx, "b", "k", "e", make([]byte, 9)); !errors.Is(err, context.Canceled) && !errors.Is(err, why) {
			t.Errorf("%v", err)
		}
	})
}

// Names that a request could be broken by are asked for in the other way, which spells them.
func TestFetchOfOddNames(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI+" "+r.Header.Get("If-Match"))
		w.Header().Set("ETag", strings.TrimSpace(r.Header.Get("If-Match")))
		io.WriteString(w, "abc")
	})
	for _, x := range [][3]string{{"B_1:x", "k", "e"}, {"b", "k", "a b"}, {"b", "k", "é"}} {
		p := make([]byte, 3)
		if _, err := c.Fetch(t.Context(), x[0], x[1], x[2], p); err != nil || string(p) != "abc" {
			t.Errorf("%q: %v", x, err)
		}
	}
	if _, err := c.Fetch(t.Context(), "b", "../k", "e", nil); !errors.Is(err, objectstore.ErrDenied) {
		t.Errorf("a key that leads out of the bucket: %v", err)
	}
	if want := `[/B_1%3Ax/k "e" /b/k "a b" /b/k "é"]`; fmt.Sprint(asked) != want {
		t.Errorf("asked for %v", asked)
	}
}

// FuzzPlainHead: whatever is taken for plain, net/http reads alike.
func FuzzPlainHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\nx-amz-version-id: v\r\n\r\nhello"), 5)
	f.Add([]byte("HTTP/1.1 200\r\nconnection: keep-alive\r\nContent-Length:\t5 \r\nX-Amz-Storage-Class:\r\n\r\nhello"), 5)
	f.Add([]byte("HTTP/1.1 200 \n\r\nContent-Length:5\r\n\r\nhello"), 5)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 0 || size > len(b) {
			return
		}
		end, h, ok := plainHead(b, int64(size))
		if !ok {
			return
		}
		in := bufio.NewReader(bytes.NewReader(b))
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if r.StatusCode != 200 || r.ContentLength != int64(size) || r.Close || len(r.TransferEncoding) > 0 || saidIn(r.Header) != h || len(b)-end < 0 {
			t.Fatalf("%q: %+v, and by net/http %d %d %v %+v", b, h, r.StatusCode, r.ContentLength, r.Close, saidIn(r.Header))
		}
		rest, _ := io.ReadAll(r.Body)
		if want := b[end:min(len(b), end+size)]; !bytes.Equal(rest, want) {
			t.Fatalf("%q: the content begins elsewhere", b)
		}
	})
}
