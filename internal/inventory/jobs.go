package inventory

import (
	"context"
	"slices"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Job is a job as the inventory knows it: who created it, and in what way it comes to its buckets.
type Job struct {
	Region    string
	Creator   macie2.AccountID
	ID        string
	Explicit  bool // its definition names its buckets; otherwise it finds them by criteria
	Recurring bool
}

// JobDefined records that a job was created whose definition names buckets.
func JobDefined(tx *store.Tx, j Job, buckets []BucketName) { j.about(tx, buckets, nil) }

// JobRan records that a run of a job takes buckets in. at is when it began, in milliseconds.
func JobRan(tx *store.Tx, j Job, buckets []BucketName, at int64) { j.about(tx, buckets, &at) }

func (j Job) about(tx *store.Tx, buckets []BucketName, at *int64) {
	var rows [][]any
	seen := map[BucketName]bool{}
	for _, b := range buckets {
		if !seen[b] {
			rows = append(rows, []any{j.Region, string(j.Creator), string(b.Account), b.Name, j.ID, j.Explicit, j.Recurring, true, at})
		}
		seen[b] = true
	}
	tx.DeferInsert(`insert into bucket_job (region, creator_id, account_id, name, job_id, explicit, recurring, live, run_at)`, rows,
		`on conflict (region, creator_id, account_id, name, job_id) do update set run_at = excluded.run_at`)
}

// JobCancelled records that a job does nothing any more.
func JobCancelled(tx *store.Tx, region string, creator macie2.AccountID, id string) {
	tx.Defer(`update bucket_job set live = false where region = $1 and creator_id = $2 and job_id = $3`, region, string(creator), id)
}

// The conditions on rows j of bucket_job that say that a bucket is defined in a job, and that one monitors it.
const (
	definedCondition   = `(j.explicit and j.live or not j.explicit)`
	monitoredCondition = `(j.recurring and j.live)`
)

// jobColumns are the columns of bucket that say what an account's jobs do with a bucket, worked out for that account. They cost some looks
// into an index for each bucket, so only statements that select by them have them.
func (b *statement) jobColumns(viewer macie2.AccountID) map[string]string {
	jobs := ` from bucket_job j where j.region = bucket.region and j.creator_id = ` + b.arg(string(viewer)) +
		` and j.account_id = bucket.account_id and j.name = bucket.name`
	is := func(condition string) string {
		return `case when exists (select 1` + jobs + ` and ` + condition + `) then 'TRUE' else 'FALSE' end`
	}
	return map[string]string{
		"defined_in_job": is(definedCondition), "monitored_by_job": is(monitoredCondition),
		"last_job_id":     `(select j.job_id` + jobs + ` and j.run_at is not null order by j.run_at desc, j.job_id desc limit 1)`,
		"last_job_run_at": `(select max(j.run_at)` + jobs + `)`,
	}
}

// addJobs says of buckets what the jobs of an account do with them: it is told of its own jobs only, as in Macie.
func addJobs(ctx context.Context, tx *store.Tx, region string, viewer macie2.AccountID, rows []described) error {
	at := make(map[BucketName]*record, len(rows))
	accounts, names := store.List{}, store.List{}
	for _, x := range rows {
		x.DefinedInJob, x.MonitoredByJob = string(macie2.IsDefinedInJobFalse), string(macie2.IsMonitoredByJobFalse)
		x.LastJobID, x.LastJobRunAt = nil, nil
		at[BucketName{region, x.Account, x.Name}] = x.record
		accounts, names = append(accounts, string(x.Account)), append(names, x.Name)
	}
	slices.Sort(accounts)
	return tx.Query(ctx, func(row store.Row) error {
		name := BucketName{Region: region}
		var id string
		var defined, monitored int64
		var runAt *int64
		if err := row.Scan(&name.Account, &name.Name, &id, &defined, &monitored, &runAt); err != nil {
			return err
		}
		r := at[name]
		if r == nil {
			return nil // another account's of the same name
		}
		if defined > 0 {
			r.DefinedInJob = string(macie2.IsDefinedInJobTrue)
		}
		if monitored > 0 {
			r.MonitoredByJob = string(macie2.IsMonitoredByJobTrue)
		}
		if runAt != nil {
			r.LastJobID, r.LastJobRunAt = &id, runAt // the last one comes last
		}
		return nil
	}, `select j.account_id, j.name, j.job_id, case when `+definedCondition+` then 1 else 0 end, case when `+monitoredCondition+` then 1 else 0 end, j.run_at
		from bucket_job j where j.region = $1 and j.creator_id = $2 and `+tx.Any("j.account_id", 3)+` and `+tx.Any("j.name", 4)+`
		order by j.run_at, j.job_id`, region, viewer, slices.Compact(accounts), names)
}
