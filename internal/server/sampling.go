package server

import (
	"magpie/internal/pagetoken"
	"magpie/internal/sampling"
)

// openSampling puts the part together that discovers by itself what lies in buckets.
func (s *Server) openSampling(pages *pagetoken.Issuer) error {
	budget, err := sampling.ParseBudget(s.config.DiscoveryBudget)
	if err != nil {
		return err
	}
	s.sampling = sampling.New(sampling.Options{
		DB: s.db, Queue: s.queue, Pages: pages, Inventory: s.inventory, Findings: s.findings, Reader: s.jobs, Logger: s.log,
		Cycle: s.config.DiscoveryCycle, Budget: budget,
	})
	s.sampling.Bind(s.registry)
	s.sessions.Hook(s.sampling.SessionHooks())
	s.membership.OnAssociation(s.sampling.Associated)
	return nil
}
