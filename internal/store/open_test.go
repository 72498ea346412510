package store_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// A store that is not there is refused where one has to be, leaving nothing; made, it is one line
// in the log, or one call of OnNew.
func TestOpenExistingOrNew(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			open := func(o store.Options) (string, error) {
				var log bytes.Buffer
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
				db, err := store.Open(t.Context(), o)
				if err == nil {
					err = db.Close()
				}
				return log.String(), err
			}
			o := storetest.Empty(t, engine)
			o.Existing = true
			if _, err := open(o); !errors.Is(err, store.ErrNoStore) {
				t.Errorf("there is no store: %v", err)
			}
			if o.Path != "" {
				if left, err := os.ReadDir(filepath.Dir(o.Path)); len(left) > 0 {
					t.Errorf("%v is left, %v", left, err)
				}
			}
			o.Existing = false
			if log, err := open(o); err != nil || strings.Count(log, "\n") != 1 || !strings.Contains(log, "made the tables of a new store") {
				t.Errorf("%v, and the log has\n%s", err, log)
			}
			o.Existing = true
			if log, err := open(o); err != nil || log != "" {
				t.Errorf("it is there: %v\n%s", err, log)
			}
			o = storetest.Empty(t, engine)
			made := 0
			o.OnNew = func() { made++ }
			for range 2 {
				if log, err := open(o); err != nil || log != "" || made != 1 {
					t.Errorf("%v, made %d times\n%s", err, made, log)
				}
			}
		})
	}
}

// Nobody but the owner reads a file of the folder, also one that an older Magpie has left open to
// all.
func TestFilesAreTheOwners(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "magpie.db")
	if err := os.WriteFile(path+".migrating", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}
