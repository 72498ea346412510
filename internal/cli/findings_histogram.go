package cli

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"magpie/internal/cli/table"
)

// findingsDay is a day of GET /magpie/v1/findings/histogram.
type findingsDay struct {
	Date   string `json:"date"`
	Low    int64  `json:"low"`
	Medium int64  `json:"medium"`
	High   int64  `json:"high"`
}

func findingsHistogram() *cobra.Command {
	var target Target
	days := 30
	format := ""
	c := &cobra.Command{
		Use:   "histogram",
		Short: "Show how many findings were made on each day, by severity",
		Long:  `Show how many findings were made on each day of UTC, the oldest first, by severity. Those that a rule suppresses are left out.`,
		Example: `  magpie findings histogram --days 7
  magpie findings histogram --days 90 --output csv > findings-by-day.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if days < 1 || days > 90 {
				return refused("--days: must be from 1 to 90: findings are kept for so long")
			}
			o := output{format: format}
			if err := o.check(c.OutOrStdout()); err != nil {
				return err
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			var got struct {
				Days []findingsDay `json:"days"`
			}
			if err := client.Call(c.Context(), http.MethodGet, "/magpie/v1/findings/histogram", url.Values{"days": {strconv.Itoa(days)}}, nil, &got); err != nil {
				return err
			}
			if o.format == "json" {
				return writeJSON(c.OutOrStdout(), got)
			}
			t := table.Table{Columns: []string{"day", "low", "medium", "high"}}
			for _, d := range got.Days {
				t.Add(d.Date, strconv.FormatInt(d.Low, 10), strconv.FormatInt(d.Medium, 10), strconv.FormatInt(d.High, 10))
			}
			if o.format == "csv" {
				return t.CSV(c.OutOrStdout())
			}
			return t.Text(c.OutOrStdout(), styleOf(c.OutOrStdout()))
		},
	}
	target.bind(c)
	c.Flags().IntVar(&days, "days", days, "up to today, at most 90")
	c.Flags().StringVar(&format, "output", "", "table, json or csv (default: table on a terminal, else json)")
	mustComplete(c, "output", formats)
	return c
}
