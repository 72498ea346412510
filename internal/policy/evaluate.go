package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/macie2"
)

// Request is what is to be decided: who wants to do what to what, and under which circumstances.
type Request struct {
	Action   string // macie2:CreateInvitations
	Resource string // an ARN, or * for an action without one

	Principal macie2.Principal
	RoleARN   string // of the role whose session asks; empty for users
	// Federated are the names of the issuer by whose token somebody asks who is no principal;
	// Context then has the token's claims under their ClaimKey.
	Federated []string

	Region   string
	SourceIP string
	Now      time.Time

	RequestTags  map[string]string   // tags that the request sets
	ResourceTags map[string]string   // tags of the resource
	TagKeys      []string            // keys of tags that the request names
	Context      map[string][]string // further keys, in lower case, such as sts:externalid
}

// RoleOf is the ARN of the role whose session a principal is; empty for a user.
func RoleOf(p macie2.Principal) string {
	_, session, ok := strings.Cut(p.ARN, ":assumed-role/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(session, "/")
	return "arn:aws:iam::" + string(p.Account) + ":role/" + name
}

// Keys that a condition may ask for, in lower case, with the kinds of documents in which they mean
// something. Keys that end in a slash are followed by a tag's key.
var keys = map[string]bool{ // true: in trust documents only
	"aws:requesttag/": false, "aws:resourcetag/": false, "aws:tagkeys": false,
	"aws:sourceip": false, "aws:principalaccount": false, "aws:principalarn": false, "aws:principaltype": false,
	"aws:userid": false, "aws:username": false, "aws:requestedregion": false, "aws:currenttime": false, "aws:epochtime": false,
	"aws:resourceaccount": false, "aws:sourceidentity": false,
	"sts:externalid": true, "sts:rolesessionname": true, "sts:sourceidentity": true,
}

// lowerKey is a condition key in lower case, less the key of a tag: folding is not lowering in
// every script.
func lowerKey(key string) string {
	name, tag, _ := strings.Cut(key, "/")
	if lower := strings.ToLower(key); !isTagKey(lower) {
		return lower
	}
	return strings.ToLower(name) + "/" + tag
}

// isTagKey reports whether a key, in lower case, asks for a tag.
func isTagKey(key string) bool {
	return strings.HasPrefix(key, "aws:requesttag/") || strings.HasPrefix(key, "aws:resourcetag/")
}

// checkKey refuses a condition key that has no value here: a condition on it would be decided by
// its absence.
func checkKey(place, key string, kind Kind) error {
	k := lowerKey(key)
	if tag, rest, ok := strings.Cut(k, "/"); ok {
		if _, known := keys[tag+"/"]; known && rest != "" {
			return nil
		}
	}
	trustOnly, known := keys[k]
	if !known && kind == Trust && isClaimKey(k) {
		return nil // see namesIssuers
	}
	if !known || strings.HasSuffix(k, "/") || trustOnly && kind != Trust {
		return wrong(place, "the condition key %s has no value here", clip(key))
	}
	return nil
}

// values are the values of a condition key, none when it is not there.
func (r *Request) values(key string) []string {
	one := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	if tag, rest, _ := strings.Cut(key, "/"); isTagKey(key) {
		tags := r.ResourceTags
		if tag == "aws:requesttag" {
			tags = r.RequestTags
		}
		// Tag keys in conditions do not heed letter case. Keys that differ in nothing else are
		// refused where tags are set; where there are such all the same, all of their values are
		// asked.
		var values []string
		for k, v := range tags {
			if strings.EqualFold(k, rest) {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		return values
	}
	switch key {
	case "aws:tagkeys":
		return r.TagKeys
	case "aws:sourceip":
		return one(r.SourceIP)
	case "aws:principalaccount", "aws:resourceaccount":
		return one(string(r.Principal.Account))
	case "aws:principalarn":
		if r.RoleARN != "" {
			return []string{r.RoleARN}
		}
		return one(r.Principal.ARN)
	case "aws:principaltype":
		if r.RoleARN != "" {
			return []string{"AssumedRole"}
		}
		return []string{"User"}
	case "aws:userid":
		return one(r.Principal.ID)
	case "aws:username":
		if _, name, ok := strings.Cut(r.Principal.ARN, ":user/"); ok {
			return []string{name[strings.LastIndexByte(name, '/')+1:]}
		}
		return nil
	case "aws:sourceidentity":
		return one(r.Principal.SourceIdentity)
	case "aws:requestedregion":
		return one(r.Region)
	case "aws:currenttime":
		return []string{r.Now.UTC().Format(time.RFC3339)}
	case "aws:epochtime":
		return []string{strconv.FormatInt(r.Now.Unix(), 10)}
	}
	return r.Context[key]
}

// Effect is the outcome of a decision.
type Effect int

const (
	// ImplicitDeny: nothing allows it.
	ImplicitDeny Effect = iota
	// Allow: something allows it, and nothing denies it.
	Allow
	// ExplicitDeny: something denies it.
	ExplicitDeny
)

func (e Effect) String() string { return [...]string{"implicitDeny", "allowed", "explicitDeny"}[e] }

// Decision is the outcome, and what it rests on.
type Decision struct {
	Effect   Effect
	Document int    // which document; -1 for an implicit deny
	Sid      string // of the statement, if it has one
	Place    int    // of the statement in its document
}

// mostSteps bounds the characters that are compared for one decision. Ten documents of 500 patterns
// each, asked about 50 tags, are within it.
const mostSteps = 10_000_000

// question is a decision on its way.
type question struct {
	*Request
	action string // lower case
	deny   bool   // the statement in question denies
	steps  int
}

// Evaluate decides over all documents that apply. What would take too long is denied.
func Evaluate(documents []*Document, r *Request) Decision {
	decision := Decision{Effect: ImplicitDeny, Document: -1, Place: -1}
	e := &question{Request: r, action: strings.ToLower(r.Action)}
	for i, d := range documents {
		for j := range d.statements {
			s := &d.statements[j]
			if decision.Effect == Allow && !s.deny {
				continue
			}
			e.deny = s.deny
			matched := s.matches(d, e)
			if e.steps > mostSteps {
				return Decision{ExplicitDeny, i, s.sid, j}
			}
			if !matched {
				continue
			}
			decision = Decision{Allow, i, s.sid, j}
			if s.deny {
				decision.Effect = ExplicitDeny
				return decision
			}
		}
	}
	return decision
}

// values are those of the request, whose search counts as steps.
func (e *question) values(key string) []string {
	if strings.Contains(key, "/") {
		e.steps += len(e.RequestTags) + len(e.ResourceTags)
	}
	return e.Request.values(key)
}

func (s *statement) matches(d *Document, e *question) bool {
	if s.matchesAction(e) == s.notActions {
		return false
	}
	if d.kind == Identity && !s.appliesTo(d, e) {
		return false
	}
	if d.kind == Trust && !s.isAbout(e.Request) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(e) {
			return false
		}
	}
	return true
}

func (s *statement) matchesAction(e *question) bool {
	for _, a := range s.actions {
		if a == e.action || strings.ContainsAny(a, "*?") && e.like(pattern(a), e.action) {
			return true
		}
	}
	return false
}

// appliesTo reports whether the statement is about the resource. A variable without a value leaves
// open what a text stands for: nothing is allowed because of that.
func (s *statement) appliesTo(d *Document, e *question) bool {
	matched, open := false, false
	for _, text := range s.resources {
		if text == "*" {
			matched = true
			break
		}
		if !d.variables {
			text = escapeVariables(text)
		}
		parts, found := e.expand(text, true)
		switch {
		case found == severalValues && e.deny && !s.notRes:
			matched = true
		case found != oneValue:
			open = true
		// Unlike in ArnLike, a wildcard in Resource reaches over colons in the resource's own part
		// only: ARNs are compared part by part.
		case e.Resource != "*" && e.likeARN(parts, e.Resource):
			matched = true
		}
	}
	if s.notRes {
		return !matched && (e.deny || !open)
	}
	return matched
}

// isAbout reports whether the statement of a trust policy is about who asks.
func (s *statement) isAbout(r *Request) bool {
	if len(r.Federated) > 0 {
		return s.matchesFederated(r)
	}
	return s.matchesPrincipal(r) != s.notPrinc
}

// matchesPrincipal reports whether the statement names who asks: by name, by the role of the
// session, or by the account.
func (s *statement) matchesPrincipal(r *Request) bool {
	for _, p := range s.principals {
		switch p {
		case "*", r.Principal.ARN, "arn:aws:iam::" + string(r.Principal.Account) + ":root":
			return true
		}
		if r.RoleARN != "" && p == r.RoleARN {
			return true
		}
	}
	return false
}
