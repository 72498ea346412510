package permission

import (
	"log/slog"
	"strings"
	"testing"

	"magpie/internal/macie2"
)

// TestDenialsNameTheResource: a refusal names what was refused as AWS does, where an operation has
// no resource of its own by the account and the Region.
func TestDenialsNameTheResource(t *testing.T) {
	a := New(nil, slog.New(slog.DiscardHandler))
	id := macie2.Ptr("444455556666")
	for _, c := range []struct {
		action, region string
		in             macie2.Input
		want           string
	}{
		{"macie2:ListMembers", "us-east-1", &macie2.ListMembersInput{}, "arn:aws:macie2:us-east-1:111122223333:*"},
		{"macie2:ListMembers", "cn-north-1", &macie2.ListMembersInput{}, "arn:aws-cn:macie2:cn-north-1:111122223333:*"},
		{"macie2:CreateInvitations", "us-east-1", nil, "arn:aws:macie2:us-east-1:111122223333:*"},
		{"macie2:GetMember", "us-east-1", &macie2.GetMemberInput{Id: id}, "arn:aws:macie2:us-east-1:111122223333:member/444455556666"},
		{"macie2:CreateMember", "us-east-1", &macie2.CreateMemberInput{Account: &macie2.AccountDetail{AccountId: id}},
			"arn:aws:macie2:us-east-1:111122223333:member/444455556666"},
		{"macie2:TagResource", "us-east-1", &macie2.TagResourceInput{ResourceArn: macie2.Ptr("arn:aws:macie2:us-east-1:111122223333:allow-list/x")},
			"arn:aws:macie2:us-east-1:111122223333:allow-list/x"},
		{"macie2:TagResource", "us-east-1", &macie2.TagResourceInput{ResourceArn: macie2.Ptr("nonsense")}, "arn:aws:macie2:us-east-1:111122223333:*"},
		{"organizations:ListAccounts", "us-east-1", nil, "*"},
		{"magpie:GetHistory", "us-east-1", nil, "*"},
	} {
		call := &macie2.Call{Account: "111122223333", Region: c.region, Principal: macie2.Principal{ARN: "arn:aws:iam::111122223333:user/a", Policies: []string{"none"}}}
		err := a.Authorize(t.Context(), call, c.action, c.in)
		if err == nil || !strings.Contains(err.Error(), " is not authorized to perform: "+c.action+" on resource: "+c.want+" because ") {
			t.Errorf("%s: %v, want it to name %s", c.action, err, c.want)
		}
	}
}
