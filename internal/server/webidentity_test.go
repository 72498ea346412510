package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/webidentity/issuertest"
)

// trusting makes a role that trusts an issuer's tokens on a condition.
func trusting(t *testing.T, s *Server, account macie2.AccountID, name, principal, condition string, policies ...string) string {
	t.Helper()
	signer(t, s, account)
	text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"` + principal + `"}`
	if condition != "" {
		text += `,"Condition":` + condition
	}
	role, err := s.Identity().CreateRole(t.Context(), identity.Role{Account: account, Name: name, Trust: text + "}}", Policies: policies}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return role.ARN()
}

func inGroup(i *issuertest.Issuer, group string) string {
	return `{"ForAnyValue:StringEquals":{"` + i.Name() + `:groups":"` + group + `"}}`
}

// A workload assumes a role with its token, as the SDKs do, and what the role's trust policy does
// not let in is refused, as is every token that is not the issuer's.
func TestWebIdentity(t *testing.T) {
	i := issuertest.Start(t)
	startEach(t, Config{WebIdentities: []string{i.URL + "=workloads", i.URL + "=sts.amazonaws.com"}, Rates: []string{"sts:AssumeRoleWithWebIdentity=0.001:60"}}, func(t *testing.T, s *Server) {
		arn := trusting(t, s, "111122223333", "Scanner", policy.Provider("111122223333", i.Name()), `{"StringLike":{"`+i.Name()+`:sub":"system:serviceaccount:scan:*"}}`)
		trusting(t, s, "444455556666", "Elsewhere", policy.Provider("111122223333", i.Name()), "")
		trusting(t, s, "111122223333", "Admins", i.URL, inGroup(i, "admins"))
		if _, err := s.Identity().CreateRole(t.Context(), identity.Role{Account: "111122223333", Name: "Everybody",
			Trust: `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}`}, time.Now()); err != nil {
			t.Fatal(err)
		}
		client := sdk.New(sdk.Options{BaseEndpoint: aws.String(s.URL()), Region: "eu-west-1", Retryer: aws.NopRetryer{}})
		who := issuertest.Claims{"sub": "system:serviceaccount:scan:worker", "aud": []string{"sts.amazonaws.com"}}
		file := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(file, []byte(i.Token(who)), 0o600); err != nil {
			t.Fatal(err)
		}
		provider := stscreds.NewWebIdentityRoleProvider(client, arn, stscreds.IdentityTokenFile(file), func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = "worker-1" })
		me, err := sdk.New(sdk.Options{BaseEndpoint: aws.String(s.URL()), Region: "eu-west-1", Retryer: aws.NopRetryer{}, Credentials: aws.NewCredentialsCache(provider)}).GetCallerIdentity(t.Context(), nil)
		if err != nil || *me.Arn != "arn:aws:sts::111122223333:assumed-role/Scanner/worker-1" {
			t.Fatalf("%v %v", me, err)
		}
		assume := func(role, token string, change ...func(in *sdk.AssumeRoleWithWebIdentityInput)) (*sdk.AssumeRoleWithWebIdentityOutput, string) {
			t.Helper()
			in := &sdk.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("x-1"), WebIdentityToken: &token}
			for _, c := range change {
				c(in)
			}
			out, err := client.AssumeRoleWithWebIdentity(t.Context(), in)
			var e smithy.APIError
			if errors.As(err, &e) {
				return nil, e.ErrorCode() + ": " + e.ErrorMessage()
			}
			if err != nil {
				t.Fatal(err)
			}
			return out, ""
		}
		out, refusal := assume(arn, i.Token(who))
		if refusal != "" || *out.SubjectFromWebIdentityToken != who["sub"] || *out.Provider != i.URL || *out.Audience != "sts.amazonaws.com" ||
			time.Until(*out.Credentials.Expiration) > time.Hour || !strings.HasSuffix(*out.AssumedRoleUser.AssumedRoleId, ":x-1") {
			t.Errorf("%+v %s", out, refusal)
		}
		const denied = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
		role := func(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }
		for name, c := range map[string]struct{ role, token, want string }{
			"another subject":           {arn, i.Token(issuertest.Claims{"sub": "system:serviceaccount:other:x", "aud": "workloads"}), denied},
			"a provider elsewhere":      {role("444455556666", "Elsewhere"), i.Token(who), denied},
			"a group one is not in":     {role("111122223333", "Admins"), i.Token(issuertest.Claims{"aud": "workloads", "groups": []string{"staff"}}), denied},
			"no groups":                 {role("111122223333", "Admins"), i.Token(who), denied},
			"a role for everybody":      {role("111122223333", "Everybody"), i.Token(who), denied},
			"no such role":              {role("111122223333", "None"), i.Token(who), denied},
			"no such account":           {role("999999999999", "Scanner"), i.Token(who), denied},
			"another audience":          {arn, i.Token(issuertest.Claims{"aud": "other"}), "InvalidIdentityToken: Incorrect token audience"},
			"another issuer":            {arn, i.Token(issuertest.Claims{"iss": "https://id.example.com"}), "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://id.example.com"},
			"expired":                   {arn, i.Token(issuertest.Claims{"aud": "workloads", "exp": 1}), "ExpiredTokenException: Token expired: current date/time"},
			"forged":                    {arn, i.Forged(who), "InvalidIdentityToken: The ID Token provided is not valid"},
			"alg none":                  {arn, i.Unsigned(map[string]any{"alg": "none"}, who), "InvalidIdentityToken: The ID Token provided is not a valid JWT"},
			"no token":                  {arn, "abcd", "InvalidIdentityToken: The ID Token provided is not a valid JWT"},
			"not the name of a role":    {"arn:aws:iam::111122223333:user/x", i.Token(who), "ValidationError: arn:aws:iam::111122223333:user/x is invalid"},
			"a role of another service": {"arn:aws:s3:::a-bucket-of-this-name", i.Token(who), "ValidationError:"},
		} {
			if _, got := assume(c.role, c.token); !strings.HasPrefix(got, c.want) || got == "" {
				t.Errorf("%s: %s", name, got)
			}
		}
		for name, change := range map[string]func(in *sdk.AssumeRoleWithWebIdentityInput){
			"a policy":     func(in *sdk.AssumeRoleWithWebIdentityInput) { in.Policy = aws.String("{}") },
			"a provider":   func(in *sdk.AssumeRoleWithWebIdentityInput) { in.ProviderId = aws.String("www.amazon.com") },
			"too long":     func(in *sdk.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(3601) },
			"too short":    func(in *sdk.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(899) },
			"a bad name":   func(in *sdk.AssumeRoleWithWebIdentityInput) { in.RoleSessionName = aws.String("a b") },
			"a short name": func(in *sdk.AssumeRoleWithWebIdentityInput) { in.RoleSessionName = aws.String("a") },
		} {
			if _, got := assume(arn, i.Token(who), change); !strings.HasPrefix(got, "ValidationError") {
				t.Errorf("%s: %s", name, got)
			}
		}
		// Other calls need a signature still, whatever they look like.
		post := func(body, kind string) (int, string) {
			r := newRequest(t, "POST", s.URL()+"/", []byte(body))
			r.Header.Set("Content-Type", kind)
			return do(t, r)
		}
		const form = "application/x-www-form-urlencoded"
		for _, c := range [][2]string{{"Action=GetCallerIdentity&Version=2011-06-15", form}, {"Action=AssumeRole&Version=2011-06-15", form}, {"Action=AssumeRoleWithWebIdentity&Action=AssumeRole&Version=2011-06-15", form},
			{"Action=AssumeRoleWithWebIdentity&Version=2011-06-15", "application/json"}, {"", form}, {"%", form}, {strings.Repeat("x", 40<<10), form}} {
			if status, text := post(c[0], c[1]); status != 403 || !strings.Contains(text, "MissingAuthenticationToken") {
				t.Errorf("%.60s: %d %s", c[0], status, text)
			}
		}
		if status, text := post("Action=AssumeRoleWithWebIdentity", form); status != 400 || !strings.Contains(text, "InvalidAction") {
			t.Errorf("without a version: %d %s", status, text)
		}
		// One bearer has a rate of its own, of no account's.
		var got string
		for n := 0; n < 60 && !strings.HasPrefix(got, "Throttling"); n++ {
			_, got = assume(arn, i.Token(who))
		}
		if !strings.HasPrefix(got, "Throttling") {
			t.Errorf("too many: %s", got)
		}
		if _, got := assume(arn, i.Token(issuertest.Claims{"sub": "system:serviceaccount:scan:other", "aud": "workloads"})); got != "" {
			t.Errorf("another bearer: %s", got)
		}
		if err := s.Identity().DeleteRole(t.Context(), "111122223333", "Scanner"); err != nil {
			t.Fatal(err)
		}
		if err := s.audit.Close(); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(everything(t, s), "\n")
		for _, want := range []string{`"type":"WebIdentityUser","principalId":"` + i.Name() + `:sts.amazonaws.com:system:serviceaccount:scan:worker","userName":"system:serviceaccount:scan:worker","identityProvider":"` + i.URL + `"`,
			`"eventName":"AssumeRoleWithWebIdentity"`, `"eventSource":"sts.amazonaws.com"`, `"roleArn":"` + arn + `"`, `"recipientAccountId":"111122223333"`, *out.Credentials.AccessKeyId} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no record with %s:\n%.3000s", want, text)
			}
		}
		if strings.Contains(text, "eyJ") || strings.Contains(text, *out.Credentials.SecretAccessKey) {
			t.Error("a record has a token or a secret")
		}
	})
}

// Without an issuer there is no way in without a signature.
func TestNoWebIdentity(t *testing.T) {
	s := start(t, Config{})
	r := newRequest(t, "POST", s.URL()+"/", []byte("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=abcd"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, text := do(t, r); status != 403 || !strings.Contains(text, "MissingAuthenticationToken") {
		t.Errorf("%d %s", status, text)
	}
	b := newBrowser(t, s)
	b.want("the ways in", b.do("GET", "/console/api/session", ""), 200, `"signIn":["key","link"]`)
	b.want("no provider", b.do("POST", "/console/api/provider", "{}"), 404, "UnknownOperationException")
	b.want("no provider to come back from", b.do("POST", "/console/api/provider/return", "{}"), 404, "UnknownOperationException")
}

// Settings that cannot work are refused at the start.
func TestWebIdentityConfig(t *testing.T) {
	for want, c := range map[string]Config{
		"--oidc-issuer and --oidc-client-id go together":  {OIDCIssuer: "https://id.example.com"},
		"--oidc-issuer and --oidc-client-id go together:": {OIDCClientID: "x"},
		"--oidc-client-secret-file goes with":             {OIDCClientSecretFile: "x"},
		"--oidc-issuer: issuer":                           {OIDCIssuer: "http://id.example.com", OIDCClientID: "x"},
		"must be ISSUER=AUDIENCE":                         {WebIdentities: []string{"https://id.example.com"}},
		"--web-identity: issuer":                          {WebIdentities: []string{"id.example.com=x"}},
	} {
		if _, err := c.withDefaults(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// provider is a server whose people sign in at an issuer.
func provider(t *testing.T, i *issuertest.Issuer, fn func(t *testing.T, s *Server)) {
	i.Secret = "the client's secret"
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(i.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startEach(t, Config{OIDCIssuer: i.URL, OIDCClientID: i.ClientID, OIDCClientSecretFile: file}, func(t *testing.T, s *Server) {
		i.Redirect = s.URL() + "/console/oidc"
		fn(t, s)
	})
}

// goThere goes to the provider and comes back with what the page then has in its address.
func (b *browser) goThere(to string) url.Values {
	b.t.Helper()
	resp, err := b.client.Get(to)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != 302 {
		b.t.Fatalf("%s: %d %s", to, resp.StatusCode, text)
	}
	if page := b.do("GET", back.Path, ""); page.status != 200 || !strings.Contains(page.body, "<script") {
		b.t.Errorf("the page that one comes back to: %s", page)
	}
	return back.Query()
}

func (b *browser) begin() string {
	b.t.Helper()
	a := b.do("POST", "/console/api/provider", "{}")
	var in struct{ URL string }
	if err := json.Unmarshal([]byte(a.body), &in); err != nil || a.status != 200 {
		b.t.Fatal(a)
	}
	return in.URL
}

func (b *browser) comeBack(q url.Values, change ...func(r *http.Request)) answered {
	b.t.Helper()
	body, _ := json.Marshal(map[string]string{"code": q.Get("code"), "state": q.Get("state")})
	return b.do("POST", "/console/api/provider/return", string(body), change...)
}

// Somebody signs in at the provider: with one role that trusts a group, at once; with several, after
// choosing; with none, not at all.
func TestConsoleProvider(t *testing.T) {
	i := issuertest.Start(t)
	provider(t, i, func(t *testing.T, s *Server) {
		trusting(t, s, "111122223333", "Analyst", i.URL, inGroup(i, "security"))
		trusting(t, s, "444455556666", "Operator", i.URL, inGroup(i, "operators"), "AmazonMacieReadOnlyAccess")
		trusting(t, s, "444455556666", "Admin", i.URL, inGroup(i, "admins"))
		b := newBrowser(t, s)
		b.want("the ways in", b.do("GET", "/console/api/session", ""), 200, `"signIn":["key","link","oidc"],"provider":"`+i.Name()+`"`)
		i.SignInAs(issuertest.Claims{"sub": "u-1", "groups": []string{"staff", "security"}, "email": "anna@example.com", "email_verified": true})
		a := b.do("POST", "/console/api/provider", "{}")
		cookie := a.header.Get("Set-Cookie")
		for _, attribute := range []string{"magpie-oidc-" + s.keyID + "-", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=600"} {
			if !strings.Contains(cookie, attribute) {
				t.Errorf("the cookie %q lacks %s", cookie, attribute)
			}
		}
		in := b.comeBack(b.goThere(b.begin()))
		b.want("one role", in, 200, `"arn":"arn:aws:sts::111122223333:assumed-role/Analyst/anna@example.com"`)
		sessions := 0
		for _, c := range in.header.Values("Set-Cookie") {
			if !strings.HasPrefix(c, "magpie-"+s.keyID+"-") {
				continue
			}
			if sessions++; !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
				t.Errorf("the cookie is %q", c)
			}
		}
		if sessions != 1 {
			t.Errorf("%d cookies of a session in %q", sessions, in.header.Values("Set-Cookie"))
		}
		b.want("a call", b.do("GET", "/console/api/call/macie", ""), 403, "Macie is not enabled")
		b.want("the session", b.do("GET", "/console/api/session", ""), 200, "assumed-role/Analyst")

		i.SignInAs(issuertest.Claims{"sub": "u-2", "groups": []string{"security", "operators"}, "email": "root@example.com", "email_verified": false})
		c := newBrowser(t, s)
		choice := c.comeBack(c.goThere(c.begin()))
		c.want("two roles", choice, 200, `{"arn":"arn:aws:iam::444455556666:role/Operator","account":"444455556666","name":"Operator"`)
		c.want("nobody yet", c.do("GET", "/console/api/session", ""), 200, `"identities":[]`)
		var offered struct {
			Roles  []struct{ ARN string }
			Choice string
		}
		if err := json.Unmarshal([]byte(choice.body), &offered); err != nil || len(offered.Roles) != 2 || strings.Contains(choice.body, "eyJ") {
			t.Fatalf("%v %s", err, choice)
		}
		choose := func(x *browser, sealed, role string) answered {
			body, _ := json.Marshal(map[string]string{"choice": sealed, "role": role})
			return x.do("POST", "/console/api/provider/return", string(body))
		}
		other := newBrowser(t, s)
		other.begin()
		other.want("another browser's choice", choose(other, offered.Choice, offered.Roles[1].ARN), 403, "begun in another browser")
		c.want("a choice that was changed", choose(c, "A"+offered.Choice, offered.Roles[1].ARN), 403, "begun in another browser")
		c.want("a role that was not offered", choose(c, offered.Choice, "arn:aws:iam::444455556666:role/Admin"), 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
		c.want("again", c.comeBack(c.goThere(c.begin())), 200, `"choice"`)
		d := newBrowser(t, s)
		if err := json.Unmarshal([]byte(d.comeBack(d.goThere(d.begin())).body), &offered); err != nil {
			t.Fatal(err)
		}
		// The address was not verified, so it is nobody's name.
		d.want("the choice", choose(d, offered.Choice, "arn:aws:iam::444455556666:role/Operator"), 200, "assumed-role/Operator/u-2")
		d.want("a role's permissions", d.do("POST", "/console/api/call/macie", "{}"), 403, "is not authorized to perform: macie2:EnableMacie")
		d.want("the choice twice", choose(d, offered.Choice, "arn:aws:iam::444455556666:role/Operator"), 403, "begun in another browser")

		i.SignInAs(issuertest.Claims{"sub": "u-3", "groups": []string{"staff"}})
		e := newBrowser(t, s)
		e.want("no role", e.comeBack(e.goThere(e.begin())), 403, "No role here trusts you")
		if len(e.cookies()) != 0 {
			t.Errorf("cookies are left: %v", e.cookies())
		}
		// What holds for a role that was assumed holds here: it ends with the role.
		if err := s.Identity().DeleteRole(t.Context(), "111122223333", "Analyst"); err != nil {
			t.Fatal(err)
		}
		b.want("the role is deleted", b.do("GET", "/console/api/call/macie", ""), 401, "ConsoleSessionEnded")
		if err := s.audit.Close(); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(everything(t, s), "\n")
		for _, want := range []string{`"eventName":"ConsoleLogin"`, `"eventName":"AssumeRoleWithWebIdentity"`, `"userName":"u-1"`, `"ConsoleLogin":"Failure"`} {
			if !strings.Contains(text, want) {
				t.Errorf("no record has %s", want)
			}
		}
		if strings.Contains(text, "eyJ") || strings.Contains(text, i.Secret) {
			t.Error("a record has a token or a secret")
		}
	})
}

// Nobody is signed in by an answer that is not that of the browser's own sign-in, or that another
// site has sent, or by a token that is not for it; and nobody is sent elsewhere.
func TestConsoleProviderRefuses(t *testing.T) {
	i := issuertest.Start(t)
	provider(t, i, func(t *testing.T, s *Server) {
		trusting(t, s, "111122223333", "Analyst", i.URL, "")
		refused := func(name string, b *browser, a answered, want string) {
			t.Helper()
			b.want(name, a, 403, want)
			b.want(name+": nobody", b.do("GET", "/console/api/session", ""), 200, `"identities":[]`)
		}
		b, victim := newBrowser(t, s), newBrowser(t, s)
		attackers := b.goThere(b.begin())
		refused("another's answer, without a sign-in", victim, victim.comeBack(attackers), "begun in another browser")
		own := victim.goThere(victim.begin())
		refused("another's answer", victim, victim.comeBack(attackers), "not the answer to the sign-in")
		refused("another's code with one's own state", victim, victim.comeBack(url.Values{"code": attackers["code"], "state": own["state"]}), "does not take the code")
		own = victim.goThere(victim.begin())
		for name, change := range map[string]func(r *http.Request){
			"another site's form":      func(r *http.Request) { r.Header.Del("X-Magpie-Console") },
			"another site, by browser": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		} {
			if a := victim.comeBack(own, change); a.status != 403 {
				t.Errorf("%s: %s", name, a)
			}
			if a := victim.do("POST", "/console/api/provider", "{}", change); a.status != 403 {
				t.Errorf("%s begins: %s", name, a)
			}
		}
		victim.want("one's own", victim.comeBack(own), 200, "assumed-role/Analyst/anna")
		victim.want("twice", victim.comeBack(own), 403, "begun in another browser")
		for name, c := range map[string]issuertest.Claims{"another nonce": {"nonce": "x"}, "no nonce": {"nonce": nil}, "another audience": {"aud": "x"},
			"another issuer": {"iss": "https://id.example.com"}, "expired": {"exp": 1}, "no subject": {"sub": nil}} {
			i.SignInAs(c)
			b := newBrowser(t, s)
			a := b.comeBack(b.goThere(b.begin()))
			if a.status != 403 && a.status != 429 || strings.Contains(fmt.Sprint(a.header), "magpie-"+s.keyID+"-") {
				t.Errorf("%s: %s", name, a)
			}
		}
		i.SignInAs(nil)
		// The provider is asked with the address that is registered, whatever the page was told.
		for _, body := range []string{`{"return":"https://evil.example.com"}`, `{"redirect_uri":"https://evil.example.com"}`} {
			a := newBrowser(t, s).do("POST", "/console/api/provider", body)
			if !strings.Contains(a.body, url.QueryEscape(s.URL()+"/console/oidc")) || strings.Contains(a.body, "evil") {
				t.Errorf("%s: %s", body, a)
			}
		}
		host := newBrowser(t, s)
		host.want("under another name", host.do("POST", "/console/api/provider", "{}", func(r *http.Request) { r.Host = "localhost" }), 409, "sign in from there")
		for _, body := range []string{"", "[]", "{}", `{"code":"x"}`, `{"state":"x"}`, `{"code":"a","state":"b","choice":"c","role":"d"}`, strings.Repeat("[", 10000), strings.Repeat(" ", 70<<10)} {
			b := newBrowser(t, s)
			b.begin()
			if a := b.do("POST", "/console/api/provider/return", body); a.status < 400 || a.status >= 500 {
				t.Errorf("%.20s: %s", body, a)
			}
		}
		i.Answer(func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(500); return true })
		away := newBrowser(t, s)
		q := url.Values{"code": {"x"}}
		to, _ := url.Parse(away.begin())
		q.Set("state", to.Query().Get("state"))
		away.want("the provider is away", away.comeBack(q), 502, "cannot be reached")
		i.Answer(nil)
	})
}
