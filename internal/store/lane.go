package store

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// writer is a connection that transactions are written on, by one lane, or by the caller who runs
// in it.
type writer interface {
	conn
	// begin opens a transaction, connecting first if need be. An error that is ErrUnavailable is
	// worth another try.
	begin(ctx context.Context) error
	// savepoint, release and undo guard one closure; undo returns to the savepoint and forgets it.
	// Errors show in lost.
	savepoint()
	release()
	undo()
	// commit makes the transaction durable. On an error nothing is kept, except with
	// ErrUnknownOutcome. safe says that the COMMIT never left this program.
	commit() (safe bool, err error)
	rollback()
	// lost tells that the transaction is gone as a whole, and why: the connection died, or the
	// engine rolled it back.
	lost() error
	close()
}

// lane is where writers wait for one connection, one behind the other.
type lane struct {
	conn     writer
	limit    int   // closures a transaction
	shard    int64 // its rows of tallies
	patience time.Duration
	step     func(context.Context)
	log      *slog.Logger
	counters *counters

	queue chan *request
	held  *request // taken from the queue, but wants a group of its own
	stop  chan struct{}
	done  chan struct{}
}

const (
	// A group takes no further closures after this time, so that one long closure does not have 255
	// wait behind it.
	groupTime = 20 * time.Millisecond
	// A closure that holds its lane for longer is logged.
	slowClosure = 2 * time.Second
)

func newLane(conn writer, limit int, shard int64, o Options, c *counters) *lane {
	l := &lane{conn: conn, limit: limit, patience: o.Patience, step: o.Step, log: o.Logger, counters: c,
		shard: shard, queue: make(chan *request, 1024), stop: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

// request is one closure that waits in a lane.
type request struct {
	ctx   context.Context
	lane  string // for the log
	fn    func(*Tx) error
	alone bool // wants a transaction of its own
	twice bool // runs twice, the first time for nothing

	queued  time.Time
	state   atomic.Int32
	yours   chan struct{} // the lane says: the connection is yours
	back    chan returned // the caller gives it back
	outcome chan outcome
}

const (
	waiting = iota
	running // the lane has given the connection to the caller
	left    // the caller's context ended before that
)

// returned is what a closure leaves to its lane.
type returned struct {
	err     error
	tallies map[tallyKey]int64
}

// outcome is what became of a request.
type outcome struct {
	err   error
	again bool // nothing of it is in the database, through no fault of its own: run it again
	alone bool // and in a transaction of its own
}

var errNoReturn = errors.New("store: the closure did not return")

// do waits in the lane, runs the closure on this goroutine, and waits for the outcome.
func (l *lane) do(ctx context.Context, t *request) (*Tx, outcome) {
	t.queued = time.Now()
	t.yours, t.back, t.outcome = make(chan struct{}, 1), make(chan returned, 1), make(chan outcome, 1)
	select {
	case l.queue <- t:
	case <-ctx.Done():
		return nil, outcome{err: contextError(ctx, "wait in the lane")}
	}
	select {
	case <-t.yours:
	case v := <-t.outcome: // refused before it began
		return nil, v
	case <-ctx.Done():
		if t.state.CompareAndSwap(waiting, left) {
			return nil, outcome{err: contextError(ctx, "wait in the lane")}
		}
		select {
		case <-t.yours:
		case v := <-t.outcome:
			return nil, v
		}
	}
	tx := l.attempt(t)
	return tx, <-t.outcome
}

// attempt runs the closure while the connection is the caller's. A panic, or a test that fails
// inside the closure, goes on up the caller's stack, and the lane goes on with the next.
func (l *lane) attempt(t *request) *Tx {
	err := errNoReturn
	var tx *Tx
	began := time.Now()
	defer func() {
		if d := time.Since(began); d > slowClosure {
			l.log.Warn("a transaction held its lane for long", "lane", t.lane, "took", d)
		}
		r := returned{err: err}
		if err == nil && tx != nil {
			r.tallies = tx.tallies
		}
		t.back <- r
	}()
	if t.twice {
		rehearsal := &Tx{conn: l.conn}
		if t.fn(rehearsal) == nil {
			_ = rehearsal.flush(t.ctx)
		}
		rehearsal.over = true
		if l.conn.lost() != nil {
			err = nil
			return nil
		}
		l.conn.undo()
		l.conn.savepoint()
	}
	tx = &Tx{conn: l.conn, step: l.step}
	fnErr := t.fn(tx)
	if fnErr == nil && tx.failed == nil {
		fnErr = tx.flush(t.ctx)
	}
	if fnErr == nil && tx.failed == nil && l.step != nil {
		l.step(t.ctx)
	}
	tx.over = true
	switch {
	case fnErr != nil:
		err = fnErr
	case tx.failed != nil:
		err = tx.failed
	case t.ctx.Err() != nil:
		err = contextError(t.ctx, "run the transaction")
	default:
		err = nil
	}
	return tx
}

func (l *lane) run() {
	defer close(l.done)
	defer l.conn.close()
	for {
		if t := l.held; t != nil {
			l.held = nil
			l.group(t)
			continue
		}
		select {
		case t := <-l.queue:
			l.group(t)
		case <-l.stop:
			return
		}
	}
}

func (l *lane) close() {
	close(l.stop)
	<-l.done
}

// member is a request that ran in the group, with the closure's error.
type member struct {
	*request
	err error
}

// group runs the request and whoever else waits in one transaction.
func (l *lane) group(first *request) {
	var (
		members []member
		kept    int  // closures whose work the transaction holds
		open    bool // a transaction is begun
		tallies = make(sums)
		started = time.Now()
	)
	for t := first; t != nil; t = l.next(first, kept, started) {
		if !open {
			if !l.begin(t) {
				continue
			}
			open = true
		}
		if !t.state.CompareAndSwap(waiting, running) {
			continue
		}
		guarded := kept > 0 || t.twice
		if guarded {
			l.conn.savepoint()
		}
		t.yours <- struct{}{}
		r := <-t.back
		err := r.err
		if lost := l.conn.lost(); lost != nil {
			l.conn.rollback()
			l.lost(append(members, member{t, nil}), lost)
			return
		}
		switch {
		case err == nil:
			if guarded {
				l.conn.release()
			}
			kept++
			tallies.add(r.tallies)
			members = append(members, member{t, nil})
		case kept > 0:
			// It may have seen what the others wrote: it is answered when that is true.
			l.conn.undo()
			members = append(members, member{t, err})
		default:
			l.conn.rollback()
			open = false
			t.outcome <- outcome{err: err}
		}
	}
	if !open {
		return
	}
	if kept == 0 {
		l.conn.rollback()
		return
	}
	l.commit(members, kept, tallies)
}

// next is the next request of the group that first opened, nil when there is none or the group has
// enough.
func (l *lane) next(first *request, kept int, started time.Time) *request {
	if first.alone || kept >= l.limit || (kept > 0 && time.Since(started) > groupTime) {
		return nil
	}
	select {
	case t := <-l.queue:
		if t.alone && kept > 0 {
			l.held = t
			return nil
		}
		return t
	default:
		return nil
	}
}

// begin opens a transaction for the request, which may leave meanwhile. It keeps trying for as long
// as the request has patience.
func (l *lane) begin(t *request) bool {
	for attempt := 1; ; attempt++ {
		err := l.conn.begin(context.Background())
		if err == nil {
			return true
		}
		if t.state.Load() == left {
			return false
		}
		if !errors.Is(err, ErrUnavailable) || time.Since(t.queued) > l.patience {
			if t.state.CompareAndSwap(waiting, running) {
				t.outcome <- outcome{err: err}
			}
			return false
		}
		_ = pause(t.ctx, attempt+3)
	}
}

// lost sends everybody back into the lane: nothing was committed. A closure that was alone and made
// the engine give up, as with a full disk, gets the reason instead.
func (l *lane) lost(members []member, reason error) {
	alone := !errors.Is(reason, ErrUnavailable)
	for _, m := range members {
		if alone && len(members) == 1 {
			m.outcome <- outcome{err: reason}
			continue
		}
		m.outcome <- outcome{again: true, alone: alone, err: reason}
	}
}

func (l *lane) commit(members []member, kept int, tallies sums) {
	began := time.Now()
	safe, err := false, tallies.write(context.Background(), l.conn, l.shard)
	switch {
	case err == nil:
		safe, err = l.conn.commit()
	case l.conn.lost() != nil:
		lost := l.conn.lost()
		l.conn.rollback()
		l.lost(members, lost)
		return
	default:
		l.conn.rollback()
	}
	switch {
	case err == nil:
		l.counters.committed(kept, time.Since(began))
		for _, m := range members {
			m.outcome <- outcome{err: m.err}
		}
	case errors.Is(err, ErrUnknownOutcome):
		for _, m := range members {
			if m.err != nil {
				m.outcome <- outcome{again: true, err: err}
				continue
			}
			m.outcome <- outcome{err: err}
		}
	case safe:
		l.lost(members, wrapKind(ErrUnavailable, err))
	case len(members) == 1:
		members[0].outcome <- outcome{err: err}
	default:
		// The commit itself was refused. Whose fault it is shows when each has a transaction to
		// itself.
		for _, m := range members {
			m.outcome <- outcome{again: true, alone: true, err: err}
		}
	}
}
