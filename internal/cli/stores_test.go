package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStoresVerb: an account adds a store at an endpoint that the operator allows, sees, changes, tries and removes it.
func TestStoresVerb(t *testing.T) {
	t.Parallel()
	r := start(t, "--store-endpoints", "http://127.0.0.1:9")
	secret := filepath.Join(r.home, "secret.txt")
	if err := os.WriteFile(secret, []byte("never-shown\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.must(admin, "stores", "list"); !strings.Contains(got, `"stores": []`) {
		t.Errorf("at first there are %s", got)
	}
	for _, c := range []struct{ args, want string }{
		{"stores add main", "nothing is given"},
		{"stores add main --endpoint https://storage.example.com --access-key-id A --secret-access-key-file " + secret, "does not let accounts name"},
		{"stores add main --endpoint http://127.0.0.1:9 --access-key-id A --secret-access-key-file none.txt", "--secret-access-key-file"},
		{"stores show main", "the account has no store main"},
		{"stores update main --max-requests 5", "no store of that name"},
		{"stores remove main", "no store of that name"},
		{"stores test main", "no store of that name"},
		{"stores list --output xml", "none of table, json, csv"},
	} {
		if got := r.run(admin, strings.Fields(c.args)...); got.code == 0 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("magpie %s: %d %s", c.args, got.code, got.stderr)
		}
	}
	r.must(admin, "stores", "add", "main", "--endpoint", "http://127.0.0.1:9", "--access-key-id", "AKIDEXAMPLE", "--secret-access-key-file", secret, "--buckets", "data-*")
	r.must(admin, "stores", "update", "main", "--max-requests", "7", "--buckets", "")
	var shown map[string]any
	text := r.must(admin, "stores", "show", "main", "--output", "json")
	if err := json.Unmarshal([]byte(text), &shown); err != nil || shown["maxRequests"] != 7.0 || shown["buckets"] != nil || shown["addedBy"] != "account" ||
		strings.Contains(text, "never-shown") {
		t.Errorf("%v\n%s", err, text)
	}
	if got := r.must(admin, "stores", "show", "main"); !strings.Contains(got, "requests a second  7") || !strings.Contains(got, "AKIDEXAMPLE") {
		t.Errorf("the table is\n%s", got)
	}
	if got := r.must(admin, "stores", "list", "--output", "csv"); !strings.HasPrefix(got, "name,endpoint,added by,status,buckets,looked at\nmain,http://127.0.0.1:9,account,") {
		t.Errorf("as CSV:\n%s", got)
	}
	if got := r.run(admin, "stores", "test", "main", "--output", "table"); got.code == 0 || !strings.Contains(got.stderr, "the store cannot be used") || !strings.Contains(got.stdout, "ListBuckets") {
		t.Errorf("a store that is not there was tried: %d %s%s", got.code, got.stdout, got.stderr)
	}
	r.must(admin, "stores", "remove", "main")
	if got := r.must(admin, "stores", "list", "--output", "csv"); strings.Count(got, "\n") != 1 {
		t.Errorf("in the end there are %s", got)
	}
}
