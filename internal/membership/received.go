package membership

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// What follows is the recipient's side of an invitation: listing, counting, accepting, declining
// and deleting what it received.

// ListInvitations lists the invitations that the caller has received and not deleted, the oldest
// first.
func (s *Invitations) ListInvitations(ctx context.Context, call *macie2.Call, in *macie2.ListInvitationsInput) (*macie2.ListInvitationsOutput, error) {
	page, err := s.page(pagetoken.Of(call, "ListInvitations", ""), in.NextToken, 2, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	var invitations []macie2.Invitation
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := requireSession(ctx, tx, call); err != nil { // invitations outlive the session: a page with rows does not show one
			return err
		}
		invitations = make([]macie2.Invitation, 0, page.Limit())
		return tx.Query(ctx, func(row store.Row) error {
			var administrator, id, status string
			var invitedAt int64
			if err := row.Scan(&administrator, &id, &status, &invitedAt); err != nil {
				return err
			}
			invitations = append(invitations, invitationOut(link{administrator: macie2.AccountID(administrator),
				status: macie2.RelationshipStatus(status), invitation: id, invitedAt: invitedAt}))
			return nil
		}, `select administrator_id, invitation_id, status, invited_at from invitation
			where region = $1 and account_id = $2 and (invited_at, invitation_id) > ($3, $4)
			and status not in ('EmailVerificationInProgress', 'EmailVerificationFailed')
			order by invited_at, invitation_id limit $5`,
			call.Region, call.Account, page.Int(0), page.Key(1), page.Limit())
	})
	if err != nil {
		return nil, err
	}
	out := new(macie2.ListInvitationsOutput)
	out.Invitations, out.NextToken = pagetoken.Cut(page, invitations, func(i macie2.Invitation) []string {
		return []string{pagetoken.Int(i.InvitedAt.UnixMilli()), *i.InvitationId}
	})
	return out, nil
}

func invitationOut(l link) macie2.Invitation {
	i := macie2.Invitation{AccountId: macie2.Ptr(string(l.administrator)), RelationshipStatus: macie2.Ptr(l.status)}
	if l.invitation != "" {
		i.InvitationId = macie2.Ptr(l.invitation)
		i.InvitedAt = timestamp(l.invitedAt)
	}
	return i
}

// GetInvitationsCount counts the invitations that the caller has received and not deleted, less the
// one it has accepted.
func (s *Invitations) GetInvitationsCount(ctx context.Context, call *macie2.Call, _ *macie2.GetInvitationsCountInput) (*macie2.GetInvitationsCountOutput, error) {
	var count int64
	err := s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select count(*) from invitation where region = $1 and account_id = $2
			and status in ('Invited', 'Removed', 'Resigned')`, call.Region, call.Account).Scan(&count)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetInvitationsCountOutput{InvitationsCount: macie2.Ptr(count)}, nil
}

// AcceptInvitation makes the caller a member of the account that sent the invitation. It accepts
// one that is unanswered, and one that was accepted before and resigned from.
func (s *Invitations) AcceptInvitation(ctx context.Context, call *macie2.Call, in *macie2.AcceptInvitationInput) (*macie2.AcceptInvitationOutput, error) {
	from := cmp.Or(macie2.Deref(in.AdministratorAccountId), macie2.Deref(in.MasterAccount))
	err := s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		x, err := requireSession(ctx, tx, call)
		if err != nil {
			return err
		}
		r, invitation, record, err := s.receivedInvitation(ctx, tx, call, macie2.Deref(in.InvitationId))
		if err != nil {
			return err
		}
		open := record.status == macie2.RelationshipStatusInvited || record.status == macie2.RelationshipStatusResigned
		if from != "" && from != string(r.administrator) || !invitation.pending() || !open || x.standing == associated {
			return macie2.ErrValidation("%s", textNoPendingInvitation)
		}
		if x.counted > 0 || x.organizationCounted > 0 {
			return macie2.ErrValidation("%s", textAcceptWithMembers)
		}
		if delegated, err := isDelegated(ctx, tx, call.Region, call.Account); err != nil {
			return err
		} else if delegated {
			return macie2.ErrValidation("%s", textAcceptWhileDelegated)
		}
		return s.accept(ctx, tx, call, r, acceptance{session: x, invitation: invitation, record: record})
	})
	if err != nil {
		return nil, err
	}
	return &macie2.AcceptInvitationOutput{}, nil
}

// receivedInvitation finds the invitation with this id among those that the caller received, with
// the administrator's record.
func (s *Invitations) receivedInvitation(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (relation, invitationRecord, memberRecord, error) {
	r := relation{region: call.Region, member: call.Account}
	var i invitationRecord
	var m memberRecord
	err := tx.QueryRow(ctx, `select i.administrator_id, i.invitation_id, i.status, i.declined, m.status
		from invitation i join member m
			on m.region = i.region and m.administrator_id = i.administrator_id and m.account_id = i.account_id
		where i.invitation_id = $1 and i.region = $2 and i.account_id = $3`, id, call.Region, call.Account).
		Scan(&r.administrator, &i.id, &i.status, &i.declined, &m.status)
	if errors.Is(err, store.ErrNotFound) {
		err = macie2.ErrValidation("%s", textNoPendingInvitation)
	}
	return r, i, m, err
}

// acceptance is what is known when an invitation is about to be accepted.
type acceptance struct {
	session    side // the recipient's
	invitation invitationRecord
	record     memberRecord // the administrator's
}

// accept makes the relationship. Every step is a compare-and-set or leans on a constraint; whatever
// another request changed meanwhile ends this attempt with store.ErrConflict, and the next attempt
// sees why.
func (s *Invitations) accept(ctx context.Context, tx *store.Tx, call *macie2.Call, r relation, a acceptance) error {
	at := millis(call.Now)
	to := macie2.RelationshipStatusEnabled
	if a.session.status == macie2.MacieStatusPaused {
		to = macie2.RelationshipStatusPaused
	}
	if a.record.status == macie2.RelationshipStatusResigned {
		if err := s.recount(ctx, tx, r, a); err != nil {
			return err
		}
	}
	n, err := tx.Exec(ctx, `update macie_session set standing = 'Member' where region = $1 and account_id = $2
		and standing <> 'Member' and counted = 0 and organization_counted = 0 and status = $3`, r.region, r.member, string(a.session.status))
	if errors.Is(err, store.ErrForeignKey) {
		return store.ErrConflict // it became an administrator meanwhile
	}
	if err := changedOne(n, err); err != nil {
		return err
	}
	switch err := r.move(ctx, tx, a.record.status, to, at); {
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrForeignKey):
		return store.ErrConflict // it became another one's member meanwhile
	case err != nil:
		return err
	}
	n, err = tx.Exec(ctx, `update invitation set status = $1, updated_at = $2 where invitation_id = $3 and status = $4 and declined = false`,
		string(to), at, a.invitation.id, string(a.invitation.status))
	if err := changedOne(n, err); err != nil {
		return err
	}
	s.record(tx, entry{relation: r, event: EventInvitationAccepted, from: a.record.status, to: to, principal: call.Principal,
		at: call.Now, invitation: a.invitation.id}.forBoth()...)
	return nil
}

// recount puts a member that resigned back onto its administrator's count, if that account can have
// it back. Why it cannot is a reason only while the record and the caller's session still are what
// they were: another invitation or acceptance of this very moment may have made it so.
func (s *Invitations) recount(ctx context.Context, tx *store.Tx, r relation, a acceptance) error {
	n, err := tx.Exec(ctx, `update macie_session set counted = counted + 1, standing = 'Administrator'
		where region = $1 and account_id = $2 and standing <> 'Member' and counted < `+quotaOf("$2"), r.region, r.administrator)
	if err != nil || n == 1 {
		return err
	}
	x, err := sideOf(ctx, tx, r.region, r.administrator)
	closed := errors.Is(err, store.ErrNotFound)
	if err != nil && !closed {
		return err
	}
	still, err := exists(ctx, tx, `select 1 from member m join macie_session s on s.region = m.region and s.account_id = m.account_id
		where m.region = $1 and m.administrator_id = $2 and m.account_id = $3 and m.status = $4 and s.standing = $5 and s.counted = 0`,
		r.args(string(a.record.status), a.session.standing)...)
	switch {
	case err != nil:
		return err
	case !still:
		return store.ErrConflict
	case closed:
		return macie2.ErrValidation("%s", textNoPendingInvitation)
	case x.standing == associated:
		return macie2.ErrValidation("%s", textAcceptFromMember)
	}
	if quota, err := quotaNow(ctx, tx, r.administrator); err != nil {
		return err
	} else if x.counted >= quota.members {
		return macie2.ErrQuota("%s", textInviterTooManyMembers)
	}
	return store.ErrConflict // it had no room, or another standing, a moment ago
}

// DeclineInvitations refuses invitations from the given accounts: the caller leaves their
// inventories, and the invitations stay, as Resigned, until they are deleted.
func (s *Invitations) DeclineInvitations(ctx context.Context, call *macie2.Call, in *macie2.DeclineInvitationsInput) (*macie2.DeclineInvitationsOutput, error) {
	refused, err := s.answerEach(ctx, call, in.AccountIds, s.decline)
	if err != nil {
		return nil, err
	}
	return &macie2.DeclineInvitationsOutput{UnprocessedAccounts: unprocessed(refused)}, nil
}

// DeleteInvitations deletes invitations that were declined, resigned from, or ended by the
// administrator, and with them the record in the administrator's inventory.
func (s *Invitations) DeleteInvitations(ctx context.Context, call *macie2.Call, in *macie2.DeleteInvitationsInput) (*macie2.DeleteInvitationsOutput, error) {
	refused, err := s.answerEach(ctx, call, in.AccountIds, s.deleteReceived)
	if err != nil {
		return nil, err
	}
	return &macie2.DeleteInvitationsOutput{UnprocessedAccounts: unprocessed(refused)}, nil
}

// answerEach does one thing with the invitations from each of the given accounts, in one
// transaction. The text that it returns for an account, if any, is why that account was not
// processed.
func (s *Invitations) answerEach(ctx context.Context, call *macie2.Call, list []string,
	answer func(context.Context, *store.Tx, *macie2.Call, relation) (string, error)) ([]refusal, error) {
	ids, err := accountIDs(list)
	if err != nil {
		return nil, err
	}
	slices.Sort(ids) // two recipients that answer the same accounts at once must not wait for each other crosswise
	var refused []refusal
	err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		refused = nil
		if _, err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		for _, id := range ids {
			text, err := answer(ctx, tx, call, relation{call.Region, id, call.Account})
			if err != nil {
				return err
			}
			if text != "" {
				refused = append(refused, refusal{id, macie2.ErrorCodeClientError, text})
			}
		}
		return nil
	})
	return refused, err
}

func (s *Invitations) decline(ctx context.Context, tx *store.Tx, call *macie2.Call, r relation) (string, error) {
	record, invitation, err := bothSides(ctx, tx, r)
	if err != nil {
		return "", err
	}
	if !invitation.pending() {
		return textNoPendingInvitation, nil
	}
	if err := r.remove(ctx, tx, record); err != nil {
		return "", err
	}
	n, err := tx.Exec(ctx, `update invitation set status = 'Resigned', declined = true, updated_at = $1
		where invitation_id = $2 and status = $3 and declined = false`, millis(call.Now), invitation.id, string(invitation.status))
	if err := changedOne(n, err); err != nil {
		return "", err
	}
	s.record(tx, entry{relation: r, event: EventInvitationDeclined, from: record.status, principal: call.Principal,
		at: call.Now, invitation: invitation.id}.forBoth()...)
	return "", nil
}

func (s *Invitations) deleteReceived(ctx context.Context, tx *store.Tx, call *macie2.Call, r relation) (string, error) {
	record, invitation, err := bothSides(ctx, tx, r)
	if err != nil {
		return "", err
	}
	switch {
	case !invitation.visible():
		return textNoPendingInvitation, nil
	case invitation.status != macie2.RelationshipStatusResigned && invitation.status != macie2.RelationshipStatusRemoved:
		return textDeleteInvitation, nil
	}
	e := entry{relation: r, event: EventInvitationDeleted, principal: call.Principal, at: call.Now, invitation: invitation.id}
	events := []viewedEntry{e.forMember()}
	if !invitation.declined { // the record of one that was declined is gone, or belongs to a later addition
		if err := r.remove(ctx, tx, record); err != nil {
			return "", err
		}
		e.from = record.status
		events = e.forBoth()
	}
	n, err := tx.Exec(ctx, `delete from invitation where invitation_id = $1 and status = $2 and declined = $3`,
		invitation.id, string(invitation.status), invitation.declined)
	if err := changedOne(n, err); err != nil {
		return "", err
	}
	s.record(tx, events...)
	return "", nil
}
