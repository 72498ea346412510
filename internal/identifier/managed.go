package identifier

import (
	"context"

	"magpie/internal/detect/managed"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// ListManagedDataIdentifiers lists the identifiers that are built in, all on one page.
func (s *Service) ListManagedDataIdentifiers(ctx context.Context, call *macie2.Call, in *macie2.ListManagedDataIdentifiersInput) (*macie2.ListManagedDataIdentifiersOutput, error) {
	if in.NextToken != nil {
		return nil, errPage // there is no second page
	}
	if err := s.view(ctx, call, func(*store.Tx) error { return nil }); err != nil {
		return nil, err
	}
	out := &macie2.ListManagedDataIdentifiersOutput{}
	for _, m := range managed.All() {
		out.Items = append(out.Items, macie2.ManagedDataIdentifierSummary{
			Id: macie2.Ptr(m.ID), Category: macie2.Ptr(macie2.SensitiveDataItemCategory(m.Category)),
		})
	}
	return out, nil
}
