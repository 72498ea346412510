package server

import (
	"context"

	"magpie/internal/queue"
	"magpie/internal/store"
)

// enqueue writes a task of a kind.
func (s *Server) enqueue(ctx context.Context, kind string) error {
	return s.db.Tx(ctx, "test", func(tx *store.Tx) error { return s.queue.Enqueue(ctx, tx, queue.New{Kind: kind}) })
}
