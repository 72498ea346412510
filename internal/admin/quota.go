package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/membership"
	"magpie/internal/store"
)

func (v verbs) quota() *cobra.Command {
	c := &cobra.Command{
		Use:   "quota",
		Short: "Give accounts quotas of their own",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(v.quotaSet(), v.quotaList(), v.quotaUnset())
	return c
}

// withStore opens the store for as long as fn runs.
func withStore(c *cobra.Command, l *location, fn func(ctx context.Context, db *store.DB) error) (err error) {
	db, err := l.open(c.Context(), talk(c))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return hint(fn(c.Context(), db))
}

func (v verbs) quotaSet() *cobra.Command {
	var l location
	var members int64
	c := &cobra.Command{
		Use:   "set ACCOUNT --members N",
		Short: "Set how many members an administrator may have",
		Long: `Set how many members an administrator may have by invitation, in each Region, in place of what the servers' --quota-members says.
It holds from the next call on, on every node. A quota below what the account has takes nothing away.`,
		Example: "  magpie quota set 111122223333 --members 5000",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			if members < 0 {
				return errors.New("--members cannot be less than 0")
			}
			return withStore(c, &l, func(ctx context.Context, db *store.DB) error {
				if _, err := identity.NewDirectory(db, identity.Options{}).Account(ctx, account); err != nil {
					return err
				}
				if err := membership.SetQuota(ctx, db, membership.Quota{Account: account, Members: members, UpdatedAt: v.o.Now()}); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "account %s may have %d members in each Region\n", account, members)
				return nil
			})
		},
	}
	c.Flags().Int64Var(&members, "members", 0, "how many members by invitation, in each Region")
	_ = c.MarkFlagRequired("members") // it fails for a flag that is not there
	l.flags(c)
	return c
}

func (v verbs) quotaList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list",
		Short: "List the accounts that have quotas of their own",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withStore(c, &l, func(ctx context.Context, db *store.DB) error {
				list, err := membership.Quotas(ctx, db)
				if err != nil {
					return err
				}
				type quotaJSON struct {
					AccountID string `json:"accountId"`
					Members   int64  `json:"members"`
					UpdatedAt string `json:"updatedAt"`
				}
				out := []quotaJSON{}
				rows := [][]string{{"ACCOUNT", "MEMBERS", "SET"}}
				for _, q := range list {
					out = append(out, quotaJSON{string(q.Account), q.Members, timestamp(q.UpdatedAt)})
					rows = append(rows, []string{string(q.Account), strconv.FormatInt(q.Members, 10), timestamp(q.UpdatedAt)})
				}
				return f.show(c, map[string]any{"quotas": out}, rows)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) quotaUnset() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "unset ACCOUNT",
		Short: "Give an account the servers' quotas again",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			return withStore(c, &l, func(ctx context.Context, db *store.DB) error {
				had, err := membership.UnsetQuota(ctx, db, account)
				if err != nil {
					return err
				}
				if !had {
					return fmt.Errorf("account %s has no quota of its own; see which have with: magpie quota list", account)
				}
				fmt.Fprintf(c.ErrOrStderr(), "account %s has the servers' quotas\n", account)
				return nil
			})
		},
	}
	l.flags(c)
	return c
}
