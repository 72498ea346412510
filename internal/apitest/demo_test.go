package apitest

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// The command that most people try first, as it is shipped: it needs no flag, ends well, and leaves nothing behind.
func TestDemoCommand(t *testing.T) {
	cmd := program(t, "demo", "--exit")
	temporary := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+temporary)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	place := 0
	for _, part := range []string{
		"magpie account create 111122223333", "aws macie2 enable-macie", "aws macie2 create-member", "aws macie2 create-invitations",
		"is not an associated member of account the current account. Add the account by CreateMember first.",
		"Subject: Macie invitation", "> Please join us.", "aws macie2 accept-invitation", `"relationshipStatus": "Enabled"`,
		"MailAccepted", "InvitationRequested",
	} {
		i := strings.Index(stdout.String()[place:], part)
		if i < 0 {
			t.Fatalf("from byte %d on the story does not say %q:\n%s", place, part, stdout.String())
		}
		place += i + len(part)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The verb on the command line, against a server in another process, in the environment that AWS's tools share.
func TestHistoryCommand(t *testing.T) {
	h := newHouse(t, "sqlite")
	service := h.identity(h.open())
	settle(t, service, adminID, memberID)
	key := newKey(t, service, adminID)
	p := h.serve()
	c := &cast{t: t, url: "http://" + p.address, ids: service}
	admin := client(c.url, key, region)
	c.enable(admin)
	c.add(admin, memberID)

	cmd := program(t, "history", "--output", "table")
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.SecretAccessKey, "AWS_REGION="+region,
		"AWS_ENDPOINT_URL_MACIE2="+c.url, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "MemberAdded") || !strings.Contains(string(out), memberID) {
		t.Errorf("magpie history: %v\n%s", err, out)
	}

	// What goes wrong goes to standard error, with a status that scripts see.
	cmd = program(t, "history", "--endpoint-url", c.url)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY=wrong", "AWS_REGION="+region)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 || stdout.Len() > 0 ||
		!strings.HasPrefix(stderr.String(), "magpie: InvalidSignatureException: ") {
		t.Errorf("with a wrong secret: %v\n%s%s", err, stdout.String(), stderr.String())
	}
}
