// Package storetest gives tests a fresh store on every engine. Start with [Each].
//
// It promises: each test has a database of its own, a SQLite file in the test's folder or a
// PostgreSQL database that is dropped afterwards; no process outlives the test program, however
// that ends; and an engine that is missing is a failure, never a silent pass.
//
// PostgreSQL comes from MAGPIE_TEST_POSTGRES_URL when that is set (a server on which databases may
// be created), otherwise from a private cluster that is started once per test program from the
// installed binaries. MAGPIE_TEST_ENGINES=sqlite (or postgres) leaves the other engine out, except
// with CI=true.
package storetest

import (
	"context"
	"database/sql"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"magpie/internal/store"
)

// Engines are the engines that tests run on.
func Engines() []string {
	all := []string{"sqlite", "postgres"}
	only := os.Getenv("MAGPIE_TEST_ENGINES")
	if only == "" || os.Getenv("CI") == "true" {
		return all
	}
	var chosen []string
	for _, e := range all {
		if strings.Contains(only, e) {
			chosen = append(chosen, e)
		}
	}
	return chosen
}

// Each runs fn once per engine as a subtest. Every call of open opens the same fresh database once
// more, as another node would; the stores are closed when the test ends. Now and then a
// transaction's closure runs twice, as it may in earnest.
func Each(t *testing.T, fn func(t *testing.T, open func() *store.DB)) {
	t.Helper()
	for _, engine := range Engines() {
		t.Run(engine, func(t *testing.T) {
			fresh := Fresh(t, engine)
			fn(t, func() *store.DB { return Open(t, fresh) })
		})
	}
}

// EachBenchmark is Each for benchmarks; closures run once, and the private cluster is durable.
func EachBenchmark(b *testing.B, fn func(b *testing.B, open func() *store.DB)) {
	b.Helper()
	for _, engine := range Engines() {
		b.Run(engine, func(b *testing.B) {
			fresh := Fresh(b, engine)
			fresh.RunTwice = nil
			fn(b, func() *store.DB { return Open(b, fresh) })
		})
	}
}

// Fresh returns the options that open a fresh database of the engine; the test may change them
// before it calls Open.
func Fresh(tb testing.TB, engine string) store.Options {
	tb.Helper()
	o := store.Options{
		Logger:   Logger(tb),
		RunTwice: func() bool { return rand.N(4) == 0 },
	}
	if engine == "postgres" {
		o.URL = freshPostgres(tb)
	} else {
		o.Path = filepath.Join(tb.TempDir(), "magpie.db")
		file, err := migrated()
		if err == nil {
			err = os.WriteFile(o.Path, file, 0o600)
		}
		if err != nil {
			tb.Fatalf("make a fresh database: %v", err)
		}
	}
	return o
}

// migrated is a SQLite database as the first program leaves it that opens one. Making it takes as
// long as many a test.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "magpie-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "magpie.db")
	db, err := store.Open(context.Background(), store.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Empty is Fresh without any tables, as a database is before the first program opens it.
func Empty(tb testing.TB, engine string) store.Options {
	tb.Helper()
	o := Fresh(tb, engine)
	if o.URL == "" {
		if err := os.Remove(o.Path); err != nil {
			tb.Fatal(err)
		}
		return o
	}
	db, err := sql.Open("pgx", o.URL)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(tb.Context(), "drop schema public cascade; create schema public"); err != nil {
		tb.Fatal(err)
	}
	return o
}

// Logger writes warnings and errors to the test's log.
func Logger(tb testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Open opens a store until the test ends.
func Open(tb testing.TB, o store.Options) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		tb.Fatalf("open a store: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return db
}
