package discovery

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// imagined is a store that makes its listings up: a bucket's name says how many objects it has.
type imagined struct {
	objectstore.Store
	extension string
	modified  time.Time
}

const digits = 10

func (x *imagined) key(i int64) string {
	var b [digits + 8]byte
	for at := digits - 1; at >= 0; at-- {
		b[at] = byte('0' + i%10)
		i /= 10
	}
	return string(b[:digits+copy(b[digits:], x.extension)])
}

// List implements objectstore.Store.
func (x *imagined) List(ctx context.Context, bucket string, l objectstore.Listing) (page objectstore.Page, err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	_, count, _ := strings.Cut(bucket, ".")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return page, err
	}
	first, most := int64(0), int64(objectstore.MaxPage)
	if l.Max > 0 {
		most = min(most, int64(l.Max))
	}
	if l.After != "" {
		if i, err := strconv.ParseInt(l.After[:min(digits, len(l.After))], 10, 64); err == nil && l.After == x.key(i) {
			first = i + 1
		} else { // a key that there is not, where a range is split
			low, high := int64(0), n
			for low < high {
				if middle := (low + high) / 2; x.key(middle) <= l.After {
					low = middle + 1
				} else {
					high = middle
				}
			}
			first = low
		}
	}
	end := min(n, first+most)
	if first < end {
		page.Objects = make([]objectstore.Object, end-first)
	}
	for i := first; i < end; i++ {
		page.Objects[i-first] = objectstore.Object{Key: x.key(i), Size: 2048, ETag: "e", LastModified: x.modified, StorageClass: "STANDARD"}
	}
	page.More = end < n
	return page, nil
}

// Close implements objectstore.Store.
func (x *imagined) Close() error { return nil }

// simulation is how much is made up.
type simulation struct {
	objects           int64
	buckets, accounts int
}

// TestSimulation works through buckets that are made up: no object is read. Most objects are one account's, whose job comes first. It says
// what jobs cost the database, and how long accounts wait for one another. MAGPIE_SIMULATE says how many objects there are, in ten
// buckets for each of MAGPIE_SIMULATE_ACCOUNTS (1,000); MAGPIE_SIMULATE_RESULTS=1 makes them pictures, of which each has a result, in place of objects that have not
// changed.
func TestSimulation(t *testing.T) {
	s := simulation{objects: 200_000, buckets: 60, accounts: 12}
	if text := os.Getenv("MAGPIE_SIMULATE"); text != "" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		s = simulation{objects: int64(n), buckets: 10_000, accounts: 1000}
		if text := os.Getenv("MAGPIE_SIMULATE_ACCOUNTS"); text != "" {
			if s.accounts, err = strconv.Atoi(text); err != nil || s.accounts < 2 {
				t.Fatalf("MAGPIE_SIMULATE_ACCOUNTS is %q", text)
			}
			s.buckets = 10 * s.accounts
		}
	}
	x := &imagined{extension: ".txt", modified: time.Unix(1_700_000_000, 0).UTC()}
	if os.Getenv("MAGPIE_SIMULATE_RESULTS") != "" {
		x.extension = ".png"
	}
	connect = func(inventory.Store) (objectstore.Store, error) { return x, nil }
	defer func() { connect = nil }()
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { s.run(t, start(t, open(), t.TempDir()), x) })
}

// run creates the jobs, and tells what they cost.
func (s *simulation) run(t *testing.T, n *node, x *imagined) {
	ids := make([]macie2.AccountID, s.accounts)
	for i := range ids {
		ids[i] = macie2.AccountID(fmt.Sprintf("%012d", 100_000_000_000+i))
	}
	n.enable(ids...)
	expected := s.fill(t, n, ids)
	n.work()

	before := n.cost()
	began := time.Now()
	jobs := map[macie2.AccountID]string{ids[0]: n.create(ids[0], s.job(x))}
	n.until("the large job is planned", func() bool {
		j := n.job(ids[0], jobs[ids[0]])
		return j.active != planning
	})
	planned := time.Since(began)
	for _, id := range ids[1:] {
		jobs[id] = n.create(id, s.job(x))
	}
	created := time.Since(began)
	waited := map[macie2.AccountID]time.Duration{}
	var most uint64
	for tick := time.NewTicker(20 * time.Millisecond); len(waited) < len(jobs); <-tick.C {
		for _, id := range n.complete() {
			if _, known := waited[id]; !known {
				waited[id] = time.Since(began)
			}
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.Sys-m.HeapReleased)
	}
	took := time.Since(began)
	if os.Getenv("MAGPIE_SIMULATE") != "" {
		time.Sleep(3 * time.Second) // PostgreSQL's statistics come late
	}
	cost := n.cost().minus(before)
	var total int64
	for id, job := range jobs {
		p, err := n.Progress(t.Context(), n.call(id), job)
		if err != nil {
			t.Fatal(err)
		}
		if want := expected[id]; p.Seen != want || x.extension == ".png" && p.Results != want {
			t.Errorf("the job of %s has seen %d objects with %d results, want %d", id, p.Seen, p.Results, want)
		}
		total += p.Seen
	}
	var others []time.Duration
	for _, id := range ids[1:] {
		others = append(others, waited[id])
	}
	slices.Sort(others)
	millions := float64(total) / 1e6
	t.Logf("%d objects in %d buckets of %d accounts, %s: %v, %.0f objects/s", total, s.buckets, s.accounts, x.extension, took.Round(time.Millisecond),
		float64(total)/took.Seconds())
	t.Logf("planned after %v, all jobs created after %v; the other accounts were done after %v (half of them), %v (the last), the large one after %v",
		planned.Round(time.Millisecond), created.Round(time.Millisecond), others[len(others)/2].Round(time.Millisecond),
		others[len(others)-1].Round(time.Millisecond), waited[ids[0]].Round(time.Millisecond))
	t.Logf("for a million objects: %.0f writing transactions, %.0f rows inserted, %.0f updated, %.0f deleted; memory of the process at most %d MB",
		float64(cost.transactions)/millions, float64(cost.inserted)/millions, float64(cost.updated)/millions, float64(cost.deleted)/millions, most>>20)
}

// job is over all buckets of its account: over what was changed lately, or over all objects.
func (s *simulation) job(x *imagined) *macie2.CreateClassificationJobInput {
	in := &macie2.CreateClassificationJobInput{ClientToken: macie2.Ptr(newJobID()), Name: macie2.Ptr("a job"), JobType: macie2.Ptr(macie2.JobTypeOneTime),
		S3JobDefinition: &macie2.S3JobDefinition{BucketCriteria: &macie2.S3BucketCriteriaForJob{}}}
	if x.extension != ".png" {
		in.S3JobDefinition.Scoping = &macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{
			simple("OBJECT_LAST_MODIFIED_DATE", "GT", "2999-01-01T00:00:00Z")}}}
	}
	return in
}

// fill makes the accounts' stores and buckets known. A tenth of the buckets, with nine tenths of the objects, are the first account's; half
// of the others have ten objects each.
func (s *simulation) fill(t *testing.T, n *node, ids []macie2.AccountID) map[macie2.AccountID]int64 {
	t.Helper()
	count := map[macie2.AccountID]int64{}
	var buckets [][]any
	add := func(id macie2.AccountID, objects int64) {
		count[id] += objects
		name := fmt.Sprintf("b%d.%d", len(buckets), objects)
		buckets = append(buckets, []any{region, string(id), name, "store " + string(id), int64(1), int64(1), int64(1), int64(1), true, int64(1), "NOT_PUBLIC",
			"NOT_SHARED", "UNKNOWN", false, objects, "FALSE", "UNKNOWN", "MONITORED"})
	}
	large := max(1, s.buckets/10)
	for range large {
		add(ids[0], s.objects*9/10/int64(large))
	}
	middle := len(ids) / 2
	for i := range s.buckets - large {
		if id := ids[1+i%(len(ids)-1)]; slices.Index(ids, id) > middle {
			add(id, s.objects/10/int64(s.buckets-large)*2)
		} else if count[id] < 10 {
			add(id, 10)
		} else {
			add(id, 0)
		}
	}
	var stores [][]any
	for _, id := range ids {
		stores = append(stores, []any{"store " + string(id), string(id), "store", region, "s3", "https://storage.example.com", "", false, false, "", "", "", "", "", "",
			"[]", int64(0), int64(0), "operator", int64(1), "Ready", "", int64(1), int64(math.MaxInt64 / 2), int64(1), int64(1)})
	}
	insert := func(into string, rows [][]any) {
		t.Helper()
		for part := range slices.Chunk(rows, 500) {
			err := n.db.Tx(t.Context(), "simulation", func(tx *store.Tx) error {
				_, err := tx.InsertMany(t.Context(), into, part, "")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	insert(`insert into object_store (id, account_id, name, region, kind, endpoint, signing_region, virtual_host, insecure, access_key_id, secret, master_key_id,
		role_arn, external_id, ca, buckets, max_requests, max_bandwidth, origin, revision, status, status_detail, look, look_due, created_at, updated_at)`, stores)
	insert(`insert into bucket (region, account_id, name, store_id, created_at, look, facts_look, revision, known, last_updated, effective_permission, shared_access,
		allows_unencrypted, versioning, object_count, defined_in_job, monitored_by_job, monitoring_status)`, buckets)
	return count
}

// databaseCost is what was done to the database since it was made.
type databaseCost struct{ transactions, inserted, updated, deleted int64 }

func (c databaseCost) minus(d databaseCost) databaseCost {
	return databaseCost{c.transactions - d.transactions, c.inserted - d.inserted, c.updated - d.updated, c.deleted - d.deleted}
}

// cost asks PostgreSQL what was done; SQLite does not count it.
func (n *node) cost() (c databaseCost) {
	n.t.Helper()
	if n.db.Engine() != "postgres" {
		return c
	}
	err := n.db.Tx(n.t.Context(), "cost", func(tx *store.Tx) error {
		if _, err := tx.Exec(n.t.Context(), "select pg_stat_clear_snapshot()"); err != nil {
			return err
		}
		return tx.QueryRow(n.t.Context(), `select cast(cast(pg_current_xact_id() as text) as bigint), cast(coalesce(sum(n_tup_ins), 0) as bigint), cast(coalesce(sum(n_tup_upd), 0) as bigint),
			cast(coalesce(sum(n_tup_del), 0) as bigint) from pg_stat_user_tables`).Scan(&c.transactions, &c.inserted, &c.updated, &c.deleted)
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// job reads a job's row.
func (n *node) job(account macie2.AccountID, id string) (j *job) {
	n.t.Helper()
	err := n.db.View(n.t.Context(), func(tx *store.Tx) (err error) {
		j, err = find(n.t.Context(), tx, name{region, account, id})
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return j
}

// complete are the accounts whose jobs are complete.
func (n *node) complete() (ids []macie2.AccountID) {
	n.t.Helper()
	err := n.db.View(n.t.Context(), func(tx *store.Tx) error {
		ids = nil
		return tx.Query(n.t.Context(), func(r store.Row) error {
			var id macie2.AccountID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		}, "select account_id from classification_job where status = 'COMPLETE'")
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return ids
}
