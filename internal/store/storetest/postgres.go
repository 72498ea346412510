package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"magpie/internal/store"
)

// place is a PostgreSQL server and its migrated template database.
type place struct {
	url, template string
	admin         *admin
}

// admin runs the statements that make and drop databases, on one connection for the whole test
// program: a connection costs the server a process, which is most of what a small test costs.
type admin struct {
	url string

	mu   sync.Mutex
	conn *pgx.Conn // nil or closed: the next statement connects
}

func (a *admin) exec(sql string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	ctx := context.Background()
	if a.conn == nil || a.conn.IsClosed() {
		conn, err := pgx.Connect(ctx, a.url)
		if err != nil {
			return fmt.Errorf("connect to the test server: %w", err)
		}
		a.conn = conn
	}
	if _, err := a.conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// testServer is the server for tests, benchServer the one for benchmarks, where a commit costs what
// it costs in earnest.
var (
	testServer  = sync.OnceValues(func() (*place, error) { return server(ClusterOptions{}) })
	benchServer = sync.OnceValues(func() (*place, error) { return server(ClusterOptions{Durable: true}) })
)

func server(o ClusterOptions) (*place, error) {
	url := os.Getenv("MAGPIE_TEST_POSTGRES_URL")
	if url == "" {
		c, err := StartCluster(o)
		if err != nil {
			return nil, err
		}
		url = c.URL("postgres") // it ends with this program
	}
	name, err := template(context.Background(), url)
	return &place{url: url, template: name, admin: &admin{url: url}}, err
}

// template makes the database that fresh ones are copied from, unless another test program has.
func template(ctx context.Context, serverURL string) (string, error) {
	sum := sha256.New()
	if err := store.HashMigrations(sum); err != nil {
		return "", err
	}
	name := "magpie_template_" + hex.EncodeToString(sum.Sum(nil)[:8])
	admin, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		return "", fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = admin.Close(ctx) }()
	if _, err := admin.Exec(ctx, "select pg_advisory_lock(hashtext($1))", name); err != nil {
		return "", err
	}
	var ready bool
	if err := admin.QueryRow(ctx, "select count(*) = 1 from pg_database where datname = $1 and datistemplate", name).Scan(&ready); err != nil || ready {
		return name, err
	}
	for _, sql := range []string{"drop database if exists " + name, "create database " + name} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return "", fmt.Errorf("make the template database: %w", err)
		}
	}
	u, err := withDatabase(serverURL, name)
	if err != nil {
		return "", err
	}
	db, err := store.Open(ctx, store.Options{URL: u, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", fmt.Errorf("migrate the template database: %w", err)
	}
	if err := db.Close(); err != nil {
		return "", err
	}
	_, err = admin.Exec(ctx, "alter database "+name+" is_template true")
	return name, err
}

func withDatabase(serverURL, name string) (string, error) {
	u, err := url.Parse(serverURL)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return "", fmt.Errorf("the test server's address must be a postgres:// URL (%w)", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

func freshPostgres(tb testing.TB) string {
	tb.Helper()
	server := testServer
	if _, ok := tb.(*testing.B); ok {
		server = benchServer
	}
	s, err := server()
	if err != nil {
		tb.Fatalf("no PostgreSQL to test on: %v\n%s", err, howToInstall)
	}
	var random [6]byte
	_, _ = rand.Read(random[:])
	name := "magpie_test_" + hex.EncodeToString(random[:])
	statement := func(sql string) {
		tb.Helper()
		if err := s.admin.exec(sql); err != nil {
			tb.Fatal(err)
		}
	}
	// Copied file by file, which takes a third of what it takes page by page through the log.
	statement("create database " + name + " template " + s.template + " strategy file_copy")
	tb.Cleanup(func() { statement("drop database " + name + " with (force)") })
	u, err := withDatabase(s.url, name)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

const howToInstall = `Install PostgreSQL 15 or newer (Debian: apt-get install postgresql; macOS: brew install postgresql@17), or point
MAGPIE_TEST_POSTGRES_URL at a server on which databases may be created, or leave the engine out with
MAGPIE_TEST_ENGINES=sqlite.`
