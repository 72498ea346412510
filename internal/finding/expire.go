package finding

import (
	"context"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
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
	for {
		n := 0
		err := s.db.Tx(ctx, "findings expire", func(tx *store.Tx) (err error) {
			n, err = remove(ctx, tx, `updated_at < $1`, now.Add(-Retention).UnixMilli())
			return err
		})
		if err != nil || n < deletedAtOnce {
			return err
		}
	}
}

// remove deletes up to deletedAtOnce findings that meet a condition on their columns, and tells how many.
func remove(ctx context.Context, tx *store.Tx, condition string, args ...any) (int, error) {
	counts := tally{}
	var gone [][]any
	q := statement{dialect: tx, args: args}
	err := tx.Query(ctx, func(r store.Row) error {
		var c cell
		var id string
		if err := r.Scan(append([]any{&c.region, &c.holder, &id}, c.scanned()...)...); err != nil {
			return err
		}
		counts[c]--
		gone = append(gone, []any{c.region, c.holder, id})
		return nil
	}, `select region, holder, id, `+cellColumns+` from finding where `+condition+` order by updated_at limit `+q.arg(int64(deletedAtOnce)), q.args...)
	if err != nil {
		return 0, err
	}
	for _, key := range gone {
		tx.DeferExpect(1, `delete from finding where region = $1 and holder = $2 and id = $3`, key...)
		tx.DeferExpect(1, `delete from finding_document where region = $1 and holder = $2 and id = $3`, key...)
	}
	counts.write(tx)
	emptied := map[[2]string]bool{}
	for c := range counts {
		if holder := [2]string{c.region, c.holder}; !emptied[holder] {
			emptied[holder] = true
			tx.Defer(`delete from finding_count where counted = 0 and region = $1 and holder = $2`, c.region, c.holder)
		}
	}
	return len(gone), nil
}

// forgotten is the payload of a task that deletes what an account had found before it disabled Macie.
type forgotten struct {
	Region  string           `json:"region"`
	Account macie2.AccountID `json:"account"`
	Before  int64            `json:"before"` // milliseconds since 1970
}

// Forget deletes an account's rules and settings in a Region, when it disables Macie there, and has its findings deleted.
func (s *Service) Forget(ctx context.Context, tx *store.Tx, call *macie2.Call) error {
	for _, table := range []string{"findings_filter", "findings_filter_order", "findings_publication"} {
		tx.Defer(`delete from `+table+` where region = $1 and account_id = $2`, call.Region, string(call.Account))
	}
	p := forgotten{call.Region, call.Account, call.Now.UnixMilli()}
	n, err := forget(ctx, tx, p)
	if err != nil || n < deletedAtOnce {
		return err
	}
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: forgetKind, Payload: p})
}

func forget(ctx context.Context, tx *store.Tx, p forgotten) (int, error) {
	return remove(ctx, tx, `region = $1 and holder = $2 and created_at <= $3`, p.Region, string(p.Account), p.Before)
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
