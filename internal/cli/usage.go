package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
	"magpie/internal/cli/table"
	"magpie/internal/macie2"
)

// usagePage is what GET /magpie/v1/usage answers.
type usagePage struct {
	TimeRange  string         `json:"timeRange"`
	From       string         `json:"from"`
	To         string         `json:"to"`
	QuotaBytes int64          `json:"quotaBytes"`
	Accounts   []usageAccount `json:"accounts"`
	NextToken  string         `json:"nextToken,omitempty"`
}

type usageAccount struct {
	AccountID        string     `json:"accountId"`
	JobBytes         int64      `json:"jobBytes"`
	JobObjects       int64      `json:"jobObjects"`
	AutomatedBytes   int64      `json:"automatedBytes"`
	AutomatedObjects int64      `json:"automatedObjects"`
	Buckets          int64      `json:"buckets"`
	Objects          int64      `json:"objects"`
	BucketDays       int64      `json:"bucketDays"`
	MonitoredDays    int64      `json:"monitoredObjectDays"`
	Requests         int64      `json:"requests"`
	QuotaUsedBytes   int64      `json:"quotaUsedBytes"`
	QuotaMet         bool       `json:"quotaMet"`
	EstimatedCost    string     `json:"estimatedCost"`
	Currency         string     `json:"currency"`
	Days             []usageDay `json:"days,omitempty"`
}

type usageDay struct {
	Date             string `json:"date"`
	JobBytes         int64  `json:"jobBytes"`
	JobObjects       int64  `json:"jobObjects"`
	AutomatedBytes   int64  `json:"automatedBytes"`
	AutomatedObjects int64  `json:"automatedObjects"`
	Buckets          int64  `json:"buckets"`
	Objects          int64  `json:"objects"`
	MonitoredObjects int64  `json:"monitoredObjects"`
	Requests         int64  `json:"requests"`
}

// Usage is the verb about what was done for each account, and what it costs.
func Usage() *cobra.Command {
	var v view
	timeRange := string(macie2.TimeRangePast30Days)
	c := &cobra.Command{
		Use:   "usage [ACCOUNT-ID]",
		Short: "Show what was analysed and watched for each account, and what that costs; of one account, day by day",
		Long: `Show what Magpie has done for the account whose credentials are used, and for its members, in one Region: bytes analysed by jobs and by
automated discovery, buckets and objects watched, requests to stores, the quota of jobs, and the cost by the prices that the server's
operator has set. With an account, show each of its days.`,
		Example: `  magpie usage --time-range MONTH_TO_DATE
  magpie usage 444455556666 --output csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				query := url.Values{"timeRange": {strings.ToUpper(timeRange)}}
				if len(args) == 1 {
					query.Set("accountId", args[0])
				}
				page, err := fetchUsage(ctx, client, query)
				switch {
				case err != nil:
					return nil, nil, err
				case len(args) == 0:
					return page, page.table(v.csv()), nil
				case len(page.Accounts) == 0:
					return nil, nil, fmt.Errorf("there is no account %s, or its usage is not yours to see", args[0])
				}
				return page, page.Accounts[0].table(v.csv()), nil
			})
		},
	}
	v.bind(c, "", formats...)
	c.Flags().StringVar(&timeRange, "time-range", timeRange, "MONTH_TO_DATE, or PAST_30_DAYS: today and the 29 days before, in UTC")
	mustComplete(c, "time-range", []string{string(macie2.TimeRangeMonthToDate), string(macie2.TimeRangePast30Days)})
	return c
}

// fetchUsage follows the pages, and puts them together.
func fetchUsage(ctx context.Context, client *Client, query url.Values) (*usagePage, error) {
	all := &usagePage{Accounts: []usageAccount{}}
	var pages operation.Pages
	for {
		var page usagePage
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/usage", query, nil, &page); err != nil {
			return nil, err
		}
		next, came := page.NextToken, len(page.Accounts)
		page.Accounts, page.NextToken = append(all.Accounts, page.Accounts...), ""
		all = &page
		if more, err := pages.Next(next, came); !more {
			return all, err
		}
		query.Set("nextToken", next)
	}
}

// table is an account a line. Programs get plain bytes.
func (p *usagePage) table(plain bool) *table.Table {
	size := sizer(plain)
	t := &table.Table{Columns: []string{"account", "by jobs", "of the quota", "automated", "buckets", "objects", "requests", "cost (USD)"}}
	for _, a := range p.Accounts {
		t.Add(a.AccountID, size(a.JobBytes), share(a, p.QuotaBytes), size(a.AutomatedBytes), strconv.FormatInt(a.Buckets, 10),
			strconv.FormatInt(a.Objects, 10), strconv.FormatInt(a.Requests, 10), a.EstimatedCost)
	}
	return t
}

// share is how much of the month's quota an account's jobs have used.
func share(a usageAccount, quota int64) string {
	text := "-"
	if quota > 0 {
		text = strconv.FormatFloat(100*float64(a.QuotaUsedBytes)/float64(quota), 'f', 1, 64) + " %"
	}
	if a.QuotaMet {
		text += ", met"
	}
	return text
}

// table is a day a line, the latest first.
func (a *usageAccount) table(plain bool) *table.Table {
	size := sizer(plain)
	t := &table.Table{Columns: []string{"day", "by jobs", "automated", "buckets", "objects", "monitored", "requests"}}
	for i := len(a.Days) - 1; i >= 0; i-- {
		d := a.Days[i]
		t.Add(d.Date, size(d.JobBytes), size(d.AutomatedBytes), strconv.FormatInt(d.Buckets, 10), strconv.FormatInt(d.Objects, 10),
			strconv.FormatInt(d.MonitoredObjects, 10), strconv.FormatInt(d.Requests, 10))
	}
	return t
}

// sizer writes numbers of bytes: as they are for programs, in units of a thousand for people.
func sizer(plain bool) func(int64) string {
	if plain {
		return func(n int64) string { return strconv.FormatInt(n, 10) }
	}
	return func(n int64) string {
		units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
		x, i := float64(n), 0
		for ; x >= 999.95 && i < len(units)-1; i++ {
			x /= 1000
		}
		if i == 0 {
			return strconv.FormatInt(n, 10) + " B"
		}
		return strconv.FormatFloat(x, 'f', 1, 64) + " " + units[i]
	}
}
