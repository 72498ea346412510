package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"magpie/internal/sigv4"
)

// What the server says of Regions and calls is shown as a table or whole, and cannot play tricks with a terminal.
func TestRegionsAndActivity(t *testing.T) {
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI()
		switch r.URL.Path {
		case "/magpie/v1/regions":
			w.Write([]byte(`{"regions":[{"region":"eu-west-1","status":"ENABLED","invitations":0,"members":{"Invited":2,"Enabled":1},"runningJobs":4},
				{"region":"us-east-1","administratorAccount":"111122223333","invitations":3,"members":{}}]}`))
		case "/magpie/v1/audit":
			w.Write([]byte(`{"records":[{"eventTime":"2026-01-02T03:04:05.000Z","awsRegion":"eu-west-1","eventName":"CreateMember\u001b[2J",
				"userIdentity":{"arn":"arn:aws:iam::111122223333:user/anna"},"errorCode":"ValidationException","sourceIPAddress":"192.0.2.1"}]}`))
		}
	}))
	defer s.Close()
	client := &Client{Endpoint: s.URL, Region: "eu-west-1", Credentials: sigv4.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}}
	var out strings.Builder
	if err := writeRegions(t.Context(), &out, client, "table"); err != nil {
		t.Fatal(err)
	}
	if want := "REGION     MACIE    ADMINISTRATOR  INVITATIONS  MEMBERS               RUNNING JOBS\n" +
		"eu-west-1  ENABLED  -              0            1 Enabled, 2 Invited  4\n" +
		"us-east-1  -        111122223333   3            -                     0\n"; out.String() != want {
		t.Errorf("Regions:\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	q := activityQuery{Operation: "CreateMember", MaxItems: 7, Since: "2026-01-01T00:00:00Z"}
	if err := writeActivity(t.Context(), &out, client, q, "table"); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "111122223333:user/anna") || !strings.Contains(text, "ValidationException") || strings.Contains(text, "\x1b") {
		t.Errorf("activity:\n%s", text)
	}
	if want := "/magpie/v1/audit?maxResults=7&operation=CreateMember&since=2026-01-01T00%3A00%3A00Z"; asked != want {
		t.Errorf("asked for %s, want %s", asked, want)
	}
	out.Reset()
	if err := writeActivity(t.Context(), &out, client, activityQuery{MaxItems: 1}, "json"); err != nil || !strings.Contains(out.String(), `"Records"`) {
		t.Errorf("%v %s", err, out.String())
	}
	if err := writeActivity(t.Context(), &out, client, activityQuery{MaxItems: 1, Since: "yesterday"}, "table"); err == nil || !strings.HasPrefix(err.Error(), "--since: ") {
		t.Errorf("a time that is none: %v", err)
	}
}
