package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"magpie/internal/cli"
)

// run runs a command line with this environment, in which nothing else of Magpie's is set.
func run(t *testing.T, ctx context.Context, env map[string]string, args ...string) (string, error) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "MAGPIE_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	c := root()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	err := cli.Execute(ctx, c, args)
	return out.String(), err
}

// What cannot work is refused with the flag's name, whether it came from the command line or from the environment.
func TestServeRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{[]string{"--dev", "--listen", "0.0.0.0:8484"}, nil, `--dev checks no secrets and listens on loopback only, not on "0.0.0.0:8484": use 127.0.0.1, or leave --dev out`},
		{[]string{"--listen", "0.0.0.0:8484"}, map[string]string{"MAGPIE_DEV": "true"}, `--dev checks no secrets and listens on loopback only`},
		{[]string{"--tls-cert", "cert.pem"}, nil, "--tls-cert and --tls-key go together: give both"},
		{nil, map[string]string{"MAGPIE_TLS_KEY": "key.pem"}, "--tls-cert and --tls-key go together: give both"},
		{[]string{"--smtp-url", "smtp://relay.example.com", "--mail-dir", "mail"}, nil, "--smtp-url and --mail-dir exclude each other: give one of them"},
		{[]string{"--mail-dir", "mail"}, map[string]string{"MAGPIE_SMTP_URL": "smtp://relay.example.com"}, "--smtp-url and --mail-dir exclude each other"},
		{[]string{"--smtp-url", "smtp://user:hunter2@relay example.com"}, nil, "--smtp-url: "},
		{[]string{"--mail-rate", "many"}, nil, `invalid argument "many" for "--mail-rate" flag`},
		{nil, map[string]string{"MAGPIE_MAIL_RATE": "hunter2"}, "MAGPIE_MAIL_RATE is no value for --mail-rate: see magpie serve --help"},
		{[]string{"--mail-rate", "0"}, nil, "--mail-rate must be at least 1"},
		{[]string{"--quota-members", "0"}, nil, "--quota-members must be at least 1"},
		{[]string{"--quota-organization-members", "0"}, nil, "--quota-organization-members must be at least 1"},
		{[]string{"--rate", "CreateInvitation=1"}, nil, `--rate "CreateInvitation=1": Macie has no operation CreateInvitation`},
		{nil, map[string]string{"MAGPIE_RATE": "CreateInvitations=1:2,*=none"}, `--rate "*=none": "none" is no number of calls a second`},
		{[]string{"--port", "8484"}, nil, "unknown flag: --port"},
		{[]string{"now"}, nil, `unknown command "now" for "magpie serve"`},
	} {
		data := filepath.Join(t.TempDir(), "data")
		out, err := run(t, t.Context(), c.env, append([]string{"serve", "--data", data}, c.args...)...)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") || out != "" {
			t.Errorf("%v %v is answered %v, and prints %q; want %s", c.args, c.env, err, out, c.want)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("%v %v was refused, and has left data behind", c.args, c.env)
		}
	}
}

// A worker without the database that it was to share would make one of its own, and do nothing.
func TestWorkerNeedsADatabase(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	_, err := run(t, t.Context(), nil, "worker", "--data", data)
	if err == nil || !strings.HasPrefix(err.Error(), "--database-url is missing") {
		t.Errorf("a worker without a database is answered %v", err)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("it has left data behind")
	}
}

// A node is set up by flags, by the environment, or by both, and flags win.
func TestEnvironment(t *testing.T) {
	// A node that finds that its context has ended does not start; by then it has made its data folder, or has been refused.
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name       string
		args       func(flagged, environed string) []string
		wantInFlag bool
	}{
		{"environment", func(_, _ string) []string { return nil }, false},
		{"flag", func(flagged, _ string) []string { return []string{"--data", flagged} }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			flagged, environed := filepath.Join(t.TempDir(), "flag"), filepath.Join(t.TempDir(), "environment")
			_, err := run(t, ended, map[string]string{"MAGPIE_DATA": environed, "MAGPIE_LISTEN": "127.0.0.1:0"},
				append([]string{"serve"}, c.args(flagged, environed)...)...)
			t.Log(err)
			for folder, want := range map[string]bool{flagged: c.wantInFlag, environed: !c.wantInFlag} {
				if _, err := os.Stat(folder); (err == nil) != want {
					t.Errorf("%s: %v, want it there: %v", folder, err, want)
				}
			}
		})
	}
}

// The flags are an interface: scripts use them.
func TestFlags(t *testing.T) {
	want := map[string]string{
		"serve":  "analysis-memory analysis-workers audit-dir audit-retention console console-idle console-session data database-url dev discovery-budget discovery-cycle listen mail-cooldown mail-dir mail-from mail-per-administrator mail-per-recipient mail-rate max-connections max-connections-per-source metrics-account metrics-listen oidc-client-id oidc-client-secret-file oidc-issuer price-list public-url quota-job-bytes quota-members quota-organization-members rate regions scheduled-runs smtp-url store-endpoints store-reads tls-cert tls-key trusted-proxies web-identity",
		"worker": "analysis-memory analysis-workers console data database-url discovery-budget discovery-cycle mail-cooldown mail-dir mail-from mail-per-administrator mail-per-recipient mail-rate price-list public-url quota-job-bytes quota-members quota-organization-members scheduled-runs smtp-url store-endpoints store-reads",
		"demo":   "exit",
		"scan":   "allow allow-regex allow-unread ca-file custom endpoint-url exclude explain fail-on identifiers include max-file-size max-memory max-time no-progress output profile region reveal top verbose virtual-host workers",
	}
	for _, c := range root().Commands() {
		names, ok := want[c.Name()]
		if !ok {
			continue
		}
		delete(want, c.Name())
		var got []string
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				got = append(got, f.Name)
			}
		})
		if strings.Join(got, " ") != names {
			t.Errorf("magpie %s has the flags\n%s, want\n%s", c.Name(), strings.Join(got, " "), names)
		}
	}
	for name := range want {
		t.Errorf("there is no magpie %s", name)
	}
}

// Every command says in a line what it is for, and shows it with --help; nothing is left of a generator's words.
func TestHelp(t *testing.T) {
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		if c.Short == "" {
			t.Errorf("magpie %s does not say what it is for", strings.Join(path, " "))
		}
		out, err := run(t, t.Context(), nil, append(path, "--help")...)
		if err != nil || !strings.Contains(out, "Usage:") {
			t.Errorf("magpie %s --help: %v\n%s", strings.Join(path, " "), err, out)
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				walk(sub, append(path[:len(path):len(path)], sub.Name()))
			}
		}
	}
	walk(root(), nil)
}
