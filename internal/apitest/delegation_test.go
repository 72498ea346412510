package apitest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	contract "magpie/internal/macie2"
)

// found makes an organization that the rival's account manages, of some accounts.
func (c *cast) found(ids ...string) {
	c.t.Helper()
	if _, err := c.ids.CreateOrganization(c.t.Context(), rivalID, time.Now()); err != nil {
		c.t.Fatal(err)
	}
	c.join(ids...)
}

func (c *cast) join(ids ...string) {
	c.t.Helper()
	list := make([]contract.AccountID, len(ids))
	for i, id := range ids {
		list[i] = contract.AccountID(id)
	}
	if _, err := c.ids.AddToOrganization(c.t.Context(), rivalID, list, time.Now()); err != nil {
		c.t.Fatal(err)
	}
}

// administratorsOf lists the delegated administrators, as "account=STATUS".
func (c *cast) administratorsOf(as *macie2.Client) []string {
	c.t.Helper()
	var list []string
	for pages := macie2.NewListOrganizationAdminAccountsPaginator(as, &macie2.ListOrganizationAdminAccountsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, a := range page.AdminAccounts {
			list = append(list, aws.ToString(a.AccountId)+"="+string(a.Status))
		}
	}
	return list
}

// TestOrganization: a management account designates an administrator, which takes members, pauses and resumes them, and lets those that
// join become members by themselves; what the members see; and the end of it.
func TestOrganization(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.found(adminID, memberID)
		management := c.rival

		_, err := management.EnableOrganizationAdminAccount(ctx, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(rivalID)})
		wantError[*types.AccessDeniedException](t, err, 403, "Macie is not enabled")
		c.enable(management)
		_, err = management.EnableOrganizationAdminAccount(ctx, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(secondID)})
		wantError[*types.ValidationException](t, err, 400, "The account is not a member in the AWS Organization")
		must(t)(management.EnableOrganizationAdminAccount(ctx, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(adminID)}))
		if got := c.administratorsOf(management); !slices.Equal(got, []string{adminID + "=ENABLED"}) {
			t.Errorf("the administrators are %v at once", got)
		}
		_, err = management.EnableOrganizationAdminAccount(ctx, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(adminID)})
		wantError[*types.ConflictException](t, err, 409,
			"The request failed because there's already a delegated Macie administrator account for your organization")
		if s, err := c.admin.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}); err != nil || s.Status != types.MacieStatusEnabled {
			t.Errorf("the administrator's session is %+v, %v", s, err)
		}
		_, err = c.member.DescribeOrganizationConfiguration(ctx, &macie2.DescribeOrganizationConfigurationInput{})
		wantError[*types.AccessDeniedException](t, err, 403,
			"The request failed because you must be the Macie administrator for an organization to perform this operation")

		c.add(c.admin, memberID)
		m := c.memberOf(c.admin, memberID)
		if m.RelationshipStatus != types.RelationshipStatusEnabled || m.Email != nil || m.InvitedAt != nil {
			t.Errorf("the member reads %+v", m)
		}
		for name, a := range c.administrators(c.member) {
			if aws.ToString(a.AccountId) != adminID || a.InvitationId != nil || a.InvitedAt != nil || a.RelationshipStatus != types.RelationshipStatusEnabled {
				t.Errorf("the member's %s reads %+v", name, a)
			}
		}
		_, err = c.member.DisassociateFromAdministratorAccount(ctx, &macie2.DisassociateFromAdministratorAccountInput{})
		var denied *types.AccessDeniedException
		if !errors.As(err, &denied) {
			t.Errorf("the member leaves: %v", err)
		}
		for _, status := range []types.MacieStatus{types.MacieStatusPaused, types.MacieStatusEnabled} {
			must(t)(c.admin.UpdateMemberSession(ctx, &macie2.UpdateMemberSessionInput{Id: aws.String(memberID), Status: status}))
			if s, err := c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}); err != nil || s.Status != status {
				t.Errorf("the member's session is %+v, %v", s, err)
			}
		}

		must(t)(c.admin.UpdateOrganizationConfiguration(ctx, &macie2.UpdateOrganizationConfigurationInput{AutoEnable: aws.Bool(true)}))
		configuration, err := c.admin.DescribeOrganizationConfiguration(ctx, &macie2.DescribeOrganizationConfigurationInput{})
		if err != nil || !aws.ToBool(configuration.AutoEnable) || configuration.MaxAccountLimitReached == nil || *configuration.MaxAccountLimitReached {
			t.Errorf("the configuration is %+v, %v", configuration, err)
		}
		c.join(secondID)
		eventually(t, "the account that joined is a member", func() bool {
			_, err := c.second.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
			return err == nil
		})
		if got := c.memberOf(c.admin, secondID).RelationshipStatus; got != types.RelationshipStatusEnabled {
			t.Errorf("the account that joined reads %s", got)
		}

		// A Region that is disabled for an account: it cannot call there, and the administrator sees why.
		if _, err := c.ids.SetRegion(ctx, secondID, region, false, time.Now()); err != nil {
			t.Fatal(err)
		}
		_, err = c.second.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "OptInRequired")
		c.await(c.admin, secondID, types.RelationshipStatusRegionDisabled)
		c.enable(c.in(otherRegion, secondID))
		if _, err := c.ids.SetRegion(ctx, secondID, region, true, time.Now()); err != nil {
			t.Fatal(err)
		}
		c.await(c.admin, secondID, types.RelationshipStatusEnabled)

		must(t)(management.DisableOrganizationAdminAccount(ctx, &macie2.DisableOrganizationAdminAccountInput{AdminAccountId: aws.String(adminID)}))
		eventually(t, "the designation has ended", func() bool { return len(c.administratorsOf(management)) == 0 })
		for _, id := range []string{memberID, secondID} {
			if got := c.memberOf(c.admin, id).RelationshipStatus; got != types.RelationshipStatusRemoved {
				t.Errorf("%s reads %s when the designation has ended", id, got)
			}
		}
		_, err = c.member.GetAdministratorAccount(ctx, &macie2.GetAdministratorAccountInput{})
		wantError[*types.ResourceNotFoundException](t, err, 404, "The request failed because this account does not have a master")
		for _, client := range []*macie2.Client{c.member, c.second, management} {
			must(t)(client.DisableMacie(ctx, &macie2.DisableMacieInput{}))
		}
	})
}

// TestLandingZone: the calls of AWS's landing-zone tools, in their order, each in two Regions: they enable Macie in the management
// account, designate, list all records, delete those that were removed, add every account, and let those that join be members; and they
// tear it down again.
func TestLandingZone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.found(adminID, memberID, secondID)
		for _, region := range []string{region, otherRegion} {
			management, audit := c.in(region, rivalID), c.in(region, adminID)
			for round := range 2 { // a pipeline runs again and again
				_, err := management.EnableMacie(ctx, &macie2.EnableMacieInput{})
				var already *types.ConflictException
				if err != nil && !errors.As(err, &already) {
					t.Fatal(err)
				}
				if !slices.Contains(c.administratorsOf(management), adminID+"=ENABLED") {
					must(t)(management.EnableOrganizationAdminAccount(ctx, &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(adminID)}))
				}
				must(t)(audit.UpdateMacieSession(ctx, &macie2.UpdateMacieSessionInput{Status: types.MacieStatusEnabled,
					FindingPublishingFrequency: types.FindingPublishingFrequencyOneHour}))
				if round == 1 { // somebody has removed an account by hand
					must(t)(audit.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: aws.String(secondID)}))
				}
				known := c.inventory(audit)
				for _, id := range []string{rivalID, memberID, secondID} {
					if known[id] == types.RelationshipStatusRemoved {
						must(t)(audit.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: aws.String(id)}))
						delete(known, id)
					}
					if known[id] == "" {
						c.add(audit, id)
					}
				}
				must(t)(audit.UpdateOrganizationConfiguration(ctx, &macie2.UpdateOrganizationConfigurationInput{AutoEnable: aws.Bool(true)}))
				for id, status := range c.inventory(audit) {
					if status != types.RelationshipStatusEnabled {
						t.Errorf("%s reads %s", id, status)
					}
				}
			}
		}
		// The security reference architecture's order: the designation first, then at once every record that is listed, then the session.
		for _, region := range []string{region, otherRegion} {
			management, audit := c.in(region, rivalID), c.in(region, adminID)
			for _, a := range c.administratorsOf(management) {
				if a == adminID+"=ENABLED" {
					must(t)(management.DisableOrganizationAdminAccount(ctx, &macie2.DisableOrganizationAdminAccountInput{AdminAccountId: aws.String(adminID)}))
				}
			}
			for id := range c.inventory(audit) {
				must(t)(audit.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: aws.String(id)}))
				must(t)(audit.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: aws.String(id)}))
			}
			must(t)(audit.DisableMacie(ctx, &macie2.DisableMacieInput{}))
			for _, id := range []string{memberID, secondID} {
				must(t)(c.in(region, id).DisableMacie(ctx, &macie2.DisableMacieInput{}))
			}
			eventually(t, "the designation has ended", func() bool { return len(c.administratorsOf(management)) == 0 })
			must(t)(management.DisableMacie(ctx, &macie2.DisableMacieInput{}))
		}
	})
}

// inventory is the status of every record of an administrator.
func (c *cast) inventory(as *macie2.Client) map[string]types.RelationshipStatus {
	c.t.Helper()
	all := make(map[string]types.RelationshipStatus)
	for pages := macie2.NewListMembersPaginator(as, &macie2.ListMembersInput{OnlyAssociated: aws.String("false")}); pages.HasMorePages(); {
		page, err := pages.NextPage(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, m := range page.Members {
			all[aws.ToString(m.AccountId)] = m.RelationshipStatus
		}
	}
	return all
}
