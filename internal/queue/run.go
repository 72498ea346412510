package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"magpie/internal/store"
)

// Run does tasks until the context ends. Then it begins no more, gives back what has not begun, lets what has begun go on
// for Grace, and returns when all is recorded. It returns no error for that.
func (q *Queue) Run(ctx context.Context) error {
	w := newWorker(q)
	effects, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	context.AfterFunc(ctx, func() {
		if pause(effects, q.o.Grace) {
			end()
		}
	})

	// Leases are renewed until the last task has ended.
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	var beats sync.WaitGroup
	beats.Go(func() { q.every(beating, q.o.Lease/4, nil, w.beat) })
	beats.Go(func() { q.every(beating, q.o.Poll, q.looks, w.look) })

	var loops sync.WaitGroup
	loops.Go(func() { q.every(ctx, q.o.Poll, nil, q.poll) })
	loops.Go(func() { q.every(ctx, recountEvery, nil, q.recount) })
	for _, k := range q.transactional {
		loops.Go(func() { k.loop(ctx) })
	}
	for _, k := range q.external {
		loops.Go(func() { k.loop(ctx, effects, w) })
	}
	loops.Wait()
	stopBeating()
	beats.Wait()

	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := w.leave(last); err != nil {
		q.log.Warn("cannot sign off; other workers wait for the lease to end", "error", err)
	}
	return nil
}

// every calls fn at once and then periodically, and whenever it is woken, and logs what it returns when that changes: a database that is away for an
// hour is two lines.
func (q *Queue) every(ctx context.Context, d time.Duration, wake <-chan struct{}, fn func(context.Context) error) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	failing := false
	for {
		err := fn(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			q.log.Error("the queue stands still", "error", err)
		case err == nil && failing:
			q.log.Info("the queue goes on")
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-wake:
		case <-ctx.Done():
			return
		}
	}
}

// poll looks, with one small query, whether any kind has tasks that are due and whether any worker is dead.
func (q *Queue) poll(ctx context.Context) error {
	var due, idle, free []string
	var dead bool
	err := q.db.View(ctx, func(tx *store.Tx) error {
		due, idle, free, dead = nil, nil, nil, false
		sql, args := q.pollQuery(tx)
		return tx.Query(ctx, func(r store.Row) error {
			var kind string
			var yes, slot, all bool
			if err := r.Scan(&kind, &yes, &slot, &all); err != nil {
				return err
			}
			if slot || all {
				idle = append(idle, kind)
			}
			if all {
				free = append(free, kind)
			}
			switch {
			case yes && kind == "":
				dead = true
			case yes:
				due = append(due, kind)
			}
			return nil
		}, sql, args...)
	})
	if err != nil {
		return fmt.Errorf("queue: poll: %w", err)
	}
	if dead {
		if _, err := q.reap(ctx); err != nil {
			return err
		}
		due = slices.Collect(maps.Keys(q.wakes))
	}
	for _, kind := range due {
		q.wake(kind)
	}
	long := q.longKinds()
	for _, kind := range idle {
		long[kind].sawIdle()
	}
	for _, kind := range free {
		long[kind].sawUnemployed()
	}
	return nil
}

// longKinds are the long ones of this node's kinds.
func (q *Queue) longKinds() map[string]*externalKind {
	long := make(map[string]*externalKind)
	for _, k := range q.external {
		if k.long != nil {
			long[k.Kind] = k
		}
	}
	return long
}

// pollQuery is the query of poll. It reads the same each time, and has one part for all kinds and not one for each: a database plans what it
// has not seen before, and may do so each time, which then costs far more than to answer.
func (q *Queue) pollQuery(tx *store.Tx) (sql string, args []any) {
	now, long := q.now(tx), q.longKinds()
	var with [2]strings.Builder // short kinds, long ones
	for _, kind := range slices.Sorted(maps.Keys(q.wakes)) {
		b := &with[0]
		if long[kind] != nil {
			b = &with[1]
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		args = append(args, kind)
		fmt.Fprintf(b, "(cast($%d as text))", len(args))
	}
	sql = fmt.Sprintf("select '' as kind, exists (select 1 from task_worker where seen_at < %s - %d), false, false", now, q.o.Lease.Milliseconds())
	const is = "(select 1 from %s limit 1) is not null"
	if with[0].Len() > 0 {
		sql += fmt.Sprintf(" union all select k.kind, "+is+", false, false from (select column1 as kind from (values %s) as v) as k",
			"task t where t.kind = k.kind and t.state = 'ready' and t.run_at <= "+now, with[0].String())
	}
	if with[1].Len() > 0 {
		wanted := fmt.Sprintf("idle_at > %s - %d", now, idleHolds.Milliseconds())
		sql += fmt.Sprintf(" union all select k.kind, "+is+", "+is+", "+is+" from (select column1 as kind from (values %s) as v) as k",
			"task_line l where l.kind = k.kind and (l.ready > 0 or l.held > 0)", "task_turn where kind = k.kind and "+wanted,
			"task_turn where kind = k.kind || '"+unemployed+"' and "+wanted, with[1].String())
	}
	return sql, args
}

// loop handles batches of the kind for as long as there are any.
func (k *transactionalKind) loop(ctx context.Context) {
	failures := 0
	for {
		select {
		case <-k.wake:
		case <-ctx.Done():
			return
		}
		if !pause(ctx, k.q.o.Linger) {
			return
		}
		for n := k.Batch; n == k.Batch && ctx.Err() == nil; {
			var err error
			began := time.Now()
			if n, err = k.batch(ctx); err == nil {
				if failures = 0; k.Gentle && n == k.Batch && !pause(ctx, time.Since(began)) {
					return
				}
				continue
			}
			if ctx.Err() != nil {
				return
			}
			failures++
			k.q.log.Error("tasks cannot be handled now", "kind", k.Kind, "error", err)
			if !pause(ctx, backoff(100*time.Millisecond, 5*time.Second)(failures)) {
				return
			}
			n = k.Batch // try again
		}
	}
}

// loop claims tasks of the kind and carries them, until stop ends and all have ended.
func (k *externalKind) loop(stop, effects context.Context, w *worker) {
	var (
		carried  sync.WaitGroup
		holding  int
		most     = k.ahead
		ended    = make(chan struct{}, k.ahead)
		failures = 0
		more     = false // the last claim left tasks behind
		timer    = time.NewTimer(0)
	)
	defer carried.Wait()
	defer timer.Stop()
	<-timer.C
	for {
		for more = more && stop.Err() == nil; more && most-holding >= k.enough(); {
			n := most - holding
			claimed, pause, err := k.claim(stop, w, n)
			if err != nil {
				if stop.Err() == nil {
					failures++
					k.q.log.Error("tasks cannot be claimed now", "kind", k.Kind, "error", err)
					timer.Reset(backoff(100*time.Millisecond, 5*time.Second)(failures))
				}
				more = false
				break
			}
			failures = 0
			holding += len(claimed)
			for _, h := range claimed {
				carried.Go(func() {
					w.carry(stop, effects, h)
					ended <- struct{}{}
				})
			}
			more = len(claimed) == n
			if pause > 0 {
				more = false
				timer.Reset(pause)
			}
		}
		select {
		case <-k.wake:
			pause(stop, k.q.o.Linger)
			more = true
		case <-timer.C:
			more = true
		case <-ended:
			holding--
			more = more || k.long != nil // an idle slot looks at once
		case <-stop.Done():
			return
		}
	}
}

// enough is how many tasks are worth a claim.
func (k *externalKind) enough() int {
	if k.long != nil {
		return 1
	}
	return max(1, k.ahead/4)
}

// lookNow has this node look at once whether its long tasks are still its own, rather than at the next Poll.
func (q *Queue) lookNow() {
	select {
	case q.looks <- struct{}{}:
	default:
	}
}

// RunOnce looks after dead workers and does every task that is due, one batch of each kind; it returns when they have
// ended, with their number. For tests and for programs that end.
func (q *Queue) RunOnce(ctx context.Context) (int, error) {
	if _, err := q.reap(ctx); err != nil {
		return 0, err
	}
	total := 0
	var errs []error
	for _, k := range q.transactional {
		n, err := k.batch(ctx)
		total += n
		errs = append(errs, err)
	}
	w := newWorker(q)
	beating, stop := context.WithCancel(ctx)
	var beats, carried sync.WaitGroup
	beats.Go(func() { q.every(beating, q.o.Lease/4, nil, w.beat) })
	beats.Go(func() { q.every(beating, q.o.Poll, q.looks, w.look) })
	for _, k := range q.external {
		n := cap(k.slots)
		claimed, wait, err := k.claim(ctx, w, n)
		for len(claimed) == 0 && wait > 0 && err == nil && q.o.Clock == nil && pause(ctx, wait) {
			claimed, wait, err = k.claim(ctx, w, n)
		}
		total += len(claimed)
		errs = append(errs, err)
		for _, h := range claimed {
			carried.Go(func() { w.carry(ctx, ctx, h) })
		}
	}
	carried.Wait()
	stop()
	beats.Wait()
	if total > 0 {
		errs = append(errs, w.leave(context.WithoutCancel(ctx)))
	}
	return total, errors.Join(errs...)
}

// Drain calls RunOnce until nothing is due. Tasks that are put off stay.
func (q *Queue) Drain(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := q.RunOnce(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}
