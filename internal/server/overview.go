package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"magpie/internal/audit"
	"magpie/internal/awsapi"
	"magpie/internal/discovery"
	"magpie/internal/identifier"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/store"
)

// The parameters that GET /magpie/v1/members and /magpie/v1/audit know.
var (
	memberParameters = []string{"status", "find", "sort", "maxResults", "nextToken"}
	auditParameters  = []string{"operation", "principal", "since", "until", "maxResults"}
)

// The records that one answer holds.
const (
	usualRecords = 100
	mostRecords  = 500
)

// mountOverview serves what one wants to see at a glance, and Macie's API has in many small pages or not at all.
func mountOverview(edge *awsapi.Server, m *membership.Service, jobs *discovery.Service, db *store.DB, regions []string) {
	edge.HandleSigned(http.MethodGet, "/magpie/v1/regions", "magpie:GetRegions",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, nil); err != nil {
				return nil, err
			}
			out, err := m.Regions(ctx, call, regions)
			if err != nil {
				return nil, err
			}
			running, err := jobs.Running(ctx, call.Account)
			for i := range out.Regions {
				out.Regions[i].RunningJobs = running[out.Regions[i].Region]
			}
			return out, err
		})
	edge.HandleSigned(http.MethodGet, "/magpie/v1/members", "magpie:SearchMembers",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, memberParameters); err != nil {
				return nil, err
			}
			in := &membership.SearchInput{Find: r.Query.Get("find"), Sort: r.Query.Get("sort"), NextToken: r.Query.Get("nextToken")}
			if status := r.Query.Get("status"); status != "" {
				in.Statuses = []macie2.RelationshipStatus{macie2.RelationshipStatus(status)}
			}
			if r.Query.Has("maxResults") {
				n, err := strconv.Atoi(r.Query.Get("maxResults"))
				if err != nil || n < 1 {
					return nil, macie2.ErrValidation("maxResults: must be a number from 1 to 1000")
				}
				in.MaxResults = n
			}
			return m.SearchMembers(ctx, call, in)
		})
	edge.HandleSigned(http.MethodPost, "/magpie/v1/members/search", "magpie:SearchMembers",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, nil); err != nil {
				return nil, err
			}
			in, err := readMemberSearch(r.Body)
			if err != nil {
				return nil, err
			}
			return m.SearchMembers(ctx, call, in)
		})
	edge.HandleSigned(http.MethodGet, "/magpie/v1/audit", "magpie:GetAuditRecords",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			f, err := readAuditQuery(r)
			if err != nil {
				return nil, err
			}
			f.Account = call.Account
			list, err := audit.Find(ctx, db, f)
			if err != nil {
				return nil, err
			}
			records := make([]json.RawMessage, 0, len(list))
			for i := len(list) - 1; i >= 0; i-- { // the latest first
				records = append(records, list[i].JSON)
			}
			return map[string]any{"records": records}, nil
		})
}

// readMemberSearch reads the body of POST /magpie/v1/members/search. An empty one asks for everything.
func readMemberSearch(body []byte) (*membership.SearchInput, error) {
	var asked struct {
		Filter struct {
			Status          []macie2.RelationshipStatus `json:"status"`
			Find            string                      `json:"find"`
			ViaOrganization *bool                       `json:"viaOrganization"`
			Mail            []membership.Event          `json:"mail"`
		} `json:"filter"`
		Sort       string `json:"sort"`
		MaxResults *int   `json:"maxResults"`
		NextToken  string `json:"nextToken"`
	}
	if len(bytes.TrimSpace(body)) > 0 {
		if err := jsonv2.Unmarshal(body, &asked, jsonv2.RejectUnknownMembers(true)); err != nil {
			return nil, macie2.ErrValidation("The body must be a JSON object with filter (status, find, viaOrganization, mail), sort, maxResults and nextToken, and nothing else.")
		}
	}
	f := asked.Filter
	in := &membership.SearchInput{Statuses: f.Status, Find: f.Find, ViaOrganization: f.ViaOrganization, Mail: f.Mail, Sort: asked.Sort, NextToken: asked.NextToken}
	if asked.MaxResults != nil {
		if *asked.MaxResults < 1 {
			return nil, macie2.ErrValidation("maxResults: must be a number from 1 to 1000")
		}
		in.MaxResults = *asked.MaxResults
	}
	return in, nil
}

// mountTest serves POST /magpie/v1/custom-data-identifiers/test: where in a sample an identifier matches, of which Macie tells the count.
func mountTest(edge *awsapi.Server, identifiers *identifier.Service) {
	op := macie2.OperationNamed("TestCustomDataIdentifier")
	edge.HandleSigned(http.MethodPost, "/magpie/v1/custom-data-identifiers/test", "magpie:TestCustomDataIdentifier",
		func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
			if err := knownParameters(r.Query, nil); err != nil {
				return nil, err
			}
			in, err := op.Decode(r)
			if err != nil {
				return nil, err
			}
			if err := op.Check(in); err != nil {
				return nil, err
			}
			places, misses, err := identifiers.MatchesOf(ctx, call, in.(*macie2.TestCustomDataIdentifierInput))
			if err != nil {
				return nil, err
			}
			return map[string]any{"matchCount": len(places), "matches": places, "misses": misses}, nil
		})
}

// readAuditQuery reads the parameters of GET /magpie/v1/audit.
func readAuditQuery(r *macie2.Request) (f audit.Filter, err error) {
	if err := knownParameters(r.Query, auditParameters); err != nil {
		return f, err
	}
	f = audit.Filter{Operation: r.Query.Get("operation"), Principal: r.Query.Get("principal"), Limit: usualRecords, Since: time.UnixMilli(0)}
	for name, target := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if !r.Query.Has(name) {
			continue
		}
		t, err := time.Parse(time.RFC3339, r.Query.Get(name))
		if err != nil || t.Year() < 1970 || t.Year() > 9999 {
			return f, macie2.ErrValidation("%s: must be a time such as 2026-01-02T15:04:05Z", name)
		}
		*target = t
	}
	if r.Query.Has("maxResults") {
		if f.Limit, err = strconv.Atoi(r.Query.Get("maxResults")); err != nil || f.Limit < 1 || f.Limit > mostRecords {
			return f, macie2.ErrValidation("maxResults: must be a number from 1 to %d", mostRecords)
		}
	}
	return f, nil
}
