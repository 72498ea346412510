package macie2

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// decodeAndCheck does what the edge does with a request, but for permission.
func decodeAndCheck(operation string, r *Request) (Input, error) {
	op := OperationNamed(operation)
	in, err := op.Decode(r)
	if err != nil {
		return nil, err
	}
	return in, op.Check(in)
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, operation string
		request         Request
		want            Input
	}{
		{"all of a body", "CreateInvitations",
			Request{Body: []byte(` {"accountIds":["111122223333","444455556666"],"disableEmailNotification":false,"message":"Ol\u00e1 \"x\""} ` + "\n")},
			&CreateInvitationsInput{AccountIds: []string{"111122223333", "444455556666"}, DisableEmailNotification: Ptr(false), Message: Ptr(`Olá "x"`)}},
		{"null is absent", "CreateInvitations", Request{Body: []byte(`{"accountIds":["1"],"message":null,"disableEmailNotification":null}`)},
			&CreateInvitationsInput{AccountIds: []string{"1"}}},
		{"an empty list is there", "CreateInvitations", Request{Body: []byte(`{"accountIds":[]}`)}, &CreateInvitationsInput{AccountIds: []string{}}},
		{"an empty string is there", "CreateInvitations", Request{Body: []byte(`{"accountIds":[""],"message":""}`)},
			&CreateInvitationsInput{AccountIds: []string{""}, Message: Ptr("")}},
		{"unknown members are ignored", "CreateInvitations",
			Request{Body: []byte(`{"x":{"y":[1,{"z":null}]},"accountIds":["1"],"AccountIds":7,"":true,"message2":[]}`)},
			&CreateInvitationsInput{AccountIds: []string{"1"}}},
		{"an escaped name", "CreateInvitations", Request{Body: []byte(`{"\u0061ccountIds":["1"]}`)}, &CreateInvitationsInput{AccountIds: []string{"1"}}},
		{"structures and maps", "CreateMember", Request{Body: []byte(`{"account":{"accountId":"1","email":"a@example.com"},"tags":{"":"","k":"v"}}`)},
			&CreateMemberInput{Account: &AccountDetail{AccountId: Ptr("1"), Email: Ptr("a@example.com")}, Tags: map[string]string{"": "", "k": "v"}}},
		{"no body", "DisassociateFromAdministratorAccount", Request{}, &DisassociateFromAdministratorAccountInput{}},
		{"an empty body for no members", "DisassociateFromAdministratorAccount", Request{Body: []byte(`{}`)}, &DisassociateFromAdministratorAccountInput{}},
		{"path", "GetMember", Request{Path: []PathLabel{{"id", "111122223333"}}}, &GetMemberInput{Id: Ptr("111122223333")}},
		{"query", "ListMembers", Request{Query: url.Values{"maxResults": {"25"}, "nextToken": {"t"}, "onlyAssociated": {"false"}, "other": {"x"}}},
			&ListMembersInput{MaxResults: Ptr(int32(25)), NextToken: Ptr("t"), OnlyAssociated: Ptr("false")}},
		{"a list in a query", "UntagResource", Request{Path: []PathLabel{{"resourceArn", "arn"}}, Query: url.Values{"tagKeys": {"a", "b"}}},
			&UntagResourceInput{ResourceArn: Ptr("arn"), TagKeys: []string{"a", "b"}}},
		{"a path and a body", "UpdateMemberSession", Request{Path: []PathLabel{{"id", "1"}}, Body: []byte(`{"status":"PAUSED"}`)},
			&UpdateMemberSessionInput{Id: Ptr("1"), Status: Ptr(MacieStatusPaused)}},
		{"whole numbers", "ListFindings", Request{Body: []byte(`{"maxResults":50,"findingCriteria":{"criterion":{"updatedAt":{"gte":-9223372036854775808,"lt":9223372036854775807}}}}`)},
			&ListFindingsInput{MaxResults: Ptr(int32(50)), FindingCriteria: &FindingCriteria{Criterion: map[string]CriterionAdditionalProperties{
				"updatedAt": {Gte: Ptr(int64(-1 << 63)), Lt: Ptr(int64(1<<63 - 1))}}}}},
		{"an empty structure", "CreateClassificationJob",
			Request{Body: []byte(`{"clientToken":"t","jobType":"SCHEDULED","name":"n","s3JobDefinition":{},"scheduleFrequency":{"dailySchedule":{}}}`)},
			&CreateClassificationJobInput{ClientToken: Ptr("t"), JobType: Ptr(JobTypeScheduled), Name: Ptr("n"), S3JobDefinition: &S3JobDefinition{},
				ScheduleFrequency: &JobScheduleFrequency{DailySchedule: &DailySchedule{}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decodeAndCheck(c.operation, &c.request)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v", got)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	const parameter = "The request is rejected because the parameter "
	const syntax = "The request is rejected because its body is not valid JSON: "
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		operation string
		request   Request
		want      string
	}{
		// Types.
		{"CreateInvitations", body(`[]`), "The request is rejected because its body must be a JSON object, not an array."},
		{"CreateInvitations", body(`null`), "The request is rejected because its body must be a JSON object, not null."},
		{"CreateInvitations", body(`"x"`), "The request is rejected because its body must be a JSON object, not a string."},
		{"CreateInvitations", body(`{"accountIds":"111122223333"}`), parameter + "accountIds must be an array, not a string."},
		{"CreateInvitations", body(`{"accountIds":{"0":"1"}}`), parameter + "accountIds must be an array, not an object."},
		{"CreateInvitations", body(`{"accountIds":["1",null]}`), parameter + "accountIds[1] must be a string, not null."},
		{"CreateInvitations", body(`{"accountIds":["1","2","3",111122223333]}`), parameter + "accountIds[3] must be a string, not a number."},
		{"CreateInvitations", body(`{"accountIds":[["1"]]}`), parameter + "accountIds[0] must be a string, not an array."},
		{"CreateInvitations", body(`{"accountIds":["1"],"disableEmailNotification":"true"}`), parameter + "disableEmailNotification must be a boolean, not a string."},
		{"CreateInvitations", body(`{"accountIds":["1"],"disableEmailNotification":0}`), parameter + "disableEmailNotification must be a boolean, not a number."},
		{"CreateInvitations", body(`{"accountIds":["1"],"message":true}`), parameter + "message must be a string, not a boolean."},
		{"CreateInvitations", body(`{"accountIds":["1"],"message":"a\u0000b"}`), parameter + "message must not contain the character U+0000."},
		{"CreateMember", body(`{"account":[]}`), parameter + "account must be an object, not an array."},
		{"CreateMember", body(`{"account":{"accountId":"1","email":{}}}`), parameter + "account.email must be a string, not an object."},
		{"CreateMember", body(`{"account":{"accountId":"1","email":"e"},"tags":{"a":1}}`), parameter + "tags.a must be a string, not a number."},
		{"CreateMember", body(`{"account":{"accountId":"1","email":"e"},"tags":{"a b":null}}`), parameter + `tags["a b"] must be a string, not null.`},
		{"CreateMember", body(`{"account":{"accountId":"1","email":"e"},"tags":{"` + long + `":1}}`),
			parameter + `tags["` + long[:40] + `…"] must be a string, not a number.`},
		{"CreateMember", body(`{"account":{"accountId":"1","email":"e"},"tags":{"a\u0000":"v"}}`), parameter + `tags["a\x00"] must not contain the character U+0000.`},
		{"ListFindings", body(`{"maxResults":1.5}`), parameter + "maxResults must be an integer."},
		{"ListFindings", body(`{"maxResults":1e1}`), parameter + "maxResults must be an integer."},
		{"ListFindings", body(`{"maxResults":"1"}`), parameter + "maxResults must be an integer, not a string."},
		{"ListFindings", body(`{"maxResults":2147483648}`), parameter + "maxResults is out of range."},
		{"ListFindings", body(`{"findingCriteria":{"criterion":{"a":{"eq":["x",false]}}}}`), parameter + "findingCriteria.criterion.a.eq[1] must be a string, not a boolean."},
		{"ListFindings", body(`{"findingCriteria":{"criterion":{"a":null}}}`), parameter + "findingCriteria.criterion.a must be an object, not null."},
		{"ListFindings", body(`{"findingCriteria":{"criterion":{"a":{"gt":9223372036854775808}}}}`), parameter + "findingCriteria.criterion.a.gt is out of range."},
		// Grammar.
		{"CreateMember", body(`notjson`), syntax + "invalid character 'o'"},
		{"CreateMember", body(`nul`), syntax + "it ends too early."},
		{"CreateMember", body(`truely`), syntax},
		{"CreateMember", body(`false `), "The request is rejected because its body must be a JSON object, not a boolean."},
		{"CreateMember", body(`false,`), syntax},
		{"CreateMember", body(`[`), syntax + "it ends too early."},
		{"CreateMember", body(`fals{`), syntax},
		{"CreateMember", body(`"account`), syntax + "it ends too early."},
		{"CreateMember", body(`"\x"`), syntax},
		{"CreateMember", body(`-`), syntax + "it ends too early."},
		{"CreateMember", body(`12a`), syntax},
		{"CreateMember", body(`1`), "The request is rejected because its body must be a JSON object, not a number."},
		{"CreateMember", body(`account=1`), syntax + "invalid character 'a'"},
		{"CreateMember", body(`{"account":nope}`), syntax},
		{"CreateMember", body(`{"account":tru}`), syntax},
		{"CreateMember", body(`{"account":{"accountId":nil}}`), syntax},
		{"CreateInvitations", body(`{"accountIds":[none]}`), syntax},
		{"CreateInvitations", body(` `), syntax + "it ends too early."},
		{"CreateInvitations", body(`{`), syntax + "it ends too early."},
		{"CreateInvitations", body(`{"accountIds":["1"`), syntax + "it ends too early, in accountIds[1]."},
		{"CreateInvitations", body(`{"accountIds":["1`), syntax + "it ends too early, in accountIds[0]."},
		{"CreateInvitations", body(`{"accountIds":["1"]}x`), syntax + "invalid character 'x'"},
		{"CreateInvitations", body(`{"accountIds":["1"]}{}`), syntax + "there is data after its end."},
		{"CreateInvitations", body(`{"accountIds":["1"],}`), syntax},
		{"CreateInvitations", body(`{"accountIds":["1",]}`), syntax},
		{"CreateInvitations", body(`{"accountIds" ["1"]}`), syntax},
		{"CreateInvitations", body(`{'accountIds':["1"]}`), syntax},
		{"CreateInvitations", body(`{"accountIds":["1"],"message":nul}`), syntax},
		{"CreateInvitations", body(`{"accountIds":["1"],"accountIds":["2"]}`), syntax + "it names accountIds twice."},
		{"CreateInvitations", body(`{"accountIds":["1"],"\u0061ccountIds":["2"]}`), syntax + "it names accountIds twice."},
		{"CreateInvitations", body(`{"accountIds":["1"],"x":{"y":{"z":1,"z":2}}}`), syntax + "it names z twice, in x."},
		{"CreateInvitations", body(`{"` + long + `":1,"` + long + `":2}`), syntax + `it names "` + long[:40] + `…" twice.`},
		{"CreateInvitations", body("{\"accountIds\":[\"1\"],\"message\":\"\xff\"}"), syntax + "invalid UTF-8"},
		{"CreateInvitations", body(`{"accountIds":["1"],"message":"\ud800"}`), syntax},
		{"CreateInvitations", body("{\"accountIds\":[\"1\"],\"message\":\"a\nb\"}"), syntax},
		{"CreateInvitations", body("\xef\xbb\xbf{}"), syntax},
		{"CreateInvitations", body(`{"accountIds":["1"],"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`), syntax + "it nests more than 64 levels deep, in x."},
		{"CreateInvitations", body(`{"accountIds":["1"],"x":` + strings.Repeat(`{"a":`, 100000)), syntax + "it nests more than 64 levels deep, in x."},
		{"DisassociateFromAdministratorAccount", body(`x`), syntax},
		{"DisassociateFromAdministratorAccount", body(`[]`), "The request is rejected because its body must be a JSON object, not an array."},
		// Path and query.
		{"GetMember", Request{Path: []PathLabel{{"id", "a\x00"}}}, parameter + "id must not contain the character U+0000."},
		{"GetMember", Request{Path: []PathLabel{{"id", "\xff"}}}, parameter + "id must be valid UTF-8."},
		{"ListMembers", query("maxResults", ""), parameter + "maxResults must be an integer."},
		{"ListMembers", query("maxResults", "ten"), parameter + "maxResults must be an integer."},
		{"ListMembers", query("maxResults", "0x10"), parameter + "maxResults must be an integer."},
		{"ListMembers", query("maxResults", "99999999999999999999"), parameter + "maxResults is out of range."},
		{"ListMembers", query("maxResults", "1", "2"), parameter + "maxResults is given more than once."},
		{"ListMembers", query("nextToken", "1", "2"), parameter + "nextToken is given more than once."},
		{"ListMembers", query("nextToken", "\xff"), parameter + "nextToken must be valid UTF-8."},
		{"ListAutomatedDiscoveryAccounts", query("accountIds", "1", "\x00"), parameter + "accountIds[1] must not contain the character U+0000."},
		// Constraints.
		{"CreateInvitations", Request{}, parameter + "accountIds is required."},
		{"CreateInvitations", body(`{}`), parameter + "accountIds is required."},
		{"CreateInvitations", body(`{"accountIds":null}`), parameter + "accountIds is required."},
		{"CreateMember", body(`{}`), parameter + "account is required."},
		{"CreateMember", body(`{"account":{"accountId":"1"}}`), parameter + "account.email is required."},
		{"GetMember", Request{}, parameter + "id is required."},
		{"UntagResource", Request{Path: []PathLabel{{"resourceArn", "arn"}}}, parameter + "tagKeys is required."},
		{"ListMembers", query("maxResults", "0"), parameter + "maxResults has an invalid value. It must be between 1 and 25."},
		{"ListMembers", query("maxResults", "26"), parameter + "maxResults has an invalid value. It must be between 1 and 25."},
		{"ListMembers", query("maxResults", "-1"), parameter + "maxResults has an invalid value. It must be between 1 and 25."},
		{"EnableMacie", body(`{"status":"enabled"}`), parameter + "status has an invalid value. Valid values are: PAUSED, ENABLED."},
		{"EnableMacie", body(`{"status":""}`), parameter + "status has an invalid value. Valid values are: PAUSED, ENABLED."},
		{"CreateAllowList", body(`{"clientToken":"t","criteria":{"regex":""},"name":"n"}`), parameter + "criteria.regex must have 1 to 512 characters, not 0."},
		{"CreateAllowList", body(`{"clientToken":"t","criteria":{"regex":"` + long + `"},"name":"n"}`), parameter + "criteria.regex must have 1 to 512 characters, not 5000."},
		{"CreateAllowList", body(`{"clientToken":"t","criteria":{"s3WordsList":{"bucketName":"a b c","objectKey":"k"}},"name":"n"}`),
			parameter + `criteria.s3WordsList.bucketName has an invalid value. It must match the pattern ^[A-Za-z0-9.\-_]{3,255}$.`},
		{"UpdateClassificationScope", Request{Path: []PathLabel{{"id", "a"}}, Body: []byte(`{"s3":{"excludes":{"bucketNames":["abc","x"],"operation":"ADD"}}}`)},
			parameter + `s3.excludes.bucketNames[1] has an invalid value. It must match the pattern ^[A-Za-z0-9.\-_]{3,255}$.`},
	} {
		_, err := decodeAndCheck(c.operation, &c.request)
		var e *Error
		if !errors.As(err, &e) || e.Code != ValidationException {
			t.Errorf("%s %.80q: got %v", c.operation, c.request.Body, err)
			continue
		}
		if e.Message != c.want && (!strings.HasPrefix(e.Message, c.want) || strings.HasSuffix(c.want, ".")) {
			t.Errorf("%s %.80q: got %q, want %q", c.operation, c.request.Body, e.Message, c.want)
		}
		if len(e.Message) > 400 {
			t.Errorf("%s %.80q: a message of %d bytes", c.operation, c.request.Body, len(e.Message))
		}
	}
}

func body(s string) Request { return Request{Body: []byte(s)} }

func query(name string, values ...string) Request {
	return Request{Query: url.Values{name: values}}
}

// FuzzDecode holds that whatever comes is either read or refused with a bounded
// ValidationException, and that what was read reads the same again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"accountIds":["111122223333"],"disableEmailNotification":true,"message":"hello"}`,
		`{"account":{"accountId":"1","email":"a@example.com"},"tags":{"a":"b"}}`,
		`{"findingCriteria":{"criterion":{"a":{"eq":["x"],"gt":1}}},"maxResults":50}`,
		`{"clientToken":"t","criteria":{"regex":"a","s3WordsList":{"bucketName":"abc","objectKey":"k"}},"name":"n"}`,
		`{"accountIds":[null],"\u0061":"\ud83d\ude00","x":[[[[{}]]]]}`,
		"{\"message\":\"\xff\"}", `{`, ``, `nul`, `{"a":1,"a":2}`,
	} {
		for op := range len(operations) {
			f.Add(op, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, n int, b []byte) {
		op := operations[uint(n)%uint(len(operations))]
		in, err := op.Decode(&Request{Body: b})
		if err == nil {
			again, againErr := op.Decode(&Request{Body: b})
			if againErr != nil || !reflect.DeepEqual(in, again) {
				t.Fatalf("%s: read differently again: %v", op.Name, againErr)
			}
			err = op.Check(in)
		}
		if err == nil {
			return
		}
		var e *Error
		if !errors.As(err, &e) || e.Code != ValidationException {
			t.Fatalf("%s: %v", op.Name, err)
		}
		if len(e.Message) > 1500 || !utf8.ValidString(e.Message) || strings.ContainsAny(e.Message, "\x00\n") {
			t.Fatalf("%s: message %q", op.Name, e.Message)
		}
	})
}

func BenchmarkDecodeCreateInvitations(b *testing.B) {
	op := OperationNamed("CreateInvitations")
	body := []byte(`{"accountIds":["111122223333"],"disableEmailNotification":true,"message":"hello"}`)
	b.ReportAllocs()
	for b.Loop() {
		in, err := op.Decode(&Request{Body: body})
		if err != nil {
			b.Fatal(err)
		}
		if err := op.Check(in); err != nil {
			b.Fatal(err)
		}
	}
}
