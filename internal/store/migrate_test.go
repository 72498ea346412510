package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func migrationNames(t testing.TB) []string {
	t.Helper()
	names, err := fs.Glob(store.Embedded(), "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	return names
}

// newest is the number of the last migration.
func newest(t testing.TB) (n int) {
	t.Helper()
	names := migrationNames(t)
	if _, err := fmt.Sscanf(names[len(names)-1], "%05d_", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMigrationsAreNumbered(t *testing.T) {
	last := 0
	for _, name := range migrationNames(t) {
		var n int
		var rest string
		if _, err := fmt.Sscanf(name, "%05d_%s", &n, &rest); err != nil || n <= last || name != fmt.Sprintf("%05d_%s", n, rest) {
			t.Errorf("%s after number %d: %v", name, last, err)
		}
		last = n
	}
}

// TestMigrationsAreOneText: that they run on both engines the other tests show; this names what
// would bring trouble later.
func TestMigrationsAreOneText(t *testing.T) {
	for _, name := range migrationNames(t) {
		text, err := fs.ReadFile(store.Embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(line, "--")
			for _, word := range []string{"serial", "autoincrement", "json", "timestamp", "deferr", "rowid", ") strict", "trigger", "integer", "varchar", "blob", "bytea"} {
				if strings.Contains(strings.ToLower(code), word) {
					t.Errorf("%s:%d: %s; the types are text, bigint and boolean", name, i+1, word)
				}
			}
		}
	}
}

// more is the embedded migrations and n others.
func more(t testing.TB, n int) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	names := migrationNames(t)
	for _, name := range names {
		text, err := fs.ReadFile(store.Embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	for i := range n {
		text := fmt.Sprintf("-- +goose Up\ncreate table extra%d (id bigint primary key);\ninsert into extra%d (id) values (1);\n", i, i)
		all[fmt.Sprintf("%05d_extra.sql", newest(t)+1+i)] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestSeveralStartersMigrateOnce(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := store.WithMigrations(storetest.Empty(t, engine), more(t, 3))
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					db, err := store.Open(context.Background(), o)
					if err != nil {
						t.Error(err)
						return
					}
					for i := range 3 {
						var n int
						err := db.View(t.Context(), func(tx *store.Tx) error {
							return tx.QueryRow(t.Context(), fmt.Sprintf("select count(*) from extra%d", i)).Scan(&n)
						})
						if err != nil || n != 1 {
							t.Errorf("migration %d: %d rows, %v", i, n, err)
						}
					}
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Fresh(t, engine)
			storetest.Open(t, store.WithMigrations(o, more(t, 1)))
			_, err := store.Open(t.Context(), o)
			if !errors.Is(err, store.ErrNewer) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBrokenMigrationLeavesTheRest(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Fresh(t, engine)
			broken := more(t, 2).(fstest.MapFS)
			last := fmt.Sprintf("%05d_extra.sql", newest(t)+2)
			broken[last] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table half (id bigint);\ninsert into nowhere (id) values (1);\n")}
			if _, err := store.Open(t.Context(), store.WithMigrations(o, broken)); err == nil || !strings.Contains(err.Error(), fmt.Sprint("version:", newest(t)+2)) {
				t.Errorf("got %v", err)
			}
			db := storetest.Open(t, store.WithMigrations(o, more(t, 2)))
			err := db.View(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), "select id from half")
				return err
			})
			if err == nil {
				t.Error("half of a migration was kept")
			}
		})
	}
}

// upTo is the embedded migrations up to a version.
func upTo(t *testing.T, version int) fs.FS {
	t.Helper()
	some := fstest.MapFS{}
	for _, name := range migrationNames(t)[:version] {
		text, err := fs.ReadFile(store.Embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		some[name] = &fstest.MapFile{Data: text}
	}
	return some
}

// TestRebuiltTablesKeepTheirRows: migration 9 builds the tables of members and of quotas once more.
func TestRebuiltTablesKeepTheirRows(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Empty(t, engine)
			before, err := store.Open(t.Context(), store.WithMigrations(o, upTo(t, 8)))
			if err != nil {
				t.Fatal(err)
			}
			err = before.Tx(t.Context(), "test", func(tx *store.Tx) error {
				_, err := tx.Batch(t.Context(), store.Stmt{SQL: `insert into macie_session
					(region, account_id, status, finding_publishing_frequency, standing, counted, created_at, updated_at) values
					('r', '111122223333', 'ENABLED', 'ONE_HOUR', 'Administrator', 2, 1, 1), ('r', '444455556666', 'PAUSED', 'ONE_HOUR', 'Member', 0, 1, 1)`},
					store.Stmt{SQL: `insert into member (region, administrator_id, account_id, email, status, held_status, tags, invited_at, created_at, updated_at) values
						('r', '111122223333', '444455556666', 'a@example.com', 'AccountSuspended', 'Paused', 'k=v', 5, 6, 7),
						('r', '111122223333', '777788889999', 'b@example.com', 'Created', null, '', null, 8, 9)`},
					store.Stmt{SQL: `insert into quota (account_id, members, updated_at) values ('111122223333', 5000, 3)`})
				return err
			})
			if err = errors.Join(err, before.Close()); err != nil {
				t.Fatal(err)
			}
			var got []string
			collect := func(r store.Row) error {
				var a, b, c, d, e string
				err := r.Scan(&a, &b, &c, &d, &e)
				got = append(got, strings.Join([]string{a, b, c, d, e}, " "))
				return err
			}
			err = storetest.Open(t, o).View(t.Context(), func(tx *store.Tx) error {
				got = nil
				if err := tx.Query(t.Context(), collect, `select account_id, email, status || coalesce(held_status, '-') || coalesce(member_standing, '-'),
					tags || coalesce(cast(invited_at as text), '-'), cast(created_at as text) || cast(updated_at as text) || coalesce(organization_id, '-')
					from member order by account_id`); err != nil {
					return err
				}
				return tx.Query(t.Context(), collect, `select account_id, cast(members as text), coalesce(cast(organization_members as text), '-'),
					cast(updated_at as text), '.' from quota`)
			})
			want := []string{"444455556666 a@example.com AccountSuspendedPausedMember k=v5 67-", "777788889999 b@example.com Created-- - 89-",
				"111122223333 5000 - 3 ."}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("got\n\t%s, %v", strings.Join(got, "\n\t"), err)
			}
		})
	}
}

// TestRebuiltDestinations: migration 36 builds the table of destinations once more, and does so too
// where later ones have been applied already.
func TestRebuiltDestinations(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Empty(t, engine)
			most := upTo(t, len(migrationNames(t))).(fstest.MapFS)
			delete(most, "00036_destination_bucket.sql")
			before, err := store.Open(t.Context(), store.WithMigrations(o, most))
			if err != nil {
				t.Fatal(err)
			}
			err = before.Tx(t.Context(), "test", func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), `insert into destination (id, account_id, name, region, kind, settings, secret, master_key_id, enabled, problem,
					fence, lease_until, due_at, failures, delivered, delivered_at, created_at) values ('i', 'a', 'n', 'r', 'file', 's', 'x', 'k', $1, 'p', 1, 2, 3, 4, 5, null, 7)`, true)
				return err
			})
			if err = errors.Join(err, before.Close()); err != nil {
				t.Fatal(err)
			}
			var got string
			err = storetest.Open(t, o).Tx(t.Context(), "test", func(tx *store.Tx) error {
				if err := tx.QueryRow(t.Context(), `select id || account_id || name || region || kind || settings || secret || master_key_id || problem ||
					cast(fence as text) || cast(lease_until as text) || cast(due_at as text) || cast(failures as text) || cast(delivered as text) ||
					coalesce(cast(delivered_at as text), '-') || cast(created_at as text) from destination`).Scan(&got); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), `update destination set kind = 'bucket'`)
				return err
			})
			if want := "ianrfilesxkp12345-7"; err != nil || got != want {
				t.Errorf("got %s, %v; want %s", got, err, want)
			}
		})
	}
}

func TestPlaceholders(t *testing.T) {
	for sql, want := range map[string]int{
		"select 1":          0,
		"select $1, $2, $1": 2,
		"select '$7 it''s $8', $1 -- $9\n, \"$3\"": 1,
		"select $1 -- $2":                          1,
		"select $1, $3":                            -1,
		"select $0":                                -1,
		"select $x":                                -1,
		"select 'open":                             -1,
		"select $70000":                            -1,
		"select $1, $2, $3, $4, $5, $6, $7, $8, $10": -1,
	} {
		n, err := store.Placeholders(sql)
		if err != nil {
			n = -1
		}
		if n != want {
			t.Errorf("%s: %d, want %d (%v)", sql, n, want, err)
		}
	}
}

// BenchmarkOpen is the store's part of the time from the start of the program to its first answer.
func BenchmarkOpen(b *testing.B) {
	for _, engine := range storetest.Engines() {
		if engine == "sqlite" { // a fresh PostgreSQL database is a copied one, with nothing to migrate
			b.Run(engine+"/fresh", func(b *testing.B) {
				benchmarkOpen(b, func() store.Options { return storetest.Empty(b, engine) })
			})
		}
		b.Run(engine+"/up to date", func(b *testing.B) {
			o := storetest.Fresh(b, engine)
			storetest.Open(b, o)
			benchmarkOpen(b, func() store.Options { return o })
		})
	}
}

func benchmarkOpen(b *testing.B, place func() store.Options) {
	for b.Loop() {
		b.StopTimer()
		o := place()
		b.StartTimer()
		db, err := store.Open(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
