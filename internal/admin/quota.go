package admin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	var members, organization int64
	c := &cobra.Command{
		Use:   "set ACCOUNT [--members N] [--organization-members N]",
		Short: "Set how many members an administrator may have",
		Long: `Set how many members an administrator may have in each Region, by invitation or through its organization, in place of what the
servers' --quota-members and --quota-organization-members say. It holds from the next call on, on every node. A quota below what the
account has takes nothing away.`,
		Example: "  magpie quota set 111122223333 --members 5000",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			q := membership.Quota{Account: account, UpdatedAt: v.o.Now()}
			var said []string
			for _, f := range []struct {
				flag, what string
				n          int64
				into       **int64
			}{
				{"members", "members by invitation", members, &q.Members},
				{"organization-members", "members through its organization", organization, &q.OrganizationMembers},
			} {
				if !c.Flags().Changed(f.flag) {
					continue
				}
				if f.n < 0 {
					return fmt.Errorf("--%s cannot be less than 0", f.flag)
				}
				*f.into = &f.n
				said = append(said, fmt.Sprintf("%d %s", f.n, f.what))
			}
			if len(said) == 0 {
				return errors.New("nothing to set: give --members, --organization-members or both")
			}
			return withStore(c, &l, func(ctx context.Context, db *store.DB) error {
				if _, err := identity.NewDirectory(db, identity.Options{}).Account(ctx, account); err != nil {
					return err
				}
				if err := membership.SetQuota(ctx, db, q); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "account %s may have %s in each Region\n", account, strings.Join(said, " and "))
				return nil
			})
		},
	}
	c.Flags().Int64Var(&members, "members", 0, "how many members by invitation, in each Region")
	c.Flags().Int64Var(&organization, "organization-members", 0, "how many members through its organization, in each Region")
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
					AccountID           string `json:"accountId"`
					Members             *int64 `json:"members,omitempty"`
					OrganizationMembers *int64 `json:"organizationMembers,omitempty"`
					UpdatedAt           string `json:"updatedAt"`
				}
				out := []quotaJSON{}
				rows := [][]string{{"ACCOUNT", "MEMBERS", "ORGANIZATION MEMBERS", "SET"}}
				for _, q := range list {
					out = append(out, quotaJSON{string(q.Account), q.Members, q.OrganizationMembers, timestamp(q.UpdatedAt)})
					rows = append(rows, []string{string(q.Account), optional(q.Members), optional(q.OrganizationMembers), timestamp(q.UpdatedAt)})
				}
				return f.show(c, map[string]any{"quotas": out}, rows)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

// optional is a number that may be missing.
func optional(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
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
