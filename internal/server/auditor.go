package server

import (
	"cmp"
	"context"
	"encoding/xml"
	"net/url"

	"github.com/go-json-experiment/json"

	"magpie/internal/audit"
	"magpie/internal/awsapi"
	"magpie/internal/macie2"
	"magpie/internal/organizations"
)

// auditor tells the trail of what comes to the edge.
type auditor struct{ trail *audit.Trail }

// Change implements awsapi.Auditor.
func (a auditor) Change(e *awsapi.Event) macie2.Change {
	if audit.ReadOnly(e.Record.Operation) {
		return nil
	}
	return a.trail.Expect(auditEvent(e))
}

// Write implements awsapi.Auditor.
func (a auditor) Write(ctx context.Context, e *awsapi.Event) error {
	change, _ := e.Change.(*audit.Change)
	return a.trail.Write(ctx, auditEvent(e), change)
}

// Parameters of what is no operation of the contract, that a record shows. AssumeRole's policies
// and tags are refused, its tokens and codes are secrets, as is the token of a web identity.
var auditedParameters = map[string][]string{
	"sts:AssumeRole":              {"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "SourceIdentity"},
	withWebIdentity:               {"RoleArn", "RoleSessionName", "DurationSeconds"},
	"magpie:GetHistory":           {"accountId", "event", "since", "until", "maxResults"},
	"magpie:ListStores":           storeParameters,
	"magpie:AddStore":             storeParameters,
	"magpie:UpdateStore":          storeParameters,
	"magpie:RemoveStore":          storeParameters,
	"magpie:TestStore":            storeTestParameters,
	"magpie:ListJobEvents":        jobEventParameters,
	"magpie:GetJobProgress":       nil,
	"magpie:GetTriage":            triageParameters,
	"magpie:PutTriage":            nil,
	"magpie:GetHistogram":         histogramParameters,
	"magpie:GetUsage":             usageParameters,
	"magpie:ListDiscoveryCycles":  cyclesParameters,
	"magpie:GetDiscoveryCycle":    cycleParameters,
	"magpie:GetDiscoveryCoverage": coverageParameters,
	"magpie:GetMetrics":           nil,

	"magpie:CreateConsoleLink":        nil,
	"magpie:GetRegions":               nil,
	"magpie:SearchMembers":            memberParameters,
	"magpie:GetAuditRecords":          auditParameters,
	"magpie:TestCustomDataIdentifier": nil,

	"organizations:DescribeAccount":                  {"AccountId"},
	"organizations:ListDelegatedAdministrators":      {"ServicePrincipal"},
	"organizations:ListDelegatedServicesForAccount":  {"AccountId"},
	"organizations:EnableAWSServiceAccess":           {"ServicePrincipal"},
	"organizations:DisableAWSServiceAccess":          {"ServicePrincipal"},
	"organizations:RegisterDelegatedAdministrator":   {"AccountId", "ServicePrincipal"},
	"organizations:DeregisterDelegatedAdministrator": {"AccountId", "ServicePrincipal"},
}

func auditEvent(e *awsapi.Event) *audit.Event {
	out := &audit.Event{
		Time: e.Time, RequestID: e.Record.RequestID, Service: e.Service, Operation: e.Record.Operation, Region: e.Region,
		SourceIP: e.SourceIP, UserAgent: e.UserAgent, KeyID: e.KeyID, Input: e.Input, Output: e.Output,
		ErrorCode: e.Record.Exception, ErrorMessage: e.Message, Console: e.Console,
	}
	if e.Call != nil {
		out.Principal = e.Call.Principal
	}
	allowed := auditedParameters[out.Operation]
	if len(allowed) == 0 {
		return out
	}
	values := e.Query
	switch { // what cannot be read is not shown
	case e.Service == organizations.SigningName:
		values = textMembers(e.Body)
	case e.Body != nil:
		values, _ = url.ParseQuery(string(e.Body))
	}
	out.Parameters = map[string]string{}
	for _, name := range allowed {
		if values.Has(name) {
			out.Parameters[lowerFirst(name)] = values.Get(name)
		}
	}
	if (out.Operation == "sts:AssumeRole" || out.Operation == withWebIdentity) && out.ErrorCode == "" {
		assumed(e.Answer, out)
	}
	return out
}

// textMembers are the members of a JSON object that are strings.
func textMembers(body []byte) url.Values {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return nil
	}
	values := url.Values{}
	for name, v := range members {
		if text, ok := v.(string); ok {
			values.Set(name, text)
		}
	}
	return values
}

const withWebIdentity = "sts:AssumeRoleWithWebIdentity"

// assumed puts the part of AssumeRole's answer into a record that it shows: by the access key id,
// calls of the session are traced to who assumed it.
func assumed(answer []byte, out *audit.Event) {
	type result struct {
		KeyID      string `xml:"Credentials>AccessKeyId"`
		Expiration string `xml:"Credentials>Expiration"`
		ID         string `xml:"AssumedRoleUser>AssumedRoleId"`
		ARN        string `xml:"AssumedRoleUser>Arn"`
		Source     string `xml:"SourceIdentity"`
		Subject    string `xml:"SubjectFromWebIdentityToken"`
		Audience   string `xml:"Audience"`
		Provider   string `xml:"Provider"`
	}
	var x struct {
		Role  *result `xml:"AssumeRoleResult"`
		Token *result `xml:"AssumeRoleWithWebIdentityResult"`
	}
	if xml.Unmarshal(answer, &x) != nil || x.Role == nil && x.Token == nil {
		return
	}
	r := cmp.Or(x.Role, x.Token)
	out.Response = map[string]any{
		"credentials":     map[string]string{"accessKeyId": r.KeyID, "expiration": r.Expiration},
		"assumedRoleUser": map[string]string{"assumedRoleId": r.ID, "arn": r.ARN},
	}
	if r.Source != "" { // which a session may have from the one that it was assumed by
		out.Response["sourceIdentity"] = r.Source
	}
	if x.Token != nil {
		out.Subject, out.Provider = r.Subject, r.Provider
		out.Response["subjectFromWebIdentityToken"], out.Response["audience"], out.Response["provider"] = r.Subject, r.Audience, r.Provider
	}
}

// lowerFirst is a parameter's name as CloudTrail writes it.
func lowerFirst(name string) string {
	return string(name[0]|0x20) + name[1:]
}
