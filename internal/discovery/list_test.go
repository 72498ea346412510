package discovery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// scheduled is a job that waits for its first run.
func scheduled(name string) *macie2.CreateClassificationJobInput {
	in := oneTime(alice, "data")
	in.Name, in.JobType = &name, macie2.Ptr(macie2.JobTypeScheduled)
	in.ScheduleFrequency = &macie2.JobScheduleFrequency{MonthlySchedule: &macie2.MonthlySchedule{DayOfMonth: macie2.Ptr(int32(31))}}
	return in
}

// TestListJobs: the newest come first, pages hold as many as asked for, criteria and sorts do what they say.
func TestListJobs(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		var ids []string
		for i := range 5 {
			in := scheduled(fmt.Sprintf("job %d", 4-i))
			out, err := n.CreateClassificationJob(t.Context(), &macie2.Call{Account: alice, Region: region, Now: time.UnixMilli(1_800_000_000_000 + int64(i)).UTC()}, in)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, *out.JobId)
		}
		list := func(in macie2.ListClassificationJobsInput) (all []string) {
			t.Helper()
			for {
				out, err := n.ListClassificationJobs(t.Context(), n.call(alice), &in)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range out.Items {
					all = append(all, *x.JobId)
				}
				if in.NextToken = out.NextToken; out.NextToken == nil {
					return all
				}
			}
		}
		newest := slices.Clone(ids)
		slices.Reverse(newest)
		if got := list(macie2.ListClassificationJobsInput{MaxResults: macie2.Ptr(int32(2))}); !slices.Equal(got, newest) {
			t.Errorf("listed %v, want the newest first: %v", got, newest)
		}
		byName := macie2.ListClassificationJobsInput{SortCriteria: &macie2.ListJobsSortCriteria{AttributeName: macie2.Ptr(macie2.ListJobsSortAttributeNameName)}}
		if got := list(byName); !slices.Equal(got, newest) {
			t.Errorf("by name %v, want %v", got, newest)
		}
		term := func(key macie2.ListJobsFilterKey, by macie2.JobComparator, values ...string) []macie2.ListJobsFilterTerm {
			return []macie2.ListJobsFilterTerm{{Key: &key, Comparator: &by, Values: values}}
		}
		for name, x := range map[string]struct {
			in   macie2.ListJobsFilterCriteria
			want int
		}{
			"by a part of the name": {macie2.ListJobsFilterCriteria{Includes: term("name", "CONTAINS", "b 3")}, 1},
			"by its beginning":      {macie2.ListJobsFilterCriteria{Excludes: term("name", "STARTS_WITH", "job")}, 0},
			"by status":             {macie2.ListJobsFilterCriteria{Includes: term("jobStatus", "EQ", "IDLE", "RUNNING")}, 5},
			"not by type":           {macie2.ListJobsFilterCriteria{Includes: term("jobType", "NE", "SCHEDULED")}, 0},
			"by time":               {macie2.ListJobsFilterCriteria{Includes: term("createdAt", "GT", "1800000000002")}, 2},
		} {
			if got := list(macie2.ListClassificationJobsInput{FilterCriteria: &x.in}); len(got) != x.want {
				t.Errorf("%s: %d jobs, want %d", name, len(got), x.want)
			}
		}
		for _, size := range []int32{0, maxPage + 1} {
			_, err := n.ListClassificationJobs(t.Context(), n.call(alice), &macie2.ListClassificationJobsInput{MaxResults: &size})
			refused(t, err, macie2.ValidationException, "maxResults")
		}
	})
}

// TestDueWhileRunning: a run that is due while the last one goes on is left out, and the one after it is waited for.
func TestDueWhileRunning(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		in := scheduled("busy")
		in.InitialRun = macie2.Ptr(true)
		id := n.create(alice, in)
		var before, after int64
		err := n.db.Tx(t.Context(), lane(region, alice), func(tx *store.Tx) error {
			j, err := find(t.Context(), tx, name{region, alice, id})
			if err != nil {
				return err
			}
			before = *j.dueAt
			if err := n.woken(t.Context(), tx, j, awaited{j.name, wakeDue, before}); err != nil {
				return err
			}
			after = *j.dueAt
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := n.describe(alice, id); *d.Statistics.NumberOfRuns != 1 || *d.JobStatus != macie2.JobStatusRunning {
			t.Errorf("there are %v runs, and the job is %s", *d.Statistics.NumberOfRuns, *d.JobStatus)
		}
		if after <= before {
			t.Errorf("it is due at %d next, which is not after %d", after, before)
		}
	})
}

// TestSchedules: the moments that schedules name, on both sides of a month without the day.
func TestSchedules(t *testing.T) {
	at := clock{3, 30, 0}
	moment := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	daily := macie2.JobScheduleFrequency{DailySchedule: &macie2.DailySchedule{}}
	monday := macie2.JobScheduleFrequency{WeeklySchedule: &macie2.WeeklySchedule{DayOfWeek: macie2.Ptr(macie2.DayOfWeekMonday)}}
	last := macie2.JobScheduleFrequency{MonthlySchedule: &macie2.MonthlySchedule{DayOfMonth: macie2.Ptr(int32(31))}}
	for _, x := range []struct {
		f         *macie2.JobScheduleFrequency
		now, want string
	}{
		{&daily, "2026-11-30T03:29:59Z", "2026-11-30T03:30:00Z"},
		{&daily, "2026-11-30T03:30:00Z", "2026-12-01T03:30:00Z"},
		{&monday, "2026-11-30T03:30:00Z", "2026-12-07T03:30:00Z"}, // a Monday
		{&last, "2026-11-30T03:30:00Z", "2026-12-31T03:30:00Z"},
		{&last, "2027-01-31T03:30:01Z", "2027-03-31T03:30:00Z"},
	} {
		if got := due(x.f, at, moment(x.now)); !got.Equal(moment(x.want)) {
			t.Errorf("after %s it is due at %s, want %s", x.now, got.Format(time.RFC3339), x.want)
		}
	}
}

// TestBetween: a middle lies between, whatever the bytes.
func TestBetween(t *testing.T) {
	for _, x := range [][2]string{{"", ""}, {"a", ""}, {"", "a"}, {"a", "b"}, {"a", "a\x01"}, {"abc\xff", "abd"}, {"\xff\xff", ""}, {"logs/1", "logs/2"}} {
		m := between(x[0], x[1])
		if m < x[0] || x[1] != "" && m > x[1] {
			t.Errorf("between %q and %q: %q", x[0], x[1], m)
		}
	}
	if m := between("a", "c"); m != "b" {
		t.Errorf("between a and c: %q", m)
	}
}

// TestPausedWhileIdle: a job that waits for its next run can be paused and resumed; its details have the expiry that clients read.
func TestPausedWhileIdle(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		id := n.create(alice, scheduled("idle"))
		if err := n.update(alice, id, macie2.JobStatusUserPaused); err != nil {
			t.Fatal(err)
		}
		d := n.describe(alice, id)
		if p := d.UserPausedDetails; p == nil || p.JobPausedAt == nil || p.JobExpiresAt == nil || !p.JobExpiresAt.After(p.JobPausedAt.Time) {
			t.Errorf("its pause is described as %+v", p)
		}
		if err := n.update(alice, id, macie2.JobStatusRunning); err != nil {
			t.Fatal(err)
		}
		if s := *n.describe(alice, id).JobStatus; s != macie2.JobStatusIdle {
			t.Errorf("after it was resumed it is %s", s)
		}
	})
}
