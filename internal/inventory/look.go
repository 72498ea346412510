package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// When stores are looked at.
const (
	lookEvery  = 24 * time.Hour
	lookAgain  = time.Minute      // after a failure that may pass by itself
	lookLater  = 10 * time.Minute // after one that somebody has to mend
	lookLost   = 15 * time.Minute // after a look that was begun and did not end
	staleAfter = 5 * time.Minute  // when DescribeBuckets asks for another look
	goneFor    = time.Hour        // how long the buckets of a store that was removed are shown

	lookBatch = 500
)

func (s *Service) registerTasks() {
	s.queue.Long(queue.Long{Kind: lookKind, Do: func(ctx context.Context, h *queue.Held) queue.Outcome { return s.look(ctx, h.Task()) }, Slots: 8, PerTenant: 4})
	s.queue.Long(queue.Long{Kind: censusKind, Do: s.census, Finish: s.endCensus, Slots: 4, PerTenant: 8})
	s.queue.External(queue.External{Kind: leaveKind, Do: s.leave, InDoubt: 4, Timeout: time.Hour})
}

// Run begins the looks that are due, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var shared, swept time.Time
	for {
		if _, err := s.beginLooks(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("looks at stores cannot be begun", "error", err)
		}
		if time.Since(shared) >= shareEvery {
			shared = time.Now()
			if err := s.share(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("what stores bear cannot be shared", "error", err)
			}
		}
		if time.Since(swept) >= time.Hour {
			swept = time.Now()
			if err := s.expireChanges(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("old changes of buckets cannot be deleted", "error", err)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beginLooks enqueues the looks that are due, and tells how many they were.
func (s *Service) beginLooks(ctx context.Context) (begun int, err error) {
	now := s.now().UnixMilli()
	read := func(tx *store.Tx) (list []Store, err error) {
		err = tx.Query(ctx, func(row store.Row) error {
			var x Store
			err := row.Scan(&x.ID, &x.Account)
			list = append(list, x)
			return err
		}, `select o.id, o.account_id from object_store o where o.look_due <= $1 and `+enabledCondition+`
			order by o.look_due limit 100`, now)
		return list, err
	}
	var due []Store
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		due, err = read(tx)
		return err
	}); err != nil || len(due) == 0 {
		return 0, err
	}
	err = s.db.Tx(ctx, "inventory looks", func(tx *store.Tx) error {
		list, err := read(tx)
		if err != nil {
			return err
		}
		begun = len(list)
		for _, x := range list {
			if _, err := tx.Exec(ctx, `update object_store set look_due = $1 where id = $2`, now+lookLost.Milliseconds(), x.ID); err != nil {
				return err
			}
			if err := s.queue.Enqueue(ctx, tx, lookTask(x)); err != nil {
				return err
			}
		}
		return nil
	})
	return begun, err
}

// look is the task: list the buckets of a store, ask about each, and have their objects counted. One that was cut short goes on where it
// was.
func (s *Service) look(ctx context.Context, t queue.Task) queue.Outcome {
	x, ok, err := s.beginLook(ctx, t.Key)
	if err != nil || !ok {
		return outcome(ctx, err)
	}
	failure := s.lookAt(ctx, x)
	switch {
	case ctx.Err() != nil:
		return queue.Outcome{Detail: "it was interrupted", RetryAt: s.now()}
	case failure != nil && !OfStore(failure):
		s.log.Error("a look at a store failed", "account", x.Account, "store", x.Name, "error", failure)
		return outcome(ctx, failure)
	}
	return outcome(ctx, s.endLook(ctx, x, failure))
}

// OfStore reports whether an error is a store's fault, or its settings', and not the server's own.
func OfStore(err error) bool {
	_, ok := errors.AsType[*objectstore.Error](err)
	return ok || errors.Is(err, ErrNotAllowed)
}

// outcome is that of a task whose work is recorded in the database: an error is the database's.
func outcome(ctx context.Context, err error) queue.Outcome {
	if err != nil || ctx.Err() != nil {
		return queue.Outcome{Detail: fmt.Sprint(errors.Join(err, ctx.Err()))}
	}
	return queue.Outcome{Status: queue.Done}
}

// beginLook numbers the look, unless one was begun and not ended: then it is that one, still.
func (s *Service) beginLook(ctx context.Context, id string) (x Store, ok bool, err error) {
	now := s.now()
	err = s.db.Tx(ctx, "inventory looks", func(tx *store.Tx) error {
		ok = false
		var err error
		if x, err = storeByID(ctx, tx, id); errors.Is(err, ErrNoStore) {
			return nil
		} else if err != nil {
			return err
		}
		if ok, err = isEnabled(ctx, tx, x.Region, x.Account); err != nil || !ok {
			return err
		}
		if !x.begunAt.IsZero() && now.Sub(x.begunAt) < lookEvery {
			return nil // x.begunAt is cleared when a look ends
		}
		x.look++
		x.begunAt = now
		_, err = tx.Exec(ctx, `update object_store set look = $1, look_begun_at = $2 where id = $3`, x.look, now.UnixMilli(), id)
		return err
	})
	return x, ok, err
}

// endLook records what a look came to.
func (s *Service) endLook(ctx context.Context, x Store, failure error) error {
	now := s.now()
	status, detail, next := StatusReady, "", lookEvery
	if failure != nil {
		status, detail, next = StatusFailing, Explain(failure), lookLater
		if objectstore.Passing(failure) {
			next = lookAgain
		}
		s.log.Warn("a store cannot be looked at", "account", x.Account, "store", x.Name, "error", failure)
	}
	if failure != nil {
		if err := s.failBuckets(ctx, x, detail); err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, "inventory looks", func(tx *store.Tx) error {
		// Who changed the settings meanwhile, or wants another look, has set look_due.
		_, err := tx.Exec(ctx, `update object_store set status = $1, status_detail = $2, look_begun_at = null,
				look_due = case when revision = $3 then $4 else look_due end, looked_at = case when $5 then $6 else looked_at end,
				full_at = case when $5 and full_at is null or $5 and full_at < $7 then $6 else full_at end
			where id = $8 and look = $9`, string(status), detail, x.revision, now.Add(next).UnixMilli(), failure == nil, now.UnixMilli(),
			now.Add(-lookEvery+time.Hour).UnixMilli(), x.ID, x.look)
		return err
	})
}

// Explain words a failure for the store's owner.
func Explain(err error) string {
	if e, ok := errors.AsType[*objectstore.Error](err); ok {
		return clip400(e.Error())
	}
	if errors.Is(err, ErrNotAllowed) {
		return ErrNotAllowed.Error()
	}
	return "an internal error, which the server's log tells more about"
}

func clip400(s string) string {
	if runes := []rune(s); len(runes) > 400 {
		return string(runes[:400]) + "…"
	}
	return s
}

// lookAt does what a look does. Its error is why the store's buckets are not known.
func (s *Service) lookAt(ctx context.Context, x Store) error {
	b, err := s.backend(ctx, x)
	if err != nil {
		return err
	}
	var found []objectstore.Bucket
	err = b.store.Buckets(ctx, func(f objectstore.Bucket) error {
		if x.wants(f.Name) && (x.Kind != KindAWS || f.Region == "" || f.Region == x.Region) {
			found = append(found, f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The newest first: where there are too many, they are the ones to be looked at.
	slices.SortStableFunc(found, func(a, b objectstore.Bucket) int { return b.CreatedAt.Compare(a.CreatedAt) })
	if err := s.saw(ctx, x, found); err != nil {
		return err
	}
	if err := s.dropUnseen(ctx, x); err != nil {
		return err
	}
	return s.askAll(ctx, x, b.store)
}

// saw writes the buckets that a store has.
func (s *Service) saw(ctx context.Context, x Store, found []objectstore.Bucket) error {
	room := int64(s.quota)
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var others int64
		err := tx.QueryRow(ctx, `select count(*) from bucket where region = $1 and account_id = $2 and store_id <> $3 and error_code is null`,
			x.Region, x.Account, x.ID).Scan(&others)
		room -= others
		return err
	})
	if err != nil {
		return err
	}
	for i, batch := 0, 0; i < len(found); i += batch {
		batch = min(lookBatch, len(found)-i)
		part := found[i : i+batch]
		err := s.db.Tx(ctx, lane(x.Region, x.Account), func(tx *store.Tx) error {
			return s.sawPart(ctx, tx, x, part, max(0, room-int64(i)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sawPart writes some of the buckets, the first of which are within the quota.
func (s *Service) sawPart(ctx context.Context, tx *store.Tx, x Store, part []objectstore.Bucket, room int64) error {
	names := make(store.List, len(part))
	for i, f := range part {
		names[i] = f.Name
	}
	known, err := readRecords(ctx, tx, `b.region = $1 and b.account_id = $2 and `+tx.Any("b.name", 3), x.Region, string(x.Account), names)
	if err != nil {
		return err
	}
	byName := make(map[string]*record, len(known))
	for _, r := range known {
		byName[r.Name] = r
	}
	now := s.now().UnixMilli()
	var changes []change
	for i, f := range part {
		before := byName[f.Name]
		if before != nil && before.StoreID != x.ID && before.GoneAt == nil {
			continue // another store of the account has the name; the first one keeps it
		}
		var created *int64
		if !f.CreatedAt.IsZero() {
			created = macie2.Ptr(f.CreatedAt.UnixMilli())
		}
		after := newRecord(x, f.Name, created, now)
		if before != nil {
			after = *before
			after.StoreID, after.CreatedAt, after.Look, after.GoneAt = x.ID, created, x.look, nil
			if before.StoreID != x.ID {
				after.FactsLook = 0
			}
		}
		exceeds := macie2.Deref(after.ErrorCode) == string(macie2.BucketMetadataErrorCodeBucketCountExceedsQuota)
		switch over := int64(i) >= room; {
		case over && !exceeds:
			after.forget(macie2.BucketMetadataErrorCodeBucketCountExceedsQuota,
				fmt.Sprintf("The account has more than %d buckets in the Region, and this is none of those that were created last.", s.quota))
			after.FactsLook = x.look
		case over:
			after.FactsLook = x.look
		case exceeds:
			after.ErrorCode, after.ErrorText, after.FactsLook = nil, nil, 0
		}
		changes = append(changes, change{before, &after})
	}
	return s.write(ctx, tx, changes)
}

// dropUnseen deletes the store's buckets that the look did not see.
func (s *Service) dropUnseen(ctx context.Context, x Store) error {
	return s.eachBatch(ctx, x.Region, x.Account, `b.store_id = $1 and b.look < $2 order by b.name limit 500`, []any{x.ID, x.look},
		func(r *record) change { return change{r, nil} })
}

// failBuckets says of all buckets of a store that they cannot be read.
func (s *Service) failBuckets(ctx context.Context, x Store, detail string) error {
	text := "The store " + x.Name + " cannot be used: " + detail
	return s.eachBatch(ctx, x.Region, x.Account,
		`b.store_id = $1 and b.gone_at is null and (b.error_message is null or b.error_message <> $2) order by b.name limit 500`, []any{x.ID, text},
		func(r *record) change {
			after := *r
			after.forget(macie2.BucketMetadataErrorCodeAccessDenied, text)
			after.LastUpdated = s.now().UnixMilli()
			return change{r, &after}
		})
}

// eachBatch changes the buckets that a condition finds, until it finds none.
func (s *Service) eachBatch(ctx context.Context, region string, account macie2.AccountID, condition string, args []any, edit func(*record) change) error {
	for {
		n := 0
		err := s.db.Tx(ctx, lane(region, account), func(tx *store.Tx) error {
			list, err := readRecords(ctx, tx, condition, args...)
			if err != nil {
				return err
			}
			n = len(list)
			changes := make([]change, n)
			for i, r := range list {
				changes[i] = edit(r)
			}
			return s.write(ctx, tx, changes)
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// leaveKind is the kind of the tasks that take the buckets of a store away that was removed.
const leaveKind = "inventory.leave"

type leavePayload struct {
	Region  string
	Account macie2.AccountID
	Name    string
	At      int64
}

// leave marks the buckets of a store that was removed, and an hour later deletes them.
func (s *Service) leave(ctx context.Context, t queue.Task) queue.Outcome {
	var p leavePayload
	if err := t.Decode(&p); err != nil {
		return queue.Outcome{Status: queue.Refused, Detail: err.Error()}
	}
	s.forgetBackend(t.Key)
	text := "The store " + p.Name + " was removed."
	err := s.eachBatch(ctx, p.Region, p.Account, `b.store_id = $1 and b.gone_at is null order by b.name limit 500`, []any{t.Key},
		func(r *record) change {
			after := *r
			after.forget(macie2.BucketMetadataErrorCodeAccessDenied, text)
			after.GoneAt, after.LastUpdated = &p.At, s.now().UnixMilli()
			return change{r, &after}
		})
	if end := time.UnixMilli(p.At).Add(goneFor); err == nil && s.now().Before(end) {
		return queue.Outcome{RetryAt: end, Detail: "its buckets are shown for an hour"}
	}
	if err == nil {
		err = s.eachBatch(ctx, p.Region, p.Account, `b.store_id = $1 order by b.name limit 500`, []any{t.Key},
			func(r *record) change { return change{r, nil} })
	}
	return outcome(ctx, err)
}

// forgetBackend closes a store that is open.
func (s *Service) forgetBackend(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.open[id]; b != nil {
		_ = b.store.Close()
		delete(s.open, id)
	}
}
