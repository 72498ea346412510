package server

import (
	"context"
	"fmt"
	"slices"

	"magpie/internal/arn"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
	"magpie/internal/store"
)

// global is the Region in whose scope AWS's clients sign for services that have none of their own.
const global = "us-east-1"

// regions are those in which this node serves Macie: those that were set, or else AWS's commercial
// ones and those in use.
func (c Config) regions(ctx context.Context, db *store.DB) ([]string, error) {
	if len(c.Regions) > 0 {
		return c.Regions, nil
	}
	list := arn.Commercial()
	err := db.View(ctx, func(tx *store.Tx) error {
		list = arn.Commercial()
		return tx.Query(ctx, func(row store.Row) error {
			var region string
			err := row.Scan(&region)
			list = append(list, region)
			return err
		}, `select distinct region from macie_session`)
	})
	if err != nil {
		return nil, fmt.Errorf("read the Regions in use: %w", err)
	}
	return list, nil
}

// serving says in which Regions each service is served. STS and Organizations have none of their
// own: what is signed for them in any Region of the list, or where clients sign for global
// services, is.
func serving(regions []string) func(service, region string) bool {
	served := make(map[string]bool, len(regions))
	for _, r := range regions {
		served[r] = true
	}
	return func(service, region string) bool {
		return served[region] || service != macie2.SigningName && region == global
	}
}

// checkRegions refuses what is no Region's name.
func (c Config) checkRegions() error {
	if i := slices.IndexFunc(c.Regions, func(r string) bool { return !sigv4.IsRegion(r) }); i >= 0 {
		return fmt.Errorf("--regions: %q is no Region's name, such as eu-west-1", c.Regions[i])
	}
	return nil
}
