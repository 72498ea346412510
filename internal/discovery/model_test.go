package discovery

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// modelJob is what should be true of a job.
type modelJob struct {
	account   macie2.AccountID
	id        string
	once      bool
	schedule  *macie2.JobScheduleFrequency
	status    macie2.JobStatus
	resumes   macie2.JobStatus
	createdAt time.Time
	runs      int
	ranAt     time.Time // when the latest run began
	since     time.Time // what it looks at has changed since
	active    bool      // the run has not ended
	next      int       // the object that the run looks at next
	seen      int
	found     int // findings of all runs
	ours      int // results of the latest run
	due       time.Time
	expires   time.Time
	lift      time.Time
	events    []string
}

// model is what should be true of jobs of several accounts, each with a bucket of its own, while they are created, paused, resumed and
// cancelled on two nodes, time passes, objects change, the quota is met, and Macie is suspended.
type model struct {
	t      *testing.T
	rng    *rand.Rand
	mu     sync.Mutex
	clock  time.Time
	nodes  []*node
	quota  int64
	people []*person
	jobs   []*modelJob
}

// person is an account.
type person struct {
	id      macie2.AccountID
	dir     string
	changed []time.Time // of its objects, in the order of their keys
	month   string
	used    int64
	job     *modelJob // its latest
}

const modelObjects = 7

func (m *model) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock
}

func (m *model) node() *node { return m.nodes[m.rng.IntN(len(m.nodes))] }

// TestModelOfJobs goes through what can happen to jobs, by seeds that are always the same; MAGPIE_TEST_SEED is another one.
func TestModelOfJobs(t *testing.T) {
	seeds := []uint64{1, 4}
	if s := os.Getenv("MAGPIE_TEST_SEED"); s != "" {
		seeds = seeds[:1]
		if _, err := fmt.Sscan(s, &seeds[0]); err != nil {
			t.Fatal(err)
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, open func() *store.DB) {
				m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 1)), clock: time.Date(2027, 1, 20, 10, 7, 3, 0, time.UTC), quota: int64(len(card)) * 9}
				data := t.TempDir()
				for range 2 {
					m.nodes = append(m.nodes, startAt(t, open(), data, m.now, func(o *Options) { o.QuotaBytes = m.quota }))
				}
				m.settle(alice, bob, carol)
				for range 80 {
					m.step()
					m.check()
					if t.Failed() {
						return
					}
				}
				m.audit()
			})
		})
	}
}

func (m *model) settle(ids ...macie2.AccountID) {
	n := m.nodes[0]
	n.work()
	for _, id := range ids {
		m.enable(id)
		files := map[string]string{}
		for i := range modelObjects {
			files[fmt.Sprintf("data/%d.txt", i)] = card
		}
		p := &person{id: id, changed: make([]time.Time, modelObjects), dir: n.folder(id, files)}
		m.people = append(m.people, p)
		for i := range p.changed {
			m.touch(p, i)
		}
	}
	n.stop()
}

func (m *model) call(a macie2.AccountID) *macie2.Call {
	return &macie2.Call{Account: a, Region: region, Now: m.clock}
}

func (m *model) enable(a macie2.AccountID) {
	m.t.Helper()
	if _, err := m.nodes[0].sessions.EnableMacie(m.t.Context(), m.call(a), &macie2.EnableMacieInput{}); err != nil {
		m.t.Fatal(err)
	}
}

// touch changes an object.
func (m *model) touch(p *person, i int) {
	m.t.Helper()
	p.changed[i] = m.clock
	if err := os.Chtimes(filepath.Join(p.dir, "data", fmt.Sprintf("%d.txt", i)), m.clock, m.clock); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) step() {
	m.pass(time.Second) // so that no two things happen at once
	p := m.people[m.rng.IntN(len(m.people))]
	switch m.rng.IntN(16) {
	case 0, 1, 2, 3:
		m.create(p)
	case 4, 5, 6:
		m.update(p)
	case 7:
		m.race(p)
	case 8, 9:
		for i := range 1 + m.rng.IntN(modelObjects) {
			m.touch(p, i)
		}
	case 10:
		if m.rng.IntN(5) == 0 {
			m.suspend(p)
		}
	case 11, 12, 13:
		m.drain()
	case 14:
		m.drain()
		m.advance(time.Duration(m.rng.IntN(60)) * time.Hour)
	case 15:
		m.drain()
		m.advance(time.Duration(m.rng.IntN(35)) * 24 * time.Hour)
	}
}

func (m *model) create(p *person) {
	m.t.Helper()
	if p.job != nil && p.job.status != macie2.JobStatusComplete && p.job.status != macie2.JobStatusCancelled {
		return // one at a time: what two can use of a quota depends on who is first
	}
	j := &modelJob{account: p.id, once: m.rng.IntN(3) == 0, createdAt: m.clock, events: []string{eventCreated}}
	in := oneTime(p.id, "data")
	initial := j.once || m.rng.IntN(2) == 0
	if !j.once {
		in.JobType, in.InitialRun = macie2.Ptr(macie2.JobTypeScheduled), &initial
		j.schedule = []*macie2.JobScheduleFrequency{
			{DailySchedule: &macie2.DailySchedule{}}, {WeeklySchedule: &macie2.WeeklySchedule{DayOfWeek: macie2.Ptr(macie2.DayOfWeekSunday)}},
			{MonthlySchedule: &macie2.MonthlySchedule{DayOfMonth: macie2.Ptr(int32(31))}},
		}[m.rng.IntN(3)]
		in.ScheduleFrequency = j.schedule
		j.due = due(j.schedule, clockOf(j.createdAt), m.clock)
	}
	out, err := m.node().CreateClassificationJob(m.t.Context(), m.call(p.id), in)
	if err != nil {
		m.t.Fatal(err)
	}
	j.id, j.status = *out.JobId, macie2.JobStatusIdle
	if initial {
		j.begin(m.clock)
	} else {
		j.since = m.clock
	}
	p.job = j
	m.jobs = append(m.jobs, j)
}

// begin begins a run.
func (j *modelJob) begin(at time.Time) {
	if j.runs > 0 {
		j.since = j.ranAt
	}
	j.status, j.active, j.ranAt, j.next, j.seen, j.ours = macie2.JobStatusRunning, true, at, 0, 0, 0
	j.runs++
	j.events = append(j.events, map[bool]string{true: eventOneTimeStarted, false: eventScheduledRun}[j.once])
}

// updates are what jobs are taken to, by how often.
var updates = []macie2.JobStatus{macie2.JobStatusUserPaused, macie2.JobStatusUserPaused, macie2.JobStatusUserPaused, macie2.JobStatusRunning,
	macie2.JobStatusRunning, macie2.JobStatusRunning, macie2.JobStatusRunning, macie2.JobStatusCancelled}

// allows reports whether a job can be taken to a status.
func (j *modelJob) allows(to macie2.JobStatus) bool {
	switch to {
	case macie2.JobStatusRunning:
		return j.status == macie2.JobStatusUserPaused
	case macie2.JobStatusCancelled:
		return j.status != macie2.JobStatusCancelled && j.status != macie2.JobStatusComplete
	}
	return j.status == macie2.JobStatusIdle || j.status == macie2.JobStatusPaused || j.status == macie2.JobStatusRunning
}

// take takes a job to a status.
func (j *modelJob) take(to macie2.JobStatus, at time.Time) {
	switch to {
	case macie2.JobStatusRunning:
		j.status, j.resumes, j.expires = j.resumes, "", time.Time{}
		j.events = append(j.events, eventResumed)
		if !j.once && !j.due.After(at) {
			j.due = due(j.schedule, clockOf(j.createdAt), at)
		}
	case macie2.JobStatusCancelled:
		j.status, j.active, j.expires, j.due = to, false, time.Time{}, time.Time{}
		j.events = append(j.events, eventCancelled)
	default:
		j.status, j.resumes = to, macie2.JobStatusIdle
		if j.active {
			j.resumes, j.expires = macie2.JobStatusRunning, at.Add(pauseLasts)
		}
		j.events = append(j.events, eventPaused)
	}
}

func (m *model) change(n *node, j *modelJob, to macie2.JobStatus) error {
	_, err := n.UpdateClassificationJob(m.t.Context(), m.call(j.account), &macie2.UpdateClassificationJobInput{JobId: &j.id, JobStatus: &to})
	return err
}

func (m *model) update(p *person) {
	m.t.Helper()
	if p.job == nil {
		return
	}
	to := updates[m.rng.IntN(len(updates))]
	allowed := p.job.allows(to)
	if err := m.change(m.node(), p.job, to); (err == nil) != allowed {
		m.t.Errorf("a job that is %s is taken to %s: %v", p.job.status, to, err)
	} else if err != nil {
		refused(m.t, err, macie2.ValidationException, p.job.id)
	} else {
		p.job.take(to, m.clock)
	}
}

// race takes a job to two statuses at once, on two nodes: what comes of it is what comes of one after the other, in either order.
func (m *model) race(p *person) {
	m.t.Helper()
	j := p.job
	if j == nil {
		return
	}
	to := []macie2.JobStatus{updates[m.rng.IntN(len(updates))], updates[m.rng.IntN(len(updates))]}
	var errs [2]error
	var group sync.WaitGroup
	for i, n := range m.nodes {
		group.Go(func() { errs[i] = m.change(n, j, to[i]) })
	}
	group.Wait()
	var status macie2.JobStatus
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		after := *j
		after.events = slices.Clone(j.events)
		fits := true
		for _, i := range order {
			allowed := after.allows(to[i])
			if fits = fits && (errs[i] == nil) == allowed; allowed {
				after.take(to[i], m.clock)
			}
		}
		if status == "" {
			status = *m.nodes[0].describe(j.account, j.id).JobStatus
		}
		if fits && after.status == status {
			*j = after
			return
		}
	}
	m.t.Errorf("a job that is %s is taken to %s and %s at once, and is %s: %v, %v", j.status, to[0], to[1], status, errs[0], errs[1])
}

// suspend suspends Macie for an account, which cancels its jobs, and resumes it.
func (m *model) suspend(p *person) {
	m.t.Helper()
	for _, status := range []macie2.MacieStatus{macie2.MacieStatusPaused, macie2.MacieStatusEnabled} {
		if _, err := m.node().sessions.UpdateMacieSession(m.t.Context(), m.call(p.id), &macie2.UpdateMacieSessionInput{Status: &status}); err != nil {
			m.t.Fatal(err)
		}
	}
	if p.job != nil && p.job.allows(macie2.JobStatusCancelled) {
		p.job.take(macie2.JobStatusCancelled, m.clock)
	}
}

func (m *model) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = m.clock.Add(d)
}

// advance lets time pass, and stops wherever a job waits for a moment.
func (m *model) advance(d time.Duration) {
	m.t.Helper()
	for end := m.clock.Add(d); ; {
		next := end
		for _, j := range m.jobs {
			for _, at := range []time.Time{j.due, j.expires, j.lift} {
				if at.After(m.clock) && at.Before(next) {
					next = at
				}
			}
		}
		m.pass(next.Sub(m.clock))
		for _, p := range m.people {
			if p.job != nil {
				p.job.reached(m.clock)
			}
		}
		m.drain()
		m.check()
		if next.Equal(end) || m.t.Failed() {
			return
		}
	}
}

// reached does what a job waits for at a moment.
func (j *modelJob) reached(now time.Time) {
	lifted := func() {
		if j.status == macie2.JobStatusPaused {
			j.status = macie2.JobStatusRunning
			j.events = append(j.events, eventQuotaLifted)
		}
	}
	if now.Equal(j.due) {
		j.due = due(j.schedule, clockOf(j.createdAt), now)
		if j.status == macie2.JobStatusIdle {
			j.begin(now)
		}
		lifted()
	}
	if now.Equal(j.lift) {
		lifted()
	}
	if now.Equal(j.expires) && j.status == macie2.JobStatusUserPaused {
		if j.once {
			j.take(macie2.JobStatusCancelled, now)
		} else {
			j.resumes, j.expires, j.active = macie2.JobStatusIdle, time.Time{}, false
		}
	}
}

// drain lets a node do all that is due.
func (m *model) drain() {
	m.t.Helper()
	n := m.node()
	if _, err := n.queue.Drain(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	for _, p := range m.people {
		if p.job != nil && p.job.status == macie2.JobStatusRunning {
			m.work(p, p.job)
		}
	}
}

// work is what a run does until it ends, or the quota is met.
func (m *model) work(p *person, j *modelJob) {
	if month := m.clock.Format("2006-01"); month != p.month {
		p.month, p.used = month, 0
	}
	size := int64(len(card))
	for ; j.next < modelObjects; j.next++ {
		if p.changed[j.next].Unix() < j.since.Unix() {
			continue
		}
		if p.used+size > m.quota {
			j.status = macie2.JobStatusPaused
			j.events = append(j.events, eventQuotaMet)
			y, month, _ := m.clock.Date()
			j.lift = time.Date(y, month+1, 1, 0, 0, 0, 0, time.UTC)
			return
		}
		p.used += size
		j.found++
		j.ours++
	}
	j.active, j.status = false, macie2.JobStatusIdle
	if j.once {
		j.status = macie2.JobStatusComplete
	}
	j.events = append(j.events, map[bool]string{true: eventCompleted, false: eventRunCompleted}[j.once])
}

// check holds what a node says of the latest jobs against the model.
func (m *model) check() {
	m.t.Helper()
	n := m.node()
	for _, p := range m.people {
		j := p.job
		if j == nil {
			continue
		}
		d := n.describe(p.id, j.id)
		ran := j.ranAt
		if j.runs == 0 {
			ran = j.createdAt
		}
		if *d.JobStatus != j.status || int(*d.Statistics.NumberOfRuns) != j.runs || !d.LastRunTime.Equal(ran) ||
			*d.LastRunErrorStatus.Code != macie2.LastRunErrorStatusCodeNone {
			m.t.Errorf("at %v the job of %s is %s after %v runs, the last at %v; want %s after %d, at %v", m.clock, p.id, *d.JobStatus, *d.Statistics.NumberOfRuns,
				d.LastRunTime, j.status, j.runs, ran)
		}
		if (d.UserPausedDetails != nil) != (j.status == macie2.JobStatusUserPaused) ||
			!j.expires.IsZero() && d.UserPausedDetails != nil && !d.UserPausedDetails.JobExpiresAt.Equal(j.expires) {
			m.t.Errorf("at %v the pause of a job that is %s is %+v; want one until %v", m.clock, j.status, d.UserPausedDetails, j.expires)
		}
		if got := m.eventsOf(n, j); !slices.Equal(got, j.events) {
			m.t.Errorf("at %v the events are\n%s\nwant\n%s", m.clock, strings.Join(got, "\n"), strings.Join(j.events, "\n"))
		}
		progress, err := n.Progress(m.t.Context(), m.call(p.id), j.id)
		if err != nil || progress.Results != int64(j.ours) {
			m.t.Errorf("at %v the progress is %+v, %v; want %d results", m.clock, progress, err, j.ours)
		}
	}
}

func (m *model) eventsOf(n *node, j *modelJob) (kinds []string) {
	m.t.Helper()
	for token := ""; ; {
		page, err := n.Events(m.t.Context(), m.call(j.account), j.id, token)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, e := range page.Events {
			kinds = append(kinds, e.EventType)
		}
		if token = page.NextToken; token == "" {
			return kinds
		}
	}
}

// audit counts the findings of all jobs, and looks for what is left over.
func (m *model) audit() {
	m.t.Helper()
	n := m.node()
	for _, j := range m.jobs {
		if got := len(n.found(j.account, j.id)); got != j.found {
			m.t.Errorf("a job that is %s has %d findings, want %d", j.status, got, j.found)
		}
	}
	for _, p := range m.people {
		err := n.db.View(m.t.Context(), func(tx *store.Tx) error {
			used, err := usedBytes(m.t.Context(), tx, region, p.id, m.clock)
			if want := p.used; err == nil && p.month == m.clock.Format("2006-01") && used != want {
				m.t.Errorf("%s has used %d bytes of its quota, want %d", p.id, used, want)
			}
			return err
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
	happened := map[string]int{}
	for _, j := range m.jobs {
		for _, e := range j.events {
			happened[e]++
		}
	}
	m.t.Logf("%d jobs: %v", len(m.jobs), happened)
}
