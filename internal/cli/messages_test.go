package cli_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"
)

// What keeps a call from being made, or answered, is said in a sentence, with what to do.
func TestMessages(t *testing.T) {
	t.Parallel()
	r := install(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	key := map[string]string{"AWS_ACCESS_KEY_ID": admin, "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1"}
	for _, x := range []struct {
		name string
		env  map[string]string
		args string
		want []string
		not  string
	}{
		{"no credentials", map[string]string{"AWS_REGION": "eu-west-1"}, "list-members --endpoint-url " + nobody,
			[]string{"magpie: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}, "IMDS"},
		{"no credentials, history", map[string]string{"AWS_REGION": "eu-west-1"}, "history --endpoint-url " + nobody, []string{"magpie: no credentials: set"}, "IMDS"},
		{"nobody listens", key, "enable-macie --endpoint-url " + nobody, []string{"connection refused", "is magpie serve running at " + nobody + "?"}, "exceeded"},
		{"nobody listens, invite", key, "invite 444455556666=a@example.com --endpoint-url " + nobody, []string{"is magpie serve running at " + nobody + "?"}, "exceeded"},
		{"nobody listens, status", key, "members status --endpoint-url " + nobody, []string{"is magpie serve running at " + nobody + "?"}, "exceeded"},
		{"nobody listens, history", key, "history --endpoint-url " + nobody, []string{"is magpie serve running at " + nobody + "?"}, ""},
	} {
		c := exec.CommandContext(t.Context(), r.binary, strings.Fields(x.args)...)
		c.Env, c.Dir = clientEnv(x.env), r.home
		got := finish(t, c)
		if got.code != 1 || got.stdout != "" || x.not != "" && strings.Contains(got.stderr, x.not) {
			t.Errorf("%s: exit %d\n%s%s", x.name, got.code, got.stdout, got.stderr)
		}
		for _, want := range x.want {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%s: it does not say %q:\n%s", x.name, want, got.stderr)
			}
		}
	}
}

// What the service refuses has a hint of what to do.
func TestHints(t *testing.T) {
	t.Parallel()
	r := install(t)
	r.must(admin, "account", "create", admin, "--email", "a@example.com")
	id := strings.Trim(r.must(admin, "key", "create", admin), "\n")
	_, id, _ = strings.Cut(id, `"AccessKeyId": "`)
	id, _, _ = strings.Cut(id, `"`)
	r.serve()
	for _, x := range []struct{ key, args, want string }{
		{id, "list-members", "the secret does not belong to it"},
		{"AKIAAAAAAAAAAAAAAAAA", "list-members", "does not know these credentials"},
	} {
		got := r.run(x.key, strings.Fields(x.args)...)
		if got.code != 4 || !strings.Contains(got.stderr, x.want) {
			t.Errorf("%s: exit %d\n%s", x.args, got.code, got.stderr)
		}
	}
	dev := start(t)
	if got := dev.run(admin, "list-members", "--region", "us-west-2"); !strings.Contains(got.stderr, "in us-west-2: magpie enable-macie --region us-west-2") {
		t.Errorf("%s", got.stderr)
	}
}

// Who changes something at AWS itself, for want of an endpoint, sees that at a terminal before it happens.
func TestAWSItself(t *testing.T) {
	t.Parallel()
	r := install(t)
	c := r.command(admin, "enable-macie")
	c.Env = clientEnv(map[string]string{"AWS_ACCESS_KEY_ID": admin, "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1",
		"HTTPS_PROXY": "http://127.0.0.1:1"}) // where nobody listens: nothing leaves this machine
	f := r.terminal(c)
	said := make([]byte, 4096)
	n, _ := f.Read(said)
	if !strings.HasPrefix(string(said[:n]), "AWS, account unknown, us-east-1") {
		t.Errorf("the terminal shows first: %s", said[:n])
	}
	_ = c.Wait()
}
