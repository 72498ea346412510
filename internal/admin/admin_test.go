package admin

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/envflag"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// operator is somebody at a terminal, with an environment that says where the
// store is.
type operator struct {
	t    *testing.T
	env  map[string]string
	now  time.Time
	hook func(db *store.DB) identity.Hooks
	seen []string // random ids, in the order of their appearance
}

func newOperator(t *testing.T, engine string) *operator {
	o := &operator{t: t, env: map[string]string{"MAGPIE_DATA": t.TempDir()}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	if engine == "postgres" {
		o.env["MAGPIE_DATABASE_URL"] = storetest.Fresh(t, engine).URL
	}
	return o
}

// run does what one command line says.
func (o *operator) run(args ...string) (stdout, stderr string, err error) {
	root := &cobra.Command{Use: "magpie", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Commands(Options{Hooks: o.hook, Now: func() time.Time { return o.now }, MasterKey: o.env[identity.MasterKeyEnv], NewMasterKey: o.env[identity.NewMasterKeyEnv]})...)
	envflag.Bind(root, func(name string) (string, bool) { v, ok := o.env[name]; return v, ok })
	root.SetArgs(args)
	var out, talk bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&talk)
	err = root.ExecuteContext(o.t.Context())
	o.now = o.now.Add(time.Minute)
	return out.String(), talk.String(), err
}

var (
	randomID  = regexp.MustCompile(`\b(AKIA[A-Z2-7]{16}|AROA[A-Z2-7]{17}|o-[a-z0-5]{10})\b`)
	secretKey = regexp.MustCompile(`"SecretAccessKey": "[A-Za-z0-9/+]{40}"`)
)

// steady puts names for what differs from run to run: AKIA-1-xxx, AROA-1-xxx, o-1-xxx, ….
func (o *operator) steady(text string) string {
	text = secretKey.ReplaceAllString(text, `"SecretAccessKey": "SECRET"`)
	text = strings.ReplaceAll(text, o.env["MAGPIE_DATA"], "DATA")
	return randomID.ReplaceAllStringFunc(text, func(id string) string {
		for i, seen := range o.seen {
			if seen == id {
				return o.name(i)
			}
		}
		o.seen = append(o.seen, id)
		return o.name(len(o.seen) - 1)
	})
}

// name stands for the i-th id; it is as long, so that tables stay tables.
func (o *operator) name(i int) string {
	id, n := o.seen[i], 0
	for _, seen := range o.seen[:i+1] {
		if kind(seen) == kind(id) {
			n++
		}
	}
	short := fmt.Sprint(kind(id), "-", n, "-")
	return short + strings.Repeat("x", len(id)-len(short))
}

// kind is what all ids of a kind begin with.
func kind(id string) string {
	if strings.HasPrefix(id, "o-") {
		return "o"
	}
	return id[:4]
}

// typed splits a command line at spaces that are not quoted, and puts real ids
// for their names.
func (o *operator) typed(line string) (args []string) {
	var word strings.Builder
	quoted, any := false, false
	flush := func() {
		if any {
			args = append(args, word.String())
		}
		word.Reset()
		any = false
	}
	for _, c := range line {
		switch {
		case c == '"':
			quoted, any = !quoted, true
		case c == ' ' && !quoted:
			flush()
		default:
			word.WriteRune(c)
			any = true
		}
	}
	flush()
	for i, arg := range args {
		for n := range o.seen {
			if arg == o.name(n) {
				args[i] = o.seen[n]
			}
		}
	}
	return args
}

// Each file in testdata is a session at a terminal: "$" is typed, ">" is said on
// standard error, "!" is the error, the rest is standard output.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			for _, engine := range storetest.Engines() {
				t.Run(engine, func(t *testing.T) { replay(t, file, newOperator(t, engine)) })
			}
		})
	}
}

func replay(t *testing.T, file string, o *operator) {
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.run("migrate"); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(-time.Minute)
	var got strings.Builder
	for line := range strings.Lines(string(want)) {
		if strings.HasPrefix(line, "# ") {
			got.WriteString(line)
		}
		command, ok := strings.CutPrefix(line, "$ magpie ")
		if !ok {
			continue
		}
		got.WriteString(line)
		stdout, stderr, err := o.run(o.typed(strings.TrimSuffix(command, "\n"))...)
		for said := range strings.Lines(o.steady(stderr)) {
			got.WriteString("> " + said)
		}
		got.WriteString(o.steady(stdout))
		if err != nil {
			got.WriteString("! " + o.steady(err.Error()) + "\n")
		}
	}
	if got.String() == string(want) {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: got\n%s", file, got.String())
}

// Flags win over the environment, and one command line is enough to begin.
func TestFlagsWin(t *testing.T) {
	o := newOperator(t, "sqlite")
	if _, _, err := o.run("migrate"); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "a", "b")
	if _, _, err := o.run("account", "create", "111122223333", "--email", "a@example.com", "--data", elsewhere); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(elsewhere, "magpie.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(elsewhere, identity.MasterKeyFile)); !os.IsNotExist(err) {
		t.Errorf("a master key that nobody needed: %v", err)
	}
	if out, _, err := o.run("account", "list"); err != nil || strings.Contains(out, "111122223333") {
		t.Errorf("%s, %v", out, err)
	}
	o.env["MAGPIE_OUTPUT"] = "json"
	if out, _, err := o.run("account", "list"); err != nil || out != "{\n    \"accounts\": []\n}\n" {
		t.Errorf("%s, %v", out, err)
	}
}

// A master key in the environment is used, and another is refused.
func TestMasterKey(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := newOperator(t, engine)
			o.env[identity.MasterKeyEnv] = strings.Repeat("ab", 32)
			for _, args := range [][]string{{"account", "create", "111122223333", "--email", "a@example.com"}, {"key", "create", "111122223333"}} {
				if _, _, err := o.run(args...); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(filepath.Join(o.env["MAGPIE_DATA"], identity.MasterKeyFile)); !os.IsNotExist(err) {
				t.Errorf("a master key was made beside the one given: %v", err)
			}
			o.env[identity.MasterKeyEnv] = strings.Repeat("cd", 32)
			if _, _, err := o.run("key", "create", "111122223333"); err == nil || !strings.Contains(err.Error(), "start with the key of the node that first opened this store") {
				t.Error(err)
			}
			o.env[identity.MasterKeyEnv] = ""
			if _, _, err := o.run("key", "create", "111122223333"); err == nil || !strings.Contains(err.Error(), "copy the file from the node") {
				t.Error(err)
			}
		})
	}
}

// The hooks given run in the transaction of the verb.
func TestHooks(t *testing.T) {
	o := newOperator(t, "sqlite")
	broken := errors.New("not now")
	o.hook = func(*store.DB) identity.Hooks {
		return identity.Hooks{OnAccountStatus: func(_ context.Context, _ *store.Tx, _ macie2.AccountID, status identity.AccountStatus) error {
			if status == identity.AccountClosed {
				return broken
			}
			return nil
		}}
	}
	for _, c := range []struct {
		args []string
		want error
	}{
		{[]string{"account", "create", "111122223333", "--email", "a@example.com"}, nil},
		{[]string{"account", "suspend", "111122223333"}, nil},
		{[]string{"account", "close", "111122223333"}, broken},
	} {
		if _, _, err := o.run(c.args...); !errors.Is(err, c.want) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
	if out, _, err := o.run("account", "show", "111122223333"); err != nil || !strings.Contains(out, "Suspended") {
		t.Errorf("%s, %v", out, err)
	}
}
