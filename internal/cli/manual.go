package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// WriteManual writes the reference of a command and of all below it as Markdown: docs/cli.md.
func WriteManual(w io.Writer, root *cobra.Command) error {
	m := &manual{}
	m.line("# The command line")
	m.line("")
	m.line("Generated from the commands by `go generate ./cmd/magpie`; a test holds that it is current.")
	m.line("")
	m.line("%s", root.Long)
	m.line("")
	m.line("## Exit codes of the client verbs")
	m.line("")
	m.line("| code | meaning |")
	m.line("|---|---|")
	for _, e := range exitCodes {
		m.line("| %d | %s |", e.code, e.meaning)
	}
	m.line("")
	m.line("## Commands")
	m.line("")
	m.index(root, false)
	m.line("")
	m.line("And every operation of the API, with names and flags as in the AWS CLI:")
	m.line("")
	m.index(root, true)
	m.line("")
	m.commands(root)
	_, err := io.WriteString(w, m.text.String())
	return err
}

var exitCodes = []struct {
	code    int
	meaning string
}{
	{ExitDone, "everything that was asked for is so"},
	{ExitFailed, "it could not be done: no endpoint, no credentials, no permission for what comes first"},
	{ExitRefused, "the command line or the file is wrong; nothing was sent"},
	{ExitPartly, "done for some accounts and not for others: the report says which and why"},
	{ExitService, "the service refused the call of an operation verb; its exception is on standard error, in the AWS CLI's words"},
	{ExitDifferences, "with `--exit-code`: not all is as it should be"},
	{ExitInterrupted, "stopped by Ctrl-C or SIGTERM: what was done is kept, and the run can be resumed"},
}

type manual struct{ text strings.Builder }

func (m *manual) line(format string, args ...any) { fmt.Fprintf(&m.text, format+"\n", args...) }

// documented leaves out what cobra adds by itself.
func documented(c *cobra.Command) bool {
	return !c.Hidden && c.Name() != "help" && c.Name() != "completion"
}

func name(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}

// index lists the commands below c that are operations of the API, or those that are not.
func (m *manual) index(c *cobra.Command, operations bool) {
	for _, child := range c.Commands() {
		if !documented(child) || (child.GroupID == OperationsGroup) != operations {
			continue
		}
		if child.Runnable() {
			m.line("- [`%s`](#%s) %s", name(child), strings.ReplaceAll(name(child), " ", "-"), child.Short)
		}
		m.index(child, operations)
	}
}

func (m *manual) commands(c *cobra.Command) {
	for _, child := range c.Commands() {
		if !documented(child) {
			continue
		}
		if child.Runnable() {
			m.command(child)
		}
		m.commands(child)
	}
}

func (m *manual) command(c *cobra.Command) {
	m.line("### %s", name(c))
	m.line("")
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	m.line("%s", text)
	m.line("")
	m.line("```")
	m.line("%s", c.UseLine())
	if c.Example != "" {
		m.line("")
		m.line("%s", c.Example)
	}
	m.line("```")
	m.line("")
	var flags []*pflag.Flag
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			flags = append(flags, f)
		}
	})
	if len(flags) == 0 {
		return
	}
	m.line("| flag | meaning |")
	m.line("|---|---|")
	for _, f := range flags {
		value, usage := pflag.UnquoteUsage(f)
		flag := "--" + f.Name
		if value != "" {
			flag += " " + value
		}
		switch f.DefValue {
		case "", "false", "0", "[]", "0s":
		default:
			usage += fmt.Sprintf(" (default `%s`)", f.DefValue)
		}
		m.line("| `%s` | %s |", flag, strings.ReplaceAll(usage, "|", `\|`))
	}
	m.line("")
}
