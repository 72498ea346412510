package server

import (
	"flag"
	"os"
	"testing"

	"magpie/internal/macie2"
)

var update = flag.Bool("update", false, "rewrite docs/coverage.md")

// docs/coverage.md says what is bound, and nothing else.
func TestCoverageDocument(t *testing.T) {
	const file = "../../docs/coverage.md"
	s := start(t, Config{})
	want := macie2.Coverage(s.registry)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/coverage.md is not what is bound: run go generate ./internal/server")
	}
}
