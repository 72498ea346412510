package scan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magpie/internal/detect/managed"
)

// IdentifiersCommand lists what can be found, and says how.
func IdentifiersCommand() *cobra.Command {
	var recommended bool
	var output string
	c := &cobra.Command{
		Use:   "identifiers [ID...]",
		Short: "List the managed data identifiers, or say what some of them match and what not",
		Example: `  magpie identifiers --recommended
  magpie identifiers UK_NHS_NUMBER CREDIT_CARD_NUMBER`,
		RunE: func(c *cobra.Command, args []string) error {
			if output != "table" && output != "json" {
				return usage("--output: %q is neither table nor json", output)
			}
			list := managed.All()
			if len(args) > 0 {
				list = nil
				for _, id := range args {
					m := managed.Find(strings.ToUpper(id))
					if m == nil {
						return usage("there is no managed data identifier %s; magpie identifiers lists them", id)
					}
					list = append(list, m)
				}
			}
			var shown []*managed.Identifier
			for _, m := range list {
				if m.Recommended || !recommended {
					shown = append(shown, m)
				}
			}
			switch {
			case output == "json":
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				e.SetEscapeHTML(false)
				return e.Encode(map[string]any{"identifiers": shown})
			case len(args) > 0:
				return describeIdentifiers(c.OutOrStdout(), shown)
			default:
				return listIdentifiers(c.OutOrStdout(), shown)
			}
		},
	}
	c.Flags().BoolVar(&recommended, "recommended", false, "only those that Macie recommends for jobs")
	c.Flags().StringVar(&output, "output", "table", "table or json")
	return c
}

func listIdentifiers(w io.Writer, list []*managed.Identifier) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tCATEGORY\tKEYWORD\tRECOMMENDED\tWHAT\tCOUNTRIES")
	for _, m := range list {
		recommended := "-"
		if m.Recommended {
			recommended = "yes"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Category, m.Keyword, recommended, m.What, strings.Join(m.Countries, ", "))
	}
	return t.Flush()
}

func describeIdentifiers(w io.Writer, list []*managed.Identifier) error {
	for i, m := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		line := func(name, value string) {
			if value != "" {
				fmt.Fprintf(t, "%s\t%s\n", name, value)
			}
		}
		line("ID", m.ID)
		line("What", m.What)
		line("Category", m.Category)
		line("Countries", strings.Join(m.Countries, ", "))
		line("Format", m.Format)
		line("Check", m.Check)
		line("Not reported", strings.Join(m.NotReported, "; "))
		line("Keyword", string(m.Keyword))
		line("Keywords", strings.Join(m.Keywords, ", "))
		line("Source", m.Source)
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}
