package admin

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/identity"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// Whoever restores a backup is told which master key it needs, and whether that is the one at hand.
func TestBackupAndRestore(t *testing.T) {
	o := newOperator(t, "sqlite")
	data := o.env["MAGPIE_DATA"]
	key, db, file := filepath.Join(data, identity.MasterKeyFile), filepath.Join(data, "magpie.db"), filepath.Join(t.TempDir(), "copy.db")
	run := func(wantOut, wantErr string, args ...string) {
		t.Helper()
		_, said, err := o.run(args...)
		if said = o.steady(said); wantOut != "" && !strings.Contains(said, wantOut) {
			t.Errorf("%v says %q, want %q", args, said, wantOut)
		}
		if (err != nil) != (wantErr != "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%v fails with %v, want %q", args, err, wantErr)
		}
	}
	run("", "no such file", "backup", file)
	run("", "", "account", "create", "111122223333", "--email", "a@example.com")
	run("", "", "key", "create", "111122223333")
	run("the master key is not in it", "", "backup", file)
	run("", "choose another name", "backup", file)
	run("", "", "account", "create", "222233334444", "--email", "b@example.com")
	run("", "replace it with --replace", "restore", file)
	used := storetest.Open(t, store.Options{Path: db})
	run("", "stop every magpie that works on it", "restore", file, "--replace")
	if err := used.Close(); err != nil {
		t.Fatal(err)
	}
	run("restored DATA/magpie.db\nit is encrypted under master key ", "", "restore", file, "--replace")
	if out, _, err := o.run("account", "list"); err != nil || !strings.Contains(out, "111122223333") || strings.Contains(out, "222233334444") {
		t.Errorf("restored: %s, %v", out, err)
	}
	run(": the one in DATA/master.key\n", "", "restore", file, "--replace")
	o.env[identity.MasterKeyEnv] = strings.Repeat("ab", 32)
	run(": MAGPIE_MASTER_KEY is another key (", "", "restore", file, "--replace")
	o.env[identity.MasterKeyEnv] = ""
	for _, name := range []string{key, db} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	run(": put that key into DATA/master.key before you start a server\n", "", "restore", file)
	if _, err := os.Stat(key); !os.IsNotExist(err) {
		t.Errorf("restoring made a master key: %v", err)
	}
	if info, err := os.Stat(db); err != nil || info.Mode() != fs.FileMode(0o600) {
		t.Errorf("the restored store is %v, %v", info.Mode(), err)
	}
	for _, args := range [][]string{{"backup", file}, {"restore", file}} {
		run("", "with --database-url use PostgreSQL's own pg_", append(args, "--database-url", "postgres://db.example.com/magpie")...)
	}
}

// Who changes the master key is told what it means, and gives the new one in the environment if that is where the old one is.
func TestRotateMaster(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := newOperator(t, engine)
			rotate := func(want string) {
				t.Helper()
				_, said, err := o.run("key", "rotate-master")
				if err != nil {
					said += err.Error()
				}
				if !strings.Contains(o.steady(said), want) {
					t.Errorf("rotate-master says %q, want %q", said, want)
				}
			}
			if _, _, err := o.run("account", "create", "111122223333", "--email", "a@example.com"); err != nil {
				t.Fatal(err)
			}
			if _, _, err := o.run("key", "create", "111122223333"); err != nil {
				t.Fatal(err)
			}
			rotate("encrypted 1 secrets under master key ")
			rotate("backups from before need the old key, which is now in DATA/master.key.was-")
			text, err := os.ReadFile(filepath.Join(o.env["MAGPIE_DATA"], identity.MasterKeyFile))
			if err != nil {
				t.Fatal(err)
			}
			o.env[identity.MasterKeyEnv] = strings.TrimSpace(string(text))
			rotate("MAGPIE_MASTER_KEY is set, so the new key has to be in MAGPIE_NEW_MASTER_KEY")
			o.env[identity.NewMasterKeyEnv] = "hunter2"
			rotate("MAGPIE_NEW_MASTER_KEY: a master key is 32 bytes")
			o.env[identity.NewMasterKeyEnv] = strings.Repeat("ab", 32)
			rotate("restart every server with the new key")
			o.env[identity.MasterKeyEnv], o.env[identity.NewMasterKeyEnv] = o.env[identity.NewMasterKeyEnv], ""
			if _, _, err := o.run("key", "create", "111122223333"); err != nil {
				t.Error(err)
			}
		})
	}
}
