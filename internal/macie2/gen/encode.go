package main

import (
	"fmt"
	"strings"
)

// writeEncoders writes, for every structure an answer can contain, the method
// that appends its JSON. Generated because answers are the hot path: no
// reflection, no intermediate values.
func writeEncoders(m *model, s *source) error {
	s.line(`import "strconv"`)
	s.line("")
	for _, name := range m.structures(m.outputs) {
		sh := m.Shapes[name]
		s.line("func (v *%s) appendJSON(b []byte) []byte {", m.goStruct(name))
		if len(sh.Members) == 0 {
			s.line("return append(b, '{', '}')")
			s.line("}")
			s.line("")
			continue
		}
		s.line("start := len(b)")
		for _, memberName := range sorted(sh.Members) {
			member := sh.Members[memberName]
			if member.Location != "" {
				return fmt.Errorf("%s.%s: answers are only known to be in the body", name, memberName)
			}
			target := m.Shapes[member.Shape]
			field := "v." + exported(memberName)
			s.line("if %s != nil {", field)
			s.line("b = append(b, `,\"%s\":`...)", memberName)
			value := "*" + field
			switch target.Type {
			case "list", "map", "structure":
				value = field
			}
			m.writeAppend(s, member.Shape, value, 0)
			s.line("}")
		}
		s.line("return closeObject(b, start)")
		s.line("}")
		s.line("")
	}
	return nil
}

// writeAppend writes the statements that append value, of shape name, to b.
// depth keeps the loop variables of nested lists apart.
func (m *model) writeAppend(s *source, name, value string, depth int) {
	sh := m.Shapes[name]
	switch sh.Type {
	case "structure":
		s.line("b = %s.appendJSON(b)", value)
	case "list":
		i := fmt.Sprintf("i%d", depth)
		s.line("b = append(b, '[')")
		s.line("for %s := range %s {", i, value)
		s.line("if %s > 0 { b = append(b, ',') }", i)
		m.writeAppend(s, sh.MemberShape, value+"["+i+"]", depth+1)
		s.line("}")
		s.line("b = append(b, ']')")
	case "map":
		key, item := fmt.Sprintf("key%d", depth), fmt.Sprintf("item%d", depth)
		s.line("b = append(b, '{')")
		s.line("for n, %s := range sortedKeys(%s) {", key, value)
		s.line("if n > 0 { b = append(b, ',') }")
		s.line("b = appendString(b, %s)", key)
		s.line("b = append(b, ':')")
		s.line("%s := %s[%s]", item, value, key)
		m.writeAppend(s, sh.Value, item, depth+1)
		s.line("}")
		s.line("b = append(b, '}')")
	case "string":
		if sh.Enum != nil {
			value = "string(" + value + ")"
		}
		s.line("b = appendString(b, %s)", value)
	case "boolean":
		s.line("b = strconv.AppendBool(b, %s)", value)
	case "integer", "long":
		s.line("b = strconv.AppendInt(b, int64(%s), 10)", value)
	case "double":
		s.line("b = appendFloat(b, %s)", value)
	case "timestamp":
		s.line("b = %s.appendJSON(b)", strings.TrimPrefix(value, "*"))
	default:
		panic("no encoder for " + name + " of type " + sh.Type)
	}
}
