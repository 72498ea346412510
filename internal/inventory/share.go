package inventory

import (
	"context"
	"time"

	"magpie/internal/store"
)

// The operator's caps are for all processes together. Each that uses a store with a cap says so every few seconds, and takes as much of the
// cap as there are others; a process that died counts until nothing was heard of it for a while.
const (
	shareEvery = 5 * time.Second
	shareLost  = 15 * time.Second
)

// share tells the paces of stores with a cap how many processes there are.
func (s *Service) share(ctx context.Context) error {
	s.mu.Lock()
	capped := false
	for _, b := range s.open {
		capped = capped || b.capped
	}
	s.mu.Unlock()
	if !capped {
		return nil
	}
	var processes int
	err := s.db.Tx(ctx, "inventory nodes", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into inventory_node (id, seen_at) values ($1, `+tx.NowMillis()+`)
			on conflict (id) do update set seen_at = excluded.seen_at`, s.node)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from inventory_node where seen_at < `+tx.NowMillis()+` - $1`, shareLost.Milliseconds()); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select count(*) from inventory_node`).Scan(&processes)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.processes = processes
	for _, b := range s.open {
		b.pace.Share(processes)
	}
	return nil
}
