package store

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// postgresConn runs statements on a connection of a lane or of the readers' pool.
type postgresConn struct {
	conn    *pgx.Conn
	reader  bool            // one of the pool; otherwise a lane's
	group   context.Context // bounds a lane's transaction
	pending []string        // control statements that travel in front of the next statement
	begun   bool            // something was sent in this transaction
	fatal   error           // the connection must be replaced
}

func (c *postgresConn) dialect() dialect { return postgresDialect }

// bounds is the context that a statement runs under. In a lane it is not the caller's, whose end
// would close the connection with everybody else's work on it: statement_timeout bounds it, and Tx
// looks at the context between statements.
func (c *postgresConn) bounds(ctx context.Context) context.Context {
	if c.reader {
		return ctx
	}
	return c.group
}

// send queues the statements behind the control statements that wait, and returns when the latter
// are through.
func (c *postgresConn) send(ctx context.Context, stmts ...Stmt) (pgx.BatchResults, error) {
	b := &pgx.Batch{}
	for _, p := range c.pending {
		b.Queue(p)
	}
	for i, s := range stmts {
		args, err := postgresArguments(s.Args)
		if err != nil {
			if len(stmts) > 1 {
				err = fmt.Errorf("statement %d of the batch: %w", i+1, err)
			}
			return nil, err
		}
		b.Queue(s.SQL, args...)
	}
	results := c.conn.SendBatch(ctx, b)
	for range c.pending {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, c.notSent(ctx, err)
		}
	}
	c.pending, c.begun = c.pending[:0], true
	return results, nil
}

// notSent deals with a batch whose control statements failed. When it could not be prepared, with a
// mistake in a statement or an argument, nothing of it went out and they still wait; otherwise
// nobody knows where the transaction is.
func (c *postgresConn) notSent(ctx context.Context, err error) error {
	translated := c.failed(ctx, err)
	var preparing pgx.ErrPreprocessingBatch
	if !errors.As(err, &preparing) && c.fatal == nil {
		c.fatal = wrapKind(ErrUnavailable, err)
	}
	return translated
}

func (c *postgresConn) exec(ctx context.Context, sql string, args []any) (int64, error) {
	ctx = c.bounds(ctx)
	if len(c.pending) > 0 {
		n, err := c.batch(ctx, []Stmt{{sql, args}})
		if err != nil {
			return 0, err
		}
		return n[0], nil
	}
	values, err := postgresArguments(args)
	if err != nil {
		return 0, err
	}
	tag, err := c.conn.Exec(ctx, sql, values...)
	if err != nil {
		return 0, c.failed(ctx, err)
	}
	return tag.RowsAffected(), nil
}

func (c *postgresConn) batch(ctx context.Context, stmts []Stmt) ([]int64, error) {
	ctx = c.bounds(ctx)
	results, err := c.send(ctx, stmts...)
	if err != nil {
		return nil, err
	}
	affected := make([]int64, len(stmts))
	for i := range stmts {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			err = c.failed(ctx, err)
			if len(stmts) > 1 {
				err = fmt.Errorf("statement %d of the batch: %w", i+1, err)
			}
			return affected[:i], err
		}
		affected[i] = tag.RowsAffected()
	}
	return affected, c.failed(ctx, results.Close())
}

func (c *postgresConn) query(ctx context.Context, scan func(Row) error, sql string, args []any) error {
	caller := ctx
	ctx = c.bounds(ctx)
	if len(c.pending) == 0 {
		values, err := postgresArguments(args)
		if err != nil {
			return err
		}
		rows, err := c.conn.Query(ctx, sql, values...)
		if err != nil {
			return c.failed(ctx, err)
		}
		return c.read(ctx, caller, rows, scan)
	}
	results, err := c.send(ctx, Stmt{sql, args})
	if err != nil {
		return err
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return c.failed(ctx, err)
	}
	err = c.read(ctx, caller, rows, scan)
	if closeErr := results.Close(); err == nil {
		err = c.failed(ctx, closeErr)
	}
	return err
}

func (c *postgresConn) read(ctx, caller context.Context, rows pgx.Rows, scan func(Row) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(postgresRow{rows}); err != nil {
			return err
		}
		if caller.Err() != nil {
			return contextError(caller, "read rows")
		}
	}
	return c.failed(ctx, rows.Err())
}

type postgresRow struct{ rows pgx.Rows }

func (r postgresRow) Scan(dest ...any) error {
	values, err := r.rows.Values()
	if err != nil {
		return fmt.Errorf("store: scan: %w", err)
	}
	for i, v := range values {
		if n, ok := v.(pgtype.Numeric); ok && n.Valid && !n.NaN && n.Exp >= 0 {
			// A sum of bigints.
			exact := new(big.Int).Mul(n.Int, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Exp)), nil))
			if exact.IsInt64() {
				values[i] = exact.Int64()
			}
		}
	}
	return scanValues(values, dest)
}

// inserts are of up to 256 rows each. Their sizes are powers of two, so that there are few texts to
// prepare.
func (c *postgresConn) inserts(into string, rows [][]any, suffix string) []Stmt {
	columns := len(rows[0])
	var stmts []Stmt
	for len(rows) > 0 {
		n := 256
		for n > len(rows) || n*columns > 65535 {
			n /= 2
		}
		args := make([]any, 0, n*columns)
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		stmts = append(stmts, Stmt{insertText(into, n, columns, suffix), args})
		rows = rows[n:]
	}
	return stmts
}

func (c *postgresConn) queryMany(ctx context.Context, scan func(int, Row) error, stmts []Stmt) error {
	caller := ctx
	ctx = c.bounds(ctx)
	results, err := c.send(ctx, stmts...)
	if err != nil {
		return err
	}
	for i := range stmts {
		rows, err := results.Query()
		if err == nil {
			err = c.read(ctx, caller, rows, func(r Row) error { return scan(i, r) })
		} else {
			err = c.failed(ctx, err)
		}
		if err != nil {
			_ = results.Close()
			return err
		}
	}
	return c.failed(ctx, results.Close())
}

func postgresArguments(args []any) ([]any, error) {
	values, err := arguments(args)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if l, ok := v.(List); ok {
			values[i] = append([]string{}, l...)
		}
	}
	return values, nil
}

// failed translates an error and notes whether the connection must be replaced.
func (c *postgresConn) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if c.reader && ctx.Err() != nil {
		return contextError(ctx, "run a statement")
	}
	translated := postgresError(err)
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch {
		case e.Code == "25006" && !c.reader, // the primary became a standby
			e.Code == "0A000" && strings.Contains(e.Routine, "RevalidateCachedQuery"), // another node migrated a table
			e.Code == "26000": // a pooler gave the session to another server
			translated = wrapKind(ErrUnavailable, err)
			c.fatal = translated
		}
	}
	if c.fatal == nil && c.conn.IsClosed() {
		c.fatal = wrapKind(ErrUnavailable, err)
	}
	return translated
}
