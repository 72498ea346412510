package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"magpie/internal/awsapi"
	"magpie/internal/finding"
	"magpie/internal/macie2"
)

// The parameters that GET /magpie/v1/findings/triage and /histogram know.
var (
	triageParameters    = []string{"findingId"}
	histogramParameters = []string{"days"}
)

// usualDays is how many days a histogram has where nothing is said.
const usualDays = 30

// mountFindings serves /magpie/v1/findings: what people have made of findings, and how many there
// were on each day.
func mountFindings(edge *awsapi.Server, s *finding.Service) {
	const path = "/magpie/v1/findings"
	edge.HandleSigned(http.MethodGet, path+"/triage", "magpie:GetTriage", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, triageParameters); err != nil {
			return nil, err
		}
		return s.GetTriage(ctx, call, r.Query.Get("findingId"))
	})
	edge.HandleSigned(http.MethodPut, path+"/triage", "magpie:PutTriage", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, nil); err != nil {
			return nil, err
		}
		in := new(finding.TriageInput)
		if err := json.Unmarshal(r.Body, in, json.RejectUnknownMembers(true)); err != nil {
			return nil, macie2.ErrValidation("The body must be a JSON object with findingId, state, reason, comment and version, and nothing else.")
		}
		return s.PutTriage(ctx, call, in)
	})
	edge.HandleSigned(http.MethodPost, path+"/triage/search", "magpie:GetTriage", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, nil); err != nil {
			return nil, err
		}
		var in struct {
			FindingIDs []string `json:"findingIds"`
		}
		if err := json.Unmarshal(r.Body, &in, json.RejectUnknownMembers(true)); err != nil {
			return nil, macie2.ErrValidation("The body must be a JSON object with findingIds, and nothing else.")
		}
		list, err := s.ListTriage(ctx, call, in.FindingIDs)
		return map[string]any{"triage": list}, err
	})
	edge.HandleSigned(http.MethodGet, path+"/histogram", "magpie:GetHistogram", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, histogramParameters); err != nil {
			return nil, err
		}
		days := usualDays
		if r.Query.Has("days") {
			var err error
			if days, err = strconv.Atoi(r.Query.Get("days")); err != nil {
				return nil, macie2.ErrValidation("days: must be a number from 1 to 90")
			}
		}
		out, err := s.Histogram(ctx, call, days)
		return map[string]any{"days": out}, err
	})
}
