package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// wire stands between a store and its server, and can cut the connection.
type wire struct {
	listener net.Listener
	to       *pgconn.Config
	// cut is asked about everything a client sends.
	cut  atomic.Pointer[func(sent []byte) where]
	down atomic.Bool // refuses connections
	wg   sync.WaitGroup
}

type where int

const (
	nowhere where = iota
	before        // the server does not get to see it
	after         // the server answers it, the client does not get to see that
)

func newWire(t *testing.T, o *store.Options) *wire {
	t.Helper()
	to, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: to}
	w.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if w.down.Load() {
				_ = c.Close()
				continue
			}
			w.wg.Go(func() { w.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		w.wg.Wait()
	})
	q := url.Values{"sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(to.User, to.Password), Host: l.Addr().String(), Path: "/" + to.Database, RawQuery: q.Encode()}
	o.URL = u.String()
	return w
}

func (w *wire) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	network, address := pgconn.NetworkAddress(w.to.Host, w.to.Port)
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var mute atomic.Bool
	w.wg.Go(func() {
		defer func() { _ = client.Close() }()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || mute.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		cut := nowhere
		if f := w.cut.Load(); f != nil {
			cut = (*f)(buf[:n])
		}
		switch cut {
		case before:
			return
		case after:
			mute.Store(true) // the other direction ends with the answer
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// once cuts at the first message that holds text.
func (w *wire) once(at where, text string) {
	var done atomic.Bool
	f := func(sent []byte) where {
		if bytes.Contains(sent, []byte(text)) && done.CompareAndSwap(false, true) {
			return at
		}
		return nowhere
	}
	w.cut.Store(&f)
}

func needPostgres(t *testing.T) store.Options {
	t.Helper()
	if !slices.Contains(storetest.Engines(), "postgres") {
		t.Skip("MAGPIE_TEST_ENGINES leaves PostgreSQL out")
	}
	o := storetest.Fresh(t, "postgres")
	o.RunTwice = nil
	return o
}

// TestRaceOfTheServer: PostgreSQL reports one of its own races as an internal error, which is tried
// again; other internal errors are not.
func TestRaceOfTheServer(t *testing.T) {
	o := storetest.Fresh(t, "sqlite") // the engine does not matter: the error is made up
	o.RunTwice = nil
	db := storetest.Open(t, o)
	for routine, want := range map[string]int{"MultiXactIdCreateFromMembers": 2, "heap_update": 1} {
		attempts := 0
		failure := store.OfPostgres(&pgconn.PgError{Severity: "ERROR", Code: "XX000", Routine: routine})
		err := db.Tx(t.Context(), "race", func(*store.Tx) error {
			if attempts++; attempts == 1 {
				return failure
			}
			return nil
		})
		if attempts != want || (err == nil) != (want == 2) {
			t.Errorf("an internal error of %s: %d attempts, %v", routine, attempts, err)
		}
	}
}

func TestSQLStates(t *testing.T) {
	for code, want := range map[string]error{
		"23505": store.ErrExists, "23503": store.ErrForeignKey, "23514": store.ErrCheck, "23502": store.ErrCheck,
		"22021": store.ErrInvalidText, "25006": store.ErrReadOnly, "53100": store.ErrFull,
		"53300": store.ErrUnavailable, "57P01": store.ErrUnavailable, "57P03": store.ErrUnavailable, "08006": store.ErrUnavailable,
		"57014": store.ErrUnavailable, "42601": nil, "": nil,
	} {
		if got := store.SQLState(code); got != want {
			t.Errorf("%s is %v, want %v", code, got, want)
		}
	}
}

func TestURLErrorsHideThePassword(t *testing.T) {
	for _, u := range []string{
		"postgres://ann:sesame%zz@db.example.com/magpie", "postgres://ann:sesame@db.example.com:port/magpie",
		"postgres://ann:sesame@db.example.com/magpie?sslmode=sesame", "mysql://ann:sesame@db.example.com/magpie",
		"host=db.example.com password=sesame", "postgres://ann:sesame@[db/magpie",
		"postgres://ann:sesame@127.0.0.1:1/magpie",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: u})
		if err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func insertItem(ctx context.Context, tx *store.Tx, id int) error {
	_, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", id, fmt.Sprint(id))
	return err
}

func TestUnknownOutcome(t *testing.T) {
	for at, kept := range map[where]int{before: 0, after: 1} {
		t.Run([]string{before: "cut before", after: "cut after"}[at], func(t *testing.T) {
			o := needPostgres(t)
			w := newWire(t, &o)
			db := storetest.Open(t, o)
			schema(t, db)
			ctx := t.Context()
			w.once(at, "commit")
			runs := 0
			err := db.Tx(ctx, "", func(tx *store.Tx) error {
				runs++
				return insertItem(ctx, tx, 1)
			})
			if !errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrUnavailable) || runs != 1 {
				t.Errorf("%d runs, %v", runs, err)
			}
			if err := db.Tx(ctx, "", func(tx *store.Tx) error { return insertItem(ctx, tx, 2) }); err != nil {
				t.Errorf("the next transaction: %v", err)
			}
			if got := names(t, db); len(got) != kept+1 {
				t.Errorf("items %v", got)
			}
		})
	}
}

func TestConnectionLostBeforeCommit(t *testing.T) {
	for _, at := range []where{before, after} {
		t.Run([]string{before: "cut before", after: "cut after"}[at], func(t *testing.T) {
			o := needPostgres(t)
			o.Lanes = 1
			w := newWire(t, &o)
			db := storetest.Open(t, o)
			schema(t, db)
			ctx := t.Context()
			w.once(at, "cut me")
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					err := db.Tx(ctx, "", func(tx *store.Tx) error {
						if err := insertItem(ctx, tx, i); err != nil {
							return err
						}
						if i == 50 {
							_, err := tx.Exec(ctx, "update item set name = $1 where id = $2", "cut me", i)
							return err
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got := names(t, db); len(got) != 100 || got[50] != "cut me" {
				t.Errorf("%d items, want 100", len(got))
			}
			if s := db.Stats(); s.Reconnects == 0 || s.Reruns == 0 {
				t.Errorf("nothing was lost: %+v", s)
			}
		})
	}
}

func TestBackendTerminated(t *testing.T) {
	o := needPostgres(t)
	db := storetest.Open(t, o)
	schema(t, db)
	ctx := t.Context()
	runs := 0
	err := db.Tx(ctx, "", func(tx *store.Tx) error {
		if err := insertItem(ctx, tx, 1); err != nil {
			return err
		}
		if runs++; runs < 3 {
			_, err := tx.Exec(ctx, "select pg_terminate_backend(pg_backend_pid())")
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("the closure was told %v", err)
			}
			return nil // swallowed, which must not help
		}
		return nil
	})
	if err != nil || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
	err = db.Tx(ctx, "", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "select pg_terminate_backend(pg_backend_pid())")
		return err
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a closure that always kills its connection: %v", err)
	}
	reads := 0
	err = db.View(ctx, func(tx *store.Tx) error {
		if reads++; reads == 1 {
			_, err := tx.Exec(ctx, "select pg_terminate_backend(pg_backend_pid())")
			return err
		}
		return nil
	})
	if err != nil || reads != 2 {
		t.Errorf("%d reads, %v", reads, err)
	}
	if got := names(t, db); len(got) != 1 {
		t.Errorf("items %v", got)
	}
}

func TestServerAway(t *testing.T) {
	o := needPostgres(t)
	o.Patience = 200 * time.Millisecond
	w := newWire(t, &o)
	db := storetest.Open(t, o)
	schema(t, db)
	ctx := t.Context()
	w.down.Store(true)
	f := func([]byte) where { return before }
	w.cut.Store(&f)
	insert := func() error { return db.Tx(ctx, "", func(tx *store.Tx) error { return insertItem(ctx, tx, 1) }) }
	if err := insert(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("tx: %v", err)
	}
	if err := db.Ping(ctx); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	w.cut.Store(nil)
	w.down.Store(false)
	if err := insert(); err != nil {
		t.Errorf("tx when it is back: %v", err)
	}
	if err := db.Ping(ctx); err != nil {
		t.Errorf("ping when it is back: %v", err)
	}
}

func TestDeadlockIsRepeated(t *testing.T) {
	o := needPostgres(t)
	nodes := []*store.DB{storetest.Open(t, o), storetest.Open(t, o)}
	schema(t, nodes[0])
	put(t, nodes[0], 0, "a")
	put(t, nodes[0], 1, "b")
	ctx := t.Context()
	var met sync.WaitGroup // both hold their first row
	met.Add(2)
	var wg sync.WaitGroup
	for i, db := range nodes {
		first := true
		wg.Go(func() {
			err := db.Tx(ctx, "", func(tx *store.Tx) error {
				if _, err := tx.Exec(ctx, "update item set n = n + 1 where id = $1", i); err != nil {
					return err
				}
				if first {
					first = false
					met.Done()
					met.Wait()
				}
				_, err := tx.Exec(ctx, "update item set n = n + 1 where id = $1", 1-i)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n, again int64
	err := nodes[0].View(ctx, func(tx *store.Tx) error { return tx.QueryRow(ctx, "select sum(n) from item").Scan(&n) })
	for _, db := range nodes {
		again += db.Stats().Conflicts
	}
	if err != nil || n != 4 || again == 0 {
		t.Errorf("%d updates, %d repeated, %v; want 4, at least 1", n, again, err)
	}
}

// TestStandbyIsSilent: a commit that waits for a synchronous standby which is not there can be cut
// short by an operator; the server then says COMMIT, with a warning. That commit could be lost in a
// failover, so it must not count as one.
func TestStandbyIsSilent(t *testing.T) {
	needPostgres(t)
	cluster, err := storetest.StartCluster(storetest.ClusterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	o := store.Options{URL: cluster.URL("postgres"), Logger: storetest.Logger(t)}
	admin := storetest.Open(t, o)
	schema(t, admin)
	if err := cluster.Configure("synchronous_standby_names", "nobody"); err != nil {
		t.Fatal(err)
	}
	o.URL += "&synchronous_commit=on"
	db := storetest.Open(t, o)
	ctx := t.Context()
	committed := make(chan error)
	go func() {
		// The server takes the setting up some time after it was told to: until then commits wait
		// for nobody.
		var err error
		for i := 1; err == nil; i++ {
			err = db.Tx(ctx, "", func(tx *store.Tx) error { return insertItem(ctx, tx, i) })
		}
		committed <- err
	}()
	for {
		err := admin.View(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'")
			return err
		})
		if err != nil {
			t.Error(err)
		}
		select {
		case err := <-committed:
			if !errors.Is(err, store.ErrUnknownOutcome) {
				t.Errorf("got %v", err)
			}
			return
		default:
		}
	}
}

// TestFailover kills the primary under load and promotes its synchronous standby: everything that
// was acknowledged is there.
func TestFailover(t *testing.T) {
	needPostgres(t)
	primary, err := storetest.StartCluster(storetest.ClusterOptions{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Stop()
	standby, err := primary.Standby()
	if err != nil {
		t.Fatal(err)
	}
	defer standby.Stop()
	// On a machine that does much else a standby takes its time to be promoted.
	o := store.Options{URL: storetest.URLs("postgres", primary, standby) + "&target_session_attrs=read-write", Logger: storetest.Logger(t),
		Patience: time.Minute}
	db := storetest.Open(t, o)
	schema(t, db)
	if err := primary.Configure("synchronous_standby_names", "*"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		acked    []int
		unknown  int
		promoted atomic.Bool
		later    atomic.Int32 // acknowledged by the new primary
	)
	for g := range 8 {
		wg.Go(func() {
			for i := g; ctx.Err() == nil; i += 8 {
				err := db.Tx(t.Context(), fmt.Sprint(g), func(tx *store.Tx) error { return insertItem(t.Context(), tx, i) })
				mu.Lock()
				switch {
				case err == nil:
					acked = append(acked, i)
					if promoted.Load() && later.Add(1) >= 200 {
						cancel()
					}
				case errors.Is(err, store.ErrUnknownOutcome):
					unknown++
				default:
					t.Errorf("insert %d: %v", i, err)
				}
				if len(acked) == 300 {
					primary.Kill()
				}
				mu.Unlock()
			}
		})
	}
	<-primary.Done()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	promoted.Store(true)
	wg.Wait()
	found := make(map[string]bool)
	for _, name := range names(t, db) {
		found[name] = true
	}
	lost := 0
	for _, i := range acked {
		if !found[fmt.Sprint(i)] {
			lost++
		}
	}
	t.Logf("%d acknowledged, %d lost, %d outcomes unknown, %d rows", len(acked), lost, unknown, len(found))
	if lost > 0 || len(found) > len(acked)+unknown {
		t.Errorf("%d of %d acknowledged rows are lost; %d rows in all, %d unknown", lost, len(acked), len(found), unknown)
	}
}
