package finding

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// estate makes findings as a large estate has them: a few thousand buckets and jobs of very different sizes.
type estate struct{ *rand.Rand }

func (e estate) skewed(n int) int { return int(float64(n) * e.Float64() * e.Float64() * e.Float64()) }

func (e estate) finding(i int, start time.Time) *macie2.Finding {
	types := []string{"NAME", "ADDRESS", "PHONE_NUMBER", "USA_SOCIAL_SECURITY_NUMBER", "DATE_OF_BIRTH", "CREDIT_CARD_NUMBER", "AWS_CREDENTIALS"}
	items := map[macie2.SensitiveDataItemCategory]*macie2.SensitiveDataItem{}
	for range e.IntN(3) + 1 {
		k := e.IntN(len(types))
		category := macie2.SensitiveDataItemCategoryPersonalInformation
		switch k {
		case 5:
			category = macie2.SensitiveDataItemCategoryFinancialInformation
		case 6:
			category = macie2.SensitiveDataItemCategoryCredentials
		}
		if items[category] == nil {
			items[category] = &macie2.SensitiveDataItem{Category: &category, TotalCount: macie2.Ptr(int64(1))}
		}
		row, column := int64(e.IntN(10000)), int64(e.IntN(20))
		items[category].Detections = append(items[category].Detections, macie2.DefaultDetection{Type: &types[k], Count: macie2.Ptr(int64(e.IntN(300) + 1)),
			Occurrences: &macie2.Occurrences{Cells: []macie2.Cell{{Row: &row, Column: &column, ColumnName: macie2.Ptr("column")}}}})
	}
	result := &macie2.ClassificationResult{Status: &macie2.ClassificationResultStatus{Code: macie2.Ptr("COMPLETE")},
		MimeType: macie2.Ptr([]string{"text/csv", "application/json", "text/plain"}[e.IntN(3)]), SizeClassified: macie2.Ptr(int64(e.IntN(1 << 24)))}
	for _, item := range items {
		result.SensitiveData = append(result.SensitiveData, *item)
	}
	bucket, key := fmt.Sprintf("bucket-%04d", e.skewed(2000)), fmt.Sprintf("year=2026/month=%02d/part-%08d.csv", e.IntN(12)+1, i)
	f := Shape(&Analysis{
		Region: region, Run: strconv.Itoa(i % 500), Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: fmt.Sprintf("%032x", e.skewed(500)),
		Creator: alice, Owner: macie2.AccountID(fmt.Sprintf("%012d", 100000000000+e.skewed(1000))), Bucket: macie2.S3Bucket{Name: &bucket, Tags: []macie2.KeyValuePair{{Key: macie2.Ptr("team"), Value: macie2.Ptr("payments")}}},
		Object: macie2.S3Object{Key: &key, Size: macie2.Ptr(int64(1 << 20)), ETag: macie2.Ptr(strconv.Itoa(i))}, Result: result,
		At: start.Add(time.Duration(i) * 7 * time.Millisecond), Score: map[string]int64{"CREDIT_CARD_NUMBER": 3, "AWS_CREDENTIALS": 3, "DATE_OF_BIRTH": 2},
	}, "")
	f.Id = macie2.Ptr(fmt.Sprintf("%032x", e.Uint64()))
	return f
}

// BenchmarkFindings fills an account with findings (100,000, or as many as MAGPIE_BENCH_FINDINGS says) and measures what is
// asked of them: the 99th percentile in milliseconds of pages of 50 by one criterion and by three, and of statistics; how
// many findings are recorded, and how many are deleted because their time is over, in a second.
func BenchmarkFindings(b *testing.B) {
	size := 100_000
	if s, err := strconv.Atoi(os.Getenv("MAGPIE_BENCH_FINDINGS")); err == nil {
		size = s
	}
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		db := open()
		s := New(Options{DB: db, Queue: queue.Open(db, queue.Options{}), Pages: pagetoken.New([]byte("a key of enough bytes for tokens"))})
		d := &desk{Service: s, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
		d.benchmark(b, size)
	})
}

func (d *desk) benchmark(b *testing.B, size int) {
	ctx := b.Context()
	if err := d.db.Tx(ctx, "", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into macie_session (region, account_id, status, finding_publishing_frequency, standing, created_at, updated_at)
			values ($1, $2, 'ENABLED', 'FIFTEEN_MINUTES', 'Standalone', 1, 1)`, region, string(alice))
		return err
	}); err != nil {
		b.Fatal(err)
	}
	e := estate{rand.New(rand.NewPCG(1, 2))}
	var spent, processor time.Duration
	for i := 0; i < size; i += 500 {
		var batch []*macie2.Finding
		for k := i; k < min(i+500, size); k++ {
			batch = append(batch, e.finding(k, d.now))
		}
		began, used := time.Now(), processorTime()
		if err := d.db.Tx(ctx, Lane(region, alice), func(tx *store.Tx) error {
			_, err := d.Record(ctx, tx, region, alice, batch)
			return err
		}); err != nil {
			b.Fatal(err)
		}
		if err := d.mergeDue(ctx); err != nil { // which a server does beside it
			b.Fatal(err)
		}
		spent, processor = spent+time.Since(began), processor+processorTime()-used
	}
	b.Run("record", func(b *testing.B) {
		b.ReportMetric(float64(size)/spent.Seconds(), "findings/s")
		b.ReportMetric(float64(size)/processor.Seconds(), "findings/cpu-s")
		b.ReportMetric(0, "ns/op")
	})
	percentile := func(b *testing.B, f func() error) { d.percentile(b, f) }
	list := func(c map[string]criterion) func() error {
		return func() error {
			_, err := d.ListFindings(ctx, d.call(alice), &macie2.ListFindingsInput{FindingCriteria: criteria(c)})
			return err
		}
	}
	eq := func(v string) criterion { return criterion{Eq: []string{v}} }
	for _, x := range []struct {
		name string
		c    map[string]criterion
	}{
		{"all", nil},
		{"jobId", map[string]criterion{"classificationDetails.jobId": eq(fmt.Sprintf("%032x", 3))}},
		{"bucket", map[string]criterion{bucketPrefix + "name": eq("bucket-0007")}},
		{"bucket of few", map[string]criterion{bucketPrefix + "name": eq("bucket-1990")}},
		{"severity", map[string]criterion{"severity.description": eq("Medium")}},
		{"type", map[string]criterion{"type": eq("SensitiveData:S3Object/Credentials")}},
		{"updatedAt", map[string]criterion{"updatedAt": {Gte: macie2.Ptr(d.now.Add(time.Minute).UnixMilli())}}},
		{"detection type", map[string]criterion{resultPrefix + "sensitiveData.detections.type": eq("CREDIT_CARD_NUMBER")}},
		{"detection type of none", map[string]criterion{resultPrefix + "sensitiveData.detections.type": eq("FRANCE_PASSPORT_NUMBER")}},
		{"bucket of none", map[string]criterion{bucketPrefix + "name": eq("bucket")}},
		{"key of none", map[string]criterion{objectPrefix + "key": eq("none.csv")}},
		{"size", map[string]criterion{resultPrefix + "sizeClassified": {Gt: macie2.Ptr(int64(1 << 23)), Lt: macie2.Ptr(int64(1<<23 + 100))}}},
		{"not a key", map[string]criterion{objectPrefix + "key": {Neq: []string{"none.csv"}}}},
		{"three that are many", map[string]criterion{"severity.description": eq("High"), resultPrefix + "mimeType": eq("text/csv"), "type": {Neq: []string{"x"}}}},
		{"three, one of none", map[string]criterion{"severity.description": eq("High"), "archived": eq("false"), bucketPrefix + "tags.value": eq("x")}},
		{"three", map[string]criterion{bucketPrefix + "name": eq("bucket-0010"), "severity.description": eq("High"), "archived": eq("false")}},
		{"three of few", map[string]criterion{objectPrefix + "extension": eq("csv"), resultPrefix + "mimeType": eq("text/csv"), customPrefix + "name": eq("none")}},
	} {
		b.Run("list "+x.name, func(b *testing.B) { percentile(b, list(x.c)) })
	}
	for _, attribute := range slices.Sorted(maps.Keys(sorts)) {
		b.Run("sort by "+attribute, func(b *testing.B) {
			percentile(b, func() error {
				_, err := d.ListFindings(ctx, d.call(alice), &macie2.ListFindingsInput{SortCriteria: &macie2.SortCriteria{AttributeName: &attribute}})
				return err
			})
		})
	}
	for by, column := range groups {
		for _, x := range []struct {
			name string
			c    map[string]criterion
		}{{"", nil}, {", two criteria", map[string]criterion{"severity.description": eq("High"), resultPrefix + "mimeType": eq("text/csv")}}} {
			b.Run("count by "+column+x.name, func(b *testing.B) {
				percentile(b, func() error {
					_, err := d.GetFindingStatistics(ctx, d.call(alice), &macie2.GetFindingStatisticsInput{GroupBy: &by, FindingCriteria: criteria(x.c)})
					return err
				})
			})
		}
	}
	b.Run("expire", func(b *testing.B) {
		page := list(map[string]criterion{"severity.description": eq("Medium")})
		p50, p99 := quantiles(b, nil, page)
		some := size / 10
		began := time.Now()
		var took time.Duration
		done := make(chan error, 1)
		go func() {
			err := d.Expire(ctx, d.now.Add(Retention+time.Duration(some)*7*time.Millisecond))
			took = time.Since(began)
			done <- err
		}()
		var err error
		meanwhile50, meanwhile99 := quantiles(b, func() bool {
			select {
			case err = <-done:
				return true
			default:
				return false
			}
		}, page)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(some)/took.Seconds(), "findings/s")
		for name, d := range map[string]time.Duration{"p50-ms-before": p50, "p99-ms-before": p99, "p50-ms-meanwhile": meanwhile50, "p99-ms-meanwhile": meanwhile99} {
			b.ReportMetric(float64(d.Microseconds())/1000, name)
		}
		b.ReportMetric(0, "ns/op")
	})
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// quantiles calls f until done, or 300 times if it is nil, and tells how long it took.
func quantiles(b *testing.B, done func() bool, f func() error) (p50, p99 time.Duration) {
	var times []time.Duration
	for done == nil && len(times) < 300 || done != nil && !done() {
		began := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
		time.Sleep(2 * time.Millisecond)
	}
	slices.Sort(times)
	return times[len(times)/2], times[len(times)*99/100]
}

// percentile calls f a hundred times and reports the slowest but one, and the processor time of a call, the database's not
// included where that is another process; before that, once without anything in memory.
func (d *desk) percentile(b *testing.B, f func() error) {
	d.cache = newColumnCache(cacheBytes)
	times := make([]time.Duration, 101)
	var used time.Duration
	for i := range times {
		if i == 1 {
			used = processorTime()
		}
		began := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(began)
	}
	used = processorTime() - used
	b.ReportMetric(float64(times[0].Microseconds())/1000, "first-ms")
	slices.Sort(times[1:])
	b.ReportMetric(float64(times[99].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(used.Microseconds())/100_000, "cpu-ms")
	b.ReportMetric(0, "ns/op")
}
