package membership

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
)

// The bounds of one CreateInvitations call. Macie publishes the length of a message, and no number
// of ids.
const (
	maxAccountIDs = 1000
	maxMessage    = 80 // characters
)

// CreateInvitations invites accounts of the caller's inventory to become its members. Each account
// is decided on its own: those that cannot be invited are listed in unprocessedAccounts with a
// reason to act on, the others go to EmailVerificationInProgress, and a worker verifies the
// address, shows the invitation to the recipient and sends the mail.
//
// A request that is malformed in itself is refused whole, before anything is done for any account.
func (s *Invitations) CreateInvitations(ctx context.Context, call *macie2.Call, in *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error) {
	ids, err := accountIDs(in.AccountIds)
	if err != nil {
		return nil, err
	}
	if in.Message != nil {
		if err := checkMessage(*in.Message); err != nil {
			return nil, err
		}
	}
	w := wording{message: in.Message, noEmail: macie2.Deref(in.DisableEmailNotification)}
	refused, err := s.inviteEach(ctx, call, w, ids)
	if err != nil {
		return nil, err
	}
	return &macie2.CreateInvitationsOutput{UnprocessedAccounts: unprocessed(refused)}, nil
}

// accountIDs checks a list of account ids and drops repetitions.
func accountIDs(list []string) ([]macie2.AccountID, error) {
	if len(list) == 0 || len(list) > maxAccountIDs {
		return nil, macie2.ErrValidation("accountIds: must name 1 to %d accounts, not %d", maxAccountIDs, len(list))
	}
	ids := make([]macie2.AccountID, 0, len(list))
	seen := make(map[macie2.AccountID]bool, len(list))
	for i, s := range list {
		id, err := macie2.ParseAccountID(s)
		if err != nil {
			return nil, macie2.ErrValidation("accountIds[%d]: must be 12 digits", i)
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// checkMessage holds an invitation's message to what a mail can show as one quoted line: control
// characters, line breaks and characters that reorder or hide text are refused.
func checkMessage(message string) error {
	if n := utf8.RuneCountInString(message); n < 1 || n > maxMessage {
		return macie2.ErrValidation("message: must have 1 to %d characters, not %d", maxMessage, n)
	}
	position := 0
	for _, r := range message {
		position++
		if !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
			return macie2.ErrValidation("message: character %d (U+%04X) is not allowed: letters, digits, spaces and punctuation only", position, r)
		}
	}
	if strings.TrimSpace(message) == "" {
		return macie2.ErrValidation("message: must not be blank")
	}
	return nil
}

// wording is what the invitations of one call have in common.
type wording struct {
	message *string
	noEmail bool
}

// refusal is an account that was not processed, and why.
type refusal struct {
	id   macie2.AccountID
	code macie2.ErrorCode
	text string
}

func unprocessed(refused []refusal) []macie2.UnprocessedAccount {
	list := make([]macie2.UnprocessedAccount, len(refused))
	for i, r := range refused {
		list[i] = macie2.UnprocessedAccount{AccountId: macie2.Ptr(string(r.id)), ErrorCode: macie2.Ptr(r.code), ErrorMessage: macie2.Ptr(r.text)}
	}
	return list
}

// inviteEach invites all accounts in one transaction. When storing them fails for a reason that may
// lie with one account, it tries them in halves, so that one account's fault is reported as that
// account's. It fails as a whole when it fails for all of them.
func (s *Invitations) inviteEach(ctx context.Context, call *macie2.Call, w wording, ids []macie2.AccountID) ([]refusal, error) {
	refused, err := s.inviteMembers(ctx, call, w, ids)
	var contract *macie2.Error
	switch {
	case err == nil || len(ids) == 1 || errors.As(err, &contract) || ctx.Err() != nil || !faultOfOne(err):
		return refused, err
	}
	refused = nil // they belong to the transaction that failed
	half := len(ids) / 2
	answered, failed := 0, 0 // parts that were refused whole for a reason to tell, and parts that could not be stored
	for _, part := range [][]macie2.AccountID{ids[:half], ids[half:]} {
		more, partErr := s.inviteEach(ctx, call, w, part)
		code, text := macie2.ErrorCodeInternalError, textInternal
		switch {
		case partErr == nil:
			refused = append(refused, more...)
			continue
		case errors.As(partErr, &contract):
			code, text = macie2.ErrorCodeClientError, contract.Message
			answered++
		default:
			s.log.ErrorContext(ctx, "invitations not stored", "account", call.Account, "region", call.Region,
				"request", call.RequestID, "count", len(part), "error", partErr)
			failed++
		}
		for _, id := range part {
			refused = append(refused, refusal{id, code, text})
		}
	}
	switch {
	case answered == 2:
		return nil, contract
	case failed == 2:
		return nil, fmt.Errorf("invite %d accounts: %w", len(ids), err)
	}
	return refused, nil
}

// faultOfOne reports whether a failed transaction may succeed for some of its accounts.
func faultOfOne(err error) bool {
	for _, whole := range []error{store.ErrUnavailable, store.ErrUnknownOutcome, store.ErrFull, store.ErrReadOnly} {
		if errors.Is(err, whole) {
			return false
		}
	}
	return true
}

// candidate is an account of the inventory that an invitation was asked for.
type candidate struct {
	member macie2.AccountID
	record memberRecord
}

// inviteMembers decides about all accounts in one transaction, by one compare-and-set of their
// records.
func (s *Invitations) inviteMembers(ctx context.Context, call *macie2.Call, w wording, ids []macie2.AccountID) (refused []refusal, err error) {
	sawSession := false
	err = s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		refused = nil
		x, records, err := s.inventoryOf(ctx, tx, call, ids)
		if errors.Is(err, store.ErrNotFound) {
			if sawSession { // in an earlier attempt of this same request
				return errSessionEnded
			}
			return session.ErrNotEnabled
		}
		if err != nil {
			return err
		}
		sawSession = true
		if s.beforeWrite != nil {
			if err := s.beforeWrite(tx); err != nil {
				return err
			}
		}
		accounts, err := s.accounts.LookupAccounts(ctx, tx, ids)
		if err != nil {
			return err
		}
		if overtaken, err := s.resumeOvertaken(ctx, tx, call, records, accounts); err != nil {
			return err
		} else if overtaken {
			if x, records, err = s.inventoryOf(ctx, tx, call, ids); err != nil {
				return err
			}
		}
		d := decision{region: call.Region, side: x, records: records, accounts: accounts, now: call.Now}
		if !w.noEmail {
			d.mail = s.mailBounds
		}
		if anyComesBack(records) {
			quota, err := quotaNow(ctx, tx, call.Account)
			if err != nil {
				return err
			}
			d.quota = quota.members
		}
		for _, id := range ids {
			d.decide(call.Account, id)
		}
		refused = d.refused
		if d.overQuota == len(ids) {
			return macie2.ErrQuota("%s", textTooManyMembers)
		}
		if err := s.storeInvitations(ctx, tx, call, w, d); err != nil {
			return err
		}
		for _, x := range d.overridden {
			if err := s.setOverride(ctx, tx, x.inventoryRecord, x.override, call.Now); err != nil {
				return err
			}
		}
		return nil
	})
	return refused, err
}

// resumeOvertaken takes records back to what they were, or to what still overrides them, whose
// accounts are not suspended any more, or the Region not disabled for them: an invitation that was
// refused at the very moment of the account's return can have marked its record just after the
// return had gone through the records.
func (s *Invitations) resumeOvertaken(ctx context.Context, tx *store.Tx, call *macie2.Call, records map[macie2.AccountID]memberRecord,
	accounts map[macie2.AccountID]identity.Account) (found bool, err error) {
	for id, record := range records {
		a, known := accounts[id]
		if !known || record.held == "" || record.overrideIn(a, call.Region) == record.status {
			continue
		}
		found = true
		x := inventoryRecord{relation{call.Region, call.Account, id}, record}
		if err := s.setOverride(ctx, tx, x, record.overrideIn(a, call.Region), call.Now); err != nil {
			return found, err
		}
	}
	return found, nil
}

// inventoryOf reads, in one round trip, the caller's session and its records of the given accounts.
// store.ErrNotFound: no session.
//
// It is a statement for each account, by the whole primary key. One statement for all of them would
// leave it to PostgreSQL's statistics whether it reads the accounts that are asked for or all of
// the inventory, and statistics lag behind an inventory that has just been filled (measured: 4 ms
// for one account among 4,000).
func (s *Invitations) inventoryOf(ctx context.Context, tx *store.Tx, call *macie2.Call, ids []macie2.AccountID) (side, map[macie2.AccountID]memberRecord, error) {
	var x side
	records := make(map[macie2.AccountID]memberRecord, len(ids))
	stmts := make([]store.Stmt, len(ids))
	for i, id := range ids {
		stmts[i] = store.Stmt{SQL: `select s.standing, s.counted, coalesce(m.status, ''), coalesce(m.held_status, ''), coalesce(m.email, ''),
				coalesce(m.organization_id, ''), ` + mailsOf + `
			from macie_session s left join member m on m.region = $1 and m.administrator_id = $2 and m.account_id = $3
			where s.region = $1 and s.account_id = $2`, Args: []any{call.Region, call.Account, id, dayOf(call.Now)}}
	}
	err := tx.QueryMany(ctx, func(i int, row store.Row) error {
		var m memberRecord
		err := row.Scan(&x.standing, &x.counted, &m.status, &m.held, &m.email, &m.organization, &m.mails.sent, &m.mails.got)
		if m.status != "" {
			records[ids[i]] = m
		}
		return err
	}, stmts...)
	if err == nil && x.standing == "" {
		err = store.ErrNotFound
	}
	return x, records, err
}

// decision sorts the accounts of one call by what is to be done with them.
type decision struct {
	region   string
	side     side
	records  map[macie2.AccountID]memberRecord
	accounts map[macie2.AccountID]identity.Account
	quota    int64 // known if anyComesBack
	mail     MailBounds
	now      time.Time

	invited    []candidate
	returning  int64 // of those invited, how many come back onto the count
	overridden []overriddenRecord
	refused    []refusal
	overQuota  int // of those refused, how many for the quota
}

// overriddenRecord is a record that is to show that its account is suspended, or the Region
// disabled for it.
type overriddenRecord struct {
	inventoryRecord
	override macie2.RelationshipStatus
}

func (d *decision) refuse(id macie2.AccountID, text string) {
	d.refused = append(d.refused, refusal{id, macie2.ErrorCodeClientError, text})
}

// anyComesBack reports whether an invitation may put an account back onto the count: the quota
// matters to no other.
func anyComesBack(records map[macie2.AccountID]memberRecord) bool {
	for _, r := range records {
		if !counts(r.status) {
			return true
		}
	}
	return false
}

// decide sorts one account in.
func (d *decision) decide(caller, id macie2.AccountID) {
	record, known := d.records[id]
	switch {
	case d.side.standing == associated:
		d.refuse(id, textInviteWhileMember)
		return
	case id == caller:
		d.refuse(id, textInviteSelf)
		return
	case !known:
		d.refuse(id, textNotAMember+hintCreateMember)
		return
	}
	if a, ok := d.accounts[id]; ok {
		if override := record.overrideIn(a, d.region); override != "" {
			if record.status != override {
				d.overridden = append(d.overridden, overriddenRecord{inventoryRecord{relation{d.region, caller, id}, record}, override})
			}
			d.refuse(id, overrideTexts[override])
			return
		}
	}
	// An administrator that does not know the address is not told how many mails the account had:
	// the verification fails, and no mail is sent.
	if a := d.accounts[id]; a.EmailIs(record.email) {
		if text := d.mail.overMails(record.mails, int64(len(d.invited))); text != "" && canBeInvited(record) {
			d.refuse(id, text+d.mail.hintNoMail(text, d.now))
			return
		}
	}
	switch record.status {
	case macie2.RelationshipStatusCreated:
		d.invited = append(d.invited, candidate{id, record})
	case macie2.RelationshipStatusRemoved, macie2.RelationshipStatusResigned:
		if record.viaOrganization() {
			d.refuse(id, textEmailMissing+hintAddAgain)
			return
		}
		if d.side.counted+d.returning >= d.quota {
			d.overQuota++
			d.refuse(id, textTooManyMembers)
			return
		}
		d.returning++
		d.invited = append(d.invited, candidate{id, record})
	case macie2.RelationshipStatusEmailVerificationFailed:
		d.refuse(id, textVerificationFail)
	case macie2.RelationshipStatusAccountSuspended, macie2.RelationshipStatusRegionDisabled:
		d.refuse(id, overrideTexts[record.status])
	default:
		d.refuse(id, textAlreadyInvited)
	}
}

// canBeInvited reports whether nothing about a record stands against an invitation.
func canBeInvited(record memberRecord) bool {
	switch record.status {
	case macie2.RelationshipStatusCreated:
		return true
	case macie2.RelationshipStatusRemoved, macie2.RelationshipStatusResigned:
		return !record.viaOrganization()
	}
	return false
}

// storeInvitations writes the invitations that were decided on: the records by compare-and-set, the
// recipient's rows, the events, and the tasks that verify the addresses.
func (s *Invitations) storeInvitations(ctx context.Context, tx *store.Tx, call *macie2.Call, w wording, d decision) error {
	if len(d.invited) == 0 {
		return nil
	}
	at := millis(call.Now)
	invitationIDs := make([]string, len(d.invited))
	rows := make([][]any, len(d.invited))
	events := make([]viewedEntry, len(d.invited))
	for i, c := range d.invited {
		invitationIDs[i] = newInvitationID()
		rows[i] = []any{call.Region, c.member, call.Account, invitationIDs[i],
			string(macie2.RelationshipStatusEmailVerificationInProgress), w.message, w.noEmail, at, at}
		events[i] = entry{relation: relation{call.Region, call.Account, c.member}, event: EventInvitationRequested, from: c.record.status,
			to: macie2.RelationshipStatusEmailVerificationInProgress, principal: call.Principal, at: call.Now,
			invitation: invitationIDs[i]}.forAdministrator()
	}
	if d.returning > 0 {
		promote := relation{region: call.Region, administrator: call.Account}.promote()
		tx.Defer(promote.SQL, promote.Args...)
		tx.DeferExpect(1, `update macie_session set counted = counted + $1
			where region = $2 and account_id = $3 and standing = 'Administrator' and counted = $4`,
			d.returning, call.Region, call.Account, d.side.counted)
	}
	for _, c := range d.invited {
		// Compared with the very status that was read: it says whether the record is on the
		// administrator's count already.
		tx.DeferExpect(1, `update member set status = 'EmailVerificationInProgress', invited_at = $4, updated_at = $4
			where region = $1 and administrator_id = $2 and account_id = $3 and status = $5`,
			relation{call.Region, call.Account, c.member}.args(at, string(c.record.status))...)
	}
	tx.DeferInsert(`insert into invitation (region, account_id, administrator_id, invitation_id, status, message,
		disable_email_notification, invited_at, updated_at)`, rows,
		`on conflict (region, account_id, administrator_id) do update set invitation_id = excluded.invitation_id,
		status = excluded.status, declined = false, message = excluded.message,
		disable_email_notification = excluded.disable_email_notification, invited_at = excluded.invited_at,
		updated_at = excluded.updated_at`)
	s.record(tx, events...)
	return s.queue.Enqueue(ctx, tx, verificationTasks(invitationIDs)...)
}

// verificationTasks spreads invitations over tasks that are small enough to be done next to those
// of other callers.
func verificationTasks(invitationIDs []string) []queue.New {
	const perTask = 50
	var tasks []queue.New
	for len(invitationIDs) > 0 {
		n := min(perTask, len(invitationIDs))
		tasks = append(tasks, queue.New{Kind: kindVerify, Payload: verifyPayload{invitationIDs[:n]}})
		invitationIDs = invitationIDs[n:]
	}
	return tasks
}
