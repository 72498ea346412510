package operation

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	contract "magpie/internal/macie2"
)

func TestEveryOperationHasAVerb(t *testing.T) {
	operations := contract.Operations()
	if len(verbs) != len(operations) {
		t.Errorf("%d verbs for %d operations", len(verbs), len(operations))
	}
	for i, op := range operations {
		if verbs[i].Operation != op.Name {
			t.Errorf("verb %d is of %s, want %s", i, verbs[i].Operation, op.Name)
		}
	}
	for _, v := range verbs {
		if v.Short() == "" {
			t.Errorf("%s: there are no words for it", v.Operation)
		}
		for _, p := range v.Params {
			if p.Required && !strings.Contains(v.Example()+" ", "--"+p.Flag+" ") {
				t.Errorf("%s: the example lacks --%s", v.Operation, p.Flag)
			}
		}
	}
	if len(said) != len(operations) {
		t.Errorf("words for %d operations", len(said))
	}
}

// Members are found in the SDK's structs by their names with the first letter changed, which must lead back.
func TestNamesSurvive(t *testing.T) {
	raw, err := os.ReadFile("../../../api/macie2.json")
	if err != nil {
		t.Fatal(err)
	}
	var model struct {
		Shapes map[string]struct{ Members map[string]any }
	}
	if err := json.Unmarshal(raw, &model); err != nil {
		t.Fatal(err)
	}
	for name, shape := range model.Shapes {
		for member := range shape.Members {
			if wireName(exported(member)) != member {
				t.Errorf("%s.%s becomes %s", name, member, wireName(exported(member)))
			}
		}
	}
	for _, v := range verbs {
		in := reflect.TypeOf(v.input()).Elem()
		for _, p := range v.Params {
			if _, ok := in.FieldByName(exported(p.Member)); !ok {
				t.Errorf("%s: the SDK's input has no %s", v.Operation, p.Member)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		text []string
		want string // as JSON, or an error
	}{
		{"word", String, []string{"a", "b"}, `"b"`},
		{"bool", Bool, []string{"true"}, `true`},
		{"number", Integer, []string{"7"}, `7`},
		{"no number", Integer, []string{"7.5"}, `--f: "7.5" is no whole number`},
		{"words", StringList, []string{"1", "2"}, `["1","2"]`},
		{"words in JSON", StringList, []string{`["1","2"]`}, `["1","2"]`},
		{"one structure", Structure, []string{"accountId=444455556666,email=a@example.com"}, `{"accountId":"444455556666","email":"a@example.com"}`},
		{"quoted", Structure, []string{`name="a, b",other='c"d'`}, `{"name":"a, b","other":"c\"d"}`},
		{"list inside", Structure, []string{"ids=[a,b],name=c"}, `{"ids":["a","b"],"name":"c"}`},
		{"list by commas", Structure, []string{"ids=a,b,name=c"}, `{"ids":["a","b"],"name":"c"}`},
		{"nested", Structure, []string{"s3={bucket=b,keys=[{k=v}]}"}, `{"s3":{"bucket":"b","keys":[{"k":"v"}]}}`},
		{"nested structure", Structure, []string{"s3={bucket=b,prefix=p},n=1"}, `{"n":"1","s3":{"bucket":"b","prefix":"p"}}`},
		{"structures", StructureList, []string{"a=1", "a=2"}, `[{"a":"1"},{"a":"2"}]`},
		{"not closed", Structure, []string{"a=[b"}, `--f: shorthand syntax: ] is missing at column 5 of "a=[b"`},
		{"no name", Structure, []string{"b"}, `--f: shorthand syntax: name= is missing at column 1 of "b"`},
		{"trailing", Structure, []string{"a={b=c}d"}, `--f: shorthand syntax: a comma is missing at column 8 of "a={b=c}d"`},
		{"not JSON", Structure, []string{"{"}, `--f: not JSON: unexpected end of JSON input`},
		{"empty value", Map, []string{"a=,b=c"}, `{"a":"","b":"c"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			value, err := Param{Flag: "f", Kind: c.kind}.Parse(c.text)
			got := ""
			if err != nil {
				got = err.Error()
			} else if text, err := json.Marshal(value); err == nil {
				got = string(text)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"wrong type", `{"name":1}`, "name: must be a string"},
		{"deep", `{"s3JobDefinition":{"bucketDefinitions":[{"accountId":"1","buckets":[1]}]}}`, "s3JobDefinition.bucketDefinitions[0].buckets[0]: must be a string"},
		{"unknown", `{"s3JobDefinition":{"nope":1}}`, "s3JobDefinition.nope: there is no such member"},
		{"metadata", `{"resultMetadata":{}}`, "resultMetadata: there is no such member"},
		{"fraction", `{"samplingPercentage":1.5}`, "samplingPercentage: must be a whole number"},
		{"too large", `{"samplingPercentage":3000000000}`, "samplingPercentage: must be a whole number"},
		{"null in a list", `{"allowListIds":[null]}`, "allowListIds[0]: must not be null"},
		{"map", `{"tags":{"a":true}}`, "tags.a: must be a string"},
		{"bool", `{"initialRun":"x"}`, "initialRun: must be true or false"},
		{"null", `{"name":null}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in map[string]any
			if err := json.Unmarshal([]byte(c.in), &in); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := decode(in, new(macie2.CreateClassificationJobInput)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// Bare words become what their member is.
	value, err := parseStructure("bucketDefinitions=[{accountId=1,buckets=a}]")
	if err != nil {
		t.Fatal(err)
	}
	var in macie2.CreateClassificationJobInput
	if err := decode(map[string]any{"s3JobDefinition": value, "samplingPercentage": bare("5"), "initialRun": bare("true")}, &in); err != nil {
		t.Fatal(err)
	}
	if *in.SamplingPercentage != 5 || !*in.InitialRun || in.S3JobDefinition.BucketDefinitions[0].Buckets[0] != "a" {
		t.Errorf("got %+v", in)
	}
}

func TestEncode(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	yes := "111122223333"
	got, err := json.Marshal(encode(&macie2.ListMembersOutput{Members: []types.Member{{
		AccountId: &yes, InvitedAt: &at, RelationshipStatus: types.RelationshipStatusInvited, Tags: map[string]string{"a": ""},
	}, {}}}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"members":[{"accountId":"111122223333","invitedAt":"2026-01-02T03:04:05.006Z","relationshipStatus":"Invited","tags":{"a":""}},{}]}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
	if got, _ := json.Marshal(encode(&macie2.ListMembersOutput{Members: []types.Member{}})); string(got) != `{"members":[]}` {
		t.Errorf("an empty list becomes %s", got)
	}
}
