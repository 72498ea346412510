package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
	"magpie/internal/printable"
)

// historyEvent is one event as GET /magpie/v1/history answers it.
type historyEvent struct {
	ID                     string    `json:"id"`
	Time                   time.Time `json:"time"`
	Region                 string    `json:"region"`
	Event                  string    `json:"event"`
	AdministratorAccountID string    `json:"administratorAccountId"`
	AccountID              string    `json:"accountId"`
	InvitationID           string    `json:"invitationId,omitempty"`
	FromStatus             string    `json:"fromStatus,omitempty"`
	ToStatus               string    `json:"toStatus,omitempty"`
	Principal              string    `json:"principal"`
	Detail                 string    `json:"detail,omitempty"`
}

type historyPage struct {
	Events    []historyEvent `json:"events"`
	NextToken string         `json:"nextToken"`
}

// HistoryQuery selects events. Empty members select everything.
type HistoryQuery struct {
	Account  string // the other side
	Event    string
	Since    string // RFC 3339, or a duration before now
	Until    string
	MaxItems int // 0 is all
}

// History is the verb that shows what happened to the caller's memberships.
func History() *cobra.Command {
	var target Target
	var q HistoryQuery
	var output string
	c := &cobra.Command{
		Use:   "history [ACCOUNT-ID]",
		Short: "Show what happened to your memberships: who did what, when, and what became of each mail",
		Long: `Show what happened to the memberships of the account whose credentials are used, in one Region, the latest first:
every change of a relationship with who made it, and for each invitation what became of its mail. Each account sees its own side.`,
		Example: `  magpie history --endpoint-url http://127.0.0.1:8484 --region eu-west-1
  magpie history 444455556666 --since 24h --output json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				q.Account = args[0]
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return WriteHistory(c.Context(), c.OutOrStdout(), client, q, output)
		},
	}
	target.bind(c)
	f := c.Flags()
	f.StringVar(&q.Event, "event", "", "one kind of event only, such as MailRefused")
	f.StringVar(&q.Since, "since", "", "from this time on: RFC 3339, or a duration before now such as 24h")
	f.StringVar(&q.Until, "until", "", "before this time: RFC 3339, or a duration before now")
	f.IntVar(&q.MaxItems, "max-items", 200, "show at most so many events; 0 is all")
	f.StringVar(&output, "output", "table", "table or json")
	return c
}

// WriteHistory fetches events and writes them as a table or as JSON.
func WriteHistory(ctx context.Context, w io.Writer, client *Client, q HistoryQuery, output string) error {
	switch {
	case output != "table" && output != "json":
		return fmt.Errorf("--output: %q is neither table nor json", output)
	case q.MaxItems < 0:
		return errors.New("--max-items: must be 0, for all, or more")
	}
	events, err := fetchHistory(ctx, client, q)
	if err != nil {
		return err
	}
	return printHistory(w, output, events)
}

// fetchHistory follows the pages.
func fetchHistory(ctx context.Context, client *Client, q HistoryQuery) ([]historyEvent, error) {
	query := url.Values{"maxResults": {"100"}}
	for name, value := range map[string]string{"accountId": q.Account, "event": q.Event} {
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
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		query.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
	events := []historyEvent{}
	var pages operation.Pages
	for {
		if q.MaxItems > 0 && q.MaxItems-len(events) < 100 {
			query.Set("maxResults", strconv.Itoa(q.MaxItems-len(events)))
		}
		var page historyPage
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/history", query, nil, &page); err != nil {
			return nil, err
		}
		events = append(events, page.Events...)
		if q.MaxItems > 0 && len(events) >= q.MaxItems {
			return events[:q.MaxItems], nil
		}
		if more, err := pages.Next(page.NextToken, len(page.Events)); !more {
			return events, err
		}
		query.Set("nextToken", page.NextToken)
	}
}

// parseMoment reads a time, or a duration before now.
func parseMoment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is neither a time such as 2026-01-02T15:04:05Z nor a duration such as 24h", s)
	}
	return t, nil
}

func printHistory(w io.Writer, output string, events []historyEvent) error {
	if output == "json" {
		return encodeJSON(w, map[string]any{"events": events}, "  ")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TIME\tEVENT\tADMINISTRATOR\tACCOUNT\tSTATUS\tBY\tDETAIL")
	for _, e := range events {
		cells := []string{e.Time.UTC().Format("2006-01-02 15:04:05Z"), string(e.Event), e.AdministratorAccountID,
			e.AccountID, change(e.FromStatus, e.ToStatus), shortPrincipal(e.Principal), cmp.Or(e.Detail, "-")}
		for i, cell := range cells {
			cells[i] = printable.Line(cell)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// change shows a transition, or nothing for an event that is none.
func change(from, to string) string {
	switch {
	case from == "" && to == "":
		return "-"
	case from == "":
		return to
	case to == "":
		return from + " -> (none)"
	default:
		return from + " -> " + to
	}
}

// shortPrincipal drops what every ARN of a principal has in common. The other side is told no more than the account, which an ARN names
// as its root: here that would read as if the root user had done it.
func shortPrincipal(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case len(parts) != 6:
		return arn
	case parts[5] == "root":
		return parts[4]
	}
	return parts[4] + ":" + parts[5]
}
