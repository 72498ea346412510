//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The built program says why a value is not reported, without showing it.
func TestScanExplain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notes.txt")
	text := "ssn: not here but far away from it, in words 536-90-4399\n" + strings.Repeat("some lines of text\n", 4) + "my ssn is 666-12-3456, the card 4012888888881881\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := program(t, "scan", "--explain", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"notes.txt:1:46", "the nearest keyword is 42 characters away", "Area not 000, 666", "published for tests", "•••••••••••"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "4399") {
		t.Errorf("a value is shown:\n%s", out)
	}
	c := program(t, "scan", "--explain", filepath.Dir(name))
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() != 2 {
		t.Errorf("of a folder: %v", err)
	}
}
