package membership

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/mail"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// The accounts and Regions of the tests. Whether an account is an administrator or a member is each
// test's business.
const (
	alice, bob, carol = macie2.AccountID("111122223333"), macie2.AccountID("444455556666"), macie2.AccountID("777788889999")
	dave, erin        = macie2.AccountID("123456789012"), macie2.AccountID("210987654321")
	stranger          = macie2.AccountID("999999999999") // not in the directory

	virginia, ireland = "us-east-1", "eu-west-1"
)

// addressOf is the address that the directory has for an account.
func addressOf(id macie2.AccountID) string { return "root@" + string(id) + ".example.com" }

// clock is the time of a test's calls and workers: each look at it is a millisecond after the last.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(c.ms.Add(1)) * time.Millisecond)
}

func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// relay is a mailer that keeps what it is given. answer says what becomes of a mail; nil accepts
// everything.
type relay struct {
	mu     sync.Mutex
	mails  []mail.Invitation
	answer func(mail.Invitation) Delivery
}

func (r *relay) Deliver(_ context.Context, m mail.Invitation) Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mails = append(r.mails, m)
	if r.answer != nil {
		return r.answer(m)
	}
	return Delivery{MailAccepted, "250 2.0.0 Ok: queued"}
}

func (r *relay) delivered() []mail.Invitation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mails)
}

// sessions gives the service of package session a name of its own beside this package's.
type sessions = session.Service

// node is one process of a deployment: a service with its own store handle and queue.
type node struct {
	*Service
	*sessions
	directory *identity.Directory
	queue     *queue.Queue
}

// deployment is a service on a fresh database, the accounts of the tests in its directory, and what
// the tests drive it with.
type deployment struct {
	*node
	t     *testing.T
	db    *store.DB
	clock *clock
	relay *relay

	region string // where calls go

	organizationQuota int // of members through an organization; 0: as by invitation
}

// deploy opens a deployment with the given quota of members; 0 is the default.
func deploy(t *testing.T, db *store.DB, quota int) *deployment {
	t.Helper()
	return deployWith(t, db, &deployment{}, quota)
}

// deployWith is deploy with settings of the deployment's own.
func deployWith(t *testing.T, db *store.DB, d *deployment, quota int) *deployment {
	t.Helper()
	d.t, d.db, d.clock, d.relay, d.region = t, db, &clock{}, &relay{}, virginia
	d.node = d.another(db)
	if organization := cmp.Or(d.organizationQuota, quota); organization > 0 {
		q := Quota{OrganizationMembers: macie2.Ptr(int64(organization))}
		if quota > 0 {
			q.Members = macie2.Ptr(int64(quota))
		}
		if err := SetQuota(t.Context(), db, q); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []macie2.AccountID{alice, bob, carol, dave, erin} {
		if _, err := d.directory.CreateAccount(t.Context(), id, addressOf(id), "", d.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// another opens a further node of the deployment.
func (d *deployment) another(db *store.DB) *node {
	log := slog.New(slog.NewTextHandler(d.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	n := &node{queue: queue.Open(db, queue.Options{Logger: log})}
	n.directory = identity.NewDirectory(db, identity.Options{Hooks: identity.Hooks{
		OnAccountStatus: func(ctx context.Context, tx *store.Tx, id macie2.AccountID, s identity.AccountStatus) error {
			return n.AccountStatusChanged(ctx, tx, id, s)
		},
		OnAccountRegion: func(ctx context.Context, tx *store.Tx, a identity.Account, region string) error {
			return n.AccountRegionChanged(ctx, tx, a, region)
		},
		OnOrganizationJoin: func(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) error {
			return n.OrganizationJoined(ctx, tx, o, ids)
		},
		OnOrganizationLeave: func(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) error {
			return n.OrganizationLeft(ctx, tx, o, ids)
		},
		OnDelegateDeregistered: func(ctx context.Context, tx *store.Tx, o identity.OrganizationID, id macie2.AccountID, service identity.ServicePrincipal, by macie2.Principal) error {
			return n.DelegateDeregistered(ctx, tx, o, id, service, by)
		},
	}})
	n.sessions = session.New(db, n.queue)
	n.Service = New(Options{DB: db, Queue: n.queue, Directory: n.directory, Sessions: n.sessions, Pages: pagetoken.New([]byte("a key that is only for tests")),
		Logger: log, Mailer: d.relay, Now: d.clock.now})
	n.Hook(n.SessionHooks())
	return n
}

// each runs a test on every engine, on a fresh deployment with the default quota.
func each(t *testing.T, fn func(t *testing.T, d *deployment)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { fn(t, deploy(t, open(), 0)) })
}

// call is a call by an account's own administrator user, in the deployment's Region.
func (d *deployment) call(account macie2.AccountID) *macie2.Call { return d.callIn(d.region, account) }

func (d *deployment) callIn(region string, account macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: account, Region: region, Now: d.clock.now(), RequestID: "test",
		Principal: macie2.Principal{ARN: principalOf(account), Account: account}}
}

func principalOf(account macie2.AccountID) string {
	return "arn:aws:iam::" + string(account) + ":user/admin"
}

// work does all background work that is due.
func (d *deployment) work() {
	d.t.Helper()
	if _, err := d.queue.Drain(d.t.Context()); err != nil {
		d.t.Fatalf("background work: %v", err)
	}
}

// answer words the outcome of an operation: "ok", or the exception and its text. An error that is
// none of the contract's says so.
func answer(err error) string {
	var contract *macie2.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &contract):
		return string(contract.Code) + ": " + contract.Message
	default:
		return "internal error: " + err.Error()
	}
}

// refused words an answer in which one account was not processed.
func refused(id macie2.AccountID, text string) string {
	return "ok\n\t\t" + string(id) + ": ClientError: " + text
}

// unprocessedText words the outcome of an operation on several accounts.
func unprocessedText(list []macie2.UnprocessedAccount, err error) string {
	if err != nil {
		return answer(err)
	}
	var lines []string
	for _, u := range list {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", *u.AccountId, *u.ErrorCode, *u.ErrorMessage))
	}
	slices.Sort(lines)
	return strings.Join(append([]string{"ok"}, lines...), "\n\t\t")
}

// The operations, in the fewest words: each returns its answer.

func (d *deployment) enable(ids ...macie2.AccountID) string {
	for _, id := range ids {
		if _, err := d.EnableMacie(d.t.Context(), d.call(id), &macie2.EnableMacieInput{}); err != nil {
			return answer(err)
		}
	}
	return "ok"
}

func (d *deployment) disable(id macie2.AccountID) string {
	_, err := d.DisableMacie(d.t.Context(), d.call(id), &macie2.DisableMacieInput{})
	return answer(err)
}

func (d *deployment) session(id macie2.AccountID, status macie2.MacieStatus) string {
	_, err := d.UpdateMacieSession(d.t.Context(), d.call(id), &macie2.UpdateMacieSessionInput{Status: &status})
	return answer(err)
}

func (d *deployment) add(administrator macie2.AccountID, ids ...macie2.AccountID) string {
	for _, id := range ids {
		if a := d.addAs(administrator, id, addressOf(id)); a != "ok" {
			return a
		}
	}
	return "ok"
}

func (d *deployment) addAs(administrator, id macie2.AccountID, email string) string {
	_, err := d.CreateMember(d.t.Context(), d.call(administrator), memberInput(id, email))
	return answer(err)
}

func memberInput(id macie2.AccountID, email string) *macie2.CreateMemberInput {
	return &macie2.CreateMemberInput{Account: &macie2.AccountDetail{AccountId: macie2.Ptr(string(id)), Email: &email}}
}

func (d *deployment) invite(administrator macie2.AccountID, ids ...macie2.AccountID) string {
	return d.inviteWith(administrator, &macie2.CreateInvitationsInput{AccountIds: store.ListOf(ids)})
}

func (d *deployment) inviteWith(administrator macie2.AccountID, in *macie2.CreateInvitationsInput) string {
	out, err := d.CreateInvitations(d.t.Context(), d.call(administrator), in)
	if err != nil {
		return answer(err)
	}
	return unprocessedText(out.UnprocessedAccounts, nil)
}

func (d *deployment) accept(id, administrator macie2.AccountID) string {
	return d.acceptID(id, d.invitationID(id, administrator))
}

func (d *deployment) acceptID(id macie2.AccountID, invitation string) string {
	_, err := d.AcceptInvitation(d.t.Context(), d.call(id), &macie2.AcceptInvitationInput{InvitationId: &invitation})
	return answer(err)
}

func (d *deployment) decline(id macie2.AccountID, administrators ...macie2.AccountID) string {
	out, err := d.DeclineInvitations(d.t.Context(), d.call(id), &macie2.DeclineInvitationsInput{AccountIds: store.ListOf(administrators)})
	if err != nil {
		return answer(err)
	}
	return unprocessedText(out.UnprocessedAccounts, nil)
}

func (d *deployment) deleteInvitations(id macie2.AccountID, administrators ...macie2.AccountID) string {
	out, err := d.DeleteInvitations(d.t.Context(), d.call(id), &macie2.DeleteInvitationsInput{AccountIds: store.ListOf(administrators)})
	if err != nil {
		return answer(err)
	}
	return unprocessedText(out.UnprocessedAccounts, nil)
}

func (d *deployment) resignFrom(id macie2.AccountID) string {
	_, err := d.DisassociateFromAdministratorAccount(d.t.Context(), d.call(id), &macie2.DisassociateFromAdministratorAccountInput{})
	return answer(err)
}

func (d *deployment) disassociate(administrator, id macie2.AccountID) string {
	_, err := d.DisassociateMember(d.t.Context(), d.call(administrator), &macie2.DisassociateMemberInput{Id: macie2.Ptr(string(id))})
	return answer(err)
}

func (d *deployment) delete(administrator, id macie2.AccountID) string {
	_, err := d.DeleteMember(d.t.Context(), d.call(administrator), &macie2.DeleteMemberInput{Id: macie2.Ptr(string(id))})
	return answer(err)
}

func (d *deployment) memberSession(administrator, id macie2.AccountID, status macie2.MacieStatus) string {
	_, err := d.UpdateMemberSession(d.t.Context(), d.call(administrator),
		&macie2.UpdateMemberSessionInput{Id: macie2.Ptr(string(id)), Status: &status})
	return answer(err)
}

func (d *deployment) suspend(id macie2.AccountID) {
	d.t.Helper()
	if _, err := d.directory.SuspendAccount(d.t.Context(), id, d.clock.now()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) resume(id macie2.AccountID) {
	d.t.Helper()
	if _, err := d.directory.ResumeAccount(d.t.Context(), id, d.clock.now()); err != nil {
		d.t.Fatal(err)
	}
}

// must stops the test when a step that only prepares it did not go well.
func (d *deployment) must(answers ...string) {
	d.t.Helper()
	for _, a := range answers {
		if a != "ok" {
			d.t.Fatalf("a step that should go well answered %s", a)
		}
	}
}

// members associates accounts with an administrator, by invitation.
func (d *deployment) members(administrator macie2.AccountID, ids ...macie2.AccountID) {
	d.t.Helper()
	d.invited(administrator, ids...)
	for _, id := range ids {
		d.must(d.accept(id, administrator))
	}
}

// invited brings accounts to Invited, Macie enabled on both sides.
func (d *deployment) invited(administrator macie2.AccountID, ids ...macie2.AccountID) {
	d.t.Helper()
	for _, id := range append([]macie2.AccountID{administrator}, ids...) {
		if a := d.enable(id); a != "ok" && a != conflict(specAlreadyEnabled) {
			d.t.Fatal(a)
		}
	}
	d.must(d.add(administrator, ids...), d.invite(administrator, ids...))
	d.work()
}

// What each side sees.

// status is what the administrator sees of an account, or the answer that says why it sees nothing.
func (d *deployment) status(administrator, id macie2.AccountID) string {
	m, err := d.GetMember(d.t.Context(), d.call(administrator), &macie2.GetMemberInput{Id: macie2.Ptr(string(id))})
	if err != nil {
		return answer(err)
	}
	return string(*m.RelationshipStatus)
}

// received is what an account sees of the invitations that it received: the status by
// administrator.
func (d *deployment) received(id macie2.AccountID) map[macie2.AccountID]string {
	d.t.Helper()
	list, err := d.ListInvitations(d.t.Context(), d.call(id), &macie2.ListInvitationsInput{})
	if err != nil {
		d.t.Fatal(err)
	}
	seen := make(map[macie2.AccountID]string)
	for _, i := range list.Invitations {
		seen[macie2.AccountID(*i.AccountId)] = string(*i.RelationshipStatus)
	}
	return seen
}

// invitationID is the id by which an account accepts the invitation of an administrator; empty when
// it has none.
func (d *deployment) invitationID(id, administrator macie2.AccountID) string {
	list, err := d.ListInvitations(d.t.Context(), d.call(id), &macie2.ListInvitationsInput{})
	if err != nil {
		return ""
	}
	for _, i := range list.Invitations {
		if *i.AccountId == string(administrator) {
			return *i.InvitationId
		}
	}
	return ""
}

// sees checks what both sides of a relationship see; an empty status is a record or invitation that
// is not there.
func (d *deployment) sees(administrator, id macie2.AccountID, asAdministrator, asRecipient string) {
	d.t.Helper()
	got := d.status(administrator, id)
	if got == invalid(specNotAssociated) {
		got = ""
	}
	if got != asAdministrator {
		d.t.Errorf("the administrator %s sees %s as %q, want %q", administrator, id, got, asAdministrator)
	}
	if got := d.received(id)[administrator]; got != asRecipient {
		d.t.Errorf("the recipient %s sees the invitation of %s as %q, want %q", id, administrator, got, asRecipient)
	}
}

// answers checks an answer.
func answers(t *testing.T, doing, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n got %s\nwant %s", doing, got, want)
	}
}

// sql runs a statement beside the service, for what only an operator or a fault could do.
func (d *deployment) sql(statement string, args ...any) {
	d.t.Helper()
	err := d.db.Tx(d.t.Context(), "test", func(tx *store.Tx) error {
		_, err := tx.Exec(d.t.Context(), statement, args...)
		return err
	})
	if err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
}

// number is the first column of the first row of a query.
func (d *deployment) number(query string, args ...any) (n int64) {
	d.t.Helper()
	err := d.db.View(d.t.Context(), func(tx *store.Tx) error { return tx.QueryRow(d.t.Context(), query, args...).Scan(&n) })
	if err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// events are what an account sees of its history, the earliest first.
func (d *deployment) events(account macie2.AccountID) []HistoryEvent {
	d.t.Helper()
	out, err := d.History(d.t.Context(), d.call(account), &HistoryInput{MaxResults: maxHistoryPage})
	if err != nil {
		d.t.Fatal(err)
	}
	if out.NextToken != "" {
		d.t.Fatal("the history has more than a page")
	}
	slices.Reverse(out.Events)
	return out.Events
}

// lastMail is what the administrator's history says last about a mail.
func (d *deployment) lastMail(administrator macie2.AccountID) HistoryEvent {
	d.t.Helper()
	events := d.events(administrator)
	for _, e := range slices.Backward(events) {
		if strings.HasPrefix(string(e.Event), "Mail") {
			return e
		}
	}
	d.t.Fatalf("the history of %s says nothing about a mail: %+v", administrator, events)
	return HistoryEvent{}
}
