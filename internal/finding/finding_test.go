package finding

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	region = "us-east-1"
	alice  = macie2.AccountID("111122223333") // the administrator of bob
	bob    = macie2.AccountID("444455556666")
	carol  = macie2.AccountID("777788889999") // a stranger to both
)

// desk is a Service on a fresh database, in which the accounts have enabled Macie.
type desk struct {
	t *testing.T
	*Service
	now       time.Time
	oversight map[macie2.AccountID]macie2.AccountID // a member's administrator
	published []string
}

func open(t *testing.T, db *store.DB) *desk {
	d := &desk{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), oversight: map[macie2.AccountID]macie2.AccountID{bob: alice}}
	q := queue.Open(db, queue.Options{Logger: slog.New(slog.DiscardHandler)})
	d.Service = New(Options{
		DB: db, Queue: q, Pages: pagetoken.New([]byte("a key of enough bytes for tokens")), Logger: slog.New(slog.DiscardHandler),
		Members: func(_ context.Context, _ *store.Tx, _ string, a macie2.AccountID) (members []macie2.AccountID, _ error) {
			for m, administrator := range d.oversight {
				if administrator == a {
					members = append(members, m)
				}
			}
			return members, nil
		},
		Administrator: func(_ context.Context, _ *store.Tx, _ string, m macie2.AccountID) (macie2.AccountID, error) {
			return d.oversight[m], nil
		},
		Publish: func(_ context.Context, tx *store.Tx, holder macie2.AccountID, findings []*macie2.Finding) error {
			var told []string
			for _, f := range findings {
				told = append(told, fmt.Sprintf("%s %s %d", holder, *f.Type, *f.Count))
			}
			tx.OnCommit(func() { d.published = append(d.published, told...) })
			return nil
		},
	})
	for _, account := range []macie2.AccountID{alice, bob, carol} {
		d.enable(account)
	}
	return d
}

// each runs a test on every engine.
func each(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.Each(t, func(t *testing.T, db func() *store.DB) { test(t, open(t, db())) })
}

func (d *desk) enable(account macie2.AccountID) {
	d.t.Helper()
	err := d.db.Tx(d.t.Context(), "", func(tx *store.Tx) error {
		_, err := tx.Exec(d.t.Context(), `insert into macie_session
			(region, account_id, status, finding_publishing_frequency, standing, created_at, updated_at)
			values ($1, $2, 'ENABLED', 'FIFTEEN_MINUTES', 'Standalone', 1, 1) on conflict do nothing`, region, string(account))
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) call(account macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: account, Region: region, Now: d.now}
}

// work does the tasks that wait, until there are none.
func (d *desk) work() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.queue.Run(ctx) }()
	for {
		depths, err := d.queue.Depths(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		waits := int64(0)
		for _, depth := range depths {
			if depth.Failed > 0 {
				d.t.Fatalf("a task failed: %+v", depth)
			}
			waits += depth.Ready + depth.Held
		}
		if waits == 0 {
			break
		}
	}
	cancel()
	<-done
}

// record writes findings as a job of the holder would.
func (d *desk) record(holder macie2.AccountID, findings ...*macie2.Finding) int {
	d.t.Helper()
	n := 0
	err := d.db.Tx(d.t.Context(), Lane(region, holder), func(tx *store.Tx) (err error) {
		n, err = d.Record(d.t.Context(), tx, region, holder, findings)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

func (d *desk) change(owner macie2.AccountID, kind macie2.FindingType, bucket string) {
	d.t.Helper()
	f := ShapePolicy(&PolicyChange{Region: region, Owner: owner, Type: kind, Bucket: macie2.S3Bucket{Name: &bucket}, API: "PutBucketPolicy", At: d.now})
	err := d.db.Tx(d.t.Context(), Lane(region, owner), func(tx *store.Tx) error {
		return d.Change(d.t.Context(), tx, region, owner, f, d.now)
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

type criterion = macie2.CriterionAdditionalProperties

func criteria(conditions map[string]criterion) *macie2.FindingCriteria {
	return &macie2.FindingCriteria{Criterion: conditions}
}

// list follows all pages.
func (d *desk) list(account macie2.AccountID, in macie2.ListFindingsInput) []string {
	d.t.Helper()
	ids := []string{}
	for {
		out, err := d.ListFindings(d.t.Context(), d.call(account), &in)
		if err != nil {
			d.t.Fatal(err)
		}
		ids = append(ids, out.FindingIds...)
		if out.NextToken == nil {
			return ids
		}
		in.NextToken = out.NextToken
	}
}

func (d *desk) get(account macie2.AccountID, ids ...string) []macie2.Finding {
	d.t.Helper()
	var all []macie2.Finding
	for len(ids) > 0 {
		n := min(len(ids), maxIDs)
		out, err := d.GetFindings(d.t.Context(), d.call(account), &macie2.GetFindingsInput{FindingIds: ids[:n]})
		if err != nil {
			d.t.Fatal(err)
		}
		all = append(all, out.Findings...)
		ids = ids[n:]
	}
	return all
}

func (d *desk) counts(account macie2.AccountID, by macie2.GroupBy, c *macie2.FindingCriteria) map[string]int64 {
	d.t.Helper()
	out, err := d.GetFindingStatistics(d.t.Context(), d.call(account), &macie2.GetFindingStatisticsInput{GroupBy: &by, FindingCriteria: c})
	if err != nil {
		d.t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, g := range out.CountsByGroup {
		counts[*g.GroupKey] = *g.Count
	}
	return counts
}

func refused(t *testing.T, err error, code macie2.Exception) {
	t.Helper()
	var refusal *macie2.Error
	if !errors.As(err, &refusal) || refusal.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// found is a finding of one object: what was found by type, and how often.
func found(job, bucket, key string, at time.Time, types map[string]int64) *macie2.Finding {
	item := macie2.SensitiveDataItem{Category: macie2.Ptr(macie2.SensitiveDataItemCategoryPersonalInformation), TotalCount: macie2.Ptr(int64(0))}
	for kind, n := range types {
		item.Detections = append(item.Detections, macie2.DefaultDetection{Type: macie2.Ptr(kind), Count: macie2.Ptr(n)})
	}
	return Shape(&Analysis{
		Region: region, Run: "run of " + job, Origin: macie2.OriginTypeSensitiveDataDiscoveryJob, JobID: job, Creator: alice, Owner: bob,
		Bucket: macie2.S3Bucket{Name: &bucket}, Object: macie2.S3Object{Key: &key}, At: at,
		Result: &macie2.ClassificationResult{
			Status: &macie2.ClassificationResultStatus{Code: macie2.Ptr("COMPLETE")}, MimeType: macie2.Ptr("text/plain"),
			SizeClassified: macie2.Ptr(int64(len(key))), SensitiveData: []macie2.SensitiveDataItem{item},
		},
	}, "")
}
