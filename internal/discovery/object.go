package discovery

import (
	"context"
	"fmt"

	"magpie/internal/classify"
	"magpie/internal/extract"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
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
		p.result = w.reading.analysis(o, nil, skipped(reason))
		return nil
	}
	if w.careful >= objectDeaths && w.deadly.CompareAndSwap(false, true) {
		w.s.log.Warn("an object is passed over: every process that read it has died", "job", w.job.ID, "bucket", w.state.Bucket)
		p.result = w.reading.PassedOver(o)
		return nil
	}
	if !w.reserve(p) {
		return errQuota
	}
	a, bytes, err := w.s.Read(ctx, w.reading, o, w.last())
	if err != nil {
		return w.failed(ctx, err)
	}
	p.result, p.bytes = a, bytes
	return nil
}

// last reports whether there is no other try to read an object.
func (w *worker) last() bool { return w.held.Task().Attempt+1 >= objectTries }

// unreadable makes the result of an object that could not be read, or returns the error where another try may go better.
func (w *worker) unreadable(ctx context.Context, p *piece, err error) error {
	a, err := w.reading.unreadable(ctx, &p.object, err, w.last())
	if err != nil {
		return w.failed(ctx, err)
	}
	p.result = a
	return nil
}

func (w *worker) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return w.state.wrap(fmt.Errorf("read an object: %w", err))
}

func skipped(reason extract.Reason) *classify.Result {
	return &classify.Result{Document: classify.Document{Status: extract.Status{Code: extract.Skipped, Reason: reason}}}
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
