package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// painted is the line of progress, which shows where the machine is slow, and its being wiped.
var painted = regexp.MustCompile(`\r\x1b\[K(\[[^\r\n]*)?`)

// golden compares with a file of testdata/terminal, in which the terminal's line ends are a file's.
func (r *rig) golden(name string, got result) {
	r.t.Helper()
	text := painted.ReplaceAllString(strings.ReplaceAll(r.normal(got.stdout), "\r\n", "\n"), "")
	path := filepath.Join("testdata/terminal", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if text != string(want) {
		r.t.Errorf("%s: the terminal shows\n%s", path, text)
	}
}

// On a terminal tables are the default, and wrapped to its width; in a pipe JSON is, and nothing is wrapped.
func TestTerminalAndPipe(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must("111122223333", "enable-macie")
	r.must("111122223333", "invite", "444455556666=one@example.com")

	r.golden("list-members", r.inTerminal("111122223333", "", "list-members", "--only-associated", "false",
		"--query", "members[].{accountId: accountId, email: email, administrator: administratorAccountId, arn: arn}"))
	if got := r.run("111122223333", "list-members", "--only-associated", "false"); !strings.HasPrefix(got.stdout, "{\n") {
		t.Errorf("in a pipe:\n%s", got.stdout)
	}
	r.golden("invite", r.inTerminal("111122223333", "", "invite", "444455556666=one@example.com", "111122223333=me@example.com"))
}

// magpie members sync shows its plan and takes only yes for yes.
func TestSyncAsks(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must("111122223333", "enable-macie")
	if err := os.WriteFile(filepath.Join(r.home, "list.csv"), []byte("Account ID,Email\n444455556666,one@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typed string
		code  int
		name  string
	}{{"y\n", 2, "sync-no"}, {"yes\n", 0, "sync-yes"}} {
		got := r.inTerminal("111122223333", c.typed, "members", "sync", "list.csv")
		if got.code != c.code {
			t.Errorf("%s: exit %d", c.name, got.code)
		}
		r.golden(c.name, got)
	}
}

// magpie members status --watch looks again and again, and ends well at Ctrl-C.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must(admin, "enable-macie")
	r.must(admin, "invite", "444455556666=one@example.com")
	c := r.command(admin, "members", "status", "--watch", "--interval", "1s")
	f := r.terminal(c)
	var out bytes.Buffer
	some := make([]byte, 512)
	for bytes.Count(out.Bytes(), []byte("444455556666")) < 2 {
		n, err := f.Read(some)
		if err != nil {
			t.Fatalf("it ends: %v\n%s", err, out.String())
		}
		out.Write(some[:n])
	}
	// While the server is away that is said, and since when; when it is back the table is.
	until := func(what string) {
		t.Helper()
		for from := out.Len(); !bytes.Contains(out.Bytes()[from:], []byte(what)); {
			n, err := f.Read(some)
			if err != nil {
				t.Fatalf("it ends: %v\n%s", err, out.String())
			}
			out.Write(some[:n])
		}
	}
	r.kill()
	until("no answer since 20")
	r.serve()
	until("\x1b[H\x1b[2J")
	until("444455556666")
	if _, err := f.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(&out, f)
	if err := c.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	if bytes.Count(out.Bytes(), []byte("\x1b[H\x1b[2J")) < 2 {
		t.Errorf("the screen is not wiped:\n%q", out.String())
	}
}
