package store

import (
	"context"
	"errors"
	"fmt"
)

// conn runs statements on one connection; its errors carry the sentinels already.
type conn interface {
	exec(ctx context.Context, sql string, args []any) (affected int64, err error)
	query(ctx context.Context, scan func(Row) error, sql string, args []any) error
	batch(ctx context.Context, stmts []Stmt) (affected []int64, err error)
	// queryMany calls scan with the place of the statement that each row came from.
	queryMany(ctx context.Context, scan func(i int, r Row) error, stmts []Stmt) error
	// inserts makes the statements that insert rows, all of which have equally many values.
	inserts(into string, rows [][]any, suffix string) []Stmt
	dialect() dialect
}

// dialect is the text that truly differs between the engines.
type dialect struct {
	any, among          func(column string, n int) string
	contains            func(column string, n int) string
	forUpdateSkipLocked string
	forKeyShare         string
	forShare            string
	nowMillis           string
}

// Tx is what a closure works with: statements, and what must happen after the commit. It is valid
// until the closure returns, for one goroutine.
type Tx struct {
	conn     conn
	failed   error // the first statement's failure
	over     bool
	busy     bool // rows of a query are being read
	hooks    []func()
	deferred []*Deferred
	tallies  map[tallyKey]int64
	step     func(context.Context) // Options.Step
}

// Row is one row of a result. Scan copies its columns: into *string, *int64, *int, *int32, *bool,
// *float64, pointers to those (nil for null), named types of those kinds, or a
// database/sql.Scanner.
type Row interface {
	Scan(dest ...any) error
}

// RowOne is the first row of a result; its Scan returns ErrNotFound when there is none.
type RowOne interface {
	Scan(dest ...any) error
}

// Stmt is a statement of a Batch.
type Stmt struct {
	SQL  string
	Args []any
}

// List is the argument that goes with [Tx.Any].
type List []string

// ListOf makes a List of strings of a named type.
func ListOf[T ~string](values []T) List {
	list := make(List, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

var errNested = errors.New("store: a statement was run while the rows of another were being read")

func (tx *Tx) start(ctx context.Context) error {
	switch {
	case tx.failed != nil:
		return tx.failed
	case tx.over:
		return errors.New("store: the transaction is over")
	case tx.busy:
		return tx.fail(errNested)
	case ctx.Err() != nil:
		return tx.fail(contextError(ctx, "begin a statement"))
	}
	if tx.step != nil {
		tx.step(ctx)
	}
	return tx.flush(ctx)
}

// flush runs what waits, in one round trip.
func (tx *Tx) flush(ctx context.Context) error {
	if len(tx.deferred) == 0 {
		return nil
	}
	waiting := tx.deferred
	tx.deferred = nil
	stmts := make([]Stmt, 0, len(waiting))
	for _, d := range waiting {
		stmts = append(stmts, d.stmts...)
	}
	affected, err := tx.conn.batch(ctx, stmts)
	// A compare-and-set that found something else comes before the failure of a statement behind
	// it, which may well be its consequence.
	for _, d := range waiting {
		n := min(len(affected), len(d.stmts))
		var sum int64
		for _, one := range affected[:n] {
			if d.want >= 0 && one != d.want {
				return tx.fail(ErrConflict)
			}
			sum += one
		}
		if affected = affected[n:]; n == len(d.stmts) && d.then != nil {
			d.then(sum)
		}
	}
	return tx.fail(err)
}

// Fail makes the transaction fail with err, whatever its closure returns.
func (tx *Tx) Fail(err error) { _ = tx.fail(err) }

func (tx *Tx) fail(err error) error {
	if err != nil && tx.failed == nil {
		tx.failed = err
	}
	return err
}

// Exec runs a statement that returns no rows and tells how many it inserted, updated or deleted.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (affected int64, err error) {
	if err := tx.start(ctx); err != nil {
		return 0, err
	}
	affected, err = tx.conn.exec(ctx, sql, args)
	return affected, tx.fail(err)
}

// Query runs a statement and calls scan for each row. An error from scan ends it and is returned as
// it is; it does not fail the transaction. scan must not run statements.
func (tx *Tx) Query(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	if err := tx.start(ctx); err != nil {
		return err
	}
	tx.busy = true
	defer func() { tx.busy = false }()
	var scanErr error
	err := tx.conn.query(ctx, func(r Row) error {
		scanErr = scan(r)
		return scanErr
	}, sql, args)
	if scanErr != nil {
		return scanErr
	}
	return tx.fail(err)
}

// QueryRow runs a statement of which only the first row matters. It does not run before Scan is
// called.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) RowOne {
	return &rowOne{tx: tx, ctx: ctx, sql: sql, args: args}
}

type rowOne struct {
	tx   *Tx
	ctx  context.Context
	sql  string
	args []any
}

// errEnough ends a query after the row that was wanted.
var errEnough = errors.New("store: enough rows")

// Scan runs the statement.
func (r *rowOne) Scan(dest ...any) error {
	found := false
	err := r.tx.Query(r.ctx, func(row Row) error {
		found = true
		if err := row.Scan(dest...); err != nil {
			return err
		}
		return errEnough
	}, r.sql, r.args...)
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	case !found:
		return ErrNotFound
	}
	return nil
}

// Batch runs statements that return no rows, on PostgreSQL in one round trip, and tells how many
// rows each changed. It ends with the first that fails.
func (tx *Tx) Batch(ctx context.Context, stmts ...Stmt) (affected []int64, err error) {
	if err := tx.start(ctx); err != nil {
		return nil, err
	}
	if len(stmts) == 0 {
		return nil, nil
	}
	affected, err = tx.conn.batch(ctx, stmts)
	return affected, tx.fail(err)
}

// QueryMany runs statements, on PostgreSQL in one round trip, and calls scan for each row with the
// place of its statement. What Query says of scan and its errors holds here too.
func (tx *Tx) QueryMany(ctx context.Context, scan func(i int, r Row) error, stmts ...Stmt) error {
	if err := tx.start(ctx); err != nil {
		return err
	}
	if len(stmts) == 0 {
		return nil
	}
	tx.busy = true
	defer func() { tx.busy = false }()
	var scanErr error
	err := tx.conn.queryMany(ctx, func(i int, r Row) error {
		scanErr = scan(i, r)
		return scanErr
	}, stmts)
	if scanErr != nil {
		return scanErr
	}
	return tx.fail(err)
}

// Deferred is what waits since one call of Defer, DeferExpect or DeferInsert.
type Deferred struct {
	stmts []Stmt
	want  int64 // how many rows each statement has to change; below zero, any number
	then  func(affected int64)
}

// Then has fn called with the number of rows that were changed, as soon as that is known. It must
// not run statements.
func (d *Deferred) Then(fn func(affected int64)) { d.then = fn }

// Defer is for a statement whose answer the closure does not wait for: it runs before the next
// statement that does, or when the closure has returned nil, on PostgreSQL in one round trip with
// all others that wait. Its failure is the transaction's; where it has to be told from others, use
// Exec, or Flush.
func (tx *Tx) Defer(sql string, args ...any) *Deferred { return tx.put(-1, Stmt{sql, args}) }

// DeferExpect is Defer for a statement that must change want rows. When it changes another number,
// the transaction fails with ErrConflict and is tried again: a compare-and-set is DeferExpect(1,
// …).
func (tx *Tx) DeferExpect(want int64, sql string, args ...any) *Deferred {
	return tx.put(want, Stmt{sql, args})
}

// Put is Defer for those who have nothing to do with the answer.
func (tx *Tx) Put(sql string, args ...any) { tx.Defer(sql, args...) }

func (tx *Tx) put(want int64, stmts ...Stmt) *Deferred {
	d := &Deferred{stmts: stmts, want: want}
	tx.deferred = append(tx.deferred, d)
	return d
}

// Flush runs the statements that wait, for a closure that has to tell their failure from others.
func (tx *Tx) Flush(ctx context.Context) error { return tx.start(ctx) }

// DeferInsert is InsertMany without waiting for the answer, as Defer is.
func (tx *Tx) DeferInsert(into string, rows [][]any, suffix string) *Deferred {
	if err := checkRows(rows); err != nil {
		tx.fail(err)
		return &Deferred{}
	}
	if len(rows) == 0 {
		return &Deferred{}
	}
	return tx.put(-1, tx.conn.inserts(into, rows, suffix)...)
}

// InsertMany inserts rows: into is the statement's beginning with its columns, such as "insert into
// event (id, kind)", suffix what follows the values, such as "on conflict do nothing". Where the
// suffix updates, no two rows may have the same key (PostgreSQL refuses that).
func (tx *Tx) InsertMany(ctx context.Context, into string, rows [][]any, suffix string) (affected int64, err error) {
	if err := tx.start(ctx); err != nil {
		return 0, err
	}
	if err := checkRows(rows); err != nil {
		return 0, tx.fail(err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	each, err := tx.conn.batch(ctx, tx.conn.inserts(into, rows, suffix))
	for _, n := range each {
		affected += n
	}
	return affected, tx.fail(err)
}

func checkRows(rows [][]any) error {
	for i := range rows {
		if len(rows[i]) != len(rows[0]) || len(rows[i]) == 0 {
			return fmt.Errorf("store: insert many: row %d has %d values, row 0 has %d", i, len(rows[i]), len(rows[0]))
		}
	}
	return nil
}

// OnCommit registers fn to be called after the commit that made this attempt durable, on the
// goroutine that called Tx.
func (tx *Tx) OnCommit(fn func()) { tx.hooks = append(tx.hooks, fn) }

func (tx *Tx) committed() {
	for _, fn := range tx.hooks {
		fn()
	}
}

// Any is the condition that the text column is one of the strings in argument $n, which is a
// [List].
func (tx *Tx) Any(column string, n int) string { return tx.conn.dialect().any(column, n) }

// Among is Any for long lists of texts where no index serves: the list is hashed, whereas
// PostgreSQL goes through it for each row once it plans without looking at the arguments.
func (tx *Tx) Among(column string, n int) string { return tx.conn.dialect().among(column, n) }

// Contains is the condition that the text column contains the text in argument $n, letter by
// letter.
func (tx *Tx) Contains(column string, n int) string { return tx.conn.dialect().contains(column, n) }

// ForUpdateSkipLocked ends a select whose rows are to be changed by this transaction alone; rows
// that another transaction holds are left out. Empty on SQLite, where there is one writer.
func (tx *Tx) ForUpdateSkipLocked() string { return tx.conn.dialect().forUpdateSkipLocked }

// ForKeyShare ends a select whose rows must stay until this transaction ends: nobody deletes them,
// or changes a column that foreign keys refer to. Empty on SQLite, where there is one writer.
func (tx *Tx) ForKeyShare() string { return tx.conn.dialect().forKeyShare }

// ForShare ends a select whose rows must stay as they are until this transaction ends. Empty on
// SQLite.
func (tx *Tx) ForShare() string { return tx.conn.dialect().forShare }

// NowMillis is the expression for the database's clock, in epoch milliseconds, as the statement
// begins. It does not change within a statement, so an index serves a comparison with it.
func (tx *Tx) NowMillis() string { return tx.conn.dialect().nowMillis }
