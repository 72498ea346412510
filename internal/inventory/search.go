package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// Criterion is a condition on buckets, as jobs and SearchResources have it: a field that has one of the values, or one of the tags.
type Criterion struct {
	Path   string // of BucketMetadata: accountId, bucketName, publicAccess.effectivePermission, sharedAccess, …; "" for tags
	Values []string
	Tags   []TagValue
	Not    bool // none of them
}

// TagValue is a tag; a member that is nil may be anything.
type TagValue struct{ Key, Value *string }

// Selection is the buckets that meet all of Includes, where there are some, less those that meet all of Excludes, where there are some.
type Selection struct{ Includes, Excludes []Criterion }

// query makes a query of a selection, or says what is wrong with it.
func (x Selection) query(place string) (*query, error) {
	q := &query{}
	for i, c := range x.Includes {
		if err := c.add(q, fmt.Sprintf("%s.includes.and[%d]", place, i)); err != nil {
			return nil, err
		}
	}
	excluded := &query{}
	for i, c := range x.Excludes {
		if err := c.add(excluded, fmt.Sprintf("%s.excludes.and[%d]", place, i)); err != nil {
			return nil, err
		}
	}
	if len(q.terms)+len(excluded.terms) > maxCriteria {
		return nil, macie2.ErrValidation("%s: there are more than %d conditions", place, maxCriteria)
	}
	if len(excluded.terms) > 0 {
		q.terms = append(q.terms, func(b *statement) {
			inner := &statement{tx: b.tx, region: b.region, args: b.args}
			for _, term := range excluded.terms {
				term(inner)
			}
			b.args = inner.args
			b.and("coalesce(not (%s), true)", inner.where())
		})
	}
	return q, nil
}

func (c Criterion) add(q *query, place string) error {
	if c.Path == "" {
		return c.addTags(q, place+".tagCriterion.tagValues")
	}
	f, ok := fields[c.Path]
	if !ok {
		return macie2.ErrValidation("%s: buckets are not selected by %q", place, clip(c.Path))
	}
	if len(c.Values) > maxValues {
		return macie2.ErrValidation("%s: there are more than %d values", place, maxValues)
	}
	return q.oneOf(place+".simpleCriterion.values", f, c.Values, c.Not)
}

func (c Criterion) addTags(q *query, place string) error {
	if len(c.Tags) == 0 || len(c.Tags) > maxCriteria {
		return macie2.ErrValidation("%s: there must be 1 to %d tags", place, maxCriteria)
	}
	for i, t := range c.Tags {
		if t.Key == nil && t.Value == nil {
			return macie2.ErrValidation("%s[%d]: give a key, a value or both", place, i)
		}
		for _, v := range []*string{t.Key, t.Value} {
			if v != nil {
				if err := checkValue(fmt.Sprintf("%s[%d]", place, i), *v); err != nil {
					return err
				}
			}
		}
	}
	q.terms = append(q.terms, func(b *statement) {
		parts := make([]string, len(c.Tags))
		for i, t := range c.Tags {
			parts[i] = b.tagged(t.Key, t.Value)
		}
		condition := "(" + strings.Join(parts, " or ") + ")"
		if c.Not {
			condition = "not " + condition
		}
		b.and("%s", condition)
	})
	return nil
}

// Check says what is wrong with a selection, in the words of the contract, or nil.
func (x Selection) Check(place string) error {
	_, err := x.query(place)
	return err
}

// Select lists the buckets of accounts that a selection finds, by account and name, at most so many of those that follow after. It works
// within tx. Buckets that cannot be read are among them.
func (s *Service) Select(ctx context.Context, tx *store.Tx, of Holders, x Selection, after BucketName, most int) ([]macie2.BucketMetadata, error) {
	q, err := x.query("bucketCriteria")
	if err != nil {
		return nil, err
	}
	var at []string
	if after.Name != "" {
		at = []string{"", string(after.Account), after.Name}
	}
	rows, err := s.selectBuckets(ctx, tx, of, q, stretch{order{}, at, most})
	if err != nil {
		return nil, err
	}
	list := make([]macie2.BucketMetadata, len(rows))
	for i, r := range rows {
		list[i] = metadata(r.record, r.facts)
	}
	return list, nil
}

// searchPaths are the fields that SearchResources knows by other names.
var searchPaths = map[macie2.SearchResourcesSimpleCriterionKey]string{
	macie2.SearchResourcesSimpleCriterionKeyAccountId:                          "accountId",
	macie2.SearchResourcesSimpleCriterionKeyS3BucketName:                       "bucketName",
	macie2.SearchResourcesSimpleCriterionKeyS3BucketEffectivePermission:        "publicAccess.effectivePermission",
	macie2.SearchResourcesSimpleCriterionKeyS3BucketSharedAccess:               "sharedAccess",
	macie2.SearchResourcesSimpleCriterionKeyAutomatedDiscoveryMonitoringStatus: "automatedDiscoveryMonitoringStatus",
}

// searchOrders likewise.
var searchOrders = map[macie2.SearchResourcesSortAttributeName]string{
	macie2.SearchResourcesSortAttributeNameAccountId:                 "accountId",
	macie2.SearchResourcesSortAttributeNameResourceName:              "bucketName",
	macie2.SearchResourcesSortAttributeNameS3ClassifiableObjectCount: "classifiableObjectCount",
	macie2.SearchResourcesSortAttributeNameS3ClassifiableSizeInBytes: "classifiableSizeInBytes",
}

// SearchResources lists the buckets of the caller, and of its members, that criteria include and do not exclude.
func (s *Service) SearchResources(ctx context.Context, call *macie2.Call, in *macie2.SearchResourcesInput) (*macie2.SearchResourcesOutput, error) {
	size, err := pageSize(in.MaxResults)
	if err != nil {
		return nil, err
	}
	var selection Selection
	if in.BucketCriteria != nil {
		if selection.Includes, err = searchCriteria("bucketCriteria.includes", in.BucketCriteria.Includes); err != nil {
			return nil, err
		}
		if selection.Excludes, err = searchCriteria("bucketCriteria.excludes", in.BucketCriteria.Excludes); err != nil {
			return nil, err
		}
	}
	q, err := selection.query("bucketCriteria")
	if err != nil {
		return nil, err
	}
	o := order{}
	if c := in.SortCriteria; c != nil {
		if c.AttributeName != nil {
			o = orders[searchOrders[*c.AttributeName]]
		}
		o.desc = c.OrderBy != nil && *c.OrderBy == macie2.OrderByDesc
	}
	filters, err := json.Marshal([]any{in.BucketCriteria, in.SortCriteria})
	if err != nil {
		return nil, err
	}
	list := pagetoken.Of(call, "SearchResources", string(filters))
	rows, next, err := s.page(ctx, call, q, o, pageOf{list, in.NextToken, size})
	if err != nil {
		return nil, err
	}
	out := &macie2.SearchResourcesOutput{MatchingResources: []macie2.MatchingResource{}, NextToken: next}
	for _, x := range rows {
		out.MatchingResources = append(out.MatchingResources, macie2.MatchingResource{MatchingBucket: matching(metadata(x.record, nil))})
	}
	return out, nil
}

func searchCriteria(place string, block *macie2.SearchResourcesCriteriaBlock) (list []Criterion, err error) {
	if block == nil {
		return nil, nil
	}
	for i, c := range block.And {
		at := fmt.Sprintf("%s.and[%d]", place, i)
		switch {
		case (c.SimpleCriterion == nil) == (c.TagCriterion == nil):
			return nil, macie2.ErrValidation("%s: give either simpleCriterion or tagCriterion", at)
		case c.SimpleCriterion != nil:
			simple := c.SimpleCriterion
			if simple.Key == nil {
				return nil, macie2.ErrValidation("%s.simpleCriterion.key: is missing", at)
			}
			list = append(list, Criterion{Path: searchPaths[*simple.Key], Values: simple.Values, Not: isNot(simple.Comparator)})
		default:
			x := Criterion{Not: isNot(c.TagCriterion.Comparator)}
			for _, t := range c.TagCriterion.TagValues {
				x.Tags = append(x.Tags, TagValue{t.Key, t.Value})
			}
			list = append(list, x)
		}
	}
	return list, nil
}

func isNot(c *macie2.SearchResourcesComparator) bool {
	return c != nil && *c == macie2.SearchResourcesComparatorNe
}

// matching is what SearchResources shows of a bucket.
func matching(m macie2.BucketMetadata) *macie2.MatchingBucket {
	return &macie2.MatchingBucket{
		AccountId: m.AccountId, AutomatedDiscoveryMonitoringStatus: m.AutomatedDiscoveryMonitoringStatus, BucketName: m.BucketName,
		ClassifiableObjectCount: m.ClassifiableObjectCount, ClassifiableSizeInBytes: m.ClassifiableSizeInBytes, ErrorCode: m.ErrorCode,
		ErrorMessage: m.ErrorMessage, JobDetails: m.JobDetails, LastAutomatedDiscoveryTime: m.LastAutomatedDiscoveryTime,
		ObjectCount: m.ObjectCount, ObjectCountByEncryptionType: m.ObjectCountByEncryptionType, SensitivityScore: m.SensitivityScore,
		SizeInBytes: m.SizeInBytes, SizeInBytesCompressed: m.SizeInBytesCompressed, UnclassifiableObjectCount: m.UnclassifiableObjectCount,
		UnclassifiableObjectSizeInBytes: m.UnclassifiableObjectSizeInBytes,
	}
}
