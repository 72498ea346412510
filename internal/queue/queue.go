package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"magpie/internal/store"
)

// Options tune a Queue; the zero value is right but in tests.
type Options struct {
	// Logger receives what went wrong. nil: slog.Default().
	Logger *slog.Logger
	// Poll is how often a worker looks for tasks that other nodes enqueued or that have become due. 0: 250 ms.
	Poll time.Duration
	// Lease is how long a silent worker counts as alive; it renews its lease four times as often. 0: 4 s.
	Lease time.Duration
	// Linger is how long a worker waits after a wake-up, so that tasks which come together are handled together. 0: 5 ms.
	Linger time.Duration
	// Grace is how long Run lets external attempts go on after its context ended. 0: 8 s.
	Grace time.Duration
	// Clock replaces the database's clock in tests.
	Clock func() time.Time
}

// Queue enqueues tasks, and, when Run is called, does them. Register all kinds before Run.
type Queue struct {
	db         *store.DB
	background *store.DB
	o          Options
	log        *slog.Logger

	transactional []*transactionalKind
	external      []*externalKind
	wakes         map[string]chan struct{} // by kind
	looks         chan struct{}

	counters counters
}

// Open returns a queue on the store.
func Open(db *store.DB, o Options) *Queue {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	setDefault(&o.Poll, 250*time.Millisecond)
	setDefault(&o.Lease, 4*time.Second)
	setDefault(&o.Linger, 5*time.Millisecond)
	setDefault(&o.Grace, 8*time.Second)
	q := &Queue{db: db, o: o, log: o.Logger, wakes: make(map[string]chan struct{}), looks: make(chan struct{}, 1)}
	if db != nil {
		q.background = db.Background()
	}
	q.Transactional(Transactional{Kind: kindSweep, Handle: q.sweep, Batch: 1, Gentle: true})
	return q
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d == 0 {
		*d = to
	}
}

// New is a task to be enqueued.
type New struct {
	Kind string
	// Key is the task's name within its kind, such as the invitation's id. Enqueuing a key that is there already changes
	// nothing, unless that task has failed, which it then replaces. Empty: a random one.
	Key string
	// Payload is stored as JSON.
	Payload any
	// RunAt is when the task becomes due. Zero: at once.
	RunAt time.Time
	// Tenant is the account that the task is for: required for kinds that are [Long], empty for others.
	Tenant string
	// Group is what the task can be paused and cancelled with, such as the run of a job. Only with a Tenant. Empty: none.
	Group string
}

// Task is a task that is being done.
type Task struct {
	Kind       string
	Key        string
	Payload    json.RawMessage
	Attempt    int // failed attempts so far
	EnqueuedAt time.Time
	RunAt      time.Time
	StartedAt  time.Time // its first try, or its last progress; zero in a Transactional's Handle
	Tenant     string
	Group      string

	claim string
}

// Decode reads the payload.
func (t Task) Decode(into any) error {
	if err := json.Unmarshal(t.Payload, into); err != nil {
		return fmt.Errorf("queue: payload of %s %s: %w", t.Kind, t.Key, err)
	}
	return nil
}

// Enqueue writes tasks in the caller's transaction and wakes this node's workers when it commits. It returns ErrCancelled,
// and has written nothing, when a task's group was cancelled.
func (q *Queue) Enqueue(ctx context.Context, tx *store.Tx, tasks ...New) error {
	now := q.clock()
	type name struct{ kind, key string }
	seen := make(map[name]bool, len(tasks))
	lines := make(map[lineKey][][]any, 1)
	var groups store.List
	for _, t := range tasks {
		if err := q.check(t); err != nil {
			return err
		}
		if t.Key == "" {
			t.Key = randomID()
		}
		if t.RunAt.IsZero() {
			t.RunAt = now
		}
		if n := (name{t.Kind, t.Key}); seen[n] {
			continue
		} else {
			seen[n] = true
		}
		payload, err := json.Marshal(t.Payload)
		if err != nil {
			return fmt.Errorf("queue: enqueue %s %s: %w", t.Kind, t.Key, err)
		}
		k := lineKey{t.Kind, t.Tenant, t.Group}
		if lines[k] == nil && t.Group != "" {
			groups = append(groups, t.Group)
		}
		lines[k] = append(lines[k], []any{t.Kind, t.Key, string(payload), now.UnixMilli(), t.RunAt.UnixMilli(), t.Tenant, t.Group})
	}
	if len(groups) > 0 {
		var cancelled bool
		err := tx.QueryRow(ctx, "select exists (select 1 from task_group where state = 'cancelled' and "+tx.Any("id", 1)+")", groups).Scan(&cancelled)
		if err != nil {
			return fmt.Errorf("queue: enqueue: %w", err)
		}
		if cancelled {
			return fmt.Errorf("queue: enqueue: %w", ErrCancelled)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(lines), lineKey.compare) {
		if err := q.insert(ctx, tx, k, lines[k]); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a task that no worker could do.
func (q *Queue) check(t New) error {
	if t.Kind == "" {
		return errors.New("queue: enqueue: a task has no kind")
	}
	if t.Group != "" && t.Tenant == "" {
		return fmt.Errorf("queue: enqueue %s %s: a task of a group needs a tenant", t.Kind, t.Key)
	}
	if _, here := q.wakes[t.Kind]; here && q.isLong(t.Kind) != (t.Tenant != "") {
		return fmt.Errorf("queue: enqueue %s %s: long tasks have a tenant, and no others", t.Kind, t.Key)
	}
	return nil
}

func (q *Queue) isLong(kind string) bool {
	return slices.ContainsFunc(q.external, func(k *externalKind) bool { return k.Kind == kind && k.long != nil })
}

// insert writes tasks of one line.
func (q *Queue) insert(ctx context.Context, tx *store.Tx, k lineKey, rows [][]any) error {
	const (
		into   = "insert into task (kind, key, payload, enqueued_at, run_at, tenant, group_id)"
		revive = `on conflict (kind, key) do update set state = 'ready', payload = excluded.payload, enqueued_at = excluded.enqueued_at,
			run_at = excluded.run_at, tenant = excluded.tenant, group_id = excluded.group_id, started_at = null, attempt = 0, error = null
			where task.state = 'failed'`
	)
	if k.tenant == "" {
		tx.DeferInsert(into, rows, revive).Then(func(n int64) { tx.Tally(tallyScope, k.kind, n) })
	} else {
		n, err := tx.InsertMany(ctx, into, rows, revive)
		if err != nil {
			return fmt.Errorf("queue: enqueue %s: %w", k.kind, err)
		}
		lineChanges{k: {n, 0}}.write(tx)
	}
	tx.OnCommit(func() { q.wake(k.kind) })
	return nil
}

// Cancel deletes tasks that nobody has begun, and tells how many. One that a worker holds goes on.
func (q *Queue) Cancel(ctx context.Context, tx *store.Tx, kind string, keys ...string) (int64, error) {
	changes := make(lineChanges)
	n, err := q.deleteTasks(ctx, tx, changes, "select kind, key from task where kind = $1 and state <> 'held' and "+tx.Any("key", 2),
		kind, store.List(keys))
	if err != nil {
		return 0, fmt.Errorf("queue: cancel %s: %w", kind, err)
	}
	changes.write(tx)
	return n, nil
}

// Retry makes failed tasks of a kind ready again, all of them when no key is given, with as many attempts as a new one.
func (q *Queue) Retry(ctx context.Context, tx *store.Tx, kind string, keys ...string) (int64, error) {
	sql := "update task set state = 'ready', attempt = 0, started_at = null, run_at = " + q.now(tx) +
		", error = null where kind = $1 and state = 'failed'"
	args := []any{kind}
	if len(keys) > 0 {
		sql += " and " + tx.Any("key", 2)
		args = append(args, store.List(keys))
	}
	changes := make(lineChanges)
	n, err := changes.collect(ctx, tx, func(k lineKey) { changes.add(k, 1, 0) }, sql+" returning kind, tenant, group_id", args...)
	if err != nil {
		return 0, fmt.Errorf("queue: retry %s: %w", kind, err)
	}
	changes.write(tx)
	tx.OnCommit(func() { q.wake(kind) })
	return n, nil
}

// scanTask reads key, payload, enqueued_at, run_at, attempt, and what follows them.
func scanTask(r store.Row, kind string, t *Task, more ...any) error {
	var payload string
	var enqueued, run int64
	t.Kind = kind
	if err := r.Scan(append([]any{&t.Key, &payload, &enqueued, &run, &t.Attempt}, more...)...); err != nil {
		return err
	}
	t.Payload, t.EnqueuedAt, t.RunAt = json.RawMessage(payload), time.UnixMilli(enqueued).UTC(), time.UnixMilli(run).UTC()
	return nil
}

// scanStarted reads what scanTask does, and started_at.
func scanStarted(r store.Row, kind string, t *Task) error {
	var started int64
	if err := scanTask(r, kind, t, &started); err != nil {
		return err
	}
	t.StartedAt = time.UnixMilli(started).UTC()
	return nil
}

// now is the expression for the time by which tasks are due and leases end.
func (q *Queue) now(tx *store.Tx) string {
	if q.o.Clock != nil {
		return "cast(" + strconv.FormatInt(q.o.Clock().UnixMilli(), 10) + " as bigint)"
	}
	return tx.NowMillis()
}

// clock is this process's time, for what need not be the database's.
func (q *Queue) clock() time.Time {
	if q.o.Clock != nil {
		return q.o.Clock()
	}
	return time.Now()
}

// register makes the channel by which a kind is woken.
func (q *Queue) register(kind string) chan struct{} {
	if q.wakes[kind] != nil {
		panic("queue: kind " + kind + " is registered twice")
	}
	q.wakes[kind] = make(chan struct{}, 1)
	return q.wakes[kind]
}

func (q *Queue) wake(kind string) {
	select {
	case q.wakes[kind] <- struct{}{}: // a kind that is not registered here has no channel, which never is ready
	default:
	}
}

// backoff is the default wait before attempt+1: a doubling from first up to most, give or take a quarter, so that tasks
// which failed together do not come back together.
func backoff(first, most time.Duration) func(attempt int) time.Duration {
	return func(attempt int) time.Duration {
		d := most
		if attempt < 32 && first<<attempt < most && first<<attempt > 0 {
			d = first << attempt
		}
		return d*3/4 + rand.N(d/2)
	}
}

// reason shortens an error's text for the task's row.
func reason(err error) string {
	const most = 500
	s := err.Error()
	for i := range s {
		if i > most {
			return s[:i] + "…"
		}
	}
	return s
}

// panicked counts and tells of a panic that was contained.
func (q *Queue) panicked(what, kind, key string, p any) {
	q.counters.count(&q.counters.Panics, 1)
	q.log.Error(what, "kind", kind, "key", key, "panic", p, "stack", string(debug.Stack()))
}

// infrastructure tells whether an error is the database's and not the task's fault.
func infrastructure(err error) bool {
	for _, kind := range []error{store.ErrUnavailable, store.ErrUnknownOutcome, store.ErrFull, store.ErrReadOnly, store.ErrClosed,
		context.Canceled} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
