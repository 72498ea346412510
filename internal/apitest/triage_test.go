package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// What people make of a finding: over the wire, by permission, each account for itself, the last to look being the one to speak; and
// how many findings each day has.
func TestTriage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		c.enable(c.member)
		const triage, histogram = "/magpie/v1/findings/triage", "/magpie/v1/findings/histogram"
		if _, err := c.admin.CreateSampleFindings(ctx, &macie2.CreateSampleFindingsInput{FindingTypes: []types.FindingType{types.FindingTypeSensitiveDataS3ObjectFinancial}}); err != nil {
			t.Fatal(err)
		}
		listed, err := c.admin.ListFindings(ctx, &macie2.ListFindingsInput{})
		if err != nil || len(listed.FindingIds) != 1 {
			t.Fatal(len(listed.FindingIds), err)
		}
		id := listed.FindingIds[0]
		body := func(state, more string, version int) string {
			return fmt.Sprintf(`{"findingId":%q,"state":%q,"version":%d%s}`, id, state, version, more)
		}
		admin, member := c.keys[adminID], c.keys[memberID]
		reader := newKey(t, c.ids, adminID, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["magpie:GetTriage","macie2:*"],"Resource":"*"}}`)
		denied := newKey(t, c.ids, adminID, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"macie2:*","Resource":"*"}}`)
		for _, x := range []struct {
			name, method, path, body string
			as                       string
			status                   int
			says                     string
		}{
			{"nothing was said", "GET", triage + "?findingId=" + id, "", "admin", 200, `"state":"OPEN"`},
			{"the first word", "PUT", triage, body("IN_WORK", `,"comment":"asked the owner"`, 0), "admin", 200, `"version":1`},
			{"too late", "PUT", triage, body("DONE", "", 0), "admin", 409, "somebody else"},
			{"without a reason", "PUT", triage, body("ACCEPTED", "", 1), "admin", 400, "reason"},
			{"with one", "PUT", triage, body("ACCEPTED", `,"reason":"known"`, 1), "admin", 200, `"state":"ACCEPTED"`},
			{"who may only read reads", "GET", triage + "?findingId=" + id, "", "reader", 200, `"comment":"asked the owner"`},
			{"and says nothing", "PUT", triage, body("DONE", "", 2), "reader", 403, "magpie:PutTriage"},
			{"who may do what Macie has", "GET", triage + "?findingId=" + id, "", "denied", 403, "magpie:GetTriage"},
			{"no histogram without permission", "GET", histogram, "", "reader", 403, "magpie:GetHistogram"},
			{"another account sees nothing", "GET", triage + "?findingId=" + id, "", "member", 404, "doesn't exist"},
			{"and says nothing", "PUT", triage, body("DONE", "", 0), "member", 404, "doesn't exist"},
			{"another state", "PUT", triage, body("LOST", "", 2), "admin", 400, "state"},
			{"a member that is unknown", "PUT", triage, body("DONE", `,"by":"me"`, 2), "admin", 400, "nothing else"},
			{"no version", "PUT", triage, fmt.Sprintf(`{"findingId":%q,"state":"DONE"}`, id), "admin", 400, "version"},
			{"a comment that is too long", "PUT", triage, body("DONE", `,"comment":"`+strings.Repeat("x", 4097)+`"`, 2), "admin", 400, "comment"},
			{"a comment that would move a terminal's cursor", "PUT", triage, body("DONE", `,"comment":"\u001b[2J"`, 2), "admin", 400, "comment"},
			{"no finding", "GET", triage, "", "admin", 400, "findingId"},
			{"a finding that is not there", "GET", triage + "?findingId=" + strings.Repeat("0", 32), "", "admin", 404, "doesn't exist"},
			{"a parameter that is unknown", "GET", triage + "?findingId=" + id + "&all=true", "", "admin", 400, "all"},
			{"no days", "GET", histogram + "?days=0", "", "admin", 400, "days"},
			{"too many days", "GET", histogram + "?days=91", "", "admin", 400, "days"},
			{"days that are none", "GET", histogram + "?days=many", "", "admin", 400, "days"},
			{"another method", "POST", triage, body("DONE", "", 2), "admin", 405, ""},
		} {
			as := admin
			switch x.as {
			case "member":
				as = member
			case "reader":
				as = reader
			case "denied":
				as = denied
			}
			if status, text := ask(t, c.url, as, x.method, x.path, x.body); status != x.status || !strings.Contains(text, x.says) {
				t.Errorf("%s: %d %s, want %d with %q", x.name, status, text, x.status, x.says)
			}
		}
		status, text := ask(t, c.url, admin, http.MethodGet, histogram+"?days=2", "")
		var days struct {
			Days []struct {
				Date              string
				Low, Medium, High int
			}
		}
		if err := json.Unmarshal([]byte(text), &days); status != 200 || err != nil || len(days.Days) != 2 || days.Days[0].High+days.Days[1].High != 1 {
			t.Errorf("the histogram is %d %s, %v", status, text, err)
		}
		if status, text := ask(t, c.url, member, http.MethodGet, histogram, ""); status != 200 || strings.Contains(text, `"high":1`) {
			t.Errorf("another account's histogram is %d %s", status, text)
		}
		// Macie's own answers know nothing of it.
		again, err := c.admin.ListFindings(ctx, &macie2.ListFindingsInput{})
		if err != nil || len(again.FindingIds) != 1 {
			t.Errorf("an accepted finding is listed: %v, %v", again, err)
		}
	})
}
