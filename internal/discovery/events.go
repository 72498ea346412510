package discovery

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	"magpie/internal/macie2"
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

	eventAccountDisassociated = "ACCOUNT_DISASSOCIATED"
	eventBucketDenied         = "BUCKET_ACCESS_DENIED"
	eventBucketUnavailable    = "BUCKET_DETAILS_UNAVAILABLE"
	eventBucketMissing        = "BUCKET_DOES_NOT_EXIST"
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
	eventQuotaMet:             "The job was paused: the account has analysed as much in this month as its quota allows.",
	eventQuotaLifted:          "The job was resumed: the account's quota allows more again.",
	eventCancelled:            "The job was cancelled.",
	eventCompleted:            "The job finished.",
	eventAccountDisassociated: "The account is not a member account of the job's account any more.",
	eventBucketDenied:         "The bucket's store did not permit reading the bucket.",
	eventBucketUnavailable:    "The bucket could not be read.",
	eventBucketMissing:        "The bucket does not exist.",
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

// event records what happened to a job, in the transaction that it happens in. Of the same event of one bucket in one run there
// is one.
func (j *job) event(tx *store.Tx, at time.Time, kind string, d eventDetail) {
	var random [3]byte
	rand.Read(random[:]) // never fails
	id := fmt.Sprintf("%013d%010d%s", at.UnixMilli(), sequence.Add(1), hex.EncodeToString(random[:]))
	if d.bucket != "" {
		id = fmt.Sprintf("%013d%s", macie2.Deref(j.runAt), kind+"/"+string(d.owner)+"/"+d.bucket)
	}
	tx.DeferInsert(`insert into job_event (region, account_id, job_id, id, at, type, run_at, operation, owner_id, resource, detail)`,
		[][]any{{j.Region, string(j.Account), j.ID, id, at.UnixMilli(), kind, j.runAt, d.operation, string(d.owner), d.bucket, d.detail}},
		`on conflict (region, account_id, job_id, id) do nothing`)
}
