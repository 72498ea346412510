package admin

import (
	"context"
	"errors"
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
}

func accountOut(a identity.Account) accountJSON {
	return accountJSON{string(a.ID), a.Email, a.Name, string(a.Status), timestamp(a.CreatedAt), timestamp(a.UpdatedAt)}
}

func accountRows(list ...identity.Account) [][]string {
	rows := [][]string{{"ACCOUNT", "EMAIL", "NAME", "STATUS", "CREATED"}}
	for _, a := range list {
		rows = append(rows, []string{string(a.ID), a.Email, a.Name, string(a.Status), timestamp(a.CreatedAt)})
	}
	return rows
}

func (v verbs) accountCreate() *cobra.Command {
	var l location
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
				list, err := d.Accounts(ctx)
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
