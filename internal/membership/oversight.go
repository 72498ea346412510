package membership

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// MembersOf lists the accounts that an administrator oversees in a Region: its members that are
// Enabled or Paused, or were so before their account was suspended or the Region was disabled for
// it. The order is that of the account ids.
func MembersOf(ctx context.Context, tx *store.Tx, region string, administrator macie2.AccountID) ([]macie2.AccountID, error) {
	var members []macie2.AccountID
	err := tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		err := r.Scan(&id)
		members = append(members, id)
		return err
	}, `select account_id from member where region = $1 and administrator_id = $2 and member_standing = 'Member' order by account_id`,
		region, administrator)
	return members, err
}

// AdministratorOf is the account that oversees a member in a Region, or empty for an account that
// is no member.
func AdministratorOf(ctx context.Context, tx *store.Tx, region string, member macie2.AccountID) (macie2.AccountID, error) {
	l, err := administratorOf(ctx, tx, region, member)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return l.administrator, err
}
