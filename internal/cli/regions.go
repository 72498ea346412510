package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/printable"
)

// Regions is the verb that shows what the caller has in each Region.
func Regions() *cobra.Command {
	var target Target
	var output string
	c := &cobra.Command{
		Use:     "regions",
		Short:   "Show where Macie is enabled, who administers you there, what waits for an answer, and your members by status",
		Example: `  magpie regions --endpoint-url http://127.0.0.1:8484 --region eu-west-1`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output: %q is neither table nor json", output)
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return writeRegions(c.Context(), c.OutOrStdout(), client, output)
		},
	}
	target.bind(c)
	c.Flags().StringVar(&output, "output", "table", "table or json")
	return c
}

// regionSummary is a Region as GET /magpie/v1/regions answers it.
type regionSummary struct {
	Region               string           `json:"region"`
	Status               string           `json:"status,omitempty"`
	AdministratorAccount string           `json:"administratorAccount,omitempty"`
	Invitations          int64            `json:"invitations"`
	Members              map[string]int64 `json:"members"`
	RunningJobs          int64            `json:"runningJobs"`
}

func writeRegions(ctx context.Context, w io.Writer, client *Client, output string) error {
	var out struct {
		Regions []regionSummary `json:"regions"`
	}
	if err := client.Call(ctx, http.MethodGet, "/magpie/v1/regions", nil, nil, &out); err != nil {
		return err
	}
	if output == "json" {
		return encodeJSON(w, out, "  ")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REGION\tMACIE\tADMINISTRATOR\tINVITATIONS\tMEMBERS\tRUNNING JOBS")
	for _, r := range out.Regions {
		var members []string
		for _, status := range slices.Sorted(maps.Keys(r.Members)) {
			members = append(members, fmt.Sprintf("%d %s", r.Members[status], status))
		}
		cells := []string{r.Region, cmp.Or(r.Status, "-"), cmp.Or(r.AdministratorAccount, "-"), strconv.FormatInt(r.Invitations, 10),
			cmp.Or(strings.Join(members, ", "), "-"), strconv.FormatInt(r.RunningJobs, 10)}
		for i, cell := range cells {
			cells[i] = printable.Line(cell)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// activityQuery selects records of calls. Empty members select everything.
type activityQuery struct {
	Operation, Principal, Since, Until string
	MaxItems                           int
}

// mostRecords is how many records one call answers.
const mostRecords = 500

// Activity is the verb that shows the caller's account's records of calls.
func Activity() *cobra.Command {
	var target Target
	var q activityQuery
	var output string
	c := &cobra.Command{
		Use:   "activity",
		Short: "Show who called what in your account, in all Regions, from where, and what came of it",
		Long: `Show the audit records of the account whose credentials are used, in all Regions, the latest first. With --output json they are whole, in
the shape of AWS CloudTrail.`,
		Example: `  magpie activity --since 1h --endpoint-url http://127.0.0.1:8484 --region eu-west-1
  magpie activity --operation CreateInvitations --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case output != "table" && output != "json":
				return fmt.Errorf("--output: %q is neither table nor json", output)
			case q.MaxItems < 1 || q.MaxItems > mostRecords:
				return fmt.Errorf("--max-items: must be from 1 to %d", mostRecords)
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return writeActivity(c.Context(), c.OutOrStdout(), client, q, output)
		},
	}
	target.bind(c)
	f := c.Flags()
	f.StringVar(&q.Operation, "operation", "", "calls of this operation only: CreateInvitations, sts:AssumeRole")
	f.StringVar(&q.Principal, "principal", "", "calls of this `ARN` only")
	f.StringVar(&q.Since, "since", "", "from this time on: RFC 3339, or a duration before now such as 24h")
	f.StringVar(&q.Until, "until", "", "before this time: RFC 3339, or a duration before now")
	f.IntVar(&q.MaxItems, "max-items", 100, "show at most so many, the latest; 500 at most")
	f.StringVar(&output, "output", "table", "table or json")
	return c
}

func writeActivity(ctx context.Context, w io.Writer, client *Client, q activityQuery, output string) error {
	query := url.Values{"maxResults": {strconv.Itoa(q.MaxItems)}}
	for name, value := range map[string]string{"operation": q.Operation, "principal": q.Principal} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, value := range map[string]string{"since": q.Since, "until": q.Until} {
		if value == "" {
			continue
		}
		at, err := parseMoment(value, time.Now())
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		query.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
	var out struct {
		Records []map[string]any `json:"records"`
	}
	if err := client.Call(ctx, http.MethodGet, "/magpie/v1/audit", query, nil, &out); err != nil {
		return err
	}
	if output == "json" {
		return encodeJSON(w, map[string]any{"Records": out.Records}, "  ")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TIME\tREGION\tOPERATION\tBY\tOUTCOME\tFROM")
	text := func(v any) string {
		s, _ := v.(string)
		return s
	}
	for _, r := range out.Records {
		who, _ := r["userIdentity"].(map[string]any)
		cells := []string{text(r["eventTime"]), text(r["awsRegion"]), text(r["eventName"]), cmp.Or(shortPrincipal(text(who["arn"])), "-"),
			cmp.Or(text(r["errorCode"]), "OK"), text(r["sourceIPAddress"])}
		for i, cell := range cells {
			cells[i] = printable.Line(cell)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}
