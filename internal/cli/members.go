package cli

import "github.com/spf13/cobra"

// Members is the verb about the membership as a whole.
func Members() *cobra.Command {
	c := &cobra.Command{
		Use:   "members",
		Short: "Look after the membership as a whole: make it what a file says, see who is where",
	}
	c.AddCommand(membersSync(), membersStatus(), membersList())
	return c
}

func membersSync() *cobra.Command {
	o := &onboarding{verb: "members sync", confirm: true}
	c := &cobra.Command{
		Use:   "sync FILE",
		Short: "Make the membership what a file says",
		Long: `Make the membership what a file says, in one Region or many. Who is new is added and invited, who is a member or invited is left,
who failed the verification of its address is deleted, added and invited again if the file has another address now. With --remove, members
that the file does not name are removed. Who resigned is left alone, and said, unless --reinvite is given.

The plan is shown first and nothing is done before a yes, or --yes. The file is as with magpie invite, and so are the journal and --resume.`,
		Example: `  magpie members sync accounts.csv --regions all
  magpie members sync accounts.csv --remove --yes --accept-role OrganizationAccountAccessRole`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				o.file = args[0]
			case o.resume == "":
				return refused("give the file that says who is to be a member; - is standard input")
			}
			return o.run(c, nil)
		},
	}
	o.bind(c)
	return c
}
