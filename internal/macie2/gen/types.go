package main

import (
	"strconv"
	"strings"
)

// writeTypes writes a Go struct for every structure that travels.
func writeTypes(m *model, s *source) error {
	all := map[string]bool{}
	for name := range m.inputs {
		all[name] = true
	}
	for name := range m.outputs {
		all[name] = true
	}
	for _, name := range m.structures(all) {
		goName := m.goStruct(name)
		switch {
		case strings.HasSuffix(goName, "Input") && goName != name:
			s.line("// %s is what %s takes.", goName, strings.TrimSuffix(goName, "Input"))
		case strings.HasSuffix(goName, "Output") && goName != name:
			s.line("// %s is what %s answers.", goName, strings.TrimSuffix(goName, "Output"))
		default:
			s.line("// %s is the contract's structure of that name.", goName)
		}
		if len(m.Shapes[name].Required) > 0 && m.inputs[name] {
			s.line("// Required: %s.", strings.Join(m.Shapes[name].Required, ", "))
		}
		s.line("type %s struct {", goName)
		for _, memberName := range sorted(m.Shapes[name].Members) {
			s.line("%s %s `json:\"%s,omitzero\"`", exported(memberName),
				m.goMember(m.Shapes[name].Members[memberName].Shape), memberName)
		}
		s.line("}")
		s.line("")
	}
	return nil
}

// writeEnums writes a named string type for every enum, its values as
// constants, and whether a string is one of them.
func writeEnums(m *model, s *source) error {
	for _, name := range sorted(m.Shapes) {
		sh := m.Shapes[name]
		if sh.Enum == nil || !m.inputs[name] && !m.outputs[name] {
			continue
		}
		s.line("// %s is the contract's enumeration of that name.", name)
		s.line("type %s string", name)
		s.line("")
		s.line("// The values of %s.", name)
		s.line("const (")
		quoted := make([]string, len(sh.Enum))
		for i, value := range sh.Enum {
			quoted[i] = strconv.Quote(value)
			s.line("%s%s %s = %s", name, enumSuffix(value), name, quoted[i])
		}
		s.line(")")
		s.line("")
		s.line("// Valid reports whether v is one of the contract's values.")
		s.line("func (v %s) Valid() bool {", name)
		s.line("switch v {")
		s.line("case %s:", strings.Join(quoted, ", "))
		s.line("return true")
		s.line("}")
		s.line("return false")
		s.line("}")
		s.line("")
		s.line("// Values lists what a %s can be, in the contract's order.", name)
		s.line("func (%s) Values() []%s {", name, name)
		s.line("return []%s{%s}", name, strings.Join(quoted, ", "))
		s.line("}")
		s.line("")
	}
	return nil
}
