package membership

import (
	"context"
	"errors"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Transactions take their locks in one order, so that two of them that meet wait for each other
// instead of ending in a deadlock: the administrator's session, the record, the member's session,
// the invitation. (Only accept has to take the member's session before the record, since the record
// refers to its standing.) What was read before is compared again by the statement that changes it.

// relation names one relationship: who is on which side, and where.
type relation struct {
	region        string
	administrator macie2.AccountID
	member        macie2.AccountID
}

func (r relation) args(args ...any) []any {
	return append([]any{r.region, r.administrator, r.member}, args...)
}

// move takes the member record from one status to another. It returns store.ErrConflict when the
// record is not in status from.
func (r relation) move(ctx context.Context, tx *store.Tx, from, to macie2.RelationshipStatus, at int64) error {
	n, err := tx.Exec(ctx, `update member set status = $4, updated_at = $5
		where region = $1 and administrator_id = $2 and account_id = $3 and status = $6`,
		r.args(string(to), at, string(from))...)
	return changedOne(n, err)
}

// moveInvitation sets the status that the recipient sees. A relationship without an invitation has
// nothing to set, and one that was declined is the recipient's own affair.
func (r relation) moveInvitation(ctx context.Context, tx *store.Tx, to macie2.RelationshipStatus, at int64) error {
	_, err := tx.Exec(ctx, updateInvitation, r.args(string(to), at)...)
	return err
}

const updateInvitation = `update invitation set status = $4, updated_at = $5
	where region = $1 and administrator_id = $2 and account_id = $3 and declined = false`

// deleteInvitation deletes a relationship's invitation from the administrator's side. One that was
// declined stays with the recipient.
const deleteInvitation = `delete from invitation where region = $1 and administrator_id = $2 and account_id = $3 and declined = false`

func (r relation) withdrawInvitation(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, deleteInvitation, r.args()...)
	return err
}

// remove deletes the member record in the given state, and takes it off the administrator's count
// where it was counted.
func (r relation) remove(ctx context.Context, tx *store.Tx, record memberRecord) error {
	if counts(record.underlying()) {
		if err := r.uncount(ctx, tx, record); err != nil {
			return err
		}
	}
	n, err := tx.Exec(ctx, `delete from member where region = $1 and administrator_id = $2 and account_id = $3
		and status = $4 and coalesce(held_status, '') = $5 and coalesce(organization_id, '') = $6`,
		r.args(string(record.status), string(record.held), record.organization)...)
	return changedOne(n, err)
}

// promote makes the administrator's session one of an administrator, if it is standalone.
//
// No other statement names the standing of a session that has it already: SQLite looks through
// every row that refers to it, which is all of the inventory, whenever a statement sets a column
// that foreign keys refer to, even to the value that it has.
func (r relation) promote() store.Stmt {
	return store.Stmt{SQL: `update macie_session set standing = 'Administrator'
		where region = $1 and account_id = $2 and standing = 'Standalone'`, Args: []any{r.region, r.administrator}}
}

// uncount takes one record off the count of its kind that the administrator has.
func (r relation) uncount(ctx context.Context, tx *store.Tx, record memberRecord) error {
	count := "counted"
	if record.viaOrganization() {
		count = "organization_counted"
	}
	n, err := tx.Exec(ctx, `update macie_session set `+count+` = `+count+` - 1 where region = $1 and account_id = $2 and `+count+` > 0`,
		r.region, r.administrator)
	return changedOne(n, err)
}

// release makes the member's account standalone again. The member record must have left Enabled and
// Paused before.
func (r relation) release(ctx context.Context, tx *store.Tx) error {
	n, err := tx.Exec(ctx, `update macie_session set standing = 'Standalone'
		where region = $1 and account_id = $2 and standing = 'Member'`, r.region, r.member)
	return changedOne(n, err)
}

// changedOne turns the count of a compare-and-set into store.ErrConflict when it found nothing to
// change.
func changedOne(n int64, err error) error {
	if err == nil && n == 0 {
		return store.ErrConflict
	}
	return err
}

// counts reports whether a record in this status counts against the administrator's quota: it is
// associated, or may become so without another look at the quota.
func counts(status macie2.RelationshipStatus) bool {
	return status != macie2.RelationshipStatusRemoved && status != macie2.RelationshipStatusResigned
}

// isAssociated reports whether an account in this status is a member account.
func isAssociated(status macie2.RelationshipStatus) bool {
	return status == macie2.RelationshipStatusEnabled || status == macie2.RelationshipStatusPaused
}

// memberRecord is a row of member, as far as transitions need it.
type memberRecord struct {
	status macie2.RelationshipStatus
	held   macie2.RelationshipStatus // what AccountSuspended and RegionDisabled go back to; otherwise empty
	email  string

	organization identity.OrganizationID // that it is a member through; empty for one by invitation

	mails mailsNow // where the record was read to invite the account
}

// viaOrganization reports whether the account is a member through an organization, and not by
// invitation.
func (m memberRecord) viaOrganization() bool { return m.organization != "" }

// underlying is the relationship behind a suspension.
func (m memberRecord) underlying() macie2.RelationshipStatus {
	if m.held != "" {
		return m.held
	}
	return m.status
}

// memberOf reads the record of a relationship, or returns store.ErrNotFound.
func memberOf(ctx context.Context, tx *store.Tx, r relation) (memberRecord, error) {
	var m memberRecord
	err := tx.QueryRow(ctx, `select status, coalesce(held_status, ''), coalesce(email, ''), coalesce(organization_id, '')
		from member where region = $1 and administrator_id = $2 and account_id = $3`, r.args()...).
		Scan(&m.status, &m.held, &m.email, &m.organization)
	return m, err
}

// link is an account's tie to its administrator.
type link struct {
	administrator macie2.AccountID
	status        macie2.RelationshipStatus
	invitation    string // empty for members that came through an organization
	invitedAt     int64
	organization  identity.OrganizationID // empty for members by invitation
}

// administratorOf reads the tie of an account to its administrator, or returns store.ErrNotFound.
func administratorOf(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (link, error) {
	var l link
	err := tx.QueryRow(ctx, `select m.administrator_id, m.status, coalesce(i.invitation_id, ''), coalesce(i.invited_at, 0), coalesce(m.organization_id, '')
		from member m left join invitation i on i.region = m.region and i.account_id = m.account_id
			and i.administrator_id = m.administrator_id and m.organization_id is null -- one that was declined may have stayed
		where m.region = $1 and m.account_id = $2 and m.member_standing = 'Member'`, region, account).
		Scan(&l.administrator, &l.status, &l.invitation, &l.invitedAt, &l.organization)
	return l, err
}

// invitationRecord is a row of invitation, as far as transitions need it.
type invitationRecord struct {
	id       string
	status   macie2.RelationshipStatus
	declined bool
}

// visible reports whether the recipient has been shown the invitation.
func (i invitationRecord) visible() bool {
	return i.status != macie2.RelationshipStatusEmailVerificationInProgress && i.status != macie2.RelationshipStatusEmailVerificationFailed
}

// current is the id of the invitation that belongs to the relationship as it is; one that was
// declined belongs to an earlier one.
func (i invitationRecord) current() string {
	if i.declined {
		return ""
	}
	return i.id
}

// shared reports whether both sides know of the relationship: the recipient has seen the
// invitation, and has not declined it.
func (i invitationRecord) shared() bool { return i.visible() && !i.declined }

// pending reports whether the recipient can accept the invitation: it is unanswered, or was
// accepted and resigned from.
func (i invitationRecord) pending() bool {
	return i.status == macie2.RelationshipStatusInvited || i.status == macie2.RelationshipStatusResigned && !i.declined
}

// invitationOf reads the invitation of a relationship; one without an invitation has a record that
// is not visible.
func invitationOf(ctx context.Context, tx *store.Tx, r relation) (invitationRecord, error) {
	i := invitationRecord{status: macie2.RelationshipStatusEmailVerificationInProgress}
	err := tx.QueryRow(ctx, `select invitation_id, status, declined from invitation
		where region = $1 and administrator_id = $2 and account_id = $3`, r.args()...).Scan(&i.id, &i.status, &i.declined)
	if errors.Is(err, store.ErrNotFound) {
		return i, nil
	}
	return i, err
}

// invitationsOf does so for many relationships in one round trip.
func invitationsOf(ctx context.Context, tx *store.Tx, list []inventoryRecord) ([]invitationRecord, error) {
	invitations := make([]invitationRecord, len(list))
	stmts := make([]store.Stmt, len(list))
	for i, x := range list {
		invitations[i].status = macie2.RelationshipStatusEmailVerificationInProgress
		stmts[i] = store.Stmt{SQL: `select invitation_id, status, declined from invitation
			where region = $1 and administrator_id = $2 and account_id = $3`, Args: x.args()}
	}
	err := tx.QueryMany(ctx, func(i int, row store.Row) error {
		return row.Scan(&invitations[i].id, &invitations[i].status, &invitations[i].declined)
	}, stmts...)
	return invitations, err
}

// bothSides reads the record of a relationship and its invitation in one look, so that they fit
// each other. A side that is not there has its zero value.
func bothSides(ctx context.Context, tx *store.Tx, r relation) (memberRecord, invitationRecord, error) {
	var m memberRecord
	var i invitationRecord
	err := tx.QueryRow(ctx, `select coalesce(m.status, ''), coalesce(m.held_status, ''), coalesce(m.email, ''), coalesce(m.organization_id, ''),
			coalesce(i.invitation_id, ''), coalesce(i.status, 'EmailVerificationInProgress'), coalesce(i.declined, false)
		from (select 1 as one) x
		left join member m on m.region = $1 and m.administrator_id = $2 and m.account_id = $3
		left join invitation i on i.region = $1 and i.administrator_id = $2 and i.account_id = $3`, r.args()...).
		Scan(&m.status, &m.held, &m.email, &m.organization, &i.id, &i.status, &i.declined)
	return m, i, err
}

// dissolution says how a relationship ends.
type dissolution struct {
	to        macie2.RelationshipStatus // Removed or Resigned
	event     Event
	principal macie2.Principal
	at        time.Time
	detail    string
}

// dissolve ends a relationship and keeps its record: the member's account is standalone again, the
// quota has room for another, and an invitation that the recipient knows of says how it ended,
// while one that it was never shown is gone.
func (s *relations) dissolve(ctx context.Context, tx *store.Tx, r relation, m memberRecord, d dissolution) error {
	at := millis(d.at)
	if counts(m.underlying()) {
		if err := r.uncount(ctx, tx, m); err != nil {
			return err
		}
	}
	n, err := tx.Exec(ctx, `update member set status = $4, held_status = null, updated_at = $5
		where region = $1 and administrator_id = $2 and account_id = $3 and status = $6 and coalesce(held_status, '') = $7
			and coalesce(organization_id, '') = $8`,
		r.args(string(d.to), at, string(m.status), string(m.held), m.organization)...)
	if err := changedOne(n, err); err != nil {
		return err
	}
	if isAssociated(m.underlying()) {
		if err := r.release(ctx, tx); err != nil {
			return err
		}
	}
	invitation, err := invitationOf(ctx, tx, r) // nobody else changes it while the record is ours
	if err != nil {
		return err
	}
	if invitation.visible() {
		err = r.moveInvitation(ctx, tx, d.to, at)
	} else {
		err = r.withdrawInvitation(ctx, tx)
	}
	if err != nil {
		return err
	}
	e := entry{relation: r, event: d.event, from: m.status, to: d.to, principal: d.principal, at: d.at, invitation: invitation.current(),
		detail: d.detail}
	s.record(tx, e.forSides(m.viaOrganization() || invitation.shared())...)
	return nil
}
