package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"magpie/internal/cli/table"
)

// view is the frame of the verbs that fetch something and show it: for people as a table, for programs as JSON in the server's own members
// or as CSV.
type view struct {
	target  Target
	formats []string
	output  output
}

// bind gives a command the flags of a view: where to ask, and in which of formats to show what comes. usual is the format without
// --output; "" is a table on a terminal, and else JSON.
func (v *view) bind(c *cobra.Command, usual string, formats ...string) {
	v.target.bind(c)
	v.formats = formats
	text := "table or json"
	if slices.Contains(formats, "csv") {
		text = "table, json or csv"
	}
	if usual == "" {
		text += " (default: table on a terminal, else json)"
	}
	c.Flags().StringVar(&v.output.format, "output", usual, text)
	mustComplete(c, "output", formats)
}

// show fetches an answer, with the table that is made of it, and writes it in the format that is asked for.
func (v *view) show(c *cobra.Command, fetch func(context.Context, *Client) (answer any, t *table.Table, err error)) error {
	w := c.OutOrStdout()
	if v.output.format != "" && len(v.formats) == 2 && !slices.Contains(v.formats, v.output.format) {
		return refused("--output: %q is neither %s nor %s", v.output.format, v.formats[0], v.formats[1])
	}
	if err := v.output.check(w); err != nil {
		return err
	}
	client, err := Connect(c.Context(), v.target)
	if err != nil {
		return err
	}
	answer, t, err := fetch(c.Context(), client)
	if err != nil {
		return err
	}
	switch v.output.format {
	case "json":
		return writeJSON(w, answer)
	case "csv":
		return t.CSV(w)
	}
	return t.Text(w, styleOf(w))
}

// csv reports whether what is shown is for programs to reckon with.
func (v *view) csv() bool { return v.output.format == "csv" }
