package finding

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Published says which findings of an account go to Security Hub.
type Published struct {
	Policy, Classification bool
}

// published reads what an account has set. Macie's default is findings of policy alone.
func published(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (Published, error) {
	p := Published{Policy: true}
	err := tx.QueryRow(ctx, `select policy_findings, classification_findings from findings_publication where region = $1 and account_id = $2`,
		region, account).Scan(&p.Policy, &p.Classification)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return p, err
}

// PublishedBy says which findings of an account go to Security Hub.
func PublishedBy(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (Published, error) {
	return published(ctx, tx, region, account)
}

// GetFindingsPublicationConfiguration says which findings go to Security Hub.
func (s *Service) GetFindingsPublicationConfiguration(ctx context.Context, call *macie2.Call, _ *macie2.GetFindingsPublicationConfigurationInput) (*macie2.GetFindingsPublicationConfigurationOutput, error) {
	var p Published
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		p, err = published(ctx, tx, call.Region, call.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetFindingsPublicationConfigurationOutput{SecurityHubConfiguration: &macie2.SecurityHubConfiguration{
		PublishPolicyFindings: &p.Policy, PublishClassificationFindings: &p.Classification,
	}}, nil
}

// PutFindingsPublicationConfiguration sets which findings go to Security Hub, from the next one on. Without a configuration
// the defaults hold again.
func (s *Service) PutFindingsPublicationConfiguration(ctx context.Context, call *macie2.Call, in *macie2.PutFindingsPublicationConfigurationInput) (*macie2.PutFindingsPublicationConfigurationOutput, error) {
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		if in.SecurityHubConfiguration == nil {
			tx.Defer(`delete from findings_publication where region = $1 and account_id = $2`, call.Region, call.Account)
			return nil
		}
		tx.DeferExpect(1, `insert into findings_publication (region, account_id, policy_findings, classification_findings) values ($1, $2, $3, $4)
			on conflict (region, account_id) do update
			set policy_findings = excluded.policy_findings, classification_findings = excluded.classification_findings`,
			call.Region, call.Account, *in.SecurityHubConfiguration.PublishPolicyFindings,
			*in.SecurityHubConfiguration.PublishClassificationFindings)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.PutFindingsPublicationConfigurationOutput{}, nil
}
