package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/store"
)

// Transactional is a kind of task whose whole effect is in the database.
type Transactional struct {
	Kind string
	// Handle does the tasks, up to Batch of them, in the transaction that deletes them. Like any closure of a transaction
	// it may run several times. When it fails, with an error or a panic, the batch is halved until the task that it fails
	// on is alone; the others are done.
	Handle func(ctx context.Context, tx *store.Tx, tasks []Task) error
	// Batch bounds the tasks of one transaction. 0: 128; at most 256.
	Batch int
	// Gentle leaves others at least half of the database while there are many tasks: it works on the store's background
	// connections, and after each batch it waits for as long as that took. It is for what comes by the thousands and nobody
	// waits for.
	Gentle bool
	// Lane is the store's lane to work in. Empty: one of the kind's own.
	Lane string
	// Attempts is how often a task is tried before it counts as failed. 0: 12.
	Attempts int
	// Backoff is the wait after an attempt that so many failed ones came before (0 after the first). nil: 1 s, doubling up to
	// 10 minutes.
	Backoff func(attempt int) time.Duration
}

type transactionalKind struct {
	Transactional
	q    *Queue
	db   *store.DB
	wake chan struct{}
}

// Transactional registers a kind.
func (q *Queue) Transactional(k Transactional) {
	if k.Batch <= 0 {
		k.Batch = 128
	}
	k.Batch = min(k.Batch, 256)
	if k.Lane == "" {
		k.Lane = "queue " + k.Kind
	}
	if k.Attempts <= 0 {
		k.Attempts = 12
	}
	if k.Backoff == nil {
		k.Backoff = backoff(time.Second, 10*time.Minute)
	}
	db := q.db
	if k.Gentle {
		db = q.background
	}
	q.transactional = append(q.transactional, &transactionalKind{Transactional: k, q: q, db: db, wake: q.register(k.Kind)})
}

// batch handles the tasks that are due, up to Batch of them, and tells how many it took.
func (k *transactionalKind) batch(ctx context.Context) (int, error) {
	tasks, err := k.handle(ctx, nil)
	if err == nil || len(tasks) == 0 {
		return len(tasks), err
	}
	return len(tasks), k.isolate(ctx, tasks, err)
}

// handle runs the handler on the tasks with these keys, or on those that are due, in one transaction.
func (k *transactionalKind) handle(ctx context.Context, keys []string) (tasks []Task, err error) {
	defer func() {
		if p := recover(); p != nil {
			k.q.panicked("a task's handler panicked", k.Kind, "", p)
			err = fmt.Errorf("handle %s: panic: %v", k.Kind, p)
		}
	}()
	err = k.db.Tx(ctx, k.Lane, func(tx *store.Tx) error {
		taken, err := k.take(ctx, tx, keys)
		tasks = taken
		if err != nil || len(taken) == 0 {
			return err
		}
		return k.Handle(ctx, tx, taken)
	})
	if err == nil {
		k.q.counters.attempts(k.Kind, "done", int64(len(tasks)))
	}
	return tasks, err
}

// take deletes tasks from the queue; a rollback puts them back.
func (k *transactionalKind) take(ctx context.Context, tx *store.Tx, keys []string) ([]Task, error) {
	pick := "run_at <= " + k.q.now(tx)
	args := []any{k.Kind, k.Batch}
	if keys != nil {
		pick = tx.Any("key", 3)
		args = append(args, store.List(keys))
	}
	var tasks []Task
	err := tx.Query(ctx, func(r store.Row) error {
		var t Task
		if err := scanTask(r, k.Kind, &t); err != nil {
			return err
		}
		tasks = append(tasks, t)
		return nil
	}, `with picked as materialized (
			select kind, key from task where kind = $1 and state = 'ready' and `+pick+`
			order by run_at, key limit $2`+tx.ForUpdateSkipLocked()+`)
		delete from task where (kind, key) in (select kind, key from picked)
		returning key, payload, enqueued_at, run_at, attempt`, args...)
	if err != nil {
		return nil, fmt.Errorf("queue: take %s: %w", k.Kind, err)
	}
	if len(tasks) > 0 {
		tx.Tally(tallyScope, k.Kind, -int64(len(tasks)))
	}
	slices.SortFunc(tasks, func(a, b Task) int {
		if c := a.RunAt.Compare(b.RunAt); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	return tasks, nil
}

// isolate halves a batch that failed until what it failed on is alone.
func (k *transactionalKind) isolate(ctx context.Context, tasks []Task, failure error) error {
	if infrastructure(failure) {
		return failure // nobody's fault: all of them are still there
	}
	if len(tasks) == 1 {
		return k.postpone(ctx, tasks[0], failure)
	}
	for _, half := range [][]Task{tasks[:len(tasks)/2], tasks[len(tasks)/2:]} {
		keys := make([]string, len(half))
		for i, t := range half {
			keys[i] = t.Key
		}
		taken, err := k.handle(ctx, keys)
		if err == nil {
			continue
		}
		if len(taken) == 0 {
			return err
		}
		if err := k.isolate(ctx, taken, err); err != nil {
			return err
		}
	}
	return nil
}

// postpone puts a task that failed off, or gives it up.
func (k *transactionalKind) postpone(ctx context.Context, t Task, failure error) error {
	state, wait := "ready", k.Backoff(t.Attempt)
	if t.Attempt+1 >= k.Attempts {
		state = "failed"
		k.q.log.Error("gave a task up", "kind", k.Kind, "key", t.Key, "attempts", t.Attempt+1, "error", failure)
	} else {
		k.q.log.Warn("a task failed", "kind", k.Kind, "key", t.Key, "attempt", t.Attempt+1, "again in", wait, "error", failure)
	}
	err := k.db.Tx(ctx, k.Lane, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, "update task set state = $1, attempt = attempt + 1, run_at = "+k.q.now(tx)+` + $2, error = $3
			where kind = $4 and key = $5 and state = 'ready' and attempt = $6`,
			state, wait.Milliseconds(), storable(reason(failure)), k.Kind, t.Key, t.Attempt)
		if n > 0 && state == "failed" {
			tx.Tally(tallyScope, k.Kind, -n)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("queue: put off %s %s: %w", k.Kind, t.Key, errors.Join(err, failure))
	}
	if state == "failed" {
		k.q.counters.attempts(k.Kind, "failed", 1)
	} else {
		k.q.counters.attempts(k.Kind, "later", 1)
	}
	return nil
}

// storable leaves out what the store refuses, so that a strange error text cannot keep a task from being put off.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
