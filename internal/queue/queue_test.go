package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func enqueue(t testing.TB, db *store.DB, q *queue.Queue, tasks ...queue.New) {
	t.Helper()
	if err := db.Tx(t.Context(), "", func(tx *store.Tx) error { return q.Enqueue(t.Context(), tx, tasks...) }); err != nil {
		t.Fatal(err)
	}
}

func drain(t testing.TB, q *queue.Queue) int {
	t.Helper()
	n, err := q.Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func numbers(kind string, n int) []queue.New {
	tasks := make([]queue.New, n)
	for i := range tasks {
		tasks[i] = queue.New{Kind: kind, Key: fmt.Sprintf("%05d", i), Payload: i}
	}
	return tasks
}

func TestTransactionalPoison(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, queue.Options{})
		createDone(t, db)
		q.Transactional(queue.Transactional{Kind: "count", Handle: func(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
			for _, task := range tasks {
				var n int
				if err := task.Decode(&n); err != nil {
					return err
				}
				if n%50 == 13 {
					return errors.New("unlucky")
				}
				if n == 77 {
					panic("very unlucky")
				}
				if _, err := tx.Exec(ctx, "insert into done (key) values ($1)", task.Key); err != nil {
					return err
				}
			}
			return nil
		}})
		enqueue(t, db, q, numbers("count", 300)...)
		if n := drain(t, q); n < 300 {
			t.Errorf("drained %d", n)
		}
		if got := doneKeys(t, db); len(got) != 293 {
			t.Errorf("%d tasks were done, want 293", len(got))
		}
		depths, err := q.Depths(t.Context())
		if err != nil || len(depths) != 1 || depths[0].Ready != 7 || depths[0].Failed != 0 {
			t.Errorf("depths %+v %v, want 7 that are put off", depths, err)
		}
	})
}

func createDone(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Tx(t.Context(), "", func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), "create table done (key text primary key)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func doneKeys(t testing.TB, db *store.DB) (keys []string) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		keys = nil
		return tx.Query(t.Context(), func(r store.Row) error {
			var k string
			if err := r.Scan(&k); err != nil {
				return err
			}
			keys = append(keys, k)
			return nil
		}, "select key from done order by key")
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestExternalOutcomes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, queue.Options{})
		createDone(t, db)
		var mu sync.Mutex
		attempts := map[string]int{}
		finished := map[string]queue.Outcome{}
		q.External(queue.External{Kind: "mail",
			Do: func(_ context.Context, task queue.Task) queue.Outcome {
				mu.Lock()
				defer mu.Unlock()
				attempts[task.Key]++
				switch task.Key {
				case "refused":
					return queue.Outcome{Status: queue.Refused, Detail: "550 no such user"}
				case "later":
					return queue.Outcome{Status: queue.Later, Detail: "450 try later"}
				}
				return queue.Outcome{Status: queue.Done, Detail: "250 ok"}
			},
			Finish: func(ctx context.Context, tx *store.Tx, task queue.Task, o queue.Outcome) error {
				mu.Lock()
				finished[task.Key] = o
				mu.Unlock()
				_, err := tx.Exec(ctx, "insert into done (key) values ($1)", task.Key)
				return err
			},
		})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "done"}, queue.New{Kind: "mail", Key: "refused"}, queue.New{Kind: "mail", Key: "later"})
		drain(t, q)
		if got, want := doneKeys(t, db), []string{"done", "later", "refused"}; !slices.Equal(got, want) {
			t.Errorf("finished %v, want %v", got, want)
		}
		for key, want := range map[string]queue.Status{"done": queue.Done, "refused": queue.Refused, "later": queue.Later} {
			if attempts[key] != 1 || finished[key].Status != want {
				t.Errorf("%s: %d attempts, outcome %+v", key, attempts[key], finished[key])
			}
		}
		if finished["later"].RetryAt.IsZero() {
			t.Error("Finish was not told when the task is tried again")
		}
	})
}
