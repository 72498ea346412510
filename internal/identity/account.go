package identity

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// AccountStatus says whether an account takes part.
type AccountStatus string

// An account is created Active. Suspended ends with resume; Closed does not end.
const (
	AccountActive    AccountStatus = "Active"
	AccountSuspended AccountStatus = "Suspended"
	AccountClosed    AccountStatus = "Closed"
)

// Account is an account as it is registered.
type Account struct {
	ID        macie2.AccountID
	Email     string // as registered; empty if Implicit
	Name      string // may be empty
	Status    AccountStatus
	CreatedAt time.Time
	UpdatedAt time.Time

	DisabledRegions RegionSet // in which it cannot call

	// Implicit marks an account that nobody created, which exists in dev mode
	// because somebody mentioned it. Every address is its own.
	Implicit bool
}

// EmailIs says whether address is the account's, white space around it and the
// case of ASCII letters aside. Other letters are not folded: some of them fold
// to one of ASCII's, and are the address of somebody else.
func (a Account) EmailIs(address string) bool {
	return a.Implicit || foldASCII(strings.TrimSpace(address)) == foldASCII(strings.TrimSpace(a.Email))
}

func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// Hooks are told of changes to accounts and organizations, in the transaction that
// makes them; an error undoes the change. Each may be nil.
type Hooks struct {
	OnAccountStatus func(ctx context.Context, tx *store.Tx, id macie2.AccountID, status AccountStatus) error
	// OnAccountRegion is told of an account as it is once region is disabled or enabled for it.
	OnAccountRegion func(ctx context.Context, tx *store.Tx, a Account, region string) error

	// OnOrganizationJoin is told when accounts are in an organization, OnOrganizationLeave just
	// before they are not any more.
	OnOrganizationJoin  func(ctx context.Context, tx *store.Tx, organization OrganizationID, ids []macie2.AccountID) error
	OnOrganizationLeave func(ctx context.Context, tx *store.Tx, organization OrganizationID, ids []macie2.AccountID) error
	// OnDelegateDeregistered is told when an account does not act for its organization in a service
	// any more.
	OnDelegateDeregistered func(ctx context.Context, tx *store.Tx, organization OrganizationID, id macie2.AccountID, service ServicePrincipal, by macie2.Principal) error
}

// Accounts is the accounts of a deployment. It is safe for concurrent use and
// keeps nothing in memory.
type Accounts struct {
	db    *store.DB
	dev   bool // every account exists
	hooks Hooks
}

const accountColumns = "id, email, name, status, disabled_regions, created_at, updated_at"

func scanAccount(row store.RowOne) (a Account, err error) {
	var created, updated int64
	if err := row.Scan(&a.ID, &a.Email, &a.Name, &a.Status, &a.DisabledRegions, &created, &updated); err != nil {
		return Account{}, err
	}
	a.CreatedAt, a.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	return a, nil
}

// CreateAccount registers an account. It returns ErrAccountExists for an id that
// was ever registered, closed accounts included, and ErrInvalid for an address or
// name that cannot be one.
func (d *Accounts) CreateAccount(ctx context.Context, id macie2.AccountID, email, name string, now time.Time) (Account, error) {
	a := Account{ID: id, Email: strings.TrimSpace(email), Name: strings.TrimSpace(name), Status: AccountActive,
		CreatedAt: now.UTC().Truncate(time.Millisecond), UpdatedAt: now.UTC().Truncate(time.Millisecond)}
	if err := errors.Join(checkEmail(a.Email), checkName(a.Name)); err != nil {
		return Account{}, fmt.Errorf("create account %s: %w", id, err)
	}
	err := d.db.Tx(ctx, lane(id), func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into account (`+accountColumns+`) values ($1, $2, $3, $4, $5, $6, $7)`,
			a.ID, a.Email, a.Name, a.Status, string(a.DisabledRegions), a.CreatedAt.UnixMilli(), a.UpdatedAt.UnixMilli())
		return err
	})
	if errors.Is(err, store.ErrExists) {
		err = ErrAccountExists
	}
	if err != nil {
		return Account{}, fmt.Errorf("create account %s: %w", id, err)
	}
	return a, nil
}

// UpdateAccount changes the address, the name, or both; nil leaves one as it is.
func (d *Accounts) UpdateAccount(ctx context.Context, id macie2.AccountID, email, name *string, now time.Time) (Account, error) {
	return d.change(ctx, "update", id, now, func(a *Account) error {
		if email != nil {
			a.Email = strings.TrimSpace(*email)
		}
		if name != nil {
			a.Name = strings.TrimSpace(*name)
		}
		if err := errors.Join(checkEmail(a.Email), checkName(a.Name)); err != nil {
			return err
		}
		if a.Status == AccountClosed {
			return ErrClosed
		}
		return nil
	}, func(*store.Tx, Account, Account) error { return nil })
}

// SuspendAccount stops an account: its keys and sessions are refused from the
// next call on. Suspending one that is suspended changes nothing.
func (d *Accounts) SuspendAccount(ctx context.Context, id macie2.AccountID, now time.Time) (Account, error) {
	return d.setStatus(ctx, "suspend", id, AccountSuspended, now)
}

// ResumeAccount ends a suspension.
func (d *Accounts) ResumeAccount(ctx context.Context, id macie2.AccountID, now time.Time) (Account, error) {
	return d.setStatus(ctx, "resume", id, AccountActive, now)
}

// CloseAccount ends an account for good. Its id is not used again. It returns
// ErrManagement while the account manages an organization.
func (d *Accounts) CloseAccount(ctx context.Context, id macie2.AccountID, now time.Time) (Account, error) {
	return d.setStatus(ctx, "close", id, AccountClosed, now)
}

func (d *Accounts) setStatus(ctx context.Context, verb string, id macie2.AccountID, status AccountStatus, now time.Time) (Account, error) {
	return d.change(ctx, verb, id, now, func(a *Account) error {
		if a.Status == AccountClosed && a.Status != status {
			return ErrClosed
		}
		a.Status = status
		return nil
	}, func(tx *store.Tx, _, _ Account) error {
		if status == AccountClosed {
			// Nobody could act for its organization any more.
			switch _, err := managedBy(ctx, tx, id); {
			case err == nil:
				return ErrManagement
			case !errors.Is(err, ErrNotManagement):
				return err
			}
		}
		if d.hooks.OnAccountStatus == nil {
			return nil
		}
		return d.hooks.OnAccountStatus(ctx, tx, id, status)
	})
}

// change reads an account, lets edit change it, and writes it back unless nothing
// changed or somebody else was faster, in which case it starts again. follow does
// what follows from the change, after the row is written: whoever has locked it
// (LockAccounts) is through by then, and what it did is seen.
func (d *Accounts) change(ctx context.Context, verb string, id macie2.AccountID, now time.Time, edit func(*Account) error,
	follow func(tx *store.Tx, before, after Account) error) (Account, error) {
	var after Account
	err := d.db.Tx(ctx, lane(id), func(tx *store.Tx) error {
		before, err := readAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		after = before
		if err := edit(&after); err != nil {
			return err
		}
		if after == before {
			return nil
		}
		after.UpdatedAt = now.UTC().Truncate(time.Millisecond)
		n, err := tx.Exec(ctx, `update account set email = $1, name = $2, status = $3, disabled_regions = $4, updated_at = $5
			where id = $6 and email = $7 and name = $8 and status = $9 and disabled_regions = $10`,
			after.Email, after.Name, after.Status, string(after.DisabledRegions), after.UpdatedAt.UnixMilli(),
			id, before.Email, before.Name, before.Status, string(before.DisabledRegions))
		if err == nil && n == 0 {
			return store.ErrConflict
		}
		if err != nil {
			return err
		}
		return follow(tx, before, after)
	})
	if err != nil {
		return Account{}, fmt.Errorf("%s account %s: %w", verb, id, err)
	}
	return after, nil
}

func readAccount(ctx context.Context, tx *store.Tx, id macie2.AccountID) (Account, error) {
	a, err := scanAccount(tx.QueryRow(ctx, `select `+accountColumns+` from account where id = $1`, id))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoAccount
	}
	return a, err
}

// Account returns one account, or ErrNoAccount.
func (d *Accounts) Account(ctx context.Context, id macie2.AccountID) (a Account, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		a, err = readAccount(ctx, tx, id)
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("account %s: %w", id, err)
	}
	return a, nil
}

// AllAccounts returns all accounts that were created, by id.
func (d *Accounts) AllAccounts(ctx context.Context) (list []Account, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			a, err := scanAccount(row)
			list = append(list, a)
			return err
		}, `select `+accountColumns+` from account order by id`)
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

// LookupAccounts returns those of the given accounts that exist, in one read
// within tx. In dev mode every account exists.
func (d *Accounts) LookupAccounts(ctx context.Context, tx *store.Tx, ids []macie2.AccountID) (map[macie2.AccountID]Account, error) {
	found := make(map[macie2.AccountID]Account, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	err := tx.Query(ctx, func(row store.Row) error {
		a, err := scanAccount(row)
		found[a.ID] = a
		return err
	}, `select `+accountColumns+` from account where `+tx.Any("id", 1), store.ListOf(ids))
	if err != nil {
		return nil, fmt.Errorf("look up %d accounts: %w", len(ids), err)
	}
	if d.dev {
		for _, id := range ids {
			if _, ok := found[id]; !ok {
				found[id] = implicitAccount(id)
			}
		}
	}
	return found, nil
}

// LockAccounts keeps the given accounts from being changed until tx ends, for what
// must not be done for an account that is suspended at that very moment: what
// LookupAccounts reads behind it stays true.
func (d *Accounts) LockAccounts(ctx context.Context, tx *store.Tx, ids []macie2.AccountID) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `update account set status = status where `+tx.Any("id", 1), store.ListOf(ids))
	return err
}

func implicitAccount(id macie2.AccountID) Account {
	return Account{ID: id, Status: AccountActive, Implicit: true}
}

// lane is where writers of one account's rows wait for each other.
func lane(id macie2.AccountID) string { return "account/" + string(id) }

// checkEmail accepts a bare address. Length and form are SMTP's, since mail is
// what it is for.
func checkEmail(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" || len(address) > 254 {
		return fmt.Errorf("%w e-mail address %q", ErrInvalid, address)
	}
	return nil
}

// checkName accepts what can stand in a mail and in a table.
func checkName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > 128 {
		return fmt.Errorf("%w name: at most 128 characters", ErrInvalid)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w name %q: printable characters only", ErrInvalid, name)
		}
	}
	return nil
}
