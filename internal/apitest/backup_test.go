package apitest

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/identity"
	"magpie/internal/store"
)

// admin runs an administration verb on the house's data, and returns what it says and whether it succeeded.
func (h *house) admin(args ...string) (said string, ok bool) {
	h.t.Helper()
	out, err := program(h.t, append(args, "--data", h.config.Data)...).CombinedOutput()
	return string(out), err == nil
}

// A backup is taken from under a server and its clients. Restored with the master key in another folder, a server serves from it: all
// that was acknowledged before the backup began is there, and keys work.
func TestBackedUpUnderLoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := startRelay(t)
	h.config.SMTPURL = r.url
	c := h.gather()
	key := newKey(t, h.identity(h.open()), adminID)
	p := h.serve()
	c.through(p)
	c.begin()
	c.more(100)
	c.mu.Lock()
	before := maps.Clone(c.invited)
	c.mu.Unlock()
	file := filepath.Join(t.TempDir(), "copy.db")
	if said, ok := h.admin("backup", file); !ok {
		t.Fatalf("backup: %s", said)
	}
	c.more(20) // it did not stop anybody
	if said, ok := h.admin("restore", file, "--replace"); ok || !strings.Contains(said, "stop every magpie that works on it") {
		t.Errorf("restored under a server: %s", said)
	}
	c.audit(r, 0)
	p.stop()

	secret, err := os.ReadFile(filepath.Join(h.config.Data, identity.MasterKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	h.config.Data = t.TempDir()
	if err := os.WriteFile(filepath.Join(h.config.Data, identity.MasterKeyFile), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, ok := h.admin("restore", file); !ok || !strings.Contains(said, ": the one in ") {
		t.Fatalf("restore: %s", said)
	}
	again := h.serve()
	wantCode(t, call(t, "http://"+again.address, key), "ConflictException") // the key works, and Macie is enabled
	db := h.open()
	h.drained(db)
	records := h.records(db)
	for id := range before {
		if records[id].status != "Invited" {
			t.Errorf("%s was invited before the backup, and is %q in it", id, records[id].status)
		}
	}
	again.stop()
}

// A server, and every verb, refuses a store that a newer Magpie has migrated, and says what to do.
func TestNewerStoreIsRefused(t *testing.T) {
	h := newHouse(t, "sqlite")
	db := h.open()
	err := db.Tx(t.Context(), "test", func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), "insert into goose_db_version (version_id, is_applied) values ($1, $2)", 99999, true)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "it has migration 99999, this program knows "
	p := h.launch()
	if p.address != "" || !strings.Contains(p.said(), want) {
		t.Errorf("a server says\n%s", p.said())
	}
	if said, ok := h.admin("account", "list"); ok || !strings.Contains(said, want) {
		t.Errorf("a verb says %s", said)
	}
}

// The master key is changed beside a running server: until it is restarted it says that it is not ready, and calls fail in a way that
// clients try again; afterwards every key is what it was.
func TestMasterKeyRotated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		service := h.identity(h.open())
		settle(t, service, adminID)
		key := newKey(t, service, adminID)
		p := h.serve()
		must(t)(nil, call(t, "http://"+p.address, key))
		args := []string{"key", "rotate-master"}
		if h.config.DatabaseURL != "" {
			args = append(args, "--database-url", h.config.DatabaseURL)
		}
		if said, ok := h.admin(args...); !ok || !strings.Contains(said, "encrypted 1 secrets") {
			t.Fatalf("rotate-master: %s", said)
		}
		resp, err := http.Get("http://" + p.address + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		if text := readAll(t, resp); resp.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(text, "master key: the store is encrypted under ") {
			t.Errorf("/readyz: %s %s", resp.Status, text)
		}
		wantCode(t, call(t, "http://"+p.address, key), "InternalServerException")
		p.stop()
		p = h.serve()
		must(t)(nil, call(t, "http://"+p.address, key))
		p.stop()
	})
}
