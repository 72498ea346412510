package membership

import (
	"fmt"
	"testing"

	"magpie/internal/macie2"
)

// TestSuspendedWhileInVerification: the verification waits for the account to come back.
func TestSuspendedWhileInVerification(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		for _, c := range []struct {
			name  string
			steps func()
		}{
			{"back before the worker has looked", func() { d.suspend(bob); d.resume(bob); d.work() }},
			{"back after the worker has looked", func() { d.suspend(bob); d.work(); d.resume(bob); d.work() }},
			{"closed for a while, and looked at twice", func() {
				d.suspend(bob)
				d.work()
				d.work()
				d.resume(bob)
				d.work()
				d.work()
			}},
		} {
			d.region = "us-test-" + string(rune('a'+len(d.relay.delivered())))
			before := len(d.relay.delivered())
			d.must(d.enable(alice, bob), d.add(alice, bob), d.invite(alice, bob))
			c.steps()
			d.sees(alice, bob, stInvited, stInvited)
			if n := len(d.relay.delivered()) - before; n != 1 {
				t.Errorf("%s: %d mails, want 1", c.name, n)
			}
		}
	})
}

// TestSuspendedBehindTheBack: an account that was suspended while an invitation was on its way to
// the database is found suspended by the worker; one that came back then is found well by the next
// invitation.
func TestSuspendedBehindTheBack(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		status := func(s string) { d.sql("update account set status = $1 where id = $2", s, string(bob)) } // without the news
		d.must(d.enable(alice, bob), d.add(alice, bob), d.invite(alice, bob))
		status("Suspended")
		d.work()
		d.sees(alice, bob, stSuspended, "")
		status("Active")
		answers(t, "an invitation that was in verification", d.invite(alice, bob), refused(bob, specAlreadyInvited))
		d.work()
		d.sees(alice, bob, stInvited, stInvited)

		d.must(d.add(alice, carol))
		d.suspend(carol)
		d.sql("update account set status = 'Active' where id = $1", string(carol))
		answers(t, "one that was Created", d.invite(alice, carol), "ok")
		answers(t, "then", d.status(alice, carol), stVerifying)
	})
}

// TestClosedAdministrator: its members are standalone, its invitations are worth nothing, and so
// are those on their way.
func TestClosedAdministrator(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob, carol)
		d.must(d.resignFrom(carol))
		d.invited(alice, dave)
		d.must(d.add(alice, erin), d.enable(erin), d.invite(alice, erin))
		invitation := d.invitationID(dave, alice)
		d.sql("update account set status = 'Closed' where id = $1", string(alice)) // the worker is the first to see it
		d.work()
		d.sees(alice, erin, stRemoved, "")
		d.sql("update account set status = 'Active' where id = $1", string(alice))
		if _, err := d.directory.CloseAccount(t.Context(), alice, d.clock.now()); err != nil {
			t.Fatal(err)
		}
		for _, id := range []macie2.AccountID{bob, carol, dave} {
			d.sees(alice, id, stRemoved, stRemoved)
		}
		answers(t, "a member is free", d.disable(bob), "ok")
		answers(t, "an open invitation", d.acceptID(dave, invitation), invalid(specNoPendingInvitation))
		answers(t, "a standing invitation", d.accept(carol, alice), invalid(specNoPendingInvitation))
		if n := len(d.relay.delivered()); n != 3 {
			t.Errorf("%d mails, want none for the invitation that was on its way", n)
		}
	})
}

// TestSuspendedAdministratorOfMany: what does not end with the suspension itself is ended by a
// task, with the same fate; and an account that is resumed before the task was there has lost all
// of it, too, and keeps what is new.
func TestSuspendedAdministratorOfMany(t *testing.T) {
	for _, resumedFirst := range []bool{false, true} {
		t.Run(fmt.Sprint("resumed first ", resumedFirst), func(t *testing.T) {
			each(t, func(t *testing.T, d *deployment) {
				d.abandonBatch = 1
				d.region = ireland
				d.members(alice, dave, bob)
				d.region = virginia
				d.members(alice, bob, carol)
				d.must(d.session(bob, macie2.MacieStatusPaused), d.resignFrom(carol))
				d.invited(alice, dave)
				d.must(d.add(alice, erin), d.enable(erin), d.invite(alice, erin)) // its address is not verified yet
				d.sql("delete from task where kind = $1", kindVerify)

				d.suspend(alice)
				if resumedFirst {
					d.resume(alice)
				} else {
					if n := d.number("select count(*) from task where kind = $1", kindAbandon); n != 2 {
						t.Errorf("%d tasks, want one for each Region", n)
					}
					d.work()
				}
				for _, id := range []macie2.AccountID{bob, carol, dave} {
					d.sees(alice, id, stRemoved, stRemoved)
				}
				d.sees(alice, erin, stRemoved, "")
				answers(t, "a member is free", d.disable(bob), "ok")
				d.region = ireland
				d.sees(alice, dave, stRemoved, stRemoved)
				answers(t, "a member elsewhere is free", d.disable(dave), "ok")
				d.region = virginia
				if !resumedFirst {
					d.resume(alice)
				}
				if n := d.number("select counted from macie_session where region = $1 and account_id = $2", virginia, string(alice)); n != 0 {
					t.Errorf("%d records are counted", n)
				}
				d.must(d.invite(alice, dave, carol))
				d.work()
				d.must(d.accept(carol, alice))
				d.work()
				d.sees(alice, dave, stInvited, stInvited)
				d.sees(alice, carol, stEnabled, stEnabled)
				if n := d.number("select count(*) from task"); n != 0 {
					t.Errorf("%d tasks are left", n)
				}
			})
		})
	}
}

// TestClosedMember: its record can be removed and deleted, and its place be given to another.
func TestClosedMember(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		if _, err := d.directory.CloseAccount(t.Context(), bob, d.clock.now()); err != nil {
			t.Fatal(err)
		}
		answers(t, "its status", d.status(alice, bob), stSuspended)
		answers(t, "it is not listed as a member", d.listed("true"), "")
		answers(t, "nor with another letter case", d.listed("True"), "")
		answers(t, "but in the inventory", d.listed("false"), string(bob))
		answers(t, "and with another letter case", d.listed("False"), string(bob))
		answers(t, "pausing it", d.memberSession(alice, bob, macie2.MacieStatusPaused), invalid(specNotAMember))
		answers(t, "deleting it", d.delete(alice, bob), invalid(specDeleteAssociated))
		answers(t, "disabling its session", d.disable(bob), conflict(specDisableWhileMember))
		d.must(d.disassociate(alice, bob))
		answers(t, "removed", d.status(alice, bob), stRemoved)
		answers(t, "inviting it again", d.invite(alice, bob), refused(bob, oursAccountSuspended))
		answers(t, "its status again", d.status(alice, bob), stSuspended)
		d.must(d.delete(alice, bob), d.disable(alice))
	})
}

func (d *deployment) listed(associated string) string {
	ids, _ := d.page(0, associated, "")
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// TestSuspensionRollsBack: the relationship follows the directory in its transaction, or not at
// all.
func TestSuspensionRollsBack(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		if d.db.Engine() == "sqlite" {
			d.sql("create trigger refuse before update of status on account begin select raise(abort, 'no'); end")
		} else {
			d.sql("create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'")
			d.sql("create trigger refuse before update on account for each row execute function refuse()")
		}
		if _, err := d.directory.SuspendAccount(t.Context(), bob, d.clock.now()); err == nil {
			t.Fatal("the account was suspended in spite of the fault")
		}
		d.sees(alice, bob, stEnabled, stEnabled)
		events := d.events(alice)
		if last := events[len(events)-1]; last.Event == EventAccountSuspended {
			t.Errorf("the history has %+v", last)
		}
	})
}

// TestSuspendedMembersSession: a call that was let in just before the suspension changes what the
// account comes back to.
func TestSuspendedMembersSession(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.suspend(bob)
		d.must(d.session(bob, macie2.MacieStatusPaused))
		d.sees(alice, bob, stSuspended, stPaused)
		d.resume(bob)
		d.sees(alice, bob, stPaused, stPaused)
		d.suspend(bob)
		d.must(d.session(bob, macie2.MacieStatusEnabled))
		d.resume(bob)
		d.sees(alice, bob, stEnabled, stEnabled)
	})
}

// TestSuspendedRecipientAccepts: nor can an invitation be accepted that was suspended at that
// moment.
func TestSuspendedRecipientAccepts(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.invited(alice, bob)
		d.suspend(bob)
		answers(t, "accepting", d.accept(bob, alice), invalid(specNoPendingInvitation))
		d.resume(bob)
		answers(t, "after the account's return", d.accept(bob, alice), "ok")
	})
}
