package apitest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/sigv4"
)

// raw makes a signed request by hand and returns the answer with its body.
func (c *cast) raw(as, method, path, body string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	key := sigv4.Credentials{AccessKeyID: c.keys[as].AccessKeyID, SecretAccessKey: c.keys[as].SecretAccessKey}
	if err := sigv4.Sign(req, key, region, "macie2", []byte(body), time.Now()); err != nil {
		c.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, readAll(c.t, resp)
}

// shape is JSON with what differs from run to run replaced.
func shape(t *testing.T, body string) string {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(body)); err != nil {
		t.Fatalf("%s is not JSON: %v", body, err)
	}
	text := regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ"`).ReplaceAllString(compact.String(), "TIME")
	text = regexp.MustCompile(`"[0-9a-f]{32}"`).ReplaceAllString(text, "ID")
	return regexp.MustCompile(`"nextToken":"[^"]+"`).ReplaceAllString(text, `"nextToken":TOKEN`)
}

// What SDKs do not show: the bytes.
func TestWire(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.play()
		admin := `"administratorAccountId":"` + adminID + `","arn":"arn:aws:macie2:` + region + `:` + adminID + `:member/` + memberID + `","email":"` +
			address(memberID) + `"`
		for _, step := range []struct {
			as, method, path, body string
			status                 int
			want                   string
			before                 func()
		}{
			{adminID, "POST", "/macie", `{}`, 200, `{}`, nil},
			{adminID, "GET", "/members", ``, 200, `{"members":[]}`, nil},
			{adminID, "GET", "/invitations", ``, 200, `{"invitations":[]}`, nil},
			{adminID, "GET", "/invitations/count", ``, 200, `{"invitationsCount":0}`, nil},
			{adminID, "GET", "/macie", ``, 200, `{"createdAt":TIME,"findingPublishingFrequency":"FIFTEEN_MINUTES","serviceRole":"arn:aws:iam::` + adminID +
				`:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie","status":"ENABLED","updatedAt":TIME}`, nil},
			{adminID, "POST", "/members", `{"account":{"accountId":"` + memberID + `","email":"` + address(memberID) + `"},"unknown":[1]}`, 200,
				`{"arn":"arn:aws:macie2:` + region + `:` + adminID + `:member/` + memberID + `"}`, nil},
			{adminID, "GET", "/members/" + memberID, ``, 200, `{"accountId":"` + memberID + `",` + admin + `,"masterAccountId":"` + adminID +
				`","relationshipStatus":"Created","tags":{},"updatedAt":TIME}`, nil},
			{adminID, "POST", "/invitations", `{"accountIds":["` + memberID + `"]}`, 200, `{"unprocessedAccounts":[]}`, nil},
			{adminID, "GET", "/members?onlyAssociated=false&maxResults=1", ``, 200, `{"members":[{"accountId":"` + memberID + `",` + admin +
				`,"invitedAt":TIME,"masterAccountId":"` + adminID + `","relationshipStatus":"Invited","tags":{},"updatedAt":TIME}]}`,
				func() { c.await(c.admin, memberID, types.RelationshipStatusInvited) }},
			{adminID, "POST", "/invitations", `{"accountIds":["` + memberID + `",null]}`, 400, `{"message":"The request is rejected because the parameter accountIds[1] must be a string, not null."}`, nil},
			{adminID, "POST", "/invitations", `{"accountIds":[7]}`, 400, `{"message":"The request is rejected because the parameter accountIds[0] must be a string, not a number."}`, nil},
			{adminID, "POST", "/invitations", `{"accountIds":[],"accountIds":[]}`, 400, `{"message":"The request is rejected because its body is not valid JSON: it names accountIds twice."}`, nil},
			{adminID, "POST", "/invitations", `{"disableEmailNotification":false}`, 400, `{"message":"The request is rejected because the parameter accountIds is required."}`, nil},
			{adminID, "GET", "/macie/", ``, 404, `{"message":"The requested path is not one of this API's."}`, nil},
			{adminID, "PUT", "/invitations", ``, 405, `{"message":"The requested path does not take this method. It takes: GET, POST"}`, nil},
			{adminID, "GET", "/datasources/s3/statistics", ``, 405, `{"message":"The requested path does not take this method. It takes: POST"}`, nil},
			{adminID, "POST", "/jobs/list", `{}`, 200, `{"items":[]}`, nil},
			{memberID, "POST", "/macie", ``, 200, `{}`, nil},
			{memberID, "GET", "/invitations", ``, 200, `{"invitations":[{"accountId":"` + adminID + `","invitationId":ID,"invitedAt":TIME,"relationshipStatus":"Invited"}]}`, nil},
		} {
			if step.before != nil {
				step.before()
			}
			resp, body := c.raw(step.as, step.method, step.path, step.body)
			if got := shape(t, body); resp.StatusCode != step.status || got != step.want {
				t.Errorf("%s %s %s answers %d %s\nwant %d %s", step.method, step.path, step.body, resp.StatusCode, got, step.status, step.want)
			}
			if resp.Header.Get("Content-Type") != "application/json" || len(resp.Header.Get("x-amzn-RequestId")) != 36 ||
				(resp.Header.Get("x-amzn-ErrorType") != "") != (step.status >= 400) {
				t.Errorf("%s %s has the headers %v", step.method, step.path, resp.Header)
			}
		}
		arn := "arn%3Aaws%3Amacie2%3A" + region + "%3A" + adminID + "%3Amember%2F" + memberID
		if resp, body := c.raw(adminID, "POST", "/tags/"+arn, `{"tags":{"a":"b"}}`); resp.StatusCode != 204 || body != "" {
			t.Errorf("TagResource answers %d %q, want 204 and nothing", resp.StatusCode, body)
		}
		if resp, body := c.raw(adminID, "GET", "/tags/"+arn, ``); resp.StatusCode != 200 || body != `{"tags":{"a":"b"}}` {
			t.Errorf("ListTagsForResource answers %d %s", resp.StatusCode, body)
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			resp, err := http.Get(c.url + path)
			if err != nil {
				t.Fatal(err)
			}
			if readAll(t, resp); resp.StatusCode != http.StatusOK {
				t.Errorf("%s answers %d", path, resp.StatusCode)
			}
		}
	})
}
