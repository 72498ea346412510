package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var tourRow = regexp.MustCompile("(?m)^\\| `([^`]+\\.go)` \\| `([^`]+)` \\| [^|]+ \\|$")

// Whoever follows docs/tour.md finds each function in the file that it names.
func TestTourNamesWhatIsThere(t *testing.T) {
	document, err := os.ReadFile("../../docs/tour.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := tourRow.FindAllStringSubmatch(string(document), -1)
	if len(rows) < 30 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	files := map[string]map[string]bool{}
	for _, row := range rows {
		name, function := row[1], row[2]
		if files[name] == nil {
			files[name] = functionsOf(t, filepath.Join("../..", name))
		}
		if !files[name][function] {
			t.Errorf("%s has no function %s", name, function)
		}
	}
}

// functionsOf are the functions of a file: F, (T).M and (*T).M.
func functionsOf(t *testing.T, name string) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string]bool{}
	for _, d := range f.Decls {
		f, ok := d.(*ast.FuncDecl)
		switch {
		case !ok:
		case f.Recv == nil:
			functions[f.Name.Name] = true
		default:
			functions["("+receiverOf(f.Recv.List[0].Type)+")."+f.Name.Name] = true
		}
	}
	return functions
}

// receiverOf writes a receiver's type.
func receiverOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + receiverOf(e.X)
	case *ast.IndexExpr:
		return receiverOf(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
