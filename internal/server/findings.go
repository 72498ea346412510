package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/permission"
	"magpie/internal/publication"
)

// openFindings puts the parts together that keep what was found, and that tell others of it.
func (s *Server) openFindings(key identity.MasterKey, pages *pagetoken.Issuer, m *metrics) {
	bucket := func(ctx context.Context, region string, account macie2.AccountID, name string) (finding.Bucket, error) {
		b, err := s.inventory.Open(ctx, region, account, name)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	named := func(ctx context.Context, region string, account macie2.AccountID, name string, at time.Time) (finding.Bucket, error) {
		b, err := s.inventory.OpenExpected(ctx, region, account, name, at)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	s.publication = publication.New(publication.Options{
		DB: s.db, Sealer: identity.NewSealer(key, identity.DestinationSecretPurpose), Logger: s.log, Administrator: membership.AdministratorOf,
		Bucket: bucket, Observe: m.deliveries(),
	})
	s.findings = finding.New(finding.Options{
		DB: s.db, Queue: s.queue, Pages: pages, Logger: s.log, Members: membership.MembersOf, Administrator: membership.AdministratorOf,
		Publish: s.publication.Publish, Reveal: &revealer{s: s},
		Bucket: bucket, NamedBucket: named,
	})
	s.findings.Bind(s.registry)
	s.sessions.Hook(s.findings.SessionHooks())
}

// deliveries counts what is told to destinations of findings.
func (m *metrics) deliveries() func(k publication.Kind, outcome string, n int) {
	told := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "magpie_finding_deliveries_total",
		Help: "Findings that destinations accepted (delivered) or refused for good (refused), and attempts that failed (failed), by this node.",
	}, []string{"kind", "outcome"})
	m.registry.MustRegister(told)
	for _, k := range publication.Kinds {
		for _, outcome := range []string{"delivered", "refused", "failed"} {
			told.WithLabelValues(string(k), outcome) // a rate from nothing to one is none
		}
	}
	return func(k publication.Kind, outcome string, n int) {
		told.WithLabelValues(string(k), outcome).Add(float64(n))
	}
}

// revealer reads objects again to show samples. The jobs that can do so open after findings do.
type revealer struct{ s *Server }

func (r *revealer) Stored(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (objectstore.Head, error) {
	return r.s.jobs.Stored(ctx, holder, x)
}

func (r *revealer) Reveal(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (map[string][]string, error) {
	return r.s.jobs.Reveal(ctx, holder, x)
}

func (r *revealer) MayRead(call *macie2.Call, bucket, key string) bool {
	return permission.MayRead(call, bucket, key)
}
