package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	region     = "us-east-1"
	alice, bob = macie2.AccountID("111122223333"), macie2.AccountID("444455556666")
)

// fixture is a service with a package above it: things, which hang on sessions.
type fixture struct {
	*Service
	t     *testing.T
	db    *store.DB
	queue *queue.Queue
	now   time.Time
	told  []string // what the hooks were told, of transactions that committed
}

func newFixture(t *testing.T, db *store.DB) *fixture {
	q := queue.Open(db, queue.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	f := &fixture{Service: New(db, q), t: t, db: db, queue: q, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	tell := func(what string) func(context.Context, *store.Tx, Change) error {
		return func(_ context.Context, tx *store.Tx, c Change) error {
			tx.OnCommit(func() {
				f.told = append(f.told, fmt.Sprintf("%s %s %q to %q by %s", what, c.Account, c.From, c.To, c.By.Account))
			})
			return nil
		}
	}
	f.Hook(Hooks{OnEnable: tell("enable"), OnPause: tell("pause"), OnResume: tell("resume"), OnDisable: tell("disable")})
	f.Hook(Hooks{Sweep: func(ctx context.Context, tx *store.Tx, e Ended, limit int) (bool, error) {
		n, err := tx.Exec(ctx, `delete from thing where account_id = $1 and id in (select id from thing where account_id = $1 order by id limit $2)`,
			string(e.Account), limit)
		return n == int64(limit), err
	}})
	return f
}

// each runs fn on every engine, with the table of things.
func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		f := newFixture(t, open())
		f.tx(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "create table thing (id bigint primary key, account_id text not null)")
			return err
		})
		fn(t, f)
	})
}

func (f *fixture) tx(fn func(context.Context, *store.Tx) error) {
	f.t.Helper()
	if err := f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error { return fn(f.t.Context(), tx) }); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) call(account macie2.AccountID) *macie2.Call {
	f.now = f.now.Add(time.Millisecond)
	return &macie2.Call{Account: account, Region: region, Now: f.now, Principal: macie2.Principal{Account: account}}
}

func (f *fixture) enable(account macie2.AccountID) {
	f.t.Helper()
	if _, err := f.EnableMacie(f.t.Context(), f.call(account), &macie2.EnableMacieInput{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) disable(account macie2.AccountID) {
	f.t.Helper()
	if _, err := f.DisableMacie(f.t.Context(), f.call(account), &macie2.DisableMacieInput{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) update(account macie2.AccountID, to macie2.MacieStatus) error {
	_, err := f.UpdateMacieSession(f.t.Context(), f.call(account), &macie2.UpdateMacieSessionInput{Status: &to})
	return err
}

// count counts the rows of a table.
func (f *fixture) count(table string) (n int) {
	f.t.Helper()
	err := f.db.View(f.t.Context(), func(tx *store.Tx) error { return tx.QueryRow(f.t.Context(), "select count(*) from "+table).Scan(&n) })
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

func (f *fixture) things(account macie2.AccountID, n int) {
	f.t.Helper()
	from := f.count("thing")
	f.tx(func(ctx context.Context, tx *store.Tx) error {
		rows := make([][]any, n)
		for i := range rows {
			rows[i] = []any{from + i, string(account)}
		}
		_, err := tx.InsertMany(ctx, "insert into thing (id, account_id)", rows, "")
		return err
	})
}

// TestHooks: whoever changes a session, each change is told once, and what changes nothing is not
// told.
func TestHooks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.enable(alice)
		for _, to := range []macie2.MacieStatus{macie2.MacieStatusPaused, macie2.MacieStatusPaused, macie2.MacieStatusEnabled} {
			if err := f.update(alice, to); err != nil {
				t.Fatal(err)
			}
		}
		by := macie2.Principal{Account: bob}
		f.tx(func(ctx context.Context, tx *store.Tx) error {
			return f.SetStatus(ctx, tx, Change{Region: region, Account: alice, To: macie2.MacieStatusPaused, By: by, At: f.now})
		})
		f.tx(func(ctx context.Context, tx *store.Tx) error {
			return f.SetStatus(ctx, tx, Change{Region: region, Account: alice, To: macie2.MacieStatusPaused, By: by, At: f.now})
		})
		f.tx(func(ctx context.Context, tx *store.Tx) error {
			return f.Ensure(ctx, tx, region, []macie2.AccountID{bob, alice}, by, f.now)
		})
		f.tx(func(ctx context.Context, tx *store.Tx) error {
			return f.Ensure(ctx, tx, region, []macie2.AccountID{bob, alice}, by, f.now)
		})
		f.disable(alice)
		want := []string{
			`enable 111122223333 "" to "ENABLED" by 111122223333`,
			`pause 111122223333 "ENABLED" to "PAUSED" by 111122223333`,
			`resume 111122223333 "PAUSED" to "ENABLED" by 111122223333`,
			`pause 111122223333 "ENABLED" to "PAUSED" by 444455556666`,
			`enable 444455556666 "" to "ENABLED" by 444455556666`,
			`resume 111122223333 "PAUSED" to "ENABLED" by 444455556666`,
			`disable 111122223333 "ENABLED" to "" by 111122223333`,
		}
		if !slices.Equal(f.told, want) {
			t.Errorf("told:\n%q\nwant:\n%q", f.told, want)
		}
		err := f.db.Tx(t.Context(), "", func(tx *store.Tx) error {
			return f.SetStatus(t.Context(), tx, Change{Region: region, Account: alice, To: macie2.MacieStatusPaused, At: f.now})
		})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("pause a session that is not there: %v", err)
		}
	})
}

// TestHooksRefuse: what a hook refuses does not happen, and nothing of it is left.
func TestHooksRefuse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		refused := errors.New("refused")
		var refuse string
		on := func(what string) func(context.Context, *store.Tx, Change) error {
			return func(context.Context, *store.Tx, Change) error {
				if what == refuse {
					return refused
				}
				return nil
			}
		}
		f.Hook(Hooks{OnEnable: on("enable"), OnPause: on("pause"), OnResume: on("resume"), OnDisable: on("disable"),
			BeforeUpdate: func(_ context.Context, _ *store.Tx, _ *macie2.Call, _ Session, to macie2.MacieStatus) error {
				return on("before "+string(to))(nil, nil, Change{})
			},
			BeforeDisable: func(context.Context, *store.Tx, *macie2.Call, Session) error {
				return on("before disable")(nil, nil, Change{})
			},
		})
		expect := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, refused) {
				t.Errorf("%s: %v", what, err)
			}
		}
		refuse = "enable"
		_, err := f.EnableMacie(t.Context(), f.call(alice), &macie2.EnableMacieInput{})
		expect("enable", err)
		if n := f.count("macie_session"); n != 0 {
			t.Errorf("%d sessions", n)
		}
		refuse = ""
		f.enable(alice)
		for _, r := range []string{"pause", "before PAUSED"} {
			refuse = r
			expect(r, f.update(alice, macie2.MacieStatusPaused))
		}
		for _, r := range []string{"disable", "before disable"} {
			refuse = r
			_, err := f.DisableMacie(t.Context(), f.call(alice), &macie2.DisableMacieInput{})
			expect(r, err)
		}
		out, err := f.GetMacieSession(t.Context(), f.call(alice), &macie2.GetMacieSessionInput{})
		if err != nil || *out.Status != macie2.MacieStatusEnabled || f.count("session_ended") != 0 {
			t.Errorf("after all that was refused: %v, %v", out, err)
		}
	})
}

// TestSweep: what an account had goes in batches after its session, and nobody else's.
func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.enable(alice)
		f.enable(bob)
		f.things(alice, 2*sweepRows+5)
		f.things(bob, 3)
		f.disable(alice)
		if n := f.count("thing"); n != 2*sweepRows+8 {
			t.Errorf("%d things, want all of them: the transaction marks only", n)
		}
		n, err := f.queue.Drain(t.Context())
		if err != nil || n != 3 || f.count("thing") != 3 || f.count("session_ended") != 0 {
			t.Errorf("after %d tasks, %v, there are %d things and %d marks", n, err, f.count("thing"), f.count("session_ended"))
		}
	})
}

// TestEnableBeforeTheSweepIsThrough: an account that enables Macie again, or whose administrator
// does, sees nothing of before, and the task that comes later takes nothing of what is new.
func TestEnableBeforeTheSweepIsThrough(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for name, again := range map[string]func(){
			"EnableMacie": func() { f.enable(alice) },
			"Ensure": func() {
				f.tx(func(ctx context.Context, tx *store.Tx) error {
					return f.Ensure(ctx, tx, region, []macie2.AccountID{bob, alice}, macie2.Principal{}, f.now)
				})
			},
		} {
			f.enable(alice)
			f.things(alice, sweepRows+5)
			f.disable(alice)
			if again(); f.count("thing") != 0 || f.count("session_ended") != 0 {
				t.Errorf("%s: %d things of before, %d marks", name, f.count("thing"), f.count("session_ended"))
			}
			f.things(alice, 7)
			if _, err := f.queue.Drain(t.Context()); err != nil || f.count("thing") != 7 {
				t.Errorf("%s: the task took new things: %d are left, %v", name, f.count("thing"), err)
			}
			f.disable(alice)
			if _, err := f.queue.Drain(t.Context()); err != nil || f.count("thing") != 0 {
				t.Errorf("%s: %d things are left, %v", name, f.count("thing"), err)
			}
		}
	})
}

// TestEnsureHoldsSessions pauses a session that Ensure has just found enabled, from another
// connection. What follows Ensure in its transaction relies on the session, so it must be enabled
// there, and the attempt that found it paused made again.
func TestEnsureHoldsSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.enable(alice)
		paused, attempts := make(chan error, 1), 0
		f.tx(func(ctx context.Context, tx *store.Tx) error {
			if err := f.Ensure(ctx, tx, region, []macie2.AccountID{alice}, macie2.Principal{}, f.now); err != nil {
				return err
			}
			if attempts++; attempts == 1 {
				go func() {
					paused <- f.db.Tx(t.Context(), "another", func(tx *store.Tx) error {
						_, err := tx.Exec(t.Context(), `update macie_session set status = 'PAUSED' where account_id = $1`, alice)
						return err
					})
				}()
				if f.db.Engine() == "postgres" { // with SQLite, the other transaction waits for the end of this one
					err := <-paused
					if paused <- err; err != nil {
						return err
					}
				}
			}
			if err := tx.Flush(ctx); err != nil {
				return err
			}
			x, err := Of(ctx, tx, region, alice)
			if err == nil && x.Status != macie2.MacieStatusEnabled {
				t.Errorf("the session is %s where Ensure's transaction goes on", x.Status)
			}
			return err
		})
		if err := <-paused; err != nil {
			t.Fatal(err)
		}
	})
}
