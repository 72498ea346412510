package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"magpie/internal/identity"
	"magpie/internal/store"
)

// healthTime bounds what readyz asks the database.
const healthTime = 2 * time.Second

// healthz says that the process serves.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// readyz says whether the node can do its work, and if not, what it lacks. Anyone may ask: it names
// no address, and of keys no more than their ids, which give nothing away.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	ctx, cancel := context.WithTimeout(r.Context(), healthTime)
	defer cancel()
	lacks, err := s.lacks(ctx)
	if len(lacks) == 0 {
		w.Write([]byte("ready\n"))
		return
	}
	s.log.Warn("not ready", "lacks", strings.Join(lacks, "; "), "error", err)
	w.WriteHeader(http.StatusServiceUnavailable)
	w.Write([]byte(strings.Join(lacks, "\n") + "\n"))
}

// lacks is what keeps the node from its work, for strangers; err is what is behind it, for the log.
func (s *Server) lacks(ctx context.Context) (lacks []string, err error) {
	if s.draining.Load() {
		lacks = append(lacks, "draining: this node ends, and takes no new requests")
	}
	switch err := s.db.CheckSchema(ctx); {
	case errors.Is(err, store.ErrNewer):
		return append(lacks, "migrations: the database was migrated by a newer magpie; this node is to be replaced"), err
	case errors.Is(err, store.ErrOlder):
		return append(lacks, "migrations: the database lacks some of this node's; restart it, or run magpie migrate"), err
	case err != nil:
		return append(lacks, "database: it does not answer"), err
	}
	var id string
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		id, err = identity.StoreKeyID(ctx, tx)
		return err
	})
	switch {
	case err != nil:
		lacks = append(lacks, "database: it does not answer")
	case id != s.keyID:
		lacks = append(lacks, "master key: the store is encrypted under "+id+", this node was started with "+s.keyID+"; restart it with the new one")
	}
	return lacks, err
}
