package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"magpie/internal/queue"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// transact runs fn in a transaction.
func transact(t testing.TB, db *store.DB, fn func(context.Context, *store.Tx) error) {
	t.Helper()
	if err := db.Tx(t.Context(), "test", func(tx *store.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// attempt is one that a test watches.
type attempt struct {
	held  *queue.Held
	ended context.Context
	go_   chan queue.Outcome // what to return
}

// longNodes runs so many nodes of a long kind, whose attempts show up in the channel.
func longNodes(t *testing.T, open func() *store.DB, n int, k queue.Long) (dbs []*store.DB, nodes []*queue.Queue, attempts chan attempt) {
	attempts = make(chan attempt)
	k.Kind = "shard"
	k.Do = func(ctx context.Context, h *queue.Held) queue.Outcome {
		a := attempt{h, ctx, make(chan queue.Outcome, 1)}
		select {
		case attempts <- a:
		case <-ctx.Done():
			return queue.Outcome{}
		}
		select {
		case o := <-a.go_:
			return o
		case <-ctx.Done():
			return queue.Outcome{Detail: context.Cause(ctx).Error()}
		}
	}
	for range n {
		db := open()
		q := queue.Open(db, quiet(t))
		q.Long(k)
		t.Cleanup(start(t, q))
		dbs, nodes = append(dbs, db), append(nodes, q)
	}
	return dbs, nodes, attempts
}

// TestGroupReachesHeldTasks: a task that a node works on is told when another node pauses or cancels its group, and records
// nothing from then on; after a pause it goes on from its checkpoint.
func TestGroupReachesHeldTasks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		dbs, nodes, attempts := longNodes(t, open, 2, queue.Long{Slots: 1})
		enqueue(t, dbs[0], nodes[0], queue.New{Kind: "shard", Key: "x", Tenant: "a", Group: "run", Payload: 0})
		step := func(a attempt, to int) error {
			return dbs[0].Background().Tx(t.Context(), "test", func(tx *store.Tx) error { return a.held.Progress(t.Context(), tx, to) })
		}
		a := <-attempts
		if err := step(a, 1); err != nil {
			t.Fatal(err)
		}
		for i := range nodes { // one of them holds it, the other does not
			transact(t, dbs[i], func(ctx context.Context, tx *store.Tx) error { return nodes[i].PauseGroup(ctx, tx, "run") })
			if err := step(a, 99); !errors.Is(err, queue.ErrLeaseLost) {
				t.Errorf("progress of a task that is paused: %v", err)
			}
			<-a.ended.Done()
			if cause := context.Cause(a.ended); !errors.Is(cause, queue.ErrLeaseLost) {
				t.Errorf("the attempt ended: %v", cause)
			}
			depths, err := nodes[0].Depths(t.Context())
			if err != nil || len(depths) != 1 || depths[0].Paused != 1 || depths[0].Ready != 0 || depths[0].Held != 0 {
				t.Errorf("paused: %+v, %v", depths, err)
			}
			transact(t, dbs[i], func(ctx context.Context, tx *store.Tx) error { return nodes[i].ResumeGroup(ctx, tx, "run") })
			a = <-attempts
			var at int
			if err := a.held.Task().Decode(&at); err != nil || at != 1+i || a.held.Task().Attempt != 0 {
				t.Errorf("goes on at %d, %v: %+v", at, err, a.held.Task())
			}
			if err := step(a, at+1); err != nil {
				t.Fatal(err)
			}
		}
		transact(t, dbs[1], func(ctx context.Context, tx *store.Tx) error { return nodes[1].CancelGroup(ctx, tx, "run") })
		if err := step(a, 99); !errors.Is(err, queue.ErrLeaseLost) {
			t.Errorf("progress of a task that was cancelled: %v", err)
		}
		<-a.ended.Done()
	})
}

// TestCancelSweeps: thousands of tasks that wait are deleted in batches, others stay, and nothing joins meanwhile.
func TestCancelSweeps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		q.Long(queue.Long{Kind: "shard", Do: func(context.Context, *queue.Held) queue.Outcome { return queue.Outcome{Status: queue.Done} }})
		var tasks []queue.New
		for i := range 2500 {
			tasks = append(tasks, queue.New{Kind: "shard", Key: fmt.Sprint(i), Tenant: "a", Group: "run"})
		}
		enqueue(t, db, q, append(tasks, queue.New{Kind: "shard", Key: "other", Tenant: "a", Group: "other"})...)
		transact(t, db, func(ctx context.Context, tx *store.Tx) error { return q.CancelGroup(ctx, tx, "run") })
		err := db.Tx(t.Context(), "", func(tx *store.Tx) error {
			return q.Enqueue(t.Context(), tx, queue.New{Kind: "shard", Key: "late", Tenant: "a", Group: "run"})
		})
		if !errors.Is(err, queue.ErrCancelled) {
			t.Errorf("enqueue in a group that was cancelled: %v", err)
		}
		if n := drain(t, q); n != 1+3 { // the other, and three batches of the sweep
			t.Errorf("drained %d", n)
		}
		if depths, err := q.Depths(t.Context()); err != nil || len(depths) != 0 {
			t.Errorf("left over: %+v, %v", depths, err)
		}
	})
}

// TestTurns: a tenant with a thousand tasks does not keep another from its turn, and none has more than its share.
func TestTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		var mu sync.Mutex
		var order []string
		q.Long(queue.Long{Kind: "shard", Slots: 1, Do: func(_ context.Context, h *queue.Held) queue.Outcome {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, h.Task().Tenant)
			return queue.Outcome{Status: queue.Done}
		}})
		var tasks []queue.New
		for i := range 1000 {
			tasks = append(tasks, queue.New{Kind: "shard", Key: fmt.Sprint("big ", i), Tenant: "big", Group: fmt.Sprint("run ", i%50)})
		}
		enqueue(t, db, q, tasks...)
		once := func() {
			t.Helper()
			if _, err := q.RunOnce(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		once()
		once()
		for i := range 3 {
			enqueue(t, db, q, queue.New{Kind: "shard", Key: fmt.Sprint("small ", i), Tenant: "small"}, queue.New{Kind: "shard", Key: fmt.Sprint("tiny ", i), Tenant: "tiny"})
		}
		for range 9 {
			once()
		}
		count := map[string]int{}
		for _, tenant := range order[2:] {
			count[tenant]++
		}
		if count["small"] != 3 || count["tiny"] != 3 || count["big"] != 3 {
			t.Errorf("nine turns: %v", order[2:])
		}
	})
}

// TestStallAndStop: an attempt that gives no sign of life is put off; one that is told to stop is given back as it is, at
// its checkpoint, without waiting for the grace.
func TestStallAndStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		o := quiet(t)
		o.Grace = time.Hour
		q := queue.Open(db, o)
		begun := make(chan *queue.Held)
		causes := make(chan error, 2)
		q.Long(queue.Long{Kind: "shard", Stall: 20 * time.Millisecond, Backoff: func(int) time.Duration { return 0 },
			Do: func(ctx context.Context, h *queue.Held) queue.Outcome {
				if h.Task().Attempt == 0 {
					<-ctx.Done()
					causes <- context.Cause(ctx)
					return queue.Outcome{Detail: "stalled"}
				}
				beat := time.NewTicker(time.Millisecond)
				defer beat.Stop()
				for n := 0; ; n++ {
					select {
					case <-beat.C:
						h.Alive()
					case <-ctx.Done():
						causes <- context.Cause(ctx)
						return queue.Outcome{}
					}
					if n == 50 { // it has lived for longer than Stall
						begun <- h
					}
				}
			}})
		enqueue(t, db, q, queue.New{Kind: "shard", Key: "x", Tenant: "a"})
		stop := start(t, q)
		h := <-begun
		if err := <-causes; !errors.Is(err, queue.ErrStalled) {
			t.Errorf("an attempt without a sign of life ended: %v", err)
		}
		transact(t, db.Background(), func(ctx context.Context, tx *store.Tx) error { return h.Progress(ctx, tx, 7) })
		stop()
		if err := <-causes; !errors.Is(err, queue.ErrStopping) {
			t.Errorf("an attempt of a queue that stops ended: %v", err)
		}
		row, err := q.Show(t.Context(), "shard", "x")
		if err != nil || row.State != "ready" || row.Attempt != 0 || string(row.Payload) != "7" {
			t.Errorf("given back: %+v, %v", row, err)
		}
	})
}

// TestLimitsOverNodes: all nodes together keep to the limit of a tenant and to that of the kind.
func TestLimitsOverNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		dbs, nodes, attempts := longNodes(t, open, 3, queue.Long{Slots: 4, PerTenant: 2, Limit: 5})
		var tasks []queue.New
		for i := range 40 {
			tasks = append(tasks, queue.New{Kind: "shard", Key: fmt.Sprint(i), Tenant: fmt.Sprint("tenant ", i%4)})
		}
		enqueue(t, dbs[0], nodes[0], tasks...)
		running := map[string][]attempt{}
		total, done := 0, 0
		for done < 40 {
			select {
			case a := <-attempts:
				tenant := a.held.Task().Tenant
				running[tenant] = append(running[tenant], a)
				if total++; total > 5 || len(running[tenant]) > 2 {
					t.Fatalf("%d run at once, %d of %s", total, len(running[tenant]), tenant)
				}
			default:
				// The first of those that run ends, before its place is taken.
				if total == 0 {
					a := <-attempts
					running[a.held.Task().Tenant] = append(running[a.held.Task().Tenant], a)
					total++
				}
				for tenant, list := range running {
					if len(list) > 0 {
						running[tenant] = list[1:]
						total--
						done++
						list[0].go_ <- queue.Outcome{Status: queue.Done}
						break
					}
				}
			}
		}
	})
}

// TestMaxAgeFromTheFirstTry: a task that waited for days in a backlog is not given up at its first hiccup.
func TestMaxAgeFromTheFirstTry(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		clock := time.UnixMilli(1e12).UTC()
		o := quiet(t)
		o.Clock = func() time.Time { return clock }
		q := queue.Open(db, o)
		var outcomes []queue.Status
		finish := func(_ context.Context, tx *store.Tx, _ queue.Task, o queue.Outcome) error {
			tx.OnCommit(func() { outcomes = append(outcomes, o.Status) })
			return nil
		}
		hour := func(int) time.Duration { return time.Hour }
		q.External(queue.External{Kind: "mail", MaxAge: 3 * time.Hour, Backoff: hour, Finish: finish,
			Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{} }})
		q.Long(queue.Long{Kind: "shard", MaxAge: 3 * time.Hour, Backoff: hour, Finish: finish,
			Do: func(ctx context.Context, h *queue.Held) queue.Outcome {
				if len(outcomes) == 2 { // progress at the third try: it counts anew
					if err := db.Background().Tx(ctx, "", func(tx *store.Tx) error { return h.Progress(ctx, tx, 1) }); err != nil {
						t.Error(err)
					}
				}
				return queue.Outcome{}
			}})
		for _, c := range []struct {
			task queue.New
			want []queue.Status
		}{
			{queue.New{Kind: "mail", Key: "x"}, []queue.Status{queue.Later, queue.Later, queue.Later, queue.Refused}},
			{queue.New{Kind: "shard", Key: "x", Tenant: "a"}, []queue.Status{queue.Later, queue.Later, queue.Later, queue.Later, queue.Later, queue.Refused}},
		} {
			outcomes = nil
			enqueue(t, db, q, c.task)
			clock = clock.Add(49 * time.Hour) // nobody works
			for range 10 {
				drain(t, q)
				clock = clock.Add(time.Hour)
			}
			if !slices.Equal(outcomes, c.want) {
				t.Errorf("%s: %v, want %v", c.task.Kind, outcomes, c.want)
			}
		}
	})
}

func TestEnqueueIsChecked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		q.Long(queue.Long{Kind: "shard"})
		q.External(queue.External{Kind: "mail"})
		for _, task := range []queue.New{{}, {Kind: "shard"}, {Kind: "mail", Tenant: "a"}, {Kind: "elsewhere", Group: "run"}} {
			if err := db.Tx(t.Context(), "", func(tx *store.Tx) error { return q.Enqueue(t.Context(), tx, task) }); err == nil {
				t.Errorf("%+v was enqueued", task)
			}
		}
		if depths, err := q.Depths(t.Context()); err != nil || len(depths) != 0 {
			t.Errorf("left over: %+v, %v", depths, err)
		}
	})
}

// TestRemedies: what was given up can be listed, looked at, tried again and discarded.
func TestRemedies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		q := queue.Open(db, quiet(t))
		broken := true
		refuse := func(context.Context, *store.Tx, queue.Task, queue.Outcome) error {
			if broken {
				return errors.New("a mistake")
			}
			return nil
		}
		q.External(queue.External{Kind: "mail", Finish: refuse, Do: func(context.Context, queue.Task) queue.Outcome { return queue.Outcome{Status: queue.Done} }})
		q.Long(queue.Long{Kind: "shard", Finish: refuse, Do: func(context.Context, *queue.Held) queue.Outcome { return queue.Outcome{Status: queue.Done} }})
		enqueue(t, db, q, queue.New{Kind: "mail", Key: "a"}, queue.New{Kind: "mail", Key: "b"},
			queue.New{Kind: "shard", Key: "c", Tenant: "t", Group: "g", Payload: "p"}, queue.New{Kind: "mail", Key: "later", RunAt: time.Now().Add(time.Hour)})
		drain(t, q)
		rows, err := q.List(t.Context(), queue.Filter{State: "failed"})
		var keys []string
		for _, row := range rows {
			keys = append(keys, row.Kind+"/"+row.Key)
		}
		if err != nil || !slices.Equal(keys, []string{"mail/a", "mail/b", "shard/c"}) {
			t.Errorf("failed: %v, %v", keys, err)
		}
		if rows, err := q.List(t.Context(), queue.Filter{Tenant: "t", Group: "g", Kind: "shard", State: "ready"}); err != nil || len(rows) != 0 {
			t.Errorf("ready: %+v, %v", rows, err)
		}
		row, err := q.Show(t.Context(), "shard", "c")
		if err != nil || row.State != "failed" || row.Tenant != "t" || row.Group != "g" || string(row.Payload) != `"p"` ||
			row.Reason != "outcome done not recorded: a mistake" || row.StartedAt.IsZero() {
			t.Errorf("show: %+v, %v", row, err)
		}
		if _, err := q.Show(t.Context(), "shard", "nothing"); !errors.Is(err, queue.ErrNoTask) {
			t.Errorf("show nothing: %v", err)
		}
		broken = false
		var retried, discarded, none int64
		transact(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			if retried, err = q.Retry(ctx, tx, "shard"); err != nil {
				return err
			}
			if discarded, err = q.Discard(ctx, tx, "mail", "b", "later"); err != nil {
				return err
			}
			none, err = q.Discard(ctx, tx, "nothing")
			return err
		})
		if retried != 1 || discarded != 1 || none != 0 {
			t.Errorf("retried %d, discarded %d, %d", retried, discarded, none)
		}
		if n := drain(t, q); n != 1 {
			t.Errorf("drained %d", n)
		}
		if rows, err := q.List(t.Context(), queue.Filter{}); err != nil || len(rows) != 2 || rows[0].Key != "a" || rows[1].Key != "later" {
			t.Errorf("left over: %+v, %v", rows, err)
		}
	})
}
