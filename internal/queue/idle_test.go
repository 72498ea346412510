package queue

import (
	"context"
	"strings"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestIdleIsTold: a worker that holds a long task learns that another has a free slot and nothing to do, and splits its own.
func TestIdleIsTold(t *testing.T) {
	before := idleHolds
	idleHolds = time.Hour
	t.Cleanup(func() { idleHolds = before })
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		ctx := t.Context()
		var nodes []*Queue
		var kinds []*externalKind
		var workers []*worker
		for range 2 {
			q := Open(open(), Options{Logger: storetest.Logger(t)})
			q.Long(Long{Kind: "shard"})
			nodes, kinds, workers = append(nodes, q), append(kinds, q.external[0]), append(workers, newWorker(q))
		}
		if claimed, _, err := kinds[1].claim(ctx, workers[1], 1); err != nil || len(claimed) != 0 || kinds[1].idle() {
			t.Errorf("nothing is there, %v: claimed %d, idle %t", err, len(claimed), kinds[1].idle())
		}
		half := func(key string) New { return New{Kind: "shard", Key: key, Tenant: "a", Group: "run"} }
		if err := nodes[0].db.Tx(ctx, "", func(tx *store.Tx) error { return nodes[0].Enqueue(ctx, tx, half("1")) }); err != nil {
			t.Fatal(err)
		}
		claimed, _, err := kinds[0].claim(ctx, workers[0], 1)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %d, %v", len(claimed), err)
		}
		h := &Held{h: claimed[0], alive: func() {}}
		if h.Idle() || h.Wanted() {
			t.Error("nobody is idle")
		}
		if claimed, _, err := kinds[1].claim(ctx, workers[1], 1); err != nil || len(claimed) != 0 {
			t.Fatalf("claimed %d, %v", len(claimed), err)
		}
		if err := nodes[0].poll(ctx); err != nil || !h.Idle() || !h.Wanted() {
			t.Fatalf("the other is idle, and this one does not know: %v", err)
		}
		err = nodes[0].background.Tx(ctx, "", func(tx *store.Tx) error {
			if err := h.Progress(ctx, tx, "first half"); err != nil {
				return err
			}
			return nodes[0].Enqueue(ctx, tx, half("2"))
		})
		if err != nil {
			t.Fatal(err)
		}
		if claimed, _, err := kinds[1].claim(ctx, workers[1], 2); err != nil || len(claimed) != 1 || claimed[0].Key != "2" {
			t.Errorf("claimed %d, %v", len(claimed), err)
		}
	})
}

// TestNewIsLeft: a node that works on a long task leaves what has just become due to one that has none, for a second.
func TestNewIsLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		ctx := t.Context()
		now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
		var nodes []*Queue
		var kinds []*externalKind
		var workers []*worker
		for range 2 {
			q := Open(open(), Options{Logger: storetest.Logger(t), Clock: func() time.Time { return now }})
			q.Long(Long{Kind: "shard"})
			nodes, kinds, workers = append(nodes, q), append(kinds, q.external[0]), append(workers, newWorker(q))
		}
		enqueue := func(key string) {
			t.Helper()
			if err := nodes[0].db.Tx(ctx, "", func(tx *store.Tx) error {
				return nodes[0].Enqueue(ctx, tx, New{Kind: "shard", Key: key, Tenant: "a", Group: "run"})
			}); err != nil {
				t.Fatal(err)
			}
		}
		claims := func(node, want int, when string) {
			t.Helper()
			if claimed, _, err := kinds[node].claim(ctx, workers[node], 4); err != nil || len(claimed) != want {
				t.Fatalf("%s: node %d claimed %d tasks, not %d, %v", when, node, len(claimed), want, err)
			}
		}
		enqueue("1")
		claims(0, 1, "nobody has anything")
		kinds[0].slots <- struct{}{} // it works on it
		enqueue("2")
		claims(0, 1, "nobody else is there")
		claims(1, 0, "nothing is left")
		if err := nodes[0].poll(ctx); err != nil || !kinds[0].leaves() {
			t.Fatalf("the other has nothing, and this one does not know: %v", err)
		}
		kinds[0].idleness.told = time.Now().Add(time.Hour) // however long the rest takes
		enqueue("3")
		claims(0, 0, "the other has nothing")
		claims(1, 1, "it has nothing")
		enqueue("4")
		now = now.Add(leaveFor)
		claims(0, 1, "the other has not taken it")
		<-kinds[0].slots
		enqueue("5")
		claims(0, 1, "neither works")
	})
}

// TestRecount: the kept numbers are corrected where nodes that do not keep them were at work, by one of those that notice.
func TestRecount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		q, other := Open(open(), Options{Logger: storetest.Logger(t)}), Open(open(), Options{Logger: storetest.Logger(t)})
		ctx := t.Context()
		err := q.db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `insert into task (kind, key, payload, enqueued_at, run_at) values ('old', 'a', 'null', 1, 1), ('old', 'b', 'null', 1, 1)`)
			tx.Tally(tallyScope, "gone", 5)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 2)
		for _, q := range []*Queue{q, other} {
			go func() { done <- q.recount(context.WithoutCancel(ctx)) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		depths, err := q.Depths(ctx)
		if err != nil || len(depths) != 1 || depths[0].Kind != "old" || depths[0].Ready != 2 {
			t.Errorf("%+v, %v", depths, err)
		}
	})
}

// TestPollIsOneQuery: what workers ask several times a second reads the same each time, and grows with the kinds by no more than their names:
// a database keeps the plan of a query that it knows, and plans others anew.
func TestPollIsOneQuery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		asked := map[string]bool{}
		subqueries := map[int]bool{}
		for n := range 8 {
			q := Open(db, Options{Logger: storetest.Logger(t)})
			for i := range 4 + n {
				q.Transactional(Transactional{Kind: string(rune('a' + i)), Handle: func(context.Context, *store.Tx, []Task) error { return nil }})
				q.Long(Long{Kind: string(rune('A' + i))})
			}
			for range 3 {
				err := db.View(t.Context(), func(tx *store.Tx) error {
					sql, args := q.pollQuery(tx)
					if len(args) != len(q.wakes) {
						t.Errorf("%d arguments for %d kinds", len(args), len(q.wakes))
					}
					asked[sql] = true
					subqueries[strings.Count(sql, "(select 1")] = true
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := q.poll(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if len(asked) != 8 || len(subqueries) != 1 {
			t.Errorf("8 sets of kinds are asked for by %d queries, with subqueries %v", len(asked), subqueries)
		}
	})
}
