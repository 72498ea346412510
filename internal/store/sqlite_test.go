package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"magpie/internal/leak"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestMain lets the test program stand in for another process that works on the same file.
func TestMain(m *testing.M) {
	if path := os.Getenv("MAGPIE_TEST_OTHER_PROCESS"); path != "" {
		if err := otherProcess(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(leak.Run(m))
}

// otherProcess opens the store, and inserts rows when there is a table for them, each only once it
// is told to.
func otherProcess(path string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	fmt.Println("open")
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", 1000+len(input.Text()), input.Text())
			return err
		})
		if err != nil {
			return err
		}
		fmt.Println("done")
	}
	return db.Close()
}

type process struct {
	cmd    *exec.Cmd
	say    func(string)
	answer func() string
	end    func()
}

func startOther(t *testing.T, path string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MAGPIE_TEST_OTHER_PROCESS="+path)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	return &process{cmd: cmd,
		say: func(s string) {
			if _, err := fmt.Fprintln(in, s); err != nil {
				t.Error(err)
			}
		},
		answer: func() string { lines.Scan(); return lines.Text() },
		end: func() {
			_ = in.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("the other process: %v", err)
			}
		}}
}

func sqliteFile(t *testing.T) store.Options {
	o := storetest.Fresh(t, "sqlite")
	o.RunTwice = nil
	return o
}

func TestSeveralProcessesOpenAFreshFile(t *testing.T) {
	o := storetest.Empty(t, "sqlite")
	o.RunTwice = nil
	var others []*process
	for range 4 {
		others = append(others, startOther(t, o.Path))
	}
	db := storetest.Open(t, o)
	for i, p := range others {
		if got := p.answer(); got != "open" {
			t.Errorf("process %d: %q", i, got)
		}
	}
	schema(t, db)
	var wg sync.WaitGroup
	for i, p := range others {
		wg.Go(func() {
			for n := range 20 {
				p.say(fmt.Sprintf("%0*d", 1+4*n+i, 0)) // all of different length
				if got := p.answer(); got != "done" {
					t.Errorf("process %d: %q", i, got)
				}
			}
			p.end()
		})
	}
	for i := range 200 {
		put(t, db, i, fmt.Sprint("ours ", i))
	}
	wg.Wait()
	if got := names(t, db); len(got) != 280 {
		t.Errorf("%d items, want 280", len(got))
	}
	info, err := os.Stat(o.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; what is in there is the owner's", info.Mode(), err)
	}
}

// TestLockedByAnotherProcess holds SQLite's write lock through a second store, which to the first
// is another process.
func TestLockedByAnotherProcess(t *testing.T) {
	o := sqliteFile(t)
	other := storetest.Open(t, o)
	o.Patience = time.Millisecond
	db := storetest.Open(t, o)
	schema(t, db)
	ctx := t.Context()
	err := other.Tx(ctx, "", func(tx *store.Tx) error {
		if err := db.Tx(ctx, "", func(tx *store.Tx) error { return insertItem(ctx, tx, 1) }); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := db.Tx(ctx, "", func(tx *store.Tx) error { return insertItem(ctx, tx, 1) }); err != nil {
		t.Errorf("when the lock is gone: %v", err)
	}
}

// TestDiskFull: SQLite then rolls back the whole transaction, with everybody's closures in it.
func TestDiskFull(t *testing.T) {
	db := storetest.Open(t, sqliteFile(t))
	schema(t, db)
	ctx := t.Context()
	err := db.Tx(ctx, "", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "pragma max_page_count = 60")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	big := fmt.Sprintf("%0500000d", 1)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			err := db.Tx(ctx, "", func(tx *store.Tx) error {
				if i == 7 {
					_, err := tx.Exec(ctx, "insert into item (id, name) values ($1, $2)", i, big)
					return err
				}
				return insertItem(ctx, tx, i)
			})
			if i == 7 != errors.Is(err, store.ErrFull) || i != 7 && err != nil {
				t.Errorf("closure %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if got := names(t, db); len(got) != 39 {
		t.Errorf("%d items, want the 39 that fit", len(got))
	}
}

func TestPathWithStrangeCharacters(t *testing.T) {
	o := sqliteFile(t)
	o.Path = filepath.Join(filepath.Dir(o.Path), "a b?c#d%20'é.db")
	db := storetest.Open(t, o)
	schema(t, db)
	put(t, db, 1, "x")
	if _, err := os.Stat(o.Path); err != nil {
		t.Error(err)
	}
}

func TestFolderIsMissing(t *testing.T) {
	_, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "none", "magpie.db")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := store.Open(t.Context(), store.Options{}); err == nil {
		t.Error("a store without a place was opened")
	}
}

// What was noted of the tables' sizes when they were small is forgotten: look-ups take the indexes,
// however large a table has become.
func TestStatisticsAreForgotten(t *testing.T) {
	o := sqliteFile(t)
	ctx := t.Context()
	old, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	schema(t, old)
	put(t, old, 1, "the only one")
	err = old.Tx(ctx, "", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "analyze")
		return err
	})
	if err := errors.Join(err, old.Close()); err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // and a second opening finds nothing to do
		db, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		err = db.View(ctx, func(tx *store.Tx) error {
			var n int
			if err := tx.QueryRow(ctx, "select count(*) from sqlite_schema where name like 'sqlite_stat%'").Scan(&n); err != nil || n != 0 {
				t.Errorf("%d tables of statistics, %v", n, err)
			}
			return nil
		})
		put(t, db, 2+i, fmt.Sprint("another ", i))
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
