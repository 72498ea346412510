package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func tallies(t *testing.T, db *store.DB, scope string) (got map[string]int64) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		got, err = tx.Tallies(t.Context(), scope)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestTally: a tally is the sum over the transactions that committed, whatever lane and node they
// were written on, and in whatever group; those that failed, and first runs that are rolled back,
// add nothing.
func TestTally(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		nodes := []*store.DB{open(), open()}
		refused := errors.New("refused")
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				db := nodes[i%2]
				if i%3 == 0 {
					db = db.Background()
				}
				err := db.Tx(context.Background(), fmt.Sprint("lane ", i%7), func(tx *store.Tx) error {
					tx.Tally("s", "all", 1)
					tx.Tally("s", fmt.Sprint("by ", i%2), int64(i))
					tx.Tally("other", "all", 100)
					if i%5 == 0 {
						return refused
					}
					return nil
				})
				if i%5 == 0 != errors.Is(err, refused) {
					t.Errorf("transaction %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		want := map[string]int64{}
		for i := range 60 {
			if i%5 != 0 {
				want["all"]++
				want[fmt.Sprint("by ", i%2)] += int64(i)
			}
		}
		if got := tallies(t, nodes[0], "s"); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		both := map[string]int64{}
		err := nodes[0].View(t.Context(), func(tx *store.Tx) error {
			clear(both)
			return tx.TalliesOf(t.Context(), store.List{"s", "other", "nothing"}, func(scope, name string, n int64) { both[scope+" "+name] = n })
		})
		if err != nil || both["s all"] != want["all"] || both["other all"] != 100*want["all"] || len(both) != len(want)+1 {
			t.Errorf("of three scopes: %v, %v", both, err)
		}
		if got := tallies(t, nodes[1], "nothing"); len(got) != 0 {
			t.Errorf("a scope that nobody has used: %v", got)
		}
	})
}

// TestTallyOfDeferred: what depends on how many rows a deferred statement changes is tallied when
// that is known.
func TestTallyOfDeferred(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := open(), t.Context()
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "create table thing (id text primary key)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			err = db.Tx(ctx, "", func(tx *store.Tx) error {
				tx.DeferInsert("insert into thing (id)", [][]any{{"a"}, {"b"}, {"c"}}, "on conflict do nothing").
					Then(func(n int64) { tx.Tally("thing", "inserted", n) })
				tx.Defer("delete from thing where id = $1", "a").Then(func(n int64) { tx.Tally("thing", "deleted", n) })
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := tallies(t, db, "thing"); got["inserted"] != 4 || got["deleted"] != 2 {
			t.Errorf("got %v", got)
		}
	})
}
