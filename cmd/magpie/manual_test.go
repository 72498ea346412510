package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"magpie/internal/cli"
)

var update = flag.Bool("update", false, "rewrite docs/cli.md")

// TestManual holds that docs/cli.md is what the commands say.
func TestManual(t *testing.T) {
	const path = "../../docs/cli.md"
	var want bytes.Buffer
	if err := cli.WriteManual(&want, root()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/cli.md is not what the commands say; run go generate ./cmd/magpie")
	}
}
