package publication

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"magpie/internal/finding"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
)

// ocsfSchema is what testdata/ocsf-1.5.0.json has of the published schema: the class Data Security Finding and all objects that it
// refers to, with the type of each attribute, whether it is required, and the numbers that an enumeration knows.
type ocsfSchema struct {
	Version string
	Class   ocsfObject
	Objects map[string]ocsfObject
}

type ocsfObject struct {
	Attributes  map[string]ocsfAttribute
	Constraints map[string][]string
}

type ocsfAttribute struct {
	Type     string
	Array    bool
	Required bool
	Profile  string
	Enum     []int64
}

func readSchema(t *testing.T) *ocsfSchema {
	t.Helper()
	text, err := os.ReadFile("testdata/ocsf-1.5.0.json")
	if err != nil {
		t.Fatal(err)
	}
	s := &ocsfSchema{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// check tells what of an event is not as the schema has it.
func (s *ocsfSchema) check(event []byte) (wrong []string) {
	var x map[string]any
	d := json.NewDecoder(strings.NewReader(string(event)))
	d.UseNumber()
	if err := d.Decode(&x); err != nil {
		return []string{err.Error()}
	}
	var profiles []string
	if m, ok := x["metadata"].(map[string]any); ok {
		all, _ := m["profiles"].([]any)
		for _, p := range all {
			profiles = append(profiles, fmt.Sprint(p))
		}
		if m["version"] != s.Version {
			wrong = append(wrong, fmt.Sprintf("metadata.version is %v", m["version"]))
		}
	}
	// An enumeration says in words what its number is; type_uid is reckoned from the class and the activity.
	if uid, activity := fmt.Sprint(x["type_uid"]), fmt.Sprint(x["class_uid"])+"0"+fmt.Sprint(x["activity_id"]); uid != activity {
		wrong = append(wrong, fmt.Sprintf("type_uid is %s, want %s", uid, activity))
	}
	return append(wrong, s.object("", s.Class, x, profiles)...)
}

func (s *ocsfSchema) object(at string, o ocsfObject, x map[string]any, profiles []string) (wrong []string) {
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		a := o.Attributes[name]
		if a.Required && x[name] == nil && (a.Profile == "" || slices.Contains(profiles, a.Profile)) {
			wrong = append(wrong, at+name+" is required")
		}
	}
	if some := o.Constraints["at_least_one"]; some != nil && !slices.ContainsFunc(some, func(n string) bool { return x[n] != nil }) {
		wrong = append(wrong, fmt.Sprintf("%shas none of %v", at, some))
	}
	if some := o.Constraints["just_one"]; some != nil {
		n := 0
		for _, name := range some {
			if x[name] != nil {
				n++
			}
		}
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("%shas %d of %v, want one", at, n, some))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		a, ok := o.Attributes[name]
		if !ok || a.Profile != "" && !slices.Contains(profiles, a.Profile) {
			wrong = append(wrong, at+name+" is not in the schema")
			continue
		}
		values := []any{x[name]}
		if a.Array {
			if values, ok = x[name].([]any); !ok {
				wrong = append(wrong, at+name+" is not an array")
			}
		}
		for _, v := range values {
			wrong = append(wrong, s.value(at+name, a, v, profiles)...)
		}
	}
	return wrong
}

func (s *ocsfSchema) value(at string, a ocsfAttribute, v any, profiles []string) []string {
	if name, ok := strings.CutPrefix(a.Type, "object:"); ok {
		x, ok := v.(map[string]any)
		if !ok {
			return []string{at + " is not an object"}
		}
		if name == "object" { // unmapped: anything
			return nil
		}
		return s.object(at+".", s.Objects[name], x, profiles)
	}
	fits := false
	switch a.Type {
	case "string_t":
		_, fits = v.(string)
	case "boolean_t":
		_, fits = v.(bool)
	case "integer_t", "long_t":
		n, ok := v.(json.Number)
		i, err := n.Int64()
		fits = ok && err == nil && (a.Enum == nil || slices.Contains(a.Enum, i))
	case "float_t":
		_, fits = v.(json.Number)
	case "json_t":
		fits = true
	}
	if !fits {
		return []string{fmt.Sprintf("%s is %v, which is no %s", at, v, a.Type)}
	}
	return nil
}

// every is a finding of each type, with each kind of place and each status.
func every() []*macie2.Finding {
	all := []*macie2.Finding{data(1), policy(bob, 1), policy(bob, 2)}
	for _, kind := range macie2.FindingType("").Values() {
		x := data(1)
		if strings.HasPrefix(string(kind), "Policy:") {
			x = policy(bob, 1)
		}
		x.Type = macie2.Ptr(kind)
		all = append(all, x)
	}
	n := int64(3)
	text := "x"
	for _, o := range []*macie2.Occurrences{
		{Cells: []macie2.Cell{{Row: &n, Column: &n, ColumnName: &text, CellReference: &text}}}, {LineRanges: []macie2.Range{{Start: &n, End: &n, StartColumn: &n}}},
		{Pages: []macie2.Page{{PageNumber: &n}}}, {Records: []macie2.Record{{RecordIndex: &n, JsonPath: &text}}}, {OffsetRanges: []macie2.Range{{Start: &n, End: &n}}}, nil,
	} {
		for _, status := range []string{"COMPLETE", "PARTIAL", "SKIPPED"} {
			x := data(1)
			x.Sample = macie2.Ptr(false)
			x.ClassificationDetails.Result.Status = &macie2.ClassificationResultStatus{Code: &status, Reason: &text}
			x.ClassificationDetails.Result.SensitiveData[0].Detections[0].Occurrences = o
			x.ClassificationDetails.Result.CustomDataIdentifiers = &macie2.CustomDataIdentifiers{Detections: []macie2.CustomDetection{{Name: &text, Arn: &text, Count: &n, Occurrences: o}}}
			all = append(all, x)
		}
	}
	return all
}

// TestOCSFSchema holds what is written against the published schema. The same events pass OCSF's own validator (ocsf-server 4.3.0,
// with the schema as OCSF's compiler makes it of release 1.5.0) without an error; it warns only of recommended attributes that a
// finding does not have.
func TestOCSFSchema(t *testing.T) {
	s := readSchema(t)
	for i, x := range every() {
		text, err := json.Marshal(ocsfOf(x))
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range s.check(text) {
			t.Errorf("finding %d, %s: %s", i, *x.Type, wrong)
		}
	}
	if wrong := s.check([]byte(`{"class_uid":2006,"activity_id":1,"type_uid":200602,"severity_id":"4","data":1}`)); len(wrong) < 5 {
		t.Errorf("of an event that is all wrong it says only %v", wrong)
	}
}

// memory is a bucket.
type memory struct {
	objects map[string]string
	fails   error
}

func (b *memory) Put(_ context.Context, key string, content []byte, _ objectstore.PutOptions) (string, error) {
	if b.fails != nil {
		return "", b.fails
	}
	b.objects[key] = string(content)
	return "etag", nil
}

// TestBucket: a batch is an object of JSON Lines whose name says what it holds, so the same again is no second one.
func TestBucket(t *testing.T) {
	s := readSchema(t)
	each(t, func(t *testing.T, d *desk) {
		b := &memory{objects: map[string]string{}, fails: objectstore.ErrDenied}
		d.bucket = func(_ context.Context, r string, account macie2.AccountID, name string) (finding.Bucket, error) {
			if r != region || account != alice || name != "lake" {
				return nil, objectstore.ErrNoBucket
			}
			return b, nil
		}
		d.add(alice, Settings{Name: "lake", Kind: Bucket, Endpoint: "s3://lake/security/magpie"})
		d.add(bob, Settings{Name: "lake", Kind: Bucket, Endpoint: "s3://lake"}) // which is not his
		d.publish(alice, data(1), data(2))
		d.publish(bob, data(3))
		d.try()
		for _, x := range []Destination{d.one("lake")} {
			if x.Failures != 1 || x.Waiting == 0 || x.Problem == "" {
				t.Errorf("a bucket that takes nothing is %+v", x)
			}
		}
		b.fails = nil
		if err := d.Test(t.Context(), alice, "lake", data(9)); err != nil {
			t.Error(err)
		}
		if err := d.Test(t.Context(), bob, "lake", data(9)); err == nil {
			t.Error("the bucket of another account was written to")
		}
		if text, ok := b.objects["security/magpie/write-check.jsonl"]; !ok || text != "" {
			t.Errorf("the test wrote %v", b.objects)
		}
		delete(b.objects, "security/magpie/write-check.jsonl")
		d.now()
		d.try()
		if len(b.objects) != 1 {
			t.Fatalf("there are %d objects, want one", len(b.objects))
		}
		for key, text := range b.objects {
			if ok, _ := path.Match("security/magpie/2026/05/01/????????-????-3???-????-????????????.jsonl", key); !ok {
				t.Errorf("the object is %s", key)
			}
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if len(lines) != 2 {
				t.Errorf("it has %d lines", len(lines))
			}
			for _, line := range lines {
				for _, wrong := range s.check([]byte(line)) {
					t.Error(wrong)
				}
			}
		}
		d.publish(alice, data(1), data(2)) // as after a crash
		d.try()
		if len(b.objects) != 1 {
			t.Errorf("the same findings again made another object: %d", len(b.objects))
		}
	})
}
