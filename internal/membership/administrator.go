package membership

import (
	"context"
	"errors"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// GetAdministratorAccount names the caller's administrator account.
func (s *Members) GetAdministratorAccount(ctx context.Context, call *macie2.Call, _ *macie2.GetAdministratorAccountInput) (*macie2.GetAdministratorAccountOutput, error) {
	i, err := s.administratorAccount(ctx, call)
	if err != nil {
		return nil, err
	}
	return &macie2.GetAdministratorAccountOutput{Administrator: i}, nil
}

// GetMasterAccount is GetAdministratorAccount by its former name.
func (s *Members) GetMasterAccount(ctx context.Context, call *macie2.Call, _ *macie2.GetMasterAccountInput) (*macie2.GetMasterAccountOutput, error) {
	i, err := s.administratorAccount(ctx, call)
	if err != nil {
		return nil, err
	}
	return &macie2.GetMasterAccountOutput{Master: i}, nil
}

func (s *Members) administratorAccount(ctx context.Context, call *macie2.Call) (*macie2.Invitation, error) {
	var l link
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if _, err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		l, err = administratorOf(ctx, tx, call.Region, call.Account)
		if errors.Is(err, store.ErrNotFound) {
			return macie2.ErrNotFound("%s", textNoAdministrator)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return macie2.Ptr(invitationOut(l)), nil
}

// DisassociateFromAdministratorAccount ends the relationship from the member's side, if it is by
// invitation. The invitation stays, and can be accepted again.
func (s *Members) DisassociateFromAdministratorAccount(ctx context.Context, call *macie2.Call, _ *macie2.DisassociateFromAdministratorAccountInput) (*macie2.DisassociateFromAdministratorAccountOutput, error) {
	if err := s.resign(ctx, call); err != nil {
		return nil, err
	}
	return &macie2.DisassociateFromAdministratorAccountOutput{}, nil
}

// DisassociateFromMasterAccount is DisassociateFromAdministratorAccount by its former name.
func (s *Members) DisassociateFromMasterAccount(ctx context.Context, call *macie2.Call, _ *macie2.DisassociateFromMasterAccountInput) (*macie2.DisassociateFromMasterAccountOutput, error) {
	if err := s.resign(ctx, call); err != nil {
		return nil, err
	}
	return &macie2.DisassociateFromMasterAccountOutput{}, nil
}

func (s *Members) resign(ctx context.Context, call *macie2.Call) error {
	return s.tx(ctx, call, call.Account, func(tx *store.Tx) error {
		if _, err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		l, err := administratorOf(ctx, tx, call.Region, call.Account)
		if errors.Is(err, store.ErrNotFound) {
			return macie2.ErrValidation("%s", textNotAssociatedToMaster)
		}
		if err != nil {
			return err
		}
		if l.organization != "" {
			return macie2.ErrAccessDenied("%s", textOrganizationMember)
		}
		r := relation{call.Region, l.administrator, call.Account}
		m, err := memberOf(ctx, tx, r)
		if errors.Is(err, store.ErrNotFound) || err == nil && (!isAssociated(m.underlying()) || m.viaOrganization()) {
			return store.ErrConflict // it was one a moment ago, and by invitation
		}
		if err != nil {
			return err
		}
		return s.dissolve(ctx, tx, r, m, dissolution{
			to: macie2.RelationshipStatusResigned, event: EventMemberResigned, principal: call.Principal, at: call.Now,
		})
	})
}
