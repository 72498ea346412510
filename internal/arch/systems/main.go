// Command systems checks that the program goes on to build for systems that nobody works on.
//
//	go run ./internal/arch/systems windows/amd64 darwin/arm64
//
// Compiling it for another system takes minutes of a processor. This parses the packages of
// cmd/magpie as they are for that system and checks their types, and reads no more than the
// declarations of what they need from elsewhere: some seconds. It must be run in the repository.
// Tests are not looked at; go vet with GOOS set does that (LINT_SYSTEMS of scripts/lint).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	failed := false
	for _, system := range os.Args[1:] {
		name, arch, _ := strings.Cut(system, "/")
		for _, err := range checkFor(name, arch, "./cmd/magpie") {
			fmt.Fprintf(os.Stderr, "%s: %v\n", system, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// listed is a package as go list has it.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string
	Standard        bool
	Module          *struct{ Main bool }
}

// checkFor checks the types of a program's packages as they are for a system, each after those
// that it imports.
func checkFor(system, arch, program string) (errs []error) {
	c := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Standard,Module", program)
	c.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return []error{err}
	}
	known := imported{"unsafe": types.Unsafe}
	for list := json.NewDecoder(out); ; {
		var p listed
		if err := list.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			errs = append(errs, err)
			break
		}
		if p.ImportPath != "unsafe" {
			errs = append(errs, known.check(&p, arch)...)
		}
	}
	if err := c.Wait(); err != nil {
		errs = append(errs, fmt.Errorf("go list: %w: %s", err, stderr.String()))
	}
	return errs
}

// imported are the packages that were checked.
type imported map[string]*types.Package

func (known imported) check(p *listed, arch string) (errs []error) {
	ours := p.Module != nil && p.Module.Main
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return []error{err}
		}
		files = append(files, f)
	}
	config := types.Config{
		Importer:         mapped{known, p.ImportMap},
		Sizes:            types.SizesFor("gc", arch),
		IgnoreFuncBodies: !ours,
		Error: func(err error) {
			if ours { // what others wrote may lean on the compiler
				errs = append(errs, err)
			}
		},
	}
	pkg, _ := config.Check(p.ImportPath, fset, files, nil)
	known[p.ImportPath] = pkg
	return errs
}

// mapped finds packages by the paths that a package imports them by: those that the standard
// library brings along have others.
type mapped struct {
	known imported
	paths map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if p, ok := m.paths[path]; ok {
		path = p
	}
	if p := m.known[path]; p != nil {
		return p, nil
	}
	return nil, errors.New("not listed before what imports it: " + path)
}
