package sampling

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// coverage spells the issues of the buckets that an account sees.
func (n *node) coverage(as macie2.AccountID, issue string) string {
	n.t.Helper()
	var text []string
	token := ""
	for {
		page, err := n.Coverage(n.t.Context(), n.call(as), issue, token)
		n.must(err)
		for _, b := range page.Buckets {
			if (b.Issue == "") != (b.Reason == "") {
				n.t.Errorf("%s has the issue %q and the reason %q", b.Bucket, b.Issue, b.Reason)
			}
			text = append(text, b.Bucket+" "+b.Issue)
		}
		if token = page.NextToken; token == "" {
			return strings.Join(text, ", ")
		}
	}
}

// TestCoverage: which buckets were never looked at, and why; how sure the others' scores are.
func TestCoverage(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more(func(o *Options) { o.Budget = Budget{Bytes: 4000, Requests: 1000} })
		n.enable(alice, bob, carol)
		n.joins(alice, bob, true)
		n.joins(alice, carol, true)
		n.files(alice, map[string]string{"a-good/x/1.txt": card, "a-good/y/2.txt": "clean", "b-empty/": "", "c-broken/x.xlsx": "PK\x03\x04 and no more", "d-pictures/x.png": "picture",
			"e-large/x.txt": strings.Repeat("0123456789", 500), "f-excluded/x.txt": card, "g-assigned/x.txt": card, "h-denied/x.txt": card})
		n.files(bob, map[string]string{"theirs/x.txt": card})
		n.files(carol, map[string]string{"hers/x.txt": card})
		if got := n.coverage(carol, ""); got != "hers DISCOVERY_DISABLED" {
			t.Errorf("before it is enabled: %s", got)
		}
		n.must(n.configured(alice, on, none))
		_, err := n.set(alice, bob, "ENABLED")
		n.must(err)
		n.must(second(n.UpdateClassificationScope(t.Context(), n.call(alice), &macie2.UpdateClassificationScopeInput{Id: macie2.Ptr(idOf("classification-scope", region, alice)),
			S3: &macie2.S3ClassificationScopeUpdate{Excludes: &macie2.S3ClassificationScopeExclusionUpdate{BucketNames: []string{"f-excluded"},
				Operation: macie2.Ptr(macie2.ClassificationScopeUpdateOperationAdd)}}})))
		n.must(second(n.UpdateResourceProfile(t.Context(), n.call(alice), &macie2.UpdateResourceProfileInput{ResourceArn: bucketARN("g-assigned"), SensitivityScoreOverride: macie2.Ptr(int32(100))})))
		n.must(n.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			tx.Defer(`update bucket set error_code = 'ACCESS_DENIED', error_message = 'no' where name = 'h-denied'`)
			return nil
		}))
		_, err = n.sessions.UpdateMacieSession(t.Context(), n.call(bob), &macie2.UpdateMacieSessionInput{Status: macie2.Ptr(macie2.MacieStatusPaused)})
		n.must(err)
		n.settled()
		const want = "a-good , b-empty EMPTY, c-broken INVALID_CONTENT, d-pictures UNCLASSIFIABLE, e-large TOO_LARGE, f-excluded EXCLUDED, " +
			"g-assigned SCORE_ASSIGNED, h-denied ACCESS_DENIED, theirs ACCOUNT_PAUSED, hers ACCOUNT_DISABLED"
		if got := n.coverage(alice, ""); got != want {
			t.Errorf("coverage:\n%s\nwant\n%s", got, want)
		}
		if got := n.coverage(alice, "ANY"); got != strings.TrimPrefix(want, "a-good , ") {
			t.Errorf("with an issue: %s", got)
		}
		if got := n.coverage(alice, issueEmpty); got != "b-empty EMPTY" {
			t.Errorf("empty ones: %s", got)
		}
		if got := n.coverage(carol, ""); got != "hers ACCOUNT_DISABLED" {
			t.Errorf("of a member: %s", got)
		}
		page, err := n.Coverage(t.Context(), n.call(alice), "", "")
		n.must(err)
		if b := page.Buckets[0]; b.Analysed != 2 || b.Objects != 2 || b.Groups != 2 || b.Seen != 2 || b.Certainty != 1 || b.Sensitive != 1 || b.Label != "Sensitive" || b.MostSensitiveShare != nil {
			t.Errorf("%+v", b)
		}
		_, err = n.Coverage(t.Context(), n.call(alice), "SOME", "")
		refused(t, err, macie2.ValidationException, "issue: must be ANY")
		_, err = n.Coverage(t.Context(), n.call(alice), "", "token")
		refused(t, err, macie2.ValidationException, "nextToken")

		// What the cycle did can be read back.
		cycles, err := n.Cycles(t.Context(), n.call(alice), "")
		n.must(err)
		if len(cycles.Cycles) != 1 || cycles.NextCycle == "" {
			t.Fatalf("cycles: %+v", cycles)
		}
		c := cycles.Cycles[0]
		if c.Status != "COMPLETE" || c.Objects != 3 || c.Sensitive != 1 || c.Skipped != 1 || c.Shares != 1 || c.BudgetBytes != 4000 || c.EndedAt == "" {
			t.Errorf("the cycle: %+v", c)
		}
		detail, err := n.Cycle(t.Context(), n.call(alice), fmt.Sprint(c.Cycle), "")
		n.must(err)
		var requests, bytes int64
		for _, v := range detail.Visits {
			requests, bytes = requests+v.Requests, bytes+v.Bytes
			if v.Why == "" {
				t.Errorf("a visit without a reason: %+v", v)
			}
		}
		if len(detail.ShareList) != 1 || detail.ShareList[0].Store != "files" || detail.ShareList[0].Ended != "everything that is there was looked at" ||
			requests != c.Requests || bytes != c.Bytes || detail.Visits[0].Bucket != "a-good" || !strings.HasPrefix(detail.Visits[0].Why, whyFirst) {
			t.Errorf("the cycle in full: %+v; visits sum up to %d bytes and %d requests", detail, bytes, requests)
		}
		for _, err := range []error{second(n.Cycles(t.Context(), n.call(carol), "")), second(n.Cycle(t.Context(), n.call(carol), "1", ""))} {
			refused(t, err, macie2.AccessDeniedException, "is a member account")
		}
		_, err = n.Cycle(t.Context(), n.call(alice), "77", "")
		refused(t, err, macie2.ResourceNotFoundException, "no cycle 77")
		_, err = n.Cycle(t.Context(), n.call(alice), "0", "")
		refused(t, err, macie2.ValidationException, "number of a cycle")
	})
}
