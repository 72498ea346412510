package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/macie2"
)

func (v verbs) account() *cobra.Command {
	c := &cobra.Command{
		Use:   "account",
		Short: "Create and manage accounts",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(
		v.accountCreate(), v.accountUpdate(), v.accountList(), v.accountShow(),
		v.accountStatus("suspend", "Suspend an account: its keys and sessions are refused from the next call on",
			(*identity.Directory).SuspendAccount),
		v.accountStatus("resume", "Resume a suspended account",
			(*identity.Directory).ResumeAccount),
		v.accountStatus("close", "Close an account for good; its id is not used again",
			(*identity.Directory).CloseAccount),
		v.accountRegion("disable-region", "Disable a Region for an account: it cannot call Macie there from the next call on", false),
		v.accountRegion("enable-region", "Enable a Region again that is disabled for an account", true),
		v.accountImport(),
	)
	return c
}

type accountJSON struct {
	AccountID string `json:"accountId"`
	Email     string `json:"email"`
	Name      string `json:"name,omitempty"`
	Status    string `json:"status"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`

	DisabledRegions []string `json:"disabledRegions,omitempty"`
}

func accountOut(a identity.Account) accountJSON {
	return accountJSON{string(a.ID), a.Email, a.Name, string(a.Status), timestamp(a.CreatedAt), timestamp(a.UpdatedAt), a.DisabledRegions.List()}
}

func accountRows(list ...identity.Account) [][]string {
	rows := [][]string{{"ACCOUNT", "EMAIL", "NAME", "STATUS", "CREATED"}}
	for _, a := range list {
		rows = append(rows, []string{string(a.ID), a.Email, a.Name, string(a.Status), timestamp(a.CreatedAt)})
	}
	if !slices.ContainsFunc(list, func(a identity.Account) bool { return a.DisabledRegions != "" }) {
		return rows
	}
	rows[0] = append(rows[0], "DISABLED REGIONS")
	for i, a := range list {
		rows[i+1] = append(rows[i+1], string(a.DisabledRegions))
	}
	return rows
}

func (v verbs) accountCreate() *cobra.Command {
	l := location{makes: true}
	var f format
	var email, name string
	c := &cobra.Command{
		Use:     "create ID --email ADDRESS",
		Short:   "Create an account",
		Long:    "Create an account. An invitation reaches it if it was added with this address, letter case aside.",
		Example: `  magpie account create 111122223333 --email security@example.com --name "Security team"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				a, err := d.CreateAccount(ctx, id, email, name, v.o.Now())
				if err != nil {
					return err
				}
				return f.show(c, accountOut(a), accountRows(a))
			})
		},
	}
	c.Flags().StringVar(&email, "email", "", "the account's e-mail `address`")
	c.Flags().StringVar(&name, "name", "", "what people call it")
	_ = c.MarkFlagRequired("email") // it fails for a flag that is not there
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) accountUpdate() *cobra.Command {
	var l location
	var f format
	var email, name string
	c := &cobra.Command{
		Use:   "update ID [--email ADDRESS] [--name NAME]",
		Short: "Change an account's address or name",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := accountID(args[0])
			if err != nil {
				return err
			}
			var newEmail, newName *string
			if c.Flags().Changed("email") {
				newEmail = &email
			}
			if c.Flags().Changed("name") {
				newName = &name
			}
			if newEmail == nil && newName == nil {
				return errors.New("nothing to change: give --email, --name or both")
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				a, err := d.UpdateAccount(ctx, id, newEmail, newName, v.o.Now())
				if err != nil {
					return err
				}
				return f.show(c, accountOut(a), accountRows(a))
			})
		},
	}
	c.Flags().StringVar(&email, "email", "", "the account's new e-mail `address`")
	c.Flags().StringVar(&name, "name", "", "its new name")
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) accountList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list",
		Short: "List all accounts",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				list, err := d.AllAccounts(ctx)
				if err != nil {
					return err
				}
				out := make([]accountJSON, len(list))
				for i, a := range list {
					out[i] = accountOut(a)
				}
				return f.show(c, map[string]any{"accounts": out}, accountRows(list...))
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) accountShow() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show an account",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				a, err := d.Account(ctx, id)
				if err != nil {
					return err
				}
				return f.show(c, accountOut(a), accountRows(a))
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

// accountStatus is a verb that changes whether an account takes part.
func (v verbs) accountStatus(verb, short string, change func(*identity.Directory, context.Context, macie2.AccountID, time.Time) (identity.Account, error)) *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   verb + " ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				a, err := change(d, ctx, id, v.o.Now())
				if err != nil {
					return err
				}
				return f.show(c, accountOut(a), accountRows(a))
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

// accountRegion is a verb that changes where an account takes part.
func (v verbs) accountRegion(verb, short string, enabled bool) *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:     verb + " ID REGION",
		Short:   short,
		Example: "  magpie account " + verb + " 111122223333 ap-southeast-2",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				a, err := d.SetRegion(ctx, id, args[1], enabled, v.o.Now())
				if err != nil {
					return err
				}
				return f.show(c, accountOut(a), accountRows(a))
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) accountImport() *cobra.Command {
	l := location{makes: true}
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Create all accounts of a CSV file",
		Long: `Create all accounts of a CSV file, - for standard input, whose heading names the columns Account ID, Email and, if there is one, Name.
Accounts that there are already, with the same address, stay as they are, so that a file can be given again.`,
		Example: "  magpie account import accounts.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			list, err := readList(c, args[0], true)
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				created, err := v.importAccounts(ctx, d, list)
				if err == nil || created > 0 {
					fmt.Fprintf(c.ErrOrStderr(), "%s created\n", accounts(created))
				}
				if err == nil && created < len(list) {
					fmt.Fprintf(c.ErrOrStderr(), "%s there already\n", accounts(len(list)-created))
				}
				return err
			})
		},
	}
	l.flags(c)
	return c
}

// importAccounts creates accounts until one cannot be.
func (v verbs) importAccounts(ctx context.Context, d *identity.Directory, list []listed) (created int, err error) {
	for _, x := range list {
		_, err := d.CreateAccount(ctx, x.id, x.email, x.name, v.o.Now())
		if errors.Is(err, identity.ErrAccountExists) {
			a, lookErr := d.Account(ctx, x.id)
			if lookErr != nil {
				return created, lookErr
			}
			if a.EmailIs(x.email) && a.Status != identity.AccountClosed {
				continue
			}
		}
		if err != nil {
			return created, fmt.Errorf("line %d: %w", x.line, err)
		}
		created++
	}
	return created, nil
}
