package organizations

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// Whatever a caller sends is understood or refused as the caller's fault, in the shape of a
// refusal, and never gets further than its bounds.
func FuzzRequest(f *testing.F) {
	s := New(nil, pagetoken.New([]byte("0123456789abcdef")))
	c := &caller{Call: &macie2.Call{Account: "111122223333"}, Standing: identity.Standing{Organization: identity.Organization{ID: "o-abcdefghij"}}}
	first, err := s.page(c, pageInput{}, "ListAccounts", "")
	if err != nil {
		f.Fatal(err)
	}
	_, next := cut(first, make([]string, first.Limit()), func(string) string { return "111122223333" })
	for _, seed := range [][2]string{
		{"ListAccounts", `{"MaxResults":20,"NextToken":"` + *next + `"}`},
		{"DescribeAccount", `{"AccountId":"111122223333"}`},
		{"RegisterDelegatedAdministrator", `{"AccountId":"111122223333","ServicePrincipal":"macie.amazonaws.com"}`},
		{"ListDelegatedAdministrators", `{"ServicePrincipal":"a.b.amazonaws.com","MaxResults":1}`},
		{"ListDelegatedServicesForAccount", `{"AccountId":"1","AccountId":"2"}`},
		{"EnableAWSServiceAccess", "{\"ServicePrincipal\":\"\xff\\u0000\\ud800\"}"},
		{"DescribeOrganization", `{"x":{"y":[null,1e999]}}`},
		{"CreateAccount", ``}, {"Launch\xff", `null`}, {"ListRoots", `{"MaxResults":-9223372036854775809}`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		r := &awsapi.ServiceRequest{Header: http.Header{"X-Amz-Target": {targetPrefix + name}}, Body: body}
		action, err := s.Action(r)
		if err != nil {
			refused(t, s, err)
			return
		}
		op := operations[name]
		if action != "organizations:"+name || op.do == nil {
			t.Fatalf("%q is taken for %s", name, action)
		}
		in, err := op.decode(body)
		if err != nil {
			refused(t, s, err)
			return
		}
		if in, ok := in.(interface {
			account() (macie2.AccountID, error)
		}); ok {
			if id, err := in.account(); err != nil {
				refused(t, s, err)
			} else if _, err := macie2.ParseAccountID(string(id)); err != nil {
				t.Errorf("%s passes: %v", body, err)
			}
		}
		if in, ok := in.(interface {
			service() (identity.ServicePrincipal, error)
		}); ok {
			if service, err := in.service(); err != nil {
				refused(t, s, err)
			} else if len(service) > maxPrincipal {
				t.Errorf("%s passes", body)
			}
		}
		var paged pageInput
		switch in := in.(type) {
		case *pageInput:
			paged = *in
		case *servicePageInput:
			paged = in.pageInput
		case *accountPageInput:
			paged = in.pageInput
		}
		if p, err := s.page(c, paged, name, ""); err != nil {
			refused(t, s, err)
		} else if p.Limit() < 2 || p.Limit() > maxPage+1 {
			t.Errorf("%s asks for %d", body, p.Limit()-1)
		}
	})
}

// refused asserts that an error is the caller's fault, and can be told.
func refused(t *testing.T, s *Service, err error) {
	t.Helper()
	var e *macie2.Error
	if !errors.As(err, &e) {
		t.Fatalf("an internal error: %v", err)
	}
	if a := s.Refuse(e, "id"); a.Status != 400 && a.Status != 501 || len(a.Body) > 1024 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// What is not one of the directory's own refusals stays what it is: a fault of ours, or an
// exception made where the rule was broken.
func TestExceptionsOfOthers(t *testing.T) {
	conflict := macie2.ErrConflict("no")
	for _, err := range []error{context.Canceled, identity.ErrInvalid, conflict, errors.Join(conflict, identity.ErrNoDelegate)} {
		if got := exception(err); !errors.Is(got, err) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
	var lost *macie2.Error
	if got := exception(fmt.Errorf("register: %w", store.ErrConflict)); !errors.As(got, &lost) || lost.Code != "ConcurrentModificationException" || status(lost.Code) != 400 {
		t.Errorf("a race that was lost becomes %v", got)
	}
}
