package inventory

import (
	"context"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Meter is told of what goes on, for metrics.
type Meter interface {
	Called(Request)
}

// Request is a request to a store that was answered, or was not.
type Request struct {
	Region  string
	Account macie2.AccountID
	Kind    Kind   // of the store
	Call    string // as S3 names it
	Outcome objectstore.Outcome
	Took    time.Duration
}

type noMeter struct{}

func (noMeter) Called(Request) {}

// State is how stores are, for metrics.
type State struct {
	Stores     map[Status]int64
	OldestLook time.Duration // since the oldest last look at a store that is looked at; 0 if there is none
	Open       int           // stores that this process has open
	Slowed     int           // those of them that asked for fewer requests
	LowestRate float64       // requests a second that may begin at the slowest of them; 0 if none is open
}

// State tells how stores are.
func (s *Service) State(ctx context.Context) (State, error) {
	var x State
	err := s.db.View(ctx, func(tx *store.Tx) error {
		x.Stores = map[Status]int64{}
		err := tx.Query(ctx, func(row store.Row) error {
			var status Status
			var n int64
			err := row.Scan(&status, &n)
			x.Stores[status] = n
			return err
		}, `select status, count(*) from object_store group by status`)
		if err != nil {
			return err
		}
		var oldest *int64
		err = tx.QueryRow(ctx, `select min(o.looked_at) from object_store o where `+enabledCondition).Scan(&oldest)
		if oldest != nil {
			x.OldestLook = max(0, s.now().Sub(time.UnixMilli(*oldest)))
		}
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.open {
		p := b.pace.State()
		if x.Open++; x.Open == 1 || p.Rate < x.LowestRate {
			x.LowestRate = p.Rate
		}
		if p.Slowed {
			x.Slowed++
		}
	}
	return x, err
}
