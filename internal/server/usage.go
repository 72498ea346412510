package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
	"magpie/internal/usage"
)

// openUsage puts the part together that meters. The parts that it asks are made after it.
func (s *Server) openUsage(pages *pagetoken.Issuer) error {
	prices, err := s.config.priceList()
	if err != nil {
		return err
	}
	s.usage = usage.New(usage.Options{
		DB: s.db, Pages: pages, Logger: s.log, Prices: prices, QuotaBytes: s.config.QuotaJobBytes,
		Quota: func(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID, at time.Time) (map[macie2.AccountID]usage.Quota, error) {
			return s.jobs.QuotaUse(ctx, tx, region, accounts, at)
		},
		Watched: func(ctx context.Context, tx *store.Tx, after usage.Watched, most int) ([]usage.Watched, error) {
			list, err := s.inventory.Watched(ctx, tx, inventory.Watched(after), most)
			out := make([]usage.Watched, len(list))
			for i, w := range list {
				out[i] = usage.Watched(w)
			}
			return out, err
		},
	})
	s.usage.Bind(s.registry)
	s.sessions.Hook(usage.SessionHooks())
	return nil
}

// priceList reads the file of prices; there are none without one.
func (c Config) priceList() (usage.Prices, error) {
	if c.PriceList == "" {
		return nil, nil
	}
	prices, err := usage.ReadPrices(c.PriceList)
	if err != nil {
		return nil, fmt.Errorf("--price-list: %w", err)
	}
	return prices, nil
}

// usageParameters are those that GET /magpie/v1/usage knows.
var usageParameters = []string{"timeRange", "accountId", "nextToken"}

// mountUsage serves /magpie/v1/usage: what was metered of each account. Macie's API shows only what
// it costs.
func mountUsage(edge *awsapi.Server, s *usage.Service) {
	edge.HandleSigned(http.MethodGet, "/magpie/v1/usage", "magpie:GetUsage", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, usageParameters); err != nil {
			return nil, err
		}
		return s.GetUsage(ctx, call, r.Query.Get("timeRange"), r.Query.Get("accountId"), r.Query.Get("nextToken"))
	})
}
