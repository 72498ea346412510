package identifier

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"magpie/internal/detect"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// An allow list is a regular expression, or words in an object of a store.
const (
	regexList = "regex"
	wordList  = "s3WordsList"
)

// checkCriteria says which kind of list it is, and lets the engine check an expression.
func checkCriteria(c *macie2.AllowListCriteria) (kind string, quota int64, err error) {
	switch {
	case c.Regex != nil && c.S3WordsList != nil, c.Regex == nil && c.S3WordsList == nil:
		return "", 0, macie2.ErrValidation("criteria: give either regex or s3WordsList")
	case c.S3WordsList != nil:
		return wordList, quotaWordLists, nil
	}
	var refused *detect.CustomError
	if _, err := detect.AllowRegex(*c.Regex); errors.As(err, &refused) {
		return "", 0, macie2.ErrValidation("criteria.%s", refused.Error())
	} else if err != nil {
		return "", 0, err
	}
	return regexList, quotaRegexLists, nil
}

// newAllowListID returns 22 lower-case letters and digits, as Macie's are.
func newAllowListID() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz012345" // 32: each byte gives one without bias
	var b [22]byte
	rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b[:])
}

func allowListARN(call *macie2.Call, id string) string {
	return resource.Name(call.Account, call.Region, allowListType, id)
}

// CreateAllowList keeps an allow list. A word list is not read before it is used.
func (s *Service) CreateAllowList(ctx context.Context, call *macie2.Call, in *macie2.CreateAllowListInput) (*macie2.CreateAllowListOutput, error) {
	kind, quota, err := checkCriteria(in.Criteria)
	if err == nil {
		err = resource.CheckTags(in.Tags)
	}
	if err != nil {
		return nil, err
	}
	criteria, err := json.Marshal(in.Criteria)
	if err != nil {
		return nil, fmt.Errorf("create allow list: %w", err)
	}
	request := *in
	request.ClientToken = nil
	var id string
	token, err := resource.TokenOf("CreateAllowList", in.ClientToken, request)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) (err error) {
		id, err = resource.Once(ctx, tx, call, token, func() (string, error) {
			if err := count(ctx, tx, call, allowListType+" "+kind, quota); err != nil {
				return "", err
			}
			id, at := newAllowListID(), call.Now.UnixMilli()
			tx.DeferInsert(`insert into allow_list (region, account_id, id, name, description, kind, criteria, tags, created_at, updated_at)`,
				[][]any{{call.Region, call.Account, id, macie2.Deref(in.Name), macie2.Deref(in.Description), kind, string(criteria),
					resource.EncodeTags(in.Tags), at, at}}, "")
			return id, nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.CreateAllowListOutput{Arn: macie2.Ptr(allowListARN(call, id)), Id: &id}, nil
}

// allowList is a row of allow_list.
type allowList struct {
	id, name, description, kind, criteria, tags string
	createdAt, updatedAt                        int64
}

const allowListColumns = `id, name, description, kind, criteria, tags, created_at, updated_at`

func (x *allowList) scan(row interface{ Scan(...any) error }) error {
	return row.Scan(&x.id, &x.name, &x.description, &x.kind, &x.criteria, &x.tags, &x.createdAt, &x.updatedAt)
}

// find reads one of the caller's allow lists.
func find(ctx context.Context, tx *store.Tx, call *macie2.Call, id *string) (x allowList, err error) {
	err = x.scan(tx.QueryRow(ctx, `select `+allowListColumns+` from allow_list where region = $1 and account_id = $2 and id = $3`,
		call.Region, call.Account, macie2.Deref(id)))
	if errors.Is(err, store.ErrNotFound) {
		err = resource.ErrNone
	}
	return x, err
}

// GetAllowList describes an allow list, and says whether it can be used.
func (s *Service) GetAllowList(ctx context.Context, call *macie2.Call, in *macie2.GetAllowListInput) (*macie2.GetAllowListOutput, error) {
	var x allowList
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		x, err = find(ctx, tx, call, in.Id)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.GetAllowListOutput{
		Arn: macie2.Ptr(allowListARN(call, x.id)), CreatedAt: macie2.TimestampMillis(x.createdAt), UpdatedAt: macie2.TimestampMillis(x.updatedAt),
		Description: optional(x.description), Id: &x.id, Name: &x.name, Criteria: &macie2.AllowListCriteria{},
	}
	if err := json.Unmarshal([]byte(x.criteria), out.Criteria); err != nil {
		return nil, fmt.Errorf("allow list %s: %w", x.id, err)
	}
	if out.Tags, err = resource.DecodeTags(x.tags); err != nil {
		return nil, fmt.Errorf("allow list %s: %w", x.id, err)
	}
	out.Status = s.status(ctx, call, out.Criteria)
	return out, nil
}

// ListAllowLists lists the caller's allow lists, the oldest first.
func (s *Service) ListAllowLists(ctx context.Context, call *macie2.Call, in *macie2.ListAllowListsInput) (*macie2.ListAllowListsOutput, error) {
	size := 25
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	page, err := s.pages.Page(pagetoken.Of(call, "ListAllowLists", ""), in.NextToken, 2, size)
	if err != nil {
		return nil, errPage
	}
	var rows []allowList
	err = s.view(ctx, call, func(tx *store.Tx) error {
		rows = rows[:0]
		return tx.Query(ctx, func(row store.Row) error {
			var x allowList
			err := x.scan(row)
			rows = append(rows, x)
			return err
		}, `select `+allowListColumns+` from allow_list where region = $1 and account_id = $2 and (created_at, id) > ($3, $4)
			order by created_at, id limit $5`, call.Region, call.Account, page.Int(0), page.Key(1), page.Limit())
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.ListAllowListsOutput{AllowLists: []macie2.AllowListSummary{}}
	rows, out.NextToken = pagetoken.Cut(page, rows, func(x allowList) []string { return []string{pagetoken.Int(x.createdAt), x.id} })
	for _, x := range rows {
		out.AllowLists = append(out.AllowLists, macie2.AllowListSummary{
			Arn: macie2.Ptr(allowListARN(call, x.id)), CreatedAt: macie2.TimestampMillis(x.createdAt), UpdatedAt: macie2.TimestampMillis(x.updatedAt),
			Description: optional(x.description), Id: macie2.Ptr(x.id), Name: macie2.Ptr(x.name),
		})
	}
	return out, nil
}

// UpdateAllowList replaces an allow list's name, description and criteria. A regular expression stays one, words stay words.
func (s *Service) UpdateAllowList(ctx context.Context, call *macie2.Call, in *macie2.UpdateAllowListInput) (*macie2.UpdateAllowListOutput, error) {
	kind, _, err := checkCriteria(in.Criteria)
	if err != nil {
		return nil, err
	}
	criteria, err := json.Marshal(in.Criteria)
	if err != nil {
		return nil, fmt.Errorf("update allow list: %w", err)
	}
	err = s.tx(ctx, call, func(tx *store.Tx) error {
		x, err := find(ctx, tx, call, in.Id)
		if err != nil {
			return err
		}
		if x.kind != kind {
			return macie2.ErrValidation("criteria: the list is of %s, and cannot become one of %s", x.kind, kind)
		}
		tx.DeferExpect(1, `update allow_list set name = $4, description = $5, criteria = $6, updated_at = $7
			where region = $1 and account_id = $2 and id = $3`,
			call.Region, call.Account, x.id, macie2.Deref(in.Name), macie2.Deref(in.Description), string(criteria), call.Now.UnixMilli())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateAllowListOutput{Arn: macie2.Ptr(allowListARN(call, *in.Id)), Id: in.Id}, nil
}

// DeleteAllowList deletes an allow list for good. Nothing uses one yet, so ignoreJobChecks changes nothing but is checked.
func (s *Service) DeleteAllowList(ctx context.Context, call *macie2.Call, in *macie2.DeleteAllowListInput) (*macie2.DeleteAllowListOutput, error) {
	switch macie2.Deref(in.IgnoreJobChecks) {
	case "", "true", "false":
	default:
		return nil, macie2.ErrValidation("ignoreJobChecks: must be true or false")
	}
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		x, err := find(ctx, tx, call, in.Id)
		if err != nil {
			return err
		}
		tx.DeferExpect(1, `delete from allow_list where region = $1 and account_id = $2 and id = $3`, call.Region, call.Account, x.id)
		uncount(tx, call, allowListType+" "+x.kind)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DeleteAllowListOutput{}, nil
}
