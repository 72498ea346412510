package scan_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"magpie/internal/inventory/s3/s3double"
	"magpie/internal/scan"
)

// TestBucket: objects are listed, chosen and read like files, by one request each, and those of kinds or classes that cannot be read by none.
func TestBucket(t *testing.T) {
	d := s3double.New()
	t.Cleanup(d.Close)
	d.Bucket("data", "AKIDEXAMPLE")
	card := []byte("credit card number 4539 1488 0343 6467\n")
	for key, o := range map[string]s3double.Object{
		"in/a.txt": {Content: card}, "in/b c+d.csv": {Content: []byte("credit card number\n4539148803436467\n")}, "in/clean.txt": {Content: []byte("nothing\n")},
		"in/picture.png": {Content: card}, "in/old.txt": {Content: card, Class: "GLACIER"}, "in/folder/": {}, "out/e.txt": {Content: card},
		"in/left/out.txt": {Content: card}, "in/large.txt": {Content: append(bytes.Repeat([]byte("nothing to be seen here\n"), 400_000), card...)},
	} {
		d.Put("data", key, o)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "a secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	run := func(args ...string) (lines map[string]string, code int, said string) {
		t.Helper()
		var out, err bytes.Buffer
		code = scan.Main(t.Context(), append(args, "--output", "json", "--endpoint-url", d.URL), nil, &out, &err)
		lines = map[string]string{}
		for r := json.NewDecoder(&out); r.More(); {
			var line struct {
				Path   string
				Status struct{ Code, Reason string }
				Result struct {
					Status struct{ Code, Reason string }
				}
			}
			if err := r.Decode(&line); err != nil {
				t.Fatal(err)
			}
			lines[line.Path] = line.Status.Code + line.Result.Status.Code
		}
		return lines, code, err.String()
	}
	d.Forget()
	lines, code, said := run("s3://data/in/", "--exclude", "left")
	var paths []string
	for path := range lines {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	if want := []string{"s3://data/in/a.txt", "s3://data/in/b c+d.csv", "s3://data/in/clean.txt", "s3://data/in/large.txt", "s3://data/in/old.txt", "s3://data/in/picture.png"}; !slices.Equal(paths, want) {
		t.Errorf("scanned %q, want %q; it said %s", paths, want, said)
	}
	if code != scan.ExitUnread || !strings.Contains(said, "old.txt") {
		t.Errorf("with an object that cannot be read the code is %d, and it says %q", code, said)
	}
	if gets := d.Total("GetObject", "data"); gets != 6 || d.Total("HeadObject", "") != 0 || d.Total("ListObjectsV2", "") != 1 {
		t.Errorf("asked %v", d.Calls())
	}
	lines, code, said = run("s3://data/out/", "--fail-on", "FOUND")
	if code != scan.ExitFound || len(lines) != 1 {
		t.Errorf("%v, %d, %s", lines, code, said)
	}
	if _, code, said = run("s3://nowhere"); code != scan.ExitUnread || !strings.Contains(said, "s3://nowhere") {
		t.Errorf("a bucket that there is not: %d, %s", code, said)
	}
	if _, code, said = run("s3:///in"); code != scan.ExitUnread || !strings.Contains(said, "names no bucket") {
		t.Errorf("no bucket: %d, %s", code, said)
	}
}
