package publication

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"magpie/internal/macie2"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func TestShapes(t *testing.T) {
	for name, x := range map[string]*macie2.Finding{"data": data(1), "policy": policy(bob, 2)} {
		e, err := eventOf(alice, x)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".event.json", e)
		golden(t, name+".asff.json", asffOf(alice, "arn:aws:securityhub:us-east-1::product/aws/macie", x))
		golden(t, name+".ocsf.json", ocsfOf(x))
	}
}

func golden(t *testing.T, name string, value any) {
	t.Helper()
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is now\n%s", name, &got)
	}
}
