package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"magpie/internal/inventory/folder"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// backend is a store that is open, for as long as its settings stay what they are.
type backend struct {
	revision int64
	store    objectstore.Store
	pace     *objectstore.Pace
	slots    *objectstore.Slots // for reads
	told     int64              // requests, when other processes were told of them
}

// backend opens a store, or returns the one that is open. All users in this process share its pace.
func (s *Service) backend(ctx context.Context, x Store) (*backend, error) {
	if x.Origin == ByAccount && !s.endpoints.reaches(x.Endpoint, x.VirtualHost) {
		return nil, fmt.Errorf("store %s: %w", x.Name, ErrNotAllowed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.open[x.ID]; b != nil {
		if b.revision == x.revision {
			return b, nil
		}
		_ = b.store.Close()
		delete(s.open, x.ID)
	}
	pace := objectstore.NewPace(objectstore.PaceOptions{MaxRequests: float64(x.MaxRequests), MaxBandwidth: float64(x.MaxBandwidth)})
	o, err := s.connect(ctx, x, pace)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", x.Name, err)
	}
	b := &backend{revision: x.revision, store: o, pace: pace, slots: objectstore.NewSlots(s.reads)}
	s.open[x.ID] = b
	return b, nil
}

// connect makes a store of its settings.
func (s *Service) connect(ctx context.Context, x Store, pace *objectstore.Pace) (objectstore.Store, error) {
	if s.connectTo != nil {
		return s.connectTo(x)
	}
	if x.Kind == KindFolder {
		return folder.Open(x.Endpoint, pace)
	}
	o := s3.Options{
		Endpoint: x.Endpoint, Region: x.SigningRegion, VirtualHost: x.VirtualHost, CA: []byte(x.CA), Pace: pace,
		RefuseLoopback: x.Origin == ByAccount,
		Observe: func(call string, outcome objectstore.Outcome, took time.Duration) {
			s.meter.Called(Request{x.Region, x.Account, x.Kind, call, outcome, took})
		},
	}
	if x.Kind == KindAWS {
		provider, err := ownCredentials(ctx, x)
		if err != nil {
			return nil, err
		}
		o.Credentials, o.Account = provider, string(x.Account)
		return s3.New(o)
	}
	secret, err := s.secret(x)
	if err != nil {
		return nil, err
	}
	o.Credentials = credentials.NewStaticCredentialsProvider(x.AccessKeyID, secret.Reveal(), "")
	return s3.New(o)
}

// ownCredentials are those that the server finds by itself, or those of a role that it assumes with them.
func ownCredentials(ctx context.Context, x Store) (aws.CredentialsProvider, error) {
	c, err := config.LoadDefaultConfig(ctx, config.WithRegion(x.Region))
	if err != nil {
		return nil, &objectstore.Error{Kind: objectstore.ErrCredentials, Call: "LoadCredentials", Detail: "the configuration of AWS cannot be read"}
	}
	if x.RoleARN == "" {
		return c.Credentials, nil
	}
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c), x.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "magpie"
		if x.ExternalID != "" {
			o.ExternalID = &x.ExternalID
		}
	})), nil
}

// TryStore makes each call to a store once and tells what came of it. bucket is the one to try them on; "" is the first one.
func (s *Service) TryStore(ctx context.Context, account macie2.AccountID, name, bucket string) ([]objectstore.Trial, error) {
	x, err := s.Store(ctx, account, name)
	if err != nil {
		return nil, err
	}
	b, err := s.backend(ctx, x)
	if err != nil {
		return nil, err
	}
	return b.store.Try(ctx, bucket), nil
}

// BucketName says whose a bucket is, and where.
type BucketName struct {
	Region  string
	Account macie2.AccountID
	Name    string
}

// Bucket is a bucket whose objects can be read. All calls keep to the pace of its store, and their errors are of the kinds of the package
// objectstore. It stays good when its store's settings change; Open another for the new ones.
type Bucket struct {
	BucketName
	store objectstore.Store
	slots *objectstore.Slots
}

// Open finds a bucket of an account. ErrNoBucket means that the account has none of that name in the Region.
func (s *Service) Open(ctx context.Context, region string, account macie2.AccountID, name string) (*Bucket, error) {
	var x Store
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		x, err = scanStore(tx.QueryRow(ctx, `select `+storeColumns+` from object_store where id =
			(select store_id from bucket where region = $1 and account_id = $2 and name = $3)`, region, account, name))
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
		return nil, fmt.Errorf("bucket %s of account %s: %w", clip(name), account, ErrNoBucket)
	case err != nil:
		return nil, fmt.Errorf("bucket %s of account %s: %w", clip(name), account, err)
	}
	b, err := s.backend(ctx, x)
	if err != nil {
		return nil, err
	}
	return &Bucket{BucketName{region, account, name}, b.store, b.slots}, nil
}

// How long OpenExpected waits for a look at a store, and between two times that it asks.
const (
	awaitLook      = 10 * time.Second
	awaitLookAgain = 100 * time.Millisecond
)

// OpenExpected is Open for a bucket that may be newer than the last look at its account's stores: Macie was just enabled, the store was just
// added, or somebody makes the bucket and names it in the next line. While a look is to end that may show the bucket, or that is begun here
// since the last one is older than since, it waits, for up to ten seconds; then the error is Open's.
func (s *Service) OpenExpected(ctx context.Context, region string, account macie2.AccountID, name string, since time.Time) (*Bucket, error) {
	b, err := s.Open(ctx, region, account, name)
	if !errors.Is(err, ErrNoBucket) {
		return b, err
	}
	ticker := time.NewTicker(awaitLookAgain)
	defer ticker.Stop()
	enough := time.After(awaitLook)
	for {
		// Expecting is asked before Open: a look that ends between the two has written the bucket before Open looks for it.
		expecting, err := s.Expecting(ctx, region, account, since)
		if err != nil {
			return nil, fmt.Errorf("bucket %s of account %s: %w", clip(name), account, err)
		}
		b, err := s.Open(ctx, region, account, name)
		if !expecting || !errors.Is(err, ErrNoBucket) {
			return b, err
		}
		select {
		case <-ticker.C:
		case <-enough:
			return nil, err
		case <-ctx.Done():
			return nil, err
		}
	}
}

// Slot waits until one more object of the bucket's store may be read, and must be released when it was: all processes together read only so
// many at once.
func (b *Bucket) Slot(ctx context.Context) (release func(), err error) { return b.slots.Take(ctx) }

// List returns a page of objects, in ascending order of their keys: those that follow after, up to and including to, where to is not "".
// More of the page says whether others follow in that range.
func (b *Bucket) List(ctx context.Context, after, to string, most int) (objectstore.Page, error) {
	page, err := b.store.List(ctx, b.Name, objectstore.Listing{After: after, Max: most})
	if err != nil || to == "" {
		return page, err
	}
	for i, o := range page.Objects {
		if o.Key > to {
			page.Objects, page.More = page.Objects[:i], false
			break
		}
	}
	if n := len(page.Objects); n > 0 && page.Objects[n-1].Key == to {
		page.More = false
	}
	return page, nil
}

// releaser is a store that uses a page's slice again.
type releaser interface {
	Release([]objectstore.Object)
}

// walker is a store that lists a whole bucket at less cost than page by page.
type walker interface {
	Walk(ctx context.Context, bucket, after string, yield func(objectstore.Object) error) error
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// Walk calls yield with the objects that follow after, up to and including to, where to is not "", a page or less at a time. An error of
// yield ends the walk and is returned. The slice is yield's to keep.
func (b *Bucket) Walk(ctx context.Context, after, to string, yield func([]objectstore.Object) error) error {
	return b.pass(ctx, after, to, yield, func([]objectstore.Object) {})
}

// passOver is Walk for a yield that keeps nothing but strings.
func (b *Bucket) passOver(ctx context.Context, after string, yield func([]objectstore.Object) error) error {
	done := func([]objectstore.Object) {}
	if r, ok := b.store.(releaser); ok {
		done = r.Release
	}
	return b.pass(ctx, after, "", yield, done)
}

func (b *Bucket) pass(ctx context.Context, after, to string, yield func([]objectstore.Object) error, done func([]objectstore.Object)) error {
	if w, ok := b.store.(walker); ok {
		return b.walk(ctx, w, after, to, yield)
	}
	for {
		page, err := b.List(ctx, after, to, 0)
		if err != nil {
			return err
		}
		if len(page.Objects) > 0 {
			if err := yield(page.Objects); err != nil {
				return err
			}
			after = page.Objects[len(page.Objects)-1].Key
			done(page.Objects)
		}
		if !page.More {
			return nil
		}
	}
}

func (b *Bucket) walk(ctx context.Context, w walker, after, to string, yield func([]objectstore.Object) error) error {
	var objects []objectstore.Object
	flush := func() error {
		if len(objects) == 0 {
			return nil
		}
		out := objects
		objects = nil
		return yield(out)
	}
	err := w.Walk(ctx, b.Name, after, func(o objectstore.Object) error {
		if to != "" && o.Key > to {
			return errEnough
		}
		if objects = append(objects, o); len(objects) == objectstore.MaxPage {
			return flush()
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return flush()
}

// Owner tells who owns the bucket, in the store's own terms; nobody where the store cannot say.
func (b *Bucket) Owner(ctx context.Context) (objectstore.Owner, error) {
	s, ok := b.store.(interface {
		Owner(ctx context.Context, bucket string) (objectstore.Owner, error)
	})
	if !ok {
		return objectstore.Owner{}, nil
	}
	return s.Owner(ctx, b.Name)
}

// Head tells what the store knows of an object.
func (b *Bucket) Head(ctx context.Context, key string) (objectstore.Head, error) {
	return b.store.Head(ctx, b.Name, key)
}

// Get reads an object, or a part of it. etag is that of the listing: objectstore.ErrChanged means that the object is another one by now.
// "" reads whatever is there.
func (b *Bucket) Get(ctx context.Context, key, etag string, r objectstore.Range) (*objectstore.Body, error) {
	return b.store.Get(ctx, b.Name, key, etag, r)
}

// Fetch is Get of a whole object, into p, which has the size of the listing.
func (b *Bucket) Fetch(ctx context.Context, key, etag string, p []byte) (objectstore.Head, error) {
	return objectstore.Fetch(ctx, b.store, b.Name, key, etag, p)
}

// Tags returns an object's tags.
func (b *Bucket) Tags(ctx context.Context, key string) (map[string]string, error) {
	return b.store.Tags(ctx, b.Name, key)
}

// Put writes an object, whole or not at all, and returns its ETag. Writing the same again does no harm.
func (b *Bucket) Put(ctx context.Context, key string, content []byte, o objectstore.PutOptions) (etag string, err error) {
	return b.store.Put(ctx, b.Name, key, content, o)
}

// Delete deletes an object. One that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	return b.store.Delete(ctx, b.Name, key)
}
