package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// sqliteEngine has one writing connection, with a lane in front, and a few that can only read.
type sqliteEngine struct {
	path     string
	patience time.Duration
	writer   *lane
	readers  sqliteReaders
	behind   sqliteReaders // those of the background
}

// sqliteReaders are reading connections that are free; nil stands for one that is not open yet.
type sqliteReaders chan *sqliteConn

func newSQLiteReaders(n int) sqliteReaders {
	r := make(sqliteReaders, n)
	for range n {
		r <- nil
	}
	return r
}

const (
	// sqliteGroup is the number of closures that share a commit at most.
	sqliteGroup = 256
	// sqliteBusy is how long another process's lock is waited for, at most, before the lane tries
	// anew.
	sqliteBusy = 2 * time.Second
	// sqliteLook is how often the writer looks whether another process has let go of its lock.
	// SQLite's own waiting looks ever more seldom, up to a tenth of a second apart: beside a
	// program that writes a lot, calls then took tens of milliseconds for a lock that is never held
	// for more than a few.
	sqliteLook = 500 * time.Microsecond
)

func openSQLite(ctx context.Context, o Options, c *counters) (engine, error) {
	// The tables hold personal data: the file, and the -wal and -shm beside it that inherit its
	// mode, are the owner's.
	flags := os.O_RDWR
	if !o.Existing {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(o.Path, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) && o.Existing {
		return nil, ErrNoStore
	}
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	// temp_store: what a savepoint needs to be undone is kept in memory. In a file it was two
	// fifths of the writer's time.
	open := func() (*sqliteConn, error) {
		return openSQLiteStore(o.Path, o.Patience, "temp_store(memory)", "cache_size(-8192)", "journal_size_limit(67108864)")
	}
	writer, err := open()
	if err == nil {
		err = migrateSQLite(ctx, writer, o)
	}
	if err == nil {
		var forgotten bool
		if forgotten, err = forgetStatistics(ctx, writer); forgotten && err == nil {
			_ = writer.close() // it has read them
			writer, err = open()
		}
	}
	if err == nil {
		_, err = writer.exec(ctx, "pragma busy_timeout = 0", nil)
	}
	if err != nil {
		if writer != nil {
			_ = writer.close()
		}
		return nil, subject("open "+o.Path, err)
	}
	e := &sqliteEngine{path: o.Path, patience: o.Patience, readers: newSQLiteReaders(defaultReaders(o)),
		behind: newSQLiteReaders(backgroundReaders)}
	writer.write = true
	e.writer = newLane(&sqliteWriter{sqliteConn: writer, patience: o.Patience}, sqliteGroup, 0, o, c)
	return e, nil
}

// forgetStatistics drops what SQLite has noted of the tables' sizes. They were noted when a program
// closed a store, and described it for ever after as it was then: a table that had one row at that
// time was read from end to end for every look-up, however large it had become. Without them SQLite
// takes the indexes, as it does in a new store.
func forgetStatistics(ctx context.Context, c *sqliteConn) (forgotten bool, err error) {
	var names []string
	err = c.query(ctx, func(r Row) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	}, "select name from sqlite_schema where name in ('sqlite_stat1', 'sqlite_stat4')", nil)
	for _, name := range names {
		if err == nil {
			_, err = c.exec(ctx, "drop table if exists "+name, nil)
		}
	}
	return len(names) > 0, err
}

// durable are the settings of every connection to the store: WAL with synchronous=FULL keeps what
// was committed through a loss of power.
var durable = []string{"journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "trusted_schema(0)"}

// sqliteDSN is the driver's name for the file, whatever characters its path has.
func sqliteDSN(path string, pragmas ...string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	path = filepath.ToSlash(path)
	if path[0] != '/' {
		path = "/" + path // a drive letter
	}
	q := url.Values{"_dqs": {"0"}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// openSQLiteStore opens a connection to the store. Of several programs that create it at once, one
// switches it to WAL, and the others may be told that it is busy.
func openSQLiteStore(path string, patience time.Duration, pragmas ...string) (*sqliteConn, error) {
	_ = sharePages() // without it all works, in more memory
	busy := fmt.Sprintf("busy_timeout(%d)", min(sqliteBusy, max(patience, time.Millisecond)).Milliseconds())
	dsn := sqliteDSN(path, slices.Concat([]string{busy}, durable, pragmas)...)
	for attempt, began := 1, time.Now(); ; attempt++ {
		c, err := openSQLiteConn(dsn)
		if err == nil || !errors.Is(err, ErrUnavailable) || time.Since(began) > patience {
			return c, err
		}
		_ = pause(context.Background(), attempt)
	}
}

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) lane(string, bool) (*lane, func()) { return e.writer, func() {} }

func (e *sqliteEngine) view(ctx context.Context, background bool, fn func(*Tx) error) error {
	readers := e.readers
	if background {
		readers = e.behind
	}
	var c *sqliteConn
	select {
	case c = <-readers:
	case <-ctx.Done():
		return contextError(ctx, "wait for a reading connection")
	}
	defer func() { readers <- c }()
	if c == nil {
		var err error
		if c, err = openSQLiteStore(e.path, e.patience, "cache_size(-2048)", "query_only(1)"); err != nil {
			return subject("open "+e.path, err)
		}
	}
	tx := &Tx{conn: c}
	defer func() { tx.over = true }()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.failed
}

func (e *sqliteEngine) ping(ctx context.Context) error {
	return e.view(ctx, false, func(tx *Tx) error {
		var n int
		return tx.QueryRow(ctx, "select count(*) from sqlite_schema").Scan(&n)
	})
}

func (e *sqliteEngine) close() error {
	var errs []error
	for _, readers := range []sqliteReaders{e.readers, e.behind} {
		for range cap(readers) {
			if c := <-readers; c != nil {
				errs = append(errs, c.close())
			}
		}
	}
	e.writer.close() // last, so that it is the writer who folds the WAL into the file
	return errors.Join(errs...)
}

// sqliteWriter is the writing connection.
type sqliteWriter struct {
	*sqliteConn
	patience time.Duration
}

func (s *sqliteWriter) begin(ctx context.Context) error {
	began := time.Now()
	for {
		_, err := s.exec(ctx, "begin immediate", nil)
		if err == nil {
			return nil
		}
		s.fatal = nil // nothing was begun that could be lost
		if !sqliteIsBusy(err) || time.Since(began) > min(sqliteBusy, s.patience) {
			return err
		}
		timer := time.NewTimer(sqliteLook)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return contextError(ctx, "wait for another process")
		}
	}
}

func (s *sqliteWriter) savepoint() { s.control("savepoint closure") }
func (s *sqliteWriter) release()   { s.control("release savepoint closure") }

func (s *sqliteWriter) undo() {
	s.control("rollback to savepoint closure")
	s.control("release savepoint closure")
}

func (s *sqliteWriter) control(sql string) {
	if _, err := s.exec(context.Background(), sql, nil); err != nil && s.fatal == nil {
		s.fatal = err
	}
}

func (s *sqliteWriter) lost() error { return s.fatal }

func (s *sqliteWriter) commit() (safe bool, err error) {
	if _, err = s.exec(context.Background(), "commit", nil); err == nil {
		return false, nil
	}
	fatal := s.fatal
	s.rollback()
	if fatal != nil && !errors.Is(fatal, ErrFull) {
		// An I/O error while the log was synced: a crash now could bring the transaction back.
		err = wrapKind(ErrUnknownOutcome, err)
	}
	return false, subject("commit", err)
}

func (s *sqliteWriter) rollback() {
	// It fails when SQLite rolled back by itself; either way no transaction is left.
	_, _ = s.exec(context.Background(), "rollback", nil)
	s.fatal = nil
}

func (s *sqliteWriter) close() { _ = s.sqliteConn.close() }
