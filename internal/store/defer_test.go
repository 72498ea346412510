package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// What waits runs in the order in which it was asked for, before the next statement that is waited
// for.
func TestDeferKeepsItsPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := open(), context.Background()
		err := db.Tx(ctx, "x", func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `create table line (id text primary key, n bigint not null)`); err != nil {
				return err
			}
			tx.DeferInsert(`insert into line (id, n)`, [][]any{{"a", int64(1)}, {"b", int64(2)}, {"c", int64(3)}}, "")
			tx.DeferExpect(1, `update line set n = n + 10 where id = $1`, "a")
			tx.Defer(`update line set n = n + 100 where n > $1`, int64(2))
			var sum int64
			if err := tx.QueryRow(ctx, `select sum(n) from line`).Scan(&sum); err != nil {
				return err
			}
			if sum != 111+2+103 {
				t.Errorf("a statement that was waited for saw %d", sum)
			}
			tx.DeferExpect(1, `update line set n = 0 where id = $1`, "b")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		err = db.View(ctx, func(tx *store.Tx) error {
			got = nil
			var stmts []store.Stmt
			for _, id := range []string{"c", "nobody", "b", "a"} {
				stmts = append(stmts, store.Stmt{SQL: `select n from line where id = $1`, Args: []any{id}})
			}
			return tx.QueryMany(ctx, func(i int, row store.Row) error {
				var n int64
				err := row.Scan(&n)
				got = append(got, int64(i), n)
				return err
			}, stmts...)
		})
		if err != nil || !slices.Equal(got, []int64{0, 103, 2, 0, 3, 111}) {
			t.Fatalf("QueryMany = %v, %v", got, err)
		}
	})
}

// A compare-and-set that found something else undoes everything, and the closure is run again.
func TestDeferExpectIsACompareAndSet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := open(), context.Background()
		err := db.Tx(ctx, "x", func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `create table line (id text primary key, n bigint not null)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		runs := 0
		err = db.Tx(ctx, "x", func(tx *store.Tx) error {
			runs++
			tx.DeferInsert(`insert into line (id, n)`, [][]any{{"a", int64(1)}}, "")
			tx.DeferExpect(2, `update line set n = 7`)
			return nil
		})
		if !errors.Is(err, store.ErrConflict) || runs < 2 {
			t.Errorf("after %d runs: %v", runs, err)
		}
		err = db.Tx(ctx, "x", func(tx *store.Tx) error {
			tx.DeferExpect(1, `update line set n = 7`)
			tx.DeferInsert(`insert into line (id, n)`, [][]any{{"a", nil}}, "")
			return nil
		})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("a lost compare-and-set before a constraint: %v", err)
		}
		fault := errors.New("fault")
		err = db.Tx(ctx, "x", func(tx *store.Tx) error {
			tx.DeferInsert(`insert into line (id, n)`, [][]any{{"a", int64(1)}}, "")
			return fault
		})
		if !errors.Is(err, fault) {
			t.Errorf("a closure that failed: %v", err)
		}
		err = db.Tx(ctx, "x", func(tx *store.Tx) error {
			tx.DeferInsert(`insert into line (id, n)`, [][]any{{"a", int64(1)}, {"a", int64(2)}}, "")
			return nil
		})
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("a constraint: %v", err)
		}
		var count int64
		err = db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow(ctx, `select count(*) from line`).Scan(&count) })
		if err != nil || count != 0 {
			t.Errorf("%d rows stayed, %v", count, err)
		}
		err = db.View(ctx, func(tx *store.Tx) error {
			tx.Defer(`delete from line`)
			return nil
		})
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("a view that writes: %v", err)
		}
	})
}
