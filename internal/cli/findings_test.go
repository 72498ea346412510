package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestFindingsVerbs: samples are listed as a table, CSV and JSON, narrowed by flags, and shown with their places.
func TestFindingsVerbs(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must(admin, "enable-macie")
	r.must(admin, "create-sample-findings")
	all := r.must(admin, "findings", "list", "--output", "csv")
	if n := strings.Count(all, "\n"); n != 12 || !strings.HasPrefix(all, "updated,severity,type,account,resource,found,id") {
		t.Errorf("%d lines, want a heading and 11 samples:\n%s", n, all)
	}
	high := r.must(admin, "findings", "list", "--output", "csv", "--severity", "High", "--type", "SensitiveData:S3Object/Financial,SensitiveData:S3Object/Personal")
	if n := strings.Count(high, "\n"); n != 3 {
		t.Errorf("%d lines, want a heading and two:\n%s", n, high)
	}
	var listed struct {
		Findings []struct{ ID, Type string }
	}
	if err := json.Unmarshal([]byte(r.must(admin, "findings", "list", "--type", "SensitiveData:S3Object/Multiple", "--max-items", "1")), &listed); err != nil || len(listed.Findings) != 1 {
		t.Fatal(listed, err)
	}
	shown := r.must(admin, "findings", "show", listed.Findings[0].ID)
	for _, want := range []string{"SensitiveData:S3Object/Multiple", "CREDIT_CARD_NUMBER", "C2", "Card number", "B2"} {
		if !strings.Contains(shown, want) {
			t.Errorf("what is shown lacks %q:\n%s", want, shown)
		}
	}
	id := listed.Findings[0].ID
	if got := r.must(admin, "findings", "triage", id, "--state", "in_work", "--comment", "asked around"); !strings.Contains(got, "IN_WORK") || !strings.Contains(got, "asked around") {
		t.Errorf("what was said is shown as %q", got)
	}
	r.must(admin, "findings", "triage", id, "--state", "FALSE_ALARM", "--reason", "test data")
	var said struct {
		State   string
		Version int
		History []struct{ State, Reason string }
	}
	if err := json.Unmarshal([]byte(r.must(admin, "findings", "triage", id, "--output", "json")), &said); err != nil || said.State != "FALSE_ALARM" || said.Version != 2 ||
		len(said.History) != 2 || said.History[0].Reason != "test data" {
		t.Errorf("what was said is %+v, %v", said, err)
	}
	other := strings.Repeat("0", 32)
	if got := r.must(admin, "findings", "triage", other, id, "--output", "table"); !strings.Contains(got, "FALSE_ALARM") || strings.Index(got, other) > strings.Index(got, id) || !strings.Contains(got, "OPEN") {
		t.Errorf("of several findings:\n%s", got)
	}
	if got := r.must(admin, "findings", "list", "--output", "csv", "--severity", "high,MEDIUM"); strings.Count(got, "\n") != 11 {
		t.Errorf("of the eleven samples, ten are Medium and High; listed are\n%s", got)
	}
	for _, wrong := range [][]string{{"list", "--severity", "hi"}, {"list", "--type", "Financial"}, {"histogram", "--days", "0"}, {"histogram", "--days", "91"}} {
		if got := r.run(admin, append([]string{"findings"}, wrong...)...); got.code != 2 {
			t.Errorf("findings %v ends with %d", wrong, got.code)
		}
	}
	byDay := r.must(admin, "findings", "histogram", "--days", "2", "--output", "csv")
	if lines := strings.Split(strings.TrimSpace(byDay), "\n"); len(lines) != 3 || lines[0] != "day,low,medium,high" || !strings.Contains(byDay, ",1,2,8") {
		t.Errorf("by day there are\n%s", byDay)
	}
	if got := r.must(admin, "findings", "list", "--since", "2999-01-01T00:00:00Z"); !strings.Contains(got, `"findings": []`) {
		t.Errorf("of the future there are %s", got)
	}
}
