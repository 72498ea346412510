package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

const (
	planKind = "discovery.plan"
	// So many buckets are planned in one transaction.
	planPage = 200
	// A bucket that is named and not known is waited for so long, while its account's stores are looked at, and so are stores that nobody has
	// looked at yet, for buckets by criteria. awaitAgain is between two times that the plan asks.
	awaitBucket = 2 * time.Minute
	awaitAgain  = time.Second
)

// planState is how far the planning of a run has come: the payload of its task.
type planState struct {
	name
	Run int64 `json:"run"`
	// Account and Bucket are the last ones that were planned.
	After macie2.AccountID `json:"after,omitempty"`
	Then  string           `json:"then,omitempty"`
	Found int64            `json:"found,omitempty"` // buckets
}

// plan makes shards of the buckets in the scope of a run, some at a time.
func (s *Service) plan(ctx context.Context, h *queue.Held) queue.Outcome {
	var p planState
	if err := h.Task().Decode(&p); err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	if n := s.attempts(h.Task()); n >= shardDeaths {
		return queue.Outcome{Status: queue.Refused, Detail: fmt.Sprintf("%d attempts ended before anything of it was done", n)}
	}
	for {
		more, err := s.planSome(ctx, h, &p)
		switch {
		case errors.Is(err, errOver):
			return queue.Outcome{Status: queue.Done, Detail: "the run has ended"}
		case errors.Is(err, errAwaited):
			return queue.Outcome{Detail: err.Error(), RetryAt: s.now().Add(awaitAgain)}
		case err != nil:
			return queue.Outcome{Detail: p.wrap(err).Error()}
		case !more:
			return queue.Outcome{Status: queue.Done}
		}
	}
}

// errOver says that a task's run is not its job's active one any more.
var errOver = errors.New("the run has ended")

// errAwaited says that a look at a store is still to end which may show a bucket that the run is about.
var errAwaited = errors.New("a store of the account is being looked at")

// runOf reads a job of which the run is active, or returns errOver.
func runOf(ctx context.Context, tx *store.Tx, n name, run int64) (*job, error) {
	j, err := find(ctx, tx, n)
	if errors.Is(err, store.ErrNotFound) || err == nil && (j.run != run || j.active == noRun) {
		return nil, errOver
	}
	return j, err
}

// choice is what the next part of a plan comes to.
type choice struct {
	buckets []inventory.Summary
	last    *inventory.Summary // the one to go on from; nil where there are no more
	events  []happened
	failed  bool // an account or a bucket is out of reach
	// unknown are the accounts of which buckets are named that nobody has seen. Their stores may have got them since they were looked at.
	unknown []macie2.AccountID
	// unseen says that an account in the scope has a store that nobody has looked at yet.
	unseen bool
}

type happened struct {
	kind   string
	detail eventDetail
}

// planSome plans the next buckets, and reports whether there may be more.
func (s *Service) planSome(ctx context.Context, h *queue.Held, p *planState) (more bool, err error) {
	var j *job
	var c choice
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if j, err = runOf(ctx, tx, p.name, p.Run); err == nil {
			c, err = s.choose(ctx, tx, j, p)
		}
		return err
	})
	if err != nil {
		return false, err
	}
	if begun := time.UnixMilli(macie2.Deref(j.runAt)); s.now().Sub(begun) < awaitBucket {
		if c.unseen {
			return false, errAwaited
		}
		for _, owner := range c.unknown {
			if expecting, err := s.inventory.Expecting(ctx, j.Region, owner, begun); err != nil {
				return false, err
			} else if expecting {
				return false, errAwaited
			}
		}
	}
	shards, objects, err := s.shards(ctx, j, c.buckets)
	if err != nil {
		return false, err
	}
	next := *p
	if c.last != nil {
		next.After, next.Then = c.last.Account, c.last.Name
	}
	next.Found += int64(len(c.buckets))
	err = s.db.Tx(ctx, lane(p.Region, p.Account), func(tx *store.Tx) error {
		if err := h.Progress(ctx, tx, next); err != nil {
			return err
		}
		j, err := runOf(ctx, tx, p.name, p.Run)
		if err != nil {
			return err
		}
		for _, e := range c.events {
			j.event(tx, time.UnixMilli(macie2.Deref(j.runAt)), e.kind, e.detail)
		}
		if c.failed {
			s.failed(tx, j)
		}
		taken := make([]inventory.BucketName, len(c.buckets))
		for i, b := range c.buckets {
			taken[i] = inventory.BucketName{Region: j.Region, Account: b.Account, Name: b.Name}
		}
		inventory.JobRan(tx, j.known(), taken, macie2.Deref(j.runAt))
		tx.Defer(`update classification_job set shards = shards + $4, expected = expected + $5 where region = $1 and account_id = $2 and id = $3`,
			j.Region, j.Account, j.ID, int64(len(shards)), objects)
		return s.queue.Enqueue(ctx, tx, shards...)
	})
	*p = next
	return c.last != nil, err
}

// choose finds the buckets in the scope that come next.
func (s *Service) choose(ctx context.Context, tx *store.Tx, j *job, p *planState) (c choice, err error) {
	d := j.definition.S3JobDefinition
	if d.BucketCriteria == nil {
		return s.defined(ctx, tx, j)
	}
	owners, err := s.owners(ctx, tx, j.Region, j.Account)
	if err != nil {
		return c, err
	}
	criteria, err := compileBucketCriteria(d.BucketCriteria)
	if err != nil {
		return c, err
	}
	found, err := inventory.Summaries(ctx, tx, j.Region, owners, inventory.Summary{Account: p.After, Name: p.Then}, planPage)
	if err != nil {
		return c, err
	}
	if p.After == "" {
		if c.unseen, err = inventory.NewStores(ctx, tx, j.Region, owners); err != nil {
			return c, err
		}
	}
	bars := bars{}
	for _, b := range found {
		t := Target{Owner: b.Account, Name: b.Name, Effective: b.Effective, Shared: b.Shared, Tags: b.Tags}
		if !b.Gone && criteria.matches(&t) {
			if barred, err := s.leaveOut(ctx, tx, j, bars, b.Account, &c); err != nil {
				return c, err
			} else if barred {
				continue
			}
			c.buckets = append(c.buckets, b)
			c.events = append(c.events, happened{eventBucketMatched, eventDetail{owner: b.Account, bucket: b.Name}})
		}
	}
	if len(found) == planPage {
		c.last = &found[planPage-1]
	}
	return c, nil
}

// bars remembers which accounts' buckets may not be looked at.
type bars map[macie2.AccountID]bool

// leaveOut reports whether an account's buckets may not be looked at, and notes the event that says why.
func (s *Service) leaveOut(ctx context.Context, tx *store.Tx, j *job, known bars, owner macie2.AccountID, c *choice) (bool, error) {
	if barred, ok := known[owner]; ok {
		return barred, nil
	}
	event, err := s.barred(ctx, tx, j.name, owner)
	if err != nil {
		return false, err
	}
	if known[owner] = event != ""; event != "" {
		c.events, c.failed = append(c.events, happened{event, eventDetail{owner: owner, operation: "ListBuckets"}}), true
	}
	return event != "", nil
}

// defined finds the buckets that a definition names. Those that are not there, or out of reach, are in the job's events.
func (s *Service) defined(ctx context.Context, tx *store.Tx, j *job) (c choice, err error) {
	seen, bars := map[string]bool{}, bars{}
	for _, x := range j.definition.S3JobDefinition.BucketDefinitions {
		owner := macie2.AccountID(*x.AccountId)
		if barred, err := s.leaveOut(ctx, tx, j, bars, owner, &c); err != nil {
			return c, err
		} else if barred {
			continue
		}
		for _, bucket := range x.Buckets {
			if seen[string(owner)+"/"+bucket] {
				continue
			}
			seen[string(owner)+"/"+bucket] = true
			b, err := inventory.SummaryOf(ctx, tx, j.Region, owner, bucket)
			switch {
			case errors.Is(err, inventory.ErrNoBucket) || err == nil && b.Gone:
				event, err := absent(ctx, tx, j.Region, owner, bucket)
				if err != nil {
					return c, err
				}
				if event == eventBucketMissing && !slices.Contains(c.unknown, owner) {
					c.unknown = append(c.unknown, owner)
				}
				c.events, c.failed = append(c.events, happened{event, eventDetail{owner: owner, bucket: bucket, operation: "ListBuckets"}}), true
			case err != nil:
				return c, err
			default:
				c.buckets = append(c.buckets, b)
			}
		}
	}
	return c, nil
}

// failed marks the run as one in which an account or a bucket could not be reached.
func (s *Service) failed(tx *store.Tx, j *job) {
	j.failed = true
	tx.Defer(`update classification_job set failed = $4 where region = $1 and account_id = $2 and id = $3`, j.Region, j.Account, j.ID, true)
}

// shardObjects is about how many objects a shard is made to have where the census of its bucket has left split points behind.
const shardObjects = 100_000

// shards are the tasks of some buckets: each bucket is one until it is split because others are idle, or several from the start
// where it is large and was counted.
func (s *Service) shards(ctx context.Context, j *job, buckets []inventory.Summary) (tasks []queue.New, objects int64, err error) {
	for _, b := range buckets {
		objects += macie2.Deref(b.Objects)
		p := shardState{name: j.name, Run: j.run, Owner: b.Account, Bucket: b.Name}
		if macie2.Deref(b.Objects) >= 2*shardObjects {
			splits, err := s.inventory.Splits(ctx, inventory.BucketName{Region: j.Region, Account: b.Account, Name: b.Name})
			if err != nil {
				return nil, 0, err
			}
			var since int64
			for _, x := range splits {
				if since += x.Objects; since >= shardObjects {
					p.To, since = inventory.EncodeKey(x.Key), 0
					tasks = append(tasks, j.shard(p))
					p.After, p.To = p.To, ""
				}
			}
		}
		tasks = append(tasks, j.shard(p))
	}
	return tasks, objects, nil
}

// shard is the task of a range of keys. Its name says where the range begins, which is where no other one does.
func (j *job) shard(p shardState) queue.New {
	key := strings.Join([]string{j.group(j.run), string(p.Owner), p.Bucket, digest(p.After)}, "/")
	return queue.New{Kind: shardKind, Key: key, Payload: p, Tenant: string(j.Account), Group: j.group(j.run)}
}

// planned ends the planning: the run goes on without it, or has ended already. A plan that was given up ends the run, with
// an error that can be seen.
func (s *Service) planned(ctx context.Context, tx *store.Tx, t queue.Task, o queue.Outcome) error {
	if o.Status == queue.Later {
		return nil
	}
	var p planState
	if err := t.Decode(&p); err != nil {
		return err
	}
	j, err := runOf(ctx, tx, p.name, p.Run)
	if errors.Is(err, errOver) {
		return nil
	}
	if err != nil {
		return err
	}
	now := s.now()
	if o.Status == queue.Refused {
		s.log.Error("the run of a job could not be planned", "job", j.ID, "error", o.Detail)
		s.failed(tx, j)
		j.unplanned(tx, now)
	} else if p.Found == 0 && j.definition.S3JobDefinition.BucketCriteria != nil {
		j.event(tx, now, eventNoBucketMatched, eventDetail{})
	}
	was := *j
	j.active = running
	j.save(tx, &was)
	if j.shards == 0 {
		s.end(tx, j, now)
	}
	return nil
}

// unplanned records that what is left of the plan was given up: the buckets that the definition names, all of which are planned at once, or
// that there may be more that match.
func (j *job) unplanned(tx *store.Tx, at time.Time) {
	d := eventDetail{owner: j.Account, operation: "ListBuckets", detail: "the run could not be planned"}
	for _, x := range j.definition.S3JobDefinition.BucketDefinitions {
		for _, bucket := range x.Buckets {
			d.owner, d.bucket = macie2.AccountID(*x.AccountId), bucket
			j.event(tx, at, eventBucketUnavailable, d)
		}
	}
	if d.bucket == "" {
		j.event(tx, at, eventBucketUnavailable, d)
	}
}

// shardEnded counts a shard that has ended; the last one ends the run, in the transaction that ends the shard.
func (s *Service) shardEnded(ctx context.Context, tx *store.Tx, t queue.Task, o queue.Outcome) error {
	if o.Status == queue.Later {
		return nil
	}
	var p shardState
	if err := t.Decode(&p); err != nil {
		return err
	}
	var left int64
	var activity active
	err := tx.QueryRow(ctx, `update classification_job set shards = shards - 1
		where region = $1 and account_id = $2 and id = $3 and run = $4 and active <> 'none' and shards > 0 returning shards, active`,
		p.Region, p.Account, p.ID, p.Run).Scan(&left, &activity)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return p.wrap(err)
	}
	if passed, _ := o.Result.(int64); o.Status == queue.Done {
		tx.Tally(p.tallies(p.Run), tallySeen, passed)
	}
	if o.Status != queue.Refused && (left > 0 || activity != running) {
		return nil
	}
	j, err := find(ctx, tx, p.name)
	if err != nil {
		return p.wrap(err)
	}
	if o.Status == queue.Refused {
		s.log.Warn("a bucket was left out of a job", "job", p.ID, "bucket", p.Bucket, "reason", o.Detail)
		event, _ := o.Result.(string)
		if event == "" {
			event = eventBucketUnavailable
		}
		detail := eventDetail{owner: p.Owner, bucket: p.Bucket, operation: "ListObjectsV2", detail: o.Detail}
		if aboutAccount(event) {
			detail.bucket = ""
		}
		j.event(tx, s.now(), event, detail)
		s.failed(tx, j)
	}
	if left == 0 && activity == running {
		s.end(tx, j, s.now())
	}
	return nil
}

// wrap puts the bucket before an error.
func (p *shardState) wrap(err error) error {
	if err == nil {
		return nil
	}
	return p.name.wrap(fmt.Errorf("bucket %s: %w", p.Bucket, err))
}
