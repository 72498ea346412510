package publication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"magpie/internal/finding"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

const (
	lookEvery   = 2 * time.Second
	attemptTime = 15 * time.Second
	// A round of a destination begins nothing after roundTime, so that it ends before its lease does.
	roundTime = 20 * time.Second
	leaseTime = 60 * time.Second
	// inRound is how many deliveries a round takes.
	inRound = 100
	// atOnce is how many destinations this node delivers to at the same time.
	atOnce      = 64
	firstPause  = 5 * time.Second
	longest     = time.Hour
	expireEvery = 10 * time.Minute
	maxReason   = 500
)

// A delivery is what is to be told of one finding.
type delivery struct {
	number  int64
	eventID string
	finding *macie2.Finding
}

// errLost says that another node has the destination by now.
var errLost = errors.New("the destination is another node's by now")

// Run delivers until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer s.clients.close()
	defer work.Wait()
	busy := &busy{ids: map[string]bool{}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var expired time.Time
	for {
		if time.Since(expired) > expireEvery {
			expired = time.Now()
			if err := s.expire(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("deliveries whose time is over were not deleted", "error", err)
			}
		}
		if err := s.look(ctx, busy, &work); err != nil && ctx.Err() == nil {
			s.log.Error("destinations cannot be looked for", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// busy are the destinations that this node delivers to.
type busy struct {
	sync.Mutex
	ids map[string]bool
}

// begin reports whether a destination may begin now.
func (b *busy) begin(id string) bool {
	b.Lock()
	defer b.Unlock()
	if b.ids[id] || len(b.ids) >= atOnce {
		return false
	}
	b.ids[id] = true
	return true
}

func (b *busy) end(id string) {
	b.Lock()
	defer b.Unlock()
	delete(b.ids, id)
}

// look begins to deliver to each destination that has something due.
func (s *Service) look(ctx context.Context, busy *busy, work *sync.WaitGroup) error {
	due, err := s.due(ctx)
	for _, d := range due {
		if !busy.begin(d.ID) {
			continue
		}
		work.Go(func() {
			err := s.serve(ctx, d)
			busy.end(d.ID)
			if err == nil {
				s.wakeUp() // more may have come for this one while it was busy
			}
		})
	}
	return err
}

// due are the destinations that nobody delivers to and that have something due.
func (s *Service) due(ctx context.Context) (all []Destination, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all = nil
		now := tx.NowMillis()
		return tx.Query(ctx, func(r store.Row) error {
			d, err := scanDestination(r)
			all = append(all, d)
			return err
		}, `select `+destinationColumns+` from destination d where enabled = $1 and due_at <= `+now+` and lease_until <= `+now+`
			and exists (select 1 from finding_delivery where destination_id = d.id and due_at <= `+now+`) order by due_at, id limit $2`,
			true, int64(4*atOnce))
	})
	return all, err
}

// serve delivers to a destination for as long as there is much to deliver and no attempt fails.
func (s *Service) serve(ctx context.Context, d Destination) error {
	for ctx.Err() == nil {
		more, err := s.round(ctx, &d)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errLost) {
			s.log.Error("deliveries to a destination", "account", d.Account, "destination", d.Name, "error", err)
		}
		if err != nil || !more {
			return err
		}
	}
	return ctx.Err()
}

// round takes the lease of a destination, delivers some, and gives the lease back. more says that it was a full round.
func (s *Service) round(ctx context.Context, d *Destination) (more bool, err error) {
	batch, err := s.take(ctx, d)
	if err != nil || len(batch) == 0 {
		return false, err
	}
	secret := ""
	if d.sealed != "" {
		opened, err := s.sealer.Open(d.sealed, d.ID)
		if err != nil {
			o := outcome{err: fmt.Errorf("its secret cannot be read: %w", err)}
			return false, s.settle(ctx, d, nil, nil, o)
		}
		secret = opened.Reveal()
	}
	limit, cancel := context.WithTimeout(ctx, leaseTime-2*lookEvery)
	defer cancel()
	done, dead, o := s.sendAll(limit, d, secret, batch)
	if ctx.Err() != nil {
		// What was accepted is still noted; whatever failed did so because this node stops.
		o = outcome{}
		noted, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer stop()
		return false, s.settle(noted, d, done, dead, o)
	}
	return !o.failed() && len(batch) == inRound, s.settle(ctx, d, done, dead, o)
}

// take takes the lease and reads what is due, in order.
func (s *Service) take(ctx context.Context, d *Destination) (batch []delivery, err error) {
	err = s.db.Background().Tx(ctx, "publication "+d.ID, func(tx *store.Tx) error {
		batch = nil
		now := tx.NowMillis()
		x, err := scanDestination(tx.QueryRow(ctx, `update destination set fence = fence + 1, lease_until = `+now+` + $2
			where id = $1 and enabled = $3 and lease_until <= `+now+` and due_at <= `+now+` returning `+destinationColumns,
			d.ID, leaseTime.Milliseconds(), true))
		if errors.Is(err, store.ErrNotFound) {
			return errLost
		}
		if err != nil {
			return err
		}
		*d = x
		size := 0
		err = tx.Query(ctx, func(r store.Row) error {
			var x delivery
			var body string
			if err := r.Scan(&x.number, &x.eventID, &body); err != nil {
				return err
			}
			if size += len(body); size > maxBatchBytes && len(batch) > 0 {
				return nil
			}
			x.finding = &macie2.Finding{}
			batch = append(batch, x)
			return json.Unmarshal([]byte(body), x.finding)
		}, `select number, event_id, body from finding_delivery where destination_id = $1 and due_at <= `+now+` order by number limit $2`,
			d.ID, int64(inRound))
		if err == nil && len(batch) == 0 {
			tx.Defer(`update destination set lease_until = 0 where id = $1 and fence = $2`, d.ID, d.fence)
		}
		return err
	})
	return batch, err
}

// buried is a delivery that the destination refused for good.
type buried struct {
	delivery
	reason string
}

// sendAll sends until something fails, or until a new attempt might outlast the lease.
func (s *Service) sendAll(ctx context.Context, d *Destination, secret string, batch []delivery) (done []delivery, dead []buried, o outcome) {
	for began := time.Now(); len(batch) > 0 && time.Since(began) < roundTime; {
		part := batch[:min(len(batch), d.Kind.most())]
		batch = batch[len(part):]
		attempt, cancel := context.WithTimeout(ctx, s.attempt)
		o = s.send(attempt, d, secret, part)
		cancel()
		for i, x := range part {
			switch {
			case o.err == nil && (o.each == nil || o.each[i].ok):
				done = append(done, x)
			case o.refused != "":
				dead = append(dead, buried{x, o.refused})
			case o.each != nil && o.each[i].refused != "":
				dead = append(dead, buried{x, o.each[i].refused})
			}
		}
		if o.failed() {
			return done, dead, o
		}
	}
	return done, dead, outcome{}
}

// settle notes what came of a round, if this node still has the destination, and gives the lease back.
func (s *Service) settle(ctx context.Context, d *Destination, done []delivery, dead []buried, o outcome) error {
	problem, failures, enabled := "", int64(0), true
	var wait time.Duration
	if o.failed() {
		problem, failures, enabled = clipTo(o.problem(), maxReason), d.Failures+1, !o.gone
		wait = pauseAfter(failures, o.retryAfter)
	}
	err := s.db.Background().Tx(ctx, "publication "+d.ID, func(tx *store.Tx) error {
		now, err := clock(ctx, tx)
		if err != nil {
			return err
		}
		var at *int64
		if len(done) > 0 {
			at = &now
		}
		n, err := tx.Exec(ctx, `update destination set lease_until = 0, due_at = $3, failures = $4, problem = $5, enabled = $6,
			delivered = delivered + $7, delivered_at = coalesce($8, delivered_at) where id = $1 and fence = $2`,
			d.ID, d.fence, now+wait.Milliseconds(), failures, problem, enabled, int64(len(done)), at)
		if err == nil && n == 0 {
			err = errLost
		}
		if err != nil {
			return err
		}
		// One that was replaced meanwhile by a newer state is still to be delivered.
		for _, x := range done {
			tx.Defer(`delete from finding_delivery where destination_id = $1 and number = $2 and event_id = $3`, d.ID, x.number, x.eventID)
		}
		for _, x := range dead {
			tx.Defer(`insert into finding_dead_letter (destination_id, number, finding_id, event_id, body, reason, created_at, died_at)
				select destination_id, number, finding_id, event_id, body, $4, created_at, $5 from finding_delivery
				where destination_id = $1 and number = $2 and event_id = $3`, d.ID, x.number, x.eventID, clipTo(x.reason, maxReason), now)
			tx.Defer(`delete from finding_delivery where destination_id = $1 and number = $2 and event_id = $3`, d.ID, x.number, x.eventID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.observe(d.Kind, "delivered", len(done))
	s.observe(d.Kind, "refused", len(dead))
	if o.failed() {
		s.observe(d.Kind, "failed", 1)
		s.log.Warn("a destination does not take findings", "account", d.Account, "destination", d.Name, "error", problem, "again_in", wait,
			"switched_off", !enabled)
	}
	return nil
}

// pauseAfter is how long a destination is left alone after so many failures in a row.
func pauseAfter(failures int64, asked time.Duration) time.Duration {
	d := firstPause << min(failures-1, 12)
	d = min(max(d, asked), longest)
	return d - time.Duration(rand.Int64N(int64(d)/5)) // destinations that failed together are not tried together
}

// expire deletes what could not be delivered for as long as a finding is kept.
func (s *Service) expire(ctx context.Context) error {
	for _, x := range []struct{ table, age string }{{"finding_delivery", "created_at"}, {"finding_dead_letter", "died_at"}} {
		for n := int64(inExpiry); n == inExpiry; {
			err := s.db.Background().Tx(ctx, "publication expires", func(tx *store.Tx) error {
				now, err := clock(ctx, tx)
				if err != nil {
					return err
				}
				n, err = tx.Exec(ctx, `delete from `+x.table+` where (destination_id, number) in (select destination_id, number from `+x.table+`
					where `+x.age+` <= $1 order by `+x.age+` limit $2)`, now-finding.Retention.Milliseconds(), int64(inExpiry))
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// inExpiry is how many rows one transaction deletes.
const inExpiry = 1000
