package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// model is what should be true of the tasks of one external and one transactional kind while several nodes work on them,
// stop in the middle, come back as zombies, and roll back.
type model struct {
	t      *testing.T
	rng    *rand.Rand
	clock  time.Time
	nodes  []*node
	next   int
	tasks  map[string]*modelTask // external, not ended yet
	counts map[string]bool       // transactional, not ended yet
	ended  int
	zombie int // attempts to end a task that was somebody else's
}

type modelTask struct {
	claim   string // the claim that holds it, "" when it is ready
	attempt int
	runAt   time.Time
}

// node is one process: its own store, queue and worker.
type node struct {
	q    *Queue
	w    *worker
	mail *externalKind
	tx   *transactionalKind
	held []*held
	dead bool // it does not renew its lease any more
	fail bool // its transactional handler refuses odd keys
}

func (m *model) node(db *store.DB) *node {
	n := &node{q: Open(db, Options{Clock: func() time.Time { return m.clock }, Logger: storetest.Logger(m.t)})}
	n.w = newWorker(n.q)
	n.q.External(External{Kind: "mail", MaxAge: time.Hour, Finish: func(_ context.Context, tx *store.Tx, t Task, o Outcome) error {
		if o.Status != Later {
			tx.DeferExpect(1, "insert into done (key) values ($1)", "mail "+t.Key) // fails if it is there
		}
		return nil
	}})
	n.q.Transactional(Transactional{Kind: "count", Batch: 8, Attempts: 1 << 30, Handle: func(_ context.Context, tx *store.Tx, tasks []Task) error {
		for _, t := range tasks {
			if k, _ := strconv.Atoi(t.Key); n.fail && k%2 == 1 {
				return errors.New("odd")
			}
			tx.DeferExpect(1, "insert into done (key) values ($1)", "count "+t.Key)
		}
		return nil
	}})
	n.mail, n.tx = n.q.external[0], n.q.transactional[0]
	return n
}

// modelSeed is what a model's steps are drawn from: always the same, so that a change is judged and not its luck, or
// what MAGPIE_TEST_SEED says: a number, or "random" to search for orders of events that no run has met yet.
func modelSeed(t *testing.T) (seed uint64, searching bool) {
	t.Helper()
	switch s := os.Getenv("MAGPIE_TEST_SEED"); s {
	case "":
		return 1, false
	case "random":
		seed = uint64(time.Now().UnixNano())
	default:
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("MAGPIE_TEST_SEED: %v", err)
		}
	}
	t.Logf("MAGPIE_TEST_SEED=%d", seed)
	return seed, true
}

func TestModel(t *testing.T) {
	seed, searching := modelSeed(t)
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 1)), clock: time.UnixMilli(1e12).UTC(),
			tasks: map[string]*modelTask{}, counts: map[string]bool{}}
		dbs := []*store.DB{open(), open()}
		m.do(dbs[0], func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "create table done (key text primary key)")
			return err
		})
		for i := range 4 {
			m.nodes = append(m.nodes, m.node(dbs[i%len(dbs)]))
		}
		for range 400 {
			m.step(dbs)
			if t.Failed() {
				return
			}
		}
		m.finish(dbs)
		t.Logf("%d tasks ended, %d zombies turned away", m.ended, m.zombie)
		if !searching && (m.zombie == 0 || m.ended < 100) {
			t.Error("the run proved little")
		}
	})
}

func (m *model) do(db *store.DB, fn func(context.Context, *store.Tx) error) {
	m.t.Helper()
	if err := db.Tx(m.t.Context(), "model", func(tx *store.Tx) error { return fn(m.t.Context(), tx) }); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) step(dbs []*store.DB) {
	ctx := m.t.Context()
	n := m.nodes[m.rng.IntN(len(m.nodes))]
	switch m.rng.IntN(12) {
	case 0, 1:
		m.enqueue(n)
	case 2, 3:
		m.claim(n)
	case 4, 5, 6:
		if len(n.held) > 0 {
			m.end(n, m.rng.IntN(len(n.held)))
		}
	case 7:
		m.clock = m.clock.Add(time.Duration(m.rng.IntN(1500)) * time.Millisecond)
	case 8:
		for _, n := range m.nodes {
			if !n.dead {
				if err := n.w.beat(ctx); err != nil {
					m.t.Fatal(err)
				}
			}
		}
	case 9:
		m.reap(n)
	case 10:
		if m.rng.IntN(3) == 0 {
			n.dead = !n.dead // a process that stands still, or goes on after it did
		}
	case 11:
		n.fail = m.rng.IntN(2) == 0
		if _, err := n.tx.batch(ctx); err != nil {
			m.t.Fatal(err)
		}
		n.fail = false
	}
	m.check(dbs[0])
}

func (m *model) enqueue(n *node) {
	var mails, counts []string
	var tasks []New
	for range 1 + m.rng.IntN(6) {
		m.next++
		key := strconv.Itoa(m.next)
		tasks = append(tasks, New{Kind: "mail", Key: key}, New{Kind: "count", Key: key})
		mails, counts = append(mails, key), append(counts, key)
	}
	rollback := m.rng.IntN(4) == 0
	refused := errors.New("refused")
	err := n.q.db.Tx(m.t.Context(), "model", func(tx *store.Tx) error {
		if err := n.q.Enqueue(m.t.Context(), tx, tasks...); err != nil {
			return err
		}
		if rollback {
			return refused
		}
		return nil
	})
	if rollback {
		if !errors.Is(err, refused) {
			m.t.Fatal(err)
		}
		return
	}
	if err != nil {
		m.t.Fatal(err)
	}
	for i := range mails {
		m.tasks[mails[i]] = &modelTask{runAt: m.clock}
		m.counts[counts[i]] = true
	}
}

func (m *model) claim(n *node) {
	want := 1 + m.rng.IntN(5)
	claimed, _, err := n.mail.claim(m.t.Context(), n.w, want)
	if err != nil {
		m.t.Fatal(err)
	}
	due := 0
	for _, task := range m.tasks {
		if task.claim == "" && !task.runAt.After(m.clock) {
			due++
		}
	}
	if len(claimed) != min(want, due) {
		m.t.Errorf("claimed %d of %d, %d are due", len(claimed), want, due)
	}
	for _, h := range claimed {
		task := m.tasks[h.Key]
		if task == nil || task.claim != "" || task.attempt != h.Attempt {
			m.t.Errorf("claimed %+v, which is %+v", h.Task, task)
			continue
		}
		task.claim = h.claim
	}
	n.held = append(n.held, claimed...)
	if len(claimed) > 0 {
		n.dead = false // claiming renews the lease
	}
}

// end ends an attempt, with the lease or, as a zombie, without.
func (m *model) end(n *node, i int) {
	h := n.held[i]
	n.held = append(n.held[:i], n.held[i+1:]...)
	defer n.w.ended(h)
	o := Outcome{Status: Status(m.rng.IntN(3))}
	o = n.mail.decide(h.Task, o, m.clock)
	task := m.tasks[h.Key]
	mine := task != nil && task.claim == h.claim
	err := n.mail.end(m.t.Context(), h, o)
	switch {
	case mine && err != nil:
		m.t.Errorf("the holder cannot end %s: %v", h.Key, err)
	case !mine && !errors.Is(err, ErrLeaseLost):
		m.t.Errorf("a zombie ended %s: %v", h.Key, err)
	case !mine:
		m.zombie++
	case o.Status == Later:
		task.claim, task.runAt = "", o.RetryAt
		task.attempt++
	default:
		delete(m.tasks, h.Key)
		m.ended++
	}
}

// reap takes up the tasks of workers that were silent for longer than the lease.
func (m *model) reap(n *node) {
	alive := make(map[string]bool)
	m.do(n.q.db, func(ctx context.Context, tx *store.Tx) error {
		clear(alive)
		return tx.Query(ctx, func(r store.Row) error {
			var id string
			var seen int64
			err := r.Scan(&id, &seen)
			alive[id] = seen >= m.clock.Add(-n.q.o.Lease).UnixMilli()
			return err
		}, "select id, seen_at from task_worker")
	})
	if _, err := n.q.reap(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	for _, task := range m.tasks {
		if task.claim != "" && !alive[task.claim[:32]] {
			task.claim = ""
		}
	}
}

// check compares the tables with the model.
func (m *model) check(db *store.DB) {
	m.t.Helper()
	ctx := m.t.Context()
	found := make(map[string]modelTask)
	counts := 0
	var done int
	var wrong map[string]int64
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		if wrong, err = drift(ctx, tx); err != nil {
			return err
		}
		clear(found)
		counts = 0
		err = tx.Query(ctx, func(r store.Row) error {
			var kind, key, state string
			var claim *string
			var attempt int
			var runAt int64
			if err := r.Scan(&kind, &key, &state, &claim, &attempt, &runAt); err != nil {
				return err
			}
			if kind == "count" {
				counts++
				return nil
			}
			task := modelTask{attempt: attempt, runAt: time.UnixMilli(runAt).UTC()}
			if claim != nil {
				task.claim = *claim
			}
			found[key] = task
			return nil
		}, "select kind, key, state, claim, attempt, run_at from task")
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select count(*) from done").Scan(&done)
	})
	if err != nil {
		m.t.Fatal(err)
	}
	if len(wrong) > 0 {
		m.t.Errorf("the tallies are wrong by %v", wrong)
	}
	for key, task := range m.tasks {
		if found[key] != *task {
			m.t.Errorf("task %s is %+v, want %+v", key, found[key], *task)
		}
	}
	// Every task there ever was is either still to be done or done, once.
	all := len(found) + counts + done
	if len(found) != len(m.tasks) || all != m.ended+len(m.tasks)+len(m.counts) {
		m.t.Errorf("%d mails (want %d), %d counts, %d done: %d tasks, of %d", len(found), len(m.tasks), counts, done, all, m.ended+len(m.tasks)+len(m.counts))
	}
}

// finish lets a new node do the rest: nothing may be stuck.
func (m *model) finish(dbs []*store.DB) {
	n := m.node(dbs[0])
	n.mail.Do = func(context.Context, Task) Outcome { return Outcome{Status: Done} }
	m.clock = m.clock.Add(24 * time.Hour)
	if _, err := n.q.Drain(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	m.ended += len(m.tasks)
	want := m.ended + len(m.counts)
	var done, left int
	m.do(dbs[0], func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select (select count(*) from done), (select count(*) from task)").Scan(&done, &left)
	})
	if done != want || left != 0 {
		m.t.Errorf("%d tasks are done, %d are left; want %d, 0", done, left, want)
	}
	for _, zombies := range m.nodes {
		for _, h := range zombies.held {
			if err := zombies.mail.end(m.t.Context(), h, Outcome{Status: Done}); !errors.Is(err, ErrLeaseLost) {
				m.t.Error(fmt.Errorf("a zombie ended %s: %w", h.Key, err))
			}
			m.zombie++
		}
	}
}
