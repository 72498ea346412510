//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// say runs the program in a folder of its own, with its output in pipes.
func say(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := program(t, args...)
	c.Dir = t.TempDir()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if made, _ := os.ReadDir(c.Dir); len(made) > 0 && c.ProcessState.ExitCode() != 0 {
		t.Errorf("magpie %s was refused, and has left %s behind", strings.Join(args, " "), made[0].Name())
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is said:\n%s", path, got)
	}
}

// A word that no command has, wherever it stands, is an error that goes to standard error alone, with exit code 2 and the nearest word.
func TestUnknownWords(t *testing.T) {
	var all strings.Builder
	for _, line := range []string{
		"kye", "key creat 111122223333", "key creat 111122223333 --output json", "key --data elsewhere creat 111122223333", "key lsit",
		"key wibble", "account craete", "org ad", "store tset", "queue retyr", "members stauts", "members synch", "policy simulat", "role delet",
		"quota sett", "serv --dev", "create-invitation", "list-membrs --output table", "status", "lst-keys", "nonsense", "-- nonsense",
		"help key creat", "help nonsense", "completion bsh", "account list --outptu json", "account list --nonsense", "--nonsense", "key show",
		"account list extra", "version extra", "demo now", "manual", "operations extra",
	} {
		stdout, stderr, code := say(t, strings.Fields(line)...)
		if code != 2 || stdout != "" {
			t.Errorf("magpie %s: exit %d, on standard output %q", line, code, stdout)
		}
		all.WriteString("$ magpie " + line + "\n" + stderr)
	}
	golden(t, "unknown.txt", all.String())
}

// Help begins with what people come for and fits a screen; the operations are behind one line, and are commands all the same.
func TestRootHelp(t *testing.T) {
	stdout, stderr, code := say(t, "--help")
	if code != 0 || stderr != "" {
		t.Errorf("exit %d, %s", code, stderr)
	}
	golden(t, "help.txt", stdout)
	for _, same := range []string{"help", ""} {
		if got, _, code := say(t, strings.Fields(same)...); got != stdout || code != 0 {
			t.Errorf("magpie %s: exit %d\n%s", same, code, got)
		}
	}
	for _, x := range []struct{ line, want string }{
		{"operations", "create-invitations"}, {"help create-invitations", "--account-ids"}, {"help key create", "magpie key create ACCOUNT"},
		{"create-invitations --help", "--account-ids"}, {"key", "magpie key [command]"}, {"version", "magpie "}, {"--version", "magpie "},
		{"__complete key cr", "create"}, {"__complete list-mem", "list-members"}, {"__complete scan --fail-on H", "HIGH"},
		{"__complete scan --identifiers CREDIT_CARD_N", "CREDIT_CARD_NUMBER"}, {"__complete scan --identifiers all,CREDIT_CARD_N", "all,CREDIT_CARD_NUMBER"},
		{"__complete account list --output j", "json"}, {"__complete scan --output s", "sarif"}, {"__complete invite --regions eu-w", "eu-west-1"},
		{"__complete invite --regions eu-west-1,us-e", "eu-west-1,us-east-1"}, {"__complete store add --region ap-n", "ap-northeast-1"},
		{"__complete help key cr", "create"}, {"completion bash", "complete"},
	} {
		stdout, stderr, code := say(t, strings.Fields(x.line)...)
		if code != 0 || !strings.Contains(stdout, x.want) {
			t.Errorf("magpie %s: exit %d, %s\n%s", x.line, code, stderr, stdout)
		}
	}
}

// There is a manual page for every command, and none says something to troff that was meant for a reader.
func TestManualPages(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man1")
	if _, stderr, code := say(t, "manual", folder); code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	pages, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range pages {
		names[p.Name()] = true
		text, err := os.ReadFile(filepath.Join(folder, p.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if request, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(request, ".") &&
				!strings.Contains(" .TH .SH .nf .fi .PP .TP .B ", " "+request+" ") {
				t.Errorf("%s has the line %q", p.Name(), line)
			}
		}
	}
	for _, name := range []string{"magpie.1", "magpie-key-create.1", "magpie-create-invitations.1", "magpie-members-status.1", "magpie-scan.1"} {
		if !names[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
