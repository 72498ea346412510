package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/sigv4"
)

// Members are listed over all pages, and cannot play tricks with a terminal; what is searched for, and the order, are the server's matter.
func TestMembersListAndIdentifiersTest(t *testing.T) {
	var asked []string
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		switch {
		case r.URL.Path != "/magpie/v1/members/search":
			w.Write([]byte(`{"matchCount":2,"matches":[{"start":2,"end":8},{"start":90,"end":99}],"misses":[{"start":0,"end":1,"reason":"IGNORE_WORD"}]}`))
		case strings.Contains(body, "nobody"):
			w.Write([]byte(`{"members":[]}`))
		case !strings.Contains(body, "nextToken"):
			w.Write([]byte(`{"members":[{"mail":{"event":"MailRefused","time":"2026-01-02T03:04:05Z"},"accountId":"444455556666","name":"Work\u001b[2Jload","email":"a@example.com","relationshipStatus":"Enabled","viaOrganization":true,"updatedAt":"2026-01-02T03:04:05Z"}],"nextToken":"x"}`))
		default:
			w.Write([]byte(`{"members":[{"accountId":"555566667777","email":"B@Example.com","relationshipStatus":"Invited","viaOrganization":false,"updatedAt":"2026-01-02T03:04:05Z"}]}`))
		}
	}))
	defer s.Close()
	client := &Client{Endpoint: s.URL, Region: "eu-west-1", Credentials: sigv4.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}}
	members := func(q membersQuery, output string) string {
		t.Helper()
		var out strings.Builder
		if err := writeMembers(t.Context(), &out, client, q, output); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := members(membersQuery{Status: []string{"Enabled"}}, "table"); strings.Contains(got, "\x1b") || !strings.Contains(got, "MailRefused") || !strings.Contains(got, "organization") || !strings.Contains(got, "555566667777  -") {
		t.Errorf("members:\n%s", got)
	}
	if want := `{"filter":{"status":["Enabled"]},"nextToken":"x"}`; body != want || len(asked) != 2 {
		t.Errorf("asked for %s with %s, want %s", asked, body, want)
	}
	if members(membersQuery{Find: "b@example", Mail: []string{"MailRefused"}, Sort: "-updatedAt", MaxItems: 1}, "json"); body != `{"filter":{"mail":["MailRefused"],"find":"b@example"},"sort":"-updatedAt"}` {
		t.Errorf("asked with %s", body)
	}
	asked = nil
	if got := members(membersQuery{MaxItems: 1}, "json"); strings.Contains(got, "555566667777") || len(asked) != 1 {
		t.Errorf("the first:\n%s\n%v", got, asked)
	}
	if got := members(membersQuery{Find: "nobody"}, "json"); !strings.Contains(got, `"members": []`) {
		t.Errorf("nobody:\n%s", got)
	}
	var out strings.Builder
	in := identifierTest{Regex: "C-[0-9]{4}", Keywords: []string{"customer"}, SampleText: "ü C-1234"}
	if err := writeMatches(t.Context(), &out, client, in, "table"); err != nil {
		t.Fatal(err)
	}
	if want := "START  END  COUNTS            TEXT\n2      8    yes               C-1234\n90     99   yes               \n0      1    a word to ignore  ü\n"; out.String() != want {
		t.Errorf("matches:\n%q\nwant\n%q", out.String(), want)
	}
	if want := `{"regex":"C-[0-9]{4}","keywords":["customer"],"sampleText":"ü C-1234"}`; body != want {
		t.Errorf("sent %s, want %s", body, want)
	}
	file := filepath.Join(t.TempDir(), "sample")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := readSample(file, nil); err != nil || text != "x" {
		t.Errorf("%q %v", text, err)
	}
	if text, err := readSample("-", strings.NewReader("y")); err != nil || text != "y" {
		t.Errorf("%q %v", text, err)
	}
	if _, err := readSample("-", strings.NewReader(strings.Repeat("x", mostSample+1))); err == nil {
		t.Error("a sample without end is read")
	}
	if _, err := readSample(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a file that there is not is read")
	}
}
