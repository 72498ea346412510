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

// notYet are the cases that are known to be wrong.
var notYet = map[string]bool{
	"43-unicode-separators/zwnj.txt":       true,
	"43-unicode-separators/zwj.txt":        true,
	"43-unicode-separators/lrm.txt":        true,
	"44-ansi-colours/inside.log":           true,
	"44-ansi-colours/aws.log":              true,
	"48-looks-like-another-format/og.txt":  true,
	"48-looks-like-another-format/og.zip":  true,
	"50-xlsx-cells/merged-header.xlsx":     true,
	"50-xlsx-cells/title-rows.xlsx":        true,
	"50-xlsx-cells/escaped.xlsx":           true,
	"50-xlsx-cells/x000d-after.xlsx":       true,
	"50-xlsx-cells/fmt-ssn-special.xlsx":   true,
	"50-xlsx-cells/ragged-title.xlsx":      true,
	"50-xlsx-cells/header-with-year.xlsx":  true,
	"51-pdf-text/no-tounicode.pdf":         true,
	"51-pdf-text/ascii85-lzw.pdf":          true,
	"51-pdf-text/a85-only.pdf":             true,
	"51-pdf-text/a85-flate-nl.pdf":         true,
	"51-pdf-text/undecodable-filter.pdf":   true,
	"52-eml-parts/base64-noise.eml":        true,
	"53-csv-shapes/title-line-first.csv":   true,
	"53-csv-shapes/title-blank-line.csv":   true,
	"53-csv-shapes/comment-lines.csv":      true,
	"53-csv-shapes/cr-only.csv":            true,
	"53-csv-shapes/soh-hive.csv":           true,
	"53-csv-shapes/ragged-one-short.csv":   true,
	"53-csv-shapes/ragged-one-long.csv":    true,
	"53-csv-shapes/ragged-third.csv":       true,
	"53-csv-shapes/backslash-comma.csv":    true,
	"53-csv-shapes/trailing-commas.csv":    true,
	"53-csv-shapes/header-with-year.csv":   true,
	"53-csv-shapes/header-numbers.csv":     true,
	"54-markup/shy.html":                   true,
	"55-json-yaml-env/rs-seq.json":         true,
	"56-private-keys/one-line-nothing.txt": true,
	"56-private-keys/comment-prefix.conf":  true,
	"56-private-keys/mail-quoted.txt":      true,
	"57-false-positives/uuid.log":          true,
	"58-control-characters/dos-eof.txt":    true,
	"58-control-characters/del.txt":        true,
	"58-control-characters/vt.txt":         true,
	"58-control-characters/env-nul.env":    true,
	"58-control-characters/fix.log":        true,
	"58-control-characters/us-rs.txt":      true,
	"59-avro/cut.avro":                     true,
}

// TestCases reads small files, each of which some program gets wrong, and compares what is found with what is right.
func TestCases(t *testing.T) {
	list, err := os.ReadFile("testdata/cases/expect.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	c, names := newClassifier(t, Options{})
	seen := map[string]bool{}
	for line := range bytes.Lines(list) {
		var want expectation
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen[want.File] = true
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
			report := t.Errorf
			if notYet[want.File] {
				report = t.Logf
			}
			switch {
			case want.Judgement && !right:
				t.Logf("found %v %v, some would expect %v %v", found, r.Status, want.Counts, want.Status)
			case !right:
				report("found %v %v, want %v %v %v", found, r.Status, want.Counts, want.Status, want.Reason)
			}
		})
	}
	for file := range notYet {
		if !seen[file] {
			t.Errorf("%s: not among the cases", file)
		}
	}
}
