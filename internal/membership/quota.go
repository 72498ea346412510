package membership

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// DefaultQuotaMembers is how many members an administrator may have by invitation in a Region, as Macie documents it.
const DefaultQuotaMembers = 1000

// quotaOf is the expression for an administrator's quota of members: its own, or else the server's.
func quotaOf(account, serverQuota string) string {
	return "coalesce((select members from quota where account_id = " + account + "), " + serverQuota + ")"
}

// quotaNow reads an administrator's quota.
func (s *Service) quotaNow(ctx context.Context, tx *store.Tx, account macie2.AccountID) (members int64, err error) {
	err = tx.QueryRow(ctx, `select members from quota where account_id = $1`, string(account)).Scan(&members)
	if errors.Is(err, store.ErrNotFound) {
		return s.quota, nil
	}
	return members, err
}

// Quota is what an account has in place of the server's quotas.
type Quota struct {
	Account   macie2.AccountID
	Members   int64 // by invitation, in each Region
	UpdatedAt time.Time
}

// SetQuota gives an account a quota of its own, from the next call on, on every node. One that is lower than what the account has
// takes nothing away: it only gets no more.
func SetQuota(ctx context.Context, db *store.DB, q Quota) error {
	if q.Members < 0 {
		return errors.New("a quota cannot be less than 0")
	}
	err := db.Tx(ctx, "quota", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into quota (account_id, members, updated_at) values ($1, $2, $3)
			on conflict (account_id) do update set members = excluded.members, updated_at = excluded.updated_at`,
			string(q.Account), q.Members, millis(q.UpdatedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("set the quota of account %s: %w", q.Account, err)
	}
	return nil
}

// UnsetQuota gives an account the server's quotas back. It reports whether it had others.
func UnsetQuota(ctx context.Context, db *store.DB, account macie2.AccountID) (had bool, err error) {
	err = db.Tx(ctx, "quota", func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `delete from quota where account_id = $1`, string(account))
		had = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("unset the quota of account %s: %w", account, err)
	}
	return had, nil
}

// Quotas lists the accounts that have quotas of their own.
func Quotas(ctx context.Context, db *store.DB) (list []Quota, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(r store.Row) error {
			var q Quota
			var at int64
			err := r.Scan(&q.Account, &q.Members, &at)
			q.UpdatedAt = time.UnixMilli(at).UTC()
			list = append(list, q)
			return err
		}, `select account_id, members, updated_at from quota order by account_id`)
	})
	if err != nil {
		return nil, fmt.Errorf("list quotas: %w", err)
	}
	return list, nil
}
