package membership

import (
	"context"
	"slices"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/mail"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// MailOutcome is what became of one attempt to send a mail.
type MailOutcome int

const (
	// MailAccepted: the relay has taken the mail.
	MailAccepted MailOutcome = iota + 1
	// MailDeferred: the relay may take it later.
	MailDeferred
	// MailRefused: the relay will never take it.
	MailRefused
)

// Delivery is the outcome of one attempt, with words for the administrator: the relay's reply, or
// why there is none. They never repeat the mail's text.
type Delivery struct {
	Outcome MailOutcome
	Detail  string
}

// Mailer delivers one invitation's mail. It may be called from several goroutines at once, and
// again for a mail whose outcome was lost.
type Mailer interface {
	Deliver(ctx context.Context, invitation mail.Invitation) Delivery
}

const (
	mailGiveUp  = 48 * time.Hour  // for how long a relay's temporary refusals are retried
	mailTimeout = 7 * time.Minute // one attempt: a relay may take five minutes to answer after the mail's last byte
)

// mailPayload is the mail of one invitation, as it was when the address was verified.
type mailPayload struct {
	Region            string           `json:"region"`
	AdministratorID   macie2.AccountID `json:"administratorId"`
	AdministratorName string           `json:"administratorName,omitzero"`
	MemberID          macie2.AccountID `json:"recipientId"`
	InvitationID      string           `json:"invitationId"`
	Email             string           `json:"email"`
	Message           string           `json:"message,omitzero"`
	InvitedAt         int64            `json:"invitedAt"`
}

func (p mailPayload) relation() relation { return relation{p.Region, p.AdministratorID, p.MemberID} }

// addressOf is where the mail of a verified invitation goes: to the address that is registered,
// never to one like it that the administrator gave. In dev mode an account that nobody created has
// no other.
func (i outgoing) addressOf(a identity.Account) string {
	if a.Implicit {
		return i.email
	}
	return a.Email
}

// queueMail queues the mails of verified invitations, and records of the others why they have none.
func (s *Invitations) queueMail(ctx context.Context, tx *store.Tx, verified []outgoing, accounts map[macie2.AccountID]identity.Account, now time.Time) error {
	var tasks []queue.New
	var events []viewedEntry
	ledger, err := readMailLedger(ctx, tx, slices.DeleteFunc(slices.Clone(verified), func(i outgoing) bool { return i.noEmail }), now)
	if err != nil {
		return err
	}
	for _, i := range verified {
		e := entry{relation: i.relation, event: EventMailQueued, at: now, invitation: i.id}
		if i.noEmail {
			e.event, e.detail = EventMailNotSent, "disableEmailNotification was set"
		} else if reason := s.admit(ledger, i, now); reason != "" {
			e.event, e.detail = EventMailNotSent, reason
		} else {
			tasks = append(tasks, queue.New{Kind: kindMail, Key: i.id, Payload: mailPayload{
				Region: i.region, AdministratorID: i.administrator, AdministratorName: accounts[i.administrator].Name, MemberID: i.member,
				InvitationID: i.id, Email: i.addressOf(accounts[i.member]), Message: i.message, InvitedAt: i.invitedAt,
			}})
		}
		events = append(events, e.forAdministrator())
	}
	s.keep(tx, ledger, now)
	s.record(tx, events...)
	return s.queue.Enqueue(ctx, tx, tasks...)
}

// register registers the background work of invitations with the queue.
func (s *Invitations) register(mailRate float64) {
	s.queue.Transactional(queue.Transactional{Kind: kindVerify, Handle: s.sendInvitations})
	s.queue.Transactional(queue.Transactional{Kind: kindAbandon, Handle: s.abandonQueued, Batch: 1, Gentle: true})
	s.queue.External(queue.External{
		Kind: kindMail, Do: s.deliverMail, Finish: s.recordMail, Rate: mailRate, MaxAge: mailGiveUp, Timeout: mailTimeout,
		Backoff: mailBackoff,
		Lane: func(t queue.Task) string {
			var p mailPayload
			if err := t.Decode(&p); err != nil {
				return kindMail
			}
			return p.Region + "/" + string(p.AdministratorID)
		},
	})
}

// notSent is the result of an attempt that sent nothing, and need not.
type notSent struct{}

// deliverMail hands one mail to the relay, unless the invitation was answered or withdrawn since it
// was queued.
func (s *Invitations) deliverMail(ctx context.Context, t queue.Task) queue.Outcome {
	var p mailPayload
	if err := t.Decode(&p); err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: "the queued mail cannot be read"}
	}
	var invitation invitationRecord
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		invitation, err = invitationOf(ctx, tx, p.relation())
		return err
	})
	switch {
	case err != nil:
		s.log.ErrorContext(ctx, "mail put off", "invitation", p.InvitationID, "error", err)
		return queue.Outcome{Status: queue.Later, Detail: "the server had an internal error"}
	case invitation.id != p.InvitationID || invitation.status != macie2.RelationshipStatusInvited:
		return queue.Outcome{Status: queue.Done, Result: notSent{}, Detail: "the invitation was answered or withdrawn before its mail was sent"}
	case s.mailer == nil:
		return queue.Outcome{Status: queue.Refused, Result: notSent{}, Detail: "no mail relay and no mail folder is configured"}
	}
	d := s.mailer.Deliver(ctx, mail.Invitation{
		InvitationID: p.InvitationID, AdministratorID: string(p.AdministratorID), AdministratorName: p.AdministratorName,
		RecipientID: string(p.MemberID), RecipientEmail: p.Email, Region: p.Region, Message: p.Message,
		SentAt: time.UnixMilli(p.InvitedAt).UTC(),
	})
	status := queue.Later
	switch d.Outcome {
	case MailAccepted:
		status = queue.Done
	case MailRefused:
		status = queue.Refused
	}
	return queue.Outcome{Status: status, Detail: d.Detail}
}

// recordMail tells the administrator's history what became of an attempt, in the transaction that
// ends the task or puts it off.
func (s *Invitations) recordMail(ctx context.Context, tx *store.Tx, t queue.Task, o queue.Outcome) error {
	var p mailPayload
	if err := t.Decode(&p); err != nil {
		return err
	}
	e := entry{relation: p.relation(), at: s.now().UTC().Truncate(time.Millisecond), invitation: p.InvitationID, detail: o.Detail}
	_, nothing := o.Result.(notSent)
	switch {
	case nothing:
		e.event = EventMailNotSent
	case o.Status == queue.Done:
		e.event = EventMailAccepted
	case o.Status == queue.Later:
		e.event = EventMailDeferred
		e.detail += "; next attempt at " + o.RetryAt.UTC().Format(time.RFC3339)
	default:
		e.event = EventMailRefused
	}
	s.record(tx, e.forAdministrator())
	return nil
}

// mailBackoff is the wait after a temporary refusal that so many others came before: a minute,
// doubling up to two hours, as mail servers do among themselves.
func mailBackoff(before int) time.Duration {
	return min(time.Minute<<min(before, 10), 2*time.Hour)
}
