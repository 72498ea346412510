package awsapi

import (
	"context"

	"magpie/internal/macie2"
)

// PolicyNone is the simplest Authorizer: a principal whose policies are all
// called "none" may do nothing, any other everything. What needs no permission
// on AWS needs none here.
type PolicyNone struct{}

// Authorize implements Authorizer.
func (PolicyNone) Authorize(_ context.Context, call *macie2.Call, action string, _ macie2.Input) error {
	if len(call.Principal.Policies) == 0 || action == "sts:GetCallerIdentity" {
		return nil
	}
	for _, policy := range call.Principal.Policies {
		if policy != "none" {
			return nil
		}
	}
	return NotAuthorized(call, action, "*", false)
}

// NotAuthorized is the refusal of action on a resource in IAM's words. It says
// nothing of whether the resource exists.
func NotAuthorized(call *macie2.Call, action, resource string, explicit bool) *macie2.Error {
	why := "because no identity-based policy allows the " + action + " action"
	if explicit {
		why = "with an explicit deny in an identity-based policy"
	}
	return macie2.ErrAccessDenied("User: %s is not authorized to perform: %s on resource: %s %s", call.Principal.ARN, action, resource, why)
}
