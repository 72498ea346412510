package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// The most lines that a function has, from its opening brace to its closing one, and the most
// parameters.
const (
	mostLines      = 80
	mostParameters = 6
)

// seamless are the functions that have more, and why they have no seam to be cut at.
var seamless = map[string]string{
	"detect.findAround": "a loop over the bytes of a text; what it keeps between two bytes are its local variables, which are in registers",
	"detect.tryNamed":   "the inside of a loop over bytes: parameters in registers, where a struct would be written and read for each byte",
	"validate.match":    "a loop over a pattern and a text at once, whose state is the place in both",
	"extract.walk":      "a state machine over the bytes of JSON: its states are its cases",
	"casegen.licences":  "a table: of kinds of numbers, and how to make one",
	"casegen.nationals": "a table, as licences",
	"casegen.taxes":     "a table, as licences",
}

// A function that does not fit on a screen, or takes more than one remembers, does more than one
// thing. Tests are stories, and may be long.
func TestFunctionsAreShort(t *testing.T) {
	excused := map[string]bool{}
	eachFile(t, func(p goPackage, name string, files *token.FileSet, file *ast.File) {
		for _, tooMuch := range oversized(files, file) {
			function := p.Name + "." + tooMuch.function
			if seamless[function] != "" {
				excused[function] = true
				continue
			}
			t.Errorf("%s/%s: %s has %s", p.ImportPath, name, function, tooMuch.what)
		}
	})
	for function := range seamless {
		if !excused[function] {
			t.Errorf("%s needs no excuse any more", function)
		}
	}
}

type oversize struct{ function, what string }

// oversized are the functions of a file, and the functions in them, that have too many lines or
// parameters; of a function in another, its name is that of the one around it.
func oversized(files *token.FileSet, file *ast.File) (list []oversize) {
	for _, d := range file.Decls {
		around := "a variable"
		if f, ok := d.(*ast.FuncDecl); ok {
			around = f.Name.Name
		}
		ast.Inspect(d, func(n ast.Node) bool {
			var kind *ast.FuncType
			var body *ast.BlockStmt
			switch n := n.(type) {
			case *ast.FuncDecl:
				kind, body = n.Type, n.Body
			case *ast.FuncLit:
				kind, body = n.Type, n.Body
			default:
				return true
			}
			parameters := 0
			for _, p := range kind.Params.List {
				parameters += max(1, len(p.Names))
			}
			if parameters > mostParameters {
				list = append(list, oversize{around, fmt.Sprintf("%d parameters; %d are enough", parameters, mostParameters)})
			}
			if body == nil {
				return true
			}
			if lines := files.Position(body.End()).Line - files.Position(body.Pos()).Line + 1; lines > mostLines {
				list = append(list, oversize{around, fmt.Sprintf("%d lines; cut it where it has a seam, at %d at the most", lines, mostLines)})
			}
			return true
		})
	}
	return list
}

// eachFile hands over the files that the program is made of, without tests and what is generated.
func eachFile(t *testing.T, look func(p goPackage, name string, files *token.FileSet, file *ast.File)) {
	t.Helper()
	for _, p := range allPackages(t) {
		for _, name := range p.GoFiles {
			if strings.HasSuffix(name, "_gen.go") {
				continue
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			look(p, name, files, file)
		}
	}
}
