package admission

import (
	"context"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// Authenticator asks the identity service on behalf of the edge, and tells a Control of the keys
// that it found.
type Authenticator struct {
	identity *identity.Service
	control  *Control
}

// Authenticator returns the Authenticator of a Control.
func (c *Control) Authenticator(i *identity.Service) Authenticator { return Authenticator{i, c} }

// Authenticate implements awsapi.Authenticator.
func (a Authenticator) Authenticate(ctx context.Context, sig *sigv4.Signature, now time.Time) (*awsapi.Identity, error) {
	c, err := a.identity.Resolve(ctx, sig.AccessKeyID, sig.SecurityToken, now)
	if err != nil {
		return nil, err
	}
	if !c.Unchecked {
		a.control.remember(sig, c)
	}
	known := &awsapi.Identity{Principal: c.Principal, Key: c.SigningKey(sig.Date, sig.Region, sig.Service), Unchecked: c.Unchecked}
	switch {
	case c.Suspended:
		known.Refusal = macie2.ErrSuspended(c.Principal.Account)
	case sig.Service == macie2.SigningName && c.DisabledRegions.Has(sig.Region): // Organizations and STS have no Region of their own
		known.Refusal = macie2.ErrRegionDisabled(c.Principal.Account, sig.Region)
	}
	return known, nil
}
