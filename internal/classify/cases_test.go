package classify

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"magpie/internal/extract"
)

// expectation says what is right for one file of testdata/cases, a line of expect.jsonl.
type expectation struct {
	File string
	// Counts is what is found, by identifier. Other identifiers that fit the same text are no fault; when it is empty, nothing
	// at all may be found.
	Counts    map[string]int64
	Status    extract.Code   // empty: any
	Reason    extract.Reason // empty: any
	Judgement bool           // a matter of opinion, which we do not hold
}

// TestCases reads small files, each of which some program gets wrong, and compares what is found with what is right.
func TestCases(t *testing.T) {
	list, err := os.ReadFile("testdata/cases/expect.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	c, names := newClassifier(t, Options{})
	for line := range bytes.Lines(list) {
		var want expectation
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		t.Run(want.File, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/cases", want.File))
			if err != nil {
				t.Fatal(err)
			}
			r := classifyBytes(t, c, want.File, data)
			found := map[string]int64{}
			for _, d := range r.Detections {
				if _, named := want.Counts[d.Name(names)]; named || len(want.Counts) == 0 {
					found[d.Name(names)] = d.Count
				}
			}
			right := maps.Equal(found, want.Counts) &&
				(want.Status == "" || want.Status == r.Status.Code) && (want.Reason == "" || want.Reason == r.Status.Reason)
			switch {
			case want.Judgement && !right:
				t.Logf("found %v %v, some would expect %v %v", found, r.Status, want.Counts, want.Status)
			case !right:
				t.Errorf("found %v %v, want %v %v %v", found, r.Status, want.Counts, want.Status, want.Reason)
			}
		})
	}
}
