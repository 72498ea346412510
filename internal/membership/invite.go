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
	x := &inviting{ctx: ctx, call: call, ids: ids, wording: wording{message: in.Message, noEmail: macie2.Deref(in.DisableEmailNotification)}}
	s.gathering.do(x, s.inviteTogether)
	if x.alone {
		x.refused, x.err = s.inviteEach(ctx, call, x.wording, ids)
	}
	if x.err != nil {
		return nil, x.err
	}
	return &macie2.CreateInvitationsOutput{UnprocessedAccounts: unprocessed(x.refused)}, nil
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
	all := &inviting{call: call, wording: w, ids: ids}
	err := s.inviteMembers(ctx, all)
	refused := all.refused
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

// inviteMembers decides about all accounts of calls for one inventory in one transaction, by one
// compare-and-set of their records. No two of the calls name the same account. A call that is
// refused whole has its error where others are done, and is the error where it is alone.
func (s *Invitations) inviteMembers(ctx context.Context, calls ...*inviting) (err error) {
	first := calls[0].call
	sawSession := false
	return s.inLane(ctx, first.Region, first.Account, func(tx *store.Tx) error {
		x, records, err := s.inventoryOf(ctx, tx, calls)
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
		accounts, err := s.accounts.LookupAccounts(ctx, tx, idsOf(calls))
		if err != nil {
			return err
		}
		if overtaken, err := s.resumeOvertaken(ctx, tx, first, records, accounts); err != nil {
			return err
		} else if overtaken {
			if x, records, err = s.inventoryOf(ctx, tx, calls); err != nil {
				return err
			}
		}
		d := decision{region: first.Region, side: x, records: records, accounts: accounts, mail: s.mailBounds}
		if anyComesBack(records) {
			quota, err := quotaNow(ctx, tx, first.Account)
			if err != nil {
				return err
			}
			d.quota = quota.members
		}
		return s.inviteDecided(ctx, tx, d, calls)
	})
}

// inviteDecided decides about one call after the other, as if each came when those before it were
// done, and writes what was decided.
func (s *Invitations) inviteDecided(ctx context.Context, tx *store.Tx, d decision, calls []*inviting) error {
	var decisions []decided
	for _, x := range calls {
		one := decided{x, d}
		one.now = x.call.Now
		if x.noEmail {
			one.mail = MailBounds{}
		}
		for _, id := range x.ids {
			one.decide(x.call.Account, id)
		}
		x.refused, x.err = one.decision.refused, nil
		if one.overQuota == len(x.ids) {
			x.err = macie2.ErrQuota("%s", textTooManyMembers)
			continue
		}
		decisions = append(decisions, one)
		d.side.counted += one.returning
		if !x.noEmail {
			d.mailed += int64(len(one.invited))
		}
	}
	if len(decisions) == 0 {
		return calls[0].err
	}
	if err := s.storeInvitations(ctx, tx, decisions); err != nil {
		return err
	}
	for _, one := range decisions {
		for _, x := range one.overridden {
			if err := s.setOverride(ctx, tx, x.inventoryRecord, x.override, one.now); err != nil {
				return err
			}
		}
		one.call.RecordChange(tx)
	}
	return nil
}

func idsOf(calls []*inviting) []macie2.AccountID {
	if len(calls) == 1 {
		return calls[0].ids
	}
	var ids []macie2.AccountID
	for _, x := range calls {
		ids = append(ids, x.ids...)
	}
	return ids
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

// inventoryOf reads, in one round trip, the caller's session and its records of the accounts that
// the calls name. store.ErrNotFound: no session.
//
// It is a statement for each account, by the whole primary key. One statement for all of them would
// leave it to PostgreSQL's statistics whether it reads the accounts that are asked for or all of
// the inventory, and statistics lag behind an inventory that has just been filled (measured: 4 ms
// for one account among 4,000).
func (s *Invitations) inventoryOf(ctx context.Context, tx *store.Tx, calls []*inviting) (side, map[macie2.AccountID]memberRecord, error) {
	var x side
	ids := idsOf(calls)
	records := make(map[macie2.AccountID]memberRecord, len(ids))
	stmts := make([]store.Stmt, 0, len(ids))
	for _, one := range calls {
		for _, id := range one.ids {
			stmts = append(stmts, store.Stmt{SQL: `select s.standing, s.counted, coalesce(m.status, ''), coalesce(m.held_status, ''), coalesce(m.email, ''),
				coalesce(m.organization_id, ''), ` + mailsOf + `
			from macie_session s left join member m on m.region = $1 and m.administrator_id = $2 and m.account_id = $3
			where s.region = $1 and s.account_id = $2`, Args: []any{one.call.Region, one.call.Account, id, dayOf(one.call.Now)}})
		}
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
	quota    int64      // known if anyComesBack
	mail     MailBounds // zero for a call without mail
	mailed   int64      // mails of calls before this one in the same transaction
	now      time.Time

	invited    []candidate
	returning  int64 // of those invited, how many come back onto the count
	overridden []overriddenRecord
	refused    []refusal
	overQuota  int // of those refused, how many for the quota
}

// decided is one call with what was decided about its accounts.
type decided struct {
	*inviting
	decision
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
		if text := d.mail.overMails(record.mails, d.mailed+int64(len(d.invited))); text != "" && canBeInvited(record) {
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
func (s *Invitations) storeInvitations(ctx context.Context, tx *store.Tx, decisions []decided) error {
	var invitationIDs []string
	var rows [][]any
	var events []viewedEntry
	for _, d := range decisions {
		d.count(tx)
		at := millis(d.now)
		for _, c := range d.invited {
			r := relation{d.region, d.call.Account, c.member}
			id := newInvitationID()
			invitationIDs = append(invitationIDs, id)
			rows = append(rows, []any{r.region, r.member, r.administrator, id,
				string(macie2.RelationshipStatusEmailVerificationInProgress), d.message, d.noEmail, at, at})
			events = append(events, entry{relation: r, event: EventInvitationRequested, from: c.record.status,
				to: macie2.RelationshipStatusEmailVerificationInProgress, principal: d.call.Principal, at: d.now,
				invitation: id}.forAdministrator())
			// Compared with the very status that was read: it says whether the record is on the
			// administrator's count already.
			tx.DeferExpect(1, `update member set status = 'EmailVerificationInProgress', invited_at = $4, updated_at = $4
				where region = $1 and administrator_id = $2 and account_id = $3 and status = $5`, r.args(at, string(c.record.status))...)
		}
	}
	if len(rows) == 0 {
		return nil
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

// count puts those that come back onto the administrator's count again, by compare-and-set.
func (d decided) count(tx *store.Tx) {
	if d.returning == 0 {
		return
	}
	promote := relation{region: d.region, administrator: d.call.Account}.promote()
	tx.Defer(promote.SQL, promote.Args...)
	tx.DeferExpect(1, `update macie_session set counted = counted + $1
		where region = $2 and account_id = $3 and standing = 'Administrator' and counted = $4`,
		d.returning, d.region, d.call.Account, d.side.counted)
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
