package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// start starts a node on a free port with a data folder of its own.
func start(t *testing.T, c Config) *Server {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	if c.Data == "" {
		c.Data = dataFolder(t)
	}
	s, err := Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// dataFolder is one with a store in which nothing is yet.
func dataFolder(t *testing.T) string {
	t.Helper()
	return filepath.Dir(storetest.Fresh(t, "sqlite").Path)
}

// A mistake in the configuration shows at start, before anything is made.
func TestStartRefuses(t *testing.T) {
	for _, x := range []struct {
		config Config
		want   string
	}{
		{Config{Dev: true, Listen: "0.0.0.0:8484"}, `--dev checks no secrets and listens on loopback only, not on "0.0.0.0:8484": use 127.0.0.1, or leave --dev out`},
		{Config{Dev: true, Listen: ":8484"}, `--dev checks no secrets and listens on loopback only, not on ":8484": use 127.0.0.1, or leave --dev out`},
		{Config{Dev: true, Listen: "[::]:8484"}, `--dev checks no secrets and listens on loopback only, not on "[::]:8484": use 127.0.0.1, or leave --dev out`},
		{Config{Dev: true, Listen: "magpie.example.com:8484"}, `--dev checks no secrets and listens on loopback only`},
		{Config{Dev: true, Listen: "8484"}, `--listen "8484": address 8484: missing port in address`},
		{Config{Listen: "8484"}, `--listen 8484: listen tcp: address 8484: missing port in address`},
		{Config{TLSCert: "cert.pem"}, "--tls-cert and --tls-key go together: give both"},
		{Config{TLSKey: "key.pem"}, "--tls-cert and --tls-key go together: give both"},
		{Config{SMTPURL: "smtp://relay.example.com", MailDir: "mail"}, "--smtp-url and --mail-dir exclude each other: give one of them"},
		{Config{SMTPURL: "http://relay.example.com"}, "--smtp-url: "},
		{Config{MailFrom: "not an address", MailDir: "mail"}, "--mail-from, --public-url: mail sender: "},
		{Config{PublicURL: "magpie.example.com", MailDir: "mail"}, "--mail-from, --public-url: endpoint URL for invitations: "},
		{Config{WorkerOnly: true, SMTPURL: "smtp://relay.example.com"}, "--public-url is missing: a worker that sends mail has no address of its own to tell people"},
		{Config{MailRate: -1}, "--mail-rate must be at least 1"},
		{Config{QuotaMembers: -1}, "--quota-members must be at least 1"},
		{Config{QuotaOrganizationMembers: -1}, "--quota-organization-members must be at least 1"},
		{Config{MaxConnections: -1}, "--max-connections must be at least 1"},
		{Config{Listen: "127.0.0.1:0", TLSCert: "there-is-none.pem", TLSKey: "there-is-none.pem"}, "--tls-cert, --tls-key: open there-is-none.pem: no such file or directory"},
	} {
		x.config.Data = filepath.Join(t.TempDir(), "data")
		s, err := Start(t.Context(), x.config, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%+v is answered %v\nwant %s", x.config, err, x.want)
		}
		if _, err := os.Stat(x.config.Data); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%+v was refused, and has left %s", x.config, x.config.Data)
		}
	}
}

// An address that is taken, a folder that cannot be made, a database that is not there: said at
// start, with the flag.
func TestStartFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		config Config
		want   string
	}{
		{Config{Listen: taken.Addr().String()}, "--listen " + taken.Addr().String()},
		{Config{Data: file}, "--data: "},
		{Config{DatabaseURL: "mysql://magpie:hunter2@db/magpie"}, ""},
		{Config{MailDir: file}, ""},
		{Config{MasterKey: "hunter2"}, ""},
	} {
		if x.config.Listen == "" {
			x.config.Listen = "127.0.0.1:0"
		}
		if x.config.Data == "" {
			x.config.Data = t.TempDir()
		}
		s, err := Start(t.Context(), x.config, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
		}
		t.Log(err)
		if err == nil || !strings.HasPrefix(err.Error(), x.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v is answered %v, want %s", x.config, err, x.want)
		}
	}
}

// In dev mode every loopback address will do.
func TestDevListensOnLoopback(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "localhost:0", "127.8.8.8:0", "[::1]:0", "[::ffff:127.0.0.1]:0"} {
		if _, err := (Config{Dev: true, Listen: listen}).withDefaults(); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

// A node that was closed starts again on the same data, with what it knew; a page token is good on
// the next one.
func TestCloseAndStartAgain(t *testing.T) {
	data := t.TempDir()
	first := start(t, Config{Data: data})
	if _, err := first.Identity().CreateAccount(t.Context(), "111122223333", "a@example.com", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(first.URL() + "/healthz"); err == nil {
		t.Error("a closed node answers")
	}
	again := start(t, Config{Data: data})
	if a, err := again.Identity().Account(t.Context(), "111122223333"); err != nil || a.Email != "a@example.com" {
		t.Errorf("the account reads %+v, %v", a, err)
	}
}

// A worker has no listener, and does what other nodes have left.
func TestWorker(t *testing.T) {
	s := start(t, Config{WorkerOnly: true})
	if s.URL() != "" || s.http != nil {
		t.Errorf("a worker listens on %s", s.URL())
	}
}

// Whether a node can do its work is another question than whether it serves.
func TestHealth(t *testing.T) {
	s := start(t, Config{})
	get := func(path string) string {
		t.Helper()
		resp, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Status + " " + string(body)
	}
	for path, want := range map[string]string{"/healthz": "200 OK ok\n", "/readyz": "200 OK ready\n"} {
		if got := get(path); got != want {
			t.Errorf("%s says %q", path, got)
		}
	}
	for _, lack := range []struct{ sql, undo, says string }{
		{"update master_key set key_id = 'feedc0de' where singleton = 1", "update master_key set key_id = '" + s.keyID + "' where singleton = 1",
			"master key: the store is encrypted under feedc0de, this node was started with " + s.keyID + "; restart it with the new one\n"},
		{"insert into goose_db_version (version_id, is_applied) values (99999, 1)", "delete from goose_db_version where version_id = 99999",
			"migrations: the database was migrated by a newer magpie; this node is to be replaced\n"},
		{"update goose_db_version set version_id = -version_id where version_id = 3", "update goose_db_version set version_id = 3 where version_id = -3",
			"migrations: the database lacks some of this node's; restart it, or run magpie migrate\n"},
	} {
		change := func(sql string) {
			t.Helper()
			err := s.db.Tx(t.Context(), "", func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), sql)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		change(lack.sql)
		if got := get("/readyz"); got != "503 Service Unavailable "+lack.says {
			t.Errorf("/readyz says %q", got)
		}
		change(lack.undo)
	}
	s.draining.Store(true)
	if got := get("/readyz"); got != "503 Service Unavailable draining: this node ends, and takes no new requests\n" {
		t.Errorf("/readyz says %q", got)
	}
	s.draining.Store(false)
	if got := get("/readyz"); got != "200 OK ready\n" {
		t.Errorf("/readyz says %q", got)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/healthz": "200 OK ok\n", "/readyz": "503 Service Unavailable database: it does not answer\n"} {
		if got := get(path); got != want {
			t.Errorf("without a database %s says %q", path, got)
		}
	}
}

// Mails do not send people to an address that they cannot reach, without anybody being told.
func TestReachable(t *testing.T) {
	const relay = "smtp://relay.example.com"
	for _, c := range []struct {
		listen, smtp string
		want         bool
	}{
		{"0.0.0.0:1", "", false},
		{"[::]:1", "", false},
		{":1", "", false},
		{"127.0.0.1:1", "", true},
		{"127.0.0.1:1", relay, false},
		{"localhost:1", relay, false},
		{"[::1]:1", relay, false},
		{"192.0.2.1:1", relay, true},
		{"magpie.example.com:1", relay, true},
	} {
		if got := (Config{Listen: c.listen, SMTPURL: c.smtp}).reachable(); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
		if !(Config{Listen: c.listen, SMTPURL: c.smtp, PublicURL: "https://magpie.example.com"}).reachable() {
			t.Errorf("%v: with a public URL it is reachable", c)
		}
	}
}
