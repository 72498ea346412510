//go:build unix

package scan

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifSchema is the published JSON schema of SARIF 2.1.0; testdata says where it comes from.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("testdata/sarif-2.1.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(r)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat() // addresses and the like are to be what they are said to be
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSARIFSchema holds whatever a scan may write against the schema.
func TestSARIFSchema(t *testing.T) {
	schema := sarifSchema(t)
	folder(t)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range []string{"in side/a b.txt", "people.csv", "r.jsonl"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, map[string]string{"people.csv": "id,ssn\n1,536-90-4399\n", "r.jsonl": `{"ssn":"536-90-4399"}`}[name]+"ssn 536-90-4399\n")
	}
	z.Close()
	for name, content := range map[string]string{
		"hr/ä b#c?d%.txt": "ssn 536-90-4399\n",
		"many.txt":        strings.Repeat("ssn 536-90-4399 TCK-1234\n", 300),
		"all.zip":         archive.String(),
		"list.json":       `[{"a'b":{"ssn":["536-90-4399"]}}]`,
		"custom.json":     `{"name":"Ticket \"x\"","regex":"TCK-[0-9]{4}","severityLevels":[{"occurrencesThreshold":1000,"severity":"LOW"}]}`,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wd, _ := os.Getwd()
	for _, args := range [][]string{{"."}, {wd}, {"--identifiers", "all", "--custom", "custom.json", "."}, {"clean.log"}, {"broken.zip"}} {
		_, out, _ := run(t, "", append([]string{"--output", "sarif"}, args...)...)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := schema.Validate(map[string]any{"version": "2.1.0"}); err == nil {
		t.Error("the schema accepts anything")
	}
}
