package queue_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

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
	os.Exit(m.Run())
}

const testLease = 400 * time.Millisecond

// stuckWorker begins mails, and the transaction of counts, and never ends them.
func stuckWorker() error {
	db, err := store.Open(context.Background(), store.Options{Path: os.Getenv("MAGPIE_TEST_PATH"), URL: os.Getenv("MAGPIE_TEST_URL")})
	if err != nil {
		return err
	}
	q := queue.Open(db, queue.Options{Lease: testLease})
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
