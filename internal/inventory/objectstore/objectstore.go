// Package objectstore is what every object store is to Magpie: its buckets, their settings, and their objects. The package s3 speaks
// to stores over the wire, the package folder reads folders of files; both are a [Store].
//
// A key is a string of bytes, which need not be UTF-8. An answer that is not what was asked for is an error of the kind
// [ErrWrongAnswer], and never an empty result: what a store cannot say stays unknown.
//
// objectstore.go has the interface, errors.go the kinds of errors, facts.go the settings of a bucket, pace.go the limiter that keeps all
// calls of a process to what a store can bear.
package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxKey is the length of a key that S3 allows, in bytes.
const MaxKey = 1024

// MaxPage is the most objects that one call of List returns.
const MaxPage = 1000

// Bucket is a bucket as the list of buckets shows it.
type Bucket struct {
	Name      string
	CreatedAt time.Time // zero where the store does not say
	Region    string    // of the store, where it says
}

// Object is what a listing tells of an object.
type Object struct {
	Key          string
	Size         int64
	ETag         string    // without quotes
	LastModified time.Time // with whole seconds: stores disagree about the rest, even with themselves
	StorageClass string    // STANDARD where the store says nothing
}

// Head is all that a store tells of an object without its content.
type Head struct {
	Object
	ContentType string
	VersionID   string // "" in a bucket without versions
	Encryption  ObjectEncryption
}

// ObjectEncryption is how an object is encrypted at rest, as far as the store says.
type ObjectEncryption struct {
	Algorithm   string // AES256, aws:kms, aws:kms:dsse; "" where the store says nothing
	KMSKeyID    string
	CustomerKey bool // encrypted with a key that only its owner has
}

// Listing says which part of a bucket to list.
type Listing struct {
	Prefix string
	After  string // the keys that follow this one; "" lists from the beginning
	Max    int    // at most so many objects; 0 and more than MaxPage are MaxPage
}

// Page is a part of a listing, in ascending order of the keys' bytes.
type Page struct {
	Objects []Object
	// More reports that further keys follow the last one.
	More bool
}

// Range is a part of an object: Length bytes from Offset on, all that follow if Length is 0.
type Range struct {
	Offset, Length int64
}

// Body is an object that is being read. Close it.
type Body struct {
	io.ReadCloser
	Head Head // of the whole object
}

// Fetcher is a Store that reads a whole object at less cost than by Get.
type Fetcher interface {
	// Fetch reads an object into p, which has the size of its listing. It is Get otherwise; content that is cut short has been asked for again.
	Fetch(ctx context.Context, bucket, key, etag string, p []byte) (Head, error)
}

// Fetch reads a whole object into p, which has the size of its listing.
func Fetch(ctx context.Context, s Store, bucket, key, etag string, p []byte) (Head, error) {
	if f, ok := s.(Fetcher); ok {
		return f.Fetch(ctx, bucket, key, etag, p)
	}
	return FetchByGet(ctx, s, bucket, key, etag, p)
}

// fetches is how often an object is asked for whose content is cut short. That a request fails is the store's to try again.
const fetches = 3

// FetchByGet is Fetch for a Store that knows no better.
func FetchByGet(ctx context.Context, s Store, bucket, key, etag string, p []byte) (head Head, err error) {
	for range fetches {
		var body *Body
		if body, err = s.Get(ctx, bucket, key, etag, Range{}); err != nil {
			return head, err
		}
		_, err = io.ReadFull(body, p)
		body.Close()
		if head = body.Head; err == nil {
			return head, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the object ends before its %d bytes: %w", len(p), ErrUnavailable)
		}
		if ctx.Err() != nil || !Passing(err) {
			break
		}
	}
	return head, err
}

// PutOptions are the settings of an object that is written.
type PutOptions struct {
	ContentType     string
	ContentEncoding string
	// Encryption is AES256 or aws:kms; "" leaves it to the bucket's default.
	Encryption string
	KMSKeyID   string
	// ExpectedOwner is the account that must own the bucket; "" asks nothing.
	ExpectedOwner string
}

// Store is a store. Its methods may be called at once from any number of goroutines. Errors are of the kinds in errors.go.
type Store interface {
	// Buckets calls yield for each bucket. An error of yield ends the list and is returned.
	Buckets(ctx context.Context, yield func(Bucket) error) error
	// Facts asks for all settings of a bucket. What cannot be found out is unknown in the answer; an error means that nothing can be.
	Facts(ctx context.Context, bucket string) (Facts, error)
	// List returns a page of a bucket's objects, the newest version of each.
	List(ctx context.Context, bucket string, l Listing) (Page, error)
	// Head tells what the store knows of an object.
	Head(ctx context.Context, bucket, key string) (Head, error)
	// Get reads an object, or a part of it. With an ETag it is an error of the kind ErrChanged when the object has another one.
	Get(ctx context.Context, bucket, key, etag string, r Range) (*Body, error)
	// Tags returns an object's tags.
	Tags(ctx context.Context, bucket, key string) (map[string]string, error)
	// Put writes an object and returns its ETag.
	Put(ctx context.Context, bucket, key string, content []byte, o PutOptions) (etag string, err error)
	// Delete deletes an object. One that is not there is no error.
	Delete(ctx context.Context, bucket, key string) error
	// Try makes each call that Magpie makes to a store once and tells what came of it. bucket is the one to try, the first one if it is
	// empty. Nothing is written.
	Try(ctx context.Context, bucket string) []Trial
	// Close lets connections go.
	Close() error
}

// Trial is what one call came to when a store was tried.
type Trial struct {
	Call    string // as S3 names it
	Bucket  string // "" for calls that are not about a bucket
	Outcome Outcome
	Detail  string // what the store said
	// Cost is what is not known when this call does not work.
	Cost string
	Took time.Duration
}

// Outcome is what came of a call, for people and for metrics.
type Outcome string

// The outcomes of a call.
const (
	Works          Outcome = "works"
	NotImplemented Outcome = "not implemented"
	NotPermitted   Outcome = "not permitted"
	WrongAnswer    Outcome = "wrong answer"
	Throttled      Outcome = "throttled"
	Failed         Outcome = "failed"
)
