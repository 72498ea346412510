package organizations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/sigv4"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	managementID = macie2.AccountID("111122223333")
	securityID   = macie2.AccountID("222233334444") // becomes a delegated administrator
	memberID     = macie2.AccountID("333344445555")
	outsiderID   = macie2.AccountID("999900001111") // in no organization

	macie  = "macie.amazonaws.com"
	config = "config.amazonaws.com"
)

// authenticator asks the identity service, as the server does.
type authenticator struct{ *identity.Service }

func (a authenticator) Authenticate(ctx context.Context, sig *sigv4.Signature, now time.Time) (*awsapi.Identity, error) {
	c, err := a.Resolve(ctx, sig.AccessKeyID, sig.SecurityToken, now)
	if err != nil {
		return nil, err
	}
	out := &awsapi.Identity{Principal: c.Principal, Key: c.SigningKey(sig.Date, sig.Region, sig.Service)}
	if c.Suspended {
		out.Refusal = macie2.ErrSuspended(c.Principal.Account)
	}
	return out, nil
}

// throttler refuses those in slow.
type throttler struct{ slow map[macie2.AccountID]bool }

func (x throttler) Allow(call *macie2.Call, _ string) (time.Duration, bool) {
	return time.Second, !x.slow[call.Account]
}

// endpoint is Organizations on a socket, with an organization of three accounts, and a fourth
// account.
type endpoint struct {
	t        *testing.T
	url      string
	db       *store.DB
	identity *identity.Service
	org      identity.Organization
	keys     map[macie2.AccountID]aws.Credentials
	slow     map[macie2.AccountID]bool
}

func each(t *testing.T, fn func(t *testing.T, e *endpoint)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		ctx := t.Context()
		e := &endpoint{t: t, db: open(), keys: map[macie2.AccountID]aws.Credentials{}, slow: map[macie2.AccountID]bool{}}
		var err error
		if e.identity, err = identity.Open(ctx, e.db, identity.NewMasterKey(), identity.Options{}); err != nil {
			t.Fatal(err)
		}
		for id, name := range map[macie2.AccountID]string{managementID: "Management", securityID: "Security", memberID: "Data", outsiderID: ""} {
			if _, err := e.identity.CreateAccount(ctx, id, string(id)+"@example.com", name, time.Now()); err != nil {
				t.Fatal(err)
			}
			e.keys[id] = e.newKey(id, "admin")
		}
		if e.org, err = e.identity.CreateOrganization(ctx, managementID, time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := e.identity.AddToOrganization(ctx, managementID, []macie2.AccountID{securityID, memberID}, time.Now()); err != nil {
			t.Fatal(err)
		}
		edge := awsapi.New(awsapi.Options{Registry: macie2.NewRegistry(), Authenticator: authenticator{e.identity}, Throttler: throttler{e.slow}})
		edge.HandleService(SigningName, New(e.identity.Organizations, pagetoken.New([]byte("0123456789abcdef"))))
		server := httptest.NewServer(edge)
		t.Cleanup(server.Close)
		e.url = server.URL
		fn(t, e)
	})
}

func (e *endpoint) newKey(id macie2.AccountID, user string, policies ...string) aws.Credentials {
	e.t.Helper()
	key, secret, err := e.identity.CreateKey(e.t.Context(), id, user, policies, time.Now())
	if err != nil {
		e.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}
}

func (e *endpoint) with(c aws.Credentials) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &e.url, Region: "us-east-1", Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	})
}

func (e *endpoint) as(id macie2.AccountID) *sdk.Client { return e.with(e.keys[id]) }

// delegate makes an account a delegated administrator, with the trust that it takes.
func (e *endpoint) delegate(id macie2.AccountID, service string) {
	e.t.Helper()
	ctx := e.t.Context()
	if _, err := e.as(managementID).EnableAWSServiceAccess(ctx, &sdk.EnableAWSServiceAccessInput{ServicePrincipal: &service}); err != nil {
		e.t.Fatal(err)
	}
	if _, err := e.as(managementID).RegisterDelegatedAdministrator(ctx, &sdk.RegisterDelegatedAdministratorInput{AccountId: aws.String(string(id)), ServicePrincipal: &service}); err != nil {
		e.t.Fatal(err)
	}
}

// many adds n accounts to the organization, 500000000000 and following.
func (e *endpoint) many(n int) []macie2.AccountID {
	e.t.Helper()
	var ids []macie2.AccountID
	for i := range n {
		id := macie2.AccountID(fmt.Sprintf("5%011d", i))
		if _, err := e.identity.CreateAccount(e.t.Context(), id, string(id)+"@example.com", "", time.Now()); err != nil {
			e.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if added, err := e.identity.AddToOrganization(e.t.Context(), managementID, ids, time.Now()); err != nil || added != n {
		e.t.Fatal(added, err)
	}
	return ids
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantRefusal asserts what the SDK makes of an error.
func wantRefusal(t *testing.T, err error, code, reason, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.HasPrefix(e.ErrorMessage(), message) {
		t.Errorf("got %v; want %s: %s", err, code, message)
		return
	}
	got := ""
	var constraint *types.ConstraintViolationException
	var input *types.InvalidInputException
	switch {
	case errors.As(err, &constraint):
		got = string(constraint.Reason)
	case errors.As(err, &input):
		got = string(input.Reason)
	}
	if got != reason {
		t.Errorf("%s has the reason %q, want %q", code, got, reason)
	}
}

// wantStatus asserts the HTTP status of an answer.
func wantStatus(t *testing.T, err error, want int) {
	t.Helper()
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != want {
		t.Errorf("%v has the wrong status, want %d", err, want)
	}
}

// now reports whether a time is that of this test.
func now(at *time.Time) bool {
	return at != nil && time.Since(*at) < time.Minute && time.Until(*at) < time.Second
}

func TestDescribe(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		id, arn := string(e.org.ID), "arn:aws:organizations::111122223333:"
		if !regexp.MustCompile(`^o-[a-z0-9]{10}$`).MatchString(id) {
			t.Errorf("the organization is %s", id)
		}
		for _, caller := range []macie2.AccountID{managementID, securityID, memberID} {
			o := must[*sdk.DescribeOrganizationOutput](t)(e.as(caller).DescribeOrganization(ctx, nil)).Organization
			if *o.Id != id || *o.Arn != arn+"organization/"+id || o.FeatureSet != types.OrganizationFeatureSetAll || *o.MasterAccountId != "111122223333" ||
				*o.MasterAccountArn != arn+"account/"+id+"/111122223333" || *o.MasterAccountEmail != "111122223333@example.com" || o.AvailablePolicyTypes == nil || len(o.AvailablePolicyTypes) != 0 {
				t.Errorf("to %s it is %+v", caller, *o)
			}
		}
		roots := must[*sdk.ListRootsOutput](t)(e.as(managementID).ListRoots(ctx, nil))
		if len(roots.Roots) != 1 || roots.NextToken != nil {
			t.Fatalf("%+v", roots)
		}
		r := roots.Roots[0]
		if !regexp.MustCompile(`^r-[a-z0-9]{4}$`).MatchString(*r.Id) || *r.Arn != arn+"root/"+id+"/"+*r.Id || *r.Name != "Root" || r.PolicyTypes == nil || len(r.PolicyTypes) != 0 {
			t.Errorf("%+v", r)
		}
		again := must[*sdk.ListRootsOutput](t)(e.as(managementID).ListRoots(ctx, &sdk.ListRootsInput{MaxResults: aws.Int32(1)}))
		if *again.Roots[0].Id != *r.Id {
			t.Errorf("the root is %s, and then %s", *r.Id, *again.Roots[0].Id)
		}

		describe := func() types.Account {
			return *must[*sdk.DescribeAccountOutput](t)(e.as(managementID).DescribeAccount(ctx, &sdk.DescribeAccountInput{AccountId: aws.String(string(memberID))})).Account
		}
		a := describe()
		if *a.Id != "333344445555" || *a.Arn != arn+"account/"+id+"/333344445555" || *a.Email != "333344445555@example.com" || *a.Name != "Data" ||
			a.Status != types.AccountStatusActive || a.State != types.AccountStateActive || a.JoinedMethod != types.AccountJoinedMethodInvited || !now(a.JoinedTimestamp) {
			t.Errorf("%+v", a)
		}
		must[identity.Account](t)(e.identity.SuspendAccount(ctx, memberID, time.Now()))
		if a := describe(); a.Status != types.AccountStatusSuspended || a.State != types.AccountStateSuspended {
			t.Errorf("suspended, it is %s, %s", a.Status, a.State)
		}
		must[identity.Account](t)(e.identity.CloseAccount(ctx, memberID, time.Now()))
		if a := describe(); a.Status != types.AccountStatusSuspended || a.State != types.AccountStateClosed {
			t.Errorf("closed, it is %s, %s", a.Status, a.State)
		}
	})
}

// The SDK's own paginators see every entry once, in order.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		want := append([]macie2.AccountID{managementID, securityID, memberID}, e.many(45)...)
		var got []macie2.AccountID
		var sizes []int
		for p := sdk.NewListAccountsPaginator(e.as(managementID), &sdk.ListAccountsInput{}); p.HasMorePages(); {
			out := must[*sdk.ListAccountsOutput](t)(p.NextPage(ctx))
			sizes = append(sizes, len(out.Accounts))
			for _, a := range out.Accounts {
				got = append(got, macie2.AccountID(*a.Id))
			}
		}
		if !slices.Equal(got, want) || !slices.Equal(sizes, []int{20, 20, 8}) {
			t.Errorf("pages of %v with %v", sizes, got)
		}
		// A page ends where the list does: 48 in pages of 16, with no empty one behind them.
		calls := 0
		for p := sdk.NewListAccountsPaginator(e.as(managementID), &sdk.ListAccountsInput{MaxResults: aws.Int32(16)}); p.HasMorePages(); calls++ {
			must[*sdk.ListAccountsOutput](t)(p.NextPage(ctx))
		}
		if calls != 3 {
			t.Errorf("%d pages", calls)
		}

		var services []string
		for i := range 23 {
			services = append(services, fmt.Sprintf("service-%02d.amazonaws.com", i))
			e.delegate(want[i%3+1], services[i])
		}
		got = nil
		for p := sdk.NewListDelegatedAdministratorsPaginator(e.as(managementID), &sdk.ListDelegatedAdministratorsInput{MaxResults: aws.Int32(2)}); p.HasMorePages(); {
			for _, a := range must[*sdk.ListDelegatedAdministratorsOutput](t)(p.NextPage(ctx)).DelegatedAdministrators {
				got = append(got, macie2.AccountID(*a.Id))
			}
		}
		if !slices.Equal(got, want[1:4]) {
			t.Errorf("delegated administrators: %v", got)
		}
		var names []string
		for p := sdk.NewListAWSServiceAccessForOrganizationPaginator(e.as(managementID), nil); p.HasMorePages(); {
			for _, x := range must[*sdk.ListAWSServiceAccessForOrganizationOutput](t)(p.NextPage(ctx)).EnabledServicePrincipals {
				if names = append(names, *x.ServicePrincipal); !now(x.DateEnabled) {
					t.Errorf("%s is trusted since %v", *x.ServicePrincipal, x.DateEnabled)
				}
			}
		}
		if !slices.Equal(names, services) {
			t.Errorf("services: %v", names)
		}
		names = nil
		input := &sdk.ListDelegatedServicesForAccountInput{AccountId: aws.String(string(securityID)), MaxResults: aws.Int32(3)}
		for p := sdk.NewListDelegatedServicesForAccountPaginator(e.as(managementID), input); p.HasMorePages(); {
			for _, x := range must[*sdk.ListDelegatedServicesForAccountOutput](t)(p.NextPage(ctx)).DelegatedServices {
				names = append(names, *x.ServicePrincipal)
			}
		}
		if len(names) != 8 || names[0] != services[0] || names[7] != services[21] {
			t.Errorf("services of %s: %v", securityID, names)
		}

		// A token is good for its list alone.
		first := must[*sdk.ListAccountsOutput](t)(e.as(managementID).ListAccounts(ctx, nil))
		const text = "Get the value for the NextToken parameter from the response to a previous call of the operation."
		for what, try := range map[string]func() error{
			"altered": func() error {
				_, err := e.as(managementID).ListAccounts(ctx, &sdk.ListAccountsInput{NextToken: aws.String(*first.NextToken + "A")})
				return err
			},
			"empty": func() error {
				_, err := e.as(managementID).ListAccounts(ctx, &sdk.ListAccountsInput{NextToken: aws.String("")})
				return err
			},
			"of another caller": func() error {
				_, err := e.as(securityID).ListAccounts(ctx, &sdk.ListAccountsInput{NextToken: first.NextToken})
				return err
			},
			"of another list": func() error {
				_, err := e.as(managementID).ListRoots(ctx, &sdk.ListRootsInput{NextToken: first.NextToken})
				return err
			},
		} {
			t.Log(what)
			wantRefusal(t, try(), "InvalidInputException", "INVALID_NEXT_TOKEN", text)
		}
		elsewhere := sdk.New(e.as(managementID).Options(), func(o *sdk.Options) { o.Region = "eu-west-1" })
		if out := must[*sdk.ListAccountsOutput](t)(elsewhere.ListAccounts(ctx, &sdk.ListAccountsInput{NextToken: first.NextToken})); *out.Accounts[0].Id != string(want[20]) {
			t.Errorf("in another Region the next page begins with %s", *out.Accounts[0].Id)
		}
	})
}

func TestDelegatedAdministrators(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		boss := e.as(managementID)
		services := func() (list []string) {
			for _, x := range must[*sdk.ListAWSServiceAccessForOrganizationOutput](t)(boss.ListAWSServiceAccessForOrganization(ctx, nil)).EnabledServicePrincipals {
				list = append(list, *x.ServicePrincipal)
			}
			return list
		}
		administrators := func(service *string) (list []string) {
			out := must[*sdk.ListDelegatedAdministratorsOutput](t)(boss.ListDelegatedAdministrators(ctx, &sdk.ListDelegatedAdministratorsInput{ServicePrincipal: service}))
			for _, x := range out.DelegatedAdministrators {
				list = append(list, *x.Id)
			}
			return list
		}
		if list := services(); list != nil {
			t.Errorf("at first it trusts %v", list)
		}
		e.delegate(securityID, macie)
		e.delegate(securityID, config)
		e.delegate(memberID, config)
		if got := services(); !slices.Equal(got, []string{config, macie}) {
			t.Errorf("it trusts %v", got)
		}
		if got := administrators(nil); !slices.Equal(got, []string{"222233334444", "333344445555"}) {
			t.Errorf("administrators: %v", got)
		}
		if got := administrators(aws.String(macie)); !slices.Equal(got, []string{"222233334444"}) {
			t.Errorf("administrators of Macie: %v", got)
		}
		if got := administrators(aws.String("guardduty.amazonaws.com")); got != nil {
			t.Errorf("administrators of nothing: %v", got)
		}
		a := must[*sdk.ListDelegatedAdministratorsOutput](t)(boss.ListDelegatedAdministrators(ctx, nil)).DelegatedAdministrators[0]
		if *a.Arn != "arn:aws:organizations::111122223333:account/"+string(e.org.ID)+"/222233334444" || *a.Email != "222233334444@example.com" || *a.Name != "Security" ||
			a.Status != types.AccountStatusActive || a.State != types.AccountStateActive || a.JoinedMethod != types.AccountJoinedMethodInvited || !now(a.JoinedTimestamp) || !now(a.DelegationEnabledDate) {
			t.Errorf("%+v", a)
		}
		of := must[*sdk.ListDelegatedServicesForAccountOutput](t)(boss.ListDelegatedServicesForAccount(ctx, &sdk.ListDelegatedServicesForAccountInput{AccountId: aws.String(string(securityID))}))
		if len(of.DelegatedServices) != 2 || *of.DelegatedServices[0].ServicePrincipal != config || !now(of.DelegatedServices[1].DelegationEnabledDate) {
			t.Errorf("%+v", of.DelegatedServices)
		}

		must[*sdk.DeregisterDelegatedAdministratorOutput](t)(boss.DeregisterDelegatedAdministrator(ctx, &sdk.DeregisterDelegatedAdministratorInput{AccountId: aws.String(string(memberID)), ServicePrincipal: aws.String(config)}))
		if got := administrators(nil); !slices.Equal(got, []string{"222233334444"}) {
			t.Errorf("administrators: %v", got)
		}
		// The end of the trust is the end of what stands on it; ending it again is no mistake.
		for range 2 {
			must[*sdk.DisableAWSServiceAccessOutput](t)(boss.DisableAWSServiceAccess(ctx, &sdk.DisableAWSServiceAccessInput{ServicePrincipal: aws.String(macie)}))
		}
		if got, trusted := administrators(aws.String(macie)), services(); got != nil || !slices.Equal(trusted, []string{config}) {
			t.Errorf("administrators of Macie: %v, of %v", got, trusted)
		}
	})
}

// Who may ask for what.
func TestAccess(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		id := aws.String(string(securityID))
		asks := map[string]struct {
			by  access
			ask func(c *sdk.Client) error
		}{
			"DescribeOrganization": {anybody, func(c *sdk.Client) error { _, err := c.DescribeOrganization(ctx, nil); return err }},
			"DescribeAccount": {delegates, func(c *sdk.Client) error {
				_, err := c.DescribeAccount(ctx, &sdk.DescribeAccountInput{AccountId: id})
				return err
			}},
			"ListAccounts": {delegates, func(c *sdk.Client) error { _, err := c.ListAccounts(ctx, nil); return err }},
			"ListRoots":    {delegates, func(c *sdk.Client) error { _, err := c.ListRoots(ctx, nil); return err }},
			"ListAWSServiceAccessForOrganization": {delegates, func(c *sdk.Client) error {
				_, err := c.ListAWSServiceAccessForOrganization(ctx, nil)
				return err
			}},
			"ListDelegatedAdministrators": {delegates, func(c *sdk.Client) error { _, err := c.ListDelegatedAdministrators(ctx, nil); return err }},
			"ListDelegatedServicesForAccount": {delegates, func(c *sdk.Client) error {
				_, err := c.ListDelegatedServicesForAccount(ctx, &sdk.ListDelegatedServicesForAccountInput{AccountId: id})
				return err
			}},
			"EnableAWSServiceAccess": {management, func(c *sdk.Client) error {
				_, err := c.EnableAWSServiceAccess(ctx, &sdk.EnableAWSServiceAccessInput{ServicePrincipal: aws.String(config)})
				return err
			}},
			"DisableAWSServiceAccess": {management, func(c *sdk.Client) error {
				_, err := c.DisableAWSServiceAccess(ctx, &sdk.DisableAWSServiceAccessInput{ServicePrincipal: aws.String(config)})
				return err
			}},
			"RegisterDelegatedAdministrator": {management, func(c *sdk.Client) error {
				_, err := c.RegisterDelegatedAdministrator(ctx, &sdk.RegisterDelegatedAdministratorInput{AccountId: aws.String(string(memberID)), ServicePrincipal: aws.String(macie)})
				return err
			}},
			"DeregisterDelegatedAdministrator": {management, func(c *sdk.Client) error {
				_, err := c.DeregisterDelegatedAdministrator(ctx, &sdk.DeregisterDelegatedAdministratorInput{AccountId: id, ServicePrincipal: aws.String(macie)})
				return err
			}},
		}
		if len(asks) != len(operations) {
			t.Errorf("%d operations of %d are asked for", len(asks), len(operations))
		}
		e.delegate(securityID, macie)
		const denied, outside = "You don't have permissions to access this resource.", "Your account is not a member of an organization."
		nobody := e.with(e.newKey(managementID, "nobody", identity.PolicyNone))
		for name, x := range asks {
			wantRefusal(t, x.ask(e.as(outsiderID)), "AWSOrganizationsNotInUseException", "", outside)
			wantRefusal(t, x.ask(nobody), "AccessDeniedException", "", "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: organizations:"+name+" on resource: *")
			if x.by == anybody {
				must[any](t)(nil, x.ask(e.as(memberID)))
			} else {
				wantRefusal(t, x.ask(e.as(memberID)), "AccessDeniedException", "", denied)
			}
			if x.by == management {
				wantRefusal(t, x.ask(e.as(securityID)), "AccessDeniedException", "", denied)
			} else {
				must[any](t)(nil, x.ask(e.as(securityID)))
				must[any](t)(nil, x.ask(e.as(managementID)))
			}
		}
		for _, name := range []string{"RegisterDelegatedAdministrator", "DeregisterDelegatedAdministrator", "EnableAWSServiceAccess", "DisableAWSServiceAccess"} {
			must[any](t)(nil, asks[name].ask(e.as(managementID)))
		}
		wantRefusal(t, asks["ListAccounts"].ask(e.as(securityID)), "AccessDeniedException", "", denied)
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		boss := e.as(managementID)
		register := func(id macie2.AccountID, service string) error {
			_, err := boss.RegisterDelegatedAdministrator(ctx, &sdk.RegisterDelegatedAdministratorInput{AccountId: aws.String(string(id)), ServicePrincipal: &service})
			return err
		}
		deregister := func(id macie2.AccountID, service string) error {
			_, err := boss.DeregisterDelegatedAdministrator(ctx, &sdk.DeregisterDelegatedAdministratorInput{AccountId: aws.String(string(id)), ServicePrincipal: &service})
			return err
		}
		describe := func(id string) error {
			_, err := boss.DescribeAccount(ctx, &sdk.DescribeAccountInput{AccountId: &id})
			return err
		}
		enable := func(service string) error {
			_, err := boss.EnableAWSServiceAccess(ctx, &sdk.EnableAWSServiceAccessInput{ServicePrincipal: &service})
			return err
		}
		list := func(n int32) error {
			_, err := boss.ListAccounts(ctx, &sdk.ListAccountsInput{MaxResults: &n})
			return err
		}
		servicesOf := func(id macie2.AccountID) error {
			_, err := boss.ListDelegatedServicesForAccount(ctx, &sdk.ListDelegatedServicesForAccountInput{AccountId: aws.String(string(id))})
			return err
		}
		const (
			unknown      = "You specified an account that doesn't exist."
			unregistered = "The provided account is not a registered delegated administrator for your organization."
			pattern      = "You provided a value that does not match the required pattern."
			unrecognized = "You specified an unrecognized service principal."
		)
		wantRefusal(t, register(securityID, macie), "ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED", "You attempted to register a delegated administrator before you enabled service access.")
		e.delegate(securityID, macie)
		wantRefusal(t, register(securityID, macie), "AccountAlreadyRegisteredException", "", "The provided account is already a delegated administrator for your organization.")
		wantRefusal(t, register(managementID, macie), "ConstraintViolationException", "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", "You cannot register management account/yourself as delegated administrator for your organization.")
		wantRefusal(t, register(outsiderID, macie), "AccountNotFoundException", "", unknown)
		wantRefusal(t, register("000000000001", macie), "AccountNotFoundException", "", unknown)
		wantRefusal(t, deregister(outsiderID, macie), "AccountNotFoundException", "", unknown)
		wantRefusal(t, deregister(memberID, macie), "AccountNotRegisteredException", "", unregistered)
		wantRefusal(t, deregister(securityID, config), "AccountNotRegisteredException", "", unregistered)
		wantRefusal(t, deregister(managementID, macie), "AccountNotRegisteredException", "", unregistered)
		wantRefusal(t, servicesOf(memberID), "AccountNotRegisteredException", "", unregistered)
		wantRefusal(t, servicesOf(outsiderID), "AccountNotFoundException", "", unknown)
		wantRefusal(t, describe(string(outsiderID)), "AccountNotFoundException", "", unknown)

		for _, id := range []string{"", "1", "11112222333a", "1111222233334", "１１１１２２２２３３３３"} {
			wantRefusal(t, describe(id), "InvalidInputException", "INVALID_PATTERN", pattern)
		}
		wantRefusal(t, enable(""), "InvalidInputException", "MIN_LENGTH_EXCEEDED", "You provided a string parameter that is shorter than allowed.")
		wantRefusal(t, enable(strings.Repeat("a", 128)+".amazonaws.com"), "InvalidInputException", "MAX_LENGTH_EXCEEDED", "You provided a string parameter that is longer than allowed.")
		for _, name := range []string{"macie amazonaws.com", "macie.amazonaws.com\n", "<script>", "македония.amazonaws.com", "a\x00.amazonaws.com"} {
			wantRefusal(t, enable(name), "InvalidInputException", "INVALID_PATTERN", pattern)
		}
		for _, name := range []string{"macie", "amazonaws.com", ".amazonaws.com", "macie.example.com", "MACIE.amazonaws.com", "-.amazonaws.com", "a..amazonaws.com", "macie.amazonaws.com.example.com"} {
			wantRefusal(t, enable(name), "InvalidInputException", "UNRECOGNIZED_SERVICE_PRINCIPAL", unrecognized)
		}
		must[any](t)(nil, enable("member.org.stacksets.cloudformation.amazonaws.com"))
		for _, n := range []int32{0, -1, -1 << 31} {
			wantRefusal(t, list(n), "InvalidInputException", "MIN_VALUE_EXCEEDED", "You provided a numeric parameter that has a smaller value than allowed.")
		}
		for _, n := range []int32{21, 1<<31 - 1} {
			wantRefusal(t, list(n), "InvalidInputException", "MAX_VALUE_EXCEEDED", "You provided a numeric parameter that has a larger value than allowed.")
		}

		must[identity.Account](t)(e.identity.SuspendAccount(ctx, memberID, time.Now()))
		const suspended = "You cannot register a suspended account as a delegated administrator."
		wantRefusal(t, register(memberID, macie), "ConstraintViolationException", "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", suspended)
		_, err := e.as(memberID).DescribeOrganization(ctx, nil)
		wantRefusal(t, err, "OptInRequired", "", "The account 333344445555 is suspended.")
		wantStatus(t, err, 403)
		must[identity.Account](t)(e.identity.CloseAccount(ctx, memberID, time.Now()))
		wantRefusal(t, register(memberID, macie), "ConstraintViolationException", "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", suspended)

		_, err = boss.CreateOrganization(ctx, nil)
		wantRefusal(t, err, "NotImplementedException", "", "The operation CreateOrganization is not implemented yet by this server.")
		wrong := e.keys[managementID]
		wrong.SecretAccessKey = "wrong"
		_, err = e.with(wrong).DescribeOrganization(ctx, nil)
		wantRefusal(t, err, "InvalidSignatureException", "", "The request signature we calculated does not match")
		wantStatus(t, err, 400)
		wrong.AccessKeyID = "AKIAIOSFODNN7EXAMPLE"
		_, err = e.with(wrong).DescribeOrganization(ctx, nil)
		wantRefusal(t, err, "UnrecognizedClientException", "", "The security token included in the request is invalid.")
		wantStatus(t, err, 400)
		e.slow[managementID] = true
		err = list(1)
		wantRefusal(t, err, "TooManyRequestsException", "", "Rate exceeded")
		wantStatus(t, err, 400)
		_, err = boss.CreateOrganization(ctx, nil)
		wantRefusal(t, err, "TooManyRequestsException", "", "Rate exceeded") // what there is not is no way around a rate
		e.slow[managementID] = false
		if err := e.db.Close(); err != nil {
			t.Fatal(err)
		}
		err = list(1)
		wantRefusal(t, err, "ServiceException", "", "The request failed because of an internal error.")
		wantStatus(t, err, 500)
	})
}

// An organization's own people cannot fill the tables.
func TestBounds(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		ids := e.many(identity.MaxDelegates)
		e.delegate(securityID, macie)
		for _, id := range ids[1:] {
			if err := e.identity.RegisterDelegate(ctx, managementID, id, macie, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		_, err := e.as(managementID).RegisterDelegatedAdministrator(ctx, &sdk.RegisterDelegatedAdministratorInput{AccountId: aws.String(string(ids[0])), ServicePrincipal: aws.String(macie)})
		wantRefusal(t, err, "ConstraintViolationException", "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED", "You attempted to register more delegated administrators than allowed for the service principal: 50.")
		for i := range identity.MaxServices - 1 {
			if err := e.identity.EnableServiceAccess(ctx, managementID, identity.ServicePrincipal(fmt.Sprintf("s%d.amazonaws.com", i)), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		enable := func(service string) error {
			_, err := e.as(managementID).EnableAWSServiceAccess(ctx, &sdk.EnableAWSServiceAccessInput{ServicePrincipal: &service})
			return err
		}
		must[any](t)(nil, enable(macie)) // which is trusted already
		wantRefusal(t, enable(config), "ConstraintViolationException", "", "You attempted to enable access for more services than an organization can trust: 200.")
	})
}

// send signs a request with our own signer, and returns what comes back without what differs from
// call to call.
func (e *endpoint) send(method string, header http.Header, body string) (status int, errorType, answer string) {
	e.t.Helper()
	r, err := http.NewRequest(method, e.url+"/", strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header = header
	key := e.keys[managementID]
	if err := sigv4.Sign(r, sigv4.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}, "us-east-1", SigningName, []byte(body), time.Now()); err != nil {
		e.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != jsonType || resp.Header.Get("x-amzn-RequestId") == "" {
		e.t.Errorf("%v", resp.Header)
	}
	b = bytes.ReplaceAll(b, []byte(e.org.ID), []byte("o-ORG"))
	b = bytes.ReplaceAll(b, []byte(e.org.ID[2:6]), []byte("ROOT"))
	return resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), regexp.MustCompile(`:\d{10}(\.\d{1,3})?\b`).ReplaceAllString(string(b), ":TIME")
}

// The bytes on the wire, which clients without an SDK read.
func TestWire(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		e.delegate(securityID, macie)
		const (
			arn    = `arn:aws:organizations::111122223333:`
			member = `"Id":"222233334444","Arn":"` + arn + `account/o-ORG/222233334444","Email":"222233334444@example.com","Name":"Security","Status":"ACTIVE","State":"ACTIVE","JoinedMethod":"INVITED","JoinedTimestamp":TIME`
		)
		for _, x := range []struct{ operation, body, want string }{
			{"DescribeOrganization", `{}`, `{"Organization":{"Id":"o-ORG","Arn":"` + arn + `organization/o-ORG","FeatureSet":"ALL","MasterAccountArn":"` + arn + `account/o-ORG/111122223333","MasterAccountId":"111122223333","MasterAccountEmail":"111122223333@example.com","AvailablePolicyTypes":[]}}`},
			{"DescribeOrganization", ``, ``},
			{"DescribeOrganization", ` {"Unheard":{"AccountId":[1,2]}} `, ``},
			{"DescribeOrganization", `{"AccountId":1}`, ``}, // which it does not have
			{"DescribeAccount", `{"AccountId":"222233334444"}`, `{"Account":{` + member + `}}`},
			{"ListRoots", `{"MaxResults":null,"NextToken":null}`, `{"Roots":[{"Id":"r-ROOT","Arn":"` + arn + `root/o-ORG/r-ROOT","Name":"Root","PolicyTypes":[]}]}`},
			{"ListAWSServiceAccessForOrganization", `{}`, `{"EnabledServicePrincipals":[{"ServicePrincipal":"macie.amazonaws.com","DateEnabled":TIME}]}`},
			{"ListDelegatedAdministrators", `{"ServicePrincipal":"macie.amazonaws.com"}`, `{"DelegatedAdministrators":[{` + member + `,"DelegationEnabledDate":TIME}]}`},
			{"ListDelegatedAdministrators", `{"ServicePrincipal":"config.amazonaws.com"}`, `{"DelegatedAdministrators":[]}`},
			{"ListDelegatedServicesForAccount", `{"AccountId":"222233334444"}`, `{"DelegatedServices":[{"ServicePrincipal":"macie.amazonaws.com","DelegationEnabledDate":TIME}]}`},
			{"EnableAWSServiceAccess", `{"ServicePrincipal":"config.amazonaws.com"}`, `{}`},
		} {
			status, errorType, got := e.send("POST", http.Header{"X-Amz-Target": {targetPrefix + x.operation}, "Content-Type": {jsonType}}, x.body)
			if status != 200 || errorType != "" || x.want != "" && got != x.want {
				t.Errorf("%s %s: %d %s\n%s\nwant\n%s", x.operation, x.body, status, errorType, got, x.want)
			}
		}
		const object, unreadable, twice = "The request body must be a JSON object.", "The request body is not valid JSON in UTF-8.", "The request body is not valid: a member is named twice."
		for _, x := range []struct {
			target, body string
			status       int
			code, want   string
		}{
			{"ListAccounts", `null`, 400, "SerializationException", object},
			{"ListAccounts", `[]`, 400, "SerializationException", object},
			{"ListAccounts", ` `, 400, "SerializationException", object},
			{"ListAccounts", `{`, 400, "SerializationException", unreadable},
			{"ListAccounts", `{}{}`, 400, "SerializationException", unreadable},
			{"ListAccounts", "{\"NextToken\":\"\xff\"}", 400, "SerializationException", unreadable},
			{"ListAccounts", `{"a":` + strings.Repeat("[", 20_000), 400, "SerializationException", unreadable},
			{"ListAccounts", `{"MaxResults":1,"MaxResults":2}`, 400, "SerializationException", twice},
			{"ListAccounts", `{"Unheard":1,"Unheard":2}`, 400, "SerializationException", twice},
			{"ListAccounts", `{"MaxResults":"1"}`, 400, "SerializationException", "The value of MaxResults is not of the type that it must have."},
			{"ListAccounts", `{"MaxResults":1.5}`, 400, "SerializationException", "The value of MaxResults is not of the type that it must have."},
			{"ListAccounts", `{"MaxResults":99999999999999999999}`, 400, "SerializationException", "The value of MaxResults is not of the type that it must have."},
			{"DescribeAccount", `{"AccountId":222233334444}`, 400, "SerializationException", "The value of AccountId is not of the type that it must have."},
			{"DescribeAccount", `{}`, 400, "InvalidInputException", "You must include a value for all required parameters. (AccountId)"},
			{"DescribeAccount", `{"accountId":"222233334444"}`, 400, "InvalidInputException", "You must include a value for all required parameters. (AccountId)"},
			{"EnableAWSServiceAccess", `{"ServicePrincipal":null}`, 400, "InvalidInputException", "You must include a value for all required parameters. (ServicePrincipal)"},
			{"DisableAWSServiceAccess", `{}`, 400, "InvalidInputException", "You must include a value for all required parameters. (ServicePrincipal)"},
			{"RegisterDelegatedAdministrator", `{"AccountId":"222233334444"}`, 400, "InvalidInputException", "You must include a value for all required parameters. (ServicePrincipal)"},
			{"DeregisterDelegatedAdministrator", `{"ServicePrincipal":"macie.amazonaws.com"}`, 400, "InvalidInputException", "You must include a value for all required parameters. (AccountId)"},
			{"CreateAccount", `{}`, 501, "NotImplementedException", "The operation CreateAccount is not implemented yet by this server."},
			{"Launch", `{}`, 400, "UnknownOperationException", "Unknown operation: AWSOrganizationsV20161128.Launch"},
			{"", `{}`, 400, "UnknownOperationException", "Unknown operation: AWSOrganizationsV20161128."},
			{strings.Repeat("a", 99), `{}`, 400, "UnknownOperationException", "Unknown operation: AWSOrganizationsV20161128." + strings.Repeat("a", 38) + "…"},
		} {
			status, errorType, got := e.send("POST", http.Header{"X-Amz-Target": {targetPrefix + x.target}}, x.body)
			got, reason, _ := strings.Cut(strings.TrimSuffix(got, "}"), `,"Reason":`)
			if want := `{"__type":"` + x.code + `","Message":"` + x.want + `"`; status != x.status || errorType != x.code || got != want || (reason != "") != (x.code == "InvalidInputException") {
				t.Errorf("%s %.50s: %d %s\n%s\nwant %d\n%s", x.target, x.body, status, errorType, got, x.status, want)
			}
		}
		for name, header := range map[string]http.Header{
			"no target":        {},
			"two targets":      {"X-Amz-Target": {targetPrefix + "ListRoots", targetPrefix + "ListAccounts"}},
			"another's target": {"X-Amz-Target": {"DynamoDB_20120810.ListTables"}},
			"a bare name":      {"X-Amz-Target": {"ListAccounts"}},
		} {
			if status, errorType, got := e.send("POST", header, "{}"); status != 400 || errorType != "UnknownOperationException" {
				t.Errorf("%s: %d %s %s", name, status, errorType, got)
			}
		}
		if status, errorType, got := e.send("GET", http.Header{}, ""); status != 405 || errorType != "MethodNotAllowedException" {
			t.Errorf("%d %s %s", status, errorType, got)
		}
	})
}

// Every operation of the SDK, which is generated from AWS's own model, is either done or known not
// to be.
func TestEveryOperationIsKnown(t *testing.T) {
	var model []string
	for method := range reflect.TypeFor[*sdk.Client]().Methods() {
		if method.Name != "Options" {
			model = append(model, method.Name)
		}
	}
	known := slices.Concat(notImplemented, slices.Collect(maps.Keys(operations)))
	slices.Sort(known)
	if slices.Sort(model); !slices.Equal(known, model) {
		t.Errorf("known\n%q\nwant\n%q", known, model)
	}
}
