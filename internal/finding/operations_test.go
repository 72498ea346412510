package finding

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const publicBucket = macie2.FindingTypePolicyIAMUserS3BucketPublic

// TestWhoSeesWhat: findings of a job are its creator's alone; those of policy are the owner's and its administrator's.
func TestWhoSeesWhat(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		f := found("j1", "b", "k.txt", d.now, map[string]int64{"NAME": 2})
		d.record(alice, f)
		d.change(bob, publicBucket, "b")
		policy := d.list(bob, macie2.ListFindingsInput{})
		if len(policy) != 1 {
			t.Fatalf("the owner of the bucket sees %v, want the finding of policy alone", policy)
		}
		if got := d.list(alice, macie2.ListFindingsInput{}); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values([]string{*f.Id, policy[0]}))) {
			t.Errorf("the administrator sees %v, want both", got)
		}
		if got := d.list(carol, macie2.ListFindingsInput{}); len(got) != 0 {
			t.Errorf("a stranger sees %v", got)
		}
		if got := d.get(bob, *f.Id, policy[0]); len(got) != 1 || *got[0].Id != policy[0] {
			t.Errorf("GetFindings gives the owner of the bucket %d findings, want that of policy alone", len(got))
		}
		if got := d.counts(alice, macie2.GroupByType, nil); got[string(publicBucket)] != 1 || got[string(*f.Type)] != 1 {
			t.Errorf("the administrator counts %v", got)
		}
		delete(d.oversight, bob)
		if got := d.list(alice, macie2.ListFindingsInput{}); !slices.Equal(got, []string{*f.Id}) {
			t.Errorf("one that is the administrator no more sees %v, want its own job's finding", got)
		}
	})
}

// TestRecordedTwice: the same run over the same object leaves one finding, counted and published once.
func TestRecordedTwice(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		one := func() *macie2.Finding { return found("j1", "b", "k.txt", d.now, map[string]int64{"NAME": 1}) }
		if n := d.record(alice, one(), one()); n != 1 {
			t.Errorf("%d of a pair were new", n)
		}
		if n := d.record(alice, one(), found("j1", "b", "other", d.now, map[string]int64{"NAME": 1})); n != 1 {
			t.Errorf("%d were new, want the other one", n)
		}
		if got := d.list(alice, macie2.ListFindingsInput{}); len(got) != 2 {
			t.Errorf("there are %d findings, want 2", len(got))
		}
		if got := d.counts(alice, macie2.GroupByClassificationDetailsJobId, nil); got["j1"] != 2 {
			t.Errorf("counted %v, want 2", got)
		}
		if len(d.published) != 2 {
			t.Errorf("published %v, want each once", d.published)
		}
	})
}

// TestPolicyRepeats: the same change of the same bucket counts up, keeps its id, first time and creation.
func TestPolicyRepeats(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		first := d.now
		d.change(bob, publicBucket, "b")
		d.now = d.now.Add(time.Hour)
		d.change(bob, publicBucket, "b")
		d.change(bob, macie2.FindingTypePolicyIAMUserS3BucketEncryptionDisabled, "b")
		ids := d.list(bob, macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{"type": {Eq: []string{string(publicBucket)}}})})
		if len(ids) != 1 {
			t.Fatalf("%d findings, want 1", len(ids))
		}
		f := d.get(bob, ids...)[0]
		call := f.PolicyDetails.Action.ApiCallDetails
		if *f.Count != 2 || !f.CreatedAt.Equal(first) || !f.UpdatedAt.Equal(d.now) || !call.FirstSeen.Equal(first) || !call.LastSeen.Equal(d.now) {
			t.Errorf("count %d, created %v, updated %v, seen %v to %v", *f.Count, f.CreatedAt, f.UpdatedAt, call.FirstSeen, call.LastSeen)
		}
		if got := d.counts(bob, macie2.GroupByType, nil); got[string(publicBucket)] != 1 {
			t.Errorf("counted %v, want one finding of the type", got)
		}
	})
}

// TestSorts: every attribute, both directions, over pages, against a sort in Go.
func TestSorts(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var all []*macie2.Finding
		for i := range 230 {
			f := found(fmt.Sprint("job", i%3), fmt.Sprint("bucket", i%4), fmt.Sprint("key", (i*7)%230), d.now.Add(time.Duration(i%5)*time.Minute), map[string]int64{"NAME": int64(i + 1)})
			f.Severity = severity(int64(i%3 + 1))
			all = append(all, f)
		}
		d.keep(randomizer{rand.New(rand.NewPCG(3, 4))}, all)
		for attribute, o := range sorts {
			for _, direction := range macie2.OrderBy("").Values() {
				o.descending = direction == macie2.OrderByDesc
				want := make([]place, 0, len(all))
				for _, f := range all {
					p := place{id: *f.Id}
					switch attribute {
					case "count":
						p.number = 1
					case "createdAt", "updatedAt":
						p.number = f.CreatedAt.UnixMilli()
					case "severity.score":
						p.number = *f.Severity.Score
					case "type":
						p.text = string(*f.Type)
					case "resourcesAffected":
						p.text = *f.ResourcesAffected.S3Object.Path
					}
					want = append(want, p)
				}
				slices.SortFunc(want, o.compare)
				got := d.list(alice, macie2.ListFindingsInput{MaxResults: macie2.Ptr(int32(31)),
					SortCriteria: &macie2.SortCriteria{AttributeName: &attribute, OrderBy: &direction}})
				for i := range want {
					if i >= len(got) || got[i] != want[i].id {
						t.Fatalf("%s %s: entry %d is not the right one, of %d", attribute, direction, i, len(got))
					}
				}
			}
		}
		_, err := d.ListFindings(t.Context(), d.call(alice), &macie2.ListFindingsInput{SortCriteria: &macie2.SortCriteria{AttributeName: macie2.Ptr("id")}})
		refused(t, err, macie2.ValidationException)
	})
}

// TestPageTokens: a token holds for the request that it was issued for, and for no other.
func TestPageTokens(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i := range 3 {
			d.record(alice, found("j", "b", fmt.Sprint(i), d.now, map[string]int64{"NAME": 1}))
		}
		first, err := d.ListFindings(t.Context(), d.call(alice), &macie2.ListFindingsInput{MaxResults: macie2.Ptr(int32(1))})
		if err != nil || first.NextToken == nil {
			t.Fatal(first, err)
		}
		for name, in := range map[string]macie2.ListFindingsInput{
			"with other criteria": {FindingCriteria: criteria(map[string]criterion{"type": {Eq: []string{"x"}}}), NextToken: first.NextToken},
			"in another order":    {SortCriteria: &macie2.SortCriteria{AttributeName: macie2.Ptr("type")}, NextToken: first.NextToken},
			"made up":             {NextToken: macie2.Ptr("AAAA")},
		} {
			if _, err := d.ListFindings(t.Context(), d.call(alice), &in); err == nil {
				t.Errorf("a token was taken %s", name)
			}
		}
		if _, err := d.ListFindings(t.Context(), d.call(carol), &macie2.ListFindingsInput{NextToken: first.NextToken}); err == nil {
			t.Error("another account's token was taken")
		}
	})
}

// TestSamples: all types, or those named; data anew each time, policy counted up; one bucket.
func TestSamples(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for range 2 {
			if _, err := d.CreateSampleFindings(t.Context(), d.call(alice), &macie2.CreateSampleFindingsInput{}); err != nil {
				t.Fatal(err)
			}
		}
		got := d.get(alice, d.list(alice, macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{"sample": {Eq: []string{"true"}}})})...)
		byType := map[macie2.FindingType][]int64{}
		for _, f := range got {
			byType[*f.Type] = append(byType[*f.Type], *f.Count)
			if !*f.Sample || *f.ResourcesAffected.S3Bucket.Name != sampleBucket || f.Title == nil || *f.Title == "" || *f.Severity.Score < 1 {
				t.Errorf("a sample is not as it should be: %+v", f)
			}
		}
		if len(byType) != 11 {
			t.Errorf("samples of %d types, want 11", len(byType))
		}
		for kind, counts := range byType {
			want := []int64{1, 1}
			if strings.HasPrefix(string(kind), "Policy:") {
				want = []int64{2}
			}
			if !slices.Equal(counts, want) {
				t.Errorf("%s: counts %v, want %v", kind, counts, want)
			}
		}
		if _, err := d.CreateSampleFindings(t.Context(), d.call(bob), &macie2.CreateSampleFindingsInput{FindingTypes: []macie2.FindingType{publicBucket, publicBucket}}); err != nil {
			t.Fatal(err)
		}
		if got := d.list(bob, macie2.ListFindingsInput{}); len(got) != 1 {
			t.Errorf("a type that was named twice made %d samples", len(got))
		}
	})
}

// TestSuppression: a rule archives what is there and what comes; nothing brings it back; NOOP does nothing.
func TestSuppression(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.record(alice, found("j", "b1", "a", d.now, map[string]int64{"NAME": 1}), found("j", "b2", "b", d.now, map[string]int64{"NAME": 1}))
		rule := func(action macie2.FindingsFilterAction, name string) string {
			t.Helper()
			out, err := d.CreateFindingsFilter(t.Context(), d.call(alice), &macie2.CreateFindingsFilterInput{Action: &action, Name: &name,
				FindingCriteria: criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{"b1"}}})})
			if err != nil {
				t.Fatal(err)
			}
			return *out.Id
		}
		archived := func() int64 {
			return d.counts(alice, macie2.GroupByClassificationDetailsJobId, criteria(map[string]criterion{"archived": {Eq: []string{"true"}}}))["j"]
		}
		rule(macie2.FindingsFilterActionNoop, "only a view")
		if n := archived(); n != 0 {
			t.Errorf("a rule that does nothing archived %d", n)
		}
		id := rule(macie2.FindingsFilterActionArchive, "suppress")
		if n := archived(); n != 1 {
			t.Errorf("%d are archived, want the one in b1", n)
		}
		told := len(d.published)
		d.record(alice, found("j", "b1", "c", d.now, map[string]int64{"NAME": 1}))
		if n := archived(); n != 2 || len(d.published) != told {
			t.Errorf("%d are archived, and %d were published; want 2 and none", n, len(d.published)-told)
		}
		for _, f := range d.get(alice, d.list(alice, macie2.ListFindingsInput{})...) {
			if want := *f.ResourcesAffected.S3Bucket.Name == "b1"; *f.Archived != want {
				t.Errorf("%s is archived: %v", *f.ResourcesAffected.S3Object.Path, *f.Archived)
			}
		}
		if _, err := d.DeleteFindingsFilter(t.Context(), d.call(alice), &macie2.DeleteFindingsFilterInput{Id: &id}); err != nil {
			t.Fatal(err)
		}
		if n := archived(); n != 2 {
			t.Errorf("%d are archived after the rule was deleted, want 2 still", n)
		}
	})
}

// TestSuppressionOfMany: what a rule selects beyond the first part is archived by a task.
func TestSuppressionOfMany(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const many = 2*suppressedAtOnce + 10
		for i := 0; i < many; i += 100 {
			var batch []*macie2.Finding
			for k := i; k < min(i+100, many); k++ {
				batch = append(batch, found("j", "b", fmt.Sprint(k), d.now, map[string]int64{"NAME": 1}))
			}
			d.record(alice, batch...)
		}
		_, err := d.CreateFindingsFilter(t.Context(), d.call(alice), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("all of them"),
			Action: macie2.Ptr(macie2.FindingsFilterActionArchive), FindingCriteria: criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{"b"}}})})
		if err != nil {
			t.Fatal(err)
		}
		d.work()
		got := d.counts(alice, macie2.GroupByClassificationDetailsJobId, criteria(map[string]criterion{"archived": {Eq: []string{"true"}}}))
		if got["j"] != many {
			t.Errorf("%d of %d are archived", got["j"], many)
		}
	})
}

// TestSuppressionOfPolicy: the administrator's rules act on the findings of policy of its members; a member's own never do.
func TestSuppressionOfPolicy(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		suppress := func(account macie2.AccountID, bucket string) {
			t.Helper()
			_, err := d.CreateFindingsFilter(t.Context(), d.call(account), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("of " + string(account)),
				Action: macie2.Ptr(macie2.FindingsFilterActionArchive), FindingCriteria: criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{bucket}}})})
			if err != nil {
				t.Fatal(err)
			}
		}
		archived := func(bucket string) bool {
			t.Helper()
			f := d.get(bob, d.list(bob, macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{bucket}}})})...)
			if len(f) != 1 {
				t.Fatalf("%d findings of %s", len(f), bucket)
			}
			return *f[0].Archived
		}
		d.change(bob, publicBucket, "there before")
		d.change(bob, publicBucket, "members rule")
		suppress(bob, "members rule")
		suppress(bob, "members rule, later")
		suppress(alice, "there before")
		suppress(alice, "comes after")
		d.change(bob, publicBucket, "members rule, later")
		d.change(bob, publicBucket, "comes after")
		for bucket, want := range map[string]bool{"there before": true, "comes after": true, "members rule": false, "members rule, later": false} {
			if got := archived(bucket); got != want {
				t.Errorf("the finding of %q is archived: %v", bucket, got)
			}
		}
	})
}

// TestFilters: what was sent comes back; positions move others; what may not be is refused.
func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		conditions := criteria(map[string]criterion{"updatedAt": {Gte: macie2.Ptr(int64(1700000000000))}, "type": {Eq: []string{"b", "a"}, Neq: []string{"c"}}})
		create := func(name string, position *int32) string {
			t.Helper()
			out, err := d.CreateFindingsFilter(ctx, d.call(alice), &macie2.CreateFindingsFilterInput{Name: &name, Position: position,
				Action: macie2.Ptr(macie2.FindingsFilterActionNoop), FindingCriteria: conditions, Tags: map[string]string{"team": "x"}})
			if err != nil {
				t.Fatal(err)
			}
			return *out.Id
		}
		names := func() string {
			var all []string
			in := &macie2.ListFindingsFiltersInput{MaxResults: macie2.Ptr(int32(2))}
			for {
				out, err := d.ListFindingsFilters(ctx, d.call(alice), in)
				if err != nil {
					t.Fatal(err)
				}
				for i, f := range out.FindingsFilterListItems {
					all = append(all, *f.Name)
					got, err := d.GetFindingsFilter(ctx, d.call(alice), &macie2.GetFindingsFilterInput{Id: f.Id})
					if err != nil || *got.Position != int32(len(all)) || got.Tags["team"] != "x" {
						t.Fatalf("filter %d: %+v, %v", i, got, err)
					}
				}
				if in.NextToken = out.NextToken; out.NextToken == nil {
					return strings.Join(all, " ")
				}
			}
		}
		one, two, three := create("one", nil), create("two", nil), create("three", macie2.Ptr(int32(1)))
		if got := names(); got != "three one two" {
			t.Errorf("the order is %q", got)
		}
		move := func(id string, to int32) {
			t.Helper()
			if _, err := d.UpdateFindingsFilter(ctx, d.call(alice), &macie2.UpdateFindingsFilterInput{Id: &id, Position: &to}); err != nil {
				t.Fatal(err)
			}
		}
		move(three, 99)
		if got := names(); got != "one two three" {
			t.Errorf("the order is %q", got)
		}
		move(three, 2)
		if got := names(); got != "one three two" {
			t.Errorf("the order is %q", got)
		}
		if _, err := d.DeleteFindingsFilter(ctx, d.call(alice), &macie2.DeleteFindingsFilterInput{Id: &one}); err != nil {
			t.Fatal(err)
		}
		if got := names(); got != "three two" {
			t.Errorf("the order is %q", got)
		}
		got, err := d.GetFindingsFilter(ctx, d.call(alice), &macie2.GetFindingsFilterInput{Id: &two})
		if err != nil || !slices.Equal(slices.Sorted(maps.Keys(got.FindingCriteria.Criterion)), []string{"type", "updatedAt"}) ||
			!slices.Equal(got.FindingCriteria.Criterion["type"].Eq, []string{"b", "a"}) || got.Description != nil {
			t.Errorf("what came back is %+v, %v", got, err)
		}
		_, err = d.GetFindingsFilter(ctx, d.call(bob), &macie2.GetFindingsFilterInput{Id: &two})
		refused(t, err, macie2.ResourceNotFoundException)
		_, err = d.DeleteFindingsFilter(ctx, d.call(alice), &macie2.DeleteFindingsFilterInput{Id: &one})
		refused(t, err, macie2.ResourceNotFoundException)
		for name, in := range map[string]macie2.CreateFindingsFilterInput{
			"a short name":  {Name: macie2.Ptr("ab"), FindingCriteria: conditions},
			"no condition":  {Name: macie2.Ptr("abc"), FindingCriteria: &macie2.FindingCriteria{}},
			"position zero": {Name: macie2.Ptr("abc"), FindingCriteria: conditions, Position: macie2.Ptr(int32(0))},
		} {
			in.Action = macie2.Ptr(macie2.FindingsFilterActionNoop)
			if _, err := d.CreateFindingsFilter(ctx, d.call(alice), &in); err == nil {
				t.Errorf("a filter with %s was created", name)
			}
		}
	})
}

// TestFilterTokens: a repeated call with the same token makes one filter.
func TestFilterTokens(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		in := &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("once"), ClientToken: macie2.Ptr("t"), Action: macie2.Ptr(macie2.FindingsFilterActionNoop),
			FindingCriteria: criteria(map[string]criterion{"type": {Eq: []string{"x"}}})}
		first, err := d.CreateFindingsFilter(t.Context(), d.call(alice), in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.CreateFindingsFilter(t.Context(), d.call(alice), in)
		if err != nil || *again.Id != *first.Id {
			t.Error(again, err)
		}
		in.Name = macie2.Ptr("other")
		_, err = d.CreateFindingsFilter(t.Context(), d.call(alice), in)
		refused(t, err, macie2.ConflictException)
	})
}

// TestEnds: findings end after 90 days without an update, and with the session; the counts follow.
func TestEnds(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		start := d.now
		d.record(alice, found("old", "b", "k", d.now, map[string]int64{"NAME": 1}))
		d.change(alice, publicBucket, "b")
		d.now = start.Add(60 * 24 * time.Hour)
		d.change(alice, publicBucket, "b") // which moves its end on
		d.record(alice, found("new", "b", "k", d.now, map[string]int64{"NAME": 1}))
		if err := d.Expire(t.Context(), start.Add(Retention+time.Second)); err != nil {
			t.Fatal(err)
		}
		if got := d.counts(alice, macie2.GroupByClassificationDetailsJobId, nil); got["old"] != 0 || got["new"] != 1 {
			t.Errorf("after 90 days there are %v", got)
		}
		if got := d.list(alice, macie2.ListFindingsInput{}); len(got) != 2 {
			t.Errorf("%d findings, want 2", len(got))
		}
		hooks := d.SessionHooks()
		for more := true; more; {
			err := d.db.Tx(t.Context(), "", func(tx *store.Tx) (err error) {
				if err = hooks.OnDisable(t.Context(), tx, session.Change{Region: region, Account: alice, From: macie2.MacieStatusEnabled, At: d.now}); err == nil {
					more, err = hooks.Sweep(t.Context(), tx, session.Ended{Region: region, Account: alice, At: d.now}, 1)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := d.list(alice, macie2.ListFindingsInput{}); len(got) != 0 {
			t.Errorf("%v outlived the session", got)
		}
		if got := d.counts(alice, macie2.GroupByType, nil); len(got) != 0 {
			t.Errorf("counts outlived the session: %v", got)
		}
	})
}

// TestPublication: Macie's defaults, what was set, and the defaults again.
func TestPublication(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		get := func() [2]bool {
			t.Helper()
			out, err := d.GetFindingsPublicationConfiguration(t.Context(), d.call(alice), nil)
			if err != nil {
				t.Fatal(err)
			}
			return [2]bool{*out.SecurityHubConfiguration.PublishPolicyFindings, *out.SecurityHubConfiguration.PublishClassificationFindings}
		}
		put := func(c *macie2.SecurityHubConfiguration) {
			t.Helper()
			if _, err := d.PutFindingsPublicationConfiguration(t.Context(), d.call(alice), &macie2.PutFindingsPublicationConfigurationInput{SecurityHubConfiguration: c}); err != nil {
				t.Fatal(err)
			}
		}
		if got := get(); got != [2]bool{true, false} {
			t.Errorf("the defaults are %v", got)
		}
		put(&macie2.SecurityHubConfiguration{PublishPolicyFindings: macie2.Ptr(false), PublishClassificationFindings: macie2.Ptr(true)})
		if got := get(); got != [2]bool{false, true} {
			t.Errorf("what was set comes back as %v", got)
		}
		put(nil)
		if got := get(); got != [2]bool{true, false} {
			t.Errorf("the defaults are %v", got)
		}
	})
}

// TestStrangeIDs: ids that no engine stores are those of no finding.
func TestStrangeIDs(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.record(alice, found("j", "b", "k", d.now, map[string]int64{"NAME": 1}))
		for _, id := range []string{"", "\x00", "\xff", "a\x00b", strings.Repeat("x", 10_000)} {
			if got, err := d.GetFindings(t.Context(), d.call(alice), &macie2.GetFindingsInput{FindingIds: []string{id}}); err != nil || len(got.Findings) != 0 {
				t.Errorf("%q: %v", id, err)
			}
			for _, field := range []string{"id", objectPrefix + "key", bucketPrefix + "tags.key"} {
				c := criteria(map[string]criterion{field: {Eq: []string{id}}})
				if got := d.list(alice, macie2.ListFindingsInput{FindingCriteria: c}); len(got) != 0 {
					t.Errorf("%s %q selects %v", field, id, got)
				}
			}
			if id == "" {
				continue
			}
			if _, err := d.GetTriage(t.Context(), d.call(alice), id); refusal(err) != macie2.ResourceNotFoundException {
				t.Errorf("triage of %q: %v", id, err)
			}
			if _, err := d.PutTriage(t.Context(), d.call(alice), &TriageInput{FindingID: id, State: TriageDone, Version: macie2.Ptr(int64(0))}); refusal(err) != macie2.ResourceNotFoundException {
				t.Errorf("triage of %q: %v", id, err)
			}
			if _, err := d.GetSensitiveDataOccurrences(t.Context(), d.call(alice), &macie2.GetSensitiveDataOccurrencesInput{FindingId: &id}); refusal(err) != macie2.ResourceNotFoundException {
				t.Errorf("reveal of %q: %v", id, err)
			}
			if _, err := d.GetFindingsFilter(t.Context(), d.call(alice), &macie2.GetFindingsFilterInput{Id: &id}); refusal(err) != macie2.ResourceNotFoundException {
				t.Errorf("filter %q: %v", id, err)
			}
		}
		// Texts that are kept are refused, and said to be wrong. What is not UTF-8 does not come out of a request's JSON.
		for _, bad := range []string{"a\x00b"} {
			for name, in := range map[string]macie2.CreateFindingsFilterInput{
				"name": {Name: &bad}, "description": {Name: macie2.Ptr("n"), Description: &bad}, "tag": {Name: macie2.Ptr("n"), Tags: map[string]string{"a": bad}},
				"tag key": {Name: macie2.Ptr("n"), Tags: map[string]string{bad: "a"}}, "token": {Name: macie2.Ptr("n"), ClientToken: &bad},
			} {
				in.Action = macie2.Ptr(macie2.FindingsFilterActionNoop)
				in.FindingCriteria = criteria(map[string]criterion{"type": {Eq: []string{"a"}}})
				if _, err := d.CreateFindingsFilter(t.Context(), d.call(alice), &in); err != nil && refusal(err) != macie2.ValidationException {
					t.Errorf("%s %q: %v", name, bad, err)
				}
			}
			if _, err := d.CreateFindingsFilter(t.Context(), d.call(alice), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("v" + strings.ToValidUTF8(strings.ReplaceAll(bad, "\x00", "0"), "u")),
				Action: macie2.Ptr(macie2.FindingsFilterActionArchive), FindingCriteria: criteria(map[string]criterion{objectPrefix + "key": {Eq: []string{bad}}, bucketPrefix + "tags.key": {Eq: []string{bad}}})}); err != nil && refusal(err) != macie2.ValidationException {
				t.Errorf("a criterion with %q: %v", bad, err)
			}
			if _, err := d.PutClassificationExportConfiguration(t.Context(), d.call(alice), &macie2.PutClassificationExportConfigurationInput{Configuration: &macie2.ClassificationExportConfiguration{
				S3Destination: &macie2.S3Destination{BucketName: &bad, KmsKeyArn: &bad, KeyPrefix: &bad}}}); refusal(err) != macie2.ValidationException {
				t.Errorf("a bucket named %q: %v", bad, err)
			}
		}
	})
}

// TestRulesMeetFindings makes a rule at one node at each step of what records a finding at another, and the other way round.
// Whichever comes first, the rule archives the finding.
func TestRulesMeetFindings(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m := storetest.NewMeeting(t, engine)
			first, second := open(t, m.First), open(t, m.Second)
			record := func(d *desk, bucket string) {
				d.record(alice, found("j", bucket, "key", d.now, map[string]int64{"NAME": 1}))
			}
			suppress := func(d *desk, bucket string) {
				_, err := d.CreateFindingsFilter(t.Context(), d.call(alice), &macie2.CreateFindingsFilterInput{Name: macie2.Ptr("all"),
					Action: macie2.Ptr(macie2.FindingsFilterActionArchive), FindingCriteria: criteria(map[string]criterion{bucketPrefix + "name": {Eq: []string{bucket}}})})
				if err != nil {
					t.Error(err)
				}
			}
			for i, pair := range [][2]func(*desk, string){{record, suppress}, {suppress, record}} {
				for step, last := 1, false; !last; step++ {
					bucket := fmt.Sprintf("bucket-%d-%d", i, step)
					last = !m.Run(step, func() { pair[0](first, bucket) }, func() { pair[1](second, bucket) })
					if got := second.list(alice, macie2.ListFindingsInput{FindingCriteria: criteria(map[string]criterion{"archived": {Eq: []string{"false"}}})}); len(got) > 0 {
						t.Fatalf("order %d, step %d: the finding is not archived", i+1, step)
					}
				}
			}
		})
	}
}
