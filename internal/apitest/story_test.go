package apitest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// The whole story: enabled, added, invited, told by mail, accepted, seen by both sides, paused, resumed, resigned, accepted again,
// removed, invited again, declined, gone.
func TestStory(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()

		_, err := c.admin.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantError[*types.AccessDeniedException](t, err, 403, "Macie is not enabled")
		c.enable(c.admin)
		_, err = c.admin.EnableMacie(ctx, &macie2.EnableMacieInput{})
		wantError[*types.ConflictException](t, err, 409, "Macie has already been enabled")
		session, err := c.admin.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		if err != nil {
			t.Fatal(err)
		}
		if session.Status != types.MacieStatusEnabled || session.CreatedAt == nil || session.UpdatedAt == nil ||
			session.FindingPublishingFrequency != types.FindingPublishingFrequencyFifteenMinutes ||
			aws.ToString(session.ServiceRole) != "arn:aws:iam::"+adminID+":role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie" {
			t.Errorf("the session is %+v", session)
		}

		added := c.add(c.admin, memberID)
		if added != "arn:aws:macie2:"+region+":"+adminID+":member/"+memberID {
			t.Errorf("the member's ARN is %s", added)
		}
		created := c.memberOf(c.admin, memberID)
		if created.RelationshipStatus != types.RelationshipStatusCreated || created.InvitedAt != nil ||
			aws.ToString(created.Email) != address(memberID) || aws.ToString(created.Arn) != added ||
			aws.ToString(created.AdministratorAccountId) != adminID || aws.ToString(created.MasterAccountId) != adminID {
			t.Errorf("what was added reads %+v", created)
		}

		// Nobody has Macie enabled on the other side yet: it can be invited all the same.
		c.invite(c.admin, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		_, err = c.member.ListInvitations(ctx, &macie2.ListInvitationsInput{})
		wantError[*types.AccessDeniedException](t, err, 403, "Macie is not enabled")
		c.enable(c.member)
		received := c.received(c.member)
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(aws.ToString(received.InvitationId)) ||
			aws.ToString(received.AccountId) != adminID || received.RelationshipStatus != types.RelationshipStatusInvited || received.InvitedAt == nil {
			t.Errorf("what was received reads %+v", received)
		}
		c.wantCount(c.member, 1)
		mail := h.readMail(*received.InvitationId)
		for _, part := range []string{"To: <" + address(memberID) + ">", *received.InvitationId, adminID, memberID, region, "Please join us.", c.url} {
			if !strings.Contains(mail, part) {
				t.Errorf("the mail does not say %q:\n%s", part, mail)
			}
		}

		c.accept(c.member, received)
		c.await(c.admin, memberID, types.RelationshipStatusEnabled)
		c.wantCount(c.member, 0)
		for what, administrator := range c.administrators(c.member) {
			if administrator == nil || aws.ToString(administrator.AccountId) != adminID || administrator.InvitedAt == nil ||
				aws.ToString(administrator.InvitationId) != *received.InvitationId || administrator.RelationshipStatus != types.RelationshipStatusEnabled {
				t.Errorf("%s reads %+v", what, administrator)
			}
		}
		_, err = c.admin.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: aws.String(memberID)})
		wantError[*types.ValidationException](t, err, 400,
			"The request is rejected because the current account cannot delete the given member account ID since it is still associated to it.")
		_, err = c.member.DisableMacie(ctx, &macie2.DisableMacieInput{})
		wantError[*types.ConflictException](t, err, 409, "Cannot disable Macie while associated with an administrator account")

		must(t)(c.admin.UpdateMemberSession(ctx, &macie2.UpdateMemberSessionInput{Id: aws.String(memberID), Status: types.MacieStatusPaused}))
		c.await(c.admin, memberID, types.RelationshipStatusPaused)
		_, err = c.admin.UpdateMemberSession(ctx, &macie2.UpdateMemberSessionInput{Id: aws.String(memberID), Status: types.MacieStatusEnabled})
		wantError[*types.ValidationException](t, err, 400, "The request is rejected because Macie was suspended for the given member account ID"+
			" and only that account can enable it again, since it joined by invitation.")
		must(t)(c.member.UpdateMacieSession(ctx, &macie2.UpdateMacieSessionInput{Status: types.MacieStatusEnabled}))
		c.await(c.admin, memberID, types.RelationshipStatusEnabled)

		must(t)(c.member.DisassociateFromAdministratorAccount(ctx, &macie2.DisassociateFromAdministratorAccountInput{}))
		c.await(c.admin, memberID, types.RelationshipStatusResigned)
		_, err = c.member.GetAdministratorAccount(ctx, &macie2.GetAdministratorAccountInput{})
		wantError[*types.ResourceNotFoundException](t, err, 404, "The request failed because this account does not have a master")
		c.accept(c.member, received) // the standing invitation
		c.await(c.admin, memberID, types.RelationshipStatusEnabled)

		must(t)(c.admin.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: aws.String(memberID)}))
		c.await(c.admin, memberID, types.RelationshipStatusRemoved)
		_, err = c.member.AcceptInvitation(ctx, &macie2.AcceptInvitationInput{AdministratorAccountId: aws.String(adminID), InvitationId: received.InvitationId})
		wantError[*types.ValidationException](t, err, 400, "The request is rejected because the current account has no pending invitation"+
			" from the given master account ID or is already an associated member of another master account.")

		c.invite(c.admin, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		again := c.received(c.member)
		if *again.InvitationId == *received.InvitationId {
			t.Error("the second invitation has the id of the first")
		}
		declined, err := c.member.DeclineInvitations(ctx, &macie2.DeclineInvitationsInput{AccountIds: []string{adminID}})
		if err != nil || len(declined.UnprocessedAccounts) != 0 {
			t.Fatalf("declining: %+v, %v", declined, err)
		}
		_, err = c.admin.GetMember(ctx, &macie2.GetMemberInput{Id: aws.String(memberID)})
		wantError[*types.ValidationException](t, err, 400, "The request failed because the specified account is not associated with your account.")
		if got := c.received(c.member); got.RelationshipStatus != types.RelationshipStatusResigned {
			t.Errorf("a declined invitation reads %+v", got)
		}
		deleted, err := c.member.DeleteInvitations(ctx, &macie2.DeleteInvitationsInput{AccountIds: []string{adminID}})
		if err != nil || len(deleted.UnprocessedAccounts) != 0 {
			t.Fatalf("deleting the invitation: %+v, %v", deleted, err)
		}
		for _, x := range []*macie2.Client{c.member, c.admin} {
			must(t)(x.DisableMacie(ctx, &macie2.DisableMacieInput{}))
			_, err = x.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
			wantError[*types.AccessDeniedException](t, err, 403, "Macie is not enabled")
		}
	})
}

// Each Region is a world of its own.
func TestRegionsAreSeparate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		const turned = "us-gov-west-1" // of another partition, which a server does not serve unless it is told to
		h.config.Regions = []string{region, otherRegion, turned}
		c := h.play()
		there := c.in(otherRegion, adminID)
		c.enable(c.admin, there, c.member)
		c.add(c.admin, memberID)
		c.add(there, memberID)
		c.invite(c.admin, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		if got := c.memberOf(there, memberID).RelationshipStatus; got != types.RelationshipStatusCreated {
			t.Errorf("an invitation in %s made it %s in %s", region, got, otherRegion)
		}
		_, err := c.in(otherRegion, memberID).ListInvitations(ctx, &macie2.ListInvitationsInput{})
		wantError[*types.AccessDeniedException](t, err, 403, "Macie is not enabled")

		// The same two accounts, the other way round, elsewhere.
		c.enable(c.in(turned, memberID), c.in(turned, adminID))
		c.add(c.in(turned, memberID), adminID)
		c.invite(c.in(turned, memberID), adminID)
		c.await(c.in(turned, memberID), adminID, types.RelationshipStatusInvited)
		c.accept(c.in(turned, adminID), c.received(c.in(turned, adminID)))
		c.accept(c.member, c.received(c.member))
		if got := c.memberOf(c.in(turned, memberID), adminID); !strings.Contains(aws.ToString(got.Arn), ":macie2:"+turned+":") {
			t.Errorf("a member's ARN there is %s", aws.ToString(got.Arn))
		}
	})
}

// add adds an account with its right address to an inventory, and returns the ARN.
func (c *cast) add(as *macie2.Client, id string) string {
	c.t.Helper()
	out, err := as.CreateMember(c.t.Context(), &macie2.CreateMemberInput{
		Account: &types.AccountDetail{AccountId: aws.String(id), Email: aws.String(address(id))}})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.Arn
}

// invite invites accounts that can be invited.
func (c *cast) invite(as *macie2.Client, ids ...string) {
	c.t.Helper()
	out, err := as.CreateInvitations(c.t.Context(), &macie2.CreateInvitationsInput{AccountIds: ids, Message: aws.String("Please join us.")})
	if err != nil {
		c.t.Fatal(err)
	}
	if out.UnprocessedAccounts == nil || len(out.UnprocessedAccounts) != 0 {
		c.t.Fatalf("not invited: %+v", out.UnprocessedAccounts)
	}
}

func (c *cast) memberOf(as *macie2.Client, id string) *macie2.GetMemberOutput {
	c.t.Helper()
	out, err := as.GetMember(c.t.Context(), &macie2.GetMemberInput{Id: aws.String(id)})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// await waits until the administrator sees a status.
func (c *cast) await(as *macie2.Client, id string, want types.RelationshipStatus) {
	c.t.Helper()
	eventually(c.t, id+" is "+string(want), func() bool { return c.memberOf(as, id).RelationshipStatus == want })
}

// received is the one invitation that an account has.
func (c *cast) received(as *macie2.Client) types.Invitation {
	c.t.Helper()
	out, err := as.ListInvitations(c.t.Context(), &macie2.ListInvitationsInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(out.Invitations) != 1 || out.NextToken != nil {
		c.t.Fatalf("received %+v, want one invitation", out)
	}
	return out.Invitations[0]
}

func (c *cast) accept(as *macie2.Client, i types.Invitation) {
	c.t.Helper()
	must(c.t)(as.AcceptInvitation(c.t.Context(), &macie2.AcceptInvitationInput{AdministratorAccountId: i.AccountId, InvitationId: i.InvitationId}))
}

func (c *cast) wantCount(as *macie2.Client, want int64) {
	c.t.Helper()
	out, err := as.GetInvitationsCount(c.t.Context(), &macie2.GetInvitationsCountInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	if out.InvitationsCount == nil || *out.InvitationsCount != want {
		c.t.Errorf("the count of invitations is %+v, want %d", out.InvitationsCount, want)
	}
}

// administrators asks for the administrator by both names.
func (c *cast) administrators(as *macie2.Client) map[string]*types.Invitation {
	c.t.Helper()
	a, err := as.GetAdministratorAccount(c.t.Context(), &macie2.GetAdministratorAccountInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	m, err := as.GetMasterAccount(c.t.Context(), &macie2.GetMasterAccountInput{}) //nolint:staticcheck // clients still call it
	if err != nil {
		c.t.Fatal(err)
	}
	return map[string]*types.Invitation{"administrator": a.Administrator, "master": m.Master}
}
