package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
)

func (v verbs) key() *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Create and revoke access keys",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(v.keyCreate(), v.keyList(), v.keyRevoke(), v.keyRotateMaster())
	return c
}

// newKeyJSON is the JSON of IAM's CreateAccessKey.
type newKeyJSON struct {
	UserName        string
	AccessKeyId     string
	Status          string
	SecretAccessKey string
	CreateDate      string
}

// keyJSON is an entry of IAM's ListAccessKeys, with what IAM says elsewhere.
type keyJSON struct {
	UserName    string
	AccessKeyId string
	Status      string
	CreateDate  string
	AccountId   string
	Policies    []any
	RevokeDate  string `json:",omitempty"`
}

func (v verbs) keyCreate() *cobra.Command {
	var l location
	var user string
	var policies []string
	c := &cobra.Command{
		Use:   "create ACCOUNT",
		Short: "Create an access key and print it, once",
		Long: `Create an access key of an account and print it as the JSON of IAM's CreateAccessKey. The secret is stored encrypted and is not
shown again. The key may do everything in its account, unless --policy says otherwise.`,
		Example: `  magpie key create 111122223333
  magpie key create 111122223333 --user ci --policy AmazonMacieReadOnlyAccess
  magpie key create 111122223333 --user onboarding --policy policy.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			attached, err := readPolicies(policies)
			if err != nil {
				return err
			}
			return v.service(c, &l, func(ctx context.Context, s *identity.Service) error {
				key, secret, err := s.CreateKey(ctx, account, user, attached, v.o.Now())
				if err != nil {
					return err
				}
				return showJSON(c, map[string]any{"AccessKey": newKeyJSON{
					UserName: key.User, AccessKeyId: key.ID, Status: string(key.Status), SecretAccessKey: secret.Reveal(), CreateDate: timestamp(key.CreatedAt),
				}})
			})
		},
	}
	c.Flags().StringVar(&user, "user", identity.DefaultUser, "`name` of the user whose key it is, as it stands in records and trust policies")
	c.Flags().StringArrayVar(&policies, "policy", nil, policyFlag)
	l.flags(c)
	return c
}

func (v verbs) keyList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list [ACCOUNT]",
		Short: "List access keys, of one account or of all",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := optionalAccount(args)
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				list, err := d.Keys(ctx, account)
				if err != nil {
					return err
				}
				out := []keyJSON{}
				rows := [][]string{{"KEY", "ACCOUNT", "USER", "POLICIES", "STATUS", "CREATED", "REVOKED"}}
				for _, k := range list {
					out = append(out, keyJSON{k.User, k.ID, string(k.Status), timestamp(k.CreatedAt), string(k.Account), policyJSON(k.Policies), timestamp(k.RevokedAt)})
					rows = append(rows, []string{k.ID, string(k.Account), k.User, policyNames(k.Policies), string(k.Status), timestamp(k.CreatedAt), timestamp(k.RevokedAt)})
				}
				return f.show(c, map[string]any{"AccessKeyMetadata": out}, rows)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) keyRevoke() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "revoke KEY-ID",
		Short: "Revoke an access key: it is refused from the next call on, on every node",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				key, err := d.RevokeKey(ctx, args[0], v.o.Now())
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "revoked %s of account %s\n", key.ID, key.Account)
				return nil
			})
		},
	}
	l.flags(c)
	return c
}

func (v verbs) keyRotateMaster() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "rotate-master",
		Short: "Encrypt all secrets under a new master key",
		Long: `Encrypt all secrets under a new master key, in one transaction. Access keys stay what they are; temporary credentials and page
tokens end.

A master key in the data folder is replaced by a random one, or by that in ` + identity.NewMasterKeyEnv + `; the old one is kept beside it for backups
from its time. A key that comes from ` + identity.MasterKeyEnv + ` is yours to replace: put the new one into ` + identity.NewMasterKeyEnv + ` for this command, and into
` + identity.MasterKeyEnv + ` everywhere afterwards.

Stop the servers first, or restart them right after: those that run have the old key, are not ready and answer 500.`,
		Example: `  magpie key rotate-master --data /var/lib/magpie
  ` + identity.NewMasterKeyEnv + `=$(openssl rand -hex 32) magpie key rotate-master --database-url postgres://magpie@db/magpie`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			var next *identity.MasterKey
			if v.o.NewMasterKey != "" {
				key, err := identity.ParseMasterKey(v.o.NewMasterKey)
				if err != nil {
					return fmt.Errorf("%s: %w", identity.NewMasterKeyEnv, err)
				}
				next = &key
			} else if v.o.MasterKey != "" {
				return fmt.Errorf("%s is set, so the new key has to be in %s", identity.MasterKeyEnv, identity.NewMasterKeyEnv)
			}
			log := talk(c)
			db, err := l.open(c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			r, err := identity.RotateMasterKey(c.Context(), db, identity.MasterKeySource{Env: v.o.MasterKey, Folder: l.data, Logger: log}, next)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "encrypted %d secrets under master key %s instead of %s\n", r.Secrets, r.To, r.From)
			if r.Kept != "" {
				fmt.Fprintf(c.ErrOrStderr(), "backups from before need the old key, which is now in %s\n", r.Kept)
			}
			fmt.Fprintln(c.ErrOrStderr(), "restart every server with the new key")
			return nil
		},
	}
	l.flags(c)
	return c
}
