package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/resource"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Retention is how long a finding is kept after its last update, as in Macie.
const Retention = 90 * 24 * time.Hour

// Options are the parts of a Service. DB, Queue and Pages are required.
type Options struct {
	DB     *store.DB
	Queue  *queue.Queue
	Pages  *pagetoken.Issuer
	Logger *slog.Logger // nil: slog.Default()
	// Members lists the accounts that are members of an administrator in a Region. nil: there are none.
	Members func(ctx context.Context, tx *store.Tx, region string, administrator macie2.AccountID) ([]macie2.AccountID, error)
	// Administrator is the account that oversees another in a Region, or empty. nil: there is none.
	Administrator func(ctx context.Context, tx *store.Tx, region string, member macie2.AccountID) (macie2.AccountID, error)
	// Publish is told of findings that are new or, for those of policy, updated, and that no rule suppresses, in the
	// transaction that records them. nil: nobody is told.
	Publish func(ctx context.Context, tx *store.Tx, holder macie2.AccountID, findings []*macie2.Finding) error
	// Bucket opens a bucket of an account, to write results to it. nil: there are none.
	Bucket func(ctx context.Context, region string, account macie2.AccountID, name string) (Bucket, error)
	// NamedBucket is Bucket for a request that names one, at a time: it may wait a little for a bucket that is not known yet. nil: Bucket.
	NamedBucket func(ctx context.Context, region string, account macie2.AccountID, name string, at time.Time) (Bucket, error)
	// Reveal reads objects again, to show samples. nil: there are none.
	Reveal Revealer
	// QuotaFilters is how many rules an account may have in a Region. 0: Macie's quota, 1,000.
	QuotaFilters int
}

// Service implements the operations on findings. What it keeps in memory, of what is in the database, never changes there.
type Service struct {
	db           *store.DB
	queue        *queue.Queue
	pages        *pagetoken.Issuer
	log          *slog.Logger
	members      func(context.Context, *store.Tx, string, macie2.AccountID) ([]macie2.AccountID, error)
	overseer     func(context.Context, *store.Tx, string, macie2.AccountID) (macie2.AccountID, error)
	publish      func(context.Context, *store.Tx, macie2.AccountID, []*macie2.Finding) error
	bucket       func(context.Context, string, macie2.AccountID, string) (Bucket, error)
	namedBucket  func(context.Context, string, macie2.AccountID, string, time.Time) (Bucket, error)
	reveal       Revealer
	quotaFilters int64
	cache        *columnCache
	merger       *merger
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
	if o.Administrator == nil {
		o.Administrator = func(context.Context, *store.Tx, string, macie2.AccountID) (macie2.AccountID, error) { return "", nil }
	}
	if o.Publish == nil {
		o.Publish = func(context.Context, *store.Tx, macie2.AccountID, []*macie2.Finding) error { return nil }
	}
	if o.Bucket == nil {
		o.Bucket = func(_ context.Context, _ string, _ macie2.AccountID, name string) (Bucket, error) {
			return nil, fmt.Errorf("bucket %s: %w", name, objectstore.ErrNoBucket)
		}
	}
	if o.QuotaFilters <= 0 {
		o.QuotaFilters = 1000
	}
	s := &Service{db: o.DB, queue: o.Queue, pages: o.Pages, log: o.Logger, members: o.Members, overseer: o.Administrator,
		publish: o.Publish, bucket: o.Bucket, namedBucket: o.NamedBucket, reveal: o.Reveal, quotaFilters: int64(o.QuotaFilters),
		cache: newColumnCache(cacheBytes), merger: newMerger()}
	if s.namedBucket == nil {
		s.namedBucket = func(ctx context.Context, region string, account macie2.AccountID, name string, _ time.Time) (Bucket, error) {
			return s.bucket(ctx, region, account, name)
		}
	}
	s.registerTasks()
	return s
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindListFindings(s.ListFindings)
	r.BindGetFindings(s.GetFindings)
	r.BindGetFindingStatistics(s.GetFindingStatistics)
	r.BindCreateSampleFindings(s.CreateSampleFindings)

	r.BindCreateFindingsFilter(s.CreateFindingsFilter)
	r.BindGetFindingsFilter(s.GetFindingsFilter)
	r.BindListFindingsFilters(s.ListFindingsFilters)
	r.BindUpdateFindingsFilter(s.UpdateFindingsFilter)
	r.BindDeleteFindingsFilter(s.DeleteFindingsFilter)

	r.BindGetClassificationExportConfiguration(s.GetClassificationExportConfiguration)
	r.BindPutClassificationExportConfiguration(s.PutClassificationExportConfiguration)

	r.BindGetRevealConfiguration(s.GetRevealConfiguration)
	r.BindUpdateRevealConfiguration(s.UpdateRevealConfiguration)
	r.BindGetSensitiveDataOccurrencesAvailability(s.GetSensitiveDataOccurrencesAvailability)
	r.BindGetSensitiveDataOccurrences(s.GetSensitiveDataOccurrences)

	r.BindGetFindingsPublicationConfiguration(s.GetFindingsPublicationConfiguration)
	r.BindPutFindingsPublicationConfiguration(s.PutFindingsPublicationConfiguration)
}

// lane is the store's lane for what changes the findings and rules of an account.
func lane(region string, account macie2.AccountID) string {
	return "findings " + region + "/" + string(account)
}

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
	return s.reread(func() error {
		return s.db.View(ctx, func(tx *store.Tx) error {
			if _, err := session.Require(ctx, tx, call); err != nil {
				return err
			}
			return fn(tx)
		})
	})
}

// A scope is a set of findings that a caller may see: those that the account holds, or those of policy that its members do.
type scope struct {
	region  string
	holder  macie2.AccountID
	members store.List // of the administrator holder; nil: the holder's own findings
}

// scopes are what the caller may see. They have no finding in common.
func (s *Service) scopes(ctx context.Context, tx *store.Tx, call *macie2.Call) ([]scope, error) {
	all := []scope{{region: call.Region, holder: call.Account}}
	members, err := s.members(ctx, tx, call.Region, call.Account)
	if err == nil && len(members) > 0 {
		all = append(all, scope{call.Region, call.Account, store.ListOf(members)})
	}
	return all, err
}

// in adds the condition that a row is in the scope.
func (s *statement) in(x scope) {
	s.sql.WriteString(" region = " + s.arg(x.region))
	if x.members == nil {
		s.sql.WriteString(" and holder = " + s.arg(string(x.holder)))
		return
	}
	s.args = append(s.args, x.members)
	s.sql.WriteString(" and category = 'POLICY' and " + s.dialect.Any("holder", len(s.args)))
}

// decode reads a stored finding.
func decode(document string) (*macie2.Finding, error) {
	x := &macie2.Finding{}
	if err := json.Unmarshal([]byte(document), x); err != nil {
		return nil, fmt.Errorf("stored finding: %w", err)
	}
	return x, nil
}

// none turns the absence of a row into the client's error. What is named by a text that no engine stores is not there either.
func none(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		return resource.ErrNone
	}
	return err
}
