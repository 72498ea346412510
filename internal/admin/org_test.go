package admin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// What the organization's own people have changed is shown, and keeps accounts from leaving.
func TestOrgWithDelegates(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := newOperator(t, engine)
			for _, args := range [][]string{
				{"account", "import", "testdata/accounts.csv"}, {"org", "create", "111122223333"},
				{"org", "add", "111122223333", "--file", "testdata/accounts.csv"},
			} {
				if _, _, err := o.run(args...); err != nil {
					t.Fatal(err)
				}
			}
			db, err := store.Open(t.Context(), storeOptions(o))
			if err != nil {
				t.Fatal(err)
			}
			d := identity.NewDirectory(db, identity.Options{})
			err = d.EnableServiceAccess(t.Context(), "111122223333", "macie.amazonaws.com", o.now)
			if err == nil {
				err = d.RegisterDelegate(t.Context(), "111122223333", "222233334444", "macie.amazonaws.com", o.now)
			}
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			table, _, err := o.run("org", "show", "111122223333")
			if err != nil || !strings.Contains(table, "  macie.amazonaws.com\n\nACCOUNT ") || !strings.Contains(table, "Security           Active  2026-11-23T12:02:00Z  macie.amazonaws.com\n") {
				t.Errorf("%s, %v", table, err)
			}
			json, _, err := o.run("org", "show", "333344445555", "--output", "json")
			want := `    "trustedServices": [
        {
            "servicePrincipal": "macie.amazonaws.com",
            "enabledAt": "2026-11-23T12:03:00Z"
        }
    ],
    "delegatedAdministrators": [
        {
            "accountId": "222233334444",
            "servicePrincipal": "macie.amazonaws.com",
            "delegatedAt": "2026-11-23T12:03:00Z"
        }
    ]
}
`
			if err != nil || !strings.HasSuffix(json, want) {
				t.Errorf("%s, %v", json, err)
			}
			_, _, err = o.run("org", "remove", "111122223333", "333344445555", "222233334444")
			if !errors.Is(err, identity.ErrDelegate) || !strings.HasSuffix(err.Error(), ", then with aws organizations deregister-delegated-administrator") {
				t.Error(err)
			}
		})
	}
}

// A removal that fails says how many left before, as an addition does.
func TestOrgRemovesSomeAndFails(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := newOperator(t, engine)
			const management = "999999999999" // the last in order, behind whole batches of others
			list := "Account ID,Email\n" + management + ",boss@example.com\n"
			var members []string
			for i := range 40 {
				id := fmt.Sprintf("1111222233%02d", i)
				list += id + "," + id + "@example.com\n"
				members = append(members, id)
			}
			file := filepath.Join(t.TempDir(), "accounts.csv")
			if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"account", "import", file}, {"org", "create", management}, {"org", "add", management, "--file", file},
			} {
				if _, _, err := o.run(args...); err != nil {
					t.Fatal(err)
				}
			}
			_, said, err := o.run(append([]string{"org", "remove", management, management}, members...)...)
			if err == nil || said != "40 accounts removed from the organization of "+management+"\n" {
				t.Errorf("%q, %v", said, err)
			}
		})
	}
}

// storeOptions are where an operator's store is.
func storeOptions(o *operator) store.Options {
	options := store.Options{URL: o.env["MAGPIE_DATABASE_URL"]}
	if options.URL == "" {
		options.Path = o.env["MAGPIE_DATA"] + "/magpie.db"
	}
	return options
}

func TestReadList(t *testing.T) {
	for _, x := range []struct {
		name, text string
		want       []listed
		faults     string
	}{
		{"ids", "111122223333\r\n222233334444", []listed{{id: "111122223333", line: 1}, {id: "222233334444", line: 2}}, ""},
		{"quoted, with a mark", "\uFEFF\"e-mail\",\"ACCOUNT ID\"\n\"a@example.com\", \"111122223333\"\n", []listed{{"111122223333", "a@example.com", "", 2}}, ""},
		{"other columns", "Id,OU,Account Name\n111122223333,x,Data\n", []listed{{"111122223333", "", "Data", 2}}, ""},
		{"semicolons", "Account ID;Name\n111122223333;\"Data, lake\"\n", []listed{{"111122223333", "", "Data, lake", 2}}, ""},
		{"nothing", "", nil, "there are no accounts in it"},
		{"a heading alone", "Account ID\n", nil, "there are no accounts in it"},
		{"no ids", "Email\na@example.com\n", nil, `line 1: a heading has to say which column is what; this one has "Email", and what is understood is Account ID (or Account, or ID)`},
		{"an id too few", "Email,Account ID\na@example.com\n", nil, `line 2: "": an account id has 12 digits, not 0 characters`},
		{"twice", "111122223333\n111122223333\n", []listed{{id: "111122223333", line: 1}}, "line 2: account 111122223333 is in line 1 already"},
	} {
		list, faults, err := parseList(strings.NewReader(x.text), false)
		if err != nil || !slices.Equal(list, x.want) || strings.Join(faults, "\n") != x.faults {
			t.Errorf("%s: %+v\n%q, %v", x.name, list, faults, err)
		}
	}
	broken := errors.New("no such tape")
	if _, _, err := parseList(iotest.ErrReader(broken), false); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestListFromStandardInput(t *testing.T) {
	c := &cobra.Command{}
	c.SetIn(strings.NewReader("333344445555\n222233334444\n"))
	ids, err := named(c, []string{"444455556666", "222233334444"}, "-")
	if err != nil || !slices.Equal(ids, []macie2.AccountID{"222233334444", "333344445555", "444455556666"}) {
		t.Errorf("%v, %v", ids, err)
	}
}
