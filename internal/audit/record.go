package audit

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"magpie/internal/macie2"
)

// Event is a call and what came of it.
type Event struct {
	Time      time.Time
	RequestID string
	Service   string // macie2, sts, organizations
	Operation string // the contract's name, or an action such as magpie:GetHistory; "" if there is none
	Region    string
	SourceIP  string
	UserAgent string

	Principal macie2.Principal // zero if the caller did not prove who it is
	// Subject and Provider are whom a token is about, and who issued it, where that is who calls:
	// the Principal has no ARN then.
	Subject, Provider string
	KeyID             string // the access key id that the caller claims

	Input      macie2.Input      // nil if there is none, or it could not be read
	Output     macie2.Output     // nil if there is none
	Parameters map[string]string // of what is no operation of the contract; what must not be recorded is left out already
	Response   map[string]any    // likewise

	ErrorCode    macie2.Exception // "" for success
	ErrorMessage string

	// Console says that the call was made for a page of the web console.
	Console bool
	// SignIn says that it is no call but somebody signing in to the console, or out, or switching
	// roles there.
	SignIn bool
}

// Lengths beyond which a record says less.
const (
	maxParameters = 100 << 10
	maxName       = 128
)

// ReadOnly reports whether an operation changes nothing.
func ReadOnly(operation string) bool {
	if _, name, ok := strings.Cut(operation, ":"); ok {
		operation = name
	}
	for _, verb := range []string{"Get", "List", "Describe", "BatchGet", "Search", "Test", "AssumeRole"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return operation == ""
}

// appendRecord appends e as a record of CloudTrail's, on one line.
func appendRecord(b []byte, e *Event, eventID string) []byte {
	name := e.Operation
	if _, own, ok := strings.Cut(name, ":"); ok {
		name = own
	}
	b = append(b, `{"eventVersion":"1.11","userIdentity":`...)
	b = appendIdentity(b, e)
	b = append(b, `,"eventTime":"`...)
	b = e.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","eventSource":"`...)
	b = append(b, source(e)...)
	b = append(b, '"')
	b = member(b, "eventName", name)
	b = member(b, "awsRegion", e.Region)
	b = member(b, "sourceIPAddress", e.SourceIP)
	b = member(b, "userAgent", e.UserAgent)
	if e.ErrorCode != "" {
		b = member(b, "errorCode", string(e.ErrorCode))
		b = member(b, "errorMessage", e.ErrorMessage)
	}
	b = append(b, `,"requestParameters":`...)
	b = appendParameters(b, e)
	b = append(b, `,"responseElements":`...)
	b = appendResponse(b, e)
	b = member(b, "requestID", e.RequestID)
	b = member(b, "eventID", eventID)
	b = append(b, `,"readOnly":`...)
	b = strconv.AppendBool(b, ReadOnly(e.Operation))
	kind := "AwsApiCall"
	if e.SignIn {
		kind = "AwsConsoleSignIn"
	}
	b = member(b, "eventType", kind)
	b = append(b, `,"managementEvent":true`...)
	if e.Console {
		b = append(b, `,"sessionCredentialFromConsole":"true"`...)
	}
	if e.Principal.Account != "" {
		b = member(b, "recipientAccountId", string(e.Principal.Account))
	}
	return append(b, `,"eventCategory":"Management"}`...)
}

func source(e *Event) string {
	switch {
	case e.SignIn:
		return "signin.amazonaws.com"
	case strings.HasPrefix(e.Operation, "magpie:"):
		return "magpie"
	case e.Service == "sts", e.Service == "organizations":
		return e.Service + ".amazonaws.com"
	}
	return "macie2.amazonaws.com"
}

// member appends a member to an object that has some.
func member(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	b, _ = jsontext.AppendQuote(b, value) // the error is about UTF-8; it is mended
	return b
}

// appendIdentity appends CloudTrail's userIdentity.
func appendIdentity(b []byte, e *Event) []byte {
	p := e.Principal
	if p.Account == "" {
		b = append(b, `{"type":"Unknown"`...)
		if e.KeyID != "" {
			b = member(b, "accessKeyId", cut(e.KeyID))
		}
		return append(b, '}')
	}
	if p.ARN == "" { // of no account: the bearer of a token, whose record is that of the role's account
		b = append(b, `{"type":"WebIdentityUser"`...)
		b = member(b, "principalId", cut(p.ID))
		b = member(b, "userName", cut(e.Subject))
		b = member(b, "identityProvider", cut(e.Provider))
		return append(b, '}')
	}
	kind := "IAMUser"
	// arn:aws:sts::111122223333:assumed-role/ROLE/SESSION
	_, role, isSession := strings.Cut(p.ARN, ":assumed-role/")
	if isSession {
		kind = "AssumedRole"
		role, _, _ = strings.Cut(role, "/")
	} else if strings.HasSuffix(p.ARN, ":root") {
		kind = "Root"
	}
	b = append(b, `{"type":"`...)
	b = append(b, kind...)
	b = append(b, '"')
	b = member(b, "principalId", p.ID)
	b = member(b, "arn", p.ARN)
	b = member(b, "accountId", string(p.Account))
	b = member(b, "accessKeyId", p.KeyID)
	switch {
	case isSession:
		issuer, _, _ := strings.Cut(p.ID, ":")
		b = append(b, `,"sessionContext":{"sessionIssuer":{"type":"Role"`...)
		b = member(b, "principalId", issuer)
		b = member(b, "arn", "arn:aws:iam::"+string(p.Account)+":role/"+role)
		b = member(b, "accountId", string(p.Account))
		b = member(b, "userName", role)
		b = append(b, `},"attributes":{"mfaAuthenticated":"false"}`...)
		if p.SourceIdentity != "" {
			b = member(b, "sourceIdentity", p.SourceIdentity)
		}
		b = append(b, '}')
	case kind == "IAMUser":
		_, user, _ := strings.Cut(p.ARN, ":user/")
		b = member(b, "userName", user)
	}
	return append(b, '}')
}

// appendParameters appends the input's members that a record shows, null if there are none.
func appendParameters(b []byte, e *Event) []byte {
	start := len(b)
	switch {
	case e.Input != nil:
		b = appendInput(b, e.Operation, e.Input)
	case len(e.Parameters) > 0:
		b = appendJSON(b, e.Parameters)
	default:
		return append(b, "null"...)
	}
	if size := len(b) - start; size > maxParameters { // CloudTrail's own words
		b = append(b[:start], `{"omitted":true,"originalSize":`...)
		b = strconv.AppendInt(b, int64(size), 10)
		b = append(b, '}')
	}
	return b
}

// appendResponse appends what a call that changes something has answered, null if nothing.
func appendResponse(b []byte, e *Event) []byte {
	start := len(b)
	switch {
	case e.SignIn && len(e.Response) > 0:
		b = appendJSON(b, e.Response)
	case e.ErrorCode != "":
	case e.Output != nil && answers[e.Operation]:
		b = macie2.AppendJSON(b, e.Output)
	case len(e.Response) > 0:
		b = appendJSON(b, e.Response)
	}
	if size := len(b) - start; size > maxParameters {
		b = append(b[:start], `{"omitted":true,"originalSize":`...)
		b = strconv.AppendInt(b, int64(size), 10)
		return append(b, '}')
	}
	if len(b) == start || string(b[start:]) == "{}" {
		return append(b[:start], "null"...)
	}
	return b
}

// usual is what an operation nearly always answers, as a record shows it; nil is null. It is what a
// record says that is written with the change, before there is an answer.
func usual(operation string) macie2.Output {
	switch operation {
	case "CreateInvitations":
		return &macie2.CreateInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{}}
	case "DeclineInvitations":
		return &macie2.DeclineInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{}}
	case "DeleteInvitations":
		return &macie2.DeleteInvitationsOutput{UnprocessedAccounts: []macie2.UnprocessedAccount{}}
	}
	return nil
}

func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil { // nothing that gets here can fail; a record that says less is better than none
		return append(b, `{"omitted":true}`...)
	}
	return append(b, text...)
}

// shown are the fields of an input's type that a record shows.
type shown struct {
	index int
	name  string
}

var shownOf sync.Map // reflect.Type → []shown: derived from the types, the same for ever

func fields(operation string, t reflect.Type) []shown {
	if known, ok := shownOf.Load(t); ok {
		return known.([]shown)
	}
	var list []shown
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if slices.Contains(members[operation], name) {
			list = append(list, shown{i, name})
		}
	}
	shownOf.Store(t, list)
	return list
}

// appendInput appends the members of in that a record shows.
func appendInput(b []byte, operation string, in macie2.Input) []byte {
	v := reflect.ValueOf(in).Elem()
	start := len(b)
	for _, f := range fields(operation, v.Type()) {
		value := v.Field(f.index)
		if value.IsNil() { // scalars are pointers: absent
			continue
		}
		b = append(b, ',', '"')
		b = append(b, f.name...)
		b = append(b, '"', ':')
		switch x := value.Interface().(type) {
		case *string:
			b, _ = jsontext.AppendQuote(b, *x)
		case *bool:
			b = strconv.AppendBool(b, *x)
		case []string:
			b = append(b, '[')
			for i, s := range x {
				if i > 0 {
					b = append(b, ',')
				}
				b, _ = jsontext.AppendQuote(b, s)
			}
			b = append(b, ']')
		default:
			b = appendJSON(b, x)
		}
	}
	if len(b) == start {
		return append(b, "null"...)
	}
	b[start] = '{'
	return append(b, '}')
}

// cut bounds what a stranger claims.
func cut(s string) string {
	if len(s) > maxName {
		s = s[:maxName]
	}
	return strings.ToValidUTF8(s, "")
}
