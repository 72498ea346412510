package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/awsapi"
	"magpie/internal/macie2"
	"magpie/internal/membership"
)

// mountHistory serves GET /magpie/v1/history: what happened to the caller's relationships, which
// Macie's API has no place for.
func mountHistory(edge *awsapi.Server, m *membership.Service) {
	edge.HandleSigned(http.MethodGet, "/magpie/v1/history", "magpie:GetHistory",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			in, err := readHistoryQuery(r.Query)
			if err != nil {
				return nil, err
			}
			return m.History(ctx, call, in)
		})
}

// historyParameters are those that GET /magpie/v1/history knows.
var historyParameters = []string{"accountId", "event", "since", "until", "maxResults", "nextToken"}

// readHistoryQuery reads the parameters of GET /magpie/v1/history. A parameter that is not known is
// refused: it is a filter misspelt, and an answer without it would mislead.
func readHistoryQuery(query url.Values) (*membership.HistoryInput, error) {
	for name, values := range query {
		if !slices.Contains(historyParameters, name) {
			return nil, macie2.ErrValidation("the query parameter %.40q is not known; there are %s", name, strings.Join(historyParameters, ", "))
		}
		if len(values) != 1 {
			return nil, macie2.ErrValidation("%s: must be given once", name)
		}
	}
	in := &membership.HistoryInput{
		AccountID: query.Get("accountId"), Event: membership.Event(query.Get("event")), NextToken: query.Get("nextToken"),
	}
	for name, target := range map[string]*time.Time{"since": &in.Since, "until": &in.Until} {
		if !query.Has(name) {
			continue
		}
		t, err := time.Parse(time.RFC3339, query.Get(name))
		if err != nil || t.Year() < 1970 || t.Year() > 9999 {
			return nil, macie2.ErrValidation("%s: must be a time such as 2026-01-02T15:04:05Z", name)
		}
		*target = t
	}
	if query.Has("maxResults") {
		n, err := strconv.Atoi(query.Get("maxResults"))
		if err != nil || n < 1 {
			return nil, macie2.ErrValidation("maxResults: must be a number from 1 to 100")
		}
		in.MaxResults = n
	}
	return in, nil
}
