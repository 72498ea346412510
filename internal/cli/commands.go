package cli

import "github.com/spf13/cobra"

// Headings of the help.
const (
	ComeGroup     = "come"     // what people come for
	OperatorGroup = "operator" // what an operator does, on the database itself
)

// AddCommands gives the root command all client verbs.
func AddCommands(root *cobra.Command) {
	root.AddGroup(
		&cobra.Group{ID: ComeGroup, Title: "Commands:"},
		&cobra.Group{ID: OperatorGroup, Title: "Administration, on the database itself:"},
		&cobra.Group{ID: OperationsGroup, Title: "Operations of the API, named and with flags as in the AWS CLI:"},
	)
	for _, c := range []*cobra.Command{Invite(), Members(), History(), Jobs(), Findings(), Discovery(), Stores(), Usage(), Console(), Regions(), Activity(), Identifiers()} {
		c.GroupID = ComeGroup
		root.AddCommand(c)
	}
	root.AddCommand(Operations()...)
	root.SetFlagErrorFunc(unknownFlag)
}
