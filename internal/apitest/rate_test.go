package apitest

import (
	"errors"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A call above its rate is refused with what SDKs wait for, and has no effect; others' calls, other Regions and other actions go on.
func TestRate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.config.Rates = []string{"CreateMember=0.001:2"}
		c := h.play()
		c.enable(c.admin, c.rival)
		create := func(x *macie2.Client, id string) error {
			_, err := x.CreateMember(t.Context(), &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: &id, Email: aws.String(address(id))}})
			return err
		}
		for _, id := range []string{memberID, secondID} {
			must(t)(nil, create(c.admin, id))
		}
		err := create(c.admin, "555566667777")
		var throttled *types.ThrottlingException
		var response *smithyhttp.ResponseError
		if !errors.As(err, &throttled) || !errors.As(err, &response) || response.HTTPStatusCode() != 429 {
			t.Fatalf("the third is answered %v", err)
		}
		if after, err := strconv.Atoi(response.Response.Header.Get("Retry-After")); err != nil || after < 990 || after > 1000 {
			t.Errorf("Retry-After is %d, %v; want nearly 1000 s", after, err)
		}
		out, err := c.admin.ListMembers(t.Context(), &macie2.ListMembersInput{OnlyAssociated: aws.String("false")})
		if err != nil || len(out.Members) != 2 {
			t.Errorf("%d members, %v", len(out.Members), err)
		}
		must(t)(nil, create(c.rival, memberID))
		must(t)(c.in(otherRegion, adminID).EnableMacie(t.Context(), &macie2.EnableMacieInput{}))
		must(t)(nil, create(c.in(otherRegion, adminID), memberID))
	})
}
