package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	divergenceRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \| [^|]+ \|([^|]*)\|$`)
	testName      = regexp.MustCompile("`(Test[A-Za-z0-9_]*)[^`]*`")
	testFunc      = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]*)\(`)
)

// A document that claims "shown by this test" is checked like code.
func TestDivergencesNameTests(t *testing.T) {
	document, err := os.ReadFile("../../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	known := testNames(t)
	rows := divergenceRow.FindAllStringSubmatch(string(document), -1)
	if len(rows) < 20 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	for _, row := range rows {
		if row[1] == "case" {
			continue
		}
		names := testName.FindAllStringSubmatch(row[2], -1)
		if len(names) == 0 {
			t.Errorf("%.60s: no test shows it", row[1])
		}
		for _, name := range names {
			if !slices.Contains(known, name[1]) {
				t.Errorf("%.60s: there is no test %s", row[1], name[1])
			}
		}
	}
}

// testNames are the tests of the whole repository.
func testNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, p := range allPackages(t) {
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range testFunc.FindAllStringSubmatch(string(text), -1) {
				names = append(names, match[1])
			}
		}
	}
	return names
}

// Files that a reader of the documents is sent to exist.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob("../../docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(documents, decisions, readme) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if target := match[1]; !strings.Contains(target, "://") {
				if _, err := os.Stat(filepath.Join(filepath.Dir(name), target)); err != nil {
					t.Errorf("%s links to %s, which is not there", name, target)
				}
			}
		}
	}
}
