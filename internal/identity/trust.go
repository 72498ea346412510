package identity

import (
	"magpie/internal/macie2"
	"magpie/internal/policy"
)

// trustQuestion is who asks for what.
type trustQuestion struct {
	Action         string // sts:AssumeRole
	Principal      macie2.Principal
	CallerRole     string // ARN of the role whose session asks; empty for users
	Role           string // ARN of the role that is asked for
	ExternalID     *string
	SourceIdentity *string
	Session        string // the name of the session to come
	Call           *macie2.Call
}

// TrustAccount is the trust policy which trusts the principals of one account,
// as far as their own permissions allow.
func TrustAccount(id macie2.AccountID) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + string(id) + `:root"},"Action":"sts:AssumeRole"}]}`
}

// request is the question as policies see it.
func (q trustQuestion) request() *policy.Request {
	r := &policy.Request{
		Action: q.Action, Resource: q.Role, Principal: q.Principal, RoleARN: q.CallerRole,
		Context: map[string][]string{"sts:rolesessionname": {q.Session}},
	}
	if q.Call != nil {
		r.Region, r.SourceIP, r.Now = q.Call.Region, q.Call.SourceIP, q.Call.Now
	}
	if q.ExternalID != nil {
		r.Context["sts:externalid"] = []string{*q.ExternalID}
	}
	if q.SourceIdentity != nil {
		r.Context["sts:sourceidentity"] = []string{*q.SourceIdentity}
	}
	return r
}

// trusts reports whether a trust policy allows what q asks. A document that cannot
// be read, which CreateRole refuses, allows nothing.
func trusts(document string, q trustQuestion) (bool, error) {
	d, err := policy.Parse(policy.Trust, document)
	if err != nil {
		return false, err
	}
	return policy.Evaluate([]*policy.Document{d}, q.request()).Effect == policy.Allow, nil
}

// permits reports whether the caller's own policies allow it.
func permits(q trustQuestion) (bool, error) {
	documents, err := policy.Attached(q.Principal.Policies)
	if err != nil {
		return false, err
	}
	return policy.Evaluate(documents, q.request()).Effect == policy.Allow, nil
}
