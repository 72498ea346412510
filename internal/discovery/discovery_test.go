package discovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
	"magpie/internal/usage"
)

const (
	region = "eu-west-1"
	alice  = macie2.AccountID("111122223333") // the administrator of bob
	bob    = macie2.AccountID("222233334444")
	carol  = macie2.AccountID("333344445555") // a stranger to both
)

// card is a number that is found without a keyword.
const card = "credit card number 4539 1488 0343 6467\n"

// node is a server's part in discovery, with a queue that runs when a test lets it.
type node struct {
	t *testing.T
	*Service
	db        *store.DB
	queue     *queue.Queue
	sessions  *session.Service
	inventory *inventory.Service
	findings  *finding.Service
	stop      func()
}

// each runs a test on every engine. More nodes share the database.
func each(t *testing.T, test func(t *testing.T, more func(...func(*Options)) *node)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		data := t.TempDir()
		test(t, func(edit ...func(*Options)) *node { return start(t, open(), data, edit...) })
	})
}

func start(t *testing.T, db *store.DB, data string, edit ...func(*Options)) *node {
	t.Helper()
	return startAt(t, db, data, nil, edit...)
}

// connect opens stores that are made up; nil where there are none. A test that sets it does not run beside others.
var connect func(inventory.Store) (objectstore.Store, error)

// startAt is start with another clock than the machine's, if not nil.
func startAt(t *testing.T, db *store.DB, data string, clock func() time.Time, edit ...func(*Options)) *node {
	t.Helper()
	key, err := identity.LoadMasterKey(t.Context(), db, identity.MasterKeySource{Folder: data})
	if err != nil {
		t.Fatal(err)
	}
	log := storetest.Logger(t)
	// No node dies in these tests. One that was taken for dead, on a machine that is slow, would have its work done twice.
	n := &node{t: t, db: db, queue: queue.Open(db, queue.Options{Logger: log, Poll: 20 * time.Millisecond, Lease: 10 * time.Minute, Clock: clock})}
	pages := pagetoken.New([]byte("a key of sixteen bytes and more"))
	directory := identity.NewDirectory(db, identity.Options{})
	n.sessions = session.New(db, n.queue)
	membership.New(membership.Options{DB: db, Queue: n.queue, Directory: directory, Sessions: n.sessions, Pages: pages, Logger: log})
	n.inventory = inventory.New(inventory.Options{DB: db, Queue: n.queue, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose), Pages: pages,
		Logger: log, Directory: directory, Connect: connect})
	t.Cleanup(func() { n.inventory.Close() })
	n.findings = finding.New(finding.Options{DB: db, Queue: n.queue, Pages: pages, Logger: log, Reveal: &again{n: n}})
	pool := analyse.New(analyse.Options{Workers: 2, InProcess: true, Log: log})
	t.Cleanup(pool.Close)
	o := Options{DB: db, Queue: n.queue, Now: clock, Pages: pages, Inventory: n.inventory, Findings: n.findings, Pool: pool, Logger: log,
		Members: func(_ context.Context, _ *store.Tx, _ string, a macie2.AccountID) ([]macie2.AccountID, error) {
			if a == alice {
				return []macie2.AccountID{bob}, nil
			}
			return nil, nil
		}}
	for _, e := range edit {
		e(&o)
	}
	n.Service = New(o)
	n.sessions.Hook(n.SessionHooks())
	return n
}

// work lets the queue run until the test ends, or n.stop is called.
func (n *node) work() {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = n.queue.Run(ctx) })
	group.Go(func() { _ = n.inventory.Run(ctx) })
	n.stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	n.t.Cleanup(n.stop)
}

func (n *node) call(account macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: account, Region: region, Now: time.Now().UTC().Truncate(time.Millisecond)}
}

func (n *node) enable(accounts ...macie2.AccountID) {
	n.t.Helper()
	for _, a := range accounts {
		if _, err := n.sessions.EnableMacie(n.t.Context(), n.call(a), &macie2.EnableMacieInput{}); err != nil {
			n.t.Fatal(err)
		}
	}
}

// folder makes a store of an account out of files, whose first folders are buckets, and waits until these are known.
func (n *node) folder(account macie2.AccountID, files map[string]string) string {
	n.t.Helper()
	dir := n.t.TempDir()
	buckets := map[string]bool{}
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			n.t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			n.t.Fatal(err)
		}
		bucket, _, _ := strings.Cut(name, "/")
		buckets[bucket] = true
	}
	_, err := n.inventory.AddStore(n.t.Context(), account, inventory.ByOperator,
		inventory.Settings{Name: "files", Region: region, Kind: inventory.KindFolder, Endpoint: "file://" + dir}, time.Now())
	if err != nil {
		n.t.Fatal(err)
	}
	for bucket := range buckets {
		n.until("the bucket "+bucket+" is known", func() bool {
			var x inventory.Summary
			err := n.db.View(n.t.Context(), func(tx *store.Tx) (err error) {
				x, err = inventory.SummaryOf(n.t.Context(), tx, region, account, bucket)
				return err
			})
			return err == nil && !x.Gone
		})
	}
	return dir
}

// until waits for what other goroutines bring about.
func (n *node) until(what string, is func() bool) {
	n.t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			n.t.Fatalf("after two minutes it is not so that %s", what)
		}
	}
}

// oneTime is a job over buckets of an account.
func oneTime(owner macie2.AccountID, buckets ...string) *macie2.CreateClassificationJobInput {
	return &macie2.CreateClassificationJobInput{
		ClientToken: macie2.Ptr(newJobID()), Name: macie2.Ptr("a job"), JobType: macie2.Ptr(macie2.JobTypeOneTime),
		S3JobDefinition: &macie2.S3JobDefinition{BucketDefinitions: []macie2.S3BucketDefinitionForJob{{AccountId: macie2.Ptr(string(owner)), Buckets: buckets}}},
	}
}

// everyBucket is a job over all buckets of an account.
func everyBucket() *macie2.CreateClassificationJobInput {
	in := oneTime("")
	in.S3JobDefinition = &macie2.S3JobDefinition{BucketCriteria: &macie2.S3BucketCriteriaForJob{}}
	return in
}

func (n *node) create(account macie2.AccountID, in *macie2.CreateClassificationJobInput) string {
	n.t.Helper()
	out, err := n.CreateClassificationJob(n.t.Context(), n.call(account), in)
	if err != nil {
		n.t.Fatal(err)
	}
	return *out.JobId
}

func (n *node) describe(account macie2.AccountID, id string) *macie2.DescribeClassificationJobOutput {
	n.t.Helper()
	out, err := n.DescribeClassificationJob(n.t.Context(), n.call(account), &macie2.DescribeClassificationJobInput{JobId: &id})
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

func (n *node) reaches(account macie2.AccountID, id string, status macie2.JobStatus) {
	n.t.Helper()
	n.until("the job is "+string(status), func() bool { return *n.describe(account, id).JobStatus == status })
}

func (n *node) update(account macie2.AccountID, id string, status macie2.JobStatus) error {
	_, err := n.UpdateClassificationJob(n.t.Context(), n.call(account), &macie2.UpdateClassificationJobInput{JobId: &id, JobStatus: &status})
	return err
}

// found are the paths of the findings of a job, sorted.
func (n *node) found(account macie2.AccountID, id string) []string {
	n.t.Helper()
	var paths []string
	in := &macie2.ListFindingsInput{FindingCriteria: &macie2.FindingCriteria{Criterion: map[string]macie2.CriterionAdditionalProperties{
		"classificationDetails.jobId": {Eq: []string{id}}}}}
	for {
		out, err := n.findings.ListFindings(n.t.Context(), n.call(account), in)
		if err != nil {
			n.t.Fatal(err)
		}
		if len(out.FindingIds) > 0 {
			got, err := n.findings.GetFindings(n.t.Context(), n.call(account), &macie2.GetFindingsInput{FindingIds: out.FindingIds})
			if err != nil {
				n.t.Fatal(err)
			}
			for _, f := range got.Findings {
				paths = append(paths, *f.ResourcesAffected.S3Object.Path)
			}
		}
		if in.NextToken = out.NextToken; out.NextToken == nil {
			slices.Sort(paths)
			return paths
		}
	}
}

func refused(t *testing.T, err error, code macie2.Exception, says string) {
	t.Helper()
	var refusal *macie2.Error
	if !errors.As(err, &refusal) || refusal.Code != code || !strings.Contains(refusal.Message, says) {
		t.Errorf("got %v, want %s with %q", err, code, says)
	}
}

// TestJob: an administrator's job over its member's bucket ends COMPLETE with a finding for each object that holds something,
// which the owner of the bucket does not see.
func TestJob(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice, bob)
		n.folder(bob, map[string]string{"data/a.txt": card, "data/in/b.csv": "credit card number\n4539148803436467\n", "data/clean.txt": "nothing\n", "data/picture.png": card})
		id := n.create(alice, oneTime(bob, "data"))
		n.reaches(alice, id, macie2.JobStatusComplete)
		if got := n.found(alice, id); !slices.Equal(got, []string{"data/a.txt", "data/in/b.csv"}) {
			t.Errorf("found %v", got)
		}
		if got := n.found(bob, id); len(got) != 0 {
			t.Errorf("the owner of the bucket sees %v", got)
		}
		d := n.describe(alice, id)
		if *d.LastRunErrorStatus.Code != macie2.LastRunErrorStatusCodeNone || *d.Statistics.NumberOfRuns != 1 || *d.SamplingPercentage != 100 || *d.InitialRun ||
			*d.ManagedDataIdentifierSelector != macie2.ManagedDataIdentifierSelectorRecommended || d.UserPausedDetails != nil {
			t.Errorf("it is described as %+v", d)
		}
		_, err := n.DescribeClassificationJob(t.Context(), n.call(bob), &macie2.DescribeClassificationJobInput{JobId: &id})
		refused(t, err, macie2.ResourceNotFoundException, "")
	})
}

// TestJobScopes: extensions, prefixes, sizes and exclusions decide what is looked at.
func TestJobScopes(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice)
		n.folder(alice, map[string]string{"data/logs/a.txt": card, "data/logs/b.log": card, "data/c.txt": card, "data/big.txt": card + strings.Repeat("x\n", 5000), "other/d.txt": card})
		term := func(key macie2.ScopeFilterKey, by macie2.JobComparator, values ...string) macie2.JobScopeTerm {
			return macie2.JobScopeTerm{SimpleScopeTerm: &macie2.SimpleScopeTerm{Key: &key, Comparator: &by, Values: values}}
		}
		for name, x := range map[string]struct {
			scoping macie2.Scoping
			want    []string
		}{
			"an extension":    {macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{term("OBJECT_EXTENSION", "EQ", "log")}}}, []string{"data/logs/b.log"}},
			"a prefix":        {macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{term("OBJECT_KEY", "STARTS_WITH", "logs/")}}}, []string{"data/logs/a.txt", "data/logs/b.log"}},
			"but not":         {macie2.Scoping{Excludes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{term("OBJECT_KEY", "STARTS_WITH", "logs/")}}}, []string{"data/big.txt", "data/c.txt"}},
			"a size":          {macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{term("OBJECT_SIZE", "GT", "1000")}}}, []string{"data/big.txt"}},
			"of the future":   {macie2.Scoping{Includes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{term("OBJECT_LAST_MODIFIED_DATE", "GT", "2999-01-01T00:00:00Z")}}}, nil},
			"all but of both": {macie2.Scoping{Excludes: &macie2.JobScopingBlock{And: []macie2.JobScopeTerm{term("OBJECT_KEY", "STARTS_WITH", "logs/"), term("OBJECT_EXTENSION", "EQ", "txt")}}}, []string{"data/big.txt", "data/c.txt", "data/logs/b.log"}},
		} {
			in := oneTime(alice, "data")
			in.S3JobDefinition.Scoping = &x.scoping
			id := n.create(alice, in)
			n.reaches(alice, id, macie2.JobStatusComplete)
			if got := n.found(alice, id); !slices.Equal(got, x.want) {
				t.Errorf("%s: found %v, want %v", name, got, x.want)
			}
		}
	})
}

// TestManyObjects: more than a page, split between two nodes, one of which goes away in the middle: each object is there once.
func TestManyObjects(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		one, two := more(), more()
		one.work()
		two.work()
		one.enable(alice)
		files, want := map[string]string{}, []string{}
		for i := range 2500 {
			name := fmt.Sprintf("data/%04d.txt", i)
			files[name] = card
			want = append(want, name)
		}
		one.folder(alice, files)
		id := one.create(alice, oneTime(alice, "data"))
		one.until("some are found", func() bool { return len(one.found(alice, id)) > 0 })
		two.stop()
		one.reaches(alice, id, macie2.JobStatusComplete)
		if got := one.found(alice, id); !slices.Equal(got, want) {
			t.Errorf("%d findings, want %d", len(got), len(want))
		}
	})
}

// TestPauseResumeCancel: what was paused goes on where it was; what was cancelled does not; refusals have Macie's texts.
func TestPauseResumeCancel(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice)
		files := map[string]string{}
		for i := range 1500 {
			files[fmt.Sprintf("data/%04d.txt", i)] = card
		}
		n.folder(alice, files)
		id := n.create(alice, oneTime(alice, "data"))
		if err := n.update(alice, id, macie2.JobStatusUserPaused); err != nil {
			t.Fatal(err)
		}
		d := n.describe(alice, id)
		if *d.JobStatus != macie2.JobStatusUserPaused || d.UserPausedDetails == nil || d.UserPausedDetails.JobExpiresAt.Sub(d.UserPausedDetails.JobPausedAt.Time) != pauseLasts {
			t.Errorf("a paused job is described as %+v", d)
		}
		refused(t, n.update(alice, id, macie2.JobStatusUserPaused), macie2.ValidationException, "")
		if err := n.update(alice, id, macie2.JobStatusRunning); err != nil {
			t.Fatal(err)
		}
		n.reaches(alice, id, macie2.JobStatusComplete)
		if got := n.found(alice, id); len(got) != len(files) {
			t.Errorf("%d findings, want %d", len(got), len(files))
		}
		refused(t, n.update(alice, id, macie2.JobStatusRunning), macie2.ValidationException, "cannot update completed job for job: arn:aws:macie2:eu-west-1:111122223333:classification-job/"+id)
		refused(t, n.update(alice, id, macie2.JobStatusCancelled), macie2.ValidationException, "cannot update cancelled job for job: arn:")

		id = n.create(alice, oneTime(alice, "data"))
		if err := n.update(alice, id, macie2.JobStatusCancelled); err != nil {
			t.Fatal(err)
		}
		refused(t, n.update(alice, id, macie2.JobStatusRunning), macie2.ValidationException, "cannot update cancelled job for job: arn:")
		n.until("no task is left", func() bool {
			depths, err := n.queue.Depths(t.Context())
			return err == nil && !slices.ContainsFunc(depths, func(d queue.Depth) bool { return d.Kind == shardKind || d.Kind == planKind })
		})
		if got := n.found(alice, id); len(got) == len(files) {
			t.Error("a cancelled job went on to its end")
		}
		if s := *n.describe(alice, id).JobStatus; s != macie2.JobStatusCancelled {
			t.Errorf("a cancelled job is %s", s)
		}
	})
}

// TestScheduled: the first run looks at what is there if it is asked to, later ones at what has changed since.
func TestScheduled(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice)
		dir := n.folder(alice, map[string]string{"data/old.txt": card})
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(dir, "data/old.txt"), old, old); err != nil {
			t.Fatal(err)
		}
		in := oneTime(alice, "data")
		in.JobType, in.InitialRun = macie2.Ptr(macie2.JobTypeScheduled), macie2.Ptr(true)
		in.ScheduleFrequency = &macie2.JobScheduleFrequency{DailySchedule: &macie2.DailySchedule{}}
		id := n.create(alice, in)
		n.reaches(alice, id, macie2.JobStatusIdle)
		if got := n.found(alice, id); !slices.Equal(got, []string{"data/old.txt"}) {
			t.Errorf("the first run found %v", got)
		}
		if err := os.WriteFile(filepath.Join(dir, "data/new.txt"), []byte(card), 0o644); err != nil {
			t.Fatal(err)
		}
		// The day passes: the job is woken as its task would.
		err := n.db.Tx(t.Context(), lane(region, alice), func(tx *store.Tx) error {
			j, err := find(t.Context(), tx, name{region, alice, id})
			if err != nil {
				return err
			}
			return n.woken(t.Context(), tx, j, awaited{j.name, wakeDue, *j.dueAt})
		})
		if err != nil {
			t.Fatal(err)
		}
		n.until("the second run has ended", func() bool {
			d := n.describe(alice, id)
			return *d.JobStatus == macie2.JobStatusIdle && *d.Statistics.NumberOfRuns == 2
		})
		if got := n.found(alice, id); !slices.Equal(got, []string{"data/new.txt", "data/old.txt"}) {
			t.Errorf("after the second run there are %v", got)
		}
	})
}

// TestQuota: jobs stop before the account whose buckets they analyse is over its quota of the month, whoever created them, and go on once the quota
// is raised.
func TestQuota(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		quota := 2*int64(len(card)) + 5
		n := more(func(o *Options) { o.QuotaBytes = quota })
		n.work()
		n.enable(alice, bob)
		n.folder(alice, map[string]string{"hers/a.txt": card})
		n.folder(bob, map[string]string{"his/a.txt": card, "his/b.txt": card, "his/c.txt": card})
		of := n.create(alice, oneTime(bob, "his"))
		n.reaches(alice, of, macie2.JobStatusPaused)
		if got := n.found(alice, of); !slices.Equal(got, []string{"his/a.txt", "his/b.txt"}) {
			t.Errorf("found %v of a quota of two", got)
		}
		n.uses(quota, map[macie2.AccountID]usage.Quota{alice: {}, bob: {Used: quota - 5, Met: true}})
		own := n.create(alice, oneTime(alice, "hers"))
		n.reaches(alice, own, macie2.JobStatusComplete) // her own quota has room
		his := n.create(bob, oneTime(bob, "his"))
		n.reaches(bob, his, macie2.JobStatusPaused) // his has not, for his own jobs either
		n.uses(quota, map[macie2.AccountID]usage.Quota{alice: {Used: int64(len(card))}, bob: {Used: quota - 5, Met: true}})
		events, err := n.Events(t.Context(), n.call(alice), of, "")
		if last := events.Events[len(events.Events)-1]; err != nil || last.EventType != eventQuotaMet || last.AffectedAccount != string(bob) {
			t.Errorf("the last event is %+v, %v", last, err)
		}

		same := more(func(o *Options) { o.QuotaBytes = quota })
		if err := same.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status := *n.describe(alice, of).JobStatus; status != macie2.JobStatusPaused {
			t.Errorf("a node with the same quota makes the job %s", status)
		}
		n.stop()
		larger := more(func(o *Options) { o.QuotaBytes = 10 * quota })
		larger.work()
		if err := larger.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		larger.reaches(alice, of, macie2.JobStatusComplete)
		larger.reaches(bob, his, macie2.JobStatusComplete)
		if got := larger.found(alice, of); !slices.Equal(got, []string{"his/a.txt", "his/b.txt", "his/c.txt"}) {
			t.Errorf("found %v after the quota was raised", got)
		}
		larger.uses(quota, map[macie2.AccountID]usage.Quota{alice: {Used: int64(len(card))}, bob: {Used: 6 * int64(len(card))}})
	})
}

// uses holds what jobs have used of accounts' quotas against what it should be.
func (n *node) uses(quota int64, want map[macie2.AccountID]usage.Quota) {
	n.t.Helper()
	err := n.db.View(n.t.Context(), func(tx *store.Tx) error {
		got, err := n.QuotaUse(n.t.Context(), tx, region, slices.Collect(maps.Keys(want)), time.Now())
		for id, q := range want {
			if got[id] != q {
				n.t.Errorf("%s has used %+v of %d bytes, want %+v", id, got[id], quota, q)
			}
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// TestTroubledBuckets: a bucket that is not there is in the events and the error status, and does not stop the others.
func TestTroubledBuckets(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice)
		n.folder(alice, map[string]string{"data/a.txt": card})
		id := n.create(alice, oneTime(alice, "nowhere", "data"))
		n.reaches(alice, id, macie2.JobStatusComplete)
		if got := n.found(alice, id); !slices.Equal(got, []string{"data/a.txt"}) {
			t.Errorf("found %v", got)
		}
		if code := *n.describe(alice, id).LastRunErrorStatus.Code; code != macie2.LastRunErrorStatusCodeError {
			t.Errorf("the error status is %s", code)
		}
	})
}

// TestCriteria: bucket criteria choose at the start of the run.
func TestBucketCriteria(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice, bob)
		n.folder(alice, map[string]string{"one/a.txt": card, "two/b.txt": card})
		n.folder(bob, map[string]string{"three/c.txt": card})
		job := func(key macie2.SimpleCriterionKeyForJob, by macie2.JobComparator, values ...string) *macie2.CreateClassificationJobInput {
			in := oneTime(alice)
			in.S3JobDefinition = &macie2.S3JobDefinition{BucketCriteria: &macie2.S3BucketCriteriaForJob{Includes: &macie2.CriteriaBlockForJob{And: []macie2.CriteriaForJob{
				{SimpleCriterion: &macie2.SimpleCriterionForJob{Key: &key, Comparator: &by, Values: values}}}}}}
			return in
		}
		for name, x := range map[string]struct {
			in   *macie2.CreateClassificationJobInput
			want []string
		}{
			"of a member":   {job(macie2.SimpleCriterionKeyForJobAccountId, macie2.JobComparatorEq, string(bob)), []string{"three/c.txt"}},
			"not by name":   {job(macie2.SimpleCriterionKeyForJobS3BucketName, macie2.JobComparatorNe, "one"), []string{"three/c.txt", "two/b.txt"}},
			"none of these": {job(macie2.SimpleCriterionKeyForJobS3BucketName, macie2.JobComparatorEq, "four"), nil},
		} {
			id := n.create(alice, x.in)
			n.reaches(alice, id, macie2.JobStatusComplete)
			if got := n.found(alice, id); !slices.Equal(got, x.want) {
				t.Errorf("%s: found %v, want %v", name, got, x.want)
			}
		}
	})
}

// TestPausedSession: jobs are cancelled when Macie is suspended, and gone when it is disabled.
func TestPausedSession(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		in := oneTime(alice, "data")
		in.JobType = macie2.Ptr(macie2.JobTypeScheduled)
		in.ScheduleFrequency = &macie2.JobScheduleFrequency{WeeklySchedule: &macie2.WeeklySchedule{DayOfWeek: macie2.Ptr(macie2.DayOfWeekMonday)}}
		id := n.create(alice, in)
		if s := *n.describe(alice, id).JobStatus; s != macie2.JobStatusIdle {
			t.Errorf("a scheduled job begins as %s", s)
		}
		_, err := n.sessions.UpdateMacieSession(t.Context(), n.call(alice), &macie2.UpdateMacieSessionInput{Status: macie2.Ptr(macie2.MacieStatusPaused)})
		if err != nil {
			t.Fatal(err)
		}
		if s := *n.describe(alice, id).JobStatus; s != macie2.JobStatusCancelled {
			t.Errorf("after Macie was suspended it is %s", s)
		}
		if _, err := n.sessions.DisableMacie(t.Context(), n.call(alice), nil); err != nil {
			t.Fatal(err)
		}
		_, err = n.DescribeClassificationJob(t.Context(), n.call(alice), &macie2.DescribeClassificationJobInput{JobId: &id})
		refused(t, err, macie2.AccessDeniedException, "Macie is not enabled.")
	})
}

// TestDeadlyObjects: a shard whose processes die before anything of it is committed comes to an end: at first objects are read one by one, then
// the one that they die of has its result, and at last the shard is left out, which the job's events and its lastRunErrorStatus say.
func TestDeadlyObjects(t *testing.T) {
	all := []string{"data/0.txt", "data/1.txt", "data/2.txt"}
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		var kind string
		var deaths int
		n.attempts = func(t queue.Task) int {
			if t.Kind == kind {
				return deaths
			}
			return t.Attempt
		}
		n.enable(alice)
		n.work()
		n.folder(alice, map[string]string{all[0]: card, all[1]: card, all[2]: card})
		for _, x := range []struct {
			kind    string
			deaths  int
			trouble []string
			failed  bool
			found   []string
			in      *macie2.CreateClassificationJobInput
		}{
			{shardKind, carefulAfter, nil, false, all, oneTime(alice, "data")}, {shardKind, objectDeaths, nil, false, all[1:], oneTime(alice, "data")},
			{shardKind, shardDeaths, []string{eventBucketUnavailable + " 111122223333 data"}, true, nil, oneTime(alice, "data")},
			{planKind, shardDeaths, []string{eventBucketUnavailable + " 111122223333 data"}, true, nil, oneTime(alice, "data")},
			{planKind, shardDeaths, []string{eventBucketUnavailable + " 111122223333"}, true, nil, everyBucket()},
		} {
			kind, deaths = x.kind, x.deaths // the job that is created next is the first whose tasks look at them
			id := n.create(alice, x.in)
			n.reaches(alice, id, macie2.JobStatusComplete)
			if got := n.found(alice, id); !slices.Equal(got, x.found) {
				t.Errorf("%s after %d deaths: found %v, want %v", x.kind, x.deaths, got, x.found)
			}
			if got := n.trouble(alice, id); !slices.Equal(got, x.trouble) {
				t.Errorf("%s after %d deaths: the events are %v", x.kind, x.deaths, got)
			}
			if got := *n.describe(alice, id).LastRunErrorStatus.Code; (got == macie2.LastRunErrorStatusCodeError) != x.failed {
				t.Errorf("%s after %d deaths: lastRunErrorStatus is %s", x.kind, x.deaths, got)
			}
			if page, err := n.Events(t.Context(), n.call(alice), id, ""); err != nil || slices.ContainsFunc(page.Events, func(e Event) bool { return e.EventType == eventNoBucketMatched }) {
				t.Errorf("%s after %d deaths: %+v, %v; nobody knows that no bucket matches", x.kind, x.deaths, page, err)
			}
			p, err := n.Progress(t.Context(), n.call(alice), id)
			if err != nil || x.deaths == objectDeaths && p.Unread["UNABLE_TO_PARSE_FILE"] != 1 {
				t.Errorf("%s after %d deaths: %+v, %v", x.kind, x.deaths, p, err)
			}
		}
	})
}
