package policy

import (
	"strings"
	"testing"

	"magpie/internal/macie2"
)

// Who comes with the token of an issuer is let in by statements that name the issuer, and by no
// others; others are not let in by those.
func TestFederated(t *testing.T) {
	const (
		issuer  = "id.example.com/realms/Main"
		account = "444455556666"
	)
	statement := func(effect, principal, condition string) string {
		text := `{"Effect":"` + effect + `","Action":["sts:AssumeRoleWithWebIdentity","sts:AssumeRole"],"Principal":` + principal
		if condition != "" {
			text += `,"Condition":` + condition
		}
		return text + `}`
	}
	arn, url := `{"Federated":"`+Provider(account, issuer)+`"}`, `{"Federated":"https://`+issuer+`"}`
	groups := func(operator, value string) string {
		return `{"` + operator + `":{"id.example.com/realms/main:groups":` + value + `}}`
	}
	for _, c := range []struct {
		name, principal, condition, deny string
		want                             bool
	}{
		{"the provider", arn, "", "", true},
		{"the issuer's URL", url, "", "", true},
		{"the issuer's name", `{"Federated":["` + issuer + `"]}`, "", "", true},
		{"beside an account", `{"AWS":"111122223333","Federated":"https://` + issuer + `"}`, "", "", true},
		{"another issuer", `{"Federated":"https://id.example.com/realms/main"}`, "", "", false},
		{"one that begins so", `{"Federated":"https://` + issuer + `/x"}`, "", "", false},
		{"the provider of another account", `{"Federated":"` + Provider("111122223333", issuer) + `"}`, "", "", false},
		{"a provider of SAML", `{"Federated":"arn:aws:iam::444455556666:saml-provider/Main"}`, "", "", false},
		{"a wildcard", `{"Federated":"*"}`, "", "", false},
		{"everybody", `"*"`, "", "", false},
		{"every principal of AWS", `{"AWS":"*"}`, "", "", false},
		{"a service", `{"Service":"ec2.amazonaws.com"}`, "", "", false},
		{"a group", url, groups("ForAnyValue:StringEquals", `"security"`), "", true},
		{"one of two groups", url, groups("ForAnyValue:StringLike", `["x","sec*"]`), "", true},
		{"a group that one is not in", url, groups("ForAnyValue:StringEquals", `"admins"`), "", false},
		{"all groups", url, groups("ForAllValues:StringEquals", `["security","staff"]`), "", true},
		{"a group alone", url, groups("StringEquals", `"security"`), "", false},
		{"the subject", url, `{"StringEquals":{"ID.example.com/realms/Main:Sub":"anna","id.example.com/realms/main:aud":"magpie"}}`, "", true},
		{"another subject", url, `{"StringEquals":{"id.example.com/realms/main:sub":"Anna"}}`, "", false},
		{"a claim that there is not", url, `{"StringEquals":{"id.example.com/realms/main:team":"x"}}`, "", false},
		{"a truth value", url, `{"Bool":{"id.example.com/realms/main:email_verified":"true"}}`, "", true},
		{"the session's name", url, `{"StringEquals":{"sts:RoleSessionName":"anna"}}`, "", true},
		{"denied to everybody", url, "", `"*"`, false},
		{"denied to the issuer", url, "", url, false},
		{"denied to others", url, "", `{"AWS":"111122223333"}`, true},
	} {
		list := []string{statement("Allow", c.principal, c.condition)}
		if c.deny != "" {
			list = append(list, statement("Deny", c.deny, ""))
		}
		d, err := Parse(Trust, statements(list...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		r := &Request{Action: "sts:AssumeRoleWithWebIdentity", Federated: []string{Provider(account, issuer), "https://" + issuer, issuer}, Context: map[string][]string{
			ClaimKey(issuer, "sub"): {"anna"}, ClaimKey(issuer, "aud"): {"magpie"}, ClaimKey(issuer, "groups"): {"staff", "security"},
			ClaimKey(issuer, "email_verified"): {"true"}, "sts:rolesessionname": {"anna"},
		}}
		if got := Evaluate([]*Document{d}, r).Effect == Allow; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		other := &Request{Action: "sts:AssumeRole", Principal: macie2.Principal{Account: "777788889999", ARN: "arn:aws:iam::777788889999:user/x"}}
		if got := Evaluate([]*Document{d}, other).Effect == Allow; got && !strings.Contains(c.principal, "*") {
			t.Errorf("%s: lets in somebody without a token", c.name)
		}
	}
	for _, principal := range []string{`"NotPrincipal":{"AWS":"111122223333"}`, `"NotPrincipal":` + arn} {
		d, err := Parse(Trust, `{"Statement":{"Effect":"Allow","Action":"sts:*",`+principal+`}}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"https://" + issuer, "https://other.example.com"} {
			if Evaluate([]*Document{d}, &Request{Action: "sts:AssumeRoleWithWebIdentity", Federated: []string{name}}).Effect == Allow {
				t.Errorf("%s lets in a token of %s", principal, name)
			}
		}
	}
}

// A condition on a claim of an issuer that the statement does not trust is refused, as is a name
// that no issuer has.
func TestFederatedDocuments(t *testing.T) {
	for _, c := range []struct{ principal, key, want string }{
		{`{"Federated":"https://id.example.com"}`, "id.example.com:groups", ""},
		{`{"Federated":"https://id.example.com:8443/a"}`, "id.example.com:8443/a:groups", ""},
		{`{"Federated":"arn:aws:iam::444455556666:oidc-provider/id.example.com"}`, "id.example.com:groups", ""},
		{`{"Federated":["https://id.example.com","https://b.example.com"]}`, "b.example.com:sub", ""},
		{`{"Federated":"https://id.example.com"}`, "other.example.com:groups", "names no Federated issuer other.example.com"},
		{`{"Federated":"https://id.example.com/"}`, "id.example.com:groups", "names no Federated issuer"},
		{`{"AWS":"*"}`, "id.example.com:groups", "names no Federated issuer"},
		{`"*"`, "s3:prefix", "has no value here"},
		{`{"Federated":"https://id.example.com"}`, "aws:groups", "has no value here"},
		{`{"Federated":"https://id.example.com"}`, "groups", "has no value here"},
		{`{"Federated":"https://id.example.com"}`, "id.example.com:", "has no value here"},
	} {
		text := `{"Statement":{"Effect":"Allow","Principal":` + c.principal + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + c.key + `":"x"}}}}`
		_, err := Accept(Trust, text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %s: %v", c.principal, c.key, err)
		}
	}
	for name, want := range map[string]string{"*": "wildcards", "https://*.example.com": "wildcards", "arn:aws-cn:iam::444455556666:oidc-provider/x": "partition"} {
		if _, err := Accept(Trust, `{"Statement":{"Effect":"Deny","Principal":{"Federated":"`+name+`"},"Action":"sts:*"}}`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a deny of %s: %v", name, err)
		}
	}
	if _, err := Parse(Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"id.example.com:groups":"x"}}}}`); err == nil {
		t.Error("permissions ask for a claim")
	}
}
