package discovery

import (
	"context"
	"errors"
	"fmt"

	"magpie/internal/analyse"
	"magpie/internal/finding"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Stored tells what the store knows of the object of a finding.
func (s *Service) Stored(ctx context.Context, x *macie2.Finding) (objectstore.Head, error) {
	b, err := s.inventory.Open(ctx, *x.Region, macie2.AccountID(*x.AccountId), *x.ResourcesAffected.S3Bucket.Name)
	if err != nil {
		return objectstore.Head{}, err
	}
	return b.Head(ctx, *x.ResourcesAffected.S3Object.Key)
}

// Reveal analyses the object of a finding once more, in the terms of its job, and returns values as they are: up to
// finding.MaxSamples of each type. They are in memory alone, here and where objects are read.
func (s *Service) Reveal(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (map[string][]string, error) {
	search, err := s.revealing(ctx, name{Region: *x.Region, Account: holder, ID: *x.ClassificationDetails.JobId})
	if err != nil {
		return nil, err
	}
	b, err := s.inventory.Open(ctx, *x.Region, macie2.AccountID(*x.AccountId), *x.ResourcesAffected.S3Bucket.Name)
	if err != nil {
		return nil, err
	}
	is := x.ResourcesAffected.S3Object
	o := objectstore.Object{Key: *is.Key, ETag: macie2.Deref(is.ETag), Size: macie2.Deref(is.Size)}
	cost := min(costOf(&o), s.most)
	if err := s.memory.Acquire(ctx, cost); err != nil {
		return nil, context.Cause(ctx)
	}
	defer s.memory.Release(cost)
	opened, err := open(ctx, b, o)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	r, err := s.pool.Analyse(ctx, opened.source, search)
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

// revealing compiles what a job looks for, such that values are shown. It is not kept among the searches of jobs.
func (s *Service) revealing(ctx context.Context, n name) (*analyse.Search, error) {
	var j *job
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		j, err = find(ctx, tx, n)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("job %s is not there any more: %w", n.ID, finding.ErrObjectChanged)
	}
	if err != nil {
		return nil, err
	}
	c, err := s.config(ctx, j)
	if err != nil {
		return nil, err
	}
	c.Samples, c.Reveal = finding.MaxSamples, true
	return analyse.Compile(c)
}
