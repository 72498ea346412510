package main

import (
	"fmt"
	"slices"
)

// writeChecks writes the constraints of every structure a request can contain:
// required members, enum membership, patterns, lengths and ranges. A structure
// in which nothing can be wrong gets no check, unless it is an input.
func writeChecks(m *model, s *source) error {
	patterns := map[string]string{} // pattern → name of its variable
	for _, name := range sorted(m.Shapes) {
		// "^.*$" and its like still refuse line breaks, so none is left out.
		if p := m.Shapes[name].Pattern; p != "" && m.inputs[name] && patterns[p] == "" {
			patterns[p] = fmt.Sprintf("pattern%d", len(patterns)+1)
		}
	}
	s.line(`import "magpie/internal/lazyregexp"`)
	s.line("")
	s.line("var (")
	byName := map[string]string{}
	for p, v := range patterns {
		byName[v] = p
	}
	for _, v := range sorted(byName) {
		s.line("%s = lazyregexp.New(%s)", v, "`"+byName[v]+"`")
	}
	s.line(")")
	s.line("")

	for _, name := range m.structures(m.inputs) {
		goName := m.goStruct(name)
		if goName == name && !m.constrained(name) {
			continue
		}
		sh := m.Shapes[name]
		s.line("func (v *%s) check() error {", goName)
		for _, memberName := range sorted(sh.Members) {
			field := "v." + exported(memberName)
			target := m.Shapes[sh.Members[memberName].Shape]
			if slices.Contains(sh.Required, memberName) {
				s.line("if %s == nil { return inMember(%s, errRequired) }", field, lit(memberName))
			}
			if !m.constrained(sh.Members[memberName].Shape) {
				continue
			}
			switch target.Type {
			case "list":
				s.line("for i := range %s {", field)
				s.line("if err := %s; err != nil { return inMember(%s, atIndex(i, err)) }",
					m.checkExpr(target.MemberShape, field+"[i]", patterns), lit(memberName))
				s.line("}")
			case "map":
				s.line("for key, value := range %s {", field)
				s.line("if err := %s; err != nil { return inMember(%s, atKey(key, err)) }",
					m.checkExpr(target.Value, "value", patterns), lit(memberName))
				s.line("}")
			default:
				access := "*" + field
				if target.Type == "structure" {
					access = field
				}
				s.line("if %s != nil {", field)
				s.line("if err := %s; err != nil { return inMember(%s, err) }",
					m.checkExpr(sh.Members[memberName].Shape, access, patterns), lit(memberName))
				s.line("}")
			}
		}
		s.line("return nil")
		s.line("}")
		s.line("")
	}
	return nil
}

// constrained reports whether a value of shape name can break a constraint.
func (m *model) constrained(name string) bool {
	s := m.Shapes[name]
	switch {
	case s.Enum != nil || s.Pattern != "" || len(s.Required) > 0:
		return true
	case s.Type != "list" && (s.Min != nil || s.Max != nil):
		return true
	}
	return slices.ContainsFunc(m.parts(name), m.constrained)
}

// checkExpr returns the expression that checks value, a non-nil value of shape name.
func (m *model) checkExpr(name, value string, patterns map[string]string) string {
	s := m.Shapes[name]
	switch {
	case s.Type == "structure":
		return value + ".check()"
	case s.Enum != nil:
		return "checkEnum(" + value + ")"
	case s.Type == "string":
		pattern := "nil"
		if s.Pattern != "" {
			pattern = patterns[s.Pattern]
		}
		return fmt.Sprintf("checkString(%s, %s, %s, %s)", value, bound(s.Min), bound(s.Max), pattern)
	case s.Type == "integer":
		return fmt.Sprintf("checkRange(%s, %d, %d)", value, *s.Min, *s.Max)
	}
	panic("no check for " + name + " of type " + s.Type)
}

func bound(n *int64) string {
	if n == nil {
		return "-1"
	}
	return fmt.Sprint(*n)
}
