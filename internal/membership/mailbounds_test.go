package membership

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store/storetest"
)

// know registers an account.
func know(t *testing.T, d *deployment, id macie2.AccountID) {
	t.Helper()
	if _, err := d.directory.CreateAccount(t.Context(), id, addressOf(id), "", d.clock.now()); err != nil {
		t.Fatal(err)
	}
}

// mailsOfHistory counts what an administrator's history says of mails.
func mailsOfHistory(d *deployment, administrator macie2.AccountID) (queued, withheld int, why string) {
	for _, e := range d.events(administrator) {
		switch e.Event {
		case EventMailQueued:
			queued++
		case EventMailNotSent:
			withheld++
			why = e.Detail
		}
	}
	return queued, withheld, why
}

// However often an account is added, invited and deleted, one mail goes to it in a Region within
// the cooldown, and few in all Regions; the history says so of the others, and the recipient sees
// every invitation.
func TestMailCooldown(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.mailBounds = MailBounds{Cooldown: time.Hour}
		regions := []string{d.region, "eu-west-1", "ap-southeast-2", "eu-north-1", "sa-east-1"}
		for range 4 {
			for _, region := range regions {
				d.region = region
				d.enable(alice, bob)
				d.must(d.add(alice, bob))
				d.must(d.invite(alice, bob))
				d.work()
				if got := d.received(bob)[alice]; got != "Invited" {
					t.Errorf("the invitation reads %q", got)
				}
				d.must(d.disassociate(alice, bob), d.delete(alice, bob))
			}
		}
		queued, withheld := 0, 0
		for _, region := range regions {
			d.work()
			d.region = region
			q, w, why := mailsOfHistory(d, alice)
			queued, withheld = queued+q, withheld+w
			if !strings.Contains(why, "a mail of this administrator went to the account at ") || !strings.Contains(why, "; the next may go at ") {
				t.Errorf("the history says %q", why)
			}
		}
		if queued != mostRegions || withheld != 4*len(regions)-mostRegions {
			t.Errorf("%d mails go, %d do not", queued, withheld)
		}
	})
}

// A day has so many mails of an administrator, and so many to an account; the answer says so, and
// what goes without mail goes.
func TestMailsOfADay(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.mailBounds = MailBounds{PerRecipient: 2, PerAdministrator: 3}
		invite := func(administrator, id macie2.AccountID, noEmail bool) string {
			d.enable(administrator)
			d.must(d.add(administrator, id))
			return d.inviteWith(administrator, &macie2.CreateInvitationsInput{AccountIds: []string{string(id)}, DisableEmailNotification: &noEmail})
		}
		account := func(n int) macie2.AccountID {
			id := macie2.AccountID(fmt.Sprintf("8000000000%02d", n))
			know(t, d, id)
			return id
		}
		for n := range 2 {
			d.must(invite(account(n), bob, false))
			d.work()
		}
		late := account(2)
		if got := invite(late, bob, false); !strings.Contains(got, textTooManyMailsGot+" There may be 2 in a day. Invite it with disableEmailNotification, or after ") {
			t.Errorf("the third to one account: %s", got)
		}
		no := true
		d.must(d.inviteWith(late, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)}, DisableEmailNotification: &no}))
		d.work()
		for n := range 3 {
			d.must(invite(alice, account(10+n), false))
			d.work()
		}
		if got := invite(alice, account(13), false); !strings.Contains(got, textTooManyMailsSent) {
			t.Errorf("the fourth of one administrator: %s", got)
		}
		// Who does not know the address learns nothing.
		stranger := account(3)
		d.enable(stranger)
		d.must(d.addAs(stranger, bob, "nobody@example.com"))
		d.must(d.invite(stranger, bob))
		d.work()
		if got := d.status(stranger, bob); got != "EmailVerificationFailed" {
			t.Errorf("with another address it is %s", got)
		}
		if queued, _, _ := mailsOfHistory(d, alice); queued != 3 {
			t.Errorf("%d mails go", queued)
		}
	})
}

// Many at once: the bounds are asked when the mails are queued, too.
func TestMailsOfOneCall(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.mailBounds = MailBounds{PerAdministrator: 3}
		d.enable(alice)
		var ids []macie2.AccountID
		for n := range 5 {
			id := macie2.AccountID(fmt.Sprintf("8000000000%02d", n))
			know(t, d, id)
			ids = append(ids, id)
		}
		d.must(d.add(alice, ids...))
		got := d.invite(alice, ids...)
		if n := strings.Count(got, textTooManyMailsSent); n != 2 {
			t.Errorf("%d of 5 are refused: %s", n, got)
		}
		d.work()
		if queued, _, _ := mailsOfHistory(d, alice); queued != 3 {
			t.Errorf("%d mails go", queued)
		}
	})
}

// Whether an account is suspended or closed, or a Region disabled for it, is told to who knows its
// address, and to nobody else: not by an answer, and not by the record.
func TestOverridesAreToldToWhoKnowsTheAddress(t *testing.T) {
	for what, override := range map[string]func(d *deployment){
		"suspended": func(d *deployment) { d.suspend(bob) },
		"closed": func(d *deployment) {
			if _, err := d.directory.CloseAccount(t.Context(), bob, d.clock.now()); err != nil {
				t.Fatal(err)
			}
		},
		"a Region disabled": func(d *deployment) {
			if _, err := d.directory.SetRegion(t.Context(), bob, d.region, false, d.clock.now()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, d *deployment) {
				d.must(d.enable(alice, carol, dave), d.addAs(alice, bob, "somebody@example.com"), d.add(carol, bob))
				override(d)
				d.must(d.addAs(dave, bob, "somebody@example.com"))
				if got := d.status(alice, bob); got != "Created" {
					t.Errorf("with another address, the record reads %s", got)
				}
				if got := d.status(carol, bob); got != "AccountSuspended" && got != "RegionDisabled" {
					t.Errorf("with its address, the record reads %s", got)
				}
				if got := d.invite(carol, bob); !strings.Contains(got, "ClientError") {
					t.Errorf("with its address, it is invited: %s", got)
				}
				for _, stranger := range []macie2.AccountID{alice, dave} {
					d.must(d.invite(stranger, bob))
					d.work()
					if got := d.status(stranger, bob); got != "EmailVerificationFailed" {
						t.Errorf("with another address, the record reads %s after the invitation", got)
					}
				}
			})
		})
	}
}

// An address that only looks like the registered one is another, and mail goes to the registered
// one as it is registered.
func TestMailGoesToTheRegisteredAddress(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		id := macie2.AccountID("800000000000")
		if _, err := d.directory.CreateAccount(t.Context(), id, "Kim.Smith@Example.com", "", d.clock.now()); err != nil {
			t.Fatal(err)
		}
		d.must(d.enable(alice, bob), d.addAs(alice, id, "\u212aim.\u017fmith@example.com"), d.addAs(bob, id, "kim.SMITH@example.com"))
		d.must(d.invite(alice, id), d.invite(bob, id))
		d.work()
		if a, b := d.status(alice, id), d.status(bob, id); a != "EmailVerificationFailed" || b != "Invited" {
			t.Errorf("the lookalike reads %s, the address in other case %s", a, b)
		}
		mails := d.relay.delivered()
		if len(mails) != 1 || mails[0].RecipientEmail != "Kim.Smith@Example.com" {
			t.Errorf("mails: %+v", mails)
		}
	})
}

// TestMailCooldownAtTwoNodes has two nodes verify invitations of one pair in two Regions at once,
// where one mail more may go.
func TestMailCooldownAtTwoNodes(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m := newMeetings(t, engine)
			bounds := MailBounds{Cooldown: time.Hour}
			m.first.mailBounds, m.second.mailBounds = bounds, bounds
			invited := func(region string) {
				d := m.second.inRegion(region)
				d.must(d.enable(alice, bob), d.add(alice, bob), d.invite(alice, bob))
			}
			for step, last := 1, false; !last; step++ {
				for i := range mostRegions - 1 {
					invited(fmt.Sprintf("-%d-%d", step, i))
				}
				m.second.work()
				invited(fmt.Sprintf("-%d-one", step))
				last = !m.Run(step, m.first.work, func() { invited(fmt.Sprintf("-%d-two", step)); m.second.work() })
				if n := m.second.number("select count(*) from mail_last"); n != mostRegions {
					t.Fatalf("at step %d, mails go in %d Regions", step, n)
				}
				m.second.sql("delete from mail_last")
			}
		})
	}
}
