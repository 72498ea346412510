package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors of backups. All say what stands in the way, and nothing was changed when they are
// returned.
var (
	// ErrBackupExists: there is a file where the backup should go.
	ErrBackupExists = errors.New("store: there is a file of that name")
	// ErrNotBackup: the file is no whole store of Magpie.
	ErrNotBackup = errors.New("store: not a store of Magpie, or damaged")
	// ErrInUse: a program has the store open.
	ErrInUse = errors.New("store: in use")
	// ErrNotEmpty: there is a store where the backup should go.
	ErrNotEmpty = errors.New("store: there is a store already")
)

// Backup writes the store in the SQLite file path to file as it is at one moment, while others work
// on it: they do not wait, and what is committed meanwhile is not in it. The file appears under its
// name when it is whole, checked and durable; it never replaces another one, and only its owner may
// read it. It returns the file's size.
func Backup(ctx context.Context, path, file string) (size int64, err error) {
	defer func() { err = subject("back up "+path+" to "+file, err) }()
	if _, err := os.Stat(path); err != nil {
		return 0, err
	}
	if _, err := os.Lstat(file); err == nil {
		return 0, ErrBackupExists
	}
	folder := filepath.Dir(file)
	temp, err := os.CreateTemp(folder, filepath.Base(file)+".*.partial") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	defer func() { _ = temp.Close() }()
	if err := vacuumInto(ctx, path, temp.Name()); err != nil {
		return 0, err
	}
	if err := temp.Sync(); err != nil {
		return 0, err
	}
	info, err := temp.Stat()
	if err != nil {
		return 0, err
	}
	if err := verify(ctx, temp.Name()); err != nil {
		return 0, err
	}
	// A link fails if somebody has taken the name meanwhile; renaming would replace his file.
	if err := os.Link(temp.Name(), file); errors.Is(err, fs.ErrExist) {
		return 0, ErrBackupExists
	} else if err != nil {
		return 0, err
	}
	return info.Size(), syncFolder(folder)
}

func vacuumInto(ctx context.Context, path, file string) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	c, err := openSQLiteConn(sqliteDSN(path, "busy_timeout(10000)", "trusted_schema(0)"))
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, "vacuum into $1", []any{abs})
	return errors.Join(err, c.close())
}

// Restore puts the store that Backup wrote to file into the SQLite file path, which is made if it
// is not there. A store that is there it replaces only when told to, and in one transaction:
// whatever happens, path holds the one or the other. It refuses a file that is damaged or newer
// than this program, and a store that any program has open.
func Restore(ctx context.Context, path, file string, replace bool) (err error) {
	defer func() { err = subject("restore "+file+" to "+path, err) }()
	if err := verify(ctx, file); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := openSQLiteConn(sqliteDSN(path, "busy_timeout(500)", "synchronous(full)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	var tables int
	if err := c.query(ctx, func(r Row) error { return r.Scan(&tables) }, "select count(*) from sqlite_schema", nil); err != nil {
		return inUse(err)
	}
	if tables > 0 && !replace {
		return ErrNotEmpty
	}
	// Leaving WAL needs the file for oneself: it tells whether another program has it open, also
	// one that does nothing at the moment.
	if err := c.query(ctx, func(Row) error { return nil }, "pragma journal_mode(delete)", nil); err != nil {
		return inUse(err)
	}
	backup, err := c.raw.(restorer).NewRestore(sqliteDSN(file) + "&mode=ro")
	if err != nil {
		return sqliteError(err)
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = backup.Step(4096)
		}
	}
	if err := errors.Join(inUse(sqliteError(err)), sqliteError(backup.Finish())); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// restorer is what the driver's connection can do beside database/sql's interfaces.
type restorer interface {
	driver.Conn
	NewRestore(from string) (*sqlite.Backup, error)
}

func inUse(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED) {
		return wrapKind(ErrInUse, err)
	}
	return err
}

// verify reads the whole file, and finds out whether it is a store that this program can work on.
func verify(ctx context.Context, file string) (err error) {
	if info, err := os.Stat(file); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return wrapKind(ErrNotBackup, errors.New("it is no regular file"))
	}
	c, err := openSQLiteConn(sqliteDSN(file, "trusted_schema(0)") + "&mode=ro")
	if err != nil {
		return wrapKind(ErrNotBackup, err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	var complaint string
	first := func(r Row) error {
		var text string
		if err := r.Scan(&text); err != nil || complaint != "" {
			return err
		}
		complaint = text
		return nil
	}
	if err := c.query(ctx, first, "pragma integrity_check(1)", nil); err != nil {
		return notBackup(ctx, err)
	}
	if complaint != "ok" {
		return wrapKind(ErrNotBackup, errors.New(complaint))
	}
	orphans := 0
	if err := c.query(ctx, func(Row) error { orphans++; return nil }, "pragma foreign_key_check", nil); err != nil {
		return notBackup(ctx, err)
	}
	if orphans > 0 {
		return wrapKind(ErrNotBackup, fmt.Errorf("%d rows refer to others that are not there", orphans))
	}
	applied, err := appliedSQLite(ctx, c)
	if err != nil {
		return notBackup(ctx, err)
	}
	if len(applied) == 0 {
		return wrapKind(ErrNotBackup, errors.New("it has none of Magpie's tables"))
	}
	_, err = pending(Options{migrations: embedded()}, applied)
	return err
}

func notBackup(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrUnavailable) {
		return err
	}
	return wrapKind(ErrNotBackup, err)
}

// Look runs fn, which only reads, on the SQLite file as it is: it is neither made nor migrated.
func Look(ctx context.Context, path string, fn func(tx *Tx) error) (err error) {
	defer func() { err = subject("look at "+path, err) }()
	if _, err := os.Stat(path); err != nil {
		return err
	}
	c, err := openSQLiteConn(sqliteDSN(path, "busy_timeout(2000)", "trusted_schema(0)", "query_only(1)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	tx := &Tx{conn: c}
	defer func() { tx.over = true }()
	return fn(tx)
}

// syncFolder makes a new name in a folder survive a loss of power.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
