package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/policy"
	"magpie/internal/store"
)

// Role is an identity without keys that others assume.
type Role struct {
	ID         string // AROA…; another role of the same name later has another
	Account    macie2.AccountID
	Name       string
	Trust      string   // the trust policy, a JSON document
	Policies   []string // "none" if nothing is attached
	MaxSession time.Duration
	CreatedAt  time.Time
}

// ARN is the role's Amazon Resource Name.
func (r Role) ARN() string { return roleARN(r.Account, r.Name) }

func roleARN(account macie2.AccountID, name string) string { return arn.Role(string(account), name) }

// The bounds of Role.MaxSession, as IAM has them.
const (
	DefaultMaxSession = time.Hour
	LongestMaxSession = 12 * time.Hour
)

// CreateRole makes a role. Role names differ by more than letter case. A trust
// policy that could not be enforced is refused with the place and the reason. A
// zero MaxSession means DefaultMaxSession.
func (d *Principals) CreateRole(ctx context.Context, r Role, now time.Time) (Role, error) {
	fail := func(err error) (Role, error) {
		return Role{}, fmt.Errorf("create role %s of account %s: %w", r.Name, r.Account, err)
	}
	if err := checkIAMName("role", r.Name); err != nil {
		return fail(err)
	}
	if _, err := policy.Accept(policy.Trust, r.Trust); err != nil {
		return fail(fmt.Errorf("%w trust policy: %w", ErrInvalid, err))
	}
	if r.MaxSession == 0 {
		r.MaxSession = DefaultMaxSession
	}
	if r.MaxSession < DefaultMaxSession || r.MaxSession > LongestMaxSession || r.MaxSession%time.Second != 0 {
		return fail(fmt.Errorf("%w maximum session duration %s: 1h to 12h", ErrInvalid, r.MaxSession))
	}
	var err error
	if r.Policies, err = CheckPolicies(r.Policies); err != nil {
		return fail(err)
	}
	r.ID, r.CreatedAt = newID("AROA", 17), now.UTC().Truncate(time.Millisecond)
	err = d.db.Tx(ctx, lane(r.Account), func(tx *store.Tx) error {
		a, err := readAccount(ctx, tx, r.Account)
		if err != nil {
			return err
		}
		if a.Status == AccountClosed {
			return ErrClosed
		}
		_, err = tx.Exec(ctx, `insert into role (id, account_id, name, folded_name, trust, policies, max_session_seconds, created_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID, r.Account, r.Name, strings.ToLower(r.Name), r.Trust, encodePolicies(r.Policies), int64(r.MaxSession/time.Second), r.CreatedAt.UnixMilli())
		return err
	})
	if errors.Is(err, store.ErrExists) {
		err = ErrRoleExists
	}
	if err != nil {
		return fail(err)
	}
	return r, nil
}

// DeleteRole deletes a role. Its sessions end with the next call.
func (d *Principals) DeleteRole(ctx context.Context, account macie2.AccountID, name string) error {
	err := d.db.Tx(ctx, lane(account), func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `delete from role where account_id = $1 and folded_name = $2`, account, strings.ToLower(name))
		if err == nil && n == 0 {
			err = ErrNoRole
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete role %s of account %s: %w", name, account, err)
	}
	return nil
}

// Roles returns the roles of an account, or of all accounts if account is "".
func (d *Principals) Roles(ctx context.Context, account macie2.AccountID) ([]Role, error) {
	return listOf(ctx, d, listing{"roles",
		`select ` + roleColumns + ` from role order by account_id, folded_name`,
		`select ` + roleColumns + ` from role where account_id = $1 order by folded_name`}, account, scanRole)
}

const roleColumns = "id, account_id, name, trust, policies, max_session_seconds, created_at"

func scanRole(row store.RowOne) (r Role, err error) {
	var seconds, created int64
	var policies string
	if err := row.Scan(&r.ID, &r.Account, &r.Name, &r.Trust, &policies, &seconds, &created); err != nil {
		return Role{}, err
	}
	r.MaxSession, r.CreatedAt = time.Duration(seconds)*time.Second, time.UnixMilli(created).UTC()
	r.Policies, err = decodePolicies(policies)
	return r, err
}
