package membership

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// What the tests of organizations do, in the fewest words. The organization is carol's, unless a
// test says otherwise.

// organize makes an organization of a management account and others.
func (d *deployment) organize(management macie2.AccountID, others ...macie2.AccountID) {
	d.t.Helper()
	if _, err := d.directory.CreateOrganization(d.t.Context(), management, d.clock.now()); err != nil {
		d.t.Fatal(err)
	}
	d.join(management, others...)
}

func (d *deployment) join(management macie2.AccountID, ids ...macie2.AccountID) {
	d.t.Helper()
	if _, err := d.directory.AddToOrganization(d.t.Context(), management, ids, d.clock.now()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) leave(management macie2.AccountID, ids ...macie2.AccountID) string {
	_, err := d.directory.RemoveFromOrganization(d.t.Context(), management, ids)
	return answer(err)
}

func (d *deployment) delegate(management, id macie2.AccountID) string {
	return d.delegateWith(management, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: macie2.Ptr(string(id))})
}

func (d *deployment) delegateWith(management macie2.AccountID, in *macie2.EnableOrganizationAdminAccountInput) string {
	_, err := d.EnableOrganizationAdminAccount(d.t.Context(), d.call(management), in)
	return answer(err)
}

func (d *deployment) undelegate(management, id macie2.AccountID) string {
	_, err := d.DisableOrganizationAdminAccount(d.t.Context(), d.call(management),
		&macie2.DisableOrganizationAdminAccountInput{AdminAccountId: macie2.Ptr(string(id))})
	return answer(err)
}

// administrators are what an account sees of its organization's delegated administrators.
func (d *deployment) administrators(account macie2.AccountID) string {
	out, err := d.ListOrganizationAdminAccounts(d.t.Context(), d.call(account), &macie2.ListOrganizationAdminAccountsInput{})
	if err != nil {
		return answer(err)
	}
	var list []string
	for _, a := range out.AdminAccounts {
		list = append(list, *a.AccountId+"="+string(*a.Status))
	}
	return strings.Join(list, " ")
}

func (d *deployment) configuration(account macie2.AccountID) string {
	out, err := d.DescribeOrganizationConfiguration(d.t.Context(), d.call(account), &macie2.DescribeOrganizationConfigurationInput{})
	if err != nil {
		return answer(err)
	}
	return fmt.Sprintf("auto %t full %t", *out.AutoEnable, *out.MaxAccountLimitReached)
}

func (d *deployment) autoEnable(account macie2.AccountID, on bool) string {
	_, err := d.UpdateOrganizationConfiguration(d.t.Context(), d.call(account), &macie2.UpdateOrganizationConfigurationInput{AutoEnable: &on})
	return answer(err)
}

func (d *deployment) disableRegion(id macie2.AccountID, region string, disabled bool) {
	d.t.Helper()
	if _, err := d.directory.SetRegion(d.t.Context(), id, region, !disabled, d.clock.now()); err != nil {
		d.t.Fatal(err)
	}
}

// administrator is whom an account has as its administrator, and in which status; with the
// invitation where there is one.
func (d *deployment) administrator(id macie2.AccountID) string {
	out, err := d.GetAdministratorAccount(d.t.Context(), d.call(id), &macie2.GetAdministratorAccountInput{})
	if err != nil {
		return answer(err)
	}
	s := *out.Administrator.AccountId + " " + string(*out.Administrator.RelationshipStatus)
	if out.Administrator.InvitationId != nil {
		s += " by invitation"
	}
	return s
}

// macie is the status of an account's session, or the answer that says why there is none.
func (d *deployment) macie(id macie2.AccountID) string {
	out, err := d.GetMacieSession(d.t.Context(), d.call(id), &macie2.GetMacieSessionInput{})
	if err != nil {
		return answer(err)
	}
	return string(*out.Status)
}

func denied(text string) string { return "AccessDeniedException: " + text }

const (
	noAdministrator = "ResourceNotFoundException: " + specNoAdministrator
	notEnabled      = "AccessDeniedException: " + specNotEnabled
)

// TestManagementWithoutMacie: a management account designates, lists and ends without Macie being
// enabled in it, and stays without.
func TestManagementWithoutMacie(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		answers(t, "none", d.administrators(carol), "")
		in := &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: macie2.Ptr(string(alice)), ClientToken: macie2.Ptr("token")}
		answers(t, "designating", d.delegateWith(carol, in), "ok")
		answers(t, "the same call, sent again", d.delegateWith(carol, in), "ok")
		answers(t, "the same account", d.delegate(carol, alice), conflict(specAlreadyDelegated))
		answers(t, "listing", d.administrators(carol), string(alice)+"=ENABLED")
		answers(t, "Macie in the administrator", d.macie(alice), "ENABLED")
		answers(t, "Macie in the management account", d.macie(carol), notEnabled)
		answers(t, "a member", d.add(alice, bob), "ok")
		answers(t, "the same member", d.add(alice, bob), "ok")
		answers(t, "ending", d.undelegate(carol, alice), "ok")
		d.work()
		answers(t, "all ended", d.administrators(carol), "")
		answers(t, "Macie in the management account at the end", d.macie(carol), notEnabled)
	})
}

// TestDelegatedAdministrator: who can designate whom, and what follows.
func TestDelegatedAdministrator(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		ctx := t.Context()
		d.must(d.enable(dave, erin))
		answers(t, "outside of any organization", d.delegate(dave, alice), denied(oursNotManagement))
		answers(t, "listing outside of any organization", d.administrators(dave), denied(oursNotManagement))
		d.organize(carol, alice, bob, dave)
		answers(t, "where Macie is not enabled, itself", d.delegate(carol, carol), notEnabled)
		answers(t, "listing where Macie is not enabled", d.administrators(carol), "")
		answers(t, "ending what has not begun there", d.undelegate(carol, alice), "ResourceNotFoundException: "+oursNotDelegated)
		answers(t, "another account, where Macie is not enabled", d.delegate(bob, alice), notEnabled)
		answers(t, "listing by another account", d.administrators(bob), notEnabled)
		answers(t, "ending by another account", d.undelegate(bob, alice), notEnabled)
		d.must(d.enable(carol))
		answers(t, "by another account of the organization", d.delegate(dave, alice), denied(oursNotManagement))
		answers(t, "what is no account", d.delegate(carol, "12"), invalid("adminAccountId: must be 12 digits"))
		answers(t, "an account outside", d.delegate(carol, erin), invalid(specNotInOrganization))
		answers(t, "an account that nobody knows", d.delegate(carol, stranger), invalid(specNotInOrganization))
		answers(t, "ending what has not begun", d.undelegate(carol, alice), "ResourceNotFoundException: "+oursNotDelegated)

		d.suspend(alice)
		answers(t, "a suspended account", d.delegate(carol, alice), invalid(oursDelegateUnavailable))
		d.resume(alice)
		d.disableRegion(alice, virginia, true)
		answers(t, "where the Region is disabled", d.delegate(carol, alice), invalid(oursDelegateUnavailable))
		d.disableRegion(alice, virginia, false)
		answers(t, "none yet", d.administrators(carol), "")

		in := &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: macie2.Ptr(string(alice)), ClientToken: macie2.Ptr("token")}
		answers(t, "an account of the organization", d.delegateWith(carol, in), "ok")
		answers(t, "the same call, sent again", d.delegateWith(carol, in), "ok")
		answers(t, "the same account", d.delegate(carol, alice), conflict(specAlreadyDelegated))
		answers(t, "another account", d.delegate(carol, bob), conflict(specAnotherDelegated+hintDeregister))
		in.AdminAccountId = macie2.Ptr(string(bob))
		answers(t, "the token with another account", d.delegateWith(carol, in),
			conflict("The request failed because its clientToken was used before, with other parameters."))
		want := string(alice) + "=ENABLED"
		answers(t, "the management account lists it", d.administrators(carol), want)
		answers(t, "it lists itself", d.administrators(alice), want)
		answers(t, "others do not", d.administrators(dave), denied(oursNotManagement))
		answers(t, "Macie is enabled in it", d.macie(alice), "ENABLED")

		o, err := d.directory.Organization(ctx, carol)
		if err != nil {
			t.Fatal(err)
		}
		trusted, err := d.directory.ServiceAccesses(ctx, o.ID)
		if err != nil || len(trusted) != 1 || trusted[0].Service != MaciePrincipal {
			t.Errorf("the organization trusts %+v, %v", trusted, err)
		}
		delegates, err := d.directory.DelegatesOf(ctx, o.ID, MaciePrincipal)
		if err != nil || len(delegates) != 1 || delegates[0].Account != alice {
			t.Errorf("its delegates are %+v, %v", delegates, err)
		}

		answers(t, "the configuration, for it", d.configuration(alice), "auto false full false")
		for _, id := range []macie2.AccountID{carol, dave, bob, erin} { // Macie is not enabled in bob
			answers(t, "the configuration, for others", d.configuration(id), denied(specNotOrganizationAdmin))
			answers(t, "changing it", d.autoEnable(id, true), denied(specNotOrganizationAdmin))
		}
		d.must(d.autoEnable(alice, true))
		answers(t, "the configuration, changed", d.configuration(alice), "auto true full false")

		answers(t, "disabling Macie in it", d.disable(alice), conflict(oursDisableWhileDelegated))
		d.invited(erin, alice)
		answers(t, "accepting an invitation", d.accept(alice, erin), invalid(oursAcceptWhileDelegated))

		// The same account in every Region.
		d.region = ireland
		d.must(d.enable(carol))
		answers(t, "another account in another Region", d.delegate(carol, bob), conflict(specAnotherDelegated+hintDeregister))
		answers(t, "the same account in another Region", d.delegate(carol, alice), "ok")
		d.must(d.undelegate(carol, alice))
		d.region = virginia
		d.must(d.undelegate(carol, alice))
		d.work()
		answers(t, "all ended", d.administrators(carol), "")
		answers(t, "another account while the first is registered", d.delegate(carol, bob), conflict(specAnotherDelegated+hintDeregister))
		if err := d.directory.DeregisterDelegate(ctx, carol, alice, MaciePrincipal, macie2.Principal{}); err != nil {
			t.Fatal(err)
		}
		answers(t, "another account, then", d.delegate(carol, bob), "ok")
		holds(t, d, DefaultQuotaMembers)
	})
}

// TestDelegationHistory: both sides know who designated whom, and who ended it.
func TestDelegationHistory(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		d.must(d.enable(carol), d.delegate(carol, alice))
		by := macie2.Principal{ARN: principalOf(carol), Account: carol}
		if err := d.directory.DeregisterDelegate(t.Context(), carol, alice, MaciePrincipal, by); err != nil {
			t.Fatal(err)
		}
		for viewer, principal := range map[macie2.AccountID]string{carol: principalOf(carol), alice: "arn:aws:iam::" + string(carol) + ":root"} {
			var got []string
			for _, e := range d.events(viewer) {
				got = append(got, fmt.Sprintf("%s %s of %s by %s", e.Event, e.AdministratorAccountID, e.AccountID, e.Principal))
			}
			want := []string{fmt.Sprintf("AdministratorDelegated %s of %s by %s", alice, carol, principal),
				fmt.Sprintf("DelegationEnded %s of %s by %s", alice, carol, principal)}
			if !slices.Equal(got, want) {
				t.Errorf("%s sees %q, want %q", viewer, got, want)
			}
		}
	})
}

// TestTwoOrganizations: organizations, other services of theirs, and Regions do not affect each
// other.
func TestTwoOrganizations(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		ctx := t.Context()
		d.organize(carol, alice, bob)
		d.organize(erin, dave)
		d.must(d.enable(carol, erin), d.delegate(carol, alice), d.delegate(erin, dave), d.add(alice, bob))
		answers(t, "one lists its own", d.administrators(carol), string(alice)+"=ENABLED")
		answers(t, "the other too", d.administrators(erin), string(dave)+"=ENABLED")
		answers(t, "ending the other's", d.undelegate(erin, alice), "ResourceNotFoundException: "+oursNotDelegated)
		answers(t, "adding the other's account", d.add(dave, bob), "ok") // by invitation
		answers(t, "which it is to be", d.status(dave, bob), stCreated)
		d.must(d.autoEnable(dave, true))
		late := d.crowd(1)
		d.join(carol, late...)
		d.work()
		answers(t, "joining the one, while the other enables", d.macie(late[0]), notEnabled)

		const config = identity.ServicePrincipal("config.amazonaws.com")
		if err := errors.Join(d.directory.EnableServiceAccess(ctx, carol, config, d.clock.now()),
			d.directory.RegisterDelegate(ctx, carol, alice, config, d.clock.now()),
			d.directory.DisableServiceAccess(ctx, carol, config, macie2.Principal{})); err != nil {
			t.Fatal(err)
		}
		d.work()
		answers(t, "the end of another service's delegation", d.administrators(carol), string(alice)+"=ENABLED")

		d.region = ireland
		d.must(d.enable(carol), d.delegate(carol, alice), d.add(alice, bob), d.undelegate(carol, alice))
		d.work()
		answers(t, "the end in another Region", d.administrator(bob), noAdministrator)
		d.region = virginia
		answers(t, "does not affect this one", d.administrator(bob)+" "+d.administrators(carol), string(alice)+" Enabled "+string(alice)+"=ENABLED")
		holds(t, d, DefaultQuotaMembers)
	})
}

// TestManagementIsDistrusted: the management account needs no registration to be the administrator,
// and is it no longer when the organization does not trust Macie any more.
func TestManagementIsDistrusted(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, bob)
		d.must(d.enable(carol), d.delegate(carol, carol), d.add(carol, bob))
		if err := d.directory.DisableServiceAccess(t.Context(), carol, MaciePrincipal, macie2.Principal{}); err != nil {
			t.Fatal(err)
		}
		d.work()
		answers(t, "the member", d.administrator(bob), noAdministrator)
		answers(t, "the administrators", d.administrators(carol), "")
	})
}

// TestReleaseGoesOn: a release that was given up begins anew with the next call that asks for it.
func TestReleaseGoesOn(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		d.must(d.enable(carol), d.delegate(carol, alice), d.add(alice, bob), d.undelegate(carol, alice))
		d.sql("update task set state = 'failed' where kind = $1", kindRelease)
		d.work()
		answers(t, "given up", d.administrators(carol), string(alice)+"=DISABLING_IN_PROGRESS")
		answers(t, "asked for again", d.undelegate(carol, alice), "ok")
		d.work()
		answers(t, "gone on", d.administrators(carol)+d.administrator(bob), noAdministrator)
	})
}

// TestDelegateMembers: an account cannot be an administrator and a member at once, whichever comes
// first.
func TestDelegateMembers(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		d.members(erin, alice, carol)
		answers(t, "by a management account that is a member", d.delegate(carol, alice), invalid(oursManagementIsMember))
		d.must(d.resignFrom(carol))
		answers(t, "a member", d.delegate(carol, alice), invalid(oursDelegateIsMember))
		d.must(d.resignFrom(alice), d.session(alice, macie2.MacieStatusPaused))
		answers(t, "one that was a member", d.delegate(carol, alice), "ok")
		answers(t, "it was paused", d.macie(alice), "ENABLED")
		answers(t, "accepting its standing invitation", d.accept(alice, erin), invalid(oursAcceptWhileDelegated))
	})
}

// TestManagementDelegates: the management account can be the delegated administrator itself, and
// acts for its organization without being registered.
func TestManagementDelegates(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, bob)
		d.must(d.enable(carol), d.delegate(carol, carol), d.add(carol, bob))
		answers(t, "the administrator", d.administrators(carol), string(carol)+"=ENABLED")
		answers(t, "its member", d.administrator(bob), string(carol)+" Enabled")
		if err := d.directory.DeleteOrganization(t.Context(), carol); err == nil {
			t.Error("the organization was deleted with its accounts")
		}
		answers(t, "the member leaves", d.leave(carol, bob), "ok")
		answers(t, "the member, then", d.administrator(bob), noAdministrator)
		err := d.directory.DeleteOrganization(t.Context(), carol)
		if err == nil || !strings.Contains(err.Error(), "delegated administrator of Macie") {
			t.Errorf("deleting the organization under its delegated administrator: %v", err)
		}
		d.must(d.undelegate(carol, carol))
		d.work()
		if err := d.directory.DeleteOrganization(t.Context(), carol); err != nil {
			t.Error(err)
		}
	})
}

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

// TestOverrides: an account that is suspended, a Region that is disabled for it, and both, in every
// order.
func TestOverrides(t *testing.T) {
	const disabled = string(macie2.RelationshipStatusRegionDisabled)
	suspend := func(d *deployment) { d.suspend(bob) }
	resume := func(d *deployment) { d.resume(bob) }
	off := func(d *deployment) { d.disableRegion(bob, d.region, true) }
	on := func(d *deployment) { d.disableRegion(bob, d.region, false) }
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		reach := map[string]func(){
			"through the organization": func() { d.must(d.delegate(carol, alice), d.add(alice, bob)) },
			"by invitation":            func() { d.members(alice, bob) },
			"removed":                  func() { d.must(d.delegate(carol, alice), d.add(alice, bob), d.disassociate(alice, bob)) },
			"invited":                  func() { d.invited(alice, bob) },
		}
		n := 0
		for what, reach := range reach {
			for _, c := range []struct {
				steps []func(*deployment)
				want  []string
			}{
				{[]func(*deployment){off, on}, []string{disabled, ""}},
				{[]func(*deployment){off, suspend, resume, on}, []string{disabled, stSuspended, disabled, ""}},
				{[]func(*deployment){off, suspend, on, resume}, []string{disabled, stSuspended, stSuspended, ""}},
				{[]func(*deployment){suspend, off, resume, on}, []string{stSuspended, stSuspended, disabled, ""}},
				{[]func(*deployment){suspend, off, on, resume}, []string{stSuspended, stSuspended, stSuspended, ""}},
			} {
				d.region = fmt.Sprintf("us-test-%d", n)
				n++
				d.must(d.enable(alice, bob, carol))
				reach()
				was := d.status(alice, bob)
				for i, step := range c.steps {
					step(d)
					want := c.want[i]
					if want == "" {
						want = was
					}
					answers(t, fmt.Sprintf("%s, step %d", what, i), d.status(alice, bob), want)
					if want != was {
						answers(t, "it is no member meanwhile", d.listed("true"), "")
						answers(t, "pausing it", d.memberSession(alice, bob, macie2.MacieStatusPaused), invalid(specNotAMember))
					}
				}
				holds(t, d, DefaultQuotaMembers)
			}
		}
	})
}

// TestOverrideHistory: each override that comes and goes is told, also where it does not change
// what the record reads in the end.
func TestOverrideHistory(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		before := len(d.events(alice))
		d.suspend(bob)
		d.disableRegion(bob, virginia, true) // which a suspended account does not show
		d.resume(bob)
		d.suspend(bob)
		d.resume(bob)
		d.disableRegion(bob, virginia, false)
		var got []string
		for _, e := range d.events(alice)[before:] {
			got = append(got, string(e.Event)+":"+e.ToStatus)
		}
		want := "AccountSuspended:AccountSuspended AccountResumed:RegionDisabled AccountSuspended:AccountSuspended AccountResumed:RegionDisabled RegionEnabled:Enabled"
		if strings.Join(got, " ") != want {
			t.Errorf("the history is %s, want %s", strings.Join(got, " "), want)
		}
	})
}

// TestRegionDisabledWhileInvited: CreateInvitations says that the Region is disabled, and so does
// the record; a verification waits.
func TestRegionDisabledWhileInvited(t *testing.T) {
	const disabled = string(macie2.RelationshipStatusRegionDisabled)
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob, carol), d.add(alice, bob), d.add(alice, carol))
		d.disableRegion(bob, virginia, true)
		answers(t, "its record", d.status(alice, bob), disabled)
		answers(t, "inviting it", d.invite(alice, bob), refused(bob, textRegionDisabled))
		d.disableRegion(bob, virginia, false)
		answers(t, "inviting it, then", d.invite(alice, bob), "ok")
		d.disableRegion(bob, virginia, true)
		d.work()
		answers(t, "in verification", d.status(alice, bob), disabled)
		d.disableRegion(bob, virginia, false)
		d.work()
		d.sees(alice, bob, stInvited, stInvited)

		// Behind the back of the membership.
		d.sql("update account set disabled_regions = 'us-east-1' where id = $1", string(carol))
		answers(t, "inviting it", d.invite(alice, carol), refused(carol, textRegionDisabled))
		answers(t, "its record", d.status(alice, carol), disabled)
		d.sql("update account set disabled_regions = '' where id = $1", string(carol))
		answers(t, "inviting it, then", d.invite(alice, carol), "ok")
	})
}

// TestAdministratorWithoutRegion: disabling the Region for an administrator does not affect its
// members.
func TestAdministratorWithoutRegion(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.disableRegion(alice, virginia, true)
		d.sees(alice, bob, stEnabled, stEnabled)
		d.disableRegion(alice, virginia, false)
		d.sees(alice, bob, stEnabled, stEnabled)
	})
}

// TestOrganizationConstraints asks the database itself for what must never be in an organization.
func TestOrganizationConstraints(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob, dave)
		d.must(d.enable(carol, dave), d.delegate(carol, alice), d.add(alice, bob))
		d.organize(erin)
		own, err := d.directory.Organization(t.Context(), carol)
		if err != nil {
			t.Fatal(err)
		}
		const delegation = `insert into organization_administrator (region, organization_id, administrator_id, status, created_at, updated_at)
			values ('us-east-1', $1, $2, 'ENABLED', 0, 0)`
		const member = `insert into member (region, administrator_id, account_id, organization_id, status, created_at, updated_at) values
			('us-east-1', $1, $2, $3, 'Enabled', 0, 0)`
		org := string(own.ID)
		for _, c := range []struct {
			what string
			want error
			sql  string
			args []any
		}{
			{"a second delegated administrator", store.ErrExists, delegation, []any{org, string(carol)}},
			{"one from outside", store.ErrForeignKey, strings.Replace(delegation, "'ENABLED'", "'DISABLING_IN_PROGRESS'", 1), []any{org, string(erin)}},
			{"a delegated administrator that is a member", store.ErrForeignKey, `update macie_session set standing = $1 where account_id = $2`,
				[]any{"Member", string(alice)}},
			{"a delegated administrator without a session", store.ErrForeignKey, `delete from macie_session where account_id = $1`, []any{string(alice)}},
			{"a delegated administrator that leaves", store.ErrForeignKey, `delete from organization_account where account_id = $1`, []any{string(alice)}},
			{"a member that leaves", store.ErrForeignKey, `delete from organization_account where account_id = $1`, []any{string(bob)}},
			{"a member without the delegation", store.ErrForeignKey, `delete from organization_administrator where administrator_id = $1`, []any{string(alice)}},
			{"a member through no delegation", store.ErrForeignKey, member, []any{string(dave), string(carol), org}},
			{"a member with an address", store.ErrCheck, `update member set email = $1`, []any{"bob@example.com"}},
			{"an invited member", store.ErrCheck, `update member set status = $1`, []any{"Invited"}},
			{"fewer members than none", store.ErrCheck, `update macie_session set organization_counted = $1`, []any{-1}},
		} {
			err := d.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), c.sql, c.args...)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.what, err, c.want)
			}
		}
		holds(t, d, DefaultQuotaMembers)
	})
}

// TestOrganizationPages: the list of delegated administrators has pages, of those that are on their
// way out.
func TestOrganizationPages(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob, dave)
		d.must(d.enable(carol))
		for _, id := range []macie2.AccountID{alice, bob, dave} {
			d.must(d.delegate(carol, id), d.undelegate(carol, id))
			if err := d.directory.DeregisterDelegate(t.Context(), carol, id, MaciePrincipal, macie2.Principal{}); err != nil {
				t.Fatal(err)
			}
		}
		var ids []string
		in := &macie2.ListOrganizationAdminAccountsInput{MaxResults: macie2.Ptr(int32(1))}
		for {
			out, err := d.ListOrganizationAdminAccounts(t.Context(), d.call(carol), in)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, *out.AdminAccounts[0].AccountId)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if want := []string{string(alice), string(dave), string(bob)}; !slices.Equal(slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(want))) {
			t.Errorf("listed %v", ids)
		}
		// One of them sees all pages as well.
		for _, id := range ids {
			in.NextToken = nil
			for range ids {
				out, err := d.ListOrganizationAdminAccounts(t.Context(), d.call(macie2.AccountID(id)), in)
				if err != nil {
					t.Fatal(err)
				}
				in.NextToken = out.NextToken
			}
		}
		in.NextToken = macie2.Ptr("nonsense")
		_, err := d.ListOrganizationAdminAccounts(t.Context(), d.call(carol), in)
		answers(t, "a token that is none", answer(err), invalid(textInvalidPageToken))
	})
}
