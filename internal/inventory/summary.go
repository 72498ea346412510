package inventory

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Summary is what jobs choose buckets by.
type Summary struct {
	Account   macie2.AccountID
	Name      string
	Effective macie2.EffectivePermission
	Shared    macie2.SharedAccess
	Tags      map[string]string // nil where they are not known
	Objects   *int64            // nil until they were counted
	Gone      bool              // its store was removed
}

// Summaries lists up to most buckets of the accounts in a Region, those that follow after in the order of account and name.
func Summaries(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID, after Summary, most int) ([]Summary, error) {
	var list []Summary
	at := map[[2]string]int{}
	err := tx.Query(ctx, func(r store.Row) error {
		var x Summary
		var gone *int64
		if err := r.Scan(&x.Account, &x.Name, &x.Effective, &x.Shared, &x.Objects, &gone); err != nil {
			return err
		}
		x.Gone = gone != nil
		at[[2]string{string(x.Account), x.Name}] = len(list)
		list = append(list, x)
		return nil
	}, `select account_id, name, effective_permission, shared_access, object_count, gone_at from bucket
		where region = $1 and `+tx.Any("account_id", 2)+` and (account_id, name) > ($3, $4) order by account_id, name limit $5`,
		region, store.ListOf(accounts), after.Account, after.Name, int64(most))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last := list[len(list)-1]
	err = tx.Query(ctx, func(r store.Row) error {
		var account, name, key, value string
		if err := r.Scan(&account, &name, &key, &value); err != nil {
			return err
		}
		if i, ok := at[[2]string{account, name}]; ok {
			if list[i].Tags == nil {
				list[i].Tags = map[string]string{}
			}
			list[i].Tags[key] = value
		}
		return nil
	}, `select account_id, name, key, value from bucket_tag where region = $1 and `+tx.Any("account_id", 2)+`
		and (account_id, name) > ($3, $4) and (account_id, name) <= ($5, $6)`,
		region, store.ListOf(accounts), after.Account, after.Name, last.Account, last.Name)
	return list, err
}

// SummaryOf describes a bucket. ErrNoBucket means that the account has none of that name in the Region.
func SummaryOf(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, name string) (Summary, error) {
	x := Summary{Account: account, Name: name}
	var gone *int64
	err := tx.QueryRow(ctx, `select effective_permission, shared_access, object_count, gone_at from bucket
		where region = $1 and account_id = $2 and name = $3`, region, account, name).Scan(&x.Effective, &x.Shared, &x.Objects, &gone)
	x.Gone = gone != nil
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		err = ErrNoBucket
	}
	return x, err
}

// Watched is what is watched of an account in a Region: buckets, and the objects in those that were counted. Where automated discovery
// watches any of its buckets, Monitored are the objects in these.
type Watched struct {
	Region    string
	Account   macie2.AccountID
	Buckets   int64
	Objects   int64
	Automated bool
	Monitored int64
}

// Watched lists what is watched of the accounts that Macie is enabled for, in the order of Region and account, at most so many of those that
// follow after. Buckets beyond the quota are known by name only, and are not watched.
func (s *Service) Watched(ctx context.Context, tx *store.Tx, after Watched, most int) (list []Watched, err error) {
	at := map[[2]string]int{}
	err = tx.Query(ctx, func(r store.Row) error {
		var w Watched
		var text string
		if err := r.Scan(&w.Region, &w.Account, &text); err != nil {
			return err
		}
		sums, err := readCounters(text)
		if err != nil {
			return err
		}
		w.Buckets, w.Objects = min(sums[sumBuckets], int64(s.quota)), sums[sumObjects]
		at[[2]string{w.Region, string(w.Account)}] = len(list)
		list = append(list, w)
		return nil
	}, `select x.region, x.account_id, x.counters from bucket_statistics x where (x.region, x.account_id) > ($1, $2) and exists
			(select 1 from macie_session s where s.region = x.region and s.account_id = x.account_id and s.status = 'ENABLED')
		order by x.region, x.account_id limit $3`, after.Region, after.Account, int64(most))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last := list[len(list)-1]
	err = tx.Query(ctx, func(r store.Row) error {
		var region, account string
		var objects int64
		if err := r.Scan(&region, &account, &objects); err != nil {
			return err
		}
		if i, ok := at[[2]string{region, account}]; ok {
			list[i].Automated, list[i].Monitored = true, objects
		}
		return nil
	}, `select region, account_id, cast(sum(coalesce(object_count, 0)) as bigint) from bucket
		where (region, account_id) > ($1, $2) and (region, account_id) <= ($3, $4) and monitoring_status = 'MONITORED' and error_code is null
		group by region, account_id`, after.Region, after.Account, last.Region, last.Account)
	return list, err
}
