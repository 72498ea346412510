package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/store"
)

// embedded is the file of the embedded store, for verbs that work on nothing else.
func (l *location) embedded(instead string) (string, error) {
	if l.databaseURL != "" {
		return "", fmt.Errorf("this is for the embedded store; with --database-url use PostgreSQL's own %s", instead)
	}
	return filepath.Join(l.data, "magpie.db"), nil
}

func (v verbs) backup() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the embedded store into a file, while servers run on it",
		Long: `Copy the embedded store into a file as it is at one moment, while servers run on it. The file appears under its name once it is
whole, checked and on the disk; one that is there is not replaced, and nobody but you may read it.

The master key is not in it. Without that key no access key in the backup works any more, and with both anyone can act as your
accounts: keep the two apart.`,
		Example: `  magpie backup /backup/magpie-$(date +%F).db --data /var/lib/magpie`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := l.embedded("pg_dump or pg_basebackup")
			if err != nil {
				return err
			}
			size, err := store.Backup(c.Context(), path, args[0])
			if err != nil {
				return hint(err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "wrote %s, %.1f MB; the master key is not in it: keep a copy of that in another place\n", args[0], float64(size)/1e6)
			return nil
		},
	}
	l.flags(c)
	return c
}

func (v verbs) restore() *cobra.Command {
	var l location
	var replace bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into the place of the embedded store, while no server runs on it",
		Long: `Put a file that magpie backup wrote into the place of the embedded store. The file is read and checked first; a store that any
program has open is not touched. One that is there is replaced only with --replace, in one transaction: if that is cut short, what was
there before is there again.

What happened after the backup is gone: keys that were made since are unknown, and keys that were revoked since are good again.`,
		Example: `  magpie restore /backup/magpie-2026-11-23.db --data /var/lib/magpie`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := l.embedded("pg_restore")
			if err != nil {
				return err
			}
			if err := os.MkdirAll(l.data, 0o700); err != nil {
				return fmt.Errorf("--data: %w", err)
			}
			if err := store.Restore(c.Context(), path, args[0], replace); err != nil {
				return hint(err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "restored %s\n", path)
			return v.sayKey(c, &l, path)
		},
	}
	c.Flags().BoolVar(&replace, "replace", false, "replace the store that is there")
	l.flags(c)
	return c
}

// sayKey tells whether the master key at hand is the one that the restored store needs.
func (v verbs) sayKey(c *cobra.Command, l *location, path string) error {
	var id string
	err := store.Look(c.Context(), path, func(tx *store.Tx) (err error) {
		id, err = identity.StoreKeyID(context.WithoutCancel(c.Context()), tx)
		return err
	})
	if err != nil || id == "" {
		return err
	}
	where := filepath.Join(l.data, identity.MasterKeyFile)
	if v.o.MasterKey != "" {
		where = identity.MasterKeyEnv
	}
	key, err := identity.ReadMasterKey(identity.MasterKeySource{Env: v.o.MasterKey, Folder: l.data})
	say := func(text string) { fmt.Fprintf(c.ErrOrStderr(), "it is encrypted under master key %s: %s\n", id, text) }
	switch {
	case errors.Is(err, fs.ErrNotExist):
		say("put that key into " + where + " before you start a server")
	case err != nil:
		return err
	case key.ID() != id:
		say(where + " is another key (" + key.ID() + "); put the one of the backup there before you start a server")
	default:
		say("the one in " + where)
	}
	return nil
}
