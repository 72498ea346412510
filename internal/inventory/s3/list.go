package s3

import (
	"bytes"
	"context"
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

// Bounds of answers.
const (
	maxListing  = 24 << 20 // a page of 1,000 keys of 1,024 bytes, each written as %XX, with their owners
	maxAnswer   = 4 << 20
	maxLongKey  = 4 * objectstore.MaxKey
	maxBuckets  = 200_000
	maxPageless = 64 // pages without an object that are passed over
)

// readAll reads a whole body of at most so many bytes.
func readAll(call string, response *http.Response, most int64) ([]byte, error) {
	defer response.Body.Close()
	var b bytes.Buffer
	if response.ContentLength > 0 && response.ContentLength <= most {
		b.Grow(int(response.ContentLength) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(response.Body, most+1))
	switch {
	case err != nil:
		return nil, &objectstore.Error{Kind: objectstore.ErrUnavailable, Call: call, Status: response.StatusCode, Detail: "the answer was cut short"}
	case n > most:
		return nil, wrong(call, "the answer is too long")
	}
	return b.Bytes(), nil
}

func wrong(call, format string, args ...any) error {
	return &objectstore.Error{Kind: objectstore.ErrWrongAnswer, Call: call, Status: http.StatusOK, Detail: fmt.Sprintf(format, args...)}
}

// ask sends a request and reads its answer, and does both again when the answer was cut short.
func (c *Client) ask(ctx context.Context, r request, most int64) ([]byte, http.Header, error) {
	for attempt := 1; ; attempt++ {
		response, err := c.do(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		body, err := readAll(r.call, response, most)
		if err == nil || ctx.Err() != nil || attempt == attempts || !objectstore.Passing(err) {
			return body, response.Header, err
		}
	}
}

// tree asks for something whose answer has the given root element.
func (c *Client) tree(ctx context.Context, r request, root string) (*node, error) {
	body, _, err := c.ask(ctx, r, maxAnswer)
	if err != nil {
		return nil, err
	}
	n, err := parseTree(body, treeLimit)
	if err != nil {
		return nil, wrong(r.call, "%v", err)
	}
	if n.name != root && n.name != aliases[root] {
		return nil, wrong(r.call, "a %s came, and not a %s", cleanName(n.name), root)
	}
	return n, nil
}

// aliases are other names that stores give to roots: Ceph to a bucket's block, moto to its versioning.
var aliases = map[string]string{
	"PublicAccessBlockConfiguration": "BlockPublicAccessBlockConfiguration", "VersioningConfiguration": "GetBucketVersioningResponse",
}

func cleanName(name string) string {
	if w := word(name); w != "" {
		return w
	}
	return "something"
}

// Buckets lists the buckets that the credentials own.
func (c *Client) Buckets(ctx context.Context, yield func(objectstore.Bucket) error) error {
	token, seen := "", map[string]bool{}
	for {
		query := url.Values{}
		if c.control != "" || token != "" { // only AWS has pages of buckets; others may not know the parameters
			query.Set("max-buckets", "1000")
		}
		if token != "" {
			query.Set("continuation-token", token)
		}
		body, _, err := c.ask(ctx, request{call: "ListBuckets", query: query}, maxListing)
		if err != nil {
			return err
		}
		root, err := parseTree(body, 8*maxBuckets)
		if err != nil {
			return wrong("ListBuckets", "%v", err)
		}
		if root.name != "ListAllMyBucketsResult" {
			return wrong("ListBuckets", "a %s came, and not a ListAllMyBucketsResult", cleanName(root.name))
		}
		for _, n := range root.child("Buckets").all("Bucket") {
			b := objectstore.Bucket{Name: n.child("Name").text, Region: n.child("BucketRegion").text}
			b.CreatedAt, _ = time.Parse(time.RFC3339Nano, n.child("CreationDate").text) // zero where there is none
			if !validBucket(b.Name) {
				return wrong("ListBuckets", "a bucket has a name that cannot be one")
			}
			if seen[b.Name] {
				continue
			}
			if seen[b.Name] = true; len(seen) > maxBuckets {
				return wrong("ListBuckets", "there are more than %d buckets", maxBuckets)
			}
			if err := yield(b); err != nil {
				return err
			}
		}
		next := root.child("ContinuationToken").text
		if next == "" || next == token {
			return nil
		}
		token = next
	}
}

// validBucket accepts the names that stores have, which are more than AWS allows, and nothing that would change where a request goes.
func validBucket(name string) bool {
	if len(name) < 1 || len(name) > 255 || name == "." || name == ".." {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' || r == ':')
	})
}

// List returns a page of a bucket's objects.
func (c *Client) List(ctx context.Context, bucket string, l objectstore.Listing) (objectstore.Page, error) {
	if l.Max <= 0 || l.Max > objectstore.MaxPage {
		l.Max = objectstore.MaxPage
	}
	query := url.Values{"list-type": {"2"}, "encoding-type": {"url"}, "max-keys": {strconv.Itoa(l.Max)}}
	if l.Prefix != "" {
		query.Set("prefix", l.Prefix)
	}
	if l.After != "" {
		query.Set("start-after", l.After)
	}
	for range maxPageless {
		body, _, err := c.ask(ctx, request{call: "ListObjectsV2", bucket: bucket, query: query}, maxListing)
		if err != nil {
			return objectstore.Page{}, err
		}
		page, token, err := readListing(body, l)
		if err != nil {
			return objectstore.Page{}, wrong("ListObjectsV2", "%v", err)
		}
		if len(page.Objects) > 0 || !page.More {
			return page, nil
		}
		if token == "" {
			return page, wrong("ListObjectsV2", "there are more objects, it says, but shows none")
		}
		query.Set("continuation-token", token)
	}
	return objectstore.Page{}, wrong("ListObjectsV2", "%d pages without an object came", maxPageless)
}

// readListing reads a ListBucketResult. Keys must ascend from l.After on.
func readListing(data []byte, l objectstore.Listing) (page objectstore.Page, token string, err error) {
	s := scanner{data: data}
	kind, name, _, err := s.next()
	if err != nil {
		return page, "", err
	}
	if kind != startElement || string(name) != "ListBucketResult" {
		return page, "", fmt.Errorf("a %s came, and not a ListBucketResult", cleanName(string(name)))
	}
	page.Objects = make([]objectstore.Object, 0, min(l.Max, 1000))
	var encoding string
	var truncated bool
	for {
		kind, name, _, err := s.next()
		if err != nil {
			return page, "", err
		}
		switch kind {
		case endOfText:
			page.More = truncated
			return page, token, finishListing(&page, encoding, l)
		case startElement:
			switch string(name) {
			case "Contents":
				if len(page.Objects) >= objectstore.MaxPage {
					return page, "", errors.New("more objects came than were asked for")
				}
				var o objectstore.Object
				if o, err = readObject(&s); err != nil {
					return page, "", err
				}
				page.Objects = append(page.Objects, o)
			case "IsTruncated":
				var value []byte
				if value, err = s.content(); err != nil {
					return page, "", err
				}
				switch string(bytes.TrimSpace(value)) {
				case "true":
					truncated = true
				case "false":
				default:
					return page, "", errors.New("IsTruncated is neither true nor false")
				}
			case "NextContinuationToken":
				value, err := s.content()
				if err != nil {
					return page, "", err
				}
				token = string(value)
			case "EncodingType":
				value, err := s.content()
				if err != nil {
					return page, "", err
				}
				encoding = string(value)
			default:
				if err := s.pass(); err != nil {
					return page, "", err
				}
			}
		}
	}
}

// finishListing decodes the keys and checks their order.
func finishListing(page *objectstore.Page, encoding string, l objectstore.Listing) error {
	last := l.After
	kept := page.Objects[:0]
	for _, o := range page.Objects {
		if encoding == "url" {
			key, err := formDecode(o.Key)
			if err != nil {
				return err
			}
			o.Key = key
		}
		switch {
		case o.Key == "" || len(o.Key) > maxLongKey:
			return errors.New("an object has a key that cannot be one")
		case !strings.HasPrefix(o.Key, l.Prefix):
			return errors.New("the listing does not keep to the prefix")
		case o.Key == l.After:
			continue // where to begin is not part of the answer, but some count it in
		case o.Key <= last:
			return errors.New("the keys do not ascend from where the listing was to begin")
		}
		last = o.Key
		kept = append(kept, o)
	}
	page.Objects = kept
	return nil
}

// readObject reads one Contents.
func readObject(s *scanner) (o objectstore.Object, err error) {
	o.StorageClass = "STANDARD"
	o.Size = -1
	for {
		kind, name, _, err := s.next()
		if err != nil {
			return o, err
		}
		if kind == endElement {
			break
		}
		if kind != startElement {
			continue
		}
		var field string
		switch string(name) {
		case "Key", "Size", "ETag", "LastModified", "StorageClass":
			field = string(name)
		default:
			if err := s.pass(); err != nil {
				return o, err
			}
			continue
		}
		value, err := s.content()
		if err != nil {
			return o, err
		}
		if err := setField(&o, field, value); err != nil {
			return o, err
		}
	}
	if o.Size < 0 {
		return o, errors.New("an object has no size")
	}
	return o, nil
}

func setField(o *objectstore.Object, field string, value []byte) error {
	switch field {
	case "Key":
		o.Key = string(value)
	case "Size":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 {
			return errors.New("an object's size is not a number")
		}
		o.Size = n
	case "ETag":
		o.ETag = bareETag(string(value))
	case "LastModified":
		t, err := parseTime(value)
		if err != nil {
			return errors.New("the time of an object's last change is none")
		}
		o.LastModified = t
	case "StorageClass":
		if len(value) > 0 {
			o.StorageClass = storageClass(value)
		}
	}
	return nil
}

// storageClass spares an allocation for the classes that there are.
func storageClass(value []byte) string {
	switch string(value) {
	case "STANDARD":
		return "STANDARD"
	case "STANDARD_IA":
		return "STANDARD_IA"
	case "GLACIER":
		return "GLACIER"
	case "INTELLIGENT_TIERING":
		return "INTELLIGENT_TIERING"
	}
	return clean(string(value))
}

// parseTime reads a time such as 2026-11-30T08:15:00.123Z, of which the fraction is dropped.
func parseTime(value []byte) (time.Time, error) {
	number := func(from, to int) int {
		n := 0
		for _, c := range value[from:to] {
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	if len(value) >= 20 && value[4] == '-' && value[7] == '-' && value[10] == 'T' && value[13] == ':' && value[16] == ':' &&
		value[len(value)-1] == 'Z' && (value[19] == 'Z' && len(value) == 20 || value[19] == '.') {
		year, month, day := number(0, 4), number(5, 7), number(8, 10)
		hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
		if year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 {
			return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, string(value))
	return t.UTC().Truncate(time.Second), err
}

// bareETag takes the quotes off an ETag.
func bareETag(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "W/")
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	if len(s) > 256 {
		s = s[:256]
	}
	return s
}

// formDecode decodes a key as a form's value is: %XX is a byte, and a plus is a blank, since every store writes a plus as %2B.
func formDecode(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return "", errors.New("a key is not encoded as the answer says")
	}
	return decoded, nil
}

// content reads the text of the element that was just begun, and its end. Elements within it are passed over.
func (s *scanner) content() ([]byte, error) {
	var value []byte
	whole := true
	depth := s.depth
	for {
		kind, _, raw, err := s.next()
		switch {
		case err != nil:
			return nil, err
		case kind == endElement && s.depth < depth:
			return value, nil
		case kind == text && s.depth == depth:
			part, err := unescape(raw)
			if err != nil {
				return nil, err
			}
			if whole && value == nil {
				value, whole = part, false
			} else {
				value = append(bytes.Clone(value), part...)
			}
		}
	}
}

// pass passes over the element that was just begun.
func (s *scanner) pass() error {
	depth := s.depth
	for {
		kind, _, _, err := s.next()
		if err != nil {
			return err
		}
		if kind == endElement && s.depth < depth {
			return nil
		}
	}
}
