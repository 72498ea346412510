package sampling

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"magpie/internal/discovery"
	"magpie/internal/finding"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Budget is what a cycle may spend in the buckets of one account at one store.
type Budget struct {
	Bytes    int64 // of objects that are read
	Requests int64 // that lists and reads make
}

// Defaults of Options.
const (
	DefaultCycle    = 24 * time.Hour
	DefaultBytes    = 1 << 30
	DefaultRequests = 20_000
)

// Options are the parts and settings of a Service. DB, Queue, Pages, Inventory, Findings and Reader are required.
type Options struct {
	DB        *store.DB
	Queue     *queue.Queue
	Pages     *pagetoken.Issuer
	Inventory *inventory.Service
	Findings  *finding.Service
	Reader    *discovery.Service // reads and analyses objects
	Logger    *slog.Logger       // nil: slog.Default()
	// Cycle is the time between the beginnings of two cycles, and Budget what each may spend. 0: the defaults.
	Cycle  time.Duration
	Budget Budget
	// Shares is how many shares this process works on at once. 0: 2; below zero: none.
	Shares int
	// Now is the clock of the background work; operations carry their own time. nil means time.Now.
	Now func() time.Time
}

// Service implements the operations on automated discovery, and works through its cycles as the queue runs. It keeps nothing but what is
// in the database.
type Service struct {
	db         *store.DB
	background *store.DB
	queue      *queue.Queue
	pages      *pagetoken.Issuer
	inventory  *inventory.Service
	findings   *finding.Service
	reader     *discovery.Service
	log        *slog.Logger
	every      time.Duration
	budget     Budget
	now        func() time.Time

	// beforeVisit, set by tests only, runs between the visits of a share.
	beforeVisit func()
}

// New returns a Service, registers its kinds of tasks with the queue, and judges the buckets of the inventory from then on.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Cycle <= 0 {
		o.Cycle = DefaultCycle
	}
	if o.Budget.Bytes <= 0 {
		o.Budget.Bytes = DefaultBytes
	}
	if o.Budget.Requests <= 0 {
		o.Budget.Requests = DefaultRequests
	}
	if o.Shares == 0 {
		o.Shares = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{db: o.DB, background: o.DB.Background(), queue: o.Queue, pages: o.Pages, inventory: o.Inventory, findings: o.Findings,
		reader: o.Reader, log: o.Logger, every: o.Cycle, budget: o.Budget, now: o.Now}
	o.Queue.Long(queue.Long{Kind: shareKind, Do: s.share, Finish: s.shareEnded, Slots: o.Shares, Stall: 11 * time.Hour})
	o.Inventory.OnStanding(s)
	o.Reader.OnAutomated(s.wanted)
	return s
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindGetAutomatedDiscoveryConfiguration(s.GetAutomatedDiscoveryConfiguration)
	r.BindUpdateAutomatedDiscoveryConfiguration(s.UpdateAutomatedDiscoveryConfiguration)
	r.BindListAutomatedDiscoveryAccounts(s.ListAutomatedDiscoveryAccounts)
	r.BindBatchUpdateAutomatedDiscoveryAccounts(s.BatchUpdateAutomatedDiscoveryAccounts)

	r.BindListClassificationScopes(s.ListClassificationScopes)
	r.BindGetClassificationScope(s.GetClassificationScope)
	r.BindUpdateClassificationScope(s.UpdateClassificationScope)

	r.BindListSensitivityInspectionTemplates(s.ListSensitivityInspectionTemplates)
	r.BindGetSensitivityInspectionTemplate(s.GetSensitivityInspectionTemplate)
	r.BindUpdateSensitivityInspectionTemplate(s.UpdateSensitivityInspectionTemplate)

	r.BindGetResourceProfile(s.GetResourceProfile)
	r.BindUpdateResourceProfile(s.UpdateResourceProfile)
	r.BindListResourceProfileDetections(s.ListResourceProfileDetections)
	r.BindUpdateResourceProfileDetections(s.UpdateResourceProfileDetections)
	r.BindListResourceProfileArtifacts(s.ListResourceProfileArtifacts)
}

// lane is the store's lane for all that an account holds: that of its findings, which visits write too.
func lane(region string, account macie2.AccountID) string { return finding.Lane(region, account) }

func (s *Service) tx(ctx context.Context, call *macie2.Call, fn func(*store.Tx) error) error {
	return resource.WordRace(s.db.Tx(ctx, lane(call.Region, call.Account), func(tx *store.Tx) error {
		if _, err := session.Hold(ctx, tx, call); err != nil {
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
		if _, err := session.Require(ctx, tx, call); err != nil {
			return err
		}
		return fn(tx)
	})
}

// textMember is what a member account is told that asks for what its administrator decides.
const textMember = "The request is rejected because the current account is a member account. Automated sensitive data discovery is " +
	"configured by its administrator account."

// requireHolder refuses a member account.
func requireHolder(ctx context.Context, tx *store.Tx, call *macie2.Call) error {
	holder, err := holderOf(ctx, tx, call.Region, call.Account)
	if err == nil && holder != call.Account {
		err = macie2.ErrAccessDenied("%s", textMember)
	}
	return err
}

// holderOf is the account whose configuration holds for an account: its administrator, or it itself.
func holderOf(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (macie2.AccountID, error) {
	head, err := membership.AdministratorOf(ctx, tx, region, account)
	if err != nil || head != "" {
		return head, err
	}
	return account, nil
}

// ownersOf are the accounts whose buckets a holder sees: its own, and those of its members.
func ownersOf(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID) ([]macie2.AccountID, error) {
	members, err := membership.MembersOf(ctx, tx, region, holder)
	return append([]macie2.AccountID{holder}, members...), err
}

var errPage = macie2.ErrValidation("nextToken: it was not issued for this account, Region and request")

// clip keeps what a caller sent short enough to be repeated.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return text
}

func isNone(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText)
}

func timestamp(ms *int64) *macie2.Timestamp {
	if ms == nil {
		return nil
	}
	return macie2.TimestampMillis(*ms)
}
