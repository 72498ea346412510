package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/publication"
	"magpie/internal/session"
)

// openFindings puts the parts together that keep what was found, and that tell others of it.
func (s *Server) openFindings(key identity.MasterKey, pages *pagetoken.Issuer, m *metrics) {
	s.publication = publication.New(publication.Options{
		DB: s.db, Sealer: identity.NewSealer(key, identity.DestinationSecretPurpose), Logger: s.log, Administrator: membership.AdministratorOf,
		Observe: m.deliveries(),
	})
	s.findings = finding.New(finding.Options{
		DB: s.db, Queue: s.queue, Pages: pages, Logger: s.log, Members: membership.MembersOf, Administrator: membership.AdministratorOf,
		Publish: s.publication.Publish,
		Bucket: func(ctx context.Context, region string, account macie2.AccountID, name string) (finding.Bucket, error) {
			b, err := s.inventory.Open(ctx, region, account, name)
			if err != nil {
				return nil, err
			}
			return b, nil
		},
	})
	s.findings.Bind(s.registry)
	s.sessions.Hook(session.Hooks{OnDisable: s.findings.Forget})
}

// deliveries counts what is told to destinations of findings.
func (m *metrics) deliveries() func(k publication.Kind, outcome string, n int) {
	told := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "magpie_finding_deliveries_total",
		Help: "Findings that destinations accepted (delivered) or refused for good (refused), and attempts that failed (failed), by this node.",
	}, []string{"kind", "outcome"})
	m.registry.MustRegister(told)
	for _, k := range []publication.Kind{publication.Webhook, publication.EventBridge, publication.SecurityHub, publication.File} {
		for _, outcome := range []string{"delivered", "refused", "failed"} {
			told.WithLabelValues(string(k), outcome) // a rate from nothing to one is none
		}
	}
	return func(k publication.Kind, outcome string, n int) {
		told.WithLabelValues(string(k), outcome).Add(float64(n))
	}
}
