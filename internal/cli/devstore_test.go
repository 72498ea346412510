package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// On a server with --dev a folder becomes a store of an account that nobody created, with one line.
func TestFolderStoreInDevMode(t *testing.T) {
	t.Parallel()
	r := start(t)
	files := t.TempDir()
	if err := os.MkdirAll(filepath.Join(files, "letters"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files, "letters", "one.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.must(admin, "enable-macie")
	r.must(admin, "store", "add", admin, "files", "--region", "eu-west-1", "--endpoint", "file://"+files)
	deadline := time.Now().Add(time.Minute)
	for !strings.Contains(r.must(admin, "describe-buckets", "--query", "buckets[].bucketName"), "letters") {
		if time.Now().After(deadline) {
			t.Fatalf("the folder does not show: %s", r.must(admin, "store", "show", admin, "files"))
		}
	}
}
