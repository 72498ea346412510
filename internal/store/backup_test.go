package store_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func putRates(t testing.TB, db *store.DB, kind string, n int) {
	t.Helper()
	err := db.Tx(t.Context(), "", func(tx *store.Tx) error {
		for i := range n {
			if _, err := tx.Exec(t.Context(), "insert into task_rate (kind, next_at) values ($1, $2)", kind+strconv.Itoa(i), 1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func rates(t testing.TB, db *store.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(t.Context(), "select count(*) from task_rate").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A backup that is made while others write holds what was committed before it began, and of each
// transaction all or nothing.
func TestBackupWhileOthersWrite(t *testing.T) {
	o := storetest.Fresh(t, "sqlite")
	o.RunTwice = nil
	db := storetest.Open(t, o)
	putRates(t, db, "before", 100)
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			err := db.Tx(context.Background(), "", func(tx *store.Tx) error {
				for _, kind := range []string{"left", "right"} {
					if _, err := tx.Exec(context.Background(), "insert into task_rate (kind, next_at) values ($1, $2)", kind+strconv.Itoa(n), 1); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("a writer meanwhile: %v", err)
				break
			}
		}
		written <- n
	}()
	file := filepath.Join(t.TempDir(), "copy.db")
	for range 5 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		size, err := store.Backup(t.Context(), o.Path, file)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() != size || size == 0 {
			t.Errorf("the backup is %v (%d bytes are told), %v", info, size, err)
		}
	}
	stop()
	n := <-written
	path := filepath.Join(t.TempDir(), "magpie.db")
	if err := store.Restore(t.Context(), path, file, false); err != nil {
		t.Fatal(err)
	}
	restored := storetest.Open(t, store.Options{Path: path})
	got := rates(t, restored) - 100
	if got < 0 || got%2 != 0 || got > 2*n {
		t.Errorf("of %d rows that were written meanwhile the backup has %d", 2*n, got)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the backup there is left %v, %v", left, err)
	}
}

func TestBackupNeverReplaces(t *testing.T) {
	o := storetest.Fresh(t, "sqlite")
	storetest.Open(t, o)
	file := filepath.Join(t.TempDir(), "dear.txt")
	if err := os.WriteFile(file, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Backup(t.Context(), o.Path, file); !errors.Is(err, store.ErrBackupExists) {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "dear" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if _, err := store.Backup(t.Context(), filepath.Join(t.TempDir(), "none.db"), filepath.Join(t.TempDir(), "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no store: %v", err)
	}
	if _, err := store.Backup(t.Context(), o.Path, filepath.Join(t.TempDir(), "none", "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into no folder: %v", err)
	}
}

// Restoring refuses whatever is no whole store, and whatever would take a store from under
// somebody; what is there stays as it is.
func TestRestoreRefuses(t *testing.T) {
	o := storetest.Fresh(t, "sqlite")
	o.RunTwice = nil
	db := storetest.Open(t, o)
	putRates(t, db, "of the backup", 2000)
	good := filepath.Join(t.TempDir(), "good.db")
	if _, err := store.Backup(t.Context(), o.Path, good); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file := func(text []byte) string {
		name := filepath.Join(t.TempDir(), "bad.db")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	damaged := append([]byte(nil), whole...)
	for i := len(damaged) / 2; i < len(damaged)/2+4096; i++ {
		damaged[i] ^= 0xff
	}
	newer := storetest.Fresh(t, "sqlite")
	storetest.Open(t, store.WithMigrations(newer, more(t, 1)))

	path := filepath.Join(t.TempDir(), "magpie.db")
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"no file":       {filepath.Join(t.TempDir(), "none.db"), fs.ErrNotExist},
		"a folder":      {t.TempDir(), store.ErrNotBackup},
		"text":          {file([]byte("this is no database, this is a letter to a friend")), store.ErrNotBackup},
		"nothing":       {file(nil), store.ErrNotBackup},
		"half of it":    {file(whole[:len(whole)/2]), store.ErrNotBackup},
		"damaged":       {file(damaged), store.ErrNotBackup},
		"a newer store": {newer.Path, store.ErrNewer},
	} {
		if err := store.Restore(t.Context(), path, c.file, true); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was refused, and left a store", name)
		}
	}

	there := storetest.Fresh(t, "sqlite")
	there.RunTwice = nil
	open := storetest.Open(t, there)
	putRates(t, open, "of the store", 1)
	if err := store.Restore(t.Context(), there.Path, good, false); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("over a store: %v", err)
	}
	if err := store.Restore(t.Context(), there.Path, good, true); !errors.Is(err, store.ErrInUse) {
		t.Errorf("under a program: %v", err)
	}
	putRates(t, open, "of the store, later", 1)
	if n := rates(t, open); n != 2 {
		t.Errorf("the store that was in use has %d rows", n)
	}
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(t.Context(), there.Path, good, true); err != nil {
		t.Fatal(err)
	}
	if n := rates(t, storetest.Open(t, there)); n != 2000 {
		t.Errorf("restored: %d rows", n)
	}
}
