package store_test

import (
	"context"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestIndexMigrationsOnlyMakeIndexes: on PostgreSQL they run without a transaction, so a half of
// one stays.
func TestIndexMigrationsOnlyMakeIndexes(t *testing.T) {
	for _, name := range migrationNames(t) {
		text, err := fs.ReadFile(store.Embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		if !strings.HasSuffix(name, "_indexes.sql") {
			continue
		}
		for line := range strings.Lines(up) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "create index if not exists ") &&
				!strings.HasPrefix(line, "create unique index if not exists ") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// TestIndexesAreBuiltConcurrently: on PostgreSQL a migration of indexes runs while others write to
// the table, several nodes that start at once do not keep each other from the end of it, and what
// an attempt that died left is built anew.
func TestIndexesAreBuiltConcurrently(t *testing.T) {
	if !strings.Contains(strings.Join(storetest.Engines(), " "), "postgres") {
		t.Skip("without PostgreSQL")
	}
	o := storetest.Fresh(t, "postgres")
	before := more(t, 1).(fstest.MapFS)
	storetest.Open(t, store.WithMigrations(o, before))
	conn, err := pgx.Connect(t.Context(), o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	// A writer that has not committed, and an invalid index of an earlier attempt: a unique one
	// over what is there twice.
	if _, err := conn.Exec(t.Context(), "create table many (id bigint, n bigint); insert into many values (1, 1), (2, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "create unique index concurrently many_n on many (n)"); err == nil {
		t.Fatal("the index should not have been built")
	}
	after := more(t, 1).(fstest.MapFS)
	after["99999_many_indexes.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate index if not exists many_n on many (n);\n\n-- +goose Down\ndrop index many_n;\n")}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "insert into many values (3, 3)"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := store.Open(context.Background(), store.WithMigrations(o, after))
			if err == nil {
				err = db.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	// The table takes writes while the index is under way, which waits for this transaction.
	other, err := pgx.Connect(t.Context(), o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	if _, err := other.Exec(t.Context(), "set lock_timeout = '5s'; insert into many values (4, 4)"); err != nil {
		t.Errorf("a write while the index is built: %v", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	var valid bool
	err = conn.QueryRow(t.Context(), "select i.indisvalid and not i.indisunique from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname = 'many_n'").Scan(&valid)
	if err != nil || !valid {
		t.Errorf("the index is valid: %t, %v", valid, err)
	}
}
