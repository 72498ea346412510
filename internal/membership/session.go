package membership

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/session"
	"magpie/internal/store"
)

// SessionHooks are what relationships want to know of sessions, and what they forbid: an
// administrator with members cannot suspend Macie for itself, nor one with records disable it; a
// member by invitation that suspends or resumes it is Paused or Enabled in its administrator's
// inventory from then on, one through an organization cannot. Invitations that an account has
// received stay.
func (s *Service) SessionHooks() session.Hooks {
	return session.Hooks{BeforeUpdate: s.beforeUpdate, BeforeDisable: s.beforeDisable, OnDisable: noRecords}
}

func (s *Service) beforeUpdate(ctx context.Context, tx *store.Tx, call *macie2.Call, x session.Session, to macie2.MacieStatus) error {
	switch standing(x.Standing) {
	case administrator:
		return mayPause(ctx, tx, call, to)
	case associated:
		return s.followSession(ctx, tx, call, to)
	}
	return nil
}

// mayPause refuses to suspend Macie for an administrator that has members.
func mayPause(ctx context.Context, tx *store.Tx, call *macie2.Call, status macie2.MacieStatus) error {
	if status != macie2.MacieStatusPaused {
		return nil
	}
	has, err := hasMembers(ctx, tx, call.Region, call.Account)
	if err == nil && has {
		err = macie2.ErrConflict("%s", textPauseWhileAdministrator)
	}
	return err
}

// followSession carries a member's own suspension or resumption over to its record at its
// administrator and to its invitation.
func (s *Service) followSession(ctx context.Context, tx *store.Tx, call *macie2.Call, status macie2.MacieStatus) error {
	link, err := administratorOf(ctx, tx, call.Region, call.Account)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrConflict // it was a member a moment ago
	}
	if err != nil {
		return err
	}
	if link.organization != "" {
		return macie2.ErrAccessDenied("%s", textOrganizationMember)
	}
	to, event := macie2.RelationshipStatusEnabled, EventMemberResumed
	if status == macie2.MacieStatusPaused {
		to, event = macie2.RelationshipStatusPaused, EventMemberPaused
	}
	r := relation{call.Region, link.administrator, call.Account}
	at := millis(call.Now)
	n, err := tx.Exec(ctx, `update member set status = case when held_status is null then $4 else status end,
			held_status = case when held_status is null then null else $4 end, updated_at = $5
		where region = $1 and administrator_id = $2 and account_id = $3 and status = $6 and member_standing = 'Member' and organization_id is null`,
		r.args(string(to), at, string(link.status))...)
	if err := changedOne(n, err); err != nil {
		return err
	}
	if err := r.moveInvitation(ctx, tx, to, at); err != nil {
		return err
	}
	if !isAssociated(link.status) {
		return nil // what both sides see has not changed
	}
	s.record(tx, entry{relation: r, event: event, from: link.status, to: to, principal: call.Principal, at: call.Now,
		invitation: link.invitation}.forBoth()...)
	return nil
}

func (s *Service) beforeDisable(ctx context.Context, tx *store.Tx, call *macie2.Call, x session.Session) error {
	if standing(x.Standing) == associated {
		return macie2.ErrConflict("%s", textDisableWhileMember)
	}
	if delegated, err := isDelegated(ctx, tx, call.Region, call.Account); err != nil {
		return err
	} else if delegated {
		return macie2.ErrConflict("%s", textDisableWhileDelegated)
	}
	has, err := hasRecords(ctx, tx, call.Region, call.Account)
	if err == nil && has {
		err = macie2.ErrConflict("%s", textDisableWhileAdministrator)
	}
	return err
}

// noRecords makes sure that a session that is gone has left no record. None can be added from here
// on, but one may have been added and removed since the check before, which no foreign key shows.
func noRecords(ctx context.Context, tx *store.Tx, c session.Change) error {
	has, err := hasRecords(ctx, tx, c.Region, c.Account)
	if err == nil && has {
		err = store.ErrConflict
	}
	return err
}

// hasRecords reports whether the administrator has anybody in its inventory, in whatever state.
func hasRecords(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	return exists(ctx, tx, `select 1 from member where region = $1 and administrator_id = $2 limit 1`, region, account)
}

// hasMembers reports whether accounts are associated with the administrator: Enabled, Paused, or so
// before they were suspended.
func hasMembers(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	return exists(ctx, tx, `select 1 from member where region = $1 and administrator_id = $2 and member_standing = 'Member' limit 1`,
		region, account)
}

// exists reports whether a query has a row.
func exists(ctx context.Context, tx *store.Tx, query string, args ...any) (bool, error) {
	var one int64
	err := tx.QueryRow(ctx, query, args...).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
