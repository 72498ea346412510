package server

import (
	"flag"
	"os"
	"strings"
	"testing"

	"magpie/internal/macie2"
)

var update = flag.Bool("update", false, "rewrite docs/coverage.md")

// docs/coverage.md says what is bound, and nothing else; what is not is marked in the help of the
// command line.
func TestCoverageDocument(t *testing.T) {
	const file = "../../docs/coverage.md"
	s := start(t, Config{})
	compare(t, file, macie2.Coverage(s.registry))
	var unbuilt strings.Builder
	for _, op := range macie2.Operations() {
		if !s.registry.Bound(op.Name) {
			unbuilt.WriteString(op.Name + "\n")
		}
	}
	compare(t, "../cli/operation/unbuilt.txt", unbuilt.String())
}

func compare(t *testing.T, file, want string) {
	t.Helper()
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
		t.Errorf("%s is not what is bound: run go generate ./internal/server", file)
	}
}
