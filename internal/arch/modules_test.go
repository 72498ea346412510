package arch

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// permissive are the licences that may be linked: who gets the binary gets it
// under Apache-2.0, with nothing to do but keep the notices.
var permissive = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Apache-2.0"}

var moduleRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

func TestModulesAreAccountedFor(t *testing.T) {
	document, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	licences := map[string]string{}
	for _, row := range moduleRow.FindAllStringSubmatch(string(document), -1) {
		path, licence := row[1], strings.TrimSpace(row[4])
		if _, twice := licences[path]; twice {
			t.Errorf("docs/dependencies.md names %s twice", path)
		}
		licences[path] = licence
	}

	out, err := goCommand("mod", "edit", "-json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for _, require := range file.Require {
		if !require.Indirect {
			direct[require.Path] = true
			if licences[require.Path] == "" {
				t.Errorf("docs/dependencies.md has no line for %s: say what for, why this one, and its licence", require.Path)
			}
		}
	}
	for path := range licences {
		if !direct[path] {
			t.Errorf("docs/dependencies.md has a line for %s, which go.mod does not require directly", path)
		}
	}

	// Whoever ships the binary wants to know what is in it.
	inBinary := importedByBinary(t, slices.Collect(maps.Keys(licences)))
	_, tests, ok := strings.Cut(string(document), "## In tests only")
	if !ok {
		t.Fatal("docs/dependencies.md does not tell the binary's modules from those of the tests")
	}
	for path := range licences {
		if saysTests := strings.Contains(tests, "| `"+path+"` |"); saysTests == inBinary[path] {
			t.Errorf("docs/dependencies.md has %s under the wrong heading: imported by the binary's packages: %v", path, inBinary[path])
		}
	}

	for _, m := range linkedModules(t) {
		found := licence(t, m.Dir)
		if !slices.Contains(permissive, found) {
			t.Errorf("%s is under %q, which cannot be linked", m.Path, found)
		}
		if said, ok := licences[m.Path]; ok && said != found {
			t.Errorf("docs/dependencies.md says that %s is under %s; its licence file is %s", m.Path, said, found)
		}
	}
}

// importedByBinary tells which of the modules the packages of the binary import
// themselves.
func importedByBinary(t *testing.T, modules []string) map[string]bool {
	t.Helper()
	out, err := goCommand("list", "-deps", "-f", `{{with .Module}}{{if .Main}}{{join $.Imports "\n"}}{{end}}{{end}}`, module+"/cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]bool{}
	for path := range strings.Lines(string(out)) {
		path = strings.TrimSpace(path)
		owner := ""
		for _, m := range modules {
			if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(owner) {
				owner = m
			}
		}
		imported[owner] = true
	}
	return imported
}

type goModule struct{ Path, Dir string }

// linkedModules are the modules that packages of ours or their tests import,
// directly or not.
func linkedModules(t *testing.T) []goModule {
	t.Helper()
	out, err := goCommand("list", "-deps", "-test", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", module+"/...")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	var modules []goModule
	for _, line := range slices.Compact(lines) {
		if path, dir, ok := strings.Cut(line, "\t"); ok {
			modules = append(modules, goModule{path, dir})
		}
	}
	if len(modules) == 0 {
		t.Fatal("no modules found")
	}
	return modules
}

// licence recognises a module's licence by the words of its text.
func licence(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[LlCc][IiOo][CcPp][EeYy][NnIi]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // a folder of that name
		}
		words := strings.Join(strings.Fields(string(text)), " ")
		for _, sign := range []struct{ licence, words string }{
			{"MPL-2.0", "Mozilla Public License"},
			{"GPL", "GNU"},
			{"Apache-2.0", "Apache License Version 2.0"},
			{"Apache-2.0", "Licensed under the Apache License, Version 2.0"}, // by reference, as go-jmespath has it
			{"MIT", "Permission is hereby granted, free of charge"},
			{"ISC", "Permission to use, copy, modify, and/or distribute"},
			{"BSD-3-Clause", "used to endorse or promote products"},
			{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
		} {
			if strings.Contains(words, sign.words) {
				return sign.licence
			}
		}
	}
	return "an unknown licence"
}
