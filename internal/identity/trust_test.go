package identity

import (
	"strings"
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
			got, err := trustPolicy{}.Allows(c.document, trustQuestion{
				Action: "sts:AssumeRole", Principal: macie2.Principal{ARN: c.arn, Account: alpha}, RoleARN: c.role, ExternalID: c.external, Session: "session",
			})
			if err != nil || got != c.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestTrustRefused(t *testing.T) {
	for _, c := range []struct{ document, want string }{
		{``, "EOF"},
		{`[]`, ""},
		{`{}`, "Statement: at least one is needed"},
		{`{"Statement":[]}`, "Statement: at least one is needed"},
		{`{"Statement":"x"}`, "Statement: at least one is needed"},
		{`{"Version":"2013-01-01","Statement":[]}`, `Version: "2013-01-01" is none`},
		{`{"Statement":{"Effect":"allow","Principal":"*","Action":"*"}}`, `Statement[0]: Effect: "allow" is neither`},
		{`{"Statement":{"Effect":"Allow","Principal":"*"}}`, "Statement[0]: Action: at least one is needed"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}}`, `Statement[0]: Action: "s3:GetObject" is not an action of STS`},
		{`{"Statement":{"Effect":"Allow","Action":"*"}}`, "Statement[0]: Principal: it is missing"},
		{`{"Statement":{"Effect":"Allow","Principal":"111122223333","Action":"*"}}`, `Statement[0]: Principal: "111122223333"; the only text`},
		{`{"Statement":{"Effect":"Allow","Principal":{},"Action":"*"}}`, "Statement[0]: Principal: at least one is needed"},
		{`{"Statement":{"Effect":"Allow","Principal":{"aws":"*"},"Action":"*"}}`, `Statement[0]: Principal: the kind "aws" is not known`},
		{`{"Statement":{"Effect":"Allow","Principal":{"AWS":"alice"},"Action":"*"}}`, `Statement[0]: Principal: "alice" is neither an account id nor`},
		{`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/*"},"Action":"*"}}`, "is neither an account id nor"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","NotAction":"*"}}`, "NotAction"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`, "Resource"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`, `Condition: the operator "Bool" is not supported; known are ArnEquals`},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}}`, `Condition: the key "aws:PrincipalOrgID" is not supported; known are aws:principalaccount`},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"sts:ExternalId":[]}}}}`, "has no value"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"sts:ExternalId":"${aws:username}"}}}}`, "policy variables"},
		{`{"Statement":{"Effect":"Allow","Effect":"Deny","Principal":"*","Action":"*"}}`, "duplicate"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}} x`, "invalid character"},
		{`{"Statement":{"Effect":"Allow","Principal":"*","Action":{"a":1}}}`, "Action"},
		{`{"Id":"` + strings.Repeat("x", maxTrustBytes) + `"}`, "longer than"},
	} {
		_, err := parseTrust(c.document)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.100s: %v; want …%s…", c.document, err, c.want)
		}
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abb", false},
		{"?", "", false}, {"?", "a", true}, {"a?c", "abc", true}, {"*a*b*", "xaxbx", true}, {"*a*b*", "xbxax", false},
		{"**", "a", true}, {"a**b", "ab", true}, {"abc", "ab", false}, {strings.Repeat("*a", 20) + "b", strings.Repeat("a", 2000), false},
	} {
		if got := like(c.pattern, c.value); got != c.want {
			t.Errorf("%q against %q: %v", c.pattern, c.value, got)
		}
	}
}

// Whatever a trust policy holds, it is refused or evaluated, and never lets in a
// stranger by accident: without "*" or the caller's account in it, nobody gets in.
func FuzzTrust(f *testing.F) {
	f.Add(TrustAccount("111122223333"))
	f.Add(`{"Statement":[{"Effect":"Deny","Principal":{"AWS":["444455556666"]},"Action":["sts:*"],"Condition":{"StringLikeIfExists":{"sts:ExternalId":"a*"}}}]}`)
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::444455556666:assumed-role/R/S"},"Action":"*"}}`)
	f.Fuzz(func(t *testing.T, document string) {
		allowed, err := trustPolicy{}.Allows(document, trustQuestion{Action: "sts:AssumeRole", Principal: macie2.Principal{ARN: "arn:aws:iam::987654321098:user/x", Account: "987654321098"}})
		if allowed && (err != nil || !strings.Contains(document, "987654321098") && !strings.Contains(document, "*") && !strings.Contains(document, `\u`)) {
			t.Fatalf("%s lets strangers in (%v)", document, err)
		}
	})
}
