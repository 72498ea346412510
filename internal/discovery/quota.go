package discovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/usage"
)

// A monthly quota is that of the account whose buckets are analysed, whoever created the jobs. A job over the buckets of several accounts is
// paused as a whole when one of them has none left, as Macie does it.

// QuotaUse tells how much of the month's quota jobs have used of accounts, and for which of them it is met: that of an account for which a job is
// paused is met before the last byte is used, since the next object would be one too many.
func (s *Service) QuotaUse(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID, at time.Time) (map[macie2.AccountID]usage.Quota, error) {
	use := make(map[macie2.AccountID]usage.Quota, len(accounts))
	of := make(map[string]macie2.AccountID, len(accounts))
	scopes := make(store.List, len(accounts))
	for i, id := range accounts {
		scopes[i] = monthOf(region, id, at)
		of[scopes[i]] = id
	}
	err := tx.TalliesOf(ctx, scopes, func(scope, name string, n int64) {
		if name == tallyBytes {
			use[of[scope]] = usage.Quota{Used: n, Met: n >= s.quota}
		}
	})
	if err != nil {
		return nil, err
	}
	err = tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		err := r.Scan(&id)
		use[id] = usage.Quota{Used: use[id].Used, Met: true}
		return err
	}, `select distinct quota_account from classification_job where region = $1 and status = 'PAUSED' and `+tx.Any("quota_account", 2),
		region, store.ListOf(accounts))
	return use, err
}

var errQuota = errors.New("the account's quota of the month is used up")

// monthOf is the scope of what jobs have analysed of an account's buckets in a calendar month.
func monthOf(region string, account macie2.AccountID, at time.Time) string {
	return "jobs/" + region + "/" + string(account) + "/" + at.UTC().Format("2006-01")
}

func usedBytes(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, at time.Time) (int64, error) {
	sums, err := tx.Tallies(ctx, monthOf(region, account, at))
	return sums[tallyBytes], err
}

// quotaMet pauses the job until the next month, until it is due again, or until the quota is raised.
func (w *worker) quotaMet(ctx context.Context) error {
	err := w.s.db.Tx(ctx, lane(w.state.Region, w.state.Account), func(tx *store.Tx) error {
		j, err := runOf(ctx, tx, w.state.name, w.state.Run)
		if err != nil || j.status != macie2.JobStatusRunning {
			return err
		}
		now := w.s.now()
		was := *j
		j.status, j.quotaOf, j.quota = macie2.JobStatusPaused, w.state.Owner, w.s.quota
		j.save(tx, &was)
		j.event(tx, now, eventQuotaMet, eventDetail{owner: w.state.Owner})
		if err := w.s.queue.PauseGroup(ctx, tx, j.group(j.run)); err != nil {
			return err
		}
		y, m, _ := now.UTC().Date()
		return w.s.queue.Enqueue(ctx, tx, j.wakeAt(wakeLift, time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)))
	})
	if errors.Is(err, errOver) {
		return err
	}
	return w.state.wrap(err)
}

// Resume goes on with the jobs that a lower quota than this process's has paused. It is called when a process begins.
func (s *Service) Resume(ctx context.Context) error {
	var paused []name
	err := s.db.View(ctx, func(tx *store.Tx) error {
		paused = nil
		return tx.Query(ctx, func(r store.Row) error {
			var n name
			err := r.Scan(&n.Region, &n.Account, &n.ID)
			paused = append(paused, n)
			return err
		}, "select region, account_id, id from classification_job where status = 'PAUSED' and quota_bytes < $1", s.quota)
	})
	if err != nil {
		return fmt.Errorf("jobs that their quota has paused: %w", err)
	}
	for _, n := range paused {
		err := s.db.Tx(ctx, lane(n.Region, n.Account), func(tx *store.Tx) error {
			j, err := find(ctx, tx, n)
			if errors.Is(err, store.ErrNotFound) || err == nil && (j.status != macie2.JobStatusPaused || j.quota >= s.quota) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.lift(ctx, tx, j, s.now())
		})
		if err != nil {
			return n.wrap(err)
		}
	}
	return nil
}
