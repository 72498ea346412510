package analyse

import (
	"reflect"
	"strings"
	"testing"

	"magpie/internal/classify"
)

// What a box says may show values only where it was asked to, and no more of them than it should.
func TestResultsShowWhatTheyMay(t *testing.T) {
	s := search(t)
	var r classify.Result
	fill(reflect.ValueOf(&r).Elem(), s.set)
	r.Path, r.Faults, r.Members, r.Missed = "", nil, nil, nil
	for _, x := range []struct {
		sample string
		may    shown
		ok     bool
	}{
		{"536-90-4399", shown{samples: 1}, false},
		{"536-90-4399", shown{samples: 1, reveal: true}, true},
		{"••••4399", shown{samples: 1}, true},
		{strings.Repeat("é", classify.MaxRevealed), shown{samples: 1, reveal: true}, true},
		{strings.Repeat("é", classify.MaxRevealed+1), shown{samples: 1, reveal: true}, false},
		{"536-90-4399", shown{reveal: true}, false},
	} {
		for i := range r.Detections {
			r.Detections[i].Samples = []string{x.sample}
		}
		_, err := decodeResult(newEncoder(s.set).encode(&r), s.set, x.may, r.Size)
		if (err == nil) != x.ok {
			t.Errorf("%q with %+v: %v", x.sample, x.may, err)
		}
	}
}

// Where it is asked for, values come back as they are, in this process and from boxes.
func TestReveal(t *testing.T) {
	c := testConfig
	c.Samples, c.Reveal = 2, true
	s, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, o Options) {
		p := New(o)
		defer p.Close()
		text := "my ssn is 536-90-4399, hers is ssn 536-90-4388, TCK-1234\n"
		r, err := p.Analyse(t.Context(), Source{Name: "a.txt", ReaderAt: strings.NewReader(text), Size: int64(len(text))}, s)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, d := range r.Detections {
			got[d.Name(s.Names())] = d.Samples
		}
		want := map[string][]string{"USA_SOCIAL_SECURITY_NUMBER": {"536-90-4399", "536-90-4388"}, "Ticket": {"TCK-1234"}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("shown are %v, want %v", got, want)
		}
		good(t, p) // nobody else's are
	})
}
