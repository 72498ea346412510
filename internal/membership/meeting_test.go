package membership

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestMeetings has each of these requests meet each other one in each of these states, at every
// step of its transactions: the one is held there at one node, the other goes on at another node
// until it is through or waits for the first, and then the first goes on. Both answers, and what is
// in the tables afterwards, must be what they are when one comes after the other.
//
// Only a part of them is run, another one with each seed. MAGPIE_MEETINGS=all runs all of them, and
// MAGPIE_MEETINGS=3,5 those in the states with these numbers.
func TestMeetings(t *testing.T) {
	serial := make(map[string]map[string]string) // outcomes by engine
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m := newMeetings(t, engine)
			m.all()
			serial[engine] = m.serial
			t.Logf("%d meetings, %d in order, %d deadlocks", m.met, len(m.serial), m.Deadlocks())
		})
	}
	for k, sqlite := range serial["sqlite"] {
		if postgres, ok := serial["postgres"][k]; ok && sqlite != postgres {
			t.Errorf("%s: with SQLite\n%s\nwith PostgreSQL\n%s", k, sqlite, postgres)
		}
	}
}

// meetings is what a run of TestMeetings has.
type meetings struct {
	*storetest.Meeting
	t      *testing.T
	first  *deployment
	second *deployment
	serial map[string]string // outcomes of one after the other, by state and requests
	steps  map[string]int    // of a request, by state and request
	met    int

	working bool // one of the requests is the worker

	every int // one meeting of this many is run
	count int

	clear, save, restore []string                   // statements
	known                map[string]map[string]bool // the ids of the invitations in the state that is saved
	idle                 map[string]bool            // whether a request changes nothing in a state
}

// situation is a state that requests meet in.
type situation struct {
	name    string
	prepare func(d *deployment)
}

// worker is the request that does what waits in the queue.
const worker = "the worker"

// request is what meets another one.
type request struct {
	name string
	do   func(d *deployment) string
}

func newMeetings(t *testing.T, engine string) *meetings {
	m := &meetings{Meeting: storetest.NewMeeting(t, engine), t: t, serial: make(map[string]string), steps: make(map[string]int), idle: make(map[string]bool),
		every: 97, count: fromEnv(t, "MAGPIE_MODEL_SEED", 1)}
	if os.Getenv("MAGPIE_MEETINGS") != "" {
		m.every = 1
	}
	m.second = deploy(t, m.Second, 2)
	first := *m.second
	first.node = m.second.another(m.First)
	m.first = &first
	m.copies()
	return m
}

// wentWrong are meetings that went wrong once: they are part of every sample.
var wentWrong = [][3]string{
	{"bob is a member", "bob pauses Macie", "carol designates alice"},
	{"bob is a member", "bob resigns", "carol designates alice"},
	{"bob is a member", "carol designates alice", "bob pauses Macie"},
	{"bob is a paused member", "bob resumes Macie", "carol designates alice"},
	{"bob joined a moment ago, the Region disabled", "the worker", "carol ends alice's designation"},
	{"alice is delegated and takes all", "alice adds bob", "bob pauses Macie"},
	{"bob is a paused member of the delegate, the Region disabled", "alice adds bob", "bob leaves the organization"},
}

// all runs all meetings, or those of the sample.
func (m *meetings) all() {
	requests := meetingRequests()
	m.checkNames(requests)
	some := os.Getenv("MAGPIE_MEETINGS")
	for i, s := range situations() {
		if some != "" && some != "all" && !slices.Contains(strings.Split(some, ","), strconv.Itoa(i)) {
			continue
		}
		for _, a := range requests {
			for _, b := range requests {
				if m.count++; m.count%m.every != 0 && !slices.Contains(wentWrong, [3]string{s.name, a.name, b.name}) {
					continue
				}
				if !m.alone(s, a) || !m.alone(s, b) {
					m.meet(s, a, b)
				}
			}
		}
		if m.t.Failed() && some == "" {
			return
		}
		m.t.Logf("%s: %d meetings so far", s.name, m.met)
	}
}

// checkNames finds meetings of wentWrong that are none any more.
func (m *meetings) checkNames(requests []request) {
	m.t.Helper()
	known := func(name string) bool {
		return slices.ContainsFunc(requests, func(r request) bool { return r.name == name })
	}
	for _, w := range wentWrong {
		if !known(w[1]) || !known(w[2]) || !slices.ContainsFunc(situations(), func(s situation) bool { return s.name == w[0] }) {
			m.t.Errorf("there is no meeting %q", w)
		}
	}
}

// meet runs one request after the other in both orders, and then the first with the second in the
// middle of it.
func (m *meetings) meet(s situation, a, b request) {
	m.working = a.name == worker || b.name == worker
	want := []string{m.inOrder(s, a, b), swapped(m.inOrder(s, b, a))}
	if m.second.db.Engine() == "sqlite" {
		return
	}
	steps := m.steps[s.name+"|"+a.name]
	from := 2
	if m.alone(s, b) {
		from = max(steps, from) // it sees nothing of what the first has done so far
	}
	for step := from; step <= steps; step++ {
		before := m.prepare(s)
		var one, two string
		m.Run(step, func() { one = a.do(m.first) }, func() { two = b.do(m.second) })
		m.met++
		if got := m.outcome(before, one, two); !slices.Contains(want, got) {
			m.t.Errorf("%s: %s, and %s at its step %d of %d:\n%s", s.name, a.name, b.name, step, steps, differences(got, want))
		}
	}
}

// alone reports whether a request changes nothing in a state.
func (m *meetings) alone(s situation, a request) bool {
	key := s.name + "|" + a.name
	idle, ok := m.idle[key]
	if !ok {
		before := m.prepare(s)
		was := m.tables(before)
		m.steps[key] = m.Steps(func() { a.do(m.first) })
		idle = m.tables(before) == was
		m.idle[key] = idle
	}
	return idle
}

// inOrder is the outcome of one request after the other.
func (m *meetings) inOrder(s situation, a, b request) string {
	key := s.name + "|" + a.name + "|" + b.name
	if known, ok := m.serial[key]; ok {
		return known
	}
	before := m.prepare(s)
	one := a.do(m.second)
	two := b.do(m.second)
	m.serial[key] = m.outcome(before, one, two)
	return m.serial[key]
}

// differences shows an outcome beside those that it should be.
func differences(got string, want []string) string {
	var lines []string
	for i, w := range want {
		lines = append(lines, fmt.Sprintf("against order %d", i+1))
		has, wants := strings.Split(got, "\n"), strings.Split(w, "\n")
		for _, l := range has {
			if !slices.Contains(wants, l) {
				lines = append(lines, "\tgot  "+l)
			}
		}
		for _, l := range wants {
			if !slices.Contains(has, l) {
				lines = append(lines, "\twant "+l)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// swapped is an outcome with the answers in the other order.
func swapped(outcome string) string {
	lines := strings.SplitN(outcome, "\n\n", 3)
	return strings.Join([]string{lines[1], lines[0], lines[2]}, "\n\n")
}

// prepare makes a state anew, and returns the ids of the invitations in it. It is made by requests
// the first time, and copied from then on.
func (m *meetings) prepare(s situation) map[string]bool {
	m.t.Helper()
	if m.known[s.name] != nil {
		m.exec(m.restore)
		return m.known[s.name]
	}
	m.exec(m.clear)
	m.second.organize(carol, alice, bob)
	m.second.must(m.second.enable(alice, carol))
	s.prepare(m.second)
	now, err := readState(m.t.Context(), m.Second)
	if err != nil {
		m.t.Fatal(err)
	}
	m.exec(m.save)
	m.known = map[string]map[string]bool{s.name: {}} // one state is kept at a time
	for _, i := range now.invitations {
		m.known[s.name][i.id] = true
	}
	return m.known[s.name]
}

// The tables that a state is in, those that others refer to behind them.
var meetingTables = []string{"organization_waiting", "member", "organization_administrator", "invitation", "macie_session", "session_ended",
	"history", "task", "client_token", "organization_delegate", "organization_service", "organization_account", "organization"}

// copies makes the statements that clear the tables, save what they hold, and bring it back.
func (m *meetings) copies() {
	m.t.Helper()
	columns := `select column_name from information_schema.columns where table_schema = current_schema() and is_generated = 'NEVER' and table_name = `
	if m.Second.Engine() == "sqlite" {
		columns = `select name from pragma_table_xinfo where hidden = 0 and arg = `
	}
	var clear, save, restore []string
	for _, table := range meetingTables {
		var names []string
		err := m.Second.View(m.t.Context(), func(tx *store.Tx) error {
			return tx.Query(m.t.Context(), func(r store.Row) error {
				var name string
				err := r.Scan(&name)
				names = append(names, name)
				return err
			}, columns+"$1", table)
		})
		if err != nil || names == nil {
			m.t.Fatalf("the columns of %s: %v, %v", table, names, err)
		}
		list := strings.Join(names, ", ")
		m.exec([]string{"create table saved_" + table + " as select " + list + " from " + table})
		clear = append(clear, "delete from "+table)
		save = append(save, "delete from saved_"+table, "insert into saved_"+table+" select "+list+" from "+table)
		restore = append(restore, "insert into "+table+" ("+list+") select "+list+" from saved_"+table)
	}
	slices.Reverse(restore)
	clear = append(clear, "update account set status = 'Active', disabled_regions = ''")
	m.exec([]string{"create table saved_account as select id, status, disabled_regions from account"})
	save = append(save, "delete from saved_account", "insert into saved_account select id, status, disabled_regions from account")
	restore = append(restore, `update account set status = (select status from saved_account s where s.id = account.id),
		disabled_regions = (select disabled_regions from saved_account s where s.id = account.id)`)
	m.clear, m.save, m.restore = clear, save, append(slices.Clone(clear[:len(clear)-1]), restore...)
}

func (m *meetings) exec(statements []string) {
	m.t.Helper()
	stmts := make([]store.Stmt, len(statements))
	for i, s := range statements {
		stmts[i].SQL = s
	}
	err := m.Second.Tx(m.t.Context(), "meetings", func(tx *store.Tx) error {
		_, err := tx.Batch(m.t.Context(), stmts...)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// outcome words two answers and what is in the tables, before and after the workers have done their
// part. Invitations are named by whether they were there before.
func (m *meetings) outcome(before map[string]bool, one, two string) string {
	m.t.Helper()
	now := m.tables(before)
	if m.working {
		now = "" // how far it came is its own affair: it passes over tasks that others hold
	}
	if n, err := m.second.queue.Drain(m.t.Context()); err != nil {
		m.t.Fatalf("background work: %v", err)
	} else if n > 0 || m.working {
		now += "\n--- after the workers' part\n" + m.tables(before)
	}
	return one + "\n\n" + two + "\n\n" + now
}

func (m *meetings) tables(before map[string]bool) string {
	m.t.Helper()
	s := holds(m.t, m.second, 2)
	for p, i := range s.invitations {
		if before[i.id] {
			i.id = "the one before"
		} else {
			i.id = newID
		}
		s.invitations[p] = i
	}
	lines := s.lines(map[string]bool{"the one before": true})
	err := m.Second.View(m.t.Context(), func(tx *store.Tx) error {
		for _, q := range []string{
			`select event || ' ' || account_id || ' ' || from_status || ' ' || to_status, count(*) from history where event not like 'Mail%' group by 1 order by 1`,
			`select kind, count(*) from task where kind <> '` + kindMail + `' group by kind order by kind`,
			`select id || ' ' || status || ' ' || disabled_regions, count(*) from account where status <> 'Active' or disabled_regions <> '' group by 1 order by 1`,
			`select account_id || ' ' || finding_publishing_frequency, count(*) from macie_session where finding_publishing_frequency <> 'FIFTEEN_MINUTES' group by 1 order by 1`,
			`select operation || ' ' || client_token, count(*) from client_token group by 1 order by 1`,
		} {
			err := tx.Query(m.t.Context(), func(r store.Row) error {
				var text string
				var n int64
				err := r.Scan(&text, &n)
				lines += fmt.Sprintf("\n%d %s", n, text)
				return err
			}, q)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return lines
}

// situations are of alice, an administrator, and bob; carol manages the organization of all three.
func situations() []situation {
	delegated := func(d *deployment) { d.must(d.delegate(carol, alice)) }
	return []situation{
		{"bob has nothing", func(*deployment) {}},
		{"bob has enabled Macie", func(d *deployment) { d.must(d.enable(bob)) }},
		{"bob is Created", func(d *deployment) { d.must(d.enable(bob), d.add(alice, bob)) }},
		{"bob is in verification", func(d *deployment) { d.must(d.enable(bob), d.add(alice, bob), d.invite(alice, bob)) }},
		{"bob is invited twice", func(d *deployment) { d.invited(alice, bob); d.invited(dave, bob) }},
		{"bob is a member", func(d *deployment) { d.members(alice, bob) }},
		{"bob is a paused member", func(d *deployment) {
			d.members(alice, bob)
			d.must(d.memberSession(alice, bob, macie2.MacieStatusPaused))
		}},
		{"bob has resigned, and alice has another", func(d *deployment) { d.members(alice, bob); d.must(d.resignFrom(bob), d.add(alice, erin)) }},
		{"bob was removed", func(d *deployment) { d.members(alice, bob); d.must(d.disassociate(alice, bob)) }},
		{"bob declined and was added again", func(d *deployment) {
			d.invited(alice, bob)
			d.must(d.decline(bob, alice), d.add(alice, bob))
		}},
		{"bob is a member and suspended", func(d *deployment) { d.members(alice, bob); d.suspend(bob) }},
		{"alice is delegated", delegated},
		{"alice is delegated and takes all", func(d *deployment) { delegated(d); d.must(d.autoEnable(alice, true), d.enable(bob)) }},
		{"bob is a member of the delegate", func(d *deployment) { delegated(d); d.must(d.add(alice, bob)) }},
		{"bob is a paused member of the delegate, the Region disabled", func(d *deployment) {
			delegated(d)
			d.must(d.add(alice, bob), d.memberSession(alice, bob, macie2.MacieStatusPaused))
			d.disableRegion(bob, d.region, true)
		}},
		{"bob waits for the Region", func(d *deployment) {
			delegated(d)
			d.must(d.autoEnable(alice, true), d.leave(carol, bob))
			d.disableRegion(bob, d.region, true)
			d.join(carol, bob)
			d.work()
		}},
		{"alice's delegation ends", func(d *deployment) { delegated(d); d.must(d.add(alice, bob), d.undelegate(carol, alice)) }},
		{"bob joined a moment ago, the Region disabled", func(d *deployment) {
			delegated(d)
			d.must(d.autoEnable(alice, true), d.leave(carol, bob))
			d.disableRegion(bob, d.region, true)
			d.join(carol, bob)
		}},
		{"bob is outside, and joins later", func(d *deployment) { delegated(d); d.must(d.autoEnable(alice, true), d.leave(carol, bob)) }},
		{"bob joined a moment ago", func(d *deployment) {
			delegated(d)
			d.must(d.autoEnable(alice, true), d.leave(carol, bob))
			d.join(carol, bob)
		}},
	}
}

// meetingRequests are those that meet.
func meetingRequests() []request {
	pause, resume := macie2.MacieStatusPaused, macie2.MacieStatusEnabled
	token := &macie2.EnableOrganizationAdminAccountInput{AdminAccountId: macie2.Ptr(string(alice)), ClientToken: macie2.Ptr("token")}
	status := func(err error) string { return orRefused(err) }
	return []request{
		{"bob enables Macie", func(d *deployment) string {
			_, err := d.EnableMacie(d.t.Context(), d.call(bob), &macie2.EnableMacieInput{ClientToken: macie2.Ptr("token")})
			return answer(err)
		}},
		{"bob disables Macie", func(d *deployment) string { return d.disable(bob) }},
		{"bob pauses Macie", func(d *deployment) string { return d.session(bob, pause) }},
		{"bob resumes Macie", func(d *deployment) string { return d.session(bob, resume) }},
		{"bob changes the frequency", func(d *deployment) string {
			_, err := d.UpdateMacieSession(d.t.Context(), d.call(bob), &macie2.UpdateMacieSessionInput{
				FindingPublishingFrequency: macie2.Ptr(macie2.FindingPublishingFrequencyOneHour)})
			return answer(err)
		}},
		{"alice adds bob", func(d *deployment) string { return d.add(alice, bob) }},
		{"alice adds erin", func(d *deployment) string { return d.add(alice, erin) }},
		{"alice invites bob", func(d *deployment) string { return d.invite(alice, bob) }},
		{"alice removes bob", func(d *deployment) string { return d.disassociate(alice, bob) }},
		{"alice deletes bob", func(d *deployment) string { return d.delete(alice, bob) }},
		{"alice pauses bob", func(d *deployment) string { return d.memberSession(alice, bob, pause) }},
		{"alice resumes bob", func(d *deployment) string { return d.memberSession(alice, bob, resume) }},
		{"alice disables Macie", func(d *deployment) string { return d.disable(alice) }},
		{"bob accepts alice", func(d *deployment) string { return d.accept(bob, alice) }},
		{"bob accepts dave", func(d *deployment) string { return d.accept(bob, dave) }},
		{"bob declines alice and dave", func(d *deployment) string { return d.decline(bob, alice, dave) }},
		{"bob deletes alice's invitation", func(d *deployment) string { return d.deleteInvitations(bob, alice) }},
		{"bob resigns", func(d *deployment) string { return d.resignFrom(bob) }},
		{"bob adds erin", func(d *deployment) string { return d.add(bob, erin) }},
		{"carol designates alice", func(d *deployment) string { return d.delegateWith(carol, token) }},
		{"carol designates bob", func(d *deployment) string { return d.delegate(carol, bob) }},
		{"carol ends alice's designation", func(d *deployment) string { return d.undelegate(carol, alice) }},
		{"carol deregisters alice", func(d *deployment) string {
			return status(d.directory.DeregisterDelegate(d.t.Context(), carol, alice, MaciePrincipal, macie2.Principal{}))
		}},
		{"alice takes all that join", func(d *deployment) string { return d.autoEnable(alice, true) }},
		{"bob leaves the organization", func(d *deployment) string {
			_, err := d.directory.RemoveFromOrganization(d.t.Context(), carol, []macie2.AccountID{bob})
			return status(err)
		}},
		{"bob joins the organization", func(d *deployment) string {
			_, err := d.directory.AddToOrganization(d.t.Context(), carol, []macie2.AccountID{bob}, d.clock.now())
			return status(err)
		}},
		{"bob is suspended", func(d *deployment) string { return d.accountStatus(bob, true) }},
		{"bob is back", func(d *deployment) string { return d.accountStatus(bob, false) }},
		{"alice is suspended", func(d *deployment) string { return d.accountStatus(alice, true) }},
		{"the Region is disabled for bob", func(d *deployment) string { return d.setRegion(bob, false) }},
		{"the Region is enabled for bob", func(d *deployment) string { return d.setRegion(bob, true) }},
		{worker, func(d *deployment) string { _, err := d.queue.Drain(d.t.Context()); return answer(err) }},
	}
}

func (d *deployment) setRegion(id macie2.AccountID, enabled bool) string {
	_, err := d.directory.SetRegion(d.t.Context(), id, d.region, enabled, d.clock.now())
	return answer(err)
}

func (d *deployment) accountStatus(id macie2.AccountID, suspended bool) string {
	change := d.directory.ResumeAccount
	if suspended {
		change = d.directory.SuspendAccount
	}
	_, err := change(d.t.Context(), id, d.clock.now())
	return answer(err)
}
