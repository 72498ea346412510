package inventory

import (
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// TestJobsOfOthersAreNotTold: an account is told what its own jobs do with a bucket, not what those of its administrator do, nor the
// other way round; with the creator's session its jobs go.
func TestJobsOfOthersAreNotTold(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice, bob)
		f.join(alice, bob)
		f.addFolder(bob, "b", map[string]string{"data/z.txt": "z", "other/y.txt": "y"})
		f.lookNow(bob, "b")
		bucket := []BucketName{{region, bob, "data"}, {region, bob, "data"}} // named twice
		err := f.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			JobDefined(tx, Job{Region: region, Creator: alice, ID: "a", Explicit: true, Recurring: true}, bucket)
			JobRan(tx, Job{Region: region, Creator: bob, ID: "b"}, bucket, 5000)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		told := func(as macie2.AccountID) string {
			out, err := f.DescribeBuckets(t.Context(), call(as), &macie2.DescribeBucketsInput{})
			if err != nil {
				t.Fatal(err)
			}
			all := ""
			for _, b := range out.Buckets {
				d := b.JobDetails
				all += *b.BucketName + " " + string(*d.IsDefinedInJob) + " " + string(*d.IsMonitoredByJob) + " " + macie2.Deref(d.LastJobId) + "; "
			}
			return all
		}
		if got := told(alice); got != "data TRUE TRUE ; other FALSE FALSE ; " {
			t.Errorf("the administrator is told %s", got)
		}
		if got := told(bob); got != "data TRUE FALSE b; other FALSE FALSE ; " {
			t.Errorf("the member is told %s", got)
		}
		sees := func(as macie2.AccountID) int {
			out, err := f.DescribeBuckets(t.Context(), call(as), &macie2.DescribeBucketsInput{Criteria: map[string]macie2.BucketCriteriaAdditionalProperties{
				"jobDetails.lastJobId": {Eq: []string{"b"}}}})
			if err != nil {
				t.Fatal(err)
			}
			return len(out.Buckets)
		}
		if n, m := sees(alice), sees(bob); n != 0 || m != 1 {
			t.Errorf("by the member's job the administrator finds %d buckets, the member %d", n, m)
		}
	})
}
