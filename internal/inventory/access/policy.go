package access

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"magpie/internal/inventory/objectstore"
)

// document is a policy that was read.
type document struct{ statements []statement }

type statement struct {
	deny         bool
	actions      []string // patterns, lower case
	notActions   bool
	resources    []string
	notResources bool
	principals   principals
	conditions   []condition
}

// principals are whom a statement is about.
type principals struct {
	not       bool // everybody else
	everybody bool
	aws       []string
	canonical []string
	services  []string
	federated []string
}

// condition is one key of one operator.
type condition struct {
	operator string // without quantifier and IfExists, lower case
	ifExists bool
	forAll   bool
	key      string // lower case
	values   []string
}

// Bounds of a policy. AWS's own is 20 KB in all.
const (
	maxPolicy     = 64 << 10
	maxStatements = 500
	maxValues     = 2000
	// maxSteps bounds the work of evaluating one: about as many characters are compared. The largest policies that AWS takes need a tenth.
	maxSteps = 20_000_000
)

var errPolicy = errors.New("the policy is not written as policies are")

// parse reads a policy. It refuses whatever it could not evaluate.
func parse(text string) (*document, error) {
	if len(text) > maxPolicy {
		return nil, fmt.Errorf("%w: it is too long", errPolicy)
	}
	var raw struct {
		Statement jsontext.Value
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil || len(raw.Statement) == 0 {
		return nil, errPolicy
	}
	list := []jsontext.Value{raw.Statement}
	if raw.Statement.Kind() == '[' {
		list = nil
		if err := json.Unmarshal(raw.Statement, &list); err != nil {
			return nil, errPolicy
		}
	}
	if len(list) > maxStatements {
		return nil, fmt.Errorf("%w: it has too many statements", errPolicy)
	}
	d := &document{}
	for _, v := range list {
		st, err := parseStatement(v)
		if err != nil {
			return nil, err
		}
		d.statements = append(d.statements, st)
	}
	return d, nil
}

func parseStatement(v jsontext.Value) (st statement, err error) {
	var raw map[string]jsontext.Value
	if v.Kind() != '{' {
		return st, errPolicy
	}
	if err := json.Unmarshal(v, &raw); err != nil {
		return st, errPolicy
	}
	var effect string
	for name, v := range raw {
		switch name {
		case "Sid":
		case "Effect":
			err = json.Unmarshal(v, &effect)
			st.deny = effect == "Deny"
		case "Action", "NotAction":
			st.notActions = name == "NotAction"
			st.actions, err = texts(v)
			for i := range st.actions {
				st.actions[i] = strings.ToLower(st.actions[i])
			}
		case "Resource", "NotResource":
			st.notResources = name == "NotResource"
			st.resources, err = texts(v)
		case "Principal", "NotPrincipal":
			st.principals, err = parsePrincipals(v)
			st.principals.not = name == "NotPrincipal"
		case "Condition":
			st.conditions, err = parseConditions(v)
		default:
			err = errPolicy
		}
		if err != nil {
			return st, errPolicy
		}
	}
	both := func(a, b string) bool { return (raw[a] == nil) == (raw[b] == nil) }
	if effect != "Allow" && effect != "Deny" || both("Action", "NotAction") || both("Resource", "NotResource") || both("Principal", "NotPrincipal") {
		return st, errPolicy
	}
	return st, nil
}

// texts reads a string or a list of scalars.
func texts(v jsontext.Value) ([]string, error) {
	var list []jsontext.Value
	if v.Kind() == '[' {
		if err := json.Unmarshal(v, &list); err != nil || len(list) > maxValues {
			return nil, errPolicy
		}
	} else {
		list = []jsontext.Value{v}
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		switch e.Kind() {
		case '"':
			var s string
			if err := json.Unmarshal(e, &s); err != nil {
				return nil, errPolicy
			}
			out = append(out, s)
		case 't', 'f', '0':
			out = append(out, string(bytes.TrimSpace(e)))
		default:
			return nil, errPolicy
		}
	}
	return out, nil
}

func parsePrincipals(v jsontext.Value) (p principals, err error) {
	if v.Kind() == '"' {
		list, err := texts(v)
		if err == nil && list[0] != "*" {
			err = errPolicy
		}
		p.everybody = true
		return p, err
	}
	var raw map[string]jsontext.Value
	if v.Kind() != '{' || json.Unmarshal(v, &raw) != nil || len(raw) == 0 {
		return p, errPolicy
	}
	for kind, v := range raw {
		list, err := texts(v)
		if err != nil {
			return p, err
		}
		star := slices.Contains(list, "*")
		list = slices.DeleteFunc(list, func(s string) bool { return s == "*" })
		switch kind {
		case "AWS":
			p.aws, p.everybody = list, p.everybody || star
		case "CanonicalUser":
			p.canonical, p.everybody = list, p.everybody || star
		case "Service":
			p.services = list
			if star {
				p.services = append(p.services, "*")
			}
		case "Federated":
			p.federated = list
			if star {
				p.federated = append(p.federated, "*")
			}
		case "*":
			p.everybody = true
		default:
			return p, errPolicy
		}
	}
	return p, nil
}

func parseConditions(v jsontext.Value) (list []condition, err error) {
	var raw map[string]map[string]jsontext.Value
	if v.Kind() != '{' || json.Unmarshal(v, &raw) != nil {
		return nil, errPolicy
	}
	for operator, keys := range raw {
		c := condition{operator: strings.ToLower(operator)}
		if rest, ok := strings.CutPrefix(c.operator, "forallvalues:"); ok {
			c.operator, c.forAll = rest, true
		} else if rest, ok := strings.CutPrefix(c.operator, "foranyvalue:"); ok {
			c.operator = rest
		}
		c.operator, c.ifExists = strings.CutSuffix(c.operator, "ifexists")
		for key, v := range keys {
			c := c
			c.key = strings.ToLower(key)
			if c.values, err = texts(v); err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	return list, nil
}

// verdicts are what a policy says.
type verdicts struct {
	public, read, write Verdict
	external, internal  Verdict
	cloudFront          Verdict
	unencrypted         Verdict
}

// readPolicy reads a bucket's policy.
func readPolicy(s Settings, a *Access) verdicts {
	switch s.Policy.State {
	case objectstore.Unknown:
		a.note("the policy is not known" + because(s.Policy.Reason))
		return verdicts{}
	case objectstore.Absent:
		return verdicts{No, No, No, No, No, No, Yes}
	}
	d, err := parse(s.Policy.Value)
	if err != nil {
		a.note(err.Error())
		return verdicts{}
	}
	v := d.evaluate(s, a)
	if a.exhausted() {
		a.note("the policy takes too long to evaluate")
		return verdicts{}
	}
	return v
}

// evaluate is what a policy says, unless the work is exhausted meanwhile.
func (d *document) evaluate(s Settings, a *Access) verdicts {
	v := verdicts{No, No, No, No, No, No, d.unencrypted(s.Bucket, a)}
	w := weighing{document: d, covered: make([][]bool, len(d.statements)), settings: s, access: a}
	covered := w.covered
	for i := range d.statements {
		covered[i] = make([]bool, len(actions))
		for n, action := range actions {
			covered[i][n] = d.statements[i].covers(action.name, a)
		}
	}
	for i := range d.statements {
		st := &d.statements[i]
		if st.deny {
			continue
		}
		c, parts := st.crowd(s, a), st.reach(s.Bucket, a)
		for _, part := range parts {
			w.denials = d.denials(part, a)
			for n, action := range actions {
				if covered[i][n] && action.object == part.object && !a.exhausted() {
					v.grant(&w, st, c, n)
				}
			}
		}
		if !slices.Contains(covered[i], true) && !st.notActions && len(parts) > 0 &&
			slices.ContainsFunc(st.actions, func(p string) bool { return strings.HasPrefix(p, "s3:") }) {
			a.note("the policy allows an action that is not known")
			v.public, v.external = v.public.or(c.public.and(Unknown)), v.external.or(c.external.and(Unknown))
		}
	}
	return v
}

// action is something that can be done to a bucket or to an object.
type action struct {
	name   string
	object bool
	write  bool
}

// actions are those that are looked at: one for each way in which policies of different effect are written. What matters of further
// actions is that patterns which cover them cover one of these, or that nothing of the bucket is reached by them.
var actions = []action{
	{"s3:listbucket", false, false}, {"s3:listbucketversions", false, false}, {"s3:listbucketmultipartuploads", false, false},
	{"s3:getbucketacl", false, false}, {"s3:getbucketpolicy", false, false}, {"s3:getbucketlocation", false, false},
	{"s3:getbucketversioning", false, false}, {"s3:getbuckettagging", false, false}, {"s3:getbucketcors", false, false},
	{"s3:getbucketwebsite", false, false}, {"s3:getbucketnotification", false, false}, {"s3:getbucketlogging", false, false},
	{"s3:getbucketpublicaccessblock", false, false}, {"s3:getbucketpolicystatus", false, false}, {"s3:getbucketownershipcontrols", false, false},
	{"s3:getbucketrequestpayment", false, false}, {"s3:getbucketobjectlockconfiguration", false, false},
	{"s3:getlifecycleconfiguration", false, false}, {"s3:getencryptionconfiguration", false, false},
	{"s3:getreplicationconfiguration", false, false}, {"s3:getinventoryconfiguration", false, false},
	{"s3:getmetricsconfiguration", false, false}, {"s3:getanalyticsconfiguration", false, false}, {"s3:getaccelerateconfiguration", false, false},
	{"s3:getintelligenttieringconfiguration", false, false},
	{"s3:getobject", true, false}, {"s3:getobjectversion", true, false}, {"s3:getobjectacl", true, false}, {"s3:getobjectversionacl", true, false},
	{"s3:getobjecttagging", true, false}, {"s3:getobjectversiontagging", true, false}, {"s3:getobjecttorrent", true, false},
	{"s3:getobjectattributes", true, false}, {"s3:getobjectversionattributes", true, false}, {"s3:getobjectretention", true, false},
	{"s3:getobjectlegalhold", true, false}, {"s3:getobjectversionforreplication", true, false}, {"s3:listmultipartuploadparts", true, false},
	{"s3:putobject", true, true}, {"s3:putobjectacl", true, true}, {"s3:putobjectversionacl", true, true}, {"s3:putobjecttagging", true, true},
	{"s3:putobjectversiontagging", true, true}, {"s3:putobjectretention", true, true}, {"s3:putobjectlegalhold", true, true},
	{"s3:deleteobject", true, true}, {"s3:deleteobjectversion", true, true}, {"s3:deleteobjecttagging", true, true},
	{"s3:deleteobjectversiontagging", true, true}, {"s3:abortmultipartupload", true, true}, {"s3:restoreobject", true, true},
	{"s3:replicateobject", true, true}, {"s3:replicatedelete", true, true}, {"s3:replicatetags", true, true},
	{"s3:objectowneroverridetobucketowner", true, true}, {"s3:bypassgovernanceretention", true, true}, {"s3:initiatereplication", true, true},
	{"s3:deletebucket", false, true}, {"s3:deletebucketpolicy", false, true}, {"s3:deletebucketwebsite", false, true},
	{"s3:putbucketacl", false, true}, {"s3:putbucketpolicy", false, true}, {"s3:putbucketversioning", false, true},
	{"s3:putbuckettagging", false, true}, {"s3:putbucketcors", false, true}, {"s3:putbucketwebsite", false, true},
	{"s3:putbucketnotification", false, true}, {"s3:putbucketlogging", false, true}, {"s3:putbucketpublicaccessblock", false, true},
	{"s3:putbucketownershipcontrols", false, true}, {"s3:putbucketrequestpayment", false, true},
	{"s3:putbucketobjectlockconfiguration", false, true}, {"s3:putlifecycleconfiguration", false, true},
	{"s3:putencryptionconfiguration", false, true}, {"s3:putreplicationconfiguration", false, true},
	{"s3:putinventoryconfiguration", false, true}, {"s3:putmetricsconfiguration", false, true}, {"s3:putanalyticsconfiguration", false, true},
	{"s3:putaccelerateconfiguration", false, true}, {"s3:putintelligenttieringconfiguration", false, true},
}

// covers reports whether a statement is about an action.
func (st *statement) covers(action string, a *Access) bool {
	return slices.ContainsFunc(st.actions, func(p string) bool { return a.match(p, action) }) != st.notActions
}

// resource is a part of a bucket, as a pattern: the bucket itself, or some of its objects.
type resource struct {
	pattern string // what follows arn:aws:s3:::
	object  bool
}

// reach are the parts of the bucket that a statement is about, each once.
func (st *statement) reach(bucket string, a *Access) (list []resource) {
	if st.notResources {
		// All but these: the whole bucket, unless it is left out as a whole.
		for _, r := range []resource{{bucket, false}, {bucket + "/*", true}} {
			if !slices.ContainsFunc(st.resources, func(p string) bool { return a.match(a.part(p), r.pattern) }) {
				list = append(list, r)
			}
		}
		return list
	}
	seen := map[resource]bool{}
	add := func(r resource) {
		if !seen[r] {
			seen[r] = true
			list = append(list, r)
		}
	}
	for _, p := range st.resources {
		q := a.part(p)
		if q == nothing && strings.Contains(p, "*") {
			q = "*" // a wildcard that may reach over colons
		}
		if a.match(q, bucket) {
			add(resource{bucket, false})
		}
		for _, rest := range a.after(q, bucket+"/") {
			if !a.spend(len(rest)) {
				break
			}
			add(resource{bucket + "/" + rest, true})
		}
	}
	return list
}

// nothing is a pattern that no part of a bucket matches.
const nothing = "\x00"

// part is what follows arn:aws:s3::: in an ARN, in whatever partition.
func (a *Access) part(p string) string {
	if p == "*" {
		return p
	}
	a.spend(len(p))
	parts := strings.SplitN(p, ":", 6)
	if len(parts) != 6 || !a.match(parts[0], "arn") || !a.match(parts[2], "s3") {
		return nothing
	}
	return parts[5]
}

// after are the patterns that what follows a text has to match, for the text and what follows it to match a pattern. There is more than
// one when a wildcard may end in several places.
func (a *Access) after(pattern, value string) (rest []string) {
	at, next := make([]bool, len(pattern)+1), make([]bool, len(pattern)+1)
	at[0] = true
	for i := 0; i <= len(value); i++ {
		if !a.spend(len(pattern) + 1) {
			return nil
		}
		// A star may stand for nothing.
		any := false
		for p := range len(pattern) {
			if at[p] && pattern[p] == '*' {
				at[p+1] = true
			}
			any = any || at[p]
		}
		if i == len(value) {
			break
		}
		if !any {
			return nil
		}
		clear(next)
		for p := range len(pattern) {
			switch {
			case !at[p]:
			case pattern[p] == '*':
				next[p] = true
			case pattern[p] == '?' || pattern[p] == value[i]:
				next[p+1] = true
			}
		}
		at, next = next, at
	}
	for p := range len(pattern) { // a key is not empty
		if at[p] {
			rest = append(rest, pattern[p:])
		}
	}
	slices.Sort(rest)
	return rest
}

// spend takes from the work that is left for the policy, and reports whether there was enough of it. Policies are written by whoever owns
// the bucket, and patterns of some kilobytes can be made to match each other in very many ways.
func (a *Access) spend(steps int) bool {
	a.steps += steps
	return !a.exhausted()
}

func (a *Access) exhausted() bool { return a.steps > maxSteps }

// match reports whether a value matches a pattern, in which * stands for any characters and ? for one. Nothing matches any more when the work
// is exhausted.
func (a *Access) match(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	a.steps++
	for v < len(value) {
		if !a.spend(1) {
			return false
		}
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
