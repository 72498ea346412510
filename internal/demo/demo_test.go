package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/demo.txt")

// changing is what differs from run to run.
var changing = []struct {
	found *regexp.Regexp
	name  string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`AKIA[A-Z2-7]{16}`), "KEY"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "ID"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ`), "DATE AND TIME       "},
	{regexp.MustCompile(`\w+, \d+ \w+ 20\d\d, \d\d:\d\d:\d\d UTC`), "DATE AND TIME UTC"},
}

// The story is told as it is in testdata/demo.txt: the first thing that most people see of Magpie.
func TestDemo(t *testing.T) {
	folder := t.TempDir()
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Out: &out, Exit: true, Folder: folder}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	got := strings.ReplaceAll(out.String(), folder, "FOLDER")
	for _, change := range changing {
		got = change.found.ReplaceAllString(got, change.name)
	}
	const file = "testdata/demo.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the story is now\n%s\n(go test ./internal/demo -update)", got)
	}
	if _, err := os.Stat(filepath.Join(folder, "magpie.db")); err != nil {
		t.Errorf("a folder that was given is kept: %v", err)
	}
}

// A story that is cut short says so, and leaves nothing behind.
func TestDemoCutShort(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := Run(ctx, Options{Out: writer(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("3. It invites")) {
			cancel()
		}
		return len(p), nil
	}), Exit: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the story ends with %v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Without --exit the server stays up until it is asked to end, and says how to use it.
func TestDemoStays(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	err := Run(ctx, Options{Folder: t.TempDir(), Out: writer(func(p []byte) (int, error) {
		out.Write(p)
		if bytes.Contains(p, []byte("aws macie2 list-members\n")) && bytes.Contains(p, []byte("export")) {
			cancel()
		}
		return len(p), nil
	})})
	if err != nil {
		t.Error(err)
	}
	if !regexp.MustCompile(`export AWS_ACCESS_KEY_ID=AKIA\S+ AWS_SECRET_ACCESS_KEY=\S{40}\n`).MatchString(out.String()) {
		t.Errorf("the reader cannot try it:\n%s", out.String())
	}
}

// A mail that is not what it should be is said, not shown.
func TestPlainTextRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":      "",
		"no type":    "From: a@example.com\r\n\r\nhello\r\n",
		"no parts":   "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b--\r\n",
		"only HTML":  "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n",
		"bad header": "Subject: =?nonsense?q?a?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n",
	} {
		file := filepath.Join(t.TempDir(), "a.eml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := plainText(file); err == nil || got != "" {
			t.Errorf("%s reads %q, %v", name, got, err)
		}
	}
}
