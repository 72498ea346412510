package finding

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestColumns: each form of a column gives back what was put in.
func TestColumns(t *testing.T) {
	text, numbers := fields["type"], fields["count"]
	for name, values := range map[string]func(i int) ([]string, []int64){
		"one text":                func(int) ([]string, []int64) { return []string{"a"}, nil },
		"none":                    func(int) ([]string, []int64) { return nil, nil },
		"few texts":               func(i int) ([]string, []int64) { return []string{fmt.Sprint(i % 7)}, nil },
		"some without":            func(i int) ([]string, []int64) { return slices.Repeat([]string{"", "b"}, i%2), nil },
		"many texts":              func(i int) ([]string, []int64) { return []string{fmt.Sprint(i % 700)}, nil },
		"a text each":             func(i int) ([]string, []int64) { return []string{fmt.Sprint(i)}, nil },
		"several texts":           func(i int) ([]string, []int64) { return []string{fmt.Sprint(i % 5), "x", "x\x00\xff", ""}, nil },
		"one number":              func(int) ([]string, []int64) { return nil, []int64{-5} },
		"a number each":           func(i int) ([]string, []int64) { return nil, []int64{1 << 60 * int64(i%3-1) * int64(i)} },
		"several numbers":         func(i int) ([]string, []int64) { return nil, []int64{int64(i % 11), 3, int64(i % 2)} },
		"some without numbers":    func(i int) ([]string, []int64) { return nil, slices.Repeat([]int64{9}, i%2) },
		"many numbers, with nils": func(i int) ([]string, []int64) { return nil, slices.Repeat([]int64{int64(i)}, min(1, i%3)) },
	} {
		for _, size := range []int{1, 2, 255, 256, 257, 2000, maxSegment} {
			f := text
			if _, n := values(1); n != nil {
				f = numbers
			}
			w := newColumnWriter(f)
			for i := range size {
				w.add(values(i))
			}
			stored := w.encoded()
			c, err := decodeColumn(f, stored, size)
			if err != nil {
				t.Fatalf("%s, %d: %v", name, size, err)
			}
			single := true
			for i := range size {
				texts, ns := c.entry(c.code(i))
				wantTexts, wantNumbers := values(i)
				slices.Sort(wantNumbers)
				if !slices.Equal(texts, unique(wantTexts)) || !slices.Equal(ns, slices.Compact(wantNumbers)) {
					t.Fatalf("%s, %d: finding %d has %q %v, want %q %v", name, size, i, texts, ns, wantTexts, wantNumbers)
				}
				single = single && len(texts)+len(ns) == 1
			}
			if c.single() != single {
				t.Errorf("%s, %d: single is %v", name, size, c.single())
			}
			if _, err := decodeColumn(f, stored[:len(stored)-1], size); err == nil {
				t.Errorf("%s, %d: a column that was cut off is read", name, size)
			}
		}
	}
}

// FuzzColumn: whatever is stored, it is read or refused.
func FuzzColumn(f *testing.F) {
	for i, size := range []int{1, 3, 300, 300} {
		w := newColumnWriter(fields["type"])
		for k := range size {
			w.add([]string{fmt.Sprint(k % (1 + 100*i))}, nil)
		}
		f.Add(w.encoded(), size)
	}
	f.Fuzz(func(t *testing.T, stored []byte, size int) {
		if size < 1 || size > maxSegment {
			return
		}
		for _, of := range []*field{fields["type"], fields["createdAt"]} {
			c, err := decodeColumn(of, stored, size)
			if err != nil {
				continue
			}
			for i := range size {
				c.entry(c.code(i))
			}
		}
		if columns, err := splitBody(string(stored)); err == nil {
			for name, x := range columns {
				if fields[name] != nil {
					_, _ = decodeAny(name, x, size) // it is refused or not
				}
			}
		}
	})
}

// TestSieve: what was put in is always let through, and of the rest hardly anything.
func TestSieve(t *testing.T) {
	for _, size := range []int{0, 1, 10, 20_000} {
		var in []string
		for i := range size {
			in = append(in, fmt.Sprint("in ", i))
		}
		s := newSieve(in)
		for _, x := range in {
			if !s.mayHave(x) {
				t.Fatalf("of %d, %q is not let through", size, x)
			}
		}
		through := 0
		for i := range 10_000 {
			if s.mayHave(fmt.Sprint("out ", i)) {
				through++
			}
		}
		if size == 20_000 && through > 300 || size == 0 && through > 0 {
			t.Errorf("of %d, %d of 10,000 others are let through", size, through)
		}
	}
}

// TestMerging: however findings come, few segments are left, and each finding stays what it was, archived or gone.
func TestMerging(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := rand.New(rand.NewPCG(5, 6))
		d.merger.sizes = []int{2, 8, 32}
		_, err := d.CreateFindingsFilter(t.Context(), d.call(alice), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("some"),
			Action: macie2.Ptr(macie2.FindingsFilterActionArchive), FindingCriteria: criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{"b0"}}})})
		if err != nil {
			t.Fatal(err)
		}
		var all []*macie2.Finding
		for range 300 {
			var some []*macie2.Finding
			for range r.IntN(3) + 1 {
				i := len(all) + len(some)
				some = append(some, found(fmt.Sprint("j", i%5), fmt.Sprint("b", i%4), fmt.Sprint("k", i), d.now.Add(time.Duration(i)*time.Second), map[string]int64{"NAME": 1}))
			}
			d.record(alice, some...)
			all = append(all, some...)
			if err := d.mergeDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.mergeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		var segments []*segment
		err = d.db.View(t.Context(), func(tx *store.Tx) (err error) {
			segments, err = segmentsOf(t.Context(), tx, region, string(alice))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		next, loose := int64(0), 0
		for _, g := range segments {
			if g.first != next {
				t.Errorf("a segment begins with %d, want %d", g.first, next)
			}
			if next = g.first + int64(g.size); g.loose {
				loose++
			}
		}
		if next != int64(len(all)) || loose >= 3*mergeAtOnce {
			t.Errorf("%d findings are in %d segments, %d of them loose; want %d", next, len(segments), loose, len(all))
		}
		// A third ends; what is left is in segments that lack some of their findings.
		if err := d.Expire(t.Context(), all[len(all)/3].UpdatedAt.Add(Retention)); err != nil {
			t.Fatal(err)
		}
		left := all[len(all)/3+1:]
		var want, archived []string
		for _, x := range left {
			want = append(want, *x.Id)
			if *x.ResourcesAffected.S3Bucket.Name == "b0" {
				archived = append(archived, *x.Id)
			}
		}
		slices.Reverse(want)
		slices.Reverse(archived)
		if got := d.list(alice, macie2.ListFindingsInput{}); !slices.Equal(got, want) {
			t.Errorf("%d are listed, want %d", len(got), len(want))
		}
		if got := d.list(alice, macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{"archived": {Eq: []string{"true"}}})}); !slices.Equal(got, archived) {
			t.Errorf("%d are archived, want %d", len(got), len(archived))
		}
		if got := d.get(alice, *all[0].Id, *left[0].Id, archived[0]); len(got) != 2 || *got[1].Archived != true {
			t.Errorf("GetFindings gives %d of one that is gone and two that are not", len(got))
		}
		if n := d.record(alice, left[0]); n != 0 {
			t.Error("a finding was recorded twice")
		}
	})
}

// TestSegmentsMove: a reader whose segments become part of another begins again, and sees everything once.
func TestSegmentsMove(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.merger.sizes = []int{2, 8, 32}
		var want []string
		for i := range 40 {
			f := found("j", "b", fmt.Sprint(i), d.now, map[string]int64{"NAME": 1})
			want = append(want, *f.Id)
			d.record(alice, f)
		}
		slices.Sort(want)
		reads := 0
		err := d.reread(func() error {
			reads++
			return d.db.View(t.Context(), func(tx *store.Tx) error {
				segments, err := segmentsOf(t.Context(), tx, region, string(alice))
				if err != nil {
					return err
				}
				if reads == 1 {
					if err := d.Merge(t.Context(), region, alice); err != nil {
						return err
					}
					d.cache = newColumnCache(cacheBytes) // the merge has read the columns too
				}
				var got []string
				err = d.walk(t.Context(), tx, segments, Criteria{}, []string{idColumn}, func(g *segment, in []int32) bool {
					for _, i := range in {
						got = append(got, g.column(idColumn).id(int(i)))
					}
					return true
				})
				if slices.Sort(got); err == nil && !slices.Equal(got, want) {
					t.Errorf("%d findings are read, want %d", len(got), len(want))
				}
				return err
			})
		})
		if err != nil || reads < 2 {
			t.Errorf("read %d times: %v", reads, err)
		}
	})
}

// TestCacheIsBounded: what is used last stays, and all of it takes no more memory than it may.
func TestCacheIsBounded(t *testing.T) {
	c := newColumnCache(10_000)
	column := &column{ids: make([]byte, 600)}
	for i := range 100 {
		c.put(fmt.Sprint(i), "id", column)
		c.get("0", "id")
	}
	if c.bytes > c.most || len(c.by) != c.used.Len() || len(c.by) < 5 || c.get("0", "id") == nil || c.get("50", "id") != nil || c.get("99", "id") == nil {
		t.Errorf("it holds %d bytes in %d columns", c.bytes, len(c.by))
	}
	c.put("large", "id", &columnOf5000)
	if c.get("large", "id") != nil {
		t.Error("it keeps what would leave no room for others")
	}
}

var columnOf5000 = column{ids: make([]byte, 5000)}

// TestNodesTogether: nodes that record, merge, suppress, end and list findings of one account at the same time lose none, and show
// none twice.
func TestNodesTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db func() *store.DB) {
		d := open(t, db())
		nodes := []*Service{d.Service, New(Options{DB: d.db, Queue: queue.Open(d.db, queue.Options{Logger: d.log}), Pages: d.pages, Logger: d.log})}
		for _, n := range nodes {
			n.merger.sizes = []int{2, 8, 32}
		}
		const batches, each = 40, 3
		old := d.now.Add(-100 * 24 * time.Hour)
		var recording, others sync.WaitGroup
		var mu sync.Mutex
		var want, archived []string
		for k, n := range nodes {
			recording.Go(func() {
				for i := range batches {
					var some []*macie2.Finding
					for j := range each {
						at, bucket := d.now.Add(time.Duration(i)*time.Second), "kept"
						switch j {
						case 1:
							at = old
						case 2:
							bucket = "suppressed"
						}
						some = append(some, found("j", bucket, fmt.Sprint(k, i, j), at, map[string]int64{"NAME": 1}))
					}
					err := n.db.Tx(t.Context(), Lane(region, alice), func(tx *store.Tx) error {
						_, err := n.Record(t.Context(), tx, region, alice, some)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					want = append(want, *some[0].Id, *some[2].Id)
					archived = append(archived, *some[2].Id)
					mu.Unlock()
				}
			})
		}
		done := make(chan struct{})
		again := func(what func(n *Service) error) {
			for _, n := range nodes {
				others.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						if err := what(n); err != nil && !errors.Is(err, store.ErrConflict) { // who meets others too often tries again later
							t.Error(err)
							return
						}
					}
				})
			}
		}
		c, err := ParseCriteria(criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{"suppressed"}}}))
		if err != nil {
			t.Fatal(err)
		}
		suppress := func(n *Service) error {
			return n.db.Tx(t.Context(), Lane(region, alice), func(tx *store.Tx) error {
				_, err := n.archiveData(t.Context(), tx, region, alice, c, 10)
				return err
			})
		}
		again(func(n *Service) error { return n.Merge(t.Context(), region, alice) })
		again(suppress)
		again(func(n *Service) error { return n.Expire(t.Context(), d.now) })
		again(func(n *Service) error {
			mu.Lock()
			must := slices.Clone(want)
			mu.Unlock()
			ids := map[string]bool{}
			in := &macie2.ListFindingsInput{}
			for {
				out, err := n.ListFindings(t.Context(), d.call(alice), in)
				if err != nil {
					return err
				}
				for _, id := range out.FindingIds {
					if ids[id] {
						return fmt.Errorf("%s is listed twice", id)
					}
					ids[id] = true
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					break
				}
			}
			for _, id := range must {
				if !ids[id] {
					return fmt.Errorf("%s, one of %d, is not listed", id, len(must))
				}
			}
			return nil
		})
		recording.Wait()
		close(done)
		others.Wait()
		for range 2 * batches {
			if err := suppress(d.Service); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Expire(t.Context(), d.now); err != nil {
			t.Fatal(err)
		}
		if err := d.Merge(t.Context(), region, alice); err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		slices.Sort(archived)
		got := d.list(alice, macie2.ListFindingsInput{})
		suppressed := d.list(alice, macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{"archived": {Eq: []string{"true"}}})})
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%d findings are left, want %d", len(got), len(want))
		}
		if slices.Sort(suppressed); !slices.Equal(suppressed, archived) {
			t.Errorf("%d findings are archived, want %d", len(suppressed), len(archived))
		}
		for table, most := range map[string]int64{"finding_data": int64(len(want)), "finding_segment": 60, "finding_column": 60 * 70} {
			var n int64
			if err := d.db.View(t.Context(), func(tx *store.Tx) error {
				return tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n)
			}); err != nil || n > most {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
	})
}
