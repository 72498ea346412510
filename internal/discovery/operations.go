package discovery

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// CreateClassificationJob creates a job, and begins its first run unless that is for later.
func (s *Service) CreateClassificationJob(ctx context.Context, call *macie2.Call, in *macie2.CreateClassificationJobInput) (*macie2.CreateClassificationJobOutput, error) {
	if err := checkDefinition(in); err != nil {
		return nil, err
	}
	request := *in
	request.ClientToken = nil
	asked, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("create classification job: %w", err)
	}
	token := resource.Token{Operation: "CreateClassificationJob", ClientToken: macie2.Deref(in.ClientToken), Request: string(asked)}
	var n name
	err = s.tx(ctx, call, func(tx *store.Tx) error {
		n = name{call.Region, call.Account, newJobID()}
		id, found, err := resource.Replay(ctx, tx, call, token)
		if err != nil || found {
			n.ID = id
			return err
		}
		if err := s.lookUp(ctx, tx, call, in); err != nil {
			return err
		}
		if err := s.create(ctx, tx, call, n, in); err != nil {
			return err
		}
		return resource.Remember(ctx, tx, call, token, n.ID)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.CreateClassificationJobOutput{JobId: &n.ID, JobArn: macie2.Ptr(n.arn())}, nil
}

func newJobID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (s *Service) create(ctx context.Context, tx *store.Tx, call *macie2.Call, n name, in *definition) error {
	kept := *in
	kept.Tags = nil
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("create classification job: %w", err)
	}
	j := &job{name: n, kind: *in.JobType, status: macie2.JobStatusIdle, definition: kept, createdAt: call.Now.UnixMilli(), active: noRun}
	if j.kind == macie2.JobTypeScheduled {
		if err := s.schedule(ctx, tx, j, call.Now); err != nil {
			return err
		}
	}
	tx.DeferInsert(`insert into classification_job (region, account_id, id, name, type, status, definition, tags, created_at, run, active, shards,
			since, expected, failed, resumes, due_at)`,
		[][]any{{n.Region, n.Account, n.ID, *in.Name, string(j.kind), string(j.status), string(text), resource.EncodeTags(in.Tags),
			j.createdAt, int64(0), string(noRun), int64(0), int64(0), int64(0), false, "", j.dueAt}}, "")
	if named := namedBuckets(j); len(named) > 0 {
		inventory.JobDefined(tx, j.known(), named)
	}
	j.event(tx, call.Now, eventCreated, eventDetail{})
	if j.kind == macie2.JobTypeOneTime || macie2.Deref(in.InitialRun) {
		return s.begin(ctx, tx, j, call.Now)
	}
	return nil
}

// DescribeClassificationJob describes a job.
func (s *Service) DescribeClassificationJob(ctx context.Context, call *macie2.Call, in *macie2.DescribeClassificationJobInput) (*macie2.DescribeClassificationJobOutput, error) {
	n := name{call.Region, call.Account, *in.JobId}
	var j *job
	var done map[string]int64
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		if j, err = find(ctx, tx, n); err == nil {
			done, err = tx.Tallies(ctx, n.tallies(j.run))
		}
		return none(err)
	})
	if err != nil {
		return nil, err
	}
	d := &j.definition
	out := &macie2.DescribeClassificationJobOutput{
		AllowListIds: d.AllowListIds, ClientToken: macie2.Ptr(macie2.Deref(d.ClientToken)), CreatedAt: macie2.TimestampMillis(j.createdAt),
		CustomDataIdentifierIds: d.CustomDataIdentifierIds, Description: d.Description, InitialRun: macie2.Ptr(macie2.Deref(d.InitialRun)),
		JobArn: macie2.Ptr(n.arn()), JobId: &n.ID, JobStatus: &j.status, JobType: &j.kind, LastRunErrorStatus: j.errorStatus(),
		LastRunTime: macie2.TimestampMillis(cmp.Or(macie2.Deref(j.runAt), j.createdAt)), ManagedDataIdentifierIds: d.ManagedDataIdentifierIds,
		ManagedDataIdentifierSelector: macie2.Ptr(selectorOf(d)), Name: d.Name, S3JobDefinition: d.S3JobDefinition,
		SamplingPercentage: macie2.Ptr(samplingOf(d)), ScheduleFrequency: d.ScheduleFrequency, UserPausedDetails: j.pause(),
		Statistics: &macie2.Statistics{NumberOfRuns: macie2.Ptr(float64(j.run)), ApproximateNumberOfObjectsToProcess: macie2.Ptr(j.remaining(done))},
	}
	if out.Tags, err = resource.DecodeTags(j.tags); err != nil {
		return nil, n.wrap(err)
	}
	return out, nil
}

func samplingOf(d *definition) int32 {
	if d.SamplingPercentage == nil {
		return 100
	}
	return *d.SamplingPercentage
}

func (j *job) errorStatus() *macie2.LastRunErrorStatus {
	code := macie2.LastRunErrorStatusCodeNone
	if j.failed {
		code = macie2.LastRunErrorStatusCodeError
	}
	return &macie2.LastRunErrorStatus{Code: &code}
}

// pause is what is told of a pause by a user. The time of expiry is told of a job that was idle too, although nothing ends for
// it then: Terraform's provider crashes without one.
func (j *job) pause() *macie2.UserPausedDetails {
	if j.status != macie2.JobStatusUserPaused {
		return nil
	}
	paused := macie2.Deref(j.pausedAt)
	expires := paused + pauseLasts.Milliseconds()
	if j.expiresAt != nil {
		expires = *j.expiresAt
	}
	return &macie2.UserPausedDetails{JobPausedAt: macie2.TimestampMillis(paused), JobExpiresAt: macie2.TimestampMillis(expires)}
}

// remaining is about how many objects the active run has before it.
func (j *job) remaining(done map[string]int64) float64 {
	if j.active == noRun {
		return 0
	}
	return float64(max(0, j.expected-done[tallySeen]))
}

// The bounds of ListClassificationJobs.
const (
	defaultPage = 50
	maxPage     = 200
)

// ListClassificationJobs lists the jobs that meet all of the criteria to include and none of those to exclude.
func (s *Service) ListClassificationJobs(ctx context.Context, call *macie2.Call, in *macie2.ListClassificationJobsInput) (*macie2.ListClassificationJobsOutput, error) {
	filter, err := compileJobFilter(in.FilterCriteria)
	if err != nil {
		return nil, err
	}
	size := defaultPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	if size < 1 || size > maxPage {
		return nil, macie2.ErrValidation("maxResults: must be from 1 to %d", maxPage)
	}
	narrowed, err := json.Marshal([]any{in.FilterCriteria, in.SortCriteria})
	if err != nil {
		return nil, fmt.Errorf("list classification jobs: %w", err)
	}
	page, err := s.pages.Page(pagetoken.Of(call, "ListClassificationJobs", string(narrowed)), in.NextToken, 2, size)
	if err != nil {
		return nil, macie2.ErrValidation("nextToken: it was not issued for this account, Region and request")
	}
	var jobs []*job
	err = s.view(ctx, call, func(tx *store.Tx) (err error) {
		jobs, err = s.jobsOf(ctx, tx, call.Region, call.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	jobs = slices.DeleteFunc(jobs, func(j *job) bool { return !filter(j) })
	key, descending := jobOrder(in.SortCriteria)
	compare := func(a, b []string) int {
		if descending {
			a, b = b, a
		}
		return slices.Compare(a, b)
	}
	place := func(j *job) []string { return []string{key(j), j.ID} }
	slices.SortFunc(jobs, func(a, b *job) int { return compare(place(a), place(b)) })
	if !page.First() {
		jobs = slices.DeleteFunc(jobs, func(j *job) bool { return compare(place(j), page.Keys()) <= 0 })
	}
	out := &macie2.ListClassificationJobsOutput{Items: []macie2.JobSummary{}}
	jobs, out.NextToken = pagetoken.Cut(page, jobs, place)
	for _, j := range jobs {
		out.Items = append(out.Items, j.summary())
	}
	return out, nil
}

func (j *job) summary() macie2.JobSummary {
	x := macie2.JobSummary{CreatedAt: macie2.TimestampMillis(j.createdAt), JobId: &j.ID, JobStatus: &j.status, JobType: &j.kind,
		LastRunErrorStatus: j.errorStatus(), Name: j.definition.Name, UserPausedDetails: j.pause()}
	x.BucketCriteria, x.BucketDefinitions = j.definition.S3JobDefinition.BucketCriteria, j.definition.S3JobDefinition.BucketDefinitions
	return x
}

// jobOrder is the text that jobs are sorted by; without sort criteria the newest come first.
func jobOrder(in *macie2.ListJobsSortCriteria) (key func(*job) string, descending bool) {
	created := func(j *job) string { return fmt.Sprintf("%020d", j.createdAt) }
	if in == nil || in.AttributeName == nil {
		return created, in == nil || in.OrderBy == nil || *in.OrderBy == macie2.OrderByDesc
	}
	descending = macie2.Deref(in.OrderBy) == macie2.OrderByDesc
	switch *in.AttributeName {
	case macie2.ListJobsSortAttributeNameName:
		return func(j *job) string { return macie2.Deref(j.definition.Name) }, descending
	case macie2.ListJobsSortAttributeNameJobStatus:
		return func(j *job) string { return string(j.status) }, descending
	case macie2.ListJobsSortAttributeNameJobType:
		return func(j *job) string { return string(j.kind) }, descending
	}
	return created, descending
}

// compileJobFilter checks the criteria of a list.
func compileJobFilter(in *macie2.ListJobsFilterCriteria) (func(*job) bool, error) {
	var includes, excludes []func(*job) bool
	if in != nil {
		for _, block := range []struct {
			name string
			in   []macie2.ListJobsFilterTerm
			to   *[]func(*job) bool
		}{{"includes", in.Includes, &includes}, {"excludes", in.Excludes, &excludes}} {
			for i, x := range block.in {
				f, err := compileJobTerm(fmt.Sprintf("filterCriteria.%s[%d]", block.name, i), x)
				if err != nil {
					return nil, err
				}
				*block.to = append(*block.to, f)
			}
		}
	}
	return func(j *job) bool {
		for _, f := range includes {
			if !f(j) {
				return false
			}
		}
		return !slices.ContainsFunc(excludes, func(f func(*job) bool) bool { return f(j) })
	}, nil
}

func compileJobTerm(where string, x macie2.ListJobsFilterTerm) (func(*job) bool, error) {
	if n := len(x.Values); n < 1 || n > maxValues {
		return nil, macie2.ErrValidation("%s.values: must have 1 to %d values, not %d", where, maxValues, n)
	}
	key, comparator := macie2.Deref(x.Key), macie2.Deref(x.Comparator)
	no := macie2.ErrValidation("%s.comparator: %s cannot be compared by %q", where, key, comparator)
	if key == macie2.ListJobsFilterKeyCreatedAt {
		return compileCreated(where, comparator, x.Values, no)
	}
	property, ok := map[macie2.ListJobsFilterKey]func(*job) string{
		macie2.ListJobsFilterKeyJobType:   func(j *job) string { return string(j.kind) },
		macie2.ListJobsFilterKeyJobStatus: func(j *job) string { return string(j.status) },
		macie2.ListJobsFilterKeyName:      func(j *job) string { return macie2.Deref(j.definition.Name) },
	}[key]
	if !ok {
		return nil, macie2.ErrValidation("%s.key: it is required", where)
	}
	meets, ok := map[macie2.JobComparator]func(s, value string) bool{
		macie2.JobComparatorEq: func(s, v string) bool { return s == v }, macie2.JobComparatorNe: func(s, v string) bool { return s == v },
		macie2.JobComparatorContains: strings.Contains, macie2.JobComparatorStartsWith: strings.HasPrefix,
	}[comparator]
	if !ok || key != macie2.ListJobsFilterKeyName && (comparator == macie2.JobComparatorContains || comparator == macie2.JobComparatorStartsWith) {
		return nil, no
	}
	return func(j *job) bool {
		has := slices.ContainsFunc(x.Values, func(v string) bool { return meets(property(j), v) })
		return has != (comparator == macie2.JobComparatorNe)
	}, nil
}

// compileCreated is a condition on when a job was created: a time such as 2026-01-02T15:04:05Z, or milliseconds since 1970.
func compileCreated(where string, comparator macie2.JobComparator, values []string, no error) (func(*job) bool, error) {
	if len(values) != 1 {
		return nil, macie2.ErrValidation("%s.values: createdAt takes one value, not %d", where, len(values))
	}
	at, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		t, err := time.Parse(time.RFC3339, values[0])
		if err != nil {
			return nil, macie2.ErrValidation("%s.values[0]: %q is no time such as 2026-01-02T15:04:05Z", where, clip(values[0]))
		}
		at = t.UnixMilli()
	}
	compare, ok := map[macie2.JobComparator]func(a, b int64) bool{
		macie2.JobComparatorEq: func(a, b int64) bool { return a == b }, macie2.JobComparatorNe: func(a, b int64) bool { return a != b },
		macie2.JobComparatorGt: func(a, b int64) bool { return a > b }, macie2.JobComparatorGte: func(a, b int64) bool { return a >= b },
		macie2.JobComparatorLt: func(a, b int64) bool { return a < b }, macie2.JobComparatorLte: func(a, b int64) bool { return a <= b },
	}[comparator]
	if !ok {
		return nil, no
	}
	return func(j *job) bool { return compare(j.createdAt, at) }, nil
}

// UpdateClassificationJob pauses, resumes or cancels a job.
func (s *Service) UpdateClassificationJob(ctx context.Context, call *macie2.Call, in *macie2.UpdateClassificationJobInput) (*macie2.UpdateClassificationJobOutput, error) {
	n := name{call.Region, call.Account, *in.JobId}
	err := s.tx(ctx, call, func(tx *store.Tx) error {
		j, err := find(ctx, tx, n)
		if err != nil {
			return none(err)
		}
		if err := refuseUpdate(j, *in.JobStatus); err != nil {
			return err
		}
		switch *in.JobStatus {
		case macie2.JobStatusCancelled:
			return s.cancel(ctx, tx, j, call.Now)
		case macie2.JobStatusRunning:
			return s.resume(ctx, tx, j, call.Now)
		}
		return s.pauseByUser(ctx, tx, j, call.Now)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateClassificationJobOutput{}, nil
}

// refuseUpdate says why a job cannot be taken to a status. A job that has ended and is to be cancelled gets the text of one that
// was cancelled: Terraform takes that for a job that is gone, and could destroy no job that is complete otherwise.
func refuseUpdate(j *job, to macie2.JobStatus) error {
	from := map[macie2.JobStatus][]macie2.JobStatus{
		macie2.JobStatusCancelled:  {macie2.JobStatusIdle, macie2.JobStatusPaused, macie2.JobStatusRunning, macie2.JobStatusUserPaused},
		macie2.JobStatusRunning:    {macie2.JobStatusUserPaused},
		macie2.JobStatusUserPaused: {macie2.JobStatusIdle, macie2.JobStatusPaused, macie2.JobStatusRunning},
	}[to]
	switch {
	case from == nil:
		return macie2.ErrValidation("Input validation failed, jobStatus: must be CANCELLED, RUNNING or USER_PAUSED, not %s", to)
	case slices.Contains(from, j.status):
		return nil
	case j.status == macie2.JobStatusCancelled, j.status == macie2.JobStatusComplete && to == macie2.JobStatusCancelled:
		return macie2.ErrValidation("Input validation failed, cannot update cancelled job for job: %s", j.arn())
	case j.status == macie2.JobStatusComplete:
		return macie2.ErrValidation("Input validation failed, cannot update completed job for job: %s", j.arn())
	}
	return macie2.ErrValidation("Input validation failed, cannot update the job from %s to %s for job: %s", j.status, to, j.arn())
}

// pauseByUser stops a job until it is resumed. One that was running can be resumed where it was for 30 days.
func (s *Service) pauseByUser(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	was := *j
	j.status, j.resumes, j.pausedAt = macie2.JobStatusUserPaused, macie2.JobStatusIdle, macie2.Ptr(now.UnixMilli())
	j.event(tx, now, eventPaused, eventDetail{})
	if was.active == noRun {
		j.save(tx, &was)
		return nil
	}
	ends := now.Add(pauseLasts)
	j.resumes, j.expiresAt = macie2.JobStatusRunning, macie2.Ptr(ends.UnixMilli())
	j.save(tx, &was)
	return errors.Join(s.queue.PauseGroup(ctx, tx, j.group(j.run)), s.queue.Enqueue(ctx, tx, j.wakeAt(wakeExpire, ends)))
}

// resume ends a pause by a user.
func (s *Service) resume(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	was := *j
	j.status, j.pausedAt, j.expiresAt, j.resumes = j.resumes, nil, nil, ""
	j.event(tx, now, eventResumed, eventDetail{})
	if j.kind == macie2.JobTypeScheduled && (j.dueAt == nil || *j.dueAt <= now.UnixMilli()) {
		if err := s.schedule(ctx, tx, j, now); err != nil {
			return err
		}
	}
	j.save(tx, &was)
	if j.status != macie2.JobStatusRunning {
		return nil
	}
	return s.queue.ResumeGroup(ctx, tx, j.group(j.run))
}
