package apitest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/s3/s3double"
	contract "magpie/internal/macie2"
)

// A node is killed in the middle of a census, with pages of the listing on their way. The other node, where there can be one, or the next
// one counts the bucket to its end: nothing is missing, and nothing is counted twice.
func TestKilledInMidCensus(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		const objects, size = 12_000, 3
		d := s3double.New()
		t.Cleanup(d.Close)
		d.Bucket("data", "AKIDDOUBLE")
		for i := range objects {
			d.Put("data", fmt.Sprintf("logs/%02d/%06d.txt", i/1000, i), s3double.Object{Content: []byte("abc")})
		}
		// So many pages are answered; the others wait until the gate is opened. Pages that look for a place to divide the bucket at do
		// not count, and are answered.
		const before = 5
		var pages atomic.Int64
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		t.Cleanup(open)
		d.AnswerWith(func(c s3double.Call) *s3double.Answer {
			if c.Name == "ListObjectsV2" && c.Bucket == "data" && pages.Add(1) > before {
				<-gate
			}
			return nil
		})
		first := h.serve()
		db := h.open()
		service := h.identity(db)
		settle(t, service, memberID)
		key := newKey(t, service, memberID)
		c, ctx := client("http://"+first.address, key, region), t.Context()
		must(t)(c.EnableMacie(ctx, &macie2.EnableMacieInput{}))
		_, err := h.operator(db).AddStore(ctx, contract.AccountID(memberID), inventory.ByOperator, inventory.Settings{Name: "double", Region: region,
			Kind: inventory.KindS3, Endpoint: d.URL, Insecure: true, AccessKeyID: "AKIDDOUBLE", Secret: identity.Secret("a secret")}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "pages of the listing are on their way", func() bool { return pages.Load() > before })
		second := first
		if h.engine == "postgres" {
			second = h.serve()
		}
		first.kill()
		open()
		if h.engine != "postgres" {
			second = h.serve()
		}
		c = client("http://"+second.address, key, region)
		eventually(t, "the bucket is counted", func() bool {
			out, err := c.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{})
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Buckets) != 1 || out.Buckets[0].ObjectCount == nil {
				return false
			}
			if n, bytes := aws.ToInt64(out.Buckets[0].ObjectCount), aws.ToInt64(out.Buckets[0].SizeInBytes); n != objects || bytes != size*objects {
				t.Errorf("counted %d objects of %d bytes, want %d of %d", n, bytes, objects, size*objects)
			}
			return true
		})
		statistics, err := c.GetBucketStatistics(ctx, &macie2.GetBucketStatisticsInput{})
		if err != nil || aws.ToInt64(statistics.ObjectCount) != objects || aws.ToInt64(statistics.SizeInBytes) != size*objects || aws.ToInt64(statistics.BucketCount) != 1 {
			t.Errorf("in all there are %+v, %v", statistics, err)
		}
	})
}
