package membership

import (
	"context"
	"errors"
	"slices"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Visible are the accounts whose resources the caller may see in the Region: its own, and those of its members, suspended or not. They are
// in order.
func Visible(ctx context.Context, tx *store.Tx, call *macie2.Call) ([]macie2.AccountID, error) {
	x, err := requireSession(ctx, tx, call)
	if err != nil {
		return nil, err
	}
	ids := []macie2.AccountID{call.Account}
	if x.standing != administrator {
		return ids, nil
	}
	err = tx.Query(ctx, func(row store.Row) error {
		var id macie2.AccountID
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `select account_id from member where region = $1 and administrator_id = $2 and member_standing = 'Member'
		and status in ('Enabled', 'Paused')`, call.Region, string(call.Account))
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// IsEnabled reports whether Macie is enabled, and not suspended, for an account in a Region.
func IsEnabled(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	x, err := sessionOf(ctx, tx, region, account)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && x.status == macie2.MacieStatusEnabled, err
}

// EnabledCondition is the condition that Macie is enabled, and not suspended, for the account and the Region in the given columns.
func EnabledCondition(region, account string) string {
	return `exists (select 1 from macie_session s where s.region = ` + region + ` and s.account_id = ` + account + ` and s.status = 'ENABLED')`
}

// Peers are the accounts that belong together with an account: those of its organization, and those that have the same administrator as it.
// What is shared among them is not shared with strangers.
func (s *Service) Peers(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, among []macie2.AccountID) (map[macie2.AccountID]bool, error) {
	peers := map[macie2.AccountID]bool{account: true}
	if len(among) == 0 {
		return peers, nil
	}
	organization, err := s.directory.OrganizationOf(ctx, tx, account)
	switch {
	case err == nil:
		inside, err := s.directory.InOrganization(ctx, tx, organization.ID, among)
		if err != nil {
			return nil, err
		}
		for id, in := range inside {
			if in {
				peers[id] = true
			}
		}
	case !errors.Is(err, identity.ErrNoOrganization):
		return nil, err
	}
	head := account
	if link, err := administratorOf(ctx, tx, region, account); err == nil {
		head = link.administrator
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if slices.Contains(among, head) {
		peers[head] = true
	}
	return peers, tx.Query(ctx, func(row store.Row) error {
		var id macie2.AccountID
		err := row.Scan(&id)
		peers[id] = true
		return err
	}, `select account_id from member where region = $1 and administrator_id = $2 and member_standing = 'Member' and `+tx.Any("account_id", 3),
		region, string(head), store.ListOf(among))
}
