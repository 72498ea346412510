package server

import (
	"magpie/internal/pagetoken"
	"magpie/internal/sampling"
)

// openSampling puts the part together that discovers by itself what lies in buckets.
func (s *Server) openSampling(pages *pagetoken.Issuer) error {
	s.sampling = sampling.New(sampling.Options{
		DB: s.db, Queue: s.queue, Pages: pages, Inventory: s.inventory, Findings: s.findings, Reader: s.jobs, Logger: s.log,
	})
	s.sampling.Bind(s.registry)
	s.sessions.Hook(s.sampling.SessionHooks())
	s.membership.OnAssociation(s.sampling.Associated)
	return nil
}
