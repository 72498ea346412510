package organizations

import (
	"context"
	"slices"
	"strconv"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
)

// epoch is a time as JSON 1.1 has it: seconds since 1970, with a fraction.
type epoch time.Time

// MarshalJSON implements json.Marshaler.
func (t epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', -1, 64), nil
}

// organization is the reference's Organization.
type organization struct {
	ID                   string `json:"Id"`
	ARN                  string `json:"Arn"`
	FeatureSet           string
	MasterAccountARN     string       `json:"MasterAccountArn"`
	MasterAccountID      string       `json:"MasterAccountId"`
	MasterAccountEmail   string       `json:"MasterAccountEmail"`
	AvailablePolicyTypes []policyType // none, see root
}

// root is the reference's Root. An organization has one, and all accounts are right below it.
type root struct {
	ID          string `json:"Id"`
	ARN         string `json:"Arn"`
	Name        string
	PolicyTypes []policyType // none: there are no policies that could be attached
}

type policyType struct{ Type, Status string }

// account is the reference's Account. It has Status, which AWS has announced to retire, for the
// clients that read that.
type account struct {
	ID              string `json:"Id"`
	ARN             string `json:"Arn"`
	Email           string
	Name            string
	Status          string
	State           string
	JoinedMethod    string
	JoinedTimestamp epoch
}

// delegatedAdministrator is the reference's DelegatedAdministrator.
type delegatedAdministrator struct {
	account
	DelegationEnabledDate epoch
}

func arn(o identity.Organization, kind, rest string) string {
	s := "arn:aws:organizations::" + string(o.Management) + ":" + kind + "/" + string(o.ID)
	if rest != "" {
		s += "/" + rest
	}
	return s
}

func accountOf(o identity.Organization, a identity.OrganizationAccount) account {
	out := account{ID: string(a.ID), ARN: arn(o, "account", string(a.ID)), Email: a.Email, Name: a.Name, Status: "ACTIVE", State: "ACTIVE",
		JoinedMethod: "INVITED", JoinedTimestamp: epoch(a.JoinedAt)}
	switch a.Account.Status {
	case identity.AccountSuspended:
		out.Status, out.State = "SUSPENDED", "SUSPENDED"
	case identity.AccountClosed:
		out.Status, out.State = "SUSPENDED", "CLOSED"
	}
	return out
}

func (s *Service) describeOrganization(ctx context.Context, c *caller, _ *nothing) (any, error) {
	o := c.Organization
	a, err := s.directory.OrganizationAccount(ctx, o.ID, o.Management)
	if err != nil {
		return nil, err
	}
	type output struct{ Organization organization }
	return output{organization{ID: string(o.ID), ARN: arn(o, "organization", ""), FeatureSet: "ALL",
		MasterAccountARN: arn(o, "account", string(o.Management)), MasterAccountID: string(o.Management), MasterAccountEmail: a.Email}}, nil
}

func (s *Service) describeAccount(ctx context.Context, c *caller, in *accountInput) (any, error) {
	id, err := in.account()
	if err != nil {
		return nil, err
	}
	a, err := s.directory.OrganizationAccount(ctx, c.ID, id)
	if err != nil {
		return nil, err
	}
	type output struct{ Account account }
	return output{accountOf(c.Organization, a)}, nil
}

func (s *Service) listAccounts(ctx context.Context, c *caller, in *pageInput) (any, error) {
	p, err := s.page(c, *in, "ListAccounts", "")
	if err != nil {
		return nil, err
	}
	list, err := s.directory.OrganizationAccounts(ctx, c.ID, macie2.AccountID(p.Key(0)), int(p.Limit()))
	if err != nil {
		return nil, err
	}
	list, next := cut(p, list, func(a identity.OrganizationAccount) string { return string(a.ID) })
	var out struct {
		Accounts  []account
		NextToken *string `json:",omitzero"`
	}
	out.NextToken = next
	for _, a := range list {
		out.Accounts = append(out.Accounts, accountOf(c.Organization, a))
	}
	return out, nil
}

func (s *Service) listRoots(_ context.Context, c *caller, in *pageInput) (any, error) {
	if _, err := s.page(c, *in, "ListRoots", ""); err != nil {
		return nil, err
	}
	// An organization id is "o-" and ten characters or more; nothing else asks for a root's id to
	// be unique beyond its organization.
	id := "r-" + string(c.ID[2:6])
	type output struct{ Roots []root }
	return output{[]root{{ID: id, ARN: arn(c.Organization, "root", id), Name: "Root"}}}, nil
}

func (s *Service) listServiceAccess(ctx context.Context, c *caller, in *pageInput) (any, error) {
	p, err := s.page(c, *in, "ListAWSServiceAccessForOrganization", "")
	if err != nil {
		return nil, err
	}
	list, err := s.directory.ServiceAccesses(ctx, c.ID) // as many as identity.MaxServices
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(x identity.ServiceAccess) bool { return string(x.Service) <= p.Key(0) })
	list, next := cut(p, list, func(x identity.ServiceAccess) string { return string(x.Service) })
	type enabled struct {
		ServicePrincipal string
		DateEnabled      epoch
	}
	var out struct {
		EnabledServicePrincipals []enabled
		NextToken                *string `json:",omitzero"`
	}
	out.NextToken = next
	for _, x := range list {
		out.EnabledServicePrincipals = append(out.EnabledServicePrincipals, enabled{string(x.Service), epoch(x.EnabledAt)})
	}
	return out, nil
}

func (s *Service) listDelegatedAdministrators(ctx context.Context, c *caller, in *servicePageInput) (any, error) {
	service, err := in.service()
	if err != nil {
		return nil, err
	}
	p, err := s.page(c, in.pageInput, "ListDelegatedAdministrators", string(service))
	if err != nil {
		return nil, err
	}
	list, err := s.directory.DelegatedAccounts(ctx, c.ID, service, macie2.AccountID(p.Key(0)), int(p.Limit()))
	if err != nil {
		return nil, err
	}
	list, next := cut(p, list, func(a identity.DelegatedAccount) string { return string(a.ID) })
	var out struct {
		DelegatedAdministrators []delegatedAdministrator
		NextToken               *string `json:",omitzero"`
	}
	out.NextToken = next
	for _, a := range list {
		out.DelegatedAdministrators = append(out.DelegatedAdministrators,
			delegatedAdministrator{accountOf(c.Organization, a.OrganizationAccount), epoch(a.DelegatedAt)})
	}
	return out, nil
}

func (s *Service) listDelegatedServices(ctx context.Context, c *caller, in *accountPageInput) (any, error) {
	id, err := in.account()
	if err != nil {
		return nil, err
	}
	p, err := s.page(c, in.pageInput, "ListDelegatedServicesForAccount", string(id))
	if err != nil {
		return nil, err
	}
	list, err := s.directory.DelegationsOf(ctx, c.ID, id)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(x identity.Delegate) bool { return string(x.Service) <= p.Key(0) })
	list, next := cut(p, list, func(x identity.Delegate) string { return string(x.Service) })
	type delegated struct {
		ServicePrincipal      string
		DelegationEnabledDate epoch
	}
	var out struct {
		DelegatedServices []delegated
		NextToken         *string `json:",omitzero"`
	}
	out.NextToken = next
	for _, x := range list {
		out.DelegatedServices = append(out.DelegatedServices, delegated{string(x.Service), epoch(x.DelegatedAt)})
	}
	return out, nil
}
