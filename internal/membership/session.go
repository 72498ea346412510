package membership

import (
	"context"
	"errors"

	"magpie/internal/arn"
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
	token := resource.Token{Operation: "EnableMacie", ClientToken: macie2.Deref(in.ClientToken), Request: string(status) + " " + string(frequency)}
	at := millis(call.Now)
	err := s.tx(ctx, call.Region, call.Account, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `insert into macie_session
			(region, account_id, status, finding_publishing_frequency, standing, created_at, updated_at)
			values ($1, $2, $3, $4, 'Standalone', $5, $5) on conflict do nothing`,
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
		ServiceRole: macie2.Ptr("arn:" + arn.Partition(call.Region) + ":iam::" + string(call.Account) +
			":role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"),
	}, nil
}

// UpdateMacieSession suspends or resumes the caller's own session, or changes how often it publishes findings. A member by invitation
// that does so is Paused or Enabled in its administrator's inventory from then on; one through an organization cannot. An administrator
// with members cannot suspend itself.
func (s *Service) UpdateMacieSession(ctx context.Context, call *macie2.Call, in *macie2.UpdateMacieSessionInput) (*macie2.UpdateMacieSessionOutput, error) {
	err := s.tx(ctx, call.Region, call.Account, func(tx *store.Tx) error {
		x, err := requireSession(ctx, tx, call)
		if err != nil {
			return err
		}
		status := x.status
		if in.Status != nil {
			status = *in.Status
		}
		if status != x.status {
			switch x.standing {
			case administrator:
				err = mayPause(ctx, tx, call, status)
			case associated:
				err = s.followSession(ctx, tx, call, status)
			}
			if err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `update macie_session set status = $1, finding_publishing_frequency = coalesce($2, finding_publishing_frequency),
			updated_at = $3 where region = $4 and account_id = $5 and status = $6 and standing = $7`,
			string(status), in.FindingPublishingFrequency, millis(call.Now), call.Region, string(call.Account), string(x.status),
			string(x.standing))
		return changedOne(n, err)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateMacieSessionOutput{}, nil
}

// mayPause refuses to suspend Macie for an administrator that has members.
func mayPause(ctx context.Context, tx *store.Tx, call *macie2.Call, status macie2.MacieStatus) error {
	if status != macie2.MacieStatusPaused {
		return nil
	}
	has, err := hasMembers(ctx, tx, call.Region, call.Account)
	if err == nil && has {
		err = macie2.ErrConflict("%s", textPauseWhileAdministrator)
	}
	return err
}

// followSession carries a member's own suspension or resumption over to its record at its administrator and to its invitation.
func (s *Service) followSession(ctx context.Context, tx *store.Tx, call *macie2.Call, status macie2.MacieStatus) error {
	link, err := administratorOf(ctx, tx, call.Region, call.Account)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrConflict // it was a member a moment ago
	}
	if err != nil {
		return err
	}
	if link.organization != "" {
		return macie2.ErrAccessDenied("%s", textOrganizationMember)
	}
	to, event := macie2.RelationshipStatusEnabled, EventMemberResumed
	if status == macie2.MacieStatusPaused {
		to, event = macie2.RelationshipStatusPaused, EventMemberPaused
	}
	r := relation{call.Region, link.administrator, call.Account}
	at := millis(call.Now)
	n, err := tx.Exec(ctx, `update member set status = case when held_status is null then $4 else status end,
			held_status = case when held_status is null then null else $4 end, updated_at = $5
		where region = $1 and administrator_id = $2 and account_id = $3 and status = $6 and member_standing = 'Member'`,
		r.args(string(to), at, string(link.status))...)
	if err := changedOne(n, err); err != nil {
		return err
	}
	if err := r.moveInvitation(ctx, tx, to, at); err != nil {
		return err
	}
	if !isAssociated(link.status) {
		return nil // what both sides see has not changed
	}
	s.record(tx, entry{relation: r, event: event, from: link.status, to: to, principal: call.Principal, at: call.Now,
		invitation: link.invitation}.forBoth()...)
	return nil
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
		if delegated, err := isDelegated(ctx, tx, call.Region, call.Account); err != nil {
			return err
		} else if delegated {
			return macie2.ErrConflict("%s", textDisableWhileDelegated)
		}
		has, err := hasRecords(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		if has {
			return macie2.ErrConflict("%s", textDisableWhileAdministrator)
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
		if errors.Is(err, store.ErrForeignKey) {
			return store.ErrConflict // a member was added meanwhile, or it was delegated: the next look says so
		}
		if err := changedOne(n, err); err != nil {
			return err
		}
		// Nobody can add a record from here on; one that was added before, and removed again, has no foreign key to say so.
		if has, err = hasRecords(ctx, tx, call.Region, call.Account); err == nil && has {
			err = store.ErrConflict
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DisableMacieOutput{}, nil
}

// hasRecords reports whether the administrator has anybody in its inventory, in whatever state.
func hasRecords(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	return exists(ctx, tx, `select 1 from member where region = $1 and administrator_id = $2 limit 1`, region, string(account))
}

// hasMembers reports whether accounts are associated with the administrator: Enabled, Paused, or so before they were suspended.
func hasMembers(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (bool, error) {
	return exists(ctx, tx, `select 1 from member where region = $1 and administrator_id = $2 and member_standing = 'Member' limit 1`,
		region, string(account))
}

// exists reports whether a query has a row.
func exists(ctx context.Context, tx *store.Tx, query string, args ...any) (bool, error) {
	var one int64
	err := tx.QueryRow(ctx, query, args...).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
