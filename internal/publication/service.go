package publication

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Options are the parts of a Service. DB is required, and Sealer to add destinations or to deliver.
type Options struct {
	DB     *store.DB
	Sealer identity.Sealer
	Logger *slog.Logger // nil: slog.Default()
	// Administrator is the account that oversees another in a Region, or empty. nil: there is none.
	Administrator func(ctx context.Context, tx *store.Tx, region string, member macie2.AccountID) (macie2.AccountID, error)
	// Bucket opens a bucket of an account, to write to it. nil: there are none.
	Bucket func(ctx context.Context, region string, account macie2.AccountID, name string) (finding.Bucket, error)
	// Observe is told of each attempt to deliver, and how many findings it was about. nil: nobody is.
	Observe func(k Kind, outcome string, n int)
}

// Service keeps destinations, and delivers to them while Run does.
type Service struct {
	db       *store.DB
	sealer   identity.Sealer
	log      *slog.Logger
	overseer func(context.Context, *store.Tx, string, macie2.AccountID) (macie2.AccountID, error)
	bucket   func(context.Context, string, macie2.AccountID, string) (finding.Bucket, error)
	observe  func(Kind, string, int)
	wake     chan struct{}
	clients  clients
	attempt  time.Duration // what one request may take
}

// New returns a Service.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Administrator == nil {
		o.Administrator = func(context.Context, *store.Tx, string, macie2.AccountID) (macie2.AccountID, error) { return "", nil }
	}
	if o.Bucket == nil {
		o.Bucket = func(_ context.Context, _ string, _ macie2.AccountID, name string) (finding.Bucket, error) {
			return nil, fmt.Errorf("bucket %s: %w", name, objectstore.ErrNoBucket)
		}
	}
	if o.Observe == nil {
		o.Observe = func(Kind, string, int) {}
	}
	return &Service{db: o.DB, sealer: o.Sealer, log: o.Logger, overseer: o.Administrator, bucket: o.Bucket, observe: o.Observe, wake: make(chan struct{}, 1),
		attempt: attemptTime}
}

const destinationColumns = `id, account_id, name, region, kind, settings, secret, enabled, problem, fence, due_at, failures, delivered,
	delivered_at, created_at`

func scanDestination(row interface{ Scan(...any) error }, more ...any) (x Destination, err error) {
	var settings string
	var due, created int64
	var delivered *int64
	err = row.Scan(append([]any{&x.ID, &x.Account, &x.Name, &x.Region, &x.Kind, &settings, &x.sealed, &x.Enabled, &x.Problem, &x.fence, &due,
		&x.Failures, &x.Delivered, &delivered, &created}, more...)...)
	if err != nil {
		return x, err
	}
	if err := json.Unmarshal([]byte(settings), &x.Settings); err != nil {
		return x, fmt.Errorf("destination %s: its settings: %w", x.ID, err)
	}
	x.DueAt, x.CreatedAt = time.UnixMilli(due).UTC(), time.UnixMilli(created).UTC()
	if delivered != nil {
		x.DeliveredAt = time.UnixMilli(*delivered).UTC()
	}
	return x, nil
}

func lane(account macie2.AccountID) string { return "publication/" + string(account) }

// Add adds a destination to an account. Findings that are there already are not told.
func (s *Service) Add(ctx context.Context, account macie2.AccountID, x Settings, now time.Time) (Destination, error) {
	if err := x.check(account); err != nil {
		return Destination{}, err
	}
	var random [16]byte
	rand.Read(random[:]) // never fails
	d := Destination{Settings: x, ID: hex.EncodeToString(random[:]), Account: account, Enabled: true, CreatedAt: now.UTC()}
	settings, err := x.stored()
	if err != nil {
		return Destination{}, err
	}
	sealed, keyID := "", ""
	if x.Secret != "" {
		sealed, keyID = s.sealer.Seal(x.Secret.Reveal(), d.ID), s.sealer.KeyID()
	}
	err = s.db.Tx(ctx, lane(account), func(tx *store.Tx) error {
		if sealed != "" {
			if err := s.sealer.Hold(ctx, tx); err != nil {
				return err
			}
		}
		var n int64
		if err := tx.QueryRow(ctx, `select count(*) from destination where account_id = $1`, account).Scan(&n); err != nil {
			return err
		}
		if n >= maxDestinations {
			return fmt.Errorf("the account has %d destinations already, which is the most", n)
		}
		n, err := tx.InsertMany(ctx, `insert into destination (id, account_id, name, region, kind, settings, secret, master_key_id, enabled, problem,
			fence, lease_until, due_at, failures, delivered, delivered_at, created_at)`, [][]any{{d.ID, account, x.Name, x.Region,
			string(x.Kind), settings, sealed, keyID, true, "", int64(0), int64(0), int64(0), int64(0), int64(0), nil, now.UnixMilli()}},
			"on conflict (account_id, name) do nothing")
		if err == nil && n == 0 {
			err = ErrExists
		}
		if err != nil {
			return err
		}
		tx.DeferExpect(1, `insert into destination_order (destination_id, next) values ($1, $2)`, d.ID, 1)
		return nil
	})
	if err != nil {
		return Destination{}, fmt.Errorf("add destination %s of account %s: %w", x.Name, account, err)
	}
	d.Secret = ""
	return d, nil
}

// List are the destinations of an account, or of all for "".
func (s *Service) List(ctx context.Context, account macie2.AccountID) (all []Destination, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all = nil
		return tx.Query(ctx, func(r store.Row) error {
			var waiting, dead int64
			d, err := scanDestination(r, &waiting, &dead)
			d.Waiting, d.Dead = waiting, dead
			all = append(all, d)
			return err
		}, `select `+destinationColumns+`, (select count(*) from finding_delivery where destination_id = d.id),
			(select count(*) from finding_dead_letter where destination_id = d.id)
			from destination d where $1 = '' or account_id = $1 order by account_id, name`, account)
	})
	return all, err
}

// find reads one destination.
func find(ctx context.Context, tx *store.Tx, account macie2.AccountID, name string) (Destination, error) {
	d, err := scanDestination(tx.QueryRow(ctx, `select `+destinationColumns+` from destination where account_id = $1 and name = $2`,
		account, name))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		err = ErrNone
	}
	if err != nil {
		return d, fmt.Errorf("destination %s of account %s: %w", clip(name), account, err)
	}
	return d, nil
}

// Remove forgets a destination, with all that was still to be delivered to it.
func (s *Service) Remove(ctx context.Context, account macie2.AccountID, name string) error {
	return s.db.Tx(ctx, lane(account), func(tx *store.Tx) error {
		d, err := find(ctx, tx, account, name)
		if err != nil {
			return err
		}
		// The order first: who records a finding meanwhile waits for it, and then finds no destination.
		tx.Defer(`delete from destination_order where destination_id = $1`, d.ID)
		for _, table := range []string{"finding_delivery", "finding_dead_letter"} {
			tx.Defer(`delete from `+table+` where destination_id = $1`, d.ID)
		}
		tx.Defer(`delete from destination where id = $1`, d.ID)
		return nil
	})
}

// A DeadLetter is what a destination refused for good.
type DeadLetter struct {
	Number    int64
	FindingID string
	EventID   string
	Reason    string
	DiedAt    time.Time
}

// DeadLetters are those of a destination, the oldest first.
func (s *Service) DeadLetters(ctx context.Context, account macie2.AccountID, name string, limit int) (all []DeadLetter, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all = nil
		d, err := find(ctx, tx, account, name)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(r store.Row) error {
			var x DeadLetter
			var died int64
			err := r.Scan(&x.Number, &x.FindingID, &x.EventID, &x.Reason, &died)
			x.DiedAt = time.UnixMilli(died).UTC()
			all = append(all, x)
			return err
		}, `select number, finding_id, event_id, reason, died_at from finding_dead_letter where destination_id = $1 order by number limit $2`,
			d.ID, int64(limit))
	})
	return all, err
}

// Retry has the dead letters of a destination delivered again, switches it on, and tries it at once. It reports how many they were.
func (s *Service) Retry(ctx context.Context, account macie2.AccountID, name string) (n int64, err error) {
	err = s.db.Tx(ctx, lane(account), func(tx *store.Tx) error {
		d, err := find(ctx, tx, account, name)
		if err != nil {
			return err
		}
		// They keep their numbers, so they come before what followed them.
		if _, err = tx.Exec(ctx, `insert into finding_delivery (destination_id, number, finding_id, event_id, body, due_at, created_at)
			select destination_id, number, finding_id, event_id, body, 0, created_at from finding_dead_letter where destination_id = $1`, d.ID); err != nil {
			return err
		}
		if n, err = tx.Exec(ctx, `delete from finding_dead_letter where destination_id = $1`, d.ID); err != nil {
			return err
		}
		tx.Defer(`update destination set enabled = $2, problem = '', failures = 0, due_at = 0 where id = $1`, d.ID, true)
		return nil
	})
	return n, err
}

// target is a destination that is to be told of a finding.
type target struct {
	id   string
	kind Kind
}

func targets(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (all []target, err error) {
	err = tx.Query(ctx, func(r store.Row) error {
		var t target
		err := r.Scan(&t.id, &t.kind)
		all = append(all, t)
		return err
	}, `select id, kind from destination where region = $1 and account_id = $2 order by id`, region, account)
	return all, err
}

// Publish writes what is to be told of findings of a holder in one Region, in the transaction that records them. Findings of
// policy are told to the holder's administrator too, but not by Security Hub.
func (s *Service) Publish(ctx context.Context, tx *store.Tx, holder macie2.AccountID, findings []*macie2.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	region := macie2.Deref(findings[0].Region)
	own, err := targets(ctx, tx, region, holder)
	if err != nil {
		return err
	}
	administrator, err := s.overseer(ctx, tx, region, holder)
	if err != nil {
		return err
	}
	var theirs []target
	if administrator != "" {
		if theirs, err = targets(ctx, tx, region, administrator); err != nil {
			return err
		}
	}
	if len(own)+len(theirs) == 0 {
		return nil
	}
	hub, err := finding.PublishedBy(ctx, tx, region, holder)
	if err != nil {
		return err
	}
	hold, err := s.holdBack(ctx, tx, region, holder, administrator)
	if err != nil {
		return err
	}
	to := map[string][]*macie2.Finding{}
	for _, x := range findings {
		policy := *x.Category == macie2.FindingCategoryPolicy
		for _, t := range own {
			if t.kind != SecurityHub || policy && hub.Policy || !policy && hub.Classification {
				to[t.id] = append(to[t.id], x)
			}
		}
		for _, t := range theirs {
			if policy && t.kind != SecurityHub {
				to[t.id] = append(to[t.id], x)
			}
		}
	}
	now, err := clock(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range append(own, theirs...) {
		if err := write(ctx, tx, t.id, to[t.id], now, hold); err != nil {
			return err
		}
	}
	tx.OnCommit(s.wakeUp)
	return nil
}

// holdBack is how long updates of findings of policy are held back: as the administrator's session says, where there is one.
func (s *Service) holdBack(ctx context.Context, tx *store.Tx, region string, holder, administrator macie2.AccountID) (time.Duration, error) {
	of := holder
	if administrator != "" {
		of = administrator
	}
	x, err := session.Of(ctx, tx, region, of)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, err
	}
	switch x.Frequency {
	case macie2.FindingPublishingFrequencyOneHour:
		return time.Hour, nil
	case macie2.FindingPublishingFrequencySixHours:
		return 6 * time.Hour, nil
	}
	return 15 * time.Minute, nil
}

// clock is the database's time in milliseconds, which all nodes share.
func clock(ctx context.Context, tx *store.Tx) (now int64, err error) {
	err = tx.QueryRow(ctx, `select `+tx.NowMillis()).Scan(&now)
	return now, err
}

// write adds deliveries to a destination. The next number is taken first, with a lock on its row: numbers become visible in
// their order.
func write(ctx context.Context, tx *store.Tx, id string, findings []*macie2.Finding, now int64, hold time.Duration) error {
	if len(findings) == 0 {
		return nil
	}
	var next int64
	err := tx.QueryRow(ctx, `update destination_order set next = next + $2 where destination_id = $1 returning next`, id, int64(len(findings))).Scan(&next)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was removed this moment
	}
	if err != nil {
		return err
	}
	next -= int64(len(findings))
	var rows [][]any
	for i, x := range findings {
		body, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("publish finding %s: %w", *x.Id, err)
		}
		due := now
		if *x.Category == macie2.FindingCategoryPolicy && macie2.Deref(x.Count) > 1 {
			// One that waits already takes the newer state, and goes when it would have gone.
			n, err := tx.Exec(ctx, `update finding_delivery set event_id = $3, body = $4
				where destination_id = $1 and finding_id = $2 and due_at > $5`, id, *x.Id, eventID(x), string(body), now)
			if err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			due += hold.Milliseconds()
		}
		rows = append(rows, []any{id, next + int64(i), *x.Id, eventID(x), string(body), due, now})
	}
	if len(rows) > 0 {
		tx.DeferInsert(`insert into finding_delivery (destination_id, number, finding_id, event_id, body, due_at, created_at)`, rows, "")
	}
	return nil
}

func (s *Service) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
