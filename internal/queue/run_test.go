package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// start runs a queue until the returned function is called, which waits for it.
func start(t testing.TB, q *queue.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func quiet(t testing.TB) queue.Options {
	return queue.Options{Logger: storetest.Logger(t)}
}

// counter counts how often each task was had an effect, and tells when all were.
type counter struct {
	mu   sync.Mutex
	n    map[string]int
	want int
	all  chan struct{}
}

func newCounter(want int) *counter {
	return &counter{n: make(map[string]int), want: want, all: make(chan struct{})}
}

func (c *counter) add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[key]++
	if c.n[key] == 1 && len(c.n) == c.want {
		close(c.all)
	}
}

func (c *counter) twice() (keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, n := range c.n {
		if n > 1 {
			keys = append(keys, key)
		}
	}
	return keys
}

// TestNodesShareTheWork runs three nodes while clients enqueue: every task is done once.
func TestNodesShareTheWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		const clients, each = 20, 25
		mails, counts := newCounter(clients*each), newCounter(clients*each)
		var nodes []*queue.Queue
		var dbs []*store.DB
		for range 3 {
			db := open()
			q := queue.Open(db, quiet(t))
			q.External(queue.External{Kind: "mail",
				Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{Status: queue.Done} },
				Finish: func(_ context.Context, tx *store.Tx, task queue.Task, _ queue.Outcome) error {
					tx.OnCommit(func() { mails.add(task.Key) })
					return nil
				}})
			q.Transactional(queue.Transactional{Kind: "count", Handle: func(_ context.Context, tx *store.Tx, tasks []queue.Task) error {
				tx.OnCommit(func() {
					for _, task := range tasks {
						counts.add(task.Key)
					}
				})
				return nil
			}})
			nodes, dbs = append(nodes, q), append(dbs, db)
			defer start(t, q)()
		}
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() {
				for i := range each {
					key := fmt.Sprint(c, " ", i)
					enqueue(t, dbs[c%3], nodes[c%3], queue.New{Kind: "mail", Key: key}, queue.New{Kind: "count", Key: key})
				}
			})
		}
		wg.Wait()
		<-mails.all
		<-counts.all
		if twice := append(mails.twice(), counts.twice()...); len(twice) > 0 {
			t.Errorf("done twice: %v", twice)
		}
		depths, err := nodes[0].Depths(t.Context())
		if err != nil || len(depths) != 0 {
			t.Errorf("left over: %+v, %v", depths, err)
		}
	})
}

// TestStandstill stops a node's process, as far as a test can: its attempts do not return and its lease is not renewed. Another
// node does its tasks; when the first comes back, it changes nothing.
func TestStandstill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		const n = 10
		var now atomic.Int64
		now.Store(1e12)
		o := quiet(t)
		o.Clock = func() time.Time { return time.UnixMilli(now.Load()) }
		recorded := newCounter(n)
		finish := func(_ context.Context, tx *store.Tx, task queue.Task, _ queue.Outcome) error {
			tx.OnCommit(func() { recorded.add(task.Key) })
			return nil
		}
		var begun sync.WaitGroup
		begun.Add(n)
		comeBack := make(chan struct{})
		first := queue.Open(open(), o)
		first.External(queue.External{Kind: "mail", Finish: finish, Do: func(ctx context.Context, _ queue.Task) queue.Outcome {
			begun.Done()
			<-comeBack
			return queue.Outcome{Status: queue.Done, Detail: "by a zombie"}
		}})
		db := open()
		second := queue.Open(db, o)
		second.External(queue.External{Kind: "mail", Finish: finish, Do: func(context.Context, queue.Task) queue.Outcome {
			return queue.Outcome{Status: queue.Done}
		}})
		enqueue(t, db, second, numbers("mail", n)...)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := first.RunOnce(context.Background()); err != nil {
				t.Error(err)
			}
		})
		begun.Wait()
		if done := drain(t, second); done != 0 {
			t.Errorf("%d tasks were taken from a living worker", done)
		}
		// Its heartbeat is late: the clock jumps, and the second looks first. (It may have to look again, when a heartbeat
		// was faster.)
		for done := 0; done < n; done += drain(t, second) {
			now.Add(10_000)
		}
		<-recorded.all
		close(comeBack)
		wg.Wait()
		if twice := recorded.twice(); len(twice) > 0 {
			t.Errorf("recorded twice: %v", twice)
		}
	})
}

// TestStop: what has begun ends and is recorded, what has not is given back at once.
func TestStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		const n, inDoubt = 20, 4
		recorded := newCounter(n)
		var begun, over sync.WaitGroup
		begun.Add(inDoubt)
		over.Add(1)
		db := open()
		q := queue.Open(db, quiet(t))
		q.External(queue.External{Kind: "mail", InDoubt: inDoubt,
			Do: func(ctx context.Context, _ queue.Task) queue.Outcome {
				begun.Done()
				over.Wait()
				if ctx.Err() != nil {
					t.Error("an attempt was cut short within the grace")
				}
				return queue.Outcome{Status: queue.Done}
			},
			Finish: func(_ context.Context, tx *store.Tx, task queue.Task, _ queue.Outcome) error {
				tx.OnCommit(func() { recorded.add(task.Key) })
				return nil
			}})
		enqueue(t, db, q, numbers("mail", n)...)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- q.Run(ctx) }()
		begun.Wait()
		cancel()
		over.Done()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		depths, err := q.Depths(t.Context())
		if err != nil || len(depths) != 1 || depths[0].Ready != n-inDoubt || depths[0].Held != 0 || len(recorded.n) != inDoubt {
			t.Errorf("%d recorded, left %+v, %v", len(recorded.n), depths, err)
		}
	})
}

// TestGraceEnds: an attempt that goes on for longer is told, and what becomes of it is recorded nevertheless.
func TestGraceEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		o := quiet(t)
		o.Grace = time.Millisecond
		q := queue.Open(db, o)
		begun := make(chan struct{})
		q.External(queue.External{Kind: "mail", Do: func(ctx context.Context, _ queue.Task) queue.Outcome {
			close(begun)
			<-ctx.Done()
			return queue.Outcome{Status: queue.Later, Detail: "cut short"}
		}})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "x"})
		stop := start(t, q)
		<-begun
		stop()
		depths, err := q.Depths(t.Context())
		if err != nil || len(depths) != 1 || depths[0].Ready != 1 {
			t.Errorf("left %+v, %v", depths, err)
		}
	})
}

func TestDepthsFailuresRetryCancel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		ctx := t.Context()
		broken := true
		q.Transactional(queue.Transactional{Kind: "count", Attempts: 1, Handle: func(context.Context, *store.Tx, []queue.Task) error {
			if broken {
				return errors.New("broken \x00\xff")
			}
			return nil
		}})
		enqueue(t, db, q, numbers("count", 3)...)
		enqueue(t, db, q, numbers("count", 3)...) // they are there already
		enqueue(t, db, q, queue.New{Kind: "count", Key: "tomorrow", RunAt: time.Now().Add(24 * time.Hour)}, queue.New{Kind: "other"}, queue.New{Kind: "other"})
		if n := drain(t, q); n < 3 {
			t.Errorf("drained %d", n)
		}
		failures, err := q.Failures(ctx, "count", 10)
		if err != nil || len(failures) != 3 || failures[0].Reason != "broken " || failures[0].Attempt != 1 {
			t.Errorf("failures %+v, %v", failures, err)
		}
		depths, err := q.Depths(ctx)
		if err != nil || len(depths) != 2 || depths[0].Kind != "count" || depths[0].Failed != 3 || depths[0].Ready != 1 || depths[1].Ready != 2 {
			t.Errorf("depths %+v, %v", depths, err)
		}
		broken = false
		var n int64
		err = db.Tx(ctx, "", func(tx *store.Tx) (err error) {
			n, err = q.Retry(ctx, tx, "count", failures[0].Key)
			return err
		})
		if err != nil || n != 1 {
			t.Errorf("retried %d, %v", n, err)
		}
		enqueue(t, db, q, queue.New{Kind: "count", Key: failures[1].Key}) // replaces a failed one
		if n := drain(t, q); n != 2 {
			t.Errorf("drained %d, want 2", n)
		}
		err = db.Tx(ctx, "", func(tx *store.Tx) (err error) {
			n, err = q.Cancel(ctx, tx, "count", "tomorrow", "nothing", failures[2].Key)
			return err
		})
		if err != nil || n != 2 {
			t.Errorf("cancelled %d, %v", n, err)
		}
		depths, err = q.Depths(ctx)
		if err != nil || len(depths) != 1 {
			t.Errorf("depths %+v, %v", depths, err)
		}
	})
}

// TestDepthsAreOfOneMoment: a task that is claimed and given back again and again is in the depths at any moment.
func TestDepthsAreOfOneMoment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		q.External(queue.External{Kind: "mail", Backoff: func(int) time.Duration { return 0 },
			Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{Status: queue.Later} }})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "x"})
		worked := make(chan error, 1)
		go func() {
			for range 150 {
				if _, err := q.RunOnce(t.Context()); err != nil {
					worked <- err
					return
				}
			}
			worked <- nil
		}()
		for {
			select {
			case err := <-worked:
				if err != nil {
					t.Error(err)
				}
				return
			default:
			}
			depths, err := q.Depths(t.Context())
			if err != nil || len(depths) != 1 || depths[0].Ready+depths[0].Held != 1 {
				<-worked
				t.Fatalf("a queue with one task has %+v, %v", depths, err)
			}
		}
	})
}

// TestOutcomeIsNotRecorded: the work is done, so the task must not be tried again; it is set aside.
func TestOutcomeIsNotRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		var effects atomic.Int32
		q.External(queue.External{Kind: "mail",
			Do: func(context.Context, queue.Task) queue.Outcome {
				effects.Add(1)
				return queue.Outcome{Status: queue.Done}
			},
			Finish: func(context.Context, *store.Tx, queue.Task, queue.Outcome) error { return errors.New("a mistake") }})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "x"})
		drain(t, q)
		failures, err := q.Failures(t.Context(), "mail", 10)
		if err != nil || len(failures) != 1 || failures[0].Reason != "outcome done not recorded: a mistake" || effects.Load() != 1 {
			t.Errorf("failures %+v, %v, %d effects", failures, err, effects.Load())
		}
	})
}

// TestRecordingPanics: a panic of Finish ends neither the process nor the work; the task is set aside, and all is counted.
func TestRecordingPanics(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		o := quiet(t)
		o.Logger = slog.New(slog.DiscardHandler)
		q := queue.Open(db, o)
		q.External(queue.External{Kind: "mail",
			Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{Status: queue.Done} },
			Finish: func(_ context.Context, _ *store.Tx, task queue.Task, _ queue.Outcome) error {
				if task.Key == "bad" {
					panic("oh")
				}
				return nil
			}})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "bad"}, queue.New{Kind: "mail", Key: "good"})
		drain(t, q)
		failures, err := q.Failures(t.Context(), "mail", 10)
		if err != nil || len(failures) != 1 || failures[0].Reason != "outcome done not recorded: record mail: panic: oh" {
			t.Errorf("failures %+v, %v", failures, err)
		}
		s := q.Stats()
		if s.Panics == 0 || s.Attempts[queue.Attempts{Kind: "mail", Outcome: "done"}] != 1 || s.Attempts[queue.Attempts{Kind: "mail", Outcome: "failed"}] != 1 {
			t.Errorf("counted: %+v", s)
		}
	})
}

func TestAttemptsThatPanicAndAge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		clock := time.UnixMilli(1e12).UTC()
		o := quiet(t)
		o.Clock = func() time.Time { return clock }
		q := queue.Open(db, o)
		var outcomes []queue.Outcome
		q.External(queue.External{Kind: "mail", MaxAge: 48 * time.Hour,
			Do: func(context.Context, queue.Task) queue.Outcome { panic("oh") },
			Finish: func(_ context.Context, tx *store.Tx, _ queue.Task, o queue.Outcome) error {
				tx.OnCommit(func() { outcomes = append(outcomes, o) })
				return nil
			}})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "x"})
		for range 1000 {
			drain(t, q)
			last := outcomes[len(outcomes)-1]
			if last.Status != queue.Later {
				break
			}
			if wait := last.RetryAt.Sub(clock); wait <= 0 || wait > 2*time.Hour {
				t.Errorf("attempt %d is put off for %s", len(outcomes), wait)
			}
			clock = last.RetryAt
		}
		last := outcomes[len(outcomes)-1]
		if last.Status != queue.Refused || len(outcomes) < 40 || len(outcomes) > 100 {
			t.Errorf("after %d attempts: %+v", len(outcomes), last)
		}
		if age := clock.Sub(time.UnixMilli(1e12)); age > 48*time.Hour || age < 45*time.Hour {
			t.Errorf("given up after %s", age)
		}
	})
}

func TestKindTwice(t *testing.T) {
	q := queue.Open(nil, queue.Options{})
	q.External(queue.External{Kind: "x"})
	defer func() {
		if recover() == nil {
			t.Error("a kind was registered twice")
		}
	}()
	q.Transactional(queue.Transactional{Kind: "x"})
}
