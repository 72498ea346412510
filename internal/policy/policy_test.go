package policy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
)

const memberARN = "arn:aws:macie2:eu-west-1:111122223333:member/444455556666"

// base is the request that the cases start from.
func base() *Request {
	return &Request{
		Action: "macie2:GetMember", Resource: memberARN,
		Principal: macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAALICE", Account: "111122223333"},
		Region:    "eu-west-1", SourceIP: "203.0.113.7", Now: time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
		RequestTags:  map[string]string{"team": "data", "Stage": "prod"},
		ResourceTags: map[string]string{"owner": "alice", "level": "3"},
		TagKeys:      []string{"team", "Stage"},
	}
}

// statements wraps statements into a document.
func statements(s ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(s, ",") + `]}`
}

func allowing(rest string) string { return `{"Effect":"Allow",` + rest + `}` }
func denying(rest string) string  { return `{"Effect":"Deny",` + rest + `}` }

// when is a document that allows everything under a condition.
func when(operator, key, values string) string {
	return statements(allowing(`"Action":"*","Resource":"*","Condition":{"` + operator + `":{"` + key + `":` + values + `}}`))
}

const everything = `"Action":"*","Resource":"*"`

// session makes the request one of a role's session.
func session(r *Request) {
	r.Principal.ARN = "arn:aws:sts::111122223333:assumed-role/Auditor/ci"
	r.RoleARN = "arn:aws:iam::111122223333:role/Auditor"
}

type evaluation struct {
	name      string
	documents []string
	change    func(*Request)
	want      Effect
}

func one(name, document string, want Effect) evaluation {
	return evaluation{name, []string{document}, nil, want}
}

func with(name, document string, change func(*Request), want Effect) evaluation {
	return evaluation{name, []string{document}, change, want}
}

var elementCases = []evaluation{
	{"nothing attached", nil, nil, ImplicitDeny},
	one("everything allowed", statements(allowing(everything)), Allow),
	one("everything denied", statements(denying(everything)), ExplicitDeny),
	one("deny after allow", statements(allowing(everything), denying(everything)), ExplicitDeny),
	one("deny before allow", statements(denying(everything), allowing(everything)), ExplicitDeny),
	{"deny in another document", []string{statements(allowing(everything)), statements(denying(everything))}, nil, ExplicitDeny},
	{"allow in the second document", []string{statements(allowing(`"Action":"s3:*","Resource":"*"`)), statements(allowing(everything))}, nil, Allow},
	one("a statement by itself", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Allow),
	one("no version", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Allow),

	one("action by name", statements(allowing(`"Action":"macie2:GetMember","Resource":"*"`)), Allow),
	one("another action", statements(allowing(`"Action":"macie2:GetMembers","Resource":"*"`)), ImplicitDeny),
	one("action in other case", statements(allowing(`"Action":"MACIE2:getmember","Resource":"*"`)), Allow),
	one("action in a list", statements(allowing(`"Action":["macie2:ListMembers","macie2:GetMember"],"Resource":"*"`)), Allow),
	one("not in the list", statements(allowing(`"Action":["macie2:ListMembers","macie2:DeleteMember"],"Resource":"*"`)), ImplicitDeny),
	one("action prefix", statements(allowing(`"Action":"macie2:Get*","Resource":"*"`)), Allow),
	one("another prefix", statements(allowing(`"Action":"macie2:List*","Resource":"*"`)), ImplicitDeny),
	one("action suffix", statements(allowing(`"Action":"macie2:*Member","Resource":"*"`)), Allow),
	one("action middle", statements(allowing(`"Action":"macie2:G*M*r","Resource":"*"`)), Allow),
	one("action with question marks", statements(allowing(`"Action":"macie2:Get??????","Resource":"*"`)), Allow),
	one("a question mark too few", statements(allowing(`"Action":"macie2:Get?????","Resource":"*"`)), ImplicitDeny),
	one("whole service", statements(allowing(`"Action":"macie2:*","Resource":"*"`)), Allow),
	one("another service", statements(allowing(`"Action":"s3:*","Resource":"*"`)), ImplicitDeny),
	one("service by wildcard", statements(allowing(`"Action":"m*:GetMember","Resource":"*"`)), Allow),
	one("not action, other", statements(allowing(`"NotAction":"macie2:DeleteMember","Resource":"*"`)), Allow),
	one("not action, this", statements(allowing(`"NotAction":"macie2:GetMember","Resource":"*"`)), ImplicitDeny),
	one("not action, by wildcard", statements(allowing(`"NotAction":["s3:*","macie2:Get*"],"Resource":"*"`)), ImplicitDeny),
	one("deny not action spares this", statements(allowing(everything), denying(`"NotAction":"macie2:GetMember","Resource":"*"`)), Allow),
	one("deny not action hits others", statements(allowing(everything), denying(`"NotAction":"macie2:ListMembers","Resource":"*"`)), ExplicitDeny),

	one("resource by name", statements(allowing(`"Action":"*","Resource":"`+memberARN+`"`)), Allow),
	one("another resource", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:eu-west-1:111122223333:member/999999999999"`)), ImplicitDeny),
	one("resource by wildcard", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/*"`)), Allow),
	one("resource type by wildcard", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:eu-west-1:111122223333:*"`)), Allow),
	one("another Region", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:us-*:*:member/*"`)), ImplicitDeny),
	one("another account", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:999999999999:*"`)), ImplicitDeny),
	one("another type", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:allow-list/*"`)), ImplicitDeny),
	one("resource heeds case", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:MEMBER/*"`)), ImplicitDeny),
	one("question marks in a resource", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/44445555????"`)), Allow),
	one("resource in a list", statements(allowing(`"Action":"*","Resource":["arn:aws:macie2:*:*:allow-list/*","`+memberARN+`"]`)), Allow),
	one("a wildcard does not stand for colons", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:member/*:*:x"`)), ImplicitDeny),
	one("not resource, other", statements(allowing(`"Action":"*","NotResource":"arn:aws:macie2:*:*:allow-list/*"`)), Allow),
	one("not resource, this", statements(allowing(`"Action":"*","NotResource":"arn:aws:macie2:*:*:member/*"`)), ImplicitDeny),
	one("deny a resource", statements(allowing(everything), denying(`"Action":"*","Resource":"`+memberARN+`"`)), ExplicitDeny),
	one("deny another resource", statements(allowing(everything), denying(`"Action":"*","Resource":"arn:aws:macie2:*:*:allow-list/*"`)), Allow),
	with("an action without a resource needs *", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:*"`)),
		func(r *Request) { r.Action, r.Resource = "macie2:ListMembers", "*" }, ImplicitDeny),
	with("an action without a resource, given *", statements(allowing(everything)),
		func(r *Request) { r.Action, r.Resource = "macie2:ListMembers", "*" }, Allow),

	one("variable in a resource", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:${aws:PrincipalAccount}:member/*"`)), Allow),
	with("variable with another value", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:${aws:PrincipalAccount}:member/*"`)),
		func(r *Request) { r.Principal.Account = "999999999999" }, ImplicitDeny),
	one("no variables before 2012", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:macie2:*:${aws:PrincipalAccount}:member/*"}}`, ImplicitDeny),
	with("a variable's value is no pattern", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${aws:username}"`)),
		func(r *Request) { r.Principal.ARN = "arn:aws:iam::111122223333:user/*" }, ImplicitDeny),
	with("a variable without a value matches nothing", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/*${aws:username}"`)),
		session, ImplicitDeny),
	with("a variable's default", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${aws:username, '444455556666'}"`)),
		session, Allow),
	one("${*} is a star", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${*}"`)), ImplicitDeny),
	with("${*} matches a star", statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${*}"`)),
		func(r *Request) { r.Resource = "arn:aws:macie2:eu-west-1:111122223333:member/*" }, Allow),
	one("variable of a resource tag", when("StringEquals", "aws:ResourceTag/owner", `"${aws:username}"`), Allow),
	with("variable of a resource tag, another user", when("StringEquals", "aws:ResourceTag/owner", `"${aws:username}"`),
		func(r *Request) { r.Principal.ARN = "arn:aws:iam::111122223333:user/bob" }, ImplicitDeny),

	one("AdministratorAccess", managed[AdministratorAccess], Allow),
	one("AmazonMacieFullAccess", managed[MacieFullAccess], Allow),
	with("AmazonMacieFullAccess, history", managed[MacieFullAccess], func(r *Request) { r.Action, r.Resource = "magpie:GetHistory", "*" }, Allow),
	with("AmazonMacieFullAccess, another service", managed[MacieFullAccess], func(r *Request) { r.Action, r.Resource = "sts:AssumeRole", "*" }, ImplicitDeny),
	one("AmazonMacieReadOnlyAccess, get", managed[MacieReadOnlyAccess], Allow),
	with("AmazonMacieReadOnlyAccess, list", managed[MacieReadOnlyAccess], func(r *Request) { r.Action, r.Resource = "macie2:ListMembers", "*" }, Allow),
	with("AmazonMacieReadOnlyAccess, invite", managed[MacieReadOnlyAccess], func(r *Request) { r.Action, r.Resource = "macie2:CreateInvitations", "*" }, ImplicitDeny),
	with("AmazonMacieReadOnlyAccess, tag", managed[MacieReadOnlyAccess], func(r *Request) { r.Action = "macie2:TagResource" }, ImplicitDeny),
}

var conditionCases = []evaluation{
	one("StringEquals", when("StringEquals", "aws:RequestedRegion", `"eu-west-1"`), Allow),
	one("StringEquals, other", when("StringEquals", "aws:RequestedRegion", `"eu-west-2"`), ImplicitDeny),
	one("StringEquals heeds case", when("StringEquals", "aws:RequestedRegion", `"EU-WEST-1"`), ImplicitDeny),
	one("StringEquals, one of a list", when("StringEquals", "aws:RequestedRegion", `["eu-west-2","eu-west-1"]`), Allow),
	one("StringEquals knows no wildcards", when("StringEquals", "aws:RequestedRegion", `"eu-*"`), ImplicitDeny),
	one("StringEquals, key in other case", when("StringEquals", "AWS:requestedREGION", `"eu-west-1"`), Allow),
	one("StringEquals, key absent", when("StringEquals", "aws:RequestTag/nobody", `"x"`), ImplicitDeny),
	one("StringNotEquals", when("StringNotEquals", "aws:RequestedRegion", `"eu-west-2"`), Allow),
	one("StringNotEquals, same", when("StringNotEquals", "aws:RequestedRegion", `"eu-west-1"`), ImplicitDeny),
	one("StringNotEquals, none of a list", when("StringNotEquals", "aws:RequestedRegion", `["us-east-1","us-east-2"]`), Allow),
	one("StringNotEquals, one of a list", when("StringNotEquals", "aws:RequestedRegion", `["us-east-1","eu-west-1"]`), ImplicitDeny),
	one("StringNotEquals, key absent", when("StringNotEquals", "aws:RequestTag/nobody", `"x"`), Allow),
	one("StringEqualsIgnoreCase", when("StringEqualsIgnoreCase", "aws:RequestedRegion", `"EU-West-1"`), Allow),
	one("StringEqualsIgnoreCase, other", when("StringEqualsIgnoreCase", "aws:RequestedRegion", `"EU-West-2"`), ImplicitDeny),
	one("StringNotEqualsIgnoreCase", when("StringNotEqualsIgnoreCase", "aws:RequestedRegion", `"EU-West-2"`), Allow),
	one("StringNotEqualsIgnoreCase, same", when("StringNotEqualsIgnoreCase", "aws:RequestedRegion", `"EU-West-1"`), ImplicitDeny),
	one("StringLike", when("StringLike", "aws:RequestedRegion", `"eu-*"`), Allow),
	one("StringLike, other", when("StringLike", "aws:RequestedRegion", `"us-*"`), ImplicitDeny),
	one("StringLike, question mark", when("StringLike", "aws:RequestedRegion", `"eu-west-?"`), Allow),
	one("StringLike, two stars", when("StringLike", "aws:RequestedRegion", `"*we*1"`), Allow),
	one("StringLike heeds case", when("StringLike", "aws:RequestedRegion", `"EU-*"`), ImplicitDeny),
	one("StringLike, * matches what is there", when("StringLike", "aws:RequestTag/team", `"*"`), Allow),
	one("StringLike, * does not match what is absent", when("StringLike", "aws:RequestTag/nobody", `"*"`), ImplicitDeny),
	one("StringNotLike", when("StringNotLike", "aws:RequestedRegion", `"us-*"`), Allow),
	one("StringNotLike, matches", when("StringNotLike", "aws:RequestedRegion", `"eu-*"`), ImplicitDeny),
	one("StringNotLike, key absent", when("StringNotLike", "aws:RequestTag/nobody", `"*"`), Allow),

	one("IfExists, key absent", when("StringEqualsIfExists", "aws:RequestTag/nobody", `"x"`), Allow),
	one("IfExists, matches", when("StringEqualsIfExists", "aws:RequestTag/team", `"data"`), Allow),
	one("IfExists, does not match", when("StringEqualsIfExists", "aws:RequestTag/team", `"x"`), ImplicitDeny),
	one("negated IfExists, key absent", when("StringNotEqualsIfExists", "aws:RequestTag/nobody", `"x"`), Allow),
	one("negated IfExists, same", when("StringNotEqualsIfExists", "aws:RequestTag/team", `"data"`), ImplicitDeny),
	one("NumericLessThanIfExists, key absent", when("NumericLessThanIfExists", "aws:ResourceTag/nobody", `5`), Allow),

	one("Null true, key absent", when("Null", "aws:RequestTag/nobody", `"true"`), Allow),
	one("Null true, key there", when("Null", "aws:RequestTag/team", `"true"`), ImplicitDeny),
	one("Null false, key absent", when("Null", "aws:RequestTag/nobody", `"false"`), ImplicitDeny),
	one("Null false, key there", when("Null", "aws:RequestTag/team", `"false"`), Allow),
	one("Null with a boolean", when("Null", "aws:RequestTag/team", `false`), Allow),

	one("request tag", when("StringEquals", "aws:RequestTag/team", `"data"`), Allow),
	one("request tag, key in other case", when("StringEquals", "aws:RequestTag/TEAM", `"data"`), Allow),
	one("request tag, value in other case", when("StringEquals", "aws:RequestTag/team", `"DATA"`), ImplicitDeny),
	one("resource tag", when("StringEquals", "aws:ResourceTag/owner", `"alice"`), Allow),
	one("resource tag, other", when("StringEquals", "aws:ResourceTag/owner", `"bob"`), ImplicitDeny),
	one("resource tag is not a request tag", when("StringEquals", "aws:RequestTag/owner", `"alice"`), ImplicitDeny),

	one("ForAllValues, all allowed", when("ForAllValues:StringEquals", "aws:TagKeys", `["team","Stage","more"]`), Allow),
	one("ForAllValues, one too many", when("ForAllValues:StringEquals", "aws:TagKeys", `["team"]`), ImplicitDeny),
	with("ForAllValues, key absent", when("ForAllValues:StringEquals", "aws:TagKeys", `["team"]`), func(r *Request) { r.TagKeys = nil }, Allow),
	one("ForAnyValue, one of them", when("ForAnyValue:StringEquals", "aws:TagKeys", `["Stage"]`), Allow),
	one("ForAnyValue, none", when("ForAnyValue:StringEquals", "aws:TagKeys", `["x","y"]`), ImplicitDeny),
	with("ForAnyValue, key absent", when("ForAnyValue:StringEquals", "aws:TagKeys", `["team"]`), func(r *Request) { r.TagKeys = nil }, ImplicitDeny),
	one("ForAllValues, like", when("ForAllValues:StringLike", "aws:TagKeys", `["t*","S*"]`), Allow),
	one("ForAllValues, not equals, disjoint", when("ForAllValues:StringNotEquals", "aws:TagKeys", `["secret"]`), Allow),
	one("ForAllValues, not equals, one in it", when("ForAllValues:StringNotEquals", "aws:TagKeys", `["team"]`), ImplicitDeny),
	one("ForAnyValue, not equals, another one", when("ForAnyValue:StringNotEquals", "aws:TagKeys", `["team"]`), Allow),
	one("ForAnyValue, not equals, all in it", when("ForAnyValue:StringNotEquals", "aws:TagKeys", `["team","Stage"]`), ImplicitDeny),
	one("deny tag keys outside a list", statements(allowing(everything),
		denying(`"Action":"*","Resource":"*","Condition":{"ForAnyValue:StringNotLike":{"aws:TagKeys":["team"]}}`)), ExplicitDeny),

	one("IpAddress in a range", when("IpAddress", "aws:SourceIp", `"203.0.113.0/24"`), Allow),
	one("IpAddress outside", when("IpAddress", "aws:SourceIp", `"198.51.100.0/24"`), ImplicitDeny),
	one("IpAddress by itself", when("IpAddress", "aws:SourceIp", `"203.0.113.7"`), Allow),
	one("IpAddress, one of a list", when("IpAddress", "aws:SourceIp", `["198.51.100.0/24","203.0.113.0/29"]`), Allow),
	one("NotIpAddress in the range", when("NotIpAddress", "aws:SourceIp", `"203.0.113.0/24"`), ImplicitDeny),
	one("NotIpAddress outside", when("NotIpAddress", "aws:SourceIp", `"198.51.100.0/24"`), Allow),
	with("IpAddress, IPv6", when("IpAddress", "aws:SourceIp", `"2001:db8::/32"`), func(r *Request) { r.SourceIP = "2001:db8::1" }, Allow),
	with("IpAddress, IPv4 in IPv6 clothes", when("IpAddress", "aws:SourceIp", `"203.0.113.0/24"`), func(r *Request) { r.SourceIP = "::ffff:203.0.113.9" }, Allow),
	with("IpAddress, not an address", when("IpAddress", "aws:SourceIp", `"0.0.0.0/0"`), func(r *Request) { r.SourceIP = "pipe" }, ImplicitDeny),

	one("DateGreaterThan, before", when("DateGreaterThan", "aws:CurrentTime", `"2026-01-01T00:00:00Z"`), Allow),
	one("DateGreaterThan, after", when("DateGreaterThan", "aws:CurrentTime", `"2027-01-01T00:00:00Z"`), ImplicitDeny),
	one("DateLessThan", when("DateLessThan", "aws:CurrentTime", `"2027-01-01T00:00:00Z"`), Allow),
	one("DateLessThan, the very moment", when("DateLessThan", "aws:CurrentTime", `"2026-06-15T12:00:00Z"`), ImplicitDeny),
	one("DateLessThanEquals, the very moment", when("DateLessThanEquals", "aws:CurrentTime", `"2026-06-15T12:00:00Z"`), Allow),
	one("DateGreaterThanEquals, the very moment", when("DateGreaterThanEquals", "aws:CurrentTime", `"2026-06-15T12:00:00Z"`), Allow),
	one("DateEquals in another zone", when("DateEquals", "aws:CurrentTime", `"2026-06-15T14:00:00+02:00"`), Allow),
	one("DateNotEquals", when("DateNotEquals", "aws:CurrentTime", `"2026-06-15T12:00:00Z"`), ImplicitDeny),
	one("a date alone", when("DateGreaterThan", "aws:CurrentTime", `"2026-06-15"`), Allow),
	one("seconds since 1970", when("DateGreaterThan", "aws:EpochTime", `1767225600`), Allow),
	one("seconds since 1970, as a number", when("NumericGreaterThan", "aws:EpochTime", `1767225600`), Allow),
	one("seconds since 1970, to come", when("NumericGreaterThan", "aws:EpochTime", `1798761600`), ImplicitDeny),
	one("seconds since 1970, an upper bound", when("NumericLessThanEquals", "aws:EpochTime", `1781524800`), Allow),

	one("NumericEquals", when("NumericEquals", "aws:ResourceTag/level", `3`), Allow),
	one("NumericEquals, as text", when("NumericEquals", "aws:ResourceTag/level", `"3.0"`), Allow),
	one("NumericNotEquals", when("NumericNotEquals", "aws:ResourceTag/level", `3`), ImplicitDeny),
	one("NumericNotEquals, other", when("NumericNotEquals", "aws:ResourceTag/level", `4`), Allow),
	one("NumericLessThan", when("NumericLessThan", "aws:ResourceTag/level", `4`), Allow),
	one("NumericLessThan, same", when("NumericLessThan", "aws:ResourceTag/level", `3`), ImplicitDeny),
	one("NumericLessThanEquals", when("NumericLessThanEquals", "aws:ResourceTag/level", `3`), Allow),
	one("NumericGreaterThan", when("NumericGreaterThan", "aws:ResourceTag/level", `2`), Allow),
	one("NumericGreaterThan, same", when("NumericGreaterThan", "aws:ResourceTag/level", `3`), ImplicitDeny),
	one("NumericGreaterThanEquals", when("NumericGreaterThanEquals", "aws:ResourceTag/level", `3`), Allow),
	one("numbers are not compared as texts", when("NumericLessThan", "aws:ResourceTag/level", `10`), Allow),
	one("a value that is no number", when("NumericLessThan", "aws:ResourceTag/owner", `10`), ImplicitDeny),

	with("Bool", when("Bool", "aws:ResourceTag/open", `"true"`), func(r *Request) { r.ResourceTags["open"] = "True" }, Allow),
	with("Bool, other", when("Bool", "aws:ResourceTag/open", `true`), func(r *Request) { r.ResourceTags["open"] = "false" }, ImplicitDeny),
	one("Bool, key absent", when("Bool", "aws:ResourceTag/open", `"true"`), ImplicitDeny),
	one("BoolIfExists, key absent", when("BoolIfExists", "aws:ResourceTag/open", `"true"`), Allow),

	one("ArnEquals", when("ArnEquals", "aws:PrincipalArn", `"arn:aws:iam::111122223333:user/alice"`), Allow),
	one("ArnEquals, wildcard", when("ArnEquals", "aws:PrincipalArn", `"arn:aws:iam::*:user/*"`), Allow),
	one("ArnLike", when("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::111122223333:user/a*"`), Allow),
	one("ArnLike, other", when("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::111122223333:role/*"`), ImplicitDeny),
	one("ArnLike, a wildcard stays in its part", when("ArnLike", "aws:PrincipalArn", `"arn:aws:*:user/alice"`), ImplicitDeny),
	one("StringLike, a wildcard does not", when("StringLike", "aws:PrincipalArn", `"arn:aws:*:user/alice"`), Allow),
	one("ArnNotEquals", when("ArnNotEquals", "aws:PrincipalArn", `"arn:aws:iam::111122223333:user/bob"`), Allow),
	one("ArnNotLike", when("ArnNotLike", "aws:PrincipalArn", `"arn:aws:iam::*:user/*"`), ImplicitDeny),
	with("ArnLike, a session asks as its role", when("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::111122223333:role/Auditor"`), session, Allow),

	one("PrincipalAccount", when("StringEquals", "aws:PrincipalAccount", `"111122223333"`), Allow),
	one("PrincipalType", when("StringEquals", "aws:PrincipalType", `"User"`), Allow),
	with("PrincipalType of a session", when("StringEquals", "aws:PrincipalType", `"AssumedRole"`), session, Allow),
	one("username", when("StringEquals", "aws:username", `"alice"`), Allow),
	with("a session has no username", when("StringLike", "aws:username", `"*"`), session, ImplicitDeny),
	one("userid", when("StringLike", "aws:userid", `"AIDA*"`), Allow),

	one("two operators must both hold", statements(allowing(`"Action":"*","Resource":"*","Condition":{`+
		`"StringEquals":{"aws:RequestedRegion":"eu-west-1"},"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`)), ImplicitDeny),
	one("two operators hold", statements(allowing(`"Action":"*","Resource":"*","Condition":{`+
		`"StringEquals":{"aws:RequestedRegion":"eu-west-1"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)), Allow),
	one("two keys must both hold", statements(allowing(`"Action":"*","Resource":"*","Condition":{`+
		`"StringEquals":{"aws:RequestedRegion":"eu-west-1","aws:RequestTag/team":"other"}}`)), ImplicitDeny),
	one("a condition on a deny that does not hold", statements(allowing(everything),
		denying(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`)), Allow),
	one("a condition on a deny that holds", statements(allowing(everything),
		denying(`"Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}`)), ExplicitDeny),
	one("the Region guard that people write", statements(allowing(everything),
		denying(`"NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}`)), Allow),
	one("no variables in a condition before 2012", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",`+
		`"Condition":{"StringEquals":{"aws:ResourceTag/owner":"${aws:username}"}}}}`, ImplicitDeny),
}

func TestEvaluate(t *testing.T) {
	t.Logf("%d cases", len(elementCases)+len(conditionCases))
	for _, c := range append(elementCases, conditionCases...) {
		t.Run(c.name, func(t *testing.T) {
			var documents []*Document
			for _, text := range c.documents {
				d, err := Parse(Identity, text)
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				documents = append(documents, d)
			}
			r := base()
			if c.change != nil {
				c.change(r)
			}
			if got := Evaluate(documents, r); got.Effect != c.want {
				t.Errorf("%v\n%s\n= %v (document %d, statement %d), want %v", *r, c.documents, got.Effect, got.Document, got.Place, c.want)
			}
		})
	}
}

func TestTrust(t *testing.T) {
	trust := func(principal, rest string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"` + rest + `}}`
	}
	external := `,"Condition":{"StringEquals":{"sts:ExternalId":"42"}}`
	for _, c := range []struct {
		name, document string
		change         func(*Request)
		want           Effect
	}{
		{"the account by id", trust(`{"AWS":"111122223333"}`, ""), nil, Allow},
		{"the account's root", trust(`{"AWS":"arn:aws:iam::111122223333:root"}`, ""), nil, Allow},
		{"another account", trust(`{"AWS":"999999999999"}`, ""), nil, ImplicitDeny},
		{"the user", trust(`{"AWS":"arn:aws:iam::111122223333:user/alice"}`, ""), nil, Allow},
		{"another user", trust(`{"AWS":"arn:aws:iam::111122223333:user/bob"}`, ""), nil, ImplicitDeny},
		{"anyone", trust(`"*"`, ""), nil, Allow},
		{"anyone, spelt out", trust(`{"AWS":"*"}`, ""), nil, Allow},
		{"one of a list", trust(`{"AWS":["999999999999","arn:aws:iam::111122223333:user/alice"]}`, ""), nil, Allow},
		{"the role of a session", trust(`{"AWS":"arn:aws:iam::111122223333:role/Auditor"}`, ""), session, Allow},
		{"the session itself", trust(`{"AWS":"arn:aws:sts::111122223333:assumed-role/Auditor/ci"}`, ""), session, Allow},
		{"another session", trust(`{"AWS":"arn:aws:sts::111122223333:assumed-role/Auditor/other"}`, ""), session, ImplicitDeny},
		{"the external id", trust(`{"AWS":"111122223333"}`, external), func(r *Request) { r.Context = map[string][]string{"sts:externalid": {"42"}} }, Allow},
		{"a service only", trust(`{"Service":"ec2.amazonaws.com"}`, ""), nil, ImplicitDeny},
		{"a service beside the account", trust(`{"Service":"ec2.amazonaws.com","AWS":"111122223333"}`, ""), nil, Allow},
		{"another external id", trust(`{"AWS":"111122223333"}`, external), func(r *Request) { r.Context = map[string][]string{"sts:externalid": {"43"}} }, ImplicitDeny},
		{"no external id", trust(`{"AWS":"111122223333"}`, external), nil, ImplicitDeny},
		{"everybody but the account", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}`, nil, ImplicitDeny},
		{"a deny wins", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},` +
			`{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"sts:*"}]}`, nil, ExplicitDeny},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse(Trust, c.document)
			if err != nil {
				t.Fatal(err)
			}
			r := base()
			r.Action, r.Resource = "sts:AssumeRole", ""
			if c.change != nil {
				c.change(r)
			}
			if got := Evaluate([]*Document{d}, r); got.Effect != c.want {
				t.Errorf("got %v, want %v", got.Effect, c.want)
			}
		})
	}
}

// What cannot be evaluated is refused, with the place and the reason.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ document, want string }{
		{``, "is not JSON"},
		{`[]`, "must be a JSON object"},
		{`{"Version":"2012-10-17"}`, "Statement is missing"},
		{`{"Statement":[]}`, "Statement: has no statement"},
		{`{"Version":"2021-01-01","Statement":[]}`, "Version: must be 2012-10-17 or 2008-10-17"},
		{`{"Statements":[]}`, "Statements: there is no such element"},
		{statements(allowing(everything)) + `x`, "something follows the document"},
		{statements(`{"Action":"*","Resource":"*"}`), "Statement[0]: Effect is missing"},
		{statements(`{"Effect":"allow",` + everything + `}`), "Statement[0].Effect: must be Allow or Deny"},
		{statements(allowing(`"Resource":"*"`)), "Statement[0]: Action or NotAction is missing"},
		{statements(allowing(`"Action":"*"`)), "Statement[0]: Resource or NotResource is missing"},
		{statements(allowing(`"Action":"*","NotAction":"*","Resource":"*"`)), "Statement[0]: Action and NotAction exclude each other"},
		{statements(allowing(everything), allowing(`"Action":["macie2:*","GetMember"],"Resource":"*"`)), "Statement[1].Action[1]: must have the form"},
		{statements(allowing(`"Action":[],"Resource":"*"`)), "Statement[0].Action: must be a string, or a list that is not empty"},
		{statements(allowing(`"Action":7,"Resource":"*"`)), "Statement[0].Action: must be a string"},
		{statements(allowing(`"Action":"*","Resource":"bucket"`)), "Statement[0].Resource[0]: must be an ARN"},
		{statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${aws:username"`)), "is not closed"},
		{statements(allowing(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${aws:nothing}"`)), "the condition key aws:nothing has no value here"},
		{statements(allowing(everything + `,"Principal":"*"`)), "Statement[0]: Principal has no place here"},
		{statements(allowing(everything + `,"Sid":"a","Sid":"b"`)), "duplicate"},
		{statements(allowing(everything + `,"Hint":1`)), "Statement[0].Hint: there is no such element"},
		{when("StringSimilar", "aws:RequestedRegion", `"x"`), "Statement[0].Condition.StringSimilar: there is no such operator"},
		{when("NullIfExists", "aws:RequestedRegion", `"x"`), "Statement[0].Condition.NullIfExists: Null stands by itself"},
		{when("StringEquals", "aws:MultiFactorAuthPresent", `"x"`), "the condition key aws:MultiFactorAuthPresent has no value here"},
		{when("StringEquals", "sts:ExternalId", `"x"`), "the condition key sts:ExternalId has no value here"},
		{when("IpAddress", "aws:SourceIp", `["203.0.113.0/24","203.0.113.0/33"]`), "Statement[0].Condition.IpAddress.aws:SourceIp[1]: must be an IP address"},
		{when("DateLessThan", "aws:CurrentTime", `"tomorrow"`), "must be a date"},
		{when("NumericEquals", "aws:ResourceTag/level", `"three"`), "must be a number"},
		{when("Bool", "aws:ResourceTag/open", `"yes"`), "must be true or false"},
		{when("StringEquals", "aws:RequestedRegion", `null`), "must be a string, a number or a boolean"},
		{when("StringEquals", "aws:RequestedRegion", `[]`), "must be a value, or a list that is not empty"},
		{strings.Repeat(" ", MaxDocument+1), "at most 10240 are allowed"},
	} {
		_, err := Parse(Identity, c.document)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.200s\n%v\nwant %s", c.document, err, c.want)
		}
	}
	for _, c := range []struct{ document, want string }{
		{statements(allowing(`"Principal":"*","Action":"sts:AssumeRole","Resource":"*"`)), "Resource has no place here"},
		{statements(allowing(`"Principal":{"Services":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"`)), "Statement[0].Principal.Services: there is no such kind"},
		{statements(allowing(`"Principal":{"AWS":"alice"},"Action":"sts:AssumeRole"`)), "Statement[0].Principal.AWS[0]: must be an account id"},
		{statements(allowing(`"Principal":{},"Action":"sts:AssumeRole"`)), "Statement[0].Principal: names nobody"},
		{statements(allowing(`"Action":"sts:AssumeRole"`)), "Principal or NotPrincipal is missing"},
	} {
		if _, err := Parse(Trust, c.document); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v\nwant %s", c.document, err, c.want)
		}
	}
}

// However a document and a request are put together, reading and deciding end, and never allow what
// AWS would not even read.
func FuzzPolicy(f *testing.F) {
	for _, c := range append(elementCases, conditionCases...) {
		for _, d := range c.documents {
			f.Add(d, "macie2:GetMember", memberARN, "alice")
		}
	}
	f.Add(statements(allowing(`"Action":"`+strings.Repeat("*a", 200)+`:b","Resource":"*"`)), "macie2:"+strings.Repeat("a", 500), "*", "x")
	f.Fuzz(func(t *testing.T, text, action, resource, user string) {
		for _, kind := range []Kind{Identity, Trust} {
			d, err := Parse(kind, text)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Errorf("%q: %v is no *Error", text, err)
				}
				continue
			}
			r := base()
			r.Action, r.Resource, r.Principal.ARN = action, resource, "arn:aws:iam::111122223333:user/"+user
			got := Evaluate([]*Document{d}, r)
			if got.Effect != ImplicitDeny && (got.Document != 0 || got.Place < 0) {
				t.Errorf("%v without a statement", got)
			}
			if !strings.Contains(text, "Allow") && !strings.Contains(text, "\\") && got.Effect == Allow {
				t.Errorf("%q allows", text)
			}
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	d, err := Parse(Identity, statements(allowing(`"Action":["macie2:Get*","macie2:List*"],"Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`),
		denying(`"Action":"macie2:Delete*","Resource":"arn:aws:macie2:*:${aws:PrincipalAccount}:member/*"`)))
	if err != nil {
		b.Fatal(err)
	}
	r := base()
	for b.Loop() {
		if Evaluate([]*Document{d}, r).Effect != Allow {
			b.Fatal("not allowed")
		}
	}
}
