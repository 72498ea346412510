package sampling

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/arn"
	"magpie/internal/detect/managed"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// The bounds of the operations on profiles.
const (
	maxDetectionPage = 25
	maxArtifacts     = 100
	artifactPage     = 50
	maxSuppressed    = 1000
)

// textNotEnabled is what is said where nothing is shown.
const textNotEnabled = "The request failed because automated sensitive data discovery is not enabled for the account."

// resolve finds the bucket that an ARN names among those that the caller may see, and who holds what is known of it. The ARN of a bucket
// names no account; where several accounts have a bucket of the name, the caller may write the account into it: arn:aws:s3::ACCOUNT:BUCKET.
func (s *Service) resolve(ctx context.Context, tx *store.Tx, call *macie2.Call, resourceARN string) (bucketKey, error) {
	k := bucketKey{Region: call.Region}
	name, err := arn.Parse(resourceARN)
	if err != nil || name.Service != "s3" || name.Partition != arn.Partition(call.Region) || name.Region != "" || name.Resource == "" ||
		strings.Contains(name.Resource, "/") {
		return k, macie2.ErrValidation("resourceArn: must be the ARN of a bucket, arn:%s:s3:::NAME", arn.Partition(call.Region))
	}
	k.Bucket = name.Resource
	if k.Holder, err = holderOf(ctx, tx, call.Region, call.Account); err != nil {
		return k, err
	}
	owners := []macie2.AccountID{call.Account}
	if k.Holder == call.Account {
		if owners, err = ownersOf(ctx, tx, call.Region, call.Account); err != nil {
			return k, err
		}
	}
	x, err := find(ctx, tx, call.Region, k.Holder)
	if err != nil {
		return k, err
	}
	if shown, err := x.shown(ctx, tx); err != nil {
		return k, err
	} else if !shown {
		return k, macie2.ErrNotFound("%s", textNotEnabled)
	}
	if name.Account != "" {
		owners = slices.DeleteFunc(owners, func(id macie2.AccountID) bool { return string(id) != name.Account })
	}
	var has []macie2.AccountID
	err = tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		err := r.Scan(&id)
		has = append(has, id)
		return err
	}, `select account_id from bucket where region = $1 and name = $2 and gone_at is null and `+tx.Any("account_id", 3)+` order by account_id`,
		call.Region, k.Bucket, store.ListOf(owners))
	switch {
	case isNone(err) || err == nil && len(has) == 0:
		return k, macie2.ErrNotFound("The request failed because the bucket %s does not exist in the Region, or belongs to no account of yours.", clip(k.Bucket))
	case err != nil:
		return k, err
	case len(has) == 1:
		k.Owner = has[0]
	case slices.Contains(has, call.Account):
		k.Owner = call.Account
	default:
		return k, macie2.ErrValidation("resourceArn: several accounts have a bucket of this name; say which, as arn:%s:s3::%s:%s",
			arn.Partition(call.Region), has[0], k.Bucket)
	}
	return k, nil
}

// counted is what the inventory knows of a bucket that its score depends on.
func (k bucketKey) counted(ctx context.Context, tx *store.Tx) (inventory.Counted, error) {
	c := inventory.Counted{Name: k.Bucket}
	var code *string
	err := tx.QueryRow(ctx, `select object_count, size_bytes, classifiable_count, error_code from bucket where region = $1 and account_id = $2 and name = $3`,
		k.Region, k.Owner, k.Bucket).Scan(&c.Objects, &c.Size, &c.Classifiable, &code)
	c.ErrorCode = macie2.Deref(code)
	return c, err
}

// GetResourceProfile tells the score of a bucket and what it is made of.
func (s *Service) GetResourceProfile(ctx context.Context, call *macie2.Call, in *macie2.GetResourceProfileInput) (*macie2.GetResourceProfileOutput, error) {
	var p *profile
	var score int64
	err := s.view(ctx, call, func(tx *store.Tx) error {
		k, err := s.resolve(ctx, tx, call, *in.ResourceArn)
		if err != nil {
			return err
		}
		if p, err = findProfile(ctx, tx, k); err != nil {
			return err
		}
		c, err := k.counted(ctx, tx)
		score = p.evidence(c).Score()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.GetResourceProfileOutput{SensitivityScore: macie2.Ptr(int32(score)), SensitivityScoreOverridden: &p.overridden, Statistics: p.statistics()}
	if p.revision > 0 {
		out.ProfileUpdatedAt = macie2.TimestampMillis(p.updatedAt)
	}
	return out, nil
}

func (p *profile) statistics() *macie2.ResourceStatistics {
	f := &p.facts
	var all, suppressed int64
	for _, d := range f.Detections {
		all += d.Count
		if slices.Contains(p.suppressed, suppressedType{d.Type, d.ID}) {
			suppressed += d.Count
		}
	}
	n := func(v int64) *int64 { return &v }
	return &macie2.ResourceStatistics{
		TotalBytesClassified: n(f.Bytes), TotalDetections: &all, TotalDetectionsSuppressed: &suppressed, TotalItemsClassified: n(f.analysed()),
		TotalItemsSensitive: n(f.Kinds[sensitive]), TotalItemsSkipped: n(f.skipped()), TotalItemsSkippedInvalidEncryption: n(f.Kinds[skippedEncryption]),
		TotalItemsSkippedInvalidKms: n(f.Kinds[skippedKMS]), TotalItemsSkippedPermissionDenied: n(f.Kinds[skippedDenied]),
	}
}

// UpdateResourceProfile assigns the highest score to a bucket, or has it computed again.
func (s *Service) UpdateResourceProfile(ctx context.Context, call *macie2.Call, in *macie2.UpdateResourceProfileInput) (*macie2.UpdateResourceProfileOutput, error) {
	if in.SensitivityScoreOverride != nil && *in.SensitivityScoreOverride != ScoreAssigned {
		return nil, macie2.ErrValidation("sensitivityScoreOverride: must be %d, or absent for a score that is computed", ScoreAssigned)
	}
	err := s.changeProfile(ctx, call, *in.ResourceArn, func(_ context.Context, _ *store.Tx, p *profile) error {
		p.overridden = in.SensitivityScoreOverride != nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateResourceProfileOutput{}, nil
}

// changeProfile changes what people have said of a bucket; its score follows in the same transaction.
func (s *Service) changeProfile(ctx context.Context, call *macie2.Call, resourceARN string, edit func(context.Context, *store.Tx, *profile) error) error {
	return s.tx(ctx, call, func(tx *store.Tx) error {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		k, err := s.resolve(ctx, tx, call, resourceARN)
		if err != nil {
			return err
		}
		p, err := findProfile(ctx, tx, k)
		if err != nil {
			return err
		}
		if err := edit(ctx, tx, p); err != nil {
			return err
		}
		if err := p.sum(ctx, tx); err != nil {
			return err
		}
		p.updatedAt = call.Now.UnixMilli()
		if err := p.save(tx); err != nil {
			return err
		}
		return s.inventory.Restand(ctx, tx, k.Region, k.Owner, k.Bucket)
	})
}

// UpdateResourceProfileDetections says which types of sensitive data do not count in a bucket's score.
func (s *Service) UpdateResourceProfileDetections(ctx context.Context, call *macie2.Call, in *macie2.UpdateResourceProfileDetectionsInput) (*macie2.UpdateResourceProfileDetectionsOutput, error) {
	if n := len(in.SuppressDataIdentifiers); n > maxSuppressed {
		return nil, macie2.ErrValidation("suppressDataIdentifiers: must name at most %d, not %d", maxSuppressed, n)
	}
	var list []suppressedType
	for i, x := range in.SuppressDataIdentifiers {
		if x.Id == nil && x.Type == nil {
			continue // which is how the guide writes "count everything"
		}
		switch {
		case x.Type == nil:
			return nil, macie2.ErrValidation("suppressDataIdentifiers[%d].type: is missing", i)
		case macie2.Deref(x.Id) == "":
			return nil, macie2.ErrValidation("suppressDataIdentifiers[%d].id: is missing", i)
		case *x.Type == macie2.DataIdentifierTypeManaged && managed.Find(*x.Id) == nil:
			return nil, macie2.ErrValidation("suppressDataIdentifiers[%d].id: %q is no managed data identifier", i, clip(*x.Id))
		}
		if t := (suppressedType{*x.Type, *x.Id}); !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	err := s.changeProfile(ctx, call, *in.ResourceArn, func(ctx context.Context, tx *store.Tx, p *profile) error {
		for i, t := range list {
			if t.Type != macie2.DataIdentifierTypeCustom || slices.Contains(p.suppressed, t) {
				continue
			}
			var one int64
			err := tx.QueryRow(ctx, `select count(*) from custom_data_identifier where region = $1 and account_id = $2 and id = $3`,
				call.Region, call.Account, t.ID).Scan(&one)
			if isNone(err) || err == nil && one == 0 {
				return macie2.ErrNotFound("The request failed because the custom data identifier %s does not exist (suppressDataIdentifiers[%d]).", clip(t.ID), i)
			}
			if err != nil {
				return err
			}
		}
		p.suppressed = list
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateResourceProfileDetectionsOutput{}, nil
}

// ListResourceProfileDetections lists the types of sensitive data that were found in a bucket, the most frequent ones first, and those that
// do not count in its score.
func (s *Service) ListResourceProfileDetections(ctx context.Context, call *macie2.Call, in *macie2.ListResourceProfileDetectionsInput) (*macie2.ListResourceProfileDetectionsOutput, error) {
	list := pagetoken.List{Account: string(call.Account), Region: call.Region, Operation: "ListResourceProfileDetections", Filters: *in.ResourceArn}
	size := maxDetectionPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	from, err := s.pageFrom(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	var p *profile
	err = s.view(ctx, call, func(tx *store.Tx) error {
		k, err := s.resolve(ctx, tx, call, *in.ResourceArn)
		if err == nil {
			p, err = findProfile(ctx, tx, k)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.ListResourceProfileDetectionsOutput{Detections: []macie2.Detection{}}
	for i := from; i < len(p.facts.Detections); i++ {
		if len(out.Detections) == size {
			out.NextToken = macie2.Ptr(s.pages.Seal(list, strconv.Itoa(i)))
			break
		}
		x := &p.facts.Detections[i]
		d := macie2.Detection{Type: &x.Type, Id: &x.ID, Name: &x.ID, Count: &x.Count,
			Suppressed: macie2.Ptr(slices.Contains(p.suppressed, suppressedType{x.Type, x.ID}))}
		if x.Type == macie2.DataIdentifierTypeCustom {
			d.Name, d.Arn = &x.Name, macie2.Ptr(p.customARN(x.ID))
		}
		out.Detections = append(out.Detections, d)
	}
	return out, nil
}

// pageFrom reads a page token that is a place in a list.
func (s *Service) pageFrom(list pagetoken.List, token *string) (int, error) {
	key, err := s.pageAfter(list, token)
	if err != nil || key == "" {
		return 0, err
	}
	n, err := strconv.Atoi(key)
	if err != nil || n < 0 {
		return 0, errPage
	}
	return n, nil
}

// ListResourceProfileArtifacts lists up to 100 objects that were chosen from a bucket: those that hold something, then those that do not,
// then those that could not be analysed.
func (s *Service) ListResourceProfileArtifacts(ctx context.Context, call *macie2.Call, in *macie2.ListResourceProfileArtifactsInput) (*macie2.ListResourceProfileArtifactsOutput, error) {
	list := pagetoken.List{Account: string(call.Account), Region: call.Region, Operation: "ListResourceProfileArtifacts", Filters: *in.ResourceArn}
	from, err := s.pageFrom(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	var all []macie2.ResourceProfileArtifact
	err = s.view(ctx, call, func(tx *store.Tx) error {
		all = nil
		k, err := s.resolve(ctx, tx, call, *in.ResourceArn)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(r store.Row) error {
			var key, status string
			var k2 int64
			if err := r.Scan(&key, &k2, &status); err != nil {
				return err
			}
			name, err := inventory.DecodeKey(key)
			if err != nil {
				return k.wrap(err)
			}
			a := macie2.ResourceProfileArtifact{
				Arn:                        macie2.Ptr("arn:" + arn.Partition(call.Region) + ":s3:::" + k.Bucket + "/" + strings.ToValidUTF8(name, "\uFFFD")),
				ClassificationResultStatus: &status,
			}
			if kind(k2) == clean || kind(k2) == sensitive {
				a.Sensitive = macie2.Ptr(kind(k2) == sensitive)
			}
			all = append(all, a)
			return nil
		}, `select object_key, kind, status from sample_object`+whereBucket+`
			order by case kind when 1 then 0 when 0 then 1 else 2 end, id limit $5`, k.args(int64(maxArtifacts))...)
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.ListResourceProfileArtifactsOutput{Artifacts: append([]macie2.ResourceProfileArtifact{}, all[min(from, len(all)):min(from+artifactPage, len(all))]...)}
	if from+artifactPage < len(all) {
		out.NextToken = macie2.Ptr(s.pages.Seal(list, strconv.Itoa(from+artifactPage)))
	}
	return out, nil
}
