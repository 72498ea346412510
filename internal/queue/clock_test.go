package queue_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestClockJumps: the clock by which leases end and tasks are due goes an hour back and forth all the while. Workers take each other, and
// themselves, for dead; still every task is done, those in the database exactly once, and each effect is recorded once.
func TestClockJumps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		const tasks = 200
		var ahead, looks atomic.Int64
		effects := newCounter(tasks)
		var mu sync.Mutex
		handled, recorded := map[string]int{}, map[string]int{}
		jump := make(chan struct{})
		done := make(chan struct{}, 2*tasks+10)
		var nodes []*queue.Queue
		var db *store.DB
		for range 2 {
			db = open()
			o := quiet(t)
			o.Poll, o.Lease = 5*time.Millisecond, 50*time.Millisecond
			o.Clock = func() time.Time {
				if looks.Add(1)%40 == 0 { // an hour forth, an hour back
					mu.Lock()
					ahead.Store(int64(time.Hour) - ahead.Load())
					close(jump)
					jump = make(chan struct{})
					mu.Unlock()
				}
				return time.Now().Add(time.Duration(ahead.Load())).Truncate(time.Millisecond)
			}
			q := queue.Open(db, o)
			count := func(tx *store.Tx, in map[string]int, keys ...string) {
				tx.OnCommit(func() {
					mu.Lock()
					defer mu.Unlock()
					for _, key := range keys {
						in[key]++
						done <- struct{}{}
					}
				})
			}
			q.Transactional(queue.Transactional{Kind: "verify", Handle: func(_ context.Context, tx *store.Tx, batch []queue.Task) error {
				for _, task := range batch {
					count(tx, handled, task.Key)
				}
				return nil
			}})
			q.External(queue.External{Kind: "mail",
				Do: func(ctx context.Context, task queue.Task) queue.Outcome {
					effects.add(task.Key)
					mu.Lock()
					next := jump
					mu.Unlock()
					select {
					case <-next: // in the middle of it
					case <-ctx.Done():
					}
					return queue.Outcome{Status: queue.Done}
				},
				Finish: func(_ context.Context, tx *store.Tx, task queue.Task, _ queue.Outcome) error {
					count(tx, recorded, task.Key)
					return nil
				}})
			nodes = append(nodes, q)
		}
		for _, q := range nodes {
			t.Cleanup(start(t, q))
		}
		for i := range tasks {
			enqueue(t, db, nodes[i%2], queue.New{Kind: "verify", Key: fmt.Sprint(i)}, queue.New{Kind: "mail", Key: fmt.Sprint(i)})
		}
		for range 2 * tasks {
			<-done
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range tasks {
			if key := fmt.Sprint(i); handled[key] != 1 || recorded[key] != 1 {
				t.Errorf("task %s was handled %d times, and its effect recorded %d times", key, handled[key], recorded[key])
			}
		}
		lost := nodes[0].Stats().LeasesLost + nodes[1].Stats().LeasesLost
		t.Logf("%d effects were had twice, %d leases were lost", len(effects.twice()), lost)
	})
}
