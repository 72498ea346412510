package queue_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func BenchmarkEnqueue(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		db := open()
		q := queue.Open(db, queue.Options{})
		const n = 256
		i := 0
		for b.Loop() {
			tasks := make([]queue.New, n)
			for j := range tasks {
				tasks[j] = queue.New{Kind: "x", Key: fmt.Sprint(i), Payload: i}
				i++
			}
			enqueue(b, db, q, tasks...)
		}
		b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "tasks/s")
	})
}

func BenchmarkTransactional(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		db := open()
		q := queue.Open(db, queue.Options{})
		var done atomic.Int64
		all := make(chan struct{})
		q.Transactional(queue.Transactional{Kind: "x", Handle: func(_ context.Context, tx *store.Tx, tasks []queue.Task) error {
			tx.OnCommit(func() {
				if done.Add(int64(len(tasks))) == int64(b.N) {
					close(all)
				}
			})
			return nil
		}})
		enqueueMany(b, db, q, b.N)
		b.ResetTimer()
		run(b, q, all)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	})
}

func BenchmarkExternal(b *testing.B) {
	storetest.EachBenchmark(b, func(b *testing.B, open func() *store.DB) {
		db := open()
		q := queue.Open(db, queue.Options{})
		var done atomic.Int64
		all := make(chan struct{})
		q.External(queue.External{Kind: "x",
			Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{Status: queue.Done} },
			Finish: func(_ context.Context, tx *store.Tx, _ queue.Task, _ queue.Outcome) error {
				tx.OnCommit(func() {
					if done.Add(1) == int64(b.N) {
						close(all)
					}
				})
				return nil
			}})
		enqueueMany(b, db, q, b.N)
		b.ResetTimer()
		run(b, q, all)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	})
}

func enqueueMany(tb testing.TB, db *store.DB, q *queue.Queue, n int) {
	tb.Helper()
	for i := 0; i < n; i += 5000 {
		tasks := make([]queue.New, min(5000, n-i))
		for j := range tasks {
			tasks[j] = queue.New{Kind: "x", Key: fmt.Sprintf("%08d", i+j), Payload: i}
		}
		enqueue(tb, db, q, tasks...)
	}
}

func run(tb testing.TB, q *queue.Queue, until <-chan struct{}) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- q.Run(ctx) }()
	<-until
	cancel()
	if err := <-ended; err != nil {
		tb.Error(err)
	}
}
