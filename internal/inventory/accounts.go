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
	x, err := session.Of(ctx, tx, region, account)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && x.Status == macie2.MacieStatusEnabled, err
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
	wanted := make(map[macie2.AccountID]bool, len(among))
	for _, id := range among {
		wanted[id] = true
	}
	for _, id := range append(members, head) {
		if wanted[id] {
			peers[id] = true
		}
	}
	return peers, err
}

// SessionHooks are what this package wants to know of sessions: an account's stores are looked at when its session begins or is resumed,
// and what is known of its buckets goes when the session has ended. The stores stay.
func (s *Service) SessionHooks() session.Hooks {
	look := func(ctx context.Context, tx *store.Tx, c session.Change) error {
		tx.Defer(`update object_store set look_due = $3 where region = $1 and account_id = $2`, c.Region, c.Account, c.At.UnixMilli())
		return nil
	}
	return session.Hooks{
		OnEnable: look, OnResume: look, Sweep: sweep,
		OnDisable: func(_ context.Context, tx *store.Tx, c session.Change) error {
			tx.Defer(`update object_store set look_begun_at = null, looked_at = null, full_at = null, status = 'New', status_detail = ''
				where region = $1 and account_id = $2`, c.Region, c.Account)
			return nil
		},
	}
}

// sweep deletes some of what is known of an account's buckets.
func sweep(ctx context.Context, tx *store.Tx, e session.Ended, limit int) (more bool, err error) {
	for _, t := range []struct{ table, account, key string }{
		{"bucket", "account_id", "name"}, {"bucket_facts", "account_id", "name"}, {"bucket_tag", "account_id", "name"}, {"census", "account_id", "bucket"},
		{"bucket_change", "account_id", "id"}, {"bucket_statistics", "account_id", "account_id"}, {"bucket_job", "creator_id", "job_id"},
	} {
		n, err := tx.Exec(ctx, `delete from `+t.table+` where region = $1 and `+t.account+` = $2 and `+t.key+` in
			(select `+t.key+` from `+t.table+` where region = $1 and `+t.account+` = $2 limit $3)`, e.Region, e.Account, int64(limit))
		if err != nil {
			return false, err
		}
		more = more || n >= int64(limit)
	}
	return more, nil
}
