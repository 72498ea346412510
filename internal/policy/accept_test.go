package policy

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// What could never match, where that would let somebody in, is not attached; elsewhere it is.
func TestAccept(t *testing.T) {
	resource := func(r string) string { return `"Action":"*","Resource":"` + r + `"` }
	not := func(r string) string { return `"Action":"*","NotResource":"` + r + `"` }
	under := func(operator, key, value string) string {
		return everything + `,"Condition":{"` + operator + `":{"` + key + `":` + value + `}}`
	}
	for _, c := range []struct{ deny, want string }{
		{`"Action":"macie2:CreateInvitation","Resource":"*"`, "Macie has no action macie2:createinvitation"},
		{`"Action":["macie2:GetMember","macie2:Send*"],"Resource":"*"`, "Macie has no action macie2:send*"},
		{resource("arn:aws-cn:iam::444455556666:role/Operator"), "the partition of roles is aws"},
		{resource("arn:awsX:iam::444455556666:role/Operator"), "its partition must be"},
		{resource("arn:aws:iam:eu-west-1:444455556666:role/Operator"), "the name of a role has no Region"},
		{resource("arn:aws:iam:::role/Operator"), "its account ID is missing"},
		{resource("arn:aws:macie2:eu-west-1:4444-5555-6666:member/*"), "its account ID must be 12 digits"},
		{resource("arn:aws:macie2:cn-north-1:*:member/*"), "its partition must be aws-cn"},
		{resource("arn:aws:macie2::444455556666:member/*"), "its Region is missing"},
		{resource("arn:aws:macie2:*:*:Member/*"), "Macie has no resources of type Member"},
		{resource("arn:aws:macie2:${aws:RequestedRegion}:*:*"), ""},
		{resource("arn:aws:macie2:${aws:RequestedRegion}:*"), "it does not have the form"},
		{resource("arn:aws:organizations::111122223333:account/o-example/444455556666"), "are decided on resource *"},
		{resource("arn:*:macie2:*:*:*"), ""},
		{resource("arn:aws:s3:::bucket"), ""},
		{resource("arn:aws:macie2:EU-WEST-1:444455556666:member/*"), "its Region must be a word of lower-case"},
		{resource("arn:aws:macie2:eu-west-1 :444455556666:member/*"), "its Region must be a word of lower-case"},
		{resource("arn:aws:macie2:EU-*:444455556666:member/*"), "its Region must be a word of lower-case"},
		{resource("arn:aws:macie2:${*}:444455556666:member/*"), "its Region must be a word of lower-case"},
		{resource("arn:aws:Macie2:eu-west-1:444455556666:member/*"), "its service must be a word of lower-case"},
		{resource("arn:aws:macie:eu-west-1:444455556666:member/*"), "are those of service macie2"},
		{resource("arn:aws:macie2:*:44445555666?6:member/*"), "its account ID must be 12 digits"},
		{resource("arn:aws:macie2:*:4444-*:member/*"), "its account ID must be 12 digits"},
		{resource("arn:aws:macie2:*:44445555666?:member/*"), ""},
		{resource("arn:aws:macie2:*:4444*6:member/*"), ""},
		{resource("arn:aws:macie2:*:${aws:PrincipalAccount}:member/*"), ""},
		{resource("arn:aws:macie2:*:*:member"), "the ID of the resource is missing"},
		{resource("arn:aws:macie2:*:*:member/"), "the ID of the resource is missing"},
		{resource("arn:aws:macie2:*:*:"), "its resource is missing"},
		{resource("arn:aws:macie2:*:*:member/44445555666"), "the ID of a member"},
		{resource("arn:aws:macie2:*:*:member/444455556666/"), "the ID of a member"},
		{resource("arn:aws:macie2:*:*:member/4444-*"), "the ID of a member"},
		{resource("arn:aws:macie2:*:*:member/4444*"), ""},
		{resource("arn:aws:macie2:*:*:member/${aws:username}"), ""},
		{resource("arn:aws:macie2:*:*:MEM*"), "Macie has no resources of type MEM*"},
		{resource("arn:aws:macie2:*:*:mem?er/*"), ""},
		{resource("arn:aws:macie2:*:*:?ember/*"), ""},
		{resource("arn:aws:macie2:*:*:allow-list/*"), ""},
		{resource("arn:aws:iam::444455556666:Role/Operator"), "a role is named role/NAME"},
		{resource("arn:aws:iam::444455556666:role/"), "a role is named role/NAME"},
		{resource("arn:aws:iam::444455556666:"), "its resource is missing"},
		{`"Action":"macie2:DeleteMember","Resource":"arn:aws:iam::444455556666:role/Operator"`, "no action of the statement is about resources of service iam"},
		{`"Action":["macie2:DeleteMember","s3:*"],"Resource":"arn:aws:s3:::bucket"`, ""},
		{`"Action":"sts:AsumeRole","Resource":"*"`, "STS has no action sts:asumerole"},
		{`"Action":"organizations:RegisterDelegateAdministrator","Resource":"*"`, "Organizations has no action organizations:registerdelegateadministrator"},
		{`"Action":"organizations:Descibe*","Resource":"*"`, "Organizations has no action organizations:descibe*"},
		{`"Action":"magpie:AddStores","Resource":"*"`, "Magpie has no action magpie:addstores"},
		{`"Action":["magpie:GetHistory","magpie:?etTraige"],"Resource":"*"`, "Magpie has no action magpie:?ettraige"},
		{`"Action":"sts:Assume*","Resource":"*"`, ""},
		{`"Action":"macie:DeleteMember","Resource":"*"`, "the actions of Macie begin with macie2:"},
		{under("StringEquals", "aws:RequestedRegion", `"EU-WEST-1"`), "a Region is a word of lower-case"},
		{under("StringEqualsIgnoreCase", "aws:RequestedRegion", `"EU-WEST-1"`), ""},
		{under("StringLike", "aws:RequestedRegion", `["eu-*","US-*"]`), "a Region is a word of lower-case"},
		{under("StringNotEquals", "aws:RequestedRegion", `"EU-WEST-1"`), ""},
		{under("StringEquals", "aws:PrincipalAccount", `"4444-5555-6666"`), "an account ID has 12 digits"},
		{under("StringEquals", "aws:ResourceAccount", `12345`), "an account ID has 12 digits"},
		{under("StringLike", "aws:PrincipalAccount", `"4444*"`), ""},
		{under("StringEquals", "aws:PrincipalType", `"user"`), "a principal's type is one of"},
		{under("StringEqualsIgnoreCase", "aws:PrincipalType", `"user"`), ""},
		{under("StringLike", "aws:PrincipalType", `"Assumed*"`), ""},
		{under("ArnLike", "aws:PrincipalArn", `"arn:aws-cn:iam::*:user/*"`), "the partition of principals is aws"},
		{under("ArnEquals", "aws:PrincipalArn", `"arn:aws:iam::444455556666:User/bob"`), "the type of a principal is in lower case"},
		{under("StringEqualsIgnoreCase", "aws:PrincipalArn", `"arn:aws:iam::444455556666:User/bob"`), ""},
		{`"Action":"macie2.amazonaws.com:DeleteMember","Resource":"*"`, "no service is called macie2.amazonaws.com"},
		{under("ArnLike", "aws:PrincipalArn", `"*user/bob"`), "it does not have the form"},
		{under("StringEquals", "aws:PrincipalArn", `"user/bob"`), "it does not have the form"},
		{under("StringLike", "aws:PrincipalArn", `"*user/bob"`), ""},
		{everything + `,"Condition":{"StringEquals":{"aws:ResourceTag/Team":"a","aws:resourcetag/team":"b"}}`, "the condition key is there twice"},
		{not("arn:aws-cn:iam::444455556666:role/Operator"), ""},
		{under("StringEquals", "aws:SourceIp", `"203.0.113.7"`), "does not compare values of its kind"},
		{under("StringNotEquals", "aws:SourceIp", `"203.0.113.7"`), ""},
		{under("NumericLessThan", "aws:CurrentTime", `1767225600`), "does not compare values of its kind"},
		{under("Bool", "aws:username", `"true"`), "does not compare values of its kind"},
		{under("IpAddress", "aws:username", `"203.0.113.7"`), "does not compare values of its kind"},
		{under("ArnLike", "aws:username", `"arn:aws:iam::*:user/*"`), "does not compare values of its kind"},
		{under("StringEquals", "aws:username", `"contractor-*"`), "knows no wildcards"},
		{under("StringEquals", "aws:username", `"${*}"`), ""},
		{under("StringLike", "aws:username", `"contractor-*"`), ""},
		{under("NumericLessThan", "aws:ResourceTag/level", `3`), ""},
	} {
		_, err := Accept(Identity, statements(denying(c.deny)))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("deny of %s: %v, want %s", c.deny, err, c.want)
		}
		if _, err := Accept(Identity, statements(allowing(c.deny))); err != nil && !strings.Contains(c.deny, "Not") && !strings.Contains(c.want, "twice") {
			t.Errorf("an allow of nothing is refused: %s: %v", c.deny, err)
		}
	}
	for _, c := range []struct{ allow, want string }{
		{`"NotAction":"macie2:CreateInvitation","Resource":"*"`, "Macie has no action"},
		{not("arn:aws-cn:iam::444455556666:role/Operator"), "the partition of roles is aws"},
		{under("StringNotEquals", "aws:SourceIp", `"203.0.113.7"`), "does not compare values of its kind"},
		{under("StringNotEquals", "aws:username", `"contractor-*"`), "knows no wildcards"},
	} {
		if _, err := Accept(Identity, statements(allowing(c.allow))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("allow of %s: %v, want %s", c.allow, err, c.want)
		}
	}
	trust := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"AWS":"arn:aws-cn:iam::111122223333:user/bob"},"Action":"sts:AssumeRole"}]}`
	if _, err := Accept(Trust, trust); err == nil || !strings.Contains(err.Error(), "Statement[1]: nobody is named arn:aws-cn") {
		t.Errorf("a deny of a principal of another partition: %v", err)
	}
	for _, name := range ManagedNames() {
		if _, err := Accept(Identity, managed[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Values that nothing is less than, or in, are refused wherever they stand.
func TestValuesThatAreNone(t *testing.T) {
	for _, c := range []struct{ operator, key, value string }{
		{"IpAddress", "aws:SourceIp", `"::ffff:0:0/96"`}, {"NotIpAddress", "aws:SourceIp", `"::ffff:203.0.113.0/120"`},
		{"IpAddress", "aws:SourceIp", `"::ffff:0:0/95"`}, {"IpAddress", "aws:SourceIp", `"fe80::1%eth0"`}, {"IpAddress", "aws:SourceIp", `"203.0.113.7%x"`},
		{"DateLessThan", "aws:CurrentTime", `"2030"`}, {"DateLessThan", "aws:CurrentTime", `2030`}, {"DateLessThan", "aws:CurrentTime", `"20300101"`},
		{"DateLessThan", "aws:CurrentTime", `"1893456000000"`}, {"DateLessThan", "aws:CurrentTime", `"NaN"`}, {"DateLessThan", "aws:CurrentTime", `"Inf"`},
		{"DateLessThan", "aws:CurrentTime", `"1.9e9"`}, {"DateLessThan", "aws:CurrentTime", `"2030-02-30"`}, {"DateLessThan", "aws:CurrentTime", `"2030-01-01T00:00:00"`},
		{"NumericLessThan", "aws:ResourceTag/level", `"NaN"`}, {"NumericLessThan", "aws:ResourceTag/level", `"+Inf"`}, {"NumericLessThan", "aws:ResourceTag/level", `"0x10"`},
		{"NumericLessThan", "aws:ResourceTag/level", `"1_000"`}, {"NumericLessThan", "aws:ResourceTag/level", `""`}, {"NumericLessThan", "aws:ResourceTag/level", `" 3"`},
	} {
		if _, err := Parse(Identity, when(c.operator, c.key, c.value)); err == nil {
			t.Errorf("%s %s %s is read", c.operator, c.key, c.value)
		}
	}
}

// Where it is open what a condition means, less is allowed.
func TestOpenQuestions(t *testing.T) {
	both := func(r *Request) {
		r.ResourceTags = map[string]string{"Team": "red", "team": "blue", "TEAM": "green"}
		r.TagKeys = []string{"team", "secret"}
	}
	unless := func(rest string) string {
		return statements(allowing(everything), denying(everything+`,"Condition":`+rest))
	}
	for _, c := range []evaluation{
		with("deny by any of the values", unless(`{"StringEquals":{"aws:ResourceTag/team":"red"}}`), both, ExplicitDeny),
		with("deny by another of them", unless(`{"StringLike":{"aws:ResourceTag/tEam":"gr*"}}`), both, ExplicitDeny),
		with("deny unless all are", unless(`{"StringNotEquals":{"aws:ResourceTag/team":["red","blue"]}}`), both, ExplicitDeny),
		with("deny by a key that lower case changes", unless(`{"StringEquals":{"aws:ResourceTag/İstanbul":"x"}}`),
			func(r *Request) { r.ResourceTags = map[string]string{"İSTANBUL": "x"} }, ExplicitDeny),
		with("allow if all are", when("StringEquals", "aws:ResourceTag/team", `["red","blue","green"]`), both, Allow),
		with("not allow if one is not", when("StringEquals", "aws:ResourceTag/team", `["red","blue"]`), both, ImplicitDeny),
		with("not allow if one is", when("StringNotEquals", "aws:ResourceTag/team", `"blue"`), both, ImplicitDeny),
		with("not allow if one of the keys is", when("StringNotEquals", "aws:TagKeys", `"secret"`), both, ImplicitDeny),
		with("deny by a variable with several values", unless(`{"StringEquals":{"aws:username":"${aws:ResourceTag/team}"}}`), both, ExplicitDeny),
		with("deny of a resource by such a variable", statements(allowing(everything), denying(`"Action":"*","Resource":"arn:aws:macie2:*:*:member/${aws:ResourceTag/team}"`)), both, ExplicitDeny),
		with("allow but a resource without a value", statements(allowing(`"Action":"*","NotResource":"arn:aws:macie2:*:*:member/${aws:username}"`)), session, ImplicitDeny),
		with("allow but a resource with a value", statements(allowing(`"Action":"*","NotResource":"arn:aws:macie2:*:*:member/${aws:username}"`)), nil, Allow),
		with("allow but a value without a value", when("StringNotEquals", "aws:ResourceTag/owner", `"${aws:username}"`), session, ImplicitDeny),
		with("the same, one of several", when("StringNotLike", "aws:ResourceTag/owner", `["x","${aws:username}"]`), session, ImplicitDeny),
		with("the same with IfExists", when("StringNotEqualsIfExists", "aws:ResourceTag/owner", `"${aws:username}"`), session, ImplicitDeny),
		with("the same for all values", when("ForAllValues:StringNotEquals", "aws:TagKeys", `"${aws:username}"`), session, ImplicitDeny),
		with("the same for an ARN", when("ArnNotEquals", "aws:PrincipalArn", `"arn:aws:iam::*:user/${aws:username}"`), session, ImplicitDeny),
		with("deny unless it is a value without a value", unless(`{"StringNotEquals":{"aws:ResourceTag/owner":"${aws:username}"}}`), session, ExplicitDeny),
		with("an address with a zone", unless(`{"IpAddress":{"aws:SourceIp":"fe80::/10"}}`), func(r *Request) { r.SourceIP = "fe80::1%eth0" }, ExplicitDeny),
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 20 { // whatever the order of a map
				d, err := Parse(Identity, c.documents[0])
				if err != nil {
					t.Fatal(err)
				}
				r := base()
				if c.change != nil {
					c.change(r)
				}
				if got := Evaluate([]*Document{d}, r).Effect; got != c.want {
					t.Fatalf("%s\n= %v, want %v", c.documents[0], got, c.want)
				}
			}
		})
	}
}

// However many patterns and keys there are, a decision ends, and ends in a deny.
func TestDecisionsEnd(t *testing.T) {
	var patterns []string
	for range maxValues {
		patterns = append(patterns, `"*a*a*b"`)
	}
	d, err := Parse(Identity, when("ForAllValues:StringNotLike", "aws:TagKeys", "["+strings.Join(patterns, ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	r := base()
	for range 90_000 {
		r.TagKeys = append(r.TagKeys, strings.Repeat("a", 12))
	}
	began := time.Now()
	if got := Evaluate([]*Document{d, d, d}, r); got.Effect != ExplicitDeny {
		t.Errorf("got %v", got.Effect)
	}
	t.Logf("decided in %v", time.Since(began))
}

func FuzzAccept(f *testing.F) {
	for _, c := range append(elementCases, conditionCases...) {
		for _, d := range c.documents {
			f.Add(d)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []Kind{Identity, Trust} {
			_, err := Accept(kind, text)
			var e *Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("%q: %v is no *Error", text, err)
			}
		}
	})
}

// The longest documents and the most tags that there can be are decided on to the end.
func TestLongDocumentsAreDecided(t *testing.T) {
	var patterns []string
	for range maxValues {
		patterns = append(patterns, `"*-none"`)
	}
	var documents []*Document
	for range MaxAttached {
		d, err := Parse(Identity, when("ForAllValues:StringNotLike", "aws:TagKeys", "["+strings.Join(patterns, ",")+"]"))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, d)
	}
	r := base()
	for range 50 {
		r.TagKeys = append(r.TagKeys, "cost-centre")
	}
	if got := Evaluate(documents, r).Effect; got != Allow {
		t.Errorf("got %v", got)
	}
}
