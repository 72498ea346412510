package membership

import (
	"testing"

	"magpie/internal/macie2"
)

func TestGetAdministratorAccount(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		both := func() (a, m *macie2.Invitation, got string) {
			byName, err := d.GetAdministratorAccount(t.Context(), d.call(bob), &macie2.GetAdministratorAccountInput{})
			byFormerName, errFormer := d.GetMasterAccount(t.Context(), d.call(bob), &macie2.GetMasterAccountInput{})
			answers(t, "the former name", answer(errFormer), answer(err))
			if err != nil || errFormer != nil {
				return nil, nil, answer(err)
			}
			return byName.Administrator, byFormerName.Master, "ok"
		}
		d.invited(alice, bob)
		_, _, got := both()
		answers(t, "invited", got, "ResourceNotFoundException: "+specNoAdministrator)
		id := d.invitationID(bob, alice)
		list, err := d.ListInvitations(t.Context(), d.call(bob), &macie2.ListInvitationsInput{})
		if err != nil {
			t.Fatal(err)
		}
		d.must(d.accept(bob, alice))
		for _, status := range []macie2.RelationshipStatus{macie2.RelationshipStatusEnabled, macie2.RelationshipStatusPaused} {
			if status == macie2.RelationshipStatusPaused {
				d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused))
			}
			a, m, got := both()
			answers(t, string(status), got, "ok")
			for _, i := range []*macie2.Invitation{a, m} {
				if *i.AccountId != string(alice) || *i.InvitationId != id || *i.RelationshipStatus != status ||
					!i.InvitedAt.Equal(list.Invitations[0].InvitedAt.Time) {
					t.Errorf("the administrator is %+v", i)
				}
			}
		}
		d.must(d.resignFrom(bob))
		_, _, got = both()
		answers(t, "resigned", got, "ResourceNotFoundException: "+specNoAdministrator)
	})
}

func TestDisassociateFromMasterAccount(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		resign := func(id macie2.AccountID) string {
			_, err := d.DisassociateFromMasterAccount(t.Context(), d.call(id), &macie2.DisassociateFromMasterAccountInput{})
			return answer(err)
		}
		d.members(alice, bob)
		answers(t, "an administrator", resign(alice), invalid(specNotAssociatedToMaster))
		answers(t, "a member", resign(bob), "ok")
		d.sees(alice, bob, stResigned, stResigned)
		answers(t, "again", resign(bob), invalid(specNotAssociatedToMaster))
	})
}

// TestRegions: what happens in one Region is not known in another.
func TestRegions(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.region = ireland
		d.members(bob, alice) // the other way round
		d.sees(bob, alice, stEnabled, stEnabled)
		answers(t, "nobody of that name", d.status(alice, bob), invalid(specNotAssociated))
		d.must(d.disassociate(bob, alice), d.delete(bob, alice), d.disable(bob), d.disable(alice))
		d.region = virginia
		d.sees(alice, bob, stEnabled, stEnabled)
	})
}
