package finding

import (
	"context"
	"errors"
	"math"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
)

const (
	// deletedAtOnce is how many findings one transaction deletes; others get their turn in between.
	deletedAtOnce = 1000
	expireEvery   = time.Minute
	// expirePace is how long deleting a finding takes at least: 12,500 a second leave the database to those who wait for it.
	expirePace = 80 * time.Microsecond
)

func (s *Service) registerTasks() {
	s.queue.Transactional(queue.Transactional{Kind: suppressKind, Handle: s.suppressTask, Batch: 1, Gentle: true})
	s.queue.Transactional(queue.Transactional{Kind: backfillKind, Handle: s.backfillTask, Batch: 1, Gentle: true})
	s.queue.External(queue.External{Kind: exportKind, Do: s.export, MaxAge: Retention, InDoubt: 16})
}

// Run deletes findings whose time is over, and merges segments, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	all := true
	for {
		if all {
			if err := errors.Join(s.Expire(ctx, time.Now()), s.mergeAll(ctx)); err != nil && ctx.Err() == nil {
				s.log.Error("expired findings were not deleted, or segments of findings not merged", "error", err)
			}
		}
		if err := s.mergeDue(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("segments of findings were not merged", "error", err)
		}
		select {
		case <-s.merger.wake:
			all = false
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			all = true
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
		}, `select region, holder from finding_count union select region, holder from finding_segment`)
	})
	for _, h := range holders {
		for n := deletedAtOnce; err == nil && n > 0; {
			began := time.Now()
			err = s.db.Background().Tx(ctx, lane(h[0], macie2.AccountID(h[1])), func(tx *store.Tx) (err error) {
				n, err = s.removeData(ctx, tx, h[0], h[1], now.Add(-Retention).UnixMilli(), deletedAtOnce)
				return err
			})
			if err == nil {
				err = wait(ctx, time.Duration(n)*expirePace-time.Since(began))
			}
		}
		for n := deletedAtOnce; err == nil && n == deletedAtOnce; {
			err = s.db.Tx(ctx, lane(h[0], macie2.AccountID(h[1])), func(tx *store.Tx) (err error) {
				n, err = remove(ctx, tx, h[0], h[1], upTo{"updated_at", now.Add(-Retention).UnixMilli()}, deletedAtOnce)
				return err
			})
		}
	}
	for done := false; err == nil && !done; {
		done, err = s.expireResults(ctx, now)
	}
	return err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// upTo is the condition that a column is at most a number.
type upTo struct {
	column string
	most   int64
}

// remove deletes up to limit findings in rows of a holder that are old enough, and tells how many.
func remove(ctx context.Context, tx *store.Tx, region, holder string, old upTo, limit int) (int, error) {
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
	}, `select id, `+cellColumns+` from finding where region = $1 and holder = $2 and `+old.column+` <= $3 order by `+old.column+`, id limit $4`,
		region, holder, old.most, int64(limit))
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

// SessionHooks delete what an account has in a Region when it disables Macie there: rules and settings at once, findings and
// results as the session is swept.
func (s *Service) SessionHooks() session.Hooks {
	return session.Hooks{OnDisable: forgetSettings, Sweep: s.sweep}
}

func forgetSettings(_ context.Context, tx *store.Tx, c session.Change) error {
	for _, table := range []string{"findings_filter", "findings_filter_order", "findings_publication", "classification_export",
		"reveal_configuration", "reveal_count"} {
		tx.Defer(`delete from `+table+` where region = $1 and account_id = $2`, c.Region, c.Account)
	}
	return nil
}

func (s *Service) sweep(ctx context.Context, tx *store.Tx, e session.Ended, limit int) (more bool, err error) {
	results, err := tx.Exec(ctx, `delete from discovery_result where region = $1 and account_id = $2 and id in
		(select id from discovery_result where region = $1 and account_id = $2 limit $3)`, e.Region, e.Account, int64(limit))
	if err != nil {
		return false, err
	}
	policy, err := remove(ctx, tx, e.Region, string(e.Account), upTo{"created_at", math.MaxInt64}, limit)
	if err != nil {
		return false, err
	}
	data, err := s.removeData(ctx, tx, e.Region, string(e.Account), math.MaxInt64, limit)
	return data > 0 || policy == limit || results == int64(limit), err
}
