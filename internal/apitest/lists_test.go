package apitest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// numbered are ids of accounts in their order.
func numbered(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("9%011d", i)
	}
	return ids
}

// Pages are walked by the SDK's own paginator, survive what comes and goes between them, and their tokens are nobody else's.
func TestMemberPages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin, c.rival, c.in(otherRegion, adminID))
		ids := numbered(31)
		for _, id := range ids {
			c.add(c.admin, id)
		}
		all := &macie2.ListMembersInput{OnlyAssociated: aws.String("false")}
		var seen []string
		pages := macie2.NewListMembersPaginator(c.admin, all)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Members {
				seen = append(seen, aws.ToString(m.AccountId))
			}
		}
		if slices.Sort(seen); !slices.Equal(seen, ids) {
			t.Errorf("the pages hold %v", seen)
		}

		first, err := c.admin.ListMembers(ctx, &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), MaxResults: aws.Int32(10)})
		if err != nil || len(first.Members) != 10 || first.NextToken == nil {
			t.Fatalf("the first page: %d members, %v", len(first.Members), err)
		}
		for _, m := range first.Members[8:] { // the last of the page is what the token stands on
			must(t)(c.admin.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: m.AccountId}))
		}
		rest := []string{}
		for token := first.NextToken; token != nil; {
			page, err := c.admin.ListMembers(ctx, &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), MaxResults: aws.Int32(7), NextToken: token})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Members {
				rest = append(rest, *m.AccountId)
			}
			token = page.NextToken
		}
		if len(rest) != 21 {
			t.Errorf("after deletions there are %d more, want 21", len(rest))
		}

		const notIssued = "The request is rejected because the parameter nextToken has an invalid value: it was not issued for this account, Region and operation."
		token := first.NextToken
		altered := aws.String(strings.ToLower(*token))
		for what, get := range map[string]func() error{
			"another account": func() error {
				_, err := c.rival.ListMembers(ctx, &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), NextToken: token})
				return err
			},
			"another Region": func() error {
				_, err := c.in(otherRegion, adminID).ListMembers(ctx, &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), NextToken: token})
				return err
			},
			"another call": func() error {
				_, err := c.admin.ListInvitations(ctx, &macie2.ListInvitationsInput{NextToken: token})
				return err
			},
			"another filter": func() error {
				_, err := c.admin.ListMembers(ctx, &macie2.ListMembersInput{NextToken: token})
				return err
			},
			"altered": func() error {
				_, err := c.admin.ListMembers(ctx, &macie2.ListMembersInput{OnlyAssociated: aws.String("false"), NextToken: altered})
				return err
			},
		} {
			t.Run(what, func(t *testing.T) { wantError[*types.ValidationException](t, get(), 400, notIssued) })
		}
		_, err = c.admin.ListMembers(ctx, &macie2.ListMembersInput{MaxResults: aws.Int32(26)})
		if err == nil {
			t.Error("26 members on a page are too many")
		}

		associated, err := c.admin.ListMembers(ctx, &macie2.ListMembersInput{})
		if err != nil || associated.Members == nil || len(associated.Members) != 0 || associated.NextToken != nil {
			t.Errorf("nobody is associated, and the list is %+v, %v", associated, err)
		}
	})
}

// A recipient walks the pages of its invitations.
func TestInvitationPages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.member)
		senders := []string{adminID, rivalID, secondID}
		for _, id := range senders {
			as := c.in(region, id)
			c.enable(as)
			c.add(as, memberID)
			c.invite(as, memberID)
			c.await(as, memberID, types.RelationshipStatusInvited)
		}
		c.wantCount(c.member, 3)
		var from []string
		pages := macie2.NewListInvitationsPaginator(c.member, &macie2.ListInvitationsInput{MaxResults: aws.Int32(1)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page.Invitations {
				from = append(from, *i.AccountId)
			}
		}
		if slices.Sort(from); !slices.Equal(from, senders) {
			t.Errorf("the invitations are from %v", from)
		}
	})
}

// Tags of members, through the ARN in the path that CreateMember gave.
func TestMemberTags(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin, c.rival)
		out, err := c.admin.CreateMember(ctx, &macie2.CreateMemberInput{
			Account: &types.AccountDetail{AccountId: aws.String(memberID), Email: aws.String(address(memberID))},
			Tags:    map[string]string{"team": "päyments", "stage": ""}})
		if err != nil {
			t.Fatal(err)
		}
		want := func(tags map[string]string) {
			t.Helper()
			listed, err := c.admin.ListTagsForResource(ctx, &macie2.ListTagsForResourceInput{ResourceArn: out.Arn})
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(listed.Tags, tags) || !maps.Equal(c.memberOf(c.admin, memberID).Tags, tags) {
				t.Errorf("the tags are %v and %v, want %v", listed.Tags, c.memberOf(c.admin, memberID).Tags, tags)
			}
		}
		want(map[string]string{"team": "päyments", "stage": ""})
		must(t)(c.admin.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: out.Arn, Tags: map[string]string{"stage": "prod", "a/b c+d": "x=y @z"}}))
		want(map[string]string{"team": "päyments", "stage": "prod", "a/b c+d": "x=y @z"})
		must(t)(c.admin.UntagResource(ctx, &macie2.UntagResourceInput{ResourceArn: out.Arn, TagKeys: []string{"team", "a/b c+d", "never there"}}))
		want(map[string]string{"stage": "prod"})

		_, err = c.rival.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: out.Arn, Tags: map[string]string{"a": "b"}})
		if err == nil {
			t.Error("somebody else's member can be tagged")
		}
		_, err = c.admin.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: out.Arn, Tags: map[string]string{"aws:a": "b"}})
		if err == nil {
			t.Error("a tag that begins with aws: is taken")
		}
		want(map[string]string{"stage": "prod"})
	})
}
