package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// ServiceAccess says since when an organization trusts a service.
type ServiceAccess struct {
	Service   ServicePrincipal
	EnabledAt time.Time
}

// Delegate is an account that acts for its organization in a service.
type Delegate struct {
	Account     macie2.AccountID
	Service     ServicePrincipal
	DelegatedAt time.Time
}

// Bounds of what an organization's own people can fill the tables with. No service of AWS lets an
// organization have more.
const (
	MaxServices  = 200 // that an organization trusts
	MaxDelegates = 50  // in one service
)

// EnableServiceAccess lets an organization trust a service; one that it trusts already stays as it
// is. It returns ErrTooManyServices for one more than MaxServices.
func (d *Organizations) EnableServiceAccess(ctx context.Context, management macie2.AccountID, service ServicePrincipal, now time.Time) error {
	return d.manage(ctx, "enable access for "+string(service), management, func(tx *store.Tx, o Organization) error {
		var others int64
		err := tx.QueryRow(ctx, `select count(*) from organization_service where organization_id = $1 and service_principal <> $2`,
			o.ID, service).Scan(&others)
		if err != nil {
			return err
		}
		if others >= MaxServices {
			return ErrTooManyServices
		}
		return d.TrustService(ctx, tx, o.ID, service, now)
	})
}

// TrustService is EnableServiceAccess within tx, without its bound.
func (d *Organizations) TrustService(ctx context.Context, tx *store.Tx, o OrganizationID, service ServicePrincipal, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into organization_service (organization_id, service_principal, enabled_at) values ($1, $2, $3)
		on conflict do nothing`, o, service, now.UnixMilli())
	return err
}

// DisableServiceAccess ends an organization's trust in a service, and all delegations in it, also
// that of the management account, which is no registered one. Ending what is not there changes
// nothing.
func (d *Organizations) DisableServiceAccess(ctx context.Context, management macie2.AccountID, service ServicePrincipal, by macie2.Principal) error {
	return d.manage(ctx, "disable access for "+string(service), management, func(tx *store.Tx, o Organization) error {
		list, err := delegates(ctx, tx, o.ID, service)
		if err != nil {
			return err
		}
		for _, x := range list {
			err := d.deregister(ctx, tx, o, x.Account, service, by)
			if errors.Is(err, ErrNoDelegate) {
				return store.ErrConflict // somebody else ended it meanwhile
			}
			if err != nil {
				return err
			}
		}
		if err := d.deregistered(ctx, tx, o, o.Management, service, by); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from organization_service where organization_id = $1 and service_principal = $2`,
			o.ID, service)
		return err
	})
}

// ServiceAccesses lists the services that an organization trusts, by name.
func (d *Organizations) ServiceAccesses(ctx context.Context, o OrganizationID) (list []ServiceAccess, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			var x ServiceAccess
			var at int64
			err := row.Scan(&x.Service, &at)
			x.EnabledAt = time.UnixMilli(at).UTC()
			list = append(list, x)
			return err
		}, `select service_principal, enabled_at from organization_service where organization_id = $1 order by service_principal`, o)
	})
	if err != nil {
		return nil, fmt.Errorf("list the services that organization %s trusts: %w", o, err)
	}
	return list, nil
}

// RegisterDelegate lets an account act for its organization in a service that the organization
// trusts. It returns ErrDelegateExists for one that does so already, ErrManagement for the
// management account, which needs no delegation, ErrSuspended or ErrClosed for one that takes no
// part, ErrTooManyDelegates for one more than MaxDelegates.
func (d *Organizations) RegisterDelegate(ctx context.Context, management, id macie2.AccountID, service ServicePrincipal, now time.Time) error {
	return d.manage(ctx, "register account "+string(id), management, func(tx *store.Tx, o Organization) error {
		if err := requireDelegable(ctx, tx, o, id); err != nil {
			return err
		}
		trusted, err := trustsService(ctx, tx, o.ID, service)
		if err != nil {
			return err
		}
		if !trusted {
			return ErrNoServiceAccess
		}
		list, err := delegates(ctx, tx, o.ID, service)
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(list, func(x Delegate) bool { return x.Account == id }):
			return ErrDelegateExists
		case len(list) >= MaxDelegates:
			return ErrTooManyDelegates
		}
		n, err := insertDelegate(ctx, tx, o.ID, id, service, now)
		if err == nil && n == 0 || errors.Is(err, store.ErrForeignKey) {
			return store.ErrConflict // it became one, or left, meanwhile: the next look says which
		}
		return err
	})
}

func requireDelegable(ctx context.Context, tx *store.Tx, o Organization, id macie2.AccountID) error {
	switch in, err := inOrganization(ctx, tx, o.ID, []macie2.AccountID{id}); {
	case err != nil:
		return err
	case !in[id]:
		return ErrNotInOrganization
	case id == o.Management:
		return ErrManagement
	}
	a, err := readAccount(ctx, tx, id)
	switch {
	case err != nil:
		return err
	case a.Status == AccountSuspended:
		return ErrSuspended
	case a.Status == AccountClosed:
		return ErrClosed
	}
	return nil
}

func insertDelegate(ctx context.Context, tx *store.Tx, o OrganizationID, id macie2.AccountID, service ServicePrincipal, now time.Time) (int64, error) {
	return tx.Exec(ctx, `insert into organization_delegate (organization_id, account_id, service_principal, delegated_at)
		values ($1, $2, $3, $4) on conflict do nothing`, o, id, service, now.UnixMilli())
}

// Delegate registers an account of an organization as a delegated administrator within tx, unless
// it is one already.
func (d *Organizations) Delegate(ctx context.Context, tx *store.Tx, o OrganizationID, id macie2.AccountID, service ServicePrincipal, now time.Time) error {
	_, err := insertDelegate(ctx, tx, o, id, service, now)
	return err
}

// trustsService reports whether an organization trusts a service, within tx.
func trustsService(ctx context.Context, tx *store.Tx, o OrganizationID, service ServicePrincipal) (bool, error) {
	var one int64
	err := tx.QueryRow(ctx, `select 1 from organization_service where organization_id = $1 and service_principal = $2`,
		o, service).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// DeregisterDelegate ends what RegisterDelegate began, or returns ErrNoDelegate.
func (d *Organizations) DeregisterDelegate(ctx context.Context, management, id macie2.AccountID, service ServicePrincipal, by macie2.Principal) error {
	return d.manage(ctx, "deregister account "+string(id), management, func(tx *store.Tx, o Organization) error {
		in, err := inOrganization(ctx, tx, o.ID, []macie2.AccountID{id})
		if err != nil {
			return err
		}
		if !in[id] {
			return ErrNotInOrganization
		}
		return d.deregister(ctx, tx, o, id, service, by)
	})
}

func (d *Organizations) deregister(ctx context.Context, tx *store.Tx, o Organization, id macie2.AccountID, service ServicePrincipal, by macie2.Principal) error {
	n, err := tx.Exec(ctx, `delete from organization_delegate where organization_id = $1 and account_id = $2 and service_principal = $3`,
		o.ID, id, service)
	if err == nil && n == 0 {
		err = ErrNoDelegate
	}
	if err != nil {
		return err
	}
	return d.deregistered(ctx, tx, o, id, service, by)
}

func (d *Organizations) deregistered(ctx context.Context, tx *store.Tx, o Organization, id macie2.AccountID, service ServicePrincipal, by macie2.Principal) error {
	if d.hooks.OnDelegateDeregistered == nil {
		return nil
	}
	return d.hooks.OnDelegateDeregistered(ctx, tx, o.ID, id, service, by)
}

// Delegates lists the delegated administrators of an organization in a service, within tx; in all
// services if none is named.
func (d *Organizations) Delegates(ctx context.Context, tx *store.Tx, o OrganizationID, service ServicePrincipal) ([]Delegate, error) {
	return delegates(ctx, tx, o, service)
}

func delegates(ctx context.Context, tx *store.Tx, o OrganizationID, service ServicePrincipal) ([]Delegate, error) {
	var list []Delegate
	err := tx.Query(ctx, func(row store.Row) error {
		var x Delegate
		var at int64
		err := row.Scan(&x.Account, &x.Service, &at)
		x.DelegatedAt = time.UnixMilli(at).UTC()
		list = append(list, x)
		return err
	}, `select account_id, service_principal, delegated_at from organization_delegate
		where organization_id = $1 and ($2 = '' or service_principal = $2) order by account_id, service_principal`, o, service)
	return list, err
}

// DelegatesOf is Delegates in a look of its own.
func (d *Organizations) DelegatesOf(ctx context.Context, o OrganizationID, service ServicePrincipal) (list []Delegate, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list, err = delegates(ctx, tx, o, service)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the delegated administrators of organization %s: %w", o, err)
	}
	return list, nil
}

// DelegatedAccount is an account that acts for its organization, and since when.
type DelegatedAccount struct {
	OrganizationAccount
	DelegatedAt time.Time
}

// DelegatedAccounts lists the accounts that act for an organization in a service, in any if none is
// named, by id: at most limit of those behind the account after, "" for the first. Of several
// delegations of one account the oldest counts.
func (d *Organizations) DelegatedAccounts(ctx context.Context, o OrganizationID, service ServicePrincipal, after macie2.AccountID, limit int) (list []DelegatedAccount, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			var at int64
			a, err := scanOrganizationAccount(row, &at)
			list = append(list, DelegatedAccount{a, time.UnixMilli(at).UTC()})
			return err
		}, `select `+organizationAccountColumns+`, g.delegated_at
			from (select account_id, min(delegated_at) as delegated_at from organization_delegate
				where organization_id = $1 and ($2 = '' or service_principal = $2) and account_id > $3
				group by account_id order by account_id limit $4) g
			join organization_account x on x.account_id = g.account_id join account a on a.id = g.account_id
			order by a.id`, o, service, after, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list the delegated administrators of organization %s: %w", o, err)
	}
	return list, nil
}

// DelegationsOf lists what an account of an organization acts for it in, by service. It returns
// ErrNotInOrganization for one that is not in it, ErrNoDelegate for one that does not act for it at
// all.
func (d *Organizations) DelegationsOf(ctx context.Context, o OrganizationID, id macie2.AccountID) (list []Delegate, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		in, err := inOrganization(ctx, tx, o, []macie2.AccountID{id})
		if err != nil {
			return err
		}
		if !in[id] {
			return ErrNotInOrganization
		}
		err = tx.Query(ctx, func(row store.Row) error {
			x := Delegate{Account: id}
			var at int64
			err := row.Scan(&x.Service, &at)
			x.DelegatedAt = time.UnixMilli(at).UTC()
			list = append(list, x)
			return err
		}, `select service_principal, delegated_at from organization_delegate where organization_id = $1 and account_id = $2
			order by service_principal`, o, id)
		if err == nil && len(list) == 0 {
			err = ErrNoDelegate
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list what account %s acts for organization %s in: %w", id, o, err)
	}
	return list, nil
}

// manage runs a change of the organization that management is the management account of, or returns
// ErrNotManagement.
func (d *Organizations) manage(ctx context.Context, doing string, management macie2.AccountID, fn func(*store.Tx, Organization) error) error {
	err := d.db.Tx(ctx, organizationLane(management), func(tx *store.Tx) error {
		o, err := managedBy(ctx, tx, management)
		if err != nil {
			return err
		}
		if err := fn(tx, o); err != nil {
			return err
		}
		macie2.RecordChange(d.change, tx)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s in the organization of %s: %w", doing, management, err)
	}
	return nil
}
