package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

// Options are what the verbs depend on.
type Options struct {
	// Hooks returns what has to follow a change of an account in db, in the same
	// transaction. nil: nothing has to.
	Hooks func(db *store.DB) identity.Hooks
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// MasterKey is the value of MAGPIE_MASTER_KEY.
	MasterKey string
	// NewMasterKey is the value of MAGPIE_NEW_MASTER_KEY.
	NewMasterKey string
}

// Commands returns the verbs.
func Commands(o Options) []*cobra.Command {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hooks == nil {
		o.Hooks = func(*store.DB) identity.Hooks { return identity.Hooks{} }
	}
	v := verbs{o}
	return []*cobra.Command{v.account(), v.org(), v.key(), v.role(), v.policy(), v.quota(), v.store(), v.destinations(), v.queue(), v.audit(), v.backup(), v.restore(), v.migrate()}
}

type verbs struct{ o Options }

// DefaultData is the data folder if none is named.
const DefaultData = "./magpie-data"

// location is where the store is.
type location struct {
	data, databaseURL string

	dev   bool // every account exists, whether it was created or not
	makes bool // a store that is not there: the verb makes sense in an empty one
}

func (l *location) flags(c *cobra.Command) {
	c.Flags().StringVar(&l.data, "data", DefaultData, "`folder` of the embedded store and the master key")
	c.Flags().StringVar(&l.databaseURL, "database-url", "", "PostgreSQL instead of the embedded store: postgres://…")
}

// open opens the store. Where there is none it is made, and that is said, by a verb that makes sense in an empty store; any other refuses:
// in the wrong folder it would show nothing, or make a key that no server knows.
func (l *location) open(c *cobra.Command) (*store.DB, error) {
	o := store.Options{URL: l.databaseURL, Logger: talk(c), Existing: !l.makes}
	o.OnNew = func() { fmt.Fprintf(c.ErrOrStderr(), "new store in %s\n", l.name()) }
	if l.databaseURL == "" {
		o.Path = filepath.Join(l.data, "magpie.db")
		if l.makes {
			if err := os.MkdirAll(l.data, 0o700); err != nil {
				return nil, fmt.Errorf("--data: %w", err)
			}
		}
	}
	db, err := store.Open(c.Context(), o)
	if errors.Is(err, store.ErrNoStore) {
		return nil, fmt.Errorf("there is no store in %s: name the server's with --data FOLDER or --database-url URL; its first line says which", l.name())
	}
	return db, err
}

// name is the store's for people: where it is, but not how to get in.
func (l *location) name() string {
	if l.databaseURL != "" {
		return store.DatabaseName(l.databaseURL)
	}
	if path, err := filepath.Abs(l.data); err == nil {
		return path
	}
	return l.data
}

// directory opens the store for as long as fn runs.
func (v verbs) directory(c *cobra.Command, l *location, fn func(ctx context.Context, d *identity.Directory) error) (err error) {
	db, err := l.open(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return hint(fn(c.Context(), identity.NewDirectory(db, identity.Options{Hooks: v.o.Hooks(db)})))
}

// service is directory with the master key, which is made if the store has none.
func (v verbs) service(c *cobra.Command, l *location, fn func(ctx context.Context, s *identity.Service) error) (err error) {
	log := talk(c)
	db, err := l.open(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	key, err := identity.LoadMasterKey(c.Context(), db, identity.MasterKeySource{Env: v.o.MasterKey, Folder: l.data, Logger: log})
	if err != nil {
		return err
	}
	s, err := identity.Open(c.Context(), db, key, identity.Options{Hooks: v.o.Hooks(db)})
	if err != nil {
		return err
	}
	return hint(fn(c.Context(), s))
}

// talk is a logger on standard error, without what a person at a terminal knows.
func talk(c *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}}))
}

// hint adds the next step to an error that has one.
func hint(err error) error {
	for _, h := range []struct {
		err  error
		next string
	}{
		{identity.ErrNoAccount, "see which there are with: magpie account list, or create it with: magpie account create ID --email ADDRESS"},
		{identity.ErrAccountExists, "see it with: magpie account show, change it with: magpie account update"},
		{identity.ErrClosed, "a closed account does not open again"},
		{identity.ErrNoKey, "see which there are with: magpie key list"},
		{identity.ErrNoRole, "see which there are with: magpie role list"},
		{store.ErrBackupExists, "a backup never replaces a file: choose another name"},
		{store.ErrNotEmpty, "replace it with --replace, after a magpie backup of it"},
		{store.ErrInUse, "stop every magpie that works on it"},
		{identity.ErrNoOrganization, "see which organizations there are with: magpie org list, make one with: magpie org create MANAGEMENT-ID"},
		{identity.ErrOrganizationExists, "see which with: magpie org show ACCOUNT-ID"},
		{identity.ErrOrganizationNotEmpty, "take them out first with: magpie org remove"},
		{identity.ErrNotManagement, "see which are with: magpie org list, or make it one with: magpie org create"},
		{identity.ErrNotInOrganization, "see which are with: magpie org show"},
		{identity.ErrManagement, "it leaves with the organization: magpie org delete"},
		{identity.ErrDelegate, "its management account ends that: in Macie with aws macie2 disable-organization-admin-account in each Region, which takes a moment, then with aws organizations deregister-delegated-administrator"},
		{queue.ErrNoTask, "see which there are with: magpie queue list --state all"},
		{identity.ErrRoleExists, "delete it first with: magpie role delete"},
		{inventory.ErrNoStore, "see which there are with: magpie store list"},
		{inventory.ErrStoreExists, "change it with: magpie store update, or remove it first with: magpie store remove"},
	} {
		if errors.Is(err, h.err) {
			return fmt.Errorf("%w; %s", err, h.next)
		}
	}
	return err
}

// accountID reads an account id from the command line.
func accountID(text string) (macie2.AccountID, error) {
	id, err := macie2.ParseAccountID(text)
	if err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	return id, nil
}

// optionalAccount is the account that a list is of; none is all of them.
func optionalAccount(args []string) (macie2.AccountID, error) {
	if len(args) == 0 {
		return "", nil
	}
	return accountID(args[0])
}

// format is how an answer is shown: table or json. It is a flag's value.
type format string

func (f *format) flags(c *cobra.Command) {
	*f = "table"
	c.Flags().VarP(f, "output", "o", "how to show it: table or json")
}

func (f *format) String() string { return string(*f) }
func (*format) Type() string     { return "format" }

func (f *format) Set(text string) error {
	if text != "table" && text != "json" {
		return errors.New("table and json are what there is")
	}
	*f = format(text)
	return nil
}

// show writes v as JSON, or rows as a table, of which the first is the header.
func (f *format) show(c *cobra.Command, v any, rows [][]string) error {
	if *f == "json" {
		return showJSON(c, v)
	}
	return showTable(c.OutOrStdout(), rows)
}

func showJSON(c *cobra.Command, v any) error {
	encoder := json.NewEncoder(c.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	return encoder.Encode(v)
}

func showTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// timestamp is a time as AWS's tools show it.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (v verbs) migrate() *cobra.Command {
	l := location{makes: true}
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date",
		Long: `Bring the database up to date, or make it if it is not there. Every other command that opens it does so too; this one is for
doing it at a time of your choosing, before the first node of a new version starts. Several at once do no harm.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			db, err := l.open(c)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.ErrOrStderr(), "the database is up to date")
			return db.Close()
		},
	}
	l.flags(c)
	return c
}
