package session

import (
	"context"
	"errors"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/resource"
	"magpie/internal/store"
)

// Session is what Macie is in an account and Region.
type Session struct {
	Status    macie2.MacieStatus
	Frequency macie2.FindingPublishingFrequency
	CreatedAt time.Time
	UpdatedAt time.Time

	// Standing is membership's: a change that was decided for one standing is not made in another.
	Standing string
}

// Of reads the session of an account. store.ErrNotFound means that Macie is not enabled.
func Of(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (Session, error) {
	return read(ctx, tx, region, account, "")
}

// read is Of, by a select with this end.
func read(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID, end string) (Session, error) {
	var x Session
	var created, updated int64
	err := tx.QueryRow(ctx, `select status, finding_publishing_frequency, standing, created_at, updated_at
		from macie_session where region = $1 and account_id = $2`+end, region, account).
		Scan(&x.Status, &x.Frequency, &x.Standing, &created, &updated)
	x.CreatedAt, x.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	return x, err
}

// ErrNotEnabled is what every operation answers where the caller has no session. Clients compare
// the whole text.
var ErrNotEnabled = macie2.ErrAccessDenied("Macie is not enabled")

// Require reads the caller's session; without one it returns ErrNotEnabled. A transaction that
// writes what belongs to the session has to Hold it.
func Require(ctx context.Context, tx *store.Tx, call *macie2.Call) (Session, error) {
	return orNotEnabled(Of(ctx, tx, call.Region, call.Account))
}

// Hold is Require for a transaction that writes what belongs to the session: until it ends, the
// session does not end, and the account does not become a member account or cease to be one. Who
// ends the session waits for the transaction, and finds what it wrote.
func Hold(ctx context.Context, tx *store.Tx, call *macie2.Call) (Session, error) {
	return orNotEnabled(read(ctx, tx, call.Region, call.Account, tx.ForKeyShare()))
}

func orNotEnabled(x Session, err error) (Session, error) {
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotEnabled
	}
	return x, err
}

// Service implements the operations on sessions, and has the hooks. It keeps nothing but what is in
// the database.
type Service struct {
	db    *store.DB
	queue *queue.Queue
	hooks []Hooks
}

// New returns a Service and registers its background work with the queue.
func New(db *store.DB, q *queue.Queue) *Service {
	s := &Service{db: db, queue: q}
	q.Transactional(queue.Transactional{Kind: kindSweep, Handle: s.sweepQueued, Batch: 1, Gentle: true})
	return s
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindEnableMacie(s.EnableMacie)
	r.BindGetMacieSession(s.GetMacieSession)
	r.BindUpdateMacieSession(s.UpdateMacieSession)
	r.BindDisableMacie(s.DisableMacie)
}

// Hooks are what a package wants to know of sessions. All of them run in the transaction that
// changes the session, may run several times like any closure of a transaction, and make it fail
// with the error that they return. Each may be nil.
type Hooks struct {
	// BeforeUpdate is asked before an account pauses or resumes its own session, and BeforeDisable
	// before it ends it. x is the session as it was read: a hook that read it once more could
	// decide for another than the one that is changed.
	BeforeUpdate  func(ctx context.Context, tx *store.Tx, call *macie2.Call, x Session, to macie2.MacieStatus) error
	BeforeDisable func(ctx context.Context, tx *store.Tx, call *macie2.Call, x Session) error

	// OnEnable follows the begin of a session, which may be paused from the first; OnPause and
	// OnResume a change of its status; OnDisable its end, when its row is gone.
	OnEnable, OnPause, OnResume, OnDisable func(ctx context.Context, tx *store.Tx, c Change) error

	// Sweep deletes up to limit rows of a session that ended, and tells whether there may be more.
	Sweep func(ctx context.Context, tx *store.Tx, e Ended, limit int) (more bool, err error)
}

// Change is a session that begins, ends, is paused or resumed.
type Change struct {
	Region  string
	Account macie2.AccountID
	// From and To are the session's status before and after; empty where there is no session.
	From, To macie2.MacieStatus
	By       macie2.Principal // who did it; zero: Magpie, following something else
	At       time.Time
}

// Hook registers hooks, which run in the order of their registration. It must be called before the
// first request.
func (s *Service) Hook(h Hooks) { s.hooks = append(s.hooks, h) }

// tell runs the hooks that belong to a change.
func (s *Service) tell(ctx context.Context, tx *store.Tx, c Change) error {
	for _, h := range s.hooks {
		hook := h.OnDisable
		switch {
		case c.From == "":
			hook = h.OnEnable
		case c.To == macie2.MacieStatusPaused:
			hook = h.OnPause
		case c.To == macie2.MacieStatusEnabled:
			hook = h.OnResume
		}
		if hook == nil {
			continue
		}
		if err := hook(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// TagKinds are the resources of this package that have tags, by the type that their ARN names: that
// of the account's session, arn:aws:macie2:REGION:ACCOUNT:, is empty.
func (s *Service) TagKinds() map[string]resource.Kind {
	return map[string]resource.Kind{"": {Tags: tags, SetTags: setTags}}
}

func tags(ctx context.Context, tx *store.Tx, call *macie2.Call, _ string) (tags string, err error) {
	if _, err := Require(ctx, tx, call); err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `select tags from macie_session where region = $1 and account_id = $2`,
		call.Region, call.Account).Scan(&tags)
	return tags, err
}

func setTags(ctx context.Context, tx *store.Tx, call *macie2.Call, _, was, tags string) error {
	n, err := tx.Exec(ctx, `update macie_session set tags = $3 where region = $1 and account_id = $2 and tags = $4`,
		call.Region, call.Account, tags, was)
	return changedOne(n, err)
}

// changedOne is the outcome of a compare-and-set.
func changedOne(n int64, err error) error {
	if err == nil && n != 1 {
		err = store.ErrConflict
	}
	return err
}
