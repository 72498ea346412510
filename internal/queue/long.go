package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"magpie/internal/store"
)

// Long is a kind of task that takes minutes or hours: it records how far it has come, is claimed in turn by tenant, and
// stops within a second or two, on any node, when its group is paused or cancelled. Its tasks have a [New.Tenant]. It
// works on the store's background connections.
type Long struct {
	Kind string
	// Do works on the task from where its payload says, and tells what became of it. It must return soon after its context
	// has ended, which is the case after Timeout, when nothing was heard of it for Stall, when the task is no longer this
	// process's (paused, cancelled, or its lease lost), and when the queue was told to stop. [context.Cause] tells which.
	//
	// Later puts the task off, with its last checkpoint. When the queue was told to stop, it is instead given back as it is.
	Do func(ctx context.Context, h *Held) Outcome
	// Finish records the outcome, as [External.Finish] does. It is not called for a task that was paused or cancelled.
	Finish func(ctx context.Context, tx *store.Tx, t Task, o Outcome) error
	// Lane is the store's lane in which a task is ended, in the background. nil: one of the kind's own.
	Lane func(t Task) string
	// Slots is how many tasks this process works on at once. 0: 4. Below zero: none, so that it enqueues only.
	Slots int
	// PerTenant is how many tasks of one tenant all nodes together work on at once, and Limit how many of all. 0: no limit.
	PerTenant, Limit int
	// Timeout bounds one attempt. 0: 12 hours.
	Timeout time.Duration
	// Stall is how long an attempt may go without [Held.Progress] or [Held.Alive]. 0: Timeout alone bounds it.
	Stall time.Duration
	// MaxAge is how long after its first try, or its last progress, a task may still be tried. 0: 48 hours.
	MaxAge time.Duration
	// Backoff is the wait after an attempt that so many failed ones came before since the last progress. nil: 5 s, doubling
	// up to 10 minutes.
	Backoff func(attempt int) time.Duration
}

// Long registers a kind.
func (q *Queue) Long(k Long) {
	if k.Slots == 0 {
		k.Slots = 4
	}
	setDefault(&k.Timeout, 12*time.Hour)
	if k.Backoff == nil {
		k.Backoff = backoff(5*time.Second, 10*time.Minute)
	}
	q.External(External{Kind: k.Kind, Finish: k.Finish, Lane: k.Lane, Timeout: k.Timeout, MaxAge: k.MaxAge, Backoff: k.Backoff})
	kind := q.external[len(q.external)-1]
	kind.long, kind.db = &k, q.background
	kind.slots = make(chan struct{}, max(0, k.Slots))
	kind.ahead = max(0, k.Slots) // a task that is held but not worked on is one that others could work on
}

// Why the context of an attempt has ended.
var (
	// ErrLeaseLost: the task is not this process's any more. It was paused or cancelled, or another worker has it since this
	// one was silent for too long.
	ErrLeaseLost = errors.New("queue: the lease of the task was lost")
	// ErrStalled: the attempt gave no sign of life for the kind's Stall.
	ErrStalled = errors.New("queue: the attempt gave no sign of life")
	// ErrStopping: the queue was told to stop.
	ErrStopping = errors.New("queue: the worker stops")
)

// Held is a long task while this process holds it. Its methods may be called from several goroutines.
type Held struct {
	h     *held
	alive func()
}

// Task is the task as it is, with the last checkpoint that was committed. Its Attempt counts the failed attempts and the
// deaths of workers since that checkpoint.
func (h *Held) Task() Task { return h.h.current() }

// Progress replaces the task's payload in tx: the next attempt begins there. It belongs into the transaction that stores
// what was done up to the checkpoint, before its other statements, and returns ErrLeaseLost, and fails the transaction, when
// the task is not this process's any more. What else the transaction enqueues, such as the other half of a task that is
// split, is enqueued if and only if the checkpoint holds.
func (h *Held) Progress(ctx context.Context, tx *store.Tx, payload any) error {
	h.alive()
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("queue: progress of %s %s: %w", h.h.Kind, h.h.Key, err)
	}
	now := h.h.kind.q.clock().UTC().Truncate(time.Millisecond)
	n, err := tx.Exec(ctx, `update task set payload = $4, attempt = 0, started_at = $5, error = null where kind = $1 and key = $2 and claim = $3
		and not exists (select 1 from task_group g where g.id = task.group_id)`, h.h.Kind, h.h.Key, h.h.claim, string(text), now.UnixMilli())
	if err != nil {
		return fmt.Errorf("queue: progress of %s %s: %w", h.h.Kind, h.h.Key, err)
	}
	if n == 0 {
		h.h.takeAway(ErrLeaseLost)
		tx.Fail(ErrLeaseLost)
		return ErrLeaseLost
	}
	tx.OnCommit(func() {
		h.alive()
		h.h.mu.Lock()
		defer h.h.mu.Unlock()
		h.h.Payload, h.h.Attempt, h.h.StartedAt = text, 0, now
	})
	return nil
}

// Alive is a sign of life between two checkpoints.
func (h *Held) Alive() { h.alive() }

// Idle tells whether some node had a free slot within the last two seconds and found no task of the kind to claim: then it
// is worth while to split this one.
func (h *Held) Idle() bool { return h.h.kind.idle() }

// Wanted tells whether some node said within the last two seconds that it has nothing at all to work on.
func (h *Held) Wanted() bool { return h.h.kind.wanted() }

// watch ends a context when nothing was heard for as long as d. heard is the sign of life.
func watch(ctx context.Context, d time.Duration) (_ context.Context, heard, stop func()) {
	if d <= 0 {
		return ctx, func() {}, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(d, func() { cancel(ErrStalled) })
	return ctx, func() {
			if ctx.Err() == nil {
				timer.Reset(d)
			}
		}, func() {
			timer.Stop()
			cancel(nil)
		}
}

// look finds the tasks that this worker holds no longer, since their group was paused or cancelled, and ends their attempts.
func (w *worker) look(ctx context.Context) error {
	w.mu.Lock()
	ours := make(map[string]*held, len(w.long))
	owners := make(map[string]bool)
	for h := range w.long {
		ours[h.claim+"\x00"+h.Key] = h
		owners[h.by.id] = true
	}
	w.mu.Unlock()
	if len(ours) == 0 {
		return nil
	}
	list := make(store.List, 0, len(owners))
	for id := range owners {
		list = append(list, id)
	}
	var still map[string]bool
	err := w.q.background.View(ctx, func(tx *store.Tx) error {
		still = make(map[string]bool, len(ours))
		return tx.Query(ctx, func(r store.Row) error {
			var claim, key string
			err := r.Scan(&claim, &key)
			still[claim+"\x00"+key] = true
			return err
		}, `select claim, key from task where state = 'held' and tenant <> '' and `+tx.Any("owner", 1)+`
			and not exists (select 1 from task_group g where g.id = task.group_id)`, list)
	})
	if err != nil {
		return fmt.Errorf("queue: look after long tasks: %w", err)
	}
	for name, h := range ours {
		if !still[name] {
			h.takeAway(ErrLeaseLost)
		}
	}
	return nil
}

// hold and drop keep the list of the long tasks that are being worked on.
func (w *worker) hold(h *held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.long[h] = struct{}{}
}

func (w *worker) drop(h *held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.long, h)
}

// line is a line of long tasks of one kind, tenant and group, as a claim sees it: it has a task that is due, and its group is open.
type line struct {
	lineKey
	held int64
	turn int64
}

// tenant is who has lines with tasks that can be claimed, and all that is held for it.
type tenant struct {
	id         string
	held, turn int64
	lines      []*line
}

// waiting is what a claim looks at: not all that wait, but those whose turn it is.
type waiting struct {
	tenants []*tenant
	held    int64 // of all tenants
	busy    bool  // there are tasks, due or not, or held
}

// selectTenants are the tenants of a kind that have tasks, in turn: that of which fewest tasks are held first, among those the one that
// was served longest ago. It reads each line of the kind once, and nothing else.
const selectTenants = `select tenant, cast(sum(held) as bigint), max(turn) from task_line where kind = $1 group by tenant having sum(ready) > 0
	order by 2, 3, 1 limit $2 offset $3`

// selectLines are the lines of a tenant that have a task which is due, in turn.
const selectLines = `select l.group_id, l.held, l.turn from task_line l where l.kind = $1 and l.tenant = $2 and l.ready > 0
		and not exists (select 1 from task_group g where g.id = l.group_id)
		and exists (select 1 from task t where t.kind = l.kind and t.tenant = l.tenant and t.tenant <> '' and t.group_id = l.group_id
			and t.state = 'ready' and t.run_at <= `

// look finds the first n tenants that have something which can be claimed. The tasks of the others may not be due yet, or paused.
func (k *externalKind) look(ctx context.Context, tx *store.Tx, n int) (*waiting, error) {
	x := &waiting{}
	var tasks int64
	err := tx.QueryRow(ctx, "select cast(coalesce(sum(held), 0) as bigint), cast(coalesce(sum(ready), 0) as bigint) from task_line where kind = $1", k.Kind).Scan(&x.held, &tasks)
	if err != nil || x.held+tasks == 0 {
		return x, err
	}
	x.busy = true
	if tasks == 0 {
		return x, nil
	}
	lines := selectLines + k.due(tx) + ") order by l.held, l.turn, l.group_id limit $3"
	for offset, step := 0, n; len(x.tenants) < n; offset, step = offset+step, min(4*step, 1000) {
		var some []*tenant
		var stmts []store.Stmt
		err := tx.Query(ctx, func(r store.Row) error {
			t := &tenant{}
			some = append(some, t)
			err := r.Scan(&t.id, &t.held, &t.turn)
			stmts = append(stmts, store.Stmt{SQL: lines, Args: []any{k.Kind, t.id, n}})
			return err
		}, selectTenants, k.Kind, step, offset)
		if err != nil {
			return nil, err
		}
		if len(some) == 0 {
			break
		}
		err = tx.QueryMany(ctx, func(i int, r store.Row) error {
			l := &line{lineKey: lineKey{kind: k.Kind, tenant: some[i].id}}
			some[i].lines = append(some[i].lines, l)
			return r.Scan(&l.group, &l.held, &l.turn)
		}, stmts...)
		if err != nil {
			return nil, err
		}
		for _, t := range some {
			if len(t.lines) > 0 && !(k.long.PerTenant > 0 && t.held >= int64(k.long.PerTenant)) {
				x.tenants = append(x.tenants, t)
			}
		}
		if len(some) < step {
			break
		}
	}
	return x, nil
}

// plan spreads up to n claims over the lines: each goes to the tenant that fewest tasks are held for, among those to the one
// that was served longest ago, and to the line of that tenant of which the same is true.
func (k *externalKind) plan(x *waiting, n int) map[*line]int {
	next := int64(0)
	for _, t := range x.tenants {
		next = max(next, t.turn)
	}
	picks := make(map[*line]int)
	for ; n > 0 && (k.long.Limit <= 0 || x.held < int64(k.long.Limit)); n-- {
		var best *tenant
		for _, t := range x.tenants {
			if len(t.lines) == 0 || k.long.PerTenant > 0 && t.held >= int64(k.long.PerTenant) {
				continue
			}
			if best == nil || cmp.Or(cmp.Compare(t.held, best.held), cmp.Compare(t.turn, best.turn), cmp.Compare(t.id, best.id)) < 0 {
				best = t
			}
		}
		if best == nil {
			break
		}
		l := slices.MinFunc(best.lines, func(a, b *line) int {
			return cmp.Or(cmp.Compare(a.held, b.held), cmp.Compare(a.turn, b.turn), cmp.Compare(a.group, b.group))
		})
		next++
		picks[l]++
		l.held, l.turn, best.held, best.turn, x.held = l.held+1, next, best.held+1, next, x.held+1
	}
	return picks
}

// fell notes that so many tasks fewer were claimed from a line than planned: it has no more.
func (x *waiting) fell(l *line, short int) {
	for _, t := range x.tenants {
		if t.id == l.tenant {
			t.held, x.held = t.held-int64(short), x.held-int64(short)
			t.lines = slices.DeleteFunc(t.lines, func(o *line) bool { return o == l })
		}
	}
}

// claimInTurn takes up to n long tasks for the worker.
func (k *externalKind) claimInTurn(ctx context.Context, w *worker, n int) (claimed []*held, err error) {
	if n <= 0 {
		return nil, nil
	}
	// An idle queue writes nothing: whether there is anything to claim is seen without the kind's row.
	var seen *waiting
	if err := k.db.View(ctx, func(tx *store.Tx) (err error) {
		seen, err = k.look(ctx, tx, 1)
		return err
	}); err != nil {
		return nil, fmt.Errorf("queue: look for %s: %w", k.Kind, err)
	}
	if len(k.plan(seen, 1)) == 0 {
		return nil, k.sayIdle(ctx, seen.busy)
	}
	by, claim := w.prepare()
	defer func() { w.prepared(by, len(claimed), err) }()
	sent := time.Now()
	err = k.db.Tx(ctx, "queue claim "+k.Kind, func(tx *store.Tx) error {
		claimed = nil
		var turn int64
		if err := tx.QueryRow(ctx, `insert into task_turn (kind, turn) values ($1, 1) on conflict (kind) do update
			set turn = task_turn.turn + 1 returning turn`, k.Kind).Scan(&turn); err != nil {
			return err
		}
		lines, err := k.look(ctx, tx, n)
		if err != nil {
			return err
		}
		first := turn
		for len(claimed) < n {
			got, err := k.serve(ctx, tx, lines, n-len(claimed), by, claim)
			if err != nil {
				return err
			}
			if len(got) == 0 {
				break
			}
			for _, h := range got {
				h.claimed = sent
			}
			claimed = append(claimed, got...)
		}
		if len(claimed) == 0 {
			return nil
		}
		served := make(map[lineKey]int64)
		for _, h := range claimed {
			turn++
			served[h.line()] = turn
		}
		changes := make(lineChanges)
		for _, h := range claimed {
			changes.add(h.line(), -1, 1)
		}
		changes.write(tx)
		for key, turn := range served {
			tx.Defer("update task_line set turn = $4 where kind = $1 and tenant = $2 and group_id = $3", key.kind, key.tenant, key.group, turn)
		}
		tx.Defer("update task_turn set turn = turn + $2 where kind = $1", k.Kind, turn-first)
		return w.renew(ctx, tx, by)
	})
	if err != nil {
		return nil, fmt.Errorf("queue: claim %s: %w", k.Kind, err)
	}
	if len(claimed) > 0 {
		by.renewed(sent)
	}
	return claimed, nil
}

// serve takes tasks as planned. A line that had fewer than was thought is not due any more.
func (k *externalKind) serve(ctx context.Context, tx *store.Tx, lines *waiting, n int, by *identity, claim string) (claimed []*held, err error) {
	picks := k.plan(lines, n)
	if len(picks) == 0 {
		return nil, nil
	}
	order := make([]*line, 0, len(picks))
	for l := range picks {
		order = append(order, l)
	}
	slices.SortFunc(order, func(a, b *line) int { return a.compare(b.lineKey) })
	now, due := k.q.now(tx), k.due(tx)
	stmts := make([]store.Stmt, len(order))
	for i, l := range order {
		stmts[i] = store.Stmt{SQL: `with picked as materialized (
				select kind, key from task where kind = $1 and tenant = $2 and tenant <> '' and group_id = $3 and state = 'ready' and run_at <= ` + due + `
				order by run_at, key limit $4` + tx.ForUpdateSkipLocked() + `)
			update task set state = 'held', owner = $5, claim = $6, started_at = coalesce(started_at, ` + now + `)
				where (kind, key) in (select kind, key from picked)
			returning key, payload, enqueued_at, run_at, attempt, started_at`,
			Args: []any{k.Kind, l.tenant, l.group, picks[l], by.id, claim}}
	}
	got := make([]int, len(order))
	err = tx.QueryMany(ctx, func(i int, r store.Row) error {
		h := &held{kind: k, by: by}
		h.claim, h.Tenant, h.Group = claim, order[i].tenant, order[i].group
		got[i]++
		claimed = append(claimed, h)
		return scanStarted(r, k.Kind, &h.Task)
	}, stmts...)
	if err != nil {
		return nil, err
	}
	for i, l := range order {
		if got[i] < picks[l] {
			lines.fell(l, picks[l]-got[i])
		}
	}
	return claimed, nil
}

// idleHolds is how long a worker's word holds that it is idle, idleEvery how often it is given. Tests that are about what is told, and not
// about for how long, give it longer.
var idleHolds = 2 * time.Second

const idleEvery = time.Second

// leaveFor is how long a node that has work leaves what has become due to those that have none.
const leaveFor = time.Second

// unemployed ends the name of the row of task_turn in which workers say that they have a kind's slots free, all of them.
const unemployed = " unemployed"

// idleness is what is known of workers that found nothing to claim. Its times are on this process's clock.
type idleness struct {
	mu   sync.Mutex
	seen time.Time // when a worker's word was read, or this process had a free slot itself
	told time.Time // when the word of a worker that holds nothing was read
	said time.Time // when this process has said so itself
}

func (k *externalKind) idle() bool {
	k.idleness.mu.Lock()
	defer k.idleness.mu.Unlock()
	return time.Since(k.idleness.seen) < idleHolds
}

func (k *externalKind) sawIdle() {
	k.idleness.mu.Lock()
	defer k.idleness.mu.Unlock()
	k.idleness.seen = time.Now()
}

func (k *externalKind) sawUnemployed() {
	k.idleness.mu.Lock()
	defer k.idleness.mu.Unlock()
	k.idleness.told = time.Now()
}

// leaves reports whether tasks that have just become due are left to other nodes: this one works on some already, and one that has none waits.
// Who splits a task would else be the first to see the other half, and take it into a slot beside the one that it works in.
func (k *externalKind) leaves() bool { return len(k.slots) > 0 && k.wanted() }

func (k *externalKind) wanted() bool {
	k.idleness.mu.Lock()
	defer k.idleness.mu.Unlock()
	return time.Since(k.idleness.told) < idleHolds
}

// due is the SQL of the time up to which tasks are due for this node.
func (k *externalKind) due(tx *store.Tx) string {
	if k.leaves() {
		return fmt.Sprintf("(%s - %d)", k.q.now(tx), leaveFor.Milliseconds())
	}
	return k.q.now(tx)
}

// sayIdle tells all nodes that this one has found nothing to claim, provided that there is something which could be split, and in
// a row of its own whether it has nothing at all to work on.
func (k *externalKind) sayIdle(ctx context.Context, busy bool) error {
	if !busy {
		return nil
	}
	k.idleness.mu.Lock()
	if time.Since(k.idleness.said) < idleEvery {
		k.idleness.mu.Unlock()
		return nil
	}
	k.idleness.said, k.idleness.seen = time.Now(), time.Now()
	k.idleness.mu.Unlock()
	row := k.Kind
	if len(k.slots) == 0 {
		row = k.Kind + unemployed
	}
	err := k.db.Tx(ctx, "queue claim "+k.Kind, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into task_turn (kind, turn, idle_at) values ($1, 0, `+k.q.now(tx)+`)
			on conflict (kind) do update set idle_at = excluded.idle_at`, row)
		return err
	})
	if err != nil {
		return fmt.Errorf("queue: say that %s are wanted: %w", k.Kind, err)
	}
	return nil
}
