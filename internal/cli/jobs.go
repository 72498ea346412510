package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
	"magpie/internal/cli/table"
	"magpie/internal/macie2"
)

// Jobs is the verb about classification jobs.
func Jobs() *cobra.Command {
	c := &cobra.Command{
		Use:   "jobs",
		Short: "Look for sensitive data in buckets: create classification jobs, watch them, see what happened",
	}
	c.AddCommand(jobsCreate(), jobsList(), jobsWatch(), jobsEvents(),
		jobsChange("pause", "Pause a job; it can be resumed", macie2.JobStatusUserPaused),
		jobsChange("resume", "Resume a job that was paused", macie2.JobStatusRunning),
		jobsChange("cancel", "Cancel a job for good", macie2.JobStatusCancelled))
	return c
}

// newJob is what the flags of jobs create say.
type newJob struct {
	name, schedule, identifiers   string
	buckets, prefixes, extensions []string
	custom, allowLists            []string
	sample                        int
	initialRun, wait              bool
}

func jobsCreate() *cobra.Command {
	var target Target
	var o newJob
	c := &cobra.Command{
		Use:   "create",
		Short: "Create a job over buckets of this account, or of its members",
		Example: `  magpie jobs create --bucket reports --wait
  magpie jobs create --bucket 444455556666/data --prefix logs/ --identifiers all --sample 10
  magpie jobs create --bucket reports --schedule weekly:MONDAY --initial-run`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			in, err := o.request(c.Context(), client)
			if err != nil {
				return err
			}
			var out macie2.CreateClassificationJobOutput
			if err := client.Call(c.Context(), http.MethodPost, "/jobs", nil, in, &out); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), *out.JobId)
			if !o.wait {
				return nil
			}
			return watchJob(c.Context(), c.ErrOrStderr(), client, *out.JobId)
		},
	}
	target.bind(c)
	f := c.Flags()
	f.StringArrayVar(&o.buckets, "bucket", nil, "bucket to look at: `[ACCOUNT/]NAME`; repeated for more")
	f.StringVar(&o.name, "name", "", "name of the job (default: of its buckets)")
	f.StringArrayVar(&o.prefixes, "prefix", nil, "look at objects whose keys begin so; repeated for more")
	f.StringSliceVar(&o.extensions, "extension", nil, "look at objects with these extensions, without a dot")
	f.StringVar(&o.identifiers, "identifiers", "recommended", "managed data identifiers: recommended, all, none, or a list of their ids with commas")
	f.StringSliceVar(&o.custom, "custom-identifier", nil, "ids of custom data identifiers")
	f.StringSliceVar(&o.allowLists, "allow-list", nil, "ids of allow lists")
	f.StringVar(&o.schedule, "schedule", "once", "once, daily, weekly:DAY such as weekly:MONDAY, or monthly:DAY such as monthly:1")
	f.BoolVar(&o.initialRun, "initial-run", false, "look at what is there at once; without it the first scheduled run looks at what has changed since")
	f.IntVar(&o.sample, "sample", 100, "percentage of the objects to look at")
	f.BoolVar(&o.wait, "wait", false, "wait for the end of the run, and show how far it is")
	return c
}

// request is the call that the flags come to.
func (o *newJob) request(ctx context.Context, client *Client) (*macie2.CreateClassificationJobInput, error) {
	if len(o.buckets) == 0 {
		return nil, refused("name at least one bucket with --bucket")
	}
	definitions, err := o.definitions(ctx, client)
	if err != nil {
		return nil, err
	}
	name := o.name
	if name == "" {
		name = strings.Join(o.buckets, " ")
		name = name[:min(len(name), 200)]
	}
	in := &macie2.CreateClassificationJobInput{
		ClientToken: macie2.Ptr(uuid.NewString()), Name: &name, JobType: macie2.Ptr(macie2.JobTypeOneTime), SamplingPercentage: macie2.Ptr(int32(o.sample)),
		CustomDataIdentifierIds: o.custom, AllowListIds: o.allowLists,
		S3JobDefinition: &macie2.S3JobDefinition{BucketDefinitions: definitions, Scoping: o.scoping()},
	}
	if in.ScheduleFrequency, err = o.frequency(); err != nil {
		return nil, err
	}
	if in.ScheduleFrequency != nil {
		in.JobType, in.InitialRun = macie2.Ptr(macie2.JobTypeScheduled), &o.initialRun
	} else if o.initialRun {
		return nil, refused("--initial-run: it is for jobs with a --schedule")
	}
	switch selector := macie2.ManagedDataIdentifierSelector(strings.ToUpper(o.identifiers)); selector {
	case macie2.ManagedDataIdentifierSelectorAll, macie2.ManagedDataIdentifierSelectorNone, macie2.ManagedDataIdentifierSelectorRecommended:
		in.ManagedDataIdentifierSelector = &selector
	default:
		in.ManagedDataIdentifierSelector = macie2.Ptr(macie2.ManagedDataIdentifierSelectorInclude)
		in.ManagedDataIdentifierIds = strings.Split(o.identifiers, ",")
	}
	return in, nil
}

// definitions are the buckets by their accounts. Without an account a bucket is the caller's own.
func (o *newJob) definitions(ctx context.Context, client *Client) ([]macie2.S3BucketDefinitionForJob, error) {
	own := ""
	var list []macie2.S3BucketDefinitionForJob
	at := map[string]int{}
	for _, b := range o.buckets {
		account, bucket, ok := strings.Cut(b, "/")
		if !ok {
			if own == "" {
				var err error
				if own, err = callersAccount(ctx, client); err != nil {
					return nil, err
				}
			}
			account, bucket = own, b
		}
		i, ok := at[account]
		if !ok {
			i = len(list)
			at[account] = i
			list = append(list, macie2.S3BucketDefinitionForJob{AccountId: &account})
		}
		list[i].Buckets = append(list[i].Buckets, bucket)
	}
	return list, nil
}

// callersAccount asks whose credentials are used: the session's service role names the account.
func callersAccount(ctx context.Context, client *Client) (string, error) {
	var session macie2.GetMacieSessionOutput
	if err := client.Call(ctx, http.MethodGet, "/macie", nil, nil, &session); err != nil {
		return "", err
	}
	parts := strings.Split(macie2.Deref(session.ServiceRole), ":")
	if len(parts) < 5 {
		return "", fmt.Errorf("the endpoint does not say whose the credentials are: name buckets as ACCOUNT/NAME")
	}
	return parts[4], nil
}

func (o *newJob) scoping() *macie2.Scoping {
	var terms []macie2.JobScopeTerm
	add := func(key macie2.ScopeFilterKey, by macie2.JobComparator, values []string) {
		if len(values) > 0 {
			terms = append(terms, macie2.JobScopeTerm{SimpleScopeTerm: &macie2.SimpleScopeTerm{Key: &key, Comparator: &by, Values: values}})
		}
	}
	add(macie2.ScopeFilterKeyObjectKey, macie2.JobComparatorStartsWith, o.prefixes)
	add(macie2.ScopeFilterKeyObjectExtension, macie2.JobComparatorEq, o.extensions)
	if terms == nil {
		return nil
	}
	return &macie2.Scoping{Includes: &macie2.JobScopingBlock{And: terms}}
}

func (o *newJob) frequency() (*macie2.JobScheduleFrequency, error) {
	kind, day, _ := strings.Cut(o.schedule, ":")
	switch {
	case o.schedule == "once":
		return nil, nil
	case o.schedule == "daily":
		return &macie2.JobScheduleFrequency{DailySchedule: &macie2.DailySchedule{}}, nil
	case kind == "weekly":
		if d := macie2.DayOfWeek(strings.ToUpper(day)); d.Valid() {
			return &macie2.JobScheduleFrequency{WeeklySchedule: &macie2.WeeklySchedule{DayOfWeek: &d}}, nil
		}
	case kind == "monthly":
		if n, err := strconv.ParseInt(day, 10, 32); err == nil && n >= 1 && n <= 31 {
			return &macie2.JobScheduleFrequency{MonthlySchedule: &macie2.MonthlySchedule{DayOfMonth: macie2.Ptr(int32(n))}}, nil
		}
	}
	return nil, refused("--schedule: %q is none of once, daily, weekly:MONDAY, monthly:1", o.schedule)
}

// jobProgress is how far a job is, as GET /magpie/v1/jobs/{jobId}/progress answers it.
type jobProgress struct {
	JobStatus       macie2.JobStatus `json:"jobStatus"`
	ExpectedObjects int64            `json:"expectedObjects"`
	SeenObjects     int64            `json:"seenObjects"`
	ResultObjects   int64            `json:"resultObjects"`
	Sensitive       int64            `json:"sensitiveObjects"`
	AnalysedBytes   int64            `json:"analysedBytes"`
	Unanalysed      map[string]int64 `json:"unanalysedObjects"`
	StartedAt       time.Time        `json:"startedAt"`
}

// watchJob shows how far a job is until its run has ended. On a terminal it is one line that changes. A run that could not look at an account
// or a bucket is an error, which says why.
func watchJob(ctx context.Context, w io.Writer, client *Client, id string) error {
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var p jobProgress
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/jobs/"+url.PathEscape(id)+"/progress", nil, nil, &p); err != nil {
			return err
		}
		ended := p.JobStatus != macie2.JobStatusRunning
		line := p.line(time.Since(began))
		switch {
		case isTerminal(w):
			fmt.Fprint(w, "\r\x1b[K"+fit(line, terminalWidth(w)))
			if ended {
				fmt.Fprintln(w)
			}
		case ended:
			fmt.Fprintln(w, line)
		}
		if ended {
			return outOfReach(ctx, client, id, p.StartedAt)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// outOfReach is the error that says which accounts and buckets a run could not look at, or nil. The run's own status is COMPLETE all the same,
// as Macie's is.
func outOfReach(ctx context.Context, client *Client, id string, began time.Time) error {
	var job struct {
		LastRunErrorStatus struct {
			Code macie2.LastRunErrorStatusCode `json:"code"`
		} `json:"lastRunErrorStatus"`
	}
	if err := client.Call(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id), nil, nil, &job); err != nil {
		return err
	}
	if job.LastRunErrorStatus.Code != macie2.LastRunErrorStatusCodeError {
		return nil
	}
	events, err := fetchJobEvents(ctx, client, id)
	if err != nil {
		return err
	}
	var lines []string
	for _, e := range events {
		if e.AffectedAccount == "" || e.OccurredAt.Before(began) || e.EventType == "BUCKET_MATCHED_THE_CRITERIA" {
			continue
		}
		what, detail := e.AffectedAccount, e.Detail
		if e.AffectedResource.Value != "" {
			what += "/" + e.AffectedResource.Value
		}
		if detail == "" {
			detail = e.Description
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", what, e.EventType, detail))
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	const most = 10
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more: magpie jobs events %s", more, id))
	}
	return withCode(ExitPartly, fmt.Errorf("the run could not look at everything\n%s", strings.Join(lines, "\n")))
}

func (p *jobProgress) line(elapsed time.Duration) string {
	objects := strconv.FormatInt(p.SeenObjects, 10)
	bar := ""
	if p.ExpectedObjects > 0 {
		objects += fmt.Sprintf(" of about %d", p.ExpectedObjects)
		if p.JobStatus == macie2.JobStatusRunning {
			const width = 20
			done := int(min(p.SeenObjects, p.ExpectedObjects) * width / p.ExpectedObjects)
			bar = "[" + strings.Repeat("#", done) + strings.Repeat(" ", width-done) + "] "
		}
	}
	line := fmt.Sprintf("%s%s: %s objects, %d with a result, %d with sensitive data, %.1f MB", bar, p.JobStatus, objects, p.ResultObjects, p.Sensitive,
		float64(p.AnalysedBytes)/1e6)
	if s := elapsed.Seconds(); s >= 1 {
		line += fmt.Sprintf(", %.1f MB/s", float64(p.AnalysedBytes)/1e6/s)
	}
	if left := p.ExpectedObjects - p.SeenObjects; left > 0 && p.SeenObjects > 0 && p.JobStatus == macie2.JobStatusRunning {
		line += ", about " + (elapsed * time.Duration(left) / time.Duration(p.SeenObjects)).Round(time.Second).String() + " left"
	}
	if len(p.Unanalysed) > 0 {
		var all int64
		var reasons []string
		for _, reason := range slices.Sorted(maps.Keys(p.Unanalysed)) {
			all += p.Unanalysed[reason]
			reasons = append(reasons, fmt.Sprintf("%s %d", reason, p.Unanalysed[reason]))
		}
		line += fmt.Sprintf("; not read, or not wholly: %d (%s)", all, strings.Join(reasons, ", "))
	}
	return line
}

func jobsWatch() *cobra.Command {
	var target Target
	c := &cobra.Command{
		Use:   "watch JOB-ID",
		Short: "Show how far a job is, until its run has ended",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return watchJob(c.Context(), c.OutOrStdout(), client, args[0])
		},
	}
	target.bind(c)
	return c
}

func jobsList() *cobra.Command {
	var target Target
	var o output
	c := &cobra.Command{
		Use:   "list",
		Short: "List jobs, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c.OutOrStdout()); err != nil {
				return err
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			items := []any{}
			in := map[string]any{"maxResults": 200}
			var pages operation.Pages
			for {
				var page struct {
					Items     []any  `json:"items"`
					NextToken string `json:"nextToken"`
				}
				if err := client.Call(c.Context(), http.MethodPost, "/jobs/list", nil, in, &page); err != nil {
					return err
				}
				items = append(items, page.Items...)
				more, err := pages.Next(page.NextToken, len(page.Items))
				if err != nil {
					return err
				}
				if !more {
					break
				}
				in["nextToken"] = page.NextToken
			}
			return o.write(c.OutOrStdout(), map[string]any{"items": items})
		},
	}
	target.bind(c)
	o.bind(c)
	return c
}

func jobsEvents() *cobra.Command {
	var v view
	c := &cobra.Command{
		Use:   "events JOB-ID",
		Short: "Show what happened to a job and its runs",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				events, err := fetchJobEvents(ctx, client, args[0])
				if err != nil {
					return nil, nil, err
				}
				t := &table.Table{Columns: []string{"time", "event", "account", "bucket", "detail"}}
				for _, e := range events {
					t.Add(e.OccurredAt.Format(time.RFC3339), e.EventType, e.AffectedAccount, e.AffectedResource.Value, cmp.Or(e.Detail, e.Description))
				}
				return map[string]any{"events": events}, t, nil
			})
		},
	}
	v.bind(c, "table", "table", "json")
	return c
}

// jobEvent is one event as GET /magpie/v1/jobs/{jobId}/events answers it.
type jobEvent struct {
	JobID            string    `json:"jobId"`
	JobName          string    `json:"jobName"`
	EventType        string    `json:"eventType"`
	OccurredAt       time.Time `json:"occurredAt"`
	Description      string    `json:"description"`
	Detail           string    `json:"detail,omitempty"`
	Operation        string    `json:"operation,omitempty"`
	AffectedAccount  string    `json:"affectedAccount,omitempty"`
	AffectedResource struct {
		Type  string `json:"type,omitempty"`
		Value string `json:"value,omitempty"`
	} `json:"affectedResource,omitzero"`
}

func fetchJobEvents(ctx context.Context, client *Client, id string) ([]jobEvent, error) {
	events := []jobEvent{}
	var pages operation.Pages
	query := url.Values{}
	for {
		var page struct {
			Events    []jobEvent `json:"events"`
			NextToken string     `json:"nextToken"`
		}
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/jobs/"+url.PathEscape(id)+"/events", query, nil, &page); err != nil {
			return nil, err
		}
		events = append(events, page.Events...)
		if more, err := pages.Next(page.NextToken, len(page.Events)); !more {
			return events, err
		}
		query.Set("nextToken", page.NextToken)
	}
}

func jobsChange(verb, short string, to macie2.JobStatus) *cobra.Command {
	var target Target
	c := &cobra.Command{
		Use:   verb + " JOB-ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return client.Call(c.Context(), http.MethodPatch, "/jobs/"+url.PathEscape(args[0]), nil, map[string]any{"jobStatus": to}, nil)
		},
	}
	target.bind(c)
	return c
}
