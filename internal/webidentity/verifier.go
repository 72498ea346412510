package webidentity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/policy"
)

// Issuer is who issues tokens, and for whom.
type Issuer struct {
	URL       string
	Audiences []string // of which a token has to be for one
}

// Options of a Verifier.
type Options struct {
	Issuers []Issuer
	// Fresh is how long an issuer's keys are taken for its present ones; 0 is five minutes.
	Fresh     time.Duration
	Transport http.RoundTripper // nil is Go's own
	Logger    *slog.Logger      // nil discards
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct{ issuers map[string]*issuer }

// New returns a Verifier. It asks no issuer for anything yet.
func New(o Options) (*Verifier, error) {
	if o.Fresh == 0 {
		o.Fresh = 5 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{issuers: map[string]*issuer{}}
	for _, i := range o.Issuers {
		if err := CheckIssuer(i.URL); err != nil {
			return nil, err
		}
		known := v.issuers[i.URL]
		if known == nil {
			known = newIssuer(i.URL, o)
			v.issuers[i.URL] = known
		}
		known.audiences = append(known.audiences, i.Audiences...)
	}
	return v, nil
}

// CheckIssuer says what is wrong with the URL of an issuer.
func CheckIssuer(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || len(text) > 255 || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "*? "):
		return fmt.Errorf("issuer %q: must be a URL such as https://id.example.com", text)
	case !private(u):
		return fmt.Errorf("issuer %q: must be an https:// URL; http:// is for an issuer on this machine", text)
	}
	return nil
}

// private reports whether what goes to and fro can be changed by nobody on the way.
func private(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && a.Unmap().IsLoopback())
}

func invalid(format string, args ...any) error {
	return &macie2.Error{Code: macie2.InvalidIdentityToken, Message: fmt.Sprintf(format, args...)}
}

// Verify says who a token is about. What it refuses is a *macie2.Error.
func (v *Verifier) Verify(ctx context.Context, token string, now time.Time) (*identity.WebIdentity, error) {
	w, _, err := v.verify(ctx, token, now)
	return w, err
}

// verify also returns the nonce.
func (v *Verifier) verify(ctx context.Context, token string, now time.Time) (*identity.WebIdentity, string, error) {
	claimed, err := peek(token)
	if err != nil {
		return nil, "", err
	}
	i := v.issuers[claimed.Issuer]
	if i == nil {
		return nil, "", invalid("No OpenIDConnect provider found in your account for %s", short(claimed.Issuer))
	}
	if !slices.ContainsFunc(i.audiences, func(a string) bool { return slices.Contains(claimed.Audience, a) }) {
		return nil, "", invalid("Incorrect token audience")
	}
	provider, err := i.current(ctx, now)
	if err != nil {
		return nil, "", err
	}
	config := &oidc.Config{SkipClientIDCheck: true, Now: func() time.Time { return now }}
	verified, err := provider.Verifier(config).Verify(ctx, token)
	if err != nil {
		return nil, "", i.refusal(ctx, err, now)
	}
	w, err := i.read(verified)
	return w, verified.Nonce, err
}

// refusal is what a client is told of a token that go-oidc does not take.
func (i *issuer) refusal(ctx context.Context, err error, now time.Time) error {
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return &macie2.Error{Code: macie2.ExpiredIdentityToken, Message: fmt.Sprintf(
			"Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), expired.Expiry.Unix())}
	case ctx.Err() != nil, errors.Is(err, errFetch):
		i.log.Warn("the keys of an issuer cannot be had", "issuer", i.url, "error", short(err.Error()))
		return errIssuer
	}
	return invalid("The ID Token provided is not valid: its signature, algorithm, issuer or time is not one that is taken.")
}

var errIssuer = &macie2.Error{Code: macie2.IDPCommunicationError, Message: "The issuer of the token cannot be reached, or its answer cannot be read. Try again."}

// read makes what is asked about out of a token that was verified.
func (i *issuer) read(t *oidc.IDToken) (*identity.WebIdentity, error) {
	w := &identity.WebIdentity{URL: i.url, Issuer: policy.Issuer(i.url), Subject: t.Subject}
	if t.Subject == "" || len(t.Subject) > mostSubject {
		return nil, invalid("The ID Token provided has no subject, or one of more than %d bytes.", mostSubject)
	}
	var raw rawClaims
	if err := t.Claims(&raw); err != nil {
		return nil, err
	}
	var err error
	if w.Claims, err = raw.texts(); err != nil {
		return nil, err
	}
	var taken []string
	for _, a := range t.Audience {
		if slices.Contains(i.audiences, a) {
			taken = append(taken, a)
		}
	}
	if len(taken) == 0 {
		return nil, invalid("Incorrect token audience")
	}
	// As on AWS, aud is the party that the token was issued to where the token says so.
	w.Audience, w.Claims["oaud"], w.Claims["aud"] = taken[0], t.Audience, taken
	if azp := w.Claims["azp"]; len(azp) == 1 {
		w.Claims["aud"] = azp
	}
	return w, nil
}

// short is as much of a stranger's text as a message may repeat.
func short(s string) string {
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
