package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/spf13/cobra"

	"magpie/internal/cli/onboard"
	"magpie/internal/cli/table"
)

// statusRun is what was given on the command line of magpie members status.
type statusRun struct {
	common    onboarding // target, Regions, file, format
	olderThan time.Duration
	driftOnly bool
	exitCode  bool
	watch     bool
	interval  time.Duration
}

func membersStatus() *cobra.Command {
	s := &statusRun{common: onboarding{inFlight: onboard.DefaultInFlight}}
	c := &cobra.Command{
		Use:   "status",
		Short: "See who is where, across Regions, and what is not as it should be",
		Long: `See the relationship of every account in every Region: since when it is what it is, what became of the invitation's mail (Magpie
knows, AWS does not say), and what is not as it should be: an account that is a member in some Regions and not in others, an invitation that
nobody has answered for long, who resigned, whose address was wrong, who is suspended. With --file, also who is missing, and who should not
be there.`,
		Example: `  magpie members status
  magpie members status --regions all --drift --older-than 72h
  magpie members status --regions all --file accounts.csv --exit-code`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.run(c)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&s.common.regions, "regions", "", "Regions, separated by commas, or all: every Region in which your account has Macie (default: --region)")
	f.StringVar(&s.common.file, "file", "", "list of the accounts that should be members; - is standard input")
	f.DurationVar(&s.olderThan, "older-than", 14*24*time.Hour, "an invitation that nobody answered for so long is drift")
	f.BoolVar(&s.driftOnly, "drift", false, "show only what is not as it should be")
	f.BoolVar(&s.exitCode, "exit-code", false, "exit with 5 if something is not as it should be")
	f.BoolVar(&s.watch, "watch", false, "look again and again, until Ctrl-C")
	f.DurationVar(&s.interval, "interval", 10*time.Second, "with --watch: how often")
	f.StringVar(&s.common.format, "output", "table", "table, json or csv")
	mustComplete(c, "output", formats)
	s.common.target.bind(c)
	return c
}

// standing is an account in a Region.
type standing struct {
	Relationship string     `json:"relationshipStatus,omitempty"`
	Since        *time.Time `json:"since,omitempty"`
	InvitedAt    *time.Time `json:"invitedAt,omitempty"`
	Mail         string     `json:"mail,omitempty"`
	Drift        string     `json:"drift,omitempty"`
}

// accountStatus is an account in all Regions.
type accountStatus struct {
	Account string               `json:"accountId"`
	Email   string               `json:"email,omitempty"`
	Regions map[string]*standing `json:"regions"`
	Drift   []string             `json:"drift"`
}

// status is what magpie members status shows.
type status struct {
	Regions  []string          `json:"regions"`
	LeftOut  map[string]string `json:"leftOut,omitempty"`
	Accounts []*accountStatus  `json:"accounts"`

	mail bool // the endpoint tells of mails
}

func (s *statusRun) run(c *cobra.Command) error {
	if !slices.Contains(formats, s.common.format) {
		return refused("--output: %q is none of table, json, csv", s.common.format)
	}
	if s.watch && s.interval < time.Second {
		return refused("--interval: must be at least 1s")
	}
	wanted := map[string]string{}
	if s.common.file != "" {
		entries, err := s.common.read(c.InOrStdin(), nil)
		if err != nil {
			return withCode(ExitRefused, err)
		}
		for _, e := range entries {
			wanted[e.Account] = e.Email
		}
	}
	names, err := s.common.regionNames(c.Context())
	if err != nil {
		return err
	}
	service, _, err := s.common.service(c.Context())
	if err != nil {
		return err
	}
	shown := false       // a table is on the screen, and another is to follow
	var silent time.Time // since when nobody answers; zero while somebody does
	for {
		now := time.Now().UTC()
		st, err := s.look(c.Context(), service, names, wanted, now)
		if err != nil && shown && c.Context().Err() == nil {
			if silent.IsZero() {
				silent = now
			}
			fmt.Fprintf(c.ErrOrStderr(), "no answer since %s; what is shown is from before, and it is tried again every %s: %v\n",
				silent.Format("2006-01-02 15:04:05Z"), s.interval, err)
			select {
			case <-time.After(s.interval):
				continue
			case <-c.Context().Done():
				return nil
			}
		}
		if err != nil {
			if c.Context().Err() != nil {
				return withCode(ExitInterrupted, errors.New("interrupted"))
			}
			return err
		}
		silent, shown = time.Time{}, s.watch
		if s.watch && isTerminal(c.OutOrStdout()) {
			fmt.Fprint(c.OutOrStdout(), "\x1b[H\x1b[2J")
		}
		if s.watch {
			fmt.Fprintf(c.ErrOrStderr(), "%s\n", now.Format("2006-01-02 15:04:05Z"))
		}
		if err := st.write(c.OutOrStdout(), s.common.format, s.driftOnly); err != nil {
			return err
		}
		if !s.watch {
			if s.exitCode && slices.ContainsFunc(st.Accounts, func(a *accountStatus) bool { return len(a.Drift) > 0 }) {
				return withCode(ExitDifferences, errors.New("not all is as it should be"))
			}
			return nil
		}
		select {
		case <-time.After(s.interval):
		case <-c.Context().Done():
			return nil
		}
	}
}

// look reads how everybody stands.
func (s *statusRun) look(ctx context.Context, service onboard.Service, names []string, wanted map[string]string, now time.Time) (*status, error) {
	r := onboard.New(onboard.Spec{Regions: names, Options: s.common.options}, service, s.common.inFlight)
	if s.watch {
		r.Patience = time.Second // the next look is the next try
	}
	inventory, err := r.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	st := &status{Regions: slices.Sorted(maps.Keys(inventory)), LeftOut: r.LeftOut()}
	if len(st.Regions) == 0 {
		return nil, errors.New("there is no Region in which your account has Macie: magpie enable-macie")
	}
	accounts := map[string]*accountStatus{}
	at := func(id string) *accountStatus {
		if accounts[id] == nil {
			accounts[id] = &accountStatus{Account: id, Regions: map[string]*standing{}}
		}
		return accounts[id]
	}
	for region, members := range inventory {
		for id, m := range members {
			a := at(id)
			a.Regions[region] = &standing{Relationship: string(m.RelationshipStatus), Since: m.UpdatedAt, InvitedAt: m.InvitedAt}
			if a.Email == "" {
				a.Email = aws.ToString(m.Email)
			}
		}
	}
	for id, email := range wanted {
		at(id).Email = email
	}
	for _, id := range slices.Sorted(maps.Keys(accounts)) {
		st.Accounts = append(st.Accounts, accounts[id])
	}
	if err := s.mails(ctx, st); err != nil {
		return nil, err
	}
	for _, a := range st.Accounts {
		_, listed := wanted[a.Account]
		a.judge(st.Regions, now, s.olderThan, len(wanted) > 0, listed)
	}
	return st, nil
}

// judge says what is not as it should be.
func (a *accountStatus) judge(regions []string, now time.Time, olderThan time.Duration, haveList, listed bool) {
	a.Drift = []string{}
	members := 0
	var elsewhere []string
	for _, region := range regions {
		x := a.Regions[region]
		if x == nil {
			elsewhere = append(elsewhere, region)
			continue
		}
		if x.Relationship == string(types.RelationshipStatusEnabled) || x.Relationship == string(types.RelationshipStatusPaused) {
			members++
		} else {
			elsewhere = append(elsewhere, region)
		}
		x.Drift = drift(x, now, olderThan)
	}
	if haveList && !listed {
		a.Drift = append(a.Drift, "is not in the list")
	}
	if len(a.Regions) == 0 {
		a.Drift = append(a.Drift, "was never added, or has declined")
		return
	}
	if members > 0 && members < len(regions) {
		a.Drift = append(a.Drift, fmt.Sprintf("is a member in %d of %d Regions, not in %s", members, len(regions), someRegions(elsewhere)))
	}
	byDrift := map[string][]string{}
	for _, region := range regions {
		switch x := a.Regions[region]; {
		case x == nil:
			byDrift["not added"] = append(byDrift["not added"], region)
		case x.Drift != "":
			byDrift[x.Drift] = append(byDrift[x.Drift], region)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(byDrift)) {
		if len(regions) == 1 {
			a.Drift = append(a.Drift, text)
			continue
		}
		a.Drift = append(a.Drift, text+" in "+someRegions(byDrift[text]))
	}
}

// drift is what is not as it should be with an account in a Region; empty is nothing.
func drift(x *standing, now time.Time, olderThan time.Duration) string {
	since := ""
	if x.Since != nil {
		since = " since " + x.Since.UTC().Format(time.DateOnly)
	}
	switch types.RelationshipStatus(x.Relationship) {
	case types.RelationshipStatusEnabled:
		return ""
	case types.RelationshipStatusInvited:
		if x.InvitedAt != nil && now.Sub(*x.InvitedAt) >= olderThan {
			return "has not answered since " + x.InvitedAt.UTC().Format(time.DateOnly)
		}
		return ""
	case types.RelationshipStatusEmailVerificationInProgress:
		if x.InvitedAt != nil && now.Sub(*x.InvitedAt) > time.Hour {
			return "its address is being verified" + since
		}
		return ""
	case types.RelationshipStatusEmailVerificationFailed:
		return "the address is not the account's"
	case types.RelationshipStatusCreated:
		return "was added and never invited"
	case types.RelationshipStatusPaused:
		return "suspended" + since
	case types.RelationshipStatusResigned:
		return "resigned" + since
	case types.RelationshipStatusRemoved:
		return "removed" + since
	case types.RelationshipStatusAccountSuspended:
		return "the account is suspended" + since
	case types.RelationshipStatusRegionDisabled:
		return "the Region is disabled for it" + since
	}
	return x.Relationship
}

// mailStates are the events of a mail as states of it. That a relay has accepted it does not say that it was read.
var mailStates = map[string]string{"MailQueued": "queued", "MailAccepted": "sent", "MailDeferred": "deferred", "MailRefused": "refused", "MailNotSent": "not sent"}

// mostMails bounds for how many accounts the history is asked: it has no bulk form.
const mostMails = 500

// mails fills in what became of mails, where the endpoint is a Magpie's, for those who have not answered.
func (s *statusRun) mails(ctx context.Context, st *status) error {
	cfg, err := s.common.target.load(ctx, s.common.inFlight)
	if err != nil {
		return err
	}
	client, err := s.common.target.beside(ctx, cfg)
	if err != nil {
		return nil // AWS itself, which does not tell
	}
	asked := 0
	for _, a := range st.Accounts {
		for region, x := range a.Regions {
			if x.Relationship != string(types.RelationshipStatusInvited) {
				continue
			}
			if asked++; asked > mostMails {
				return nil
			}
			client.Region = region
			var page historyPage
			err := client.Call(ctx, http.MethodGet, "/magpie/v1/history", url.Values{"accountId": {a.Account}, "maxResults": {"20"}}, nil, &page)
			var refused *APIError
			if errors.As(err, &refused) {
				return nil // another service, or no permission to see it
			} else if err != nil {
				return err
			}
			st.mail = true
			for _, e := range page.Events {
				if state := mailStates[e.Event]; state != "" {
					x.Mail = state
					break // the latest comes first
				}
			}
		}
	}
	return nil
}

func (st *status) write(w io.Writer, format string, driftOnly bool) error {
	accounts := st.Accounts
	if driftOnly {
		accounts = slices.DeleteFunc(slices.Clone(accounts), func(a *accountStatus) bool { return len(a.Drift) == 0 })
	}
	switch {
	case format == "json":
		return writeJSON(w, &status{Regions: st.Regions, LeftOut: st.LeftOut, Accounts: accounts})
	case format == "csv":
		return st.lines(accounts).CSV(w)
	case len(st.Regions) == 1:
		return st.lines(accounts).Text(w, styleOf(w))
	}
	if err := st.counts().Text(w, styleOf(w)); err != nil {
		return err
	}
	t := &table.Table{Columns: []string{"accountId", "email", "member in", "drift"}}
	for _, a := range accounts {
		members := 0
		for _, x := range a.Regions {
			if x.Relationship == string(types.RelationshipStatusEnabled) {
				members++
			}
		}
		t.Add(a.Account, a.Email, fmt.Sprintf("%d of %d", members, len(st.Regions)), strings.Join(a.Drift, "; "))
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return t.Text(w, styleOf(w))
}

// lines is one line for each account in each Region.
func (st *status) lines(accounts []*accountStatus) *table.Table {
	t := &table.Table{Columns: []string{"accountId", "email", "region", "relationship", "since", "invitedAt"}}
	if st.mail {
		t.Columns = append(t.Columns, "mail")
	}
	t.Columns = append(t.Columns, "drift")
	for _, a := range accounts {
		for _, region := range st.Regions {
			x := a.Regions[region]
			text := strings.Join(a.Drift, "; ")
			if x == nil {
				x = &standing{}
			}
			if len(st.Regions) > 1 {
				text = x.Drift
			}
			row := []string{a.Account, a.Email, region, relationshipWord(x.Relationship), moment(x.Since), moment(x.InvitedAt)}
			if st.mail {
				row = append(row, x.Mail)
			}
			t.Add(append(row, text)...)
		}
	}
	return t
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// counts is how many accounts have which relationship in each Region.
func (st *status) counts() *table.Table {
	used := map[string]bool{}
	counts := map[string]map[string]int{}
	for _, region := range st.Regions {
		counts[region] = map[string]int{}
		for _, a := range st.Accounts {
			word := "none"
			if x := a.Regions[region]; x != nil {
				word = x.Relationship
			}
			counts[region][word]++
			used[word] = true
		}
	}
	var words []string
	for _, word := range append(enumWords(types.RelationshipStatus("").Values()), "none") {
		if used[word] {
			words = append(words, word)
		}
	}
	t := &table.Table{Columns: append([]string{"region"}, words...)}
	for _, region := range st.Regions {
		row := []string{region}
		for _, word := range words {
			row = append(row, strconv.Itoa(counts[region][word]))
		}
		t.Add(row...)
	}
	return t
}

func enumWords(values []types.RelationshipStatus) []string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return words
}
