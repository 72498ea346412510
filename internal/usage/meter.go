package usage

import (
	"context"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/session"
	"magpie/internal/store"
)

// What tallies count. The first two follow a kind of usage.
const (
	countBytes    = "bytes"
	countObjects  = "objects"
	countRequests = "requests"
)

const (
	dayLayout   = "2006-01-02"
	monthLayout = "2006-01"
)

// scope is where the tallies of an account's month are.
func scope(region string, account macie2.AccountID, month string) string {
	return "usage/" + region + "/" + string(account) + "/" + month
}

// Amount is how many bytes of how many objects were analysed: by a job (SENSITIVE_DATA_DISCOVERY), or by automated discovery
// (AUTOMATED_SENSITIVE_DATA_DISCOVERY).
type Amount struct {
	Kind           macie2.UsageType
	Bytes, Objects int64
}

// Meter records, when tx commits, what was analysed of the buckets of an account. It runs no statement of its own, and waits for no other
// transaction.
func Meter(tx *store.Tx, at time.Time, region string, account macie2.AccountID, a Amount) {
	at = at.UTC()
	where, day := scope(region, account, at.Format(monthLayout)), at.Format(dayLayout)
	if a.Bytes != 0 {
		tx.Tally(where, day+" "+string(a.Kind)+" "+countBytes, a.Bytes)
	}
	if a.Objects != 0 {
		tx.Tally(where, day+" "+string(a.Kind)+" "+countObjects, a.Objects)
	}
}

// SessionHooks record when Macie was enabled for an account for the first time.
func SessionHooks() session.Hooks {
	return session.Hooks{OnEnable: func(_ context.Context, tx *store.Tx, c session.Change) error {
		tx.Defer(`insert into usage_account (region, account_id, enabled_at) values ($1, $2, $3) on conflict do nothing`,
			c.Region, c.Account, c.At.UnixMilli())
		return nil
	}}
}

// place is whose requests are counted.
type place struct {
	region  string
	account macie2.AccountID
}

// CountRequest counts a request to a store of an account. It takes no time to speak of; [Service.Flush] writes what was counted.
func (s *Service) CountRequest(region string, account macie2.AccountID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[place{region, account}]++
}

// Flush writes the requests that were counted since the last time. Those that cannot be written are counted again.
func (s *Service) Flush(ctx context.Context) error {
	s.mu.Lock()
	counted := s.requests
	s.requests = map[place]int64{}
	s.mu.Unlock()
	if len(counted) == 0 {
		return nil
	}
	now := s.now().UTC()
	err := s.db.Tx(ctx, "usage requests", func(tx *store.Tx) error {
		for p, n := range counted {
			tx.Tally(scope(p.region, p.account, now.Format(monthLayout)), now.Format(dayLayout)+" "+countRequests, n)
		}
		return nil
	})
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, n := range counted {
		s.requests[p] += n
	}
	return err
}

// Watched is what is watched of an account in a Region: buckets, and the objects in them. Where automated discovery watches any of its
// buckets, Monitored are the objects in these.
type Watched struct {
	Region    string
	Account   macie2.AccountID
	Buckets   int64
	Objects   int64
	Automated bool
	Monitored int64
}

// watchBatch is how many accounts are written in a transaction.
const watchBatch = 500

// Watch records how many buckets and objects each account has that Macie is enabled for. It may run on several nodes at once: the most of a
// day counts, however often it was looked at.
func (s *Service) Watch(ctx context.Context) error {
	if s.watched == nil {
		return nil
	}
	now := s.now().UTC()
	var after Watched
	for {
		var list []Watched
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			list, err = s.watched(ctx, tx, after, watchBatch)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1]
		if err := s.watch(ctx, now, list); err != nil {
			return err
		}
	}
}

func (s *Service) watch(ctx context.Context, now time.Time, list []Watched) error {
	day, at := now.Format(dayLayout), now.UnixMilli()
	return s.db.Tx(ctx, "usage watch", func(tx *store.Tx) error {
		rows := make([][]any, len(list))
		for i, w := range list {
			rows[i] = []any{w.Region, string(w.Account), day, w.Buckets, w.Objects, w.Monitored}
			if w.Automated {
				tx.Defer(`update usage_account set automated_at = $3 where region = $1 and account_id = $2 and automated_at is null`,
					w.Region, w.Account, at)
			}
		}
		_, err := tx.InsertMany(ctx, `insert into usage_watch (region, account_id, day, buckets, objects, monitored)`, rows,
			`on conflict (region, account_id, day) do update set
				buckets = case when excluded.buckets > usage_watch.buckets then excluded.buckets else usage_watch.buckets end,
				objects = case when excluded.objects > usage_watch.objects then excluded.objects else usage_watch.objects end,
				monitored = case when excluded.monitored > usage_watch.monitored then excluded.monitored else usage_watch.monitored end
			where excluded.buckets > usage_watch.buckets or excluded.objects > usage_watch.objects or excluded.monitored > usage_watch.monitored`)
		return err
	})
}

// keptMonths is how many calendar months what was metered is kept for, beside the one that has begun.
const keptMonths = 3

// Expire deletes what was metered in the months before those that are kept.
func (s *Service) Expire(ctx context.Context) error {
	now := s.now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	oldest := first.AddDate(0, -keptMonths, 0)
	var after place
	for {
		var list []place
		err := s.db.Tx(ctx, "usage watch", func(tx *store.Tx) error {
			list = nil
			err := tx.Query(ctx, func(r store.Row) error {
				var p place
				err := r.Scan(&p.region, &p.account)
				list = append(list, p)
				return err
			}, `select region, account_id from usage_account where (region, account_id) > ($1, $2) order by region, account_id limit $3`,
				after.region, after.account, int64(watchBatch))
			if err != nil || len(list) == 0 {
				return err
			}
			var scopes store.List
			for _, p := range list {
				for back := 1; back <= keptMonths; back++ { // a node that was away for longer leaves some, which nobody reads
					scopes = append(scopes, scope(p.region, p.account, oldest.AddDate(0, -back, 0).Format(monthLayout)))
				}
			}
			if _, err := tx.Exec(ctx, `delete from tally where `+tx.Any("scope", 1), scopes); err != nil {
				return err
			}
			last := list[len(list)-1]
			_, err = tx.Exec(ctx, `delete from usage_watch where (region, account_id) > ($1, $2) and (region, account_id) <= ($3, $4) and day < $5`,
				after.region, after.account, last.region, last.account, oldest.Format(dayLayout))
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1]
	}
}
