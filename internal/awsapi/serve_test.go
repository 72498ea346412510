package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/smithy-go"

	"magpie/internal/macie2"
)

// TestThroughSDK holds that the AWS SDK's calls arrive typed, with the caller.
func TestThroughSDK(t *testing.T) {
	now := time.Now()
	e := newEdge(t, func(o *Options) { o.Now = func() time.Time { return now } })
	var calls []*macie2.Call
	e.registry.BindCreateInvitations(func(_ context.Context, call *macie2.Call, in *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error) {
		calls = append(calls, call)
		if want := (&macie2.CreateInvitationsInput{AccountIds: []string{"444455556666"}, Message: macie2.Ptr("hé")}); !reflect.DeepEqual(in, want) {
			t.Errorf("got %v", in)
		}
		return &macie2.CreateInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{}}, nil
	})
	e.registry.BindTagResource(func(_ context.Context, _ *macie2.Call, in *macie2.TagResourceInput) (*macie2.TagResourceOutput, error) {
		if *in.ResourceArn != "arn:aws:macie2:eu-west-1:111122223333:member/444455556666" || in.Tags["k"] != "v" {
			t.Errorf("got %v", in)
		}
		return nil, nil
	})
	e.registry.BindDisableMacie(func(context.Context, *macie2.Call, *macie2.DisableMacieInput) (*macie2.DisableMacieOutput, error) {
		return nil, nil
	})
	client := e.client(keyAlice)

	out, err := client.CreateInvitations(t.Context(), &sdk.CreateInvitationsInput{AccountIds: []string{"444455556666"}, Message: aws.String("hé")})
	if err != nil || out.UnprocessedAccounts == nil {
		t.Errorf("CreateInvitations: got %v, %v", out, err)
	}
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	call := *calls[0]
	if !uuid4.MatchString(call.RequestID) || !strings.Contains(call.UserAgent, "aws-sdk-go-v2") {
		t.Errorf("request %q by %q", call.RequestID, call.UserAgent)
	}
	call.RequestID, call.UserAgent = "", ""
	want := macie2.Call{
		Account: alice, Region: "eu-west-1", Now: now.UTC().Truncate(time.Millisecond), SourceIP: "127.0.0.1",
		Principal: macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAALICE", KeyID: keyAlice, Account: alice},
	}
	if !reflect.DeepEqual(call, want) {
		t.Errorf("got %+v, want %+v", call, want)
	}

	_, err = client.TagResource(t.Context(), &sdk.TagResourceInput{
		ResourceArn: aws.String("arn:aws:macie2:eu-west-1:111122223333:member/444455556666"), Tags: map[string]string{"k": "v"}})
	if err != nil {
		t.Errorf("TagResource: %v", err)
	}
	raw := e.do(e.sign(e.request("POST", "/tags/arn%3Aaws%3Amacie2%3Aeu-west-1%3A111122223333%3Amember%2F444455556666", `{"tags":{"k":"v"}}`), keyAlice))
	if raw.StatusCode != http.StatusNoContent {
		t.Errorf("TagResource: got %d %s", raw.StatusCode, raw.body)
	}
	if raw := e.do(e.sign(e.request("DELETE", "/macie", ""), keyAlice)); raw.StatusCode != 200 || raw.body != "{}" {
		t.Errorf("DisableMacie: got %d %s", raw.StatusCode, raw.body)
	}
}

// TestTypedErrors holds that the AWS SDK reads each exception as its type, with
// its text, whether it comes bare or wrapped.
func TestTypedErrors(t *testing.T) {
	e := newEdge(t)
	var give error
	e.registry.BindGetMacieSession(func(context.Context, *macie2.Call, *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
		return nil, give
	})
	for _, c := range []struct {
		err    error
		target any
		status int
	}{
		{macie2.ErrValidation("v %d", 1), new(*types.ValidationException), 400},
		{macie2.ErrAccessDenied("Macie is not enabled"), new(*types.AccessDeniedException), 403},
		{macie2.ErrNotFound("n"), new(*types.ResourceNotFoundException), 404},
		{macie2.ErrConflict("c"), new(*types.ConflictException), 409},
		{macie2.ErrQuota("q"), new(*types.ServiceQuotaExceededException), 402},
		{macie2.ErrThrottled(0), new(*types.ThrottlingException), 429},
		{macie2.ErrInternal(), new(*types.InternalServerException), 500},
		{fmt.Errorf("get session: %w", macie2.ErrConflict("with \"quotes\", é and <b>")), new(*types.ConflictException), 409},
	} {
		give = c.err
		_, err := e.client(keyAlice).GetMacieSession(t.Context(), nil)
		var response interface{ HTTPStatusCode() int }
		if !errors.As(err, c.target) || !errors.As(err, &response) || response.HTTPStatusCode() != c.status {
			t.Errorf("%v: got %v", c.err, err)
			continue
		}
		var api smithy.APIError
		var want *macie2.Error
		errors.As(err, &api)
		errors.As(c.err, &want)
		if api.ErrorCode() != string(want.Code) || api.ErrorMessage() != want.Message {
			t.Errorf("got %s %q, want %v", api.ErrorCode(), api.ErrorMessage(), want)
		}
	}
}

// TestUnbound holds that every operation that is not built says so, to the SDK too.
func TestUnbound(t *testing.T) {
	e := newEdge(t)
	for _, op := range macie2.Operations() {
		target := strings.NewReplacer("{", "", "}", "").Replace(op.URI)
		got := e.do(e.sign(e.request(op.Method, target+"?tagKeys=k&adminAccountId=1&resourceArn=r", ""), keyAlice))
		if got.StatusCode == 400 && strings.HasSuffix(got.message(t), " is required.") {
			continue // checked as any other
		}
		e.refused(got, 501, "NotImplementedException", "The operation "+op.Name+" is not implemented yet by this server.")
	}
	_, err := e.client(keyAlice).ListFindings(t.Context(), nil)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "NotImplementedException" || !strings.Contains(api.ErrorMessage(), "ListFindings") {
		t.Errorf("got %v", err)
	}
}

// TestRefusedRequests walks through what can be wrong with a signed request.
func TestRefusedRequests(t *testing.T) {
	e := newEdge(t)
	e.HandleSigned("GET", "/magpie/v1/history", "magpie:GetHistory", func(context.Context, *macie2.Call, *macie2.Request) (any, error) {
		return nil, nil
	})
	const rejected = "The request is rejected because "
	for _, c := range []struct {
		method, target, body string
		status               int
		exception, message   string
	}{
		{"GET", "/", "", 404, "UnknownOperationException", "The requested path is not one of this API's."},
		{"POST", "/", "Action=GetCallerIdentity", 404, "UnknownOperationException", "…"},
		{"GET", "/nothing", "", 404, "UnknownOperationException", "…"},
		{"GET", "/macie/", "", 404, "UnknownOperationException", "…"},
		{"GET", "//macie", "", 404, "UnknownOperationException", "…"},
		{"GET", "/x/../macie", "", 404, "UnknownOperationException", "…"},
		{"GET", "/./macie", "", 404, "UnknownOperationException", "…"},
		{"GET", "/members//111122223333", "", 404, "UnknownOperationException", "…"},
		{"GET", "/members/", "", 404, "UnknownOperationException", "…"},
		{"GET", "/invitations%2Fcount", "", 404, "UnknownOperationException", "…"},
		{"GET", "/tags/arn/member", "", 404, "UnknownOperationException", "…"},
		{"GET", "/magpie/v1/history/", "", 404, "UnknownOperationException", "…"},
		{"GET", "/magpie/v1", "", 404, "UnknownOperationException", "…"},
		{"GET", "/favicon.ico", "", 404, "UnknownOperationException", "…"},
		{"DELETE", "/invitations", "", 405, "MethodNotAllowedException", "The requested path does not take this method. It takes: GET, POST"},
		{"HEAD", "/macie", "", 405, "MethodNotAllowedException", "…"},
		{"OPTIONS", "/macie", "", 405, "MethodNotAllowedException", "…"},
		{"TRACE", "/macie", "", 405, "MethodNotAllowedException", "…"},
		{"BREW", "/macie", "", 405, "MethodNotAllowedException", "…"},
		{"POST", "/magpie/v1/history", "", 405, "MethodNotAllowedException", "…"},
		{"GET", "/members?a=1;b=2", "", 400, "ValidationException", rejected + "its query string is not valid."},
		{"GET", "/magpie/v1/history?;", "", 400, "ValidationException", rejected + "its query string is not valid."},
		{"GET", "/members?maxResults=0", "", 400, "ValidationException", rejected + "the parameter maxResults has an invalid value. It must be between 1 and 25."},
		{"GET", "/members?maxResults=1&maxResults=2", "", 400, "ValidationException", rejected + "the parameter maxResults is given more than once."},
		{"GET", "/members/%00", "", 400, "ValidationException", rejected + "the parameter id must not contain the character U+0000."},
		{"GET", "/members/%ff", "", 400, "ValidationException", rejected + "the parameter id must be valid UTF-8."},
		{"POST", "/invitations", "", 400, "ValidationException", rejected + "the parameter accountIds is required."},
		{"POST", "/invitations", "{}", 400, "ValidationException", rejected + "the parameter accountIds is required."},
		{"POST", "/invitations", "accountIds=1", 400, "ValidationException", rejected + "its body is not valid JSON: …"},
		{"POST", "/invitations", "<html>", 400, "ValidationException", rejected + "its body is not valid JSON: …"},
		{"POST", "/invitations", "\x1f\x8b\x08", 400, "ValidationException", rejected + "its body is not valid JSON: …"},
		{"POST", "/invitations", `["1"]`, 400, "ValidationException", rejected + "its body must be a JSON object, not an array."},
		{"POST", "/invitations", `{"accountIds":["1",null]}`, 400, "ValidationException", rejected + "the parameter accountIds[1] must be a string, not null."},
		{"POST", "/invitations", `{"accountIds":["1"],"accountIds":["2"]}`, 400, "ValidationException", rejected + "its body is not valid JSON: it names accountIds twice."},
		{"POST", "/invitations", `{"accountIds":["1"]} {}`, 400, "ValidationException", rejected + "its body is not valid JSON: there is data after its end."},
		{"POST", "/invitations", strings.Repeat("[", 900_000), 400, "ValidationException", "…"},
		{"POST", "/invitations", `{"x":` + strings.Repeat("[", 900_000), 400, "ValidationException", rejected + "its body is not valid JSON: it nests more than 64 levels deep, in x."},
		{"POST", "/invitations", strings.Repeat(" ", MaxBody), 400, "ValidationException", rejected + "its body is not valid JSON: it ends too early."},
		{"POST", "/invitations", strings.Repeat(" ", MaxBody+1), 413, "RequestEntityTooLargeException", "The request body is larger than 1 MiB."},
		{"PATCH", "/macie", `{"status":"ON"}`, 400, "ValidationException", rejected + "the parameter status has an invalid value. Valid values are: PAUSED, ENABLED."},
	} {
		t.Run(fmt.Sprintf("%s %.40s %.40s", c.method, c.target, c.body), func(t *testing.T) {
			e := &edge{Server: e.Server, t: t, http: e.http}
			got := e.do(e.sign(e.request(c.method, c.target, c.body), keyAlice))
			e.refused(got, c.status, c.exception, c.message)
			if allow := got.Header.Get("Allow"); (allow != "") != (c.status == 405) {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
	if log := e.log.String(); strings.Contains(log, `"ERROR"`) {
		t.Errorf("a client's mistakes are errors in the log:\n%s", log)
	}
}

// TestAuthentication walks through what can be wrong with who is asking.
func TestAuthentication(t *testing.T) {
	e := newEdge(t)
	e.registry.BindGetMacieSession(func(context.Context, *macie2.Call, *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
		return nil, nil
	})
	const mismatch = "The request signature we calculated does not match the signature you provided. …"
	get := func() *http.Request { return e.request("GET", "/macie", "") }
	now := time.Now()
	for _, c := range []struct {
		name      string
		request   *http.Request
		status    int
		exception string
		message   string
	}{
		{"no signature", get(), 403, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"no signature on an unknown path", e.request("GET", "/nothing", ""), 403, "MissingAuthenticationTokenException", "…"},
		{"no signature, wrong method", e.request("OPTIONS", "/macie", ""), 403, "MissingAuthenticationTokenException", "…"},
		{"no signature on //", e.request("GET", "//macie", ""), 403, "MissingAuthenticationTokenException", "…"},
		{"another scheme", set(get(), "Authorization", "Bearer x"), 403, "IncompleteSignatureException", "…"},
		{"an empty header", set(get(), "Authorization", ""), 403, "MissingAuthenticationTokenException", "…"},
		{"a presigned URL", e.request("GET", "/macie?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", ""), 403, "IncompleteSignatureException", "…"},
		{"an unknown key", e.sign(get(), keyUnknown), 403, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"an expired session", e.sign(get(), keyExpired), 403, "ExpiredTokenException", "The security token included in the request is expired"},
		{"a wrong secret", replace(e.sign(get(), keyUnknown), keyUnknown, keyAlice), 403, "InvalidSignatureException", mismatch},
		{"a suspended account", e.sign(get(), keyBarred), 403, "OptInRequired", "The account 111122223333 is suspended."},
		{"a suspended account, a wrong secret", replace(e.sign(get(), keyUnknown), keyUnknown, keyBarred), 403, "InvalidSignatureException", mismatch},
		{"a changed header", set(e.sign(set(get(), "X-Amz-Meta", "1"), keyAlice), "X-Amz-Meta", "2"), 403, "InvalidSignatureException", mismatch},
		{"a changed query", query(e.sign(get(), keyAlice), "a=b"), 403, "InvalidSignatureException", mismatch},
		{"a malformed query", query(e.sign(get(), keyAlice), "a=%zz"), 400, "MalformedQueryStringException", "…"},
		{"a malformed query, unchecked", query(e.sign(get(), keyDev), "a=%zz"), 400, "ValidationException", "The request is rejected because its query string is not valid."},
		{"a changed body", e.changeBody(keyAlice), 403, "InvalidSignatureException", mismatch},
		{"another service", e.signFor(get(), keyAlice, "guardduty", "eu-west-1", now), 403, "InvalidSignatureException", "Credential should be scoped to correct service: 'macie2'. "},
		{"a malformed Region", e.signFor(get(), keyAlice, "macie2", "mars", now), 403, "InvalidSignatureException", "…"},
		{"an empty Region", e.signFor(get(), keyAlice, "macie2", "", now), 403, "InvalidSignatureException", "…"},
		{"6 minutes late", e.signFor(get(), keyAlice, "macie2", "eu-west-1", now.Add(-6*time.Minute)), 403, "InvalidSignatureException", "Signature expired: …"},
		{"6 minutes early", e.signFor(get(), keyAlice, "macie2", "eu-west-1", now.Add(6*time.Minute)), 403, "InvalidSignatureException", "Signature not yet current: …"},
		{"the store is broken", e.sign(get(), keyBroken), 500, "InternalServerException", "The request failed because of an internal error. …"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &edge{Server: e.Server, t: t, http: e.http}
			e.refused(e.do(c.request), c.status, c.exception, c.message)
		})
	}
	if got := e.do(e.sign(get(), keyAlice)); got.StatusCode != 200 {
		t.Errorf("a good signature: got %d %s", got.StatusCode, got.body)
	}
	if got := e.do(replace(e.sign(get(), keyUnknown), keyUnknown, keyDev)); got.StatusCode != 200 {
		t.Errorf("an unchecked key: got %d %s", got.StatusCode, got.body)
	}
	if got := e.do(e.sign(get(), keyBroken)); strings.Contains(got.body, "pipe") || !strings.Contains(e.log.String(), "authenticate: io: read/write on closed pipe") {
		t.Errorf("the store's error belongs in the log alone; got %s", got.body)
	}
}

func set(r *http.Request, header, value string) *http.Request {
	r.Header.Set(header, value)
	return r
}

func query(r *http.Request, query string) *http.Request {
	r.URL.RawQuery = query
	return r
}

// replace puts another key's name on a signature.
func replace(r *http.Request, from, to string) *http.Request {
	return set(r, "Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
}

func (e *edge) changeBody(key string) *http.Request {
	signed := e.sign(e.request("POST", "/invitations", `{"accountIds":["111122223333"]}`), key)
	changed := e.request("POST", "/invitations", `{"accountIds":["111122224444"]}`)
	changed.Header = signed.Header
	return changed
}

// limiter lets nothing through but one action.
type limiter struct{ but string }

func (l limiter) Allow(call *macie2.Call, action string) (time.Duration, bool) {
	return 1200 * time.Millisecond, call.Account == alice && action == l.but
}

// TestOrder holds which of several things that are wrong is told.
func TestOrder(t *testing.T) {
	const denied = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: "
	open, limited := newEdge(t), newEdge(t, func(o *Options) { o.Throttler = limiter{"macie2:CreateInvitations"} })
	limited.HandleSigned("GET", "/magpie/v1/history", "magpie:GetHistory", nil)
	for _, c := range []struct {
		name                      string
		e                         *edge
		key, method, target, body string
		status                    int
		exception, message        string
	}{
		{"authentication before routing", open, keyUnknown, "GET", "/nothing", "", 403, "UnrecognizedClientException", "…"},
		{"routing before permission", open, keyNone, "GET", "/nothing", "", 404, "UnknownOperationException", "…"},
		{"permission before decoding", open, keyNone, "POST", "/invitations", "{", 403, "AccessDeniedException", "…"},
		{"decoding before constraints", open, keyAlice, "POST", "/invitations", "{", 400, "ValidationException", "…"},
		{"permission before constraints", open, keyNone, "POST", "/invitations", "{}", 403, "AccessDeniedException",
			denied + "macie2:CreateInvitations on resource: * because no identity-based policy allows the macie2:CreateInvitations action"},
		{"permission before 501", open, keyNone, "GET", "/macie", "", 403, "AccessDeniedException", denied + "macie2:GetMacieSession …"},
		{"constraints before 501", open, keyAlice, "POST", "/invitations", "{}", 400, "ValidationException", "…"},
		{"throttling before decoding", limited, keyAlice, "POST", "/members", "{", 429, "ThrottlingException", "Rate exceeded"},
		{"throttling before permission", limited, keyNone, "GET", "/macie", "", 429, "ThrottlingException", "Rate exceeded"},
		{"authentication before throttling", limited, keyUnknown, "GET", "/macie", "", 403, "UnrecognizedClientException", "…"},
		{"unknown paths are throttled", limited, keyAlice, "GET", "/nothing", "", 429, "ThrottlingException", "Rate exceeded"},
		{"wrong methods are throttled", limited, keyAlice, "PUT", "/macie", "", 429, "ThrottlingException", "Rate exceeded"},
		{"our own are throttled", limited, keyAlice, "GET", "/magpie/v1/history", "", 429, "ThrottlingException", "Rate exceeded"},
		{"let through", limited, keyAlice, "POST", "/invitations", `{"accountIds":["1"]}`, 501, "NotImplementedException", "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &edge{Server: c.e.Server, t: t, http: c.e.http}
			got := e.do(e.sign(e.request(c.method, c.target, c.body), c.key))
			e.refused(got, c.status, c.exception, c.message)
			if want := map[bool]string{true: "2"}[c.status == 429]; got.Header.Get("Retry-After") != want {
				t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
			}
		})
	}
}

// TestInternalErrors holds that an error, a panic and a timeout are bland to the
// client and told in the log.
func TestInternalErrors(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.RequestTimeout = time.Millisecond })
	var fail func(context.Context) error
	e.registry.BindGetMacieSession(func(ctx context.Context, _ *macie2.Call, _ *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
		return nil, fail(ctx)
	})
	for _, c := range []struct {
		story string
		fail  func(context.Context) error
	}{
		{"disk number seven is full", func(context.Context) error { return errors.New("disk number seven is full") }},
		{"panic: the flux", func(context.Context) error { panic("the flux") }},
		{"context deadline exceeded", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
	} {
		fail = c.fail
		got := e.do(e.sign(e.request("GET", "/macie", ""), keyAlice))
		e.refused(got, 500, "InternalServerException", "The request failed because of an internal error. …")
		if strings.Contains(got.body, c.story) {
			t.Errorf("told the client %s", got.body)
		}
		if log := e.log.String(); !strings.Contains(log, c.story) || !strings.Contains(log, got.Header.Get("x-amzn-RequestId")) || !strings.Contains(log, `"ERROR"`) {
			t.Errorf("%s is not in the log:\n%s", c.story, log)
		}
	}
}

// TestClientGone holds that a client that went away while it waited is not an
// error of ours.
func TestClientGone(t *testing.T) {
	e := newEdge(t)
	entered := make(chan struct{})
	recorded := make(chan Record, 1)
	e.o.Observe = func(r Record) { recorded <- r }
	e.registry.BindGetMacieSession(func(ctx context.Context, _ *macie2.Call, _ *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
		close(entered)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	if resp, err := e.http.Client().Do(e.sign(e.request("GET", "/macie", ""), keyAlice).WithContext(ctx)); err == nil {
		resp.Body.Close()
		t.Error("there was an answer")
	}
	<-recorded
	if log := e.log.String(); strings.Contains(log, `"ERROR"`) || !strings.Contains(log, "context canceled") {
		t.Errorf("log:\n%s", log)
	}
}

// TestLog holds what the one line of a request says, and what it never does.
func TestLog(t *testing.T) {
	var records []Record
	done := make(chan struct{}, 1)
	e := newEdge(t, func(o *Options) {
		o.Observe = func(r Record) { records = append(records, r); done <- struct{}{} }
	})
	e.registry.BindCreateInvitations(func(context.Context, *macie2.Call, *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error) {
		return nil, macie2.ErrConflict("not now")
	})
	r := e.sign(set(e.request("POST", "/invitations?nonce=hush", `{"accountIds":["1"],"message":"hush"}`), "X-Amz-Security-Token", "hush"), keyAlice)
	got := e.do(r)
	<-done
	line := e.log.String()
	if strings.Count(line, "\n") != 1 {
		t.Fatalf("log:\n%s", line)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "account": "111122223333", "operation": "CreateInvitations", "status": 409.0,
		"exception": "ConflictException", "requestId": got.Header.Get("x-amzn-RequestId"),
	} {
		if fields[name] != want {
			t.Errorf("%s: got %v, want %v", name, fields[name], want)
		}
	}
	if latency, ok := fields["latency"].(float64); !ok || latency <= 0 {
		t.Errorf("latency: %v", fields["latency"])
	}
	for _, secret := range []string{"hush", keyAlice, "Signature", "AWS4", "/invitations"} {
		if strings.Contains(line, secret) {
			t.Errorf("%q is in the log:\n%s", secret, line)
		}
	}
	if len(records) != 1 || records[0].Account != alice || records[0].Operation != "CreateInvitations" || records[0].Status != 409 ||
		records[0].Exception != macie2.ConflictException || records[0].RequestID != fields["requestId"] || records[0].Latency <= 0 {
		t.Errorf("observed %+v", records)
	}
}

// TestOwnOperations holds that what is ours is signed, authorised and answered
// as Macie's operations are.
func TestOwnOperations(t *testing.T) {
	e := newEdge(t)
	e.HandleSigned("GET", "/magpie/v1/history", "magpie:GetHistory", func(_ context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		switch r.Query.Get("give") {
		case "error":
			return nil, macie2.ErrValidation("no")
		case "nothing":
			return nil, nil
		case "unencodable":
			return make(chan int), nil
		}
		return map[string]any{"account": call.Account, "query": r.Query, "list": []string{}}, nil
	})
	get := func(target, key string) response { return e.do(e.sign(e.request("GET", target, ""), key)) }
	if got := get("/magpie/v1/history?a=1&a=2", keyAlice); got.StatusCode != 200 || got.body != `{"account":"111122223333","list":[],"query":{"a":["1","2"]}}` {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	if got := get("/magpie/v1/history?give=nothing", keyAlice); got.StatusCode != 200 || got.body != `{}` {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	e.refused(get("/magpie/v1/history?give=error", keyAlice), 400, "ValidationException", "no")
	e.refused(get("/magpie/v1/history?give=unencodable", keyAlice), 500, "InternalServerException", "…")
	e.refused(get("/magpie/v1/history", keyNone), 403, "AccessDeniedException", "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: magpie:GetHistory …")
	e.refused(e.do(e.request("GET", "/magpie/v1/history", "")), 403, "MissingAuthenticationTokenException", "…")
	if !strings.Contains(e.log.String(), `"operation":"magpie:GetHistory"`) {
		t.Errorf("log:\n%s", e.log)
	}
}

// TestOwnOperationsRefuseTexts holds that text which cannot be stored is refused wherever it is in
// a request to an operation of our own, for callers that may call it.
func TestOwnOperationsRefuseTexts(t *testing.T) {
	e := newEdge(t)
	done := func(context.Context, *macie2.Call, *macie2.Request) (any, error) { return nil, nil }
	e.HandleSigned("GET", "/magpie/v1/things", "magpie:ListThings", done)
	e.HandleSigned("GET", "/magpie/v1/things/{id}/more", "magpie:GetThing", done)
	e.HandleSigned("PUT", "/magpie/v1/things", "magpie:PutThing", done)
	const query = "The request is rejected because its query string has the character U+0000, or is not UTF-8."
	const label = "The request is rejected because the parameter id has the character U+0000, or is not UTF-8."
	const body = "The request is rejected because its body has the character U+0000."
	for _, c := range []struct{ method, target, body, message string }{
		{"GET", "/magpie/v1/things?a=%00", "", query},
		{"GET", "/magpie/v1/things?a=b&a=%00c", "", query},
		{"GET", "/magpie/v1/things?%00=b", "", query},
		{"GET", "/magpie/v1/things?a=%FF", "", query},
		{"GET", "/magpie/v1/things/%00/more", "", label},
		{"GET", "/magpie/v1/things/a%FFb/more", "", label},
		{"PUT", "/magpie/v1/things", `{"a":"\u0000"}`, body},
		{"PUT", "/magpie/v1/things", `{"a":{"b":["c\u0000d"]}}`, body},
		{"PUT", "/magpie/v1/things", `{"a\u0000":1}`, body},
		{"PUT", "/magpie/v1/things", `{"a":"\\u0000","b":"\u0001"}`, ""},
		{"PUT", "/magpie/v1/things", `nonsense`, ""}, // the operation's own affair
		{"GET", "/magpie/v1/things?a=%C3%A9", "", ""},
	} {
		got := e.do(e.sign(e.request(c.method, c.target, c.body), keyAlice))
		if c.message == "" {
			if got.StatusCode != 200 {
				t.Errorf("%s %s %s: %d %s", c.method, c.target, c.body, got.StatusCode, got.body)
			}
			continue
		}
		e.refused(got, 400, "ValidationException", c.message)
		e.refused(e.do(e.sign(e.request(c.method, c.target, c.body), keyNone)), 403, "AccessDeniedException", "…")
	}
}

func TestPlain(t *testing.T) {
	e := newEdge(t)
	e.HandlePlain("/healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") }))
	e.HandlePlain("/console/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "at "+r.URL.Path) }))
	for target, want := range map[string]string{"/healthz": "fine", "/console/": "at /console/", "/console/a/b": "at /console/a/b"} {
		resp, err := http.Get(e.http.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		var b [100]byte
		n, _ := resp.Body.Read(b[:])
		resp.Body.Close()
		if resp.StatusCode != 200 || string(b[:n]) != want {
			t.Errorf("%s: got %d %s", target, resp.StatusCode, b[:n])
		}
	}
	for _, target := range []string{"/healthz/", "/console", "//healthz", "/healthzz"} {
		e.refused(e.do(e.request("GET", target, "")), 403, "MissingAuthenticationTokenException", "…")
	}
}

// echoService is a Service that says what it was asked.
type echoService struct{}

func (echoService) Action(r *ServiceRequest) (string, error) {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || form.Get("Action") == "" {
		return "", &macie2.Error{Code: "MissingAction", Message: "no action"}
	}
	return "sts:" + form.Get("Action"), nil
}

func (echoService) Serve(_ context.Context, call *macie2.Call, r *ServiceRequest) (*Answer, error) {
	switch {
	case strings.Contains(string(r.Body), "Panic"):
		panic("in a service")
	case strings.Contains(string(r.Body), "Fail"):
		return nil, errors.New("disk")
	}
	return &Answer{Status: 200, ContentType: "text/xml", Body: []byte("<ok>" + string(call.Account) + r.Query + "</ok>")}, nil
}

func (echoService) Refuse(err *macie2.Error, requestID string) *Answer {
	return &Answer{Status: 418, ContentType: "text/xml", Body: []byte("<no>" + string(err.Code) + "</no>" + requestID[:0])}
}

// TestService holds that what is signed for another service goes there, and that
// its refusals, whoever makes them, are in its own form.
func TestService(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.Throttler = notThrottled{"sts:Hurry"} })
	e.HandleService("sts", echoService{})
	now := time.Now()
	post := func(target, body string) *http.Request { return e.request("POST", target, body) }
	sts := func(r *http.Request, key string) *http.Request { return e.signFor(r, key, "sts", "us-east-1", now) }
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int
		want    string
	}{
		{"good", sts(post("/?a=b", "Action=AssumeRole"), keyAlice), 200, "<ok>111122223333a=b</ok>"},
		{"no permission needed", sts(post("/", "Action=GetCallerIdentity"), keyNone), 200, "<ok>111122223333</ok>"},
		{"no permission", sts(post("/", "Action=AssumeRole"), keyNone), 418, "<no>AccessDeniedException</no>"},
		{"throttled", sts(post("/", "Action=Hurry"), keyAlice), 418, "<no>ThrottlingException</no>"},
		{"no signature", post("/", "Action=AssumeRole"), 418, "<no>MissingAuthenticationTokenException</no>"},
		{"unknown key", sts(post("/", "Action=AssumeRole"), keyUnknown), 418, "<no>UnrecognizedClientException</no>"},
		{"another service", e.signFor(post("/", ""), keyAlice, "iam", "us-east-1", now), 418, "<no>InvalidSignatureException</no>"},
		{"no action", sts(post("/", ""), keyAlice), 418, "<no>MissingAction</no>"},
		{"wrong method", sts(e.request("GET", "/?Action=AssumeRole", ""), keyAlice), 418, "<no>MethodNotAllowedException</no>"},
		{"elsewhere", sts(post("/macie", "Action=AssumeRole"), keyAlice), 418, "<no>UnknownOperationException</no>"},
		{"panic", sts(post("/", "Action=Panic"), keyAlice), 418, "<no>InternalServerException</no>"},
		{"internal", sts(post("/", "Action=Fail"), keyAlice), 418, "<no>InternalServerException</no>"},
		{"too large", sts(post("/", strings.Repeat("x", MaxBody+1)), keyAlice), 418, "<no>RequestEntityTooLargeException</no>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, err := e.http.Client().Do(c.request)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b := make([]byte, 200)
			n, _ := resp.Body.Read(b)
			if resp.StatusCode != c.status || string(b[:n]) != c.want || resp.Header.Get("Content-Type") != "text/xml" {
				t.Errorf("got %d %s", resp.StatusCode, b[:n])
			}
			if !uuid4.MatchString(resp.Header.Get("x-amzn-RequestId")) {
				t.Errorf("request id %q", resp.Header.Get("x-amzn-RequestId"))
			}
		})
	}
	// What is signed for Macie is Macie's, even there.
	e.refused(e.do(e.sign(post("/", "Action=AssumeRole"), keyAlice)), 404, "UnknownOperationException", "…")
	if !strings.Contains(e.log.String(), `"operation":"sts:AssumeRole"`) {
		t.Errorf("log:\n%s", e.log)
	}
}

type notThrottled struct{ but string }

func (l notThrottled) Allow(_ *macie2.Call, action string) (time.Duration, bool) {
	return 0, action != l.but
}

// TestTwice holds that two parts cannot claim the same place.
func TestTwice(t *testing.T) {
	s := New(Options{})
	for name, claim := range map[string]func(){
		"plain": func() { s.HandlePlain("/healthz", http.NotFoundHandler()) },
		"signed": func() {
			s.HandleSigned("GET", "/x", "magpie:X", func(context.Context, *macie2.Call, *macie2.Request) (any, error) { return nil, nil })
		},
		"service": func() { s.HandleService("sts", echoService{}) },
	} {
		claim()
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			claim()
		}()
	}
}

// TestTimeouts holds that an operation is told to end when its time is up.
func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := macie2.NewRegistry()
		registry.BindGetMacieSession(func(ctx context.Context, _ *macie2.Call, _ *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		s := New(Options{Registry: registry, Authenticator: keys{}})
		r, err := rawRequest("GET", "/macie", nil, keyAlice, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		w := serve(s, r)
		if w.Code != 500 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
