package membership

import (
	"context"
	"errors"
	"net/mail"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/printable"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// The lengths of an e-mail address, in bytes (RFC 5321, 4.5.3.1, less the angle brackets).
const (
	maxLocalPart = 64
	maxEmail     = 254
)

// CreateMember adds an account to the caller's inventory. Where the caller is the delegated
// administrator of the account's organization, Macie is enabled in the account, which is its member
// from then on, without an address; any other is to be invited, and its address is not verified
// before.
func (s *Members) CreateMember(ctx context.Context, call *macie2.Call, in *macie2.CreateMemberInput) (*macie2.CreateMemberOutput, error) {
	id, err := macie2.ParseAccountID(macie2.Deref(in.Account.AccountId))
	if err != nil {
		return nil, macie2.ErrValidation("account.accountId: must be 12 digits")
	}
	email, err := parseEmail(macie2.Deref(in.Account.Email))
	if err != nil {
		return nil, err
	}
	if err := resource.CheckTags(in.Tags); err != nil {
		return nil, err
	}
	a := addition{relation: relation{call.Region, call.Account, id}, email: email, tags: resource.EncodeTags(in.Tags)}
	err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error { return s.add(ctx, tx, call, a) })
	if errors.Is(err, errDelegated) {
		err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error { return s.addByDelegate(ctx, tx, call, a) })
	}
	if err != nil {
		return nil, err
	}
	return &macie2.CreateMemberOutput{Arn: macie2.Ptr(memberARN(a.relation))}, nil
}

// addition is an account that is to be added to an inventory.
type addition struct {
	relation
	email, tags  string
	byInvitation bool // although the caller is a delegated administrator: the account is not in its organization
}

// errDelegated ends an attempt to add an account: the caller is a delegated administrator, whose
// accounts come in another way.
var errDelegated = errors.New("membership: the caller is a delegated administrator")

// add adds an account that is to be invited, in one round trip when all is well. The insert asks
// for the standing that its foreign key needs, so that a caller without it gets no row, which is
// explained afterwards, instead of an error that ends the transaction.
func (s *Members) add(ctx context.Context, tx *store.Tx, call *macie2.Call, a addition) error {
	if a.member == call.Account {
		if _, err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		return macie2.ErrValidation("%s", textCreateSelf)
	}
	may := `standing = 'Administrator'`
	if !a.byInvitation {
		may += ` and not exists (` + delegations + ` where o.administrator_id = $2 and o.region = $1 and o.status = 'ENABLED')`
	}
	added := entry{relation: a.relation, event: EventMemberAdded, to: macie2.RelationshipStatusCreated, principal: call.Principal, at: call.Now}
	n, err := tx.Batch(ctx, a.promote(),
		store.Stmt{SQL: `update macie_session set counted = counted + 1
			where region = $1 and account_id = $2 and counted < ` + quotaOf("$2") + ` and ` + may,
			Args: []any{call.Region, call.Account}},
		store.Stmt{SQL: `insert into member (region, administrator_id, account_id, email, status, tags, created_at, updated_at)
			select region, account_id, $3, $4, 'Created', $5, $6, $6 from macie_session
			where region = $1 and account_id = $2 and ` + may + ` on conflict do nothing`,
			Args: []any{call.Region, call.Account, a.member, a.email, a.tags, millis(call.Now)}},
		s.recordStmt(added.forAdministrator()))
	if err != nil {
		return err
	}
	if n[1] == 1 && n[2] == 1 {
		return nil
	}
	return s.explainAdd(ctx, tx, a, n[2] == 1)
}

// explainAdd finds out why an account could not be added. A record that was inserted all the same,
// and is rolled back with the error, means that only the quota stood against it. A reason counts
// only if it still holds: otherwise something was changed since, and the call is tried again.
func (s *Members) explainAdd(ctx context.Context, tx *store.Tx, a addition, inserted bool) error {
	x, err := sideOf(ctx, tx, a.region, a.administrator)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return session.ErrNotEnabled
	case err != nil:
		return err
	case x.standing == associated:
		return macie2.ErrValidation("%s", textCreateWhileMember)
	case inserted:
		if quota, err := quotaNow(ctx, tx, a.administrator); err != nil {
			return err
		} else if x.counted >= quota.members {
			return macie2.ErrQuota("%s", textTooManyMembers)
		}
		return store.ErrConflict
	}
	if !a.byInvitation {
		if delegated, err := isDelegated(ctx, tx, a.region, a.administrator); err != nil {
			return err
		} else if delegated {
			return errDelegated
		}
	}
	switch _, err := memberOf(ctx, tx, a.relation); {
	case errors.Is(err, store.ErrNotFound):
		return store.ErrConflict
	case err != nil:
		return err
	}
	return macie2.ErrValidation("%s", textAlreadyAMember)
}

// addByDelegate adds an account for a delegated administrator: as a member, if it is in the
// organization.
func (s *Members) addByDelegate(ctx context.Context, tx *store.Tx, call *macie2.Call, a addition) error {
	d, err := delegationsOf{region: call.Region, administrator: call.Account}.one(ctx, tx)
	if errors.Is(err, store.ErrNotFound) { // it was one a moment ago
		a.byInvitation = true
		return s.add(ctx, tx, call, a)
	}
	if err != nil {
		return err
	}
	excluded, err := s.delegations.enroll(ctx, tx, enrollment{delegation: d, ids: []macie2.AccountID{a.member}, tags: a.tags, principal: call.Principal,
		at: call.Now})
	if err != nil || len(excluded) == 0 {
		return err
	}
	switch x := excluded[0]; x.cause {
	case excludedEnrolled:
		return nil // stacks that are updated add all of their accounts again
	case excludedOutside:
		a.byInvitation = true
		return s.add(ctx, tx, call, a)
	case excludedFull:
		return macie2.ErrQuota("%s", x.text)
	default:
		return macie2.ErrValidation("%s", x.text)
	}
}

// parseEmail returns the address as it is kept, trimmed.
func parseEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	local, _, _ := strings.Cut(s, "@")
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		local = s[:i]
	}
	if len(s) > maxEmail || len(local) > maxLocalPart {
		return "", macie2.ErrValidation("account.email: must have at most %d characters, and at most %d before the @", maxEmail, maxLocalPart)
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || printable.Line(s) != s {
		return "", macie2.ErrValidation("account.email: must be an email address")
	}
	return s, nil
}

func memberARN(r relation) string {
	return resource.Name(r.administrator, r.region, "member", string(r.member))
}

const memberColumns = `m.account_id, m.administrator_id, m.email, m.status, m.tags, m.invited_at, m.updated_at`

func scanMember(row store.Row, region string) (macie2.Member, error) {
	var (
		account, administrator, status, tags string
		email                                *string
		invitedAt                            *int64
		updatedAt                            int64
		m                                    macie2.Member
	)
	if err := row.Scan(&account, &administrator, &email, &status, &tags, &invitedAt, &updatedAt); err != nil {
		return m, err
	}
	decoded, err := resource.DecodeTags(tags)
	if err != nil {
		return m, err
	}
	m = macie2.Member{
		AccountId:              &account,
		AdministratorAccountId: &administrator,
		MasterAccountId:        &administrator,
		Arn:                    macie2.Ptr(memberARN(relation{region, macie2.AccountID(administrator), macie2.AccountID(account)})),
		Email:                  email,
		RelationshipStatus:     macie2.Ptr(macie2.RelationshipStatus(status)),
		Tags:                   decoded,
		UpdatedAt:              timestamp(updatedAt),
	}
	if invitedAt != nil {
		m.InvitedAt = timestamp(*invitedAt)
	}
	return m, nil
}

// GetMember describes an account in the caller's inventory.
func (s *Members) GetMember(ctx context.Context, call *macie2.Call, in *macie2.GetMemberInput) (*macie2.GetMemberOutput, error) {
	r, err := inventory(call, in.Id)
	if err != nil {
		return nil, err
	}
	var m macie2.Member
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found := false
		err := tx.Query(ctx, func(row store.Row) (err error) {
			found = true
			m, err = scanMember(row, r.region)
			return err
		}, `select `+memberColumns+` from member m where m.region = $1 and m.administrator_id = $2 and m.account_id = $3`, r.args()...)
		if err != nil || found {
			return err
		}
		if _, err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		return macie2.ErrValidation("%s", textNotAssociated)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetMemberOutput{
		AccountId: m.AccountId, AdministratorAccountId: m.AdministratorAccountId, Arn: m.Arn, Email: m.Email, InvitedAt: m.InvitedAt,
		MasterAccountId: m.MasterAccountId, RelationshipStatus: m.RelationshipStatus, Tags: m.Tags, UpdatedAt: m.UpdatedAt,
	}, nil
}

// inventory names the relationship between the caller and an account given by the path. An id that
// is not one cannot be in the inventory.
func inventory(call *macie2.Call, id *string) (relation, error) {
	account, err := macie2.ParseAccountID(macie2.Deref(id))
	if err != nil {
		return relation{}, macie2.ErrValidation("id: must be 12 digits")
	}
	return relation{call.Region, call.Account, account}, nil
}

// defaultPage is the size of a page when the caller names none; it is also the most that the
// contract allows.
const defaultPage = 25

// ListMembers lists the caller's inventory in the order of account ids: associated accounts, or all
// with onlyAssociated "false", in any letter case: Python writes it False.
func (s *Members) ListMembers(ctx context.Context, call *macie2.Call, in *macie2.ListMembersInput) (*macie2.ListMembersOutput, error) {
	filters := "associated"
	query := `select ` + memberColumns + ` from member m where m.region = $1 and m.administrator_id = $2 and m.account_id > $3
		and m.member_standing = 'Member' and m.status in ('Enabled', 'Paused') order by m.account_id limit $4`
	switch strings.ToLower(macie2.Deref(in.OnlyAssociated)) {
	case "", "true":
	case "false":
		filters = "all"
		query = `select ` + memberColumns + ` from member m where m.region = $1 and m.administrator_id = $2 and m.account_id > $3
			order by m.account_id limit $4`
	default:
		return nil, macie2.ErrValidation("%s", textOnlyAssociated)
	}
	page, err := s.page(pagetoken.Of(call, "ListMembers", filters), in.NextToken, 1, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	members := make([]macie2.Member, 0, page.Limit())
	err = s.db.View(ctx, func(tx *store.Tx) error {
		members = members[:0]
		err := tx.Query(ctx, func(row store.Row) error {
			m, err := scanMember(row, call.Region)
			members = append(members, m)
			return err
		}, query, call.Region, call.Account, page.Key(0), page.Limit())
		if err == nil && len(members) == 0 {
			_, err = requireSession(ctx, tx, call)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := new(macie2.ListMembersOutput)
	out.Members, out.NextToken = pagetoken.Cut(page, members, func(m macie2.Member) []string { return []string{*m.AccountId} })
	return out, nil
}

func pageSize(maxResults *int32) int {
	if maxResults == nil {
		return defaultPage
	}
	return int(*maxResults)
}

// DeleteMember takes an account out of the caller's inventory. It must not be associated any more.
// A pending invitation goes with it.
func (s *Members) DeleteMember(ctx context.Context, call *macie2.Call, in *macie2.DeleteMemberInput) (*macie2.DeleteMemberOutput, error) {
	r, err := inventory(call, in.Id)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		m, err := s.requireMember(ctx, tx, call, r, textNotAssociated)
		if err != nil {
			return err
		}
		if isAssociated(m.underlying()) {
			return macie2.ErrValidation("%s", textDeleteAssociated)
		}
		if err := r.remove(ctx, tx, m); err != nil {
			return err
		}
		invitation, err := invitationOf(ctx, tx, r) // nobody else changes it once the record is gone
		if err != nil {
			return err
		}
		if err := r.withdrawInvitation(ctx, tx); err != nil {
			return err
		}
		e := entry{relation: r, event: EventMemberDeleted, from: m.status, principal: call.Principal, at: call.Now,
			invitation: invitation.current()}
		s.record(tx, e.forSides(m.viaOrganization() || invitation.shared())...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DeleteMemberOutput{}, nil
}

// requireMember reads the record of an account in the caller's inventory, or says with the given
// text that there is none.
func (s *Members) requireMember(ctx context.Context, tx *store.Tx, call *macie2.Call, r relation, text string) (memberRecord, error) {
	m, err := memberOf(ctx, tx, r)
	if !errors.Is(err, store.ErrNotFound) {
		return m, err
	}
	if _, err := requireSession(ctx, tx, call); err != nil {
		return m, err
	}
	return m, macie2.ErrValidation("%s", text)
}

// DisassociateMember ends the relationship from the administrator's side, whatever its state: the
// record stays, as Removed, and can be invited again. A member account is standalone afterwards; an
// invitation can no longer be accepted.
func (s *Members) DisassociateMember(ctx context.Context, call *macie2.Call, in *macie2.DisassociateMemberInput) (*macie2.DisassociateMemberOutput, error) {
	r, err := inventory(call, in.Id)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		m, err := s.requireMember(ctx, tx, call, r, textNotAssociated)
		if err != nil {
			return err
		}
		if m.underlying() == macie2.RelationshipStatusRemoved {
			return nil
		}
		return s.dissolve(ctx, tx, r, m, dissolution{
			to: macie2.RelationshipStatusRemoved, event: EventMemberRemoved, principal: call.Principal, at: call.Now,
		})
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DisassociateMemberOutput{}, nil
}

// UpdateMemberSession suspends Macie for a member account, or resumes it. Resuming is the member's
// own business when it joined by invitation.
func (s *Members) UpdateMemberSession(ctx context.Context, call *macie2.Call, in *macie2.UpdateMemberSessionInput) (*macie2.UpdateMemberSessionOutput, error) {
	r, err := inventory(call, in.Id)
	if err != nil {
		return nil, err
	}
	at := millis(call.Now)
	err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		m, err := s.requireMember(ctx, tx, call, r, textNotAMember)
		if err != nil {
			return err
		}
		if !isAssociated(m.status) {
			return macie2.ErrValidation("%s", textNotAMember)
		}
		to, event := macie2.RelationshipStatusEnabled, EventMemberResumed
		if macie2.Deref(in.Status) == macie2.MacieStatusPaused {
			to, event = macie2.RelationshipStatusPaused, EventMemberPaused
		}
		switch {
		case to == m.status:
			return nil
		case to == macie2.RelationshipStatusEnabled && !m.viaOrganization():
			return macie2.ErrValidation("%s", textOnlyMemberResumes)
		}
		if err := r.move(ctx, tx, m.status, to, at); err != nil {
			return err
		}
		err = s.sessions.SetStatus(ctx, tx, session.Change{Region: r.region, Account: r.member, To: macie2.Deref(in.Status),
			By: call.Principal, At: call.Now})
		if err != nil {
			return err
		}
		if err := r.moveInvitation(ctx, tx, to, at); err != nil {
			return err
		}
		s.record(tx, entry{relation: r, event: event, from: m.status, to: to, principal: call.Principal, at: call.Now}.forBoth()...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateMemberSessionOutput{}, nil
}
