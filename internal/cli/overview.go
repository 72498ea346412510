package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
	"magpie/internal/printable"
)

// membersQuery selects records of the inventory. Empty members select everything.
type membersQuery struct {
	Status, Mail []string
	Find, Sort   string
	MaxItems     int // 0: all
}

// memberSearch is what POST /magpie/v1/members/search asks.
type memberSearch struct {
	Filter    memberFilter `json:"filter,omitzero"`
	Sort      string       `json:"sort,omitempty"`
	NextToken string       `json:"nextToken,omitempty"`
}

type memberFilter struct {
	Status []string `json:"status,omitempty"`
	Mail   []string `json:"mail,omitempty"`
	Find   string   `json:"find,omitempty"`
}

func membersList() *cobra.Command {
	var target Target
	var q membersQuery
	var output string
	c := &cobra.Command{
		Use:   "list",
		Short: "List your inventory, with what your members are called",
		Long: `List your inventory in a Region as ListMembers does, in larger pages, with the names that your members' accounts are registered by
and the last that became of the mail about an invitation.
Magpie alone knows this; in AWS, use list-members.`,
		Example: `  magpie members list --status Invited
  magpie members list --mail MailRefused,MailNotSent
  magpie members list --find example.com --sort -updatedAt --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case output != "table" && output != "json":
				return fmt.Errorf("--output: %q is neither table nor json", output)
			case q.MaxItems < 0:
				return errors.New("--max-items: must be at least 1")
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return writeMembers(c.Context(), c.OutOrStdout(), client, q, output)
		},
	}
	target.bind(c)
	f := c.Flags()
	f.StringSliceVar(&q.Status, "status", nil, "of these relationships only: Invited, Enabled, …")
	f.StringSliceVar(&q.Mail, "mail", nil, "where this is the last that became of the mail: MailQueued, MailAccepted, MailDeferred, MailRefused, MailNotSent")
	f.StringVar(&q.Find, "find", "", "with this `text` in the account id, the name or the address; letter case does not matter")
	f.StringVar(&q.Sort, "sort", "accountId", "by accountId, name, email, relationshipStatus, invitedAt or updatedAt; the other way round with a - before it")
	f.IntVar(&q.MaxItems, "max-items", 0, "show at most so many (default: all)")
	f.StringVar(&output, "output", "table", "table or json")
	return c
}

// foundMember is a record as POST /magpie/v1/members/search answers it.
type foundMember struct {
	AccountID          string `json:"accountId"`
	Name               string `json:"name,omitempty"`
	Email              string `json:"email,omitempty"`
	RelationshipStatus string `json:"relationshipStatus"`
	ViaOrganization    bool   `json:"viaOrganization"`
	InvitedAt          string `json:"invitedAt,omitempty"`
	UpdatedAt          string `json:"updatedAt"`
	Mail               *struct {
		Event  string `json:"event"`
		Time   string `json:"time"`
		Detail string `json:"detail,omitempty"`
	} `json:"mail,omitempty"`
}

func findMembers(ctx context.Context, client *Client, q membersQuery) (list []foundMember, err error) {
	list = []foundMember{}
	asked := memberSearch{Filter: memberFilter{Status: q.Status, Mail: q.Mail, Find: q.Find}, Sort: q.Sort}
	var pages operation.Pages
	for {
		var page struct {
			Members   []foundMember `json:"members"`
			NextToken string        `json:"nextToken"`
		}
		if err := client.Call(ctx, http.MethodPost, "/magpie/v1/members/search", nil, asked, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Members {
			list = append(list, m)
			if q.MaxItems > 0 && len(list) == q.MaxItems {
				return list, nil
			}
		}
		if more, err := pages.Next(page.NextToken, len(page.Members)); !more {
			return list, err
		}
		asked.NextToken = page.NextToken
	}
}

func writeMembers(ctx context.Context, w io.Writer, client *Client, q membersQuery, output string) error {
	list, err := findMembers(ctx, client, q)
	if err != nil {
		return err
	}
	if output == "json" {
		return encodeJSON(w, map[string]any{"members": list}, "  ")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ACCOUNT\tNAME\tADDRESS\tSTATUS\tBY\tMAIL\tUPDATED")
	for _, m := range list {
		by := "invitation"
		if m.ViaOrganization {
			by = "organization"
		}
		mail := "-"
		if m.Mail != nil {
			mail = m.Mail.Event
		}
		cells := []string{m.AccountID, cmp.Or(m.Name, "-"), cmp.Or(m.Email, "-"), m.RelationshipStatus, by, mail, m.UpdatedAt}
		for i, cell := range cells {
			cells[i] = printable.Line(cell)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// Identifiers is the verb about custom data identifiers.
func Identifiers() *cobra.Command {
	c := &cobra.Command{Use: "identifiers", Short: "Try a custom data identifier and see where it matches"}
	c.AddCommand(identifiersTest())
	return c
}

// identifierTest is what POST /magpie/v1/custom-data-identifiers/test asks.
type identifierTest struct {
	Regex                string   `json:"regex"`
	Keywords             []string `json:"keywords,omitempty"`
	IgnoreWords          []string `json:"ignoreWords,omitempty"`
	MaximumMatchDistance int      `json:"maximumMatchDistance,omitempty"`
	SampleText           string   `json:"sampleText"`
}

func identifiersTest() *cobra.Command {
	var target Target
	var in identifierTest
	var file, output string
	c := &cobra.Command{
		Use:   "test",
		Short: "Try an expression on a sample, and see where it matches",
		Long: `Try an expression with its keywords and words to ignore on a sample, and print what matches with its place, in characters, and what
does not count and why. As test-custom-data-identifier, which tells only how many there are. Magpie alone knows this.`,
		Example: `  magpie identifiers test --regex 'C-[0-9]{6}' --keywords customer --sample-text 'customer C-123456'
  magpie identifiers test --regex 'C-[0-9]{6}' --sample-file letter.txt --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output: %q is neither table nor json", output)
			}
			if file != "" {
				if in.SampleText != "" {
					return errors.New("--sample-text and --sample-file exclude each other: give one of them")
				}
				text, err := readSample(file, c.InOrStdin())
				if err != nil {
					return err
				}
				in.SampleText = text
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			return writeMatches(c.Context(), c.OutOrStdout(), client, in, output)
		},
	}
	target.bind(c)
	f := c.Flags()
	f.StringVar(&in.Regex, "regex", "", "the expression")
	f.StringSliceVar(&in.Keywords, "keywords", nil, "words of which one has to be near a match; repeated or with commas")
	f.StringSliceVar(&in.IgnoreWords, "ignore-words", nil, "words that make a match none; repeated or with commas")
	f.IntVar(&in.MaximumMatchDistance, "maximum-match-distance", 0, "how far a keyword may be, in characters (default: 50)")
	f.StringVar(&in.SampleText, "sample-text", "", "the sample, 1,000 characters at most")
	f.StringVar(&file, "sample-file", "", "`file` with the sample; - is standard input")
	f.StringVar(&output, "output", "table", "table or json")
	_ = c.MarkFlagRequired("regex") // it is there
	return c
}

// mostSample bounds what is read of a sample: the server refuses more than a thousand characters.
const mostSample = 64 << 10

func readSample(name string, stdin io.Reader) (string, error) {
	from := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("--sample-file: %w", err)
		}
		defer f.Close()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, mostSample+1))
	if err == nil && len(b) > mostSample {
		err = errors.New("the sample is too long: 1,000 characters at most")
	}
	return string(b), err
}

func writeMatches(ctx context.Context, w io.Writer, client *Client, in identifierTest, output string) error {
	var out struct {
		MatchCount int64 `json:"matchCount"`
		Matches    []struct {
			Start int `json:"start"`
			End   int `json:"end"`
		} `json:"matches"`
		Misses []struct {
			Start  int    `json:"start"`
			End    int    `json:"end"`
			Reason string `json:"reason"`
		} `json:"misses"`
	}
	if err := client.Call(ctx, http.MethodPost, "/magpie/v1/custom-data-identifiers/test", nil, in, &out); err != nil {
		return err
	}
	if output == "json" {
		return encodeJSON(w, out, "  ")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "START\tEND\tCOUNTS\tTEXT")
	sample := []rune(in.SampleText)
	line := func(start, end int, counts string) {
		text := ""
		if start >= 0 && start <= end && end <= len(sample) {
			text = string(sample[start:end])
		}
		fmt.Fprintln(t, strings.Join([]string{strconv.Itoa(start), strconv.Itoa(end), counts, printable.Line(text)}, "\t"))
	}
	for _, m := range out.Matches {
		line(m.Start, m.End, "yes")
	}
	for _, m := range out.Misses {
		why := "no keyword is near"
		if m.Reason == "IGNORE_WORD" {
			why = "a word to ignore"
		}
		line(m.Start, m.End, why)
	}
	return t.Flush()
}
