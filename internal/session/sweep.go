package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// Ended is a session that ended, of which rows may be left.
type Ended struct {
	Region  string
	Account macie2.AccountID
	At      time.Time
}

const (
	kindSweep = "session.sweep"
	// sweepRows is how many rows a transaction deletes of each package.
	sweepRows = 1000
)

// sweepPayload names a session that ended.
type sweepPayload struct {
	Region    string           `json:"region"`
	AccountID macie2.AccountID `json:"accountId"`
}

// mark notes that a session has ended, and has its rows swept.
func (s *Service) mark(ctx context.Context, tx *store.Tx, e Ended) error {
	tx.Defer(`insert into session_ended (region, account_id, ended_at) values ($1, $2, $3)
		on conflict (region, account_id) do update set ended_at = excluded.ended_at`, e.Region, e.Account, e.At.UnixMilli())
	return s.enqueueSweep(ctx, tx, e)
}

func (s *Service) enqueueSweep(ctx context.Context, tx *store.Tx, e Ended) error {
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: kindSweep, Payload: sweepPayload{e.Region, e.Account}})
}

// ended locks and reads the mark of a session that ended. store.ErrNotFound: nothing is left of
// any.
func ended(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (Ended, error) {
	e := Ended{Region: region, Account: account}
	var at int64
	err := tx.QueryRow(ctx, `update session_ended set ended_at = ended_at where region = $1 and account_id = $2 returning ended_at`,
		region, account).Scan(&at)
	e.At = time.UnixMilli(at).UTC()
	return e, err
}

// sweepSome deletes up to limit rows of each package, and the mark where there are no more.
func (s *Service) sweepSome(ctx context.Context, tx *store.Tx, e Ended, limit int) (more bool, err error) {
	for _, h := range s.hooks {
		if h.Sweep == nil {
			continue
		}
		left, err := h.Sweep(ctx, tx, e, limit)
		if err != nil {
			return false, fmt.Errorf("sweep the session of %s in %s: %w", e.Account, e.Region, err)
		}
		more = more || left
	}
	if !more {
		tx.Defer(`delete from session_ended where region = $1 and account_id = $2`, e.Region, e.Account)
	}
	return more, nil
}

// sweepQueued is the task that follows the end of a session: it sweeps some, and queues itself
// again while there is more.
func (s *Service) sweepQueued(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	for _, t := range tasks {
		var p sweepPayload
		if err := t.Decode(&p); err != nil {
			return err
		}
		e, err := ended(ctx, tx, p.Region, p.AccountID)
		if errors.Is(err, store.ErrNotFound) {
			continue // it was swept since the account enabled Macie again
		}
		if err != nil {
			return err
		}
		more, err := s.sweepSome(ctx, tx, e, sweepRows)
		if err == nil && more {
			err = s.enqueueSweep(ctx, tx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepNow sweeps what is left of an account's last session, in as many transactions as it takes.
func (s *Service) sweepNow(ctx context.Context, region string, account macie2.AccountID) error {
	var marked bool
	err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select exists (select 1 from session_ended where region = $1 and account_id = $2)`, region, account).Scan(&marked)
	})
	for err == nil && marked {
		err = s.db.Background().Tx(ctx, kindSweep, func(tx *store.Tx) error {
			e, err := ended(ctx, tx, region, account)
			if errors.Is(err, store.ErrNotFound) {
				marked = false
				return nil
			}
			if err != nil {
				return err
			}
			marked, err = s.sweepSome(ctx, tx, e, sweepRows)
			return err
		})
	}
	return err
}

// sweepFor sweeps what is left of the last sessions of accounts whose new ones begin in tx. As a
// rule nothing is: Macie was disabled a moment ago, and an organization's administrator has enabled
// it again.
func (s *Service) sweepFor(ctx context.Context, tx *store.Tx, begun []Change) error {
	if len(begun) == 0 {
		return nil
	}
	ids := make([]macie2.AccountID, len(begun))
	for i, c := range begun {
		ids[i] = c.Account
	}
	var marked []macie2.AccountID
	err := tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		err := r.Scan(&id)
		marked = append(marked, id)
		return err
	}, `select account_id from session_ended where region = $1 and `+tx.Any("account_id", 2)+` order by account_id`, begun[0].Region, store.ListOf(ids))
	for _, id := range marked {
		if err != nil {
			return err
		}
		var e Ended
		e, err = ended(ctx, tx, begun[0].Region, id)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
			continue
		}
		for more := true; err == nil && more; {
			more, err = s.sweepSome(ctx, tx, e, sweepRows)
		}
	}
	return err
}
