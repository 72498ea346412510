package membership

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// Event is what happened to a relationship.
type Event string

// The events of a relationship, in the order in which they usually come.
const (
	EventMemberAdded             Event = "MemberAdded"
	EventInvitationRequested     Event = "InvitationRequested"
	EventEmailVerificationFailed Event = "EmailVerificationFailed"
	EventInvited                 Event = "Invited"
	EventMailQueued              Event = "MailQueued"
	EventMailAccepted            Event = "MailAccepted"
	EventMailDeferred            Event = "MailDeferred"
	EventMailRefused             Event = "MailRefused"
	EventMailNotSent             Event = "MailNotSent"
	EventInvitationAccepted      Event = "InvitationAccepted"
	EventInvitationDeclined      Event = "InvitationDeclined"
	EventInvitationDeleted       Event = "InvitationDeleted"
	EventMemberPaused            Event = "MemberPaused"
	EventMemberResumed           Event = "MemberResumed"
	EventMemberResigned          Event = "MemberResigned"
	EventMemberRemoved           Event = "MemberRemoved"
	EventMemberDeleted           Event = "MemberDeleted"
	EventAccountSuspended        Event = "AccountSuspended"
	EventAccountResumed          Event = "AccountResumed"
	EventRegionDisabled          Event = "RegionDisabled"
	EventRegionEnabled           Event = "RegionEnabled"

	EventAdministratorDelegated Event = "AdministratorDelegated"
	EventDelegationEnded        Event = "DelegationEnded"
	EventMemberEnabled          Event = "MemberEnabled"
	EventMemberNotEnabled       Event = "MemberNotEnabled"
	EventMemberViaOrganization  Event = "MemberViaOrganization"
)

// Events lists all events.
func Events() []Event {
	return []Event{EventMemberAdded, EventInvitationRequested, EventEmailVerificationFailed, EventInvited, EventMailQueued,
		EventMailAccepted, EventMailDeferred, EventMailRefused, EventMailNotSent, EventInvitationAccepted, EventInvitationDeclined,
		EventInvitationDeleted, EventMemberPaused, EventMemberResumed, EventMemberResigned, EventMemberRemoved, EventMemberDeleted,
		EventAccountSuspended, EventAccountResumed, EventRegionDisabled, EventRegionEnabled, EventAdministratorDelegated,
		EventDelegationEnded, EventMemberEnabled, EventMemberNotEnabled, EventMemberViaOrganization}
}

// entry is one event before it is known who sees it.
type entry struct {
	relation
	event      Event
	from, to   macie2.RelationshipStatus // the administrator's view; empty where there was or is no record
	principal  macie2.Principal          // who did it; the zero Principal is the service itself
	at         time.Time
	invitation string
	detail     string
}

// viewedEntry is an entry for the account that sees it.
type viewedEntry struct {
	entry
	viewer macie2.AccountID
}

func (e entry) forAdministrator() viewedEntry { return viewedEntry{e, e.administrator} }
func (e entry) forMember() viewedEntry        { return viewedEntry{e, e.member} }

func (e entry) forBoth() []viewedEntry {
	if e.administrator == e.member { // a management account that is its organization's delegated administrator
		return []viewedEntry{e.forAdministrator()}
	}
	return []viewedEntry{e.forAdministrator(), e.forMember()}
}

// forSides is for both when the other side knows of the relationship already, and for the
// administrator alone when not.
func (e entry) forSides(memberKnows bool) []viewedEntry {
	if memberKnows {
		return e.forBoth()
	}
	return []viewedEntry{e.forAdministrator()}
}

// principalFor is the principal as the viewer may see it: by name if it is the viewer's own, by its
// account otherwise.
func (x viewedEntry) principalFor() string {
	switch {
	case x.principal.ARN == "":
		return "magpie"
	case x.principal.Account == x.viewer:
		return x.principal.ARN
	default:
		return "arn:aws:iam::" + string(x.principal.Account) + ":root"
	}
}

const (
	insertHistory = `insert into history (account_id, region, id, at, administrator_id, member_id, event, from_status, to_status,
		principal, invitation_id, detail)`
	insertHistoryRow = insertHistory + ` values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
)

func (s *relations) historyRow(x viewedEntry) []any {
	return []any{x.viewer, x.region, s.ids.next(x.at), millis(x.at), x.administrator, x.member, x.event,
		string(x.from), string(x.to), x.principalFor(), x.invitation, x.detail}
}

// recordStmt is the statement that records one event.
func (s *relations) recordStmt(x viewedEntry) store.Stmt {
	return store.Stmt{SQL: insertHistoryRow, Args: s.historyRow(x)}
}

// record writes events in the transaction that makes them true.
func (s *relations) record(tx *store.Tx, entries ...viewedEntry) {
	rows := make([][]any, len(entries))
	for i, x := range entries {
		rows[i] = s.historyRow(x)
		s.tellAssociation(tx, x)
	}
	tx.DeferInsert(insertHistory, rows, "")
}

// eventIDs makes ids that ascend with time, and within a millisecond with the order in which this
// process made them.
type eventIDs struct {
	sequence atomic.Uint32
}

// next returns 32 hexadecimal digits: 12 of the time in milliseconds, 8 of a sequence, 12 at
// random.
func (g *eventIDs) next(at time.Time) string {
	var random [6]byte
	rand.Read(random[:]) // never fails
	return fmt.Sprintf("%012x%08x%s", at.UnixMilli(), g.sequence.Add(1), hex.EncodeToString(random[:]))
}

// HistoryInput selects events that the caller may see. Empty members select everything.
type HistoryInput struct {
	AccountID  string    // the other side of the relationship
	Event      Event     // one kind of event
	Since      time.Time // at or after
	Until      time.Time // before
	MaxResults int       // 1 to 100; 0 means 50
	NextToken  string
}

// HistoryOutput is a page of events, the latest first.
type HistoryOutput struct {
	Events    []HistoryEvent `json:"events"`
	NextToken string         `json:"nextToken,omitzero"`
}

// HistoryEvent is one event of one relationship, as one of its two sides sees it.
type HistoryEvent struct {
	ID                     string            `json:"id"`
	Time                   *macie2.Timestamp `json:"time"`
	Region                 string            `json:"region"`
	Event                  Event             `json:"event"`
	AdministratorAccountID string            `json:"administratorAccountId"`
	AccountID              string            `json:"accountId"`
	InvitationID           string            `json:"invitationId,omitzero"`
	FromStatus             string            `json:"fromStatus,omitzero"`
	ToStatus               string            `json:"toStatus,omitzero"`
	Principal              string            `json:"principal"` // who did it: an ARN, or "magpie" for the service itself
	Detail                 string            `json:"detail,omitzero"`
}

// The bounds of a page of history.
const (
	defaultHistoryPage = 50
	maxHistoryPage     = 100
)

// History lists what happened to the caller's relationships in the Region, on its own side, the
// latest first. It needs no session: what happened stays known after Macie was disabled.
func (s *Service) History(ctx context.Context, call *macie2.Call, in *HistoryInput) (*HistoryOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	size := in.MaxResults
	if size == 0 {
		size = defaultHistoryPage
	}
	filters := fmt.Sprintf("%s %s %d %d", in.AccountID, in.Event, in.Since.UnixMilli(), in.Until.UnixMilli())
	page, err := s.page(pagetoken.Of(call, "history", filters), optional(in.NextToken), 1, size)
	if err != nil {
		return nil, err
	}
	before := "g" // after every hexadecimal digit
	if !in.Until.IsZero() {
		before = fmt.Sprintf("%012x", in.Until.UnixMilli())
	}
	if !page.First() {
		before = page.Key(0)
	}
	since := ""
	if !in.Since.IsZero() {
		since = fmt.Sprintf("%012x", in.Since.UnixMilli())
	}
	out := &HistoryOutput{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		out.Events = make([]HistoryEvent, 0, page.Limit())
		return tx.Query(ctx, func(row store.Row) error {
			var e HistoryEvent
			var at int64
			err := row.Scan(&e.ID, &at, &e.Region, &e.Event, &e.AdministratorAccountID, &e.AccountID, &e.InvitationID, &e.FromStatus,
				&e.ToStatus, &e.Principal, &e.Detail)
			e.Time = timestamp(at)
			out.Events = append(out.Events, e)
			return err
		}, `select id, at, region, event, administrator_id, member_id, invitation_id, from_status, to_status, principal, detail
			from history where account_id = $1 and region = $2 and id < $3 and id >= $4
			and ($5 = '' or administrator_id = $5 or member_id = $5) and ($6 = '' or event = $6)
			order by id desc limit $7`,
			call.Account, call.Region, before, since, in.AccountID, in.Event, page.Limit())
	})
	if err != nil {
		return nil, err
	}
	var next *string
	out.Events, next = pagetoken.Cut(page, out.Events, func(e HistoryEvent) []string { return []string{e.ID} })
	out.NextToken = macie2.Deref(next)
	return out, nil
}

// optional is text that may be left out, as nil where it is.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (in *HistoryInput) check() error {
	if in.AccountID != "" {
		if _, err := macie2.ParseAccountID(in.AccountID); err != nil {
			return macie2.ErrValidation("accountId: must be 12 digits")
		}
	}
	if in.Event != "" && !slices.Contains(Events(), in.Event) {
		names := make([]string, len(Events()))
		for i, e := range Events() {
			names[i] = string(e)
		}
		return macie2.ErrValidation("event: must be one of %s", strings.Join(names, ", "))
	}
	if in.MaxResults < 0 || in.MaxResults > maxHistoryPage {
		return macie2.ErrValidation("maxResults: must be from 1 to %d", maxHistoryPage)
	}
	if in.Since.Before(time.Time{}) || in.Until.Before(time.Time{}) {
		return macie2.ErrValidation("since, until: must be times")
	}
	return nil
}
