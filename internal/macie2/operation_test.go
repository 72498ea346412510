package macie2

import (
	"maps"
	"slices"
	"testing"
)

// TestResource: what a call is about is found in its input, also where that leaves things out.
func TestResource(t *testing.T) {
	for _, c := range []struct {
		operation string
		in        Input
		kind, id  string
	}{
		{"GetMember", &GetMemberInput{Id: Ptr("111122223333")}, "member", "111122223333"},
		{"GetMember", &GetMemberInput{}, "", ""},
		{"CreateMember", &CreateMemberInput{Account: &AccountDetail{AccountId: Ptr("111122223333")}}, "member", "111122223333"},
		{"CreateMember", &CreateMemberInput{Account: &AccountDetail{}}, "", ""},
		{"CreateMember", &CreateMemberInput{}, "", ""},
		{"DescribeClassificationJob", &DescribeClassificationJobInput{JobId: Ptr("j")}, "classification-job", "j"},
		{"TagResource", &TagResourceInput{ResourceArn: Ptr("arn")}, "", "arn"},
		{"ListMembers", &ListMembersInput{}, "", ""},
		{"GetMember", nil, "", ""},
	} {
		if kind, id := OperationNamed(c.operation).Resource(c.in); kind != c.kind || id != c.id {
			t.Errorf("%s %+v: %q, %q; want %q, %q", c.operation, c.in, kind, id, c.kind, c.id)
		}
	}
	for _, op := range Operations() {
		in := op.newInput()
		if _, id := op.Resource(in); id != "" {
			t.Errorf("%s finds %q in an empty input", op.Name, id)
		}
		if tags, keys := op.Tags(in); len(tags) > 0 || len(keys) > 0 {
			t.Errorf("%s finds tags in an empty input", op.Name)
		}
	}
	tags, _ := OperationNamed("TagResource").Tags(&TagResourceInput{Tags: map[string]string{"a": "b"}})
	_, keys := OperationNamed("UntagResource").Tags(&UntagResourceInput{TagKeys: []string{"a"}})
	if !maps.Equal(tags, map[string]string{"a": "b"}) || !slices.Equal(keys, []string{"a"}) {
		t.Errorf("tags %v, keys %v", tags, keys)
	}
}
