package discovery

import (
	"context"
	"strings"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Progress is how far the latest run of a job has come.
type Progress struct {
	JobID     string           `json:"jobId"`
	JobStatus macie2.JobStatus `json:"jobStatus"`
	Run       int64            `json:"run"`
	Expected  int64            `json:"expectedObjects"`  // in the buckets, as they were counted last; 0: not known
	Seen      int64            `json:"seenObjects"`      // that were listed, those outside the scope included
	Results   int64            `json:"resultObjects"`    // that have a result
	Sensitive int64            `json:"sensitiveObjects"` // of those: with sensitive data
	Bytes     int64            `json:"analysedBytes"`
	// Unread are the objects with a result that were not analysed, or not wholly, by reason.
	Unread    map[string]int64  `json:"unanalysedObjects"`
	StartedAt *macie2.Timestamp `json:"startedAt,omitempty"`
}

// Progress tells how far the latest run of one of the caller's jobs has come.
func (s *Service) Progress(ctx context.Context, call *macie2.Call, id string) (*Progress, error) {
	n := name{call.Region, call.Account, id}
	var p *Progress
	err := s.view(ctx, call, func(tx *store.Tx) error {
		j, err := find(ctx, tx, n)
		if err != nil {
			return none(err)
		}
		done, err := tx.Tallies(ctx, n.tallies(j.run))
		p = &Progress{JobID: j.ID, JobStatus: j.status, Run: j.run, Expected: j.expected, Seen: done[tallySeen], Results: done[tallyObjects],
			Sensitive: done[tallyFound], Bytes: done[tallyBytes], Unread: map[string]int64{}}
		for name, n := range done {
			if reason, ok := strings.CutPrefix(name, tallyUnread); ok {
				p.Unread[reason] = n
			}
		}
		if j.runAt != nil {
			p.StartedAt = macie2.TimestampMillis(*j.runAt)
		}
		return err
	})
	return p, err
}

// Running counts the account's jobs that are running, by Region.
func (s *Service) Running(ctx context.Context, account macie2.AccountID) (map[string]int64, error) {
	running := map[string]int64{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		clear(running)
		return tx.Query(ctx, func(row store.Row) error {
			var region string
			var n int64
			err := row.Scan(&region, &n)
			running[region] = n
			return err
		}, `select region, count(*) from classification_job where account_id = $1 and status = 'RUNNING' group by region`, account)
	})
	return running, err
}
