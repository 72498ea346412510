package sampling

import (
	"context"
	"slices"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// maxExcluded is how many buckets an account can exclude, as Macie documents it.
const maxExcluded = 1000

// ListClassificationScopes names the caller's one scope.
func (s *Service) ListClassificationScopes(ctx context.Context, call *macie2.Call, in *macie2.ListClassificationScopesInput) (*macie2.ListClassificationScopesOutput, error) {
	if in.NextToken != nil && *in.NextToken != "" {
		return nil, errPage // there is one page
	}
	if err := s.view(ctx, call, func(tx *store.Tx) error { return requireHolder(ctx, tx, call) }); err != nil {
		return nil, err
	}
	out := &macie2.ListClassificationScopesOutput{ClassificationScopes: []macie2.ClassificationScopeSummary{}}
	if in.Name == nil || *in.Name == "" || *in.Name == settingsName {
		out.ClassificationScopes = append(out.ClassificationScopes,
			macie2.ClassificationScopeSummary{Id: macie2.Ptr(scopeID(call)), Name: macie2.Ptr(settingsName)})
	}
	return out, nil
}

// errNoScope and its like say that what is named is not the caller's.
func errNoScope(id string) error {
	return macie2.ErrNotFound("The request failed because the classification scope %s does not exist.", clip(id))
}

// GetClassificationScope lists the buckets that the caller has excluded.
func (s *Service) GetClassificationScope(ctx context.Context, call *macie2.Call, in *macie2.GetClassificationScopeInput) (*macie2.GetClassificationScopeOutput, error) {
	var x *settings
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		if *in.Id != scopeID(call) {
			return errNoScope(*in.Id)
		}
		x, err = find(ctx, tx, call.Region, call.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetClassificationScopeOutput{
		Id: in.Id, Name: macie2.Ptr(settingsName),
		S3: &macie2.S3ClassificationScope{Excludes: &macie2.S3ClassificationScopeExclusion{BucketNames: append([]string{}, x.excluded...)}},
	}, nil
}

// UpdateClassificationScope changes the list of excluded buckets. It holds from the next cycle on.
func (s *Service) UpdateClassificationScope(ctx context.Context, call *macie2.Call, in *macie2.UpdateClassificationScopeInput) (*macie2.UpdateClassificationScopeOutput, error) {
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		if *in.Id != scopeID(call) {
			return errNoScope(*in.Id)
		}
		if in.S3 == nil {
			return nil
		}
		change := in.S3.Excludes
		x, err := find(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		names := slices.Clone(change.BucketNames)
		slices.Sort(names)
		names = slices.Compact(names)
		if len(names) > maxExcluded {
			return macie2.ErrValidation("s3.excludes.bucketNames: must name at most %d buckets, not %d", maxExcluded, len(names))
		}
		kept := x.excluded
		switch *change.Operation {
		case macie2.ClassificationScopeUpdateOperationRemove:
			x.excluded = slices.DeleteFunc(slices.Clone(kept), func(name string) bool { return slices.Contains(names, name) })
			names = nil
		case macie2.ClassificationScopeUpdateOperationAdd:
			x.excluded = append(slices.Clone(kept), names...)
		default:
			x.excluded = names
		}
		if err := bucketsExist(ctx, tx, call, slices.DeleteFunc(names, func(name string) bool { return slices.Contains(kept, name) })); err != nil {
			return err
		}
		x.excluded = slices.Clone(x.excluded)
		slices.Sort(x.excluded)
		x.excluded = slices.Compact(x.excluded)
		if n := len(x.excluded); n > maxExcluded {
			return macie2.ErrValidation("s3.excludes.bucketNames: the list would have %d buckets, and may have %d", n, maxExcluded)
		}
		x.lastUpdatedAt = call.Now.UnixMilli()
		return x.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateClassificationScopeOutput{}, nil
}

// bucketsExist refuses names of buckets that neither the caller nor one of its members has in the Region.
func bucketsExist(ctx context.Context, tx *store.Tx, call *macie2.Call, names []string) error {
	if len(names) == 0 {
		return nil
	}
	owners, err := ownersOf(ctx, tx, call.Region, call.Account)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	err = tx.Query(ctx, func(r store.Row) error {
		var name string
		err := r.Scan(&name)
		there[name] = true
		return err
	}, `select distinct name from bucket where region = $1 and `+tx.Any("account_id", 2)+` and `+tx.Any("name", 3),
		call.Region, store.ListOf(owners), store.List(names))
	if err != nil {
		return err
	}
	for _, name := range names {
		if !there[name] {
			return macie2.ErrNotFound("The request failed because the bucket %s does not exist in the Region, or belongs to no account of yours.", clip(name))
		}
	}
	return nil
}
