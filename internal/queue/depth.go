package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"magpie/internal/store"
)

// Depth is how much of a kind there is.
type Depth struct {
	Kind string
	// Ready is how many tasks could be claimed, now or when they become due; Paused how many more belong to a group that is
	// paused or cancelled; Held how many workers hold; Failed how many were given up.
	Ready, Paused, Held, Failed int64
	// Oldest is how long the oldest task that is due waits.
	Oldest time.Duration
}

// Depths tells the depth of every kind that has tasks. The ready tasks, of which there may be millions, are not counted: the
// transactions that change their number keep it.
func (q *Queue) Depths(ctx context.Context) ([]Depth, error) {
	var depths map[string]*Depth
	of := func(kind string) *Depth {
		if depths[kind] == nil {
			depths[kind] = &Depth{Kind: kind}
		}
		return depths[kind]
	}
	err := q.db.View(ctx, func(tx *store.Tx) error {
		depths = make(map[string]*Depth)
		// One statement sees one moment: a task that is claimed, given back or taken up meanwhile is not missed. Workers hold few tasks, and few
		// are given up; both have an index to themselves.
		if err := tx.Query(ctx, func(r store.Row) error {
			var kind string
			var ready, paused, held, failed int64
			err := r.Scan(&kind, &ready, &paused, &held, &failed)
			if d := of(kind); err == nil {
				d.Ready, d.Paused, d.Held, d.Failed = d.Ready+ready, d.Paused+paused, d.Held+held, d.Failed+failed
			}
			return err
		}, `select l.kind, cast(sum(case when g.id is null then l.ready else 0 end) as bigint),
				cast(sum(case when g.id is null then 0 else l.ready end) as bigint), cast(0 as bigint), cast(0 as bigint)
				from task_line l left join task_group g on g.id = l.group_id group by l.kind
			union all select name, cast(sum(amount) as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint) from tally where scope = $1 group by name
			union all select kind, cast(0 as bigint), cast(0 as bigint), count(*), cast(0 as bigint) from task where state = 'held' group by kind
			union all select kind, cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), count(*) from task where state = 'failed' group by kind`, tallyScope); err != nil {
			return err
		}
		return q.oldest(ctx, tx, depths)
	})
	if err != nil {
		return nil, fmt.Errorf("queue: depths: %w", err)
	}
	list := make([]Depth, 0, len(depths))
	for _, d := range depths {
		if d.Ready != 0 || d.Paused != 0 || d.Held != 0 || d.Failed != 0 {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b Depth) int { return cmp.Compare(a.Kind, b.Kind) })
	return list, nil
}

// oldest looks up, for each kind, the task that has been due for longest.
func (q *Queue) oldest(ctx context.Context, tx *store.Tx, depths map[string]*Depth) error {
	var kinds []*Depth
	var stmts []store.Stmt
	for kind, d := range depths {
		if d.Ready > 0 {
			kinds = append(kinds, d)
			stmts = append(stmts, store.Stmt{SQL: "select " + q.now(tx) + ` - run_at from task where kind = $1 and state = 'ready'
				order by run_at, key limit 1`, Args: []any{kind}})
		}
	}
	return tx.QueryMany(ctx, func(i int, r store.Row) error {
		var age int64
		err := r.Scan(&age)
		kinds[i].Oldest = max(0, time.Duration(age)*time.Millisecond)
		return err
	}, stmts...)
}

// recountEvery is how often a node makes sure that the kept numbers are right.
const recountEvery = time.Hour

// recount corrects the numbers that transactions keep: nodes of a release that did not keep them make them wrong. Nothing
// depends on them but what people are shown.
func (q *Queue) recount(ctx context.Context) error {
	var wrong map[string]int64
	err := q.background.View(ctx, func(tx *store.Tx) (err error) {
		wrong, err = drift(ctx, tx)
		return err
	})
	if err == nil && len(wrong) > 0 {
		err = q.background.Tx(ctx, "queue recount", func(tx *store.Tx) error {
			// One node at a time, or two would correct the same.
			if _, err := tx.Exec(ctx, `insert into task_turn (kind, turn) values ('queue.recount', 1) on conflict (kind) do update
				set turn = task_turn.turn + 1`); err != nil {
				return err
			}
			wrong, err := drift(ctx, tx)
			for kind, n := range wrong {
				tx.Tally(tallyScope, kind, n)
			}
			return err
		})
	}
	if err != nil && ctx.Err() == nil {
		q.log.Warn("the numbers of tasks may be wrong", "error", err)
	}
	return nil
}

// drift tells by how much the kept numbers of ready tasks are wrong, by kind. One statement sees one moment: what others
// commit meanwhile is in neither of the numbers.
func drift(ctx context.Context, tx *store.Tx) (map[string]int64, error) {
	wrong := make(map[string]int64)
	err := tx.Query(ctx, func(r store.Row) error {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		wrong[kind] = n
		return err
	}, `select kind, cast(sum(n) as bigint) from (
			select kind, count(*) as n from task where state = 'ready' and tenant = '' group by kind
			union all select name, -sum(amount) from tally where scope = $1 group by name
		) x group by kind having sum(n) <> 0`, tallyScope)
	return wrong, err
}
