package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// A function that has a call and runs a transaction on the store itself writes the call's record in
// it, or hands it on as macie2.Change. Most have their package's tx, which does so.
func TestChangesForCallsAreRecorded(t *testing.T) {
	const recordless = "internal/inventory/describe.go" // lists buckets, and has stores looked at that were not for long
	found := 0
	for _, p := range allPackages(t) {
		if room(p.ImportPath) == "store" {
			continue
		}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Body == nil || !takesCall(f.Type) || !calls(f.Body, "Tx") {
					continue
				}
				found++
				if !calls(f.Body, "RecordChange") && p.ImportPath+"/"+name != "magpie/"+recordless {
					t.Errorf("%s/%s: %s changes something for a call without writing its record", p.ImportPath, name, f.Name.Name)
				}
			}
		}
	}
	if found < 6 {
		t.Errorf("%d functions run a transaction for a call: the test looks at the wrong thing", found)
	}
}

// takesCall reports whether a parameter is a *macie2.Call.
func takesCall(f *ast.FuncType) bool {
	for _, p := range f.Params.List {
		if star, ok := p.Type.(*ast.StarExpr); ok {
			if x, ok := star.X.(*ast.SelectorExpr); ok && x.Sel.Name == "Call" {
				return true
			}
		}
	}
	return false
}

// calls reports whether a method or function of that name of another package is called.
func calls(body ast.Node, name string) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if x, ok := c.Fun.(*ast.SelectorExpr); ok && x.Sel.Name == name {
				found = true
			}
		}
		return !found
	})
	return found
}
