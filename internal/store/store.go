package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// Options say where the database is and how hard to work on it. Exactly one of Path and URL is set.
type Options struct {
	// Path is the SQLite file; its folder must exist, the file is created when it does not.
	Path string
	// URL is a PostgreSQL connection string; several hosts and target_session_attrs=read-write find
	// the primary after a failover.
	URL string
	// Logger receives reconnections and closures that hold a lane for too long. nil:
	// slog.Default().
	Logger *slog.Logger
	// Existing makes Open return ErrNoStore, and leave nothing behind, where no store is.
	Existing bool
	// OnNew is called when Open has made a store that was not there. nil: the logger is told.
	OnNew func()
	// Readers is the number of connections for View. 0: 4 on SQLite, max(8, 2×CPUs) on PostgreSQL.
	Readers int
	// Lanes is the most writing connections on PostgreSQL. One more is opened, and kept, when a
	// name is written under while another is. 0: 8.
	Lanes int
	// Patience bounds how long a transaction waits for a database that is away (failover) or locked
	// by another process. 0: 10 s.
	Patience time.Duration
	// RunTwice, asked for every transaction, makes its closure run twice when it says yes, the
	// first time to be rolled back. Tests use it to find closures with side effects.
	RunTwice func() bool
	// Step is called before each statement of a closure, and once more when the closure is through
	// and its transaction not yet committed. Tests hold a transaction there, so that another meets
	// it.
	Step func(ctx context.Context)

	// migrations replaces the embedded ones in tests of the migration itself.
	migrations fs.FS
}

// DB is an open store, safe for concurrent use. Close it.
type DB struct {
	*shared
	background bool
}

// shared is what the two sides of a store have in common.
type shared struct {
	log      *slog.Logger
	engine   engine
	runTwice func() bool
	counters *counters
	options  Options

	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup
}

// engine is what differs between SQLite and PostgreSQL above a single connection.
type engine interface {
	name() string
	// lane returns the lane for writers of that name, in the background or not, and what to call
	// when the transaction is over.
	lane(name string, background bool) (_ *lane, through func())
	// view runs fn on a reading connection; retrying is the engine's business.
	view(ctx context.Context, background bool, fn func(*Tx) error) error
	ping(ctx context.Context) error
	close() error
}

// Open opens the database, creates it if need be (SQLite), migrates it, and makes sure that it can
// be read. Several programs may open the same one at once. It returns ErrNewer for a database that
// a newer Magpie has migrated.
func Open(ctx context.Context, o Options) (*DB, error) {
	if (o.Path == "") == (o.URL == "") {
		return nil, errors.New("store: open: exactly one of a path and a URL is needed")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.migrations == nil {
		o.migrations = embedded()
	}
	db := &DB{shared: &shared{log: o.Logger, runTwice: o.RunTwice, counters: &counters{}, options: o}}
	var err error
	if o.Path != "" {
		db.engine, err = openSQLite(ctx, o, db.counters)
	} else {
		db.engine, err = openPostgres(ctx, o, db.counters)
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Background is the same store through connections of its own, so that work which takes long or
// comes in masses does not take those that requests wait for. SQLite has one writer; there only the
// reading connections are others. Closing either closes both.
func (db *DB) Background() *DB { return &DB{db.shared, true} }

// Engine is "sqlite" or "postgres", for logs and metrics; no statement may depend on it.
func (db *DB) Engine() string { return db.engine.name() }

// Ping asks the database for an answer.
func (db *DB) Ping(ctx context.Context) error { return db.engine.ping(ctx) }

// Close waits for running transactions, then closes all connections. Calls that come later get
// ErrClosed.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.inFlight.Wait()
	return db.engine.close()
}

func (db *DB) enter() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return ErrClosed
	}
	db.inFlight.Add(1)
	return nil
}

// How often a closure is run again: after ErrConflict or a serialization failure, and after a lost
// connection.
const (
	maxConflicts = 12
	maxLosses    = 6
)

// Tx runs fn in a transaction that may write, and returns nil once it is durable. When fn returns
// an error, or a statement failed, nothing of it is kept and Tx returns that error. fn may run
// several times and must be written for that (see the package comment). lane names the lane to
// wait in; writers of the same rows should use the same name.
//
// A context that ends before fn began has no effect on the database; one that ends while fn runs
// rolls it back; once fn is through, Tx waits for the commit, however short the context.
func (db *DB) Tx(ctx context.Context, lane string, fn func(tx *Tx) error) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.inFlight.Done()
	l, through := db.engine.lane(lane, db.background)
	defer through()
	conflicts, losses, alone := 0, 0, false
	for {
		tx, v := l.do(ctx, &request{ctx: ctx, lane: lane, fn: fn, alone: alone, twice: db.runTwice != nil && db.runTwice()})
		switch {
		case v.again:
			if losses++; losses > maxLosses {
				return wrapKind(ErrUnavailable, v.err)
			}
			// From the second time on alone, so that a closure that kills its connection is found
			// out.
			alone = v.alone || losses > 1
			db.counters.reruns.Add(1)
		case v.err == nil:
			tx.committed()
			return nil
		case errors.Is(v.err, ErrConflict) || errors.Is(v.err, errSerialization):
			if conflicts++; conflicts > maxConflicts {
				return settled(v.err)
			}
			db.counters.conflicts.Add(1)
			if err := pause(ctx, conflicts); err != nil {
				return err
			}
		default:
			return v.err
		}
	}
}

// View runs fn, which only reads. Each statement sees one snapshot; two statements may see
// different ones. On PostgreSQL fn may run again when its connection died.
func (db *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.inFlight.Done()
	return db.engine.view(ctx, db.background, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return tx.flush(ctx) // a view that writes is told so
	})
}

// pause waits a random time that grows with the attempt, so that those who collided do not meet
// again.
func pause(ctx context.Context, attempt int) error {
	limit := time.Millisecond << min(attempt, 6)
	timer := time.NewTimer(rand.N(limit))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx, "wait to try again")
	}
}

// Connections in the background: reading ones on either engine, and lanes on PostgreSQL.
const (
	backgroundReaders = 4
	backgroundLanes   = 4
)

func defaultReaders(o Options) int {
	switch {
	case o.Readers > 0:
		return o.Readers
	case o.Path != "":
		return 4
	default:
		return max(8, 2*runtime.NumCPU())
	}
}

func subject(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
