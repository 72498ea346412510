package membership

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestListInvitations: what an account has received and not deleted, the oldest first, whatever
// became of it.
func TestListInvitations(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(bob))
		empty, err := d.ListInvitations(t.Context(), d.call(bob), &macie2.ListInvitationsInput{})
		if err != nil || empty.Invitations == nil || len(empty.Invitations) != 0 || empty.NextToken != nil {
			t.Errorf("nothing received is %#v, %v; want an empty list that is not nil", empty, err)
		}
		for _, administrator := range []macie2.AccountID{dave, alice, erin, carol} { // not in the order of their ids
			d.invited(administrator, bob)
		}
		d.must(d.decline(bob, alice), d.disassociate(erin, bob), d.accept(bob, carol))
		list, err := d.ListInvitations(t.Context(), d.call(bob), &macie2.ListInvitationsInput{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range list.Invitations {
			got = append(got, *i.AccountId+" "+string(*i.RelationshipStatus))
		}
		want := []string{string(dave) + " Invited", string(alice) + " Resigned", string(erin) + " Removed", string(carol) + " Enabled"}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		count, err := d.GetInvitationsCount(t.Context(), d.call(bob), &macie2.GetInvitationsCountInput{})
		if err != nil || *count.InvitationsCount != 3 {
			t.Errorf("counted %d, %v; want all but the accepted one", *count.InvitationsCount, err)
		}
	})
}

// TestListInvitationsPages: pages survive what is received and deleted between them.
func TestListInvitationsPages(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(bob))
		var ids []macie2.AccountID
		another := func() macie2.AccountID {
			// Account ids descend, so that the order of ids is not that of time.
			id := macie2.AccountID(fmt.Sprintf("8%011d", 100-len(ids)))
			ids = append(ids, id)
			d.invited(id, bob)
			return id
		}
		for range 27 {
			another()
		}
		page := func(size int32, token *string) (seen []macie2.AccountID, next *string) {
			in := &macie2.ListInvitationsInput{NextToken: token}
			if size > 0 {
				in.MaxResults = &size
			}
			out, err := d.ListInvitations(t.Context(), d.call(bob), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range out.Invitations {
				seen = append(seen, macie2.AccountID(*i.AccountId))
			}
			return seen, out.NextToken
		}
		first, next := page(0, nil)
		if !slices.Equal(first, ids[:25]) || next == nil {
			t.Errorf("a page without a size shows %v, next %v", first, next)
		}
		if last, next := page(0, next); !slices.Equal(last, ids[25:]) || next != nil {
			t.Errorf("the last page shows %v, next %v", last, next)
		}
		seen, next := page(10, nil)
		gone := []macie2.AccountID{ids[3], ids[9], ids[14]} // one that was shown, the last one that was shown, one to come
		for _, id := range gone {
			d.must(d.decline(bob, id), d.deleteInvitations(bob, id))
		}
		another()
		for next != nil {
			var more []macie2.AccountID
			more, next = page(10, next)
			seen = append(seen, more...)
		}
		want := slices.DeleteFunc(slices.Clone(ids), func(id macie2.AccountID) bool { return id == ids[14] })
		if !slices.Equal(seen, want) {
			t.Errorf("the pages show\n%v, want\n%v", seen, want)
		}
		_, next = page(10, nil)
		d.must(d.disable(bob))
		_, err := d.ListInvitations(t.Context(), d.call(bob), &macie2.ListInvitationsInput{NextToken: next})
		answers(t, "a page after Macie was disabled", answer(err), "AccessDeniedException: Macie is not enabled")
	})
}

// TestAcceptInvitation has every reason for which an invitation cannot be accepted.
func TestAcceptInvitation(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		accept := func(id macie2.AccountID, in macie2.AcceptInvitationInput) string {
			_, err := d.AcceptInvitation(t.Context(), d.call(id), &in)
			return answer(err)
		}
		d.invited(alice, bob, carol)
		d.invited(dave, bob)
		ofAlice, ofDave, carols := d.invitationID(bob, alice), d.invitationID(bob, dave), d.invitationID(carol, alice)
		noPending := invalid(specNoPendingInvitation)
		for name, in := range map[string]macie2.AcceptInvitationInput{
			"no id":                            {},
			"an empty id":                      {InvitationId: macie2.Ptr("")},
			"an unknown id":                    {InvitationId: macie2.Ptr(strings.Repeat("0", 32))},
			"an id in upper case":              {InvitationId: macie2.Ptr(strings.ToUpper(ofAlice) + "A")},
			"another account's id":             {InvitationId: &carols},
			"an id of another administrator":   {InvitationId: &ofAlice, AdministratorAccountId: macie2.Ptr(string(dave))},
			"the same, by the old name":        {InvitationId: &ofAlice, MasterAccount: macie2.Ptr(string(dave))},
			"an administrator that is no id":   {InvitationId: &ofAlice, AdministratorAccountId: macie2.Ptr("alice")},
			"the new name goes before the old": {InvitationId: &ofAlice, AdministratorAccountId: macie2.Ptr(string(dave)), MasterAccount: macie2.Ptr(string(alice))},
		} {
			answers(t, name, accept(bob, in), noPending)
		}
		elsewhere := d.callIn(ireland, bob)
		if _, err := d.EnableMacie(t.Context(), elsewhere, &macie2.EnableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		_, err := d.AcceptInvitation(t.Context(), elsewhere, &macie2.AcceptInvitationInput{InvitationId: &ofAlice})
		answers(t, "in another Region", answer(err), noPending)

		d.must(d.add(bob, erin))
		answers(t, "with an account that was only added", d.acceptID(bob, ofAlice), invalid(specAcceptWithMembers))
		d.must(d.invite(bob, erin))
		d.work()
		answers(t, "with an account that was only invited", d.acceptID(bob, ofAlice), invalid(specAcceptWithMembers))
		d.must(d.disassociate(bob, erin))
		answers(t, "by its administrator's id", accept(bob, macie2.AcceptInvitationInput{InvitationId: &ofAlice, AdministratorAccountId: macie2.Ptr(string(alice))}), "ok")
		d.sees(alice, bob, stEnabled, stEnabled)
		d.sees(dave, bob, stInvited, stInvited)
		answers(t, "the same again", d.acceptID(bob, ofAlice), noPending)
		answers(t, "a second administrator", d.acceptID(bob, ofDave), noPending)
		answers(t, "a member's own inventory", d.status(bob, erin), stRemoved)
		d.must(d.resignFrom(bob))
		answers(t, "the second one now", accept(bob, macie2.AcceptInvitationInput{InvitationId: &ofDave, MasterAccount: macie2.Ptr(string(dave))}), "ok")
		d.sees(alice, bob, stResigned, stResigned)
		d.sees(dave, bob, stEnabled, stEnabled)
	})
}

// TestAcceptFromMember: a standing invitation of an account that has become a member itself.
func TestAcceptFromMember(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.must(d.resignFrom(bob))
		d.members(carol, alice)
		answers(t, "its invitation", d.accept(bob, alice), invalid(specAcceptFromMember))
		d.sees(alice, bob, stResigned, stResigned)
		d.must(d.resignFrom(alice))
		answers(t, "after it left", d.accept(bob, alice), "ok")
		answers(t, "an administrator accepts", d.accept(alice, carol), invalid(specAcceptWithMembers))
	})
}

// TestReacceptedMemberCounts: an account that comes back by its standing invitation is on the count
// again.
func TestReacceptedMemberCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 1)
		d.members(alice, bob)
		d.must(d.resignFrom(bob), d.accept(bob, alice))
		answers(t, "no room for another", d.add(alice, carol), quota(specTooManyMembers))
		d.must(d.resignFrom(bob), d.add(alice, carol))
		answers(t, "no room to come back", d.accept(bob, alice), quota(oursInviterTooManyMembers))
		d.sees(alice, bob, stResigned, stResigned)
	})
}

// TestAnswerSeveral: several invitations are answered in one call, each on its own and once.
func TestAnswerSeveral(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.invited(alice, bob)
		d.invited(carol, bob)
		d.invited(dave, bob)
		d.must(d.accept(bob, dave))
		want := strings.Join([]string{"ok", string(dave) + ": ClientError: " + specNoPendingInvitation,
			string(stranger) + ": ClientError: " + specNoPendingInvitation}, "\n\t\t")
		answers(t, "declining", d.decline(bob, carol, stranger, dave, alice, carol), want)
		d.sees(alice, bob, "", stResigned)
		d.sees(carol, bob, "", stResigned)
		d.sees(dave, bob, stEnabled, stEnabled)
		answers(t, "declining again", d.decline(bob, alice), refused(alice, specNoPendingInvitation))
		want = strings.Join([]string{"ok", string(dave) + ": ClientError: " + specDeleteInvitation,
			string(stranger) + ": ClientError: " + specNoPendingInvitation}, "\n\t\t")
		answers(t, "deleting", d.deleteInvitations(bob, carol, stranger, dave, alice, carol), want)
		if seen := d.received(bob); len(seen) != 1 {
			t.Errorf("what is left is %v", seen)
		}
		for _, call := range []func(macie2.AccountID, ...macie2.AccountID) string{d.decline, d.deleteInvitations} {
			answers(t, "nobody", call(bob), invalid("accountIds: must name 1 to 1000 accounts, not 0"))
			answers(t, "not an id", call(bob, alice, "x"), invalid("accountIds[1]: must be 12 digits"))
		}
	})
}

// TestDeletedInvitation: with the invitation of a member that resigned, or was removed, its record
// leaves the inventory; the record of an account that was added again since does not belong to the
// declined invitation.
func TestDeletedInvitation(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.must(d.resignFrom(bob), d.deleteInvitations(bob, alice))
		d.sees(alice, bob, "", "")
		d.invited(alice, bob)
		d.must(d.decline(bob, alice), d.add(alice, bob), d.deleteInvitations(bob, alice))
		d.sees(alice, bob, stCreated, "")
		d.must(d.invite(alice, bob))
		d.work()
		d.sees(alice, bob, stInvited, stInvited)
	})
}
