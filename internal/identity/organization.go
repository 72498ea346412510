package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// OrganizationID names an organization, as AWS does: o-a1b2c3d4e5.
type OrganizationID string

// ServicePrincipal names a service that organizations can trust: macie.amazonaws.com.
type ServicePrincipal string

// Organization is a group of accounts under a management account, which is one of them.
type Organization struct {
	ID         OrganizationID
	Management macie2.AccountID
	CreatedAt  time.Time
}

// OrganizationAccount is an account as a part of its organization.
type OrganizationAccount struct {
	Account
	JoinedAt time.Time
}

// CreateOrganization makes an organization of one account, its management account. It returns
// ErrOrganizationExists where that is in one already.
func (d *Organizations) CreateOrganization(ctx context.Context, management macie2.AccountID, now time.Time) (Organization, error) {
	o := Organization{ID: newOrganizationID(), Management: management, CreatedAt: now.UTC().Truncate(time.Millisecond)}
	err := d.db.Tx(ctx, organizationLane(management), func(tx *store.Tx) error {
		if err := requireOpen(ctx, tx, management); err != nil {
			return err
		}
		at := o.CreatedAt.UnixMilli()
		if _, err := tx.Exec(ctx, `insert into organization (id, management_id, created_at) values ($1, $2, $3)`,
			o.ID, management, at); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into organization_account (account_id, organization_id, joined_at) values ($1, $2, $3)`,
			management, o.ID, at)
		return err
	})
	if errors.Is(err, store.ErrExists) {
		err = ErrOrganizationExists
	}
	if err != nil {
		return Organization{}, fmt.Errorf("create the organization of %s: %w", management, err)
	}
	return o, nil
}

// newOrganizationID returns "o-" and ten letters and digits.
func newOrganizationID() OrganizationID {
	const alphabet = "abcdefghijklmnopqrstuvwxyz012345" // 32, so that a byte's low bits choose evenly
	var b [10]byte
	rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return OrganizationID("o-" + string(b[:]))
}

// organizationLane is where writers of one organization wait for each other.
func organizationLane(management macie2.AccountID) string {
	return "organization/" + string(management)
}

// requireOpen refuses an account that is closed, and keeps any other from being closed before tx
// ends.
func requireOpen(ctx context.Context, tx *store.Tx, id macie2.AccountID) error {
	if _, err := tx.Exec(ctx, `update account set status = status where id = $1`, id); err != nil {
		return err
	}
	a, err := readAccount(ctx, tx, id)
	if err == nil && a.Status == AccountClosed {
		err = ErrClosed
	}
	return err
}

// joinBatch is how many accounts join or leave in one transaction. After each, as much time passes
// as it took: a list of thousands leaves whoever works on the same database, which on SQLite has
// one writer at a time, at least half of it.
const joinBatch = 20

func inBatches(ctx context.Context, ids []macie2.AccountID, do func(batch []macie2.AccountID) error) error {
	for len(ids) > joinBatch {
		began := time.Now()
		if err := do(ids[:joinBatch]); err != nil {
			return err
		}
		ids = ids[joinBatch:]
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return do(ids)
}

// AddToOrganization adds accounts to the organization of a management account; those that are in it
// already stay as they are. They are added some at a time: when it fails, those before the one that
// the error names may be in, and adding all again does no harm. It returns how many it added.
func (d *Organizations) AddToOrganization(ctx context.Context, management macie2.AccountID, ids []macie2.AccountID, now time.Time) (added int, err error) {
	err = inBatches(ctx, ids, func(batch []macie2.AccountID) error {
		var joining []macie2.AccountID
		err := d.db.Tx(ctx, organizationLane(management), func(tx *store.Tx) error {
			o, err := managedBy(ctx, tx, management)
			if err != nil {
				return err
			}
			if joining, err = mayJoin(ctx, tx, o, batch); err != nil || len(joining) == 0 {
				return err
			}
			rows := make([][]any, len(joining))
			for i, id := range joining {
				rows[i] = []any{id, o.ID, now.UnixMilli()}
			}
			_, err = tx.InsertMany(ctx, `insert into organization_account (account_id, organization_id, joined_at)`, rows, "")
			if errors.Is(err, store.ErrExists) {
				return store.ErrConflict // it joined one meanwhile: the next look says which
			}
			if err != nil || d.hooks.OnOrganizationJoin == nil {
				return err
			}
			return d.hooks.OnOrganizationJoin(ctx, tx, o.ID, joining)
		})
		if err == nil {
			added += len(joining)
		}
		return err
	})
	if err != nil {
		return added, fmt.Errorf("add to the organization of %s: %w", management, err)
	}
	return added, nil
}

// mayJoin returns those of the accounts that are not in the organization yet, or says which of them
// cannot join it.
func mayJoin(ctx context.Context, tx *store.Tx, o Organization, ids []macie2.AccountID) ([]macie2.AccountID, error) {
	status := make(map[macie2.AccountID]AccountStatus, len(ids))
	in := make(map[macie2.AccountID]OrganizationID, len(ids))
	err := tx.Query(ctx, func(row store.Row) error {
		var id macie2.AccountID
		var s AccountStatus
		var other OrganizationID
		err := row.Scan(&id, &s, &other)
		status[id], in[id] = s, other
		return err
	}, `select a.id, a.status, coalesce(x.organization_id, '') from account a left join organization_account x on x.account_id = a.id
		where `+tx.Any("a.id", 1), store.ListOf(ids))
	if err != nil {
		return nil, err
	}
	var joining []macie2.AccountID
	for _, id := range ids {
		switch s, known := status[id]; {
		case !known:
			return nil, fmt.Errorf("account %s: %w", id, ErrNoAccount)
		case in[id] == o.ID:
			continue
		case in[id] != "":
			return nil, fmt.Errorf("account %s: %w", id, ErrOrganizationExists)
		case s == AccountClosed:
			return nil, fmt.Errorf("account %s: %w", id, ErrClosed)
		}
		if !slices.Contains(joining, id) {
			joining = append(joining, id)
		}
	}
	return joining, nil
}

// RemoveFromOrganization takes accounts out of the organization of a management account, some at a
// time or none of them; those that are out already stay so, but if all are it returns
// ErrNotInOrganization. The management account cannot leave, nor can a delegated administrator. It
// returns how many it removed.
func (d *Organizations) RemoveFromOrganization(ctx context.Context, management macie2.AccountID, ids []macie2.AccountID) (removed int, err error) {
	err = inBatches(ctx, ids, func(batch []macie2.AccountID) error {
		var leaving []macie2.AccountID
		err := d.db.Tx(ctx, organizationLane(management), func(tx *store.Tx) error {
			o, err := managedBy(ctx, tx, management)
			if err != nil {
				return err
			}
			if leaving, err = mayLeave(ctx, tx, o, batch); err != nil || len(leaving) == 0 {
				return err
			}
			if d.hooks.OnOrganizationLeave != nil {
				if err := d.hooks.OnOrganizationLeave(ctx, tx, o.ID, leaving); err != nil {
					return err
				}
			}
			n, err := tx.Exec(ctx, `delete from organization_account where organization_id = $1 and `+tx.Any("account_id", 2),
				o.ID, store.ListOf(leaving))
			if errors.Is(err, store.ErrForeignKey) || err == nil && n != int64(len(leaving)) {
				return store.ErrConflict // one became a delegate, joined Macie's members, or left meanwhile
			}
			return err
		})
		if err == nil {
			removed += len(leaving)
		}
		return err
	})
	if err == nil && removed == 0 && len(ids) > 0 {
		err = fmt.Errorf("account %s: %w", ids[0], ErrNotInOrganization)
	}
	if err != nil {
		return removed, fmt.Errorf("remove from the organization of %s: %w", management, err)
	}
	return removed, nil
}

// mayLeave drops repetitions and accounts that are not in the organization, and says which of the
// others cannot leave it.
func mayLeave(ctx context.Context, tx *store.Tx, o Organization, ids []macie2.AccountID) ([]macie2.AccountID, error) {
	in, err := inOrganization(ctx, tx, o.ID, ids)
	if err != nil {
		return nil, err
	}
	delegates, err := delegates(ctx, tx, o.ID, "")
	if err != nil {
		return nil, err
	}
	var leaving []macie2.AccountID
	for _, id := range ids {
		switch {
		case !in[id]:
			continue
		case id == o.Management:
			return nil, fmt.Errorf("account %s: %w", id, ErrManagement)
		case slices.ContainsFunc(delegates, func(x Delegate) bool { return x.Account == id }):
			return nil, fmt.Errorf("account %s: %w", id, ErrDelegate)
		}
		if !slices.Contains(leaving, id) {
			leaving = append(leaving, id)
		}
	}
	return leaving, nil
}

// DeleteOrganization deletes the organization of a management account, which must be alone in it by
// then.
func (d *Organizations) DeleteOrganization(ctx context.Context, management macie2.AccountID) error {
	err := d.db.Tx(ctx, organizationLane(management), func(tx *store.Tx) error {
		o, err := managedBy(ctx, tx, management)
		if err != nil {
			return err
		}
		var others int64
		err = tx.QueryRow(ctx, `select count(*) from organization_account where organization_id = $1 and account_id <> $2`,
			o.ID, management).Scan(&others)
		if err != nil {
			return err
		}
		if others > 0 {
			return ErrOrganizationNotEmpty
		}
		if d.hooks.OnOrganizationLeave != nil {
			if err := d.hooks.OnOrganizationLeave(ctx, tx, o.ID, []macie2.AccountID{management}); err != nil {
				return err
			}
		}
		for _, table := range []string{"organization_service", "organization_account"} {
			if _, err := tx.Exec(ctx, `delete from `+table+` where organization_id = $1`, o.ID); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `delete from organization where id = $1`, o.ID)
		return err
	})
	if errors.Is(err, store.ErrForeignKey) {
		err = ErrDelegate // the management account itself, in a service that lets it
	}
	if err != nil {
		return fmt.Errorf("delete the organization of %s: %w", management, err)
	}
	return nil
}

// managedBy reads the organization that an account is the management account of, to change
// something in it. The update changes nothing: it makes those wait who do the same on another node,
// so that what was read before a change is still so when it is made.
func managedBy(ctx context.Context, tx *store.Tx, management macie2.AccountID) (Organization, error) {
	o, err := scanOrganization(tx.QueryRow(ctx, `update organization set created_at = created_at where management_id = $1
		returning id, management_id, created_at`, management))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotManagement
	}
	return o, err
}

func scanOrganization(row store.RowOne) (o Organization, err error) {
	var at int64
	err = row.Scan(&o.ID, &o.Management, &at)
	o.CreatedAt = time.UnixMilli(at).UTC()
	return o, err
}

// OrganizationOf reads the organization that an account is in, within tx, or returns
// ErrNoOrganization.
func (d *Organizations) OrganizationOf(ctx context.Context, tx *store.Tx, id macie2.AccountID) (Organization, error) {
	o, err := scanOrganization(tx.QueryRow(ctx, `select o.id, o.management_id, o.created_at
		from organization_account x join organization o on o.id = x.organization_id where x.account_id = $1`, id))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoOrganization
	}
	return o, err
}

// LockOrganization waits until nobody else has the organization locked, and locks it until tx ends:
// for decisions that look at more than constraints can hold, such as that a delegate is the same in
// all Regions. Every change of delegates locks it.
func (d *Organizations) LockOrganization(ctx context.Context, tx *store.Tx, o OrganizationID) error {
	n, err := tx.Exec(ctx, `update organization set created_at = created_at where id = $1`, o)
	if err == nil && n == 0 {
		err = store.ErrConflict // it was deleted a moment ago
	}
	return err
}

// InOrganization tells which of the given accounts are in an organization, within tx.
func (d *Organizations) InOrganization(ctx context.Context, tx *store.Tx, o OrganizationID, ids []macie2.AccountID) (map[macie2.AccountID]bool, error) {
	return inOrganization(ctx, tx, o, ids)
}

func inOrganization(ctx context.Context, tx *store.Tx, o OrganizationID, ids []macie2.AccountID) (map[macie2.AccountID]bool, error) {
	in := make(map[macie2.AccountID]bool, len(ids))
	if len(ids) == 0 {
		return in, nil
	}
	err := tx.Query(ctx, func(row store.Row) error {
		var id macie2.AccountID
		err := row.Scan(&id)
		in[id] = true
		return err
	}, `select account_id from organization_account where organization_id = $1 and `+tx.Any("account_id", 2), o, store.ListOf(ids))
	return in, err
}

// Organization returns the organization that an account is in, or ErrNoOrganization.
func (d *Organizations) Organization(ctx context.Context, id macie2.AccountID) (o Organization, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		o, err = d.OrganizationOf(ctx, tx, id)
		return err
	})
	if err != nil {
		return Organization{}, fmt.Errorf("organization of account %s: %w", id, err)
	}
	return o, nil
}

// SizedOrganization is an organization and how many accounts it has.
type SizedOrganization struct {
	Organization
	Accounts int64
}

// AllOrganizations lists all organizations, by their management accounts.
func (d *Organizations) AllOrganizations(ctx context.Context) (list []SizedOrganization, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			var o SizedOrganization
			var at int64
			err := row.Scan(&o.ID, &o.Management, &at, &o.Accounts)
			o.CreatedAt = time.UnixMilli(at).UTC()
			list = append(list, o)
			return err
		}, `select id, management_id, created_at, (select count(*) from organization_account x where x.organization_id = organization.id)
			from organization order by management_id`)
	})
	if err != nil {
		return nil, fmt.Errorf("list organizations: %w", err)
	}
	return list, nil
}

// Standing is what an account is in its organization.
type Standing struct {
	Organization
	Account   macie2.AccountID
	Delegated bool // in some service
}

// Managing reports whether it is the management account.
func (s Standing) Managing() bool { return s.Account == s.Management }

// Standing returns what an account is in its organization, or ErrNoOrganization.
func (d *Organizations) Standing(ctx context.Context, id macie2.AccountID) (s Standing, err error) {
	var at, delegations int64
	err = d.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select o.id, o.management_id, o.created_at, x.account_id,
				(select count(*) from organization_delegate d where d.organization_id = o.id and d.account_id = x.account_id)
			from organization_account x join organization o on o.id = x.organization_id where x.account_id = $1`, id).
			Scan(&s.ID, &s.Management, &at, &s.Account, &delegations)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoOrganization
	}
	if err != nil {
		return Standing{}, fmt.Errorf("organization of account %s: %w", id, err)
	}
	s.CreatedAt, s.Delegated = time.UnixMilli(at).UTC(), delegations > 0
	return s, nil
}

const organizationAccountColumns = "a.id, a.email, a.name, a.status, a.disabled_regions, a.created_at, a.updated_at, x.joined_at"

// scanOrganizationAccount reads organizationAccountColumns, and into more what stands behind them.
func scanOrganizationAccount(row store.RowOne, more ...any) (a OrganizationAccount, err error) {
	var created, updated, joined int64
	err = row.Scan(append([]any{&a.ID, &a.Email, &a.Name, &a.Status, &a.DisabledRegions, &created, &updated, &joined}, more...)...)
	a.CreatedAt, a.UpdatedAt, a.JoinedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC(), time.UnixMilli(joined).UTC()
	return a, err
}

// OrganizationAccounts lists accounts of an organization by id: at most limit of those behind the
// account after, "" for the first.
func (d *Organizations) OrganizationAccounts(ctx context.Context, o OrganizationID, after macie2.AccountID, limit int) (list []OrganizationAccount, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			a, err := scanOrganizationAccount(row)
			list = append(list, a)
			return err
		}, `select `+organizationAccountColumns+` from organization_account x join account a on a.id = x.account_id
			where x.organization_id = $1 and x.account_id > $2 order by x.account_id limit $3`, o, after, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list the accounts of organization %s: %w", o, err)
	}
	return list, nil
}

// OrganizationAccount returns one account of an organization, or ErrNotInOrganization.
func (d *Organizations) OrganizationAccount(ctx context.Context, o OrganizationID, id macie2.AccountID) (a OrganizationAccount, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		a, err = scanOrganizationAccount(tx.QueryRow(ctx, `select `+organizationAccountColumns+`
			from organization_account x join account a on a.id = x.account_id
			where x.organization_id = $1 and x.account_id = $2`, o, id))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotInOrganization
	}
	if err != nil {
		return OrganizationAccount{}, fmt.Errorf("account %s of organization %s: %w", id, o, err)
	}
	return a, nil
}
