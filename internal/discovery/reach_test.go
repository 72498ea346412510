package discovery

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/identity"
	"magpie/internal/inventory/s3/s3double"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// accounts is a directory, and who oversees whom, as a test says.
type accounts struct {
	mu       sync.Mutex
	known    map[macie2.AccountID]identity.Account
	overseen bool // bob by alice
}

func (a *accounts) LookupAccounts(_ context.Context, _ *store.Tx, ids []macie2.AccountID) (map[macie2.AccountID]identity.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := map[macie2.AccountID]identity.Account{}
	for _, id := range ids {
		if x, ok := a.known[id]; ok {
			found[id] = x
		}
	}
	return found, nil
}

func (a *accounts) set(id macie2.AccountID, status identity.AccountStatus, disabled string, overseen bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[id] = identity.Account{ID: id, Status: status, DisabledRegions: identity.RegionSet(disabled)}
	a.overseen = overseen
}

func (a *accounts) options(o *Options) {
	o.Directory = a
	o.Backoff = func(int) time.Duration { return 0 }
	o.Members = func(_ context.Context, _ *store.Tx, _ string, administrator macie2.AccountID) ([]macie2.AccountID, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if administrator == alice && a.overseen {
			return []macie2.AccountID{bob}, nil
		}
		return nil, nil
	}
}

func twoAccounts() *accounts {
	a := &accounts{known: map[macie2.AccountID]identity.Account{}}
	a.set(alice, identity.AccountActive, "", true)
	a.set(bob, identity.AccountActive, "", true)
	return a
}

// trouble are the events of a job that tell of what was left out: type, account and bucket.
func (n *node) trouble(account macie2.AccountID, id string) (list []string) {
	n.t.Helper()
	page, err := n.Events(n.t.Context(), n.call(account), id, "")
	if err != nil {
		n.t.Fatal(err)
	}
	for _, e := range page.Events {
		if strings.HasPrefix(e.EventType, "ACCOUNT_") || strings.HasPrefix(e.EventType, "BUCKET_") && e.EventType != eventBucketMatched {
			x := e.EventType + " " + e.AffectedAccount
			if e.AffectedResource != nil {
				x += " " + e.AffectedResource.Value
			}
			list = append(list, x)
			if e.Description == "" || e.Operation == "" || e.RunDate == nil {
				n.t.Errorf("an event says too little: %+v", e)
			}
		}
	}
	slices.Sort(list)
	return list
}

// leftOut runs a job and expects that it completes with an error status and these events, and with these findings.
func (n *node) leftOut(what string, in *macie2.CreateClassificationJobInput, change func(), trouble string, found ...string) {
	n.t.Helper()
	in.JobType, in.InitialRun = macie2.Ptr(macie2.JobTypeScheduled), macie2.Ptr(false)
	in.ScheduleFrequency = &macie2.JobScheduleFrequency{DailySchedule: &macie2.DailySchedule{}}
	id := n.create(alice, in) // while all is well
	if change != nil {
		change()
	}
	err := n.db.Tx(n.t.Context(), "test", func(tx *store.Tx) error {
		j, err := find(n.t.Context(), tx, name{region, alice, id})
		if err != nil {
			return err
		}
		j.createdAt, j.runAt, j.definition.InitialRun = 1, nil, macie2.Ptr(true)
		return n.begin(n.t.Context(), tx, j, n.now())
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.reaches(alice, id, macie2.JobStatusIdle)
	if got := strings.Join(n.trouble(alice, id), ", "); got != trouble {
		n.t.Errorf("%s: the events are %q, want %q", what, got, trouble)
	}
	want := macie2.LastRunErrorStatusCodeError
	if trouble == "" {
		want = macie2.LastRunErrorStatusCodeNone
	}
	if got := *n.describe(alice, id).LastRunErrorStatus.Code; got != want {
		n.t.Errorf("%s: lastRunErrorStatus is %s", what, got)
	}
	if got := n.found(alice, id); !slices.Equal(got, found) {
		n.t.Errorf("%s: found %v, want %v", what, got, found)
	}
}

// over is a job over a bucket of alice's and one of bob's.
func over() *macie2.CreateClassificationJobInput {
	in := oneTime(bob, "his")
	in.S3JobDefinition.BucketDefinitions = append(in.S3JobDefinition.BucketDefinitions, oneTime(alice, "hers").S3JobDefinition.BucketDefinitions...)
	return in
}

// TestAccountsOutOfReach: an account whose buckets may not be looked at is left out with the event that says why, and the rest of the run goes on.
func TestAccountsOutOfReach(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		a := twoAccounts()
		n := more(a.options)
		n.work()
		n.enable(alice, bob)
		n.folder(alice, map[string]string{"hers/a.txt": card})
		n.folder(bob, map[string]string{"his/b.txt": card})
		n.leftOut("all is well", over(), nil, "", "hers/a.txt", "his/b.txt")
		for _, x := range []struct {
			status   identity.AccountStatus
			disabled string
			overseen bool
			event    string
		}{
			{identity.AccountClosed, "", false, eventAccountTerminated}, {identity.AccountSuspended, "", true, eventAccountIsolated},
			{identity.AccountActive, region, true, eventAccountRegion}, {identity.AccountActive, "", false, eventAccountDisassociated},
		} {
			n.leftOut(x.event, over(), func() { a.set(bob, x.status, x.disabled, x.overseen) }, x.event+" "+string(bob), "hers/a.txt")
			a.set(bob, identity.AccountActive, "", true)
		}
		criteria := &macie2.CreateClassificationJobInput{ClientToken: macie2.Ptr(newJobID()), Name: macie2.Ptr("by criteria"),
			S3JobDefinition: &macie2.S3JobDefinition{BucketCriteria: &macie2.S3BucketCriteriaForJob{}}}
		pause := func(status macie2.MacieStatus) func() {
			return func() {
				t.Helper()
				if _, err := n.sessions.UpdateMacieSession(t.Context(), n.call(bob), &macie2.UpdateMacieSessionInput{Status: &status}); err != nil {
					t.Fatal(err)
				}
			}
		}
		n.leftOut(eventAccountSuspended, over(), pause(macie2.MacieStatusPaused), eventAccountSuspended+" "+string(bob), "hers/a.txt")
		n.leftOut("by criteria", criteria, nil, eventAccountSuspended+" "+string(bob), "hers/a.txt")
		n.leftOut(eventAccountDisabled, over(), func() {
			if _, err := n.sessions.DisableMacie(t.Context(), n.call(bob), nil); err != nil {
				t.Fatal(err)
			}
		}, eventAccountDisabled+" "+string(bob), "hers/a.txt")
	})
}

// TestAccountSuspendedInTheMiddle: when Macie is suspended for an account, a run of its administrator's leaves its buckets at the next page.
func TestAccountSuspendedInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more(twoAccounts().options, func(o *Options) { o.Shards = 1 })
		n.lookEvery = 0
		n.work()
		n.enable(alice, bob)
		d := n.double(bob, "his")
		for i := range 1100 {
			d.Put("his", fmt.Sprintf("%04d.txt", i), s3double.Object{Content: []byte(card)})
		}
		suspend := sync.OnceFunc(func() {
			if _, err := n.sessions.UpdateMacieSession(t.Context(), n.call(bob), &macie2.UpdateMacieSessionInput{Status: macie2.Ptr(macie2.MacieStatusPaused)}); err != nil {
				t.Error(err)
			}
		})
		d.AnswerWith(func(c s3double.Call) *s3double.Answer {
			if c.Name == "GetObject" {
				suspend()
			}
			return nil
		})
		id := n.create(alice, oneTime(bob, "his"))
		n.reaches(alice, id, macie2.JobStatusComplete)
		if got := n.trouble(alice, id); !slices.Equal(got, []string{eventAccountSuspended + " " + string(bob)}) {
			t.Errorf("the events are %v", got)
		}
		if got := n.found(alice, id); len(got) != 1000 {
			t.Errorf("%d findings, want those of the page that was begun", len(got))
		}
	})
}

// TestBucketsOutOfReach: a bucket that is not there any more, or is somebody else's, or may not be listed, is left out with the event that says so.
func TestBucketsOutOfReach(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		a := twoAccounts()
		a.set(carol, identity.AccountActive, "", true)
		n := more(a.options)
		n.work()
		n.enable(alice, carol)
		d := n.double(alice, "hers", "kept")
		d.Put("hers", "a.txt", s3double.Object{Content: []byte(card)})
		d.Put("kept", "k.txt", s3double.Object{Content: []byte(card)})
		d.Bucket("theirs", "AKID"+string(carol))
		n.add(carol, d, "theirs")
		refuse := func(status int, code string) func() {
			return func() {
				d.AnswerWith(func(c s3double.Call) *s3double.Answer {
					if c.Name == "ListObjectsV2" && c.Bucket == "hers" {
						return &s3double.Answer{Status: status, Code: code}
					}
					return nil
				})
			}
		}
		for _, x := range []struct {
			bucket string
			change func()
			event  string
		}{
			{"nowhere", nil, eventBucketMissing + " " + string(alice) + " nowhere"},
			{"theirs", nil, eventBucketOwner + " " + string(alice) + " theirs"},
			{"hers", refuse(http.StatusMovedPermanently, "PermanentRedirect"), eventBucketRegion + " " + string(alice) + " hers"},
			{"hers", refuse(http.StatusForbidden, "AccessDenied"), eventBucketDenied + " " + string(alice) + " hers"},
			{"hers", refuse(http.StatusForbidden, "InvalidAccessKeyId"), eventAccountDenied + " " + string(alice)},
			{"hers", refuse(http.StatusNotFound, "NoSuchBucket"), eventBucketMissing + " " + string(alice) + " hers"},
			{"hers", refuse(http.StatusOK, "IsNotAListing"), eventBucketUnavailable + " " + string(alice) + " hers"},
			{"hers", func() { d.AnswerWith(nil); d.Bucket("hers", "AKIDSOMEBODYELSE") }, eventBucketOwner + " " + string(alice) + " hers"},
		} {
			n.leftOut(x.event, oneTime(alice, x.bucket, "kept"), x.change, x.event, "kept/k.txt")
		}
	})
}

// TestBucketInAnotherRegion: a bucket that its account has in another Region of the same store is said to be there.
func TestBucketInAnotherRegion(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more(twoAccounts().options)
		n.work()
		n.enable(alice)
		n.double(alice, "here")
		call := n.call(alice)
		call.Region = "us-east-1"
		if _, err := n.sessions.EnableMacie(t.Context(), call, &macie2.EnableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		err := n.db.Tx(t.Context(), "test", func(tx *store.Tx) error { // as a look at a store of that Region would have it
			_, err := tx.Exec(t.Context(), `update bucket set region = 'us-east-1' where name = 'here'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		n.leftOut("moved", oneTime(alice, "here"), nil, eventBucketRegion+" "+string(alice)+" here")
	})
}
