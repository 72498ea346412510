package inventory

import (
	"context"
	"strings"

	"magpie/internal/macie2"
)

// ownStore prepares the settings of a store that an account adds itself, or refuses what is the operator's to decide.
func (s *Service) ownStore(x *Settings) error {
	if x.Kind == KindS3 && x.VirtualHost && s.endpoints.reaches(x.Endpoint, false) && !s.endpoints.reaches(x.Endpoint, true) {
		return macie2.ErrAccessDenied("This server does not let accounts name hosts below %s, as a virtual host needs; its operator says which they may.", clip(x.Endpoint))
	}
	if x.Kind != KindS3 || !s.endpoints.reaches(x.Endpoint, x.VirtualHost) {
		return macie2.ErrAccessDenied("This server does not let accounts name the endpoint %s; its operator says which they may.", clip(x.Endpoint))
	}
	x.Insecure = strings.HasPrefix(x.Endpoint, "http:") // the operator has named it so
	return nil
}

// AddOwnStore adds a store for the caller's account, at an endpoint that the operator allows.
func (s *Service) AddOwnStore(ctx context.Context, call *macie2.Call, x Settings) (Store, error) {
	if err := s.ownStore(&x); err != nil {
		return Store{}, err
	}
	return s.addStore(ctx, call.Account, ByAccount, x, call.Now, call.Change)
}

// ours refuses what is the operator's, or in another Region.
func ours(x Store, call *macie2.Call) error {
	switch {
	case x.Region != call.Region:
		return ErrNoStore
	case x.Origin != ByAccount:
		return macie2.ErrAccessDenied("The store %s was added by the operator of this server, who alone changes it.", x.Name)
	}
	return nil
}

// UpdateOwnStore changes a store that the caller's account has added. A new endpoint needs the secret again: the one that is kept is not
// sent anywhere else.
func (s *Service) UpdateOwnStore(ctx context.Context, call *macie2.Call, name string, edit func(*Settings)) (Store, error) {
	return s.updateStore(ctx, call.Account, name, call.Now, func(x *Store) error {
		if err := ours(*x, call); err != nil {
			return err
		}
		endpoint := x.Endpoint
		edit(&x.Settings)
		if x.Endpoint != endpoint && x.Secret == "" {
			return badSetting("secretAccessKey", "is missing: with another endpoint the secret has to be given again")
		}
		return s.ownStore(&x.Settings)
	}, call.Change)
}

// RemoveOwnStore removes a store that the caller's account has added.
func (s *Service) RemoveOwnStore(ctx context.Context, call *macie2.Call, name string) error {
	x, err := s.Store(ctx, call.Account, name)
	if err == nil {
		err = ours(x, call)
	}
	if err != nil {
		return err
	}
	return s.removeStore(ctx, call.Account, name, call.Now, call.Change)
}
