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
