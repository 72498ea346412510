package finding

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
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
// asked of them: the 99th percentile in milliseconds of pages of 50 by one criterion and by three, in every order, and of
// statistics; how many findings are recorded, and how many are deleted because their time is over, in a second.
// MAGPIE_BENCH_KEEP names a database, a SQLite file or a postgres:// address, to be used alone and kept, so that parts can be
// measured one after the other: what is missing is filled in first.
func BenchmarkFindings(b *testing.B) {
	size := 100_000
	if s, err := strconv.Atoi(os.Getenv("MAGPIE_BENCH_FINDINGS")); err == nil {
		size = s
	}
	run := func(b *testing.B, db *store.DB) {
		s := New(Options{DB: db, Queue: queue.Open(db, queue.Options{}), Pages: pagetoken.New([]byte("a key of enough bytes for tokens"))})
		d := &desk{Service: s, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
		d.benchmark(b, size)
	}
	if kept := os.Getenv("MAGPIE_BENCH_KEEP"); kept != "" {
		o := store.Options{Logger: storetest.Logger(b), Path: kept}
		if strings.HasPrefix(kept, "postgres") {
			o = store.Options{Logger: o.Logger, URL: kept}
		}
		b.Run("kept", func(b *testing.B) { run(b, storetest.Open(b, o)) })
		return
	}
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) { run(b, open()) })
}

func (d *desk) benchmark(b *testing.B, size int) {
	ctx := b.Context()
	there := 0 // of findings, where a database was kept
	if err := d.db.Tx(ctx, "", func(tx *store.Tx) error {
		var next int64
		if err := tx.QueryRow(ctx, `select next from finding_head where region = $1 and holder = $2`, region, string(alice)).Scan(&next); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if there = int(next); there > 0 {
			return nil
		}
		_, err := tx.Exec(ctx, `insert into macie_session (region, account_id, status, finding_publishing_frequency, standing, created_at, updated_at)
			values ($1, $2, 'ENABLED', 'FIFTEEN_MINUTES', 'Standalone', 1, 1)`, region, string(alice))
		return err
	}); err != nil {
		b.Fatal(err)
	}
	e := estate{rand.New(rand.NewPCG(1, 2))}
	var spent, processor time.Duration
	var some []*macie2.Finding // of them, to ask for what they have
	for i := 0; i < size; i += 500 {
		var batch []*macie2.Finding
		for k := i; k < min(i+500, size); k++ {
			batch = append(batch, e.finding(k, d.now))
		}
		if len(some) < 2000 {
			some = append(some, batch...)
		}
		if i < there {
			continue
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
		if fresh := float64(size - there); fresh > 0 {
			b.ReportMetric(fresh/spent.Seconds(), "findings/s")
			b.ReportMetric(fresh/processor.Seconds(), "findings/cpu-s")
		}
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
		for _, direction := range macie2.OrderBy("").Values() {
			in := &macie2.ListFindingsInput{SortCriteria: &macie2.SortCriteria{AttributeName: &attribute, OrderBy: &direction}}
			b.Run("sort by "+attribute+" "+string(direction), func(b *testing.B) { // page after page
				percentile(b, func() error {
					out, err := d.ListFindings(ctx, d.call(alice), in)
					if err == nil {
						in.NextToken = out.NextToken
					}
					return err
				})
			})
		}
	}
	// Each field, and any three, with values that findings have, mostly, in any order: requests of which none comes twice.
	r := randomizer{rand.New(rand.NewPCG(3, 4))}
	names := slices.Sorted(maps.Keys(fields))
	var ones, threes []*macie2.ListFindingsInput
	for _, name := range names {
		if f := fields[name]; f.kind == text {
			ones = append(ones, &macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{name: eq("of none")})})
			var fifty []string
			for i := range maxValues {
				fifty = append(fifty, append(f.texts(some[r.IntN(len(some))]), strconv.Itoa(i))[0])
			}
			ones = append(ones, &macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{name: {Eq: fifty}})})
		}
		for range 6 {
			ones = append(ones, &macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{name: r.criterion(fields[name], some)})})
		}
	}
	attributes := slices.Sorted(maps.Keys(sorts))
	for range 400 {
		three := map[string]criterion{}
		for len(three) < 3 {
			name := names[r.IntN(len(names))]
			three[name] = r.criterion(fields[name], some)
		}
		threes = append(threes, &macie2.ListFindingsInput{FindingCriteria: criteria(three), SortCriteria: &macie2.SortCriteria{
			AttributeName: &attributes[r.IntN(len(attributes))], OrderBy: &macie2.OrderBy("").Values()[r.IntN(2)]}})
	}
	for name, requests := range map[string][]*macie2.ListFindingsInput{"list any one": ones, "list any three": threes} {
		b.Run(name, func(b *testing.B) {
			d.each(b, len(requests), func(i int) error {
				_, err := d.ListFindings(ctx, d.call(alice), requests[i])
				return err
			}, func(i int) string { return narrowed(requests[i]) })
		})
	}
	b.Run("count any three", func(b *testing.B) {
		by := macie2.GroupBy("").Values()
		d.each(b, len(threes), func(i int) error {
			_, err := d.GetFindingStatistics(ctx, d.call(alice), &macie2.GetFindingStatisticsInput{GroupBy: &by[i%len(by)], FindingCriteria: threes[i].FindingCriteria})
			return err
		}, func(i int) string { return narrowed(threes[i]) })
	})
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

// each makes n requests, one after the other, and reports the 99th percentile; it logs the slowest.
func (d *desk) each(b *testing.B, n int, f func(i int) error, spell func(i int) string) {
	d.cache = newColumnCache(cacheBytes)
	times := make([]time.Duration, n)
	order := make([]int, n)
	for i := range times {
		order[i] = i
		began := time.Now()
		if err := f(i); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(began)
	}
	slices.SortFunc(order, func(a, b int) int { return int(times[a] - times[b]) })
	for _, i := range order[n-6:] {
		b.Logf("%v: %.300s", times[i], spell(i))
	}
	for name, i := range map[string]int{"p50-ms": n / 2, "p99-ms": n * 99 / 100, "most-ms": n - 1} {
		b.ReportMetric(float64(times[order[i]].Microseconds())/1000, name)
	}
	b.ReportMetric(0, "ns/op")
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
