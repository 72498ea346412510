package policy

import (
	"slices"
	"strconv"
	"strings"

	"magpie/internal/arn"
	"magpie/internal/macie2"
)

// Accept reads a document that is to be attached. Beyond what Parse refuses, it refuses what could
// never match where that lets somebody in: in an element of a deny, or in the exception from an
// allow. A deny of an action that is misspelt denies nothing. Its error is an *Error.
func Accept(kind Kind, text string) (*Document, error) {
	d, err := Parse(kind, text)
	if err != nil {
		return nil, err
	}
	for i := range d.statements {
		if err := d.statements[i].accept("Statement["+strconv.Itoa(i)+"]", d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (s *statement) accept(place string, d *Document) error {
	if s.deny != s.notActions {
		for _, a := range s.actions {
			if !canBeAction(a) {
				return wrong(place, "Macie has no action %s, so that the statement would not hold for it", clip(a))
			}
		}
	}
	if s.deny != s.notRes {
		for _, r := range s.resources {
			if reason := neverNamed(d, r); reason != "" {
				return wrong(place, "nothing is named %s: %s", clip(r), reason)
			}
		}
	}
	if s.deny != s.notPrinc {
		for _, f := range s.federated {
			if reason := neverFederated(f); reason != "" {
				return wrong(place, "nobody is named %s: %s", clip(f), reason)
			}
		}
		for _, p := range s.principals {
			if p != "*" && p != nobody && !strings.HasPrefix(p, "arn:"+arn.Home+":") {
				return wrong(place, "nobody is named %s: its partition must be %s", clip(p), arn.Home)
			}
		}
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		if s.deny == c.negated || c.family == nullFamily {
			continue
		}
		if reason := c.neverHolds(); reason != "" {
			return wrong(place, "the condition on %s could not hold: %s", clip(c.key), reason)
		}
	}
	return nil
}

// neverFederated says why no issuer can be named so, "" if one can.
func neverFederated(name string) string {
	switch {
	case strings.ContainsAny(name, "*?$"):
		return "the name of an issuer has no wildcards and variables"
	case strings.HasPrefix(name, "arn:") && !strings.HasPrefix(name, "arn:"+arn.Home+":iam::"):
		return "its partition must be " + arn.Home
	}
	return ""
}

// canBeAction reports whether there is an action that a pattern stands for, in lower case. Actions
// of other services are not known.
func canBeAction(a string) bool {
	name, ours := strings.CutPrefix(a, "macie2:")
	if !ours {
		return true
	}
	e := &question{}
	return slices.ContainsFunc(macie2.Operations(), func(o *macie2.Operation) bool { return e.like(pattern(name), strings.ToLower(o.Name)) })
}

// kinds are the types of Macie's resources.
var kinds = []string{"allow-list", "classification-job", "custom-data-identifier", "findings-filter", "member"}

// neverNamed says why nothing can have a name that matches, "" if something can.
func neverNamed(d *Document, text string) string {
	if text == "*" {
		return ""
	}
	part := splitText(d, text)
	if len(part) != 6 {
		return "it does not have the form arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"
	}
	fixed := func(i int) bool { return !strings.ContainsAny(part[i], "*?$") }
	switch {
	case fixed(1) && !arn.IsPartition(part[1]):
		return "its partition must be aws, aws-cn or aws-us-gov"
	case fixed(4) && part[4] != "" && !arn.IsAccount(part[4]):
		return "its account ID must be 12 digits"
	case part[2] == "organizations":
		return "operations of Organizations are decided on resource *"
	case part[2] == "iam" || part[2] == "sts":
		return neverRole(part, fixed)
	case part[2] == macie2.SigningName:
		return neverOfMacie(part, fixed)
	}
	return "" // a service that is not here, or a pattern
}

func neverRole(part []string, fixed func(int) bool) string {
	switch {
	case fixed(1) && part[1] != arn.Home:
		return "the partition of roles is " + arn.Home
	case fixed(3) && part[3] != "":
		return "the name of a role has no Region"
	case fixed(4) && part[4] == "":
		return "its account ID is missing"
	}
	return ""
}

func neverOfMacie(part []string, fixed func(int) bool) string {
	kind, _, _ := strings.Cut(part[5], "/")
	switch {
	case fixed(4) && part[4] == "":
		return "its account ID is missing"
	case fixed(3) && part[3] == "":
		return "its Region is missing"
	case fixed(1) && fixed(3) && part[1] != arn.Partition(part[3]):
		return "its partition must be " + arn.Partition(part[3])
	case kind != "" && !strings.ContainsAny(kind, "*?$") && !slices.Contains(kinds, kind):
		return "Macie has no resources of type " + clip(kind)
	}
	return ""
}

// splitText splits the text of a name at its first five colons, of which those in variables are
// none.
func splitText(d *Document, text string) []string {
	var split []string
	start, inside := 0, false
	for i := range len(text) {
		switch {
		case d.variables && strings.HasPrefix(text[i:], "${"):
			inside = true
		case text[i] == '}':
			inside = false
		case text[i] == ':' && !inside && len(split) < 5:
			split = append(split, text[start:i])
			start = i + 1
		}
	}
	return append(split, text[start:])
}

// valuesOf are the families of operators that can compare a key's values; keys that are not here,
// and those of tags, hold texts.
var valuesOf = map[string][]family{
	"aws:sourceip":     {ipFamily},
	"aws:currenttime":  {dateFamily, textFamily, textFoldFamily, textLikeFamily},
	"aws:epochtime":    {dateFamily, numberFamily, textFamily, textFoldFamily, textLikeFamily},
	"aws:principalarn": {arnFamily, textFamily, textFoldFamily, textLikeFamily},
}

// neverHolds says why no value of the condition's key can match any of its own, "" if one can.
func (c *condition) neverHolds() string {
	families, ok := valuesOf[c.key]
	if !ok {
		families = []family{textFamily, textFoldFamily, textLikeFamily}
	}
	_, known := keys[c.key]
	if isTagKey(c.key) || c.key == "aws:tagkeys" || !known && isClaimKey(c.key) {
		families = append(families, arnFamily, numberFamily, dateFamily, boolFamily, binaryFamily)
	}
	if !slices.Contains(families, c.family) {
		return "the operator does not compare values of its kind"
	}
	if c.family == textFamily || c.family == textFoldFamily {
		for _, t := range c.texts {
			if rest := strings.NewReplacer("${*}", "", "${?}", "").Replace(t); strings.ContainsAny(rest, "*?") {
				return "the operator knows no wildcards, as StringLike does"
			}
		}
	}
	return ""
}
