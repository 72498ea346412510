package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jmespath/go-jmespath"
	"github.com/spf13/cobra"

	"magpie/internal/cli/table"
	"magpie/internal/printable"
)

// output is how a verb shows an answer.
type output struct {
	format string
	query  string
}

var formats = []string{"table", "json", "csv"}

// bind gives a command the flags of an output. The default is a table for people, and on a pipe what other is.
func (o *output) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.format, "output", "", "table, json or csv (default: table on a terminal, else json)")
	f.StringVar(&o.query, "query", "", "JMESPath expression: what of the answer to show")
	mustComplete(c, "output", formats)
}

// check refuses what cannot be shown, before anything is sent.
func (o *output) check(w io.Writer) error {
	if o.format == "" {
		o.format = "json"
		if isTerminal(w) {
			o.format = "table"
		}
	}
	if !slices.Contains(formats, o.format) {
		return refused("--output: %q is none of table, json, csv", o.format)
	}
	if o.query != "" {
		if _, err := jmespath.Compile(o.query); err != nil {
			return refused("--query: %q is no JMESPath expression: %v", o.query, err)
		}
	}
	return nil
}

// write shows an answer, which is made of JSON values. An answer without members shows as nothing, as with the AWS CLI.
func (o *output) write(w io.Writer, answer any) error {
	if members, ok := answer.(map[string]any); ok && len(members) == 0 && o.query == "" {
		return nil
	}
	if o.query != "" {
		var err error
		if answer, err = jmespath.Search(o.query, answer); err != nil {
			return refused("--query: %v", err)
		}
	}
	switch o.format {
	case "csv":
		return tabulate(answer).CSV(w)
	case "table":
		return tabulate(answer).Text(w, styleOf(w))
	}
	return writeJSON(w, answer)
}

func writeJSON(w io.Writer, v any) error {
	return encodeJSON(w, v, "    ")
}

// encodeJSON writes v as JSON in which every character can be shown: a terminal obeys what others wrote into an answer otherwise.
func encodeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", indent)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(printable.JSON(b.Bytes()))
	return err
}

// tabulate makes a table of an answer: of its only list where there is one, else of its members, one a line.
func tabulate(answer any) *table.Table {
	if members, ok := answer.(map[string]any); ok {
		if list := onlyList(members); list != nil {
			return tabulateList(*list)
		}
		t := &table.Table{Columns: []string{"name", "value"}}
		for _, c := range flatten("", members) {
			t.Add(c.name, c.value)
		}
		return t
	}
	if list, ok := answer.([]any); ok {
		return tabulateList(list)
	}
	t := &table.Table{Columns: []string{"value"}}
	t.Add(scalar(answer))
	return t
}

// onlyList is the list of an answer that has no other member, but for the token of its next page.
func onlyList(members map[string]any) *[]any {
	var found *[]any
	for name, value := range members {
		list, ok := value.([]any)
		switch {
		case name == "nextToken":
		case !ok || found != nil:
			return nil
		default:
			found = &list
		}
	}
	return found
}

// first are the columns that a reader looks for first, in this order; the others follow by name.
var first = []string{"accountId", "email", "name", "id", "jobId", "bucketName", "relationshipStatus", "status", "jobStatus", "jobType", "errorCode",
	"errorMessage", "invitedAt", "updatedAt", "createdAt", "invitationId", "administratorAccountId"}

// last are columns that are long, or repeat another.
var last = []string{"arn", "masterAccountId", "tags"}

func rank(column string) (int, int, string) {
	if i := slices.Index(first, column); i >= 0 {
		return 0, i, column
	}
	head, _, _ := strings.Cut(column, ".")
	if i := slices.Index(last, head); i >= 0 {
		return 2, i, column
	}
	return 1, 0, column
}

func compareColumns(a, b string) int {
	a1, a2, a3 := rank(a)
	b1, b2, b3 := rank(b)
	if a1 != b1 {
		return a1 - b1
	}
	if a2 != b2 {
		return a2 - b2
	}
	return strings.Compare(a3, b3)
}

func tabulateList(list []any) *table.Table {
	rows := make([]map[string]string, len(list))
	names := map[string]bool{}
	for i, element := range list {
		rows[i] = map[string]string{}
		if members, ok := element.(map[string]any); ok {
			for _, c := range flatten("", members) {
				rows[i][c.name] = c.value
				names[c.name] = true
			}
			continue
		}
		rows[i]["value"] = scalar(element)
		names["value"] = true
	}
	t := &table.Table{Columns: slices.SortedFunc(maps.Keys(names), compareColumns)}
	if len(t.Columns) == 0 {
		t.Columns = []string{"(none)"}
	}
	for _, row := range rows {
		cells := make([]string, len(t.Columns))
		for i, column := range t.Columns {
			cells[i] = row[column]
		}
		t.Add(cells...)
	}
	return t
}

type cell struct{ name, value string }

// flatten lists the scalars below members, under their paths. Lists inside are shown in one cell.
func flatten(prefix string, members map[string]any) []cell {
	var cells []cell
	for _, name := range slices.SortedFunc(maps.Keys(members), compareColumns) {
		switch v := members[name].(type) {
		case map[string]any:
			cells = append(cells, flatten(prefix+name+".", v)...)
		default:
			cells = append(cells, cell{prefix + name, scalar(v)})
		}
	}
	return cells
}

func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		words := make([]string, len(v))
		for i, element := range v {
			if _, nested := element.(map[string]any); nested {
				return compact(v)
			}
			words[i] = scalar(element)
		}
		return strings.Join(words, " ")
	default:
		return compact(v)
	}
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
