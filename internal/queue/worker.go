package queue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"magpie/internal/store"
)

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// identity is a row of task_worker: what tasks are held under.
type identity struct {
	id string
	// ctx ends when the lease is lost; attempts run under it.
	ctx  context.Context
	lose context.CancelCauseFunc

	mu       sync.Mutex
	holds    int       // tasks held
	claiming int       // claims under way
	claims   int       // names claims
	seen     time.Time // the lease is known to have been renewed then
}

func newIdentity() *identity {
	i := &identity{id: randomID()}
	i.ctx, i.lose = context.WithCancelCause(context.Background())
	return i
}

func (i *identity) renewed(at time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at.After(i.seen) {
		i.seen = at
	}
}

// worker is the part of a Queue that holds tasks. It changes its identity whenever it cannot be sure what is held under it:
// the old one is no longer renewed once its known tasks have ended, and what is left is taken up like a dead worker's.
type worker struct {
	q    *Queue
	name string

	mu      sync.Mutex
	current *identity
	retired []*identity        // still holding tasks
	long    map[*held]struct{} // long tasks that are being worked on
}

func newWorker(q *Queue) *worker {
	host, _ := os.Hostname()
	return &worker{q: q, name: host + " " + strconv.Itoa(os.Getpid()), current: newIdentity(), long: make(map[*held]struct{})}
}

// prepare counts a claim under way, so that the identity stays until prepared, even if it is retired meanwhile.
func (w *worker) prepare() (by *identity, claim string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	by = w.current
	by.mu.Lock()
	defer by.mu.Unlock()
	by.claiming++
	by.claims++
	return by, by.id + " " + strconv.Itoa(by.claims)
}

func (w *worker) prepared(by *identity, claimed int, err error) {
	by.mu.Lock()
	by.claiming--
	by.holds += claimed
	by.mu.Unlock()
	if err != nil {
		w.retire(by)
	}
}

// retire makes further claims under a new identity.
func (w *worker) retire(old *identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == old {
		w.retired = append(w.retired, old)
		w.current = newIdentity()
	}
}

// ended counts a task that is no longer held.
func (w *worker) ended(h *held) {
	h.by.mu.Lock()
	defer h.by.mu.Unlock()
	h.by.holds--
}

// renew writes the identity's row.
func (w *worker) renew(ctx context.Context, tx *store.Tx, by *identity) error {
	_, err := tx.Exec(ctx, "insert into task_worker (id, name, seen_at) values ($1, $2, "+w.q.now(tx)+`)
		on conflict (id) do update set seen_at = excluded.seen_at`, by.id, w.name)
	return err
}

// fresh tells whether a task may still be begun: the lease was renewed not long ago. Who is not sure must not begin.
func (w *worker) fresh(by *identity) bool {
	by.mu.Lock()
	defer by.mu.Unlock()
	return by.ctx.Err() == nil && time.Since(by.seen) < w.q.o.Lease*3/4
}

// beat renews the leases of the identities that hold tasks, and ends the attempts of those that were declared dead.
func (w *worker) beat(ctx context.Context) error {
	w.mu.Lock()
	var holding, retired []*identity
	for i, by := range append([]*identity{w.current}, w.retired...) {
		by.mu.Lock()
		if by.holds > 0 {
			holding = append(holding, by)
		}
		if i > 0 && by.holds+by.claiming > 0 {
			retired = append(retired, by)
		}
		by.mu.Unlock()
	}
	w.retired = retired
	w.mu.Unlock()
	for _, by := range holding {
		sent := time.Now()
		var n int64
		err := w.q.db.Tx(ctx, "queue worker "+by.id, func(tx *store.Tx) (err error) {
			n, err = tx.Exec(ctx, "update task_worker set seen_at = "+w.q.now(tx)+" where id = $1", by.id)
			return err
		})
		if err != nil {
			return fmt.Errorf("queue: renew the lease: %w", err)
		}
		if n > 0 {
			by.renewed(sent)
			continue
		}
		w.retire(by)
		by.lose(ErrLeaseLost)
		w.q.counters.count(&w.q.counters.LeasesLost, 1)
		w.q.log.Warn("a worker was taken for dead and lost its tasks", "worker", by.id)
	}
	return nil
}

// reap makes the tasks of dead workers ready again and tells how many they were.
func (q *Queue) reap(ctx context.Context) (released int64, err error) {
	err = q.db.Tx(ctx, "queue reap", func(tx *store.Tx) error {
		// The worker's row goes first: who renews its lease at the same time finds it gone, or is spared.
		var dead []string
		err := tx.Query(ctx, func(r store.Row) error {
			var id string
			if err := r.Scan(&id); err != nil {
				return err
			}
			dead = append(dead, id)
			return nil
		}, "delete from task_worker where seen_at < "+q.now(tx)+" - $1 returning id", q.o.Lease.Milliseconds())
		if err != nil || len(dead) == 0 {
			released = 0
			return err
		}
		// A long task may have been what its worker died of: its deaths count.
		changes := make(lineChanges)
		released, err = changes.collect(ctx, tx, func(k lineKey) { changes.add(k, 1, -1) },
			`update task set state = 'ready', owner = null, claim = null, attempt = attempt + case when tenant = '' then 0 else 1 end
			where state = 'held' and `+tx.Any("owner", 1)+" returning kind, tenant, group_id", store.List(dead))
		changes.write(tx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("queue: take up dead workers' tasks: %w", err)
	}
	if released > 0 {
		q.log.Info("took up tasks of dead workers", "tasks", released)
		q.counters.count(&q.counters.TakenUp, released)
	}
	return released, nil
}

// carry sees a task through: waits for its moment, has the effect and records it. stop ends the waiting; effects is the
// context that they run under.
func (w *worker) carry(stop, effects context.Context, h *held) {
	defer w.ended(h)
	k := h.kind
	if !w.await(stop, h) {
		w.giveBack(h)
		return
	}
	defer func() { <-k.slots }()
	ctx, cancel := context.WithCancelCause(effects)
	defer cancel(nil)
	defer context.AfterFunc(h.by.ctx, func() { cancel(context.Cause(h.by.ctx)) })()
	if k.long == nil {
		w.record(effects, h, k.attempt(ctx, h))
		return
	}
	// A long task has its checkpoints, so it need not go on when the worker stops.
	defer context.AfterFunc(stop, func() { cancel(ErrStopping) })()
	h.mu.Lock()
	h.cancel = cancel
	h.mu.Unlock()
	w.hold(h)
	o := k.attempt(ctx, h)
	w.drop(h)
	switch {
	case h.isTaken():
		w.q.counters.attempts(k.Kind, "taken", 1)
		w.giveBack(h) // in case that it is still ours: it was claimed while its group was closed
	case stop.Err() != nil && o.Status == Later:
		w.giveBack(h)
	default:
		w.record(effects, h, o)
	}
}

// await waits for the task's moment and a slot. False: it must not begin.
func (w *worker) await(stop context.Context, h *held) bool {
	if d := time.Until(h.begin); !h.begin.IsZero() && d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-stop.Done():
			return false
		}
	}
	select {
	case h.kind.slots <- struct{}{}:
	case <-stop.Done():
		return false
	}
	if stop.Err() != nil || !w.fresh(h.by) {
		<-h.kind.slots
		return false
	}
	return true
}

// How often Finish may fail on an outcome, and how long a worker that was told to stop waits for a database that is away.
const (
	maxFinishes = 4
	lastWait    = 1500 * time.Millisecond
)

// record ends the attempt. It must not give up easily: until the outcome is recorded the effect may be had a second time.
// While the database is away it waits, for as long as the worker lives.
func (w *worker) record(effects context.Context, h *held, o Outcome) {
	k := h.kind
	o = k.decide(h.current(), o, w.q.clock())
	ctx, cancel := context.WithCancel(context.WithoutCancel(effects))
	defer cancel()
	defer context.AfterFunc(effects, func() {
		pause(ctx, lastWait)
		cancel()
	})()
	var err error
	for failures, attempt := 0, 0; failures < maxFinishes && ctx.Err() == nil; attempt++ {
		err = k.end(ctx, h, o)
		switch {
		case err == nil:
			w.q.counters.attempts(k.Kind, o.Status.String(), 1)
			return
		case errors.Is(err, ErrLeaseLost):
			// Also when an earlier try was committed without our knowing: it is ended, then.
			w.q.counters.count(&w.q.counters.LeasesLost, 1)
			w.q.log.Warn("a task ended after its lease was lost", "kind", k.Kind, "key", h.Key, "outcome", o.Status.String())
			return
		case !infrastructure(err):
			failures++
		}
		pause(ctx, backoff(20*time.Millisecond, 2*time.Second)(attempt))
	}
	w.q.log.Error("the outcome of a task cannot be recorded", "kind", k.Kind, "key", h.Key, "outcome", o.Status.String(), "error", err)
	if !infrastructure(err) {
		if err = k.park(ctx, h, o, err); err == nil {
			w.q.counters.attempts(k.Kind, "failed", 1)
			return
		}
	}
	w.q.log.Error("a task will be done again", "kind", k.Kind, "key", h.Key, "error", err)
	w.retire(h.by)
}

func (w *worker) giveBack(h *held) {
	ctx, cancel := context.WithTimeout(context.Background(), w.q.o.Lease)
	defer cancel()
	if err := h.kind.release(ctx, h); err != nil {
		w.q.log.Warn("cannot give a task back; it waits for the lease to end", "kind", h.Kind, "key", h.Key, "error", err)
		w.retire(h.by)
	}
}

// leave deletes the rows of identities that hold nothing, so that nobody has to wait for their leases.
func (w *worker) leave(ctx context.Context) error {
	w.mu.Lock()
	ids := []string{w.current.id}
	w.mu.Unlock()
	return w.q.db.Tx(ctx, "queue reap", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "delete from task_worker where "+tx.Any("id", 1)+
			" and not exists (select 1 from task where owner = task_worker.id and state = 'held')", store.List(ids))
		return err
	})
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
