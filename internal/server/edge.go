package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"magpie/internal/admission"
	"magpie/internal/audit"
	"magpie/internal/awsapi"
	"magpie/internal/connlimit"
	"magpie/internal/discovery"
	"magpie/internal/identifier"
	"magpie/internal/macie2"
	"magpie/internal/organizations"
	"magpie/internal/pagetoken"
	"magpie/internal/permission"
	"magpie/internal/policy"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/sts"
	"magpie/internal/throttle"
)

// openEdge puts together what answers requests.
func (s *Server) openEdge(ctx context.Context, tags *resource.Service, pages *pagetoken.Issuer, m *metrics, jobs *discovery.Service, identifiers *identifier.Service) error {
	m.serving(s.connections, s.tls)
	regions, err := s.config.regions(ctx, s.db)
	if err != nil {
		return err
	}
	admit := admission.New()
	o := awsapi.Options{
		Registry: s.registry, Authenticator: admit.Authenticator(s.identity), Admission: admit, Logger: s.log, Observe: m.observe,
		Serves: serving(regions), Proxies: s.proxies, Enabled: s.enabled, Known: s.connections.Known,
	}
	if err := s.guard(&o, tags, m); err != nil {
		return err
	}
	edge := awsapi.New(o)
	mountHistory(edge, s.membership)
	mountStores(edge, s.inventory)
	mountFindings(edge, s.findings)
	mountJobs(edge, jobs)
	mountUsage(edge, s.usage)
	mountSampling(edge, s.sampling)
	tokens, err := s.openWebIdentity()
	if err != nil {
		return err
	}
	edge.HandleService("sts", sts.New(s.identity, tokens.sts()))
	edge.HandleService(organizations.SigningName, organizations.New(s.identity.Organizations, pages))
	edge.HandlePlain("/healthz", s.unsigned(probeRate, http.HandlerFunc(s.healthz)))
	edge.HandlePlain("/readyz", s.unsigned(probeRate, http.HandlerFunc(s.readyz)))
	mountTest(edge, identifiers)
	mountOverview(edge, s.membership, jobs, s.db, regions)
	if err := s.openConsole(edge, regions, tokens); err != nil {
		return err
	}
	s.mountMetrics(edge, m)
	for _, a := range edge.OwnActions() {
		if strings.HasPrefix(a, "magpie:") && !policy.IsOwnAction(a) {
			return fmt.Errorf("policies do not know the action %s, which is served", a)
		}
	}
	var handler http.Handler = edge
	if s.config.Dev {
		handler = awsapi.OnlyLoopbackHosts(edge, s.config.PublicURL)
	}
	s.http = awsapi.NewHTTPServer(handler, s.log)
	s.connections.Attach(s.http)
	return nil
}

// How often a source gets what needs no signature. A page of the console asks for some 70 files.
var (
	probeRate   = throttle.Rate{PerSecond: 50, Burst: 100}
	scrapeRate  = throttle.Rate{PerSecond: 5, Burst: 10}
	consoleRate = throttle.Rate{PerSecond: 400, Burst: 2000}
)

// unsigned paces what anybody may ask for.
func (s *Server) unsigned(rate throttle.Rate, h http.Handler) http.Handler {
	return admission.Unsigned(rate, s.proxies.Of, h)
}

// enabled refuses a caller whose account has not enabled Macie, in the words of every operation.
func (s *Server) enabled(ctx context.Context, call *macie2.Call) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		_, err := session.Require(ctx, tx, call)
		return err
	})
}

// mountMetrics serves the metrics: at an address of their own, to signed calls of one account, or else
// beside everything else.
func (s *Server) mountMetrics(edge *awsapi.Server, m *metrics) {
	if s.config.MetricsAccount != "" {
		mountMetrics(edge, m, macie2.AccountID(s.config.MetricsAccount))
	}
	switch {
	case s.metricsListener != nil:
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", m.handler())
		s.metrics = awsapi.NewHTTPServer(mux, s.log)
	case s.config.MetricsAccount == "":
		edge.HandlePlain("/metrics", s.unsigned(scrapeRate, m.handler()))
	}
}

// listenMetrics takes the address of /metrics, if it has one of its own.
func (s *Server) listenMetrics(ctx context.Context) error {
	if s.config.MetricsListen == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.config.MetricsListen)
	if err != nil {
		return fmt.Errorf("--metrics-listen %s: %w", s.config.MetricsListen, err)
	}
	s.metricsListener = connlimit.New(listener, connlimit.Options{Max: mostScrapers, PerSource: mostScrapers, Log: s.log})
	return nil
}

// mostScrapers bounds the connections to the address of /metrics.
const mostScrapers = 32

// runMetrics serves /metrics there.
func (s *Server) runMetrics() {
	if s.metrics == nil {
		return
	}
	s.work.Go(func() {
		if err := s.metrics.Serve(s.metricsListener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve metrics: %w", err)
		}
	})
	s.log.Info("serving metrics", "address", s.metricsListener.Addr().String())
}

// closeMetrics ends it.
func (s *Server) closeMetrics() error {
	switch {
	case s.metrics != nil:
		return s.metrics.Close()
	case s.metricsListener != nil:
		return s.metricsListener.Close()
	}
	return nil
}

// guard puts in what stands between a caller who is known and an operation: permissions, rates, and
// the record of it.
func (s *Server) guard(o *awsapi.Options, tags *resource.Service, m *metrics) error {
	if !strings.Contains(without, "permissions") {
		o.Authorizer = permission.New(tags.TagsToDecide, s.log)
	}
	if !strings.Contains(without, "rates") {
		rates, err := s.config.rates()
		if err != nil {
			return err
		}
		o.Throttler = throttle.New(throttle.Options{Rates: rates})
	}
	if !strings.Contains(without, "audit") {
		trail, err := audit.Open(audit.Options{DB: s.db, Dir: s.config.AuditDir, Retention: s.config.AuditRetention, Logger: s.log})
		if err != nil {
			return err
		}
		s.audit, o.Auditor = trail, auditor{trail}
		m.auditing(trail)
	}
	return nil
}
