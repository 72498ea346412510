package server

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magpie/internal/audit"
	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// A change made through Organizations and its record are there together or not at all, before the
// call is answered.
func TestOrganizationsChangeCarriesItsRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		ctx, db := t.Context(), open()
		trail, err := audit.Open(audit.Options{DB: db})
		if err != nil {
			t.Fatal(err)
		}
		d := identity.NewDirectory(db, identity.Options{})
		for _, id := range []macie2.AccountID{"111122223333", "222233334444"} {
			if _, err := d.CreateAccount(ctx, id, "a@example.com", "", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		_, err = d.CreateOrganization(ctx, "111122223333", time.Now())
		if err == nil {
			_, err = d.AddToOrganization(ctx, "111122223333", []macie2.AccountID{"222233334444"}, time.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
		a := auditor{trail}
		event := func(operation, body string) *awsapi.Event {
			return &awsapi.Event{Time: time.Now(), Service: "organizations", Region: "us-east-1", Body: []byte(body),
				Record: awsapi.Record{Operation: "organizations:" + operation, RequestID: operation},
				Call:   &macie2.Call{Account: "111122223333", Principal: macie2.Principal{ARN: "arn:aws:iam::111122223333:user/admin", Account: "111122223333"}}}
		}
		stored := func() (list []string) {
			records, err := audit.Find(ctx, db, audit.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				list = append(list, string(r.JSON))
			}
			return list
		}

		recording := func(e *awsapi.Event) *identity.Organizations {
			e.Change = a.Change(e)
			return d.Recording(e.Change)
		}
		enable := event("EnableAWSServiceAccess", `{"ServicePrincipal":"macie.amazonaws.com"}`)
		if err := recording(enable).EnableServiceAccess(ctx, "111122223333", "macie.amazonaws.com", time.Now()); err != nil {
			t.Fatal(err)
		}
		want := `"eventSource":"organizations.amazonaws.com","eventName":"EnableAWSServiceAccess"`
		if list := stored(); len(list) != 1 || !strings.Contains(list[0], want) || !strings.Contains(list[0], `"requestParameters":{"servicePrincipal":"macie.amazonaws.com"},"responseElements":null`) {
			t.Errorf("after the commit there is %v", list)
		}
		register := event("RegisterDelegatedAdministrator", `{"AccountId":"222233334444","ServicePrincipal":"macie.amazonaws.com","NextToken":"not shown"}`)
		if err := recording(register).RegisterDelegate(ctx, "111122223333", "999999999999", "macie.amazonaws.com", time.Now()); !errors.Is(err, identity.ErrNotInOrganization) {
			t.Fatal(err)
		}
		if list := stored(); len(list) != 1 {
			t.Errorf("what was refused has left %v", list)
		}
		if err := recording(register).RegisterDelegate(ctx, "111122223333", "222233334444", "macie.amazonaws.com", time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, e := range []*awsapi.Event{enable, register, event("ListAccounts", `{"MaxResults":1}`), event("DescribeAccount", `{"AccountId":12}`)} {
			e.Answer = []byte("{}")
			if err := a.Write(ctx, e); err != nil {
				t.Error(err)
			}
		}
		if err := trail.Close(); err != nil {
			t.Error(err)
		}
		got := strings.Join(stored(), "\n")
		for _, want := range []string{
			`"requestParameters":{"accountId":"222233334444","servicePrincipal":"macie.amazonaws.com"},"responseElements":null,"requestID":"RegisterDelegatedAdministrator"`,
			`"requestParameters":null,"responseElements":null,"requestID":"ListAccounts"`,
			`"requestParameters":null,"responseElements":null,"requestID":"DescribeAccount"`,
		} {
			if strings.Count(got, want) != 1 {
				t.Errorf("there is no %s in\n%s", want, got)
			}
		}
		if n := strings.Count(got, "\n") + 1; n != 4 {
			t.Errorf("%d records of four calls", n)
		}
	})
}
