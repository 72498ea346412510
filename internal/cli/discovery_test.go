package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDiscoveryVerb: automated discovery is enabled, looked at and disabled.
func TestDiscoveryVerb(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.must(admin, "enable-macie")
	if got := r.must(admin, "discovery", "status", "--output", "table"); !strings.Contains(got, "DISABLED") {
		t.Errorf("at first: %s", got)
	}
	r.must(admin, "discovery", "enable", "--auto-enable", "none")
	var status struct{ Status, AutoEnableOrganizationMembers string }
	if err := json.Unmarshal([]byte(r.must(admin, "discovery", "status")), &status); err != nil || status.Status != "ENABLED" || status.AutoEnableOrganizationMembers != "NONE" {
		t.Errorf("enabled: %+v, %v", status, err)
	}
	if got := r.must(admin, "discovery", "cycles", "--output", "csv"); !strings.HasPrefix(got, "cycle,status,begun,ended,objects,sensitive,skipped,bytes,requests\n") {
		t.Errorf("cycles: %s", got)
	}
	if got := r.must(admin, "discovery", "coverage", "--issue", "any"); !strings.Contains(got, `"buckets": []`) {
		t.Errorf("coverage: %s", got)
	}
	r.must(admin, "discovery", "disable")
	for _, c := range []struct{ args, want string }{
		{"discovery cycles 999", "there is no cycle 999"}, {"discovery cycles x", "must be the number of a cycle"},
		{"discovery coverage --issue nonsense", "issue: must be ANY or one of"}, {"discovery enable --auto-enable SOME", "autoEnableOrganizationMembers"},
		{"discovery status --output csv", "neither table nor json"},
	} {
		if got := r.run(admin, strings.Fields(c.args)...); got.code == 0 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("magpie %s: %d %s", c.args, got.code, got.stderr)
		}
	}
}
