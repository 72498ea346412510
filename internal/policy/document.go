package policy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of a document. IAM's own limit for a role's inline policies is 10,240 characters.
const (
	MaxDocument   = 10240 // bytes
	maxStatements = 100
	maxValues     = 500 // of one list
)

// Kind is what a document is attached to.
type Kind int

const (
	// Identity documents are attached to keys and roles and say what these may do.
	Identity Kind = iota + 1
	// Trust documents belong to a role and say who may assume it.
	Trust
)

// Document is a policy that was read and can be evaluated. It is not changed afterwards.
type Document struct {
	kind       Kind
	variables  bool // ${…} is a variable: since version 2012-10-17
	tags       bool // it asks for tags of the resource
	statements []statement
}

type statement struct {
	sid        string
	deny       bool
	actions    []string // patterns, lower case
	notActions bool
	resources  []string // patterns
	notRes     bool
	principals []string // patterns of Principal.AWS; "*" is anyone
	federated  []string // names of issuers in Principal.Federated
	notPrinc   bool
	conditions []condition
}

// Error says what is wrong with a document, and where.
type Error struct {
	Place  string // such as Statement[1].Condition.StringLike; empty for the document itself
	Reason string
}

func (e *Error) Error() string {
	if e.Place == "" {
		return e.Reason
	}
	return e.Place + ": " + e.Reason
}

func wrong(place, format string, args ...any) error {
	return &Error{place, fmt.Sprintf(format, args...)}
}

// Parse reads a document. Its error is an *Error.
func Parse(kind Kind, text string) (*Document, error) {
	if len(text) > MaxDocument {
		return nil, wrong("", "the document has %d bytes; at most %d are allowed", len(text), MaxDocument)
	}
	d := &Document{kind: kind, tags: strings.Contains(strings.ToLower(text), "resourcetag") || strings.Contains(text, "\\u")}
	var statements jsontext.Value
	err := members("", jsontext.Value(text), func(place, name string, v jsontext.Value) error {
		switch name {
		case "Version":
			version, err := text1(place, v)
			if err != nil {
				return err
			}
			if version != "2012-10-17" && version != "2008-10-17" {
				return wrong(place, "must be 2012-10-17 or 2008-10-17")
			}
			d.variables = version == "2012-10-17"
		case "Id":
			_, err := text1(place, v)
			return err
		case "Statement":
			statements = v.Clone()
		default:
			return wrong(place, "there is no such element")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if statements == nil {
		return nil, wrong("", "Statement is missing")
	}
	if statements.Kind() == '{' {
		return d, d.add("Statement", statements)
	}
	n := 0
	err = elements("Statement", statements, func(place string, v jsontext.Value) error {
		if n++; n > maxStatements {
			return wrong("Statement", "has more than %d statements", maxStatements)
		}
		return d.add(place, v)
	})
	if err == nil && n == 0 {
		err = wrong("Statement", "has no statement")
	}
	return d, err
}

// AsksResourceTags reports whether the decision may depend on tags of the resource, which then have
// to be read.
func (d *Document) AsksResourceTags() bool { return d.tags }

// add reads one statement.
func (d *Document) add(place string, value jsontext.Value) error {
	s := statement{}
	have := map[string]bool{}
	err := members(place, value, func(at, name string, v jsontext.Value) (err error) {
		have[name] = true
		switch name {
		case "Sid":
			s.sid, err = text1(at, v)
		case "Effect":
			var effect string
			effect, err = text1(at, v)
			if err == nil && effect != "Allow" && effect != "Deny" {
				err = wrong(at, "must be Allow or Deny")
			}
			s.deny = effect == "Deny"
		case "Action", "NotAction":
			s.notActions = name == "NotAction"
			s.actions, err = readActions(at, v)
		case "Resource", "NotResource":
			s.notRes = name == "NotResource"
			s.resources, err = d.readResources(at, v)
		case "Principal", "NotPrincipal":
			s.notPrinc = name == "NotPrincipal"
			s.principals, s.federated, err = readPrincipals(at, v)
		case "Condition":
			s.conditions, err = d.readConditions(at, v)
		default:
			err = wrong(at, "there is no such element")
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := d.complete(place, have); err != nil {
		return err
	}
	if err := s.namesIssuers(place); err != nil {
		return err
	}
	d.statements = append(d.statements, s)
	return nil
}

// complete says whether a statement has what it needs, and nothing that excludes something else it
// has.
func (d *Document) complete(place string, have map[string]bool) error {
	one := func(a, b string, needed bool) error {
		switch {
		case have[a] && have[b]:
			return wrong(place, "%s and %s exclude each other", a, b)
		case needed && !have[a] && !have[b]:
			return wrong(place, "%s or %s is missing", a, b)
		case !needed && (have[a] || have[b]):
			return wrong(place, "%s has no place here", a)
		}
		return nil
	}
	if !have["Effect"] {
		return wrong(place, "Effect is missing")
	}
	if err := one("Action", "NotAction", true); err != nil {
		return err
	}
	if err := one("Resource", "NotResource", d.kind == Identity); err != nil {
		return err
	}
	return one("Principal", "NotPrincipal", d.kind == Trust)
}

func readActions(place string, value jsontext.Value) ([]string, error) {
	actions, err := list(place, value)
	if err != nil {
		return nil, err
	}
	for i, a := range actions {
		service, name, ok := strings.Cut(a, ":")
		if a != "*" && (!ok || service == "" || name == "" || strings.ContainsAny(a, " \t\r\n/${}")) {
			return nil, wrong(index(place, i), "must have the form SERVICE:ACTION, such as macie2:GetMember, or be *")
		}
		actions[i] = strings.ToLower(a)
	}
	return actions, nil
}

func (d *Document) readResources(place string, value jsontext.Value) ([]string, error) {
	resources, err := list(place, value)
	if err != nil {
		return nil, err
	}
	for i, r := range resources {
		if r != "*" && (!strings.HasPrefix(r, "arn:") || strings.Count(r, ":") < 5) {
			return nil, wrong(index(place, i), "must be an ARN, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or *")
		}
		if err := d.checkVariables(index(place, i), r); err != nil {
			return nil, err
		}
	}
	return resources, nil
}

// readPrincipals reads "*" or {"AWS": …, "Federated": …}. Services do not exist here: a statement
// that names one matches nobody, like one for a role that was made for a service of AWS does.
func readPrincipals(place string, value jsontext.Value) (principals, federated []string, err error) {
	if value.Kind() == '"' {
		p, err := text1(place, value)
		if err == nil && p != "*" {
			err = wrong(place, `must be "*" or {"AWS": …}`)
		}
		return []string{"*"}, nil, err
	}
	err = members(place, value, func(at, name string, v jsontext.Value) error {
		names, err := list(at, v)
		if err != nil {
			return err
		}
		switch name {
		case "AWS":
		case "Federated":
			federated = append(federated, names...)
			return nil
		case "Service", "CanonicalUser":
			principals = append(principals, nobody)
			return nil
		default:
			return wrong(at, "there is no such kind of principals")
		}
		for i, n := range names {
			p, ok := readPrincipal(n)
			if !ok {
				return wrong(index(at, i), "must be an account id, the ARN of an account's root, user, role or session, or *")
			}
			principals = append(principals, p)
		}
		return nil
	})
	if err == nil && len(principals)+len(federated) == 0 {
		err = wrong(place, "names nobody")
	}
	return principals, federated, err
}

// nobody is a principal that nobody is.
const nobody = "nobody"

func readPrincipal(name string) (string, bool) {
	if name == "*" {
		return name, true
	}
	if isAccount(name) {
		return "arn:aws:iam::" + name + ":root", true
	}
	parts := strings.Split(name, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[3] != "" || !isAccount(parts[4]) || strings.ContainsAny(name, "*?$") {
		return "", false
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
	case parts[2] == "iam" && (kind == "user" || kind == "role") && rest != "":
	case parts[2] == "sts" && kind == "assumed-role" && strings.Count(rest, "/") == 1:
	default:
		return "", false
	}
	return name, true
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// readConditions reads {OPERATOR: {KEY: VALUE or [VALUE…]}}.
func (d *Document) readConditions(place string, value jsontext.Value) ([]condition, error) {
	var conditions []condition
	err := members(place, value, func(at, operator string, v jsontext.Value) error {
		c, err := newOperator(at, operator)
		if err != nil {
			return err
		}
		return members(at, v, func(at, key string, v jsontext.Value) error {
			if err := checkKey(at, key, d.kind); err != nil {
				return err
			}
			values, err := scalars(at, v)
			if err != nil {
				return err
			}
			c := c
			c.key = lowerKey(key)
			if slices.ContainsFunc(conditions, func(o condition) bool { return o.sameOperator(&c) && strings.EqualFold(o.key, c.key) }) {
				return wrong(at, "the condition key is there twice: its letter case does not matter")
			}
			if err := d.fill(at, &c, values); err != nil {
				return err
			}
			conditions = append(conditions, c)
			return nil
		})
	})
	return conditions, err
}

// fill reads the values of a condition as its operator understands them.
func (d *Document) fill(place string, c *condition, values []string) error {
	for i, v := range values {
		at := place
		if len(values) > 1 {
			at = index(place, i)
		}
		if c.family.text() {
			if err := d.checkVariables(at, v); err != nil {
				return err
			}
			if !d.variables {
				v = escapeVariables(v)
			}
		}
		if err := c.take(v); err != nil {
			return wrong(at, "%v", err)
		}
	}
	return nil
}

// members calls f for each member of a JSON object, with its place.
func members(place string, value jsontext.Value, f func(place, name string, v jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewReader(value)) // strict: duplicate names and invalid UTF-8 are errors
	t, err := dec.ReadToken()
	if err != nil {
		return notJSON(place, err)
	}
	if t.Kind() != '{' {
		return wrong(place, "must be a JSON object")
	}
	for dec.PeekKind() == '"' {
		t, err := dec.ReadToken()
		if err != nil {
			return notJSON(place, err)
		}
		name := t.String()
		at := name
		if place != "" {
			at = place + "." + clip(name)
		}
		v, err := dec.ReadValue()
		if err != nil {
			return notJSON(at, err)
		}
		if err := f(at, name, v); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return notJSON(place, err)
	}
	if place == "" && len(bytes.TrimSpace(value[dec.InputOffset():])) > 0 {
		return wrong("", "something follows the document")
	}
	return nil
}

// elements calls f for each element of a JSON array.
func elements(place string, value jsontext.Value, f func(place string, v jsontext.Value) error) error {
	if value.Kind() != '[' {
		return wrong(place, "must be a JSON object or a list of them")
	}
	dec := jsontext.NewDecoder(bytes.NewReader(value))
	if _, err := dec.ReadToken(); err != nil {
		return notJSON(place, err)
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		v, err := dec.ReadValue()
		if err != nil {
			return notJSON(place, err)
		}
		if err := f(index(place, i), v); err != nil {
			return err
		}
	}
	return nil
}

// notJSON words a syntax error without repeating the document.
func notJSON(place string, err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return wrong(place, "is not JSON: %v at byte %d", syntactic.Err, syntactic.ByteOffset)
	}
	return wrong(place, "is not JSON")
}

func text1(place string, value jsontext.Value) (string, error) {
	if value.Kind() != '"' {
		return "", wrong(place, "must be a string")
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return "", notJSON(place, err)
	}
	return s, nil
}

// list reads a string, or a list of them that is not empty.
func list(place string, value jsontext.Value) ([]string, error) {
	return readList(place, value, text1, "a string")
}

// scalars reads a value of a condition, or a list of them: numbers and booleans stand for their
// texts.
func scalars(place string, value jsontext.Value) ([]string, error) {
	return readList(place, value, func(place string, v jsontext.Value) (string, error) {
		switch v.Kind() {
		case '"':
			return text1(place, v)
		case 't', 'f', '0':
			return string(v), nil
		default:
			return "", wrong(place, "must be a string, a number or a boolean")
		}
	}, "a value")
}

func readList(place string, value jsontext.Value, one func(string, jsontext.Value) (string, error), what string) ([]string, error) {
	if value.Kind() != '[' {
		s, err := one(place, value)
		return []string{s}, err
	}
	var values []string
	err := elements(place, value, func(at string, v jsontext.Value) error {
		s, err := one(at, v)
		values = append(values, s)
		if err == nil && len(values) > maxValues {
			err = wrong(place, "has more than %d values", maxValues)
		}
		return err
	})
	if err == nil && len(values) == 0 {
		err = wrong(place, "must be %s, or a list that is not empty", what)
	}
	return values, err
}

func index(place string, i int) string { return place + "[" + strconv.Itoa(i) + "]" }

// clip bounds a name that is repeated in an error.
func clip(name string) string {
	const most = 60
	name = strings.ToValidUTF8(name, "?")
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}
