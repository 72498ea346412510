package discovery

import (
	"slices"
	"time"

	"magpie/internal/macie2"
)

// clock is the time of day of scheduled runs, in UTC.
type clock struct{ hour, minute, second int }

func clockOf(t time.Time) clock {
	hour, minute, second := t.UTC().Clock()
	return clock{hour, minute, second}
}

// due is the first moment after now that a schedule names. A month that lacks the day is passed over.
func due(f *macie2.JobScheduleFrequency, at clock, now time.Time) time.Time {
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), at.hour, at.minute, at.second, 0, time.UTC)
	if !day.After(now) {
		day = day.AddDate(0, 0, 1)
	}
	for !onSchedule(f, day) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

func onSchedule(f *macie2.JobScheduleFrequency, day time.Time) bool {
	switch {
	case f.WeeklySchedule != nil:
		days := macie2.DayOfWeek("").Values() // from Sunday on, as Go's
		return slices.Index(days, macie2.Deref(f.WeeklySchedule.DayOfWeek)) == int(day.Weekday())
	case f.MonthlySchedule != nil:
		return int(macie2.Deref(f.MonthlySchedule.DayOfMonth)) == day.Day()
	}
	return true
}
