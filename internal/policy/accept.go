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
			if reason := neverAction(a); reason != "" {
				return wrong(place, "%s, so that the statement would not hold for it", reason)
			}
		}
	}
	if s.deny != s.notRes {
		for _, r := range s.resources {
			reason := neverNamed(d, r)
			if reason == "" {
				reason = s.neverAbout(d, r)
			}
			if reason != "" {
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
		if reason := c.neverHolds(d); reason != "" {
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

// stsActions are those of AWS's STS, in lower case, built here or not.
var stsActions = []string{
	"assumerole", "assumerolewithsaml", "assumerolewithwebidentity", "assumeroot", "decodeauthorizationmessage", "getaccesskeyinfo",
	"getcalleridentity", "getdelegatedaccesstoken", "getfederationtoken", "getservicebearertoken", "getsessiontoken",
	"getwebidentitytoken", "setcontext", "setsourceidentity", "tagsession",
}

// organizationActions are those of AWS's Organizations, likewise.
var organizationActions = []string{
	"accepthandshake", "attachpolicy", "cancelhandshake", "closeaccount", "createaccount", "creategovcloudaccount",
	"createorganization", "createorganizationalunit", "createpolicy", "declinehandshake", "deleteorganization",
	"deleteorganizationalunit", "deletepolicy", "deleteresourcepolicy", "deregisterdelegatedadministrator", "describeaccount",
	"describecreateaccountstatus", "describeeffectivepolicy", "describehandshake", "describeorganization",
	"describeorganizationalunit", "describepolicy", "describeresourcepolicy", "describeresponsibilitytransfer", "detachpolicy",
	"disableawsserviceaccess", "disablepolicytype", "enableawsserviceaccess", "enableallfeatures", "enablepolicytype",
	"inviteaccounttoorganization", "inviteorganizationtotransferresponsibility", "leaveorganization",
	"listawsserviceaccessfororganization", "listaccounts", "listaccountsforparent", "listaccountswithinvalideffectivepolicy",
	"listchildren", "listcreateaccountstatus", "listdelegatedadministrators", "listdelegatedservicesforaccount",
	"listeffectivepolicyvalidationerrors", "listhandshakesforaccount", "listhandshakesfororganization",
	"listinboundresponsibilitytransfers", "listorganizationalunitsforparent", "listoutboundresponsibilitytransfers", "listparents",
	"listpolicies", "listpoliciesfortarget", "listroots", "listtagsforresource", "listtargetsforpolicy", "moveaccount",
	"putresourcepolicy", "registerdelegatedadministrator", "removeaccountfromorganization", "tagresource",
	"terminateresponsibilitytransfer", "untagresource", "updateorganizationalunit", "updatepolicy", "updateresponsibilitytransfer",
}

// ownActions are those of the operations that Macie does not have, likewise.
var ownActions = []string{
	"addstore", "createconsolelink", "getauditrecords", "getdiscoverycoverage", "getdiscoverycycle", "gethistogram", "gethistory",
	"getjobprogress", "getmetrics", "getregions", "gettriage", "getusage", "listdiscoverycycles", "listjobevents", "liststores",
	"puttriage", "removestore", "searchmembers", "testcustomdataidentifier", "teststore", "updatestore",
}

// IsOwnAction reports whether policies know an action of our own, such as magpie:GetHistory.
func IsOwnAction(action string) bool {
	name, ours := strings.CutPrefix(action, "magpie:")
	return ours && slices.Contains(ownActions, strings.ToLower(name))
}

// neverAction says why there is no action that a pattern stands for, in lower case, "" if there can
// be one. The actions of other services are not known.
func neverAction(a string) string {
	service, name, _ := strings.Cut(a, ":")
	e := &question{}
	matches := func(action string) bool { return e.like(pattern(name), action) }
	switch service {
	case macie2.SigningName:
		if !slices.ContainsFunc(macie2.Operations(), func(o *macie2.Operation) bool { return matches(strings.ToLower(o.Name)) }) {
			return "Macie has no action " + clip(a)
		}
	case "sts":
		if !slices.ContainsFunc(stsActions, matches) {
			return "STS has no action " + clip(a)
		}
	case "organizations":
		if !slices.ContainsFunc(organizationActions, matches) {
			return "Organizations has no action " + clip(a)
		}
	case "magpie":
		if !slices.ContainsFunc(ownActions, matches) {
			return "Magpie has no action " + clip(a)
		}
	case "macie":
		return "the actions of Macie begin with " + macie2.SigningName + ": and not with macie:"
	}
	if strings.Trim(service, lowerCase+digits+"-*?") != "" {
		return "no service is called " + clip(service)
	}
	return ""
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
	case !canBeOf(d, part[2], lowerCase+digits+"-"):
		return "its service must be a word of lower-case letters, digits and hyphens"
	case part[2] == "macie":
		return "the resources of Macie are those of service " + macie2.SigningName
	case !canBeOf(d, part[3], lowerCase+digits+"-"):
		return "its Region must be a word of lower-case letters, digits and hyphens"
	case part[4] != "" && !canBeAccount(d, part[4]):
		return "its account ID must be 12 digits"
	case part[2] == "organizations":
		return "operations of Organizations are decided on resource *"
	case part[2] == "iam" || part[2] == "sts":
		return neverRole(part, fixed)
	case part[2] == macie2.SigningName:
		return neverOfMacie(d, part, fixed)
	}
	return "" // a service that is not here, or a pattern
}

const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	digits    = "0123456789"
)

// literals is a pattern less its wildcards and variables, and how many characters it stands for at
// least; open says that it can stand for more. A variable that is a wildcard's own character is
// that character.
func literals(d *Document, text string) (chars string, least int, open bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if d.variables && strings.HasPrefix(text[i:], "${") {
			if end := strings.IndexByte(text[i:], '}'); end > 0 {
				if inside := text[i+2 : i+end]; inside == "*" || inside == "?" || inside == "$" {
					b.WriteString(inside)
					least++
				} else {
					open = true
				}
				i += end
				continue
			}
		}
		switch text[i] {
		case '*':
			open = true
			continue
		case '?':
		default:
			b.WriteByte(text[i])
		}
		least++
	}
	return b.String(), least, open
}

// canBeOf reports whether a pattern can stand for a text of such characters alone.
func canBeOf(d *Document, text, characters string) bool {
	chars, _, _ := literals(d, text)
	return strings.Trim(chars, characters) == ""
}

// canBeAccount reports whether a pattern can stand for the id of an account.
func canBeAccount(d *Document, text string) bool {
	_, least, open := literals(d, text)
	return canBeOf(d, text, digits) && (least == 12 || open && least < 12)
}

// beginning is what a pattern stands for begins with.
func beginning(text string) string {
	if i := strings.IndexAny(text, "*?$"); i >= 0 {
		return text[:i]
	}
	return text
}

// here are the services whose actions are decided on, with those of their resources.
var here = map[string]string{macie2.SigningName: macie2.SigningName, "sts": "iam", "organizations": "", "magpie": ""}

// neverAbout says why no action of the statement can be about a resource of that name: it is that
// of another service. "" if one can, or if the statement has actions of services that are not
// known.
func (s *statement) neverAbout(d *Document, text string) string {
	if text == "*" || s.notActions {
		return ""
	}
	service := splitText(d, text)[2]
	if strings.ContainsAny(service, "*?$") {
		return ""
	}
	for _, a := range s.actions {
		name, _, _ := strings.Cut(a, ":")
		if of, ok := here[name]; !ok || of == service || name == "sts" && service == "sts" {
			return ""
		}
	}
	return "no action of the statement is about resources of service " + clip(service)
}

func neverRole(part []string, fixed func(int) bool) string {
	kind, name, _ := strings.Cut(part[5], "/")
	switch {
	case fixed(1) && part[1] != arn.Home:
		return "the partition of roles is " + arn.Home
	case fixed(3) && part[3] != "":
		return "the name of a role has no Region"
	case fixed(4) && part[4] == "":
		return "its account ID is missing"
	case part[5] == "":
		return "its resource is missing"
	case part[2] == "iam" && strings.EqualFold(kind, "role") && (kind != "role" || name == ""):
		return "a role is named role/NAME"
	}
	return ""
}

func neverOfMacie(d *Document, part []string, fixed func(int) bool) string {
	kind, id, slash := strings.Cut(part[5], "/")
	begins := beginning(part[5])
	switch {
	case fixed(4) && part[4] == "":
		return "its account ID is missing"
	case fixed(3) && part[3] == "":
		return "its Region is missing"
	case fixed(1) && fixed(3) && part[1] != arn.Partition(part[3]):
		return "its partition must be " + arn.Partition(part[3])
	case part[5] == "":
		return "its resource is missing"
	case !slices.ContainsFunc(kinds, func(k string) bool {
		return strings.HasPrefix(begins, k+"/") || strings.HasPrefix(k+"/", begins) && (begins != part[5] || strings.HasPrefix(part[5], k))
	}):
		return "Macie has no resources of type " + clip(kind)
	case slices.Contains(kinds, kind) && (!slash || id == ""):
		return "the ID of the resource is missing"
	case kind == "member" && !canBeAccount(d, id):
		return "the ID of a member is an account ID, 12 digits"
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
func (c *condition) neverHolds(d *Document) string {
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
	return c.neverValue(d)
}

// principalTypes are what aws:PrincipalType can be.
var principalTypes = []string{"Account", "Anonymous", "AssumedRole", "FederatedUser", "User"}

// neverValue says why the key cannot have one of the condition's values, "" if it can have all of
// them.
func (c *condition) neverValue(d *Document) string {
	for _, t := range c.texts {
		switch c.key {
		case "aws:requestedregion":
			if c.family == textFoldFamily {
				t = strings.ToLower(t)
			}
			if t == "" || !canBeOf(d, t, lowerCase+digits+"-") {
				return "a Region is a word of lower-case letters, digits and hyphens"
			}
		case "aws:principalaccount", "aws:resourceaccount":
			if !canBeAccount(d, t) {
				return "an account ID has 12 digits"
			}
		case "aws:principaltype":
			if !c.canBeOneOf(t, principalTypes) {
				return "a principal's type is one of " + strings.Join(principalTypes, ", ")
			}
		case "aws:principalarn":
			part := splitText(d, t)
			if len(part) != 6 && beginning(t) == t || c.family == arnFamily && len(part) != 6 && t != "*" {
				return "it does not have the form arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"
			}
			if len(part) == 6 && beginning(part[1]) == part[1] && part[1] != arn.Home && (c.family != textFoldFamily || !strings.EqualFold(part[1], arn.Home)) {
				return "the partition of principals is " + arn.Home
			}
			if kind := beginning(strings.SplitN(t, "/", 2)[0]); len(part) == 6 && c.family != textFoldFamily && kind != strings.ToLower(kind) {
				return "the type of a principal is in lower case, such as user/NAME"
			}
		}
	}
	return ""
}

// canBeOneOf reports whether a text, as the operator compares it, is one of the values, or has a
// variable.
func (c *condition) canBeOneOf(text string, values []string) bool {
	e := &question{}
	parts := literal(text)
	if c.family == textLikeFamily {
		parts = pattern(text)
	}
	return strings.Contains(text, "${") || slices.ContainsFunc(values, func(v string) bool { return c.matchesText(parts, v, e) })
}
