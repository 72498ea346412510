package cli

import (
	"io"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"magpie/internal/cli/table"
)

// isTerminal reports whether w is a terminal that understands escape sequences.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
}

// styleOf is how tables are shown on w.
func styleOf(w io.Writer) table.Style {
	if !isTerminal(w) {
		return table.Style{}
	}
	return table.Style{Bold: os.Getenv("NO_COLOR") == "", Width: terminalWidth(w)}
}

// terminalWidth is the number of columns, or 0 where it is not known.
func terminalWidth(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		return windowWidth(f)
	}
	return 0
}

// mustComplete offers values for a flag. It panics on a flag that is not there, which is a mistake of ours.
func mustComplete(c *cobra.Command, flag string, values []string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
