package membership

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/session"
	"magpie/internal/store"
)

func TestEnableMacie(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		call := d.call(alice)
		if _, err := d.EnableMacie(t.Context(), call, &macie2.EnableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		got, err := d.GetMacieSession(t.Context(), d.call(alice), &macie2.GetMacieSessionInput{})
		if err != nil {
			t.Fatal(err)
		}
		if *got.Status != macie2.MacieStatusEnabled || *got.FindingPublishingFrequency != macie2.FindingPublishingFrequencyFifteenMinutes {
			t.Errorf("the defaults are %s and %s", *got.Status, *got.FindingPublishingFrequency)
		}
		if !got.CreatedAt.Equal(call.Now) || !got.UpdatedAt.Equal(call.Now) {
			t.Errorf("created at %v and updated at %v, want the time of the call, %v", got.CreatedAt, got.UpdatedAt, call.Now)
		}
		if want := "arn:aws:iam::111122223333:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"; *got.ServiceRole != want {
			t.Errorf("the service role is %s, want %s", *got.ServiceRole, want)
		}
		answers(t, "again", d.enable(alice), conflict(specAlreadyEnabled))

		// Every Region and every account has a session of its own, with the settings that it asks
		// for.
		d.region = "cn-north-1"
		answers(t, "another Region before it is enabled", d.disable(alice), "AccessDeniedException: "+specNotEnabled)
		_, err = d.EnableMacie(t.Context(), d.call(alice), &macie2.EnableMacieInput{Status: macie2.Ptr(macie2.MacieStatusPaused),
			FindingPublishingFrequency: macie2.Ptr(macie2.FindingPublishingFrequencySixHours)})
		answers(t, "another Region", answer(err), "ok")
		got, err = d.GetMacieSession(t.Context(), d.call(alice), &macie2.GetMacieSessionInput{})
		if err != nil {
			t.Fatal(err)
		}
		if *got.Status != macie2.MacieStatusPaused || *got.FindingPublishingFrequency != macie2.FindingPublishingFrequencySixHours {
			t.Errorf("the settings are %s and %s", *got.Status, *got.FindingPublishingFrequency)
		}
		if !strings.HasPrefix(*got.ServiceRole, "arn:aws-cn:iam::") {
			t.Errorf("the service role in China is %s", *got.ServiceRole)
		}
		answers(t, "another account", d.enable(bob), "ok")
	})
}

// TestEnableMacieClientToken: a client that has not heard the answer asks again, with the same
// token.
func TestEnableMacieClientToken(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		enable := func(account macie2.AccountID, token string, status macie2.MacieStatus) string {
			_, err := d.EnableMacie(t.Context(), d.call(account), &macie2.EnableMacieInput{ClientToken: &token, Status: &status})
			return answer(err)
		}
		on, off := macie2.MacieStatusEnabled, macie2.MacieStatusPaused
		answers(t, "a first call", enable(alice, "token-1", on), "ok")
		answers(t, "its retry", enable(alice, "token-1", on), "ok")
		answers(t, "its token with other parameters", enable(alice, "token-1", off),
			conflict("The request failed because its clientToken was used before, with other parameters."))
		answers(t, "another token", enable(alice, "token-2", on), conflict(specAlreadyEnabled))
		answers(t, "no token", enable(alice, "", on), conflict(specAlreadyEnabled))
		answers(t, "another account's token", enable(bob, "token-1", off), "ok")
		answers(t, "that account's retry", enable(bob, "token-1", off), "ok")

		d.must(d.disable(alice))
		answers(t, "the token of a session that ended", enable(alice, "token-1", off), "ok")
		answers(t, "the retry of that", enable(alice, "token-1", off), "ok")
		d.clock.advance(25 * time.Hour)
		answers(t, "a retry a day later", enable(alice, "token-1", off), conflict(specAlreadyEnabled))

		long := strings.Repeat("x", 257)
		answers(t, "a token that is too long", enable(carol, long, on), invalid("clientToken: it must have at most 256 bytes"))
		answers(t, "which enabled nothing", d.disable(carol), "AccessDeniedException: "+specNotEnabled)
	})
}

// TestNotEnabled: without a session every operation but EnableMacie gets the same text, to which
// clients compare the whole of it.
func TestNotEnabled(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		ctx, id := t.Context(), macie2.Ptr(string(bob))
		for name, do := range map[string]func(call *macie2.Call) error{
			"GetMacieSession": func(c *macie2.Call) error {
				_, err := d.GetMacieSession(ctx, c, &macie2.GetMacieSessionInput{})
				return err
			},
			"UpdateMacieSession": func(c *macie2.Call) error {
				_, err := d.UpdateMacieSession(ctx, c, &macie2.UpdateMacieSessionInput{})
				return err
			},
			"DisableMacie": func(c *macie2.Call) error {
				_, err := d.DisableMacie(ctx, c, &macie2.DisableMacieInput{})
				return err
			},
			"CreateMember": func(c *macie2.Call) error {
				_, err := d.CreateMember(ctx, c, memberInput(bob, addressOf(bob)))
				return err
			},
			"CreateMember of itself": func(c *macie2.Call) error {
				_, err := d.CreateMember(ctx, c, memberInput(c.Account, addressOf(bob)))
				return err
			},
			"GetMember": func(c *macie2.Call) error {
				_, err := d.GetMember(ctx, c, &macie2.GetMemberInput{Id: id})
				return err
			},
			"ListMembers": func(c *macie2.Call) error {
				_, err := d.ListMembers(ctx, c, &macie2.ListMembersInput{})
				return err
			},
			"DeleteMember": func(c *macie2.Call) error {
				_, err := d.DeleteMember(ctx, c, &macie2.DeleteMemberInput{Id: id})
				return err
			},
			"DisassociateMember": func(c *macie2.Call) error {
				_, err := d.DisassociateMember(ctx, c, &macie2.DisassociateMemberInput{Id: id})
				return err
			},
			"UpdateMemberSession": func(c *macie2.Call) error {
				_, err := d.UpdateMemberSession(ctx, c, &macie2.UpdateMemberSessionInput{Id: id, Status: macie2.Ptr(macie2.MacieStatusPaused)})
				return err
			},
			"CreateInvitations": func(c *macie2.Call) error {
				_, err := d.CreateInvitations(ctx, c, &macie2.CreateInvitationsInput{AccountIds: []string{*id}})
				return err
			},
			"ListInvitations": func(c *macie2.Call) error {
				_, err := d.ListInvitations(ctx, c, &macie2.ListInvitationsInput{})
				return err
			},
			"GetInvitationsCount": func(c *macie2.Call) error {
				_, err := d.GetInvitationsCount(ctx, c, &macie2.GetInvitationsCountInput{})
				return err
			},
			"AcceptInvitation": func(c *macie2.Call) error {
				_, err := d.AcceptInvitation(ctx, c, &macie2.AcceptInvitationInput{InvitationId: macie2.Ptr("")})
				return err
			},
			"DeclineInvitations": func(c *macie2.Call) error {
				_, err := d.DeclineInvitations(ctx, c, &macie2.DeclineInvitationsInput{AccountIds: []string{*id}})
				return err
			},
			"DeleteInvitations": func(c *macie2.Call) error {
				_, err := d.DeleteInvitations(ctx, c, &macie2.DeleteInvitationsInput{AccountIds: []string{*id}})
				return err
			},
			"GetAdministratorAccount": func(c *macie2.Call) error {
				_, err := d.GetAdministratorAccount(ctx, c, &macie2.GetAdministratorAccountInput{})
				return err
			},
			"GetMasterAccount": func(c *macie2.Call) error {
				_, err := d.GetMasterAccount(ctx, c, &macie2.GetMasterAccountInput{})
				return err
			},
			"DisassociateFromAdministratorAccount": func(c *macie2.Call) error {
				_, err := d.DisassociateFromAdministratorAccount(ctx, c, &macie2.DisassociateFromAdministratorAccountInput{})
				return err
			},
			"DisassociateFromMasterAccount": func(c *macie2.Call) error {
				_, err := d.DisassociateFromMasterAccount(ctx, c, &macie2.DisassociateFromMasterAccountInput{})
				return err
			},
		} {
			answers(t, name, answer(do(d.call(alice))), "AccessDeniedException: Macie is not enabled")
		}
	})
}

func TestUpdateMacieSession(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		update := func(account macie2.AccountID, in *macie2.UpdateMacieSessionInput) string {
			_, err := d.UpdateMacieSession(t.Context(), d.call(account), in)
			return answer(err)
		}
		settings := func(account macie2.AccountID) string {
			s, err := d.GetMacieSession(t.Context(), d.call(account), &macie2.GetMacieSessionInput{})
			if err != nil {
				return answer(err)
			}
			return string(*s.Status) + " " + string(*s.FindingPublishingFrequency)
		}
		frequency := &macie2.UpdateMacieSessionInput{FindingPublishingFrequency: macie2.Ptr(macie2.FindingPublishingFrequencyOneHour)}
		d.must(d.enable(alice))
		created, _ := d.GetMacieSession(t.Context(), d.call(alice), &macie2.GetMacieSessionInput{})
		answers(t, "the frequency alone", update(alice, frequency), "ok")
		answers(t, "then", settings(alice), "ENABLED ONE_HOUR")
		answers(t, "the status alone", d.session(alice, macie2.MacieStatusPaused), "ok")
		answers(t, "then", settings(alice), "PAUSED ONE_HOUR")
		answers(t, "nothing", update(alice, &macie2.UpdateMacieSessionInput{}), "ok")
		answers(t, "then", settings(alice), "PAUSED ONE_HOUR")
		updated, _ := d.GetMacieSession(t.Context(), d.call(alice), &macie2.GetMacieSessionInput{})
		if !updated.CreatedAt.Equal(created.CreatedAt.Time) || !updated.UpdatedAt.After(updated.CreatedAt.Time) {
			t.Errorf("created %v, updated %v; was created %v", updated.CreatedAt, updated.UpdatedAt, created.CreatedAt)
		}
		d.must(d.session(alice, macie2.MacieStatusEnabled))

		// An administrator cannot suspend itself while it has members; those that it has only
		// invited do not hold it.
		d.invited(alice, bob, carol)
		d.must(d.session(alice, macie2.MacieStatusPaused), d.session(alice, macie2.MacieStatusEnabled), d.accept(bob, alice))
		answers(t, "an administrator pauses", d.session(alice, macie2.MacieStatusPaused), conflict(oursPauseWithMembers))
		answers(t, "it stays", settings(alice), "ENABLED ONE_HOUR")
		d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused))
		answers(t, "a paused member is one", d.session(alice, macie2.MacieStatusPaused), conflict(oursPauseWithMembers))
		d.must(d.disassociate(alice, bob), d.session(alice, macie2.MacieStatusPaused))

		// A member that joins while its administrator is suspended does not keep it from changing
		// anything else.
		d.must(d.accept(carol, alice), update(alice, frequency))
		answers(t, "suspending what is suspended", d.session(alice, macie2.MacieStatusPaused), "ok")
	})
}

// TestPausedSessions: a session that is suspended can be in any relationship, and its relationship
// says so.
func TestPausedSessions(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.invited(alice, bob)
		d.must(d.session(bob, macie2.MacieStatusPaused))
		d.sees(alice, bob, stInvited, stInvited)
		answers(t, "a suspended account accepts", d.accept(bob, alice), "ok")
		d.sees(alice, bob, stPaused, stPaused)
		d.must(d.session(bob, macie2.MacieStatusEnabled))
		d.sees(alice, bob, stEnabled, stEnabled)

		// What the administrator suspended stays suspended when the relationship ends, and when it
		// begins again.
		d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused), d.resignFrom(bob))
		d.sees(alice, bob, stResigned, stResigned)
		d.must(d.accept(bob, alice))
		d.sees(alice, bob, stPaused, stPaused)
		d.must(d.disassociate(alice, bob))
		session, err := d.GetMacieSession(t.Context(), d.call(bob), &macie2.GetMacieSessionInput{})
		if err != nil || *session.Status != macie2.MacieStatusPaused {
			t.Errorf("after its removal the account is %v, %v", session, err)
		}
		d.must(d.session(bob, macie2.MacieStatusEnabled))
		d.sees(alice, bob, stRemoved, stRemoved)
	})
}

func TestDisableMacie(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		answers(t, "a member", d.disable(bob), conflict(specDisableWhileMember))
		answers(t, "its administrator", d.disable(alice), conflict(oursDisableWithMembers))
		d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused))
		answers(t, "a paused member", d.disable(bob), conflict(specDisableWhileMember))
		d.must(d.disassociate(alice, bob))
		answers(t, "an administrator of a removed member", d.disable(alice), conflict(oursDisableWithMembers))
		answers(t, "the removed member", d.disable(bob), "ok")
		d.must(d.delete(alice, bob), d.disable(alice), d.enable(alice, bob))
		answers(t, "what both see afterwards", d.status(alice, bob), invalid(specNotAssociated))
		if seen := d.received(bob); len(seen) != 0 {
			t.Errorf("the recipient of a deleted invitation sees %v", seen)
		}
	})
}

// TestDisableMacieKeepsInvitations: what an account received outlives its session, an invitation
// that it accepted and resigned from included.
func TestDisableMacieKeepsInvitations(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.invited(alice, bob)
		d.members(carol, bob)
		standing := d.invitationID(bob, carol)
		d.must(d.resignFrom(bob), d.disable(bob), d.enable(bob))
		d.sees(alice, bob, stInvited, stInvited)
		d.sees(carol, bob, stResigned, stResigned)
		answers(t, "the standing invitation, accepted again", d.acceptID(bob, standing), "ok")
		d.sees(carol, bob, stEnabled, stEnabled)
	})
}

// TestOnDisable: what else ends with a session ends in the same transaction, or the session goes
// on.
func TestOnDisable(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		fail := errors.New("the other domain refuses")
		var refusal error
		d.Hook(session.Hooks{OnDisable: func(ctx context.Context, tx *store.Tx, c session.Change) error {
			if _, err := tx.Exec(ctx, "update account set name = 'was here' where id = $1", string(c.Account)); err != nil {
				return err
			}
			return refusal
		}})
		name := func() string {
			a, err := d.directory.Account(t.Context(), alice)
			if err != nil {
				t.Fatal(err)
			}
			return a.Name
		}
		d.must(d.enable(alice))
		refusal = fail
		if _, err := d.DisableMacie(t.Context(), d.call(alice), &macie2.DisableMacieInput{}); !errors.Is(err, fail) || name() != "" {
			t.Errorf("a hook that fails: %v, and the account's name is %q", err, name())
		}
		answers(t, "the session goes on", d.enable(alice), conflict(specAlreadyEnabled))
		refusal = nil
		answers(t, "a hook that succeeds", d.disable(alice), "ok")
		if name() != "was here" {
			t.Errorf("what the hook did is gone: %q", name())
		}
	})
}

// TestDisableMacieLooksAgain: an account that was added and removed between the look at the
// inventory and the end of the session has no foreign key that holds the session.
func TestDisableMacieLooksAgain(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		// The last look before the row goes.
		d.Hook(session.Hooks{BeforeDisable: func(ctx context.Context, tx *store.Tx, call *macie2.Call, _ session.Session) error {
			_, err := tx.Exec(ctx, `insert into member (region, administrator_id, account_id, status, created_at, updated_at)
				values ($1, $2, $3, 'Removed', 0, 0)`, call.Region, string(call.Account), string(bob))
			return err
		}})
		d.must(d.enable(alice))
		answers(t, "each time it looks", d.disable(alice), conflict(textLostRace))
		answers(t, "the session goes on", d.enable(alice), conflict(specAlreadyEnabled))
	})
}
