package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"magpie/internal/store"
)

// lineKey names a line: the long tasks of one kind, tenant and group.
type lineKey struct{ kind, tenant, group string }

func (k lineKey) compare(other lineKey) int {
	return cmp.Or(cmp.Compare(k.kind, other.kind), cmp.Compare(k.tenant, other.tenant), cmp.Compare(k.group, other.group))
}

func (t Task) line() lineKey { return lineKey{t.Kind, t.Tenant, t.Group} }

// lineChange is by how much the tasks of a line that are ready and held change.
type lineChange struct{ ready, held int64 }

// lineChanges collects what a transaction does to the numbers of tasks. Tasks without a tenant are in no line; for them the
// ready ones are tallied.
type lineChanges map[lineKey]lineChange

func (c lineChanges) add(k lineKey, ready, held int64) {
	was := c[k]
	c[k] = lineChange{was.ready + ready, was.held + held}
}

// tallyScope is the scope of the tallies of ready tasks, by kind.
const tallyScope = "task"

// write puts the changes off to the end of the transaction. Rows of tasks are always changed before those of their lines.
func (c lineChanges) write(tx *store.Tx) {
	for _, k := range slices.SortedFunc(maps.Keys(c), lineKey.compare) {
		d := c[k]
		switch {
		case d == lineChange{}:
		case k.tenant == "":
			tx.Tally(tallyScope, k.kind, d.ready)
		case d.ready > 0:
			// A new line joins behind all others: what has just come has no claim on a turn before those who wait.
			tx.Defer(`insert into task_line (kind, tenant, group_id, ready, held, turn)
				values ($1, $2, $3, $4, 0, coalesce((select turn from task_turn where kind = $1), 0))
				on conflict (kind, tenant, group_id) do update set ready = task_line.ready + $4, held = task_line.held + $5`,
				k.kind, k.tenant, k.group, d.ready, d.held)
		default:
			tx.Defer("update task_line set ready = ready + $4, held = held + $5 where kind = $1 and tenant = $2 and group_id = $3",
				k.kind, k.tenant, k.group, d.ready, d.held)
			if d.ready+d.held < 0 {
				tx.Defer("delete from task_line where kind = $1 and tenant = $2 and group_id = $3 and ready = 0 and held = 0",
					k.kind, k.tenant, k.group)
			}
		}
	}
}

// collect runs a statement that returns kind, tenant, group_id and state before the change of tasks, and adds what each
// means for its line.
func (c lineChanges) collect(ctx context.Context, tx *store.Tx, each func(lineKey), sql string, args ...any) (n int64, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		var k lineKey
		if err := r.Scan(&k.kind, &k.tenant, &k.group); err != nil {
			return err
		}
		n++
		each(k)
		return nil
	}, sql, args...)
	return n, err
}

// ErrCancelled: the group was cancelled.
var ErrCancelled = errors.New("queue: the group was cancelled")

// PauseGroup keeps tasks of a group from being claimed, and takes those that are held away from their workers: once the
// transaction is committed, none of them records progress or an outcome, and within a second their attempts are told. They
// are tried again from their last checkpoint after ResumeGroup. A group that was cancelled stays so.
func (q *Queue) PauseGroup(ctx context.Context, tx *store.Tx, group string) error {
	n, err := q.closeGroup(ctx, tx, group, "paused")
	if err == nil && n > 0 {
		_, err = q.takeBack(ctx, tx, group)
	}
	if err != nil {
		return fmt.Errorf("queue: pause group %s: %w", group, err)
	}
	tx.OnCommit(q.lookNow)
	return nil
}

// ResumeGroup lets tasks of a group that was paused be claimed again.
func (q *Queue) ResumeGroup(ctx context.Context, tx *store.Tx, group string) error {
	if _, err := tx.Exec(ctx, "delete from task_group where id = $1 and state = 'paused'", group); err != nil {
		return fmt.Errorf("queue: resume group %s: %w", group, err)
	}
	tx.OnCommit(func() {
		for _, k := range q.external {
			if k.long != nil {
				q.wake(k.Kind)
			}
		}
	})
	return nil
}

// CancelGroup ends all tasks of a group: those that are held in this transaction, as with PauseGroup, the others in batches
// afterwards. Nothing can be enqueued in the group from then on until it is swept; an id must not be used again.
func (q *Queue) CancelGroup(ctx context.Context, tx *store.Tx, group string) error {
	n, err := q.closeGroup(ctx, tx, group, "cancelled")
	if err == nil && n > 0 {
		changes := make(lineChanges)
		_, err = changes.collect(ctx, tx, func(k lineKey) { changes.add(k, 0, -1) },
			"delete from task where group_id = $1 and group_id <> '' and state = 'held' returning kind, tenant, group_id", group)
		changes.write(tx)
	}
	if err == nil {
		err = q.Enqueue(ctx, tx, New{Kind: kindSweep, Payload: sweep{group}})
	}
	if err != nil {
		return fmt.Errorf("queue: cancel group %s: %w", group, err)
	}
	tx.OnCommit(q.lookNow)
	return nil
}

// closeGroup writes the group's row, and tells whether it changed anything.
func (q *Queue) closeGroup(ctx context.Context, tx *store.Tx, group, state string) (int64, error) {
	if group == "" {
		return 0, errors.New("a group needs a name")
	}
	return tx.Exec(ctx, `insert into task_group (id, state) values ($1, $2) on conflict (id) do update set state = excluded.state
		where task_group.state <> 'cancelled'`, group, state)
}

// takeBack makes tasks of a group that are held ready.
func (q *Queue) takeBack(ctx context.Context, tx *store.Tx, group string) (int64, error) {
	changes := make(lineChanges)
	n, err := changes.collect(ctx, tx, func(k lineKey) { changes.add(k, 1, -1) },
		`update task set state = 'ready', owner = null, claim = null where group_id = $1 and group_id <> '' and state = 'held'
			returning kind, tenant, group_id`, group)
	changes.write(tx)
	return n, err
}

// sweep is the payload of a task that deletes what a cancelled group left.
type sweep struct {
	Group string `json:"group"`
}

const (
	kindSweep  = "queue.sweep"
	sweepBatch = 1000
)

func (q *Queue) sweep(ctx context.Context, tx *store.Tx, tasks []Task) error {
	for _, t := range tasks {
		var p sweep
		if err := t.Decode(&p); err != nil {
			return err
		}
		changes := make(lineChanges)
		// Sorted, since a batch of a group that is claimed from at the same time could otherwise lock its rows crosswise.
		n, err := q.deleteTasks(ctx, tx, changes, `select kind, key from task where group_id = $1 and group_id <> ''
			order by group_id, kind, key limit $2`, p.Group, sweepBatch)
		if err != nil {
			return err
		}
		changes.write(tx)
		if n == sweepBatch {
			if err := q.Enqueue(ctx, tx, New{Kind: kindSweep, Payload: p}); err != nil {
				return err
			}
			continue
		}
		tx.Defer("delete from task_line where group_id = $1 and group_id <> '' and ready = 0 and held = 0", p.Group)
		tx.Defer("delete from task_group where id = $1 and state = 'cancelled'", p.Group)
	}
	return nil
}

// deleteTasks deletes the tasks that a select of kind and key finds, whatever their state.
func (q *Queue) deleteTasks(ctx context.Context, tx *store.Tx, changes lineChanges, pick string, args ...any) (n int64, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		var k lineKey
		var state string
		if err := r.Scan(&k.kind, &k.tenant, &k.group, &state); err != nil {
			return err
		}
		n++
		switch state {
		case "ready":
			changes.add(k, -1, 0)
		case "held":
			changes.add(k, 0, -1)
		}
		return nil
	}, "with picked as materialized ("+pick+`) delete from task where (kind, key) in (select kind, key from picked)
		returning kind, tenant, group_id, state`, args...)
	return n, err
}
