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

// Discovery is the verb about automated discovery.
func Discovery() *cobra.Command {
	c := &cobra.Command{
		Use:   "discovery",
		Short: "Automated discovery: enable it, see what its cycles did, and which buckets it knows how well",
	}
	c.AddCommand(discoveryStatus(), discoveryEnable(), discoveryDisable(), discoveryCycles(), discoveryCoverage())
	return c
}

const configurationPath = "/automated-discovery/configuration"

// discoveryCycle is a cycle as GET /magpie/v1/discovery/cycles has it.
type discoveryCycle struct {
	Cycle          int64            `json:"cycle"`
	Status         string           `json:"status"`
	BegunAt        string           `json:"begunAt"`
	EndedAt        string           `json:"endedAt,omitempty"`
	Bytes          int64            `json:"bytes"`
	Requests       int64            `json:"requests"`
	Objects        int64            `json:"objects"`
	Sensitive      int64            `json:"sensitiveObjects"`
	Skipped        int64            `json:"skippedObjects"`
	BudgetBytes    int64            `json:"budgetBytes"`
	BudgetRequests int64            `json:"budgetRequests"`
	Shares         int64            `json:"shares"`
	ShareList      []discoveryShare `json:"shareList,omitempty"`
	Visits         []discoveryVisit `json:"visits,omitempty"`
	NextToken      string           `json:"nextToken,omitempty"`
}

type discoveryShare struct {
	AccountID string `json:"accountId"`
	Store     string `json:"store"`
	Bytes     int64  `json:"bytes"`
	Requests  int64  `json:"requests"`
	Objects   int64  `json:"objects"`
	Sensitive int64  `json:"sensitiveObjects"`
	Skipped   int64  `json:"skippedObjects"`
	Ended     string `json:"ended,omitempty"`
}

type discoveryVisit struct {
	AccountID string `json:"accountId"`
	Bucket    string `json:"bucketName"`
	Why       string `json:"why"`
	Bytes     int64  `json:"bytes"`
	Requests  int64  `json:"requests"`
	Objects   int64  `json:"objects"`
	Sensitive int64  `json:"sensitiveObjects"`
	Skipped   int64  `json:"skippedObjects"`
}

type discoveryCyclePage struct {
	Cycles    []discoveryCycle `json:"cycles"`
	NextCycle string           `json:"nextCycleAt,omitempty"`
	NextToken string           `json:"nextToken,omitempty"`
}

// discoveryStatusOf is what magpie discovery status shows.
type discoveryStatusOf struct {
	Status     string          `json:"status"`
	AutoEnable string          `json:"autoEnableOrganizationMembers"`
	Since      string          `json:"firstEnabledAt,omitempty"`
	Disabled   string          `json:"disabledAt,omitempty"`
	NextCycle  string          `json:"nextCycleAt,omitempty"`
	LastCycle  *discoveryCycle `json:"lastCycle,omitempty"`
	Sensitive  int64           `json:"sensitiveBuckets"`
	Clean      int64           `json:"notSensitiveBuckets"`
	Unknown    int64           `json:"notYetAnalyzedBuckets"`
	Failed     int64           `json:"classificationErrorBuckets"`
}

func discoveryStatus() *cobra.Command {
	var v view
	c := &cobra.Command{
		Use:   "status",
		Short: "Show whether automated discovery is enabled, what its last cycle did, and how many buckets are sensitive",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				x, err := fetchDiscovery(ctx, client)
				if err != nil {
					return nil, nil, err
				}
				return x, x.table(), nil
			})
		},
	}
	v.bind(c, "", "table", "json")
	return c
}

// table is the status, a thing a line.
func (x *discoveryStatusOf) table() *table.Table {
	t := &table.Table{Columns: []string{"what", "is"}}
	t.Add("status", x.Status)
	t.Add("accounts that join", x.AutoEnable)
	if x.NextCycle != "" {
		t.Add("next cycle", x.NextCycle)
	}
	if l := x.LastCycle; l != nil {
		size := sizer(false)
		t.Add("last cycle", fmt.Sprintf("%d, %s, begun %s", l.Cycle, l.Status, l.BegunAt))
		t.Add("it read", fmt.Sprintf("%d objects, %s, by %d requests", l.Objects, size(l.Bytes), l.Requests))
	}
	for _, n := range []struct {
		label string
		n     int64
	}{{"sensitive", x.Sensitive}, {"not sensitive", x.Clean}, {"not yet analyzed", x.Unknown}, {"classification error", x.Failed}} {
		t.Add("buckets: "+n.label, strconv.FormatInt(n.n, 10))
	}
	return t
}

func fetchDiscovery(ctx context.Context, client *Client) (*discoveryStatusOf, error) {
	var x macie2.GetAutomatedDiscoveryConfigurationOutput
	if err := client.Call(ctx, http.MethodGet, configurationPath, nil, nil, &x); err != nil {
		return nil, err
	}
	var buckets macie2.GetBucketStatisticsOutput
	if err := client.Call(ctx, http.MethodPost, "/datasources/s3/statistics", nil, macie2.GetBucketStatisticsInput{}, &buckets); err != nil {
		return nil, err
	}
	var cycles discoveryCyclePage
	if err := client.Call(ctx, http.MethodGet, "/magpie/v1/discovery/cycles", nil, nil, &cycles); err != nil {
		return nil, err
	}
	text := func(t *macie2.Timestamp) string {
		if t == nil {
			return ""
		}
		return t.UTC().Format("2006-01-02T15:04:05Z")
	}
	out := &discoveryStatusOf{Status: string(macie2.Deref(x.Status)), AutoEnable: string(macie2.Deref(x.AutoEnableOrganizationMembers)),
		Since: text(x.FirstEnabledAt), Disabled: text(x.DisabledAt), NextCycle: cycles.NextCycle}
	if len(cycles.Cycles) > 0 {
		out.LastCycle = &cycles.Cycles[0]
	}
	if b := buckets.BucketStatisticsBySensitivity; b != nil {
		n := func(a *macie2.SensitivityAggregations) int64 {
			if a == nil {
				return 0
			}
			return macie2.Deref(a.TotalCount)
		}
		out.Sensitive, out.Clean, out.Unknown, out.Failed = n(b.Sensitive), n(b.NotSensitive), n(b.NotClassified), n(b.ClassificationError)
	}
	return out, nil
}

func discoveryEnable() *cobra.Command {
	var target Target
	mode := string(macie2.AutoEnableModeAll)
	c := &cobra.Command{
		Use:   "enable",
		Short: "Enable automated discovery: the first cycle begins within a second or two",
		Long: `Enable automated discovery for the account whose credentials are used, and for its members: for ALL of them, for those that come
(NEW), or for NONE. With NEW and NONE it stays on for those that it is on for; "magpie macie2 batch-update-automated-discovery-accounts"
turns it on and off for single ones.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			in := macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: macie2.Ptr(macie2.AutomatedDiscoveryStatusEnabled),
				AutoEnableOrganizationMembers: macie2.Ptr(macie2.AutoEnableMode(strings.ToUpper(mode)))}
			if err := client.Call(c.Context(), http.MethodPut, configurationPath, nil, in, nil); err != nil {
				return err
			}
			fmt.Fprintln(c.ErrOrStderr(), "automated discovery is enabled; magpie discovery status tells how far it has come")
			return nil
		},
	}
	target.bind(c)
	c.Flags().StringVar(&mode, "auto-enable", mode, "for which member accounts: ALL, NEW or NONE")
	mustComplete(c, "auto-enable", []string{"ALL", "NEW", "NONE"})
	return c
}

func discoveryDisable() *cobra.Command {
	var target Target
	c := &cobra.Command{
		Use:   "disable",
		Short: "Disable automated discovery: scores and profiles are not shown any more, and are deleted after 30 days",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			in := macie2.UpdateAutomatedDiscoveryConfigurationInput{Status: macie2.Ptr(macie2.AutomatedDiscoveryStatusDisabled)}
			if err := client.Call(c.Context(), http.MethodPut, configurationPath, nil, in, nil); err != nil {
				return err
			}
			fmt.Fprintln(c.ErrOrStderr(), "automated discovery is disabled; what it knows is there again if it is enabled within 30 days")
			return nil
		},
	}
	target.bind(c)
	return c
}

func discoveryCycles() *cobra.Command {
	var v view
	c := &cobra.Command{
		Use:   "cycles [CYCLE]",
		Short: "Show the cycles of the last 30 days; of one, each bucket that was visited, why, and what it cost",
		Example: `  magpie discovery cycles
  magpie discovery cycles 7 --output csv > cycle.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				if len(args) == 1 {
					x, err := fetchCycle(ctx, client, args[0])
					if err != nil {
						return nil, nil, err
					}
					return x, x.table(v.csv()), nil
				}
				list, err := fetchCycles(ctx, client)
				if err != nil {
					return nil, nil, err
				}
				return list, list.table(v.csv()), nil
			})
		},
	}
	v.bind(c, "", formats...)
	return c
}

// table is a cycle, a bucket that was visited a line.
func (x *discoveryCycle) table(exact bool) *table.Table {
	size, n := sizer(exact), func(v int64) string { return strconv.FormatInt(v, 10) }
	t := &table.Table{Columns: []string{"account", "bucket", "objects", "sensitive", "skipped", "bytes", "requests", "why"}}
	for _, v := range x.Visits {
		t.Add(v.AccountID, v.Bucket, n(v.Objects), n(v.Sensitive), n(v.Skipped), size(v.Bytes), n(v.Requests), v.Why)
	}
	return t
}

// table is a list of cycles, one a line.
func (p *discoveryCyclePage) table(exact bool) *table.Table {
	size, n := sizer(exact), func(v int64) string { return strconv.FormatInt(v, 10) }
	t := &table.Table{Columns: []string{"cycle", "status", "begun", "ended", "objects", "sensitive", "skipped", "bytes", "requests"}}
	for _, x := range p.Cycles {
		t.Add(n(x.Cycle), x.Status, x.BegunAt, x.EndedAt, n(x.Objects), n(x.Sensitive), n(x.Skipped), size(x.Bytes), n(x.Requests))
	}
	return t
}

// fetchCycles follows the pages, and puts them together.
func fetchCycles(ctx context.Context, client *Client) (*discoveryCyclePage, error) {
	all := &discoveryCyclePage{Cycles: []discoveryCycle{}}
	var pages operation.Pages
	query := url.Values{}
	for {
		var page discoveryCyclePage
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/discovery/cycles", query, nil, &page); err != nil {
			return nil, err
		}
		all.Cycles, all.NextCycle = append(all.Cycles, page.Cycles...), page.NextCycle
		if more, err := pages.Next(page.NextToken, len(page.Cycles)); !more {
			return all, err
		}
		query.Set("nextToken", page.NextToken)
	}
}

func fetchCycle(ctx context.Context, client *Client, id string) (*discoveryCycle, error) {
	var all *discoveryCycle
	var pages operation.Pages
	query := url.Values{}
	for {
		var page discoveryCycle
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/discovery/cycles/"+url.PathEscape(id), query, nil, &page); err != nil {
			return nil, err
		}
		next := page.NextToken
		came := len(page.Visits)
		page.NextToken = ""
		if all == nil {
			all = &page
		} else {
			all.Visits = append(all.Visits, page.Visits...)
		}
		if more, err := pages.Next(next, came); !more {
			return all, err
		}
		query.Set("nextToken", next)
	}
}

// coveredBucket is a bucket as GET /magpie/v1/discovery/coverage has it.
type coveredBucket struct {
	AccountID  string   `json:"accountId"`
	Bucket     string   `json:"bucketName"`
	Score      int64    `json:"sensitivityScore"`
	Label      string   `json:"sensitivityLabel"`
	AnalysedAt string   `json:"lastAnalysedAt,omitempty"`
	Issue      string   `json:"issue,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Remedy     string   `json:"remedy,omitempty"`
	Objects    int64    `json:"classifiableObjects"`
	Analysed   int64    `json:"analysedObjects"`
	Sensitive  int64    `json:"sensitiveObjects"`
	Skipped    int64    `json:"skippedObjects"`
	Groups     int64    `json:"groups"`
	Seen       int64    `json:"groupsAnalysed"`
	Certainty  float64  `json:"certainty"`
	MostShare  *float64 `json:"mostSensitiveShare,omitempty"`
}

type coverageOf struct {
	Buckets   []coveredBucket `json:"buckets"`
	NextToken string          `json:"nextToken,omitempty"`
}

func discoveryCoverage() *cobra.Command {
	var v view
	issue := ""
	c := &cobra.Command{
		Use:   "coverage",
		Short: "Show how well each bucket is known, how sure its score is, and which were never looked at, with what to do",
		Example: `  magpie discovery coverage
  magpie discovery coverage --issue ANY --output csv > to-do.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				query := url.Values{}
				if issue != "" {
					query.Set("issue", strings.ToUpper(issue))
				}
				all, err := fetchCoverage(ctx, client, query)
				if err != nil {
					return nil, nil, err
				}
				t := &table.Table{Columns: []string{"account", "bucket", "score", "analysed", "certainty", "issue", "what to do"}}
				for _, b := range all.Buckets {
					t.Add(b.AccountID, b.Bucket, strconv.FormatInt(b.Score, 10), fmt.Sprintf("%d of %d", b.Analysed, b.Objects),
						strconv.FormatFloat(100*b.Certainty, 'f', 0, 64)+" %", b.Issue, strings.TrimSpace(b.Reason+" "+b.Remedy))
				}
				return all, t, nil
			})
		},
	}
	v.bind(c, "", formats...)
	c.Flags().StringVar(&issue, "issue", "", "only buckets with this issue, such as ACCESS_DENIED; ANY is every one of them")
	return c
}

// fetchCoverage follows the pages, and puts them together.
func fetchCoverage(ctx context.Context, client *Client, query url.Values) (*coverageOf, error) {
	all := &coverageOf{Buckets: []coveredBucket{}}
	var pages operation.Pages
	for {
		var page coverageOf
		if err := client.Call(ctx, http.MethodGet, "/magpie/v1/discovery/coverage", query, nil, &page); err != nil {
			return nil, err
		}
		all.Buckets = append(all.Buckets, page.Buckets...)
		more, err := pages.Next(page.NextToken, len(page.Buckets))
		if err != nil {
			return nil, err
		}
		if !more {
			return all, nil
		}
		query.Set("nextToken", page.NextToken)
	}
}
