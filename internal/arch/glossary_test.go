package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	glossaryRow = regexp.MustCompile("(?m)^\\| ([^|]+) \\| (`[^`]+`)? ?\\| ([^|]+) \\|$")
	bannedRow   = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \|$`)
)

// The names that the glossary explains are those of the code, and what it says not to say is said
// nowhere.
func TestGlossary(t *testing.T) {
	document, err := os.ReadFile("../../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	terms, banned, ok := strings.Cut(string(document), "## Words not to use")
	if !ok {
		t.Fatal("docs/glossary.md does not say which words are not to be used")
	}
	rows := glossaryRow.FindAllStringSubmatch(terms, -1)
	if len(rows) < 30 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	names := map[string][]string{}
	for _, row := range rows {
		name := strings.Trim(row[2], "`")
		if name == "" {
			continue
		}
		pkg, identifier, ok := strings.Cut(name, ".")
		if names[pkg] == nil {
			names[pkg] = declaredIn(t, pkg)
		}
		if !ok || !slices.Contains(names[pkg], identifier) {
			t.Errorf("docs/glossary.md explains %s, which is not there", name)
		}
	}

	var words []string
	for _, row := range bannedRow.FindAllStringSubmatch(banned, -1) {
		if row[1] != "word" && !strings.HasPrefix(row[1], "---") {
			for word := range strings.SplitSeq(row[1], ", ") {
				words = append(words, regexp.QuoteMeta(word))
			}
		}
	}
	if len(words) < 10 {
		t.Fatalf("only %d banned words were found", len(words))
	}
	use := regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
	for _, name := range textsOfOurs(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word := use.FindString(line); word != "" {
				t.Errorf("%s:%d says %q; docs/glossary.md has another word", name, i+1, word)
			}
		}
	}
}

// everywhere are names that mean in every package what they mean in Go, HTTP or SQL.
var everywhere = []string{
	"Client", "Config", "Error", "Filter", "Kind", "List", "Options", "Page", "Request", "Result", "Row", "Server", "Service",
	"SettingError", "Settings", "Stats", "Status", "Summary",
}

// A name that several packages export is explained for each of them.
func TestNamesOfSeveralPackages(t *testing.T) {
	document, err := os.ReadFile("../../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	exporters := map[string][]string{}
	for _, p := range allPackages(t) {
		switch room(p.ImportPath) {
		case "", "macie2", "apitest", "bench", "arch": // commands, the contract's own names, and what nobody imports
			continue
		}
		pkg := strings.TrimPrefix(p.ImportPath, module+"/internal/")
		for _, name := range typesIn(t, p) {
			exporters[name] = append(exporters[name], pkg)
		}
	}
	several := 0
	for name, packages := range exporters {
		if len(packages) < 2 || slices.Contains(everywhere, name) {
			continue
		}
		several++
		for _, pkg := range packages {
			if !strings.Contains(string(document), "`"+pkg+"."+name+"`") {
				t.Errorf("%s exports %s, as %d packages do: docs/glossary.md does not say what it is there", pkg, name, len(packages))
			}
		}
	}
	if several < 20 {
		t.Errorf("only %d names stand in several packages: the test looks at the wrong thing", several)
	}
}

// typesIn are the exported types of a package, less what is generated.
func typesIn(t *testing.T, p goPackage) (names []string) {
	t.Helper()
	for _, name := range p.GoFiles {
		if strings.HasSuffix(name, "_gen.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						names = append(names, s.Name.Name)
					}
				}
			}
		}
	}
	return names
}

// textsOfOurs are the files that people read: code and documents, less what is generated and the
// glossary itself.
func textsOfOurs(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"../../docs", "../../internal", "../../cmd"} {
		err := filepath.WalkDir(folder, func(name string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "lexicon") {
				return filepath.SkipDir
			}
			ours := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_gen.go") || strings.HasSuffix(name, ".md")
			if ours && d.Name() != "glossary.md" && d.Name() != "glossary_test.go" {
				names = append(names, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// declaredIn are the types, functions, methods, variables and constants that a package below
// internal/ declares.
func declaredIn(t *testing.T, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../internal", pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names = append(names, d.Name.Name)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names = append(names, s.Name.Name)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names = append(names, n.Name)
						}
					}
				}
			}
		}
	}
	return names
}
