package apitest

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// Samples are listed, read, counted and suppressed; what the SDK reads has the members that clients use without a check.
func TestSampleFindings(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		_, err := c.admin.ListFindings(ctx, &macie2.ListFindingsInput{})
		wantCode(t, err, "AccessDeniedException")
		c.enable(c.admin)
		if _, err := c.admin.CreateSampleFindings(ctx, &macie2.CreateSampleFindingsInput{}); err != nil {
			t.Fatal(err)
		}
		high := &types.FindingCriteria{Criterion: map[string]types.CriterionAdditionalProperties{
			"severity.description": {Eq: []string{"High"}}, "category": {Eq: []string{"CLASSIFICATION"}}, "sample": {Eq: []string{"true"}},
		}}
		listed, err := c.admin.ListFindings(ctx, &macie2.ListFindingsInput{FindingCriteria: high,
			SortCriteria: &types.SortCriteria{AttributeName: aws.String("updatedAt"), OrderBy: types.OrderByDesc}})
		if err != nil || len(listed.FindingIds) != 4 {
			t.Fatalf("%d samples of data are High, %v", len(listed.FindingIds), err)
		}
		got, err := c.admin.GetFindings(ctx, &macie2.GetFindingsInput{FindingIds: listed.FindingIds})
		if err != nil || len(got.Findings) != 4 {
			t.Fatal(len(got.Findings), err)
		}
		for _, f := range got.Findings {
			result := f.ClassificationDetails.Result
			if result.CustomDataIdentifiers == nil || result.CustomDataIdentifiers.Detections == nil || result.SensitiveData == nil ||
				aws.ToInt64(f.Count) != 1 || aws.ToString(f.SchemaVersion) != "1.0" || f.ResourcesAffected.S3Object.VersionId == nil ||
				!strings.HasPrefix(aws.ToString(f.ClassificationDetails.DetailedResultsLocation), "s3://[export-config-not-set]/AWSLogs/") {
				t.Errorf("a sample lacks what clients read: %+v", f)
			}
		}
		counted, err := c.admin.GetFindingStatistics(ctx, &macie2.GetFindingStatisticsInput{GroupBy: types.GroupByType})
		if err != nil || len(counted.CountsByGroup) != 11 {
			t.Fatal(len(counted.CountsByGroup), err)
		}
		filter, err := c.admin.CreateFindingsFilter(ctx, &macie2.CreateFindingsFilterInput{Name: aws.String("no samples"), Action: types.FindingsFilterActionArchive,
			FindingCriteria: &types.FindingCriteria{Criterion: map[string]types.CriterionAdditionalProperties{"sample": {Eq: []string{"true"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		open, err := c.admin.ListFindings(ctx, &macie2.ListFindingsInput{FindingCriteria: &types.FindingCriteria{
			Criterion: map[string]types.CriterionAdditionalProperties{"archived": {Eq: []string{"false"}}}}})
		if err != nil || len(open.FindingIds) != 0 {
			t.Errorf("%d samples are not archived, %v", len(open.FindingIds), err)
		}
		if _, err := c.admin.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: filter.Arn, Tags: map[string]string{"team": "x"}}); err != nil {
			t.Fatal(err)
		}
		read, err := c.admin.GetFindingsFilter(ctx, &macie2.GetFindingsFilterInput{Id: filter.Id})
		if err != nil || read.Tags["team"] != "x" || aws.ToInt32(read.Position) != 1 {
			t.Errorf("%+v, %v", read, err)
		}
		if _, err := c.admin.DisableMacie(ctx, &macie2.DisableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		c.enable(c.admin)
		again, err := c.admin.ListFindings(ctx, &macie2.ListFindingsInput{})
		filters, filtersErr := c.admin.ListFindingsFilters(ctx, &macie2.ListFindingsFiltersInput{})
		if err != nil || filtersErr != nil || len(again.FindingIds)+len(filters.FindingsFilterListItems) != 0 {
			t.Errorf("findings or filters outlived the session: %v %v", err, filtersErr)
		}
	})
}
