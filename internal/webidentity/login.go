package webidentity

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"magpie/internal/identity"
	"magpie/internal/macie2"
)

// Login signs people in at one of a Verifier's issuers, by the authorization code flow with PKCE.
type Login struct {
	verifier         *Verifier
	issuer           *issuer
	clientID, secret string
	redirect         string
}

// Login returns the Login of an issuer that the Verifier knows, for a client that is registered there. secret is empty for a public
// client; redirect is the URL that the issuer sends people back to.
func (v *Verifier) Login(issuer, clientID, secret, redirect string) (*Login, error) {
	i := v.issuers[issuer]
	if i == nil || !slices.Contains(i.audiences, clientID) {
		return nil, errors.New("webidentity: the issuer is not known, or takes no tokens for the client")
	}
	return &Login{v, i, clientID, secret, redirect}, nil
}

// config is the client as the issuer's description of itself asks for it.
func (l *Login) config(p *oidc.Provider) *oauth2.Config {
	var said struct {
		Scopes []string `json:"scopes_supported"`
		Ways   []string `json:"token_endpoint_auth_methods_supported"`
	}
	_ = p.Claims(&said) // what it does not say is as the standard has it
	c := &oauth2.Config{ClientID: l.clientID, ClientSecret: l.secret, RedirectURL: l.redirect, Endpoint: p.Endpoint(), Scopes: []string{oidc.ScopeOpenID}}
	for _, s := range []string{"email", "profile", "groups"} {
		if slices.Contains(said.Scopes, s) {
			c.Scopes = append(c.Scopes, s)
		}
	}
	c.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if l.secret == "" || len(said.Ways) > 0 && !slices.Contains(said.Ways, "client_secret_basic") {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return c
}

// URL is where somebody signs in. The verifier is the secret of PKCE, of which the URL has the hash.
func (l *Login) URL(ctx context.Context, state, nonce, verifier string, now time.Time) (string, error) {
	p, err := l.issuer.current(ctx, now)
	if err != nil {
		return "", err
	}
	c := l.config(p)
	if c.Endpoint.AuthURL == "" || c.Endpoint.TokenURL == "" {
		return "", errIssuer
	}
	return c.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Redeem exchanges the code that somebody came back with, and returns the token and who it is about. What it refuses is a *macie2.Error.
func (l *Login) Redeem(ctx context.Context, code, nonce, verifier string, now time.Time) (string, *identity.WebIdentity, error) {
	p, err := l.issuer.current(ctx, now)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	answer, err := l.config(p).Exchange(context.WithValue(ctx, oauth2.HTTPClient, l.issuer.client), code, oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response.StatusCode < 500 {
		l.issuer.log.Warn("an issuer does not take a code", "issuer", l.issuer.url, "error", short(refused.ErrorCode), "description", short(refused.ErrorDescription))
		return "", nil, macie2.ErrAccessDenied("The identity provider does not take the code of this sign-in. Sign in again.")
	}
	if err != nil {
		l.issuer.log.Warn("a code cannot be redeemed", "issuer", l.issuer.url, "error", short(err.Error()))
		return "", nil, errIssuer
	}
	token, _ := answer.Extra("id_token").(string)
	if token == "" {
		return "", nil, errIssuer
	}
	w, got, err := l.verifier.verify(ctx, token, now)
	switch {
	case err != nil:
		return "", nil, err
	case w.URL != l.issuer.url, w.Audience != l.clientID && !slices.Contains(w.Claims["oaud"], l.clientID):
		return "", nil, invalid("The identity provider gave a token for somebody else.")
	case len(w.Claims["azp"]) > 0 && !slices.Equal(w.Claims["azp"], []string{l.clientID}):
		return "", nil, invalid("The identity provider gave a token that was issued to another party.")
	case nonce == "" || subtle.ConstantTimeCompare([]byte(got), []byte(nonce)) != 1:
		return "", nil, invalid("The identity provider gave the token of another sign-in.")
	}
	return token, w, nil
}
