package cli

import (
	"context"
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
	var v view
	days := 30
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
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				var got struct {
					Days []findingsDay `json:"days"`
				}
				query := url.Values{"days": {strconv.Itoa(days)}}
				if err := client.Call(ctx, http.MethodGet, "/magpie/v1/findings/histogram", query, nil, &got); err != nil {
					return nil, nil, err
				}
				t := &table.Table{Columns: []string{"day", "low", "medium", "high"}}
				for _, d := range got.Days {
					t.Add(d.Date, strconv.FormatInt(d.Low, 10), strconv.FormatInt(d.Medium, 10), strconv.FormatInt(d.High, 10))
				}
				return got, t, nil
			})
		},
	}
	v.bind(c, "", formats...)
	c.Flags().IntVar(&days, "days", days, "up to today, at most 90")
	return c
}
