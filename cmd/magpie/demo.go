package main

import (
	"github.com/spf13/cobra"

	"magpie/internal/demo"
)

func demoCommand() *cobra.Command {
	var exit bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole story: a server, two accounts, an invitation, its mail, the acceptance",
		Long: `Show the whole story in one command: start a server on a free port with a fresh folder, create two accounts, and go through
enabling, adding, inviting, the mail and the acceptance, each step with the equivalent line for the AWS CLI. The server then stays up
for you to try, until you press Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return demo.Run(c.Context(), demo.Options{Out: c.OutOrStdout(), Exit: exit})
		},
	}
	c.Flags().BoolVar(&exit, "exit", false, "end when the story is told")
	return c
}
