package main

import "fmt"

// writeDecoders writes, for every structure a request can contain, the decoder
// of its JSON, and for every input the one that joins path, query and body.
func writeDecoders(m *model, s *source) error {
	for _, name := range m.structures(m.inputs) {
		sh := m.Shapes[name]
		goName := m.goStruct(name)
		var inBody, inPath, inQuery []string
		for _, memberName := range sorted(sh.Members) {
			switch sh.Members[memberName].Location {
			case "":
				inBody = append(inBody, memberName)
			case "uri":
				inPath = append(inPath, memberName)
			case "querystring":
				inQuery = append(inQuery, memberName)
			default:
				return fmt.Errorf("%s.%s: location %s is not known", name, memberName, sh.Members[memberName].Location)
			}
		}
		isInput := goName != name

		if isInput {
			s.line("func (v *%s) decode(r *Request) (err error) {", goName)
			for _, memberName := range inPath {
				member := sh.Members[memberName]
				if m.goMember(member.Shape) != "*string" {
					return fmt.Errorf("%s.%s: only strings are known in a path", name, memberName)
				}
				s.line("if v.%s, err = r.pathString(%s); err != nil { return err }", exported(memberName), lit(member.LocationName))
			}
			for _, memberName := range inQuery {
				member := sh.Members[memberName]
				read := map[string]string{"*string": "queryString", "*int32": "queryInt32", "[]string": "queryList"}[m.goMember(member.Shape)]
				if read == "" {
					return fmt.Errorf("%s.%s: %s is not known in a query", name, memberName, m.goMember(member.Shape))
				}
				s.line("if v.%s, err = r.%s(%s); err != nil { return err }", exported(memberName), read, lit(member.LocationName))
			}
			s.line("return r.body(v)")
			s.line("}")
			s.line("")
		}

		s.line("func (v *%s) decodeJSON(d *decoder) error {", goName)
		if len(inBody) == 0 {
			s.line("return d.emptyObject()")
			s.line("}")
			s.line("")
			continue
		}
		s.line("if err := d.beginObject(); err != nil { return err }")
		s.line("for {")
		s.line("name, err := d.nextName()")
		s.line("if err != nil || name == nil { return err }")
		s.line("switch string(name) {")
		for _, memberName := range inBody {
			s.line("case %s:", lit(memberName))
			s.line("if v.%s, err = %s; err != nil { return inMember(%s, err) }",
				exported(memberName), m.readMember(sh.Members[memberName].Shape), lit(memberName))
		}
		s.line("default:")
		s.line("if err := d.skip(name); err != nil { return err }")
		s.line("}")
		s.line("}")
		s.line("}")
		s.line("")
	}
	return nil
}

// readMember returns the expression that reads a member of shape name, or null.
func (m *model) readMember(name string) string {
	s := m.Shapes[name]
	switch s.Type {
	case "list":
		return fmt.Sprintf("readList(d, %s)", m.reader(s.MemberShape))
	case "map":
		return fmt.Sprintf("readMap(d, %s)", m.reader(s.Value))
	}
	return fmt.Sprintf("readOptional(d, %s)", m.reader(name))
}

// reader returns the function that reads one value of shape name, not null.
func (m *model) reader(name string) string {
	s := m.Shapes[name]
	switch s.Type {
	case "structure":
		return "readStruct[" + m.goStruct(name) + "]"
	case "string":
		if s.Enum != nil {
			return "readEnum[" + name + "]"
		}
		return "(*decoder).readString"
	case "boolean":
		return "(*decoder).readBool"
	case "integer":
		return "(*decoder).readInt32"
	case "long":
		return "(*decoder).readInt64"
	}
	// A list of lists or a map of lists does not occur in requests.
	panic("no reader for " + name + " of type " + s.Type)
}
