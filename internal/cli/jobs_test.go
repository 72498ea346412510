package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJobsWait: a job over the bucket of a store that was added a moment ago looks into it, and one that cannot is told from one that found
// nothing.
func TestJobsWait(t *testing.T) {
	t.Parallel()
	r := start(t, "--rate", "CreateClassificationJob=1000")
	files := filepath.Join(r.home, "files")
	for name, content := range map[string]string{"exports/a.csv": "name,credit card number\nAnna Meyer,4539148803436467\n", "exports/b.bin": "\x00\x01\x02"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(files, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(files, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.must(admin, "enable-macie")
	r.must(admin, "store", "add", admin, "files", "--endpoint", "file://"+files, "--region", "eu-west-1")
	got := r.run(admin, "jobs", "create", "--bucket", "exports", "--wait")
	if got.code != 0 || !strings.Contains(got.stderr, "COMPLETE: 2 ") || !strings.Contains(got.stderr, " 1 with sensitive data") {
		t.Errorf("the job ends with %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	missing := r.run(admin, "jobs", "create", "--bucket", "no-such-bucket", "--wait")
	if missing.code != 3 || !strings.Contains(missing.stderr, admin+"/no-such-bucket: BUCKET_DOES_NOT_EXIST") {
		t.Errorf("a job over a bucket that is not there: %d\n%s%s", missing.code, missing.stdout, missing.stderr)
	}
}
