package membership

import (
	"context"
	"slices"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// The kinds of tasks that invitations bring.
const (
	kindVerify  = "invitation.verify"
	kindMail    = "invitation.mail"
	kindAbandon = "administrator.release"
)

// verifyPayload names invitations whose addresses are to be verified.
type verifyPayload struct {
	InvitationIDs []string `json:"invitationIds"`
}

// outgoing is an invitation on its way to the recipient, with both sides' accounts.
type outgoing struct {
	relation
	id        string
	message   string
	noEmail   bool
	invitedAt int64
	email     string // as the administrator gave it
}

// sendInvitations is the task that follows CreateInvitations: where the address that the
// administrator gave is the one registered for the account, the recipient sees the invitation and
// gets a mail; where it is not, the administrator sees EmailVerificationFailed.
//
// It runs in the transaction that deletes the tasks, so it happens once. An invitation that is not
// in verification any more, because it was withdrawn or replaced meanwhile, is passed over.
func (s *Invitations) sendInvitations(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	var ids []string
	for _, t := range tasks {
		var p verifyPayload
		if err := t.Decode(&p); err != nil {
			return err
		}
		ids = append(ids, p.InvitationIDs...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids) // an account's return asks for a verification that may be waiting already
	invitations, err := inVerification(ctx, tx, ids)
	if err != nil || len(invitations) == 0 {
		return err
	}
	accounts, err := s.accounts.LookupAccounts(ctx, tx, parties(invitations))
	if err != nil {
		return err
	}
	var verified, failed, orphaned []outgoing
	var overridden []overriddenRecord
	for _, i := range invitations {
		inviter, inviterKnown := accounts[i.administrator]
		switch a, known := accounts[i.member]; {
		case inviterKnown && inviter.Status != identity.AccountActive:
			orphaned = append(orphaned, i)
		case known && i.record().overrideIn(a, i.region) != "":
			overridden = append(overridden, overriddenRecord{inventoryRecord{i.relation, i.record()}, overrideOf(a, i.region)})
		case known && a.EmailIs(i.email):
			verified = append(verified, i)
		default:
			failed = append(failed, i)
		}
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	if err := s.dissolveOutgoing(ctx, tx, orphaned, now); err != nil {
		return err
	}
	finishVerification(tx, verified, macie2.RelationshipStatusInvited, now)
	finishVerification(tx, failed, macie2.RelationshipStatusEmailVerificationFailed, now)
	for _, x := range overridden { // set aside: the account's return takes them up again
		if err := s.setOverride(ctx, tx, x.inventoryRecord, x.override, now); err != nil {
			return err
		}
	}
	s.recordVerification(tx, verified, failed, now)
	return s.queueMail(ctx, tx, verified, accounts, now)
}

// inVerification reads those of the given invitations that still wait for their verification.
func inVerification(ctx context.Context, tx *store.Tx, ids []string) ([]outgoing, error) {
	var list []outgoing
	stmts := make([]store.Stmt, len(ids))
	for i, id := range ids {
		stmts[i] = store.Stmt{SQL: `select i.invitation_id, i.region, i.administrator_id, i.account_id, coalesce(i.message, ''),
				i.disable_email_notification, i.invited_at, coalesce(m.email, '')
			from invitation i join member m
				on m.region = i.region and m.administrator_id = i.administrator_id and m.account_id = i.account_id
			where i.invitation_id = $1 and i.status = 'EmailVerificationInProgress' and m.status = 'EmailVerificationInProgress'`,
			Args: []any{id}}
	}
	err := tx.QueryMany(ctx, func(_ int, row store.Row) error {
		var i outgoing
		err := row.Scan(&i.id, &i.region, &i.administrator, &i.member, &i.message, &i.noEmail, &i.invitedAt, &i.email)
		list = append(list, i)
		return err
	}, stmts...)
	return list, err
}

// parties lists the accounts on both sides of the invitations.
func parties(invitations []outgoing) []macie2.AccountID {
	seen := make(map[macie2.AccountID]bool)
	var ids []macie2.AccountID
	for _, i := range invitations {
		for _, id := range []macie2.AccountID{i.administrator, i.member} {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// finishVerification moves both sides' rows of the given invitations out of verification, unless
// they were withdrawn since they were read: then the transaction is tried again.
func finishVerification(tx *store.Tx, list []outgoing, to macie2.RelationshipStatus, now time.Time) {
	for _, x := range list {
		tx.DeferExpect(1, `update member set status = $4, updated_at = $5
			where region = $1 and administrator_id = $2 and account_id = $3 and status = 'EmailVerificationInProgress'`,
			x.args(string(to), millis(now))...)
		tx.DeferExpect(1, `update invitation set status = $1, updated_at = $2 where invitation_id = $3 and status = 'EmailVerificationInProgress'`,
			string(to), millis(now), x.id)
	}
}

// recordVerification tells both sides' histories how the verification ended.
func (s *Invitations) recordVerification(tx *store.Tx, verified, failed []outgoing, now time.Time) {
	var events []viewedEntry
	for _, i := range verified {
		events = append(events, entry{relation: i.relation, event: EventInvited, from: macie2.RelationshipStatusEmailVerificationInProgress,
			to: macie2.RelationshipStatusInvited, at: now, invitation: i.id, detail: i.message}.forBoth()...)
	}
	for _, i := range failed {
		events = append(events, entry{relation: i.relation, event: EventEmailVerificationFailed,
			from: macie2.RelationshipStatusEmailVerificationInProgress, to: macie2.RelationshipStatusEmailVerificationFailed, at: now,
			invitation: i.id, detail: "the address given is not the one registered for the account"}.forAdministrator())
	}
	s.record(tx, events...)
}

// dissolveOutgoing ends what an administrator began that was suspended or closed since.
func (s *Invitations) dissolveOutgoing(ctx context.Context, tx *store.Tx, list []outgoing, now time.Time) error {
	for _, i := range list {
		err := s.dissolve(ctx, tx, i.relation, i.record(), dissolution{to: macie2.RelationshipStatusRemoved, event: EventMemberRemoved, at: now})
		if err != nil {
			return err
		}
	}
	return nil
}

// record is the administrator's record of the invitation, as inVerification has seen it.
func (i outgoing) record() memberRecord {
	return memberRecord{status: macie2.RelationshipStatusEmailVerificationInProgress, email: i.email}
}
