package scan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"magpie/internal/analyse"
	"magpie/internal/classify"
	"magpie/internal/extract"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/reading"
)

// bucketScheme begins the argument that stands for the objects of a bucket: s3://BUCKET/PREFIX.
const bucketScheme = "s3://"

// bucketReads is how many objects are read at once: a store answers one after the other too slowly for a processor to be busy.
const bucketReads = 16

// storeFlags say where buckets are.
type storeFlags struct {
	inventory.Standalone
	ca string
}

func (f *storeFlags) bind(p *pflag.FlagSet) {
	p.StringVar(&f.Endpoint, "endpoint-url", "", "`URL` of the store that s3://BUCKET is in (default $AWS_ENDPOINT_URL_S3, $AWS_ENDPOINT_URL, or Amazon S3)")
	p.StringVar(&f.Region, "region", "", "region that requests to the store are signed for (default that of the AWS configuration, or us-east-1)")
	p.StringVar(&f.Profile, "profile", "", "profile of the AWS configuration files, whose keys are used")
	p.BoolVar(&f.VirtualHost, "virtual-host", false, "put the bucket before the host of --endpoint-url, not into the path")
	p.StringVar(&f.ca, "ca-file", "", "`file` with the certificate, in PEM, that the store's is signed by")
}

// open opens the store.
func (f *storeFlags) open(ctx context.Context) (objectstore.Store, error) {
	o := f.Standalone
	if f.ca != "" {
		var err error
		if o.CA, err = readOption(ctx, f.ca, mostCA); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
	}
	return inventory.OpenStandalone(ctx, o)
}

// forReading is the part of a scan's memory in which objects of buckets are read; nothing where there are none.
func (o *Options) forReading() int64 {
	if !ofBuckets(o.Paths) {
		return 0
	}
	return max(o.MaxMemory/3, reading.LeastMemory)
}

// leastForBuckets is the least memory with which buckets are scanned.
const leastForBuckets = 128 << 20

// ofBuckets reports whether any argument is a bucket.
func ofBuckets(args []string) bool {
	for _, arg := range args {
		if strings.HasPrefix(arg, bucketScheme) {
			return true
		}
	}
	return false
}

// remote is an object of a bucket.
type remote struct {
	bucket oneBucket
	objectstore.Object
}

// oneBucket is a bucket of a store.
type oneBucket struct {
	store objectstore.Store
	name  string
}

// Get implements reading.Bucket.
func (b oneBucket) Get(ctx context.Context, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	return b.store.Get(ctx, b.name, key, etag, r)
}

// Fetch reads a whole object into p.
func (b oneBucket) Fetch(ctx context.Context, key, etag string, p []byte) (objectstore.Head, error) {
	return objectstore.Fetch(ctx, b.store, b.name, key, etag, p)
}

// bucket lists the objects that an argument stands for, page by page.
func (w *walker) bucket(ctx context.Context, arg string) error {
	name, prefix, _ := strings.Cut(strings.TrimPrefix(arg, bucketScheme), "/")
	if name == "" {
		return w.emit(entry{path: arg, err: errors.New("names no bucket: say s3://BUCKET or s3://BUCKET/PREFIX")})
	}
	if w.store == nil {
		var err error
		if w.store, err = w.open(ctx); err != nil {
			return w.emit(entry{path: arg, err: err})
		}
	}
	b := oneBucket{w.store, name}
	for after := ""; ; {
		page, err := w.store.List(ctx, name, objectstore.Listing{Prefix: prefix, After: after})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return w.emit(entry{path: arg, err: err})
		}
		for _, o := range page.Objects {
			after = o.Key
			if err := w.object(b, prefix, o); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
	}
}

// object decides about an object. Patterns are held against what follows the prefix.
func (w *walker) object(b oneBucket, prefix string, o objectstore.Object) error {
	if strings.HasSuffix(o.Key, "/") && o.Size == 0 {
		return nil // what consoles make of a folder
	}
	below := strings.TrimPrefix(strings.TrimPrefix(o.Key, prefix), "/")
	if below == "" { // the prefix is the whole key
		below = o.Key[strings.LastIndexByte(o.Key, '/')+1:]
	}
	if matchAny(w.exclude, below) || len(w.include) > 0 && !matchAny(w.include, below) {
		w.passed.Excluded++
		return nil
	}
	return w.emit(entry{path: bucketScheme + b.name + "/" + o.Key, rel: below, size: o.Size, object: &remote{b, o}})
}

// fetch begins to read an object, as jobs do: unless its class or its extension says that there is nothing to be read. When it cannot be
// read the job has its result, and ok is false.
func (s *scanner) fetch(ctx context.Context, j *job, src *analyse.Source) (ok bool) {
	o := j.entry.object
	if reason := reading.Unread(&o.Object); reason != "" {
		j.result = FileResult{Path: j.entry.path, Result: &classify.Result{Document: classify.Document{MIME: "application/octet-stream", Size: o.Size,
			Status: extract.Status{Code: extract.Skipped, Reason: reason, Detail: "by its storage class, extension or size, it was not read"}}}}
		return false
	}
	if s.o.MaxFileSize > 0 && o.Size > s.o.MaxFileSize {
		j.result = FileResult{Path: j.entry.path, Result: &classify.Result{Document: classify.Document{MIME: "application/octet-stream", Size: o.Size,
			Status: extract.Status{Code: extract.Skipped, Reason: extract.FileExceedsSizeLimit}}}}
		return false
	}
	cost := min(reading.Cost(&o.Object), s.o.forReading())
	if err := s.reading.Acquire(ctx, cost); err != nil {
		j.skipped = true
		return false
	}
	x, err := reading.Open(ctx, o.bucket, o.Object)
	if err != nil {
		s.reading.Release(cost)
		if j.skipped = ctx.Err() != nil; !j.skipped {
			j.result = FileResult{Path: j.entry.path, Err: err, Result: analyse.Unread(err)}
		}
		return false
	}
	src.ReaderAt, src.Blocks, src.Content = x.Source.ReaderAt, x.Source.Blocks, x.Source.Content
	j.close = func() {
		x.Close()
		s.reading.Release(cost)
	}
	return true
}
