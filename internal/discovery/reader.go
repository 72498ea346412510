package discovery

import (
	"context"
	"errors"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/classify"
	"magpie/internal/extract"
	"magpie/internal/finding"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/reading"
	"magpie/internal/macie2"
)

// Reading is what objects of a bucket are read for: by a run of a job, or by a cycle of automated discovery.
type Reading struct {
	Region  string
	Run     string // names the run or the cycle: an object has one finding in each
	Origin  macie2.OriginType
	JobID   string // empty for automated discovery
	Creator macie2.AccountID
	Owner   macie2.AccountID
	Bucket  *inventory.Bucket
	Facts   macie2.S3Bucket
	Search  *analyse.Search
}

// Readable reports whether an object can be analysed, as far as its listing tells.
func Readable(o *objectstore.Object) bool { return unread(o) == "" }

// Read reads and analyses an object, within what may be read at once of its store and by this process. What is wrong with the object is its result; an error
// says that another try may go better, and does not come where last says that there is none.
func (s *Service) Read(ctx context.Context, r *Reading, o *objectstore.Object, last bool) (*finding.Analysis, int64, error) {
	ctx = s.turns.Within(ctx)
	cost := min(reading.Cost(o), s.most)
	if err := s.memory.Acquire(ctx, cost); err != nil {
		return nil, 0, context.Cause(ctx)
	}
	defer s.memory.Release(cost)
	release, err := r.Bucket.Slot(ctx)
	if err != nil {
		return nil, 0, context.Cause(ctx)
	}
	defer release()
	x, err := reading.Open(ctx, r.Bucket, *o)
	if err != nil {
		a, err := r.unreadable(ctx, o, err, last)
		return a, 0, err
	}
	defer x.Close()
	if x.Whole() { // it waits for a worker, perhaps, but not for its store
		release()
	}
	result, err := s.pool.Analyse(ctx, x.Source, r.Search)
	if err != nil {
		var source *analyse.SourceError
		if errors.As(err, &source) {
			err = source.Err
		}
		a, err := r.unreadable(ctx, o, err, last)
		return a, 0, err
	}
	return r.analysis(o, &x.Head, result), result.Classified, nil
}

// reasons are why an object could not be read, and will not be by another try.
var reasons = []struct {
	kind   error
	reason extract.Reason
}{
	{objectstore.ErrNoObject, extract.SourceObjectNoLongerAvailable}, {objectstore.ErrNoBucket, reasonNoBucket},
	{objectstore.ErrChanged, reasonVersionMismatch}, {analyse.ErrShrank, reasonVersionMismatch}, {objectstore.ErrDenied, extract.PermissionDenied},
	{objectstore.ErrCustomerKey, extract.InvalidEncryption}, {objectstore.ErrKMS, reasonKMSKey}, {objectstore.ErrArchived, reasonObjectState},
}

// unreadable makes the result of an object that could not be read, or returns the error where another try may go better.
func (r *Reading) unreadable(ctx context.Context, o *objectstore.Object, err error, last bool) (*finding.Analysis, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for _, x := range reasons {
		if errors.Is(err, x.kind) {
			return r.analysis(o, nil, skipped(x.reason)), nil
		}
	}
	if !last {
		return nil, err
	}
	return r.analysis(o, nil, skipped(extract.UnableToParseFile)), nil
}

// PassedOver makes the result of an object that is not read, since every process that read it has died.
func (r *Reading) PassedOver(o *objectstore.Object) *finding.Analysis {
	return r.analysis(o, nil, skipped(extract.UnableToParseFile))
}

// analysis describes what came of an object, for its finding and its result. head is nil for one that was not read.
func (r *Reading) analysis(o *objectstore.Object, head *objectstore.Head, result *classify.Result) *finding.Analysis {
	names := r.Search.Names()
	a := &finding.Analysis{
		Region: r.Region, Run: r.Run, Origin: r.Origin, JobID: r.JobID,
		Creator: r.Creator, Owner: r.Owner, Bucket: r.Facts, Result: result.Wire(names), At: time.Now().UTC(),
		Score: map[string]int64{}, Custom: map[string]macie2.SeverityDescription{},
		Object: macie2.S3Object{
			Key: &o.Key, ETag: &o.ETag, Size: &o.Size, LastModified: macie2.NewTimestamp(o.LastModified.UTC()),
			StorageClass: macie2.Ptr(macie2.StorageClass(o.StorageClass)), Tags: []macie2.KeyValuePair{},
		},
	}
	if head != nil {
		a.Object.VersionId = &head.VersionID
		a.Object.ServerSideEncryption = encryptionOf(head.Encryption)
	}
	severities := func(d *classify.Document) {
		for i := range d.Detections {
			x := &d.Detections[i]
			if x.Identifier.Custom != nil {
				if severity := x.Severity(); severity != "" {
					a.Custom[names[x.Identifier.Custom].ID] = severity
				}
				continue
			}
			a.Score[x.Identifier.ID] = max(a.Score[x.Identifier.ID], scoreOf(x.Severity()))
		}
	}
	severities(&result.Document)
	for i := range result.Members {
		m := &result.Members[i]
		severities(m)
		a.Members = append(a.Members, finding.Member{Path: m.Path, Size: m.Size, Modified: m.Modified, Result: m.Wire(names)})
	}
	return a
}
