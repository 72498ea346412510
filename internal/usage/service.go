package usage

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// Quota is what the jobs of an account have analysed in the calendar month, as the quota counts it.
type Quota struct {
	Used int64 // bytes
	Met  bool  // jobs are stopped by it, or the next object would be one too many
}

// Options are the parts and settings of a Service. DB and Pages are required.
type Options struct {
	DB     *store.DB
	Pages  *pagetoken.Issuer
	Logger *slog.Logger
	// Prices are the operator's. The zero value costs nothing.
	Prices Prices
	// QuotaBytes is how many bytes the jobs of an account may analyse in a calendar month.
	QuotaBytes int64
	// Quota tells how much of that the jobs of accounts have used. nil: nothing.
	Quota func(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID, at time.Time) (map[macie2.AccountID]Quota, error)
	// Watched lists what is watched of the accounts that Macie is enabled for, in the order of Region and account, at most so many of those
	// that follow after. nil: nothing is.
	Watched func(ctx context.Context, tx *store.Tx, after Watched, most int) ([]Watched, error)
	// Now is the clock of the background work; operations carry their own time. nil means time.Now.
	Now func() time.Time
}

// Service meters and reports. Its methods may be called at once from any number of goroutines and processes.
type Service struct {
	db      *store.DB
	pages   *pagetoken.Issuer
	log     *slog.Logger
	prices  Prices
	limit   int64
	quota   func(context.Context, *store.Tx, string, []macie2.AccountID, time.Time) (map[macie2.AccountID]Quota, error)
	watched func(context.Context, *store.Tx, Watched, int) ([]Watched, error)
	now     func() time.Time

	mu       sync.Mutex
	requests map[place]int64 // that are counted, and not written yet
}

// New returns a Service.
func New(o Options) *Service {
	s := &Service{db: o.DB, pages: o.Pages, log: o.Logger, prices: o.Prices, limit: o.QuotaBytes, quota: o.Quota, watched: o.Watched,
		now: o.Now, requests: map[place]int64{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindGetUsageStatistics(s.GetUsageStatistics)
	r.BindGetUsageTotals(s.GetUsageTotals)
}

// How often the background work is done.
const (
	flushEvery = 10 * time.Second
	watchEvery = time.Hour
)

// Run meters until ctx ends: it writes the requests that were counted, and looks at what is watched. Call Flush afterwards.
func (s *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	var watched time.Time
	expired := ""
	for {
		if err := s.Flush(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("requests to stores cannot be metered", "error", err)
		}
		// The first look of a day is soon after its begin, so that no day is left out.
		if now := s.now().UTC(); now.Sub(watched) >= watchEvery || now.YearDay() != watched.YearDay() {
			if err := s.Watch(ctx); err == nil {
				watched = now
			} else if ctx.Err() == nil {
				s.log.Warn("what is watched cannot be metered", "error", err)
			}
			if day := now.Format(dayLayout); expired != day {
				if err := s.Expire(ctx); err == nil {
					expired = day
				} else if ctx.Err() == nil {
					s.log.Warn("old figures of usage cannot be deleted", "error", err)
				}
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
