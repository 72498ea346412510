package scan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/extract"
	"magpie/internal/macie2"
	printabletext "magpie/internal/printable"
)

// sarifWriter writes SARIF 2.1.0: a rule per identifier, a result per place. Code hosts take 25,000 results of a run and show
// 5,000; beyond that a result stands for all further places of its type in its file.
type sarifWriter struct {
	w       io.Writer
	custom  map[*detect.Custom]classify.CustomName
	rules   []sarifRule
	byName  map[string]int
	results []sarifResult
	notes   []sarifNotification
}

const (
	maxSARIF       = 25_000
	maxSARIFPlaces = 100 // of one type in one file
)

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID            string         `json:"id"`
	Short         sarifText      `json:"shortDescription"`
	Full          sarifText      `json:"fullDescription"`
	Configuration sarifLevel     `json:"defaultConfiguration"`
	Properties    map[string]any `json:"properties"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Occurrences  int64             `json:"occurrenceCount,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int64 `json:"startLine"`
	StartColumn int64 `json:"startColumn,omitempty"`
	EndLine     int64 `json:"endLine,omitempty"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

func newSARIFWriter(w io.Writer, custom map[*detect.Custom]classify.CustomName) *sarifWriter {
	return &sarifWriter{w: w, custom: custom, byName: map[string]int{}, results: []sarifResult{}, rules: []sarifRule{}}
}

func (s *sarifWriter) file(f *FileResult) error {
	if f.Failed() {
		s.notes = append(s.notes, sarifNotification{"warning", sarifText{"not read, or not wholly: " + why(f)}, []sarifLocation{artifact(f.Path)}})
	}
	if f.Grew {
		s.notes = append(s.notes, sarifNotification{"note", sarifText{"it became longer while it was read; what was added was not scanned"}, []sarifLocation{artifact(f.Path)}})
	}
	archived := false
	for i := range f.Result.Members {
		for k := range f.Result.Members[i].Detections {
			s.detection(f.Path, f.Result.Members[i].Path, &f.Result.Members[i].Detections[k])
			archived = true
		}
	}
	for i := range f.Result.Detections {
		if d := &f.Result.Detections[i]; !archived || len(d.Occurrences) > 0 {
			s.detection(f.Path, "", d)
		}
	}
	return nil
}

func artifact(path string) sarifLocation {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return sarifLocation{Physical: &sarifPhysical{Artifact: sarifArtifact{u.String()}}}
}

func (s *sarifWriter) rule(d *classify.Detection) int {
	name := d.Name(s.custom)
	if i, ok := s.byName[name]; ok {
		return i
	}
	what := "custom data identifier " + name
	if m := d.Identifier.Managed; m != nil {
		what = m.What
	}
	s.rules = append(s.rules, sarifRule{ID: name, Short: sarifText{what}, Full: sarifText{what},
		Configuration: sarifLevel{level(d.Severity())},
		Properties:    map[string]any{"category": d.Identifier.Category, "tags": []string{"security", "sensitive-data"}}})
	s.byName[name] = len(s.rules) - 1
	return len(s.rules) - 1
}

func level(s macie2.SeverityDescription) string {
	switch rank(s) {
	case 3:
		return "error"
	case 2:
		return "warning"
	}
	return "note"
}

func (s *sarifWriter) detection(path, member string, d *classify.Detection) {
	rule := s.rule(d)
	add := func(loc sarifLocation, key, text string, n int64) {
		if len(s.results) >= maxSARIF {
			return
		}
		s.results = append(s.results, sarifResult{RuleID: s.rules[rule].ID, RuleIndex: rule, Level: level(d.Severity()),
			Message: sarifText{text}, Locations: []sarifLocation{loc}, Occurrences: n,
			Fingerprints: map[string]string{"magpie/v1": s.rules[rule].ID + ":" + member + ":" + key}})
	}
	whole := artifact(path)
	if member != "" {
		whole.Logical = []sarifLogical{{member, "file"}}
	}
	for i, o := range d.Occurrences {
		if i == maxSARIFPlaces {
			break
		}
		loc := artifact(path)
		name, kind := "", ""
		if o.Line > 0 && member == "" {
			loc.Physical.Region = &sarifRegion{o.Line, o.Column, o.EndLine}
		}
		switch o.Kind {
		case extract.Cell:
			name, kind = o.CellReference, "cell"
			if name == "" {
				name = fmt.Sprintf("row %d, column %d", o.Row, o.Col)
			}
		case extract.Record:
			name, kind = fmt.Sprintf("record %d %s", o.Record, o.Path), "record"
		case extract.Page:
			name, kind = fmt.Sprintf("page %d", o.Page), "page"
		case extract.LineRange:
			if member != "" {
				name, kind = fmt.Sprintf("line %d", o.Line), "line"
			}
		}
		name = strings.TrimSpace(name)
		if member != "" {
			name, kind = member+": "+name, "file"
		}
		if name != "" {
			loc.Logical = []sarifLogical{{name, kind}}
		}
		add(loc, fmt.Sprintf("%d:%s", o.Line, name), s.rules[rule].Short.Text, 0)
	}
	if rest := d.Count - int64(min(len(d.Occurrences), maxSARIFPlaces)); rest > 0 {
		text := fmt.Sprintf("%s: %s", s.rules[rule].Short.Text, plural(d.Count, "occurrence"))
		add(whole, "rest", text, rest)
	}
}

func (s *sarifWriter) finish(sum *Summary) error {
	if s.notes == nil {
		s.notes = []sarifNotification{}
	}
	run := map[string]any{
		"tool": map[string]any{"driver": map[string]any{"name": "Magpie", "rules": s.rules}},
		"invocations": []any{map[string]any{"executionSuccessful": !sum.Stopped,
			"toolExecutionNotifications": slices.Clip(s.notes)}},
		"columnKind": "unicodeCodePoints",
		"results":    s.results,
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs":    []any{run},
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(printabletext.JSON(text), '\n')) // as in jsonl.go
	return err
}
