package macie2

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// TestEncodeAgreesWithTags holds that the generated encoders write what a
// general one writes by the structures' tags, for answers filled at random.
func TestEncodeAgreesWithTags(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	bindAll(t, func(op string, output reflect.Type) {
		for range 20 {
			out := reflect.New(output)
			fillAtRandom(random, out.Elem(), 0)
			got := AppendJSON([]byte("before"), out.Interface().(Output))
			want, err := json.Marshal(out.Interface(), json.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, append([]byte("before"), want...)) {
				t.Fatalf("%s:\n got %s\nwant %s", op, got, want)
			}
		}
	})
}

// bindAll calls do with every operation's output.
func bindAll(t *testing.T, do func(op string, output reflect.Type)) {
	t.Helper()
	registry := reflect.TypeFor[*Registry]()
	for i := range registry.NumMethod() {
		method := registry.Method(i)
		if op, ok := strings.CutPrefix(method.Name, "Bind"); ok {
			do(op, method.Type.In(1).Out(0).Elem())
		}
	}
}

func fillAtRandom(random *rand.Rand, v reflect.Value, depth int) {
	absent := random.IntN(4) == 0 || depth > 12
	switch v.Kind() {
	case reflect.Pointer:
		if !absent {
			v.Set(reflect.New(v.Type().Elem()))
			fillAtRandom(random, v.Elem(), depth+1)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Timestamp]() {
			v.Set(reflect.ValueOf(Timestamp{time.UnixMilli(random.Int64N(4e12))}))
			return
		}
		for i := range v.NumField() {
			fillAtRandom(random, v.Field(i), depth+1)
		}
	case reflect.Slice:
		if absent {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), random.IntN(3), 3))
		for i := range v.Len() {
			fillAtRandom(random, v.Index(i), depth+1)
		}
	case reflect.Map:
		if absent {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range random.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillAtRandom(random, key, depth+1)
			fillAtRandom(random, value, depth+1)
			if value.Kind() == reflect.Slice && value.IsNil() { // only a member can be absent
				value.Set(reflect.MakeSlice(value.Type(), 0, 0))
			}
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString([]string{"", "plain", "\"\\/\b\n\u2028<&>", "é漢😀", "\x00"}[random.IntN(5)])
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(int32(random.Uint64())))
	case reflect.Float64:
		v.SetFloat([]float64{0, -1.5, 3, 1e-9, 12345.678}[random.IntN(5)])
	default:
		panic("no way to fill a " + v.Type().String())
	}
}

func TestEncode(t *testing.T) {
	at := time.Date(2026, 11, 23, 11, 11, 12, 123_999_999, time.FixedZone("", 3600))
	for _, c := range []struct {
		out  Output
		want string
	}{
		{&CreateInvitationsOutput{}, `{}`},
		{&CreateInvitationsOutput{UnprocessedAccounts: []UnprocessedAccount{}}, `{"unprocessedAccounts":[]}`},
		{&CreateInvitationsOutput{UnprocessedAccounts: []UnprocessedAccount{
			{AccountId: Ptr("111122223333"), ErrorCode: Ptr(ErrorCodeClientError), ErrorMessage: Ptr("a \"b\"")}, {}}},
			`{"unprocessedAccounts":[{"accountId":"111122223333","errorCode":"ClientError","errorMessage":"a \"b\""},{}]}`},
		{&GetMemberOutput{Email: Ptr(""), InvitedAt: NewTimestamp(at), Tags: map[string]string{"b": "2", "a": "1"}, UpdatedAt: TimestampMillis(0)},
			`{"email":"","invitedAt":"2026-11-23T10:11:12.123Z","tags":{"a":"1","b":"2"},"updatedAt":"1970-01-01T00:00:00.000Z"}`},
		{&GetInvitationsCountOutput{InvitationsCount: Ptr(int64(0))}, `{"invitationsCount":0}`},
		{&DescribeOrganizationConfigurationOutput{AutoEnable: Ptr(false), MaxAccountLimitReached: Ptr(false)}, `{"autoEnable":false,"maxAccountLimitReached":false}`},
		{&ListMembersOutput{NextToken: Ptr("a\xffb")}, "{\"nextToken\":\"a\ufffdb\"}"},
	} {
		if got := string(AppendJSON(nil, c.out)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestTimestampReads(t *testing.T) {
	for text, want := range map[string]string{
		`"2026-11-23T10:11:12.123Z"`:      "2026-11-23T10:11:12.123Z",
		`"2026-11-23T10:11:12Z"`:          "2026-11-23T10:11:12.000Z",
		`"2026-11-23T11:11:12.123+01:00"`: "2026-11-23T10:11:12.123Z",
	} {
		var got Timestamp
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.String() != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`""`, `1`, `"yesterday"`, `"2026-11-23"`} {
		var got Timestamp
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

func TestExceptions(t *testing.T) {
	for code, want := range map[Exception]int{
		ValidationException: 400, AccessDeniedException: 403, ResourceNotFoundException: 404, ConflictException: 409,
		ServiceQuotaExceededException: 402, ThrottlingException: 429, InternalServerException: 500,
		UnprocessableEntityException: 422, NotImplementedException: 501, "Nonsense": 500,
	} {
		if got := code.HTTPStatus(); got != want {
			t.Errorf("%s: got %d, want %d", code, got, want)
		}
	}
	if got := ErrNotFound("100%"); got.Message != "100%" {
		t.Errorf("a message without arguments is not a format: got %q", got.Message)
	}
	if got := ErrQuota("%d of %d", 1, 2).Error(); got != "ServiceQuotaExceededException: 1 of 2" {
		t.Errorf("got %q", got)
	}
}

func TestParseAccountID(t *testing.T) {
	if id, err := ParseAccountID("111122223333"); err != nil || id != "111122223333" {
		t.Errorf("got %q, %v", id, err)
	}
	for _, s := range []string{"", "11112222333", "1111222233334", "11112222333x", " 11122223333", "１１１１"} {
		if id, err := ParseAccountID(s); err == nil {
			t.Errorf("%q: got %q", s, id)
		}
	}
}

func BenchmarkEncodeListMembers(b *testing.B) {
	out := &ListMembersOutput{NextToken: Ptr("token")}
	for range 25 {
		out.Members = append(out.Members, Member{
			AccountId: Ptr("111122223333"), AdministratorAccountId: Ptr("444455556666"), MasterAccountId: Ptr("444455556666"),
			Arn:   Ptr("arn:aws:macie2:us-east-1:444455556666:member/111122223333"),
			Email: Ptr("a@example.com"), InvitedAt: TimestampMillis(1), RelationshipStatus: Ptr(RelationshipStatusInvited),
			Tags: map[string]string{}, UpdatedAt: TimestampMillis(2),
		})
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendJSON(buf[:0], out)
	}
}
