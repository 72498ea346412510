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
		region, store.ListOf(accounts), string(after.Account), after.Name, int64(most))
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
		region, store.ListOf(accounts), string(after.Account), after.Name, string(last.Account), last.Name)
	return list, err
}

// SummaryOf describes a bucket. ErrNoBucket means that the account has none of that name in the Region.
func SummaryOf(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, name string) (Summary, error) {
	x := Summary{Account: account, Name: name}
	var gone *int64
	err := tx.QueryRow(ctx, `select effective_permission, shared_access, object_count, gone_at from bucket
		where region = $1 and account_id = $2 and name = $3`, region, string(account), name).Scan(&x.Effective, &x.Shared, &x.Objects, &gone)
	x.Gone = gone != nil
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		err = ErrNoBucket
	}
	return x, err
}
