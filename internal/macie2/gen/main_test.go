package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestUpToDate holds that what is committed is what the model says.
func TestUpToDate(t *testing.T) {
	model, err := os.ReadFile("../../../api/macie2.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(model)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the model says; run go generate ./...", name)
		}
	}
	present, err := filepath.Glob("../*_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range present {
		if files[filepath.Base(path)] == nil {
			t.Errorf("%s is not generated any more; delete it", path)
		}
	}
}

// TestUnknownModel holds that a model the generator does not fully understand
// is refused, not half translated.
func TestUnknownModel(t *testing.T) {
	const head = `{"service":{"signingName":"macie2"},"operations":{"Get":{"method":"GET","uri":"/","status":200,"input":"GetRequest","output":"GetResponse"}},"shapes":{
		"GetResponse":{"type":"structure","members":{}},"S":{"type":"string"},`
	for name, shapes := range map[string]string{
		"a type":                    `"GetRequest":{"type":"structure","members":{"a":{"shape":"X"}}},"X":{"type":"blob"}`,
		"a shape that is not there": `"GetRequest":{"type":"structure","members":{"a":{"shape":"Gone"}}}`,
		"a timestamp format":        `"GetRequest":{"type":"structure","members":{"a":{"shape":"X"}}},"X":{"type":"timestamp","timestampFormat":"rfc822"}`,
		"a location":                `"GetRequest":{"type":"structure","members":{"a":{"shape":"S","location":"header","locationName":"a"}}}`,
		"one Go name for two":       `"GetRequest":{"type":"structure","members":{"a":{"shape":"X"}}},"X":{"type":"string","enum":["A_B","A-B"]}`,
		"a list's length":           `"GetRequest":{"type":"structure","members":{"a":{"shape":"X"}}},"X":{"type":"list","member":"S","max":3}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := generate([]byte(head + shapes + "}}")); err == nil {
				t.Error("no error")
			}
		})
	}
}
