package inventory

import (
	"context"
	"errors"
	"slices"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/session"
	"magpie/internal/store"
)

// visible are the accounts whose buckets the caller may see in the Region: its own, and those of its members. They are in order.
func visible(ctx context.Context, tx *store.Tx, call *macie2.Call) ([]macie2.AccountID, error) {
	if _, err := session.Require(ctx, tx, call); err != nil {
		return nil, err
	}
	members, err := membership.MembersOf(ctx, tx, call.Region, call.Account)
	if err != nil {
		return nil, err
	}
	ids := append(members, call.Account)
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// isEnabled reports whether Macie is enabled, and not suspended, for an account in a Region.
func isEnabled(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	var one int64
	err := tx.QueryRow(ctx, `select 1 from macie_session s where s.region = $1 and s.account_id = $2 and s.status = 'ENABLED'`,
		region, string(account)).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// enabledCondition is the condition that Macie is enabled, and not suspended, for the account of a store o in its Region.
const enabledCondition = `exists (select 1 from macie_session s where s.region = o.region and s.account_id = o.account_id and s.status = 'ENABLED')`

// Directory knows which accounts are in an organization together. Its methods work within tx.
type Directory interface {
	// OrganizationOf returns the organization that an account is in, or identity.ErrNoOrganization.
	OrganizationOf(ctx context.Context, tx *store.Tx, id macie2.AccountID) (identity.Organization, error)
	// InOrganization tells which of the given accounts are in an organization.
	InOrganization(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) (map[macie2.AccountID]bool, error)
}

// peers tells which of the given accounts belong together with an account: those of its organization, and those that have the same
// administrator as it. What is shared among them is shared internally.
func (s *Service) peers(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, among []macie2.AccountID) (map[macie2.AccountID]bool, error) {
	peers := map[macie2.AccountID]bool{account: true}
	if len(among) == 0 {
		return peers, nil
	}
	if s.directory != nil {
		organization, err := s.directory.OrganizationOf(ctx, tx, account)
		switch {
		case err == nil:
			inside, err := s.directory.InOrganization(ctx, tx, organization.ID, among)
			if err != nil {
				return nil, err
			}
			for id, in := range inside {
				peers[id] = peers[id] || in
			}
		case !errors.Is(err, identity.ErrNoOrganization):
			return nil, err
		}
	}
	head, err := membership.AdministratorOf(ctx, tx, region, account)
	if err != nil {
		return nil, err
	}
	if head == "" {
		head = account
	}
	members, err := membership.MembersOf(ctx, tx, region, head)
	for _, id := range append(members, head) {
		if slices.Contains(among, id) {
			peers[id] = true
		}
	}
	return peers, err
}

// Forget deletes what is known of an account's buckets in a Region, when it disables Macie there. Its stores stay, and are looked at again
// when Macie is enabled.
func (s *Service) Forget(_ context.Context, tx *store.Tx, call *macie2.Call) error {
	for _, table := range []string{"bucket", "bucket_facts", "bucket_tag", "bucket_statistics", "census", "bucket_change"} {
		tx.Defer(`delete from `+table+` where region = $1 and account_id = $2`, call.Region, string(call.Account))
	}
	tx.Defer(`update object_store set look_due = $3, look_begun_at = null, looked_at = null, full_at = null, status = 'New', status_detail = ''
		where region = $1 and account_id = $2`, call.Region, string(call.Account), call.Now.UnixMilli())
	return nil
}
