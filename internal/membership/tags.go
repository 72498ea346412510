package membership

import (
	"context"

	"magpie/internal/macie2"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// TagKinds are the resources of this package that have tags, by the type that their ARN names.
func (s *Members) TagKinds() map[string]resource.Kind {
	return map[string]resource.Kind{"member": {Tags: memberTags, SetTags: setMemberTags}}
}

func memberTags(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (tags string, err error) {
	if _, err := requireSession(ctx, tx, call); err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `select tags from member where region = $1 and administrator_id = $2 and account_id = $3`,
		call.Region, call.Account, id).Scan(&tags)
	return tags, err
}

func setMemberTags(ctx context.Context, tx *store.Tx, call *macie2.Call, id, was, tags string) error {
	n, err := tx.Exec(ctx, `update member set tags = $4
		where region = $1 and administrator_id = $2 and account_id = $3 and tags = $5`,
		call.Region, call.Account, id, tags, was)
	return changedOne(n, err)
}
