package membership

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func TestCreateMember(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		call := d.call(alice)
		in := memberInput(bob, "  "+addressOf(bob)+" ")
		in.Tags = map[string]string{"team": "blue"}
		out, err := d.CreateMember(t.Context(), call, in)
		if err != nil {
			t.Fatal(err)
		}
		arn := "arn:aws:macie2:us-east-1:111122223333:member/444455556666"
		if *out.Arn != arn {
			t.Errorf("the ARN is %s, want %s", *out.Arn, arn)
		}
		m, err := d.GetMember(t.Context(), d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))})
		if err != nil {
			t.Fatal(err)
		}
		if *m.AccountId != string(bob) || *m.AdministratorAccountId != string(alice) || *m.MasterAccountId != string(alice) ||
			*m.Arn != arn || *m.Email != addressOf(bob) || *m.RelationshipStatus != macie2.RelationshipStatusCreated ||
			!maps.Equal(m.Tags, in.Tags) || !m.UpdatedAt.Equal(call.Now) || m.InvitedAt != nil {
			t.Errorf("the member is %+v", m)
		}
		list, err := d.ListMembers(t.Context(), d.call(alice), &macie2.ListMembersInput{OnlyAssociated: macie2.Ptr("false")})
		if err != nil || len(list.Members) != 1 || *list.Members[0].Arn != arn || list.NextToken != nil {
			t.Errorf("the list is %+v, %v", list, err)
		}

		invited := d.call(alice)
		if _, err := d.CreateInvitations(t.Context(), invited, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)}}); err != nil {
			t.Fatal(err)
		}
		m, err = d.GetMember(t.Context(), d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))})
		if err != nil || m.InvitedAt == nil || !m.InvitedAt.Equal(invited.Now) || !m.UpdatedAt.Equal(invited.Now) {
			t.Errorf("after the invitation the member is %+v, %v", m, err)
		}
	})
}

func TestCreateMemberRefusals(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		for _, id := range []string{"", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢"} {
			answers(t, "the account id "+id, d.addAs(alice, macie2.AccountID(id), "a@example.com"), invalid("account.accountId: must be 12 digits"))
		}
		local, domain := strings.Repeat("l", 64), strings.Repeat("d.", 92)+"example"
		for email, right := range map[string]bool{
			"a@example.com": true, "a.b+c@sub.example.com": true, "用户@例子.example": true,
			local + "@example.com": true, local + "@" + domain[:189]: true,
			"": false, "a": false, "@example.com": false, "a@": false, "a b@example.com": false, "A <a@example.com>": false,
			"a@example.com, b@example.com": false, "a@example.com\r\nBcc: b@example.com": false, "a@example.com\x00": false,
			"a@example.com\u202e": false, "a\u200b@example.com": false, "a@exam\u2066ple.com": false, "a\u0085@example.com": false, "a@example.com\ufeff": false,
			local + "l@example.com": false, local + "@" + domain[:190]: false,
		} {
			want := "ok"
			if !right {
				want = invalid("account.email: must be an email address")
				if len(email) > 254 || strings.HasPrefix(email, local+"l") {
					want = invalid("account.email: must have at most 254 characters, and at most 64 before the @")
				}
			}
			answers(t, fmt.Sprintf("the address %q", email), d.addAs(alice, bob, email), want)
			if right {
				d.must(d.delete(alice, bob))
			}
		}
		tags := memberInput(bob, addressOf(bob))
		tags.Tags = map[string]string{"aws:x": "1"}
		_, err := d.CreateMember(t.Context(), d.call(alice), tags)
		answers(t, "a reserved tag", answer(err), invalid(`tags: the tag key "aws:x" begins with aws:, which is reserved`))

		answers(t, "itself", d.add(alice, alice), invalid(specCreateSelf))
		answers(t, "an account that the directory does not know", d.add(alice, stranger), "ok")
		answers(t, "an account that is there already", d.add(alice, stranger), invalid(specAlreadyAMember))
		d.members(alice, bob)
		answers(t, "by a member", d.add(bob, carol), invalid(specCreateWhileMember))
		answers(t, "of its administrator", d.add(bob, alice), invalid(specCreateWhileMember))
		d.must(d.resignFrom(bob))
		answers(t, "by a member that resigned", d.add(bob, carol), "ok")
		answers(t, "of a member of another", d.add(carol, bob), "AccessDeniedException: "+specNotEnabled)
	})
}

// TestQuota: Created, EmailVerification*, Invited, Enabled and Paused count, Removed and Resigned
// do not, nor who declined.
func TestQuota(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 1)
		for i, name := range slices.Sorted(maps.Keys(states)) {
			d.region = fmt.Sprintf("us-test-%d", i)
			d.must(d.enable(alice, bob))
			states[name].reach(d)
			want := quota(specTooManyMembers)
			if name == stNone || name == stRemoved || name == stResigned || name == stDeclined {
				want = "ok"
			}
			answers(t, "another account while the first is "+name, d.add(alice, carol), want)
			if name == stRemoved || name == stResigned {
				// Now there is no room for the first to come back.
				answers(t, name+": invited again over the quota", d.invite(alice, bob), quota(specTooManyMembers))
				answers(t, name+": with one that can be invited", d.invite(alice, bob, carol), refused(bob, specTooManyMembers))
				d.seesView(name, states[name].view)
				if name == stResigned {
					answers(t, "a standing invitation over the quota", d.accept(bob, alice), quota(oursInviterTooManyMembers))
				}
				d.must(d.delete(alice, carol))
				answers(t, name+": invited again within the quota", d.invite(alice, bob), "ok")
				answers(t, name+": who came back counts again", d.add(alice, carol), quota(specTooManyMembers))
			}
			d.resume(bob)
		}
	})
}

// TestQuotaOfOneCall: within one call those that come back are counted, the first ones first.
func TestQuotaOfOneCall(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 2)
		d.must(d.enable(alice), d.add(alice, bob), d.disassociate(alice, bob), d.add(alice, carol), d.disassociate(alice, carol),
			d.add(alice, dave))
		answers(t, "two come back where one has room", d.invite(alice, carol, bob), refused(bob, specTooManyMembers))
		answers(t, "who counts already needs no room", d.invite(alice, dave, bob), refused(bob, specTooManyMembers))
		answers(t, "for every id", d.invite(alice, bob, bob), quota(specTooManyMembers))
		answers(t, "not for every id", d.invite(alice, bob, stranger),
			"ok\n\t\t"+string(bob)+": ClientError: "+specTooManyMembers+"\n\t\t"+string(stranger)+": ClientError: "+specNotAMember+oursHintCreateMember)
	})
}

func TestMemberIDs(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		for _, id := range []macie2.AccountID{"", "1", "abcdefghijkl", "0111122223333"} {
			for name, got := range map[string]string{
				"GetMember": d.status(alice, id), "DeleteMember": d.delete(alice, id), "DisassociateMember": d.disassociate(alice, id),
				"UpdateMemberSession": d.memberSession(alice, id, macie2.MacieStatusPaused),
			} {
				answers(t, name+" of "+string(id), got, invalid("id: must be 12 digits"))
			}
		}
	})
}

// TestDeleteMemberTakesBackTheInvitation: whatever was on its way to the recipient does not arrive.
func TestDeleteMemberTakesBackTheInvitation(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob), d.add(alice, bob), d.invite(alice, bob), d.delete(alice, bob))
		d.work()
		d.sees(alice, bob, "", "")
		d.invited(alice, bob)
		id := d.invitationID(bob, alice)
		d.must(d.delete(alice, bob))
		answers(t, "an invitation whose record was deleted", d.acceptID(bob, id), invalid(specNoPendingInvitation))
		d.must(d.add(alice, bob))
		answers(t, "after the account was added again", d.acceptID(bob, id), invalid(specNoPendingInvitation))
		if mails := d.relay.delivered(); len(mails) != 1 {
			t.Errorf("%d mails were sent, want the second invitation's alone", len(mails))
		}
	})
}

// manyMembers adds accounts 1 to n to alice's inventory.
func (d *deployment) manyMembers(n int) []macie2.AccountID {
	d.t.Helper()
	ids := make([]macie2.AccountID, n)
	for i := range ids {
		ids[i] = macie2.AccountID(fmt.Sprintf("5%011d", i+1))
		d.must(d.addAs(alice, ids[i], "somebody@example.org"))
	}
	return ids
}

func (d *deployment) page(size int32, associated, token string) (ids []string, next string) {
	d.t.Helper()
	in := &macie2.ListMembersInput{OnlyAssociated: &associated}
	if size > 0 {
		in.MaxResults = &size
	}
	if token != "" {
		in.NextToken = &token
	}
	out, err := d.ListMembers(d.t.Context(), d.call(alice), in)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, m := range out.Members {
		ids = append(ids, *m.AccountId)
	}
	if out.NextToken != nil {
		next = *out.NextToken
	}
	return ids, next
}

// TestListMembersPages: pages survive what is added and deleted between them: what was there all
// along is listed once.
func TestListMembersPages(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		ids := d.manyMembers(26)
		first, next := d.page(0, "false", "")
		if len(first) != 25 || next == "" {
			t.Fatalf("a page of %d without a size, next %q", len(first), next)
		}
		last, end := d.page(0, "false", next)
		if len(last) != 1 || end != "" {
			t.Errorf("a last page of %d, next %q", len(last), end)
		}
		d.must(d.delete(alice, ids[25]))
		if all, next := d.page(25, "false", ""); len(all) != 25 || next != "" {
			t.Errorf("a page that holds all is followed by %q", next)
		}

		seen, next := d.page(10, "false", "")
		// Gone: one that was shown, the one at which the page ended, one to come. New: one before,
		// one behind.
		d.must(d.delete(alice, ids[2]), d.delete(alice, ids[9]), d.delete(alice, ids[15]),
			d.addAs(alice, "400000000000", "a@example.com"), d.addAs(alice, "600000000000", "a@example.com"))
		for next != "" {
			var more []string
			more, next = d.page(10, "false", next)
			seen = append(seen, more...)
		}
		var want []string
		for i, id := range ids[:25] {
			if i != 15 {
				want = append(want, string(id))
			}
		}
		if want = append(want, "600000000000"); !slices.Equal(seen, want) {
			t.Errorf("the pages show\n%v, want\n%v", seen, want)
		}
	})
}

// TestListMembersFilter: onlyAssociated shows Enabled and Paused, which is also the default.
func TestListMembersFilter(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob, carol)
		d.must(d.memberSession(alice, carol, macie2.MacieStatusPaused))
		d.invited(alice, dave)
		d.must(d.add(alice, erin))
		for filter, want := range map[string][]string{
			"":      {string(bob), string(carol)},
			"true":  {string(bob), string(carol)},
			"TRUE":  {string(bob), string(carol)},
			"false": {string(dave), string(erin), string(bob), string(carol)},
			"False": {string(dave), string(erin), string(bob), string(carol)},
		} {
			if got, _ := d.page(0, filter, ""); !slices.Equal(got, want) {
				t.Errorf("onlyAssociated %q lists %v, want %v", filter, got, want)
			}
		}
		for _, filter := range []string{"1", "yes", " true"} {
			_, err := d.ListMembers(t.Context(), d.call(alice), &macie2.ListMembersInput{OnlyAssociated: &filter})
			if !strings.HasPrefix(answer(err), invalid("The request is rejected because the parameter onlyAssociated has an invalid value")) {
				t.Errorf("onlyAssociated %q: %s", filter, answer(err))
			}
		}
		if one, next := d.page(1, "true", ""); len(one) != 1 || next == "" {
			t.Errorf("a page of one: %v, next %q", one, next)
		}
		d.must(d.enable(stranger))
		out, err := d.ListMembers(t.Context(), d.call(stranger), &macie2.ListMembersInput{})
		if err != nil || out.Members == nil || len(out.Members) != 0 {
			t.Errorf("an empty inventory is %#v, %v; want an empty list that is not nil", out, err)
		}
	})
}

// TestForeignPageTokens: a token is good for the list that it was issued for, and nothing else.
func TestForeignPageTokens(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob))
		d.manyMembers(3)
		d.invited(carol, alice)
		d.invited(dave, alice)
		_, token := d.page(1, "false", "")
		one := macie2.Ptr(int32(1))
		list, err := d.ListInvitations(t.Context(), d.call(alice), &macie2.ListInvitationsInput{MaxResults: one})
		if err != nil || list.NextToken == nil {
			t.Fatalf("a page of one invitation: %+v, %v", list, err)
		}
		altered := []byte(token)
		altered[len(altered)/2] ^= 1
		members := func(call *macie2.Call, filter, token string) string {
			_, err := d.ListMembers(t.Context(), call, &macie2.ListMembersInput{NextToken: &token, OnlyAssociated: &filter})
			return answer(err)
		}
		elsewhere := d.callIn(ireland, alice)
		if _, err := d.EnableMacie(t.Context(), elsewhere, &macie2.EnableMacieInput{}); err != nil {
			t.Fatal(err)
		}
		answers(t, "its own token", members(d.call(alice), "false", token), "ok")
		for name, got := range map[string]string{
			"another account's":         members(d.call(bob), "false", token),
			"another Region's":          members(elsewhere, "false", token),
			"another filter's":          members(d.call(alice), "true", token),
			"another operation's":       members(d.call(alice), "false", *list.NextToken),
			"an altered one":            members(d.call(alice), "false", string(altered)),
			"a shortened one":           members(d.call(alice), "false", token[:len(token)-1]),
			"an empty one":              members(d.call(alice), "false", ""),
			"nonsense":                  members(d.call(alice), "false", "bm9uc2Vuc2U"),
			"one that is far too long":  members(d.call(alice), "false", strings.Repeat("A", 5000)),
			"not of the token alphabet": members(d.call(alice), "false", "\x00 ü"),
		} {
			if !strings.HasPrefix(got, invalid("The request is rejected because the parameter nextToken has an invalid value")) {
				t.Errorf("%s token is answered with %s", name, got)
			}
		}
		_, err = d.ListInvitations(t.Context(), d.call(alice), &macie2.ListInvitationsInput{NextToken: &token})
		if !strings.HasPrefix(answer(err), invalid("The request is rejected because the parameter nextToken")) {
			t.Errorf("a token of members for invitations is answered with %s", answer(err))
		}
	})
}
