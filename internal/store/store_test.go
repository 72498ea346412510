package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// schema makes the tables that the tests of this package use.
func schema(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Tx(t.Context(), "", func(tx *store.Tx) error {
		for _, sql := range []string{
			"create table parent (id text primary key)",
			`create table item (id bigint primary key, name text unique, parent text references parent (id),
			 flag boolean not null default false, n bigint not null default 0 check (n >= 0))`,
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestErrorsAreTranslated(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		insert := func(sql string, args ...any) error {
			return db.Tx(ctx, "", func(tx *store.Tx) error {
				_, err := tx.Exec(ctx, sql, args...)
				return err
			})
		}
		if err := insert("insert into item (id, name) values ($1, $2)", 1, "one"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			sql  string
			args []any
			want error
		}{
			{"primary key", "insert into item (id, name) values ($1, $2)", []any{1, "x"}, store.ErrExists},
			{"unique", "insert into item (id, name) values ($1, $2)", []any{2, "one"}, store.ErrExists},
			{"foreign key", "insert into item (id, parent) values ($1, $2)", []any{2, "nobody"}, store.ErrForeignKey},
			{"check", "insert into item (id, n) values ($1, $2)", []any{2, -1}, store.ErrCheck},
			{"not null", "insert into item (id, n) values ($1, $2)", []any{2, nil}, store.ErrCheck},
			{"NUL", "insert into item (id, name) values ($1, $2)", []any{2, "a\x00b"}, store.ErrInvalidText},
			{"bad UTF-8", "insert into item (id, name) values ($1, $2)", []any{2, "a\xffb"}, store.ErrInvalidText},
			{"syntax", "insert into itm", nil, nil},
			{"too few arguments", "insert into item (id, name) values ($1, $2)", []any{2}, nil},
			{"too many arguments", "insert into item (id) values ($1)", []any{2, "x"}, nil},
			{"skipped placeholder", "insert into item (id) values ($2)", []any{2, 3}, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				err := insert(c.sql, c.args...)
				if err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		}
	})
}

func TestGroupKeepsEachClosureToItself(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		schema(t, db)
		ctx := t.Context()
		wrong := errors.New("wrong")
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				err := db.Tx(ctx, "same", func(tx *store.Tx) error {
					if _, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", i, fmt.Sprint(i)); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return wrong
					case 2:
						_, _ = tx.Exec(ctx, "insert into item (id) values ($1)", i) // its failure is not to be swallowed
					}
					return nil
				})
				want := map[int]error{1: wrong, 2: store.ErrExists}[i%4]
				if !errors.Is(err, want) {
					t.Errorf("closure %d: got %v, want %v", i, err, want)
				}
			})
		}
		wg.Wait()
		var n, odd int
		err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "select count(*), count(case when id % 4 in (1, 2) then 1 end) from item").Scan(&n, &odd)
		})
		if err != nil || n != 100 || odd != 0 {
			t.Errorf("%d rows, %d of them from refused closures, %v; want 100, 0", n, odd, err)
		}
		if s := db.Stats(); s.Transactions < 100 || s.Commits >= s.Transactions {
			t.Errorf("no group was committed: %+v", s)
		}
	})
}

func BenchmarkTx(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
				benchmarkTx(b, open(), clients)
			})
		}
	})
}

func benchmarkTx(b *testing.B, db *store.DB, clients int) {
	ctx := context.Background()
	err := db.Tx(ctx, "", func(tx *store.Tx) error {
		for _, sql := range []string{
			"create table if not exists bm_member (id text primary key, account text not null, state text not null, at bigint not null)",
			"create table if not exists bm_invitation (id text primary key, member text not null, message text not null)",
			"create index if not exists bm_invitation_member on bm_invitation (member)",
			"create table if not exists bm_outbox (id text primary key, run_at bigint not null, payload text not null)",
			"create index if not exists bm_outbox_run_at on bm_outbox (run_at)",
			"delete from bm_member", "delete from bm_invitation", "delete from bm_outbox",
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	work := make(chan int)
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for i := range work {
				id := fmt.Sprintf("%032d", i)
				err := db.Tx(ctx, fmt.Sprint(i%16), func(tx *store.Tx) error {
					_, err := tx.Batch(ctx,
						store.Stmt{SQL: "insert into bm_member (id, account, state, at) values ($1, $2, $3, $4)", Args: []any{id, "111122223333", "Invited", i}},
						store.Stmt{SQL: "insert into bm_invitation (id, member, message) values ($1, $2, $3)", Args: []any{id, id, "hello"}},
						store.Stmt{SQL: "insert into bm_outbox (id, run_at, payload) values ($1, $2, $3)", Args: []any{id, i, "{}"}})
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		work <- i
	}
	close(work)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
	s := db.Stats()
	b.ReportMetric(float64(s.Transactions)/float64(s.Commits), "tx/commit")
}

func BenchmarkView(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		db := open()
		schema(b, db)
		ctx := b.Context()
		rows := make([][]any, 10_000)
		for i := range rows {
			rows[i] = []any{i, fmt.Sprintf("%032d", i)}
		}
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.InsertMany(ctx, "insert into item (id, name)", rows, "")
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		for _, page := range []int{1, 50} {
			b.Run(fmt.Sprint("rows=", page), func(b *testing.B) {
				ctx, cancel := context.WithCancel(b.Context()) // as a request's is
				defer cancel()
				b.RunParallel(func(p *testing.PB) {
					for i := 0; p.Next(); i++ {
						err := db.View(ctx, func(tx *store.Tx) error {
							return tx.Query(ctx, func(r store.Row) error {
								var id int64
								var name string
								return r.Scan(&id, &name)
							}, "select id, name from item where id >= $1 order by id limit $2", i*37%9000, page)
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	})
}
