package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// name says which job.
type name struct {
	Region  string           `json:"region"`
	Account macie2.AccountID `json:"account"`
	ID      string           `json:"id"`
}

func (n name) arn() string { return resource.Name(n.Account, n.Region, jobType, n.ID) }

// group is what the queue calls the tasks of a run.
func (n name) group(run int64) string { return "job/" + n.ID + "/" + strconv.FormatInt(run, 10) }

// tallies is the scope of the numbers that a run's shards add to.
func (n name) tallies(run int64) string { return n.group(run) }

// The numbers of a run.
const (
	tallyObjects = "objects" // that have a result
	tallyBytes   = "bytes"
	tallySeen    = "seen"  // that were listed
	tallyFound   = "found" // that have sensitive data
	// tallyUnread is followed by a reason: objects that were not analysed, or not wholly.
	tallyUnread = "unread:"
)

// active says what goes on of a job's run.
type active string

const (
	noRun    active = "none"
	planning active = "planning"
	running  active = "running"
)

// job is a row of classification_job.
type job struct {
	name
	kind       macie2.JobType
	status     macie2.JobStatus
	definition definition
	tags       string
	createdAt  int64
	run        int64
	runAt      *int64
	active     active
	shards     int64
	since      int64
	expected   int64
	failed     bool
	pausedAt   *int64
	expiresAt  *int64
	resumes    macie2.JobStatus
	dueAt      *int64
	// quotaOf is the account whose quota paused the job, and quota how many bytes that was; as they were at the latest such pause.
	quotaOf macie2.AccountID
	quota   int64
}

const jobColumns = `region, account_id, id, type, status, definition, tags, created_at, run, run_at, active, shards, since, expected, failed,
	paused_at, expires_at, resumes, due_at, quota_account, quota_bytes`

func (j *job) scan(row interface{ Scan(...any) error }) error {
	var text string
	err := row.Scan(&j.Region, &j.Account, &j.ID, &j.kind, &j.status, &text, &j.tags, &j.createdAt, &j.run, &j.runAt, &j.active, &j.shards,
		&j.since, &j.expected, &j.failed, &j.pausedAt, &j.expiresAt, &j.resumes, &j.dueAt, &j.quotaOf, &j.quota)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &j.definition); err != nil {
		return fmt.Errorf("job %s: stored definition: %w", j.ID, err)
	}
	return nil
}

// find reads a job, or returns store.ErrNotFound.
func find(ctx context.Context, tx *store.Tx, n name) (*job, error) {
	j := &job{}
	err := j.scan(tx.QueryRow(ctx, `select `+jobColumns+` from classification_job where region = $1 and account_id = $2 and id = $3`,
		n.Region, n.Account, n.ID))
	return j, err
}

// save writes what may change of a job, if its status, its run and what goes on of it are still what was read: was.
func (j *job) save(tx *store.Tx, was *job) {
	tx.DeferExpect(1, `update classification_job set status = $4, run = $5, run_at = $6, active = $7, shards = $8, since = $9, expected = $10,
			failed = $11, paused_at = $12, expires_at = $13, resumes = $14, due_at = $15, quota_account = $16, quota_bytes = $17
		where region = $1 and account_id = $2 and id = $3 and status = $18 and run = $19 and active = $20 and shards = $21`,
		j.Region, j.Account, j.ID, string(j.status), j.run, j.runAt, string(j.active), j.shards, j.since, j.expected, j.failed,
		j.pausedAt, j.expiresAt, string(j.resumes), j.dueAt, string(j.quotaOf), j.quota, string(was.status), was.run, string(was.active), was.shards)
}

// pauseLasts is how long a job that was paused while it ran can be resumed.
const pauseLasts = 30 * 24 * time.Hour

// known is the job as the inventory knows it.
func (j *job) known() inventory.Job {
	return inventory.Job{Region: j.Region, Creator: j.Account, ID: j.ID, Explicit: j.definition.S3JobDefinition.BucketCriteria == nil,
		Recurring: j.kind == macie2.JobTypeScheduled}
}

// namedBuckets are the buckets that a job's definition names.
func namedBuckets(j *job) (named []inventory.BucketName) {
	for _, x := range j.definition.S3JobDefinition.BucketDefinitions {
		for _, bucket := range x.Buckets {
			named = append(named, inventory.BucketName{Region: j.Region, Account: macie2.AccountID(*x.AccountId), Name: bucket})
		}
	}
	return named
}

// begin starts a run: its plan is a task of this transaction.
func (s *Service) begin(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	was := *j
	j.status, j.active, j.run, j.shards, j.failed = macie2.JobStatusRunning, planning, j.run+1, 0, false
	j.expected = 0
	j.since = was.nextSince()
	j.runAt = macie2.Ptr(now.UnixMilli())
	j.save(tx, &was)
	event := eventScheduledRun
	if j.kind == macie2.JobTypeOneTime {
		event = eventOneTimeStarted
	}
	j.event(tx, now, event, eventDetail{})
	return s.queue.Enqueue(ctx, tx, queue.New{Kind: planKind, Key: j.group(j.run), Payload: planState{name: j.name, Run: j.run},
		Tenant: string(j.Account), Group: j.group(j.run)})
}

// nextSince is from when on objects have to have changed for the next run to look at them.
func (j *job) nextSince() int64 {
	switch {
	case j.runAt != nil:
		return *j.runAt
	case j.kind == macie2.JobTypeScheduled && !macie2.Deref(j.definition.InitialRun):
		return j.createdAt
	}
	return 0
}

// end completes the active run.
func (s *Service) end(tx *store.Tx, j *job, now time.Time) {
	was := *j
	j.active, j.shards = noRun, 0
	if j.kind == macie2.JobTypeOneTime {
		j.status = macie2.JobStatusComplete
		j.event(tx, now, eventCompleted, eventDetail{})
	} else {
		j.status = macie2.JobStatusIdle
		j.event(tx, now, eventRunCompleted, eventDetail{})
	}
	j.save(tx, &was)
}

// schedule sets when the job is due next, and enqueues the task that begins the run.
func (s *Service) schedule(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	at := clockOf(time.UnixMilli(j.createdAt))
	if s.runsAt != nil {
		at = clockOf(time.Time{}.Add(*s.runsAt))
	}
	next := due(j.definition.ScheduleFrequency, at, now)
	j.dueAt = macie2.Ptr(next.UnixMilli())
	return s.queue.Enqueue(ctx, tx, j.wakeAt(wakeDue, next))
}

// wakeKind is the kind of tasks that wait for a moment in a job's life.
const wakeKind = "discovery.wake"

// What a job is woken for.
const (
	wakeDue    = "due"    // its next run
	wakeLift   = "lift"   // the quota of a new month
	wakeExpire = "expire" // the end of a pause
)

// awaited is the payload of such a task. It is in vain when the job does not wait for just this moment any more.
type awaited struct {
	name
	For string `json:"for"`
	At  int64  `json:"at"` // milliseconds since 1970
}

func (j *job) wakeAt(what string, at time.Time) queue.New {
	p := awaited{j.name, what, at.UnixMilli()}
	return queue.New{Kind: wakeKind, Key: fmt.Sprintf("%s/%s/%d", j.ID, what, p.At), Payload: p, RunAt: at}
}

func (s *Service) wake(ctx context.Context, tx *store.Tx, tasks []queue.Task) error {
	for _, t := range tasks {
		var p awaited
		if err := t.Decode(&p); err != nil {
			return err
		}
		j, err := find(ctx, tx, p.name)
		if none(err) != err {
			continue
		}
		if err == nil {
			err = s.woken(ctx, tx, j, p)
		}
		if err != nil {
			return p.wrap(err)
		}
	}
	return nil
}

func (s *Service) woken(ctx context.Context, tx *store.Tx, j *job, p awaited) error {
	now := time.UnixMilli(p.At).UTC()
	switch {
	case p.For == wakeDue && j.dueAt != nil && *j.dueAt == p.At:
		return s.isDue(ctx, tx, j, now)
	case p.For == wakeLift && j.status == macie2.JobStatusPaused:
		return s.lift(ctx, tx, j, now)
	case p.For == wakeExpire && j.status == macie2.JobStatusUserPaused && j.expiresAt != nil && *j.expiresAt == p.At:
		return s.expire(ctx, tx, j, now)
	}
	return nil
}

// isDue begins a scheduled run, unless another one is under way or the job is paused, and looks forward to the next.
func (s *Service) isDue(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	was := *j
	if j.status == macie2.JobStatusCancelled {
		return nil
	}
	if err := s.schedule(ctx, tx, j, now); err != nil {
		return err
	}
	switch j.status {
	case macie2.JobStatusIdle:
		j.save(tx, &was)
		return s.begin(ctx, tx, j, now)
	case macie2.JobStatusPaused: // its quota may have been raised
		j.save(tx, &was)
		return s.lift(ctx, tx, j, now)
	}
	j.save(tx, &was)
	return nil
}

// lift goes on with a run that the quota stopped. It is stopped again if there is still none left.
func (s *Service) lift(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	was := *j
	j.status = macie2.JobStatusRunning
	j.save(tx, &was)
	j.event(tx, now, eventQuotaLifted, eventDetail{})
	return s.queue.ResumeGroup(ctx, tx, j.group(j.run))
}

// expire ends what a pause of 30 days was too long for: the job where it runs once, else the run.
func (s *Service) expire(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	if j.kind == macie2.JobTypeOneTime {
		return s.cancel(ctx, tx, j, now)
	}
	was := *j
	j.resumes, j.expiresAt, j.active, j.shards = macie2.JobStatusIdle, nil, noRun, 0
	j.save(tx, &was)
	return s.queue.CancelGroup(ctx, tx, j.group(j.run))
}

// cancel ends a job for good.
func (s *Service) cancel(ctx context.Context, tx *store.Tx, j *job, now time.Time) error {
	was := *j
	j.status, j.active, j.shards = macie2.JobStatusCancelled, noRun, 0
	j.pausedAt, j.expiresAt, j.dueAt = nil, nil, nil
	j.save(tx, &was)
	j.event(tx, now, eventCancelled, eventDetail{})
	inventory.JobCancelled(tx, j.Region, j.Account, j.ID)
	if was.active == noRun {
		return nil
	}
	return s.queue.CancelGroup(ctx, tx, j.group(j.run))
}

// SessionHooks cancel the jobs of an account whose session in a Region is paused or ends, and delete them when it has ended.
func (s *Service) SessionHooks() session.Hooks {
	return session.Hooks{OnPause: s.cancelAll, OnDisable: s.cancelAll, Sweep: sweep}
}

func (s *Service) cancelAll(ctx context.Context, tx *store.Tx, c session.Change) error {
	jobs, err := s.jobsOf(ctx, tx, c.Region, c.Account)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.status != macie2.JobStatusCancelled && j.status != macie2.JobStatusComplete {
			if err := s.cancel(ctx, tx, j, c.At); err != nil {
				return err
			}
		}
	}
	return nil
}

func sweep(ctx context.Context, tx *store.Tx, e session.Ended, limit int) (more bool, err error) {
	for table, key := range map[string]string{"classification_job": "id", "job_event": "job_id, id"} {
		n, err := tx.Exec(ctx, `delete from `+table+` where region = $1 and account_id = $2 and (`+key+`) in
			(select `+key+` from `+table+` where region = $1 and account_id = $2 limit $3)`, e.Region, e.Account, limit)
		if err != nil {
			return false, err
		}
		more = more || n == int64(limit)
	}
	return more, nil
}

// jobsOf reads all jobs of an account in a Region.
func (s *Service) jobsOf(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) ([]*job, error) {
	var jobs []*job
	err := tx.Query(ctx, func(r store.Row) error {
		j := &job{}
		jobs = append(jobs, j)
		return j.scan(r)
	}, `select `+jobColumns+` from classification_job where region = $1 and account_id = $2 order by created_at, id`, region, account)
	return jobs, err
}
