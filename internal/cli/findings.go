package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
	"magpie/internal/cli/table"
	"magpie/internal/macie2"
	"magpie/internal/printable"
)

// Findings is the verb about what was found.
func Findings() *cobra.Command {
	c := &cobra.Command{
		Use:   "findings",
		Short: "See what was found: list findings, show one with its places, export them, say what to make of them",
	}
	c.AddCommand(findingsHistogram(), findingsList(), findingsShow(), findingsTriage(), findingsWatch())
	return c
}

// findingFilter selects findings by flags.
type findingFilter struct {
	job, bucket, account, since string
	types, severities           []string
	archived                    bool
	most                        int
}

func (f *findingFilter) bind(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.job, "job", "", "findings of the job with this id")
	flags.StringVar(&f.bucket, "bucket", "", "findings of this bucket")
	flags.StringVar(&f.account, "account", "", "findings of buckets of this account")
	flags.StringSliceVar(&f.types, "type", nil, "types, such as SensitiveData:S3Object/Financial")
	flags.StringSliceVar(&f.severities, "severity", nil, "Low, Medium or High")
	flags.StringVar(&f.since, "since", "", "updated from this time on: RFC 3339, or a duration before now such as 24h")
	flags.BoolVar(&f.archived, "archived", false, "those that a rule suppressed, too")
	mustComplete(c, "severity", severities)
}

// severities are those that findings have.
var severities = []string{"Low", "Medium", "High"}

// criteria are the request's. now is what durations are before.
func (f *findingFilter) criteria(now time.Time) (*macie2.FindingCriteria, error) {
	c := map[string]macie2.CriterionAdditionalProperties{}
	eq := func(field string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			c[field] = macie2.CriterionAdditionalProperties{Eq: values}
		}
	}
	for i, given := range f.severities { // what is misspelt would find nothing
		at := slices.IndexFunc(severities, func(s string) bool { return strings.EqualFold(s, given) })
		if at < 0 {
			return nil, refused("--severity: %q is none of %s", given, strings.Join(severities, ", "))
		}
		f.severities[i] = severities[at]
	}
	for _, given := range f.types {
		if known := macie2.FindingType("").Values(); !slices.Contains(known, macie2.FindingType(given)) {
			names := make([]string, len(known))
			for i := range known {
				names[i] = string(known[i])
			}
			return nil, refused("--type: %q is none of %s", given, strings.Join(names, ", "))
		}
	}
	eq("classificationDetails.jobId", f.job)
	eq("resourcesAffected.s3Bucket.name", f.bucket)
	eq("accountId", f.account)
	eq("type", f.types...)
	eq("severity.description", f.severities...)
	if !f.archived {
		eq("archived", "false")
	}
	if f.since != "" {
		at, err := parseMoment(f.since, now)
		if err != nil {
			return nil, refused("--since: %v", err)
		}
		c["updatedAt"] = macie2.CriterionAdditionalProperties{Gte: macie2.Ptr(at.UnixMilli())}
	}
	return &macie2.FindingCriteria{Criterion: c}, nil
}

// fetchFindings follows the pages, and gets the findings of each.
func fetchFindings(ctx context.Context, client *Client, in macie2.ListFindingsInput, most int, yield func(macie2.Finding) error) error {
	var pages operation.Pages
	for n := 0; ; {
		var listed macie2.ListFindingsOutput
		if err := client.Call(ctx, http.MethodPost, "/findings", nil, in, &listed); err != nil {
			return err
		}
		ids := listed.FindingIds
		if most > 0 {
			ids = ids[:min(len(ids), most-n)]
		}
		if len(ids) > 0 {
			var got macie2.GetFindingsOutput
			if err := client.Call(ctx, http.MethodPost, "/findings/describe", nil, macie2.GetFindingsInput{FindingIds: ids}, &got); err != nil {
				return err
			}
			for _, f := range got.Findings {
				if err := yield(f); err != nil {
					return err
				}
			}
		}
		if n += len(ids); most > 0 && n >= most {
			return nil
		}
		if more, err := pages.Next(macie2.Deref(listed.NextToken), len(ids)); !more {
			return err
		}
		in.NextToken = listed.NextToken
	}
}

func findingsList() *cobra.Command {
	var target Target
	var filter findingFilter
	format := ""
	c := &cobra.Command{
		Use:   "list",
		Short: "List findings, those that were updated last first; as CSV or JSON for other programs",
		Example: `  magpie findings list --severity High --since 24h
  magpie findings list --job JOB-ID --max-items 0 --output csv > findings.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if filter.most < 0 {
				return refused("--max-items: must be 0, for all, or more")
			}
			o := output{format: format}
			if err := o.check(c.OutOrStdout()); err != nil {
				return err
			}
			criteria, err := filter.criteria(time.Now())
			if err != nil {
				return err
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			found := []macie2.Finding{}
			err = fetchFindings(c.Context(), client, macie2.ListFindingsInput{FindingCriteria: criteria}, filter.most, func(f macie2.Finding) error {
				found = append(found, f)
				return nil
			})
			if err != nil {
				return err
			}
			if o.format == "json" {
				return writeJSON(c.OutOrStdout(), map[string]any{"findings": found})
			}
			t := table.Table{Columns: []string{"updated", "severity", "type", "account", "resource", "found", "id"}}
			for i := range found {
				t.Add(findingRow(&found[i])...)
			}
			if o.format == "csv" {
				return t.CSV(c.OutOrStdout())
			}
			return t.Text(c.OutOrStdout(), styleOf(c.OutOrStdout()))
		},
	}
	target.bind(c)
	filter.bind(c)
	c.Flags().IntVar(&filter.most, "max-items", 200, "show at most so many findings; 0 is all")
	c.Flags().StringVar(&format, "output", "", "table, json or csv (default: table on a terminal, else json)")
	mustComplete(c, "output", formats)
	return c
}

// findingRow is a finding in one line.
func findingRow(f *macie2.Finding) []string {
	resource, severity := "", ""
	if r := f.ResourcesAffected; r != nil {
		if r.S3Bucket != nil {
			resource = macie2.Deref(r.S3Bucket.Name)
		}
		if r.S3Object != nil {
			resource = macie2.Deref(r.S3Object.Path)
		}
	}
	if f.Severity != nil {
		severity = string(macie2.Deref(f.Severity.Description))
	}
	updated := ""
	if f.UpdatedAt != nil {
		updated = f.UpdatedAt.Format(time.RFC3339)
	}
	return []string{updated, severity, string(macie2.Deref(f.Type)), macie2.Deref(f.AccountId), resource, strings.Join(detections(f), ", "), macie2.Deref(f.Id)}
}

// detections are what was found in an object, and how often; for a finding of policy, how often it happened.
func detections(f *macie2.Finding) []string {
	if f.ClassificationDetails == nil || f.ClassificationDetails.Result == nil {
		return []string{strconv.FormatInt(macie2.Deref(f.Count), 10) + " times"}
	}
	var all []string
	for _, item := range f.ClassificationDetails.Result.SensitiveData {
		for _, d := range item.Detections {
			all = append(all, fmt.Sprintf("%s %d", macie2.Deref(d.Type), macie2.Deref(d.Count)))
		}
	}
	if custom := f.ClassificationDetails.Result.CustomDataIdentifiers; custom != nil {
		for _, d := range custom.Detections {
			all = append(all, fmt.Sprintf("%s %d", macie2.Deref(d.Name), macie2.Deref(d.Count)))
		}
	}
	return all
}

func findingsShow() *cobra.Command {
	var target Target
	format := "table"
	c := &cobra.Command{
		Use:   "show FINDING-ID",
		Short: "Show a finding, with the places as a table",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return refused("--output: %q is neither table nor json", format)
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			var got macie2.GetFindingsOutput
			if err := client.Call(c.Context(), http.MethodPost, "/findings/describe", nil, macie2.GetFindingsInput{FindingIds: args}, &got); err != nil {
				return err
			}
			if len(got.Findings) == 0 {
				return fmt.Errorf("there is no finding %s, or it is not yours to see", args[0])
			}
			f := &got.Findings[0]
			if format == "json" {
				return writeJSON(c.OutOrStdout(), f)
			}
			w, style := c.OutOrStdout(), styleOf(c.OutOrStdout())
			about := table.Table{Columns: []string{"what", "is"}}
			for i, cell := range findingRow(f) {
				about.Add([]string{"updated", "severity", "type", "account", "resource", "found", "id"}[i], cell)
			}
			about.Add("title", macie2.Deref(f.Title))
			if d := f.ClassificationDetails; d != nil {
				about.Add("job", macie2.Deref(d.JobId))
				about.Add("result", macie2.Deref(d.DetailedResultsLocation))
			}
			if err := about.Text(w, style); err != nil {
				return err
			}
			places := placesOf(f)
			if len(places.Rows) == 0 {
				return nil
			}
			fmt.Fprintln(w)
			return places.Text(w, style)
		},
	}
	target.bind(c)
	c.Flags().StringVar(&format, "output", format, "table or json")
	return c
}

// placesOf are the places that a finding names. A finding has fifteen at most; its detailed result has more.
func placesOf(f *macie2.Finding) *table.Table {
	t := &table.Table{Columns: []string{"what", "place", "detail"}}
	if f.ClassificationDetails == nil || f.ClassificationDetails.Result == nil {
		return t
	}
	add := func(kind string, o *macie2.Occurrences) {
		if o == nil {
			return
		}
		for _, x := range o.Cells {
			place := macie2.Deref(x.CellReference)
			if place == "" {
				place = fmt.Sprintf("row %d, column %d", macie2.Deref(x.Row), macie2.Deref(x.Column))
			}
			t.Add(kind, place, macie2.Deref(x.ColumnName))
		}
		for _, x := range o.LineRanges {
			t.Add(kind, fmt.Sprintf("line %d", macie2.Deref(x.Start)), fmt.Sprintf("from column %d", macie2.Deref(x.StartColumn)))
		}
		for _, x := range o.Pages {
			t.Add(kind, fmt.Sprintf("page %d", macie2.Deref(x.PageNumber)), "")
		}
		for _, x := range o.Records {
			t.Add(kind, fmt.Sprintf("record %d", macie2.Deref(x.RecordIndex)), macie2.Deref(x.JsonPath))
		}
	}
	for _, item := range f.ClassificationDetails.Result.SensitiveData {
		for _, d := range item.Detections {
			add(macie2.Deref(d.Type), d.Occurrences)
		}
	}
	if custom := f.ClassificationDetails.Result.CustomDataIdentifiers; custom != nil {
		for _, d := range custom.Detections {
			add(macie2.Deref(d.Name), d.Occurrences)
		}
	}
	return t
}

func findingsWatch() *cobra.Command {
	var target Target
	var filter findingFilter
	every := 5 * time.Second
	c := &cobra.Command{
		Use:   "watch",
		Short: "Print findings as they come, a line each, until Ctrl-C",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if every < time.Second {
				return refused("--every: must be at least 1s")
			}
			criteria, err := filter.criteria(time.Now())
			if err != nil {
				return err
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return watchFindings(c, client, criteria, every)
		},
	}
	target.bind(c)
	filter.bind(c)
	c.Flags().DurationVar(&every, "every", every, "how often to look")
	return c
}

// watchFindings prints what is new or updated since it began. A finding that is updated within the overlap of two looks is printed
// once for each count that it has.
func watchFindings(c *cobra.Command, client *Client, criteria *macie2.FindingCriteria, every time.Duration) error {
	const overlap = time.Minute
	from := time.Now()
	if since := criteria.Criterion["updatedAt"].Gte; since != nil {
		from = time.UnixMilli(*since)
	}
	seen := map[string]time.Time{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		now := time.Now()
		criteria.Criterion["updatedAt"] = macie2.CriterionAdditionalProperties{Gte: macie2.Ptr(from.UnixMilli())}
		in := macie2.ListFindingsInput{FindingCriteria: criteria, SortCriteria: &macie2.SortCriteria{AttributeName: macie2.Ptr("updatedAt"), OrderBy: macie2.Ptr(macie2.OrderByAsc)}}
		err := fetchFindings(c.Context(), client, in, 0, func(f macie2.Finding) error {
			key := macie2.Deref(f.Id) + "/" + strconv.FormatInt(macie2.Deref(f.Count), 10)
			if _, printed := seen[key]; printed {
				return nil
			}
			seen[key] = now
			row := findingRow(&f)
			_, err := fmt.Fprintln(c.OutOrStdout(), printable.Line(strings.Join(slices.DeleteFunc(row[:6], func(s string) bool { return s == "" }), "  ")))
			return err
		})
		if err != nil {
			return err
		}
		for key, at := range seen {
			if now.Sub(at) > 2*overlap {
				delete(seen, key)
			}
		}
		if later := now.Add(-overlap); later.After(from) {
			from = later
		}
		select {
		case <-tick.C:
		case <-c.Context().Done():
			return nil
		}
	}
}
