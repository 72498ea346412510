package membership

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// EnableMacie begins the caller's session in the Region. A second call is a ConflictException, unless it repeats the clientToken and
// the settings of the call that enabled it: then it is that call's retry, and succeeds like it.
func (s *Service) EnableMacie(ctx context.Context, call *macie2.Call, in *macie2.EnableMacieInput) (*macie2.EnableMacieOutput, error) {
	status, frequency := macie2.MacieStatusEnabled, macie2.FindingPublishingFrequencyFifteenMinutes
	if in.Status != nil {
		status = *in.Status
	}
	if in.FindingPublishingFrequency != nil {
		frequency = *in.FindingPublishingFrequency
	}
	token := resource.Token{Operation: "EnableMacie", ClientToken: deref(in.ClientToken), Request: string(status) + " " + string(frequency)}
	at := millis(call.Now)
	err := s.tx(ctx, call.Region, call.Account, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `insert into macie_session
			(region, account_id, status, finding_publishing_frequency, standing, created_at, updated_at)
			values ($1, $2, $3, $4, 'Standalone', $5, $5) on conflict (region, account_id) do nothing`,
			call.Region, string(call.Account), string(status), string(frequency), at)
		if err != nil {
			return err
		}
		if n == 0 {
			_, replay, err := resource.Replay(ctx, tx, call, token)
			if err == nil && !replay {
				err = macie2.ErrConflict("%s", textAlreadyEnabled)
			}
			return err
		}
		return resource.Remember(ctx, tx, call, token, "")
	})
	if err != nil {
		return nil, err
	}
	return &macie2.EnableMacieOutput{}, nil
}

// GetMacieSession describes the caller's session in the Region.
func (s *Service) GetMacieSession(ctx context.Context, call *macie2.Call, _ *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
	var x session
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		x, err = requireSession(ctx, tx, call)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetMacieSessionOutput{
		CreatedAt:                  timestamp(x.createdAt),
		UpdatedAt:                  timestamp(x.updatedAt),
		Status:                     macie2.Ptr(x.status),
		FindingPublishingFrequency: macie2.Ptr(macie2.FindingPublishingFrequency(x.frequency)),
		ServiceRole: macie2.Ptr("arn:" + resource.Partition(call.Region) + ":iam::" + string(call.Account) +
			":role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"),
	}, nil
}

// UpdateMacieSession suspends or resumes the caller's own session, or changes how often it publishes findings. A member that does so
// is Paused or Enabled in its administrator's inventory from then on. An administrator with members cannot suspend itself.
func (s *Service) UpdateMacieSession(ctx context.Context, call *macie2.Call, in *macie2.UpdateMacieSessionInput) (*macie2.UpdateMacieSessionOutput, error) {
	err := s.tx(ctx, call.Region, call.Account, func(tx *store.Tx) error {
		x, err := requireSession(ctx, tx, call)
		if err != nil {
			return err
		}
		status, frequency := x.status, x.frequency
		if in.Status != nil {
			status = *in.Status
		}
		if in.FindingPublishingFrequency != nil {
			frequency = string(*in.FindingPublishingFrequency)
		}
		if status == macie2.MacieStatusPaused && x.standing == administrator {
			has, err := hasMembers(ctx, tx, call.Region, call.Account)
			if err != nil {
				return err
			}
			if has {
				return macie2.ErrConflict("%s", textPauseWhileAdministrator)
			}
		}
		n, err := tx.Exec(ctx, `update macie_session set status = $1, finding_publishing_frequency = $2, updated_at = $3
			where region = $4 and account_id = $5 and updated_at = $6 and status = $7`,
			string(status), frequency, millis(call.Now), call.Region, string(call.Account), x.updatedAt, string(x.status))
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrConflict
		}
		if x.standing != associated || status == x.status {
			return nil
		}
		return s.followSession(ctx, tx, call, status)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateMacieSessionOutput{}, nil
}

// followSession carries a member's own suspension or resumption over to its record at its administrator and to its invitation.
func (s *Service) followSession(ctx context.Context, tx *store.Tx, call *macie2.Call, status macie2.MacieStatus) error {
	link, err := administratorOf(ctx, tx, call.Region, call.Account)
	if err != nil {
		return err
	}
	from, to, event := macie2.RelationshipStatusPaused, macie2.RelationshipStatusEnabled, EventMemberResumed
	if status == macie2.MacieStatusPaused {
		from, to, event = macie2.RelationshipStatusEnabled, macie2.RelationshipStatusPaused, EventMemberPaused
	}
	if link.status != from {
		return nil // AccountSuspended: what it goes back to is settled by held_status below
	}
	r := relation{call.Region, link.administrator, call.Account}
	if err := r.move(ctx, tx, from, to, millis(call.Now)); err != nil {
		return err
	}
	if err := r.moveInvitation(ctx, tx, to, millis(call.Now)); err != nil {
		return err
	}
	return s.record(ctx, tx, entry{relation: r, event: event, from: from, to: to, principal: call.Principal, at: call.Now,
		invitation: link.invitation}.forBoth()...)
}

// DisableMacie ends the caller's session in the Region and deletes what belongs to it. Invitations that the account has received stay.
func (s *Service) DisableMacie(ctx context.Context, call *macie2.Call, _ *macie2.DisableMacieInput) (*macie2.DisableMacieOutput, error) {
	err := s.tx(ctx, call.Region, call.Account, func(tx *store.Tx) error {
		x, err := requireSession(ctx, tx, call)
		if err != nil {
			return err
		}
		if x.standing == associated {
			return macie2.ErrConflict("%s", textDisableWhileMember)
		}
		var one int64
		err = tx.QueryRow(ctx, `select 1 from member where region = $1 and administrator_id = $2 limit 1`,
			call.Region, string(call.Account)).Scan(&one)
		if err == nil {
			return macie2.ErrConflict("%s", textDisableWhileAdministrator)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for _, hook := range s.onDisable {
			if err := hook(ctx, tx, call); err != nil {
				return err
			}
		}
		if err := resource.Forget(ctx, tx, call); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `delete from macie_session where region = $1 and account_id = $2 and standing = $3`,
			call.Region, string(call.Account), string(x.standing))
		switch {
		case errors.Is(err, store.ErrForeignKey):
			return store.ErrConflict // a member was added meanwhile: the next look at it says so
		case err != nil:
			return err
		case n == 0:
			return store.ErrConflict
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DisableMacieOutput{}, nil
}

// hasMembers reports whether accounts are associated with the administrator: Enabled, Paused, or so before they were suspended.
func hasMembers(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	var one int64
	err := tx.QueryRow(ctx, `select 1 from member where region = $1 and administrator_id = $2 and member_standing = 'Member' limit 1`,
		region, string(account)).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
