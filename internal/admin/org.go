package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/macie2"
)

func (v verbs) org() *cobra.Command {
	c := &cobra.Command{
		Use:   "org",
		Short: "Create and manage organizations of accounts",
		Long: `Create and manage organizations of accounts: who may be Macie's administrator of which accounts without inviting them. An account is
in one organization at most. What an organization trusts, and who acts for it, is changed by its management account, with its clients
of Macie and of AWS Organizations.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(v.orgCreate(), v.orgAdd(), v.orgRemove(), v.orgShow(), v.orgList(), v.orgDelete())
	return c
}

type orgJSON struct {
	OrganizationID      string `json:"organizationId"`
	ManagementAccountID string `json:"managementAccountId"`
	CreatedAt           string `json:"createdAt"`
}

func orgOut(o identity.Organization) orgJSON {
	return orgJSON{string(o.ID), string(o.Management), timestamp(o.CreatedAt)}
}

func (v verbs) orgCreate() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:     "create MANAGEMENT-ID",
		Short:   "Create an organization under a management account",
		Example: "  magpie org create 111122223333",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			management, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				o, err := d.CreateOrganization(ctx, management, v.o.Now())
				if err != nil {
					return err
				}
				return f.show(c, orgOut(o), [][]string{
					{"ORGANIZATION", "MANAGEMENT", "CREATED"}, {string(o.ID), string(o.Management), timestamp(o.CreatedAt)},
				})
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

// named are the accounts that the command line names, and those of a file if one is given.
func named(c *cobra.Command, args []string, file string) ([]macie2.AccountID, error) {
	var ids []macie2.AccountID
	for _, arg := range args {
		id, err := accountID(arg)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if file != "" {
		list, err := readList(c, file, false)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			ids = append(ids, x.id)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("no accounts: name them, or give --file")
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// accounts counts accounts in a sentence.
func accounts(n int) string {
	if n == 1 {
		return "1 account"
	}
	return strconv.Itoa(n) + " accounts"
}

const fileUsage = "`file` with more of them, - for standard input: one account id a line, or CSV with a column Account ID"

func (v verbs) orgAdd() *cobra.Command {
	return v.orgChange(&cobra.Command{
		Use:   "add MANAGEMENT-ID [ACCOUNT-ID…] [--file FILE]",
		Short: "Add accounts to an organization",
		Long: `Add accounts to an organization. Those that are in it already stay as they are. They are added some at a time: if it fails,
mend what the error says and give the whole list again.`,
		Example: `  magpie org add 111122223333 222233334444 333344445555
  magpie org add 111122223333 --file accounts.csv`,
	}, func(ctx context.Context, c *cobra.Command, d *identity.Directory, management macie2.AccountID, ids []macie2.AccountID) error {
		added, err := d.AddToOrganization(ctx, management, ids, v.o.Now())
		if err == nil || added > 0 {
			fmt.Fprintf(c.ErrOrStderr(), "%s added to the organization of %s\n", accounts(added), management)
		}
		if err == nil && added < len(ids) {
			fmt.Fprintf(c.ErrOrStderr(), "%s in it already\n", accounts(len(ids)-added))
		}
		return err
	})
}

func (v verbs) orgRemove() *cobra.Command {
	return v.orgChange(&cobra.Command{
		Use:   "remove MANAGEMENT-ID [ACCOUNT-ID…] [--file FILE]",
		Short: "Take accounts out of an organization",
		Long: `Take accounts out of an organization. Its management account cannot leave, nor can an account that acts for it as a delegated
administrator. They leave some at a time.`,
		Example: "  magpie org remove 111122223333 333344445555",
	}, func(ctx context.Context, c *cobra.Command, d *identity.Directory, management macie2.AccountID, ids []macie2.AccountID) error {
		removed, err := d.RemoveFromOrganization(ctx, management, ids)
		if err == nil || removed > 0 {
			fmt.Fprintf(c.ErrOrStderr(), "%s removed from the organization of %s\n", accounts(removed), management)
		}
		return err
	})
}

// orgChange makes a verb that changes which accounts are in an organization. A change that fails says what it did before.
func (v verbs) orgChange(c *cobra.Command, change func(context.Context, *cobra.Command, *identity.Directory, macie2.AccountID, []macie2.AccountID) error) *cobra.Command {
	var l location
	var file string
	c.Args = cobra.MinimumNArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error {
		management, err := accountID(args[0])
		if err != nil {
			return err
		}
		ids, err := named(c, args[1:], file)
		if err != nil {
			return err
		}
		return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
			return change(ctx, c, d, management, ids)
		})
	}
	c.Flags().StringVar(&file, "file", "", fileUsage)
	l.flags(c)
	return c
}

func (v verbs) orgShow() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "show ACCOUNT-ID",
		Short: "Show an organization, by its management account or any other that is in it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				return showOrg(ctx, c, d, id, f)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

// shownPage is how many accounts are read at once.
const shownPage = 1000

func showOrg(ctx context.Context, c *cobra.Command, d *identity.Directory, id macie2.AccountID, f format) error {
	o, err := d.Organization(ctx, id)
	if err != nil {
		return err
	}
	var list []identity.OrganizationAccount
	for after := macie2.AccountID(""); ; after = list[len(list)-1].ID {
		page, err := d.OrganizationAccounts(ctx, o.ID, after, shownPage)
		if err != nil {
			return err
		}
		if list = append(list, page...); len(page) < shownPage {
			break
		}
	}
	services, err := d.ServiceAccesses(ctx, o.ID)
	if err != nil {
		return err
	}
	delegates, err := d.DelegatesOf(ctx, o.ID, "")
	if err != nil {
		return err
	}
	if f == "json" {
		return showJSON(c, orgWhole(o, list, services, delegates))
	}
	trusted := make([]string, len(services))
	for i, x := range services {
		trusted[i] = string(x.Service)
	}
	acts := map[macie2.AccountID][]string{o.Management: {"management"}}
	for _, x := range delegates {
		acts[x.Account] = append(acts[x.Account], string(x.Service))
	}
	rows := [][]string{{"ACCOUNT", "EMAIL", "NAME", "STATUS", "JOINED", "ACTS FOR IT IN"}}
	for _, a := range list {
		rows = append(rows, []string{string(a.ID), a.Email, a.Name, string(a.Status), timestamp(a.JoinedAt), strings.Join(acts[a.ID], " ")})
	}
	err = showTable(c.OutOrStdout(), [][]string{
		{"ORGANIZATION", "MANAGEMENT", "CREATED", "TRUSTS"},
		{string(o.ID), string(o.Management), timestamp(o.CreatedAt), strings.Join(trusted, " ")},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout())
	return showTable(c.OutOrStdout(), rows)
}

// orgWhole is all that is known of an organization.
func orgWhole(o identity.Organization, list []identity.OrganizationAccount, services []identity.ServiceAccess, delegates []identity.Delegate) any {
	type joined struct {
		accountJSON
		JoinedAt string `json:"joinedAt"`
	}
	type trusted struct {
		ServicePrincipal string `json:"servicePrincipal"`
		EnabledAt        string `json:"enabledAt"`
	}
	type delegate struct {
		AccountID        string `json:"accountId"`
		ServicePrincipal string `json:"servicePrincipal"`
		DelegatedAt      string `json:"delegatedAt"`
	}
	out := struct {
		orgJSON
		Accounts  []joined   `json:"accounts"`
		Services  []trusted  `json:"trustedServices"`
		Delegates []delegate `json:"delegatedAdministrators"`
	}{orgOut(o), []joined{}, []trusted{}, []delegate{}}
	for _, a := range list {
		out.Accounts = append(out.Accounts, joined{accountOut(a.Account), timestamp(a.JoinedAt)})
	}
	for _, x := range services {
		out.Services = append(out.Services, trusted{string(x.Service), timestamp(x.EnabledAt)})
	}
	for _, x := range delegates {
		out.Delegates = append(out.Delegates, delegate{string(x.Account), string(x.Service), timestamp(x.DelegatedAt)})
	}
	return out
}

func (v verbs) orgList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list",
		Short: "List all organizations",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				list, err := d.AllOrganizations(ctx)
				if err != nil {
					return err
				}
				type sized struct {
					orgJSON
					Accounts int64 `json:"accounts"`
				}
				out := []sized{}
				rows := [][]string{{"ORGANIZATION", "MANAGEMENT", "ACCOUNTS", "CREATED"}}
				for _, o := range list {
					out = append(out, sized{orgOut(o.Organization), o.Accounts})
					rows = append(rows, []string{string(o.ID), string(o.Management), strconv.FormatInt(o.Accounts, 10), timestamp(o.CreatedAt)})
				}
				return f.show(c, map[string]any{"organizations": out}, rows)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) orgDelete() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "delete MANAGEMENT-ID",
		Short: "Delete an organization that has no other accounts any more",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			management, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				if err := d.DeleteOrganization(ctx, management); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "the organization of %s is deleted\n", management)
				return nil
			})
		},
	}
	l.flags(c)
	return c
}
