package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Credentials sign requests. SessionToken is empty for long-term keys. They
// print as their access key ID alone.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
}

// Format keeps the secret out of everything that is printed.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.AccessKeyID) }

// LogValue keeps the secret out of logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// Sign signs a request that is about to be sent. It sets X-Amz-Date,
// X-Amz-Security-Token if there is one, and Authorization. Signed are the host,
// Content-Type and every X-Amz- header. body is the whole payload.
func Sign(r *http.Request, c Credentials, region, service string, body []byte, now time.Time) error {
	key := func(date string) SigningKey { return DeriveKey(c.SecretAccessKey, date, region, service) }
	return SignWith(r, Signer{c, region, service, key}, body, now)
}

// Signer has the signing key of a day, YYYYMMDD, for a Region and a service, and perhaps not the
// secret that it is derived from.
type Signer struct {
	Credentials
	Region, Service string
	Key             func(date string) SigningKey
}

// SignWith is Sign for a Signer.
func SignWith(r *http.Request, c Signer, body []byte, now time.Time) error {
	now = now.UTC()
	r.Header.Set("X-Amz-Date", now.Format(basicISO))
	r.Header.Del("X-Amz-Security-Token")
	if c.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", c.SessionToken)
	}
	names := []string{"host"}
	for name := range r.Header {
		if lower := strings.ToLower(name); lower == "content-type" || strings.HasPrefix(lower, "x-amz-") {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	s := &Signature{
		AccessKeyID: c.AccessKeyID, Date: now.Format(basicDate), Region: c.Region, Service: c.Service,
		SignedHeaders: strings.Join(names, ";"), Time: now, stamp: now.Format(basicISO),
	}
	payload := sha256.Sum256(body)
	signature, err := s.compute(nil, c.Key(s.Date), r, &payload)
	if err != nil {
		return fmt.Errorf("sign %s %s: %w", r.Method, r.URL.Path, err)
	}
	b := append([]byte(algorithm+" Credential="), c.AccessKeyID...)
	b = s.appendScope(append(b, '/'))
	b = append(b, ", SignedHeaders="+s.SignedHeaders+", Signature="...)
	r.Header.Set("Authorization", string(hex.AppendEncode(b, signature[:])))
	return nil
}
