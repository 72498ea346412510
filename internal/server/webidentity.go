package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"magpie/internal/console"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/signin"
	"magpie/internal/sts"
	"magpie/internal/webidentity"
)

// issuers are those whose tokens assume roles, the console's first.
func (c Config) issuers() ([]webidentity.Issuer, error) {
	var list []webidentity.Issuer
	if c.OIDCIssuer != "" {
		if err := webidentity.CheckIssuer(c.OIDCIssuer); err != nil {
			return nil, fmt.Errorf("--oidc-issuer: %w", err)
		}
		list = append(list, webidentity.Issuer{URL: c.OIDCIssuer, Audiences: []string{c.OIDCClientID}})
	}
	for _, text := range c.WebIdentities {
		issuer, audience, ok := strings.Cut(text, "=")
		if !ok || audience == "" {
			return nil, fmt.Errorf("--web-identity %s: must be ISSUER=AUDIENCE, such as https://id.example.com=magpie", text)
		}
		if err := webidentity.CheckIssuer(issuer); err != nil {
			return nil, fmt.Errorf("--web-identity: %w", err)
		}
		list = append(list, webidentity.Issuer{URL: issuer, Audiences: []string{audience}})
	}
	return list, nil
}

// webIdentity is what there is for tokens of issuers; nil where none is configured.
type webIdentity struct {
	verifier *webidentity.Verifier
	login    *webidentity.Login // nil where nobody signs in by it
	name     string             // of the issuer that people sign in at
	sealer   identity.Sealer
}

func (s *Server) openWebIdentity() (*webIdentity, error) {
	issuers, err := s.config.issuers()
	if err != nil || len(issuers) == 0 {
		return nil, err
	}
	w := &webIdentity{sealer: s.flowSealer}
	if w.verifier, err = webidentity.New(webidentity.Options{Issuers: issuers, Logger: s.log}); err != nil {
		return nil, err
	}
	if s.config.OIDCIssuer == "" || s.config.NoConsole {
		return w, nil
	}
	secret := ""
	if s.config.OIDCClientSecretFile != "" {
		b, err := os.ReadFile(s.config.OIDCClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-client-secret-file: %w", err)
		}
		if secret = strings.TrimSpace(string(b)); secret == "" {
			return nil, fmt.Errorf("--oidc-client-secret-file %s: is empty", s.config.OIDCClientSecretFile)
		}
	}
	u, err := url.Parse(s.config.OIDCIssuer)
	if err != nil {
		return nil, err
	}
	w.name = u.Host
	w.login, err = w.verifier.Login(s.config.OIDCIssuer, s.config.OIDCClientID, secret, strings.TrimSuffix(s.url, "/")+console.Prefix+"oidc")
	return w, err
}

// sts is the verifier for the edge of STS.
func (w *webIdentity) sts() sts.Tokens {
	if w == nil {
		return nil
	}
	return w.verifier
}

// provider is where people sign in who have no key; nil if nowhere.
func (c consoleCalls) provider() *console.Provider {
	w := c.tokens
	if w == nil || w.login == nil {
		return nil
	}
	return &console.Provider{Name: w.name, Home: c.home + console.Prefix, Begin: w.login.URL, Redeem: c.redeem, Enter: c.enter, Seal: w.sealer.Seal, Open: w.open}
}

func (w *webIdentity) open(sealed, id string) (string, error) {
	text, err := w.sealer.Open(sealed, id)
	return text.Reveal(), err
}

// redeem exchanges a code for a token, and finds the roles that trust it.
func (c consoleCalls) redeem(r *http.Request, code, nonce, verifier, source string, now time.Time) (string, []console.Role, error) {
	token, who, err := c.tokens.login.Redeem(r.Context(), code, nonce, verifier, now)
	if err != nil {
		return "", nil, err
	}
	call := &macie2.Call{Region: global, Now: now.UTC(), SourceIP: source, UserAgent: r.UserAgent()}
	trusting, err := c.identity.RolesTrusting(r.Context(), who, who.SessionName(), call)
	if err != nil {
		return "", nil, err
	}
	var roles []console.Role
	for _, role := range trusting {
		roles = append(roles, console.Role{ARN: role.ARN(), Account: role.Account, Name: role.Name})
	}
	if len(roles) == 0 {
		return "", nil, macie2.ErrAccessDenied("No role here trusts you: ask whoever runs this server for a role whose trust policy names %s and one of your groups.", who.URL)
	}
	return token, roles, nil
}

// enter assumes a role with a token, by the door that the tokens of workloads come to.
func (c consoleCalls) enter(r *http.Request, token, roleARN string, now time.Time) (signin.Identity, error) {
	who, err := c.tokens.verifier.Verify(r.Context(), token, now)
	if err != nil {
		return signin.Identity{}, err
	}
	duration, err := c.longest(r.Context(), roleARN)
	if err != nil {
		return signin.Identity{}, err
	}
	var out struct {
		KeyID   string    `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
		Token   string    `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
		Expires time.Time `xml:"AssumeRoleWithWebIdentityResult>Credentials>Expiration"`
		ARN     string    `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser>Arn"`
	}
	form := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {roleARN}, "RoleSessionName": {who.SessionName()}, "WebIdentityToken": {token},
		"DurationSeconds": {strconv.Itoa(int(duration / time.Second))}}
	err = c.sts(r, form, func(*http.Request, []byte) error { return nil }, &out)
	if err != nil {
		return signin.Identity{}, err
	}
	account := ""
	if parts := strings.Split(out.ARN, ":"); len(parts) > 4 {
		account = parts[4]
	}
	return signin.Identity{ID: "0", Account: macie2.AccountID(account), Principal: out.ARN, KeyID: out.KeyID, Token: out.Token, Expires: out.Expires}, nil
}

// longest is how long a session of a role lasts at most; an hour for a role that there is not.
func (c consoleCalls) longest(ctx context.Context, roleARN string) (time.Duration, error) {
	parts := strings.SplitN(roleARN, ":", 6)
	if len(parts) < 6 {
		return identity.DefaultMaxSession, nil
	}
	roles, err := c.identity.Roles(ctx, macie2.AccountID(parts[4]))
	for _, role := range roles {
		if role.ARN() == roleARN {
			return role.MaxSession, err
		}
	}
	return identity.DefaultMaxSession, err
}
