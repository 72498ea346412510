package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
)

// come is what people come for, in the order in which help shows it. What is not in the list follows by name.
var come = []string{"demo", "serve", "scan", "invite", "members", "history", "store", "destinations", "jobs", "findings", "console", "usage"}

// SetHelp makes the help of the root command begin with what people come for, and name the operations of the API in one line instead of
// listing them all. Call it when the tree is complete.
func SetHelp(root *cobra.Command) {
	usage := root.UsageFunc()
	root.SetUsageFunc(func(c *cobra.Command) error {
		if c.HasParent() {
			return usage(c)
		}
		return writeRootUsage(c.OutOrStderr(), c)
	})
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	root.SetHelpCommand(helpCommand())
	root.AddCommand(operationsCommand(), versionCommand(), manualPagesCommand())
	codeArguments(root)
}

func writeRootUsage(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s COMMAND [flags]\n", root.Name())
	width := 0
	for _, c := range root.Commands() {
		if c.GroupID != OperationsGroup && c.IsAvailableCommand() {
			width = max(width, len(c.Name()))
		}
	}
	list := func(title, group string) {
		commands := slices.DeleteFunc(slices.Clone(root.Commands()), func(c *cobra.Command) bool {
			return c.GroupID != group || !c.IsAvailableCommand()
		})
		if len(commands) == 0 {
			return
		}
		slices.SortStableFunc(commands, func(a, b *cobra.Command) int { return place(a) - place(b) })
		fmt.Fprintf(&b, "\n%s\n", title)
		for _, c := range commands {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, c.Name(), c.Short)
		}
	}
	for _, g := range root.Groups() {
		if g.ID != OperationsGroup {
			list(g.Title, g.ID)
		}
	}
	list("Beside that:", "")
	fmt.Fprintf(&b, "\nEvery operation of the API is a command too, as in the AWS CLI: see %s operations, %[1]s help create-invitations.\n", root.Name())
	fmt.Fprintf(&b, "\nFlags:\n%s\nSee %s COMMAND --help for more about a command.\n", root.LocalFlags().FlagUsages(), root.Name())
	_, err := io.WriteString(w, b.String())
	return err
}

// place is where a command stands in its group of the help.
func place(c *cobra.Command) int {
	if i := slices.Index(come, c.Name()); i >= 0 {
		return i
	}
	return len(come)
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show what a command is for, and its flags",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			about, _, err := c.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var list []string
			for _, child := range about.Commands() {
				if child.IsAvailableCommand() {
					list = append(list, child.Name()+"\t"+child.Short)
				}
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			if err := checkWords(root, args); err != nil {
				return err
			}
			about, _, err := root.Find(args)
			if err != nil {
				return withCode(ExitRefused, err)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func operationsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "operations",
		Short: "List the operations of the API, each of which is a command",
		Long: `List the operations of the API. Each is a command with the names and flags of the AWS CLI; magpie help NAME describes it. Magpie
answers those that are marked with 501, for now: docs/coverage.md says which; elsewhere they work.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var b strings.Builder
			width := 0
			for _, v := range operation.Verbs() {
				width = max(width, len(v.Name))
			}
			for _, v := range operation.Verbs() {
				fmt.Fprintf(&b, "%-*s  %s\n", width, v.Name, v.Short()+builtMark(v))
			}
			_, err := io.WriteString(c.OutOrStdout(), b.String())
			return err
		},
	}
}

// builtMark is what help says of an operation that Magpie has not built.
func builtMark(v *operation.Verb) string {
	if operation.Built(v.Operation) {
		return ""
	}
	return " (not built in Magpie yet)"
}
