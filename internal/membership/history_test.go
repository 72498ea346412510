package membership

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/mail"
)

// told is an event as a line: what, from which state to which, by whom, and what else there is to
// say.
func told(events []HistoryEvent) []string {
	var lines []string
	for _, e := range events {
		line := fmt.Sprintf("%s %s→%s by %s", e.Event, e.FromStatus, e.ToStatus, e.Principal)
		if e.Detail != "" {
			line += ": " + e.Detail
		}
		lines = append(lines, line)
	}
	return lines
}

func isTold(t *testing.T, who string, got []HistoryEvent, want ...string) {
	t.Helper()
	if lines := told(got); !slices.Equal(lines, want) {
		t.Errorf("%s is told\n\t%s\nwant\n\t%s", who, strings.Join(lines, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const (
	byAlice, byBob         = "arn:aws:iam::111122223333:user/admin", "arn:aws:iam::444455556666:user/admin"
	byAliceRoot, byBobRoot = "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root" // as the other side sees them
)

// TestHistory tells a relationship's whole story, as each side may know it.
func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob), d.add(alice, bob),
			d.inviteWith(alice, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)}, Message: macie2.Ptr("Welcome")}))
		d.work()
		first := d.invitationID(bob, alice)
		d.must(d.accept(bob, alice), d.memberSession(alice, bob, macie2.MacieStatusPaused), d.session(bob, macie2.MacieStatusEnabled),
			d.session(bob, macie2.MacieStatusPaused), d.resignFrom(bob), d.accept(bob, alice), d.disassociate(alice, bob),
			d.invite(alice, bob))
		d.work()
		d.must(d.decline(bob, alice), d.deleteInvitations(bob, alice), d.add(alice, bob), d.delete(alice, bob))
		isTold(t, "the administrator", d.events(alice),
			"MemberAdded →Created by "+byAlice,
			"InvitationRequested Created→EmailVerificationInProgress by "+byAlice,
			"Invited EmailVerificationInProgress→Invited by magpie: Welcome",
			"MailQueued → by magpie",
			"MailAccepted → by magpie: 250 2.0.0 Ok: queued",
			"InvitationAccepted Invited→Enabled by "+byBobRoot,
			"MemberPaused Enabled→Paused by "+byAlice,
			"MemberResumed Paused→Enabled by "+byBobRoot,
			"MemberPaused Enabled→Paused by "+byBobRoot,
			"MemberResigned Paused→Resigned by "+byBobRoot,
			"InvitationAccepted Resigned→Paused by "+byBobRoot,
			"MemberRemoved Paused→Removed by "+byAlice,
			"InvitationRequested Removed→EmailVerificationInProgress by "+byAlice,
			"Invited EmailVerificationInProgress→Invited by magpie",
			"MailQueued → by magpie",
			"MailAccepted → by magpie: 250 2.0.0 Ok: queued",
			"InvitationDeclined Invited→ by "+byBobRoot,
			"MemberAdded →Created by "+byAlice,
			"MemberDeleted Created→ by "+byAlice)
		events := d.events(bob)
		isTold(t, "the recipient", events,
			"Invited EmailVerificationInProgress→Invited by magpie: Welcome",
			"InvitationAccepted Invited→Enabled by "+byBob,
			"MemberPaused Enabled→Paused by "+byAliceRoot,
			"MemberResumed Paused→Enabled by "+byBob,
			"MemberPaused Enabled→Paused by "+byBob,
			"MemberResigned Paused→Resigned by "+byBob,
			"InvitationAccepted Resigned→Paused by "+byBob,
			"MemberRemoved Paused→Removed by "+byAliceRoot,
			"Invited EmailVerificationInProgress→Invited by magpie",
			"InvitationDeclined Invited→ by "+byBob,
			"InvitationDeleted → by "+byBob)
		for _, e := range events {
			if e.AccountID != string(bob) || e.AdministratorAccountID != string(alice) || e.Region != virginia || e.Time == nil {
				t.Errorf("an event is about %+v", e)
			}
		}
		if events[0].InvitationID != first || events[1].InvitationID != first || events[8].InvitationID == first {
			t.Error("the events do not tell the two invitations apart")
		}
		if others := d.events(carol); len(others) != 0 {
			t.Errorf("a stranger is told %v", told(others))
		}
		d.region = ireland
		if others := d.events(alice); len(others) != 0 {
			t.Errorf("in another Region the administrator is told %v", told(others))
		}
	})
}

// TestHistoryOfTheUntold: what never reached the recipient is none of its business, whatever the
// administrator did with it.
func TestHistoryOfTheUntold(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		for _, name := range []string{stCreated, stVerifying, stFailed} {
			d.must(enabled(d.enable(alice, bob)))
			states[name].reach(d)
			d.suspend(bob)
			d.resume(bob)
			d.must(d.disassociate(alice, bob), d.delete(alice, bob))
			d.work()
		}
		if events := d.events(bob); len(events) != 0 {
			t.Errorf("the recipient is told %v", told(events))
		}
		isTold(t, "the administrator", d.events(alice)[:5],
			"MemberAdded →Created by "+byAlice,
			"AccountSuspended Created→AccountSuspended by magpie",
			"AccountResumed AccountSuspended→Created by magpie",
			"MemberRemoved Created→Removed by "+byAlice,
			"MemberDeleted Removed→ by "+byAlice)
	})
}

func enabled(answer string) string {
	if answer == conflict(specAlreadyEnabled) {
		return "ok"
	}
	return answer
}

// TestHistoryTellsTheRecipient: what the administrator does with an invitation that was received is
// told to the recipient.
func TestHistoryTellsTheRecipient(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.invited(alice, bob)
		d.must(d.delete(alice, bob))
		d.invited(alice, bob)
		d.must(d.disassociate(alice, bob), d.delete(alice, bob))
		d.members(alice, bob)
		d.suspend(alice)
		isTold(t, "the recipient", d.events(bob),
			"Invited EmailVerificationInProgress→Invited by magpie",
			"MemberDeleted Invited→ by "+byAliceRoot,
			"Invited EmailVerificationInProgress→Invited by magpie",
			"MemberRemoved Invited→Removed by "+byAliceRoot,
			"MemberDeleted Removed→ by "+byAliceRoot,
			"Invited EmailVerificationInProgress→Invited by magpie",
			"InvitationAccepted Invited→Enabled by "+byBob,
			"MemberRemoved Enabled→Removed by magpie")
	})
}

// TestHistoryKeepsSecrets goes through everything once, and looks for what one side must not learn
// of the other.
func TestHistoryKeepsSecrets(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		for i, name := range slices.Sorted(func(yield func(string) bool) {
			for name := range states {
				if !yield(name) {
					return
				}
			}
		}) {
			d.region = fmt.Sprintf("us-test-%d", i)
			d.must(d.enable(alice, bob))
			states[name].reach(d)
			d.resume(bob)
			d.session(bob, macie2.MacieStatusPaused)
			d.disassociate(alice, bob)
			d.invite(alice, bob)
			d.work()
			d.decline(bob, alice)
			for viewer, secrets := range map[macie2.AccountID][]string{
				// The administrator knows the address that it gave, and the relay's answer; the
				// recipient neither.
				alice: {principalOf(bob)},
				bob:   {principalOf(alice), "example", "queued", "Mail", "somebody"},
			} {
				text, err := json.Marshal(d.events(viewer))
				if err != nil {
					t.Fatal(err)
				}
				for _, secret := range secrets {
					if strings.Contains(string(text), secret) {
						t.Errorf("%s: the history of %s says %q", name, viewer, secret)
					}
				}
			}
		}
	})
}

// TestMailOutcomes: the administrator sees what became of each attempt.
func TestMailOutcomes(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		var reply Delivery
		d.relay.answer = func(mail.Invitation) Delivery { return reply }
		attempt := func() {
			d.sql("update task set run_at = 0")
			d.work()
		}
		mails := func() (lines []string) {
			for _, e := range d.events(alice) {
				if strings.HasPrefix(string(e.Event), "Mail") {
					detail, _, _ := strings.Cut(e.Detail, "; next attempt at ")
					lines = append(lines, string(e.Event)+": "+detail)
				}
			}
			return lines
		}
		expect := func(what string, want ...string) {
			t.Helper()
			if got := mails(); !slices.Equal(got, want) {
				t.Errorf("%s: the mail's history is\n%s, want\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		reply = Delivery{MailDeferred, "451 4.7.1 greylisted"}
		d.invited(alice, bob)
		attempt()
		if e := d.lastMail(alice); !strings.Contains(e.Detail, "; next attempt at 20") {
			t.Errorf("a deferred mail's history does not name the next attempt: %s", e.Detail)
		}
		reply = Delivery{MailAccepted, "250 ok"}
		attempt()
		expect("greylisted", "MailQueued: ", "MailDeferred: 451 4.7.1 greylisted", "MailDeferred: 451 4.7.1 greylisted", "MailAccepted: 250 ok")
		d.sees(alice, bob, stInvited, stInvited)

		d.region = ireland
		reply = Delivery{MailRefused, "550 5.1.1 no such user"}
		d.invited(alice, bob)
		attempt()
		expect("refused", "MailQueued: ", "MailRefused: 550 5.1.1 no such user")
		d.sees(alice, bob, stInvited, stInvited)

		d.region = "us-test-1"
		reply = Delivery{MailDeferred, "421 4.3.2 shutting down"}
		d.invited(alice, bob)
		d.sql("update task set started_at = started_at - $1", (48 * time.Hour).Milliseconds())
		attempt()
		if e := d.lastMail(alice); e.Event != EventMailRefused || !strings.HasPrefix(e.Detail, "given up after 2 attempts in ") ||
			!strings.HasSuffix(e.Detail, ": 421 4.3.2 shutting down") {
			t.Errorf("two days later: %+v", e)
		}

		d.region = "us-test-2"
		d.must(d.enable(alice, bob), d.add(alice, bob), d.inviteWith(alice, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)},
			DisableEmailNotification: macie2.Ptr(true)}))
		d.work()
		expect("not wanted", "MailNotSent: disableEmailNotification was set")

		d.region = "us-test-3"
		d.invited(alice, bob)
		d.must(d.decline(bob, alice))
		attempt()
		expect("overtaken", "MailQueued: ", "MailDeferred: 421 4.3.2 shutting down",
			"MailNotSent: the invitation was answered or withdrawn before its mail was sent")
	})
}

// TestHistoryPages: pages go back in time, survive what happens meanwhile, and filters narrow them.
func TestHistoryPages(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		ids := d.manyMembers(7)
		middle := d.clock.now()
		for _, id := range ids {
			d.must(d.delete(alice, id))
		}
		page := func(in HistoryInput) (lines []string, next string) {
			t.Helper()
			out, err := d.History(t.Context(), d.call(alice), &in)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range out.Events {
				lines = append(lines, string(e.Event)+" "+e.AccountID)
			}
			return lines, out.NextToken
		}
		var all []string
		for _, event := range []Event{EventMemberDeleted, EventMemberAdded} {
			for _, id := range slices.Backward(ids) {
				all = append(all, string(event)+" "+string(id))
			}
		}
		seen, next := page(HistoryInput{MaxResults: 5})
		d.must(d.addAs(alice, bob, "a@example.com")) // later than what the pages go back through
		for next != "" {
			var more []string
			more, next = page(HistoryInput{MaxResults: 5, NextToken: next})
			seen = append(seen, more...)
		}
		if !slices.Equal(seen, all) {
			t.Errorf("the pages show\n%v, want\n%v", seen, all)
		}
		for name, c := range map[string]struct {
			in   HistoryInput
			want []string
		}{
			"one event":              {HistoryInput{Event: EventMemberDeleted}, all[:7]},
			"one account":            {HistoryInput{AccountID: string(ids[2])}, []string{all[4], all[11]}},
			"itself":                 {HistoryInput{AccountID: string(alice), Event: EventMemberAdded}, append([]string{"MemberAdded " + string(bob)}, all[7:]...)},
			"until":                  {HistoryInput{Until: middle}, all[7:]},
			"since":                  {HistoryInput{Since: middle, Event: EventMemberDeleted}, all[:7]},
			"since and until":        {HistoryInput{Since: middle, Until: middle}, nil},
			"an account, since":      {HistoryInput{Since: middle, AccountID: string(ids[2])}, all[4:5]},
			"an account that is not": {HistoryInput{AccountID: string(dave)}, nil},
		} {
			if got, next := page(c.in); !slices.Equal(got, c.want) || next != "" {
				t.Errorf("%s: %v, next %q; want %v", name, got, next, c.want)
			}
		}
		_, next = page(HistoryInput{MaxResults: 1, Event: EventMemberAdded})
		for name, in := range map[string]HistoryInput{
			"another filter's token":  {NextToken: next},
			"another account's token": {NextToken: next, Event: EventMemberAdded, AccountID: string(ids[0])},
			"nonsense for a token":    {NextToken: "x"},
			"an account that is none": {AccountID: "alice"},
			"an event that is none":   {Event: "Nothing"},
			"a page that is too long": {MaxResults: 101},
			"a page that is negative": {MaxResults: -1},
		} {
			if _, err := d.History(t.Context(), d.call(alice), &in); !strings.HasPrefix(answer(err), "ValidationException: ") {
				t.Errorf("%s: %s", name, answer(err))
			}
		}
		_, err := d.History(t.Context(), d.call(bob), &HistoryInput{NextToken: next, Event: EventMemberAdded})
		if !strings.HasPrefix(answer(err), "ValidationException: ") {
			t.Errorf("another account's token: %s", answer(err))
		}
		d.must(d.delete(alice, bob), d.disable(alice))
		if out, err := d.History(t.Context(), d.call(alice), &HistoryInput{}); err != nil || len(out.Events) != 16 {
			t.Errorf("after Macie was disabled: %+v, %v", out, err)
		}
	})
}
