package membership

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// SearchInput selects records of the caller's inventory.
type SearchInput struct {
	Statuses        []macie2.RelationshipStatus // any of them; empty: all
	Find            string                      // part of an id, a name or an address; a and A are the same
	ViaOrganization *bool                       // nil: both those of the organization and those by invitation
	Mail            []Event                     // of which one is the last that became of the mail; empty: any, or no mail
	Sort            string                      // such as email or -email; empty: accountId
	MaxResults      int                         // 1 to 1,000; 0 means 1,000
	NextToken       string
}

// mailEvents are what can become of an invitation's mail.
var mailEvents = []Event{EventMailQueued, EventMailAccepted, EventMailDeferred, EventMailRefused, EventMailNotSent}

// mostSearched is how many statuses, or outcomes of mail, can be asked for at once.
const mostSearched = 20

// mostFind is the most characters that Find may have: those of an address.
const mostFind = 320

// memberName is what the account of a record is called, where the caller may know it.
const memberName = `case when m.member_standing = 'Member' then a.name end`

// memberOrders are what records can be sorted by. An inventory has at most the members that the
// quota allows, and is sorted as it is read.
var memberOrders = map[string]string{
	"accountId":          `m.account_id`,
	"name":               `coalesce(` + memberName + `, '') collate "binary"`,
	"email":              `coalesce(m.email, '') collate "binary"`,
	"relationshipStatus": `m.status collate "binary"`,
	"invitedAt":          `coalesce(m.invited_at, 0)`,
	"updatedAt":          `m.updated_at`,
}

// memberOrder reads what records are sorted by.
func memberOrder(sort string) (expression, direction, beyond string, err error) {
	name, down := strings.CutPrefix(cmp.Or(sort, "accountId"), "-")
	expression, ok := memberOrders[name]
	if !ok {
		return "", "", "", macie2.ErrValidation("sort: must be accountId, name, email, relationshipStatus, invitedAt or updatedAt, with or without a - before it")
	}
	if down {
		return expression, " desc", " < ", nil
	}
	return expression, "", " > ", nil
}

// sortKey is what a record is sorted by, as a page token has it.
func (m FoundMember) sortKey(sort string) string {
	at := func(t *macie2.Timestamp) string {
		if t == nil {
			return "0"
		}
		return pagetoken.Int(t.UnixMilli())
	}
	switch strings.TrimPrefix(sort, "-") {
	case "name":
		return m.Name
	case "email":
		return m.Email
	case "relationshipStatus":
		return m.RelationshipStatus
	case "invitedAt":
		return at(m.InvitedAt)
	case "updatedAt":
		return at(m.UpdatedAt)
	default:
		return m.AccountID
	}
}

// lowerASCII makes the letters A to Z small, as lower does in the database under the collation
// "binary".
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// SearchOutput is a page of the inventory. The first page has the counts, the others have not.
type SearchOutput struct {
	Members   []FoundMember    `json:"members"`
	Total     *int64           `json:"total,omitzero"`    // how many match
	Statuses  map[string]int64 `json:"statuses,omitzero"` // of the whole inventory, whatever is searched for
	NextToken string           `json:"nextToken,omitzero"`
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
	Mail               *LastMail         `json:"mail,omitzero"`
}

// LastMail is the last that became of the mail about an invitation.
type LastMail struct {
	Event  Event             `json:"event"`
	Time   *macie2.Timestamp `json:"time"`
	Detail string            `json:"detail,omitzero"` // such as the mail server's answer
}

const maxSearchPage = 1000

// check refuses conditions that no record can meet, and those that cost too much to look for.
func (in *SearchInput) check() error {
	for _, status := range in.Statuses {
		if !status.Valid() {
			return macie2.ErrValidation("status: is none of a relationship's")
		}
	}
	for _, event := range in.Mail {
		if !slices.Contains(mailEvents, event) {
			return macie2.ErrValidation("mail: must be MailQueued, MailAccepted, MailDeferred, MailRefused or MailNotSent")
		}
	}
	if len(in.Statuses) > mostSearched || len(in.Mail) > mostSearched {
		return macie2.ErrValidation("filter: at most %d values each", mostSearched)
	}
	if utf8.RuneCountInString(in.Find) > mostFind || strings.ContainsRune(in.Find, 0) || !utf8.ValidString(in.Find) {
		return macie2.ErrValidation("find: must be a text of at most %d characters", mostFind)
	}
	return nil
}

// size checks what is asked, and tells how many records a page has.
func (in *SearchInput) size() (int, error) {
	size := in.MaxResults
	if size == 0 {
		size = maxSearchPage
	}
	if size < 1 || size > maxSearchPage {
		return 0, macie2.ErrValidation("maxResults: must be from 1 to %d", maxSearchPage)
	}
	if err := in.check(); err != nil {
		return 0, err
	}
	return size, nil
}

// SearchMembers lists the caller's inventory as ListMembers does, in larger pages, with what
// members are called; what is searched for and the order are the caller's choice.
func (s *Service) SearchMembers(ctx context.Context, call *macie2.Call, in *SearchInput) (*SearchOutput, error) {
	size, err := in.size()
	if err != nil {
		return nil, err
	}
	by, direction, beyond, err := memberOrder(in.Sort)
	if err != nil {
		return nil, err
	}
	var token *string
	if in.NextToken != "" {
		token = &in.NextToken
	}
	filters, err := json.Marshal([]any{in.Statuses, in.Find, in.ViaOrganization, in.Mail, in.Sort})
	if err != nil {
		return nil, err
	}
	page, err := s.pages.Page(pagetoken.Of(call, "SearchMembers", string(filters)), token, 2, size)
	if err != nil {
		return nil, macie2.ErrValidation("%s", textInvalidPageToken)
	}
	kind := int64(-1) // both
	if in.ViaOrganization != nil {
		kind = 0
		if *in.ViaOrganization {
			kind = 1
		}
	}
	args := []any{call.Region, call.Account, store.ListOf(in.Statuses), int64(len(in.Statuses)), lowerASCII(in.Find), kind}
	out := &SearchOutput{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		args := slices.Clip(args)
		selected := ` from member m left join account a on a.id = m.account_id
			where m.region = $1 and m.administrator_id = $2 and ($4 = 0 or ` + tx.Any("m.status", 3) + `)
			and ($5 = '' or ` + tx.Contains(`lower((m.account_id || ' ' || coalesce(m.email, '') || ' ' || coalesce(`+memberName+`, '')) collate "binary")`, 5) + `)
			and ($6 = -1 or $6 = case when m.organization_id is null then 0 else 1 end)`
		if len(in.Mail) > 0 { // what became of the mail is in the history, in which a later event has a greater id
			selected += ` and m.account_id in (select member_id from history
				where account_id = $2 and region = $1 and administrator_id = $2 and ` + tx.Any("event", 7) + ` group by member_id
				having ` + tx.Any(`substr(max(id || ' ' || event), 34)`, 8) + `)` // an id has 32 characters
			args = append(args, store.ListOf(mailEvents), store.ListOf(in.Mail))
		}
		at := func(more int) string { return "$" + strconv.Itoa(len(args)+more) }
		after, paged := "", append(slices.Clip(args), page.Limit())
		if !page.First() {
			var key any = page.Key(0)
			if strings.HasSuffix(in.Sort, "At") {
				key = page.Int(0)
			}
			after, paged = ` and (`+by+`, m.account_id)`+beyond+`(`+at(2)+`, `+at(3)+`)`, append(paged, key, page.Key(1))
		}
		*out = SearchOutput{Members: make([]FoundMember, 0, 64)}
		err := tx.Query(ctx, func(row store.Row) error {
			m, err := readMember(row)
			out.Members = append(out.Members, m)
			return err
		}, `select m.account_id, `+memberName+`, m.email, m.status, m.organization_id, m.invited_at, m.updated_at`+selected+after+`
			order by `+by+direction+`, m.account_id`+direction+` limit `+at(1), paged...)
		if err == nil && len(out.Members) == 0 {
			_, err = requireSession(ctx, tx, call)
		}
		if err == nil {
			err = lastMails(ctx, tx, call, out.Members)
		}
		if err != nil || !page.First() {
			return err
		}
		return out.count(ctx, tx, call, selected, args)
	})
	if err != nil {
		return nil, err
	}
	members, next := pagetoken.Cut(page, out.Members, func(m FoundMember) []string { return []string{m.sortKey(in.Sort), m.AccountID} })
	out.Members, out.NextToken = members, macie2.Deref(next)
	return out, nil
}

func readMember(row store.Row) (m FoundMember, err error) {
	var name, email, organization *string
	var invited *int64
	var updated int64
	err = row.Scan(&m.AccountID, &name, &email, &m.RelationshipStatus, &organization, &invited, &updated)
	m.Name, m.Email, m.ViaOrganization, m.UpdatedAt = macie2.Deref(name), macie2.Deref(email), organization != nil, timestamp(updated)
	if invited != nil {
		m.InvitedAt = timestamp(*invited)
	}
	return m, err
}

// count fills in how many records are selected, and how many there are of each status.
func (out *SearchOutput) count(ctx context.Context, tx *store.Tx, call *macie2.Call, selected string, args []any) error {
	out.Total, out.Statuses = new(int64), map[string]int64{}
	if err := tx.QueryRow(ctx, `select count(*)`+selected, args...).Scan(out.Total); err != nil {
		return err
	}
	return tx.Query(ctx, func(row store.Row) error {
		var status string
		var n int64
		err := row.Scan(&status, &n)
		out.Statuses[status] = n
		return err
	}, `select status, count(*) from member where region = $1 and administrator_id = $2 group by status`, call.Region, call.Account)
}

// lastMails fills in the last that became of the mail to each of the members.
func lastMails(ctx context.Context, tx *store.Tx, call *macie2.Call, members []FoundMember) error {
	if len(members) == 0 {
		return nil
	}
	ids, place := make(store.List, len(members)), make(map[string]int, len(members))
	for i, m := range members {
		ids[i], place[m.AccountID] = m.AccountID, i
	}
	return tx.Query(ctx, func(row store.Row) error {
		var member string
		var at int64
		mail := new(LastMail)
		err := row.Scan(&member, &mail.Event, &at, &mail.Detail)
		mail.Time = timestamp(at)
		members[place[member]].Mail = mail
		return err
	}, `select member_id, event, at, detail from history where account_id = $2 and region = $1 and administrator_id = $2 and `+tx.Any("event", 3)+`
		and `+tx.Among("member_id", 4)+` order by id`, call.Region, call.Account, store.ListOf(mailEvents), ids)
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
	RunningJobs          int64            `json:"runningJobs"`
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
