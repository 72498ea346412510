package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"magpie/internal/analyse"
	"magpie/internal/finding"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/reading"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Options are the parts and settings of a Service. DB, Queue, Pages, Inventory, Findings and Pool are required.
type Options struct {
	DB        *store.DB
	Queue     *queue.Queue
	Pages     *pagetoken.Issuer
	Inventory *inventory.Service
	Findings  *finding.Service
	Pool      *analyse.Pool
	Logger    *slog.Logger // nil: slog.Default()
	// Members lists the accounts that are members of an administrator in a Region. nil: there are none.
	Members func(ctx context.Context, tx *store.Tx, region string, administrator macie2.AccountID) ([]macie2.AccountID, error)
	// Oversees tells whether an account is one of them. nil: their list is looked through.
	Oversees func(ctx context.Context, tx *store.Tx, region string, administrator, member macie2.AccountID) (bool, error)
	// Directory knows which accounts take part. nil: all do.
	Directory Directory
	// Now is the clock of the background work; operations carry their own time. nil: time.Now.
	Now func() time.Time
	// ScheduledRuns is the time of day of scheduled runs, in UTC, after midnight. nil: that of the job's creation.
	ScheduledRuns *time.Duration
	// QuotaBytes is how many bytes jobs may analyse of an account's buckets in a calendar month. 0: Macie's quota, 5 TB.
	QuotaBytes int64
	// Memory is how many bytes of objects this process holds at most while it reads them. 0: 256 MiB.
	Memory int64
	// Shards is how many shards this process works on at once. 0: 4; below zero: none.
	Shards int
	// Backoff is the wait after a shard's attempt that so many failed ones came before. nil: queue.Long's.
	Backoff func(attempt int) time.Duration
}

// Service implements the operations on jobs, and works through them as the queue runs.
type Service struct {
	db         *store.DB
	background *store.DB
	queue      *queue.Queue
	pages      *pagetoken.Issuer
	inventory  *inventory.Service
	findings   *finding.Service
	pool       *analyse.Pool
	log        *slog.Logger
	members    func(context.Context, *store.Tx, string, macie2.AccountID) ([]macie2.AccountID, error)
	oversees   func(ctx context.Context, tx *store.Tx, region string, administrator, member macie2.AccountID) (bool, error)
	directory  Directory
	now        func() time.Time
	lookEvery  time.Duration // between two looks of a shard whether its bucket's account may still be looked at
	// commitAfter is how long what came of objects waits at most to be committed.
	commitAfter time.Duration
	attempts    func(queue.Task) int // that came to nothing since the task's last progress
	runsAt      *time.Duration
	quota       int64
	turns       *objectstore.Turns
	memory      *semaphore.Weighted
	most        int64                                                                      // of memory
	automated   func(context.Context, *store.Tx, string, macie2.AccountID) (Wanted, error) // see OnAutomated; may be nil

	mu       sync.Mutex
	searches map[string]*analyse.Search
}

// New returns a Service, and registers its kinds of tasks with the queue.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Members == nil {
		o.Members = func(context.Context, *store.Tx, string, macie2.AccountID) ([]macie2.AccountID, error) {
			return nil, nil
		}
	}
	if o.QuotaBytes <= 0 {
		o.QuotaBytes = 5e12
	}
	if o.Memory <= 0 {
		o.Memory = 256 << 20
	}
	o.Memory = max(o.Memory, reading.LeastMemory)
	s := &Service{
		db: o.DB, background: o.DB.Background(), queue: o.Queue, pages: o.Pages, inventory: o.Inventory, findings: o.Findings, pool: o.Pool, log: o.Logger,
		members: o.Members, directory: o.Directory, lookEvery: 2 * time.Second, commitAfter: commitAfter, runsAt: o.ScheduledRuns, quota: o.QuotaBytes,
		turns: objectstore.NewTurns(), memory: semaphore.NewWeighted(o.Memory), most: o.Memory,
		searches: map[string]*analyse.Search{}, attempts: func(t queue.Task) int { return t.Attempt },
	}
	if s.now = o.Now; s.now == nil {
		s.now = time.Now
	}
	if s.oversees = o.Oversees; s.oversees == nil {
		s.oversees = s.overseenAmong
	}
	o.Queue.Long(queue.Long{Kind: planKind, Do: s.plan, Finish: s.planned, Slots: o.Shards, PerTenant: 2, Timeout: time.Hour, Stall: 10 * time.Minute})
	o.Queue.Long(queue.Long{Kind: shardKind, Do: s.shard, Finish: s.shardEnded, Slots: o.Shards, Stall: 11 * time.Hour, Backoff: o.Backoff})
	o.Queue.Transactional(queue.Transactional{Kind: wakeKind, Handle: s.wake, Batch: 1})
	return s
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindCreateClassificationJob(s.CreateClassificationJob)
	r.BindDescribeClassificationJob(s.DescribeClassificationJob)
	r.BindListClassificationJobs(s.ListClassificationJobs)
	r.BindUpdateClassificationJob(s.UpdateClassificationJob)
}

func lane(region string, account macie2.AccountID) string { return finding.Lane(region, account) }

// requireSession says that Macie is not enabled where the caller has no session. On operations of jobs the sentence has a full
// stop, which clients match.
func requireSession(ctx context.Context, tx *store.Tx, call *macie2.Call) error {
	_, err := session.Require(ctx, tx, call)
	return withStop(err)
}

// holdSession is requireSession for a transaction that writes.
func holdSession(ctx context.Context, tx *store.Tx, call *macie2.Call) error {
	_, err := session.Hold(ctx, tx, call)
	return withStop(err)
}

func withStop(err error) error {
	var refused *macie2.Error
	if errors.As(err, &refused) && refused.Code == macie2.AccessDeniedException {
		return macie2.ErrAccessDenied("%s.", refused.Message)
	}
	return err
}

func (s *Service) tx(ctx context.Context, call *macie2.Call, fn func(*store.Tx) error) error {
	return resource.WordRace(s.db.Tx(ctx, lane(call.Region, call.Account), func(tx *store.Tx) error {
		if err := holdSession(ctx, tx, call); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		call.RecordChange(tx)
		return nil
	}))
}

func (s *Service) view(ctx context.Context, call *macie2.Call, fn func(*store.Tx) error) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		if err := requireSession(ctx, tx, call); err != nil {
			return err
		}
		return fn(tx)
	})
}

// jobType is what ARNs call a job.
const jobType = "classification-job"

// TagKinds are the resources of this package that have tags.
func (s *Service) TagKinds() map[string]resource.Kind {
	return map[string]resource.Kind{jobType: {
		Tags: func(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (tags string, err error) {
			if err := requireSession(ctx, tx, call); err != nil {
				return "", err
			}
			err = tx.QueryRow(ctx, `select tags from classification_job where region = $1 and account_id = $2 and id = $3`,
				call.Region, call.Account, id).Scan(&tags)
			return tags, err
		},
		SetTags: func(_ context.Context, tx *store.Tx, call *macie2.Call, id, was, tags string) error {
			tx.DeferExpect(1, `update classification_job set tags = $4 where region = $1 and account_id = $2 and id = $3 and tags = $5`,
				call.Region, call.Account, id, tags, was)
			return nil
		},
	}}
}

// none turns the absence of a row into the client's error.
func none(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		return resource.ErrNone
	}
	return err
}

// wrap puts the job's name before an error.
func (n name) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("job %s: %w", n.ID, err)
}
