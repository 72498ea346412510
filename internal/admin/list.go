package admin

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"magpie/internal/macie2"
)

// listed is one account of a file.
type listed struct {
	id          macie2.AccountID
	email, name string
	line        int
}

// readList reads a file of accounts, standard input for "-": CSV with a heading, or one account id a line, which has no addresses. Either
// all of it is right, or the error names every line that is not.
func readList(c *cobra.Command, file string, addresses bool) ([]listed, error) {
	in := c.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	list, faults, err := parseList(in, addresses)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%s cannot be used; nothing was done:\n%s", file, strings.Join(faults, "\n"))
	}
	return list, nil
}

func parseList(in io.Reader, addresses bool) (list []listed, faults []string, err error) {
	text := bufio.NewReader(in)
	if mark, _ := text.Peek(3); string(mark) == "\uFEFF" { // as spreadsheets begin a file
		_, _ = text.Discard(3) // they are there
	}
	rows := csv.NewReader(text)
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	head, _ := text.Peek(1024) // fewer, if there are fewer
	if line, _, _ := strings.Cut(string(head), "\n"); strings.Count(line, ";") > strings.Count(line, ",") {
		rows.Comma = ';' // as spreadsheets write it where the comma is the decimal sign
	}
	columns := map[string]int{"accountid": 0} // without a heading
	seen := map[macie2.AccountID]int{}
	for first := true; ; first = false {
		row, err := rows.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if len(list)+len(faults) == 0 {
				faults = append(faults, "there are no accounts in it")
			}
			return list, faults, nil
		case errors.As(err, &wrong):
			return list, append(faults, fmt.Sprintf("line %d: %v", wrong.Line, wrong.Err)), nil // what follows cannot be told
		case err != nil:
			return nil, nil, err
		}
		if first {
			heading := columnsOf(row)
			_, hasID := heading["accountid"]
			_, hasAddress := heading["email"]
			if hasID && (hasAddress || !addresses) {
				columns = heading
				continue
			}
			// Without addresses a line may be an account id and nothing else, and that has digits.
			if addresses || !strings.ContainsFunc(strings.Join(row, ""), unicode.IsDigit) {
				return nil, []string{"line 1: " + wrongHeading(row, addresses)}, nil
			}
		}
		line, _ := rows.FieldPos(0)
		at := func(column string) string {
			if i, ok := columns[column]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		id, err := macie2.ParseAccountID(at("accountid"))
		switch before := seen[id]; {
		case err != nil:
			faults = append(faults, fmt.Sprintf("line %d: %q: %v", line, at("accountid"), err))
		case before > 0:
			faults = append(faults, fmt.Sprintf("line %d: account %s is in line %d already", line, id, before))
		case addresses && at("email") == "":
			faults = append(faults, fmt.Sprintf("line %d: account %s has no e-mail address", line, id))
		default:
			seen[id] = line
			list = append(list, listed{id, at("email"), at("name"), line})
		}
	}
}

// wrongHeading names the columns that the first line has, and those that are understood.
func wrongHeading(row []string, addresses bool) string {
	var has []string
	for _, text := range row[:min(len(row), 10)] {
		has = append(has, fmt.Sprintf("%.40q", strings.TrimSpace(text)))
	}
	want := "Account ID (or Account, or ID)"
	if addresses {
		want += ", Email (or Email Address) and, if there is one, Name (or Account Name)"
	}
	return "a heading has to say which column is what; this one has " + strings.Join(has, ", ") + ", and what is understood is " + want
}

// columnsOf tells where the columns are that a heading names, whatever else there is, and however people write them.
func columnsOf(heading []string) map[string]int {
	columns := map[string]int{}
	for i, text := range heading {
		text = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, text)
		for _, name := range [][]string{{"accountid", "account", "id"}, {"email", "emailaddress"}, {"name", "accountname"}} {
			if slices.Contains(name, text) {
				columns[name[0]] = i
			}
		}
	}
	return columns
}
