package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"magpie/internal/detect/managed"
	"magpie/internal/identifier"
	"magpie/internal/macie2"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// definition is what a job was created with.
type definition = macie2.CreateClassificationJobInput

// checkDefinition refuses what Macie's rules refuse, apart from what has to be looked up.
func checkDefinition(in *definition) error {
	for _, check := range []func(*definition) error{checkTexts, checkSchedule, checkIdentifiers, checkBuckets} {
		if err := check(in); err != nil {
			return err
		}
	}
	if n := macie2.Deref(in.SamplingPercentage); in.SamplingPercentage != nil && (n < 1 || n > 100) {
		return macie2.ErrValidation("samplingPercentage: must be from 1 to 100, not %d", n)
	}
	if _, err := compileScope(in.S3JobDefinition.Scoping); err != nil {
		return err
	}
	return resource.CheckTags(in.Tags)
}

func checkTexts(in *definition) error {
	for _, x := range []struct {
		member      string
		value       *string
		least, most int
	}{{"name", in.Name, 1, 500}, {"description", in.Description, 0, 200}} {
		s := macie2.Deref(x.value)
		if n := utf8.RuneCountInString(s); x.value != nil && (n < x.least || n > x.most) {
			return macie2.ErrValidation("%s: must have %d to %d characters, not %d", x.member, x.least, x.most, n)
		}
		for i, r := range s {
			if unicode.IsControl(r) {
				return macie2.ErrValidation("%s: there is a control character at byte %d", x.member, i)
			}
		}
	}
	return nil
}

func checkSchedule(in *definition) error {
	f := in.ScheduleFrequency
	if *in.JobType == macie2.JobTypeOneTime {
		switch {
		case f != nil:
			return macie2.ErrValidation("scheduleFrequency: a job of type ONE_TIME has none")
		case macie2.Deref(in.InitialRun):
			return macie2.ErrValidation("initialRun: it is for jobs of type SCHEDULED")
		}
		return nil
	}
	if f == nil {
		return macie2.ErrValidation("scheduleFrequency: a job of type SCHEDULED must have one")
	}
	given := 0
	for _, is := range []bool{f.DailySchedule != nil, f.WeeklySchedule != nil, f.MonthlySchedule != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return macie2.ErrValidation("scheduleFrequency: give exactly one of dailySchedule, weeklySchedule and monthlySchedule")
	}
	if f.WeeklySchedule != nil && f.WeeklySchedule.DayOfWeek == nil {
		return macie2.ErrValidation("scheduleFrequency.weeklySchedule.dayOfWeek: it is required")
	}
	if m := f.MonthlySchedule; m != nil {
		if n := macie2.Deref(m.DayOfMonth); n < 1 || n > 31 {
			return macie2.ErrValidation("scheduleFrequency.monthlySchedule.dayOfMonth: must be from 1 to 31")
		}
	}
	return nil
}

func checkIdentifiers(in *definition) error {
	if n := len(in.CustomDataIdentifierIds); n > maxIdentifiers {
		return macie2.ErrValidation("customDataIdentifierIds: must name at most %d identifiers, not %d", maxIdentifiers, n)
	}
	if n := len(in.AllowListIds); n > maxAllowLists {
		return macie2.ErrValidation("allowListIds: must name at most %d allow lists, not %d", maxAllowLists, n)
	}
	selector, ids := selectorOf(in), in.ManagedDataIdentifierIds
	switch selector {
	case macie2.ManagedDataIdentifierSelectorInclude, macie2.ManagedDataIdentifierSelectorExclude:
		if len(ids) == 0 {
			return macie2.ErrValidation("managedDataIdentifierIds: the selector %s needs at least one", selector)
		}
	default:
		if len(ids) > 0 {
			return macie2.ErrValidation("managedDataIdentifierIds: the selector %s takes none", selector)
		}
	}
	for i, id := range ids {
		if managed.Find(id) == nil {
			return macie2.ErrValidation("managedDataIdentifierIds[%d]: %q is no managed data identifier", i, clip(id))
		}
	}
	if selector == macie2.ManagedDataIdentifierSelectorNone && len(in.CustomDataIdentifierIds) == 0 {
		return macie2.ErrValidation("customDataIdentifierIds: the selector NONE needs at least one custom data identifier")
	}
	return nil
}

// The quotas of a job, as Macie documents them.
const (
	maxIdentifiers = 30
	maxAllowLists  = 10
)

func selectorOf(in *definition) macie2.ManagedDataIdentifierSelector {
	if in.ManagedDataIdentifierSelector == nil {
		return macie2.ManagedDataIdentifierSelectorRecommended
	}
	return *in.ManagedDataIdentifierSelector
}

// managedOf are the managed data identifiers that a job looks for.
func managedOf(in *definition) []string {
	switch selectorOf(in) {
	case macie2.ManagedDataIdentifierSelectorAll:
		return managed.IDs()
	case macie2.ManagedDataIdentifierSelectorInclude:
		return in.ManagedDataIdentifierIds
	case macie2.ManagedDataIdentifierSelectorExclude:
		return slices.DeleteFunc(managed.IDs(), func(id string) bool { return slices.Contains(in.ManagedDataIdentifierIds, id) })
	case macie2.ManagedDataIdentifierSelectorNone:
		return nil
	}
	return managed.Recommended()
}

func checkBuckets(in *definition) error {
	d := in.S3JobDefinition
	switch {
	case d.BucketCriteria != nil && d.BucketDefinitions != nil:
		return macie2.ErrValidation("s3JobDefinition: give either bucketDefinitions or bucketCriteria")
	case d.BucketCriteria != nil:
		_, err := compileBucketCriteria(d.BucketCriteria)
		return err
	case len(d.BucketDefinitions) == 0:
		return macie2.ErrValidation("s3JobDefinition.bucketDefinitions: must name at least one bucket, unless there are bucketCriteria")
	}
	total := 0
	for i, x := range d.BucketDefinitions {
		where := fmt.Sprintf("s3JobDefinition.bucketDefinitions[%d]", i)
		if _, err := macie2.ParseAccountID(macie2.Deref(x.AccountId)); err != nil {
			return macie2.ErrValidation("%s.accountId: %v", where, err)
		}
		if len(x.Buckets) == 0 {
			return macie2.ErrValidation("%s.buckets: must name at least one bucket", where)
		}
		for k, name := range x.Buckets {
			if n := len(name); n < 1 || n > 255 {
				return macie2.ErrValidation("%s.buckets[%d]: a bucket's name has 1 to 255 characters", where, k)
			}
		}
		if total += len(x.Buckets); total > maxBuckets {
			return macie2.ErrValidation("s3JobDefinition.bucketDefinitions: must name at most %d buckets in all", maxBuckets)
		}
	}
	return nil
}

// lookUp refuses a definition that names what the account does not have: accounts that it does not oversee, custom data
// identifiers and allow lists.
func (s *Service) lookUp(ctx context.Context, tx *store.Tx, call *macie2.Call, in *definition) error {
	overseen, err := s.owners(ctx, tx, call.Region, call.Account)
	if err != nil {
		return err
	}
	for i, x := range in.S3JobDefinition.BucketDefinitions {
		if !slices.Contains(overseen, macie2.AccountID(*x.AccountId)) {
			return macie2.ErrAccessDenied("s3JobDefinition.bucketDefinitions[%d].accountId: the account %s is neither the current account nor one of its member accounts", i, *x.AccountId)
		}
	}
	_, err = identifier.CustomForJob(ctx, tx, call.Region, call.Account, in.CustomDataIdentifierIds)
	if err == nil {
		_, err = identifier.AllowListsForJob(ctx, tx, call.Region, call.Account, in.AllowListIds)
	}
	var missing *identifier.MissingError
	if errors.As(err, &missing) {
		return macie2.ErrNotFound("The request failed because the %s %s does not exist.", missing.Kind, clip(missing.ID))
	}
	return err
}

// owners are the accounts whose buckets a job of the account may look at: itself and its members.
func (s *Service) owners(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) ([]macie2.AccountID, error) {
	members, err := s.members(ctx, tx, region, account)
	return append([]macie2.AccountID{account}, members...), err
}
