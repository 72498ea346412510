package cli_test

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"magpie/internal/cli"
	"magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/sigv4"
)

var update = flag.Bool("update", false, "rewrite testdata")

const (
	adminID  = "111122223333"
	memberID = "444455556666"
	wrongID  = "777788889999"
)

// town is a server with an administrator, a member that has resigned, and an account that was added with a wrong address.
type town struct {
	t       *testing.T
	url     string
	clients map[string]*cli.Client
}

func newTown(t *testing.T) *town {
	t.Helper()
	data := t.TempDir()
	s, err := server.Start(t.Context(), server.Config{Listen: "127.0.0.1:0", Data: data, MailDir: filepath.Join(data, "mail")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	x := &town{t, s.URL(), map[string]*cli.Client{}}
	for _, id := range []macie2.AccountID{adminID, memberID, wrongID} {
		if _, err := s.Identity().CreateAccount(t.Context(), id, "a"+string(id)+"@example.com", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		key, secret, err := s.Identity().CreateKey(t.Context(), id, "", nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		x.clients[string(id)] = &cli.Client{Endpoint: x.url, Region: "eu-west-1",
			Credentials: sigv4.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}}
	}

	x.call(adminID, "POST", "/macie", struct{}{}, nil)
	for _, id := range []string{wrongID, memberID} {
		x.call(adminID, "POST", "/members", map[string]any{"account": map[string]any{"accountId": id, "email": "a" + memberID + "@example.com"}}, nil)
		x.call(adminID, "POST", "/invitations", map[string]any{"accountIds": []string{id}, "message": "Please <join> us & stay."}, nil)
		x.await(adminID, id, map[string]string{wrongID: "EmailVerificationFailed", memberID: "MailAccepted"}[id])
	}
	var received struct {
		Invitations []struct{ InvitationID string }
	}
	x.call(memberID, "POST", "/macie", struct{}{}, nil)
	x.call(memberID, "GET", "/invitations", nil, &received)
	x.call(memberID, "POST", "/invitations/accept", map[string]any{"administratorAccountId": adminID, "invitationId": received.Invitations[0].InvitationID}, nil)
	x.call(memberID, "POST", "/administrator/disassociate", nil, nil)
	return x
}

func (x *town) call(as, method, path string, in, out any) {
	x.t.Helper()
	if err := x.clients[as].Call(x.t.Context(), method, path, nil, in, out); err != nil {
		x.t.Fatal(err)
	}
}

// await waits until a worker has brought an event about.
func (x *town) await(as, id, event string) {
	x.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var out bytes.Buffer
		if err := cli.WriteHistory(x.t.Context(), &out, x.clients[as], cli.HistoryQuery{Account: id, Event: event}, "table"); err != nil {
			x.t.Fatal(err)
		}
		if strings.Count(out.String(), "\n") > 1 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			x.t.Fatalf("%s of %s never happened", event, id)
		}
	}
}

// history runs `magpie history` as an account, and returns what it printed.
func (x *town) history(as string, args ...string) (string, error) {
	x.t.Helper()
	c := x.clients[as].Credentials
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": c.AccessKeyID, "AWS_SECRET_ACCESS_KEY": c.SecretAccessKey, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL_MACIE2": x.url, "AWS_ENDPOINT_URL": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		x.t.Setenv(name, value)
	}
	return x.run(args...)
}

// run runs it in the environment that there is.
func (x *town) run(args ...string) (string, error) {
	x.t.Helper()
	command := cli.History()
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&out)
	command.SilenceUsage, command.SilenceErrors = true, true
	command.SetArgs(append([]string{}, args...)) // nil would be this program's own
	err := command.ExecuteContext(x.t.Context())
	return out.String(), err
}

var changing = []struct {
	found *regexp.Regexp
	name  string
}{
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ`), "DATE AND TIME       "},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "ID"},
}

func TestHistoryGolden(t *testing.T) {
	x := newTown(t)
	for name, c := range map[string]struct {
		as   string
		args []string
	}{
		"administrator.txt": {adminID, nil},
		"member.txt":        {memberID, []string{"--output", "table"}},
		"filtered.txt":      {adminID, []string{wrongID, "--since", "24h", "--until", "2099-01-01T00:00:00Z"}},
		"event.json":        {adminID, []string{"--event", "InvitationAccepted", "--output", "json"}},
		"invited.json":      {memberID, []string{"--event", "Invited", "--output", "json"}},
		"latest.json":       {adminID, []string{"--max-items", "2", "--output", "json"}},
		"nothing.txt":       {memberID, []string{"--region", "us-east-1"}},
		"nothing.json":      {memberID, []string{"--region", "us-east-1", "--output", "json"}},
	} {
		got, err := x.history(c.as, c.args...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, change := range changing {
			got = change.found.ReplaceAllString(got, change.name)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is now\n%s\nwas\n%s\n(go test ./internal/cli -update)", file, got, want)
		}
	}
}

// All pages are followed, and not one event more than was asked for is shown.
func TestHistoryFollowsPages(t *testing.T) {
	x := newTown(t)
	for range 60 { // each is two events for the administrator
		x.call(adminID, "POST", "/members", map[string]any{"account": map[string]any{"accountId": "999900001111", "email": "z@example.com"}}, nil)
		x.call(adminID, "DELETE", "/members/999900001111", nil, nil)
	}
	for _, c := range []struct {
		args []string
		rows int
	}{
		{[]string{"999900001111"}, 120},
		{[]string{"999900001111", "--max-items", "0"}, 120},
		{[]string{"999900001111", "--max-items", "101"}, 101},
		{[]string{"999900001111", "--max-items", "100"}, 100},
		{[]string{"999900001111", "--max-items", "7"}, 7},
	} {
		out, err := x.history(adminID, c.args...)
		if got := strings.Count(out, "\n") - 1; err != nil || got != c.rows {
			t.Errorf("%v shows %d events and %v, want %d", c.args, got, err, c.rows)
		}
	}
}

// What goes wrong is said in lower case, with the next step.
func TestHistoryRefuses(t *testing.T) {
	x := newTown(t)
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{[]string{"--since", "yesterday"}, nil, `--since: "yesterday" is neither a time such as 2026-01-02T15:04:05Z nor a duration such as 24h`},
		{[]string{"--output", "xml"}, nil, `--output: "xml" is neither table nor json`},
		{[]string{"--max-items", "-1"}, nil, `--max-items: must be 0, for all, or more`},
		{[]string{"42"}, nil, "ValidationException: accountId: must be 12 digits"},
		{[]string{"1", "2"}, nil, "accepts at most 1 arg(s), received 2"},
		{nil, map[string]string{"AWS_REGION": ""}, "no Region: give --region, or set AWS_REGION"},
		{nil, map[string]string{"AWS_ENDPOINT_URL_MACIE2": ""}, "no endpoint: give --endpoint-url, or set MAGPIE_ENDPOINT_URL or AWS_ENDPOINT_URL_MACIE2"},
		{nil, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
			"no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (magpie key create prints them), or give --profile"},
		{nil, map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, "InvalidSignatureException: "},
		{[]string{"--endpoint-url", stranger.URL}, nil, "404 Not Found: the endpoint does not seem to speak the Macie API"},
		{[]string{"--endpoint-url", gone.URL}, nil, "cannot reach " + gone.URL + ": "},
		{[]string{"--endpoint-url", "nonsense"}, nil, `cannot reach nonsense: unsupported protocol scheme ""`},
	} {
		if _, err := x.history(adminID, "--max-items", "1"); err != nil {
			t.Fatal(err)
		}
		for name, value := range c.env {
			t.Setenv(name, value)
		}
		out, err := x.run(c.args...)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || out != "" {
			t.Errorf("%v %v is answered %v, and prints %q; want %s", c.args, c.env, err, out, c.want)
		}
	}
}

// The flag wins over the variables, the service's own variable over the general one.
func TestEndpoint(t *testing.T) {
	x := newTown(t)
	nowhere := "http://127.0.0.1:1"
	if _, err := x.history(adminID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		own, general, flag string
	}{
		{x.url, nowhere, ""},
		{"", x.url, ""},
		{nowhere, nowhere, x.url},
		{nowhere, nowhere, x.url + "/"},
	} {
		t.Setenv("AWS_ENDPOINT_URL_MACIE2", c.own)
		t.Setenv("AWS_ENDPOINT_URL", c.general)
		var args []string
		if c.flag != "" {
			args = []string{"--endpoint-url", c.flag}
		}
		if _, err := x.run(args...); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	err := x.clients[adminID].Call(t.Context(), "POST", "/macie", nil, struct{}{}, nil)
	var refused *cli.APIError
	if !errors.As(err, &refused) || refused.Code != "ConflictException" || refused.Status != 409 || len(refused.RequestID) != 36 ||
		refused.Error() != "ConflictException: Macie has already been enabled" {
		t.Errorf("enabling twice is %#v", err)
	}
}
