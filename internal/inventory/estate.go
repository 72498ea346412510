package inventory

import (
	"context"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Holding is a bucket as automated discovery chooses by.
type Holding struct {
	Counted
	StoreID          string
	ClassifiableSize *int64
	Monitored        bool
}

// HoldingsPage says which buckets [Holdings] lists: at most so many of those that follow after a name. Empty texts are no condition.
type HoldingsPage struct {
	StoreID, After string
	Most           int
}

// Holdings are the buckets of an account in a Region whose store was not removed, in the order of their names.
func Holdings(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, p HoldingsPage) (list []Holding, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		var h Holding
		var code *string
		var status string
		err := r.Scan(&h.Name, &h.StoreID, &h.Objects, &h.Size, &h.Classifiable, &h.ClassifiableSize, &code, &status)
		h.ErrorCode = macie2.Deref(code)
		h.Monitored = status == string(macie2.AutomatedDiscoveryMonitoringStatusMonitored)
		list = append(list, h)
		return err
	}, `select name, store_id, object_count, size_bytes, classifiable_count, classifiable_size, error_code, monitoring_status from bucket
		where region = $1 and account_id = $2 and gone_at is null and ($3 = '' or store_id = $3) and name > $4 order by name limit $5`,
		region, account, p.StoreID, p.After, int64(p.Most))
	return list, err
}

// StoresWithBuckets are the stores of an account that have buckets in a Region.
func StoresWithBuckets(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (list []string, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		var id string
		err := r.Scan(&id)
		list = append(list, id)
		return err
	}, `select distinct store_id from bucket where region = $1 and account_id = $2 and gone_at is null order by store_id`, region, account)
	return list, err
}

// GroupOf is the group of an object, as a census groups objects, without its counts. A census folds groups together where they are too
// many; the group that an object has here is always the finest.
func GroupOf(o *objectstore.Object) Group {
	k := keyOf(o, Extension(o.Key)).bounded(0)
	return Group{Prefix: k.prefix, Extension: k.extension, Class: k.class, Month: k.monthText()}
}
