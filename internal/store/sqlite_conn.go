package store

import (
	"container/list"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// sqliteConn is a connection with its prepared statements. It talks to the driver directly:
// database/sql would prepare each statement anew or lock and count around each, which costs as much
// as a small statement itself.
type sqliteConn struct {
	raw   driver.Conn
	stmts map[string]*list.Element // of *sqliteStmt
	used  *list.List               // the statement used last is in front
	write bool                     // the writer's
	fatal error                    // SQLite rolled the transaction back, or nobody knows
}

// sqliteStmts bounds the prepared statements of a connection.
const sqliteStmts = 160

type sqliteStmt struct {
	sql  string
	raw  driver.Stmt
	args int
	busy bool
}

func openSQLiteConn(dsn string) (*sqliteConn, error) {
	raw, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, sqliteError(err)
	}
	return &sqliteConn{raw: raw, stmts: make(map[string]*list.Element), used: list.New()}, nil
}

func (c *sqliteConn) close() error {
	for e := c.used.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*sqliteStmt).raw.Close()
	}
	return sqliteError(c.raw.Close())
}

func sqliteAny(column string, n int) string {
	return column + " in (select value from json_each($" + strconv.Itoa(n) + "))"
}

var sqliteDialect = dialect{
	any: sqliteAny, among: sqliteAny,
	contains:  func(column string, n int) string { return "instr(" + column + ", $" + strconv.Itoa(n) + ") > 0" },
	nowMillis: "cast(round(unixepoch('subsec') * 1000) as bigint)",
}

func (c *sqliteConn) dialect() dialect { return sqliteDialect }

func (c *sqliteConn) prepare(ctx context.Context, sql string) (*sqliteStmt, error) {
	if e := c.stmts[sql]; e != nil {
		c.used.MoveToFront(e)
		return e.Value.(*sqliteStmt), nil
	}
	n, err := placeholders(sql)
	if err != nil {
		return nil, err
	}
	raw, err := c.raw.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	for e := c.used.Back(); e != nil && c.used.Len() >= sqliteStmts; {
		old, before := e.Value.(*sqliteStmt), e.Prev()
		if !old.busy {
			_ = old.raw.Close()
			delete(c.stmts, old.sql)
			c.used.Remove(e)
		}
		e = before
	}
	st := &sqliteStmt{sql: sql, raw: raw, args: n}
	c.stmts[sql] = c.used.PushFront(st)
	return st, nil
}

// bind reduces arguments to what the driver takes.
func (st *sqliteStmt) bind(args []any) ([]driver.NamedValue, error) {
	if len(args) != st.args {
		return nil, fmt.Errorf("store: the statement has %d placeholders, but %d arguments", st.args, len(args))
	}
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		if l, ok := v.(List); ok {
			text, err := json.Marshal(append(List{}, l...)) // nil becomes []
			if err != nil {
				return nil, fmt.Errorf("argument $%d: %w", i+1, err)
			}
			v = string(text)
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named, nil
}

func (c *sqliteConn) exec(ctx context.Context, sql string, args []any) (int64, error) {
	ctx = c.bounds(ctx)
	st, err := c.prepare(ctx, sql)
	if err != nil {
		return 0, c.failed(ctx, err)
	}
	named, err := st.bind(args)
	if err != nil {
		return 0, err
	}
	result, err := st.raw.(driver.StmtExecContext).ExecContext(ctx, named)
	if err != nil {
		return 0, c.failed(ctx, err)
	}
	return result.RowsAffected()
}

func (c *sqliteConn) query(ctx context.Context, scan func(Row) error, sql string, args []any) error {
	caller := ctx
	ctx = c.bounds(ctx)
	st, err := c.prepare(ctx, sql)
	if err != nil {
		return c.failed(ctx, err)
	}
	named, err := st.bind(args)
	if err != nil {
		return err
	}
	st.busy = true
	defer func() { st.busy = false }()
	rows, err := st.raw.(driver.StmtQueryContext).QueryContext(ctx, named)
	if err != nil {
		return c.failed(ctx, err)
	}
	columns := make([]driver.Value, len(rows.Columns()))
	var row Row = sqliteRow(columns)
	for {
		if err := rows.Next(columns); err != nil {
			closeErr := rows.Close()
			if errors.Is(err, io.EOF) {
				err = closeErr
			}
			return c.failed(ctx, err)
		}
		err := scan(row)
		if err == nil && caller.Err() != nil {
			// The driver heeds the context up to the first row only.
			err = contextError(caller, "read rows")
		}
		if err != nil {
			// A statement that writes, an insert with returning, has done all its work at its first
			// row.
			_ = rows.Close()
			return err
		}
	}
}

type sqliteRow []driver.Value

func (r sqliteRow) Scan(dest ...any) error {
	if len(r) != len(dest) {
		return scanValues(make([]any, len(r)), dest)
	}
	for i, v := range r {
		if err := assign(dest[i], v); err != nil {
			return fmt.Errorf("store: scan column %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *sqliteConn) batch(ctx context.Context, stmts []Stmt) ([]int64, error) {
	affected := make([]int64, len(stmts))
	for i, s := range stmts {
		n, err := c.exec(ctx, s.SQL, s.Args)
		if err != nil {
			return affected[:i], fmt.Errorf("statement %d of the batch: %w", i+1, err)
		}
		affected[i] = n
	}
	return affected, nil
}

// inserts are of one row each: there is no round trip to be saved here.
func (c *sqliteConn) inserts(into string, rows [][]any, suffix string) []Stmt {
	text := insertText(into, 1, len(rows[0]), suffix)
	stmts := make([]Stmt, len(rows))
	for i, row := range rows {
		stmts[i] = Stmt{text, row}
	}
	return stmts
}

func (c *sqliteConn) queryMany(ctx context.Context, scan func(int, Row) error, stmts []Stmt) error {
	for i, s := range stmts {
		if err := c.query(ctx, func(r Row) error { return scan(i, r) }, s.SQL, s.Args); err != nil {
			return err
		}
	}
	return nil
}

// bounds is the context that statements of the writer run under: none. To interrupt a statement
// that writes would make SQLite roll back the whole transaction, with everybody else's closures in
// it; Tx looks at the context between statements.
func (c *sqliteConn) bounds(ctx context.Context) context.Context {
	if c.write {
		return context.Background()
	}
	return ctx
}

// failed translates an error and notes whether it cost the transaction.
func (c *sqliteConn) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return contextError(ctx, "run a statement")
	}
	err = sqliteError(err)
	if sqliteFatal(err) {
		c.fatal = err
	}
	return err
}

// insertText is the insert with values for so many rows.
func insertText(into string, rows, columns int, suffix string) string {
	var b strings.Builder
	b.WriteString(into)
	b.WriteString(" values ")
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		for col := range columns {
			b.WriteByte("(,"[min(col, 1)])
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	if suffix != "" {
		b.WriteByte(' ')
		b.WriteString(suffix)
	}
	return b.String()
}

// placeholders counts $1…$n outside of strings and comments. PostgreSQL refuses a gap; so does
// this, since SQLite would bind null.
func placeholders(sql string) (int, error) {
	var seen []bool
	for i := 0; i < len(sql); i++ {
		switch {
		case sql[i] == '\'' || sql[i] == '"':
			end := strings.IndexByte(sql[i+1:], sql[i])
			if end < 0 {
				return 0, errors.New("store: a quote is not closed")
			}
			i += end + 1
		case strings.HasPrefix(sql[i:], "--"):
			end := strings.IndexByte(sql[i:], '\n')
			if end < 0 {
				end = len(sql) - i - 1
			}
			i += end
		case sql[i] == '$':
			n := 0
			for i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' && n < 1<<16 {
				n = n*10 + int(sql[i+1]-'0')
				i++
			}
			if n == 0 || n >= 1<<16 {
				return 0, errors.New("store: placeholders are $1 to $65535")
			}
			for len(seen) < n {
				seen = append(seen, false)
			}
			seen[n-1] = true
		}
	}
	for i, s := range seen {
		if !s {
			return 0, fmt.Errorf("store: the statement skips $%d", i+1)
		}
	}
	return len(seen), nil
}
