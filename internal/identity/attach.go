package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Holder is who has policies: a key, or a role.
type Holder struct {
	Principal macie2.Principal // as whom it asks; a role's is a session of it
	RoleARN   string           // of a role; empty for a key
	Policies  []string
}

// Holder finds a key by its id, or a role by its ARN, with the policies that are
// attached to it.
func (d *Principals) Holder(ctx context.Context, target string) (h Holder, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) (err error) {
		h, _, err = readHolder(ctx, tx, target)
		return err
	})
	if err != nil {
		return Holder{}, fmt.Errorf("look up %s: %w", target, err)
	}
	return h, nil
}

// ChangePolicies replaces the policies of a key or a role by what edit makes of
// them; it holds from the next call on. edit may run several times.
func (d *Principals) ChangePolicies(ctx context.Context, target string, edit func(policies []string) ([]string, error)) (h Holder, err error) {
	err = d.db.Tx(ctx, "policies/"+target, func(tx *store.Tx) error {
		var change string
		h, change, err = readHolder(ctx, tx, target)
		if err != nil {
			return err
		}
		was := encodePolicies(h.Policies)
		edited, err := edit(h.Policies)
		if err != nil {
			return err
		}
		if len(edited) == 0 {
			edited = []string{PolicyNone}
		}
		if h.Policies, err = CheckPolicies(edited); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, change, encodePolicies(h.Policies), h.key(), was)
		if err == nil && n == 0 {
			err = store.ErrConflict
		}
		return err
	})
	if err != nil {
		return Holder{}, fmt.Errorf("change the policies of %s: %w", target, err)
	}
	return h, nil
}

// key is the holder's key in its table.
func (h Holder) key() string {
	if h.RoleARN != "" {
		return h.Principal.ID
	}
	return h.Principal.KeyID
}

// readHolder reads a holder, with the statement that changes its policies.
func readHolder(ctx context.Context, tx *store.Tx, target string) (h Holder, change string, err error) {
	if !strings.HasPrefix(target, "arn:") {
		k, err := scanKey(tx.QueryRow(ctx, `select `+keyColumns+` from access_key where id = $1`, target))
		if errors.Is(err, store.ErrNotFound) {
			err = ErrNoKey
		}
		return Holder{Policies: k.Policies, Principal: macie2.Principal{
			ARN: "arn:aws:iam::" + string(k.Account) + ":user/" + k.User, ID: userID(k.Account, k.User), KeyID: k.ID, Account: k.Account, Policies: k.Policies,
		}}, `update access_key set policies = $1 where id = $2 and policies = $3`, err
	}
	accountID, name, ok := arn.ParseRole(target, "")
	if !ok {
		return h, "", fmt.Errorf("%w target: a key's id, or a role's ARN, arn:aws:iam::ACCOUNT:role/NAME", ErrInvalid)
	}
	account := macie2.AccountID(accountID)
	r, err := scanRole(tx.QueryRow(ctx, `select `+roleColumns+` from role where account_id = $1 and folded_name = $2 and name = $3`,
		accountID, strings.ToLower(name), name))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoRole
	}
	return Holder{Policies: r.Policies, RoleARN: r.ARN(), Principal: macie2.Principal{
		ARN: "arn:aws:sts::" + string(account) + ":assumed-role/" + r.Name + "/simulation", ID: r.ID, Account: account, Policies: r.Policies,
	}}, `update role set policies = $1 where id = $2 and policies = $3`, err
}
