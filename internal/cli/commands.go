package cli

import "github.com/spf13/cobra"

// accountsGroup is the heading under which help lists the verbs that are more than one operation.
const accountsGroup = "accounts"

// AddCommands gives the root command all client verbs.
func AddCommands(root *cobra.Command) {
	// The operations come first: there are so many that a terminal shows only what stands after them.
	root.AddGroup(
		&cobra.Group{ID: OperationsGroup, Title: "Operations of the API, named and with flags as in the AWS CLI:"},
		&cobra.Group{ID: accountsGroup, Title: "Many accounts and what became of them, over the wire:"},
	)
	for _, c := range []*cobra.Command{Invite(), Members(), History(), Jobs()} {
		c.GroupID = accountsGroup
		root.AddCommand(c)
	}
	root.AddCommand(Operations()...)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return refused("%w\nsee %s --help", err, c.CommandPath())
	})
}
