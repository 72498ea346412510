package identity

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// callAs is a call by the holder of a key.
func callAs(t *testing.T, s *Service, keyID, token string) *macie2.Call {
	t.Helper()
	c := must[*Credentials](t)(s.Resolve(t.Context(), keyID, token, now))
	return &macie2.Call{Account: c.Principal.Account, Region: "us-east-1", Principal: c.Principal, Now: now}
}

func request(arn, session string) *AssumeRoleInput {
	return &AssumeRoleInput{RoleARN: &arn, RoleSessionName: &session}
}

func TestAssumeRole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		key, _, err := s.CreateKey(ctx, alpha, "deployer", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		caller := callAs(t, s, key.ID, "")
		role := must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Operator", Trust: TrustAccount(alpha)}, now))
		if role.ARN() != "arn:aws:iam::444455556666:role/Operator" || role.MaxSession != time.Hour || !regexp.MustCompile(`^AROA[A-Z2-7]{17}$`).MatchString(role.ID) {
			t.Errorf("role %+v", role)
		}
		out := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, caller, request(role.ARN(), "from-alpha")))
		if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(out.AccessKeyID) || len(out.SecretAccessKey) != 40 ||
			out.ARN != "arn:aws:sts::444455556666:assumed-role/Operator/from-alpha" || out.AssumedRoleID != role.ID+":from-alpha" ||
			!out.Expiration.Equal(now.Truncate(time.Second).Add(time.Hour)) {
			t.Errorf("%+v", out)
		}
		token := out.SessionToken.Reveal()
		c := must[*Credentials](t)(s.Resolve(ctx, out.AccessKeyID, token, now))
		if c.Principal.ARN != out.ARN || c.Principal.ID != out.AssumedRoleID || c.Principal.Account != beta || c.Principal.KeyID != out.AccessKeyID ||
			c.Principal.Policies[0] != AdministratorAccess || c.Session.RoleARN != role.ARN() || c.entry.secret != out.SecretAccessKey.Reveal() {
			t.Errorf("%+v %+v", c.Principal, c.Session)
		}
		me := must[*CallerIdentity](t)(s.GetCallerIdentity(ctx, callAs(t, s, out.AccessKeyID, token)))
		if *me != (CallerIdentity{UserID: out.AssumedRoleID, Account: beta, ARN: out.ARN}) {
			t.Errorf("%+v", me)
		}

		// Time passes.
		if _, err := s.Resolve(ctx, out.AccessKeyID, token, out.Expiration.Add(-time.Second)); err != nil {
			t.Error(err)
		}
		if _, err := s.Resolve(ctx, out.AccessKeyID, token, out.Expiration); code(err) != macie2.ExpiredTokenException {
			t.Errorf("expired: %v", err)
		}

		// Another session's token, no token, a changed one.
		other := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, caller, request(role.ARN(), "another")))
		changed := []byte(token)
		if changed[40]++; changed[40] > 'y' {
			changed[40] = 'A'
		}
		for name, wrong := range map[string]string{"another's": other.SessionToken.Reveal(), "none": "", "changed": string(changed), "short": "AQ==", "no base64": "§", "plain": "token", "other version": "Ag" + token[2:]} {
			if _, err := s.Resolve(ctx, out.AccessKeyID, wrong, now); code(err) != macie2.UnrecognizedClientException {
				t.Errorf("token %s: %v", name, err)
			}
		}
		if _, err := s.Resolve(ctx, key.ID, token, now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a session's token with a user's key: %v", err)
		}

		// A session assumes a role in turn: at most one hour.
		chained := must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "Chained", MaxSession: 2 * time.Hour,
			Trust: `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + role.ARN() + `"},"Action":"sts:AssumeRole"}}`}, now))
		session := callAs(t, s, out.AccessKeyID, token)
		must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, session, request(chained.ARN(), "chain")))
		long := request(chained.ARN(), "chain")
		long.DurationSeconds = macie2.Ptr("3601")
		if _, err := s.AssumeRole(ctx, session, long); code(err) != macie2.ValidationException || !strings.Contains(err.Error(), "role chaining") {
			t.Error(err)
		}
		if _, err := s.AssumeRole(ctx, caller, request(chained.ARN(), "direct")); code(err) != macie2.AccessDeniedException {
			t.Errorf("a role that trusts another role: %v", err)
		}

		// The account is suspended, active again, closed.
		must[Account](t)(s.SuspendAccount(ctx, beta, now))
		if c := must[*Credentials](t)(s.Resolve(ctx, out.AccessKeyID, token, now)); !c.Suspended {
			t.Error("the session of a suspended account goes on")
		}
		if _, err := s.AssumeRole(ctx, caller, request(role.ARN(), "x1")); code(err) != macie2.AccessDeniedException {
			t.Errorf("a role of a suspended account: %v", err)
		}
		must[Account](t)(s.ResumeAccount(ctx, beta, now))
		must[*Credentials](t)(s.Resolve(ctx, out.AccessKeyID, token, now))

		// The role is deleted; one of the same name is another role.
		if err := s.DeleteRole(ctx, beta, "operator"); err != nil {
			t.Fatal(err)
		}
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Operator", Trust: TrustAccount(alpha)}, now))
		if _, err := s.Resolve(ctx, out.AccessKeyID, token, now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("the session of a deleted role: %v", err)
		}
		last := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, caller, request(role.ARN(), "last")))
		must[Account](t)(s.CloseAccount(ctx, beta, now))
		if _, err := s.Resolve(ctx, last.AccessKeyID, last.SessionToken.Reveal(), now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("the session of a closed account: %v", err)
		}
	})
}

// Nobody learns from a refusal whether a role exists.
func TestAssumeRoleDenied(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		key, _, err := s.CreateKey(ctx, alpha, "deployer", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		nothing, _, err := s.CreateKey(ctx, alpha, "nobody", []string{PolicyNone}, now)
		if err != nil {
			t.Fatal(err)
		}
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Private", Trust: TrustAccount(beta)}, now))
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Open", Trust: TrustAccount(alpha)}, now))
		for _, c := range []struct{ key, user, role string }{
			{key.ID, "deployer", "444455556666:role/Private"},
			{key.ID, "deployer", "444455556666:role/Missing"},
			{key.ID, "deployer", "444455556666:role/private"},
			{key.ID, "deployer", "444455556666:role/path/Open"},
			{key.ID, "deployer", "999999999999:role/Open"},
			{nothing.ID, "nobody", "444455556666:role/Open"},
		} {
			_, err := s.AssumeRole(ctx, callAs(t, s, c.key, ""), request("arn:aws:iam::"+c.role, "session"))
			want := "AccessDeniedException: User: arn:aws:iam::111122223333:user/" + c.user + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::" + c.role
			if err == nil || err.Error() != want {
				t.Errorf("%s: %v", c.role, err)
			}
		}
	})
}

func TestAssumeRoleValidation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		role := must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "R", Trust: TrustAccount(alpha), MaxSession: 2 * time.Hour}, now))
		key, _, err := s.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		call := callAs(t, s, key.ID, "")
		p := macie2.Ptr[string]
		for _, c := range []struct {
			in   AssumeRoleInput
			want string
		}{
			{AssumeRoleInput{}, "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"},
			{AssumeRoleInput{RoleARN: p("arn"), RoleSessionName: p("session")}, "1 validation error detected: Value 'arn' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
			{AssumeRoleInput{RoleARN: p("arn:aws:iam::111122223333:user/alice"), RoleSessionName: p("session")}, "arn:aws:iam::111122223333:user/alice is invalid"},
			{AssumeRoleInput{RoleARN: p("arn:aws:iam::1111:role/alice"), RoleSessionName: p("session")}, "arn:aws:iam::1111:role/alice is invalid"},
			{AssumeRoleInput{RoleARN: p("arn:aws:iam::111122223333:role/"), RoleSessionName: p("session")}, "arn:aws:iam::111122223333:role/ is invalid"},
			{AssumeRoleInput{RoleARN: p("arn:aws:iam::111122223333:role/a b"), RoleSessionName: p("session")}, "arn:aws:iam::111122223333:role/a b is invalid"},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("s")}, "1 validation error detected: Value 's' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p(strings.Repeat("s", 65))}, "1 validation error detected: Value '" + strings.Repeat("s", 65) + "' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("a session")}, `1 validation error detected: Value 'a session' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("session"), DurationSeconds: p("899")}, "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("session"), DurationSeconds: p("43201")}, "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("session"), DurationSeconds: p("7201")}, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("session"), DurationSeconds: p("1h")}, "The parameter DurationSeconds must be a whole number."},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("session"), ExternalID: p("a b")}, `1 validation error detected: Value 'a b' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\\/-]*`},
			{AssumeRoleInput{RoleARN: p(role.ARN()), RoleSessionName: p("session"), Unsupported: []string{"Policy"}}, "The parameter Policy is not supported by this server yet."},
		} {
			_, err := s.AssumeRole(ctx, call, &c.in)
			var e *macie2.Error
			if !errors.As(err, &e) || e.Code != macie2.ValidationException || e.Message != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		}
		for seconds, want := range map[string]time.Duration{"900": 900 * time.Second, "7200": 2 * time.Hour} {
			in := request(role.ARN(), "session")
			in.DurationSeconds = &seconds
			out := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, call, in))
			if got := out.Expiration.Sub(now.Truncate(time.Second)); got != want {
				t.Errorf("%s: %v", seconds, got)
			}
		}
	})
}

func TestRoles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "b", Trust: TrustAccount(beta), Policies: []string{PolicyNone}}, now))
		must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "A", Trust: TrustAccount(beta), MaxSession: 12 * time.Hour}, now))
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "a", Trust: TrustAccount(beta)}, now))
		list := must[[]Role](t)(s.Roles(ctx, alpha))
		if len(list) != 2 || list[0].Name != "A" || list[0].MaxSession != 12*time.Hour || list[1].Policies[0] != PolicyNone || list[1].Trust != TrustAccount(beta) {
			t.Errorf("%+v", list)
		}
		if list := must[[]Role](t)(s.Roles(ctx, "")); len(list) != 3 {
			t.Errorf("%+v", list)
		}
		must[Account](t)(s.CloseAccount(ctx, beta, now))
		for _, c := range []struct {
			role Role
			want error
		}{
			{Role{Account: alpha, Name: "B", Trust: TrustAccount(beta)}, ErrRoleExists},
			{Role{Account: "999999999999", Name: "r", Trust: TrustAccount(beta)}, ErrNoAccount},
			{Role{Account: beta, Name: "r", Trust: TrustAccount(beta)}, ErrClosed},
			{Role{Account: alpha, Name: "r/x", Trust: TrustAccount(beta)}, ErrInvalid},
			{Role{Account: alpha, Name: "r", Trust: "{}"}, ErrInvalid},
			{Role{Account: alpha, Name: "r", Trust: TrustAccount(beta), Policies: []string{"x"}}, ErrInvalid},
			{Role{Account: alpha, Name: "r", Trust: TrustAccount(beta), MaxSession: 13 * time.Hour}, ErrInvalid},
			{Role{Account: alpha, Name: "r", Trust: TrustAccount(beta), MaxSession: time.Minute}, ErrInvalid},
		} {
			if _, err := s.CreateRole(ctx, c.role, now); !errors.Is(err, c.want) {
				t.Errorf("%+v: %v", c.role, err)
			}
		}
		if err := s.DeleteRole(ctx, alpha, "nobody"); !errors.Is(err, ErrNoRole) {
			t.Error(err)
		}
		if _, err := s.Roles(ctx, "999999999999"); !errors.Is(err, ErrNoAccount) {
			t.Error(err)
		}
	})
}

func TestSourceIdentity(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		key, _, err := s.CreateKey(ctx, alpha, "", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "Plain", Trust: TrustAccount(alpha)}, now))
		must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "Named", Trust: `{"Statement":{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:SetSourceIdentity"]}}`}, now))
		in := request("arn:aws:iam::111122223333:role/Plain", "session")
		in.SourceIdentity = macie2.Ptr("alice")
		if _, err := s.AssumeRole(ctx, callAs(t, s, key.ID, ""), in); code(err) != macie2.AccessDeniedException {
			t.Error(err)
		}
		in.RoleARN = macie2.Ptr("arn:aws:iam::111122223333:role/Named")
		out := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, callAs(t, s, key.ID, ""), in))
		c := must[*Credentials](t)(s.Resolve(ctx, out.AccessKeyID, out.SessionToken.Reveal(), now))
		if out.SourceIdentity != "alice" || c.Session.SourceIdentity != "alice" {
			t.Errorf("%+v %+v", out, c.Session)
		}

		// It stays through every role that is assumed from there, whether it is given again or not,
		// and is no other.
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Next", Trust: `{"Statement":[{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:SetSourceIdentity"]},` +
			`{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"StringNotEquals":{"sts:SourceIdentity":"alice","aws:SourceIdentity":"alice"}}}]}`}, now))
		for range 3 {
			session := callAs(t, s, out.AccessKeyID, out.SessionToken.Reveal())
			if session.Principal.SourceIdentity != "alice" {
				t.Fatalf("the session is %+v", session.Principal)
			}
			next := request("arn:aws:iam::444455556666:role/Next", "chained")
			next.SourceIdentity = macie2.Ptr("mallory")
			if _, err := s.AssumeRole(ctx, session, next); code(err) != macie2.AccessDeniedException {
				t.Errorf("it becomes another: %v", err)
			}
			next.RoleARN = macie2.Ptr("arn:aws:iam::111122223333:role/Plain") // whose policy lets nobody carry it in
			next.SourceIdentity = nil
			if _, err := s.AssumeRole(ctx, session, next); code(err) != macie2.AccessDeniedException {
				t.Errorf("it is left behind: %v", err)
			}
			next.RoleARN = macie2.Ptr("arn:aws:iam::444455556666:role/Next")
			if out = must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, session, next)); out.SourceIdentity != "alice" {
				t.Errorf("%+v", out)
			}
			next.SourceIdentity = macie2.Ptr("alice")
			must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, session, next))
		}
	})
}

func TestDev(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{Dev: true})
		key, _, err := s.CreateKey(ctx, alpha, "", []string{PolicyNone}, now)
		if err != nil {
			t.Fatal(err)
		}
		for keyID, want := range map[string]string{
			"111122223333": "arn:aws:iam::111122223333:root", "999999999999": "arn:aws:iam::999999999999:root",
			"test": "arn:aws:iam::000000000000:root", "AKIAIOSFODNN7EXAMPLE": "arn:aws:iam::000000000000:root", "\xff": "arn:aws:iam::000000000000:root",
			key.ID: "arn:aws:iam::111122223333:user/admin",
		} {
			c := must[*Credentials](t)(s.Resolve(ctx, keyID, "", now))
			if c.Principal.ARN != want || !c.Unchecked || c.Suspended {
				t.Errorf("%s is %+v", keyID, c.Principal)
			}
			c.SigningKey("20261123", "us-east-1", "macie2") // there is none; it must not matter
		}
		if c := must[*Credentials](t)(s.Resolve(ctx, "test", "anything", now)); c.Principal.Account != devAccount {
			t.Errorf("%+v", c.Principal)
		}
		// Any role can be assumed, by anyone, with any parameters.
		in := request("arn:aws:iam::999999999999:role/path/Any", "session")
		in.Unsupported = []string{"Policy"}
		out := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, callAs(t, s, "test", ""), in))
		if out.ARN != "arn:aws:sts::999999999999:assumed-role/Any/session" {
			t.Errorf("%+v", out)
		}
		token := out.SessionToken.Reveal()
		c := must[*Credentials](t)(s.Resolve(ctx, out.AccessKeyID, token, now))
		if c.Principal.ARN != out.ARN || c.Principal.Account != "999999999999" || !c.Unchecked || c.Principal.ID != out.AssumedRoleID {
			t.Errorf("%+v", c.Principal)
		}
		if _, err := s.Resolve(ctx, out.AccessKeyID, token, out.Expiration); code(err) != macie2.ExpiredTokenException {
			t.Errorf("an expired session: %v", err)
		}
		// One that exists keeps who it is, though nobody is kept out.
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Real", Trust: TrustAccount(beta)}, now))
		real := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, callAs(t, s, "test", ""), request("arn:aws:iam::444455556666:role/Real", "session")))
		if err := s.DeleteRole(ctx, beta, "Real"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Resolve(ctx, real.AccessKeyID, real.SessionToken.Reveal(), now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("the session of a deleted role: %v", err)
		}
		// What was taken away is refused here too.
		must[AccessKey](t)(s.RevokeKey(ctx, key.ID, now))
		if _, err := s.Resolve(ctx, key.ID, "", now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a revoked key: %v", err)
		}
		must[Account](t)(s.SuspendAccount(ctx, alpha, now))
		if c := must[*Credentials](t)(s.Resolve(ctx, string(alpha), "", now)); !c.Suspended {
			t.Error("a suspended account goes on")
		}
		must[Account](t)(s.CloseAccount(ctx, beta, now))
		if _, err := s.Resolve(ctx, string(beta), "", now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a closed account: %v", err)
		}
		// An implicit role's session means nothing to a server that checks.
		strict := &Service{Directory: NewDirectory(s.db, Options{}), db: s.db, secrets: s.secrets, sessions: s.sessions, cache: newKeyCache()}
		if _, err := strict.Resolve(ctx, out.AccessKeyID, token, now); code(err) != macie2.UnrecognizedClientException {
			t.Errorf("a session of a role that does not exist: %v", err)
		}
	})
}

// A deny of a role holds however the caller spells the role's name.
func TestAssumeRoleIsDecidedOnTheStoredRole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		denied := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` +
			`{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"arn:aws:iam::444455556666:role/Operator"}]}`
		key, _, err := s.CreateKey(ctx, alpha, "deployer", []string{denied}, now)
		if err != nil {
			t.Fatal(err)
		}
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Operator", Trust: TrustAccount(alpha)}, now))
		must[Role](t)(s.CreateRole(ctx, Role{Account: beta, Name: "Other", Trust: TrustAccount(alpha)}, now))
		caller := callAs(t, s, key.ID, "")
		must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, caller, request("arn:aws:iam::444455556666:role/Other", "ok")))
		for _, region := range []string{"us-east-1", "cn-north-1", "us-gov-west-1"} {
			caller.Region = region
			for _, spelling := range []string{
				"arn:aws:iam::444455556666:role/Operator", "arn:aws-cn:iam::444455556666:role/Operator", "arn:aws-us-gov:iam::444455556666:role/Operator",
				"arn:awsX:iam::444455556666:role/Operator", "arn:aws-iso:iam::444455556666:role/Operator", "arn:AWS:iam::444455556666:role/Operator",
				"arn:aws:iam::444455556666:role//Operator", "arn:aws:iam::444455556666:role/Operator/", "arn:aws:iam::444455556666:role/./Operator",
				"arn:aws:iam::444455556666:role/operator", "arn:aws:iam::444455556666:role/x/Operator", "arn:aws:iam:us-east-1:444455556666:role/Operator",
				" arn:aws:iam::444455556666:role/Operator", "arn:aws:iam::444455556666:role/Operator ", "arn:aws:iam::444455556666:role/Oper%61tor",
			} {
				out, err := s.AssumeRole(ctx, caller, request(spelling, "me"))
				if err == nil || code(err) != macie2.AccessDeniedException && code(err) != macie2.ValidationException {
					t.Errorf("%q in %s: %v, %v", spelling, region, out, err)
				}
			}
		}
		// An operator's verb takes no other spelling either.
		for _, spelling := range []string{"arn:aws-cn:iam::444455556666:role/Operator", "arn:aws:iam::444455556666:role/operator"} {
			if h, err := s.Holder(ctx, spelling); err == nil {
				t.Errorf("%s is %s", spelling, h.RoleARN)
			}
		}
	})
}
