package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/store"
)

// Service is a Directory that holds the master key. It is safe for concurrent use.
type Service struct {
	*Directory
	db       *store.DB
	dev      bool
	secrets  sealer
	sessions sealer
	cache    *keyCache
}

// Open returns the service on db, after it has made sure that the store's secrets
// are sealed under this master key.
func Open(ctx context.Context, db *store.DB, key MasterKey, o Options) (*Service, error) {
	if err := claim(ctx, db, key, "the one given"); err != nil {
		return nil, err
	}
	return &Service{
		Directory: NewDirectory(db, o),
		db:        db,
		dev:       o.Dev,
		secrets:   newSealer(key, secretPurpose),
		sessions:  newSealer(key, "session token"),
		cache:     newKeyCache(),
	}, nil
}

// Credentials are what an access key stands for.
type Credentials struct {
	Principal macie2.Principal
	Session   *Session // nil for long-term keys

	// Unchecked is set in dev mode, where the signature is not verified.
	Unchecked bool
	// Suspended says that the account is suspended. The caller may be told so, but
	// only once its signature is verified: nobody else learns it.
	Suspended bool
	// DisabledRegions are those in which the account cannot call. The same holds for
	// saying so.
	DisabledRegions RegionSet

	entry *keyEntry
}

// Session is what is known of temporary credentials.
type Session struct {
	RoleARN        string
	RoleID         string
	Name           string
	SourceIdentity string
	Expires        time.Time
}

// SigningKey derives the key of a credential scope, or finds it derived already.
// Unchecked credentials have none.
func (c *Credentials) SigningKey(date, region, service string) sigv4.SigningKey {
	if c.Unchecked {
		return sigv4.SigningKey{}
	}
	return c.entry.signingKey(date, region, service)
}

// Resolve finds what an access key id and a session token stand for, with one
// read of the database. It does not know whether the caller has the secret:
// whoever calls it has to verify the signature with the SigningKey, and for an
// unknown key with any key, so that both cost the same. Errors to be shown to the
// client are *macie2.Error; any other is internal.
func (s *Service) Resolve(ctx context.Context, keyID, token string, now time.Time) (*Credentials, error) {
	if s.dev {
		return s.resolveDev(ctx, keyID, token, now)
	}
	if token != "" {
		return s.resolveSession(ctx, keyID, token, now)
	}
	return s.resolveKey(ctx, keyID)
}

func (s *Service) resolveKey(ctx context.Context, keyID string) (*Credentials, error) {
	var (
		account         macie2.AccountID
		user            string
		masterKeyID     string
		sealed          string
		policies        string
		status          KeyStatus
		accountStatus   AccountStatus
		disabledRegions RegionSet
		resolveKeyQuery = `select k.account_id, k.user_name, k.master_key_id, k.secret, k.policies, k.status, a.status, a.disabled_regions
			from access_key k join account a on a.id = k.account_id where k.id = $1`
	)
	err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, resolveKeyQuery, keyID).Scan(&account, &user, &masterKeyID, &sealed, &policies, &status, &accountStatus,
			&disabledRegions)
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
		return nil, macie2.ErrUnrecognizedClient()
	case err != nil:
		return nil, fmt.Errorf("resolve access key %s: %w", keyID, err)
	case status != KeyActive || accountStatus == AccountClosed:
		return nil, macie2.ErrUnrecognizedClient()
	}
	entry, err := s.cache.get(sealed, func() (*keyEntry, error) {
		b, err := base64.StdEncoding.DecodeString(sealed)
		if err != nil {
			return nil, err
		}
		secret, err := s.secrets.open(b, keyID)
		if err != nil {
			return nil, err
		}
		return &keyEntry{secret: string(secret)}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("resolve access key %s: its secret is sealed under master key %s: %w", keyID, masterKeyID, err)
	}
	names, err := decodePolicies(policies)
	if err != nil {
		return nil, fmt.Errorf("resolve access key %s: %w", keyID, err)
	}
	return &Credentials{
		Principal: macie2.Principal{
			ARN: "arn:aws:iam::" + string(account) + ":user/" + user, ID: userID(account, user),
			KeyID: keyID, Account: account, Policies: names,
		},
		entry:           entry,
		Suspended:       accountStatus == AccountSuspended,
		DisabledRegions: disabledRegions,
	}, nil
}

func (s *Service) resolveSession(ctx context.Context, keyID, token string, now time.Time) (*Credentials, error) {
	entry, err := s.cache.get(keyID+"/"+token, func() (*keyEntry, error) {
		x, err := s.openSession(keyID, token)
		if err != nil {
			return nil, err
		}
		return &keyEntry{secret: x.Secret, session: x}, nil
	})
	if err != nil {
		return nil, macie2.ErrUnrecognizedClient()
	}
	x := entry.session
	if x.expired(now) {
		return nil, macie2.ErrExpiredToken()
	}
	var name, policies string
	var accountStatus AccountStatus
	var disabledRegions RegionSet
	err = s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select r.name, r.policies, a.status, a.disabled_regions
			from role r join account a on a.id = r.account_id where r.id = $1`, x.RoleID).
			Scan(&name, &policies, &accountStatus, &disabledRegions)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		if !s.dev {
			return nil, macie2.ErrUnrecognizedClient()
		}
		return s.implicitSession(ctx, keyID, x, entry)
	case err != nil:
		return nil, fmt.Errorf("resolve session %s: %w", keyID, err)
	case accountStatus == AccountClosed:
		return nil, macie2.ErrUnrecognizedClient()
	}
	names, err := decodePolicies(policies)
	if err != nil {
		return nil, fmt.Errorf("resolve session %s: role %s: %w", keyID, x.RoleID, err)
	}
	return &Credentials{
		Principal:       x.principal(keyID, x.RoleID, names),
		Session:         x.describe(),
		entry:           entry,
		Suspended:       accountStatus == AccountSuspended,
		DisabledRegions: disabledRegions,
	}, nil
}

func (x sealedSession) describe() *Session {
	return &Session{RoleARN: roleARN(x.Account, x.RoleName), RoleID: x.RoleID, Name: x.Name, SourceIdentity: x.SourceIdentity, Expires: time.Unix(x.Expires, 0).UTC()}
}
