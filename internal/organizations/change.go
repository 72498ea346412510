package organizations

import "context"

func (s *Service) enableServiceAccess(ctx context.Context, c *caller, in *serviceInput) (any, error) {
	service, err := in.requiredService()
	if err != nil {
		return nil, err
	}
	return nothing{}, s.directory.Recording(c.Change).EnableServiceAccess(ctx, c.Management, service, c.Now)
}

func (s *Service) disableServiceAccess(ctx context.Context, c *caller, in *serviceInput) (any, error) {
	service, err := in.requiredService()
	if err != nil {
		return nil, err
	}
	return nothing{}, s.directory.Recording(c.Change).DisableServiceAccess(ctx, c.Management, service, c.Principal)
}

func (s *Service) registerDelegate(ctx context.Context, c *caller, in *delegateInput) (any, error) {
	id, service, err := in.both()
	if err != nil {
		return nil, err
	}
	return nothing{}, s.directory.Recording(c.Change).RegisterDelegate(ctx, c.Management, id, service, c.Now)
}

func (s *Service) deregisterDelegate(ctx context.Context, c *caller, in *delegateInput) (any, error) {
	id, service, err := in.both()
	if err != nil {
		return nil, err
	}
	return nothing{}, s.directory.Recording(c.Change).DeregisterDelegate(ctx, c.Management, id, service, c.Principal)
}
