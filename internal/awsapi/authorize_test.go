package awsapi

import (
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

func TestPolicyNone(t *testing.T) {
	for _, c := range []struct {
		policies []string
		action   string
		allowed  bool
	}{
		{nil, "macie2:CreateInvitations", true},
		{[]string{"none"}, "macie2:CreateInvitations", false},
		{[]string{"none", "none"}, "magpie:GetHistory", false},
		{[]string{"none", "other"}, "macie2:CreateInvitations", true},
		{[]string{"none"}, "sts:GetCallerIdentity", true},
		{[]string{"none"}, "sts:AssumeRole", false},
	} {
		call := &macie2.Call{Principal: macie2.Principal{Policies: c.policies}}
		if err := (PolicyNone{}).Authorize(t.Context(), call, c.action, nil); (err == nil) != c.allowed {
			t.Errorf("%v %s: got %v", c.policies, c.action, err)
		}
	}
}

// TestStatuses holds that the signature's exceptions have one status, wherever
// it is written down.
func TestStatuses(t *testing.T) {
	for _, code := range []string{sigv4.CodeMissingToken, sigv4.CodeIncompleteSignature, sigv4.CodeInvalidSignature, sigv4.CodeMalformedQuery} {
		e := &sigv4.Error{Code: code}
		if got := visible(e).Code.HTTPStatus(); got != e.HTTPStatus() {
			t.Errorf("%s: %d here, %d there", code, got, e.HTTPStatus())
		}
	}
}
