package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/sigv4"
	"magpie/internal/store"
)

// signed sends a request of an account, and returns the answer's status and text.
func signed(t *testing.T, client *http.Client, s *Server, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := sigv4.Credentials{AccessKeyID: "111122223333", SecretAccessKey: "any"}
	if err := sigv4.Sign(r, c, "eu-west-1", "macie2", []byte(body), time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// On a disk that is full, or can only be read, changes are refused and said to be, what is there
// can be read, and nothing is left of what was refused. When there is room again, the server goes
// on by itself.
func TestDiskRefusesToWrite(t *testing.T) {
	for name, pragma := range map[string]struct{ refuse, allow string }{
		"full":      {"pragma max_page_count = 1", "pragma max_page_count = 1000000"},
		"read-only": {"pragma query_only = 1", ""}, // nor can it be allowed again: no transaction begins
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Config{Dev: true})
			disk := func(sql string) {
				t.Helper()
				err := s.db.Tx(t.Context(), "", func(tx *store.Tx) error {
					_, err := tx.Exec(t.Context(), sql)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			call := func(method, path, body string) (int, string) {
				return signed(t, http.DefaultClient, s, method, path, body)
			}
			if status, text := call("POST", "/macie", "{}"); status != http.StatusOK {
				t.Fatalf("%d %s", status, text)
			}
			disk(pragma.refuse)
			// A page that has room may still take a small row of a full store: the tags do not fit.
			member := `{"account":{"accountId":"222233334444","email":"b@example.com"},"tags":{` + manyTags(50) + `}}`
			status, text := call("POST", "/members", member)
			if status != http.StatusInternalServerError || strings.Contains(text, "disk") || strings.Contains(text, "sql") || strings.Contains(text, "full") {
				t.Errorf("a change is answered %d %s", status, text)
			}
			if status, text := call("GET", "/members?onlyAssociated=false", ""); status != http.StatusOK || strings.Contains(text, "222233334444") {
				t.Errorf("a list is answered %d %s", status, text)
			}
			if pragma.allow == "" {
				return
			}
			disk(pragma.allow)
			if status, text := call("POST", "/members", member); status != http.StatusOK {
				t.Errorf("with room again: %d %s", status, text)
			}
		})
	}
}

func manyTags(n int) string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = `"` + strings.Repeat("k", 60) + strings.Repeat("i", i+1) + `":"` + strings.Repeat("v", 250) + `"`
	}
	return strings.Join(tags, ",")
}
