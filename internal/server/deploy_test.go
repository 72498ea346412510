package server

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// expressions are those of the alert rules and of the dashboard.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for line := range strings.Lines(string(read("prometheus/alerts.yml"))) {
		if _, expression, ok := strings.Cut(line, "expr: "); ok {
			all = append(all, expression)
		}
	}
	rules := len(all)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for name, x := range v {
				if text, ok := x.(string); ok && (name == "expr" || name == "query") {
					all = append(all, text)
				}
				walk(x)
			}
		}
	}
	var dashboard any
	if err := json.Unmarshal(read("grafana/magpie.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	walk(dashboard)
	if rules < 5 || len(all) < rules+20 {
		t.Fatalf("%d expressions in the rules and %d in the dashboard", rules, len(all)-rules)
	}
	return all
}

// Every metric that the alert rules and the dashboard ask for is one that a server exports once it
// has done a little of everything, and every metric of Magpie's is looked at by one of them.
func TestDashboardAndAlertsKnowTheMetrics(t *testing.T) {
	cert, key, believers := selfSigned(t)
	s := start(t, Config{Dev: true, TLSCert: cert, TLSKey: key})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: believers}}}
	t.Cleanup(client.CloseIdleConnections)
	do := func(method, path, body string) string {
		t.Helper()
		status, text := signed(t, client, s, method, path, body)
		if status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
		return text
	}
	do("POST", "/macie", "{}")
	do("POST", "/members", `{"account":{"accountId":"222233334444","email":"b@example.com"}}`)
	do("POST", "/invitations", `{"accountIds":["222233334444"]}`)
	// A task of a kind that nobody does stays, so that there is a queue to tell of.
	if err := s.enqueue(t.Context(), "nobody's"); err != nil {
		t.Fatal(err)
	}
	exported := map[string]bool{}
	for give := time.After(time.Minute); !exported["magpie_queue_attempts_total"] || !exported["magpie_queue_tasks"]; {
		select {
		case <-give:
			t.Fatalf("the invitation's tasks never showed; exported are %v", exported)
		default:
		}
		for line := range bytes.Lines([]byte(do("GET", "/metrics", ""))) {
			if name := regexp.MustCompile(`^[a-z_0-9]+`).Find(line); name != nil {
				exported[string(name)] = true
			}
		}
	}
	asked := map[string]bool{}
	for _, e := range expressions(t) {
		for _, name := range regexp.MustCompile(`\b(?:magpie|go|process)_[a-z0-9_]+`).FindAllString(e, -1) {
			asked[name] = true
			if !exported[name] {
				t.Errorf("no server exports %s, of %s", name, e)
			}
		}
	}
	for name := range exported {
		family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if strings.HasPrefix(name, "magpie_") && !slices.ContainsFunc([]string{"", "_bucket", "_sum", "_count"}, func(part string) bool { return asked[family+part] }) {
			t.Errorf("%s is on no dashboard and in no rule", name)
		}
	}
}
