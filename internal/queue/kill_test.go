package queue_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"magpie/internal/leak"
	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestMain lets the test program stand in for a worker process that can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("MAGPIE_TEST_WORKER") != "" {
		if err := stuckWorker(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(leak.Run(m))
}

const testLease = 400 * time.Millisecond

// stuckWorker begins mails, and the transaction of counts, and never ends them.
func stuckWorker() error {
	db, err := store.Open(context.Background(), store.Options{Path: os.Getenv("MAGPIE_TEST_PATH"), URL: os.Getenv("MAGPIE_TEST_URL")})
	if err != nil {
		return err
	}
	q := queue.Open(db, queue.Options{Lease: testLease})
	if os.Getenv("MAGPIE_TEST_WORKER") == "steps" {
		// It goes on when it is told to, so that it has not done all before it is killed.
		var mu sync.Mutex
		told := bufio.NewScanner(os.Stdin)
		q.Long(stepping(db, func(queue.Task, int) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Println("step")
			told.Scan()
		}))
		return q.Run(context.Background())
	}
	q.External(queue.External{Kind: "mail", Do: func(ctx context.Context, _ queue.Task) queue.Outcome {
		fmt.Println("mail")
		<-ctx.Done()
		return queue.Outcome{}
	}})
	q.Transactional(queue.Transactional{Kind: "count", Handle: func(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
		for _, t := range tasks {
			if _, err := tx.Exec(ctx, "insert into done (key) values ($1)", "half done "+t.Key); err != nil {
				return err
			}
		}
		fmt.Println("count")
		_, err := io.Copy(io.Discard, os.Stdin) // the transaction stays open
		return err
	}})
	return q.Run(context.Background())
}

const (
	stepTasks = 12
	steps     = 40
)

// stepping is a long kind whose tasks go a number of steps, each in the transaction that records it; every tenth splits off
// a task of one step.
func stepping(db *store.DB, went func(queue.Task, int)) queue.Long {
	q := queue.Open(db, queue.Options{})
	return queue.Long{Kind: "steps", Backoff: func(int) time.Duration { return 0 }, Do: func(ctx context.Context, h *queue.Held) queue.Outcome {
		var step int
		if err := h.Task().Decode(&step); err != nil {
			return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
		}
		for ; step < steps; step++ {
			err := db.Background().Tx(ctx, h.Task().Key, func(tx *store.Tx) error {
				if err := h.Progress(ctx, tx, step+1); err != nil {
					return err
				}
				if step%10 == 5 && len(h.Task().Key) == 5 {
					if err := q.Enqueue(ctx, tx, queue.New{Kind: "steps", Key: fmt.Sprint(h.Task().Key, " ", step), Tenant: "a", Payload: steps - 1}); err != nil {
						return err
					}
				}
				_, err := tx.Exec(ctx, "insert into done (key) values ($1)", fmt.Sprint(h.Task().Key, "/", step))
				return err
			})
			if err != nil {
				return queue.Outcome{Detail: err.Error()}
			}
			went(h.Task(), step)
		}
		return queue.Outcome{Status: queue.Done}
	}}
}

// TestKilledInTheMiddleOfLongTasks kills one process after the other at a random moment: every step is done exactly once,
// those of tasks that were split off as well, and no process begins where another has been.
func TestKilledInTheMiddleOfLongTasks(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Fresh(t, engine)
			db := storetest.Open(t, o)
			createDone(t, db)
			qo := quiet(t)
			qo.Lease = testLease
			q := queue.Open(db, qo)
			var mu sync.Mutex
			here := 0
			q.Long(stepping(db, func(queue.Task, int) {
				mu.Lock()
				defer mu.Unlock()
				here++
			}))
			var tasks []queue.New
			for i := range stepTasks {
				tasks = append(tasks, queue.New{Kind: "steps", Key: fmt.Sprintf("%05d", i), Tenant: fmt.Sprint("tenant ", i%3), Payload: 0})
			}
			enqueue(t, db, q, tasks...)
			const kills, most = 5, 60
			gone := 0 // steps of processes that were killed, of those that are known
			for range kills {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "MAGPIE_TEST_WORKER=steps", "MAGPIE_TEST_PATH="+o.Path, "MAGPIE_TEST_URL="+o.URL)
				cmd.Stderr = t.Output()
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				said := bufio.NewScanner(out)
				for n := 1 + rand.N(most); n > 0 && said.Scan(); n-- {
					if gone++; n > 1 {
						fmt.Fprintln(in)
					}
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()
			}
			// What the dead hold is taken up when their leases have ended; a process that works waits for that.
			stop := start(t, q)
			want := stepTasks*steps + stepTasks*steps/10
			for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
				depths, err := q.Depths(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(depths) == 0 {
					tick.Stop()
					break
				}
			}
			stop()
			if keys := doneKeys(t, db); len(keys) != want {
				t.Errorf("%d steps, want %d", len(keys), want)
			}
			if failures, err := q.Failures(t.Context(), "steps", 10); err != nil || len(failures) > 0 {
				t.Errorf("given up: %+v, %v", failures, err)
			}
			mu.Lock()
			defer mu.Unlock()
			// Each process that was killed had recorded the steps that it told of, and none of them was gone again here.
			if gone < kills || here > want-gone {
				t.Errorf("%d of %d steps were gone here, and at least %d by the processes that were killed", here, want, gone)
			}
		})
	}
}

// TestKilledWorker kills a process in the middle of its tasks: another takes them up, and none is half done.
func TestKilledWorker(t *testing.T) {
	for _, engine := range storetest.Engines() {
		for _, kind := range []string{"mail", "count"} {
			t.Run(engine+"/"+kind, func(t *testing.T) {
				o := storetest.Fresh(t, engine)
				db := storetest.Open(t, o)
				createDone(t, db)
				const n = 40
				done := newCounter(n)
				qo := quiet(t)
				qo.Lease = testLease
				q := queue.Open(db, qo)
				record := func(ctx context.Context, tx *store.Tx, key string) error {
					tx.OnCommit(func() { done.add(key) })
					_, err := tx.Exec(ctx, "insert into done (key) values ($1)", key)
					return err
				}
				q.External(queue.External{Kind: "mail",
					Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{Status: queue.Done} },
					Finish: func(ctx context.Context, tx *store.Tx, task queue.Task, _ queue.Outcome) error {
						return record(ctx, tx, task.Key)
					}})
				q.Transactional(queue.Transactional{Kind: "count", Handle: func(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
					for _, task := range tasks {
						if err := record(ctx, tx, task.Key); err != nil {
							return err
						}
					}
					return nil
				}})
				enqueue(t, db, q, numbers(kind, n)...)

				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "MAGPIE_TEST_WORKER=1", "MAGPIE_TEST_PATH="+o.Path, "MAGPIE_TEST_URL="+o.URL)
				cmd.Stderr = t.Output()
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := cmd.StdinPipe(); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				begun := bufio.NewScanner(out)
				for i := 0; i < n && begun.Scan(); i++ {
					if kind == "count" {
						break // one transaction holds them all
					}
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()

				stop := start(t, q)
				<-done.all
				stop()
				if twice := done.twice(); len(twice) > 0 {
					t.Errorf("done twice: %v", twice)
				}
				if keys := doneKeys(t, db); len(keys) != n {
					t.Errorf("%d rows, want %d: %v", len(keys), n, keys)
				}
			})
		}
	}
}
