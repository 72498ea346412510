package session

import (
	"context"
	"errors"
	"time"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/resource"
	"magpie/internal/store"
)

const (
	textAlreadyEnabled = "Macie has already been enabled"
	textLostRace       = "The request failed because the relationship was changed by another request at the same time. Try again."
)

// The session that an account gets which did not say what it wants.
const (
	defaultStatus    = macie2.MacieStatusEnabled
	defaultFrequency = macie2.FindingPublishingFrequencyFifteenMinutes
)

// tx runs fn in a transaction in the lane of the caller's relationships, which hooks may change.
func (s *Service) tx(ctx context.Context, call *macie2.Call, fn func(*store.Tx) error) error {
	err := s.db.Tx(ctx, call.Region+"/"+string(call.Account), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		call.RecordChange(tx)
		return nil
	})
	if errors.Is(err, store.ErrConflict) {
		return macie2.ErrConflict("%s", textLostRace)
	}
	return err
}

// EnableMacie begins the caller's session in the Region. A second call is a ConflictException,
// unless it repeats the clientToken and the settings of the call that enabled it: then it is that
// call's retry, and succeeds like it.
func (s *Service) EnableMacie(ctx context.Context, call *macie2.Call, in *macie2.EnableMacieInput) (*macie2.EnableMacieOutput, error) {
	status, frequency := defaultStatus, defaultFrequency
	if in.Status != nil {
		status = *in.Status
	}
	if in.FindingPublishingFrequency != nil {
		frequency = *in.FindingPublishingFrequency
	}
	if err := s.sweepNow(ctx, call.Region, call.Account); err != nil {
		return nil, err
	}
	token := resource.Token{Operation: "EnableMacie", ClientToken: macie2.Deref(in.ClientToken), Request: string(status) + " " + string(frequency)}
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, insert, call.Region, call.Account, string(status), string(frequency), call.Now.UnixMilli())
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
		if err := resource.Remember(ctx, tx, call, token, ""); err != nil {
			return err
		}
		return s.began(ctx, tx, Change{Region: call.Region, Account: call.Account, To: status, By: call.Principal, At: call.Now})
	})
	if err != nil {
		return nil, err
	}
	return &macie2.EnableMacieOutput{}, nil
}

// insert begins a session, if there is none. Everybody is standalone at first.
const insert = `insert into macie_session (region, account_id, status, finding_publishing_frequency, standing, created_at, updated_at)
	values ($1, $2, $3, $4, 'Standalone', $5, $5) on conflict do nothing`

// began is what follows the begin of sessions.
func (s *Service) began(ctx context.Context, tx *store.Tx, list ...Change) error {
	if err := s.sweepFor(ctx, tx, list); err != nil {
		return err
	}
	for _, c := range list {
		if err := s.tell(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// Ensure lets accounts have a session that is enabled when the transaction commits: it begins what
// is missing, with the defaults, resumes what is paused, and lets nobody pause the rest meanwhile.
func (s *Service) Ensure(ctx context.Context, tx *store.Tx, region string, ids []macie2.AccountID, by macie2.Principal, at time.Time) error {
	stmts := make([]store.Stmt, len(ids))
	statuses := make([]macie2.MacieStatus, len(ids))
	for i, id := range ids {
		stmts[i] = store.Stmt{SQL: `select status from macie_session where region = $1 and account_id = $2`, Args: []any{region, id}}
	}
	if err := tx.QueryMany(ctx, func(i int, row store.Row) error { return row.Scan(&statuses[i]) }, stmts...); err != nil {
		return err
	}
	var begun, resumed []Change
	for i, id := range ids {
		c := Change{Region: region, Account: id, From: statuses[i], To: macie2.MacieStatusEnabled, By: by, At: at}
		switch c.From {
		case "":
			tx.DeferExpect(1, insert, region, id, string(defaultStatus), string(defaultFrequency), at.UnixMilli())
			begun = append(begun, c)
		case macie2.MacieStatusPaused:
			tx.DeferExpect(1, `update macie_session set status = 'ENABLED', updated_at = $3
				where region = $1 and account_id = $2 and status = 'PAUSED'`, region, id, at.UnixMilli())
			resumed = append(resumed, c)
		default:
			// The row is held, as in the other cases, until the transaction ends: the account may
			// be suspending Macie at this moment.
			tx.DeferExpect(1, `update macie_session set status = 'ENABLED' where region = $1 and account_id = $2 and status = 'ENABLED'`,
				region, id)
		}
	}
	if err := s.began(ctx, tx, begun...); err != nil {
		return err
	}
	for _, c := range resumed {
		if err := s.tell(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// SetStatus pauses or resumes a session for another account, such as the administrator of its own.
func (s *Service) SetStatus(ctx context.Context, tx *store.Tx, c Change) error {
	n, err := tx.Exec(ctx, `update macie_session set status = $3, updated_at = $4 where region = $1 and account_id = $2 and status <> $3`,
		c.Region, c.Account, string(c.To), c.At.UnixMilli())
	if err != nil {
		return err
	}
	if n == 0 {
		// It has the status already, and keeps it until the transaction ends.
		return changedOne(tx.Exec(ctx, `update macie_session set status = $3 where region = $1 and account_id = $2 and status = $3`,
			c.Region, c.Account, string(c.To)))
	}
	c.From = macie2.MacieStatusPaused
	if c.To == macie2.MacieStatusPaused {
		c.From = macie2.MacieStatusEnabled
	}
	return s.tell(ctx, tx, c)
}

// GetMacieSession describes the caller's session in the Region.
func (s *Service) GetMacieSession(ctx context.Context, call *macie2.Call, _ *macie2.GetMacieSessionInput) (*macie2.GetMacieSessionOutput, error) {
	var x Session
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		x, err = Require(ctx, tx, call)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.GetMacieSessionOutput{
		CreatedAt:                  macie2.NewTimestamp(x.CreatedAt),
		UpdatedAt:                  macie2.NewTimestamp(x.UpdatedAt),
		Status:                     macie2.Ptr(x.Status),
		FindingPublishingFrequency: macie2.Ptr(x.Frequency),
		ServiceRole: macie2.Ptr("arn:" + arn.Partition(call.Region) + ":iam::" + string(call.Account) +
			":role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"),
	}, nil
}

// UpdateMacieSession suspends or resumes the caller's own session, unless a hook refuses, or
// changes how often it publishes findings.
func (s *Service) UpdateMacieSession(ctx context.Context, call *macie2.Call, in *macie2.UpdateMacieSessionInput) (*macie2.UpdateMacieSessionOutput, error) {
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		x, err := Require(ctx, tx, call)
		if err != nil {
			return err
		}
		c := Change{Region: call.Region, Account: call.Account, From: x.Status, To: x.Status, By: call.Principal, At: call.Now}
		if in.Status != nil {
			c.To = *in.Status
		}
		if c.From != c.To {
			for _, h := range s.hooks {
				if h.BeforeUpdate == nil {
					continue
				}
				if err := h.BeforeUpdate(ctx, tx, call, x, c.To); err != nil {
					return err
				}
			}
		}
		n, err := tx.Exec(ctx, `update macie_session set status = $1, finding_publishing_frequency = coalesce($2, finding_publishing_frequency),
			updated_at = $3 where region = $4 and account_id = $5 and status = $6 and standing = $7`,
			string(c.To), in.FindingPublishingFrequency, call.Now.UnixMilli(), call.Region, call.Account, string(c.From), x.Standing)
		if err := changedOne(n, err); err != nil || c.From == c.To {
			return err
		}
		return s.tell(ctx, tx, c)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateMacieSessionOutput{}, nil
}

// DisableMacie ends the caller's session in the Region, unless a hook refuses. What belongs to it
// is gone with it.
func (s *Service) DisableMacie(ctx context.Context, call *macie2.Call, _ *macie2.DisableMacieInput) (*macie2.DisableMacieOutput, error) {
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		x, err := Require(ctx, tx, call)
		if err != nil {
			return err
		}
		for _, h := range s.hooks {
			if h.BeforeDisable == nil {
				continue
			}
			if err := h.BeforeDisable(ctx, tx, call, x); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `delete from macie_session where region = $1 and account_id = $2 and standing = $3`,
			call.Region, call.Account, x.Standing)
		if errors.Is(err, store.ErrForeignKey) {
			return store.ErrConflict // something came to hang on it meanwhile: the next look says what
		}
		if err := changedOne(n, err); err != nil {
			return err
		}
		// From here on nobody writes what belongs to the session: those who hold it are through.
		if err := resource.Forget(ctx, tx, call); err != nil {
			return err
		}
		if err := s.mark(ctx, tx, Ended{call.Region, call.Account, call.Now}); err != nil {
			return err
		}
		return s.tell(ctx, tx, Change{Region: call.Region, Account: call.Account, From: x.Status, By: call.Principal, At: call.Now})
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DisableMacieOutput{}, nil
}
