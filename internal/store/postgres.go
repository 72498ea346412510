package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresEngine has a few lanes for writers, each a connection of its own, and a pool for readers,
// and both once more for the background.
type postgresEngine struct {
	front, behind postgresSide
	patience      time.Duration
}

type postgresSide struct {
	pool    *pgxpool.Pool
	stripes *stripes
}

const (
	// postgresGroup is the number of closures that share a commit at most.
	postgresGroup = 64
	// connectTimeout bounds one attempt to connect to one host.
	connectTimeout = 3 * time.Second
	// groupTimeout bounds a transaction of a lane on this side, for a server that has stopped to
	// answer.
	groupTimeout = time.Minute
	// commitTimeout is how long a COMMIT may take before its outcome counts as unknown. A server
	// that waits for a synchronous standby which is gone can take for ever.
	commitTimeout = 30 * time.Second
)

// Bounds that the server keeps, so that a frozen node cannot hold locks for others. lock_timeout is
// repeated like a serialization failure.
var postgresBounds = map[string]string{
	"statement_timeout":                   "30s",
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "15s",
	"application_name":                    "magpie",
}

func openPostgres(ctx context.Context, o Options, c *counters) (engine, error) {
	config, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	base := config.ConnConfig
	if base.ConnectTimeout == 0 || base.ConnectTimeout > connectTimeout {
		base.ConnectTimeout = connectTimeout
	}
	base.DialFunc = dialPostgres
	migration := base.Copy()
	for name, value := range postgresBounds {
		if _, set := base.RuntimeParams[name]; !set {
			base.RuntimeParams[name] = value
		}
	}
	writer := base.Copy()
	if writer.ValidateConnect == nil {
		// A lane that finds itself on a standby after a failover looks on.
		writer.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if err := migratePostgres(ctx, migration, o); err != nil {
		return nil, subject("open "+address(base), err)
	}

	// Readers: a context that ends cancels the statement and keeps the connection.
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set default_transaction_read_only = on")
		return err
	}
	n := o.Lanes
	if n == 0 {
		n = 8
	}
	shard := rand.Int64N(tallyShards)
	side := func(readers, lanes int) (s postgresSide, err error) {
		config := config.Copy()
		config.MaxConns = int32(readers)
		if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
			return s, subject("open "+address(base), postgresError(err))
		}
		all := make([]*lane, lanes)
		for i := range all {
			shard = (shard + 1) % tallyShards
			all[i] = newLane(&postgresWriter{config: writer, counters: c}, postgresGroup, shard, o, c)
		}
		s.stripes = newStripes(all)
		return s, nil
	}
	e := &postgresEngine{patience: o.Patience}
	if e.front, err = side(defaultReaders(o), n); err != nil {
		return nil, err
	}
	if e.behind, err = side(backgroundReaders, backgroundLanes); err != nil {
		e.front.close()
		return nil, err
	}
	return e, nil
}

// parseURL reads the database URL. Its errors may be shown: pgx masks a password where it
// recognises one, and what it says of a URL that cannot be taken apart is not passed on.
func parseURL(text string) (*pgxpool.Config, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("store: open: the database URL must look like postgres://user:password@host:port/database")
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		if password, ok := u.User.Password(); ok && strings.Contains(err.Error(), password) {
			err = errors.New("it cannot be read")
		}
		return nil, fmt.Errorf("store: open: the database URL: %w", err)
	}
	return config, nil
}

// address names the server without its credentials.
func address(c *pgx.ConnConfig) string {
	return fmt.Sprintf("postgres %s:%d/%s", c.Host, c.Port, c.Database)
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) side(background bool) *postgresSide {
	if background {
		return &e.behind
	}
	return &e.front
}

func (e *postgresEngine) lane(name string, background bool) (*lane, func()) {
	return e.side(background).stripes.take(name)
}

// view tries for as long as a transaction would: the whole pool dies with a server, and pgx finds
// out one connection at a time.
func (e *postgresEngine) view(ctx context.Context, background bool, fn func(*Tx) error) error {
	pool := e.side(background).pool
	for attempt, began := 1, time.Now(); ; attempt++ {
		again, err := viewOnce(ctx, pool, fn)
		if err == nil || !again || ctx.Err() != nil || time.Since(began) > e.patience {
			return err
		}
		if attempt == 1 {
			pool.Reset()
		}
		if pause(ctx, attempt+3) != nil {
			return err
		}
	}
}

func viewOnce(ctx context.Context, pool *pgxpool.Pool, fn func(*Tx) error) (again bool, err error) {
	c, err := pool.Acquire(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return false, contextError(ctx, "wait for a reading connection")
		}
		return true, subject("connect", postgresError(err))
	}
	defer c.Release()
	conn := &postgresConn{conn: c.Conn(), reader: true}
	tx := &Tx{conn: conn}
	defer func() { tx.over = true }()
	err = fn(tx)
	if err == nil {
		err = tx.failed
	}
	if conn.fatal != nil {
		closeNow(conn.conn) // and not back into the pool
	}
	return conn.fatal != nil, err
}

func (e *postgresEngine) ping(ctx context.Context) error {
	return e.view(ctx, false, func(tx *Tx) error {
		var one int
		return tx.QueryRow(ctx, "select 1").Scan(&one)
	})
}

func (e *postgresEngine) close() error {
	e.front.close()
	e.behind.close()
	return nil
}

func (s *postgresSide) close() {
	s.stripes.close()
	s.pool.Close()
}

// postgresWriter is a lane's connection, opened when first needed and again when it died.
type postgresWriter struct {
	postgresConn
	config   *pgx.ConnConfig
	counters *counters
	warned   bool // the server sent a warning
	endGroup context.CancelFunc
}

func (s *postgresWriter) begin(ctx context.Context) error {
	if s.conn != nil && s.conn.IsClosed() {
		s.drop()
	}
	if s.conn == nil {
		config := s.config.Copy()
		config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
			s.warned = s.warned || n.SeverityUnlocalized == "WARNING"
		}
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return subject("connect", wrapKind(ErrUnavailable, postgresError(err)))
		}
		s.conn = conn
	}
	s.pending = append(s.pending[:0], "begin")
	s.begun, s.fatal = false, nil
	s.group, s.endGroup = context.WithTimeout(context.Background(), groupTimeout)
	return nil
}

func (s *postgresWriter) drop() {
	if s.conn != nil {
		closeNow(s.conn)
		s.conn = nil
		s.counters.reconnects.Add(1)
	}
}

// closeNow closes without waiting for a server that may not answer.
func closeNow(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// Control statements wait for the next statement and travel in front of it.
func (s *postgresWriter) savepoint() { s.pending = append(s.pending, "savepoint closure") }
func (s *postgresWriter) release()   { s.pending = append(s.pending, "release savepoint closure") }

func (s *postgresWriter) undo() {
	s.pending = append(s.pending, "rollback to savepoint closure", "release savepoint closure")
	if s.conn.PgConn().TxStatus() == 'E' {
		// In a failed transaction the server prepares no statement, so these cannot wait for one.
		s.flush()
	}
}

func (s *postgresWriter) lost() error {
	if s.fatal == nil && s.conn.IsClosed() {
		s.fatal = wrapKind(ErrUnavailable, errors.New("the connection was lost"))
	}
	return s.fatal
}

func (s *postgresWriter) rollback() {
	s.endGroup()
	s.pending = s.pending[:0]
	if s.conn == nil {
		return
	}
	if s.fatal == nil && !s.conn.IsClosed() && s.conn.PgConn().TxStatus() != 'I' {
		s.pending = append(s.pending, "rollback")
		s.flush()
	}
	if s.fatal != nil || s.conn.IsClosed() {
		s.drop()
	}
	s.fatal = nil
}

// flush sends the control statements that wait.
func (s *postgresWriter) flush() {
	if _, err := s.control(""); err != nil && s.fatal == nil {
		s.fatal = wrapKind(ErrUnavailable, err)
	}
}

// control sends the control statements that wait and one more as one simple query, which needs no
// preparation, and returns the server's word on the last.
func (s *postgresWriter) control(last string) (tag string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	sql := strings.Join(s.pending, "; ")
	s.pending = s.pending[:0]
	if sql != "" && last != "" {
		sql += "; "
	}
	results, err := s.conn.PgConn().Exec(ctx, sql+last).ReadAll()
	if err != nil {
		return "", err
	}
	return results[len(results)-1].CommandTag.String(), nil
}

var errCommitRefused = errors.New("the server did not commit")

func (s *postgresWriter) commit() (safe bool, err error) {
	s.endGroup()
	if !s.begun {
		s.pending = s.pending[:0] // no statement was sent, there is nothing to commit
		return false, nil
	}
	if s.conn.IsClosed() {
		s.drop()
		return true, subject("commit", wrapKind(ErrUnavailable, pgconn.ErrConnClosed))
	}
	s.warned = false
	tag, err := s.control("commit")
	switch {
	case err == nil && tag == "COMMIT" && !s.warned:
		return false, nil
	case err == nil && tag == "ROLLBACK":
		return false, subject("commit", errCommitRefused)
	case err == nil:
		// The warning: the wait for the synchronous standby was cut short, so a failover could lose
		// the transaction.
		return false, subject("commit", wrapKind(ErrUnknownOutcome, fmt.Errorf("the server answered %s with a warning", tag)))
	case s.conn.IsClosed():
		// pgconn.SafeToRetry is no help: it says yes even when the connection broke while the
		// answer was awaited.
		s.drop()
		return false, subject("commit", wrapKind(ErrUnknownOutcome, err))
	default:
		err = subject("commit", postgresError(err)) // refused: a deferred constraint, a serialization failure
		s.rollback()
		return false, err
	}
}

func (s *postgresWriter) close() {
	if s.conn != nil {
		closeNow(s.conn)
	}
}

// dialPostgres notices within seconds that a server's host is gone: one that lost power answers
// nothing, not even no.
func dialPostgres(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
		Control:         boundRetransmission,
	}
	return d.DialContext(ctx, network, address)
}

var postgresDialect = dialect{
	any: func(column string, n int) string { return column + " = any($" + strconv.Itoa(n) + ")" },
	among: func(column string, n int) string {
		// Not a condition of its own, which the planner would make a join of.
		return "coalesce(" + column + " in (select unnest(cast($" + strconv.Itoa(n) + " as text[]))), false)"
	},
	contains:            func(column string, n int) string { return "strpos(" + column + ", $" + strconv.Itoa(n) + ") > 0" },
	forUpdateSkipLocked: " for update skip locked",
	forKeyShare:         " for key share",
	forShare:            " for share",
	nowMillis:           "cast(floor(extract(epoch from statement_timestamp()) * 1000) as bigint)",
}
