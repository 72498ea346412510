package sampling

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// cycleSettings is what a cycle goes by: what was configured when it began.
type cycleSettings struct {
	Template template `json:"template"`
	Excluded []string `json:"excluded,omitempty"`
	Budget   Budget   `json:"budget"`
}

// beginDue begins the cycles that are due.
func (s *Service) beginDue(ctx context.Context) error {
	type holder struct {
		region  string
		account macie2.AccountID
	}
	now := s.now()
	var due []holder
	err := s.db.View(ctx, func(tx *store.Tx) error {
		due = nil
		return tx.Query(ctx, func(r store.Row) error {
			var h holder
			err := r.Scan(&h.region, &h.account)
			due = append(due, h)
			return err
		}, `select d.region, d.account_id from automated_discovery d where d.due_at <= $1 and d.active = $2 and d.status = 'ENABLED'
			and exists (select 1 from macie_session s where s.region = d.region and s.account_id = d.account_id and s.status = 'ENABLED')
			order by d.due_at limit 20`, now.UnixMilli(), false)
	})
	for _, h := range due {
		if err != nil {
			return err
		}
		err = s.db.Tx(ctx, lane(h.region, h.account), func(tx *store.Tx) error { return s.begin(ctx, tx, h.region, h.account, now.UnixMilli()) })
	}
	return err
}

// begin begins a cycle of a holder, unless another node has.
func (s *Service) begin(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, now int64) error {
	x, err := find(ctx, tx, region, account)
	if err != nil || !x.enabled() || x.active || x.dueAt == nil || *x.dueAt > now {
		return err
	}
	if shown, err := x.shown(ctx, tx); err != nil || !shown {
		return err
	}
	owners, err := ownersOf(ctx, tx, region, account)
	if err != nil {
		return err
	}
	slices.Sort(owners)
	enabled, err := enabledSessions(ctx, tx, region, owners)
	if err != nil {
		return err
	}
	said, err := x.said(ctx, tx)
	if err != nil {
		return err
	}
	x.cycle++
	var tasks []queue.New
	var rows [][]any
	for _, owner := range owners {
		if !enabled[owner] || !x.isOn(said, owner) {
			continue
		}
		stores, err := inventory.StoresWithBuckets(ctx, tx, region, owner)
		if err != nil {
			return err
		}
		for _, id := range stores {
			p := shareState{Region: region, Holder: account, Cycle: x.cycle, Begun: now, Owner: owner, Store: id}
			tasks = append(tasks, queue.New{Kind: shareKind, Key: p.key(), Payload: p, Tenant: string(account)})
			rows = append(rows, []any{region, string(account), x.cycle, string(owner), id, 0, 0, 0, 0, 0, ""})
		}
	}
	settings, err := json.Marshal(cycleSettings{x.template, x.excluded, s.budget})
	if err != nil {
		return fmt.Errorf("begin a cycle: %w", err)
	}
	status, ended := "RUNNING", (*int64)(nil)
	x.active = len(tasks) > 0
	if !x.active {
		status, ended = "COMPLETE", &now
	}
	next := now + s.every.Milliseconds()
	if on := *x.dueAt + s.every.Milliseconds(); on > now {
		next = on // at the same time of day, as long as it is not late
	}
	x.dueAt = &next
	if !slices.Equal(x.excluded, x.excludedNow) {
		x.excludedNow = slices.Clone(x.excluded)
		unsettle(tx, region, owners...)
	}
	if err := x.save(tx); err != nil {
		return err
	}
	tx.Defer(`insert into discovery_cycle (region, account_id, cycle, begun_at, ended_at, status, settings, left_shares) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		region, account, x.cycle, now, ended, status, string(settings), int64(len(tasks)))
	if len(rows) > 0 {
		tx.DeferInsert(`insert into discovery_share (region, account_id, cycle, owner_id, store_id, bytes, requests, objects, sensitive, skipped, ended)`, rows, "")
	}
	for _, table := range []string{"discovery_share", "discovery_visit"} {
		tx.Defer(`delete from `+table+` where region = $1 and account_id = $2 and cycle in
			(select cycle from discovery_cycle where region = $1 and account_id = $2 and begun_at < $3)`,
			region, account, now-cyclesKept.Milliseconds())
	}
	tx.Defer(`delete from discovery_cycle where region = $1 and account_id = $2 and begun_at < $3`, region, account, now-cyclesKept.Milliseconds())
	return s.queue.Enqueue(ctx, tx, tasks...)
}

// shareEnded counts a share that has ended; the last one completes the cycle.
func (s *Service) shareEnded(ctx context.Context, tx *store.Tx, t queue.Task, o queue.Outcome) error {
	if o.Status == queue.Later {
		return nil
	}
	var p shareState
	if err := t.Decode(&p); err != nil {
		return err
	}
	var left int64
	err := tx.QueryRow(ctx, `update discovery_cycle set left_shares = left_shares - 1
		where region = $1 and account_id = $2 and cycle = $3 and begun_at = $4 and status = 'RUNNING' and left_shares > 0 returning left_shares`,
		p.Region, p.Holder, p.Cycle, p.Begun).Scan(&left)
	if isNone(err) {
		return nil // it was stopped
	}
	if err != nil {
		return err
	}
	ended := o.Detail
	if o.Status == queue.Refused {
		s.log.Warn("automated discovery has left out a store", "account", p.Owner, "store", p.Store, "reason", o.Detail)
		ended = "it could not go on: " + o.Detail
	}
	tx.Defer(`update discovery_share set ended = $6 where region = $1 and account_id = $2 and cycle = $3 and owner_id = $4 and store_id = $5`,
		p.Region, p.Holder, p.Cycle, p.Owner, p.Store, ended)
	if left > 0 {
		return nil
	}
	x, err := find(ctx, tx, p.Region, p.Holder)
	if err != nil {
		return err
	}
	tx.Defer(`update discovery_cycle set status = 'COMPLETE', ended_at = $4 where region = $1 and account_id = $2 and cycle = $3`,
		p.Region, p.Holder, p.Cycle, s.now().UnixMilli())
	if x.cycle != p.Cycle || !x.active {
		return nil
	}
	x.active = false
	return x.save(tx)
}

// month spells the month of a moment, as groups have it.
func month(t time.Time) string { return t.UTC().Format("2006-01") }
