package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// put inserts an item outside of what is tested.
func put(t testing.TB, db *store.DB, id int, name string) {
	t.Helper()
	err := db.Tx(t.Context(), "", func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), "insert into item (id, name) values ($1, $2)", id, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// names lists the items' names.
func names(t testing.TB, db *store.DB) (all []string) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		all = nil
		return tx.Query(t.Context(), func(r store.Row) error {
			var s string
			if err := r.Scan(&s); err != nil {
				return err
			}
			all = append(all, s)
			return nil
		}, "select name from item order by id")
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCompareAndSet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		nodes := []*store.DB{open(), open()}
		schema(t, nodes[0])
		put(t, nodes[0], 1, "counter")
		ctx := t.Context()
		const rounds = 5
		var wg sync.WaitGroup
		for g := range 64 {
			db := nodes[g%len(nodes)]
			wg.Go(func() {
				for range rounds {
					for {
						// What is read here is old by the time it is compared, so the
						// compare-and-set often loses.
						var n int64
						err := db.View(ctx, func(tx *store.Tx) error {
							return tx.QueryRow(ctx, "select n from item where id = 1").Scan(&n)
						})
						if err != nil {
							t.Error(err)
							return
						}
						var changed int64
						err = db.Tx(ctx, fmt.Sprint("lane ", g), func(tx *store.Tx) error {
							changed, err = tx.Exec(ctx, "update item set n = $1 where id = 1 and n = $2", n+1, n)
							return err
						})
						if err != nil {
							t.Error(err)
							return
						}
						if changed == 1 {
							break
						}
					}
				}
			})
		}
		wg.Wait()
		var n int
		err := nodes[0].View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "select n from item where id = 1").Scan(&n)
		})
		if err != nil || n != 64*rounds {
			t.Errorf("%d increments were kept, want %d (%v)", n, 64*rounds, err)
		}
	})
}

func TestConflictRunsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		put(t, db, 1, "x")
		var runs atomic.Int32
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, "update item set n = n + 1 where id = 1"); err != nil {
				return err
			}
			if runs.Add(1) < 6 {
				return fmt.Errorf("somebody was faster: %w", store.ErrConflict)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		err = db.Tx(ctx, "", func(*store.Tx) error { return store.ErrConflict })
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("a conflict without end: %v", err)
		}
		var n int
		err = db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow(ctx, "select n from item").Scan(&n) })
		if err != nil || n != 1 {
			t.Errorf("%d attempts were kept, want 1 (%v)", n, err)
		}
	})
}

func TestContextEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		insert := func(ctx context.Context, id int, meanwhile func()) error {
			return db.Tx(ctx, "one", func(tx *store.Tx) error {
				if _, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", id, fmt.Sprint(id)); err != nil {
					return err
				}
				meanwhile()
				return nil
			})
		}
		t.Run("in line", func(t *testing.T) {
			entered, leave := make(chan struct{}), make(chan struct{})
			var once sync.Once
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := insert(context.Background(), 1, func() { once.Do(func() { close(entered); <-leave }) }); err != nil {
					t.Error(err)
				}
			})
			<-entered
			ctx, cancel := context.WithCancel(t.Context())
			cause := errors.New("the client hung up")
			ctx, cancelCause := context.WithCancelCause(ctx)
			defer cancel()
			wg.Go(func() {
				err := insert(ctx, 2, func() { t.Error("a closure ran whose context had ended in line") })
				if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
					t.Errorf("got %v", err)
				}
			})
			cancelCause(cause)
			wg.Go(func() { // whoever comes later is not held up
				if err := insert(context.Background(), 3, func() {}); err != nil {
					t.Error(err)
				}
			})
			close(leave)
			wg.Wait()
		})
		t.Run("while it runs", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if err := insert(ctx, 4, cancel); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("before", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := insert(ctx, 5, func() {}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			err := db.View(ctx, func(tx *store.Tx) error {
				return tx.Query(ctx, func(store.Row) error { return nil }, "select id from item")
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("view: got %v", err)
			}
		})
		if got, want := names(t, db), []string{"1", "3"}; !slices.Equal(got, want) {
			t.Errorf("items %v, want %v", got, want)
		}
	})
}

func TestLongReadIsCancelled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		const numbers = "with recursive c (n) as (select 1 union all select n + 1 from c where n < 2000000000) "
		read := func(ctx context.Context, sql string, each func()) error {
			return db.View(ctx, func(tx *store.Tx) error {
				return tx.Query(ctx, func(store.Row) error { each(); return nil }, numbers+sql)
			})
		}
		t.Run("between rows", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if err := read(ctx, "select n from c", cancel); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("before the first row", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := read(ctx, "select max(n) from c", func() {}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestPanicInClosure(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				defer func() {
					if p := recover(); (p != nil) != (i%3 == 0) {
						t.Errorf("closure %d: recovered %v", i, p)
					}
				}()
				err := db.Tx(ctx, "", func(tx *store.Tx) error {
					if _, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", i, fmt.Sprint(i)); err != nil {
						return err
					}
					switch i % 3 {
					case 0:
						panic("help")
					case 1:
						runtime.Goexit() // as t.Fatal does
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := names(t, db); len(got) != 20 {
			t.Errorf("%d items, want 20", len(got))
		}
	})
}

func TestHooksRunForTheAttemptThatIsKept(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Fresh(t, engine)
			o.RunTwice = func() bool { return true }
			db := storetest.Open(t, o)
			schema(t, db)
			ctx := t.Context()
			runs, hooks := 0, 0
			err := db.Tx(ctx, "", func(tx *store.Tx) error {
				runs++
				tx.OnCommit(func() { hooks++ })
				_, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", runs, "x")
				return err
			})
			if err != nil || runs != 2 || hooks != 1 {
				t.Errorf("%d runs, %d hooks, %v; want 2, 1", runs, hooks, err)
			}
			err = db.Tx(ctx, "", func(tx *store.Tx) error {
				tx.OnCommit(func() { t.Error("the hook of a refused transaction ran") })
				return errors.New("no")
			})
			if err == nil {
				t.Error("no error")
			}
			if got := names(t, db); len(got) != 1 {
				t.Errorf("items %v: the first attempt was kept", got)
			}
		})
	}
}

func TestAnyAndInsertMany(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		rows := make([][]any, 1717)
		for i := range rows {
			rows[i] = []any{i, fmt.Sprintf("name \"%d\" \\ \u00e9 🐦", i)}
		}
		insert := func(rows [][]any) (n int64) {
			t.Helper()
			err := db.Tx(ctx, "", func(tx *store.Tx) (err error) {
				n, err = tx.InsertMany(ctx, "insert into item (id, name)", rows, "on conflict (id) do nothing")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := insert(rows[:1000]); n != 1000 {
			t.Errorf("inserted %d, want 1000", n)
		}
		if n := insert(rows); n != 717 {
			t.Errorf("inserted %d, want the 717 that were not there", n)
		}
		if n := insert(nil); n != 0 {
			t.Errorf("inserted %d of none", n)
		}
		for _, n := range []int{0, 1, 2, 1000} {
			list := make(store.List, n)
			for i := range list {
				list[i] = rows[i][1].(string)
			}
			if n == 0 {
				list = nil
			}
			any, among, others := 0, 0, 0
			err := db.View(ctx, func(tx *store.Tx) error {
				return errors.Join(
					tx.QueryRow(ctx, "select count(*) from item where id >= $1 and "+tx.Any("name", 2), 0, list).Scan(&any),
					tx.QueryRow(ctx, "select count(*) from item where id >= $1 and "+tx.Among("name", 2), 0, list).Scan(&among),
					tx.QueryRow(ctx, "select count(*) from item where id >= $1 and not "+tx.Among("name", 2), 0, list).Scan(&others))
			})
			if err != nil || any != n || among != n || others != len(rows)-n {
				t.Errorf("any of %d: found %d, %d among them and %d others, %v", n, any, among, others, err)
			}
		}
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.InsertMany(ctx, "insert into item (id, name)", [][]any{{1, "a"}, {2}}, "")
			return err
		})
		if err == nil {
			t.Error("rows of unequal length were inserted")
		}
	})
}

func TestBatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		var affected []int64
		err := db.Tx(ctx, "", func(tx *store.Tx) (err error) {
			affected, err = tx.Batch(ctx,
				store.Stmt{SQL: "insert into item (id, name) values ($1, $2), ($3, $4)", Args: []any{1, "a", 2, "b"}},
				store.Stmt{SQL: "update item set n = n + 1 where id = $1", Args: []any{3}},
				store.Stmt{SQL: "delete from item"})
			return err
		})
		if err != nil || !slices.Equal(affected, []int64{2, 0, 2}) {
			t.Errorf("affected %v, %v", affected, err)
		}
		err = db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.Batch(ctx,
				store.Stmt{SQL: "insert into item (id, name) values ($1, $2)", Args: []any{1, "a"}},
				store.Stmt{SQL: "insert into item (id, name) values ($1, $2)", Args: []any{1, "b"}})
			return err
		})
		if !errors.Is(err, store.ErrExists) || !strings.Contains(err.Error(), "statement 2") {
			t.Errorf("got %v", err)
		}
		if got := names(t, db); len(got) != 0 {
			t.Errorf("items %v, want none", got)
		}
	})
}

type accountID string

func TestScans(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		name := "ann"
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.InsertMany(ctx, "insert into item (id, name, flag, n)", [][]any{
				{int64(1), accountID("named"), true, uint8(7)},
				{2, (*string)(nil), false, int32(0)},
				{3, &name, true, sql.NullInt64{Int64: 5, Valid: true}},
			}, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		row := func(id int, dest ...any) error {
			return db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow(ctx, "select id, name, flag, n from item where id = $1", id).Scan(dest...)
			})
		}
		var (
			id    int
			who   accountID
			flag  bool
			n     int64
			maybe *string
			null  sql.NullString
			time  *int64
			whoP  *accountID
			any1  any
		)
		if err := row(1, &id, &who, &flag, &n); err != nil || id != 1 || who != "named" || !flag || n != 7 {
			t.Errorf("got %d %q %t %d, %v", id, who, flag, n, err)
		}
		if err := row(2, &id, &maybe, &flag, &time); err != nil || maybe != nil || flag || time == nil || *time != 0 {
			t.Errorf("got %v %t %v, %v", maybe, flag, time, err)
		}
		if err := row(3, &any1, &maybe, &flag, &n); err != nil || maybe == nil || *maybe != "ann" || n != 5 || any1 != int64(3) {
			t.Errorf("got %v %v %d, %v", any1, maybe, n, err)
		}
		if err := row(2, &id, &null, &flag, &n); err != nil || null.Valid {
			t.Errorf("got %v, %v", null, err)
		}
		if err := row(1, &id, &whoP, &flag, &n); err != nil || whoP == nil || *whoP != "named" {
			t.Errorf("got %v, %v", whoP, err)
		}
		if err := row(9, &id, &null, &flag, &n); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a row that is not there: %v", err)
		}
		for what, dest := range map[string][]any{
			"null into string":       {&id, &name, &flag, &n},
			"too few destinations":   {&id},
			"text into int":          {&id, &id, &flag, &n},
			"bigint into string":     {&name, &null, &flag, &n},
			"not a pointer":          {&id, null, flag, n},
			"bool into string":       {&id, &null, &name, &n},
			"too many destinations":  {&id, &null, &flag, &n, &n},
			"bigint into bool (n=2)": {&flag, &null, &flag, &n},
		} {
			if err := row(2, dest...); err == nil {
				t.Errorf("%s: no error", what)
			}
		}
		var sum int64
		var now int64
		err = db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "select sum(n), "+tx.NowMillis()+" from item").Scan(&sum, &now)
		})
		if wall := int64(1); err != nil || sum != 12 || now < wall {
			t.Errorf("sum %d, now %d, %v", sum, now, err)
		}
		for _, bad := range []any{time2(), []byte("x"), struct{}{}, ^uint64(0)} {
			err := db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow(ctx, "select id from item where id = $1", bad).Scan(&id)
			})
			if err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("an argument of type %T was taken: %v", bad, err)
			}
		}
	})
}

func time2() any { return time.Unix(0, 0) }

func TestStatementsDoNotNest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		put(t, db, 1, "x")
		ctx := t.Context()
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			return tx.Query(ctx, func(store.Row) error {
				_, err := tx.Exec(ctx, "delete from item")
				return err
			}, "select id from item")
		})
		if err == nil {
			t.Error("a statement ran while another's rows were read")
		}
		var kept *store.Tx
		if err := db.Tx(ctx, "", func(tx *store.Tx) error { kept = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := kept.Exec(ctx, "delete from item"); err == nil {
			t.Error("a transaction was used after its end")
		}
		wrong := errors.New("enough")
		err = db.Tx(ctx, "", func(tx *store.Tx) error {
			err := tx.Query(ctx, func(store.Row) error { return wrong }, "update item set n = 9 returning id")
			if !errors.Is(err, wrong) {
				t.Errorf("got %v", err)
			}
			_, err = tx.Exec(ctx, "update item set name = $1 where n = 9", "y")
			return err
		})
		if got := names(t, db); err != nil || !slices.Equal(got, []string{"y"}) {
			t.Errorf("an error of scan ended the transaction: %v, %v", got, err)
		}
	})
}

func TestViewCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		err := db.View(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "insert into item (id) values (1)")
			return err
		})
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("got %v", err)
		}
	})
}

func TestClosedStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(*store.Tx) error { return nil }
		if err := db.Tx(t.Context(), "", nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("tx: %v", err)
		}
		if err := db.View(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("view: %v", err)
		}
	})
}
