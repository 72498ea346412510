package discovery

import (
	"context"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/usage"
)

// QuotaUse tells how much of the month's quota the jobs of accounts have used, and for which of them it is met: a job that it has paused says
// so before the last byte is used, since the next object would be one too many.
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
	}, `select distinct account_id from classification_job where region = $1 and status = 'PAUSED' and `+tx.Any("account_id", 2),
		region, store.ListOf(accounts))
	return use, err
}
