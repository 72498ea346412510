package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// The store takes named types of text as they are: an account's id keeps its type up to the
// statement, so that nothing but an account's id is compared with it.
func TestStatementsTakeIDsAsTheyAre(t *testing.T) {
	seen := 0
	eachFile(t, func(_ goPackage, _ string, files *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) < 2 || !onTransaction(c) {
				return true
			}
			seen++
			for _, argument := range c.Args[1:] {
				if id := convertedID(argument); id != "" {
					t.Errorf("%s: string(%s) in a statement: hand it over as it is", files.Position(argument.Pos()), id)
				}
			}
			return true
		})
	})
	if seen < 100 {
		t.Errorf("only %d statements were found: the test looks at the wrong thing", seen)
	}
}

// onTransaction reports whether a call runs a statement on what is called tx.
func onTransaction(c *ast.CallExpr) bool {
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Exec", "Query", "QueryRow", "Defer", "DeferExpect", "Put"}, s.Sel.Name) {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "tx"
}

// convertedID is the name of the account's id that an expression makes a string of, "" for any
// other expression.
func convertedID(e ast.Expr) string {
	c, ok := e.(*ast.CallExpr)
	if !ok || len(c.Args) != 1 {
		return ""
	}
	if f, ok := c.Fun.(*ast.Ident); !ok || f.Name != "string" {
		return ""
	}
	name := ""
	switch x := c.Args[0].(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	if slices.Contains([]string{"account", "owner", "holder", "administrator", "member", "management", "viewer"}, strings.ToLower(name)) {
		return name
	}
	return ""
}
