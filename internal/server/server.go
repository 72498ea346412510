package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/audit"
	"magpie/internal/certificate"
	"magpie/internal/connlimit"
	"magpie/internal/discovery"
	"magpie/internal/finding"
	"magpie/internal/identifier"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/permission"
	"magpie/internal/publication"
	"magpie/internal/queue"
	"magpie/internal/resource"
	"magpie/internal/sampling"
	"magpie/internal/session"
	"magpie/internal/signin"
	"magpie/internal/source"
	"magpie/internal/store"
	"magpie/internal/usage"
)

// drainTime is how long running requests and tasks have to finish once a stop was asked for.
const drainTime = 10 * time.Second

// Server is a running node: a listener, unless it is a worker only, and the background work.
type Server struct {
	config      Config
	log         *slog.Logger
	db          *store.DB
	identity    *identity.Service
	sessions    *session.Service
	membership  *membership.Service
	findings    *finding.Service
	publication *publication.Service
	inventory   *inventory.Service
	jobs        *discovery.Service
	usage       *usage.Service
	sampling    *sampling.Service
	pool        *analyse.Pool
	registry    *macie2.Registry
	queue       *queue.Queue
	http        *http.Server
	metrics     *http.Server // where it has an address of its own
	url         string
	tls         *certificate.Files  // nil without TLS
	connections *connlimit.Listener // nil in a worker
	signins     *signin.Service     // nil without the console
	flowSealer  identity.Sealer     // of sign-ins that are on their way through a browser

	proxies source.Proxies

	metricsListener *connlimit.Listener // nil where /metrics is beside everything else

	audit    *audit.Trail // nil on a worker
	keyID    string       // of the master key
	draining atomic.Bool

	stopWork  context.CancelFunc
	work      sync.WaitGroup
	failed    chan error
	closeMail func() error
	held      io.Closer // the data folder; nil where it is not held
}

// Start opens the store, migrating it where needed, and serves. Close ends what Start began; ctx
// bounds the start alone.
func Start(ctx context.Context, c Config, log *slog.Logger) (_ *Server, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, log: log, failed: make(chan error, 3), closeMail: func() error { return nil }}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	log.Info("starting", "data", c.storeName())
	if c.Exclusive && c.DatabaseURL == "" {
		if s.held, err = hold(c.Data, c.Listen); err != nil {
			return nil, err
		}
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx, listener); err != nil {
		if listener != nil {
			listener.Close()
		}
		return nil, err
	}
	s.run(listener)
	return s, nil
}

// listen takes the address first: a port that is in use should not be found out after a migration.
func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	if s.config.WorkerOnly {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", s.config.Listen, err)
	}
	s.url = s.config.endpoint(listener.Addr())
	if s.proxies, err = source.ParseProxies(s.config.TrustedProxies); err != nil {
		return nil, err
	}
	s.connections = connlimit.New(listener, connlimit.Options{
		Max: s.config.MaxConnections, PerSource: s.config.MaxPerSource, TLS: s.config.TLSCert != "", Proxies: s.proxies, Log: s.log,
	})
	return s.connections, s.listenMetrics(ctx)
}

// open puts the parts together.
func (s *Server) open(ctx context.Context, listener net.Listener) error {
	var err error
	if s.config.TLSCert != "" {
		if s.tls, err = certificate.Load(s.config.TLSCert, s.config.TLSKey, s.log); err != nil {
			return err
		}
	}
	key, err := s.openIdentity(ctx)
	if err != nil {
		return err
	}
	m := newMetrics(s.db, s.queue, s.log)
	mailer, err := s.openMail(m)
	if err != nil {
		return err
	}
	pageKey := key.Derive("page tokens")
	pages := pagetoken.New(pageKey[:])
	s.sessions = session.New(s.db, s.queue)
	s.membership = membership.New(membership.Options{
		DB: s.db, Queue: s.queue, Directory: s.identity.Directory, Sessions: s.sessions, Pages: pages, Logger: s.log, Mailer: mailer,
		MailRate: s.config.MailRate, MailBounds: membership.MailBounds{Cooldown: s.config.MailCooldown,
			PerRecipient: s.config.MailPerRecipient, PerAdministrator: s.config.MailPerAdministrator},
	})
	if err := s.keepQuotas(ctx); err != nil {
		return err
	}
	s.registry = macie2.NewRegistry()
	s.sessions.Bind(s.registry)
	s.membership.Bind(s.registry)
	s.sessions.Hook(s.membership.SessionHooks())
	if err := s.openUsage(pages); err != nil {
		return err
	}
	if err := s.openInventory(key, pages, m); err != nil {
		return err
	}
	identifiers := identifier.New(identifier.Options{DB: s.db, Pages: pages, Words: s.inventory, MayRead: permission.MayRead})
	identifiers.Bind(s.registry)
	s.sessions.Hook(identifiers.SessionHooks())
	s.openFindings(key, pages, m)
	jobs, err := s.openDiscovery(pages)
	if err != nil {
		return err
	}
	if err := s.openSampling(pages); err != nil {
		return err
	}
	tagged := s.sessions.TagKinds()
	maps.Copy(tagged, s.membership.TagKinds())
	maps.Copy(tagged, identifiers.TagKinds())
	maps.Copy(tagged, s.findings.TagKinds())
	maps.Copy(tagged, jobs.TagKinds())
	tags := resource.NewService(s.db, tagged)
	tags.Bind(s.registry)
	if listener == nil {
		return nil
	}
	return s.openEdge(ctx, tags, pages, m, jobs, identifiers)
}

// openIdentity opens the database, the queue in it, and accounts and keys under the master key.
func (s *Server) openIdentity(ctx context.Context) (key identity.MasterKey, err error) {
	if s.db, err = OpenStore(ctx, s.config, s.log); err != nil {
		return key, err
	}
	key, err = identity.LoadMasterKey(ctx, s.db, identity.MasterKeySource{Env: s.config.MasterKey, Folder: s.config.Data, Logger: s.log})
	if err != nil {
		return key, err
	}
	s.keyID = key.ID()
	if !s.config.WorkerOnly {
		if err := identity.MarkDev(s.config.Data, s.config.Dev); err != nil {
			return key, fmt.Errorf("--data: %w", err)
		}
	}
	s.queue = queue.Open(s.db, queue.Options{Logger: s.log})
	hooks := accountHooks(func() *membership.Service { return s.membership }) // which asks identity, and is made after it
	s.flowSealer = identity.NewSealer(key, "console sign-in")
	s.identity, err = identity.Open(ctx, s.db, key, identity.Options{Dev: s.config.Dev, Hooks: hooks})
	return key, err
}

// openMail opens what delivers mail, and counts what becomes of it; nil where none is configured.
func (s *Server) openMail(m *metrics) (membership.Mailer, error) {
	endpoint := s.url
	if endpoint == "" {
		endpoint = s.config.PublicURL
	}
	mailer, closeMail, err := newMailer(s.config, endpoint)
	if err != nil {
		return nil, err
	}
	s.closeMail = closeMail
	switch {
	case mailer == nil:
		s.log.Warn("no mail is sent: neither --smtp-url nor --mail-dir is set; each invitation's history says so")
	case !s.config.Dev && !s.config.reachable():
		s.log.Warn("mails tell people to use an address that only this machine has: set --public-url", "address", endpoint)
	}
	return m.counting(mailer), nil
}

// keepQuotas keeps the quotas that were given in the database, where all nodes find them.
func (s *Server) keepQuotas(ctx context.Context) error {
	q := membership.Quota{UpdatedAt: time.Now()}
	if n := s.config.QuotaMembers; n > 0 {
		q.Members = macie2.Ptr(int64(n))
	}
	if n := s.config.QuotaOrganizationMembers; n > 0 {
		q.OrganizationMembers = macie2.Ptr(int64(n))
	}
	if q.Members == nil && q.OrganizationMembers == nil {
		return nil
	}
	return membership.SetQuota(ctx, s.db, q)
}

// AccountHooks are what follows a change of an account, for programs that change accounts in a
// store without serving from it.
func AccountHooks(db *store.DB) identity.Hooks {
	log := slog.New(slog.DiscardHandler)
	q := queue.Open(db, queue.Options{Logger: log})
	s := membership.New(membership.Options{
		DB: db, Queue: q, Directory: identity.NewDirectory(db, identity.Options{}), Sessions: session.New(db, q), Logger: log,
	})
	return accountHooks(func() *membership.Service { return s })
}

func accountHooks(m func() *membership.Service) identity.Hooks {
	return identity.Hooks{
		OnAccountStatus: func(ctx context.Context, tx *store.Tx, id macie2.AccountID, status identity.AccountStatus) error {
			return m().AccountStatusChanged(ctx, tx, id, status)
		},
		OnAccountRegion: func(ctx context.Context, tx *store.Tx, a identity.Account, region string) error {
			return m().AccountRegionChanged(ctx, tx, a, region)
		},
		OnOrganizationJoin: func(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) error {
			return m().OrganizationJoined(ctx, tx, o, ids)
		},
		OnOrganizationLeave: func(ctx context.Context, tx *store.Tx, o identity.OrganizationID, ids []macie2.AccountID) error {
			return m().OrganizationLeft(ctx, tx, o, ids)
		},
		OnDelegateDeregistered: func(ctx context.Context, tx *store.Tx, o identity.OrganizationID, id macie2.AccountID, service identity.ServicePrincipal, by macie2.Principal) error {
			return m().DelegateDeregistered(ctx, tx, o, id, service, by)
		},
	}
}

// storeName is where the data are, as people know it.
func (c Config) storeName() string {
	if c.DatabaseURL != "" {
		return store.DatabaseName(c.DatabaseURL)
	}
	if path, err := filepath.Abs(c.Data); err == nil {
		return path
	}
	return c.Data
}

// OpenStore opens the store that the configuration names, creating the folder of an embedded one.
func OpenStore(ctx context.Context, c Config, log *slog.Logger) (*store.DB, error) {
	o := store.Options{URL: c.DatabaseURL, Logger: log}
	if c.DatabaseURL == "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
		o.Path = filepath.Join(c.Data, "magpie.db")
	}
	return store.Open(ctx, o)
}

// run starts what goes on until Close.
func (s *Server) run(listener net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	s.stopWork = cancel
	s.work.Go(func() {
		if err := s.queue.Run(ctx); err != nil && ctx.Err() == nil {
			s.failed <- fmt.Errorf("background work: %w", err)
		}
	})
	s.work.Go(func() { _ = s.findings.Run(ctx) })  // it ends with ctx, and logs what goes wrong until then
	s.work.Go(func() { _ = s.inventory.Run(ctx) }) // likewise
	s.work.Go(func() { _ = s.publication.Run(ctx) })
	s.work.Go(func() { _ = s.usage.Run(ctx) })
	s.work.Go(func() { _ = s.sampling.Run(ctx) })
	s.work.Go(func() {
		if err := s.jobs.Resume(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("jobs that wait for a larger quota cannot be resumed", "error", err)
		}
	})
	if listener == nil {
		s.log.Info("working", "engine", s.db.Engine())
		return
	}
	s.runMetrics()
	if s.signins != nil {
		s.work.Go(func() { s.signins.Run(ctx) })
	}
	if s.tls != nil {
		s.http.TLSConfig = s.tls.Config()
		s.work.Go(func() { s.tls.Watch(ctx) })
	}
	s.work.Go(func() {
		var err error
		if s.tls != nil {
			err = s.http.ServeTLS(listener, "", "")
		} else {
			err = s.http.Serve(listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", s.url, err)
		}
	})
	s.log.Info("serving", "url", s.url, "engine", s.db.Engine(), "dev", s.config.Dev)
}

// Failed delivers the error of a part that ended by itself. A Server that has failed is still to be
// closed.
func (s *Server) Failed() <-chan error { return s.failed }

// URL is where the server is reached: the public URL where there is one, else the address that it
// listens on.
func (s *Server) URL() string { return s.url }

// Inventory gives access to stores and buckets, for programs that hold a server themselves.
func (s *Server) Inventory() *inventory.Service { return s.inventory }

// Identity gives access to accounts and keys, for programs that hold a server themselves.
func (s *Server) Identity() *identity.Service { return s.identity }

// Close stops taking requests, lets running requests and tasks finish for up to 10 seconds, and
// closes the store.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var errs []error
	s.draining.Store(true)
	// Requests and tasks drain side by side: in turn, a request and a mail that both hang would
	// take twice the time.
	if s.stopWork != nil {
		s.stopWork()
	}
	if s.http != nil {
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("drain requests: %w", err), s.http.Close())
		}
	}
	errs = append(errs, s.closeMetrics())
	s.work.Wait()
	if s.pool != nil {
		s.pool.Close()
	}
	if s.inventory != nil {
		errs = append(errs, s.inventory.Close())
	}
	if s.usage != nil && s.db != nil {
		errs = append(errs, s.usage.Flush(ctx)) // what was counted until the end
	}
	errs = append(errs, s.closeMail())
	if s.audit != nil {
		errs = append(errs, s.audit.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.held != nil {
		errs = append(errs, s.held.Close())
	}
	return errors.Join(errs...)
}
