package sampling

import (
	"context"
	"strconv"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

const (
	// hiddenFor is how long what is not shown any more is kept, as in Macie.
	hiddenFor = 30 * 24 * time.Hour
	// cyclesKept is for how long it can be read back what cycles did.
	cyclesKept = 30 * 24 * time.Hour
	// deletedAtOnce is how many rows of each table one transaction deletes.
	deletedAtOnce = 500
)

// expire deletes what was not shown for 30 days.
func (s *Service) expire(ctx context.Context) error {
	before := s.now().Add(-hiddenFor).UnixMilli()
	type hidden struct {
		region          string
		holder, account macie2.AccountID
	}
	var list []hidden
	err := s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(r store.Row) error {
			var h hidden
			err := r.Scan(&h.region, &h.holder, &h.account)
			list = append(list, h)
			return err
		}, `select region, holder_id, account_id from discovery_hidden where since <= $1 order by since limit 20`, before)
	})
	for _, h := range list {
		for more := true; err == nil && more; {
			err = s.background.Tx(ctx, lane(h.region, h.holder), func(tx *store.Tx) error {
				var one int64
				err := tx.QueryRow(ctx, `select count(*) from discovery_hidden where region = $1 and holder_id = $2 and account_id = $3 and since <= $4`,
					h.region, h.holder, h.account, before).Scan(&one)
				if err != nil {
					return err
				}
				if one == 0 { // it is shown again
					tx.OnCommit(func() { more = false })
					return nil
				}
				left, err := forget(ctx, tx, h.region, h.holder, h.account, deletedAtOnce)
				if err != nil {
					return err
				}
				if !left {
					seen(tx, h.region, h.holder, h.account)
				}
				tx.OnCommit(func() { more = left })
				return nil
			})
		}
	}
	return err
}

// forgetGone deletes what is known of buckets of an account that the inventory does not have any more.
func (s *Service) forgetGone(ctx context.Context, region string, holder, account macie2.AccountID) error {
	for more := true; more; {
		err := s.background.Tx(ctx, lane(region, holder), func(tx *store.Tx) error {
			left := false
			for table, key := range map[string]string{"bucket_profile": "bucket", "sample_part": "bucket, id", "sample_object": "bucket, id"} {
				n, err := tx.Exec(ctx, `delete from `+table+` where region = $1 and holder_id = $2 and account_id = $3 and (`+key+`) in
					(select `+key+` from `+table+` x where x.region = $1 and x.holder_id = $2 and x.account_id = $3 and not exists
						(select 1 from bucket b where b.region = $1 and b.account_id = $3 and b.name = x.bucket) limit `+strconv.Itoa(deletedAtOnce)+`)`,
					region, holder, account)
				if err != nil {
					return err
				}
				left = left || n >= deletedAtOnce
			}
			tx.OnCommit(func() { more = left })
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget deletes up to limit rows of each table of what a holder knows of an account's buckets, or of all of them, and tells whether there
// may be more.
func forget(ctx context.Context, tx *store.Tx, region string, holder, account macie2.AccountID, limit int) (more bool, err error) {
	remove := func(table, key, where string, args ...any) error {
		n, err := tx.Exec(ctx, `delete from `+table+` where `+where+` and (`+key+`) in (select `+key+` from `+table+` where `+where+` limit `+
			strconv.Itoa(limit)+`)`, args...)
		more = more || n >= int64(limit)
		return err
	}
	for table, key := range map[string]string{
		"bucket_profile": "account_id, bucket", "sample_part": "account_id, bucket, id", "sample_object": "account_id, bucket, id",
	} {
		if account == everybody {
			err = remove(table, key, `region = $1 and holder_id = $2`, region, string(holder))
		} else {
			err = remove(table, key, `region = $1 and holder_id = $2 and account_id = $3`, region, string(holder), string(account))
		}
		if err != nil {
			return false, err
		}
	}
	if account != everybody {
		return more, nil
	}
	for table, key := range map[string]string{
		"discovery_cycle": "cycle", "discovery_share": "cycle, owner_id, store_id", "discovery_visit": "cycle, owner_id, bucket",
	} {
		if err := remove(table, key, `region = $1 and account_id = $2`, region, string(holder)); err != nil {
			return false, err
		}
	}
	return more, nil
}
