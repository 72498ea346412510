package admin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/audit"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// Records are found by account, principal, operation and time, and shown whole as JSON.
func TestAudit(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := newOperator(t, engine)
			trail(t, o)
			for _, c := range []struct{ args, want string }{
				{"", "EnableMacie GetMember CreateMember AssumeRole"},
				{"--account 111122223333", "EnableMacie CreateMember"},
				{"--account 999988887777", ""},
				{"--principal arn:aws:iam::444455556666:user/bob", "GetMember AssumeRole"},
				{"--operation sts:AssumeRole", "AssumeRole"},
				{"--operation CreateMember --account 111122223333", "CreateMember"},
				{"--since 2026-03-01T12:01:00Z", "GetMember CreateMember AssumeRole"},
				{"--until 2026-03-01T12:01:00Z", "EnableMacie"},
				{"--since 2026-03-01T12:01:00Z --until 2026-03-01T12:02:00Z", "GetMember"},
				{"--limit 2", "CreateMember AssumeRole"},
			} {
				out, _, err := o.run(append([]string{"audit", "--output", "json"}, strings.Fields(c.args)...)...)
				var got struct{ Records []struct{ EventName string } }
				if err == nil {
					err = json.Unmarshal([]byte(out), &got)
				}
				var names []string
				for _, r := range got.Records {
					names = append(names, r.EventName)
				}
				if strings.Join(names, " ") != c.want || err != nil {
					t.Errorf("%s: %v, %v", c.args, names, err)
				}
			}
			out, _, err := o.run("audit", "--account", "111122223333")
			const want = `TIME                  ACCOUNT       PRINCIPAL                             OPERATION     OUTCOME              FROM
2026-03-01T12:00:00Z  111122223333  arn:aws:iam::111122223333:user/alice  EnableMacie   OK                   192.0.2.1
2026-03-01T12:02:00Z  111122223333  arn:aws:iam::111122223333:user/alice  CreateMember  ValidationException  192.0.2.1
`
			if out != want || err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			o.now = time.Date(2026, 3, 1, 12, 10, 0, 0, time.UTC)
			if out, _, err := o.run("audit", "--since", "8m30s"); strings.Count(out, "\n") != 3 || err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			for args, want := range map[string]string{
				"--account 1":       `--account "1": an account id has 12 digits, not 1 characters`,
				"--since yesterday": `--since "yesterday": want a time such as 2026-01-02T15:04:05Z, or how long ago: 15m, 24h`,
				"--limit 0":         "--limit must be at least 1",
			} {
				if _, _, err := o.run(append([]string{"audit"}, strings.Fields(args)...)...); err == nil || err.Error() != want {
					t.Errorf("%s: %v", args, err)
				}
			}
		})
	}
}

// trail leaves four records, a minute apart.
func trail(t *testing.T, o *operator) {
	t.Helper()
	l := location{data: o.env["MAGPIE_DATA"], databaseURL: o.env["MAGPIE_DATABASE_URL"], makes: true}
	quiet := &cobra.Command{}
	quiet.SetErr(t.Output())
	quiet.SetContext(t.Context())
	db, err := l.open(quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer func(db *store.DB) {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}(db)
	a, err := audit.Open(audit.Options{DB: db})
	if err != nil {
		t.Fatal(err)
	}
	alice := macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333"}
	bob := macie2.Principal{ARN: "arn:aws:iam::444455556666:user/bob", Account: "444455556666"}
	for i, e := range []audit.Event{
		{Operation: "EnableMacie", Principal: alice},
		{Operation: "GetMember", Principal: bob},
		{Operation: "CreateMember", Principal: alice, ErrorCode: macie2.ValidationException, ErrorMessage: "no"},
		{Operation: "sts:AssumeRole", Service: "sts", Principal: bob},
	} {
		e.Time, e.RequestID, e.SourceIP = time.Date(2026, 3, 1, 12, i, 0, 0, time.UTC), fmt.Sprint(i), "192.0.2.1"
		if err := a.Write(t.Context(), &e, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}
