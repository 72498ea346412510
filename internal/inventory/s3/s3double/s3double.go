// Package s3double is an object store in memory that speaks S3, for tests and benches: it counts what it is asked, and answers otherwise
// where it is told to.
//
// It passes the suite of package s3test, with which real stores are tried. Signatures are not checked; the access key says whose the
// buckets are. What it has no answer for is 501 NotImplemented, as with a store that has not heard of it.
//
// s3double.go has the store and its contents, serve.go its answers.
package s3double

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// Double is a store that is served over HTTP on this machine.
type Double struct {
	URL    string
	server *httptest.Server

	mu      sync.Mutex
	buckets map[string]*bucket
	calls   map[Call]int
	total   int
	answer  func(Call) *Answer
	watch   func(total int)
}

// Call is what a request asks for.
type Call struct {
	Name   string // as S3 calls it: GetObject
	Bucket string
	Key    string // of ListObjectsV2: the one that the list begins after
	Range  string // of GetObject, as its header says; "" for all
}

// Answer is what is said in place of what is asked for.
type Answer struct {
	Status int
	Code   string // of S3
	Header http.Header
}

type bucket struct {
	owner   string // an access key
	created time.Time
	objects map[string]*Object
	keys    []string // sorted; nil after a change
}

// Object is an object of the store.
type Object struct {
	Content  []byte
	Class    string // "" is STANDARD
	Tags     map[string]string
	Modified time.Time
	etag     string
}

// New serves an empty store until Close.
func New() *Double {
	d := &Double{buckets: map[string]*bucket{}, calls: map[Call]int{}}
	d.server = httptest.NewServer(d)
	d.URL = d.server.URL
	return d
}

// Close ends the serving.
func (d *Double) Close() {
	d.server.CloseClientConnections()
	d.server.Close()
}

// Bucket makes a bucket that belongs to an access key, or gives it to that key.
func (d *Double) Bucket(name, owner string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if b := d.buckets[name]; b != nil {
		b.owner = owner
		return
	}
	d.buckets[name] = &bucket{owner: owner, created: time.Now().UTC(), objects: map[string]*Object{}}
}

// Put writes an object into a bucket that is there. The content is kept as it is, and not copied.
func (d *Double) Put(name, key string, o Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.Modified.IsZero() {
		o.Modified = time.Now().UTC()
	}
	sum := md5.Sum(o.Content)
	o.etag = hex.EncodeToString(sum[:])
	b := d.buckets[name]
	b.objects[key], b.keys = &o, nil
}

// Copy puts an object of one bucket into another, which is there too, as key.
func (d *Double) Copy(bucket, of, to, key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buckets[to].objects[key], d.buckets[to].keys = d.buckets[bucket].objects[of], nil
}

// Remove takes an object away.
func (d *Double) Remove(name, key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.buckets[name]
	delete(b.objects, key)
	b.keys = nil
}

// AnswerWith asks f about every call: where it returns an answer, that is given. nil ends it.
func (d *Double) AnswerWith(f func(Call) *Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = f
}

// Watch tells f of every call, before it is answered, how many there were. nil ends it.
func (d *Double) Watch(f func(total int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch = f
}

// Calls are the calls since the last Forget, with how often each was made.
func (d *Double) Calls() map[Call]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.calls)
}

// Total is how many calls of a name were made since the last Forget, in a bucket if that is not "".
func (d *Double) Total(name, bucket string) (n int) {
	for c, times := range d.Calls() {
		if c.Name == name && (bucket == "" || c.Bucket == bucket) {
			n += times
		}
	}
	return n
}

// Forget sets the counters to nothing.
func (d *Double) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.calls)
	d.total = 0
}

// count notes a call and returns what is to be said in place of an answer to it.
func (d *Double) count(c Call) *Answer {
	d.mu.Lock()
	d.calls[c]++
	d.total++
	total, answer, watch := d.total, d.answer, d.watch
	d.mu.Unlock()
	if watch != nil {
		watch(total)
	}
	if answer != nil {
		return answer(c)
	}
	return nil
}

// sorted are the keys of a bucket in order. The caller holds mu.
func (b *bucket) sorted() []string {
	if b.keys == nil {
		b.keys = slices.Sorted(maps.Keys(b.objects))
	}
	return b.keys
}

func (c Call) String() string { return fmt.Sprintf("%s %s/%s %s", c.Name, c.Bucket, c.Key, c.Range) }
