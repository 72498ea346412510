package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/store"
)

// Failure is a task that was given up.
type Failure struct {
	Task
	Reason string
}

// Failures lists tasks of a kind that were given up, the oldest first.
func (q *Queue) Failures(ctx context.Context, kind string, limit int) ([]Failure, error) {
	rows, err := q.List(ctx, Filter{Kind: kind, State: "failed", Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("queue: failures of %s: %w", kind, err)
	}
	failures := make([]Failure, len(rows))
	for i, row := range rows {
		failures[i] = Failure{row.Task, row.Reason}
	}
	return failures, nil
}

// Row is a task as it is stored, for people.
type Row struct {
	Task
	State  string // ready, held or failed
	Worker string // host and process of the worker that holds it
	Closed string // paused or cancelled, where its group is
	Reason string // why the last attempt failed
}

// Filter says which tasks to list. Empty members do not restrict.
type Filter struct {
	Kind, State, Tenant, Group string
	// Limit is how many tasks to list at most. 0: 100.
	Limit int
}

const selectRows = `select t.key, t.payload, t.enqueued_at, t.run_at, t.attempt, t.kind, t.started_at, t.tenant, t.group_id, t.state,
	coalesce(w.name, ''), coalesce(g.state, ''), coalesce(t.error, '')
	from task t left join task_worker w on w.id = t.owner left join task_group g on g.id = t.group_id and t.group_id <> '' where `

func scanRow(r store.Row) (row Row, err error) {
	var kind string
	var started *int64
	err = scanTask(r, "", &row.Task, &kind, &started, &row.Tenant, &row.Group, &row.State, &row.Worker, &row.Closed, &row.Reason)
	row.Kind = kind
	if started != nil {
		row.StartedAt = time.UnixMilli(*started).UTC()
	}
	return row, err
}

// List lists tasks, those of a kind together, the oldest first.
func (q *Queue) List(ctx context.Context, f Filter) (rows []Row, err error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	sql, args := selectRows+"1 = 1", []any(nil)
	for _, c := range []struct{ column, value string }{{"t.kind", f.Kind}, {"t.state", f.State}, {"t.tenant", f.Tenant}, {"t.group_id", f.Group}} {
		if c.value != "" {
			args = append(args, c.value)
			sql += fmt.Sprintf(" and %s = $%d", c.column, len(args))
		}
	}
	args = append(args, f.Limit)
	err = q.db.View(ctx, func(tx *store.Tx) error {
		rows = nil
		return tx.Query(ctx, func(r store.Row) error {
			row, err := scanRow(r)
			rows = append(rows, row)
			return err
		}, sql+fmt.Sprintf(" order by t.kind, t.enqueued_at, t.key limit $%d", len(args)), args...)
	})
	if err != nil {
		return nil, fmt.Errorf("queue: list: %w", err)
	}
	return rows, nil
}

// ErrNoTask: there is no such task.
var ErrNoTask = errors.New("queue: there is no such task")

// Show reads one task.
func (q *Queue) Show(ctx context.Context, kind, key string) (row Row, err error) {
	err = q.db.View(ctx, func(tx *store.Tx) error {
		found := false
		err := tx.Query(ctx, func(r store.Row) (err error) {
			found = true
			row, err = scanRow(r)
			return err
		}, selectRows+"t.kind = $1 and t.key = $2", kind, key)
		if err == nil && !found {
			return ErrNoTask
		}
		return err
	})
	if err != nil {
		return Row{}, fmt.Errorf("queue: show %s %s: %w", kind, key, err)
	}
	return row, nil
}

// Discard deletes failed tasks of a kind, all of them when no key is given, and tells how many they were.
func (q *Queue) Discard(ctx context.Context, tx *store.Tx, kind string, keys ...string) (int64, error) {
	pick, args := "select kind, key from task where kind = $1 and state = 'failed'", []any{kind}
	if len(keys) > 0 {
		pick += " and " + tx.Any("key", 2)
		args = append(args, store.List(keys))
	}
	n, err := q.deleteTasks(ctx, tx, make(lineChanges), pick, args...)
	if err != nil {
		return 0, fmt.Errorf("queue: discard %s: %w", kind, err)
	}
	return n, nil
}
