package identifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"magpie/internal/detect"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// The bounds of the operations on custom data identifiers.
const (
	maxSample     = 1000 // characters
	maxBatch      = 1000 // ids
	defaultPage   = 50
	maxCustomPage = 1000
)

// definition is a custom data identifier as it is stored.
type definition struct {
	Regex                string   `json:"regex"`
	Keywords             []string `json:"keywords,omitzero"`
	IgnoreWords          []string `json:"ignoreWords,omitzero"`
	MaximumMatchDistance int32    `json:"maximumMatchDistance"`
	SeverityLevels       []level  `json:"severityLevels,omitzero"`
}

type level struct {
	OccurrencesThreshold int64  `json:"occurrencesThreshold"`
	Severity             string `json:"severity"`
}

// compile lets the engine check a definition; what it refuses is the caller's to mend.
func compile(regex *string, keywords, ignoreWords []string, distance *int32, levels []macie2.SeverityLevel) (*detect.Custom, error) {
	c := detect.CustomConfig{Regex: macie2.Deref(regex), Keywords: keywords, IgnoreWords: ignoreWords}
	if distance != nil {
		c.MaximumMatchDistance = new(int(*distance))
	}
	for _, l := range levels {
		c.SeverityLevels = append(c.SeverityLevels, detect.SeverityLevel{
			OccurrencesThreshold: macie2.Deref(l.OccurrencesThreshold), Severity: string(macie2.Deref(l.Severity)),
		})
	}
	custom, err := detect.CompileCustomPausing(c, sparing(trialSlice, trialRest))
	var refused *detect.CustomError
	if errors.As(err, &refused) {
		return nil, macie2.ErrValidation("%s", refused.Error())
	}
	return custom, err
}

// compileTrial compiles a definition that is to be kept, when it is its turn.
func (s *Service) compileTrial(ctx context.Context, in *macie2.CreateCustomDataIdentifierInput) (*detect.Custom, error) {
	done, err := s.trials.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return compile(in.Regex, in.Keywords, in.IgnoreWords, in.MaximumMatchDistance, in.SeverityLevels)
}

// CreateCustomDataIdentifier keeps a custom data identifier that the engine accepts. It does not change afterwards.
func (s *Service) CreateCustomDataIdentifier(ctx context.Context, call *macie2.Call, in *macie2.CreateCustomDataIdentifierInput) (*macie2.CreateCustomDataIdentifierOutput, error) {
	custom, err := s.compileTrial(ctx, in)
	if err == nil {
		err = checkText("name", in.Name, 1, 128)
	}
	if err == nil {
		err = checkText("description", in.Description, 0, 512)
	}
	if err == nil {
		err = resource.CheckTags(in.Tags)
	}
	if err != nil {
		return nil, err
	}
	c := custom.Config()
	d := definition{Regex: c.Regex, Keywords: c.Keywords, IgnoreWords: c.IgnoreWords, MaximumMatchDistance: int32(*c.MaximumMatchDistance)}
	for _, l := range c.SeverityLevels {
		d.SeverityLevels = append(d.SeverityLevels, level{l.OccurrencesThreshold, l.Severity})
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("create custom data identifier: %w", err)
	}
	request := *in
	request.ClientToken = nil
	var id string
	token, err := resource.TokenOf("CreateCustomDataIdentifier", in.ClientToken, request)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) (err error) {
		id, err = resource.Once(ctx, tx, call, token, func() (string, error) {
			if err := count(ctx, tx, call, customType, s.quota); err != nil {
				return "", err
			}
			id := uuid.NewString()
			tx.DeferInsert(`insert into custom_data_identifier (region, account_id, id, name, description, definition, tags, created_at)`,
				[][]any{{call.Region, call.Account, id, macie2.Deref(in.Name), macie2.Deref(in.Description), string(text), resource.EncodeTags(in.Tags),
					call.Now.UnixMilli()}}, "")
			return id, nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &macie2.CreateCustomDataIdentifierOutput{CustomDataIdentifierId: &id}, nil
}

// GetCustomDataIdentifier describes a custom data identifier, a deleted one too.
func (s *Service) GetCustomDataIdentifier(ctx context.Context, call *macie2.Call, in *macie2.GetCustomDataIdentifierInput) (*macie2.GetCustomDataIdentifierOutput, error) {
	var name, description, text, tags string
	var createdAt int64
	var deleted bool
	err := s.view(ctx, call, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select name, description, definition, tags, deleted, created_at from custom_data_identifier
			where region = $1 and account_id = $2 and id = $3`, call.Region, call.Account, macie2.Deref(in.Id)).
			Scan(&name, &description, &text, &tags, &deleted, &createdAt)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, resource.ErrNone
	}
	if err != nil {
		return nil, err
	}
	var d definition
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("custom data identifier %s: %w", *in.Id, err)
	}
	out := &macie2.GetCustomDataIdentifierOutput{
		Arn: macie2.Ptr(customARN(call, *in.Id)), CreatedAt: macie2.TimestampMillis(createdAt), Deleted: &deleted,
		Description: optional(description), Id: in.Id, IgnoreWords: d.IgnoreWords, Keywords: d.Keywords,
		MaximumMatchDistance: &d.MaximumMatchDistance, Name: &name, Regex: &d.Regex,
	}
	for _, l := range d.SeverityLevels {
		out.SeverityLevels = append(out.SeverityLevels, macie2.SeverityLevel{
			OccurrencesThreshold: &l.OccurrencesThreshold, Severity: macie2.Ptr(macie2.DataIdentifierSeverity(l.Severity)),
		})
	}
	if out.Tags, err = resource.DecodeTags(tags); err != nil {
		return nil, fmt.Errorf("custom data identifier %s: %w", *in.Id, err)
	}
	return out, nil
}

func customARN(call *macie2.Call, id string) string {
	return resource.Name(call.Account, call.Region, customType, id)
}

// summary is a row of a list.
type summary struct {
	id, name, description string
	createdAt             int64
	deleted               bool
}

const summaryColumns = `id, name, description, created_at, deleted`

func (x *summary) scan(row store.Row) error {
	return row.Scan(&x.id, &x.name, &x.description, &x.createdAt, &x.deleted)
}

// ListCustomDataIdentifiers lists the custom data identifiers that are not deleted, the oldest first.
func (s *Service) ListCustomDataIdentifiers(ctx context.Context, call *macie2.Call, in *macie2.ListCustomDataIdentifiersInput) (*macie2.ListCustomDataIdentifiersOutput, error) {
	size := defaultPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	if size < 1 || size > maxCustomPage {
		return nil, macie2.ErrValidation("maxResults: must be from 1 to %d", maxCustomPage)
	}
	page, err := s.pages.Page(pagetoken.Of(call, "ListCustomDataIdentifiers", ""), in.NextToken, 2, size)
	if err != nil {
		return nil, errPage
	}
	var rows []summary
	err = s.view(ctx, call, func(tx *store.Tx) error {
		rows = rows[:0]
		return tx.Query(ctx, func(row store.Row) error {
			var x summary
			err := x.scan(row)
			rows = append(rows, x)
			return err
		}, `select `+summaryColumns+` from custom_data_identifier
			where region = $1 and account_id = $2 and deleted = false and (created_at, id) > ($3, $4)
			order by created_at, id limit $5`, call.Region, call.Account, page.Int(0), page.Key(1), page.Limit())
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.ListCustomDataIdentifiersOutput{Items: []macie2.CustomDataIdentifierSummary{}}
	rows, out.NextToken = pagetoken.Cut(page, rows, func(x summary) []string { return []string{pagetoken.Int(x.createdAt), x.id} })
	for _, x := range rows {
		out.Items = append(out.Items, macie2.CustomDataIdentifierSummary{
			Arn: macie2.Ptr(customARN(call, x.id)), CreatedAt: macie2.TimestampMillis(x.createdAt), Description: optional(x.description),
			Id: macie2.Ptr(x.id), Name: macie2.Ptr(x.name),
		})
	}
	return out, nil
}

// BatchGetCustomDataIdentifiers describes those of the named identifiers that exist, deleted ones too, and names the others.
func (s *Service) BatchGetCustomDataIdentifiers(ctx context.Context, call *macie2.Call, in *macie2.BatchGetCustomDataIdentifiersInput) (*macie2.BatchGetCustomDataIdentifiersOutput, error) {
	if len(in.Ids) > maxBatch {
		return nil, macie2.ErrValidation("ids: must name at most %d identifiers", maxBatch)
	}
	var ids []string
	stmts := []store.Stmt{}
	seen := map[string]bool{}
	for _, id := range in.Ids {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
			stmts = append(stmts, store.Stmt{SQL: `select ` + summaryColumns + ` from custom_data_identifier
				where region = $1 and account_id = $2 and id = $3`, Args: []any{call.Region, call.Account, id}})
		}
	}
	found := make([]*summary, len(ids))
	err := s.view(ctx, call, func(tx *store.Tx) error {
		return tx.QueryMany(ctx, func(i int, row store.Row) error {
			found[i] = &summary{}
			return found[i].scan(row)
		}, stmts...)
	})
	if err != nil {
		return nil, err
	}
	out := &macie2.BatchGetCustomDataIdentifiersOutput{
		CustomDataIdentifiers: []macie2.BatchGetCustomDataIdentifierSummary{}, NotFoundIdentifierIds: []string{},
	}
	for i, x := range found {
		if x == nil {
			out.NotFoundIdentifierIds = append(out.NotFoundIdentifierIds, ids[i])
			continue
		}
		out.CustomDataIdentifiers = append(out.CustomDataIdentifiers, macie2.BatchGetCustomDataIdentifierSummary{
			Arn: macie2.Ptr(customARN(call, x.id)), CreatedAt: macie2.TimestampMillis(x.createdAt), Deleted: &x.deleted,
			Description: optional(x.description), Id: &x.id, Name: &x.name,
		})
	}
	return out, nil
}

// DeleteCustomDataIdentifier marks a custom data identifier as deleted. Deleting it again changes nothing.
func (s *Service) DeleteCustomDataIdentifier(ctx context.Context, call *macie2.Call, in *macie2.DeleteCustomDataIdentifierInput) (*macie2.DeleteCustomDataIdentifierOutput, error) {
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		var deleted bool
		err := tx.QueryRow(ctx, `select deleted from custom_data_identifier where region = $1 and account_id = $2 and id = $3`,
			call.Region, call.Account, macie2.Deref(in.Id)).Scan(&deleted)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return resource.ErrNone
		case err != nil || deleted:
			return err
		}
		tx.DeferExpect(1, `update custom_data_identifier set deleted = true where region = $1 and account_id = $2 and id = $3 and deleted = false`,
			call.Region, call.Account, *in.Id)
		uncount(tx, call, customType)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &macie2.DeleteCustomDataIdentifierOutput{}, nil
}

// TestCustomDataIdentifier counts the matches of a definition in a sample, and keeps neither.
func (s *Service) TestCustomDataIdentifier(ctx context.Context, call *macie2.Call, in *macie2.TestCustomDataIdentifierInput) (*macie2.TestCustomDataIdentifierOutput, error) {
	matches, _, err := s.MatchesOf(ctx, call, in)
	if err != nil {
		return nil, err
	}
	return &macie2.TestCustomDataIdentifierOutput{MatchCount: macie2.Ptr(int32(len(matches)))}, nil
}

// Place is where a match is in a sample, in characters from its beginning; End is that of the first one behind it.
type Place struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Miss is what the expression finds in a sample and the identifier does not count, and why.
type Miss struct {
	Place
	Reason string `json:"reason"`
}

// The reasons of a Miss.
const (
	NoKeyword  = "NO_KEYWORD"  // within reach
	IgnoreWord = "IGNORE_WORD" // in what the expression finds
)

// MatchesOf says where in a sample an identifier would find something, and what of it would not count, in order.
func (s *Service) MatchesOf(ctx context.Context, call *macie2.Call, in *macie2.TestCustomDataIdentifierInput) ([]Place, []Miss, error) {
	if n := utf8.RuneCountInString(macie2.Deref(in.SampleText)); n < 1 || n > maxSample {
		return nil, nil, macie2.ErrValidation("sampleText: must have 1 to %d characters, not %d", maxSample, n)
	}
	if err := s.view(ctx, call, func(*store.Tx) error { return nil }); err != nil {
		return nil, nil, err
	}
	done, err := s.trials.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	sample := *in.SampleText
	find := func(keywords, ignored []string) ([]Place, error) {
		custom, err := compile(in.Regex, keywords, ignored, in.MaximumMatchDistance, nil)
		if err != nil {
			return nil, err
		}
		places := []Place{}
		for _, m := range custom.Matches(sample) {
			start := utf8.RuneCountInString(sample[:m.Start])
			places = append(places, Place{start, start + utf8.RuneCountInString(sample[m.Start:m.End])})
		}
		return places, nil
	}
	places, err := find(in.Keywords, in.IgnoreWords)
	misses := []Miss{}
	if err != nil || len(in.Keywords)+len(in.IgnoreWords) == 0 {
		return places, misses, err
	}
	unasked, err := find(nil, in.IgnoreWords) // for a keyword
	if err != nil {
		return nil, nil, err
	}
	every, err := find(nil, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range every {
		switch {
		case slices.Contains(places, p):
		case slices.Contains(unasked, p):
			misses = append(misses, Miss{p, NoKeyword})
		default:
			misses = append(misses, Miss{p, IgnoreWord})
		}
	}
	return places, misses, nil
}
