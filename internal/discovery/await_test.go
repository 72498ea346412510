package discovery

import (
	"slices"
	"testing"
	"time"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/s3/s3double"
	"magpie/internal/macie2"
)

// TestBucketsNotSeenYet: a job over a bucket that came after its store was looked at, or of a store that nobody has looked at yet, waits for
// the look. A store that cannot be looked at is not waited for.
func TestBucketsNotSeenYet(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more(twoAccounts().options)
		n.work()
		n.enable(alice)
		complete := func(what, bucket, trouble string, found ...string) {
			t.Helper()
			id := n.create(alice, oneTime(alice, bucket))
			n.reaches(alice, id, macie2.JobStatusComplete)
			if got := n.trouble(alice, id); len(got) > 1 || trouble == "" && len(got) > 0 || trouble != "" && !slices.Equal(got, []string{trouble}) {
				t.Errorf("%s: the events are %q, want %q", what, got, trouble)
			}
			if got := n.found(alice, id); !slices.Equal(got, found) {
				t.Errorf("%s: found %v, want %v", what, got, found)
			}
		}
		put := func(name, endpoint string) {
			t.Helper()
			_, err := n.inventory.AddStore(t.Context(), alice, inventory.ByOperator, inventory.Settings{Name: name, Region: region, Kind: inventory.KindS3,
				Endpoint: endpoint, Insecure: true, AccessKeyID: "AKID" + string(alice), Secret: identity.Secret("a secret")}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
		}
		double := func(bucket, key string) *s3double.Double {
			d := s3double.New()
			t.Cleanup(d.Close)
			d.Bucket(bucket, "AKID"+string(alice))
			d.Put(bucket, key, s3double.Object{Content: []byte(card)})
			return d
		}
		put("one", double("first", "a.txt").URL)
		complete("a store that is new", "first", "", "first/a.txt")

		d := double("second", "b.txt")
		put("two", d.URL)
		byCriteria := oneTime(alice)
		byCriteria.S3JobDefinition = &macie2.S3JobDefinition{BucketCriteria: &macie2.S3BucketCriteriaForJob{}}
		id := n.create(alice, byCriteria)
		n.reaches(alice, id, macie2.JobStatusComplete)
		if got := n.found(alice, id); !slices.Equal(got, []string{"first/a.txt", "second/b.txt"}) {
			t.Errorf("by criteria: found %v", got)
		}

		d.Bucket("third", "AKID"+string(alice))
		d.Put("third", "c.txt", s3double.Object{Content: []byte(card)})
		complete("a bucket that is new", "third", "", "third/c.txt")
		complete("no bucket", "fourth", eventBucketMissing+" "+string(alice)+" fourth")

		put("away", "http://127.0.0.1:1")
		complete("no bucket, beside a store that is away", "fifth", eventBucketMissing+" "+string(alice)+" fifth")
	})
}
