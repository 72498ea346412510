package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/awsapi"
	"magpie/internal/discovery"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// leastAnalysisMemory is what reading and analysing objects needs at least.
const leastAnalysisMemory = 128 << 20

// openDiscovery puts the part together that works through jobs.
func (s *Server) openDiscovery(pages *pagetoken.Issuer) (*discovery.Service, error) {
	at, err := s.config.scheduledRuns()
	if err != nil {
		return nil, err
	}
	reading := s.config.AnalysisMemory / 3
	boxes := analyse.CanBox()
	if !boxes { // another system than Linux, or a program that holds a server and does not serve boxes
		s.log.Warn("objects are analysed in this process, not in processes of their own: one that is made to hurt can take the server with it")
	}
	s.pool = analyse.New(analyse.Options{Workers: s.config.AnalysisWorkers, Memory: s.config.AnalysisMemory - reading, InProcess: !boxes, Background: true, Log: s.log})
	jobs := discovery.New(discovery.Options{
		DB: s.db, Queue: s.queue, Pages: pages, Inventory: s.inventory, Findings: s.findings, Pool: s.pool, Logger: s.log,
		Members: membership.MembersOf, Oversees: oversees, Directory: s.identity, ScheduledRuns: at, QuotaBytes: s.config.QuotaJobBytes, Memory: reading,
	})
	s.jobs = jobs
	jobs.Bind(s.registry)
	s.sessions.Hook(jobs.SessionHooks())
	return jobs, nil
}

// oversees reports whether an account is a member of an administrator's in a Region.
func oversees(ctx context.Context, tx *store.Tx, region string, administrator, member macie2.AccountID) (bool, error) {
	of, err := membership.AdministratorOf(ctx, tx, region, member)
	return err == nil && of == administrator, err
}

// jobEventParameters are those that GET /magpie/v1/jobs/{jobId}/events knows.
var jobEventParameters = []string{"nextToken"}

// mountJobs serves /magpie/v1/jobs/{jobId}: what happened to a job, which Macie writes to a log of
// its own, and how far it has come.
func mountJobs(edge *awsapi.Server, jobs *discovery.Service) {
	edge.HandleSigned(http.MethodGet, "/magpie/v1/jobs/{jobId}/events", "magpie:ListJobEvents",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, jobEventParameters); err != nil {
				return nil, err
			}
			return jobs.Events(ctx, call, r.Path[0].Value, r.Query.Get("nextToken"))
		})
	edge.HandleSigned(http.MethodGet, "/magpie/v1/jobs/{jobId}/progress", "magpie:GetJobProgress",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, nil); err != nil {
				return nil, err
			}
			return jobs.Progress(ctx, call, r.Path[0].Value)
		})
}

// scheduledRuns is the time of day of scheduled runs, after midnight; nil where each job has its
// own.
func (c Config) scheduledRuns() (*time.Duration, error) {
	if c.ScheduledRuns == "" {
		return nil, nil
	}
	t, err := time.Parse("15:04", c.ScheduledRuns)
	if err != nil {
		return nil, fmt.Errorf("--scheduled-runs: %q is no time of day such as 03:30", c.ScheduledRuns)
	}
	after := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	return &after, nil
}
