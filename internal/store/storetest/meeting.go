package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"magpie/internal/store"
)

// Meeting has two nodes of one database meet: a transaction of the first is held at one of its
// steps while the second does something of its own.
type Meeting struct {
	First, Second *store.DB

	t       *testing.T
	gate    *gate
	monitor *pgx.Conn // nil on SQLite
}

// gate holds the transaction that takes the last of the steps which are left.
type gate struct {
	mu    sync.Mutex
	steps int // taken since it was set
	at    int // the step to hold at; 0: none
	held  chan struct{}
	open  chan struct{}
}

// step is store.Options.Step of the first node.
func (g *gate) step(context.Context) {
	g.mu.Lock()
	g.steps++
	here := g.steps == g.at
	held, open := g.held, g.open
	g.mu.Unlock()
	if here {
		close(held)
		<-open
	}
}

func (g *gate) set(at int) (held, open chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps, g.at, g.held, g.open = 0, at, make(chan struct{}), make(chan struct{})
	return g.held, g.open
}

// NewMeeting opens a fresh database twice, until the test ends. Closures run once.
func NewMeeting(t *testing.T, engine string) *Meeting {
	t.Helper()
	o := Fresh(t, engine)
	o.RunTwice = nil
	if o.URL != "" {
		// A transaction is held, and waited for, for as long as it takes.
		o.URL += "&idle_in_transaction_session_timeout=0&lock_timeout=0&statement_timeout=0"
	}
	m := &Meeting{t: t, gate: &gate{}, Second: Open(t, o)}
	o.Step = m.gate.step
	m.First = Open(t, o)
	if engine == "postgres" {
		var err error
		if m.monitor, err = pgx.Connect(t.Context(), o.URL); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.monitor.Close(context.Background()) })
	}
	return m
}

// Steps runs fn, which does something at the first node, and counts the steps of its transactions:
// one before each statement, and one before each commit.
func (m *Meeting) Steps(fn func()) int {
	m.gate.set(0)
	fn()
	m.gate.mu.Lock()
	defer m.gate.mu.Unlock()
	return m.gate.steps
}

// Run has first, at the first node, go as far as its given step, then second, at the second node,
// until it is through or waits for what first has locked, and then first to its end. It returns
// when both are through, and reports whether first came as far as that; if not, second was run
// after it. With SQLite, where a transaction that writes excludes all others, second always comes
// after first.
func (m *Meeting) Run(step int, first, second func()) bool {
	m.t.Helper()
	if m.monitor == nil {
		step = 0
	}
	held, open := m.gate.set(step)
	through, over := make(chan struct{}), make(chan struct{})
	go func() { defer close(through); first() }()
	select {
	case <-held:
	case <-through:
		second()
		return false
	}
	go func() { defer close(over); second() }()
	m.await(over)
	close(open)
	<-through
	<-over
	return true
}

// await returns when the channel is closed, or somebody waits for a lock.
func (m *Meeting) await(over chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
		}
		var waits bool
		err := m.monitor.QueryRow(context.Background(), `select exists (select 1 from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid())`).Scan(&waits)
		if err != nil {
			m.t.Errorf("ask who waits: %v", err)
			return
		}
		if waits {
			return
		}
	}
}

// Deadlocks is how many transactions of the database were ended because they waited for each other.
func (m *Meeting) Deadlocks() (n int64) {
	m.t.Helper()
	if m.monitor == nil {
		return 0
	}
	err := m.monitor.QueryRow(context.Background(), `select deadlocks from pg_stat_database where datname = current_database()`).Scan(&n)
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}
