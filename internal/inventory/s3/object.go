package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"magpie/internal/inventory/objectstore"
)

// Head tells what the store knows of an object.
func (c *Client) Head(ctx context.Context, bucket, key string) (objectstore.Head, error) {
	response, err := c.do(ctx, request{call: "HeadObject", method: http.MethodHead, bucket: bucket, key: key})
	if err != nil {
		return objectstore.Head{}, err
	}
	response.Body.Close()
	return readHead("HeadObject", key, saidIn(response.Header), response.ContentLength)
}

// said is what the headers of an answer say of an object.
type said struct {
	etag, modified, contentType, version, class, encryption, kmsKey, customer string
}

func saidIn(h http.Header) said {
	return said{
		etag: h.Get("ETag"), modified: h.Get("Last-Modified"), contentType: h.Get("Content-Type"), version: h.Get("X-Amz-Version-Id"),
		class: h.Get("X-Amz-Storage-Class"), encryption: h.Get("X-Amz-Server-Side-Encryption"),
		kmsKey:   h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"),
		customer: h.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm"),
	}
}

// readHead reads what is said of an object of so many bytes.
func readHead(call, key string, h said, size int64) (objectstore.Head, error) {
	head := objectstore.Head{
		Object: objectstore.Object{Key: key, Size: size, ETag: bareETag(h.etag), StorageClass: "STANDARD"},
		Encryption: objectstore.ObjectEncryption{
			Algorithm: word(strings.ReplaceAll(h.encryption, ":", "_")), KMSKeyID: clean(h.kmsKey), CustomerKey: h.customer != "",
		},
	}
	head.Encryption.Algorithm = strings.ReplaceAll(head.Encryption.Algorithm, "_", ":")
	if size < 0 {
		return head, wrong(call, "the object's size is missing")
	}
	if h.class != "" {
		head.StorageClass = clean(h.class)
	}
	if text := h.modified; text != "" {
		t, err := http.ParseTime(text)
		if err != nil {
			return head, wrong(call, "the time of the object's last change is none")
		}
		head.LastModified = t.UTC()
	}
	head.ContentType, head.VersionID = clean(h.contentType), clean(h.version)
	if head.VersionID == "null" {
		head.VersionID = ""
	}
	return head, nil
}

// Get reads an object, or a part of it.
func (c *Client) Get(ctx context.Context, bucket, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	const call = "GetObject"
	if r.Offset < 0 || r.Length < 0 {
		return nil, fmt.Errorf("%s: a part of an object cannot begin or end before it", call)
	}
	header := http.Header{}
	part := r.Offset > 0 || r.Length > 0
	switch {
	case r.Length > 0:
		header.Set("Range", fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1))
	case part:
		header.Set("Range", fmt.Sprintf("bytes=%d-", r.Offset))
	}
	if etag != "" {
		header.Set("If-Match", `"`+etag+`"`)
	}
	response, err := c.do(ctx, request{call: call, bucket: bucket, key: key, header: header,
		ok: []int{http.StatusOK, http.StatusPartialContent}, direct: true})
	if err != nil {
		return nil, err
	}
	body, err := c.received(ctx, response, key, etag, r)
	if err != nil {
		response.Body.Close()
		return nil, err
	}
	return body, nil
}

// received checks that what came is what was asked for. Some stores ignore If-Match, or the range.
func (c *Client) received(ctx context.Context, response *http.Response, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	const call = "GetObject"
	size, length := response.ContentLength, response.ContentLength
	part := r.Offset > 0 || r.Length > 0
	switch {
	case response.StatusCode == http.StatusPartialContent && !part:
		return nil, wrong(call, "a part of the object came, and not all of it")
	case response.StatusCode == http.StatusPartialContent:
		first, last, whole, ok := contentRange(response.Header.Get("Content-Range"))
		if !ok || first != r.Offset || r.Length > 0 && last-first+1 > r.Length ||
			r.Length > 0 && last-first+1 < r.Length && last != whole-1 || r.Length == 0 && last != whole-1 {
			return nil, wrong(call, "another part of the object came than was asked for")
		}
		size, length = whole, last-first+1
	case part && r.Offset > 0:
		return nil, wrong(call, "the whole object came, and not a part of it")
	case part && size >= 0:
		length = min(size, r.Length)
	}
	head, err := readHead(call, key, saidIn(response.Header), max(size, 0))
	if err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, wrong(call, "the object's size is missing")
	}
	if etag != "" && head.ETag != etag {
		return nil, &objectstore.Error{Kind: objectstore.ErrChanged, Call: call, Status: response.StatusCode, Detail: "its ETag is another one"}
	}
	return &objectstore.Body{ReadCloser: &pacedBody{ctx: ctx, c: c, body: response.Body, left: length}, Head: head}, nil
}

// contentRange reads bytes FIRST-LAST/WHOLE.
func contentRange(s string) (first, last, whole int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	if !ok {
		return 0, 0, 0, false
	}
	span, of, ok1 := strings.Cut(s, "/")
	from, to, ok2 := strings.Cut(span, "-")
	if !ok1 || !ok2 {
		return 0, 0, 0, false
	}
	var errs [3]error
	first, errs[0] = strconv.ParseInt(from, 10, 64)
	last, errs[1] = strconv.ParseInt(to, 10, 64)
	whole, errs[2] = strconv.ParseInt(of, 10, 64)
	return first, last, whole, errors.Join(errs[:]...) == nil && first >= 0 && last >= first && whole > last
}

// pacedBody is an object's content at the bandwidth that the operator allows: exactly as many bytes as were announced, or an error.
type pacedBody struct {
	ctx  context.Context
	c    *Client
	body io.ReadCloser
	left int64
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if err := b.c.pace.Read(b.ctx, n); err != nil {
		return n, err
	}
	switch {
	case err == nil, errors.Is(err, io.EOF) && b.left == 0:
		return n, nil
	case b.ctx.Err() != nil:
		return n, b.ctx.Err()
	default:
		return n, &objectstore.Error{Kind: objectstore.ErrUnavailable, Call: "GetObject", Detail: "the content was cut short"}
	}
}

func (b *pacedBody) Close() error { return b.body.Close() }

// Tags returns an object's tags.
func (c *Client) Tags(ctx context.Context, bucket, key string) (map[string]string, error) {
	root, err := c.tree(ctx, request{call: "GetObjectTagging", bucket: bucket, key: key, query: url.Values{"tagging": {""}}}, "Tagging")
	if err != nil {
		if absent[objectstore.CodeOf(err)] {
			return map[string]string{}, nil
		}
		return nil, err
	}
	tags, err := readTags("GetObjectTagging", root)
	if err != nil {
		return nil, err
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m, nil
}

// readTags reads a Tagging.
func readTags(call string, root *node) ([]objectstore.Tag, error) {
	if !root.has("TagSet") {
		return nil, wrong(call, "the answer has no TagSet")
	}
	tags := []objectstore.Tag{}
	for _, n := range root.child("TagSet").all("Tag") {
		t := objectstore.Tag{Key: n.child("Key").text, Value: n.child("Value").text}
		if t.Key == "" || len(t.Key) > 1024 || len(t.Value) > 4096 || len(tags) >= 200 {
			return nil, wrong(call, "there are tags that cannot be some")
		}
		tags = append(tags, t)
	}
	return tags, nil
}

// Put writes an object.
func (c *Client) Put(ctx context.Context, bucket, key string, content []byte, o objectstore.PutOptions) (string, error) {
	sum := md5.Sum(content) // what old stores check a body by
	header := http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}
	for name, value := range map[string]string{
		"Content-Type": o.ContentType, "Content-Encoding": o.ContentEncoding, "X-Amz-Server-Side-Encryption": o.Encryption,
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": o.KMSKeyID, "X-Amz-Expected-Bucket-Owner": o.ExpectedOwner,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	response, err := c.do(ctx, request{call: "PutObject", method: http.MethodPut, bucket: bucket, key: key, header: header, body: content})
	if err != nil {
		return "", err
	}
	response.Body.Close()
	return bareETag(response.Header.Get("ETag")), nil
}

// Delete deletes an object.
func (c *Client) Delete(ctx context.Context, bucket, key string) error {
	response, err := c.do(ctx, request{call: "DeleteObject", method: http.MethodDelete, bucket: bucket, key: key,
		ok: []int{http.StatusOK, http.StatusNoContent}})
	if errors.Is(err, objectstore.ErrNoObject) {
		return nil
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// trying makes calls to a store, and notes what became of each.
type trying struct {
	*Client
	trials []objectstore.Trial
}

func (t *trying) try(call, bucket, cost string, f func() (string, error)) bool {
	began := time.Now()
	detail, err := f()
	x := objectstore.Trial{Call: call, Bucket: bucket, Outcome: objectstore.OutcomeOf(err), Detail: detail, Cost: cost, Took: time.Since(began)}
	if err != nil {
		x.Detail = err.Error()
		if e, ok := errors.AsType[*objectstore.Error](err); ok {
			x.Detail = strings.TrimPrefix(err.Error(), e.Call+": ")
		}
	}
	if x.Outcome == objectstore.Works {
		x.Cost = ""
	}
	t.trials = append(t.trials, x)
	return err == nil
}

// Try makes each call once.
func (c *Client) Try(ctx context.Context, bucket string) []objectstore.Trial {
	t := trying{Client: c}
	count := 0
	ok := t.try("ListBuckets", "", "no bucket is found", func() (string, error) {
		err := c.Buckets(ctx, func(b objectstore.Bucket) error {
			if count++; bucket == "" {
				bucket = b.Name
			}
			return nil
		})
		return fmt.Sprintf("%d buckets", count), err
	})
	if bucket != "" {
		t.bucket(ctx, bucket)
	} else if ok {
		t.trials = append(t.trials, objectstore.Trial{Call: "ListObjectsV2", Outcome: objectstore.Failed, Detail: "there is no bucket to try the rest on"})
	}
	return t.trials
}

// bucket makes the calls that are about a bucket.
func (t *trying) bucket(ctx context.Context, bucket string) {
	for _, q := range settings {
		t.try(q.call, bucket, q.cost, func() (string, error) {
			_, err := t.tree(ctx, request{call: q.call, bucket: bucket, query: url.Values{q.query: {""}}}, q.root)
			if absent[objectstore.CodeOf(err)] {
				return "there is none", nil
			}
			return "", err
		})
	}
	t.try("GetBucketPolicy", bucket, "whether the policy makes the bucket public or shares it", func() (string, error) {
		_, err := t.policy(ctx, bucket)
		if absent[objectstore.CodeOf(err)] {
			return "there is none", nil
		}
		return "", err
	})
	var first *objectstore.Object
	t.try("ListObjectsV2", bucket, "the bucket cannot be counted or scanned", func() (string, error) {
		page, err := t.List(ctx, bucket, objectstore.Listing{Max: 2})
		if err != nil || len(page.Objects) == 0 {
			return "the bucket is empty", err
		}
		first = &page.Objects[0]
		if !page.More && len(page.Objects) < 2 {
			return "one object", nil
		}
		if _, err := t.List(ctx, bucket, objectstore.Listing{After: first.Key, Max: 1}); err != nil {
			return "", err
		}
		return "also from the middle", nil
	})
	if first != nil {
		t.object(ctx, bucket, first)
	}
}

// object makes the calls that are about an object.
func (t *trying) object(ctx context.Context, bucket string, o *objectstore.Object) {
	t.try("HeadObject", bucket, "how an object is encrypted", func() (string, error) {
		_, err := t.Head(ctx, bucket, o.Key)
		return "", err
	})
	t.try("GetObject", bucket, "objects cannot be scanned", func() (string, error) {
		body, err := t.Get(ctx, bucket, o.Key, o.ETag, objectstore.Range{Length: 1})
		if err != nil {
			if o.Size == 0 && errors.Is(err, objectstore.ErrRange) {
				return "an empty object", nil
			}
			return "", err
		}
		return "a part of it", body.Close()
	})
	t.try("GetObjectTagging", bucket, "jobs that choose objects by tags", func() (string, error) {
		_, err := t.Tags(ctx, bucket, o.Key)
		return "", err
	})
}
