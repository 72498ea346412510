package inventory

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// BenchmarkBuckets measures the operations over 10,000 buckets of one account: the median and the 99th percentile of a page.
func BenchmarkBuckets(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		s := manyBuckets(b, open(), 10_000)
		type props = macie2.BucketCriteriaAdditionalProperties
		n := macie2.Ptr[int64]
		pages := map[string]*macie2.DescribeBucketsInput{
			"no criteria":     {},
			"a name":          {Criteria: map[string]props{"bucketName": {Eq: []string{"bucket-05000"}}}},
			"a prefix":        {Criteria: map[string]props{"bucketName": {Prefix: macie2.Ptr("bucket-09")}}},
			"public":          {Criteria: map[string]props{"publicAccess.effectivePermission": {Eq: []string{"PUBLIC"}}}},
			"none has it":     {Criteria: map[string]props{"serverSideEncryption.kmsMasterKeyId": {Eq: []string{"none"}}}},
			"none as large":   {Criteria: map[string]props{"sizeInBytes": {Gt: n(1 << 60)}}},
			"a tag":           {Criteria: map[string]props{"tags.value": {Eq: []string{"team-7"}}}},
			"no such tag":     {Criteria: map[string]props{"tags.key": {Eq: []string{"none"}}}},
			"by size":         {SortCriteria: &macie2.BucketSortCriteria{AttributeName: macie2.Ptr("sizeInBytes"), OrderBy: macie2.Ptr(macie2.OrderByDesc)}},
			"public, by size": {Criteria: map[string]props{"publicAccess.effectivePermission": {Eq: []string{"PUBLIC"}}}, SortCriteria: &macie2.BucketSortCriteria{AttributeName: macie2.Ptr("sizeInBytes")}},
			"three criteria": {Criteria: map[string]props{"sharedAccess": {Eq: []string{"EXTERNAL"}}, "versioning": {Eq: []string{"true"}},
				"objectCount": {Gte: n(500)}}},
		}
		names := make([]string, 0, len(pages))
		for name := range pages {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			b.Run(name, func(b *testing.B) {
				percentiles(b, func() error {
					_, err := s.DescribeBuckets(b.Context(), call(alice), pages[name])
					return err
				})
			})
		}
		b.Run("GetBucketStatistics", func(b *testing.B) {
			percentiles(b, func() error {
				_, err := s.GetBucketStatistics(b.Context(), call(alice), &macie2.GetBucketStatisticsInput{})
				return err
			})
		})
	})
}

// percentiles reports how long f takes.
func percentiles(b *testing.B, f func() error) {
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// manyBuckets makes a service whose account has so many buckets.
func manyBuckets(b *testing.B, db *store.DB, n int) *Service {
	b.Helper()
	ctx := b.Context()
	s := New(Options{DB: db, Queue: queue.Open(db, queue.Options{Logger: storetest.Logger(b)}), Pages: pagetoken.New([]byte("a key of sixteen bytes and more")),
		Logger: storetest.Logger(b)})
	if _, err := session.New(db, queue.Open(db, queue.Options{})).EnableMacie(ctx, call(alice), &macie2.EnableMacieInput{}); err != nil {
		b.Fatal(err)
	}
	permissions := []string{"PUBLIC", "NOT_PUBLIC", "NOT_PUBLIC", "NOT_PUBLIC", "UNKNOWN"}
	shared := []string{"EXTERNAL", "INTERNAL", "NOT_SHARED"}
	for from := 0; from < n; from += 500 {
		err := db.Tx(ctx, "bench", func(tx *store.Tx) error {
			var changes []change
			for i := from; i < min(n, from+500); i++ {
				r := newRecord(Store{ID: "s", Settings: Settings{Region: region}, Account: alice}, fmt.Sprintf("bucket-%05d", i), macie2.Ptr(int64(i)), 1)
				r.Known, r.Effective, r.Shared, r.Versioning = true, permissions[i%len(permissions)], shared[i%len(shared)], i%2 == 0
				r.SSEType, r.KMSKeyID = macie2.Ptr("aws:kms"), macie2.Ptr(fmt.Sprintf("key-%d", i%100))
				r.count(totals{Objects: int64(i * 7 % 1000), Size: int64(i) * 7919 % 1_000_003})
				f := &facts{Tags: []objectstore.Tag{{Key: "team", Value: fmt.Sprintf("team-%d", i%50)}, {Key: "env", Value: "prod"}}}
				if err := s.keepFacts(ctx, tx, &r, nil, f); err != nil {
					return err
				}
				changes = append(changes, change{nil, &r})
			}
			return s.write(ctx, tx, changes)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkCensus counts objects of a store that makes its listings up, over HTTP, and beside it reads the same listings and throws them
// away: as many at once, and without looking at them.
func BenchmarkCensus(b *testing.B) {
	const objects = 300_000
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { madeUpListing(w, r, objects) }))
	defer server.Close()
	c, err := s3.New(s3.Options{Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	splits := func() (ranges []*censusRange) {
		for i := range 8 {
			r := &censusRange{At: EncodeKey(madeUpKey(i * objects / 8))}
			if i == 0 {
				r.At = EncodeKey("")
			}
			if i < 7 {
				r.To = EncodeKey(madeUpKey((i + 1) * objects / 8))
			}
			ranges = append(ranges, r)
		}
		return ranges
	}
	b.Run("raw", func(b *testing.B) {
		for b.Loop() {
			rawListing(b, server.URL, objects)
		}
		b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
	b.Run("census", func(b *testing.B) {
		for b.Loop() {
			state := &censusState{Bucket: "b", Ranges: splits()}
			x, err := newCount(&Bucket{BucketName{region, alice, "b"}, c, nil}, state)
			if err != nil {
				b.Fatal(err)
			}
			if err := x.run(b.Context(), time.Hour, func(*censusState) error { return nil }); err != nil {
				b.Fatal(err)
			}
			if n := x.result().Totals.Objects; n != objects {
				b.Fatalf("counted %d", n)
			}
		}
		b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
}

func madeUpKey(i int) string { return fmt.Sprintf("logs/2026/%09d.csv", i) }

// rawListing reads all pages, as many at once as a census does, and throws them away.
func rawListing(b *testing.B, endpoint string, objects int) {
	pages := make(chan int)
	var w sync.WaitGroup
	for range censusWorkers {
		w.Go(func() {
			for i := range pages {
				q := url.Values{"list-type": {"2"}, "max-keys": {"1000"}}
				if i > 0 {
					q.Set("start-after", madeUpKey(i-1))
				}
				response, err := http.Get(endpoint + "/b?" + q.Encode())
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
	for i := 0; i < objects; i += 1000 {
		pages <- i
	}
	close(pages)
	w.Wait()
}

// madeUpListing answers with the page that was asked for.
func madeUpListing(w http.ResponseWriter, r *http.Request, objects int) {
	q := r.URL.Query()
	from := 0
	if after := q.Get("start-after"); after != "" {
		i, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(after, "logs/2026/"), ".csv"))
		if err != nil { // a place that was looked for to divide a range
			i = objects
		}
		from = i + 1
	}
	most, _ := strconv.Atoi(q.Get("max-keys"))
	end := min(objects, from+most)
	page := make([]byte, 0, 300<<10)
	page = append(page, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys>`...)
	page = fmt.Appendf(page, "<EncodingType>url</EncodingType><IsTruncated>%v</IsTruncated>", end < objects)
	for i := from; i < end; i++ {
		page = append(page, "<Contents><Key>logs%2F2026%2F"...)
		digits := strconv.Itoa(i)
		page = append(append(append(page, "000000000"[len(digits):]...), digits...), ".csv</Key><LastModified>2026-11-30T08:15:00.123Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>4096</Size><Owner><ID>owner</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>"...)
	}
	page = append(page, "</ListBucketResult>"...)
	_, _ = w.Write(page)
}
