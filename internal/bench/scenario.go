package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

const region = "eu-west-1"

// size is how much of everything a run takes.
type size struct {
	members int // of the administrators that are measured one call at a time
	single  int // calls over one connection
	accepts int
	resting int // members of the administrator that memory is measured with

	organization int // accounts of the large organization

	jobs jobSize
}

// report prints one row for each measurement.
type report struct {
	table *tabwriter.Writer
	rates map[rateKey]float64
}

type rateKey struct {
	name, engine string
	clients      int
}

// oneInvitation is the measurement that others are compared by.
const oneInvitation = "CreateInvitations, 1 id, no mail"

func newReport(w io.Writer) *report {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "measured\tengine\tclients\tcalls\trefused\tcalls/s\tp50 ms\tp99 ms\tserver µs\tdatabase µs\tgoal\t")
	return &report{t, make(map[rateKey]float64)}
}

func (p *report) row(name, engine string, r result, goal string) {
	p.rates[rateKey{name, engine, r.clients}] = r.rate()
	fmt.Fprintf(p.table, "%s\t%s\t%d\t%d\t%d\t%.0f\t%.1f\t%.1f\t%s\t%s\t%s\t\n", name, engine, r.clients, r.calls, r.refused,
		r.rate(), ms(r.percentile(0.5)), ms(r.percentile(0.99)), each(r.program, r.calls), each(r.database, r.calls), goal)
	if r.firstRefusal != "" {
		fmt.Fprintf(p.table, "first refusal: %s\n", r.firstRefusal)
	}
	p.table.Flush()
}

func (p *report) figure(name, engine, value, goal string) {
	fmt.Fprintf(p.table, "%s\t%s\t\t\t\t%s\t\t\t\t\t%s\t\n", name, engine, value, goal)
	p.table.Flush()
}

// each is the processor time of one call in microseconds, workers' share included.
func each(d time.Duration, calls int) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprint(d.Microseconds() / int64(calls))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func ok(status int, _ []byte) bool { return status == 200 }

// processed accepts an answer without unprocessed accounts.
func processed(status int, body []byte) bool {
	var out struct{ UnprocessedAccounts []json.RawMessage }
	return status == 200 && json.Unmarshal(body, &out) == nil && len(out.UnprocessedAccounts) == 0
}

// memberID numbers the member accounts.
func memberID(i int) macie2.AccountID { return macie2.AccountID(fmt.Sprintf("%012d", 500000000000+i)) }

// administratorID numbers the administrator accounts.
func administratorID(i int) macie2.AccountID {
	return macie2.AccountID(fmt.Sprintf("%012d", 100000000000+i))
}

// ids numbers n accounts.
func ids(n int, number func(int) macie2.AccountID) []macie2.AccountID {
	list := make([]macie2.AccountID, n)
	for i := range list {
		list[i] = number(i)
	}
	return list
}

func createMembers(as sigv4.Credentials, from, to int) []call {
	var calls []call
	for i := from; i < to; i++ {
		calls = append(calls, call{"POST", "/members",
			fmt.Sprintf(`{"account":{"accountId":"%s","email":"%s"}}`, memberID(i), email(memberID(i))), as})
	}
	return calls
}

func createInvitations(as sigv4.Credentials, from, to, perCall int, noEmail bool) []call {
	var calls []call
	for i := from; i < to; i += perCall {
		var ids []string
		for j := i; j < min(i+perCall, to); j++ {
			ids = append(ids, `"`+string(memberID(j))+`"`)
		}
		calls = append(calls, call{"POST", "/invitations",
			fmt.Sprintf(`{"accountIds":[%s],"disableEmailNotification":%v}`, strings.Join(ids, ","), noEmail), as})
	}
	return calls
}

func repeat(n int, x call) []call {
	calls := make([]call, n)
	for i := range calls {
		calls[i] = x
	}
	return calls
}

// measure runs everything on one engine.
func measure(ctx context.Context, r *rig, p *report, n size) error {
	admins, members := ids(6, administratorID), ids(n.members, memberID)
	keys, err := r.accounts(ctx, append(admins, members[:n.accepts]...), true)
	if err != nil {
		return err
	}
	if _, err := r.accounts(ctx, members[n.accepts:], false); err != nil {
		return err
	}
	mail, err := startRelay()
	if err != nil {
		return err
	}
	defer mail.server.Close()
	if err := r.start(keys[admins[0]], "--quota-members", "1000000", "--smtp-url", mail.url, "--mail-rate", "100000", "--mail-per-administrator", "1000000"); err != nil {
		return err
	}
	defer r.stop()
	p.figure("start to first signed answer", r.engine, fmt.Sprintf("%d ms", r.startup.Milliseconds()), "<= 300 ms")

	run := func(name string, clients int, calls []call, accept func(int, []byte) bool, goal string) error {
		result, err := r.load(clients, calls, accept)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name != "" {
			p.row(name, r.engine, result, goal)
		}
		return nil
	}
	var enable []call
	for _, id := range append(admins, members[:n.accepts]...) {
		enable = append(enable, call{"POST", "/macie", "{}", keys[id]})
	}
	a, b, c, d := keys[admins[0]], keys[admins[1]], keys[admins[2]], keys[admins[3]]
	steps := []struct {
		name    string
		clients int
		calls   []call
		accept  func(int, []byte) bool
		goal    string
	}{
		{"EnableMacie", 64, enable, ok, ""},
		{"CreateMember", 64, createMembers(a, 0, n.members), ok, ""},
		{oneInvitation, 64, createInvitations(a, 0, n.members, 1, true), processed, inviteGoals[r.engine]},
		{"CreateMember", 1, createMembers(b, 0, n.single), ok, ""},
		{oneInvitation, 1, createInvitations(b, 0, n.single, 1, true), processed, ""},
		{"", 64, createMembers(c, 0, n.members), ok, ""},
		{"CreateInvitations, 50 ids, no mail", 1, createInvitations(c, 0, n.members/2, 50, true), processed, ""},
		{"CreateInvitations, 1000 ids, no mail", 1, createInvitations(c, n.members/2, n.members, 1000, true), processed, "p50 <= 150 ms"},
		{"", 64, createMembers(d, 0, n.members), ok, ""},
		{"CreateInvitations, 1 id, with mail", 64, createInvitations(d, 0, n.members, 1, false), processed,
			map[string]string{"sqlite": ">= 1500/s"}[r.engine]},
	}
	for _, s := range steps {
		if err := run(s.name, s.clients, s.calls, s.accept, s.goal); err != nil {
			return err
		}
	}
	if err := awaitMail(ctx, p, r, mail, int64(n.members)); err != nil {
		return err
	}
	if err := r.look(p, a, n.members); err != nil {
		return err
	}
	if err := r.accept(p, keys, members[:n.accepts]); err != nil {
		return err
	}
	if err := run("", 64, createMembers(keys[admins[4]], n.members, n.members+n.resting), ok, ""); err != nil {
		return err
	}
	p.figure(fmt.Sprintf("resident memory after %d more members", n.resting), r.engine, fmt.Sprintf("%d MB", r.memory()>>20), "<= 80 MB")
	return nil
}

// look measures lists of members and looks at one.
func (r *rig) look(p *report, as sigv4.Credentials, members int) error {
	list := call{"GET", "/members?maxResults=25&onlyAssociated=false", "", as}
	get := call{"GET", "/members/" + string(memberID(members/2)), "", as}
	for _, clients := range []int{64, 1} {
		for _, x := range []struct {
			name  string
			calls []call
			goal  string
		}{{"ListMembers, page of 25", repeat(members/2, list), ">= 5000/s at 64"}, {"GetMember", repeat(members, get), ""}} {
			result, err := r.load(clients, x.calls, ok)
			if err != nil {
				return fmt.Errorf("%s: %w", x.name, err)
			}
			p.row(x.name, r.engine, result, x.goal)
		}
	}
	return nil
}

// load loads the rig, and notes what processor time it took.
func (r *rig) load(clients int, calls []call, accept func(int, []byte) bool) (result, error) {
	program, database := r.cpu()
	result, err := load(r.address, region, clients, calls, accept)
	programAfter, databaseAfter := r.cpu()
	result.program, result.database = programAfter-program, databaseAfter-database
	return result, err
}

// awaitMail waits until the relay has every mail.
func awaitMail(ctx context.Context, p *report, r *rig, mail *relay, want int64) error {
	began, already := time.Now(), mail.taken.Load()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for mail.taken.Load() < want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the relay has %d of %d mails", mail.taken.Load(), want)
		}
	}
	value := fmt.Sprintf("%d during, the rest at %.0f/s", already, float64(want-already)/time.Since(began).Seconds())
	p.figure("mails the relay took", r.engine, value, "")
	return nil
}

// accept has every member accept the first administrator's invitation.
func (r *rig) accept(p *report, keys map[macie2.AccountID]sigv4.Credentials, members []macie2.AccountID) error {
	var calls []call
	for _, id := range members {
		var received struct {
			Invitations []struct{ AccountID, InvitationID string }
		}
		_, err := load(r.address, region, 1, []call{{"GET", "/invitations", "", keys[id]}}, func(_ int, body []byte) bool {
			return json.Unmarshal(body, &received) == nil
		})
		if err != nil {
			return err
		}
		for _, i := range received.Invitations {
			if i.AccountID == string(administratorID(0)) {
				calls = append(calls, call{"POST", "/invitations/accept",
					fmt.Sprintf(`{"administratorAccountId":"%s","invitationId":"%s"}`, i.AccountID, i.InvitationID), keys[id]})
			}
		}
	}
	half := len(calls) / 10
	for _, part := range []struct {
		clients int
		calls   []call
	}{{1, calls[:half]}, {64, calls[half:]}} {
		result, err := r.load(part.clients, part.calls, ok)
		if err != nil {
			return err
		}
		p.row("AcceptInvitation", r.engine, result, "")
	}
	return nil
}
