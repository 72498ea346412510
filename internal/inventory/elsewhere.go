package inventory

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Place is where a bucket is that an account does not have any more.
type Place int

// The places of a bucket that is gone.
const (
	Nowhere          Place = iota // that is known
	InAnotherRegion               // the account has it there
	OfAnotherAccount              // in the same Region
)

// Elsewhere finds out what became of a bucket that an account does not have in a Region: whether a store of the same place shows it in another
// Region of the account, or to another account. Buckets of equal names in other places are other buckets.
func Elsewhere(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, name string) (Place, error) {
	const samePlace = `join object_store o on o.id = b.store_id
		where b.name = $3 and b.gone_at is null and exists (select 1 from object_store own where own.region = $1 and own.account_id = $2
			and (own.kind = 'aws' and o.kind = 'aws' or own.endpoint = o.endpoint))`
	var moved, changed bool
	err := tx.QueryRow(ctx, `select exists (select 1 from bucket b `+samePlace+` and b.account_id = $2 and b.region <> $1),
			exists (select 1 from bucket b `+samePlace+` and b.account_id <> $2 and b.region = $1)`, region, account, name).Scan(&moved, &changed)
	switch {
	case errors.Is(err, store.ErrInvalidText):
		return Nowhere, nil
	case err != nil:
		return Nowhere, err
	case moved:
		return InAnotherRegion, nil
	case changed:
		return OfAnotherAccount, nil
	}
	return Nowhere, nil
}
