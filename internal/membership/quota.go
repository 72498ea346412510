package membership

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// How many members an administrator may have in a Region, as Macie documents it: by invitation, and
// through an organization.
const (
	DefaultQuotaMembers             = 1000
	DefaultQuotaOrganizationMembers = 10_000
)

// quotas are how many members an administrator may have in a Region.
type quotas struct {
	members, organizationMembers int64
}

// quotaOf is the expression for an administrator's quota of members by invitation: its own, or that
// of all accounts, or Macie's.
func quotaOf(account string) string {
	return "coalesce((select members from quota where account_id = " + account + "), (select members from quota where account_id = ''), " +
		strconv.Itoa(DefaultQuotaMembers) + ")"
}

// quotaNow reads an administrator's quotas.
func quotaNow(ctx context.Context, tx *store.Tx, account macie2.AccountID) (q quotas, err error) {
	err = tx.QueryRow(ctx, `select coalesce(own.members, every.members, $1), coalesce(own.organization_members, every.organization_members, $2)
		from (select 1 as one) one left join quota own on own.account_id = $3 left join quota every on every.account_id = ''`,
		DefaultQuotaMembers, DefaultQuotaOrganizationMembers, account).Scan(&q.members, &q.organizationMembers)
	return q, err
}

// Quota is what an account has in place of Macie's quotas; nil: it has none of its own. No account
// stands for every account that has none of its own.
type Quota struct {
	Account             macie2.AccountID
	Members             *int64 // by invitation, in each Region
	OrganizationMembers *int64 // through an organization, in each Region
	UpdatedAt           time.Time
}

// SetQuota gives an account quotas of its own, from the next call on, on every node; one that is
// nil stays as it is. One that is lower than what the account has takes nothing away: it only gets
// no more.
func SetQuota(ctx context.Context, db *store.DB, q Quota) error {
	for _, n := range []*int64{q.Members, q.OrganizationMembers} {
		if n != nil && *n < 0 {
			return errors.New("a quota cannot be less than 0")
		}
	}
	err := db.Tx(ctx, "quota", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into quota (account_id, members, organization_members, updated_at) values ($1, $2, $3, $4)
			on conflict (account_id) do update set members = coalesce(excluded.members, quota.members),
			organization_members = coalesce(excluded.organization_members, quota.organization_members), updated_at = excluded.updated_at`,
			q.Account, q.Members, q.OrganizationMembers, millis(q.UpdatedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("set the quota of %s: %w", orEvery(q.Account), err)
	}
	return nil
}

// UnsetQuota takes an account's own quotas back. It reports whether it had any.
func UnsetQuota(ctx context.Context, db *store.DB, account macie2.AccountID) (had bool, err error) {
	err = db.Tx(ctx, "quota", func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `delete from quota where account_id = $1`, account)
		had = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("unset the quota of %s: %w", orEvery(account), err)
	}
	return had, nil
}

// Quotas lists the accounts that have quotas of their own, behind what holds for every other
// account, if that was set.
func Quotas(ctx context.Context, db *store.DB) (list []Quota, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(r store.Row) error {
			var q Quota
			var at int64
			err := r.Scan(&q.Account, &q.Members, &q.OrganizationMembers, &at)
			q.UpdatedAt = time.UnixMilli(at).UTC()
			list = append(list, q)
			return err
		}, `select account_id, members, organization_members, updated_at from quota order by account_id`)
	})
	if err != nil {
		return nil, fmt.Errorf("list quotas: %w", err)
	}
	return list, nil
}

// orEvery names whose quota it is.
func orEvery(account macie2.AccountID) string {
	if account == "" {
		return "every account"
	}
	return "account " + string(account)
}
