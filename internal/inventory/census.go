package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// censusKind is the kind of the tasks that count a bucket's objects. The payload is a censusState, with all that was counted so far.
const censusKind = "inventory.census"

// How a census is done.
const (
	censusWorkers     = 4
	censusCheckpoint  = 20 * time.Second // between two records of how far it has come
	maxGroups         = 5000
	maxSamples        = 256 // keys that a census remembers of one range, as places to divide it at
	maxSplits         = 1000
	wantedSplit       = 20_000 // objects between two split points, at least
	worthSplitting    = 10_000 // objects after which a range that has no split points is divided
	maxProbes         = 48
	otherGroups       = "*"
	maxGroupPrefix    = 128
	maxGroupExtension = 16
)

// totals are the counts over a bucket's objects.
type totals struct {
	Objects, Size, Compressed                     int64
	Classifiable, ClassifiableSize                int64
	BadType, BadClass, Unclassifiable             int64
	BadTypeSize, BadClassSize, UnclassifiableSize int64
}

// Group is the objects of a bucket that are alike: automated discovery samples from each.
type Group struct {
	Prefix    string // the first part of the key, with its slash; "" for keys without one; "*" for those that were too many to tell apart
	Extension string
	Class     string
	Month     string // of the last change: 2026-11
	Objects   int64
	Size      int64
}

type groupKey struct {
	prefix, extension, class string
	month                    int32 // year*12 + month-1
}

// Split is a place to divide a bucket's keys at: Objects keys follow the Split before, up to and including Key.
type Split struct {
	Key     string
	Objects int64
}

// censusState is how far a census has come.
type censusState struct {
	Region  string
	Account macie2.AccountID
	Bucket  string
	Ranges  []*censusRange
	Totals  totals
	Groups  []Group
	BegunAt int64
}

// censusRange is a part of the keys: those after At, up to and including To, where To is not "". What was counted of it is in the totals.
type censusRange struct {
	At, To  string // as EncodeKey writes them; To may be "", for no end
	Done    bool
	Counted int64
	Samples []Split // with encoded keys
	Stride  int64   // objects between two samples
	since   int64   // objects since the last sample
	at, to  string  // decoded
	taken   bool
	stuck   bool // it cannot be divided any more
	kin     kin
}

// censusResult is what is kept of a census that was finished.
type censusResult struct {
	Totals totals
	Splits []Split // with encoded keys
	Groups []Group
}

// recount gives a bucket whose settings were read the counts of its last census, and has it counted again if that is due.
func (s *Service) recount(ctx context.Context, tx *store.Tx, x Store, after *record) error {
	var finished *int64
	var result string
	err := tx.QueryRow(ctx, `select finished_at, result from census where region = $1 and account_id = $2 and bucket = $3`,
		after.Region, after.Account, after.Name).Scan(&finished, &result)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	due := finished == nil || x.fullAt.IsZero() || s.now().Sub(x.fullAt) > lookEvery-time.Hour
	if finished != nil {
		var r censusResult
		if err := json.Unmarshal([]byte(result), &r); err != nil {
			return fmt.Errorf("census of %s: %w", after.Name, err)
		}
		after.count(r.Totals)
		due = due || r.Totals.Objects <= smallBucket
	}
	if !due {
		return nil
	}
	return s.queue.Enqueue(ctx, tx, queue.New{
		Kind: censusKind, Key: after.Region + "/" + string(after.Account) + "/" + after.Name, Tenant: string(after.Account),
		Payload: censusState{Region: after.Region, Account: after.Account, Bucket: after.Name},
	})
}

// count puts the counts of a census into a record. How objects are encrypted is not in a listing.
func (r *record) count(t totals) {
	r.Objects, r.Size, r.Compressed = &t.Objects, &t.Size, &t.Compressed
	r.Classifiable, r.ClassifiableSize = &t.Classifiable, &t.ClassifiableSize
	r.BadType, r.BadClass, r.Unclassifiable = &t.BadType, &t.BadClass, &t.Unclassifiable
	r.BadTypeSize, r.BadClassSize, r.UnclassifiableSize = &t.BadTypeSize, &t.BadClassSize, &t.UnclassifiableSize
	r.EncryptionUnknown = &t.Objects
}

// census is the task.
func (s *Service) census(ctx context.Context, h *queue.Held) queue.Outcome {
	var state censusState
	if err := h.Task().Decode(&state); err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	b, err := s.Open(ctx, state.Region, state.Account, state.Bucket)
	switch {
	case errors.Is(err, ErrNoBucket):
		return queue.Outcome{Status: queue.Done}
	case err != nil && !OfStore(err):
		return queue.Outcome{Detail: err.Error()}
	case err != nil:
		return queue.Outcome{Status: queue.Done, Result: err}
	}
	if len(state.Ranges) == 0 {
		if err := s.plan(ctx, &state); err != nil {
			return queue.Outcome{Detail: err.Error()}
		}
	}
	c, err := newCount(b, &state)
	if err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	err = c.run(ctx, s.checkpoint, func(state *censusState) error {
		return s.db.Tx(ctx, lane(state.Region, state.Account), func(tx *store.Tx) error { return h.Progress(ctx, tx, state) })
	})
	switch {
	case ctx.Err() != nil:
		return queue.Outcome{Detail: "it was interrupted"}
	case err != nil && OfStore(err) && !objectstore.Passing(err):
		return queue.Outcome{Status: queue.Done, Result: err}
	case err != nil:
		return queue.Outcome{Detail: Explain(err)}
	}
	return queue.Outcome{Status: queue.Done, Result: c.result()}
}

// plan divides a bucket's keys at the split points of its last census.
func (s *Service) plan(ctx context.Context, state *censusState) error {
	state.BegunAt = s.now().UnixMilli()
	splits, err := s.Splits(ctx, BucketName{state.Region, state.Account, state.Bucket})
	if err != nil {
		return err
	}
	var all, since int64
	for _, x := range splits {
		all += x.Objects
	}
	each := max(worthSplitting, all/(4*censusWorkers))
	last := ""
	for _, x := range splits {
		if since += x.Objects; since >= each {
			state.Ranges = append(state.Ranges, &censusRange{At: EncodeKey(last), To: EncodeKey(x.Key)})
			last, since = x.Key, 0
		}
	}
	state.Ranges = append(state.Ranges, &censusRange{At: EncodeKey(last)})
	return nil
}

// Splits are the places to divide a bucket's keys at, in order, as the last census found them. There are none before the first one.
func (s *Service) Splits(ctx context.Context, b BucketName) (splits []Split, err error) {
	r, err := s.censusOf(ctx, b)
	if err != nil || r == nil {
		return nil, err
	}
	for _, x := range r.Splits {
		key, err := DecodeKey(x.Key)
		if err != nil {
			return nil, err
		}
		splits = append(splits, Split{key, x.Objects})
	}
	return splits, nil
}

// Groups are the groups of a bucket's objects, as the last census counted them.
func (s *Service) Groups(ctx context.Context, b BucketName) ([]Group, error) {
	r, err := s.censusOf(ctx, b)
	if err != nil || r == nil {
		return nil, err
	}
	return r.Groups, nil
}

func (s *Service) censusOf(ctx context.Context, b BucketName) (r *censusResult, err error) {
	var text string
	err = s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select result from census where region = $1 and account_id = $2 and bucket = $3`, b.Region, b.Account, b.Name).
			Scan(&text)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("census of %s: %w", b.Name, err)
	}
	r = new(censusResult)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("census of %s: %w", b.Name, err)
	}
	return r, nil
}

// endCensus records what a census came to, in the transaction that ends its task. Where nothing has changed, nothing is written.
func (s *Service) endCensus(ctx context.Context, tx *store.Tx, t queue.Task, o queue.Outcome) error {
	if o.Status != queue.Done || o.Result == nil {
		return nil
	}
	var state censusState
	if err := t.Decode(&state); err != nil {
		return err
	}
	list, err := readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and b.name = $3 and b.known and b.error_code is null and b.gone_at is null`,
		state.Region, string(state.Account), state.Bucket)
	if err != nil || len(list) == 0 {
		return err
	}
	after := *list[0]
	now := s.now().UnixMilli()
	switch result := o.Result.(type) {
	case error:
		after.forget(macie2.BucketMetadataErrorCodeAccessDenied, "Its objects cannot be listed: "+Explain(result))
	case *censusResult:
		after.count(result.Totals)
		if err := keepCensus(ctx, tx, state, result, now); err != nil {
			return err
		}
	}
	if after.sameAs(list[0]) {
		return nil
	}
	after.LastUpdated = now
	return s.write(ctx, tx, []change{{list[0], &after}})
}

// keepCensus writes the result of a census, if it counted something else than the last one did. Split points alone are not worth it: they
// depend on how the work was divided.
func keepCensus(ctx context.Context, tx *store.Tx, state censusState, r *censusResult, now int64) error {
	var text string
	err := tx.QueryRow(ctx, `select result from census where region = $1 and account_id = $2 and bucket = $3`,
		state.Region, state.Account, state.Bucket).Scan(&text)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil {
		var old censusResult
		if err := json.Unmarshal([]byte(text), &old); err != nil {
			return fmt.Errorf("census of %s: %w", state.Bucket, err)
		}
		if old.Totals == r.Totals && slices.Equal(old.Groups, r.Groups) {
			return nil
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	tx.Defer(`insert into census (region, account_id, bucket, begun_at, finished_at, result) values ($1, $2, $3, $4, $5, $6)
		on conflict (region, account_id, bucket) do update
		set begun_at = excluded.begun_at, finished_at = excluded.finished_at, result = excluded.result`,
		state.Region, state.Account, state.Bucket, state.BegunAt, now, string(b))
	return nil
}

// sameAs reports whether two records of a bucket say the same.
func (r *record) sameAs(o *record) bool {
	a, errA := json.Marshal(r)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && string(a) == string(b)
}

// sortedGroups lists groups in order, so that two censuses of the same objects are the same text.
func sortedGroups(m map[groupKey]*[2]int64) []Group {
	list := make([]Group, 0, len(m))
	for k, n := range m {
		list = append(list, Group{k.prefix, k.extension, k.class, k.monthText(), n[0], n[1]})
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(strings.Compare(a.Prefix, b.Prefix), strings.Compare(a.Extension, b.Extension), strings.Compare(a.Class, b.Class),
			strings.Compare(a.Month, b.Month))
	})
	return list
}
