package discovery

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/store"
)

// The events of a job, named as in Macie's log.
const (
	eventCreated         = "JOB_CREATED"
	eventOneTimeStarted  = "ONE_TIME_JOB_STARTED"
	eventScheduledRun    = "SCHEDULED_RUN_STARTED"
	eventBucketMatched   = "BUCKET_MATCHED_THE_CRITERIA"
	eventNoBucketMatched = "NO_BUCKETS_MATCHED_THE_CRITERIA"
	eventRunCompleted    = "SCHEDULED_RUN_COMPLETED"
	eventPaused          = "JOB_PAUSED_BY_USER"
	eventResumed         = "JOB_RESUMED_BY_USER"
	eventQuotaMet        = "JOB_PAUSED_BY_MACIE_SERVICE_QUOTA_MET"
	eventQuotaLifted     = "JOB_RESUMED_BY_MACIE_SERVICE_QUOTA_LIFTED"
	eventCancelled       = "JOB_CANCELLED"
	eventCompleted       = "JOB_COMPLETED"

	eventAccountDenied        = "ACCOUNT_ACCESS_DENIED"
	eventAccountDisabled      = "ACCOUNT_DISABLED"
	eventAccountDisassociated = "ACCOUNT_DISASSOCIATED"
	eventAccountIsolated      = "ACCOUNT_ISOLATED"
	eventAccountRegion        = "ACCOUNT_REGION_DISABLED"
	eventAccountSuspended     = "ACCOUNT_SUSPENDED"
	eventAccountTerminated    = "ACCOUNT_TERMINATED"

	eventBucketDenied      = "BUCKET_ACCESS_DENIED"
	eventBucketUnavailable = "BUCKET_DETAILS_UNAVAILABLE"
	eventBucketMissing     = "BUCKET_DOES_NOT_EXIST"
	eventBucketRegion      = "BUCKET_IN_DIFFERENT_REGION"
	eventBucketOwner       = "BUCKET_OWNER_CHANGED"
)

// descriptions are what events say to people.
var descriptions = map[string]string{
	eventCreated:              "The job was created.",
	eventOneTimeStarted:       "The job started running.",
	eventScheduledRun:         "A scheduled run of the job started.",
	eventBucketMatched:        "The bucket matched the bucket criteria of the job.",
	eventNoBucketMatched:      "No bucket matches the bucket criteria of the job.",
	eventRunCompleted:         "The scheduled run of the job finished.",
	eventPaused:               "The job was paused by a user.",
	eventResumed:              "The job was resumed by a user.",
	eventQuotaMet:             "The job was paused: as much of the account's data was analysed in this month as its quota allows.",
	eventQuotaLifted:          "The job was resumed: the account's quota allows more again.",
	eventCancelled:            "The job was cancelled.",
	eventCompleted:            "The job finished.",
	eventAccountDenied:        "The account's store did not accept the credentials that it is read with.",
	eventAccountDisabled:      "Macie is not enabled for the account.",
	eventAccountDisassociated: "The account is not a member account of the job's account any more.",
	eventAccountIsolated:      "The account is suspended.",
	eventAccountRegion:        "The Region is disabled for the account.",
	eventAccountSuspended:     "Macie is suspended for the account.",
	eventAccountTerminated:    "The account is closed.",
	eventBucketDenied:         "The bucket's store did not permit reading the bucket.",
	eventBucketUnavailable:    "The bucket could not be read.",
	eventBucketMissing:        "The bucket does not exist.",
	eventBucketRegion:         "The bucket is in another Region.",
	eventBucketOwner:          "The bucket belongs to somebody else than before.",
}

// eventDetail is what some events have beside their type.
type eventDetail struct {
	operation string // the call to the store that failed
	owner     macie2.AccountID
	bucket    string
	detail    string
}

// sequence orders the events of this process within a millisecond.
var sequence atomic.Uint32

// event records what happened to a job, in the transaction that it happens in. Of the same event of one bucket, or
// account, in one run there is one, but for pauses by a quota.
func (j *job) event(tx *store.Tx, at time.Time, kind string, d eventDetail) {
	var random [3]byte
	rand.Read(random[:]) // never fails
	id := fmt.Sprintf("%013d%010d%s", at.UnixMilli(), sequence.Add(1), hex.EncodeToString(random[:]))
	if d.owner != "" && kind != eventQuotaMet {
		id = fmt.Sprintf("%013d%s", macie2.Deref(j.runAt), kind+"/"+string(d.owner)+"/"+d.bucket)
	}
	tx.DeferInsert(`insert into job_event (region, account_id, job_id, id, at, type, run_at, operation, owner_id, resource, detail)`,
		[][]any{{j.Region, j.Account, j.ID, id, at.UnixMilli(), kind, j.runAt, d.operation, d.owner, d.bucket, d.detail}},
		`on conflict (region, account_id, job_id, id) do nothing`)
}

// Event is what happened to a job, shaped as in Macie's log of jobs.
type Event struct {
	AdminAccountID   string            `json:"adminAccountId"`
	JobID            string            `json:"jobId"`
	JobName          string            `json:"jobName"`
	EventType        string            `json:"eventType"`
	OccurredAt       macie2.Timestamp  `json:"occurredAt"`
	Description      string            `json:"description"`
	Detail           string            `json:"detail,omitempty"` // what the store said
	Operation        string            `json:"operation,omitempty"`
	RunDate          *macie2.Timestamp `json:"runDate,omitempty"`
	AffectedAccount  string            `json:"affectedAccount,omitempty"`
	AffectedResource *AffectedResource `json:"affectedResource,omitempty"`
}

// AffectedResource is the bucket that an event is about.
type AffectedResource struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// EventPage is a page of a job's events, in the order in which they happened.
type EventPage struct {
	Events    []Event `json:"events"`
	NextToken string  `json:"nextToken,omitempty"`
}

// maxEvents is how many events a page has.
const maxEvents = 100

// Events lists what happened to one of the caller's jobs. token is that of the page before, or empty.
func (s *Service) Events(ctx context.Context, call *macie2.Call, id, token string) (*EventPage, error) {
	n := name{call.Region, call.Account, id}
	asked := &token
	if token == "" {
		asked = nil
	}
	page, err := s.pages.Page(pagetoken.Of(call, "JobEvents", id), asked, 1, maxEvents)
	if err != nil {
		return nil, macie2.ErrValidation("nextToken: it was not issued for this account, Region and job")
	}
	type row struct {
		id    string
		event Event
	}
	var rows []row
	err = s.view(ctx, call, func(tx *store.Tx) error {
		rows = nil
		j, err := find(ctx, tx, n)
		if err != nil {
			return none(err)
		}
		return tx.Query(ctx, func(r store.Row) (err error) {
			var x row
			x.event, err = j.readEvent(r, &x.id)
			rows = append(rows, x)
			return err
		}, `select id, at, type, run_at, operation, owner_id, resource, detail from job_event
			where region = $1 and account_id = $2 and job_id = $3 and id > $4 order by id limit $5`,
			n.Region, n.Account, n.ID, page.Key(0), page.Limit())
	})
	if err != nil {
		return nil, err
	}
	rows, next := pagetoken.Cut(page, rows, func(x row) []string { return []string{x.id} })
	out := &EventPage{Events: make([]Event, len(rows)), NextToken: macie2.Deref(next)}
	for i, x := range rows {
		out.Events[i] = x.event
	}
	return out, nil
}

func (j *job) readEvent(r store.Row, id *string) (Event, error) {
	e := Event{AdminAccountID: string(j.Account), JobID: j.ID, JobName: macie2.Deref(j.definition.Name)}
	var at int64
	var runAt *int64
	var bucket string
	err := r.Scan(id, &at, &e.EventType, &runAt, &e.Operation, &e.AffectedAccount, &bucket, &e.Detail)
	e.OccurredAt, e.Description = *macie2.TimestampMillis(at), descriptions[e.EventType]
	if runAt != nil {
		e.RunDate = macie2.TimestampMillis(*runAt)
	}
	if bucket != "" {
		e.AffectedResource = &AffectedResource{"S3_BUCKET_NAME", bucket}
	}
	return e, err
}
