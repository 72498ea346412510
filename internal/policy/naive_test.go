package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// naive decides by the rules as they are written down, one after the other, without anything being
// prepared or cut short. It knows the elements that randomDocument writes.
func naive(documents []string, r *Request) Effect {
	effect := ImplicitDeny
	for _, text := range documents {
		var d struct{ Statement []map[string]any }
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			panic(err)
		}
		for _, s := range d.Statement {
			deny := s["Effect"] == "Deny"
			if !naiveStatement(s, r, deny) {
				continue
			}
			if deny {
				return ExplicitDeny
			}
			effect = Allow
		}
	}
	return effect
}

func naiveStatement(s map[string]any, r *Request, deny bool) bool {
	action := false
	list, negated := element(s, "Action")
	for _, a := range list {
		action = action || glob(strings.ToLower(a), strings.ToLower(r.Action))
	}
	if action == negated {
		return false
	}
	resource, open := false, false
	list, negated = element(s, "Resource")
	for _, x := range list {
		texts := naiveExpand(x, r)
		switch {
		case x == "*":
			resource = true
		case len(texts) > 1 && deny && !negated:
			resource = true
		case len(texts) != 1:
			open = true
		case r.Resource != "*" && globARN(texts[0], r.Resource):
			resource = true
		}
	}
	if resource == negated || negated && open && !deny {
		return false
	}
	conditions, _ := s["Condition"].(map[string]any)
	for operator, keys := range conditions {
		for key, values := range keys.(map[string]any) {
			if !naiveCondition(operator, key, texts(values), r, deny) {
				return false
			}
		}
	}
	return true
}

func element(s map[string]any, name string) (list []string, negated bool) {
	if v, ok := s[name]; ok {
		return texts(v), false
	}
	return texts(s["Not"+name]), true
}

func texts(v any) (list []string) {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	for _, x := range v.([]any) {
		list = append(list, x.(string))
	}
	return list
}

func naiveCondition(operator, key string, wanted []string, r *Request, deny bool) bool {
	have := naiveValues(key, r)
	if operator == "Null" {
		return wanted[0] == fmt.Sprint(len(have) == 0)
	}
	name, ifExists := strings.CutSuffix(operator, "IfExists")
	name, forAll := strings.CutPrefix(name, "ForAllValues:")
	name, forAny := strings.CutPrefix(name, "ForAnyValue:")
	negated := strings.Contains(name, "Not")
	if len(have) == 0 {
		return ifExists || forAll || !forAny && negated
	}
	hits := 0
	for _, v := range have {
		equal, open := false, false
		for _, w := range wanted {
			expanded := naiveExpand(w, r)
			switch {
			case len(expanded) > 1 && deny && !negated:
				equal = true
			case len(expanded) != 1:
				open = true
			case strings.HasSuffix(name, "Like"):
				equal = equal || glob(expanded[0], v)
			default:
				equal = equal || unmark(expanded[0]) == v
			}
		}
		if negated && !equal && (deny || !open) || !negated && equal {
			hits++
		}
	}
	if forAll || !forAny && !deny {
		return hits == len(have)
	}
	return hits > 0
}

func naiveValues(key string, r *Request) (values []string) {
	key = strings.ToLower(key)
	if tag, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok {
		for k, v := range r.ResourceTags {
			if strings.ToLower(k) == tag {
				values = append(values, v)
			}
		}
		return values
	}
	switch {
	case key == "aws:tagkeys":
		return r.TagKeys
	case key == "aws:requestedregion":
		return []string{r.Region}
	case key == "aws:username" && strings.Contains(r.Principal.ARN, ":user/"):
		return []string{r.Principal.ARN[strings.LastIndex(r.Principal.ARN, "/")+1:]}
	}
	return nil
}

// marks stand for wildcard characters that came out of variables.
const markStar, markOne = "\x01", "\x02"

func unmark(s string) string { return strings.NewReplacer(markStar, "*", markOne, "?").Replace(s) }

// naiveExpand is the text with the value of its variable put in, for every value that it has.
func naiveExpand(text string, r *Request) []string {
	before, rest, ok := strings.Cut(text, "${")
	if !ok {
		return []string{text}
	}
	key, after, _ := strings.Cut(rest, "}")
	var all []string
	for _, v := range naiveValues(key, r) {
		all = append(all, before+strings.NewReplacer("*", markStar, "?", markOne).Replace(v)+after)
	}
	return all
}

func globARN(pattern, value string) bool {
	p, v := strings.SplitN(pattern, ":", 6), strings.SplitN(value, ":", 6)
	if len(p) != 6 || len(v) != 6 {
		return false
	}
	for i := range p {
		if !glob(p[i], v[i]) {
			return false
		}
	}
	return true
}

func glob(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		return glob(pattern[1:], value) || value != "" && glob(pattern, value[1:])
	case value == "":
		return false
	}
	return (pattern[0] == '?' || unmark(pattern[:1]) == value[:1]) && glob(pattern[1:], value[1:])
}

// pick draws from a list.
func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func randomList(r *rand.Rand, list ...string) any {
	if r.IntN(2) == 0 {
		return pick(r, list...)
	}
	out := []string{}
	for range 1 + r.IntN(3) {
		out = append(out, pick(r, list...))
	}
	return out
}

func randomDocument(r *rand.Rand) string {
	var all []map[string]any
	for range 1 + r.IntN(3) {
		s := map[string]any{"Effect": pick(r, "Allow", "Allow", "Deny")}
		s[pick(r, "Action", "Action", "NotAction")] = randomList(r, "*", "macie2:*", "macie2:GetMember", "macie2:Get*", "macie2:?etMembe*", "s3:*")
		s[pick(r, "Resource", "Resource", "NotResource")] = randomList(r, "*", memberARN, "arn:aws:macie2:*:*:member/4*", "arn:aws:macie2:*:*:allow-list/*",
			"arn:aws:macie2:*:*:member/${aws:username}", "arn:aws:macie2:${aws:RequestedRegion}:*:*", "arn:*:*:*:*:*${aws:ResourceTag/team}*")
		conditions := map[string]any{}
		for range r.IntN(3) {
			operator := pick(r, "", "ForAllValues:", "ForAnyValue:") + pick(r, "StringEquals", "StringNotEquals", "StringLike", "StringNotLike") + pick(r, "", "", "IfExists")
			key := pick(r, "aws:TagKeys", "aws:ResourceTag/team", "aws:RequestedRegion", "aws:username")
			values := randomList(r, "team", "red", "*", "r*", "?ed", "eu-west-1", "alice", "${aws:username}", "x${aws:ResourceTag/TEAM}", "${aws:RequestedRegion}")
			if r.IntN(5) == 0 {
				operator, values = "Null", pick[any](r, "true", "false")
			}
			conditions[operator] = map[string]any{key: values}
		}
		if len(conditions) > 0 {
			s["Condition"] = conditions
		}
		all = append(all, s)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func randomRequest(r *rand.Rand) *Request {
	out := base()
	out.Action = pick(r, "macie2:GetMember", "macie2:ListMembers", "s3:GetObject")
	out.Resource = pick(r, "*", memberARN, "arn:aws:macie2:eu-west-1:111122223333:allow-list/red", "arn:aws:macie2:eu-west-1:111122223333:member/alice")
	out.ResourceTags, out.TagKeys = map[string]string{}, nil
	for range r.IntN(3) {
		out.ResourceTags[pick(r, "team", "Team", "TEAM", "owner")] = pick(r, "red", "xred", "alice", "*", "team")
	}
	for range r.IntN(3) {
		out.TagKeys = append(out.TagKeys, pick(r, "team", "red", "alice"))
	}
	if r.IntN(3) == 0 {
		session(out)
	}
	return out
}

// check holds one decision against the naive one.
func check(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var texts []string
	var documents []*Document
	for range 1 + r.IntN(2) {
		text := randomDocument(r)
		d, err := Parse(Identity, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		texts, documents = append(texts, text), append(documents, d)
	}
	q := randomRequest(r)
	if got, want := Evaluate(documents, q).Effect, naive(texts, q); got != want {
		t.Errorf("seed %d: %s\nfor %+v\nis %v, by the rules %v", seed, strings.Join(texts, "\n"), *q, got, want)
	}
}

func TestEvaluateByTheRules(t *testing.T) {
	for seed := range uint64(20_000) {
		check(t, seed)
		if t.Failed() {
			return
		}
	}
}

func FuzzEvaluateByTheRules(f *testing.F) {
	f.Add(uint64(7))
	f.Fuzz(check)
}
