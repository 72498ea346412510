package analyse

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/detect/managed"
	"magpie/internal/extract"
)

// fill sets every field, so that one that is added and not carried over is found.
func fill(v reflect.Value, set *detect.Set) {
	switch x := v.Addr().Interface().(type) {
	case **detect.Identifier:
		*x = &set.Identifiers()[1]
		return
	case **managed.Identifier:
		*x = set.Identifiers()[0].Managed
		return
	case **detect.Custom: // that or a managed one
		return
	case *time.Time:
		*x = time.Unix(1700000000, 5).UTC()
		return
	case *[]*extract.Fault:
		return
	case *extract.Code:
		*x = extract.Partial
		return
	case *extract.Reason:
		*x = extract.MalformedFile
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("•text")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), set)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), set)
		}
	default:
		panic("a result has a field of a kind that is not known here: " + v.Type().String())
	}
}

func TestResultsKeepAll(t *testing.T) {
	s := search(t)
	var r classify.Result
	fill(reflect.ValueOf(&r).Elem(), s.set)
	r.Path = ""    // the object's own
	r.Faults = nil // these go ahead of it
	got, err := decodeResult(newEncoder(s.set).encode(&r), s.set, shown{samples: 1, explain: true}, r.Size)
	if err != nil || !reflect.DeepEqual(got, &r) {
		t.Errorf("%+v, %v\nnot %+v", got, err, r)
	}
}

// What is not reported comes along where it was asked for: identifiers of the search, custom ones, and others.
func TestMissedResults(t *testing.T) {
	s := search(t)
	ids := s.set.Identifiers()
	r := &classify.Result{Document: classify.Document{Status: extract.Status{Code: extract.Complete}, Size: 5, Missed: []classify.Missed{
		{Managed: ids[0].Managed, Why: detect.WhyCheck, Sample: "•••••••4399"},
		{Custom: ids[1].Custom, Why: detect.WhyKeyword, Distance: -1, Sample: "•••"},
		{Managed: managed.Find("UK_NHS_NUMBER"), Why: detect.WhyNotAsked, Sample: "•••"},
	}}}
	got, err := decodeResult(newEncoder(s.set).encode(r), s.set, shown{explain: true, samples: 1}, 5)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := decodeResult(newEncoder(s.set).encode(r), s.set, shown{explain: true}, 5); err == nil {
		t.Error("the end of a value was taken where none is to be shown")
	}
	if _, err := decodeResult(newEncoder(s.set).encode(r), s.set, shown{}, 5); err == nil {
		t.Error("what was not asked for was taken")
	}
	r.Missed[0].Sample = "536-90-4399"
	if _, err := decodeResult(newEncoder(s.set).encode(r), s.set, shown{explain: true, samples: 1}, 5); err == nil {
		t.Error("a value that is not masked was taken")
	}
}

// A result that is too large loses places, then members, and never counts.
func TestLargeResults(t *testing.T) {
	s := search(t)
	id := &s.set.Identifiers()[0]
	place := extract.Location{Kind: extract.Record, Record: 1 << 40, Path: strings.Repeat("$.a", 300)}
	doc := classify.Document{Path: "a.txt", Status: extract.Status{Code: extract.Complete}, Size: 5,
		Detections: []classify.Detection{{Identifier: id, Count: 5000}}}
	for range 200 {
		doc.Detections[0].Occurrences = append(doc.Detections[0].Occurrences, place)
	}
	r := &classify.Result{Document: doc}
	r.Path = ""
	for range 1000 {
		r.Members = append(r.Members, doc)
	}
	b := newEncoder(s.set).encode(r)
	got, err := decodeResult(b, s.set, shown{samples: 0}, 5)
	if err != nil || len(b) > maxResult || len(got.Members) != 1000 || got.Members[999].Detections[0].Count != 5000 || !got.Members[0].More {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for i := range r.Members {
		r.Members[i].Path = strings.Repeat("p", 60<<10)
	}
	got, err = decodeResult(newEncoder(s.set).encode(r), s.set, shown{samples: 0}, 5)
	if err != nil || len(got.Members)+got.MembersLeftOut != 1000 || got.MembersLeftOut == 0 {
		t.Fatalf("%v", err)
	}
}

func FuzzDecodeResult(f *testing.F) {
	s := search(f)
	var r classify.Result
	fill(reflect.ValueOf(&r).Elem(), s.set)
	r.Path = ""
	f.Add(newEncoder(s.set).encode(&r))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeResult(b, s.set, shown{samples: 3, explain: true}, -1)
		if err != nil {
			return
		}
		again, err := decodeResult(newEncoder(s.set).encode(got), s.set, shown{samples: 3, explain: true}, -1)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("%+v became %+v, %v", got, again, err)
		}
	})
}
