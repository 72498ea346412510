package discovery

import (
	"fmt"
	"slices"

	"magpie/internal/macie2"
)

// Target is a bucket that a job may look at, with what criteria ask about.
type Target struct {
	Owner     macie2.AccountID
	Name      string
	Effective macie2.EffectivePermission
	Shared    macie2.SharedAccess
	Tags      map[string]string // nil where they are not known
}

// bucketCriteria select buckets: those that meet all conditions to include and not all conditions to exclude.
type bucketCriteria struct{ includes, excludes []func(*Target) bool }

func compileBucketCriteria(in *macie2.S3BucketCriteriaForJob) (bucketCriteria, error) {
	var c bucketCriteria
	for _, block := range []struct {
		name string
		in   *macie2.CriteriaBlockForJob
		to   *[]func(*Target) bool
	}{{"includes", in.Includes, &c.includes}, {"excludes", in.Excludes, &c.excludes}} {
		if block.in == nil {
			continue
		}
		if len(block.in.And) > maxTerms {
			return c, macie2.ErrValidation("s3JobDefinition.bucketCriteria.%s.and: must have at most %d conditions", block.name, maxTerms)
		}
		for i, x := range block.in.And {
			meets, err := compileBucketCriterion(fmt.Sprintf("s3JobDefinition.bucketCriteria.%s.and[%d]", block.name, i), x)
			if err != nil {
				return c, err
			}
			*block.to = append(*block.to, meets)
		}
	}
	return c, nil
}

// matches reports whether the criteria select a bucket.
func (c *bucketCriteria) matches(t *Target) bool {
	for _, meets := range c.includes {
		if !meets(t) {
			return false
		}
	}
	return len(c.excludes) == 0 || slices.ContainsFunc(c.excludes, func(meets func(*Target) bool) bool { return !meets(t) })
}

func compileBucketCriterion(where string, x macie2.CriteriaForJob) (func(*Target) bool, error) {
	var comparator macie2.JobComparator
	var has func(*Target) bool
	switch {
	case x.SimpleCriterion != nil && x.TagCriterion != nil, x.SimpleCriterion == nil && x.TagCriterion == nil:
		return nil, macie2.ErrValidation("%s: give either simpleCriterion or tagCriterion", where)
	case x.SimpleCriterion != nil:
		where += ".simpleCriterion"
		comparator = macie2.Deref(x.SimpleCriterion.Comparator)
		var property func(*Target) string
		switch macie2.Deref(x.SimpleCriterion.Key) {
		case macie2.SimpleCriterionKeyForJobAccountId:
			property = func(t *Target) string { return string(t.Owner) }
		case macie2.SimpleCriterionKeyForJobS3BucketName:
			property = func(t *Target) string { return t.Name }
		case macie2.SimpleCriterionKeyForJobS3BucketEffectivePermission:
			property = func(t *Target) string { return string(t.Effective) }
		case macie2.SimpleCriterionKeyForJobS3BucketSharedAccess:
			property = func(t *Target) string { return string(t.Shared) }
		default:
			return nil, macie2.ErrValidation("%s.key: it is required", where)
		}
		values := x.SimpleCriterion.Values
		if n := len(values); n < 1 || n > maxValues {
			return nil, macie2.ErrValidation("%s.values: must have 1 to %d values, not %d", where, maxValues, n)
		}
		has = func(t *Target) bool { return slices.Contains(values, property(t)) }
	default:
		where += ".tagCriterion"
		comparator = macie2.Deref(x.TagCriterion.Comparator)
		values := x.TagCriterion.TagValues
		if n := len(values); n < 1 || n > maxValues {
			return nil, macie2.ErrValidation("%s.tagValues: must have 1 to %d values, not %d", where, maxValues, n)
		}
		has = func(t *Target) bool {
			return slices.ContainsFunc(values, func(v macie2.TagCriterionPairForJob) bool {
				return hasTag(t.Tags, macie2.Deref(v.Key), macie2.Deref(v.Value))
			})
		}
	}
	switch comparator {
	case macie2.JobComparatorEq:
		return has, nil
	case macie2.JobComparatorNe:
		return func(t *Target) bool { return !has(t) }, nil
	}
	return nil, macie2.ErrValidation("%s.comparator: must be EQ or NE", where)
}
