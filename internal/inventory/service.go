package inventory

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"magpie/internal/identity"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// Options are the parts and settings of a Service. DB, Queue and Sealer are required, Pages to serve operations.
type Options struct {
	DB     *store.DB
	Queue  *queue.Queue
	Sealer identity.Sealer
	Pages  *pagetoken.Issuer
	Logger *slog.Logger
	// Directory is nil where there are no organizations.
	Directory Directory
	// Endpoints are those that accounts may name for stores of their own.
	Endpoints Endpoints
	// Meter is told of calls to stores, if not nil.
	Meter Meter
	// Now is the clock of the background work; operations carry their own time. nil means time.Now.
	Now func() time.Time
	// QuotaBuckets is the number of buckets of an account in a Region that are looked at; 0 means DefaultQuotaBuckets.
	QuotaBuckets int
	// Connect opens a store in place of the ways that are known, if not nil: simulations make their stores up.
	Connect func(Store) (objectstore.Store, error)
	// Reads is how many objects of one store all processes together read at once; 0 means DefaultReads.
	Reads int
}

// DefaultReads is how many objects of a store are read at once, unless told otherwise.
const DefaultReads = 32

// DefaultQuotaBuckets is Macie's own.
const DefaultQuotaBuckets = 10_000

// Service owns stores and buckets. Its methods may be called at once from any number of goroutines and processes.
type Service struct {
	db        *store.DB
	queue     *queue.Queue
	sealer    identity.Sealer
	pages     *pagetoken.Issuer
	log       *slog.Logger
	directory Directory
	endpoints Endpoints
	meter     Meter
	now       func() time.Time
	quota     int

	standings Judge // nil: no bucket has a score
	onChange  []func(context.Context, *store.Tx, Change) error

	node       string        // names this process
	checkpoint time.Duration // between two records of a census

	connectTo func(Store) (objectstore.Store, error)

	reads int
	lost  time.Duration // after which a process that says nothing uses no store any more

	mu   sync.Mutex
	open map[string]*backend // by the store's id
}

// New returns a Service and registers its background work with the queue.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, queue: o.Queue, sealer: o.Sealer, pages: o.Pages, log: o.Logger, directory: o.Directory, endpoints: o.Endpoints, meter: o.Meter,
		now: o.Now, quota: o.QuotaBuckets, open: map[string]*backend{}, node: newID(), checkpoint: censusCheckpoint, connectTo: o.Connect, lost: shareLost,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.quota == 0 {
		s.quota = DefaultQuotaBuckets
	}
	if s.reads = o.Reads; s.reads <= 0 {
		s.reads = DefaultReads
	}
	if s.meter == nil {
		s.meter = noMeter{}
	}
	s.registerTasks()
	return s
}

// Close lets the connections to stores go.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, b := range s.open {
		_ = b.store.Close() // what they had open was read only
		delete(s.open, id)
	}
	return nil
}

// OnChange registers what has to happen, in the same transaction, when a bucket has changed in a way that Macie has a finding for. It must
// be called before Run.
func (s *Service) OnChange(hook func(context.Context, *store.Tx, Change) error) {
	s.onChange = append(s.onChange, hook)
}
