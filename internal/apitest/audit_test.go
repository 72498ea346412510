package apitest

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/audit"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// trailed is what a test looks at in a record.
type trailed struct {
	EventName, EventID, ErrorCode, RequestID string
	ReadOnly                                 bool
	UserIdentity                             struct{ Type, AccessKeyID, ARN string }
	RequestParameters                        struct {
		AccountIDs []string
		Account    struct{ AccountID string }
	}
	ResponseElements json.RawMessage
}

func readTrailed(t *testing.T, lines []string) (list []trailed) {
	t.Helper()
	for _, line := range lines {
		var r trailed
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, r)
	}
	return list
}

// inDatabase are the records in the database.
func (h *house) inDatabase(db *store.DB, f audit.Filter) []trailed {
	h.t.Helper()
	f.Limit = 1_000_000
	records, err := audit.Find(h.t.Context(), db, f)
	if err != nil {
		h.t.Fatal(err)
	}
	var lines []string
	for _, r := range records {
		lines = append(lines, string(r.JSON))
	}
	return readTrailed(h.t, lines)
}

// inFiles are the records in the files; the last line of a node that was killed may be a half.
func (h *house) inFiles() []trailed {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join(h.config.Data, "audit", "*.jsonl"))
	if err != nil {
		h.t.Fatal(err)
	}
	var lines []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			h.t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			h.t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasSuffix(line, "\n") {
				lines = append(lines, line)
			}
		}
	}
	return readTrailed(h.t, lines)
}

// Every call leaves a record, in the files and in the database: what changed something, what read, what was refused, and what came from
// nobody that is known.
func TestEveryCallLeavesARecord(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		for _, id := range []string{memberID, secondID} {
			must(t)(c.admin.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: &id, Email: aws.String(address(id))}}))
		}
		must(t)(c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{memberID}}))
		must(t)(c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{memberID, secondID}}))
		_, err := c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{"1"}})
		wantCode(t, err, "ValidationException")
		must(t)(c.admin.ListMembers(ctx, &macie2.ListMembersInput{}))
		_, err = client(c.url, newKey(t, c.ids, adminID, "none"), region).GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "AccessDeniedException")
		_, err = client(c.url, aws.Credentials{AccessKeyID: "AKIAUNKNOWNUNKNOWN00", SecretAccessKey: "secret"}, region).GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "UnrecognizedClientException")

		want := []string{"EnableMacie", "CreateMember", "CreateMember", "CreateInvitations", "CreateInvitations", "CreateInvitations ValidationException",
			"ListMembers", "GetMacieSession AccessDeniedException", " UnrecognizedClientException"}
		db := h.open()
		for place, look := range map[string]func() []trailed{
			"the database": func() []trailed { return h.inDatabase(db, audit.Filter{}) }, "the files": h.inFiles,
		} {
			eventually(t, "all records are in "+place, func() bool { return len(look()) >= len(want) })
			var got []string
			for _, r := range look() {
				got = append(got, strings.TrimSuffix(r.EventName+" "+r.ErrorCode, " "))
				if r.EventName == "CreateInvitations" && r.ErrorCode == "" {
					if both := len(r.RequestParameters.AccountIDs) == 2; both != strings.Contains(string(r.ResponseElements), memberID) {
						t.Errorf("%s: invited %v, answered %s", place, r.RequestParameters.AccountIDs, r.ResponseElements)
					}
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: got\n%q\nwant\n%q", place, got, want)
			}
		}
		eventually(t, "the record of CreateMember has its answer", func() bool {
			list := h.inDatabase(db, audit.Filter{Account: adminID, Operation: "CreateMember"})
			return len(list) == 2 && strings.Contains(string(list[1].ResponseElements), "arn:")
		})
		if list := h.inDatabase(db, audit.Filter{Account: rivalID}); len(list) != 0 {
			t.Errorf("%v of an account that has not called", list)
		}
		if n, err := audit.Prune(ctx, db, time.Now().Add(time.Hour)); err != nil || int(n) != len(want) {
			t.Errorf("%d records deleted, %v", n, err)
		}
	})
}

// A server is killed in the middle of load, again and again: no change that was acknowledged lacks its record, and none that is in the
// tables does.
func TestKilledBeforeTheRecord(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			c := h.gather()
			p := h.serve()
			c.through(p)
			c.begin()
			for range rounds(t) {
				c.more(20 + rand.N(100))
				p.kill()
				p = h.serve()
				c.through(p)
			}
			c.more(20)
			c.pause(true)
			db := h.open()
			recorded := map[string]bool{}
			for _, r := range h.inDatabase(db, audit.Filter{Account: adminID}) {
				switch {
				case r.ErrorCode != "":
				case r.EventName == "CreateMember":
					recorded["added "+r.RequestParameters.Account.AccountID] = true
				case r.EventName == "CreateInvitations":
					for _, id := range r.RequestParameters.AccountIDs {
						recorded["invited "+id] = true
					}
				}
			}
			records := h.records(db)
			c.mu.Lock()
			defer c.mu.Unlock()
			t.Logf("%d added, %d invited, %d recorded", len(c.added), len(c.invited), len(recorded))
			for id := range c.added {
				if !recorded["added "+id] {
					t.Errorf("CreateMember of %s was acknowledged, and there is no record", id)
				}
			}
			for id := range c.invited {
				if !recorded["invited "+id] {
					t.Errorf("CreateInvitations of %s was acknowledged, and there is no record", id)
				}
			}
			for id, r := range records {
				if !recorded["added "+id] || r.status != "Created" && !recorded["invited "+id] {
					t.Errorf("%s is %s, and there is no record", id, r.status)
				}
			}
			p.stop()
		})
	}
}
