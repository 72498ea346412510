package server

import (
	"context"
	"net/http"

	"magpie/internal/awsapi"
	"magpie/internal/macie2"
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

// The parameters that the operations under /magpie/v1/discovery know.
var (
	cyclesParameters   = []string{"nextToken"}
	cycleParameters    = []string{"nextToken"}
	coverageParameters = []string{"issue", "nextToken"}
)

// mountSampling serves /magpie/v1/discovery: what the cycles of automated discovery did, why, and what it cost; and how well each bucket is
// known. Macie shows neither.
func mountSampling(edge *awsapi.Server, s *sampling.Service) {
	const path = "/magpie/v1/discovery"
	edge.HandleSigned(http.MethodGet, path+"/cycles", "magpie:ListDiscoveryCycles", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, cyclesParameters); err != nil {
			return nil, err
		}
		return s.Cycles(ctx, call, r.Query.Get("nextToken"))
	})
	edge.HandleSigned(http.MethodGet, path+"/cycles/{cycle}", "magpie:GetDiscoveryCycle", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, cycleParameters); err != nil {
			return nil, err
		}
		return s.Cycle(ctx, call, r.Path[0].Value, r.Query.Get("nextToken"))
	})
	edge.HandleSigned(http.MethodGet, path+"/coverage", "magpie:GetDiscoveryCoverage", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, coverageParameters); err != nil {
			return nil, err
		}
		return s.Coverage(ctx, call, r.Query.Get("issue"), r.Query.Get("nextToken"))
	})
}
