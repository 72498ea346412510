package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const admin = "111122223333"

var twoRegions = []string{"eu-west-1", "us-east-1"}

// accountsFile writes a list of n accounts and returns their ids.
func (r *rig) accountsFile(n int) (path string, ids []string) {
	r.t.Helper()
	var b strings.Builder
	b.WriteString("Account ID,Email\r\n")
	for i := range n {
		id := fmt.Sprintf("%012d", 500000000000+i)
		ids = append(ids, id)
		fmt.Fprintf(&b, "%s,a%s@example.com\r\n", id, id)
	}
	path = filepath.Join(r.home, "accounts.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path, ids
}

// through makes the program talk to the server by way of the proxy.
func through(c *exec.Cmd, p *faultyProxy) *exec.Cmd {
	c.Env = append(c.Env, "MAGPIE_ENDPOINT_URL="+p.url)
	return c
}

// standings are the relationships of all accounts, as lines of account, Region and relationship.
func (r *rig) standings() string {
	r.t.Helper()
	out := r.must(admin, "members", "status", "--regions", "all", "--output", "json")
	var st struct {
		Accounts []struct {
			AccountID string
			Regions   map[string]struct{ RelationshipStatus string }
		}
	}
	if err := json.Unmarshal([]byte(out), &st); err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for _, a := range st.Accounts {
		for region, x := range a.Regions {
			lines = append(lines, a.AccountID+" "+region+" "+x.RelationshipStatus)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// expected are the standings after an undisturbed run.
func expected(ids, regions []string, relationship string) string {
	var lines []string
	for _, id := range ids {
		for _, region := range regions {
			lines = append(lines, id+" "+region+" "+relationship)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// ended holds the server's state against that after an undisturbed run.
func (r *rig) ended(ids, regions []string, relationship string) {
	r.t.Helper()
	if got, want := r.standings(), expected(ids, regions, relationship); got != want {
		r.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.invitedOnce(ids, regions)
}

// invitedOnce asks the server's history and the mail folder whether each account was invited exactly once in each Region.
func (r *rig) invitedOnce(ids, regions []string) {
	r.t.Helper()
	for _, region := range regions {
		out := r.must(admin, "history", "--region", region, "--event", "InvitationRequested", "--max-items", "0", "--output", "json")
		var page struct {
			Events []struct{ AccountID string }
		}
		if err := json.Unmarshal([]byte(out), &page); err != nil {
			r.t.Fatal(err)
		}
		times := map[string]int{}
		for _, e := range page.Events {
			times[e.AccountID]++
		}
		for _, id := range ids {
			if times[id] != 1 {
				r.t.Errorf("%s in %s was invited %d times", id, region, times[id])
			}
		}
	}
	want := len(ids) * len(regions)
	r.eventually("mails are written", func() bool { return r.mails() >= want })
	if got := r.mails(); got != want {
		r.t.Errorf("%d mails for %d invitations", got, want)
	}
}

func (r *rig) mails() int {
	files, err := filepath.Glob(filepath.Join(r.data, "mail", "*.eml"))
	if err != nil {
		r.t.Fatal(err)
	}
	return len(files)
}

// eventually waits for something that other processes do.
func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("%s: not within a minute", what)
		}
	}
}

func (r *rig) inviteArgs(file string) []string {
	return []string{"invite", "--file", file, "--regions", strings.Join(twoRegions, ","), "--enable-macie", "--accept-role", "Onboarding"}
}

// Through a service that throttles, fails one call in twenty, half of these after doing what was asked, and goes away in the middle, one
// command still comes to the state of an undisturbed run.
func TestInviteThroughFaults(t *testing.T) {
	t.Parallel()
	r := start(t)
	p := proxyTo(t, r.url)
	p.throttle, p.failEvery = 15, 20
	file, ids := r.accountsFile(60)
	p.before = func(n int, _ seen) {
		if n == 200 {
			p.setAway(true)
			time.AfterFunc(2*time.Second, func() { p.setAway(false) })
		}
	}
	got := finish(t, through(r.command(admin, r.inviteArgs(file)...), p))
	if got.code != 0 {
		t.Errorf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if !strings.Contains(got.stderr, "were throttled") || !strings.Contains(got.stderr, "had no answer") {
		t.Errorf("the faults do not show:\n%s", got.stderr)
	}
	r.ended(ids, twoRegions, "Enabled")
}

// Killed at any call, before it, after it and right between CreateInvitations and what the journal would say of it, and resumed, a run comes
// to the state of an undisturbed one, and no invitation is sent twice.
func TestInviteKilledAndResumed(t *testing.T) {
	t.Parallel()
	r := start(t)
	p := proxyTo(t, r.url)
	p.failEvery = 20
	file, ids := r.accountsFile(70)

	var process atomic.Pointer[os.Process]
	killAt := []int{3, 40, 90, 141, 180, 233, 290, 400}
	invitations, kills := 0, 0
	kill := func() {
		if victim := process.Swap(nil); victim != nil {
			kills++
			_ = victim.Kill()
		}
	}
	p.before = func(n int, _ seen) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(killAt) > 0 && n >= killAt[0] {
			killAt = killAt[1:]
			kill()
		}
	}
	p.after = func(_ int, c seen) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.operation == "POST /invitations" {
			if invitations++; invitations%2 == 1 {
				kill()
				return true
			}
		}
		return false
	}
	args := r.inviteArgs(file)
	for attempt := 0; ; attempt++ {
		if attempt == 40 {
			t.Fatal("it does not come to an end")
		}
		c := through(r.command(admin, args...), p)
		var talk strings.Builder
		c.Stdout, c.Stderr = &talk, &talk
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		process.Store(c.Process)
		err := c.Wait()
		process.Store(nil)
		if err == nil {
			break
		}
		if c.ProcessState.Exited() && !strings.Contains(talk.String(), "had begun; nothing was done") {
			t.Fatalf("it ends by itself, with %v:\n%s", err, talk.String())
		}
		if runs, _ := filepath.Glob(filepath.Join(r.home, "state/magpie/runs/*.journal")); len(runs) > 0 {
			args = []string{"invite", "--resume", "latest"}
		}
	}
	if kills < 5 {
		t.Errorf("it was killed %d times only", kills)
	}
	r.ended(ids, twoRegions, "Enabled")
}

// Ctrl-C ends a run cleanly and says how to go on; going on ends it.
func TestInviteInterrupted(t *testing.T) {
	t.Parallel()
	r := start(t)
	p := proxyTo(t, r.url)
	p.throttle = 20
	file, ids := r.accountsFile(60)
	c := through(r.command(admin, "invite", "--file", file, "--enable-macie"), p)
	f := r.terminal(c)
	r.eventually("it adds accounts", func() bool { return p.countOf("POST /members") > 10 })
	if _, err := io.WriteString(f, "\x03"); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(f) // ends with an error of the terminal's
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit %d", code)
	}
	if !strings.Contains(string(text), "interrupted; what is done is done. To go on: magpie invite --resume 20") || !strings.Contains(string(text), "░] ") {
		t.Errorf("the terminal shows\n%s", text)
	}
	added := p.countOf("POST /members")
	got := finish(t, through(r.command(admin, "invite", "--resume", "latest"), p))
	if got.code != 0 {
		t.Errorf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if p.countOf("POST /members") > len(ids)+2 || added >= len(ids) {
		t.Errorf("%d accounts were added before, %d in all", added, p.countOf("POST /members"))
	}
	r.ended(ids, twoRegions[:1], "Invited")
	again := r.run(admin, "invite", "--resume", "latest")
	if again.code != 2 || !strings.Contains(again.stderr, "there is no run of magpie invite to resume") {
		t.Errorf("resumed again: exit %d\n%s", again.code, again.stderr)
	}
}

// A Region that does not answer does not keep the others, and says so in the end.
func TestInviteRegionAway(t *testing.T) {
	t.Parallel()
	r := start(t)
	p := proxyTo(t, r.url)
	file, ids := r.accountsFile(5)
	p.after = func(_ int, c seen) bool { return c.region == "us-east-1" && c.operation == "POST /members" }
	args := append(r.inviteArgs(file), "--patience", "1s")
	got := finish(t, through(r.command(admin, args...), p))
	if got.code != 3 || !strings.Contains(got.stdout, "us-east-1 has not answered for 1s") || !strings.Contains(got.stderr, "5 were not done") {
		t.Errorf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	p.mu.Lock()
	p.after = nil
	p.mu.Unlock()
	if got := finish(t, through(r.command(admin, "invite", "--resume", "latest"), p)); got.code != 0 {
		t.Errorf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	r.ended(ids, twoRegions, "Enabled")
}

// The order of calls that Macie documents, from what reached the server; and no call for more than fifty accounts.
func TestOrderOfCalls(t *testing.T) {
	t.Parallel()
	r := start(t)
	p := proxyTo(t, r.url)
	file, ids := r.accountsFile(120)
	got := finish(t, through(r.command(admin, "invite", "--file", file, "--enable-macie", "--accept-role", "Onboarding"), p))
	if got.code != 0 {
		t.Fatalf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	calls := p.seen()
	first := func(what string, match func(seen) bool) int {
		i := slices.IndexFunc(calls, match)
		if i < 0 {
			t.Fatalf("there is no %s", what)
		}
		return i
	}
	enabled := first("EnableMacie of the administrator", func(c seen) bool { return c.operation == "POST /macie" && c.account == admin })
	// In dev mode a role's session has a key of its own, told apart by what it accepts last.
	sessions := map[string][]int{}
	for i, c := range calls {
		if c.account != admin {
			sessions[c.account] = append(sessions[c.account], i)
		}
		if c.operation == "POST /invitations" && len(c.ids) > 50 {
			t.Errorf("%d accounts in one CreateInvitations", len(c.ids))
		}
	}
	if len(sessions) != len(ids) {
		t.Errorf("%d sessions for %d accounts", len(sessions), len(ids))
	}
	for _, id := range ids {
		add := first("CreateMember of "+id, func(c seen) bool { return c.operation == "POST /members" && slices.Contains(c.ids, id) })
		invite := first("CreateInvitations of "+id, func(c seen) bool { return c.operation == "POST /invitations" && slices.Contains(c.ids, id) })
		if enabled >= add || add >= invite {
			t.Errorf("%s: enabled at %d, added at %d, invited at %d", id, enabled, add, invite)
		}
	}
	for session, at := range sessions {
		var order []string
		for _, i := range at {
			order = append(order, calls[i].operation)
		}
		if want := []string{"POST /macie", "GET /invitations", "POST /invitations/accept"}; !slices.Equal(order, want) {
			t.Errorf("session %s: %v", session, order)
		}
	}
	firstInvite := first("CreateInvitations", func(c seen) bool { return c.operation == "POST /invitations" })
	firstAccept := first("AcceptInvitation", func(c seen) bool { return strings.HasSuffix(c.operation, "/accept") })
	if !slices.ContainsFunc(calls[firstInvite:firstAccept], func(c seen) bool { return c.account == admin && strings.HasPrefix(c.operation, "GET /members") }) {
		t.Error("it accepts without having seen that an account is Invited")
	}
}

// With secrets that are checked, and roles that may do no more than docs/onboarding.md says that they must.
func TestAcceptRoleWithKeys(t *testing.T) {
	t.Parallel()
	r := install(t)
	r.flags = []string{"--mail-dir", filepath.Join(r.data, "mail")}
	policy := func(name string, actions ...string) string {
		text, err := json.Marshal(map[string]any{"Version": "2012-10-17",
			"Statement": map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(r.home, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	may := policy("administrator.json", "sts:AssumeRole", "macie2:GetMacieSession", "macie2:ListMembers", "macie2:GetMember",
		"macie2:CreateMember", "macie2:CreateInvitations", "macie2:EnableMacie", "iam:CreateServiceLinkedRole")
	mayThere := policy("member.json", "macie2:EnableMacie", "iam:CreateServiceLinkedRole", "macie2:ListInvitations", "macie2:AcceptInvitation")

	r.must(admin, "account", "create", admin, "--email", "admin@example.com")
	var key struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	if err := json.Unmarshal([]byte(r.must(admin, "key", "create", admin, "--user", "onboarding", "--policy", may)), &key); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"444455556666", "777788889999"} {
		r.must(admin, "account", "create", id, "--email", "a"+id+"@example.com")
	}
	r.must(admin, "role", "create", "444455556666", "Onboarding", "--trust", admin, "--policy", mayThere)
	r.serve()

	c := r.command(admin, "invite", "--enable-macie", "--accept-role", "Onboarding",
		"444455556666=a444455556666@example.com", "777788889999=a777788889999@example.com")
	c.Env = append(c.Env, "AWS_ACCESS_KEY_ID="+key.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+key.AccessKey.SecretAccessKey)
	got := finish(t, c)
	// The second account has no such role, which is said and stops nothing.
	for _, want := range []string{"joined  Enabled       invited and accepted", "invited, but not accepted: assume arn:aws:iam::777788889999:role/Onboarding"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if got.code != 3 || t.Failed() {
		t.Errorf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}
