package discovery

import (
	"context"
	"errors"
	"fmt"

	"magpie/internal/analyse"
	"magpie/internal/finding"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/reading"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Stored tells what the store knows of the object of a finding.
func (s *Service) Stored(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (objectstore.Head, error) {
	if err := s.mayLookInto(ctx, holder, x); err != nil {
		return objectstore.Head{}, err
	}
	b, err := s.inventory.Open(ctx, *x.Region, macie2.AccountID(*x.AccountId), *x.ResourcesAffected.S3Bucket.Name)
	if err != nil {
		return objectstore.Head{}, err
	}
	return b.Head(ctx, *x.ResourcesAffected.S3Object.Key)
}

// mayLookInto returns finding.ErrOutOfReach where the holder of a finding could not run a job over its bucket today: it does not administer
// the account any more, or the account takes no part in Macie or is closed.
func (s *Service) mayLookInto(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		event, err := s.barred(ctx, tx, name{Region: *x.Region, Account: holder}, macie2.AccountID(*x.AccountId))
		if err == nil && event != "" {
			err = finding.ErrOutOfReach
		}
		return err
	})
}

// Reveal analyses the object of a finding once more, in the terms of its job, and returns values as they are: up to
// finding.MaxSamples of each type. They are in memory alone, here and where objects are read.
func (s *Service) Reveal(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (map[string][]string, error) {
	if err := s.mayLookInto(ctx, holder, x); err != nil {
		return nil, err
	}
	search, err := s.revealing(ctx, name{Region: *x.Region, Account: holder, ID: macie2.Deref(x.ClassificationDetails.JobId)})
	if err != nil {
		return nil, err
	}
	b, err := s.inventory.Open(ctx, *x.Region, macie2.AccountID(*x.AccountId), *x.ResourcesAffected.S3Bucket.Name)
	if err != nil {
		return nil, err
	}
	is := x.ResourcesAffected.S3Object
	o := objectstore.Object{Key: *is.Key, ETag: macie2.Deref(is.ETag), Size: macie2.Deref(is.Size)}
	cost := min(reading.Cost(&o), s.most)
	if err := s.memory.Acquire(ctx, cost); err != nil {
		return nil, context.Cause(ctx)
	}
	defer s.memory.Release(cost)
	opened, err := reading.Open(ctx, b, o)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	r, err := s.pool.Analyse(ctx, opened.Source, search)
	if err != nil {
		return nil, err
	}
	values := map[string][]string{}
	names := search.Names()
	for i := range r.Detections { // those of an archive are of its files together
		kind := r.Detections[i].Identifier.ID
		if c := r.Detections[i].Identifier.Custom; c != nil {
			kind = finding.CustomSample(names[c].ID, names[c].Name)
		}
		values[kind] = r.Detections[i].Samples
	}
	return values, nil
}

// revealing compiles what a job, or without an id automated discovery, looks for, such that values are shown. It is not kept among the
// other searches.
func (s *Service) revealing(ctx context.Context, n name) (*analyse.Search, error) {
	wanted, err := s.wanted(ctx, n)
	if err != nil {
		return nil, err
	}
	c, err := s.config(ctx, wanted)
	if err != nil {
		return nil, err
	}
	c.Samples, c.Reveal = finding.MaxSamples, true
	return analyse.Compile(c)
}

func (s *Service) wanted(ctx context.Context, n name) (w Wanted, err error) {
	var j *job
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if n.ID == "" {
			if s.automated == nil {
				return store.ErrNotFound
			}
			w, err = s.automated(ctx, tx, n.Region, n.Account)
			return err
		}
		if j, err = find(ctx, tx, n); err == nil {
			w = wantedBy(j)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("what found it, job %q, is not there any more: %w", n.ID, finding.ErrObjectChanged)
	}
	return w, err
}

// OnAutomated says what automated discovery looks for, so that its findings can be revealed. It must be called before the first request.
func (s *Service) OnAutomated(wanted func(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (Wanted, error)) {
	s.automated = wanted
}
