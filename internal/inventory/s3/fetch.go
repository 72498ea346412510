package s3

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"magpie/internal/inventory/objectstore"
)

var _ objectstore.Fetcher = (*Client)(nil)

const getObject = "GetObject"

// Fetch reads the whole of an object into p, which has the size that it was listed with. Jobs read millions of small objects: where request and
// answer are as plain as they are with most objects of most stores, the request is written and signed, and the answer read, without
// anything else being made of them. Whatever is not plain goes the way of Get, with the same outcome.
func (c *Client) Fetch(ctx context.Context, bucket, key, etag string, p []byte) (objectstore.Head, error) {
	if c.host == "" || !plainBucket(bucket) || key == "" || strays(key) || !quotable(etag) {
		return objectstore.FetchByGet(ctx, c, bucket, key, etag, p)
	}
	var head objectstore.Head
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, getObject, func() (err error) {
			head, err = c.fetch(ctx, bucket, key, etag, p)
			return err
		})
		if done, err := afterAttempt(ctx, getObject, attempt, err); done {
			return head, err
		}
	}
}

// readAllOf reads p. A body that ends before is an error that another try may mend.
func readAllOf(body io.Reader, p []byte) error {
	_, err := io.ReadFull(body, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = &objectstore.Error{Kind: objectstore.ErrUnavailable, Call: getObject, Detail: "the object ends before the size that it was listed with"}
	}
	return err
}

// fetch makes one request.
func (c *Client) fetch(ctx context.Context, bucket, key, etag string, p []byte) (objectstore.Head, error) {
	credentials, err := c.o.Credentials.Retrieve(ctx)
	if err != nil {
		return objectstore.Head{}, &objectstore.Error{Kind: objectstore.ErrCredentials, Call: getObject, Detail: "there are none to be had"}
	}
	if !isText(credentials.AccessKeyID) || !isText(credentials.SessionToken) {
		return objectstore.Head{}, &objectstore.Error{Kind: objectstore.ErrCredentials, Call: getObject, Detail: "they cannot be part of a request"}
	}
	host := c.host
	if c.o.VirtualHost {
		host = bucket + "." + host
	}
	at := place{c.endpoint.Scheme, host}
	for {
		k, used, err := c.over.get(ctx, at.scheme, at.host)
		if err != nil {
			return objectstore.Head{}, c.unreachable(ctx, getObject, err)
		}
		x := exchange{c: c, k: k, at: at}
		x.stop = context.AfterFunc(ctx, func() { _ = k.SetDeadline(time.Unix(1, 0)) })
		err = x.ask(ctx, credentials, bucket, key, etag)
		if err == nil {
			return x.receive(ctx, key, etag, p)
		}
		x.stop()
		k.Close()
		// A connection that was kept may have been ended by the store meanwhile.
		if !used || k.began || ctx.Err() != nil || isTimeout(err) {
			return objectstore.Head{}, c.unreachable(ctx, getObject, err)
		}
	}
}

// exchange is a request and its answer.
type exchange struct {
	c    *Client
	k    *conn
	at   place
	stop func() bool // ends the watch over the context
}

// ask writes the request, and waits for the first byte of the answer.
func (x *exchange) ask(ctx context.Context, credentials aws.Credentials, bucket, key, etag string) error {
	x.k.began, x.k.left = false, mostHead
	if err := x.extend(ctx); err != nil {
		return err
	}
	give := objectstore.TakeTurn(ctx)
	w := scratches.Get().(*scratch)
	x.c.appendRequest(w, x.at.host, credentials, bucket, key, etag)
	_, err := x.k.Write(w.request)
	scratches.Put(w)
	give()
	if err == nil {
		_, err = x.k.in.Peek(1)
	}
	return err
}

// extend gives the store the time of its patience from now on; a little less where that saves asking for it.
func (x *exchange) extend(ctx context.Context) error {
	now, patience := time.Now(), x.c.o.Patience
	if x.k.due.Sub(now) > patience-patience/16 {
		return nil
	}
	x.k.due = now.Add(patience)
	_ = x.k.SetDeadline(x.k.due)
	return ctx.Err() // whose end may have set another deadline just before
}

// receive reads the answer.
func (x *exchange) receive(ctx context.Context, key, etag string, p []byte) (head objectstore.Head, err error) {
	give := objectstore.TakeTurn(ctx)
	defer func() {
		if give != nil {
			give()
		}
	}()
	b, _ := x.k.in.Peek(x.k.in.Buffered())
	end, h, plain := plainHead(b, int64(len(p)))
	if !plain {
		give()
		give = nil
		return x.other(ctx, key, etag, p)
	}
	head, err = readHead(getObject, key, h, int64(len(p)))
	if err == nil && etag != "" && head.ETag != etag {
		err = &objectstore.Error{Kind: objectstore.ErrChanged, Call: getObject, Status: http.StatusOK, Detail: "its ETag is another one"}
	}
	if err != nil {
		x.stop()
		x.k.Close()
		return head, err
	}
	_, _ = x.k.in.Discard(end)
	x.k.left = -1
	n := 0
	if x.k.in.Buffered() > 0 {
		n, _ = x.k.in.Read(p)
	}
	if n < len(p) {
		give()
		give = nil
		if err := x.body(ctx, p, n); err != nil {
			x.stop()
			x.k.Close()
			return head, err
		}
	}
	if err := x.c.pace.Read(ctx, n); err != nil {
		x.stop()
		x.k.Close()
		return head, err
	}
	if x.stop() && x.k.in.Buffered() == 0 {
		x.c.over.put(x.at, x.k)
	} else {
		x.k.Close()
	}
	return head, nil
}

// body reads what follows the first n bytes of the content.
func (x *exchange) body(ctx context.Context, p []byte, n int) error {
	for n < len(p) {
		if err := x.extend(ctx); err != nil {
			return err
		}
		k, err := x.k.in.Read(p[n:])
		n += k
		if err == nil {
			err = x.c.pace.Read(ctx, k)
		}
		if err != nil && n < len(p) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &objectstore.Error{Kind: objectstore.ErrUnavailable, Call: getObject, Detail: "the content was cut short"}
		}
	}
	return nil
}

// other reads an answer that is not plain.
func (x *exchange) other(ctx context.Context, key, etag string, p []byte) (objectstore.Head, error) {
	response, err := x.c.over.answer(ctx, x.k, x.at, nil, x.stop)
	if err != nil {
		x.k.Close()
		return objectstore.Head{}, x.c.unreachable(ctx, getObject, err)
	}
	body := &timedBody{ctx: ctx, body: response.Body, k: x.k, patience: x.c.o.Patience}
	response.Body = body
	defer body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent {
		return objectstore.Head{}, readError(request{call: getObject, key: key}, response)
	}
	content, err := x.c.received(ctx, response, key, etag, objectstore.Range{})
	if err != nil {
		return objectstore.Head{}, err
	}
	return content.Head, readAllOf(content, p)
}

// timedBody is the body of an answer each part of which has the store's time to come.
type timedBody struct {
	ctx      context.Context
	body     io.ReadCloser
	k        *conn
	patience time.Duration
	over     bool // the connection may be another's by now
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	if b.over {
		return 0, io.EOF
	}
	_ = b.k.SetDeadline(time.Now().Add(b.patience))
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.body.Read(p)
	b.over = err != nil
	return n, err
}

// Close implements io.Closer.
func (b *timedBody) Close() error {
	b.over = true
	return b.body.Close()
}

// plainBucket reports whether a bucket's name needs no escaping, in a path or in an address.
func plainBucket(name string) bool { return isPlain(name) && validBucket(name) }

// isPlain reports whether a text is of lower-case letters, digits, dots and hyphens.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-') {
			return false
		}
	}
	return s != ""
}

// quotable reports whether an ETag can be put between quotes, and into a header, as it is.
func quotable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' {
			return false
		}
	}
	return true
}

// plainHost is an endpoint's host as requests name it and are signed for, or "" where it takes more thought.
func plainHost(endpoint *url.URL) string {
	name, port := endpoint.Hostname(), endpoint.Port()
	if !isPlain(name) || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return ""
	}
	if port == "" || endpoint.Scheme == "http" && port == "80" || endpoint.Scheme == "https" && port == "443" {
		return name
	}
	return name + ":" + port
}

// plainHead reads the head of an answer that is of HTTP/1.1 and the status 200, has exactly so many bytes of content, after which the connection
// goes on, and nothing in it that needs care. end is where the content begins.
func plainHead(b []byte, size int64) (end int, h said, ok bool) {
	end = bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, h, false
	}
	text := string(b[:end])
	end += 4
	line, rest, _ := strings.Cut(text, "\r\n")
	if status, ok := strings.CutPrefix(line, "HTTP/1.1 200"); !ok || status != "" && status[0] != ' ' || !isText(status) {
		return 0, h, false
	}
	length := ""
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return 0, h, false
		}
		if value = strings.Trim(value, " \t"); !isText(value) {
			return 0, h, false
		}
		var to *string
		switch {
		case is(name, "Content-Length"):
			to = &length
		case is(name, "ETag"):
			to = &h.etag
		case is(name, "Last-Modified"):
			to = &h.modified
		case is(name, "Content-Type"):
			to = &h.contentType
		case is(name, "X-Amz-Version-Id"):
			to = &h.version
		case is(name, "X-Amz-Storage-Class"):
			to = &h.class
		case is(name, "X-Amz-Server-Side-Encryption"):
			to = &h.encryption
		case is(name, "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"):
			to = &h.kmsKey
		case is(name, "X-Amz-Server-Side-Encryption-Customer-Algorithm"):
			to = &h.customer
		case is(name, "Connection"), is(name, "Transfer-Encoding"), is(name, "Trailer"), is(name, "Content-Range"):
			if !is(name, "Connection") || !strings.EqualFold(value, "keep-alive") {
				return 0, h, false
			}
		}
		if to != nil {
			if *to != "" {
				return 0, h, false // it is said twice
			}
			*to = value
		}
	}
	return end, h, length == strconv.FormatInt(size, 10)
}

// is reports whether a header has a name, in letters of whatever case.
func is(name, wanted string) bool { return len(name) == len(wanted) && strings.EqualFold(name, wanted) }

// isToken reports whether a header's name is of letters, digits and hyphens.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; !(c >= 'a' && c <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] == '-') {
			return false
		}
	}
	return s != ""
}

// isText reports whether there is no control character in a header's value.
func isText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// scratch is memory for writing a request.
type scratch struct{ request, canonical, sum []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// appendRequest writes a signed request for an object into w. The same headers are signed as are in requests of other kinds.
func (c *Client) appendRequest(w *scratch, host string, credentials aws.Credentials, bucket, key, etag string) {
	now := c.o.Now().UTC()
	var text [16]byte
	stamp := now.AppendFormat(text[:0], "20060102T150405Z")
	b := append(w.request[:0], "GET "...)
	from := len(b)
	b = append(b, escapePath(c.endpoint.Path)...)
	if !c.o.VirtualHost {
		b = append(append(b, '/'), bucket...)
	}
	b = appendEscaped(append(b, '/'), key)
	s := append(w.canonical[:0], "GET\n"...)
	s = append(append(s, b[from:]...), "\n\nhost:"...)
	s = append(s, host...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	b = append(b, "\r\nUser-Agent: magpie\r\n"...)
	names := "host;x-amz-content-sha256;x-amz-date"
	if etag != "" {
		names = "host;if-match;x-amz-content-sha256;x-amz-date"
		b = append(append(append(b, "If-Match: \""...), etag...), "\"\r\n"...)
		s = append(append(append(s, "\nif-match:\""...), etag...), '"')
	}
	b = append(append(b, "X-Amz-Content-Sha256: "...), emptyHash...)
	s = append(append(s, "\nx-amz-content-sha256:"...), emptyHash...)
	b = append(append(b, "\r\nX-Amz-Date: "...), stamp...)
	s = append(append(s, "\nx-amz-date:"...), stamp...)
	if token := credentials.SessionToken; token != "" {
		b = append(append(b, "\r\nX-Amz-Security-Token: "...), token...)
		s = append(append(s, "\nx-amz-security-token:"...), token...)
		names += ";x-amz-security-token"
	}
	s = append(append(s, "\n\n"...), names...)
	s = append(append(s, '\n'), emptyHash...)
	sum := sha256.Sum256(s)
	b = append(append(b, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential="...), credentials.AccessKeyID...)
	b = append(b, '/')
	scope := len(b)
	b = append(append(append(append(b, stamp[:8]...), '/'), c.o.Region...), "/s3/aws4_request"...)
	t := append(append(append(s[:0], "AWS4-HMAC-SHA256\n"...), stamp...), '\n')
	t = append(append(t, b[scope:]...), '\n')
	t = hex.AppendEncode(t, sum[:])
	b = append(append(append(b, ", SignedHeaders="...), names...), ", Signature="...)
	w.sum = c.keys.sign(w.sum[:0], credentials.SecretAccessKey, string(stamp[:8]), c.o.Region, t)
	b = hex.AppendEncode(b, w.sum)
	w.request, w.canonical = append(b, "\r\n\r\n"...), t
}

// signingKeys keep the key that requests of a day are signed with.
type signingKeys struct{ last atomic.Pointer[signingKey] }

type signingKey struct {
	secret, date string
	macs         sync.Pool // of hash.Hash with the key
}

// sign appends the signature of a text to b.
func (k *signingKeys) sign(b []byte, secret, date, region string, text []byte) []byte {
	x := k.last.Load()
	if x == nil || x.secret != secret || x.date != date {
		mac := func(key []byte, data string) []byte {
			h := hmac.New(sha256.New, key)
			h.Write([]byte(data))
			return h.Sum(nil)
		}
		key := mac(mac(mac(mac([]byte("AWS4"+secret), date), region), "s3"), "aws4_request")
		x = &signingKey{secret: secret, date: date, macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
		k.last.Store(x)
	}
	h := x.macs.Get().(hash.Hash)
	h.Reset()
	h.Write(text)
	b = h.Sum(b)
	x.macs.Put(h)
	return b
}
