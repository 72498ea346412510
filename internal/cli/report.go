package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/cli/onboard"
	"magpie/internal/cli/table"
)

// fewEnough is how many pairs a report on a terminal or in a pipe still lists one by one.
const fewEnough = 40

// reportTable is the whole report, one line for each account in each Region.
func reportTable(results []onboard.Result) *table.Table {
	t := &table.Table{Columns: []string{"accountId", "email", "region", "result", "relationship", "explanation"}}
	for _, x := range results {
		t.Add(x.Account, x.Email, x.Region, outcomeWord(x), relationshipWord(x.Now), x.Reason)
	}
	return t
}

func outcomeWord(x onboard.Result) string {
	if x.Outcome == onboard.Open {
		return "not done"
	}
	return string(x.Outcome)
}

func relationshipWord(status string) string { return cmp.Or(status, "none") }

// writeReport shows what a run made of its accounts.
func writeReport(w io.Writer, format string, results []onboard.Result) error {
	switch format {
	case "json":
		return writeJSON(w, map[string]any{"results": results})
	case "csv":
		return reportTable(results).CSV(w)
	}
	if len(results) <= fewEnough {
		return reportTable(results).Text(w, styleOf(w))
	}
	if err := byRegion(results).Text(w, styleOf(w)); err != nil {
		return err
	}
	problems := problemTable(results)
	if len(problems.Rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return problems.Text(w, styleOf(w))
}

// byRegion counts results.
func byRegion(results []onboard.Result) *table.Table {
	kinds := []string{"joined", "invited", "unchanged", "removed", "pending", "declined", "failed", "not done"}
	counts := map[string]map[string]int{}
	used := map[string]bool{}
	for _, x := range results {
		if counts[x.Region] == nil {
			counts[x.Region] = map[string]int{}
		}
		word := outcomeWord(x)
		counts[x.Region][word]++
		counts[x.Region]["accounts"]++
		used[word] = true
	}
	kinds = slices.DeleteFunc(kinds, func(k string) bool { return !used[k] })
	columns := append([]string{"accounts"}, kinds...)
	t := &table.Table{Columns: append([]string{"region"}, columns...)}
	total := make([]int, len(columns))
	for _, region := range slices.Sorted(maps.Keys(counts)) {
		row := []string{region}
		for i, column := range columns {
			row = append(row, strconv.Itoa(counts[region][column]))
			total[i] += counts[region][column]
		}
		t.Add(row...)
	}
	if len(counts) > 1 {
		row := []string{"all"}
		for _, n := range total {
			row = append(row, strconv.Itoa(n))
		}
		t.Add(row...)
	}
	return t
}

// problemTable lists what is not well, with the Regions of one account and one reason in one line.
func problemTable(results []onboard.Result) *table.Table {
	type line struct{ account, email, result, reason string }
	var order []line
	regions := map[line][]string{}
	open := map[string]int{} // by reason
	for _, x := range results {
		if x.Outcome.Well() {
			continue
		}
		l := line{x.Account, x.Email, outcomeWord(x), x.Reason}
		if x.Outcome == onboard.Open {
			l.account, l.email = "", "" // they are many, and all for the same reason
			open[x.Reason]++
		}
		if regions[l] == nil {
			order = append(order, l)
		}
		if !slices.Contains(regions[l], x.Region) {
			regions[l] = append(regions[l], x.Region)
		}
	}
	t := &table.Table{Columns: []string{"accountId", "email", "result", "regions", "explanation"}}
	for _, l := range order {
		if l.account == "" {
			l.account = fmt.Sprintf("%d accounts", open[l.reason])
			l.reason = cmp.Or(l.reason, "the run was interrupted")
		}
		t.Add(l.account, l.email, l.result, someRegions(regions[l]), l.reason)
	}
	return t
}

// someRegions names Regions, or their number where they are many.
func someRegions(regions []string) string {
	if len(regions) > 3 {
		return fmt.Sprintf("%d Regions", len(regions))
	}
	return strings.Join(regions, " ")
}

// planTable is what a run is about to do. What is left as it is does not show.
func planTable(results []onboard.Result) *table.Table {
	type line struct {
		sign, account, email, words, reason string
	}
	var order []line
	regions := map[line][]string{}
	for _, x := range results {
		if x.Action == onboard.Leave {
			continue
		}
		l := line{sign(x.Action), x.Account, x.Email, actionWords(x.Action), x.Reason}
		if regions[l] == nil {
			order = append(order, l)
		}
		regions[l] = append(regions[l], x.Region)
	}
	t := &table.Table{Columns: []string{"", "accountId", "email", "plan", "regions", "because"}}
	for _, l := range order {
		t.Add(l.sign, l.account, l.email, l.words, someRegions(regions[l]), l.reason)
	}
	return t
}

// planRows is the plan for programs: all of it, one line for each account in each Region.
func planRows(results []onboard.Result) *table.Table {
	t := &table.Table{Columns: []string{"accountId", "email", "region", "action", "relationship", "because"}}
	for _, x := range results {
		t.Add(x.Account, x.Email, x.Region, string(x.Action), relationshipWord(x.Before), x.Reason)
	}
	return t
}

func sign(a onboard.Action) string {
	switch a {
	case onboard.Add, onboard.Invite:
		return "+"
	case onboard.Repair, onboard.Accept:
		return "~"
	case onboard.Remove:
		return "-"
	case onboard.Attend:
		return "!"
	}
	return " "
}

func actionWords(a onboard.Action) string {
	switch a {
	case onboard.Add:
		return "add and invite"
	case onboard.Invite:
		return "invite"
	case onboard.Repair:
		return "delete, add and invite"
	case onboard.Accept:
		return "accept"
	case onboard.Remove:
		return "remove"
	case onboard.Await:
		return "wait for its verification"
	case onboard.Attend:
		return "nothing: needs a person"
	}
	return "nothing"
}

// planSummary counts what a run is about to do.
func planSummary(results []onboard.Result) string {
	n := map[onboard.Action]int{}
	for _, x := range results {
		n[x.Action]++
	}
	parts := []string{
		fmt.Sprintf("%d to add and invite", n[onboard.Add]), fmt.Sprintf("%d to invite", n[onboard.Invite]),
		fmt.Sprintf("%d to repair", n[onboard.Repair]), fmt.Sprintf("%d to remove", n[onboard.Remove]),
	}
	if n[onboard.Accept] > 0 {
		parts = append(parts, fmt.Sprintf("%d to accept", n[onboard.Accept]))
	}
	if n[onboard.Attend] > 0 {
		parts = append(parts, fmt.Sprintf("%d that need a person", n[onboard.Attend]))
	}
	return "Plan: " + strings.Join(parts, ", ") + fmt.Sprintf("; %d are as they should be.", n[onboard.Leave]+n[onboard.Await])
}
