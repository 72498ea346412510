package sts

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/macie2"
)

const withWebIdentity = "AssumeRoleWithWebIdentity"

// Unsigned implements awsapi.Unsigned: who assumes a role with a token has no key yet.
func (s *Service) Unsigned(r *awsapi.ServiceRequest) string {
	if s.tokens == nil {
		return ""
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || !slices.Equal(form["Action"], []string{withWebIdentity}) {
		return ""
	}
	return "sts:" + withWebIdentity
}

// ServeUnsigned implements awsapi.Unsigned.
func (s *Service) ServeUnsigned(ctx context.Context, call *macie2.Call, r *awsapi.ServiceRequest, allow func(who string) error) (*awsapi.Answer, error) {
	form, err := parseForm(r)
	if err != nil {
		return nil, err
	}
	return s.assumeWithToken(ctx, call, form, allow)
}

// limitingTokens are parameters that limit the session, or say of whom the token is.
var limitingTokens = []string{"Policy", "PolicyArns", "ProviderId"}

func (s *Service) assumeWithToken(ctx context.Context, call *macie2.Call, form url.Values, allow func(who string) error) (*awsapi.Answer, error) {
	if s.tokens == nil {
		return nil, &macie2.Error{Code: macie2.InvalidIdentityToken, Message: "No OpenIDConnect provider found in your account: this server knows no issuer of tokens."}
	}
	token := form.Get("WebIdentityToken")
	if len(token) < 4 {
		return nil, macie2.ErrValidation("1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4")
	}
	who, err := s.tokens.Verify(ctx, token, call.Now)
	if err != nil {
		return nil, err
	}
	if err := allow(who.ID()); err != nil {
		return nil, err
	}
	in := assumeRoleInput(form)
	in.ExternalID, in.SourceIdentity, in.Unsupported = nil, nil, nil
	for name := range form {
		base, _, _ := strings.Cut(name, ".")
		if slices.Contains(limitingTokens, base) {
			in.Unsupported = append(in.Unsupported, base)
		}
	}
	slices.Sort(in.Unsupported)
	out, err := s.identity.AssumeRoleWithWebIdentity(ctx, call, in, who)
	if err != nil {
		return nil, err
	}
	if call.Principal.ARN == "" { // unsigned: the bearer of the token is who called
		call.Account = out.Account
		call.Principal = macie2.Principal{ID: who.ID(), Account: out.Account}
	}
	return answer(http.StatusOK, assumeRoleWithWebIdentityResponse{
		Namespace:       namespace,
		AccessKeyID:     out.AccessKeyID,
		SecretAccessKey: out.SecretAccessKey.Reveal(),
		SessionToken:    out.SessionToken.Reveal(),
		Expiration:      out.Expiration.UTC().Format(time.RFC3339),
		AssumedRoleID:   out.AssumedRoleID,
		ARN:             out.ARN,
		Subject:         who.Subject,
		Audience:        who.Audience,
		Provider:        who.URL,
		Metadata:        responseMetadata{call.RequestID},
	})
}

type assumeRoleWithWebIdentityResponse struct {
	XMLName         xml.Name         `xml:"AssumeRoleWithWebIdentityResponse"`
	Namespace       string           `xml:"xmlns,attr"`
	Subject         string           `xml:"AssumeRoleWithWebIdentityResult>SubjectFromWebIdentityToken"`
	Audience        string           `xml:"AssumeRoleWithWebIdentityResult>Audience"`
	Provider        string           `xml:"AssumeRoleWithWebIdentityResult>Provider"`
	AssumedRoleID   string           `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser>AssumedRoleId"`
	ARN             string           `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser>Arn"`
	AccessKeyID     string           `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
	SecretAccessKey string           `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
	SessionToken    string           `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	Expiration      string           `xml:"AssumeRoleWithWebIdentityResult>Credentials>Expiration"`
	Metadata        responseMetadata `xml:"ResponseMetadata"`
}
