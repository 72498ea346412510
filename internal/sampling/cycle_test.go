package sampling

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// day lets a day pass, and everything happen that is due then.
func (n *node) day() {
	n.t.Helper()
	n.clock.add(24 * time.Hour)
	n.settled()
}

// score is a bucket's, as DescribeBuckets has it; the profile has to say the same.
func (n *node) score(as macie2.AccountID, bucket string) int32 {
	n.t.Helper()
	m := n.bucket(as, bucket)
	if out, err := n.GetResourceProfile(n.t.Context(), n.call(as), &macie2.GetResourceProfileInput{ResourceArn: bucketARN(bucket)}); err == nil &&
		*out.SensitivityScore != *m.SensitivityScore {
		n.t.Errorf("bucket %s scores %d, and its profile says %d", bucket, *m.SensitivityScore, *out.SensitivityScore)
	}
	return *m.SensitivityScore
}

func (n *node) bucket(as macie2.AccountID, bucket string) macie2.BucketMetadata {
	n.t.Helper()
	out, err := n.inventory.DescribeBuckets(n.t.Context(), n.call(as), &macie2.DescribeBucketsInput{Criteria: map[string]macie2.BucketCriteriaAdditionalProperties{
		"bucketName": {Eq: []string{bucket}}}})
	n.must(err)
	if len(out.Buckets) != 1 {
		n.t.Fatalf("%d buckets of the name %s", len(out.Buckets), bucket)
	}
	return out.Buckets[0]
}

func (n *node) profile(as macie2.AccountID, bucket string) *macie2.ResourceStatistics {
	n.t.Helper()
	out, err := n.GetResourceProfile(n.t.Context(), n.call(as), &macie2.GetResourceProfileInput{ResourceArn: bucketARN(bucket)})
	n.must(err)
	return out.Statistics
}

// sensitivity spells GetBucketStatistics' block.
func (n *node) sensitivity(as macie2.AccountID) string {
	n.t.Helper()
	out, err := n.inventory.GetBucketStatistics(n.t.Context(), n.call(as), &macie2.GetBucketStatisticsInput{})
	n.must(err)
	x := out.BucketStatisticsBySensitivity
	return fmt.Sprint(*x.ClassificationError.TotalCount, *x.NotClassified.TotalCount, *x.NotSensitive.TotalCount, *x.Sensitive.TotalCount)
}

func (n *node) artifacts(as macie2.AccountID, bucket string) string {
	n.t.Helper()
	out, err := n.ListResourceProfileArtifacts(n.t.Context(), n.call(as), &macie2.ListResourceProfileArtifactsInput{ResourceArn: bucketARN(bucket)})
	n.must(err)
	var text []string
	for _, a := range out.Artifacts {
		is := "-"
		if a.Sensitive != nil {
			is = fmt.Sprint(*a.Sensitive)
		}
		text = append(text, strings.TrimPrefix(*a.Arn, "arn:aws:s3:::"+bucket+"/")+" "+*a.ClassificationResultStatus+" "+is)
	}
	return strings.Join(text, ", ")
}

func (n *node) detections(as macie2.AccountID, bucket string) string {
	n.t.Helper()
	out, err := n.ListResourceProfileDetections(n.t.Context(), n.call(as), &macie2.ListResourceProfileDetectionsInput{ResourceArn: bucketARN(bucket)})
	n.must(err)
	var text []string
	for _, d := range out.Detections {
		text = append(text, fmt.Sprintf("%s %s %d %v", *d.Type, *d.Id, *d.Count, *d.Suppressed))
	}
	return strings.Join(text, ", ")
}

// TestCycle: what is enabled, found, shown, changed, hidden and deleted, from one day to the next.
func TestCycle(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice, bob)
		n.joins(alice, bob, true)
		n.files(alice, map[string]string{"ours/a.txt": card, "ours/b/c.csv": "name,place\nAnna,Ulm\n", "ours/d.png": "none", "empty/": "", "broken/x.xlsx": "PK\x03\x04 and no more"})
		n.files(bob, map[string]string{"theirs/list.csv": "credit card number\n4539148803436467\n4539148803436467\n", "theirs/x/note.txt": "nothing to see"})
		n.settled()
		if got := n.sensitivity(alice); got != "0 0 0 0" {
			t.Errorf("before it was enabled: %s", got)
		}
		if m := n.bucket(alice, "ours"); *m.SensitivityScore != 50 || *m.AutomatedDiscoveryMonitoringStatus != "NOT_MONITORED" || m.LastAutomatedDiscoveryTime != nil {
			t.Errorf("before it was enabled: %d, %s", *m.SensitivityScore, *m.AutomatedDiscoveryMonitoringStatus)
		}
		if got := n.score(alice, "empty"); got != 1 {
			t.Errorf("an empty bucket scores %d", got)
		}
		_, err := n.GetResourceProfile(t.Context(), n.call(alice), &macie2.GetResourceProfileInput{ResourceArn: bucketARN("ours")})
		refused(t, err, macie2.ResourceNotFoundException, "is not enabled")

		n.must(n.configured(alice, on, ""))
		n.settled()
		for bucket, want := range map[string]func(int32) bool{
			"ours": func(s int32) bool { return s > 50 && s < 100 }, "theirs": func(s int32) bool { return s > 50 && s < 100 },
			"empty": func(s int32) bool { return s == 1 }, "broken": func(s int32) bool { return s == -1 },
		} {
			if got := n.score(alice, bucket); !want(got) {
				t.Errorf("%s scores %d", bucket, got)
			}
			if m := n.bucket(alice, bucket); *m.AutomatedDiscoveryMonitoringStatus != "MONITORED" || bucket != "empty" && m.LastAutomatedDiscoveryTime == nil {
				t.Errorf("%s: %s, %v", bucket, *m.AutomatedDiscoveryMonitoringStatus, m.LastAutomatedDiscoveryTime)
			}
		}
		if got := n.sensitivity(alice); got != "1 0 1 2" {
			t.Errorf("sensitivity: %s", got)
		}
		if x := n.profile(alice, "ours"); *x.TotalItemsClassified != 2 || *x.TotalItemsSensitive != 1 || *x.TotalDetections != 1 || *x.TotalItemsSkipped != 0 || *x.TotalBytesClassified != int64(len(card)+len("name,place\nAnna,Ulm\n")) {
			t.Errorf("ours: %+v", x)
		}
		if x := n.profile(alice, "broken"); *x.TotalItemsClassified != 0 || *x.TotalItemsSkipped != 1 {
			t.Errorf("broken: %+v", x)
		}
		if got := n.artifacts(alice, "ours"); got != "a.txt COMPLETE true, b/c.csv COMPLETE false" {
			t.Errorf("artifacts: %s", got)
		}
		if got := n.artifacts(alice, "broken"); got != "x.xlsx SKIPPED -" {
			t.Errorf("artifacts: %s", got)
		}
		if got := n.detections(alice, "theirs"); got != "MANAGED CREDIT_CARD_NUMBER 2 false" {
			t.Errorf("detections: %s", got)
		}
		// The member sees what was made of its buckets, and no findings.
		if n.score(bob, "theirs") != n.score(alice, "theirs") || n.detections(bob, "theirs") == "" {
			t.Error("the owner does not see what its administrator sees")
		}
		found := func(as macie2.AccountID) int {
			out, err := n.findings.ListFindings(t.Context(), n.call(as), &macie2.ListFindingsInput{FindingCriteria: &macie2.FindingCriteria{Criterion: map[string]macie2.CriterionAdditionalProperties{
				"classificationDetails.originType": {Eq: []string{"AUTOMATED_SENSITIVE_DATA_DISCOVERY"}}}}})
			n.must(err)
			return len(out.FindingIds)
		}
		if found(alice) != 2 || found(bob) != 0 {
			t.Errorf("the administrator has %d findings, the member %d", found(alice), found(bob))
		}
		for _, err := range []error{
			second(n.UpdateResourceProfile(t.Context(), n.call(bob), &macie2.UpdateResourceProfileInput{ResourceArn: bucketARN("theirs")})),
			second(n.UpdateResourceProfileDetections(t.Context(), n.call(bob), &macie2.UpdateResourceProfileDetectionsInput{ResourceArn: bucketARN("theirs")})),
		} {
			refused(t, err, macie2.AccessDeniedException, "is a member account")
		}
		for arn, code := range map[string]macie2.Exception{
			"theirs": macie2.ValidationException, "arn:aws:s3:::theirs/list.csv": macie2.ValidationException, "arn:aws:s3:::none": macie2.ResourceNotFoundException,
			"arn:aws:s3::111122223333:theirs": macie2.ResourceNotFoundException, "arn:aws-cn:s3:::theirs": macie2.ValidationException,
		} {
			_, err := n.GetResourceProfile(t.Context(), n.call(alice), &macie2.GetResourceProfileInput{ResourceArn: &arn})
			refused(t, err, code, "")
		}
		if _, err := n.GetResourceProfile(t.Context(), n.call(alice), &macie2.GetResourceProfileInput{ResourceArn: macie2.Ptr("arn:aws:s3::222233334444:theirs")}); err != nil {
			t.Error(err)
		}

		// What has not changed is not read again; what was added is.
		before := n.score(alice, "ours")
		objects := func() (n2 int64) {
			n.must(n.db.View(t.Context(), func(tx *store.Tx) error {
				return tx.QueryRow(t.Context(), `select sum(objects) from discovery_share`).Scan(&n2)
			}))
			return n2
		}
		read := objects()
		n.day()
		if objects() != read || n.score(alice, "ours") != before {
			t.Errorf("on the second day %d objects were read again", objects()-read)
		}
		n.files(alice, map[string]string{"ours/e.txt": "clean", "ours/f.txt": "clean too"})
		n.day()
		if got := n.score(alice, "ours"); objects() != read+2 || got >= before {
			t.Errorf("two clean objects more: %d were read, the score went from %d to %d", objects()-read, before, got)
		}
		before = n.score(alice, "ours")
		n.files(alice, map[string]string{"ours/g.txt": card})
		n.day()
		if got := n.score(alice, "ours"); got <= before {
			t.Errorf("one more that holds something: %d, before %d", got, before)
		}
		// What is changed or deleted does not count any more.
		n.files(alice, map[string]string{"ours/a.txt": "", "ours/g.txt": "harmless now"})
		n.day()
		if got := n.score(alice, "ours"); got >= 50 || n.detections(alice, "ours") != "" || strings.Contains(n.artifacts(alice, "ours"), "a.txt") {
			t.Errorf("after what was found is gone: %d, %s, %s", got, n.detections(alice, "ours"), n.artifacts(alice, "ours"))
		}

		// Types that do not count, and a score that somebody assigns.
		suppress := func(list ...macie2.SuppressDataIdentifier) {
			t.Helper()
			n.must(second(n.UpdateResourceProfileDetections(t.Context(), n.call(alice), &macie2.UpdateResourceProfileDetectionsInput{
				ResourceArn: bucketARN("theirs"), SuppressDataIdentifiers: list})))
		}
		was := n.score(alice, "theirs")
		suppress(macie2.SuppressDataIdentifier{Type: macie2.Ptr(macie2.DataIdentifierTypeManaged), Id: macie2.Ptr("CREDIT_CARD_NUMBER")})
		if x := n.profile(alice, "theirs"); n.score(alice, "theirs") >= 50 || *x.TotalDetections != 2 || *x.TotalDetectionsSuppressed != 2 || n.detections(alice, "theirs") != "MANAGED CREDIT_CARD_NUMBER 2 true" {
			t.Errorf("suppressed: %d, %+v, %s", n.score(alice, "theirs"), x, n.detections(alice, "theirs"))
		}
		suppress()
		if got := n.score(alice, "theirs"); got != was {
			t.Errorf("not suppressed any more: %d, before %d", got, was)
		}
		for _, bad := range []macie2.SuppressDataIdentifier{{Id: macie2.Ptr("x")}, {Type: macie2.Ptr(macie2.DataIdentifierTypeManaged), Id: macie2.Ptr("NOPE")}, {Type: macie2.Ptr(macie2.DataIdentifierTypeManaged)}} {
			refused(t, second(n.UpdateResourceProfileDetections(t.Context(), n.call(alice), &macie2.UpdateResourceProfileDetectionsInput{
				ResourceArn: bucketARN("theirs"), SuppressDataIdentifiers: []macie2.SuppressDataIdentifier{bad}})), macie2.ValidationException, "suppressDataIdentifiers[0]")
		}
		override := func(score *int32) error {
			return second(n.UpdateResourceProfile(t.Context(), n.call(alice), &macie2.UpdateResourceProfileInput{ResourceArn: bucketARN("theirs"), SensitivityScoreOverride: score}))
		}
		refused(t, override(macie2.Ptr(int32(99))), macie2.ValidationException, "sensitivityScoreOverride")
		n.must(override(macie2.Ptr(int32(100))))
		if m := n.bucket(bob, "theirs"); *m.SensitivityScore != 100 || *m.AutomatedDiscoveryMonitoringStatus != "NOT_MONITORED" {
			t.Errorf("assigned: %d, %s", *m.SensitivityScore, *m.AutomatedDiscoveryMonitoringStatus)
		}
		n.must(override(nil))
		if m := n.bucket(bob, "theirs"); *m.SensitivityScore != was || *m.AutomatedDiscoveryMonitoringStatus != "MONITORED" {
			t.Errorf("computed again: %d, %s", *m.SensitivityScore, *m.AutomatedDiscoveryMonitoringStatus)
		}

		// What is excluded keeps its score from the next cycle on.
		scope := macie2.Ptr(idOf("classification-scope", region, alice))
		n.must(second(n.UpdateClassificationScope(t.Context(), n.call(alice), &macie2.UpdateClassificationScopeInput{Id: scope, S3: &macie2.S3ClassificationScopeUpdate{
			Excludes: &macie2.S3ClassificationScopeExclusionUpdate{BucketNames: []string{"theirs"}, Operation: macie2.Ptr(macie2.ClassificationScopeUpdateOperationAdd)}}})))
		n.settled()
		if m := n.bucket(alice, "theirs"); *m.AutomatedDiscoveryMonitoringStatus != "MONITORED" {
			t.Error("it is excluded before the next cycle")
		}
		n.files(bob, map[string]string{"theirs/new.txt": card})
		read = objects()
		n.day()
		if m := n.bucket(alice, "theirs"); *m.AutomatedDiscoveryMonitoringStatus != "NOT_MONITORED" || *m.SensitivityScore > was || *m.SensitivityScore <= 50 || objects() != read {
			t.Errorf("excluded: %s, %d, %d objects were read", *m.AutomatedDiscoveryMonitoringStatus, *m.SensitivityScore, objects()-read)
		}

		// Disabled, it vanishes at once, before anything else happens; it returns within 30 days.
		was = n.score(alice, "theirs")
		n.must(n.configured(alice, off, ""))
		gone := func() {
			t.Helper()
			if m := n.bucket(alice, "theirs"); *m.SensitivityScore != 50 || m.LastAutomatedDiscoveryTime != nil || *m.AutomatedDiscoveryMonitoringStatus != "NOT_MONITORED" {
				t.Errorf("disabled: %d, %v", *m.SensitivityScore, m.LastAutomatedDiscoveryTime)
			}
			if got := n.sensitivity(alice); got != "0 0 0 0" {
				t.Errorf("disabled: %s", got)
			}
			for _, as := range []macie2.AccountID{alice, bob} {
				_, err := n.ListResourceProfileArtifacts(t.Context(), n.call(as), &macie2.ListResourceProfileArtifactsInput{ResourceArn: bucketARN("theirs")})
				refused(t, err, macie2.ResourceNotFoundException, "is not enabled")
			}
		}
		gone()
		n.settled()
		gone()
		n.clock.add(29 * 24 * time.Hour)
		n.settled()
		n.must(n.configured(alice, on, ""))
		n.settled()
		if got := n.score(alice, "theirs"); got != was || found(alice) == 0 {
			t.Errorf("after 29 days it scores %d, before %d", got, was)
		}
		n.must(n.configured(alice, off, ""))
		n.clock.add(31 * 24 * time.Hour)
		n.settled()
		n.must(n.configured(alice, on, ""))
		n.must(n.settle(t.Context()))
		if got := n.score(alice, "theirs"); got != 50 {
			t.Errorf("after 31 days it scores %d", got)
		}
		if x := n.profile(alice, "ours"); *x.TotalItemsClassified != 0 {
			t.Errorf("after 31 days: %+v", x)
		}
		n.leaves(bob)
	})
}

// leaves has an account leave its administrator: from then on neither sees what the administrator's discovery knows.
func (n *node) leaves(member macie2.AccountID) {
	n.t.Helper()
	n.joins(alice, member, false)
	if got := n.bucket(member, "theirs"); *got.SensitivityScore != 50 {
		n.t.Errorf("who has left scores %d", *got.SensitivityScore)
	}
	_, err := n.GetResourceProfile(n.t.Context(), n.call(alice), &macie2.GetResourceProfileInput{ResourceArn: bucketARN("theirs")})
	refused(n.t, err, macie2.ResourceNotFoundException, "theirs")
}

// TestNoCycleOfASuspendedAccount suspends Macie for an account at each step of what begins its cycle.
func TestNoCycleOfASuspendedAccount(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m, data, c := storetest.NewMeeting(t, engine), t.TempDir(), &clock{at: time.Now().UTC().Truncate(time.Second)}
			first, second := start(t, m.First, data, c), start(t, m.Second, data, c)
			second.enable(dave)
			second.files(dave, map[string]string{"bucket/file.txt": card})
			second.must(second.configured(dave, macie2.AutomatedDiscoveryStatusEnabled, macie2.AutoEnableModeAll))
			update := func(to macie2.MacieStatus) error {
				_, err := second.sessions.UpdateMacieSession(t.Context(), second.call(dave), &macie2.UpdateMacieSessionInput{Status: &to})
				return err
			}
			for step, last := 1, false; !last; step++ {
				var began, paused error
				last = !m.Run(step, func() { began = first.beginDue(t.Context()) }, func() { paused = update(macie2.MacieStatusPaused) })
				second.must(began)
				second.must(paused)
				if n := second.number("select count(*) from discovery_cycle where status = 'RUNNING'"); n != 0 {
					t.Fatalf("a cycle goes on that began as Macie was suspended, at step %d", step)
				}
				second.must(update(macie2.MacieStatusEnabled))
				c.add(24 * time.Hour)
			}
			if n := second.number("select count(*) from discovery_cycle"); n == 0 {
				t.Error("no cycle was begun")
			}
		})
	}
}
