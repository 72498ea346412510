package sampling

import (
	"context"
	"slices"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// Standings implements inventory.Judge.
func (s *Service) Standings(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, buckets []inventory.Counted) ([]inventory.Standing, error) {
	out := make([]inventory.Standing, len(buckets))
	holder, err := holderOf(ctx, tx, region, account)
	if err != nil {
		return nil, err
	}
	x, err := find(ctx, tx, region, holder)
	if err != nil {
		return nil, err
	}
	shown, err := x.shown(ctx, tx)
	if err != nil || !shown {
		return out, err
	}
	on, err := x.covers(ctx, tx, account)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(buckets))
	for i, b := range buckets {
		names[i] = b.Name
	}
	known, err := profiles(ctx, tx, region, holder, account, names)
	if err != nil {
		return nil, err
	}
	for i, b := range buckets {
		p := known[b.Name]
		if p == nil {
			p = &profile{}
		}
		score := p.evidence(b).Score()
		out[i] = inventory.Standing{Score: &score, At: p.discoveredAt, Monitored: on && !p.overridden && !slices.Contains(x.excludedNow, b.Name) &&
			b.ErrorCode != string(macie2.BucketMetadataErrorCodeBucketCountExceedsQuota)}
	}
	return out, nil
}

// Unsettled implements inventory.Judge.
func (s *Service) Unsettled(ctx context.Context, tx *store.Tx, region string, accounts []macie2.AccountID) (list []macie2.AccountID, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		var id macie2.AccountID
		err := r.Scan(&id)
		list = append(list, id)
		return err
	}, `select account_id from discovery_due where region = $1 and `+tx.Any("account_id", 2), region, store.ListOf(accounts))
	return list, err
}

// shown reports whether what a holder knows is shown: where it has enabled discovery, and Macie is not suspended for it.
func (x *settings) shown(ctx context.Context, tx *store.Tx) (bool, error) {
	if !x.enabled() {
		return false, nil
	}
	return isEnabled(ctx, tx, x.Region, x.Account)
}

// covers reports whether discovery looks at the buckets of an account that the holder oversees.
func (x *settings) covers(ctx context.Context, tx *store.Tx, account macie2.AccountID) (bool, error) {
	said := map[macie2.AccountID]bool{}
	var on bool
	err := tx.QueryRow(ctx, `select enabled from automated_discovery_account where region = $1 and administrator_id = $2 and account_id = $3`,
		x.Region, x.Account, account).Scan(&on)
	if err != nil && !isNone(err) {
		return false, err
	}
	if err == nil {
		said[account] = on
	}
	if !x.isOn(said, account) {
		return false, nil
	}
	return isEnabled(ctx, tx, x.Region, account)
}

// evidence is what the score of a bucket is computed of.
func (p *profile) evidence(b inventory.Counted) Evidence {
	f := &p.facts
	return Evidence{
		Assigned: p.overridden, Unreadable: b.ErrorCode != "",
		Empty:   b.Objects != nil && *b.Objects == 0 || b.Size != nil && *b.Size == 0,
		Objects: max(f.Objects, macie2.Deref(b.Classifiable)), Analysed: f.analysed(), Skipped: f.skipped(),
		Sensitive: f.Sensitive, Types: f.Types, Occurrences: f.Occurrences,
	}
}

// settleBatch is how many buckets one transaction judges again.
const settleBatch = 200

// settle judges the buckets of all accounts again of which something has changed that is not of single buckets.
func (s *Service) settle(ctx context.Context) error {
	type due struct {
		region     string
		account    macie2.AccountID
		generation int64
	}
	var list []due
	err := s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		return tx.Query(ctx, func(r store.Row) error {
			var d due
			err := r.Scan(&d.region, &d.account, &d.generation)
			list = append(list, d)
			return err
		}, `select region, account_id, generation from discovery_due order by region, account_id limit 500`)
	})
	for _, d := range list {
		for after, more := "", true; err == nil && more; {
			err = s.background.Tx(ctx, "discovery settle "+d.region+"/"+string(d.account), func(tx *store.Tx) error {
				last, err := s.inventory.RestandSome(ctx, tx, d.region, d.account, after, settleBatch)
				if err != nil {
					return err
				}
				if last == "" {
					tx.Defer(`delete from discovery_due where region = $1 and account_id = $2 and generation = $3`, d.region, d.account, d.generation)
				}
				tx.OnCommit(func() { after, more = last, last != "" })
				return nil
			})
		}
	}
	return err
}

// Run settles what has changed, begins the cycles that are due and deletes what has expired, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("automated discovery cannot go on", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Tick does once what Run does again and again.
func (s *Service) Tick(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	if err := s.beginDue(ctx); err != nil {
		return err
	}
	return s.expire(ctx)
}
