package finding

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// maxGroups is how many groups GetFindingStatistics answers, at most and unless it is asked for fewer.
const maxGroups = 1000

// groupFields are the fields that findings of data are counted by.
var groupFields = map[macie2.GroupBy]string{
	macie2.GroupByResourcesAffectedS3BucketName: bucketPrefix + "name",
	macie2.GroupByType:                          "type",
	macie2.GroupByClassificationDetailsJobId:    "classificationDetails.jobId",
	macie2.GroupBySeverityDescription:           "severity.description",
}

// groups are the columns that findings in rows are counted by.
var groups = map[macie2.GroupBy]string{
	macie2.GroupByResourcesAffectedS3BucketName: "bucket",
	macie2.GroupByType:                          "type",
	macie2.GroupByClassificationDetailsJobId:    "job_id",
	macie2.GroupBySeverityDescription:           "severity",
}

// GetFindingStatistics counts the findings that meet the criteria and that the caller may see, by one of four attributes.
// Without sort criteria the largest group comes first.
func (s *Service) GetFindingStatistics(ctx context.Context, call *macie2.Call, in *macie2.GetFindingStatisticsInput) (*macie2.GetFindingStatisticsOutput, error) {
	criteria, err := ParseCriteria(in.FindingCriteria)
	if err != nil {
		return nil, err
	}
	size := maxGroups
	if in.Size != nil {
		size = int(*in.Size)
	}
	if size < 1 || size > maxGroups {
		return nil, macie2.ErrValidation("size: must be from 1 to %d", maxGroups)
	}
	counts := map[string]int64{}
	err = s.view(ctx, call, func(tx *store.Tx) error {
		clear(counts)
		scopes, err := s.scopes(ctx, tx, call)
		for _, x := range scopes {
			if err == nil {
				err = count(ctx, tx, x, criteria, *in.GroupBy, counts)
			}
			if err == nil && x.members == nil {
				err = s.countData(ctx, tx, x, criteria, *in.GroupBy, counts)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.GetFindingStatisticsOutput{CountsByGroup: []macie2.GroupCount{}}
	for key, n := range counts {
		out.CountsByGroup = append(out.CountsByGroup, macie2.GroupCount{Count: macie2.Ptr(n), GroupKey: macie2.Ptr(key)})
	}
	slices.SortFunc(out.CountsByGroup, byStatistics(in.SortCriteria))
	out.CountsByGroup = out.CountsByGroup[:min(size, len(out.CountsByGroup))]
	return out, nil
}

// byStatistics compares groups as the sort criteria say; groups that they do not tell apart are in the order of their keys.
func byStatistics(in *macie2.FindingStatisticsSortCriteria) func(a, b macie2.GroupCount) int {
	byKey := func(a, b macie2.GroupCount) int { return strings.Compare(*a.GroupKey, *b.GroupKey) }
	byCount := func(a, b macie2.GroupCount) int { return cmp.Compare(*a.Count, *b.Count) }
	sign, first := -1, byCount
	if in != nil {
		if macie2.Deref(in.OrderBy) != macie2.OrderByDesc {
			sign = 1
		}
		if macie2.Deref(in.AttributeName) == macie2.FindingStatisticsSortAttributeNameGroupKey {
			first = byKey
		}
	}
	return func(a, b macie2.GroupCount) int { return cmp.Or(sign*first(a, b), byKey(a, b)) }
}

// count adds the counts of findings in rows of a scope. What finding_count tells apart is added up from there.
func count(ctx context.Context, tx *store.Tx, x scope, c Criteria, by macie2.GroupBy, counts map[string]int64) error {
	column := groups[by]
	q := statement{dialect: tx}
	if c.counted() {
		q.sql.WriteString("select value, cast(sum(counted) as bigint) from finding_count where")
		q.in(x)
		q.sql.WriteString(" and dimension = " + q.arg(column))
		q.where(c)
		q.sql.WriteString(" group by value")
	} else {
		q.sql.WriteString("select cast(" + column + " as text), count(*) from finding where")
		q.in(x)
		q.where(c)
		q.sql.WriteString(" and " + column + " is not null group by " + column)
	}
	return tx.Query(ctx, func(r store.Row) error {
		var key string
		var n int64
		if err := r.Scan(&key, &n); err != nil {
			return err
		}
		if column == "severity" {
			score, err := strconv.ParseInt(key, 10, 64)
			if err != nil {
				return fmt.Errorf("a severity is counted as %q: %w", key, err)
			}
			key = string(severities[score])
		}
		if n > 0 {
			counts[key] += n
		}
		return nil
	}, q.sql.String(), q.args...)
}
