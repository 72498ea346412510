package main

import (
	"fmt"
	"strings"
)

// resources are the operations that are about one resource: its type, as ARNs name it, and the
// member of the input that has its id, through structures where there are dots. A member of type ""
// has an ARN. Every other operation is about no resource in particular. The model does not say
// this; it is the service authorization reference of AWS that does.
var resources = map[string]struct{ kind, member string }{
	"CreateMember":               {"member", "account.accountId"},
	"GetMember":                  {"member", "id"},
	"DeleteMember":               {"member", "id"},
	"DisassociateMember":         {"member", "id"},
	"UpdateMemberSession":        {"member", "id"},
	"GetAllowList":               {"allow-list", "id"},
	"UpdateAllowList":            {"allow-list", "id"},
	"DeleteAllowList":            {"allow-list", "id"},
	"GetCustomDataIdentifier":    {"custom-data-identifier", "id"},
	"DeleteCustomDataIdentifier": {"custom-data-identifier", "id"},
	"GetFindingsFilter":          {"findings-filter", "id"},
	"UpdateFindingsFilter":       {"findings-filter", "id"},
	"DeleteFindingsFilter":       {"findings-filter", "id"},
	"DescribeClassificationJob":  {"classification-job", "jobId"},
	"UpdateClassificationJob":    {"classification-job", "jobId"},
	"TagResource":                {"", "resourceArn"},
	"UntagResource":              {"", "resourceArn"},
	"ListTagsForResource":        {"", "resourceArn"},
}

// checkResources refuses a table that does not fit the model.
func checkResources(m *model) error {
	for _, name := range sorted(resources) {
		op := m.Operations[name]
		if op == nil {
			return fmt.Errorf("resources: there is no operation %s", name)
		}
		shape := m.Shapes[op.Input]
		path := strings.Split(resources[name].member, ".")
		for i, member := range path {
			if shape == nil || shape.Type != "structure" || !has(shape, member) {
				return fmt.Errorf("resources: %s has no member %s", name, strings.Join(path[:i+1], "."))
			}
			shape = m.Shapes[shape.Members[member].Shape]
		}
		if shape.Type != "string" || shape.Enum != nil {
			return fmt.Errorf("resources: %s of %s is no text", resources[name].member, name)
		}
	}
	return nil
}

func has(s *shape, member string) bool {
	_, ok := s.Members[member]
	return ok
}

// writeResource writes the fields of an Operation that find what a call is about and the tags that
// it names.
func writeResource(m *model, s *source, name string) {
	if r, ok := resources[name]; ok {
		s.line("resource: func(in Input) (string, string) {")
		path := strings.Split(r.member, ".")
		value := "in.(*" + name + "Input)"
		for _, member := range path[:len(path)-1] {
			value += "." + exported(member)
			s.line("if %s == nil {", value)
			s.line("return %s, \"\"", lit(r.kind))
			s.line("}")
		}
		s.line("return %s, Deref(%s.%s)", lit(r.kind), value, exported(path[len(path)-1]))
		s.line("},")
	}
	input := m.Shapes[m.Operations[name].Input]
	if input == nil {
		return
	}
	members := input.Members
	tags, keys := "nil", "nil"
	if _, ok := members["tags"]; ok {
		tags = "in.(*" + name + "Input).Tags"
	}
	if _, ok := members["tagKeys"]; ok {
		keys = "in.(*" + name + "Input).TagKeys"
	}
	if tags != "nil" || keys != "nil" {
		s.line("tags: func(in Input) (map[string]string, []string) { return %s, %s },", tags, keys)
	}
}
