package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/identity"
	"magpie/internal/store/storetest"
)

// What needs something that is there refuses a place without a store, and leaves nothing behind; what can begin one says that it does.
func TestWhereNoStoreIs(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		o := emptied(t, engine)
		for _, line := range []string{
			"account list", "account show 111122223333", "account update 111122223333 --name x", "account suspend 111122223333",
			"account disable-region 111122223333 eu-west-1", "key create 111122223333", "key list", "key revoke AKIAEXAMPLE", "key rotate-master",
			"org create 111122223333", "org list", "org show 111122223333", "role list", "quota list", "queue list", "audit",
			"store list", "store add 111122223333 files --region eu-west-1 --endpoint file:///srv", "store test 111122223333 files",
		} {
			if o.env["MAGPIE_DATABASE_URL"] == "" {
				o.env["MAGPIE_DATA"] = filepath.Join(t.TempDir(), "nowhere")
			}
			out, talk, err := o.run(strings.Fields(line)...)
			if err == nil || !strings.Contains(err.Error(), "there is no store in ") || strings.Contains(err.Error(), "postgres://") || out != "" {
				t.Errorf("magpie %s: %v\n%s%s", line, err, out, talk)
			}
			if left, err := os.ReadDir(o.env["MAGPIE_DATA"]); len(left) > 0 {
				t.Errorf("magpie %s has left %v behind, %v", line, left, err)
			}
		}
		for _, line := range []string{
			"account create 111122223333 --email a@example.com", "migrate", "quota set default --members 10",
			"store add 111122223333 files --dev --region eu-west-1 --endpoint file:///srv",
		} {
			o := emptied(t, engine)
			for i := range 2 {
				_, talk, err := o.run(strings.Fields(line)...)
				if i == 0 && err != nil {
					t.Errorf("magpie %s: %v", line, err)
				}
				if strings.Contains(talk, "new store in ") != (i == 0) || strings.Contains(talk, "made the tables") {
					t.Errorf("magpie %s, for the %d. time, says %q", line, i+1, talk)
				}
			}
		}
	})
}

// Where a server ran with --dev every account has stores without being created, and where one ran without again, none.
func TestStoreOfDevMode(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		o := newOperator(t, engine)
		if _, _, err := o.run("migrate"); err != nil {
			t.Fatal(err)
		}
		add := func(name string) error {
			_, _, err := o.run("store", "add", "111122223333", name, "--region", "eu-west-1", "--endpoint", "file:///srv")
			return err
		}
		for i, dev := range []bool{false, true, false} {
			if err := identity.MarkDev(o.env["MAGPIE_DATA"], dev); err != nil {
				t.Fatal(err)
			}
			if err := add([]string{"one", "two", "three"}[i]); (err == nil) != dev {
				t.Errorf("dev %t: %v", dev, err)
			}
		}
	})
}

// emptied is an operator with a database without tables.
func emptied(t *testing.T, engine string) *operator {
	o := newOperator(t, engine)
	if engine == "postgres" {
		o.env["MAGPIE_DATABASE_URL"] = storetest.Empty(t, engine).URL
	}
	return o
}

func eachEngine(t *testing.T, fn func(t *testing.T, engine string)) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { fn(t, engine) })
	}
}
