package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// devAccount is whose account a key is that says nothing else.
const devAccount macie2.AccountID = "000000000000"

// resolveDev is Resolve in dev mode: every caller is some account, and one that was given a
// key or a session here stays who it is.
func (s *Service) resolveDev(ctx context.Context, keyID, token string, now time.Time) (*Credentials, error) {
	if account, err := macie2.ParseAccountID(keyID); err == nil {
		return s.devRoot(ctx, keyID, account)
	}
	resolve := func() (*Credentials, error) { return s.resolveKey(ctx, keyID) }
	if token != "" {
		resolve = func() (*Credentials, error) { return s.resolveSession(ctx, keyID, token, now) }
	}
	c, err := resolve()
	if isUnrecognized(err) {
		issued, lookErr := s.issuedHere(ctx, keyID, token)
		if lookErr != nil {
			return nil, lookErr
		}
		if !issued {
			return s.devRoot(ctx, keyID, devAccount)
		}
	}
	if err != nil {
		return nil, err
	}
	c.Unchecked = true
	return c, nil
}

// issuedHere says whether a key or session that was refused is one of ours: a
// revoked key is refused in dev mode too.
func (s *Service) issuedHere(ctx context.Context, keyID, token string) (bool, error) {
	if token != "" {
		_, err := s.openSession(keyID, token)
		return err == nil, nil
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var id string
		return tx.QueryRow(ctx, `select id from access_key where id = $1`, keyID).Scan(&id)
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up access key %s: %w", keyID, err)
	}
	return true, nil
}

// devRoot is the root of an account, which exists whether it was created or not.
func (s *Service) devRoot(ctx context.Context, keyID string, account macie2.AccountID) (*Credentials, error) {
	a, err := s.devAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	if a.Status == AccountClosed {
		return nil, macie2.ErrUnrecognizedClient()
	}
	return &Credentials{
		Principal: macie2.Principal{
			ARN: "arn:aws:iam::" + string(account) + ":root", ID: string(account),
			KeyID: keyID, Account: account, Policies: []string{AdministratorAccess},
		},
		Unchecked:       true,
		Suspended:       a.Status == AccountSuspended,
		DisabledRegions: a.DisabledRegions,
	}, nil
}

// implicitSession is a session of a role that nobody created.
func (s *Service) implicitSession(ctx context.Context, keyID string, x sealedSession, entry *keyEntry) (*Credentials, error) {
	if !strings.HasPrefix(x.RoleID, implicitRolePrefix) {
		return nil, macie2.ErrUnrecognizedClient() // of a role that there was
	}
	a, err := s.devAccount(ctx, x.Account)
	if err != nil {
		return nil, err
	}
	if a.Status == AccountClosed {
		return nil, macie2.ErrUnrecognizedClient()
	}
	return &Credentials{
		Principal:       x.principal(keyID, x.RoleID, []string{AdministratorAccess}),
		Session:         x.describe(),
		entry:           entry,
		Suspended:       a.Status == AccountSuspended,
		DisabledRegions: a.DisabledRegions,
	}, nil
}

func (s *Service) devAccount(ctx context.Context, account macie2.AccountID) (a Account, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		accounts, err := s.LookupAccounts(ctx, tx, []macie2.AccountID{account})
		a = accounts[account]
		return err
	})
	return a, err
}

// implicitRolePrefix begins the ids of roles that exist in dev mode only because
// somebody assumed them. The digit keeps them apart from real ones, whose
// characters are those of base 32.
const implicitRolePrefix = "AROA0"

// implicitRole is the role of that name which dev mode makes up.
func implicitRole(account macie2.AccountID, name string) Role {
	return Role{
		ID: implicitRolePrefix + userID(account, "role/"+name)[4:20], Account: account, Name: name,
		Trust: `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*"}}`, Policies: []string{AdministratorAccess}, MaxSession: LongestMaxSession,
	}
}
