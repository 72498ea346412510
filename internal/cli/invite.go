package cli

import "github.com/spf13/cobra"

// Invite is the verb that brings accounts into the membership.
func Invite() *cobra.Command {
	o := &onboarding{verb: "invite"}
	c := &cobra.Command{
		Use:   "invite {ID=EMAIL ... | --file FILE | -}",
		Short: "Invite accounts: add what is missing, invite, wait, and say what became of each",
		Long: `Invite accounts to become members, in one Region or many. What is missing in the inventory is added, what failed the verification
of its address is replaced if the address is another now, what is a member or invited already is left. Then it is waited until each
invitation has arrived, or failed; the report says for each account what happened and what to do.

The list is given as arguments, or as a file: CSV as Macie's console takes it (heading Account ID,Email) or JSON lines
({"accountId":"…","email":"…"}). A list with a mistake is refused as a whole, each mistake with line and column.

With --accept-role, a role of that name is assumed in each account, Macie is enabled there and the invitation accepted: the account is
a member then. The role needs macie2:EnableMacie, macie2:ListInvitations, macie2:AcceptInvitation and iam:CreateServiceLinkedRole.

A run keeps a journal. When it is interrupted, by Ctrl-C or by anything else, magpie invite --resume latest goes on where it was; no
invitation is sent twice.`,
		Example: `  magpie invite 444455556666=member@example.com --message "Please join"
  magpie invite --file accounts.csv --regions all --accept-role OrganizationAccountAccessRole
  magpie invite --file accounts.csv --regions eu-west-1,us-east-1 --dry-run`,
		RunE: func(c *cobra.Command, args []string) error {
			o.options.Reinvite = true // they are asked for by name
			return o.run(c, args)
		},
	}
	c.Flags().StringVar(&o.file, "file", "", "list of accounts; - is standard input")
	o.bind(c)
	return c
}
