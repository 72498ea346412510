package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"magpie/internal/macie2"
)

// A role's trust policy is IAM policy JSON. What is understood here is what
// trust policies are made of in practice; whatever is not is refused when the
// role is created, so that nothing is ever granted by a condition nobody
// evaluated. The evaluator of permissions, when there is one, takes the place of
// this behind trustDecider.

// trustDecider says whether a trust policy lets somebody do something. It errs on
// documents it cannot evaluate, and an error means no.
type trustDecider interface {
	Allows(document string, q trustQuestion) (bool, error)
}

// trustQuestion is who asks for what.
type trustQuestion struct {
	Action     string // sts:AssumeRole
	Principal  macie2.Principal
	RoleARN    string // of the role whose session asks; empty for users
	ExternalID *string
	Session    string // the name of the session to come
}

// TrustAccount is the trust policy which trusts the principals of one account,
// as far as their own permissions allow.
func TrustAccount(id macie2.AccountID) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + string(id) + `:root"},"Action":"sts:AssumeRole"}]}`
}

// trustPolicy decides by itself, without the rest of IAM.
type trustPolicy struct{}

// Allows follows IAM: a statement that denies wins over any that allow.
func (trustPolicy) Allows(document string, q trustQuestion) (bool, error) {
	statements, err := parseTrust(document)
	if err != nil {
		return false, err
	}
	allowed := false
	for _, s := range statements {
		if !s.matches(q) {
			continue
		}
		if s.deny {
			return false, nil
		}
		allowed = true
	}
	return allowed, nil
}

type trustStatement struct {
	deny       bool
	anyone     bool
	principals []string // account ids and ARNs
	actions    []string
	conditions []trustCondition
}

type trustCondition struct {
	operator string
	ifExists bool
	key      string // lower case
	values   []string
}

// oneOrMany is a JSON string or a list of them.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]string)(o))
	}
	var one string
	if err := json.UnmarshalDecode(d, &one); err != nil {
		return err
	}
	*o = oneOrMany{one}
	return nil
}

type statementJSON struct {
	Sid       string                          `json:"Sid"`
	Effect    string                          `json:"Effect"`
	Principal jsontext.Value                  `json:"Principal"`
	Action    oneOrMany                       `json:"Action"`
	Condition map[string]map[string]oneOrMany `json:"Condition"`
}

const maxTrustBytes = 64 << 10

// parseTrust reads a trust policy; its errors name the place.
func parseTrust(document string) ([]trustStatement, error) {
	if len(document) > maxTrustBytes {
		return nil, fmt.Errorf("it is longer than %d bytes", maxTrustBytes)
	}
	var outer struct {
		Version   string         `json:"Version"`
		ID        string         `json:"Id"`
		Statement jsontext.Value `json:"Statement"`
	}
	strict := json.RejectUnknownMembers(true)
	if err := json.Unmarshal([]byte(document), &outer, strict); err != nil {
		return nil, err
	}
	if outer.Version != "" && outer.Version != "2012-10-17" && outer.Version != "2008-10-17" {
		return nil, fmt.Errorf(`Version: %q is none; use "2012-10-17"`, outer.Version)
	}
	var list []statementJSON
	switch outer.Statement.Kind() {
	case '[':
		if err := json.Unmarshal(outer.Statement, &list, strict); err != nil {
			return nil, fmt.Errorf("Statement: %w", err)
		}
	case '{':
		list = make([]statementJSON, 1)
		if err := json.Unmarshal(outer.Statement, &list[0], strict); err != nil {
			return nil, fmt.Errorf("Statement: %w", err)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("Statement: at least one is needed")
	}
	statements := make([]trustStatement, len(list))
	for i, s := range list {
		var err error
		if statements[i], err = readStatement(s); err != nil {
			return nil, fmt.Errorf("Statement[%d]: %w", i, err)
		}
	}
	return statements, nil
}

func readStatement(in statementJSON) (s trustStatement, err error) {
	switch in.Effect {
	case "Allow":
	case "Deny":
		s.deny = true
	default:
		return s, fmt.Errorf(`Effect: %q is neither "Allow" nor "Deny"`, in.Effect)
	}
	if len(in.Action) == 0 {
		return s, errors.New("Action: at least one is needed")
	}
	for _, a := range in.Action {
		if a != "*" && !strings.HasPrefix(strings.ToLower(a), "sts:") {
			return s, fmt.Errorf("Action: %q is not an action of STS", a)
		}
	}
	s.actions = in.Action
	if s.anyone, s.principals, err = readPrincipal(in.Principal); err != nil {
		return s, err
	}
	for operator, keys := range in.Condition {
		for key, values := range keys {
			c := trustCondition{operator: operator, key: strings.ToLower(key), values: values}
			c.operator, c.ifExists = strings.CutSuffix(operator, "IfExists")
			if _, ok := trustOperators[c.operator]; !ok {
				return s, fmt.Errorf("Condition: the operator %q is not supported; known are %s", operator, strings.Join(sortedKeys(trustOperators), ", "))
			}
			if _, ok := trustKeys[c.key]; !ok {
				return s, fmt.Errorf("Condition: the key %q is not supported; known are %s", key, strings.Join(sortedKeys(trustKeys), ", "))
			}
			if len(values) == 0 {
				return s, fmt.Errorf("Condition: %s of %s has no value", operator, key)
			}
			for _, v := range values {
				if strings.Contains(v, "${") {
					return s, fmt.Errorf("Condition: policy variables such as %q are not supported in trust policies", v)
				}
			}
			s.conditions = append(s.conditions, c)
		}
	}
	return s, nil
}

func readPrincipal(value jsontext.Value) (anyone bool, names []string, err error) {
	switch value.Kind() {
	case '"':
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return false, nil, err
		}
		if text != "*" {
			return false, nil, fmt.Errorf(`Principal: %q; the only text that can stand here is "*"`, text)
		}
		return true, nil, nil
	case '{':
		var kinds map[string]oneOrMany
		if err := json.Unmarshal(value, &kinds); err != nil {
			return false, nil, fmt.Errorf("Principal: %w", err)
		}
		for kind, list := range kinds {
			switch kind {
			case "AWS":
			case "Service", "Federated", "CanonicalUser":
				continue // nobody of that kind calls this server
			default:
				return false, nil, fmt.Errorf("Principal: the kind %q is not known", kind)
			}
			for _, name := range list {
				if name == "*" {
					anyone = true
				} else if _, _, err := splitPrincipal(name); err != nil {
					return false, nil, fmt.Errorf("Principal: %w", err)
				}
			}
			names = append(names, list...)
		}
		if len(kinds) == 0 {
			return false, nil, errors.New("Principal: at least one is needed")
		}
		return anyone, names, nil
	}
	return false, nil, errors.New(`Principal: it is missing, or neither "*" nor an object`)
}

// splitPrincipal takes apart an account id or an ARN of a user, role, session or
// account root. resource is "" for a whole account.
func splitPrincipal(name string) (account, resource string, err error) {
	if _, err := macie2.ParseAccountID(name); err == nil {
		return name, "", nil
	}
	part := strings.SplitN(name, ":", 6)
	if len(part) == 6 && part[0] == "arn" && strings.HasPrefix(part[1], "aws") && (part[2] == "iam" || part[2] == "sts") && part[3] == "" {
		if _, err := macie2.ParseAccountID(part[4]); err == nil {
			if part[2] == "iam" && part[5] == "root" {
				return part[4], "", nil
			}
			kind, rest, ok := strings.Cut(part[5], "/")
			known := part[2] == "iam" && (kind == "user" || kind == "role") || part[2] == "sts" && kind == "assumed-role"
			if ok && known && rest != "" && !strings.ContainsAny(rest, "*?") {
				return part[4], part[5], nil
			}
		}
	}
	return "", "", fmt.Errorf("%q is neither an account id nor the ARN of a user, role or session", name)
}

func (s trustStatement) matches(q trustQuestion) bool {
	return s.matchesPrincipal(q) &&
		slices.ContainsFunc(s.actions, func(pattern string) bool {
			return like(strings.ToLower(pattern), strings.ToLower(q.Action))
		}) &&
		!slices.ContainsFunc(s.conditions, func(c trustCondition) bool { return !c.holds(q) })
}

func (s trustStatement) matchesPrincipal(q trustQuestion) bool {
	if s.anyone {
		return true
	}
	for _, name := range s.principals {
		account, resource, err := splitPrincipal(name)
		switch {
		case err != nil:
		case resource == "":
			if account == string(q.Principal.Account) {
				return true
			}
		case name == q.Principal.ARN, q.RoleARN != "" && name == q.RoleARN:
			return true
		}
	}
	return false
}

// trustOperators compare one value of a request with one of the policy; negated
// ones hold if no value matches.
var trustOperators = map[string]struct {
	match   func(pattern, value string) bool
	negated bool
}{
	"StringEquals":              {func(p, v string) bool { return p == v }, false},
	"StringNotEquals":           {func(p, v string) bool { return p == v }, true},
	"StringEqualsIgnoreCase":    {strings.EqualFold, false},
	"StringNotEqualsIgnoreCase": {strings.EqualFold, true},
	"StringLike":                {like, false},
	"StringNotLike":             {like, true},
	"ArnEquals":                 {like, false}, // IAM's ArnEquals and ArnLike do the same
	"ArnLike":                   {like, false},
	"ArnNotEquals":              {like, true},
	"ArnNotLike":                {like, true},
}

// trustKeys are the condition keys a request has a value for.
var trustKeys = map[string]func(trustQuestion) (string, bool){
	"sts:externalid": func(q trustQuestion) (string, bool) {
		if q.ExternalID == nil {
			return "", false
		}
		return *q.ExternalID, true
	},
	"sts:rolesessionname":  func(q trustQuestion) (string, bool) { return q.Session, true },
	"aws:principalaccount": func(q trustQuestion) (string, bool) { return string(q.Principal.Account), true },
	"aws:principalarn": func(q trustQuestion) (string, bool) {
		if q.RoleARN != "" { // IAM compares the role, not the session
			return q.RoleARN, true
		}
		return q.Principal.ARN, true
	},
}

func (c trustCondition) holds(q trustQuestion) bool {
	operator := trustOperators[c.operator]
	value, ok := trustKeys[c.key](q)
	if !ok { // as IAM has it: a missing key matches nothing, so "not" holds
		return c.ifExists || operator.negated
	}
	matched := slices.ContainsFunc(c.values, func(pattern string) bool { return operator.match(pattern, value) })
	return matched != operator.negated
}

// like matches "*" against anything and "?" against one character, in time
// proportional to the product of the lengths at worst.
func like(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
