package server

import (
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/pagetoken"
)

// openInventory puts the part together that knows stores and their buckets.
func (s *Server) openInventory(key identity.MasterKey, pages *pagetoken.Issuer) error {
	endpoints, err := inventory.ParseEndpoints(s.config.StoreEndpoints)
	if err != nil {
		return err
	}
	s.inventory = inventory.New(inventory.Options{
		DB: s.db, Queue: s.queue, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose), Pages: pages, Logger: s.log,
		Directory: s.identity, Endpoints: endpoints,
	})
	s.inventory.Bind(s.registry)
	s.sessions.Hook(s.inventory.SessionHooks())
	return nil
}
