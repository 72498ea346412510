package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/identity"
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
	alice  = macie2.AccountID("111122223333")
	bob    = macie2.AccountID("222233334444")
)

// fixture is a node: a service on a fresh database, whose queue does not run unless a test lets it.
type fixture struct {
	*Service
	t          *testing.T
	db         *store.DB
	queue      *queue.Queue
	data       string // the folder of the master key
	sessions   *session.Service
	membership *membership.Service
	directory  *identity.Directory
	changes    []Change
}

// each runs fn on every engine. node makes one more node on the same database.
func each(t *testing.T, fn func(t *testing.T, node func(...func(*Options)) *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		data := t.TempDir()
		fn(t, func(edit ...func(*Options)) *fixture { return newFixture(t, open(), data, edit...) })
	})
}

func newFixture(t *testing.T, db *store.DB, data string, edit ...func(*Options)) *fixture {
	t.Helper()
	key, err := identity.LoadMasterKey(t.Context(), db, identity.MasterKeySource{Folder: data})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, db: db, data: data, queue: queue.Open(db, queue.Options{Logger: storetest.Logger(t), Poll: 20 * time.Millisecond})}
	f.directory = identity.NewDirectory(db, identity.Options{})
	pages := pagetoken.New([]byte("a key of sixteen bytes and more"))
	f.sessions = session.New(db, f.queue)
	f.membership = membership.New(membership.Options{DB: db, Queue: f.queue, Directory: f.directory, Sessions: f.sessions, Pages: pages, Logger: storetest.Logger(t)})
	o := Options{DB: db, Queue: f.queue, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose), Pages: pages, Logger: storetest.Logger(t),
		Directory: f.directory}
	for _, e := range edit {
		e(&o)
	}
	f.Service = New(o)
	f.sessions.Hook(f.SessionHooks())
	t.Cleanup(func() { f.Service.Close() })
	return f
}

func call(account macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: account, Region: region, Now: time.Now().UTC().Truncate(time.Millisecond),
		Principal: macie2.Principal{ARN: "arn:aws:iam::" + string(account) + ":user/admin", Account: account}}
}

// enable enables Macie for accounts.
func (f *fixture) enable(ids ...macie2.AccountID) {
	f.t.Helper()
	for _, id := range ids {
		if _, err := f.sessions.EnableMacie(f.t.Context(), call(id), &macie2.EnableMacieInput{}); err != nil {
			f.t.Fatal(err)
		}
	}
}

// run does the tasks of the queue until the test ends.
func (f *fixture) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { _ = f.queue.Run(ctx); done <- struct{}{} }()
	go func() { _ = f.Service.Run(ctx); done <- struct{}{} }()
	f.t.Cleanup(func() { cancel(); <-done; <-done })
}

// lookNow does a look at a store, in this goroutine.
func (f *fixture) lookNow(account macie2.AccountID, name string) Store {
	f.t.Helper()
	x, err := f.Store(f.t.Context(), account, name)
	if err != nil {
		f.t.Fatal(err)
	}
	if o := f.look(f.t.Context(), queue.Task{Key: x.ID}); o.Status != queue.Done {
		f.t.Fatalf("the look came to %v: %s", o.Status, o.Detail)
	}
	if x, err = f.Store(f.t.Context(), account, name); err != nil {
		f.t.Fatal(err)
	}
	return x
}

// addFolder makes a folder with files a store of an account. Names that end in a slash are folders.
func (f *fixture) addFolder(account macie2.AccountID, name string, files map[string]string) string {
	f.t.Helper()
	dir := f.t.TempDir()
	writeFiles(f.t, dir, files)
	_, err := f.AddStore(f.t.Context(), account, ByOperator, Settings{Name: name, Region: region, Kind: KindFolder, Endpoint: "file://" + dir}, time.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	return dir
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if name[len(name)-1] == '/' {
			if err := os.MkdirAll(p, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// names are the names of an account's buckets.
func (f *fixture) names(account macie2.AccountID) []string {
	f.t.Helper()
	var names []string
	err := f.db.View(f.t.Context(), func(tx *store.Tx) error {
		list, err := readRecords(f.t.Context(), tx, "b.region = $1 and b.account_id = $2 order by b.name", region, string(account))
		names = nil
		for _, r := range list {
			names = append(names, r.Name)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return names
}

// A bucket may be named before a look has shown it: of a store that is new, and one that was made since the last look.
func TestABucketIsNamedBeforeItIsSeen(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		dir := f.addFolder(alice, "files", map[string]string{"hr/a.txt": "alpha"})
		f.run()
		if _, err := f.OpenExpected(t.Context(), region, alice, "hr", time.Now()); err != nil {
			t.Errorf("a new store's bucket: %v", err)
		}
		if content, code, why := f.ReadText(t.Context(), region, alice, "hr", "a.txt", 100); string(content) != "alpha" {
			t.Errorf("a list of words in it: %s %s", code, why)
		}
		if _, err := f.OpenExpected(t.Context(), region, alice, "none", time.Now()); !errors.Is(err, ErrNoBucket) {
			t.Errorf("a bucket that is not there: %v", err)
		}
		writeFiles(t, dir, map[string]string{"results/": ""})
		if _, err := f.Open(t.Context(), region, alice, "results"); !errors.Is(err, ErrNoBucket) {
			t.Fatalf("a bucket that no look has shown: %v", err)
		}
		if _, err := f.OpenExpected(t.Context(), region, alice, "results", time.Now()); err != nil {
			t.Errorf("a bucket that was made since the last look: %v", err)
		}
		for _, account := range []macie2.AccountID{bob, alice} { // bob has no store, and none of alice's
			if _, err := f.OpenExpected(t.Context(), region, account, "a/b", time.Now()); !errors.Is(err, ErrNoBucket) {
				t.Errorf("%s: %v", account, err)
			}
		}
	})
}

// A list of words is read from a bucket of a store that is new.
func TestWordsBeforeTheFirstLook(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		f.addFolder(alice, "files", map[string]string{"lists/words.txt": "alpha"})
		f.run()
		if content, code, why := f.ReadText(t.Context(), region, alice, "lists", "words.txt", 100); string(content) != "alpha" {
			t.Errorf("%s %s", code, why)
		}
	})
}

func TestAFolderIsAStore(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		f.enable(alice)
		dir := f.addFolder(alice, "files", map[string]string{"hr/a.txt": "alpha", "hr/2026/b.csv": "beta", "sales/": "", "loose.txt": "x", ".hidden/c": "c"})
		if x := f.lookNow(alice, "files"); x.Status != StatusReady || x.LookedAt.IsZero() {
			t.Errorf("the store is %s (%s), looked at %v", x.Status, x.Detail, x.LookedAt)
		}
		if got := f.names(alice); !slices.Equal(got, []string{"hr", "sales"}) {
			t.Errorf("buckets %v", got)
		}
		b, err := f.Open(t.Context(), region, alice, "hr")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		if err := b.Walk(t.Context(), "", "", func(objects []objectstore.Object) error {
			for _, o := range objects {
				keys = append(keys, o.Key)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(keys, []string{"2026/b.csv", "a.txt"}) {
			t.Errorf("keys %v", keys)
		}
		if _, err := f.Open(t.Context(), region, bob, "hr"); !errors.Is(err, ErrNoBucket) {
			t.Errorf("another account's bucket: %v", err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "sales")); err != nil {
			t.Fatal(err)
		}
		f.lookNow(alice, "files")
		if got := f.names(alice); !slices.Equal(got, []string{"hr"}) {
			t.Errorf("buckets after one is gone: %v", got)
		}
	})
}

// A secret is nowhere but in the sealed column, and the key that seals it may change.
func TestSecretsAreSealedAndResealed(t *testing.T) {
	each(t, func(t *testing.T, node func(...func(*Options)) *fixture) {
		f := node()
		const secret = "a-secret-that-nobody-sees"
		added, err := f.AddStore(t.Context(), alice, ByOperator, Settings{Name: "s", Region: region, Kind: KindS3,
			Endpoint: "https://storage.example.com", AccessKeyID: "AKIDEXAMPLE", Secret: secret}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		x, err := f.Store(t.Context(), alice, "s")
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{"what was added": fmt.Sprintf("%+v %#v", added, added), "what is read": fmt.Sprintf("%+v %#v", x, x)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the secret", what)
			}
		}
		if got, err := f.secret(x); err != nil || got.Reveal() != secret {
			t.Errorf("the secret opens as %q, %v", got.Reveal(), err)
		}
		moved := x
		moved.ID = "another"
		if _, err := f.secret(moved); err == nil {
			t.Error("the secret opens for another store")
		}
		r, err := identity.RotateMasterKey(t.Context(), f.db, identity.MasterKeySource{Folder: f.data}, nil)
		if err != nil || r.Secrets != 1 {
			t.Fatalf("the rotation moved %d secrets: %v", r.Secrets, err)
		}
		if _, err := f.UpdateStore(t.Context(), alice, "s", time.Now(), func(x *Store) error { x.Secret = "other"; return nil }); !errors.Is(err, identity.ErrRotated) {
			t.Errorf("a node with the old key writes a secret: %v", err)
		}
		g := node()
		if x, err = g.Store(t.Context(), alice, "s"); err != nil {
			t.Fatal(err)
		}
		if got, err := g.secret(x); err != nil || got.Reveal() != secret {
			t.Errorf("after the rotation the secret opens as %q, %v", got.Reveal(), err)
		}
	})
}

// storeOn is a fresh SQLite store.
func storeOn(t *testing.T) *store.DB { return storetest.Open(t, storetest.Fresh(t, "sqlite")) }

// join makes an account another's member, by invitation.
func (f *fixture) join(administrator, member macie2.AccountID) {
	f.t.Helper()
	ctx := f.t.Context()
	err := f.db.Tx(ctx, "test", func(tx *store.Tx) error {
		for _, s := range []store.Stmt{
			{SQL: `update macie_session set standing = 'Administrator', counted = 1 where region = $1 and account_id = $2`, Args: []any{region, string(administrator)}},
			{SQL: `update macie_session set standing = 'Member' where region = $1 and account_id = $2`, Args: []any{region, string(member)}},
			{SQL: `insert into member (region, administrator_id, account_id, email, status, created_at, updated_at) values ($1, $2, $3, 'm@example.com', 'Enabled', 1, 1)`,
				Args: []any{region, string(administrator), string(member)}},
		} {
			if _, err := tx.Exec(ctx, s.SQL, s.Args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}
