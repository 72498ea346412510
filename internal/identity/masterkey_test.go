package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func TestParseMasterKey(t *testing.T) {
	raw := bytes.Repeat([]byte{7}, 32)
	a := must[MasterKey](t)(ParseMasterKey(hex.EncodeToString(raw) + "\n"))
	b := must[MasterKey](t)(ParseMasterKey(" " + base64.StdEncoding.EncodeToString(raw)))
	if a != b || len(a.ID()) != 16 {
		t.Errorf("%s and %s", a.ID(), b.ID())
	}
	if a.Derive("x") == a.Derive("y") || a.Derive("x") != b.Derive("x") {
		t.Error("derived keys do not tell purposes apart")
	}
	for _, text := range []string{"", "secret", hex.EncodeToString(raw[1:]), hex.EncodeToString(raw) + "00", base64.StdEncoding.EncodeToString(raw[1:])} {
		if _, err := ParseMasterKey(text); err == nil {
			t.Errorf("%q is a key", text)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func TestLoadMasterKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx, db := t.Context(), openDB()
		folder := filepath.Join(t.TempDir(), "magpie-data")
		path := filepath.Join(folder, MasterKeyFile)
		var log strings.Builder
		src := MasterKeySource{Folder: folder, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		key := must[MasterKey](t)(LoadMasterKey(ctx, db, src))
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", info, err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("left behind %v, %v", entries, err)
		}
		if !strings.Contains(log.String(), "made a master key") {
			t.Errorf("nobody was told: %s", log.String())
		}
		if again := must[MasterKey](t)(LoadMasterKey(ctx, db, src)); again != key {
			t.Error("another key the second time")
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		must[MasterKey](t)(LoadMasterKey(ctx, db, src))
		if !strings.Contains(log.String(), "chmod 600") {
			t.Errorf("nobody was warned: %s", log.String())
		}
		// The variable, with the same key and with another.
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := must[MasterKey](t)(LoadMasterKey(ctx, db, MasterKeySource{Env: string(text)})); got != key {
			t.Error("another key from the variable")
		}
		for env, want := range map[string]string{
			strings.Repeat("0", 64): "the one in MAGPIE_MASTER_KEY is another master key",
			"hunter2":               "MAGPIE_MASTER_KEY: a master key is 32 bytes",
		} {
			if _, err := LoadMasterKey(ctx, db, MasterKeySource{Env: env}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", env, err)
			}
		}
		// Another node without the key makes none of its own.
		elsewhere := filepath.Join(t.TempDir(), "other")
		if _, err := LoadMasterKey(ctx, db, MasterKeySource{Folder: elsewhere}); err == nil || !strings.Contains(err.Error(), "copy the file from the node that first opened this store") {
			t.Error(err)
		}
		if _, err := os.Stat(elsewhere); !os.IsNotExist(err) {
			t.Errorf("it made its folder: %v", err)
		}
		// A file that is no key is not replaced.
		if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadMasterKey(ctx, db, src); err == nil || !strings.Contains(err.Error(), path) {
			t.Error(err)
		}
	})
}

// Several nodes that start at once on a new store end with one key if they share
// a folder; of those that do not, one wins and the others say so and leave no key.
func TestLoadMasterKeyAtOnce(t *testing.T) {
	for _, shared := range []bool{true, false} {
		storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
			const nodes = 6
			db, root := openDB(), t.TempDir()
			keys, errs, folders := make([]MasterKey, nodes), make([]error, nodes), make([]string, nodes)
			var wg sync.WaitGroup
			for i := range nodes {
				if folders[i] = root; !shared {
					folders[i] = filepath.Join(root, string(rune('a'+i)))
				}
				wg.Go(func() { keys[i], errs[i] = LoadMasterKey(t.Context(), db, MasterKeySource{Folder: folders[i]}) })
			}
			wg.Wait()
			won := 0
			for i := range nodes {
				_, statErr := os.Stat(filepath.Join(folders[i], MasterKeyFile))
				switch {
				case errs[i] == nil:
					won++
					if statErr != nil {
						t.Errorf("node %d has no file: %v", i, statErr)
					}
				case shared:
					t.Errorf("node %d: %v", i, errs[i])
				default:
					if !strings.Contains(errs[i].Error(), "first opened this store") {
						t.Errorf("node %d: %v", i, errs[i])
					}
					if statErr == nil {
						t.Errorf("node %d left a key that opens nothing", i)
					}
				}
				if shared && keys[i] != keys[0] {
					t.Errorf("node %d has another key", i)
				}
			}
			if !shared && won != 1 {
				t.Errorf("%d nodes won", won)
			}
		})
	}
}
