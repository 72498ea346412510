package inventory

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
			"in a job":        {Criteria: map[string]props{"jobDetails.isDefinedInJob": {Eq: []string{"TRUE"}}}},
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
		// Each field with values of none and of many, in the order of their sizes: whatever is asked, no page may take long.
		b.Run("any criterion", func(b *testing.B) {
			var many []string
			for i := range maxValues {
				many = append(many, fmt.Sprintf("bucket-%05d", 20*i+1))
			}
			var asked []*macie2.DescribeBucketsInput
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				var all []props
				switch fields[name].kind {
				case numberField, timeField:
					all = []props{{Gt: n(1 << 60)}, {Gte: n(1), Lt: n(500)}, {Eq: []string{"7", "8"}}, {Neq: []string{"7"}}}
				case boolField:
					all = []props{{Eq: []string{"true"}}, {Neq: []string{"true"}}}
				default:
					all = []props{{Eq: []string{"none"}}, {Neq: []string{"none"}}, {Eq: many}, {Neq: many}}
				}
				if name == "bucketName" {
					all = append(all, props{Prefix: macie2.Ptr("z")}, props{Prefix: macie2.Ptr("b")})
				}
				for _, x := range all {
					asked = append(asked, &macie2.DescribeBucketsInput{Criteria: map[string]props{name: x},
						SortCriteria: &macie2.BucketSortCriteria{AttributeName: macie2.Ptr("sizeInBytes"), OrderBy: macie2.Ptr(macie2.OrderByDesc)}})
				}
			}
			worst := map[string]time.Duration{}
			i := 0
			percentiles(b, func() error {
				in := asked[i%len(asked)]
				i++
				began := time.Now()
				_, err := s.DescribeBuckets(b.Context(), call(alice), in)
				if spent := time.Since(began); spent > 10*time.Millisecond {
					for name := range in.Criteria {
						worst[name] = max(worst[name], spent)
					}
				}
				return err
			})
			b.Logf("%d criteria; over 10 ms: %v", len(asked), worst)
		})
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
				r.Tags = tagLines(f.Tags)
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

// BenchmarkCensus counts objects of a store that makes its listings up, over HTTP. Beside it the same listings are read, as many at once,
// and thrown away without a look at them (raw), and read by a client that takes encoding/xml to them (encoding-xml). The store's own work is
// in all three figures. cpu-ns/object is processor time, which does not depend on what else the machine does.
func BenchmarkCensus(b *testing.B) {
	const objects = 300_000
	server, c := madeUpStore(b, objects)
	measure := func(name string, fn func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				fn(b)
			}
			n := float64(objects) * float64(b.N)
			b.ReportMetric(n/b.Elapsed().Seconds(), "objects/s")
			b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/n, "cpu-ns/object")
		})
	}
	measure("raw", func(b *testing.B) {
		listAll(b, server.URL, objects, func(body io.Reader) error {
			_, err := io.Copy(io.Discard, body)
			return err
		})
	})
	measure("encoding-xml", func(b *testing.B) {
		var counted, size atomic.Int64
		listAll(b, server.URL, objects, func(body io.Reader) error {
			var page struct {
				Contents []struct {
					Key, ETag, StorageClass string
					LastModified            time.Time
					Size                    int64
				}
			}
			if err := xml.NewDecoder(body).Decode(&page); err != nil {
				return err
			}
			for _, o := range page.Contents {
				size.Add(o.Size)
			}
			counted.Add(int64(len(page.Contents)))
			return nil
		})
		if n := counted.Load(); n != objects {
			b.Fatalf("counted %d", n)
		}
	})
	measure("census", func(b *testing.B) {
		if n := countMadeUp(b, c, objects).Totals.Objects; n != objects {
			b.Fatalf("counted %d", n)
		}
	})
}

// BenchmarkCallsDuringCensus measures DescribeBuckets over 10,000 buckets, in turn while nothing else goes on and while a census goes on in
// the same process, of a store that takes 20 ms for a page: how much longer the median and the 99th percentile are.
func BenchmarkCallsDuringCensus(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		s := manyBuckets(b, open(), 10_000)
		const objects = 10_000_000
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(20 * time.Millisecond) // the store's own work
			madeUpListing(w, r, objects)
		}))
		defer server.Close()
		c, err := s3.New(s3.Options{Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		call := func() time.Duration {
			began := time.Now()
			if _, err := s.DescribeBuckets(b.Context(), call(alice), &macie2.DescribeBucketsInput{}); err != nil {
				b.Fatal(err)
			}
			return time.Since(began)
		}
		call() // the first one finds nothing warm
		var idle, busy []time.Duration
		var counted int64
		var took time.Duration
		for b.Loop() {
			// In turn, so that whatever else the machine does meets both.
			for range 25 {
				idle = append(idle, call())
			}
			ctx, stop := context.WithCancel(b.Context())
			x, err := newCount(&Bucket{BucketName{region, alice, "b"}, c, nil}, rangesOf(objects))
			if err != nil {
				b.Fatal(err)
			}
			began, ended := time.Now(), make(chan struct{})
			go func() {
				defer close(ended)
				_ = x.run(ctx, time.Hour, func(*censusState) error { return nil }) // it is stopped
			}()
			for range 25 {
				busy = append(busy, call())
			}
			stop()
			<-ended
			counted, took = counted+x.snapshot().Totals.Objects, took+time.Since(began)
		}
		slices.Sort(idle)
		slices.Sort(busy)
		at := func(list []time.Duration, percent int) float64 {
			return float64(list[len(list)*percent/100].Microseconds()) / 1000
		}
		b.ReportMetric(at(idle, 99), "idle-p99-ms")
		b.ReportMetric(at(busy, 99), "census-p99-ms")
		b.ReportMetric(at(busy, 50)/at(idle, 50), "p50-ratio")
		b.ReportMetric(at(busy, 99)/at(idle, 99), "p99-ratio")
		b.ReportMetric(float64(counted)/took.Seconds(), "objects/s")
	})
}

// BenchmarkCensusOfMany counts as many objects as MAGPIE_BENCH_OBJECTS says, once, and tells how much memory that took at most.
func BenchmarkCensusOfMany(b *testing.B) {
	objects, err := strconv.Atoi(os.Getenv("MAGPIE_BENCH_OBJECTS"))
	if err != nil {
		b.Skip("MAGPIE_BENCH_OBJECTS says how many")
	}
	_, c := madeUpStore(b, objects)
	for b.Loop() {
		var most atomic.Uint64
		ctx, cancel := context.WithCancel(b.Context())
		var w sync.WaitGroup
		w.Go(func() {
			for ctx.Err() == nil {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
				select {
				case <-time.After(200 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
		result := countMadeUp(b, c, objects)
		cancel()
		w.Wait()
		if n := result.Totals.Objects; n != int64(objects) {
			b.Fatalf("counted %d", n)
		}
		text, err := json.Marshal(result)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(most.Load())/(1<<20), "heap-MiB")
		b.ReportMetric(float64(len(text)), "result-bytes")
	}
	b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

// madeUpStore is a store of one bucket with so many objects, and its client.
func madeUpStore(b *testing.B, objects int) (*httptest.Server, *s3.Client) {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { madeUpListing(w, r, objects) }))
	b.Cleanup(server.Close)
	c, err := s3.New(s3.Options{Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return server, c
}

// rangesOf is the begin of a census of its bucket, in eight ranges.
func rangesOf(objects int) *censusState {
	state := &censusState{Bucket: "b"}
	for i := range 8 {
		r := &censusRange{At: EncodeKey(madeUpKey(i * objects / 8))}
		if i == 0 {
			r.At = EncodeKey("")
		}
		if i < 7 {
			r.To = EncodeKey(madeUpKey((i + 1) * objects / 8))
		}
		state.Ranges = append(state.Ranges, r)
	}
	return state
}

// countMadeUp is a census of its bucket.
func countMadeUp(b *testing.B, c *s3.Client, objects int) *censusResult {
	b.Helper()
	x, err := newCount(&Bucket{BucketName{region, alice, "b"}, c, nil}, rangesOf(objects))
	if err != nil {
		b.Fatal(err)
	}
	if err := x.run(b.Context(), time.Hour, func(*censusState) error { return nil }); err != nil {
		b.Fatal(err)
	}
	return x.result()
}

func madeUpKey(i int) string { return fmt.Sprintf("logs/2026/%09d.csv", i) }

// listAll reads all pages, as many at once as a census does.
func listAll(b *testing.B, endpoint string, objects int, read func(io.Reader) error) {
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
				if err == nil {
					err = errors.Join(read(response.Body), response.Body.Close())
				}
				if err != nil {
					b.Error(err)
				}
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
