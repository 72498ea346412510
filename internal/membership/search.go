package membership

import (
	"context"
	"slices"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// SearchInput selects records of the caller's inventory.
type SearchInput struct {
	Status     macie2.RelationshipStatus // one status; empty: all
	MaxResults int                       // 1 to 1,000; 0 means 1,000
	NextToken  string
}

// SearchOutput is a page of the inventory, by account.
type SearchOutput struct {
	Members   []FoundMember `json:"members"`
	NextToken string        `json:"nextToken,omitzero"`
}

// FoundMember is a record of an inventory, with the name that the account is registered by where
// it is a member: what others are called is not for whoever adds their number to an inventory.
type FoundMember struct {
	AccountID          string            `json:"accountId"`
	Name               string            `json:"name,omitzero"`
	Email              string            `json:"email,omitzero"`
	RelationshipStatus string            `json:"relationshipStatus"`
	ViaOrganization    bool              `json:"viaOrganization"`
	InvitedAt          *macie2.Timestamp `json:"invitedAt,omitzero"`
	UpdatedAt          *macie2.Timestamp `json:"updatedAt"`
}

const maxSearchPage = 1000

// SearchMembers lists the caller's inventory as ListMembers does, in larger pages, with what
// members are called.
func (s *Service) SearchMembers(ctx context.Context, call *macie2.Call, in *SearchInput) (*SearchOutput, error) {
	size := in.MaxResults
	if size == 0 {
		size = maxSearchPage
	}
	if size < 1 || size > maxSearchPage {
		return nil, macie2.ErrValidation("maxResults: must be from 1 to %d", maxSearchPage)
	}
	if in.Status != "" && !in.Status.Valid() {
		return nil, macie2.ErrValidation("status: is none of a relationship's")
	}
	list := pagetoken.List{Account: string(call.Account), Region: call.Region, Operation: "SearchMembers", Filters: string(in.Status)}
	after := ""
	if in.NextToken != "" {
		keys, err := s.pages.Open(list, in.NextToken, 1)
		if err != nil {
			return nil, macie2.ErrValidation("%s", textInvalidPageToken)
		}
		after = keys[0]
	}
	out := &SearchOutput{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		out.Members = make([]FoundMember, 0, 64)
		err := tx.Query(ctx, func(row store.Row) error {
			var m FoundMember
			var name, email, organization *string
			var invited *int64
			var updated int64
			err := row.Scan(&m.AccountID, &name, &email, &m.RelationshipStatus, &organization, &invited, &updated)
			m.Name, m.Email, m.ViaOrganization, m.UpdatedAt = macie2.Deref(name), macie2.Deref(email), organization != nil, timestamp(updated)
			if invited != nil {
				m.InvitedAt = timestamp(*invited)
			}
			out.Members = append(out.Members, m)
			return err
		}, `select m.account_id, case when m.member_standing = 'Member' then a.name end, m.email, m.status, m.organization_id, m.invited_at, m.updated_at
			from member m left join account a on a.id = m.account_id
			where m.region = $1 and m.administrator_id = $2 and m.account_id > $3 and ($4 = '' or m.status = $4)
			order by m.account_id limit $5`, call.Region, string(call.Account), after, string(in.Status), int64(size+1))
		if err == nil && len(out.Members) == 0 {
			_, err = requireSession(ctx, tx, call)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(out.Members) > size {
		out.Members = out.Members[:size]
		out.NextToken = s.pages.Seal(list, out.Members[size-1].AccountID)
	}
	return out, nil
}

// RegionsOutput are the Regions in which an account has anything.
type RegionsOutput struct {
	Regions []RegionSummary `json:"regions"`
}

// RegionSummary is what an account has in a Region.
type RegionSummary struct {
	Region               string           `json:"region"`
	Status               string           `json:"status,omitzero"`               // of Macie; absent where it is not enabled
	AdministratorAccount string           `json:"administratorAccount,omitzero"` // whose member the account is
	Invitations          int64            `json:"invitations"`                   // unanswered
	Members              map[string]int64 `json:"members"`                       // by status
}

// Regions sums up what the caller has in each of the Regions; those in which it has nothing are
// left out. It needs no session.
func (s *Service) Regions(ctx context.Context, call *macie2.Call, regions []string) (*RegionsOutput, error) {
	found := map[string]*RegionSummary{}
	at := func(region string) *RegionSummary {
		if found[region] == nil {
			found[region] = &RegionSummary{Region: region, Members: map[string]int64{}}
		}
		return found[region]
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		clear(found)
		account, list := string(call.Account), store.List(regions)
		err := tx.Query(ctx, func(row store.Row) error {
			var region, status string
			err := row.Scan(&region, &status)
			at(region).Status = status
			return err
		}, `select region, status from macie_session where account_id = $1 and `+tx.Any("region", 2), account, list)
		if err != nil {
			return err
		}
		err = tx.Query(ctx, func(row store.Row) error {
			var region string
			var n int64
			err := row.Scan(&region, &n)
			at(region).Invitations = n
			return err
		}, `select region, count(*) from invitation where account_id = $1 and status = 'Invited' and `+tx.Any("region", 2)+` group by region`, account, list)
		if err != nil {
			return err
		}
		err = tx.Query(ctx, func(row store.Row) error {
			var region, administrator string
			err := row.Scan(&region, &administrator)
			at(region).AdministratorAccount = administrator
			return err
		}, `select region, administrator_id from member where account_id = $1 and member_standing = 'Member' and `+tx.Any("region", 2), account, list)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(row store.Row) error {
			var region, status string
			var n int64
			err := row.Scan(&region, &status, &n)
			at(region).Members[status] = n
			return err
		}, `select region, status, count(*) from member where administrator_id = $1 and `+tx.Any("region", 2)+` group by region, status`, account, list)
	})
	if err != nil {
		return nil, err
	}
	out := &RegionsOutput{Regions: []RegionSummary{}}
	for _, r := range found {
		out.Regions = append(out.Regions, *r)
	}
	slices.SortFunc(out.Regions, func(a, b RegionSummary) int {
		if a.Region < b.Region {
			return -1
		}
		return 1
	})
	return out, nil
}
