package queue

import (
	"context"
	"fmt"
	"sync"
	"time"

	"magpie/internal/store"
)

// External is a kind of task with an effect outside the database, such as a mail.
type External struct {
	Kind string
	// Do has the effect and tells what became of it. Its context ends after Timeout, when the lease is lost, and some time
	// after the queue was told to stop.
	Do func(ctx context.Context, t Task) Outcome
	// Finish records the outcome, in the transaction that ends the task or puts it off; Outcome.Status and RetryAt are
	// then what really happens (a task that is too old for another try is Refused). It may run several times. nil: nothing.
	Finish func(ctx context.Context, tx *store.Tx, t Task, o Outcome) error
	// Lane is the store's lane in which a task is ended: that of the rows which Finish changes. nil: one of the kind's own.
	Lane func(t Task) string
	// Rate is how many attempts all nodes together begin in a second. 0: no limit.
	Rate float64
	// InDoubt bounds the attempts that have begun and are not recorded yet, in this process. 0: 64; at most 64.
	InDoubt int
	// Timeout bounds one attempt. 0: a minute.
	Timeout time.Duration
	// MaxAge is how long after its first try a task may still be tried. 0: 48 hours.
	MaxAge time.Duration
	// Backoff is the wait after an attempt that so many failed ones came before (0 after the first), where the outcome names
	// no time. nil: 30 s, doubling up to an hour.
	Backoff func(attempt int) time.Duration
}

// Status is what became of an attempt.
type Status int

// The statuses of an attempt.
const (
	Later   Status = iota // it failed for now: try again
	Done                  // the work is done
	Refused               // it failed for good
)

func (s Status) String() string { return [...]string{"later", "done", "refused"}[s] }

// Outcome is the result of an attempt. Its zero value means: try again later.
type Outcome struct {
	Status Status
	// Detail is what to tell people: the relay's reply, or the reason.
	Detail string
	// RetryAt is when to try again, with Later. Zero: after the kind's backoff.
	RetryAt time.Time
	// Result is whatever Do wants to hand to Finish.
	Result any
}

type externalKind struct {
	External
	long  *Long // nil: a short one
	q     *Queue
	db    *store.DB
	wake  chan struct{}
	slots chan struct{} // one for each attempt that has begun and is not recorded
	ahead int           // how many tasks this process holds at most

	idleness idleness
}

// External registers a kind.
func (q *Queue) External(k External) {
	if k.InDoubt <= 0 || k.InDoubt > 64 {
		k.InDoubt = 64
	}
	setDefault(&k.Timeout, time.Minute)
	setDefault(&k.MaxAge, 48*time.Hour)
	if k.Backoff == nil {
		k.Backoff = backoff(30*time.Second, time.Hour)
	}
	if k.Lane == nil {
		lane := "queue " + k.Kind
		k.Lane = func(Task) string { return lane }
	}
	q.external = append(q.external, &externalKind{External: k, q: q, db: q.db, wake: q.register(k.Kind),
		slots: make(chan struct{}, k.InDoubt),
		ahead: 2 * k.InDoubt, // so that no slot is idle while tasks are claimed
	})
}

const (
	// A kind with a rate is given permits for this long ahead, each with its moment.
	horizon = 250 * time.Millisecond
	// Permits that were not used lapse after this time: it bounds the burst after a pause.
	credit = 100 * time.Millisecond
)

// held is a task that a worker holds.
type held struct {
	mu sync.Mutex // guards what of the Task a long task's progress changes, and what follows
	Task
	cancel context.CancelCauseFunc // ends the attempt; nil while there is none
	taken  bool                    // the task is not this worker's any more

	kind *externalKind
	by   *identity
	// begin is when the attempt may begin, on this process's clock. Zero: at once.
	begin   time.Time
	claimed time.Time // when the claim was sent
}

// current is the task as it is, with its progress.
func (h *held) current() Task {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.Task
}

// takeAway ends the attempt of a task that is not this worker's any more.
func (h *held) takeAway(why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.taken = true; h.cancel != nil {
		h.cancel(why)
	}
}

func (h *held) isTaken() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.taken
}

// claim takes up to n tasks that are due for the worker. pause is how long to wait before the rate gives more.
func (k *externalKind) claim(ctx context.Context, w *worker, n int) (claimed []*held, pause time.Duration, err error) {
	if k.long != nil {
		claimed, err = k.claimInTurn(ctx, w, n)
		return claimed, 0, err
	}
	by, claim := w.prepare()
	defer func() { w.prepared(by, len(claimed), err) }()
	sent := time.Now()
	err = k.db.Tx(ctx, "queue "+k.Kind, func(tx *store.Tx) error {
		claimed, pause = nil, 0
		permits := n
		var pace pace
		if k.Rate > 0 {
			var err error
			if pace, err = k.pace(ctx, tx); err != nil {
				return err
			}
			permits, pause = pace.permits(n)
			if permits == 0 {
				return nil
			}
		}
		var err error
		if claimed, err = k.take(ctx, tx, by, claim, permits); err != nil || len(claimed) == 0 {
			pause = 0
			return err
		}
		if err := w.renew(ctx, tx, by); err != nil {
			return err
		}
		if k.Rate > 0 {
			for i, h := range claimed {
				h.claimed, h.begin = sent, sent.Add(pace.begin(i))
			}
			return k.spend(ctx, tx, pace, len(claimed))
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("queue: claim %s: %w", k.Kind, err)
	}
	if len(claimed) > 0 {
		by.renewed(sent)
	}
	return claimed, pause, nil
}

func (k *externalKind) take(ctx context.Context, tx *store.Tx, by *identity, claim string, n int) (claimed []*held, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		h := &held{kind: k, by: by}
		h.claim = claim
		claimed = append(claimed, h)
		return scanStarted(r, k.Kind, &h.Task)
	}, `with picked as materialized (
			select kind, key from task where kind = $1 and state = 'ready' and run_at <= `+k.q.now(tx)+`
			order by run_at, key limit $2`+tx.ForUpdateSkipLocked()+`)
		update task set state = 'held', owner = $3, claim = $4, started_at = coalesce(started_at, `+k.q.now(tx)+`)
		where (kind, key) in (select kind, key from picked)
		returning key, payload, enqueued_at, run_at, attempt, started_at`, k.Kind, n, by.id, claim)
	if err == nil && len(claimed) > 0 {
		tx.Tally(tallyScope, k.Kind, -int64(len(claimed)))
	}
	return claimed, err
}

// pace is the state of a kind's rate: when its next attempt may begin and what time it is, in microseconds.
type pace struct {
	next, now, interval int64
}

func interval(rate float64) int64 { return max(1, int64(1e6/rate)) }

// pace locks the row of the kind's rate.
func (k *externalKind) pace(ctx context.Context, tx *store.Tx) (pace, error) {
	p := pace{interval: interval(k.Rate)}
	now := "(" + k.q.now(tx) + ") * 1000"
	floor := now + " - " + fmt.Sprint(credit.Microseconds())
	err := tx.QueryRow(ctx, "insert into task_rate (kind, next_at) values ($1, "+floor+`) on conflict (kind) do update
		set next_at = case when task_rate.next_at < excluded.next_at then excluded.next_at else task_rate.next_at end
		returning next_at, `+now, k.Kind).Scan(&p.next, &p.now)
	return p, err
}

// permits is how many of n attempts may be planned now, and how long to wait before planning more.
func (p pace) permits(n int) (int, time.Duration) {
	end := p.now + horizon.Microseconds()
	if p.next >= end {
		return 0, time.Duration(p.next-end)*time.Microsecond + horizon/4
	}
	got := min(n, int((end-p.next+p.interval-1)/p.interval))
	return got, max(0, time.Duration(p.next+int64(got)*p.interval-end)*time.Microsecond) + horizon/4
}

// begin is how long from now on the i-th attempt has to wait.
func (p pace) begin(i int) time.Duration {
	return time.Duration(p.next+int64(i)*p.interval-p.now) * time.Microsecond
}

func (k *externalKind) spend(ctx context.Context, tx *store.Tx, p pace, n int) error {
	_, err := tx.Exec(ctx, "update task_rate set next_at = $1 where kind = $2", p.next+int64(n)*p.interval, k.Kind)
	return err
}

// attempt runs Do.
func (k *externalKind) attempt(ctx context.Context, h *held) (o Outcome) {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			k.q.panicked("a task panicked", k.Kind, h.Key, p)
			o = Outcome{Status: Later, Detail: "internal error"}
		}
	}()
	if k.long == nil {
		return k.Do(ctx, h.Task)
	}
	ctx, heard, stop := watch(ctx, k.long.Stall)
	defer stop()
	return k.long.Do(ctx, &Held{h: h, alive: heard})
}

// decide settles when to try again, and whether at all.
func (k *externalKind) decide(t Task, o Outcome, now time.Time) Outcome {
	if o.Status != Later {
		return o
	}
	if o.RetryAt.IsZero() {
		o.RetryAt = now.Add(k.Backoff(t.Attempt))
	}
	o.RetryAt = o.RetryAt.UTC().Truncate(time.Millisecond)
	if end := t.StartedAt.Add(k.MaxAge); o.RetryAt.After(end) {
		o.Status, o.RetryAt = Refused, time.Time{}
		o.Detail = fmt.Sprintf("given up after %d attempts in %s: %s", t.Attempt+1, now.Sub(t.StartedAt).Round(time.Second), o.Detail)
	}
	return o
}

// end records the outcome of an attempt in one transaction, if the task is still the holder's.
func (k *externalKind) end(ctx context.Context, h *held, o Outcome) (err error) {
	defer func() {
		if p := recover(); p != nil { // Finish; the store has rolled back
			k.q.panicked("the outcome of a task made its recording panic", k.Kind, h.Key, p)
			err = fmt.Errorf("record %s: panic: %v", k.Kind, p)
		}
	}()
	t := h.current()
	sql := "delete from task where kind = $1 and key = $2 and claim = $3"
	args := []any{k.Kind, h.Key, h.claim}
	changes := lineChanges{t.line(): {0, -1}}
	if o.Status == Later {
		changes.add(t.line(), 1, 0)
		sql = `update task set state = 'ready', owner = null, claim = null, attempt = attempt + 1, run_at = $4, error = $5
			where kind = $1 and key = $2 and claim = $3`
		args = append(args, o.RetryAt.UnixMilli(), storable(o.Detail))
	}
	// As a rule the task is still there, and nobody waits for the answer. When that turns out to be wrong, or Finish has
	// conflicts of its own, the next run asks.
	ask := false
	return k.db.Tx(ctx, k.Lane(t), func(tx *store.Tx) error {
		if ask {
			if n, err := tx.Exec(ctx, sql, args...); err != nil {
				return err
			} else if n == 0 {
				return ErrLeaseLost
			}
		} else {
			tx.DeferExpect(1, sql, args...)
		}
		ask = true
		changes.write(tx)
		if k.Finish == nil {
			return nil
		}
		return k.Finish(ctx, tx, t, o)
	})
}

// release gives a task back untouched.
func (k *externalKind) release(ctx context.Context, h *held) error {
	return k.letGo(ctx, h, lineChange{1, -1},
		"update task set state = 'ready', owner = null, claim = null where kind = $1 and key = $2 and claim = $3")
}

// letGo runs a statement on a task, provided that it is still the holder's.
func (k *externalKind) letGo(ctx context.Context, h *held, change lineChange, sql string, more ...any) error {
	return k.db.Tx(ctx, "queue "+k.Kind, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, sql, append([]any{k.Kind, h.Key, h.claim}, more...)...)
		if n > 0 {
			lineChanges{h.line(): change}.write(tx)
		}
		return err
	})
}

// park gives a task up whose outcome Finish cannot record. The effect was had or refused: it must not be tried again.
func (k *externalKind) park(ctx context.Context, h *held, o Outcome, failure error) error {
	return k.letGo(ctx, h, lineChange{0, -1}, `update task set state = 'failed', owner = null, claim = null, attempt = attempt + 1, error = $4
		where kind = $1 and key = $2 and claim = $3`, storable(fmt.Sprintf("outcome %s not recorded: %s", o.Status, reason(failure))))
}
