package identity

import (
	"testing"

	"magpie/internal/macie2"
)

func TestTrust(t *testing.T) {
	const (
		user    = "arn:aws:iam::111122223333:user/alice"
		session = "arn:aws:sts::111122223333:assumed-role/Deploy/ci"
		role    = "arn:aws:iam::111122223333:role/Deploy"
	)
	statement := func(rest string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` + rest + `}]}`
	}
	principal := func(p string) string { return statement(`"Principal":{"AWS":` + p + `}`) }
	condition := func(c string) string {
		return statement(`"Principal":"*","Condition":{` + c + `}`)
	}
	external := macie2.Ptr[string]
	for _, c := range []struct {
		name, document, arn, role string
		external                  *string
		want                      bool
	}{
		{"account id", principal(`"111122223333"`), user, "", nil, true},
		{"account root", principal(`"arn:aws:iam::111122223333:root"`), user, "", nil, true},
		{"account root, session", principal(`"arn:aws:iam::111122223333:root"`), session, role, nil, true},
		{"another account", principal(`"444455556666"`), user, "", nil, false},
		{"one of several", principal(`["444455556666","111122223333"]`), user, "", nil, true},
		{"user", principal(`"` + user + `"`), user, "", nil, true},
		{"another user", principal(`"arn:aws:iam::111122223333:user/bob"`), user, "", nil, false},
		{"role, its session", principal(`"` + role + `"`), session, role, nil, true},
		{"another role", principal(`"arn:aws:iam::111122223333:role/Other"`), session, role, nil, false},
		{"session", principal(`"` + session + `"`), session, role, nil, true},
		{"another session", principal(`"arn:aws:sts::111122223333:assumed-role/Deploy/me"`), session, role, nil, false},
		{"everyone", principal(`"*"`), user, "", nil, true},
		{"everyone, plainly", statement(`"Principal":"*"`), user, "", nil, true},
		{"a service only", statement(`"Principal":{"Service":"ec2.amazonaws.com"}`), user, "", nil, false},
		{"sts:*", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*"}}`, user, "", nil, true},
		{"*", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}`, user, "", nil, true},
		{"letter case of actions", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"STS:assumerole"}}`, user, "", nil, true},
		{"another action", `{"Statement":{"Effect":"Allow","Principal":"*","Action":["sts:TagSession","sts:AssumeRoleWithSAML"]}}`, user, "", nil, false},
		{"deny wins", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"*"}]}`, user, "", nil, false},
		{"deny of others", `{"Statement":[{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"*"},{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, user, "", nil, true},
		{"deny alone", `{"Statement":{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"*"}}`, user, "", nil, false},
		{"external id", condition(`"StringEquals":{"sts:ExternalId":"42"}`), user, "", external("42"), true},
		{"external id, key in another case", condition(`"StringEquals":{"STS:externalid":"42"}`), user, "", external("42"), true},
		{"external id, one of two", condition(`"StringEquals":{"sts:ExternalId":["41","42"]}`), user, "", external("42"), true},
		{"external id, wrong", condition(`"StringEquals":{"sts:ExternalId":"42"}`), user, "", external("43"), false},
		{"external id, letter case", condition(`"StringEquals":{"sts:ExternalId":"a"}`), user, "", external("A"), false},
		{"external id, missing", condition(`"StringEquals":{"sts:ExternalId":"42"}`), user, "", nil, false},
		{"external id, if there is one", condition(`"StringEqualsIfExists":{"sts:ExternalId":"42"}`), user, "", nil, true},
		{"external id, not that one, missing", condition(`"StringNotEquals":{"sts:ExternalId":"42"}`), user, "", nil, true},
		{"external id, not that one", condition(`"StringNotEquals":{"sts:ExternalId":"42"}`), user, "", external("42"), false},
		{"external id, like", condition(`"StringLike":{"sts:ExternalId":"4?-*"}`), user, "", external("42-x"), true},
		{"two conditions, one fails", condition(`"StringEquals":{"sts:ExternalId":"42","aws:PrincipalAccount":"444455556666"}`), user, "", external("42"), false},
		{"session name", condition(`"StringLike":{"sts:RoleSessionName":"sess*"}`), user, "", nil, true},
		{"principal's ARN", condition(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/alice"}`), user, "", nil, true},
		{"principal's ARN, of a session its role", condition(`"ArnEquals":{"aws:PrincipalArn":"` + role + `"}`), session, role, nil, true},
		{"principal's ARN, not", condition(`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/alice"}`), user, "", nil, false},
		{"letter case ignored", condition(`"StringEqualsIgnoreCase":{"sts:ExternalId":"AbC"}`), user, "", external("aBc"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := trusts(c.document, trustQuestion{
				Action: "sts:AssumeRole", Principal: macie2.Principal{ARN: c.arn, Account: alpha}, CallerRole: c.role, ExternalID: c.external, Session: "session",
			})
			if err != nil || got != c.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// A role's permissions are asked as well as its trust: both have to say yes.
func TestPermits(t *testing.T) {
	const role = "arn:aws:iam::444455556666:role/Operator"
	for _, c := range []struct {
		policies []string
		want     bool
	}{
		{[]string{AdministratorAccess}, true},
		{[]string{PolicyNone}, false},
		{[]string{"AmazonMacieFullAccess"}, false},
		{[]string{`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + role + `"}}`}, true},
		{[]string{`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::444455556666:role/Other"}}`}, false},
		{[]string{AdministratorAccess, `{"Statement":{"Effect":"Deny","Action":"sts:*","Resource":"*"}}`}, false},
	} {
		got, err := permits(trustQuestion{Action: "sts:AssumeRole", Role: role, Principal: macie2.Principal{Account: alpha, Policies: c.policies}})
		if err != nil || got != c.want {
			t.Errorf("%v: %v, %v", c.policies, got, err)
		}
	}
}
