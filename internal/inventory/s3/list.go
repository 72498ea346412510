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
	"sync"
	"time"

	"magpie/internal/inventory/objectstore"
)

// Bounds of answers.
const (
	maxListing  = 24 << 20 // a page of 1,000 keys of 1,024 bytes, each written as %XX, with their owners
	maxAnswer   = 4 << 20
	maxLongKey  = 4 * objectstore.MaxKey
	maxBuckets  = 200_000
	maxETag     = 256
	maxPageless = 64 // pages without an object that are passed over
)

// readAll reads a whole body of at most so many bytes into a buffer.
func readAll(b *bytes.Buffer, call string, response *http.Response, most int64) ([]byte, error) {
	defer response.Body.Close()
	b.Reset()
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
	return c.askInto(ctx, new(bytes.Buffer), r, most)
}

// askInto is ask, for who has a buffer; the answer lies in it.
func (c *Client) askInto(ctx context.Context, b *bytes.Buffer, r request, most int64) ([]byte, http.Header, error) {
	for attempt := 1; ; attempt++ {
		response, err := c.do(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		body, err := readAll(b, r.call, response, most)
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
		root, err := parseTree(body, 16*maxBuckets)
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
	return !strings.Contains(name, "..") && !strings.ContainsFunc(name, func(r rune) bool {
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
	p := pages.Get().(*page)
	defer p.free()
	for range maxPageless {
		body, _, err := c.askInto(ctx, &p.body, request{call: "ListObjectsV2", bucket: bucket, query: query}, maxListing)
		if err != nil {
			return objectstore.Page{}, err
		}
		page, token, err := p.read(body, l)
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

// page is what reading a listing takes, to be used again for the next one: a page is some hundred kilobytes.
type page struct {
	body  bytes.Buffer
	text  []byte // the keys and ETags of the page, one behind the other
	spans []span
	shape shape
	clock clock
}

// span is a key and an ETag as the answer has them; the key may still be encoded.
type span struct{ key, etag []byte }

var pages = sync.Pool{New: func() any { return new(page) }}

// readListing reads a ListBucketResult. Keys must ascend from l.After on. Nothing of what it returns lies in data.
func readListing(data []byte, l objectstore.Listing) (objectstore.Page, string, error) {
	p := pages.Get().(*page)
	defer p.free()
	return p.read(data, l)
}

// released are slices of objects that are not needed any more.
var released sync.Pool

// Release gives a page's slice back, whose objects nobody looks at any more.
func (c *Client) Release(objects []objectstore.Object) {
	if cap(objects) == objectstore.MaxPage {
		released.Put(&objects)
	}
}

// free gives the memory to the next page. A page that was much larger than others are is let go.
func (p *page) free() {
	clear(p.spans)
	p.spans, p.text, p.shape = p.spans[:0], p.text[:0], shape{}
	p.body.Reset()
	if p.body.Cap() < 2<<20 && cap(p.text) < 2<<20 {
		pages.Put(p)
	}
}

func (p *page) read(data []byte, l objectstore.Listing) (out objectstore.Page, token string, err error) {
	p.spans, p.text, p.shape = p.spans[:0], p.text[:0], shape{} // of a page without objects, before this one
	s := scanner{data: data}
	kind, name, _, err := s.next()
	if err != nil {
		return out, "", err
	}
	if kind != startElement || string(name) != "ListBucketResult" {
		return out, "", fmt.Errorf("a %s came, and not a ListBucketResult", cleanName(string(name)))
	}
	if free, ok := released.Get().(*[]objectstore.Object); ok && l.Max == objectstore.MaxPage {
		out.Objects = (*free)[:0]
	} else {
		out.Objects = make([]objectstore.Object, 0, min(l.Max, objectstore.MaxPage))
	}
	var encoding string
	var truncated bool
	for {
		for s.depth == 1 && !s.pending && len(out.Objects) < objectstore.MaxPage {
			var o objectstore.Object
			var x span
			if !p.shape.read(&s, &o, &x, &p.clock) {
				break
			}
			out.Objects, p.spans = append(out.Objects, o), append(p.spans, x)
		}
		at := s.at
		kind, name, _, err := s.next()
		if err != nil {
			return out, "", err
		}
		switch kind {
		case endOfText:
			out.More = truncated
			return out, token, p.finish(&out, encoding, l)
		case startElement:
			switch string(name) {
			case "Contents":
				if len(out.Objects) >= objectstore.MaxPage {
					return out, "", errors.New("more objects came than were asked for")
				}
				o, x, err := p.object(&s, at)
				if err != nil {
					return out, "", err
				}
				out.Objects, p.spans = append(out.Objects, o), append(p.spans, x)
			case "IsTruncated":
				var value []byte
				if value, err = s.content(); err != nil {
					return out, "", err
				}
				switch string(bytes.TrimSpace(value)) {
				case "true":
					truncated = true
				case "false":
				default:
					return out, "", errors.New("IsTruncated is neither true nor false")
				}
			case "NextContinuationToken":
				value, err := s.content()
				if err != nil {
					return out, "", err
				}
				token = string(value)
			case "EncodingType":
				value, err := s.content()
				if err != nil {
					return out, "", err
				}
				encoding = string(value)
			default:
				if err := s.pass(); err != nil {
					return out, "", err
				}
			}
		}
	}
}

// finish decodes the keys, checks their order, and gives the objects their texts, which are parts of one string.
func (p *page) finish(out *objectstore.Page, encoding string, l objectstore.Listing) error {
	for i := range p.spans {
		x := &p.spans[i]
		from := len(p.text)
		if encoding == "url" {
			var err error
			if p.text, err = appendFormDecoded(p.text, x.key); err != nil {
				return err
			}
		} else {
			p.text = append(p.text, x.key...)
		}
		key := len(p.text)
		p.text = append(p.text, x.etag...)
		// Lengths are all that is needed from here on.
		x.key, x.etag = p.text[from:key], p.text[key:]
	}
	text := string(p.text)
	last := l.After
	kept := out.Objects[:0]
	for i, o := range out.Objects {
		k, e := len(p.spans[i].key), len(p.spans[i].etag)
		o.Key, o.ETag, text = text[:k], text[k:k+e], text[k+e:]
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
	out.Objects = kept
	return nil
}

// The fields of an object that count.
const (
	fieldKey = iota
	fieldSize
	fieldETag
	fieldLastModified
	fieldStorageClass
	fields
)

var fieldNames = [fields]string{"Key", "Size", "ETag", "LastModified", "StorageClass"}

// shape is how an object was written in an answer: what stands before each field, and after the last. Stores write all objects of a page in
// the same way, so the next one is most often read by comparing. Where that does not work out, the scanner reads it.
type shape struct {
	between [fields + 1][]byte // the last one follows the last field
	order   [fields]int
	n       int // fields; 0: there is no shape
}

// read reads an object that is written like the one before. If it is not, nothing has happened.
func (h *shape) read(s *scanner, o *objectstore.Object, x *span, c *clock) bool {
	if h.n == 0 {
		return false
	}
	data, at := s.data, s.at
	o.StorageClass = "STANDARD"
	for i := range h.n {
		if !bytes.HasPrefix(data[at:], h.between[i]) {
			return false
		}
		at += len(h.between[i])
		end := bytes.IndexByte(data[at:], '<')
		if end < 0 {
			return false
		}
		value := data[at : at+end]
		at += end
		if h.order[i] == fieldETag {
			if inner, ok := quoted(value); ok {
				x.etag = inner
				continue
			}
		}
		if bytes.IndexByte(value, '&') >= 0 {
			var err error
			if value, err = unescape(value); err != nil {
				return false
			}
		}
		if setField(o, x, h.order[i], value, c) != nil {
			return false
		}
	}
	if !bytes.HasPrefix(data[at:], h.between[h.n]) {
		return false
	}
	s.at = at + len(h.between[h.n])
	return true
}

// quoted is what stands between the quotes of an ETag, in the ways in which stores write them.
func quoted(value []byte) ([]byte, bool) {
	n := 0
	for _, quote := range []string{"&quot;", "&#34;", `"`} {
		if len(value) > 2*len(quote) && string(value[:len(quote)]) == quote && string(value[len(value)-len(quote):]) == quote {
			n = len(quote)
			break
		}
	}
	if n == 0 {
		return nil, false
	}
	inner := value[n : len(value)-n]
	for _, c := range inner {
		if !plainETag[c] {
			return nil, false
		}
	}
	return inner, len(inner) <= maxETag
}

// plainETag are the characters of ETags that are written as they are.
var plainETag = func() (v [256]bool) {
	for _, c := range "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-" {
		v[c] = true
	}
	return v
}()

// object reads one Contents, which begins at a place in the answer, and learns its shape.
func (p *page) object(s *scanner, began int) (o objectstore.Object, x span, err error) {
	o.StorageClass = "STANDARD"
	o.Size = -1
	h := shape{}
	plain, from := true, began
	var seen [fields]bool
	for {
		kind, name, _, err := s.next()
		if err != nil {
			return o, x, err
		}
		if kind == endElement {
			break
		}
		if kind != startElement {
			continue
		}
		field := fieldOf(name)
		if field < 0 {
			if err := s.pass(); err != nil {
				return o, x, err
			}
			continue
		}
		at := s.at
		value, err := s.content()
		if err != nil {
			return o, x, err
		}
		if err := setField(&o, &x, field, value, &p.clock); err != nil {
			return o, x, err
		}
		// A field that is there once, and whose content is one text, can be read by the shape.
		end := at + max(0, bytes.IndexByte(s.data[at:], '<'))
		if plain = plain && !seen[field] && bytes.HasPrefix(s.data[end:], closing) && end+bytes.IndexByte(s.data[end:], '>')+1 == s.at && s.data[at-2] != '/'; plain {
			h.between[h.n], h.order[h.n] = s.data[from:at], field
			h.n++
			from = end
		}
		seen[field] = true
	}
	if o.Size < 0 {
		return o, x, errors.New("an object has no size")
	}
	if plain && h.n > 0 && !s.pending {
		h.between[h.n] = s.data[from:s.at]
		p.shape = h
	}
	return o, x, nil
}

var closing = []byte("</")

func fieldOf(name []byte) int {
	for i, n := range fieldNames {
		if string(name) == n {
			return i
		}
	}
	return -1
}

func setField(o *objectstore.Object, x *span, field int, value []byte, c *clock) error {
	switch field {
	case fieldKey:
		x.key = value
	case fieldSize:
		n, ok := parseSize(value)
		if !ok {
			return errors.New("an object's size is not a number")
		}
		o.Size = n
	case fieldETag:
		x.etag = []byte(bareETag(string(value)))
	case fieldLastModified:
		t, err := c.parse(value)
		if err != nil {
			return errors.New("the time of an object's last change is none")
		}
		o.LastModified = t
	case fieldStorageClass:
		if len(value) > 0 {
			o.StorageClass = storageClass(value)
		}
	}
	return nil
}

// parseSize reads a number of bytes.
func parseSize(value []byte) (int64, bool) {
	if len(value) == 0 || len(value) > 18 {
		n, err := strconv.ParseInt(string(value), 10, 64)
		return n, err == nil && n >= 0
	}
	n := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			n, err := strconv.ParseInt(string(value), 10, 64)
			return n, err == nil && n >= 0
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// clock remembers the last time that it read: objects are often changed in the same second.
type clock struct {
	text [19]byte
	time time.Time
}

func (c *clock) parse(value []byte) (time.Time, error) {
	// Two texts that begin alike are the same second if what follows is a fraction.
	if len(value) >= 20 && !c.time.IsZero() && string(value[:19]) == string(c.text[:]) && fraction(value[19:]) {
		return c.time, nil
	}
	t, err := parseTime(value)
	if err == nil && len(value) >= 20 && fraction(value[19:]) {
		copy(c.text[:], value)
		c.time = t
	}
	return t, err
}

// fraction reports whether a text is Z, or a point and digits and Z.
func fraction(value []byte) bool {
	last := len(value) - 1
	if value[last] != 'Z' || last > 0 && (value[0] != '.' || last < 2) {
		return false
	}
	for i := 1; i < last; i++ {
		if value[i] < '0' || value[i] > '9' {
			return false
		}
	}
	return true
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
	if len(s) > maxETag {
		s = s[:maxETag]
	}
	return s
}

// appendFormDecoded decodes a key as a form's value is: %XX is a byte, and a plus is a blank, since every store writes a plus as %2B.
func appendFormDecoded(out, key []byte) ([]byte, error) {
	for i := 0; i < len(key); i++ {
		switch c := key[i]; c {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 >= len(key) || hexValue[key[i+1]] < 0 || hexValue[key[i+2]] < 0 {
				return nil, errors.New("a key is not encoded as the answer says")
			}
			out = append(out, byte(hexValue[key[i+1]])<<4|byte(hexValue[key[i+2]]))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out, nil
}

// hexValue is what a hexadecimal digit stands for, and -1 for what is none.
var hexValue = func() (v [256]int8) {
	for i := range v {
		v[i] = -1
	}
	for i := range int8(10) {
		v['0'+i] = i
	}
	for i := range int8(6) {
		v['a'+i], v['A'+i] = 10+i, 10+i
	}
	return v
}()

// content reads the text of the element that was just begun, and its end. Elements within it are passed over.
func (s *scanner) content() ([]byte, error) {
	var value []byte
	parts := 0 // of the text, which comments cut
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
			switch parts++; parts {
			case 1:
				value = part
			case 2:
				value = append(bytes.Clone(value), part...) // the first one lies in the answer
			default:
				value = append(value, part...)
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
