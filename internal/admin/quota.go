package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/membership"
	"magpie/internal/store"
)

func (v verbs) quota() *cobra.Command {
	c := &cobra.Command{
		Use:   "quota",
		Short: "Set the quotas of all accounts, or of one",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(v.quotaSet(), v.quotaList(), v.quotaUnset())
	return c
}

// withStore opens the store for as long as fn runs.
func withStore(c *cobra.Command, l *location, fn func(ctx context.Context, db *store.DB) error) (err error) {
	db, err := l.open(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return hint(fn(c.Context(), db))
}

// everyAccount is how the command line names every account that has no quota of its own.
const everyAccount = "default"

// quotaAccount reads whose quota is meant. Empty: every account's that has none of its own.
func quotaAccount(text string) (macie2.AccountID, error) {
	if text == everyAccount {
		return "", nil
	}
	return accountID(text)
}

func whose(account macie2.AccountID) string {
	if account == "" {
		return "every account"
	}
	return "account " + string(account)
}

func (v verbs) quotaSet() *cobra.Command {
	l := location{makes: true}
	var members, organization int64
	c := &cobra.Command{
		Use:   "set (ACCOUNT | default) [--members N] [--organization-members N]",
		Short: "Set how many members an administrator may have",
		Long: `Set how many members an administrator may have in each Region, by invitation or through its organization. "default" is every
account that has no quota of its own; the servers' --quota-members and --quota-organization-members set the same as they start. It holds
from the next call on, on every node. A quota below what an account has takes nothing away.`,
		Example: "  magpie quota set 111122223333 --members 5000\n  magpie quota set default --members 2000",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := quotaAccount(args[0])
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
				if account != "" {
					if _, err := identity.NewDirectory(db, identity.Options{}).Account(ctx, account); err != nil {
						return err
					}
				}
				if err := membership.SetQuota(ctx, db, q); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "%s may have %s in each Region\n", whose(account), strings.Join(said, " and "))
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
		Short: "List the quotas that were set",
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
					name := cmp.Or(string(q.Account), everyAccount)
					out = append(out, quotaJSON{name, q.Members, q.OrganizationMembers, timestamp(q.UpdatedAt)})
					rows = append(rows, []string{name, optional(q.Members), optional(q.OrganizationMembers), timestamp(q.UpdatedAt)})
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
		Use:   "unset (ACCOUNT | default)",
		Short: "Give an account the default quotas again, or all of them Macie's",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := quotaAccount(args[0])
			if err != nil {
				return err
			}
			return withStore(c, &l, func(ctx context.Context, db *store.DB) error {
				had, err := membership.UnsetQuota(ctx, db, account)
				if err != nil {
					return err
				}
				switch {
				case !had && account == "":
					return errors.New("no quota was set for every account; see which were with: magpie quota list")
				case !had:
					return fmt.Errorf("account %s has no quota of its own; see which have with: magpie quota list", account)
				case account == "":
					fmt.Fprintln(c.ErrOrStderr(), "every account has Macie's quotas, or its own")
				default:
					fmt.Fprintf(c.ErrOrStderr(), "account %s has the servers' quotas\n", account)
				}
				return nil
			})
		},
	}
	l.flags(c)
	return c
}
