package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/discovery"
	"magpie/internal/finding"
	"magpie/internal/identifier"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/sampling"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	region = "us-east-1"
	alice  = macie2.AccountID("111122223333")
)

// node has the packages whose rows belong to sessions.
type node struct {
	*session.Service
	queue      *queue.Queue
	identifier *identifier.Service
	finding    *finding.Service
	discovery  *discovery.Service
	sampling   *sampling.Service
}

func start(t *testing.T, db *store.DB, data string) *node {
	t.Helper()
	key, err := identity.LoadMasterKey(t.Context(), db, identity.MasterKeySource{Folder: data})
	if err != nil {
		t.Fatal(err)
	}
	log, pages := storetest.Logger(t), pagetoken.New([]byte("a key of sixteen bytes and more"))
	q := queue.Open(db, queue.Options{Logger: log})
	n := &node{Service: session.New(db, q), queue: q}
	buckets := inventory.New(inventory.Options{DB: db, Queue: q, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose), Pages: pages, Logger: log,
		Directory: identity.NewDirectory(db, identity.Options{})})
	t.Cleanup(func() { buckets.Close() })
	pool := analyse.New(analyse.Options{Workers: 1, InProcess: true, Log: log})
	t.Cleanup(pool.Close)
	n.identifier = identifier.New(identifier.Options{DB: db, Pages: pages})
	n.finding = finding.New(finding.Options{DB: db, Queue: q, Pages: pages, Logger: log})
	n.discovery = discovery.New(discovery.Options{DB: db, Queue: q, Pages: pages, Inventory: buckets, Findings: n.finding, Pool: pool, Logger: log})
	n.sampling = sampling.New(sampling.Options{DB: db, Queue: q, Pages: pages, Inventory: buckets, Findings: n.finding, Reader: n.discovery, Logger: log})
	for _, h := range []session.Hooks{n.identifier.SessionHooks(), n.finding.SessionHooks(), n.discovery.SessionHooks(), n.sampling.SessionHooks()} {
		n.Hook(h)
	}
	return n
}

func call() *macie2.Call { return &macie2.Call{Account: alice, Region: region, Now: time.Now().UTC()} }

// disable ends the session, and sweeps what belongs to it.
func (n *node) disable(ctx context.Context) error {
	_, err := n.DisableMacie(ctx, call(), &macie2.DisableMacieInput{})
	if err == nil {
		_, err = n.queue.Drain(ctx)
	}
	return err
}

// written are requests that write what belongs to the session, and where.
var written = []struct {
	table string
	do    func(ctx context.Context, n *node) error
}{
	{"allow_list", func(ctx context.Context, n *node) error {
		_, err := n.identifier.CreateAllowList(ctx, call(), &macie2.CreateAllowListInput{Name: macie2.Ptr("list"), ClientToken: macie2.Ptr("token"),
			Criteria: &macie2.AllowListCriteria{Regex: macie2.Ptr("[0-9]{12}")}})
		return err
	}},
	{"findings_filter", func(ctx context.Context, n *node) error {
		_, err := n.finding.CreateFindingsFilter(ctx, call(), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("filter"), ClientToken: macie2.Ptr("token"),
			Action: macie2.Ptr(macie2.FindingsFilterActionNoop), FindingCriteria: &macie2.FindingCriteria{
				Criterion: map[string]macie2.CriterionAdditionalProperties{"type": {Eq: []string{"SensitiveData:S3Object/Personal"}}}}})
		return err
	}},
	{"classification_job", func(ctx context.Context, n *node) error {
		_, err := n.discovery.CreateClassificationJob(ctx, call(), &macie2.CreateClassificationJobInput{Name: macie2.Ptr("job"), ClientToken: macie2.Ptr("token"),
			JobType: macie2.Ptr(macie2.JobTypeOneTime), S3JobDefinition: &macie2.S3JobDefinition{
				BucketDefinitions: []macie2.S3BucketDefinitionForJob{{AccountId: macie2.Ptr(string(alice)), Buckets: []string{"bucket"}}}}})
		return err
	}},
	{"automated_discovery", func(ctx context.Context, n *node) error {
		_, err := n.sampling.UpdateAutomatedDiscoveryConfiguration(ctx, call(), &macie2.UpdateAutomatedDiscoveryConfigurationInput{
			Status: macie2.Ptr(macie2.AutomatedDiscoveryStatusEnabled)})
		return err
	}},
}

// TestOneTokenAtTwoNodes repeats a call, with its client token, at each step of the call itself: a
// client that has waited too long for the answer does so. It is done once, and both get its answer.
func TestOneTokenAtTwoNodes(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m, data := storetest.NewMeeting(t, engine), t.TempDir()
			first, second := start(t, m.First, data), start(t, m.Second, data)
			for _, w := range written[:3] { // the last has no token
				for step, last := 1, false; !last; step++ {
					if _, err := second.EnableMacie(t.Context(), call(), &macie2.EnableMacieInput{}); err != nil {
						t.Fatal(err)
					}
					var one, two error
					last = !m.Run(step, func() { one = w.do(t.Context(), first) }, func() { two = w.do(t.Context(), second) })
					if n := count(t, m.Second, w.table); one != nil || two != nil || n != 1 {
						t.Fatalf("at step %d, with one token, there were %d rows of %s made: %v, %v", step, n, w.table, one, two)
					}
					if err := second.disable(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// TestNothingOutlivesTheSession ends an account's session at each step of a request that writes
// what belongs to it. Whichever comes first, nothing of it is left, nor is its client token:
// another session of the account would have it, and a job would go on without one.
func TestNothingOutlivesTheSession(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m, data := storetest.NewMeeting(t, engine), t.TempDir()
			first, second := start(t, m.First, data), start(t, m.Second, data)
			for _, w := range written {
				for step, last := 1, false; !last; step++ {
					if _, err := second.EnableMacie(t.Context(), call(), &macie2.EnableMacieInput{}); err != nil {
						t.Fatal(err)
					}
					var did, ended error
					last = !m.Run(step, func() { did = w.do(t.Context(), first) }, func() { ended = second.disable(t.Context()) })
					if ended != nil || did != nil && !isNotEnabled(did) {
						t.Fatalf("%s: the session's end at step %d: %v, and the request: %v", w.table, step, ended, did)
					}
					for _, table := range []string{w.table, "client_token", "macie_session"} {
						if n := count(t, m.Second, table); n != 0 {
							t.Fatalf("%s: %d rows of %s are left where the session ended at step %d (%v)", w.table, n, table, step, did)
						}
					}
				}
			}
		})
	}
}

func isNotEnabled(err error) bool {
	var refused *macie2.Error
	return errors.As(err, &refused) && refused.Code == macie2.AccessDeniedException && strings.HasPrefix(refused.Message, "Macie is not enabled")
}

func count(t *testing.T, db *store.DB, table string) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(t.Context(), fmt.Sprintf("select count(*) from %s where account_id = $1", table), alice).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
