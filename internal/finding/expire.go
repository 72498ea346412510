package finding

import (
	"context"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
)

const (
	forgetKind = "finding.forget"
	// deletedAtOnce is how many findings one transaction deletes; others get their turn in between.
	deletedAtOnce = 1000
	expireEvery   = time.Minute
)

func (s *Service) registerTasks() {
	s.queue.Transactional(queue.Transactional{Kind: suppressKind, Handle: s.suppressTask, Batch: 1, Gentle: true})
	s.queue.Transactional(queue.Transactional{Kind: backfillKind, Handle: s.backfillTask, Batch: 1, Gentle: true})
	s.queue.External(queue.External{Kind: exportKind, Do: s.export, MaxAge: Retention, InDoubt: 16})
	s.queue.Transactional(queue.Transactional{Kind: forgetKind, Handle: s.forgetTask, Batch: 1, Gentle: true})
}

// Run deletes findings whose time is over, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		if err := s.Expire(ctx, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Error("expired findings were not deleted", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Expire deletes all findings that were last updated more than Retention before now. Nodes that do so at the same time do
// not disturb each other.
func (s *Service) Expire(ctx context.Context, now time.Time) error {
	var holders [][2]string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		holders = nil
		return tx.Query(ctx, func(r store.Row) error {
			var h [2]string
			err := r.Scan(&h[0], &h[1])
			holders = append(holders, h)
			return err
		}, `select distinct region, holder from finding_count`)
	})
	for _, h := range holders {
		for n := deletedAtOnce; err == nil && n == deletedAtOnce; {
			err = s.db.Tx(ctx, lane(h[0], macie2.AccountID(h[1])), func(tx *store.Tx) (err error) {
				n, err = remove(ctx, tx, h[0], h[1], "updated_at", now.Add(-Retention).UnixMilli())
				return err
			})
		}
	}
	for done := false; err == nil && !done; {
		done, err = s.expireResults(ctx, now)
	}
	return err
}

// remove deletes up to deletedAtOnce findings of a holder for which a column is at most a number, and tells how many.
func remove(ctx context.Context, tx *store.Tx, region, holder, column string, most int64) (int, error) {
	counts := tally{}
	var gone store.List
	err := tx.Query(ctx, func(r store.Row) error {
		c := cell{region: region, holder: holder}
		var id string
		if err := r.Scan(append([]any{&id}, c.scanned()...)...); err != nil {
			return err
		}
		counts.add(c, -1)
		gone = append(gone, id)
		return nil
	}, `select id, `+cellColumns+` from finding where region = $1 and holder = $2 and `+column+` <= $3 order by `+column+`, id limit $4`,
		region, holder, most, int64(deletedAtOnce))
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	tx.DeferExpect(int64(len(gone)), `delete from finding where region = $1 and holder = $2 and `+tx.Any("id", 3), region, holder, gone)
	tx.DeferExpect(int64(len(gone)), `delete from finding_document where region = $1 and holder = $2 and `+tx.Any("id", 3), region, holder, gone)
	tx.Defer(`delete from finding_triage where region = $1 and `+tx.Any("finding_id", 2), region, gone)
	counts.write(tx)
	tx.Defer(`delete from finding_count where counted = 0 and region = $1 and holder = $2`, region, holder)
	return len(gone), nil
}

// forgotten is the payload of a task that deletes what an account had found before it disabled Macie.
type forgotten struct {
	Region  string           `json:"region"`
	Account macie2.AccountID `json:"account"`
	Before  int64            `json:"before"` // milliseconds since 1970
}

// Forget deletes an account's rules and settings in a Region, when it disables Macie there, and has its findings deleted.
func (s *Service) Forget(ctx context.Context, tx *store.Tx, c session.Change) error {
	for _, table := range []string{"findings_filter", "findings_filter_order", "findings_publication", "classification_export",
		"reveal_configuration", "reveal_count"} {
		tx.Defer(`delete from `+table+` where region = $1 and account_id = $2`, c.Region, string(c.Account))
	}
	p := forgotten{c.Region, c.Account, c.At.UnixMilli()}
	n, err := forget(ctx, tx, p)
	if err != nil || n < deletedAtOnce {
		return err
	}
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: forgetKind, Payload: p})
}

func forget(ctx context.Context, tx *store.Tx, p forgotten) (int, error) {
	results, err := tx.Exec(ctx, `delete from discovery_result where region = $1 and account_id = $2 and id in (select id from discovery_result
		where region = $1 and account_id = $2 and created_at <= $3 limit $4)`, p.Region, string(p.Account), p.Before, int64(deletedAtOnce))
	if err != nil {
		return 0, err
	}
	findings, err := remove(ctx, tx, p.Region, string(p.Account), "created_at", p.Before)
	return max(findings, int(results)), err
}

func (s *Service) forgetTask(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	for _, t := range tasks {
		var p forgotten
		if err := t.Decode(&p); err != nil {
			return err
		}
		n, err := forget(ctx, tx, p)
		if err == nil && n == deletedAtOnce {
			err = s.queue.Enqueue(ctx, tx, queue.New{Kind: forgetKind, Payload: p})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
