package server

import (
	"context"

	"magpie/internal/finding"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/session"
)

// openFindings puts the part together that keeps what was found.
func (s *Server) openFindings(pages *pagetoken.Issuer) {
	s.findings = finding.New(finding.Options{
		DB: s.db, Queue: s.queue, Pages: pages, Logger: s.log, Members: membership.MembersOf, Administrator: membership.AdministratorOf,
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
