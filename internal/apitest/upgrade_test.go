package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/apitest/shipped"
)

// previousRelease builds the program as it was at the commit that testdata/previous_release names. A noHistory error says that the commit
// is not there.
var previousRelease = sync.OnceValues(func() (binary string, err error) {
	text, err := os.ReadFile("testdata/previous_release")
	if err != nil {
		return "", err
	}
	commit, _, _ := strings.Cut(string(text), " ")
	if out, err := exec.Command("git", "cat-file", "-e", commit+"^{commit}").CombinedOutput(); err != nil {
		return "", noHistory(fmt.Sprintf("commit %s: %v: %s", commit, err, out))
	}
	dir, err := os.MkdirTemp("", "magpie-previous-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", err
	}
	archive := exec.Command("git", "-C", strings.TrimSpace(string(top)), "archive", commit)
	unpack := exec.Command("tar", "-x", "-C", dir)
	if unpack.Stdin, err = archive.StdoutPipe(); err != nil {
		return "", err
	}
	if err := unpack.Start(); err != nil {
		return "", err
	}
	if err := archive.Run(); err != nil {
		return "", fmt.Errorf("git archive %s: %w", commit, err)
	}
	if err := unpack.Wait(); err != nil {
		return "", fmt.Errorf("unpack %s: %w", commit, err)
	}
	binary = filepath.Join(shipped.Folder(), "previous")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/magpie")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", commit, err, out)
	}
	return binary, nil
})

// noHistory is why the previous release cannot be built: a clone without its commit.
type noHistory string

func (e noHistory) Error() string { return string(e) }

// verb runs a verb of the house's binary on its store, and decodes what it prints.
func (h *house) verb(into any, args ...string) {
	h.t.Helper()
	args = append(args, "--data", h.config.Data)
	if h.config.DatabaseURL != "" {
		args = append(args, "--database-url", h.config.DatabaseURL)
	}
	out, err := programAt(h.binary, args...).Output()
	if err != nil {
		h.t.Fatalf("magpie %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(out, into); err != nil {
		h.t.Fatalf("magpie %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// A node of the previous release goes on serving while this one's migrations are applied under it, as in a rolling upgrade: what it
// wrote before is there, and all that it does for relationships it still does, its background work included. Afterwards a node of this
// release finds everything.
func TestPreviousReleaseOnTheNewSchema(t *testing.T) {
	binary, err := previousRelease()
	var missing noHistory
	if errors.As(err, &missing) {
		t.Skipf("the previous release cannot be built, since this clone has no history of it (fetch all of it to run this test): %s", missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		if h.config.DatabaseURL != "" {
			h.empty() // the previous release makes its own schema
		}
		h.binary = binary
		old := h.serve()
		keys := map[string]aws.Credentials{}
		for _, id := range []string{adminID, memberID, secondID} {
			h.verb(nil, "account", "create", id, "--email", address(id))
			var made struct {
				AccessKey struct{ AccessKeyId, SecretAccessKey string }
			}
			h.verb(&made, "key", "create", id)
			keys[id] = aws.Credentials{AccessKeyID: made.AccessKey.AccessKeyId, SecretAccessKey: made.AccessKey.SecretAccessKey}
		}
		through := func(p *process, id string) *macie2.Client { return client("http://"+p.address, keys[id], region) }
		admin, member, second := through(old, adminID), through(old, memberID), through(old, secondID)
		for _, c := range []*macie2.Client{admin, member} {
			must(t)(c.EnableMacie(ctx, &macie2.EnableMacieInput{}))
		}
		add := func(c *macie2.Client, id string) {
			t.Helper()
			must(t)(c.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: &id, Email: aws.String(address(id))}}))
			out, err := c.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{id}})
			if err != nil || len(out.UnprocessedAccounts) > 0 {
				t.Fatalf("invite %s: %v %v", id, out, err)
			}
		}
		accept := func(c *macie2.Client) {
			t.Helper()
			var list *macie2.ListInvitationsOutput
			eventually(t, "the recipient sees its invitation", func() bool {
				var err error
				list, err = c.ListInvitations(ctx, &macie2.ListInvitationsInput{})
				return err == nil && len(list.Invitations) == 1
			})
			i := list.Invitations[0]
			must(t)(c.AcceptInvitation(ctx, &macie2.AcceptInvitationInput{AdministratorAccountId: i.AccountId, InvitationId: i.InvitationId}))
		}
		status := func(c *macie2.Client, id string) string {
			t.Helper()
			out, err := c.GetMember(ctx, &macie2.GetMemberInput{Id: &id})
			if err != nil {
				t.Fatal(err)
			}
			return string(out.RelationshipStatus)
		}
		add(admin, memberID)
		accept(member)

		h.open() // this release's migrations are applied

		must(t)(second.EnableMacie(ctx, &macie2.EnableMacieInput{}))
		add(admin, secondID)
		accept(second)
		for id, c := range map[string]*macie2.Client{memberID: member, secondID: second} {
			if got := status(admin, id); got != "Enabled" {
				t.Errorf("at the old node %s is %s", id, got)
			}
			must(t)(c.DisassociateFromAdministratorAccount(ctx, &macie2.DisassociateFromAdministratorAccountInput{}))
			must(t)(c.DisableMacie(ctx, &macie2.DisableMacieInput{}))
		}
		eventually(t, "what the session had is swept, and Macie can be enabled again", func() bool {
			_, err := member.EnableMacie(ctx, &macie2.EnableMacieInput{})
			return err == nil
		})
		must(t)(admin.ListFindings(ctx, &macie2.ListFindingsInput{}))
		must(t)(admin.ListClassificationJobs(ctx, &macie2.ListClassificationJobsInput{}))
		must(t)(admin.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{}))
		must(t)(admin.CreateSampleFindings(ctx, &macie2.CreateSampleFindingsInput{}))
		made, err := admin.CreateAllowList(ctx, &macie2.CreateAllowListInput{ClientToken: aws.String("token"), Name: aws.String("known"),
			Criteria: &types.AllowListCriteria{Regex: aws.String("[a-z]{3}-[0-9]{3}")}})
		must(t)(made, err)
		old.stop()

		h.binary = ""
		now := h.serve()
		admin = through(now, adminID)
		for _, id := range []string{memberID, secondID} {
			if got := status(admin, id); got != "Resigned" {
				t.Errorf("at the new node %s is %s", id, got)
			}
		}
		must(t)(admin.GetAllowList(ctx, &macie2.GetAllowListInput{Id: made.Id}))
		must(t)(admin.DeleteMember(ctx, &macie2.DeleteMemberInput{Id: aws.String(memberID)}))
		add(admin, memberID)
		accept(through(now, memberID))
	})
}
