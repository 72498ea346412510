package onboard

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"magpie/internal/cli/journal"
	"magpie/internal/cli/pace"
)

// Service is what a run talks to. The clients must not try again by themselves: a run does, at the pace of its budgets.
type Service struct {
	Macie func(region string) *macie2.Client
	STS   *sts.Client // for roles to assume; nil where there are none
}

// The defaults of a run.
const (
	DefaultInFlight = 64
	DefaultPatience = 2 * time.Minute
	DefaultWait     = 5 * time.Minute

	// preparePatience is for an endpoint that may well be wrong.
	preparePatience = 15 * time.Second
)

// invitationsAtOnce is the most ids of a call. Macie publishes no bound; its sister service, on the same backend, takes 50.
const invitationsAtOnce = 50

// Run is one run. Use New or Resume, then Prepare, then Execute, then Close; Results and Progress at any time after Prepare.
type Run struct {
	Spec     Spec
	Patience time.Duration // how long a Region may be silent

	service Service
	pacer   *pace.Pacer
	journal *journal.Journal // nil: none is kept
	past    *history
	regions []*regionRun
	roles   roles

	total, ended, steps, failures, calls, throttled, troubles atomic.Int64
}

// NewName makes a name for a run that begins now.
func NewName(now time.Time) string {
	var random [3]byte
	rand.Read(random[:]) // never fails
	return now.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(random[:])
}

// New returns a run that keeps no journal until Record is called. inFlight bounds the calls at one time.
func New(spec Spec, service Service, inFlight int) *Run {
	return &Run{Spec: spec, Patience: DefaultPatience, service: service, pacer: pace.New(inFlight),
		past: &history{pairs: map[string]map[string]*past{}}}
}

// Record begins the run's journal. It comes after Prepare and before Execute.
func (r *Run) Record(folder string) error {
	var err error
	if r.journal, err = journal.Create(folder, r.Spec.Run); err != nil {
		return err
	}
	r.journal.Append(record{Kind: recordSpec, Spec: &r.Spec})
	for _, g := range r.regions {
		for _, p := range g.pairs {
			if p.action == Invite && !p.priorInvited.IsZero() {
				r.journal.Append(record{Kind: recordPrior, Region: g.region, Accounts: []string{p.account}, At: p.priorInvited})
			}
			if p.outcome != Open {
				r.journalEnd(g, p)
			}
		}
	}
	return r.journal.Sync()
}

// Resume returns the run of a journal, to go on where it was. The service is made for what the run's Spec says.
func Resume(folder, name string, service func(Spec) (Service, error), inFlight int) (*Run, error) {
	h := &history{pairs: map[string]map[string]*past{}}
	j, err := journal.Open(folder, name, h.read)
	if err != nil {
		return nil, err
	}
	switch {
	case h.spec == nil:
		err = fmt.Errorf("run %s was interrupted before it had begun; nothing was done", name)
	case h.done:
		err = fmt.Errorf("run %s has ended; there is nothing to resume", name)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	s, err := service(*h.spec)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	r := New(*h.spec, s, inFlight)
	r.journal, r.past = j, h
	return r, nil
}

// Close ends the use of the journal.
func (r *Run) Close() error {
	if r.journal == nil {
		return nil
	}
	return r.journal.Close()
}

// Prepare looks at every Region and decides what is to be done for each account. It changes nothing. Its error names every Region in which the run cannot be made.
func (r *Run) Prepare(ctx context.Context) error {
	defer func(patience time.Duration) { r.Patience = patience }(r.Patience)
	r.Patience = min(r.Patience, preparePatience)
	if err := r.inRegions(ctx, func(g *regionRun) error { return g.prepare(ctx) }); err != nil {
		return err
	}
	n := 0
	for _, g := range r.regions {
		n += len(g.pairs)
	}
	r.total.Store(int64(n))
	for _, g := range r.regions {
		g.settlePlanned()
	}
	return nil
}

// Inventory reads the members in every Region, by Region and account. It is for runs without accounts, instead of Prepare.
func (r *Run) Inventory(ctx context.Context) (map[string]map[string]*types.Member, error) {
	all := map[string]map[string]*types.Member{}
	var mu sync.Mutex
	err := r.inRegions(ctx, func(g *regionRun) error {
		members, err := g.look(ctx)
		if err == nil && g.leftOut == "" {
			mu.Lock()
			defer mu.Unlock()
			all[g.region] = members
		}
		return err
	})
	return all, err
}

// inRegions makes the run's Regions anew, calls fn for all of them at once, and joins what is wrong.
func (r *Run) inRegions(ctx context.Context, fn func(*regionRun) error) error {
	r.regions = make([]*regionRun, len(r.Spec.Regions))
	errs := make([]error, len(r.Spec.Regions))
	var group sync.WaitGroup
	for i, region := range r.Spec.Regions {
		g := &regionRun{run: r, region: region}
		r.regions[i] = g
		group.Go(func() { errs[i] = fn(g) })
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// Execute does what Prepare decided. It returns when all pairs have ended, or ctx has and what was under way is over; the error is ctx's then,
// or that of the journal, without which there is no going on.
func (r *Run) Execute(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	var ticking sync.WaitGroup
	if r.journal != nil {
		ticking.Go(func() {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					if err := r.journal.Sync(); err != nil {
						cancel(err)
					}
				case <-stop:
					return
				}
			}
		})
	}
	var group sync.WaitGroup
	for _, g := range r.regions {
		group.Go(func() { g.execute(ctx, cancel) })
	}
	group.Wait()
	close(stop)
	ticking.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if r.journal != nil && !r.open() {
		r.journal.Append(record{Kind: recordDone})
		return r.journal.Sync()
	}
	return nil
}

// open reports whether a pair has not ended.
func (r *Run) open() bool {
	for _, g := range r.regions {
		for _, p := range g.pairs {
			if p.outcome == Open {
				return true
			}
		}
	}
	return false
}

func (r *Run) journalEnd(g *regionRun, p *pair) {
	if r.journal == nil {
		return
	}
	r.journal.Append(record{Kind: recordEnd, Region: g.region, Accounts: []string{p.account}, Outcome: p.outcome, Reason: p.reason,
		Before: string(p.before), Now: string(p.now)})
}

// stepsOfPair are adding, inviting, and what comes of it.
const stepsOfPair = 3

// step notes that a pair has come so many steps far.
func (r *Run) step(p *pair, steps int64) {
	if steps > p.steps {
		r.steps.Add(steps - p.steps)
		p.steps = steps
	}
}

// Progress is how far a run is.
type Progress struct {
	Pairs, Ended, Failed       int64   // accounts in Regions
	Done                       float64 // how much of the work is done, from 0 to 1
	Calls, Throttled, Troubled int64   // calls made, and of these throttled, and met with a server's error or no answer
}

// Progress tells how far the run is.
func (r *Run) Progress() Progress {
	p := Progress{Pairs: r.total.Load(), Ended: r.ended.Load(), Failed: r.failures.Load(), Calls: r.calls.Load(),
		Throttled: r.throttled.Load(), Troubled: r.troubles.Load()}
	if p.Pairs > 0 {
		p.Done = float64(r.steps.Load()) / float64(p.Pairs*stepsOfPair)
	}
	return p
}

// Result is what a run made of an account in a Region, or is about to.
type Result struct {
	Account string  `json:"accountId"`
	Email   string  `json:"email"`
	Region  string  `json:"region"`
	Action  Action  `json:"action"`
	Outcome Outcome `json:"outcome"`
	Before  string  `json:"before"` // relationshipStatus before the run
	Now     string  `json:"relationshipStatus"`
	Reason  string  `json:"reason"`
}

// Results lists every pair: by the list's order, those that are not in it last, and by Region. It is for before and after Execute.
func (r *Run) Results() []Result {
	order := make(map[string]int, len(r.Spec.Entries))
	for i, e := range r.Spec.Entries {
		order[e.Account] = i - len(r.Spec.Entries)
	}
	all := make([]Result, 0, r.total.Load())
	for _, g := range r.regions {
		for _, p := range g.pairs {
			x := Result{p.account, p.email, g.region, p.action, p.outcome, string(p.before), string(p.now), p.reason}
			if p.outcome == Open && g.broken != nil {
				x.Reason = g.broken.Error()
			}
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b Result) int {
		return cmp.Or(cmp.Compare(order[a.Account], order[b.Account]), cmp.Compare(a.Account, b.Account))
	})
	return all
}

// LeftOut lists the Regions that were left out, with the reason.
func (r *Run) LeftOut() map[string]string {
	out := map[string]string{}
	for _, g := range r.regions {
		if g.leftOut != "" {
			out[g.region] = g.leftOut
		}
	}
	return out
}
