package membership

import (
	"context"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// AccountStatusChanged follows a change of an account in the directory, in the transaction that makes it. A suspended or closed account
// reads AccountSuspended wherever it is in an inventory, and goes back to what it was when it is resumed. An administrator that is
// suspended or closed loses its members, which are standalone from then on, and its invitations, those included that a member which
// resigned could accept again.
func (s *Service) AccountStatusChanged(ctx context.Context, tx *store.Tx, account macie2.AccountID, status identity.AccountStatus) error {
	now := s.now().UTC().Truncate(time.Millisecond)
	if status == identity.AccountActive {
		return s.resumeAccount(ctx, tx, account, now)
	}
	records, err := recordsWhere(ctx, tx, `account_id = $1 and held_status is null`, account)
	if err != nil {
		return err
	}
	for _, x := range records {
		call := &macie2.Call{Account: x.administrator, Region: x.region, Now: now}
		if err := s.suspendMembers(ctx, tx, call, []candidate{{x.member, x.memberRecord}}); err != nil {
			return err
		}
	}
	inventory, err := recordsWhere(ctx, tx, `administrator_id = $1 and coalesce(held_status, status) in
		('Enabled', 'Paused', 'Invited', 'Resigned', 'EmailVerificationInProgress')`, account)
	if err != nil {
		return err
	}
	for _, x := range inventory {
		err := s.dissolve(ctx, tx, x.relation, x.memberRecord, dissolution{to: macie2.RelationshipStatusRemoved, event: EventMemberRemoved, at: now})
		if err != nil {
			return err
		}
	}
	return nil
}

// inventoryRecord is a member record with the relationship that it is about.
type inventoryRecord struct {
	relation
	memberRecord
}

// recordsWhere reads records in every Region by a condition on $1, an account.
func recordsWhere(ctx context.Context, tx *store.Tx, condition string, account macie2.AccountID) ([]inventoryRecord, error) {
	var records []inventoryRecord
	err := tx.Query(ctx, func(row store.Row) error {
		var x inventoryRecord
		err := row.Scan(&x.region, &x.administrator, &x.member, &x.status, &x.held, &x.email)
		records = append(records, x)
		return err
	}, `select region, administrator_id, account_id, status, coalesce(held_status, ''), coalesce(email, '')
		from member where `+condition+` order by region, administrator_id, account_id`, string(account))
	return records, err
}

// suspendMembers marks accounts of one inventory as suspended, and keeps what they were.
func (s *Service) suspendMembers(ctx context.Context, tx *store.Tx, call *macie2.Call, list []candidate) error {
	for _, c := range list {
		r := relation{call.Region, call.Account, c.id}
		n, err := tx.Exec(ctx, `update member set held_status = status, status = 'AccountSuspended', updated_at = $4
			where region = $1 and administrator_id = $2 and account_id = $3 and status = $5 and held_status is null`,
			r.args(millis(call.Now), string(c.record.status))...)
		if err := changedOne(n, err); err != nil {
			return err
		}
		e := entry{relation: r, event: EventAccountSuspended, from: c.record.status, to: macie2.RelationshipStatusAccountSuspended, at: call.Now}
		s.record(tx, e.forAdministrator())
	}
	return nil
}

// resumeAccount takes an account's records back to what they were before it was suspended.
func (s *Service) resumeAccount(ctx context.Context, tx *store.Tx, account macie2.AccountID, now time.Time) error {
	records, err := recordsWhere(ctx, tx, `account_id = $1 and status = 'AccountSuspended'`, account)
	if err != nil {
		return err
	}
	for _, x := range records {
		if err := s.resumeRecord(ctx, tx, x, now); err != nil {
			return err
		}
	}
	return nil
}

// resumeRecord takes one record back to what it was.
func (s *Service) resumeRecord(ctx context.Context, tx *store.Tx, x inventoryRecord, now time.Time) error {
	n, err := tx.Exec(ctx, `update member set status = held_status, held_status = null, updated_at = $4
		where region = $1 and administrator_id = $2 and account_id = $3 and status = 'AccountSuspended' and held_status = $5`,
		x.args(millis(now), string(x.held))...)
	if err := changedOne(n, err); err != nil {
		return err
	}
	e := entry{relation: x.relation, event: EventAccountResumed, from: x.status, to: x.held, at: now}
	s.record(tx, e.forAdministrator())
	if x.held != macie2.RelationshipStatusEmailVerificationInProgress {
		return nil
	}
	invitation, err := invitationOf(ctx, tx, x.relation) // its verification was put aside
	if err != nil {
		return err
	}
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: kindVerify, Payload: verifyPayload{[]string{invitation.id}}})
}
