package membership

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestMemberThroughOrganization: what the two sides see and can do.
func TestMemberThroughOrganization(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		ctx := t.Context()
		d.organize(carol, alice, bob, dave)
		d.must(d.enable(carol), d.delegate(carol, alice))
		in := memberInput(bob, "whatever@example.org")
		in.Tags = map[string]string{"team": "data"}
		out, err := d.CreateMember(ctx, d.call(alice), in)
		if err != nil || *out.Arn != "arn:aws:macie2:us-east-1:"+string(alice)+":member/"+string(bob) {
			t.Fatalf("adding it: %+v, %v", out, err)
		}
		m, err := d.GetMember(ctx, d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))})
		if err != nil || m.Email != nil || *m.RelationshipStatus != macie2.RelationshipStatusEnabled || m.InvitedAt != nil || m.Tags["team"] != "data" ||
			*m.AdministratorAccountId != string(alice) || *m.MasterAccountId != string(alice) {
			t.Errorf("the administrator sees %+v, %v", m, err)
		}
		for _, only := range []string{"true", "True", "TRUE", "false", "False", "FALSE"} {
			answers(t, "it is listed with onlyAssociated "+only, d.listed(only), string(bob))
		}
		answers(t, "Macie is enabled in it", d.macie(bob), "ENABLED")
		answers(t, "it sees its administrator", d.administrator(bob), string(alice)+" Enabled")
		if got := d.received(bob); len(got) != 0 {
			t.Errorf("it has received %v", got)
		}
		if len(d.relay.delivered()) != 0 {
			t.Error("a mail was sent")
		}

		in.Tags = map[string]string{"team": "other"}
		again, err := d.CreateMember(ctx, d.call(alice), in)
		if err != nil || *again.Arn != *out.Arn {
			t.Errorf("adding it again: %+v, %v", again, err)
		}
		if same, err := d.GetMember(ctx, d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))}); err != nil || same.Tags["team"] != "data" ||
			!same.UpdatedAt.Equal(m.UpdatedAt.Time) {
			t.Errorf("adding it again has made it %+v, %v", same, err)
		}
		answers(t, "inviting it", d.invite(alice, bob), refused(bob, specAlreadyInvited))
		answers(t, "it leaves", d.resignFrom(bob), denied(oursOrganizationMember))
		answers(t, "it pauses", d.session(bob, macie2.MacieStatusPaused), denied(oursOrganizationMember))
		answers(t, "it stays as it is", d.session(bob, macie2.MacieStatusEnabled), "ok")
		answers(t, "it disables Macie", d.disable(bob), conflict(specDisableWhileMember))
		answers(t, "it adds a member", d.add(bob, dave), invalid(specCreateWhileMember))
		answers(t, "deleting it", d.delete(alice, bob), invalid(specDeleteAssociated))
		d.invited(erin, bob)
		answers(t, "it accepts an invitation", d.accept(bob, erin), invalid(specNoPendingInvitation))

		d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused))
		answers(t, "paused, for it", d.administrator(bob)+" "+d.macie(bob), string(alice)+" Paused PAUSED")
		answers(t, "it resumes", d.session(bob, macie2.MacieStatusEnabled), denied(oursOrganizationMember))
		d.must(d.memberSession(alice, bob, macie2.MacieStatusEnabled))
		answers(t, "resumed", d.administrator(bob)+" "+d.macie(bob), string(alice)+" Enabled ENABLED")

		d.must(d.disassociate(alice, bob))
		answers(t, "removed", d.status(alice, bob)+" "+d.administrator(bob)+" "+d.macie(bob), stRemoved+" "+noAdministrator+" ENABLED")
		answers(t, "inviting it, without an address", d.invite(alice, bob), refused(bob, specEmailMissing+hintAddAgain))
		answers(t, "adding it again", d.add(alice, bob), "ok")
		answers(t, "as before", d.administrator(bob), string(alice)+" Enabled")
		d.must(d.disassociate(alice, bob), d.delete(alice, bob), d.add(alice, bob))

		answers(t, "an account outside is to be invited", d.add(alice, erin), "ok")
		answers(t, "its status", d.status(alice, erin), stCreated)
		holds(t, d, DefaultQuotaMembers)

		// Tags of a record that is there stay, unless others are given.
		d.must(d.disassociate(alice, bob), d.add(alice, bob))
		tags := func() map[string]string {
			m, err := d.GetMember(ctx, d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))})
			if err != nil {
				t.Fatal(err)
			}
			return m.Tags
		}
		if got := tags(); len(got) != 0 { // they went with the record that was deleted
			t.Errorf("its tags are %v", got)
		}
		for _, want := range []string{"one", "two"} {
			in.Tags = map[string]string{"team": want}
			d.must(d.disassociate(alice, bob))
			if _, err := d.CreateMember(ctx, d.call(alice), in); err != nil {
				t.Fatal(err)
			}
			if got := tags(); got["team"] != want {
				t.Errorf("its tags are %v", got)
			}
		}
		d.must(d.disassociate(alice, bob), d.add(alice, bob))
		if got := tags(); got["team"] != "two" {
			t.Errorf("its tags are %v", got)
		}

		var seen []string
		for _, e := range d.events(bob)[:9] {
			seen = append(seen, string(e.Event))
		}
		if got, want := strings.Join(seen, " "), "MemberEnabled Invited MemberPaused MemberResumed MemberRemoved MemberEnabled MemberRemoved MemberDeleted MemberEnabled"; got != want {
			t.Errorf("the member's history is %s, want %s", got, want)
		}
	})
}

// TestNotThroughOrganization: whom the delegated administrator cannot take.
func TestNotThroughOrganization(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 2) // of either kind
		d.organize(carol, alice, bob, dave, erin)
		d.must(d.enable(carol), d.delegate(carol, alice))
		answers(t, "itself", d.add(alice, alice), invalid(specCreateSelf))
		d.members(dave, bob)
		answers(t, "another's member", d.add(alice, bob), invalid(oursTiedElsewhere))
		answers(t, "another administrator", d.add(alice, dave), invalid(oursIsAdministrator))
		d.must(d.resignFrom(bob), d.delete(dave, bob))
		answers(t, "the member, when it has left", d.add(alice, bob), "ok")
		answers(t, "the administrator, when it has nobody", d.add(alice, dave), "ok")
		answers(t, "the quota is used up", d.configuration(alice), "auto false full true")
		answers(t, "beyond the quota", d.add(alice, erin), quota(oursOrganizationMembersFull))
		answers(t, "members by invitation have another quota", d.add(alice, stranger), "ok")
		d.must(d.disassociate(alice, dave))
		answers(t, "there is room again", d.configuration(alice), "auto false full false")
		d.suspend(erin)
		answers(t, "a suspended account", d.add(alice, erin), invalid(oursAccountSuspended))
		d.resume(erin)
		d.disableRegion(erin, virginia, true)
		answers(t, "where the Region is disabled", d.add(alice, erin), invalid(textRegionDisabled))
		d.disableRegion(erin, virginia, false)

		d.region = ireland
		d.must(d.enable(carol), d.delegate(carol, alice), d.disable(carol))
		answers(t, "a management account without Macie", d.add(alice, carol), invalid(oursManagementNotEnabled))
		d.must(d.enable(carol))
		answers(t, "a management account with Macie", d.add(alice, carol), "ok")
		answers(t, "which can still end the designation", d.undelegate(carol, alice), "ok")
		d.work()
		answers(t, "and stands alone then", d.administrator(carol), noAdministrator)
		holds(t, d, 2)
	})
}

// TestTakingOver: an account that is in the inventory by invitation, but no member, becomes one
// through the organization when it is added.
func TestTakingOver(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		for i, name := range []string{stCreated, stVerifying, stFailed, stInvited, stRemoved, stResigned, stDeclined} {
			d.region = fmt.Sprintf("us-test-%d", i)
			d.must(d.enable(alice, bob, carol))
			states[name].reach(d)
			d.must(d.delegate(carol, alice))
			answers(t, name+": adding it", d.add(alice, bob), "ok")
			want := ""
			if name == stDeclined { // which is the recipient's own
				want = stResigned
			}
			d.sees(alice, bob, stEnabled, want)
			answers(t, name+": the administrator", d.administrator(bob), string(alice)+" Enabled")
			d.work()
			d.sees(alice, bob, stEnabled, want)
			holds(t, d, DefaultQuotaMembers)
		}
	})
}

// TestConversion: members by invitation of an account that becomes the delegated administrator are
// members through the organization from then on, if they belong to it.
func TestConversion(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob, dave, erin)
		d.must(d.memberSession(alice, dave, macie2.MacieStatusPaused), d.enable(carol))
		d.suspend(bob)
		d.organize(carol, alice, bob, dave)
		d.must(d.delegate(carol, alice))
		d.resume(bob)
		d.sees(alice, bob, stEnabled, "")
		d.sees(alice, dave, stPaused, "")
		d.sees(alice, erin, stEnabled, stEnabled)
		answers(t, "bob's administrator", d.administrator(bob), string(alice)+" Enabled")
		answers(t, "erin's administrator", d.administrator(erin), string(alice)+" Enabled by invitation")
		answers(t, "bob leaves", d.resignFrom(bob), denied(oursOrganizationMember))
		answers(t, "dave resumes", d.session(dave, macie2.MacieStatusEnabled), denied(oursOrganizationMember))
		d.must(d.memberSession(alice, dave, macie2.MacieStatusEnabled))
		m, err := d.GetMember(t.Context(), d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))})
		if err != nil || m.Email != nil {
			t.Errorf("bob's record is %+v, %v", m, err)
		}
		answers(t, "erin leaves", d.resignFrom(erin), "ok")
		if e := d.events(bob); e[len(e)-1].Event != EventMemberViaOrganization {
			t.Errorf("bob's history ends with %+v", e[len(e)-1])
		}
		holds(t, d, DefaultQuotaMembers)
	})
}

// TestConversionOverQuota: nobody loses a member because it is counted another way.
func TestConversionOverQuota(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deployWith(t, open(), &deployment{organizationQuota: 1}, 5)
		d.members(alice, bob, dave)
		d.organize(carol, alice, bob, dave, erin)
		d.must(d.enable(carol), d.delegate(carol, alice))
		answers(t, "bob", d.administrator(bob), string(alice)+" Enabled")
		answers(t, "dave", d.administrator(dave), string(alice)+" Enabled")
		answers(t, "the quota", d.configuration(alice), "auto false full true")
		answers(t, "a third", d.add(alice, erin), quota(oursOrganizationMembersFull))
	})
}

// TestEndOfDelegation: the members of a delegated administrator that is one no longer stand alone.
func TestEndOfDelegation(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(d *deployment)
	}{
		{"DisableOrganizationAdminAccount", func(d *deployment) { d.must(d.undelegate(carol, alice)) }},
		{"the delegate is deregistered", func(d *deployment) {
			if err := d.directory.DeregisterDelegate(d.t.Context(), carol, alice, MaciePrincipal, macie2.Principal{}); err != nil {
				d.t.Fatal(err)
			}
		}},
		{"Macie is not trusted any more", func(d *deployment) {
			if err := d.directory.DisableServiceAccess(d.t.Context(), carol, MaciePrincipal, macie2.Principal{}); err != nil {
				d.t.Fatal(err)
			}
		}},
		{"the account is suspended", func(d *deployment) { d.suspend(alice) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *deployment) {
				d.organize(carol, alice, bob, dave)
				d.must(d.enable(carol), d.delegate(carol, alice), d.add(alice, bob), d.add(alice, dave), d.disassociate(alice, dave))
				d.invited(alice, erin)
				c.end(d)
				d.resume(alice)
				answers(t, "meanwhile", d.administrators(carol), string(alice)+"=DISABLING_IN_PROGRESS")
				answers(t, "the member, meanwhile", d.administrator(bob), string(alice)+" Enabled")
				answers(t, "the configuration, meanwhile", d.configuration(alice), denied(specNotOrganizationAdmin))
				answers(t, "designating it, meanwhile", d.delegate(carol, alice), invalid(oursBeingDisabled))
				answers(t, "it leaves, meanwhile", d.leave(carol, alice)[:14], "internal error")
				if c.name == "DisableOrganizationAdminAccount" {
					answers(t, "ending it twice", d.undelegate(carol, alice), "ok")
				}
				d.work()
				answers(t, "then", d.administrators(carol), "")
				answers(t, "the member, then", d.administrator(bob)+" "+d.macie(bob), noAdministrator+" ENABLED")
				answers(t, "its record", d.status(alice, bob), stRemoved)
				if c.name != "the account is suspended" {
					d.sees(alice, erin, stInvited, stInvited)
				}
				// As tools tear down what they built: every record that is listed.
				for _, id := range []macie2.AccountID{bob, dave, erin} {
					d.must(d.disassociate(alice, id), d.delete(alice, id))
				}
				answers(t, "disabling Macie", d.disable(alice), "ok")
				answers(t, "designating it again", d.delegate(carol, alice), "ok")
				holds(t, d, DefaultQuotaMembers)
			})
		})
	}
}

// TestTeardownAtOnce: a tool that disassociates and deletes every member at once, while the worker
// has not looked yet, meets no error.
func TestTeardownAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob, dave)
		d.must(d.enable(carol), d.delegate(carol, alice), d.add(alice, bob), d.add(alice, dave), d.undelegate(carol, alice))
		d.must(d.disassociate(alice, bob), d.delete(alice, bob))
		d.work()
		d.must(d.disassociate(alice, dave), d.delete(alice, dave), d.disable(alice))
		answers(t, "the administrators", d.administrators(carol), "")

		d.must(d.delegate(carol, alice), d.add(alice, bob), d.undelegate(carol, alice))
		d.must(d.disassociate(alice, bob), d.delete(alice, bob), d.disable(alice))
		d.work()
		answers(t, "the administrators", d.administrators(carol), "")
		d.must(d.disable(carol), d.disable(bob), d.disable(dave))
	})
}

// TestManyAreReleased: more members than one transaction releases, or enrolls.
func TestManyAreReleased(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		const many = 3*releaseBatch + 30
		d.organize(carol, alice)
		d.must(d.enable(carol), d.delegate(carol, alice), d.autoEnable(alice, true))
		d.join(carol, d.crowd(many)...)
		d.work()
		if ids := d.associated(); len(ids) != many {
			t.Fatalf("%d members, want %d", len(ids), many)
		}
		d.must(d.undelegate(carol, alice))
		d.work()
		answers(t, "the administrators", d.administrators(carol), "")
		if ids := d.associated(); len(ids) != 0 {
			t.Errorf("%d members are left", len(ids))
		}
		holds(t, d, DefaultQuotaMembers)
	})
}

// crowd registers n further accounts.
func (d *deployment) crowd(n int) []macie2.AccountID {
	d.t.Helper()
	ids := make([]macie2.AccountID, n)
	for i := range ids {
		ids[i] = macie2.AccountID(fmt.Sprintf("5%011d", i))
		if _, err := d.directory.CreateAccount(d.t.Context(), ids[i], addressOf(ids[i]), "", d.clock.now()); err != nil {
			d.t.Fatal(err)
		}
	}
	return ids
}

// associated lists all members of alice.
func (d *deployment) associated() []string {
	d.t.Helper()
	var all []string
	for token := ""; ; {
		ids, next := d.page(0, "true", token)
		all = append(all, ids...)
		if token = next; token == "" {
			return all
		}
	}
}

// TestJoining: accounts that join an organization become members by themselves, where its delegated
// administrator wants that.
func TestJoining(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 3)
		d.organize(carol, alice)
		d.must(d.enable(carol), d.delegate(carol, alice))
		d.join(carol, bob)
		d.work()
		answers(t, "joining where nobody wants it", d.macie(bob), notEnabled)
		d.must(d.autoEnable(alice, true))
		d.work()
		answers(t, "being there already", d.macie(bob), notEnabled)
		d.join(carol, dave, bob)
		d.work()
		answers(t, "joining", d.administrator(dave)+" "+d.macie(dave), string(alice)+" Enabled ENABLED")
		d.region = ireland
		answers(t, "in another Region", d.macie(dave), notEnabled)
		d.region = virginia

		// An account that left and joins again is wanted again; one that was disassociated is not,
		// until it does.
		answers(t, "leaving", d.leave(carol, dave), "ok")
		answers(t, "left", d.status(alice, dave)+" "+d.administrator(dave), stRemoved+" "+noAdministrator)
		d.join(carol, dave)
		d.work()
		answers(t, "back", d.administrator(dave), string(alice)+" Enabled")
		d.must(d.disassociate(alice, dave))
		again := func() {
			d.suspend(dave)
			d.resume(dave)
			d.disableRegion(dave, virginia, true)
			d.disableRegion(dave, virginia, false)
			d.work()
		}
		again()
		answers(t, "disassociated, suspended, resumed", d.administrator(dave), noAdministrator)
		d.must(d.delete(alice, dave))
		again()
		answers(t, "deleted, suspended, resumed", d.administrator(dave), noAdministrator)
		d.suspend(bob)
		d.resume(bob)
		d.work()
		answers(t, "one that was there before, suspended, resumed", d.macie(bob), notEnabled)

		// What keeps an account out is told to the administrator, and it comes in when that is
		// over.
		crowd := d.crowd(6)
		tied, suspended, away, first, last, late := crowd[0], crowd[1], crowd[2], crowd[3], crowd[4], crowd[5]
		d.members(erin, tied)
		d.suspend(suspended)
		d.disableRegion(away, virginia, true)
		d.join(carol, tied, suspended, away, first)
		d.work()
		answers(t, "tied", d.told(tied), oursTiedElsewhere)
		answers(t, "suspended", d.told(suspended), oursAccountSuspended)
		answers(t, "away", d.told(away), textRegionDisabled)
		answers(t, "the first", d.administrator(first), string(alice)+" Enabled")
		d.resume(suspended)
		d.disableRegion(away, virginia, false)
		d.work()
		answers(t, "suspended, then", d.administrator(suspended), string(alice)+" Enabled")
		answers(t, "away, then", d.administrator(away), string(alice)+" Enabled")
		d.join(carol, last)
		d.work()
		answers(t, "beyond the quota", d.told(last), oursOrganizationMembersFull)

		for _, id := range []macie2.AccountID{bob, dave, first} {
			if got := d.told(id); !strings.HasPrefix(got, "nothing") {
				t.Errorf("the administrator was told of %s: %s", id, got)
			}
		}

		// One that joins and leaves before the worker looks is nobody's.
		d.must(d.disassociate(alice, away))
		d.join(carol, late)
		d.must(d.leave(carol, late))
		d.work()
		answers(t, "late", d.macie(late), notEnabled)
		// Nor is one that joins while the designation ends.
		d.join(carol, late)
		d.must(d.undelegate(carol, alice))
		d.work()
		answers(t, "late", d.macie(late), notEnabled)
		holds(t, d, 3)
	})
}

// told is why the administrator was told that an account did not become a member.
func (d *deployment) told(id macie2.AccountID) string {
	d.t.Helper()
	out, err := d.History(d.t.Context(), d.call(alice), &HistoryInput{AccountID: string(id), Event: EventMemberNotEnabled})
	if err != nil || len(out.Events) == 0 {
		return fmt.Sprint("nothing ", err)
	}
	return out.Events[0].Detail
}

// TestLeaving: accounts that leave their organization are released in the very transaction.
func TestLeaving(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob, dave)
		d.must(d.enable(carol), d.delegate(carol, alice), d.add(alice, bob), d.add(alice, dave))
		d.must(d.memberSession(alice, dave, macie2.MacieStatusPaused))
		d.suspend(bob)
		if _, err := d.directory.RemoveFromOrganization(t.Context(), carol, []macie2.AccountID{bob, alice}); err == nil {
			t.Error("the delegated administrator left")
		}
		answers(t, "none has left", d.status(alice, bob), stSuspended)
		answers(t, "leaving", d.leave(carol, bob, dave), "ok")
		d.resume(bob)
		answers(t, "bob", d.status(alice, bob)+" "+d.macie(bob), stRemoved+" ENABLED")
		answers(t, "dave stays paused, and can resume", d.status(alice, dave)+" "+d.session(dave, macie2.MacieStatusEnabled), stRemoved+" ok")
		answers(t, "inviting one that has left", d.invite(alice, bob), refused(bob, specEmailMissing+hintAddAgain))
		d.must(d.delete(alice, bob), d.add(alice, bob), d.invite(alice, bob))
		d.work()
		answers(t, "by invitation, then", d.accept(bob, alice), "ok")
		answers(t, "its administrator", d.administrator(bob), string(alice)+" Enabled by invitation")
		holds(t, d, DefaultQuotaMembers)
	})
}
