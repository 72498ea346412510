package inventory

import (
	"context"
	"maps"
	"slices"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/store"
)

// What a store bears is for all processes together: the operator's caps, how many objects are read at once, and the pace that it has been
// slowed to. Each process that uses a store says so every two seconds, at what pace, and takes its part of what all of them know; a process
// that died, or does not use the store any more, counts until nothing was heard of it for a while. A request to a store costs the database
// nothing.
const (
	shareEvery = 2 * time.Second
	shareLost  = 10 * time.Second
)

// used are the backends that have made requests since the last time, with what there is to tell of each.
func (s *Service) used() (backends map[string]*backend, told map[string]objectstore.Told) {
	s.mu.Lock()
	defer s.mu.Unlock()
	backends, told = map[string]*backend{}, map[string]objectstore.Told{}
	for id, b := range s.open {
		x := b.pace.Tell()
		if x.Requests != b.told {
			b.told = x.Requests
			backends[id], told[id] = b, x
		}
	}
	return backends, told
}

// share tells other processes of the stores that this one uses, and takes its part of what they bear.
func (s *Service) share(ctx context.Context) error {
	backends, told := s.used()
	if len(backends) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(backends))
	all := map[string][]objectstore.Told{}
	place := map[string]int{} // of this process among those that use a store
	err := s.db.Tx(ctx, "inventory nodes", func(tx *store.Tx) error {
		clear(place)
		for id, x := range told {
			all[id] = []objectstore.Told{x}
		}
		var now int64
		if err := tx.QueryRow(ctx, "select "+tx.NowMillis()).Scan(&now); err != nil {
			return err
		}
		err := tx.Query(ctx, func(r store.Row) error {
			var id, node string
			var rate, measured, away int64
			var x objectstore.Told
			if err := r.Scan(&id, &node, &rate, &measured, &x.Refusals, &away); err != nil || node == s.node {
				return err
			}
			x.Rate, x.Measured, x.Away = float64(rate)/1000, float64(measured)/1000, time.Duration(away-now)*time.Millisecond
			all[id] = append(all[id], x)
			if node < s.node {
				place[id]++
			}
			return nil
		}, `select store_id, node, rate, measured, refusals, away_until from store_node where seen_at >= $2 and `+tx.Any("store_id", 1),
			store.List(ids), now-s.lost.Milliseconds())
		if err != nil {
			return err
		}
		rows := make([][]any, len(ids))
		for i, id := range ids {
			x := told[id]
			rows[i] = []any{id, s.node, now, int64(x.Rate * 1000), int64(x.Measured * 1000), x.Refusals, now + x.Away.Milliseconds()}
		}
		tx.Defer("delete from store_node where seen_at < $1", now-s.lost.Milliseconds())
		tx.DeferInsert("insert into store_node (store_id, node, seen_at, rate, measured, refusals, away_until)", rows,
			`on conflict (store_id, node) do update set seen_at = excluded.seen_at, rate = excluded.rate, measured = excluded.measured,
				refusals = excluded.refusals, away_until = excluded.away_until`)
		return nil
	})
	if err != nil {
		return err
	}
	for id, b := range backends {
		b.pace.Learn(all[id])
		b.slots.Resize(part(s.reads, len(all[id]), place[id]))
	}
	return nil
}

// part is how many of so many things the process at a place gets; each gets one at least.
func part(of, processes, place int) int {
	n := of / processes
	if place < of%processes {
		n++
	}
	return max(1, n)
}
