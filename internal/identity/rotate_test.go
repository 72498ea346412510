package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// After a rotation every access key is what it was, under the new master key; sessions and what was
// opened with the old one end; nobody makes a key under the old one any more.
func TestRotateMasterKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx, db, now := t.Context(), openDB(), time.Now()
		src := MasterKeySource{Folder: filepath.Join(t.TempDir(), "data")}
		path := filepath.Join(src.Folder, MasterKeyFile)
		old := must[MasterKey](t)(LoadMasterKey(ctx, db, src))
		before := must[*Service](t)(Open(ctx, db, old, Options{}))
		must[Account](t)(before.CreateAccount(ctx, "111122223333", "a@example.com", "", now))
		secrets := map[string]string{}
		for range rotationBatch + 1 {
			key, secret, err := before.CreateKey(ctx, "111122223333", "", nil, now)
			if err != nil {
				t.Fatal(err)
			}
			secrets[key.ID] = secret.Reveal()
		}
		r := must[Rotation](t)(RotateMasterKey(ctx, db, src, nil))
		next := must[MasterKey](t)(LoadMasterKey(ctx, db, src))
		if r.Secrets != len(secrets) || r.From != old.ID() || r.To != next.ID() || next == old {
			t.Errorf("%+v", r)
		}
		if kept := must[MasterKey](t)(readMasterKey(r.Kept)); kept != old {
			t.Error("the old key is not kept")
		}
		entries, err := os.ReadDir(src.Folder)
		if err != nil || len(entries) != 2 {
			t.Errorf("the folder holds %v, %v", entries, err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err != nil || info.Mode() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
		}
		after := must[*Service](t)(Open(ctx, db, next, Options{}))
		for id, secret := range secrets {
			c := must[*Credentials](t)(after.Resolve(ctx, id, "", now))
			if c.entry.secret != secret {
				t.Fatalf("the secret of %s is another one", id)
			}
		}
		for id := range secrets {
			if _, err := before.Resolve(ctx, id, "", now); !errors.Is(err, errSealed) {
				t.Fatalf("with the old key %s: %v", id, err)
			}
			break
		}
		if _, _, err := before.CreateKey(ctx, "111122223333", "", nil, now); !errors.Is(err, ErrRotated) {
			t.Errorf("a key under the old master key: %v", err)
		}
		if _, err := Open(ctx, db, old, Options{}); err == nil {
			t.Error("the old key opens the store")
		}

		// The variable.
		given := NewMasterKey()
		env := MasterKeySource{Folder: t.TempDir(), Env: strings.TrimSpace(keyText(next))}
		if _, err := RotateMasterKey(ctx, db, env, nil); err == nil {
			t.Error("a new key that nobody knows")
		}
		if _, err := RotateMasterKey(ctx, db, env, &next); err == nil {
			t.Error("the new key is the old one")
		}
		r = must[Rotation](t)(RotateMasterKey(ctx, db, env, &given))
		if r.To != given.ID() || r.Kept != "" {
			t.Errorf("%+v", r)
		}
		if entries, err := os.ReadDir(env.Folder); err != nil || len(entries) != 0 {
			t.Errorf("a key from the environment came to the disk: %v, %v", entries, err)
		}
		if _, err := os.Stat(path + nextKeySuffix); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// A rotation that is cut short before, or after, its transaction loses no key: whoever comes next
// has the right one.
func TestRotationCutShort(t *testing.T) {
	o := storetest.Fresh(t, "sqlite")
	ctx, db, now := t.Context(), storetest.Open(t, o), time.Now()
	src := MasterKeySource{Folder: t.TempDir()}
	path := filepath.Join(src.Folder, MasterKeyFile)
	old := must[MasterKey](t)(LoadMasterKey(ctx, db, src))
	service := must[*Service](t)(Open(ctx, db, old, Options{}))
	must[Account](t)(service.CreateAccount(ctx, "111122223333", "a@example.com", "", now))
	key, secret, err := service.CreateKey(ctx, "111122223333", "", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	next := must[*MasterKey](t)(proposeKey(path+nextKeySuffix, nil))
	if got := must[MasterKey](t)(LoadMasterKey(ctx, db, src)); got != old {
		t.Error("before the transaction the key is another one")
	}
	must[int](t)(reseal(ctx, db, old, *next))
	if got := must[MasterKey](t)(LoadMasterKey(ctx, db, src)); got != *next {
		t.Error("after the transaction the key is not the new one")
	}
	if got := must[MasterKey](t)(readMasterKey(path)); got != *next {
		t.Error("the rotation was not finished")
	}
	service = must[*Service](t)(Open(ctx, db, *next, Options{}))
	if c := must[*Credentials](t)(service.Resolve(ctx, key.ID, "", now)); c.entry.secret != secret.Reveal() {
		t.Error("another secret")
	}
	// One that began and never came to its transaction is taken up by the next; one with another
	// key is not trodden on.
	proposed := must[*MasterKey](t)(proposeKey(path+nextKeySuffix, nil))
	given := NewMasterKey()
	if _, err := RotateMasterKey(ctx, db, src, &given); err == nil || !strings.Contains(err.Error(), "holds the key of another rotation") {
		t.Error(err)
	}
	if r := must[Rotation](t)(RotateMasterKey(ctx, db, src, nil)); r.To != proposed.ID() {
		t.Errorf("%+v", r)
	}
}
