package main

import (
	"fmt"
	"strconv"
	"strings"
)

// writeOperations writes the exceptions, the route table and the typed binders.
func writeOperations(m *model, s *source) error {
	if err := checkResources(m); err != nil {
		return err
	}
	s.line(`import "context"`)
	s.line("")
	s.line("// SigningName is the service's name in a signature's scope.")
	s.line("const SigningName = %q", m.Service.SigningName)
	s.line("")
	s.line("// The exceptions of the contract.")
	s.line("const (")
	for _, name := range sorted(m.Shapes) {
		if m.Shapes[name].Exception {
			s.line("%s Exception = %q", name, name)
		}
	}
	s.line(")")
	s.line("")
	s.line("// contractStatus is the HTTP status of each exception of the contract.")
	s.line("var contractStatus = map[Exception]int{")
	for _, name := range sorted(m.Shapes) {
		if sh := m.Shapes[name]; sh.Exception {
			if sh.Error.HTTPStatusCode == 0 {
				return fmt.Errorf("exception %s has no status", name)
			}
			s.line("%s: %d,", name, sh.Error.HTTPStatusCode)
		}
	}
	s.line("}")
	s.line("")

	s.line("// operations is the route table, sorted by name.")
	s.line("var operations = []*Operation{")
	for _, name := range sorted(m.Operations) {
		s.line("&op%s,", name)
	}
	s.line("}")
	s.line("")
	s.line("var (")
	for _, name := range sorted(m.Operations) {
		op := m.Operations[name]
		errs := "nil"
		if len(op.Errors) > 0 {
			errs = "[]Exception{" + strings.Join(op.Errors, ", ") + "}"
		}
		s.line("op%s = Operation{Name: %q, Method: %q, URI: %q, Status: %d,", name, name, op.Method, op.URI, op.Status)
		s.line("Errors: %s, Action: SigningName + \":%s\",", errs, name)
		s.line("newInput: func() Input { return new(%sInput) },", name)
		writeResource(m, s, name)
		s.line("}")
	}
	s.line(")")
	s.line("")
	for _, name := range sorted(m.Operations) {
		s.line("// Bind%s makes f the implementation of %s. It panics if there is one already.", name, name)
		s.line("func (r *Registry) Bind%s(f func(context.Context, *Call, *%sInput) (*%sOutput, error)) {", name, name, name)
		s.line("bind(r, &op%s, f)", name)
		s.line("}")
		s.line("")
	}
	return nil
}

// lit quotes a string as Go source.
func lit(s string) string { return strconv.Quote(s) }
