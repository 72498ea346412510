package apitest

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// What a key may do is what its policies say, by action, resource, tags and circumstances, from the next call on and on every node.
func TestPermissions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		c.add(c.admin, memberID)
		c.add(c.admin, secondID)
		memberARN := func(id string) string { return "arn:aws:macie2:" + region + ":" + adminID + ":member/" + id }
		for _, id := range []string{memberID, secondID} {
			_, err := c.admin.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: aws.String(memberARN(id)), Tags: map[string]string{"team": id[:4]}})
			if err != nil {
				t.Fatal(err)
			}
		}
		with := func(policies ...string) *macie2.Client {
			return client(c.url, newKey(t, c.ids, adminID, policies...), region)
		}
		get := func(as *macie2.Client, id string) error {
			_, err := as.GetMember(ctx, &macie2.GetMemberInput{Id: &id})
			return err
		}
		denied := func(err error, why string) {
			t.Helper()
			wantCode(t, err, "AccessDeniedException")
			if err != nil && (!strings.Contains(err.Error(), "User: arn:aws:iam::"+adminID+":user/admin is not authorized to perform: macie2:") ||
				!strings.Contains(err.Error(), why)) {
				t.Errorf("worded as %v, without %s", err, why)
			}
		}
		implicit, explicit := "because no identity-based policy allows the ", "with an explicit deny in an identity-based policy"

		reader := with("AmazonMacieReadOnlyAccess")
		must(t)(nil, get(reader, memberID))
		_, err := reader.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{memberID}})
		denied(err, implicit+"macie2:CreateInvitations action")

		one := with(`{"Statement":{"Effect":"Allow","Action":"macie2:*","Resource":"` + memberARN(memberID) + `"}}`)
		must(t)(nil, get(one, memberID))
		denied(get(one, secondID), "on resource: "+memberARN(secondID)+" "+implicit)
		denied(get(one, "999999999999"), "on resource: "+memberARN("999999999999")+" "+implicit) // no hint of what exists
		_, err = one.ListMembers(ctx, &macie2.ListMembersInput{})
		denied(err, implicit)

		tagged := with(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"macie2:GetMember","Resource":"*",` +
			`"Condition":{"StringEquals":{"aws:ResourceTag/team":"` + memberID[:4] + `"}}}}`)
		must(t)(nil, get(tagged, memberID))
		denied(get(tagged, secondID), implicit)

		guarded := with("AdministratorAccess", `{"Version":"2012-10-17","Statement":[
			{"Effect":"Deny","Action":"macie2:TagResource","Resource":"*","Condition":{"ForAnyValue:StringNotLike":{"aws:TagKeys":"cost-*"}}},
			{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["127.0.0.0/8","::1"]}}},
			{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"`+region+`"}}}]}`)
		must(t)(nil, get(guarded, memberID))
		tag := func(key string) error {
			_, err := guarded.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: aws.String(memberARN(memberID)), Tags: map[string]string{key: "x"}})
			return err
		}
		must(t)(nil, tag("cost-centre"))
		denied(tag("team"), explicit)
		elsewhere := client(c.url, newKey(t, c.ids, adminID, "AdministratorAccess",
			`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"`+region+`"}}}}`), otherRegion)
		_, err = elsewhere.EnableMacie(ctx, &macie2.EnableMacieInput{Status: types.MacieStatusEnabled})
		denied(err, explicit)

		// What was deleted and can still be read is denied by its tags too.
		secret, err := c.admin.CreateCustomDataIdentifier(ctx, &macie2.CreateCustomDataIdentifierInput{Name: aws.String("secret"), Regex: aws.String("x[0-9]{9}"),
			Tags: map[string]string{"team": "secret"}})
		must(t)(nil, err)
		away := with("AdministratorAccess", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"macie2:GetCustomDataIdentifier","Resource":"*",`+
			`"Condition":{"StringEquals":{"aws:ResourceTag/team":"secret"}}}}`)
		read := func() error {
			_, err := away.GetCustomDataIdentifier(ctx, &macie2.GetCustomDataIdentifierInput{Id: secret.CustomDataIdentifierId})
			return err
		}
		denied(read(), explicit)
		_, err = c.admin.DeleteCustomDataIdentifier(ctx, &macie2.DeleteCustomDataIdentifierInput{Id: secret.CustomDataIdentifierId})
		must(t)(nil, err)
		denied(read(), explicit)

		// A change holds from the next call on.
		key := newKey(t, c.ids, adminID)
		changing := client(h.node().URL(), key, region)
		must(t)(nil, get(changing, memberID))
		beside := h.identity(h.open())
		if _, err := beside.ChangePolicies(ctx, key.AccessKeyID, func([]string) ([]string, error) { return nil, nil }); err != nil {
			t.Fatal(err)
		}
		denied(get(changing, memberID), implicit)
		_, err = beside.ChangePolicies(ctx, key.AccessKeyID, func([]string) ([]string, error) {
			return []string{`{"Statement":{"Effect":"Allow","Action":"macie2:Get*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"` +
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}}}}`}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		must(t)(nil, get(changing, memberID))
	})
}
