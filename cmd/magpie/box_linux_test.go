package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A box serves before the packages that it does not need are initialized: it would wait for them, and keep what they make.
func TestBoxInitializesWhatItNeeds(t *testing.T) {
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Args = []string{"magpie-box"}
	c.Env = []string{"GODEBUG=inittrace=1"}
	out, err := c.CombinedOutput() // it ends at once, since nobody has given it the descriptors of a box
	if err == nil {
		t.Fatal("it goes on without a parent")
	}
	c = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	c.Env = []string{"GODEBUG=inittrace=1"}
	whole, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, whole)
	}
	for pkg, want := range map[string]bool{"detect": true, "finding": false, "organizations": false, "server": false, "inventory": false} {
		trace := "init magpie/internal/" + pkg + " "
		if got := strings.Contains(string(out), trace); got != want {
			t.Errorf("magpie/internal/%s is initialized: %v", pkg, got)
		}
		if !strings.Contains(string(whole), trace) {
			t.Errorf("magpie/internal/%s is not initialized by the whole program either: has it another name now?", pkg)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
