package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Filter says which records are asked for; what is zero does not matter.
type Filter struct {
	Account      macie2.AccountID
	Principal    string // an ARN
	Operation    string // the contract's name, or an action such as sts:AssumeRole
	Since, Until time.Time
	Limit        int // the newest so many; 0: 1,000
}

// Record is a call as it is stored.
type Record struct {
	At        time.Time
	Account   macie2.AccountID
	Principal string
	Operation string
	JSON      json.RawMessage // the whole record
}

// Find returns the newest records that pass the filter, the oldest of them first.
func Find(ctx context.Context, db *store.DB, f Filter) (list []Record, err error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	conditions, args := []string{"at >= $1"}, []any{max(0, f.Since.UnixMilli())}
	add := func(condition string, value any) {
		args = append(args, value)
		conditions = append(conditions, condition+" $"+strconv.Itoa(len(args)))
	}
	if !f.Until.IsZero() {
		add("at <", f.Until.UnixMilli())
	}
	if f.Account != "" {
		add("account_id =", string(f.Account))
	}
	if f.Principal != "" {
		add("principal =", f.Principal)
	}
	if f.Operation != "" {
		add("operation =", f.Operation)
	}
	args = append(args, f.Limit)
	err = db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(row store.Row) error {
			var r Record
			var at int64
			var text string
			err := row.Scan(&at, &r.Account, &r.Principal, &r.Operation, &text)
			r.At, r.JSON = time.UnixMilli(at).UTC(), json.RawMessage(text)
			list = append(list, r)
			return err
		}, `select at, account_id, principal, operation, record from audit where `+strings.Join(conditions, " and ")+
			` order by at desc, event_id desc limit $`+strconv.Itoa(len(args)), args...)
	})
	if err != nil {
		return nil, fmt.Errorf("audit: find records: %w", err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, nil
}

// pruned is how many records one transaction deletes: others wait for it.
const pruned = 500

// Prune deletes the records from before a time, and tells how many there were.
func Prune(ctx context.Context, db *store.DB, before time.Time) (total int64, err error) {
	for {
		var n int64
		err := db.Tx(ctx, "audit prune", func(tx *store.Tx) error {
			var err error
			n, err = tx.Exec(ctx, `delete from audit where (at, event_id) in
				(select at, event_id from audit where at < $1 order by at, event_id limit $2)`, before.UnixMilli(), pruned)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("audit: delete old records: %w", err)
		}
		if total += n; n < pruned {
			return total, nil
		}
	}
}
