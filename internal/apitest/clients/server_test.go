package clients

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"magpie/internal/apitest/shipped"
	"magpie/internal/store/storetest"
)

func TestMain(m *testing.M) { shipped.Main(m) }

// forEachServer runs fn against a server on each engine, and against one that
// checks no secrets; or against the endpoint that the environment names.
func forEachServer(t *testing.T, fn func(*testing.T, *endpoint)) {
	t.Helper()
	if e := given(t); e != nil {
		fn(t, e)
		return
	}
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { fn(t, withKeys(t, engine)) })
	}
	t.Run("dev", func(t *testing.T) { fn(t, dev(t)) })
}

// forOneServer is forEachServer for clients that take long and differ from
// others only in themselves.
func forOneServer(t *testing.T, fn func(*testing.T, *endpoint)) {
	t.Helper()
	if e := given(t); e != nil {
		fn(t, e)
		return
	}
	fn(t, withKeys(t, "sqlite"))
}

// speakers are the roles that have keys; the others are only spoken of.
var speakers = []string{"admin", "rival", "member", "second", "third", "management", "delegate", "colleague"}

func cast() map[string]account {
	return map[string]account{
		"admin":     {AccountID: "111122223333", Email: "admin@example.com"},
		"rival":     {AccountID: "222233334444", Email: "rival@example.com"},
		"member":    {AccountID: "333344445555", Email: "member@example.com"},
		"second":    {AccountID: "444455556666", Email: "second@example.com"},
		"third":     {AccountID: "555566667777", Email: "third@example.com"},
		"mistaken":  {AccountID: "666677778888", Email: "mistaken@example.com"},
		"suspended": {AccountID: "777788889999", Email: "suspended@example.com"},
		"closed":    {AccountID: "888899990000", Email: "closed@example.com"},

		"management": {AccountID: "123412341234", Email: "management@example.com"},
		"delegate":   {AccountID: "234523452345", Email: "delegate@example.com"},
		"colleague":  {AccountID: "345634563456", Email: "colleague@example.com"},
	}
}

// An installation is a folder or database with the accounts of the cast in it.
type installation struct {
	t      *testing.T
	binary string
	data   string
	store  []string // flags that name the database
}

func install(t *testing.T, engine string) *installation {
	t.Helper()
	binary, err := shipped.Binary()
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, binary: binary, data: t.TempDir()}
	in.store = []string{"--data", in.data}
	if engine == "postgres" {
		in.store = append(in.store, "--database-url", storetest.Fresh(t, engine).URL)
	}
	for role, a := range cast() {
		address := a.Email
		if role == "mistaken" {
			address = "somebody-else@example.com"
		}
		in.admin("account", "create", a.AccountID, "--email", address, "--name", "Example "+role)
	}
	in.admin("account", "suspend", cast()["suspended"].AccountID)
	in.admin("account", "close", cast()["closed"].AccountID)
	in.admin("org", "create", cast()["management"].AccountID)
	in.admin("org", "add", cast()["management"].AccountID, cast()["delegate"].AccountID, cast()["colleague"].AccountID)
	return in
}

// admin runs an administration verb and returns what it printed.
func (in *installation) admin(noun, verb string, args ...string) string {
	in.t.Helper()
	args = slices.Concat([]string{noun, verb}, args, in.store)
	cmd := exec.Command(in.binary, args...)
	var stderr bytes.Buffer
	cmd.Stderr, cmd.Env = &stderr, environment(nil)
	out, err := cmd.Output()
	if err != nil {
		in.t.Fatalf("magpie %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// withKeys starts a server whose accounts have keys, and a role to assume.
func withKeys(t *testing.T, engine string) *endpoint {
	t.Helper()
	in := install(t, engine)
	accounts := cast()
	for _, role := range speakers {
		a := accounts[role]
		var created struct {
			AccessKey struct{ AccessKeyId, SecretAccessKey string }
		}
		if out := in.admin("key", "create", a.AccountID); json.Unmarshal([]byte(out), &created) != nil {
			t.Fatalf("key create prints %s", out)
		}
		a.AccessKeyID, a.SecretAccessKey = created.AccessKey.AccessKeyId, created.AccessKey.SecretAccessKey
		accounts[role] = a
	}
	// Any account's role will do; this one is assumed by the administrator.
	var role struct{ Role struct{ Arn string } }
	member := accounts["member"]
	if out := in.admin("role", "create", member.AccountID, "Operator", "--trust", accounts["admin"].AccountID); json.Unmarshal([]byte(out), &role) != nil {
		t.Fatalf("role create prints %s", out)
	}
	member.Role = role.Role.Arn
	accounts["member"] = member
	return &endpoint{url: in.serve("--rate", "CreateClassificationJob=10"), accounts: accounts, regions: slices.Clone(allRegions), at: in}
}

// dev starts a server that takes an account's id for its key.
func dev(t *testing.T) *endpoint {
	t.Helper()
	in := install(t, "sqlite")
	accounts := cast()
	for _, role := range speakers {
		a := accounts[role]
		a.AccessKeyID, a.SecretAccessKey = a.AccountID, "anything"
		accounts[role] = a
	}
	return &endpoint{url: in.serve("--dev"), dev: true, accounts: accounts, regions: slices.Clone(allRegions)}
}

func lastLines(s string, n int) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n-1):], "")
}

// serve starts the server on a free port and stops it when the test ends.
func (in *installation) serve(args ...string) string {
	t := in.t
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	args = slices.Concat([]string{"serve", "--listen", address, "--mail-dir", filepath.Join(in.data, "mail")}, args, in.store)
	cmd := exec.Command(in.binary, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &log, &log, environment(nil)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("magpie serve ends with %v\n%s", err, log.String())
			}
		case <-time.After(2 * time.Minute):
			_ = cmd.Process.Kill()
			<-ended
			t.Errorf("magpie serve does not end\n%s", log.String())
		}
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", lastLines(log.String(), 20))
		}
	})
	url := "http://" + address
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if answer, err := http.Get(url + "/healthz"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return url
			}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("magpie serve ends at once: %v\n%s", err, log.String())
		case <-deadline:
			t.Fatal("magpie serve does not begin to serve")
		case <-tick.C:
		}
	}
}
