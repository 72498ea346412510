package audit

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
)

// Every member of every input is either shown or withheld on purpose.
func TestMembersAreDecidedOn(t *testing.T) {
	for _, op := range macie2.Operations() {
		shown, known := members[op.Name]
		if !known {
			t.Errorf("nobody has decided what a record of %s shows", op.Name)
		}
		var labels []macie2.PathLabel
		for part := range strings.SplitSeq(op.URI, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				labels = append(labels, macie2.PathLabel{Name: strings.TrimSuffix(name, "}"), Value: "x"})
			}
		}
		in, err := op.Decode(&macie2.Request{Path: labels})
		if err != nil {
			t.Fatalf("%s: %v", op.Name, err)
		}
		v := reflect.TypeOf(in).Elem()
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Field(i).Tag.Get("json"), ",")
			if slices.Contains(shown, name) == slices.Contains(withheld, name) {
				t.Errorf("%s: %s must be either shown or withheld", op.Name, name)
			}
		}
	}
}

// What a record says, to the letter.
func TestRecord(t *testing.T) {
	user := macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAEXAMPLE", KeyID: "AKIAEXAMPLE", Account: "111122223333"}
	session := macie2.Principal{ARN: "arn:aws:sts::111122223333:assumed-role/Operator/from-ci", ID: "AROAEXAMPLE:from-ci", KeyID: "ASIAEXAMPLE", Account: "111122223333"}
	at := time.Date(2026, 3, 1, 12, 0, 0, 7e6, time.UTC)
	const (
		head    = `{"eventVersion":"1.11","userIdentity":`
		alice   = `{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE","userName":"alice"}`
		role    = `{"type":"AssumedRole","principalId":"AROAEXAMPLE:from-ci","arn":"arn:aws:sts::111122223333:assumed-role/Operator/from-ci","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/Operator","accountId":"111122223333","userName":"Operator"},"attributes":{"mfaAuthenticated":"false"}}}`
		when    = `,"eventTime":"2026-03-01T12:00:00.007Z","eventSource":"macie2.amazonaws.com","eventName":`
		where   = `,"awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli \"2\""`
		ids     = `,"requestID":"request","eventID":"event","readOnly":`
		account = `,"recipientAccountId":"111122223333"`
		tail    = `,"eventCategory":"Management"}`
	)
	for _, c := range []struct {
		name string
		e    Event
		want string
	}{
		{"a change", Event{Operation: "CreateInvitations", Principal: user, Service: "macie2",
			Input:  &macie2.CreateInvitationsInput{AccountIds: []string{"444455556666"}, Message: macie2.Ptr("Hello"), DisableEmailNotification: macie2.Ptr(false)},
			Output: &macie2.CreateInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{}}},
			head + alice + when + `"CreateInvitations"` + where + `,"requestParameters":{"accountIds":["444455556666"],"disableEmailNotification":false,"message":"Hello"},"responseElements":{"unprocessedAccounts":[]}` +
				ids + `false,"eventType":"AwsApiCall","managementEvent":true` + account + tail},
		{"a change that answers nothing, by a session", Event{Operation: "EnableMacie", Principal: session, Service: "macie2",
			Input: &macie2.EnableMacieInput{ClientToken: macie2.Ptr("token")}, Output: &macie2.EnableMacieOutput{}},
			head + role + when + `"EnableMacie"` + where + `,"requestParameters":null,"responseElements":null` +
				ids + `false,"eventType":"AwsApiCall","managementEvent":true` + account + tail},
		{"a refusal", Event{Operation: "CreateMember", Principal: user, Service: "macie2", ErrorCode: macie2.AccessDeniedException, ErrorMessage: "no",
			Input: &macie2.CreateMemberInput{Account: &macie2.AccountDetail{AccountId: macie2.Ptr("444455556666"), Email: macie2.Ptr("a@example.com")}, Tags: map[string]string{"b": "2", "a": "1"}}},
			head + alice + when + `"CreateMember"` + where + `,"errorCode":"AccessDeniedException","errorMessage":"no","requestParameters":{"account":{"accountId":"444455556666","email":"a@example.com"},"tags":{"a":"1","b":"2"}},"responseElements":null` +
				ids + `false,"eventType":"AwsApiCall","managementEvent":true` + account + tail},
		{"a read", Event{Operation: "GetMember", Principal: user, Service: "macie2", Input: &macie2.GetMemberInput{Id: macie2.Ptr("444455556666")},
			Output: &macie2.GetMemberOutput{Email: macie2.Ptr("a@example.com")}},
			head + alice + when + `"GetMember"` + where + `,"requestParameters":{"id":"444455556666"},"responseElements":null` +
				ids + `true,"eventType":"AwsApiCall","managementEvent":true` + account + tail},
		{"sensitive text", Event{Operation: "TestCustomDataIdentifier", Principal: user, Service: "macie2",
			Input: &macie2.TestCustomDataIdentifierInput{Regex: macie2.Ptr("[0-9]+"), SampleText: macie2.Ptr("4111111111111111")}},
			head + alice + when + `"TestCustomDataIdentifier"` + where + `,"requestParameters":{"regex":"[0-9]+"},"responseElements":null` +
				ids + `true,"eventType":"AwsApiCall","managementEvent":true` + account + tail},
		{"a change in another service", Event{Operation: "organizations:EnableAWSServiceAccess", Principal: user, Service: "organizations",
			Parameters: map[string]string{"servicePrincipal": "macie.amazonaws.com"}},
			head + alice + strings.Replace(when, "macie2", "organizations", 1) + `"EnableAWSServiceAccess"` + where + `,"requestParameters":{"servicePrincipal":"macie.amazonaws.com"},"responseElements":null` +
				ids + `false,"eventType":"AwsApiCall","managementEvent":true` + account + tail},
		{"a stranger", Event{KeyID: "AKIAUNKNOWN", ErrorCode: macie2.UnrecognizedClientException, ErrorMessage: "who?"},
			head + `{"type":"Unknown","accessKeyId":"AKIAUNKNOWN"}` + when + `""` + where + `,"errorCode":"UnrecognizedClientException","errorMessage":"who?","requestParameters":null,"responseElements":null` +
				ids + `true,"eventType":"AwsApiCall","managementEvent":true` + tail},
	} {
		c.e.Time, c.e.RequestID, c.e.Region, c.e.SourceIP, c.e.UserAgent = at, "request", "eu-west-1", "192.0.2.1", `aws-cli "2"`
		got := string(appendRecord(nil, &c.e, "event"))
		if got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON", c.name)
		}
	}
}

// Whatever may change something, in whichever service, is recorded with its change.
func TestReadOnly(t *testing.T) {
	for operation, want := range map[string]bool{
		"GetMember": true, "DescribeBuckets": true, "BatchGetCustomDataIdentifiers": true, "": true, "CreateMember": false, "BatchUpdateAutomatedDiscoveryAccounts": false,
		"sts:AssumeRole": true, "sts:GetCallerIdentity": true, "magpie:GetHistory": true,
		"organizations:DescribeOrganization": true, "organizations:ListAccounts": true,
		"organizations:EnableAWSServiceAccess": false, "organizations:DisableAWSServiceAccess": false,
		"organizations:RegisterDelegatedAdministrator": false, "organizations:DeregisterDelegatedAdministrator": false,
	} {
		if got := ReadOnly(operation); got != want {
			t.Errorf("%s: %v", operation, got)
		}
	}
}

// A thousand accounts fit into a record; what is beyond reason does not.
func TestLongRecords(t *testing.T) {
	ids := slices.Repeat([]string{"444455556666"}, 1000)
	e := Event{Operation: "CreateInvitations", Input: &macie2.CreateInvitationsInput{AccountIds: ids}}
	if got := string(appendRecord(nil, &e, "")); strings.Count(got, "444455556666") != 1000 {
		t.Error("accounts are missing")
	}
	e.Input = &macie2.CreateInvitationsInput{AccountIds: slices.Repeat(ids, 10)}
	if got := string(appendRecord(nil, &e, "")); !strings.Contains(got, `"requestParameters":{"omitted":true,"originalSize":150016}`) {
		t.Errorf("%.600s", got)
	}
}

func BenchmarkRecord(b *testing.B) {
	e := Event{Time: time.Now(), Operation: "CreateInvitations", Service: "macie2", Region: "eu-west-1", RequestID: "0193c1a4-0000-7000-8000-000000000000",
		Principal: macie2.Principal{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAEXAMPLE", KeyID: "AKIAEXAMPLE", Account: "111122223333"},
		Input:     &macie2.CreateInvitationsInput{AccountIds: []string{"444455556666"}}, Output: usual("CreateInvitations")}
	buffer := make([]byte, 0, 2048)
	for b.Loop() {
		buffer = appendRecord(buffer[:0], &e, "event")
	}
}
