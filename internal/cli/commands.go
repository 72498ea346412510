package cli

import "github.com/spf13/cobra"

// AddCommands gives the root command all client verbs.
func AddCommands(root *cobra.Command) {
	root.AddGroup(&cobra.Group{ID: OperationsGroup, Title: "Operations of the API, named and with flags as in the AWS CLI:"})
	root.AddCommand(Invite(), Members(), History())
	root.AddCommand(Operations()...)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return refused("%w\nsee %s --help", err, c.CommandPath())
	})
}
