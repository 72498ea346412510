package organizations

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
)

// SigningName is the service in the scope of signatures for Organizations.
const SigningName = "organizations"

const (
	targetPrefix = "AWSOrganizationsV20161128."
	jsonType     = "application/x-amz-json-1.1"
)

// Service answers requests to Organizations.
type Service struct {
	directory *identity.Organizations
	pages     *pagetoken.Issuer
}

var _ awsapi.Service = (*Service)(nil)

// New returns the service on a directory.
func New(directory *identity.Organizations, pages *pagetoken.Issuer) *Service {
	return &Service{directory, pages}
}

// caller is who asks, and what that is in its organization.
type caller struct {
	*macie2.Call
	identity.Standing
}

// operations are what there is, by name.
var operations = map[string]operation{
	"DescribeOrganization":                does(anybody, (*Service).describeOrganization),
	"DescribeAccount":                     does(delegates, (*Service).describeAccount),
	"ListAccounts":                        does(delegates, (*Service).listAccounts),
	"ListRoots":                           does(delegates, (*Service).listRoots),
	"ListAWSServiceAccessForOrganization": does(delegates, (*Service).listServiceAccess),
	"ListDelegatedAdministrators":         does(delegates, (*Service).listDelegatedAdministrators),
	"ListDelegatedServicesForAccount":     does(delegates, (*Service).listDelegatedServices),
	"EnableAWSServiceAccess":              does(management, (*Service).enableServiceAccess),
	"DisableAWSServiceAccess":             does(management, (*Service).disableServiceAccess),
	"RegisterDelegatedAdministrator":      does(management, (*Service).registerDelegate),
	"DeregisterDelegatedAdministrator":    does(management, (*Service).deregisterDelegate),
}

// notImplemented are the operations that Organizations has and Magpie has not; a name that is in
// neither list is the client's mistake.
var notImplemented = []string{
	"AcceptHandshake", "AttachPolicy", "CancelHandshake", "CloseAccount", "CreateAccount", "CreateGovCloudAccount", "CreateOrganization",
	"CreateOrganizationalUnit", "CreatePolicy", "DeclineHandshake", "DeleteOrganization", "DeleteOrganizationalUnit", "DeletePolicy",
	"DeleteResourcePolicy", "DescribeCreateAccountStatus", "DescribeEffectivePolicy", "DescribeHandshake", "DescribeOrganizationalUnit",
	"DescribePolicy", "DescribeResourcePolicy", "DescribeResponsibilityTransfer", "DetachPolicy", "DisablePolicyType", "EnableAllFeatures",
	"EnablePolicyType", "InviteAccountToOrganization", "InviteOrganizationToTransferResponsibility", "LeaveOrganization",
	"ListAccountsForParent", "ListAccountsWithInvalidEffectivePolicy", "ListChildren", "ListCreateAccountStatus",
	"ListEffectivePolicyValidationErrors", "ListHandshakesForAccount", "ListHandshakesForOrganization", "ListInboundResponsibilityTransfers",
	"ListOrganizationalUnitsForParent", "ListOutboundResponsibilityTransfers", "ListParents", "ListPolicies", "ListPoliciesForTarget",
	"ListTagsForResource", "ListTargetsForPolicy", "MoveAccount", "PutResourcePolicy", "RemoveAccountFromOrganization", "TagResource",
	"TerminateResponsibilityTransfer", "UntagResource", "UpdateOrganizationalUnit", "UpdatePolicy", "UpdateResponsibilityTransfer",
}

// access says which accounts of an organization may ask for an operation.
type access int

const (
	anybody    access = iota // in the organization
	delegates                // the management account and delegated administrators, in whatever service
	management               // the management account
)

// allows says whether an account that stands so may ask.
func (a access) allows(s identity.Standing) bool {
	return a == anybody || s.Managing() || a == delegates && s.Delegated
}

// operation is what answers one.
type operation struct {
	access access
	decode func(body []byte) (any, error)
	do     func(s *Service, ctx context.Context, c *caller, in any) (any, error)
}

// does makes an operation of a method with its input.
func does[In any](a access, do func(*Service, context.Context, *caller, *In) (any, error)) operation {
	return operation{
		access: a,
		decode: func(body []byte) (any, error) {
			in := new(In)
			return in, decode(body, in)
		},
		do: func(s *Service, ctx context.Context, c *caller, in any) (any, error) { return do(s, ctx, c, in.(*In)) },
	}
}

// target returns the operation that a request names.
func target(header http.Header) (name string, op operation, err error) {
	targets := header.Values("X-Amz-Target")
	if len(targets) != 1 {
		return "", operation{}, &macie2.Error{Code: macie2.UnknownOperationException, Message: "The request must name its operation in one header X-Amz-Target."}
	}
	name, ours := strings.CutPrefix(targets[0], targetPrefix)
	op, ok := operations[name]
	switch {
	case ours && ok:
		return name, op, nil
	case ours && slices.Contains(notImplemented, name):
		return "", operation{}, macie2.ErrNotImplemented(name)
	}
	return "", operation{}, &macie2.Error{Code: macie2.UnknownOperationException, Message: "Unknown operation: " + short(targets[0])}
}

// short is as much of a stranger's text as a message may repeat.
func short(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// Action implements awsapi.Service.
func (s *Service) Action(r *awsapi.ServiceRequest) (string, error) {
	name, _, err := target(r.Header)
	if err != nil {
		return "", err
	}
	return SigningName + ":" + name, nil
}

// Serve implements awsapi.Service.
func (s *Service) Serve(ctx context.Context, call *macie2.Call, r *awsapi.ServiceRequest) (*awsapi.Answer, error) {
	name, op, err := target(r.Header)
	if err != nil {
		return nil, err
	}
	in, err := op.decode(r.Body)
	if err != nil {
		return nil, err
	}
	out, err := s.answer(ctx, call, op, in)
	if err != nil {
		return nil, exception(err)
	}
	body, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode an answer to %s: %w", name, err)
	}
	return &awsapi.Answer{Status: http.StatusOK, ContentType: jsonType, Body: body}, nil
}

func (s *Service) answer(ctx context.Context, call *macie2.Call, op operation, in any) (any, error) {
	standing, err := s.directory.Standing(ctx, call.Account)
	if err != nil {
		return nil, err
	}
	if !op.access.allows(standing) {
		return nil, errNotAllowed()
	}
	return op.do(s, ctx, &caller{call, standing}, in)
}

// Refuse implements awsapi.Service.
func (s *Service) Refuse(err *macie2.Error, _ string) *awsapi.Answer {
	name := nameOf(err.Code)
	body, encodeErr := json.Marshal(refusal{Type: name, Message: err.Message, Reason: err.Reason}, jsontext.AllowInvalidUTF8(true))
	if encodeErr != nil { // three strings always encode
		panic(encodeErr)
	}
	return &awsapi.Answer{Status: status(name), ContentType: jsonType, Body: body, ErrorType: string(name)}
}
