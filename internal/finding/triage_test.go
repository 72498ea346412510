package finding

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

func refusal(err error) macie2.Exception {
	if e, ok := errors.AsType[*macie2.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestTriage(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		if _, err := d.CreateSampleFindings(t.Context(), d.call(bob), &macie2.CreateSampleFindingsInput{}); err != nil {
			t.Fatal(err)
		}
		list, err := d.ListFindings(t.Context(), d.call(bob), &macie2.ListFindingsInput{FindingCriteria: &macie2.FindingCriteria{
			Criterion: map[string]macie2.CriterionAdditionalProperties{"type": {Eq: []string{"Policy:IAMUser/S3BucketPublic"}}}}})
		if err != nil || len(list.FindingIds) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		id := list.FindingIds[0]
		say := func(account macie2.AccountID, state TriageState, reason string, version int64) (*TriageOutput, error) {
			return d.PutTriage(t.Context(), d.call(account), &TriageInput{FindingID: id, State: state, Reason: reason, Comment: "é\nb", Version: &version})
		}
		if x, err := d.GetTriage(t.Context(), d.call(bob), id); err != nil || x.State != TriageOpen || x.Version != 0 || len(x.History) != 0 {
			t.Fatalf("of a new one: %+v, %v", x, err)
		}
		if x, err := say(bob, TriageInWork, "", 0); err != nil || x.Version != 1 {
			t.Fatalf("%+v, %v", x, err)
		}
		if _, err := say(bob, TriageDone, "", 0); refusal(err) != macie2.ConflictException {
			t.Errorf("from an old version: %v", err)
		}
		if x, err := say(bob, TriageFalseAlarm, "a test bucket", 1); err != nil || x.Version != 2 {
			t.Fatalf("%+v, %v", x, err)
		}
		x, err := d.GetTriage(t.Context(), d.call(bob), id)
		if err != nil || x.State != TriageFalseAlarm || x.Reason != "a test bucket" || x.Comment != "é\nb" || x.Version != 2 || len(x.History) != 2 ||
			x.History[1].State != TriageInWork {
			t.Errorf("afterwards: %+v, %v", x, err)
		}
		last, err := d.ListTriage(t.Context(), d.call(bob), []string{"none", id})
		if err != nil || len(last) != 1 || last[0].FindingID != id || last[0].State != TriageFalseAlarm || last[0].Version != 2 {
			t.Errorf("of several: %+v, %v", last, err)
		}
		for _, account := range []macie2.AccountID{alice, carol} {
			if list, err := d.ListTriage(t.Context(), d.call(account), []string{id}); err != nil || len(list) != 0 {
				t.Errorf("of another account: %+v, %v", list, err)
			}
		}
		for _, wrong := range [][]string{nil, slices.Repeat([]string{id}, mostTriaged+1)} {
			if _, err := d.ListTriage(t.Context(), d.call(bob), wrong); refusal(err) != macie2.ValidationException {
				t.Errorf("%d findings: %v", len(wrong), err)
			}
		}
		// The administrator sees the finding too, and makes of it what it does; strangers do not.
		if x, err := d.GetTriage(t.Context(), d.call(alice), id); err != nil || x.Version != 0 {
			t.Errorf("the administrator: %+v, %v", x, err)
		}
		if _, err := say(carol, TriageDone, "", 0); refusal(err) != macie2.ResourceNotFoundException {
			t.Errorf("a stranger: %v", err)
		}
		for _, in := range []TriageInput{
			{FindingID: id, State: "done", Version: macie2.Ptr(int64(2))}, {FindingID: id, State: TriageDone}, {State: TriageDone, Version: macie2.Ptr(int64(2))},
			{FindingID: id, State: TriageAccepted, Version: macie2.Ptr(int64(2))}, {FindingID: id, State: TriageDone, Version: macie2.Ptr(int64(-1))},
			{FindingID: id, State: TriageDone, Version: macie2.Ptr(int64(2)), Comment: strings.Repeat("x", maxTriageComment+1)},
			{FindingID: id, State: TriageDone, Version: macie2.Ptr(int64(2)), Reason: "a\x00b"},
			{FindingID: id, State: TriageDone, Version: macie2.Ptr(int64(2)), Comment: "a\xffb"},
		} {
			if _, err := d.PutTriage(t.Context(), d.call(bob), &in); refusal(err) != macie2.ValidationException {
				t.Errorf("%+v: %v", in, err)
			}
		}
		// It goes with the finding.
		if err := d.Expire(t.Context(), d.now.Add(Retention+1)); err != nil {
			t.Fatal(err)
		}
		var n int64
		err = d.db.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(t.Context(), `select count(*) from finding_triage`).Scan(&n)
		})
		if err != nil || n != 0 {
			t.Errorf("%d rows are left, %v", n, err)
		}
	})
}

func TestHistogram(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, days := range []int{40, 2, 0, 0} {
			call := d.call(alice)
			call.Now = d.now.AddDate(0, 0, -days)
			if _, err := d.CreateSampleFindings(t.Context(), call, &macie2.CreateSampleFindingsInput{
				FindingTypes: []macie2.FindingType{macie2.FindingTypeSensitiveDataS3ObjectFinancial}}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := d.Histogram(t.Context(), d.call(alice), 30)
		if err != nil || len(got) != 30 {
			t.Fatalf("%v, %v", got, err)
		}
		total := int64(0)
		for _, x := range got {
			total += x.Low + x.Medium + x.High
		}
		if last := got[29]; total != 3 || last.Date != d.now.Format("2006-01-02") || last.High != 2 || got[27].High != 1 {
			t.Errorf("the days are %v", got)
		}
		for _, days := range []int{0, -1, 91} {
			if _, err := d.Histogram(t.Context(), d.call(alice), days); refusal(err) != macie2.ValidationException {
				t.Errorf("%d days: %v", days, err)
			}
		}
	})
}
