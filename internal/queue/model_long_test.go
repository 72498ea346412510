package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// longModel is what should be true of the tasks of a long kind while several nodes claim, record progress, split, end and
// give back tasks, pause, resume and cancel their groups, and die.
type longModel struct {
	t      *testing.T
	rng    *rand.Rand
	clock  time.Time
	nodes  []*longNode
	next   int
	tasks  map[string]*longTask
	groups map[string]string // paused or cancelled
	steps  int               // progress that was committed
	ended  int               // tasks that were done or given up
	turned int               // zombies that were turned away
}

type longTask struct {
	tenant, group string
	claim         string
	attempt, step int
	runAt         time.Time
}

// longNode is one process.
type longNode struct {
	q    *Queue
	w    *worker
	k    *externalKind
	held []*held
	dead bool
}

const (
	longPerTenant = 3
	longLimit     = 8
)

func (m *longModel) node(db *store.DB) *longNode {
	n := &longNode{q: Open(db, Options{Clock: func() time.Time { return m.clock }, Logger: storetest.Logger(m.t)})}
	n.w = newWorker(n.q)
	n.q.Long(Long{Kind: "shard", PerTenant: longPerTenant, Limit: longLimit, Slots: longLimit, MaxAge: 1000 * time.Hour,
		Finish: func(_ context.Context, tx *store.Tx, t Task, o Outcome) error {
			if o.Status != Later {
				tx.DeferExpect(1, "insert into done (key) values ($1)", "end "+t.Key)
			}
			return nil
		}})
	n.k = n.q.external[0]
	return n
}

func TestModelOfLongTasks(t *testing.T) {
	seed, searching := modelSeed(t)
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		m := &longModel{t: t, rng: rand.New(rand.NewPCG(seed, 2)), clock: time.UnixMilli(1e12).UTC(),
			tasks: map[string]*longTask{}, groups: map[string]string{}}
		dbs := []*store.DB{open(), open()}
		m.do(dbs[0], func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "create table done (key text primary key)")
			return err
		})
		for i := range 3 {
			m.nodes = append(m.nodes, m.node(dbs[i%len(dbs)]))
		}
		for range 600 {
			m.step()
			m.check(dbs[0])
			if t.Failed() {
				return
			}
		}
		m.finish()
		m.check(dbs[0])
		t.Logf("%d tasks ended after %d steps, %d zombies turned away", m.ended, m.steps, m.turned)
		if !searching && (m.turned == 0 || m.ended < 20 || m.steps < 20) {
			t.Error("the run proved little")
		}
	})
}

func (m *longModel) do(db *store.DB, fn func(context.Context, *store.Tx) error) {
	m.t.Helper()
	if err := db.Tx(m.t.Context(), "model", func(tx *store.Tx) error { return fn(m.t.Context(), tx) }); err != nil {
		m.t.Fatal(err)
	}
}

func (m *longModel) step() {
	n := m.nodes[m.rng.IntN(len(m.nodes))]
	switch m.rng.IntN(16) {
	case 0, 1:
		m.enqueue(n)
	case 2, 3, 4:
		m.claim(n)
	case 5, 6, 7, 8:
		if len(n.held) > 0 {
			m.progress(n, n.held[m.rng.IntN(len(n.held))])
		}
	case 9, 10:
		if len(n.held) > 0 {
			m.end(n, m.rng.IntN(len(n.held)))
		}
	case 11:
		m.clock = m.clock.Add(time.Duration(m.rng.IntN(8000)) * time.Millisecond)
		m.beatAndReap(n)
	case 12:
		if m.rng.IntN(3) == 0 {
			n.dead = !n.dead
		}
	case 13:
		m.closeOrOpen(n)
	case 14:
		if len(n.held) > 0 {
			m.giveBack(n, m.rng.IntN(len(n.held)))
		}
	case 15:
		m.look(n)
	}
}

func (m *longModel) group() (tenant, group string) {
	tenant = fmt.Sprint("tenant ", m.rng.IntN(4))
	if i := m.rng.IntN(4); i > 0 {
		group = fmt.Sprint(tenant, " run ", m.next/40, " ", i)
	}
	return tenant, group
}

func (m *longModel) enqueue(n *longNode) {
	tenant, group := m.group()
	var tasks []New
	for range 1 + m.rng.IntN(5) {
		m.next++
		tasks = append(tasks, New{Kind: "shard", Key: strconv.Itoa(m.next), Tenant: tenant, Group: group, Payload: 0})
	}
	err := n.q.db.Tx(m.t.Context(), "model", func(tx *store.Tx) error { return n.q.Enqueue(m.t.Context(), tx, tasks...) })
	if cancelled := m.groups[group] == "cancelled"; errors.Is(err, ErrCancelled) != cancelled || !cancelled && err != nil {
		m.t.Fatalf("enqueue in group %q, which is %q: %v", group, m.groups[group], err)
	} else if cancelled {
		return
	}
	for _, task := range tasks {
		m.tasks[task.Key] = &longTask{tenant: tenant, group: group, runAt: m.clock}
	}
}

// load is how many tasks are held for each tenant, and how many more could be claimed.
func (m *longModel) load() (held, due map[string]int, total int) {
	held, due = map[string]int{}, map[string]int{}
	for _, task := range m.tasks {
		switch {
		case task.claim != "":
			held[task.tenant]++
			total++
		case m.groups[task.group] == "" && !task.runAt.After(m.clock):
			due[task.tenant]++
		}
	}
	return held, due, total
}

func (m *longModel) claim(n *longNode) {
	want := 1 + m.rng.IntN(4)
	held, due, total := m.load()
	claimed, _, err := n.k.claim(m.t.Context(), n.w, want)
	if err != nil {
		m.t.Fatal(err)
	}
	could := 0
	for tenant, d := range due {
		could += min(d, max(0, longPerTenant-held[tenant]))
	}
	if could = min(want, could, max(0, longLimit-total)); len(claimed) != could {
		m.t.Errorf("claimed %d of %d, want %d (held %v, due %v)", len(claimed), want, could, held, due)
	}
	served := map[string]bool{}
	for _, h := range claimed {
		task := m.tasks[h.Key]
		var step int
		if err := h.Decode(&step); err != nil || task == nil || task.claim != "" || task.attempt != h.Attempt || task.step != step ||
			m.groups[task.group] != "" || task.tenant != h.Tenant || task.group != h.Group {
			m.t.Errorf("claimed %+v at step %d, which is %+v: %v", h.Task, step, task, err)
			continue
		}
		task.claim = h.claim
		served[task.tenant] = true
	}
	if held, due, _ = m.load(); len(claimed) > 0 {
		for tenant := range due {
			for other := range served {
				if held[tenant] < longPerTenant && held[other] > held[tenant]+1 {
					m.t.Errorf("%s has tasks and holds %d, but %s was served and holds %d", tenant, held[tenant], other, held[other])
				}
			}
		}
	}
	n.held = append(n.held, claimed...)
	if len(claimed) > 0 {
		n.dead = false
	}
}

// progress records a step of a task, and now and then splits it or rolls back.
func (m *longModel) progress(n *longNode, h *held) {
	task := m.tasks[h.Key]
	mine := task != nil && task.claim == h.claim
	var tasks []New
	if m.rng.IntN(4) == 0 {
		m.next++
		tasks = append(tasks, New{Kind: "shard", Key: strconv.Itoa(m.next), Tenant: h.Tenant, Group: h.Group, Payload: 0})
	}
	var step int
	if err := h.current().Decode(&step); err != nil {
		m.t.Fatal(err)
	}
	refused := errors.New("refused")
	rollback := m.rng.IntN(4) == 0
	ctx := m.t.Context()
	err := n.q.background.Tx(ctx, "model", func(tx *store.Tx) error {
		// A handler that does not look at the error does no harm either.
		_ = (&Held{h: h, alive: func() {}}).Progress(ctx, tx, step+1)
		tx.DeferExpect(1, "insert into done (key) values ($1)", fmt.Sprint("step ", h.Key, " ", step))
		if len(tasks) > 0 {
			if err := n.q.Enqueue(ctx, tx, tasks...); err != nil {
				return err
			}
		}
		if rollback {
			return refused
		}
		return nil
	})
	switch {
	case !mine:
		if !errors.Is(err, ErrLeaseLost) && !(rollback && errors.Is(err, refused)) {
			m.t.Errorf("a zombie recorded progress of %s: %v", h.Key, err)
		}
		m.turned++
	case rollback:
		if !errors.Is(err, refused) {
			m.t.Error(err)
		}
	case err != nil:
		m.t.Errorf("the holder cannot record progress of %s: %v", h.Key, err)
	default:
		m.steps++
		task.step, task.attempt = step+1, 0
		for _, more := range tasks {
			m.tasks[more.Key] = &longTask{tenant: h.Tenant, group: h.Group, runAt: m.clock}
		}
	}
}

func (m *longModel) take(n *longNode, i int) (h *held, task *longTask, mine bool) {
	h = n.held[i]
	n.held = append(n.held[:i], n.held[i+1:]...)
	n.w.ended(h)
	task = m.tasks[h.Key]
	return h, task, task != nil && task.claim == h.claim
}

func (m *longModel) end(n *longNode, i int) {
	h, task, mine := m.take(n, i)
	o := n.k.decide(h.current(), Outcome{Status: Status(m.rng.IntN(3))}, m.clock)
	err := n.k.end(m.t.Context(), h, o)
	switch {
	case !mine:
		if !errors.Is(err, ErrLeaseLost) {
			m.t.Errorf("a zombie ended %s: %v", h.Key, err)
		}
		m.turned++
	case err != nil:
		m.t.Errorf("the holder cannot end %s: %v", h.Key, err)
	case o.Status == Later:
		task.claim, task.runAt = "", o.RetryAt
		task.attempt++
	default:
		delete(m.tasks, h.Key)
		m.ended++
	}
}

func (m *longModel) giveBack(n *longNode, i int) {
	h, task, mine := m.take(n, i)
	n.w.giveBack(h)
	if mine {
		task.claim = ""
	}
}

func (m *longModel) beatAndReap(n *longNode) {
	ctx := m.t.Context()
	for _, n := range m.nodes {
		if !n.dead {
			if err := n.w.beat(ctx); err != nil {
				m.t.Fatal(err)
			}
		}
	}
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
	if _, err := n.q.reap(ctx); err != nil {
		m.t.Fatal(err)
	}
	for _, task := range m.tasks {
		if task.claim != "" && !alive[task.claim[:32]] {
			task.claim = ""
			task.attempt++ // a death counts
		}
	}
}

// closeOrOpen pauses, resumes or cancels a group that has tasks.
func (m *longModel) closeOrOpen(n *longNode) {
	_, group := m.group()
	if group == "" {
		return
	}
	state := m.groups[group]
	switch m.rng.IntN(5) {
	case 0, 1:
		m.do(n.q.db, func(ctx context.Context, tx *store.Tx) error { return n.q.PauseGroup(ctx, tx, group) })
		if state == "" {
			m.groups[group] = "paused"
		}
	case 2, 3:
		m.do(n.q.db, func(ctx context.Context, tx *store.Tx) error { return n.q.ResumeGroup(ctx, tx, group) })
		if state == "paused" {
			delete(m.groups, group)
		}
	case 4:
		m.do(n.q.db, func(ctx context.Context, tx *store.Tx) error { return n.q.CancelGroup(ctx, tx, group) })
		m.groups[group] = "cancelled"
	}
	for key, task := range m.tasks {
		switch {
		case task.group != group:
		case m.groups[group] == "paused":
			task.claim = ""
		case m.groups[group] == "cancelled" && task.claim != "":
			delete(m.tasks, key)
		}
	}
}

// look: a worker learns of exactly those of its tasks that are not its own any more.
func (m *longModel) look(n *longNode) {
	for _, h := range n.held {
		n.w.hold(h)
	}
	if err := n.w.look(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	for _, h := range n.held {
		n.w.drop(h)
		task := m.tasks[h.Key]
		if mine := task != nil && task.claim == h.claim; h.isTaken() == mine {
			m.t.Errorf("%s is its holder's: %t, but it was told %t", h.Key, mine, h.isTaken())
		}
	}
}

func (m *longModel) check(db *store.DB) {
	m.t.Helper()
	ctx := m.t.Context()
	found, lines, kept := map[string]longTask{}, lineChanges{}, lineChanges{}
	var done int
	err := db.View(ctx, func(tx *store.Tx) error {
		clear(found)
		clear(lines)
		clear(kept)
		if err := tx.Query(ctx, func(r store.Row) error {
			var key, state, payload string
			var claim *string
			var runAt int64
			var task longTask
			if err := r.Scan(&key, &state, &payload, &task.tenant, &task.group, &claim, &task.attempt, &runAt); err != nil {
				return err
			}
			task.runAt = time.UnixMilli(runAt).UTC()
			if claim != nil {
				task.claim = *claim
			}
			task.step, _ = strconv.Atoi(payload)
			found[key] = task
			k := lineKey{"shard", task.tenant, task.group}
			if state == "held" {
				lines.add(k, 0, 1)
			} else {
				lines.add(k, 1, 0)
			}
			return nil
		}, "select key, state, payload, tenant, group_id, claim, attempt, run_at from task where kind = 'shard'"); err != nil {
			return err
		}
		if err := tx.Query(ctx, func(r store.Row) error {
			k := lineKey{kind: "shard"}
			var c lineChange
			err := r.Scan(&k.tenant, &k.group, &c.ready, &c.held)
			kept[k] = c
			return err
		}, "select tenant, group_id, ready, held from task_line"); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select count(*) from done").Scan(&done)
	})
	if err != nil {
		m.t.Fatal(err)
	}
	for key, task := range m.tasks {
		if got, ok := found[key]; m.groups[task.group] == "cancelled" {
			if ok && got.claim != "" {
				m.t.Errorf("task %s of a group that was cancelled is held", key)
			}
		} else if got != *task {
			m.t.Errorf("task %s is %+v, want %+v", key, got, *task)
		}
	}
	for key, task := range found {
		if m.tasks[key] == nil {
			m.t.Errorf("task %s is there: %+v", key, task)
		}
	}
	for k, c := range lines {
		if kept[k] != c {
			m.t.Errorf("line %+v says %+v, and has %+v", k, kept[k], c)
		}
	}
	for k, c := range kept {
		if lines[k] != c && c != (lineChange{}) {
			m.t.Errorf("line %+v says %+v, and has %+v", k, c, lines[k])
		}
	}
	if done != m.steps+m.ended {
		m.t.Errorf("%d effects, want %d steps and %d ends", done, m.steps, m.ended)
	}
	held, _, total := m.load()
	for tenant, n := range held {
		if n > longPerTenant || total > longLimit {
			m.t.Errorf("%s holds %d, all hold %d", tenant, n, total)
		}
	}
}

// finish lets a new node do the rest: nothing may be stuck, and nothing be left of groups that were cancelled.
func (m *longModel) finish() {
	n := m.node(m.nodes[0].q.db)
	n.k.long.Do = func(context.Context, *Held) Outcome { return Outcome{Status: Done} }
	for group, state := range m.groups {
		if state == "paused" {
			m.do(n.q.db, func(ctx context.Context, tx *store.Tx) error { return n.q.ResumeGroup(ctx, tx, group) })
		}
	}
	m.clock = m.clock.Add(24 * time.Hour)
	if _, err := n.q.Drain(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	for _, task := range m.tasks {
		if m.groups[task.group] != "cancelled" {
			m.ended++
		}
	}
	clear(m.tasks)
	var left [4]int
	m.do(n.q.db, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `select (select count(*) from task), (select count(*) from task_line), (select count(*) from task_group),
			(select cast(coalesce(sum(amount), 0) as bigint) from tally)`).Scan(&left[0], &left[1], &left[2], &left[3])
	})
	if left != [4]int{} {
		m.t.Errorf("%d tasks, %d lines, %d groups, %d tallied are left", left[0], left[1], left[2], left[3])
	}
	for _, zombies := range m.nodes {
		for _, h := range zombies.held {
			if err := n.k.end(m.t.Context(), h, Outcome{Status: Done}); !errors.Is(err, ErrLeaseLost) {
				m.t.Error(fmt.Errorf("a zombie ended %s: %w", h.Key, err))
			}
		}
	}
}
