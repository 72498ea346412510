package s3double

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxBody is the largest object that can be written over the wire.
const maxBody = 64 << 20

// ServeHTTP implements http.Handler.
func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := Call{Name: callOf(r, name, key), Bucket: name, Key: key}
	switch c.Name {
	case "GetObject":
		c.Range = r.Header.Get("Range")
	case "ListObjectsV2":
		c.Key = r.URL.Query().Get("start-after")
	}
	if a := d.count(c); a != nil {
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		refuse(w, a.Status, a.Code)
		return
	}
	switch c.Name {
	case "":
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	case "ListBuckets":
		d.listBuckets(w, accessKey(r))
	case "CreateBucket":
		d.Bucket(name, accessKey(r))
	case "PutObject":
		d.put(w, r, name, key)
	default:
		d.inBucket(w, r, c)
	}
}

// callOf names a request, or returns "" for one that has no answer.
func callOf(r *http.Request, bucket, key string) string {
	q := r.URL.Query()
	switch {
	case bucket == "":
		return "ListBuckets"
	case key == "" && q.Has("list-type"):
		return "ListObjectsV2"
	case key == "" && q.Has("acl") && r.Method == http.MethodGet:
		return "GetBucketAcl"
	case key == "" && q.Has("tagging") && r.Method == http.MethodGet:
		return "GetBucketTagging"
	case key == "" && q.Has("policy") && r.Method == http.MethodGet:
		return "GetBucketPolicy"
	case key == "" && len(q) > 0:
		return ""
	case key == "":
		return map[string]string{http.MethodHead: "HeadBucket", http.MethodPut: "CreateBucket", http.MethodDelete: "DeleteBucket"}[r.Method]
	case q.Has("tagging"):
		return map[string]string{http.MethodGet: "GetObjectTagging", http.MethodPut: "PutObjectTagging"}[r.Method]
	}
	return map[string]string{http.MethodGet: "GetObject", http.MethodHead: "HeadObject", http.MethodPut: "PutObject", http.MethodDelete: "DeleteObject"}[r.Method]
}

// accessKey is who asks.
func accessKey(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // never fails with a buffer
	return b.String()
}

const second = "2006-01-02T15:04:05.000Z"

func (d *Double) listBuckets(w http.ResponseWriter, owner string) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<ListAllMyBucketsResult><Owner><ID>%s</ID></Owner><Buckets>", escaped(owner))
	d.mu.Lock()
	for name, x := range d.buckets {
		if x.owner == owner {
			fmt.Fprintf(&b, "<Bucket><Name>%s</Name><CreationDate>%s</CreationDate></Bucket>", escaped(name), x.created.Format(second))
		}
	}
	d.mu.Unlock()
	b.WriteString("</Buckets></ListAllMyBucketsResult>")
	_, _ = w.Write(b.Bytes())
}

func (d *Double) put(w http.ResponseWriter, r *http.Request, name, key string) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, "EntityTooLarge")
		return
	}
	d.mu.Lock()
	known := d.buckets[name] != nil
	d.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	d.Put(name, key, Object{Content: content, Class: r.Header.Get("X-Amz-Storage-Class")})
	d.mu.Lock()
	w.Header().Set("ETag", `"`+d.buckets[name].objects[key].etag+`"`)
	d.mu.Unlock()
}

// inBucket answers what is asked of a bucket that must be there.
func (d *Double) inBucket(w http.ResponseWriter, r *http.Request, c Call) {
	d.mu.Lock()
	b := d.buckets[c.Bucket]
	var o *Object
	if b != nil {
		o = b.objects[c.Key]
	}
	d.mu.Unlock()
	if b == nil {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	switch c.Name {
	case "ListObjectsV2":
		d.list(w, b, r.URL.Query())
	case "HeadBucket":
	case "GetBucketAcl":
		fmt.Fprintf(w, "<AccessControlPolicy><Owner><ID>%[1]s</ID></Owner><AccessControlList><Grant><Grantee><ID>%[1]s</ID></Grantee>"+
			"<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>", escaped(b.owner))
	case "GetBucketPolicy":
		refuse(w, http.StatusNotFound, "NoSuchBucketPolicy")
	case "GetBucketTagging":
		refuse(w, http.StatusNotFound, "NoSuchTagSet")
	case "DeleteBucket":
		d.mu.Lock()
		delete(d.buckets, c.Bucket)
		d.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case "DeleteObject":
		d.Remove(c.Bucket, c.Key)
		w.WriteHeader(http.StatusNoContent)
	default:
		if o == nil {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		d.object(w, r, c, o)
	}
}

func (d *Double) object(w http.ResponseWriter, r *http.Request, c Call, o *Object) {
	switch c.Name {
	case "PutObjectTagging":
		var in struct {
			Tags []struct{ Key, Value string } `xml:"TagSet>Tag"`
		}
		if err := xml.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in); err != nil {
			refuse(w, http.StatusBadRequest, "MalformedXML")
			return
		}
		tagged := *o
		tagged.Tags = map[string]string{}
		for _, t := range in.Tags {
			tagged.Tags[t.Key] = t.Value
		}
		d.mu.Lock()
		d.buckets[c.Bucket].objects[c.Key] = &tagged
		d.mu.Unlock()
	case "GetObjectTagging":
		io.WriteString(w, "<Tagging><TagSet>")
		for key, value := range o.Tags {
			fmt.Fprintf(w, "<Tag><Key>%s</Key><Value>%s</Value></Tag>", escaped(key), escaped(value))
		}
		io.WriteString(w, "</TagSet></Tagging>")
	default: // GetObject, HeadObject
		w.Header().Set("ETag", `"`+o.etag+`"`)
		w.Header().Set("Content-Type", "text/plain")
		if o.Class != "" {
			w.Header().Set("X-Amz-Storage-Class", o.Class)
			if r.Method == http.MethodGet && (o.Class == "GLACIER" || o.Class == "DEEP_ARCHIVE") {
				refuse(w, http.StatusForbidden, "InvalidObjectState")
				return
			}
		}
		http.ServeContent(w, r, "", o.Modified, bytes.NewReader(o.Content)) // knows If-Match and ranges
	}
}

func (d *Double) list(w http.ResponseWriter, b *bucket, q url.Values) {
	most, err := strconv.Atoi(q.Get("max-keys"))
	if err != nil || most > 1000 {
		most = 1000
	}
	prefix, after := q.Get("prefix"), q.Get("start-after")
	var out bytes.Buffer
	d.mu.Lock()
	keys := b.sorted()
	at, found := slices.BinarySearch(keys, max(after, prefix))
	if found && after >= prefix && after != "" {
		at++
	}
	n, more := 0, false
	for ; at < len(keys) && strings.HasPrefix(keys[at], prefix); at++ {
		if n == most {
			more = true
			break
		}
		n++
		o := b.objects[keys[at]]
		class := o.Class
		if class == "" {
			class = "STANDARD"
		}
		fmt.Fprintf(&out, "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag><Size>%d</Size><StorageClass>%s</StorageClass></Contents>",
			url.QueryEscape(keys[at]), o.Modified.UTC().Format(second), o.etag, len(o.Content), escaped(class))
	}
	d.mu.Unlock()
	fmt.Fprintf(w, "<ListBucketResult><EncodingType>url</EncodingType><KeyCount>%d</KeyCount><IsTruncated>%t</IsTruncated>", n, more)
	if more {
		io.WriteString(w, "<NextContinuationToken>more</NextContinuationToken>")
	}
	_, _ = w.Write(out.Bytes())
	io.WriteString(w, "</ListBucketResult>")
}
