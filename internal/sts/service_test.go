package sts

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	alpha = macie2.AccountID("111122223333")
	beta  = macie2.AccountID("444455556666")
)

// authenticator asks the identity service, as the server does.
type authenticator struct{ *identity.Service }

func (a authenticator) Authenticate(ctx context.Context, sig *sigv4.Signature, now time.Time) (*awsapi.Identity, error) {
	c, err := a.Resolve(ctx, sig.AccessKeyID, sig.SecurityToken, now)
	if err != nil {
		return nil, err
	}
	out := &awsapi.Identity{Principal: c.Principal, Key: c.SigningKey(sig.Date, sig.Region, sig.Service), Unchecked: c.Unchecked}
	if c.Suspended {
		out.Refusal = macie2.ErrSuspended(c.Principal.Account)
	}
	return out, nil
}

// endpoint is STS on a socket, with a user of alpha and a role of beta that
// trusts alpha.
type endpoint struct {
	t        *testing.T
	url      string
	identity *identity.Service
	key      aws.Credentials
	late     time.Duration // what the server's clock is ahead
}

func each(t *testing.T, fn func(t *testing.T, e *endpoint)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		ctx := t.Context()
		service, err := identity.Open(ctx, open(), identity.NewMasterKey(), identity.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := &endpoint{t: t, identity: service}
		for _, id := range []macie2.AccountID{alpha, beta} {
			if _, err := service.CreateAccount(ctx, id, "a@example.com", "", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		_, err = service.CreateRole(ctx, identity.Role{Account: beta, Name: "Operator", Trust: identity.TrustAccount(alpha)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		e.key = e.newKey("deployer")
		edge := awsapi.New(awsapi.Options{
			Registry: macie2.NewRegistry(), Authenticator: authenticator{service},
			Now: func() time.Time { return time.Now().Add(e.late) },
		})
		edge.HandleService(SigningName, New(service, nil))
		server := httptest.NewServer(edge)
		t.Cleanup(server.Close)
		e.url = server.URL
		fn(t, e)
	})
}

func (e *endpoint) newKey(user string, policies ...string) aws.Credentials {
	e.t.Helper()
	key, secret, err := e.identity.CreateKey(e.t.Context(), alpha, user, policies, time.Now())
	if err != nil {
		e.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}
}

func (e *endpoint) client(c aws.Credentials) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &e.url, Region: "eu-west-1", Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	})
}

func (e *endpoint) assume() aws.Credentials {
	e.t.Helper()
	out, err := e.client(e.key).AssumeRole(e.t.Context(), &sdk.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::444455556666:role/Operator"), RoleSessionName: aws.String("from-alpha"),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken, Expires: *out.Credentials.Expiration}
}

// wantRefusal asserts what the SDK makes of an error.
func wantRefusal(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.HasPrefix(e.ErrorMessage(), message) {
		t.Errorf("got %v; want %s: %s", err, code, message)
	}
}

func TestSDK(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		me, err := e.client(e.key).GetCallerIdentity(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if *me.Account != "111122223333" || *me.Arn != "arn:aws:iam::111122223333:user/deployer" || !strings.HasPrefix(*me.UserId, "AIDA") {
			t.Errorf("%s %s %s", *me.Account, *me.Arn, *me.UserId)
		}
		session := e.assume()
		if left := time.Until(session.Expires); left > time.Hour || left < 59*time.Minute {
			t.Errorf("the session ends in %v", left)
		}
		me, err = e.client(session).GetCallerIdentity(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if *me.Account != "444455556666" || *me.Arn != "arn:aws:sts::444455556666:assumed-role/Operator/from-alpha" || !strings.HasSuffix(*me.UserId, ":from-alpha") {
			t.Errorf("%s %s %s", *me.Account, *me.Arn, *me.UserId)
		}
	})
}

func TestSDKRefusals(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		ctx := t.Context()
		ask := func(c aws.Credentials) error {
			_, err := e.client(c).GetCallerIdentity(ctx, nil)
			return err
		}
		const mismatch = "The request signature we calculated does not match the signature you provided."
		wrong := e.key
		wrong.SecretAccessKey = "wrong"
		wantRefusal(t, ask(wrong), "SignatureDoesNotMatch", mismatch)
		unknown := e.key
		unknown.AccessKeyID = "AKIAIOSFODNN7EXAMPLE"
		wantRefusal(t, ask(unknown), "InvalidClientTokenId", "The security token included in the request is invalid.")
		one, two := e.assume(), e.assume()
		mixed := one
		mixed.SessionToken = two.SessionToken
		wantRefusal(t, ask(mixed), "InvalidClientTokenId", "The security token")
		mixed.SessionToken = ""
		wantRefusal(t, ask(mixed), "InvalidClientTokenId", "The security token")

		assume := func(c aws.Credentials, in *sdk.AssumeRoleInput) error {
			_, err := e.client(c).AssumeRole(ctx, in)
			return err
		}
		in := func(name string) *sdk.AssumeRoleInput {
			return &sdk.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::444455556666:role/" + name), RoleSessionName: aws.String("session")}
		}
		wantRefusal(t, assume(e.key, in("Missing")), "AccessDenied", "User: arn:aws:iam::111122223333:user/deployer is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/Missing")
		wantRefusal(t, assume(e.newKey("nobody", identity.PolicyNone), in("Operator")), "AccessDenied", "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: sts:AssumeRole")
		short := in("Operator")
		short.DurationSeconds = aws.Int32(60)
		wantRefusal(t, assume(e.key, short), "ValidationError", "1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")
		limited := in("Operator")
		limited.Policy = aws.String("{}")
		wantRefusal(t, assume(e.key, limited), "ValidationError", "The parameter Policy is not supported by this server yet.")
		_, err := e.client(e.key).GetSessionToken(ctx, nil)
		wantRefusal(t, err, "NotImplementedException", "The operation GetSessionToken is not implemented yet by this server.")

		if _, err := e.identity.SuspendAccount(ctx, alpha, time.Now()); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, ask(e.key), "OptInRequired", "The account 111122223333 is suspended.")
		wantRefusal(t, ask(wrong), "SignatureDoesNotMatch", mismatch)
	})
}

func TestExpiry(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		out, err := e.client(e.key).AssumeRole(t.Context(), &sdk.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::444455556666:role/Operator"), RoleSessionName: aws.String("short"), DurationSeconds: aws.Int32(900),
		})
		if err != nil {
			t.Fatal(err)
		}
		e.late = 16 * time.Minute
		r := e.request("Action=GetCallerIdentity&Version=2011-06-15")
		session := sigv4.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
		status, body := e.send(r, session)
		if status != 403 || !strings.Contains(body, "<Code>ExpiredToken</Code>") || !strings.Contains(body, "<Message>The security token included in the request is expired</Message>") {
			t.Errorf("%d %s", status, body)
		}
	})
}

func (e *endpoint) request(form string) *http.Request {
	r, err := http.NewRequest("POST", e.url+"/", strings.NewReader(form))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r
}

// send signs with our own signer at the server's time.
func (e *endpoint) send(r *http.Request, c sigv4.Credentials) (status int, body string) {
	e.t.Helper()
	var form []byte
	if r.Body != nil {
		form, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(form))
	}
	if err := sigv4.Sign(r, c, "eu-west-1", SigningName, form, time.Now().Add(e.late)); err != nil {
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
	if got := resp.Header.Get("Content-Type"); got != "text/xml" {
		e.t.Errorf("Content-Type %s", got)
	}
	id := resp.Header.Get("x-amzn-RequestId")
	if id == "" || !strings.Contains(string(b), "<RequestId>"+id+"</RequestId>") {
		e.t.Errorf("request id %q is not that of %s", id, b)
	}
	return resp.StatusCode, strings.ReplaceAll(string(b), id, "ID")
}

// The bytes on the wire, which clients without an SDK read.
func TestWire(t *testing.T) {
	each(t, func(t *testing.T, e *endpoint) {
		key := sigv4.Credentials{AccessKeyID: e.key.AccessKeyID, SecretAccessKey: e.key.SecretAccessKey}
		_, got := e.send(e.request("Action=GetCallerIdentity&Version=2011-06-15"), key)
		got = regexp.MustCompile(`AIDA\w+`).ReplaceAllString(got, "USER")
		want := `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::111122223333:user/deployer</Arn>
    <UserId>USER</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>ID</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		_, got = e.send(e.request("Action=AssumeRole&Version=2011-06-15&RoleSessionName=s1&RoleArn="+url.QueryEscape("arn:aws:iam::444455556666:role/Operator")), key)
		got = regexp.MustCompile(`<(AccessKeyId|SecretAccessKey|SessionToken|Expiration|AssumedRoleId)>[^<]+<`).ReplaceAllString(got, "<$1>…<")
		want = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>…</AssumedRoleId>
      <Arn>arn:aws:sts::444455556666:assumed-role/Operator/s1</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>…</AccessKeyId>
      <SecretAccessKey>…</SecretAccessKey>
      <SessionToken>…</SessionToken>
      <Expiration>…</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>ID</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
`
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		refusal := func(kind, code, message string) string {
			return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>` + kind + `</Type>
    <Code>` + code + `</Code>
    <Message>` + message + `</Message>
  </Error>
  <RequestId>ID</RequestId>
</ErrorResponse>
`
		}
		for _, c := range []struct {
			form   string
			status int
			want   string
		}{
			{"", 400, refusal("Sender", "InvalidAction", "Could not find operation NO_VALUE for version NO_VALUE")},
			{"Action=GetCallerIdentity", 400, refusal("Sender", "InvalidAction", "Could not find operation GetCallerIdentity for version NO_VALUE")},
			{"Action=Launch&Version=2011-06-15", 400, refusal("Sender", "InvalidAction", "Could not find operation Launch for version 2011-06-15")},
			{"Action=%3Cx%3E&Version=2011-06-15", 400, refusal("Sender", "InvalidAction", "Could not find operation &lt;x&gt; for version 2011-06-15")},
			{"Action=GetSessionToken&Version=2011-06-15", 501, refusal("Receiver", "NotImplementedException", "The operation GetSessionToken is not implemented yet by this server.")},
			{"Action=AssumeRole&Action=GetCallerIdentity&Version=2011-06-15", 400, refusal("Sender", "MalformedQueryString", "A parameter is given more than once: Action")},
			{"Action=%zz", 400, refusal("Sender", "MalformedQueryString", "The request must be a form in the body, of Action, Version and parameters.")},
			{`{"Action":"AssumeRole"}`, 400, refusal("Sender", "InvalidAction", "Could not find operation NO_VALUE for version NO_VALUE")},
		} {
			status, got := e.send(e.request(c.form), key)
			if status != c.status || got != c.want {
				t.Errorf("%s: %d\n%s\nwant %d\n%s", c.form, status, got, c.status, c.want)
			}
		}
		get, err := http.NewRequest("GET", e.url+"/?Action=GetCallerIdentity&Version=2011-06-15", nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, got := e.send(get, key); status != 405 || !strings.Contains(got, "<Code>InvalidAction</Code>") {
			t.Errorf("%d %s", status, got)
		}
	})
}
