package membership

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magpie/internal/macie2"
)

// TestSearchMembers: a part of what is known of a member finds it, and every order goes on over
// pages and both ways round, with each record once, on both engines alike.
func TestSearchMembers(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		addresses := []string{"b@example.com", "B@example.com", "Ä@example.com", "a_c@example.com", "abc@example.com", "b@example.com", "a%@example.com"}
		for i, address := range addresses {
			_, err := d.CreateMember(t.Context(), d.call(alice), &macie2.CreateMemberInput{Account: &macie2.AccountDetail{
				AccountId: macie2.Ptr(fmt.Sprintf("%012d", 900000000000+i)), Email: &address}})
			if err != nil {
				t.Fatal(err)
			}
		}
		search := func(in SearchInput) (got []string) {
			t.Helper()
			for {
				out, err := d.SearchMembers(t.Context(), d.call(alice), &in)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range out.Members {
					got = append(got, m.AccountID[11:])
				}
				if in.NextToken = out.NextToken; in.NextToken == "" {
					return got
				}
			}
		}
		for _, x := range []struct{ find, want string }{
			{"", "0123456"}, {"B@", "015"}, {"A_C", "3"}, {"%", "6"}, {"Ä", "2"}, {"ä", ""}, {"00000004", "4"}, {"nobody", ""},
		} {
			if got := strings.Join(search(SearchInput{Find: x.find}), ""); got != x.want {
				t.Errorf("%q finds %s, want %s", x.find, got, x.want)
			}
		}
		for _, x := range []struct{ sort, want string }{
			{"", "0123456"}, {"accountId", "0123456"}, {"email", "1634052"}, {"name", "0123456"}, {"relationshipStatus", "0123456"}, {"invitedAt", "0123456"},
			{"updatedAt", "0123456"},
		} {
			for _, size := range []int{1, 2, 1000} {
				if got := strings.Join(search(SearchInput{Sort: x.sort, MaxResults: size}), ""); got != x.want {
					t.Errorf("by %s, %d a page: %s, want %s", x.sort, size, got, x.want)
				}
				if x.sort == "" {
					continue
				}
				back := search(SearchInput{Sort: "-" + x.sort, MaxResults: size})
				slices.Reverse(back)
				if got := strings.Join(back, ""); got != x.want {
					t.Errorf("by %s the other way round, %d a page: %s, want %s", x.sort, size, got, x.want)
				}
			}
		}
		// The first page tells how many match, and how many there are of each status.
		for _, x := range []struct {
			in    SearchInput
			total int64
		}{
			{SearchInput{}, 7}, {SearchInput{Find: "B@", MaxResults: 2}, 3}, {SearchInput{Statuses: []macie2.RelationshipStatus{macie2.RelationshipStatusCreated, macie2.RelationshipStatusInvited}}, 7},
			{SearchInput{Statuses: []macie2.RelationshipStatus{macie2.RelationshipStatusInvited}}, 0}, {SearchInput{ViaOrganization: macie2.Ptr(true)}, 0}, {SearchInput{ViaOrganization: macie2.Ptr(false)}, 7},
			{SearchInput{Mail: []Event{EventMailRefused}}, 0},
		} {
			out, err := d.SearchMembers(t.Context(), d.call(alice), &x.in)
			if err != nil || macie2.Deref(out.Total) != x.total || out.Statuses["Created"] != 7 || len(out.Statuses) != 1 {
				t.Errorf("%+v: %+v, %v; want %d", x.in, out, err, x.total)
			}
		}
		first, err := d.SearchMembers(t.Context(), d.call(alice), &SearchInput{Sort: "email", MaxResults: 2})
		if err != nil || first.NextToken == "" {
			t.Fatal(first, err)
		}
		for _, wrong := range []SearchInput{{Sort: "emails"}, {Sort: "--email"}, {Sort: "email; drop table member"}, {Find: strings.Repeat("x", 321)}, {Find: "\x00"}, {Find: "\xff"},
			{Statuses: []macie2.RelationshipStatus{"invited"}}, {Mail: []Event{EventInvited}}, {Mail: slices.Repeat([]Event{EventMailRefused}, 21)},
			{Sort: "-email", NextToken: first.NextToken}, {Sort: "email", Find: "b", NextToken: first.NextToken}, {Sort: "updatedAt", NextToken: first.NextToken}} {
			if _, err := d.SearchMembers(t.Context(), d.call(alice), &wrong); err == nil {
				t.Errorf("%+v is answered", wrong)
			}
		}
	})
}
