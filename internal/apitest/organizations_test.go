package apitest

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"magpie/internal/audit"
	contract "magpie/internal/macie2"
)

// organizationsOf is the SDK's client of an account for AWS Organizations.
func (c *cast) organizationsOf(id string) *organizations.Client {
	return organizations.New(organizations.Options{
		BaseEndpoint: &c.url, Region: "us-east-1", Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(c.keys[id].AccessKeyID, c.keys[id].SecretAccessKey, ""),
	})
}

// organize makes an organization of all accounts, of which admin's is the management account.
func (c *cast) organize() {
	c.t.Helper()
	must(c.t)(c.ids.CreateOrganization(c.t.Context(), adminID, time.Now()))
	must(c.t)(c.ids.AddToOrganization(c.t.Context(), adminID, []contract.AccountID{rivalID, memberID, secondID}, time.Now()))
}

// Beside Macie, a server answers for AWS Organizations, and each change leaves its record, which is there when the call is answered.
func TestOrganizations(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		db := h.open()
		_, err := c.organizationsOf(adminID).DescribeOrganization(ctx, nil)
		wantCode(t, err, "AWSOrganizationsNotInUseException")
		c.organize()
		boss := c.organizationsOf(adminID)
		out, err := boss.ListAccounts(ctx, nil)
		if err != nil || len(out.Accounts) != 4 || *out.Accounts[0].Name != "Account 1111" {
			t.Fatalf("%+v, %v", out, err)
		}
		_, err = c.organizationsOf(memberID).ListAccounts(ctx, nil)
		wantCode(t, err, "AccessDeniedException")

		delegation := &organizations.RegisterDelegatedAdministratorInput{AccountId: aws.String(memberID), ServicePrincipal: aws.String("macie.amazonaws.com")}
		changes := []struct {
			operation, parameters string
			do                    func() error
		}{
			{"EnableAWSServiceAccess", `{"servicePrincipal":"macie.amazonaws.com"}`, func() error {
				_, err := boss.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: delegation.ServicePrincipal})
				return err
			}},
			{"RegisterDelegatedAdministrator", `{"accountId":"333344445555","servicePrincipal":"macie.amazonaws.com"}`, func() error {
				_, err := boss.RegisterDelegatedAdministrator(ctx, delegation)
				return err
			}},
			{"DeregisterDelegatedAdministrator", `{"accountId":"333344445555","servicePrincipal":"macie.amazonaws.com"}`, func() error {
				_, err := boss.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: delegation.AccountId, ServicePrincipal: delegation.ServicePrincipal})
				return err
			}},
			{"DisableAWSServiceAccess", `{"servicePrincipal":"macie.amazonaws.com"}`, func() error {
				_, err := boss.DisableAWSServiceAccess(ctx, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: delegation.ServicePrincipal})
				return err
			}},
		}
		for _, change := range changes {
			must(t)(nil, change.do())
			records, err := audit.Find(ctx, db, audit.Filter{Account: adminID, Operation: "organizations:" + change.operation})
			if err != nil || len(records) != 1 {
				t.Fatalf("%s has the records %v, %v", change.operation, records, err)
			}
			for _, want := range []string{
				`"eventSource":"organizations.amazonaws.com","eventName":"` + change.operation + `","awsRegion":"us-east-1"`,
				`"requestParameters":` + change.parameters + `,"responseElements":null`, `"readOnly":false`,
			} {
				if !strings.Contains(string(records[0].JSON), want) {
					t.Errorf("there is no %s in %s", want, records[0].JSON)
				}
			}
		}
		_, err = boss.RegisterDelegatedAdministrator(ctx, delegation)
		wantCode(t, err, "ConstraintViolationException")
		eventually(t, "reads and refusals have their records", func() bool {
			refused := h.inDatabase(db, audit.Filter{Account: adminID, Operation: "organizations:RegisterDelegatedAdministrator"})
			read := h.inDatabase(db, audit.Filter{Account: adminID, Operation: "organizations:ListAccounts"})
			return len(refused) == 2 && refused[1].ErrorCode == "ConstraintViolationException" && len(read) == 1 && read[0].ReadOnly
		})
	})
}

// In a Region that is disabled for an account it cannot call Macie; what has no Regions goes on, and so does Macie elsewhere.
func TestDisabledRegion(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.organize()
		c.enable(c.member, c.in(otherRegion, memberID), c.second)
		set := func(enabled bool) {
			t.Helper()
			must(t)(c.ids.SetRegion(ctx, memberID, region, enabled, time.Now()))
		}
		set(false)
		_, err := c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "OptInRequired")
		if err != nil && !(strings.Contains(err.Error(), "StatusCode: 403") && strings.Contains(err.Error(), "The Region eu-west-1 is disabled for the account 333344445555.")) {
			t.Errorf("it is answered %v", err)
		}
		stranger := c.keys[memberID]
		stranger.SecretAccessKey = "wrong"
		_, err = client(c.url, stranger, region).GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "InvalidSignatureException") // whose Regions these are is nobody else's business
		must(t)(c.in(otherRegion, memberID).GetMacieSession(ctx, &macie2.GetMacieSessionInput{}))
		must(t)(c.second.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}))

		must(t)(sts.New(sts.Options{BaseEndpoint: &c.url, Region: region, Retryer: aws.NopRetryer{},
			Credentials: credentials.NewStaticCredentialsProvider(c.keys[memberID].AccessKeyID, c.keys[memberID].SecretAccessKey, "")}).GetCallerIdentity(ctx, nil))
		inRegion := organizations.New(c.organizationsOf(memberID).Options(), func(o *organizations.Options) { o.Region = region })
		must(t)(inRegion.DescribeOrganization(ctx, nil))

		set(true)
		must(t)(c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}))
	})
}
