package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestUsageVerb: usage as a table for people, CSV and JSON for programs, of all accounts and of one.
func TestUsageVerb(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must(admin, "enable-macie")
	if got := r.must(admin, "usage", "--output", "csv"); !strings.HasPrefix(got, "account,by jobs,of the quota,automated,buckets,objects,requests,cost (USD)\n") ||
		!strings.Contains(got, ",0,0.0 %,0,0,0,0,0.00\n") {
		t.Errorf("as CSV: %s", got)
	}
	var page struct {
		TimeRange string
		Accounts  []struct{ AccountID string }
	}
	if err := json.Unmarshal([]byte(r.must(admin, "usage", "--time-range", "month_to_date")), &page); err != nil || page.TimeRange != "MONTH_TO_DATE" || len(page.Accounts) != 1 {
		t.Fatal(page, err)
	}
	if got := r.must(admin, "usage", page.Accounts[0].AccountID, "--output", "table"); !strings.HasPrefix(got, "DAY") || strings.Count(got, "\n") != 1 {
		t.Errorf("the days of an account without usage: %s", got)
	}
	for _, c := range []struct{ args, want string }{
		{"usage 999999999999", "there is no account 999999999999"},
		{"usage 12", "accountId: an account id has 12 digits"},
		{"usage --time-range YESTERDAY", "timeRange: must be MONTH_TO_DATE or PAST_30_DAYS"},
		{"usage --output xml", "none of table, json, csv"},
	} {
		if got := r.run(admin, strings.Fields(c.args)...); got.code == 0 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("magpie %s: %d %s", c.args, got.code, got.stderr)
		}
	}
}
