package discovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/classify"
	"magpie/internal/extract"
	"magpie/internal/finding"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// object decides what is left to decide, reads and analyses an object. An error is one that ends the shard's attempt; what is
// wrong with the object is its result.
func (w *worker) object(ctx context.Context, p *piece) error {
	o := &p.object
	if w.scope.listed(o) == byTags {
		tags, err := w.bucket.Tags(ctx, o.Key)
		if err != nil {
			return w.unreadable(ctx, p, err)
		}
		if !w.scope.tagged(o, tags) {
			return nil
		}
	}
	if reason := unread(o); reason != "" {
		p.result = w.analysis(o, nil, skipped(reason))
		return nil
	}
	if !w.used.take(o.Size) {
		if err := w.quotaMet(ctx); err != nil {
			return err
		}
		return errQuota
	}
	p.reserved = o.Size
	if err := w.slots.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	defer w.slots.Release(1)
	cost := min(costOf(o), w.s.most)
	if err := w.s.memory.Acquire(ctx, cost); err != nil {
		return context.Cause(ctx)
	}
	defer w.s.memory.Release(cost)
	x, err := open(ctx, w.bucket, *o)
	if err != nil {
		return w.unreadable(ctx, p, err)
	}
	defer x.close()
	r, err := w.s.pool.Analyse(ctx, x.source, w.search)
	if err != nil {
		var source *analyse.SourceError
		if errors.As(err, &source) {
			err = source.Err
		}
		return w.unreadable(ctx, p, err)
	}
	p.result = w.analysis(o, &x.head, r)
	p.bytes = r.Classified
	return nil
}

// unreadable makes the result of an object that could not be read, or returns the error where another try may go better.
func (w *worker) unreadable(ctx context.Context, p *piece, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	reason := extract.Reason("")
	for _, x := range []struct {
		kind   error
		reason extract.Reason
	}{
		{objectstore.ErrNoObject, extract.SourceObjectNoLongerAvailable}, {objectstore.ErrNoBucket, reasonNoBucket},
		{objectstore.ErrChanged, reasonVersionMismatch}, {analyse.ErrShrank, reasonVersionMismatch}, {objectstore.ErrDenied, extract.PermissionDenied},
		{objectstore.ErrCustomerKey, extract.InvalidEncryption}, {objectstore.ErrKMS, reasonKMSKey}, {objectstore.ErrArchived, reasonObjectState},
	} {
		if errors.Is(err, x.kind) {
			reason = x.reason
			break
		}
	}
	if reason == "" {
		if w.held.Task().Attempt+1 < objectTries {
			return w.state.wrap(fmt.Errorf("read an object: %w", err))
		}
		reason = extract.UnableToParseFile
	}
	p.result = w.analysis(&p.object, nil, skipped(reason))
	return nil
}

func skipped(reason extract.Reason) *classify.Result {
	return &classify.Result{Document: classify.Document{Status: extract.Status{Code: extract.Skipped, Reason: reason}}}
}

// analysis describes what came of an object, for its finding and its result. head is nil for one that was not read.
func (w *worker) analysis(o *objectstore.Object, head *objectstore.Head, r *classify.Result) *finding.Analysis {
	names := w.search.Names()
	a := &finding.Analysis{
		Region: w.state.Region, Run: w.job.group(w.job.run), Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: w.job.ID,
		Creator: w.state.Account, Owner: w.state.Owner, Bucket: w.facts, Result: r.Wire(names), At: time.Now().UTC(),
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
	severities(&r.Document)
	for i := range r.Members {
		m := &r.Members[i]
		severities(m)
		a.Members = append(a.Members, finding.Member{Path: m.Path, Size: m.Size, Modified: m.Modified, Result: m.Wire(names)})
	}
	return a
}

func encryptionOf(e objectstore.ObjectEncryption) *macie2.ServerSideEncryption {
	kind := macie2.EncryptionTypeUnknown // where the store says nothing
	if e.Algorithm != "" {
		kind = macie2.EncryptionType(e.Algorithm)
	}
	x := &macie2.ServerSideEncryption{EncryptionType: &kind}
	if e.KMSKeyID != "" {
		x.KmsMasterKeyId = &e.KMSKeyID
	}
	return x
}

// quotaMet pauses the job until the next month, or until it is due again.
func (w *worker) quotaMet(ctx context.Context) error {
	err := w.s.db.Tx(ctx, lane(w.state.Region, w.state.Account), func(tx *store.Tx) error {
		j, err := runOf(ctx, tx, w.state.name, w.state.Run)
		if err != nil || j.status != macie2.JobStatusRunning {
			return err
		}
		now := time.Now()
		was := *j
		j.status = macie2.JobStatusPaused
		j.save(tx, &was)
		j.event(tx, now, eventQuotaMet, eventDetail{})
		if err := w.s.queue.PauseGroup(ctx, tx, j.group(j.run)); err != nil {
			return err
		}
		y, m, _ := now.UTC().Date()
		return w.s.queue.Enqueue(ctx, tx, j.wakeAt(wakeLift, time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)))
	})
	if errors.Is(err, errOver) {
		return err
	}
	return w.state.wrap(err)
}
