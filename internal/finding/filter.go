package finding

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// filterType is what ARNs call a rule.
const filterType = "findings-filter"

const maxFilterPage = 25

// checkFilter checks what create and update have in common.
func checkFilter(name, description *string, in *macie2.FindingCriteria, position *int32) error {
	if name != nil {
		if err := checkText("name", *name, 3, 64); err != nil {
			return err
		}
	}
	if description != nil {
		if err := checkText("description", *description, 0, 512); err != nil {
			return err
		}
	}
	if position != nil && *position < 1 {
		return macie2.ErrValidation("position: must be at least 1")
	}
	if in == nil {
		return nil
	}
	c, err := ParseCriteria(in)
	if err == nil && c.Empty() {
		// A rule without conditions would suppress all that was found and will be.
		err = macie2.ErrValidation("findingCriteria.criterion: a filter must have at least one condition")
	}
	return err
}

func checkText(member, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return macie2.ErrValidation("%s: must have %d to %d characters, not %d", member, least, most, n)
	}
	for i, r := range s {
		if unicode.IsControl(r) {
			return macie2.ErrValidation("%s: there is a control character at byte %d", member, i)
		}
	}
	return nil
}

// CreateFindingsFilter keeps a rule. One that archives does so with what it selects of the findings that are there, too.
func (s *Service) CreateFindingsFilter(ctx context.Context, call *macie2.Call, in *macie2.CreateFindingsFilterInput) (*macie2.CreateFindingsFilterOutput, error) {
	err := checkFilter(in.Name, in.Description, in.FindingCriteria, in.Position)
	if err == nil {
		err = resource.CheckTags(in.Tags)
	}
	if err != nil {
		return nil, err
	}
	request := *in
	request.ClientToken = nil
	var id string
	token, err := resource.TokenOf("CreateFindingsFilter", in.ClientToken, request)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) (err error) {
		id, err = resource.Once(ctx, tx, call, token, func() (string, error) {
			return s.createFilter(ctx, tx, call, in)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.CreateFindingsFilterOutput{Id: &id, Arn: macie2.Ptr(filterARN(call, id))}, nil
}

func (s *Service) createFilter(ctx context.Context, tx *store.Tx, call *macie2.Call, in *macie2.CreateFindingsFilterInput) (string, error) {
	ids, err := filterIDs(ctx, tx, call)
	if err != nil {
		return "", err
	}
	if int64(len(ids)) >= s.quotaFilters {
		return "", macie2.ErrQuota("The request failed because the current account already has %d findings filters in the Region, which is its quota.", s.quotaFilters)
	}
	criteria, err := json.Marshal(in.FindingCriteria)
	if err != nil {
		return "", fmt.Errorf("create findings filter: %w", err)
	}
	id := uuid.NewString()
	position := len(ids) + 1
	if in.Position != nil {
		position = min(position, int(*in.Position))
	}
	tx.Defer(`update findings_filter set position = position + 1 where region = $1 and account_id = $2 and position >= $3`,
		call.Region, call.Account, int64(position))
	tx.DeferInsert(`insert into findings_filter (region, account_id, id, name, description, action, position, criteria, tags, created_at)`,
		[][]any{{call.Region, call.Account, id, macie2.Deref(in.Name), macie2.Deref(in.Description), string(*in.Action), int64(position),
			string(criteria), resource.EncodeTags(in.Tags), call.Now.UnixMilli()}}, "")
	if *in.Action == macie2.FindingsFilterActionArchive {
		c, err := ParseCriteria(in.FindingCriteria)
		if err != nil {
			return "", err
		}
		return id, s.suppressNow(ctx, tx, call, id, c)
	}
	return id, nil
}

// filterIDs are the account's rules in their order, for a transaction that is about to change it. It writes the row that
// stands for the order first, so that of two nodes that change it one waits for the other.
func filterIDs(ctx context.Context, tx *store.Tx, call *macie2.Call) ([]string, error) {
	if _, err := tx.Exec(ctx, `insert into findings_filter_order (region, account_id, changes) values ($1, $2, 1)
		on conflict (region, account_id) do update set changes = findings_filter_order.changes + 1`,
		call.Region, call.Account); err != nil {
		return nil, err
	}
	var ids []string
	err := tx.Query(ctx, func(r store.Row) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `select id from findings_filter where region = $1 and account_id = $2 order by position, id`, call.Region, call.Account)
	return ids, err
}

func filterARN(call *macie2.Call, id string) string {
	return resource.Name(call.Account, call.Region, filterType, id)
}

// GetFindingsFilter describes a rule.
func (s *Service) GetFindingsFilter(ctx context.Context, call *macie2.Call, in *macie2.GetFindingsFilterInput) (*macie2.GetFindingsFilterOutput, error) {
	out := &macie2.GetFindingsFilterOutput{Id: in.Id, Arn: macie2.Ptr(filterARN(call, *in.Id)), FindingCriteria: &macie2.FindingCriteria{}}
	var name, description, action, criteria, tags string
	var position int64
	err := s.view(ctx, call, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select name, description, action, position, criteria, tags from findings_filter
			where region = $1 and account_id = $2 and id = $3`, call.Region, call.Account, *in.Id).
			Scan(&name, &description, &action, &position, &criteria, &tags)
	})
	if err != nil {
		return nil, none(err)
	}
	if err := json.Unmarshal([]byte(criteria), out.FindingCriteria); err != nil {
		return nil, fmt.Errorf("findings filter %s: %w", *in.Id, err)
	}
	if out.Tags, err = resource.DecodeTags(tags); err != nil {
		return nil, fmt.Errorf("findings filter %s: %w", *in.Id, err)
	}
	out.Name, out.Position, out.Action = &name, macie2.Ptr(int32(position)), macie2.Ptr(macie2.FindingsFilterAction(action))
	if description != "" {
		out.Description = &description
	}
	return out, nil
}

// ListFindingsFilters lists the rules in the order of their positions.
func (s *Service) ListFindingsFilters(ctx context.Context, call *macie2.Call, in *macie2.ListFindingsFiltersInput) (*macie2.ListFindingsFiltersOutput, error) {
	size := maxFilterPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	page, err := s.pages.Page(pagetoken.Of(call, "ListFindingsFilters", ""), in.NextToken, 2, size)
	if err != nil {
		return nil, errPage
	}
	type row struct {
		place
		item macie2.FindingsFilterListItem
	}
	var rows []row
	err = s.view(ctx, call, func(tx *store.Tx) error {
		rows = nil
		return tx.Query(ctx, func(r store.Row) error {
			var x row
			var name, action, tags string
			if err := r.Scan(&x.number, &x.id, &name, &action, &tags); err != nil {
				return err
			}
			x.item = macie2.FindingsFilterListItem{Action: macie2.Ptr(macie2.FindingsFilterAction(action)), Arn: macie2.Ptr(filterARN(call, x.id)),
				Id: macie2.Ptr(x.id), Name: &name}
			var err error
			x.item.Tags, err = resource.DecodeTags(tags)
			rows = append(rows, x)
			return err
		}, `select position, id, name, action, tags from findings_filter where region = $1 and account_id = $2 and (position, id) > ($3, $4)
			order by position, id limit $5`, call.Region, call.Account, page.Int(0), page.Key(1), page.Limit())
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.ListFindingsFiltersOutput{FindingsFilterListItems: []macie2.FindingsFilterListItem{}}
	rows, out.NextToken = pagetoken.Cut(page, rows, func(x row) []string { return []string{pagetoken.Int(x.number), x.id} })
	for _, x := range rows {
		out.FindingsFilterListItems = append(out.FindingsFilterListItems, x.item)
	}
	return out, nil
}

// UpdateFindingsFilter changes what the request names of a rule.
func (s *Service) UpdateFindingsFilter(ctx context.Context, call *macie2.Call, in *macie2.UpdateFindingsFilterInput) (*macie2.UpdateFindingsFilterOutput, error) {
	if err := checkFilter(in.Name, in.Description, in.FindingCriteria, in.Position); err != nil {
		return nil, err
	}
	request := *in
	request.ClientToken = nil
	token, err := resource.TokenOf("UpdateFindingsFilter", in.ClientToken, request)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) error {
		_, err := resource.Once(ctx, tx, call, token, func() (string, error) {
			return *in.Id, s.updateFilter(ctx, tx, call, in)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateFindingsFilterOutput{Id: in.Id, Arn: macie2.Ptr(filterARN(call, *in.Id))}, nil
}

func (s *Service) updateFilter(ctx context.Context, tx *store.Tx, call *macie2.Call, in *macie2.UpdateFindingsFilterInput) error {
	ids, err := filterIDs(ctx, tx, call)
	if err != nil {
		return err
	}
	var criteria *string
	if in.FindingCriteria != nil {
		text, err := json.Marshal(in.FindingCriteria)
		if err != nil {
			return fmt.Errorf("update findings filter %s: %w", *in.Id, err)
		}
		criteria = macie2.Ptr(string(text))
	}
	var action, now string
	err = tx.QueryRow(ctx, `update findings_filter set name = coalesce($4, name), description = coalesce($5, description),
			action = coalesce($6, action), criteria = coalesce($7, criteria)
		where region = $1 and account_id = $2 and id = $3 returning action, criteria`,
		call.Region, call.Account, *in.Id, in.Name, in.Description, (*string)(in.Action), criteria).Scan(&action, &now)
	if err != nil {
		return none(err)
	}
	if in.Position != nil {
		reorder(tx, call, ids, *in.Id, int(*in.Position))
	}
	if action != string(macie2.FindingsFilterActionArchive) {
		return nil
	}
	c, err := storedCriteria(now)
	if err != nil {
		return fmt.Errorf("findings filter %s: %w", *in.Id, err)
	}
	return s.suppressNow(ctx, tx, call, *in.Id, c)
}

// reorder moves one of the rules to a position; those between move by one.
func reorder(tx *store.Tx, call *macie2.Call, ids []string, id string, to int) {
	others := make([]string, 0, len(ids))
	for _, other := range ids {
		if other != id {
			others = append(others, other)
		}
	}
	at := min(to-1, len(others))
	for i, moved := range append(others[:at:at], append([]string{id}, others[at:]...)...) {
		if ids[i] != moved {
			tx.DeferExpect(1, `update findings_filter set position = $4 where region = $1 and account_id = $2 and id = $3`,
				call.Region, call.Account, moved, int64(i+1))
		}
	}
}

// DeleteFindingsFilter deletes a rule. What it has archived stays archived.
func (s *Service) DeleteFindingsFilter(ctx context.Context, call *macie2.Call, in *macie2.DeleteFindingsFilterInput) (*macie2.DeleteFindingsFilterOutput, error) {
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		if _, err := filterIDs(ctx, tx, call); err != nil {
			return err
		}
		var position int64
		err := tx.QueryRow(ctx, `delete from findings_filter where region = $1 and account_id = $2 and id = $3 returning position`,
			call.Region, call.Account, *in.Id).Scan(&position)
		if err != nil {
			return none(err)
		}
		tx.Defer(`update findings_filter set position = position - 1 where region = $1 and account_id = $2 and position > $3`,
			call.Region, call.Account, position)
		_, err = s.queue.Cancel(ctx, tx, suppressKind, *in.Id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DeleteFindingsFilterOutput{}, nil
}

// TagKinds are the resources of this package that have tags.
func (s *Service) TagKinds() map[string]resource.Kind {
	return map[string]resource.Kind{filterType: {
		Tags: func(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (tags string, err error) {
			if _, err := session.Require(ctx, tx, call); err != nil {
				return "", err
			}
			err = tx.QueryRow(ctx, `select tags from findings_filter where region = $1 and account_id = $2 and id = $3`,
				call.Region, call.Account, id).Scan(&tags)
			return tags, err
		},
		SetTags: func(_ context.Context, tx *store.Tx, call *macie2.Call, id, was, tags string) error {
			tx.DeferExpect(1, `update findings_filter set tags = $4 where region = $1 and account_id = $2 and id = $3 and tags = $5`,
				call.Region, call.Account, id, tags, was)
			return nil
		},
	}}
}
