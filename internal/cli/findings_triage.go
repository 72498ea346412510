package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/cli/table"
)

// triage is what GET and PUT /magpie/v1/findings/triage answer.
type triage struct {
	FindingID string `json:"findingId"`
	triageEntry
	History []triageEntry `json:"history"`
}

type triageEntry struct {
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Comment string `json:"comment"`
	By      string `json:"by,omitempty"`
	At      string `json:"at,omitempty"`
	Version int64  `json:"version"`
}

var triageStates = []string{"OPEN", "IN_WORK", "DONE", "ACCEPTED", "FALSE_ALARM"}

func findingsTriage() *cobra.Command {
	var target Target
	var state, reason, comment string
	format := "table"
	const path = "/magpie/v1/findings/triage"
	c := &cobra.Command{
		Use:   "triage FINDING-ID...",
		Short: "Show what people have made of a finding, or say what to make of it",
		Long: `Show what people have made of a finding, the newest first; with --state, say what to make of it. Macie knows nothing of this: what it
lists and counts stays as it is. Of several findings, the last that was said of each is shown. Each account says so for itself: an administrator and the owner of a bucket do not see each other's.`,
		Example: `  magpie findings triage FINDING-ID --state IN_WORK --comment "asked the owner of the bucket"
  magpie findings triage FINDING-ID --state FALSE_ALARM --reason "test data"
  magpie findings triage FINDING-ID`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return refused("--output: %q is neither table nor json", format)
			}
			if state == "" && (reason != "" || comment != "") {
				return refused("--state: is missing; what is said of a finding has one")
			}
			if len(args) > 1 && state != "" {
				return refused("--state: is for one finding at a time")
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			if len(args) > 1 {
				return writeTriageOf(c, client, args, format)
			}
			var x triage
			if err := client.Call(c.Context(), http.MethodGet, path, url.Values{"findingId": {args[0]}}, nil, &x); err != nil {
				return err
			}
			if state != "" {
				in := map[string]any{"findingId": args[0], "state": strings.ToUpper(state), "reason": reason, "comment": comment, "version": x.Version}
				x = triage{}
				if err := client.Call(c.Context(), http.MethodPut, path, nil, in, &x); err != nil {
					return err
				}
			}
			if format == "json" {
				return writeJSON(c.OutOrStdout(), x)
			}
			if len(x.History) == 0 {
				fmt.Fprintln(c.ErrOrStderr(), "nobody has said anything of this finding: it is OPEN")
				return nil
			}
			t := table.Table{Columns: []string{"at", "state", "reason", "comment", "by"}}
			for _, e := range x.History {
				t.Add(e.At, e.State, e.Reason, e.Comment, e.By)
			}
			return t.Text(c.OutOrStdout(), styleOf(c.OutOrStdout()))
		},
	}
	target.bind(c)
	c.Flags().StringVar(&state, "state", "", "OPEN, IN_WORK, DONE, ACCEPTED or FALSE_ALARM")
	c.Flags().StringVar(&reason, "reason", "", "why; ACCEPTED and FALSE_ALARM need one")
	c.Flags().StringVar(&comment, "comment", "", "whatever else is to be said")
	c.Flags().StringVar(&format, "output", format, "table or json")
	mustComplete(c, "state", triageStates)
	return c
}

// writeTriageOf shows the last that was said of each of several findings, in the order in which they are given.
func writeTriageOf(c *cobra.Command, client *Client, ids []string, format string) error {
	type said struct {
		FindingID string `json:"findingId"`
		triageEntry
	}
	var out struct {
		Triage []said `json:"triage"`
	}
	if err := client.Call(c.Context(), http.MethodPost, "/magpie/v1/findings/triage/search", nil, map[string]any{"findingIds": ids}, &out); err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(c.OutOrStdout(), out)
	}
	known := map[string]triageEntry{}
	for _, x := range out.Triage {
		known[x.FindingID] = x.triageEntry
	}
	t := table.Table{Columns: []string{"finding", "state", "reason", "comment", "by", "at"}}
	for _, id := range ids {
		e, ok := known[id]
		if !ok {
			e.State = "OPEN"
		}
		t.Add(id, e.State, e.Reason, e.Comment, e.By, e.At)
	}
	return t.Text(c.OutOrStdout(), styleOf(c.OutOrStdout()))
}
