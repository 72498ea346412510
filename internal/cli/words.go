package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Execute runs a command line. A word that no command has is refused before anything else is looked at: left to itself the library shows
// help for it, on standard output and with exit code 0, which a script takes for the answer.
func Execute(ctx context.Context, root *cobra.Command, args []string) error {
	args = Arguments(args)
	root.SetArgs(args)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	if err := checkWords(root, args); err != nil {
		return err
	}
	return root.ExecuteContext(ctx)
}

// codeArguments gives what a command says of its arguments the exit code for that, in all of the tree.
func codeArguments(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			var coded interface{ ExitCode() int }
			if err == nil || errors.As(err, &coded) {
				return err
			}
			return refused("%w\nsee %s --help", err, c.CommandPath())
		}
	}
	for _, child := range c.Commands() {
		codeArguments(child)
	}
}

// checkWords finds the first word of the command line that should be a command and is none.
func checkWords(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil // a shell completes words that are not there yet
	}
	found, rest, err := root.Find(args)
	if err != nil || found == nil {
		found, rest = root, args
	}
	if !found.HasSubCommands() {
		return nil
	}
	word, asksHelp := firstWord(rest)
	if word == "" || asksHelp {
		return nil
	}
	return unknownWord(found, word)
}

// firstWord is the first argument that is neither a flag nor, as far as can be told, a flag's value; and whether help was asked for
// before it.
func firstWord(args []string) (word string, asksHelp bool) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			if i+1 < len(args) {
				return args[i+1], false
			}
			return "", false
		case arg == "--help" || arg == "-h":
			return "", true
		case arg == "--version" || arg == "-v":
		case strings.HasPrefix(arg, "-") && len(arg) > 1:
			if !strings.Contains(arg, "=") {
				i++ // its value
			}
		default:
			return arg, false
		}
	}
	return "", false
}

// unknownWord says that a command has no such subcommand, and which was probably meant.
func unknownWord(c *cobra.Command, word string) error {
	path := c.CommandPath()
	if meant := nearest(word, names(c)); len(meant) > 0 {
		for i := range meant {
			meant[i] = path + " " + meant[i]
		}
		return refused("unknown command %q for %q; did you mean: %s", word, path, strings.Join(meant, ", or: "))
	}
	if elsewhere := commandsNamed(c.Root(), word); len(elsewhere) > 0 {
		return refused("unknown command %q for %q; did you mean: %s", word, path, strings.Join(elsewhere, ", or: "))
	}
	if c.HasParent() {
		return refused("unknown command %q for %q; there are: %s", word, path, strings.Join(names(c), ", "))
	}
	return refused("unknown command %q for %q; see which there are with: %s --help", word, path, path)
}

// unknownFlag adds to the error about a flag which was probably meant, and where they are described.
func unknownFlag(c *cobra.Command, err error) error {
	hint := ""
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var flags []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				flags = append(flags, f.Name)
			}
		})
		if meant := nearest(missing.GetSpecifiedName(), flags); len(meant) > 0 {
			hint = "; did you mean: --" + strings.Join(meant, ", or: --")
		}
	}
	return refused("%w%s\nsee %s --help", err, hint, c.CommandPath())
}

// names are the words that may follow a command.
func names(c *cobra.Command) []string {
	var list []string
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			list = append(list, child.Name())
		}
	}
	return list
}

// commandsNamed are the commands of that name below the first level, each as it is called.
func commandsNamed(root *cobra.Command, word string) []string {
	var list []string
	for _, group := range root.Commands() {
		for _, c := range group.Commands() {
			if c.Name() == word && c.IsAvailableCommand() && group.Name() != "completion" && group.Name() != "help" {
				list = append(list, c.CommandPath())
			}
		}
	}
	if len(list) > 3 {
		return nil // it says nothing
	}
	return list
}

// nearest are at most three of the words, the most similar first: those that begin with what was typed, or can be made of it with few
// changes.
func nearest(typed string, words []string) []string {
	typed = strings.ToLower(typed)
	if len(typed) > 64 {
		return nil
	}
	type candidate struct {
		word     string
		distance int
	}
	var list []candidate
	for _, word := range words {
		d := distance(typed, strings.ToLower(word))
		switch {
		case strings.HasPrefix(word, typed) && len(typed) > 1:
			d = min(d, 1)
		case d > max(1, min(len(typed), len(word))/3):
			continue
		}
		list = append(list, candidate{word, d})
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var best []string
	for _, x := range list[:min(len(list), 3)] {
		if x.distance == list[0].distance {
			best = append(best, x.word)
		}
	}
	return best
}

// distance counts the letters that are to be put in, taken out, replaced, or exchanged with their neighbour, to make b of a.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	before, last, now := rows[0], rows[1], rows[2]
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
