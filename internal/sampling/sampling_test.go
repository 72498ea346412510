package sampling

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/analyse"
	"magpie/internal/discovery"
	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	region = "eu-west-1"
	alice  = macie2.AccountID("111122223333") // the administrator of bob and carol
	bob    = macie2.AccountID("222233334444")
	carol  = macie2.AccountID("333344445555")
	dave   = macie2.AccountID("444455556666") // on its own
)

// card is what is found in an object.
const card = "credit card number 4539 1488 0343 6467\n"

// node is a server's part in automated discovery, with a clock of its own.
type node struct {
	t *testing.T
	*Service
	db         *store.DB
	queue      *queue.Queue
	sessions   *session.Service
	membership *membership.Service
	inventory  *inventory.Service
	findings   *finding.Service
	clock      *clock
	dirs       map[macie2.AccountID]string
}

// clock is the time of all nodes of a test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// connect opens stores that are made up; nil where there are none. A test that sets it does not run beside others.
var connect func(inventory.Store) (objectstore.Store, error)

// each runs a test on every engine. More nodes share the database.
func each(t *testing.T, test func(t *testing.T, more func(...func(*Options)) *node)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		data := t.TempDir()
		c := &clock{at: time.Now().UTC().Truncate(time.Second)}
		test(t, func(edit ...func(*Options)) *node { return start(t, open(), data, c, edit...) })
	})
}

func start(t *testing.T, db *store.DB, data string, c *clock, edit ...func(*Options)) *node {
	t.Helper()
	key, err := identity.LoadMasterKey(t.Context(), db, identity.MasterKeySource{Folder: data})
	if err != nil {
		t.Fatal(err)
	}
	log := storetest.Logger(t)
	n := &node{t: t, db: db, clock: c, dirs: map[macie2.AccountID]string{},
		queue: queue.Open(db, queue.Options{Logger: log, Poll: 20 * time.Millisecond, Clock: c.now})}
	pages := pagetoken.New([]byte("a key of sixteen bytes and more"))
	directory := identity.NewDirectory(db, identity.Options{})
	n.sessions = session.New(db, n.queue)
	n.membership = membership.New(membership.Options{DB: db, Queue: n.queue, Directory: directory, Sessions: n.sessions, Pages: pages, Logger: log, Now: c.now})
	n.sessions.Hook(n.membership.SessionHooks())
	n.inventory = inventory.New(inventory.Options{DB: db, Queue: n.queue, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose), Pages: pages,
		Logger: log, Directory: directory, Now: c.now, Connect: connect})
	t.Cleanup(func() { n.inventory.Close() })
	n.sessions.Hook(n.inventory.SessionHooks())
	n.findings = finding.New(finding.Options{DB: db, Queue: n.queue, Pages: pages, Logger: log})
	n.sessions.Hook(n.findings.SessionHooks())
	pool := analyse.New(analyse.Options{Workers: 2, InProcess: true, Log: log})
	t.Cleanup(pool.Close)
	jobs := discovery.New(discovery.Options{DB: db, Queue: n.queue, Pages: pages, Inventory: n.inventory, Findings: n.findings, Pool: pool, Logger: log,
		Members: membership.MembersOf})
	o := Options{DB: db, Queue: n.queue, Pages: pages, Inventory: n.inventory, Findings: n.findings, Reader: jobs, Logger: log, Now: c.now}
	for _, e := range edit {
		e(&o)
	}
	n.Service = New(o)
	n.sessions.Hook(n.Service.SessionHooks())
	n.membership.OnAssociation(n.Associated)
	return n
}

func (n *node) call(account macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: account, Region: region, Now: n.clock.now(), Principal: macie2.Principal{Account: account}}
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) enable(accounts ...macie2.AccountID) {
	n.t.Helper()
	for _, a := range accounts {
		_, err := n.sessions.EnableMacie(n.t.Context(), n.call(a), &macie2.EnableMacieInput{})
		n.must(err)
	}
}

// settled lets everything happen that is due now.
func (n *node) settled() {
	n.t.Helper()
	for range 3 {
		n.must(n.Tick(n.t.Context()))
		_, err := n.queue.Drain(n.t.Context())
		n.must(err)
	}
	n.must(n.Tick(n.t.Context()))
}

// joins lets an account become a member of another one, or leave it, as far as other packages see.
func (n *node) joins(administrator, member macie2.AccountID, joined bool) {
	n.t.Helper()
	n.must(n.db.Tx(n.t.Context(), "test", func(tx *store.Tx) error {
		at := n.clock.now()
		if joined {
			tx.Defer(`update macie_session set standing = 'Administrator' where region = $1 and account_id = $2`, region, string(administrator))
			tx.Defer(`update macie_session set standing = 'Member' where region = $1 and account_id = $2`, region, string(member))
			tx.Defer(`insert into member (region, administrator_id, account_id, status, created_at, updated_at) values ($1, $2, $3, 'Enabled', $4, $4)
				on conflict (region, administrator_id, account_id) do update set status = 'Enabled'`, region, string(administrator), string(member), at.UnixMilli())
		} else {
			tx.Defer(`update member set status = 'Removed' where region = $1 and administrator_id = $2 and account_id = $3`, region, string(administrator), string(member))
			tx.Defer(`update macie_session set standing = 'Standalone' where region = $1 and account_id = $2`, region, string(member))
		}
		n.Associated(tx, membership.Association{Region: region, Administrator: administrator, Member: member, Joined: joined, At: at})
		return nil
	}))
}

// files makes or changes files of an account, whose first folders are buckets; an empty content deletes one. The inventory knows of it
// afterwards.
func (n *node) files(account macie2.AccountID, files map[string]string) {
	n.t.Helper()
	dir := n.dirs[account]
	if dir == "" {
		dir = n.t.TempDir()
		n.dirs[account] = dir
		defer func() {
			_, err := n.inventory.AddStore(n.t.Context(), account, inventory.ByOperator,
				inventory.Settings{Name: "files", Region: region, Kind: inventory.KindFolder, Endpoint: "file://" + dir}, n.clock.now())
			n.must(err)
			n.look()
		}()
	} else {
		defer n.look()
	}
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			n.must(os.MkdirAll(p, 0o755))
			continue
		}
		if content == "" {
			n.must(os.Remove(p))
			continue
		}
		n.must(os.MkdirAll(filepath.Dir(p), 0o755))
		n.must(os.WriteFile(p, []byte(content), 0o644))
	}
}

// look lets the inventory look at all stores.
func (n *node) look() {
	n.t.Helper()
	n.must(n.db.Tx(n.t.Context(), "test", func(tx *store.Tx) error {
		if _, err := tx.Exec(n.t.Context(), `update object_store set full_at = null, look_begun_at = null`); err != nil {
			return err
		}
		var tasks []queue.New
		err := tx.Query(n.t.Context(), func(r store.Row) error {
			x := queue.New{Kind: "inventory.look"}
			err := r.Scan(&x.Key, &x.Tenant)
			tasks = append(tasks, x)
			return err
		}, `select id, account_id from object_store`)
		if err != nil {
			return err
		}
		return n.queue.Enqueue(n.t.Context(), tx, tasks...)
	}))
	_, err := n.queue.Drain(n.t.Context())
	n.must(err)
}

func refused(t *testing.T, err error, code macie2.Exception, says string) {
	t.Helper()
	var refusal *macie2.Error
	if !errors.As(err, &refusal) || refusal.Code != code || !strings.Contains(refusal.Message, says) {
		t.Errorf("got %v, want %s with %q", err, code, says)
	}
}

func (n *node) configured(account macie2.AccountID, status macie2.AutomatedDiscoveryStatus, mode macie2.AutoEnableMode) error {
	in := &macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: &status}
	if mode != "" {
		in.AutoEnableOrganizationMembers = &mode
	}
	_, err := n.UpdateAutomatedDiscoveryConfiguration(n.t.Context(), n.call(account), in)
	return err
}

func bucketARN(name string) *string { return macie2.Ptr("arn:aws:s3:::" + name) }
