package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

func embedded() fs.FS {
	sub, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// known lists the versions of the migrations this program has, in order.
func known(migrations fs.FS) (versions []int64, err error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// pending compares what a database has with what this program knows.
func pending(o Options, applied map[int64]bool) (bool, error) {
	versions, err := known(o.migrations)
	if err != nil {
		return false, err
	}
	newest := int64(0)
	missing := false
	for _, v := range versions {
		newest = max(newest, v)
		missing = missing || !applied[v]
	}
	for v := range applied {
		if v > newest {
			return false, fmt.Errorf("%w: it has migration %d, this program knows %d; start the newer magpie, or restore a backup made before the upgrade",
				ErrNewer, v, newest)
		}
	}
	return missing, nil
}

const appliedVersions = "select version_id from goose_db_version where version_id > 0"

// CheckSchema tells whether the database has the migrations that this program knows, and no others:
// ErrNewer where a newer Magpie has migrated it since Open, ErrOlder where it was replaced by an
// older one.
func (db *DB) CheckSchema(ctx context.Context) error {
	applied := make(map[int64]bool)
	err := db.View(ctx, func(tx *Tx) error {
		clear(applied)
		return tx.Query(ctx, func(r Row) error {
			var v int64
			err := r.Scan(&v)
			applied[v] = true
			return err
		}, appliedVersions)
	})
	if err != nil {
		return subject("read the schema's version", err)
	}
	missing, err := pending(db.options, applied)
	if missing {
		return ErrOlder
	}
	return err
}

// migrateSQLite brings the file up to date. Looking whether there is anything to do costs one
// select; goose is started only then, and behind a lock that other programs respect.
func migrateSQLite(ctx context.Context, c *sqliteConn, o Options) error {
	fresh := false
	look := func() (bool, error) {
		applied, err := appliedSQLite(ctx, c)
		if err != nil {
			return false, err
		}
		fresh = len(applied) == 0
		return pending(o, applied)
	}
	if todo, err := look(); err != nil || !todo {
		return err
	} else if fresh && o.Existing {
		return ErrNoStore
	}
	// The lock is a transaction on an empty database of its own: goose needs the real one, and
	// SQLite's locks end with the process that held them, on every system. The file stays, since
	// removing it would let two programs hold it. It is made here, and not by SQLite, since nobody
	// but the owner is to read a file of this folder, not even an empty one.
	if err := ownersFile(o.Path + ".migrating"); err != nil {
		return subject("open the lock for migrations", err)
	}
	lock, err := openSQLiteConn(sqliteDSN(o.Path+".migrating", "busy_timeout(1000)"))
	if err != nil {
		return subject("open the lock for migrations", err)
	}
	defer func() { _ = lock.close() }()
	for {
		_, err := lock.exec(ctx, "begin exclusive", nil)
		if err == nil {
			break
		}
		if ctx.Err() != nil || !errors.Is(err, ErrUnavailable) {
			return subject("wait for another program's migration", err)
		}
	}
	if todo, err := look(); err != nil || !todo {
		return err
	}
	db, err := sql.Open("sqlite", sqliteDSN(o.Path, slices.Concat([]string{"busy_timeout(10000)"}, durable)...)+"&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	return up(ctx, goose.DialectSQLite3, db, o, fresh)
}

// ownersFile makes an empty file that its owner alone can read, or takes others' rights to one that
// is there.
func ownersFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// appliedSQLite are the migrations that a file has seen.
func appliedSQLite(ctx context.Context, c *sqliteConn) (map[int64]bool, error) {
	tables := 0
	count := func(r Row) error { return r.Scan(&tables) }
	if err := c.query(ctx, count, "select count(*) from sqlite_schema where name = 'goose_db_version'", nil); err != nil {
		return nil, err
	}
	applied := make(map[int64]bool)
	if tables == 0 {
		return applied, nil
	}
	collect := func(r Row) error {
		var v int64
		defer func() { applied[v] = true }()
		return r.Scan(&v)
	}
	return applied, c.query(ctx, collect, appliedVersions, nil)
}

// migratePostgres does the same, under an advisory lock.
func migratePostgres(ctx context.Context, config *pgx.ConnConfig, o Options) error {
	db := stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(2)
	fresh := false
	look := func() (bool, error) {
		var table bool
		if err := db.QueryRowContext(ctx, "select to_regclass('goose_db_version') is not null").Scan(&table); err != nil {
			return false, err
		}
		applied := make(map[int64]bool)
		if table {
			rows, err := db.QueryContext(ctx, appliedVersions)
			if err != nil {
				return false, err
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var v int64
				if err := rows.Scan(&v); err != nil {
					return false, err
				}
				applied[v] = true
			}
			if err := rows.Err(); err != nil {
				return false, err
			}
		}
		fresh = len(applied) == 0
		return pending(o, applied)
	}
	if todo, err := look(); err != nil || !todo {
		return postgresError(err)
	} else if fresh && o.Existing {
		return ErrNoStore
	}
	// The lock lives on a connection of its own and ends with it, whatever happens to this program.
	lock, err := db.Conn(ctx)
	if err != nil {
		return postgresError(err)
	}
	defer func() { _ = lock.Close() }()
	if err := lockMigrations(ctx, lock); err != nil {
		return subject("wait for another node's migration", postgresError(err))
	}
	defer func() {
		_, _ = lock.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", migrationLock)
	}()
	if todo, err := look(); err != nil || !todo {
		return postgresError(err)
	}
	// SQLite has this collation from the start. Here it is what it is there: the order of the
	// bytes, whatever the database's own locale may be.
	if _, err := db.ExecContext(ctx, `create collation if not exists "binary" (locale = 'C')`); err != nil {
		return subject("create the binary collation", postgresError(err))
	}
	o.migrations = concurrently{o.migrations}
	return postgresError(up(ctx, goose.DialectPostgres, db, o, fresh))
}

// lockMigrations waits for the advisory lock by asking again and again. A statement that waits for
// it would keep a snapshot meanwhile, which an index that the lock's holder builds concurrently
// waits for: neither would ever end.
func lockMigrations(ctx context.Context, conn *sql.Conn) error {
	for {
		var got bool
		if err := conn.QueryRowContext(ctx, "select pg_try_advisory_lock($1)", migrationLock).Scan(&got); err != nil || got {
			return err
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// createIndex is the beginning of a statement that creates an index, on a line of its own.
var createIndex = regexp.MustCompile(`(?m)^create (unique )?index (?:if not exists )?(\w+) on `)

// concurrently rewrites the migrations whose name ends in _indexes.sql, which do nothing but create
// indexes, so that PostgreSQL builds those beside the nodes that write to their tables, instead of
// making them wait. What an attempt left that did not get to its end is built anew.
type concurrently struct{ fs.FS }

// Open implements fs.FS.
func (f concurrently) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, "_indexes.sql") {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	text = createIndex.ReplaceAll(text, []byte("drop index concurrently if exists $2;\ncreate ${1}index concurrently $2 on "))
	return rewritten{file, strings.NewReader("-- +goose NO TRANSACTION\n" + string(text))}, nil
}

// rewritten is a file with another text.
type rewritten struct {
	fs.File
	text *strings.Reader
}

// Read implements fs.File.
func (f rewritten) Read(b []byte) (int, error) { return f.text.Read(b) }

// migrationLock is the advisory lock's key: "magpie" in ASCII.
const migrationLock int64 = 0x6d6167706965

// up applies the migrations that are missing, and says so in one line, however many they are.
// fresh: all of them were.
func up(ctx context.Context, d goose.Dialect, db *sql.DB, o Options, fresh bool) error {
	began := time.Now()
	p, err := goose.NewProvider(d, db, o.migrations, goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true),
		// Those who work on different parts at the same time number their migrations apart, so one
		// may come after a later one.
		goose.WithAllowOutofOrder(true))
	if err != nil {
		return subject("read the migrations", err)
	}
	results, err := p.Up(ctx)
	applied := slices.DeleteFunc(results, func(r *goose.MigrationResult) bool { return r.Error != nil })
	switch {
	case len(applied) == 0:
	case fresh && err == nil && o.OnNew != nil:
		o.OnNew()
	default:
		text := "migrated the database"
		if fresh {
			text = "made the tables of a new store"
		}
		o.Logger.Info(text, "migrations", len(applied), "newest", applied[len(applied)-1].Source.Version, "took", time.Since(began))
	}
	return subject("migrate", err)
}

// HashMigrations writes all embedded migrations to w: whoever caches a migrated database keys it by
// their hash.
func HashMigrations(w io.Writer) error {
	return fs.WalkDir(migrationFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := migrationFiles.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s %d\n%s", path, len(text), text)
		return err
	})
}
