package clients

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// client speaks for an account, to look at what another client did.
func (e *endpoint) client(a account, region string) *macie2.Client {
	return macie2.New(macie2.Options{
		BaseEndpoint: &e.url,
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider(a.AccessKeyID, a.SecretAccessKey, ""),
	})
}

// startOver undoes what the speaking accounts have in a Region: an endpoint that
// somebody else runs may hold what an earlier conversation left, which then
// could not begin with nothing.
func (e *endpoint) startOver(t *testing.T, region string) {
	t.Helper()
	ctx := t.Context()
	speaking := slices.DeleteFunc(slices.Clone(speakers), func(role string) bool { return e.accounts[role].AccessKeyID == "" }) // some are optional
	for _, role := range speaking {
		c := e.client(e.accounts[role], region)
		if _, err := c.GetMacieSession(ctx, nil); err != nil {
			continue // nothing is left, or nothing can be done
		}
		_, err := c.DisassociateFromAdministratorAccount(ctx, nil)
		if _, ok := errors.AsType[*types.ValidationException](err); err != nil && !ok {
			t.Fatal(err)
		}
		all := &macie2.ListMembersInput{OnlyAssociated: aws.String("false")}
		for p := macie2.NewListMembersPaginator(c, all); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Members {
				if _, err := c.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: m.AccountId}); err != nil {
					t.Fatal(err)
				}
				if _, err := c.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: m.AccountId}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, role := range speaking {
		_, err := e.client(e.accounts[role], region).DisableMacie(ctx, nil)
		if _, ok := errors.AsType[*types.AccessDeniedException](err); err != nil && !ok {
			t.Fatal(err)
		}
	}
}
