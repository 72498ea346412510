package sts

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
)

// SigningName is the service in the scope of signatures for STS.
const SigningName = "sts"

const (
	version   = "2011-06-15"
	namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
)

// Identity does what is asked for.
type Identity interface {
	GetCallerIdentity(context.Context, *macie2.Call) (*identity.CallerIdentity, error)
	AssumeRole(context.Context, *macie2.Call, *identity.AssumeRoleInput) (*identity.AssumeRoleOutput, error)
	AssumeRoleWithWebIdentity(context.Context, *macie2.Call, *identity.AssumeRoleInput, *identity.WebIdentity) (*identity.AssumeRoleOutput, error)
}

// Tokens verifies tokens of OpenID Connect issuers. What it refuses is a *macie2.Error.
type Tokens interface {
	Verify(ctx context.Context, token string, now time.Time) (*identity.WebIdentity, error)
}

// Service answers STS requests.
type Service struct {
	identity Identity
	tokens   Tokens // nil if there are no issuers
}

var _ awsapi.Unsigned = (*Service)(nil)

// New returns the service that identity does the work of. tokens is nil where no issuer of tokens
// is configured.
func New(identity Identity, tokens Tokens) *Service { return &Service{identity, tokens} }

// Operations that STS has and Magpie has not; a name that is in neither list is
// the client's mistake.
var notImplemented = []string{
	"AssumeRoleWithSAML", "AssumeRoot", "DecodeAuthorizationMessage", "GetAccessKeyInfo",
	"GetDelegatedAccessToken", "GetFederationToken", "GetSessionToken", "GetWebIdentityToken",
}

// Action implements awsapi.Service.
func (s *Service) Action(r *awsapi.ServiceRequest) (string, error) {
	form, err := parseForm(r)
	if err != nil {
		return "", err
	}
	return "sts:" + form.Get("Action"), nil
}

// Serve implements awsapi.Service.
func (s *Service) Serve(ctx context.Context, call *macie2.Call, r *awsapi.ServiceRequest) (*awsapi.Answer, error) {
	form, err := parseForm(r)
	if err != nil {
		return nil, err
	}
	metadata := responseMetadata{call.RequestID}
	if form.Get("Action") == withWebIdentity { // a signature says nothing about who has the token
		return s.assumeWithToken(ctx, call, form, func(string) error { return nil })
	}
	switch form.Get("Action") {
	case "GetCallerIdentity":
		out, err := s.identity.GetCallerIdentity(ctx, call)
		if err != nil {
			return nil, err
		}
		return answer(http.StatusOK, getCallerIdentityResponse{
			Namespace: namespace, ARN: out.ARN, UserID: out.UserID, Account: string(out.Account), Metadata: metadata,
		})
	case "AssumeRole":
		out, err := s.identity.AssumeRole(ctx, call, assumeRoleInput(form))
		if err != nil {
			return nil, err
		}
		return answer(http.StatusOK, assumeRoleResponse{
			Namespace:       namespace,
			AccessKeyID:     out.AccessKeyID,
			SecretAccessKey: out.SecretAccessKey.Reveal(),
			SessionToken:    out.SessionToken.Reveal(),
			Expiration:      out.Expiration.UTC().Format(time.RFC3339),
			AssumedRoleID:   out.AssumedRoleID,
			ARN:             out.ARN,
			SourceIdentity:  out.SourceIdentity,
			Metadata:        metadata,
		})
	}
	return nil, unknownAction(form)
}

// parseForm reads the parameters, which are in the body of a POST. It refuses what
// no operation here takes, so that Action names only what there is.
func parseForm(r *awsapi.ServiceRequest) (url.Values, error) {
	form, err := url.ParseQuery(string(r.Body))
	if err == nil && r.Query != "" {
		err = fmt.Errorf("parameters in the query string")
	}
	if err != nil {
		return nil, &macie2.Error{Code: macie2.MalformedQueryStringException, Message: "The request must be a form in the body, of Action, Version and parameters."}
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, &macie2.Error{Code: macie2.MalformedQueryStringException, Message: "A parameter is given more than once: " + short(name)}
		}
	}
	if v := form.Get("Version"); v != version {
		return nil, unknownAction(form)
	}
	switch action := form.Get("Action"); {
	case action == "GetCallerIdentity", action == "AssumeRole", action == withWebIdentity:
		return form, nil
	case slices.Contains(notImplemented, action):
		return nil, macie2.ErrNotImplemented(action)
	}
	return nil, unknownAction(form)
}

func unknownAction(form url.Values) error {
	return &macie2.Error{
		Code:    macie2.UnknownOperationException,
		Message: fmt.Sprintf("Could not find operation %s for version %s", orNone(form.Get("Action")), orNone(form.Get("Version"))),
	}
}

func orNone(s string) string {
	if s == "" {
		return "NO_VALUE"
	}
	return short(s)
}

// short is as much of a stranger's text as a message may repeat.
func short(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// limiting are parameters of AssumeRole that limit the session or prove something,
// which must not be passed over in silence. Lists have names such as Tags.member.1.Key.
var limiting = []string{"Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "SerialNumber", "TokenCode", "ProvidedContexts"}

func assumeRoleInput(form url.Values) *identity.AssumeRoleInput {
	get := func(name string) *string {
		if !form.Has(name) {
			return nil
		}
		v := form.Get(name)
		return &v
	}
	in := &identity.AssumeRoleInput{
		RoleARN: get("RoleArn"), RoleSessionName: get("RoleSessionName"), DurationSeconds: get("DurationSeconds"),
		ExternalID: get("ExternalId"), SourceIdentity: get("SourceIdentity"),
	}
	for name := range form {
		base, _, _ := strings.Cut(name, ".")
		if slices.Contains(limiting, base) {
			in.Unsupported = append(in.Unsupported, base)
		}
	}
	slices.Sort(in.Unsupported)
	return in
}

// codes are STS's names of what is called otherwise in the JSON protocols, and
// the status where that differs too.
var codes = map[macie2.Exception]struct {
	name   string
	status int
}{
	macie2.MissingAuthenticationTokenException: {"MissingAuthenticationToken", 0},
	macie2.IncompleteSignatureException:        {"IncompleteSignature", 0},
	macie2.InvalidSignatureException:           {"SignatureDoesNotMatch", 0},
	macie2.UnrecognizedClientException:         {"InvalidClientTokenId", 0},
	macie2.ExpiredTokenException:               {"ExpiredToken", 0},
	macie2.UnknownOperationException:           {"InvalidAction", http.StatusBadRequest},
	macie2.MethodNotAllowedException:           {"InvalidAction", 0},
	macie2.MalformedQueryStringException:       {"MalformedQueryString", 0},
	macie2.AccessDeniedException:               {"AccessDenied", 0},
	macie2.ValidationException:                 {"ValidationError", 0},
	macie2.ThrottlingException:                 {"Throttling", http.StatusBadRequest},
	macie2.InternalServerException:             {"InternalFailure", 0},
	macie2.RequestEntityTooLargeException:      {"RequestEntityTooLarge", 0},
	macie2.ExpiredIdentityToken:                {"ExpiredTokenException", 0},
}

// Refuse implements awsapi.Service.
func (s *Service) Refuse(err *macie2.Error, requestID string) *awsapi.Answer {
	name, status := string(err.Code), err.Code.HTTPStatus()
	if c, ok := codes[err.Code]; ok {
		name = c.name
		if c.status != 0 {
			status = c.status
		}
	}
	kind := "Sender"
	if status >= 500 {
		kind = "Receiver"
	}
	out, encodeErr := answer(status, errorResponse{Namespace: namespace, Type: kind, Code: name, Message: err.Message, RequestID: requestID})
	if encodeErr != nil { // three strings always encode
		panic(encodeErr)
	}
	return out
}

func answer(status int, v any) (*awsapi.Answer, error) {
	body, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode an answer of STS: %w", err)
	}
	return &awsapi.Answer{Status: status, ContentType: "text/xml", Body: append(body, '\n')}, nil
}

type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

type getCallerIdentityResponse struct {
	XMLName   xml.Name         `xml:"GetCallerIdentityResponse"`
	Namespace string           `xml:"xmlns,attr"`
	ARN       string           `xml:"GetCallerIdentityResult>Arn"`
	UserID    string           `xml:"GetCallerIdentityResult>UserId"`
	Account   string           `xml:"GetCallerIdentityResult>Account"`
	Metadata  responseMetadata `xml:"ResponseMetadata"`
}

type assumeRoleResponse struct {
	XMLName         xml.Name         `xml:"AssumeRoleResponse"`
	Namespace       string           `xml:"xmlns,attr"`
	AssumedRoleID   string           `xml:"AssumeRoleResult>AssumedRoleUser>AssumedRoleId"`
	ARN             string           `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	AccessKeyID     string           `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	SecretAccessKey string           `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
	SessionToken    string           `xml:"AssumeRoleResult>Credentials>SessionToken"`
	Expiration      string           `xml:"AssumeRoleResult>Credentials>Expiration"`
	SourceIdentity  string           `xml:"AssumeRoleResult>SourceIdentity,omitempty"`
	Metadata        responseMetadata `xml:"ResponseMetadata"`
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}
