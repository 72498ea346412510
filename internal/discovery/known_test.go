package discovery

import (
	"fmt"
	"testing"

	"magpie/internal/macie2"
)

// TestJobDetailsOfBuckets: DescribeBuckets says of a bucket which jobs of the caller are about it, from their creation to their end, and
// finds buckets by that.
func TestJobDetailsOfBuckets(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		n.work()
		n.folder(alice, map[string]string{"one/a.txt": "x", "two/b.txt": "x", "three/c.txt": "x"})
		type criteria = map[string]macie2.BucketCriteriaAdditionalProperties
		buckets := func(c criteria) []macie2.BucketMetadata {
			t.Helper()
			out, err := n.inventory.DescribeBuckets(t.Context(), n.call(alice), &macie2.DescribeBucketsInput{Criteria: c})
			if err != nil {
				t.Fatal(err)
			}
			return out.Buckets
		}
		names := func(c criteria) string {
			t.Helper()
			all := ""
			for _, b := range buckets(c) {
				all += *b.BucketName + " "
			}
			return all
		}
		show := func() string {
			t.Helper()
			all := ""
			for _, b := range buckets(nil) {
				d := b.JobDetails
				last := "-"
				if d.LastJobId != nil {
					last = *d.LastJobId + " " + d.LastJobRunTime.String()
				}
				all += fmt.Sprintf("%s %s %s %s\n", *b.BucketName, *d.IsDefinedInJob, *d.IsMonitoredByJob, last)
			}
			return all
		}
		if got := show(); got != "one FALSE FALSE -\nthree FALSE FALSE -\ntwo FALSE FALSE -\n" {
			t.Errorf("without jobs:\n%s", got)
		}
		first := n.create(alice, oneTime(alice, "one"))
		n.reaches(alice, first, macie2.JobStatusComplete)
		daily := func(in *macie2.CreateClassificationJobInput, now bool) *macie2.CreateClassificationJobInput {
			in.JobType, in.InitialRun = macie2.Ptr(macie2.JobTypeScheduled), &now
			in.ScheduleFrequency = &macie2.JobScheduleFrequency{DailySchedule: &macie2.DailySchedule{}}
			return in
		}
		byCriteria := oneTime(alice)
		byCriteria.S3JobDefinition = &macie2.S3JobDefinition{BucketCriteria: &macie2.S3BucketCriteriaForJob{Includes: &macie2.CriteriaBlockForJob{And: []macie2.CriteriaForJob{
			{SimpleCriterion: &macie2.SimpleCriterionForJob{Key: macie2.Ptr(macie2.SimpleCriterionKeyForJobS3BucketName), Comparator: macie2.Ptr(macie2.JobComparatorEq), Values: []string{"two"}}},
		}}}}
		second := n.create(alice, daily(byCriteria, true))
		n.reaches(alice, second, macie2.JobStatusIdle)
		third := n.create(alice, daily(oneTime(alice, "three"), false))
		at := func(id string) string { return n.describe(alice, id).LastRunTime.String() }
		want := "one TRUE FALSE " + first + " " + at(first) + "\nthree TRUE TRUE -\ntwo TRUE TRUE " + second + " " + at(second) + "\n"
		if got := show(); got != want {
			t.Errorf("with three jobs:\n%s, want\n%s", got, want)
		}
		eq := func(path, value string) criteria { return criteria{path: {Eq: []string{value}}} }
		for _, c := range []struct {
			criteria criteria
			want     string
		}{
			{eq("jobDetails.isDefinedInJob", "TRUE"), "one three two "}, {eq("jobDetails.isMonitoredByJob", "TRUE"), "three two "},
			{eq("jobDetails.isMonitoredByJob", "FALSE"), "one "}, {eq("jobDetails.lastJobId", first), "one "}, {eq("jobDetails.lastJobId", third), ""},
			{criteria{"jobDetails.lastJobRunTime": {Gte: macie2.Ptr(n.describe(alice, second).LastRunTime.UnixMilli())}, "bucketName": {Neq: []string{"one"}}}, "two "},
		} {
			if got := names(c.criteria); got != c.want {
				t.Errorf("%+v finds %q, want %q", c.criteria, got, c.want)
			}
		}
		for _, id := range []string{second, third} {
			if err := n.update(alice, id, macie2.JobStatusCancelled); err != nil {
				t.Fatal(err)
			}
		}
		want = "one TRUE FALSE " + first + " " + at(first) + "\nthree FALSE FALSE -\ntwo TRUE FALSE " + second + " " + at(second) + "\n"
		if got := show(); got != want {
			t.Errorf("with two of them cancelled:\n%s, want\n%s", got, want)
		}
		again := n.create(alice, oneTime(alice, "one", "two"))
		n.reaches(alice, again, macie2.JobStatusComplete)
		if got := names(eq("jobDetails.lastJobId", again)); got != "one two " {
			t.Errorf("the last job is that of %q", got)
		}
		found, err := n.inventory.SearchResources(t.Context(), n.call(alice), &macie2.SearchResourcesInput{})
		if err != nil || len(found.MatchingResources) != 3 || *found.MatchingResources[0].MatchingBucket.JobDetails.LastJobId != again {
			t.Errorf("a search finds %+v, %v", found, err)
		}
	})
}
