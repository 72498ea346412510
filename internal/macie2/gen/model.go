package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// model is api/macie2.json, with what the writers ask of it worked out once.
type model struct {
	Service struct {
		SigningName string
	}
	Operations map[string]*operation
	Shapes     map[string]*shape

	inputs  map[string]bool // shapes a request can contain
	outputs map[string]bool // shapes an answer can contain
}

type operation struct {
	Method, URI   string
	Status        int
	Input, Output string
	Errors        []string
}

type shape struct {
	Type            string
	Enum            []string
	Pattern         string
	Min, Max        *int64
	Required        []string
	Members         map[string]member
	MemberShape     string
	Key, Value      string
	TimestampFormat string
	Exception       bool
	Error           struct{ HTTPStatusCode int }
}

type member struct {
	Shape            string
	Location         string // "", "uri" or "querystring"
	LocationName     string
	IdempotencyToken bool
}

// loadModel reads the model and refuses what the writers do not know, so that
// a newer model can never be half understood.
func loadModel(raw []byte) (*model, error) {
	var loose struct {
		Service    struct{ SigningName string }
		Operations map[string]*operation
		Shapes     map[string]struct {
			shape
			Member string
		}
	}
	if err := json.Unmarshal(raw, &loose); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m := &model{Service: loose.Service, Operations: loose.Operations, Shapes: map[string]*shape{}}
	for name, s := range loose.Shapes {
		one := s.shape
		one.MemberShape = s.Member
		slices.Sort(one.Required)
		m.Shapes[name] = &one
	}
	m.inputs, m.outputs = map[string]bool{}, map[string]bool{}
	for name, op := range m.Operations {
		if op.Input != name+"Request" || op.Output != name+"Response" {
			return nil, fmt.Errorf("operation %s: its input and output are expected to be named after it", name)
		}
		m.reach(op.Input, m.inputs)
		m.reach(op.Output, m.outputs)
	}
	return m, m.validate()
}

// reach adds shape name, and every shape it can contain, to seen.
func (m *model) reach(name string, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	if m.Shapes[name] == nil { // validate tells
		return
	}
	for _, inner := range m.parts(name) {
		m.reach(inner, seen)
	}
}

// parts returns the names of the shapes that a value of shape name holds directly.
func (m *model) parts(name string) []string {
	s := m.Shapes[name]
	switch s.Type {
	case "structure":
		var parts []string
		for _, member := range sorted(s.Members) {
			parts = append(parts, s.Members[member].Shape)
		}
		return parts
	case "list":
		return []string{s.MemberShape}
	case "map":
		return []string{s.Value}
	}
	return nil
}

func (m *model) validate() error {
	names := map[string]string{}
	claim := func(goName, owner string) error {
		if other, taken := names[goName]; taken {
			return fmt.Errorf("%s and %s would both be called %s in Go", other, owner, goName)
		}
		names[goName] = owner
		return nil
	}
	for _, name := range slices.Concat(sorted(m.inputs), sorted(m.outputs)) {
		if m.Shapes[name] == nil {
			return fmt.Errorf("shape %s is not in the model", name)
		}
	}
	for _, name := range sorted(m.Shapes) {
		s := m.Shapes[name]
		if !m.inputs[name] && !m.outputs[name] {
			continue
		}
		switch s.Type {
		case "structure":
			if err := claim(m.goStruct(name), name); err != nil {
				return err
			}
		case "string":
			if s.Enum == nil {
				break
			}
			if err := claim(name, name); err != nil {
				return err
			}
			for _, value := range s.Enum {
				if err := claim(name+enumSuffix(value), name+" "+value); err != nil {
					return err
				}
			}
		case "map":
			if m.Shapes[s.Key].Type != "string" {
				return fmt.Errorf("map %s: only string keys are known", name)
			}
		case "timestamp":
			if s.TimestampFormat != "iso8601" {
				return fmt.Errorf("timestamp %s: format %s is not known", name, s.TimestampFormat)
			}
			if m.inputs[name] {
				return fmt.Errorf("timestamp %s: requests with timestamps are not known", name)
			}
		case "double":
			if m.inputs[name] {
				return fmt.Errorf("double %s: requests with doubles are not known", name)
			}
		case "list":
			if m.inputs[name] && (s.Max != nil || s.Min != nil && *s.Min > 0) {
				return fmt.Errorf("list %s: requests with lists of a bounded length are not known", name)
			}
		case "boolean", "integer", "long":
		default:
			return fmt.Errorf("shape %s: type %s is not known", name, s.Type)
		}
	}
	return nil
}

// goStruct returns the Go name of a structure: <Operation>Input and
// <Operation>Output for what an operation takes and gives, else its own name.
func (m *model) goStruct(name string) string {
	if op, ok := strings.CutSuffix(name, "Request"); ok && m.Operations[op] != nil {
		return op + "Input"
	}
	if op, ok := strings.CutSuffix(name, "Response"); ok && m.Operations[op] != nil {
		return op + "Output"
	}
	return name
}

// goElement returns the Go type of a value of shape name where it cannot be
// absent: in a list, in a map.
func (m *model) goElement(name string) string {
	s := m.Shapes[name]
	switch s.Type {
	case "structure":
		return m.goStruct(name)
	case "list":
		return "[]" + m.goElement(s.MemberShape)
	case "map":
		return "map[string]" + m.goElement(s.Value)
	case "string":
		if s.Enum != nil {
			return name
		}
		return "string"
	case "boolean":
		return "bool"
	case "integer":
		return "int32"
	case "long":
		return "int64"
	case "double":
		return "float64"
	case "timestamp":
		return "Timestamp"
	}
	panic("validate let through a shape of type " + s.Type)
}

// goMember returns the Go type of a structure's member, which can be absent.
func (m *model) goMember(name string) string {
	switch m.Shapes[name].Type {
	case "list", "map":
		return m.goElement(name)
	}
	return "*" + m.goElement(name)
}

// structures returns the names of the structures in set, sorted by Go name.
func (m *model) structures(set map[string]bool) []string {
	var names []string
	for name := range set {
		if m.Shapes[name].Type == "structure" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(m.goStruct(a), m.goStruct(b)) })
	return names
}

// exported returns a member's name as Go spells it.
func exported(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

// enumSuffix turns an enum's value into the end of a constant's name:
// FIFTEEN_MINUTES is FifteenMinutes, EmailVerificationFailed stays, and
// SensitiveData:S3Object/Multiple is SensitiveDataS3ObjectMultiple.
func enumSuffix(value string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		rest := word[1:]
		if word == strings.ToUpper(word) {
			rest = strings.ToLower(rest)
		}
		b.WriteString(strings.ToUpper(word[:1]) + rest)
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
