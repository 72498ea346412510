package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/macie2"
)

func (v verbs) role() *cobra.Command {
	c := &cobra.Command{
		Use:   "role",
		Short: "Create and delete roles that others assume",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(v.roleCreate(), v.roleList(), v.roleDelete())
	return c
}

// roleJSON is a role in the JSON of IAM's CreateRole and ListRoles, with its policies.
type roleJSON struct {
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               string
	AssumeRolePolicyDocument json.RawMessage
	MaxSessionDuration       int
	Policies                 []any
}

func roleOut(r identity.Role) roleJSON {
	return roleJSON{
		RoleName: r.Name, RoleId: r.ID, Arn: r.ARN(), CreateDate: timestamp(r.CreatedAt), AssumeRolePolicyDocument: json.RawMessage(r.Trust),
		MaxSessionDuration: int(r.MaxSession / time.Second), Policies: policyJSON(r.Policies),
	}
}

func (v verbs) roleCreate() *cobra.Command {
	var l location
	var trust string
	var policies []string
	var maxSession time.Duration
	c := &cobra.Command{
		Use:   "create ACCOUNT NAME --trust FILE|ACCOUNT-ID",
		Short: "Create a role",
		Long: `Create a role of an account, and print it as the JSON of IAM's CreateRole. --trust says who may assume it: the principals of one
account, or what a trust policy in IAM's JSON says. A policy with a condition that cannot be evaluated here is refused.`,
		Example: `  magpie role create 444455556666 Operator --trust 111122223333
  magpie role create 444455556666 Auditor --trust trust.json --max-session 12h`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			document, err := trustDocument(trust)
			if err != nil {
				return err
			}
			attached, err := readPolicies(policies)
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				role, err := d.CreateRole(ctx, identity.Role{Account: account, Name: args[1], Trust: document, Policies: attached, MaxSession: maxSession}, v.o.Now())
				if err != nil {
					return err
				}
				return showJSON(c, map[string]any{"Role": roleOut(role)})
			})
		},
	}
	c.Flags().StringVar(&trust, "trust", "", "who may assume it: a `file` with a trust policy, or an account id")
	c.Flags().StringArrayVar(&policies, "policy", nil, policyFlag)
	c.Flags().DurationVar(&maxSession, "max-session", identity.DefaultMaxSession, "how long a session may last at most, 1h to 12h")
	_ = c.MarkFlagRequired("trust") // it fails for a flag that is not there
	l.flags(c)
	return c
}

// trustDocument is the trust policy that --trust names.
func trustDocument(trust string) (string, error) {
	if id, err := macie2.ParseAccountID(trust); err == nil {
		return identity.TrustAccount(id), nil
	}
	text, err := os.ReadFile(trust)
	if err != nil {
		return "", fmt.Errorf("--trust is neither an account id nor a file that can be read: %w", err)
	}
	return string(text), nil
}

func (v verbs) roleList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list [ACCOUNT]",
		Short: "List roles, of one account or of all",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := optionalAccount(args)
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				list, err := d.Roles(ctx, account)
				if err != nil {
					return err
				}
				out := []roleJSON{}
				rows := [][]string{{"ROLE", "POLICIES", "MAX SESSION", "CREATED"}}
				for _, r := range list {
					out = append(out, roleOut(r))
					rows = append(rows, []string{r.ARN(), policyNames(r.Policies), r.MaxSession.String(), timestamp(r.CreatedAt)})
				}
				return f.show(c, map[string]any{"Roles": out}, rows)
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) roleDelete() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "delete ACCOUNT NAME",
		Short: "Delete a role; its sessions end with their next call",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				if err := d.DeleteRole(ctx, account, args[1]); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "deleted role %s of account %s\n", args[1], account)
				return nil
			})
		},
	}
	l.flags(c)
	return c
}
