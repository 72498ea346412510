package store

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// session is a connection that transactions are written on, by one lane, or by the caller whose turn it is.
type session interface {
	conn
	// begin opens a transaction, connecting first if need be. An error that is ErrUnavailable is worth another try.
	begin(ctx context.Context) error
	// savepoint, release and undo guard one closure; undo returns to the savepoint and forgets it. Errors show in lost.
	savepoint()
	release()
	undo()
	// commit makes the transaction durable. On an error nothing is kept, except with ErrUnknownOutcome. safe says
	// that the COMMIT never left this program.
	commit() (safe bool, err error)
	rollback()
	// lost tells that the transaction is gone as a whole, and why: the connection died, or the engine rolled it back.
	lost() error
	close()
}

// lane is a line of writers in front of one session.
type lane struct {
	sess     session
	limit    int   // closures a transaction
	shard    int64 // its rows of tallies
	patience time.Duration
	log      *slog.Logger
	counters *counters

	queue chan *turn
	held  *turn // taken from the queue, but wants a group of its own
	stop  chan struct{}
	done  chan struct{}
}

const (
	// A group takes no further closures after this time, so that one long closure does not have 255 wait behind it.
	groupTime = 20 * time.Millisecond
	// A closure that holds its lane for longer is logged.
	slowClosure = 2 * time.Second
)

func newLane(sess session, limit int, shard int64, o Options, c *counters) *lane {
	l := &lane{sess: sess, limit: limit, patience: o.Patience, log: o.Logger, counters: c,
		shard: shard, queue: make(chan *turn, 1024), stop: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

// turn is one closure in line.
type turn struct {
	ctx   context.Context
	lane  string // for the log
	fn    func(*Tx) error
	alone bool // wants a transaction of its own
	twice bool // runs twice, the first time for nothing

	queued  time.Time
	state   atomic.Int32
	yours   chan struct{} // the lane says: the session is yours
	back    chan returned // the caller gives it back
	verdict chan verdict
}

const (
	waiting = iota
	running // the lane has given the session to the caller
	left    // the caller's context ended before that
)

// returned is what a closure leaves to its lane.
type returned struct {
	err     error
	tallies map[tallyKey]int64
}

// verdict is what became of a turn.
type verdict struct {
	err   error
	again bool // nothing of it is in the database, through no fault of its own: run it again
	alone bool // and in a transaction of its own
}

var errNoReturn = errors.New("store: the closure did not return")

// do waits for the turn, runs the closure on this goroutine, and waits for the verdict.
func (l *lane) do(ctx context.Context, t *turn) (*Tx, verdict) {
	t.queued = time.Now()
	t.yours, t.back, t.verdict = make(chan struct{}, 1), make(chan returned, 1), make(chan verdict, 1)
	select {
	case l.queue <- t:
	case <-ctx.Done():
		return nil, verdict{err: contextError(ctx, "wait in line")}
	}
	select {
	case <-t.yours:
	case v := <-t.verdict: // refused before it began
		return nil, v
	case <-ctx.Done():
		if t.state.CompareAndSwap(waiting, left) {
			return nil, verdict{err: contextError(ctx, "wait in line")}
		}
		select {
		case <-t.yours:
		case v := <-t.verdict:
			return nil, v
		}
	}
	tx := l.attempt(t)
	return tx, <-t.verdict
}

// attempt runs the closure while the session is the caller's. A panic, or a test that fails inside the closure, goes on up
// the caller's stack, and the lane goes on with the next.
func (l *lane) attempt(t *turn) *Tx {
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
		rehearsal := &Tx{conn: l.sess}
		if t.fn(rehearsal) == nil {
			_ = rehearsal.flush(t.ctx)
		}
		rehearsal.over = true
		if l.sess.lost() != nil {
			err = nil
			return nil
		}
		l.sess.undo()
		l.sess.savepoint()
	}
	tx = &Tx{conn: l.sess}
	fnErr := t.fn(tx)
	if fnErr == nil && tx.failed == nil {
		fnErr = tx.flush(t.ctx)
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
	defer l.sess.close()
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

// member is a turn that ran in the group, with the closure's error.
type member struct {
	*turn
	err error
}

// group runs the turn and whoever else is in line in one transaction.
func (l *lane) group(first *turn) {
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
			l.sess.savepoint()
		}
		t.yours <- struct{}{}
		r := <-t.back
		err := r.err
		if lost := l.sess.lost(); lost != nil {
			l.sess.rollback()
			l.lost(append(members, member{t, nil}), lost)
			return
		}
		switch {
		case err == nil:
			if guarded {
				l.sess.release()
			}
			kept++
			tallies.add(r.tallies)
			members = append(members, member{t, nil})
		case kept > 0:
			// It may have seen what the others wrote: it is answered when that is true.
			l.sess.undo()
			members = append(members, member{t, err})
		default:
			l.sess.rollback()
			open = false
			t.verdict <- verdict{err: err}
		}
	}
	if !open {
		return
	}
	if kept == 0 {
		l.sess.rollback()
		return
	}
	l.commit(members, kept, tallies)
}

// next is the next turn of the group that first opened, nil when there is none or the group has enough.
func (l *lane) next(first *turn, kept int, started time.Time) *turn {
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

// begin opens a transaction for the turn, which may leave meanwhile. It keeps trying for as long as the turn has patience.
func (l *lane) begin(t *turn) bool {
	for attempt := 1; ; attempt++ {
		err := l.sess.begin(context.Background())
		if err == nil {
			return true
		}
		if t.state.Load() == left {
			return false
		}
		if !errors.Is(err, ErrUnavailable) || time.Since(t.queued) > l.patience {
			if t.state.CompareAndSwap(waiting, running) {
				t.verdict <- verdict{err: err}
			}
			return false
		}
		_ = pause(t.ctx, attempt+3)
	}
}

// lost sends everybody back to the line: nothing was committed. A closure that was alone and made the engine give up, as
// with a full disk, gets the reason instead.
func (l *lane) lost(members []member, reason error) {
	alone := !errors.Is(reason, ErrUnavailable)
	for _, m := range members {
		if alone && len(members) == 1 {
			m.verdict <- verdict{err: reason}
			continue
		}
		m.verdict <- verdict{again: true, alone: alone, err: reason}
	}
}

func (l *lane) commit(members []member, kept int, tallies sums) {
	began := time.Now()
	safe, err := false, tallies.write(context.Background(), l.sess, l.shard)
	switch {
	case err == nil:
		safe, err = l.sess.commit()
	case l.sess.lost() != nil:
		lost := l.sess.lost()
		l.sess.rollback()
		l.lost(members, lost)
		return
	default:
		l.sess.rollback()
	}
	switch {
	case err == nil:
		l.counters.committed(kept, time.Since(began))
		for _, m := range members {
			m.verdict <- verdict{err: m.err}
		}
	case errors.Is(err, ErrUnknownOutcome):
		for _, m := range members {
			if m.err != nil {
				m.verdict <- verdict{again: true, err: err}
				continue
			}
			m.verdict <- verdict{err: err}
		}
	case safe:
		l.lost(members, wrapKind(ErrUnavailable, err))
	case len(members) == 1:
		members[0].verdict <- verdict{err: err}
	default:
		// The commit itself was refused. Whose fault it is shows when each has a transaction to itself.
		for _, m := range members {
			m.verdict <- verdict{again: true, alone: true, err: err}
		}
	}
}
