package finding

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// The bounds of ListFindings and GetFindings.
const (
	maxPage = 50
	maxIDs  = 50
)

// order is how a list is sorted: by an attribute, then by id. What has no such attribute counts as 0.
type order struct {
	column     string // of finding; never null in what is selected: coalesce stands around those that may be
	field      string // of segments
	text       bool
	descending bool
}

// sorts are the attributes that findings can be sorted by.
var sorts = map[string]order{
	"count":                  {column: "counted", field: "count"},
	"createdAt":              {column: "created_at", field: "createdAt"},
	"updatedAt":              {column: "updated_at", field: "updatedAt"},
	"severity.score":         {column: "severity", field: "severity.description"},
	"type":                   {column: "type", field: "type", text: true},
	"resourcesAffected":      {column: "resource", field: objectPrefix + "path", text: true},
	callPrefix + "firstSeen": {column: "coalesce(first_seen, 0)", field: callPrefix + "firstSeen"},
	callPrefix + "lastSeen":  {column: "coalesce(last_seen, 0)", field: callPrefix + "lastSeen"},
}

// value is what a finding with these values of the field is sorted by.
func (o order) value(texts []string, numbers []int64) (number int64, text string) {
	switch {
	case o.text && len(texts) > 0:
		return 0, texts[0]
	case o.column == "severity" && len(texts) > 0:
		return scoreOf(macie2.SeverityDescription(texts[0])), ""
	case !o.text && len(numbers) > 0:
		return numbers[0], ""
	}
	return 0, ""
}

// place is where a finding stands.
func (o order) place(x *macie2.Finding) place {
	f := fields[o.field]
	p := place{id: *x.Id}
	if f.kind == number || f.kind == date {
		p.number, p.text = o.value(nil, f.numbers(x))
	} else {
		p.number, p.text = o.value(f.texts(x), nil)
	}
	return p
}

// parseOrder checks the caller's sort criteria. Without any, what was updated last comes first.
func parseOrder(in *macie2.SortCriteria) (order, error) {
	if in == nil || in.AttributeName == nil {
		o := sorts["updatedAt"]
		o.descending = in == nil || in.OrderBy == nil || *in.OrderBy == macie2.OrderByDesc
		return o, nil
	}
	o, ok := sorts[*in.AttributeName]
	if !ok {
		return o, macie2.ErrValidation("sortCriteria.attributeName: findings cannot be sorted by %q", shorten(*in.AttributeName))
	}
	o.descending = macie2.Deref(in.OrderBy) == macie2.OrderByDesc
	return o, nil
}

// place is where a finding stands in a list.
type place struct {
	number int64
	text   string
	id     string
}

func (o order) compare(a, b place) int {
	c := strings.Compare(a.text, b.text)
	if c == 0 {
		c = int(min(max(a.number-b.number, -1), 1))
	}
	if c == 0 {
		c = strings.Compare(a.id, b.id)
	}
	if o.descending {
		return -c
	}
	return c
}

// page adds the rest of a statement that selects the first n findings after a place; nil is the beginning.
func (s *statement) page(o order, after *place, n int) {
	operator, direction := " > ", ""
	if o.descending {
		operator, direction = " < ", " desc"
	}
	if after != nil {
		value := any(after.number)
		if o.text {
			value = after.text
		}
		s.sql.WriteString(" and (" + o.column + ", id)" + operator + "(" + s.arg(value) + ", " + s.arg(after.id) + ")")
	}
	s.sql.WriteString(" order by " + o.column + direction + ", id" + direction + " limit " + s.arg(int64(n)))
}

// ListFindings lists the ids of the findings that meet the criteria and that the caller may see.
func (s *Service) ListFindings(ctx context.Context, call *macie2.Call, in *macie2.ListFindingsInput) (*macie2.ListFindingsOutput, error) {
	criteria, err := ParseCriteria(in.FindingCriteria)
	if err != nil {
		return nil, err
	}
	o, err := parseOrder(in.SortCriteria)
	if err != nil {
		return nil, err
	}
	size := maxPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	if size < 1 || size > maxPage {
		return nil, macie2.ErrValidation("maxResults: must be from 1 to %d", maxPage)
	}
	page, err := s.pages.Page(pagetoken.Of(call, "ListFindings", narrowed(in)), in.NextToken, 3, size)
	if err != nil {
		return nil, errPage
	}
	var after *place
	if !page.First() {
		after = &place{number: page.Int(0), text: page.Key(1), id: page.Key(2)}
	}
	var found []place
	err = s.view(ctx, call, func(tx *store.Tx) error {
		found = found[:0]
		scopes, err := s.scopes(ctx, tx, call)
		for _, x := range scopes {
			if err == nil {
				found, err = places(ctx, tx, x, criteria, wanted{o, after, int(page.Limit())}, found)
			}
			if err == nil && x.members == nil {
				found, err = s.dataPlaces(ctx, tx, x, criteria, wanted{o, after, size + 1}, found)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, o.compare)
	// While nodes of an earlier version run, a finding that two of them record may be there as a row too.
	found = slices.Compact(found)
	out := &macie2.ListFindingsOutput{FindingIds: []string{}}
	found, out.NextToken = pagetoken.Cut(page, found, func(p place) []string { return []string{pagetoken.Int(p.number), p.text, p.id} })
	for _, p := range found {
		out.FindingIds = append(out.FindingIds, p.id)
	}
	return out, nil
}

// wanted says which findings of a list are: up to n of those that come after a place in an order, from the first where there is no place.
type wanted struct {
	order
	after *place
	n     int
}

// places appends those findings in rows of a scope that are wanted.
func places(ctx context.Context, tx *store.Tx, x scope, c Criteria, w wanted, to []place) ([]place, error) {
	q := statement{dialect: tx}
	q.sql.WriteString("select " + w.column + ", id from finding where")
	q.in(x)
	q.where(c)
	q.page(w.order, w.after, w.n)
	err := tx.Query(ctx, func(r store.Row) error {
		var p place
		value := any(&p.number)
		if w.text {
			value = &p.text
		}
		err := r.Scan(value, &p.id)
		to = append(to, p)
		return err
	}, q.sql.String(), q.args...)
	return to, err
}

// narrowed spells what a page token is bound to.
func narrowed(in *macie2.ListFindingsInput) string {
	b, err := json.Marshal([]any{in.FindingCriteria, in.SortCriteria})
	if err != nil {
		panic(err) // texts and numbers always have a JSON form
	}
	return string(b)
}

var errPage = macie2.ErrValidation("nextToken: it was not issued for this account, Region and request")

// GetFindings gives the findings of these ids that the caller may see, in the order asked for, or else in that of the ids.
func (s *Service) GetFindings(ctx context.Context, call *macie2.Call, in *macie2.GetFindingsInput) (*macie2.GetFindingsOutput, error) {
	ids := []string{}
	for _, id := range in.FindingIds {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if n := len(in.FindingIds); n < 1 || n > maxIDs {
		return nil, macie2.ErrValidation("findingIds: must name 1 to %d findings, not %d", maxIDs, n)
	}
	o, err := parseOrder(in.SortCriteria)
	if err != nil {
		return nil, err
	}
	var found []stored
	err = s.view(ctx, call, func(tx *store.Tx) (err error) {
		found, err = s.visible(ctx, tx, call, ids, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b stored) int {
		if in.SortCriteria == nil {
			return slices.Index(ids, a.id) - slices.Index(ids, b.id)
		}
		return o.compare(a.place, b.place)
	})
	found = slices.CompactFunc(found, func(a, b stored) bool { return a.id == b.id }) // as in ListFindings
	out := &macie2.GetFindingsOutput{Findings: []macie2.Finding{}}
	for _, f := range found {
		x := f.finding
		if x == nil {
			if x, err = decode(f.document); err != nil {
				return nil, err
			}
		}
		x.Archived = &f.archived
		out.Findings = append(out.Findings, *x)
	}
	return out, nil
}

// stored is a finding as it is read. A rule may have archived it after its document was written.
type stored struct {
	place
	archived bool
	document string
	finding  *macie2.Finding // document, where it was decoded already
}

// visible are the findings of these ids that the caller may see.
func (s *Service) visible(ctx context.Context, tx *store.Tx, call *macie2.Call, ids []string, o order) ([]stored, error) {
	var found []stored
	scopes, err := s.scopes(ctx, tx, call)
	for _, x := range scopes {
		if err == nil {
			found, err = documents(ctx, tx, x, ids, o, found)
		}
		if err == nil && x.members == nil {
			found, err = dataDocuments(ctx, tx, x, ids, o, found)
		}
	}
	return found, err
}

// documents appends those findings in rows of a scope that have one of the ids.
func documents(ctx context.Context, tx *store.Tx, x scope, ids []string, o order, to []stored) ([]stored, error) {
	q := statement{dialect: tx}
	q.sql.WriteString("select " + o.column + ", id, archived, (select d.document from finding_document d " +
		"where d.region = finding.region and d.holder = finding.holder and d.id = finding.id) from finding where")
	q.in(x)
	q.args = append(q.args, listOf(ids))
	q.sql.WriteString(" and " + tx.Any("id", len(q.args)))
	err := tx.Query(ctx, func(r store.Row) error {
		var f stored
		value := any(&f.number)
		if o.text {
			value = &f.text
		}
		err := r.Scan(value, &f.id, &f.archived, &f.document)
		to = append(to, f)
		return err
	}, q.sql.String(), q.args...)
	return to, err
}
