package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// layers are the packages below internal/ in the order in which they may import
// each other: a package imports only what stands in a line before its own.
// Folders inside of them go with them. DESIGN: the arrow points one way, and
// what must go against it is done by a hook, a function field or a pushed fact.
var layers = [][]string{
	{"lazyregexp"},
	{"macie2", "sigv4", "arn", "source", "budget", "printable", "extract", "detect", "envflag", "certificate", "leak", "heap"},
	{"store", "mail", "classify", "pagetoken", "policy"},
	{"queue", "resource", "identity", "audit", "throttle", "analyse"},
	{"session", "signin", "webidentity"},
	{"membership"},
	{"identifier", "inventory", "usage"},
	{"finding"},
	{"discovery", "publication"},
	{"sampling"},
	{"awsapi", "console", "cli", "admin", "scan"},
	{"sts", "organizations", "admission", "permission", "connlimit"},
	{"server"},
	{"attack"},
	{"demo", "bench", "apitest", "arch"},
}

// domains are the packages that have never heard of HTTP.
var domains = []string{
	"extract", "detect", "classify", "analyse", "store", "mail", "queue", "resource", "identity", "audit", "session", "signin", "membership", "identifier",
	"usage", "finding", "discovery", "sampling",
}

// onlyTheContract may import the contract and the signatures, not the domains. The console has a
// memory of its own besides: who is signed in to it.
var onlyTheContract = []string{"awsapi", "console", "cli"}

const module = "magpie"

// A goPackage is what go list tells of a package.
type goPackage struct {
	Dir, ImportPath, Name, Doc string
	GoFiles, Imports           []string
	TestGoFiles, XTestGoFiles  []string
}

var packages = sync.OnceValues(func() ([]goPackage, error) {
	out, err := goCommand("list", "-json=Dir,ImportPath,Name,Doc,GoFiles,Imports,TestGoFiles,XTestGoFiles", module+"/...")
	if err != nil {
		return nil, err
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func goCommand(args ...string) ([]byte, error) {
	out, err := exec.Command("go", args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, errors.New("go " + strings.Join(args, " ") + ": " + string(exit.Stderr))
	}
	return out, err
}

func allPackages(t *testing.T) []goPackage {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// room is the folder below internal/ that a package belongs to, or "" for the
// commands.
func room(importPath string) string {
	rest, ok := strings.CutPrefix(importPath, module+"/internal/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// layer is the index of a room's layer, or -1.
func layer(room string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, room) })
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range allPackages(t) {
		from := room(p.ImportPath)
		if from == "" {
			continue // a command may import anything
		}
		if layer(from) < 0 {
			t.Errorf("%s has no place in layers: give it the lowest that serves", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			to := room(imported)
			switch {
			case imported == module+"/web": // files, and nothing else
			case to == "" && strings.HasPrefix(imported, module+"/"):
				t.Errorf("%s imports the command %s", p.ImportPath, imported)
			case to == "" || to == from:
			case layer(to) >= layer(from):
				t.Errorf("%s imports %s, which does not stand before it", p.ImportPath, imported)
			case slices.Contains(onlyTheContract, from) && layer(to) > layer("macie2") && !(from == "console" && to == "signin"):
				t.Errorf("%s imports %s; it may know the contract, not the domains", p.ImportPath, imported)
			}
		}
	}
}

func TestDomainsDoNotKnowHTTP(t *testing.T) {
	for _, p := range allPackages(t) {
		if slices.Contains(domains, room(p.ImportPath)) && slices.Contains(p.Imports, "net/http") {
			t.Errorf("%s imports net/http: an operation is a typed method that has never heard of it", p.ImportPath)
		}
	}
}

// A name that says nothing attracts everything.
func TestPackagesAreNamedForWhatTheyDo(t *testing.T) {
	for _, p := range allPackages(t) {
		switch name := path.Base(p.ImportPath); name {
		case "util", "utils", "common", "helper", "helpers", "type", "types", "model", "models", "misc", "shared":
			t.Errorf("%s is not named for the one thing that it does", p.ImportPath)
		}
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range allPackages(t) {
		doc := p.Doc
		if len(p.GoFiles) == 0 {
			doc = testDoc(t, p)
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command " + path.Base(p.ImportPath) + " "
		}
		if !strings.HasPrefix(doc, want) {
			t.Errorf("%s has no doc comment that begins with %q", p.ImportPath, want)
		}
	}
}

// Who comes to the repository finds every package in the command's documentation.
func TestCommandNamesAllPackages(t *testing.T) {
	for _, p := range allPackages(t) {
		if p.ImportPath != module+"/cmd/magpie" {
			continue
		}
		_, list, ok := strings.Cut(docOf(t, filepath.Join(p.Dir, "doc.go")), "# The packages")
		if !ok {
			t.Fatal("cmd/magpie/doc.go does not list the packages")
		}
		named := strings.FieldsFunc(list, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
		for _, p := range allPackages(t) {
			if name := room(p.ImportPath); name != "" && !slices.Contains(named, name) {
				t.Errorf("cmd/magpie/doc.go does not name package %s", name)
			}
		}
	}
}

// docOf is the package comment of a file.
func docOf(t *testing.T, name string) string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f.Doc.Text()
}

var startsGoroutines = regexp.MustCompile(`(?m)^\s*go [a-zA-Z_.]+\(|^\s*go func\(|\.Go\(`)

// A package that starts goroutines ends them: its tests fail when some are left.
func TestGoroutinesAreAccountedFor(t *testing.T) {
	holds := func(p goPackage, names []string, what *regexp.Regexp) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			return what.Match(text)
		})
	}
	checks := regexp.MustCompile(`(?:leak\.Run|shipped\.Main)\(m\)`)
	for _, p := range allPackages(t) {
		tests := slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		if len(tests) > 0 && holds(p, p.GoFiles, startsGoroutines) && !holds(p, tests, checks) {
			t.Errorf("%s starts goroutines, and has no TestMain that calls leak.Run", p.ImportPath)
		}
	}
}

// testDoc is the package comment of a folder that has tests only.
func testDoc(t *testing.T, p goPackage) string {
	t.Helper()
	for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if f.Doc != nil {
			return f.Doc.Text()
		}
	}
	return ""
}
