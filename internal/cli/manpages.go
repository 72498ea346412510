package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func manualPagesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "manual FOLDER",
		Short: "Write manual pages for man(1)",
		Long: `Write a manual page for every command into a folder, which is made if it is not there: magpie.1, magpie-serve.1 and so on.
man finds them where the folder is man1 in a folder of its path.`,
		Example: "  magpie manual ~/.local/share/man/man1 && man magpie-serve",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return writePages(args[0], c.Root())
		},
	}
}

// writePages writes the page of a command, and those of the commands below it.
func writePages(folder string, c *cobra.Command) error {
	for _, child := range c.Commands() {
		if documented(child) {
			if err := writePages(folder, child); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(folder, pageName(c)+".1"), []byte(manualPage(c)), 0o644)
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manualPage is the page of a command, in the man macros of troff.
func manualPage(c *cobra.Command) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(".TH %s 1 \"\" magpie", troffWord(strings.ToUpper(pageName(c))))
	line(".SH NAME\n%s \\- %s", troff(pageName(c)), troff(c.Short))
	synopsis := c.UseLine()
	if c.HasSubCommands() {
		synopsis = c.CommandPath() + " COMMAND"
	}
	line(".SH SYNOPSIS\n.nf\n%s\n.fi", troff(synopsis))
	if c.Long != "" {
		line(".SH DESCRIPTION\n%s", troff(c.Long))
	}
	if c.HasSubCommands() {
		line(".SH COMMANDS")
		for _, child := range c.Commands() {
			if documented(child) {
				line(".TP\n.B %s\n%s", troffWord(child.Name()), troff(child.Short))
			}
		}
	}
	c.InitDefaultHelpFlag()
	line(".SH OPTIONS")
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		line(".TP\n.B %s\n%s", troffWord(strings.TrimSpace("--"+f.Name+" "+value)), troff(usage))
	})
	if c.Example != "" {
		line(".SH EXAMPLES\n.nf\n%s\n.fi", troff(c.Example))
	}
	line(".SH \"EXIT STATUS\"")
	for _, e := range exitCodes {
		line(".TP\n.B %d\n%s", e.code, troff(strings.ReplaceAll(e.meaning, "`", "")))
	}
	line(".SH \"SEE ALSO\"\n%s", troff("magpie(1), "+"magpie COMMAND --help"))
	return b.String()
}

// troff takes the meaning from what troff would read as its own. A line that is empty begins a paragraph.
func troff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		switch {
		case l == "":
			lines[i] = ".PP"
		case strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'"):
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

// troffWord is troff for one argument of a macro.
func troffWord(text string) string {
	return `"` + strings.ReplaceAll(troff(text), `"`, `\(dq`) + `"`
}
